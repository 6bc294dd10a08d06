"""How much a short text is like those that a classifier of long texts was trained on.

What is usual in a long text says little about a short one: most words of "My parcel is late" are in many film
reviews. Short texts are compared with sentences of the training texts. But a review also tells of parcels,
trains and dinners. So the sentences that count are those that by their words tell the class of their text, as
a short text must do.
"""

from dataclasses import dataclass

import numpy as np

from ..fine_tuning.saved_arrays import DamagedError, arrays_as_texts, texts_as_arrays
from .familiarity import LEAST, MOST_CHARACTERS, MOST_TEXTS, MOST_WORDS, limit_of, words_of
from .sentences import sentences_of

SHORT = 0.01  # a text is short if it is shorter than all but this share of the training texts
FEWEST = 200  # training texts, with fewer of which nothing is learned
MANY = 3  # sentences of a training text, in the mean, with fewer of which texts are not long
# Typical words are those of the half of the sentences whose words tell more of the class of their text. The
# hundredth of the sentences that tells most is what a short text is compared with
TOP, MOST_KNOWN = 0.01, 10_000
# What is added to the counts of a word. The other half stands for all other texts as well, so that a rare
# word is not typical. Chosen, as TOP, on those sentences of `benchmarks/short_texts.py` that are for choosing
ADDED, ADDED_TO_OTHERS = 0.5, 8.0
LARGEST = 1e9  # of what is measured, so that no number overflows; logarithms and deviations are far below
ARRAYS = {"vocabulary": "<i4", "weights": "<f4", "usual": "<f4", "known": "<f4"}


@dataclass(frozen=True)
class ShortTexts:
    """What is usual in sentences of the training texts that tell the class.

    A word's weight is the logarithm of how much rarer it is in sentences that tell the class than in others,
    and a text's the mean over its words. It is compared with the mean over sentences that tell the class, in
    standard deviations of sentences of that length.

    Attributes:
        vocabulary: int32 (words,): fingerprints of the words, as `Familiarity` has them, ascending.
        weights: float32 (words,): of each, high for words that are not typical.
        unseen: Weight of any other word.
        usual: float32 (3,): mean weight of a word, its variance between sentences and within one.
        known: float32 (k,): how unusual the sentences are, ascending.
        longest: Number of words of the longest text that is short.

    Example:
        >>> said = ["so good", "very good", "so bad", "very bad"] * 60
        >>> long = [f"We sat down at home. The film is {each}. Then it was over at nine." for each in said]
        >>> short = fit_short_texts(long, np.array([1, 1, 0, 0] * 60))
        >>> short.surprise(["The film is bad", "We sat down at nine"]).round(2).tolist(), short.longest
        ([1.0, 0.01], 15)
    """

    vocabulary: np.ndarray
    weights: np.ndarray
    unseen: float
    usual: np.ndarray
    known: np.ndarray
    longest: int

    def surprise(self, texts):
        """The share of sentences that tell the class and are as unusual as each text.

        Args:
            texts: Sequence of n str.

        Returns:
            float (n,), from 1 / (k + 1) to 1, where k is the number of sentences; nan for a text that is not
            short.
        """
        numbers, rows = words_of(texts)
        place = np.searchsorted(self.vocabulary, numbers).clip(0, max(0, len(self.vocabulary) - 1))
        is_known = np.isin(numbers, self.vocabulary)
        weights = np.where(is_known, self.weights[place] if len(self.weights) else 0, self.unseen)
        words = np.bincount(rows, minlength=len(texts))
        mean, _ = _mean_and_variance(weights, rows, words)
        beyond = len(self.known) - np.searchsorted(self.known, _unusual(mean, words, self.usual), side="left")
        beyond[(mean < 0) & (words > 0)] = len(self.known)  # more typical than not
        return np.where(words <= self.longest, (beyond + 1) / (len(self.known) + 1), np.nan)

    def rules(self, abstain):
        """What tells whether a text is as unusual as at most a share `abstain` of the sentences.

        Args:
            abstain: Share, above 0 and below 1.

        Returns:
            {name: value}: arrays "vocabulary" and "values", its words and their weights; "unseen"; "usual";
            "longest"; and "limit", above which a text is too unusual, or None.
        """
        return {
            "vocabulary": self.vocabulary.astype("int64"),
            "values": self.weights,
            "unseen": float(self.unseen),
            "usual": self.usual.tolist(),
            "longest": int(self.longest),
            "limit": limit_of(self.known, abstain),
        }

    def state(self):
        """The same as what JSON can hold, for `from_state`: {name: value}."""
        return arrays_as_texts(self, ARRAYS) | {"unseen": float(self.unseen), "longest": int(self.longest)}

    @classmethod
    def from_state(cls, state):
        """What `state` returned, from somebody who may not be trusted.

        Raises:
            DamagedError, KeyError, TypeError, ValueError: If it is none.
        """
        found = texts_as_arrays(state, ARRAYS, MOST_CHARACTERS)
        unseen, longest = state["unseen"], state["longest"]
        if type(unseen) is not float or not np.isfinite(unseen) or type(longest) is not int or longest < 1:
            raise DamagedError("its measures are none")
        vocabulary, usual = found["vocabulary"], found["usual"]
        if len(vocabulary) != len(found["weights"]) or (vocabulary[1:] <= vocabulary[:-1]).any():
            raise DamagedError("its words are not in order")
        measured = [unseen, *(np.abs(found[name]).max(initial=0) for name in ("weights", "usual", "known"))]
        if len(usual) != 3 or (usual[1:] <= 0).any() or np.abs(measured).max() > LARGEST:
            raise DamagedError("its measures are none")
        if (np.diff(found["known"]) < 0).any() or not len(found["known"]):
            raise DamagedError("its sentences are not in order")
        return cls(**found, unseen=unseen, longest=longest)


def fit_short_texts(texts, labels, seed=0):
    """Learn what is usual in short texts from the sentences of long ones.

    Args:
        texts: Sequence of n str.
        labels: Class index of each, integers (n,).
        seed: Draws 10,000 of them where there are more.

    Returns:
        A `ShortTexts`; None if there are fewer than 200 texts, or too few sentences that are shorter than
        nearly all of the texts.

    Example:
        >>> fit_short_texts(["so good", "so bad"] * 200, np.array([1, 0] * 200)) is None
        True
    """
    rng = np.random.default_rng(seed)
    drawn = np.sort(rng.permutation(len(texts))[:MOST_TEXTS])
    if len(drawn) < FEWEST:
        return None
    labels = np.asarray(labels)[drawn]
    sentences, text = sentences_of([texts[n] for n in drawn])
    numbers, rows = words_of(sentences)
    words = np.bincount(rows, minlength=len(sentences))
    longest = int(np.quantile(np.bincount(text, words, len(drawn)), SHORT)) - 1
    usable = (words >= 2) & (words <= longest)
    if usable.sum() < MANY * len(drawn):
        return None
    vocabulary, word = np.unique(numbers, return_inverse=True)
    telling = _mean_and_variance(_log_ratios(word, text[rows], labels), rows, words)[0]
    order = np.argsort(-np.where(usable, telling, -np.inf), kind="stable")[: usable.sum()]
    upper = np.zeros(len(sentences), bool)
    upper[order[: len(order) // 2]] = True
    parts = word[upper[rows]], word[(usable & ~upper)[rows]]
    counts = np.stack([np.bincount(part, minlength=len(vocabulary)) for part in parts])
    sizes = np.maximum(1, counts.sum(1))
    compared = order[: np.clip(int(TOP * len(order)), FEWEST // 2, MOST_KNOWN)]
    mine = np.isin(rows, compared)
    found = _weights(counts[:, word[mine]] - [[1], [0]], sizes)  # as if the sentence were not among them
    mean, variance = (each[compared] for each in _mean_and_variance(found, rows[mine], words))
    usual = _usual(mean, variance, words[compared])
    known = np.sort(_unusual(mean, words[compared], usual))
    kept = np.flatnonzero(counts.sum(0) > 1)
    kept = np.sort(kept[np.argsort(-counts[:, kept].sum(0), kind="stable")[:MOST_WORDS]])
    weights = _weights(counts[:, kept], sizes).astype("float32")
    unseen = float(_weights(np.zeros((2, 1)), sizes)[0])
    return ShortTexts(vocabulary[kept].astype("int32"), weights, unseen, usual, known, longest)


def _log_ratios(word, text, labels):
    """How much more frequent each word is in texts of its text's class than in others, that text left out."""
    count = int(word.max()) + 1
    different = np.unique(text * count + word)  # of each text its different words
    of_class = labels[different // count] * count + different % count
    keys, frequency = np.unique(of_class, return_counts=True)
    same = frequency[np.searchsorted(keys, labels[text] * count + word)]
    every = np.bincount(different % count, minlength=count)[word]
    texts = np.bincount(labels)[labels[text]]
    return np.log(same / texts) - np.log((every - same + 1) / (len(labels) - texts + 1))


def _weights(counts, sizes):
    """Of words, given how many the (upper, lower) part has of each and of all."""
    upper, lower = np.maximum(counts, 0)
    return np.log((lower + ADDED_TO_OTHERS) / sizes[1]) - np.log((upper + ADDED) / sizes[0])


def _mean_and_variance(values, rows, words):
    mean = np.bincount(rows, values, len(words)) / np.maximum(1, words)
    return mean, np.bincount(rows, values**2, len(words)) / np.maximum(1, words) - mean**2


def _usual(mean, variance, words):
    """Mean, variance between sentences by more than single words explain, and within one."""
    within = max(LEAST, np.average(variance, weights=words))
    between = max(LEAST, mean.var() - np.mean(within / words))
    return np.array([np.average(mean, weights=words), between, within], "float32")


def _unusual(mean, words, usual):
    middle, between, within = usual.astype("float64")
    found = (mean - middle) / np.sqrt(between + within / np.maximum(1, words))
    return np.where(words > 0, found, np.inf).astype("float32")
