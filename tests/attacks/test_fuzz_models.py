"""Hostile models: weights, saved models, results folders. See `fuzzing/targets.py`."""

import pytest

from fuzzing.runner import attack
from fuzzing.targets import TARGETS

GROUP = "models"
pytestmark = pytest.mark.attack


@pytest.mark.parametrize("kind", [kind for kind, target in TARGETS.items() if target.group == GROUP])
def test_hostile_input_gives_a_result_or_one_sentence(kind, fuzzers, tmp_path, request, record_property):
    seed = request.config.getoption("--attack-seed")
    outcome = attack(fuzzers.worker, kind, fuzzers.until(kind), tmp_path, seed)
    record_property("attack", str(outcome))
    assert not outcome.failures, outcome.told(request.node.nodeid)
