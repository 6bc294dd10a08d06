"""How long a training will take: measured on a few steps, and cut down to fit a budget."""

import math
import re
import time
from typing import NamedTuple

import keras
import numpy as np

from ..checks.arguments import shown
from ..distribution.training import from_first
from ..errors import ModelError
from .checkpoints import training_variables
from .features import AT_ONCE, filled_up

YEAR = 365 * 24 * 3600  # seconds; a longer budget is a slip of the keyboard
STEPS = 2  # measured, after one in which Keras compiles the model


def as_seconds(budget):
    """A time such as "60s", "2m", "1.5h", "90" or 90 in seconds.

    Args:
        budget: Text or a number of seconds; None stays None.

    Raises:
        ModelError: If it is no time, not more than 0, or more than a year.

    Example:
        >>> as_seconds("1.5h"), as_seconds(90), as_seconds(None)
        (5400.0, 90.0, None)
    """
    if budget is None:
        return None
    seconds = 0
    if isinstance(budget, (int, float, np.number)) and not isinstance(budget, bool):
        seconds = float(budget) if math.isfinite(budget) else 0
    elif isinstance(budget, str):
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*(s|sec|m|min|h)?\s*", budget.lower())
        seconds = float(found[1]) * {"m": 60, "h": 3600}.get((found[2] or "s")[0], 1) if found else 0
    if not 0 < seconds <= YEAR:
        raise ModelError(f'budget= takes a time such as "60s", "5m" or "1h", not {shown(budget)}.')
    return seconds


def deadline_of(budget, spent=0):
    """The moment at which a budget is spent.

    Args:
        budget: As for `as_seconds`.
        spent: Seconds of it that have gone already.

    Returns:
        A moment by `time.perf_counter()`; None for no limit.

    Raises:
        ModelError: As `as_seconds` does.

    Example:
        >>> 50 < deadline_of("60s") - time.perf_counter() <= 60, deadline_of(None)
        (True, None)
    """
    seconds = as_seconds(budget)
    return None if seconds is None else time.perf_counter() + seconds - spent


def duration(seconds):
    """A duration as people say it.

    Args:
        seconds: A number.

    Example:
        >>> duration(41.4), duration(180), duration(7260)
        ('41 s', '3 min', '2 h 1 min')
    """
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min"


def step_seconds(model, batch_size, weighted=False):
    """Seconds of a training step, measured; the model is as before afterwards.

    Weights, the optimizer's variables and dropout's random numbers are put back, so that the training that
    follows is the same as without it. The inputs are zeros: their values do not change the time.

    Args:
        model: A compiled model.
        batch_size: Examples in a batch.
        weighted: Whether each example has a weight in training.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> 0 < step_seconds(model, batch_size=4) < 60
        True
    """
    shapes = [(batch_size, *model.input_shape[1:]), (batch_size, *model.output_shape[1:])]
    shapes += [(batch_size,)] if weighted else []  # as in training, or Keras would compile it again for that
    batch = tuple(np.zeros([side or 32 for side in shape], "float32") for shape in shapes)
    before = [keras.ops.convert_to_numpy(variable) for variable in training_variables(model)]
    moments = []

    def note(batch, logs=None):
        moments.append(time.perf_counter())

    clock = keras.callbacks.LambdaCallback(on_train_batch_end=note)
    model.fit(_Again(batch, 1 + STEPS), callbacks=[clock], verbose=0)
    for variable, value in zip(training_variables(model), before, strict=True):
        variable.assign(value)
    return (moments[-1] - moments[0]) / STEPS


def photo_seconds(frozen, photos, augmented=True):
    """Seconds that it takes to augment a photo and to pass it through frozen layers, measured.

    Args:
        frozen: Model of the frozen layers.
        photos: An `AugmentedPhotos`.
        augmented: Whether photos are augmented at all.

    Example:
        >>> from types import SimpleNamespace
        >>> from models.fine_tuning.batches import AugmentedPhotos
        >>> photos = SimpleNamespace(
        ...     pixels=np.zeros((2, 8, 8, 3), "uint8"), labels=np.array([0, 1]), class_names=["ant", "bee"]
        ... )
        >>> pixels = keras.Input((8, 8, 3))
        >>> frozen = keras.Model(pixels, keras.layers.GlobalAveragePooling2D()(pixels))
        >>> 0 < photo_seconds(frozen, AugmentedPhotos(photos, rows=[0, 1])) < 60
        True
    """
    places = np.arange(min(AT_ONCE, len(photos)))
    for version in (1, 2) if augmented else (0, 0):  # in the first turn Keras compiles the model
        started = time.perf_counter()
        frozen.predict(_Again(filled_up(photos.version(version, places)[0]), 1), verbose=0)
    return (time.perf_counter() - started) / len(places)


class Plan(NamedTuple):
    """What a training does.

    Attributes:
        views: Versions of each photo.
        epochs: {phase: epochs}.
        seconds: What it takes at most, as measured.

    Example:
        >>> Plan(views=6, epochs={"head": 20}, seconds=30.0).views
        6
    """

    views: int
    epochs: dict
    seconds: float


def plan(budget, photo, photos, steps, views, epochs):
    """Cut a training down until it fits a budget.

    Args:
        budget: Seconds; None for no limit. Where not even one version and one epoch of each phase fit, that
            is what is left.
        photo: Seconds that one version of a photo takes in the frozen layers.
        photos: Number of training photos.
        steps: {phase: (steps in an epoch, seconds of each)}.
        views: Versions of each photo.
        epochs: {phase: epochs}.

    Returns:
        A `Plan`.

    Example:
        >>> plan(60, photo=0.1, photos=200, steps={"head": (10, 0.2)}, views=6, epochs={"head": 20})
        Plan(views=2, epochs={'head': 8}, seconds=56.0)
    """
    for share in np.linspace(1, 0, 101):
        fewer = max(1, round(share * views))
        less = {phase: max(1, round(share * epochs[phase])) for phase in steps}
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
    """Callback that ends training after the epoch in which a moment is reached.

    Args:
        moment: By `time.perf_counter()`; None for none.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> past = Deadline(time.perf_counter())
        >>> history = model.fit(np.ones((4, 2)), np.ones(4), epochs=9, callbacks=[past], verbose=0).history
        >>> len(history["loss"])
        1
    """

    def __init__(self, moment):
        super().__init__()
        self.moment = moment

    def on_epoch_end(self, epoch, logs=None):
        if self.moment is not None and from_first(bytes([time.perf_counter() >= self.moment])) == b"\1":
            self.model.stop_training = True
