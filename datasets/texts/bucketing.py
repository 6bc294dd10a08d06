"""Batches of sequences of similar length, padded to the longest of them.

A recurrent network takes as many steps as the longest sequence of a batch, so padding costs time. On some
backends Keras also compiles a network anew for every length, so there are few different ones.
"""

import keras
import numpy as np

from ..sources import DataError

CANDIDATES = 64  # lengths among which the best ones are chosen


class LengthBuckets(keras.utils.PyDataset):
    """Sequences of any length as batches of few different lengths, for `fit`, `evaluate` and `predict`.

    Everything is padded once, at the beginning. The sequences of a batch are drawn anew for every epoch, from
    those of the same padded length.

    Args:
        sequences: List of n arrays (length,) of token ids; 0 is for padding.
        labels: Array (n,) of labels, or None to predict.
        batch_size: Sequences in a batch.
        lengths: Number of different lengths at most.
        longest: Sequences are cut off after this many ids; None for never.
        shuffle: Whether to draw the batches anew; False where order matters, as in `order`.
        seed: Makes the draw repeatable.

    Attributes:
        lengths: The lengths that the batches are padded to, ascending.
        order: Array (n,): index of the sequence that each row of `predict`'s result belongs to.

    Raises:
        DataError: If there are no sequences, or a size is not positive.

    Example:
        >>> batches = LengthBuckets([np.array([5, 6, 7]), np.array([8])], np.array([0, 1]), shuffle=False)
        >>> batches.lengths, [batches[n][0].tolist() for n in range(len(batches))]
        ([1, 3], [[[8]], [[5, 6, 7]]])
        >>> batches.order
        array([1, 0])
    """

    def __init__(self, sequences, labels=None, batch_size=128, lengths=8, longest=None, shuffle=True, seed=0):
        super().__init__()
        if not len(sequences):
            raise DataError("There are no sequences to make batches of.")
        for name, size in (("batch_size", batch_size), ("lengths", lengths), ("longest", longest)):
            if size is not None and size < 1:
                raise DataError(f"{name} must be 1 or more, not {size}.")
        sizes = np.array([max(1, len(sequence)) for sequence in sequences])  # an empty one is all padding
        sizes = np.minimum(sizes, longest or sizes.max())
        self.lengths = thriftiest_lengths(sizes, lengths)
        self._batch_size = batch_size
        self._rng = np.random.default_rng(seed) if shuffle else None
        self._buckets = []  # of each length: (which sequences, ids (n, length), labels (n,))
        for shorter, length in zip([0, *self.lengths], self.lengths, strict=False):
            members = np.flatnonzero((sizes > shorter) & (sizes <= length))
            padded = np.zeros((len(members), length), "int32")
            for row, member in zip(padded, members, strict=True):
                ids = sequences[member][:length]
                row[: len(ids)] = ids
            self._buckets.append((members, padded, None if labels is None else labels[members]))
        self.on_epoch_end()

    def on_epoch_end(self):
        """Draw the batches of the next epoch; Keras calls this at the end of each.

        Example:
            >>> batches = LengthBuckets([np.arange(1, 9)] * 4, batch_size=2, seed=0)
            >>> before = batches.order
            >>> batches.on_epoch_end()
            >>> sorted(before.tolist()) == sorted(batches.order.tolist())
            True
        """
        batches = []  # (bucket, rows)
        for bucket, (members, _, _) in enumerate(self._buckets):
            rows = np.arange(len(members))
            if self._rng:
                self._rng.shuffle(rows)
            batches += [
                (bucket, rows[n : n + self._batch_size]) for n in range(0, len(rows), self._batch_size)
            ]
        if self._rng:
            self._rng.shuffle(batches)
        # Keras infers the shape of all batches from the first two: of two lengths it learns that they differ
        other = next((n for n, batch in enumerate(batches) if batch[0] != batches[0][0]), None)
        if other:
            batches[1], batches[other] = batches[other], batches[1]
        self._batches = batches

    @property
    def order(self):
        return np.concatenate([self._buckets[bucket][0][rows] for bucket, rows in self._batches])

    def by_length(self):
        """The first batch of each length, and how many there are.

        Returns:
            List of (batch, number of batches), the shortest first.

        Example:
            >>> batches = LengthBuckets([np.array([5, 6])] * 3 + [np.array([8])], batch_size=2, shuffle=False)
            >>> [(batch[0].shape, number) for batch, number in batches.by_length()]
            [((1, 1), 1), ((2, 2), 2)]
        """
        buckets = [bucket for bucket, _ in self._batches]
        return [(self[buckets.index(each)], buckets.count(each)) for each in sorted(set(buckets))]

    def __len__(self):
        return len(self._batches)

    def __getitem__(self, index):
        bucket, rows = self._batches[index]
        _, padded, labels = self._buckets[bucket]
        return (padded[rows],) if labels is None else (padded[rows], labels[rows])


def thriftiest_lengths(sizes, count):
    """The few lengths to pad to that add the least padding.

    Args:
        sizes: Array (n,) of the sequences' lengths, at least 1.
        count: Number of lengths at most.

    Returns:
        Ascending list of at most `count` ints, the last of which is the largest size. They are the best
        choice among 64 quantiles of the sizes, found by dynamic programming.

    Example:
        >>> thriftiest_lengths(np.array([2, 2, 3, 3, 9]), count=2)
        [3, 9]
    """
    sizes = np.sort(sizes)
    ends = np.unique(sizes[np.linspace(0, len(sizes) - 1, CANDIDATES + 1).astype(int)[1:]])
    below = np.searchsorted(sizes, ends, side="right")  # sequences that each end would hold
    # best[k]: the fewest ids, padding included, of all sequences up to end k; cut[k]: the end before
    best, cuts = below * ends, []
    for _ in range(min(count, len(ends)) - 1):
        costs = best[:, None] + (below[None] - below[:, None]) * ends[None]  # (end before, end)
        costs[np.tril_indices(len(ends))] = np.iinfo(costs.dtype).max
        cut = np.where(costs.min(0) < best, costs.argmin(0), -1)
        best = np.minimum(best, costs.min(0))
        cuts.append(cut)
    chosen = [len(ends) - 1]
    for cut in reversed(cuts):
        if cut[chosen[0]] >= 0:
            chosen.insert(0, int(cut[chosen[0]]))
    return [int(ends[n]) for n in chosen]
