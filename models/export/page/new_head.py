"""What a page needs to give a model a new last layer, and to write the result as a `.keras` file.

The frozen network is all that comes before the last `Dense`; the page trains a new one on its inputs.
"""

import base64
import json
import zlib

import keras
from keras import layers

from ...inspection.graphs import BEFORE, multi_output
from ...loading.archives import ABOUT
from .skeleton import Unfit, skeletons

COUNTS = range(2, 11)  # of new classes
NAME = "own_classes"
UNITS = "<units>"  # stands for their number; longer if a layer is called so
BEGIN = "No new classes can be trained here: "
PASSED = ("activation", "copy", "rescale")  # what may follow the last dense layer


def new_head(model, network, places, digits, pixel_range, rounded=False):
    """What a page needs to train a new last layer.

    Args:
        model: The model with the one output that the page shows.
        network: As `portable` wrote it down.
        places: Where the page has the model's weights, as `portable_with_places` returns them.
        digits: Whether pictures are prepared as digits are.
        pixel_range: Values of black and white in the model's input.
        rounded: Whether the page's weights are rounded.

    Returns:
        {"refused": a sentence that says why there can be no new last layer}; or {"features": id of the node
        whose values the new layer takes, "rounded", "about": what the file says of its classes beside
        their names, "member": under which name, "file": all else that the file needs, compressed (zlib), in
        base64: the length of a description in JSON, in four bytes, this, and what `skeletons` gives}.

    Example:
        >>> from models import LeNet5
        >>> from models.export.page.portable import portable_with_places
        >>> model = LeNet5()
        >>> found = new_head(model, *portable_with_places(model), True, (0, 255))
        >>> found["features"], found["about"]
        (8, {'kind': 'digits', 'settings': {}})
    """
    nodes = network["nodes"]
    last = _last_dense(nodes)
    if refused := _refusal(nodes, last):
        return {"refused": refused}
    try:
        described, bones = _file(model, tuple(last["path"]), places)
    except Unfit as reason:
        return {"refused": f"{BEGIN}{reason}."}
    except (ValueError, TypeError, NotImplementedError, RuntimeError, OSError):
        return {"refused": f"{BEGIN}Keras cannot save a part of this model."}
    text = json.dumps(described, separators=(",", ":")).encode("utf-8")
    content = len(text).to_bytes(4, "little") + text + bones
    return {
        "features": last["inputs"][0],
        "rounded": rounded,
        "about": _about(nodes[0]["shape"], digits, pixel_range),
        "member": ABOUT,
        "file": base64.b64encode(zlib.compress(content, 9)).decode("ascii"),
    }


def _last_dense(nodes):
    node = nodes[-1]
    while node["kind"] in PASSED and len(node["inputs"]) == 1:
        node = nodes[node["inputs"][0]]
    return node if node["kind"] == "dense" and node["type"] == "Dense" else None


def _refusal(nodes, last):
    """Why no new last layer can be trained, as a sentence; "" if it can."""
    if last is None:
        end = next(node for node in reversed(nodes) if node["kind"] not in PASSED)
        if end["kind"] == "recorded":
            return f"{BEGIN}this page does not compute {end['name']} ({end['type']}) for a new picture."
        return (
            f"{BEGIN}this model does not end in a Dense layer, which would be replaced, but in {end['name']} "
            f"({end['type']})."
        )
    before = nodes[: last["id"]]
    if others := [node["name"] for node in before if node["kind"] == "input" and node["id"]]:
        return f"{BEGIN}this model takes {', '.join(others)} beside the picture."
    if boxes := [f"{node['name']} ({node['type']})" for node in before if node["kind"] == "recorded"]:
        return f"{BEGIN}this page does not compute {', '.join(boxes)} for a new picture."
    return ""


def _about(shape, digits, pixel_range):
    """What the saved file says of its pictures: `tutorials.predict` reads digits and photos."""
    if digits:
        return {"kind": "digits", "settings": {}}
    height, width, channels = shape
    if height == width and channels == 3 and tuple(pixel_range) == (0, 255):
        return {"kind": "photos", "settings": {"image_size": height}}
    return {"kind": "pictures", "settings": {"shape": list(shape), "pixel_range": [*map(float, pixel_range)]}}


def _file(model, path, places):
    """The model with a new last layer as a file without its numbers."""
    before = multi_output(model, [(*path, BEFORE)])
    names = {layer.name for layer in before.layers}
    name = next(each for n in range(len(names) + 1) if (each := NAME + "_" * n) not in names)
    head = layers.Dense(max(COUNTS), activation="softmax", name=name)
    made = keras.Model(before.inputs, head(before.outputs[0]), name=f"{model.name}_{NAME}")
    config = _config(made, name)
    try:
        found, bones = skeletons(made, name, COUNTS, places)
    except OSError as error:
        raise Unfit("a file of this model could not be written to the temporary folder") from error
    return {"config": config, "keras": keras.__version__} | found, bones


def _config(model, head):
    """The model's config as Keras saves it, in two parts: before and after the number of classes."""
    config = json.loads(model.to_json())
    shared = {}
    _number_shared(config, shared)
    _check_own(config)
    (layer,) = [each for each in config["config"]["layers"] if each["name"] == head]
    text, units = json.dumps(config), UNITS
    while units in text:
        units += "_"
    layer["config"]["units"] = units
    return json.dumps(config, separators=(",", ":")).split(f'"{units}"')


def _check_own(config):
    """Refuse what is no part of Keras: functions, and classes of other modules."""
    if isinstance(config, dict):
        name = config.get("class_name")
        own = str(config.get("module") or "keras").split(".")[0] == "keras"
        if name and (not own or name == "__lambda__"):
            called = config.get("config") if name == "function" else name
            called = "a lambda function" if name == "__lambda__" else called
            raise Unfit(f"this model has {called}, without whose code its file would not open")
    for each in config.values() if isinstance(config, dict) else config if isinstance(config, list) else ():
        _check_own(each)


def _number_shared(config, numbers):
    """Count what several layers share from 0 on: Keras numbers it by where it lies in memory."""
    if isinstance(config, dict):
        if "shared_object_id" in config:
            old = config["shared_object_id"]
            config["shared_object_id"] = numbers.setdefault(old, len(numbers))
        for each in config.values():
            _number_shared(each, numbers)
    elif isinstance(config, list):
        for each in config:
            _number_shared(each, numbers)
