"""Finds the files of photos in folders, in an archive or in a table, without changing anything."""

import os
import stat
from functools import partial
from pathlib import Path

from ..files import archives, paths
from ..files import folders as trees
from ..files.names import shown
from ..sources import DataError, Source, is_results
from . import tables
from .files import (
    MAX_NAME,
    PARQUET,
    TAR,
    File,
    Files,
    InFolder,
    bounded,
    read_piece,
    shard_ending,
    too_many_bytes,
    why,
)
from .parquet_shards import in_parquet_shards
from .pixels import MAX_BYTES
from .remote import Url, files_at, is_url, locate_url, open_remote, path_of, piece_of
from .tar_shards import in_tar_shards

MAX_FILES = 20_000_000  # some kilobytes of memory each
_IGNORED = {"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", ".ds_store"}


def locate(data):
    """Find photos without reading them yet.

    Args:
        data: A folder that holds a folder of photos for each class, perhaps below folders
            such as train and val; a zip or tar archive of one; a table (CSV or TSV) of
            paths, labels and, optionally, parts; a folder of tar files, or of Parquet files, with photos; a
            Parquet file; the address of a folder that fsspec reads, such as "s3://bucket/photos"; or a
            `Source`, which is returned as it is.

    Returns:
        A `Source`, named like the folder or file.

    Raises:
        DataError: If there is none.

    Example:
        >>> import tempfile
        >>> from datasets import photos
        >>> with tempfile.TemporaryDirectory(prefix="bees-") as folder:
        ...     photos.locate(folder).name.startswith("bees-")
        True
    """
    if isinstance(data, Source):
        return data
    if is_url(data):
        return locate_url(data)
    if not isinstance(data, (str, os.PathLike)) or not os.fspath(data):
        raise DataError(
            f"data={shown(repr(data))[:80]} is no path; name a folder of photos, an archive or a table."
        )
    path = Path(data)
    try:
        if path.is_dir():
            return Source(shown(path.resolve().name) or "photos", path)
        if not path.exists():
            raise DataError(
                f"{data} does not exist; name a folder of photos, an archive or a table as data=."
            )
        if not path.is_file():
            raise DataError(f"{data} is neither a file nor a folder; name a folder of photos as data=.")
        if path.suffix.lower() not in (*trees.TABLES, PARQUET) and not archives.is_archive(path):
            raise DataError(
                f"{data} is neither a folder, nor a zip or tar archive, nor a table (.csv or .tsv) of "
                "photos, nor a Parquet file that holds photos."
            )
    except OSError as error:
        raise DataError(
            f"{data} cannot be read ({error.strerror}); change that, or name another as data=."
        ) from error
    name = next(
        (path.name[: -len(end)] for end in archives.SUFFIXES if path.name.lower().endswith(end)), path.stem
    )
    return Source(shown(name) or "photos", path)


def find(path):
    """Find all files that may be photos.

    Args:
        path: A folder of photos, tar files or Parquet files, a zip or tar archive, a table (CSV or TSV), a
            Parquet file, or a `remote.Url`.

    Returns:
        A `Files`.

    Raises:
        DataError: If it cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> from datasets.photos.locating import find
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     (pathlib.Path(folder) / "bees").mkdir()
        ...     (pathlib.Path(folder) / "bees" / "1.jpg").touch()
        ...     [file.name for file in find(pathlib.Path(folder)).found]
        ['bees/1.jpg']
    """
    if isinstance(path, Url):
        files, piece = files_at(path, is_ignored), partial(piece_of, path)
        opener = lambda file: open_remote(path, path_of(file))  # noqa: E731
    elif path.is_dir() or path.suffix.lower() == PARQUET:
        files = _in_folder(path) if path.is_dir() else Files(path, [_file(path)], known=True)
        opener, piece = _open, _piece
    elif path.suffix.lower() in trees.TABLES:
        return tables.in_table(path)
    else:
        return _in_archive(path)
    ending = shard_ending(files.found)
    if ending == TAR:
        return in_tar_shards(files, opener, piece)
    return in_parquet_shards(files, piece) if ending == PARQUET else files


def _file(path):
    about = path.stat()
    read = InFolder(os.fspath(path.parent), path.name)
    return File(path.name, (path.name,), about.st_size, read, changed=about.st_mtime_ns)


def _piece(file):
    """A function of (start, size) that reads a piece of a file of a folder."""
    return partial(read_piece, file.read.path)


def _open(file):
    """A file of a folder, opened to be read and moved in."""
    return Path(file.read.path).open("rb")


def is_ignored(name):
    """Whether a system makes files or folders of this name by itself.

    Args:
        name: Of a file or folder.

    Returns:
        bool.

    Example:
        >>> from datasets.photos.locating import is_ignored
        >>> is_ignored("Thumbs.db"), is_ignored(".bee.jpg")
        (True, False)
    """
    return name.casefold() in _IGNORED


def _in_folder(top):
    walk = _Walk(top)
    walk.enter(top, ())
    walk.follow_links()
    walk.files.found.sort(key=lambda file: file.name)
    return walk.files


class _Walk:
    """A walk through a folder and all folders in it.

    Attributes:
        top: The folder.
        files: The `Files` that were found so far.
    """

    def __init__(self, top):
        self.top = top
        self.files = Files(top, [], known=True)
        self._seen = set()  # real paths of folders
        self._linked = []  # links to folders, which are followed last
        self._known = set()  # names, which must differ
        self._links = paths.Resolver()

    def enter(self, folder, names):
        """Note what is in a folder; returns whether that is nothing but results of lessons."""
        folder = os.fspath(folder)  # one text for all of its files
        if names and is_results(folder):
            self.files.results.append(shown("/".join(names)))
            return True
        self._seen.add(Path(os.path.realpath(folder)))
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            if not names:
                raise DataError(f"{shown(folder)} {why(error)}.") from error
            self.files.rejected[shown("/".join(names))] = "not readable", f"is a folder that {why(error)}"
            return False
        results, others = False, False
        if names:
            self.files.folders.add(names)
        for entry in entries:
            if is_ignored(entry.name):
                continue
            if entry.name.startswith(".") and _is_folder(entry):
                results = results or is_results(entry.path)
                if not is_results(entry.path):
                    self.files.hidden.add(shown("/".join((*names, entry.name))))
                continue
            only_results = self._take(entry, (*names, entry.name), folder)
            results, others = results or bool(only_results), others or only_results is False
        if results and not others:
            self.files.folders.discard(names)
            return True
        return False

    def _take(self, entry, names, folder):
        """Note one entry of a folder.

        Returns whether it is a folder with nothing but results of lessons; None for a link that is never
        followed, which says nothing about the folder.
        """
        name = self._name(names)
        try:
            if entry.is_symlink():
                self._links.real(entry.path)
            about = entry.stat()
        except paths.Elsewhere as error:
            self.files.rejected[name] = "link", f"is a link to what {error}"
            return None
        except OSError as error:
            self.files.rejected[name] = _broken(entry, error)
            return False
        if stat.S_ISDIR(about.st_mode):
            if not entry.is_symlink():
                return self.enter(entry.path, names)
            self._linked.append((entry.path, names))
        elif not stat.S_ISREG(about.st_mode):
            self.files.rejected[name] = "not readable", "is no file but a pipe, a socket or a device"
        else:
            read = InFolder(folder, names[-1])
            self.files.found.append(File(name, names, about.st_size, read, changed=about.st_mtime_ns))
            if len(self.files.found) > MAX_FILES:
                raise DataError(
                    f"{shown(self.top)} holds more than {MAX_FILES:,} files; name a smaller folder."
                )
        return False

    def _name(self, names):
        """What a file is called in results; all names differ."""
        name = shown("/".join(names))
        while name in self._known:  # "\\n" and a line break are written alike
            name += "_"
        self._known.add(name)
        return name

    def follow_links(self):
        """Enter the folders that links lead to, after all others: a folder comes before links to it."""
        while self._linked:
            path, names = self._linked.pop(0)
            real = Path(os.path.realpath(path))
            above = Path(os.path.realpath(self.top)).is_relative_to(real)
            if above or real in self._seen or any(parent in self._seen for parent in real.parents):
                reason = "is a link to a folder that is looked at anyway, or that this folder lies in"
                self.files.rejected[shown("/".join(names))] = "link", reason
            else:
                self.enter(path, names)


def _is_folder(entry):
    try:
        return entry.is_dir()
    except OSError:
        return False


def _broken(entry, error):
    """Why the properties of a folder's entry cannot be read: `(kind, reason)`."""
    if entry.is_symlink() and isinstance(error, FileNotFoundError):
        return "link", "is a link to what does not exist"
    if entry.is_symlink() and not isinstance(error, PermissionError):
        return "link", "is a link that leads nowhere, or in a circle"
    return "not readable", why(error)


def _in_archive(path):
    files = Files(path, None, known=False)

    def found():
        # Photos are compressed already: an archive that unpacks to much more is an attack
        most = max(archives.MAX_UNPACKED, 20 * path.stat().st_size)
        for number, (names, size, content) in enumerate(archives.members(path, most, hidden=True), 1):
            if any(map(is_ignored, names)):
                continue
            folders = names if content is None else names[:-1]
            hidden = next((n for n, name in enumerate(folders, 1) if name.startswith(".")), None)
            if hidden:
                files.hidden.add(shown("/".join(names[:hidden])))
                continue
            name = "/".join(names)
            if len(name) > MAX_NAME:
                name = bounded(shown(name), f"member {number:,}")
                files.rejected[name] = "not readable", "has a longer name than files have"
            elif content is None:
                files.folders.add(names)
            elif size > MAX_BYTES:
                files.rejected[shown(name)] = "huge", str(too_many_bytes())
            else:
                yield File(shown(name), names, size, content, in_order=True)

    files.found = found()
    return files
