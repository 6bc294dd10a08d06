"""How much a text is like those of training: by how rare its words are among them, and how many are new."""

import re
from dataclasses import dataclass

import numpy as np

from ..fine_tuning.saved_arrays import DamagedError, arrays_as_texts, texts_as_arrays
from ..ngram_index import NgramIndex

MOST_TEXTS = 10_000  # training texts that words are counted in; more are drawn from
MOST_WORDS = 300_000  # the most frequent of them are kept
FINGERPRINTS = 2**31  # that many different words can be told apart
MARKS = re.compile(r"[\W_]+")  # punctuation, symbols, emoji: a text in quotes is as usual as without them
AT_ONCE = 1000  # texts that are taken apart together
LEAST = 1e-6  # a variance that is not smaller
ARRAYS = {"vocabulary": "<i4", "counts": "<f4", "usual": "<f4", "known": "<f4"}
MOST_CHARACTERS = 8 * MOST_WORDS


@dataclass(frozen=True)
class Familiarity:
    """What is usual among the training texts, and how unusual others are.

    Two measures of a text: how rare its words are (the mean of their inverse document frequencies), and the
    share of its different words that no training text has. Each is compared with its mean over the training
    texts, in standard deviations of texts of that length; the larger one counts. For this every training text
    is measured as if it were not among them.

    Attributes:
        vocabulary: int32 (words,): fingerprints of the words, modulo `FINGERPRINTS`, ascending.
        counts: float32 (words,): the number of training texts that have each.
        texts: Number of these texts.
        usual: float32 (5,): mean rarity of a word, its variance between texts and within one; mean share of
            new words, its variance between texts.
        known: float32 (k,): how unusual the training texts are, ascending.

    Example:
        >>> some = ["the parcel is late", "the box is late", "the parcel is lost", "the box is lost"] * 20
        >>> familiarity = fit_familiarity(some, seed=0)
        >>> found = familiarity.surprise(["The box is lost!", "Superb acting, moving plot"])
        >>> bool(found[0] > 0.05 > found[1])
        True
    """

    vocabulary: np.ndarray
    counts: np.ndarray
    texts: int
    usual: np.ndarray
    known: np.ndarray

    def surprise(self, texts):
        """The share of training texts that are as unusual as each text.

        Args:
            texts: Sequence of n str.

        Returns:
            float (n,), from 1 / (k + 1) to 1, where k is the number of training texts: low for texts that are
            unlike them. Texts without a word are as low as can be.
        """
        beyond = len(self.known) - np.searchsorted(self.known, self.unusual(texts), side="left")
        return (beyond + 1) / (len(self.known) + 1)

    def unusual(self, texts):
        """How unusual texts are.

        Args:
            texts: Sequence of n str.

        Returns:
            float32 (n,), in standard deviations above what is usual; infinite for a text without words.
        """
        numbers, rows = words_of(texts)
        place = np.searchsorted(self.vocabulary, numbers).clip(0, max(0, len(self.vocabulary) - 1))
        is_known = self.vocabulary[place] == numbers if len(self.vocabulary) else np.zeros(len(numbers), bool)
        counts = np.where(is_known, self.counts[place] if len(self.counts) else 0, 0)
        return _unusual(_measures(numbers, rows, counts, len(texts), self.texts), self.usual)

    def rules(self, abstain):
        """What tells whether a text is as unusual as at most a share `abstain` of the training texts.

        Args:
            abstain: Share, above 0 and below 1.

        Returns:
            {name: value}: arrays "vocabulary" and "values", its words and their counts; "texts"; "usual"; and
            "limit", above which a text is too unusual, or None.

        Example:
            >>> sorted(fit_familiarity(["a b", "a c"] * 20).rules(0.05))
            ['limit', 'texts', 'usual', 'values', 'vocabulary']
        """
        return {
            "vocabulary": self.vocabulary.astype("int64"),
            "values": self.counts.astype("int64"),
            "texts": self.texts,
            "usual": self.usual.tolist(),
            "limit": limit_of(self.known, abstain),
        }

    def state(self):
        """The same as what JSON can hold, for `from_state`: {name: value}."""
        return arrays_as_texts(self, ARRAYS) | {"texts": self.texts}

    @classmethod
    def from_state(cls, state):
        """What `state` returned, from somebody who may not be trusted.

        Raises:
            DamagedError, KeyError, TypeError, ValueError: If it is none.
        """
        found = texts_as_arrays(state, ARRAYS, MOST_CHARACTERS)
        if type(state["texts"]) is not int or not 1 <= state["texts"] <= MOST_TEXTS:
            raise DamagedError("its number of texts is none")
        vocabulary, counts, usual = found["vocabulary"], found["counts"], found["usual"]
        if len(vocabulary) != len(counts) or (vocabulary[1:] <= vocabulary[:-1]).any() or (counts < 0).any():
            raise DamagedError("its words are not in order")
        if len(usual) != 5 or (usual[[1, 2, 4]] < 0).any() or not 0 <= usual[3] <= 1:
            raise DamagedError("its measures are none")
        if (np.diff(found["known"]) < 0).any() or not len(found["known"]):
            raise DamagedError("its texts are not in order")
        return cls(**found, texts=state["texts"])


def limit_of(known, abstain):
    """The value above which at most a share of known values, and the new one, are.

    Args:
        known: Ascending, (k,).
        abstain: Share, above 0 and below 1.

    Returns:
        float; None where nothing is above, as there are too few for this share, or infinite ones.

    Example:
        >>> limit_of(np.arange(99), 0.05), limit_of(np.arange(9), 0.05)
        (94.0, None)
    """
    beyond = int(np.floor(abstain * (len(known) + 1) + 1e-9)) - 1  # of the known ones, at most
    found = np.inf if beyond < 0 else float(known[len(known) - 1 - beyond])
    return None if np.isinf(found) else found


def fit_familiarity(texts, seed=0):
    """Measure training texts.

    Args:
        texts: Sequence of n str.
        seed: Draws 10,000 of them where there are more.

    Returns:
        A `Familiarity`; None if fewer than two texts have a word.

    Example:
        >>> fit_familiarity(["a b", "a c"]).texts
        2
    """
    drawn = np.sort(np.random.default_rng(seed).permutation(len(texts))[:MOST_TEXTS])
    numbers, rows = words_of([texts[n] for n in drawn])
    filled, rows = np.unique(rows, return_inverse=True)
    if len(filled) < 2:
        return None
    vocabulary, place = np.unique(numbers, return_inverse=True)
    different = np.unique(np.stack([rows, place], 1), axis=0)
    counts = np.bincount(different[:, 1], minlength=len(vocabulary))
    found = _measures(numbers, rows, counts[place] - 1, len(filled), len(filled) - 1)
    usual = _usual(*found)
    known = np.sort(_unusual(found, usual))
    kept = np.sort(np.argsort(-counts, kind="stable")[:MOST_WORDS])
    return Familiarity(
        vocabulary[kept].astype("int32"), counts[kept].astype("float32"), len(filled), usual, known
    )


def words_of(texts):
    """The words of all texts, without punctuation.

    Args:
        texts: Sequence of n str.

    Returns:
        (fingerprints of the m words, modulo `FINGERPRINTS`; the text that each is in, ascending).

    Example:
        >>> numbers, rows = words_of(["Good, so good!", "bad"])
        >>> bool(numbers[0] == numbers[2]), rows.tolist()
        (True, [0, 0, 0, 1])
    """
    splitter, numbers, lengths = NgramIndex(1, longest=1), [], []
    for n in range(0, len(texts), AT_ONCE):
        found = splitter.fingerprints([MARKS.sub(" ", text) for text in texts[n : n + AT_ONCE]])
        numbers.append(found.values.numpy() % FINGERPRINTS)
        lengths.append(found.row_lengths().numpy())
    if not numbers:
        return np.zeros(0, int), np.zeros(0, int)
    return np.concatenate(numbers), np.repeat(np.arange(len(texts)), np.concatenate(lengths))


def _measures(numbers, rows, counts, texts, of):
    """Of each text: words, different words, mean and variance of their rarity, share that is new."""
    rarity = np.log((of + 1) / (np.maximum(counts, 0) + 0.5))
    words = np.bincount(rows, minlength=texts)
    mean = np.bincount(rows, rarity, texts) / np.maximum(1, words)
    variance = np.bincount(rows, rarity**2, texts) / np.maximum(1, words) - mean**2
    _, first = np.unique(rows * FINGERPRINTS + numbers, return_index=True)
    different = np.bincount(rows[first], minlength=texts)
    new = np.bincount(rows[first], counts[first] <= 0, texts) / np.maximum(1, different)
    return words, different, mean, variance, new


def _usual(words, different, mean, variance, new):
    """Means and variances over the training texts; between texts what is more than single words explain."""
    within = max(LEAST, np.average(variance, weights=words))
    share = np.clip(new.mean(), 1e-3, 1 - 1e-3)
    between = max(LEAST, mean.var() - np.mean(within / words))
    of_share = max(LEAST, new.var() - np.mean(share * (1 - share) / different))
    return np.array([np.average(mean, weights=words), between, within, share, of_share], "float32")


def _unusual(measures, usual):
    words, different, mean, _, new = measures
    rarity, between, within, share, of_share = usual.astype("float64")
    with np.errstate(divide="ignore", invalid="ignore"):
        rare = (mean - rarity) / np.sqrt(between + within / words)
        more = (new - share) / np.sqrt(of_share + share * (1 - share) / different)
    return np.where(words > 0, np.maximum(rare, more), np.inf).astype("float32")
