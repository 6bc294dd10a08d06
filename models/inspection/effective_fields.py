"""Which input pixels a layer's outputs depend on, and how much: by gradients."""

import math

import keras
import numpy as np
from keras import layers

from ..checks.arguments import array, batch_for, built_model, checked, number, shown, sizes
from ..errors import ModelError
from ..gradients import output_gradients
from ..seeds import seed_generator
from .graphs import all_paths, find, is_activation_operator, is_graph, is_map, layer_at, multi_output

AT_ONCE = 16  # images in one batch, where a gradient needs the activations of all of them


@checked()
def input_gradient(model, images, layer, position=None, channel=None):
    """The gradient of one output pixel of a layer with respect to the input pixels.

    Args:
        model: A Keras model of images, functional, sequential or nested.
        images: Array (n, height, width, channels) in the model's range.
        layer: Name of the layer, also of a nested model's.
        position: (row, column) of the pixel in the layer's output; None where the output has
            no rows and columns.
        channel: Channel of the feature map, one for all images or an array (n,) of one for each; None for
            the sum of all channels.

    Returns:
        Array of the images' shape, float32: for each image, the derivative of the output with respect to
        each of its pixels.

    Raises:
        ModelError: If the images are not what the model takes, or there is no such layer, pixel or channel.

    Example:
        >>> import numpy as np
        >>> from models import FilterBank
        >>> from models.inspection import input_gradient
        >>> edge = FilterBank([((-1, 1), (-1, 1))], input_shape=(3, 3, 1))
        >>> input_gradient(edge, np.zeros((1, 3, 3, 1)), "filters", position=(0, 1))[0, ..., 0]
        array([[ 0., -1.,  1.],
               [ 0., -1.,  1.],
               [ 0.,  0.,  0.]], dtype=float32)
    """
    until = _until(model, find(model, layer))
    images = batch_for("input_gradient", model, images)
    place = _place("input_gradient", position)
    channels = []
    if channel is not None:
        channels = array("input_gradient", "channel", channel).ravel()
        if channels.dtype.kind not in "iu" or len(channels) not in (1, len(images)):
            raise ModelError(
                "input_gradient needs channel as a whole number for all images, or one for each of "
                f"{len(images)} images, not {shown(channel)}."
            )

    def chosen(outputs):
        shape = tuple(outputs[0].shape[1:])
        fits = len(place) == len(shape) - 1 and all(
            0 <= p < side for p, side in zip(place, shape, strict=False)
        )
        if not fits or not all(0 <= each < shape[-1] for each in channels):
            raise ModelError(
                f"{layer} has the shape {shape}: no position {position} with channel {shown(channel)}."
            )
        values = outputs[0][(slice(None), *place)]  # (n, channels)
        if channel is None:
            return values
        each = keras.ops.broadcast_to(channels.astype("int32"), values.shape[:1])
        return keras.ops.take_along_axis(values, each[:, None], 1)

    return keras.ops.convert_to_numpy(output_gradients(until, images, chosen)[1])


def _place(owner, position, name="position"):
    """A position as a tuple of whole numbers, empty for None."""
    if position is None:
        return ()
    given = position.tolist() if isinstance(position, np.ndarray) else position
    if not isinstance(given, (list, tuple)) or not all(
        isinstance(each, (int, np.integer)) and not isinstance(each, bool) for each in given
    ):
        raise ModelError(f"{owner} needs {name} as (row, column), not {shown(position)}.")
    return tuple(int(each) for each in given)


def _until(model, path):
    """The part of the network from the image to a layer."""
    walked = multi_output(model, [path])
    return keras.Model(walked.inputs, walked.outputs[:1])


def linear_probe(model):
    """A copy of a model in which every pixel that an output depends on shows in its gradient.

    In the model itself, the gradient of a ReLU below zero is zero, that of a maximum is zero for all pixels
    but one, weights may cancel out, and a layer normalization of equal channels is 0 everywhere. So
    activations become linear, max pooling becomes average pooling, a normalization over channels or pixels
    adds their mean, and all weights of a kernel become equal and positive.

    Args:
        model: A Keras model, functional, sequential or nested.

    Returns:
        An uncompiled model with the same layers' names, shapes and windows.

    Raises:
        ModelError: If it is no such model, or a layer cannot be copied.

    Example:
        >>> import numpy as np
        >>> from models import WindowStack
        >>> from models.inspection import input_gradient, linear_probe
        >>> probe = linear_probe(WindowStack())  # the one output pixel depends on 6 x 6 of 7 x 7 pixels
        >>> int((input_gradient(probe, np.ones((1, 7, 7, 1)), "pool3", (0, 0)) != 0).sum())
        36
    """
    built_model("linear_probe", "model", model)

    def probe(layer):
        config = layer.get_config()
        if (axes := _normalized_axes(layer)) is not None:
            return _WithMean(axes, name=layer.name)
        if is_activation_operator(layer):
            return _Unchanged(name=layer.name)
        if isinstance(layer, layers.MaxPooling2D):
            return layers.AveragePooling2D.from_config(config)
        if isinstance(layer, layers.GlobalMaxPooling2D):
            return layers.GlobalAveragePooling2D.from_config(config)
        if isinstance(layer, (layers.ReLU, layers.LeakyReLU, layers.ELU, layers.PReLU, layers.Softmax)):
            return _Unchanged(name=layer.name)
        if "activation" in config:
            config["activation"] = "linear"
        return type(layer).from_config(config)

    try:
        copy = keras.models.clone_model(model, clone_function=probe, recursive=True)
    except (NotImplementedError, TypeError, ValueError) as error:
        raise ModelError(
            f"linear_probe cannot copy {model.name}: one of its layers has no complete get_config()."
        ) from error
    for layer in (layer_at(copy, path) for path in all_paths(copy)):
        alone = isinstance(layer, layers.DepthwiseConv2D)  # does not sum over channels
        for variable in () if is_graph(layer) else layer.weights:
            if "kernel" in variable.name:
                alone_too = alone or "depthwise" in variable.name
                terms = math.prod(variable.shape[:2] if alone_too else variable.shape[:-1])
                variable.assign(keras.ops.full(variable.shape, 1 / terms))
            elif variable.name == "gamma":  # of a layer scale, which may begin at a millionth
                variable.assign(keras.ops.ones(variable.shape))
    return copy


def _normalized_axes(layer):
    """Axes over which a layer takes means for each image, as a tuple; None if it does not."""
    if isinstance(layer, layers.GroupNormalization):
        return tuple(range(1, len(layer.output.shape)))
    one_image = (layers.LayerNormalization, layers.UnitNormalization, layers.RMSNormalization)
    if not isinstance(layer, one_image):
        return None
    return tuple(layer.axis) if isinstance(layer.axis, (list, tuple)) else (layer.axis,)


class _WithMean(layers.Layer):
    """Each value plus the mean over some axes: it depends on the same values as a normalization does."""

    def __init__(self, axes, name):
        super().__init__(name=name)
        self.axes = axes

    def call(self, inputs):
        return inputs + keras.ops.mean(inputs, self.axes, keepdims=True)


class _Unchanged(layers.Layer):
    """Gives its input; like a softmax layer, it may be called with a mask."""

    def call(self, inputs, mask=None):
        return inputs


@checked()
def effective_field(model, images, layer, position=None, seed=0):
    """The effective receptive field: how much each input pixel contributes to one output pixel.

    Most pixels of a receptive field contribute little. This is the mean absolute gradient over the images,
    of one random channel for each image, so that channels cannot cancel out.

    Args:
        model: A Keras model of images, functional, sequential or nested.
        images: Array (n, height, width, channels) in the model's range.
        layer: Name of a layer whose output has rows and columns.
        position: (row, column) of the pixel in the layer's output; None for the middle one.
        seed: Random seed of the channels.

    Returns:
        Array (height, width) of shares, which sum to 1.

    Raises:
        ModelError: If the images are not what the model takes, there is no such layer or pixel, or all
            gradients are 0.

    Reference:
        Luo et al., Understanding the effective receptive field in deep convolutional neural
        networks, 2016.

    Example:
        >>> import numpy as np
        >>> from models import FilterBank
        >>> from models.inspection import effective_field
        >>> blur = FilterBank([((1, 2, 1),)], input_shape=(1, 5, 1))
        >>> effective_field(blur, np.ones((2, 1, 5, 1)), "filters")
        array([[0.  , 0.25, 0.5 , 0.25, 0.  ]], dtype=float32)
    """
    images = batch_for("effective_field", model, images)
    path = find(model, layer)
    if not is_map(layer_at(model, path).output):
        raise ModelError(f"The output of {layer} has no rows and columns.")
    *sides, channels = _until(model, path).compute_output_shape([1, *images.shape[1:]])[0][1:]
    position = tuple(side // 2 for side in sides) if position is None else position
    drawn = keras.random.randint((len(images),), 0, channels, seed=seed_generator(seed))
    mass = abs(input_gradient(model, images, layer, position, drawn)).mean(0).sum(-1)
    if not mass.sum() > 0:
        raise ModelError(f"{layer} at {position} depends on no pixel of these {len(images)} images.")
    return mass / mass.sum()


@checked(share=number(above=0, most=1))
def pixels_holding(mass, share=0.9):
    """How many pixels together hold a share of the sum, the largest first.

    Args:
        mass: Array (height, width), not negative, such as `effective_field` returns.
        share: Share of its sum, above 0 and at most 1.

    Returns:
        Number of pixels, an int.

    Raises:
        ModelError: If mass is no such array or sums to 0, or the share is out of range.

    Example:
        >>> import numpy as np
        >>> from models.inspection import pixels_holding
        >>> pixels_holding(np.array([[6, 1], [2, 1]]), share=0.8)
        2
    """
    found = array("pixels_holding", "mass", mass, rank=2, what="(height, width)").astype("float64")
    if found.min() < 0 or not found.sum() > 0:
        raise ModelError("pixels_holding needs mass of 0 or more, with a sum above 0; correct it.")
    sums = np.cumsum(np.sort(found, axis=None)[::-1])
    return int(np.searchsorted(sums, share * sums[-1])) + 1


@checked(image_size=sizes(2))
def field_boxes(model, layer, image_size, positions):
    """The box of input pixels that each of some output pixels can depend on, through any nesting.

    Found with a `linear_probe`, so that no ReLU that happens to be below zero hides a pixel.

    Args:
        model: A Keras model of images, functional, sequential or nested.
        layer: Name of the layer.
        image_size: (height, width) of the images in pixels.
        positions: (row, column) of each pixel; where the layer's output has no rows and columns, ().

    Returns:
        List of (top, left, bottom, right) in pixels, the last two exclusive.

    Raises:
        ModelError: If there is no such layer or pixel, or it depends on no pixel of the image.

    Example:
        >>> from models import TwoBlockConvNet
        >>> from models.inspection import field_boxes
        >>> field_boxes(TwoBlockConvNet(), "pool1", (28, 28), [(0, 0), (5, 7)])
        [(0, 0, 3, 3), (9, 13, 13, 17)]
    """
    if not isinstance(positions, (list, tuple, np.ndarray)) or not len(positions):
        raise ModelError(f"field_boxes needs positions as a list of (row, column), not {shown(positions)}.")
    positions = [_place("field_boxes", each, "positions") for each in positions]
    if not is_map(model.inputs[0]):
        raise ModelError(f"{model.name} takes no images (height, width, channels).")
    taken = tuple(model.inputs[0].shape[1:3])
    if any(want not in (None, have) for want, have in zip(taken, image_size, strict=True)):
        raise ModelError(f"{model.name} takes images of {taken}, not of image_size {image_size}.")
    path, probe, found = find(model, layer), linear_probe(model), {}
    until = _until(probe, path)
    shape = (1, *image_size, model.inputs[0].shape[-1])
    image = keras.random.uniform(
        shape, seed=0
    )  # behind some normalizations, a constant image has no gradient
    for place in dict.fromkeys(positions):

        def chosen(outputs, place=place):
            sides = outputs[0].shape[1:-1]
            if len(place) != len(sides) or not all(0 <= p < s for p, s in zip(place, sides, strict=True)):
                raise ModelError(f"{layer} has {tuple(sides)} pixels: {place} is not among these positions.")
            return outputs[0][(slice(None), *place)]

        touched = keras.ops.convert_to_numpy(output_gradients(until, image, chosen)[1] != 0).any((0, 3))
        if not touched.any():
            raise ModelError(f"{layer} at {place} depends on no pixel of the image.")
        rows, columns = touched.any(1).nonzero()[0], touched.any(0).nonzero()[0]
        found[place] = int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
    return [found[each] for each in positions]
