"""Squares of photos that are decoded when they are asked for: of more photos than memory and disk hold."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..files.names import shown
from ..sources import DataError
from . import pool
from .pixels import Unusable, decode, formats

ON_DISK = 1_500_000_000  # bytes of squares that are kept in a file; of more photos they are decoded again


class Streamed:
    """Squares of pixels that are read like an array, and decoded on all cores each time.

    Args:
        files: List of `files.File`, which can be read at any time.
        size: Height and width of the squares, in pixels.
        digests: SHA-256 of each file, which must not have changed.
        folder: Where what is computed from them may be kept; None for nowhere.

    Attributes:
        shape: (n, size, size, 3).
        dtype: uint8.

    Raises:
        DataError: When a file is asked for that is not there any more or has changed.
    """

    ndim, dtype = 4, np.dtype("uint8")

    def __init__(self, files, size, digests, folder=None):
        self.files, self.digests, self.folder = files, digests, folder
        self.shape = len(files), size, size, 3
        self.room, self.threads = pool.Room(pool.PIXELS_AT_ONCE), None
        formats()

    def __len__(self):
        return len(self.files)

    def __getstate__(self):
        """What other processes get: neither threads nor locks can be sent to them."""
        return {name: value for name, value in vars(self).items() if name not in ("room", "threads")}

    def __setstate__(self, state):
        vars(self).update(state, room=pool.Room(pool.PIXELS_AT_ONCE), threads=None)
        formats()

    def __getitem__(self, rows):
        if isinstance(rows, tuple):
            return self[rows[0]][
                (slice(None), *rows[1:]) if np.ndim(rows[0]) or isinstance(rows[0], slice) else rows[1:]
            ]
        wanted = np.arange(len(self))[rows]
        if not np.ndim(wanted):
            return self._decoded(int(wanted))
        found = np.empty((len(wanted), *self.shape[1:]), "uint8")
        if self.threads is None:
            self.threads = ThreadPoolExecutor(pool.cores())
        for place, pixels in enumerate(self.threads.map(self._decoded, wanted.tolist())):
            found[place] = pixels
        return found

    def __array__(self, dtype=None, copy=None):
        return self[:] if dtype is None else self[:].astype(dtype)

    def _decoded(self, row):
        file = self.files[row]
        try:
            found = decode(file.read(), self.shape[1], room=self.room)
        except Unusable as error:
            raise DataError(f"{shown(file.name)} {error}.") from error
        if found.digest != self.digests[row]:
            raise DataError(f"{shown(file.name)} has changed since it was checked; check the photos again.")
        return found.pixels


def streams(files, size, scratch=None, checkpoint=None):
    """Whether squares are decoded again when they are needed, rather than kept.

    Args:
        files: The `files.Files` of a data set; those of an archive can be read in their order only.
        size: Height and width of the squares, in pixels.
        scratch: Folder for a file of pixels, or None.
        checkpoint: Folder that keeps what is found out, or None.

    Returns:
        bool.
    """
    if not files.known or any(file.in_order for file in files.found[:1]):
        return False
    total = len(files.found) * size * size * 3
    return checkpoint is not None or total > (max(ON_DISK, pool.IN_MEMORY) if scratch else pool.IN_MEMORY)
