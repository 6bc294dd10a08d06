"""What a run has reached, on disk, so that it can be killed at any moment and resumed.

After each pass the whole state of training is written: weights, the optimizer's memory, the state
of dropout's random numbers, early stopping's best, the history, and the phase. Each file is
replaced whole, so that there is always a sound one.
"""

import contextlib
import io
import json
import os
import shutil

from tutorials._command import LessonError

import keras
import numpy as np

NO_MATTER = {"outputs", "resume"}  # settings that the results do not depend on


class Unfinished:
    """The folder in which a run keeps what it has reached; `close` removes it.

    Args:
        report: The run's `Report`; the folder is hidden, beside its results.
        resume: Whether to go on from what another run left there; else that is removed.

    Raises:
        LessonError: If a run with other settings was left there.
    """

    def __init__(self, report, resume):
        self.folder = report.folder.with_name(f".{report.lesson}-unfinished")
        settings = {name: value for name, value in report.settings.items() if name not in NO_MATTER}
        self.resumed = resume and self._same("settings.json", settings)
        if resume and not self.resumed:
            print(f"There is no unfinished run of {report.lesson} in {report.folder.parent}: starting anew.")
        with contextlib.suppress(OSError, UnicodeDecodeError):  # a killed run could not tidy up
            shutil.rmtree(self.folder.with_name((self.folder / "draft").read_text()), ignore_errors=True)
        if not self.resumed:
            shutil.rmtree(self.folder, ignore_errors=True)
            with self._writing(self.folder):
                self.folder.mkdir(parents=True)
        self.write("draft", report.path("").name.encode())
        self.write("settings.json", _as_json(settings))

    def check_data(self, fingerprint):
        """Refuse to resume with other photos than the run had.

        Raises:
            LessonError: If they differ.
        """
        self._same("data.json", {"photos": fingerprint})
        self.write("data.json", _as_json({"photos": fingerprint}))

    def _same(self, name, told):
        """Whether a run left this file; refuses if it says something else."""
        try:
            left = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        told = json.loads(_as_json(told))
        differing = sorted(key for key in {*told, *left} if told.get(key) != left.get(key))
        if differing:
            listed = ", ".join(f"{key} was {_short(left.get(key))}" for key in differing[:3])
            raise LessonError(
                f"The unfinished run in {self.folder} differs from this one ({listed}); give the same settings "
                "and photos, or start anew without --resume."
            )
        return True

    def write(self, name, content):
        """Replace a file: at every moment there is the old one or the new one, whole."""
        path = self.folder / name
        with self._writing(path):
            replace_file(path, content)

    @contextlib.contextmanager
    def _writing(self, path):
        try:
            yield
        except OSError as error:
            raise LessonError(
                f"{path} cannot be written ({(error.strerror or str(error)).lower()}); free some space "
                "there, or name another folder with --outputs."
            ) from error

    def close(self):
        """The run is complete: nothing is left to resume."""
        shutil.rmtree(self.folder, ignore_errors=True)


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
        self.file = f"{phase}.npz"
        self.passes, self.history, self.seconds, self.stopped = 0, {}, 0.0, False
        self._left = None
        if unfinished.resumed:
            with contextlib.suppress(FileNotFoundError):
                content = (unfinished.folder / self.file).read_bytes()
                self._left = np.load(io.BytesIO(content), allow_pickle=False)
                facts = json.loads(str(self._left["facts"]))
                self.passes, self.history = facts["passes"], facts["history"]
                self.seconds, self.stopped = facts["seconds"], facts["stopped"]
        self._spent = self.seconds

    def on_train_begin(self, logs=None):
        if self._left is not None:
            for number, variable in enumerate(state_of(self.model)):
                variable.assign(self._left[f"state{number}"])
            facts = json.loads(str(self._left["facts"]))
            self.stopping.best, self.stopping.wait = facts["best"], facts["wait"]
            self.stopping.best_epoch = facts["best_epoch"]
            if facts["best"] is not None:
                self.stopping.best_weights = [
                    self._left[f"best{number}"] for number in range(len(self.model.get_weights()))
                ]
            self._left = None

    def on_epoch_end(self, epoch, logs=None):
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))
        self.passes = epoch + 1
        arrays = {f"state{n}": keras.ops.convert_to_numpy(v) for n, v in enumerate(state_of(self.model))}
        if self.stopping.best is not None:
            arrays |= {f"best{number}": array for number, array in enumerate(self.stopping.best_weights)}
        facts = {
            "passes": self.passes,
            "history": self.history,
            "seconds": self.seconds,
            "stopped": bool(self.model.stop_training),
            "best": None if self.stopping.best is None else float(self.stopping.best),
            "wait": self.stopping.wait,
            "best_epoch": self.stopping.best_epoch,
        }
        file = io.BytesIO()
        np.savez(file, facts=json.dumps(facts), **arrays)
        self.unfinished.write(self.file, file.getvalue())


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


def _as_json(told):
    return json.dumps(told, default=str).encode()


def _short(value):
    text = str(value)
    return text if len(text) <= 30 else text[:29] + "…"
