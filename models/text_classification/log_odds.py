"""Logarithms of a model's probabilities, exact also where a probability is so near 1 that float32 says 1."""

import keras
import numpy as np
from keras import layers
from scipy.special import log_softmax, logsumexp

from ..probabilities import per_class
from .by_parts import predict_texts

LEAST = 2.0**-24  # what a probability of 0 counts as where there are no logits; float32 says 1 for 1 - this
BATCH = 64  # texts that are computed together


class LogProbabilities:
    """Logarithms of the probabilities that a model gives, computed in float64 from its logits.

    The logits are what the last dense layer adds up before its sigmoid or softmax. A model that ends
    otherwise gives probabilities alone; they are cut off at 2 ** -24 and 1 - 2 ** -24, and `exact` is False.

    Args:
        model: Built Keras model with one output, (n, 1) or (n, classes): probabilities, or logits of a dense
            layer without activation.

    Attributes:
        exact: Whether there are logits.

    Example:
        >>> from models import SentimentBag
        >>> model = SentimentBag(vocabulary_size=3, embedding_dim=1)
        >>> model.get_layer("embedding").set_weights([np.array([[0.0], [0.0], [90.0]])])
        >>> model.get_layer("predictions").set_weights([np.ones((1, 1)), np.zeros(1)])
        >>> tokens = np.array([[2]])
        >>> found = LogProbabilities(model)(tokens).round(3) + 0.0
        >>> found.tolist(), model.predict(tokens, verbose=0).tolist()
        ([[-90.0, 0.0]], [[1.0]])
    """

    def __init__(self, model):
        tensors, self._read, self.exact = _ending(model.outputs[0])
        self._features = keras.Model(model.inputs, tensors)

    def __call__(self, inputs):
        """float64 (n, classes), of arrays or batches that the model takes."""
        if isinstance(inputs, np.ndarray) and inputs.dtype == object:
            found = predict_texts(self._features, inputs, BATCH)
        else:
            size = {"batch_size": BATCH} if isinstance(inputs, np.ndarray) else {}
            found = self._features.predict(inputs, **size, verbose=0)
        return self._read(*(found if isinstance(found, list) else [found]))


def log_odds(log_probabilities, class_index):
    """Log-odds of a class: the logarithm of its probability, less that of all others together.

    Args:
        log_probabilities: float64 (n, classes), two classes or more.
        class_index: Index of the class.

    Returns:
        float64 (n,): 0 for a probability of a half, 2.2 for 90 %, -2.2 for 10 %.

    Example:
        >>> log_odds(np.log([[0.9, 0.1], [0.5, 0.5]]), class_index=0).round(3).tolist()
        [2.197, 0.0]
    """
    others = np.delete(log_probabilities, class_index, axis=1)
    return log_probabilities[:, class_index] - logsumexp(others, axis=1)


def of_logits(logits):
    """Log-probabilities of logits.

    Args:
        logits: (n, 1), that of the second of two classes; or (n, classes).

    Returns:
        float64 (n, classes).

    Example:
        >>> of_logits([[0.0], [1000.0]]).round(3).tolist()
        [[-0.693, -0.693], [-1000.0, 0.0]]
    """
    logits = np.asarray(logits, "float64")
    if logits.shape[-1] == 1:
        logits = np.hstack([np.zeros_like(logits), logits])
    return log_softmax(logits, axis=-1)


def last_dense(model):
    """The dense layer that gives a model's logits.

    Args:
        model: A built model with one output.

    Returns:
        A `keras.layers.Dense`, maybe of a model inside the model; None if it ends otherwise.

    Example:
        >>> from models import SentimentBag, StringClassifier
        >>> last_dense(StringClassifier(["good", "bad"], SentimentBag(vocabulary_size=4))).name
        'predictions'
    """
    operation = model.outputs[0]._keras_history.operation
    if isinstance(operation, keras.Model):
        return last_dense(operation)
    return operation if _gives_logits(operation) else None


def _gives_logits(operation):
    if not isinstance(operation, layers.Dense):
        return False
    ending = operation.activation
    one = operation.units == 1 and ending is keras.activations.sigmoid
    several = operation.units > 1 and ending is keras.activations.softmax
    return one or several or ending is keras.activations.linear


def _ending(tensor):
    """(tensors before the end, function of their values -> log-probabilities, whether from logits)."""
    operation, index, _ = tensor._keras_history
    given = operation._inbound_nodes[index].input_tensors if operation._inbound_nodes else []
    if isinstance(operation, keras.Model) and len(operation.outputs) == 1:
        tensors, read, exact = _ending(operation.outputs[0])
        return keras.Model(operation.inputs, tensors)(given), read, exact
    if _gives_logits(operation):
        weights = [value.astype("float64") for value in operation.get_weights()]
        return given, lambda x: of_logits(_affine(x, *weights)), True
    return [tensor], lambda x: np.log(np.clip(per_class(x).astype("float64"), LEAST, 1 - LEAST)), False


def _affine(x, kernel, bias=0.0):
    return x.astype("float64") @ kernel + bias
