"""Backbones, held against Keras's own applications, their preprocessing and their files."""

import contextlib
import dataclasses
import hashlib
import re
import warnings

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format  # Keras's own writer of the published kind

import models
from models import ModelError
from models.pretrained.backbones import BACKBONES, Backbone
from tests.servers import PAGE, Handler, serving

# The other widths of a network are the same but for their sizes, and the largest take seconds to build
RARE = {
    "convnext_small",
    "convnext_base",
    "efficientnet_v2_s",
    "efficientnet_v2_m",
    "mobilenet_050",
    "mobilenet_075",
    "mobilenet",
    "mobilenet_v2_050",
    "mobilenet_v2_075",
    "mobilenet_v2_130",
    "mobilenet_v2_140",
}
NAMES = [pytest.param(name, marks=pytest.mark.slow) if name in RARE else name for name in BACKBONES]
MODULES = {
    "mobilenet": "mobilenet",
    "mobilenet_v2": "mobilenet_v2",
    "mobilenet_v3_small": "mobilenet_v3",
    "mobilenet_v3_large": "mobilenet_v3",
    "efficientnet_v2_b0": "efficientnet_v2",
    "efficientnet_v2_s": "efficientnet_v2",
    "efficientnet_v2_m": "efficientnet_v2",
    "xception": "xception",
    "resnet50_v2": "resnet_v2",
    "convnext_tiny": "convnext",
    "convnext_small": "convnext",
    "convnext_base": "convnext",
}


def pixels(size, count=2):
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3)).astype("float32")


# These take seconds to build twice
LARGE = "convnext_tiny", "efficientnet_v2_b0", "mobilenet_v3_large", "resnet50_v2", "xception"
# Deeper networks of families that are tested as well
DEEPER = "convnext_small", "convnext_base", "efficientnet_v2_s", "efficientnet_v2_m"


def marked(name):
    """A name for a test that builds its network twice, or another one beside it."""
    if name in DEEPER:
        return pytest.param(name, marks=(pytest.mark.slow, pytest.mark.long))
    return pytest.param(name, marks=pytest.mark.slow if name in {*RARE, *LARGE} else ())


@pytest.mark.parametrize("name", map(marked, [*BACKBONES][1:]))
def test_backbone_is_keras_application_behind_its_preprocessing(name, built, monkeypatch):
    ours, entry = built(name), BACKBONES[name]
    module = getattr(keras.applications, MODULES[entry.family])
    size = ours.input_shape[1]
    asked = []

    def publish(name, origin, cache_subdir, file_hash=None):
        asked.append((origin, file_hash, cache_subdir))

    # What Keras would download from the address that it knows are the weights of ours
    monkeypatch.setattr("keras.src.utils.file_utils.get_file", publish)
    monkeypatch.setattr(keras.Model, "load_weights", lambda model, _: model.set_weights(ours.get_weights()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that Keras takes the weights for 224 pixels
        plain = getattr(keras.applications, entry.builder)(
            include_top=False, weights="imagenet", input_shape=(size, size, 3), **entry.settings
        )
    origin, checksum = entry.published(224)
    [(address, keras_checksum, folder)] = asked
    assert address == "https://storage.googleapis.com/tensorflow/keras-applications/" + origin
    assert keras_checksum in (checksum, None)  # Keras's releases know few of them
    assert folder == "models"
    assert ours.count_params() == plain.count_params() == entry.parameters

    expected = np.asarray(plain(module.preprocess_input(pixels(size))))
    # As far apart as images make them: a network of random weights says nearly the same of all
    spread = np.ptp(expected, axis=0).max()
    assert spread > 0
    np.testing.assert_allclose(ours(pixels(size)), expected, rtol=0, atol=3e-4 * spread)


@pytest.mark.parametrize("name", ["mobilenet_050", "mobilenet_v2_140"])
def test_published_sizes_are_those_that_keras_has(name, monkeypatch):
    entry, asked = BACKBONES[name], []

    class Enough(Exception):
        pass

    def publish(name, origin, **_):
        asked.append(origin.rpartition("/")[2])
        raise Enough

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", publish)
    for size in entry.sizes:
        with contextlib.suppress(Enough):
            getattr(keras.applications, entry.builder)(
                include_top=False, input_shape=(size, size, 3), **entry.settings
            )
    assert asked == [entry.origin.rpartition("/")[2].format(size=size) for size in entry.sizes]


@pytest.mark.parametrize("name", map(marked, BACKBONES))
def test_names_are_the_networks_own_whatever_was_built_before(name, built):
    names = [operation.name for operation in built(name).operations]
    assert len(set(names)) == len(names)
    assert names[0] == "pixels"
    assert built(name).name == name
    # A number that Keras gave by what the session had built would not start at 1 in all of them
    numbered = {n.rpartition("_")[0] for n in names if n.startswith(("activation_", "add_", "re_lu_"))}
    assert all(f"{kind}_1" in names for kind in numbered)


def test_convnet_is_the_zoos_reader_of_the_mean_colour_up_to_its_dense_layer(built):
    backbone, reader = built("convnet"), models.ConvNet(weights="mnist")
    features = keras.Model(reader.inputs[0], reader.get_layer("dense").output)
    colours = pixels(28)
    np.testing.assert_allclose(
        backbone(colours), features(colours.mean(-1, keepdims=True)), rtol=1e-5, atol=1e-5
    )
    assert backbone.count_params() == BACKBONES["convnet"].parameters
    assert Backbone("convnet", None, 40).output_shape == (None, 256)


def save(model, path, whole=False):
    """Save in the kind that the file's name says; `.h5` as the published files are."""
    if path.name.endswith(".weights.h5"):
        model.save_weights(path)
    elif path.name.endswith(".keras") or whole:
        model.save(path)
    else:
        with h5py.File(path, "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, model)
    return path


@pytest.fixture(scope="module")
def quarter():
    """A MobileNet of a quarter of the features, its head of 7 classes on it."""
    keras.utils.set_random_seed(5)
    return keras.applications.MobileNet((32, 32, 3), alpha=0.25, weights=None, classes=7)


@pytest.fixture(scope="module")
def quarter_body(quarter):
    return keras.Model(quarter.inputs[0], quarter.get_layer("conv_pw_13_relu").output)


@pytest.mark.parametrize(
    ("kind", "head"),
    [("a.h5", False), ("whole.h5", False), ("a.h5", True), ("a.weights.h5", True), ("a.keras", True)],
)
def test_a_files_width_is_read_and_its_head_left_out(kind, head, quarter, quarter_body, tmp_path):
    saved = quarter if head else quarter_body
    file = save(saved, tmp_path / kind, whole=kind == "whole.h5")
    backbone = Backbone("mobilenet", weights=str(file), image_size=32)
    assert backbone.name == "mobilenet_025"
    expected = quarter_body(keras.applications.mobilenet.preprocess_input(pixels(32)))
    np.testing.assert_allclose(backbone(pixels(32)), expected, rtol=1e-4, atol=1e-7)


@pytest.mark.slow
def test_two_widths_that_begin_alike_are_told_apart(built, tmp_path):
    # MobileNetV2's first layer has 16 features at 0.35, which is tried first, and at 0.5
    file = save(built("mobilenet_v2_050"), tmp_path / "a.h5")
    assert Backbone("mobilenet_v2", file, 32).name == "mobilenet_v2_050"


def test_names_too_long_for_one_attribute_are_read(built, tmp_path):
    file = save(built("mobilenet_025"), tmp_path / "split.h5")
    with h5py.File(file, "a") as opened:
        names = opened.attrs["layer_names"]
        del opened.attrs["layer_names"]
        opened.attrs["layer_names0"], opened.attrs["layer_names1"] = names[:20], names[20:]
    loaded = Backbone("mobilenet", file, 32)
    for one, other in zip(loaded.get_weights(), built("mobilenet_025").get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("mobilenet_050", "a.h5"),
        ("mobilenet_050", "a.weights.h5"),
        ("mobilenet_050", "a.keras"),
        ("mobilenet_v3_small", "a.h5"),
        ("convnet", "a.h5"),
        ("convnet", "a.weights.h5"),
    ],
)
def test_another_networks_file_is_refused_in_a_sentence(name, kind, quarter_body, tmp_path):
    file = save(quarter_body, tmp_path / kind)
    with pytest.raises(ModelError) as caught:
        Backbone(name, file, 28 if name == "convnet" else 32)
    assert str(file) in str(caught.value)
    if kind.endswith(".h5") and name == "convnet":
        assert "must end in" in str(caught.value) or "does not fit this ConvNet" in str(caught.value)
    else:
        assert f"does not fit the backbone {name}: " in str(caught.value)
        if name == "mobilenet_050":  # the first of 16 features where the file has 8
            assert re.search(r"must have the shapes? .*16\W.* ha(s|ve) .*\b8\W.* there;", str(caught.value))


@pytest.mark.parametrize(
    ("kind", "harm"),
    [
        *((kind, "halved") for kind in ("a.h5", "a.weights.h5", "a.keras")),
        *((kind, "text") for kind in ("a.h5", "a.keras")),
        ("a.weights.h5", "emptied"),
        ("a.h5", "renamed"),
        ("a.keras", "renamed"),
    ],
)
def test_a_damaged_file_is_refused_in_a_sentence(kind, harm, quarter_body, tmp_path):
    file = save(quarter_body, tmp_path / kind)
    content = file.read_bytes()
    if harm == "renamed":  # one kind under another's name
        file = save(quarter_body, tmp_path / ("b.keras" if kind != "a.keras" else "b.h5")).rename(file)
    else:
        file.write_bytes(
            {"halved": content[: len(content) // 2], "emptied": b"", "text": b"404: Not Found"}[harm]
        )
    said = {"text": "no", "renamed": "no", "emptied": "is no HDF5 file", "halved": "is (cut off|damaged)"}[
        harm
    ]
    with pytest.raises(ModelError, match=rf"{file} .*{said}.*; save the weights again, or fetch the file"):
        Backbone("mobilenet_025", file, 32)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("alexnet",), "'alexnet'; there are convnet, mobilenet_025"),
        (("mobilenet", None, 31), "at least 32 pixels, a whole number, not 31"),
        (("mobilenet", None, -224), "not -224"),
        (("mobilenet", None, 99.5), "not 99.5"),
        (("mobilenet", None, True), "not True"),
        (("mobilenet", None, "big"), "not 'big'"),
        (("xception", None, 70), "at least 71"),
        (("convnet", "mnist", 32), "28 pixels, not 32"),
        (("convnet", "imagenet"), "no weights 'imagenet', and no such file exists; use \"mnist\""),
        (("mobilenet", "mnist"), "no weights 'mnist', and no such file exists; use \"imagenet\""),
        (("mobilenet", "nowhere.h5"), "'nowhere.h5'"),
        (("mobilenet", __file__), "must end in .h5, .weights.h5 or .keras"),
    ],
)
def test_what_cannot_be_built_is_refused_in_a_sentence(arguments, named):
    with pytest.raises(ModelError) as caught:
        Backbone(*arguments)
    assert named in str(caught.value)
    assert str(caught.value).endswith(".")


def test_none_is_a_word_too():
    assert Backbone("mobilenet_025", "none", 40).input_shape == (None, 40, 40, 3)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "models"


@pytest.fixture
def unchecked(monkeypatch):
    """As if no checksum of any set were published."""
    for name, entry in BACKBONES.items():
        monkeypatch.setitem(BACKBONES, name, dataclasses.replace(entry, checksums={}))


@pytest.fixture
def publisher(quarter_body, tmp_path_factory):
    """A server that has a MobileNet of a quarter of the features, under every name but some."""
    published = save(quarter_body, tmp_path_factory.mktemp("published") / "a.h5").read_bytes()

    class Publisher(Handler):
        def good(self):
            self.answer(self.server.content)

    with serving(Publisher) as server:
        server.content = published
        yield server


FILE = "mobilenet_2_5_224_tf_no_top.h5"


def test_imagenet_is_downloaded_once_into_kerass_cache(publisher, cache, unchecked, monkeypatch):
    monkeypatch.setattr("models.pretrained.published.ORIGIN", publisher.address)
    first = Backbone("mobilenet_025", "imagenet", 32)
    # The weights of 224 pixels, which 32 are nearest to in no published set
    assert publisher.asked == [(f"/mobilenet/{FILE}", None)]
    assert [file.name for file in cache.iterdir()] == [FILE]
    second = Backbone("mobilenet_025", image_size=32)
    assert len(publisher.asked) == 1
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_of_the_images_own_size_are_taken_where_there_are_any(cache):
    with pytest.raises(ModelError, match="mobilenet_5_0_160_tf_no_top.h5"):
        Backbone("mobilenet_050", image_size=160)


@pytest.mark.parametrize(
    "fault", ["nobody", "missing", "page", "empty", "another network", "another checksum"]
)
def test_what_is_not_the_published_file_is_one_sentence_and_leaves_nothing(
    fault, publisher, cache, monkeypatch, request
):
    name = "mobilenet_025"
    if fault != "another checksum":
        request.getfixturevalue("unchecked")
    if fault == "another network":
        name = "mobilenet_050"
    address = publisher.address + (f"{fault}/" if hasattr(Handler, fault) else "")
    monkeypatch.setattr(
        "models.pretrained.published.ORIGIN", "http://127.0.0.1:9/" if fault == "nobody" else address
    )
    with pytest.raises(ModelError) as caught:
        Backbone(name, image_size=32)
    message = str(caught.value)
    assert message.count("\n") == 0
    said = {
        "nobody": "(connection refused)",
        "missing": "(the server answered 404, Not Found)",
        "page": "(a web page came instead of the file, perhaps the log-in page of a network)",
        "empty": "(an empty file came)",
        "another network": "(what came is damaged, or not the file that it should be)",
        "another checksum": "(what came is not the file that was published (its checksum differs))",
    }[fault]
    assert f"_224_tf_no_top.h5 could not be downloaded {said}; " in message
    assert message.endswith(f"put it at {cache / BACKBONES[name].published(224)[0].partition('/')[2]}.")
    assert list(cache.iterdir()) == []


def test_what_was_put_into_the_cache_by_hand_is_used(quarter_body, cache, unchecked):
    cache.mkdir(parents=True)
    save(quarter_body, cache / FILE)
    expected = quarter_body(keras.applications.mobilenet.preprocess_input(pixels(32)))
    backbone = Backbone("mobilenet_025", image_size=32)
    np.testing.assert_allclose(backbone(pixels(32)), expected, rtol=1e-4, atol=1e-7)


def test_a_web_page_kept_as_weights_is_said_and_fetched_again(
    publisher, cache, unchecked, monkeypatch, capsys
):
    cache.mkdir(parents=True)
    (cache / FILE).write_bytes(PAGE)
    with pytest.raises(ModelError, match=rf"and the file at {cache / FILE} is damaged, or not the file"):
        Backbone("mobilenet_025", image_size=32)
    assert (cache / FILE).read_bytes() == PAGE
    monkeypatch.setattr("models.pretrained.published.ORIGIN", publisher.address)
    assert Backbone("mobilenet_025", image_size=32).name == "mobilenet_025"
    assert (cache / FILE).read_bytes() == publisher.content
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2
    assert f"{cache / FILE} is damaged, or not the file that it should be; it is downloaded again" in said[1]


def test_checksums_are_those_of_the_sets_that_there_are():
    for entry in list(BACKBONES.values())[1:]:
        assert set(entry.checksums) <= set(entry.sizes or [entry.image_size])
        for checksum in entry.checksums.values():
            assert re.fullmatch("[0-9a-f]{32}|[0-9a-f]{64}", checksum)
    every = [checksum for entry in BACKBONES.values() for checksum in entry.checksums.values()]
    assert len(set(every)) == len(every)
    assert BACKBONES["mobilenet"].published(200)[1]  # the default is checked, for images of any size


@pytest.mark.slow
def test_the_checksum_in_the_table_is_that_of_the_published_file(published_mobilenet):
    checksum = hashlib.sha256(published_mobilenet.read_bytes()).hexdigest()
    assert BACKBONES["mobilenet_025"].published(224) == (f"mobilenet/{FILE}", checksum)


@pytest.mark.slow
def test_the_published_mobilenet_is_read(published_mobilenet):
    backbone = Backbone("mobilenet", published_mobilenet)
    plain = keras.applications.MobileNet(
        (224, 224, 3), alpha=0.25, include_top=False, weights=published_mobilenet
    )
    expected = np.asarray(plain(keras.applications.mobilenet.preprocess_input(pixels(224, 1))))
    # Features reach 6, and pixels are scaled by other operations, so that they differ in the last bit
    np.testing.assert_allclose(backbone(pixels(224, 1)), expected, rtol=1e-3, atol=1e-4)
