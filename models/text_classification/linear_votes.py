"""What each word adds to the scores of a linear classifier of n-grams: sums of votes, without any retry."""

from typing import NamedTuple

import keras
import numpy as np

from ..ngram_index import NgramIndex
from .by_parts import outputs_for_text
from .log_odds import last_dense
from .ngrams import has_votes_for_each_ngram, is_ngram_model

PARTS = "embedding", "relative_votes", "inverse_document_frequency"


class Votes(NamedTuple):
    """The logits of a text, and those without each word.

    Attributes:
        whole: float64 (outputs,).
        without: float64 (words, outputs).

    Example:
        >>> Votes(np.array([1.5]), np.array([[2.0], [-0.5]])).without.shape
        (2, 1)
    """

    whole: np.ndarray
    without: np.ndarray


def votes_without_words(model, words):
    """The logits of a linear classifier of n-grams, and those without the n-grams that each word is in.

    An n-gram of words counts for each of them, at every place where it stands. One of letters counts for a
    word if no other word of the text has it. What would stand side by side without the word is not looked at.

    Args:
        model: Keras model of strings.
        words: List of n str, those of the text between its spaces.

    Returns:
        `Votes`; None if the model is no such linear classifier.

    Example:
        >>> from models import TextClassifier
        >>> classifier = TextClassifier().fit(["so good", "so bad"] * 10, [1, 0] * 10)
        >>> votes = votes_without_words(classifier.model, ["so", "good"])
        >>> bool(votes.whole[0] > votes.without[0, 0] > votes.without[1, 0])
        True
        >>> from models import SentimentBag, StringClassifier
        >>> votes_without_words(StringClassifier(["a"], SentimentBag(vocabulary_size=3)), ["a"]) is None
        True
    """
    splitter, network = linear_parts(model)
    if network is None:
        return None
    text, dense = " ".join(words), last_dense(network)
    found = splitter.fingerprints([text]).values.numpy()
    known = np.asarray(splitter.known)
    numbers = np.searchsorted(known, found).clip(0, len(known) - 1)
    numbers = np.where(known[numbers] == found, numbers + 1, 0)  # 0 for one that it does not know
    rows = np.unique(numbers[numbers > 0])
    votes, relative, weights = (
        network.get_layer(name).get_weights()[0][rows].astype("float64") for name in PARTS
    )
    squares = weights[:, 0] ** 2
    kernel, *bias = (value.astype("float64") for value in dense.get_weights())

    def logits(lost):
        """The logits without some rows of `rows`."""
        norm = max(np.sqrt(max(0.0, squares.sum() - squares[lost].sum())), 1e-6)
        scores = votes.sum(0) - votes[lost].sum(0) + (relative.sum(0) - relative[lost].sum(0)) / norm
        return scores @ kernel + (bias[0] if bias else 0)

    whole = logits([])
    outputs = outputs_for_text(model, text)
    probabilities = keras.ops.convert_to_numpy(dense.activation(whole.astype("float32")[None]))
    if not np.allclose(probabilities[0], outputs, atol=1e-4):
        return None  # it does something else with its votes
    lost = _lost(splitter, words, found, numbers)
    without = [logits(np.searchsorted(rows, each)) for each in lost]
    return Votes(whole, np.array(without).reshape(len(words), len(whole)))


def _lost(splitter, words, found, numbers):
    """The numbers of the known n-grams that go with each word: a list of n arrays."""
    if not words:
        return []
    tokens = splitter.tokens(words).row_lengths().numpy()
    ends = np.cumsum(tokens)
    count = int(ends[-1])
    borders = np.cumsum([max(0, count - n) for n in range(splitter.longest)])
    *by_length, letters = np.split(numbers, borders)
    letters_of = [len(each.decode()) for each in splitter.tokens([" ".join(words)]).values.numpy()]
    sizes = range(2, splitter.letters + 1)  # a space before and after each token counts
    spelled = np.array([sum(max(0, each + 3 - size) for size in sizes) for each in letters_of], int)
    last = np.cumsum(spelled)
    pairs = np.unique(np.stack([letters, np.repeat(found[:count], spelled)], 1), axis=0)  # with whole tokens
    owners = dict(zip(*np.unique(pairs[:, 0], return_counts=True), strict=True)) if len(pairs) else {}
    lost = []
    for start, end in zip(ends - tokens, ends, strict=True):
        gone = [some[max(0, start - n) : end] for n, some in enumerate(by_length)] if end > start else []
        if end > start and len(letters):
            first = last[start] - spelled[start]
            mine = np.stack(
                [letters[first : last[end - 1]], np.repeat(found[start:end], spelled[start:end])], 1
            )
            each, own = np.unique(np.unique(mine, axis=0)[:, 0], return_counts=True)
            gone.append(each[[owners[number] == n for number, n in zip(each, own, strict=True)]])
        gone = np.unique(np.concatenate(gone)) if gone else np.zeros(0, int)
        lost.append(gone[gone > 0])
    return lost


def linear_parts(model):
    """The parts of a linear classifier of n-grams.

    Args:
        model: Any Keras model.

    Returns:
        (the `NgramIndex`, the network behind it); (None, None) of any other model.

    Example:
        >>> from models import MLP
        >>> linear_parts(MLP())
        (None, None)
    """
    inner = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    if len(model.layers) != 3 or len(inner) != 1 or not is_ngram_model(model):
        return None, None
    names = {layer.name for layer in inner[0].layers}
    if not has_votes_for_each_ngram(model) or not names.issuperset(PARTS) or last_dense(model) is None:
        return None, None
    return next(layer for layer in model.layers if isinstance(layer, NgramIndex)), inner[0]
