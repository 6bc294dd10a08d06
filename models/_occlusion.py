"""What a classifier loses when parts of an image are hidden from it."""

import keras
from keras import ops

from models._answers import Answers, of_classes, wanted_classes
from models._errors import ModelError

AT_ONCE = 256  # windows that are hidden together


def occlusion(model, images, class_index, window=None, stride=None, fill=None):
    """Occlusion map: by how much a class's probability falls when a window of the image is hidden.

    No gradient is needed, so that it also tells of what a gradient misses. Windows cover the whole
    image and overlap; a pixel gets the mean over the windows that hide it.

    Args:
        model: A Keras model of images, functional, sequential or nested, with one output.
        images: Array (n, height, width, channels) in the model's range.
        class_index: Class to look for, one for all images or an array (n,) of one for each. Where
            the model ends in one neuron, class 1 is what raises it, and class 0 what lowers it.
        window: Side of the square in pixels; None for about a sixth of the image's shorter side.
        stride: Pixels from one window to the next, at most `window`; None for half of it.
        fill: What hidden pixels become: a number, or one for each channel; None for the mean colour
            of each image.

    Returns:
        Array (n, height, width), float32, in [-1, 1]: above 0 where hiding lowers the probability.
        A model that ends in logits is taken to mean a softmax of them, or a sigmoid of one.

    Raises:
        ModelError: If there is no such class, or the window or stride is impossible.

    Reference:
        Zeiler and Fergus, Visualizing and understanding convolutional networks, 2014.
    """
    wanted = wanted_classes(model, images, class_index)
    height, width = images.shape[1:3]
    window = max(1, round(min(height, width) / 6)) if window is None else window
    stride = max(1, window // 2) if stride is None else stride
    if not 1 <= window <= min(height, width):
        raise ModelError(f"A window of {window} pixels does not fit into {height} x {width}.")
    if not 1 <= stride <= window:
        raise ModelError(f"A stride from 1 to the window's {window} pixels is needed, not {stride}.")
    hidden = _windows(height, width, window, stride)  # (windows, height, width), 1 where hidden
    answers = Answers(model)
    seen = of_classes(answers(images), wanted)
    maps = []
    for image, index, before in zip(images, wanted, seen, strict=True):
        colour = _fills(image[None], fill)
        falls = []
        for first in range(0, len(hidden), AT_ONCE):
            some = ops.expand_dims(hidden[first : first + AT_ONCE], -1)
            batch = some * colour + (1 - some) * ops.cast(image, "float32")
            falls.append(before - answers(batch)[:, int(index)])
        falls = ops.reshape(ops.concatenate(falls), (-1, 1, 1))
        maps.append(ops.sum(falls * hidden, 0) / ops.sum(hidden, 0))
    return ops.convert_to_numpy(ops.stack(maps))


def deletion(model, images, class_index, heat, share=0.1, fill=None):
    """The probability that is left to a class when the hottest pixels of a map are hidden.

    A map that shows what the answer rests on leaves little. This compares maps of different makes.

    Args:
        model, images, class_index, fill: As in `occlusion`.
        heat: Array (n, rows, columns), of any size: the higher, the sooner a pixel is hidden.
        share: Share of the image's pixels to hide, from 0 to 1.

    Returns:
        Array (n,), float32: probabilities.

    Raises:
        ModelError: If there is no such class, the share is none, or there is not one map an image.

    Reference:
        Petsiuk et al., RISE: randomized input sampling for explanation of black-box models, 2018.
    """
    wanted = wanted_classes(model, images, class_index)
    if not 0 <= share <= 1:
        raise ModelError(f"The share of pixels to hide is from 0 to 1, not {share}.")
    if len(heat.shape) != 3 or len(heat) != len(images):
        raise ModelError(f"Maps (n, rows, columns) are needed for {len(images)} images, not {heat.shape}.")
    height, width = images.shape[1:3]
    heat = ops.expand_dims(ops.cast(heat, "float32"), -1)
    heat = ops.reshape(ops.image.resize(heat, (height, width)), (len(images), -1))
    ranks = ops.argsort(ops.argsort(-heat))
    hidden = ops.reshape(ops.cast(ranks < round(share * height * width), "float32"), (-1, height, width, 1))
    batch = hidden * _fills(images, fill) + (1 - hidden) * ops.cast(images, "float32")
    return ops.convert_to_numpy(of_classes(Answers(model)(batch), wanted))


def _windows(height, width, window, stride):
    boxes = [
        (top, left) for top in _starts(height, window, stride) for left in _starts(width, window, stride)
    ]
    tops, lefts = (ops.reshape(ops.convert_to_tensor(each), (-1, 1)) for each in zip(*boxes, strict=True))
    rows, columns = ops.arange(height, dtype="int32"), ops.arange(width, dtype="int32")
    rows = ops.cast((rows >= tops) & (rows < tops + window), "float32")
    columns = ops.cast((columns >= lefts) & (columns < lefts + window), "float32")
    return ops.expand_dims(rows, 2) * ops.expand_dims(columns, 1)


def _starts(side, window, stride):
    """Where windows begin; the last one ends where the image does."""
    return list(dict.fromkeys([*range(0, side - window, stride), side - window]))


def _fills(images, fill):
    """What hidden pixels become, (n or 1, 1, 1, channels or 1)."""
    images = ops.cast(images, "float32")
    if fill is None:
        return ops.mean(images, (1, 2), keepdims=True)
    return ops.reshape(ops.cast(keras.ops.convert_to_tensor(fill), "float32"), (1, 1, 1, -1))
