"""The search over knobs: it stays near its budget, and is better than chance."""

import builtins
import importlib.util
import time

from tutorials.lesson.command import LessonError

import pytest

from tutorials.lesson.parts.search import load_optuna, search_knobs

KNOBS = {"a": (1, 2, 3, 4), "b": ("x", "y", "z")}


needs_optuna = pytest.mark.skipif(not importlib.util.find_spec("optuna"), reason="Optuna is not installed")


def score(setting):
    """Best at a = 3 with b = y; b = z is refused."""
    time.sleep(0.005)
    return None if setting["b"] == "z" else -abs(setting["a"] - 3) + (setting["b"] == "y")


@pytest.mark.extra
@needs_optuna
def test_finds_the_best_within_its_budget(capsys):
    started = time.perf_counter()
    trials = search_knobs(KNOBS, score, budget=2, seed=0)
    assert time.perf_counter() - started < 4
    assert max(trials, key=lambda trial: trial[1]) == ({"a": 3, "b": "y"}, 1)
    assert all(setting["b"] != "z" for setting, _ in trials)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(trials)
    assert "of 2 s, trial 1:" in lines[0]


@pytest.mark.extra
@needs_optuna
def test_the_same_seed_tries_the_same(capsys):
    one, other = (search_knobs(KNOBS, score, budget=0.3, seed=5) for _ in range(2))
    assert one[:5] == other[:5]


@pytest.mark.extra
@needs_optuna
def test_even_the_smallest_budget_gives_one_trial(capsys):
    assert len(search_knobs(KNOBS, score, budget=1e-9, seed=0)) == 1


def test_without_optuna_one_sentence_says_how_to_get_it(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "optuna":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(LessonError, match="pip install optuna"):
        load_optuna()
