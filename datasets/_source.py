"""Where data comes from: the user's folder, a checked download, or an embedded default."""

import contextlib
import hashlib
import os
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from datasets._names import shown

MARKER = ".glass-zoo.json"  # in each folder that a lesson makes: what made it, and which files are its own
OLD_MARKER = ".files"  # the same in folders made by an earlier version: one name a line
TIMEOUT = 10  # seconds without a byte after which a download is given up


class DataError(ValueError):
    """Data that cannot be used: one sentence that names the file and says what to do."""


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


def is_results(folder):
    """Whether a lesson made this folder, so that what is in it is no data."""
    return os.path.isfile(os.path.join(folder, MARKER)) or all(  # noqa: PTH113, PTH118 (of many folders)
        os.path.isfile(os.path.join(folder, name))  # noqa: PTH113, PTH118
        for name in (OLD_MARKER, "metrics.json")
    )


def results_in(names):
    """What messages say of folders of results among data."""
    names = sorted(names)
    listed = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    return f"{listed} (results of lessons)"


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

    The download runs in a folder of its own beside the cache and is moved in, whole and
    checked, at the end: a half file is never seen, however the program ends.

    Args:
        name: File name in the cache, `$KERAS_HOME/datasets` or `~/.keras/datasets`.
        origin: Address of the file.
        checksum: Its SHA-256 in hexadecimal, or MD5 where only that is published.

    Raises:
        DataError: If the file cannot be had, or is not the one that was expected.
    """
    import keras

    cache = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "datasets"
    path = cache / name
    with contextlib.suppress(OSError):
        if digest(path.read_bytes(), checksum) == checksum:
            return path

    on_a_terminal = sys.stdout.isatty()
    if not on_a_terminal:  # Keras's download bar is for terminals
        keras.utils.disable_interactive_logging()
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=cache) as staging:
            file = keras.utils.get_file(name, origin, file_hash=checksum, cache_dir=staging, cache_subdir="")
            Path(file).replace(path)
    except Exception as error:  # get_file raises bare Exceptions
        # Keras words it "URL fetch failure on ADDRESS: CODE -- REASON"
        reason = " ".join(str(error).split(" -- ")[-1].split()) or type(error).__name__
        raise DataError(
            f"{origin} could not be downloaded ({reason}); "
            f"try again later, or fetch it by other means and put it at {path}."
        ) from error
    finally:
        socket.setdefaulttimeout(patience)
        if not on_a_terminal:
            keras.utils.enable_interactive_logging()
    return path
