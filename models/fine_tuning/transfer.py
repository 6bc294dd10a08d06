"""A pretrained backbone with a new head, and which of its layers are trained."""

import math
from collections import Counter

import keras
from keras import layers

from ..checks.arguments import built_model, check_parameters, checked, number, shown, whole
from ..dtypes import output_dtype
from ..errors import ModelError
from .resizing import resizing

_share = number(least=0, most=1)


@checked(image_size=whole(none=True))
def TransferClassifier(
    backbone,
    classes,
    image_size=None,
    dropout=0.2,
    classifier_activation="softmax",
    name="transfer_classifier",
):
    """Resizing → backbone → global average pooling → dropout → dense.

    Images are resized to the backbone's size and cropped to its aspect ratio about the centre. A backbone
    that ends in one vector for an image is not pooled. Nothing is frozen yet: see `freeze`.

    Args:
        backbone: Model of (batch, size, size, 3) pixels in [0, 255], such as `Backbone` builds.
        classes: Number of classes; 1 only without a softmax.
        image_size: Height and width in pixels that images are resized to; None for the backbone's, which
            it must be unless the backbone takes any.
        dropout: Share of the features dropped in each training step, from 0 to less than 1.
        classifier_activation: Activation of the last layer, None for logits.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, any height, any width, 3) -> (batch, classes). Its backbone
        is one nested model.

    Raises:
        ModelError: If an argument is not as described, or the backbone is no such model.

    Reference:
        Yosinski et al., How transferable are features in deep neural networks?, 2014.

    Example:
        >>> from models.pretrained.backbones import Backbone
        >>> backbone = Backbone("convnet", weights=None)
        >>> classifier = TransferClassifier(backbone, classes=3)
        >>> classifier.output_shape, classifier.count_params() - backbone.count_params() == (256 + 1) * 3
        ((None, 3), True)
    """
    built_model("TransferClassifier", "backbone", backbone)
    if len(backbone.inputs) != 1 or len(backbone.outputs) != 1:
        raise ModelError("TransferClassifier takes a backbone of one input and one output, not of several.")
    shape = tuple(backbone.inputs[0].shape)
    if len(shape) != 4 or shape[-1] != 3 or shape[1] != shape[2]:
        raise ModelError(f"TransferClassifier takes a backbone of square RGB images, not of {shape}.")
    features = tuple(backbone.outputs[0].shape)
    if len(features) not in (2, 4):
        raise ModelError(
            "TransferClassifier takes a backbone that gives feature maps or one vector for each image, "
            f"not {features}."
        )
    size = shape[1] if image_size is None else image_size
    if not size or shape[1] not in (None, size):
        taken = shape[1] or "any number of"
        raise ModelError(f"{backbone.name} takes images of {taken} pixels; image_size is {image_size}.")
    check_parameters("TransferClassifier", (features[-1] or 1) * classes)

    images = keras.Input((None, None, 3), name="images")
    # Resizing's `training` is True by default, and the layers after it would take that over: without the
    # argument here, classifier(images) would apply dropout as in training
    x = resizing(size)(images, training=False)
    x = backbone(x)
    if len(features) == 4:
        x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(classes, activation=classifier_activation, name="predictions", dtype=output_dtype())(x)
    return keras.Model(images, x, name=name)


def borders(backbone):
    """Where a backbone can be cut in two: the layers whose output alone leads on, with no skip connection.

    Between two layers with trainable weights, several places may do; only one of them is listed, the last
    of those with the smallest tensor. BatchNormalization does not count, since it is never trained: see
    `freeze`.

    Args:
        backbone: A functional model with one input and one output.

    Returns:
        Names of layers, from the input to the output. All trainable weights lie after the first.

    Raises:
        ModelError: If it is no such model.

    Example:
        >>> from models.pretrained.backbones import Backbone
        >>> borders(Backbone("convnet", weights=None))
        ['rescale', 'conv1', 'flatten', 'dense']
    """
    _check_backbone("borders", backbone)
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

    Depth is the number of layers with trainable weights, counted from the end; BatchNormalization does not
    count. The nearest border is taken, of two equally near the one that leaves more frozen.

    Args:
        backbone: A functional model with one input and one output.
        depth: Share of its depth to be trained, 0 for nothing of it, 1 for all. Or the name of a
            layer that is a border, which is then returned.

    Returns:
        Name of a layer, for `freeze` and `split`; None for the whole backbone frozen.

    Raises:
        ModelError: If the depth is not from 0 to 1, or there is no border of that name.

    Example:
        >>> from models.pretrained.backbones import Backbone
        >>> backbone = Backbone("convnet", weights=None)
        >>> [border_at(backbone, depth) for depth in (0, 0.3, 1)]
        [None, 'flatten', 'rescale']
    """
    _check_backbone("border_at", backbone)
    if isinstance(depth, str):
        operations_until(backbone, depth, "depth")
        return depth
    _share("border_at", "depth", depth)
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
    """Freeze all layers up to the border, and unfreeze those above.

    Compile afterwards, since Keras applies it only then.
    BatchNormalization is never trained, above the border either: the statistics of a few photos would
    replace those of the large data set. It computes as it does in inference.

    Args:
        classifier: What `TransferClassifier` built.
        border: Name of the last frozen layer of the backbone, None for its last: then only the
            head is trained.

    Raises:
        ModelError: If it is no such classifier, or the backbone cannot be cut there.

    Example:
        >>> from models.pretrained.backbones import Backbone
        >>> classifier = TransferClassifier(Backbone("convnet", weights=None), classes=3)
        >>> freeze(classifier)
        >>> [weight.path for weight in classifier.trainable_weights]
        ['predictions/kernel', 'predictions/bias']
        >>> freeze(classifier, "pool")
        >>> len(classifier.trainable_weights)
        4
    """
    backbone = _backbone(classifier)
    frozen = backbone.operations if border is None else operations_until(backbone, border)
    classifier.trainable = True
    for operation in backbone.operations:
        if isinstance(operation, layers.Layer):
            operation.trainable = operation not in frozen
            for layer in _flat(operation):
                if isinstance(layer, layers.BatchNormalization):
                    layer.trainable = False


def split(classifier, border=None):
    """Split a classifier into two models that share its layers: the frozen and the trained part.

    `trained(frozen(pixels))` is `classifier(pixels)` for pixels at the backbone's image size, and
    training `trained` trains the classifier. So the outputs of the frozen part can be computed once and
    cached. Freeze with `freeze`, before or after.

    Args:
        classifier: What `TransferClassifier` built.
        border: Name of the layer of the backbone to cut after; None for after its pooling.

    Returns:
        Two uncompiled models: pixels -> activations, and activations -> classes.

    Raises:
        ModelError: If it is no such classifier, or the backbone cannot be cut there.

    Example:
        >>> from models.pretrained.backbones import Backbone
        >>> frozen, trained = split(TransferClassifier(Backbone("convnet", weights=None), 3), "conv1")
        >>> frozen.output_shape, trained.output_shape
        ((None, 14, 14, 16), (None, 3))
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
        activations = operations_until(backbone, border)[-1].output
        if activations is not backbone.output:
            upper = [keras.Model(activations, backbone.output, name="top")]
    frozen = keras.Model(backbone.input, activations, name="frozen")
    x = inputs = keras.Input(activations.shape[1:], dtype=activations.dtype, name="activations")
    for layer in [*upper, *head]:
        x = layer(x)
    return frozen, keras.Model(inputs, x, name="trained")


def _check_backbone(owner, backbone):
    built_model(owner, "backbone", backbone)
    if len(backbone.inputs) != 1 or len(backbone.outputs) != 1 or not hasattr(backbone, "operations"):
        raise ModelError(
            f"{owner} needs a backbone that is a functional model of one input and one output, "
            f"not {shown(backbone)}."
        )


def _backbone(classifier):
    """The one nested model."""
    built_model("freeze and split", "classifier", classifier)
    nested = [layer for layer in classifier.layers if isinstance(layer, keras.Model)]
    if len(nested) != 1:
        raise ModelError(f"{classifier.name} is no TransferClassifier: it has {len(nested)} nested models.")
    _check_backbone("freeze and split", nested[0])
    return nested[0]


def _crossings(backbone):
    """Each operation from input to output, and whether its output alone is needed by those after it.

    Keras orders operations so that each comes after those whose outputs it takes. So at an operation
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


def operations_until(backbone, border, name="border"):
    """The operations of a backbone up to a border, that one included.

    Args:
        backbone: A functional model with one input and one output.
        border: Name of a layer, see `borders`.
        name: What an error calls it.

    Returns:
        List of operations, from the input on.

    Raises:
        ModelError: If there is no border of that name.

    Example:
        >>> from models.pretrained.backbones import Backbone
        >>> [each.name for each in operations_until(Backbone("convnet", weights=None), "conv1")]
        ['pixels', 'grey', 'rescale', 'conv1']
    """
    _check_backbone("operations_until", backbone)
    passed = []
    for operation, crosses in _crossings(backbone) if isinstance(border, str) else ():
        passed.append(operation)
        if operation.name == border:
            if crosses:
                return passed
            break
    known = ", ".join(borders(backbone))
    raise ModelError(f"{backbone.name} cannot be cut at the {name} {shown(border)}; it can at {known}.")


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
    """Number of output values for one image, with unknown sizes taken as 1."""
    return math.prod(size or 1 for size in operation.output.shape[1:])
