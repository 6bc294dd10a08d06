"""Probabilities of all classes, from what a network gives."""

import numpy as np

from .errors import ModelError


def per_class(outputs):
    """Probabilities of all classes, from the outputs of a network that may end in one neuron.

    Args:
        outputs: Array (n, 1), the probability of the second of two classes, or (n, classes).

    Returns:
        Array (n, classes).

    Raises:
        ModelError: If the array has another shape.

    Example:
        >>> from models.probabilities import per_class
        >>> per_class([[0.25], [0.5]])
        array([[0.75, 0.25],
               [0.5 , 0.5 ]])
    """
    found = np.asarray(outputs)
    if found.ndim != 2:
        raise ModelError(f"per_class needs outputs of shape (n, classes), not {found.shape}.")
    return np.hstack([1 - found, found]) if found.shape[-1] == 1 else found
