"""Where data comes from: the user's folder, a checked download, or an embedded default."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from .errors import DataError
from .files.download import DownloadError, cache_folder, fetch
from .files.names import shown
from .files.results import MARKER, OLD_MARKER, is_results, results_in

__all__ = [
    "MARKER",
    "OLD_MARKER",
    "DataError",
    "Source",
    "digest",
    "download",
    "is_results",
    "results_in",
    "user_folder",
]

MOST = 100_000_000  # bytes of a download


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
