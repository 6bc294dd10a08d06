"""Which input pixels a layer's outputs depend on, and how much: by gradients."""

import bisect
import math
from itertools import accumulate

import keras
from keras import layers

from models._errors import ModelError
from models._gradients import slopes
from models._graphs import all_paths, find, is_graph, is_map, layer_at, opened

AT_ONCE = 16  # images whose activations are held together, where a gradient needs all of them


def input_gradient(model, images, layer, position=None, channel=None):
    """The gradient of one output pixel of a layer with respect to the input pixels.

    Args:
        model: A Keras model of images.
        images: Array (n, height, width, channels) in the model's range.
        layer: Name of the layer, also of a nested model's.
        position: (row, column) of the pixel in the layer's output; None where the output has
            no rows and columns.
        channel: Feature to take, one for all images or an array (n,) of one for each; None for
            the sum of all features.

    Returns:
        Array of the images' shape, float32: for each image, by how much the output changes
        with each of its pixels.

    Raises:
        ModelError: If there is no such layer, pixel or channel.
    """
    until = _until(model, find(model, layer))
    place = tuple(position or ())
    channels = [] if channel is None else keras.ops.convert_to_numpy(channel).ravel()

    def chosen(outputs):
        shape = outputs[0].shape[1:]
        fits = len(place) == len(shape) - 1 and all(
            0 <= p < side for p, side in zip(place, shape, strict=False)
        )
        if not fits or not all(0 <= each < shape[-1] for each in channels):
            raise ModelError(f"{layer} has the shape {shape}: no position {position} with channel {channel}.")
        values = outputs[0][(slice(None), *place)]  # (n, features)
        if channel is None:
            return values
        each = keras.ops.broadcast_to(channels.astype("int32"), values.shape[:1])
        return keras.ops.take_along_axis(values, each[:, None], 1)

    return keras.ops.convert_to_numpy(slopes(until, images, chosen)[1])


def _until(model, path):
    """The network from the image to a layer."""
    walked = opened(model, [path])
    return keras.Model(walked.inputs, walked.outputs[:1])


def linear_probe(model):
    """A copy of a model in which every pixel that an output depends on shows in its gradient.

    A ReLU that is off or a maximum that another pixel won hides pixels, and weights may cancel
    each other. So activations become linear, maxima averages, and sums means.

    Args:
        model: A Keras model.

    Returns:
        An uncompiled model with the same layers' names, shapes and windows.
    """

    def probe(layer):
        config = layer.get_config()
        if isinstance(layer, layers.MaxPooling2D):
            return layers.AveragePooling2D.from_config(config)
        if isinstance(layer, layers.GlobalMaxPooling2D):
            return layers.GlobalAveragePooling2D.from_config(config)
        if isinstance(layer, (layers.ReLU, layers.LeakyReLU, layers.ELU, layers.PReLU, layers.Softmax)):
            return layers.Identity(name=layer.name)
        if "activation" in config:
            config["activation"] = "linear"
        return type(layer).from_config(config)

    copy = keras.models.clone_model(model, clone_function=probe, recursive=True)
    for layer in (layer_at(copy, path) for path in all_paths(copy)):
        alone = isinstance(layer, layers.DepthwiseConv2D)  # does not sum over channels
        for variable in () if is_graph(layer) else layer.weights:
            if "kernel" in variable.name:
                alone_too = alone or "depthwise" in variable.name
                terms = math.prod(variable.shape[:2] if alone_too else variable.shape[:-1])
                variable.assign(keras.ops.full(variable.shape, 1 / terms))
    return copy


def effective_field(model, images, layer, position=None, seed=0):
    """How much each input pixel matters for one output pixel: the effective receptive field.

    Most pixels of a receptive field hardly matter. This is the mean size of the gradient over
    images, of one feature for each image, drawn by chance so that features cannot cancel out.

    Args:
        model: A Keras model of images.
        images: Array (n, height, width, channels) in the model's range.
        layer: Name of a layer whose output has rows and columns.
        position: (row, column) of the pixel in the layer's output; None for the middle one.
        seed: Draws the features.

    Returns:
        Array (height, width) of shares, which sum to 1.

    Raises:
        ModelError: If there is no such layer or pixel, or all gradients are 0.

    Reference:
        Luo et al., Understanding the effective receptive field in deep convolutional neural
        networks, 2016.
    """
    path = find(model, layer)
    if not is_map(layer_at(model, path).output):
        raise ModelError(f"The output of {layer} has no rows and columns.")
    *sides, features = _until(model, path).compute_output_shape([1, *images.shape[1:]])[0][1:]
    position = tuple(side // 2 for side in sides) if position is None else position
    drawn = keras.random.randint((len(images),), 0, features, seed=keras.random.SeedGenerator(seed))
    mass = abs(input_gradient(model, images, layer, position, drawn)).mean(0).sum(-1)
    if not mass.sum() > 0:
        raise ModelError(f"{layer} at {position} depends on no pixel of these {len(images)} images.")
    return mass / mass.sum()


def pixels_holding(mass, share=0.9):
    """How many pixels hold a share of the mass, the heaviest first.

    Args:
        mass: Array (height, width), not negative.
        share: Share of its sum, above 0 and at most 1.

    Returns:
        Number of pixels, an int.
    """
    sums = list(accumulate(sorted(mass.ravel().tolist(), reverse=True)))
    return bisect.bisect_left(sums, share * sums[-1]) + 1


def field_boxes(model, layer, image_size, positions):
    """The box of input pixels that each of some output pixels can depend on, through any nesting.

    Found with a `linear_probe`, so that no ReLU that happens to be off hides a pixel.

    Args:
        model: A Keras model of images.
        layer: Name of the layer.
        image_size: (height, width) of the images.
        positions: (row, column) of each pixel; where the layer's output has no rows and columns, ().

    Returns:
        List of (top, left, bottom, right) in pixels, the last two exclusive.

    Raises:
        ModelError: If there is no such layer or pixel, or it depends on no pixel of the image.
    """
    probe, found = linear_probe(model), {}
    until = _until(probe, find(probe, layer))
    shape = (1, *image_size, model.inputs[0].shape[-1])
    image = keras.random.uniform(shape, seed=0)  # even ones have no gradient behind some normalizations
    for place in dict.fromkeys(tuple(int(p) for p in each) for each in positions):

        def chosen(outputs, place=place):
            sides = outputs[0].shape[1:-1]
            if len(place) != len(sides) or not all(0 <= p < s for p, s in zip(place, sides, strict=True)):
                raise ModelError(f"{layer} has {sides} pixels: none at {place}.")
            return outputs[0][(slice(None), *place)]

        touched = keras.ops.convert_to_numpy(slopes(until, image, chosen)[1] != 0).any((0, 3))
        if not touched.any():
            raise ModelError(f"{layer} at {place} depends on no pixel of the image.")
        rows, columns = touched.any(1).nonzero()[0], touched.any(0).nonzero()[0]
        found[place] = int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
    return [found[tuple(int(p) for p in each)] for each in positions]
