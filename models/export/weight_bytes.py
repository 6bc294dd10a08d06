"""The numbers of a model as bytes inside a page: one after the other, compressed, in base64."""

import base64
import hashlib
import zlib

import numpy as np

from .precision import LARGEST_HALF, as_int8


class WeightBytes:
    """Numbers that a page holds. The same numbers are there once, in 16 bits where that loses nothing.

    Args:
        precision: "int8" to write numbers that `precision.quantized` made as what it made; else these are
            float32 or float16, too.

    Example:
        >>> import numpy as np
        >>> from models.export.weight_bytes import WeightBytes
        >>> held = WeightBytes()
        >>> held.add(np.ones((2, 3))), held.add(np.full(1, 0.1))["type"], len(held)
        ({'shape': [2, 3], 'type': 'float16', 'start': 0}, 'float32', 16)
    """

    def __init__(self, precision="float32"):
        self.precision = precision
        self._bytes, self._stored = bytearray(), {}

    def __len__(self):
        return len(self._bytes)

    def add(self, array):
        """Append numbers to the bytes.

        Args:
            array: Array of numbers; whole numbers of 64 bits keep all of these.

        Returns:
            {"shape", "type", "start"}: where they are, and as what: "float32", "float16", "int64" or "int8".
            The last has "scales", {"start", "count", "each"}: so many float32 numbers. One multiplies `each`
            numbers that follow one another, then the next does, and after the last the first again.
        """
        array = np.asarray(array)
        kind = "int64" if array.dtype == np.int64 else "float32"
        array = array.astype("<i8" if kind == "int64" else "<f4")
        shape = list(array.shape)
        if kind == "float32" and self.precision == "int8" and (found := as_int8(array)):
            whole, scales, each = found
            scales = {"start": self._append(scales.astype("<f4")), "count": len(scales), "each": each}
            return {"shape": shape, "type": "int8", "start": self._append(whole), "scales": scales}
        if kind == "float32" and array.size and abs(array).max() < LARGEST_HALF:
            half = array.astype("<f2")
            if (half.astype("<f4") == array).all():
                array, kind = half, "float16"
        return {"shape": shape, "type": kind, "start": self._append(array)}

    def _append(self, array):
        """Where the bytes of an array begin."""
        content = array.tobytes()
        start = self._stored.setdefault(hashlib.sha256(content).digest(), len(self._bytes))
        if start == len(self._bytes):
            self._bytes += content
        return start

    def text(self):
        """All of them, compressed (zlib), in base64."""
        return base64.b64encode(zlib.compress(bytes(self._bytes), 9)).decode("ascii")
