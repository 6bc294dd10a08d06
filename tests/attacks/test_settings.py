"""The largest and the smallest number that each lesson accepts: it trains, or says why not."""

import contextlib
import gc
import importlib
import inspect

from tutorials.lesson.command import LessonError

import keras
import pytest

from datasets import DataError
from models import ModelError
from tutorials.__main__ import LESSONS
from tutorials.lesson import limits

pytestmark = pytest.mark.attack


# Of lessons that do not train by `fit` of Keras, at least not at first
OTHER_TRAININGS = (
    "tutorials.classify_texts.TextClassifier",
    "tutorials.gradient_descent.backward",
    "tutorials.labels.label_step_by_step",
    "tutorials.lesson.parts.continual_learning.Learner.fit",
    "tutorials.reinforcement.learn",
    "tutorials.word2vec.near",
)


class Trained(Exception):
    """Training has begun."""


def cases():
    for lesson in LESSONS:
        main = importlib.import_module(f"tutorials.{lesson}").main
        for name in inspect.signature(main).parameters:
            if name in limits.BOUNDS:
                bounds = limits.BOUNDS[name]
                for value in (bounds.least + bounds.open, bounds.most):
                    yield lesson, name, value


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize(("lesson", "name", "value"), [*cases()])
def test_the_ends_of_each_range_are_training_or_a_sentence(lesson, name, value, quick, tmp_path, monkeypatch):
    def stop(*args, **kwargs):
        raise Trained

    monkeypatch.setattr(keras.Model, "fit", stop)
    for others in OTHER_TRAININGS:
        monkeypatch.setattr(others, stop)
    monkeypatch.setattr("tutorials.lesson.report.Report.figure", lambda *args: None)
    main = importlib.import_module(f"tutorials.{lesson}").main
    settings = {"quick": quick, "outputs": tmp_path, name: value}
    if "data" in inspect.signature(main).parameters:
        settings["data"] = "embedded"
    if lesson == "sentiment" and name == "word_pairs":
        settings["model"] = "bag"
    if name == "white":
        settings["load"] = "mnist"
    kind = inspect.signature(main).parameters[name].annotation
    settings[name] = float(value) if kind is float else int(value)
    said = ""
    with contextlib.suppress(Trained):
        try:
            main(**settings)
        except (LessonError, ModelError, DataError) as error:
            said = str(error)
    assert "\n" not in said
    gc.collect()
    assert not list(tmp_path.rglob("*.*")) or lesson in ("look_inside", "fine_tune")
