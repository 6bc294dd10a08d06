"""Where data comes from: the user's folder, a checked download, or an embedded default."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from .files.download import DownloadError, cache_folder, fetch
from .files.names import shown

MARKER = ".glass-zoo.json"  # in each folder that a lesson makes: what made it, and which files are its own
OLD_MARKER = ".files"  # the same in folders made by an earlier version: one name a line
MOST = 100_000_000  # bytes of a download


class DataError(ValueError):
    """Data that cannot be used: one sentence that names the file or argument and says what to do.

    Example:
        >>> from datasets import DataError, digits
        >>> try:
        ...     digits.locate("nowhere")
        ... except DataError as error:
        ...     print(error)
        nowhere does not exist; name a folder that does as data=.
    """


@dataclass(frozen=True)
class Source:
    """Where a data set comes from.

    Attributes:
        name: Which data it is, such as "mnist"; only results with the same name are compared.
        path: The file or folder it is read from, None for embedded or generated data.
        note: What a reader of the results should know about it, if anything.

    Example:
        >>> from pathlib import Path
        >>> from datasets import Source
        >>> str(Source("mnist", Path("data/mnist.npz")))
        'mnist from data/mnist.npz'
    """

    name: str
    path: Path | None = None
    note: str = ""

    def __str__(self):
        return shown(f"{self.name} from {self.path}" if self.path else self.name)


def is_results(folder):
    """Whether a folder holds results of a lesson rather than data.

    Args:
        folder: Its path.

    Returns:
        bool.

    Example:
        >>> import pathlib, tempfile
        >>> from datasets.sources import MARKER, is_results
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     before = is_results(folder)
        ...     pathlib.Path(folder, MARKER).touch()
        ...     before, is_results(folder)
        (False, True)
    """
    return os.path.isfile(os.path.join(folder, MARKER)) or all(  # noqa: PTH113, PTH118 (of many folders)
        os.path.isfile(os.path.join(folder, name))  # noqa: PTH113, PTH118
        for name in (OLD_MARKER, "metrics.json")
    )


def results_in(names):
    """The part of a message that lists folders of results among data.

    Args:
        names: Iterable of the folders' names.

    Returns:
        str.

    Example:
        >>> from datasets.sources import results_in
        >>> results_in(["outputs"])
        'outputs (results of lessons)'
    """
    names = sorted(names)
    listed = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    return f"{listed} (results of lessons)"


def user_folder():
    """The folder that the environment variable GLASS_ZOO_DATA names.

    Returns:
        A `Path`, or None if the variable is not set.

    Raises:
        DataError: If the variable names a folder that does not exist.

    Example:
        >>> from datasets.sources import user_folder
        >>> user_folder() is None  # where GLASS_ZOO_DATA is not set
        True
    """
    value = os.environ.get("GLASS_ZOO_DATA")
    if not value:
        return None
    if not Path(value).is_dir():
        raise DataError(
            f"GLASS_ZOO_DATA names {value}, which is not a folder; correct or unset the variable."
        )
    return Path(value)


def digest(content, checksum):
    """The checksum of some bytes.

    Args:
        content: The bytes.
        checksum: A checksum of the kind that is wanted, SHA-256 or MD5, in hexadecimal.

    Returns:
        The checksum in hexadecimal.

    Example:
        >>> from datasets.sources import digest
        >>> digest(b"", "d41d8cd98f00b204e9800998ecf8427e")  # of 32 digits: MD5
        'd41d8cd98f00b204e9800998ecf8427e'
    """
    kind = {64: hashlib.sha256, 32: hashlib.md5}[len(checksum)]
    return kind(content, usedforsecurity=False).hexdigest()


def download(name, origin, checksum):
    """Download a file to Keras's cache, if it is not there yet.

    Args:
        name: File name in the cache, `$KERAS_HOME/datasets` or `~/.keras/datasets`.
        origin: Address of the file.
        checksum: Its SHA-256 in hexadecimal, or MD5 where only that is published.

    Returns:
        Its path there.

    Raises:
        DataError: If the file cannot be downloaded, or is not the one that was expected.

    Example:
        >>> from datasets import DataError
        >>> from datasets.sources import download
        >>> try:
        ...     download("mnist.npz", "ftp://example.com/mnist.npz", "0" * 64)
        ... except DataError as error:
        ...     print("neither http nor https" in str(error))
        True
    """
    try:
        return fetch(origin, cache_folder("datasets") / name, checksum, most=MOST)
    except DownloadError as error:
        raise DataError(str(error)) from error
