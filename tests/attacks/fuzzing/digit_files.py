"""MNIST's files: npz and IDX, plain and packed."""

import functools
import gzip
import io
import pickle
import struct
import zipfile

import numpy as np

from fuzzing.archives import lie
from fuzzing.mutators import damage, number, on_bytes, write_number

NAMES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


def arrays():
    """Thirty images of noise in each part, and their labels."""
    random = np.random.default_rng(0)
    return {
        name: random.integers(0, 256, (30, 28, 28), "uint8")
        if name[0] == "x"
        else np.arange(30, dtype="uint8") % 10
        for name in NAMES
    }


@functools.cache
def npz():
    file = io.BytesIO()
    np.savez_compressed(file, **arrays())
    return file.getvalue()


def good(random, folder):
    """Write mnist.npz, or the four IDX files in a folder."""
    if random.random() < 0.5:
        (folder / "mnist.npz").write_bytes(npz())
        return folder / "mnist.npz"
    (folder / "mnist").mkdir()
    for name, values in arrays().items():
        header = struct.pack(">HBB", 0, 8, values.ndim) + struct.pack(f">{values.ndim}I", *values.shape)
        content, packed = header + values.tobytes(), random.random() < 0.5
        path = folder / "mnist" / (NAMES[name] + ".gz" * packed)
        path.write_bytes(gzip.compress(content, mtime=0) if packed else content)
    return folder / "mnist"


def odd_header(random, content):
    """Change the sizes at the beginning of an IDX file."""
    packed = content.startswith(b"\x1f\x8b")
    content = gzip.decompress(content) if packed else content
    size = random.choice((1, 4))
    content = write_number(
        content, random.choice((2, 3, 4, 8, 12)) if size == 1 else 4, size, number(random, size)
    )
    return gzip.compress(content, mtime=0) if packed else content


def bomb(random, content):
    """Gigabytes of zeros in a few kilobytes."""
    one = gzip.compress(bytes(5_000_000), 9, mtime=0)
    start = gzip.compress(struct.pack(">HBBIII", 0, 8, 3, random.choice((1, 2**20)), 28, 28), mtime=0)
    return start + one * random.choice((10, 1400))


class _Payload:
    def __reduce__(self):
        import os

        return os.mkdir, ("escaped",)


def odd_arrays(random, content):
    """Arrays of other kinds, shapes and values, pickles among them, in an npz file."""
    if not content.startswith(b"PK"):
        return damage(random, content)
    odd = {
        "pickle": lambda: pickle.dumps(_Payload()),
        "objects": lambda: _npy(np.array([_Payload()], object)),
        "floats": lambda: _npy(np.full((30, 28, 28), np.nan)),
        "giant": lambda: _header("|u1", (10**9, 28, 28)),
        "text": lambda: _npy(np.array(["x"] * 30)),
        "record": lambda: _npy(np.zeros(30, "u1,f8")),
        "scalar": lambda: _npy(np.uint8(3)),
        "negative": lambda: _header("|u1", (-1, 28, 28)),
        "zeros": lambda: bytes(300_000_000),
        "deep": lambda: _header("|u1", "(" * 5000 + ")" * 5000),
        "dates": lambda: _npy(np.zeros((30, 28, 28), "M8[s]")),
    }
    file, chosen = io.BytesIO(), random.choice(sorted(NAMES))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in arrays().items():
            made = odd[random.choice(sorted(odd))]() if name == chosen else _npy(values)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), made, zipfile.ZIP_DEFLATED)
    return lie(random, file.getvalue()) if random.random() < 0.2 else file.getvalue()


def _npy(values):
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def _header(kind, shape):
    text = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(text) % 65536) + text + bytes(1000)


HARMS = tuple(map(on_bytes, (odd_header, bomb, odd_arrays, odd_arrays)))
