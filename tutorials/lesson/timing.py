"""How long a training will take: measured on a few steps, said, and fitted into a budget."""

import re
import time
from typing import NamedTuple

from tutorials.lesson.command import LessonError

import keras
import numpy as np

from tutorials.lesson.resume import state_of
from tutorials.lesson.views import AT_ONCE, filled_up

YEAR = 365 * 24 * 3600  # seconds: a longer budget is a slip of the keyboard
STEPS = 2  # measured, after one that is not, in which Keras prepares


def as_seconds(text):
    """A time such as "60s", "2m", "1.5h" or "90" as seconds; None stays None.

    Raises:
        LessonError: If it is no time, not more than 0, or more than a year.
    """
    if text is None:
        return None
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*(s|sec|m|min|h)?\s*", text.lower())
    seconds = float(found[1]) * {"m": 60, "h": 3600}.get((found[2] or "s")[0], 1) if found else 0
    if not 0 < seconds <= YEAR:
        raise LessonError(f'--budget takes a time such as "60s", "5m" or "1h", not {text!r}.')
    return seconds


def spoken(seconds):
    """A duration as people say it, such as "40 s", "3 min" or "1 h 20 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min"


def step_seconds(model, batch_size, weighted=False):
    """Seconds of a training step, measured; the model is as before afterwards.

    Weights, the optimizer's memory and dropout's random numbers are put back, so that it makes no
    difference to what training then does. The inputs are zeros: their values change no timing.
    """
    shapes = [(batch_size, *model.input_shape[1:]), (batch_size, *model.output_shape[1:])]
    shapes += [(batch_size,)] if weighted else []  # as in training, or Keras would prepare anew for it
    batch = tuple(np.zeros([side or 32 for side in shape], "float32") for shape in shapes)
    before = [keras.ops.convert_to_numpy(variable) for variable in state_of(model)]
    moments = []

    def note(batch, logs=None):
        moments.append(time.perf_counter())

    clock = keras.callbacks.LambdaCallback(on_train_batch_end=note)
    model.fit(_Again(batch, 1 + STEPS), callbacks=[clock], verbose=0)
    for variable, value in zip(state_of(model), before, strict=True):
        variable.assign(value)
    return (moments[-1] - moments[0]) / STEPS


def photo_seconds(frozen, views, changed=True):
    """Seconds that it takes to change a photo, if at all, and to pass it through frozen layers, measured."""
    places = np.arange(min(AT_ONCE, len(views)))
    for view in (1, 2) if changed else (0, 0):  # in the first turn Keras prepares
        started = time.perf_counter()
        frozen.predict(_Again(filled_up(views.see(view, places)[0]), 1), verbose=0)
    return (time.perf_counter() - started) / len(places)


class Plan(NamedTuple):
    """What a training does: views of each photo, {phase: passes}, and the seconds that it may take."""

    views: int
    passes: dict
    seconds: float


def plan(budget, photo, photos, steps, views, passes):
    """Cut a training down until it fits a budget.

    Args:
        budget: Seconds; None for no limit. Where not even one view and one pass of each phase
            fit, that is what is left.
        photo: Seconds that a view of a photo takes in frozen layers.
        photos: Number of training photos.
        steps: {phase: (steps a pass, seconds of each)}.
        views: Views of each photo.
        passes: {phase: passes}.

    Returns:
        A `Plan`.
    """
    for share in np.linspace(1, 0, 101):
        fewer = max(1, round(share * views))
        less = {phase: max(1, round(share * passes[phase])) for phase in steps}
        seconds = photo * photos * fewer
        seconds += sum(less[phase] * number * each for phase, (number, each) in steps.items())
        if budget is None or seconds <= budget:
            break
    return Plan(fewer, less, seconds)


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
