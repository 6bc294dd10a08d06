"""Bugs that are planted to see that the runner notices them."""

import ctypes
import os
import subprocess
import sys
import time
from pathlib import Path


class DataError(ValueError):
    """Passes for the project's own."""


DataError.__module__ = "datasets.planted"


def _good(random, folder):
    (folder / "input.txt").write_text("good")
    return folder / "input.txt"


def _fine(path, _):
    """Refuses what is not good, as a loader should."""
    if path.read_bytes() != b"good":
        raise DataError(f"{path.name} is not good; name another.")


def _raises(path, _):
    """Raises what a loader with a bug raises."""
    return [][len(path.name)]


def _hangs(path, _):
    time.sleep(1000)


def _is_slow(path, _):
    begin = time.process_time()
    while time.process_time() < begin + LIMIT + 0.1:
        pass


def _allocates(path, _):
    len(bytes(80_000_000).replace(b"\0", b"1"))


def _dies(path, _):
    ctypes.string_at(0)


def _leaves(path, _):
    os._exit(0)


def _deletes(path, _):
    path.unlink()


def _changes(path, _):
    path.write_text("food")


def _writes(path, outputs):
    (path.parents[1] / "escaped").mkdir()


def _leaves_a_file(path, outputs):
    import tempfile

    with tempfile.NamedTemporaryFile(delete=False):
        pass


def _starts(path, _):
    subprocess.run([sys.executable, "-c", "pass"], check=False)


def _says_two_lines(path, _):
    raise DataError("One line\nand another.")


def _is_noisy(path, _):
    print("Traceback", file=sys.stderr)


def _looks_at_a_share(path, _):
    Path("//server/share/x").exists()


LIMIT = 0.4  # seconds
# What is planted, and what the runner is to call it
BUGS = {
    "fine": (_fine, None),
    "raises": (_raises, "IndexError in planted.py, _raises"),
    "hangs": (_hangs, "hangs"),
    "is slow": (_is_slow, "slow"),
    "allocates": (_allocates, "memory"),
    "dies": (_dies, "dies of SIGSEGV"),
    "leaves": (_leaves, "dies of exit 0"),
    "deletes": (_deletes, "changes its input"),
    "changes": (_changes, "changes its input"),
    "writes": (_writes, "writes where it may not"),
    "leaves a file": (_leaves_a_file, "leaves files in tmp"),
    "starts": (_starts, "starts a program"),
    "says two lines": (_says_two_lines, "an error has characters that no terminal should get"),
    "is noisy": (_is_noisy, "noise on standard error"),
    "looks at a share": (_looks_at_a_share, "looks at a network share"),
}


def targets(target):
    """The table's lines of them."""
    return {
        f"planted: {name}": target("planted", _good, use, seconds=LIMIT, megabytes=50)
        for name, (use, _) in BUGS.items()
    }
