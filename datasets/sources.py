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
    """Where a data set is taken from.

    Attributes:
        name: What data it is, such as "mnist"; results are compared within one name.
        path: The file or folder it is read from, None for embedded or generated data.
        note: What a reader of the results should know about it, if anything.
    """

    name: str
    path: Path | None = None
    note: str = ""

    def __str__(self):
        return shown(f"{self.name} from {self.path}" if self.path else self.name)


def user_folder():
    """The folder that GLASS_ZOO_DATA names, or None.

    Raises:
        DataError: If the variable names a folder that does not exist.
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
    """The checksum of `content`, of the kind that `checksum` is, SHA-256 or MD5."""
    kind = {64: hashlib.sha256, 32: hashlib.md5}[len(checksum)]
    return kind(content, usedforsecurity=False).hexdigest()


def download(name, origin, checksum):
    """Return the path of a file in Keras's cache, downloading it if it is not there yet.

    Args:
        name: File name in the cache, `$KERAS_HOME/datasets` or `~/.keras/datasets`.
        origin: Address of the file.
        checksum: Its SHA-256 in hexadecimal, or MD5 where only that is published.

    Raises:
        DataError: If the file cannot be had, or is not the one that was expected.
    """
    try:
        return fetch(origin, cache_folder("datasets") / name, checksum, most=MOST)
    except DownloadError as error:
        raise DataError(str(error)) from error
