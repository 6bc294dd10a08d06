"""Parts of the lesson `word2vec`: the words that it asks for, and what vectors are worth with few labels."""

from tutorials.lesson.command import LessonError  # first: loads Keras quietly

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler, normalize

from datasets.generated import opinions
from models import SentimentLSTM
from models.probabilities import per_class
from models.text_classification import WORD_DROPOUT
from models.text_classification.training import loss_for
from models.word_vectors import nearest_to, start_embedding, text_vectors, unit_length

PRAISE = "amazing brilliant excellent fantastic great outstanding perfect superb terrific wonderful"
BLAME = "awful bad boring dreadful horrible lame pathetic poor stupid terrible"
OPPOSITES = (
    "good bad", "better worse", "best worst", "funny unfunny", "love hate", "beginning end", "first last",
    "young old", "rich poor", "happy sad", "male female", "early late", "high low", "hero villain",
    "interesting boring", "big small", "black white", "true false", "positive negative", "strong weak",
)  # fmt: skip
GROUPS = {  # words of real reviews that belong together
    "family": "aunt brother daughter father husband mother sister son uncle wife",
    "numbers": "two three four five six seven eight nine ten",
    "colours": "black blue green red white yellow",
    "animals": "bird cat dog horse monkey rat shark snake",
    "countries": "china england france germany italy japan mexico russia",
    "jobs": "cop detective doctor lawyer nurse priest soldier teacher",
}
PLANTED = {
    "parts": opinions.PARTS,
    "people": opinions.PEOPLE,
    "days": opinions.DAYS,
    "places": opinions.PLACES,
}
ANALOGIES = (  # the first is to the second as the third to the fourth
    "man woman actor actress", "father mother son daughter", "he she his her", "man woman king queen",
    "good better bad worse", "germany german italy italian", "france paris england london",
    "see saw write wrote", "brother sister boy girl", "boy girl man woman", "good best bad worst",
    "movie movies film films", "actor actors director directors", "england english japan japanese",
    "france french spain spanish", "go went come came",
)  # fmt: skip
SHOWN_ANALOGIES = 8
QUERIES = {
    "embedded": ("brilliant", "dull", "acting", "mother", "monday", "york", "not"),
    "real": ("good", "better", "funny", "actor", "horror", "wife", "beginning"),
}
LABELS = 20, 50, 100, 500, 2000  # numbers of labelled texts
REPEATS = 5  # draws of so many
FEW, FOR_LSTM = 100, 500
BAG = "bag of words (TF-IDF)"
LSTM_RATE, LSTM_WORDS, LSTM_TESTED = 5e-3, 100, 2000  # words of a text that the LSTM reads, and test texts


def by_default(embedded, embedding_dim=None, window=None, subsampling=None, epochs=None):
    """Settings, those that are None chosen by the texts: generated ones have some 200 words, short texts."""
    usual = (32, 3, 1e-3, 4) if embedded else (100, 8, 2e-4, 3)
    given = (embedding_dim, window, subsampling, epochs)
    return tuple(one if own is None else own for own, one in zip(given, usual, strict=True))


def known_groups(vocabulary, embedded):
    """Groups of words that are in the vocabulary, by their token ids.

    Args:
        vocabulary: Words of the token ids from 2 on.
        embedded: Whether these are the generated reviews, which have their own groups.

    Returns:
        (groups, opposites): {name: list of token ids}, and {token id: set of the ids of its opposites}; of
        generated reviews each word of blame is an opposite of each word of praise.
    """
    ids = {word: n + 2 for n, word in enumerate(vocabulary)}

    def known(groups):
        return {name: [ids[word] for word in words if word in ids] for name, words in groups.items()}

    opposites = {}
    if embedded:
        opinion, groups = known({"praise": opinions.PRAISE, "blame": opinions.BLAME}), known(PLANTED)
        pairs = [(a, b) for a in opinion["praise"] for b in opinion["blame"]]
    else:
        opinion = known({"praise": PRAISE.split(), "blame": BLAME.split()})
        groups = known({name: words.split() for name, words in GROUPS.items()})
        pairs = [(ids[a], ids[b]) for a, b in map(str.split, OPPOSITES) if a in ids and b in ids]
    for a, b in pairs:
        opposites.setdefault(a, set()).add(b)
        opposites.setdefault(b, set()).add(a)
    return {"opinions": sum(opinion.values(), [])} | groups, opposites


def grouped(groups):
    """All words of all groups: (token ids, names of their groups, numbers of their groups).

    Args:
        groups: {name: list of token ids}.
    """
    found = [(word, name, n) for n, (name, words) in enumerate(groups.items()) for word in words]
    if len(found) < 2:
        raise LessonError("Fewer than two of the words that this lesson asks for are in these texts; name "
                          "English film reviews with data=.")  # fmt: skip
    ids, names, numbers = zip(*found, strict=True)
    return list(ids), names, np.array(numbers)


def opposites_share(vectors, opposites, count=10):
    """The share of words that have an opposite among their nearest words.

    Args:
        vectors: Array (token ids, dimensions).
        opposites: {token id: set of the ids of its opposites}.
        count: Nearest words that are looked at.
    """
    unit = unit_length(vectors)
    found = [
        bool(others & set(nearest_to(unit, unit[word], count, without=[0, 1, word]).tolist()))
        for word, others in opposites.items()
    ]
    return float(np.mean(found)) if found else 0.0


def ask_analogies(vectors, vocabulary):
    """Which analogies come out: the word nearest to b - a + c, without these three.

    Args:
        vectors: Array (token ids, dimensions).
        vocabulary: Words of the token ids from 2 on.

    Returns:
        List of (a, b, c, d, the word found), those whose words are all in the vocabulary.
    """
    ids, unit = {word: n + 2 for n, word in enumerate(vocabulary)}, unit_length(vectors)
    asked = [words for words in map(str.split, ANALOGIES) if set(words) <= set(ids)]
    found = []
    for words in asked:
        a, b, c, _ = (ids[word] for word in words)
        nearest = nearest_to(unit, unit[b] - unit[a] + unit[c], 1, without=[0, 1, a, b, c])[0]
        found.append((*words, vocabulary[nearest - 2]))
    return found


def neighbour_rows(vectors, vocabulary, embedded, opposites, count=5):
    """The nearest words of some, and what is found for analogies, as rows for a figure.

    Args:
        vectors: Array (token ids, dimensions).
        vocabulary: Words of the token ids from 2 on.
        embedded: Whether these are the generated reviews, which hold no analogies.
        opposites: {token id: set of the ids of its opposites}.
        count: Nearest words of each.

    Returns:
        (rows, wrong, analogies): [(word or question, [(word, cosine or None)])], the set of (row, place) that
        is opposite or wrong, and what `ask_analogies` gives.
    """
    ids, unit = {word: n + 2 for n, word in enumerate(vocabulary)}, unit_length(vectors)
    rows, wrong = [], set()
    for word in (each for each in QUERIES["embedded" if embedded else "real"] if each in ids):
        own = ids[word]
        nearest = nearest_to(unit, unit[own], count, without=[0, 1, own])
        wrong |= {(len(rows), place) for place, n in enumerate(nearest) if n in opposites.get(own, ())}
        rows.append((word, [(vocabulary[n - 2], float(unit[n] @ unit[own])) for n in nearest]))
    analogies = [] if embedded else ask_analogies(vectors, vocabulary)
    for a, b, c, wanted, answer in analogies[:SHOWN_ANALOGIES]:
        if answer != wanted:
            wrong.add((len(rows), 1))
        rows.append((f"{a} : {b} = {c} : ?", [("", None), (answer, None), (f"({wanted})", None)]))
    return rows, wrong, analogies


class Features:
    """Texts as numbers for a linear classifier; what is learned from texts is learned without labels.

    Attributes:
        train, test: Of vectors: arrays (n, dimensions), standardized. Of words: sparse matrices, TF-IDF.
        c, solver: Inverse strength of the regularization, and the solver, that suit them.
    """

    def __init__(self, train_counts, test_counts, vectors=None):
        counts = train_counts, test_counts
        if vectors is None:
            texts = train_counts.shape[0]
            idf = np.log((1 + texts) / (1 + np.bincount(train_counts.indices, minlength=counts[0].shape[1])))
            self.train, self.test = (normalize(each.log1p().multiply(idf).tocsr()) for each in counts)
            self.c, self.solver = 10.0, "liblinear"  # the faster one for many columns
        else:
            texts = [text_vectors(each, vectors) for each in counts]
            scale = StandardScaler().fit(texts[0])
            self.train, self.test = map(scale.transform, texts)
            self.c, self.solver = 0.1, "newton-cholesky"

    def accuracy(self, y_train, y_test, chosen=None):
        """The accuracy on the test texts of a logistic regression on chosen training texts, None for all."""
        chosen = slice(None) if chosen is None else chosen
        model = LogisticRegression(C=self.c, solver=self.solver).fit(self.train[chosen], y_train[chosen])
        return float(model.score(self.test, y_test))


def draw_labelled(y, count, seed):
    """Indices of training texts to label, as many of each class.

    Args:
        y: Labels (n,).
        count: Number of texts.
        seed: Draws them.
    """
    random, classes = np.random.default_rng(seed), np.unique(y)
    each = max(1, count // len(classes))
    return np.concatenate(
        [random.permutation(np.flatnonzero(y == one))[:each] for one in classes],
    )


def by_labels(features, y_train, y_test, seed, repeats=REPEATS):
    """Test accuracy of each kind of features by the number of labelled training texts.

    Args:
        features: {name: `Features`}.
        y_train, y_test: Labels.
        seed: Draws the texts that are labelled, the same for all features.
        repeats: Draws for each number; all texts are taken once.

    Returns:
        (numbers, {name: array (repeats, numbers)}).
    """
    numbers = [*(count for count in LABELS if count < len(y_train)), len(y_train)]
    scores = {name: np.zeros((repeats, len(numbers))) for name in features}
    for place, count in enumerate(numbers):
        for repeat in range(repeats):
            chosen = draw_labelled(y_train, count, [seed, count, repeat]) if count < len(y_train) else None
            for name, each in features.items():
                if chosen is None and repeat:  # all texts again would be the same
                    scores[name][repeat, place] = scores[name][0, place]
                else:
                    scores[name][repeat, place] = each.accuracy(y_train, y_test, chosen)
    return numbers, scores


RANDOM, STARTED = "LSTM, random embedding", "LSTM, these vectors, frozen"


def compare_lstm(texts, classes, vocabulary, vectors, epochs, seed):
    """An LSTM trained on few labelled texts, its embedding random, or the vectors and frozen.

    Args:
        texts: (tokens, labels) of training, of which `FOR_LSTM` are drawn, a fifth of them for validation;
            and of testing, of which the first ones are used.
        classes: Number of classes.
        vocabulary: Words of the token ids from 2 on.
        vectors: Array (token ids, dimensions).
        epochs, seed: Of the training.

    Returns:
        {name: test accuracy}.
    """
    (tokens, y_train), (test_tokens, y_test) = texts
    chosen = draw_labelled(y_train, min(FOR_LSTM, len(y_train) // 2), seed)
    chosen = np.random.default_rng(seed).permutation(chosen)
    x, y = _padded([tokens[n] for n in chosen]), y_train[chosen]
    x_test, y_test = _padded(test_tokens[:LSTM_TESTED]), y_test[:LSTM_TESTED]
    dropout, accuracies = WORD_DROPOUT if len(vocabulary) > 1000 else 0.0, {}
    for name in RANDOM, STARTED:
        keras.utils.set_random_seed(seed)
        network = SentimentLSTM(len(vocabulary) + 2, classes, vectors.shape[1], word_dropout=dropout)
        if name == STARTED:
            start_embedding(network, vocabulary, (vocabulary, vectors[2:]))
            network.get_layer("embedding").trainable = False
        network.compile(
            keras.optimizers.Adam(LSTM_RATE, clipnorm=1.0), loss_for(classes), metrics=["accuracy"]
        )
        best = keras.callbacks.EarlyStopping("val_accuracy", patience=epochs, restore_best_weights=True)
        network.fit(x, y, 32, epochs, 0, callbacks=[best], validation_split=0.2)
        probabilities = per_class(network.predict(x_test, 500, verbose=0))
        accuracies[name] = float(np.mean(probabilities.argmax(-1) == y_test))
    return accuracies


def _padded(tokens):
    """The last words of texts as one array, 0 after shorter ones."""
    return keras.utils.pad_sequences(tokens, LSTM_WORDS, padding="post", truncating="pre")
