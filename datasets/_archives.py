"""Archives, read without ever being extracted: nothing in one can reach outside it."""

import bz2
import contextlib
import functools
import gzip
import lzma
import re
import stat
import tarfile
import zipfile
from pathlib import Path

from datasets._source import DataError

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".zip")

MAX_UNPACKED = 2_000_000_000  # bytes, all members together
MAX_KEPT = 500_000_000  # bytes of them in memory
MAX_MEMBERS = 500_000
MAX_HEADER = 1_000_000  # bytes; a longer name is an attack

_OPENERS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
_ZIP = b"PK\x03\x04", b"PK\x05\x06"
_ZIP_ENTRY = b"PK\x01\x02"  # begins a member's line in a zip's list
_LONG_HEADERS = {
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
}
_KINDS = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
}


def is_archive(path):
    """Whether a file is an archive, by its name or its first bytes."""
    if path.name.lower().endswith(SUFFIXES):
        return True
    with path.open("rb") as file:
        start = file.read(512)
    return start.startswith((*_OPENERS, *_ZIP)) or start[257:262] == b"ustar"


def read_archive(path, limits):
    """Read the files of an archive into memory, all or nothing.

    Args:
        path: A tar archive, plain or packed with gzip, bzip2 or xz, or a zip archive; what it
            is, its first bytes tell.
        limits: The endings of the file names wanted, in small letters, with the most bytes
            that one such file may have; other files are passed over.

    Returns:
        `(files, folders)`: contents in bytes by path, and the paths of folders; a path is a
        tuple of names, such as `("aclImdb", "train", "neg", "0_3.txt")`.

    Raises:
        DataError: If the archive is damaged or cut off anywhere, has members that are links or
            devices or lie outside of it, or unpacks to more than 2 GB.
    """
    files, folders, kept = {}, set(), 0
    for parts, size, content in members(path):
        if content is None:
            folders.add(parts)
            continue
        limit = limits.get(Path(parts[-1]).suffix.lower())
        if limit is None:
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
    """The folder or file name that an archive's first member begins with, or None.

    Raises:
        DataError: If not even the first member can be read.
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


def members(path, most=None):
    """Go through an archive once, unpacking only what is asked for.

    Args:
        path: A tar archive, plain or packed with gzip, bzip2 or xz, or a zip archive.
        most: Bytes that it may unpack to; None for 2 GB.

    Yields:
        `(names, size, content)` of every member that is not hidden: a tuple such as `("train",
        "ants", "1.jpg")`, bytes, and a function that reads it, to be called before the next
        step; None for a folder.

    Raises:
        DataError: As `read_archive` does.
    """
    with _refusing_damage(path), contextlib.closing(_members(path, most or MAX_UNPACKED)) as found:
        for number, (name, size, content) in enumerate(found):
            if number >= MAX_MEMBERS:
                raise DataError(f"{path} has more than {MAX_MEMBERS:,} members; name a smaller archive.")
            parts = _parts(path, name)
            if parts and not _hidden(parts):
                yield parts, size, content and functools.partial(_whole, path, size, content)


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
        opener = next((opener for magic, opener in _OPENERS.items() if start.startswith(magic)), None)
        with opener(file) if opener else contextlib.nullcontext(file) as unpacked:
            stream = _Bounded(path, unpacked, most)
            yield from _tar_members(path, stream, most)
            while stream.read(1 << 20):  # to the end, where the checksum is
                pass


def _tar_members(path, stream, most):
    unpacked = 0
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header) as tar:
        while (member := tar.next()) is not None:
            tar.members.clear()  # which would grow without end
            unpacked += member.size
            if unpacked > most:
                raise _too_large(path, most)
            if member.isdir():
                yield member.name, 0, None
            elif member.isreg() and not member.issparse():
                yield member.name, member.size, lambda member=member: tar.extractfile(member).read()
            else:
                raise _not_plain(path, member.name, _KINDS.get(member.type, "a file of a special kind"))


def _zip_members(path, file, most):
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > most:
            raise _too_large(path, most)
        for member in members:
            kind = stat.S_IFMT(member.external_attr >> 16)
            if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise DataError(
                    f"{path} holds {_shown(member.filename)}, which is encrypted or packed in a rare way; "
                    "unpack the archive yourself and name the folder."
                )
            archive.open(member).close()  # compares its name with the one beside its content
            if _ZIP_ENTRY in member.comment + member.extra:  # a wrong length swallowed the next members
                raise EOFError
            if member.is_dir():
                yield member.filename, 0, None
            elif kind in (0, stat.S_IFREG):
                yield member.filename, member.file_size, lambda member=member: _zip_content(archive, member)
            else:
                what = "a symbolic link" if kind == stat.S_IFLNK else "a file of a special kind"
                raise _not_plain(path, member.filename, what)


def _zip_content(archive, member):
    with archive.open(member) as file:
        return file.read(member.file_size + 1)  # unpacks hardly more, and compares the checksum


class _Header(tarfile.TarInfo):
    """A tar header that, unlike tarfile's, does not take a cut for the end of the archive."""

    @classmethod
    def frombuf(cls, buf, encoding, errors):
        if len(buf) < tarfile.BLOCKSIZE:
            raise EOFError("an archive ends with a block of zeros")
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if any(buf):
                raise tarfile.ReadError("bad header") from error
            raise
        if header.size < 0 or (header.type in _LONG_HEADERS and header.size > MAX_HEADER):
            raise tarfile.ReadError("bad size")
        return header


class _Bounded:
    """A stream that ends in an error when more comes out of it than an archive may hold."""

    def __init__(self, path, stream, most):
        self.path, self.stream, self.most = path, stream, most
        self.left = most + 1024 * MAX_MEMBERS

    def read(self, size):
        content = self.stream.read(size)
        self.left -= len(content)
        if self.left < 0:
            raise _too_large(self.path, self.most)
        return content


def _parts(path, name):
    """A member's name as a tuple, once it is known to lie within the archive."""
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


def _shown(name):
    return repr(name if len(name) <= 100 else name[:97] + "...")
