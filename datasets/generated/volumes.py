"""Volumes: pictures with a third dimension, as scanners of bodies and engines take them."""

import numpy as np

from ..sources import DataError


def ball(size=14, radius=5.0):
    """A solid ball in the middle of an empty cube.

    Args:
        size: Depth, height and width of the cube in voxels.
        radius: Of the ball, in voxels.

    Returns:
        float32 (size, size, size, 1): 1 in the ball, 0 around it. Generated, so free of any
        licence.

    Raises:
        DataError: If the radius is not positive, or the ball does not fit into the cube.
    """
    if not 0 < 2 * radius <= size:
        raise DataError(
            f"A ball of radius {radius} does not fit into {size} voxels; use one of up to half the size."
        )
    from_middle = np.arange(size) - (size - 1) / 2
    z, y, x = np.meshgrid(from_middle, from_middle, from_middle, indexing="ij")
    return (z**2 + y**2 + x**2 <= radius**2).astype("float32")[..., None]
