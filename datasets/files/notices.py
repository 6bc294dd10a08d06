"""Warnings that image libraries write to the terminal while they read: held back and counted.

Libraries such as libtiff and libjpeg write directly to file descriptor 2, which Python cannot redirect, and
Pillow warns. While photos are read, file descriptor 2 is a pipe, and Python's own `sys.stderr` still writes
to its former target: errors and tracebacks are never held back.
"""

import contextlib
import io
import os
import sys
import threading
import warnings
from pathlib import PurePath

_PIPE = 1 << 20  # bytes; libraries that write more before it is read lose the rest, and never wait
_lock = threading.RLock()  # the garbage collector may close a reader while it is held
_readers = 0  # how many are reading photos
_hold = None
_count, _more = 0, False


@contextlib.contextmanager
def held():
    """Hold back what image libraries write: a context to be entered outside of threads, also several times.

    Yields:
        None.

    Example:
        >>> import os
        >>> from datasets.files import notices
        >>> with notices.held():
        ...     _ = os.write(2, b"a warning of a library\\n")
        >>> notices.take()
        (1, False)
    """
    global _readers, _hold
    with _lock:
        _readers += 1
        if _hold is None:
            _hold = _Hold()
    try:
        yield
    finally:
        with _lock:
            _readers -= 1
            if not _readers:
                _hold.close()
                _hold = None


def drain():
    """Count what has been written. To be called regularly, so that the pipe does not fill up.

    Example:
        >>> from datasets.files import notices
        >>> notices.drain()
    """
    with _lock:
        if _hold:
            _hold.drain()


def take():
    """How many notices were held back since the last call, and whether there were more than could be counted.

    Returns:
        `(count, more)`: a number of lines, and a bool.

    Example:
        >>> from datasets.files import notices
        >>> notices.take()
        (0, False)
    """
    global _count, _more
    drain()
    with _lock:
        found = _count, _more
        _count, _more = 0, False
    return found


def taken():
    """A sentence that says how many notices were held back since the last call.

    Returns:
        A list with this sentence; empty if there were no notices.

    Example:
        >>> from datasets.files import notices
        >>> notices.taken()
        []
    """
    count, more = take()
    if not count:
        return []
    what = (
        "1 notice of the image libraries was"
        if count == 1
        else f"{count:,} notices of the image libraries were"
    )
    return [f"{'More than ' * more}{what} held back."]


def say(file=None):
    """Print how many notices were held back since the last call, if there were any.

    Args:
        file: Where to print; standard output by default.

    Example:
        >>> from datasets.files import notices
        >>> notices.say()
    """
    for line in taken():
        print(line, file=file, flush=True)


class _Hold:
    """File descriptor 2 turned into a pipe, and Pillow's warnings into a count, until `close`."""

    def __init__(self):
        self._pipe = self._terminal = self._stream = None
        self._room, self._in_line = 1 << 16, False
        with contextlib.suppress(OSError, ValueError, AttributeError):
            self._turn()
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        warnings.filterwarnings("always", module=r"PIL(\.|$)")
        # The garbage collector may close other files while Pillow runs: that says nothing about photos
        warnings.filterwarnings("ignore", category=ResourceWarning, module=r"PIL(\.|$)")
        self._show = warnings.showwarning
        warnings.showwarning = self._showwarning

    def _turn(self):
        terminal = os.dup(2)  # fails where there is no standard error, which then needs no pipe
        read, write = os.pipe()
        try:
            # Libraries must never wait for a reader that waits for them: what does not fit in is lost
            for end in read, write:
                os.set_blocking(end, False)
        except (OSError, AttributeError):  # on Windows before Python 3.12: held back, not counted
            os.close(write)
            write = os.open(os.devnull, os.O_WRONLY)
        with contextlib.suppress(ImportError, OSError, AttributeError):
            import fcntl

            self._room = fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, _PIPE)
        if sys.stderr is not None and _descriptor(sys.stderr) == 2:
            sys.stderr.flush()
            self._stream = sys.stderr
            sys.stderr = io.TextIOWrapper(
                os.fdopen(os.dup(terminal), "wb", 0),
                encoding=self._stream.encoding,
                errors=self._stream.errors,
                line_buffering=True,
                write_through=True,
            )
            self._instead = sys.stderr
        os.dup2(write, 2)
        os.close(write)
        self._terminal, self._pipe = terminal, read

    def _showwarning(self, message, category, filename, *arguments, **options):
        global _count
        if "PIL" in PurePath(filename).parts:
            with _lock:
                _count += 1
        else:
            self._show(message, category, filename, *arguments, **options)

    def drain(self):
        global _count, _more
        size = 0
        while self._pipe is not None:
            try:
                content = os.read(self._pipe, 1 << 16)
            except BlockingIOError:
                break
            if not content:
                break
            _count += content.count(b"\n")
            self._in_line = not content.endswith(b"\n")
            size += len(content)
        _more |= size > self._room // 2  # a pipe is full before all its pages are

    def close(self):
        global _count
        warnings.showwarning = self._show
        self._warnings.__exit__(None, None, None)
        if self._terminal is None:
            return
        os.dup2(self._terminal, 2)
        os.close(self._terminal)
        self.drain()
        _count += self._in_line
        os.close(self._pipe)
        if self._stream is not None and sys.stderr is self._instead:
            sys.stderr = self._stream


def _descriptor(stream):
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return stream.fileno()
    return None
