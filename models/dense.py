"""Dense networks: every pixel is a separate input, without regard to its neighbours."""

import keras
from keras import layers

from .checks.arguments import chain, check_parameters, checked, choice, image_shape, sizes, whole
from .dtypes import output_dtype
from .zoo import load_weights


@checked(input_shape=image_shape(), hidden_units=sizes(0))
def MLP(
    input_shape=(28, 28, 1),
    classes=10,
    hidden_units=(512,),
    classifier_activation="softmax",
    weights=None,
    name="mlp",
):
    """Flatten → Dense → Dense, a multilayer perceptron: 784 → 512 → 10 by default, 407,050 parameters.

    Args:
        input_shape: (height, width, channels) of one image, pixels in [0, 255].
        classes: Number of classes; 1 only without a softmax.
        hidden_units: Neurons of each hidden layer; () for none, which is a linear classifier.
        classifier_activation: Activation of the last layer, None for logits.
        weights: None for random ones, "mnist" for the zoo's own, or a file. With other than 10
            classes "mnist" fills all but the last layer.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, height, width, channels) -> (batch, classes).

    Raises:
        ModelError: If an argument is not as described, or the weights are missing or do not fit.

    Reference:
        Rumelhart, Hinton and Williams, Learning representations by back-propagating errors,
        1986.

    Example:
        >>> from models import MLP
        >>> MLP().count_params() == (784 + 1) * 512 + (512 + 1) * 10
        True
    """
    height, width, channels = input_shape
    check_parameters("MLP", chain(height * width * channels, *hidden_units, classes))

    def build(classes):
        images = keras.Input(input_shape, name="images")
        x = layers.Rescaling(1 / 255, name="rescale")(images)
        x = layers.Flatten(name="flatten")(x)
        for number, units in enumerate(hidden_units, start=1):
            x = layers.Dense(units, activation="relu", name=f"dense{number}")(x)
        x = layers.Dense(classes, activation=classifier_activation, name="predictions", dtype=output_dtype())(
            x
        )
        return keras.Model(images, x, name=name)

    return load_weights(build(classes), weights, "MLP", build)


@checked(inputs=whole(), hidden_units=sizes(0), dtype=choice("float32", "float64"))
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

    Long enough to need back-propagation, and short enough to compute it by hand.

    Args:
        inputs: Number of input values, of about -1 to 1 for the best training.
        classes: Number of classes; 1 only without a softmax.
        hidden_units: Neurons of each layer but the last.
        activation: Activation of those layers.
        classifier_activation: Activation of the last layer, None for logits.
        dtype: "float32", or "float64" for comparing gradients closely.
        weights: None for random ones, or a file.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, inputs) -> (batch, classes).

    Raises:
        ModelError: If an argument is not as described, or the weights are missing or do not fit.

    Reference:
        Rumelhart, Hinton and Williams, Learning representations by back-propagating errors,
        1986.

    Example:
        >>> from models import DenseChain
        >>> model = DenseChain(hidden_units=(4, 3))
        >>> [tuple(layer.kernel.shape) for layer in model.layers[1:]]
        [(2, 4), (4, 3), (3, 2)]
    """
    check_parameters("DenseChain", chain(inputs, *hidden_units, classes))
    values = keras.Input((inputs,), dtype=dtype, name="values")
    x = values
    for number, units in enumerate(hidden_units, start=1):
        x = layers.Dense(units, activation=activation, dtype=dtype, name=f"f{number}")(x)
    number = len(hidden_units) + 1
    x = layers.Dense(classes, activation=classifier_activation, dtype=dtype, name=f"f{number}")(x)
    return load_weights(keras.Model(values, x, name=name), weights, "DenseChain")
