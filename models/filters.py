"""Convolutions with kernels set by hand, and the sizes of what comes out of them.

What Keras calls convolution is cross-correlation: the kernel is laid on the image as it stands,
and not flipped first as in the integral (f * g)(t) = ∫ f(τ) g(t - τ) dτ.
"""

import functools
import itertools
import math

import keras
from keras import layers, ops

from models._errors import ModelError
from models._free_memory import check_sizes


def averaged(kernels):
    """Divide each kernel by its number of values, so that nine products of 1 become 1.

    Args:
        kernels: {name: kernel}, each of nested sequences of numbers.

    Returns:
        The same, divided.
    """

    def numbers(kernel):
        return sum(map(numbers, kernel)) if isinstance(kernel, (tuple, list)) else 1

    def divided(kernel, by):
        if isinstance(kernel, (tuple, list)):
            return tuple(divided(part, by) for part in kernel)
        return kernel / by

    return {name: divided(kernel, numbers(kernel)) for name, kernel in kernels.items()}


# The lectures' three features of an X, each named after what it matches
FEATURES = {
    "backslash": ((1, -1, -1), (-1, 1, -1), (-1, -1, 1)),
    "crossing": ((1, -1, 1), (-1, 1, -1), (1, -1, 1)),
    "slash": ((-1, -1, 1), (-1, 1, -1), (1, -1, -1)),
}
MATCHES = averaged(FEATURES)  # with the division in the kernel, a perfect match answers 1

# For a photograph. Where the numbers add up to 0, whatever is even becomes 0
KERNELS = {
    "blur": averaged({"": ((1, 1, 1), (1, 1, 1), (1, 1, 1))})[""],
    "horizontal lines": ((-1, -1, -1), (2, 2, 2), (-1, -1, -1)),
    "vertical lines": ((-1, 2, -1), (-1, 2, -1), (-1, 2, -1)),
    "45° lines": ((-1, -1, 2), (-1, 2, -1), (2, -1, -1)),
    "135° lines": ((2, -1, -1), (-1, 2, -1), (-1, -1, 2)),
    "sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
    "laplacian": ((0, -1, 0), (-1, 4, -1), (0, -1, 0)),
    "sobel": ((1, 0, -1), (2, 0, -2), (1, 0, -1)),
    "edge enhance": ((0, 0, 0), (-1, 1, 0), (0, 0, 0)),
    "edge detect": ((0, 1, 0), (1, -4, 1), (0, 1, 0)),
    "emboss": ((-2, -1, 0), (-1, 1, 1), (0, 1, 2)),
}

# For convolving by hand
IDENTITY = ((0, 0, 0), (0, 1, 0), (0, 0, 0))
ONES = ((1, 1, 1), (1, 1, 1), (1, 1, 1))
COUNTING = ((0, 1), (2, 3))
SMILE = ((0, 0, 1), (1, 0, 0), (0, 1, 1))

# For a volume: each voxel against its six neighbours
LAPLACIAN_3D = (
    ((0, 0, 0), (0, -1, 0), (0, 0, 0)),
    ((0, -1, 0), (-1, 6, -1), (0, -1, 0)),
    ((0, 0, 0), (0, -1, 0), (0, 0, 0)),
)


def zeros_around(size, kernel, stride=1, padding="valid", dilation=1):
    """How many zeros a convolution or pooling layer puts before and after its input.

    With "same" as many as make the output size / stride, rounded up. Where their number is odd,
    Keras puts the odd one after: 28 pixels, a kernel of 5 and a stride of 2 need 3, 1 before and
    2 after. (Pooling leaves these places out instead of counting zeros.)

    Args:
        size: Input size along one dimension.
        kernel: Size of the kernel or pooling window.
        stride: Step from one place of the kernel to the next.
        padding: "valid" for none, or "same".
        dilation: Step from one number of the kernel to the next; 1 leaves no gaps.

    Returns:
        (before, after).

    Raises:
        ModelError: If a size is not positive, or `padding` is another word.
    """
    sizes = {"size": size, "kernel": kernel, "stride": stride, "dilation": dilation}
    for name, value in sizes.items():
        if value < 1:
            raise ModelError(f"The {name} must be 1 or more, not {value}.")
    _check_padding("padding", padding)
    if padding == "valid":
        return 0, 0
    span = dilation * (kernel - 1) + 1
    zeros = max(0, (math.ceil(size / stride) - 1) * stride + span - size)
    return zeros // 2, zeros - zeros // 2


def output_size(size, kernel, stride=1, padding="valid", dilation=1):
    """The output size of a convolution or pooling layer along one dimension.

    ⌊(size + zeros - span) / stride⌋ + 1, where the kernel spans dilation · (kernel - 1) + 1
    places and `zeros_around` gives the zeros. So 3 x 3 without padding takes 2 pixels from height
    and width, and "same" with a stride of 1 takes none.

    Args:
        size: Input size along one dimension.
        kernel: Size of the kernel or pooling window.
        stride: Step from one place of the kernel to the next.
        padding: "valid" for none, or "same".
        dilation: Step from one number of the kernel to the next; 1 leaves no gaps.

    Returns:
        The number of places where the kernel fits, 0 if it fits nowhere.

    Raises:
        ModelError: If a size is not positive, or `padding` is another word.
    """
    zeros = sum(zeros_around(size, kernel, stride, padding, dilation))
    span = dilation * (kernel - 1) + 1
    return max(0, (size + zeros - span) // stride + 1)


def layer_output_size(size, kernel, stride=1, padding="valid", dilation=1, layer="conv"):
    """The same by trying: give zeros to the Keras layer, and look at what comes out.

    Args:
        size, kernel, stride, padding, dilation: As for `output_size`.
        layer: "conv", "max" or "avg"; pooling has no dilation.

    Returns:
        The length of the layer's output.

    Raises:
        ModelError: If `layer` is another word.
    """
    return _layer(kernel, stride, padding, dilation, layer)(ops.zeros((1, size, 1))).shape[1]


@functools.lru_cache(maxsize=256)  # building a layer takes longer than using it
def _layer(kernel, stride, padding, dilation, layer):
    if layer == "conv":
        return layers.Conv1D(1, kernel, stride, padding, dilation_rate=dilation, kernel_initializer="zeros")
    if layer in ("max", "avg"):
        kind = layers.MaxPooling1D if layer == "max" else layers.AveragePooling1D
        return kind(kernel, stride, padding)
    raise ModelError(f'There is a layer "conv", "max" or "avg", but no {layer!r}.')


def size_combinations(sizes=range(1, 21), kernels=range(1, 6), strides=range(1, 5), dilations=(1, 2, 3)):
    """Every combination of settings that a Keras layer takes.

    Args:
        sizes, kernels, strides, dilations: The values to combine.

    Yields:
        (size, kernel, stride, padding, dilation, layer), as `layer_output_size` takes them:
        those where the kernel fits, and without a stride and dilation that are both more than 1.
    """
    settings = itertools.product(kernels, strides, ("valid", "same"), dilations, ("conv", "max", "avg"))
    for kernel, stride, padding, dilation, layer in settings:
        if dilation == 1 or (stride == 1 and layer == "conv"):
            smallest = dilation * (kernel - 1) + 1 if padding == "valid" else 1
            yield from (
                (size, kernel, stride, padding, dilation, layer) for size in sizes if size >= smallest
            )


def FilterBank(
    kernels=MATCHES,
    input_shape=(9, 9, 1),
    filters=1,
    kernel_size=3,
    strides=1,
    padding="valid",
    dilation_rate=1,
    use_bias=False,
    activation=None,
    pooling="max",
    pool_sizes=(),
    pool_padding="same",
    name="filter_bank",
):
    """One convolution with kernels set by hand, then activation and pooling if wanted.

    In one, two or three dimensions, by `input_shape`. As called without arguments it is the
    lectures' filtering of the X: three features over nine, 27 parameters.

    Args:
        kernels: {name: kernel} or a sequence of kernels, each of shape kernel_size, or
            kernel_size + (channels,) where the input has several channels; None for random ones,
            to be learned.
        input_shape: (length, channels), (height, width, channels) or (depth, height, width,
            channels) of one input, of any range.
        filters: Number of kernels, if they are random.
        kernel_size: Size of each, one number or one for each dimension, if they are random.
        strides: Step from one place of a kernel to the next, also one number or one for each
            dimension.
        padding: "valid" for none; "same" for zeros around the input, which keep its size.
        dilation_rate: Step from one number of a kernel to the next, as for `strides`.
        use_bias: Whether each kernel has a bias, 0 at first: (h·w·d + 1)·k parameters.
        activation: Name of an activation, such as "relu"; None for none.
        pooling: "max" or "avg".
        pool_sizes: Window of each pooling layer, which is its stride, too; () for no pooling.
        pool_padding: "same" keeps the edges that do not fill a window; "valid" drops them.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, ..., channels) -> (batch, ..., number of kernels).

    Raises:
        ModelError: If kernels differ in shape, do not suit the input or are larger than it, a
            size is not positive, or both strides and dilation_rate are more than 1.

    Reference:
        Hubel and Wiesel, Receptive fields and functional architecture of monkey striate
        cortex, 1968.
    """
    rank = len(input_shape) - 1
    if rank not in (1, 2, 3) or min(input_shape) < 1:
        raise ModelError(
            f"FilterBank takes an input_shape of 1 to 3 sizes and the channels, not {tuple(input_shape)}."
        )
    weights = None
    if kernels is not None:
        weights = _stack(kernels, rank, input_shape[-1])
        *kernel_size, _, filters = weights.shape
    if filters < 1:
        raise ModelError(f"FilterBank needs filters of 1 or more, not {filters}.")
    kernel_size = _each("kernel_size", kernel_size, rank)
    needed = {"filters or kernel_size": math.prod(kernel_size) * input_shape[-1] * filters}
    check_sizes("FilterBank", needed, input_shape=tuple(input_shape), filters=filters)
    strides = _each("strides", strides, rank)
    dilation_rate = _each("dilation_rate", dilation_rate, rank)
    if max(strides) > 1 and max(dilation_rate) > 1:
        raise ModelError(f"FilterBank takes strides {strides} or dilation_rate {dilation_rate}, not both.")
    if pooling not in ("max", "avg"):
        raise ModelError(f'FilterBank takes pooling "max" or "avg", not {pooling!r}.')
    _check_padding("FilterBank's padding", padding)
    _check_padding("FilterBank's pool_padding", pool_padding)

    images = keras.Input(input_shape, name="images")
    sizes = [
        output_size(*of_dimension, padding, dilation)
        for *of_dimension, dilation in zip(input_shape, kernel_size, strides, dilation_rate, strict=False)
    ]
    if 0 in sizes:
        raise ModelError(
            f"FilterBank's kernel of {_times(kernel_size)} does not fit into {_times(input_shape[:-1])}"
            f'{" at this dilation_rate" if max(dilation_rate) > 1 else ""}; use padding="same" or a larger '
            "input."
        )
    convolution = (layers.Conv1D, layers.Conv2D, layers.Conv3D)[rank - 1](
        filters,
        kernel_size,
        strides=strides,
        padding=padding,
        dilation_rate=dilation_rate,
        use_bias=use_bias,
        name="filters",
    )
    x = convolution(images)
    if weights is not None:
        convolution.set_weights([weights, *convolution.get_weights()[1:]])
    if activation is not None:
        x = layers.Activation(activation, name="activation")(x)
    for number, window in enumerate(pool_sizes, start=1):
        window = _each("pool_sizes", window, rank)
        sizes = [output_size(*pair, pair[1], pool_padding) for pair in zip(sizes, window, strict=True)]
        if 0 in sizes:
            raise ModelError(
                f"FilterBank's pooling window of {_times(window)} does not fit into {_times(x.shape[1:-1])}; "
                'use pool_padding="same" or fewer pool_sizes.'
            )
        kind = "MaxPooling" if pooling == "max" else "AveragePooling"
        x = getattr(layers, f"{kind}{rank}D")(window, padding=pool_padding, name=f"pool{number}")(x)
    return keras.Model(images, x, name=name)


def _stack(kernels, rank, channels):
    """Kernels as the weights of a convolution layer: (*kernel_size, channels, filters)."""
    kernels = list(kernels.values() if isinstance(kernels, dict) else kernels)
    try:
        kernels = [ops.convert_to_tensor(kernel, dtype=keras.config.floatx()) for kernel in kernels]
    except (TypeError, ValueError) as error:
        raise ModelError(
            "FilterBank's kernels must be numbers, in rows of equal length; correct them."
        ) from error
    shapes = sorted({tuple(kernel.shape) for kernel in kernels})
    if len(shapes) != 1:
        what = " and ".join(map(str, shapes)) or "none"
        raise ModelError(f"FilterBank needs kernels of one shape, not {what}.")
    (shape,) = shapes
    if channels == 1 and len(shape) == rank:
        kernels, shape = [kernel[..., None] for kernel in kernels], (*shape, 1)
    if len(shape) != rank + 1 or shape[-1] != channels or 0 in shape:
        raise ModelError(
            f"FilterBank needs kernels of {rank} sizes and {channels} channels for this input_shape, "
            f"not of shape {shapes[0]}."
        )
    return ops.stack(kernels, axis=-1)


def _each(name, value, rank):
    """`value` once for each dimension, all of it positive."""
    values = (value,) * rank if isinstance(value, (int, float)) else tuple(value)
    if len(values) != rank or not all(1 <= each < 2**31 for each in values):
        raise ModelError(f"FilterBank needs {name} of 1 or more in each dimension, not {value}.")
    return values


def _check_padding(what, padding):
    if padding not in ("valid", "same"):
        raise ModelError(f'{what} must be "valid" or "same", not {padding!r}.')


def _times(sizes):
    return " x ".join(map(str, sizes))
