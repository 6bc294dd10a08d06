"""Use a lesson's saved model on your own files.

python -m tutorials.predict outputs/digits photo.png more_photos/
python -m tutorials.predict outputs/sound recording.wav
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

from datasets import DataError, digits, photos, tones


class Reader(NamedTuple):
    """What a lesson's model takes: its name, how its files end, and the function that reads one.

    `settings` names those of the lesson's settings that the function needs, after the path, to
    give an example just as the model was trained on them.
    """

    noun: str
    suffixes: set
    read: Callable
    settings: tuple = ()


READERS = {
    "digits": Reader("image", photos.SUFFIXES, digits.read_image),
    "sound": Reader("WAV", tones.SUFFIXES, tones.read_sound, ("seconds", "hertz")),
}


def main(
    folder: Annotated[Positional[Path], arg(metavar="FOLDER")],
    inputs: Annotated[Positional[tuple[Path, ...]], arg(metavar="FILE ...")],
) -> None:
    """Say what the model of a lesson sees or hears in each file.

    Args:
        folder: Where the lesson left its results, such as outputs/digits.
        inputs: Files such as the model was trained on, images or sounds, or folders of them.
    """
    if not inputs:
        raise LessonError("Name at least one file or folder to look at, after the lesson's folder.")
    lesson, model, class_names = load(folder)
    reader = READERS[lesson]
    settings = _settings(folder, reader)
    unreadable = 0
    files = list(_files(inputs, reader))
    for file in files:
        try:
            example = reader.read(file, **settings)
        except DataError as error:
            print(f"Error: {error}", file=sys.stderr)
            unreadable += 1
            continue
        probabilities = model.predict(example[None], verbose=0)[0]  # (classes,)
        best, second = np.argsort(-probabilities)[:2]
        print(
            f"{file}: {class_names[best]} ({probabilities[best]:.1%}), "
            f"else {class_names[second]} ({probabilities[second]:.1%})",
            flush=True,
        )
    if unreadable:
        raise LessonError(f"{unreadable} of {len(files)} files could not be used.")


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
    if not isinstance(class_names, list) or len(class_names) != model.output_shape[-1]:
        raise LessonError(
            f"{folder / 'labels.json'} does not name the model's {model.output_shape[-1]} classes; "
            "run the lesson again."
        )
    return lesson, model, class_names


def _settings(folder, reader):
    """Those settings that the lesson was run with which the reader needs, by name."""
    try:
        settings = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["settings"]
        return {name: settings[name] for name in reader.settings}
    except (KeyError, TypeError) as error:
        raise LessonError(f"The results in {folder} are damaged; run the lesson again.") from error


def _files(inputs, reader):
    """Every named file, and in every named folder the files that end as the reader's do."""
    for path in inputs:
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.suffix.lower() in reader.suffixes)
            if not found:
                raise LessonError(f"{path} holds no {reader.noun} files; name a folder that does.")
            yield from found
        else:
            yield path


if __name__ == "__main__":
    run(main)
