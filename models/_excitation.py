"""What excites a filter or neuron: images made for it, and the images of a set that do it most."""

from typing import NamedTuple

import keras
from keras import ops

from models._effective_fields import field_boxes
from models._errors import ModelError
from models._gradients import slopes
from models._graphs import BEFORE, before_activation, find, layer_at, opened

AT_ONCE = 32  # images that are looked at together


def exciting_image(
    model,
    layer,
    channel,
    steps=60,
    seed=0,
    image_size=None,
    position=None,
    pixels=(0, 255),
    step_size=0.05,
    jitter=1,
    blur=0.05,
    decay=0.01,
):
    """An image made to excite a filter or neuron, by gradient ascent from grey noise.

    Pure ascent ends in noise that no eye can read. So every step the image is moved a little
    (jitter), smoothed a little (blur) and drawn a little towards grey (decay), and it never leaves
    the range of pixels. What is raised is the value before the layer's own activation: the slope of a
    ReLU that is off, or of a softmax that is sure, is 0.

    Args:
        model: A Keras model of images, functional, sequential or nested.
        layer: Name of the layer, also of a nested model's.
        channel: Feature or neuron of the layer, or a list of them.
        steps: Steps of the ascent.
        seed: Draws the noise and the moves.
        image_size: (height, width), needed where the model takes any.
        position: (row, column) of one pixel of the layer's output to excite; None for the mean of all,
            in which values below zero count a tenth.
        pixels: The lowest and the highest value of a pixel.
        step_size: Mean change of a pixel in the first step, as a share of that range; it falls to 0.
        jitter: Pixels by which the image moves at most.
        blur: Share of a pixel that each of its four neighbours gets.
        decay: Share of its distance to grey that a pixel loses.

    Returns:
        Array (height, width, channels), float32, or (k, height, width, channels) for a list.

    Raises:
        ModelError: If there is no such layer, channel or pixel, or the size of the image is unknown.

    Reference:
        Olah et al., Feature visualization, 2017.
    """
    path = find(model, layer)
    walked = opened(model, [(*path, BEFORE), path])
    until, of = keras.Model(walked.inputs, walked.outputs[:2]), layer_at(model, path)
    height, width, depth = until.inputs[0].shape[1:]
    height, width = (height, width) if image_size is None else image_size
    if None in (height, width):
        raise ModelError(f"{model.name} takes images of any size: say which with image_size.")
    channels = [int(each) for each in ops.convert_to_numpy(channel).ravel()]
    features = until.outputs[1].shape[-1]
    if not all(0 <= each < features for each in channels):
        raise ModelError(f"{layer} has {features} channels, from 0 on: no channel {channel}.")
    wanted = ops.reshape(ops.convert_to_tensor(channels, "int32"), (-1, 1))

    def excitement(outputs):
        inputs, values = outputs
        raw = before_activation(of, inputs)  # the slope of a ReLU that is off is 0
        values = values if raw is None else raw  # (k, rows, columns, features) or (k, features)
        if position is not None:
            sides = values.shape[1:-1]
            if len(position) != len(sides) or not all(
                0 <= p < s for p, s in zip(position, sides, strict=True)
            ):
                raise ModelError(f"{layer} has {sides} pixels: none at {tuple(position)}.")
            values = values[(slice(None), *position)]
        values = ops.reshape(values, (len(channels), -1, features))
        if values.shape[1] > 1:  # else what one place gains another loses, and the mean is only brightness
            values = ops.leaky_relu(values, 0.1)
        values = ops.mean(values, 1)
        return ops.take_along_axis(values, wanted, 1)

    draws, (low, high) = keras.random.SeedGenerator(seed), pixels
    grey, shape = (low + high) / 2, (len(channels), height, width, depth)
    moves = ops.convert_to_numpy(keras.random.randint((steps, 2), -jitter, jitter + 1, seed=draws))
    noise = keras.random.normal((1, *shape[1:]), seed=draws)
    images = ops.broadcast_to(grey + 0.02 * (high - low) * noise, shape)
    for step, move in enumerate(moves):
        shifted = ops.roll(images, [int(m) for m in move], (1, 2))
        _, slope = slopes(until, shifted, excitement)
        slope = ops.roll(slope, [-int(m) for m in move], (1, 2))
        size = ops.mean(ops.abs(slope), (1, 2, 3), keepdims=True)
        # Where nothing happens, an earlier ReLU is off: stronger noise may switch it on
        louder = images + 0.05 * (high - low) * keras.random.normal(shape, seed=draws)
        change = step_size * (high - low) * (1 - step / steps) * slope / ops.maximum(size, 1e-20)
        images = ops.where(size > 1e-20, images + change, louder)
        images = grey + (1 - decay) * (_smoothed(images, blur) - grey)
        images = ops.clip(images, low, high)
    images = ops.convert_to_numpy(images)
    return images if len(getattr(channel, "shape", ())) or isinstance(channel, (list, tuple)) else images[0]


def _smoothed(images, blur):
    """Images whose pixels each give a share to their four neighbours; borders reflect."""
    wide = ops.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric")
    around = wide[:, :-2, 1:-1] + wide[:, 2:, 1:-1] + wide[:, 1:-1, :-2] + wide[:, 1:-1, 2:]
    return (1 - 4 * blur) * images + blur * around


class Excitement(NamedTuple):
    """Which images excite some channels of a layer most, and where.

    Attributes:
        indices: Of the images, int (k, count), for each channel the most exciting first.
        activations: Float (k, count): the highest of the channel's map, or the neuron's value.
        positions: Int (k, count, 2): (row, column) of that pixel; (k, count, 0) without a map.
        boxes: Int (k, count, 4): its receptive field in the image, (top, left, bottom, right).
    """

    indices: object
    activations: object
    positions: object
    boxes: object


def most_exciting(model, images, layer, channels, count=9):
    """The images that excite chosen channels of a layer most, and where in them.

    Args:
        model: A Keras model of images, functional, sequential or nested.
        images: Array (n, height, width, channels) in the model's range.
        layer: Name of the layer, also of a nested model's.
        channels: Features or neurons of the layer.
        count: Images for each, as many as there are at most.

    Returns:
        An `Excitement`.

    Raises:
        ModelError: If there is no such layer or channel, or count is not positive.
    """
    walked = opened(model, [path := find(model, layer)])
    until = keras.Model(walked.inputs, walked.outputs[:1])
    features = until.outputs[0].shape[-1]
    channels = [int(each) for each in ops.convert_to_numpy(channels).ravel()]
    if not channels or not all(0 <= each < features for each in channels):
        raise ModelError(f"{layer} has {features} channels, from 0 on: no channels {channels}.")
    if count < 1:
        raise ModelError(f"The number of images must be 1 or more, not {count}.")
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
        ops.convert_to_numpy(ops.reshape(ops.convert_to_tensor(flat, "int32"), (*places.shape, len(sides)))),
        ops.convert_to_numpy(ops.reshape(ops.convert_to_tensor(boxes, "int32"), (*places.shape, 4))),
    )
