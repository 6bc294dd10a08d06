"""Loss functions of one and two parameters, as examples for gradient descent."""

from keras import ops

from .checks.arguments import numbers
from .errors import ModelError


def two_valleys(w):
    """A local minimum on the left and the global one on the right: (w² - 4)² / 16 - w / 4 + 1.

    Args:
        w: Parameter, a number, tensor or array of any shape; the minima are near -1.9 and 2.1, the maximum
            between them near -0.2.

    Returns:
        Loss of the same shape, about 0.48 at the global minimum, on the right, and 1.48 at the local one.

    Raises:
        ModelError: If w does not hold numbers.

    Example:
        >>> from models.landscapes import two_valleys
        >>> two_valleys([-1.9, -0.2, 2.1]).numpy().round(2)
        array([1.48, 2.03, 0.49], dtype=float32)
    """
    w = numbers("two_valleys", "w", w)
    return ops.square(ops.square(w) - 4) / 16 - w / 4 + 1


def two_valleys_derivative(w):
    """w (w² - 4) / 4 - 1/4: negative where the loss falls to the right, so gradient descent moves right.

    Args:
        w: Parameter, a number, tensor or array of any shape.

    Returns:
        Derivative of `two_valleys` with respect to w, of the same shape.

    Raises:
        ModelError: If w does not hold numbers.

    Example:
        >>> from models.landscapes import two_valleys_derivative
        >>> two_valleys_derivative([-3.0, 0.0, 3.0]).numpy()
        array([-4.  , -0.25,  3.5 ], dtype=float32)
    """
    w = numbers("two_valleys_derivative", "w", w)
    return w * (ops.square(w) - 4) / 4 - 0.25


def ravine(point):
    """A long narrow valley, steep in one direction and nearly flat in the other: x² / 40 + y².

    Args:
        point: Two parameters (..., 2), a tensor or array.

    Returns:
        Loss (...), 0 at the origin.

    Raises:
        ModelError: If point does not hold pairs of numbers.

    Example:
        >>> from models.landscapes import ravine
        >>> ravine([[20.0, 0.0], [0.0, 2.0]]).numpy()
        array([10.,  4.], dtype=float32)
    """
    point = numbers("ravine", "point", point)
    if not len(point.shape) or point.shape[-1] != 2:
        raise ModelError(f"ravine needs point of shape (..., 2), not of {tuple(point.shape)}.")
    return ops.square(point[..., 0]) / 40 + ops.square(point[..., 1])
