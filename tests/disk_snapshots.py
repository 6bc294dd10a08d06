"""What a disk holds at every file-system event: this is what a process leaves that is killed there.

SIGKILL lets a process write nothing more, and what it has written is in the system's hands. So the
state after a kill at an event is a snapshot of the disk at that event, and a lesson has to run once
only for all of them.
"""

# Plain calls of os here: it matters which of them does what
# ruff: noqa: PTH100, PTH101, PTH102, PTH115, PTH118, PTH123, PTH208, PTH211

import hashlib
import os
import stat
import sys
import time
from contextlib import contextmanager
from pathlib import Path

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
EVENTS = {
    "open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod", "os.chown",
    "os.truncate", "os.utime", "os.setxattr", "tutorials.exchange",
}  # fmt: skip
_recorders = []
_contents = {}  # by SHA-256, so that a file is in memory once
_by_time = {}  # the same by inode, size and time of the last change


class Snapshot:
    """A folder with all that is in it.

    Attributes:
        event: What was about to happen.
        entries: {relative path: (kind, mode, owner, group, mtime, content, inode)}.
    """

    def __init__(self, top, event=""):
        self.event, self.entries = event, {}
        self._walk(str(top), "")

    def _walk(self, top, inner):
        for name in sorted(os.listdir(os.path.join(top, inner))):
            path = os.path.join(inner, name)
            full = os.path.join(top, path)
            about = os.lstat(full)
            kind, content = stat.S_IFMT(about.st_mode), b""
            if kind == stat.S_IFREG:
                content = _kept(full, about)
            elif kind == stat.S_IFLNK:
                content = os.readlink(full)
            mtime = None if kind == stat.S_IFDIR else about.st_mtime_ns
            self.entries[path] = (
                kind, stat.S_IMODE(about.st_mode), about.st_uid, about.st_gid, mtime, content, about.st_ino,
            )  # fmt: skip
            if kind == stat.S_IFDIR:
                self._walk(top, path)

    def halved(self, before):
        """Copies of this snapshot in which a file that was just written is there by half."""
        known = {(entry[6], entry[5]) for entry in before.entries.values()}
        for path, entry in self.entries.items():
            if entry[0] == stat.S_IFREG and entry[5] and (entry[6], entry[5]) not in known:
                copy = Snapshot.__new__(Snapshot)
                copy.event = f"{path} is being written, before {self.event}"
                half = _interned(entry[5][: len(entry[5]) // 2])
                copy.entries = self.entries | {path: (*entry[:5], half, entry[6])}
                yield copy

    def put(self, top):
        """Make a folder of this."""
        top, made = str(top), {}
        for path, (kind, mode, _, _, mtime, content, inode) in self.entries.items():
            full = os.path.join(top, path)
            if inode in made and kind != stat.S_IFDIR:
                os.link(made[inode], full, follow_symlinks=False)
                continue
            made[inode] = full
            if kind == stat.S_IFDIR:
                os.mkdir(full)
            elif kind == stat.S_IFREG:
                with open(full, "wb") as file:
                    file.write(content)
            elif kind == stat.S_IFLNK:
                os.symlink(content, full)
            else:
                os.mknod(full, kind | mode)
            if kind != stat.S_IFLNK:
                os.chmod(full, mode)
            if mtime is not None:
                os.utime(full, ns=(mtime, mtime), follow_symlinks=False)

    def __eq__(self, other):
        return self.entries == other.entries

    __hash__ = None


def _kept(path, about):
    """A file's content, read anew unless it was last written long enough ago to have another time then."""
    key = about.st_ino, about.st_size, about.st_mtime_ns, about.st_dev
    if time.time_ns() - about.st_mtime_ns < 10**8 or key not in _by_time:
        with open(path, "rb") as file:
            _by_time[key] = _interned(file.read())
    return _by_time[key]


def _interned(content):
    return _contents.setdefault(hashlib.sha256(content).digest(), content)


class Recorder:
    """Takes a snapshot of a folder before each event in it."""

    def __init__(self, top):
        self.top, self.snapshots, self._busy = os.path.realpath(top), [], False

    def see(self, event, arguments):
        if self._busy or event not in EVENTS or not self._concerns(event, arguments):
            return
        self._busy = True
        try:
            self.add(f"{event} {' '.join(str(each) for each in arguments[:2])}")
        finally:
            self._busy = False

    def _concerns(self, event, arguments):
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITES):
            return False
        paths = [each for each in arguments if isinstance(each, (str, bytes, os.PathLike))]
        if any(os.path.abspath(os.fsdecode(each)).startswith(self.top) for each in paths):
            return True
        return event != "open" and any(isinstance(each, int) and each > 2 for each in arguments)

    def add(self, event):
        now = Snapshot(self.top, event)
        if not self.snapshots or now != self.snapshots[-1]:
            before = self.snapshots[-1] if self.snapshots else now
            self.snapshots += [*now.halved(before), now]


def _hook(event, arguments):
    for recorder in _recorders:
        recorder.see(event, arguments)


_hooked = []


@contextmanager
def listening(recorder):
    """Let a recorder see the events of the block."""
    if not _hooked:
        sys.addaudithook(_hook)  # it cannot be taken away again
        _hooked.append(True)
    _recorders.append(recorder)
    try:
        yield
    finally:
        _recorders.remove(recorder)


@contextmanager
def recorded(top):
    """Record what is in a folder at every event of the block, and at its end."""
    recorder = Recorder(top)
    with listening(recorder):
        yield recorder.snapshots
    recorder.add("the end")


def put_users_things(folder):
    """Put one of each kind of thing into a folder that a user may have there."""
    folder = Path(folder)
    (folder / "notes.txt").write_text("mine")
    os.utime(folder / "notes.txt", ns=(10**18, 10**18))
    (folder / "notes.txt").chmod(0o640)
    (folder / "secret").write_text("mine too")
    (folder / "secret").chmod(0)
    os.link(folder / "notes.txt", folder / "same notes")
    os.symlink("nowhere at all", folder / "broken link")
    os.symlink("/etc", folder / "linked folder")
    os.symlink("notes.txt", folder / "linked file")
    os.mkfifo(folder / "pipe")
    os.mknod(folder / "socket", stat.S_IFSOCK | 0o600)
    (folder / "photos" / "inner").mkdir(parents=True)
    (folder / "photos" / "inner" / "1.jpg").write_bytes(b"photo")
    os.symlink("..", folder / "photos" / "up")
    (folder / "photos").chmod(0o750)
    (folder / ".hidden").write_text("mine")
    (folder / os.fsdecode(b"caf\xe9")).write_text("mine")


def things_in(folder, inodes=True):
    """{name: what it is} of all in a folder, to the inode."""
    return {name: entry if inodes else entry[:-1] for name, entry in Snapshot(folder).entries.items()}
