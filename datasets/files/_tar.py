"""Tar archives whose headers are bounded in number and size, so that none takes all memory or hours."""

import re
import tarfile

MAX_HEADER = 65_536  # bytes of a tar's header with a long name; a longer one is an attack
MAX_HEADERS = 10_000_000  # bytes of them, and 4 kB for each member
LONG_HEADERS = {
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
}


class Tar(tarfile.TarFile):
    """A tar archive that counts the bytes of its long headers.

    Attributes:
        left: How many more bytes these may have.
        common: Bytes of the headers that apply to all members, and are copied for each.
    """

    left, common = MAX_HEADERS, 0


class Sparse(Exception):
    """A sparse file, whose map of holes alone may fill the memory. The argument is the file's name."""


class Header(tarfile.TarInfo):
    """A tar header that detects a truncated archive, and is read in limited time."""

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
        if header.size < 0 or (header.type in LONG_HEADERS and header.size > MAX_HEADER):
            raise tarfile.ReadError("bad size")
        return header

    def _proc_member(self, tar):
        if self.type == tarfile.GNUTYPE_SPARSE:
            raise Sparse(self.name)
        if self.type not in LONG_HEADERS:
            return super()._proc_member(tar)
        tar.left -= self.size
        tar.common += self.size if self.type == tarfile.XGLTYPE else 0
        if tar.left < 0 or tar.common > MAX_HEADER:
            raise tarfile.ReadError("more headers than content")
        stream = tar.fileobj
        content = stream.read(self._block(self.size))
        if self.type in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE):
            if b"GNU.sparse" in content:
                raise Sparse(self.name)
            # Before Python 3.11.10 tarfile takes hours for long numbers (CVE-2024-6232)
            if content.count(b"\n") > 1000 or re.search(rb"\d{200}", content):
                raise tarfile.ReadError("no header that a program writes")
        tar.fileobj = _Replayed(content, stream)
        try:
            return super()._proc_member(tar)
        finally:
            tar.fileobj = stream


class _Replayed:
    """A stream of which one piece was read ahead."""

    def __init__(self, piece, stream):
        self.piece, self.stream = piece, stream

    def read(self, size):
        piece, self.piece = self.piece, None
        return self.stream.read(size) if piece is None else piece

    def seek(self, *where):
        return self.stream.seek(*where)

    def tell(self):
        return self.stream.tell()
