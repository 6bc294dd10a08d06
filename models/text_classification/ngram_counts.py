"""Which n-grams a classifier knows, and which of them each text has, of any number of texts."""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from ..checks.memory import memory_refusal
from ..errors import ModelError
from ..ngram_index import LETTERS, NgramIndex

KNOWN = 2**20  # n-grams at most, the most frequent ones
MOST_VOTES = 2**23  # numbers in the network: 32 MB of weights
MANY = 2_000_000  # tokens in all texts from which three in a row are frequent enough to learn about
SPELLED = 5_000_000  # characters in all texts up to which n-grams of letters are used: they are many
LONGEST_SPELLED = 5  # letters
AT_ONCE = 1000  # texts that are taken apart together
PORTION = 2**22  # n-grams that are counted together, about
CHECKED = 50  # portions after which it is asked again whether there is memory for the rest
# Memory that a fit takes beside what is there already: for each n-gram of each text, and for any number
BYTES, LEAST_BYTES = 12, 600 << 20


class Grams(NamedTuple):
    """The n-grams of n texts.

    Attributes:
        fingerprints: int64 (ngrams,), ascending; those of letters are the last ones.
        matrix: Which n-grams each text has: sparse int8 (n, ngrams) of 0 and 1.
        words: How many of the n-grams are of words.
        longest, letters: As for `NgramIndex`.

    Example:
        >>> grams = Grams(np.array([3, 8]), sparse.csr_matrix([[1, 0], [1, 1]], dtype="int8"), 2, 1, 0)
        >>> grams.rows([1]).toarray().tolist()
        [[1, 1]]
    """

    fingerprints: np.ndarray
    matrix: sparse.csr_matrix
    words: int
    longest: int
    letters: int

    def rows(self, chosen, words_only=False):
        """The matrix of some texts.

        Args:
            chosen: Ascending indices.
            words_only: Whether to leave out n-grams of letters.
        """
        matrix = self.matrix if len(chosen) == self.matrix.shape[0] else self.matrix[chosen]
        return matrix[:, : self.words] if words_only and self.words < matrix.shape[1] else matrix


def count_ngrams(texts, fitted, classes):
    """Take texts apart into n-grams, and choose which ones to know.

    Args:
        texts: n str.
        fitted: The first so many of them decide which n-grams are known: all of words, those of letters that
            two texts have; if these are too many, the most frequent ones.
        classes: Number of classes: with more, fewer n-grams.

    Returns:
        `Grams`.

    Raises:
        ModelError: If no text has a word, or there are more texts than there is memory for.

    Example:
        >>> grams = count_ngrams(["so good", "so so"], fitted=2, classes=2)
        >>> grams.words, grams.longest  # so, good, so good, so so
        (4, 2)
    """
    longest = 3 if sum(len(text.split()) for text in texts) > MANY else 2
    letters = LONGEST_SPELLED if sum(map(len, texts)) <= SPELLED else 0
    splitter = NgramIndex(1, longest, letters)
    parts, some, there = [], [], 0
    for n in range(0, len(texts), AT_ONCE):
        if n % (CHECKED * AT_ONCE) == 0 and n:
            _check_memory(len(texts), len(texts) - n, there / n)
        some.append(different_ngrams(splitter, texts[n : n + AT_ONCE]))
        there += len(some[-1][0])
        if sum(len(each) for each, _ in some) >= PORTION:
            parts.append(_joined(some))
            some = []
    parts += [_joined(some)] if some else []
    known = _most_frequent(parts, fitted, classes)
    if not len(known):
        raise ModelError("None of the training texts has a word; give texts that do.")
    matrix = _matrix(parts, known)
    return Grams(known, matrix, int(np.sum(known < LETTERS)), longest, letters)


def _check_memory(texts, left, ngrams):
    """Refuse so many texts that the rest of them would not fit, before the system ends the process.

    Args:
        texts: Number of texts.
        left: How many of them are still to be taken apart.
        ngrams: Mean number of n-grams of a text.
    """
    if refusal := memory_refusal(texts, (BYTES * texts + 8 * left) * ngrams + LEAST_BYTES):
        raise ModelError(f"TextClassifier.fit cannot learn from all texts at once: a number {refusal}")


def different_ngrams(splitter, texts):
    """The different n-grams of each text.

    Args:
        splitter: `NgramIndex`.
        texts: n str.

    Returns:
        (their fingerprints, int64, ascending in each text, text after text; how many each has, (n,)).

    Example:
        >>> different_ngrams(NgramIndex(1, longest=1), ["so so good", ""])[1]
        array([2, 0])
    """
    ragged = splitter.fingerprints(list(texts))
    values, lengths = ragged.values.numpy(), ragged.row_lengths().numpy()
    rows = np.repeat(np.arange(len(lengths)), lengths)
    order = np.lexsort((values, rows))
    values, rows = values[order], rows[order]
    first = np.ones(len(values), bool)
    first[1:] = (values[1:] != values[:-1]) | (rows[1:] != rows[:-1])
    return values[first], np.bincount(rows[first], minlength=len(lengths))


def _joined(parts):
    """One part of several: a piece of memory so large that the system gets it back when it is not used."""
    return tuple(np.concatenate(each) for each in zip(*parts, strict=True))


def _most_frequent(parts, fitted, classes):
    """Which n-grams to know, ascending, by the first `fitted` texts: counted one range after the other.

    So only those of one range, and the most frequent so far, are in memory with their counts.
    """
    most = min(KNOWN, MOST_VOTES // (2 * (1 if classes == 2 else classes) + 1))
    used = []
    for values, lengths in parts:
        used.append(values[: int(lengths[: max(0, fitted)].sum())])
        fitted -= len(lengths)
    ranges = -(-sum(map(len, used)) // PORTION)
    found, counts = np.zeros(0, "int64"), np.zeros(0, "int64")
    for number in range(ranges):
        low, high = (2 * LETTERS * edge // ranges for edge in (number, number + 1))
        some = np.concatenate([part[(part >= low) & (part < high)] for part in used])
        each, count = np.unique(some, return_counts=True)
        kept = (count > 1) | (each < LETTERS)
        found, counts = np.concatenate([found, each[kept]]), np.concatenate([counts, count[kept]])
        if len(found) > most:
            rows = np.sort(np.argsort(-counts, kind="stable")[:most])
            found, counts = found[rows], counts[rows]
    return found


def _matrix(parts, known):
    """Which of the known n-grams each text has; `parts` is emptied, to save memory."""
    columns = np.empty(
        sum(len(values) for values, _ in parts), "int32"
    )  # what is not written takes no memory
    counts, there = [], 0
    while parts:
        values, lengths = parts.pop(0)
        places = np.searchsorted(known, values).astype("int32")
        places = np.minimum(places, len(known) - 1, out=places)
        hit = known[places] == values
        texts = np.repeat(np.arange(len(lengths)), lengths)[hit]
        counts.append(np.bincount(texts, minlength=len(lengths)))
        columns[there : there + len(texts)] = places[hit]
        there += len(texts)
    counts = np.concatenate(counts)
    ends = np.concatenate([[0], np.cumsum(counts)])
    ends = ends.astype("int32" if ends[-1] < 2**31 else "int64")
    ones = np.ones(there, "int8")  # a byte each: of a million texts there are 60 million
    return sparse.csr_matrix((ones, columns[:there], ends), (len(counts), len(known)))
