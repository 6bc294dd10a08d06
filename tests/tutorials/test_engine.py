"""The page's engine, in a real browser: it computes what Keras computes, and can say how."""

import base64

import json
from collections import defaultdict

import keras
import numpy as np
import pytest
from keras import layers

import models
from datasets import digits
from models.backbones import BACKBONES, Backbone
from models.portable import portable
from models.transfer import TransferClassifier

# What a test needs in the page beside the engine: arrays as bytes, there and back
HELPERS = """
const unpack = text => new Float32Array(Uint8Array.from(atob(text), one => one.charCodeAt(0)).buffer);
const pack = values => {
  const bytes = new Uint8Array(Float32Array.from(values).buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
};
const loaded = async () => { window.models = await Promise.all(data.map(d => Engine.load(d.model))); };
"""


class Laboratory:
    """A page that holds the engine, and networks with images to run them on."""

    def __init__(self, browser, root, folder):
        self._browser, self._root, self._folder = browser, root, folder

    def open(self, *pairs):
        """Load (what `portable` wrote, images of its size) pairs: `models[i]` and `images[i]` in the page."""
        engine = (self._root / "tutorials" / "page" / "engine.js").read_text(encoding="utf-8")
        data = [{"model": model, "images": [packed(image) for image in images]} for model, images in pairs]
        page = f"<!doctype html><meta charset=utf-8><script>{engine}</script><script>{HELPERS}"
        page += f"const data = {json.dumps(data)};const images = data.map(d => d.images.map(unpack));</script>"
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
                assert list(want.shape[1:]) == node["shape"], node
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
        calls[path].append(result)
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Operation, "__call__", call)
        model(image[None] if image.ndim == 3 else image, training=False)
    return {path: [np.asarray(value) for value in found] for path, found in calls.items() if path}


@pytest.fixture
def laboratory(browser, root, tmp_path):
    return Laboratory(browser, root, tmp_path)


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
    "linear relu relu6 leaky_relu elu celu selu gelu silu mish sigmoid log_sigmoid hard_sigmoid hard_silu "
    "tanh hard_tanh tanh_shrink softplus softsign exponential softmax log_softmax"
).split()


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
        layers.ReLU(pick(rng, None, 6.0, 1.5), pick(rng, 0.0, 0.3), pick(rng, 0.0, 0.7, -0.5)),
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
    kind = pick(rng, "bilinear", "bilinear", "nearest")
    return layers.Resizing(*size, interpolation=kind, antialias=bool(rng.random() < 0.5), **aspect)(x)


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


def calculated(rng, x):
    y = layers.Activation("tanh")(x)
    return pick(
        rng,
        lambda: x + 3.0,
        lambda: 2.0 - x,
        lambda: x - y,
        lambda: x * (1 / 6),
        lambda: x / 127.5,
        lambda: x + y,
        lambda: x * y,
        lambda: keras.ops.relu(x),
        lambda: keras.ops.relu6(x + 3.0),
        lambda: keras.activations.relu(x, max_value=2.0),
        lambda: keras.activations.gelu(x, approximate=True),
        lambda: keras.activations.gelu(x),
        lambda: keras.ops.leaky_relu(x, 0.1),
        lambda: keras.ops.softmax(x),
        lambda: keras.ops.hard_silu(x),
        lambda: keras.ops.exp(keras.ops.tanh(x)),
        lambda: keras.ops.maximum(x, y),
        lambda: keras.ops.concatenate([x, y], axis=-1),
        lambda: keras.ops.mean(x, axis=-1, keepdims=True),
        lambda: keras.ops.mean(x, axis=[1, 2]) if len(x.shape) == 4 else x + 1.0,
    )()


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
    conv, depthwise, separable, pool, whole, zeros, crop, resizing, up_sampling, reshape, flatten,
)  # fmt: skip
OF_ANYTHING = (
    dense, rescaling, normalization, batch_normalization, activation, activation_layer, resting, merged,
    concatenated, calculated, nested, shared,
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
    assert agree_on_random_models(laboratory, seed=0, draws=4, deep=12) > 200


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 7))
def test_many_random_models_compute_what_keras_computes(laboratory, seed):
    assert agree_on_random_models(laboratory, seed, draws=20, deep=40) > 1000
