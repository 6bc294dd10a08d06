"""A function applied to many files in threads, with limited memory."""

import contextlib
import os
import sys
import tempfile
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ..files import notices
from ..files.names import shown
from ..sources import DataError
from .pixels import Unusable, quietly

IN_MEMORY = 1_000_000_000  # bytes of squares; more go to a file
BYTES_AT_ONCE = 300_000_000  # of files, in all threads together
PIXELS_AT_ONCE = 40_000_000  # the same for decoded pixels


def cores():
    """How many threads decode: one for each core that this process may use, up to 32."""
    may = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(32, may or 1)


class Room:
    """An amount of memory that threads share."""

    def __init__(self, amount):
        self.amount = self.left = amount
        self.changed = threading.Condition()

    def take(self, amount):
        """Wait until so much is free, take it, and return how much was taken: all of it at most."""
        amount = min(amount, self.amount)
        with self.changed:
            self.changed.wait_for(lambda: self.left >= amount)
            self.left -= amount
        return amount

    def give(self, amount):
        with self.changed:
            self.left += amount
            self.changed.notify_all()

    @contextlib.contextmanager
    def taken(self, amount):
        amount = self.take(amount)
        try:
            yield
        finally:
            self.give(amount)


def each(files, work, total=None, progress=False, threads=None):
    """Apply a function to every file.

    Args:
        files: Iterable of `File`.
        work: Function of a file, its content and a `Room` for pixels.
        total: Number of files, if it is known.
        progress: Whether to show a progress bar, if the output is a terminal.
        threads: How many; None for one for each core.

    Yields:
        `(file, result)` in the order of the files; the result is an `Unusable` where `work` raised
        one.
    """
    contents, pixels, threads = Room(BYTES_AT_ONCE), Room(PIXELS_AT_ONCE), threads or cores()

    def job(file, content, amount):
        try:
            return work(file, file.read() if content is None else content, pixels)
        except Unusable as error:
            return error
        finally:
            contents.give(amount)
            notices.drain()

    waiting, bar = deque(), _Bar(total, progress)
    with quietly(), ThreadPoolExecutor(threads) as pool:
        for file in files:
            amount = contents.take(file.size)
            # Archives are unpacked here, in their order; other files are read in the threads
            content = file.read() if file.in_order else None
            waiting.append((file, pool.submit(job, file, content, amount)))
            while waiting and (waiting[0][1].done() or len(waiting) > 4 * threads):
                file, future = waiting.popleft()
                yield file, future.result()
                bar.add()
        for file, future in waiting:
            yield file, future.result()
            bar.add()
    bar.close()


class _Bar:
    """Keras's progress bar on a terminal, nothing elsewhere."""

    def __init__(self, total, wanted):
        self.bar, self.count = None, 0
        if wanted and sys.stdout.isatty() and total != 0:
            import keras

            self.bar = keras.utils.Progbar(total, unit_name="photo", interval=0.2)

    def add(self):
        self.count += 1
        if self.bar:
            self.bar.update(self.count)

    def close(self):
        if self.bar and self.bar.target is None and self.count:
            self.bar.update(self.count, finalize=True)


class Squares:
    """Squares of pixels as they are decoded: in memory, or beyond a limit in a temporary file."""

    def __init__(self, size, folder=None):
        self.shape, self.folder = (size, size, 3), folder
        self.rows, self.file, self.count = [], None, 0

    def append(self, pixels):
        self.rows.append(pixels)
        self.count += 1
        if self.folder and len(self.rows) * pixels.nbytes > (0 if self.file else IN_MEMORY):
            self._write()

    def _write(self):
        try:
            if self.file is None:
                Path(self.folder).mkdir(parents=True, exist_ok=True)
                # It has no name, and disappears when the process ends, however it does
                self.file = tempfile.TemporaryFile(dir=self.folder)  # noqa: SIM115
            for row in self.rows:
                self.file.write(row.tobytes())
            self.file.flush()
        except OSError as error:
            raise DataError(
                f"The pixels of {self.count:,} photos do not fit in {shown(self.folder)} ({error.strerror}); "
                "make room there, or name another folder."
            ) from error
        self.rows = []

    def ordered(self, order):
        """Rows as one array.

        Args:
            order: Different indices of rows.

        Returns:
            uint8 (n, size, size, 3). Nothing can be appended afterwards.
        """
        shape = len(order), *self.shape
        if self.file is None or not len(order):
            pixels = np.empty(shape, "uint8")
            for position, index in enumerate(order):
                pixels[position] = self.rows[index]
                self.rows[index] = None  # else all of them would be in memory twice
            return pixels
        whole = np.memmap(self.file, "uint8", "r+", shape=(self.count, *self.shape))
        place, holds = (
            np.arange(self.count),
            np.arange(self.count),
        )  # the place of each row; the row in each place
        for position, index in enumerate(order):
            here, other = place[index], holds[position]
            if here != position:
                whole[[position, here]] = whole[[here, position]]
                holds[[position, here]] = index, other
                place[[index, other]] = position, here
        return whole[: len(order)]
