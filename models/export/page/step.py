"""What one node of the page computes, in the making: a `Step`, and what several kinds of steps share."""

from typing import NamedTuple

import keras

from ...filters import zeros_around


class Step(NamedTuple):
    """One node in the making.

    Attributes:
        kind: What the page computes: "conv", "transposed", "depthwise", "dense", "pool", "global",
            "rescale", "normalize", "standardize", "activation", "prelu", "copy", "gather", "pad",
            "resize", "merge", "concatenate", "scores", "mixed", "matmul", "spectrogram"; "constant" for
            values that are the same for each image; or "recorded" for what it cannot compute.
        config: Settings, as Keras names them, and what follows from them for this input's size.
        weights: {name: array or tensor}.
        part: Name of the step, where a layer takes several and this is not the last.
        shape: Of its output for one image, where it is not the layer's.
        takes: Shape in which it takes each input, where that is not the input's own.
        of: What it takes, where that is not the step before (of the first step: all inputs): places of inputs
            of the layer, and names of steps before.

    Example:
        >>> Step("copy", {}, {})
        Step(kind='copy', config={}, weights={}, part='', shape=(), takes=(), of=())
    """

    kind: str
    config: dict
    weights: dict
    part: str = ""
    shape: tuple = ()
    takes: tuple = ()
    of: tuple = ()


class Call(NamedTuple):
    """One call of a layer or operation.

    Attributes:
        operation: The layer or operation.
        shapes: Of its inputs for one image, as the page holds them: (rows, columns, channels) or (n,).
        shape: Of its output, likewise.
        args: What it was called with.
        kwargs: What it was called with by name.
        ranks: How many axes each input has in Keras, but for that of the images.
        axis: Which axis of Keras's counting holds the channels.

    Example:
        >>> Call(keras.layers.ReLU(name="relu"), [(4, 4, 1)], (4, 4, 1)).operation.name
        'relu'
    """

    operation: object
    shapes: list
    shape: tuple
    args: tuple = ()
    kwargs: dict = {}
    ranks: tuple = ()
    axis: int = -1


class Unknown(Exception):
    """What about a layer the page cannot compute: "has an activation, sparsemax" and the like.

    Example:
        >>> Unknown("has an activation, sparsemax").args[0]
        'has an activation, sparsemax'
    """


def is_tensor(value):
    """Whether something is a tensor of a model's graph.

    Args:
        value: Anything.

    Returns:
        True or False.

    Example:
        >>> is_tensor(keras.Input((2,))), is_tensor(3)
        (True, False)
    """
    return isinstance(value, keras.KerasTensor)


def tensors_of(call):
    """The tensors that a layer or operation was called with, in the order of `call.shapes`.

    Args:
        call: A `Call`.

    Returns:
        List of tensors.

    Example:
        >>> len(tensors_of(Call(keras.layers.Add(), [(2,)], (2,), ([keras.Input((2,))],))))
        1
    """
    return [each for each in keras.tree.flatten((call.args, call.kwargs)) if is_tensor(each)]


def numbers(value):
    """A tensor's or variable's values.

    Args:
        value: A tensor, variable, number or list of numbers.

    Returns:
        NumPy array.

    Example:
        >>> numbers([1, 2]).tolist()
        [1, 2]
    """
    return keras.ops.convert_to_numpy(value)


def window(kernel, strides, dilation, padding, shape):
    """Settings of a window that moves over an image, and its padding at the top and left.

    Args:
        kernel, strides, dilation: (rows, columns) each.
        padding: "same" or "valid".
        shape: Of the input, rows and columns first.

    Returns:
        Settings for a `Step`.

    Example:
        >>> window((3, 3), (1, 1), (1, 1), "same", (8, 8))["before"]
        [1, 1]
    """
    before = [
        zeros_around(size, k, s, padding, d)[0]
        for size, k, s, d in zip(shape, kernel, strides, dilation, strict=False)
    ]
    return {
        "kernel_size": list(kernel),
        "strides": list(strides),
        "dilation_rate": list(dilation),
        "padding": padding,
        "before": before,
    }


def pixel(shape, features):
    """Settings of a convolution whose window is one pixel.

    Args:
        shape: Of the input, rows and columns first.
        features: Number of feature maps.

    Returns:
        Settings for a `Step`.

    Example:
        >>> pixel((8, 8), 4)["filters"]
        4
    """
    return window((1, 1), (1, 1), (1, 1), "valid", shape) | {"filters": features, "groups": 1}


def a_channel(value, shape):
    """One number, or one for each channel, as a list.

    Args:
        value: A number or an array.
        shape: Of what it is for, channels last.

    Returns:
        List of floats.

    Raises:
        Unknown: If it is neither.

    Example:
        >>> a_channel([1, 2, 3], (4, 4, 3))
        [1.0, 2.0, 3.0]
    """
    array = numbers(value)
    if array.size != 1 and (array.size != shape[-1] or array.shape[-1] != shape[-1]):
        raise Unknown(f"has numbers of a shape, {array.shape}")
    return [float(each) for each in array.ravel()]


def rescale_step(scale, offset, shape):
    """A step that multiplies and adds.

    Args:
        scale, offset: As `a_channel` takes them.
        shape: Of the input.

    Returns:
        A `Step`.

    Example:
        >>> rescale_step(2, 1, (4,)).config
        {'scale': [2.0], 'offset': [1.0]}
    """
    return Step("rescale", {"scale": a_channel(scale, shape), "offset": a_channel(offset, shape)}, {})
