"""The page's card "Why this answer?": each heat map beside the project's own, opened in a real browser."""

import json
import re

import keras
import numpy as np
import pytest
from keras import layers

import models
from datasets import digits
from models import inspection
from models.export.page.page import write_page

NAMES = [str(digit) for digit in range(10)]


def residual():
    """Two blocks with skips and batch normalization."""
    images = keras.Input((20, 24, 3))
    x = layers.Rescaling(1 / 255)(images)
    x = layers.Conv2D(6, 3, padding="same", use_bias=False, name="stem")(x)
    for block in 1, 2:
        y = layers.BatchNormalization(name=f"bn{block}")(x)
        y = layers.Conv2D(6, 3, padding="same", activation="relu", name=f"conv{block}")(y)
        x = layers.Add(name=f"add{block}")([x, y])
        x = layers.MaxPooling2D(2, name=f"pool{block}")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(4, activation="softmax", name="end")(x))


def mobile():
    """Depthwise blocks with ReLU6, a bottleneck and a squeeze, ending in one logit."""
    images = keras.Input((24, 24, 3))
    x = layers.Rescaling(1 / 127.5, -1)(images)
    x = layers.Conv2D(8, 3, 2, "same", use_bias=False, name="stem")(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    y = layers.ZeroPadding2D(1)(x)
    y = layers.DepthwiseConv2D(3, use_bias=False, name="depthwise")(y)
    y = layers.Activation("silu")(layers.BatchNormalization()(y))
    weights = layers.Dense(8, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(y))
    y = layers.Conv2D(8, 1, name="project")(layers.Multiply()([y, weights]))
    x = layers.Add(name="skip")([x, y])
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(images, layers.Dense(1, activation="sigmoid", name="end")(x))


def fill(model):
    """Random weights that let numbers neither vanish nor grow."""
    rng = np.random.default_rng(3)
    for weight in model.weights:
        if "seed" in weight.path:
            continue
        values = rng.normal(0, 0.5, weight.shape)
        values *= 2 / np.sqrt(np.prod(weight.shape[:-1])) if len(weight.shape) > 1 else 1
        weight.assign(np.abs(values) + 0.3 if "variance" in weight.path else values)
    return model


MODELS = {
    "convnet": lambda: models.ConvNet(weights="mnist"),
    "lenet": lambda: fill(models.LeNet5()),
    "residual": lambda: fill(residual()),
    "mobile": lambda: fill(mobile()),
}
ALSO = {"slow": lambda: slow()}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A function of a name that gives (model, images, page)."""
    known, folder = {}, tmp_path_factory.mktemp("why")

    def page(name):
        if name not in known:
            model = (MODELS | ALSO)[name]()
            height, width, channels = model.input_shape[1:]
            if channels == 1:
                images = digits.load_data("embedded")[1][0][:3]
            else:
                coarse = np.random.default_rng(0).integers(0, 256, (3, 4, 4, channels))
                images = coarse.repeat(-(-height // 4), 1).repeat(-(-width // 4), 2)
                images = images[:, :height, :width].astype("uint8")
            classes = max(2, model.output_shape[-1])
            write_page(model, images, folder / f"{name}.html", NAMES[:classes], name)
            known[name] = model, images, folder / f"{name}.html"
        return known[name]

    return page


def opened(browser, path, width=1280):
    browser.show(width, phone=width < 1000)
    browser.open(path.as_uri())
    browser.value("""new Promise(done => {
        const look = () => Page.ready ? done() : setTimeout(look, 10)
        look()
    })""")


def settle(browser):
    """Wait until the page has run the model, and the card is at rest."""
    browser.value("""new Promise(done => {
        const soon = () => setTimeout(look, 200)
        const look = () => Page.why.work || Page.runner.busy ? soon() : done()
        requestAnimationFrame(() => requestAnimationFrame(soon))
    })""")


def explain(browser, method, unit, **settings):
    settings = json.dumps({"unit": unit, **settings})
    found = browser.value(f"""Page.why.explainer.explain('{method}', {settings}).then(
        map => ({{...map, values: [...map.values]}}))""")
    return found, np.reshape(found["values"], (found["h"], found["w"]))


def layer_id(browser, name):
    return browser.value(f"Page.model.nodes.find(one => one.name === '{name}').id")


def close(found, expected, floor=0.0):
    most = abs(expected).max()
    assert most > 1e3 * floor
    np.testing.assert_allclose(found, expected, atol=1e-4 * most + floor)


# ---- Maps ----


@pytest.mark.parametrize(
    "name",
    ["convnet", "residual", *(pytest.param(name, marks=pytest.mark.slow) for name in ("lenet", "mobile"))],
)
def test_maps_are_those_of_the_library(browser, pages, name):
    model, images, path = pages(name)
    opened(browser, path)
    image = images[:1].astype("float32")
    last = browser.value("Page.why.layer")
    middle = {"convnet": "conv1", "lenet": "c1", "residual": "add1", "mobile": "depthwise"}[name]
    raised = 0
    for unit in range(2):
        for method, ours in {"grad_cam": inspection.grad_cam, "layer_cam": inspection.layer_cam}.items():
            for layer, id in (None, last), (middle, layer_id(browser, middle)):
                expected = ours(model, image, unit, layer)[0]
                found = explain(browser, method, unit, layer=id)[1]
                most = found.max()
                np.testing.assert_allclose(found / most if most else found, expected, atol=1e-4)
                raised += most > 0
        path_map = inspection.integrated_gradients(model, image, unit, steps=8)[0].sum(-1)
        found, values = explain(browser, "integrated_gradients", unit, steps=8)
        close(values, path_map)
        assert found["total"] == pytest.approx(
            path_map.sum(), rel=1e-3, abs=float(1e-3 * abs(path_map).sum())
        )
        close(
            explain(browser, "gradient_input", unit)[1],
            (inspection.saliency(model, image, unit) * image)[0].sum(-1),
        )
    assert raised >= 4
    found, values = explain(browser, "occlusion", 1)
    # Each number is the difference of two probabilities, which float32 holds to 6e-8
    close(values, inspection.occlusion(model, image, 1)[0], floor=6e-8)


def test_what_integrated_gradients_add_up_to_is_what_the_logit_rises_by(browser, pages):
    model, images, path = pages("convnet")
    opened(browser, path)
    logits = keras.Model(model.inputs, model.layers[-1].input)
    kernel, bias = model.layers[-1].get_weights()
    both = np.concatenate([images[:1], np.zeros_like(images[:1])]).astype("float32")
    first, black = (np.asarray(logits(both)) @ kernel + bias)[:, 7]
    found, _ = explain(browser, "integrated_gradients", 7, steps=64)
    assert found["rise"] == pytest.approx(first - black, rel=1e-4)
    assert found["total"] == pytest.approx(found["rise"], rel=0.1)


def test_the_card_shows_maps_of_the_class_and_layer_that_are_chosen(browser, pages):
    opened(browser, pages("convnet")[2])
    browser.value("document.querySelector('#why summary').click()")
    browser.value("document.querySelector('input[value=grad_cam]').click()")
    settle(browser)
    says = "document.getElementById('why-says').textContent"
    best = browser.value("Page.bars.best().unit")
    assert f"logit of {best}," in browser.value(says) and "maps of pool," in browser.value(says)
    first = browser.value("Page.why.canvas.toDataURL()")
    browser.value("document.querySelectorAll('.answer-row')[3].click()")
    settle(browser)
    assert "logit of 3," in browser.value(says)
    conv = layer_id(browser, "conv2")
    browser.value(f"Page.view.cards.get({conv}).tiles[0].canvas.click()")  # a place of another layer
    settle(browser)
    assert "maps of conv2," in browser.value(says)
    assert browser.value("Page.why.canvas.toDataURL()") != first
    low, high = browser.value("[...document.querySelectorAll('.scale span')].map(one => one.textContent)")
    assert low == "0"
    assert float(high) == pytest.approx(max(browser.value("[...Page.why.map.values]")), rel=1e-3)
    # The next picture gets its own map
    before = browser.value("[...Page.why.map.values]")
    browser.value("document.querySelectorAll('#examples button')[1].click()")
    settle(browser)
    assert browser.value("[...Page.why.map.values]") != before
    assert browser.named("Runtime.exceptionThrown") == []


def slow():
    """Many channels in many pixels."""
    images = keras.Input((64, 64, 3))
    x = layers.Conv2D(16, 3, activation="relu")(images)
    x = layers.Conv2D(16, 3, activation="relu")(x)
    return keras.Model(images, layers.Dense(2)(layers.GlobalMaxPooling2D()(x)))


def test_long_work_never_holds_the_page_up_and_ends_when_the_picture_changes(browser, pages):
    opened(browser, pages("slow")[2])
    browser.value("""(() => {
        window.turns = 0
        setInterval(() => { turns += 1 }, 1)  // what a page does between two slices of work
        window.first = Page.why.explainer
        const { explain } = first
        window.begun = window.done = window.stopped = 0
        first.explain = function (...all) {
            begun += 1
            const found = explain.apply(this, all)
            found.then(() => { done += 1 }, () => { stopped += 1 })
            return found
        }
    })()""")
    browser.value("document.querySelector('#why summary').click()")
    browser.value("document.querySelector('input[value=occlusion]').click()")
    browser.value("""new Promise(go => {
        const look = () => begun ? go() : setTimeout(look, 10)
        look()
    })""")
    browser.value("document.querySelectorAll('#examples button')[1].click()")
    before = browser.value("turns")
    settle(browser)
    assert browser.value("[begun, done, stopped]") == [2, 1, 1]
    assert browser.value("turns") - before > 20
    # The page itself has its picture, not the last one with a hidden square
    pixels = np.array(browser.value("[...Page.model.nodes[0].values]"))
    np.testing.assert_array_equal(pixels, browser.value("[...Page.input.pixels()]"))


def test_keys_choose_a_map(browser, pages):
    opened(browser, pages("lenet")[2])
    browser.value("document.querySelector('#why summary').focus()")
    for name, code in ("Enter", 13), ("Tab", 9), ("ArrowRight", 39), ("ArrowRight", 39):
        text = {"text": "\r"} if name == "Enter" else {}
        browser.send(
            "Input.dispatchKeyEvent", type="keyDown", key=name, code=name, windowsVirtualKeyCode=code, **text
        )
        browser.send("Input.dispatchKeyEvent", type="keyUp", key=name, code=name, windowsVirtualKeyCode=code)
    settle(browser)
    assert browser.value("[document.activeElement.value, Page.why.method]") == ["grad_cam", "grad_cam"]
    assert browser.value("Page.why.map.method") == "grad_cam"


def test_a_layer_without_a_gradient_is_named_and_a_box_too(browser, tmp_path):
    images = keras.Input((12, 12, 3))
    x = layers.Conv2D(2, 3, name="before")(images)
    x = layers.Lambda(lambda x: keras.ops.cumsum(x, 1), output_shape=(10, 10, 2), name="strange")(x)
    model = keras.Model(images, layers.Dense(2)(layers.Flatten()(x)))
    write_page(model, np.ones((1, 12, 12, 3), "uint8"), tmp_path / "page.html", ["a", "b"])
    opened(browser, tmp_path / "page.html")
    browser.value("document.querySelector('#why summary').click()")
    for method in "grad_cam", "occlusion":
        browser.value(f"document.querySelector('input[value={method}]').click()")
        settle(browser)
        assert "strange (Lambda)" in browser.value("document.getElementById('why-says').textContent")
    assert browser.named("Runtime.exceptionThrown") == []


def test_a_model_without_feature_maps_has_the_other_maps(browser, tmp_path):
    model = models.MLP((8, 8, 1), classes=3, hidden_units=(5,))
    image = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 1)).astype("uint8")
    write_page(model, image, tmp_path / "page.html", ["a", "b", "c"])
    opened(browser, tmp_path / "page.html")
    assert browser.value("Page.why.layer") == -1
    browser.value("document.querySelector('#why summary').click()")
    browser.value("document.querySelector('input[value=grad_cam]').click()")
    settle(browser)
    says = "document.getElementById('why-says').textContent"
    assert browser.value(says).startswith("No layer of this network has feature maps")
    browser.value("document.querySelector('input[value=gradient_input]').click()")
    settle(browser)
    unit = browser.value("Page.bars.best().unit")
    expected = (inspection.saliency(model, image, unit) * image)[0].sum(-1)
    close(np.reshape(browser.value("[...Page.why.map.values]"), (8, 8)), expected)
    assert browser.value("document.getElementById('live').textContent") == browser.value(says)


# ---- Random weights ----


def slide(browser, count):
    browser.value(f"""(() => {{
        const slider = document.getElementById('why-random')
        slider.value = {count}
        slider.dispatchEvent(new Event('input'))
    }})()""")
    settle(browser)


def test_with_random_weights_the_class_is_what_the_trained_network_predicts_for_the_picture(browser, pages):
    model, images, path = pages("convnet")
    expected = model.predict(images, verbose=0).argmax(-1).tolist()
    assert expected[0] != expected[1]
    opened(browser, path)
    browser.value("document.querySelector('#why summary').click()")
    browser.value("document.querySelector('input[value=gradient_input]').click()")
    slide(browser, 4)
    for example, unit in enumerate(expected):
        browser.value(f"Page.input.useExample(Page.input.examples[{example}])")
        settle(browser)
        assert browser.value("Page.why.map.unit") == unit
        assert browser.value("document.getElementById('why-class').selectedOptions[0].textContent") == (
            f"trained network: {unit}"
        )
    slide(browser, 0)
    chosen = browser.value("document.getElementById('why-class').selectedOptions[0].textContent")
    assert chosen == f"predicted: {expected[-1]}"


def test_random_weights_change_the_answer_and_come_back_exactly(browser, pages):
    model, images, path = pages("residual")
    opened(browser, path)
    values = "Page.model.nodes.map(one => [...one.values])"
    before = browser.value(values)
    unit = browser.value("Page.bars.best().unit")
    layer = browser.value("Page.why.layer")
    own = {
        method: explain(browser, method, unit, layer=layer)[1] for method in ("grad_cam", "gradient_input")
    }
    browser.value("document.querySelector('#why summary').click()")
    browser.value("document.querySelector('input[value=gradient_input]').click()")
    weighted = inspection.weighted_layers(model)
    assert browser.value("document.getElementById('why-random').max") == str(len(weighted))
    for count in 1, 3, len(weighted):
        slide(browser, count)
        now = browser.value(values)
        changed = [one != other for one, other in zip(before, now, strict=True)]
        first = layer_id(browser, weighted[-count])
        assert changed.index(True) == first and changed[-1]
        said = browser.value("document.querySelector('.model-changed').textContent")
        assert ", ".join(weighted[-count:]) in said
        for method, map_before in own.items():
            found, map_now = explain(browser, method, unit, layer=layer)
            expected = inspection.rank_correlations(map_before[None], map_now[None])[0]
            assert found["similarity"] == pytest.approx(expected, abs=1e-6)
        written = browser.value("document.getElementById('why-similarity').textContent")
        written = re.search(r": ([\u2212\d.]+) \(", written)[1].replace("\u2212", "-")
        found = explain(browser, "gradient_input", unit)[0]["similarity"]
        assert float(written) == pytest.approx(found, abs=0.0051)
        again = browser.value(values)
        slide(browser, 0)
        slide(browser, count)
        assert browser.value(values) == again  # the seed decides
    slide(browser, 0)
    assert browser.value(values) == before
    assert browser.value("document.querySelector('.model-changed').hidden")
    assert browser.named("Runtime.exceptionThrown") == []


# ---- Edits ----


def all_values(browser):
    return {
        name: np.reshape(values, shape)
        for name, shape, values in browser.value(
            "Page.model.nodes.map(one => [one.name, one.shape, [...one.values]])"
        )
    }


def keras_values(model, image):
    outputs = {layer.name: layer.output for layer in model.layers[1:]}
    found = keras.Model(model.inputs, outputs)(image[None].astype("float32"), training=False)
    return {name: np.asarray(value)[0] for name, value in found.items()}


EDITS = [
    ("residual", "conv1", "kernel", (2, 1, 4, 3), 3),
    ("residual", "conv2", "bias", (5,), 5),
    ("residual", "bn2", "gamma", (2,), 2),
    ("mobile", "depthwise", "kernel", (0, 2, 6, 0), 6),
    ("residual", "end", "kernel", (4, 1), 1),
]


@pytest.mark.parametrize(("name", "layer", "key", "index", "c"), EDITS)
def test_after_an_edit_all_layers_are_keras_s_with_that_edit(browser, pages, name, layer, key, index, c):
    model, images, path = pages(name)
    opened(browser, path)
    before = all_values(browser)
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    variable = getattr(copy.get_layer(layer), key)
    changed = np.array(variable)
    changed[index] = 1.75
    variable.assign(changed)
    axes = ["row", "column", "from"] if len(index) == 4 else ["input"] if len(index) == 2 else []
    places = dict(zip(axes, index, strict=False))
    browser.value(f"""(() => {{
        const node = Page.model.nodes.find(one => one.name === '{layer}')
        const place = {{id: node.id, y: 0, x: 0, c: {c}}}
        const subject = {{kind: 'place', place}}
        Page.panel.editor.open = true
        Page.panel.editor.key = '{key}'
        Page.panel.editor.places = {json.dumps(places)}
        Page.panel.show(subject, true)
        document.getElementById('new-value').value = 1.75
        document.getElementById('set-weight').click()
    }})()""")
    settle(browser)
    assert "1 edit" in browser.value("document.querySelector('.model-changed').textContent")
    now = all_values(browser)
    expected = keras_values(copy, images[0])
    differs = False
    for each, values in expected.items():
        np.testing.assert_allclose(now[each], values, rtol=1e-3, atol=1e-4 * max(1, abs(values).max()))
        differs |= not np.allclose(now[each], before[each])
    assert differs
    close(explain(browser, "gradient_input", 0)[1],
          (inspection.saliency(copy, images[:1], 0) * images[0]).sum((0, -1)))  # fmt: skip
    browser.value("document.getElementById('undo-edit').click()")
    settle(browser)
    for each, values in all_values(browser).items():
        np.testing.assert_array_equal(values, before[each])


def test_a_map_that_is_switched_off_passes_zeros_on(browser, pages):
    model, images, path = pages("residual")
    opened(browser, path)
    before = all_values(browser)
    browser.value("""(() => {
        const node = Page.model.nodes.find(one => one.name === 'conv1')
        Page.panel.editor.open = true
        Page.panel.show({kind: 'filter', node, c: 2}, true)
        document.getElementById('switch-map').click()
    })()""")
    settle(browser)
    conv = model.get_layer("conv1")
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    kernel, bias = (np.array(each) for each in conv.get_weights())
    kernel[..., 2] = bias[2] = 0
    copy.get_layer("conv1").set_weights([kernel, bias])  # relu(0) is 0
    now = all_values(browser)
    for each, values in keras_values(copy, images[0]).items():
        np.testing.assert_allclose(now[each], values, rtol=1e-3, atol=1e-4 * max(1, abs(values).max()))
    assert np.any(before["conv1"][..., 2]) and not np.any(now["conv1"][..., 2])
    close(explain(browser, "gradient_input", 1)[1],
          (inspection.saliency(copy, images[:1], 1) * images[0]).sum((0, -1)))  # fmt: skip
    browser.value("document.getElementById('reset-edits').click()")
    settle(browser)
    for each, values in all_values(browser).items():
        np.testing.assert_array_equal(values, before[each])


def test_a_click_on_a_kernel_s_number_and_the_keyboard_change_it(browser, pages):
    model, _, path = pages("convnet")
    opened(browser, path)
    browser.value(f"""Page.view.cards.get({layer_id(browser, "conv2")}).tiles[7].canvas.closest('.map')
        .querySelector('button').click()""")
    browser.value("document.querySelectorAll('.kernels table')[3].rows[1].cells[2].click()")
    settle(browser)
    fields = "['row', 'column', 'from'].map(name => document.getElementById(`weight-${name}`).valueAsNumber)"
    assert browser.value(fields) == [1, 2, 3]
    assert browser.value("document.activeElement.id") == "new-value"
    cells = "[...document.querySelectorAll('.kernels td')].map(one => Number(one.dataset.value))"
    before = browser.value(cells)
    at = 3 * 9 + 1 * 3 + 2
    assert before[at] == pytest.approx(float(model.get_layer("conv2").kernel[1, 2, 3, 7]))
    browser.value("document.activeElement.value = ''")
    browser.send("Input.insertText", text="-0.5")
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
    browser.send("Input.dispatchKeyEvent", type="keyDown", **enter)
    settle(browser)
    assert browser.value(cells) == [*before[:at], -0.5, *before[at + 1 :]]
    assert browser.value("document.querySelector('.chosen').dataset.value") == "-0.5"
    assert browser.value("document.activeElement.id") == "new-value"  # ready for the next
    browser.value("document.getElementById('undo-edit').click()")
    settle(browser)
    assert browser.value(cells) == before
    assert browser.named("Runtime.exceptionThrown") == []


def test_several_edits_are_undone_one_by_one_and_reset_together(browser, pages):
    opened(browser, pages("lenet")[2])
    values = "Page.model.nodes.map(one => [...one.values])"
    states = [browser.value(values)]
    for number in range(3):
        browser.value(f"""Page.why.changes.set(
            Page.model.nodes.find(one => one.name === 'c1'), 'kernel', {number}, {number + 2})""")
        settle(browser)
        states.append(browser.value(values))
    browser.value("document.getElementById('undo-edit').click()")
    settle(browser)
    assert browser.value(values) == states[2] != states[3]
    slide(browser, 1)
    assert browser.value("Page.panel.editor.changes.canEdit") is False
    browser.value("document.getElementById('reset-edits').focus(), document.activeElement.click()")
    settle(browser)
    assert browser.value(values) == states[0]
    assert browser.value("document.activeElement.id") == "layers"  # whoever uses the keyboard goes on there


def test_a_huge_weight_is_written_in_few_characters(browser, pages):
    opened(browser, pages("residual")[2])
    browser.value("""Page.why.changes.set(
        Page.model.nodes.find(one => one.name === 'stem'), 'kernel', 0, -2.5e30)""")
    settle(browser)
    longest = "Math.max(...document.body.innerText.match(/[\\d.,]+(e\\d+)?/g).map(each => each.length))"
    assert browser.value(longest) <= 9
    assert "e30" in browser.value("document.getElementById('layers').textContent")


# ---- The smallest square ----


@pytest.mark.parametrize("at", [0, 2])
def test_the_smallest_square_is_what_a_search_in_numpy_finds(browser, pages, at):
    model, images, path = pages("convnet")
    opened(browser, path)
    browser.value(f"document.querySelectorAll('#examples button')[{at}].click()")
    browser.value("document.querySelector('#why summary').click()")
    settle(browser)
    browser.value("document.getElementById('mind').click()")
    settle(browser)
    said = browser.value("document.getElementById('mind-says').textContent")
    side, top, _, left, _ = map(int, re.findall(r"\d+", said)[1:6])
    image = images[at].astype("float32")
    own = int(model.predict(image[None], verbose=0).argmax())
    tried = [2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 21]
    for size in tried:
        stride = max(1, round(size / 3))
        starts = [*range(0, 28 - size, stride), 28 - size]
        squares = [(y, x) for y in starts for x in starts]
        erased = np.stack([image] * len(squares))
        for one, (y, x) in zip(erased, squares, strict=True):
            one[y : y + size, x : x + size] = 0
        shares = model.predict(erased, verbose=0, batch_size=1024)
        others = np.where(shares.argmax(-1) != own, shares.max(-1), 0)
        if others.any():
            break
    best = int(others.argmax())
    assert (side, (top, left)) == (size, squares[best])
    assert f"makes it {shares[best].argmax()}, {100 * shares[best].max():.1f}" in said
    assert browser.named("Runtime.exceptionThrown") == []


def test_the_card_fits_phones_and_has_large_targets(browser, pages):
    for width in 390, 820:
        opened(browser, pages("lenet")[2], width)
        browser.value("document.querySelector('#why summary').click()")
        browser.value("document.querySelector('input[value=occlusion]').click()")
        browser.value("Page.why.changes.set(Page.model.nodes[2], 'kernel', 0, 1)")
        settle(browser)
        browser.value("""(() => {
            Page.panel.unfold(true)
            document.querySelectorAll('details').forEach(one => { one.open = true })
        })()""")
        assert browser.value("document.documentElement.scrollWidth") <= width
        targets = "#why button, #why .choice, #why select, .model-changed button, .touch button, .touch input"
        small = browser.value(f"""[...document.querySelectorAll('{targets}')].filter(
            one => {{ const {{width, height}} = one.getBoundingClientRect()
                      return one.offsetParent && (width < 24 || height < 24) }}).map(one => one.outerHTML)""")
        assert small == []
        assert browser.lowest_contrast() >= 4.5
