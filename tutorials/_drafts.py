"""A run's draft, and how its results get in the place of old ones.

A run writes into a hidden folder beside the results:

    outputs/.digits-draft-k2x9qw1z/    a marker, and a lock for as long as the run lives
        results/                       becomes outputs/digits, with a marker that lists its files
        scratch/                       whatever the run needs meanwhile
        old/                           the old results, where names cannot be exchanged in one step

Only files that a marker lists, and that still are as the run left them, are ever removed. A process
can be killed between any two steps here: `restore` tells from the markers how far it came.
"""

import contextlib
import json
import os
import secrets
import shutil
import stat
import sys
import tempfile
import weakref
from dataclasses import replace
from pathlib import Path

from tutorials._command import LessonError

from datasets._photo_layout import shown
from datasets._source import MARKER
from tutorials._exchange import alone, exchange, take
from tutorials._results import (
    BEGUN,
    MADE_BY,
    Marker,
    check_folder,
    check_inputs,
    digest,
    free_name,
    is_complete,
    read_marker,
    read_whole,
    real_folder,
    theirs,
    write_marker,
    writing,
)

DRAFT, KEPT, UNFINISHED = "-draft-", "-kept", "-unfinished"  # what names of folders get
NEW, OLD, SCRATCH, LOCK = "results", "old", "scratch", "lock"  # in a draft


class Draft:
    """The hidden folder that a run writes into.

    If the run does not come to its end, the draft goes when this object does; a trained model
    that is in it is kept in a folder of its own.

    Args:
        shown_folder: The results folder, as the user names it.
        lesson: The lesson's name.
        settings: {name: value} of the run, none of which may name what it replaces.

    Attributes:
        folder: The results folder itself.
        home: The draft's folder.
        results: Where files of the run are written.
        scratch: A folder for what the run needs meanwhile.

    Raises:
        LessonError: If the results folder cannot be used.
    """

    def __init__(self, shown_folder, lesson, settings):
        self.lesson, self.shown_folder = lesson, shown_folder
        self.folder = real_folder(shown_folder)
        parent = self.folder.parent
        with writing(shown_folder):
            parent.mkdir(parents=True, exist_ok=True)
            with alone(parent):
                recover(parent, lesson)
                check_folder(self.folder, lesson, shown_folder)
                check_inputs(self.folder, shown_folder, settings)
                self.home = Path(tempfile.mkdtemp(prefix=f".{lesson}{DRAFT}", dir=parent))
                self._held, self.run = [], secrets.token_hex(8)
                self._clean_up = weakref.finalize(self, _abandon, self.home, self._held, os.getpid())
                write_marker(self.home, Marker(lesson, "draft", self.run, folder=self.folder.name))
                self._held.append(take(self.home / LOCK))
                self.results, self.scratch = self.home / NEW, self.home / SCRATCH
                self.results.mkdir()
                if self.folder.is_dir():
                    _make_alike(self.folder, self.results)

    def save(self, kind):
        """List the files that are there, so that they are kept whatever comes.

        Args:
            kind: "model", or "complete" when all results are there.
        """
        with writing(self.shown_folder):
            names = [file.name for file in self.results.iterdir() if file.name not in (MARKER, BEGUN)]
            files = {name: digest(self.results / name) for name in sorted(names)}
            write_marker(self.results, Marker(self.lesson, kind, self.run, files))

    def place(self):
        """Replace the old results by the new ones.

        Raises:
            LessonError: If that is not possible; it says where the new results are.
        """
        with writing(self.shown_folder), alone(self.home.parent):
            place(self.home)
            self._clean_up.detach()
            _release(self._held)
            remove(self.home)


def _release(held):
    for lock in held:
        if lock:
            lock.close()


def _abandon(home, held, process):
    """What is done with the draft of a run that does not come to its end."""
    if os.getpid() != process or not home.is_dir():  # a forked child ends before its parent
        return
    try:
        with alone(home.parent):
            _release(held)
            restore(home, file=sys.stderr)
    except (OSError, LessonError) as error:
        print(f"{shown(home)} could not be removed: {error}", file=sys.stderr)


# New results in place of old ones


def place(home):
    """Exchange a draft's results, which are complete, with the old ones.

    Raises:
        LessonError: If that is not possible: then the old results are as they were, and the new
            ones are kept in a folder that the message names.
    """
    marker = read_marker(home)
    folder, new = home.with_name(marker.folder), home / NEW
    try:
        write_marker(home, replace(marker, kind="placing"))
        if not os.path.lexists(folder):
            new.rename(folder)
            return
        if folder.is_symlink():
            raise NotADirectoryError(0, "a link is in its place")
        check_folder(folder, marker.lesson, changes=True)
        _make_alike(folder, new)
        _give_way(folder, new)
        _link_theirs(folder, new)
        _upgrade(home, folder)
        old = _swap(home, folder, new)
        try:
            _move_theirs(home, old, folder)
        except OSError:
            _swap_back(home, folder, old)
            raise
    except (OSError, LessonError) as error:
        why = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
        name, why = shown(_readable(folder)), why.rstrip(".")
        if _run_of(folder) == marker.run:
            raise LessonError(
                f"{name} could not be replaced as a whole ({why}); what is not in it is in {shown(home)}."
            ) from error
        raise LessonError(
            f"{name} could not be replaced ({why}): the new results are in {shown(_readable(keep(home)))}, "
            "and nothing else has changed."
        ) from error
    with contextlib.suppress(OSError):  # if something is in it that came this moment, the next run moves it
        _remove_old(old)


def _make_alike(folder, new):
    """Give the new folder the old one's owner, mode and the like."""
    about, own = folder.stat(), new.stat()
    if hasattr(os, "chown") and (about.st_uid, about.st_gid) != (own.st_uid, own.st_gid):
        os.chown(new, about.st_uid, about.st_gid)
    shutil.copystat(folder, new)
    if not os.access(new, os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError(0, "permission denied")


def _give_way(folder, new):
    """Rename new files whose names are taken by the user's."""
    marker = read_marker(new)
    old = read_marker(folder)
    files, taken = dict(marker.files), []
    for name in theirs(folder, old):
        if name in files:
            other = free_name(name, folder, new)
            _link(new / name, new / other) or shutil.copy2(new / name, new / other)
            files[other] = files.pop(name)
            taken.append(name)
            print(f"{shown(_readable(folder / name))} is yours and stays; the new one is {shown(other)}.")
    if taken:
        write_marker(new, replace(marker, files=files))
        for name in taken:
            (new / name).unlink()


def _link(source, target):
    """Make a further name for a file, a link, a pipe; whether that was possible."""
    try:
        os.link(source, target, follow_symlinks=False)
    except (OSError, NotImplementedError):
        return False
    return True


def _link_theirs(folder, new):
    """The user's files in the new folder too, so that they are there at every moment."""
    for name in theirs(folder, read_marker(folder)):
        if not stat.S_ISDIR((folder / name).lstat().st_mode):
            _link(folder / name, new / name)


def _upgrade(home, folder):
    """Write down what is in results of an earlier version, since they are removed one by one."""
    marker = read_marker(folder)
    if marker and None in marker.files.values():
        own = set(marker.files) - set(theirs(folder, marker))
        files = {name: digest(folder / name) for name in sorted(own) if os.path.lexists(folder / name)}
        write_marker(home, replace(marker, files=files, run="earlier"), into=folder)


def _swap(home, folder, new):
    """Put the new folder in the old one's place; returns where the old one is now."""
    if exchange(new, folder):
        return new
    old = home / OLD
    folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    return old


def _swap_back(home, folder, old):
    """As it was before `_swap`, whatever of the user's was moved already."""
    _move_theirs(home, folder, old)
    if old.name == NEW:
        exchange(old, folder)
    else:
        folder.rename(home / NEW)
        old.rename(folder)


def _move_theirs(home, source, target):
    """Move the user's files and folders from one results folder to the other."""
    for name in theirs(source, read_marker(source)):
        _move(home, source / name, target)


def _move(home, path, target):
    about = path.lstat()
    other = target / path.name
    if os.path.lexists(other):
        if os.path.samestat(about, other.lstat()):  # a further name of the same file
            path.unlink()
            return
        other = target / free_name(path.name, target)
        print(f"{shown(_readable(target / path.name))} is there already; what had its name is {other.name}.")
    try:
        path.rename(other)
    except PermissionError:  # a folder that may not be written may not be moved either
        if not stat.S_ISDIR(about.st_mode):
            raise
        marker, mode = read_marker(home), stat.S_IMODE(about.st_mode)
        write_marker(home, replace(marker, modes=marker.modes | {path.name: mode}))
        try:
            path.chmod(mode | stat.S_IRWXU)
            path.rename(other)
        finally:
            (other if os.path.lexists(other) else path).chmod(mode)
            write_marker(home, marker)


def _reset_modes(home, marker, *folders):
    """Undo what a kill in the midst of `_move` left."""
    for name, mode in marker.modes.items():
        for folder in folders:
            path = folder / name
            if path.is_symlink() or not path.is_dir():
                continue
            if stat.S_IMODE(path.stat().st_mode) == mode | stat.S_IRWXU:
                path.chmod(mode)
    if marker.modes:
        write_marker(home, replace(marker, modes={}))


def _remove_old(old):
    """Remove old results, from which the user's files are gone; what is not known stays."""
    marker = read_marker(old)
    if marker:
        others = theirs(old, marker)
        for name in marker.files:
            if name not in others and os.path.lexists(old / name):
                (old / name).unlink()
        if not others:
            (old / MARKER).unlink()
    old.rmdir()


# After a kill, or a run that failed


def recover(parent, lesson):
    """Bring to order what killed runs of a lesson left in a folder; living ones are left alone.

    Either the old or the new results are complete afterwards, the user's files are in place, and no
    draft is left. A folder without a marker is not touched.
    """
    for home in sorted(Path(parent).glob(f".{lesson}{DRAFT}*")):
        if home.is_symlink() or not home.is_dir():
            continue
        try:
            marker = read_marker(home)
        except PermissionError:  # another user's
            continue
        if marker is None:
            _remove_begun(home)
        elif marker.lesson == lesson and marker.kind in ("draft", "placing") and (lock := take(home / LOCK)):
            if os.name == "nt":  # there an open file cannot be removed
                lock.close()
            try:
                restore(home)
            except LessonError as error:
                print(error)
            lock.close()
    forget_unfinished(parent / f".{lesson}{UNFINISHED}")


def restore(home, file=None):
    """Finish or undo what the run of this draft did not bring to its end.

    Args:
        home: The draft's folder.
        file: Where to say what was done; by default standard output.
    """
    marker = read_marker(home)
    if marker is None:
        _remove_begun(home)
        return
    folder, new, old = home.with_name(marker.folder), home / NEW, home / OLD
    _reset_modes(home, marker, folder, new, old)
    if old.is_dir() and not os.path.lexists(folder):  # killed between two renames
        (new if new.is_dir() else old).rename(folder)
    if _run_of(folder) == marker.run:
        for each in new, old:
            if each.is_dir():
                _move_theirs(home, each, folder)
                _remove_old(each)
    else:
        _restore_new(home, marker, file)
    remove(home)


def _restore_new(home, marker, file):
    """Keep what is in a draft whose results did not get to their place."""
    folder, new, old = home.with_name(marker.folder), home / NEW, home / OLD
    for each in old, new:
        if not each.is_dir():
            continue
        inside = read_marker(each)
        if inside is None and marker.kind == "draft":
            continue  # a run that came to nothing
        if inside and inside.run == marker.run:
            _drop_unlisted(each, inside)
        whole = inside and inside.kind == "complete" and is_complete(each, inside)
        if whole and (inside.run == marker.run or not os.path.lexists(folder)):
            if os.path.lexists(folder):
                place(home)
            else:
                each.rename(folder)
            print(f"{shown(_readable(folder))} has the results of a run that was stopped late.", file=file)
        else:
            what = "The trained model of a run that was stopped" if inside else "What was in it"
            print(f"{what} is kept in {shown(_readable(keep(home, each)))}.", file=file)


def _run_of(folder):
    if folder.is_symlink() or not folder.is_dir():
        return None
    marker = read_marker(folder)
    return marker and marker.run


def _drop_unlisted(new, marker):
    """Remove further names of the user's files, and files that a stopped run was writing."""
    for name in theirs(new, marker):
        about = (new / name).lstat()
        if not stat.S_ISDIR(about.st_mode) and (
            name == BEGUN or marker.kind == "model" or about.st_nlink > 1
        ):
            (new / name).unlink()


def keep(home, results=None):
    """Move results to a free name that everyone can see, and return that."""
    marker = read_marker(home)
    target = home.with_name(free_name(f"{marker.lesson}{KEPT}", home.parent))
    results = results or home / NEW
    inside = read_marker(results)
    if inside and inside.run == marker.run:
        _drop_unlisted(results, inside)
    results.rename(target)
    return target


def remove(home):
    """Remove a folder with a marker; what is in it and not known stays."""
    kind = getattr(read_marker(home), "kind", None)
    for name in {"draft": (SCRATCH, NEW), "placing": (SCRATCH,)}.get(kind, ()):
        if (home / name).is_dir():
            shutil.rmtree(home / name)  # follows no links
    (home / LOCK).unlink(missing_ok=True)
    (home / BEGUN).unlink(missing_ok=True)
    if os.listdir(home) == [MARKER]:  # noqa: PTH208
        (home / MARKER).unlink()
    with contextlib.suppress(OSError):
        home.rmdir()


def _remove_begun(home):
    """Remove a folder whose run was killed before it had a marker: it is empty, or has half of one."""
    with contextlib.suppress(OSError):
        if os.listdir(home) == [BEGUN]:  # noqa: PTH208
            start = json.dumps({"made_by": MADE_BY}, indent=1)[:-2].encode()
            content = read_whole(home / BEGUN)
            if content is not None and (content.startswith(start) or start.startswith(content)):
                (home / BEGUN).unlink()
        home.rmdir()


def forget_unfinished(folder, run=None):
    """Remove what a run left to resume, if it had not begun to train and does not live any more.

    Args:
        folder: The hidden folder of such runs.
        run: Remove only what this run left; None for any.
    """
    if folder.is_symlink() or not folder.is_dir():
        return
    try:
        marker = read_marker(folder)
    except PermissionError:
        return
    if marker is None:
        _remove_begun(folder)
    elif marker.kind == "unfinished" and run in (None, marker.run) and not _has_begun(folder, marker):
        if run is not None:
            empty_unfinished(folder, marker)
        elif lock := take(folder / LOCK, by_process=True):
            with lock:
                empty_unfinished(folder, marker)


def _has_begun(folder, marker):
    begun = [name for name in marker.files if name.endswith(".state") or name == "activations.json"]
    return any((folder / name).is_file() for name in begun)


def empty_unfinished(folder, marker, whole=True):
    """Remove the files that a marker lists, and with them the folder if nothing else is in it."""
    for name in marker.files:
        for path in folder / name, folder / f"{name}.draft":
            if os.path.lexists(path) and not stat.S_ISDIR(path.lstat().st_mode):
                path.unlink()
    if whole:
        remove(folder)


def _readable(path):
    """A path as short as it can be from the current folder."""
    with contextlib.suppress(ValueError, OSError):
        return path.relative_to(Path.cwd())
    return path
