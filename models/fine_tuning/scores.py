"""Accuracy, precision and recall with their 95 % intervals, and calibration."""

import math
from dataclasses import dataclass, field

import numpy as np
from scipy import stats
from sklearn import metrics


@dataclass(frozen=True)
class Share:
    """`hits` of `of`, as a share with its 95 % interval after Wilson.

    The interval says how far the share may be off because the sample is small: 9 of 10 may be 60 %
    or 98 %. Of an empty sample, `value` is nan and the interval is 0 to 1.

    Attributes:
        hits, of: Counts.
        value: hits / of.
        low, high: Ends of the interval.

    Example:
        >>> from models.fine_tuning.scores import Share
        >>> str(Share(9, 10))
        '90.0 % (59.6 to 98.2 %)'
    """

    hits: int
    of: int
    value: float = field(init=False)
    low: float = field(init=False)
    high: float = field(init=False)

    def __post_init__(self):
        low, high = 0.0, 1.0
        if self.of:
            low, high = stats.binomtest(self.hits, self.of).proportion_ci(0.95, method="wilson")
        for name, value in (
            ("value", self.hits / self.of if self.of else math.nan),
            ("low", low),
            ("high", high),
        ):
            object.__setattr__(self, name, float(value))

    def __str__(self):
        """Such as "90.0 % (59.6 to 98.2 %)"."""
        if not self.of:
            return "none"
        return f"{100 * self.value:.1f} % ({100 * self.low:.1f} to {100 * self.high:.1f} %)"


@dataclass(frozen=True)
class ClassScore:
    """Precision and recall of one class.

    Attributes:
        name: The class.
        precision: Share of the predictions of this class that are correct.
        recall: Share of this class's examples that are classified correctly.

    Example:
        >>> from models.fine_tuning.scores import ClassScore, Share
        >>> ClassScore("bee", precision=Share(3, 4), recall=Share(3, 3)).precision.value
        0.75
    """

    name: str
    precision: Share
    recall: Share


@dataclass(frozen=True)
class Calibration:
    """Predictions in bins of their probability.

    Attributes:
        edges: Array (bins + 1,) from 0 to 1.
        confidence: Array (bins,), the mean probability of each bin's predictions; nan where there are none.
        shares: List of `Share`, the accuracy in each bin.
        error: The expected calibration error: the mean difference of confidence and accuracy over
            all predictions.

    Example:
        >>> from models.fine_tuning.scores import calibration
        >>> round(calibration([0, 0], [[0.9, 0.1], [0.3, 0.7]], bins=2).error, 2)
        0.3
    """

    edges: np.ndarray
    confidence: np.ndarray
    shares: list
    error: float


def accuracy(truth, answers):
    """The share of predictions that are correct.

    Args:
        truth, answers: Integers (n,).

    Returns:
        A `Share`.

    Example:
        >>> from models.fine_tuning.scores import accuracy
        >>> accuracy([0, 1, 1, 2], [0, 1, 0, 2]).value
        0.75
    """
    return Share(int(np.sum(np.asarray(truth) == np.asarray(answers))), len(truth))


def class_scores(truth, answers, class_names):
    """Precision and recall of each class.

    Args:
        truth, answers: Integers (n,).
        class_names: Names in index order.

    Returns:
        List of `ClassScore`, in index order.

    Example:
        >>> from models.fine_tuning.scores import class_scores
        >>> [score.recall.value for score in class_scores([0, 1, 1], [0, 1, 0], ["ant", "bee"])]
        [1.0, 0.5]
    """
    counts = metrics.confusion_matrix(truth, answers, labels=range(len(class_names)))
    return [
        ClassScore(
            name,
            precision=Share(int(counts[n, n]), int(counts[:, n].sum())),
            recall=Share(int(counts[n, n]), int(counts[n].sum())),
        )
        for n, name in enumerate(class_names)
    ]


def calibration(truth, probabilities, bins=10):
    """Calibration: whether predictions of a confidence of 80 % are correct in 80 % of the cases.

    Args:
        truth: Integers (n,).
        probabilities: Array (n, classes).
        bins: Number of equally wide ranges of probability.

    Returns:
        A `Calibration`.

    Reference:
        Guo et al., On calibration of modern neural networks, 2017.

    Example:
        >>> from models.fine_tuning.scores import calibration
        >>> round(calibration([0, 1], [[0.9, 0.1], [0.1, 0.9]]).error, 2)
        0.1
    """
    probabilities = np.asarray(probabilities, "float64")
    right = probabilities.argmax(-1) == np.asarray(truth)
    sure = probabilities.max(-1).clip(0, 1)
    edges = np.linspace(0, 1, bins + 1)
    where = np.clip(
        np.searchsorted(edges, sure, side="left") - 1, 0, bins - 1
    )  # (low, high], and 0 in the first
    of = np.bincount(where, minlength=bins)
    hits = np.bincount(where, weights=right, minlength=bins)
    total = np.bincount(where, weights=sure, minlength=bins)
    confidence = np.divide(total, of, out=np.full(bins, np.nan), where=of > 0)
    return Calibration(
        edges,
        confidence,
        [Share(int(h), int(n)) for h, n in zip(hits, of, strict=True)],
        float(np.abs(hits - total).sum() / max(1, len(sure))),
    )
