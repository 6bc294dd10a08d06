"""Replace old results by new ones in one step, and keep the user's files that are among them.

The user's files first get a second name in the new folder (a hard link), so that they are there at every
moment; what can have one name only, such as a folder, is moved right after the step.
"""

import contextlib
import os
import shutil
import stat
from dataclasses import replace
from pathlib import Path

from tutorials.lesson.command import LessonError

from datasets.files.names import shown
from datasets.sources import MARKER
from tutorials.lesson.exchange import exchange
from tutorials.lesson.results import (
    BEGUN,
    check_folder,
    digest,
    free_name,
    read_marker,
    user_files,
    write_marker,
)

NEW, OLD = "results", "old"  # in a draft's folder
KEPT = "-kept"  # ending of the folders that keep results which cannot be put in their place


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
        copy_attributes(folder, new)
        _rename_taken(folder, new)
        _link_user_files(folder, new)
        _complete_marker(home, folder)
        old = _swap(home, folder, new)
        try:
            move_user_files(home, old, folder)
        except OSError:
            _swap_back(home, folder, old)
            raise
    except (OSError, LessonError) as error:
        why = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
        name, why = shown(readable(folder)), why.rstrip(".")
        if run_of(folder) == marker.run:
            raise LessonError(
                f"{name} could not be replaced as a whole ({why}); what is not in it is in {shown(home)}."
            ) from error
        raise LessonError(
            f"{name} could not be replaced ({why}): the new results are in {shown(readable(keep(home)))}, "
            "and nothing else has changed."
        ) from error
    with contextlib.suppress(OSError):  # a file that came this moment is moved by the next run
        remove_old(old)


def copy_attributes(folder, new):
    """Give the new folder the owner, mode and other attributes of the old one."""
    about, own = folder.stat(), new.stat()
    if hasattr(os, "chown") and (about.st_uid, about.st_gid) != (own.st_uid, own.st_gid):
        os.chown(new, about.st_uid, about.st_gid)
    shutil.copystat(folder, new)
    if not os.access(new, os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError(0, "permission denied")


def _rename_taken(folder, new):
    """Rename new files that have the name of one of the user's files."""
    marker = read_marker(new)
    old = read_marker(folder)
    files, taken = dict(marker.files), []
    for name in user_files(folder, old):
        if name in files:
            other = free_name(name, folder, new)
            _link(new / name, new / other) or shutil.copy2(new / name, new / other)
            files[other] = files.pop(name)
            taken.append(name)
            print(f"{shown(readable(folder / name))} is yours and stays; the new one is {shown(other)}.")
    if taken:
        write_marker(new, replace(marker, files=files))
        for name in taken:
            (new / name).unlink()


def _link(source, target):
    """Give a file, a link or a pipe a second name; False if that is not possible."""
    try:
        os.link(source, target, follow_symlinks=False)
    except (OSError, NotImplementedError):
        return False
    return True


def _link_user_files(folder, new):
    """Give the user's files a second name in the new folder, so that they are there at every moment."""
    for name in user_files(folder, read_marker(folder)):
        if not stat.S_ISDIR((folder / name).lstat().st_mode):
            _link(folder / name, new / name)


def _complete_marker(home, folder):
    """Add the checksums that earlier versions did not record, since files are removed one by one."""
    marker = read_marker(folder)
    if marker and None in marker.files.values():
        own = set(marker.files) - set(user_files(folder, marker))
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
    """Undo `_swap`, and move back the user's files that were moved already."""
    move_user_files(home, folder, old)
    if old.name == NEW:
        exchange(old, folder)
    else:
        folder.rename(home / NEW)
        old.rename(folder)


def move_user_files(home, source, target):
    """Move the user's files and folders from one results folder to the other."""
    for name in user_files(source, read_marker(source)):
        _move(home, source / name, target)


def _move(home, path, target):
    about = path.lstat()
    other = target / path.name
    if os.path.lexists(other):
        if os.path.samestat(about, other.lstat()):  # another name of the same file
            path.unlink()
            return
        other = target / free_name(path.name, target)
        print(f"{shown(readable(target / path.name))} is there already; what had its name is {other.name}.")
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


def reset_modes(home, marker, *folders):
    """Reset the modes of folders if the process was killed during `_move`."""
    for name, mode in marker.modes.items():
        for folder in folders:
            path = folder / name
            if path.is_symlink() or not path.is_dir():
                continue
            if stat.S_IMODE(path.stat().st_mode) == mode | stat.S_IRWXU:
                path.chmod(mode)
    if marker.modes:
        write_marker(home, replace(marker, modes={}))


def remove_old(old):
    """Remove old results, from which the user's files have been moved; unknown files stay."""
    marker = read_marker(old)
    if marker:
        others = user_files(old, marker)
        for name in marker.files:
            if name not in others and os.path.lexists(old / name):
                (old / name).unlink()
        if not others:
            (old / MARKER).unlink()
    old.rmdir()


def keep(home, results=None):
    """Move results to a free name that is not hidden, and return it."""
    marker = read_marker(home)
    target = home.with_name(free_name(f"{marker.lesson}{KEPT}", home.parent))
    results = results or home / NEW
    inside = read_marker(results)
    if inside and inside.run == marker.run:
        drop_unlisted(results, inside)
        if inside.kind == "model":  # its metrics may be newer than the marker
            files = {name: digest(results / name) for name in inside.files if (results / name).is_file()}
            write_marker(results, replace(inside, files=files))
    results.rename(target)
    return target


def drop_unlisted(new, marker):
    """Remove second names of the user's files, and files that a stopped run was writing."""
    for name in user_files(new, marker):
        about = (new / name).lstat()
        stays = name in marker.files if marker.kind == "model" else name != BEGUN and about.st_nlink == 1
        if not stays and not stat.S_ISDIR(about.st_mode):
            (new / name).unlink()


def run_of(folder):
    """The run whose results a folder holds, None if it holds none."""
    if folder.is_symlink() or not folder.is_dir():
        return None
    marker = read_marker(folder)
    return marker and marker.run


def readable(path):
    """A path as short as it can be from the current folder."""
    with contextlib.suppress(ValueError, OSError):
        return path.relative_to(Path.cwd())
    return path
