"""Both ends of a model, as the page shows them: which input is the picture, and what the output is."""

from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from ...checks.arguments import shown, whole
from ...errors import ModelError
from ...inspection.graphs import is_graph
from ...inspection.outputs import with_one_output
from .. import arguments

MOST_CHANNELS = 4  # of a picture: red, green, blue and alpha
SMALLEST = 8  # pixels of a side, where only the sides tell a picture
ANSWERS = ("classes", "numbers", "picture", "map")
NUMBER_LOSSES = ("mse", "mae", "mean_squared_error", "mean_absolute_error", "huber", "log_cosh", "logcosh")


class Picture(NamedTuple):
    """Which of a model's inputs is the picture.

    Attributes:
        place: Its place among the model's inputs.
        shape: (height, width, channels), where None stands for any size.
        layout: Its axes in the model: "rows" for (height, width), or where channels are, "last" or "first".
            Of a sound, which is a picture of one row, "samples" for (samples,) and "sound" for (samples, 1).

    Example:
        >>> Picture(0, (28, 28, 1), "last").taken((28, 28, 1))
        (28, 28, 1)
    """

    place: int
    shape: tuple
    layout: str

    def taken(self, sides):
        """(height, width, channels) in the order in which the model takes them."""
        height, width, channels = sides
        return {
            "rows": (height, width),
            "last": (height, width, channels),
            "first": (channels, height, width),
            "samples": (width,),
            "sound": (width, channels),
        }[self.layout]


def picture_input(model):
    """The input of a model that is a picture: the first that can be one.

    Args:
        model: Anything.

    Returns:
        A `Picture`.

    Raises:
        ModelError: If it is no built functional or sequential model, or has no such input.

    Example:
        >>> from models import LeNet5
        >>> picture_input(LeNet5())
        Picture(place=0, shape=(28, 28, 1), layout='last')
    """
    check_graph(model)
    found = [
        Picture(place, *layout)
        for place, each in enumerate(model.inputs)
        if each.dtype != "string" and (layout := _layout(tuple(each.shape[1:])))
    ]
    if not found:
        taken = " and ".join(str(tuple(each.shape[1:])) for each in model.inputs)
        raise ModelError(
            f"{model.name} takes {taken}, and no image (height, width, 1 to {MOST_CHANNELS} channels); the "
            "page can only show models of images."
        )
    return min(found, key=lambda each: each.layout == "rows")


def check_graph(model):
    """Refuse what is no built functional or sequential model.

    Args:
        model: Anything.

    Raises:
        ModelError: Says what is needed.

    Example:
        >>> from models import LeNet5
        >>> check_graph(LeNet5())
    """
    if not is_graph(model) or not model.inputs:
        title = model.name if isinstance(model, keras.Model) else shown(model)
        raise ModelError(
            f"{title} is no built functional or sequential model, so that no page can show it; give one "
            "whose graph Keras knows, as of keras.Model(inputs, outputs)."
        )


def _layout(shape):
    """(shape with channels last, layout) of what can be a picture, or None."""
    large = lambda sides: all(side is None or side >= SMALLEST for side in sides)  # noqa: E731
    if len(shape) == 3:
        last, first = (each is not None and each <= MOST_CHANNELS for each in (shape[2], shape[0]))
        if last and not (first and large(shape[1:]) and not large(shape[:2])):
            return shape, "last"
        return ((*shape[1:], shape[0]), "first") if first and large(shape[1:]) else None
    return ((*shape, 1), "rows") if len(shape) == 2 and large(shape) else None


def image_sides(model, picture, image_size=None):
    """(height, width, channels) of the images, all known.

    Args:
        model: The model.
        picture: Its `Picture`.
        image_size: Height and width, a number or a pair; None for the model's.

    Returns:
        Tuple of three.

    Raises:
        ModelError: If the model takes images of any size and none is given, or of another one.

    Example:
        >>> from models import LeNet5
        >>> image_sides(LeNet5(), Picture(0, (28, 28, 1), "last"))
        (28, 28, 1)
    """
    shape = picture.shape
    pair = isinstance(image_size, (list, tuple)) and len(image_size) == 2
    wanted = tuple(image_size) if pair else (image_size, image_size)
    if image_size is not None:
        for side in wanted:
            whole()("portable", "image_size", side)
    if image_size is None:
        first = [each for each in model.layers if isinstance(each, layers.Resizing)]
        first = [each for each in first if each.input is model.inputs[picture.place]]
        wanted = (first[0].height, first[0].width) if first else shape[:2]
    if any(have not in (None, want) for have, want in zip(shape, wanted, strict=False)):
        if image_size is not None:
            raise ModelError(
                f"{model.name} takes images of {shape[:2]}, not of image_size {shown(image_size)}."
            )
        wanted = shape[:2]
    if not all(isinstance(side, int) and side > 0 for side in wanted):
        raise ModelError(
            f"{model.name} takes images of any size; say with image_size which one the page is for, "
            f"a whole number, not {shown(image_size)}."
        )
    return (*wanted, shape[2])


def other_values(model, picture, given, count):
    """Values of the inputs that are not the picture, for each example.

    Args:
        model: The model.
        picture: Its `Picture`.
        given: {name of the input: array (n, ...)}, or None.
        count: How many examples there are, n.

    Returns:
        {place among the model's inputs: float32 array (n, ...)}; of an input of a few numbers for which no
        values are given, (0, ...).

    Raises:
        ModelError: If values are missing, or are of no such input or shape.

    Example:
        >>> from models import LeNet5
        >>> other_values(LeNet5(), Picture(0, (28, 28, 1), "last"), None, 3)
        {}
    """
    places = [place for place in range(len(model.inputs)) if place != picture.place]
    names = {model.inputs[place].name: place for place in places}
    if given is not None and not isinstance(given, dict):
        raise ModelError(f"other_inputs takes {{name of an input: array (n, ...)}}, not {shown(given)}.")
    given, found = dict(given or {}), {}
    if unknown := [each for each in given if each not in names]:
        has = f"it has {', '.join(names)}" if names else "it has none but the picture"
        raise ModelError(f"{model.name} has no other input {shown(unknown[0])}; {has}.")
    for name, place in names.items():
        shape = tuple(model.inputs[place].shape[1:])
        if model.inputs[place].dtype == "string" or None in shape:
            raise ModelError(
                f"{model.name} takes texts or values of any number as {name}; no page can show that."
            )
        if name not in given:
            if len(shape) > 1 or np.prod(shape) > FEW_NUMBERS:
                raise ModelError(
                    f"{model.name} also takes {name}, {shape}: give its values for the examples, as "
                    f"other_inputs={{{name!r}: array (n, ...)}}."
                )
            given[name] = np.zeros((0, *shape))
        values = arguments.values("The page", f"other_inputs[{shown(name)}]", given[name])
        if values.shape[1:] != shape or len(values) not in ((0, count) if len(shape) == 1 else (count,)):
            raise ModelError(
                f"{name} of {model.name} needs {count} values of shape {shape}, not an array {values.shape}."
            )
        found[place] = values
    return found


FEW_NUMBERS = 12  # of an input that are typed into fields


def for_all(values, count):
    """The values of an input for each example: those given, or zeros.

    Args:
        values: Array (n or 0, ...).
        count: n.

    Returns:
        Array (n, ...).

    Example:
        >>> for_all(np.ones((0, 3)), 2).shape
        (2, 3)
    """
    return values if len(values) == count else np.zeros((count, *values.shape[1:]), "float32")


def checked_output(model, output=None):
    """The model with the output that the page shows.

    Args:
        model: A built functional or sequential model.
        output: Name of an output; None for the first that has one number for each class.

    Returns:
        A model with one output.

    Raises:
        ModelError: If it has no such output, or the output is neither numbers nor a picture.

    Example:
        >>> from models import LeNet5
        >>> checked_output(LeNet5()).output_shape
        (None, 10)
    """
    one = with_one_output(model, output)
    answer = tuple(one.outputs[0].shape[1:])
    if len(answer) not in (1, 2, 3) or (len(answer) == 1 and not answer[0]):
        raise ModelError(
            f"{one.name} has an output of shape {answer}, neither one number per class nor a picture; the "
            "page can show another output, or the model up to another layer."
        )
    return one


def answer_of(nodes, class_names, loss=None):
    """What a model's output is.

    Args:
        nodes: As `portable` returns them.
        class_names: Names of the classes, or None.
        loss: Name of the loss that the model was compiled with, or None.

    Returns:
        "classes" for one number for each class; "numbers" for numbers that are no probabilities; "picture"
        for values of pixels; "map" for a class for each pixel.

    Example:
        >>> from models import LeNet5
        >>> from models.export.page import portable
        >>> answer_of(portable(LeNet5())["nodes"], None)
        'classes'
    """
    end = nodes[-1]
    while end["kind"] == "copy":
        end = nodes[end["inputs"][0]]
    activation, named = end["config"].get("activation", "linear"), len(class_names or ())
    count = nodes[-1]["shape"][-1]
    if len(nodes[-1]["shape"]) == 1:
        if loss in NUMBER_LOSSES and activation != "softmax" and named != max(2, count):
            return "numbers"
        if activation in ("softmax", "sigmoid"):
            return "classes"
        if count > 1:
            logits = activation in ("linear", "log_softmax") or end["kind"] != "dense"
            return "classes" if logits else "numbers"
        return "classes" if activation == "linear" and named == 2 else "numbers"
    if count == 1 or activation in ("sigmoid", "tanh"):
        return "picture"
    like_picture = count == 3 or count == nodes[0]["shape"][-1]
    told = count == named or "crossentropy" in (loss or "")
    return "map" if activation == "softmax" or told or not like_picture else "picture"


def loss_of(model):
    """Name of the loss that a model was compiled with, in lower case with underscores; "" if unknown.

    Args:
        model: A Keras model.

    Returns:
        Text.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile(loss=keras.losses.MeanSquaredError())
        >>> loss_of(model)
        'mean_squared_error'
    """
    loss = getattr(model, "loss", None)
    if isinstance(loss, str):
        return loss
    name = getattr(loss, "name", None) or getattr(loss, "__name__", None)
    return name if isinstance(name, str) else ""


def range_of(nodes, pixel_range):
    """Values of black and white in an output that is a picture, by its last activation.

    Args:
        nodes: As `portable` returns them.
        pixel_range: Values of black and white in the input, which other outputs are taken to have.

    Returns:
        List of two floats.

    Example:
        >>> from models import LeNet5
        >>> from models.export.page import portable
        >>> range_of(portable(LeNet5())["nodes"], (0, 255))
        [0.0, 1.0]
    """
    end = nodes[-1]
    while end["kind"] == "copy":
        end = nodes[end["inputs"][0]]
    ranges = {"sigmoid": (0, 1), "softmax": (0, 1), "hard_sigmoid": (0, 1), "tanh": (-1, 1)}
    found = ranges.get(end["config"].get("activation", "linear"))
    if found is None:
        first = nodes[1] if len(nodes) > 1 else end
        scaled = first["kind"] == "rescale" and len(set(map(abs, first["config"]["scale"]))) == 1
        scale = first["config"]["scale"][0] if scaled else 1.0
        found = (
            [value * scale for value in pixel_range] if scaled and end["kind"] != "rescale" else pixel_range
        )
    return [float(value) for value in found]
