"""Three activation functions and their derivatives, as the lectures write them.

Keras has the functions, and automatic differentiation the derivatives; these are for comparing.
"""

from keras import ops


def sigmoid(z):
    """g = 1 / (1 + e^-z): between 0 and 1."""
    return 1 / (1 + ops.exp(-z))


def sigmoid_derivative(z):
    """g' = g (1 - g): at most 1/4, at z = 0."""
    g = sigmoid(z)
    return g * (1 - g)


def tanh(z):
    """g = (e^z - e^-z) / (e^z + e^-z): between -1 and 1.

    Good for |z| up to 80; beyond, e^z leaves the range of 32-bit numbers, and Keras's own tanh
    takes another way.
    """
    return (ops.exp(z) - ops.exp(-z)) / (ops.exp(z) + ops.exp(-z))


def tanh_derivative(z):
    """g' = 1 - g²: at most 1, at z = 0."""
    return 1 - tanh(z) ** 2


def relu(z):
    """g = max(0, z): every negative number becomes 0, the rest stays."""
    return ops.maximum(z, ops.zeros_like(z))


def relu_derivative(z):
    """g' = 1 for z > 0, else 0."""
    return ops.cast(z > 0, z.dtype)


FORMULAS = {  # by Keras's names
    "sigmoid": (sigmoid, sigmoid_derivative),
    "tanh": (tanh, tanh_derivative),
    "relu": (relu, relu_derivative),
}
