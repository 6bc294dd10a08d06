"""The n-grams of any number of texts in files of a folder: memory holds one block of them at a time."""

import shutil
from pathlib import Path

import numpy as np
from scipy import sparse

from ..checks.free_memory import about, spoken
from ..errors import ModelError
from ..ngram_index import LETTERS, NgramIndex
from . import large_fit
from .ngram_counts import KNOWN, MOST_VOTES, different_ngrams

AT_ONCE = 1000  # texts that are taken apart together
KEPT = 2**22  # different n-grams that are counted on, where there are more of them; the rarest are forgotten
BYTES = 8  # of an n-gram, until it is known which of them are used
PENDING = 2**22  # different n-grams after which counts are added up


class FrequentNgrams:
    """Counts n-grams, of which only the most frequent ones are kept while there are too many.

    Counts are exact as long as there are at most 4 million different n-grams. Of more, the rarest so far are
    forgotten, so that those who come again begin at 0: hardly one of the most frequent million is among them.

    Example:
        >>> counts = FrequentNgrams()
        >>> counts.add(np.array([7, 5, 7]))
        >>> counts.most_frequent(1).tolist(), counts.most_frequent(9).tolist()
        ([7], [5, 7])
    """

    def __init__(self):
        self._pending, self._waiting = [(np.zeros(0, "int64"), np.zeros(0, "int64"))], 0

    def add(self, fingerprints):
        """Count n-grams.

        Args:
            fingerprints: int64 (n,), one for each text that has it.
        """
        self._pending.append(np.unique(fingerprints, return_counts=True))
        self._waiting += len(self._pending[-1][0])
        if self._waiting > PENDING:
            self._add_up()

    def most_frequent(self, most):
        """The most frequent n-grams: of words all, of letters those that two texts have.

        Args:
            most: How many at most.

        Returns:
            Their fingerprints, int64 (k,), ascending.
        """
        self._add_up()
        [(values, counts)] = self._pending
        kept = (counts > 1) | (values < LETTERS)
        return values[kept][_top(counts[kept], most)]

    def _add_up(self):
        values = np.concatenate([each for each, _ in self._pending])
        counts = np.concatenate([count for _, count in self._pending])
        self._pending, self._waiting = [], 0
        order = np.argsort(values, kind="stable")
        values, counts = values[order], counts[order]
        first = np.flatnonzero(np.diff(values, prepend=-1))
        counts = np.add.reduceat(counts, first) if len(first) else counts
        values = values[first]
        kept = _top(counts, KEPT)
        self._pending = [(values[kept], counts[kept])]


def _top(counts, most):
    """Ascending indices of the largest counts; of equal ones the first."""
    if len(counts) <= most:
        return np.arange(len(counts))
    least = np.partition(counts, len(counts) - most)[len(counts) - most]
    above, equal = np.flatnonzero(counts > least), np.flatnonzero(counts == least)
    return np.sort(np.concatenate([above, equal[: most - len(above)]]))


class NgramFiles:
    """Which n-grams each of many texts has, in files.

    Texts are added in blocks; then `close` chooses the n-grams to know, and the others are left out.

    Args:
        folder: Where the files are written; whoever made it removes it.
        longest: Tokens of the longest n-gram.
        classes: Number of classes.
        letters: Letters of the longest n-gram of letters; 0 for none.

    Attributes:
        fingerprints: int64 (ngrams,) of the known ones, ascending, after `close`; those of letters are the
            last ones. `longest` and `letters` are as for `NgramIndex`.
        words: How many of the known n-grams are of words.
        frequency: int64 (classes, ngrams): how many texts of each class have each n-gram.
        texts: int64 (classes,): number of texts.
        stored: Number of known n-grams of all texts together.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     files = NgramFiles(folder, longest=1, classes=2)
        ...     files.add(["so good", "so bad"], np.array([1, 0]))
        ...     files.close()
        ...     [(matrix, labels)] = files
        >>> matrix.shape, labels.tolist(), sorted(files.frequency.sum(0).tolist())
        ((2, 3), [1, 0], [1, 1, 2])
    """

    def __init__(self, folder, longest, classes, letters=0):
        self.longest, self.letters, self.fingerprints = longest, letters, None
        self._folder, self._classes, self._blocks = Path(folder), classes, 0
        self._splitter, self._counts = NgramIndex(1, longest, letters), FrequentNgrams()
        self._waiting, self._size, self._bytes = [], 0, 0
        self.texts = np.zeros(classes, "int64")

    def add(self, texts, labels):
        """Take texts apart, and store them: list of n str, and class indices int64 (n,)."""
        self.texts += np.bincount(labels, minlength=self._classes)
        for n in range(0, len(texts), AT_ONCE):
            values, lengths = different_ngrams(self._splitter, texts[n : n + AT_ONCE])
            self._waiting.append((values, lengths, labels[n : n + AT_ONCE]))
            self._size += len(values)
            if self._size >= large_fit.BLOCK:
                self._write()

    def count(self, texts):
        """Count the n-grams of texts that are not stored, so that they may be known: list of n str."""
        for n in range(0, len(texts), AT_ONCE):
            self._counts.add(different_ngrams(self._splitter, texts[n : n + AT_ONCE])[0])

    def store(self, matrix, labels):
        """Store further texts after `close`: what `columns_of` gives, and class indices int64 (n,)."""
        self.texts += np.bincount(labels, minlength=self._classes)
        self._keep(matrix, labels)

    def columns_of(self, texts):
        """Which of the known n-grams each text has: sparse int8 (n, ngrams)."""
        found = [
            self._known_in(*different_ngrams(self._splitter, texts[n : n + AT_ONCE]))
            for n in range(0, len(texts), AT_ONCE)
        ]
        empty = sparse.csr_matrix((0, len(self.fingerprints)), dtype="int8")
        return sparse.vstack([empty, *found], "csr")

    def check_room(self, texts):
        """Refuse so many texts that the disk would not hold them, judged by those that were added.

        Args:
            texts: Number of all texts.

        Raises:
            ModelError: If there is not enough room.
        """
        per_text = (self._bytes + BYTES * self._size) / max(1, int(self.texts.sum()))
        free = shutil.disk_usage(self._folder).free + self._bytes
        needed = per_text * texts
        if needed > free:
            raise ModelError(
                f"{texts:,} texts need {about(needed)} of disk in {self._folder.parent} while they are "
                f"learned from, and {spoken(free)} are free; set the environment variable TMPDIR to a folder "
                "with more room."
            )

    def close(self):
        """Choose the n-grams to know, and store only these.

        Raises:
            ModelError: If no text has a word.
        """
        if self._waiting:
            self._write()
        most = min(KNOWN, MOST_VOTES // (2 * (1 if self._classes == 2 else self._classes) + 1))
        self.fingerprints, self._counts = self._counts.most_frequent(most), None
        if not len(self.fingerprints):
            raise ModelError("None of the training texts has a word; give texts that do.")
        size, self.words = len(self.fingerprints), int(np.sum(self.fingerprints < LETTERS))
        self.frequency, self.stored = np.zeros((self._classes, size), "int64"), 0
        written, self._blocks = self._blocks, 0
        for number in range(written):
            path = self._path(number, "values")
            lengths, labels = np.load(self._path(number, "texts"))
            self._keep(self._known_in(np.load(path), lengths), labels)
            path.unlink()

    def __iter__(self):
        """Of each block: (which n-grams each text has, sparse float32 of 0 and 1; class indices (k,))."""
        for number in range(self._blocks):
            counts, labels = np.load(self._path(number, "texts"))
            columns = np.load(self._path(number, "columns"))
            yield _matrix(columns, counts, len(self.fingerprints), "float32"), labels

    def sample(self, most, seed):
        """Some of the texts, drawn at random.

        Args:
            most: Number of known n-grams that they have together, about; all texts if these have no more.
            seed: The same seed draws the same.

        Returns:
            (which n-grams each has, sparse int8 (n, ngrams); class indices (n,)).
        """
        share, random = min(1.0, most / max(1, self.stored)), np.random.default_rng(seed)
        found, labels = [], []
        for matrix, own in self:
            rows = np.flatnonzero(random.random(len(own)) < share)
            found.append(matrix[rows].astype("int8"))
            labels.append(own[rows])
        return sparse.vstack(found, "csr"), np.concatenate(labels).astype("int64")

    def _write(self):
        values, lengths, labels = (np.concatenate(each) for each in zip(*self._waiting, strict=True))
        self._waiting, self._size = [], 0
        self._counts.add(values)
        np.save(self._path(self._blocks, "values"), values)
        np.save(self._path(self._blocks, "texts"), np.stack([lengths, labels]).astype("int32"))
        self._blocks, self._bytes = self._blocks + 1, self._bytes + values.nbytes + 8 * len(labels)

    def _keep(self, matrix, labels):
        """Write one more block of known n-grams, and count them."""
        counts = np.diff(matrix.indptr)
        np.save(self._path(self._blocks, "columns"), matrix.indices.astype("int32"))
        np.save(self._path(self._blocks, "texts"), np.stack([counts, labels]).astype("int32"))
        self._blocks, self.stored = self._blocks + 1, self.stored + matrix.nnz
        for label in np.unique(labels):
            own = matrix[labels == label].indices
            self.frequency[label] += np.bincount(own, minlength=matrix.shape[1])

    def _path(self, number, what):
        return self._folder / f"{number}.{what}.npy"

    def _known_in(self, values, lengths):
        """Which of the known n-grams texts have, given those of each: sparse int8."""
        places = np.searchsorted(self.fingerprints, values).clip(0, len(self.fingerprints) - 1)
        hit = self.fingerprints[places] == values
        texts = np.repeat(np.arange(len(lengths)), lengths)[hit]
        counts = np.bincount(texts, minlength=len(lengths))
        return _matrix(places[hit].astype("int32"), counts, len(self.fingerprints), "int8")


def _matrix(columns, counts, size, dtype):
    ends = np.concatenate([[0], np.cumsum(counts)]).astype("int32")
    return sparse.csr_matrix((np.ones(len(columns), dtype), columns, ends), (len(counts), size))
