"""Labels predicted for files: a row a file, with those that could not be read among them."""

from typing import NamedTuple

import numpy as np

from ... import tables
from ..predictions import SHOWN, photo_files, photos_read


class PredictedLabels(NamedTuple):
    """What is predicted for one file.

    Attributes:
        file: Its path as text.
        labels: Tuple of the names of its labels, the most probable first; empty if there is none.
        probabilities: Tuple of their probabilities.
        reason: Why nothing is predicted; empty if something is.

    Example:
        >>> PredictedLabels("bee.jpg", ("bees", "yellow"), (0.93, 0.7)).labels[0]
        'bees'
    """

    file: str
    labels: tuple
    probabilities: tuple
    reason: str = ""


class MultiLabelPredictions:
    """Predictions for files, in their order: a sequence of `PredictedLabels`, shown as a table.

    Args:
        files: Paths as text, (n,).
        probabilities: float (n, labels); nan in the rows of files that could not be read.
        class_names: Names of the labels, in index order.
        thresholds: From which probability on a label is given, (labels,).
        reasons: {row: why the file could not be read}.

    Attributes:
        files, class_names, thresholds, reasons: As given.
        probabilities: Of all labels, (n, labels).
        labels: List of the tuples of labels of each file.

    Example:
        >>> found = MultiLabelPredictions(
        ...     ["1.jpg", "2.jpg"], [[0.9, 0.6], [0.3, 0.1]], ["ants", "red"], [0.5, 0.4]
        ... )
        >>> print(found)
        file   labels
        1.jpg  ants (90.0 %), red (60.0 %)
        2.jpg  none
    """

    def __init__(self, files, probabilities, class_names, thresholds, reasons=None):
        self.files, self.class_names = list(files), tuple(class_names)
        self.probabilities = np.asarray(probabilities, "float32").reshape(len(self.files), -1)
        self.thresholds, self.reasons = np.asarray(thresholds), dict(reasons or {})
        self.labels = [row.labels for row in self]

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[n] for n in range(*index.indices(len(self)))]
        n = range(len(self))[index]  # an IndexError beyond the end, and negative numbers from there
        chosen = [] if n in self.reasons else given(self.probabilities[n], self.thresholds)
        names = tuple(self.class_names[label] for label in chosen)
        probabilities = tuple(float(self.probabilities[n, label]) for label in chosen)
        return PredictedLabels(self.files[n], names, probabilities, self.reasons.get(n, ""))

    def _table(self):
        columns = ["file", "labels"] + (["reason"] if self.reasons else [])
        rows = []
        for each in self[:SHOWN]:
            pairs = zip(each.labels, each.probabilities, strict=True)
            said = ", ".join(f"{name} ({100 * value:.1f} %)" for name, value in pairs)
            rows.append((each.file, said or ("-" if each.reason else "none"), each.reason)[: len(columns)])
        if len(self) > SHOWN:
            rows.append((f"{len(self) - SHOWN:,} more", "", "")[: len(columns)])
        return columns, rows

    def __repr__(self):
        unread = f"{len(self.reasons):,} of which could not be read"
        return f"<MultiLabelPredictions for {len(self):,} files, {unread}>"

    def __str__(self):
        return tables.as_text(*self._table()) if len(self) else "no files"

    def _repr_html_(self):
        return tables.as_html(*self._table())


def given(probabilities, thresholds):
    """The labels whose probabilities reach their thresholds, the most probable first.

    Args:
        probabilities: Of one photo, (labels,).
        thresholds: (labels,).

    Returns:
        List of indices.

    Example:
        >>> given([0.6, 0.2, 0.9], [0.5, 0.5, 0.5])
        [2, 0]
    """
    probabilities = np.asarray(probabilities)
    order = np.argsort(-probabilities, kind="stable")
    return [int(label) for label in order if probabilities[label] >= thresholds[label]]


def predict_labels(model, inputs, size, class_names, thresholds):
    """Read photos and predict their labels.

    Args:
        model: Keras model: pixels (n, size, size, 3) -> probabilities (n, labels).
        inputs: As for `photo_files`.
        size: Height and width of the squares that the model was trained on.
        class_names: Names of the labels, in index order.
        thresholds: From which probability on a label is given, (labels,).

    Returns:
        `MultiLabelPredictions`.

    Raises:
        ModelError: If `inputs` are no paths.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
        >>> predict_labels(model, ["missing.jpg"], 8, ["ants", "red"], [0.5, 0.5])[0].reason
        'does not exist; name an image file'
    """
    files, reasons = photo_files(inputs)
    probabilities = np.full((len(files), len(class_names)), np.nan, "float32")
    readable = [n for n in range(len(files)) if n not in reasons]
    for places, pixels, unreadable in photos_read([files[n] for n in readable], size):
        reasons |= {readable[place]: reason for place, reason in unreadable.items()}
        if places:
            rows = [readable[place] for place in places]
            probabilities[rows] = model.predict(pixels.astype("float32"), batch_size=32, verbose=0)
    return MultiLabelPredictions(files, probabilities, class_names, thresholds, reasons)
