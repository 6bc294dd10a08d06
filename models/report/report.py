"""The report of a classifier of photos or texts: one HTML file that needs no other file, network or script.

Whatever a user's folders, files and texts say is shown as text: the template escapes every value.
"""

import base64
import functools
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from ..export.html import rendered, template

TEMPLATE = Path(__file__).with_name("report.html")
FEW = 12  # rows of a table that are shown at once; a longer one is folded
MOST = 200  # rows of a table at all; of a longer one the report names the file that has the rest
LARGEST = 150_000  # bytes of a figure that is kept as it is
PALE = 0.25  # log-odds; where no word has a larger effect, none is shown in full colour
BLUE, ORANGE = "0, 114, 178", "230, 159, 0"
PIXELS = 1.5  # of a figure's file for each pixel of the page: sharp on high-resolution screens


@dataclass(frozen=True)
class Figure:
    """A figure of the report.

    Attributes:
        image: Path of a PNG or JPEG file, or its bytes.
        alt: What it shows, in a sentence, for those who cannot see it.
        caption: A sentence or two below it.

    Example:
        >>> Figure("curves.png", "Loss after each epoch.").caption
        ''
    """

    image: Path | bytes
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class Speaker:
    """A training photo that speaks for a mistake.

    Attributes:
        photo: Array (height, width, 3), pixels in [0, 255].
        file: Its name.
        label: Name of the class that it was given.

    Example:
        >>> Speaker(np.zeros((8, 8, 3)), "2.jpg", label="bees").label
        'bees'
    """

    photo: np.ndarray
    file: str
    label: str


@dataclass(frozen=True)
class Mistake:
    """A misclassified photo.

    Attributes:
        photo: Array (height, width, 3), pixels in [0, 255].
        file: Its name.
        label, prediction: Names of the classes.
        confidence: Probability of the prediction.
        speakers: Sequence of `Speaker`: training photos that speak most for the prediction.

    Example:
        >>> Mistake(np.zeros((8, 8, 3)), "1.jpg", label="ants", prediction="bees", confidence=0.9).label
        'ants'
    """

    photo: np.ndarray
    file: str
    label: str
    prediction: str
    confidence: float
    speakers: Sequence = ()


@dataclass(frozen=True)
class Suspicion:
    """A photo whose label may be wrong.

    Attributes:
        photo: Array (height, width, 3), pixels in [0, 255].
        file: Its name.
        label: Name of the class that it was given.
        likely: Name of the class that is most probable.
        probability: Of the given class.

    Example:
        >>> Suspicion(np.zeros((8, 8, 3)), "1.jpg", label="ants", likely="bees", probability=0.02).likely
        'bees'
    """

    photo: np.ndarray
    file: str
    label: str
    likely: str
    probability: float


@dataclass(frozen=True)
class TextMistake:
    """A misclassified text.

    Attributes:
        words: List of (word, by how much it raises the log-odds of the prediction).
        file: Where the text comes from.
        label, prediction: Names of the classes.
        confidence: Probability of the prediction.
        cut_off: How many more words the text has.

    Example:
        >>> TextMistake([("late", 1.2)], "a.csv, line 7", "invoice", "delivery", confidence=0.9).cut_off
        0
    """

    words: list
    file: str
    label: str
    prediction: str
    confidence: float
    cut_off: int = 0

    def shades(self):
        """(word, effect, CSS colour) of each word: blue raises the log-odds, orange lowers them."""
        most = max(PALE, *(abs(effect) for _, effect in self.words)) if self.words else PALE
        return [
            (word, effect, f"rgba({BLUE if effect > 0 else ORANGE}, {0.65 * abs(effect) / most:.2f})")
            for word, effect in self.words
        ]


@dataclass(frozen=True)
class TextSuspicion:
    """A text whose label may be wrong.

    Attributes:
        text: The text, or its beginning.
        file: Where it comes from.
        label: Name of the class that it was given.
        likely: Name of the class that is most probable.
        probability: Of the given class.

    Example:
        >>> TextSuspicion("Paid twice.", "a.csv, line 7", "delivery", "invoice", probability=0.02).likely
        'invoice'
    """

    text: str
    file: str
    label: str
    likely: str
    probability: float


@dataclass(frozen=True)
class Baseline:
    """What the classifier has to beat.

    Attributes:
        name: What it is, such as "Majority".
        accuracy: A `Share`.
        note: What it does, in a few words.

    Example:
        >>> from models.scores import Share
        >>> Baseline("Majority", Share(6, 10), "always the most frequent class").accuracy.value
        0.6
    """

    name: str
    accuracy: object
    note: str


@dataclass
class ClassifierReport:
    """What the report of any classifier says. The first four are needed; what is empty is left out.

    Attributes:
        title: Heading of the report.
        finding: What came out, in one sentence.
        used: Number of photos or texts used.
        set_aside: Number of those set aside.
        test_accuracy: A `Share`, or None where nothing was held back for a test.
        baselines: List of `Baseline`.
        seconds: {what was done in training: seconds}, in order.
        total_seconds: From the start of the run to the report.
        settings: {name: value}.
        findings: What was found in the data: objects with `what`, `files` (names) and `action`.
        quarantine: (file, reason) of each one set aside.
        quarantine_file: Name of the file that lists all of them.
        class_names: In index order.
        counts: {"train" and so on: number of examples of each class, in index order}.
        class_scores: List of `ClassScore`.
        scored: What the scores, mistakes and figures are of, such as "the test photos".
        calibration_error: The expected calibration error.
        figures: {name: `Figure`}; the names are those of the sections in report.html.
        steps: What to do next, in order: list of `Step`.
        suspects: List of `Suspicion` or `TextSuspicion`, the most suspicious first.
        suspects_in_all: How many there are, if more than are shown.
        suspects_file: Name of the file that lists all of them.
        mistakes: List of `Mistake` or `TextMistake`, those with the highest confidence first.
        commands: (what it is for, command line) of each way to use the model; paths in it are
            to be quoted for a shell already.
        environment: {name: value}.

    Example:
        >>> ClassifierReport("Ants and bees", "All are classified correctly.", used=20, set_aside=1).baselines
        []
    """

    title: str
    finding: str
    used: int
    set_aside: int
    test_accuracy: object = None
    baselines: list = field(default_factory=list)
    seconds: dict = field(default_factory=dict)
    total_seconds: float | None = None
    settings: dict = field(default_factory=dict)
    findings: list = field(default_factory=list)
    quarantine: list = field(default_factory=list)
    quarantine_file: str = "quarantine.csv"
    class_names: list = field(default_factory=list)
    counts: dict = field(default_factory=dict)
    class_scores: list = field(default_factory=list)
    scored: str = "those held back"
    calibration_error: float | None = None
    figures: dict = field(default_factory=dict)
    steps: list = field(default_factory=list)
    suspects: list = field(default_factory=list)
    suspects_in_all: int = 0
    suspects_file: str = "suspects.csv"
    mistakes: list = field(default_factory=list)
    commands: list = field(default_factory=list)
    environment: dict = field(default_factory=dict)


@dataclass
class PhotoReport(ClassifierReport):
    """What the report of a classifier of photos says: a `ClassifierReport`, and more.

    Attributes:
        baseline_accuracy: A `Share`: what linear probes alone reach on the same photos.
        cross_validation_accuracy: A `Share`: of the other photos, each classified by a model that did not
            see it.
        backbone: Name of the pretrained network.
        weights: Where its weights came from.
        more_photos: What more photos would bring, a `Forecast`; None for no estimate.
        noun: What the report calls an example.

    Example:
        >>> PhotoReport("Ants and bees", "All photos are classified correctly.", used=20, set_aside=1).figures
        {}
    """

    baseline_accuracy: object = None
    cross_validation_accuracy: object = None
    backbone: str = ""
    weights: str = ""
    more_photos: object = None
    noun: str = "photo"


@dataclass
class TextReport(ClassifierReport):
    """What the report of a classifier of texts says: a `ClassifierReport`.

    Attributes:
        noun: What the report calls an example.

    Example:
        >>> TextReport("Tickets", "All texts are classified correctly.", used=20, set_aside=1).noun
        'text'
    """

    noun: str = "text"


def write_report(path, report):
    """Write a report as one HTML file that needs no other file, no network and no script.

    Args:
        path: Where to.
        report: A `PhotoReport` or `TextReport`.

    Raises:
        OSError: If it cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_report(Path(folder) / "report.html", PhotoReport("Bees", "All correct.", 20, 0))
        ...     [file.name for file in Path(folder).iterdir()]
        ['report.html']
    """
    Path(path).write_text(render(report), encoding="utf-8")


def render(report):
    """A report as HTML, all images inside.

    Args:
        report: A `PhotoReport` or `TextReport`.

    Returns:
        The file's text.

    Example:
        >>> "<h1>Bees</h1>" in render(PhotoReport("Bees", "All correct.", 20, 0))
        True
    """
    return rendered(_template(), report=report, few=FEW, most=MOST, inline=_inline, photo_uri=_photo_uri)


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
    """An image inside the page: its data and its size there; a wide one scrolls on a phone."""

    uri: str
    width: int
    height: int
    wide: bool


def _inline(image):
    """A figure for the page; a large one, such as of photos, becomes a JPEG if that is smaller."""
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
