"""What a run has reached, on disk, so that it can be killed at any moment and resumed.

After each pass the whole state of training is written: weights, the optimizer's memory, the state
of dropout's random numbers, early stopping's best, the history, and the phase. Each file is
replaced whole, so that there is always a sound one.
"""

import contextlib
import hashlib
import io
import json
import os
import re
import secrets
import stat
import time
import weakref
from dataclasses import replace

from tutorials.lesson.command import LessonError

import keras
import numpy as np

from datasets.files.names import shown
from tutorials.lesson.drafts import LOCK, UNFINISHED, empty_unfinished, forget_unfinished
from tutorials.lesson.exchange import fcntl, take
from tutorials.lesson.results import BEGUN, Marker, read_marker, write_marker, writing

DIGEST = 32  # bytes of the SHA-256 that a state begins with, so that a damaged one is known
NO_MATTER = {"outputs", "resume"}  # settings that the results do not depend on
# What is written there by name, by this module and by `tutorials.lesson.views`
FILES = ("settings.json", "data.json", "activations.json", "activations-head.bin", "activations-top.bin")
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
        settings = {name: value for name, value in report.settings.items() if name not in NO_MATTER}
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
        return isinstance(left, dict) and set(left) == set(settings)

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
        """Refuse to resume with other photos than the run had.

        Raises:
            LessonError: If they differ.
        """
        told = {"photos": fingerprint}
        if self.resumed and not self._same("data.json", told):  # then nobody knows what the rest is of
            for name in self._marker.files:
                if name.endswith(".state") or name == "activations.json":
                    (self.folder / name).unlink(missing_ok=True)
        self.write("data.json", _as_json(told))

    def _same(self, name, told):
        """Whether a run left this file; refuses if it says something else."""
        try:
            left = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        if not isinstance(left, dict):
            return False
        told = json.loads(_as_json(told))
        differing = sorted(key for key in {*told, *left} if told.get(key) != left.get(key))
        if differing:
            listed = ", ".join(f"{key} was {_short(left.get(key))}" for key in differing[:3])
            raise LessonError(
                f"The unfinished run in {self.folder} differs from this one ({listed}); give the same "
                "settings and photos, or start anew without --resume."
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


class KeepState(keras.callbacks.Callback):
    """Writes the state of a phase after each pass, and takes it up again.

    To stand last in the list of callbacks, after the early stopping that it keeps as well.

    Args:
        unfinished: The run's `Unfinished`.
        phase: Name of the phase.
        stopping: The phase's `keras.callbacks.EarlyStopping`.

    Attributes:
        passes: Number of passes done when training begins; `fit` takes it as `initial_epoch`.
        history: {metric: value after each pass}, those of earlier runs included.
        seconds: Time that earlier runs spent in this phase.
    """

    def __init__(self, unfinished, phase, stopping):
        super().__init__()
        self.unfinished, self.stopping = unfinished, stopping
        self.file = f"{phase}.state"
        self.passes, self.history, self.seconds, self.stopped = 0, {}, 0.0, False
        self._left = self._read() if unfinished.resumed else None
        if self._left is not None:
            facts = json.loads(str(self._left["facts"]))
            self.passes, self.history = facts["passes"], facts["history"]
            self.seconds, self.stopped = facts["seconds"], facts["stopped"]

    def _read(self):
        """What an earlier run left of this phase, None if nothing, or nothing whole."""
        with contextlib.suppress(OSError):
            content = (self.unfinished.folder / self.file).read_bytes()
            digest, content = content[:DIGEST], content[DIGEST:]
            if hashlib.sha256(content).digest() == digest:
                with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                    return {name: arrays[name] for name in arrays.files}
        return None

    def on_train_begin(self, logs=None):
        self._began = time.perf_counter()
        if self._left is None:
            return
        for number, variable in enumerate(state_of(self.model)):
            variable.assign(self._left[f"state{number}"])
        facts = json.loads(str(self._left["facts"]))
        self.stopping.best, self.stopping.wait = facts["best"], facts["wait"]
        self.stopping.best_epoch = facts["best_epoch"]
        if "best0" in self._left:
            number = len(self.model.get_weights())
            self.stopping.best_weights = [self._left[f"best{n}"] for n in range(number)]
        self._left = None

    def on_epoch_end(self, epoch, logs=None):
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))
        self.passes = epoch + 1
        arrays = {f"state{n}": keras.ops.convert_to_numpy(v) for n, v in enumerate(state_of(self.model))}
        if self.stopping.best_weights is not None:
            arrays |= {f"best{number}": array for number, array in enumerate(self.stopping.best_weights)}
        facts = {
            "passes": self.passes,
            "history": self.history,
            "seconds": self.seconds + time.perf_counter() - self._began,
            "stopped": bool(self.model.stop_training),
            "best": None if self.stopping.best is None else float(self.stopping.best),
            "wait": self.stopping.wait,
            "best_epoch": self.stopping.best_epoch,
        }
        file = io.BytesIO()
        np.savez(file, facts=json.dumps(facts), **arrays)
        content = file.getvalue()
        self.unfinished.write(self.file, hashlib.sha256(content).digest() + content)


def replace_file(path, content):
    """Write a file so that at every moment there is the old one or the new one, whole."""
    draft = path.with_name(path.name + ".draft")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def state_of(model):
    """All variables that training changes: weights, random numbers' states, the optimizer's memory."""
    model.optimizer.build(model.trainable_variables)  # does nothing where it is built
    return [*model.variables, *model.optimizer.variables]


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


def _as_json(told):
    return json.dumps(told, default=str).encode()


def _short(value):
    text = str(value)
    return text if len(text) <= 30 else text[:29] + "…"
