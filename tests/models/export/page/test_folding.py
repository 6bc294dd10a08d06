"""Batch normalization folded into the layer before it: no answer changes, and the weights are NumPy's."""

import keras
import numpy as np
import pytest
from keras import layers

from models.export.page.page import write_page


def network():
    """Batch normalization behind four kinds of layers, and once where it cannot be folded."""
    images = keras.Input((16, 16, 3))
    x = layers.Conv2D(6, 3, 2, use_bias=False, name="plain")(images)
    x = layers.ReLU()(layers.BatchNormalization(name="bn_plain")(x))
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, name="depthwise")(x)
    x = layers.BatchNormalization(scale=False, name="bn_depthwise")(x)
    x = layers.Conv2D(8, 1, activation="relu", name="active")(x)
    x = layers.BatchNormalization(name="bn_active")(x)  # behind an activation
    y = layers.Conv2D(8, 3, padding="same", groups=2, name="branch")(x)
    x = layers.Add()([y, layers.BatchNormalization(name="bn_branch")(y)])  # whose values are taken twice
    x = layers.Dense(5, name="dense")(layers.GlobalAveragePooling2D()(x))
    x = layers.BatchNormalization(center=False, name="bn_dense")(x)
    return keras.Model(images, layers.Dense(3, activation="softmax", name="end")(x))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    keras.utils.set_random_seed(0)
    model, rng = network(), np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, each.shape) for each in layer.get_weights()])
    images = rng.integers(0, 256, (2, 16, 16, 3)).astype("uint8")
    path = tmp_path_factory.mktemp("folding") / "page.html"
    write_page(model, images, path, pixel_range=(0, 1))
    return model, path


def open_page(browser, page):
    browser.show(1280)
    browser.open(page.as_uri())
    browser.value(
        "new Promise(done => { const look = () => Page.ready ? done() : setTimeout(look, 20); look() })"
    )


REST = "new Promise(done => setTimeout(done, 150))"
VALUES = "Page.model.nodes.map(({name, values}) => [name, [...values]])"


def test_no_answer_changes_and_the_weights_are_those_of_the_formula(browser, written):
    model, page = written
    open_page(browser, page)
    names = browser.value("Page.changes.folding.pairs.map(pair => pair.map(({name}) => name))")
    assert names == [["plain", "bn_plain"], ["depthwise", "bn_depthwise"], ["dense", "bn_dense"]]
    before = dict(browser.value(VALUES))
    browser.value("document.getElementById('fold').click()")
    browser.value(REST)
    after = dict(browser.value(VALUES))
    for name in before:
        if name in ("plain", "depthwise", "dense"):
            np.testing.assert_allclose(after[name], after[f"bn_{name}"], rtol=1e-5, atol=1e-6)
            assert not np.allclose(after[name], before[name])
        else:
            np.testing.assert_allclose(after[name], before[name], rtol=1e-4, atol=1e-4)
    gamma, beta, mean, variance = model.get_layer("bn_plain").get_weights()
    factor = gamma / np.sqrt(variance + 1e-3)
    kernel = model.get_layer("plain").get_weights()[0] * factor
    weights = "Page.model.nodes.find(({name}) => name === 'plain').weights"
    np.testing.assert_allclose(browser.value(f"[...{weights}.kernel]"), kernel.ravel(), rtol=1e-5)
    np.testing.assert_allclose(browser.value(f"[...{weights}.bias]"), beta - mean * factor, rtol=1e-5)
    assert "which changes no answer" in browser.value("document.querySelector('.model-changed').textContent")


def test_channels_first_are_folded_as_well(browser, tmp_path):
    """Transposes stand between the layers there. A normalization of the rows is left alone."""
    keras.utils.set_random_seed(0)
    images, first = keras.Input((3, 8, 10)), {"data_format": "channels_first"}
    x = layers.Conv2D(4, 3, padding="same", name="plain", **first)(images)
    x = layers.ReLU()(layers.BatchNormalization(axis=1, name="bn_plain")(x))
    x = layers.DepthwiseConv2D(3, name="depthwise", **first)(x)
    x = layers.BatchNormalization(axis=1, name="bn_depthwise")(x)
    y = layers.Conv2D(4, 1, name="branch", **first)(x)
    x = layers.Add()(
        [y, layers.BatchNormalization(axis=1, name="bn_branch")(y)]
    )  # its values are taken twice
    x = layers.BatchNormalization(axis=2, name="bn_rows")(layers.Conv2D(4, 1, name="rows", **first)(x))
    model = keras.Model(images, layers.Dense(3)(layers.GlobalAveragePooling2D(**first)(x)))
    rng = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(rng.uniform(0.5, 1.5, weight.shape))
    write_page(model, np.zeros((1, 8, 10, 3), "uint8") + 99, tmp_path / "page.html", pixel_range=(0, 1))
    open_page(browser, tmp_path / "page.html")
    names = browser.value("Page.changes.folding.pairs.map(pair => pair.map(({name}) => name))")
    assert names == [["plain", "bn_plain"], ["depthwise", "bn_depthwise"]]
    before = browser.value("[...Page.bars.shares]"), dict(browser.value(VALUES))["bn_plain"]
    browser.value("document.getElementById('fold').click()")
    browser.value(REST)
    np.testing.assert_allclose(browser.value("[...Page.bars.shares]"), before[0], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(dict(browser.value(VALUES))["plain"], before[1], rtol=1e-4, atol=1e-5)
    gamma, _, _, variance = model.get_layer("bn_plain").get_weights()
    kernel = model.get_layer("plain").get_weights()[0] * gamma / np.sqrt(variance + 1e-3)
    weights = "Page.model.nodes.find(({name}) => name === 'plain').weights"
    np.testing.assert_allclose(browser.value(f"[...{weights}.kernel]"), kernel.ravel(), rtol=1e-5)


def test_unfolded_all_is_exactly_as_before(browser, written):
    _, page = written
    open_page(browser, page)
    before = browser.value(VALUES)
    browser.value("document.getElementById('fold').click()")
    browser.value("Page.changes.set(Page.model.nodes.find(({name}) => name === 'plain'), 'kernel', 0, 5)")
    browser.value("Page.changes.randomise(1)")  # folding ends, and with it the edit of a folded weight
    assert browser.value("document.getElementById('fold').checked") is False
    browser.value("document.getElementById('reset-edits').click()")
    browser.value(REST)
    assert browser.value(VALUES) == before


def test_a_model_without_batch_normalization_has_no_such_choice(browser, tmp_path):
    model = keras.Sequential([layers.Input((8, 8, 1)), layers.Flatten(), layers.Dense(2, "softmax")])
    write_page(model, np.zeros((1, 8, 8, 1)), tmp_path / "dense.html", ["a", "b"])
    open_page(browser, tmp_path / "dense.html")
    assert browser.value("document.getElementById('fold-choice').hidden")
