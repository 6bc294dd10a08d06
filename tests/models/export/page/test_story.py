"""The card "One kernel, step by step": it shows what the layer computed, and waits for the user."""

import json

import keras
import numpy as np
import pytest
from keras import layers

import models
from datasets import digits
from models.export.page.page import write_page

NAMES = [str(digit) for digit in range(10)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("story")


@pytest.fixture(scope="module")
def page(folder):
    """The zoo's ConvNet with three digits."""
    images = digits.load_data("embedded")[1][0][:3]
    write_page(models.ConvNet(weights="mnist"), images, folder / "page.html", NAMES, "ConvNet")
    return folder / "page.html"


def open_page(browser, page, motion=False, **window):
    browser.show(1280, **window)
    value = "no-preference" if motion else "reduce"
    browser.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": value}])
    browser.open(page.as_uri())
    browser.value(
        "new Promise(done => { const look = () => Page.ready ? done() : setTimeout(look, 20); look() })"
    )


STATE = """(() => {
    const {story} = Page, {node, c} = story
    const draw = story.map.getContext('2d').getImageData(0, 0, node.w, node.h).data
    const shown = []
    for (let at = 3; at < draw.length; at += 4) shown.push(draw[at] > 0)
    const box = element => [element.style.top, element.style.left, element.style.height, element.style.width]
    return {c, at: story.at, playing: story.playing, shown, window: box(story.window).map(parseFloat),
            size: [node.h, node.w, node.c], caption: story.caption.textContent,
            button: story.toggle.textContent,
            panel: document.querySelector('#panel h2')?.textContent}
})()"""


def test_the_map_appears_pixel_by_pixel_below_the_window_of_the_kernel(browser, page):
    open_page(browser, page)
    state = browser.value(STATE)
    assert not state["playing"] and state["button"] == "Play" and state["at"] == 0
    height, width, channels = state["size"]
    assert (height, width, channels) == (14, 14, 16)  # stride 2, padding "same": one row or column before
    for at in (0, 17, 195):
        browser.value(f"Page.story.go({at})")
        state = browser.value(STATE)
        assert state["shown"] == [pixel <= at for pixel in range(196)]
        y, x = divmod(at, 14)
        rows = np.clip([2 * y - 1, 2 * y + 4], 0, 28) * 100 / 28  # 5 weights on what the picture has
        columns = np.clip([2 * x - 1, 2 * x + 4], 0, 28) * 100 / 28
        expected = [rows[0], columns[0], np.ptp(rows), np.ptp(columns)]
        np.testing.assert_allclose(state["window"], expected, atol=0.01)
        browser.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert browser.value(STATE)["panel"] == f"conv1, map {state['c']}, row {y}, column {x}"
    assert "has 16 of them" in state["caption"] and state["button"] == "Play again"


def test_it_tells_of_the_map_whose_pixels_differ_most(browser, page):
    open_page(browser, page)
    model, image = models.ConvNet(weights="mnist"), browser.value("[...Page.model.nodes[0].values]")
    first = keras.Model(model.inputs, model.get_layer("conv1").output)
    maps = np.asarray(first([np.reshape(image, (1, 28, 28, 1))]))[0]
    assert browser.value(STATE)["c"] == int(maps.reshape(-1, 16).std(0).argmax())


def test_it_plays_by_itself_and_stops_where_the_user_points(browser, page):
    open_page(browser, page, motion=True)
    assert browser.value("Page.story.playing")
    places = browser.value(
        "[0, 1, 2, 8.9, 9.1, 20, 29.99, 30].map(seconds => Page.story.placeAfter(seconds))"
    )
    assert places[:4] == [0, 0, 1, 5] and places == sorted(places) and places[-1] == 195
    browser.value("""new Promise(done => {
        Page.story.seconds = 29.9
        const look = () => Page.story.playing ? setTimeout(look, 20) : done(); look()
    })""")
    assert browser.value(STATE)["at"] == 195
    browser.value("Page.story.play()")
    left, top = browser.value("""(() => {
        const box = Page.view.cards.get(2).tiles[3].canvas.getBoundingClientRect()
        return [box.left + box.width / 2, box.top + box.height / 2]
    })()""")
    browser.send("Input.dispatchMouseEvent", type="mouseMoved", x=left, y=top)
    browser.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    state = browser.value(STATE)
    assert not state["playing"] and "map 3" in state["panel"]


def test_it_follows_a_new_picture_and_a_changed_weight(browser, page):
    open_page(browser, page)
    browser.value("Page.story.go(100)")
    pixels = "[...Page.story.map.getContext('2d').getImageData(0, 0, 14, 14).data]"
    before = browser.value(pixels)
    browser.value("Page.input.useExample(Page.input.examples[1])")
    browser.value("new Promise(done => setTimeout(done, 100))")
    assert browser.value(pixels) != before and browser.value("Page.story.at") == 100


def test_a_model_without_a_convolution_has_no_such_card(browser, folder):
    model = keras.Sequential([layers.Input((8, 8, 1)), layers.Flatten(), layers.Dense(2, "softmax")])
    write_page(model, np.zeros((1, 8, 8, 1)), folder / "dense.html", ["a", "b"])
    open_page(browser, folder / "dense.html")
    assert browser.value("document.getElementById('story')") is None
    assert json.dumps(browser.named("Runtime.exceptionThrown")) == "[]"


def test_a_convolution_of_another_input_is_not_shown_on_the_picture(browser, folder):
    picture, other = keras.Input((8, 8, 1), name="picture"), keras.Input((6, 6, 1), name="other")
    first, second = (
        layers.Conv2D(2, 3, name="of_other")(other),
        layers.Conv2D(2, 3, name="of_picture")(picture),
    )
    merged = layers.Concatenate()([layers.Flatten()(first), layers.Flatten()(second)])
    model = keras.Model([picture, other], layers.Dense(2, "softmax")(merged))
    given = {"other": np.ones((1, 6, 6, 1), "float32")}
    write_page(model, np.zeros((1, 8, 8, 1), "uint8"), folder / "two.html", other_inputs=given)
    open_page(browser, folder / "two.html")
    assert browser.value("Page.story.node.name") == "of_picture"


def test_it_says_what_the_layer_does(browser, folder):
    for channels, settings, weights, sums in (
        (
            1,
            {"activation": "relu"},
            "weights",
            ", and the bias to them: the sum, after the activation, is one",
        ),
        (3, {"use_bias": False}, "weights for each of 3 channels", ": the sum is one"),
    ):
        maps = layers.Conv2D(2, 3, **settings)
        steps = [layers.Input((40, 40, channels)), maps, layers.Flatten(), layers.Dense(2, "softmax")]
        images = np.zeros((1, 40, 40, channels), "uint8")
        write_page(keras.Sequential(steps), images, folder / "says.html", ["a", "b"])
        open_page(browser, folder / "says.html")
        assert f"A kernel of 3 × 3 {weights} lies on the picture." in browser.value(STATE)["caption"]
        browser.value("Page.story.go(2)")
        assert f"added up{sums} pixel" in browser.value(STATE)["caption"]
        assert browser.value("Page.story.position.textContent") == "pixel 3 of 1,444"


def test_a_map_of_one_pixel_is_told_at_once(browser, folder):
    model = keras.Sequential(
        [layers.Input((8, 8, 1)), layers.Conv2D(3, 8), layers.Flatten(), layers.Dense(2, "softmax")]
    )
    write_page(model, np.zeros((1, 8, 8, 1), "uint8"), folder / "one.html", ["a", "b"])
    open_page(browser, folder / "one.html", motion=True)
    browser.value("new Promise(done => setTimeout(done, 200))")
    state = browser.value(STATE)
    assert not state["playing"] and state["button"] == "Play again" and state["shown"] == [True]


def test_a_phone_begins_with_the_card_closed(browser, page):
    browser.show(390, phone=True)
    browser.open(page.as_uri())
    browser.value(
        "new Promise(done => { const look = () => Page.ready ? done() : setTimeout(look, 20); look() })"
    )
    assert browser.value("document.getElementById('story').open") is False
    browser.value("document.querySelector('#story summary').click()")
    browser.value("new Promise(done => setTimeout(done, 100))")
    assert browser.value("Page.story.map.getBoundingClientRect().right") <= 390
