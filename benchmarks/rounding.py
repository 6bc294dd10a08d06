"""What rounding the weights of a page costs: its size, the greatest difference of an answer, and accuracy.

    python -m benchmarks.rounding --data PATH

For each digit classifier of the zoo, and each precision of `models.export.page.write_page`, a page is written
with 12 examples. The difference and the accuracy are those of all test digits, with the weights that the page
has. MobileNetV2 has random weights: of it only the size is told.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import run  # first: loads Keras quietly

import keras
import numpy as np
from rich.console import Console
from rich.table import Table

from datasets import digits
from models import MLP, ConvNet, LeNet5, TwoBlockConvNet
from models.export.page import write_page
from models.export.precision import PRECISIONS, rounded_weights

EXAMPLES = 12  # on a page
SIDE = 224


def main(data: str = "auto", photos: bool = True) -> dict:
    """Print what each precision costs.

    Args:
        data: Folder with MNIST, or "embedded"; "auto" looks for MNIST and falls back to embedded digits.
        photos: Whether to write the page of a MobileNetV2, too.
    """
    source = digits.locate(data)
    _, (images, labels) = digits.load_data(source)
    found = {}
    for build in (ConvNet, TwoBlockConvNet, LeNet5, MLP):
        model = build(weights="mnist")
        found[build.__name__] = measure(model, images, labels)
    if photos:
        model = keras.applications.MobileNetV2((SIDE, SIDE, 3), weights=None)
        sizes = {
            precision: size_of(model, np.zeros((0, SIDE, SIDE, 3)), precision) for precision in PRECISIONS
        }
        found["MobileNetV2"] = {precision: {"megabytes": size} for precision, size in sizes.items()}
    show(found, f"{len(labels):,} test digits ({source.name})")
    return found


def measure(model, images, labels):
    """What each precision costs one digit classifier.

    Args:
        model: A Keras model.
        images: uint8 (n, 28, 28, 1).
        labels: int (n,).

    Returns:
        {precision: {"megabytes", "difference", "accuracy"}}.
    """
    found, exact = {}, model.predict(images, verbose=0)
    for precision in PRECISIONS:
        with rounded_weights(model, precision):
            answers = model.predict(images, verbose=0)
        found[precision] = {
            "megabytes": size_of(model, images[:EXAMPLES], precision),
            "difference": float(np.abs(answers - exact).max()),
            "accuracy": float((answers.argmax(-1) == labels).mean()),
        }
    return found


def size_of(model, images, precision):
    """Megabytes of a page of a model with these examples, uint8 (n, height, width, channels)."""
    with tempfile.TemporaryDirectory() as folder:
        return write_page(model, images, Path(folder) / "page.html", precision=precision).size / 1e6


def show(found, title):
    """Print a row for each model and precision.

    Args:
        found: {model: {precision: as `measure` returns}}.
        title: Of the table.
    """
    table = Table("model", "weights", "page, MB", "greatest difference", "accuracy, %", title=title)
    for model, rows in found.items():
        for precision, row in rows.items():
            known = "accuracy" in row
            measured = (f"{row['difference']:.4f}", f"{100 * row['accuracy']:.2f}") if known else ()
            table.add_row(model, precision, f"{row['megabytes']:.2f}", *measured)
    Console().print(table)


if __name__ == "__main__":
    run(main)
