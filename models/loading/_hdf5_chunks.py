"""Arrays that an HDF5 file keeps in chunks, each perhaps compressed."""

import itertools
import math
import struct
import zlib

import numpy as np

DEFLATE, SHUFFLE = 1, 2
KNOWN_FILTERS = (DEFLATE, SHUFFLE)


def read_chunks(content, array):
    """The values of an array in chunks.

    Args:
        content: The whole file, bytes.
        array: A `Stored` with chunks, whose size has been found acceptable.

    Returns:
        A NumPy array.

    Raises:
        ValueError, struct.error, zlib.error: If a chunk is missing, damaged, or there twice.
    """
    if not math.prod(array.shape):
        return np.empty(array.shape, array.dtype)
    counts = [-(-size // step) for size, step in zip(array.shape, array.chunk, strict=True)]
    found = {}
    for offsets, start, size in _chunks(content, array.start, len(array.shape), set()):
        if offsets in found or len(found) > math.prod(counts):
            raise ValueError("a chunk is there twice")
        found[offsets] = start, size
    values = np.empty(array.shape, array.dtype)
    steps = [range(0, count * step, step) for count, step in zip(counts, array.chunk, strict=True)]
    for offsets in itertools.product(*steps):
        start, size = found.pop(offsets)
        chunk = np.frombuffer(_unpacked(content[start : start + size], array), array.dtype)
        chunk = chunk.reshape(array.chunk)
        place = tuple(slice(n, n + step) for n, step in zip(offsets, array.chunk, strict=True))
        inside = tuple(
            slice(0, min(step, size - n))
            for n, step, size in zip(offsets, array.chunk, array.shape, strict=True)
        )
        values[place] = chunk[inside]
    if found:
        raise ValueError("there are more chunks than belong to the array")
    return values


def _chunks(content, tree, rank, seen, level=None):
    """(offsets, start, size) of all chunks below one node of a tree."""
    signature, kind, its_level, count = struct.unpack_from("<4sBBH", content, tree)
    if signature != b"TREE" or kind != 1 or tree in seen or its_level > 8:
        raise ValueError("no tree of chunks")
    if level is not None and its_level != level:
        raise ValueError("a tree of chunks that does not end")
    seen.add(tree)
    key = 8 + 8 * (rank + 1)
    for at in range(tree + 24, tree + 24 + count * (key + 8), key + 8):
        size, mask, *offsets, _, child = struct.unpack_from(f"<II{rank + 2}Q", content, at)
        if its_level:
            yield from _chunks(content, child, rank, seen, its_level - 1)
        elif mask or child + size > len(content):
            raise ValueError("a chunk that is not there")
        else:
            yield tuple(offsets), child, size


def _unpacked(data, array):
    """The bytes of one chunk, after its filters have been undone."""
    size = math.prod(array.chunk) * array.dtype.itemsize
    for number in reversed(array.filters):
        if number == DEFLATE:
            data = zlib.decompressobj().decompress(data, size + 1)  # no more, whatever it holds
        else:
            data = np.frombuffer(data, "u1").reshape(array.dtype.itemsize, -1).T.tobytes()
    if len(data) != size:
        raise ValueError("a chunk of another size")
    return data
