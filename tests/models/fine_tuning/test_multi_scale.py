"""Probes at several sizes as one Keras model: what NumPy computes, sizes, and `fit(effort="quick")`."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from datasets import Photos, digits
from models import Backbone, ModelError, PhotoClassifier
from models.fine_tuning.multi_scale import (
    MultiScaleClassifier,
    any_size,
    fit_probes,
    multi_scale_features,
    suitable_sizes,
)
from models.inspection import grad_cam

SIZES = 32, 64


@pytest.fixture(scope="module")
def backbone():
    keras.utils.set_random_seed(0)
    return any_size(Backbone("mobilenet_025", weights=None))


@pytest.fixture(scope="module")
def photos():
    """Eighteen squares of three colours with noise: enough for features of random weights."""
    random = np.random.default_rng(0)
    labels = np.arange(18) % 3
    colours = np.array([[200, 80, 80], [80, 200, 80], [80, 80, 200]])[labels]
    pixels = colours[:, None, None] + random.integers(-50, 50, (18, 64, 64, 3))
    return SimpleNamespace(pixels=pixels.astype("uint8"), labels=labels, class_names=("r", "g", "b"))


@pytest.fixture(scope="module")
def fitted(backbone, photos):
    """(probes, the model)."""
    probes = fit_probes(backbone, photos, np.arange(18), SIZES)
    model = MultiScaleClassifier(backbone, 3, SIZES)
    probes.assign(model)
    return probes, model


@pytest.mark.slow
def test_the_model_computes_the_mean_of_the_probes_on_features_of_each_size(backbone, photos, fitted):
    probes, model = fitted
    pixels = photos.pixels.astype("float32")
    expected = 0
    for size in SIZES:
        steps = 64 // size  # 32 pixels are the means of 2 x 2 of 64
        small = pixels.reshape(18, size, steps, size, steps, 3).mean((2, 4))
        maps = [np.asarray(backbone(side)) for side in (small, small[:, :, ::-1])]
        features = sum(np.concatenate([each.mean((1, 2)), each.max((1, 2))], 1) for each in maps) / 2
        logits = features @ probes.probes[size].kernel + probes.probes[size].bias
        expected = expected + np.exp(logits) / np.exp(logits).sum(-1, keepdims=True) / len(SIZES)
    np.testing.assert_allclose(model.predict(pixels, verbose=0), expected, atol=1e-4)


@pytest.mark.slow
def test_a_mirror_image_is_classified_alike_only_with_flips(backbone, photos, fitted):
    pixels = photos.pixels[:4].astype("float32")
    pixels[:, :, :20] = 0
    probes, model = fitted
    np.testing.assert_allclose(model(pixels), model(pixels[:, :, ::-1]), atol=1e-5)
    one_sided = MultiScaleClassifier(backbone, 3, SIZES, flip=False)
    probes.assign(one_sided)
    assert np.abs(np.subtract(one_sided(pixels), one_sided(pixels[:, :, ::-1]))).max() > 1e-4


def test_colours_are_learned_and_held_out_photos_recognized(photos, fitted):
    probes, model = fitted
    assert probes.accuracy == np.mean(probes.out_of_fold.argmax(-1) == photos.labels) > 0.8
    assert np.mean(model.predict(photos.pixels, verbose=0).argmax(-1) == photos.labels) == 1


def test_features_are_of_the_rows_asked_for(backbone, photos):
    every = multi_scale_features(backbone, photos.pixels, np.arange(18), (64,))[64]
    some = multi_scale_features(backbone, photos.pixels, [17, 3], (64,))[64]
    np.testing.assert_allclose(some, every[[17, 3]], rtol=1e-4, atol=1e-5)


def test_grad_cam_shows_the_largest_size(photos, fitted):
    assert grad_cam(fitted[1], photos.pixels[:2].astype("float32"), 0, layer="conv_pw_5_relu").shape == (
        2,
        4,
        4,
    )


def test_any_size_computes_what_the_backbone_does():
    for name in "mobilenet_025", "mobilenet_v3_small":
        backbone = Backbone(name, weights=None, image_size=64)
        pixels = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype("float32")
        np.testing.assert_allclose(any_size(backbone)(pixels), backbone(pixels), atol=1e-5)
        assert any_size(backbone)(pixels[:, :32, :32]).shape[1:3] == (1, 1)


def test_a_backbone_of_one_size_is_refused_in_a_sentence():
    with pytest.raises(ModelError, match=r"convnet .* one size alone\.$"):
        any_size(Backbone("convnet", weights=None))
    for bad in ({"sizes": ()}, {"sizes": (0, 32)}, {"classes": 1}, {"flip": "no"}):
        with pytest.raises(ModelError, match=f"MultiScaleClassifier .*{next(iter(bad))}"):
            MultiScaleClassifier(None, **{"classes": 2, "sizes": (32,)} | bad)


@pytest.mark.parametrize("side", [1, 32, 111, 112, 500])
@pytest.mark.parametrize(("trained_on", "smallest"), [(224, 32), (299, 71), (96, 32)])
def test_sizes_are_ascending_multiples_of_32_that_the_backbone_takes(side, trained_on, smallest):
    sizes = suitable_sizes(side, trained_on, smallest)
    assert list(sizes) == sorted(set(sizes)) and min(sizes) >= smallest
    assert all(size % 32 == 0 or size == smallest for size in sizes)
    assert (max(sizes) > trained_on) == (side >= trained_on / 2)


# As a classifier


@pytest.fixture(scope="module")
def digit_photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "photos"
    digits.save_photos(folder, 6)
    for label in (folder / "test").iterdir():
        for file in sorted(label.iterdir())[4:]:
            file.unlink()
    return Photos.check(folder, image_size=28)


def test_quick_is_quiet_uses_no_test_photo_and_is_saved(digit_photos, tmp_path, capfd):
    classifier = PhotoClassifier("convnet", flip=False).fit(digit_photos, effort="quick")
    assert capfd.readouterr() == ("", "")
    held_out = classifier.cross_validation_
    assert len(held_out) == np.sum(digit_photos.parts != "test")
    evaluation = classifier.evaluate(digit_photos)
    assert evaluation.accuracy.value > 0.9 and held_out.accuracy.value > 0.8
    wrong = digit_photos.labels.copy()
    wrong[digit_photos.of("test")] = 0
    pixels = digit_photos.pixels.copy()
    pixels[digit_photos.of("test")] = 0
    same = ("parts", "class_names", "files", "sides", "of", "source", "fingerprint", "split_table")
    other = SimpleNamespace(
        **{name: getattr(digit_photos, name) for name in same},
        labels=wrong, pixels=pixels, class_weights=digit_photos.class_weights, at=lambda *_, **__: other,
    )  # fmt: skip
    again = PhotoClassifier("convnet", flip=False).fit(other, effort="quick")
    for one, two in zip(classifier.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    classifier.save(tmp_path / "digits.keras")
    loaded = PhotoClassifier.load(tmp_path / "digits.keras")
    np.testing.assert_allclose(
        loaded.evaluate(digit_photos).probabilities, evaluation.probabilities, atol=1e-6
    )


@pytest.mark.slow
def test_the_size_of_the_photos_decides_at_which_sizes_they_are_seen(digit_photos):
    classifier = PhotoClassifier("mobilenet_025", weights=None).fit(digit_photos, effort="quick")
    resized = [layer.height for layer in classifier.model.layers if isinstance(layer, keras.layers.Resizing)]
    assert sorted(resized) == [96, 160, 224] and classifier.image_size_ == 224
    assert classifier.cross_validation_.accuracy.value > 0.2  # chance is 0.1; this is with random weights


def test_an_unknown_effort_is_refused(digit_photos):
    with pytest.raises(ModelError, match=r'effort.*"quick".*"normal"'):
        PhotoClassifier().fit(digit_photos, effort="fast")
