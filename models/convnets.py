"""Convolutional networks for small images."""

import re
from itertools import pairwise

import keras
from keras import layers

from models._errors import ModelError
from models._free_memory import check_shares, check_sizes
from models._weights import check_image_model, load_weights


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
    """Conv → Conv → Pool → Flatten → Dense → Dense, the lectures' digit reader.

    The first convolution strides by 2, so that the second, which does most of the work, has a
    quarter of the pixels to look at: on digits that costs no accuracy.

    Args:
        input_shape: (height, width, channels) of one image, pixels in [0, 255].
        classes: Number of classes.
        filters: Features of the first and of the second convolution.
        dense_units: Neurons of the first fully connected layer.
        dropout: Share of those neurons left out of each training step.
        classifier_activation: Activation of the last layer, None for logits.
        weights: None for random ones, "mnist" for the zoo's own, or a file. With other than 10
            classes "mnist" fills all but the last layer.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, height, width, channels) -> (batch, classes).

    Raises:
        ModelError: If the image is too small, or the weights are missing or do not fit.

    Reference:
        LeCun et al., Gradient-based learning applied to document recognition, 1998.
    """
    check_image_model("ConvNet", input_shape, classes, smallest=7)
    check_shares("ConvNet", dropout=dropout)
    flat = (input_shape[0] // 4) * (input_shape[1] // 4) * filters[1]  # values after the pooling, about
    needed = {"filters": 9 * filters[0] * filters[1], "dense_units": flat * dense_units}
    needed["classes"] = dense_units * classes
    check_sizes("ConvNet", needed, filters=tuple(filters), dense_units=dense_units)

    def build(classes):
        images = keras.Input(input_shape, name="images")
        x = layers.Rescaling(1 / 255, name="rescale")(images)
        x = layers.Conv2D(filters[0], 5, strides=2, padding="same", activation="relu", name="conv1")(x)
        x = layers.Conv2D(filters[1], 3, activation="relu", name="conv2")(x)
        x = layers.MaxPooling2D(2, name="pool")(x)
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(dense_units, activation="relu", name="dense")(x)
        x = layers.Dropout(dropout, name="dropout")(x)
        x = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
        return keras.Model(images, x, name=name)

    return load_weights(build(classes), weights, "ConvNet", build)


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
        input_shape: (height, width, channels) of one image, pixels in [0, 255].
        classes: Number of classes.
        filters: Features of the convolution in each block.
        dropout: Share of the flattened values left out of each training step.
        classifier_activation: Activation of the last layer, None for logits.
        weights: None for random ones, "mnist" for the zoo's own, or a file. With other than 10
            classes "mnist" fills all but the last layer.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, height, width, channels) -> (batch, classes).

    Raises:
        ModelError: If the image is too small, or the weights are missing or do not fit.

    Reference:
        Scherer et al., Evaluation of pooling operations in convolutional architectures for
        object recognition, 2010.
    """
    check_image_model("TwoBlockConvNet", input_shape, classes, smallest=4)
    check_shares("TwoBlockConvNet", dropout=dropout)
    needed = {"filters": max(9 * a * b for a, b in pairwise((input_shape[-1], *filters)))}
    needed["classes"] = (input_shape[0] // 4) * (input_shape[1] // 4) * filters[-1] * classes
    check_sizes("TwoBlockConvNet", needed, filters=tuple(filters))

    def build(classes):
        images = keras.Input(input_shape, name="images")
        x = layers.Rescaling(1 / 255, name="rescale")(images)
        for block, features in enumerate(filters, start=1):
            x = layers.Conv2D(features, 3, padding="same", activation="relu", name=f"conv{block}")(x)
            x = layers.MaxPooling2D(2, name=f"pool{block}")(x)
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dropout(dropout, name="dropout")(x)
        x = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
        return keras.Model(images, x, name=name)

    return load_weights(build(classes), weights, "TwoBlockConvNet", build)


def LeNet5(
    input_shape=(28, 28, 1),
    classes=10,
    classifier_activation="softmax",
    weights=None,
    name="lenet5",
):
    """The network that read the digits on bank cheques, in 61,706 parameters.

    It differs from the paper's in these points:

    - its 28 x 28 input is padded by the first convolution; the paper's images are 32 x 32;
    - each feature of the second convolution sees all 6 features of the first; the paper
      leaves some connections out by a table, to save arithmetic;
    - average pooling has no weights; the paper's has a factor and a bias for each feature;
    - tanh is not scaled, and follows the convolutions and dense layers; the paper's is
      1.7159 tanh(2x/3), also after each pooling;
    - the third convolution, whose output is one pixel, is written as the dense layer it is;
    - the output is a softmax; the paper compares the 84 values to drawings of the digits.

    Args:
        input_shape: (height, width, channels) of one image, pixels in [0, 255].
        classes: Number of classes.
        classifier_activation: Activation of the last layer, None for logits.
        weights: None for random ones, "mnist" for the zoo's own, or a file. With other than 10
            classes "mnist" fills all but the last layer.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, height, width, channels) -> (batch, classes).

    Raises:
        ModelError: If the image is too small, or the weights are missing or do not fit.

    Reference:
        LeCun et al., Gradient-based learning applied to document recognition, 1998.
    """
    check_image_model("LeNet5", input_shape, classes, smallest=12)
    flat = (input_shape[0] // 4) * (input_shape[1] // 4) * 16
    check_sizes("LeNet5", {"input_shape": 120 * flat, "classes": 84 * classes})

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
        x = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
        return keras.Model(images, x, name=name)

    return load_weights(build(classes), weights, "LeNet5", build)


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
    """Convolutions, poolings and dense layers in any number and order: the lectures' six knobs.

    Args:
        input_shape: (height, width, channels) of one image, pixels in [0, 255].
        classes: Number of classes.
        architecture: A letter for each layer, in order: C for a convolution, which keeps the
            size and ends in ReLU, P for max pooling, which keeps the edges, D for a dense
            layer. The last dense layer, which names the class, is always added.
        features: Features of each convolution.
        kernel_size: Height and width of each feature, in pixels.
        pool_size: Height and width of each pooling window, in pixels. With 1 nothing is pooled:
            of each `pool_stride` pixels one is kept.
        pool_stride: Steps of each pooling window, in pixels.
        dense_units: Neurons of each dense layer but the last.
        classifier_activation: Activation of the last layer, None for logits.
        weights: None for random ones, or a file.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, height, width, channels) -> (batch, classes).

    Raises:
        ModelError: If a size is not positive, the architecture is none, or the weights are
            missing or do not fit.

    Reference:
        Scherer et al., Evaluation of pooling operations in convolutional architectures for
        object recognition, 2010.
    """
    check_image_model("StackedConvNet", input_shape, classes, smallest=1)
    if not re.fullmatch("[CP]*D*", architecture):
        raise ModelError(
            "StackedConvNet takes an architecture of the letters C (convolution) and P (pooling), "
            f"then D (dense), such as CPCPD, not {architecture!r}."
        )
    sizes = {
        "features": features,
        "kernel_size": kernel_size,
        "pool_size": pool_size,
        "pool_stride": pool_stride,
        "dense_units": dense_units,
    }
    check_sizes("StackedConvNet", **sizes)
    poolings = pool_stride ** architecture.count("P")
    flat = -(-input_shape[0] // poolings) * -(-input_shape[1] // poolings) * features
    needed = {"features or kernel_size": kernel_size**2 * features**2, "dense_units": flat * dense_units}
    needed["classes"] = classes * (dense_units if "D" in architecture else flat)
    check_sizes("StackedConvNet", needed)

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
        x = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
        return keras.Model(images, x, name=name)

    return load_weights(build(classes), weights, "StackedConvNet", build)
