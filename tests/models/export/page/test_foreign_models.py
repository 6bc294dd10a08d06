"""A table of models as other people build them: each opens in a browser and says what Keras says, or the page
says which of its layers it cannot compute."""

import base64
import io
import os
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops
from PIL import Image

from models.export.page import page_bytes, write_page


def fill(model, seed=0):
    """Random weights of a size that lets numbers neither vanish nor grow."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        if "seed" in weight.path:
            continue
        values = rng.normal(0, 0.5, weight.shape)
        if len(weight.shape) > 1:
            values *= 2 / np.sqrt(np.prod(weight.shape[:-1]))
        weight.assign(np.abs(values) + 0.2 if "variance" in weight.path else values)
    return model


def head(x, classes=3):
    return layers.Dense(classes, activation="softmax")(layers.GlobalAveragePooling2D()(x))


def quickstart():
    """The first model of TensorFlow's guide."""
    return keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10),
        ]
    )


def residual():
    images = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, padding="same")(images / 255.0)
    for _ in range(3):
        y = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
        x = ops.relu(x + layers.Conv2D(4, 3, padding="same")(y))
    return keras.Model(images, head(x))


def u_net():
    """Down and up again, with a skip; its map of classes is averaged to one answer."""
    images = keras.Input((16, 16, 3))
    x = layers.Rescaling(1 / 255)(images)
    one = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    two = layers.Conv2D(6, 3, padding="same", activation="relu")(layers.MaxPooling2D()(one))
    up = layers.Conv2DTranspose(4, 2, strides=2)(two)
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(layers.Concatenate()([one, up]))
    return keras.Model(images, layers.GlobalAveragePooling2D()(layers.Conv2D(3, 1)(x)))


def autoencoder_with_head():
    """The picture again, and a class: the page shows the class."""
    images = keras.Input((16, 16, 1))
    x = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(images / 255)
    code = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu")(x)
    y = layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu")(code)
    again = layers.Conv2DTranspose(1, 3, strides=2, padding="same", name="again")(y)
    return keras.Model(images, {"picture": again, "class": head(code)})


def two_outputs():
    images = keras.Input((12, 12, 3))
    x = layers.Conv2D(4, 3, activation="relu")(images)
    x = layers.GlobalMaxPooling2D()(x / 255.0)
    return keras.Model(images, [layers.Dense(4, activation="softmax")(x), layers.Dense(1)(x)])


def upscaling():
    images = keras.Input((9, 10, 3))
    x = images / 25
    for settings in (
        {"strides": 2, "padding": "same"},
        {"strides": (1, 3), "padding": "valid"},
        {"strides": 2, "padding": "valid", "use_bias": False},
        {"strides": 1, "padding": "same", "activation": "relu"},
    ):
        x = layers.Conv2DTranspose(3, (3, 2), **settings)(x)
        x = layers.AveragePooling2D(2)(x)
    return keras.Model(images, layers.Dense(3)(layers.Flatten()(x)))


def vgg_preprocessing():
    images = keras.Input((16, 16, 3))
    x = keras.applications.vgg16.preprocess_input(images)  # blue first, minus a mean
    return keras.Model(images, head(layers.Conv2D(4, 3, activation="relu")(x)))


def scaled_to_one():
    images = keras.Input((16, 16, 3))
    x = keras.applications.mobilenet_v2.preprocess_input(images)
    return keras.Model(images, head(layers.Conv2D(4, 3, activation="relu")(x)))


def permuted():
    images = keras.Input((8, 12, 3))
    x = layers.Permute((2, 1, 3))(images / 255)
    x = ops.transpose(layers.Conv2D(4, 3)(x), (0, 2, 1, 3))
    x = layers.Reshape((-1, 4))(x)  # a list of vectors
    x = layers.Dense(5, activation="tanh")(x)
    x = layers.LayerNormalization()(x)
    return keras.Model(images, layers.Dense(3, activation="softmax")(layers.Flatten()(x)))


def slices():
    images = keras.Input((12, 12, 3))
    x = ops.concatenate([images[:, ::2, ::2], images[:, 1::2, 1::2]], axis=-1) / 255
    left, right = ops.split(layers.Conv2D(4, 3)(x), 2, axis=-1)
    x = ops.concatenate([ops.flip(left, 1), ops.roll(right, 1, 2)], axis=-1)
    return keras.Model(images, head(ops.square(x) - ops.sqrt(ops.absolute(x))))


def normalizations():
    images = keras.Input((8, 8, 3))
    x = layers.LayerNormalization(axis=[1, 2, 3])(layers.Conv2D(6, 3)(images))
    x = layers.GroupNormalization(3)(x)
    x = layers.GroupNormalization(-1)(layers.Conv2D(6, 3)(x))
    x = layers.RMSNormalization()(x)
    x = layers.UnitNormalization()(layers.LayerNormalization(center=False, epsilon=0.1)(x))
    return keras.Model(images, layers.Dense(3)(layers.Flatten()(x)))


def mixer():
    """Patches as a list, mixed along the list and along the channels."""
    images = keras.Input((16, 16, 3))
    x = layers.Reshape((16, 8))(layers.Conv2D(8, 4, strides=4)(images / 255))
    y = layers.Permute((2, 1))(layers.LayerNormalization()(x))
    y = layers.Permute((2, 1))(layers.Dense(16, activation="gelu")(y))
    x = x + layers.Dense(8)(y)
    return keras.Model(images, layers.Dense(3)(layers.GlobalAveragePooling1D()(x)))


def squeeze_and_excite():
    images = keras.Input((16, 16, 3))
    x = layers.Conv2D(8, 3, activation="silu")(images / 255)
    gate = ops.mean(x, axis=(1, 2), keepdims=True)
    gate = layers.Conv2D(8, 1, activation="sigmoid")(layers.Conv2D(2, 1, activation="relu")(gate))
    return keras.Model(images, head(x * gate))


def regression():
    images = keras.Input((16, 16, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="relu")(images / 255))
    return keras.Model(images, layers.Dense(1, activation="relu", bias_initializer="ones")(x))


def nested_with_two_outputs():
    inner_images = keras.Input((8, 8, 4))
    inner = keras.Model(inner_images, [ops.relu(inner_images), layers.Conv2D(4, 1)(inner_images)])
    images = keras.Input((8, 8, 3))
    one, two = inner(layers.Conv2D(4, 3, padding="same")(images / 255))
    return keras.Model(images, head(one + two))


def vision_transformer():
    images = keras.Input((16, 16, 3))
    x = layers.Reshape((16, 8))(layers.Conv2D(8, 4, strides=4)(images / 255))
    x = x + layers.MultiHeadAttention(2, 4, name="attention")(x, x)
    x = layers.LayerNormalization()(x)
    return keras.Model(images, layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling1D()(x)))


def recurrent():
    images = keras.Input((28, 28))
    x = layers.LSTM(6, name="rows")(images / 255)
    return keras.Model(images, layers.Dense(3, activation="softmax")(x))


def five_axes():
    """Patches cut out by a reshape to five axes and a transpose, as windows of attention are."""
    images = keras.Input((8, 8, 3))
    x = layers.Reshape((2, 4, 2, 4, 3))(images / 255)
    x = layers.Reshape((4, 48))(ops.transpose(x, (0, 1, 3, 2, 4, 5)))
    return keras.Model(images, layers.Dense(3)(layers.Flatten()(layers.Dense(4, activation="relu")(x))))


class Own(layers.Layer):
    """A layer that only its author's code knows."""

    def call(self, inputs):
        return ops.cumsum(inputs, axis=1) / 10


def own_layer():
    images = keras.Input((8, 8, 3))
    x = Own(name="own")(layers.Conv2D(4, 3, activation="relu")(images / 255))
    return keras.Model(images, head(layers.Conv2D(4, 3)(x)))


def small_vit():
    """As on keras.io: patches, an embedding of each position, blocks of attention, a class token's place."""
    images = keras.Input((16, 16, 3))
    x = layers.Reshape((16, 8))(layers.Conv2D(8, 4, strides=4)(images / 255))
    x = x + layers.Embedding(16, 8)(ops.arange(16))
    for _ in range(2):
        y = layers.LayerNormalization(epsilon=1e-6)(x)
        x = layers.Add()([layers.MultiHeadAttention(2, 4, dropout=0.1)(y, y), x])
        y = layers.Dense(16, activation="gelu")(layers.LayerNormalization(epsilon=1e-6)(x))
        x = layers.Add()([layers.Dense(8)(layers.Dropout(0.1)(y)), x])
    return keras.Model(images, layers.Dense(3, activation="softmax")(layers.Flatten()(x)))


def attention_of_maps():
    """Attention of each pixel to each other one, of a causal kind, and of another list."""
    images = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3, strides=2, padding="same")(images / 255)
    x = layers.MultiHeadAttention(3, 2, value_dim=4, output_shape=6)(x, x)
    x = layers.Reshape((16, 6))(x)
    x = layers.MultiHeadAttention(1, 5, use_bias=False)(x, x, use_causal_mask=True)
    x = x + layers.Attention(use_scale=True)([layers.Dense(6)(x), x])
    few = layers.AveragePooling1D(4)(x)
    x = layers.MultiHeadAttention(2, 3)(x, few)
    return keras.Model(images, layers.Dense(3)(layers.GlobalAveragePooling1D()(x)))


def attention_by_operators():
    images = keras.Input((16, 16, 3))
    x = layers.Reshape((16, 8))(layers.Conv2D(8, 4, strides=4)(images / 255))
    q, k, v = ops.split(layers.Dense(24)(x), 3, axis=-1)
    q, k, v = (ops.transpose(ops.reshape(each, (-1, 16, 2, 4)), (0, 2, 1, 3)) for each in (q, k, v))
    scores = ops.softmax(ops.matmul(q, ops.transpose(k, (0, 1, 3, 2))) / 2.0)
    y = ops.reshape(ops.transpose(ops.matmul(scores, v), (0, 2, 1, 3)), (-1, 16, 8))
    scores = ops.softmax(ops.einsum("bqd,bkd->bqk", y, x) / 9, axis=-1)
    x = x + ops.einsum("bqk,bkd->bqd", scores, x)
    x = ops.matmul(x, np.random.default_rng(0).normal(size=(8, 5)).astype("float32"))
    return keras.Model(images, layers.Dense(3)(ops.sum(x, axis=1) / 99))


def depthwise():
    images = keras.Input((16, 16, 3))
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, activation="relu")(images / 255)
    x = layers.SeparableConv2D(8, 3, activation="relu")(x)
    x = layers.Conv2D(8, 3, dilation_rate=2, groups=2)(x)
    return keras.Model(images, head(layers.ReLU(6.0)(layers.BatchNormalization()(x))))


def inception():
    images = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, activation="relu")(images / 255)
    towers = [
        layers.Conv2D(3, 1, activation="relu")(x),
        layers.Conv2D(3, 3, padding="same", activation="relu")(layers.Conv2D(2, 1)(x)),
        layers.Conv2D(2, 1)(layers.MaxPooling2D(3, 1, padding="same")(x)),
    ]
    return keras.Model(images, head(layers.Concatenate()(towers)))


def densely_connected():
    images = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, strides=2, padding="same")(images / 255)
    for _ in range(3):
        y = layers.Conv2D(3, 3, padding="same")(layers.ReLU()(layers.BatchNormalization()(x)))
        x = layers.concatenate([x, y])
    return keras.Model(images, head(layers.AveragePooling2D(2)(layers.Conv2D(4, 1)(x))))


def convnext_block():
    images = keras.Input((16, 16, 3))
    x = layers.LayerNormalization(epsilon=1e-6)(layers.Conv2D(6, 4, strides=4)(images / 255))
    y = layers.LayerNormalization(epsilon=1e-6)(layers.DepthwiseConv2D(7, padding="same")(x))
    y = layers.Dense(6)(layers.Dense(24, activation="gelu")(y))
    return keras.Model(images, head(x + y * 0.5))


def cbam():
    """Which channels, and then which places, from means and maxima."""
    images = keras.Input((16, 16, 3))
    x = layers.Conv2D(8, 3, activation="relu")(images / 255)
    squeeze, excite = layers.Dense(2, activation="relu"), layers.Dense(8)
    channels = [excite(squeeze(reduce(x, axis=(1, 2), keepdims=True))) for reduce in (ops.mean, ops.max)]
    x = layers.Multiply()([x, layers.Activation("sigmoid")(layers.Add()(channels))])
    places = ops.concatenate([ops.mean(x, -1, keepdims=True), ops.max(x, -1, keepdims=True)], axis=-1)
    x = x * layers.Conv2D(1, 7, padding="same", activation="sigmoid")(places)
    return keras.Model(images, head(x))


def channels_first():
    images = keras.Input((3, 16, 16))
    first = {"data_format": "channels_first"}
    x = layers.Conv2D(6, 3, padding="same", **first)(images / 255)
    x = layers.ReLU()(layers.BatchNormalization(axis=1)(x))
    x = layers.MaxPooling2D(2, **first)(layers.ZeroPadding2D(1, **first)(x))
    # Keras 3.15 on TensorFlow adds a bias to the wrong axis where there are as many columns as channels
    x = layers.SeparableConv2D(5, 3, strides=2, activation="relu", **first)(x)
    x = layers.Concatenate(axis=1)(
        [x, layers.UpSampling2D(2, **first)(layers.AveragePooling2D(2, **first)(x))]
    )
    x = layers.Conv2D(3, 1, **first)(x)
    x = layers.Concatenate()([layers.GlobalMaxPooling2D(**first)(x), layers.Flatten(**first)(x)])
    return keras.Model(images, layers.Dense(3, activation="softmax")(x))


def pixel_shuffle():
    images = keras.Input((8, 8, 1))
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(images / 255)
    x = layers.Reshape((8, 8, 2, 2, 2))(x)
    x = layers.Reshape((16, 16, 2))(layers.Permute((1, 3, 2, 4, 5))(x))
    return keras.Model(images, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(x))


def rows_as_a_sequence():
    """LSTM over rows is a closed box; the convolution along the rows and the dense layer are computed."""
    images = keras.Input((28, 28))
    x = layers.Conv1D(8, 5, padding="causal", dilation_rate=2, activation="relu")(images / 255)
    x = layers.MaxPooling1D(2)(layers.Conv1D(6, 3, strides=2, padding="same")(x))
    x = layers.TimeDistributed(layers.Dense(5, activation="tanh"))(x)
    x = layers.Bidirectional(layers.LSTM(4, return_sequences=True), name="both")(x)
    return keras.Model(images, layers.Dense(3)(layers.GRU(4, name="gru")(x)))


def convolution_of_rows():
    images = keras.Input((28, 28))
    x = layers.Conv1D(8, 5, padding="same", activation="relu")(images / 255)
    return keras.Model(images, layers.Dense(3)(layers.GlobalMaxPooling1D()(layers.BatchNormalization()(x))))


class Wrapped(keras.Model):
    """A subclassed model, of which a functional one is made."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.conv = layers.Conv2D(4, 3, activation="relu")
        self.end = layers.Dense(3, activation="softmax")

    def call(self, images):
        return self.end(layers.GlobalAveragePooling2D()(self.conv(images / 255)))


def subclassed():
    """What a subclassed model computes, written as a graph."""
    images = keras.Input((12, 12, 3))
    return keras.Model(images, Wrapped().call(images))


def subclassed_inside():
    images = keras.Input((12, 12, 3))
    return keras.Model(images, layers.Dense(3)(Wrapped(name="wrapped")(images)))


def two_labels():
    images = keras.Input((16, 16, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="relu")(images / 255))
    return keras.Model(images, layers.Dense(2, activation="sigmoid")(x))


def with_alpha():
    images = keras.Input((16, 16, 4))
    return keras.Model(images, head(layers.Conv2D(4, 3, activation="relu")(images / 255)))


def spectrogram():
    """Two channels: the left and the right one."""
    images = keras.Input((24, 16, 2))
    return keras.Model(images, head(layers.Conv2D(4, 3, activation="relu")(images / 255)))


def augmented():
    images = keras.Input((16, 16, 3))
    x = layers.RandomFlip()(layers.Resizing(20, 20)(images))
    x = layers.CenterCrop(16, 16)(layers.RandomRotation(0.1)(layers.RandomZoom(0.1)(x)))
    x = layers.RandomContrast(0.1)(layers.Rescaling(1 / 127.5, -1)(x))
    return keras.Model(images, head(layers.Conv2D(4, 3, activation="relu")(layers.GaussianNoise(0.1)(x))))


def normalized_inside():
    images = keras.Input((16, 16, 3))
    x = layers.Normalization(mean=[120.0, 110.0, 100.0], variance=[900.0, 800.0, 700.0])(images)
    return keras.Model(images, head(layers.Conv2D(4, 3, activation="relu")(x)))


def nested_twice():
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(3, 3, padding="same", activation="relu")])
    outer = keras.Sequential([keras.Input((8, 8, 3)), inner, layers.BatchNormalization(), inner])
    images = keras.Input((8, 8, 3))
    return keras.Model(images, head(outer(images / 255) + inner(images / 255)))


def shared():
    """One encoder of both halves, and how alike their codes are."""
    images = keras.Input((12, 24, 3))
    encoder = keras.Sequential(
        [keras.Input((12, 12, 3)), layers.Conv2D(4, 3, activation="relu"), layers.GlobalAveragePooling2D()]
    )
    x = images / 255
    codes = [encoder(x[:, :, :12]), encoder(x[:, :, 12:])]
    alike = layers.Dot(1, normalize=True)(codes)
    return keras.Model(images, layers.Dense(2, activation="softmax")(layers.Concatenate()([alike, *codes])))


SMALL = {
    quickstart: [],
    residual: [],
    u_net: [],
    autoencoder_with_head: [],
    two_outputs: [],
    upscaling: [],
    vgg_preprocessing: [],
    scaled_to_one: [],
    permuted: [],
    slices: [],
    normalizations: [],
    mixer: [],
    squeeze_and_excite: [],
    regression: [],
    nested_with_two_outputs: [],
    vision_transformer: [],
    small_vit: [],
    attention_of_maps: [],
    attention_by_operators: [],
    depthwise: [],
    inception: [],
    densely_connected: [],
    convnext_block: [],
    cbam: [],
    channels_first: [],
    pixel_shuffle: [],
    recurrent: ["rows"],
    rows_as_a_sequence: ["both", "gru"],
    convolution_of_rows: [],
    five_axes: [],
    own_layer: ["own"],
    subclassed: [],
    subclassed_inside: ["wrapped"],
    two_labels: [],
    with_alpha: [],
    spectrogram: [],
    augmented: [],
    normalized_inside: [],
    nested_twice: [],
    shared: [],
}


def pictures(model, count=2):
    """Smooth random pictures (count, height, width, channels), uint8, of different brightness."""
    sides = tuple(side or 64 for side in model.inputs[0].shape[1:])
    sides = (*sides[1:], sides[0]) if len(sides) == 3 and sides[2] > 4 else sides
    height, width, channels = (*sides, 1)[:3]
    rough = np.random.default_rng(1).uniform(0, 255, (count, 4, 4, channels))
    rough *= np.linspace(1, 0.3, count).reshape(-1, 1, 1, 1)
    smooth = np.asarray(ops.image.resize(rough, (height, width), "bicubic")).clip(0, 255)
    return smooth.astype("uint8")


def as_taken(model, images):
    """Pictures as the model takes them: without channels, or with the channels first."""
    if len(model.inputs[0].shape) == 3:
        images = images[..., 0]
    elif model.inputs[0].shape[-1] not in (None, 1, 2, 3, 4):
        images = np.moveaxis(images, -1, 1)
    return images.astype("float32")


def ready(browser, path):
    browser.show(1280)
    browser.open(path.as_uri())
    browser.value("""new Promise(done => {
        const soon = () => requestAnimationFrame(() => requestAnimationFrame(done))
        const over = () => Page.ready || document.querySelector(".message.bad")
        const look = () => over() ? soon() : setTimeout(look, 10)
        look()
    })""")


def settle(browser):
    """Wait until the page has run the model, and shows what follows."""
    browser.value("""new Promise(done => {
        const look = () => Page.runner?.busy ? setTimeout(look, 5) : done()
        requestAnimationFrame(() => requestAnimationFrame(look))
    })""")


def troubles(browser):
    return browser.named("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")


def expected(model, images, others=None, output=None):
    """The output that is shown, the first of one number per class: as probabilities unless it is a number."""
    given = as_taken(model, images)
    given = [given, *(others or {}).values()] if len(model.inputs) > 1 else given
    found = model(given, training=False)
    if output is not None:
        return np.asarray(found[output])
    found = [np.asarray(each) for each in keras.tree.flatten(found)]
    found = next((each for each in found if each.ndim == 2), found[0])
    end = getattr(model.layers[-1], "activation", None)
    told = found.ndim > 2 or found.shape[1] == 1 or end is keras.activations.sigmoid
    if told or np.allclose(found.sum(1), 1, atol=1e-4):
        return found
    return np.asarray(ops.softmax(found))


def agree(browser, folder, model, boxes=(), others=None, output=None):
    images = pictures(model)
    write_page(model, images, folder / "page.html", other_inputs=others, output=output)
    ready(browser, folder / "page.html")
    assert troubles(browser) == []
    want = expected(model, images, others, output)
    assert np.isfinite(want).all()
    for at in range(len(images)):
        browser.value(f"document.querySelectorAll('#examples button')[{at}].click()")
        settle(browser)
        said = browser.value("[...Page.bars.shares]")[-want[at].size :]  # of one sigmoid, not the other class
        said = np.reshape(said, want[at].shape)
        np.testing.assert_allclose(said, want[at], rtol=1e-4, atol=1e-4)
    assert browser.value("Page.model.boxes.map(box => box.name)") == list(boxes)
    said = browser.value("document.querySelector('.boxes')?.textContent ?? ''")
    assert all(name in said for name in boxes) and bool(said) == bool(boxes)
    assert abs(want[0] - want[1]).max() > 1e-5  # the pictures are told apart
    return want


@pytest.mark.parametrize("build", SMALL, ids=lambda build: build.__name__)
def test_small_foreign_models_say_in_the_page_what_they_say_in_keras(browser, tmp_path, build):
    agree(browser, tmp_path, fill(build()), SMALL[build])


def picture_and_numbers():
    images, facts = keras.Input((12, 12, 3), name="photo"), keras.Input((2,), name="facts")
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="relu")(images / 255))
    return keras.Model([images, facts], layers.Dense(3, activation="softmax")(layers.concatenate([x, facts])))


def siamese():
    """Two pictures: the second one is taken from the examples."""
    one, two = keras.Input((12, 12, 1), name="one"), keras.Input((12, 12, 1), name="two")
    encoder = keras.Sequential(
        [keras.Input((12, 12, 1)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(4)]
    )
    difference = ops.absolute(encoder(one / 255) - encoder(two / 255))
    return keras.Model([one, two], layers.Dense(1, activation="sigmoid")(difference))


def detector():
    """A box and a class, from one picture."""
    images = keras.Input((16, 16, 3))
    x = layers.Flatten()(layers.Conv2D(4, 3, strides=2, activation="relu")(images / 255))
    box = layers.Dense(4, activation="softplus", name="box")(x)
    return keras.Model(images, {"kind": layers.Dense(3, activation="softmax", name="kind")(x), "box": box})


OTHERS = {
    "facts": np.array([[0.5, -1.0], [2.0, 0.25]], "float32"),
    "two": np.random.default_rng(3).uniform(0, 255, (2, 12, 12, 1)).astype("float32"),
}


@pytest.mark.parametrize(("build", "name"), [(picture_and_numbers, "facts"), (siamese, "two")])
def test_inputs_beside_the_picture_have_the_values_of_the_example(browser, tmp_path, build, name):
    agree(browser, tmp_path, fill(build()), others={name: OTHERS[name]})
    assert "values of the example that was chosen last" in text(browser, "#others")


def test_a_few_numbers_beside_the_picture_are_typed(browser, tmp_path):
    model = fill(picture_and_numbers())
    images = pictures(model)
    write_page(model, images, tmp_path / "page.html")  # the numbers begin with 0
    ready(browser, tmp_path / "page.html")
    for facts in (0, 0), (3, -2.5):
        for at, value in enumerate(facts):
            browser.value(f"""(() => {{
                const field = document.querySelectorAll('#others input')[{at}]
                field.value = {value}
                field.dispatchEvent(new Event('input'))
            }})()""")
        settle(browser)
        want = expected(model, images[:1], {"facts": np.array([facts], "float32")})[0]
        np.testing.assert_allclose(browser.value("[...Page.bars.shares]"), want, atol=1e-4)


@pytest.mark.parametrize("output", ["kind", "box"])
def test_each_output_of_a_detector_can_be_shown(browser, tmp_path, output):
    agree(browser, tmp_path, fill(detector()), output=output)
    assert ("%" in text(browser, "#bars")) == (output == "kind")


def autoencoder(channels=3):
    images = keras.Input((16, 16, channels))
    x = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(images / 255)
    x = layers.Conv2DTranspose(channels, 3, strides=2, padding="same", activation="sigmoid")(x)
    return keras.Model(images, x)


def denoiser():
    """Rows of grey pixels in and out."""
    images = keras.Input((28, 28))
    x = layers.Dense(28, activation="relu")(layers.Rescaling(1 / 255)(images))
    return keras.Model(
        images, layers.Reshape((28, 28))(layers.Dense(784, activation="sigmoid")(layers.Flatten()(x)))
    )


def segmenter():
    """A class for each pixel, by a U-Net."""
    images = keras.Input((16, 16, 3))
    one = layers.Conv2D(4, 3, padding="same", activation="relu")(images / 255)
    two = layers.Conv2D(6, 3, padding="same", activation="relu")(layers.MaxPooling2D()(one))
    x = layers.Concatenate()([one, layers.Conv2DTranspose(4, 2, strides=2)(two)])
    return keras.Model(images, layers.Conv2D(4, 1, activation="softmax")(x))


def shown_pixels(browser):
    """The pixels of the pictures that the page shows as the model's output, (pictures, rows, columns, 3)."""
    return np.array(
        browser.value("""[...document.querySelectorAll('#bars canvas')].map(canvas => {
        const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
        return Array.from({length: canvas.height}, (_, y) => Array.from({length: canvas.width},
            (_, x) => [...data.subarray(4 * (y * canvas.width + x), 4 * (y * canvas.width + x) + 3)]))
    })""")
    )


@pytest.mark.parametrize("build", [autoencoder, lambda: autoencoder(1), lambda: autoencoder(2), denoiser])
def test_an_output_that_is_a_picture_is_shown_as_one(browser, tmp_path, build):
    want = agree(browser, tmp_path, fill(build()))[1]
    want = np.atleast_3d(want)
    seen = shown_pixels(browser)
    if want.shape[-1] == 2:  # beside each other, both grey
        want, seen = np.moveaxis(want, -1, 0)[..., None], seen[..., :1]
    np.testing.assert_allclose(seen, np.broadcast_to(255 * want, seen.shape), atol=0.51)
    assert "Black is 0, white is 1" in text(browser, "#bars")


def test_a_class_for_each_pixel_is_shown_in_colours_with_a_legend(browser, tmp_path):
    model = fill(segmenter())
    classes = agree(browser, tmp_path, model)[1].argmax(-1)
    seen = shown_pixels(browser)[0]
    assert len(
        {
            (int(unit), *map(int, colour))
            for unit, colour in zip(classes.ravel(), seen.reshape(-1, 3), strict=True)
        }
    ) == len(set(classes.ravel()))
    legend = [
        each.split("\n")
        for each in browser.value("[...document.querySelectorAll('.classes li')].map(li => li.innerText)")
    ]
    for name, share in legend:
        assert float(share.rstrip("\N{NO-BREAK SPACE}%")) == pytest.approx(
            100 * (classes == int(name[-1])).mean(), abs=0.06
        )
    assert {int(name[-1]) for name, _ in legend} == set(classes.ravel())


def test_alpha_of_a_dropped_picture_reaches_the_model(browser, tmp_path):
    model = fill(with_alpha())
    rng = np.random.default_rng(4)
    pixels = rng.integers(0, 256, (16, 16, 4)).astype("uint8")
    pixels[..., 3] = np.where(pixels[..., 3] > 128, 255, 0)
    write_page(model, pixels[None], tmp_path / "page.html")
    ready(browser, tmp_path / "page.html")
    assert browser.value("[...Page.input.pixels()]") == pixels.ravel().tolist()  # as an example: all of it
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "PNG")
    data = base64.b64encode(held.getvalue()).decode()
    browser.value(f"""Page.input.take([new File(
        [Uint8Array.from(atob("{data}"), letter => letter.charCodeAt(0))], "new.png")])""")
    settle(browser)
    seen = np.reshape(browser.value("[...Page.input.pixels()]"), pixels.shape)
    assert (seen[..., 3] == pixels[..., 3]).all()
    opaque = pixels[..., 3] == 255
    assert (seen[opaque] == pixels[opaque]).all()


@pytest.mark.parametrize(
    "build", [residual, *(pytest.param(build, marks=pytest.mark.slow) for build in (small_vit, permuted))]
)
def test_half_precision_is_half_as_large_and_says_how_much_it_changes(browser, tmp_path, build):
    model = fill(build())
    wide = layers.Dense(300_000)(
        layers.Flatten()(model.layers[-1].output)
    )  # so that weights are most of the page
    model = fill(keras.Model(model.input, layers.Dense(3, activation="softmax")(wide * 0.01)))
    images, page = pictures(model), tmp_path / "page.html"
    before = [np.array(each) for each in model.get_weights()]
    want = expected(model, images)
    full = write_page(model, images, page)
    assert full.difference == 0 and full.size == page.stat().st_size
    half = write_page(model, images, page, precision="float16")
    assert half.size / full.size == pytest.approx(0.5, abs=0.06)
    for written, precision in (full, "float32"), (half, "float16"):
        assert page_bytes(model, precision) == pytest.approx(written.size, rel=0.15)
    assert all((one == two).all() for one, two in zip(before, model.get_weights(), strict=True))
    ready(browser, page)
    shares = []
    for at in range(len(images)):
        browser.value(f"document.querySelectorAll('#examples button')[{at}].click()")
        settle(browser)
        shares.append(browser.value("[...Page.bars.shares]"))
    changed = abs(np.array(shares) - want).max()
    assert changed == pytest.approx(half.difference, abs=2e-6) and 1e-7 < changed < 0.01


# ---- What the page says of them ----


def take(browser, pixels):
    """Give a picture to the page as if it were dropped."""
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "PNG")
    text = base64.b64encode(held.getvalue()).decode()
    browser.value(f"""Page.input.take([new File(
        [Uint8Array.from(atob("{text}"), letter => letter.charCodeAt(0))], "new.png")])""")
    settle(browser)


def text(browser, what):
    return browser.value(f"document.querySelector('{what}').innerText").replace("\N{NO-BREAK SPACE}", " ")


CLOTHES = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot"]


def of_28():
    return fill(
        keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                layers.Rescaling(1 / 255),
                layers.Conv2D(3, 5, strides=3, activation="relu", name="conv"),
                layers.Flatten(),
                layers.Dense(10, activation="softmax"),
            ]
        )
    )


@pytest.mark.parametrize("names", [CLOTHES, None])
def test_a_model_of_28_x_28_pixels_reads_digits_only_if_its_classes_are_digits(browser, tmp_path, names):
    model = of_28()
    write_page(model, pictures(model), tmp_path / "page.html", names)
    ready(browser, tmp_path / "page.html")
    everything = browser.value("document.body.innerText")
    assert "Draw a digit" not in everything and "MNIST" not in everything
    assert set(text(browser, "#bars").split("\n")[::2]) == set(names or [f"class {n}" for n in range(10)])
    # A light shirt on a dark ground, at the left: as a digit, it would be put in the middle
    shirt = np.full((56, 56), 10, "uint8")
    shirt[4:52, 2:30] = 200
    take(browser, shirt)
    small = np.asarray(Image.fromarray(shirt).resize((28, 28), Image.Resampling.BICUBIC), "float32")
    seen = np.array(browser.value("[...Page.input.pixels()]")).reshape(28, 28)
    assert abs(seen - small).max() <= 1
    want = np.asarray(model(seen[None, ..., None], training=False))[0]
    np.testing.assert_allclose(browser.value("[...Page.bars.shares]"), want, atol=1e-4)


def test_a_model_whose_classes_are_digits_still_gets_them_as_mnist_has_them(browser, tmp_path):
    write_page(of_28(), np.zeros((1, 28, 28, 1), "uint8"), tmp_path / "page.html", [*"0123456789"])
    ready(browser, tmp_path / "page.html")
    assert "Draw a digit" in browser.value("document.body.innerText")
    shirt = np.full((56, 56), 10, "uint8")
    shirt[4:52, 2:30] = 200
    take(browser, shirt)
    seen = np.array(browser.value("[...Page.input.pixels()]")).reshape(28, 28)
    assert 12 < (seen.sum(0) @ np.arange(28)) / seen.sum() < 15  # in the middle


def test_a_regression_shows_its_number_and_how_it_came_about(browser, tmp_path):
    model = fill(regression())
    want = agree(browser, tmp_path, model)[1, 0]
    assert "%" not in text(browser, "#bars") and text(browser, "#bars").startswith("number")
    browser.value("document.querySelector('.answer-row').click()")
    settle(browser)
    panel = text(browser, "#panel")
    assert "Votes for the number" in panel and "probabilit" not in panel
    shown = float(text(browser, "#best").replace("\N{MINUS SIGN}", "-").replace(",", ""))
    assert shown == pytest.approx(want, rel=1e-3)


def test_one_linear_output_is_a_number_unless_two_classes_are_named(browser, tmp_path):
    images = keras.Input((8, 8, 1))
    model = fill(keras.Model(images, layers.Dense(1)(layers.Flatten()(images / 255))))
    for names, said in (None, "number"), (["cat", "dog"], "cat"):
        write_page(model, pictures(model), tmp_path / "page.html", names)
        ready(browser, tmp_path / "page.html")
        assert text(browser, "#bars").startswith(said)


def test_beyond_a_closed_box_nothing_is_made_up_for_a_new_picture(browser, tmp_path):
    model = fill(own_layer())
    images = pictures(model)
    agree(browser, tmp_path, model, ["own"])
    known = browser.value("[...Page.bars.shares]")
    take(browser, images[0][::-1])
    assert "cannot compute own (Own) for a new picture" in text(browser, "#message")
    assert "%" not in text(browser, "#bars") and text(browser, "#best") == ""
    at = browser.value("Page.model.nodes.map(node => node.known)")
    names = browser.value("Page.model.nodes.map(node => node.name)")
    assert at == [n < names.index("own") for n in range(len(names))]
    before = np.asarray(
        keras.Model(model.input, model.get_layer("own").input)(images[:1, ::-1].astype("float32"))
    )
    here = browser.value(f"[...Page.model.nodes[{names.index('own') - 1}].values]")
    np.testing.assert_allclose(here, before.ravel(), atol=1e-4)  # up to there it is computed
    browser.value("document.querySelectorAll('#examples button')[1].click()")
    settle(browser)
    assert browser.value("[...Page.bars.shares]") == known
    assert text(browser, "#message") == ""
    assert troubles(browser) == []


# {model of keras.applications: its module, least side of its images}
FAMILIES = {
    "VGG16": ("vgg16", 32),
    "VGG19": ("vgg19", 32),
    "ResNet50": ("resnet50", 32),
    "ResNet101": ("resnet50", 32),
    "ResNet50V2": ("resnet_v2", 32),
    "InceptionV3": ("inception_v3", 75),
    "InceptionResNetV2": ("inception_resnet_v2", 75),
    "Xception": ("xception", 71),
    "MobileNet": ("mobilenet", 32),
    "MobileNetV2": ("mobilenet_v2", 32),
    "MobileNetV3Small": ("mobilenet_v3", 32),
    "MobileNetV3Large": ("mobilenet_v3", 32),
    "DenseNet121": ("densenet", 32),
    "DenseNet169": ("densenet", 32),
    "NASNetMobile": ("nasnet", 32),
    "EfficientNetB0": ("efficientnet", 32),
    "EfficientNetB1": ("efficientnet", 32),
    "EfficientNetV2B0": ("efficientnet_v2", 32),
    "EfficientNetV2S": ("efficientnet_v2", 32),
    "ConvNeXtTiny": ("convnext", 32),
    "ConvNeXtSmall": ("convnext", 32),
}


# As shares of the mean. With 0.2, Keras's own answers of this one in 32 and 64 bits differ by 0.02
LEAST_VARIANCE = {"EfficientNetV2S": 2.0}


def of_a_family(name):
    """As people fine-tune one: preprocessing inside, a head of their own, moved off its first weights."""
    module, side = FAMILIES[name]
    keras.utils.set_random_seed(0)
    images = keras.Input((side, side, 3))
    backbone = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(side, side, 3))
    x = backbone(getattr(keras.applications, module).preprocess_input(images))
    x = layers.LayerNormalization()(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(images, layers.Dense(3, activation="softmax")(x))
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if weight.path.endswith("gamma"):
            weight.assign(rng.uniform(0.2, 0.8, weight.shape))
        elif weight.path.endswith(("beta", "bias")):
            weight.assign(rng.normal(0, 0.1, weight.shape))
    # One step of training, so that each normalization knows the numbers that it gets
    for layer in backbone.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.0
    model(pictures(model, 8).astype("float32"), training=True)
    for weight in model.weights:
        if weight.path.endswith("variance"):  # a deviation of nearly 0 would enlarge rounding errors
            weight.assign(np.maximum(weight, LEAST_VARIANCE.get(name, 0.2) * np.mean(weight)))
    return model


# Deeper ones of the same layers as another
DEEPER = {
    *("VGG19", "ResNet101", "InceptionResNetV2", "MobileNetV3Large", "DenseNet169"),
    *("EfficientNetB1", "EfficientNetV2S", "ConvNeXtSmall"),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name in DEEPER else ()) for name in FAMILIES]
)
def test_families_of_keras_applications_say_in_the_page_what_they_say_in_keras(browser, tmp_path, name):
    agree(browser, tmp_path, of_a_family(name))


@pytest.mark.parametrize(
    "build", [small_vit, attention_by_operators, cbam, channels_first, siamese, own_layer]
)
def test_the_panel_explains_every_kind_of_value_in_words(browser, tmp_path, build):
    model = fill(build())
    others = {"two": OTHERS["two"]} if build is siamese else None
    write_page(model, pictures(model), tmp_path / "page.html", other_inputs=others)
    ready(browser, tmp_path / "page.html")
    said = browser.value("""Page.model.nodes.map(node => {
        const at = {id: node.id, y: node.h - 1, x: node.w - 1, c: node.c - 1}
        Page.panel.show({kind: "place", place: at}, false)
        return `${node.name}: ${document.querySelector('#panel').innerText}`
    })""")
    for each in said:
        assert not any(odd in each for odd in ("[object", "undefined", "NaN", "null")), each
        assert len(each.split("\n")) > 2, each
    assert troubles(browser) == []


# ---- For every reader ----


@pytest.fixture(scope="module")
def axe():
    """The program of axe-core, which looks for what keeps readers from using a page."""
    file = os.environ.get("AXE_CORE", "")
    if not file:
        pytest.skip("set AXE_CORE to axe.min.js of the npm package axe-core, as .ci/run does")
    return Path(file).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("build", "beside"),
    [
        (quickstart, None),
        (picture_and_numbers, None),
        (segmenter, None),
        (own_layer, None),
        (with_alpha, None),
        (small_vit, residual),
    ],
)
def test_axe_core_finds_nothing(browser, tmp_path, axe, build, beside):
    model, other = fill(build()), beside and fill(beside())
    write_page(model, pictures(model), tmp_path / "page.html", precision="int8", beside=other)
    for width, dark, phone in (390, False, True), (820, True, True), (1440, False, False):
        ready(browser, tmp_path / "page.html")
        browser.show(width, dark=dark, phone=phone)
        settle(browser)
        browser.value("for (const card of document.querySelectorAll('details.layer')) card.open = true")
        browser.value("document.getElementById('add-class')?.click()")
        browser.value(axe + "\n; 0")
        found = browser.value("""axe.run({resultTypes: ["violations"]}).then(({violations}) => violations.map(
            each => `${each.id}: ${each.help}: ${each.nodes.map(node => node.html).slice(0, 3)}`))""")
        assert found == [], (width, dark)


@pytest.mark.parametrize("build", [picture_and_numbers, segmenter, with_alpha])
def test_targets_have_24_pixels_on_phones(browser, tmp_path, build):
    model = fill(build())
    write_page(model, pictures(model), tmp_path / "page.html")
    ready(browser, tmp_path / "page.html")
    browser.show(390, phone=True)
    settle(browser)
    small = browser.value("""[...document.querySelectorAll('button, input, summary, a')].filter(one => {
        const {width, height} = one.getBoundingClientRect()
        return one.offsetParent && !one.matches('.skip') && (width < 24 || height < 24)
    }).map(one => one.outerHTML)""")
    assert small == []
    assert browser.value("document.documentElement.scrollWidth <= innerWidth")
