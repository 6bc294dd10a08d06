"""The steps that the page takes for an operator: `x + y`, `x[..., ::-1]`, `keras.ops.relu(x)` and others."""

import keras
import numpy as np

from .layer_steps import LAYERS, OF_APPLICATIONS, activation_step, concatenate, same
from .step import Step, Unknown, is_tensor, numbers, pixel, rescale_step
from .supported import ACTIVATION_OPERATIONS

MOST_PLACES = 1 << 24  # whole numbers that float32 tells apart


def steps_of(call):
    """What the page has to do for one call of a layer or an operation.

    Args:
        call: A `Call` with one output.

    Returns:
        List of `Step`s, each of which takes the one before it.

    Raises:
        Unknown: If the page cannot do that.

    Example:
        >>> from models.export.page.step import Call
        >>> relu = Call(keras.layers.ReLU(), [(4,)], (4,), ranks=(1,))
        >>> [step.kind for step in steps_of(relu)]
        ['activation']
    """
    operation = call.operation
    name = type(operation).__name__
    if getattr(operation, "data_format", "channels_last") != "channels_last":
        raise Unknown("has a data format, channels first")
    if call.kwargs.get("training") is True and name.endswith(("BatchNormalization", "Dropout", "Noise")):
        raise Unknown("behaves as in training")
    if type(operation) is getattr(keras.layers, name, None):
        if name in MOVERS:
            return moved(call)[0]
        if name in LAYERS:
            return LAYERS[name](call)
    elif isinstance(operation, keras.layers.Layer):
        if name in OF_APPLICATIONS and type(operation).__module__.startswith("keras.src.applications."):
            return OF_APPLICATIONS[name](call)
    elif name in MOVERS:
        return moved(call)[0]
    elif name in OPERATIONS:
        return OPERATIONS[name](call)
    elif activation := ACTIVATION_OPERATIONS.get(name.lower()):
        return [activation_step(activation, call)]
    raise Unknown("is of a type")


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
    tensors = [each for each in keras.tree.flatten((call.args, call.kwargs)) if is_tensor(each)]
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
    return [[_gather(each[0].astype("int64"), size)] for each in found]


def _gather(places, size):
    """A step that takes the values at some places of its input."""
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


def _calculation(mode):
    """+, -, × or ÷ of two layers' outputs, or of one and a number."""

    def step(call):
        args, shape = call.args, call.shape
        if len(args) == 2 and all(map(is_tensor, args)):
            if len(set(map(len, call.shapes))) > 1 or len(set(call.ranks)) > 1:
                raise Unknown(f"joins shapes, {' and '.join(map(str, call.shapes))}")
            return [Step("merge", {"mode": mode}, {})]
        if len(args) != 2 or call.shapes[0] != shape:
            raise Unknown("calculates in a way")
        first = is_tensor(args[0])
        number = numbers(args[1] if first else args[0]).astype("float64")
        if mode == "max" and number.size == 1:
            return [Step("activation", {"activation": "at_least", "options": {"least": number.item()}}, {})]
        if mode == "add":
            return [rescale_step(1.0, number, shape)]
        if mode == "subtract":
            return [rescale_step(1.0, -number, shape) if first else rescale_step(-1.0, number, shape)]
        if mode == "multiply":
            return [rescale_step(number, 0.0, shape)]
        if mode == "divide" and first:
            return [rescale_step(1 / number, 0.0, shape)]
        raise Unknown("calculates with a number in a way")

    return step


def _reduced(mode):
    """The mean or maximum over all pixels, or the mean over the channels."""

    def step(call):
        operation, shape = call.operation, call.shape
        rank, channels = call.ranks[0], call.shapes[0][-1]
        axes = operation.axis if isinstance(operation.axis, (list, tuple)) else [operation.axis]
        axes = sorted(axis % (rank + 1) for axis in axes) if None not in axes else []
        if axes == list(range(1, rank)) and rank > 1:
            return [Step("global", {"mode": mode}, {})]
        if axes == [rank] and operation.keepdims and mode == "average":
            # A mean is a sum with equal weights
            config = {"activation": "linear", "options": {}}
            kernel = np.full((channels, 1), 1 / channels)
            if len(shape) == 1:
                return [Step("dense", config, {"kernel": kernel})]
            return [Step("conv", config | pixel(shape, 1), {"kernel": kernel[None, None]})]
        raise Unknown(f"works along axes, {operation.axis}")

    return step


def _stack(call):
    """Maps or vectors next to each other along an axis of their own, as colours are put in another order."""
    rank = call.ranks[0]
    axis = call.operation.axis % (rank + 2) - 1  # of one image
    if rank > 2 or axis < 0:
        raise Unknown("joins along an axis in a way")
    sides = list(call.shapes[0][-rank:])
    takes = (1,) * (2 - rank) + (*sides[:axis], 1, *sides[axis:])
    return [Step("concatenate", {"axis": axis + 2 - rank}, {}, takes=takes)]


def _negative(call):
    return [rescale_step(-1.0, 0.0, call.shape)]


def _cast(call):
    if not call.operation.dtype.startswith(("float", "bfloat")):
        raise Unknown(f"makes numbers of a type, {call.operation.dtype}")
    return same(call)


# Layers and operations that only move values
MOVERS = (
    "GetItem", "Transpose", "SwapAxes", "Swapaxes", "MoveAxis", "Moveaxis", "Flip", "Roll", "Rot90", "Repeat",
    "Tile", "Split", "Permute", "RepeatVector",
)  # fmt: skip
# Operations that a model's graph holds where its builder calculates with a layer's output
OPERATIONS = {
    "Add": _calculation("add"),
    "Subtract": _calculation("subtract"),
    "Multiply": _calculation("multiply"),
    "Divide": _calculation("divide"),
    "TrueDivide": _calculation("divide"),
    "Maximum": _calculation("max"),
    "Minimum": _calculation("min"),
    "Concatenate": concatenate,
    "Mean": _reduced("average"),
    "Max": _reduced("max"),
    "Negative": _negative,
    "Stack": _stack,
    "Cast": _cast,
    "Reshape": same,
    "Squeeze": same,
    "ExpandDims": same,
}
