"""Text networks, against NumPy, and against padding."""

import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import models
from models import ModelError, StringClassifier
from models.text_classification import reviews_vocabulary

NAMES = [
    "SentimentLSTM",
    "SentimentPooledLSTM",
    "SentimentBiLSTM",
    "SentimentSimpleRNN",
    "SentimentConv1D",
    "SentimentBag",
]
KINDS = [*((name, {}) for name in NAMES), ("SentimentBag", {"word_pairs": 50})]
ALSO_LSTM = "SentimentBiLSTM", "SentimentPooledLSTM"  # they take twice as long as the LSTM alone
WORDS = 20


def build(name, **settings):
    """A small network with large random weights, so that mistakes show."""
    keras.utils.set_random_seed(0)
    small = {"vocabulary_size": WORDS, "embedding_dim": 4}
    model = getattr(models, name)(**small | settings)
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=weight.shape) for weight in model.get_weights()])
    return model


def texts(*shape, seed=0):
    return np.random.default_rng(seed).integers(1, WORDS, shape).astype("int32")


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def weights(model):
    return {layer.name: [np.float64(w) for w in layer.get_weights()] for layer in model.layers}


def beside(*arrays):
    return np.concatenate(arrays, -1)


def mean_and_maximum(x):
    return beside(x.mean(1), x.max(1))


def lstm(x, kernel, recurrent, bias):
    """Hochreiter and Schmidhuber's cell with a forget gate, one step after the other."""
    units = recurrent.shape[0]
    h = c = np.zeros((len(x), units))
    steps = []
    for t in range(x.shape[1]):
        z = x[:, t] @ kernel + h @ recurrent + bias
        i, f, g, o = (z[:, n * units : (n + 1) * units] for n in range(4))
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        steps.append(h)
    return np.stack(steps, 1)


def by_hand(name, model, ids):
    w = weights(model)
    x = w["embedding"][0][ids]
    if name == "SentimentLSTM":
        x = lstm(x, *w["lstm"])[:, -1]
    elif name == "SentimentPooledLSTM":
        x = beside(mean_and_maximum(lstm(x, *w["lstm"])), x.mean(1))
    elif name == "SentimentBiLSTM":
        there, back = lstm(x, *w["bilstm"][:3]), lstm(x[:, ::-1], *w["bilstm"][3:])[:, ::-1]
        x = beside(mean_and_maximum(beside(there, back)), x.mean(1))
    elif name == "SentimentSimpleRNN":
        kernel, recurrent, bias = w["simple_rnn"]
        h = np.zeros((len(x), len(recurrent)))
        for t in range(x.shape[1]):
            h = np.tanh(x[:, t] @ kernel + h @ recurrent + bias)
        x = h
    elif name == "SentimentConv1D":
        kernel, bias = w["conv"]
        around = np.pad(x, [(0, 0), (1, 1), (0, 0)])
        windows = np.stack([around[:, n : n + x.shape[1]] for n in range(3)], 2)
        x = mean_and_maximum(np.maximum(0, np.einsum("nwkd,kdu->nwu", windows, kernel) + bias))
    elif "pair_embedding" in w:
        pairs = [[w["pair_embedding"][0][(a * 10_007 + b) % 50] for a, b in zip(row, row[1:], strict=False)]
                 for row in ids.tolist()]  # fmt: skip
        x = np.concatenate([x, pairs], 1).mean(1)
    else:
        x = x.mean(1)
    kernel, bias = w["predictions"]
    return x @ kernel + bias


@pytest.mark.parametrize(("name", "more"), KINDS)
def test_network_computes_what_numpy_does(name, more):
    two, five = build(name, **more), build(name, classes=5, **more)
    ids = texts(3, 7)
    np.testing.assert_allclose(two(ids), sigmoid(by_hand(name, two, ids)), rtol=1e-4, atol=1e-5)
    z = by_hand(name, five, ids)
    softmax = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
    np.testing.assert_allclose(five(ids), softmax, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "more"),
    [pytest.param(name, more, marks=pytest.mark.slow if name in ALSO_LSTM else ()) for name, more in KINDS],
)
def test_padding_changes_no_prediction(name, more):
    model = build(name, **more)

    @settings(max_examples=15, deadline=None)
    @given(st.integers(1, 9), st.integers(0, 6), st.integers(0, 6), st.integers(0, 99))
    def same(words, before, after, seed):
        ids = texts(2, words, seed=seed)
        padded = np.pad(ids, [(0, 0), (before, after)])
        np.testing.assert_allclose(model(padded), model(ids), atol=1e-5)

    same()


@pytest.mark.parametrize(("name", "more"), KINDS)
def test_padding_changes_no_training_step(name, more):
    ids, labels = texts(8, 6), np.arange(8) % 2
    after_a_step = []
    for padding in (0, 0), (3, 5):
        model = build(name, word_dropout=0, dropout=0, **more)
        before = model.get_layer("embedding").get_weights()[0][0].copy()
        model.compile(keras.optimizers.SGD(0.5), "binary_crossentropy", run_eagerly=True)
        model.train_on_batch(np.pad(ids, [(0, 0), padding]), labels)
        after_a_step.append(model.get_weights())
        np.testing.assert_array_equal(model.get_layer("embedding").get_weights()[0][0], before)
    for plain, padded in zip(*after_a_step, strict=True):
        np.testing.assert_allclose(plain, padded, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_text_of_padding_alone_has_a_probability(name):
    assert 0 <= float(build(name)(np.zeros((1, 4), "int32"))[0, 0]) <= 1


@pytest.mark.parametrize("name", ["SentimentPooledLSTM", "SentimentConv1D"])
def test_one_text_of_as_many_words_as_units_is_like_any_other(name):
    """Keras's `add` would take the mask of such a text for a bias."""
    model = build(name, units=5)
    text = np.pad(texts(1, 3), ((0, 0), (0, 2)))
    np.testing.assert_allclose(model(text)[0], model(np.repeat(text, 2, 0))[0], atol=1e-6)


def test_only_the_bag_without_pairs_ignores_the_order():
    ids = texts(4, 9)
    for name, more in KINDS:
        model = build(name, **more)
        change = np.abs(np.float64(model(ids)) - np.float64(model(ids[:, ::-1]))).max()
        if name == "SentimentBag" and not more:
            assert change < 1e-6
        else:
            assert change > 1e-4, name


@pytest.mark.parametrize(("name", "place"), [("SentimentPooledLSTM", 2), ("SentimentBiLSTM", -1)])
def test_the_forget_gates_bias_starts_at_0(name, place):
    """Keras's default, 1, cost accuracy."""
    layer = getattr(models, name)(WORDS).get_layer("lstm" if place == 2 else "bilstm")
    assert not layer.get_weights()[place].any()


def test_classes_decide_the_ending():
    assert build("SentimentLSTM").output_shape == (None, 1)
    assert build("SentimentLSTM", classes=3).output_shape == (None, 3)
    logits = build("SentimentBag", classifier_activation=None)(texts(5, 6))
    assert np.abs(logits).max() > 1


@pytest.mark.parametrize(
    ("name", "bad", "named"),
    [
        ("SentimentLSTM", {"vocabulary_size": 2}, "2"),
        ("SentimentLSTM", {"classes": 1}, "1"),
        ("SentimentBiLSTM", {"units": 0}, "0"),
        ("SentimentSimpleRNN", {"embedding_dim": -3}, "-3"),
        ("SentimentConv1D", {"kernel_size": 0}, "0"),
        ("SentimentConv1D", {"word_dropout": 1.0}, "1.0"),
        ("SentimentBag", {"word_pairs": -1}, "-1"),
        ("SentimentBag", {"classifier_activation": "softmax"}, "sigmoid"),
        ("SentimentBag", {"weights": "novels"}, "novels"),
    ],
)
def test_impossible_settings_are_refused_in_a_sentence(name, bad, named):
    with pytest.raises(ModelError) as caught:
        getattr(models, name)(**bad)
    assert named in str(caught.value)
    assert name in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_zoo_weights_classify_clear_reviews_correctly(name):
    vocabulary = reviews_vocabulary()
    network = getattr(models, name)(len(vocabulary) + 2, weights="reviews")
    positive, negative = StringClassifier(vocabulary, network).predict(
        np.array(["a wonderful, moving film, superb", "an awful waste of time, dull and boring"], object),
        verbose=0,
    )[:, 0]  # fmt: skip
    assert positive > 0.8
    assert negative < 0.2


def test_zoo_weights_serve_other_classes_too():
    three = models.SentimentConv1D(len(reviews_vocabulary()) + 2, classes=3, weights="reviews")
    two = models.SentimentConv1D(len(reviews_vocabulary()) + 2, weights="reviews")
    np.testing.assert_array_equal(three.get_weights()[0], two.get_weights()[0])
    assert three.output_shape == (None, 3)


@pytest.mark.slow
@pytest.mark.extra
@pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="JAX, an optional backend, is not installed")
def test_networks_fit_on_jax():
    script = (
        "import keras, models, numpy\n"
        "assert keras.backend.backend() == 'jax'\n"
        "ids = numpy.random.default_rng(0).integers(1, 20, (64, 9)).astype('int32')\n"
        "ids[:, 6:] *= numpy.arange(64)[:, None] % 3 > 0\n"
        "labels = (ids == 7).any(1).astype('int32')\n"
        f"for name, more in {KINDS!r}:\n"
        "    model = getattr(models, name)(20, embedding_dim=4, word_dropout=0, dropout=0, **more)\n"
        "    model.compile(keras.optimizers.Adam(0.02), 'binary_crossentropy')\n"
        "    losses = model.fit(ids, labels, epochs=30, verbose=0).history['loss']\n"
        "    assert losses[-1] < 0.7 * losses[0], (name, losses)\n"
        "    a = model.predict(ids[:5], verbose=0)\n"
        "    b = model.predict(numpy.pad(ids[:5], ((0, 0), (2, 1))), verbose=0)\n"
        "    assert abs(a - b).max() < 1e-5, name\n"
        "print('all fit')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"KERAS_BACKEND": "jax"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.stdout.endswith("all fit\n"), run.stderr
