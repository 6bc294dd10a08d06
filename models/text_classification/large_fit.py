"""Logistic regression on n-grams of so many texts that liblinear's copy of them would be too large."""

import numpy as np
from scipy import optimize, sparse
from scipy.special import expit

BLOCK = 2**22  # n-grams of all texts together that are multiplied at once
MOST_STEPS = 50  # of the solver
PRECISION = 1e-7  # relative decrease of the loss from step to step with which it ends
LEAST_SCALE = 1e-3  # of an n-gram, below which its weight begins at 0
KEPT = 6  # steps that it remembers: each is two vectors of as many numbers as there are n-grams


class Blocks:
    """Which n-grams each of many texts has, in blocks of texts that share the memory of a matrix.

    Args:
        matrix: Sparse (n, ngrams) of 0 and 1, by rows, of integers of 8 bits. All that is stored is 1.

    Example:
        >>> blocks = Blocks(sparse.csr_matrix([[1, 0], [1, 1]], dtype="int8"))
        >>> blocks.times([2.0, 3.0]).tolist(), blocks.transposed_times([1.0, 5.0]).tolist()
        ([2.0, 5.0], [6.0, 5.0])
    """

    def __init__(self, matrix):
        ends, self.shape, self._blocks = matrix.indptr, matrix.shape, []
        starts = [0, *np.flatnonzero(np.diff(ends // BLOCK)).tolist(), matrix.shape[0]]
        bounds = [(start, end) for start, end in zip(starts, starts[1:], strict=False) if end > start]
        ones = np.ones(max((int(ends[end] - ends[start]) for start, end in bounds), default=0), "float32")
        for start, end in bounds:
            first, last = int(ends[start]), int(ends[end])
            places = (ends[start : end + 1] - first).astype(matrix.indices.dtype)
            some = (ones[: last - first], matrix.indices[first:last], places)
            block = sparse.csr_matrix(some, (end - start, matrix.shape[1]))
            self._blocks.append((slice(start, end), block))

    def __iter__(self):
        """(slice of the texts, sparse float32 matrix) of each block."""
        return iter(self._blocks)

    def times(self, numbers):
        """The sum of the numbers of each text's n-grams.

        Args:
            numbers: (ngrams,) or (ngrams, k).

        Returns:
            float32 (n,) or (n, k).
        """
        numbers = np.asarray(numbers, "float32")
        found = np.zeros((self.shape[0], *numbers.shape[1:]), "float32")
        for rows, block in self._blocks:
            found[rows] = block @ numbers
        return found

    def transposed_times(self, numbers):
        """The sum of the numbers of the texts that have each n-gram.

        Args:
            numbers: (n,).

        Returns:
            float64 (ngrams,), exact where the numbers are whole.
        """
        numbers, found = np.asarray(numbers, "float32"), np.zeros(self.shape[1])
        for rows, block in self._blocks:
            found += block.T @ numbers[rows]
        return found


def fit_in_blocks(matrix, is_one, scale, norms=None, strength=1.0, weights=None, start=None):
    """Logistic regression with an L2 penalty, as scikit-learn's, without a copy of the texts.

    L-BFGS looks at all texts in each step, block by block. As with liblinear, the bias is penalized as well.

    Args:
        matrix: Which n-grams each text has: sparse int8 (n, ngrams) of 0 and 1.
        is_one: Whether each text is of the class, bool (n,).
        scale: What each n-gram counts, (ngrams,).
        norms: What each text's n-grams are divided by, (n,); None for 1.
        strength: Inverse of the penalty, `C` of scikit-learn.
        weights: What each text counts, (n,); None for 1.
        start: (what each n-gram's weight begins with, multiplied by its scale, (k,); the bias), such as those
            fitted on a part of the texts; None for 0.

    Returns:
        (float32 (ngrams,): the weight of each n-gram, not multiplied by its scale; float: the bias).

    Example:
        >>> counts = sparse.csr_matrix([[1, 0], [0, 1]] * 5, dtype="int8")
        >>> found, bias = fit_in_blocks(counts, np.array([True, False] * 5), np.ones(2))
        >>> bool(found[0] > 1 > -1 > found[1]), round(abs(bias), 2)
        (True, 0.0)
    """
    blocks, signs = Blocks(matrix), np.where(is_one, 1, -1).astype("float32")
    costs = strength * (np.ones(len(signs)) if weights is None else np.asarray(weights))
    divided = np.ones(len(signs), "float32") if norms is None else np.asarray(norms, "float32")

    def parts():
        for rows, block in blocks:
            yield block, signs[rows], costs[rows], divided[rows]

    return solve(parts, scale, start)


def solve(parts, scale, start=None, callback=None):
    """Logistic regression with an L2 penalty on texts that come in parts, once for each step of L-BFGS.

    Args:
        parts: Function that gives all texts, part by part: (which n-grams each has, sparse float32
            (k, ngrams) of 0 and 1; 1 or -1 for each, (k,); what it counts, multiplied by the strength; what
            its n-grams are divided by). So the texts may stay in files.
        scale, start: As for `fit_in_blocks`.
        callback: Function of the parameters that is called after each step, or None.

    Returns:
        As `fit_in_blocks`.

    Example:
        >>> texts = sparse.csr_matrix([[1, 0], [0, 1]] * 5, dtype="float32")
        >>> ones = np.ones(10, "float32")
        >>> found, bias = solve(lambda: [(texts, np.array([1, -1] * 5), ones, ones)], np.ones(2))
        >>> bool(found[0] > 1 > -1 > found[1])
        True
    """

    def loss(parameters):
        value, slopes = parameters @ parameters / 2, np.zeros(len(parameters))
        weights = (parameters[:-1] * scale).astype("float32")
        for matrix, signs, costs, divided in parts():
            margins = signs * (matrix @ weights / divided + parameters[-1])
            value += costs @ np.logaddexp(0, -margins.astype("float64"))
            residuals = -costs * signs * expit(-margins)
            slopes[:-1] += matrix.T @ (residuals / divided).astype("float32")
            slopes[-1] += residuals.sum()
        slopes[:-1] *= scale
        return value, slopes + parameters

    begin = np.zeros(len(scale) + 1)
    if start is not None:
        counting = np.abs(scale) > LEAST_SCALE
        begin[:-1][counting] = start[0][: len(scale)][counting] / scale[counting]
        begin[-1] = start[1]
    found = optimize.minimize(
        loss,
        begin,
        jac=True,
        method="L-BFGS-B",
        callback=callback,
        options={"maxiter": MOST_STEPS, "ftol": PRECISION, "maxcor": KEPT},
    )
    return found.x[:-1].astype("float32"), float(found.x[-1])
