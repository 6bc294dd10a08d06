"""From how probable on a label is given to a photo: the threshold with the best F1, label by label."""

import numpy as np

from ...checks.arguments import shown
from ...errors import ModelError


def best_thresholds(probabilities, labels):
    """For each label the threshold at which F1 is highest.

    Args:
        probabilities: (n, labels), of photos that the classifier was not fitted on.
        labels: 0 or 1, (n, labels); each label has a 1.

    Returns:
        float64 (labels,): halfway between the lowest probability that gets the label and the next one below.

    Raises:
        ModelError: If the two do not fit each other, or a label has no 1.

    Example:
        >>> best_thresholds([[0.9], [0.6], [0.4], [0.2]], [[1], [0], [1], [0]]).round(2).tolist()
        [0.3]
    """
    probabilities, labels = np.asarray(probabilities, "float64"), np.asarray(labels)
    if probabilities.shape != labels.shape or labels.ndim != 2 or not labels.any(0).all():
        raise ModelError(
            "best_thresholds takes probabilities and labels of one shape (n, labels), each label with a 1."
        )
    return np.array([_best(*column) for column in zip(probabilities.T, labels.T, strict=True)])


def _best(probabilities, labels):
    order = np.argsort(-probabilities, kind="stable")
    ranked, hits = probabilities[order], np.cumsum(labels[order])
    below = np.append(ranked[1:], 0.0)
    f1 = 2 * hits / (np.arange(1, len(hits) + 1) + labels.sum())
    f1[ranked == below] = -1  # no threshold lies between equal ones
    best = int(f1.argmax())
    return (ranked[best] + below[best]) / 2


def check_thresholds(thresholds, names, path):
    """Thresholds from a file, which may be damaged or somebody else's.

    Args:
        thresholds: Anything.
        names: The names of the labels.
        path: The file, for the message.

    Returns:
        float64 (labels,).

    Raises:
        ModelError: If they are not a number from 0 to 1 for each label.

    Example:
        >>> check_thresholds([0.5, 0.25], ("ants", "red"), "model.keras").tolist()
        [0.5, 0.25]
    """
    good = isinstance(thresholds, list) and len(thresholds) == len(names)
    if not good or not all(type(each) in (int, float) and 0 <= each <= 1 for each in thresholds):
        raise ModelError(
            f"{path} is damaged: it does not hold a threshold from 0 to 1 for each label "
            f"({shown(thresholds)}); save the classifier again, or fetch the file again."
        )
    return np.array(thresholds, "float64")


def gives_several_labels(model):
    """Whether a model gives each label a probability of its own: several sigmoids at its end.

    Args:
        model: A model with one output.

    Returns:
        bool.

    Example:
        >>> import keras
        >>> dense = keras.layers.Dense(3, activation="sigmoid")
        >>> gives_several_labels(keras.Sequential([keras.Input((2,)), dense]))
        True
    """
    activation = getattr(model.layers[-1], "activation", None) if getattr(model, "layers", None) else None
    return getattr(activation, "__name__", "") == "sigmoid" and (model.outputs[0].shape[-1] or 1) > 1
