"""Networks for clips, held against NumPy, and to what they may and may not know of order."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

import models
from models import ModelError

NAMES = ["FrameByFrame", "VideoLSTM", "VideoConv3D"]
SMALL = {"input_shape": (5, 9, 8, 2), "classes": 3, "filters": (3, 4), "dense_units": 6}


def build(builder, /, **changes):
    """A small network whose biases are not 0, so that a forgotten one shows."""
    keras.utils.set_random_seed(0)
    model = getattr(models, builder)(**SMALL | changes)
    random = np.random.default_rng(0)
    model.set_weights([random.normal(scale=0.5, size=w.shape) for w in model.get_weights()])
    return model


MODELS = {name: build(name) for name in NAMES}


@pytest.fixture
def in_64_bits():
    """Layers compute in 64 bits, so that a comparison can be close."""
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_dtype_policy("float32")


def clips(n=4, shape=SMALL["input_shape"]):
    return np.random.default_rng(1).integers(0, 256, (n, *shape), "uint8")


def weights(model):
    return {layer.name: [np.float64(w) for w in layer.get_weights()] for layer in model.layers}


def relu(z):
    return np.maximum(0, z)


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def convolve(x, kernel, bias):
    """Kernels (t, h, w, d, k) at every frame and every other pixel, with zeros around, by loops."""
    n, frames, height, width, _ = x.shape
    t, h, w = kernel.shape[:3]
    rows, columns = -(-height // 2), -(-width // 2)
    # As many zeros as the last window needs, the odd one after
    around = [(m // 2, m - m // 2) for m in (t - 1, 2 * rows - 2 + h - height, 2 * columns - 2 + w - width)]
    padded = np.pad(x, [(0, 0), *around, (0, 0)])
    result = np.empty((n, frames, rows, columns, kernel.shape[-1]))
    for frame, row, column in np.ndindex(frames, rows, columns):
        window = padded[:, frame : frame + t, 2 * row : 2 * row + h, 2 * column : 2 * column + w]
        result[:, frame, row, column] = np.einsum("nthwd,thwdk->nk", window, kernel) + bias
    return result


def convolved(model, x):
    w = weights(model)
    x = relu(convolve(x / 255, *w["conv1"]))
    return relu(convolve(x, *w["conv2"])), w


def test_frame_by_frame_computes_what_numpy_does(in_64_bits):
    model = build("FrameByFrame")
    x, w = convolved(model, clips())
    x = relu(x.reshape(4, 5, -1) @ w["dense"][0] + w["dense"][1])
    expected = softmax(x @ w["predictions"][0] + w["predictions"][1]).mean(1)
    np.testing.assert_allclose(model(clips()), expected, rtol=1e-6)


def test_conv3d_computes_what_numpy_does(in_64_bits):
    model = build("VideoConv3D")
    x, w = convolved(model, clips())
    x = relu(x.reshape(4, -1) @ w["dense"][0] + w["dense"][1])
    expected = softmax(x @ w["predictions"][0] + w["predictions"][1])
    np.testing.assert_allclose(model(clips()), expected, rtol=1e-6)


def test_lstm_feeds_its_last_output_back_in_as_numpy_does(in_64_bits):
    """The lectures' recurrent network: the output of each time step goes into the next."""
    model = build("VideoLSTM", memory_units=7)
    every = build("VideoLSTM", memory_units=7, return_sequences=True)
    x, w = convolved(model, clips())
    x = relu(x.reshape(4, 5, -1) @ w["dense"][0] + w["dense"][1])
    from_input, from_before, bias = w["lstm"]
    output, cell, answers = np.zeros((4, 7)), np.zeros((4, 7)), []
    for frame in range(5):
        z = x[:, frame] @ from_input + output @ from_before + bias
        into, forget, new, out = np.split(z, 4, axis=1)
        cell = sigmoid(forget) * cell + sigmoid(into) * np.tanh(new)
        output = sigmoid(out) * np.tanh(cell)
        answers.append(softmax(output @ w["predictions"][0] + w["predictions"][1]))
    np.testing.assert_allclose(model(clips()), answers[-1], rtol=1e-6)
    np.testing.assert_allclose(every(clips()), np.stack(answers, 1), rtol=1e-6)


def test_kernels_of_one_frame_are_a_convolution_of_every_frame():
    model = build("FrameByFrame")
    (kernel, bias), x = model.get_layer("conv1").get_weights(), np.float32(clips() / 255)
    conv = layers.Conv2D(3, 3, strides=2, padding="same", activation="relu")
    each = layers.TimeDistributed(conv)
    each.build(x.shape)
    conv.set_weights([kernel[0], bias])
    np.testing.assert_allclose(model.get_layer("conv1")(x), each(x), rtol=1e-5, atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(range(5)))
def test_only_frame_by_frame_does_not_notice_another_order(order):
    x = clips()
    changed = {name: np.abs(MODELS[name](x) - MODELS[name](x[:, order])).max() for name in NAMES}
    assert changed["FrameByFrame"] < 1e-6
    if order != sorted(order):
        assert min(changed["VideoLSTM"], changed["VideoConv3D"]) > 1e-4


@pytest.mark.parametrize("name", ["FrameByFrame", "VideoLSTM"])
def test_with_frames_none_one_model_takes_any_length(name):
    of_any = build(name, input_shape=(None, *SMALL["input_shape"][1:]))
    np.testing.assert_allclose(of_any(clips()), MODELS[name](clips()), rtol=1e-5)
    assert of_any(clips()[:, :2]).shape == (4, 3)


def test_lstm_answers_after_every_frame_as_if_the_clip_ended_there():
    every = build("VideoLSTM", return_sequences=True)(clips())
    of_any = build("VideoLSTM", input_shape=(None, *SMALL["input_shape"][1:]))
    for frames in 1, 2, 5:
        np.testing.assert_allclose(every[:, frames - 1], of_any(clips()[:, :frames]), rtol=1e-4, atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    shape=st.tuples(st.integers(1, 9), st.integers(1, 20), st.integers(1, 20), st.integers(1, 3)),
    classes=st.integers(2, 5),
)
def test_any_size_builds_and_gives_an_answer_for_each_clip(name, shape, classes):
    model = getattr(models, name)(shape, classes=classes)
    assert model.output_shape == (None, classes)
    assert model.input_shape == (None, *shape)


@pytest.mark.parametrize("name", NAMES)
def test_logits_names_and_weights_from_a_file(name, tmp_path):
    model = build(name, classifier_activation=None, name="mine")
    assert model.name == "mine"
    assert (np.abs(model(clips()).numpy().sum(1) - 1) > 1e-3).any()
    model.save_weights(tmp_path / "some.weights.h5")
    again = getattr(models, name)(**SMALL, classifier_activation=None, weights=tmp_path / "some.weights.h5")
    np.testing.assert_array_equal(model(clips()), again(clips()))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"input_shape": (24, 24, 1)}, r"\(24, 24, 1\)"),
        ({"input_shape": (0, 24, 24, 1)}, r"\(0, 24, 24, 1\)"),
        ({"input_shape": (8, None, 24, 1)}, r"\(8, None, 24, 1\)"),
        ({"input_shape": (8, 24, 24, -1)}, r"\(8, 24, 24, -1\)"),
        ({"classes": 0}, "classes of 1 or more, not 0"),
        ({"filters": ()}, r"filters of 1 or more, not \(\)"),
        ({"filters": (8, 0)}, r"filters of 1 or more, not \(8, 0\)"),
        ({"dense_units": -4}, "dense_units of 1 or more, not -4"),
    ],
)
def test_impossible_sizes_are_refused_in_a_sentence(name, bad, said):
    with pytest.raises(ModelError, match=f"{name} .*{said}"):
        getattr(models, name)(**bad)


def test_what_only_one_of_them_refuses():
    with pytest.raises(ModelError, match="memory_units of 1 or more, not 0"):
        models.VideoLSTM(memory_units=0)
    with pytest.raises(ModelError, match="VideoConv3D .* number of frames, not None; VideoLSTM takes"):
        models.VideoConv3D((None, 24, 24, 1))
