"""How well a classifier does: an object that shows itself in a terminal and in a notebook."""

from functools import cached_property

import numpy as np
from sklearn import metrics

from . import tables
from .scores import accuracy, calibration, class_scores

SMALL = 12  # classes of which the whole confusion matrix is shown
MOST = 20  # classes and confusions that are shown of more


class Evaluation:
    """Scores of a classifier on some photos or texts.

    Args:
        part: Which ones these are, such as "test"; empty for no such name.
        class_names: In index order.
        examples: Names of the photos' files, or the texts, (n,).
        labels: Index of the class of each, integers (n,).
        probabilities: What the classifier predicts, (n, classes).
        noun: What they are: "photos" or "texts".

    Attributes:
        examples: As given.
        accuracy: A `Share`: the share classified correctly, with its 95 % interval.
        balanced_accuracy: The mean of the classes' recall, from 0 to 1: rare classes count as much as others.
        macro_f1: The mean of the classes' F1, from 0 to 1: the harmonic mean of precision and recall.
        majority_share: Share of the most frequent class: the accuracy of always predicting it, from 0 to 1.
        class_scores: List of `ClassScore`: precision and recall of each class, with their intervals.
        calibration: A `Calibration`.
        calibration_error: The expected calibration error, from 0 to 1.
        confusion_matrix: int (classes, classes): rows are labels, columns are predictions.
        predictions: Index of the predicted class of each, int (n,).
        misclassified: Rows of the misclassified ones, those with the highest confidence first, int (k,).

    Example:
        >>> from models.evaluation import Evaluation
        >>> probabilities = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]
        >>> files = ["1.jpg", "2.jpg", "3.jpg"]
        >>> evaluation = Evaluation("test", ["ants", "bees"], files, [0, 1, 1], probabilities)
        >>> print(evaluation)
        test: accuracy 66.7 % (20.8 to 93.9 %) of 3 photos, expected calibration error 0.300
        <BLANKLINE>
        class  photos  precision                  recall
        ants        1  50.0 % (9.5 to 90.5 %)     100.0 % (20.7 to 100.0 %)
        bees        2  100.0 % (20.7 to 100.0 %)  50.0 % (9.5 to 90.5 %)
        <BLANKLINE>
        Confusion matrix (rows: labels, columns: predictions)
        label  ants  bees
        ants      1     0
        bees      1     1
    """

    def __init__(self, part, class_names, examples, labels, probabilities, noun="photos"):
        self.part, self.class_names, self.examples = part, tuple(class_names), list(examples)
        self.noun = noun
        self.labels = np.asarray(labels)
        self.probabilities = np.asarray(probabilities)

    def __len__(self):
        return len(self.labels)

    @cached_property
    def predictions(self):
        return self.probabilities.argmax(-1)

    @cached_property
    def accuracy(self):
        return accuracy(self.labels, self.predictions)

    @property
    def balanced_accuracy(self):
        return float(np.nanmean([score.recall.value for score in self.class_scores]))

    @property
    def macro_f1(self):
        known = np.unique(np.concatenate([self.labels, self.predictions]))
        return float(metrics.f1_score(self.labels, self.predictions, labels=known, average="macro"))

    @property
    def majority_share(self):
        return float(np.bincount(self.labels).max() / len(self))

    @cached_property
    def class_scores(self):
        return class_scores(self.labels, self.predictions, self.class_names)

    @cached_property
    def calibration(self):
        return calibration(self.labels, self.probabilities)

    @property
    def calibration_error(self):
        return self.calibration.error

    @cached_property
    def confusion_matrix(self):
        return metrics.confusion_matrix(self.labels, self.predictions, labels=range(len(self.class_names)))

    @cached_property
    def misclassified(self):
        wrong = np.flatnonzero(self.predictions != self.labels)
        return wrong[np.argsort(-self.probabilities[wrong].max(-1), kind="stable")]

    def _title(self):
        part = f"{self.part}: " if self.part else ""
        return (
            f"{part}accuracy {self.accuracy} of {len(self):,} {self.noun}, expected calibration error "
            f"{self.calibration_error:.3f}"
        )

    def _tables(self):
        """(columns, rows, heading) of each table that is shown."""
        counts = self.confusion_matrix.sum(1)
        scores = sorted(
            zip(self.class_scores, counts.tolist(), strict=True),
            key=lambda each: np.nan_to_num(each[0].recall.value, nan=2),
        )
        few = len(scores) <= MOST
        if few:
            scores = list(zip(self.class_scores, counts.tolist(), strict=True))
        rows = [(each.name, count, str(each.precision), str(each.recall)) for each, count in scores[:MOST]]
        heading = "" if few else f"The {MOST} of {len(scores):,} classes with the lowest recall"
        yield ("class", self.noun, "precision", "recall"), rows, heading
        if len(self.class_names) <= SMALL:
            rows = [
                (name, *counts)
                for name, counts in zip(self.class_names, self.confusion_matrix.tolist(), strict=True)
            ]
            yield ("label", *self.class_names), rows, "Confusion matrix (rows: labels, columns: predictions)"
        elif len(self.misclassified):
            wrong = self.confusion_matrix - np.diag(np.diag(self.confusion_matrix))
            pairs = np.argwhere(wrong)
            pairs = pairs[np.argsort(-wrong[tuple(pairs.T)], kind="stable")][:MOST]
            rows = [(self.class_names[a], self.class_names[b], int(wrong[a, b])) for a, b in pairs]
            yield ("label", "predicted as", self.noun), rows, "Most frequent confusions"

    def __repr__(self):
        return f"<Evaluation {self._title()}>"

    def _balance(self):
        """How accurate the simplest guess is, and a measure that it does not win."""
        most = self.class_names[np.bincount(self.labels).argmax()]
        return (
            f"macro-F1 {self.macro_f1:.3f}; always predicting {tables.safe(str(most), 'terminal')} would be "
            f"correct for {100 * self.majority_share:.1f} %"
        )

    def __str__(self):
        title = self._title() + (f"\n{self._balance()}" if self.noun == "texts" else "")
        return "\n\n".join([title, *(tables.as_text(*table) for table in self._tables())])

    def _repr_html_(self):
        title = f"<p><strong>{tables.safe(self._title(), 'html')}</strong></p>"
        title += f"<p>{tables.safe(self._balance(), 'html')}</p>" if self.noun == "texts" else ""
        return title + "".join(tables.as_html(*table) for table in self._tables())
