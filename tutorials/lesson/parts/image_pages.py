"""The page of a model of images: what the lesson `look_inside` shows in a browser."""

from models.export.page import page_bytes, write_page
from tutorials.lesson.parts.inspection_steps import of_all_classes
from tutorials.lesson.parts.text_pages import say_rounding

LARGE_PAGE = 3  # MB, from which on a smaller one is offered


def examples_of_the_page(inspected):
    """Twelve images for the page, of all classes, and their captions: (images, list of str)."""
    rows = of_all_classes(inspected.labels, 12)
    captions = [inspected.names[label] for label in inspected.labels[rows]] if inspected.known else []
    return inspected.images[rows], captions


def write_page_of(inspected, report, precision="float32", checkpoints=()):
    """Write page.html, which runs the model in a browser, and say how large it will be.

    Args:
        inspected: An `Inspected`.
        report: The lesson's `Report`.
        precision: As what to write weights: "float32", "float16" or "int8".
        checkpoints: Weights of earlier moments, as `write_page` takes them.
    """
    model = inspected.model
    size, half, quarter = (
        page_bytes(model, each, len(checkpoints)) / 1e6 for each in (precision, "float16", "int8")
    )
    smaller = f" ({half:.1f} MB with --precision float16, {quarter:.1f} with int8)"
    offered = precision == "float32" and size >= LARGE_PAGE
    print(f"page.html will have about {size:.1f} MB{smaller if offered else ''}.")
    shown, captions = examples_of_the_page(inspected)
    title = f"Look inside {model.name}"
    with report.writing("page.html") as path:
        settings = {"captions": captions, "precision": precision, "checkpoints": checkpoints}
        written = write_page(model, shown, path, inspected.names, title, **settings)
    say_rounding(precision, written.difference, len(shown))
