"""What the attacks share: which are tried, a worker for each group of loaders, and the time that is left."""

import os
import random
import time

import pytest

from fuzzing.runner import Worker
from fuzzing.targets import TARGETS

SAMPLED = ("test_settings.py", "test_surroundings.py")  # of their hundreds of cases, some take ten seconds
MANY = 30  # cases; who chooses fewer with -k or by name gets all of them
WHOLE = 240  # from so many --attack-seconds on, all of them are tried


@pytest.hookimpl(trylast=True)  # after -k and -m
def pytest_collection_modifyitems(config, items):
    """Try as many of the sampled modules' cases as the time allows, always the same ones."""
    share = config.getoption("--attack-seconds") / WHOLE
    if share >= 1:
        return
    for name in SAMPLED:
        cases = [item for item in items if item.path.name == name and item.get_closest_marker("attack")]
        if len(cases) < MANY:
            continue
        left_out = set(random.Random(0).sample(cases, len(cases) - round(share * len(cases))))
        config.hook.pytest_deselected(items=[item for item in items if item in left_out])
        items[:] = [item for item in items if item not in left_out]


class Fuzzers:
    """The time of several kinds of input, shared out over them, and the process that tries them.

    Args:
        kinds: As in `fuzzing.targets`.
        seconds: Time for all of them, the start of the process included.
    """

    def __init__(self, kinds, seconds):
        self._weights = {kind: TARGETS[kind].weight for kind in kinds}
        self._until = time.monotonic() + seconds
        self.worker = Worker(self._weights)

    def until(self, kind):
        """When to stop with this kind, by `time.monotonic()`: what one leaves is for those after it."""
        left = self._until - time.monotonic()
        share = self._weights[kind] / sum(self._weights.values())
        self._weights[kind] = 0
        return time.monotonic() + left * share


@pytest.fixture(scope="module")
def fuzzers(request):
    """The `Fuzzers` of the kinds that are chosen of a module's.

    Modules run side by side where the tests have two processes; else they share the time.
    """
    chosen = [item for item in request.session.items if "fuzzers" in item.fixturenames]
    kinds = [item.callspec.params["kind"] for item in chosen if item.module is request.module]
    seconds = request.config.getoption("--attack-seconds")
    if int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) < 2:
        seconds *= len(kinds) / len(chosen)
    made = Fuzzers(kinds, seconds)
    yield made
    made.worker.close()
