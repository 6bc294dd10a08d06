"""Small training sets drawn from large ones: so many examples of each class."""

import numpy as np

from ..sources import DataError


def of_each_class(labels, examples, seed=0):
    """Choose the same number of examples of every class at random, none of them twice.

    With one seed, fewer examples are the beginning of more: `[:, :2]` of a draw of 50 is the
    draw of 2.

    Args:
        labels: Integers (n,), the class of each example.
        examples: Number of examples to choose of each class.
        seed: The same seed draws the same examples.

    Returns:
        int array (classes, examples): indices into `labels`, a row for each class in rising order.

    Raises:
        DataError: If there are no labels, `examples` is not positive, or a class has fewer.
    """
    labels = np.asarray(labels)
    classes, counts = np.unique(labels, return_counts=True)
    if not len(labels):
        raise DataError("There are no labels to draw from; give one for each example.")
    if examples < 1:
        raise DataError(f"The number of examples a class must be 1 or more, not {examples}.")
    if counts.min() < examples:
        raise DataError(
            f"Class {classes[counts.argmin()]} has {counts.min()} examples, not {examples}; "
            f"ask for {counts.min()} or fewer a class."
        )
    random = np.random.default_rng(seed)
    return np.stack([random.permutation(np.flatnonzero(labels == one))[:examples] for one in classes])


def passes(indices, length, seed=0):
    """Go through examples again and again, each time in another order, until there are enough.

    Args:
        indices: Array of one index or more, in any shape.
        length: Number of indices wanted; the last pass may end early.
        seed: The same seed gives the same orders.

    Returns:
        int array (length,).
    """
    indices, random = np.ravel(indices), np.random.default_rng(seed)
    orders = [random.permutation(indices) for _ in range(-(-length // len(indices)))]
    return np.concatenate([indices[:0], *orders])[:length]
