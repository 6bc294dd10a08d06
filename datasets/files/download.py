"""One download for data and weights: checked before it takes its name, bounded in time and in size.

It knows no data set and no layer, so that `models` may use it, too.
"""

import contextlib
import hashlib
import os
import re
import shutil
import sys
import time
from pathlib import Path

from . import _http
from ._http import CutOff, Failed

try:
    import fcntl
except ImportError:  # on Windows each process downloads for itself
    fcntl = None

MOST = 500_000_000  # bytes of a file whose size is not known
ATTEMPTS = 3  # connections, as long as each brings some bytes


class DownloadError(ValueError):
    """A file that cannot be had: one sentence that names its address and what to do."""


def cache_folder(kind):
    """The folder that Keras keeps downloads of one kind in.

    Args:
        kind: "datasets" or "models".

    Returns:
        `$KERAS_HOME/KIND`, or `~/.keras/KIND`; it need not exist.

    Raises:
        DownloadError: If there is neither KERAS_HOME nor a home folder.
    """
    home = os.environ.get("KERAS_HOME") or "~/.keras"
    try:
        return Path(home).expanduser() / kind
    except RuntimeError as error:
        raise DownloadError(
            f"There is no home folder that {home} could stand for; set KERAS_HOME to a folder of your own."
        ) from error


def fetch(address, path, checksum=None, validate=None, most=MOST):
    """Return the path of a file, downloading it if no sound one is there.

    The file takes its name only when it is complete and sound; until then the one that was there
    stays. A part left by an interrupted download is gone on with. Of several processes that want
    the same file one downloads it, and the others wait.

    Args:
        address: An http or https address. Proxies are those of the environment.
        path: Where the file belongs.
        checksum: Its SHA-256 or MD5 in hexadecimal, None where none is published.
        validate: Function of a path that raises a ValueError if that file is not what it should
            be. The name of what it is given ends as that of `path` does.
        most: Bytes that the file may have.

    Returns:
        `path`, as a Path.

    Raises:
        DownloadError: If the file cannot be had, or is not the one that was expected.
    """
    path, wrong = Path(path), None

    def fault(file):
        return _fault(file, checksum, validate, most)

    try:
        if path.is_file():
            wrong = fault(path)
            if wrong is None:
                _tidy(path)
                return path
            print(f"{path} {wrong}; it is fetched again from {address}.", flush=True)
        elif path.exists():
            raise Failed(f"{path} is in its place and is no file", f"move {path} away")
        path.parent.mkdir(parents=True, exist_ok=True)
        with _claim(path, bool(checksum)) as claim:
            # The process that had the claim before may have fetched it
            if not (claim.waited and path.is_file() and fault(path) is None):
                _replace(address, path, claim, fault, most)
        return path
    except Failed as error:
        cause, reason = error, str(error)
        remedy = error.remedy or f"try again later, or fetch it by other means and put it at {path}"
    except OSError as error:
        cause, reason = error, f"{path.parent} cannot be written: {(error.strerror or str(error)).lower()}"
        remedy = "make room or change permissions there, or set KERAS_HOME to a folder of your own"
    kept = f", and the file at {path} {wrong}" if wrong else ""
    raise DownloadError(f"{address} could not be downloaded ({reason}){kept}; {remedy}.") from cause


def _fault(path, checksum, validate, most):
    """What is wrong with a file, in words that follow its name; None if nothing is."""
    try:
        if path.stat().st_size > most:
            return f"has more than the {most:,} bytes that it should have at most"
        if checksum and digest(path, checksum) != checksum:
            return "is not the file that was published (its checksum differs)"
        if validate:
            validate(path)
    except OSError as error:
        return f"cannot be read ({(error.strerror or str(error)).lower()})"
    except ValueError:
        return "is damaged, or not the file that it should be"
    return None


def digest(path, checksum):
    """The checksum of a file, of the kind that `checksum` is, SHA-256 or MD5."""
    kind = {64: "sha256", 32: "md5"}[len(checksum)]
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()


class _Claim:
    """The right to download one file: no other process writes its draft.

    Attributes:
        draft: Where the download is written to.
        waited: Whether another process had the claim first.
        checked: Whether a checksum is compared in the end, so that any draft may be gone on with.
        address, version: Where the draft came from, and what the server calls this version of it,
            "" if it does not say.
    """

    def __init__(self, path, file, waited, checked):
        self.file, self.waited, self.checked, self.address, self.version = file, waited, checked, "", ""
        self.draft = _draft(path) if file else path.with_name(f".part-{os.getpid()}-{path.name}")
        if file:
            self.address, _, version = file.read(10_000).decode("utf-8", "replace").partition("\n")
            self.version = _version(version)

    def note(self, address, version=""):
        """Write down what the draft is, for a process that goes on with it."""
        self.address, self.version = address, version
        if self.file:
            self.file.seek(0)
            self.file.truncate()
            self.file.write(f"{address}\n{version}".encode())
            self.file.flush()

    def size(self):
        """Bytes of the draft that may be gone on with."""
        usable = self.draft.is_file() and (self.checked or self.version)
        return self.draft.stat().st_size if usable else 0


def _draft(path):
    return path.with_name(f".part-{path.name}")


def _lock(path):
    return path.with_name(f".lock-{path.name}")


@contextlib.contextmanager
def _claim(path, checked):
    """Wait for the `_Claim` on a path. A process that ends, even killed, loses its own."""
    waited, seen, since = False, None, time.monotonic()
    while (file := _locked(_lock(path))) is False:
        waited = True
        size = 0
        with contextlib.suppress(FileNotFoundError):  # not begun, or put in its place this moment
            size = _draft(path).stat().st_size
        if size != seen:
            seen, since = size, time.monotonic()
        if time.monotonic() - since > _http.IDLE + _http.GRACE:
            raise Failed("another process has begun to and does not get on", "end that process")
        time.sleep(0.1)
    claim = _Claim(path, file, waited, checked)
    try:
        yield claim
    finally:
        if not file or not claim.size():  # else a later process goes on with the draft
            claim.draft.unlink(missing_ok=True)
            if file:
                _lock(path).unlink(missing_ok=True)
        if file:
            file.close()


def _locked(lock):
    """The file at `lock`, locked; False if another process has it, None where nothing can be locked."""
    if fcntl is None:
        return None
    file = os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(file.fileno()), lock.stat()):
            return file
    except (BlockingIOError, FileNotFoundError):  # the latter where its owner has just removed it
        pass
    except OSError:  # a file system without locks
        file.close()
        return None
    file.close()
    return False


def _tidy(path):
    """Remove what a killed process left beside a sound file."""
    if not (_lock(path).exists() or _draft(path).exists()):
        return
    with contextlib.suppress(OSError):  # a cache that may only be read
        file = _locked(_lock(path))
        if file:
            _draft(path).unlink(missing_ok=True)
            _lock(path).unlink(missing_ok=True)
            file.close()


def _replace(address, path, claim, fault, most):
    """Download a file and put it in its place once it is sound."""
    if claim.address != address or not claim.size():
        claim.draft.unlink(missing_ok=True)
        claim.note(address)
    for _ in range(2):  # if a part that was gone on with was no good, once more from the beginning
        went_on = _receive(address, claim, most)
        wrong = fault(claim.draft)
        if wrong is None:
            with claim.draft.open("rb+") as file:
                os.fsync(file.fileno())
            claim.draft.replace(path)
            return
        came = _what_came(claim.draft, wrong)
        claim.draft.unlink()
        if not went_on:
            break
    raise Failed(came)


def _what_came(file, wrong):
    with file.open("rb") as opened:
        start = opened.read(1000).lstrip().lower()
    if not start:
        return "an empty file came"
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<!--")):
        return "a web page came instead of the file, perhaps the log-in page of a network"
    return f"what came {wrong}"


def _receive(address, claim, most):
    """Bring the draft to its end, in several connections if need be.

    Returns:
        Whether a part that was there was gone on with.
    """
    pace = _http.Pace()
    for attempt in range(ATTEMPTS):
        at, before = claim.size(), pace.bytes
        headers = {"Range": f"bytes={at}-"} if at else {}
        if at and claim.version:
            headers["If-Range"] = claim.version
        try:
            with contextlib.closing(_http.items(address, headers, pace)) as pieces:
                status, answered, length = next(pieces)
                if at and status in (206, 416) and not _goes_on(status, answered, at):
                    claim.draft.unlink()
                    continue
                if status != 200 and not (at and status == 206):
                    raise Failed(f"the server answered {status} where 200 belongs")
                if status == 200:
                    at = 0
                    claim.draft.unlink(missing_ok=True)
                    claim.note(address, _version(answered.get("ETag", "")))
                _write(claim.draft, at, pieces, answered, length, most, pace)
                return bool(at)
        except CutOff:
            if pace.bytes == before or attempt == ATTEMPTS - 1:
                raise
    raise Failed("the server sends parts that do not fit")


def _goes_on(status, headers, at):
    """Whether an answer begins where the draft ends."""
    found = re.match(r"bytes (\d{1,18})-", headers.get("Content-Range", ""))
    packed = headers.get("Content-Encoding", "identity") != "identity"
    return status == 206 and found and int(found[1]) == at and not packed


def _version(tag):
    """What names one version of a file for certain, "" if a server's tag does not."""
    return tag if re.fullmatch(r'"[!#-~]{1,200}"', tag) else ""


def _write(draft, at, pieces, headers, length, most, pace):
    """Write what comes to the draft, from position `at` on."""
    if length is not None:
        _check_room(draft.parent, at, length, most)
    unpack, came, size = _http.unpacker(headers), at, at
    bar = _bar(None if length is None else at + length)
    with draft.open("rb+" if at else "wb") as file:
        file.seek(at)
        for piece in pieces:
            came += len(piece)
            pace.bytes += len(piece)
            for part in unpack(piece):
                size += len(part)
                if size > most:
                    draft.unlink()
                    raise Failed(f"more than the {most:,} bytes came that it should have at most")
                file.write(part)
            if bar and piece:
                bar.update(came)
    if length is not None and came < at + length:
        raise CutOff(f"the connection ended after {came:,} of {at + length:,} bytes")


def _check_room(folder, at, length, most):
    if at + length > most:
        raise Failed(f"the server offers {at + length:,} bytes where it should have at most {most:,}")
    free = shutil.disk_usage(folder).free
    if length > free:
        raise Failed(
            f"it needs {length:,} bytes and {folder} has only {free:,} left",
            "make room there, or set KERAS_HOME to a folder on another disk",
        )


def _bar(total):
    """Keras's progress bar on a terminal, nothing elsewhere."""
    if not sys.stdout.isatty():
        return None
    import keras

    return keras.utils.Progbar(total, unit_name="byte", interval=0.2)
