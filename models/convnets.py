"""Convolutional networks for small images."""

import re

import keras
from keras import layers

from .checks.arguments import (
    chain,
    check_image_size,
    check_parameters,
    checked,
    image_shape,
    shown,
    sizes,
    whole,
)
from .dtypes import output_dtype
from .errors import ModelError
from .zoo import load_weights


@checked(input_shape=image_shape(smallest=7), filters=sizes(2))
def ConvNet(
    input_shape=(28, 28, 1),
    classes=10,
    filters=(16, 32),
    dense_units=256,
    dropout=0.5,
    classifier_activation="softmax",
    weights=None,
    name="convnet",
):
    """Conv → Conv → Pool → Flatten → Dense → Dense, the lectures' classifier of digits.

    The first convolution has a stride of 2, so that the second, which does most of the arithmetic, works on
    a quarter of the pixels: on digits that costs no accuracy.

    Args:
        input_shape: (height, width, channels) of one image, at least 7 x 7; pixels in [0, 255].
        classes: Number of classes; 1 only without a softmax.
        filters: Number of filters of the first and of the second convolution.
        dense_units: Neurons of the first dense layer.
        dropout: Share of those neurons that are dropped in each training step, from 0 to less than 1.
        classifier_activation: Activation of the last layer, None for logits.
        weights: None for random ones, "mnist" for the zoo's own, or a file. With other than 10
            classes "mnist" fills all but the last layer.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, height, width, channels) -> (batch, classes).

    Raises:
        ModelError: If an argument is not as described, or the weights are missing or do not fit.

    Reference:
        LeCun et al., Gradient-based learning applied to document recognition, 1998.

    Example:
        >>> from models import ConvNet
        >>> model = ConvNet()
        >>> model.count_params(), model.output_shape
        (302794, (None, 10))
        >>> ConvNet((32, 32, 3), classes=2).get_layer("pool").output.shape
        (None, 7, 7, 32)
    """
    height, width, channels = input_shape
    flat = height * width // 16 * filters[1]
    check_parameters(
        "ConvNet",
        25 * channels * filters[0] + 9 * filters[0] * filters[1] + chain(flat, dense_units, classes),
    )

    def build(classes):
        images = keras.Input(input_shape, name="images")
        x = layers.Rescaling(1 / 255, name="rescale")(images)
        x = layers.Conv2D(filters[0], 5, strides=2, padding="same", activation="relu", name="conv1")(x)
        x = layers.Conv2D(filters[1], 3, activation="relu", name="conv2")(x)
        x = layers.MaxPooling2D(2, name="pool")(x)
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(dense_units, activation="relu", name="dense")(x)
        x = layers.Dropout(dropout, name="dropout")(x)
        x = layers.Dense(classes, activation=classifier_activation, name="predictions", dtype=output_dtype())(
            x
        )
        return keras.Model(images, x, name=name)

    return load_weights(build(classes), weights, "ConvNet", build)


@checked(input_shape=image_shape(), filters=sizes())
def TwoBlockConvNet(
    input_shape=(28, 28, 1),
    classes=10,
    filters=(16, 32),
    dropout=0.3,
    classifier_activation="softmax",
    weights=None,
    name="two_block",
):
    """(Conv → Pool) × 2 → Dense: the lectures' basic building block, repeated.

    Args:
        input_shape: (height, width, channels) of one image, at least 4 x 4 for two blocks; pixels in
            [0, 255].
        classes: Number of classes; 1 only without a softmax.
        filters: Number of filters of the convolution in each block: as many blocks as numbers.
        dropout: Share of the flattened values dropped in each training step, from 0 to less than 1.
        classifier_activation: Activation of the last layer, None for logits.
        weights: None for random ones, "mnist" for the zoo's own, or a file. With other than 10
            classes "mnist" fills all but the last layer.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, height, width, channels) -> (batch, classes).

    Raises:
        ModelError: If an argument is not as described, or the weights are missing or do not fit.

    Reference:
        Scherer et al., Evaluation of pooling operations in convolutional architectures for
        object recognition, 2010.

    Example:
        >>> from models import TwoBlockConvNet
        >>> model = TwoBlockConvNet()
        >>> model.count_params(), model.get_layer("pool2").output.shape
        (20490, (None, 7, 7, 32))
    """
    check_image_size("TwoBlockConvNet", input_shape, 2 ** min(len(filters), 31))
    height, width, channels = input_shape
    flat = (height >> len(filters)) * (width >> len(filters)) * filters[-1]
    check_parameters("TwoBlockConvNet", 9 * chain(channels, *filters) + flat * classes)

    def build(classes):
        images = keras.Input(input_shape, name="images")
        x = layers.Rescaling(1 / 255, name="rescale")(images)
        for block, features in enumerate(filters, start=1):
            x = layers.Conv2D(features, 3, padding="same", activation="relu", name=f"conv{block}")(x)
            x = layers.MaxPooling2D(2, name=f"pool{block}")(x)
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dropout(dropout, name="dropout")(x)
        x = layers.Dense(classes, activation=classifier_activation, name="predictions", dtype=output_dtype())(
            x
        )
        return keras.Model(images, x, name=name)

    return load_weights(build(classes), weights, "TwoBlockConvNet", build)


@checked(input_shape=image_shape(smallest=12))
def LeNet5(
    input_shape=(28, 28, 1),
    classes=10,
    classifier_activation="softmax",
    weights=None,
    name="lenet5",
):
    """LeNet-5, which recognized the digits on bank cheques with 61,706 parameters.

    It differs from the paper's in these points:

    - its 28 x 28 input is padded by the first convolution; the paper's images are 32 x 32;
    - each filter of the second convolution takes all 6 feature maps of the first; the paper
      leaves some connections out by a table, to save arithmetic;
    - average pooling has no weights; the paper's has a factor and a bias for each feature map;
    - tanh is not scaled, and follows the convolutions and dense layers; the paper's is
      1.7159 tanh(2x/3), also after each pooling;
    - the third convolution, whose output is one pixel, is written as the dense layer it is;
    - the output is a softmax; the paper compares the 84 values to drawings of the digits.

    Args:
        input_shape: (height, width, channels) of one image, at least 12 x 12; pixels in [0, 255].
        classes: Number of classes; 1 only without a softmax.
        classifier_activation: Activation of the last layer, None for logits.
        weights: None for random ones, "mnist" for the zoo's own, or a file. With other than 10
            classes "mnist" fills all but the last layer.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, height, width, channels) -> (batch, classes).

    Raises:
        ModelError: If an argument is not as described, or the weights are missing or do not fit.

    Reference:
        LeCun et al., Gradient-based learning applied to document recognition, 1998.

    Example:
        >>> from models import LeNet5
        >>> model = LeNet5()
        >>> model.count_params(), [layer.name for layer in model.layers if layer.weights]
        (61706, ['c1', 'c3', 'c5', 'f6', 'predictions'])
    """
    height, width, channels = input_shape
    check_parameters("LeNet5", 150 * channels + 2400 + chain(height * width, 120, 84, classes))

    def build(classes):
        images = keras.Input(input_shape, name="images")
        x = layers.Rescaling(1 / 255, name="rescale")(images)
        x = layers.Conv2D(6, 5, padding="same", activation="tanh", name="c1")(x)
        x = layers.AveragePooling2D(2, name="s2")(x)
        x = layers.Conv2D(16, 5, activation="tanh", name="c3")(x)
        x = layers.AveragePooling2D(2, name="s4")(x)
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(120, activation="tanh", name="c5")(x)
        x = layers.Dense(84, activation="tanh", name="f6")(x)
        x = layers.Dense(classes, activation=classifier_activation, name="predictions", dtype=output_dtype())(
            x
        )
        return keras.Model(images, x, name=name)

    return load_weights(build(classes), weights, "LeNet5", build)


@checked(
    input_shape=image_shape(), features=whole(), kernel_size=whole(), pool_size=whole(), pool_stride=whole()
)
def StackedConvNet(
    input_shape=(28, 28, 1),
    classes=10,
    architecture="CPCPD",
    features=16,
    kernel_size=3,
    pool_size=2,
    pool_stride=2,
    dense_units=64,
    classifier_activation="softmax",
    weights=None,
    name="stacked",
):
    """Convolutions, poolings and dense layers in any number and order: the lectures' six hyperparameters.

    Args:
        input_shape: (height, width, channels) of one image, pixels in [0, 255].
        classes: Number of classes; 1 only without a softmax.
        architecture: A letter for each layer, in order: C for a convolution with padding "same" and
            ReLU, P for max pooling with padding "same", D for a dense layer with ReLU. The last dense
            layer, which gives the classes, is always added.
        features: Number of filters of each convolution.
        kernel_size: Height and width of each filter, in pixels.
        pool_size: Height and width of each pooling window, in pixels. With 1 nothing is pooled:
            of each `pool_stride` pixels one is kept.
        pool_stride: Stride of each pooling window, in pixels.
        dense_units: Neurons of each dense layer but the last.
        classifier_activation: Activation of the last layer, None for logits.
        weights: None for random ones, or a file.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, height, width, channels) -> (batch, classes).

    Raises:
        ModelError: If an argument is not as described, or the weights are missing or do not fit.

    Reference:
        Scherer et al., Evaluation of pooling operations in convolutional architectures for
        object recognition, 2010.

    Example:
        >>> from models import StackedConvNet
        >>> model = StackedConvNet(architecture="CCPD")
        >>> [layer.name for layer in model.layers]
        ['images', 'rescale', 'conv1', 'conv2', 'pool1', 'flatten', 'dense1', 'predictions']
        >>> model.get_layer("pool1").output.shape
        (None, 14, 14, 16)
    """
    if not isinstance(architecture, str) or not re.fullmatch("[CP]{0,99}D{0,99}", architecture):
        raise ModelError(
            "StackedConvNet takes an architecture of the letters C (convolution) and P (pooling), "
            f"then D (dense), such as CPCPD, at most 99 of each, not {shown(architecture)}."
        )
    height, width, depth = input_shape
    parameters = 0
    for letter in architecture.rstrip("D"):
        if letter == "C":
            parameters += kernel_size**2 * depth * features
            depth = features
        else:
            height, width = -(-height // pool_stride), -(-width // pool_stride)
    units = [dense_units] * architecture.count("D")
    check_parameters("StackedConvNet", parameters + chain(height * width * depth, *units, classes))

    def build(classes):
        images = keras.Input(input_shape, name="images")
        x = layers.Rescaling(1 / 255, name="rescale")(images)
        for place, letter in enumerate(architecture.rstrip("D")):
            number = architecture[: place + 1].count(letter)
            if letter == "C":
                x = layers.Conv2D(
                    features, kernel_size, padding="same", activation="relu", name=f"conv{number}"
                )(x)
            else:
                x = layers.MaxPooling2D(pool_size, pool_stride, padding="same", name=f"pool{number}")(x)
        x = layers.Flatten(name="flatten")(x)
        for number in range(1, architecture.count("D") + 1):
            x = layers.Dense(dense_units, activation="relu", name=f"dense{number}")(x)
        x = layers.Dense(classes, activation=classifier_activation, name="predictions", dtype=output_dtype())(
            x
        )
        return keras.Model(images, x, name=name)

    return load_weights(build(classes), weights, "StackedConvNet", build)
