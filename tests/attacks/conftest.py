"""What the fuzzers share: a worker for each group of loaders, and the time that is left."""

import os
import time

import pytest
from fuzzing.runner import Worker
from fuzzing.targets import TARGETS


class Fuzzers:
    """The time of a group of loaders, shared out over its kinds, and the process that tries them.

    Args:
        group: As in `fuzzing.targets`.
        seconds: Time for all of its kinds, the start of the process included.
    """

    def __init__(self, group, seconds):
        self._weights = {kind: target.weight for kind, target in TARGETS.items() if target.group == group}
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
    """The `Fuzzers` of the group that the module names as GROUP.

    The groups run side by side where the tests have two processes; else they share the time.
    """
    seconds = request.config.getoption("--attack-seconds")
    if int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) < 2:
        seconds /= 2
    made = Fuzzers(request.module.GROUP, seconds)
    yield made
    made.worker.close()
