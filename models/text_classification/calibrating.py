"""A network whose probabilities are as high as its accuracy on texts that it was not trained on."""

from typing import NamedTuple

import numpy as np

from ..fine_tuning.calibration import CalibrationError, calibration_error, fit_temperature, with_temperature
from ..sibling import datasets_module
from .log_odds import LogProbabilities, last_dense

FEWEST = 30  # validation texts, with fewer of which no temperature is fitted


class HeldBack(NamedTuple):
    """What a classifier makes of texts that it was not trained on.

    Attributes:
        probabilities: float64 (n, classes), calibrated.
        labels: Class index of each text, integers (n,).
        error: `CalibrationError` of these texts before and after; None where no temperature was fitted.

    Example:
        >>> HeldBack(np.array([[0.9, 0.1]]), np.array([0]), None).labels.tolist()
        [0]
    """

    probabilities: np.ndarray
    labels: np.ndarray
    error: CalibrationError | None


def doubt(texts):
    """The share of mistakes to expect although none was found among texts that were held back (Platt, 1999).

    Args:
        texts: Number of these texts.

    Returns:
        float, 1 / (texts + 2).

    Example:
        >>> doubt(38)
        0.025
    """
    return 1 / (texts + 2)


def balanced(model, labels, held_back):
    """Make a model's probabilities those of classes that are equally frequent.

    The logarithm of each class's share of the training texts is taken off the bias of the last layer.

    Args:
        model: A model that ends in a dense layer with a bias.
        labels: Class index of each training text, integers (n,); each class occurs.
        held_back: `HeldBack`.

    Returns:
        `HeldBack` with the probabilities that the model gives now.

    Reference:
        Menon et al., Long-tail learning via logit adjustment, 2021.

    Example:
        >>> from models import SentimentBag
        >>> network = SentimentBag(vocabulary_size=4)
        >>> network.get_layer("predictions").set_weights([np.zeros((32, 1)), np.log([1 / 9])])
        >>> held = HeldBack(np.array([[0.9, 0.1]]), np.array([0]), None)
        >>> held = balanced(network, np.array([0] * 9 + [1]), held)
        >>> held.probabilities.round(2).tolist(), network.predict(np.array([[2]]), verbose=0).round(2)
        ([[0.5, 0.5]], array([[0.5]], dtype=float32))
    """
    shares, dense = np.bincount(labels) / len(labels), last_dense(model)
    kernel, bias = dense.get_weights()
    taken_off = np.log(shares) if dense.units > 1 else np.log(shares[1:] / shares[0])
    dense.set_weights([kernel, bias - taken_off])
    found = held_back.probabilities / shares
    return held_back._replace(probabilities=found / found.sum(1, keepdims=True))


def calibrate(network, tokens, labels):
    """Fit a temperature on validation texts, and divide the weights of a network's last layer by it.

    So the network stays one of plain Keras, and its predictions stay the same. Fewer than 30 texts, or texts
    that are all classified correctly, say nothing of how sure it may be: then nothing is changed.

    Args:
        network: A network of token ids that ends in a dense layer with sigmoid, softmax, or none.
        tokens: List of n arrays of token ids, of texts that the network was not fitted on.
        labels: Class index of each, integers (n,).

    Returns:
        `HeldBack`. Its calibration error is measured on the texts that the temperature was fitted on.

    Reference:
        Guo et al., On calibration of modern neural networks, 2017.

    Example:
        >>> from models import SentimentBag
        >>> network = SentimentBag(vocabulary_size=4, embedding_dim=1)
        >>> network.get_layer("embedding").set_weights([np.array([[0.0], [0.0], [9.0], [-9.0]])])
        >>> network.get_layer("predictions").set_weights([np.ones((1, 1)), np.zeros(1)])
        >>> tokens, labels = [np.array([2]), np.array([3])] * 20, np.array([1, 0] * 14 + [0, 1] * 6)
        >>> found = calibrate(network, tokens, labels)  # sure of all, correct in 28 of 40
        >>> round(float(network.predict(np.array([[2]]), verbose=0)[0, 0]), 1)
        0.7
        >>> round(found.error.before[0], 1), round(found.error.after[0], 1)
        (0.3, 0.0)
    """
    batches = datasets_module("texts.bucketing").LengthBuckets(tokens, batch_size=500, shuffle=False)
    probabilities = np.exp(LogProbabilities(network)(batches))[np.argsort(batches.order)]
    labels, dense = np.asarray(labels), last_dense(network)
    wrong = probabilities.argmax(1) != labels
    if len(labels) < FEWEST or dense is None or not wrong.any():
        return HeldBack(probabilities, labels, None)
    temperature = fit_temperature(probabilities, labels, smoothing=doubt(len(labels)))
    dense.set_weights([weights / temperature for weights in dense.get_weights()])
    error = calibration_error(probabilities, labels, temperature)
    return HeldBack(with_temperature(probabilities, temperature), labels, error)
