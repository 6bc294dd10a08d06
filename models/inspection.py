"""Look into a trained model: what its outputs depend on. Needs TensorFlow's gradients."""

import bisect
from itertools import accumulate

import keras
import tensorflow as tf
from keras import layers

from models._errors import ModelError


def input_gradient(model, images, layer, position=None, channel=None):
    """The gradient of one output pixel of a layer with respect to the input pixels.

    Args:
        model: A Keras model of images.
        images: Array (n, height, width, channels) in the model's range.
        layer: Name of the layer.
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
    shape = _output_shape(model, layer)[1:]
    until = keras.Model(model.inputs[0], model.get_layer(layer).output)
    place = tuple(position or ())
    fits = len(place) == len(shape) - 1 and all(0 <= p < side for p, side in zip(place, shape, strict=False))
    channels = [] if channel is None else keras.ops.convert_to_numpy(channel).ravel()
    if not fits or not all(0 <= each < shape[-1] for each in channels):
        raise ModelError(f"{layer} has the shape {shape}: no position {position} with channel {channel}.")
    images = tf.convert_to_tensor(images, "float32")
    with tf.GradientTape() as tape:
        tape.watch(images)
        values = until(images, training=False)[(slice(None), *place)]  # (n, features)
        if channel is not None:
            values = tf.gather(values, tf.broadcast_to(channel, values.shape[:1]), axis=1, batch_dims=1)
    return tape.gradient(values, images, unconnected_gradients="zero").numpy()


def linear_probe(model):
    """A copy of a model in which every pixel that an output depends on shows in its gradient.

    A ReLU that is off or a maximum that another pixel won hides pixels, and weights may cancel
    each other. So activations become linear, maxima averages, and all weights 1.

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

    copy = keras.models.clone_model(model, clone_function=probe)
    for variable in copy.trainable_variables:
        variable.assign(keras.ops.ones(variable.shape))
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
    _, *sides, features = _output_shape(model, layer)
    if len(sides) != 2:
        raise ModelError(f"The output of {layer} has no rows and columns.")
    position = tuple(side // 2 for side in sides) if position is None else position
    drawn = keras.random.randint((len(images),), 0, features, seed=keras.random.SeedGenerator(seed))
    mass = abs(input_gradient(model, images, layer, position, drawn)).mean(0).sum(-1)
    if not mass.sum() > 0:
        raise ModelError(f"{layer} at {position} depends on no pixel of these {len(images)} images.")
    return mass / mass.sum()


def _output_shape(model, layer):
    known = {each.name: each for each in model.layers}
    if layer not in known:
        raise ModelError(f"{model.name} has no layer {layer!r}; it has {', '.join(known)}.")
    return known[layer].output.shape


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
