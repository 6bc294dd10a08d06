"""The draft of a run: a hidden folder that becomes the results folder when the run is complete.

A run writes into a hidden folder beside the results:

    outputs/.digits-draft-k2x9qw1z/    a marker, and a lock for as long as the run lives
        results/                       becomes outputs/digits, with a marker that lists its files
        scratch/                       temporary files of the run
        old/                           the old results, where names cannot be exchanged in one step

Only files that a marker lists, and that are unchanged since the run, are ever removed. A process can be
killed between any two steps here: `restore` reads from the markers how far it came.
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
from pathlib import Path

from tutorials.lesson.command import LessonError

from datasets.files.names import shown
from datasets.sources import MARKER
from tutorials.lesson.exchange import alone, take
from tutorials.lesson.placing import (
    NEW,
    OLD,
    copy_attributes,
    drop_unlisted,
    keep,
    move_user_files,
    place,
    readable,
    remove_old,
    reset_modes,
    run_of,
)
from tutorials.lesson.results import (
    BEGUN,
    MADE_BY,
    Marker,
    check_folder,
    check_inputs,
    digest,
    is_complete,
    read_marker,
    read_whole,
    real_folder,
    write_marker,
    writing,
)

DRAFT, UNFINISHED = "-draft-", "-unfinished"  # in the names of folders
SCRATCH, LOCK = "scratch", "lock"  # in a draft


class Draft:
    """The hidden folder that a run writes into.

    If the run is not completed, the draft is removed with this object; a trained model in it is kept in a
    folder of its own.

    Args:
        shown_folder: The results folder, as the user names it.
        lesson: The lesson's name.
        settings: {name: value} of the run, none of which may name what it replaces.

    Attributes:
        folder: The results folder itself.
        home: The draft's folder.
        results: Where files of the run are written.
        scratch: A folder for temporary files of the run.

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
                recover(parent, lesson, settings.get("resume", False))
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
                    copy_attributes(self.folder, self.results)

    def save(self, kind):
        """List the files that are there in the marker: from here on they are kept, also if the run fails.

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
            LessonError: If that is not possible; the message says where the new results are.
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
    """Remove the draft of a run that is not completed, but keep its model."""
    if os.getpid() != process or not home.is_dir():  # a forked child ends before its parent
        return
    try:
        with alone(home.parent):
            _release(held)
            restore(home, file=sys.stderr)
    except (OSError, LessonError) as error:
        print(f"{shown(home)} could not be removed: {error}", file=sys.stderr)


def recover(parent, lesson, resume=False):
    """Finish or undo what killed runs of a lesson left in a folder; drafts of running ones stay.

    Afterwards either the old or the new results are complete, the user's files are in place, and no
    draft is left. A folder without a marker is not changed.

    Args:
        parent: Where the results folder is.
        lesson: The lesson's name.
        resume: Whether the run that begins goes on with an unfinished one: then a trained model is not
            kept, since the run trains the same one again.
    """
    unfinished = parent / f".{lesson}{UNFINISHED}"
    again = resume and unfinished.is_dir() and has_begun(unfinished, read_marker(unfinished))
    for home in sorted(Path(parent).glob(f".{lesson}{DRAFT}*")):
        if home.is_symlink() or not home.is_dir():
            continue
        try:
            marker = read_marker(home)
        except PermissionError:  # it is another user's
            continue
        if marker is None:
            _remove_begun(home)
        elif marker.lesson == lesson and marker.kind in ("draft", "placing") and (lock := take(home / LOCK)):
            if os.name == "nt":  # there an open file cannot be removed
                lock.close()
            try:
                restore(home, again=again)
            except LessonError as error:
                print(error)
            lock.close()
    forget_unfinished(unfinished)


def restore(home, file=None, again=False):
    """Finish or undo the work of a run that was killed.

    Args:
        home: The draft's folder.
        file: Where to print what was done; by default standard output.
        again: Whether its model will be trained again, so that it need not be kept.
    """
    marker = read_marker(home)
    if marker is None:
        _remove_begun(home)
        return
    folder, new, old = home.with_name(marker.folder), home / NEW, home / OLD
    reset_modes(home, marker, folder, new, old)
    if old.is_dir() and not os.path.lexists(folder):  # killed between two renames
        (new if new.is_dir() else old).rename(folder)
    if run_of(folder) == marker.run:
        for each in new, old:
            if each.is_dir():
                move_user_files(home, each, folder)
                remove_old(each)
    else:
        _restore_new(home, marker, file, again)
    remove(home)


def _restore_new(home, marker, file, again):
    """Keep the results in a draft that did not get to their place."""
    folder, new, old = home.with_name(marker.folder), home / NEW, home / OLD
    for each in old, new:
        if not each.is_dir():
            continue
        inside = read_marker(each)
        own = inside is not None and inside.run == marker.run
        if marker.kind == "draft" and (inside is None or (again and own and inside.kind == "model")):
            continue  # there are no results, or the next run makes the same again
        if own:
            drop_unlisted(each, inside)
        whole = inside and inside.kind == "complete" and is_complete(each, inside)
        if whole and (own or not os.path.lexists(folder)):
            if os.path.lexists(folder):
                place(home)
            else:
                each.rename(folder)
            print(f"{shown(readable(folder))} has the results of a run that was stopped late.", file=file)
        else:
            what = "The trained model of a run that was stopped" if inside else "What was in it"
            print(f"{what} is kept in {shown(readable(keep(home, each)))}.", file=file)


def remove(home):
    """Remove a folder with a marker; files in it that no run made stay."""
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
    """Remove a folder whose run was killed before its marker was complete, if nothing else is in it."""
    with contextlib.suppress(OSError):
        if os.listdir(home) == [BEGUN]:  # noqa: PTH208
            start = json.dumps({"made_by": MADE_BY}, indent=1)[:-2].encode()
            content = read_whole(home / BEGUN)
            if content is not None and (content.startswith(start) or start.startswith(content)):
                (home / BEGUN).unlink()
        home.rmdir()


def forget_unfinished(folder, run=None):
    """Remove what a run left to resume, if it had not begun to train and is not running any more.

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
    elif marker.kind == "unfinished" and run in (None, marker.run) and not has_begun(folder, marker):
        if run is not None:
            empty_unfinished(folder, marker)
        elif lock := take(folder / LOCK, by_process=True):
            with lock:
                empty_unfinished(folder, marker)


def has_begun(folder, marker):
    """Whether a run left a state of its training to resume from."""
    files = marker.files if marker else ()
    begun = [name for name in files if name.endswith(".state") or name == "activations.json"]
    return any((folder / name).is_file() for name in begun)


def empty_unfinished(folder, marker, whole=True):
    """Remove the files that a marker lists, and with them the folder if nothing else is in it."""
    for name in marker.files:
        for path in folder / name, folder / f"{name}.draft":
            if os.path.lexists(path) and not stat.S_ISDIR(path.lstat().st_mode):
                path.unlink()
    if whole:
        remove(folder)
