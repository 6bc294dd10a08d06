"""A second model beside the first in its page: both get the same picture, and their answers are compared."""

from typing import NamedTuple

import keras
import numpy as np

from ...checks.arguments import shown
from ...counting import multiply_adds
from ...errors import ModelError
from ...sibling import datasets_module
from .. import arguments
from ..precision import greatest_difference
from .ends import answer_of, checked_output, image_sides, loss_of, picture_input
from .portable import portable

shown_name = datasets_module("files.names").shown
COMPARED = ("classes", "numbers")  # answers of both models


class Beside(NamedTuple):
    """A second model for `write_page`.

    Attributes:
        model: A Keras model of one image, with as many channels as the first model's.
        class_names: Names of its classes, in index order; None for the first model's, if there are as many.
        pixel_range: Values of black and white in its input; None for the first model's.
        names: What the page calls the first model and this one; None for the models' names.
        output: Name of the output to show, of a model that has several.

    Example:
        >>> from models import LeNet5
        >>> from models.export.page import Beside
        >>> Beside(LeNet5(), names=("mine", "LeNet-5 of 1998")).names
        ('mine', 'LeNet-5 of 1998')
    """

    model: keras.Model
    class_names: list | None = None
    pixel_range: tuple | None = None
    names: tuple | None = None
    output: str | None = None


class First(NamedTuple):
    """What the second model is compared with.

    Attributes:
        model: The first model.
        nodes: As `portable` returns them.
        answer: What its output is, one of `ends.ANSWERS`.
        class_names: As `write_page` takes them.
        pixel_range: Values of black and white in its input.
        output: Name of the output that is shown, or None.
        examples: uint8 (n, height, width, channels).
        digits: Whether it reads digits.

    Example:
        >>> from models import LeNet5
        >>> images = np.zeros((0, 28, 28, 1), "uint8")
        >>> First(LeNet5(), [], "classes", None, (0, 255), None, images, True).answer
        'classes'
    """

    model: keras.Model
    nodes: list
    answer: str
    class_names: list | None
    pixel_range: tuple
    output: str | None
    examples: np.ndarray
    digits: bool


def beside_of(first, beside, precision):
    """What the page needs of a second model.

    Args:
        first: A `First`.
        beside: A Keras model or a `Beside`.
        precision: Of its weights, as `portable` takes it.

    Returns:
        ({"names", "facts", "model", "class_names", "pixel_range", "digits"}, the greatest difference of its
        outputs for the examples that rounding its weights makes).

    Raises:
        ModelError: If the two cannot be compared on one picture.

    Example:
        >>> from models import LeNet5, MLP
        >>> from models.export.page import portable
        >>> nodes = portable(MLP())["nodes"]
        >>> images = np.zeros((0, 28, 28, 1), "uint8")
        >>> first = First(MLP(), nodes, "classes", None, (0, 255), None, images, False)
        >>> data, _ = beside_of(first, LeNet5(), "float32")
        >>> data["names"], [each["parameters"] for each in data["facts"]]
        (['mlp', 'lenet5'], [407050, 61706])
    """
    given = beside if isinstance(beside, Beside) else Beside(beside)
    picture = picture_input(given.model)
    arguments.check_numbers(given.model)
    sides, size = _sides(first, given.model, picture)
    values = first.pixel_range if given.pixel_range is None else given.pixel_range
    low, high = arguments.pixel_range("Beside", "pixel_range", values)
    same = tuple(sides) == tuple(first.nodes[0]["shape"])
    examples = first.examples if same else np.zeros((0, *sides), "uint8")
    scaled = low + examples.astype("float32") * ((high - low) / 255)
    settings = {"image_size": size, "output": given.output, "examples": scaled}
    network = portable(given.model, precision=precision, **settings)
    if not same:
        _check_boxes(given.model, network["nodes"])
    names = arguments.names("Beside", "class_names", given.class_names)
    names = _class_names(first, given.model, network["nodes"], names)
    data = {
        "names": _names(first.model, given),
        "facts": [
            _facts(first.model, first.output, first.nodes),
            _facts(given.model, given.output, network["nodes"]),
        ],
        "model": network,
        "class_names": [shown_name(name) for name in names],
        "pixel_range": [low, high],
        "digits": first.digits and same,
    }
    taken = scaled.reshape(-1, *sides)
    axes = np.moveaxis(taken, -1, 1) if picture.layout == "first" else taken
    axes = axes.reshape(-1, *picture.taken(sides))
    return data, greatest_difference(checked_output(given.model, given.output), [axes], precision)


def _sides(first, model, picture):
    """(height, width, channels) of the second model's picture, and its `image_size` for `portable`."""
    if len(model.inputs) > 1:
        raise ModelError(
            f"{model.name} takes several inputs, and a model beside another takes one picture; give it first."
        )
    height, width, channels = first.nodes[0]["shape"]
    if picture.shape[2] != channels:
        raise ModelError(
            f"{first.model.name} takes pictures of {_channels(channels)} and {model.name} of "
            f"{_channels(picture.shape[2])}; only models of the same channels can be compared on one picture."
        )
    size = (height, width) if None in picture.shape[:2] else None
    return image_sides(model, picture, size), size


def _channels(count):
    return f"{count} channel{'' if count == 1 else 's'}"


def _check_boxes(model, nodes):
    """What is recorded of a closed box is of the examples, which have the size of the first model's."""
    for node in nodes:
        if node["kind"] == "recorded":
            raise ModelError(
                f"The page does not compute {shown(node['name'])} ({node['type']}) of {model.name}, so that "
                "it cannot stand beside a model of pictures of another size."
            )


def _class_names(first, model, nodes, names):
    """Names of the second model's outputs, which must be of the kind of the first one's."""
    count = nodes[-1]["shape"][-1]
    counts = count, first.nodes[-1]["shape"][-1]
    if first.answer == "classes":
        counts = [max(2, each) for each in counts]  # a single probability is of two classes
    as_first = first.class_names is not None and counts[0] == counts[1]
    known = [*first.class_names] if names is None and as_first else names
    answer = answer_of(nodes, known, loss_of(model))
    if first.answer not in COMPARED or answer not in COMPARED:
        one, other = (first.model, first.answer), (model, answer)
        odd, kind = one if first.answer not in COMPARED else other
        raise ModelError(f"{odd.name} answers with a {kind}; the page compares {' or '.join(COMPARED)}.")
    if answer != first.answer:
        raise ModelError(
            f"{first.model.name} answers with {first.answer} and {model.name} with {answer}; only models "
            "that answer alike can be compared."
        )
    word, expected = ("number", count) if answer == "numbers" else ("class", max(2, count))
    if known is None:
        return [f"{word} {index}" for index in range(expected)]
    if answer == "classes" and len(known) != expected:
        raise ModelError(
            f"{model.name} has {expected} classes, and class_names of Beside has {len(known)} names; give "
            "one for each."
        )
    return known


def _names(model, given):
    """What the page calls both: two different names."""
    names = arguments.names("Beside", "names", given.names) or [model.name, given.model.name]
    if len(names) != 2:
        raise ModelError(f"Beside needs names of both models, not {shown(names)}.")
    first, second = (shown_name(str(name)) for name in names)
    return [first, second] if first != second else [f"{first} (first)", f"{second} (second)"]


def _facts(model, output, nodes):
    """Numbers of parameters and multiply-adds, None where these cannot be counted."""
    one = checked_output(model, output)
    picture = picture_input(model)
    shapes = [tuple(each.shape[1:]) for each in model.inputs]
    shapes[picture.place] = picture.taken(nodes[0]["shape"])
    try:
        arithmetic = multiply_adds(one, shapes if len(shapes) > 1 else shapes[0])
    except ModelError:
        arithmetic = None
    return {"parameters": one.count_params(), "multiply_adds": arithmetic}
