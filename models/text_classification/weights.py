"""What a linear classifier of n-grams goes by: the weight of each n-gram of words for each class."""

from typing import NamedTuple

import numpy as np

from ..errors import ModelError
from .linear_votes import PARTS, linear_parts
from .log_odds import last_dense

MOST_TEXTS = 5000  # of which n-grams are taken
AT_ONCE = 500  # texts that are taken apart together


class NgramWeights(NamedTuple):
    """The weights of a linear classifier.

    Attributes:
        ngrams: List of n str: words, and sequences of words, in lower case.
        weights: float64 (n, classes): what an n-gram adds to the score of each class in a text of usual
            length, less the mean of all classes.
        texts: Number of the texts that have each, int (n,).

    Example:
        >>> NgramWeights(["so", "good"], np.array([[0.0, 0.0], [-1.2, 1.2]]), np.array([9, 5])).heaviest(1, 1)
        ['good']
    """

    ngrams: list
    weights: np.ndarray
    texts: np.ndarray

    def heaviest(self, class_index, count=10, least_texts=1):
        """The n-grams that speak most for a class, the heaviest first.

        Args:
            class_index: Index of the class.
            count: How many; those without a positive weight are left out.
            least_texts: Those that fewer texts have are left out, too: what a single text has, such as a
                number, is often learned by heart.

        Returns:
            List of str.
        """
        weights = np.where(self.texts >= least_texts, self.weights[:, class_index], 0)
        rows = np.argsort(-weights, kind="stable")[:count]
        return [self.ngrams[row] for row in rows if weights[row] > 0]


def ngram_weights(model, texts):
    """The weights of the n-grams of words that some texts have.

    Its model adds two numbers for each n-gram of a text: a vote, and one that counts for less the longer the
    text is, which is taken here as in a text of usual length. N-grams of letters have weights as well, which
    are not among these.

    Args:
        model: Keras model of strings of a `TextClassifier(kind="ngrams")`.
        texts: Sequence of str, such as the training texts; the first 5,000 are taken.

    Returns:
        `NgramWeights` of those n-grams that the model knows.

    Raises:
        ModelError: If the model is no such linear classifier.

    Example:
        >>> from models import TextClassifier
        >>> from models.text_classification import ngram_weights
        >>> texts = ["so good", "so bad"] * 10
        >>> found = ngram_weights(TextClassifier().fit(texts, [1, 0] * 10).model, texts)
        >>> sorted(found.heaviest(1)), found.weights.shape
        (['good', 'so good'], (5, 2))
    """
    splitter, network = linear_parts(model)
    if network is None:
        raise ModelError('ngram_weights needs the model of a TextClassifier(kind="ngrams").')
    known = np.asarray(splitter.known)
    counts, norms, texts = {}, [], list(texts)[:MOST_TEXTS]
    votes, relative, frequency = (network.get_layer(name).get_weights()[0] for name in PARTS)
    for start in range(0, len(texts), AT_ONCE):
        some = texts[start : start + AT_ONCE]
        norms += _norms(splitter.fingerprints(some), known, frequency[:, 0].astype("float64"))
        for tokens in splitter.tokens(some).to_list():
            for ngram in _ngrams(tokens, splitter.longest):
                counts[ngram] = counts.get(ngram, 0) + 1
    names = list(counts)
    rows = np.concatenate(
        [
            np.zeros(0, int),
            *(_rows_of(splitter, known, names[n : n + 10_000]) for n in range(0, len(names), 10_000)),
        ]
    )
    there = rows > 0
    norm = max(np.mean([each for each in norms if each > 0] or [1.0]), 1e-6)
    kernel = last_dense(model).get_weights()[0].astype("float64")
    scores = (votes[rows[there]] + relative[rows[there]] / norm).astype("float64") @ kernel
    if scores.shape[1] == 1:
        scores = np.hstack([np.zeros_like(scores), scores])
    return NgramWeights(
        [name for name, known_one in zip(names, there, strict=True) if known_one],
        scores - scores.mean(1, keepdims=True),
        np.array([counts[name] for name, known_one in zip(names, there, strict=True) if known_one], int),
    )


def _ngrams(tokens, longest):
    """The different n-grams of words of a text, as str."""
    tokens = [token.decode("utf-8") for token in tokens]
    found = {}
    for size in range(1, longest + 1):
        for start in range(len(tokens) - size + 1):
            found[" ".join(tokens[start : start + size])] = None
    return found


def _norms(ragged, known, weights):
    """Of each text the length of the vector of the weights of its known n-grams."""
    splits = ragged.row_splits.numpy()
    numbers = _numbers(ragged.values.numpy(), known)
    found = (np.unique(numbers[start:end]) for start, end in zip(splits, splits[1:], strict=False))
    return [np.sqrt(np.sum(weights[each[each > 0]] ** 2)) for each in found]


def _numbers(fingerprints, known):
    """The number of each n-gram by its fingerprint, 0 for one that is not known."""
    places = np.searchsorted(known, fingerprints).clip(0, len(known) - 1)
    return np.where(known[places] == fingerprints, places + 1, 0)


def _rows_of(splitter, known, names):
    """The number of each n-gram by its name: that of the longest one in it, which comes last of all words."""
    ragged = splitter.fingerprints(names)
    starts = ragged.row_splits.numpy()[:-1]
    sizes = np.array([name.count(" ") + 1 for name in names])
    return _numbers(ragged.values.numpy()[starts + sizes * (sizes + 1) // 2 - 1], known)
