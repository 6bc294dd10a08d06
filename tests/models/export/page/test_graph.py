"""The small map of a model's graph: skips and branches are seen, and lead to the layers."""

import keras
import numpy as np
import pytest
from keras import layers

from models.export.page.page import write_page


def branches():
    """Three branches side by side, and a skip over all."""
    images = keras.Input((12, 12, 3))
    x = layers.Conv2D(4, 3, padding="same", name="stem")(images)
    one = layers.Conv2D(2, 1, name="one")(x)
    two = layers.Conv2D(2, 3, padding="same", name="two")(x)
    three = layers.MaxPooling2D(3, 1, "same", name="three")(x)
    y = layers.Concatenate(name="joined")([one, two, three])
    y = layers.Conv2D(4, 1, name="mixed")(y)
    x = layers.Add(name="sum")([x, y])
    return keras.Model(images, layers.Dense(2, name="end")(layers.GlobalAveragePooling2D(name="mean")(x)))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "page.html"
    write_page(branches(), np.zeros((1, 12, 12, 3), "uint8"), path, ["a", "b"])
    return path


def opened(browser, path):
    browser.show(1280)
    browser.open(path.as_uri())
    browser.value("""new Promise(done => {
        const look = () => Page.ready ? requestAnimationFrame(done) : setTimeout(look, 10)
        look()
    })""")
    places = browser.value("""[...document.querySelectorAll('.graph circle')].map(
        one => ['cx', 'cy'].map(key => Number(one.getAttribute(key))))""")
    return browser.value("Page.model.nodes.map(one => one.name)"), places


def test_branches_stand_beside_each_other_and_every_connection_is_drawn(browser, page):
    names, places = opened(browser, page)
    places = dict(zip(names, places, strict=True))
    assert len(set(map(tuple, places.values()))) == len(names)
    columns = [places[name][0] for name in names]
    assert columns == sorted(columns)
    rows = {name: place[1] for name, place in places.items()}
    assert len({rows["one"], rows["two"], rows["three"]}) == 3
    chain = names[:2] + ["joined", "mixed", "sum", "mean", "end"]
    assert len({rows[name] for name in chain}) == 1
    ends = browser.value("""[...document.querySelectorAll('.graph path')].map(one => {
        const point = at => { const {x, y} = one.getPointAtLength(at); return [x, y].map(Math.round) }
        return [point(0), point(one.getTotalLength())]
    })""")
    expected = browser.value("Page.model.nodes.flatMap(one => one.inputs.map(from => [from, one.id]))")
    whole = [[[round(side) for side in places[names[id]]] for id in pair] for pair in expected]
    assert len(ends) == len(whole) == 1 + 3 + 3 + 1 + 2 + 1 + 1  # of each layer
    np.testing.assert_allclose(ends, whole, atol=1)
    learned = browser.value("[...document.querySelectorAll('.graph circle.learned')].length")
    assert learned == 5


def test_keys_and_the_mouse_lead_to_layers(browser, page):
    names, _ = opened(browser, page)
    browser.value("document.querySelector('.graph').focus()")

    def press(key):
        browser.value(f"""document.activeElement.dispatchEvent(
            new KeyboardEvent('keydown', {{key: '{key}', bubbles: true, cancelable: true}}))""")

    press("End")
    press("ArrowLeft")
    says = browser.value("document.querySelector('.graph').getAttribute('aria-valuetext')")
    assert says == "mean: takes sum; goes to end"
    press("Home")
    for _ in range(names.index("sum")):
        press("ArrowRight")
    press("Enter")
    assert browser.value("document.activeElement.tile.node.name") == "sum"
    browser.value("""(() => {
        const dot = document.querySelectorAll('.graph circle')[3].getBoundingClientRect()
        const at = {clientX: dot.left + dot.width / 2 + 1, clientY: dot.top + 2, bubbles: true}
        document.querySelector('.graph').dispatchEvent(new MouseEvent('click', at))
    })()""")
    assert browser.value("document.activeElement.tile.node.name") == names[3]
    assert browser.named("Runtime.exceptionThrown") == []


def test_a_chain_needs_no_map(browser, tmp_path):
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(2)])
    write_page(model, np.zeros((0, 8, 8, 1)), tmp_path / "page.html", ["a", "b"])
    opened(browser, tmp_path / "page.html")
    assert browser.value("document.querySelector('.graph')") is None
