"""What a channel or neuron responds to: activation maximization, and the images that activate it most."""

from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from ..checks.arguments import array, batch_for, checked, number, shown, sizes, whole
from ..errors import ModelError
from ..gradients import output_gradients
from ..seeds import seed_generator
from .effective_fields import _place, field_boxes
from .graphs import BEFORE, find, layer_at, multi_output
from .logits import before_activation

AT_ONCE = 32  # images in one batch


@checked(
    steps=whole(most=100_000),
    learning_rate=number(above=0, most=1000),
    jitter=whole(0, 10_000),
    blur=number(least=0, most=0.25),
    decay=number(least=0, most=1),
)
def exciting_image(
    model,
    layer,
    channel,
    steps=60,
    seed=0,
    image_size=None,
    position=None,
    pixels=(0, 255),
    learning_rate=0.05,
    jitter=1,
    blur=0.05,
    decay=0.01,
):
    """Activation maximization: an image that maximizes a channel or neuron, by gradient ascent from noise.

    Gradient ascent alone produces noise. So every step translates the image by a few pixels (jitter),
    smooths it (blur) and moves it towards grey (decay), and pixels stay in their range. The value before
    the layer's activation is maximized, because the gradient of a ReLU below zero, or of a saturated
    softmax, is zero.

    Args:
        model: A Keras model of images, functional, sequential or nested.
        layer: Name of the layer, also of a nested model's.
        channel: Channel or neuron of the layer, or a list of them.
        steps: Steps of gradient ascent.
        seed: Random seed of the noise and the translations.
        image_size: (height, width), needed if the model takes images of any size.
        position: (row, column) of one pixel of the layer's output to maximize; None for the mean of all,
            in which negative values count a tenth.
        pixels: The lowest and the highest value of a pixel.
        learning_rate: Mean change of a pixel in the first step, as a share of that range, 1000 at most; it
            decays to 0.
        jitter: Largest translation in pixels.
        blur: Share of a pixel that each of its four neighbours gets, from 0 to 0.25.
        decay: Share of its distance to grey that a pixel loses in a step, from 0 to 1.

    Returns:
        Array (height, width, channels), float32, or (k, height, width, channels) for a list.

    Raises:
        ModelError: If an argument is not as described, there is no such layer, channel or pixel, or the size
            of the image is unknown.

    Reference:
        Olah et al., Feature visualization, 2017.

    Example:
        >>> from models import FilterBank
        >>> from models.inspection import exciting_image
        >>> edge = FilterBank([((-1, 1), (-1, 1))], input_shape=(2, 2, 1))
        >>> exciting_image(edge, "filters", 0, steps=20, learning_rate=0.2, jitter=0, blur=0)[..., 0]
        array([[  0., 255.],
               [  0., 255.]], dtype=float32)
    """
    path = find(model, layer)
    walked = multi_output(model, [(*path, BEFORE), path])
    until, of = keras.Model(walked.inputs, walked.outputs[:2]), layer_at(model, path)
    height, width, depth = _image_shape(until, model, image_size)
    features = until.outputs[1].shape[-1]
    channels = _channels("exciting_image", "channel", channel, layer, features)
    position = None if position is None else _place("exciting_image", position)
    low, high = _pixel_range(pixels)
    wanted = ops.reshape(ops.convert_to_tensor(channels, "int32"), (-1, 1))

    def activation(outputs):
        inputs, values = outputs
        raw = before_activation(of, inputs)
        values = values if raw is None else raw  # (k, rows, columns, features) or (k, features)
        if position is not None:
            sides = values.shape[1:-1]
            if len(position) != len(sides) or not all(
                0 <= p < s for p, s in zip(position, sides, strict=True)
            ):
                raise ModelError(f"{layer} has {tuple(sides)} pixels: there is no position {position}.")
            values = values[(slice(None), *position)]
        values = ops.reshape(values, (len(channels), -1, features))
        if values.shape[1] > 1:  # in a plain mean, positive and negative values would cancel
            values = ops.leaky_relu(values, 0.1)
        values = ops.mean(values, 1)
        return ops.take_along_axis(values, wanted, 1)

    draws = seed_generator(seed)
    grey, shape = (low + high) / 2, (len(channels), height, width, depth)

    def noise(shape, share):
        drawn = keras.random.normal(shape, seed=draws)
        return np.float32(share * (high - low)) * ops.convert_to_numpy(drawn)

    # NumPy moves and smooths small images in a fraction of the time that single operations of Keras take
    moves = ops.convert_to_numpy(keras.random.randint((steps, 2), -jitter, jitter + 1, seed=draws))
    images = np.broadcast_to(np.float32(grey) + noise((1, *shape[1:]), 0.02), shape)
    for step, move in enumerate(moves):
        shifted = ops.convert_to_tensor(np.roll(images, move, (1, 2)))
        _, gradient = output_gradients(until, shifted, activation)
        gradient = np.roll(ops.convert_to_numpy(gradient), -move, (1, 2))
        size = np.abs(gradient).mean((1, 2, 3), keepdims=True)
        rate = np.float32(learning_rate * (high - low) * (1 - step / steps))
        changed = images + rate * gradient / np.maximum(size, np.float32(1e-20))
        if (size <= 1e-20).any():  # where all earlier ReLUs are below zero; stronger noise can change that
            changed = np.where(size > 1e-20, changed, images + noise(shape, 0.05))
        images = np.float32(grey) + np.float32(1 - decay) * (_smoothed(changed, blur) - np.float32(grey))
        images = images.clip(low, high)
    return images if len(getattr(channel, "shape", ())) or isinstance(channel, (list, tuple)) else images[0]


def _smoothed(images, blur):
    """Smooth images: each pixel gives a share to its four neighbours; borders are reflected."""
    wide = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric")
    around = wide[:, :-2, 1:-1] + wide[:, 2:, 1:-1] + wide[:, 1:-1, :-2] + wide[:, 1:-1, 2:]
    return np.float32(1 - 4 * blur) * images + np.float32(blur) * around


def _image_shape(until, model, image_size):
    """(height, width, channels) of the image, all known."""
    taken = tuple(until.inputs[0].shape[1:])
    if len(taken) != 3:
        raise ModelError(f"{model.name} takes no images (height, width, channels), but {taken}.")
    side = taken[:2] if image_size is None else sizes(2)("exciting_image", "image_size", image_size)
    if None in side:
        raise ModelError(f"{model.name} takes images of any size; give their size as image_size.")
    if any(want not in (None, have) for want, have in zip(taken, side, strict=False)):
        raise ModelError(f"{model.name} takes images of {taken[:2]}, not of image_size {side}.")
    return (*side, taken[2])


def _channels(owner, name, given, layer, features):
    """Channels of a layer as a list of ints."""
    found = array(owner, name, given)
    if found.dtype.kind not in "iu":
        raise ModelError(f"{owner} needs {name} as whole numbers, not {shown(given)}.")
    found = found.ravel().tolist()
    if not all(0 <= each < features for each in found):
        raise ModelError(f"{layer} has {features} channels, from 0 on: no {name} {shown(given)}.")
    return found


def _pixel_range(pixels):
    """The lowest and the highest value of a pixel."""
    found = array("exciting_image", "pixels", pixels).ravel()
    if len(found) != 2 or not found[0] < found[1]:
        raise ModelError(
            f"exciting_image needs pixels as the lowest and the highest value, not {shown(pixels)}."
        )
    return found.tolist()


class Excitement(NamedTuple):
    """The images that activate some channels of a layer most, and where in them.

    Attributes:
        indices: Int (k, count): indices of the images, for each channel the highest activation first.
        activations: Float (k, count): the highest value of the channel's feature map, or the neuron's value.
        positions: Int (k, count, 2): (row, column) of that pixel; (k, count, 0) if there is no map.
        boxes: Int (k, count, 4): its receptive field in the image, (top, left, bottom, right).

    Example:
        >>> Excitement([[3]], [[0.5]], [[(1, 2)]], [[(1, 2, 4, 5)]]).indices
        [[3]]
    """

    indices: object
    activations: object
    positions: object
    boxes: object


@checked(count=whole())
def most_exciting(model, images, layer, channels, count=9):
    """The images that activate chosen channels of a layer most, and where in them.

    Args:
        model: A Keras model of images, functional, sequential or nested.
        images: Array (n, height, width, channels) in the model's range.
        layer: Name of the layer, also of a nested model's.
        channels: List of channels or neurons of the layer.
        count: Largest number of images for each channel, 1 or more.

    Returns:
        An `Excitement`.

    Raises:
        ModelError: If the images are not what the model takes, there is no such layer or channel, or count
            is not positive.

    Example:
        >>> import numpy as np
        >>> from models import FilterBank
        >>> from models.inspection import most_exciting
        >>> edge = FilterBank([((-1, 1), (-1, 1))], input_shape=(3, 4, 1))
        >>> images = np.zeros((2, 3, 4, 1))
        >>> images[1, :, 2:] = 9  # white begins at column 2
        >>> found = most_exciting(edge, images, "filters", [0], count=1)
        >>> found.indices.tolist(), found.positions.tolist(), found.boxes.tolist()
        ([[1]], [[[0, 1]]], [[[0, 1, 2, 3]]])
    """
    images = batch_for("most_exciting", model, images)
    walked = multi_output(model, [path := find(model, layer)])
    until = keras.Model(walked.inputs, walked.outputs[:1])
    features = until.outputs[0].shape[-1]
    channels = _channels("most_exciting", "channels", channels, layer, features)
    highest, places = [], []
    for first in range(0, len(images), AT_ONCE):
        values = until(ops.cast(images[first : first + AT_ONCE], "float32"), training=False)
        values = values[0] if isinstance(values, (list, tuple)) else values
        sides = values.shape[1:-1]
        values = ops.take(values, channels, axis=-1)
        values = ops.reshape(values, (values.shape[0], -1, len(channels)))
        highest.append(ops.max(values, 1))
        places.append(ops.argmax(values, 1))
    highest, places = (ops.transpose(ops.concatenate(each)) for each in (highest, places))  # (k, n)
    activations, indices = ops.top_k(highest, min(count, len(images)))
    places = ops.convert_to_numpy(ops.take_along_axis(places, ops.cast(indices, "int32"), 1))
    if len(sides) == 2:
        found = [[divmod(int(place), sides[1]) for place in line] for line in places]
    else:
        found = [[() for _ in line] for line in places]
    flat = [place for line in found for place in line]
    boxes = field_boxes(model, "/".join(path), images.shape[1:3], flat)
    return Excitement(
        *(ops.convert_to_numpy(each) for each in (indices, activations)),
        np.reshape(np.array(flat, "int32"), (*places.shape, len(sides))),
        np.reshape(np.array(boxes, "int32"), (*places.shape, 4)),
    )
