"""Convolutions with kernels set by hand, and the sizes of their outputs.

Keras's convolution is a cross-correlation: the kernel is not flipped, as it is in the mathematical
convolution (f * g)(t) = ∫ f(τ) g(t - τ) dτ.
"""

import functools
import itertools
import math

import keras
import numpy as np
from keras import layers

from .checks.arguments import (
    MOST,
    activation,
    array,
    check_parameters,
    checked,
    choice,
    flag,
    shown,
    sizes,
    text,
    whole,
)
from .errors import ModelError

_padding = choice("valid", "same")


def averaged(kernels):
    """Divide each kernel by its number of values, so that nine products of 1 add up to 1.

    Args:
        kernels: {name: kernel}, each an array or nested sequences of numbers.

    Returns:
        The same kernels divided, as nested tuples.

    Raises:
        ModelError: If it is no dict of arrays of numbers.

    Example:
        >>> from models.filters import averaged
        >>> averaged({"rise": ((-1, 1), (-2, 2))})
        {'rise': ((-0.25, 0.25), (-0.5, 0.5))}
    """
    if not isinstance(kernels, dict):
        raise ModelError(f"averaged needs kernels as a dict of names and kernels, not {shown(kernels)}.")
    arrays = {name: array("averaged", f"kernels[{name!r}]", kernel) for name, kernel in kernels.items()}
    return {name: _nested_tuples(kernel / kernel.size) for name, kernel in arrays.items()}


def _nested_tuples(kernel):
    return tuple(map(_nested_tuples, kernel)) if kernel.ndim else kernel.item()


# The lectures' three features of an X, each named after what it matches
FEATURES = {
    "backslash": ((1, -1, -1), (-1, 1, -1), (-1, -1, 1)),
    "crossing": ((1, -1, 1), (-1, 1, -1), (1, -1, 1)),
    "slash": ((-1, -1, 1), (-1, 1, -1), (1, -1, -1)),
}
MATCHES = averaged(FEATURES)  # with the division in the kernel, the output of a perfect match is 1

# For a photograph. A kernel with a sum of 0 turns an area of one colour into 0
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

# For a volume: six times a voxel minus its six neighbours
LAPLACIAN_3D = (
    ((0, 0, 0), (0, -1, 0), (0, 0, 0)),
    ((0, -1, 0), (-1, 6, -1), (0, -1, 0)),
    ((0, 0, 0), (0, -1, 0), (0, 0, 0)),
)


@checked(size=whole(), kernel=whole(), stride=whole(), dilation=whole(), padding=_padding)
def zeros_around(size, kernel, stride=1, padding="valid", dilation=1):
    """The number of zeros that a convolution or pooling layer pads its input with, before and after.

    "same" adds as many zeros as make the output size / stride, rounded up. If their number is odd, Keras
    adds the extra one at the end: 28 pixels, a kernel of 5 and a stride of 2 need 3, 1 before and 2 after.
    (Pooling ignores these positions instead of counting them as zeros.)

    Args:
        size: Input size along one dimension.
        kernel: Size of the kernel or pooling window.
        stride: Distance from one position of the kernel to the next.
        padding: "valid" for none, or "same".
        dilation: Distance from one weight of the kernel to the next; 1 leaves no gaps.

    Returns:
        (before, after).

    Raises:
        ModelError: If a size is not a positive whole number, or `padding` is another word.

    Example:
        >>> from models.filters import zeros_around
        >>> zeros_around(28, kernel=5, stride=2, padding="same")
        (1, 2)
    """
    if padding == "valid":
        return 0, 0
    span = dilation * (kernel - 1) + 1
    zeros = max(0, (math.ceil(size / stride) - 1) * stride + span - size)
    return zeros // 2, zeros - zeros // 2


@checked(size=whole(), kernel=whole(), stride=whole(), dilation=whole(), padding=_padding)
def output_size(size, kernel, stride=1, padding="valid", dilation=1):
    """The output size of a convolution or pooling layer along one dimension.

    ⌊(size + zeros - span) / stride⌋ + 1, where the kernel spans dilation · (kernel - 1) + 1 pixels and
    `zeros_around` gives the zeros. So a 3 x 3 kernel without padding reduces height and width by 2
    pixels, and "same" with a stride of 1 keeps them.

    Args:
        size: Input size along one dimension.
        kernel: Size of the kernel or pooling window.
        stride: Distance from one position of the kernel to the next.
        padding: "valid" for none, or "same".
        dilation: Distance from one weight of the kernel to the next; 1 leaves no gaps.

    Returns:
        The number of positions where the kernel fits, 0 if it fits nowhere.

    Raises:
        ModelError: If a size is not a positive whole number, or `padding` is another word.

    Example:
        >>> from models.filters import output_size
        >>> output_size(28, kernel=3), output_size(28, kernel=5, stride=2, padding="same")
        (26, 14)
    """
    zeros = sum(zeros_around(size, kernel, stride, padding, dilation))
    span = dilation * (kernel - 1) + 1
    return max(0, (size + zeros - span) // stride + 1)


@checked(
    size=whole(most=10**6),
    kernel=whole(most=10**6),
    stride=whole(),
    dilation=whole(most=10**6),
    padding=_padding,
    layer=choice("conv", "max", "avg"),
)
def layer_output_size(size, kernel, stride=1, padding="valid", dilation=1, layer="conv"):
    """The output size of a Keras layer, measured by calling it on zeros.

    Args:
        size, kernel, stride, padding, dilation: As for `output_size`.
        layer: "conv", "max" or "avg" for a convolution, max or average pooling; pooling has no dilation.

    Returns:
        The length of the layer's output.

    Raises:
        ModelError: If an argument is not as described, or Keras has no such layer or refuses this input.

    Example:
        >>> from models.filters import layer_output_size, output_size
        >>> layer_output_size(28, 5, 2, "same") == output_size(28, 5, 2, "same")
        True
    """
    if dilation > 1 and (stride > 1 or layer != "conv"):
        raise ModelError(
            "layer_output_size takes a dilation of more than 1 only for convolutions with a stride of 1, "
            f"as Keras does, not dilation={dilation} with layer={layer!r} and stride={stride}."
        )
    if not output_size(size, kernel, stride, padding, dilation):
        raise ModelError(
            f"A kernel of {kernel} with a dilation of {dilation} does not fit into a size of {size}; use a "
            'larger size or padding="same".'
        )
    return _layer(kernel, stride, padding, dilation, layer)(np.zeros((1, size, 1), "float32")).shape[1]


@functools.lru_cache(maxsize=256)  # building a layer takes longer than using it
def _layer(kernel, stride, padding, dilation, layer):
    if layer == "conv":
        return layers.Conv1D(1, kernel, stride, padding, dilation_rate=dilation, kernel_initializer="zeros")
    kind = layers.MaxPooling1D if layer == "max" else layers.AveragePooling1D
    return kind(kernel, stride, padding)


def size_combinations(sizes=range(1, 21), kernels=range(1, 6), strides=range(1, 5), dilations=(1, 2, 3)):
    """Every combination of arguments that a Keras layer takes.

    Args:
        sizes, kernels, strides, dilations: The values to combine, positive whole numbers.

    Yields:
        (size, kernel, stride, padding, dilation, layer), as `layer_output_size` takes them:
        those where the kernel fits, and without a stride and dilation that are both more than 1.

    Raises:
        ModelError: If a value is no positive whole number.

    Example:
        >>> from models.filters import size_combinations
        >>> [*size_combinations([5], [3], [2], [1])][:2]
        [(5, 3, 2, 'valid', 1, 'conv'), (5, 3, 2, 'valid', 1, 'max')]
    """
    given = {"sizes": sizes, "kernels": kernels, "strides": strides, "dilations": dilations}
    rule = whole()
    for name, values in given.items():
        if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
            raise ModelError(f"size_combinations needs {name} as a sequence of numbers, not {shown(values)}.")
        given[name] = [rule("size_combinations", name, value) for value in values]
    return _combinations(*given.values())


def _combinations(sizes, kernels, strides, dilations):
    settings = itertools.product(kernels, strides, ("valid", "same"), dilations, ("conv", "max", "avg"))
    for kernel, stride, padding, dilation, layer in settings:
        if dilation == 1 or (stride == 1 and layer == "conv"):
            smallest = dilation * (kernel - 1) + 1 if padding == "valid" else 1
            yield from (
                (size, kernel, stride, padding, dilation, layer) for size in sizes if size >= smallest
            )


@checked(
    filters=whole(),
    padding=_padding,
    use_bias=flag,
    activation=activation,
    pooling=choice("max", "avg"),
    pool_padding=_padding,
    name=text,
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
    """One convolution with kernels set by hand, then an optional activation and pooling.

    In one, two or three dimensions, depending on `input_shape`. By default it filters the lectures' X
    with three features divided by nine, 27 parameters.

    Args:
        kernels: {name: kernel} or a sequence of kernels, each of shape kernel_size, or
            kernel_size + (channels,) where the input has several channels; None for random ones,
            to be learned.
        input_shape: (length, channels), (height, width, channels) or (depth, height, width,
            channels) of one input, of any range.
        filters: Number of kernels, if they are random.
        kernel_size: Size of each, one number or one for each dimension, if they are random.
        strides: Distance from one position of a kernel to the next, also one number or one for each
            dimension.
        padding: "valid" for none; "same" for zeros around the input, which keep its size.
        dilation_rate: Distance from one number of a kernel to the next, as for `strides`.
        use_bias: Whether each kernel has a bias, 0 at first: (h·w·d + 1)·k parameters.
        activation: Name of an activation, such as "relu"; None for none.
        pooling: "max" or "avg".
        pool_sizes: Window of each pooling layer, which is its stride, too; () for no pooling.
        pool_padding: "same" keeps the edges that do not fill a window; "valid" drops them.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, ..., channels) -> (batch, ..., number of kernels).

    Raises:
        ModelError: If an argument is not as described, kernels differ in shape, do not suit the input or
            are larger than it, or both strides and dilation_rate are more than 1.

    Reference:
        Hubel and Wiesel, Receptive fields and functional architecture of monkey striate
        cortex, 1968.

    Example:
        >>> import numpy as np
        >>> from models import FilterBank
        >>> slope = FilterBank([(-1, 0, 1)], input_shape=(6, 1))
        >>> squares = np.arange(6.0)[None, :, None] ** 2
        >>> slope(squares).numpy()[0, :, 0]  # (x + 1)² - (x - 1)² = 4 x
        array([ 4.,  8., 12., 16.], dtype=float32)
    """
    given = tuple(input_shape) if isinstance(input_shape, (tuple, list)) else ()
    if len(given) not in (2, 3, 4):
        raise ModelError(
            "FilterBank takes an input_shape of 1 to 3 sizes and the channels, such as (9, 9, 1), "
            f"not {shown(input_shape)}."
        )
    input_shape, rank = sizes(len(given))("FilterBank", "input_shape", given), len(given) - 1
    weights = None
    if kernels is not None:
        weights = _stack(kernels, rank, input_shape[-1])
        *kernel_size, _, filters = weights.shape
    kernel_size = _each("kernel_size", kernel_size, rank)
    strides = _each("strides", strides, rank)
    dilation_rate = _each("dilation_rate", dilation_rate, rank)
    if max(strides) > 1 and max(dilation_rate) > 1:
        raise ModelError(f"FilterBank takes strides {strides} or dilation_rate {dilation_rate}, not both.")
    if not isinstance(pool_sizes, (tuple, list)):
        raise ModelError(f"FilterBank needs pool_sizes as a tuple, such as (2, 2), not {shown(pool_sizes)}.")
    check_parameters("FilterBank", math.prod(kernel_size) * input_shape[-1] * filters)

    images = keras.Input(input_shape, name="images")
    lengths = [
        output_size(*of_dimension, padding, dilation)
        for *of_dimension, dilation in zip(input_shape, kernel_size, strides, dilation_rate, strict=False)
    ]
    if 0 in lengths:
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
        lengths = [output_size(*pair, pair[1], pool_padding) for pair in zip(lengths, window, strict=True)]
        if 0 in lengths:
            raise ModelError(
                f"FilterBank's pooling window of {_times(window)} does not fit into {_times(x.shape[1:-1])}; "
                'use pool_padding="same" or fewer pool_sizes.'
            )
        kind = "MaxPooling" if pooling == "max" else "AveragePooling"
        x = getattr(layers, f"{kind}{rank}D")(window, padding=pool_padding, name=f"pool{number}")(x)
    return keras.Model(images, x, name=name)


def _stack(kernels, rank, channels):
    """Kernels as the weights of a convolution layer: (*kernel_size, channels, filters)."""
    kernels = kernels.values() if isinstance(kernels, dict) else kernels
    if isinstance(kernels, (str, bytes)) or not hasattr(kernels, "__iter__"):
        raise ModelError(f"FilterBank needs kernels as a dict or a list of kernels, not {shown(kernels)}.")
    try:
        kernels = [np.asarray(kernel, dtype=keras.config.floatx()) for kernel in kernels]
    except (TypeError, ValueError) as error:
        raise ModelError(
            "FilterBank's kernels must be numbers, in rows of equal length; correct them."
        ) from error
    shapes = sorted({kernel.shape for kernel in kernels})
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
    if not np.isfinite(kernels).all():
        raise ModelError("FilterBank's kernels must be finite numbers, without nan; correct them.")
    return np.stack(kernels, axis=-1)


def _each(name, value, rank):
    """`value` once for each dimension, all of it positive."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank
    try:
        return sizes(rank)("FilterBank", name, values)
    except ModelError:
        wanted = f"1 to {MOST:,}" if isinstance(value, int) and value > MOST else "1 or more"
        raise ModelError(
            f"FilterBank needs {name} of {wanted} in each dimension, one whole number or {rank}, "
            f"not {shown(value)}."
        ) from None


def _times(sizes):
    return " x ".join(map(str, sizes))
