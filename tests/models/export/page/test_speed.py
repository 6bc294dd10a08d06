"""The page's heavy layers in WebAssembly, with the same numbers, and its long work in slices."""

import base64
import json
import re
import shlex
import shutil
import subprocess

import keras
import numpy as np
import pytest
from keras import layers
from scipy import special

from models.export.page.bundle import bundle
from models.export.page.page import write_page
from models.export.page.portable import portable
from models.export.page.shell import FOLDER, KERNELS

LONGEST = 50  # milliseconds, from which on browsers call a task long
NO_WEBASSEMBLY = "delete globalThis.WebAssembly"


# ---- The kernels ----


def test_the_kernels_are_what_their_source_says(tmp_path):
    source = KERNELS.with_suffix(".c")
    command = re.search(r"clang --target.*?kernels\.c", source.read_text(), re.DOTALL)[0]
    if not shutil.which("clang") or not shutil.which("wasm-ld"):
        pytest.skip("no clang is installed (on Debian: apt-get install clang lld)")
    said = subprocess.run(["clang", "--version"], capture_output=True, text=True).stdout
    if not re.search(r"version 14\.", said):
        pytest.skip("kernels.wasm was written by clang 14, and another is installed")
    shutil.copy(source, tmp_path)
    subprocess.run(shlex.split(command), cwd=tmp_path, check=True)
    assert (tmp_path / "kernels.wasm").read_bytes() == KERNELS.read_bytes()
    assert KERNELS.stat().st_size < 16_000


@pytest.fixture(scope="module")
def engine(browser):
    """A function of (model, image) that gives its nodes, and their values with the kernels and without."""
    browser.open("about:blank")
    browser.value(bundle(FOLDER, "engine/model.js", name="Engine") + "void 0")
    kernels = json.dumps(base64.b64encode(KERNELS.read_bytes()).decode())

    def run(model, image, change=""):
        plain = json.dumps(portable(model))
        image = json.dumps(image.ravel().tolist())
        return browser.value(f"""(async () => {{
            const found = []
            for (const kernels of [{kernels}, null]) {{
                let model = await Engine.load({plain}, kernels)
                const image = Float32Array.from({image})
                model.run(image.map(value => 1 - value))  // what is left of it must not show
                {change}
                model.run(image)
                const fast = Boolean(model.nodes[0].space)
                found.push({{fast, values: model.nodes.map(one => [...one.values])}})
            }}
            return found
        }})()""")

    return run


def random_layer(rng, kind, channels):
    """A layer with settings that are seldom round, and the same for Keras."""
    pick = lambda *choices: choices[rng.integers(len(choices))]  # noqa: E731
    settings = {
        "kernel_size": (pick(1, 2, 3, 5), pick(1, 2, 3, 4)),
        "padding": pick("same", "valid"),
        "use_bias": bool(pick(0, 1)),
    }
    if pick(0, 1):
        settings["strides"] = pick(1, 2, 3) if kind == "depthwise" else (pick(1, 2, 3), pick(1, 2))
    else:
        settings["dilation_rate"] = (pick(1, 2), pick(1, 2, 3))
    if kind == "depthwise":
        return layers.DepthwiseConv2D(depth_multiplier=pick(1, 1, 2, 3), **settings)
    groups = channels if kind == "each" else pick(*(n for n in (1, 2, 3) if channels % n == 0))
    return layers.Conv2D(groups * pick(1, 2, 3, 5, 8, 11), groups=groups, **settings)


def filled(model, rng):
    for weight in model.weights:
        values = rng.normal(0, 0.5, weight.shape)
        weight.assign(np.abs(values) + 0.3 if "variance" in weight.path else values)
    return model


@pytest.mark.parametrize("seed", range(40))
def test_windows_of_every_shape(engine, seed):
    rng = np.random.default_rng(seed)
    channels = int(rng.choice([1, 2, 3, 4, 5, 8, 12, 17, 20]))
    layer = random_layer(rng, ["conv", "depthwise", "each"][seed % 3], channels)
    images = keras.Input((*map(int, rng.integers(7, 15, 2)), 3))
    model = filled(keras.Model(images, layer(layers.Conv2D(channels, 1)(images))), rng)
    check(engine, model, rng, str(layer.get_config()))


def check(engine, model, rng, said="", change="", tolerance=2e-6):
    """Both ways give what Keras gives. The last node's values."""
    image = rng.normal(0, 1, model.input_shape[1:]).astype("float32")
    fast, plain = engine(model, image, change)
    assert (fast["fast"], plain["fast"]) == (True, False)
    found = np.array(fast["values"][-1])
    if not change:
        expected = np.asarray(model(image[None], training=False)).ravel()
        for values in found, plain["values"][-1]:
            np.testing.assert_allclose(
                values, expected, atol=tolerance * max(1, abs(expected).max()), err_msg=said
            )
    for mine, other in zip(fast["values"], plain["values"], strict=True):
        scale = max(1, np.abs(other).max())
        np.testing.assert_allclose(mine, other, atol=2e-6 * scale, err_msg=said)
    return found


@pytest.mark.parametrize("sizes", [(1, 1), (3, 5), (37, 8), (130, 2050), (70_000, 5)])
def test_fully_connected_layers(engine, sizes):
    """The last two are handed over in several blocks."""
    rng = np.random.default_rng(0)
    images = keras.Input((1, sizes[0], 1))
    model = keras.Model(images, layers.Dense(sizes[1])(layers.Flatten()(images)))
    for weight in model.weights:
        weight.assign(rng.normal(0, 1 / np.sqrt(weight.shape[0]), weight.shape))
    check(engine, model, rng, tolerance=1e-5)  # Keras adds them up in 32 bits, one after the other


def value_by_value():
    """What works value by value, of channels that are no multiple of four."""
    images = keras.Input((5, 7, 3))
    x = layers.Rescaling(2.0, -0.5)(images)
    x = layers.Conv2D(7, 3, padding="same", activation="relu")(x)
    y = layers.BatchNormalization()(x)
    y = layers.ReLU(6.0)(layers.Conv2D(7, 1)(y))
    x = layers.Add()([x, y, layers.ReLU()(y)])
    x = layers.Add()([x, layers.GlobalAveragePooling2D(keepdims=True)(x)])
    x = layers.Activation("relu6")(layers.DepthwiseConv2D(3, activation="silu")(x))
    x = layers.LayerNormalization()(layers.Conv2D(6, 2, activation="gelu")(x))
    x = layers.Multiply()([layers.GlobalAveragePooling2D(keepdims=True)(x), x])
    return keras.Model(images, layers.Dense(3)(layers.Flatten()(x)))


def test_value_by_value(engine):
    rng = np.random.default_rng(1)
    check(engine, filled(value_by_value(), rng), rng)


@pytest.mark.parametrize("name", ["sigmoid", "silu", "gelu", "relu", "relu6"])
def test_curves_from_end_to_end(engine, name):
    """Beside those of NumPy and SciPy, with sizes at which e^x is 0 or infinite in 32 bits."""
    values = np.concatenate([np.linspace(-12, 12, 2401), [-1e30, -200, -90, -0.0, 1e-20, 90, 200, 1e30]])
    values = values.astype("float32")[None, :, None]
    images = keras.Input(values.shape)
    fast, plain = engine(keras.Model(images, layers.Activation(name)(images)), values)
    x = values.ravel().astype("float64")
    expected = {
        "sigmoid": special.expit(x),
        "silu": x * special.expit(x),
        "gelu": x * special.ndtr(x),
        "relu": np.maximum(x, 0),
        "relu6": np.clip(x, 0, 6),
    }[name]
    for found in fast, plain:
        np.testing.assert_allclose(found["values"][-1], expected, rtol=1e-6, atol=1e-6)


def test_new_weights_twins_and_switches_count_in_both_ways(engine):
    """The kernels get a weight anew with each run, and a twin has a memory of its own."""
    rng = np.random.default_rng(2)
    model = filled(value_by_value(), rng)
    before = check(engine, model, rng)
    edit = """
        const at = model.nodes.findIndex(one => one.kind === "conv")
        model.nodes[at].weights.kernel[5] += 3
    """
    twin = """
        const first = model
        const values = first.nodes.at(-1).values.slice()
        const weights = {...model.nodes[at].weights, bias: new Float32Array(7)}
        model = first.twin(new Map([[at, {weights}]]))
        model.run(image)
        if (`${first.nodes.at(-1).values}` !== `${values}`) throw new Error("the twin writes into the first")
    """
    off = "model.nodes[at].off = new Set([2])"
    rng = np.random.default_rng(2)
    filled(model, rng)
    found = [before]
    for change in edit, edit + twin, edit + off:
        rng = np.random.default_rng(3)
        found.append(check(engine, model, rng, change=change))
    assert min(np.abs(one - other).max() for one, other in zip(found, found[1:], strict=False)) > 1e-6


# ---- The page ----


def heavy():
    """Two convolutions that take the plain code 200 milliseconds each, between small ones."""
    images = keras.Input((64, 64, 3))
    x = layers.Conv2D(64, 3, padding="same", activation="relu", name="first")(images)
    for name in "second", "third":
        x = layers.Conv2D(64, 3, padding="same", activation="gelu", name=name)(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(3, activation="softmax", name="end")(x))


@pytest.fixture(scope="module")
def photos():
    return np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3)).repeat(8, 1).repeat(8, 2).astype("uint8")


@pytest.fixture(scope="module")
def model():
    return filled(heavy(), np.random.default_rng(0))


@pytest.fixture(scope="module")
def page(model, photos, tmp_path_factory):
    path = tmp_path_factory.mktemp("speed") / "page.html"
    for weight in model.weights:
        weight.assign(weight / np.sqrt(np.prod(weight.shape[:-1]) / 8 + 1))
    write_page(model, photos, path, ["a", "b", "c"], pixel_range=(0, 1))
    return path


@pytest.fixture(params=["WebAssembly", "plain"])
def opened(request, browser, page):
    """The page, once in a browser that has WebAssembly and once in one that has not."""
    script = None
    if request.param == "plain":
        script = browser.send("Page.addScriptToEvaluateOnNewDocument", source=NO_WEBASSEMBLY)["identifier"]
    browser.show(1280)
    browser.open(page.as_uri())
    browser.value(
        "new Promise(done => { const look = () => Page.ready ? done() : setTimeout(look, 10); look() })"
    )
    assert browser.value("Boolean(Page.model.nodes[0].space)") is (request.param == "WebAssembly")
    yield browser
    assert browser.named("Runtime.exceptionThrown", "Log.entryAdded") == []
    if script:
        browser.send("Page.removeScriptToEvaluateOnNewDocument", identifier=script)


def wait(browser):
    browser.value("""new Promise(done => {
        const look = () => Page.runner.busy || Page.why.work ? setTimeout(look, 20) : done()
        setTimeout(look, 250)  // the card waits until a pen rests
    })""")


def choose(at):
    return f"document.querySelectorAll('#examples button')[{at}].click();"


def shares(browser):
    return np.array(browser.value("[...Page.bars.shares]"))


def test_the_answer_is_keras_s(opened, model, photos):
    opened.value(choose(1))
    wait(opened)
    expected = np.asarray(model(photos[1:2].astype("float32") / 255))[0]
    np.testing.assert_allclose(shares(opened), expected, atol=1e-5)


def test_a_new_picture_ends_the_run_before_it(opened, model, photos):
    runs = opened.value("Page.runs")
    # The second picture comes when the first maps of the first are drawn, and the run rests until then
    steps = opened.value(f"""new Promise(done => {{
        const seen = []
        const {{ computeSlowly }} = Page.model
        Page.model.computeSlowly = async function (node, ...all) {{
            seen.push(node.id)
            if (seen.length === 2) {{
                const {{ work }} = Page.runner
                {choose(2)}
                const end = performance.now() + 5000
                while (performance.now() < end) await work.pause()  // throws once the run is stopped
            }}
            return computeSlowly.call(this, node, ...all)
        }}
        {choose(1)}
        const look = () => Page.runner.busy || seen.length < 2 ? setTimeout(look, 10) : done(seen)
        look()
    }})""")
    wait(opened)
    last = opened.value("Page.model.nodes.length") - 1
    assert opened.value("Page.runs") == runs + 1  # the first was given up
    assert steps.count(last) == 1 and steps.count(1) == 2
    expected = np.asarray(model(photos[2:].astype("float32") / 255))[0]
    np.testing.assert_allclose(shares(opened), expected, atol=1e-5)
    assert opened.value("document.getElementById('best').textContent") != ""


def test_a_pen_that_never_rests_sees_first_maps(opened):
    opened.value("Page.firsts.length = 0")
    opened.value("""new Promise(done => {
        let left = 12
        const move = () => {
            Page.input.update()
            left -= 1
            if (left) setTimeout(move, 16)
            else done()
        }
        move()
    })""")
    assert opened.value("Page.firsts.length") >= 1
    wait(opened)


def test_no_task_is_long(opened):
    """Not in a run, and not in the card: here one layer alone may take 200 milliseconds."""

    def pictures():
        for at in 1, 2:
            opened.value(choose(at))
            wait(opened)

    assert opened.longest_task(pictures) < LONGEST
    opened.value("document.getElementById('why').open = true; 0")

    def explain():
        for method in "grad_cam", "gradient_input":
            opened.value(f"Page.why.choose('{method}')")
            wait(opened)
            assert opened.value("Page.why.map.method") == method

    assert opened.longest_task(explain) < LONGEST


def test_no_task_is_long_where_two_models_run(browser, model, photos, tmp_path):
    other = filled(heavy(), np.random.default_rng(1))
    write_page(model, photos, tmp_path / "page.html", ["a", "b", "c"], pixel_range=(0, 1), beside=other)
    browser.show(1280)
    browser.open((tmp_path / "page.html").as_uri())
    browser.value(
        "new Promise(done => { const look = () => Page.ready ? done() : setTimeout(look, 10); look() })"
    )

    def both():
        browser.value(f"""new Promise(done => {{
            {choose(1)}
            const busy = () => Page.runner.busy || Page.beside.runner.busy
            const look = () => busy() ? setTimeout(look, 10) : done()
            look()
        }})""")

    assert browser.longest_task(both) < LONGEST


def test_a_long_run_says_how_far_it_is(opened):
    """Where layers take their time; meanwhile what stands there of the picture before is faint."""
    said = opened.value(f"""new Promise(done => {{
        const {{ computeSlowly }} = Page.model
        const said = []
        Page.model.computeSlowly = async function (...all) {{
            await new Promise(go => setTimeout(go, 60))
            said.push([document.getElementById('best').textContent,
                       document.getElementById('bars').classList.contains('stale')])
            return computeSlowly.apply(this, all)
        }}
        {choose(0)}
        const look = () => Page.runner.busy || !said.length ? setTimeout(look, 10) : done(said)
        look()
    }})""")
    count = opened.value("Page.model.nodes.length") - 1
    assert [f"layer {count - 2} of {count}…", True] in said
    assert not opened.value("document.getElementById('bars').classList.contains('stale')")
    assert "layer" not in opened.value("document.getElementById('best').textContent")
