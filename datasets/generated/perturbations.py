"""Images that are translated, rotated, resized, darkened or shuffled by a known amount.

They measure how robust a network is to each of these changes. The functions take images (n, height, width,
channels) with values in [0, 255], 0 for the background, and, except for `shuffle_columns`, return float32 of
the same shape. Consecutive images change in different directions, so that no direction is favoured; the
same call always gives the same images.
"""

import numpy as np
from scipy import ndimage

from ..sources import DataError

# (down, right) for image n at index n % 4
DIRECTIONS = np.array([(0, 1), (1, 0), (0, -1), (-1, 0)])


def shift(images, pixels):
    """Translate each image by `pixels`: one to the right, the next down, then left, then up, and so on.

    Args:
        images: Array (n, height, width, channels) in [0, 255].
        pixels: Distance in pixels, 0 or more; fractions are interpolated.

    Returns:
        float32 array of the same shape.

    Raises:
        DataError: If `pixels` is negative.

    Example:
        >>> import numpy as np
        >>> from datasets.generated.perturbations import shift
        >>> image = np.zeros((1, 3, 3, 1))
        >>> image[0, 1, 1] = 255
        >>> shift(image, 1)[0, 1, :, 0].tolist()
        [0.0, 0.0, 255.0]
    """
    _check("pixels", pixels, 0, np.inf)
    return _resample(images, lambda way: np.eye(2), lambda way: -pixels * DIRECTIONS[way])


def rotate(images, degrees):
    """Rotate each image about its centre: the first clockwise, the next counterclockwise, and so on.

    Args:
        images: Array (n, height, width, channels) in [0, 255].
        degrees: Angle, from 0 to 360.

    Returns:
        float32 array of the same shape.

    Raises:
        DataError: If `degrees` is not from 0 to 360.

    Example:
        >>> import numpy as np
        >>> from datasets.generated.perturbations import rotate
        >>> image = np.zeros((1, 3, 3, 1))
        >>> image[0, 0, 1] = 255
        >>> rotate(image, 90)[0, 1, :, 0].round().tolist()
        [0.0, 0.0, 255.0]
    """
    _check("degrees", degrees, 0, 360)

    def turn(way):
        angle = np.radians(degrees) * (1 if way % 2 else -1)
        return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])

    return _resample(images, turn, lambda way: np.zeros(2))


def scale(images, factor):
    """Resize the content of each image about its centre.

    Args:
        images: Array (n, height, width, channels) in [0, 255].
        factor: From 0.1 to 10: 0.5 halves it, 2 doubles it.

    Returns:
        float32 array of the same shape.

    Raises:
        DataError: If `factor` is not from 0.1 to 10.

    Example:
        >>> import numpy as np
        >>> from datasets.generated.perturbations import scale
        >>> image = np.zeros((1, 5, 5, 1))
        >>> image[0, 1:4, 1:4] = 255
        >>> scale(image, 2)[0, 2, :, 0].tolist()
        [255.0, 255.0, 255.0, 255.0, 255.0]
    """
    _check("factor", factor, 0.1, 10)
    return _resample(images, lambda way: np.eye(2) / factor, lambda way: np.zeros(2))


def dim(images, share):
    """Darken each image: every pixel is multiplied by 1 - `share`.

    Args:
        images: Array (n, height, width, channels) in [0, 255].
        share: From 0 to 1.

    Returns:
        float32 array of the same shape.

    Raises:
        DataError: If `share` is not from 0 to 1.

    Example:
        >>> import numpy as np
        >>> from datasets.generated.perturbations import dim
        >>> dim(np.full((1, 1, 2, 1), 200), 0.25)[..., 0].tolist()
        [[[150.0, 150.0]]]
    """
    _check("share", share, 0, 1)
    return np.asarray(images, "float32") * np.float32(1 - share)


def relight(images, strength):
    """Add light that falls in from one side: right, below, left or above.

    Args:
        images: Array (n, height, width, channels) in [0, 255].
        strength: Light added at that side as a share of full white, from 0 to 1; it decreases linearly to
            nothing at the opposite side.

    Returns:
        float32 array of the same shape, clipped at 255.

    Raises:
        DataError: If `strength` is not from 0 to 1.

    Example:
        >>> import numpy as np
        >>> from datasets.generated.perturbations import relight
        >>> relight(np.zeros((1, 1, 3, 1)), 1)[0, 0, :, 0].tolist()
        [0.0, 127.5, 255.0]
    """
    _check("strength", strength, 0, 1)
    images = np.array(images, "float32")
    height, width = images.shape[1:3]
    down, right = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    for way, (row, column) in enumerate(DIRECTIONS):
        light = 255 * strength * (1 + row * down + column * right) / 2
        images[way::4] = np.minimum(255, images[way::4] + light[..., None])
    return images


def _resample(images, matrix, offset):
    """Each image, resampled at `matrix` times the position from the centre, plus `offset`."""
    images = np.asarray(images, "float32")
    middle = (np.array(images.shape[1:3]) - 1) / 2
    out = np.empty_like(images)
    for way in range(4):
        # All images and channels of one direction are resampled together: these two axes stay
        turned = np.eye(4)
        turned[1:3, 1:3] = matrix(way)
        moved = np.zeros(4)
        moved[1:3] = middle - matrix(way) @ middle + offset(way)
        out[way::4] = ndimage.affine_transform(images[way::4], turned, moved, order=1)
    return out


def _check(name, amount, low, high):
    if not low <= amount <= high:
        limits = f"from {low} to {high}" if np.isfinite(high) else f"{low} or more"
        raise DataError(f"{name}= must be {limits}, not {amount}.")


def shuffle_columns(examples, order):
    """Permute the values of every example in the same way.

    Args:
        examples: Array (n, ...); the values of one example are its columns, row by row.
        order: A permutation of the columns: which comes first, second, and so on.

    Returns:
        Array of the same shape and type.

    Raises:
        DataError: If `order` is not a permutation of the columns.

    Example:
        >>> import numpy as np
        >>> from datasets.generated.perturbations import shuffle_columns
        >>> shuffle_columns(np.array([[10, 20, 30], [40, 50, 60]]), [2, 0, 1]).tolist()
        [[30, 10, 20], [60, 40, 50]]
    """
    columns = examples.reshape(len(examples), -1)
    if not np.array_equal(np.sort(order), np.arange(columns.shape[1])):
        raise DataError(f"order= must hold each number from 0 to {columns.shape[1] - 1} once.")
    return columns[:, order].reshape(examples.shape)
