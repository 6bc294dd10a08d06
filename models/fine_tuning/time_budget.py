"""How long a training on photos will take, and how it is cut down to fit a budget."""

import time
from typing import NamedTuple

import numpy as np

from ..training.time_budget import Listed
from .features import AT_ONCE, filled_up


def photo_seconds(frozen, photos, augmented=True):
    """Seconds that it takes to augment a photo and to pass it through frozen layers, measured.

    Args:
        frozen: Model of the frozen layers.
        photos: An `AugmentedPhotos`.
        augmented: Whether photos are augmented at all.

    Example:
        >>> from types import SimpleNamespace
        >>> import keras
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
        frozen.predict(Listed([filled_up(photos.version(version, places)[0])]), verbose=0)
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
