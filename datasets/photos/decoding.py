"""The first step of the check: decode every file once, and note what the later steps need."""

import hashlib
from dataclasses import dataclass
from functools import partial

import numpy as np

from . import duplicates, placeholders, pool, quality, streams
from .candidates import Facts
from .pixels import Unusable, decode

ONE_COLOUR = 4  # of 255, the range of a channel below which a photo shows nothing


@dataclass(frozen=True)
class DecodedFiles:
    """All files of a data set, decoded.

    Attributes:
        facts: Dictionary from a file's name to its `Facts`.
        rejected: Dictionary from the name of a file that is not used to `(kind, reason)`.
        paths: Dictionary from a file's name to the names that its path consists of.
        squares: The `pool.Squares` with the pixels.
        rows: Dictionary from a file's name to its row in `squares`.
    """

    facts: dict
    rejected: dict
    paths: dict
    squares: pool.Squares
    rows: dict


def decode_files(files, size, scratch=None, verbose=0):
    """Decode every file once.

    Args:
        files: The `files.Files` of a data set.
        size: Height and width of the squares, in pixels.
        scratch: Folder for pixels if they are more than 1 GB; None to keep them in memory.
        verbose: 1 for a progress bar, if the output is a terminal.

    Returns:
        A `DecodedFiles`.
    """
    decoded = DecodedFiles({}, {}, {}, pool.Squares(size, scratch), {})
    total = len(files.found) if files.known else None
    for file, found in pool.each(files.found, partial(examine, size=size), total, verbose):
        decoded.paths[file.name] = file.path
        # Of several files of one name in an archive the last counts
        for known in decoded.facts, decoded.rejected:
            known.pop(file.name, None)
        if isinstance(found, Unusable):
            decoded.rejected[file.name] = found.kind, str(found)
        else:
            pixels, decoded.facts[file.name] = found
            decoded.rows[file.name] = decoded.squares.count
            decoded.squares.append(pixels)
    return decoded


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
    decoded = decode(content, size, file.name, room)
    pixels = decoded.pixels
    if np.ptp(pixels.reshape(-1, 3), axis=0).max() < ONE_COLOUR:
        raise Unusable("flat", "is of one colour throughout")
    traits = decoded.traits | ({"tiny"} if is_tiny(decoded.side, size) else set())
    if "cut off near its end" not in traits and streams.is_damaged(content):
        traits.add("damaged inside")
    counts = np.bincount(((pixels >> 4).astype("int16") @ np.array([256, 16, 1], "int16")).ravel())
    hashed, thumbnail = duplicates.fingerprint(pixels)
    facts = Facts(
        digest=decoded.digest,
        square=hashlib.sha256(pixels.tobytes()).digest(),
        traits=traits,
        side=decoded.side,
        hash=hashed,
        thumbnail=thumbnail,
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
