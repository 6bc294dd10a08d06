"""What `tutorials.predict` prints of a model that gives a photo several labels."""

import contextlib
import sys
from csv import writer

from tutorials.lesson.command import LessonError

from datasets.files.names import safe, shown
from models import ModelError
from models.fine_tuning.multi_label.predictions import given
from models.fine_tuning.multi_label.thresholds import check_thresholds, gives_several_labels


def read_thresholds(file, model, class_names, held, abstain=None):
    """From which probability on a saved model gives each label.

    Args:
        file: Its path.
        model: The model that was loaded from it.
        class_names: Names of its labels.
        held: {name: value} of what the file holds beside the model, not checked.
        abstain: The setting of `tutorials.predict`.

    Returns:
        float64 (labels,); None for a model that gives one class.

    Raises:
        LessonError: If it has none, or is to abstain.
    """
    if not gives_several_labels(model):
        return None
    if abstain is not None:
        raise LessonError(
            "abstain= is for classifiers that give a photo one class; this one gives a photo no label where "
            "it is not sure of any."
        )
    try:
        return check_thresholds(held.get("thresholds"), class_names, file)
    except ModelError as error:
        raise LessonError(str(error)) from error


def as_lines(class_names, thresholds, is_valid):
    """A function that prints a line a photo: the labels that reach their thresholds.

    Args:
        class_names: Names of the labels.
        thresholds: What `read_thresholds` returned.
        is_valid: Function of a photo's probabilities: whether they are some.
    """

    def show(batch, answers, _):
        for example, row in zip(batch, answers, strict=True):
            if not is_valid(row):
                continue
            labels = given(row, thresholds)
            names = [f"{safe(class_names[n], 'terminal', 80)} ({row[n]:.1%})" for n in labels]
            if not names:
                best = int(row.argmax())
                nearest = safe(class_names[best], "terminal", 80)
                names = [f"no label (most probable is {nearest}, {row[best]:.1%})"]
            print(f"{safe(example.shown, 'terminal', 400)}: {', '.join(names)}")
        sys.stdout.flush()

    return show


def as_table(class_names, thresholds, is_valid):
    """Print the header of a CSV table; the function that is returned prints its rows.

    Args:
        class_names, thresholds, is_valid: As for `as_lines`.
    """
    with contextlib.suppress(AttributeError):  # programs read it, whatever the terminal can show
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    table = writer(sys.stdout, lineterminator="\n")
    names = [shown(name) for name in class_names]
    columns = [f"label {name}" if name in ("file", "labels", "reason") else name for name in names]
    table.writerow([safe(cell, "csv") for cell in ("file", "labels", *columns, "reason")])

    def show(batch, answers, _):
        for example, row in zip(batch, answers, strict=True):
            cells, labels = [""] * len(names), ""
            reason = example.reason or "the model gives no probabilities for it"
            if is_valid(row):
                cells, reason = [f"{value:.6f}" for value in row], ""
                labels = "|".join(names[n] for n in given(row, thresholds))
            table.writerow([safe(cell, "csv") for cell in (example.file, labels, *cells, reason)])
        sys.stdout.flush()

    return show
