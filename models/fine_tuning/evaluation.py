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
