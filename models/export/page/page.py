"""A page that runs a model in the browser: one HTML file that needs no other, no server, no network.

This is the page of a model of images; `sounds` writes that of a model of sounds, and `shell` what both share.
"""

import base64
import io
import zlib
from itertools import zip_longest

import numpy as np
from PIL import Image

from ...checks.arguments import checked, choice
from ...errors import ModelError
from .. import arguments
from ..html import page_path, write_html
from ..precision import PRECISIONS, greatest_difference, rounded_weights, rounding_note
from .beside import First, beside_of
from .checkpoints import portable_checkpoints
from .ends import ANSWERS, answer_of, checked_output, for_all, loss_of, other_values, picture_input, range_of
from .new_head import new_head
from .portable import portable_with_places
from .shell import page_of

DIGITS = [str(digit) for digit in range(10)]


CHECKED = {
    "model": arguments.anything,  # `picture_input` checks it
    "images": arguments.images,
    "class_names": arguments.names,
    "pixel_range": arguments.pixel_range,
    "captions": arguments.captions,
    "precision": choice(*PRECISIONS),
}


@checked(**CHECKED)
def write_page(
    model,
    images,
    path,
    class_names=None,
    title=None,
    pixel_range=(0, 255),
    captions=(),
    output=None,
    other_inputs=None,
    answer=None,
    precision="float32",
    checkpoints=(),
    beside=None,
):
    """Write a page that runs a model in the browser and shows what each layer computes.

    Layers that the page cannot compute are closed boxes: their outputs are recorded for the examples, and
    the page says so. A model of images of 28 x 28 x 1 whose classes are named "0" to "9" is taken for a
    reader of digits: what is drawn is centred and scaled as MNIST's digits are. An output that is an image
    is shown as one, and a class for each pixel in colours. Of several inputs, the first that can be an image
    is drawn or dropped; the others keep the values of the example that was chosen last, or are typed. In the
    page of a classifier whose last layer with weights is dense, one can train a new one for other classes.

    Args:
        model: A Keras model of images, as `models.export.page.portable` takes it. Where it takes
            images of any size, the page takes the examples' size.
        images: uint8 array (n, height, width, 1 to 4), or (n, height, width), of example images; n may be 0.
        path: File to write, which ends in .html. An existing file is replaced once the page is complete.
        class_names: Names of the classes, in index order; for a single output the names of both. None
            for "class 0", "class 1" and so on. A single output without a sigmoid is shown as a number,
            unless it is linear and two classes are named: then it is taken for a logit.
        title: Heading of the page, None for the model's name.
        pixel_range: Values of black and white in the model's input.
        captions: The true class of each example, as text; empty if unknown.
        output: Name of the output to show, of a model that has several; None for the first that has one
            number for each class.
        other_inputs: Values of the model's other inputs for the examples, {name: array (n, ...)}. Inputs of
            up to 12 numbers may be left out: they begin with 0.
        answer: What the output is: "classes", "numbers", "picture", or "map" for a class for each pixel. None
            to tell by the last layer's activation, the loss and the class names.
        precision: As what weights are written: "float32"; "float16", half as large; or "int8", a quarter,
            with a scale for each output channel of kernels. The page says so, and how much that changes.
        checkpoints: Weights of earlier moments of the model's training, to which a slider goes back: pairs
            (name, weights), as ("epoch 1", model.get_weights()) was then. They are rounded to 16 bits.
        beside: A second model that gets the same picture, and whose answer is compared: a Keras model, or a
            `Beside` with its class names. It may have other layers, classes and another size of picture, but
            takes as many channels.

    Returns:
        A `Written`.

    Raises:
        ModelError: If the page cannot show such a model, an argument is not as described, or the file
            cannot be written.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import numpy as np
        >>> from models import LeNet5
        >>> from models.export.page import write_page
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     images = np.zeros((2, 28, 28, 1), "uint8")
        ...     written = write_page(LeNet5(), images, Path(folder) / "lenet5.html")
        ...     print([path.name for path in Path(folder).iterdir()])
        ['lenet5.html']
    """
    path = page_path(path)
    settings = title, pixel_range, captions, output, other_inputs, answer, precision, checkpoints, beside
    return write_html(path, *_render(model, images, class_names, *settings))


@checked(**CHECKED)
def render(
    model,
    images,
    class_names=None,
    title=None,
    pixel_range=(0, 255),
    captions=(),
    output=None,
    other_inputs=None,
    answer=None,
    precision="float32",
    checkpoints=(),
    beside=None,
):
    """The page of `write_page` as text, with the same arguments.

    Args:
        model, images, class_names, title, pixel_range, captions: As in `write_page`.
        output, other_inputs, answer, precision, checkpoints, beside: As in `write_page`.

    Raises:
        ModelError: If the page cannot show such a model.

    Example:
        >>> import numpy as np
        >>> from models import LeNet5
        >>> from models.export.page import render
        >>> render(LeNet5(), np.zeros((0, 28, 28, 1), "uint8"))[:15]
        '<!DOCTYPE html>'
    """
    settings = title, pixel_range, captions, output, other_inputs, answer, precision, checkpoints, beside
    return _render(model, images, class_names, *settings)[0]


def _render(
    model,
    images,
    class_names,
    title,
    pixel_range,
    captions,
    output,
    other_inputs,
    answer,
    precision,
    checkpoints,
    beside,
):
    """The page as text, and what rounding the weights changes for the examples."""
    if answer is not None:
        choice(*ANSWERS)("write_page", "answer", answer)
    picture = picture_input(model)
    arguments.check_numbers(model)
    examples = _examples(images, picture)
    if len(captions) > len(examples):
        raise ModelError(f"There are {len(captions)} captions for {len(examples)} images; give one for each.")
    size = examples.shape[1:3] if None in picture.shape and len(examples) else None
    low, high = pixel_range
    settings = {"image_size": size, "output": output, "other_inputs": other_inputs}
    settings["examples"] = _scaled(examples, pixel_range)
    network, places = portable_with_places(model, precision=precision, **settings)
    nodes = network["nodes"]
    answer = answer or answer_of(nodes, class_names, loss_of(model))
    digits = nodes[0]["shape"] == [28, 28, 1] and [*map(str, class_names or ())] == DIGITS
    data = {
        "pixel_range": [low, high],
        "digits": digits,
        "answer_range": range_of(nodes, (low, high)),
        "checkpoints": portable_checkpoints(model, checkpoints, **settings),
        "pixels": _raw(examples) if examples.shape[-1] in (2, 4) else None,
        "beside": None,
        "teach": None,
    }
    pictures = zip_longest(map(_uri, examples), map(str, captions), fillvalue="")
    changed = _difference(model, examples, pixel_range, output, other_inputs, precision)
    if beside is None:
        with rounded_weights(model, precision):  # which a file from the page holds, too
            one = checked_output(model, output)
            data["teach"] = new_head(one, network, places, digits, (low, high), precision != "float32")
    else:
        first = First(model, nodes, answer, class_names, (low, high), output, examples, digits)
        data["beside"], also = beside_of(first, beside, precision)
        changed = max(changed, also)
    rounding = rounding_note(precision, changed, len(examples))
    if beside is not None and title is None:
        title = " beside ".join(data["beside"]["names"])
    page = page_of(model, network, answer, class_names, title, [*pictures], data, rounding, digits=digits)
    return page, changed


def _scaled(examples, pixel_range):
    """The examples in the model's range."""
    low, high = pixel_range
    return low + examples.astype("float32") * ((high - low) / 255)


def _difference(model, examples, pixel_range, output, other_inputs, precision):
    """What rounding the weights changes in the output for the examples."""
    if precision == "float32":
        return 0.0
    picture = picture_input(model)
    scaled = _scaled(examples, pixel_range)
    values = other_values(model, picture, other_inputs, len(scaled))
    axes = np.moveaxis(scaled, -1, 1) if picture.layout == "first" else scaled
    values[picture.place] = axes[..., 0] if picture.layout == "rows" else axes
    model = checked_output(model, output)
    given = [for_all(values[place], len(scaled)) for place in sorted(values)]
    return greatest_difference(model, given, precision)


def _examples(images, picture):
    """The examples with their channels last, uint8 (n, height, width, channels)."""
    examples = images
    if (
        picture.layout == "first"
        and examples.ndim == 4
        and examples.shape[1] == picture.shape[2] != examples.shape[3]
    ):
        examples = np.moveaxis(examples, 1, -1)
    examples = examples[..., None] if examples.ndim == 3 else examples
    fits = zip(examples.shape[1:], picture.shape, strict=False)
    if len(examples) and not all(want in (None, have) for have, want in fits):
        wanted = ", ".join("any" if side is None else str(side) for side in picture.shape)
        raise ModelError(f"The model takes images of ({wanted}), and the examples have {examples.shape[1:]}.")
    return examples


def _uri(example):
    """An image as a PNG in a data URI, with exactly the pixels that the model gets if it has 1 or 3 channels.

    Of 4 channels it is shown on white, of 2 as two grey images beside each other.
    """
    pixels = np.asarray(example, "uint8")
    if pixels.shape[-1] == 4:
        image = Image.new("RGB", pixels.shape[1::-1], "white")
        image.paste(Image.fromarray(pixels[..., :3].copy()), mask=Image.fromarray(pixels[..., 3].copy()))
    else:
        pixels = np.moveaxis(pixels, -1, 1).reshape(len(pixels), -1) if pixels.shape[-1] < 3 else pixels
        image = Image.fromarray(pixels)
    held = io.BytesIO()
    image.save(held, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(held.getvalue()).decode('ascii')}"


def _raw(examples):
    """All pixels of the examples, compressed (zlib), in base64: no browser keeps colours where alpha is 0."""
    return base64.b64encode(zlib.compress(examples.tobytes(), 9)).decode("ascii")
