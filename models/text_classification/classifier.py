"""A classifier of your own texts: trained, evaluated, explained, saved as one file."""

import keras
import numpy as np

from .. import tables
from ..checks.arguments import checked, choice, flag, number, shown, whole
from ..errors import ModelError
from ..evaluation import Evaluation
from ..export.texts import export_texts
from ..loading.saved_classifiers import (
    About,
    about_beside,
    classifier_file,
    load_classifier,
    save_classifier,
    settings_of,
)
from ..text import MOST_IDS
from ..training.time_budget import deadline_of, time_argument
from .abstention import fit_text_trust, text_trust_in
from .arguments import class_weight, folder, learning_rate, optional_flag, optional_share, optional_texts
from .arguments import texts as _texts
from .calibrating import balanced
from .examples import checked_labels, class_names, indices, split
from .explanations import effects_of_words
from .fitting import NGRAMS, SETTINGS, check_together, fit_network, settings_of_network
from .given import given_texts, to_evaluate
from .labelling import LabelWork
from .linear_fits import LinearFits, in_classes, is_streamed
from .ngrams import predict_strings, reads_texts
from .predictions import TextPredictions, WordEffects
from .strings import StringClassifier, takes_lists, vocabulary_in
from .training import BUILDERS, predict
from .vocabulary import LONGEST, SPLITS, token_ids
from .word_start import embeddings_argument


class TextClassifier(LabelWork, LinearFits):
    """A classifier of texts: a vocabulary and a network that are both learned from labelled texts.

    It prints nothing unless `verbose`, and writes nothing unless a path is given.

    Args:
        kind: Which classifier. "ngrams" is a linear one of words, sequences of words and parts of
            words, as `SentimentNgrams` builds it: it trains in seconds, and is hard to beat. "pooled_lstm",
            "lstm", "bilstm", "simple_rnn", "conv1d" and "bag" are networks of token ids:
            `SentimentPooledLSTM` and so on.
        vocabulary_size: Number of token ids at most, from 3 to 200,000; the most frequent words get one. This
            and the following, but for the seed, are for the networks of token ids.
        word_pairs: For the bag: rows of its embedding of pairs of neighbouring words; 0 for none.
        word_dropout: Share of the words that are dropped in each training step, from 0 to less than 1; None
            for 0.4 where the vocabulary has more than 1,000 words, otherwise 0.
        epochs: Epochs of training; None for so many that the network sees about 60,000 texts, from 3 to 30.
        batch_size: Texts in a batch; None for 128 where there are more than 15,000, otherwise 32.
        seed: The same seed gives the same classifier, if there is no budget and no search.
        units: Units of the LSTM or SimpleRNN, filters of the convolution; None for 32, or 64 filters.
        embedding_dim: Length of a word's vector; None for 32, or what `embeddings` have.
        learning_rate: Of Adam, more than 0, at most 1; None for what suits the network.
        dropout: Share of the values before the last layer dropped in each training step; None for 0.5.
        longest: Number of words that are used of a text, from its beginning.
        embeddings: Vectors that words begin with: a text file of GloVe, word2vec or fastText, of which the
            first 200,000 words are read, a mapping {word: vector}, or a pair (words, vectors). None for
            random ones.
        freeze_embeddings: Whether these, or those learned from unlabelled texts, stay as they are; None for
            in recurrent networks that are trained on fewer than 3,000 texts.
        budget: Time for `fit`, such as "5m" or seconds: epochs are cut to fit. None for no limit.
        search: Time for `fit`, likewise, in which it tries values, drawn at random, of those of units,
            embedding_dim, learning_rate, dropout and word_dropout that are None, and keeps those with the
            lowest loss of the validation texts. None for what these are by default.
        sentences: Whether the network is also trained on each sentence of the training texts, as of its
            text's class. For long texts, where a plain LSTM gains by it; training takes longer.
        split: How texts are split into words, as for `learn_vocabulary`: into words and "punctuation", at
            "whitespace" or into each "character".

    Attributes:
        model: The Keras model: strings (n,) -> probabilities (n, classes), or (n, 1), the probability of the
            second, of two classes.
        class_names_: Names of the classes in index order, after `fit` or `load`: by the alphabet, numbers by
            size; `class_names` is the same.
        history_: {metric: value after each epoch}; of "ngrams", as `fit_ngrams` returns it.
        seconds_: How long the network was trained.
        calibration_: `CalibrationError`: the expected calibration error before and after a temperature, of
            the texts that were held back to choose it; None where these were too few, and after `load`.
        trust_: What `predict` abstains by, a `TextTrust`; None if there is nothing.
        settings_: {name: value} that the network was built and trained with; empty of "ngrams", and after
            `load`.
        search_: Table of the settings that a search has tried, the best first; None without one.
        words_with_vectors_: How many words of the vocabulary began with a vector.

    Raises:
        ModelError: If an argument is not as described.

    Example:
        >>> from models import TextClassifier
        >>> texts = ["a good film", "so good", "a bad film", "so bad"] * 10
        >>> labels = ["positive", "positive", "negative", "negative"] * 10
        >>> classifier = TextClassifier().fit(texts, labels)
        >>> print(classifier.predict(["Good!", "bad, so bad"]).labels)
        ['positive', 'negative']
        >>> classifier.evaluate(texts, labels).accuracy.value
        1.0
        >>> classifier.word_effects("so good").words
        ['so', 'good']
    """

    @checked(
        kind=choice(NGRAMS, *BUILDERS),
        vocabulary_size=whole(3, MOST_IDS),
        word_pairs=whole(0, 10**9),
        word_dropout=optional_share,
        epochs=whole(none=True, most=100_000),
        batch_size=whole(none=True),
        units=whole(none=True),
        embedding_dim=whole(none=True),
        learning_rate=learning_rate,
        dropout=optional_share,
        longest=whole(),
        embeddings=embeddings_argument,
        freeze_embeddings=optional_flag,
        budget=time_argument,
        search=time_argument,
        sentences=flag,
        split=choice(*SPLITS),
    )
    def __init__(
        self,
        kind=NGRAMS,
        vocabulary_size=10_000,
        word_pairs=0,
        word_dropout=None,
        epochs=None,
        batch_size=None,
        seed=0,
        units=None,
        embedding_dim=None,
        learning_rate=None,
        dropout=None,
        longest=LONGEST,
        embeddings=None,
        freeze_embeddings=None,
        budget=None,
        search=None,
        sentences=False,
        split="punctuation",
    ):
        given = locals()
        for name in (*SETTINGS, "embeddings"):
            setattr(self, name, given[name])
        check_together(self)
        self._model = None

    @checked(verbose=whole(0, 2), class_weight=class_weight, unlabelled=optional_texts, checkpoint=folder)
    def fit(
        self,
        texts,
        labels=None,
        validation=None,
        verbose=0,
        class_weight=None,
        unlabelled=None,
        checkpoint=None,
    ):
        """Learn the vocabulary and train the network; the best epoch on the validation texts is kept.

        Args:
            texts: Sequence of n str. Or, without labels, what `Texts.check` returned, or what it takes, such
                as a table: the training part is trained on, the validation part validates, and the test part
                is not looked at. Once it has validated, "ngrams" is fitted on the validation part as well. Or
                what `Texts.stream` returned, of any number, for "ngrams": see `fit_streamed`.
            labels: Class of each text: n str, or n whole numbers. Texts that come sorted by class are
                shuffled.
            validation: (texts, labels) to choose the best epoch by; None for the last tenth of `texts`,
                which the network is then not trained on. "ngrams" chooses its penalty by those given, or by
                cross-validation, and is never fitted on those given here.
            verbose: 0 to print nothing, 1 with progress bars, 2 with one line for each epoch.
            class_weight: None, or "balanced": rare classes count as much as frequent ones. Probabilities are
                then those of texts among which all classes are equally frequent.
            unlabelled: Further texts without labels, n str: the network begins with vectors of words that
                are learned from these and the training texts (skip-gram); [] for from the latter alone.
            checkpoint: A folder that keeps the state after each epoch. If the training is stopped, the same
                call goes on with it; when it is complete, the state is removed. Or an object with the same
                `folder`, `resumed` and `write` as a `CheckpointFolder`, which stays. None to keep none.

        Returns:
            This classifier.

        Raises:
            ModelError: If an argument is not as described, there are too few texts or only one class,
                there is not enough memory or time, or the checkpoint is of another training.
            DataError: If texts in files cannot be read.
        """
        limits = {"deadline": deadline_of(self.budget), "search": deadline_of(self.search)}
        check_together(self, unlabelled, checkpoint)
        if is_streamed(texts):
            return self._fit_stream(texts, class_weight, verbose, labels=labels, validation=validation)
        given = given_texts("TextClassifier.fit", texts, labels, validation, self.seed, verbose)
        texts, labels, validation = given.texts, given.labels, given.validation
        names = class_names("TextClassifier.fit", texts, labels)
        if self.kind == NGRAMS:
            return self._fit_ngrams(given, names, class_weight)
        training, held_back = split(texts, indices(labels, names), self.seed)
        if validation is not None:
            training, held_back = (texts, indices(labels, names)), in_classes(validation, names)
        missing = set(range(len(names))) - set(training[1].tolist())
        if missing:
            raise ModelError(
                f"TextClassifier.fit needs texts of every class to train on, and {names[min(missing)]!r} has "
                "none beside those of the last tenth, which validate; give more, or validation=."
            )
        found = fit_network(
            settings_of_network(self),
            training,
            held_back,
            len(names),
            unlabelled,
            checkpoint=checkpoint,
            verbose=verbose,
            **limits,
        )
        words, known = found.start.vocabulary, found.held_back
        self.history_, self.seconds_ = found.history, found.seconds
        model = StringClassifier(words, found.network, self.longest, split=self.split)
        self._learned(model, names, self.longest)
        self.settings_, self.search_, self.words_with_vectors_ = found.used, found.tried, found.start.found
        if class_weight:
            known = balanced(self._model, indices(labels, names), known)
        return self._trusting(given, known, given.texts, indices(given.labels, names))

    def _trusting(self, given, held_back, texts, labels):
        """Keep what was learned from the texts that were held back, and from what the others look like."""
        self.calibration_, self._given = held_back.error, given
        known = held_back.probabilities, held_back.labels
        self.trust_ = fit_text_trust(texts, *known, self.seed, labels)
        return self

    def _learned(self, model, names, longest=LONGEST):
        """Take on a trained model of strings."""
        model = model if "predict" in vars(model) else takes_lists(model)
        self._model, self._longest, self.trust_, self.calibration_ = model, longest, None, None
        self.settings_, self.search_, self.words_with_vectors_ = {}, None, 0
        self._network = next(layer for layer in model.layers if isinstance(layer, keras.Model))
        self._vocabulary, self._split = vocabulary_in(model)
        self._classes, self.class_names_ = list(names), tuple(map(str, names))

    @property
    def model(self):
        """The Keras model; a ModelError before `fit`."""
        if self._model is None:
            raise ModelError("This TextClassifier is not trained yet; call fit first, or load a saved one.")
        return self._model

    @property
    def class_names(self):
        """The names of the classes, in index order."""
        return self.model and self.class_names_

    def evaluate(self, texts, labels=None, part="test"):
        """Classify texts whose classes are known, and compare.

        Args:
            texts: Sequence of n str; or, without labels, as for `fit`; of streamed texts, 50,000 at most,
                drawn at random.
            labels: Class of each text, of the kind that the classifier was trained with.
            part: Which texts, where they come without labels: "train", "validation", on which "ngrams" was
                fitted as well, or "test"; or "all", such as texts that it has never seen.

        Returns:
            An `Evaluation`: accuracy with its 95 % interval, precision and recall of each class,
            calibration error, confusion matrix.

        Raises:
            ModelError: If the classifier is not trained, or an argument is not as described.
            DataError: If texts in files cannot be read.
        """
        owner, classes = "TextClassifier.evaluate", self.model and self._classes
        if is_streamed(texts):
            return self._evaluate_stream(texts, part)
        name = part if labels is None else ""
        texts, labels = to_evaluate(owner, texts, labels, part, classes, self.seed)
        numbers = checked_labels(owner, texts, labels, classes)
        return Evaluation(name, self.class_names_, texts, numbers, self._probabilities(texts), noun="texts")

    def predict(self, texts, abstain=None):
        """Classify texts.

        Args:
            texts: Sequence of n str, or one str.
            abstain: None to answer for every text. Or a share such as 0.05: texts more unusual than 95 % of
                the training texts are "none of these", and those for which one class does not suffice to be
                correct for 95 % of all texts are unsure; their label is None.

        Returns:
            `TextPredictions`, a row a text: text, label, probability, reason. Its `probabilities` is a float
            array (n, classes).

        Raises:
            ModelError: If the classifier is not trained, `texts` are no texts, or it has nothing to abstain
                by.
        """
        texts = _texts("TextClassifier.predict", "texts", [texts] if isinstance(texts, str) else texts)
        probabilities, reasons = self._probabilities(texts), {}
        if abstain is not None:
            number(least=0.001, most=0.5)("TextClassifier.predict", "abstain", abstain)
            if self.trust_ is None:
                raise ModelError(
                    "This TextClassifier holds nothing to abstain by: fewer than two of its training texts "
                    "have a word, or an earlier version saved it; leave abstain out."
                )
            reasons = self.trust_.abstentions(probabilities, texts, self.class_names_, abstain)
        return TextPredictions(texts, probabilities, self.model and self._classes, reasons)

    def _probabilities(self, texts):
        """Probabilities (n, classes). Texts of similar length share a batch, so that little is padding."""
        if not len(self.model and texts):
            return np.zeros((0, len(self.class_names_)), "float32")
        if self._vocabulary is None:
            return predict_strings(self._model, texts)
        return predict(self._network, token_ids(texts, self._vocabulary, self._longest, self._split))

    def word_effects(self, text, label=None):
        """How much each word of a text changes the log-odds of a class, by leaving it out.

        Args:
            text: One str.
            label: The class; None for the predicted one.

        Returns:
            `WordEffects`: label, probability, words, and effects: changes of log-odds, as the function
            `word_effects` computes them, and of the probability.

        Raises:
            ModelError: If the classifier is not trained, or an argument is not as described.
        """
        if not isinstance(text, str):
            raise ModelError(f"TextClassifier.word_effects needs text as one string, not {shown(text)}.")
        probabilities = self.predict(text).probabilities[0]
        index = int(probabilities.argmax())
        if label is not None:
            index = int(checked_labels("TextClassifier.word_effects", [text], [label], self._classes)[0])
        found = effects_of_words(self.model, text, index)
        return WordEffects(self._classes[index], float(probabilities[index]), *found)

    def save(self, path):
        """Write the classifier as one `.keras` file, vocabulary and class names inside.

        `TextClassifier.load` reads it, and `keras.saving.load_model` its model. A file of that name is
        replaced when the new one is complete. All settings are inside but `embeddings`, whose vectors the
        trained network has.

        Args:
            path: A file that ends in `.keras`.

        Raises:
            ModelError: If the classifier is not trained, or the file cannot be written.
        """
        save_classifier(self.model, path, self.about())

    def about(self):
        """What `save` writes beside the model: class names, settings and when to abstain, as an `About`."""
        numbers = all(isinstance(name, int) for name in self._classes)
        settings = self._settings() | {"longest": self._longest, "labels": "numbers" if numbers else "names"}
        if self.trust_ is not None:
            settings["trust"] = self.trust_.state()
        return About("texts", self.class_names_, settings)

    @classmethod
    def load(cls, path):
        """Load a classifier that `save` or the lesson `sentiment` wrote, without trusting the file.

        Args:
            path: A `.keras` file; or a folder of results that holds model.keras.

        Returns:
            A `TextClassifier`, ready to predict.

        Raises:
            ModelError: If it cannot be read, is damaged or hostile, or is no classifier of texts.
        """
        path = classifier_file("TextClassifier", path)
        model, about = load_classifier(path)
        about = about or about_beside(path, model, "texts")
        if about.kind != "texts":
            raise ModelError(f"{path} classifies {shown(about.kind)}, not texts.")
        if not reads_texts(model):
            raise ModelError(f"{path} is no classifier of texts; give a file that TextClassifier.save wrote.")
        names, settings = list(about.class_names), about.settings
        with settings_of(path):
            classifier = cls(**{name: settings[name] for name in cls()._settings() if name in settings})
            longest = whole()("TextClassifier", "longest", settings.get("longest", LONGEST))
            names = [int(name) for name in names] if settings.get("labels") == "numbers" else names
            classifier._learned(model, names, longest)
        # The file may be a lesson's, without settings
        classifier.split = classifier._split or classifier.split
        classifier.trust_ = text_trust_in(about.settings, len(names), path)
        classifier.history_, classifier.seconds_ = {}, 0.0
        return classifier

    def export(self, path):
        """Write the network of token ids for another runtime, ONNX or LiteRT, and its vocabulary beside it.

        Neither format holds strings. The page "Classify texts" of the documentation shows how to turn a text
        into the token ids that the network takes.

        Args:
            path: A file that ends in `.onnx` or `.tflite`. The vocabulary, as JSON, has the same name with
                the ending `.json`. Files of these names are replaced when the new ones are complete.

        Raises:
            ModelError: If the classifier is not trained, it is one of n-grams, a package is missing, or a
                file cannot be written.
        """
        if self.model and self._vocabulary is None:
            raise ModelError(
                'TextClassifier.export needs a network of token ids, such as kind="pooled_lstm"; one of '
                "n-grams is a table that neither format can look texts up in: save it, and load it in Keras."
            )
        words = self._vocabulary
        export_texts(self._network, words, self.class_names_, self._longest, path, self._split)

    def _settings(self):
        """{name: value} of the constructor's arguments, but for vectors of words."""
        return {name: getattr(self, name) for name in SETTINGS}

    def __repr__(self):
        default = TextClassifier()._settings()
        changed = [f"{name}={value!r}" for name, value in self._settings().items() if value != default[name]]
        return f"TextClassifier({', '.join(changed)})"

    def __str__(self):
        if self._model is None:
            return f"{self!r}, not trained yet"
        words = f", {len(self._vocabulary):,} words" if self._vocabulary else ""
        return f"{self!r}{words}, {len(self._classes):,} classes: {shown(self.class_names_)}"

    def _repr_html_(self):
        return f"<p>{tables.safe(str(self), 'html')}</p>"
