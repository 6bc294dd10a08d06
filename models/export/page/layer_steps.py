"""The steps that the page takes for a layer of Keras."""

import keras
from keras import layers

from .step import Call, Step, Unknown, a_channel, numbers, pixel, rescale_step, window
from .supported import ACTIVATIONS, ONLY_SHAPE, ONLY_TRAINING


def _activation(function):
    """{"activation": name, "options": its numbers} of an activation function or layer."""
    name = getattr(function, "__name__", type(function).__name__)
    if isinstance(function, layers.Layer):
        step = LAYERS.get(name, lambda call: [Step("", {}, {})])(
            Call(function, [(1, 1, 1)], (1, 1, 1), ranks=(3,))
        )
        if step[0].kind == "activation":
            return step[0].config
    elif name in ACTIVATIONS and function is getattr(keras.activations, name, None):
        return {"activation": name, "options": dict(ACTIVATIONS[name])}
    raise Unknown(f"has an activation, {name}")


def activation_step(name, call):
    """An activation with its numbers, which are attributes of a layer or operation of Keras.

    Args:
        name: A key of `ACTIVATIONS`.
        call: A `Call`.

    Returns:
        A `Step`.

    Raises:
        Unknown: If it works along several axes, or along that of the images.

    Example:
        >>> activation_step("relu", Call(layers.ReLU(6.0), [(4,)], (4,), ranks=(1,))).config["options"]
        {'negative_slope': 0.0, 'max_value': 6.0, 'threshold': 0.0}
    """
    settings, axis = call.operation, getattr(call.operation, "axis", -1)
    if name.endswith("softmax"):
        along = _page_axis(call, axis)
    else:
        check_last(call, axis)
        along = 2
    options = {
        option: default if getattr(settings, option, None) is None else _plain(getattr(settings, option))
        for option, default in ACTIVATIONS[name].items()
    }
    config = {"activation": name, "options": options} | ({} if along == 2 else {"axis": along})
    return Step("activation", config, {})


def _page_axis(call, axis):
    """An axis as the page counts them: 0 for rows, 1 for columns, 2 for channels."""
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    found = axes[0] % (call.ranks[0] + 1) + 2 - call.ranks[0]
    if len(axes) != 1 or axes[0] in (0, -1 - call.ranks[0]) or not 0 <= found <= 2:
        raise Unknown(f"works along an axis, {axis}")
    return found


def _plain(value):
    return value if isinstance(value, bool) else float(value)


def _conv2d(call):
    layer, shapes = call.operation, call.shapes
    moved = window(layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding, shapes[0])
    config = moved | {"filters": layer.filters, "groups": layer.groups} | _activation(layer.activation)
    return [Step("conv", config, {"kernel": layer.kernel, "bias": layer.bias if layer.use_bias else None})]


def _in_a_row(layer, size, length):
    """Settings of a window that moves along a list of vectors, which the page holds as one row."""
    (step,), (dilation,) = layer.strides, getattr(layer, "dilation_rate", (1,))
    causal = layer.padding == "causal"
    moved = window((1, size), (1, step), (1, dilation), "valid" if causal else layer.padding, (1, length))
    return moved | ({"before": [0, (size - 1) * dilation]} if causal else {})


def _conv1d(call):
    layer = call.operation
    config = _in_a_row(layer, layer.kernel_size[0], call.shapes[0][1])
    config |= {"filters": layer.filters, "groups": layer.groups} | _activation(layer.activation)
    bias = layer.bias if layer.use_bias else None
    return [Step("conv", config, {"kernel": numbers(layer.kernel)[None], "bias": bias})]


def _pool1d(mode):
    def step(call):
        layer = call.operation
        return [Step("pool", _in_a_row(layer, layer.pool_size[0], call.shapes[0][1]) | {"mode": mode}, {})]

    return step


def _depthwise(call):
    layer, shapes = call.operation, call.shapes
    moved = window(layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding, shapes[0])
    config = moved | {"depth_multiplier": layer.depth_multiplier} | _activation(layer.activation)
    bias = layer.bias if layer.use_bias else None
    return [Step("depthwise", config, {"kernel": layer.kernel, "bias": bias})]


def _separable(call):
    layer, shapes, shape = call.operation, call.shapes, call.shape
    moved = window(layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding, shapes[0])
    linear = {"activation": "linear", "options": {}}
    middle = (*shape[:2], shapes[0][2] * layer.depth_multiplier)
    depthwise = moved | {"depth_multiplier": layer.depth_multiplier} | linear
    pointwise = pixel(middle, layer.filters) | _activation(layer.activation)
    weights = {"kernel": layer.pointwise_kernel, "bias": layer.bias if layer.use_bias else None}
    return [
        Step("depthwise", depthwise, {"kernel": layer.depthwise_kernel}, "depthwise", middle),
        Step("conv", pointwise, weights),
    ]


def _dense(call):
    layer, shape = call.operation, call.shape
    config = {"units": layer.units} | _activation(layer.activation)
    kernel, bias = numbers(layer.kernel), layer.bias if layer.use_bias else None
    if len(shape) == 1:
        return [Step("dense", config, {"kernel": kernel, "bias": bias})]
    # On feature maps it is a convolution of one pixel
    return [Step("conv", config | pixel(shape, layer.units), {"kernel": kernel[None, None], "bias": bias})]


def _pool(mode):
    def step(call):
        layer = call.operation
        moved = window(layer.pool_size, layer.strides, (1, 1), layer.padding, call.shapes[0])
        return [Step("pool", moved | {"mode": mode}, {})]

    return step


def _global(mode):
    return lambda call: [Step("global", {"mode": mode}, {})]


def _rescaling(call):
    layer, shapes = call.operation, call.shapes
    return [rescale_step(layer.scale, layer.offset, shapes[0])]


def _normalization(call):
    layer, shape = call.operation, call.shape
    mean, variance = numbers(layer.mean), numbers(layer.variance)
    deviation = (variance**0.5).clip(keras.config.epsilon())
    if layer.invert:
        return [rescale_step(deviation, mean, shape)]
    weights = {"mean": a_channel(mean, shape), "variance": a_channel(deviation**2, shape)}
    return [Step("normalize", {"epsilon": 0.0}, weights)]


def _batch_normalization(call):
    layer = call.operation
    check_last(call, layer.axis)
    weights = {
        "gamma": layer.gamma if layer.scale else None,
        "beta": layer.beta if layer.center else None,
        "mean": layer.moving_mean,
        "variance": layer.moving_variance,
    }
    return [Step("normalize", {"epsilon": float(layer.epsilon)}, weights)]


def _activation_layer(call):
    layer = call.operation
    return [Step("activation", _activation(layer.activation), {})]


def _activation_named(name):
    return lambda call: [activation_step(name, call)]


def _prelu(call):
    layer = call.operation
    return [Step("prelu", {}, {"alpha": layer.alpha})]


def _zero_padding(call):
    layer = call.operation
    (top, _), (left, _) = layer.padding
    return [Step("pad", {"before": [top, left], "fill": 0.0}, {})]


def _cropping(call):
    layer = call.operation
    (top, _), (left, _) = layer.cropping
    return [Step("pad", {"before": [-top, -left], "fill": 0.0}, {})]


def _center_crop(call):
    layer, shapes = call.operation, call.shapes
    height, width, channels = shapes[0]
    if height < layer.height or width < layer.width:
        raise Unknown(f"crops an image to a larger size, {layer.height} x {layer.width}")
    before = [-((height - layer.height) // 2), -((width - layer.width) // 2)]
    return [Step("pad", {"before": before, "fill": 0.0}, {})]


def _resizing(call):
    layer, shapes, shape = call.operation, call.shapes, call.shape
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
        raise Unknown(f"has an interpolation, {layer.interpolation}")
    antialias = layer.antialias and layer.interpolation != "nearest"
    return [*steps, Step("resize", {"interpolation": layer.interpolation, "antialias": antialias}, {})]


def _up_sampling(call):
    layer = call.operation
    if layer.interpolation not in ("bilinear", "nearest"):
        raise Unknown(f"has an interpolation, {layer.interpolation}")
    return [Step("resize", {"interpolation": layer.interpolation, "antialias": False}, {})]


def check_last(call, axis):
    """Refuse a layer that works along another axis than the channels.

    Args:
        call: A `Call`.
        axis: As Keras counts it, the images' axis included; or one in a list.

    Raises:
        Unknown: If it is another one.

    Example:
        >>> check_last(Call(layers.Softmax(), [(4, 4, 3)], (4, 4, 3), ranks=(3,)), -1)
    """
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    last = (call.axis,) if call.axis != -1 else (-1, call.ranks[0])
    if len(axes) != 1 or axes[0] not in last:
        raise Unknown(f"works along an axis, {axis}")


def _transposed(call):
    layer, shapes = call.operation, call.shapes
    if tuple(layer.dilation_rate) != (1, 1):
        raise Unknown(f"has a dilation, {layer.dilation_rate}")
    # As the convolution that it is the transpose of: from the output, padded, to the input
    before = [
        max((size - 1) * stride + kernel - made, 0) // 2 if layer.padding == "same" else 0
        for size, stride, kernel, made in zip(
            shapes[0], layer.strides, layer.kernel_size, call.shape, strict=False
        )
    ]
    config = {
        "kernel_size": list(layer.kernel_size),
        "strides": list(layer.strides),
        "before": before,
        "filters": layer.filters,
    }
    weights = {"kernel": layer.kernel, "bias": layer.bias if layer.use_bias else None}
    return [Step("transposed", config | _activation(layer.activation), weights)]


def _standardize(call, axes, groups=1, **settings):
    """A step that subtracts a mean and divides by a deviation, both of one image's values."""
    rank = call.ranks[0]
    axes = sorted(axis % (rank + 1) for axis in (axes if isinstance(axes, (list, tuple)) else [axes]))
    if axes in ([rank], [call.axis]):
        over = "channels"
    elif axes == list(range(1, rank + 1)):
        over = "all"
    else:
        raise Unknown(f"works along axes, {axes}")
    return {"over": over, "groups": groups, **settings}


def _layer_normalization(call):
    layer = call.operation
    config = _standardize(call, layer.axis, center=True, epsilon=float(layer.epsilon))
    weights = {"gamma": layer.gamma if layer.scale else None, "beta": layer.beta if layer.center else None}
    return [Step("standardize", config, weights)]


def _group_normalization(call):
    layer = call.operation
    check_last(call, layer.axis)
    axes = list(range(1, call.ranks[0] + 1))
    groups = call.shapes[0][-1] if layer.groups == -1 else layer.groups
    config = _standardize(call, axes, groups, center=True, epsilon=float(layer.epsilon))
    weights = {"gamma": layer.gamma if layer.scale else None, "beta": layer.beta if layer.center else None}
    return [Step("standardize", config, weights)]


def _rms_normalization(call):
    layer = call.operation
    config = _standardize(call, layer.axis, center=False, epsilon=float(layer.epsilon))
    return [Step("standardize", config, {"gamma": layer.scale})]


def _unit_normalization(call):
    config = _standardize(call, call.operation.axis, center=False, epsilon=1e-12, sum=True)
    return [Step("standardize", config, {})]


def _layer_scale(call):
    """ConvNeXt's: each channel times a number that was learned."""
    weights = {"gamma": call.operation.gamma, "mean": [0.0], "variance": [1.0]}
    return [Step("normalize", {"epsilon": 0.0}, weights)]


def _custom_scale(call):
    """InceptionResNet's: the first input plus the second times a number."""
    return [Step("merge", {"mode": "add", "scales": [1.0, float(call.operation.scale)]}, {})]


def _merge(mode):
    def step(call):
        if len(set(map(len, call.shapes))) > 1 or len(set(call.ranks)) > 1:
            raise Unknown(f"joins shapes, {' and '.join(map(str, call.shapes))}")
        return [Step("merge", {"mode": mode}, {})]

    return step


def concatenate(call):
    """The step of a concatenation.

    Args:
        call: A `Call` of a layer or operation with an axis.

    Returns:
        List of one `Step`.

    Raises:
        Unknown: If it joins images.

    Example:
        >>> shapes = [(4, 4, 3), (4, 4, 3)]
        >>> concatenate(Call(layers.Concatenate(), shapes, (4, 4, 6), ranks=(3, 3)))[0].config
        {'axis': 2}
    """
    rank = call.ranks[0]
    axis = call.operation.axis % (rank + 1) - 1  # of one image
    if axis < 0:
        raise Unknown("joins along an axis, 0")
    return [Step("concatenate", {"axis": axis + 3 - rank}, {})]


def same(call):
    """The step of what passes its input on.

    Args:
        call: A `Call`.

    Returns:
        List of one `Step`.

    Example:
        >>> same(None)[0].kind
        'copy'
    """
    return [Step("copy", {}, {})]


LAYERS = {
    "Conv1D": _conv1d,
    "Conv2D": _conv2d,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
    "Conv2DTranspose": _transposed,
    "Dense": _dense,
    "MaxPooling1D": _pool1d("max"),
    "AveragePooling1D": _pool1d("average"),
    "MaxPooling2D": _pool("max"),
    "AveragePooling2D": _pool("average"),
    "GlobalMaxPooling2D": _global("max"),
    "GlobalAveragePooling2D": _global("average"),
    "GlobalMaxPooling1D": _global("max"),
    "GlobalAveragePooling1D": _global("average"),
    "Rescaling": _rescaling,
    "Normalization": _normalization,
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _layer_normalization,
    "GroupNormalization": _group_normalization,
    "RMSNormalization": _rms_normalization,
    "UnitNormalization": _unit_normalization,
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
    "Concatenate": concatenate,
    **dict.fromkeys((*ONLY_TRAINING, *ONLY_SHAPE), same),
}
# Layers of keras.applications, which Keras has no public name for
OF_APPLICATIONS = {"LayerScale": _layer_scale, "StochasticDepth": same, "CustomScaleLayer": _custom_scale}
