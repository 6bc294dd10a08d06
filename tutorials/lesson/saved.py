"""What a lesson saved, loaded without trust: it may be damaged, or somebody else's."""

import math

from tutorials.lesson.command import LessonError

import keras

from models import ModelError
from models.loading.saved_models import load_with_about, read_json

MOST_BYTES = 8 << 20  # of metrics.json and labels.json
LARGEST_IMAGE = 4096  # pixels of a side
MOST_SAMPLES = 10_000_000  # of a sound
AGAIN = "run the lesson again"


def read_results(file, kind):
    """The content of a JSON file of the results.

    Args:
        file: Its path.
        kind: What it must be: dict, list, or object for anything.

    Raises:
        LessonError: If it cannot be read, is damaged, too large, or of another kind.
    """
    try:
        found = read_json(file, MOST_BYTES, AGAIN)
    except ModelError as error:
        raise LessonError(str(error)) from error
    if not isinstance(found, kind):
        raise LessonError(f"{file} is damaged: it holds no {kind.__name__}; {AGAIN}.")
    return found


def read_model(file, again=AGAIN):
    """A classifier: a model with one input that gives one number for each class.

    Args:
        file: Its path.
        again: What to do about a file that cannot be used: the end of the sentence.

    Returns:
        (the model, not compiled; what this project wrote beside it, not checked, or None).

    Raises:
        LessonError: If it cannot be loaded, or is no classifier.
    """
    try:
        model, about = load_with_about(file)
    except ModelError as error:
        raise LessonError(str(error)) from error
    outputs, inputs = getattr(model, "outputs", None) or (), getattr(model, "inputs", None) or ()
    if len(inputs) != 1 or len(outputs) != 1 or len(outputs[0].shape) != 2 or not outputs[0].shape[-1]:
        raise LessonError(f"{file} is a model that does not give one number for each class; {again}.")
    return model, about


def read_names(file, model):
    """The names of a model's classes, in index order.

    Args:
        file: The JSON file that holds them.
        model: The model.

    Returns:
        List of str.

    Raises:
        LessonError: If they are not as many different texts as the model has classes.
    """
    names = read_results(file, object)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise LessonError(f"{file} is not a list of the classes' names; {AGAIN}.")
    classes = max(2, model.outputs[0].shape[-1])  # two classes share one neuron
    if len(names) != classes:
        raise LessonError(f"{file} names {len(names):,} classes, and the model has {classes:,}; {AGAIN}.")
    if "" in names or len(set(names)) != len(names):
        raise LessonError(f"{file} has a class without a name, or two of one name; {AGAIN}.")
    return names


def read_settings(file, wanted):
    """Settings that a lesson was run with.

    Args:
        file: metrics.json of the run.
        wanted: Names of the settings.

    Returns:
        List of their values, in the order of `wanted`.

    Raises:
        LessonError: If one is missing, or has a value that it cannot have.
    """
    if not wanted:
        return []
    settings = read_results(file, dict).get("settings")
    if not isinstance(settings, dict) or any(name not in settings for name in wanted):
        raise LessonError(f"{file} is damaged: it does not hold {' and '.join(wanted)}; {AGAIN}.")
    for name in wanted:
        if not VALID[name](settings[name]):
            raise LessonError(f"{file} is damaged: {name} cannot be {settings[name]!r:.50}; {AGAIN}.")
    return [settings[name] for name in wanted]


def is_image_size(value):
    """Whether a value can be the side of an image, in pixels."""
    return type(value) is int and 1 <= value <= LARGEST_IMAGE


def _is_number(value, least, most):
    return type(value) in (int, float) and least <= value <= most


VALID = {
    "image_size": is_image_size,
    "seconds": lambda value: _is_number(value, 0.0001, 3600),
    "hertz": lambda value: type(value) is int and 100 <= value <= 1_000_000,
    "frames": lambda value: type(value) is int and 1 <= value <= 1000,
    "size": lambda value: type(value) is int and 1 <= value <= 512,
    "grey": lambda value: type(value) is bool,
    "text_column": lambda value: value is None or isinstance(value, str),
}


def resized_to(model):
    """(height, width) that a model scales its images to before all else; None if it does not."""
    first = model.layers[:1] if isinstance(model, keras.Sequential) else model.layers[1:2]
    scaled = [(each.height, each.width) for each in first if isinstance(each, keras.layers.Resizing)]
    return scaled[0] if scaled else None


def check_takes(model, file, shape, lesson, again=AGAIN):
    """Refuse a model that does not take the examples that a lesson's reader gives.

    Args:
        model: The model.
        file: Its file, for the message.
        shape: Of one example; () for a text.
        lesson: Name of the lesson.
        again: What to do about it: the end of the sentence.

    Raises:
        LessonError: Says what the model takes instead.
    """
    takes = tuple(model.inputs[0].shape[1:])
    is_text = model.inputs[0].dtype == "string"
    fits = len(takes) == len(shape) and all(
        mine in (None, given) for mine, given in zip(takes, shape, strict=True)
    )
    if fits and len(shape) == 3 and (scaled := resized_to(model)):
        # Images were resized to this for training, too
        takes, fits = (*scaled, takes[-1]), scaled == shape[:2]
    if math.prod(shape) > max(MOST_SAMPLES, 3 * LARGEST_IMAGE**2) or not fits or is_text != (shape == ()):
        sizes = " x ".join("any" if size is None else str(size) for size in takes)
        what = "texts" if is_text else f"{sizes} numbers" if takes else "single numbers"
        given = " x ".join(map(str, shape)) + " numbers" if shape else "texts"
        raise LessonError(f"{file} takes {what}, where the lesson {lesson} gives {given}; {again}.")
