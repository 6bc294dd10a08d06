"""Classify your own files with the model that a lesson saved, or `save` of a classifier.

python -m tutorials.predict outputs/digits photo.png more_photos/
python -m tutorials.predict outputs/fine_tune photo.jpg more_photos/ --csv > predictions.csv
python -m tutorials.predict outputs/fine_tune photo.jpg --abstain 0.05
python -m tutorials.predict outputs/sound recording.wav
python -m tutorials.predict outputs/video clip.gif more_clips/
python -m tutorials.predict outputs/sentiment "What a film!" texts.csv
python -m tutorials.predict tickets.keras "My parcel is late" new.csv --csv > predictions.csv
python -m tutorials.predict tickets.keras "My parcel is late" --explain
"""

import contextlib
import math
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
from datasets.files import notices, tables
from datasets.files.names import safe, sentence, shown
from datasets.texts import reading
from models import ModelError
from models.fine_tuning.bundles import NO_TRUST, trust_in
from models.fine_tuning.predictions import answering
from models.none_of_these import refusing
from models.probabilities import per_class
from models.text_classification.abstention import answering_texts, text_trust_in
from models.text_classification.by_parts import predict_texts
from tutorials.lesson import several_labels
from tutorials.lesson.classifier_files import read_classifier
from tutorials.lesson.flags import in_flags
from tutorials.lesson.named_files import files_in, is_file, is_folder, named_in, no_files
from tutorials.lesson.saved import check_takes
from tutorials.lesson.texts import explained, from_command_line

EMPTY = "is empty"  # reason of a row without a text
AT_ONCE = 128  # examples that are read and predicted together, however many there are
VALUES_AT_ONCE = 64 << 20  # and numbers in them, of which there are many in large images


class Reader(NamedTuple):
    """What a lesson's model takes, and how to read it.

    Attributes:
        noun: What one file is called.
        suffixes: How its files end, in lower case.
        read: Function of a path and the `settings` that gives an example as the model was trained on them;
            for texts, a list of them with the reason, if there is one, why each cannot be used.
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

    One that could not be read has a reason instead of a content: a sentence, or of a row what is wrong.
    """

    shown: str
    file: str
    text: str
    content: Any
    reason: str = ""

    @property
    def is_row(self):
        """Whether it is a row of a file, and not all of it."""
        return self.shown != self.file

    @property
    def unusable(self):
        """Whether it is wrong, and not only empty."""
        return bool(self.reason) and self.reason != EMPTY

    @property
    def said(self):
        """Why it could not be read, as a sentence."""
        return f"{self.shown} {self.reason}." if self.is_row else self.reason


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
        lambda path, frames, size, grey: videos.read_clip(path, frames, size, 1 if grey else 3),
        lambda frames, size, grey: (frames, size, size, 1 if grey else 3),
        ("frames", "size", "grey"),
        list_files=videos.list_clips,
    ),
    "sentiment": Reader(
        "text", reading.SUFFIXES, reading.read_rows, lambda column: (), ("text_column",), texts=True
    ),
}
READERS["classify_texts"] = READERS["sentiment"]


def main(
    folder: Annotated[Positional[Path], arg(metavar="FOLDER|FILE.keras")],
    inputs: Annotated[Positional[tuple[str, ...]], arg(metavar="FILE|TEXT ...")],
    csv: bool = False,
    abstain: float | None = None,
    explain: bool = False,
    encoding: str | None = None,
) -> None:
    """Classify files or texts with the model that a lesson, or `save` of a classifier, saved.

    The answer is "none of these" for an image that is not like the digits that a network was trained on.

    Args:
        folder: A lesson's results, such as outputs/digits, or a .keras file that save of TextClassifier or
            PhotoClassifier wrote.
        inputs: Files of the kind that the model was trained on (images, sounds, texts; in a table each
            row is a text), folders of them, or, for a model of texts, the texts themselves.
        csv: Print a table for programs, in UTF-8, a row a file in the order given: file, label, probability,
            for a model of texts text, the probability of each class, and the reason if there are none; of a
            model that gives several labels file, labels, the probability of each label, the reason. A
            cell that a spreadsheet would run as a formula has an apostrophe before it.
        abstain: Do not answer for photos of other things, or texts unlike those of training, nor where
            several classes are possible: the share of answers that may be wrong, such as 0.05.
        explain: Name the words that change the prediction of each text most.
        encoding: Of files of texts that are not UTF-8, such as cp1252, if it is not obvious.
    """
    if not inputs:
        raise LessonError("Name at least one file or folder to classify, after the lesson's folder.")
    found = read_classifier(folder, {lesson: reader.settings for lesson, reader in READERS.items()})
    model, class_names, file, reader = found.model, found.class_names, found.file, READERS[found.lesson]
    shape = reader.shape(*found.settings)
    check_takes(model, file, shape, found.lesson, found.again)
    if explain and (csv or not reader.texts):
        raise LessonError("explain= is for texts, and prints lines, not a table; leave one of them out.")
    if encoding is not None:
        if not reader.texts:
            raise LessonError("encoding= is for files of texts; leave it out.")
        reader = reader._replace(read=partial(reader.read, encoding=encoding))
    at_once = min(AT_ONCE, max(1, VALUES_AT_ONCE // math.prod(shape)))
    named = list(named_in(inputs, reader))
    unusable, rows_unusable, failed = 0, 0, 0
    thresholds = several_labels.read_thresholds(file, model, class_names, found.held, abstain)
    if thresholds is None:
        classify = _abstaining(found, abstain)
        lines = partial(_as_lines, class_names, model if explain else None)
        show = _as_table(reader, class_names) if csv else lines
    else:
        printed = several_labels.as_table if csv else several_labels.as_lines
        classify, show = None, printed(class_names, thresholds, _is_valid)
    for batch in _batches(named, reader, found.settings, at_once):
        read = [example for example in batch if not example.reason]
        unusable += sum(example.unusable and not example.is_row for example in batch)
        rows_unusable += sum(example.unusable and example.is_row for example in batch)
        rows, unsure = _predictions(found, read, classify)
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
    if rows_unusable:
        raise LessonError(
            f"{rows_unusable:,} {'text' if rows_unusable == 1 else 'texts'} of tables could not be used."
        )
    if failed:
        raise LessonError(
            f"The model in {folder} gave no probabilities for {failed} of the examples; {found.again}."
        )


def _abstaining(found, abstain):
    """A function that also says for which files there is no answer; None to answer for all."""
    model, file = found.model, found.file
    if abstain is None:
        return _sentence(refusing, model, found.held, file) if found.lesson == "digits" else None
    if not (found.lesson == "fine_tune" or READERS[found.lesson].texts):
        raise LessonError(
            f"Only a classifier of photos or texts can abstain, not one of the lesson {found.lesson}."
        )
    if not 0.001 <= abstain <= 0.5:
        raise LessonError(f"--abstain takes a share from 0.001 to 0.5, not {abstain:g}.")
    if READERS[found.lesson].texts:
        trust = _sentence(text_trust_in, found.held, len(found.class_names), file)
    else:
        trust = _sentence(trust_in, found.held, model, file)
    if trust is None:
        raise LessonError(NO_TRUST.format(file))
    if READERS[found.lesson].texts:
        return answering_texts(model, found.class_names, trust, abstain)
    return answering(model, found.class_names, (trust, abstain))


def _sentence(function, *arguments):
    """What a function of the library returns; its error as the lesson's."""
    try:
        return function(*arguments)
    except ModelError as error:
        raise LessonError(str(error)) from error


def _predictions(found, examples, classify=None):
    """Probabilities (n, classes), and {row: why there is no answer}; all errors become one sentence."""
    if not examples:
        return [], {}
    content = np.stack([example.content for example in examples])
    try:
        if classify:
            return classify(content)
        if READERS[found.lesson].texts:
            return per_class(predict_texts(found.model, content)), {}
        return per_class(found.model.predict(content, verbose=0)), {}
    except Exception as error:
        raise LessonError(
            f"{found.file} fails on what the lesson gives it ({type(error).__name__}); {found.again}."
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


def _as_lines(class_names, model, batch, answers, unsure):
    """Print a line a file; with a model of texts, also which words of each change the prediction most."""
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
            if model is not None:
                print(f"  {explained(model, example.text, class_names, int(best))}")
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
    """Load what a lesson saved, or `save` of a classifier.

    Args:
        folder: The lesson's results, or a `.keras` file.

    Returns:
        (name of the lesson, the model, its class names in index order).

    Raises:
        LessonError: As `read_classifier` does.
    """
    found = read_classifier(folder, {lesson: reader.settings for lesson, reader in READERS.items()})
    return found.lesson, found.model, found.class_names


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
                if example.unusable and (len(named) > 1 or example.is_row):
                    print(f"Error: {sentence(example.said)}", file=sys.stderr, flush=True)
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
        reason = in_flags(in_flags(str(error), main), reader.shape)  # main's and the lesson's
        return [Example(name, name, "", None, reason)]


def _read(name, reader, settings):
    """The examples that a name stands for, all of them or none."""
    if is_folder(name) and not files_in(name, reader):
        raise DataError(no_files(name, reader))
    if not reader.texts:
        return [Example(name, name, "", reader.read(Path(name), *settings))]
    looks_like_a_file = len(name.split()) == 1 and Path(name).suffix.lower() in reader.suffixes
    if not looks_like_a_file and not is_file(name):
        if not name.strip():
            raise DataError("A text without words cannot be classified; give at least one word.")
        text = from_command_line(name)
        return [Example(repr(_shortened(text)), "", text, np.array(text, object))]
    rows = reader.read(Path(name), *settings)
    if empty := sum(reason == EMPTY for _, reason in rows):
        print(
            f"{safe(name, 'terminal')}: {empty} of {tables.count(len(rows), 'text')} "
            f"{'is' if empty == 1 else 'are'} empty and not classified.",
            file=sys.stderr,
        )
    return [_row(name, n, text, reason) for n, (text, reason) in enumerate(rows, start=1)]


def _row(name, number, text, reason):
    """A text of a file, or the reason why there is none."""
    if reason:
        return Example(f"{name}, text {number}", name, "", None, reason)
    return Example(f"{name}, text {number}, {_shortened(text)!r}", name, text, np.array(text, object))


def _shortened(text, most=50):
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


if __name__ == "__main__":
    run(main)
