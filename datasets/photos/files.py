"""The files of a data set that may be photos, and their bytes."""

import os
from dataclasses import dataclass, field

from ..files.names import cut
from ..sources import results_in
from .pixels import MAX_BYTES, Unusable, endings

SHARDS = TAR, PARQUET = ".tar", ".parquet"
MAX_NAME = 4096  # characters of a file's name that are kept
_NONBLOCK = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(slots=True)
class File:
    """One file that may be a photo.

    Attributes:
        name: Its path relative to the data's folder, "/" between; printable.
        path: Tuple of the names that this path consists of, as they are.
        size: In bytes.
        read: Function that returns its bytes.
        in_order: Whether it must be read before the next file is asked for.
        changed: When it was changed, in nanoseconds; None if that is not known.
    """

    name: str
    path: tuple
    size: int
    read: object
    in_order: bool = False
    changed: int | None = None


@dataclass(frozen=True, slots=True)
class InFolder:
    """A file in a folder, which reads it when it is called.

    Of a million files each shares the text of its folder's path with the others: their paths would take more.

    Attributes:
        folder: Path of the folder, str.
        name: Of the file.
    """

    folder: str
    name: str

    def __call__(self):
        return read_bytes(self.path)

    @property
    def path(self):
        """Of the file, str."""
        return os.path.join(self.folder, self.name)  # noqa: PTH118 (a Path takes longer)


@dataclass
class Files:
    """All files of a data set; those of an archive become known while `found` is gone through.

    Attributes:
        source: What messages call it.
        found: Iterable of `File`, to be gone through once.
        known: Whether `found` is a list, so that all names are known in advance.
        rejected: Dictionary from the name of a file that is not used to `(kind, reason)`.
        folders: Set of folders, as tuples of names.
        places: Dictionary from a file's name to the part and class that a table gives it; None for folders.
        outside: How many files a table names that lie outside its own folder.
        results: Names of folders that a lesson made, which are no data.
        hidden: Set of the names of folders that begin with a dot, which are not looked into.
    """

    source: object
    found: object
    known: bool
    rejected: dict = field(default_factory=dict)
    folders: set = field(default_factory=set)
    places: dict | None = None
    outside: int = 0
    results: list = field(default_factory=list)
    hidden: set = field(default_factory=set)

    def results_note(self):
        """A sentence about folders that are not read, in a list; empty if there are none."""
        return [f"Not read as data: {results_in(self.results)}."] if self.results else []

    def hidden_note(self):
        """A sentence about folders whose names begin with a dot, in a list; empty if there are none."""
        if not self.hidden:
            return []
        names = ", ".join(sorted(self.hidden)[:3]) + (", ..." if len(self.hidden) > 3 else "")
        return [f"Not looked into, since their names begin with a dot: {names}."]

    def outside_note(self):
        """A sentence about files outside the table's folder, in a list; empty if there are none."""
        if not self.outside:
            return []
        those = "a file that lies" if self.outside == 1 else f"{self.outside:,} files that lie"
        return [f"The table names {those} outside its own folder."]


def shard_ending(files):
    """The ending of tar or Parquet files with photos inside, if these are the data.

    They are not where pictures lie beside them in two folders or more, which are then the classes. Pictures
    in one folder, such as a preview, do not count.

    Args:
        files: List of `File`.

    Returns:
        ".tar" or ".parquet"; None if these are not the data.

    Example:
        >>> from datasets.photos.files import File, shard_ending
        >>> tar = File("0.tar", ("0.tar",), 512, None)
        >>> shard_ending([tar, File("README", ("README",), 9, None)])
        '.tar'
        >>> shard_ending([tar, *(File("", (name, "1.jpg"), 9, None) for name in ("ants", "bees"))])
    """
    kinds = {os.path.splitext(file.path[-1])[1].lower() for file in files}  # noqa: PTH122 (of a million names)
    ending, pictures = next((kind for kind in SHARDS if kind in kinds), None), kinds & endings()
    if ending is None or not pictures:
        return ending
    beside = (file for file in files if os.path.splitext(file.path[-1])[1].lower() in pictures)  # noqa: PTH122
    return ending if len({file.path[:-1] for file in beside}) < 2 else None


def read_bytes(path):
    """The bytes of a file, which may have been replaced by anything since it was found.

    Raises:
        Unusable: If it cannot be read.
    """
    try:  # without O_NONBLOCK, opening a pipe waits until something writes to it
        with os.fdopen(os.open(path, os.O_RDONLY | _NONBLOCK), "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Unusable("not readable", why(error)) from error
    if content is None or len(content) > MAX_BYTES:
        raise too_many_bytes()
    return content


def read_piece(path, start, size):
    """Some of the bytes of a file; fewer, if it ends before.

    Raises:
        Unusable: If it cannot be read.
    """
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | _NONBLOCK), "rb") as file:
            file.seek(start)
            return file.read(size) or b""
    except OSError as error:
        raise Unusable("not readable", why(error)) from error


def too_many_bytes():
    return Unusable("huge", f"has more than {MAX_BYTES / 1e6:.0f} MB")


def why(error):
    """Why a file cannot be opened, as the end of a sentence."""
    if isinstance(error, PermissionError):
        return "may not be read; change its permissions"
    if isinstance(error, FileNotFoundError):
        return "does not exist"
    return f"cannot be read ({error.strerror})"


def bounded(name, where):
    """A name; a very long one is shortened, and `where` says where it is from."""
    return name if len(name) <= MAX_NAME else f"{cut(name, MAX_NAME)} ({where})"
