"""The logits of a classifier: what its last layer computes before a softmax or sigmoid."""

import keras
from keras import layers

FINAL_ACTIVATIONS = {keras.activations.softmax: "softmax", keras.activations.sigmoid: "sigmoid"}


def final_operator(operation):
    """Which final activation an operator of `keras.ops` is, such as `keras.ops.softmax(x)`.

    Args:
        operation: A layer or operator.

    Returns:
        "softmax", "sigmoid" or None.

    Example:
        >>> images = keras.Input((4,))
        >>> final_operator(keras.Model(images, keras.ops.softmax(images)).operations[-1])
        'softmax'
    """
    name = type(operation).__name__.lower()
    axis = getattr(operation, "axis", -1)
    is_final = name in FINAL_ACTIVATIONS.values() and axis in (-1, 1)
    return name if is_final and not isinstance(operation, layers.Layer) else None


def score(layer, inputs, **kwargs):
    """The output of the last layer without its softmax or sigmoid: its logits.

    Args:
        layer: The layer or operation.
        inputs: Its input, a tensor.
        **kwargs: What else it is called with.

    Returns:
        Tensor; the layer's output where it has no such activation.

    Example:
        >>> score(layers.Softmax(), 3.0)
        3.0
    """
    if final_operator(layer):
        return inputs
    ends = isinstance(layer, layers.Softmax) or getattr(layer, "activation", None) in FINAL_ACTIVATIONS
    if ends and isinstance(layer, (layers.Softmax, layers.Activation)):
        return inputs
    if ends and (isinstance(layer, layers.Dense) or _is_plain_convolution(layer)):
        return _Logits(layer)(inputs)
    return layer(inputs, **kwargs)


class _Logits(layers.Layer):
    """A layer without its activation, as one step: operators would take names that the model may have."""

    def __init__(self, layer):
        super().__init__(name=f"{layer.name}_logits", dtype=layer.dtype_policy)
        self.layer = layer

    def build(self, shape):
        self.built = True

    def call(self, inputs):
        return before_activation(self.layer, inputs)


def before_activation(layer, inputs):
    """The output of a layer before its own activation.

    Args:
        layer: A Keras layer.
        inputs: Its input, a tensor.

    Returns:
        Tensor; None for a kind of layer that is not supported.

    Example:
        >>> before_activation(layers.ReLU(), -1.0)
        -1.0
    """
    if isinstance(layer, (layers.Activation, layers.ReLU, layers.LeakyReLU, layers.ELU, layers.Softmax)):
        return inputs
    if isinstance(layer, layers.Dense):
        values = keras.ops.matmul(inputs, layer.kernel)
    elif _is_plain_convolution(layer):
        values = keras.ops.conv(
            inputs, layer.kernel, list(layer.strides), layer.padding, dilation_rate=layer.dilation_rate
        )
    else:
        return None
    return values if layer.bias is None else values + layer.bias


def _is_plain_convolution(layer):
    return type(layer) is layers.Conv2D and layer.data_format == "channels_last"
