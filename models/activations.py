"""Three activation functions and their derivatives, by the lectures' formulas.

They are for comparison with Keras's functions and automatic differentiation. All take a tensor or array of
any shape and return a tensor of the same shape; whole numbers become float32.
"""

from keras import ops

from .checks.arguments import numbers


def sigmoid(z):
    """g = 1 / (1 + e^-z): between 0 and 1.

    Args:
        z: Tensor or array of any shape, any range.

    Returns:
        Tensor of the same shape, values in [0, 1].

    Raises:
        ModelError: If z does not hold numbers.

    Example:
        >>> from models.activations import sigmoid
        >>> sigmoid([-2.0, 0.0, 2.0]).numpy().round(3)
        array([0.119, 0.5  , 0.881], dtype=float32)
    """
    return 1 / (1 + ops.exp(-numbers("sigmoid", "z", z)))


def sigmoid_derivative(z):
    """g' = g (1 - g): at most 1/4, at z = 0.

    Args:
        z: Tensor or array of any shape, any range.

    Returns:
        Tensor of the same shape, values in [0, 1/4].

    Raises:
        ModelError: If z does not hold numbers.

    Example:
        >>> from models.activations import sigmoid_derivative
        >>> sigmoid_derivative([-2.0, 0.0, 2.0]).numpy().round(3)
        array([0.105, 0.25 , 0.105], dtype=float32)
    """
    g = sigmoid(z)
    return g * (1 - g)


def tanh(z):
    """g = (e^z - e^-z) / (e^z + e^-z): between -1 and 1.

    Args:
        z: Tensor or array of any shape, in 32 bits from -80 to 80; beyond that e^z overflows, which Keras's
            own tanh avoids.

    Returns:
        Tensor of the same shape, values in [-1, 1].

    Raises:
        ModelError: If z does not hold numbers.

    Example:
        >>> from models.activations import tanh
        >>> tanh([-2.0, 0.0, 2.0]).numpy().round(3)
        array([-0.964,  0.   ,  0.964], dtype=float32)
    """
    z = numbers("tanh", "z", z)
    return (ops.exp(z) - ops.exp(-z)) / (ops.exp(z) + ops.exp(-z))


def tanh_derivative(z):
    """g' = 1 - g²: at most 1, at z = 0.

    Args:
        z: Tensor or array of any shape, in 32 bits from -80 to 80, as for `tanh`.

    Returns:
        Tensor of the same shape, values in [0, 1].

    Raises:
        ModelError: If z does not hold numbers.

    Example:
        >>> from models.activations import tanh_derivative
        >>> tanh_derivative([-2.0, 0.0, 2.0]).numpy().round(3)
        array([0.071, 1.   , 0.071], dtype=float32)
    """
    return 1 - tanh(z) ** 2


def relu(z):
    """g = max(0, z): every negative number becomes 0, the others stay.

    Args:
        z: Tensor or array of any shape, any range.

    Returns:
        Tensor of the same shape, values of 0 or more.

    Raises:
        ModelError: If z does not hold numbers.

    Example:
        >>> from models.activations import relu
        >>> relu([-2.0, 0.0, 2.0]).numpy()
        array([0., 0., 2.], dtype=float32)
    """
    z = numbers("relu", "z", z)
    return ops.maximum(z, ops.zeros_like(z))


def relu_derivative(z):
    """g' = 1 for z > 0, else 0.

    Args:
        z: Tensor or array of any shape, any range.

    Returns:
        Tensor of the same shape, values 0 or 1.

    Raises:
        ModelError: If z does not hold numbers.

    Example:
        >>> from models.activations import relu_derivative
        >>> relu_derivative([-2.0, 0.0, 2.0]).numpy()
        array([0., 0., 1.], dtype=float32)
    """
    z = numbers("relu_derivative", "z", z)
    return ops.cast(z > 0, z.dtype)


FORMULAS = {  # by Keras's names
    "sigmoid": (sigmoid, sigmoid_derivative),
    "tanh": (tanh, tanh_derivative),
    "relu": (relu, relu_derivative),
}
