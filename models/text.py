"""Networks that tell of a text which class it is of, such as praise or blame.

They take token ids, one a word: 0 is padding, 1 a word that is not in the vocabulary. Padding
is masked: wherever it stands and however much there is of it, a text's answer is the same.
`TextClassifier` puts the vocabulary in front, so that text goes in.
"""

import contextlib
import gzip

import keras
from keras import layers, ops

from models._errors import ModelError
from models._free_memory import check_sizes
from models._weights import FOLDER, load_weights

VOCABULARY = FOLDER / "reviews-vocabulary.txt.gz"
PAIR_STEP = 10_007  # a prime: tells apart the pairs "a b" and "b a" when both become one number


def SentimentLSTM(
    vocabulary_size=10_000,
    classes=2,
    embedding_dim=32,
    units=32,
    word_dropout=0.4,
    dropout=0.5,
    classifier_activation="auto",
    weights=None,
    name="sentiment_lstm",
):
    """Embedding → LSTM → mean and maximum over the words → Dense: reads a text with memory.

    The embedding also goes around the LSTM, straight to the mean, so that the LSTM has only to
    add what the order of the words says. And the LSTM begins by forgetting half at every word,
    where Keras's default would remember: what a film is called early in its review is nothing
    to remember. Both help with films that the network has not read about.

    Args:
        vocabulary_size: Number of token ids, padding and unknown words among them.
        classes: Number of classes; two share one neuron, the probability of the second.
        embedding_dim: Numbers that stand for one word.
        units: Neurons of the recurrent layer.
        word_dropout: Share of the words left out of each training step.
        dropout: Share of the values before the last layer left out of each training step.
        classifier_activation: Activation of the last layer, None for logits; by default
            "sigmoid" for two classes and "softmax" for more.
        weights: None for random ones, "reviews" for the zoo's own (see `reviews_vocabulary`),
            or a file. With other than 2 classes "reviews" fills all but the last layer.
        name: Name of the model.

    Returns:
        An uncompiled model: token ids (batch, words), of any number of words, ->
        (batch, 1) for two classes, (batch, classes) for more.

    Raises:
        ModelError: If a size is not positive, or the weights are missing or do not fit.

    Reference:
        Hochreiter and Schmidhuber, Long short-term memory, 1997.
    """

    def read(x, tokens):
        lstm = layers.LSTM(units, return_sequences=True, unit_forget_bias=False, name="lstm")
        return _read_and_words(lstm(x), x, tokens)

    check_sizes("SentimentLSTM", {"units": 4 * units * (units + embedding_dim)}, units=units)
    return _classifier(
        "SentimentLSTM", read, vocabulary_size, classes, embedding_dim, word_dropout, dropout,
        classifier_activation, weights, name,
    )  # fmt: skip


def SentimentBiLSTM(
    vocabulary_size=10_000,
    classes=2,
    embedding_dim=32,
    units=32,
    word_dropout=0.4,
    dropout=0.5,
    classifier_activation="auto",
    weights=None,
    name="sentiment_bilstm",
):
    """Two LSTMs, one of which reads backwards: each word is seen with what follows it, too.

    The embedding also goes around them, as in `SentimentLSTM`.

    Args:
        vocabulary_size: Number of token ids, padding and unknown words among them.
        classes: Number of classes; two share one neuron, the probability of the second.
        embedding_dim: Numbers that stand for one word.
        units: Neurons of each of the two recurrent layers.
        word_dropout: Share of the words left out of each training step.
        dropout: Share of the values before the last layer left out of each training step.
        classifier_activation: Activation of the last layer, None for logits; by default
            "sigmoid" for two classes and "softmax" for more.
        weights: None for random ones, "reviews" for the zoo's own (see `reviews_vocabulary`),
            or a file. With other than 2 classes "reviews" fills all but the last layer.
        name: Name of the model.

    Returns:
        An uncompiled model: token ids (batch, words), of any number of words, ->
        (batch, 1) for two classes, (batch, classes) for more.

    Raises:
        ModelError: If a size is not positive, or the weights are missing or do not fit.

    Reference:
        Graves and Schmidhuber, Framewise phoneme classification with bidirectional LSTM, 2005.
    """

    def read(x, tokens):
        lstm = layers.LSTM(units, return_sequences=True, unit_forget_bias=False)
        both = layers.Bidirectional(lstm, name="bilstm")
        return _read_and_words(both(x), x, tokens)

    check_sizes("SentimentBiLSTM", {"units": 8 * units * (units + embedding_dim)}, units=units)
    return _classifier(
        "SentimentBiLSTM", read, vocabulary_size, classes, embedding_dim, word_dropout, dropout,
        classifier_activation, weights, name,
    )  # fmt: skip


def SentimentSimpleRNN(
    vocabulary_size=10_000,
    classes=2,
    embedding_dim=32,
    units=32,
    word_dropout=0.4,
    dropout=0.5,
    classifier_activation="auto",
    weights=None,
    name="sentiment_simple_rnn",
):
    """The plain recurrent network: its whole output is fed back, and so soon forgotten.

    The embedding also goes around it, as in `SentimentLSTM`.

    Args:
        vocabulary_size: Number of token ids, padding and unknown words among them.
        classes: Number of classes; two share one neuron, the probability of the second.
        embedding_dim: Numbers that stand for one word.
        units: Neurons of the recurrent layer.
        word_dropout: Share of the words left out of each training step.
        dropout: Share of the values before the last layer left out of each training step.
        classifier_activation: Activation of the last layer, None for logits; by default
            "sigmoid" for two classes and "softmax" for more.
        weights: None for random ones, "reviews" for the zoo's own (see `reviews_vocabulary`),
            or a file. With other than 2 classes "reviews" fills all but the last layer.
        name: Name of the model.

    Returns:
        An uncompiled model: token ids (batch, words), of any number of words, ->
        (batch, 1) for two classes, (batch, classes) for more.

    Raises:
        ModelError: If a size is not positive, or the weights are missing or do not fit.

    Reference:
        Elman, Finding structure in time, 1990.
    """

    def read(x, tokens):
        simple_rnn = layers.SimpleRNN(units, return_sequences=True, name="simple_rnn")
        return _read_and_words(simple_rnn(x), x, tokens)

    check_sizes("SentimentSimpleRNN", {"units": units * (units + embedding_dim)}, units=units)
    return _classifier(
        "SentimentSimpleRNN", read, vocabulary_size, classes, embedding_dim, word_dropout, dropout,
        classifier_activation, weights, name,
    )  # fmt: skip


def SentimentConv1D(
    vocabulary_size=10_000,
    classes=2,
    embedding_dim=32,
    units=64,
    word_dropout=0.4,
    dropout=0.5,
    kernel_size=3,
    classifier_activation="auto",
    weights=None,
    name="sentiment_conv1d",
):
    """Embedding → Conv1D → mean and maximum over the words → Dense: looks for short phrases.

    Args:
        vocabulary_size: Number of token ids, padding and unknown words among them.
        classes: Number of classes; two share one neuron, the probability of the second.
        embedding_dim: Numbers that stand for one word.
        units: Features of the convolution.
        word_dropout: Share of the words left out of each training step.
        dropout: Share of the values before the last layer left out of each training step.
        kernel_size: Words that one feature looks at.
        classifier_activation: Activation of the last layer, None for logits; by default
            "sigmoid" for two classes and "softmax" for more.
        weights: None for random ones, "reviews" for the zoo's own (see `reviews_vocabulary`),
            or a file. With other than 2 classes "reviews" fills all but the last layer.
        name: Name of the model.

    Returns:
        An uncompiled model: token ids (batch, words), of any number of words, ->
        (batch, 1) for two classes, (batch, classes) for more.

    Raises:
        ModelError: If a size is not positive, or the weights are missing or do not fit.

    Reference:
        Kim, Convolutional neural networks for sentence classification, 2014.
    """

    def read(x, tokens):
        is_word = _is_word(tokens)
        x = layers.Multiply(name="mask_embedding")([x, is_word])  # the convolution sees 0 for padding
        x = layers.Conv1D(units, kernel_size, padding="same", activation="relu", name="conv")(x)
        return _pool(x, is_word)

    needed = {"units or kernel_size": kernel_size * embedding_dim * units}
    check_sizes("SentimentConv1D", needed, units=units, kernel_size=kernel_size)
    return _classifier(
        "SentimentConv1D", read, vocabulary_size, classes, embedding_dim, word_dropout, dropout,
        classifier_activation, weights, name,
    )  # fmt: skip


def SentimentBag(
    vocabulary_size=10_000,
    classes=2,
    embedding_dim=32,
    word_dropout=0.4,
    dropout=0.5,
    word_pairs=0,
    classifier_activation="auto",
    weights=None,
    name="sentiment_bag",
):
    """The mean of the words' embeddings → Dense: does not know in which order the words stood.

    The honest baseline: what a network with a notion of order does not do better than this, its
    order is not worth.

    Args:
        vocabulary_size: Number of token ids, padding and unknown words among them.
        classes: Number of classes; two share one neuron, the probability of the second.
        embedding_dim: Numbers that stand for one word.
        word_dropout: Share of the words left out of each training step.
        dropout: Share of the values before the last layer left out of each training step.
        word_pairs: Size of a second embedding, of pairs of neighbouring words; 0 for none. A
            pair's place is computed from its two ids, so that several pairs may share one.
        classifier_activation: Activation of the last layer, None for logits; by default
            "sigmoid" for two classes and "softmax" for more.
        weights: None for random ones, "reviews" for the zoo's own (see `reviews_vocabulary`),
            or a file. With other than 2 classes "reviews" fills all but the last layer.
        name: Name of the model.

    Returns:
        An uncompiled model: token ids (batch, words), of any number of words, ->
        (batch, 1) for two classes, (batch, classes) for more.

    Raises:
        ModelError: If a size is not positive, or the weights are missing or do not fit.

    Reference:
        Joulin et al., Bag of tricks for efficient text classification, 2017.
    """

    def read(x, tokens):
        is_word = _is_word(tokens)
        if word_pairs:
            x, is_word = _with_pairs(x, is_word, tokens, word_pairs)
        return _pool(x, is_word, maximum=False)

    if not 0 <= word_pairs < 2**31:
        raise ModelError(f"SentimentBag needs word_pairs from 0 to 2,147,483,647, not {word_pairs}.")
    check_sizes("SentimentBag", {"word_pairs": word_pairs * embedding_dim})
    return _classifier(
        "SentimentBag", read, vocabulary_size, classes, embedding_dim, word_dropout, dropout,
        classifier_activation, weights, name,
    )  # fmt: skip


def TextClassifier(vocabulary, classifier, longest=800, name="text_classifier"):
    """Put a vocabulary in front of a network that takes token ids, so that it takes text.

    Args:
        vocabulary: Words in the order of their token ids, from 2 on; 0 and 1 stand for padding
            and for any other word. Lower case, without punctuation.
        classifier: A model of token ids (batch, words), such as `SentimentLSTM`.
        longest: Words of a text that are read; the rest is left out.
        name: Name of the model.

    Returns:
        An uncompiled model: strings (batch,) -> what `classifier` gives. The text is taken to
        lower case, its punctuation is removed, and it is cut into words at white space. It
        needs TensorFlow, as TextVectorization does.

    Raises:
        ModelError: If `classifier` has not as many token ids as the vocabulary.
    """
    ids = len(vocabulary) + 2
    known = classifier.get_layer("embedding").input_dim
    if ids != known:
        raise ModelError(
            f"The vocabulary has {ids:,} token ids with the two for padding and unknown words, but "
            f"{classifier.name} knows {known:,}; build it with vocabulary_size={ids}."
        )
    check_sizes("TextClassifier", longest=longest)
    text = keras.Input((), dtype="string", name="text")
    tokens = layers.TextVectorization(vocabulary=list(vocabulary), name="vocabulary")(text)
    tokens = ops.cast(tokens[:, :longest], "int32")
    tokens = ops.pad(tokens, ((0, 0), (0, 1)))  # so that a text without words is not without tokens
    return keras.Model(text, classifier(tokens), name=name)


def reviews_vocabulary():
    """The words that the weights "reviews" know, the most frequent ones of the reviews first.

    Returns:
        A list of str, for `TextClassifier`.

    Raises:
        ModelError: If the file is missing or damaged.
    """
    words = ""
    with contextlib.suppress(OSError, EOFError, ValueError):
        words = gzip.decompress(VOCABULARY.read_bytes()).decode("utf-8")
    if not words:
        raise ModelError(f"{VOCABULARY} is missing or damaged; restore it from the project's repository.")
    return words.split("\n")


def _classifier(
    builder, read, vocabulary_size, classes, embedding_dim, word_dropout, dropout, activation, weights, name
):
    """What the five have in common: an embedding, words left out, `read`, and the last layer."""
    check_sizes(builder, embedding_dim=embedding_dim, classes=classes)
    if not 3 <= vocabulary_size <= 200_000:  # more, times PAIR_STEP, are no int32
        raise ModelError(
            f"{builder} needs a vocabulary_size of 3 to 200,000 token ids (padding, unknown, words), "
            f"not {vocabulary_size}."
        )
    for setting, share in (("word_dropout", word_dropout), ("dropout", dropout)):
        if not 0 <= share < 1:
            raise ModelError(f"{builder} needs {setting} from 0 to less than 1, not {share}.")
    if classes < 2:
        raise ModelError(f"{builder} needs classes of 2 or more, not {classes}.")
    check_sizes(
        builder, {"embedding_dim": vocabulary_size * embedding_dim, "classes": classes * embedding_dim}
    )
    if activation == "softmax" and classes == 2:
        raise ModelError(
            f"{builder} ends in one neuron for 2 classes, whose softmax is always 1; "
            'use classifier_activation="sigmoid".'
        )

    def build(classes):
        neurons = 1 if classes == 2 else classes
        ending = ("sigmoid" if classes == 2 else "softmax") if activation == "auto" else activation
        tokens = keras.Input((None,), dtype="int32", name="tokens")
        x = layers.Embedding(vocabulary_size, embedding_dim, mask_zero=True, name="embedding")(tokens)
        x = layers.Dropout(word_dropout, noise_shape=(None, None, 1), name="word_dropout")(x)
        x = read(x, tokens)
        x = layers.Dropout(dropout, name="dropout")(x)
        x = layers.Dense(neurons, activation=ending, name="predictions")(x)
        return keras.Model(tokens, x, name=name)

    return load_weights(build(classes), weights, builder, build)


def _is_word(tokens):
    """(batch, words, 1) of 1 where there is a word, 0 where there is padding."""
    ids = keras.Input((None,), dtype="int32")
    told = ops.expand_dims(ops.cast(ops.not_equal(ids, 0), "float32"), -1)
    return keras.Model(ids, told, name="is_word")(tokens)


def _read_and_words(read, words, tokens):
    """What a recurrent layer has read, and the mean of the words themselves, side by side."""
    is_word = _is_word(tokens)
    pooled = [_pool(read, is_word), _pool(words, is_word, maximum=False)]
    return layers.Concatenate(name="read_and_words")(pooled)


def _with_pairs(x, is_word, tokens, places):
    """Append to the words' embeddings those of their pairs: `words - 1` more, of which some are padding."""
    ids, told = keras.Input((None,), dtype="int32"), keras.Input((None, 1))
    place = ops.mod(ids[:, :-1] * PAIR_STEP + ids[:, 1:], places)
    pairs = keras.Model([ids, told], [place, told[:, :-1] * told[:, 1:]], name="pairs")
    place, is_pair = pairs([tokens, is_word])
    embedded = layers.Embedding(places, x.shape[-1], name="pair_embedding")(place)
    join = layers.Concatenate(1, name="words_and_pairs")
    return join([x, embedded]), layers.Concatenate(1, name="is_word_or_pair")([is_word, is_pair])


def _pool(x, is_word, maximum=True):
    """Mean, and beside it maximum, over the words: (batch, words, units) -> (batch, 2 * units)."""
    name = "mean_and_maximum" if maximum else "mean_of_words"
    x = layers.Multiply(name=f"mask_{name}")([x, is_word])
    values, told = keras.Input((None, x.shape[-1])), keras.Input((None, 1))
    pooled = ops.sum(values, 1) / ops.maximum(ops.sum(told, 1), 1.0)  # 1 for a text without words
    if maximum:  # -1 for padding: no activation used here falls below that
        pooled = ops.concatenate([pooled, ops.max(values + told - 1, 1)], -1)
    return keras.Model([values, told], pooled, name=name)([x, is_word])
