"""What results folders need of the operating system: exchanging two names in one step, and locks."""

import contextlib
import ctypes
import errno
import functools
import os
import sys
import time

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None

_HERE = -100  # AT_FDCWD: paths are relative to the current folder
_EXCHANGE = 2  # RENAME_EXCHANGE on Linux, RENAME_SWAP on macOS
_CANNOT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
PATIENCE = 60  # seconds to wait for another run that is putting its results in place


def exchange(one, two):
    """Exchange the names of two files or folders in one step.

    Args:
        one: Path of a file or folder.
        two: Path of another, on the same disk.

    Returns:
        Whether it was done; False where the system or the disk cannot do it.

    Raises:
        OSError: If the system refuses.
    """
    sys.audit("tutorials.exchange", str(one), str(two))
    call = _exchange_call()
    if call is None:
        return False
    if call(os.fsencode(one), os.fsencode(two)) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(one), None, str(two))


@functools.cache
def _exchange_call():
    """The system's function of two paths, None where it has none."""
    if sys.platform not in ("linux", "darwin"):
        return None
    library = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        library.renamex_np.argtypes = ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint
        return lambda one, two: library.renamex_np(one, two, _EXCHANGE)
    if not hasattr(library, "renameat2"):
        return None
    library.renameat2.argtypes = (
        ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint,
    )  # fmt: skip
    return lambda one, two: library.renameat2(_HERE, one, _HERE, two, _EXCHANGE)


def take(path, by_process=False):
    """Open a file and lock it until it is closed, or until this process ends, however that ends.

    Args:
        path: The file, which is made if there is none.
        by_process: Whether the lock excludes other processes only; else this process too.

    Returns:
        The open file; None if it is locked already, or the disk has no locks.
    """
    if fcntl is None:  # there an open file cannot be removed
        try:
            path.unlink(missing_ok=True)
        except PermissionError:
            return None
        return path.open("a")
    file = path.open("a")
    try:
        (fcntl.lockf if by_process else fcntl.flock)(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


@contextlib.contextmanager
def alone(folder):
    """Lock a folder, so that no other run replaces results in it meanwhile.

    Raises:
        TimeoutError: If another run holds the lock for a minute.
    """
    opened = None
    if fcntl is not None:
        with contextlib.suppress(PermissionError):
            opened = os.open(folder, os.O_RDONLY)
    try:
        if opened is not None:
            _wait_for(opened)
        yield
    finally:
        if opened is not None:
            os.close(opened)


def _wait_for(opened):
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError(errno.ETIMEDOUT, "another run is putting its results in place") from None
            time.sleep(0.02)
        except OSError:
            return None  # this disk has no locks
