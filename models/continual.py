"""How much a network that learns one task after the other forgets, and what each task brings the next."""

import numpy as np

from .errors import ModelError


def average_accuracy(accuracies):
    """The mean accuracy on all tasks after the last one.

    Args:
        accuracies: Array (tasks, tasks): row i holds the accuracies on all tasks after training on task i.

    Returns:
        A float.

    Raises:
        ModelError: If accuracies are no square array of two tasks or more, with values from 0 to 1.

    Example:
        >>> from models.continual import average_accuracy
        >>> average_accuracy([[1.0, 0.0], [0.5, 1.0]])
        0.75
    """
    return float(_checked(accuracies)[-1].mean())


def forgetting(accuracies):
    """How far the accuracy on a task falls from its best to the end, as a mean over all tasks but the last.

    Args:
        accuracies: As for `average_accuracy`.

    Returns:
        A float from -1 to 1; 0 if nothing is forgotten.

    Raises:
        ModelError: As for `average_accuracy`.

    Reference:
        Chaudhry et al., Riemannian walk for incremental learning, 2018.

    Example:
        >>> from models.continual import forgetting
        >>> forgetting([[1.0, 0.0], [0.5, 1.0]])
        0.5
    """
    accuracies = _checked(accuracies)
    return float(np.mean(accuracies[:-1, :-1].max(0) - accuracies[-1, :-1]))


def forward_transfer(accuracies, untrained):
    """What earlier tasks bring a task before its training: its accuracy then, less that with random weights.

    Args:
        accuracies: As for `average_accuracy`.
        untrained: Accuracies on all tasks with random weights, (tasks,).

    Returns:
        A float from -1 to 1: the mean over all tasks but the first.

    Raises:
        ModelError: As for `average_accuracy`, or if untrained has another length.

    Reference:
        Lopez-Paz and Ranzato, Gradient episodic memory for continual learning, 2017.

    Example:
        >>> from models.continual import forward_transfer
        >>> forward_transfer([[1.0, 0.3], [0.5, 1.0]], [0.1, 0.1]).__round__(2)
        0.2
    """
    accuracies, untrained = _checked(accuracies), np.asarray(untrained, float)
    if untrained.shape != (len(accuracies),):
        raise ModelError(f"untrained= must hold {len(accuracies)} accuracies, not {untrained.shape}.")
    return float(np.mean(accuracies.diagonal(1) - untrained[1:]))


def _checked(accuracies):
    accuracies = np.asarray(accuracies, float)
    square = accuracies.ndim == 2 and len(accuracies) == accuracies.shape[1] >= 2
    if not square or not ((accuracies >= 0) & (accuracies <= 1)).all():
        raise ModelError(
            "accuracies= must be an array (tasks, tasks) of values from 0 to 1, with two tasks or more, "
            f"not {accuracies.shape}."
        )
    return accuracies
