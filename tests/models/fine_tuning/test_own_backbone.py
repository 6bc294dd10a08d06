"""A Keras model of one's own as a backbone: what is cut off, what is refused, and fitting from it."""

import keras
import numpy as np
import pytest
from keras import layers

from datasets import Photos, digits
from models import ModelError, PhotoClassifier
from models.fine_tuning.fine_tuned import FineTunedClassifier, halves, take_over
from models.fine_tuning.multi_scale import MultiScaleClassifier, at_sizes
from models.fine_tuning.own_backbone import backbone_entry, built_backbone, named
from models.fine_tuning.transfer import border_at, borders


def network(size=32, maps="maps", end="pool", name="own"):
    """A small ConvNet of random weights, with one of several heads."""
    keras.utils.set_random_seed(0)
    stack = [
        keras.Input((size, size, 3)),
        layers.Rescaling(1 / 255),
        layers.Conv2D(6, 3, activation="relu", name="first"),
        layers.MaxPooling2D(4),
        layers.BatchNormalization(),
        layers.Conv2D(8, 3, activation="relu", name=maps),
    ]
    dense = [layers.Dense(5), layers.Softmax()]
    stack += {
        "pool": [layers.GlobalAveragePooling2D(), layers.Dropout(0.5), layers.Dense(5, activation="softmax")],
        "keepdims": [
            layers.GlobalAveragePooling2D(keepdims=True),
            layers.Conv2D(5, 1),
            layers.Flatten(),
            dense[1],
        ],
        "local": [layers.MaxPooling2D(5), layers.Flatten(), *dense],
        "hidden": [layers.Flatten(), layers.Dense(7, activation="relu", name="last"), *dense],
        "embedding": [layers.Flatten(), layers.Dense(7, activation="tanh", name="last")],
        "maps": [],
    }[end]
    return keras.Sequential(stack, name=name)


def nested(inner):
    """As the Keras guide fine-tunes: the network is one layer of another model."""
    images = keras.Input((32, 32, 3))
    maps = keras.Model(inner.inputs[0], inner.get_layer("maps").output, name="inner")
    x = layers.GlobalAveragePooling2D()(maps(images, training=False))
    return keras.Model(images, layers.Dense(2, activation="softmax")(layers.Dropout(0.2)(x)), name="outer")


def random_pixels(size=32, count=3):
    return np.random.default_rng(1).uniform(0, 255, (count, size, size, 3)).astype("float32")


def built(model, **settings):
    return built_backbone(backbone_entry(model), **settings)


@pytest.mark.parametrize(
    ("end", "layer"),
    [
        *(("pool", "maps"), ("keepdims", "maps"), ("local", "maps"), ("maps", "maps")),
        *(("hidden", "last"), ("embedding", "last")),
    ],
)
@pytest.mark.parametrize("as_file", [False, True])
def test_features_are_those_before_the_head(end, layer, as_file, tmp_path):
    model = network(end=end)
    model.save(tmp_path / "own.keras")
    backbone = built(str(tmp_path / "own.keras") if as_file else model)
    expected = keras.Model(model.inputs[0], model.get_layer(layer).output)(random_pixels())
    np.testing.assert_allclose(backbone(random_pixels()), expected, atol=1e-5)
    assert backbone.name == "own"


def test_models_in_it_are_taken_apart_and_it_is_left_as_it_is():
    outer = nested(network())
    backbone = built(outer)
    assert len(borders(backbone)) == 3  # before each convolution, and after the last
    assert not any(isinstance(layer, keras.Model) for layer in backbone.layers)
    expected = np.asarray(outer.get_layer("inner")(random_pixels()))
    np.testing.assert_allclose(backbone(random_pixels()), expected, atol=1e-5)
    assert not {id(layer) for layer in backbone.layers} & {
        id(layer) for layer in outer.get_layer("inner").layers
    }
    backbone.set_weights([0 * value for value in backbone.get_weights()])
    np.testing.assert_array_equal(outer.get_layer("inner")(random_pixels()), expected)


def test_what_a_normalization_has_learned_is_taken_over():
    normalization = layers.Normalization()
    normalization.adapt(random_pixels())
    model = keras.Sequential([keras.Input((32, 32, 3)), normalization, layers.Conv2D(4, 3, name="maps")])
    backbone = built(model)
    np.testing.assert_allclose(backbone(random_pixels()), model(random_pixels()), atol=1e-5)
    frozen, trained = halves(backbone, border_at(backbone, 1), 32, classes=2)
    found = trained.get_layer("tuned_top")(frozen(random_pixels()))
    np.testing.assert_allclose(found, model(random_pixels()), atol=1e-5)


def test_a_network_of_keras_is_that_of_the_table():
    plain = keras.applications.MobileNetV3Small((64, 64, 3), weights=None, classes=3)
    body = keras.applications.MobileNetV3Small((64, 64, 3), weights=None, include_top=False)
    body.set_weights(plain.get_weights()[: len(body.weights)])
    backbone = built(plain)
    assert backbone.output_shape == body.output_shape
    np.testing.assert_allclose(backbone(random_pixels(64)), body(random_pixels(64)), atol=1e-5)


def test_a_network_for_any_size_is_built_for_the_size_asked():
    assert built(network(None)).input_shape == (None, 224, 224, 3)
    assert built(network(None), image_size=64).input_shape == (None, 64, 64, 3)


@pytest.mark.parametrize(("size", "sizes"), [(32, (32,)), (None, (32, 64))])
def test_a_copy_of_its_top_is_fine_tuned_beside_it(size, sizes):
    model = network(size)
    backbone = built(model, image_size=32)
    border = border_at(backbone, 0.5)
    frozen, trained = halves(backbone, border, 32, classes=2)
    tuned_top = trained.get_layer("tuned_top")
    tuned_top.set_weights([1.5 * value for value in tuned_top.get_weights()])
    classifier = FineTunedClassifier(backbone, 2, sizes, border, tuned_size=32, share=1, flip=False)
    take_over(classifier, trained)
    times = sizes[-1] // 32
    pixels = (
        random_pixels().repeat(times, 1).repeat(times, 2)
    )  # resized to 32 pixels, they are what they were
    np.testing.assert_allclose(classifier(pixels), trained(frozen(random_pixels())), atol=1e-4)
    probes = MultiScaleClassifier(at_sizes(backbone, sizes), 2, sizes)
    np.testing.assert_allclose(np.sum(probes(pixels), -1), 1, atol=1e-5)


def two_inputs():
    one, two = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    return keras.Model([one, two], layers.Conv2D(2, 3)(layers.Add()([one, two])), name="two")


def twice_named():
    images, one, two = keras.Input((32, 32, 3)), network(end="maps"), network(end="maps", name="other")
    return keras.Model(images, layers.Add(name="sum")([one(images), two(images)]), name="twice")


class Subclassed(keras.Model):
    def call(self, inputs):
        return inputs


class Doubling(keras.Model):
    """A functional model that does more than its layers."""

    def call(self, inputs, training=None, mask=None):
        return 2 * super().call(inputs)


def doubling():
    plain = network(end="maps")
    return Doubling(plain.inputs, plain.outputs, name="doubling")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (two_inputs, "two must have one input and one output .* 2 and 1"),
        (lambda: Subclassed(), "functional or sequential Keras model that has been built"),
        (doubling, "doubling does more than its layers"),
        (twice_named, "twice cannot be taken apart .* same name"),
        (lambda: keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(2, 3)]), "three colours"),
        (lambda: keras.Sequential([keras.Input((8, 9, 3)), layers.Conv2D(2, 3)]), r"square photos .*8, 9, 3"),
        (
            lambda: keras.Sequential([keras.Input((8, 8, 3)), layers.Flatten(), layers.Dense(2)]),
            "no features",
        ),
        (lambda: keras.Sequential([keras.Input((8, 8, 3)), layers.Reshape((64, 3))]), r"\(None, 64, 3\)"),
    ],
)
def test_what_cannot_be_a_backbone_is_refused_in_a_sentence(make, said):
    with pytest.raises(ModelError, match=said) as caught:
        built(make())
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_a_size_weights_and_files_that_do_not_fit_are_refused_in_a_sentence(tmp_path):
    (tmp_path / "text.keras").write_text("404")
    for settings, said in (
        ({"image_size": 64}, "own takes images of 32 pixels; image_size is 64"),
        ({"weights": None}, "own has weights of its own; leave out weights=None"),
    ):
        with pytest.raises(ModelError, match=said):
            built(network(), **settings)
    with pytest.raises(ModelError, match=r"own cannot be taken apart .* images of 4 pixels"):
        built(network(None), image_size=4)
    for name in "missing.keras", "text.keras":
        with pytest.raises(ModelError, match=name):
            backbone_entry(str(tmp_path / name))
    with pytest.raises(ModelError, match=r"a \.keras file or a Keras model, not 3\.$"):
        PhotoClassifier(3)


# Fitting


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "photos"
    digits.save_photos(folder, 6)
    for label in (folder / "test").iterdir():
        for file in sorted(label.iterdir())[4:]:
            file.unlink()
    return Photos.check(folder, image_size=28)


@pytest.mark.parametrize(
    ("end", "effort"),
    [
        ("pool", "quick"),
        pytest.param("hidden", "normal", marks=pytest.mark.slow),
        pytest.param("pool", "normal", marks=pytest.mark.slow),
        pytest.param("hidden", "quick", marks=pytest.mark.slow),
    ],
)
def test_fit_save_and_load_with_a_network_of_ones_own(effort, end, photos, tmp_path):
    model = network(28, end=end)
    before = model.get_weights()
    model.save(tmp_path / "own.keras")
    settings = {"flip": False, "views": 1, "epochs": 1, "unfreeze": 0.5}
    fitted = [
        PhotoClassifier(backbone, **settings).fit(photos, effort=effort, checkpoint=tmp_path / "state")
        for backbone in (tmp_path / "own.keras", model)
    ]
    found, same = (each.evaluate(photos).probabilities for each in fitted)
    np.testing.assert_allclose(found, same, atol=1e-4)
    assert fitted[0].cross_validation_.accuracy.value > 0.25  # chance is 0.1
    for ours, value in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, value)
    for number, classifier in enumerate(fitted):
        classifier.save(tmp_path / f"{number}.keras")
        loaded = PhotoClassifier.load(tmp_path / f"{number}.keras")
        assert loaded.backbone == "own.keras"  # no folder is kept
        np.testing.assert_allclose(loaded.evaluate(photos).probabilities, found, atol=1e-4)
    with pytest.raises(ModelError, match="is a PhotoClassifier"):
        backbone_entry(str(tmp_path / "0.keras"))


def test_a_checkpoint_is_of_one_network(photos, tmp_path):
    model = network(28)
    first = named(model, whole=True)
    model.save(tmp_path / "own.keras")
    assert named(str(tmp_path / "own.keras"), whole=True) == first
    model.set_weights([value + 1 for value in model.get_weights()])
    assert named(model, whole=True) != first and named(model) == "own.keras"
