"""Presets of KerasHub as backbones, held against what KerasHub itself computes of them."""

import importlib.util
import json
import re
import shutil
import sys
import zipfile

import keras
import numpy as np
import pytest

from datasets import Photos, digits
from models import ModelError, MultiLabelClassifier, PhotoClassifier, load_model
from models.errors import Refused
from models.export.formats import FILES as FORMATS
from models.export.formats import PACKAGES, export
from models.fine_tuning.fine_tuned import halves
from models.fine_tuning.own_backbone import backbone_entry, built_backbone, named
from models.fine_tuning.transfer import border_at, borders
from models.loading.configs import check_config
from tutorials.lesson.rescore import _runner

SIZE = 32
TOKENS = {"image_shape": (SIZE, SIZE, 3), "patch_size": 8, "num_layers": 2, "num_heads": 2, "hidden_dim": 16}
VIT = {**TOKENS, "mlp_dim": 24, "dropout_rate": 0.1}
DINO = {**TOKENS, "intermediate_dim": 24, "drop_path_rate": 0.1}
SIGLIP = {**TOKENS, "intermediate_dim": 24}
# (kind, arguments, special tokens, features)
TINY = {
    "vit": ("ViT", VIT, 1, 32),
    "vit without a class token": ("ViT", {**VIT, "use_class_token": False}, 0, 16),
    "dinov2": ("DINOV2", {**DINO, "position_embedding_shape": (48, 48, 3)}, 1, 32),
    "dinov2 with registers": ("DINOV2", {**DINO, "num_register_tokens": 3, "use_swiglu_ffn": True}, 4, 32),
    "dinov3": ("DINOV3", {**DINO, "layer_scale_init_value": 0.5}, 5, 32),
    "dinov3 gated": ("DINOV3", {**DINO, "use_gated_mlp": True, "use_key_bias": False}, 5, 32),
}


def hub():
    return pytest.importorskip("keras_hub", reason="keras-hub (see requirements-extra.txt) not installed")


def spread(network):
    """Random weights of every kind, so that no bias is zero and no scale is one."""
    random = np.random.default_rng(0)
    for layer in network._flatten_layers():
        for weight in layer._trainable_variables:
            weight.assign(weight + random.normal(0, 0.2, weight.shape))


def converter(kind, **settings):
    settings = {"scale": [1 / 58, 1 / 57, 1 / 56], "offset": [-2.1, -2.0, -1.8]} | settings
    return getattr(hub().layers, f"{kind}ImageConverter")(image_size=(SIZE, SIZE), **settings)


def save_preset(folder, kind, **settings):
    keras.utils.set_random_seed(0)
    network = getattr(hub().models, f"{kind}Backbone")(**settings)
    spread(network)
    network.save_to_preset(str(folder))
    converter(kind).save_to_preset(str(folder))
    return folder


@pytest.fixture(scope="module")
def vit(tmp_path_factory):
    return save_preset(tmp_path_factory.mktemp("presets") / "tiny vit", "ViT", **VIT)


@pytest.fixture
def copy(vit, tmp_path):
    return shutil.copytree(vit, tmp_path / "copy")


def pixels(size=SIZE):
    return np.random.default_rng(1).uniform(0, 255, (3, size, size, 3)).astype("float32")


def own_features(folder, special, images):
    """What KerasHub itself computes of pixels that its own converter has converted."""
    network = hub().models.Backbone.from_preset(str(folder))
    converted = hub().layers.ImageConverter.from_preset(str(folder))(images)
    name = list(network.input) if isinstance(network.input, dict) else None
    tokens = np.asarray(network({name[0]: converted} if name else converted, training=False))
    patches = tokens[:, special:].mean(1)
    return np.concatenate([tokens[:, 0], patches], -1) if special else patches


def built(folder, **settings):
    return built_backbone(backbone_entry(f"hub:{folder}"), **settings)


@pytest.mark.extra
@pytest.mark.parametrize("name", TINY)
def test_features_are_those_of_kerashub_with_layers_of_keras(name, tmp_path):
    kind, settings, special, width = TINY[name]
    folder = save_preset(tmp_path / "tiny", kind, **settings)
    backbone = built(folder)
    assert backbone.input_shape == (None, SIZE, SIZE, 3) and backbone.output_shape == (None, width)
    expected = own_features(folder, special, pixels())
    assert np.ptp(expected, 0).max() > 0.1  # photos differ
    np.testing.assert_allclose(backbone(pixels(), training=True), expected, atol=2e-4)
    backbone.save(tmp_path / "plain.keras")
    np.testing.assert_allclose(load_model(tmp_path / "plain.keras")(pixels()), expected, atol=2e-4)


@pytest.mark.extra
def test_of_siglip_the_vision_tower_is_taken(tmp_path):
    keras.utils.set_random_seed(0)
    models = hub().models
    texts = {"vocabulary_size": 50, "embedding_dim": 16, "hidden_dim": 16, "num_layers": 1, "num_heads": 2}
    network = models.SigLIPBackbone(
        models.SigLIPVisionEncoder(**SIGLIP),
        models.SigLIPTextEncoder(**texts, intermediate_dim=24, max_sequence_length=8, projection_dim=16),
    )
    spread(network)
    network.save_to_preset(str(tmp_path))
    images = converter("SigLIP", scale=1 / 127.5, offset=-1)
    images.save_to_preset(str(tmp_path))
    backbone = built(tmp_path)
    expected = network.vision_encoder({"images": images(pixels())}, training=False)
    np.testing.assert_allclose(backbone(pixels()), expected, atol=2e-4)
    assert len(backbone.weights) < len(network.weights)
    assert len(borders(backbone)) > 3


@pytest.mark.extra
def test_feature_maps_stay_maps(tmp_path):
    kind = {"input_conv_filters": [64], "input_conv_kernel_sizes": [3], "use_pre_activation": False}
    kind |= {"stackwise_num_filters": [64, 80], "stackwise_num_blocks": [1, 1]}
    kind["stackwise_num_strides"] = [1, 2]
    folder = save_preset(tmp_path / "resnet", "ResNet", block_type="basic_block", **kind)
    backbone = built(folder)
    assert len(backbone.output_shape) == 4 and backbone.output_shape[-1] == 80
    network = hub().models.Backbone.from_preset(str(folder))
    converted = hub().layers.ImageConverter.from_preset(str(folder))(pixels())
    expected = np.asarray(network(converted, training=False))
    np.testing.assert_allclose(backbone(pixels()), expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.extra
def test_images_of_another_size_where_the_weights_fit_them(vit, tmp_path):
    folder = save_preset(tmp_path / "dino", "DINOV2", **TINY["dinov2"][1])
    network = hub().models.Backbone.from_preset(str(folder), image_shape=(48, 48, 3))
    images = converter("DINOV2")
    images.image_size = (48, 48)
    tokens = np.asarray(network({"images": images(pixels(48))}, training=False))
    expected = np.concatenate([tokens[:, 0], tokens[:, 1:].mean(1)], -1)
    np.testing.assert_allclose(built(folder, image_size=48)(pixels(48)), expected, atol=2e-4)
    with pytest.raises(ModelError, match="multiples of 8 pixels, from 8 to 4096; image_size is 50"):
        built(folder, image_size=50)
    with pytest.raises(ModelError, match="image_size is 48"):
        built(vit, image_size=48)


@pytest.mark.extra
@pytest.mark.parametrize("name", ["vit", "dinov2 with registers", "dinov3"])
def test_it_is_cut_between_its_blocks(name, tmp_path):
    kind, settings, *_ = TINY[name]
    backbone = built(save_preset(tmp_path / "tiny", kind, **settings))
    assert "block_0" in borders(backbone)
    frozen, trained = halves(backbone, border_at(backbone, 0.5), SIZE, classes=2)
    found = trained.get_layer("tuned_top")(frozen(pixels()))
    np.testing.assert_allclose(found, backbone(pixels()), atol=1e-4)
    tables = [weight.path for weight in trained.trainable_weights if "rotary" in weight.path]
    assert tables == [] and trained.trainable_weights


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "photos"
    digits.save_photos(folder, 6)
    for label in (folder / "test").iterdir():
        for file in sorted(label.iterdir())[4:]:
            file.unlink()
    return Photos.check(folder, image_size=SIZE)


@pytest.mark.extra
@pytest.mark.parametrize("effort", ["quick", "normal"])
def test_a_classifier_trains_saves_and_loads_without_kerashub(effort, vit, photos, tmp_path, monkeypatch):
    classifier = PhotoClassifier(f"hub:{vit}", flip=False, views=1, epochs=1, unfreeze=0.5)
    classifier.fit(photos, effort=effort, checkpoint=tmp_path / "state")
    assert classifier.cross_validation_.accuracy.value > 0.2  # chance is 0.1
    found = classifier.evaluate(photos).probabilities
    classifier.save(tmp_path / "saved.keras")
    with zipfile.ZipFile(tmp_path / "saved.keras") as archive:
        assert b"keras_hub" not in archive.read("config.json")
        assert str(vit.parent).encode() not in archive.read("glass_zoo.json")
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    loaded = PhotoClassifier.load(tmp_path / "saved.keras")
    assert loaded.backbone == "hub:tiny vit"  # no folder is kept
    np.testing.assert_allclose(loaded.evaluate(photos).probabilities, found, atol=1e-5)


@pytest.mark.extra
def test_a_checkpoint_is_of_one_preset(vit, copy):
    first = named(f"hub:{vit}", whole=True)
    assert first.startswith("hub:tiny vit ") and first == named(f"hub:{vit}", whole=True)
    network = hub().models.Backbone.from_preset(str(copy))
    spread(network)
    network.save_to_preset(str(copy))
    assert named(f"hub:{copy}", whole=True).split()[-1] != first.split()[-1]


@pytest.mark.extra
@pytest.mark.parametrize(("name", "kind"), [("vit", "onnx"), ("vit", "litert"), ("dinov3", "onnx")])
def test_it_is_exported_to_other_runtimes(name, kind, tmp_path):
    for module in PACKAGES[kind]:
        pytest.importorskip(module)
    backbone = built(save_preset(tmp_path / "tiny", TINY[name][0], **TINY[name][1]))
    path = tmp_path / FORMATS[kind]
    export(backbone, path, SIZE)
    found = _runner(path)(pixels())
    np.testing.assert_allclose(found, backbone(pixels()), atol=1e-3)


# What is refused


def refused(preset, **settings):
    with pytest.raises(ModelError) as error:
        built(preset, **settings)
    said = str(error.value)
    assert "\n" not in said and len(said) < 700
    return said


def changed(folder, file="config.json", inner=(), **changes):
    """Change what a file of a preset says."""
    content = json.loads((folder / file).read_text())
    part = content
    for name in inner:
        part = part[name]
    part.update(changes)
    (folder / file).write_text(json.dumps(content))
    return folder


@pytest.mark.extra
@pytest.mark.parametrize("file", ["config.json", "image_converter.json", "model.weights.h5"])
@pytest.mark.parametrize("content", [None, b"", b"404", b"[1, 2]", b'{"class_name": "ViTBackbone"}'])
def test_a_damaged_folder_is_refused_in_a_sentence(file, content, copy):
    if content is None:
        (copy / file).unlink()
    else:
        (copy / file).write_bytes(content)
    assert file in refused(copy)


LAMBDA = {"module": "keras.layers", "class_name": "Lambda", "config": {}, "registered_name": None}


@pytest.mark.extra
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"class_name": "Lambda", "module": "keras.layers"}, "of a 'Lambda', which cannot be a backbone"),
        ({"class_name": "BertBackbone"}, "of a 'BertBackbone', which cannot be a backbone"),
        ({"inner": ["config"], "mlp_dim": LAMBDA}, "'mlp_dim' that no network has"),
        ({"inner": ["config"], "mlp_dim": [LAMBDA]}, "'mlp_dim' that no network has|describes no network"),
        (
            {"inner": ["config"], "num_layers": 100_000},
            "'num_layers' of 100,000, more than any network",
        ),
        ({"inner": ["config"], "mlp_dim": 10**12}, "'mlp_dim' that no network has"),
        ({"inner": ["config"], "mlp_dim": 9_000_000}, "asks for more weights than model.weights.h5 holds"),
        ({"inner": ["config"], "hidden_dim": 24}, "does not fit the network of its config.json"),
        ({"inner": ["config"], "image_shape": [32, 16, 3]}, "square"),
        ({"inner": ["config"], "patch_size": 0}, "square"),
        ({"inner": ["config"], "surprise": 1}, "describes no network that KerasHub .*surprise"),
    ],
)
def test_a_hostile_or_wrong_configuration_is_refused(change, said, copy):
    changed(copy, **change)
    assert re.search(said, refused(copy))


@pytest.mark.extra
@pytest.mark.parametrize("scale", ["big", [1, 2], float("nan"), {"class_name": "Lambda"}, [[1, 2, 3]]])
def test_a_wrong_converter_is_refused(scale, copy):
    changed(copy, "image_converter.json", ["config"], scale=scale)
    assert "image_converter.json" in refused(copy)


@pytest.mark.extra
def test_a_converter_of_an_earlier_version_is_read(copy, vit):
    config = {"height": SIZE, "width": SIZE, "scale": 1 / 255}
    config |= {"mean": [0.5, 0.4, 0.3], "variance": [0.04, 0.05, 0.06]}
    old = json.loads((copy / "image_converter.json").read_text()) | {"config": config}
    (copy / "image_converter.json").write_text(json.dumps(old))
    np.testing.assert_allclose(built(copy)(pixels()), own_features(copy, 1, pixels()), atol=2e-4)


@pytest.mark.extra
def test_an_unknown_name_is_refused_with_one_like_it():
    hub()
    assert "do you mean hub:dinov2_small?" in refused("dinov2_smal")
    assert refused("none/such").endswith("give another name, or a folder.")
    assert refused("").endswith("give another name, or a folder.")
    assert "'bert_base_en'" in refused("bert_base_en")


@pytest.mark.extra
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionError("HTTPS\nMax retries"), "there is no connection"),
        (FileNotFoundError("`config.json` is not accessible.\nAccept its terms."), "`config.json` is not .*"),
    ],
)
def test_a_download_that_fails_is_one_sentence(error, reason, monkeypatch):
    hub()

    def fails(*_):
        raise error

    monkeypatch.setattr("keras_hub.src.utils.preset_utils.get_file", fails)
    said = refused("dinov2_small")
    assert re.fullmatch(f"The preset dinov2_small cannot be downloaded \\({reason}\\); try again, .*", said)


@pytest.mark.extra
def test_a_preset_that_kerashub_downloads_is_read_as_a_folder(vit, monkeypatch):
    hub()
    asked = []

    def cached(name, file):
        asked.append((name, file))
        return str(vit / file)

    monkeypatch.setattr("keras_hub.src.utils.preset_utils.get_file", cached)
    backbone = built("vit_base_patch16_224_imagenet")
    np.testing.assert_array_equal(backbone(pixels()), built(vit)(pixels()))
    assert asked == [
        ("vit_base_patch16_224_imagenet", file)
        for file in ("config.json", "image_converter.json", "model.weights.h5")
    ]
    assert backbone.name == "vit_base_patch16_224_imagenet"


@pytest.mark.extra
def test_a_preset_has_weights_of_its_own(vit):
    assert "has weights of its own" in refused(vit, weights=None)


def test_a_missing_package_is_named(monkeypatch, tmp_path):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "keras_hub" else find(name))
    for preset in "dinov2_small", tmp_path:
        said = refused(preset)
        assert said.endswith("is not installed; install it with: python -m pip install keras-hub")
    for kind in PhotoClassifier, MultiLabelClassifier:  # a saved classifier names its preset
        assert kind("hub:dinov2_small").backbone == "hub:dinov2_small"
    assert named("hub:some/where/own") == "hub:own"


@pytest.mark.parametrize("registered", [None, "ViTEncoder", "keras_hub>ViTBackbone"])
def test_no_saved_model_may_name_a_layer_of_kerashub(registered):
    part = {"module": "keras_hub.src.models.vit.vit_layers", "class_name": "ViTEncoder", "config": {}}
    with pytest.raises(Refused, match="only the code that saved it knows"):
        check_config(part | {"registered_name": registered})
