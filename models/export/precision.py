"""Weights in fewer bits: rounded to float16, or to int8 with one scale for each output channel.

What a page holds are numbers that a Keras model can have, too: `rounded_weights` gives them to it. So what
rounding changes is measured in Keras, and the page computes the same.
"""

import contextlib
import math

import keras
import numpy as np

PRECISIONS = ("float32", "float16", "int8")
LARGEST_HALF = 65504  # the largest number of 16 bits
LARGEST_INT8 = 127  # symmetric: -128 is not used
KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel", "recurrent_kernel", "embeddings")
SPARE_BITS = 0xFF  # of a scale: without them its products with int8 are exact, and can be found again
LARGEST_SCALE = (
    np.array([np.finfo("float32").max / LARGEST_INT8], "float32").view("int32") & ~SPARE_BITS
).view("float32")  # 127 of it are finite


def halved(array):
    """The nearest numbers of half precision, as float32; the array itself where one is too large for these.

    Args:
        array: NumPy array.

    Returns:
        float32 array.

    Example:
        >>> float(halved(np.array([0.1]))[0])
        0.0999755859375
    """
    array = np.asarray(array, "float32")
    return array.astype("float16").astype("float32") if np.abs(array).max(initial=0) < LARGEST_HALF else array


def quantized(array, axes):
    """Whole numbers from -127 to 127, and scales of channels, whose products are near an array's numbers.

    Args:
        array: NumPy array without NaN and infinity.
        axes: Tuple of the axes of the channels, each counted from 0.

    Returns:
        (int8 array, float32 array of scales: as many axes, of length 1 where they are no channels'). A scale
        is the largest magnitude of its channel over 127, rounded up to 16 significant bits.

    Example:
        >>> numbers, scales = quantized(np.array([[1.27, 0.5], [-0.3, 0.2]]), (1,))
        >>> numbers.tolist(), [f"{scale:.4f}" for scale in scales.ravel()]
        ([[127, 127], [-30, 51]], ['0.0100', '0.0039'])
    """
    array = np.asarray(array, "float32")
    others = tuple(axis for axis in range(array.ndim) if axis not in axes)
    most = np.abs(array).max(others, keepdims=True, initial=0)
    bits = (most / np.float32(LARGEST_INT8)).view("int32")
    scales = ((bits + SPARE_BITS) & ~SPARE_BITS).view("float32")
    scales = np.minimum(scales, LARGEST_SCALE)
    return np.rint(array / np.where(scales, scales, 1)).astype("int8"), scales


def as_int8(array):
    """The same numbers as int8 and scales, where these hold them exactly and are smaller.

    Args:
        array: float32 array.

    Returns:
        (int8 array, float32 scales in a row, how many numbers that follow one another share one), or None.

    Example:
        >>> numbers, scales = quantized(np.random.default_rng(0).normal(size=(9, 4)), (1,))
        >>> found, same, each = as_int8(numbers * scales)
        >>> bool((found == numbers).all()), bool((same == scales).all()), each
        (True, True, 1)
        >>> as_int8(np.array([[0.1, 0.2], [0.3, 0.123]], "float32"))
    """
    last = array.ndim - 1
    if last < 1 or not array.size:
        return None
    for axes in [(last,), (last - 1, last), (last - 1,)]:
        count = math.prod(array.shape[axis] for axis in axes)
        if array.size + 4 * count >= 4 * array.size:
            continue
        whole, scales = quantized(array, axes)
        if (whole * scales == array).all():
            return whole, scales.ravel(), array.shape[last] if axes == (last - 1,) else 1
    return None


def channel_axes(layer, variable):
    """The axes of the output channels of a layer's kernel.

    Args:
        layer: A Keras layer.
        variable: One of its own variables.

    Returns:
        Tuple of axes, counted from 0; () of what stays float32: biases, normalization, kernels of one row.

    Example:
        >>> layer = keras.layers.Conv2DTranspose(3, 2)
        >>> layer.build((None, 4, 4, 5))
        >>> tuple(layer.kernel.shape), channel_axes(layer, layer.kernel), channel_axes(layer, layer.bias)
        ((2, 2, 3, 5), (2,), ())
    """
    last = len(variable.shape) - 1
    if last < 1 or variable.name not in KERNELS:
        return ()
    axes = (last,)
    depthwise = isinstance(layer, (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D))
    if depthwise or variable.name == "depthwise_kernel":
        axes = (last - 1, last)
    elif isinstance(layer, (keras.layers.Conv1DTranspose, keras.layers.Conv2DTranspose)):
        axes = (last - 1,)
    elif isinstance(layer, keras.layers.EinsumDense):
        kernel, output = layer.equation.replace("...", "").split(",")[1].split("->")
        axes = tuple(axis for axis, letter in enumerate(kernel) if letter in output)
    count = math.prod(variable.shape[axis] for axis in axes)
    size = math.prod(variable.shape)
    return axes if axes and size + 4 * count < 4 * size else ()


def _axes_of_all(model, but):
    """For each variable of real numbers: (it, axes of its output channels)."""
    stay = {id(weight) for layer in but for weight in layer.weights}
    found = {}
    for layer in model._flatten_layers():  # a layer comes after those that it is in
        for weight in layer.weights:
            if id(weight) not in stay and "float" in keras.backend.standardize_dtype(weight.dtype):
                found[id(weight)] = weight, channel_axes(layer, weight)
    return [*found.values()]


def weight_bytes(model, precision="float32"):
    """How many bytes all weights of a model have.

    Args:
        model: A built Keras model.
        precision: "float32", "float16" or "int8".

    Returns:
        Whole number.

    Example:
        >>> model = keras.Sequential([keras.Input((9,)), keras.layers.Dense(10)])
        >>> [weight_bytes(model, precision) for precision in PRECISIONS]
        [400, 200, 170]
    """
    if precision != "int8":
        return model.count_params() * (2 if precision == "float16" else 4)
    total = 0
    for weight, axes in _axes_of_all(model, ()):
        size, count = math.prod(weight.shape), math.prod(weight.shape[axis] for axis in axes)
        total += size + 4 * count if axes else 4 * size
    return total


@contextlib.contextmanager
def rounded_weights(model, precision, but=()):
    """Let a model have rounded weights, as a page has them, and its own again afterwards.

    Args:
        model: A built Keras model.
        precision: "float32" for no rounding, "float16", or "int8": kernels and embeddings then become whole
            numbers times a scale for each output channel, and all else stays.
        but: Layers whose weights stay as they are.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
        >>> model.layers[0].kernel.assign([[0.1]]) is None
        False
        >>> with rounded_weights(model, "float16"):
        ...     float(model.get_weights()[0][0, 0])
        0.0999755859375
        >>> round(float(model.get_weights()[0][0, 0]), 6)
        0.1
    """
    kept = []
    try:
        for weight, axes in _axes_of_all(model, but) if precision != "float32" else ():
            values = keras.ops.convert_to_numpy(weight).copy()
            kept.append((weight, values))
            if precision == "float16":
                weight.assign(halved(values))
            elif axes:
                whole, scales = quantized(values, axes)
                weight.assign(whole * scales)
        yield
    finally:
        _give_back(kept)


def _give_back(kept):
    """Let all weights have their own values again, also if Ctrl-C comes meanwhile: it counts afterwards."""
    interrupted = None
    while kept:
        try:
            weight, values = kept[-1]
            weight.assign(values)
            kept.pop()
        except KeyboardInterrupt as error:
            interrupted = error
    if interrupted:
        raise interrupted


def greatest_difference(model, inputs, precision, but=()):
    """The greatest difference that rounding the weights makes to a model's outputs.

    Args:
        model: A built Keras model; its weights are as before afterwards.
        inputs: An array (n, ...) for each of its inputs.
        precision, but: As in `rounded_weights`.

    Returns:
        A float, 0.0 if n is 0.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
        >>> greatest_difference(model, [np.ones((1, 1))], "float16")  # a weight of 1 is exact
        0.0
    """
    if precision == "float32" or not len(inputs[0]):
        return 0.0
    tensors = [keras.ops.cast(each, taken.dtype) for each, taken in zip(inputs, model.inputs, strict=True)]
    given = tensors if len(tensors) > 1 else tensors[0]
    before = keras.ops.convert_to_numpy(model(given, training=False))
    with rounded_weights(model, precision, but):
        after = keras.ops.convert_to_numpy(model(given, training=False))
    return float(np.abs(after.astype("float64") - before).max())


NUMBERS = {
    "float16": "float16 numbers",
    "int8": "int8 numbers, with a scale for each output channel of kernels",
}


def rounding_note(precision, changed, examples):
    """The sentence by which a page says that its weights are rounded.

    Args:
        precision: "float32", "float16" or "int8".
        changed: The greatest difference that this makes to the outputs for the examples.
        examples: How many these are.

    Returns:
        Text, "" for float32.

    Example:
        >>> rounding_note("float16", 0.00123, 0)
        'Weights are rounded to float16 numbers; all that is shown is computed with these.'
    """
    if precision == "float32":
        return ""
    said = f"Weights are rounded to {NUMBERS[precision]}; all that is shown is computed with these."
    if not examples:
        return said
    which = "example" if examples == 1 else f"{examples} examples"
    if not math.isfinite(changed):
        return (
            f"{said} How much this changes the output for the {which} is not known: it is no finite number."
        )
    return f"{said} This changes the output for the {which} by {changed:.2g} at most."
