"""The files of MNIST, npz and IDX; what a header promises is checked before the content is read."""

import gzip
import math
import struct
import zipfile
import zlib

import numpy as np

from ..errors import DataError
from . import archives

MAX_IMAGES = 1_000_000  # the largest set in MNIST's form, EMNIST, has 814,255
MAX_BYTES = 1_000_000_000  # of one array
MAX_GROWTH = 100  # times its size that a file may unpack to, beyond FREE_GROWTH bytes; MNIST: 5 times
FREE_GROWTH = 50_000_000
SIDE = 28


def read_npz(path, keys):
    """Read arrays from an npz file.

    Args:
        path: Of the file, a `Path`.
        keys: Names of the arrays.

    Returns:
        Dictionary from a name to its array.

    Raises:
        DataError: If one is missing, or has objects in it, or more than 1 GB; or if the file is
            damaged or no npz file.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from datasets.files.arrays import read_npz
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "mnist.npz")
        ...     np.savez(path, y_test=np.arange(3))
        ...     read_npz(path, ["y_test"])
        {'y_test': array([0, 1, 2])}
    """
    try:
        with path.open("rb") as file:
            archives.check_list(path, file)
            with zipfile.ZipFile(file) as archive:
                for key in keys:
                    _check_array(path, archive, key)
        with np.load(path) as file:  # refuses pickles
            return {key: file[key] for key in keys}
    except DataError:
        raise
    except KeyError as error:
        raise DataError(
            f"{path} has no array {str(error.args[0]).split()[0]}; name a file that has {', '.join(keys)}."
        ) from error
    except Exception as error:  # a damaged archive can raise nearly anything
        raise DataError(f"{path} is damaged or not an npz file; name another, or fetch it again.") from error


def _check_array(path, archive, key):
    """Refuse an array before memory is allocated for it."""
    if f"{key}.npy" not in archive.namelist():
        raise KeyError(key)
    member = archive.getinfo(f"{key}.npy")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(
            f"{path} holds {key} compressed in a rare way; save it with NumPy's savez_compressed."
        )
    with archive.open(member) as content:
        if np.lib.format.read_magic(content) != (1, 0):  # a longer header is an attack
            raise ValueError
        shape, _, dtype = np.lib.format.read_array_header_1_0(content)
        size = math.prod(shape) * dtype.itemsize
        if dtype.hasobject or content.tell() + size != member.file_size:
            raise ValueError
    _check_size(path, key, size, member.compress_size)


def _check_size(path, what, size, packed):
    """Refuse more bytes than digits have, and so many from so few that it may be an attack."""
    if size > MAX_BYTES:
        raise DataError(
            f"{path} promises {size:,} bytes of {what} where at most {MAX_BYTES:,} are read; leave some out."
        )
    if size > max(FREE_GROWTH, MAX_GROWTH * packed):
        raise DataError(
            f"{path} unpacks to more than {MAX_GROWTH} times its size, which may be an attack; "
            "name another, or fetch it again."
        )


def read_idx(path, dimensions):
    """Read one IDX file: magic number, sizes as big-endian uint32, then bytes.

    Args:
        path: Of the file, a `Path`; compressed with gzip if its name ends in .gz.
        dimensions: 3 for images, 1 for labels.

    Returns:
        uint8 array (n, 28, 28) or (n,).

    Raises:
        DataError: If it is missing, damaged, of another shape, or has more than a million images.

    Example:
        >>> import pathlib, tempfile
        >>> from datasets.files.arrays import read_idx
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "labels.idx")
        ...     _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]))
        ...     read_idx(path, dimensions=1)
        array([7, 2, 1], dtype=uint8)
    """
    if not path.is_file():
        raise DataError(f"{path} is missing; put all four IDX files of MNIST into one folder.")
    packed = path.suffix == ".gz"
    header = 4 + 4 * dimensions
    try:
        with (gzip.open if packed else open)(path, "rb") as file:
            start = file.read(header)
            if len(start) < header or start[:4] != bytes([0, 0, 8, dimensions]):
                raise DataError(
                    f"{path} is not an IDX file of {dimensions}-dimensional bytes; fetch it again."
                )
            shape = struct.unpack(f">{dimensions}I", start[4:])
            expected = _expected(path, shape)
            size = path.stat().st_size
            if packed:
                _check_size(path, "digits", expected, size)
            elif size != header + expected:
                raise _wrong_length(path)
            content = bytearray(expected)
            if _fill(file, content) != expected or file.read(1):  # the last read verifies gzip's checksum
                raise _wrong_length(path)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} is damaged; delete it and fetch it again.") from error
    return np.frombuffer(content, "uint8").reshape(shape)


def _expected(path, shape):
    """How many bytes of pixels or labels a header promises."""
    if shape[0] > MAX_IMAGES:
        raise DataError(
            f"{path} promises {shape[0]:,} digits where at most {MAX_IMAGES:,} are read; fetch it again."
        )
    if math.prod(shape) > MAX_IMAGES * SIDE**2:
        raise DataError(f"{path} promises images of {shape[1]:,} x {shape[2]:,} pixels; fetch it again.")
    return math.prod(shape)


def _fill(file, content):
    """Read into `content` until it is full or the file ends; returns the number of bytes."""
    view, at = memoryview(content), 0
    while at < len(view) and (count := file.readinto(view[at:])):
        at += count
    return at


def _wrong_length(path):
    return DataError(
        f"{path} has more or fewer bytes than its header promises; delete it and fetch it again."
    )
