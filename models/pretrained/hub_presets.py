"""Presets of KerasHub as backbones, by name or from a folder: read without trust, of Keras's own layers."""

import difflib
import importlib.util
import inspect
import math
import re
import warnings
from pathlib import Path

import keras
import numpy as np
from keras import layers

from ..checks.arguments import shown
from ..errors import ModelError
from ..loading.configs import LARGEST, MOST_LAYERS
from ..loading.saved_models import SPARE_VALUES, TooMany, no_more_weights_than, read_json
from ..loading.weight_files import fill
from ..startup.quiet import without_notices
from .plain_layers import plain_features

PREFIX = "hub:"
PACKAGE = "keras_hub"
TRANSFORMERS = "ViTBackbone", "DINOV2Backbone", "DINOV3Backbone", "SigLIPBackbone"
OF_MAPS = "ResNetBackbone", "DenseNetBackbone", "XceptionBackbone", "VGGBackbone"
ANY_SIZE = "DINOV2Backbone", "DINOV3Backbone", *OF_MAPS  # their weights fit images of other sizes
FILES = "config.json", "image_converter.json", "model.weights.h5"
MOST_JSON = 1 << 20  # bytes
LARGEST_IMAGE = 4096  # pixels of a side
RESTING = "dropout_rate", "attention_dropout", "drop_path_rate"
REMEDY = "save the preset again with save_to_preset, or fetch the folder again"


def is_preset(backbone):
    """Whether a backbone is named as a preset of KerasHub.

    Args:
        backbone: Anything.

    Example:
        >>> is_preset("hub:dinov2_small"), is_preset("mobilenet")
        (True, False)
    """
    return isinstance(backbone, (str, Path)) and str(backbone).startswith(PREFIX)


def without_folder(backbone):
    """What stands for a preset in a file: its name, or that of its folder without where it lies.

    Args:
        backbone: As for `preset_model`.

    Example:
        >>> without_folder("hub:/data/presets/own_vit"), without_folder("hub:dinov2_small")
        ('hub:own_vit', 'hub:dinov2_small')
    """
    return PREFIX + _name(str(backbone).removeprefix(PREFIX))


def preset_model(backbone, image_size=None):
    """A preset of KerasHub as a network from pixels to features.

    It is built of Keras's own layers alone, with the preset's weights: it is saved, loaded, cut and
    fine-tuned as any other, without KerasHub. What it computes is compared with KerasHub's network. (LiteRT
    does not run the rotary positions of DINOv3.)

    Args:
        backbone: "hub:" and a name that KerasHub knows, which it downloads once; or "hub:" and a folder that
            `save_to_preset` wrote, with its image converter. ViT, DINOv2, DINOv3, SigLIP without its texts,
            ResNet, DenseNet, Xception and VGG.
        image_size: Height and width in pixels; None for the preset's. ViT and SigLIP take no other.

    Returns:
        An uncompiled model: (batch, size, size, 3), pixels in [0, 255], -> (batch, features), or
        (batch, height, width, features); see `plain_features`.

    Raises:
        ModelError: If KerasHub is not installed, there is no such preset, it cannot be downloaded, or it is
            damaged, hostile or of another kind.

    Example:
        >>> preset_model("hub:dinov2_small").output_shape  # doctest: +SKIP
        (None, 768)
    """
    hub, name = _package(backbone), str(backbone).removeprefix(PREFIX)
    folder = _folder(hub, name)
    kind, config = _configuration(folder)
    scale, offset, converter_size = _conversion(folder / "image_converter.json")
    vision = config["vision_encoder"] if kind == "SigLIPBackbone" else config
    size = _size(folder, kind, vision, converter_size, image_size)
    if kind in ANY_SIZE:
        vision["image_shape"] = [size, size, 3]
    network = _filled(hub, folder, kind, config)
    pixels = keras.Input((size, size, 3), name="pixels")
    x = layers.Rescaling(scale, offset, name="rescale")(pixels)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = keras.Model(pixels, plain_features(network, x), name=re.sub(r"\W", "_", _name(name)))
            same = _computes_the_same(model, network, kind, config, scale, offset, size)
    except Exception as error:  # the layers of another version of KerasHub may be called anything
        raise _unknown(hub, name) from error
    if not same:
        raise _unknown(hub, name)
    return model


def _name(folder):
    """The name of a folder without where it lies, also of ".."."""
    return Path(folder).name if Path(folder).name not in ("", "..") else Path(folder).resolve().name


def _package(backbone):
    if importlib.util.find_spec(PACKAGE) is None:
        raise ModelError(
            f"{backbone} is a preset of KerasHub, which is not installed; install it with: "
            "python -m pip install keras-hub"
        )
    try:
        with without_notices():
            import keras_hub
    except Exception as error:  # whatever a package raises that does not fit the others
        raise ModelError(
            f"{backbone} needs KerasHub, which cannot be imported here ({_first(error)}); install it again "
            "with: python -m pip install keras-hub"
        ) from error
    return keras_hub


def _folder(hub, name):
    """The folder of a preset; of one that KerasHub knows, where it has downloaded it to."""
    known = sorted({each for kind in (*TRANSFORMERS, *OF_MAPS) for each in getattr(hub.models, kind).presets})
    if name not in known:
        folder = Path(name)
        if folder.is_dir() and name:
            return folder
        close = difflib.get_close_matches(name, known, 1, 0.5)
        raise ModelError(
            f"There is no preset {shown(name)} of photos in KerasHub {hub.__version__}, and no such folder"
            + (f"; do you mean {PREFIX}{close[0]}?" if close else "; give another name, or a folder.")
        )
    from keras_hub.src.utils.preset_utils import get_file

    try:
        return [Path(get_file(name, file)) for file in FILES][-1].parent
    except Exception as error:  # no network, no such file, no space: each service raises kinds of its own
        offline = isinstance(error, ConnectionError) or "Max retries exceeded" in str(error)
        reason = "there is no connection" if offline else _first(error)
        raise ModelError(
            f"The preset {name} cannot be downloaded ({reason}); try again, or name a folder that holds it."
        ) from error


def _configuration(folder):
    """The kind of a preset's network, and the arguments that it is built with: plain values alone."""
    path = folder / "config.json"
    found = read_json(path, MOST_JSON, REMEDY)
    kind, config = (found.get(key) for key in ("class_name", "config")) if isinstance(found, dict) else (0, 0)
    if not isinstance(kind, str) or not isinstance(config, dict):
        raise ModelError(f"{path} describes no network; {REMEDY}.")
    if kind not in (*TRANSFORMERS, *OF_MAPS):
        known = ", ".join(each.removesuffix("Backbone") for each in (*TRANSFORMERS, *OF_MAPS))
        raise ModelError(f"{path} is of a {shown(kind)}, which cannot be a backbone here; there are {known}.")
    if kind != "SigLIPBackbone":
        return kind, _plain(path, config)
    parts = {}
    for part, expected in (("vision_encoder", "SigLIPVisionEncoder"), ("text_encoder", "SigLIPTextEncoder")):
        inner = config.get(part)
        if not isinstance(inner, dict) or inner.get("class_name") != expected:
            raise ModelError(f"{path} has no {expected} as its {part}; {REMEDY}.")
        parts[part] = _plain(path, inner.get("config"))
    return kind, parts


def _plain(path, config):
    """Arguments of a network: numbers, texts and lists of them. What is left out takes Keras's defaults."""
    if not isinstance(config, dict):
        raise ModelError(f"{path} describes no network; {REMEDY}.")
    quantized = isinstance(config.get("dtype"), dict) and "DTypePolicyMap" in str(config["dtype"])
    if quantized or config.get("data_format") == "channels_first":
        raise ModelError(f"{path} is of quantized weights or puts colours first; save it without that.")
    found = {name: value for name, value in config.items() if name not in ("name", "trainable", "dtype")}
    for name, value in found.items():
        for one in keras.tree.flatten(value):
            number = isinstance(one, (int, float)) and math.isfinite(one) and abs(one) <= LARGEST
            if isinstance(value, dict) or not (one is None or isinstance(one, str) or number):
                raise ModelError(f"{path} has a {shown(name)} that no network has; {REMEDY}.")
            if name.startswith(("num_", "stackwise_num_")) and number and one > MOST_LAYERS:
                raise ModelError(f"{path} asks for a {shown(name)} of {one:,}, more than any network needs.")
    return found | {name: 0.0 for name in RESTING if name in found}


def _conversion(path):
    """How pixels are scaled: (scale, offset, image size or None); the first two are one number or three."""
    if not path.exists():
        raise ModelError(
            f"{path} is missing, so that nothing says how pixels are scaled; save the image converter with "
            "save_to_preset into the same folder."
        )
    found = read_json(path, MOST_JSON, REMEDY)
    config = found.get("config") if isinstance(found, dict) else None
    if not isinstance(config, dict):
        raise ModelError(f"{path} describes no image converter; {REMEDY}.")
    size = config.get("image_size", (config.get("height"), config.get("width")))
    scale, offset = config.get("scale"), config.get("offset")
    try:
        scale = np.asarray(1 if scale is None else scale, "float64")
        offset = np.asarray(0 if offset is None else offset, "float64")
        if "mean" in config and "variance" in config:  # as earlier versions of KerasHub wrote it
            deviation = np.sqrt(np.asarray(config["variance"], "float64"))
            scale, offset = scale / deviation, -np.asarray(config["mean"], "float64") / deviation
        size = None if size in (None, [None, None], (None, None)) else [int(side) for side in size]
    except (TypeError, ValueError, OverflowError) as error:
        raise ModelError(f"{path} has no numbers where they belong; {REMEDY}.") from error
    if any(each.shape not in ((), (3,)) or not np.isfinite(each).all() for each in (scale, offset)):
        raise ModelError(f"{path} must scale pixels by one number or three; {REMEDY}.")
    if size and (len(size) != 2 or size[0] != size[1]):
        raise ModelError(f"{path} is for images of {size} pixels, not for square ones; take another preset.")
    return scale.tolist(), offset.tolist(), size[0] if size else None


def _size(folder, kind, vision, converter_size, image_size):
    """Height and width of the images to build a network for."""
    shape = vision.get("image_shape")
    shape = shape if isinstance(shape, (list, tuple)) and len(shape) == 3 else [None] * 2 + [3]
    own = shape[0] if kind not in ANY_SIZE else converter_size or shape[0] or 224
    size = own if image_size is None else image_size
    if kind not in ANY_SIZE and size != own:
        raise ModelError(f"{folder.name} takes images of {own} pixels alone; image_size is {size}.")
    patch = vision.get("patch_size", 1)
    if isinstance(patch, (list, tuple)) and patch and all(each == patch[0] for each in patch):
        patch = patch[0]
    if shape[2] != 3 or type(size) is not int or type(patch) is not int or patch < 1:
        raise ModelError(f"{folder / 'config.json'} does not take square photos of three colours.")
    if not max(patch, 8) <= size <= LARGEST_IMAGE or size % patch or (shape[0] != shape[1]):
        raise ModelError(
            f"{folder.name} takes square images whose sides are multiples of {patch} pixels, from "
            f"{max(patch, 8)} to {LARGEST_IMAGE}; image_size is {size}."
        )
    return size


def _filled(hub, folder, kind, config):
    """KerasHub's network with the weights of a folder."""
    path = folder / "model.weights.h5"
    if not path.is_file():
        raise ModelError(f"{path} is missing, or its weights lie in several files; {REMEDY}.")
    most = path.stat().st_size // 2 + 64 * SPARE_VALUES  # beside them, positions are kept for another size
    try:
        with without_notices(shown_on_failure=False), no_more_weights_than(most):
            if kind == "SigLIPBackbone":
                network = hub.models.SigLIPBackbone(
                    _built(hub.models.SigLIPVisionEncoder, config["vision_encoder"]),
                    _built(hub.models.SigLIPTextEncoder, config["text_encoder"]),
                )
            else:
                network = _built(getattr(hub.models, kind), config)
    except TooMany as error:
        raise ModelError(
            f"{folder / 'config.json'} asks for more weights than {path.name} holds ({error}); {REMEDY}."
        ) from error
    except Exception as error:  # whatever a network raises on arguments that do not fit each other
        raise ModelError(
            f"{folder / 'config.json'} describes no network that KerasHub {hub.__version__} builds "
            f"({_first(error)}); {REMEDY}."
        ) from error
    fill(network, path, "the network of its config.json", REMEDY)
    return network.vision_encoder if kind == "SigLIPBackbone" else network


def _built(kind, config):
    unknown = set(config) - set(inspect.signature(kind.__init__).parameters)
    if unknown:  # Keras would ignore them
        raise ValueError(f"it has no {shown(min(unknown))}")
    return kind(**config)


def _computes_the_same(model, network, kind, config, scale, offset, size):
    """Whether a rebuilt network computes what KerasHub's does, of pixels that are converted beforehand."""
    some = np.random.default_rng(0).uniform(0, 255, (1, size, size, 3)).astype("float32")
    converted = (some * np.asarray(scale) + np.asarray(offset)).astype("float32")
    if isinstance(network.input, dict):
        converted = {next(iter(network.input)): converted}
    expected = keras.ops.convert_to_numpy(network(converted, training=False))
    if expected.ndim == 3:
        special = 1 + config.get("num_register_tokens", 0)
        if kind == "ViTBackbone":
            special = int(network.use_class_token)
        patches = expected[:, special:].mean(1)
        expected = np.concatenate([expected[:, 0], patches], -1) if special else patches
    found = keras.ops.convert_to_numpy(model(some, training=False))
    least = 1e-3 * max(1.0, float(np.abs(expected).max()))
    return found.shape == expected.shape and np.allclose(found, expected, rtol=1e-3, atol=least)


def _unknown(hub, name):
    return ModelError(
        f"{name} has layers that KerasHub {hub.__version__} computes in a way that is not known here; take "
        "another preset."
    )


def _first(error):
    """The first line of what an error says, in a few words."""
    said = " ".join(str(error).split()) or type(error).__name__
    return said[:150].rstrip(".")
