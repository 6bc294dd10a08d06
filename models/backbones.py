"""Networks trained on many images, without their heads: what others are fine-tuned from."""

import re
import warnings
from pathlib import Path

import keras
from keras import layers, ops

from models._backbone_table import BACKBONES, Entry, entry_of
from models._errors import ModelError
from models._free_memory import check_sizes
from models._published import download, published_layers
from models.convnets import ConvNet

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
    """
    entry = entry_of(name)
    size = entry.image_size if image_size is None else image_size
    if isinstance(size, bool) or not isinstance(size, int) or size < entry.smallest:
        raise ModelError(
            f"{name} needs an image_size of at least {entry.smallest} pixels, a whole number, not {size!r}."
        )
    check_sizes(name, image_size=size)
    if weights is None or str(weights) == "none":
        return _build(entry, size)
    if str(weights) in ("pretrained", entry.weights):
        if not entry.origin:
            return _build(entry, size, entry.weights)
        origin = entry.origin.format(size=size if size in entry.sizes else entry.image_size)
        return _fill([entry], size, download(origin, entry.checksum))
    path = Path(weights)
    if not path.is_file():
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
    saved = published_layers(path)
    for entry in entries if saved != [] else ():
        model = _build(entry, size)
        if _load(model, path) if saved is None else _assign(model, saved):
            return model
    known = entries[0].family if len(entries) > 1 else entries[0].name
    raise ModelError(
        f"{path} does not fit the backbone {known}, or is damaged; name the backbone that it was saved "
        "from, or fetch the file again."
    )


def _load(model, path):
    """Fill the model from a file of Keras's newer kinds; False if it does not fit."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Keras's word for weights left random
            model.load_weights(path)
    except Exception:  # h5py and Keras raise many kinds on a file that does not fit
        return False
    return True


def _assign(model, saved):
    """Fill the model from the layers of a file of the older kind but for a head; False if they do not fit."""
    own = [layer for layer in model.layers if layer.weights]
    if not len(own) <= len(saved) <= len(own) + 3:  # no head has more than 3 layers with weights
        return False
    # Such files hold a layer's weights in this order
    weights = [layer.trainable_weights + layer.non_trainable_weights for layer in own]
    if any(
        [tuple(weight.shape) for weight in ours] != [value.shape for value in theirs]
        for ours, theirs in zip(weights, saved, strict=False)
    ):
        return False
    for ours, theirs in zip(weights, saved, strict=False):
        for weight, value in zip(ours, theirs, strict=True):
            weight.assign(value)
    return True
