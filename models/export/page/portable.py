"""A Keras model as plain data: what a program that has no Keras needs to run it.

`portable` goes through the graph of a model of images, nested models included, and writes down one node
for each step of the computation: what it computes, from which nodes' outputs, and with which weights.
The modules in `engine/` read this and run it in a browser.
"""

import base64
import hashlib
import zlib
from typing import NamedTuple

import keras
from keras import layers

from ...checks.arguments import shown, whole
from ...errors import ModelError
from ...filters import zeros_around
from ...inspection.graphs import is_graph
from .supported import ACTIVATION_OPERATIONS, ACTIVATIONS, ONLY_SHAPE, ONLY_TRAINING


class Step(NamedTuple):
    """One node in the making.

    Attributes:
        kind: What the page computes: "conv", "depthwise", "dense", "pool", "global", "rescale",
            "normalize", "activation", "prelu", "copy", "flip", "pad", "resize", "merge", "concatenate".
        config: Settings, as Keras names them, and what follows from them for this input's size.
        weights: {name: array or tensor}.
        part: Name of the step, where a layer takes several and this is not the last.
        shape: Of its output for one image, where it is not the layer's.

    Example:
        >>> Step("copy", {}, {})
        Step(kind='copy', config={}, weights={}, part='', shape=())
    """

    kind: str
    config: dict
    weights: dict
    part: str = ""
    shape: tuple = ()


class _Unknown(Exception):
    """What about a layer the page does not support: "has an activation, sparsemax," and the like."""


def portable(model, image_size=None):
    """Write a model of images down as plain data, weights included.

    Layers of nested models come as nodes of the one list. A layer that is called twice makes two
    nodes. So do a separable convolution, and a resizing that crops or pads.

    Args:
        model: A built functional or sequential model with one image as input, (height, width, 1
            or 3), and one output of one number for each class.
        image_size: Height and width of the images, a number or a pair, where the model leaves
            them open; None for the model's, or for the size that its first layer resizes to.

    Returns:
        A dict that `json.dumps` takes: "name", and "nodes", a list in an order in which each node
        comes after those it needs. Each has "id" (its place in the list), "name", "path" (names
        from the outermost model's layer inwards), "type" (Keras's class), "kind" (see `Step`),
        "inputs" (ids), "shape" (of its output for one image), "config", and "weights": {name:
        {"shape", "type" ("float32", or "float16" where that holds the same numbers), "start"}}.
        "weights" are the bytes of all of them, compressed (zlib), in base64; each weight's begin
        at "start".

    Raises:
        ModelError: If it is no such model, or has a layer that the page does not support.

    Example:
        >>> from models import LeNet5
        >>> plain = portable(LeNet5())
        >>> [node["kind"] for node in plain["nodes"]][:4]
        ['input', 'rescale', 'conv', 'pool']
        >>> plain["nodes"][2]["weights"]["kernel"]["shape"]
        [5, 5, 1, 6]
    """
    image = _image_shape(model, image_size)
    walk = _Walk()
    images = keras.Input(image, name="images")
    name = model.inputs[0].name
    walk.add("InputLayer", name, (name,), [], image, Step("input", {}, {}), images)
    try:
        walk.through(model, images, ())
    except ValueError as error:
        if isinstance(error, ModelError) or model.inputs[0].shape[1:] == image:
            raise
        raise ModelError(f"{model.name} cannot work on {image[0]} x {image[1]} pixels; use more.") from error
    return {
        "name": model.name,
        "nodes": walk.nodes,
        "weights": base64.b64encode(zlib.compress(bytes(walk.bytes), 9)).decode("ascii"),
    }


def _image_shape(model, image_size):
    """(height, width, channels) of the images, all known."""
    if not is_graph(model) or len(model.inputs) != 1 or len(model.outputs) != 1:
        name = model.name if isinstance(model, keras.Model) else shown(model)
        raise ModelError(
            f"{name} is no built functional or sequential model with one input and one output, so that no "
            "page can show it; give one that takes an image and names its class."
        )
    shape = tuple(model.inputs[0].shape[1:])
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise ModelError(
            f"{model.name} takes {shape}, and no image (height, width, 1 or 3 channels); the page can only "
            "show models of images."
        )
    answer = tuple(model.outputs[0].shape[1:])
    if len(answer) != 1 or not answer[0]:
        raise ModelError(
            f"{model.name} has an output of shape {answer}, not one number per class; the page can only show "
            "models that name a class."
        )
    pair = isinstance(image_size, (list, tuple)) and len(image_size) == 2
    wanted = tuple(image_size) if pair else (image_size, image_size)
    if image_size is not None:
        for side in wanted:
            whole()("portable", "image_size", side)
    if image_size is None:
        first = [each for each in model.layers if isinstance(each, layers.Resizing)]
        first = [each for each in first if each.input is model.inputs[0]]
        wanted = (first[0].height, first[0].width) if first else shape[:2]
    if any(have not in (None, want) for have, want in zip(shape, wanted, strict=False)):
        if image_size is not None:
            raise ModelError(
                f"{model.name} takes images of {shape[:2]}, not of image_size {shown(image_size)}."
            )
        wanted = shape[:2]
    if not all(isinstance(side, int) and side > 0 for side in wanted):
        raise ModelError(
            f"{model.name} takes images of any size; say with image_size which one the page is for, "
            f"a whole number, not {shown(image_size)}."
        )
    return (*wanted, shape[2])


class _Walk:
    """The nodes that were found so far in the graph of a model.

    Attributes:
        nodes: As `portable` returns them.
        bytes: All weights, one after the other.
    """

    def __init__(self):
        self.nodes, self.bytes = [], bytearray()
        self._makers, self._kept, self._stored = {}, [], {}

    def through(self, model, images, path):
        """Go through one model, whose input is the tensor `images`; returns the last node's id."""

        def call(operation, *args, **kwargs):
            tensors = [each for each in keras.tree.flatten((args, kwargs)) if _is_tensor(each)]
            result = operation(*args, **kwargs)
            here = (*path, operation.name)
            if is_graph(operation):
                self._inside(operation, tensors, result, here)
            else:
                self._step(operation, tensors, args, result, here)
            return result

        graph = keras.Model(model.inputs[0], model.outputs[0])
        walked = keras.models.clone_model(graph, images, clone_function=lambda each: each, call_function=call)
        return self._makers[id(walked.outputs[0])]

    def _inside(self, model, tensors, result, path):
        if len(tensors) != 1 or len(model.outputs) != 1:
            raise ModelError(
                f"{'/'.join(path)} is a nested model with several inputs or outputs, which the page does not "
                "support; build its layers into the outer model."
            )
        images = keras.Input(tensors[0].shape[1:])
        self._remember(images, self._makers[id(tensors[0])])
        self._remember(result, self.through(model, images, path))

    def _remember(self, tensor, node):
        self._makers[id(tensor)] = node
        self._kept.append(tensor)  # so that no other tensor gets its id

    def _step(self, operation, tensors, args, result, path):
        kind = type(operation).__name__
        try:
            if not _is_tensor(result) or None in result.shape[1:]:
                raise _Unknown("has several outputs, or one of a size,")
            if len(result.shape) not in (2, 4):
                raise _Unknown(f"has an output of a shape, {tuple(result.shape[1:])},")
            if getattr(operation, "data_format", "channels_last") != "channels_last":
                raise _Unknown("has a data format, channels first,")
            shapes = [tuple(tensor.shape[1:]) for tensor in tensors]
            steps = _steps(operation, shapes, tuple(result.shape[1:]), args)
        except _Unknown as reason:
            raise ModelError(
                f"{'/'.join(path)} ({kind}) {reason} that the page does not support; leave out the "
                "page, or replace it by one of those that models/export/page/portable.py lists."
            ) from None
        inputs = [self._makers[id(tensor)] for tensor in tensors]
        for step in steps:
            whole = not step.part
            name = operation.name if whole else f"{operation.name} ({step.part})"
            place = path if whole else (*path, step.part)
            shape = step.shape or tuple(result.shape[1:])
            inputs = [self.add(kind, name, place, inputs, shape, step, result if whole else None)]

    def add(self, kind, name, path, inputs, shape, step, tensor):
        """Add a node, whose output is `tensor`; returns its id."""
        node = {
            "id": len(self.nodes),
            "name": name,
            "path": list(path),
            "type": kind,
            "kind": step.kind,
            "inputs": inputs,
            "shape": list(shape),
            "config": step.config,
            "weights": {key: self._store(value) for key, value in step.weights.items() if value is not None},
        }
        self.nodes.append(node)
        if tensor is not None:
            self._remember(tensor, node["id"])
        return node["id"]

    def _store(self, weight):
        """Append a weight's numbers to the bytes; returns where and in which type they are there.

        The same numbers are there once: a backbone may be called for several image sizes.
        """
        array = _numbers(weight).astype("<f4")
        kind = "float32"
        if array.size and abs(array).max() < 65504:  # the largest number of 16 bits
            half = array.astype("<f2")
            if (half.astype("<f4") == array).all():
                array, kind = half, "float16"
        content = array.tobytes()
        start = self._stored.setdefault(hashlib.sha256(content).digest(), len(self.bytes))
        if start == len(self.bytes):
            self.bytes += content
        return {"shape": list(array.shape), "type": kind, "start": start}


def _is_tensor(value):
    return isinstance(value, keras.KerasTensor)


def _numbers(value):
    return keras.ops.convert_to_numpy(value)


def _steps(operation, shapes, shape, args):
    """What the page has to do for one call of a layer or an operation.

    Args:
        operation: The layer or operation.
        shapes: Of its inputs, for one image.
        shape: Of its output.
        args: What it was called with.

    Returns:
        List of `Step`s, each of which takes the one before it.

    Raises:
        _Unknown: If the page cannot do that.
    """
    name = type(operation).__name__
    if type(operation) is getattr(layers, name, None):
        if name in ONLY_TRAINING or name in ONLY_SHAPE:
            return [Step("copy", {}, {})]
        if name in _LAYERS:
            return _LAYERS[name](operation, shapes, shape)
    elif not isinstance(operation, layers.Layer):
        if name in _OPERATIONS:
            return _OPERATIONS[name](operation, shapes, shape, args)
        activation = ACTIVATION_OPERATIONS.get(name.lower())
        if activation:
            return [_activation_step(activation, operation, shapes[0])]
    raise _Unknown("is of a type")


def _window(kernel, strides, dilation, padding, shape):
    """Settings of a window that moves over an image, and its padding at the top and left."""
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


def _pixel(shape, features):
    """Settings of a convolution whose window is one pixel."""
    return _window((1, 1), (1, 1), (1, 1), "valid", shape) | {"filters": features, "groups": 1}


def _activation(function):
    """{"activation": name, "options": its numbers} of an activation function or layer."""
    name = getattr(function, "__name__", type(function).__name__)
    if isinstance(function, layers.Layer):
        step = _LAYERS.get(name, lambda *_: [Step("", {}, {})])(function, [(1, 1, 1)], (1, 1, 1))[0]
        if step.kind == "activation":
            return step.config
    elif name in ACTIVATIONS and function is getattr(keras.activations, name):
        return {"activation": name, "options": dict(ACTIVATIONS[name])}
    raise _Unknown(f"has an activation, {name},")


def _activation_step(name, settings, shape):
    """An activation with its numbers, which are attributes of a layer or operation of Keras."""
    axis = getattr(settings, "axis", -1)
    if axis not in (-1, len(shape)):
        raise _Unknown(f"works along an axis, {axis},")
    options = {
        option: default if getattr(settings, option, None) is None else _plain(getattr(settings, option))
        for option, default in ACTIVATIONS[name].items()
    }
    return Step("activation", {"activation": name, "options": options}, {})


def _plain(value):
    return value if isinstance(value, bool) else float(value)


def _conv2d(layer, shapes, shape):
    window = _window(layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding, shapes[0])
    config = window | {"filters": layer.filters, "groups": layer.groups} | _activation(layer.activation)
    return [Step("conv", config, {"kernel": layer.kernel, "bias": layer.bias if layer.use_bias else None})]


def _depthwise(layer, shapes, shape):
    window = _window(layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding, shapes[0])
    config = window | {"depth_multiplier": layer.depth_multiplier} | _activation(layer.activation)
    bias = layer.bias if layer.use_bias else None
    return [Step("depthwise", config, {"kernel": layer.kernel, "bias": bias})]


def _separable(layer, shapes, shape):
    window = _window(layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding, shapes[0])
    linear = {"activation": "linear", "options": {}}
    middle = (*shape[:2], shapes[0][2] * layer.depth_multiplier)
    depthwise = window | {"depth_multiplier": layer.depth_multiplier} | linear
    pointwise = _pixel(middle, layer.filters) | _activation(layer.activation)
    weights = {"kernel": layer.pointwise_kernel, "bias": layer.bias if layer.use_bias else None}
    return [
        Step("depthwise", depthwise, {"kernel": layer.depthwise_kernel}, "depthwise", middle),
        Step("conv", pointwise, weights),
    ]


def _dense(layer, shapes, shape):
    config = {"units": layer.units} | _activation(layer.activation)
    kernel, bias = _numbers(layer.kernel), layer.bias if layer.use_bias else None
    if len(shape) == 1:
        return [Step("dense", config, {"kernel": kernel, "bias": bias})]
    # On feature maps it is a convolution of one pixel
    return [Step("conv", config | _pixel(shape, layer.units), {"kernel": kernel[None, None], "bias": bias})]


def _pool(mode):
    def step(layer, shapes, shape):
        window = _window(layer.pool_size, layer.strides, (1, 1), layer.padding, shapes[0])
        return [Step("pool", window | {"mode": mode}, {})]

    return step


def _global(mode):
    return lambda layer, shapes, shape: [Step("global", {"mode": mode}, {})]


def _rescaling(layer, shapes, shape):
    return [_rescale_step(layer.scale, layer.offset, shapes[0])]


def _rescale_step(scale, offset, shape):
    return Step("rescale", {"scale": _a_channel(scale, shape), "offset": _a_channel(offset, shape)}, {})


def _a_channel(value, shape):
    """One number, or one for each channel, as a list."""
    array = _numbers(value)
    if array.size != 1 and (array.size != shape[-1] or array.shape[-1] != shape[-1]):
        raise _Unknown(f"has numbers of a shape, {array.shape},")
    return [float(each) for each in array.ravel()]


def _normalization(layer, shapes, shape):
    mean, variance = _numbers(layer.mean), _numbers(layer.variance)
    deviation = (variance**0.5).clip(keras.config.epsilon())
    if layer.invert:
        return [_rescale_step(deviation, mean, shape)]
    weights = {"mean": _a_channel(mean, shape), "variance": _a_channel(deviation**2, shape)}
    return [Step("normalize", {"epsilon": 0.0}, weights)]


def _batch_normalization(layer, shapes, shape):
    if layer.axis not in (-1, len(shape)):
        raise _Unknown(f"works along an axis, {layer.axis},")
    weights = {
        "gamma": layer.gamma if layer.scale else None,
        "beta": layer.beta if layer.center else None,
        "mean": layer.moving_mean,
        "variance": layer.moving_variance,
    }
    return [Step("normalize", {"epsilon": float(layer.epsilon)}, weights)]


def _activation_layer(layer, shapes, shape):
    return [Step("activation", _activation(layer.activation), {})]


def _activation_named(name):
    return lambda layer, shapes, shape: [_activation_step(name, layer, shape)]


def _prelu(layer, shapes, shape):
    return [Step("prelu", {}, {"alpha": layer.alpha})]


def _zero_padding(layer, shapes, shape):
    (top, _), (left, _) = layer.padding
    return [Step("pad", {"before": [top, left], "fill": 0.0}, {})]


def _cropping(layer, shapes, shape):
    (top, _), (left, _) = layer.cropping
    return [Step("pad", {"before": [-top, -left], "fill": 0.0}, {})]


def _center_crop(layer, shapes, shape):
    height, width, channels = shapes[0]
    if height < layer.height or width < layer.width:
        raise _Unknown(f"crops an image to a larger size, {layer.height} x {layer.width},")
    before = [-((height - layer.height) // 2), -((width - layer.width) // 2)]
    return [Step("pad", {"before": before, "fill": 0.0}, {})]


def _resizing(layer, shapes, shape):
    height, width, channels = shapes[0]
    steps = []
    if layer.crop_to_aspect_ratio:
        high = max(min(height, width * layer.height // layer.width), 1)
        wide = max(min(width, height * layer.width // layer.height), 1)
        if (high, wide) != (height, width):
            before = [-((height - high) // 2), -((width - wide) // 2)]
            steps = [Step("pad", {"before": before, "fill": 0.0}, {}, "crop", (high, wide, channels))]
    elif layer.pad_to_aspect_ratio:
        top = (max(height, width * layer.height // layer.width) - height) // 2
        left = (max(width, height * layer.width // layer.height) - width) // 2
        if top or left:
            padded = (height + 2 * top, width + 2 * left, channels)
            config = {"before": [top, left], "fill": float(layer.fill_value)}
            steps = [Step("pad", config, {}, "pad", padded)]
    if (steps[0].shape if steps else shapes[0]) == shape:
        return [*steps, Step("copy", {}, {})]
    known = ("bilinear", "nearest", "bicubic") if layer.antialias else ("bilinear", "nearest")
    if layer.interpolation not in known:
        raise _Unknown(f"has an interpolation, {layer.interpolation},")
    antialias = layer.antialias and layer.interpolation != "nearest"
    return [*steps, Step("resize", {"interpolation": layer.interpolation, "antialias": antialias}, {})]


def _up_sampling(layer, shapes, shape):
    if layer.interpolation not in ("bilinear", "nearest"):
        raise _Unknown(f"has an interpolation, {layer.interpolation},")
    return [Step("resize", {"interpolation": layer.interpolation, "antialias": False}, {})]


def _merge(mode):
    def step(layer, shapes, shape, args=()):
        if len({len(each) for each in shapes}) > 1:
            raise _Unknown(f"joins shapes, {' and '.join(map(str, shapes))},")
        return [Step("merge", {"mode": mode}, {})]

    return step


def _concatenate(layer, shapes, shape, args=()):
    axis = layer.axis % (len(shape) + 1) - 1  # of one image
    if axis < 0:
        raise _Unknown("joins along an axis, 0,")
    return [Step("concatenate", {"axis": axis + 3 - len(shape)}, {})]


def _calculation(mode):
    """+, -, × or ÷ of two layers' outputs, or of one and a number."""

    def step(operation, shapes, shape, args):
        if len(args) == 2 and all(map(_is_tensor, args)):
            if mode == "divide":
                raise _Unknown("divides two layers' outputs in a way")
            return _merge(mode)(operation, shapes, shape)
        if len(args) != 2 or shapes[0] != shape:
            raise _Unknown("calculates in a way")
        first = _is_tensor(args[0])
        number = _numbers(args[1] if first else args[0]).astype("float64")
        if mode == "max" and number.size == 1:
            return [Step("activation", {"activation": "at_least", "options": {"least": float(number)}}, {})]
        if mode == "add":
            return [_rescale_step(1.0, number, shape)]
        if mode == "subtract":
            return [_rescale_step(1.0, -number, shape) if first else _rescale_step(-1.0, number, shape)]
        if mode == "multiply":
            return [_rescale_step(number, 0.0, shape)]
        if mode == "divide" and first:
            return [_rescale_step(1 / number, 0.0, shape)]
        raise _Unknown("calculates with a number in a way")

    return step


def _mean(operation, shapes, shape, args):
    channels = shapes[0][-1]
    axes = operation.axis if isinstance(operation.axis, (list, tuple)) else [operation.axis]
    axes = sorted(axis % (len(shapes[0]) + 1) for axis in axes) if None not in axes else []
    if axes == [1, 2] and len(shapes[0]) == 3:
        return [Step("global", {"mode": "average"}, {})]
    if axes == [len(shapes[0])] and operation.keepdims:  # a mean is a sum with equal weights
        config = {"activation": "linear", "options": {}}
        kernel = keras.ops.full((channels, 1), 1 / channels)
        if len(shape) == 1:
            return [Step("dense", config, {"kernel": kernel})]
        return [Step("conv", config | _pixel(shape, 1), {"kernel": kernel[None, None]})]
    raise _Unknown(f"works along axes, {operation.axis},")


def _flip(operation, shapes, shape, args):
    if len(shape) != 3 or operation.axis not in (2, -2):
        raise _Unknown(f"flips along an axis, {operation.axis},")
    return [Step("flip", {}, {})]


def _same(operation, shapes, shape, args):
    return [Step("copy", {}, {})]


_LAYERS = {
    "Conv2D": _conv2d,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
    "Dense": _dense,
    "MaxPooling2D": _pool("max"),
    "AveragePooling2D": _pool("average"),
    "GlobalMaxPooling2D": _global("max"),
    "GlobalAveragePooling2D": _global("average"),
    "Rescaling": _rescaling,
    "Normalization": _normalization,
    "BatchNormalization": _batch_normalization,
    "Activation": _activation_layer,
    "ReLU": _activation_named("relu"),
    "LeakyReLU": _activation_named("leaky_relu"),
    "ELU": _activation_named("elu"),
    "Softmax": _activation_named("softmax"),
    "PReLU": _prelu,
    "ZeroPadding2D": _zero_padding,
    "Cropping2D": _cropping,
    "CenterCrop": _center_crop,
    "Resizing": _resizing,
    "UpSampling2D": _up_sampling,
    "Add": _merge("add"),
    "Subtract": _merge("subtract"),
    "Multiply": _merge("multiply"),
    "Average": _merge("average"),
    "Maximum": _merge("max"),
    "Minimum": _merge("min"),
    "Concatenate": _concatenate,
}

# Operations that a model's graph holds where its builder calculates with a layer's output
_OPERATIONS = {
    "Add": _calculation("add"),
    "Subtract": _calculation("subtract"),
    "Multiply": _calculation("multiply"),
    "Divide": _calculation("divide"),
    "TrueDivide": _calculation("divide"),
    "Maximum": _calculation("max"),
    "Minimum": _calculation("min"),
    "Concatenate": _concatenate,
    "Mean": _mean,
    "Flip": _flip,
    "Reshape": _same,
    "Squeeze": _same,
    "ExpandDims": _same,
}
