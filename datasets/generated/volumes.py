"""Volumes: images with a third dimension, such as those of CT scanners."""

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

    Example:
        >>> from datasets.generated.volumes import ball
        >>> ball(size=4, radius=1).shape, int(ball(size=4, radius=1).sum())
        ((4, 4, 4, 1), 8)
    """
    if not 0 < 2 * radius <= size:
        raise DataError(
            f"A ball of radius {radius} does not fit into {size} voxels; give a radius= of up to half that."
        )
    from_middle = np.arange(size) - (size - 1) / 2
    z, y, x = np.meshgrid(from_middle, from_middle, from_middle, indexing="ij")
    return (z**2 + y**2 + x**2 <= radius**2).astype("float32")[..., None]
