"""Use a lesson's saved model on your own files.

python -m tutorials.predict outputs/digits photo.png more_photos/
python -m tutorials.predict outputs/sound recording.wav
python -m tutorials.predict outputs/sentiment "What a film!" texts.csv
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NamedTuple

from tutorials._command import LessonError, run  # first: loads Keras quietly

import keras
import numpy as np
from tyro.conf import Positional, arg

from datasets import DataError, digits, photos, reviews, tones
from tutorials._texts import class_probabilities


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


READERS = {
    "digits": Reader("image", photos.SUFFIXES, digits.read_image),
    "sound": Reader("WAV", tones.SUFFIXES, tones.read_sound, ("seconds", "hertz")),
    "sentiment": Reader("text", reviews.SUFFIXES, reviews.read_texts, ("text_column",), texts=True),
}


def main(
    folder: Annotated[Positional[Path], arg(metavar="FOLDER")],
    inputs: Annotated[Positional[tuple[str, ...]], arg(metavar="FILE|TEXT ...")],
) -> None:
    """Say what the model of a lesson makes of each file or text.

    Args:
        folder: Where the lesson left its results, such as outputs/digits.
        inputs: Files such as the model was trained on (images, sounds, texts; of a table each
            row is a text), folders of them, or, for a model of texts, the texts themselves.
    """
    if not inputs:
        raise LessonError("Name at least one file or folder to look at, after the lesson's folder.")
    lesson, model, class_names = load(folder)
    reader = READERS[lesson]
    settings = _settings(folder, reader)
    unreadable = 0
    named = list(_named(inputs, reader))
    for name in named:
        try:
            examples = _read(name, reader, settings)
        except DataError as error:
            print(f"Error: {error}", file=sys.stderr)
            unreadable += 1
            continue
        probabilities = class_probabilities(model.predict(np.stack(list(examples.values())), verbose=0))
        for shown, row in zip(examples, probabilities, strict=True):  # row: (classes,)
            best, second = np.argsort(-row)[:2]
            print(
                f"{shown}: {class_names[best]} ({row[best]:.1%}), "
                f"else {class_names[second]} ({row[second]:.1%})",
                flush=True,
            )
    if unreadable:
        raise LessonError(
            f"{unreadable} of {len(named)} {'inputs' if reader.texts else 'files'} could not be used."
        )


def load(folder):
    """Load what a lesson saved.

    Args:
        folder: The lesson's results.

    Returns:
        (name of the lesson, the model, its class names in index order).

    Raises:
        LessonError: If the folder holds no results, or they are damaged.
    """
    if not (folder / "metrics.json").is_file() or not (folder / "model.keras").is_file():
        raise LessonError(
            f"{folder} holds no trained model; run a lesson first, "
            "such as python -m tutorials.digits, and name the folder it names."
        )
    try:
        lesson = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["lesson"]
        class_names = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
        model = keras.saving.load_model(folder / "model.keras")
    except Exception as error:  # a damaged file can fail anywhere inside Keras
        raise LessonError(f"The results in {folder} are damaged; run the lesson again.") from error
    if lesson not in READERS:
        raise LessonError(f"The model in {folder} is of the lesson {lesson}, which takes no files.")
    classes = max(2, model.output_shape[-1])  # one neuron tells two classes apart
    if not isinstance(class_names, list) or len(class_names) != classes:
        raise LessonError(
            f"{folder / 'labels.json'} does not name the model's {classes} classes; run the lesson again."
        )
    return lesson, model, class_names


def _settings(folder, reader):
    """Those settings that the lesson was run with which the reader needs, by name."""
    try:
        settings = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["settings"]
        return {name: settings[name] for name in reader.settings}
    except (KeyError, TypeError) as error:
        raise LessonError(f"The results in {folder} are damaged; run the lesson again.") from error


def _named(inputs, reader):
    """Every named file or text, and in every named folder the files that end as the reader's do."""
    for name in map(str, inputs):
        if not name.strip() or not _is(Path.is_dir, name):  # Path("") is the current folder
            yield name
            continue
        found = sorted(file for file in Path(name).rglob("*") if file.suffix.lower() in reader.suffixes)
        if not found:
            raise LessonError(f"{name} holds no {reader.noun} files; name a folder that does.")
        yield from map(str, found)


def _read(name, reader, settings):
    """The examples that a name stands for: {what to call each: the example}."""
    if not reader.texts:
        return {name: reader.read(Path(name), **settings)}
    meant_a_file = len(name.split()) == 1 and Path(name).suffix.lower() in reader.suffixes
    if not meant_a_file and not _is(Path.is_file, name):
        if not name.strip():
            raise DataError("A text without words cannot be judged; give at least one word.")
        return {repr(_shortened(name)): np.array(name, object)}
    texts = reader.read(Path(name), **settings)
    rows = [f"{name}, text {n}, {_shortened(text)!r}" for n, text in enumerate(texts, start=1)]
    if empty := sum(not text.strip() for text in texts):
        print(f"{name}: {empty} of {len(texts)} texts are empty and left out.", file=sys.stderr)
    return {row: np.array(text, object) for row, text in zip(rows, texts, strict=True) if text.strip()}


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
