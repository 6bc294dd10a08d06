"""The check-up: every file decoded once, in parallel, in bounded memory."""

import hashlib
import os
import sys
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datasets import _photo_copies, _photo_pixels
from datasets._source import DataError

IN_MEMORY = 1_000_000_000  # bytes of squares; more go to a file
BYTES_AT_ONCE = 300_000_000  # of files, in all threads together
PIXELS_AT_ONCE = 40_000_000  # the same for pixels
FLAT = 4  # shades of 255; a picture with less than that between its extremes shows nothing


@dataclass
class Look:
    """What decoding a photo showed.

    Attributes:
        file: The `File`.
        digest: SHA-256 of its bytes.
        square: The same of its pixels.
        traits: Set of str, such as "CMYK".
        side: The shorter side of the photo, in pixels.
        pixels: uint8 (size, size, 3); None once it is stored.
        hash: bool (64,), a perceptual hash.
        thumbnail: uint8 (32, 32).
        flat: Share of the commonest colour.
        colours: Number of colours, of 4,096.
    """

    file: object
    digest: bytes
    square: bytes
    traits: set
    side: int
    pixels: np.ndarray
    hash: np.ndarray
    thumbnail: np.ndarray
    flat: float
    colours: int


def look(file, content, size, room):
    """Decode one photo.

    Raises:
        Unusable: If it cannot be used.
    """
    digest = hashlib.sha256(content).digest()
    image = _photo_pixels.open_image(content)
    traits = _photo_pixels.traits(image, content, file.name)
    side = min(image.size)
    if side < size / 4:
        traits.add("tiny")
    pixels = square(image, size, room)
    low, high = pixels.min((0, 1)).astype(int), pixels.max((0, 1)).astype(int)
    if (high - low).max() < FLAT:
        raise _photo_pixels.Unusable("flat", "is of one colour throughout")
    coarse = (pixels >> 4).astype(np.int16)
    counts = np.bincount((coarse @ np.array([256, 16, 1], np.int16)).ravel())
    hashed, thumbnail = _photo_copies.fingerprint(pixels)
    return Look(
        file=file,
        digest=digest,
        square=hashlib.sha256(pixels.tobytes()).digest(),
        traits=traits,
        side=side,
        pixels=pixels,
        hash=hashed,
        thumbnail=thumbnail,
        flat=counts.max() / counts.sum(),
        colours=(counts > 0).sum(),
    )


def square(image, size, room=None):
    """The pixels of an opened image as uint8 (size, size, 3)."""
    if room is None:
        return np.asarray(_photo_pixels.decode(image, size))
    _photo_pixels.reduce(image, size)
    with room.taken(image.width * image.height):
        return np.asarray(_photo_pixels.decode(image, size))


class Room:
    """Something that there is a limited amount of, such as memory, to be shared by threads."""

    def __init__(self, amount):
        self.amount = self.left = amount
        self.changed = threading.Condition()

    def take(self, amount):
        """Wait until there is enough; what is larger than all of it gets all."""
        amount = min(amount, self.amount)
        with self.changed:
            self.changed.wait_for(lambda: self.left >= amount)
            self.left -= amount
        return amount

    def give(self, amount):
        with self.changed:
            self.left += amount
            self.changed.notify_all()

    def taken(self, amount):
        return _Taken(self, amount)


class _Taken:
    def __init__(self, room, amount):
        self.room, self.amount = room, amount

    def __enter__(self):
        self.amount = self.room.take(self.amount)

    def __exit__(self, *_):
        self.room.give(self.amount)


def each(files, total, work, progress):
    """Do something with the content of every file, in threads.

    Args:
        files: Iterable of `File`.
        total: Their number, or None if it is not known.
        work: Function of a file, its content and a `Room` for pixels.
        progress: Whether to show a progress bar, on a terminal.

    Yields:
        `(file, result)` in the order of the files; the result is an `Unusable` where work
        raised that.
    """
    workers = min(8, os.cpu_count() or 1)
    memory, room = Room(BYTES_AT_ONCE), Room(PIXELS_AT_ONCE)
    bar = _bar(total) if progress else None

    def job(file, content, amount):
        try:
            return work(file, file.read() if content is None else content, room)
        except _photo_pixels.Unusable as error:
            return error
        finally:
            memory.give(amount)

    waiting = deque()
    with _photo_pixels.quietly(), ThreadPoolExecutor(workers) as pool:
        try:
            for file in files:
                amount = memory.take(file.size)
                # An archive is read in order; files are read where they are decoded
                content = file.read() if file.in_order else None
                waiting.append((file, pool.submit(job, file, content, amount)))
                while len(waiting) > 4 * workers or (waiting and waiting[0][1].done()):
                    yield _next(waiting, bar)
            while waiting:
                yield _next(waiting, bar)
        finally:
            for _, future in waiting:
                future.cancel()
    if bar and total is None:
        bar.update(bar._seen_so_far, finalize=True)


def _next(waiting, bar):
    file, future = waiting.popleft()
    result = future.result()
    if bar:
        bar.add(1)
    return file, result


def _bar(total):
    if not sys.stdout.isatty():
        return None
    import keras

    return keras.utils.Progbar(total, unit_name="file", interval=0.2)


class Squares:
    """Squares of pixels as they come in: in memory, past a limit in a file."""

    def __init__(self, size, scratch=None):
        self.shape = size, size, 3
        self.rows, self.file, self.count = [], None, 0
        self.scratch = scratch

    def append(self, pixels):
        self.rows.append(pixels)
        self.count += 1
        if self.scratch and len(self.rows) * pixels.nbytes > IN_MEMORY:
            self._spill()

    def _spill(self):
        try:
            if self.file is None:
                Path(self.scratch).mkdir(parents=True, exist_ok=True)
                self.file = (Path(self.scratch) / "photos.pixels").open("w+b")
            for row in self.rows:
                self.file.write(row.tobytes())
            self.file.flush()
        except OSError as error:
            raise DataError(
                f"The pixels of the photos do not fit in {self.scratch} ({error.strerror}); make room there, "
                "or name another folder."
            ) from error
        self.rows = []

    def ordered(self, order):
        """The rows wanted, as one array."""
        order = np.asarray(order, int)
        if self.file is None:
            pixels = np.empty((len(order), *self.shape), "uint8")
            for position, index in enumerate(order):
                pixels[position] = self.rows[index]
                self.rows[index] = None
            return pixels
        self._spill()
        self.file.close()
        if not len(order):
            return np.empty((0, *self.shape), "uint8")
        path = Path(self.scratch) / "photos.pixels"
        whole = np.memmap(path, "uint8", "r+", shape=(self.count, *self.shape))
        at, holds = np.arange(self.count), np.arange(self.count)  # where a row is; which row is here
        for position, index in enumerate(order):
            here = at[index]
            if here != position:
                whole[[position, here]] = whole[[here, position]]
                other = holds[position]
                holds[position], holds[here] = index, other
                at[index], at[other] = position, here
        whole.flush()
        del whole
        os.truncate(path, len(order) * int(np.prod(self.shape)))
        return np.memmap(path, "uint8", "r+", shape=(len(order), *self.shape))
