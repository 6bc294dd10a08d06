"""Two models on one picture: both answer as Keras does, the page says where they differ and shows both."""

import re

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from models import ModelError
from models.export.page import Beside, write_page

NAMES = ["ant", "bee", "cat"]
OTHERS = ["bee", "cat", "dog", "elk"]


def seeded(build):
    """A model whose weights are large enough for answers that differ."""

    def make(*args, **kwargs):
        keras.utils.set_random_seed(3)
        model = build(*args, **kwargs)
        rng = np.random.default_rng(len(model.weights))
        for weight in model.weights:
            if "variance" not in weight.name:
                weight.assign(rng.normal(0.1, 0.4, weight.shape))
        return model

    return make


@seeded
def conv(side=12, channels=3, classes=3, activation="softmax"):
    images = keras.Input((side, side, channels))
    x = layers.Rescaling(1 / 255)(images)
    x = layers.Conv2D(4, 3, padding="same", name="conv", use_bias=False)(x)
    x = layers.Activation("relu")(layers.BatchNormalization(name="bn")(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(classes, activation=activation, name="end")(x), name="first")


@seeded
def flat(side=12, channels=3, classes=4, activation="softmax"):
    """Of scaled pixels, without convolutions."""
    images = keras.Input((side, side, channels))
    x = layers.Flatten()(layers.AveragePooling2D(2, name="pool")(images))
    x = layers.Dense(5, activation="tanh", name="hidden")(x)
    return keras.Model(images, layers.Dense(classes, activation=activation, name="out")(x), name="second")


IMAGES = np.random.default_rng(0).integers(0, 256, (3, 12, 12, 3)).astype("uint8")


def wanted(model, images, scale=1.0):
    return model.predict(images.astype("float32") * scale, verbose=0)


def open_page(browser, page, width=1280, **how):
    browser.show(width, **how)
    browser.open(page.as_uri())
    browser.value(
        "new Promise(done => { const look = () => Page.ready ? done() : setTimeout(look, 20); look() })"
    )
    settle(browser)


def settle(browser):
    """Wait until both models have answered."""
    browser.value("""new Promise(done => {
        const look = () => Page.runner.busy || Page.beside.runner.busy ? setTimeout(look, 5) : done()
        requestAnimationFrame(() => requestAnimationFrame(look))
    })""")


def choose(browser, at):
    browser.value(f"Page.input.useExample(Page.input.examples[{at}])")
    settle(browser)


def shares(browser):
    return [browser.value(f"[...Page{which}.bars.shares]") for which in ("", ".beside.explained")]


def text(browser, selector):
    return browser.value(f"document.querySelector('{selector}').textContent")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """(both models, the page): the second has other layers, other classes and another range of pixels."""
    path = tmp_path_factory.mktemp("beside") / "page.html"
    one, other = conv(), flat()
    write_page(one, IMAGES, path, NAMES, beside=Beside(other, OTHERS, (0, 1)))
    return one, other, path


def test_both_answer_as_keras_does_and_the_page_says_where_they_differ(browser, written):
    one, other, page = written
    open_page(browser, page)
    for at in range(len(IMAGES)):
        choose(browser, at)
        expected = wanted(one, IMAGES)[at], wanted(other, IMAGES, 1 / 255)[at]
        for found, answer in zip(shares(browser), expected, strict=True):
            np.testing.assert_allclose(found, answer, atol=1e-5)
        best = NAMES[expected[0].argmax()], OTHERS[expected[1].argmax()]
        said = text(browser, ".verdict")
        assert said.startswith(
            f"Both answer {best[0]}."
            if best[0] == best[1]
            else f"They differ: first answers {best[0]}, second answers {best[1]}."
        )
        apart = {
            name: abs(expected[0][NAMES.index(name)] - expected[1][OTHERS.index(name)])
            for name in ("bee", "cat")
        }
        if max(apart.values()) > 0.006:
            assert f"furthest apart on {max(apart, key=apart.get)}: " in said
    assert browser.named("Runtime.exceptionThrown") == []


def test_how_large_both_are_is_counted(browser, written):
    _, _, page = written
    open_page(browser, page)
    said = browser.value("[...document.querySelectorAll('.beside .answers p')].map(each => each.textContent)")
    weights = 3 * 3 * 3 * 4 + 4 * 4 + 4 * 3 + 3  # kernels, normalization, dense
    assert said[0] == f"{weights} parameters, {12 * 12 * 3 * 3 * 3 * 4 + 4 * 3:,} multiply-adds"
    assert said[1] == f"{108 * 5 + 5 + 5 * 4 + 4} parameters, {108 * 5 + 5 * 4} multiply-adds"
    assert text(browser, "h1") == "first beside second"


def layer_names(browser):
    return browser.value(
        "[...document.querySelectorAll('#layers .layer > .head .name')].map(each => each.textContent)"
    )


def test_the_layers_of_either_can_be_shown(browser, written):
    _, other, page = written
    open_page(browser, page)
    assert "conv" in layer_names(browser) and not browser.value(
        "document.getElementById('fold-choice').hidden"
    )
    browser.value("document.getElementById('layers-of-1').click()")
    settle(browser)
    assert layer_names(browser) == ["pool", "hidden", "out"]
    assert browser.value("document.getElementById('fold-choice').hidden")  # it has no batch normalization
    assert browser.value("document.querySelectorAll('#layers, #panel, #seen').length") == 3
    choose(browser, 1)
    pool = layers.AveragePooling2D(2)(IMAGES[1:2] / 255.0)
    values = browser.value("[...Page.beside.explained.model.nodes[1].values]")
    np.testing.assert_allclose(values, np.array(pool).ravel(), atol=1e-5)
    browser.value("document.getElementById('layers-of-0').click()")
    assert "conv" in layer_names(browser)
    assert browser.named("Runtime.exceptionThrown") == []


def test_a_class_of_the_model_that_is_not_shown_brings_its_layers(browser, written):
    _, _, page = written
    open_page(browser, page)
    browser.value("document.querySelector('#bars-beside .answer-row:nth-child(3)').focus()")
    browser.value("document.activeElement.click()")
    assert layer_names(browser) == ["pool", "hidden", "out"]
    assert "dog" in text(browser, "#panel h2")
    assert browser.value("document.activeElement.textContent").startswith("dog")  # the focus stays
    assert browser.value("document.getElementById('layers-of-1').checked")


def test_heat_maps_and_changes_are_of_the_model_that_is_shown(browser, written):
    one, other, page = written
    open_page(browser, page)
    browser.value("document.getElementById('layers-of-1').click()")
    browser.value(
        "document.getElementById('why').open = true; Page.beside.explained.why.choose('gradient_input')"
    )
    browser.value("new Promise(done => setTimeout(done, 500))")
    found = browser.value("[...Page.beside.explained.why.map.values]")
    best = wanted(other, IMAGES, 1 / 255)[0].argmax()
    heat = slope(other, IMAGES[0] / 255.0, best)
    np.testing.assert_allclose(found, heat, atol=0.01 * abs(heat).max())
    before = shares(browser)
    browser.value("Page.beside.explained.changes.set(Page.beside.explained.model.nodes.at(-1), 'bias', 3, 9)")
    settle(browser)
    after = shares(browser)
    assert after[0] == before[0] and after[1][3] > 0.9
    assert re.search(r"second answers elk\b", text(browser, ".verdict"))
    assert "The model is changed" in text(browser, "#layers .model-changed")


def slope(model, pixels, unit):
    """Gradient times input of a logit, by differences of the model without its softmax."""
    logits = keras.Model(model.input, model.layers[-1].output)
    logits.layers[-1].activation = keras.activations.linear
    try:
        found, step = [], 1e-2
        for at in np.ndindex(pixels.shape[:2]):
            total = 0.0
            for c in range(pixels.shape[2]):
                sides = np.stack([pixels, pixels])
                sides[0][(*at, c)] += step
                sides[1][(*at, c)] -= step
                high, low = logits(sides.astype("float32")).numpy()[:, unit]
                total += (high - low) / (2 * step) * pixels[(*at, c)]
            found.append(total)
        return np.array(found)
    finally:
        logits.layers[-1].activation = keras.activations.softmax


def test_what_is_drawn_goes_to_both(browser, written):
    one, other, page = written
    open_page(browser, page)
    browser.value("Page.input.begin([0.2, 0.2]); Page.input.extend([[0.8, 0.7]])")
    settle(browser)
    pixels = np.array(browser.value("[...Page.input.pixels()]")).reshape(1, 12, 12, 3)
    assert np.abs(pixels - IMAGES[0]).max() > 50
    expected = wanted(one, pixels)[0], wanted(other, pixels, 1 / 255)[0]
    for found, answer in zip(shares(browser), expected, strict=True):
        np.testing.assert_allclose(found, answer, atol=1e-5)
    browser.value("new Promise(done => setTimeout(done, 900))")
    assert text(browser, "#live") == text(browser, ".verdict")  # for screen readers


@pytest.mark.parametrize("side", [12, 8])
def test_all_examples_are_compared_on_demand(browser, tmp_path, side):
    images = np.random.default_rng(4).integers(0, 256, (8, 4, 4, 3)).repeat(3, 1).repeat(3, 2).astype("uint8")
    images = (images * np.linspace(0.1, 1, 8).reshape(-1, 1, 1, 1)).astype("uint8")
    one, other = conv(), flat(side, classes=3)
    sized = [
        np.asarray(Image.fromarray(each).resize((side, side), Image.Resampling.BICUBIC)) for each in images
    ]
    given = (one, images, 1.0), (other, np.stack(sized), 1 / 255)
    for each in given:  # so that no class is the answer to all
        bias = each[0].layers[-1].bias
        bias.assign(bias - np.log(wanted(*each)).mean(0))
    found = [wanted(*each).argmax(1) for each in given]
    differing = np.flatnonzero(found[0] != found[1])
    assert 0 < len(differing) < 8
    write_page(one, images, tmp_path / "page.html", NAMES, beside=Beside(other, pixel_range=(0, 1)))
    open_page(browser, tmp_path / "page.html")
    browser.value("document.querySelector('.on-examples button').click()")
    browser.value("new Promise(done => setTimeout(done, 500))")
    assert text(browser, ".on-examples [role=status]").startswith(
        f"They agree on {8 - len(differing)} of 8 examples"
    )
    labels = browser.value("[...document.querySelectorAll('.differing button')].map(each => each.title)")
    assert labels == [
        f"example {at + 1}: first answers {NAMES[found[0][at]]}, second answers {NAMES[found[1][at]]}"
        for at in differing
    ]
    browser.value("document.querySelector('.differing button').click()")
    settle(browser)
    assert browser.value("Page.input.example()") == differing[0]
    assert text(browser, ".verdict").startswith("They differ")
    browser.value("Page.changes.set(Page.model.nodes.at(-1), 'bias', 0, 9)")
    settle(browser)
    assert text(browser, ".on-examples [role=status]") == ""  # another model


@pytest.mark.parametrize("side", [8, 20])
def test_a_model_of_another_size_gets_the_picture_as_pillow_resizes_it(browser, tmp_path, side):
    one, other = conv(), flat(side)
    write_page(one, IMAGES, tmp_path / "page.html", NAMES, pixel_range=(0, 1), beside=Beside(other, OTHERS))
    open_page(browser, tmp_path / "page.html")
    assert f"{side} × {side} pixels: it gets the picture of first, resized" in text(browser, ".answer")
    for at in 0, 2:
        choose(browser, at)
        small = np.asarray(Image.fromarray(IMAGES[at]).resize((side, side), Image.Resampling.BICUBIC))
        np.testing.assert_allclose(shares(browser)[1], wanted(other, small[None], 1 / 255)[0], atol=2e-3)
        np.testing.assert_allclose(
            shares(browser)[0], wanted(one, IMAGES[at : at + 1], 1 / 255)[0], atol=1e-5
        )


def test_numbers_are_compared_as_numbers(browser, tmp_path):
    one, other = (build(classes=2, activation="linear") for build in (conv, flat))
    for model in one, other:
        model.compile(loss="mse")
    names = ["width", "height", "depth"]
    write_page(
        one, IMAGES, tmp_path / "page.html", names, answer="numbers", beside=Beside(other, names, (0, 1))
    )
    open_page(browser, tmp_path / "page.html")
    expected = wanted(one, IMAGES)[0], wanted(other, IMAGES, 1 / 255)[0]
    apart = np.abs(expected[0] - expected[1]).argmax()
    assert text(browser, ".verdict").startswith(f"They are furthest apart in {names[apart]}: ")
    np.testing.assert_allclose(shares(browser), expected, rtol=1e-4, atol=1e-4)


def test_weights_of_both_are_rounded_and_the_larger_difference_is_told(tmp_path):
    one, other = conv(), flat()
    settings = {"precision": "int8"}
    alone = [
        write_page(one, IMAGES, tmp_path / "page.html", NAMES, **settings).difference,
        write_page(other, IMAGES, tmp_path / "page.html", OTHERS, pixel_range=(0, 1), **settings).difference,
    ]
    both = write_page(
        one, IMAGES, tmp_path / "page.html", NAMES, beside=Beside(other, OTHERS, (0, 1)), **settings
    )
    assert both.difference == pytest.approx(max(alone), abs=1e-7) and min(alone) > 0


@pytest.mark.parametrize(("width", "phone"), [(390, True), (820, False), (1440, False)])
def test_it_fits_every_screen_with_long_names(browser, tmp_path, width, phone):
    long = "a name without any space that is " + "x" * 200
    page = tmp_path / "page.html"
    write_page(
        conv(),
        IMAGES,
        page,
        [long, "bee", "cat"],
        beside=Beside(flat(), [long, *OTHERS[1:]], names=(long, long)),
    )
    open_page(browser, page, width, phone=phone)
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.value("document.querySelector('.beside').getBoundingClientRect().right") <= width
    assert browser.lowest_contrast() > 4.5
    targets = ".beside button, .beside input, .on-examples button"
    small = browser.value(f"""[...document.querySelectorAll('{targets}')].filter(
        one => Math.min(one.offsetWidth, one.offsetHeight) < 24 && innerWidth < 800).length""")
    assert small == 0


class Twice(layers.Layer):
    """A layer that the page does not know."""

    def call(self, inputs):
        return 2 * inputs


def with_box(side):
    images = keras.Input((side, side, 3))
    x = layers.Flatten()(Twice(name="box")(images))
    return keras.Model(images, layers.Dense(3, activation="softmax")(x), name="boxed")


def test_a_closed_box_answers_for_the_examples(browser, tmp_path):
    one, other = conv(), with_box(12)
    write_page(one, IMAGES, tmp_path / "page.html", NAMES, beside=other)
    open_page(browser, tmp_path / "page.html")
    choose(browser, 1)
    np.testing.assert_allclose(shares(browser)[1], wanted(other, IMAGES)[1], atol=1e-5)
    browser.value("Page.input.begin([0.2, 0.2]); Page.input.extend([[0.8, 0.7]])")
    settle(browser)
    assert text(browser, ".verdict") == "" and not browser.value("Page.beside.explained.bars.known")


def refused():
    two = keras.Input((12, 12, 3)), keras.Input((2,))
    several = keras.Model(two, layers.Dense(3)(layers.Concatenate()([layers.Flatten()(two[0]), two[1]])))
    images = keras.Input((12, 12, 3))
    masks = keras.Model(
        images, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(images), name="masks"
    )
    numbers = flat(activation="relu", classes=2)
    texts = keras.Sequential([keras.Input((5,)), layers.Dense(2)], name="rows")
    return {
        "takes several inputs": several,
        "of 3 channels and second of 1 channel": flat(channels=1),
        "masks answers with a picture": masks,
        "answers with classes and second with numbers": numbers,
        "rows takes .* and no image": texts,
        "no built functional or sequential model": 5,
        "second has 4 classes, and class_names of Beside has 2 names": Beside(flat(), ["a", "b"]),
        "does not compute '?box'? .Twice. of boxed": with_box(16),
        "two different numbers": Beside(flat(), pixel_range=(1, 1)),
        "needs names of both models": Beside(flat(), OTHERS, names=["a"]),
        "class_names as a list of names": Beside(flat(), "abcd"),
    }


def test_a_probability_and_two_have_the_same_classes(browser, tmp_path):
    one, two = conv(classes=1, activation="sigmoid"), flat(classes=2)
    for first, second in ((one, two), (two, one)):
        settings = {"beside": Beside(second, pixel_range=np.array([0, 255]))}  # an array is a pair, too
        write_page(first, IMAGES, tmp_path / "page.html", ["no", "yes"], **settings)
        open_page(browser, tmp_path / "page.html")
        assert "furthest apart on" in text(browser, ".verdict")


def test_what_cannot_be_compared_is_refused_in_one_sentence(tmp_path):
    for message, beside in refused().items():
        with pytest.raises(ModelError, match=message) as error:
            write_page(conv(), IMAGES, tmp_path / "page.html", NAMES, beside=beside)
        assert "\n" not in str(error.value) and str(error.value).endswith(".")
    assert not list(tmp_path.iterdir())
