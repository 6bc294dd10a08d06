"""The classifier that `tutorials.predict` is given: a lesson's folder of results, or one `.keras` file."""

import os
from pathlib import Path
from typing import Any, NamedTuple

from tutorials.lesson.command import LessonError

from datasets.files.names import shown
from models import ModelError
from models.loading.saved_classifiers import check_names
from tutorials.lesson.saved import is_image_size, read_model, read_names, read_results, read_settings

LESSON_OF = {  # of what a file says that it classifies
    "texts": "sentiment",
    "photos": "fine_tune",
    "multi-label photos": "fine_tune",
    "digits": "digits",
}


class Classifier(NamedTuple):
    """A classifier that was saved.

    Attributes:
        file: Its `.keras` file.
        lesson: The lesson that reads the same kind of examples.
        model: The Keras model.
        class_names: In index order.
        settings: Values of what the lesson's reader takes.
        held: {name: value} of what else the file holds beside the model, not checked.
        again: What to do if it does not work: the end of a sentence.
    """

    file: Path
    lesson: str
    model: Any
    class_names: list
    settings: list
    held: dict
    again: str


def read_classifier(path, wanted):
    """Load what a lesson saved, or what `save` of `TextClassifier` or `PhotoClassifier` wrote.

    Args:
        path: A lesson's folder of results, model.keras in it, or another `.keras` file.
        wanted: {lesson: names of the settings that its reader takes}.

    Returns:
        A `Classifier`.

    Raises:
        LessonError: If there is none, it is damaged, its parts do not fit each other, or another major
            version of Keras saved it.
    """
    path = Path(path)
    if path.suffix == ".keras" and not _is_there(path / "model.keras"):
        if path.name != "model.keras" or not _is_there(path.with_name("metrics.json")):
            return _from_file(path, wanted)
        path = path.parent
    return _from_folder(path, wanted)


def _from_folder(folder, wanted):
    file, results = folder / "model.keras", folder / "metrics.json"
    if not _is_there(file) or not _is_there(results):
        raise LessonError(
            f"{folder} holds no trained model; run a lesson first, such as python -m tutorials.digits, and "
            "give the folder of its results, or give a file that save of a classifier wrote."
        )
    lesson = read_results(results, dict).get("lesson")
    if not isinstance(lesson, str) or lesson not in wanted:
        raise LessonError(f"The model in {folder} is of the lesson {lesson!s:.50}, which takes no files.")
    model, about = read_model(file)
    names = read_names(folder / "labels.json", model)
    settings = read_settings(results, wanted[lesson])
    return Classifier(file, lesson, model, names, settings, _held(about), "run the lesson again")


def _from_file(file, wanted):
    again = "save the classifier again"
    model, about = read_model(file, again)
    kind = about.get("kind") if isinstance(about, dict) else None
    if about is None:
        raise LessonError(
            f"{file} does not say which classes it knows; give a file that save of TextClassifier or "
            "PhotoClassifier wrote, or the folder of a lesson's results."
        )
    if not isinstance(kind, str) or kind not in LESSON_OF:
        raise LessonError(f"{file} classifies {shown(str(kind))}, and no files of these can be read.")
    try:
        check_names(about.get("class_names"), model, str(file))
    except ModelError as error:
        raise LessonError(str(error)) from error
    lesson, held = LESSON_OF[kind], _held(about)
    settings = [held.get(name) for name in wanted[lesson]]
    if "image_size" in wanted[lesson] and not is_image_size(held.get("image_size")):
        raise LessonError(f"{file} is damaged: it does not hold image_size; {again}.")
    if lesson == "sentiment":
        settings = [None] * len(settings)  # the column of the texts is found by its name
    return Classifier(file, lesson, model, about["class_names"], settings, held, again)


def _held(about):
    settings = about.get("settings") if isinstance(about, dict) else None
    return settings if isinstance(settings, dict) else {}


def _is_there(path):
    return os.path.exists(path)  # noqa: PTH110 (names may be too long for a file)
