"""Every builder, held to the same promises, and to counts made by hand."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import models
from models import ModelError

DIGIT_READERS = ["ConvNet", "TwoBlockConvNet", "LeNet5", "MLP"]

# Each layer as (height * width * channels of its kernel + 1 bias) * features
BY_HAND = {
    "ConvNet": (5 * 5 * 1 + 1) * 16 + (3 * 3 * 16 + 1) * 32 + (6 * 6 * 32 + 1) * 256 + (256 + 1) * 10,
    "TwoBlockConvNet": (3 * 3 * 1 + 1) * 16 + (3 * 3 * 16 + 1) * 32 + (7 * 7 * 32 + 1) * 10,
    "LeNet5": 61_706,  # LeCun et al. (1998), with full connections and no weights in the pooling
    "StackedConvNet": (3 * 3 * 1 + 1) * 16 + (3 * 3 * 16 + 1) * 16 + (7 * 7 * 16 + 1) * 64 + (64 + 1) * 10,
    "MLP": 407_050,  # the lectures: 401,920 + 5,130
    "DenseChain": (2 + 1) * 16 + 4 * (16 + 1) * 16 + (16 + 1) * 2,
    "QNetwork": (4 + 1) * 64 + (64 + 1) * 64 + (64 + 1) * 2,
    "CountingMLP": 861,
    "DenseLayer": 1_048_576,
    "ConvLayer": 441,
    "FilterBank": 3 * 3 * 1 * 3,
    "XorO": (3 * 3 * 1 + 1) * 3 + (2 * 2 * 3 + 1) * 2,
    "WindowStack": 3 * 3,
    # Without biases where batch normalization follows, which has four numbers for each feature
    "Generator": 32 * 256
    + 256 * 7 * 7 * 32
    + 4 * 4 * 32 * 16
    + (4 * 4 * 16 + 1)
    + 4 * (256 + 7 * 7 * 32 + 16),
    "Discriminator": 4 * 4 * 16 + 4 * 4 * 16 * 32 + 4 * 32 + (7 * 7 * 32 + 1) * 512 + (512 + 1),
    # An embedding, then an LSTM's four gates, each of which sees the word, what is fed back, and a
    # bias; of what comes out the mean and the maximum, of the embedding the mean
    "SentimentLSTM": 10_000 * 32 + 4 * (32 + 32 + 1) * 32 + (32 + 1),
    "SentimentPooledLSTM": 10_000 * 32 + 4 * (32 + 32 + 1) * 32 + (2 * 32 + 32 + 1),
    "SentimentBiLSTM": 10_000 * 32 + 2 * 4 * (32 + 32 + 1) * 32 + (4 * 32 + 32 + 1),
    "SentimentSimpleRNN": 10_000 * 32 + (32 + 32 + 1) * 32 + (32 + 1),
    "SentimentConv1D": 10_000 * 32 + (3 * 32 + 1) * 64 + (2 * 64 + 1),
    "SentimentBag": 10_000 * 32 + (32 + 1),
    "SentimentNgrams": 3 * 2**18 + (1 + 1),
    # Cosines and sines of 129 frequencies over 256 samples, then what is trained
    "SoundConvNet": 2 * 256 * 129
    + (9 * 7 + 1) * 8
    + (3 * 3 * 8 + 1) * 16
    + (3 * 3 * 16 + 1) * 32
    + (32 + 1) * 5,
    # On 24 x 24 pixels, of which the convolutions leave 6 x 6. LSTM: four gates, which each see
    # 32 inputs, the 48 outputs fed back in, and a bias
    "FrameByFrame": (3 * 3 * 1 + 1) * 8 + (3 * 3 * 8 + 1) * 16 + (6 * 6 * 16 + 1) * 32 + (32 + 1) * 8,
    "VideoLSTM": (3 * 3 * 1 + 1) * 8
    + (3 * 3 * 8 + 1) * 16
    + (6 * 6 * 16 + 1) * 32
    + 4 * (32 + 48 + 1) * 48
    + (48 + 1) * 8,
    "VideoConv3D": (3 * 3 * 3 * 1 + 1) * 8
    + (3 * 3 * 3 * 8 + 1) * 16
    + (8 * 6 * 6 * 16 + 1) * 32
    + (32 + 1) * 8,
}


def build(name, **settings):
    return getattr(models, name)(**settings)


@pytest.mark.parametrize("name", BY_HAND)
def test_parameters_are_those_counted_by_hand(name):
    assert build(name).count_params() == BY_HAND[name]


def test_the_lectures_count_for_256_by_256_inputs():
    assert models.CountingMLP(256 * 256).count_params() == 1_311_181


def test_the_lectures_two_counts_of_784_512_10():
    model = models.MLP(hidden_units=(512,))
    assert [layer.count_params() for layer in model.layers if layer.weights] == [401_920, 5_130]


@pytest.mark.parametrize("name", BY_HAND)
def test_model_is_uncompiled_named_and_loads_safely(name, tmp_path):
    model = build(name)
    assert not model.compiled
    assert all(not layer.name[-1].isdigit() or "_" not in layer.name for layer in model.layers)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    shape = [size or 7 for size in model.input_shape[1:]]  # of any length: 7
    example = np.random.default_rng(0).uniform(0, 255, (2, *shape)).astype(model.input.dtype)
    np.testing.assert_array_equal(model(example), loaded(example))


@pytest.mark.parametrize("name", DIGIT_READERS)
def test_digit_readers_give_probabilities_for_bytes(name):
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 1), "uint8")
    probabilities = build(name, classes=7).predict(images, verbose=0)
    assert probabilities.shape == (3, 7)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)


@pytest.mark.parametrize(
    "name", ["ConvNet", "MLP", *(pytest.param(name, marks=pytest.mark.slow) for name in DIGIT_READERS[1:3])]
)
def test_digit_readers_learn_to_tell_black_from_white(name):
    keras.utils.set_random_seed(0)
    images = np.repeat(np.array([0, 255], "uint8"), 16)[:, None, None, None] * np.ones(
        (1, 28, 28, 1), "uint8"
    )
    labels = np.repeat([0, 1], 16)
    model = build(name, classes=2)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(images, labels, epochs=20, verbose=0)
    assert (model.predict(images, verbose=0).argmax(1) == labels).all()


@pytest.mark.parametrize("name", DIGIT_READERS)
def test_no_random_layer_changes_an_answer(name):
    model = build(name)
    image = np.random.default_rng(0).uniform(0, 255, (1, 28, 28, 1))
    np.testing.assert_array_equal(model(image, training=False), model(image, training=False))


def correlate(images, kernel, bias, stride):
    """A convolution layer in NumPy: (n, h, w, d) with (kh, kw, d, k), without padding."""
    height, width = kernel.shape[:2]
    windows = np.lib.stride_tricks.sliding_window_view(images, (height, width), (1, 2))
    windows = windows[:, ::stride, ::stride]  # (n, rows, columns, d, kh, kw)
    return np.einsum("nrcdij,ijdk->nrck", windows, kernel) + bias


def pool(images, of):
    n, height, width, d = images.shape
    windows = images[:, : height // 2 * 2, : width // 2 * 2].reshape(n, height // 2, 2, width // 2, 2, d)
    return of(windows, axis=(2, 4))


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def relu(z):
    return np.maximum(0, z)


def test_convnet_computes_what_numpy_does():
    keras.utils.set_random_seed(1)
    model = models.ConvNet()
    images = np.random.default_rng(0).integers(0, 256, (2, 28, 28, 1), "uint8")
    w = {layer.name: [np.float64(v) for v in layer.get_weights()] for layer in model.layers}
    x = images / 255
    # 28 in steps of 2 with a kernel of 5 needs 3 zeros: 1 before and 2 after, in Keras's way
    x = relu(correlate(np.pad(x, [(0, 0), (1, 2), (1, 2), (0, 0)]), *w["conv1"], stride=2))
    x = relu(correlate(x, *w["conv2"], stride=1))
    x = pool(x, np.max).reshape(2, -1)
    x = relu(x @ w["dense"][0] + w["dense"][1])
    x = softmax(x @ w["predictions"][0] + w["predictions"][1])
    np.testing.assert_allclose(model(images, training=False), x, rtol=1e-4, atol=1e-6)


def test_lenet5_computes_what_numpy_does():
    keras.utils.set_random_seed(1)
    model = models.LeNet5()
    images = np.random.default_rng(0).integers(0, 256, (2, 28, 28, 1), "uint8")
    w = {layer.name: [np.float64(v) for v in layer.get_weights()] for layer in model.layers}
    x = np.pad(images / 255, [(0, 0), (2, 2), (2, 2), (0, 0)])
    x = pool(np.tanh(correlate(x, *w["c1"], stride=1)), np.mean)
    x = pool(np.tanh(correlate(x, *w["c3"], stride=1)), np.mean).reshape(2, -1)
    for name in "c5", "f6":
        x = np.tanh(x @ w[name][0] + w[name][1])
    x = softmax(x @ w["predictions"][0] + w["predictions"][1])
    np.testing.assert_allclose(model(images), x, rtol=1e-4, atol=1e-6)


def test_conv_layer_is_its_kernel_at_every_pixel():
    model = models.ConvLayer()
    images = np.random.default_rng(0).normal(size=(1, 32, 32, 1))
    kernel = np.float64(model.get_layer("convolution").kernel)
    padded = np.pad(images, [(0, 0), (10, 10), (10, 10), (0, 0)])
    np.testing.assert_allclose(model(images), correlate(padded, kernel, 0, 1), rtol=1e-4, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(DIGIT_READERS),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    channels=st.integers(1, 3),
)
def test_any_image_size_builds_or_is_refused_in_a_sentence(name, height, width, channels):
    try:
        model = build(name, input_shape=(height, width, channels))
    except ModelError as error:
        assert f"{height} x {width}" in str(error)
        assert min(height, width) < 12
    else:
        assert model.output_shape == (None, 10)


@pytest.mark.parametrize(
    ("name", "bad", "named"),
    [
        ("ConvNet", {"classes": 0}, "0"),
        ("MLP", {"input_shape": (28, 28)}, "(28, 28)"),
        ("LeNet5", {"input_shape": (0, 28, 1)}, "(0, 28, 1)"),
        ("CountingMLP", {"inputs": 0}, "0"),
        ("DenseLayer", {"input_shape": (32,)}, "(32,)"),
        ("ConvLayer", {"kernel_size": -1}, "-1"),
        ("XorO", {"features": 0}, "0"),
        ("WindowStack", {"input_shape": (7, 7)}, "(7, 7)"),
        ("Generator", {"latent": 0}, "0"),
        ("Generator", {"output_shape": (28, 30, 1)}, "28 x 30"),
        ("Generator", {"filters": (32,)}, "(32,)"),
        ("Generator", {"dense_units": 2.5}, "2.5"),
        ("Discriminator", {"input_shape": (3, 28, 1)}, "3 x 28"),
        ("Discriminator", {"filters": (16, 0)}, "(16, 0)"),
        ("Discriminator", {"dense_units": -1}, "-1"),
        ("SoundConvNet", {"classes": 0}, "0"),
        ("SoundConvNet", {"input_shape": (8000, 1)}, "(8000, 1)"),
        ("SoundConvNet", {"input_shape": (100,)}, "100 samples"),
        ("SoundConvNet", {"kernel_size": (9, 60)}, "(9, 60)"),
        ("SoundConvNet", {"kernel_size": (0, 3)}, "(0, 3)"),
        ("SoundConvNet", {"filters": (8, 16)}, "(8, 16)"),
        ("SoundConvNet", {"filters": (8, 0, 16)}, "(8, 0, 16)"),
        ("SoundConvNet", {"spectrogram": "cqt"}, "'cqt'"),
        ("SoundConvNet", {"frame_step": 300}, "300"),
        ("SoundConvNet", {"sampling_rate": -1}, "-1"),
        ("SoundConvNet", {"spectrogram": "mel", "sampling_rate": 40}, "40"),
        ("XorO", {"input_shape": (2, 9, 1)}, "2 x 9"),
        ("XorO", {"features": 4, "weights": "by_hand"}, "4"),
        ("XorO", {"input_shape": (17, 17, 1), "weights": "by_hand"}, "(17, 17, 1)"),
        ("XorO", {"weights": "by_foot"}, "by_foot"),
    ],
)
def test_impossible_sizes_are_refused_in_a_sentence(name, bad, named):
    with pytest.raises(ModelError) as caught:
        build(name, **bad)
    assert named in str(caught.value)
    assert name in str(caught.value)


def test_unknown_builder_names_those_there_are():
    with pytest.raises(AttributeError, match="LeNet5, MLP, "):
        models.AlexNet  # noqa: B018
