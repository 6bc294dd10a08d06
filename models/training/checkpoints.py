"""The state of a training in files, so that it can be stopped at any moment and resumed.

After each epoch the whole state is written: weights, the optimizer's variables, the state of dropout's
random numbers, and the history. Each file is replaced as a whole, so that there is always a complete one.
"""

import contextlib
import hashlib
import io
import json
import os
import time
from pathlib import Path

import keras
import numpy as np

from ..distribution.training import from_first
from ..errors import ModelError

DIGEST = 32  # bytes of the SHA-256 that a state begins with, so that a damaged one is noticed
SETTINGS = "settings.json"
PARTS = ("fold 1", "fold 2", "fold 3")  # of a training on photos, each of which keeps its state
WHOLE = "training"  # the only part of a training on texts
FILES = (*(f"{part}.state" for part in (*PARTS, WHOLE)), "plan.json", "activations.json", "activations.bin")
_OURS = b'{"made_by": "Glass Zoo"'


class CheckpointFolder:
    """A folder in which a training keeps its state. Only files that a training wrote are removed from it.

    Args:
        path: The folder; it is made if it does not exist.
        settings: {name: value} of all that the training depends on, as JSON has it.

    Attributes:
        folder: Its path.
        resumed: Whether a training with these settings was stopped here, and goes on.

    Raises:
        ModelError: If it holds other files, or the state of a training with other settings.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     CheckpointFolder(folder, {"seed": 0}).write("all.state", b"weights")
        ...     again = CheckpointFolder(folder, {"seed": 0})
        ...     again.resumed, (again.folder / "all.state").read_bytes()
        (True, b'weights')
    """

    def __init__(self, path, settings):
        self.folder = Path(path)
        settings = json.loads(json.dumps(settings, default=str))
        with _writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            left = self._settings_there()
            self.resumed = left is not None
            if self.resumed:
                self._check_same(left, settings)
            self.write(SETTINGS, json.dumps({"made_by": "Glass Zoo", "settings": settings}).encode())

    def _settings_there(self):
        """The settings of the training that was stopped here; None if the folder is empty."""
        names = {entry.name for entry in self.folder.iterdir()}
        if f"{SETTINGS}.draft" in names and _is_ours(self.folder / f"{SETTINGS}.draft"):
            names.discard(f"{SETTINGS}.draft")  # of a training that was killed in its first moment
        if not names:
            return None
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            left = json.loads((self.folder / SETTINGS).read_bytes())
            if _is_ours(self.folder / SETTINGS) and isinstance(left["settings"], dict):
                return left["settings"]
        raise ModelError(
            f"The folder for checkpoint=, {self.folder}, holds files that no training wrote, such as "
            f"{min(names)!r}; name an empty folder or one that does not exist."
        )

    def _check_same(self, left, settings):
        different = sorted(name for name in {*left, *settings} if left.get(name) != settings.get(name))
        if different:
            listed = ", ".join(f"{name} was {str(left.get(name))[:30]}" for name in different[:3])
            raise ModelError(
                f"The training that was stopped in checkpoint={str(self.folder)!r} differs from this one "
                f"({listed}); use the same settings and data, or another folder."
            )

    def write(self, name, content):
        """Replace a file: at every moment there is the old one or the new one, complete.

        Args:
            name: Its name.
            content: Bytes.

        Raises:
            ModelError: If it cannot be written.
        """
        with _writing(self.folder / name):
            replace_file(self.folder / name, content)

    def close(self):
        """The training is complete: remove its files, and the folder if nothing else is in it."""
        with _writing(self.folder):
            for name in (*FILES, SETTINGS):  # the settings last: without them the others are nobody's
                for file in self.folder / name, self.folder / f"{name}.draft":
                    file.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self.folder.rmdir()


class TrainingState(keras.callbacks.Callback):
    """Callback that keeps the history of a part of a training, writes its state, and resumes it.

    Args:
        checkpoint: A `CheckpointFolder`, or an object with the same `folder`, `resumed` and `write`; None
            to write nothing.
        part: Name of the part of the training.

    Attributes:
        epochs: Number of epochs done when training begins; `fit` takes it as `initial_epoch`.
        history: {metric: value after each epoch}, those of earlier runs included.
        seconds: Time that earlier runs spent in this part.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> state = TrainingState(None, "fold 1")
        >>> _ = model.fit(np.ones((4, 2)), np.ones(4), epochs=3, callbacks=[state], verbose=0)
        >>> state.epochs, len(state.history["loss"])
        (3, 3)
    """

    def __init__(self, checkpoint, part):
        super().__init__()
        self.checkpoint = checkpoint
        self.file = f"{part}.state"
        self.epochs, self.history, self.seconds = 0, {}, 0.0
        self._left = _arrays(from_first(self._read()))  # of several processes, only the first keeps the state
        if self._left is not None:
            facts = json.loads(str(self._left["facts"]))
            self.epochs, self.history, self.seconds = facts["epochs"], facts["history"], facts["seconds"]

    def _read(self):
        """What an earlier run left of this part; no bytes if that is nothing, or damaged."""
        if self.checkpoint is not None and self.checkpoint.resumed:
            with contextlib.suppress(OSError):
                content = (self.checkpoint.folder / self.file).read_bytes()
                digest, content = content[:DIGEST], content[DIGEST:]
                if hashlib.sha256(content).digest() == digest:
                    return content
        return b""

    def on_train_begin(self, logs=None):
        self._began = time.perf_counter()
        if self._left is not None:
            for number, variable in enumerate(training_variables(self.model)):
                variable.assign(self._left[f"state{number}"])
            self._left = None

    def on_epoch_end(self, epoch, logs=None):
        self.note(epoch, logs)
        if self.checkpoint is not None:
            self.write()

    def note(self, epoch, logs):
        """Keep the values of an epoch that is done.

        Args:
            epoch: Its number, from 0.
            logs: {metric: value}.

        Example:
            >>> state = TrainingState(None, "fold 1")
            >>> state.note(0, {"loss": 0.5})
            >>> state.epochs, state.history
            (1, {'loss': [0.5]})
        """
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))
        self.epochs = epoch + 1

    def write(self, **further):
        """Write the state of the model as it is now.

        Args:
            **further: Arrays that belong to it.

        Example: see `CheckpointFolder`, to which it writes.
        """
        variables = training_variables(self.model)
        arrays = {f"state{n}": keras.ops.convert_to_numpy(each) for n, each in enumerate(variables)}
        facts = {
            "epochs": self.epochs,
            "history": self.history,
            "seconds": self.seconds + time.perf_counter() - self._began,
        }
        file = io.BytesIO()
        np.savez(file, facts=json.dumps(facts), **arrays, **further)
        content = file.getvalue()
        self.checkpoint.write(self.file, hashlib.sha256(content).digest() + content)


def _arrays(content):
    """{name: array} of a state; None if there is none."""
    if not content:
        return None
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


class BestEpoch(TrainingState):
    """Callback that keeps the weights of the epoch with the lowest validation loss, and can be resumed.

    It stands after `keras.callbacks.SwapEMAWeights` in the list: at the end of an epoch the model then has
    its averaged weights, which are kept, and at its beginning those that training goes on with, which are
    written.

    Args:
        checkpoint, part: As for `TrainingState`.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile(keras.optimizers.SGD(0.1, use_ema=True), "mse")
        >>> best, data = BestEpoch(None, "training"), (np.ones((4, 2)), np.ones(4))
        >>> callbacks = [keras.callbacks.SwapEMAWeights(swap_on_epoch=True), best]
        >>> _ = model.fit(*data, epochs=3, callbacks=callbacks, validation_data=data, verbose=0)
        >>> round(model.evaluate(*data, verbose=0), 5) == round(min(best.history["val_loss"]), 5)
        True
    """

    best = None  # weights

    def on_train_begin(self, logs=None):
        if self._left is not None:
            self.best = [self._left[f"best{n}"] for n in range(len(self.model.weights))]
        self._resumed = self.epochs
        super().on_train_begin(logs)

    def on_epoch_begin(self, epoch, logs=None):
        if self.checkpoint is not None and epoch > self._resumed:
            self.write(**{f"best{n}": each for n, each in enumerate(self.best)})

    def on_epoch_end(self, epoch, logs=None):
        lowest = min(self.history.get("val_loss", [float("inf")]))
        self.note(epoch, logs)
        if self.best is None or logs["val_loss"] < lowest:
            self.best = self.model.get_weights()

    def on_train_end(self, logs=None):
        self.model.set_weights(self.best)


def training_variables(model):
    """All variables that training changes: weights, states of random numbers, the optimizer's variables.

    Args:
        model: A compiled model.

    Returns:
        List of variables, always in the same order.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> [variable.name for variable in training_variables(model)]
        ['kernel', 'bias', 'iteration', 'learning_rate']
    """
    if not model.optimizer.built:  # one that scales the loss, for float16, would make its variables twice
        model.optimizer.build(model.trainable_variables)
    return [*model.variables, *model.optimizer.variables]


def replace_file(path, content):
    """Write a file so that at every moment there is the old one or the new one, complete.

    Args:
        path: The file, a `Path`.
        content: Bytes.

    Raises:
        OSError: If the disk refuses; the old file is still there then.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     replace_file(Path(folder) / "notes", b"new")
        ...     (Path(folder) / "notes").read_bytes()
        b'new'
    """
    draft = path.with_name(path.name + ".draft")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _is_ours(file):
    """Whether a file begins as a training's settings do, or was killed while it was written."""
    content = file.read_bytes()[: len(_OURS)]
    return content == _OURS or _OURS.startswith(content)


@contextlib.contextmanager
def _writing(path):
    """Turn a disk's refusal into one sentence that names the file or folder."""
    try:
        yield
    except OSError as error:
        raise ModelError(
            f"{path} cannot be written ({(error.strerror or str(error)).lower()}); free some space there, "
            "or name another folder for checkpoint=."
        ) from error
