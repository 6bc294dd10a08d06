"""Receptive fields: which pixels of the image each pixel of a layer's output depends on.

A window of `kernel` pixels, `dilation` apart, walks over its input in steps of `stride`. Pixel p
of the output depends on the pixels p · stride - before + i · dilation of the input, for i from
0 to kernel - 1, where `before` is the padding at the start. Stacked layers multiply strides and
add windows:

    size  = size of the input's field + (kernel - 1) · dilation · the input's stride
    start = start of the input's field - before · the input's stride
    stride = the input's stride · stride

An output pixel p then lies within pixels start + p · stride to start + p · stride + size - 1 of
the image. Rows and columns count separately.
"""

from dataclasses import dataclass
from typing import NamedTuple

import keras
from keras import layers

from models._errors import ModelError
from models.filters import zeros_around


class Window(NamedTuple):
    """How one layer walks over its input; an int counts for rows and columns alike.

    Attributes:
        kernel: Pixels of the window, or (rows, columns).
        stride: Pixels from one window to the next, or (rows, columns).
        dilation: Pixels from one pixel of a window to the next, or (rows, columns).
        padding: "valid" for none, "same" for Keras's (as many zeros as make the output's size
            the input's over the stride, the odd one at the end), a number for each side, or
            ((top, bottom), (left, right)).
        pool: Whether `WindowStack` makes it a pooling layer; a convolution otherwise.
    """

    kernel: int | tuple
    stride: int | tuple = 1
    dilation: int | tuple = 1
    padding: str | int | tuple = "valid"
    pool: bool = False


# The lectures' stack: 7 x 7 pixels become 5 x 5, then 2 x 2, then one
CONV_POOL_POOL = (Window(3), Window(2, 2, pool=True), Window(2, 2, pool=True))

# Stacks worth a look: side of the image, and windows
EXAMPLES = {
    "conv 3×3,\npool 2×2": (7, CONV_POOL_POOL[:2]),
    "and\npool again": (7, CONV_POOL_POOL),
    "conv 3×3,\n3 times": (9, (Window(3),) * 3),
    "conv 3×3,\nstride 2,\ntwice": (9, (Window(3, 2, padding="same"),) * 2),
    "conv 3×3,\ndilation 2,\ntwice": (9, (Window(3, dilation=2),) * 2),
    "conv 1×5,\nconv 3×1": (9, (Window((1, 5)), Window((3, 1)))),
}


class Step(NamedTuple):
    """A window along one axis, once the size of its input is known."""

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
        """Pixels from the first to the last of a field, where no border cuts it off."""
        size, stride = 1, 1
        for step in self.steps:
            size += (step.kernel - 1) * step.dilation * stride
            stride *= step.stride
        return size

    @property
    def start(self):
        """Where the first output pixel's field begins; negative where padding makes it."""
        start, stride = 0, 1
        for step in self.steps:
            start -= step.before * stride
            stride *= step.stride
        return start

    def pixels(self, position):
        """Exactly the image's pixels that one output pixel depends on.

        Padding holds nothing of the image, in whichever layer it is; dilation, and strides
        longer than a kernel, leave gaps.

        Args:
            position: Index of the output pixel, from 0.

        Returns:
            Indices, ascending.

        Raises:
            ModelError: If there is no such output pixel.
        """
        if not 0 <= position < self.outputs:
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
        """This axis with one window more.

        Args:
            kernel, stride, dilation: As in `Window`, numbers.
            padding: "valid", "same", or (before, after).

        Raises:
            ModelError: If a number is not positive or the window is larger than its input.
        """
        if min(kernel, stride, dilation) < 1:
            raise ModelError(
                f"A window needs kernel, stride and dilation of 1 or more, not {kernel}, {stride} "
                f"and {dilation}."
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
    """

    rows: Axis
    columns: Axis

    @property
    def size(self):
        """(rows, columns) that a field reaches over, where no border cuts it off."""
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
        image: (height, width).

    Returns:
        `ReceptiveField`.

    Raises:
        ModelError: If a window is impossible or does not fit.
    """
    if min(image) < 1:
        raise ModelError(f"An image needs a height and width of 1 or more, not {tuple(image)}.")
    rows, columns = (Axis(length) for length in image)
    for window in windows:
        kernel, stride, dilation, padding, _ = Window(*window)
        if isinstance(padding, int):
            padding = ((padding, padding), (padding, padding))
        elif isinstance(padding, str):
            padding = (padding, padding)
        if not isinstance(padding[0], str) and min(min(side) for side in padding) < 0:
            raise ModelError(f"Padding must be 0 or more pixels on each side, not {padding}.")
        (k0, k1), (s0, s1), (d0, d1) = (_pair(value) for value in (kernel, stride, dilation))
        rows, columns = rows.then(k0, s0, d0, padding[0]), columns.then(k1, s1, d1, padding[1])
    return ReceptiveField(rows, columns)


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


def of_layer(model, name):
    """The receptive fields of a layer's output pixels in the model's input image.

    Flatten, global pooling, and a dense layer after them see all that the maps before them see,
    as one output pixel.

    Args:
        model: A Keras model of an image of fixed size, in which each layer takes one layer's
            output.
        name: Name of the layer.

    Returns:
        `ReceptiveField`.

    Raises:
        ModelError: If there is no such layer, or one on the way is of a kind whose windows are
            not known here.
    """
    known = {layer.name: layer for layer in model.layers}
    if name not in known:
        raise ModelError(f"{model.name} has no layer {name!r}; it has {', '.join(known)}.")
    image = model.input_shape[1:3] if len(model.input_shape) == 4 else (None, None)
    if None in image:
        raise ModelError(f"{model.name} takes no images (height, width, channels) of one fixed size.")
    field = ReceptiveField(*(Axis(length) for length in image))
    for layer in _path(model, known[name]):
        field = _through(layer, field)
    return field


def of_maps(model):
    """The receptive fields of each convolution and pooling layer of a model.

    Returns:
        {layer's name: `ReceptiveField`}, from the image on.

    Raises:
        ModelError: As `of_layer` does.
    """
    walking = _CONVOLUTIONS + _POOLINGS
    return {x.name: of_layer(model, x.name) for x in model.layers if isinstance(x, walking)}


def _path(model, layer):
    """The layers from the model's input to `layer`."""
    makers = {id(each.output): each for each in model.layers}
    path = [layer]
    while not isinstance(layer, layers.InputLayer):
        source = layer.input
        if isinstance(source, (list, tuple)):
            raise ModelError(f"{layer.name} joins several layers, for which no one window holds.")
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
        raise ModelError(f"{layer.name} has its channels first; only channels last are known here.")
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
        raise ModelError(
            f"{layer.name} is a {type(layer).__name__}, whose receptive field is not known here."
        )
    kernel, stride, dilation = (_pair(value) for value in values[:3])
    steps = zip(kernel, stride, dilation, values[3], strict=True)
    axes = (axis.then(*step) for axis, step in zip((field.rows, field.columns), steps, strict=True))
    return ReceptiveField(*axes)


def WindowStack(
    input_shape=(7, 7, 1),
    windows=CONV_POOL_POOL,
    name="window_stack",
):
    """Layers that do nothing but walk their windows; by default the lectures' Conv → Pool → Pool.

    Args:
        input_shape: (height, width, channels) of one image, of any range.
        windows: A `Window`, or its values, for each layer: a convolution of one kernel without
            bias, or max pooling.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, height, width, channels) -> (batch, rows, columns, 1), or
        as many channels as the image has if all are poolings.

    Raises:
        ModelError: If a window is impossible or does not fit, or asks for what Keras has not:
            a stride and a dilation in one layer, pooling with dilation.
    """
    if len(input_shape) != 3 or min(input_shape) < 1:
        raise ModelError(
            f"WindowStack takes input_shape=(height, width, channels), not {tuple(input_shape)}."
        )
    of_stack(windows, input_shape[:2])  # refuses what does not fit
    images = x = keras.Input(input_shape, name="images")
    for number, window in enumerate(windows, start=1):
        kernel, stride, dilation, padding, pool = Window(*window)
        if max(_pair(dilation)) > 1 and (pool or max(_pair(stride)) > 1):
            raise ModelError(f"Keras has no layer for {Window(*window)}: leave out the dilation.")
        if not isinstance(padding, str):
            x = layers.ZeroPadding2D(padding, name=f"zeros{number}")(x)
            padding = "valid"
        if pool:
            x = layers.MaxPooling2D(kernel, stride, padding, name=f"pool{number}")(x)
        else:
            layer = layers.Conv2D(
                1, kernel, stride, padding, dilation_rate=dilation, use_bias=False, name=f"conv{number}"
            )
            x = layer(x)
    return keras.Model(images, x, name=name)


def _pair(value):
    """(rows, columns) of an int or a pair."""
    return (value, value) if isinstance(value, int) else tuple(value)
