"""A Keras model of one's own as a backbone: loaded without trust, taken apart, and without its head."""

import hashlib
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
from keras import layers

from ..checks.arguments import built_model, shown
from ..errors import ModelError
from ..loading.saved_classifiers import load_classifier
from ..pretrained.backbones import Backbone
from ..pretrained.hub_presets import is_preset, preset_model, without_folder
from ..pretrained.table import Entry, entry_of
from .multi_scale import built_size, run_through

USUAL_SIZE = 224  # of images, for a model that takes any
# What comes after the last features: a Dense layer only if it is one for classes, see `_is_head`
AFTER = (layers.Dropout, layers.Softmax, layers.Activation)
POOLING = (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D)
LOCAL = (layers.AveragePooling2D, layers.MaxPooling2D)


@dataclass(frozen=True)
class OwnEntry(Entry):
    """What `Entry` says of a backbone of the table, of a model of one's own.

    Attributes:
        model: The model, with its head; it is left as it is.
        preset: "hub:" and the name or folder of a preset of KerasHub, whose model is without a head.

    Example:
        >>> model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(4, 3)])
        >>> isinstance(backbone_entry(model), OwnEntry), len(backbone_entry(model).fingerprint)
        (True, 64)
    """

    model: keras.Model | None = None
    preset: str = ""

    @property
    def fingerprint(self):
        """SHA-256 of its layers and weights, in hexadecimal."""
        found = hashlib.sha256(self.model.to_json().encode())
        for value in self.model.get_weights():
            found.update(np.ascontiguousarray(value).tobytes())
        return found.hexdigest()


def backbone_entry(backbone):
    """The entry of a backbone: of one of the table, or of a model of one's own.

    Args:
        backbone: A name of the table; or a file that ends in `.keras`, which is loaded without trust, see
            `load_model`; or a built Keras model. Such a model takes square photos of three colours, pixels
            in [0, 255], and scales them itself. It may be functional or sequential, its parts likewise. Or a
            preset of KerasHub, see `preset_model`.

    Returns:
        An `Entry`. That of one's own model has its size as `image_size`; if the model takes any, 224.

    Raises:
        ModelError: If there is no such backbone, or it takes no such photos.

    Example:
        >>> backbone_entry("mobilenet").image_size
        224
        >>> network = keras.Sequential([keras.Input((64, 64, 3)), layers.Conv2D(4, 3), layers.Flatten()])
        >>> entry = backbone_entry(network)
        >>> entry.image_size, entry.one_size
        (64, True)
    """
    if isinstance(backbone, keras.Model):
        return _own_entry(built_model("PhotoClassifier", "backbone", backbone), backbone.name)
    if is_preset(backbone):
        found = _own_entry(preset_model(backbone), without_folder(backbone))
        return replace(found, preset=str(backbone))
    if not is_file(backbone):
        return entry_of(backbone)
    model, about = load_classifier(backbone)
    if about is not None and about.kind in ("photos", "multi-label photos"):
        what = "PhotoClassifier" if about.kind == "photos" else "MultiLabelClassifier"
        raise ModelError(
            f"{backbone} is a {what}, which is not one network but several; name the network that "
            "it was trained from as backbone."
        )
    return _own_entry(model, Path(backbone).name)


def backbone_argument(owner, name, value):
    """Rule: what `backbone_entry` takes: a model, or a name or file as text.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> backbone_argument("PhotoClassifier", "backbone", "own/network.keras")
        'own/network.keras'
    """
    if isinstance(value, keras.Model):
        return built_model(owner, name, value)
    if not isinstance(value, (str, Path)):
        raise ModelError(
            f"{owner} takes {name} as a name of the table in python -m models, a .keras file or a Keras "
            f"model, not {shown(value)}."
        )
    return str(value) if is_file(value) or is_preset(value) else entry_of(str(value)).name


def is_file(backbone):
    """Whether a backbone is named as a file, not as one of the table.

    Args:
        backbone: As for `backbone_entry`.

    Example:
        >>> is_file("own/network.keras"), is_file("mobilenet")
        (True, False)
    """
    return str(backbone).endswith(".keras") and not is_preset(backbone)


def named(backbone, whole=False):
    """What stands for a backbone in a file: its name in the table, or that of its file without the folder.

    Args:
        backbone: As for `backbone_entry`.
        whole: Whether a model of one's own is told from others of its name, by its fingerprint.

    Returns:
        The name; of a Keras model that is no file, its name and `.keras`, which can be saved so.

    Example:
        >>> named("mobilenet"), named("own/network.keras"), named(keras.Sequential(name="network"))
        ('mobilenet', 'network.keras', 'network.keras')
    """
    if is_preset(backbone):
        name = without_folder(backbone)
    elif isinstance(backbone, keras.Model):
        name = f"{backbone.name}.keras"
    else:
        name = Path(backbone).name if is_file(backbone) else backbone
    own = is_preset(name) or is_file(name)
    return f"{name} {backbone_entry(backbone).fingerprint}" if whole and own else name


def built_backbone(entry, weights="pretrained", image_size=None):
    """A backbone from pixels to features, built for one image size.

    Of one's own model the head is left out: its features are the maps before the last global pooling, which
    is pooled anew, or without such pooling its last vector before the Dense layer for the classes. Models
    in it are taken apart, so that it can be cut and fine-tuned at any of its layers. All layers are copies.

    Args:
        entry: What `backbone_entry` returned.
        weights: As for `Backbone`; one's own model has its weights, so that they stay "pretrained".
        image_size: Height and width in pixels that a user asked for; None for what suits the backbone.

    Returns:
        An uncompiled model: (batch, size, size, 3), pixels in [0, 255], -> (batch, height, width, features)
        or (batch, features).

    Raises:
        ModelError: If it cannot be built so.

    Example:
        >>> network = keras.Sequential([
        ...     keras.Input((None, None, 3)),
        ...     layers.Rescaling(1 / 255),
        ...     layers.Conv2D(8, 3, activation="relu"),
        ...     layers.GlobalAveragePooling2D(),
        ...     layers.Dense(5, activation="softmax"),
        ... ])
        >>> built_backbone(backbone_entry(network), image_size=64).output_shape
        (None, 62, 62, 8)
    """
    if not isinstance(entry, OwnEntry):
        return Backbone(entry.name, weights, built_size(entry, image_size))
    if str(weights) != "pretrained":
        raise ModelError(
            f"{entry.name} has weights of its own; leave out weights={shown(weights)}, which are for "
            "backbones of the table."
        )
    size = built_size(entry, image_size)
    if entry.preset:
        return entry.model if size == entry.image_size else preset_model(entry.preset, size)
    if entry.one_size and size != entry.image_size:
        raise ModelError(f"{entry.name} takes images of {entry.image_size} pixels; image_size is {size}.")
    flat = _taken_apart(entry, size)
    backbone = keras.Model(flat.inputs[0], _features(flat), name=flat.name)
    shape = backbone.output_shape
    if len(shape) not in (2, 4) or not shape[-1]:
        raise ModelError(
            f"{entry.name} must give feature maps or one vector for each photo, before its head, not an "
            f"output of shape {shape}."
        )
    if not backbone.weights:
        raise ModelError(
            f"{entry.name} has no layers with weights before its head, so that there are no features."
        )
    for layer in backbone.layers:
        if isinstance(layer, layers.Dropout):
            layer.rate = 0.0
    return backbone


def _own_entry(model, name):
    if not hasattr(model, "operations") and not isinstance(model, keras.Sequential):
        raise ModelError(f"{name} must be a functional or sequential model, to be cut at its layers.")
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ModelError(
            f"{name} must have one input and one output as a backbone; it has {len(model.inputs)} and "
            f"{len(model.outputs)}."
        )
    shape = tuple(model.inputs[0].shape)
    if len(shape) != 4 or shape[-1] != 3 or shape[1] != shape[2]:
        raise ModelError(
            f"{name} must take square photos of three colours as a backbone, (batch, size, size, 3), "
            f"not {shape}."
        )
    size = shape[1] or USUAL_SIZE
    return OwnEntry(
        **{"name": name, "family": "own", "builder": "", "about": "a model of one's own"},
        parameters=model.count_params(),
        **{"image_size": size, "smallest": min(size, 32), "one_size": shape[1] is not None},
        model=model,
    )


def _taken_apart(entry, size):
    """A copy of a model for one image size, without models in it, which computes the same."""
    model, copies = entry.model, {}

    def copy(operation):
        if id(operation) not in copies:
            config = operation.get_config()
            if isinstance(operation, layers.Normalization) and operation.input_mean is None:
                # What it has learned of the data, as settings: weights of its own would not be taken over
                config["mean"] = np.asarray(operation.adapt_mean).tolist()
                config["variance"] = np.asarray(operation.adapt_variance).tolist()
            copies[id(operation)] = operation, type(operation).from_config(config)
        return copies[id(operation)][1]

    try:
        pixels = keras.Input((size, size, 3), name="pixels")
        flat = keras.Model(pixels, run_through(model, pixels, copy), name=model.name)
        for original, copied in copies.values():
            if isinstance(original, layers.Layer) and copied.weights:
                copied.set_weights(original.get_weights())
        some = np.random.default_rng(0).uniform(0, 255, (1, size, size, 3)).astype("float32")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the model took its input as a list
            expected = keras.ops.convert_to_numpy(model(some, training=False))
        least = 1e-4 * max(1.0, float(np.abs(expected).max()))
        found = keras.ops.convert_to_numpy(flat(some, training=False))
        same = np.allclose(found, expected, rtol=1e-3, atol=least)
    except Exception as error:  # whatever a layer of somebody's raises that is copied or called at this size
        raise ModelError(
            f"{entry.name} cannot be taken apart into its layers for images of {size} pixels: two may have "
            "the same name, or one needs another size or the code that it was made with."
        ) from error
    if not same:
        raise ModelError(
            f"{entry.name} does more than its layers do one after the other, so that it cannot be cut."
        )
    return flat


def _features(flat):
    """The tensor of a flat model that its head begins with."""
    tail, tensor = [], flat.outputs[0]  # operations from the last one back, while each takes one tensor
    while True:
        operation = tensor._keras_history.operation
        before = keras.tree.flatten(operation.input)
        if isinstance(operation, layers.InputLayer) or len(before) != 1:
            break
        tail.append((operation, before[0]))
        tensor = before[0]
    for operation, before in tail:
        local = isinstance(operation, LOCAL) and tuple(operation.output.shape[1:3]) == (1, 1)
        if local or isinstance(operation, POOLING):
            return before
    found = flat.outputs[0]
    for operation, before in tail:
        if isinstance(operation, AFTER):
            continue
        return before if _is_head(operation) else found
    return found


def _is_head(operation):
    """Whether a layer is a Dense layer for classes, not one that computes features."""
    names = {"linear", "softmax", "sigmoid", "log_softmax"}
    return isinstance(operation, layers.Dense) and operation.activation.__name__ in names
