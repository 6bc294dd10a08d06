"""A page that runs a model in the browser: one HTML file that needs no other, no server, no network.

The page's own style and ES modules lie in `page/`; the modules are bundled into one script. No other
script may run in the page: its Content-Security-Policy allows only the checksums of these. Whatever
classes and titles are called is shown as text.
"""

import base64
import functools
import hashlib
import io
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
from PIL import Image

from datasets.files.names import shown
from .portable import portable
from .bundle import bundle
from ..html import rendered, template

FOLDER = Path(__file__).with_name("page")
ENTRY = "page.js"  # imports all other modules


def write_page(path, model, class_names, examples, title, pixel_range=(0, 255), captions=()):
    """Write a page in which a model can be tried and looked into.

    Args:
        path: Where to; what stands there is replaced only once the page is complete.
        model: A Keras model of images, as `models.export.page.portable.portable` takes it. Where it takes
            images of any size, the page takes the examples' size.
        class_names: Names of the classes, in index order; for a single output the names of both.
        examples: uint8 array (n, height, width, 1 or 3) of pictures to click, n may be 0.
        title: Heading of the page.
        pixel_range: What black and white are in the model's input.
        captions: What each example is in truth, as text; empty where nobody knows.

    Raises:
        ModelError: If the page cannot show such a model.
    """
    path = Path(path)
    draft = path.with_name(f"{path.name}.part")
    draft.write_text(render(model, class_names, examples, title, pixel_range, captions), encoding="utf-8")
    draft.replace(path)


def render(model, class_names, examples, title, pixel_range=(0, 255), captions=()):
    """A model's page as HTML, with the arguments of `write_page`."""
    examples = np.asarray(examples)
    sides = model.inputs[0].shape[1:3] if getattr(model, "inputs", None) else ()
    size = examples.shape[1:3] if None in sides and len(examples) else None
    network = portable(model, image_size=size)
    data = {
        "model": network,
        "class_names": [shown(name) for name in class_names],
        "pixel_range": [float(value) for value in pixel_range],
    }
    return rendered(
        _template(),
        title=str(title),
        digits=network["nodes"][0]["shape"] == [28, 28, 1],
        examples=[
            (_uri(example), str(caption))
            for example, caption in zip_longest(examples, captions, fillvalue="")
        ],
        data=data,
        style=_style(),
        script=_script(),
    )


@dataclass(frozen=True)
class _Inline:
    """A style or script inside the page, and the checksum by which the page allows it."""

    text: str

    @property
    def hash(self):
        checksum = hashlib.sha256(self.text.encode("utf-8")).digest()
        return f"'sha256-{base64.b64encode(checksum).decode('ascii')}'"


def _style():
    return _Inline((FOLDER / "page.css").read_text(encoding="utf-8"))


@functools.cache
def _script():
    return _Inline(bundle(FOLDER, ENTRY))


@functools.cache
def _template():
    return template(FOLDER / "page.html")


def _uri(example):
    """A picture as a PNG in a data URI: exactly the pixels that the model is to get."""
    pixels = np.asarray(example, "uint8")
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    held = io.BytesIO()
    image.save(held, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(held.getvalue()).decode('ascii')}"
