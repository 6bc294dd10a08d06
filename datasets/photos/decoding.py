"""The first step of the check: decode every file once, and note what the later steps need."""

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

import numpy as np

from ..files.names import shown
from ..sources import DataError
from . import duplicates, placeholders, pool, quality
from . import streams as damage
from .candidates import Facts
from .files import PARQUET
from .kept import Kept
from .pixels import Unusable, decode
from .sharded.facts import facts_in_parts
from .streamed import Streamed, streams

ONE_COLOUR = 4  # of 255, the range of a channel below which a photo shows nothing


@dataclass(frozen=True)
class DecodedFiles:
    """All files of a data set, decoded.

    Attributes:
        facts: Dictionary from a file's name to its `Facts`.
        rejected: Dictionary from the name of a file that is not used to `(kind, reason)`.
        paths: Dictionary from a file's name to the names that its path consists of.
        squares: The `pool.Squares` with the pixels.
        rows: Dictionary from a file's name to its row in `squares`; None if pixels are looked for in the
            files only when what was found out is loaded again.
        files: Dictionary from a file's name to its `files.File`, if pixels are decoded again when they are
            needed; otherwise None.
        folder: What the check keeps is here, or None.
    """

    facts: dict
    rejected: dict
    paths: dict
    squares: pool.Squares
    rows: dict | None
    files: dict | None = None
    folder: object = None

    def add(self, file, found):
        """Note a file: its pixels and `Facts`, or an `Unusable`."""
        self.paths[file.name] = file.path
        # Of several files of one name in an archive the last counts
        for known in self.facts, self.rejected:
            known.pop(file.name, None)
        if isinstance(found, Unusable):
            self.rejected[file.name] = found.kind, str(found)
            return
        pixels, self.facts[file.name] = found
        if self.files is None:
            self.rows[file.name] = self.squares.count
            self.squares.append(pixels)
        else:
            self.files[file.name] = file

    def pixels(self, names):
        """The squares of some files, uint8 (n, size, size, 3): an array, or read like one, or None."""
        if self.rows is None:
            return None
        if self.files is None:
            return self.squares.ordered([self.rows[name] for name in names])
        files, digests = [self.files[name] for name in names], [self.facts[name].digest for name in names]
        return Streamed(files, self.squares.shape[0], digests, self.folder)


def decode_files(files, size, scratch=None, verbose=0, checkpoint=None, engine=None):
    """Decode every file once, but those that were decoded by a check that was stopped.

    Args:
        files: The `files.Files` of a data set.
        size: Height and width of the squares, in pixels.
        scratch: Folder for pixels if they are more than 1 GB; None to keep them in memory.
        verbose: 1 for a progress bar, if the output is a terminal.
        checkpoint: Folder that keeps what was found out about each file; None to keep nothing.
        engine: "threads" or "ray" to keep it there in Parquet files, see `sharded`; None for one text file.

    Returns:
        A `DecodedFiles`.

    Raises:
        DataError: If what was found out cannot be kept.
    """
    if engine is not None:
        return _in_parts(files, size, verbose, checkpoint, engine)
    again = streams(files, size, scratch, checkpoint)
    decoded = DecodedFiles({}, {}, {}, pool.Squares(size, scratch), {}, {} if again else None, checkpoint)
    kept = Kept(checkpoint if again else None, size)
    left = files.found
    if kept.known:
        left = []
        for file in files.found:
            known = kept.found(file)
            if known is None:
                left.append(file)
            else:
                decoded.add(file, known if isinstance(known, Unusable) else (None, known))
    total = len(left) if files.known else None
    try:
        for file, found in pool.each(
            left, partial(_facts_only if again else examine, size=size), total, verbose
        ):
            decoded.add(file, found)
            kept.add(file, found if isinstance(found, Unusable) else found[1])
    finally:
        kept.close()
    return decoded


def _in_parts(files, size, verbose, out, engine):
    """As `decode_files`, in parts that may be decoded by other processes."""
    if not files.known or any(file.in_order for file in files.found[:1]):
        raise DataError(
            f"{shown(files.source)} is one archive, which can be read in its order only; extract it, or give "
            "a folder of tar files, a folder of photos or a table."
        )
    decoded = DecodedFiles({}, {}, {}, pool.Squares(size), None, None, out)
    found, files.found = files.found, []  # a million would take as much memory as what is known of them
    for name, each in facts_in_parts(found, partial(_facts_only, size=size), size, out, engine, verbose):
        if isinstance(each, Unusable):
            decoded.rejected[name] = each.kind, str(each)
        else:
            decoded.facts[name] = each
    return decoded


def _facts_only(file, content, room=None, *, size):
    """As `examine`, without the pixels."""
    return None, examine(file, content, room, size=size)[1]


def examine(file, content, room=None, *, size):
    """Decode a photo and note what is needed to judge it.

    Args:
        file: Its `files.File`.
        content: Its bytes.
        room: As for `pixels.decode`.
        size: Height and width of the square, in pixels.

    Returns:
        `(pixels, facts)`: uint8 (size, size, 3) and the `Facts`.

    Raises:
        Unusable: If it cannot be decoded, or shows nothing.
    """
    is_row = PurePosixPath(file.name).parent.suffix.lower() == PARQUET  # named by its number, with no ending
    decoded = decode(content, size, None if is_row else file.name, room)
    pixels = decoded.pixels
    if np.ptp(pixels.reshape(-1, 3), axis=0).max() < ONE_COLOUR:
        raise Unusable("flat", "is of one colour throughout")
    traits = decoded.traits | ({"tiny"} if is_tiny(decoded.side, size) else set())
    if "cut off near its end" not in traits and damage.is_damaged(content):
        traits.add("damaged inside")
    counts = np.bincount(((pixels >> 4).astype("int16") @ np.array([256, 16, 1], "int16")).ravel())
    hashed, thumbnail = duplicates.fingerprint(pixels)
    facts = Facts(
        digest=decoded.digest,
        square=hashlib.sha256(pixels.tobytes()).digest(),
        traits=frozenset(traits),
        side=decoded.side,
        hash=np.packbits(hashed).tobytes(),
        thumbnail=thumbnail.tobytes(),
        flat=(flat := counts.max() / counts.sum()),
        colours=np.count_nonzero(counts),
        drawn=flat > placeholders.MOSTLY and placeholders.is_drawn(pixels),
        quality=quality.measure(pixels),
        seen=decoded.seen,
    )
    return pixels, facts


def is_tiny(side, size):
    """Whether a photo whose shorter side is `side` must be enlarged a lot for a square of `size` pixels."""
    return side < size / 4
