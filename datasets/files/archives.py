"""Archives, read without being extracted, so that their members cannot write anywhere."""

import bz2
import contextlib
import functools
import gzip
import lzma
import os
import re
import stat
import tarfile
import zipfile
from pathlib import Path

from ..errors import DataError
from ._tar import LONG_HEADERS, MAX_HEADERS, Header, Sparse, Tar

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".zip")

MAX_UNPACKED = 2_000_000_000  # bytes, all members together
MAX_KEPT = 500_000_000  # bytes of them in memory
SKIPPED = 10  # times its limit that a text which is skipped may be long; of longer ones all is refused
MAX_MEMBERS = 500_000
MAX_GROWTH = 100  # times its size that an archive may unpack to, beyond 200 MB
FREE_GROWTH = 200_000_000
MANY, TINY = 2000, 1024  # after so many members with so few bytes each, the rest are counted before reading

_OPENERS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
_ZIP = b"PK\x03\x04", b"PK\x05\x06"
_ZIP_ENTRY = b"PK\x01\x02"  # begins a member's line in a zip's list
_WITHOUT_CONTENT = {b"1", b"2", b"3", b"4", b"5", b"6"}  # links, devices, folders, whatever their size
_KINDS = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
}


def is_archive(path):
    """Whether a file is an archive, by its name or its first bytes.

    Args:
        path: Of the file, a `Path`.

    Returns:
        bool.

    Example:
        >>> from pathlib import Path
        >>> from datasets.files.archives import is_archive
        >>> is_archive(Path("photos.tar.gz"))
        True
    """
    if path.name.lower().endswith(SUFFIXES):
        return True
    with path.open("rb") as file:
        start = file.read(512)
    return start.startswith((*_OPENERS, *_ZIP)) or start[257:262] == b"ustar"


def read_archive(path, limits, skipped=None):
    """Read the files of an archive into memory, all of them or none.

    Args:
        path: A tar archive, plain or compressed with gzip, bzip2 or xz, or a zip archive, which is
            recognized by its first bytes.
        limits: Dictionary from a file name's ending in lower case to the most bytes that such a
            file may have; files with other endings are skipped.
        skipped: Dictionary to which the paths of skipped files are added, each with a reason, or None where
            the ending is the reason; then a text file that is somewhat too large is skipped, too.

    Returns:
        `(files, folders)`: contents in bytes by path, and the paths of folders; a path is a
        tuple of names, such as `("aclImdb", "train", "neg", "0_3.txt")`.

    Raises:
        DataError: If the archive is damaged or truncated, has members that are links or
            devices or lie outside of it, or unpacks to more than 2 GB.

    Example:
        >>> import pathlib, tempfile, zipfile
        >>> from datasets.files.archives import read_archive
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "texts.zip")
        ...     with zipfile.ZipFile(path, "w") as archive:
        ...         archive.writestr("pos/1.txt", "good")
        ...         archive.writestr("read me.pdf", "skipped")
        ...     read_archive(path, {".txt": 1000})
        ({('pos', '1.txt'): b'good'}, set())
    """
    files, folders, kept = {}, set(), 0
    for parts, size, content in members(path):
        if content is None:
            folders.add(parts)
            continue
        limit = limits.get(Path(parts[-1]).suffix.lower())
        if limit is None:
            if skipped is not None:
                skipped[parts] = None
            continue
        long = limit < size <= SKIPPED * limit and parts[-1].lower().endswith(".txt")
        if skipped is not None and long:
            content()  # which finds out whether it is so long, or the archive damaged
            skipped[parts] = f"has {size:,} bytes where at most {limit:,} are taken"
            continue
        kept += size
        if size > limit or kept > MAX_KEPT:
            raise DataError(
                f"{path} holds {_shown('/'.join(parts))} of {size:,} bytes where at most {limit:,} are taken "
                f"for one such file and {MAX_KEPT:,} for all; make it smaller."
            )
        files[parts] = content()
    return files, folders


def top_folder(path):
    """The first part of the name of an archive's first member.

    Args:
        path: Of the archive, a `Path`.

    Returns:
        str, or None if the archive is empty.

    Raises:
        DataError: If not even the first member can be read.

    Example:
        >>> import pathlib, tempfile, zipfile
        >>> from datasets.files.archives import top_folder
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "texts.zip")
        ...     with zipfile.ZipFile(path, "w") as archive:
        ...         archive.writestr("aclImdb/train/pos/1.txt", "good")
        ...     top_folder(path)
        'aclImdb'
    """
    with _refusing_damage(path), contextlib.closing(_members(path, MAX_UNPACKED)) as members:
        return next((parts[0] for name, *_ in members if (parts := _parts(path, name))), None)


@contextlib.contextmanager
def _refusing_damage(path):
    try:
        yield
    except DataError:
        raise
    except PermissionError as error:
        raise DataError(f"{path} may not be read; change its permissions.") from error
    except Exception as error:  # a damaged archive can raise nearly anything
        raise DataError(
            f"{path} is cut off or damaged, or no tar or zip archive; fetch it again, or name another."
        ) from error


def members(path, most=None, hidden=False):
    """Go through an archive once, unpacking only what is asked for.

    Args:
        path: A tar archive, plain or compressed with gzip, bzip2 or xz, or a zip archive.
        most: Bytes that it may unpack to; None for 2 GB.
        hidden: Whether members whose names, or whose folders' names, begin with a dot come, too.

    Yields:
        `(names, size, content)` of every member that is wanted: a tuple such as `("train",
        "ants", "1.jpg")`, the number of bytes, and a function that reads it, to be called before
        the next step; None for a folder.

    Raises:
        DataError: As `read_archive` does.

    Example:
        >>> import pathlib, tempfile, zipfile
        >>> from datasets.files.archives import members
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "texts.zip")
        ...     with zipfile.ZipFile(path, "w") as archive:
        ...         archive.writestr("pos/1.txt", "good")
        ...     [(names, size, content()) for names, size, content in members(path)]
        [(('pos', '1.txt'), 4, b'good')]
    """
    seen = 0
    with _refusing_damage(path), contextlib.closing(_members(path, most or MAX_UNPACKED)) as found:
        limit = most_members(path)
        for number, (name, size, content) in enumerate(found, 1):
            seen += size
            if number == MANY and seen < MANY * TINY:
                _check_count(path, most or MAX_UNPACKED)
            if number > limit:
                raise _too_many(path, limit)
            parts = _parts(path, name)
            if parts and (hidden or not _hidden(parts)):
                yield parts, size, content and functools.partial(_whole, path, size, content)


def most_members(path):
    """How many members an archive may have: the fewer, the smaller it is.

    Args:
        path: Of the archive, a `Path`.

    Returns:
        int, up to 500,000.

    Example:
        >>> import pathlib, tempfile
        >>> from datasets.files.archives import most_members
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "small.tar")
        ...     _ = path.write_bytes(bytes(3200))
        ...     most_members(path)
        50100
    """
    return min(MAX_MEMBERS, 50_000 + path.stat().st_size // 32)


def _whole(path, size, content):
    with _refusing_damage(path):
        read = content()
        if len(read) != size:
            raise EOFError
        return read


def _members(path, most):
    """Yield `(name, size, function that reads it)`; the last is None for a folder."""
    with path.open("rb") as file:
        start = file.read(6)
        file.seek(0)
        if start.startswith(_ZIP):
            yield from _zip_members(path, file, most)
            return
        opener = _opener(start)
        if opener is None:
            _check_count(path, most)
            yield from _tar_members(path, file, most, "r:")
            return
        with opener(file) as unpacked:
            stream = _Bounded(path, unpacked, most)
            yield from _tar_members(path, stream, most, "r|")
            while stream.read(1 << 20):  # to the end, where the checksum is verified
                pass


def _opener(start):
    """What decompresses a file that begins with these bytes; None for any other."""
    return next((opener for magic, opener in _OPENERS.items() if start.startswith(magic)), None)


def _check_count(path, most):
    """Refuse a tar archive of too many members without reading them: only their sizes are needed."""
    limit, count = most_members(path), 0
    with path.open("rb") as file:
        opener = _opener(file.read(6))
        file.seek(0)
        with opener(file) if opener else contextlib.nullcontext(file) as unpacked:
            stream = _Bounded(path, unpacked, most) if opener else file
            while len(block := stream.read(tarfile.BLOCKSIZE)) == tarfile.BLOCKSIZE and block[0]:
                count += block[156:157] not in LONG_HEADERS
                if count > limit:
                    raise _too_many(path, limit)
                try:
                    size = tarfile.nti(block[124:136])
                except tarfile.HeaderError:  # damaged, which is reported when it is read
                    return
                if size > 0 and block[156:157] not in _WITHOUT_CONTENT:
                    stream.seek(-(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE, os.SEEK_CUR)


def _tar_members(path, stream, most, mode):
    unpacked = 0
    try:
        with Tar.open(fileobj=stream, mode=mode, tarinfo=Header) as tar:
            while (member := tar.next()) is not None:
                tar.members.clear()  # else this list grows with each member
                tar.left = min(tar.left + 4096, MAX_HEADERS)
                unpacked += member.size
                if unpacked > most:
                    raise _too_large(path, most)
                if member.isdir():
                    yield member.name, 0, None
                elif member.isreg():
                    yield member.name, member.size, lambda member=member: tar.extractfile(member).read()
                else:
                    raise _not_plain(path, member.name, _KINDS.get(member.type, "a file of a special kind"))
    except Sparse as error:
        raise _not_plain(path, str(error), "a sparse file") from error


def _zip_members(path, file, most):
    check_list(path, file)
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        unpacked = sum(member.file_size for member in members)
        if unpacked > most:
            raise _too_large(path, most)
        if unpacked > max(FREE_GROWTH, MAX_GROWTH * path.stat().st_size):
            raise _grows(path)
        for member in members:
            kind = stat.S_IFMT(member.external_attr >> 16)
            if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise DataError(
                    f"{path} holds {_shown(member.filename)}, which is encrypted or compressed "
                    "in a rare way; unpack the archive yourself and name the folder."
                )
            archive.open(member).close()  # compares its name in the list with that beside its content
            if _ZIP_ENTRY in member.comment + member.extra:  # a wrong length includes the next members
                raise EOFError
            if member.is_dir():
                yield member.filename, 0, None
            elif kind in (0, stat.S_IFREG):
                yield member.filename, member.file_size, lambda member=member: _zip_content(archive, member)
            else:
                what = "a symbolic link" if kind == stat.S_IFLNK else "a file of a special kind"
                raise _not_plain(path, member.filename, what)


def check_list(path, file):
    """Refuse a zip archive of too many members before their list is read, whatever number it states.

    Args:
        path: Of the archive, for the message.
        file: The opened archive.

    Raises:
        DataError: If it has too many members.

    Example:
        >>> import io, zipfile
        >>> from pathlib import Path
        >>> from datasets.files.archives import check_list
        >>> check_list(Path(__file__), io.BytesIO(b"PK\\5\\6" + bytes(18)))  # an empty zip archive
    """
    limit = most_members(path)
    # Reads the end of the file as ZipFile does
    _, _, _, _, count, size, _, _, _, end, *_ = zipfile._EndRecData(file)
    file.seek(max(0, end - size - 76))  # 76 bytes where 64-bit numbers follow the list
    found, before = 0, b""
    while found <= limit and (piece := file.read(1 << 20)):
        found += (before + piece).count(_ZIP_ENTRY)
        before = piece[-3:]
    if max(count, found) > limit or size > 1000 * limit:
        raise _too_many(path, limit)
    file.seek(0)


def _zip_content(archive, member):
    with archive.open(member) as file:
        return file.read(member.file_size + 1)  # at most one byte more, and the checksum is verified


class _Bounded:
    """A stream that raises an error when it delivers more than an archive may hold."""

    def __init__(self, path, stream, most):
        self.path, self.stream, self.most, self.count = path, stream, most, 0
        self.growth = max(FREE_GROWTH, MAX_GROWTH * path.stat().st_size)

    def read(self, size):
        content = self.stream.read(size)
        self.count += len(content)
        if self.count > self.most + 1024 * MAX_MEMBERS:
            raise _too_large(self.path, self.most)
        if self.count > self.growth:
            raise _grows(self.path)
        return content

    def seek(self, amount, whence):
        while amount > 0 and (content := self.read(min(amount, 1 << 20))):
            amount -= len(content)


def _parts(path, name):
    """A member's name as a tuple, after a check that it lies within the archive."""
    names = re.split(r"[/\\]", name)
    if name.startswith(("/", "\\")) or re.match("[A-Za-z]:", name) or ".." in names:
        raise DataError(
            f"{path} holds {_shown(name)}, which lies outside of the archive's own folder; "
            "nothing was read from it: name an archive that you trust."
        )
    return tuple(part for part in names if part not in ("", "."))


def _hidden(parts):
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _not_plain(path, name, what):
    return DataError(
        f"{path} holds {_shown(name)}, {what}, where only files and folders may be; "
        "nothing was read from it: name an archive that you trust."
    )


def _too_large(path, most):
    return DataError(
        f"{path} unpacks to more than {most / 1e9:g} GB, which may be an attack; "
        "name a smaller archive, or unpack it yourself and name the folder."
    )


def _grows(path):
    return DataError(
        f"{path} unpacks to more than {MAX_GROWTH} times its size, which may be an attack; "
        "unpack it yourself and name the folder."
    )


def _too_many(path, limit):
    return DataError(f"{path} has more than {limit:,} members; name a smaller archive.")


def _shown(name):
    return repr(name if len(name) <= 100 else name[:97] + "...")
