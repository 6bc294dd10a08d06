"""Dense networks, which know nothing of neighbouring pixels."""

import math
from itertools import pairwise

import keras
from keras import layers

from models._errors import ModelError
from models._free_memory import check_sizes
from models._weights import check_image_model, load_weights


def MLP(
    input_shape=(28, 28, 1),
    classes=10,
    hidden_units=(512,),
    classifier_activation="softmax",
    weights=None,
    name="mlp",
):
    """Flatten → Dense → Dense: 784 → 512 → 10 by default, 407,050 parameters.

    Args:
        input_shape: (height, width, channels) of one image, pixels in [0, 255].
        classes: Number of classes.
        hidden_units: Neurons of each hidden layer.
        classifier_activation: Activation of the last layer, None for logits.
        weights: None for random ones, "mnist" for the zoo's own, or a file. With other than 10
            classes "mnist" fills all but the last layer.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, height, width, channels) -> (batch, classes).

    Raises:
        ModelError: If a size is not positive, or the weights are missing or do not fit.
    """
    check_image_model("MLP", input_shape, classes, smallest=1)
    _check_units("MLP", math.prod(input_shape), classes, hidden_units)

    def build(classes):
        images = keras.Input(input_shape, name="images")
        x = layers.Rescaling(1 / 255, name="rescale")(images)
        x = layers.Flatten(name="flatten")(x)
        for number, units in enumerate(hidden_units, start=1):
            x = layers.Dense(units, activation="relu", name=f"dense{number}")(x)
        x = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
        return keras.Model(images, x, name=name)

    return load_weights(build(classes), weights, "MLP", build)


def DenseChain(
    inputs=2,
    classes=2,
    hidden_units=(16, 16, 16, 16, 16),
    activation="tanh",
    classifier_activation="softmax",
    dtype="float32",
    weights=None,
    name="dense_chain",
):
    """f6(f5(f4(f3(f2(f1(x)))))): six dense layers, one after the other.

    A chain long enough for back-propagation to be worth its name, and short enough to do it by
    hand.

    Args:
        inputs: Number of input values, best about 1 in size.
        classes: Number of classes.
        hidden_units: Neurons of each layer but the last.
        activation: Activation of those layers.
        classifier_activation: Activation of the last layer, None for logits.
        dtype: "float32", or "float64" for comparing gradients closely.
        weights: None for random ones, or a file.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, inputs) -> (batch, classes).

    Raises:
        ModelError: If a size is not positive, or the weights are missing or do not fit.

    Reference:
        Rumelhart, Hinton and Williams, Learning representations by back-propagating errors,
        1986.
    """
    if min(inputs, classes, *hidden_units) < 1:
        raise ModelError(
            "DenseChain needs inputs, classes and hidden_units of 1 or more, "
            f"not {inputs}, {classes} and {tuple(hidden_units)}."
        )
    _check_units("DenseChain", inputs, classes, hidden_units)
    values = keras.Input((inputs,), dtype=dtype, name="values")
    x = values
    for number, units in enumerate(hidden_units, start=1):
        x = layers.Dense(units, activation=activation, dtype=dtype, name=f"f{number}")(x)
    number = len(hidden_units) + 1
    x = layers.Dense(classes, activation=classifier_activation, dtype=dtype, name=f"f{number}")(x)
    return load_weights(keras.Model(values, x, name=name), weights, "DenseChain")


def _check_units(builder, inputs, classes, hidden_units):
    """Refuse layers whose weights do not fit in memory, all of them together."""
    check_sizes(builder, inputs=inputs, classes=classes, hidden_units=tuple(hidden_units))
    chain = (inputs, *hidden_units, classes)
    check_sizes(builder, {"hidden_units": sum(before * after for before, after in pairwise(chain))})
