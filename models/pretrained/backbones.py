"""Networks trained on many images, without their heads: what others are fine-tuned from."""

import contextlib
import os
import re
from pathlib import Path

import keras
from keras import layers, ops

from ..checks.arguments import whole
from ..convnets import ConvNet
from ..errors import ModelError
from ..loading.weight_files import REMEDY, check_finite, copied, difference, load_copy, naming, open_weights
from .published import download, published_layers
from .table import BACKBONES, Entry, entry_of

__all__ = ["BACKBONES", "Backbone", "Entry", "entry_of"]


def Backbone(name="mobilenet", weights="pretrained", image_size=None):
    """A network of the table `BACKBONES`, from pixels to features, with its preprocessing inside.

    The layers are those of `keras.applications`, in one flat model behind the preprocessing that
    they were trained with. Its own dropout, where it has any, rests: what is computed for an image
    is always the same.

    Args:
        name: Name in the table, such as "mobilenet", or "mobilenet_025" with a quarter of the
            features.
        weights: "pretrained" for the set that the table names, by that name ("imagenet",
            "mnist") as well; Keras's cache is looked up, then it is downloaded. Or a file: `.h5` as
            published, `.weights.h5` or `.keras`, of the network with its head or without; a name
            without a width takes the width that the file has. Or None or "none", for random ones.
        image_size: Height and width of the images, None for the table's.

    Returns:
        An uncompiled model: (batch, size, size, 3), pixels in [0, 255], -> (batch, height, width,
        features); "convnet" ends in its dense layer, (batch, features).

    Raises:
        ModelError: If there is no such backbone, the image size is too small, or the weights
            cannot be had or do not fit.

    Reference:
        Each network's paper is in the documentation of `keras.applications`.

    Example:
        >>> from models import Backbone
        >>> backbone = Backbone("mobilenet_025", weights=None, image_size=96)
        >>> backbone.output_shape
        (None, 3, 3, 256)
    """
    entry = entry_of(name)
    size = entry.image_size if image_size is None else image_size
    if isinstance(size, bool) or not isinstance(size, int) or size < entry.smallest:
        raise ModelError(
            f"{name} needs an image_size of at least {entry.smallest} pixels, a whole number, not {size!r}."
        )
    whole(entry.smallest)(name, "image_size", size)
    if weights is None or str(weights) == "none":
        return _build(entry, size)
    if str(weights) in ("pretrained", entry.weights):
        if not entry.origin:
            return _build(entry, size, entry.weights)
        origin, checksum = entry.published(size)
        filled = []  # reading a file is the check that it is sound, so it is read once
        download(origin, checksum, lambda file: filled.append(_fill([entry], size, file)), entry.most_bytes)
        return filled[-1]
    path = Path(weights)
    if not os.path.exists(path):  # noqa: PTH110 (it takes names that are too long for a file)
        raise ModelError(
            f'{name} has no weights {str(weights)!r}, and no such file exists; use "{entry.weights}", '
            '"none", or name a file.'
        )
    if not path.name.endswith((".h5", ".keras")):
        raise ModelError(f"{path} must end in .h5, .weights.h5 or .keras, as Keras saves weights.")
    if entry.family == "convnet":
        return _build(entry, size, path)
    widths = [each for each in BACKBONES.values() if each.family == name] or [entry]
    return _fill(widths, size, path)


def _build(entry, size, weights=None):
    """Build the entry's network behind its preprocessing, flat, every layer named."""
    pixels = keras.Input((size, size, 3), name="pixels")
    if entry.family == "convnet":
        features = _digit_features(pixels, size, weights)
    else:
        x = pixels
        if entry.pixels == "signed":
            x = layers.Rescaling(1 / 127.5, offset=-1, name="rescale")(x)
        builder = getattr(keras.applications, entry.builder)
        features = builder(include_top=False, weights=None, input_tensor=x, **entry.settings).output
    model = keras.Model(pixels, features, name=entry.name)
    for layer in model.layers:
        if isinstance(layer, layers.Dropout):
            layer.rate = 0.0
    if entry.family == "convnet":
        model.operations[1].name = "grey"
    else:
        _name_the_nameless(model)
    return model


def _digit_features(pixels, size, weights):
    """The features of the zoo's ConvNet, up to its dense layer: pooled, a digit's shape would be lost."""
    if weights is not None and size != 28:
        raise ModelError(f"convnet's weights are for an image_size of 28 pixels, not {size}.")
    reader = ConvNet((size, size, 1), weights=weights)
    x = ops.mean(pixels, axis=-1, keepdims=True)
    for layer in reader.layers[1:-2]:  # without its input, and without the dropout and the head
        copy = type(layer).from_config(layer.get_config())
        x = copy(x)
        copy.set_weights(layer.get_weights())
    return x


def _name_the_nameless(model):
    """Number afresh what Keras named by kind and by how many the session had built: activation_17."""
    numbers = {}
    for operation in model.operations:
        kind = re.sub(r"_\d+$", "", operation.name)
        if kind.replace("_", "") == type(operation).__name__.lower():
            numbers[kind] = numbers.get(kind, 0) + 1
            operation.name = f"{kind}_{numbers[kind]}"


def _fill(entries, size, path):
    """Build the first of `entries`, the widths of one network, that the weights in `path` fit."""
    path, needed = Path(path), 4 * max(entry.parameters for entry in entries)
    with contextlib.ExitStack() as stack:
        if path.name.endswith((".weights.h5", ".keras")):
            saved = open_weights(path, needed)
            copy = stack.enter_context(copied(saved, path))
        else:
            saved, copy = published_layers(path, needed), None
        differences = []
        for entry in entries:
            model = _build(entry, size)
            if copy is None:
                differences.append(_assign(model, saved))
                fits = not differences[-1][0]
            elif not (fits := load_copy(model, copy)):
                with naming(path, REMEDY):
                    differences.append(difference(model, saved))
            if fits:
                check_finite(model, path)
                return model
    known = entries[0].family if len(entries) > 1 else entries[0].name
    raise ModelError(
        f"{path} does not fit the backbone {known}: {min(differences)[1]}; name the backbone that it was "
        "saved from."
    )


def _assign(model, saved):
    """Fill the model from the layers of a file of the older kind but for a head.

    Returns:
        (number of weights that differ, the first of them in words); (0, "") if all fit.
    """
    own = [layer for layer in model.layers if layer.weights]
    # Such files hold a layer's weights in this order
    weights = [layer.trainable_weights + layer.non_trainable_weights for layer in own]
    if not len(own) <= len(saved) <= len(own) + 3:  # no head has more than 3 layers with weights
        return sum(map(len, weights)), f"it has {len(saved)} layers with weights, the backbone {len(own)}"
    wrong = []
    for layer, ours, theirs in zip(own, weights, saved, strict=False):
        expected, found = [tuple(weight.shape) for weight in ours], [value.shape for value in theirs]
        if expected != found or any(value.dtype.kind not in "fiu" for value in theirs):
            wrong.append(
                f"the weights of {layer.name} must have the shapes {expected}, and have {found} there"
            )
    if wrong:
        return len(wrong), wrong[0]
    for ours, theirs in zip(weights, saved, strict=False):
        for weight, value in zip(ours, theirs, strict=True):
            weight.assign(value)
    return 0, ""
