"""Perturbed versions of training images, made in the input pipeline, never in a saved model."""

import math

import keras
from keras import ops


def random_affine(images, degrees=12.0, zoom=0.12, shear=0.12, shift=2.0, fill=0.0):
    """Turn, scale, slant and move each image a little, each by its own random amounts.

    All in one resampling, so that images are blurred once and not four times. Every amount is
    uniform between minus and plus its limit. `keras.utils.set_random_seed` makes it repeatable.

    Args:
        images: Array (n, height, width, channels), any range.
        degrees: Limit of the rotation.
        zoom: Limit of the change in size: 0.12 is from 88 % to 112 %.
        shear: Limit of the slant, in pixels to the side for each pixel up.
        shift: Limit of the movement, in pixels, in each direction.
        fill: Value outside the image.

    Returns:
        float32 tensor of the same shape.
    """
    images = ops.cast(images, "float32")
    count, height, width = images.shape[:3]

    def amounts(limit):
        return keras.random.uniform((count,), -limit, limit)

    angle, slant = amounts(math.radians(degrees)), amounts(shear)
    scale = 1 / (1 + amounts(zoom))
    # Where each output pixel is taken from: turned and slanted about the middle, then moved
    a, b = scale * ops.cos(angle), scale * (slant * ops.cos(angle) - ops.sin(angle))
    c, d = scale * ops.sin(angle), scale * (slant * ops.sin(angle) + ops.cos(angle))
    x, y = (width - 1) / 2, (height - 1) / 2
    right, down = x - a * x - b * y + amounts(shift), y - c * x - d * y + amounts(shift)
    none = ops.zeros_like(a)
    transforms = ops.stack([a, b, right, c, d, down, none, none], axis=1)  # (n, 8)
    return ops.image.affine_transform(
        images, transforms, interpolation="bilinear", fill_mode="constant", fill_value=fill
    )
