"""A lesson's results folder: which files in it a run made, and which folders are refused.

Each folder that a lesson makes has a marker, which lists the files that the run made, with their checksums.
What is not listed, or has changed since, is the user's.
"""

import contextlib
import json
import os
import stat
from dataclasses import asdict, dataclass, field
from hashlib import file_digest
from pathlib import Path

from tutorials.lesson.command import LessonError

from datasets.files.names import cut, shown
from datasets.sources import MARKER, OLD_MARKER

BEGUN = MARKER + ".draft"  # a marker that is being written
MADE_BY = "Glass Zoo"
LARGEST = 1_000_000  # bytes of a marker
MOMENT = 60  # seconds within which an earlier version wrote its files and then their list
LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}  # which file managers write into folders


@contextlib.contextmanager
def writing(path):
    """Turn an error of the disk into one sentence that names the file or folder."""
    try:
        yield
    except OSError as error:
        raise LessonError(
            f"{shown(path)} cannot be written ({(error.strerror or str(error)).lower()}); free some space "
            "there, or name another folder with outputs=."
        ) from error


@dataclass(frozen=True)
class Marker:
    """What the marker of a folder records.

    Attributes:
        lesson: The lesson that made the folder.
        kind: "complete" for results, "model" for those of a run that was stopped after it saved its model,
            "draft" or "placing" for a draft, "unfinished" for what `resume=True` goes on with.
        run: A random identifier of the run.
        files: {name: SHA-256 in hexadecimal} of the files that the run made; None where it is unknown.
        folder: Of a draft: name of the folder that its results are for.
        modes: Of a draft: {name: mode} of the user's folders that are being moved.
    """

    lesson: str
    kind: str
    run: str = ""
    files: dict = field(default_factory=dict)
    folder: str = ""
    modes: dict = field(default_factory=dict)


def write_marker(folder, marker, into=None):
    """Write a folder's marker; a process that is killed meanwhile leaves the old one or the new one."""
    begun = folder / BEGUN
    with begun.open("w", encoding="ascii") as file:
        json.dump({"made_by": MADE_BY} | asdict(marker), file, indent=1)
        if marker.kind in ("complete", "model"):  # a power cut must not lose these
            file.flush()
            os.fsync(file.fileno())
    begun.replace((into or folder) / MARKER)


def read_marker(folder):
    """A folder's `Marker`; None if it has none, or an invalid one."""
    record = _read_json(folder / MARKER)
    if record is None:
        return _read_old_marker(folder)
    texts = (record.get(name) for name in ("lesson", "kind", "run", "folder"))
    files, modes = record.get("files"), record.get("modes")
    if (
        record.pop("made_by", None) != MADE_BY
        or set(record) != set(Marker.__dataclass_fields__)
        or not all(isinstance(text, str) for text in texts)
        or not isinstance(files, dict)
        or not isinstance(modes, dict)
        or not all(map(_is_name, [*files, *modes, record["folder"] or "-"]))
        or not all(mark is None or isinstance(mark, str) for mark in files.values())
        or not all(isinstance(mode, int) for mode in modes.values())
    ):
        return None
    return Marker(**record)


def _read_old_marker(folder):
    """The marker that earlier versions wrote: a list of names, without checksums."""
    record = _read_json(folder / "metrics.json")
    content = read_whole(folder / OLD_MARKER)
    if record is None or content is None or not isinstance(record.get("lesson"), str):
        return None
    try:
        names = [name for name in content.decode("utf-8").split("\n") if name]
    except UnicodeDecodeError:
        return None
    if "metrics.json" not in names or not all(map(_is_name, names)):
        return None
    return Marker(record["lesson"], "complete", files=dict.fromkeys([*names, OLD_MARKER]))


def _is_name(name):
    return isinstance(name, str) and name not in ("", ".", "..") and not set(name) & {"/", "\\", "\0"}


def _open(path):
    """Open a file to read; None if it is no regular file. Links are not followed, pipes not waited for."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    if not os.path.lexists(path) or not stat.S_ISREG(path.lstat().st_mode):
        return None
    return os.fdopen(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb")


def read_whole(path):
    """The content of a small file; None where there is no regular file."""
    file = _open(path)
    if file is None:
        return None
    with file:
        return file.read(LARGEST)


def _read_json(path):
    """The dictionary that a file holds, or None."""
    try:
        record = json.loads(read_whole(path) or b"")
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _is_whole(folder, name, mark):
    """Whether a file is unchanged since the run."""
    path = folder / name
    if mark is None:  # no checksum: at least it is no newer than the list
        if not os.path.lexists(path) or not stat.S_ISREG(path.lstat().st_mode):
            return False
        return path.lstat().st_mtime <= (folder / OLD_MARKER).lstat().st_mtime + MOMENT
    try:
        file = _open(path)
    except PermissionError:
        return False
    if file is None:
        return False
    with file:
        return file_digest(file, "sha256").hexdigest() == mark


def user_files(folder, marker):
    """Names in a folder that are the user's: all but the unchanged files of the run."""
    names = sorted(os.listdir(folder))  # noqa: PTH208 (names, not paths)
    if marker is None:
        return names
    files = marker.files
    return [
        name
        for name in names
        if name != MARKER and not (name in files and _is_whole(folder, name, files[name]))
    ]


def is_complete(folder, marker):
    """Whether all files that a marker lists are there, unchanged."""
    return all(_is_whole(folder, name, mark) for name, mark in marker.files.items())


def free_name(name, *folders):
    """A name that is not taken in any of the folders: "notes.txt", else "notes-2.txt" and so on."""
    path, number, found = Path(name), 1, name
    while any(os.path.lexists(folder / found) for folder in folders):
        number += 1
        found = f"{path.stem}-{number}{path.suffix}"
    return found


def digest(path):
    """SHA-256 of a file, after it has been written to the disk."""
    with path.open("rb") as file:
        with contextlib.suppress(OSError):  # some systems want it open for writing
            os.fsync(file.fileno())
        return file_digest(file, "sha256").hexdigest()


# Which folders and settings are refused


def real_folder(folder):
    """Where results go: the folder itself, or the one that a link in its place points to.

    Raises:
        LessonError: If a link leads nowhere.
    """
    real = Path(os.path.realpath(folder))
    with writing(folder):  # such as a name that is too long
        linked = folder.is_symlink()
    if linked and not real.is_dir() and not real.is_file():
        raise LessonError(
            f"{shown(folder)} is a link to {shown(folder.readlink())}, where there is no folder; make that "
            "folder, or remove the link."
        )
    return real


def check_folder(folder, lesson, name=None, changes=False):
    """Refuse a results folder in which a run would replace files that no run made.

    Args:
        folder: The folder itself; it need not exist.
        lesson: Whose results it should hold.
        name: Its name in messages.
        changes: Whether files that the user changed are accepted; they are kept as the user's.

    Raises:
        LessonError: If it is no folder, may not be written, holds the user's files but no marker or
            one of another lesson, or a file that the user changed.
        OSError: If it cannot be read.
    """
    name = shown(name or folder)
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise NotADirectoryError(0, "a file is in its place")
    if os.path.ismount(folder):
        raise LessonError(
            f"{name} is a disk of its own, which cannot be replaced as a whole; name a folder on it with "
            "outputs=."
        )
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError(0, "permission denied")
    if hasattr(os, "geteuid") and os.geteuid() not in (0, folder.stat().st_uid):
        raise LessonError(f"{name} belongs to another user; name another folder with outputs=.")
    marker = read_marker(folder)
    found = user_files(folder, marker)
    if marker is None or marker.kind not in ("complete", "model"):
        if strange := [each for each in found if each not in LITTER]:
            raise LessonError(
                f"{name} holds what no run of {lesson} made, such as {shown(strange[0])}; move it, or name "
                "another folder with outputs=."
            )
        return
    if marker.lesson != lesson:
        raise LessonError(
            f"{name} holds results of {shown(cut(marker.lesson, 80))}, which {lesson} does not replace; "
            "move them, or name another folder with outputs=."
        )
    if not changes and (changed := [each for each in found if each in marker.files]):
        raise LessonError(
            f"{name}/{shown(changed[0])} was changed since {lesson} made it; move it to keep it, or name "
            "another folder with outputs=."
        )


def check_inputs(folder, name, settings):
    """Refuse settings that name something inside the folder that the run replaces.

    Args:
        folder: The results folder.
        name: Its name in messages.
        settings: {name: value}.

    Raises:
        LessonError: Names the setting.
    """
    given = [
        (f"{key}=", each)
        for key, value in settings.items()
        if key != "outputs"
        for each in (value if isinstance(value, tuple) else [value])
    ]
    for key, value in [*given, ("GLASS_ZOO_DATA=", os.environ.get("GLASS_ZOO_DATA", ""))]:
        if not isinstance(value, (str, Path)) or not str(value) or not os.path.lexists(value):
            continue
        if Path(os.path.realpath(value)).is_relative_to(folder):
            raise LessonError(
                f'{key}"{shown(value)}" lies in {shown(name)}, which this run replaces; move it elsewhere, '
                "or name another folder with outputs=."
            )
