"""What a case does beside computing: memory, files, programs, connections, and what it says."""

import contextlib
import hashlib
import os
import re
import stat
import sys
from pathlib import Path

LONGEST = 3000  # characters of an error's sentence, which may hold a long name
_PROGRAMS = {
    "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn",
    "subprocess.Popen",
}  # fmt: skip
_CONNECTIONS = {
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.bind",
    "urllib.Request",
}
_CHANGES = {
    "os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.setxattr",
    "os.removexattr", "os.symlink", "os.truncate", "os.utime",
}  # fmt: skip
_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_seen = None  # while a case runs, a list of what it did that it may not
_places = ()  # where it may write


def install():
    """Begin to listen; there is no end to it but the process's."""
    sys.addaudithook(_listen)
    for name in ("stat", "lstat"):
        setattr(os, name, _refusing_shares(getattr(os, name)))


@contextlib.contextmanager
def watch(places):
    """Listen to one case.

    Args:
        places: Folders in which it may write.

    Yields:
        A list that fills with what it may not do.
    """
    global _seen, _places
    _places = tuple(map(str, places))
    _seen = seen = []
    try:
        yield seen
    finally:
        _seen = None


def _listen(event, arguments):
    if _seen is None:
        return
    if event in _PROGRAMS:
        _seen.append(f"starts a program: {event} {arguments!r:.300}")
    elif event in _CONNECTIONS:
        _seen.append(f"opens a connection: {event} {arguments!r:.300}")
    elif event == "pickle.find_class":
        _seen.append(f"unpickles: {arguments!r:.300}")
    elif event == "open":
        path, _, flags = arguments
        if isinstance(flags, int) and flags & _WRITE and not isinstance(path, int):
            _check(event, path)
    elif event in _CHANGES:
        both = event in ("os.link", "os.rename")
        folders = arguments[2:] if both else arguments[-1:]
        if event == "os.symlink":
            _check(event, arguments[1], arguments[-1])
        elif event == "os.link":
            _check(event, arguments[1], folders[-1])
        else:
            for path in arguments[: 2 if both else 1]:
                _check(event, path, folders[0] if folders else -1)


def _check(event, path, folder=-1):
    if isinstance(path, int):
        return
    path = os.fsdecode(path)
    if isinstance(folder, int) and folder >= 0 and not os.path.isabs(path):
        path = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), path)
    if path == os.devnull or path.startswith("/dev/shm/"):
        return
    path = os.path.join(os.path.realpath(os.path.dirname(path) or "."), os.path.basename(path))
    if not any(path == place or path.startswith(place + "/") for place in map(os.path.realpath, _places)):
        _seen.append(f"writes where it may not: {event} {path!r:.300}")


def _refusing_shares(look):
    """The same function, but it notices looks at files of other machines."""

    def stat_or_lstat(path, *arguments, **settings):
        if _seen is not None and not isinstance(path, int):
            name = os.fsdecode(path)
            if name.startswith(("//server", "\\\\server")):
                _seen.append(f"looks at a network share: {name!r:.300}")
        return look(path, *arguments, **settings)

    return stat_or_lstat


def status(field):
    """A number of bytes that the system tells of this process."""
    told = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(rf"^{field}:\s*(\d+) kB", told, re.M)[1]) * 1024


def start_peak():
    """Forget the most memory taken so far; returns what is taken now, in bytes."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return status("VmRSS")


def peak():
    """The most memory taken since, in bytes."""
    return status("VmHWM")


def snapshot(folder):
    """All that a folder holds: kind, mode, and content or target of everything in it, by its path."""
    found = {}
    for top, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(top, name)
            about = os.lstat(path)
            content = ""
            if stat.S_ISLNK(about.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(about.st_mode):
                content = _digest(path, about), about.st_mtime_ns
            found[os.path.relpath(path, folder)] = about.st_mode, content
    return found


def _digest(path, about):
    if about.st_blocks == 0 and about.st_size:  # all holes: its size says it all
        return about.st_size
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def changes(before, after):
    """In words, what differs between two snapshots."""
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            how = "is new" if name not in before else "is gone" if name not in after else "is changed"
            yield f"{name!r} {how}: {before.get(name)} {after.get(name)}"


def not_one_sentence(text):
    """What is wrong with an error's text, as a list of failures."""
    wrong = []
    if not text.isprintable():
        wrong.append("has characters that no terminal should get")
    if len(text) > LONGEST:
        wrong.append(f"is longer than {LONGEST:,} characters")
    if not text.strip().endswith((".", ")")):
        wrong.append("does not end as a sentence does")
    return [(f"an error {what}", ascii(text[:LONGEST])) for what in wrong]


def noise(file, refused):
    """What is wrong with what a case wrote to standard error.

    A command that refuses leaves it to its caller to say so, in one sentence. Elsewhere libraries may
    comment, but not at length, and no error of theirs may pass unnoticed.
    """
    told = file.read_text(encoding="utf-8", errors="replace")
    wrong = told if refused else re.search("Traceback|Exception ignored|core dumped", told)
    return [("noise on standard error", told[:LONGEST])] if wrong or len(told) > 5000 else []


def unfit_for_a_terminal(file):
    """What is wrong with what a command printed: control characters, or numbers that are none."""
    told = file.read_bytes().decode("utf-8", errors="replace")
    wrong = [
        line for line in re.split("[\n\t]", told) if not line.isprintable() or re.search(r"\bnan ?%", line)
    ]
    return [("prints what no terminal should get", ascii(wrong[0])[:LONGEST])] if wrong else []
