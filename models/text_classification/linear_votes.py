"""What each word adds to the scores of a linear classifier of n-grams: sums of votes, without any retry."""

from typing import NamedTuple

import keras
import numpy as np

from ..ngram_buckets import NgramBuckets
from .log_odds import last_dense
from .ngrams import has_a_vote_for_each_bucket, is_ngram_model


class Votes(NamedTuple):
    """The votes of the n-grams of one text.

    Attributes:
        total: float64 (outputs,): the logits of the text.
        of_words: float64 (words, outputs): the sum of the votes of all n-grams with each word.

    Example:
        >>> Votes(np.array([1.5]), np.array([[2.0], [-0.5]])).of_words.shape
        (2, 1)
    """

    total: np.ndarray
    of_words: np.ndarray


def votes_of_words(model, words):
    """What each word adds to the logits of a linear classifier of n-grams.

    An n-gram of several words counts for each of them. One that occurs twice votes once, and counts for each
    place. What would stand side by side without the word is not looked at.

    Args:
        model: Keras model of strings.
        words: List of n str, those of the text between its spaces.

    Returns:
        `Votes`; None if the model is no such linear classifier.

    Example:
        >>> from models import TextClassifier
        >>> classifier = TextClassifier().fit(["so good", "so bad"] * 10, [1, 0] * 10)
        >>> votes = votes_of_words(classifier.model, ["so", "good"]).of_words[:, 0]
        >>> bool(votes[1] > votes[0] > 0)  # "so good" is a pair
        True
        >>> from models import SentimentBag, StringClassifier
        >>> votes_of_words(StringClassifier(["a"], SentimentBag(vocabulary_size=3)), ["a"]) is None
        True
    """
    splitter, embedding, dense = _parts(model)
    if dense is None:
        return None
    text = " ".join(words)
    buckets = splitter.ragged([text]).values.numpy()
    tokens = NgramBuckets(splitter.buckets, 1).ragged(words).row_lengths().numpy() if words else []
    ends = np.cumsum(tokens, dtype=int)
    kernel, *bias = (value.astype("float64") for value in dense.get_weights())
    rows, place = np.unique(buckets, return_inverse=True)
    votes = embedding.get_weights()[0][rows].astype("float64") @ kernel
    total = votes.sum(0) + (bias[0] if bias else 0)
    outputs = np.asarray(model(np.array([text], object)))[0]
    if not np.allclose(dense.activation(total.astype("float32")[None])[0], outputs, atol=1e-4):
        return None  # it does something else with its votes than to add them
    count = int(ends[-1]) if len(ends) else 0
    by_length = np.split(place, np.cumsum([max(0, count - n) for n in range(splitter.longest)])[:-1])
    found = np.zeros((len(words), votes.shape[1]))
    for word, end in enumerate(ends):
        start = end - tokens[word]
        with_it = [some[max(0, start - n) : end] for n, some in enumerate(by_length)] if end > start else []
        if with_it:
            found[word] = votes[np.unique(np.concatenate(with_it))].sum(0)
    return Votes(total, found)


def _parts(model):
    """(splitter, embedding, last dense layer) of a linear classifier of n-grams; else Nones."""
    inner = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    if len(model.layers) != 3 or len(inner) != 1 or not is_ngram_model(model):
        return None, None, None
    if not has_a_vote_for_each_bucket(model):
        return None, None, None
    splitter = next(layer for layer in model.layers if isinstance(layer, NgramBuckets))
    embedding = next(layer for layer in inner[0].layers if isinstance(layer, keras.layers.Embedding))
    return splitter, embedding, last_dense(model)
