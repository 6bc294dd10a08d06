"""The same images moved, turned, resized, lit otherwise or shuffled, each by a known amount.

For asking how much of each a network bears. The functions take images (n, height, width,
channels) with values in [0, 255], 0 for the background, and, but for `shuffle_columns`, give
float32 of the same shape. Neighbouring images go different ways, so that no direction is
favoured; the same call always gives the same images.
"""

import numpy as np
from scipy import ndimage

from ..sources import DataError

# Down and right, of the image n the one at n % 4
DIRECTIONS = np.array([(0, 1), (1, 0), (0, -1), (-1, 0)])


def shift(images, pixels):
    """Move each image by `pixels`, a fourth of them each right, down, left and up.

    Raises:
        DataError: If `pixels` is negative.
    """
    _check("shift", pixels, 0, np.inf)
    return _resample(images, lambda way: np.eye(2), lambda way: -pixels * DIRECTIONS[way])


def rotate(images, degrees):
    """Turn each image about its middle by `degrees`: the first clockwise, the next not, and so on.

    Raises:
        DataError: If `degrees` is not from 0 to 360.
    """
    _check("rotate", degrees, 0, 360)

    def turn(way):
        angle = np.radians(degrees) * (1 if way % 2 else -1)
        return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])

    return _resample(images, turn, lambda way: np.zeros(2))


def scale(images, factor):
    """Resize what each image shows about its middle: `factor` 0.5 halves it, 2 doubles it.

    Raises:
        DataError: If `factor` is not from 0.1 to 10.
    """
    _check("scale", factor, 0.1, 10)
    return _resample(images, lambda way: np.eye(2) / factor, lambda way: np.zeros(2))


def dim(images, share):
    """Take `share` of the light away: each pixel is multiplied by 1 - `share`.

    Raises:
        DataError: If `share` is not from 0 to 1.
    """
    _check("dim", share, 0, 1)
    return np.asarray(images, "float32") * np.float32(1 - share)


def relight(images, strength):
    """Let light fall in from one side: right, below, left or above.

    Raises:
        DataError: If `strength`, the light added at that side as a share of full white, is not
            from 0 to 1. It falls evenly to nothing at the other side; pixels end at 255.
    """
    _check("relight", strength, 0, 1)
    images = np.array(images, "float32")
    height, width = images.shape[1:3]
    down, right = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    for way, (row, column) in enumerate(DIRECTIONS):
        light = 255 * strength * (1 + row * down + column * right) / 2
        images[way::4] = np.minimum(255, images[way::4] + light[..., None])
    return images


def _resample(images, matrix, offset):
    """Each image taken from itself at `matrix` times the place, about the middle, plus `offset`."""
    images = np.asarray(images, "float32")
    middle = (np.array(images.shape[1:3]) - 1) / 2
    out = np.empty_like(images)
    for way in range(4):
        # One resampling for all images and channels that go this way: those two axes stay
        turned = np.eye(4)
        turned[1:3, 1:3] = matrix(way)
        moved = np.zeros(4)
        moved[1:3] = middle - matrix(way) @ middle + offset(way)
        out[way::4] = ndimage.affine_transform(images[way::4], turned, moved, order=1)
    return out


def _check(what, amount, low, high):
    if not low <= amount <= high:
        limits = f"from {low} to {high}" if np.isfinite(high) else f"of {low} or more"
        raise DataError(f"{what} takes an amount {limits}, not {amount}.")


def shuffle_columns(examples, order):
    """Swap the values of every example by one permutation, the same for all.

    Args:
        examples: Array (n, …); the values of one example are its columns, row by row.
        order: Which column comes first, second, …: the numbers from 0 to columns - 1.

    Returns:
        Array of the same shape and type.

    Raises:
        DataError: If `order` is not a permutation of the columns.
    """
    columns = examples.reshape(len(examples), -1)
    if not np.array_equal(np.sort(order), np.arange(columns.shape[1])):
        raise DataError(f"An order must hold each column from 0 to {columns.shape[1] - 1} once.")
    return columns[:, order].reshape(examples.shape)
