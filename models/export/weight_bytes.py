"""The numbers of a model as bytes inside a page: one after the other, compressed, in base64."""

import base64
import hashlib
import zlib

import numpy as np

LARGEST_HALF = 65504  # the largest number of 16 bits


class WeightBytes:
    """Numbers that a page holds. The same numbers are there once.

    Args:
        halved: Whether to round numbers to 16 bits; else they have 16 bits only where that changes nothing.

    Example:
        >>> import numpy as np
        >>> from models.export.weight_bytes import WeightBytes
        >>> held = WeightBytes()
        >>> held.add(np.ones((2, 3))), held.add(np.full(1, 0.1))["type"], len(held)
        ({'shape': [2, 3], 'type': 'float16', 'start': 0}, 'float32', 16)
    """

    def __init__(self, halved=False):
        self.halved = halved
        self._bytes, self._stored = bytearray(), {}

    def __len__(self):
        return len(self._bytes)

    def add(self, array):
        """Append numbers to the bytes.

        Args:
            array: Array of numbers; whole numbers of 64 bits keep all of these.

        Returns:
            {"shape", "type", "start"}: where they are, and as what: "float32", "float16" or "int64".
        """
        array = np.asarray(array)
        kind = "int64" if array.dtype == np.int64 else "float32"
        array = array.astype("<i8" if kind == "int64" else "<f4")
        if kind == "float32" and array.size and abs(array).max() < LARGEST_HALF:
            half = array.astype("<f2")
            if self.halved or (half.astype("<f4") == array).all():
                array, kind = half, "float16"
        content = array.tobytes()
        start = self._stored.setdefault(hashlib.sha256(content).digest(), len(self._bytes))
        if start == len(self._bytes):
            self._bytes += content
        return {"shape": list(array.shape), "type": kind, "start": start}

    def text(self):
        """All of them, compressed (zlib), in base64."""
        return base64.b64encode(zlib.compress(bytes(self._bytes), 9)).decode("ascii")
