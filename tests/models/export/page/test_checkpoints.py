"""The card "During training": at each moment the page computes what Keras computes with its weights."""

import keras
import numpy as np
import pytest
from keras import layers

from models import ModelError
from models.export.page.page import write_page

NAMES = ["ant", "bee", "cat"]


def small():
    """A network with a skip and batch normalization, of 12 x 12 pixels."""
    images = keras.Input((12, 12, 3))
    x = layers.Rescaling(1 / 255)(images)
    x = layers.Conv2D(4, 3, padding="same", name="conv")(x)
    x = layers.Add()([x, layers.Activation("relu")(layers.BatchNormalization(name="bn")(x))])
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(3, activation="softmax", name="end")(x))


def moments(model, count):
    """Weights of some moments, as a training might leave them."""
    rng = np.random.default_rng(1)
    return [
        (f"epoch {n}", [rng.uniform(0.1, 1.5, weight.shape).astype("float32") for weight in model.weights])
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """(model, its checkpoints, images, the page)."""
    keras.utils.set_random_seed(2)
    model, path = small(), tmp_path_factory.mktemp("moments") / "page.html"
    images = np.random.default_rng(0).integers(0, 256, (2, 12, 12, 3)).astype("uint8")
    before, checkpoints = model.get_weights(), moments(model, 3)
    write_page(model, images, path, NAMES, checkpoints=checkpoints)
    for own, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(own, kept)  # it has its own weights again
    return model, checkpoints, images, path


def answers(model, weights, images):
    """What Keras answers with these weights, once they are rounded as in the page."""
    own = model.get_weights()
    try:
        model.set_weights([each.astype("float16").astype("float32") for each in weights])
        return model.predict(images.astype("float32"), verbose=0)
    finally:
        model.set_weights(own)


def open_page(browser, page):
    browser.show(1280)
    browser.open(page.as_uri())
    browser.value(
        "new Promise(done => { const look = () => Page.ready ? done() : setTimeout(look, 20); look() })"
    )
    browser.value("document.getElementById('training').open = true")


REST = "new Promise(done => setTimeout(done, 150))"
SHARES = "[...Page.bars.shares]"


def test_the_slider_gives_every_layer_the_weights_of_a_moment(browser, written):
    model, checkpoints, images, page = written
    open_page(browser, page)
    at_first = browser.value(SHARES)
    np.testing.assert_allclose(at_first, model.predict(images, verbose=0)[0], atol=1e-5)
    for at, (name, weights) in enumerate(checkpoints):
        browser.value(f"Page.training.go({at})")
        browser.value(REST)
        np.testing.assert_allclose(browser.value(SHARES), answers(model, weights, images)[0], atol=1e-5)
        assert browser.value("document.querySelector('#training output').textContent") == name
    browser.value("Page.training.go(3)")
    browser.value(REST)
    assert browser.value(SHARES) == at_first  # the model's own weights are not rounded
    assert browser.named("Runtime.exceptionThrown") == []


def test_the_chart_has_the_answer_at_each_moment(browser, written):
    model, checkpoints, images, page = written
    open_page(browser, page)
    browser.value("Page.input.useExample(Page.input.examples[1])")
    browser.value("new Promise(done => setTimeout(done, 400))")
    expected = [answers(model, weights, images)[1] for _, weights in checkpoints]
    expected.append(model.predict(images, verbose=0)[1])
    np.testing.assert_allclose(browser.value("Page.training.rows.map(row => [...row])"), expected, atol=1e-5)
    lines = browser.value(
        "[...document.querySelectorAll('.moments polyline')].map(line =>"
        " [Number(line.dataset.unit), line.getAttribute('points').split(' ').map(p => +p.split(',')[1])])"
    )
    assert sorted(unit for unit, _ in lines) == [0, 1, 2]
    for unit, heights in lines:  # 90 of 96 is 0, 6 is 1
        np.testing.assert_allclose(heights, 90 - 84 * np.array(expected)[:, unit], atol=0.01)


def test_edits_and_random_layers_end_where_another_moment_begins(browser, written):
    model, checkpoints, images, page = written
    open_page(browser, page)
    browser.value("Page.why.changes.randomise(1)")
    browser.value("Page.training.go(1)")
    browser.value(REST)
    expected = answers(model, checkpoints[1][1], images)[0]
    np.testing.assert_allclose(browser.value(SHARES), expected, atol=1e-5)
    browser.value("Page.why.changes.set(Page.model.nodes.at(-1), 'bias', 0, 9)")
    browser.value("Page.training.go(0)")
    browser.value("Page.training.go(1)")
    browser.value(REST)
    np.testing.assert_allclose(browser.value(SHARES), expected, atol=1e-5)


def test_the_moment_that_was_asked_for_last_counts(browser, written):
    """The weights of the first one asked for are still to be unpacked when the others are there."""
    model, checkpoints, images, page = written
    browser.show(1280)
    browser.open(page.as_uri())
    browser.value(
        "new Promise(done => { const look = () => Page.ready ? done() : setTimeout(look, 20); look() })"
    )
    browser.value("""(async () => {
        await Page.training.moments.weightsOf(1)
        const going = [0, 3, 2, 1].map(at => Page.training.go(at))
        Page.changes.set(Page.model.nodes.at(-1), 'bias', 0, 9)
        await Promise.all(going)
    })()""")
    browser.value(REST)
    expected = answers(model, checkpoints[1][1], images)[0]
    np.testing.assert_allclose(browser.value(SHARES), expected, atol=1e-5)
    assert browser.value("document.getElementById('moment').value") == "1"


def test_the_chart_is_of_the_weights_without_the_users_changes(browser, written):
    model, checkpoints, images, page = written
    open_page(browser, page)
    browser.value("Page.changes.set(Page.model.nodes.at(-1), 'bias', 0, 9)")
    browser.value("Page.input.useExample(Page.input.examples[1])")
    browser.value("new Promise(done => setTimeout(done, 400))")
    assert browser.value(SHARES)[0] > 0.9
    rows = browser.value("Page.training.rows.map(row => [...row])")
    np.testing.assert_allclose(rows[-1], model.predict(images, verbose=0)[1], atol=1e-5)
    browser.value("Page.training.go(0)")
    browser.value(REST)
    expected = answers(model, checkpoints[0][1], images)[1]
    np.testing.assert_allclose(browser.value(SHARES), expected, atol=1e-5)
    browser.value("Page.training.go(3)")
    browser.value(REST)
    np.testing.assert_allclose(browser.value(SHARES), rows[-1], atol=1e-7)


def test_a_long_name_of_a_moment_is_no_wider_than_a_phone(browser, tmp_path):
    model = small()
    named = [("x" * 400, model.get_weights())]
    write_page(model, np.zeros((1, 12, 12, 3), "uint8"), tmp_path / "page.html", checkpoints=named)
    browser.show(390, phone=True)
    browser.open((tmp_path / "page.html").as_uri())
    browser.value(
        "new Promise(done => { const look = () => Page.ready ? done() : setTimeout(look, 20); look() })"
    )
    browser.value("document.getElementById('training').open = true; Page.training.go(0)")
    browser.value(REST)
    assert browser.value("document.querySelector('#training output').getBoundingClientRect().right") <= 390
    assert browser.value("document.documentElement.scrollWidth") <= 390


def test_a_closed_box_has_no_earlier_moments(tmp_path):
    """What is recorded of it is of the model's own weights."""

    @keras.saving.register_keras_serializable("test_checkpoints")
    class Double(layers.Layer):
        def call(self, inputs):
            return 2 * inputs

    model = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Conv2D(2, 3), Double(name="box"), layers.Flatten()]
    )
    images, checkpoints = np.zeros((1, 8, 8, 1), "uint8"), [("epoch 1", model.get_weights())]
    with pytest.raises(ModelError, match=r"does not compute '?box'? \(Double\), .* leave them out"):
        write_page(model, images, tmp_path / "page.html", answer="numbers", checkpoints=checkpoints)
    write_page(model, images, tmp_path / "page.html", answer="numbers")


@pytest.mark.parametrize(
    ("checkpoints", "sentence"),
    [
        ([("epoch 1", [np.zeros(3)])], "checkpoint '?epoch 1'? are not those of"),
        (5, "as pairs"),
        ([("first",)], "as pairs"),
    ],
)
def test_weights_of_another_model_are_refused(checkpoints, sentence, tmp_path):
    with pytest.raises(ModelError, match=sentence):
        write_page(
            small(), np.zeros((0, 12, 12, 3), "uint8"), tmp_path / "page.html", checkpoints=checkpoints
        )
    assert not list(tmp_path.iterdir())


def test_weights_that_are_not_finite_and_too_many_are_refused(tmp_path):
    model = small()
    (name, weights), *_ = moments(model, 1)
    weights[0][:] = np.nan
    texts, complexes = ([each.astype(kind) for each in weights] for kind in (str, complex))
    for given, sentence in (
        ([(name, weights)], "not all finite"),
        ([(name, texts)], "not all real numbers"),
        ([(name, complexes)], "not all real numbers"),
        (moments(model, 51), "up to 50"),
    ):
        with pytest.raises(ModelError, match=sentence):
            write_page(model, np.zeros((0, 12, 12, 3), "uint8"), tmp_path / "page.html", checkpoints=given)
