"""The steps that the page takes for an operator: `x + y`, `x[..., ::-1]`, `keras.ops.relu(x)` and others."""

import keras
import numpy as np

from .attention_steps import attention, dot, einsum, matmul, multi_head_attention
from .layer_steps import LAYERS, OF_APPLICATIONS, activation_step, concatenate, same
from .moving_steps import MOVERS, gathered, moved
from .sound_steps import OF_SOUND
from .step import Step, Unknown, is_tensor, numbers, rescale_step
from .supported import ACTIVATION_OPERATIONS


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
    if call.kwargs.get("training") is True and name.endswith(("BatchNormalization", "Dropout", "Noise")):
        raise Unknown("behaves as in training")
    if isinstance(operation, keras.layers.Layer) and _is_quantized(operation):
        raise Unknown("is quantized, with rounded inputs, in a way")
    if call.axis == -1 and _has_channels_first(call):
        return _with_channels_last(call)
    if type(operation) is getattr(keras.layers, name, None):
        if name in MOVERS:
            return moved(call)[0]
        if name == "TimeDistributed" and type(operation.layer).__name__ in EACH_PLACE:
            return steps_of(call._replace(operation=operation.layer))
        if found := LAYERS.get(name) or OF_ATTENTION.get(name) or OF_SOUND.get(name):
            return found(call)
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


def _is_quantized(layer):
    """Whether `model.quantize` has made a layer, or one inside it, compute with whole numbers."""
    return any(getattr(each, "quantization_mode", None) for each in layer._flatten_layers())


# Layers that compute each place's channels alike, so that TimeDistributed changes nothing
EACH_PLACE = ("Dense", "Activation", "ReLU", "LeakyReLU", "Dropout", "LayerNormalization")
OF_ATTENTION = {"MultiHeadAttention": multi_head_attention, "Attention": attention, "Dot": dot}
# Layers that have the channels where `axis` says
NORMALIZATIONS = ("BatchNormalization", "LayerNormalization", "GroupNormalization")


def _has_channels_first(call):
    """Whether a layer takes channels as the first axis of each image."""
    operation = call.operation
    if getattr(operation, "data_format", "channels_last") != "channels_last":
        return True
    axis = getattr(operation, "axis", None)
    several = bool(call.ranks) and call.ranks[0] in (2, 3)
    return type(operation).__name__ in NORMALIZATIONS and axis in (1, [1], (1,)) and several


def _with_channels_last(call):
    """The steps of a layer of channels first: as if they were last, between two moves."""
    if len(call.shapes) != 1 or call.ranks[0] not in (2, 3):
        raise Unknown("has channels first in a way")
    sides = call.shapes[0][-call.ranks[0] :]
    size = int(np.prod(sides))
    there = gathered(np.moveaxis(np.arange(size).reshape(sides), 0, -1), size)
    here, made = (_rolled(shape, call.ranks[0]) for shape in (call.shapes[0], call.shape))
    steps = steps_of(call._replace(shapes=[here], shape=made, axis=1))
    steps = [there._replace(part="channels last", shape=here), *steps[:-1], steps[-1]._replace(shape=made)]
    if len(made) == 1:
        return steps
    size = int(np.prod(made))
    back = np.moveaxis(np.arange(size).reshape(made[-call.ranks[0] :]), -1, 0)
    return [*steps, gathered(back, size)._replace(part="channels first")]


def _rolled(shape, rank):
    """A shape of channels first, as the page holds it, with its channels last; that of a vector as it is."""
    if len(shape) == 1:
        return shape
    sides = shape[-rank:]
    return (*shape[:-rank], *sides[1:], sides[0])


def _constant(value, call):
    """A step of values that are the same for each image; its shape has an axis for each of the call's."""
    value, rank = numbers(value), call.ranks[0]
    if value.ndim > rank and value.shape[0] == 1:
        value = value[0]
    if value.ndim > rank or rank > 3:
        raise Unknown(f"has numbers of a shape, {value.shape}")
    sides = (1,) * (rank - value.ndim) + value.shape
    shape = (1, *sides) if rank == 2 else sides
    return Step("constant", {}, {"values": value}, "constant", shape)


def _calculation(mode):
    """+, -, × or ÷ of two layers' outputs, or of one and a number."""

    def step(call):
        args, shape = call.args, call.shape
        if len(args) == 2 and all(map(is_tensor, args)):
            if len(set(map(len, call.shapes))) > 1 or len(set(call.ranks)) > 1:
                raise Unknown(f"joins shapes, {' and '.join(map(str, call.shapes))}")
            return [Step("merge", {"mode": mode}, {})]
        if len(args) != 2:
            raise Unknown("calculates in a way")
        first = is_tensor(args[0])
        number = numbers(args[1] if first else args[0]).astype("float64")
        a_channel = number.shape == (shape[-1],) and call.shapes[0] == shape
        if number.size > 1 and not a_channel:
            taken = (0, "constant") if first else ("constant", 0)
            return [_constant(number, call), Step("merge", {"mode": mode}, {}, of=taken)]
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
    """The mean, maximum, minimum or sum along some axes of each image."""

    def step(call):
        operation, rank = call.operation, call.ranks[0]
        axes = operation.axis if isinstance(operation.axis, (list, tuple)) else [operation.axis]
        axes = range(1, rank + 1) if None in axes else sorted(axis % (rank + 1) for axis in axes)
        if 0 in axes or rank > 3:
            raise Unknown(f"works along axes, {operation.axis}")
        over = [axis + 2 - rank for axis in axes]  # as the page counts rows, columns and channels
        sides = call.shapes[0] if len(call.shapes[0]) == 3 else (1, 1, *call.shapes[0])
        kept = tuple(1 if axis in over else side for axis, side in enumerate(sides))
        found = Step("global", {"mode": mode, "over": over}, {})
        if call.shape in (kept, kept[2:]) and (len(call.shape) == 3 or kept[:2] == (1, 1)):
            return [found]
        return [found._replace(part="reduced", shape=kept), Step("copy", {}, {})]

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
    "Min": _reduced("min"),
    "Sum": _reduced("sum"),
    "Matmul": matmul,
    "Einsum": einsum,
    "Negative": _negative,
    "Stack": _stack,
    "Cast": _cast,
    "Reshape": same,
    "Squeeze": same,
    "ExpandDims": same,
}
