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
from models.inspection import check_image_classifier, class_probabilities, stages, with_one_output
from models.inspection.outputs import output_names
from models.inspection.predictions import ends_linear, final_activation, is_list_of_rows
from models.loading.custom_layers import HINT, UNKNOWN_PART, read_custom_layers
from models.loading.saved_classifiers import check_names
from models.loading.saved_models import load_with_about
from models.loading.weight_files import fill
from tutorials.figures.labels import plain
from tutorials.lesson.saved import LARGEST_IMAGE, is_image_size, read_names, read_results

SURE = 0.9999  # of a prediction: few networks that see what they were trained on are so sure of half of all
USUAL_SIZE = 160  # for a model that takes images of any size and has no record of its training size


class Saved(NamedTuple):
    """A model with its class names and image size.

    Attributes:
        model: Takes images with pixels in [0, 255].
        class_names: In index order; empty if unknown.
        image_size: (height, width) that it was trained on.
        loaded: The model as the file has it, whose weights these are; `model` may begin with more layers.
    """

    model: keras.Model
    class_names: list
    image_size: tuple
    loaded: keras.Model


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


class Scaling(NamedTuple):
    """What was done to pixels outside of a model before it got them.

    They are scaled so that black and white get these values; then `mean` is subtracted, and the rest
    divided by `deviation`.

    Attributes:
        black, white: Values of a black and a white pixel.
        mean, deviation: A number, or one for each channel, as a tuple; empty for none.
    """

    black: float = 0.0
    white: float = 255.0
    mean: tuple = ()
    deviation: tuple = ()

    def given(self):
        """{setting: whether it is another than the usual one}."""
        usual = Scaling()._asdict()
        return {name: value != usual[name] for name, value in self._asdict().items()}

    def layer(self, channels):
        """The layer that does it to pixels in [0, 255]; None if nothing is to be done."""
        if self == Scaling():
            return None
        for name in "mean", "deviation":
            if len(getattr(self, name)) not in (0, 1, channels):
                each = f", or {channels}, one for each channel" if channels > 1 else ""
                raise LessonError(f"--{name} takes one number{each}.")
        mean, deviation = np.asarray(self.mean or 0.0), np.asarray(self.deviation or 1.0)
        if not np.isfinite(mean).all() or not (np.isfinite(deviation) & (deviation > 0)).all():
            raise LessonError("--mean takes finite numbers, and --deviation takes numbers of more than 0.")
        if self.white == self.black:
            raise LessonError("--white and --black must be two values.")
        scale, offset = (self.white - self.black) / 255 / deviation, (self.black - mean) / deviation
        return keras.layers.Rescaling(scale.tolist(), offset.tolist(), name="from_pixels")


def load_image_model(path, scaling=None, output=None, custom=None):
    """Load an image classifier.

    Args:
        path: A `.keras` file, a lesson's folder that holds model.keras, or "mnist" for the zoo's
            digit classifier. Class names are read from labels.json beside the model, or from the file itself.
        scaling: What is to be done to pixels before the model gets them, a `Scaling`; None for nothing.
        output: Name of the output to look at, of a model that has several.
        custom: Python file that defines layers of the model; its code is run. None for none.

    Returns:
        A `Saved`, whose model takes images (height, width, channels) with pixels in [0, 255].

    Raises:
        LessonError: If there is no such file, it takes no images, predicts no classes, or a file beside
            it is damaged.
        ModelError: If it is damaged or hostile, or does not predict one number per class.
    """
    if str(path) == "mnist":
        model = models.ConvNet(weights="mnist")
        return Saved(model, list(digits.CLASS_NAMES), (28, 28), model)
    path = Path(path)
    folder = os.path.isdir(path) and not _is_there(path / "saved_model.pb")  # noqa: PTH112 (names may be too long)
    file = path / "model.keras" if folder else path
    if not _is_there(file):
        what = "holds no model.keras" if folder else "does not exist"
        raise LessonError(f"{path} {what}; name a .keras file, a lesson's folder, or mnist.")
    whole, about = _load(file, custom)
    model = with_one_output(whole, output or None)
    if len(getattr(whole, "outputs", ())) > 1:
        known, looked_at = (
            output_names(whole),
            [id(each) for each in whole.outputs].index(id(model.outputs[0])),
        )
        others = ", ".join(known)
        print(f"{model.name} has the outputs {others}; this looks at {known[looked_at]} (see --output).")
    model = _of_images(model, scaling or Scaling())
    if gives_several_labels(model):
        raise LessonError(
            f"{file} gives an image several labels, and this lesson explains networks that give it one class."
        )
    names = _class_names(file, model, about)
    if model.outputs[0].shape[-1] == 1 and not _is_of_two_classes(model, names):
        raise LessonError(
            f"{file} gives one number that is no probability, as a regression does, and this lesson explains "
            "classes; models.export.page.write_page writes a page that shows its number."
        )
    return Saved(model, names, _image_size(model, file, about), whole)


def weights_of_files(saved, files):
    """Weights of earlier moments of a model's training, for the page.

    Args:
        saved: An `image_models.Saved`; its model has its own weights afterwards.
        files: Paths of .weights.h5 or .keras files.

    Returns:
        [(name, weights)], as `write_page` takes them, named like the files.

    Raises:
        LessonError, ModelError: If a file is missing or damaged, or is of another model.
    """
    loaded, own, found = saved.loaded, saved.loaded.get_weights(), []
    try:
        for file in files:
            if not file.is_file():
                raise LessonError(f"{file} of checkpoints= does not exist; name files of weights.")
            if not file.name.endswith((".weights.h5", ".keras")):
                raise LessonError(f"{file} of checkpoints= must end in .weights.h5 or .keras.")
            fill(loaded, file, loaded.name, "name files of the same model")
            name = file.name.removesuffix(".keras").removesuffix(".weights.h5")
            found.append((plain(name), saved.model.get_weights()))
    finally:
        loaded.set_weights(own)
    return found


def _load(file, custom):
    """(model, what this project added to the file), with layers that a Python file defines."""
    mine = read_custom_layers(custom) if custom else []
    if mine:
        print(f"Ran {custom}, which defines {', '.join(each.__name__ for each in mine)}.")
    try:
        return load_with_about(file, mine)
    except models.ModelError as error:
        if custom or UNKNOWN_PART not in str(error):
            raise
        raise LessonError(
            f"{str(error).replace(HINT, '')} Where layers of your own are missing, name the Python file that "
            "defines them with --custom; its code is run."
        ) from error


def _is_there(path):
    return os.path.exists(path)  # noqa: PTH110 (takes names that are too long for a file)


def _of_images(model, scaling):
    """A model that takes images (height, width, channels) with pixels in [0, 255]."""
    if len(model.inputs) > 1 or len(model.outputs[0].shape) in (3, 4):
        what = "takes several inputs" if len(model.inputs) > 1 else "makes an image"
        raise LessonError(
            f"{model.name} {what}, and this lesson explains classifiers of one image; "
            "models.export.page.write_page writes a page of it."
        )
    grey = is_list_of_rows(model)
    if not grey:
        check_image_classifier(model)
    shape = (*model.inputs[0].shape[1:], 1) if grey else tuple(model.inputs[0].shape[1:])
    if shape[-1] not in (1, 3):
        page = "; models.export.page.write_page writes a page of it" if shape[-1] in (2, 4) else ""
        raise LessonError(
            f"{model.name} takes images of {shape[-1]} channels; this lesson has images of 1 or 3{page}."
        )
    scaled = scaling.layer(shape[-1])
    if grey or scaled is not None or not _has_rows(model):
        steps = [keras.Input(shape), scaled or keras.layers.Rescaling(1.0, name="pixels")]
        steps += [keras.layers.Reshape(shape[:2], name="rows")] if grey else []
        model = keras.Sequential([*steps, model], name="scaled" if scaled else model.name + "_of_pixels")
    check_image_classifier(model)
    return model


def _has_rows(model):
    """Whether a layer of the model has rows and columns; a dense network on flattened pixels has none."""
    try:
        return bool(stages(model))
    except models.ModelError:
        return False


def _is_of_two_classes(model, names):
    """Whether a model with one output says which of two classes it is: by a sigmoid, or a logit and names."""
    end = final_activation(model)
    return end == "sigmoid" or (len(names) == 2 and ends_linear(model))


def _class_names(file, model, about):
    """Names from labels.json beside a file, or from the file; [] where there are none."""
    beside = file.with_name("labels.json")
    if beside.exists():
        return read_names(beside, model)
    if not isinstance(about, dict):
        return []
    check_names(about.get("class_names"), model, str(file))
    return about["class_names"]


def _image_size(model, file, about):
    """(height, width) of a model's images; if it takes any, those recorded in metrics.json or the file."""
    metrics, sides, size = file.with_name("metrics.json"), model.inputs[0].shape[1:3], None
    held = about.get("settings") if isinstance(about, dict) else None
    if isinstance(held, dict) and is_image_size(held.get("image_size")):
        size = held["image_size"]
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
    fits = saved.image_size == (28, 28) and classes == 10
    is_named = saved.class_names == list(digits.CLASS_NAMES)
    if data in ("auto", "embedded") and not (
        fits and (is_named or (data == "embedded" and not saved.class_names))
    ):
        raise LessonError(_no_digits(saved, classes, fits))
    if fits and (data in ("auto", "embedded") or digits.holds_digits(data)):
        source = digits.locate(data)
        _, (images, labels) = digits.load_data(source)
        rows = np.linspace(0, len(images) - 1, min(most, len(images))).astype(int)
        names = saved.class_names or list(digits.CLASS_NAMES if data == "embedded" else _neutral(classes))
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
    names = list(found.class_names) or saved.class_names or _neutral(classes)
    return Pictures(found.source, images, found.labels, names)


def _neutral(classes):
    return [f"class {n}" for n in range(classes)]


def _no_digits(saved, classes, fits):
    """Why a model is shown no digits, and what to do."""
    height, width = saved.image_size
    channels = saved.model.inputs[0].shape[-1]
    known = f" ({', '.join(saved.class_names[:3])}{', ...' * (classes > 3)})" if saved.class_names else ""
    if fits and not saved.class_names:
        return (
            f"{saved.model.name} does not say which classes it knows: if it reads handwritten digits, add "
            "--data embedded; else name a folder of pictures, sorted into folders by class, with --data."
        )
    if fits:
        return (
            f"{saved.model.name} knows {', '.join(saved.class_names[:3])} and others, which are no "
            "handwritten digits; name a folder of pictures with --data."
        )
    return (
        f"{saved.model.name} takes images of {height} x {width} pixels and {channels} "
        f"channel{'s' * (channels != 1)} and has {classes} classes{known}, which handwritten digits do not "
        "fit; name a folder of pictures of its classes with --data."
    )


def scaling_hint(model, images):
    """A sentence for a model that gets pixels in another range than in training; "" if all seems well.

    With pixels that are 255 times too large, a network that was trained on [0, 1] is sure of everything. It
    is recognised by its answers for the same images in [0, 1]: they are less sure, and differ from image to
    image as much. For one that expects [0, 255], these images are almost black, and so all the same.
    """
    large, small = (class_probabilities(model, each).astype("float64") for each in (images, images / 255))
    saturated = np.median(large.max(-1)) > SURE and np.median(small.max(-1)) < np.median(large.max(-1))
    told, lost = _information(small), _information(large)
    if not saturated or told < 0.5 * max(lost, 0.1):
        return ""
    return (
        f"The answers have a median probability of {np.median(large.max(-1)):.7f}; they are less sure, and "
        "as different, for pixels from 0 to 1: if the model was trained on such pixels, add --white 1; on "
        "pixels from -1 to 1, --white 1 --black -1."
    )


def say_range(model, images):
    """Print the `scaling_hint`, if there is one."""
    if hint := scaling_hint(model, images):
        print(hint)


def _information(shares):
    """How much the predictions tell about which image it is (mutual information), in nats."""
    entropy = lambda each: -(each * np.log(each.clip(1e-12))).sum(-1)  # noqa: E731
    return float(entropy(shares.mean(0)) - entropy(shares).mean())
