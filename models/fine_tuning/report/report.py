"""The report of a fine-tuned classifier: one HTML page that needs no other file, no network, no script.

Whatever a user's folders and files are called is shown as text: the template escapes every value.
"""

import base64
import functools
import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from models.export.html import rendered, template

TEMPLATE = Path(__file__).with_name("report.html")
FEW = 12  # rows of a table that are open at once; a longer one is folded
MOST = 200  # rows of a table at all; of a longer one the page names the file that has the rest
LARGEST = 150_000  # bytes of a figure that is kept as it is
PIXELS = 1.5  # of a figure's file, for each of the page: sharp on fine screens


@dataclass(frozen=True)
class Picture:
    """A figure of the page.

    Attributes:
        image: Path of a PNG or JPEG file, or its bytes.
        alt: What it shows, in a sentence, for who cannot see it.
        caption: A sentence or two below it.
    """

    image: Path | bytes
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class Mistake:
    """A photo that was told wrong.

    Attributes:
        photo: Array (height, width, 3), pixels in [0, 255].
        file: Its name.
        truth, answer: Names of the classes.
        probability: What the model gave its answer.
    """

    photo: np.ndarray
    file: str
    truth: str
    answer: str
    probability: float


@dataclass
class Page:
    """What a report page says. Only the first four are needed; what is empty is left out.

    Attributes:
        title: Heading of the page.
        finding: What came out, in one sentence.
        used: Number of photos used.
        set_aside: Number of photos set aside.
        test_accuracy: A `Share`, or None where no photos were held back for a test.
        validation_accuracy: A `Share`.
        seconds: {what was done: seconds}, in order.
        backbone: Name of the pretrained network.
        weights: Where its weights came from.
        settings: {name: value}.
        findings: What was found in the data: objects with `what`, `files` (names) and `action`.
        quarantine: (file, reason) of each photo set aside.
        quarantine_file: Name of the file that lists all of them.
        class_names: In index order.
        photos: {"train" and so on: number of photos of each class, in index order}.
        class_scores: List of `ClassScore`.
        scored: Which photos the scores, mistakes and figures are of, such as "the test photos".
        calibration_error: The expected calibration error.
        figures: {name: `Picture`}; the names are "augmentation", "curves", "confusion_matrix",
            "class_scores", "calibration" and "grad_cam".
        mistakes: List of `Mistake`, the surest first.
        commands: (what it is for, command line) of each way to use the model; paths in it are
            to be quoted for a shell already.
        environment: {name: value}.
    """

    title: str
    finding: str
    used: int
    set_aside: int
    test_accuracy: object = None
    validation_accuracy: object = None
    seconds: dict = field(default_factory=dict)
    backbone: str = ""
    weights: str = ""
    settings: dict = field(default_factory=dict)
    findings: list = field(default_factory=list)
    quarantine: list = field(default_factory=list)
    quarantine_file: str = "quarantine.csv"
    class_names: list = field(default_factory=list)
    photos: dict = field(default_factory=dict)
    class_scores: list = field(default_factory=list)
    scored: str = "the photos held back"
    calibration_error: float | None = None
    figures: dict = field(default_factory=dict)
    mistakes: list = field(default_factory=list)
    commands: list = field(default_factory=list)
    environment: dict = field(default_factory=dict)


def write_page(path, page):
    """Write a report page.

    Args:
        path: Where to.
        page: A `Page`.
    """
    Path(path).write_text(render(page), encoding="utf-8")


def render(page):
    """A report page as HTML.

    Args:
        page: A `Page`.

    Returns:
        Text of the file, which holds all pictures.
    """
    return rendered(_template(), page=page, few=FEW, most=MOST, inline=_inline, photo_uri=_photo_uri)


@functools.cache
def _template():
    return template(TEMPLATE, percent=_percent, duration=_duration)


def _percent(share):
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def _duration(seconds):
    if seconds < 60:
        return f"{seconds:.1f}\N{NO-BREAK SPACE}s"
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes}\N{NO-BREAK SPACE}min {seconds}\N{NO-BREAK SPACE}s"


@dataclass(frozen=True)
class _Inline:
    """A picture inside the page: its data and its size there; a wide one scrolls on a phone."""

    uri: str
    width: int
    height: int
    wide: bool


def _inline(image):
    """A figure for the page; a large one, as of photos, becomes a JPEG where that is smaller."""
    content = image if isinstance(image, bytes) else Path(image).read_bytes()
    with Image.open(io.BytesIO(content)) as opened:
        kind = opened.format
        if len(content) > LARGEST or kind not in ("PNG", "JPEG"):
            small = _jpeg(_on_white(opened))
            if len(small) < len(content) or kind not in ("PNG", "JPEG"):
                content, kind = small, "JPEG"
        width, height = (round(side / PIXELS) for side in opened.size)
    return _Inline(_uri(content, kind), width, height, wide=width > 750 or width > 1.4 * height)


def _on_white(image):
    colours = image.convert("RGBA")
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(colours)
    return paper.convert("RGB")


def _photo_uri(photo, side=240):
    """A photo as a small JPEG in a data URI."""
    image = Image.fromarray(np.asarray(photo).clip(0, 255).astype("uint8"))
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return _uri(_jpeg(image), "JPEG")


def _jpeg(image):
    held = io.BytesIO()
    image.save(held, "JPEG", quality=85, optimize=True)
    return held.getvalue()


def _uri(content, kind):
    return f"data:image/{kind.lower()};base64,{base64.b64encode(content).decode('ascii')}"
