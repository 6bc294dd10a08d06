"""Receptive fields: which pixels of the image each pixel of a layer's output depends on.

A window of `kernel` pixels, `dilation` apart, moves over its input with a stride of `stride`. Pixel p
of the output depends on the pixels p · stride - before + i · dilation of the input, for i from
0 to kernel - 1, where `before` is the padding at the start. Through stacked layers, strides multiply and
windows add up:

    size  = size of the input's field + (kernel - 1) · dilation · the input's stride
    start = start of the input's field - before · the input's stride
    stride = the input's stride · stride

An output pixel p then lies within pixels start + p · stride to start + p · stride + size - 1 of
the image. Rows and columns count separately.
"""

import operator
from dataclasses import dataclass
from typing import NamedTuple

import keras
from keras import layers

from .checks.arguments import MOST, built_model, check_parameters, checked, image_shape, shown, whole
from .errors import ModelError
from .filters import zeros_around


class Window(NamedTuple):
    """How the window of one layer moves over its input; a number holds for rows and columns alike.

    Attributes:
        kernel: Pixels of the window, or (rows, columns).
        stride: Pixels from one window to the next, or (rows, columns).
        dilation: Pixels from one pixel of a window to the next, or (rows, columns).
        padding: "valid" for none, "same" for Keras's (as many zeros as make the output's size
            the input's over the stride, the odd one at the end), a number for each side, or
            ((top, bottom), (left, right)).
        pool: Whether `WindowStack` makes it a pooling layer; a convolution otherwise.

    Example:
        >>> from models.receptive_fields import Window
        >>> Window(2, stride=2, pool=True)
        Window(kernel=2, stride=2, dilation=1, padding='valid', pool=True)
    """

    kernel: int | tuple
    stride: int | tuple = 1
    dilation: int | tuple = 1
    padding: str | int | tuple = "valid"
    pool: bool = False


# The lectures' stack: 7 x 7 pixels become 5 x 5, then 2 x 2, then one
CONV_POOL_POOL = (Window(3), Window(2, 2, pool=True), Window(2, 2, pool=True))

# Examples for the lesson: side of the image, and windows
EXAMPLES = {
    "conv 3×3,\npool 2×2": (7, CONV_POOL_POOL[:2]),
    "and\npool again": (7, CONV_POOL_POOL),
    "conv 3×3,\n3 times": (9, (Window(3),) * 3),
    "conv 3×3,\nstride 2,\ntwice": (9, (Window(3, 2, padding="same"),) * 2),
    "conv 3×3,\ndilation 2,\ntwice": (9, (Window(3, dilation=2),) * 2),
    "conv 1×5,\nconv 3×1": (9, (Window((1, 5)), Window((3, 1)))),
}


class Step(NamedTuple):
    """A window along one axis, once the size of its input is known.

    Example:
        >>> Axis(7).then(3, 2, 1, "same").steps
        (Step(kernel=3, stride=2, dilation=1, before=1, inputs=7, outputs=4),)
    """

    kernel: int
    stride: int
    dilation: int
    before: int  # zeros before the first pixel; negative where pixels are cut off
    inputs: int  # pixels of the input
    outputs: int  # pixels of the output


@dataclass(frozen=True)
class Axis:
    """The receptive fields along one axis of the image, rows or columns.

    Attributes:
        length: Pixels of the image.
        steps: A `Step` for each layer, from the image on.

    Example:
        >>> rows = Axis(7).then(3, 1, 1, "valid").then(2, 2, 1, "valid")
        >>> rows.outputs, rows.size, rows.stride, rows.start, rows.pixels(1)
        (2, 4, 2, 0, (2, 3, 4, 5))
    """

    length: int
    steps: tuple = ()

    @property
    def outputs(self):
        """Pixels of the last layer's output."""
        return self.steps[-1].outputs if self.steps else self.length

    @property
    def stride(self):
        """Pixels of the image from one output pixel's field to the next one's."""
        stride = 1
        for step in self.steps:
            stride *= step.stride
        return stride

    @property
    def size(self):
        """Pixels from the first to the last of a receptive field that no border cuts off."""
        size, stride = 1, 1
        for step in self.steps:
            size += (step.kernel - 1) * step.dilation * stride
            stride *= step.stride
        return size

    @property
    def start(self):
        """Where the first output pixel's field begins; negative where it begins in the padding."""
        start, stride = 0, 1
        for step in self.steps:
            start -= step.before * stride
            stride *= step.stride
        return start

    def pixels(self, position):
        """Exactly the image's pixels that one output pixel depends on.

        Padding, in whichever layer, holds no pixels of the image; dilation, and strides longer than a
        kernel, leave gaps.

        Args:
            position: Index of the output pixel, from 0.

        Returns:
            Indices, ascending.

        Raises:
            ModelError: If there is no such output pixel.
        """
        if whole(-MOST)("pixels", "position", position) not in range(self.outputs):
            raise ModelError(f"Position {position} is not among the {self.outputs} pixels, 0 and up.")
        reached = {position}
        for step in reversed(self.steps):
            reached = {
                pixel
                for start in (output * step.stride - step.before for output in reached)
                for pixel in range(start, start + step.kernel * step.dilation, step.dilation)
                if 0 <= pixel < step.inputs
            }
        return tuple(sorted(reached))

    def then(self, kernel, stride, dilation, padding):
        """This axis with one more window.

        Args:
            kernel, stride, dilation: As in `Window`, numbers.
            padding: "valid", "same", or (before, after).

        Returns:
            A new `Axis`.

        Raises:
            ModelError: If a number is not positive or the window is larger than its input.
        """
        for value in (kernel, stride, dilation):
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST:
                raise ModelError(
                    "A window needs kernel, stride and dilation of 1 or more, "
                    f"not {shown(kernel)}, {shown(stride)} and {shown(dilation)}."
                )
        inputs, reach = self.outputs, (kernel - 1) * dilation + 1
        if isinstance(padding, str):
            before, after = zeros_around(inputs, kernel, stride, padding, dilation)
        else:
            before, after = padding
        outputs = (before + inputs + after - reach) // stride + 1
        if outputs < 1:
            raise ModelError(f"A window that reaches over {reach} pixels does not fit into {inputs}.")
        return Axis(self.length, (*self.steps, Step(kernel, stride, dilation, before, inputs, outputs)))


@dataclass(frozen=True)
class ReceptiveField:
    """The receptive fields of all pixels of one layer's output.

    Attributes:
        rows, columns: An `Axis` each.

    Example:
        >>> field = of_stack([(3,), (2, 2)], (7, 9))
        >>> field.size, field.stride, field.outputs, field.middle
        ((4, 4), (2, 2), (2, 3), (1, 1))
    """

    rows: Axis
    columns: Axis

    @property
    def size(self):
        """(rows, columns) of a receptive field that no border cuts off."""
        return self.rows.size, self.columns.size

    @property
    def stride(self):
        """(rows, columns) of the image from one output pixel's field to the next one's."""
        return self.rows.stride, self.columns.stride

    @property
    def outputs(self):
        """(rows, columns) of the layer's output."""
        return self.rows.outputs, self.columns.outputs

    @property
    def middle(self):
        """(row, column) of the output's middle pixel, the lower right one of four."""
        return self.rows.outputs // 2, self.columns.outputs // 2

    def pixels(self, row, column):
        """The rows and the columns of the image whose pixels one output pixel depends on.

        Raises:
            ModelError: If there is no such output pixel.
        """
        return self.rows.pixels(row), self.columns.pixels(column)


def of_stack(windows, image):
    """The receptive fields after a stack of layers.

    Args:
        windows: A `Window`, or its values, for each layer from the image on.
        image: (height, width) in pixels.

    Returns:
        `ReceptiveField`.

    Raises:
        ModelError: If a window is impossible or does not fit.

    Example:
        >>> from models.receptive_fields import Window, of_stack
        >>> two_convolutions = of_stack([Window(3), Window(3)], (28, 28))
        >>> two_convolutions.size, two_convolutions.outputs
        ((5, 5), (24, 24))
    """
    sides = [_number(side) for side in image] if isinstance(image, (tuple, list)) else []
    if len(sides) != 2 or not all(side and 1 <= side <= MOST for side in sides):
        raise ModelError(
            "of_stack needs an image of a height and width of 1 or more, whole numbers up to "
            f"{MOST:,}, not {shown(image)}."
        )
    rows, columns = (Axis(length) for length in sides)
    for window in _windows(windows):
        kernel, stride, dilation, padding, _ = window
        k, s, d = (_pair(value) for value in (kernel, stride, dilation))
        top, left = _sides(padding)
        rows, columns = rows.then(k[0], s[0], d[0], top), columns.then(k[1], s[1], d[1], left)
    return ReceptiveField(rows, columns)


def _windows(windows):
    """Every window as a `Window`."""
    given = list(windows) if isinstance(windows, (tuple, list)) else [None]
    for window in given:
        if not isinstance(window, (tuple, list)) or not 1 <= len(window) <= 5:
            raise ModelError(
                "windows must be a list with a Window, such as Window(3, stride=2), for each layer, "
                f"not {shown(windows)}."
            )
    return [Window(*window) for window in given]


def _sides(padding):
    """The padding of rows and of columns: a word, or (before, after), each."""
    if isinstance(padding, str):
        return padding, padding
    number = _number(padding)
    pairs = ((number, number),) * 2 if number is not None else padding
    try:
        (top, bottom), (left, right) = pairs
        found = tuple(map(_number, (top, bottom, left, right)))
    except (TypeError, ValueError):
        found = (None,)
    if None in found or not 0 <= min(found) <= max(found) <= MOST:
        raise ModelError(f"Padding must be 0 or more pixels on each side, not {shown(padding)}.")
    return found[:2], found[2:]


def _number(value):
    """A whole number as an int; None for anything else."""
    try:
        return None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return None


# Layers that compute each pixel of their output from the same pixel of their input
_PIXEL_BY_PIXEL = (
    layers.InputLayer,
    layers.Activation,
    layers.ReLU,
    layers.LeakyReLU,
    layers.PReLU,
    layers.ELU,
    layers.Softmax,
    layers.Rescaling,
    layers.Normalization,
    layers.BatchNormalization,
    layers.Dropout,
    layers.SpatialDropout2D,
    layers.GaussianNoise,
    layers.Identity,
    layers.Dense,
)
_CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)
_POOLINGS = (layers.MaxPooling2D, layers.AveragePooling2D)
_WHOLE = (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D, layers.Flatten)


@checked()
def of_layer(model, name):
    """The receptive fields of a layer's output pixels in the model's input image.

    Flatten, global pooling, and a dense layer after them have one output pixel, which depends on all that
    the feature maps before them depend on.

    Args:
        model: A Keras model of an image of fixed size, in which each layer takes one layer's
            output.
        name: Name of the layer.

    Returns:
        `ReceptiveField`.

    Raises:
        ModelError: If there is no such layer, or one before it is of a kind whose windows are
            not supported.

    Example:
        >>> from models import ConvNet
        >>> from models.receptive_fields import of_layer
        >>> field = of_layer(ConvNet(), "pool")
        >>> field.size, field.stride
        ((11, 11), (4, 4))
    """
    known = {layer.name: layer for layer in model.layers}
    if not isinstance(name, str) or name not in known:
        raise ModelError(f"{model.name} has no layer of the name {shown(name)}; it has {', '.join(known)}.")
    taken = model.inputs[0].shape if len(model.inputs) == 1 else ()
    image = taken[1:3] if len(taken) == 4 else (None, None)
    if None in image:
        raise ModelError(f"{model.name} takes no images (height, width, channels) of one fixed size.")
    field = ReceptiveField(*(Axis(length) for length in image))
    for layer in _path(model, known[name]):
        field = _through(layer, field)
    return field


def of_maps(model):
    """The receptive fields of each convolution and pooling layer of a model.

    Args:
        model: As for `of_layer`.

    Returns:
        {layer's name: `ReceptiveField`}, from the image on.

    Raises:
        ModelError: As `of_layer` does.

    Example:
        >>> from models import TwoBlockConvNet
        >>> from models.receptive_fields import of_maps
        >>> {name: field.size[0] for name, field in of_maps(TwoBlockConvNet()).items()}
        {'conv1': 3, 'pool1': 4, 'conv2': 8, 'pool2': 10}
    """
    built_model("of_maps", "model", model)
    with_windows = _CONVOLUTIONS + _POOLINGS
    return {x.name: of_layer(model, x.name) for x in model.layers if isinstance(x, with_windows)}


def _path(model, layer):
    """The layers from the model's input to `layer`."""
    makers = {id(each.output): each for each in model.layers}
    path = [layer]
    while not isinstance(layer, layers.InputLayer):
        source = layer.input
        if isinstance(source, (list, tuple)):
            raise ModelError(f"{layer.name} joins several layers, whose windows may differ.")
        if id(source) not in makers:  # the image itself, which a Sequential does not list
            break
        layer = makers[id(source)]
        path.insert(0, layer)
    return path


def _through(layer, field):
    """The fields of a layer's output from those of its input."""
    whole = field.rows.outputs, field.columns.outputs
    if isinstance(layer, _PIXEL_BY_PIXEL):
        return field
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise ModelError(f"{layer.name} has the data format channels_first; only channels_last is supported.")
    # Transposed convolutions are made from other classes, so that no isinstance here takes one
    if isinstance(layer, _CONVOLUTIONS):
        values = layer.kernel_size, layer.strides, layer.dilation_rate, (layer.padding, layer.padding)
    elif isinstance(layer, _POOLINGS):
        values = layer.pool_size, layer.strides, 1, (layer.padding, layer.padding)
    elif isinstance(layer, _WHOLE):
        values = whole, 1, 1, ("valid", "valid")
    elif isinstance(layer, layers.ZeroPadding2D):
        values = 1, 1, 1, layer.padding
    elif isinstance(layer, layers.Cropping2D):
        values = 1, 1, 1, [(-before, -after) for before, after in layer.cropping]
    else:
        raise ModelError(f"{layer.name} is a {type(layer).__name__}, whose receptive field is not supported.")
    kernel, stride, dilation = (_pair(value) for value in values[:3])
    steps = zip(kernel, stride, dilation, values[3], strict=True)
    axes = (axis.then(*step) for axis, step in zip((field.rows, field.columns), steps, strict=True))
    return ReceptiveField(*axes)


@checked(input_shape=image_shape())
def WindowStack(
    input_shape=(7, 7, 1),
    windows=CONV_POOL_POOL,
    name="window_stack",
):
    """Convolutions and poolings with given windows; by default the lectures' Conv → Pool → Pool.

    Args:
        input_shape: (height, width, channels) of one image, of any range.
        windows: A `Window`, or its values, for each layer: a convolution of one kernel without
            bias, or max pooling.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, height, width, channels) -> (batch, rows, columns, 1), or
        as many channels as the image has if all are poolings.

    Raises:
        ModelError: If an argument is not as described, a window does not fit, or asks for what Keras has
            not: a stride and a dilation in one layer, pooling with dilation.

    Example:
        >>> from models import WindowStack
        >>> WindowStack((9, 9, 1), [(3,), (2, 2, 1, "same", True)]).output_shape
        (None, 4, 4, 1)
    """
    of_stack(windows, input_shape[:2])  # refuses what does not fit
    images = x = keras.Input(input_shape, name="images")
    for number, window in enumerate(_windows(windows), start=1):
        kernel, stride, dilation = (_pair(value) for value in window[:3])
        padding, pool = window.padding, window.pool
        if max(dilation) > 1 and (pool or max(stride) > 1):
            raise ModelError(f"Keras has no layer for {window}: leave out the dilation.")
        if not isinstance(padding, str):
            x = layers.ZeroPadding2D(_sides(padding), name=f"zeros{number}")(x)
            padding = "valid"
        if pool:
            x = layers.MaxPooling2D(kernel, stride, padding, name=f"pool{number}")(x)
        else:
            check_parameters("WindowStack", kernel[0] * kernel[1] * x.shape[-1])
            layer = layers.Conv2D(
                1, kernel, stride, padding, dilation_rate=dilation, use_bias=False, name=f"conv{number}"
            )
            x = layer(x)
    return keras.Model(images, x, name=name)


def _pair(value):
    """(rows, columns) of a number or a pair."""
    number = _number(value)
    pair = (number, number) if number is not None else value
    if not isinstance(pair, (tuple, list)) or len(pair) != 2 or None in (found := [*map(_number, pair)]):
        raise ModelError(
            "A window needs kernel, stride and dilation of 1 or more, a whole number or two, "
            f"not {shown(value)}."
        )
    return tuple(found)
