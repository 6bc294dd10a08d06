"""Networks to count parameters of on a blackboard, and the multiply-adds of any model.

Call `.summary()` on each, and compare with the formula in its docstring.
"""

import math

import keras
from keras import layers

from .checks.arguments import built_model, check_parameters, checked, image_shape, shown, whole
from .errors import ModelError
from .multiply_adds import walk


@checked(inputs=whole())
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
        ModelError: If an argument is not as described.

    Example:
        >>> from models import CountingMLP
        >>> CountingMLP(20).count_params(), CountingMLP(256 * 256).count_params()
        (861, 1311181)
    """
    check_parameters("CountingMLP", 20 * inputs)
    values = keras.Input((inputs,), name="values")
    x = layers.Dense(20, activation="relu", name="dense1")(values)
    x = layers.Dense(20, activation="relu", name="dense2")(x)
    x = layers.Dense(1, activation="sigmoid", name="output")(x)
    return keras.Model(values, x, name=name)


@checked(input_shape=image_shape())
def DenseLayer(input_shape=(32, 32, 1), name="dense_layer"):
    """One dense layer without biases, from an image to an image of the same size.

    (height · width · channels)² parameters: 1,048,576 for 32 x 32.

    Args:
        input_shape: (height, width, channels) of one image, of any range.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, height, width, channels) -> the same shape.

    Raises:
        ModelError: If an argument is not as described.

    Example:
        >>> from models import DenseLayer
        >>> DenseLayer((32, 32, 1)).count_params() == (32 * 32) ** 2
        True
    """
    check_parameters("DenseLayer", math.prod(input_shape) ** 2)
    images = keras.Input(input_shape, name="images")
    x = layers.Flatten(name="flatten")(images)
    x = layers.Dense(x.shape[-1], use_bias=False, name="dense")(x)
    x = layers.Reshape(input_shape, name="image")(x)
    return keras.Model(images, x, name=name)


@checked(input_shape=image_shape(), kernel_size=whole())
def ConvLayer(input_shape=(32, 32, 1), kernel_size=21, name="conv_layer"):
    """One convolution without biases, from an image to an image of the same size.

    kernel_size² · channels² parameters: 441 for a 21 x 21 kernel and one channel, for any height and
    width.

    Args:
        input_shape: (height, width, channels) of one image, of any range.
        kernel_size: Height and width of the kernel.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, height, width, channels) -> the same shape.

    Raises:
        ModelError: If an argument is not as described.

    Example:
        >>> from models import ConvLayer
        >>> ConvLayer((32, 32, 1)).count_params(), ConvLayer((256, 256, 1)).count_params()
        (441, 441)
    """
    channels = input_shape[-1]
    check_parameters("ConvLayer", kernel_size**2 * channels**2)
    images = keras.Input(input_shape, name="images")
    x = layers.Conv2D(channels, kernel_size, padding="same", use_bias=False, name="convolution")(images)
    return keras.Model(images, x, name=name)


def multiply_adds(model, input_shape=None):
    """Multiply-adds of one prediction: multiplications of a weight and a value, each with an addition.

    They are counted as in papers on efficient networks:

    - dense layers and convolutions of any kind (strided, dilated, grouped, depthwise, separable, transposed,
      in one to three dimensions): each weight once for each place where it is applied, padding included;
    - recurrent layers: the kernels of all gates, at every time step; in both directions, if there are two;
    - attention: its four projections, the products of queries and keys, and the weighted sum of the values;
    - products of two layers' outputs by `Dot`, `matmul` or `einsum`;
    - of a spectrogram the convolution with cosines and sines (STFTSpectrogram) or the product with the mel
      filters (MelSpectrogram).

    Not counted, since it takes far less: biases, activations, pooling, normalization, resizing, elementwise
    sums and products, a gate's products with the memory cell, the fast Fourier transform of a
    MelSpectrogram. Embeddings are looked up and take no arithmetic. A layer that is called several times
    counts several times; layers of nested models count like others.

    Papers round, and some count biases or pooling too, so figures agree within about 3 %. Some call these
    FLOPs, others count two FLOPs for each.

    Args:
        model: A built functional or sequential Keras model, of the zoo, `keras.applications` or your own.
        input_shape: Shape of one input without the batch, such as (200,) for a text of 200 words, where the
            model takes several sizes; a list of shapes if it has several inputs. None for the model's.

    Returns:
        Number of multiplications, each with its addition, for one example; an int.

    Raises:
        ModelError: If the size of the input is not known or not the model's, or a layer with weight
            matrices is of a kind that is not supported.

    Reference:
        Howard et al., MobileNets: efficient convolutional neural networks for mobile vision applications,
        2017, whose "million mult-adds" these are.

    Example:
        >>> from models import MLP, SentimentLSTM
        >>> from models.counting import multiply_adds
        >>> multiply_adds(MLP()) == 784 * 512 + 512 * 10
        True
        >>> multiply_adds(SentimentLSTM(), input_shape=(200,)) == 200 * 4 * (32 + 32) * 32 + 32
        True
    """
    built_model("multiply_adds", "model", model)
    inputs = _inputs(model, input_shape)
    try:
        return walk(model, inputs)
    except ValueError as error:
        if isinstance(error, ModelError) or input_shape is None:
            raise
        raise ModelError(
            f"{model.name} cannot work on an input_shape of {shown(input_shape)}; give a larger one."
        ) from error


def _inputs(model, input_shape):
    """The model's inputs, with the sizes that `input_shape` gives."""
    if input_shape is None:
        return model.inputs
    given = list(input_shape) if isinstance(input_shape, (list, tuple)) else [None]
    shapes = given if given and isinstance(given[0], (list, tuple)) else [given]
    taken = [tuple(each.shape[1:]) for each in model.inputs]
    sizes = [[whole()("multiply_adds", "input_shape", size) for size in each] for each in shapes]
    if [len(each) for each in sizes] != [len(each) for each in taken] or any(
        want not in (None, have)
        for each, wanted in zip(sizes, taken, strict=True)
        for have, want in zip(each, wanted, strict=True)
    ):
        known = " and ".join(str(each) for each in taken)
        raise ModelError(
            f"multiply_adds needs an input_shape of {known} for {model.name}, without the batch, "
            f"not {shown(input_shape)}."
        )
    return [
        keras.Input(each, dtype=old.dtype, name=old.name)
        for each, old in zip(sizes, model.inputs, strict=True)
    ]
