"""A small, strict reader of weights in HDF5 files, which does not use the HDF5 library.

That library trusts the numbers in a file: of 1,200 copies of a weights file with some bytes changed, several
crashed it or cost gigabytes and minutes, and a file can make it open other files. Here every number is
checked before it is used, each part is visited once, and no memory is allocated for arrays before their sizes
are known to fit the file. It reads what Keras writes: the oldest version of the format, with groups and
arrays of numbers, whole or in compressed chunks. Everything else is refused.

Reference:
    The HDF Group, HDF5 file format specification version 3.0.
"""

import contextlib
import math
import struct
from typing import NamedTuple

import numpy as np

from ..errors import Refused
from ._hdf5_chunks import KNOWN_FILTERS, read_chunks

SIGNATURE = b"\x89HDF\r\n\x1a\n"
NOWHERE = 2**64 - 1
MOST_STEPS = 500_000  # parts of a file that are looked at
MOST_DEPTH = 64  # groups in groups
LONGEST_NAME = 1024
EXPANSION = 32  # how many times its size a file may unpack to
FREE_BYTES = 16 << 20  # and what any file may unpack to

# Kinds of messages in the header of an object
SPACE, LINK_INFO, TYPE, LINK, OTHER_FILES, LAYOUT = 1, 2, 3, 6, 7, 8
FILTERS, ATTRIBUTE, CONTINUED, GROUP = 0xB, 0xC, 0x10, 0x11
# Bit offset, precision, place and size of the exponent, of the mantissa, and bias, by bytes
FLOATS = {2: (0, 16, 10, 5, 0, 10, 15), 4: (0, 32, 23, 8, 0, 23, 127), 8: (0, 64, 52, 11, 0, 52, 1023)}
KINDS = {
    2: "times", 3: "texts", 4: "bit fields", 5: "opaque values", 6: "compound values", 7: "references",
    9: "values of variable length", 10: "arrays in arrays",
}  # fmt: skip


class Stored(NamedTuple):
    """An array in a file.

    Attributes:
        shape: Its sizes.
        dtype: NumPy's type of its values; two opaque bytes for bfloat16.
        start: Where its bytes are in the file; the address of the tree of its chunks, if it has any.
        chunk: Sizes of its chunks, None if it is stored whole.
        filters: Numbers of the filters that its chunks went through.
    """

    shape: tuple
    dtype: np.dtype
    start: int
    chunk: tuple | None
    filters: tuple

    @property
    def nbytes(self):
        """Bytes in memory."""
        return math.prod(self.shape) * self.dtype.itemsize


class Hdf5:
    """The arrays of an HDF5 file.

    Args:
        content: The whole file, bytes.

    Attributes:
        arrays: {path: `Stored`}, such as {"layers/dense/vars/0": ...}; read one with `read`.

    Raises:
        Refused: If the file is damaged, or holds what no weights file needs.
    """

    def __init__(self, content):
        self._content, self._steps, self._seen = content, 0, set()
        self._attributes, self._heaps, self.arrays = {}, {}, {}
        with refusing():
            self._object("", self._root(), 0)
            whole = sum(array.nbytes for array in self.arrays.values() if array.chunk is None)
            total = sum(
                max(array.nbytes, math.prod(array.chunk or ()) * array.dtype.itemsize)
                for array in self.arrays.values()
            )
            if whole > len(content) or total > EXPANSION * len(content) + FREE_BYTES:
                raise Refused(f"claims to hold {total:,} bytes of weights in {len(content):,}")

    def read(self, path):
        """The values of one of the `arrays`, as a NumPy array; those stored whole cannot be written to.

        Raises:
            Refused: If its chunks are damaged.
        """
        array = self.arrays[path]
        with refusing():
            if array.chunk is not None:
                return read_chunks(self._content, array)
            found = np.frombuffer(self._content, array.dtype, math.prod(array.shape), array.start)
            return found.reshape(array.shape)

    def names(self, path, attribute):
        """A list of names that a group has as an attribute.

        Args:
            path: The group, "" for the whole file.
            attribute: Name of the attribute. It may be spread over `NAME0`, `NAME1`, ..., as Keras
                does where it is long.

        Returns:
            A list of str; None if there is no such attribute.
        """
        found = self._attributes.get(path, {})
        parts = [attribute] if attribute in found else []
        while f"{attribute}{len(parts)}" in found:
            parts.append(f"{attribute}{len(parts)}")
        with refusing():
            return [name for part in parts for name in self._texts(*found[part])] if parts else None

    def is_brain_float(self, path):
        """Whether an array of two opaque bytes is one of bfloat16."""
        return self.names(path, "dtype") == ["bfloat16"]

    def _numbers(self, form, at):
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise Refused("has far more parts than any weights file")
        return struct.unpack_from("<" + form, self._content, at)

    def _once(self, address, signature=b""):
        """Refuse a second visit to the same place, and a place that is not what it should be."""
        if address in self._seen or self._content[address : address + len(signature)] != signature:
            raise Refused("is damaged")
        self._seen.add(address)

    def _root(self):
        """Address of the root group's header."""
        if self._content[:8] != SIGNATURE:
            web = self._content[:200].lstrip()[:1] == b"<"
            raise Refused("is a web page, not an HDF5 file" if web else "is no HDF5 file")
        (version,) = self._numbers("B", 8)
        if version > 1:
            raise Refused("is in a newer form of HDF5 than Keras writes")
        sizes = self._numbers("BB", 13)
        after = 24 + 4 * version
        base, _, end, driver, _, header = self._numbers("6Q", after)
        if sizes != (8, 8) or base or driver != NOWHERE:
            raise Refused("is damaged")
        if end > len(self._content):
            raise Refused(f"is cut off: {len(self._content):,} of {end:,} bytes are there")
        return header

    def _messages(self, at):
        """The messages of an object's header: lists of (start, size), by kind."""
        self._once(at)
        if self._content[at : at + 4] == b"OHDR":
            raise Refused("is in a newer form of HDF5 than Keras writes, or has links to other places")
        version, _, left, _, size = self._numbers("BBHII", at)
        if version != 1:
            raise Refused("is damaged")
        blocks, found = [(at + 16, size)], {}
        for start, length in blocks:  # grows below
            end = start + length
            while left and start + 8 <= end:
                kind, size, flags = self._numbers("HHB", start)
                start, left = start + 8, left - 1
                if start + size > min(end, len(self._content)):
                    raise Refused("is damaged")
                if flags & 2 and kind != ATTRIBUTE:
                    raise Refused("has parts that share their description, as no weights file does")
                if kind == CONTINUED:
                    blocks.append(self._numbers("QQ", start))
                    self._once(blocks[-1][0])
                found.setdefault(kind, []).append((start, size))
                start += size
        return found

    def _object(self, path, at, depth):
        """Walk one group or array and all that is in it."""
        if depth > MOST_DEPTH:
            raise Refused("has too many groups in each other")
        messages = self._messages(at)
        self._attributes[path] = dict(self._attribute(*one) for one in messages.get(ATTRIBUTE, ()))
        if OTHER_FILES in messages:
            raise Refused(f"has an array that is stored in another file: {path}")
        if LINK in messages or LINK_INFO in messages:
            raise Refused(f"has links that may lead to other places: {path or '/'}")
        if GROUP in messages:
            ((start, _),) = messages[GROUP]
            for name, header in self._members(*self._numbers("QQ", start)):
                self._object(f"{path}/{name}" if path else name, header, depth + 1)
        elif LAYOUT in messages:
            self.arrays[path] = self._array(path, messages)
        else:
            raise Refused("is damaged, or has a type that stands alone, as no weights file does")

    def _members(self, tree, heap):
        """(name, address) of what is in a group."""
        self._once(heap, b"HEAP")
        size, _, segment = self._numbers("QQQ", heap + 8)
        names = self._content[segment : segment + size]
        found = {}
        for table in self._leaves(tree):
            self._once(table, b"SNOD")
            (count,) = self._numbers("H", table + 6)
            for at in range(table + 8, table + 8 + 40 * count, 40):
                offset, header, cached = self._numbers("QQI", at)
                name = bytes(names[offset : offset + LONGEST_NAME]).partition(b"\0")[0].decode("utf-8")
                if cached == 2:
                    raise Refused(f"has a link to another place: {name}")
                if name in ("", ".", "..") or "/" in name or name in found:
                    raise Refused("is damaged")
                found[name] = header
        return found.items()

    def _leaves(self, tree, level=None):
        """Addresses that the tree of a group leads to."""
        self._once(tree, b"TREE")
        kind, its_level, count = self._numbers("BBH", tree + 4)
        if kind or its_level > 8 or its_level != (its_level if level is None else level):
            raise Refused("is damaged")
        for at in range(tree + 32, tree + 32 + 16 * count, 16):
            (child,) = self._numbers("Q", at)
            yield from self._leaves(child, its_level - 1) if its_level else [child]

    def _array(self, path, messages):
        ((space, _),), ((kind, _),), ((layout, size),) = messages[SPACE], messages[TYPE], messages[LAYOUT]
        shape, dtype = self._shape(space), self._dtype(kind, path)
        version, stored = self._numbers("BB", layout)
        if version != 3 or stored > 2:
            raise Refused(f"has an array that is stored in a way that Keras does not use: {path}")
        nbytes = math.prod(shape) * dtype.itemsize
        if stored == 2:
            rank, tree = self._numbers("BQ", layout + 2)
            chunk = self._numbers(f"{rank}I", layout + 11)
            if rank != len(shape) + 1 or chunk[-1] != dtype.itemsize or not all(chunk):
                raise Refused("is damaged")
            filters = tuple(n for at, _ in messages.get(FILTERS, ()) for n in self._filters(at, path))
            return Stored(shape, dtype, tree, chunk[:-1], filters)
        start, there = (layout + 4, self._numbers("H", layout + 2)[0]) if stored == 0 else (0, 0)
        if stored == 1:
            start, there = self._numbers("QQ", layout + 2)
        if not nbytes:
            start = 0
        elif there < nbytes or start + nbytes > (layout + size if stored == 0 else len(self._content)):
            raise Refused(f"has an array of {nbytes:,} bytes that are not there: {path}")
        return Stored(shape, dtype, start, None, ())

    def _shape(self, at):
        version, rank, _, kind = self._numbers("BBBB", at)
        if version not in (1, 2) or rank > 32 or (version == 2 and kind > 1):
            raise Refused("is damaged")
        return self._numbers(f"{rank}Q", at + (8 if version == 1 else 4))

    def _dtype(self, at, path):
        kind, bits, _, _, size = self._numbers("BBBBI", at)
        kind, order = kind & 15, ">" if bits & 1 else "<"
        if kind == 0 and size in (1, 2, 4, 8) and self._numbers("HH", at + 8) == (0, 8 * size):
            return np.dtype(f"{order}{'i' if bits & 8 else 'u'}{size}")
        if kind == 1 and not bits & 64 and self._numbers("HHBBBBI", at + 8) == FLOATS.get(size):
            return np.dtype(f"{order}f{size}")
        if kind == 8 and size == 1 and self._numbers("B", at + 8)[0] & 15 == 0:
            return np.dtype("bool")
        if kind == 5 and size == 2 and self.is_brain_float(path):
            return np.dtype("V2")
        raise Refused(f"has an array of {KINDS.get(kind, 'numbers of an unknown kind')}: {path}")

    def _filters(self, at, path):
        """Numbers of the filters of an array's chunks."""
        version, count = self._numbers("BB", at)
        at += 8 if version == 1 else 2
        for _ in range(count):
            (number,) = self._numbers("H", at)
            if version not in (1, 2) or number not in KNOWN_FILTERS:
                raise Refused(f"has an array that is compressed by other means than gzip: {path}")
            name = self._numbers("H", at + 2)[0] if version == 1 else 0
            (values,) = self._numbers("H", at + (6 if version == 1 else 4))
            at += (8 if version == 1 else 6) + name + 4 * (values + (version == 1 and values % 2))
            yield number

    def _attribute(self, at, size):
        """(name, places of its type, shape and values), not yet read."""
        version, _, name, kind, space = self._numbers("BBHHH", at)
        step = 8 if version == 1 else 1  # what each part is filled up to
        first = at + (9 if version == 3 else 8)
        second = first + -(-name // step) * step
        third = second + -(-kind // step) * step
        text = bytes(self._content[first : first + min(name, LONGEST_NAME)]).partition(b"\0")[0]
        return text.decode("utf-8"), (second, third, third + -(-space // step) * step, at + size)

    def _texts(self, kind, space, at, end):
        """The texts of an attribute."""
        kind, bits, _, _, size = self._numbers("BBBBI", kind)
        count = math.prod(self._shape(space))
        if not count:  # an empty list, which is stored as if it were of numbers
            return
        if kind & 15 not in (3, 9) or (kind & 15 == 9 and (bits & 15 != 1 or size != 16)) or not size:
            raise Refused("is damaged")
        if at + count * size > min(end, len(self._content)):
            raise Refused("is damaged")
        for place in range(at, at + count * size, size):
            text = self._content[place : place + size]
            if kind & 15 == 9:
                length, heap, index = self._numbers("IQI", place)
                if heap not in self._heaps:
                    self._heaps[heap] = dict(self._heap(heap))
                start, there = self._heaps[heap][index] if length else (0, 0)
                text = self._content[start : start + min(length, there)]
            if len(text) > LONGEST_NAME:
                raise Refused("has names that are too long")
            yield bytes(text).partition(b"\0")[0].decode("utf-8")

    def _heap(self, at):
        """(number, (start, size)) of the texts of variable length that are kept at one place."""
        self._once(at, b"GCOL")
        (size,) = self._numbers("Q", at + 8)
        end, at = min(at + size, len(self._content)), at + 16
        while at + 16 <= end:
            index, _, _, size = self._numbers("HHIQ", at)
            if not index:
                return
            yield index, (at + 16, size)
            at += 16 + -(-size // 8) * 8


@contextlib.contextmanager
def refusing():
    """Turn what reading a damaged file raises into a `Refused`."""
    try:
        yield
    except Refused:
        raise
    except Exception as error:
        raise Refused("is damaged") from error
