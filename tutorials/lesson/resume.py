"""The folder of an unfinished run of a lesson, so that the run can be killed at any moment and resumed.

What a training writes into it is described in `models.training.checkpoints`. This module ties it to the
lesson's results folder: a marker lists the files that a run made, and a lock keeps two runs apart.
"""

import contextlib
import json
import re
import secrets
import stat
import weakref
from dataclasses import replace

from tutorials.lesson.command import LessonError

import keras

from datasets.files.names import shown
from models.training.checkpoints import replace_file
from tutorials.lesson.drafts import LOCK, UNFINISHED, empty_unfinished, forget_unfinished
from tutorials.lesson.exchange import fcntl, take
from tutorials.lesson.results import BEGUN, Marker, read_marker, write_marker, writing

IGNORED_ON_RESUME = {"outputs", "resume"}  # settings that the results do not depend on
# By what earlier versions called them
RENAMED = {"policy": "augmentation", "mirror": "flip", "photos": "data"}
# What is written there by name, by this module and by `models.fine_tuning.features`
FILES = ("settings.json", "data.json", "activations.json", "activations.bin")
# What an earlier version wrote there
EARLIER = re.compile(
    r"(lock|(settings|data|activations)\.json|[a-z]+\.state|activations-[a-z]+\.bin)(\.draft)?"
)


class Unfinished:
    """The folder in which a run keeps what it has reached; `close` removes it.

    Only files that its marker lists are ever removed from it.

    Args:
        report: The run's `Report`; the folder is hidden, beside its results.
        resume: Whether to go on from what another run left there; else that is removed.

    Raises:
        LessonError: If a run with other settings was left there, one is at work there, or the
            folder holds what no run made.
    """

    def __init__(self, report, resume):
        self.folder = report.folder.with_name(f".{report.lesson}{UNFINISHED}")
        settings = {name: value for name, value in report.settings.items() if name not in IGNORED_ON_RESUME}
        settings["keras"] = keras.version()
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            marker = self._marker_there(report.lesson, settings)
            self._lock()
            self._marker = replace(marker, run=secrets.token_hex(8))
            write_marker(self.folder, self._marker)
        self._clean_up = weakref.finalize(self, forget_unfinished, self.folder, self._marker.run)
        self.resumed = resume and self._same("settings.json", settings)
        if resume and not self.resumed:
            print(f"There is no unfinished run of {report.lesson} in {report.folder.parent}: starting anew.")
        if not self.resumed:
            self._empty()
        self.write("settings.json", _as_json(settings))

    def _marker_there(self, lesson, settings):
        """The folder's marker, or a new one where nothing is in it but what a run made."""
        if self.folder.is_symlink():
            raise NotADirectoryError(0, "a link is in its place")
        marker = read_marker(self.folder)
        if marker is not None and marker.kind == "unfinished":
            return marker
        entries = list(self.folder.iterdir())
        own = [entry.name for entry in entries if EARLIER.fullmatch(entry.name) and _is_file(entry)]
        if marker is None and not self._holds_settings_like(settings):
            own = [name for name in own if name == LOCK and not (self.folder / LOCK).stat().st_size]
        elif marker is None and _remove_digits(self.folder / "digits"):
            entries = [entry for entry in entries if entry.name != "digits"]
        if strange := sorted({entry.name for entry in entries} - {*own, BEGUN}):
            raise LessonError(
                f"{shown(self.folder)} holds what no run of {lesson} made, such as {shown(strange[0])}; move "
                "it, or name another folder with --outputs."
            )
        marker = Marker(lesson, "unfinished", files=dict.fromkeys([*FILES, *own]))
        write_marker(self.folder, marker)
        return marker

    def _holds_settings_like(self, settings):
        """Whether an earlier version, which knew no markers, left a run with the same kinds of settings."""
        try:
            left = json.loads((self.folder / "settings.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return False
        return isinstance(left, dict) and set(_renamed(left)) == set(settings)

    def _lock(self):
        """Refuse a folder that a run is at work in; a lock ends with its process, however that ends."""
        self._held = take(self.folder / LOCK, by_process=True)
        if self._held is None and fcntl is not None and _is_locked(self.folder / LOCK):
            raise LessonError(
                f"Another run is at work in {shown(self.folder)}; wait for it, or name another folder with "
                "--outputs."
            )

    def _empty(self):
        (self.folder / "settings.json").unlink(missing_ok=True)  # first: without it nothing is resumed
        empty_unfinished(self.folder, replace(self._marker, files=self._others(LOCK)), whole=False)

    def _others(self, *names):
        return {name: mark for name, mark in self._marker.files.items() if name not in names}

    def check_data(self, fingerprint):
        """Refuse to resume with other data than the run had.

        Args:
            fingerprint: Text that is another one for other data.

        Raises:
            LessonError: If they differ.
        """
        told = {"data": fingerprint}
        if self.resumed and not self._same("data.json", told):  # then nobody knows what the rest is of
            for name in self._marker.files:
                if name.endswith(".state") or name == "activations.json":
                    (self.folder / name).unlink(missing_ok=True)
        self.write("data.json", _as_json(told))

    def _same(self, name, told):
        """Whether a run left this file; refuses if it says something else."""
        try:
            left = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return False
        if not isinstance(left, dict):
            return False
        left, told = _renamed(left), json.loads(_as_json(told))
        differing = sorted(key for key in {*told, *left} if told.get(key) != left.get(key))
        if differing:
            listed = ", ".join(f"{key} was {_short(left.get(key))}" for key in differing[:3])
            raise LessonError(
                f"The unfinished run in {self.folder} differs from this one ({listed}); give the same "
                "settings and data, or start anew without --resume."
            )
        return True

    def write(self, name, content):
        """Replace a file: at every moment there is the old one or the new one, whole."""
        path = self.folder / name
        with writing(path):
            if name not in self._marker.files:
                self._marker = replace(self._marker, files=self._marker.files | {name: None})
                write_marker(self.folder, self._marker)
            replace_file(path, content)

    def close(self):
        """The run is complete: nothing is left to resume."""
        self._clean_up.detach()
        with writing(self.folder):
            self._empty()
            empty_unfinished(self.folder, self._marker)


def _is_file(path):
    return stat.S_ISREG(path.lstat().st_mode)


def _is_locked(path):
    """Whether another process has locked a file; False where the disk has no locks."""
    with path.open("a") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return True
        except OSError:
            pass
    return False


def _remove_digits(folder):
    """Remove the embedded digits that an earlier version wrote as files; whether nothing else was there."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    for file in folder.glob("t*/[0-9]/[0-9][0-9][0-9][0-9].png"):
        file.unlink()
    with contextlib.suppress(OSError):
        for inner in (*folder.glob("t*/[0-9]"), *folder.glob("t*"), folder):
            inner.rmdir()
    return not folder.exists()


def _renamed(settings):
    """Settings of an earlier version by the names that they have now."""
    return {RENAMED.get(name, name): value for name, value in settings.items()}


def _as_json(told):
    return json.dumps(told, default=str).encode()


def _short(value):
    text = str(value)
    return text if len(text) <= 30 else text[:29] + "…"
