"""How well a classifier gives photos several labels: an object that shows itself."""

from functools import cached_property

import numpy as np
from sklearn import metrics

from ... import tables
from ...scores import Share

MOST = 20  # labels that are shown


class MultiLabelEvaluation:
    """Scores of a multi-label classifier on some photos.

    Args:
        part: Which ones these are, such as "test".
        class_names: Names of the labels, in index order.
        examples: Names of the photos' files, (n,).
        labels: 0 or 1, (n, labels).
        probabilities: What the classifier predicts, (n, labels).
        thresholds: From which probability on it gives each label, (labels,).

    Attributes:
        average_precision: Of each label, float (labels,): the area under the curve of precision and recall;
            nan for a label that none of the photos has.
        mean_average_precision: Their mean: rare labels count as much as others.
        chance: The share of photos with each label, (labels,): the average precision of guessing.
        mean_chance: Their mean, over labels that some of the photos have.
        f1: Of each label at its threshold, (labels,): nan as above.
        macro_f1: The mean of these.
        micro_f1: F1 of all labels of all photos taken together.
        hamming_loss: Share of all labels of all photos that are wrong.
        exact_match: `Share` of photos of which all labels are correct, with its 95 % interval.
        predictions: 0 or 1, (n, labels).
        mistakes: List of (row, label), the surest mistakes first.

    Example:
        >>> from models.fine_tuning.multi_label.evaluation import MultiLabelEvaluation
        >>> probabilities = [[0.9, 0.2], [0.8, 0.7], [0.1, 0.6]]
        >>> labels = [[1, 0], [0, 1], [0, 1]]
        >>> evaluation = MultiLabelEvaluation(
        ...     "test", ["ants", "red"], ["1.jpg", "2.jpg", "3.jpg"], labels, probabilities, [0.5, 0.5]
        ... )
        >>> print(evaluation)
        test: mean average precision 1.000 (chance 0.500) of 3 photos, F1 0.833 (macro) and 0.857 (micro)
        All labels are correct for 66.7 % (20.8 to 93.9 %) of the photos; 16.7 % of all labels are wrong.
        <BLANKLINE>
        label  photos  average precision  chance  F1     threshold
        ants        1  1.000              0.333   0.667  0.500
        red         2  1.000              0.667   1.000  0.500
    """

    def __init__(self, part, class_names, examples, labels, probabilities, thresholds):
        self.part, self.class_names, self.examples = part, tuple(class_names), list(examples)
        self.labels = np.asarray(labels, int).reshape(-1, len(self.class_names))
        self.probabilities = np.asarray(probabilities).reshape(self.labels.shape)
        self.thresholds = np.asarray(thresholds)

    def __len__(self):
        return len(self.labels)

    @cached_property
    def predictions(self):
        return (self.probabilities >= self.thresholds).astype(int)

    @cached_property
    def average_precision(self):
        return self._of_each(metrics.average_precision_score, self.probabilities)

    @property
    def mean_average_precision(self):
        return _mean(self.average_precision)

    @property
    def chance(self):
        return self.labels.mean(0)

    @property
    def mean_chance(self):
        return _mean(np.where(np.isnan(self.average_precision), np.nan, self.chance))

    @cached_property
    def f1(self):
        return self._of_each(metrics.f1_score, self.predictions)

    @property
    def macro_f1(self):
        return _mean(self.f1)

    @property
    def micro_f1(self):
        return float(metrics.f1_score(self.labels.ravel(), self.predictions.ravel(), zero_division=0))

    @property
    def hamming_loss(self):
        return float((self.labels != self.predictions).mean())

    @property
    def exact_match(self):
        return Share(int((self.labels == self.predictions).all(1).sum()), len(self))

    @cached_property
    def mistakes(self):
        wrong = np.argwhere(self.labels != self.predictions)
        of_truth = np.where(self.labels == 1, self.probabilities, 1 - self.probabilities)
        order = np.argsort(of_truth[tuple(wrong.T)], kind="stable")
        return [(int(row), int(label)) for row, label in wrong[order]]

    def table(self):
        """The scores of each label.

        Returns:
            List of rows, the names of the columns first.
        """
        counts = self.labels.sum(0).tolist()
        scores = self.average_precision, self.chance, self.f1, self.thresholds
        rows = zip(self.class_names, counts, *(map(_rounded, each) for each in scores), strict=True)
        return [("label", "photos", "average precision", "chance", "F1", "threshold"), *rows]

    def _of_each(self, score, values):
        return np.array(
            [
                score(labels, some) if labels.any() else np.nan
                for labels, some in zip(self.labels.T, values.T, strict=True)
            ]
        )

    def _title(self):
        return (
            f"{self.part}: mean average precision {self.mean_average_precision:.3f} (chance "
            f"{self.mean_chance:.3f}) of {len(self):,} photos, F1 "
            f"{self.macro_f1:.3f} (macro) and {self.micro_f1:.3f} (micro)\nAll labels are correct for "
            f"{self.exact_match} of the photos; {100 * self.hamming_loss:.1f} % of all labels are wrong."
        )

    def _table(self):
        columns, *rows = self.table()
        if len(rows) <= MOST:
            return columns, rows, ""
        rows = sorted(rows, key=lambda row: row[2])[:MOST]
        return columns, rows, f"The {MOST} of {len(self.class_names):,} labels with the lowest precision"

    def __repr__(self):
        return f"<MultiLabelEvaluation {self._title().splitlines()[0]}>"

    def __str__(self):
        return f"{self._title()}\n\n{tables.as_text(*self._table())}"

    def _repr_html_(self):
        title = f"<p><strong>{tables.safe(self._title(), 'html')}</strong></p>"
        return title + tables.as_html(*self._table())


def _mean(values):
    return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")


def _rounded(value):
    return "-" if np.isnan(value) else f"{value:.3f}"
