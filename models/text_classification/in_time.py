"""A limit of time for the training of a text network: its epochs are cut to fit, and it ends in time."""

import json
import time
from typing import NamedTuple

import keras

from ..errors import ModelError
from ..training.time_budget import seconds_of_steps

PLAN = "plan.json"  # in the folder of a training that can be resumed
MARGIN = 0.9  # of the time that is left: what follows the training takes some, too
USUAL = 3  # steps before one is taken for usual: in the first, Keras compiles the network


class TextPlan(NamedTuple):
    """What a training does.

    Attributes:
        epochs: Number of epochs.
        steps: Number of steps in each.

    Example:
        >>> plan = TextPlan(epochs=3, steps=10)
        >>> plan.epochs * plan.steps
        30
    """

    epochs: int
    steps: int


def plan_training(network, batches, validation, epochs, deadline, checkpoint=None):
    """Measure some steps of a compiled network, and cut its training to the time that is left.

    Args:
        network: Compiled, with any learning rate.
        batches: `LengthBuckets` to train on.
        validation: How many texts validate, relative to those that train.
        epochs: Number of epochs at most.
        deadline: Moment at which the classifier is to be ready, by `time.perf_counter()`; None for no limit.
        checkpoint: `CheckpointFolder` that keeps the plan, so that a resumed training follows the same.

    Returns:
        A `TextPlan`: all epochs, fewer, or a part of the first.

    Raises:
        ModelError: If no time is left.

    Example:
        >>> import numpy as np
        >>> from datasets.texts.bucketing import LengthBuckets
        >>> from models import SentimentBag
        >>> network, texts = SentimentBag(vocabulary_size=4), [np.array([2]), np.array([3, 2])] * 20
        >>> network.compile("adam", "binary_crossentropy")
        >>> batches = LengthBuckets(texts, np.array([0, 1] * 20), batch_size=4)
        >>> plan_training(network, batches, 0.1, epochs=3, deadline=time.perf_counter() + 600)
        TextPlan(epochs=3, steps=10)
    """
    if deadline is None:
        return TextPlan(epochs, len(batches))
    if checkpoint is not None and checkpoint.resumed and (left := _kept(checkpoint, epochs, len(batches))):
        return left
    samples, counts = zip(*batches.by_length(), strict=True)
    if len(samples) * 2 < epochs * len(batches):  # otherwise measuring would take longer than training
        seconds = seconds_of_steps(network, [*samples, *samples])[len(samples) :]
        epoch = (1 + validation) * sum(each * count for each, count in zip(seconds, counts, strict=True))
    else:
        epoch = 0.0
    left = deadline - time.perf_counter()
    if left <= 0:
        raise ModelError("budget= is used up before the network is trained; give more time, or fewer texts.")
    fitting = MARGIN * left / max(epoch, 1e-9)
    plan = TextPlan(int(max(1, min(fitting, epochs))), max(1, int(len(batches) * min(fitting, 1))))
    if checkpoint is not None:
        checkpoint.write(PLAN, json.dumps(plan).encode())
    return plan


def _kept(checkpoint, epochs, steps):
    """The plan of the training that was stopped; None if there is none that fits."""
    try:
        plan = TextPlan(*json.loads((checkpoint.folder / PLAN).read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    fits = all(type(number) is int for number in plan)
    return plan if fits and 1 <= plan.epochs <= epochs and 1 <= plan.steps <= steps else None


class InTime(keras.callbacks.Callback):
    """Callback that ends training so early that the validation that follows is done at a moment.

    Args:
        moment: By `time.perf_counter()`.
        validation: Steps of training that take about as long as the validation.

    Example:
        >>> import numpy as np
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> past = InTime(time.perf_counter(), validation=1)
        >>> _ = model.fit(np.ones((40, 2)), np.ones(40), 4, epochs=9, callbacks=[past], verbose=0)
        >>> int(model.optimizer.iterations.numpy())
        1
    """

    def __init__(self, moment, validation):
        super().__init__()
        self.moment, self.validation = moment, validation

    def on_epoch_begin(self, epoch, logs=None):
        self._moments = []

    def on_train_batch_end(self, batch, logs=None):
        self._moments.append(now := time.perf_counter())
        usual = 0.0
        if len(self._moments) > USUAL:
            usual = (now - self._moments[USUAL - 1]) / (len(self._moments) - USUAL)
        if now + usual * self.validation >= self.moment:
            self.model.stop_training = True
