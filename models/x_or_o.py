"""The lectures' small network that classifies images of X and O, with weights set by hand or trained."""

import keras
from keras import layers, ops

from .checks.arguments import check_parameters, checked, image_shape, whole
from .dtypes import output_dtype
from .errors import ModelError
from .filters import FEATURES
from .zoo import load_weights

# What each of the twelve values adds to the votes for X (and takes from those for O), for each
# feature at the top left, top right, bottom left and bottom right: 1 where the clean X has the
# higher value, -1 where the clean O has, 0 where both have the same
VOTES = {
    "backslash": (1, -1, -1, 1),
    "crossing": (1, 0, 0, 0),
    "slash": (-1, 1, 1, -1),
}


@checked(input_shape=image_shape(smallest=3), features=whole())
def XorO(
    input_shape=(9, 9, 1),
    features=3,
    classifier_activation="softmax",
    weights=None,
    name="x_or_o",
):
    """Conv → ReLU → Pool → Pool → Dense: twelve values, each of which votes for X or O.

    With `weights="by_hand"` the kernels are the lectures' three features divided by nine, so that a
    perfect match gives 1, and the weights of the last layer are `VOTES`. The votes sum to 25/9 for the
    clean X and to -11/9 for the clean O; biases of -7/9 for X and 7/9 for O put the decision boundary
    halfway. So the logits are 2 for X and -2 for O on the clean X, the reverse on the clean O, and the
    softmax of these is 0.98 for the true class.

    Args:
        input_shape: (height, width, channels) of one image, at least 3 x 3; from -1 (paper) to 1 (ink).
        features: Number of 3 x 3 kernels.
        classifier_activation: Activation of the last layer, None for logits.
        weights: None for random ones, "by_hand" for the lectures' features (only with
            9 x 9 images and three features), or a file.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, height, width, channels) -> (batch, 2), X and O.

    Raises:
        ModelError: If an argument is not as described, or the weights are missing or do not fit.

    Reference:
        Lee et al., Convolutional deep belief networks for scalable unsupervised learning of
        hierarchical representations, 2009: features made of features, as here.

    Example:
        >>> import numpy as np
        >>> from models import XorO
        >>> a_cross = np.maximum(np.eye(9), np.eye(9)[::-1]) * 2 - 1
        >>> a_cross[[0, 0, 8, 8], [0, 8, 0, 8]] = -1  # the lectures' X does not reach the corners
        >>> XorO(weights="by_hand")(a_cross[None, ..., None]).numpy().round(2)
        array([[0.98, 0.02]], dtype=float32)
    """
    height, width, channels = input_shape
    check_parameters("XorO", 9 * channels * features + height * width * features)
    pictures = keras.Input(input_shape, name="pictures")
    x = layers.Conv2D(features, 3, name="conv")(pictures)
    x = layers.ReLU(name="relu")(x)
    x = layers.MaxPooling2D(2, padding="same", name="pool1")(x)
    x = layers.MaxPooling2D(2, padding="same", name="pool2")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(2, activation=classifier_activation, name="votes", dtype=output_dtype())(x)
    model = keras.Model(pictures, x, name=name)
    if weights != "by_hand":
        return load_weights(model, weights, "XorO", known=["by_hand"])

    if (tuple(input_shape), features) != ((9, 9, 1), 3):
        raise ModelError(
            f'XorO has weights "by_hand" only for input_shape=(9, 9, 1) and features=3, '
            f"not {tuple(input_shape)} and {features}."
        )
    kernels = ops.convert_to_tensor([*FEATURES.values()], "float32")  # (feature, row, column)
    votes = ops.convert_to_tensor([VOTES[feature] for feature in FEATURES], "float32")
    for_x = ops.reshape(ops.transpose(votes), (12, 1))  # Keras flattens with the features last
    model.get_layer("conv").kernel.assign(ops.transpose(kernels, (1, 2, 0))[:, :, None] / 9)
    model.get_layer("votes").kernel.assign(ops.concatenate([for_x, -for_x], axis=1))
    model.get_layer("votes").bias.assign([-7 / 9, 7 / 9])
    return model
