"""Write a page on which a person chooses the class of each photo or text, and saves a table of the labels.

Its style and script lie beside this file. No other script may run in the page: its Content-Security-Policy
allows only the checksums of these. Whatever files and classes are called is shown as text, and comes to the
script as cells that are ready for the table, so that the same functions write all tables.
"""

import base64
import csv
import functools
import io
from pathlib import Path

import numpy as np
from PIL import Image

from ...errors import ModelError
from ...export.html import Inline, rendered, template
from ...loading.saved_classifiers import replacing
from ...sibling import datasets_module

names = datasets_module("files.names")
FOLDER = Path(__file__).parent
SIDE = 480  # pixels of a photo's longer side in the page
KEYS = 35  # classes that have a key
GENERATOR = "Glass Zoo, examples to label"  # by which a page is known
MANY = 12  # classes; of more, a field finds one
SNIPPET = 60  # characters of a text in the overview


def write_label_page(path, photos, files, class_names, labelled=(), title="Label these next"):
    """Write a page on which a person chooses the class of each photo: one HTML file that needs no network.

    Classes are chosen by mouse, finger or keyboard, and can be undone. The page saves `labels.csv`, which
    `Photos.check` takes.

    Args:
        path: Where to.
        photos: Images, (height, width, 3) each, pixels in [0, 255].
        files: Path of each photo, as the table is to name it; whole ones, unless the table is to lie in the
            folder that they start from.
        class_names: In index order.
        labelled: Rows of photos that have labels already, (file, label) or (file, label, part) each, which
            come before the new ones in the table, so that it is a whole data set. With parts, the new
            photos are to train on.
        title: Heading of the page.

    Raises:
        ModelError: If there are no photos or classes, or the numbers of photos, files and rows do not fit, or
            it cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     page = Path(folder) / "label.html"
        ...     write_label_page(page, np.zeros((2, 32, 32, 3)), ["1.jpg", "2.jpg"], ["ants", "bees"])
        ...     page.read_text(encoding="utf-8").count("data:image/jpeg;base64,")
        2
    """
    _write(path, render(photos, files, class_names, labelled, title))


def write_text_page(path, texts, class_names, labelled=(), title="Label these next"):
    """Write a page on which a person chooses the class of each text: one HTML file that needs no network.

    The page saves `labels.csv`, which `Texts.check` takes.

    Args:
        path: Where to.
        texts: List of str.
        class_names: In index order.
        labelled: Rows of texts that have labels already, (text, label) or (text, label, part) each, as for
            `write_label_page`.
        title: Heading of the page.

    Raises:
        ModelError: If there are no texts or classes, or the rows do not fit, or
            it cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     page = Path(folder) / "label.html"
        ...     write_text_page(page, ["My parcel is late."], ["delivery", "invoice"])
        ...     "My parcel is late." in page.read_text(encoding="utf-8")
        True
    """
    _write(path, render_texts(texts, class_names, labelled, title))


def _write(path, page):
    with replacing(Path(path)) as draft:
        draft.write_text(page, encoding="utf-8")


def is_label_page(path):
    """Whether a file is a page that `write_label_page` wrote.

    Args:
        path: Its path.

    Returns:
        bool; False for what cannot be read.

    Example:
        >>> is_label_page(__file__)
        False
    """
    known = f'<meta name="generator" content="{GENERATOR}">'.encode()
    try:
        with Path(path).open("rb") as file:
            start = file.read(1024)
    except OSError:
        return False
    return start.lstrip().startswith(b"<!DOCTYPE html>") and known in start


def render(photos, files, class_names, labelled=(), title="Label these next"):
    """The page of `write_label_page` as text.

    Args:
        photos, files, class_names, labelled, title: As for `write_label_page`.

    Returns:
        HTML.

    Raises:
        ModelError: As `write_label_page`.

    Example:
        >>> "<h1>Ants?</h1>" in render(np.zeros((1, 32, 32, 3)), ["1.jpg"], ["ants", "bees"], title="Ants?")
        True
    """
    photos, files = list(photos), list(files)
    if not photos or len(photos) != len(files) or not len(class_names):
        raise ModelError(
            f"photos= ({len(photos):,}), files= ({len(files):,}) and class_names= ({len(class_names):,}) "
            "must have at least one each, and as many files as photos."
        )
    items = [
        {"uri": _uri(photo), "name": names.shown(file), "cell": _cells([names.shown(file)])}
        for photo, file in zip(photos, files, strict=True)
    ]
    advice = (
        "It names photos by their whole paths, so that it can be trained on from there."
        if all(Path(file).is_absolute() for file in files)
        else "Move it to the folder of the photos, and train on it."
    )
    return _rendered("photo", items, class_names, labelled, title, advice)


def render_texts(texts, class_names, labelled=(), title="Label these next"):
    """The page of `write_text_page` as text.

    Args:
        texts, class_names, labelled, title: As for `write_text_page`.

    Returns:
        HTML.

    Raises:
        ModelError: As `write_text_page`.

    Example:
        >>> "<h1>Which?</h1>" in render_texts(["Late again."], ["delivery", "invoice"], title="Which?")
        True
    """
    texts = list(texts)
    if not texts or not len(class_names):
        raise ModelError(
            f"texts= ({len(texts):,}) and class_names= ({len(class_names):,}) must have at least one each."
        )
    items = [
        {
            "text": text,
            "name": names.shown(names.cut(" ".join(text.split()), SNIPPET)),
            "cell": _cells([text]),
        }
        for text in texts
    ]
    advice = "Train on it" + (
        "; your other labelled texts are in it." if labelled else ", together with your other labelled texts."
    )
    return _rendered("text", items, class_names, labelled, title, advice)


def _rendered(noun, items, class_names, labelled, title, advice):
    """The page for examples: dictionaries with a name, the cell of the table, and a uri or a text."""
    labelled = [tuple(row) for row in labelled]
    widths = {len(row) for row in labelled}
    first = "text" if noun == "text" else "file"
    if len(widths) > 1 or not widths <= {2, 3}:
        raise ModelError(
            f"labelled= must have rows of ({first}, label), or all of them ({first}, label, part)."
        )
    with_parts = widths == {3}
    header = (first, "label", "split") if with_parts else (first, "label")
    data = {
        "noun": noun.capitalize(),
        "items": items,
        "classes": [{"name": names.shown(name), "cell": _cells([names.shown(name)])} for name in class_names],
        "start": "".join(_cells(row) + "\n" for row in [header, *labelled]),
        "rest": ",train" if with_parts else "",
        "file": "labels.csv",
        "advice": advice,
    }
    return rendered(
        _template(),
        title=title,
        noun=noun,
        generator=GENERATOR,
        classes=list(class_names),
        keys=_keys(min(len(class_names), KEYS)),
        many=MANY,
        data=data,
        style=_inline("page.css"),
        script=_inline("page.js"),
    )


def _keys(count):
    """Which keys choose a class: digits first, then letters."""
    digits = f"1 to {min(count, 9)}" if count < 10 else "1 to 9, 0"
    return digits if count <= 10 else f"{digits} and a to {chr(ord('a') + count - 11)}"


def _cells(row):
    """Cells of a CSV file, without the end of the line."""
    held = io.StringIO()
    # With this end a cell with either letter of it is quoted
    csv.writer(held, lineterminator="\r\n").writerow([names.safe(cell, "csv") for cell in row])
    return held.getvalue().removesuffix("\r\n")


@functools.cache
def _template():
    return template(FOLDER / "page.html")


@functools.cache
def _inline(name):
    return Inline((FOLDER / name).read_text(encoding="utf-8"))


def _uri(photo):
    """A photo as a small JPEG in a data URI."""
    image = Image.fromarray(np.asarray(photo).clip(0, 255).astype("uint8"))
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    held = io.BytesIO()
    image.save(held, "JPEG", quality=85, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(held.getvalue()).decode('ascii')}"
