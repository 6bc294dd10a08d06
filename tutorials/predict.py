"""Classify your own files with the model that a lesson saved.

python -m tutorials.predict outputs/digits photo.png more_photos/
python -m tutorials.predict outputs/fine_tune photo.jpg more_photos/ --csv > predictions.csv
python -m tutorials.predict outputs/sound recording.wav
python -m tutorials.predict outputs/sentiment "What a film!" texts.csv
"""

import contextlib
import itertools
import math
import os
import sys
from collections.abc import Callable
from csv import writer
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, run  # first: loads Keras quietly

import numpy as np
from tyro.conf import Positional, arg

from datasets import DataError, digits, photos, tones
from datasets.files import notices
from datasets.files.names import safe, sentence, shown
from datasets.texts import reading
from models.probabilities import per_class
from tutorials.lesson.saved import check_takes, read_model, read_names, read_results, read_settings
from tutorials.lesson.texts import from_command_line

AT_ONCE = 128  # examples that are read and predicted together, however many there are
VALUES_AT_ONCE = 64 << 20  # and numbers in them, of which there are many in large images


class Reader(NamedTuple):
    """What a lesson's model takes, and how to read it.

    Attributes:
        noun: What one file is called.
        suffixes: How its files end, in lower case.
        read: Function of a path and the `settings` that gives an example as the model was trained on them;
            for texts, a list of them.
        shape: Function of the `settings` that gives the shape of an example.
        settings: Names of the lesson's settings that both functions take.
        texts: Whether examples are texts. Then a text may also be given instead of a file.
        list_files: Function of a folder that lists the files in it and below; None for those with `suffixes`.
    """

    noun: str
    suffixes: set
    read: Callable
    shape: Callable
    settings: tuple = ()
    texts: bool = False
    list_files: Callable | None = None


class Example(NamedTuple):
    """One input of the model: how it is printed, its file and its text if it has one, and its content."""

    shown: str
    file: str
    text: str
    content: Any


READERS = {
    "digits": Reader(
        "image", photos.SUFFIXES, digits.read_image, lambda: (28, 28, 1), list_files=photos.list_photos
    ),
    "fine_tune": Reader(
        "image",
        photos.SUFFIXES,
        photos.read_square,
        lambda size: (size, size, 3),
        ("image_size",),
        list_files=photos.list_photos,
    ),
    "sound": Reader(
        "WAV",
        tones.SUFFIXES,
        tones.read_sound,
        lambda seconds, hertz: (max(1, round(seconds * hertz)),),
        ("seconds", "hertz"),
    ),
    "sentiment": Reader(
        "text", reading.SUFFIXES, reading.read_texts, lambda column: (), ("text_column",), texts=True
    ),
}


def main(
    folder: Annotated[Positional[Path], arg(metavar="FOLDER")],
    inputs: Annotated[Positional[tuple[str, ...]], arg(metavar="FILE|TEXT ...")],
    csv: bool = False,
) -> None:
    """Classify files or texts with the model that a lesson saved.

    Args:
        folder: The lesson's results, such as outputs/digits.
        inputs: Files of the kind that the model was trained on (images, sounds, texts; in a table each
            row is a text), folders of them, or, for a model of texts, the texts themselves.
        csv: Print a table for programs, in UTF-8: file, label, probability, and, for a model of texts,
            text. A cell that a spreadsheet would run as a formula has an apostrophe before it.
    """
    if not inputs:
        raise LessonError("Name at least one file or folder to classify, after the lesson's folder.")
    lesson, model, class_names = load(folder)
    reader = READERS[lesson]
    settings = read_settings(folder / "metrics.json", reader.settings)
    shape = reader.shape(*settings)
    check_takes(model, folder / "model.keras", shape, lesson)
    at_once = min(AT_ONCE, max(1, VALUES_AT_ONCE // math.prod(shape)))
    named = list(_named(inputs, reader))
    unusable, failed = [], 0
    show = _as_table(reader) if csv else _as_lines
    examples = _examples(named, reader, settings, unusable)
    while batch := list(itertools.islice(examples, at_once)):
        contents = np.stack([example.content for example in batch])
        probabilities = _predictions(model, contents, folder / "model.keras")  # (batch, classes)
        valid = (abs(probabilities - 0.5) <= 0.501).all(-1)  # neither NaN nor far outside [0, 1]
        failed += _print_invalid(batch, probabilities, valid)
        if valid.any():
            some = [example for example, each in zip(batch, valid, strict=True) if each]
            show(some, probabilities[valid], class_names)
    notices.say(sys.stderr)
    if unusable:
        raise LessonError(
            f"{len(unusable)} of {len(named)} {'inputs' if reader.texts else 'files'} could not be used."
        )
    if failed:
        raise LessonError(
            f"The model in {folder} gave no probabilities for {failed} of the examples; run the lesson again."
        )


def _predictions(model, contents, file):
    """Probabilities (batch, classes); whatever the model raises becomes one sentence."""
    try:
        return per_class(model.predict(contents, verbose=0))
    except Exception as error:
        raise LessonError(
            f"{file} fails on what the lesson gives it ({type(error).__name__}); run the lesson again."
        ) from error


def _print_invalid(batch, probabilities, valid):
    """Print for which examples the model gives no probabilities; return their number."""
    for n in np.flatnonzero(~valid):
        value = probabilities[n][~(abs(probabilities[n] - 0.5) <= 0.501)][0]
        print(
            f"Error: {batch[n].shown} has no prediction: the model gives {value:g}, which is no probability.",
            file=sys.stderr,
            flush=True,
        )
    return int((~valid).sum())


def _as_lines(batch, probabilities, class_names):
    for example, row in zip(batch, probabilities, strict=True):
        best, second = np.argsort(-row)[:2]
        names = [safe(class_names[n], "terminal", 80) for n in (best, second)]
        print(
            f"{safe(example.shown, 'terminal', 400)}: {names[0]} ({row[best]:.1%}), "
            f"else {names[1]} ({row[second]:.1%})"
        )
    sys.stdout.flush()


def _as_table(reader):
    """Print the header of a CSV table; the function that is returned prints its rows."""
    with contextlib.suppress(AttributeError):  # programs read it, whatever the terminal can show
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    table = writer(sys.stdout, lineterminator="\n")
    table.writerow(["file", "label", "probability", *(["text"] if reader.texts else [])])

    def show(batch, probabilities, class_names):
        for example, row in zip(batch, probabilities, strict=True):
            best = int(row.argmax())
            text = [example.text] if reader.texts else []
            cells = example.file, shown(class_names[best]), f"{row[best]:.6f}", *text
            table.writerow([safe(cell, "csv") for cell in cells])
        sys.stdout.flush()

    return show


def load(folder):
    """Load what a lesson saved.

    Args:
        folder: The lesson's results.

    Returns:
        (name of the lesson, the model, its class names in index order).

    Raises:
        LessonError: If the folder holds no results, they are damaged or do not fit each other,
            or another major version of Keras saved them.
    """
    names = folder / "metrics.json", folder / "model.keras"
    if not all(os.path.exists(name) for name in names):  # noqa: PTH110 (names may be too long for a file)
        raise LessonError(
            f"{folder} holds no trained model; run a lesson first, such as python -m tutorials.digits, and "
            "give the folder of its results."
        )
    lesson = read_results(folder / "metrics.json", dict).get("lesson")
    if not isinstance(lesson, str) or lesson not in READERS:
        raise LessonError(f"The model in {folder} is of the lesson {lesson!s:.50}, which takes no files.")
    model = read_model(folder / "model.keras")
    return lesson, model, read_names(folder / "labels.json", model)


def _named(inputs, reader):
    """Every named file or text, and in every named folder the files that end as the reader's do."""
    for name in map(str, inputs):
        if not name.strip() or not _is(Path.is_dir, name):  # Path("") is the current folder
            yield name
            continue
        found = (reader.list_files or partial(_files_below, suffixes=reader.suffixes))(name)
        if not found:
            raise LessonError(f"{name} holds no {reader.noun} files; name a folder that does.")
        yield from map(str, found)


def _files_below(folder, suffixes):
    found = (file for file in Path(folder).rglob("*") if file.suffix.lower() in suffixes)
    return sorted(file for file in found if not file.is_dir())


def _examples(named, reader, settings, unusable):
    """Read one name after the other. Those that can't be used are printed and appended to `unusable`.

    Of a single one the error is raised: its sentence says all.
    """
    for name in named:
        try:
            yield from _read(name, reader, settings)
        except DataError as error:
            if len(named) == 1:
                raise
            print(f"Error: {sentence(error)}", file=sys.stderr, flush=True)
            unusable.append(name)


def _read(name, reader, settings):
    """The examples that a name stands for, all of them or none."""
    if not reader.texts:
        return [Example(name, name, "", reader.read(Path(name), *settings))]
    looks_like_a_file = len(name.split()) == 1 and Path(name).suffix.lower() in reader.suffixes
    if not looks_like_a_file and not _is(Path.is_file, name):
        if not name.strip():
            raise DataError("A text without words cannot be classified; give at least one word.")
        text = from_command_line(name)
        return [Example(repr(_shortened(text)), "", text, np.array(text, object))]
    texts = reader.read(Path(name), *settings)
    if empty := sum(not text.strip() for text in texts):
        print(
            f"{safe(name, 'terminal')}: {empty} of {len(texts)} texts are empty and left out.",
            file=sys.stderr,
        )
    return [
        Example(f"{name}, text {n}, {_shortened(text)!r}", name, text, np.array(text, object))
        for n, text in enumerate(texts, start=1)
        if text.strip()
    ]


def _is(kind, name):
    """`Path(name).is_file()` and the like, also where the name is a long text and no name."""
    try:
        return kind(Path(name))
    except (OSError, ValueError):
        return False


def _shortened(text, most=50):
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


if __name__ == "__main__":
    run(main)
