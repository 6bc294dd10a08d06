"""Exports: what other runtimes make of a network, in a process that has no more than their files."""

import importlib.util

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from datasets import photos
from models import ConvNet, ModelError
from models.export.formats import FILES, PACKAGES, check_export, export
from tutorials.lesson.rescore import _runner, agreements

SIZE = 32
MISSING = {
    kind: [package for module, package in packages.items() if importlib.util.find_spec(module) is None]
    for kind, packages in PACKAGES.items()
}


@pytest.fixture(params=[pytest.param(kind, marks=pytest.mark.extra) for kind in FILES])
def kind(request):
    if MISSING[request.param]:
        pytest.skip(f"{' and '.join(MISSING[request.param])} (see requirements-extra.txt) not installed")
    return request.param


def classify(features, images, classes=5):
    """A head on features (batch, channels), its weights such that its answers differ between images."""
    head = layers.Dense(classes, activation="softmax", name="predictions")
    model = keras.Model(features[0], head(layers.Dropout(0.5)(features[1])))
    values = keras.Model(*features).predict(images, verbose=0).astype("float64")
    weights = np.random.default_rng(0).normal(size=head.kernel.shape)
    weights /= ((values - values.mean(0)) @ weights).std() / 2
    head.set_weights([weights, -values.mean(0) @ weights])
    return model


def mobilenet(images):
    """The smallest MobileNet behind a resizing, as one nested model, with random weights."""
    keras.utils.set_random_seed(0)
    inside = keras.Input((SIZE, SIZE, 3))
    network = keras.applications.MobileNet(
        include_top=False, weights=None, alpha=0.25, input_tensor=layers.Rescaling(1 / 127.5, -1)(inside)
    )
    network = keras.Model(inside, network.output)
    pixels = keras.Input((None, None, 3), name="images")
    x = layers.Resizing(SIZE, SIZE, crop_to_aspect_ratio=True, antialias=True, name="resize")(pixels)
    return classify((pixels, layers.GlobalAveragePooling2D()(network(x))), images)


def hard_to_translate(images):
    """What Keras's own export to ONNX can't do: grouped convolutions, GELU, Normalization."""
    keras.utils.set_random_seed(1)
    pixels = keras.Input((None, None, 3), name="images")
    x = layers.Resizing(SIZE, SIZE, name="resize")(pixels)
    x = layers.Normalization(mean=[120, 110, 100], variance=[900, 800, 700])(x)
    x = layers.Conv2D(8, 4, strides=4)(x)
    x = layers.Conv2D(8, 5, groups=8, padding="same")(x)
    x = layers.LayerNormalization()(x)
    x = layers.Activation("gelu")(x)
    return classify((pixels, layers.GlobalAveragePooling2D()(x)), images)


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    """Photos in a folder, and their names."""
    folder = tmp_path_factory.mktemp("album")
    random = np.random.default_rng(0)
    for n in range(9):
        (folder / "ab"[n % 2]).mkdir(exist_ok=True)
        rows = random.integers(0, 256, (4, 6, 3), dtype="uint8")
        Image.fromarray(rows).resize((60, 40)).save(folder / "ab"[n % 2] / f"{n}.png")
    return folder, [f"{'ab'[n % 2]}/{n}.png" for n in range(9)]


def test_a_fresh_process_of_the_other_runtime_says_the_same(kind, album, tmp_path, capfd):
    images = photos.read_files(*album, SIZE)
    file = tmp_path / FILES[kind]
    model = mobilenet(images)
    export(model, file, SIZE)
    assert capfd.readouterr() == ("", "")
    probabilities = model.predict(images, verbose=0)
    assert probabilities.std(0).min() > 0.05
    model.save(tmp_path / "model.keras")
    saved = [tmp_path / "model.keras", file]
    differences = agreements(saved, *album, SIZE, probabilities)
    assert list(differences) == saved
    assert differences[file] <= 1e-4
    with pytest.raises(ModelError, match=f"cannot be exported for {SIZE + 1} by {SIZE + 1}"):
        export(model, file, SIZE + 1)


def run_here(file, images):
    return _runner(file)(images.astype("float32"))


def test_networks_that_are_hard_to_translate(kind, album, tmp_path):
    images = photos.read_files(*album, SIZE)
    model = hard_to_translate(images)
    file = tmp_path / FILES[kind]
    export(model, file, SIZE)
    probabilities = model.predict(images, verbose=0)
    assert probabilities.std(0).min() > 0.05
    for count in 9, 1:  # any number of images at once
        assert np.abs(run_here(file, images[:count]) - probabilities[:count]).max() <= 1e-5


def test_a_network_of_one_size_is_exported_whole(kind, tmp_path):
    model = ConvNet(weights="mnist")
    file = tmp_path / FILES[kind]
    images = np.random.default_rng(0).integers(0, 256, (4, 28, 28, 1))
    export(model, file, 28)
    assert np.abs(run_here(file, images) - model.predict(images, verbose=0)).max() <= 1e-5
    with pytest.raises(ModelError, match="takes images of 28 by 28 pixels"):
        export(model, file, 32)


def test_what_the_files_take_and_give_is_named(kind, tmp_path):
    file = tmp_path / FILES[kind]
    export(ConvNet(), file, 28)
    if kind == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(file)
        assert [(t.name, t.shape, t.type) for t in session.get_inputs()] == [
            ("pixels", ["batch", 28, 28, 1], "tensor(float)")
        ]
        assert [(t.name, t.shape) for t in session.get_outputs()] == [("probabilities", ["batch", 10])]
    else:
        from ai_edge_litert.interpreter import Interpreter

        network = Interpreter(str(file))
        assert network.get_signature_list()["serving_default"]["inputs"] == ["pixels"]
        (taken,) = network.get_input_details()
        assert taken["shape_signature"].tolist() == [-1, 28, 28, 1]
        assert taken["dtype"] == np.float32


def test_what_a_format_cannot_say_is_one_sentence_and_leaves_no_file(kind, tmp_path):
    pixels = keras.Input((8, 8, 3))
    x = keras.ops.erfinv(keras.ops.fft2((pixels, pixels))[0])
    model = keras.Model(pixels, keras.ops.mean(x, axis=(1, 2)))
    with pytest.raises(ModelError, match=f"{FILES[kind]} cannot be made of this model") as error:
        export(model, tmp_path / FILES[kind], 8)
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "packages"), [("onnx", "onnx and tf2onnx and onnxruntime"), ("litert", "ai-edge-litert")]
)
def test_missing_packages_are_named_with_the_command_that_installs_them(
    kind, packages, tmp_path, monkeypatch
):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    command = f"python -m pip install {packages.replace(' and', '')}$"
    with pytest.raises(ModelError, match=f"export to .* needs {packages}; .*{command}"):
        check_export(kind)
    with pytest.raises(ModelError, match="needs"):
        export(ConvNet(), tmp_path / FILES[kind], 28)


@pytest.mark.parametrize("kind", FILES)
def test_another_backend_is_told(kind, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: True)
    monkeypatch.setattr("keras.backend.backend", lambda: "jax")
    with pytest.raises(ModelError, match="export to .* backend, not jax"):
        check_export(kind)
