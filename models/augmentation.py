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


def random_light(images, dimming=0.5, glow=0.5):
    """Light each image a little otherwise: dim it, and let light fall in from any side.

    `keras.utils.set_random_seed` makes it repeatable.

    Args:
        images: Array (n, height, width, channels), values in [0, 255].
        dimming: At most this share of the light is taken away, as much from every pixel.
        glow: At most this share of full white is added at the side that the light comes from;
            it falls evenly to nothing at the other side.

    Returns:
        float32 tensor of the same shape, values in [0, 255].
    """
    images = ops.cast(images, "float32")
    count, height, width = images.shape[:3]

    def amounts(low, high):
        return keras.random.uniform((count, 1, 1, 1), low, high)

    angle = amounts(0, 2 * math.pi)
    down = ops.reshape(ops.linspace(-1.0, 1.0, height), (1, height, 1, 1))
    right = ops.reshape(ops.linspace(-1.0, 1.0, width), (1, 1, width, 1))
    # From -1 to 1 across the image whatever the angle: a corner is as far out as the sides allow
    reach = ops.abs(ops.cos(angle)) + ops.abs(ops.sin(angle))
    across = (ops.cos(angle) * right + ops.sin(angle) * down) / reach
    images = images * (1 - amounts(0, dimming))
    return ops.minimum(255.0, images + 255 * amounts(0, glow) * (1 + across) / 2)
