"""Gradients in JavaScript: each kind of layer beside TensorFlow's tape, and beside differences."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from models.export.page.bundle import bundle
from models.export.page.portable import portable
from models.export.page.shell import FOLDER
from models.export.page.supported import ACTIVATIONS

RUN = """(async () => {{
    const model = await Engine.load({model})
    model.run(Float32Array.from({image}))
    const score = Engine.scoreOf(model, {unit})
    const missing = Engine.withoutGradient(model, score, {start}).map(one => one.name)
    if (missing.length) return {{missing}}
    return {{value: Engine.scoreValue(model, score),
             gradient: [...await Engine.gradientOf(model, score, {start})]}}
}})()"""


@pytest.fixture(scope="module")
def engine(browser):
    """A function of (model, image, unit, start) that gives what the page's engine computes."""
    browser.open("about:blank")
    script = bundle(FOLDER, "engine/model.js", "engine/backward/gradients.js", name="Engine")
    browser.value(script + "void 0")

    def run(model, image, unit=1, start=0):
        model = json.dumps(portable(model))
        image = json.dumps(np.asarray(image).ravel().tolist())
        return browser.value(RUN.format(model=model, image=image, unit=unit, start=start))

    return run


def fill(model, seed=0):
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        if "seed" in weight.path:
            continue
        values = rng.normal(0, 0.5, weight.shape)
        weight.assign(np.abs(values) + 0.3 if "variance" in weight.path else values)
    return model


def ends(x, images):
    """Two logits of some maps; a softmax behind them, which the gradient leaves out."""
    x = layers.Flatten()(x) if len(x.shape) > 2 else x
    return fill(keras.Model(images, layers.Dense(2, activation="softmax")(x)))


def of(*steps, shape=(6, 7, 3)):
    images = x = keras.Input(shape)
    for step in steps:
        x = step(x)
    return ends(x, images)


def branches(join, *others):
    """Two convolutions of one image, joined."""
    images = keras.Input((5, 6, 3))
    parts = [layers.Conv2D(3, 3, padding="same", activation="tanh")(images) for _ in range(2)]
    return ends(join(parts), images)


def excited():
    """Squeeze and excite: maps times one number each, softmax among them, and a skip."""
    images = keras.Input((5, 6, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="gelu")(images)
    weights = layers.GlobalAveragePooling2D(keepdims=True)(x)
    weights = layers.Conv2D(4, 1, activation="softmax")(weights)
    return ends(layers.Multiply()([x, weights]) + x * x, images)


def looking(**settings):
    """Tokens that look at one another, and at the mean of all."""
    images = keras.Input((4, 3, 3))
    x = layers.Reshape((12, 3))(images)
    x = layers.MultiHeadAttention(2, 4, value_dim=3)(x, x, **settings)
    y = layers.Dense(5)(x)
    y = layers.Attention(use_scale=False)([y, layers.Dense(5, activation="tanh")(x)])
    x = ops.matmul(ops.transpose(x, (0, 2, 1)), y)
    return ends(x, images)


KINDS = {
    "attention": looking,
    "causal": lambda: looking(use_causal_mask=True),
    "softmax_of_rows": lambda: of(layers.Conv2D(3, 2), layers.Softmax(axis=1)),
    "sum": lambda: of(layers.Conv2D(3, 2), lambda x: ops.sum(x, 1)),
    "least": lambda: of(layers.Conv2D(3, 2), lambda x: ops.min(x, (2, 3), keepdims=True)),
    "constant": lambda: of(layers.Conv2D(3, 2), lambda x: x * ops.reshape(ops.arange(6.0), (6, 1))),
    "line": lambda: of(layers.Reshape((14, 9)), layers.Conv1D(4, 3, activation="gelu")),
    "strided": lambda: of(layers.Conv2D(6, 3, strides=2, padding="same", activation="silu", groups=3)),
    "dilated": lambda: of(layers.Conv2D(3, (2, 3), dilation_rate=(1, 2), activation="elu")),
    "depthwise": lambda: of(layers.DepthwiseConv2D(3, 2, "same", depth_multiplier=2, activation="relu")),
    "dilated_depthwise": lambda: of(layers.DepthwiseConv2D(2, dilation_rate=2, activation="tanh")),
    "separable": lambda: of(layers.SeparableConv2D(3, 3, activation="softplus")),
    "transposed": lambda: of(layers.Conv2DTranspose(3, 3, strides=2, padding="same", activation="selu")),
    "transposed_valid": lambda: of(layers.Conv2DTranspose(2, (2, 3), strides=(1, 2), activation="mish")),
    "dense_of_pixels": lambda: of(layers.Dense(3, activation="gelu")),
    "max": lambda: of(layers.MaxPooling2D(3, 2, "same")),
    "average": lambda: of(layers.AveragePooling2D(3, 2, "same")),
    "global_max": lambda: of(layers.GlobalMaxPooling2D()),
    "global_average": lambda: of(layers.GlobalAveragePooling2D()),
    "batch": lambda: of(layers.Conv2D(3, 2), layers.BatchNormalization(), layers.ReLU(6.0)),
    "rescaling": lambda: of(
        layers.Rescaling(2.5, -1), layers.Normalization(mean=[1, 2, 3], variance=[3, 4, 5])
    ),
    "layer": lambda: of(layers.Conv2D(5, 2), layers.LayerNormalization()),
    "groups": lambda: of(layers.Conv2D(6, 2), layers.GroupNormalization(2)),
    "rms": lambda: of(layers.Conv2D(5, 2), layers.RMSNormalization()),
    "unit": lambda: of(layers.Conv2D(5, 2), layers.UnitNormalization()),
    "prelu": lambda: of(layers.Conv2D(3, 2), layers.PReLU(shared_axes=(1, 2))),
    "softmax": lambda: of(layers.Conv2D(3, 2), layers.Softmax()),
    "log_softmax": lambda: of(layers.Conv2D(3, 2, activation="log_softmax")),
    "pad": lambda: of(layers.Conv2D(2, 2), layers.ZeroPadding2D(((1, 2), (0, 3)))),
    "crop": lambda: of(layers.Cropping2D(((1, 0), (2, 1))), layers.Dropout(0.5)),
    "resize": lambda: of(layers.Resizing(9, 4, antialias=True), layers.Conv2D(2, 2)),
    "up": lambda: of(layers.UpSampling2D(2, interpolation="bilinear"), layers.Conv2D(2, 2)),
    "permute": lambda: of(layers.Permute((2, 3, 1)), layers.Dense(3, activation="tanh")),
    "add": lambda: branches(layers.Add()),
    "subtract": lambda: branches(layers.Subtract()),
    "multiply": lambda: branches(layers.Multiply()),
    "mean": lambda: branches(layers.Average()),
    "maximum": lambda: branches(layers.Maximum()),
    "minimum": lambda: branches(layers.Minimum()),
    "divide": lambda: branches(lambda pair: pair[0] / (pair[1] + 2.0)),
    "rows": lambda: branches(layers.Concatenate(axis=1)),
    "channels": lambda: branches(layers.Concatenate()),
    "slices": lambda: of(lambda x: x[:, 1:, ::-1], layers.Conv2D(2, 2)),
    "excited": excited,
}


def logits(model):
    last = model.layers[-1]
    return lambda images: (
        keras.Model(model.inputs, last.input)(images, training=False) @ last.kernel + last.bias
    )


def taped(model, image, unit):
    image = tf.convert_to_tensor(image[None], "float32")
    with tf.GradientTape() as tape:
        tape.watch(image)
        score = logits(model)(image)[0, unit]
    return float(score), tape.gradient(score, image).numpy()[0]


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_each_kind_of_layer_are_the_tape_s(engine, kind):
    model = KINDS[kind]()
    image = np.random.default_rng(1).normal(0, 1, model.input_shape[1:]).astype("float32")
    score, expected = taped(model, image, 1)
    found = engine(model, image)
    assert found["value"] == pytest.approx(score, rel=1e-4, abs=1e-5)
    gradient = np.reshape(found["gradient"], expected.shape)
    assert abs(expected).max() > 1e-3
    np.testing.assert_allclose(gradient, expected, atol=1e-4 * abs(expected).max())


def test_every_activation_s_slope_is_that_of_its_function(engine):
    """The tape's, and a difference of the function itself."""
    from keras import activations

    points = np.array([-7.3, -3.1, -1.4, -0.6, 0.2, 0.7, 2.3, 3.4, 6.5], "float32")
    checked = 0
    for name in ACTIVATIONS:
        function = getattr(activations, name, None)
        if function is None or name.endswith("softmax"):
            continue
        images = keras.Input((1, 9, 1))
        x = layers.Conv2D(1, 1, activation=function, use_bias=False)(images)
        model = keras.Model(images, layers.Dense(2)(layers.Flatten()(x)))
        model.set_weights([np.ones((1, 1, 1, 1)), np.ones((9, 2)), np.zeros(2)])
        found = np.array(engine(model, points)["gradient"])
        near = [
            np.asarray(function(ops.convert_to_tensor(points + step)), "float64") for step in (-1e-3, 1e-3)
        ]
        np.testing.assert_allclose(found, (near[1] - near[0]) / 2e-3, rtol=1e-3, atol=2e-3, err_msg=name)
        values = tf.convert_to_tensor(points)
        with tf.GradientTape() as tape:
            tape.watch(values)
            result = function(values)
        np.testing.assert_allclose(found, tape.gradient(result, values), atol=1e-5, err_msg=name)
        checked += 1
    assert checked > 15


def test_a_layer_in_the_middle_one_output_and_logits(engine):
    model = of(layers.Conv2D(3, 2, activation="relu", name="maps"), layers.MaxPooling2D(2))
    image = np.random.default_rng(2).normal(0, 1, (6, 7, 3)).astype("float32")
    part = keras.Model(model.inputs, model.get_layer("maps").output)
    rest = keras.Sequential(model.layers[2:-1])
    last = model.layers[-1]
    maps = tf.convert_to_tensor(part(image[None]))
    with tf.GradientTape() as tape:
        tape.watch(maps)
        score = (rest(maps) @ last.kernel + last.bias)[0, 0]
    found = engine(model, image, unit=0, start=1)["gradient"]
    np.testing.assert_allclose(found, tape.gradient(score, maps).numpy().ravel(), atol=1e-5)

    images = keras.Input((3, 3, 1))
    single = fill(keras.Model(images, layers.Dense(1, activation="sigmoid")(layers.Flatten()(images))))
    image = np.ones((3, 3, 1))
    for unit, sign in (0, -1), (1, 1):
        np.testing.assert_allclose(
            engine(single, image, unit)["gradient"], sign * np.ravel(single.get_weights()[0]), atol=1e-6
        )


def test_what_has_no_gradient_is_named(engine):
    images = keras.Input((6, 6, 3))
    x = layers.Conv2D(2, 3, name="before")(images)
    x = layers.Lambda(lambda x: ops.cumsum(x, 1), output_shape=(4, 4, 2), name="strange")(x)
    x = layers.Conv2D(2, 3, name="after")(x)
    model = ends(x, images)
    image = np.zeros((6, 6, 3))
    assert engine(model, image)["missing"] == ["strange"]
    assert "gradient" in engine(model, image, start=3)
