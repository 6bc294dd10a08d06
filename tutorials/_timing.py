"""How long a training will take: measured on a few steps, said, and fitted into a budget."""

import re
import time

from tutorials._command import LessonError
from tutorials._resume import state_of

import keras

STEPS = 3  # measured, after one that is not, in which Keras prepares


def as_seconds(text):
    """A time such as "60s", "2m", "1.5h" or "90" as seconds; None stays None.

    Raises:
        LessonError: If it is no time, or not more than 0.
    """
    if text is None:
        return None
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*(s|sec|m|min|h)?\s*", text.lower())
    seconds = float(found[1]) * {"m": 60, "h": 3600}.get((found[2] or "s")[0], 1) if found else 0
    if not seconds > 0:
        raise LessonError(f'--budget takes a time such as "60s", "5m" or "1h", not {text!r}.')
    return seconds


def spoken(seconds):
    """A duration as people say it, such as "40 s", "3 min" or "1 h 20 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds // 3600:.0f} h {seconds % 3600 / 60:.0f} min"


def step_seconds(model, batches):
    """Seconds of a training step, measured; the model is as before afterwards.

    Weights, the optimizer's memory and dropout's random numbers are put back, so that it makes no
    difference to what training then does.
    """
    before = [keras.ops.copy(variable) for variable in state_of(model)]
    batch = batches[0]
    few = _Again(batch, STEPS)
    model.fit(_Again(batch, 1), verbose=0)
    started = time.perf_counter()
    model.fit(few, verbose=0)
    seconds = (time.perf_counter() - started) / STEPS
    for variable, value in zip(state_of(model), before, strict=True):
        variable.assign(value)
    return seconds


class _Again(keras.utils.PyDataset):
    """One batch several times."""

    def __init__(self, batch, times):
        super().__init__()
        self.batch, self.times = batch, times

    def __len__(self):
        return self.times

    def __getitem__(self, index):
        return self.batch


class Deadline(keras.callbacks.Callback):
    """Ends training after the pass in which a moment is reached.

    Args:
        moment: By `time.perf_counter()`; None for none.
    """

    def __init__(self, moment):
        super().__init__()
        self.moment = moment

    def on_epoch_end(self, epoch, logs=None):
        if self.moment is not None and time.perf_counter() >= self.moment:
            self.model.stop_training = True
