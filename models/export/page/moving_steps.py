"""The steps that the page takes for what only moves values: transposes, slices, mirror images, parts."""

import keras
import numpy as np

from .step import Step, Unknown, is_tensor, numbers, tensors_of

MOST_PLACES = 1 << 24  # whole numbers that float32 tells apart
# Layers and operations that only move values
MOVERS = (
    "GetItem", "Transpose", "SwapAxes", "Swapaxes", "MoveAxis", "Moveaxis", "Flip", "Roll", "Rot90", "Repeat",
    "Tile", "Split", "Permute", "RepeatVector",
)  # fmt: skip


def moved(call):
    """Steps for what only moves values: transposes, slices, mirror images, parts.

    Where each value comes from is found by giving the operation the places' numbers.

    Args:
        call: A `Call` of one tensor.

    Returns:
        List of lists of one `Step`, for each output.

    Raises:
        Unknown: If it moves values from one image to another, or takes several tensors.

    Example:
        >>> from models.export.page.step import Call
        >>> images = keras.Input((1, 3))
        >>> flip = keras.Model(images, images[..., ::-1]).operations[-1]
        >>> args = (images, (..., slice(None, None, -1)))
        >>> moved(Call(flip, [(1, 1, 3)], (1, 1, 3), args, {}, (2,)))[0][0].config
        {'start': 2, 'strides': [0, 0, -1]}
    """
    tensors = tensors_of(call)
    size = int(np.prod(call.shapes[0]))
    if len(tensors) != 1 or size >= MOST_PLACES:
        raise Unknown("moves values in a way")
    places = np.arange(size, dtype="float32").reshape(1, *tensors[0].shape[1:])
    places = keras.ops.convert_to_tensor(places)
    args, kwargs = keras.tree.map_structure(
        lambda each: places if is_tensor(each) else each, (call.args, call.kwargs)
    )
    found = [numbers(each) for each in keras.tree.flatten(call.operation(*args, **kwargs))]
    if any(each.shape[:1] != (1,) for each in found):
        raise Unknown("moves values from image to image in a way")
    return [[gathered(each[0].astype("int64"), size)] for each in found]


def gathered(places, size):
    """A step that takes the values at some places of its input.

    Args:
        places: Whole numbers, of the result's shape for one image: which of its input's values each one is.
        size: How many values the input has.

    Returns:
        A `Step`.

    Example:
        >>> gathered(np.array([2, 1, 0]), 3).config
        {'start': 2, 'strides': [0, 0, -1]}
    """
    sides = places.shape if places.ndim in (1, 3) else (1, *places.shape) if places.ndim == 2 else (-1,)
    grid = places.reshape((1, 1, -1) if len(sides) == 1 else sides)
    if grid.size == size and (grid.ravel() == np.arange(size)).all():
        return Step("copy", {}, {})
    start = grid[0, 0, 0]
    strides = [
        int(np.take(grid, 1, axis).flat[0] - start) if grid.shape[axis] > 1 else 0 for axis in range(3)
    ]
    regular = start + sum(
        stride * indices for stride, indices in zip(strides, np.indices(grid.shape), strict=True)
    )
    if (regular == grid).all():
        return Step("gather", {"start": int(start), "strides": strides}, {})
    return Step("gather", {}, {"places": grid.ravel().astype("float32")})
