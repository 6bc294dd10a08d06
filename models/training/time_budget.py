"""How long a training may take: a budget in words, steps that are measured, and the end in time."""

import math
import re
import time

import keras
import numpy as np

from ..checks.arguments import shown
from ..distribution.training import from_first
from ..errors import ModelError
from .checkpoints import training_variables

YEAR = 365 * 24 * 3600  # seconds; a longer budget is a slip of the keyboard
STEPS = 2  # measured, after one in which Keras compiles the model


def as_seconds(budget, name="budget"):
    """A time such as "60s", "2m", "1.5h", "90" or 90 in seconds.

    Args:
        budget: Text or a number of seconds; None stays None.
        name: Of the argument, for the message.

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
        raise ModelError(f'{name}= takes a time such as "60s", "5m" or "1h", not {shown(budget)}.')
    return seconds


def time_argument(owner, name, value):
    """Rule: None, or a time as `as_seconds` takes it; it stays as it is.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> time_argument("TextClassifier", "budget", "5m")
        '5m'
    """
    as_seconds(value, name)
    return value


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
    return sum(seconds_of_steps(model, [batch] * (1 + STEPS))[1:]) / STEPS


def seconds_of_steps(model, batches):
    """Seconds of each training step on some batches, measured; the model is as before afterwards.

    Weights, the optimizer's variables and dropout's random numbers are put back. The first step takes longer:
    in it Keras compiles the model.

    Args:
        model: A compiled model.
        batches: List of tuples of arrays, as `fit` takes them.

    Returns:
        A list of seconds, one for each batch.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> len(seconds_of_steps(model, [(np.ones((4, 2)), np.ones((4, 1)))] * 3))
        3
    """
    before = [keras.ops.convert_to_numpy(variable) for variable in training_variables(model)]
    moments = [time.perf_counter()]

    def note(batch, logs=None):
        moments.append(time.perf_counter())

    clock = keras.callbacks.LambdaCallback(on_train_batch_end=note)
    model.fit(Listed(batches), callbacks=[clock], shuffle=False, verbose=0)
    for variable, value in zip(training_variables(model), before, strict=True):
        variable.assign(value)
    return np.diff(moments).tolist()


class Listed(keras.utils.PyDataset):
    """Batches of a list, for `fit` and `predict`.

    Args:
        batches: List of arrays, or of tuples of arrays.

    Example:
        >>> len(Listed([np.ones((2, 3))] * 4))
        4
    """

    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return self.batches[index]


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
