"""The page of a model of images: what the lesson `look_inside` shows in a browser."""

from pathlib import Path

from tutorials.lesson.command import LessonError

from models.export.page import Beside, page_bytes, write_page
from tutorials.lesson.parts.image_models import load_image_model
from tutorials.lesson.parts.inspection_steps import of_all_classes
from tutorials.lesson.parts.text_pages import say_rounding

LARGE_PAGE = 3  # MB, from which on a smaller one is offered


def examples_of_the_page(inspected):
    """Twelve images for the page, of all classes, and their captions: (images, list of str)."""
    rows = of_all_classes(inspected.labels, 12)
    captions = [inspected.names[label] for label in inspected.labels[rows]] if inspected.known else []
    return inspected.images[rows], captions


def model_beside(path, first, page, scaling, custom):
    """The model that the page shows beside the first.

    Args:
        path: As `load_image_model` takes it; empty for none.
        first: The same of the first model; empty for the one that is trained here.
        page: Whether a page is written.
        scaling: A `Scaling` of its pixels.
        custom: Python file that defines layers of it, or None.

    Returns:
        A `Beside`, or None.

    Raises:
        LessonError, ModelError: If there is no page, or no such model.
    """
    if not path:
        return None
    if not page:
        raise LessonError("beside= names a second model for the page: add --page.")
    saved = load_image_model(path, scaling, custom=custom)
    names = _name_of(first) if first else "trained here", _name_of(path)
    return Beside(saved.model, saved.class_names or None, names=names)


def _name_of(path):
    """What a page calls a saved model: the name of its file, or of its folder."""
    path = Path(path)
    named = path.parent if path.name == "model.keras" and path.parent.name else path
    return named.name.removesuffix(".keras")


def write_page_of(inspected, report, precision="float32", checkpoints=(), beside=None):
    """Write page.html, which runs the model in a browser, and say how large it will be.

    Args:
        inspected: An `Inspected`.
        report: The lesson's `Report`.
        precision: As what to write weights: "float32", "float16" or "int8".
        checkpoints: Weights of earlier moments, as `write_page` takes them.
        beside: A `Beside`, or None.
    """
    model = inspected.model
    size, half, quarter = (
        (page_bytes(model, each, len(checkpoints)) + (page_bytes(beside.model, each) if beside else 0)) / 1e6
        for each in (precision, "float16", "int8")
    )
    smaller = f" ({half:.1f} MB with --precision float16, {quarter:.1f} with int8)"
    offered = precision == "float32" and size >= LARGE_PAGE
    print(f"page.html will have about {size:.1f} MB{smaller if offered else ''}.")
    shown, captions = examples_of_the_page(inspected)
    title = f"Look inside {model.name}" if beside is None else None
    with report.writing("page.html") as path:
        settings = {
            "captions": captions,
            "precision": precision,
            "checkpoints": checkpoints,
            "beside": beside,
        }
        written = write_page(model, shown, path, inspected.names, title, **settings)
    say_rounding(precision, written.difference, len(shown))
