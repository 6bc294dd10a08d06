"""Rounded weights: the numbers that NumPy finds, and the same in the file."""

import base64
import signal
import zlib

import keras
import numpy as np
import pytest
from keras import layers

from models.export.page import page_bytes, portable, write_page
from models.export.precision import as_int8, greatest_difference, quantized, rounded_weights, rounding_note
from models.export.weight_bytes import WeightBytes


def nearest(values, axes):
    """int8 with a scale for each channel, one channel after the other, and its numbers as float32."""
    result = np.zeros_like(values)
    for channel in np.ndindex(*(values.shape[axis] for axis in axes)):
        at = [slice(None)] * values.ndim
        for axis, place in zip(axes, channel, strict=True):
            at[axis] = place
        scale = np.abs(values[tuple(at)]).max() / 127
        result[tuple(at)] = np.round(values[tuple(at)] / scale) * scale
    return result


def network():
    """Every kind of kernel whose output channels lie on another axis."""
    keras.utils.set_random_seed(5)
    images = keras.Input((10, 10, 3))
    x = layers.Rescaling(1 / 255)(images)
    x = layers.Conv2D(8, 3, padding="same", name="conv")(x)
    x = layers.BatchNormalization(name="bn")(x)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, activation="relu", name="depthwise")(x)
    x = layers.Conv2DTranspose(4, 3, name="transposed")(x)
    x = layers.SeparableConv2D(6, 3, name="separable")(x)
    x = layers.Reshape((64, 6))(x)
    x = layers.MultiHeadAttention(2, 3, name="attention")(x, x)
    x = layers.Conv1D(4, 3, groups=2, name="lists")(x)
    x = layers.GlobalAveragePooling1D()(x)
    model = keras.Model(images, layers.Dense(3, activation="softmax", name="end")(x))
    for weight in model.weights:  # also biases, and statistics that are not 0 and 1
        if "seed" not in weight.name:
            values = np.random.default_rng(len(weight.shape)).normal(0.02, 0.2, weight.shape)
            weight.assign(np.abs(values) + 0.5 if "variance" in weight.name else values)
    return model


CHANNELS = {  # axes of the output channels, from the shapes in Keras's documentation
    "conv/kernel": (3,),  # (3, 3, 3, 8)
    "depthwise/kernel": (2, 3),  # (3, 3, 8, 2)
    "transposed/kernel": (2,),  # (3, 3, 4, 16)
    "separable/depthwise_kernel": (2, 3),  # (3, 3, 4, 1)
    "separable/pointwise_kernel": (3,),  # (1, 1, 4, 6)
    "query/kernel": (1, 2),  # (6, 2, 3)
    "key/kernel": (1, 2),
    "value/kernel": (1, 2),
    "attention_output/kernel": (2,),  # (2, 3, 6)
    "lists/kernel": (2,),  # (3, 3, 4)
    "end/kernel": (1,),  # (4, 3)
}


def test_a_model_gets_the_weights_that_numpy_finds_and_its_own_again():
    model = network()
    before = {weight.path: np.array(weight) for weight in model.weights}
    with rounded_weights(model, "int8"):
        after = {weight.path: np.array(weight) for weight in model.weights}
    changed = {"/".join(path.split("/")[-2:]) for path in before if (before[path] != after[path]).any()}
    assert changed == set(CHANNELS)
    for path, values in before.items():
        axes = CHANNELS.get("/".join(path.split("/")[-2:]))
        if axes:
            step = np.abs(values).max() / 127
            assert np.abs(after[path] - values).max() <= 0.501 * step
            np.testing.assert_allclose(after[path], nearest(values, axes), rtol=4e-5)
    for weight in model.weights:
        np.testing.assert_array_equal(np.array(weight), before[weight.path])


def test_weights_are_the_models_own_again_after_an_error():
    model = network()
    before = [np.array(weight) for weight in model.weights]
    with pytest.raises(KeyboardInterrupt), rounded_weights(model, "int8"):
        raise KeyboardInterrupt
    assert all((np.array(one) == two).all() for one, two in zip(model.weights, before, strict=True))


def test_the_file_holds_the_models_rounded_numbers_as_int8():
    model = network()
    written = portable(model, precision="int8")
    data = zlib.decompress(base64.b64decode(written["weights"]))
    kinds = {}
    with rounded_weights(model, "int8"):
        held = [np.array(weight).ravel() for weight in model.weights]
    for node in written["nodes"]:
        for key, weight in node["weights"].items():
            count = int(np.prod(weight["shape"]))
            kinds.setdefault(weight["type"], set()).add(f"{node['name']} {key}")
            if weight["type"] == "int8":
                scales = weight["scales"]
                factors = np.frombuffer(data, "<f4", scales["count"], scales["start"])
                factors = np.resize(np.repeat(factors, scales["each"]), count)
                values = np.frombuffer(data, "i1", count, weight["start"]) * factors
                assert any(each.size == count and (each == values).all() for each in held), node["name"]
    assert len(kinds["int8"]) == len(CHANNELS) and not any("bias" in name for name in kinds["int8"])


def test_what_int8_does_not_hold_exactly_stays():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(20, 7)).astype("float32")
    assert as_int8(values) is None and as_int8(values[0]) is None
    whole, scales = quantized(values, (1,))
    assert whole.min() >= -127 and abs(whole).max(0).tolist() == [127] * 7
    held = WeightBytes("int8")
    assert held.add(values)["type"] == "float32" and held.add(whole * scales)["type"] == "int8"
    assert WeightBytes().add(whole * scales)["type"] == "float32"  # unless it is asked for
    one_row = values[:1]  # a scale for each number would be larger than the numbers
    assert as_int8(one_row) is None
    nothing = np.zeros((4, 3), "float32")
    assert (as_int8(nothing)[0] == 0).all() and np.isfinite(as_int8(nothing)[1]).all()


def test_the_difference_is_that_of_a_model_with_numpys_weights():
    model = network()
    images = np.random.default_rng(1).integers(0, 256, (3, 10, 10, 3)).astype("float32")
    before = model.predict(images, verbose=0)
    found = greatest_difference(model, [images], "int8")
    for weight in model.weights:
        if axes := CHANNELS.get("/".join(weight.path.split("/")[-2:])):
            weight.assign(nearest(np.array(weight), axes))
    assert found == pytest.approx(np.abs(model.predict(images, verbose=0) - before).max(), rel=0.05)
    assert found > 2e-5


def test_a_page_of_int8_is_a_quarter_as_large_and_answers_as_keras_with_these_weights(browser, tmp_path):
    model = network()
    wide = layers.Dense(40_000, use_bias=False)(
        model.layers[-2].output
    )  # so that weights are most of the page
    model = keras.Model(model.input, layers.Dense(3, activation="softmax")(wide * 0.01))
    images = np.random.default_rng(1).integers(0, 256, (2, 10, 10, 3)).astype("uint8")
    page = tmp_path / "page.html"
    sizes = {}
    for precision in "float32", "float16", "int8":
        written = write_page(model, images, page, precision=precision)
        sizes[precision] = written.size
        assert page_bytes(model, precision) == pytest.approx(written.size, rel=0.2)
    assert sizes["int8"] < sizes["float16"] < sizes["float32"]
    with rounded_weights(model, "int8"):
        wanted = model.predict(images.astype("float32"), verbose=0)
        kernels = {
            name: np.array(model.get_layer(name).kernel) for name in ("conv", "depthwise", "transposed")
        }
    assert wanted.min() > 0.01 and wanted.max() < 0.99
    browser.show(1280)
    browser.open(page.as_uri())
    browser.value(
        "new Promise(done => { const look = () => Page.ready ? done() : setTimeout(look, 20); look() })"
    )
    for at, answer in enumerate(wanted):
        browser.value(f"Page.input.useExample(Page.input.examples[{at}])")
        browser.value("new Promise(done => setTimeout(done, 200))")
        np.testing.assert_allclose(browser.value("[...Page.bars.shares]"), answer, atol=1e-5)
    for name, kernel in kernels.items():
        found = browser.value(f"[...Page.model.nodes.find(each => each.name === '{name}').weights.kernel]")
        np.testing.assert_array_equal(np.array(found, "float32"), kernel.ravel())
    assert browser.named("Runtime.exceptionThrown") == []
    said = browser.value("document.querySelector('.rounding').textContent")
    assert "int8" in said and f"{written.difference:.2g}" in said


def test_the_largest_numbers_stay_finite():
    most = np.finfo("float32").max
    whole, scales = quantized(np.array([[most, 1e-45], [-most, 0]], "float32"), (1,))
    products = whole * scales
    assert np.isfinite(products).all()
    np.testing.assert_allclose(products[:, 0], [most, -most], rtol=1e-2)


def test_ctrl_c_while_weights_are_given_back_leaves_none_rounded(monkeypatch):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(2)])
    before, assign = model.get_weights(), keras.Variable.assign
    interrupts = iter((False, True, True, False))

    def interrupted(self, values):
        if next(interrupts, False):
            signal.raise_signal(signal.SIGINT)
        return assign(self, values)

    with pytest.raises(KeyboardInterrupt), rounded_weights(model, "float16"):
        assert not np.array_equal(model.get_weights()[0], before[0])
        monkeypatch.setattr(keras.Variable, "assign", interrupted)
    for weight, values in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, values)


def test_a_difference_that_is_no_number_is_said_in_words():
    assert rounding_note("int8", float("nan"), 2).endswith(
        "How much this changes the output for the 2 examples is not known: it is no finite number."
    )
