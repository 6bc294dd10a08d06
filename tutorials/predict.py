"""Classify your own files with the model that a lesson saved.

python -m tutorials.predict outputs/digits photo.png more_photos/
python -m tutorials.predict outputs/fine_tune photo.jpg more_photos/ --csv > predictions.csv
python -m tutorials.predict outputs/fine_tune photo.jpg --abstain 0.05
python -m tutorials.predict outputs/sound recording.wav
python -m tutorials.predict outputs/video clip.gif more_clips/
python -m tutorials.predict outputs/sentiment "What a film!" texts.csv
"""

import contextlib
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

from datasets import DataError, digits, photos, tones, videos
from datasets.files import notices
from datasets.files.names import safe, sentence, shown
from datasets.texts import reading
from models import ModelError
from models.fine_tuning.bundles import NO_TRUST, trust_in
from models.fine_tuning.predictions import answering
from models.loading.saved_models import load_with_about
from models.none_of_these import refusing
from models.probabilities import per_class
from tutorials.lesson import several_labels
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
    """One input of the model: how it is printed, its file and its text if it has one, and its content.

    One that could not be read has a reason, a sentence, instead of a content.
    """

    shown: str
    file: str
    text: str
    content: Any
    reason: str = ""


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
        "sound",
        tones.SUFFIXES,
        tones.read_audible,
        lambda seconds, hertz: (max(1, round(seconds * hertz)),),
        ("seconds", "hertz"),
    ),
    "video": Reader(
        "clip",
        videos.SUFFIXES,
        videos.read_clip,
        lambda frames, size, channels: (frames, size, size, channels),
        ("frames", "size", "channels"),
        list_files=videos.list_clips,
    ),
    "sentiment": Reader(
        "text", reading.SUFFIXES, reading.read_texts, lambda column: (), ("text_column",), texts=True
    ),
}


def main(
    folder: Annotated[Positional[Path], arg(metavar="FOLDER")],
    inputs: Annotated[Positional[tuple[str, ...]], arg(metavar="FILE|TEXT ...")],
    csv: bool = False,
    abstain: float | None = None,
) -> None:
    """Classify files or texts with the model that a lesson saved.

    The answer is "none of these" for an image that is not like the digits that a network was trained on.

    Args:
        folder: The lesson's results, such as outputs/digits.
        inputs: Files of the kind that the model was trained on (images, sounds, texts; in a table each
            row is a text), folders of them, or, for a model of texts, the texts themselves.
        csv: Print a table for programs, in UTF-8, a row a file in the order given: file, label, probability,
            for a model of texts text, the probability of each class, and the reason if there are none; of a
            model that gives several labels file, labels, the probability of each label, the reason. A
            cell that a spreadsheet would run as a formula has an apostrophe before it.
        abstain: Do not answer for photos of other things, nor where several classes are possible: the share
            of answers that may be wrong, such as 0.05. For a classifier of photos.
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
    unusable, failed = 0, 0
    thresholds = several_labels.read_thresholds(folder / "model.keras", model, class_names, abstain)
    if thresholds is None:
        classify = _abstaining(folder, model, class_names, lesson, abstain)
        show = _as_table(reader, class_names) if csv else partial(_as_lines, class_names)
    else:
        printed = several_labels.as_table if csv else several_labels.as_lines
        classify, show = None, printed(class_names, thresholds, _is_valid)
    for batch in _batches(named, reader, settings, at_once):
        read = [example for example in batch if not example.reason]
        unusable += len(batch) - len(read)
        rows, unsure = _predictions(model, read, folder / "model.keras", classify)
        reasons = iter([unsure.get(n, "") for n in range(len(read))])
        rows = iter(rows)
        answers = [None if example.reason else next(rows) for example in batch]
        failed += _print_invalid(batch, answers)
        show(batch, answers, ["" if example.reason else next(reasons) for example in batch])
    if unusable == 1 and len(named) == 1:  # its sentence says all
        raise DataError(batch[0].reason)
    notices.say(sys.stderr)
    if unusable:
        raise LessonError(
            f"{unusable} of {len(named)} {'inputs' if reader.texts else 'files'} could not be used."
        )
    if failed:
        raise LessonError(
            f"The model in {folder} gave no probabilities for {failed} of the examples; run the lesson again."
        )


def _abstaining(folder, model, class_names, lesson, abstain):
    """A function that also says for which files there is no answer; None to answer for all."""
    file = folder / "model.keras"
    if abstain is None:
        return _refusing(model, file) if lesson == "digits" else None
    if lesson != "fine_tune":
        raise LessonError(f"Only a classifier of photos can abstain, not one of the lesson {lesson}.")
    if not 0.001 <= abstain <= 0.5:
        raise LessonError(f"--abstain takes a share from 0.001 to 0.5, not {abstain:g}.")
    try:
        trust = trust_in(_settings_in(file), model, file)
    except ModelError as error:
        raise LessonError(str(error)) from error
    if trust is None:
        raise LessonError(NO_TRUST.format(file))
    return answering(model, class_names, (trust, abstain))


def _refusing(model, file):
    """A function that answers "none of these" for what is like no held-out digit; None without thresholds."""
    try:
        return refusing(model, _settings_in(file), file)
    except ModelError as error:
        raise LessonError(str(error)) from error


def _settings_in(file):
    """The settings that a saved model holds beside its weights, not checked; {} if there are none."""
    about = load_with_about(file)[1]
    settings = about.get("settings") if isinstance(about, dict) else None
    return settings if isinstance(settings, dict) else {}


def _predictions(model, examples, file, classify=None):
    """Probabilities (n, classes), and {row: why there is no answer}; all errors become one sentence."""
    if not examples:
        return [], {}
    content = np.stack([example.content for example in examples])
    try:
        return classify(content) if classify else (per_class(model.predict(content, verbose=0)), {})
    except Exception as error:
        raise LessonError(
            f"{file} fails on what the lesson gives it ({type(error).__name__}); run the lesson again."
        ) from error


def _is_valid(row):
    """Whether numbers are probabilities, neither NaN nor far outside [0, 1]."""
    return row is not None and bool((abs(row - 0.5) <= 0.501).all())


def _print_invalid(batch, answers):
    """Print for which examples the model gives no probabilities; return their number."""
    invalid = [n for n, row in enumerate(answers) if row is not None and not _is_valid(row)]
    for n in invalid:
        value = answers[n][~(abs(answers[n] - 0.5) <= 0.501)][0]
        print(
            f"Error: {batch[n].shown} has no prediction: the model gives {value:g}, which is no probability.",
            file=sys.stderr,
            flush=True,
        )
    return len(invalid)


def _as_lines(class_names, batch, answers, unsure):
    for example, row, why in zip(batch, answers, unsure, strict=True):
        if why:
            print(f"{safe(example.shown, 'terminal', 400)}: {safe(why, 'terminal', 400)}")
        elif _is_valid(row):
            best, second = np.argsort(-row)[:2]
            names = [safe(class_names[n], "terminal", 80) for n in (best, second)]
            print(
                f"{safe(example.shown, 'terminal', 400)}: {names[0]} ({row[best]:.1%}), "
                f"else {names[1]} ({row[second]:.1%})"
            )
    sys.stdout.flush()


def _as_table(reader, class_names):
    """Print the header of a CSV table; the function that is returned prints its rows."""
    with contextlib.suppress(AttributeError):  # programs read it, whatever the terminal can show
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    table = writer(sys.stdout, lineterminator="\n")
    fixed = ["file", "label", "probability", *(["text"] if reader.texts else [])]
    taken = {*fixed, "reason"}
    classes = [shown(name) for name in class_names]
    columns = [f"class {name}" if name in taken else name for name in classes]
    table.writerow([safe(cell, "csv") for cell in (*fixed, *columns, "reason")])

    def show(batch, answers, unsure):
        for example, row, why in zip(batch, answers, unsure, strict=True):
            best, cells = int(row.argmax()) if _is_valid(row) else None, [""] * len(classes)
            label, probability, reason = "", "", example.reason or "the model gives no probabilities for it"
            if best is not None:
                cells, reason = [f"{value:.6f}" for value in row], why
                label, probability = ("", "") if why else (classes[best], cells[best])
            text = [example.text] if reader.texts else []
            row = example.file, label, probability, *text, *cells, reason
            table.writerow([safe(cell, "csv") for cell in row])
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


def _batches(named, reader, settings, at_once):
    """Lists of examples, at most `at_once` in each, in the order of the names.

    Images are decoded on all cores. What cannot be read is printed, unless it is all there is.
    """
    progress = _Progress(len(named))
    waiting = []
    step = at_once if reader.list_files else 1
    for start in range(0, len(named), step):
        some = named[start : start + step]
        read = partial(_read_or_not, reader=reader, settings=settings)
        found = photos.in_threads(read, some) if reader.list_files else map(read, some)
        for examples in found:
            for example in examples:
                if example.reason and len(named) > 1:
                    print(f"Error: {sentence(example.reason)}", file=sys.stderr, flush=True)
                waiting.append(example)
                if len(waiting) == at_once:
                    yield waiting
                    waiting = []
        progress.show(start + len(some))
    if waiting:
        yield waiting
    progress.close()


class _Progress:
    """How many files are done, on a terminal that the results do not go to."""

    def __init__(self, total):
        self.total = total if sys.stderr.isatty() and not sys.stdout.isatty() else 0

    def show(self, done):
        if self.total > 1:
            print(f"\r{done:,} of {self.total:,}", end="", file=sys.stderr, flush=True)

    def close(self):
        if self.total > 1:
            print(file=sys.stderr)


def _read_or_not(name, reader, settings):
    """The examples that a name stands for; or one with the reason why there are none."""
    try:
        return _read(name, reader, settings)
    except DataError as error:
        return [Example(name, name, "", None, str(error))]


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
