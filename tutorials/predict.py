"""Use a lesson's saved model on your own files.

python -m tutorials.predict outputs/digits photo.png more_photos/
python -m tutorials.predict outputs/fine_tune photo.jpg more_photos/ --csv > answers.csv
python -m tutorials.predict outputs/sound recording.wav
python -m tutorials.predict outputs/sentiment "What a film!" texts.csv
"""

import contextlib
import itertools
import json
import sys
import zipfile
from collections.abc import Callable
from csv import writer
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from tutorials._command import LessonError, run  # first: loads Keras quietly

import keras
import numpy as np
from tyro.conf import Positional, arg

from datasets import DataError, _notices, digits, photos, reviews, tones
from datasets._names import safe, sentence, shown
from tutorials._texts import class_probabilities, from_command_line

AT_ONCE = 128  # examples that are read and predicted together, however many there are


class Reader(NamedTuple):
    """What a lesson's model takes: its name, how its files end, and the function that reads one.

    `settings` names those of the lesson's settings that the function needs, after the path, to
    give an example just as the model was trained on them. `texts` tells that the function gives
    a list of texts, and that a text itself may stand in a file's place.
    """

    noun: str
    suffixes: set
    read: Callable
    settings: tuple = ()
    texts: bool = False


class Example(NamedTuple):
    """What the model is asked about: how to name it to a reader, its file and text if any, itself."""

    shown: str
    file: str
    text: str
    content: Any


READERS = {
    "digits": Reader("image", photos.SUFFIXES, digits.read_image),
    "fine_tune": Reader("image", photos.SUFFIXES, photos.read_square, ("image_size",)),
    "sound": Reader("WAV", tones.SUFFIXES, tones.read_sound, ("seconds", "hertz")),
    "sentiment": Reader("text", reviews.SUFFIXES, reviews.read_texts, ("text_column",), texts=True),
}


def main(
    folder: Annotated[Positional[Path], arg(metavar="FOLDER")],
    inputs: Annotated[Positional[tuple[str, ...]], arg(metavar="FILE|TEXT ...")],
    csv: bool = False,
) -> None:
    """Say what the model of a lesson makes of each file or text.

    Args:
        folder: Where the lesson left its results, such as outputs/digits.
        inputs: Files such as the model was trained on (images, sounds, texts; of a table each
            row is a text), folders of them, or, for a model of texts, the texts themselves.
        csv: Print a table for programs, in UTF-8: file, label, probability, and, for a model of texts,
            text. A cell that a spreadsheet would run as a formula has an apostrophe before it.
    """
    if not inputs:
        raise LessonError("Name at least one file or folder to look at, after the lesson's folder.")
    lesson, model, class_names = load(folder)
    reader = READERS[lesson]
    settings = _settings(folder, reader)
    named = list(_named(inputs, reader))
    unusable = []
    show = _as_table(reader) if csv else _as_lines
    examples = _examples(named, reader, settings, unusable)
    while batch := list(itertools.islice(examples, AT_ONCE)):
        contents = np.stack([example.content for example in batch])
        probabilities = class_probabilities(model.predict(contents, verbose=0))  # (batch, classes)
        show(batch, probabilities, class_names)
    _notices.say(sys.stderr)
    if unusable:
        raise LessonError(
            f"{len(unusable)} of {len(named)} {'inputs' if reader.texts else 'files'} could not be used."
        )


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
    if not all(_is(Path.is_file, folder / name) for name in ("metrics.json", "model.keras")):
        raise LessonError(
            f"{folder} holds no trained model; run a lesson first, "
            "such as python -m tutorials.digits, and name the folder it names."
        )
    with _undamaged(folder / "metrics.json") as file:
        lesson = str(json.loads(file.read_text(encoding="utf-8"))["lesson"])
    if lesson not in READERS:
        raise LessonError(f"The model in {folder} is of the lesson {lesson}, which takes no files.")
    with _undamaged(folder / "labels.json") as file:
        class_names = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(class_names, list) or not all(isinstance(name, str) for name in class_names):
        raise LessonError(f"{file} is not a list of the classes' names; run the lesson again.")
    with _undamaged(folder / "model.keras") as file:
        with zipfile.ZipFile(file) as archive:
            version = json.loads(archive.read("metadata.json"))["keras_version"]
        major = version.partition(".")[0]
    if major != keras.version().partition(".")[0]:
        raise LessonError(
            f"{file} was saved by Keras {version}, and this is Keras {keras.version()}, which is not made to "
            f"read it; run the lesson again, or install Keras {major}."
        )
    with _undamaged(file):
        model = keras.saving.load_model(file)
        classes = max(2, model.output_shape[-1])  # one neuron tells two classes apart
    if len(class_names) != classes:
        raise LessonError(
            f"{folder / 'labels.json'} names {len(class_names)} classes, and the model has {classes}; "
            "run the lesson again."
        )
    return lesson, model, class_names


@contextlib.contextmanager
def _undamaged(file):
    """Turn whatever reading a damaged file raises, anywhere inside Keras, into one sentence."""
    try:
        yield file
    except (FileNotFoundError, PermissionError) as error:
        raise LessonError(
            f"{file} cannot be read ({(error.strerror or str(error)).lower()}); run the lesson again."
        ) from error
    except Exception as error:
        raise LessonError(f"{file} is damaged; run the lesson again.") from error


def _settings(folder, reader):
    """Those settings that the lesson was run with which the reader needs, in its order."""
    with _undamaged(folder / "metrics.json") as file:
        settings = json.loads(file.read_text(encoding="utf-8"))["settings"]
        return [settings[name] for name in reader.settings]


def _named(inputs, reader):
    """Every named file or text, and in every named folder the files that end as the reader's do."""
    for name in map(str, inputs):
        if not name.strip() or not _is(Path.is_dir, name):  # Path("") is the current folder
            yield name
            continue
        found = sorted(
            file
            for file in Path(name).rglob("*")
            if file.suffix.lower() in reader.suffixes and not file.is_dir()
        )
        if not found:
            raise LessonError(f"{name} holds no {reader.noun} files; name a folder that does.")
        yield from map(str, found)


def _examples(named, reader, settings, unusable):
    """Read one name after the other; those that can't be used are told and appended to `unusable`."""
    for name in named:
        try:
            yield from _read(name, reader, settings)
        except DataError as error:
            print(f"Error: {sentence(error)}", file=sys.stderr, flush=True)
            unusable.append(name)


def _read(name, reader, settings):
    """The examples that a name stands for, all of them or none."""
    if not reader.texts:
        return [Example(name, name, "", reader.read(Path(name), *settings))]
    meant_a_file = len(name.split()) == 1 and Path(name).suffix.lower() in reader.suffixes
    if not meant_a_file and not _is(Path.is_file, name):
        if not name.strip():
            raise DataError("A text without words cannot be judged; give at least one word.")
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
    """`Path(name).is_file()` and the like, also where the name is no name but a long text."""
    try:
        return kind(Path(name))
    except (OSError, ValueError):
        return False


def _shortened(text, most=50):
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


if __name__ == "__main__":
    run(main)
