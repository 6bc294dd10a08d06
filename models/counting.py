"""The lectures' counting networks: small enough to count on a blackboard.

Call `.summary()` on each, and compare with the formula in its docstring.
"""

import math

import keras
from keras import layers

from models._errors import ModelError
from models._free_memory import check_sizes


def CountingMLP(inputs=20, name="counting_mlp"):
    """Two dense layers of 20 and one output neuron, each neuron with a bias.

    (inputs + 1) · 20 + (20 + 1) · 20 + (20 + 1) · 1 parameters: 861 for 20 inputs, 1,311,181
    for the 65,536 pixels of a 256 x 256 image.

    Args:
        inputs: Number of input values, of any range.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, inputs) -> (batch, 1), a probability.

    Raises:
        ModelError: If `inputs` is not positive.
    """
    check_sizes("CountingMLP", {"inputs": 20 * inputs}, inputs=inputs)
    values = keras.Input((inputs,), name="values")
    x = layers.Dense(20, activation="relu", name="dense1")(values)
    x = layers.Dense(20, activation="relu", name="dense2")(x)
    x = layers.Dense(1, activation="sigmoid", name="output")(x)
    return keras.Model(values, x, name=name)


def DenseLayer(input_shape=(32, 32, 1), name="dense_layer"):
    """One dense layer without biases, from an image to an image of the same size.

    (height · width · channels)² parameters: 1,048,576 for 32 x 32.

    Args:
        input_shape: (height, width, channels) of one image, of any range.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, height, width, channels) -> the same shape.

    Raises:
        ModelError: If a size is not positive.
    """
    _check_shape("DenseLayer", input_shape)
    check_sizes("DenseLayer", {"input_shape": math.prod(input_shape) ** 2}, input_shape=tuple(input_shape))
    images = keras.Input(input_shape, name="images")
    x = layers.Flatten(name="flatten")(images)
    x = layers.Dense(x.shape[-1], use_bias=False, name="dense")(x)
    x = layers.Reshape(input_shape, name="image")(x)
    return keras.Model(images, x, name=name)


def ConvLayer(input_shape=(32, 32, 1), kernel_size=21, name="conv_layer"):
    """One convolution without biases, from an image to an image of the same size.

    kernel_size² · channels² parameters: 441 for a 21 x 21 kernel and one channel, whatever the
    height and width.

    Args:
        input_shape: (height, width, channels) of one image, of any range.
        kernel_size: Height and width of the kernel.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, height, width, channels) -> the same shape.

    Raises:
        ModelError: If a size is not positive.
    """
    _check_shape("ConvLayer", input_shape)
    needed = {"kernel_size": kernel_size**2 * input_shape[-1] ** 2}
    check_sizes("ConvLayer", needed, kernel_size=kernel_size, input_shape=tuple(input_shape))
    images = keras.Input(input_shape, name="images")
    x = layers.Conv2D(input_shape[-1], kernel_size, padding="same", use_bias=False, name="convolution")(
        images
    )
    return keras.Model(images, x, name=name)


def multiply_adds(model):
    """The arithmetic of one answer: how often a weight is multiplied with a value and added.

    Convolution and dense layers are counted, as is usual; biases, activations and pooling take
    far less and are not.

    Args:
        model: A model of convolution and dense layers, of one input size.

    Returns:
        Number of multiplications, each with its addition, for one example.

    Raises:
        ModelError: If a layer with a kernel is of a kind that is not counted.
    """
    return sum(_layer_multiply_adds(layer) for layer in model.layers)


def _layer_multiply_adds(layer):
    if isinstance(layer, keras.Model):
        return multiply_adds(layer)
    if isinstance(layer, layers.Dense):  # each weight once wherever the layer is applied
        return math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:-1])
    if isinstance(layer, (layers.Conv1D, layers.Conv2D, layers.Conv3D)):
        pixels = math.prod(layer.output.shape[1:]) // layer.filters
        return math.prod(layer.kernel.shape) * pixels
    if layer.weights and not isinstance(layer, layers.BatchNormalization):
        raise ModelError(f"multiply_adds cannot count {layer.name}, a {type(layer).__name__}.")
    return 0


def _check_shape(builder, input_shape):
    if len(input_shape) != 3 or min(input_shape) < 1:
        raise ModelError(f"{builder} takes input_shape=(height, width, channels), not {tuple(input_shape)}.")
