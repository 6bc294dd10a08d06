"""What pages of images and of sounds share: the template, the style, the script, and the model's data.

The page's own style and ES modules lie beside this file; the modules are bundled into one script. No other
script may run in the page: its Content-Security-Policy allows only the checksums of these. Whatever
classes and titles are called is shown as text.
"""

import base64
import functools
from pathlib import Path

from ...errors import ModelError
from ...sibling import datasets_module
from ..html import Inline, rendered, template
from .bundle import bundle

shown = datasets_module("files.names").shown
FOLDER = Path(__file__).parent
ENTRY = "page.js"  # imports all other modules
KERNELS = FOLDER / "engine" / "wasm" / "kernels.wasm"  # see kernels.c beside it


def page_of(
    model, network, answer, class_names, title, examples, data, rounding="", digits=False, hertz=None
):
    """The page as text.

    Args:
        model: The Keras model.
        network: As `portable` writes it down.
        answer: What its output is, one of `ends.ANSWERS`.
        class_names: Names of the classes, in index order; None for "class 0" and so on.
        title: Heading of the page, None for the model's name.
        examples: List of (source of the picture, caption) of images, or of (name, caption) of sounds.
        data: What the script gets beside the model.
        rounding: As `precision.rounding_note` returns it.
        digits: Whether the model reads digits.
        hertz: Samples a second of a model of sounds, None for images.

    Returns:
        Text.

    Raises:
        ModelError: If the names do not fit the model.

    Example:
        >>> from models import LeNet5
        >>> from models.export.page import portable
        >>> page_of(LeNet5(), portable(LeNet5()), "classes", None, None, [], {})[:15]
        '<!DOCTYPE html>'
    """
    nodes = network["nodes"]
    outputs = nodes[-1]["shape"][-1]
    if class_names is None:
        word = "number" if answer == "numbers" else "class"
        class_names = [f"{word} {index}" for index in range(max(2, outputs))]
    _check_names(model, class_names, outputs, answer)
    held = {"model": network, "class_names": [shown(name) for name in class_names], "answer": answer}
    held["kernels"] = _kernels()
    return rendered(
        _template(),
        title=str(model.name if title is None else title),
        digits=digits,
        hertz=hertz,
        answer=answer,
        rounding=rounding,
        boxes=[(node["name"], node["type"]) for node in nodes if node["kind"] == "recorded"],
        examples=examples,
        data=held | data,
        style=_style(),
        script=_script(),
    )


def _check_names(model, class_names, outputs, answer):
    classes = 2 if outputs == 1 else outputs  # a probability, or a logit, of the second
    if answer in ("classes", "map") and len(class_names) != classes:
        raise ModelError(
            f"{model.name} has {classes} classes, and class_names has {len(class_names)} names; give one "
            "for each."
        )


@functools.cache
def _style():
    return Inline((FOLDER / "page.css").read_text(encoding="utf-8"))


@functools.cache
def _script():
    return Inline(bundle(FOLDER, ENTRY))


@functools.cache
def _kernels():
    """What computes the heavy layers, WebAssembly in base64."""
    return base64.b64encode(KERNELS.read_bytes()).decode("ascii")


@functools.cache
def _template():
    return template(FOLDER / "page.html")
