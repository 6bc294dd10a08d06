"""Downloads of data and weights: checked before a file gets its name, limited in time and size.

This module knows no data set and no layer, so that `models` can use it, too.
"""

import contextlib
import hashlib
import os
import re
import shutil
import sys
from pathlib import Path

from . import _http
from ._claims import claim_on, tidy, version_of
from ._http import CutOff, Failed

MOST = 500_000_000  # bytes of a file whose size is not known
ATTEMPTS = 3  # connections, as long as each of them delivers some bytes


class DownloadError(ValueError):
    """A file that cannot be downloaded: one sentence that names its address and says what to do."""


def cache_folder(kind):
    """The folder in which Keras keeps downloads of one kind.

    Args:
        kind: "datasets" or "models".

    Returns:
        `$KERAS_HOME/KIND`, or `~/.keras/KIND`; it need not exist.

    Raises:
        DownloadError: If there is neither KERAS_HOME nor a home folder.

    Example:
        >>> from datasets.files.download import cache_folder
        >>> cache_folder("datasets").name
        'datasets'
    """
    home = os.environ.get("KERAS_HOME") or "~/.keras"
    try:
        return Path(home).expanduser() / kind
    except RuntimeError as error:
        raise DownloadError(
            f"There is no home folder for {home}; set KERAS_HOME to a folder of your own."
        ) from error


def fetch(address, path, checksum=None, validate=None, most=MOST):
    """Download a file, if it is not there yet or is damaged.

    The file gets its name only when it is complete and checked; until then an older one stays. An
    interrupted download is resumed. Of several processes that want the same file one downloads it,
    and the others wait.

    Args:
        address: An http or https address. Proxies are those of the environment.
        path: Where to put the file.
        checksum: Its SHA-256 or MD5 in hexadecimal, None where none is published.
        validate: Function of a path that raises a ValueError if that file is not what it should
            be. The name of its argument ends as that of `path` does.
        most: Bytes that the file may have.

    Returns:
        `path`, as a `Path`.

    Raises:
        DownloadError: If the file cannot be downloaded, or is not the one that was expected.

    Example:
        >>> import hashlib, pathlib, tempfile
        >>> from datasets.files.download import fetch
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "greeting.txt")
        ...     _ = file.write_bytes(b"hello")  # it is there, so that nothing is downloaded
        ...     checksum = hashlib.sha256(b"hello").hexdigest()
        ...     fetch("https://example.com/greeting.txt", file, checksum).name
        'greeting.txt'
    """
    path, wrong = Path(path), None

    def fault(file):
        return _fault(file, checksum, validate, most)

    try:
        if path.is_file():
            wrong = fault(path)
            if wrong is None:
                tidy(path)
                return path
            print(f"{path} {wrong}; it is downloaded again from {address}.", flush=True)
        elif path.exists():
            raise Failed(f"{path} is there and is no file", f"move {path} away")
        path.parent.mkdir(parents=True, exist_ok=True)
        with claim_on(path, bool(checksum)) as claim:
            # The process that had the claim before may have downloaded it
            if not (claim.waited and path.is_file() and fault(path) is None):
                _replace(address, path, claim, fault, most)
        return path
    except Failed as error:
        cause, reason = error, str(error)
        remedy = error.remedy or f"try again later, or download it by other means and put it at {path}"
    except OSError as error:
        cause, reason = error, f"{path.parent} cannot be written: {(error.strerror or str(error)).lower()}"
        remedy = "make room or change permissions there, or set KERAS_HOME to a folder of your own"
    kept = f", and the file at {path} {wrong}" if wrong else ""
    raise DownloadError(f"{address} could not be downloaded ({reason}){kept}; {remedy}.") from cause


def _fault(path, checksum, validate, most):
    """What is wrong with a file, as the end of a sentence; None if nothing is."""
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
    """The checksum of a file.

    Args:
        path: Of the file.
        checksum: A checksum of the kind that is wanted, SHA-256 or MD5, in hexadecimal.

    Returns:
        The checksum in hexadecimal.

    Example:
        >>> import pathlib, tempfile
        >>> from datasets.files.download import digest
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "empty")
        ...     file.touch()
        ...     digest(file, "0" * 32)  # of 32 digits: MD5
        'd41d8cd98f00b204e9800998ecf8427e'
    """
    kind = {64: "sha256", 32: "md5"}[len(checksum)]
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()


def _replace(address, path, claim, fault, most):
    """Download a file and give it its name once it is complete and checked."""
    if claim.address != address or not claim.size():
        claim.draft.unlink(missing_ok=True)
        claim.note(address)
    for _ in range(2):  # if a resumed download is damaged, once more from the beginning
        resumed = _receive(address, claim, most)
        wrong = fault(claim.draft)
        if wrong is None:
            with claim.draft.open("rb+") as file:
                os.fsync(file.fileno())
            claim.draft.replace(path)
            return
        came = _what_came(claim.draft, wrong)
        claim.draft.unlink()
        if not resumed:
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
    """Complete the draft, in several connections if necessary.

    Returns:
        Whether an earlier download was resumed.
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
                if at and status in (206, 416) and not _resumes(status, answered, at):
                    claim.draft.unlink()
                    continue
                if status != 200 and not (at and status == 206):
                    raise Failed(f"the server answered {status} instead of 200")
                if status == 200:
                    at = 0
                    claim.draft.unlink(missing_ok=True)
                    claim.note(address, version_of(answered.get("ETag", "")))
                _write(claim.draft, at, pieces, answered, length, most, pace)
                return bool(at)
        except CutOff:
            if pace.bytes == before or attempt == ATTEMPTS - 1:
                raise
    raise Failed("the server sends parts that do not fit together")


def _resumes(status, headers, at):
    """Whether a response begins where the draft ends."""
    found = re.match(r"bytes (\d{1,18})-", headers.get("Content-Range", ""))
    packed = headers.get("Content-Encoding", "identity") != "identity"
    return status == 206 and found and int(found[1]) == at and not packed


def _write(draft, at, pieces, headers, length, most, pace):
    """Write a response to the draft, from position `at` on."""
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
