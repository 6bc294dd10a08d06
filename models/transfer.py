"""A pretrained backbone with a new head, and what of it is trained."""

import inspect
import math
from collections import Counter

import keras
from keras import layers

from models._errors import ModelError
from models._free_memory import check_shares, check_sizes


def TransferClassifier(
    backbone,
    classes,
    image_size=None,
    dropout=0.2,
    classifier_activation="softmax",
    name="transfer_classifier",
):
    """Resizing → backbone → mean of each feature → dropout → dense.

    Images are scaled and cropped about the middle to the backbone's size. A backbone that ends in
    one vector for an image is not pooled. Nothing is frozen yet: see `freeze`.

    Args:
        backbone: Model of (batch, size, size, 3) pixels in [0, 255], such as `Backbone` builds.
        classes: Number of classes.
        image_size: Height and width that images are brought to; None for the backbone's, which
            it must be unless the backbone takes any.
        dropout: Share of the features left out of each training step.
        classifier_activation: Activation of the last layer, None for logits.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, any height, any width, 3) -> (batch, classes). Its backbone
        is one nested model.

    Raises:
        ModelError: If a number is out of range, or the backbone is no such model.

    Reference:
        Yosinski et al., How transferable are features in deep neural networks?, 2014.
    """
    shape = tuple(getattr(backbone, "input_shape", ()))
    if len(shape) != 4 or shape[-1] != 3 or shape[1] != shape[2]:
        raise ModelError(f"TransferClassifier takes a backbone of square RGB images, not of {shape}.")
    features = backbone.output_shape
    if len(features) not in (2, 4):
        raise ModelError(f"TransferClassifier takes a backbone that gives features, not {features}.")
    size = shape[1] if image_size is None else image_size
    if not size or shape[1] not in (None, size):
        raise ModelError(f"{backbone.name} takes images of {shape[1]} pixels; image_size is {image_size}.")
    check_sizes("TransferClassifier", {"classes": classes * features[-1]}, classes=classes)
    check_shares("TransferClassifier", dropout=dropout)

    settings = {"crop_to_aspect_ratio": True}
    if "antialias" in inspect.signature(layers.Resizing).parameters:
        settings["antialias"] = True
    images = keras.Input((None, None, 3), name="images")
    # Resizing's `training` is True by default, and what follows would take that over: without the
    # word here, classifier(images) would leave features out by chance as if it were trained
    x = layers.Resizing(size, size, name="resize", **settings)(images, training=False)
    x = backbone(x)
    if len(features) == 4:
        x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
    return keras.Model(images, x, name=name)


def borders(backbone):
    """Where a backbone can be cut in two: the layers at which exactly one tensor crosses.

    Between two layers that learn, several places may do; only one of them is listed, the last of
    those with the smallest tensor. BatchNormalization does not count as learning: see `freeze`.

    Args:
        backbone: A functional model with one input and one output.

    Returns:
        Names of layers, from the input to the output. Cut at the first, all that learns is above.
    """
    found, best = [], None
    for operation, crosses in _crossings(backbone):
        if _learns(operation) and best is not None:
            found.append(best.name)
            best = None
        if crosses and (best is None or _values(operation) <= _values(best)):
            best = operation
    return [*found, best.name]


def border_at(backbone, depth):
    """The border above which a share of a backbone's depth lies.

    Depth is counted in layers that learn, from the end; BatchNormalization does not count. The
    nearest border is taken, of two equally near the one that leaves more frozen.

    Args:
        backbone: A functional model with one input and one output.
        depth: Share of its depth to be trained, 0 for nothing of it, 1 for all. Or the name of a
            layer that is a border, which is then returned.

    Returns:
        Name of a layer, for `freeze` and `split`; None for the whole backbone frozen.

    Raises:
        ModelError: If the depth is not from 0 to 1, or there is no border of that name.
    """
    if isinstance(depth, str):
        _until(backbone, depth)
        return depth
    if not 0 <= depth <= 1:
        raise ModelError(f"The depth to be trained is a share from 0 to 1, not {depth}.")
    learning = [operation for operation in backbone.operations if _learns(operation)]
    names = [operation.name for operation in backbone.operations]
    places = {name: names.index(name) for name in borders(backbone)}
    above = {
        name: sum(names.index(operation.name) > place for operation in learning)
        for name, place in places.items()
    }
    wanted = depth * len(learning)
    nearest = min(reversed(above), key=lambda name: abs(above[name] - wanted))
    return nearest if above[nearest] else None


def freeze(classifier, border=None):
    """Set what is trained: all above the border. Compile afterwards, since Keras looks only then.

    BatchNormalization is never trained, above the border either: a few photos would ruin the
    statistics that it has from many. It computes as it does when predicting.

    Args:
        classifier: What `TransferClassifier` built.
        border: Name of the last frozen layer of the backbone, None for its last: then only the
            head is trained.

    Raises:
        ModelError: If the backbone cannot be cut there.
    """
    backbone = _backbone(classifier)
    frozen = backbone.operations if border is None else _until(backbone, border)
    classifier.trainable = True
    for operation in backbone.operations:
        if isinstance(operation, layers.Layer):
            operation.trainable = operation not in frozen
            for layer in _flat(operation):
                if isinstance(layer, layers.BatchNormalization):
                    layer.trainable = False


def split(classifier, border=None):
    """Cut a classifier in two, that share its layers: what is frozen, and what is trained.

    `trained(frozen(pixels))` is `classifier(pixels)` for pixels at the backbone's image size, and
    training `trained` trains the classifier. Set what is trained with `freeze`, before or after.

    Args:
        classifier: What `TransferClassifier` built.
        border: Name of the layer of the backbone to cut after; None for after its pooling.

    Returns:
        Two uncompiled models: pixels -> activations, and activations -> classes.

    Raises:
        ModelError: If the backbone cannot be cut there.
    """
    backbone = _backbone(classifier)
    place = classifier.layers.index(backbone)
    head = classifier.layers[place + 1 :]
    upper = []
    if border is None:
        activations = backbone.output
        if head[0].name == "pool":
            activations = head.pop(0)(activations)
    else:
        activations = _until(backbone, border)[-1].output
        if activations is not backbone.output:
            upper = [keras.Model(activations, backbone.output, name="top")]
    frozen = keras.Model(backbone.input, activations, name="frozen")
    x = inputs = keras.Input(activations.shape[1:], dtype=activations.dtype, name="activations")
    for layer in [*upper, *head]:
        x = layer(x)
    return frozen, keras.Model(inputs, x, name="trained")


def _backbone(classifier):
    """The one nested model."""
    nested = [layer for layer in classifier.layers if isinstance(layer, keras.Model)]
    if len(nested) != 1:
        raise ModelError(f"{classifier.name} is no TransferClassifier: it has {len(nested)} nested models.")
    return nested[0]


def _crossings(backbone):
    """Each operation from input to output, and whether its output alone crosses to those after it.

    Keras's order is one in which each operation comes after all that it needs. So at an operation
    that all paths lead through, no other output is still needed; elsewhere, another is.
    """
    needed = Counter(
        id(tensor) for operation in backbone.operations for tensor in keras.tree.flatten(operation.input)
    )
    needed.update(id(tensor) for tensor in backbone.outputs)
    waiting = {}
    for operation in backbone.operations:
        for tensor in keras.tree.flatten(operation.input):
            waiting[id(tensor)] -= 1
        for tensor in keras.tree.flatten(operation.output):
            waiting[id(tensor)] = needed[id(tensor)]
        crossing = {tensor for tensor, count in waiting.items() if count}
        yield operation, crossing == {id(operation.output)}


def _until(backbone, border):
    """The operations up to and including the border."""
    passed = []
    for operation, crosses in _crossings(backbone):
        passed.append(operation)
        if operation.name == border:
            if crosses:
                return passed
            break
    raise ModelError(
        f"{backbone.name} cannot be cut at {border!r}; it can at {', '.join(borders(backbone))}."
    )


def _flat(layer):
    """A layer and all layers in it."""
    yield layer
    for inner in getattr(layer, "layers", ()):
        yield from _flat(inner)


def _learns(operation):
    return isinstance(operation, layers.Layer) and any(
        layer.weights and not isinstance(layer, layers.BatchNormalization) and not hasattr(layer, "layers")
        for layer in _flat(operation)
    )


def _values(operation):
    """Number of values that cross for one image, of unknown sizes as 1."""
    return math.prod(size or 1 for size in operation.output.shape[1:])
