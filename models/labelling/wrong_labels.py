"""Wrong labels: photos and texts whose class, predicted by others, is not the one that they were given."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .. import tables
from ..errors import ModelError
from ..sibling import datasets_module

cut = datasets_module("files.names").cut

# A given class less probable than this is worth a look. On ants and bees and on small photos that is 1 to 2 %
# of clean labels; where 5 % were flipped, it is from a seventh to half of these
SURE = 0.07
# Of texts whose wrong labels do not stand apart, the share of labels that may be shown if all are right
RIGHT = 0.015
SHOWN = 50  # rows of a long table that are shown
CHARACTERS = 60  # of a text in it


class Suspect(NamedTuple):
    """A photo or text whose label may be wrong.

    Attributes:
        file: Its name; of a text where it comes from.
        label: Name of the class that it was given.
        likely: Name of the class that is most probable.
        score: Quality of the label, from 0 to 1: the lower, the more suspicious.
        probability: Of the given class, by classifiers that were fitted on others.
        likely_probability: Of the likely class.
        text: The text; empty for a photo.

    Example:
        >>> Suspect("1.jpg", "ants", "bees", 0.02, 0.02, 0.98).likely
        'bees'
    """

    file: str
    label: str
    likely: str
    score: float
    probability: float
    likely_probability: float
    text: str = ""


class Suspects(Sequence):
    """Photos or texts whose labels may be wrong, the most suspicious first: a sequence of `Suspect`.

    Args:
        rows: Which of them these are, integers (k,).
        suspects: List of k `Suspect`, the lowest score first.
        estimated: How many wrong labels there are, by confident learning.
        noun: What they are: "photos" or "texts".
        sure: Probability of the given class below which a label is worth a look.

    Attributes:
        rows: As given: places in the arrays that `find_suspects` took.
        estimated: As given.
        confident: How many of the first suspects are to be shown: among those that confident learning
            estimates, the ones whose given class has a probability below `sure`.

    Example:
        >>> some = Suspects([4], [Suspect("4.jpg", "ants", "bees", 0.02, 0.02, 0.98)], estimated=1)
        >>> some.confident, some[0].file
        (1, '4.jpg')
        >>> print(some)
        file   given  likely  probability of given  of likely
        4.jpg  ants   bees    0.020                 0.980
    """

    def __init__(self, rows, suspects, estimated, noun="photos", sure=SURE):
        self.noun, self.sure = noun, float(sure)
        self.rows, self._suspects, self.estimated = np.asarray(rows, int), list(suspects), int(estimated)
        self.confident = min(sum(each.probability < sure for each in self._suspects), self.estimated)

    def __len__(self):
        return len(self._suspects)

    def __getitem__(self, index):
        return self._suspects[index]

    def table(self):
        """All suspects as a table, for a CSV file.

        Returns:
            List of (file, label, likely label, score, probability, probability of the likely label), for
            texts also the text; a header first.

        Example:
            >>> Suspects([], [], 0).table()[0][:3]
            ('file', 'label', 'likely_label')
        """
        header = ("file", "label", "likely_label", "score", "probability", "likely_probability", "text")
        columns = len(header) - (self.noun != "texts")
        return [row[:columns] for row in (header, *map(tuple, self))]

    def _table(self):
        shown = self[: max(self.confident, 1)][:SHOWN] if self.confident else []
        rows = [
            (each.file, each.label, each.likely, f"{each.probability:.3f}", f"{each.likely_probability:.3f}")
            for each in shown
        ]
        columns = ("file", "given", "likely", "probability of given", "of likely")
        if self.noun == "texts":
            texts = (cut(" ".join(each.text.split()), CHARACTERS) for each in shown)
            columns, rows = (*columns, "text"), [(*row, text) for row, text in zip(rows, texts, strict=True)]
        if self.confident > len(shown):
            rows.append((f"{self.confident - len(shown):,} more", *[""] * (len(columns) - 1)))
        return columns, rows

    def __repr__(self):
        return f"<{len(self):,} {self.noun} whose labels may be wrong, {self.confident:,} of them likely>"

    def __str__(self):
        return tables.as_text(*self._table()) if self.confident else "no label looks wrong"

    def _repr_html_(self):
        return tables.as_html(*self._table()) if self.confident else "no label looks wrong"


def find_suspects(probabilities, labels, files, class_names, texts=None):
    """Find photos or texts whose labels may be wrong.

    They are ranked by the probability of the class that they were given; on flipped labels nothing else
    found more. Confident learning estimates how many are wrong. Of these, the ones are to be shown whose
    given class is less probable than 0.07. Classes of texts overlap more, so that many right labels are
    improbable: where fewer labels are below 0.07 than from there to 0.21, wrong ones do not stand apart, and
    those are shown that are less probable than 1.5 % of all labels are expected to be if none is wrong.

    Args:
        probabilities: Out-of-fold probabilities, (n, classes): of each by a classifier that was fitted on
            others, such as `Probes.out_of_fold`.
        labels: Index of the class that each was given, integers (n,).
        files: Names of the photos, or where the texts come from, (n,).
        class_names: In index order.
        texts: The texts, (n,) of str; None for photos.

    Returns:
        `Suspects`: all whose most probable class is another one than the given.

    Raises:
        ModelError: If the arrays do not fit each other, or hold no probabilities.

    Reference:
        Northcutt, Jiang and Chuang, Confident learning: estimating uncertainty in dataset labels, 2021.

    Example:
        >>> labels = np.arange(20) % 2
        >>> probabilities = np.where(np.eye(2)[labels] == 1, 0.9, 0.1)
        >>> labels[3] = 0
        >>> found = find_suspects(probabilities, labels, [f"{n}.jpg" for n in range(20)], ["ants", "bees"])
        >>> [(each.file, each.label, each.likely) for each in found]
        [('3.jpg', 'ants', 'bees')]
    """
    probabilities, files = np.asarray(probabilities, "float64"), list(files)
    labels = np.asarray(labels, int)
    _check(probabilities, labels, files, class_names)
    places = np.arange(len(labels))
    likely = probabilities.argmax(-1)
    scores, estimated = _by_cleanlab(probabilities, labels)
    rows = np.flatnonzero(probabilities[places, likely] > probabilities[places, labels])
    rows = rows[np.argsort(scores[rows], kind="stable")]
    suspects = [
        Suspect(
            str(files[row]),
            class_names[labels[row]],
            class_names[likely[row]],
            float(scores[row]),
            float(probabilities[row, labels[row]]),
            float(probabilities[row, likely[row]]),
            "" if texts is None else str(texts[row]),
        )
        for row in rows
    ]
    noun, sure, given = "photos" if texts is None else "texts", SURE, probabilities[places, labels]
    if texts is not None and np.sum(given < SURE) <= np.sum((given >= SURE) & (given < 3 * SURE)):
        sure = min(SURE, rarest(probabilities, RIGHT))
    return Suspects(rows, suspects, min(estimated, len(rows)), noun, sure)


def rarest(probabilities, share):
    """The probability below which a share of all labels is expected to be, if none of them is wrong.

    If probabilities are calibrated, a label of probability p is there in a share p of all cases.

    Args:
        probabilities: Calibrated, (n, classes).
        share: From 0 to 1.

    Returns:
        A float.

    Example:
        >>> probabilities = [[0.99, 0.01]] * 90 + [[0.9, 0.1]] * 10  # one label in 50 is expected below 0.11
        >>> rarest(probabilities, 0.009), rarest(probabilities, 0.012)
        (0.01, 0.1)
    """
    values = np.sort(np.asarray(probabilities, "float64"), axis=None)
    expected = np.cumsum(values)
    place = np.searchsorted(expected, share * len(probabilities) - 1e-9)
    return float(values[min(place, len(values) - 1)])


def _check(probabilities, labels, files, class_names):
    classes = len(class_names)
    if probabilities.shape != (len(labels), classes) or len(files) != len(labels):
        raise ModelError(
            f"probabilities= {probabilities.shape} must have a row for each of {len(labels):,} labels and a "
            f"column for each of {classes:,} classes, and files= ({len(files):,}) a name for each label."
        )
    if not np.all((probabilities >= 0) & (probabilities <= 1 + 1e-6)):
        raise ModelError("probabilities= has values that are not between 0 and 1.")
    if len(labels) and not (labels.min() >= 0 and labels.max() < classes):
        raise ModelError(f"labels= must be indices of the {classes:,} classes.")


def _by_cleanlab(probabilities, labels):
    """Scores of the labels, the lowest of which are the worst, and an estimate of how many are wrong."""
    present = np.unique(labels)
    if len(present) < 2:
        return np.ones(len(labels)), 0
    from cleanlab.filter import find_label_issues  # here, since it takes seconds to import
    from cleanlab.rank import get_label_quality_scores

    scores = get_label_quality_scores(labels, probabilities, method="self_confidence")
    wrong = find_label_issues(labels, probabilities, filter_by="low_self_confidence", n_jobs=1)
    return scores, int(wrong.sum())
