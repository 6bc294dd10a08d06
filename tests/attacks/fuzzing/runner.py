"""Feeds a worker with cases for some seconds, and collects what went wrong."""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from fuzzing.targets import TARGETS

PROJECT = Path(__file__).parents[3]
KEPT = Path(tempfile.gettempdir()) / "glass-zoo-attacks"
START = 180  # seconds for a worker to load its modules, or to make an input, on a busy machine
PATIENCE = 3  # times the processor time that a case may take before its process is ended
ENOUGH = 2  # cases that hang, until a kind is left: each takes long
GOOD = (-1, -2, -3)  # seeds of inputs that are not spoiled


class Worker:
    """A process that tries cases; where it dies or hangs, the next case gets a new one.

    Args:
        kinds: Kinds of input that it will be asked for.
    """

    def __init__(self, kinds):
        self.kinds, self.process = list(kinds), None
        self._read, self._hung = b"", False

    def attempt(self, kind, seed, folder):
        """Try one case in an empty folder; returns what `worker.attempt` does."""
        if self.process is None:
            self._start()
        case = {"kind": kind, "seed": seed, "folder": str(folder)}
        with contextlib.suppress(BrokenPipeError):  # then no answer will come
            self.process.stdin.write(json.dumps(case).encode() + b"\n")
            self.process.stdin.flush()
        made, answer, said = self._answer(START), None, ""
        if made is not None:
            answer = self._answer(PATIENCE * TARGETS[kind].seconds)
        if answer is None:
            name = ("making the input: " if made is None else "") + self._end()
            with contextlib.suppress(OSError):
                said = (folder / "stderr.txt").read_text(encoding="utf-8", errors="replace")
            failures = [(name, f"no answer came from its process, which wrote:\n{said}")]
            answer = {"outcome": "failed", "failures": failures, "cpu": 0, "peak": 0}
        return answer

    def close(self):
        if self.process is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
            self._end()

    def _start(self):
        path = os.pathsep.join([str(PROJECT), str(PROJECT / "tests" / "attacks")])
        quiet = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}
        self._read = b""
        self.process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-m", "fuzzing.worker", *self.kinds],
            cwd=PROJECT,
            env={**os.environ, **quiet, "OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._answer(START) == {"ready": True}, "the worker does not start; see its standard error"

    def _answer(self, seconds):
        """The next line, or None if there is none in time or the worker is gone.

        Time in which the machine is busy with other things does not count: what does is what the
        worker computes, and what it sleeps or waits.
        """
        begin, delayed = time.monotonic(), self._delayed()
        while b"\n" not in self._read:
            waiting, *_ = select.select([self.process.stdout], [], [], seconds / 20)
            more = os.read(self.process.stdout.fileno(), 1 << 20) if waiting else b""
            late = time.monotonic() - begin - (self._delayed() - delayed) > seconds
            if waiting and not more or not waiting and late:
                self._hung = not waiting  # else its end of the pipe is closed: it is about to be gone
                return None
            self._read += more
        line, _, self._read = self._read.partition(b"\n")
        return json.loads(line)

    def _delayed(self):
        """Seconds that the worker's main thread was ready and had to wait for a processor."""
        try:
            return (
                int(Path(f"/proc/{self.process.pid}/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
            )
        except (OSError, IndexError, ValueError):
            return 0.0

    def _end(self):
        """End a worker that hangs, or see how it died; in a few words."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(0 if self._hung else 20)
        hung, self._hung = self.process.poll() is None, False
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()
        code, self.process = self.process.returncode, None
        if hung:
            return "hangs"
        return f"dies of {signal.Signals(-code).name}" if code < 0 else f"dies of exit {code}"


@dataclass
class Outcome:
    """What some seconds of attack came to.

    Attributes:
        kind: Kind of input.
        cases: How many were tried.
        results: How many of them gave a result; the others were refused.
        failures: By a short name: `(seed, what is known, how often)` of the first case.
        slowest: Most processor seconds of one case.
        largest: Most megabytes of one case.
    """

    kind: str
    cases: int = 0
    results: int = 0
    failures: dict = field(default_factory=dict)
    slowest: float = 0
    largest: int = 0

    def __str__(self):
        return (
            f"{self.kind}: {self.cases:,} cases, {self.results:,} results, "
            f"{len(self.failures)} kinds of failure; at most {self.slowest:.1f} s and {self.largest:,} MB"
        )

    def told(self, test):
        """All failures in words, each with the command that tries its case again."""
        lines = [str(self)]
        for name, (seed, text, times) in self.failures.items():
            kept = KEPT / f"{self.kind}{seed}"
            lines += [
                f"\n{name} ({times} times, first with seed {seed}; its input is kept in {kept})",
                f'  python -m pytest -n 0 -m attack "{test}" --attack-seed={seed}',
                "  " + text.strip().replace("\n", "\n  ")[-3000:],
            ]
        return "\n".join(lines)


def attack(worker, kind, until, folder, seed=None):
    """Try cases of one kind.

    Args:
        worker: A `Worker` for it.
        kind: Kind of input.
        until: When to stop, by `time.monotonic()`; the good inputs are tried in any case.
        folder: An empty folder to work in.
        seed: The only seed to try, None for all from 0 on, after good inputs.

    Returns:
        An `Outcome`.
    """
    good = GOOD[: 1 if TARGETS[kind].seconds > 30 else None]
    outcome, seeds = Outcome(kind), iter(good) if seed is None else iter([seed])
    following = 0
    while True:
        one = next(seeds, None)
        if one is None:
            if seed is not None or time.monotonic() >= until:
                return outcome
            one, following = following, following + 1
        case = folder / f"{kind}{one}"
        case.mkdir(parents=True)
        answer = worker.attempt(kind, one, case)
        outcome.cases += 1
        outcome.results += answer["outcome"] == "result"
        outcome.slowest = max(outcome.slowest, answer["cpu"])
        outcome.largest = max(outcome.largest, answer["peak"])
        for name, text in answer["failures"]:
            first, told, times = outcome.failures.get(name, (one, text, 0))
            outcome.failures[name] = first, told, times + 1
            if not times:
                _keep(case)
        shutil.rmtree(case, ignore_errors=True)
        if outcome.failures.get("hangs", (0, "", 0))[2] == ENOUGH:
            return outcome


def _keep(case):
    """Keep a case's files where they can be looked at."""
    kept = KEPT / case.name
    shutil.rmtree(kept, ignore_errors=True)
    with contextlib.suppress(OSError, shutil.Error):  # pipes cannot be copied
        shutil.copytree(case, kept, symlinks=True, ignore=_without_specials)


def _without_specials(folder, names):
    return [name for name in names if not (Path(folder, name).is_file() or Path(folder, name).is_dir())]
