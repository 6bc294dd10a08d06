"""Starting the processes of one run on this machine, and ending all of them when one ends too early."""

import contextlib
import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque

from ..errors import ModelError
from .joining import COORDINATOR, NEEDED, PROCESSES, RANK, WORKER

LOST = 75  # exit code of a process that could not go on without another one, which is the one to speak of
GRACE = 5.0  # seconds that the others have to end by themselves, as where all find the same error
KILL_AFTER = 5.0  # seconds from the request to end until a process is killed
MOST = 256
NEEDED_IS_HERE = bool(importlib.util.find_spec("jax"))
NOTICE = re.compile(r"[EFIW]\d{4} |\[Gloo\]|WARNING: All log messages before absl")
UNKEPT = "this run is not kept, and the results of earlier, complete runs are as they were."


def launch(command, processes, unkept=UNKEPT):
    """Run a command in several processes on this machine that train together, and wait for them.

    The first one's output is shown. When one ends in another way than it should, so do all, within seconds.

    Args:
        command: List of texts, of a program that calls `join` before it computes.
        processes: How many.
        unkept: How the sentence on a process that was killed ends.

    Returns:
        The exit code: 0 if all processes ended with 0.

    Raises:
        ModelError: If JAX is missing, or `processes` is no number from 1 to 256.

    Example:
        >>> try:
        ...     launch(["python", "train.py"], processes=257)
        ... except ModelError as error:
        ...     print(error)
        processes= must be from 1 to 256, not 257.
    """
    check_launch(processes)
    workers, stopped = [], _Stopped()
    with stopped, tempfile.TemporaryDirectory(prefix="processes-", ignore_cleanup_errors=True) as folder:
        try:
            address = f"127.0.0.1:{_free_port()}"
            for rank in range(processes):
                workers.append(_Worker(command, address, processes, rank, folder))
            return _watch(workers, stopped, unkept)
        finally:
            _end(workers)


def check_launch(processes):
    """Refuse what `launch` cannot start.

    Args:
        processes: How many.

    Raises:
        ModelError: If JAX is missing or another backend is chosen, or the number is out of range.

    Example:
        >>> try:
        ...     check_launch(0)
        ... except ModelError as error:
        ...     print(error)
        processes= must be from 1 to 256, not 0.
    """
    if isinstance(processes, bool) or not isinstance(processes, int) or not 1 <= processes <= MOST:
        raise ModelError(f"processes= must be from 1 to {MOST}, not {processes!r}.")
    if not NEEDED_IS_HERE:
        raise ModelError(f"{NEEDED}; install it with pip install jax.")
    chosen = os.environ.get("KERAS_BACKEND") or "jax"
    if chosen != "jax":
        raise ModelError(f"{NEEDED}; KERAS_BACKEND is {chosen!r}, set KERAS_BACKEND=jax or leave it out.")


def watch_parent():
    """End this process, which `launch` started, when the process that started it is no more.

    Example:
        >>> watch_parent()  # does nothing in a process that `launch` has not started
    """
    if WORKER not in os.environ:
        return

    def wait():
        with contextlib.suppress(OSError):
            while os.read(0, 1):
                pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(KILL_AFTER)
        os._exit(LOST)

    threading.Thread(target=wait, daemon=True).start()


class _Worker:
    """A process, whose standard error is read by a thread."""

    def __init__(self, command, address, processes, rank, folder):
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        share = str(max(1, cores // processes))
        settings = {"PJRT_NPROC": share, "OMP_NUM_THREADS": share} | os.environ
        settings |= {COORDINATOR: address, PROCESSES: str(processes), RANK: str(rank)}
        self.rank, self.shown, self.lines = rank, rank == 0, deque(maxlen=50)
        self.process = subprocess.Popen(
            command,
            env=settings | {WORKER: folder, "KERAS_BACKEND": "jax", "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,  # it ends with this process: see `watch_parent`
            stdout=None if rank == 0 else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C reaches this process alone, which hands it on
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            if not NOTICE.match(line):
                self.lines.append(line)
                if self.shown:
                    with contextlib.suppress(OSError, ValueError):
                        print(line, end="", file=sys.stderr, flush=True)

    def code(self):
        """The exit code, negative for a signal; None while it runs. All that it wrote has been read then."""
        code = self.process.poll()
        if code is not None:
            self._reader.join(1)
        return code

    def signal(self, number):
        with contextlib.suppress(OSError):
            self.process.send_signal(number)


class _Stopped:
    """Takes notice of Ctrl-C and the like, for as long as the block lasts."""

    number = None

    def __enter__(self):
        numbers = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
        self._before = {}
        if threading.current_thread() is threading.main_thread():
            self._before = {n: signal.signal(n, self._note) for n in numbers if n is not None}
        return self

    def __exit__(self, *error):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number, frame):
        self.number = number


def _watch(workers, stopped, unkept):
    """Wait until all have ended; the exit code of the run."""
    failed = since = None
    while True:
        codes = [worker.code() for worker in workers]
        if stopped.number is not None:
            for worker in workers:
                worker.signal(stopped.number)
            _wait(workers, 2 * KILL_AFTER)
            return 128 + stopped.number
        wrong = [worker for worker, code in zip(workers, codes, strict=True) if code]
        killed = [worker for worker in wrong if worker.code() < 0]
        if killed or (wrong and since and time.monotonic() - since > GRACE):
            for worker in workers:
                worker.shown = False  # what the others say of it would be noise
        if wrong and failed is None:
            failed, since = wrong[0], time.monotonic()
        if killed:
            return _say(killed[0], len(workers), unkept)
        if None not in codes or (since and time.monotonic() - since > GRACE):
            return _verdict(wrong, len(workers), unkept) if wrong else 0
        time.sleep(0.05)


def _verdict(wrong, count, unkept):
    """The exit code where some ended with another one than 0, and a sentence if none was shown."""
    by_themselves = [worker for worker in wrong if worker.code() != LOST] or wrong
    if by_themselves[0].rank == 0 and by_themselves[0].code() != LOST:
        return by_themselves[0].code()  # it has said why
    return _say(by_themselves[0], count, unkept)


def _say(worker, count, unkept):
    """Say in one sentence which process ended too early; returns the exit code of the run."""
    code = worker.code()
    which = f"Process {worker.rank + 1} of {count}"
    said = next((line for line in reversed(worker.lines) if line.startswith("Error: ")), None)
    if code > 0 and said:
        sentence = f"{said.strip()} ({which}.)"
    elif code < 0:
        name = signal.Signals(-code).name if -code in {*signal.Signals} else f"signal {-code}"
        memory = ", as a machine does that runs out of memory" if name == "SIGKILL" else ""
        sentence = f"Error: {which} was killed by {name}{memory}: {unkept}"
    else:
        last = next((line.strip() for line in reversed(worker.lines) if line.strip()), "")
        sentence = f"Error: {which} ended with exit code {code}{f' ({last[:300]})' if last else ''}: {unkept}"
    with contextlib.suppress(OSError, ValueError, AttributeError):
        print(sentence, file=sys.stderr, flush=True)
    return max(1, code)


def _wait(workers, seconds):
    """Wait until all have ended, at most so long."""
    until = time.monotonic() + seconds
    while any(worker.code() is None for worker in workers) and time.monotonic() < until:
        time.sleep(0.05)


def _end(workers):
    """End those that still run: ask first, so that drafts are removed, then kill."""
    running = [worker for worker in workers if worker.code() is None]
    for worker in running:
        worker.shown = False
        worker.signal(signal.SIGTERM)
    _wait(running, KILL_AFTER)
    for worker in running:
        worker.signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    for worker in workers:
        worker.process.wait()
        worker.process.stdin.close()


def _free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]
