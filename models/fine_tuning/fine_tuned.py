"""A classifier of two parts: probes on a frozen backbone, and the same backbone with a fine-tuned top."""

import keras
from keras import layers

from ..checks.arguments import checked, flag, number, sizes, whole
from ..dtypes import output_dtype
from ..errors import ModelError
from .multi_scale import any_size, at_sizes, both_sides, mean, pooling
from .transfer import operations_until

TUNED = "predictions_tuned"
DROPOUT = 0.5  # share of the features that are dropped in training


@checked(classes=whole(2), sizes=sizes(least=1), share=number(least=0, most=1), flip=flag)
def FineTunedClassifier(
    backbone, classes, sizes, border, tuned_size, share=0.5, flip=True, name="fine_tuned_classifier"
):
    """A `MultiScaleClassifier` and a network with a fine-tuned top, whose probabilities are averaged.

    Both have the layers of the backbone up to the border in common. Above it, the network has a copy of its
    own of the backbone's top, which is trained at one image size.

    Args:
        backbone: Model of pixels in [0, 255] of one size; unless `sizes` has only that, one whose layers
            take any, see `any_size`.
        classes: Number of classes.
        sizes: Heights and widths in pixels, ascending.
        border: Name of the last layer of the backbone that is not copied, see `border_at`.
        tuned_size: At which of the sizes the copy is trained.
        share: How much the network with the fine-tuned top counts, from 0 to 1; the probes have the rest.
        flip: Whether the mirror image counts as well.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, any height, any width, 3) -> (batch, classes).

    Raises:
        ModelError: If an argument is not as described.

    Example:
        >>> from models.pretrained.backbones import Backbone
        >>> backbone = Backbone("mobilenet_025", weights=None)
        >>> model = FineTunedClassifier(backbone, 3, (96, 160), "conv_pw_12_relu", tuned_size=160)
        >>> model.output_shape
        (None, 3)
    """
    if tuned_size not in sizes:
        raise ModelError(f"FineTunedClassifier takes tuned_size as one of sizes={sizes}, not {tuned_size}.")
    bottom, top = cut(backbone, border)
    tuned_top = _copy(top)
    if at_sizes(backbone, sizes) is not backbone:
        bottom, top, tuned_top = map(any_size, (bottom, top, tuned_top))
    images = keras.Input((None, None, 3), name="images")
    pool, found = pooling(backbone), []
    for size, sides in both_sides(images, sizes, flip).items():
        lower = [bottom(side) for side in sides]
        features = mean([pool(top(each)) for each in lower], f"both_sides_{size}")
        found.append(
            layers.Dense(classes, activation="softmax", name=f"predictions_{size}", dtype=output_dtype())(
                features
            )
        )
        if size == tuned_size:
            below = lower
    pool = _average_pooling(backbone)
    features = mean([pool(tuned_top(each)) for each in below], "both_sides_tuned")
    tuned = layers.Dense(classes, activation="softmax", name=TUNED, dtype=output_dtype())(features)
    shares = [
        layers.Rescaling(1 - share, name="share_of_probes"),
        layers.Rescaling(share, name="share_of_tuned"),
    ]
    parts = [layer(each) for layer, each in zip(shares, (mean(found, "probes"), tuned), strict=True)]
    return keras.Model(images, layers.Add(name="predictions")(parts), name=name)


def cut(backbone, border):
    """Two models that share a backbone's layers: pixels -> activations at a border, and from there on.

    Args:
        backbone: A functional model with one input and one output.
        border: Name of a layer, see `borders`.

    Returns:
        (bottom, top).

    Raises:
        ModelError: If it cannot be cut there.

    Example:
        >>> from models.pretrained.backbones import Backbone
        >>> bottom, top = cut(Backbone("convnet", weights=None), "flatten")
        >>> bottom.output_shape == top.input_shape, top.output_shape
        (True, (None, 256))
    """
    activations = operations_until(backbone, border)[-1].output
    bottom = keras.Model(backbone.input, activations, name="bottom")
    return bottom, keras.Model(activations, backbone.output, name="top")


def halves(backbone, border, size, classes, dropout=DROPOUT):
    """What is trained of a `FineTunedClassifier`, and the frozen layers below it, as two models.

    BatchNormalization is frozen in both: the statistics of a few photos would replace those of a large data
    set.

    Args:
        backbone, border, classes: As for `FineTunedClassifier`.
        size: Height and width in pixels of the images to train on.
        dropout: Share of the features that are dropped in each training step, from 0 to less than 1.

    Returns:
        Two uncompiled models: pixels (batch, size, size, 3) -> activations at the border, with the
        backbone's own layers; and from there to (batch, classes), with a copy of the backbone's top.

    Example:
        >>> from models.pretrained.backbones import Backbone
        >>> backbone = Backbone("mobilenet_025", weights=None)
        >>> frozen, trained = halves(backbone, "conv_pw_12_relu", 160, classes=3)
        >>> frozen.output_shape, trained.output_shape
        ((None, 5, 5, 256), (None, 3))
    """
    bottom, top = cut(backbone, border)
    tuned_top = _copy(top)
    if backbone.input_shape[1] != size:
        bottom, tuned_top = any_size(bottom), any_size(tuned_top)
    tuned_top.trainable = True
    for layer in tuned_top._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    pixels = keras.Input((size, size, 3), name="pixels")
    activations = bottom(pixels)
    frozen = keras.Model(pixels, activations, name="frozen")
    frozen.trainable = False
    x = activations = keras.Input(activations.shape[1:], name="activations")
    x = _average_pooling(top)(tuned_top(x))
    x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(classes, activation="softmax", name=TUNED, dtype=output_dtype())(x)
    return frozen, keras.Model(activations, x, name="trained")


def take_over(classifier, trained):
    """Give a `FineTunedClassifier` the weights that were trained.

    Args:
        classifier: What `FineTunedClassifier` built.
        trained: The second model that `halves` built of the same backbone, border and size.

    Example:
        >>> import numpy as np
        >>> from models.pretrained.backbones import Backbone
        >>> backbone = Backbone("mobilenet_025", weights=None)
        >>> _, trained = halves(backbone, "conv_pw_12_relu", 160, classes=3)
        >>> model = FineTunedClassifier(backbone, 3, (96, 160), "conv_pw_12_relu", tuned_size=160)
        >>> take_over(model, trained)
        >>> kernels = [each.get_layer(TUNED).get_weights()[0] for each in (model, trained)]
        >>> bool(np.array_equal(*kernels))
        True
    """
    for name in "tuned_top", TUNED:
        classifier.get_layer(name).set_weights(trained.get_layer(name).get_weights())


def _copy(top):
    copied = keras.models.clone_model(top)
    copied.set_weights(top.get_weights())
    copied.name = "tuned_top"
    return copied


def _average_pooling(backbone):
    """The mean of feature maps; with their maximum as well, fine-tuning overfitted more."""
    return layers.GlobalAveragePooling2D() if len(backbone.output_shape) == 4 else layers.Identity()
