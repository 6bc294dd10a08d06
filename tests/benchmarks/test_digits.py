"""The benchmark's three contestants train, and its clock counts what it should."""

import importlib.util
import time

import numpy as np
import pytest

from benchmarks import digits as benchmark
from datasets import digits


@pytest.fixture(scope="module")
def small():
    (x_train, y_train), (x_test, y_test) = digits.load_data("embedded")
    return (x_train[:320], y_train[:320]), (x_test[:100], y_test[:100])


@pytest.mark.slow
@pytest.mark.parametrize("contestant", [benchmark.ours, benchmark.keras_site, benchmark.pytorch_example])
def test_contestant_trains_and_is_counted_infinite_while_short_of_the_goal(small, contestant, monkeypatch):
    monkeypatch.setattr(benchmark, "GOAL", 1.01)
    clock = contestant(small, seed=0, passes=2)
    assert clock.seconds > 0
    assert clock.reached == float("inf")
    assert 0 < clock.accuracy <= 1


@pytest.mark.slow
@pytest.mark.parametrize("contestant", [benchmark.ours, benchmark.keras_site, benchmark.pytorch_example])
def test_contestant_stops_once_it_reached_the_goal(small, contestant, monkeypatch):
    monkeypatch.setattr(benchmark, "GOAL", 0.0)
    clock = contestant(small, seed=0, passes=50)
    assert clock.reached == clock.seconds < 30


@pytest.mark.slow
def test_ours_is_the_lesson(small, tmp_path, monkeypatch):
    """Same data, same seed, same passes: the benchmark's model answers as the lesson's does."""
    from tutorials import digits as lesson

    monkeypatch.setattr(benchmark, "GOAL", 1.01)
    monkeypatch.setattr(digits, "load_data", lambda source: small)
    monkeypatch.setattr("tutorials.lesson.report.Report.figure", lambda *_: None)  # numbers are compared
    trained = lesson.main(data="embedded", epochs=3, outputs=tmp_path)
    assert benchmark.ours(small, seed=0).accuracy == trained.results["test_accuracy"]


def test_the_clock_stands_still_while_it_looks(small):
    class Slow:
        stop_training = False

        def __call__(self, images, training):
            time.sleep(0.2)
            return np.eye(10)[np.zeros(len(images), int)]

    clock = benchmark.Clock(*small[1])
    clock.set_model(Slow())
    clock.on_epoch_end(0)
    clock.on_epoch_end(1)
    assert clock.seconds < 0.1


def test_pytorch_or_keras_stands_in(small, monkeypatch):
    chosen = "_on_pytorch" if importlib.util.find_spec("torch") else "_in_keras"
    called = []
    for name in "_on_pytorch", "_in_keras":
        monkeypatch.setattr(benchmark, name, lambda *_, name=name: called.append(name))
    benchmark.pytorch_example(small, seed=0)
    assert called == [chosen]
