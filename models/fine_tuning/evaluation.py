"""Evaluate a classifier on some photos."""

import numpy as np

from ..evaluation import Evaluation
from .batches import AugmentedPhotos, UncachedPhotos


def evaluate(model, photos, rows, part, batch_size=32, class_names=None):
    """Classify photos whose classes are known, and compare.

    Args:
        model: A classifier: pixels (n, size, size, 3) in [0, 255] -> probabilities (n, classes).
        photos: What `Photos.check` returned.
        rows: Which of them, integers (n,).
        part: What these are called, such as "test".
        batch_size: Photos in a batch.
        class_names: The model's classes in index order; None for those of the photos.

    Returns:
        An `Evaluation`.

    Example:
        >>> import keras
        >>> from types import SimpleNamespace
        >>> photos = SimpleNamespace(
        ...     pixels=np.zeros((2, 8, 8, 3), "uint8"), labels=np.array([0, 1]), files=["1.jpg", "2.jpg"],
        ...     class_names=("ants", "bees"),
        ... )
        >>> layers = [keras.layers.Flatten(), keras.layers.Dense(2, "softmax")]
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), *layers])
        >>> evaluate(model, photos, [0, 1], "test").accuracy.value
        0.5
    """
    rows, class_names = np.asarray(rows), tuple(class_names or photos.class_names)
    batches = UncachedPhotos(AugmentedPhotos(photos, rows)).validation(batch_size=batch_size)
    probabilities = model.predict(batches, verbose=0)
    index = np.array([class_names.index(name) for name in photos.class_names])
    files = [photos.files[row] for row in rows]
    return Evaluation(part, class_names, files, index[photos.labels[rows]], probabilities)


def cross_validation(photos, rows, probabilities):
    """The evaluation of photos that were classified by models which had not seen them.

    Args:
        photos: What `Photos.check` returned.
        rows: Which of them, integers (n,).
        probabilities: Their out-of-fold probabilities, (n, classes).

    Returns:
        An `Evaluation` named "cross-validation".

    Example:
        >>> from types import SimpleNamespace
        >>> labels, files = np.array([0, 1]), ["1.jpg", "2.jpg"]
        >>> photos = SimpleNamespace(labels=labels, files=files, class_names=("a", "b"))
        >>> cross_validation(photos, [1], [[0.2, 0.8]]).accuracy.value
        1.0
    """
    files = [photos.files[row] for row in rows]
    return Evaluation(
        "cross-validation", tuple(photos.class_names), files, photos.labels[rows], probabilities
    )
