"""Numbers in the texts of four lessons, held against the networks and settings that they are about."""

import inspect
import re

import keras
import numpy as np
import pytest

import models
from datasets import digits
from datasets.generated import perturbations
from models.counting import multiply_adds
from models.fine_tuning import linear_probe, tuning
from models.fine_tuning.calibration import with_temperature
from models.fine_tuning.fine_tuned import halves
from models.fine_tuning.transfer import border_at
from models.scores import Share
from tutorials import few_examples, fine_tune, invariance, knobs


def text(lesson):
    return inspect.getdoc(lesson)


def default(lesson, setting):
    return inspect.signature(lesson.main).parameters[setting].default


@pytest.fixture(scope="module")
def pool():
    network = models.ConvNet(weights="mnist")
    return keras.Model(network.input, network.get_layer("pool").output)


@pytest.mark.parametrize(("pixels", "positions"), [(4, 1), (8, 2)])
def test_a_translated_digit_moves_what_pool_puts_out_by_a_quarter(pixels, positions, pool):
    images = np.zeros((8, 28, 28, 1), "float32")
    images[:, 8:20, 8:20] = digits.load_data("embedded")[0][0][:8, 8:20, 8:20]
    plain, moved = (pool.predict(perturbations.shift(images, amount), verbose=0) for amount in (0, pixels))
    for n, way in enumerate(perturbations.DIRECTIONS.tolist() * 2):
        expected = np.roll(plain[n], np.multiply(way, positions), axis=(0, 1))
        inside = slice(2, 4)  # what the image's border has not touched
        np.testing.assert_allclose(moved[n][inside, inside], expected[inside, inside], atol=1e-4)
        assert not np.allclose(moved[n], plain[n], atol=0.1)
    assert "$4 / (2 \\cdot 2) = 1$ position" in text(invariance)
    assert "$8 / (2 \\cdot 2) = 2$ positions" in text(invariance)


def test_two_pixels_move_it_by_no_whole_position(pool):
    images = np.zeros((1, 28, 28, 1), "float32")
    images[:, 8:20, 8:20] = digits.load_data("embedded")[0][0][:1, 8:20, 8:20]
    plain, moved = (pool.predict(perturbations.shift(images, amount), verbose=0)[0] for amount in (0, 2))
    for positions in range(-2, 3):
        assert not np.allclose(np.roll(plain, positions, axis=1), moved, atol=0.1)


def test_the_augmentation_is_as_the_text_says():
    code = inspect.getsource(invariance.augment)
    assert "degrees=30, zoom=0.3, shear=0, shift=4" in code and "dimming=0.6, glow=0.4" in code
    said = text(invariance)
    assert "up to 4 pixels" in said and "up to 30 degrees" in said and "up to 30 %" in said


def test_the_table_of_knobs_is_the_baseline():
    network, said = models.StackedConvNet(**knobs.BASELINE), text(knobs)
    rows = re.findall(
        r"^\| `(\w+)`[^|]*\| ([\d×]+) \|[^|]* = ([\d{,}]+)\$ \|[^|]* = ([\d{,}]+)\$ \|$", said, re.M
    )
    assert [row[0] for row in rows] == [layer.name for layer in network.layers if layer.weights]
    sums = [0, 0]
    for name, shape, *counts in rows:
        layer = network.get_layer(name)
        parameters, products = (int(count.replace("{,}", "")) for count in counts)
        assert tuple(map(int, shape.split("×"))) == layer.output.shape[1:]
        assert parameters == layer.count_params()
        alone = keras.Sequential(
            [keras.Input(layer.input.shape[1:]), type(layer).from_config(layer.get_config())]
        )
        assert products == multiply_adds(alone)
        sums = [sums[0] + parameters, sums[1] + products]
    assert sums == [network.count_params(), multiply_adds(network)] == [26_466, 195_072]
    assert default(knobs, "repeats") == 3 and "three times" in said


def test_few_examples_counts_its_weights_and_scans():
    network, said = models.ConvNet(weights="mnist"), text(few_examples)
    assert network.count_params() == 302_794 and "302,794" in said
    assert network.layers[-1].count_params() == 2_570 and network.layers[-1].kernel.shape[0] == 256
    assert [default(few_examples, name) for name in ("examples", "steps", "batch_size", "repeats")] == [
        5,
        100,
        20,
        5,
    ]
    (_, first, half), (_, second, rest) = few_examples.METHODS["fine-tuned"]
    assert half == rest == 0.5 and second == pytest.approx(first / 10)


def test_a_frozen_layer_keeps_its_weights_and_the_others_change():
    network = few_examples.compiled("last layer", 1e-2, 1, 2, 20, True)[0]
    before = network.get_weights()  # of the last layer, kernel and bias come last
    images = np.random.default_rng(0).uniform(0, 255, (20, 28, 28, 1))
    network.fit(images, np.arange(20) % 10, batch_size=20, epochs=2, verbose=0)
    changed = [
        not np.array_equal(one, other) for one, other in zip(before, network.get_weights(), strict=True)
    ]
    assert changed == [False] * (len(changed) - 2) + [True, True]


def test_what_fine_tune_freezes_of_the_backbone_of_digits():
    backbone, said = models.Backbone("convnet"), text(fine_tune)
    frozen, top = halves(backbone, border_at(backbone, default(fine_tune, "unfreeze")), 28, classes=10)
    assert frozen.count_params() == 5_056 and "416 + 4{,}640 = 5{,}056" in said
    dense, head = (layer for layer in top._flatten_layers() if isinstance(layer, keras.layers.Dense))
    assert dense.count_params() == 295_168 and "295{,}168" in said
    assert head.count_params() == 2_570 and backbone.output_shape == (None, 256)
    assert linear_probe.FOLDS == 5 and "five" in said
    assert tuning.FOLDS == 3 and "three folds" in " ".join(said.split())


def test_the_temperature_and_the_interval_of_fine_tune():
    given, t = np.array([[0.7, 0.2, 0.1]]), 0.6
    expected = given ** (1 / t) / np.sum(given ** (1 / t))
    np.testing.assert_allclose(with_temperature(given, t), expected)
    assert r"p_k^{1 / t}" in text(fine_tune)
    share = Share(19, 20)
    assert f"{100 * share.low:.0f} to {100 * share.high:.0f} %" == "76 to 99 %"
    assert "76 to 99 %" in " ".join(text(fine_tune).split())


def test_the_solutions_of_knobs_are_the_models():
    def of(**changed):
        return models.StackedConvNet(**knobs.BASELINE | changed)

    wider, said = of(features=16), text(knobs)
    assert [wider.get_layer(name).count_params() for name in ("conv2", "dense1")] == [2_320, 50_240]
    assert of(pool_stride=3).get_layer("pool2").output.shape[1:] == (4, 4, 8)
    assert of(pool_stride=3).get_layer("dense1").count_params() == 8_256
    assert all(number in said for number in ("2{,}320", "50{,}240", "8{,}256"))
    assert round(multiply_adds(of(features=32)) / multiply_adds(of())) == 11 and "11 times" in said


def test_new_heads_have_the_parameters_that_the_solutions_say():
    assert models.ConvNet(classes=26).layers[-1].count_params() == 6_682
    assert "26 = 6{,}682" in text(few_examples)
    assert models.ConvNet(classes=3).layers[-1].count_params() == 771
    assert "3 = 771" in text(fine_tune)
