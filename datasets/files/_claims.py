"""The right to download a file: of several processes that want it one downloads it, and the others wait."""

import contextlib
import os
import re
import time

from . import _http
from ._http import Failed

try:
    import fcntl
except ImportError:  # on Windows each process downloads for itself
    fcntl = None


class Claim:
    """The right to download a file: no other process writes to its draft, the incomplete file.

    Attributes:
        draft: Path of the draft.
        waited: Whether another process had the claim first.
        checked: Whether a checksum is compared in the end, so that any draft may be resumed.
        address, version: Where the draft came from, and the server's name for this version of the file,
            "" if it gives none.
    """

    def __init__(self, path, file, waited, checked):
        self.file, self.waited, self.checked, self.address, self.version = file, waited, checked, "", ""
        self.draft = _draft(path) if file else path.with_name(f".part-{os.getpid()}-{path.name}")
        if file:
            self.address, _, version = file.read(10_000).decode("utf-8", "replace").partition("\n")
            self.version = version_of(version)

    def note(self, address, version=""):
        """Store where the draft comes from, for a process that resumes it."""
        self.address, self.version = address, version
        if self.file:
            self.file.seek(0)
            self.file.truncate()
            self.file.write(f"{address}\n{version}".encode())
            self.file.flush()

    def size(self):
        """How many bytes of the draft can be resumed."""
        usable = self.draft.is_file() and (self.checked or self.version)
        return self.draft.stat().st_size if usable else 0


def _draft(path):
    return path.with_name(f".part-{path.name}")


def _lock(path):
    return path.with_name(f".lock-{path.name}")


@contextlib.contextmanager
def claim_on(path, checked):
    """Wait for the `Claim` on a path. A process that ends, even if it is killed, loses its claim."""
    waited, seen, since = False, None, time.monotonic()
    while (file := _locked(_lock(path))) is False:
        waited = True
        size = 0
        with contextlib.suppress(FileNotFoundError):  # the download has not begun, or has just been completed
            size = _draft(path).stat().st_size
        if size != seen:
            seen, since = size, time.monotonic()
        if time.monotonic() - since > _http.IDLE + _http.GRACE:
            raise Failed("another process has begun to download it and makes no progress", "end that process")
        time.sleep(0.1)
    claim = Claim(path, file, waited, checked)
    try:
        yield claim
    finally:
        if not file or not claim.size():  # else a later process resumes the draft
            claim.draft.unlink(missing_ok=True)
            if file:
                _lock(path).unlink(missing_ok=True)
        if file:
            file.close()


def _locked(lock):
    """The opened and locked file at `lock`; False if another process has it, None without locks."""
    if fcntl is None:
        return None
    file = os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(file.fileno()), lock.stat()):
            return file
    except (BlockingIOError, FileNotFoundError):  # FileNotFoundError: its owner has just removed it
        pass
    except OSError:  # a file system without locks
        file.close()
        return None
    file.close()
    return False


def tidy(path):
    """Remove what a killed process left beside a complete file."""
    if not (_lock(path).exists() or _draft(path).exists()):
        return
    with contextlib.suppress(OSError):  # a read-only cache
        file = _locked(_lock(path))
        if file:
            _draft(path).unlink(missing_ok=True)
            _lock(path).unlink(missing_ok=True)
            file.close()


def version_of(tag):
    """A server's tag (ETag) if it identifies one version of a file for certain, else ""."""
    return tag if re.fullmatch(r'"[!#-~]{1,200}"', tag) else ""
