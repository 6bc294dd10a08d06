"""Photos in object storage, and wherever else fsspec reads: "s3://bucket/photos", "gs://...", "memory://..."."""

import datetime
import hashlib
import importlib
from functools import partial
from pathlib import PurePosixPath

from ..files.names import shown
from ..sources import DataError, Source
from .files import File, Files, too_many_bytes
from .pixels import MAX_BYTES, Unusable

SEPARATOR = "://"


class Url(str):
    """The address of a folder, which stands where a path may stand.

    Example:
        >>> from datasets.photos.remote import Url
        >>> Url("s3://bucket/photos").absolute()
        's3://bucket/photos'
    """

    def absolute(self):
        """Itself."""
        return self

    def exists(self):
        """Whether it is there; False also where it cannot be reached."""
        try:
            file_system, path = opened(self)
            return file_system.exists(path)
        except Exception:  # each storage raises others
            return False


def is_url(data):
    """Whether data is named by an address.

    Args:
        data: What a user gave.

    Returns:
        bool.

    Example:
        >>> from datasets.photos.remote import is_url
        >>> is_url("s3://bucket/photos"), is_url("photos")
        (True, False)
    """
    return isinstance(data, str) and SEPARATOR in data


def local_path(data):
    """The path that an address of this machine stands for; other addresses and paths as they are.

    Args:
        data: A path or an address.

    Returns:
        A path or an address.

    Example:
        >>> from datasets.photos.remote import local_path
        >>> local_path("file:///data/photos"), local_path("s3://bucket"), local_path("photos")
        ('/data/photos', 's3://bucket', 'photos')
    """
    text = str(data)
    if text.startswith(("file://", "local://")):
        return "/" + text.partition(SEPARATOR)[2].lstrip("/")
    return data


def locate_url(data):
    """A `Source` of an address.

    Args:
        data: Such as "s3://bucket/photos".

    Returns:
        A `Source`, named like the folder.

    Raises:
        DataError: If fsspec or what it needs for this storage is not installed.
    """
    opened(data)
    return Source(shown(PurePosixPath(data.partition(SEPARATOR)[2]).name) or "photos", Url(data))


def opened(url):
    """What fsspec reads an address with.

    Args:
        url: The address.

    Returns:
        (file system, path in it).

    Raises:
        DataError: If a package is missing, or there is no such storage.
    """
    try:
        return importlib.import_module("fsspec.core").url_to_fs(str(url))
    except ImportError as error:
        raise DataError(
            f"{shown(url)} is read with fsspec and a package for its storage, such as s3fs ({error}); "
            "install what is missing, or copy the photos."
        ) from error
    except ValueError as error:
        raise DataError(f"{shown(url)} is no address that fsspec reads ({error}).") from error


def files_at(url, is_ignored):
    """All files below an address.

    Args:
        url: A `Url`.
        is_ignored: Function of a name that says whether a system makes such files by itself.

    Returns:
        A `Files`.

    Raises:
        DataError: If it cannot be listed, or there is nothing.
    """
    file_system, top = opened(url)
    try:
        listed = file_system.find(top, detail=True)
        if not listed:
            file_system.ls(top)  # which says that a server does not answer; `find` finds nothing there
    except FileNotFoundError:
        listed = {}
    except Exception as error:  # each storage raises others
        raise DataError(
            f"{shown(url)} cannot be listed ({error}); check the address and who may read it."
        ) from error
    if not listed:
        raise DataError(f"{shown(url)} holds no files; name a folder of photos.")
    files = Files(url, [], known=True)
    top = top.rstrip("/")
    for path, about in sorted(listed.items()):
        inner = path.removeprefix(top).strip("/") or PurePosixPath(top).name  # the address of a file itself
        names = tuple(inner.split("/"))
        hidden = next((n for n, name in enumerate(names[:-1], 1) if name.startswith(".")), None)
        if hidden:
            files.hidden.add(shown("/".join(names[:hidden])))
        elif not any(map(is_ignored, names)) and about.get("type", "file") == "file":
            files.folders |= {names[:n] for n in range(1, len(names))}
            size, read = int(about.get("size") or 0), partial(_read, str(url), path)
            files.found.append(File(shown("/".join(names)), names, size, read, changed=_changed(about)))
    return files


def _changed(about):
    """A number that is another one when a file has changed; None if its storage tells nothing."""
    told = [
        about.get(name) for name in ("ETag", "etag", "md5Hash", "mtime", "LastModified", "updated", "created")
    ]
    told = [each.isoformat() if isinstance(each, datetime.datetime) else str(each) for each in told if each]
    return int(hashlib.sha256(repr(told).encode()).hexdigest()[:15], 16) if told else None


def open_remote(url, path):
    """Open a file, to be read and moved in.

    Args:
        url: The address of the data.
        path: Of the file in its storage.
    """
    return opened(url)[0].open(path, "rb")


def path_of(file):
    """The path of a file in its storage.

    Args:
        file: A `files.File` of `files_at`.
    """
    return file.read.args[1]


def piece_of(url, file):
    """A function of (start, size) that reads a piece of a file.

    Args:
        url: The address of the data.
        file: A `files.File` of `files_at`.
    """
    return partial(_read_piece, str(url), path_of(file))


def _read(url, path):
    content = _read_piece(url, path, 0, MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise too_many_bytes()
    return content


def _read_piece(url, path, start, size):
    try:
        return opened(url)[0].cat_file(path, start=start, end=start + size)
    except Exception as error:  # each storage raises others
        raise Unusable("not readable", f"cannot be read ({type(error).__name__})") from error
