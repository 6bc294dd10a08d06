"""Predictions for files: a row a file, with those that could not be read among them."""

import os
import sys
from typing import NamedTuple

import keras
import numpy as np

from .. import tables
from ..errors import ModelError
from ..sibling import datasets_module
from .abstention import features_and_answers

SHOWN = 50  # rows of a long table that are shown
AT_ONCE = 128  # photos that are read and predicted together


class Prediction(NamedTuple):
    """What is predicted for one file.

    Attributes:
        file: Its path as text.
        label: Name of the predicted class; None if the file could not be read, or the classifier abstains.
        probability: Confidence of the prediction; nan if there is none.
        reason: Why there is no label; empty if there is one.

    Example:
        >>> Prediction("bee.jpg", "bees", 0.93).label
        'bees'
    """

    file: str
    label: str | None
    probability: float
    reason: str = ""


class Predictions:
    """Predictions for files, in their order: a sequence of `Prediction`, shown as a table.

    Args:
        files: Paths as text, (n,).
        probabilities: float (n, classes); nan in the rows of files that could not be read.
        class_names: In index order.
        reasons: {row: why the file could not be read}.
        abstained: {row: why the classifier does not answer for a file that could be read}.

    Attributes:
        files: As given.
        labels: Name of each file's predicted class, None where there is none.
        probability: Confidence of each prediction, (n,).
        probabilities: Of all classes, (n, classes).

    Example:
        >>> probabilities = [[0.9, 0.1], [np.nan, np.nan]]
        >>> found = Predictions(["1.jpg", "2.jpg"], probabilities, ["ants", "bees"], {1: "is cut off"})
        >>> print(found)
        file   label  probability  reason
        1.jpg  ants   0.9000
        2.jpg  -      -            is cut off
        >>> found[0].label, found.labels, found.probabilities.shape
        ('ants', ['ants', None], (2, 2))
    """

    def __init__(self, files, probabilities, class_names, reasons=None, abstained=None):
        self.files, self.class_names = list(files), tuple(class_names)
        self.probabilities = np.asarray(probabilities, "float32").reshape(len(self.files), -1)
        self.reasons, self.abstained = dict(reasons or {}), dict(abstained or {})
        answered = [n not in self.reasons and n not in self.abstained for n in range(len(self.files))]
        best = [
            int(row.argmax()) if good else None
            for row, good in zip(self.probabilities, answered, strict=True)
        ]
        self.labels = [None if n is None else self.class_names[n] for n in best]
        self.probability = np.array(
            [np.nan if n is None else row[n] for row, n in zip(self.probabilities, best, strict=True)],
            "float32",
        )

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[n] for n in range(*index.indices(len(self)))]
        n = range(len(self))[index]  # an IndexError beyond the end, and negative numbers from there
        reason = self.reasons.get(n) or self.abstained.get(n, "")
        return Prediction(self.files[n], self.labels[n], float(self.probability[n]), reason)

    def _table(self):
        columns = ["file", "label", "probability"] + (["reason"] if self.reasons or self.abstained else [])
        rows = [
            (each.file, each.label or "-", f"{each.probability:.4f}" if each.label else "-", each.reason)
            for each in self[:SHOWN]
        ]
        if len(self) > SHOWN:
            rows.append((f"{len(self) - SHOWN:,} more", "", "", ""))
        return columns, [row[: len(columns)] for row in rows]

    def __repr__(self):
        unsure = f", and {len(self.abstained):,} get no label" if self.abstained else ""
        return (
            f"<Predictions for {len(self):,} files, {len(self.reasons):,} of which could not be read{unsure}>"
        )

    def __str__(self):
        return tables.as_text(*self._table()) if len(self) else "no files"

    def _repr_html_(self):
        return tables.as_html(*self._table())


def photo_files(inputs):
    """The files that are meant by names of files and folders.

    Args:
        inputs: A path, or several; of a folder, all photos in it and below, as training finds them.

    Returns:
        (list of paths as text, {index: why there is nothing to read}).

    Raises:
        ModelError: If it is no path, or there is none.

    Example:
        >>> photo_files("bee.jpg")
        (['bee.jpg'], {})
    """
    single = isinstance(inputs, (str, os.PathLike))
    try:
        inputs = [inputs] if single else list(inputs)
    except TypeError:
        inputs = [None]
    if not inputs or not all(isinstance(each, (str, os.PathLike)) for each in inputs):
        raise ModelError("predict takes files as a path or a list of paths of photos and folders of them.")
    list_photos, files, reasons = datasets_module("photos").list_photos, [], {}
    for name in map(os.fspath, inputs):
        name = os.fsdecode(name)
        if not name or not os.path.isdir(name):  # noqa: PTH112 (it takes names that are too long for a file)
            files.append(name)
            continue
        below = list_photos(name)
        if not below:
            reasons[len(files)] = "holds no photos"
        files += below or [name]
    return files, reasons


def predict_files(model, inputs, size, class_names, verbose=0, abstaining=None):
    """Read photos and predict their classes.

    Args:
        model: Keras model: pixels (n, size, size, 3) -> probabilities (n, classes).
        inputs: As for `photo_files`.
        size: Height and width of the squares that the model was trained on.
        class_names: In index order.
        verbose: 1 for a progress bar, if the output is a terminal.
        abstaining: None to answer for every photo; or (a `Trust`, the share of photos to abstain by).

    Returns:
        `Predictions`.

    Raises:
        ModelError: If `inputs` are no paths.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
        >>> found = predict_files(model, ["missing.jpg"], size=8, class_names=["ants", "bees"])
        >>> found[0].reason
        'does not exist; name an image file'
    """
    files, reasons = photo_files(inputs)
    probabilities = np.full((len(files), len(class_names)), np.nan, "float32")
    readable = [n for n in range(len(files)) if n not in reasons]
    bar = keras.utils.Progbar(len(readable), unit_name="photo") if verbose and sys.stdout.isatty() else None
    answer = answering(model, class_names, abstaining)
    abstained = {}
    for places, pixels, unreadable in photos_read([files[n] for n in readable], size):
        rows = [readable[place] for place in places]
        reasons |= {readable[place]: reason for place, reason in unreadable.items()}
        if rows:
            probabilities[rows], unsure = answer(pixels)
            abstained |= {rows[n]: reason for n, reason in unsure.items()}
        if bar:
            bar.add(len(rows) + len(unreadable))
    return Predictions(files, probabilities, class_names, reasons, abstained)


def photos_read(files, size):
    """Read photos, as many at once as are predicted together.

    Args:
        files: Paths as text.
        size: Height and width of the squares.

    Yields:
        (places in `files` of those that could be read; their pixels, uint8 (k, size, size, 3), None if k is
        0; {place: why it could not be read}).

    Example:
        >>> list(photos_read(["missing.jpg"], size=8))
        [([], None, {0: 'does not exist; name an image file'})]
    """
    read_squares = datasets_module("photos").read_squares
    shown = datasets_module("files.names").shown
    for start in range(0, len(files), AT_ONCE):
        places, pixels, unreadable = [], [], {}
        some = files[start : start + AT_ONCE]
        for place, (file, found) in enumerate(zip(some, read_squares(some, size), strict=True), start):
            if isinstance(found, Exception):
                unreadable[place] = str(found).removeprefix(f"{shown(file)} ").rstrip(".")
            else:
                places.append(place)
                pixels.append(found)
        yield places, np.stack(pixels) if pixels else None, unreadable


def answering(model, class_names, abstaining=None):
    """A function that classifies photos, and says for which it should not.

    Args:
        model, class_names, abstaining: As for `predict_files`.

    Returns:
        Function: pixels (n, size, size, 3) -> (probabilities (n, classes), {row: why there is no answer}).

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
        >>> probabilities, unsure = answering(model, ["ants", "bees"])(np.zeros((3, 8, 8, 3)))
        >>> probabilities.shape, unsure
        ((3, 2), {})
    """
    if abstaining is None:
        return lambda pixels: (model.predict(pixels.astype("float32"), batch_size=32, verbose=0), {})
    trust, abstain = abstaining
    both = features_and_answers(model, trust)

    def answer(pixels):
        found = both.predict(pixels.astype("float32"), batch_size=32, verbose=0)
        probabilities = found.pop("answers")
        features = {int(size): values for size, values in found.items()}
        return probabilities, trust.abstentions(probabilities, features, class_names, abstain)

    return answer
