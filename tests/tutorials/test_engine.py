"""The page's engine, in a real browser: it computes what Keras computes, and can say how."""

import base64
import itertools
import json
from collections import defaultdict

import keras
import numpy as np
import pytest
from keras import layers

import models
from datasets import digits
from models.export.page.bundle import bundle
from models.export.page.portable import portable
from models.export.page.shell import FOLDER, KERNELS
from models.fine_tuning.calibration import calibrated
from models.fine_tuning.fine_tuned import FineTunedClassifier
from models.fine_tuning.transfer import TransferClassifier, border_at
from models.pretrained.backbones import BACKBONES, Backbone
from models.receptive_fields import of_layer

# The engine as the rest of the page imports it
ENGINE = tuple(f"engine/{name}.js" for name in ("model", "receptive_fields", "arithmetic", "probabilities"))

# What a test needs in the page beside the engine: arrays as bytes, there and back
HELPERS = """
const unpack = text => new Float32Array(Uint8Array.from(atob(text), one => one.charCodeAt(0)).buffer);
const pack = values => {
  const bytes = new Uint8Array(Float32Array.from(values).buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
};
const loaded = async () => {
  window.models = await Promise.all(data.map(d => Engine.load(d.model, kernels)));
};
"""


class Laboratory:
    """A page that holds the engine, and networks with images to run them on."""

    def __init__(self, browser, folder):
        self._browser, self._folder = browser, folder

    def open(self, *pairs):
        """Load (what `portable` wrote, images of its size) pairs: `models[i]` and `images[i]` in the page."""
        engine = bundle(FOLDER, *ENGINE, name="Engine") + bundle(FOLDER, "texts.js", name="Texts")
        data = [{"model": model, "images": [packed(image) for image in images]} for model, images in pairs]
        page = f"<!doctype html><meta charset=utf-8><script>{engine}</script><script>{HELPERS}"
        kernels = base64.b64encode(KERNELS.read_bytes()).decode()
        page += (
            f"const data = {json.dumps(data)};const images = data.map(d => d.images.map(unpack));"
            f"const kernels = {json.dumps(kernels)};</script>"
        )
        (self._folder / "page.html").write_text(page, encoding="utf-8")
        self._browser.open((self._folder / "page.html").as_uri())
        self.value("loaded()")

    def value(self, expression):
        return self._browser.value(expression)

    def values(self, expression):
        """An array, or a list of arrays, that an expression is worth."""
        found = self.value(f"((v) => Array.isArray(v) ? v.map(pack) : pack(v))({expression})")
        return [unpacked(one) for one in found] if isinstance(found, list) else unpacked(found)

    def compare(self, i, model, image, tolerance=1e-5):
        """Run the i-th network and hold what its nodes hold against what Keras's layers passed on."""
        found = self.values(f"(models[{i}].run(images[{i}][0]), models[{i}].nodes.map(n => n.values))")
        expected = passed_on(model, image)
        compared = set()
        for node, values in zip(self.value(f"data[{i}].model.nodes"), found, strict=True):
            path = tuple(node["path"])
            if expected.get(path):
                want = expected[path].pop(0)  # the first call of a layer first
                sides = list(want.shape[1:])  # a list of vectors is a map of one row
                assert node["shape"] == ([1, *sides] if len(sides) == 2 else sides), node
                scale = max(1, abs(want).max())
                np.testing.assert_allclose(
                    values.reshape(want.shape) / scale, want / scale, atol=tolerance, err_msg=str(node)
                )
                compared.add(path)
        return compared


def packed(array):
    return base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode()


def unpacked(text):
    return np.frombuffer(base64.b64decode(text), "<f4")


def passed_on(model, image):
    """What each layer and operation, in nested models too, returns: {path: [a call's value, ...]}."""
    calls, stack, plain = defaultdict(list), [], keras.Operation.__call__

    def call(self, *args, **kwargs):
        stack.append(self.name)
        try:
            result = plain(self, *args, **kwargs)
        finally:
            path = tuple(stack[1:])
            stack.pop()
        calls[path].extend(keras.tree.flatten(result))
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Operation, "__call__", call)
        model(image[None] if image.ndim == 3 else image, training=False)
    return {path: [np.asarray(value) for value in found] for path, found in calls.items() if path}


@pytest.fixture
def laboratory(browser, tmp_path):
    return Laboratory(browser, tmp_path)


def embedded_digits(count):
    images = digits.load_data(digits.locate("embedded"))[1][0]
    return images[:count].astype("float32").reshape(-1, 28, 28, 1)


READERS = ("ConvNet", "TwoBlockConvNet", "LeNet5", "MLP")


def agree_on_digits(laboratory, images):
    built = [getattr(models, name)(weights="mnist") for name in READERS]
    laboratory.open(*((portable(model), images) for model in built))
    for i, model in enumerate(built):
        answers = laboratory.values(f"images[{i}].map(image => models[{i}].run(image).slice())")
        np.testing.assert_allclose(answers, model.predict(images, verbose=0), atol=1e-4)
        laboratory.compare(i, model, images[0])


def test_the_zoos_digit_readers_say_in_the_page_what_they_say_in_keras(laboratory):
    agree_on_digits(laboratory, embedded_digits(40))


@pytest.mark.slow
def test_they_do_on_a_thousand_images_of_mnist(laboratory, mnist_folder):
    images = digits.load_data(digits.locate(str(mnist_folder)))[1][0][:1000]
    agree_on_digits(laboratory, images.astype("float32").reshape(-1, 28, 28, 1))


def fill(model, rng):
    """Give a model random weights, such that no number is 0 or 1 by habit."""
    for weight in model.weights:
        if "seed" in weight.path:
            continue
        values = rng.normal(0, 0.5, weight.shape)
        if len(weight.shape) > 1 and "alpha" not in weight.path:
            values *= 1.5 / np.sqrt(np.prod(weight.shape[:-1]))
        weight.assign(np.abs(values) + 0.2 if "variance" in weight.path else values)
    return model


# ------------------------------------------------------------------ random layers of every kind

ACTIVATIONS = (
    "linear",
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "celu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "sigmoid",
    "log_sigmoid",
    "hard_sigmoid",
    "hard_silu",
    "tanh",
    "hard_tanh",
    "tanh_shrink",
    "softplus",
    "softsign",
    "exponential",
    "softmax",
    "log_softmax",
)


def pick(rng, *values):
    return values[rng.integers(len(values))]


def pair(rng, high):
    """A number, or one for rows and one for columns."""
    numbers = [int(one) for one in rng.integers(1, high + 1, 2)]
    return numbers[0] if rng.random() < 0.5 else tuple(numbers)


def padding(rng):
    return pick(rng, "same", "valid")


def walk(rng, equal=False):
    """Strides or a dilation: Keras has no layer with both."""
    if rng.random() < 0.6:
        return {"strides": int(rng.integers(1, 4)) if equal else pair(rng, 3)}
    return {"dilation_rate": pair(rng, 3)}


def common(rng):
    activation = pick(rng, "linear", *ACTIVATIONS)
    return {"padding": padding(rng), "use_bias": rng.random() < 0.7, "activation": activation}


def conv(rng, x):
    groups = pick(rng, 1, 1, x.shape[-1])
    filters = groups * int(rng.integers(1, 4))
    return layers.Conv2D(filters, pair(rng, 5), groups=groups, **walk(rng), **common(rng))(x)


def depthwise(rng, x):
    many = int(rng.integers(1, 4))
    return layers.DepthwiseConv2D(pair(rng, 4), depth_multiplier=many, **walk(rng, True), **common(rng))(x)


def separable(rng, x):
    many = int(rng.integers(1, 3))
    return layers.SeparableConv2D(4, pair(rng, 4), depth_multiplier=many, **walk(rng, True), **common(rng))(x)


def dense(rng, x):
    settings = common(rng)
    settings.pop("padding")
    return layers.Dense(int(rng.integers(2, 6)), **settings)(x)


def transposed(rng, x):
    settings = common(rng) | {"strides": pair(rng, 3)}
    return layers.Conv2DTranspose(int(rng.integers(1, 4)), pair(rng, 4), **settings)(x)


def standardized(rng, x):
    whole = list(range(1, len(x.shape)))
    yes = {"center": bool(rng.random() < 0.7), "scale": bool(rng.random() < 0.7)}
    return pick(
        rng,
        layers.LayerNormalization(axis=pick(rng, -1, whole), epsilon=pick(rng, 1e-3, 0.1), **yes),
        layers.GroupNormalization(pick(rng, 1, -1), **yes) if len(x.shape) == 4 else layers.Identity(),
        layers.RMSNormalization(),
        layers.UnitNormalization(axis=pick(rng, -1, whole)),
    )(x)


def permuted(rng, x):
    return layers.Permute(pick(rng, (2, 1, 3), (3, 1, 2), (1, 3, 2)))(x)


def pool(rng, x):
    kind = pick(rng, layers.MaxPooling2D, layers.AveragePooling2D)
    return kind(pair(rng, 3), pick(rng, None, pair(rng, 3)), padding(rng))(x)


def whole(rng, x):
    kind = pick(rng, layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D)
    return kind(keepdims=bool(rng.random() < 0.5))(x)


def rescaling(rng, x):
    if rng.random() < 0.5:
        return layers.Rescaling(1 / 127.5, pick(rng, 0.0, -1.0))(x)
    return layers.Rescaling(rng.normal(size=x.shape[-1]).tolist(), rng.normal(size=x.shape[-1]).tolist())(x)


def normalization(rng, x):
    count = x.shape[-1]
    axis, size = pick(rng, (-1, count), (None, None))
    mean, variance = rng.normal(size=size), rng.uniform(0.1, 2, size=size)
    return layers.Normalization(axis=axis, mean=mean, variance=variance, invert=rng.random() < 0.3)(x)


def batch_normalization(rng, x):
    yes = rng.random(2) < 0.7
    settings = {"center": bool(yes[0]), "scale": bool(yes[1]), "epsilon": pick(rng, 1e-3, 0.1)}
    return layers.BatchNormalization(**settings)(x)


def activation(rng, x):
    return layers.Activation(pick(rng, *ACTIVATIONS))(x)


def activation_layer(rng, x):
    shared = [1, 2] if len(x.shape) == 4 else None
    return pick(
        rng,
        layers.ReLU(pick(rng, None, 6.0, 1.5), pick(rng, 0.0, 0.3), pick(rng, 0.0, 0.7)),
        layers.LeakyReLU(0.2),
        layers.ELU(0.7),
        layers.PReLU(shared_axes=pick(rng, None, shared)),
        layers.Softmax(),
    )(x)


def zeros(rng, x):
    return layers.ZeroPadding2D(pick(rng, 1, (2, 1), ((0, 1), (2, 3))))(x)


def crop(rng, x):
    if rng.random() < 0.3:
        return layers.CenterCrop(max(x.shape[1] - 2, 1), max(x.shape[2] - 1, 1))(x)
    return layers.Cropping2D(pick(rng, 1, (1, 0), ((0, 1), (2, 0))))(x)


def resizing(rng, x):
    size = [int(one) for one in rng.integers(1, 14, 2)]
    aspect = pick(rng, {}, {"crop_to_aspect_ratio": True}, {"pad_to_aspect_ratio": True, "fill_value": 0.5})
    kind = pick(rng, "bilinear", "bilinear", "nearest", "bicubic")
    antialias = kind == "bicubic" or bool(rng.random() < 0.5)
    return layers.Resizing(*size, interpolation=kind, antialias=antialias, **aspect)(x)


def up_sampling(rng, x):
    return layers.UpSampling2D(pair(rng, 2), interpolation=pick(rng, "nearest", "bilinear"))(x)


def resting(rng, x):
    return pick(
        rng,
        layers.Dropout(0.5),
        layers.SpatialDropout2D(0.5) if len(x.shape) == 4 else layers.AlphaDropout(0.5),
        layers.GaussianNoise(1.0),
        layers.Identity(),
        layers.RandomFlip() if len(x.shape) == 4 else layers.GaussianDropout(0.5),
    )(x)


def reshape(rng, x):
    sides = list(x.shape[1:])
    return layers.Reshape(pick(rng, sides[::-1], [-1, 1, sides[-1]], [1, -1, 1]))(x)


def merged(rng, x):
    kind = pick(rng, layers.Add, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum)
    others = [layers.Activation(pick(rng, "tanh", "relu", "sigmoid"))(x) for _ in range(rng.integers(1, 3))]
    if len(x.shape) == 4 and rng.random() < 0.4:
        others[0] = layers.GlobalAveragePooling2D(keepdims=True)(x)  # as squeeze-and-excite has it
    if rng.random() < 0.2:
        return layers.Subtract()([x, others[0]])
    return kind()([x, *others])


def concatenated(rng, x):
    other = layers.Activation("tanh")(x)
    return layers.Concatenate(axis=int(pick(rng, *range(1, len(x.shape)), -1)))([x, other, x])


CALCULATIONS = (
    lambda x, y: x + 3.0,
    lambda x, y: 2.0 - x,
    lambda x, y: x - 2.0,
    lambda x, y: x - y,
    lambda x, y: x * (1 / 6),
    lambda x, y: x / 127.5,
    lambda x, y: x + y,
    lambda x, y: x * y,
    lambda x, y: x + np.arange(1.0, x.shape[-1] + 1, dtype="float32"),
    lambda x, y: keras.ops.relu(x),
    lambda x, y: keras.ops.relu6(x + 3.0),
    lambda x, y: keras.activations.relu(x, max_value=2.0),
    lambda x, y: keras.activations.relu(x, negative_slope=0.3, threshold=-0.5),
    lambda x, y: keras.activations.gelu(2.0 * x, approximate=True),
    lambda x, y: keras.activations.gelu(2.0 * x),
    lambda x, y: keras.ops.elu(x, 0.3),
    lambda x, y: keras.ops.leaky_relu(x, 0.1),
    lambda x, y: keras.ops.softmax(x),
    lambda x, y: keras.ops.hard_silu(x),
    lambda x, y: keras.ops.exp(keras.ops.tanh(x)),
    lambda x, y: keras.ops.maximum(x, y),
    lambda x, y: keras.ops.minimum(x, y),
    lambda x, y: keras.ops.concatenate([x, y], axis=-1),
    lambda x, y: keras.ops.log(keras.ops.maximum(keras.ops.sigmoid(x), 0.4)),
    lambda x, y: keras.ops.flip(x, 2) if len(x.shape) == 4 else keras.ops.maximum(0.1, x),
    lambda x, y: keras.ops.mean(x, axis=-1, keepdims=True),
    lambda x, y: keras.ops.mean(x, axis=[1, 2]) if len(x.shape) == 4 else x + 1.0,
    lambda x, y: keras.ops.max(x, axis=(1, 2)) if len(x.shape) == 4 else -x,
    lambda x, y: keras.ops.transpose(x, (0, 2, 1, 3)) if len(x.shape) == 4 else x[:, ::-1],
    lambda x, y: x[:, 1:, ::2, ::-1] if len(x.shape) == 4 else x[:, 1:],
    lambda x, y: keras.ops.roll(keras.ops.repeat(x, 2, axis=1), 1, axis=1),
    lambda x, y: keras.ops.split(x, [1], axis=1)[1],
    lambda x, y: (
        keras.ops.stack([x[:, 0], y[:, 0]], axis=-1) if len(x.shape) == 4 else keras.ops.stack([x, y], 1)
    ),
    lambda x, y: y / (keras.ops.square(x) + 1.0),
    lambda x, y: keras.ops.rsqrt(keras.ops.absolute(x) + 1.0) + keras.ops.sqrt(keras.ops.clip(x, 0.2, 1.5)),
)


def calculated(rng, x):
    return pick(rng, *CALCULATIONS)(x, layers.Activation("tanh")(x))


def nested(rng, x):
    inner = keras.Input(x.shape[1:])
    if rng.random() < 0.5:
        y = activation_layer(rng, inner)
        return keras.Model(inner, layers.Add()([y, dense(rng, y)]) if y.shape[-1] == 1 else dense(rng, y))(x)
    return keras.Sequential([inner, layers.BatchNormalization(), layers.ReLU(), layers.Dense(3)])(x)


def shared(rng, x):
    same = layers.Dense(x.shape[-1], activation="tanh")
    return layers.Add()([same(x), same(same(x))])


def flatten(rng, x):
    return layers.Flatten()(x)


OF_MAPS = (
    transposed, permuted, conv, depthwise, separable, pool, whole, zeros, crop, resizing, up_sampling,
    reshape, flatten,
)  # fmt: skip
OF_ANYTHING = (
    dense, standardized, rescaling, normalization, batch_normalization, activation, activation_layer,
    resting, merged, concatenated, calculated, nested, shared,
)  # fmt: skip


def try_step(rng, step, x, most=6000):
    """One random layer of a kind after x; x itself where none was found that fits."""
    for _ in range(8):
        try:
            y = step(rng, x)
        except ValueError:  # a window that does not fit
            continue
        if 0 < np.prod(y.shape[1:]) <= most and len(y.shape) in (2, 4) and min(y.shape[1:]) > 0:
            return y
    return x


def wide_model(rng, draws, shape=(9, 8, 3)):
    """One model with a branch for each kind of layer, several times."""
    images = keras.Input(shape)
    ends = []
    for step in (*OF_MAPS, *OF_ANYTHING):
        for _ in range(draws):
            y = try_step(rng, step, images)
            ends.append(layers.Flatten()(y))
            if step in OF_ANYTHING:
                ends.append(try_step(rng, step, layers.Flatten()(images)))
    return fill(keras.Model(images, layers.Concatenate()(ends)), rng)


def deep_model(rng, depth):
    """One layer after the other, of any kinds, down to a softmax, a sigmoid or logits."""
    shape = (int(rng.integers(6, 15)), int(rng.integers(6, 15)), pick(rng, 1, 3))
    images = x = keras.Input(shape)
    for _ in range(depth):
        kinds = (*OF_MAPS[:-1], *OF_ANYTHING) if len(x.shape) == 4 else OF_ANYTHING
        x = try_step(rng, pick(rng, *kinds), x)
        if rng.random() < 0.3:  # numbers must not grow without end
            x = layers.BatchNormalization()(x)
    x = layers.Dense(pick(rng, 1, 4), activation=pick(rng, "softmax", "sigmoid", None))(layers.Flatten()(x))
    return fill(keras.Model(images, x), rng)


def every_option(shape=(9, 8, 3)):
    """One model with a branch for each option that is not left to chance."""
    images = keras.Input(shape)
    vector = layers.Flatten()(layers.Cropping2D(3)(images))
    both = "valid", "same"
    ends = [layers.Activation(name)(images) for name in ACTIVATIONS]
    for settings in itertools.product((None, 6.0, 1.5), (0.0, 0.3), (0.0, 0.7)):
        ends.append(layers.ReLU(*settings)(images))
    for x, calculate in itertools.product((images, vector), CALCULATIONS):
        ends.append(calculate(x, layers.Activation("tanh")(x)))
    for pad, window in itertools.product(both, ((2, None), ((3, 2), 2), ((2, 3), (3, 1)), (1, 2))):
        ends.append(layers.MaxPooling2D(*window, pad)(images))
        ends.append(layers.AveragePooling2D(*window, pad)(images))
    for pad, size in itertools.product(both, (1, 2, (3, 2), (2, 5))):
        for way in {}, {"strides": 2}, {"dilation_rate": 2}, {"dilation_rate": (3, 1)}:
            if size != (2, 5) or "dilation_rate" not in way or pad == "same":
                ends.append(layers.Conv2D(2, size, padding=pad, **way)(images))
                ends.append(layers.Conv2D(6, size, padding=pad, groups=3, **way)(images))
                ends.append(layers.DepthwiseConv2D(size, padding=pad, depth_multiplier=2, **way)(images))
                ends.append(layers.SeparableConv2D(4, size, padding=pad, **way)(images))
    for pad, size, strides in itertools.product(both, (1, 2, (3, 2), (2, 5)), (1, 2, (3, 1))):
        ends.append(layers.Conv2DTranspose(2, size, strides, pad)(images))
    for axis in -1, [1, 2, 3]:
        ends.append(layers.LayerNormalization(axis=axis)(images))
        ends.append(layers.UnitNormalization(axis=axis)(images))
    ends += [layers.GroupNormalization(groups)(images) for groups in (1, 3, -1)]
    ends += [layers.RMSNormalization()(images), layers.LayerNormalization()(vector)]
    ends += [layers.Permute(order)(images) for order in itertools.permutations((1, 2, 3))]
    for kind in "bilinear", "nearest":
        for size, antialias in itertools.product(((4, 3), (20, 11), (9, 8), (1, 30)), (False, True)):
            ends.append(layers.Resizing(*size, kind, antialias=antialias)(images))
    return fill(
        keras.Model(images, layers.Concatenate()([layers.Flatten()(end) for end in ends])),
        np.random.default_rng(0),
    )


def test_every_option_computes_what_keras_computes_and_can_be_written_out(laboratory):
    model, image = every_option(), np.random.default_rng(1).normal(0, 2, (1, 9, 8, 3))
    laboratory.open((portable(model), image))
    assert len(laboratory.compare(0, model, image, 2e-6)) > 200
    found = laboratory.value(WRITTEN_OUT)
    assert not found["wrong"], found["wrong"][:5]


def agree_on_random_models(laboratory, seed, draws, deep):
    rng = np.random.default_rng(seed)
    built = [wide_model(rng, draws), *(deep_model(rng, 2 + i % 7) for i in range(deep))]
    images = [rng.normal(0, 2, (1, *model.input_shape[1:])).astype("float32") for model in built]
    laboratory.open(*((portable(model), image) for model, image in zip(built, images, strict=True)))
    return sum(
        len(laboratory.compare(i, model, image, 5e-5))
        for i, (model, image) in enumerate(zip(built, images, strict=True))
    )


def test_random_layers_of_every_kind_compute_what_keras_computes(laboratory):
    assert agree_on_random_models(laboratory, seed=0, draws=2, deep=10) > 150


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in (2, 3, 4, 5, 6))]
)
def test_many_random_models_compute_what_keras_computes(laboratory, seed):
    assert agree_on_random_models(laboratory, seed, draws=20, deep=40) > 1000


def photo_reader(name="mobilenet_025", weights=None, size=64):
    model = TransferClassifier(Backbone(name, weights, size), 3, classifier_activation="softmax")
    return model if weights else fill(model, np.random.default_rng(0))


def agree_on_photos(laboratory, model, images):
    laboratory.open((portable(model), images))
    compared = laboratory.compare(0, model, images[:1], 1e-4)
    assert len(compared) > len(model.layers[2].operations)
    answers = laboratory.values("images[0].map(image => models[0].run(image).slice())")
    np.testing.assert_allclose(answers, model.predict(images, verbose=0), atol=1e-5)


def photos(count, size):
    """Smooth random pictures: not one pixel is as its neighbour, nor far from it."""
    rough = np.random.default_rng(1).uniform(0, 255, (count, 5, 5, 3))
    return np.asarray(keras.ops.image.resize(rough, (size, size), "bicubic")).clip(0, 255).astype("float32")


def test_a_fine_tuned_backbone_opens_too(laboratory):
    agree_on_photos(laboratory, photo_reader(), photos(2, 64))


@pytest.mark.slow
def test_published_weights_say_in_the_page_what_they_say_in_keras(laboratory, published_mobilenet):
    agree_on_photos(laboratory, photo_reader(weights=published_mobilenet, size=224), photos(4, 224))


# 54 and 88 million weights are too many for a browser's tab, where other programs need memory as well
NOT_IN_A_PAGE = ("efficientnet_v2_m", "convnext_base")


# Deeper than another of the same layers
# Of these families the pages of Keras' own networks have one as well
DEEPER = "convnext_small", "convnext_tiny", "efficientnet_v2_s", "resnet50_v2", "xception"


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.long if name in DEEPER else ())
        for name in BACKBONES
        if not name.startswith(NOT_IN_A_PAGE)
    ],
)
def test_backbones_of_the_table_open_too(laboratory, name):
    size = 28 if name == "convnet" else max(BACKBONES[name].smallest, 64)
    agree_on_photos(laboratory, photo_reader(name, size=size), photos(1, size))


@pytest.mark.slow
def test_a_classifier_at_several_sizes_opens_and_holds_the_backbone_once(laboratory):
    backbone = Backbone("mobilenet_025", None, 64)
    border = border_at(backbone, 0.3)
    model = FineTunedClassifier(backbone, 3, (32, 64), border, tuned_size=64, share=0.3)
    model = calibrated(fill(model, np.random.default_rng(0)), 0.7)
    images = photos(2, 64)
    plain = portable(model)
    laboratory.open((plain, images))
    laboratory.compare(0, model, images[:1], 1e-4)
    answers = laboratory.values("images[0].map(image => models[0].run(image).slice())")
    np.testing.assert_allclose(answers, model.predict(images, verbose=0), atol=1e-5)
    stored = {
        weight["start"]: np.prod(weight["shape"])
        for node in plain["nodes"]
        for weight in node["weights"].values()
    }
    assert sum(stored.values()) <= model.count_params()


def test_an_image_of_another_shape_is_resized_as_keras_does_it(laboratory):
    model = photo_reader(size=32)
    images = photos(1, 70)[:, 3:60]
    laboratory.open((portable(model, image_size=(57, 70)), images))
    laboratory.compare(0, model, images)
    names = laboratory.value("models[0].nodes.slice(0, 3).map(node => node.name)")
    assert names == ["images", "resize (crop)", "resize"]


# ------------------------------------------------------------------ looking inside

# For some positions of each node, corners among them: its arithmetic, done again from its terms
WRITTEN_OUT = """
(() => {
  const model = models[0], wrong = [], kinds = new Set();
  let outside = 0;
  model.run(images[0][0]);
  for (const node of model.nodes) {
    const places = [[0, 0, 0], [node.h - 1, node.w - 1, node.c - 1]];
    for (let i = 0; i < 4; i++) {
      places.push([node.h * 7919 * i % node.h, node.w * 104729 * i % node.w, node.c * 31 * i % node.c]);
      places.push([(3 * i + 1) % node.h, (5 * i + 2) % node.w, (i + 1) % node.c]);
    }
    for (const [y, x, c] of places) {
      const told = Engine.arithmetic(model, node, y, x, c);
      const value = node.values[(y * node.w + x) * node.c + c];
      const off = (a, b) => !(Math.abs(a - b) <= 1e-5 * Math.max(1, Math.abs(a), Math.abs(b)));
      let sum = told.bias;
      for (const term of told.terms) {
        const from = model.nodes[term.input];
        const there = from.values[(term.y * from.w + term.x) * from.c + term.c];
        if (there !== term.value) wrong.push([node.name, "value"]);
        if (off(term.value * term.weight, term.product)) wrong.push([node.name, "product"]);
        sum += term.product;
      }
      if (node.kind !== "input" && off(sum, told.sum)) wrong.push([node.name, "sum", sum, told.sum]);
      if (off(told.result, value)) wrong.push([node.name, "result", y, x, c, told.result, value]);
      const text = Texts.computation(node, told);
      const sentence = /^[A-Z\\d\u2212].*\\.$/i.test(text) && !/NaN|undefined|null/.test(text);
      if (!sentence) wrong.push([node.name, text]);
      outside += told.outside;
      kinds.add(told.kind);
    }
  }
  return { wrong, kinds: [...kinds], outside };
})()
"""


def test_the_arithmetic_of_any_value_gives_the_value(laboratory):
    rng = np.random.default_rng(5)
    model = wide_model(rng, 3)
    laboratory.open((portable(model), rng.normal(0, 2, (1, 9, 8, 3))))
    found = laboratory.value(WRITTEN_OUT)
    assert not found["wrong"], found["wrong"][:5]
    assert found["outside"] > 20
    assert {"conv", "pool", "dense", "normalize", "add", "copy", "activation", "resize"} <= set(
        found["kinds"]
    )


def test_the_arithmetic_of_a_photo_reader_gives_its_values(laboratory):
    model = photo_reader("mobilenet_v3_small", size=32)
    laboratory.open((portable(model), photos(1, 32)))
    found = laboratory.value(WRITTEN_OUT)
    assert not found["wrong"], found["wrong"][:5]


def attending(rng):
    """Patches, positions, attention, and products of lists; then means and maxima along each axis."""
    images = keras.Input((8, 12, 3))
    patches = layers.Reshape((6, 4))(layers.Conv2D(4, 4, strides=4, name="patches")(images))
    x = patches + rng.normal(size=(6, 4)).astype("float32")
    x = layers.MultiHeadAttention(2, 3, name="attention")(x, x)
    few = layers.AveragePooling1D(2)(x)
    x = x + layers.Attention(name="again")([x, few])
    products = keras.ops.matmul(patches, keras.ops.transpose(few, (0, 2, 1)))
    x = keras.ops.concatenate([x, keras.ops.softmax(products, axis=1)], axis=-1)
    x = layers.Reshape((2, 3, 7))(x)
    found = [layers.Flatten()(reduce(x, axis=axis)) for reduce, axis in REDUCTIONS]
    return keras.Model(images, layers.Dense(3)(layers.Concatenate()(found)))


REDUCTIONS = (
    (keras.ops.mean, -1), (keras.ops.max, 3), (keras.ops.min, (1, 2)), (keras.ops.sum, 2), (keras.ops.max, 1),
)  # fmt: skip


def test_the_arithmetic_of_attention_gives_its_values(laboratory):
    rng = np.random.default_rng(3)
    model = attending(rng)
    for weight in model.weights:
        weight.assign(rng.normal(0, 0.6, weight.shape))
    image = rng.normal(0, 1, (1, 8, 12, 3)).astype("float32")
    written = portable(model)
    kinds = {node["kind"] for node in written["nodes"]}
    assert {"scores", "mixed", "matmul", "constant", "global"} <= kinds and "recorded" not in kinds
    laboratory.open((written, image))
    found = laboratory.value(WRITTEN_OUT)
    assert not found["wrong"], found["wrong"][:5]
    said = laboratory.value("[...models[0].run(images[0][0])]")
    np.testing.assert_allclose(said, np.asarray(model(image))[0], rtol=1e-4, atol=1e-4)


def test_what_attention_depends_on_is_every_patch_and_what_comes_before_is_its_own(laboratory):
    laboratory.open((portable(attending(np.random.default_rng(3))), []))
    whole, own = {"y0": 0, "y1": 8, "x0": 0, "x1": 12}, {"y0": 4, "y1": 8, "x0": 4, "x1": 8}  # of patch 4
    for name, place, want in (
        ("attention (query)", (0, 4, 1), own),
        ("attention (attention)", (4, 2, 1), whole),
        ("attention (heads)", (0, 4, 2), whole),
        ("attention", (0, 4, 2), whole),
        ("again (attention)", (4, 1, 0), whole),
    ):
        node = f"models[0].nodes.find(node => node.name === '{name}')"
        assert (
            laboratory.value(f"Engine.receptiveField(models[0], {node}, {', '.join(map(str, place))}).get(0)")
            == want
        )
    # The query of one patch and the keys of all, one step back
    node = "models[0].nodes.find(node => node.kind === 'scores')"
    query, key = laboratory.value(f"Engine.sources(models[0], {node}, 4, 2, 1)")
    assert (query["x0"], query["x1"], query["c0"], query["c1"]) == (4, 5, 3, 6)
    assert (key["x0"], key["x1"], key["c0"], key["c1"]) == (0, 6, 3, 6)


def test_a_convolution_at_a_corner_counted_by_hand(laboratory):
    """A 3 x 3 window at the corner has 4 places on the picture and 5 outside."""
    images = keras.Input((4, 5, 1), name="images")
    x = layers.Conv2D(2, 3, padding="same", activation="relu", name="conv")(images)
    model = keras.Model(images, layers.Flatten(name="flatten")(x))
    kernel = np.arange(1, 19).reshape(3, 3, 1, 2)  # of feature 1: 2, 4, 6 | 8, 10, 12 | 14, 16, 18
    model.get_layer("conv").set_weights([kernel, np.array([0.0, -7.0])])
    picture = np.arange(20).reshape(1, 4, 5, 1)
    laboratory.open((portable(model), picture))
    laboratory.value("(models[0].run(images[0][0]), 0)")
    told = laboratory.value("Engine.arithmetic(models[0], models[0].nodes[1], 0, 0, 1)")
    # Under the window's lower right four: 0, 1 and 5, 6, times 10, 12 and 16, 18
    assert [(t["y"], t["x"], t["c"], t["value"], t["weight"]) for t in told["terms"]] == [
        (0, 0, 0, 0, 10), (0, 1, 0, 1, 12), (1, 0, 0, 5, 16), (1, 1, 0, 6, 18),
    ]  # fmt: skip
    assert (told["kind"], told["outside"], told["bias"], told["activation"]) == ("conv", 5, -7, "relu")
    assert told["sum"] == told["result"] == 12 + 80 + 108 - 7
    text = laboratory.value(
        "Texts.computation(models[0].nodes[1], Engine.arithmetic(models[0], models[0].nodes[1], 0, 0, 1))"
    )
    assert text.replace("\N{NO-BREAK SPACE}", " ") == (
        "4 values, each times its weight, 5 positions in the padding, plus the bias \N{MINUS SIGN}7: 193; "
        "relu makes that 193."
    )


def test_votes_are_the_products_of_a_dense_layer(laboratory):
    model = models.ConvNet(weights="mnist")
    image = embedded_digits(1)
    laboratory.open((portable(model), image))
    laboratory.value("(models[0].run(images[0][0]), 0)")
    hidden = np.asarray(keras.Model(model.input, model.get_layer("dropout").output)(image))[0]
    for unit in 0, 7:
        votes = laboratory.value(f"Engine.votes(models[0], models[0].nodes.at(-1), {unit})")
        products = hidden * np.asarray(model.get_layer("predictions").kernel)[:, unit]
        order = np.argsort(-abs(products), kind="stable")[:50]
        np.testing.assert_allclose([vote["product"] for vote in votes[:50]], products[order], atol=1e-5)
        assert [vote["index"] for vote in votes[:10]] == order[:10].tolist()
        assert len(votes) == 256


def depends(model, image):
    """For each of some values of a model's last map, which pixels of the image it changes with."""
    height, width, _ = image.shape
    spoilt = np.repeat(image[None], height * width, 0)
    at = np.arange(height * width)
    spoilt[at, at // width, at % width] += 1e6
    plain, changed = (np.asarray(model(x, training=False)) for x in (image[None], spoilt))
    return (abs(changed - plain) > 1e-4 * abs(plain).max()).reshape(height, width, *plain.shape[1:])


WINDOWS = (
    lambda rng, x: layers.Conv2D(int(rng.integers(1, 4)), pair(rng, 4), padding=padding(rng), **walk(rng))(x),
    lambda rng, x: layers.DepthwiseConv2D(pair(rng, 3), padding=padding(rng), **walk(rng, True))(x),
    lambda rng, x: layers.SeparableConv2D(2, pair(rng, 3), padding=padding(rng), **walk(rng, True))(x),
    lambda rng, x: layers.AveragePooling2D(pair(rng, 3), pick(rng, None, pair(rng, 3)), padding(rng))(x),
    zeros,
    crop,
    up_sampling,
    batch_normalization,
    lambda rng, x: layers.Concatenate(axis=int(rng.integers(1, 4)))([layers.Rescaling(2.0)(x), x]),
    lambda rng, x: layers.Add()([layers.Conv2D(1, 3, padding="same")(x), x]),
)


def linear_stack(rng, depth):
    """Layers without activations, in which every pixel that counts shows."""
    shape = (int(rng.integers(7, 12)), int(rng.integers(7, 12)), pick(rng, 1, 3))
    images = x = keras.Input(shape)
    for _ in range(depth):
        x = try_step(rng, WINDOWS[rng.integers(len(WINDOWS))], x, 600)
    if rng.random() < 0.3:
        x = layers.Reshape((x.shape[2], x.shape[1], x.shape[3]))(x)
    model = keras.Model(images, x, name="stack")
    for weight in model.trainable_weights:
        weight.assign(rng.uniform(0.5, 1.5, weight.shape))  # positive: nothing cancels out
    return model


def hull(mask):
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None
    return {"y0": rows[0], "y1": rows[-1] + 1, "x0": columns[0], "x1": columns[-1] + 1}


def agree_on_fields(laboratory, seed, count):
    rng = np.random.default_rng(seed)
    stacks = [linear_stack(rng, 2 + i % 4) for i in range(count)]
    ended = [keras.Model(stack.input, layers.Flatten()(stack.output)) for stack in stacks]
    laboratory.open(*((portable(model), []) for model in ended))
    checked = 0
    for i, stack in enumerate(stacks):
        image = rng.uniform(1, 2, stack.input_shape[1:]).astype("float32")
        touched = depends(stack, image)
        shape = touched.shape[2:]
        places = [[int(p) for p in np.unravel_index(n, shape)] for n in rng.integers(np.prod(shape), size=25)]
        at = f"{json.dumps(places)}.map(([y, x, c]) => (Engine.receptiveField(models[{i}], "
        fields = laboratory.value(at + f"models[{i}].nodes.at(-2), y, x, c).get(0)) || null)")
        c = f"(y * {shape[1]} + x) * {shape[2]} + c"
        flat = laboratory.value(at + f"models[{i}].nodes.at(-1), 0, 0, {c}).get(0)) || null)")
        assert flat == fields
        for place, field in zip(places, fields, strict=True):
            assert field == hull(touched[(..., *place)]), (stack.layers, place)
            checked += field is not None
    return checked


def test_receptive_fields_hold_just_the_pixels_that_change_a_value(laboratory):
    assert agree_on_fields(laboratory, 0, 12) > 100


@pytest.mark.slow
def test_receptive_fields_of_many_stacks(laboratory):
    assert agree_on_fields(laboratory, 1, 150) > 2000


def test_receptive_fields_are_those_of_the_lesson(laboratory):
    model = models.TwoBlockConvNet()
    laboratory.open((portable(model), []))
    for layer in ("conv1", "pool1", "conv2", "pool2"):
        known = of_layer(model, layer)
        for row, column in ((0, 0), (*known.middle,), (known.outputs[0] - 1, 0)):
            rows, columns = known.pixels(row, column)
            found = laboratory.value(
                f"Engine.receptiveField(models[0], models[0].nodes.find(n => n.name === '{layer}'),"
                f" {row}, {column}, 0).get(0)"
            )
            assert found == {
                "y0": rows[0], "y1": rows[-1] + 1, "x0": columns[0], "x1": columns[-1] + 1,
            }  # fmt: skip


def test_sources_are_one_step_back(laboratory):
    laboratory.open((portable(models.ConvNet()), []))
    boxes = {
        ("rescale", 3, 4, 0): (0, 3, 4, 4, 5, 0, 1),
        ("conv1", 0, 13, 5): (1, 0, 4, 25, 28, 0, 1),  # 1 zero before and 2 after
        ("conv2", 2, 3, 9): (2, 2, 5, 3, 6, 0, 16),
        ("pool", 1, 2, 30): (3, 2, 4, 4, 6, 30, 31),
        ("flatten", 0, 0, 32 * 8 + 5): (4, 1, 2, 2, 3, 5, 6),
        ("dense", 0, 0, 0): (5, 0, 1, 0, 1, 0, 1152),
        ("predictions", 0, 0, 3): (7, 0, 1, 0, 1, 0, 256),
    }
    for (name, *place), box in boxes.items():
        (found,) = laboratory.value(
            f"Engine.sources(models[0], models[0].nodes.find(n => n.name === '{name}'), ...{place})"
        )
        assert found == dict(zip(("id", "y0", "y1", "x0", "x1", "c0", "c1"), box, strict=True)), name
    assert laboratory.value("Engine.sources(models[0], models[0].nodes[0], 0, 0, 0)") == []


def test_a_softmax_depends_on_all_channels(laboratory):
    images = keras.Input((4, 6, 1))
    joined = layers.Concatenate()([layers.Cropping2D(((0, 0), (0, 2)))(images) for _ in range(2)])
    joined = layers.Concatenate()([joined, layers.Conv2D(1, (1, 3))(images)])
    soft = layers.Softmax(name="soft")(joined)
    laboratory.open((portable(keras.Model(images, layers.Flatten()(soft))), []))
    soft = "models[0].nodes.find(n => n.name === 'soft')"
    (box,) = laboratory.value(f"Engine.sources(models[0], {soft}, 1, 2, 0)")
    assert (box["c0"], box["c1"], box["x0"], box["x1"]) == (0, 3, 2, 3)
    field = laboratory.value(f"Engine.receptiveField(models[0], {soft}, 1, 2, 0).get(0)")
    assert field == {"y0": 1, "y1": 2, "x0": 2, "x1": 5}  # what the convolution sees


@pytest.mark.parametrize(
    ("units", "end", "squashed"),
    [(3, "softmax", False), (1, "sigmoid", False), (3, None, True), (1, None, True)],
)
def test_probabilities_whatever_the_model_ends_in(laboratory, units, end, squashed):
    images = keras.Input((2, 2, 1))
    x = layers.Dense(units)(layers.Flatten()(images))
    model = fill(keras.Model(images, layers.Activation(end)(x) if end else x), np.random.default_rng(2))
    image = np.random.default_rng(3).normal(size=(1, 2, 2, 1))
    laboratory.open((portable(model), image))
    values = laboratory.values("(models[0].run(images[0][0]), Engine.probabilities(models[0]))")
    want = model(image)
    if squashed:
        want = keras.ops.softmax(want) if units > 1 else keras.ops.sigmoid(want)
    np.testing.assert_allclose(values, np.asarray(want)[0], atol=1e-6)


def test_an_image_of_the_wrong_size_is_refused_in_one_sentence(laboratory):
    laboratory.open((portable(models.MLP()), []))
    said = laboratory.value("(() => { try { models[0].run([1, 2]) } catch (e) { return e.message } })()")
    assert said == "The model takes 784 pixel values, not 2."


def test_a_digit_is_read_between_two_strokes(laboratory):
    laboratory.open((portable(models.ConvNet(weights="mnist")), embedded_digits(10)))
    milliseconds = laboratory.value(
        "Array.from({ length: 30 }, (_, i) => { const start = performance.now();"
        " models[0].run(images[0][i % 10]); return performance.now() - start; })"
    )
    assert np.median(milliseconds) < 30
