"""The fuzzers notice planted bugs, and make the same input of the same seed."""

import random
import shutil
import time

import pytest

from fuzzing import planted, runner, watching
from fuzzing.targets import TARGETS
from fuzzing.worker import make


@pytest.fixture(scope="module")
def worker():
    made = runner.Worker([])
    yield made
    made.close()


@pytest.mark.parametrize("bug", planted.BUGS)
def test_planted_bug_is_noticed(bug, worker, tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "KEPT", tmp_path / "kept")
    kind, expected = f"planted: {bug}", planted.BUGS[bug][1]
    outcome = runner.attack(worker, kind, 0, tmp_path, seed=-1)
    assert (expected in outcome.failures) if expected else not outcome.failures
    if expected:
        assert "--attack-seed=-1" in outcome.told("test")
        assert (tmp_path / "kept" / f"{kind}-1" / "input").is_dir()


def test_spoiled_input_is_refused_and_good_input_is_taken(worker, tmp_path):
    outcome = runner.attack(worker, "planted: fine", time.monotonic() + 1, tmp_path)
    assert len(runner.GOOD) <= outcome.results < 0.5 * outcome.cases  # now and then a change changes nothing
    assert not outcome.failures
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", [kind for kind, target in TARGETS.items() if target.group == "data"])
def test_a_seed_makes_one_input(kind, tmp_path):
    """Seeds differ, and a good input differs from most spoiled ones."""
    found = []
    for place, seed in enumerate((0, 0, 1, -1)):
        (tmp_path / str(place)).mkdir()
        random.seed(place)  # nothing may depend on what others draw
        make(TARGETS[kind], seed, tmp_path / str(place))
        shot = watching.snapshot(tmp_path / str(place))
        found.append({name: (mode, content[:1]) for name, (mode, content) in shot.items()})
        shutil.rmtree(tmp_path / str(place))
    assert found[0] == found[1]
    assert found[0] != found[2]
    assert found[3] not in (found[0], found[2])
