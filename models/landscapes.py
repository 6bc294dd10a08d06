"""Loss curves of one and two parameters, to watch an optimizer go down on."""

from keras import ops


def two_valleys(w):
    """A valley at the left, and a lower one beyond the hill: (w² - 4)² / 16 - w / 4 + 1.

    Args:
        w: Parameter, tensor or array of any shape; the valleys are near -1.9 and 2.1, the hill
            between them near -0.2.

    Returns:
        Loss of the same shape, at its least about 0.48 in the right valley and 1.48 in the left.
    """
    return ops.square(ops.square(w) - 4) / 16 - w / 4 + 1


def two_valleys_derivative(w):
    """w (w² - 4) / 4 - 1/4: negative where the curve falls to the right, so one has to go right."""
    return w * (ops.square(w) - 4) / 4 - 0.25


def ravine(point):
    """A long narrow valley, steep across and nearly level along: x² / 40 + y².

    Args:
        point: Two parameters (..., 2).

    Returns:
        Loss (...), 0 at the origin.
    """
    return ops.square(point[..., 0]) / 40 + ops.square(point[..., 1])
