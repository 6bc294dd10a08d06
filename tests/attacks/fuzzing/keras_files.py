"""Saved models: good `.keras` files, and such as want to run code, read files or take all memory."""

import base64
import functools
import io
import json
import marshal
import tempfile
import warnings
import zipfile
from pathlib import Path

from fuzzing import jsons, weights
from fuzzing.archives import lie


@functools.cache
def contents(kind):
    """A good model in bytes: "digits", "photos", "text" or "sound"."""
    import keras
    from keras import layers

    import models
    from models import StringClassifier

    keras.utils.set_random_seed(0)
    if kind == "text":
        model = StringClassifier([f"word{n}" for n in range(9)], models.SentimentBag(11, embedding_dim=2))
    elif kind == "sound":
        model = models.SoundConvNet((3000,), classes=2, sampling_rate=6000, filters=(2, 2, 2))
    elif kind == "photos":
        pixels = keras.Input((None, None, 3), name="images")
        x = layers.Resizing(24, 24, crop_to_aspect_ratio=True, name="resize")(pixels)
        x = layers.Conv2D(2, 3, name="conv", activation="relu")(x)
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        model = keras.Model(pixels, layers.Dense(3, activation="softmax", name="predictions")(x))
    else:
        model = models.ConvNet(**weights.DIGITS)
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model.keras")
        return (Path(folder) / "model.keras").read_bytes()


KINDS = ("digits", "photos", "text", "sound")


def good(*kinds):
    """A function that writes a good model of one of these kinds."""

    def write(random, folder):
        weights.secrets(folder)
        (folder / "model.keras").write_bytes(contents(random.choice(kinds)))
        return folder / "model.keras"

    return write


def repacked(path, change):
    """Apply a function to a dictionary of a .keras file's parts, and write it again."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    path.write_bytes(_zip(parts.items()))


def _zip(parts, method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", method) as archive:
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, content in parts:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


def _config(change):
    """A function that spoils a model's configuration by one of a value, `change(random, value, path)`."""

    def harm(random, path):
        def spoil(parts):
            changed = change(random, json.loads(parts["config.json"]), path)
            parts["config.json"] = changed if isinstance(changed, bytes) else json.dumps(changed).encode()

        repacked(path, spoil)

    return harm


def _layers(config):
    """The places of all layers in a model's configuration."""
    found = []
    for place in jsons.nodes(config):
        value = config
        for key in place:
            value = value[key]
        if isinstance(value, dict) and "class_name" in value and "config" in value:
            found.append(place)
    return found


def _escape():
    """Code that shows that it ran: it makes a folder where none may be made."""
    import os

    os.mkdir("escaped")  # noqa: PTH102  (all in one line of code, which is what the attack carries)
    return 0


def foreign_object(random, config, path):
    """Put what runs code or reads files in the place of a layer or of one of its settings."""
    code = base64.b64encode(marshal.dumps(_escape.__code__)).decode()
    secret = str(path.parent / random.choice(("secret.txt", "secret.bin", "secret.h5")))
    function = {"class_name": "__lambda__", "config": {"code": code, "defaults": None, "closure": None}}
    new = random.choice(
        (
            _object("keras.layers", "Lambda", {"name": "x", "function": function, "output_shape": [1]}),
            _object("keras.layers", "Lambda", {"name": "x", "function": [code], "function_type": "lambda"}),
            _object("keras.layers", "TFSMLayer", {"name": "x", "filepath": secret, "call_endpoint": "serve"}),
            _object("keras.layers", "TorchModuleWrapper", {"name": "x", "module": code}),
            _object("keras.layers", "TextVectorization", {"name": "x", "vocabulary": secret}),
            _object("keras.layers", "StringLookup", {"name": "x", "vocabulary": secret}),
            _object("keras.layers", "IntegerLookup", {"name": "x", "vocabulary": secret}),
            _object("keras.layers", "Hashing", {"name": "x", "num_bins": 2**62}),
            _object("keras.layers", "Dense", {"name": "x", "units": 10**9}),
            _object("keras.layers", "Embedding", {"name": "x", "input_dim": 10**9, "output_dim": 10**6}),
            _object("keras.layers", "RandomFlip", {"name": "x"}),
            _object("os", "mkdir", ["escaped"]), _object("os", "system", "mkdir escaped"),
            _object("subprocess", "run", ["mkdir", "escaped"]), _object("builtins", "eval", "1"),
            _object("builtins", "open", "escaped"), _object("shutil", "rmtree", "."),
            _object("antigravity", "fly"),
            _object("keras.config", "function", "enable_unsafe_deserialization", "function"),
            _object("keras.config", "enable_unsafe_deserialization", {}),
            _object("keras.utils", "get_file", {"origin": "http://127.0.0.1:9/x"}, "get_file"),
            _object("keras.saving", "load_model", {"filepath": secret}),
            _object("keras.models", "load_model", secret, "function"),
            _object("builtins", "__tuple__", [1] * 1000), _object("builtins", "slice", {}),
            {"class_name": "__numpy__", "config": {"value": [1], "dtype": "O"}},
            {"class_name": "__tensor__", "config": {"value": [[1]] * 10, "dtype": "string"}},
            {"class_name": "__bytes__", "config": {"value": "x"}},
            {"class_name": "__typespec__", "spec_name": "TensorSpec", "module": "os", "config": {}},
        )
    )  # fmt: skip
    places = _layers(config) or [()]
    place = random.choice(places)
    if random.random() < 0.4:  # in the place of a setting
        inner = [one for one in jsons.nodes(config) if one[: len(place)] == place and len(one) > len(place)]
        place = random.choice(inner or [place])
    return jsons.replaced(config, place, new)


def _object(module, name, config=None, kind=None):
    return {"module": module, "class_name": kind or name, "config": {} if config is None else config,
            "registered_name": random_name(name)}  # fmt: skip


def random_name(name):
    return name if len(name) % 2 else None


def odd_setting(random, config, path):
    """Change settings of layers: sizes, names, shapes, types."""
    for _ in range(random.choice((1, 1, 3))):
        config = random.choice((jsons.odd_value, jsons.odd_value, jsons.without_key, jsons.swapped))(
            random, config
        )
    return config


def vocabulary_file(random, config, path):
    """Let a vocabulary be read from a file of the machine."""
    secret = str(path.parent / "secret.txt")

    def read(layer):
        layer["config"]["vocabulary"] = secret
        return layer

    return jsons.replaced(config, random.choice(_layers(config)), read)


def odd_text(random, config, path):
    return jsons.text(random, config)


def odd_parts(random, path):
    """Parts that are missing, there twice, huge, elsewhere, or of another kind."""
    with zipfile.ZipFile(path) as archive:
        parts = [(name, archive.read(name)) for name in archive.namelist()]
    which, what = random.randrange(len(parts)), random.randrange(9)
    name, content = parts[which]
    if what == 0:
        parts.pop(which)
    elif what == 1:
        parts.append((name, random.choice((b"", content[:100], bytes(100)))))
    elif what == 2:
        parts.pop(which)
    elif what == 3:
        parts.append((random.choice(("../escaped", "/tmp/escaped", "assets/../../escaped", "assets")), b"x"))
    elif what == 4:
        parts = [(name, b"")] * 30_000
    elif what == 5:
        parts[which] = name, jsons.spoil(random, {"keras_version": "3.9.0", "date_saved": "2025"})
    elif what == 6:
        parts = [("model.weights.npz" if name.endswith(".h5") else name, content) for name, content in parts]
    elif what == 7:
        parts += [("assets/vocabulary/vocabulary.txt", b"\xff"), ("assets/x/" * 50 + "y", b"x")]
    else:
        parts[which] = name, random.choice(parts)[1]
    path.write_bytes(_zip(parts))
    if what == 2:  # a bomb
        bomb = zipfile.ZipInfo(name)
        bomb.compress_type = zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(path, "a", compresslevel=1) as archive, archive.open(bomb, "w") as part:
            part.write(content)
            for _ in range(200):
                part.write(bytes(4_000_000))


def lying(random, path):
    path.write_bytes(lie(random, path.read_bytes()))


HARMS = (
    _config(foreign_object), _config(foreign_object), _config(odd_setting), _config(odd_setting),
    _config(vocabulary_file), _config(odd_text), odd_parts, lying, weights.operate,
)  # fmt: skip


def check(model):
    """What a loaded model may not hold."""
    weights.check(model)
    assert weights.SECRET_WORD not in str(model.get_config()), "the model has read another file"
    for layer in model._flatten_layers():
        if hasattr(layer, "get_vocabulary"):
            words = layer.get_vocabulary()
            assert not any(weights.SECRET_WORD in str(word) for word in words), (
                f"{layer.name} has read a file"
            )
