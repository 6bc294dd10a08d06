"""Load a saved image classifier, and images to show to it."""

import os
from pathlib import Path
from typing import NamedTuple

from tutorials.lesson.command import LessonError

import keras
import numpy as np

import models
from datasets import Source, digits, photos
from models.fine_tuning.multi_label.thresholds import gives_several_labels
from models.inspection import check_image_classifier, stages
from tutorials.lesson.saved import LARGEST_IMAGE, is_image_size, read_names, read_results

USUAL_SIZE = 160  # for a model that takes images of any size and has no record of its training size


class Saved(NamedTuple):
    """A model with its class names and image size.

    Attributes:
        model: Takes images with pixels in [0, 255].
        class_names: In index order; empty if unknown.
        image_size: (height, width) that it was trained on.
    """

    model: keras.Model
    class_names: list
    image_size: tuple


class Pictures(NamedTuple):
    """Images to show to a model, as far as known not from its training data.

    Attributes:
        source: The `Source` that they come from.
        images: uint8 (n, height, width, channels).
        labels: int (n,); -1 if the true class is not known.
        class_names: Names of the model's classes, in index order.
    """

    source: Source
    images: np.ndarray
    labels: np.ndarray
    class_names: list


def load_image_model(path, white=255.0):
    """Load an image classifier.

    Args:
        path: A `.keras` file, a lesson's folder that holds model.keras, or "mnist" for the zoo's
            digit classifier. Class names are read from labels.json beside the model.
        white: Value of a white pixel for the model: 255, or 1 if it takes scaled pixels.

    Returns:
        A `Saved`, whose model takes pixels in [0, 255]: if `white` is another value, a layer scales them.

    Raises:
        LessonError: If there is no such file, it takes no images, or a file beside it is damaged.
        ModelError: If it is damaged or hostile, does not predict one number per class, or no layer has
            rows and columns.
    """
    if str(path) == "mnist":
        return Saved(models.ConvNet(weights="mnist"), list(digits.CLASS_NAMES), (28, 28))
    path = Path(path)
    folder = os.path.isdir(path)  # noqa: PTH112 (these take names that are too long for a file)
    file = path / "model.keras" if folder else path
    if not os.path.exists(file):  # noqa: PTH110
        what = "holds no model.keras" if folder else "does not exist"
        raise LessonError(f"{path} {what}; name a .keras file, a lesson's folder, or mnist.")
    model = models.load_model(file)
    check_image_classifier(model)
    if gives_several_labels(model):
        raise LessonError(
            f"{file} gives an image several labels, and this lesson explains networks that give it one class."
        )
    stages(model)  # raises ModelError for a network without feature maps
    depth = model.inputs[0].shape[-1]
    if depth not in (1, 3):
        raise LessonError(f"{file} takes images of {depth} channels; this lesson has images of 1 or 3.")
    size, names = _image_size(model, file), file.with_name("labels.json")
    names = read_names(names, model) if names.exists() else []
    if white != 255:
        scaled = keras.layers.Rescaling(white / 255, name="from_pixels")
        model = keras.Sequential([keras.Input(model.inputs[0].shape[1:]), scaled, model], name="scaled")
    return Saved(model, names, size)


def _image_size(model, file):
    """(height, width) of a model's images; if it takes any, those recorded in metrics.json."""
    metrics, sides, size = file.with_name("metrics.json"), model.inputs[0].shape[1:3], None
    if None in sides and metrics.exists():
        settings = read_results(metrics, dict).get("settings")
        size = settings.get("image_size") if isinstance(settings, dict) else None
        if size is not None and not is_image_size(size):
            raise LessonError(
                f"{metrics} is damaged: image_size cannot be {size!r:.50}; run the lesson again."
            )
    height, width = (side or size or USUAL_SIZE for side in sides)
    if not is_image_size(height) or not is_image_size(width):
        raise LessonError(
            f"{file} takes images of {height:,} x {width:,} pixels, where {LARGEST_IMAGE:,} are the most; "
            "build the model for smaller images."
        )
    return height, width


def find_pictures(saved, data, most):
    """Find images for a model: photos in a folder, or handwritten digits if these fit it.

    Args:
        saved: A `Saved`.
        data: Folder, archive or table of photos, in folders named like the classes if these should be
            known; or for digits what `datasets.digits` takes, such as "auto".
        most: Largest number of images, taken evenly from all.

    Returns:
        A `Pictures`.

    Raises:
        LessonError: If digits do not fit the model and no photos are named.
        DataError: If no image can be read.
    """
    depth, classes = saved.model.inputs[0].shape[-1], max(2, saved.model.outputs[0].shape[-1])
    reads_digits = saved.image_size == (28, 28) and classes == 10
    if data in ("auto", "embedded") and not reads_digits:
        height, width = saved.image_size
        raise LessonError(
            f"{saved.model.name} takes images of {height} x {width} pixels and {depth} channels and has "
            f"{classes} classes, which handwritten digits do not fit; name a folder of photos with --data."
        )
    if reads_digits and (data in ("auto", "embedded") or digits.holds_digits(data)):
        source = digits.locate(data)
        _, (images, labels) = digits.load_data(source)
        rows = np.linspace(0, len(images) - 1, min(most, len(images))).astype(int)
        names = saved.class_names or list(digits.CLASS_NAMES)
        images = np.repeat(images[rows], depth, -1)
        return Pictures(source, images, labels[rows].astype(int), names)
    found = photos.sample(data, max(saved.image_size), saved.class_names or classes, most, verbose=1)
    height, width = saved.image_size
    top, left = (found.pixels.shape[1] - height) // 2, (found.pixels.shape[2] - width) // 2
    images = found.pixels[:, top : top + height, left : left + width]
    if depth == 1:
        images = images.mean(-1, keepdims=True).round().astype("uint8")
    if saved.class_names and (found.labels < 0).any():
        print(
            "Not all of these images are in folders named like the model's classes: true classes are unknown."
        )
    names = list(found.class_names) or saved.class_names or [f"class {n}" for n in range(classes)]
    return Pictures(found.source, images, found.labels, names)
