"""Back-propagation by hand: the gradients of a chain of dense layers, in NumPy."""

import numpy as np


def forward(x, weights):
    """Forward pass: run a chain of dense layers, and keep the outputs of each layer.

    Args:
        x: Inputs (n, inputs).
        weights: For each layer its kernel (inputs, outputs) and its bias (outputs,), one list
            as `model.get_weights()` gives it. All layers end in tanh, the last in softmax.

    Returns:
        The inputs and every layer's outputs, in order; the last are probabilities (n, classes).

    Example:
        >>> import numpy as np
        >>> from models.backpropagation import forward
        >>> weights = [np.eye(2), np.zeros(2), np.zeros((2, 4)), np.zeros(4)]
        >>> [values.shape for values in forward(np.ones((3, 2)), weights)]
        [(3, 2), (3, 2), (3, 4)]
    """
    values = [x]
    for layer in range(0, len(weights), 2):
        z = values[-1] @ weights[layer] + weights[layer + 1]
        values.append(np.tanh(z))
    e = np.exp(z - z.max(1, keepdims=True))
    values[-1] = e / e.sum(1, keepdims=True)
    return values


def backward(values, weights, truth):
    """Backward pass: apply the chain rule from the last layer to the first.

    Args:
        values: What `forward` returned.
        weights: What `forward` was given.
        truth: One-hot labels (n, classes).

    Returns:
        The gradient of the mean cross-entropy with respect to each of the weights, in their
        order and of their shapes.

    Example:
        >>> import numpy as np
        >>> from models.backpropagation import backward, forward
        >>> weights = [np.zeros((1, 2)), np.zeros(2)]
        >>> kernel, bias = backward(forward(np.array([[2.0]]), weights), weights, np.array([[1, 0]]))
        >>> kernel.tolist(), bias.tolist()
        ([[-1.0, 1.0]], [-0.5, 0.5])
    """
    gradients = []
    slope = (values[-1] - truth) / len(truth)  # of the loss by the last layer's z: p - t
    for layer in reversed(range(len(weights) // 2)):
        inputs, kernel = values[layer], weights[2 * layer]
        # z = inputs @ kernel + bias: a weight's gradient is its input times the gradient of its output
        gradients = [inputs.T @ slope, slope.sum(0), *gradients]
        # to the layer before: back through the kernel, then through tanh, whose derivative is 1 - g²
        slope = slope @ kernel.T * (1 - inputs**2)
    return gradients


def cross_entropy(probabilities, truth):
    """Mean of log(1/p) of the true class, with p of 1e-7 at least, as Keras computes it.

    Args:
        probabilities: Array (n, classes).
        truth: One-hot labels (n, classes).

    Example:
        >>> import numpy as np
        >>> from models.backpropagation import cross_entropy
        >>> round(float(cross_entropy(np.array([[0.5, 0.5], [0.9, 0.1]]), np.array([[0, 1], [1, 0]]))), 3)
        0.399
    """
    return -np.log(np.maximum(probabilities[truth == 1], 1e-7)).mean()
