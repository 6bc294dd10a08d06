"""Files of weights and models that others made: what they hold is checked before any of it is used."""

import contextlib
import io
import json
import os
import random
import stat
import tracemalloc
import warnings
import zipfile

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from keras.src.legacy.saving import legacy_h5_format  # Keras's own writer of the published kind

import models
from models import ModelError, load_model
from models.errors import Refused
from models.loading.hdf5 import Hdf5
from models.pretrained.backbones import Backbone
from models.zoo import FOLDER


@contextlib.contextmanager
def little_memory():
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


def one_sentence(error, file):
    said = str(error.value)
    assert said.startswith(str(file)) and said.endswith(".") and "\n" not in said and len(said) < 700
    return said


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    pixels = keras.Input((8, 8, 1), name="pixels")
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(pixels)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Flatten(name="flat")(x)
    return keras.Model(pixels, layers.Dense(3, activation="softmax", name="answer")(x), name="small")


@pytest.fixture(scope="module")
def saved(network, tmp_path_factory):
    """The parts of its `.keras` file, by name."""
    file = tmp_path_factory.mktemp("saved") / "model.keras"
    network.save(file)
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(file, parts, **settings):
    with zipfile.ZipFile(file, "w", **settings) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file


def weights_file(file, **arrays):
    with h5py.File(file, "w") as opened:
        for name, values in arrays.items():
            opened[name.replace("__", "/")] = values
    return file


# What the reader reads, held against the HDF5 library


def test_everything_that_h5py_writes_for_keras_is_read_as_h5py_reads_it(tmp_path):
    noise = np.random.default_rng(0).normal(size=(30, 7, 5))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for dtype in "f2", "f4", "f8", "i1", "u2", "i8", ">f4", "?":
            file[f"kinds/{dtype}"] = (10 * noise).astype(dtype)
        file["scalar"], file["empty"] = np.float32(3), np.zeros((0, 4))
        for n in range(300):  # more than one node of a tree of names
            file[f"many/layer_{n}/vars/0"] = np.full(2, n, "f4")
        for n, settings in enumerate(
            [{"compression": "gzip"}, {"compression": "gzip", "shuffle": True}, {"chunks": (4, 3, 2)}]
        ):
            file.create_dataset(f"chunks/{n}", data=noise, **settings)
        names = [f"name of layer {n}" for n in range(50)]
        file.attrs["variable"], file.attrs["none"] = names, []
        file["many"].attrs["fixed"] = np.array(names, "S20")
    found, expected = Hdf5((tmp_path / "a.h5").read_bytes()), {}
    with h5py.File(tmp_path / "a.h5") as file:
        file.visititems(lambda path, one: expected.update({path: one[()]} if hasattr(one, "dtype") else {}))
    assert set(found.arrays) == set(expected)
    for path, values in expected.items():
        np.testing.assert_array_equal(found.read(path), values)
        assert found.read(path).dtype == values.dtype and found.arrays[path].shape == values.shape
    assert found.names("", "variable") == found.names("many", "fixed") == names
    assert found.names("", "none") == [] and found.names("", "else") is None


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.h5")))
def test_the_zoos_own_weights_are_read_as_h5py_reads_them(file):
    found, seen = Hdf5(file.read_bytes()), []

    def compare(path, one):
        if isinstance(one, h5py.Dataset):
            seen.append(path)
            np.testing.assert_array_equal(found.read(path), one[()])

    with h5py.File(file) as opened:
        opened.visititems(compare)
    assert sorted(seen) == sorted(found.arrays)


# Hostile HDF5 files


def plant(file, what, folder):
    """Write a file of MLP-like weights in which one thing is wrong."""
    secret = folder / "secret.bin"
    secret.write_bytes(b"\x01\x02\x03\x04" * 1000)
    with h5py.File(folder / "other.h5", "w") as other:
        other["vars/0"] = np.ones(4, "f4")
    latest = {"libver": "latest"} if what == "newer form" else {}
    block = {"userblock_size": 512} if what == "user block" else {}
    with h5py.File(file, "w", **latest, **block) as opened:
        group = opened.create_group("layers/dense/vars")
        group["0"] = np.ones((4, 4), "f4")
        if what == "external storage":
            group.create_dataset("1", (4,), "f4", external=[(str(secret), 0, 16)])
        elif what == "soft link":
            group["1"] = h5py.SoftLink("/layers/dense/vars/0")
        elif what == "external link":
            group["1"] = h5py.ExternalLink(str(folder / "other.h5"), "vars/0")
        elif what == "external group":
            opened["layers/more"] = h5py.ExternalLink(str(folder / "other.h5"), "/")
        elif what == "virtual":
            layout = h5py.VirtualLayout((4,), "f4")
            layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "vars/0", (4,))
            group.create_virtual_dataset("1", layout)
        elif what == "hard link twice":
            group["1"] = group["0"]
        elif what == "cycle":
            group["1"] = opened["layers"]
        elif what == "text":
            group["1"] = np.array([b"a", b"b"])
        elif what == "variable":
            group.create_dataset("1", data=["a", "b"], dtype=h5py.string_dtype())
        elif what == "compound":
            group["1"] = np.zeros(2, [("a", "f4"), ("b", "i4")])
        elif what == "reference":
            group.create_dataset("1", data=[group["0"].ref], dtype=h5py.ref_dtype)
        elif what == "opaque":
            group["1"] = np.zeros(2, "V3")
        elif what == "named type":
            opened["type"] = np.dtype("f4")
            group.create_dataset("1", (4,), dtype=opened["type"])
        elif what == "filter":
            group.create_dataset("1", data=np.ones(1000), compression="lzf")
        elif what == "bomb":
            group.create_dataset("1", (2**40,), "f4", chunks=(2**20,), compression="gzip")
        elif what == "unpacks":
            group.create_dataset("1", data=np.zeros(2**23, "f4"), compression="gzip", compression_opts=9)
        elif what == "never written":
            group.create_dataset("1", (2**36,), "f4")
        elif what == "deep":
            opened.create_group("/".join("a" * 100))
    return file


PLANTED = {
    "external storage": "stored in another file",
    "soft link": "link to another place",
    "external link": "links that may lead to other places",
    "external group": "links that may lead to other places",
    "virtual": "does not use",
    "hard link twice": "is damaged",
    "cycle": "is damaged",
    "text": "array of texts",
    "variable": "values of variable length",
    "compound": "compound values",
    "reference": "references",
    "opaque": "opaque values",
    "named type": "share their description|type that stands alone",
    "filter": "other means than gzip",
    "bomb": "claims to hold 4,398,",
    "unpacks": "claims to hold 33,",
    "never written": "that are not there",
    "newer form": "newer form of HDF5",
    "user block": "no HDF5 file",
    "deep": "too many groups in each other",
}


@pytest.mark.parametrize("what", PLANTED)
def test_what_no_weights_file_needs_is_refused_wherever_it_is(what, saved, tmp_path):
    file = plant(tmp_path / "a.weights.h5", what, tmp_path)
    with little_memory(), pytest.raises(ModelError, match=PLANTED[what]) as error:
        models.MLP(weights=file)
    one_sentence(error, file)
    file.rename(tmp_path / "b.h5")
    with pytest.raises(ModelError, match=PLANTED[what]):
        Backbone("mobilenet_025", tmp_path / "b.h5", 32)
    packed = pack(tmp_path / "c.keras", saved | {"model.weights.h5": (tmp_path / "b.h5").read_bytes()})
    with little_memory(), pytest.raises(ModelError, match=PLANTED[what]) as error:
        load_model(packed)
    one_sentence(error, packed)


def test_a_file_that_changes_what_hdf5_believes_is_read_right_or_refused(network, tmp_path):
    """Of files that were changed so at random, the HDF5 library itself crashes on some."""
    network.save_weights(tmp_path / "a.weights.h5")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, network)
        file.create_dataset("chunks", data=np.arange(5000.0), compression="gzip", shuffle=True)
    outcomes = {"read": 0, "refused": 0}
    for name in "a.weights.h5", "b.h5":
        content = (tmp_path / name).read_bytes()
        for seed in range(150):
            changed, draw = bytearray(content), random.Random(seed)
            for _ in range(draw.choice([1, 2, 8])):
                changed[draw.randrange(len(content))] = draw.choice(
                    [0, 1, 127, 128, 255, draw.randrange(256)]
                )
            changed = changed[: draw.randrange(len(content))] if seed % 4 == 0 else changed
            try:
                found = Hdf5(bytes(changed))
                for path in found.arrays:
                    assert found.read(path).nbytes == found.arrays[path].nbytes
                found.names("", "layer_names")
                outcomes["read"] += 1
            except Refused:
                outcomes["refused"] += 1
    assert min(outcomes.values()) > 50


def flipped(content, seed):
    """A copy with some bits turned, or cut off."""
    draw, copy = random.Random(seed), bytearray(content)
    if seed % 4 == 3:
        return bytes(copy[: draw.randrange(len(copy))])
    for _ in range(draw.choice([1, 4, 16, 64])):
        # Two of three where the names and the structure are
        place = draw.randrange(60_000 if seed % 4 else len(copy))
        copy[min(place, len(copy) - 1)] ^= 1 << draw.randrange(8)
    return bytes(copy)


@pytest.fixture(scope="module")
def quarter():
    return Backbone("mobilenet_025", None, 32)


def try_all(content, quarter, file, monkeypatch, seeds):
    monkeypatch.setattr(
        "models.pretrained.backbones._build", lambda entry, size: quarter
    )  # which takes half a second
    outcomes = {"filled": 0, "refused": 0}
    for seed in seeds:
        file.write_bytes(flipped(content, seed))
        try:
            Backbone("mobilenet_025", file, 32)
            outcomes["filled"] += 1
        except ModelError as error:
            assert str(error).startswith(str(file)) and "\n" not in str(error)
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 0.1 * len(seeds)


def published(quarter, file):
    with h5py.File(file, "w") as opened:
        legacy_h5_format.save_weights_to_hdf5_group(opened, quarter)
    return file.read_bytes()


def test_damaged_copies_of_a_mobilenet_are_one_sentence(quarter, tmp_path, monkeypatch):
    try_all(published(quarter, tmp_path / "a.h5"), quarter, tmp_path / "b.h5", monkeypatch, range(20))


@pytest.mark.slow
@pytest.mark.long
def test_1200_damaged_copies_of_the_published_mobilenet_are_one_sentence(
    published_mobilenet, quarter, tmp_path, monkeypatch
):
    try_all(published_mobilenet.read_bytes(), quarter, tmp_path / "b.h5", monkeypatch, range(1200))


@pytest.mark.parametrize("ending", [".weights.h5", ".h5", ".keras"])
@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "empty", "web page", "too large"])
def test_what_is_no_file_of_weights_is_said_without_waiting(kind, ending, tmp_path):
    file = tmp_path / f"a{ending}"
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    elif kind == "device":
        file.symlink_to("/dev/zero")
    elif kind == "too large":  # of holes
        file.touch()
        os.truncate(file, 2**42)
    else:
        file.write_bytes(b"" if kind == "empty" else b"<!DOCTYPE html><title>Sign in</title>")
    said = {
        "folder": "is a folder, not a file",
        "pipe": "is a pipe, a device",
        "device": "is a pipe, a device",
    }
    said |= {"too large": "where .* are the most"}
    with pytest.raises(ModelError, match=said.get(kind, "no HDF5 file|web page|no .keras file")):
        Backbone("mobilenet_025", file, 32)
    if ending == ".keras":
        with pytest.raises(ModelError) as error:
            load_model(file)
        one_sentence(error, file)


# Values, shapes


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_weights_that_are_not_finite_are_refused_by_name(value, network, saved, tmp_path):
    content = io.BytesIO(saved["model.weights.h5"])
    with h5py.File(content, "r+") as file:
        kernel = file["layers/conv2d/vars/0"]
        values = kernel[()].astype("f8")
        values[0, 0, 0, 0] = value
        del file["layers/conv2d/vars/0"]
        file["layers/conv2d/vars/0"] = values
    file = pack(tmp_path / "nan.keras", saved | {"model.weights.h5": content.getvalue()})
    with pytest.raises(ModelError, match=r"no finite numbers \(NaN or infinity, in conv/kernel\)") as error:
        load_model(file)
    one_sentence(error, file)


def test_nan_is_refused_in_every_kind_of_weights_file(tmp_path, quarter):
    mlp = models.MLP()
    before = mlp.layers[-1].bias.numpy()
    mlp.layers[-1].bias.assign(before * np.nan)
    for file in tmp_path / "a.weights.h5", tmp_path / "a.keras":
        mlp.save_weights(file) if file.suffix == ".h5" else mlp.save(file)
        with pytest.raises(ModelError, match="no finite numbers") as error:
            models.MLP(weights=file)
        one_sentence(error, file)
    gamma = quarter.get_layer("conv_pw_13_bn").gamma
    before = gamma.numpy()
    gamma.assign(before * np.inf)
    published(quarter, tmp_path / "b.h5")
    gamma.assign(before)
    with pytest.raises(ModelError, match="infinity, in conv_pw_13_bn/gamma"):
        Backbone("mobilenet_025", tmp_path / "b.h5", 32)


def test_a_wrong_shape_tells_both(saved, network, tmp_path):
    config = json.loads(saved["config.json"])
    config["config"]["layers"][-1]["config"]["units"] = 2
    file = pack(tmp_path / "a.keras", saved | {"config.json": json.dumps(config)})
    with pytest.raises(ModelError, match=r"must have the shape \(144, 2\), and has \(144, 3\) there"):
        load_model(file)
    small = keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10, name="d")])
    small.save_weights(tmp_path / "b.weights.h5")
    with pytest.raises(ModelError, match=r"does not fit this MLP: weight 0 of the layer .* \(784, "):
        models.MLP(weights=tmp_path / "b.weights.h5")


# Hostile `.keras` files


def changed_config(saved, change):
    config = json.loads(saved["config.json"])
    change(config["config"]["layers"])
    return saved | {"config.json": json.dumps(config)}


def layer(name, **config):
    """A layer's part of a configuration, that takes the place of the flattening one."""
    return {"module": "keras.layers", "class_name": name, "config": {"name": "flat"} | config}


def function(module, name):
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


LAMBDA = {"class_name": "__lambda__", "config": {"value": ["4wAAAA==\n", None, None]}}
ATTACKS = {
    # CVE-2024-3660 and 2025-9905: code in a Lambda layer, also in the form of older Keras without modules
    "code in a Lambda layer": layer("Lambda", function=LAMBDA),
    "a Lambda layer that says no module": {"class_name": "Lambda", "config": {"function": LAMBDA}},
    "a Lambda layer by its hidden name": layer("Lambda", function=LAMBDA)
    | {"module": "keras.src.layers.core.lambda_layer"},
    "a lambda as an activation": layer("Dense", units=2, activation=LAMBDA),
    # CVE-2025-1550: any function of any module
    "a function of the system": layer("Activation", activation=function("os", "system")),
    "a built-in function": layer("Activation", activation=function("builtins", "exec")),
    "a class of another module": layer("Dense") | {"module": "subprocess", "class_name": "Popen"},
    # CVE-2025-8747: functions of Keras's own that download or write
    "a download": layer("Activation", activation=function("keras.utils", "get_file")),
    "a download by a Lambda layer": layer("Lambda", function=function("keras.utils", "get_file")),
    "another model": layer("Activation", activation=function("keras.saving", "load_model")),
    # CVE-2025-9906: switching safe mode off
    "unsafe mode": layer("Dense")
    | {"module": "keras.config", "class_name": "enable_unsafe_deserialization"},
    "unsafe mode as a function": layer(
        "Activation", activation=function("keras.config", "enable_unsafe_deserialization")
    ),
    # CVE-2025-12058: vocabularies in other files, or on the network
    "a vocabulary in a file": layer("StringLookup", vocabulary="/etc/passwd"),
    "a vocabulary on the network": layer("TextVectorization", vocabulary="http://127.0.0.1:9/a"),
    "a vocabulary of numbers": layer("IntegerLookup", vocabulary="file:///etc/passwd"),
    # Layers that run what lies elsewhere
    "a TensorFlow model": layer("TFSMLayer", filepath="/tmp/evil"),
    "a Torch module": layer("TorchModuleWrapper", module="gASVAAAA"),
    "a type": {"class_name": "__typespec__", "spec_name": "Popen", "module": "subprocess", "config": [],
               "registered_name": None},
    "memory as a type": layer("Activation", activation={
        "class_name": "__numpy__", "config": {"value": [1], "dtype": "S1000000000"}}),
    # More than the file holds
    "a billion units": layer("Dense", units=10**9),
    "many units": layer("Dense", units=9_000_000),
    "a large kernel": layer("Conv2D", filters=100_000, kernel_size=1000, padding="same"),
    "a large vocabulary": layer("Embedding", input_dim=5_000_000, output_dim=5_000_000),
    "large maps": layer("ZeroPadding2D", padding=9_000_000),
}  # fmt: skip


@pytest.mark.parametrize("what", ATTACKS)
def test_a_model_that_asks_for_more_than_layers_is_refused(what, saved, tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr("os.system", lambda command: ran.append(command))
    monkeypatch.setattr(keras.utils, "get_file", lambda *arguments, **settings: ran.append(arguments))

    def change(parts):
        own = parts[3]
        parts[3] = ATTACKS[what] | {"name": "flat", "inbound_nodes": own["inbound_nodes"]}
        parts[3].setdefault("registered_name", None)

    file = pack(tmp_path / "a.keras", changed_config(saved, change))
    with little_memory(), pytest.raises(ModelError) as error:
        load_model(file)
    said = one_sentence(error, file)
    assert not ran and any(
        reason in said
        for reason in (
            "only the code that saved it knows", "no activation of Keras", "vocabulary in another file",
            "does not say where it comes from", "unknown type", "number of more than", "more weights than",
            "numbers of one example", "cannot be loaded",
        )
    ), said  # fmt: skip
    assert "cannot be loaded" not in said or what == "large maps"


def test_what_is_registered_in_this_process_is_not_called(saved, tmp_path):
    @keras.saving.register_keras_serializable("planted")
    class Mine(layers.Layer):
        def __init__(self, **settings):
            raise AssertionError("was built")

    def change(parts):
        parts[3] |= {"registered_name": "planted>Mine"}

    try:
        with pytest.raises(ModelError, match="registered for something else"):
            load_model(pack(tmp_path / "a.keras", changed_config(saved, change)))
    finally:
        keras.saving.get_custom_objects().pop("planted>Mine")
    file = pack(tmp_path / "b.keras", saved)
    with keras.saving.custom_object_scope({"Flatten": Mine}), pytest.raises(ModelError, match="registered"):
        load_model(file)


def test_maps_that_no_machine_could_hold_are_refused(saved, tmp_path):
    pixels = keras.Input((8, 8, 1))
    large = layers.UpSampling2D(100_000)(layers.Conv2D(1, 3)(pixels))
    answer = layers.Dense(2)(layers.GlobalMaxPooling2D()(large))
    keras.Model(pixels, answer).save(tmp_path / "a.keras")
    with (
        little_memory(),
        pytest.raises(ModelError, match="makes 360,000,000,000 numbers of one example") as error,
    ):
        load_model(tmp_path / "a.keras")
    one_sentence(error, tmp_path / "a.keras")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("metadata.json", b"garbage", "its metadata.json cannot be read"),
        ("metadata.json", b"[]", "does not say which Keras saved it"),
        ("metadata.json", b'{"keras_version": 3}', "does not say which Keras saved it"),
        ("metadata.json", b"[" * 1000 + b"]" * 1000, "its metadata.json cannot be read"),
        ("metadata.json", b'"' + b"a" * 100_000 + b'"', "has a metadata.json of 100,002 bytes"),
        ("metadata.json", b'{"keras_version": "2.15.0"}', "saved by Keras 2.15.0, and this is Keras"),
        ("config.json", b"[" * 1000 + b"]" * 1000, "its config.json cannot be read .*levels deep"),
        ("config.json", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "its config.json cannot be read"),
        ("config.json", b"\xff\xfe", "its config.json cannot be read"),
        ("config.json", b"7" * 5000, "its config.json cannot be read"),
        ("config.json", b"{}", "describes no model"),
        ("config.json", b'{"class_name": "Functional"}', "does not say where it comes from"),
        ("config.json", b" " * (17 << 20), "has a config.json of 17,825,792 bytes"),
        ("model.weights.h5", b"", "no HDF5 file"),
        ("model.weights.h5", None, "has no model.weights.h5"),
        ("metadata.json", None, "has no metadata.json"),
        ("assets/../../evil/vocabulary.txt", b"a", "in no model that Keras saves"),
        ("/tmp/vocabulary.txt", b"a", "in no model that Keras saves"),
        ("assets\\vocabulary.txt", b"a", "in no model that Keras saves"),
        ("assets/evil.py", b"a", "in no model that Keras saves"),
        ("model.weights.npz", b"a", "in no model that Keras saves"),
    ],
)
def test_a_part_that_is_wrong_is_named(name, content, said, saved, tmp_path):
    parts = {key: value for key, value in saved.items() if key != name}
    file = pack(tmp_path / "a.keras", parts | ({} if content is None else {name: content}))
    with pytest.raises(ModelError, match=said) as error:
        load_model(file)
    one_sentence(error, file)


def test_archives_that_do_not_hold_what_they_say_are_refused(saved, tmp_path):
    file = tmp_path / "a.keras"

    def refused(match):
        with pytest.raises(ModelError, match=match) as error:
            load_model(file)
        one_sentence(error, file)

    link = zipfile.ZipInfo("assets/vocabulary.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(pack(file, saved), "a") as archive:
        archive.writestr(link, "/etc/passwd")
    refused("has a link or a locked file in it")
    with warnings.catch_warnings(), zipfile.ZipFile(pack(file, saved), "a") as archive:
        warnings.simplefilter("ignore")  # of the second name
        archive.writestr("config.json", "{}")
    refused("has the same part twice")
    bomb = saved | {"model.weights.h5": bytes(20 << 20)}
    pack(file, bomb, compression=zipfile.ZIP_DEFLATED)
    refused("has a part that unpacks to 20,971,520 bytes")
    pack(file, saved, compression=zipfile.ZIP_BZIP2)
    refused("is compressed in a way that Keras does not use")
    pack(file, saved | {f"assets/{n}/vocabulary.txt": b"" for n in range(1100)})
    refused("has 1,103 parts, more than any model")
    pack(file, saved | {f"assets/{n}/{'a' * 90}/vocabulary.txt": b"" for n in range(9_000)})
    refused("lists more members than a model has")
    file.write_bytes(b"<!DOCTYPE html><title>Sign in</title>")
    refused("is damaged or no .keras file")


# What must go on working


def test_models_of_keras_layers_come_back_as_they_were(saved, network, tmp_path):
    shared, numbers = layers.Dense(4, name="shared"), keras.Input((6,), name="numbers")
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, activation="gelu")], name="inner")
    inner.compile("adam", keras.losses.MeanSquaredError())
    x = inner(shared(layers.Normalization(mean=[0.5] * 6, variance=[2.0] * 6)(numbers)))
    x = keras.layers.TimeDistributed(layers.Dense(3))(keras.ops.expand_dims(x, -1)[:, ::-1])
    x = layers.Flatten()(x)
    x = layers.Dense(2, activation=keras.ops.tanh, kernel_regularizer="l2", dtype="mixed_bfloat16")(x)
    many = keras.Model(numbers, layers.Dropout(0.5, seed=2**31 - 1)(layers.LeakyReLU()(x)), name="many")
    many.compile("adam", "mse", metrics=["mae"])
    values = np.random.default_rng(0).normal(size=(4, 6)).astype("f4")
    many.optimizer.build(many.trainable_variables)  # its state is in the file, too
    words = layers.TextVectorization(name="words")
    words.adapt(["good film", "bad film"])  # its vocabulary is among the assets
    text = keras.Input((), dtype="string")
    texts = keras.Model(text, layers.Embedding(6, 2)(words(text)))
    brain = keras.Sequential([keras.Input((6,)), layers.Dense(2, dtype="bfloat16")])
    sentences = ["bad good", "unknown film"]
    for n, (model, examples) in enumerate([(many, values), (texts, sentences), (brain, values)]):
        model.save(tmp_path / f"{n}.keras")
        loaded = load_model(tmp_path / f"{n}.keras")
        one, other = (keras.ops.convert_to_numpy(each(tf.constant(examples))) for each in (model, loaded))
        np.testing.assert_array_equal(one, other)
        assert not loaded.compiled
    file = pack(tmp_path / "zipped.keras", saved, compression=zipfile.ZIP_DEFLATED)  # by hand
    for one, other in zip(network.get_weights(), load_model(file).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_loading_leaves_layers_as_they_are(saved, tmp_path):
    before = keras.Layer.add_weight
    load_model(pack(tmp_path / "a.keras", saved))
    with pytest.raises(ModelError):
        load_model(pack(tmp_path / "b.keras", changed_config(saved, lambda parts: parts.pop())))
    assert keras.Layer.add_weight is before
    assert layers.Dense(30)(np.ones((1, 3000), "f4")).shape == (1, 30)


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(ModelError, match="must end in .keras"):
        load_model(tmp_path / "model.h5")


def test_a_damaged_name_in_a_file_that_does_not_fit_is_one_sentence(tmp_path):
    file = tmp_path / "bad.weights.h5"
    file.write_bytes((FOLDER / "convnet-mnist.weights.h5").read_bytes())
    with h5py.File(file, "r+") as opened:
        first = next(name for name, layer in opened["layers"].items() if len(layer.get("vars", ())))
        del opened["layers"][first]["vars"]["0"]
        extra = opened.create_group("extra")
        extra.attrs["name"] = 7
        extra.create_dataset("0", data=[1.0])
    with pytest.raises(ModelError, match=r"bad\.weights\.h5 is damaged; "):
        models.ConvNet(weights=file)
