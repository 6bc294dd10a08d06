"""The two linear classifiers of n-grams that are averaged: NB-SVM, and logistic regression on TF-IDF."""

import warnings
from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from .large_fit import Blocks, fit_in_blocks

TOLERANCE = 1e-2  # of the solver
# N-grams of all texts together up to which liblinear is used: it takes 24 bytes for each. 25,000 film reviews
# have 15 million, a million texts of 30 words 60 million
MOST_COPIED = 2**25
NEVER = -10.0  # the score of a class that no text to fit on has


class Votes(NamedTuple):
    """A linear classifier of n-grams, of one class against the others.

    Attributes:
        votes: float32 (ngrams, outputs).
        bias: float32 (outputs,).
        weights: float32 (ngrams,), relative to whose norm in a text its votes count; None if they count as
            they are.

    Example:
        >>> votes = Votes(np.array([[2.0], [-1.0]]), np.array([0.5]))
        >>> votes.scores(sparse.csr_matrix([[1, 0], [1, 1]])).tolist()
        [[2.5], [1.5]]
    """

    votes: np.ndarray
    bias: np.ndarray
    weights: np.ndarray | None = None

    def scores(self, matrix):
        """Scores (n, outputs) of texts, given which n-grams each has."""
        blocks = Blocks(matrix)
        found = blocks.times(self.votes)
        if self.weights is not None:
            found = found / np.maximum(np.sqrt(blocks.times(self.weights**2)), 1e-6)[:, None]
        return found + self.bias

    def divided_by(self, number):
        """The same with its scores divided by a number."""
        return self._replace(votes=self.votes / number, bias=self.bias / number)


def naive_bayes(grams, labels, classes, seed, balanced, strength, rows, start=None):
    """NB-SVM with logistic loss, of words, fitted on some texts.

    Args:
        grams: `Grams` of all texts.
        labels, classes, seed, balanced: As for `fit_ngrams`.
        strength: Inverse of the penalty.
        rows: Of the texts to fit on, ascending.
        start: `Votes` that the solver of many texts begins with.

    Returns:
        `Votes`.

    Example:
        >>> from models.text_classification.ngram_counts import count_ngrams
        >>> grams = count_ngrams(["so good", "so bad"] * 5, 10, classes=2)
        >>> found = naive_bayes(grams, np.array([1, 0] * 5), 2, 0, False, 1.0, np.arange(10))
        >>> (found.scores(grams.matrix)[:2, 0] > 0).tolist()
        [True, False]
    """
    matrix = grams.rows(rows, words_only=True)
    size, solver = len(grams.fingerprints), _solver(strength, seed, balanced)
    return _one_against_others(matrix, labels[rows], classes, solver, size, log_count_ratios, start=start)


def tf_idf(grams, labels, classes, seed, balanced, strength, rows, start=None):
    """Logistic regression on TF-IDF, of words and letters, fitted on some texts.

    Args:
        grams, labels, classes, seed, balanced, strength, rows, start: As for `naive_bayes`.

    Returns:
        `Votes`.

    Example:
        >>> from models.text_classification.ngram_counts import count_ngrams
        >>> grams = count_ngrams(["so good", "so bad"] * 5, 10, classes=2)
        >>> found = tf_idf(grams, np.array([1, 0] * 5), 2, 0, False, 1.0, np.arange(10))
        >>> (found.scores(grams.matrix)[:2, 0] > 0).tolist()
        [True, False]
    """
    matrix, size = grams.rows(rows), len(grams.fingerprints)
    weights = inverse_frequency(np.bincount(matrix.indices, minlength=size), len(rows))
    norms = np.maximum(np.sqrt(Blocks(matrix).times(weights**2)), 1e-6)
    solver = _solver(strength, seed, balanced)
    found = _one_against_others(
        matrix, labels[rows], classes, solver, size, lambda matrix, is_one: weights, norms, start
    )
    return found._replace(weights=weights)


def inverse_frequency(frequency, texts):
    """Inverse document frequency: what n-grams count in TF-IDF.

    Args:
        frequency: Number of texts that have each n-gram, (ngrams,).
        texts: Number of texts.

    Returns:
        float32 (ngrams,).

    Example:
        >>> inverse_frequency(np.array([9, 0]), 9).round(2).tolist()
        [1.0, 3.299999952316284]
    """
    return (np.log((1 + texts) / (1 + frequency)) + 1).astype("float32")


def balanced_weights(is_one, share):
    """What each text counts so that a class and all others count as much.

    Args:
        is_one: Whether each text is of the class, bool (n,).
        share: The share of all texts that are, between 0 and 1.

    Returns:
        float (n,).

    Example:
        >>> balanced_weights(np.array([True, False]), 0.25).round(2).tolist()
        [2.0, 0.67]
    """
    return np.where(is_one, 1 / share, 1 / (1 - share)) / 2


def _solver(strength, seed, balanced):
    weights = "balanced" if balanced else None
    return LogisticRegression(
        C=strength,
        solver="liblinear",
        dual=True,
        tol=TOLERANCE,
        max_iter=200,
        random_state=seed,
        class_weight=weights,
    )


def _one_against_others(matrix, labels, classes, solver, size, weigh, norms=None, start=None):
    """`Votes` for `size` n-grams, of which the matrix has the first ones.

    Args:
        matrix: Which n-grams each text has.
        labels, classes: As for `fit_ngrams`.
        solver: `LogisticRegression`.
        size: Number of n-grams.
        weigh: Function of the matrix and of which texts are of a class that gives each n-gram's scale.
        norms: What each text's scales are divided by, if by anything.
        start: `Votes` that the solver of many texts begins with.
    """
    positive = [1] if classes == 2 else range(classes)
    votes, bias = np.zeros((size, len(positive)), "float32"), np.zeros(len(positive), "float32")
    for column, number in enumerate(positive):
        is_one = labels == number
        if is_one.all() or not is_one.any():
            bias[column] = -NEVER if is_one.any() else NEVER
            continue
        if not matrix.nnz:  # all of these texts are blank: the class's share decides
            bias[column] = np.log(is_one.mean() / (1 - is_one.mean()))
            continue
        scale = weigh(matrix, is_one)
        coefficients, bias[column] = _fit(
            matrix, is_one, scale, norms, solver, start and (start.votes[:, column], start.bias[column])
        )
        votes[: len(scale), column] = coefficients * scale
    return Votes(votes, bias)


def _fit(matrix, is_one, scale, norms, solver, start):
    """(weight of each n-gram before it is multiplied by its scale, bias) of one class against the others."""
    if matrix.nnz > MOST_COPIED:
        weights = balanced_weights(is_one, is_one.mean()) if solver.class_weight else None
        return fit_in_blocks(matrix, is_one, scale, norms, solver.C, weights, start)
    values = scale[matrix.indices].astype("float64")
    if norms is not None:
        values /= np.repeat(norms, np.diff(matrix.indptr))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # what was held back tells how good it is
        solver.fit(sparse.csr_matrix((values, matrix.indices, matrix.indptr), matrix.shape), is_one)
    return solver.coef_[0], solver.intercept_[0]


def log_count_ratios(matrix, is_one):
    """Naive Bayes' weights: how much more frequent an n-gram is in texts of a class than in all others.

    Args:
        matrix: Sparse (n, features) of 0 and 1.
        is_one: Whether each text is of the class, bool (n,).

    Returns:
        float32 (features,): log of a ratio of two relative frequencies, each count increased by one. Features
        that no text has do not count.

    Example:
        >>> counts = sparse.csr_matrix([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
        >>> ratios = log_count_ratios(counts, np.array([True, False]))  # of 2/4 to 2/3, and of 2/4 to 1/3
        >>> [round(float(ratio), 3) for ratio in ratios[:2]]
        [-0.288, 0.405]
    """
    blocks = Blocks(matrix)
    return ratios_of_counts(blocks.transposed_times(is_one), blocks.transposed_times(~is_one))


def ratios_of_counts(one, others):
    """The same of counts.

    Args:
        one, others: Number of texts of a class, and of all others, that have each feature: (features,).

    Returns:
        float32 (features,).

    Example:
        >>> [round(float(ratio), 3) for ratio in ratios_of_counts(np.array([1, 1]), np.array([1, 0]))]
        [-0.288, 0.405]
    """
    used = one + others > 0
    one, others = one + 1, others + 1
    return np.log((one / one[used].sum()) / (others / others[used].sum())).astype("float32")
