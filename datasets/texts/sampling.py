"""Texts that come block by block, and random samples of them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Block:
    """Some texts of one file.

    Attributes:
        texts: List of k str.
        labels: Class index of each, int64 (k,).
        parts: str (k,): "train", "validation" or "test".
        file: Its name.
        lines: int64 (k,), the line in which each text begins.

    Example:
        >>> Block(["Good."], np.array([1]), np.array(["train"]), "a.csv", np.array([2])).texts
        ['Good.']
    """

    texts: list
    labels: np.ndarray
    parts: np.ndarray
    file: str
    lines: np.ndarray


class Draw:
    """Draws rows of a known number that come block by block, each set of rows with the same probability.

    Args:
        total: How many will come.
        most: How many are drawn, or all if they are fewer.
        seed: The same seed draws the same.

    Example:
        >>> draw = Draw(total=10, most=3, seed=0)
        >>> len(draw.of_next(5)) + len(draw.of_next(5))
        3
    """

    def __init__(self, total, most, seed=0):
        self._left, self._wanted, self._random = total, min(most, total), np.random.default_rng(seed)

    def of_next(self, count):
        """Draw from the next rows.

        Args:
            count: How many come.

        Returns:
            Ascending indices of those that are drawn, int64.

        Example:
            >>> Draw(total=3, most=9).of_next(3).tolist()
            [0, 1, 2]
        """
        count = min(count, self._left)
        share = self._random.hypergeometric(self._wanted, self._left - self._wanted, count) if count else 0
        self._left, self._wanted = self._left - count, self._wanted - share
        return np.sort(self._random.permutation(count)[:share])


class Sampler:
    """Keeps a random sample of the texts of each part that come block by block.

    Args:
        counts: {part: number of its texts}.
        most: {part: how many are kept at most}.
        seed: The same seed draws the same.

    Example:
        >>> sampler, parts = Sampler({"train": 2}, {"train": 1}), np.array(["train", "train"])
        >>> rows = sampler.add(Block(["a", "b"], np.array([1, 0]), parts, "a.csv", np.array([2, 3])))
        >>> len(rows), len(sampler.texts), sampler.parts, sampler.files
        (1, 1, ['train'], ['a.csv'])
    """

    def __init__(self, counts, most, seed=0):
        self._draws = {part: Draw(counts[part], size, seed) for part, size in most.items()}
        self.texts, self.labels, self.parts, self.files, self.lines = [], [], [], [], []

    def add(self, block):
        """Keep some texts of a block.

        Args:
            block: A `Block`.

        Returns:
            Their rows in it, int64, ascending.

        Example:
            >>> sampler = Sampler({"test": 1}, {"test": 5})
            >>> parts, lines = np.array(["train", "test"]), np.array([2, 3])
            >>> sampler.add(Block(["a", "b"], np.array([1, 0]), parts, "a.csv", lines))
            array([1])
        """
        found = [np.zeros(0, "int64")]
        for part, draw in self._draws.items():
            rows = np.flatnonzero(block.parts == part)
            found.append(rows[draw.of_next(len(rows))])
        rows = np.sort(np.concatenate(found))
        self.texts += [block.texts[row] for row in rows]
        self.labels += block.labels[rows].tolist()
        self.parts += block.parts[rows].tolist()
        self.lines += block.lines[rows].tolist()
        self.files += [block.file] * len(rows)
        return rows
