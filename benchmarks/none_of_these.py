"""What the classifier of digits refuses: of digits, and of pictures that are no digits.

    python -m benchmarks.none_of_these --data PATH
    python -m benchmarks.none_of_these --data embedded --seeds 5

For each seed the lesson `digits` is trained, and the file that it saved is loaded as `predict` loads it. Test
digits and the pictures of `benchmarks/no_digits.py` become files, which `digits.read_image` reads or refuses.
Of what it reads, each of three ways refuses more or nothing:

1. reading alone: nothing.
2. softmax: that of which the maximum softmax probability is below a threshold (Hendrycks and Gimpel 2017,
   *A Baseline for Detecting Misclassified and Out-of-Distribution Examples in Neural Networks*). It refuses
   1 % of the correctly classified validation digits, as many as ours may.
3. ours: that for which `predict` answers "none of these".

No threshold is chosen by test digits or by these pictures. The pictures are the same for all seeds: the
spread is that of the networks. Whoever refuses all that looks unlike its training images also refuses digits
of other pens: therefore some test digits are put on paper and read again, and digits printed as the letters.
"""

import contextlib
import io
import sys
import tempfile
from pathlib import Path
from typing import Literal, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from benchmarks.no_digits import no_digits, on_paper, printed_digits
from datasets import DataError, digits
from models.loading.saved_models import load_with_about
from models.none_of_these import REFUSED, refusing
from tutorials import digits as lesson

WAYS = "reading alone", "softmax", "ours"
VALIDATION, CORRECT, MISCLASSIFIED = (
    "validation digits, correctly classified",
    "test digits, correctly classified",
    "test digits, misclassified",
)
ON_PAPER, PRINTED = "test digits on paper, correctly classified", "printed digits"
ALL_KINDS = "mean of these kinds"


class Pictures(NamedTuple):
    """Pictures of one kind, after `digits.read_image`.

    Attributes:
        images: Those that it read, uint8 (read, 28, 28, 1).
        was_read: For each picture, whether it did, bool (n,).
    """

    images: np.ndarray
    was_read: np.ndarray


def read_all(pictures):
    """Save pictures as files, and read them as a digit's photo.

    Args:
        pictures: Images of Pillow's.

    Returns:
        Their `Pictures`.
    """
    found, was_read = [], []
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        file = Path(folder) / "picture.png"
        for picture in pictures:
            picture.save(file)
            try:
                found.append(digits.read_image(file))
            except DataError:
                was_read.append(False)
            else:
                was_read.append(True)
    return Pictures(np.array(found, "uint8").reshape(-1, 28, 28, 1), np.array(was_read))


def train(model, data, seed, epochs):
    """Train the lesson without a word, and load what it saved as `predict` does.

    Returns:
        Function: images -> (probabilities (n, 10), {row: "none of these"}).

    Raises:
        LessonError: If too few validation digits were classified correctly for a threshold.
    """
    with tempfile.TemporaryDirectory() as folder:
        with contextlib.redirect_stdout(io.StringIO()):
            saved = lesson.main(model=model, data=data, seed=seed, epochs=epochs, outputs=Path(folder))
        file = saved.folder / "model.keras"
        network, about = load_with_about(file)
        classify = refusing(network, about["settings"], file)
    if classify is None:
        raise LessonError(
            f"Too few validation digits were classified correctly with seed {seed}: train longer."
        )
    return classify


def softmax_threshold(probabilities, labels):
    """The maximum softmax probability below which 1 % of the correctly classified digits are.

    Args:
        probabilities: Of validation digits (n, classes).
        labels: Their labels (n,).

    Returns:
        float.

    Example:
        >>> sure = np.linspace(0.5, 1, 101)
        >>> round(softmax_threshold(np.stack([sure, 1 - sure], 1), np.zeros(101)), 3)
        0.505
    """
    correct = probabilities.argmax(-1) == labels
    return float(np.quantile(probabilities[correct].max(-1), REFUSED))


def refused(classify, threshold, pictures):
    """What each way refuses.

    Args:
        classify: Function of `refusing`.
        threshold: Of the maximum softmax probability.
        pictures: `Pictures`.

    Returns:
        {way: bool (n,)}, of all pictures, also those that were not read.
    """
    found = {way: ~pictures.was_read for way in WAYS}  # noqa: C420 (an array for each way)
    if pictures.was_read.any():
        probabilities, odd = classify(pictures.images)
        found["softmax"][pictures.was_read] = probabilities.max(-1) < threshold
        found["ours"][pictures.was_read] = np.isin(np.arange(len(probabilities)), list(odd))
    return found


def measure(classify, validation, test, read, others):
    """The share that each way refuses of each kind, with one network.

    Args:
        classify: Function of `refusing`.
        validation: (images, labels) that the network was not fitted on.
        test: (images, labels).
        read: {kind: `Pictures`} of digits: all test digits, the first of them on paper, printed ones.
        others: {kind: `Pictures`} that are no digits.

    Returns:
        {kind: {way: share}}; a share of no digits is nan.
    """
    probabilities, _ = classify(validation[0])
    threshold = softmax_threshold(probabilities, validation[1])
    held_out = Pictures(validation[0], np.ones(len(probabilities), bool))
    correct = classify(test[0])[0].argmax(-1) == test[1]
    groups = {
        VALIDATION: (held_out, probabilities.argmax(-1) == validation[1]),
        CORRECT: (read[CORRECT], correct),
        ON_PAPER: (read[ON_PAPER], correct[: len(read[ON_PAPER].was_read)]),
        PRINTED: (read[PRINTED], slice(None)),
        MISCLASSIFIED: (read[CORRECT], ~correct),
    }
    groups |= {kind: (pictures, slice(None)) for kind, pictures in others.items()}
    found = {}
    for kind, (pictures, rows) in groups.items():
        ways = {way: each[rows] for way, each in refused(classify, threshold, pictures).items()}
        found[kind] = {way: float(each.mean()) if each.size else np.nan for way, each in ways.items()}
    found[ALL_KINDS] = {way: float(np.mean([found[kind][way] for kind in others])) for way in WAYS}
    return found


def main(
    data: str,
    models: tuple[Literal["convnet", "two_block", "lenet5", "mlp"], ...] = ("convnet",),
    seeds: int = 3,
    epochs: int | None = None,
    count: int = 100,
) -> dict:
    """Print the share that is refused of digits, and of pictures of each kind that are no digits.

    Args:
        data: Folder with MNIST, or "embedded".
        models: Networks of the lesson.
        seeds: Number of trainings of each.
        epochs: Number of epochs; by default the lesson's.
        count: Pictures of each kind; twice as many test digits are put on paper.
    """
    check_positive(seeds=seeds, epochs=epochs, count=count)
    (x_train, y_train), (x_test, y_test) = digits.load_data(data)
    fitted = int(0.9 * len(x_train))  # the lesson fits on these; the rest is its validation split
    validation = x_train[fitted:], y_train[fitted:]
    read = {
        CORRECT: read_all([Image.fromarray(image[..., 0]) for image in x_test]),
        ON_PAPER: read_all([on_paper(image) for image in x_test[: 2 * count]]),
        PRINTED: read_all(printed_digits(count)),
    }
    others = {kind: read_all(pictures) for kind, pictures in no_digits(count).items()}
    found = {}
    for model in models:
        runs = []
        for seed in range(seeds):
            classify = train(model, data, seed, epochs)
            runs.append(measure(classify, validation, (x_test, y_test), read, others))
            means = ", ".join(f"{way} {share:.1%}" for way, share in runs[-1][ALL_KINDS].items())
            print(f"{model}, seed {seed}: of what is no digit are refused: {means}", flush=True)
        found[model] = {
            kind: {way: np.array([one[kind][way] for one in runs]) for way in WAYS} for kind in runs[0]
        }
        _print_table(f"Refused, %, {model}, {seeds} seeds, {count} pictures of each kind", found[model])
    return found


def _print_table(title, found):
    """Print the mean of each share and its standard deviation over the seeds, in per cent."""
    table = Table(title=title)
    table.add_column("of")
    for way in WAYS:
        table.add_column(way, justify="right")
    for kind, ways in found.items():
        if kind == ALL_KINDS:
            table.add_section()
        table.add_row(kind, *(_spread(100 * shares[~np.isnan(shares)]) for shares in ways.values()))
        if kind == MISCLASSIFIED:
            table.add_section()
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def _spread(values):
    """Mean ± standard deviation of some numbers, as text."""
    if not len(values):
        return "none"
    spread = f" ± {values.std(ddof=1):.1f}" if len(values) > 1 else ""
    return f"{values.mean():.1f}{spread}"


if __name__ == "__main__":
    run(main)
