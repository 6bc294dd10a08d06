"""Layers that bring images of any size to the squares that a network takes."""

import inspect

from keras import layers


def resizing(size):
    """A layer that resizes images and crops them to squares about the centre, as `datasets.photos` does.

    Both cut out the same square and interpolate it bicubically, without aliasing. What is left between a
    whole photo that this layer is fed and one that `read_square` decoded: Pillow rounds to whole numbers from
    0 to 255, and decodes a large JPEG at a half, a quarter or an eighth in the first place.

    Args:
        size: Height and width in pixels.

    Returns:
        A `keras.layers.Resizing`, antialiased where this version of Keras has that. Call it with
        `training=False`, or the layers after it compute as in training.

    Example:
        >>> import numpy as np
        >>> resizing(8)(np.zeros((1, 20, 30, 3)), training=False).shape == (1, 8, 8, 3)
        True
    """
    settings = {"crop_to_aspect_ratio": True, "interpolation": "bicubic"}
    if "antialias" in inspect.signature(layers.Resizing).parameters:
        settings["antialias"] = True
    return layers.Resizing(size, size, name="resize", **settings)


def smaller(size):
    """A layer that resizes squares to smaller ones: linear interpolation, which every runtime has.

    Args:
        size: Height and width in pixels.

    Returns:
        A `keras.layers.Resizing`; call it with `training=False`.

    Example:
        >>> import numpy as np
        >>> smaller(1)(np.array([[[[1.0], [2.0]], [[3.0], [4.0]]]]), training=False).numpy().item()
        2.5
    """
    return layers.Resizing(size, size, name=f"resize_{size}")
