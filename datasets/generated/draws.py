"""Small training sets drawn from large ones, with the same number of examples of each class."""

import numpy as np

from ..sources import DataError


def of_each_class(labels, examples, seed=0):
    """Choose the same number of examples of every class at random, none of them twice.

    For the same seed a smaller draw is the beginning of a larger one: `[:, :2]` of a draw of 50 is
    the draw of 2.

    Args:
        labels: Integers (n,), the class of each example.
        examples: Number of examples to choose of each class.
        seed: The same seed draws the same examples.

    Returns:
        int array (classes, examples): indices into `labels`, a row for each class in ascending order.

    Raises:
        DataError: If there are no labels, `examples` is not positive, or a class has fewer.

    Example:
        >>> import numpy as np
        >>> from datasets.generated.draws import of_each_class
        >>> labels = np.array([0, 1, 0, 1, 0, 1])
        >>> labels[of_each_class(labels, 2)].tolist()
        [[0, 0], [1, 1]]
    """
    labels = np.asarray(labels)
    classes, counts = np.unique(labels, return_counts=True)
    if not len(labels):
        raise DataError("labels= is empty; give one label for each example.")
    if examples < 1:
        raise DataError(f"examples= must be 1 or more, not {examples}.")
    if counts.min() < examples:
        raise DataError(
            f"Class {classes[counts.argmin()]} has {counts.min()} examples, not {examples}; "
            f"ask for {counts.min()} or fewer a class."
        )
    random = np.random.default_rng(seed)
    return np.stack([random.permutation(np.flatnonzero(labels == one))[:examples] for one in classes])


def shuffled_epochs(indices, length, seed=0):
    """Repeat examples, shuffled anew for each epoch, until there are enough.

    Args:
        indices: Array of one index or more, in any shape.
        length: Number of indices wanted; the last epoch may end early.
        seed: The same seed gives the same orders.

    Returns:
        int array (length,).

    Example:
        >>> from datasets.generated.draws import shuffled_epochs
        >>> sorted(shuffled_epochs([5, 6, 7], 6).tolist())
        [5, 5, 6, 6, 7, 7]
    """
    indices, random = np.ravel(indices), np.random.default_rng(seed)
    orders = [random.permutation(indices) for _ in range(-(-length // len(indices)))]
    return np.concatenate([indices[:0], *orders])[:length]
