"""The generator and the discriminator of images, held against NumPy."""

import keras
import numpy as np
import pytest

import models

RANDOM = np.random.default_rng(0)


def filled(model):
    """The model with random weights, running variances above 0 among them, and these by layer."""
    for layer in model.layers:
        layer.set_weights(
            [RANDOM.uniform(0.1, 1, w.shape) - (0.5 if w.ndim > 1 else 0) for w in layer.get_weights()]
        )
    return model, {layer.name: [np.float64(w) for w in layer.get_weights()] for layer in model.layers}


def normalized(x, weights):
    gamma, beta, mean, variance = weights
    return gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta


def transposed(x, kernel):
    """Adds a kernel (4, 4, out, in) at every other pixel for each pixel of x, and cuts a border of 1."""
    n, rows, columns, _ = x.shape
    result = np.zeros((n, 2 * rows + 2, 2 * columns + 2, kernel.shape[2]))
    for row, column in np.ndindex(rows, columns):
        part = np.einsum("ni,hwoi->nhwo", x[:, row, column], kernel)
        result[:, 2 * row : 2 * row + 4, 2 * column : 2 * column + 4] += part
    return result[:, 1:-1, 1:-1]


def convolved(x, kernel):
    """A convolution with a stride of 2 and a border of 1."""
    x = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(x, (4, 4), (1, 2))[:, ::2, ::2]
    return np.einsum("nrcihw,hwio->nrco", windows, kernel)


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def test_generator_computes_what_numpy_does():
    model, w = filled(models.Generator((8, 12, 2), latent=3, dense_units=5, filters=(4, 3)))
    z = RANDOM.normal(size=(6, 3))
    x = np.maximum(0, normalized(z @ w["dense1"][0], w["normalize1"]))
    x = np.maximum(0, normalized(x @ w["dense2"][0], w["normalize2"])).reshape(6, 2, 3, 4)
    x = np.maximum(0, normalized(transposed(x, w["transposed1"][0]), w["normalize3"]))
    x = np.tanh(transposed(x, w["transposed2"][0]) + w["transposed2"][1])
    np.testing.assert_allclose(model(z, training=False), 127.5 * (x + 1), rtol=1e-4, atol=1e-2)


def test_discriminator_computes_what_numpy_does():
    model, w = filled(models.Discriminator((8, 12, 2), filters=(3, 4), dense_units=5))
    images = RANDOM.integers(0, 256, (6, 8, 12, 2))
    x = leaky(convolved(images / 127.5 - 1, w["conv1"][0]))
    x = leaky(normalized(convolved(x, w["conv2"][0]), w["normalize"])).reshape(6, -1)
    x = leaky(x @ w["dense"][0] + w["dense"][1]) @ w["logit"][0] + w["logit"][1]
    np.testing.assert_allclose(model(images, training=False), x, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("builder", [models.Generator, models.Discriminator])
def test_weights_load_from_a_file(builder, tmp_path):
    model, _ = filled(builder())
    model.save_weights(tmp_path / "a.weights.h5")
    for one, other in zip(
        model.get_weights(), builder(weights=tmp_path / "a.weights.h5").get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_generated_images_have_the_pixels_of_images():
    keras.utils.set_random_seed(0)
    images = models.Generator()(RANDOM.normal(size=(10, 32)), training=True)
    assert images.shape == (10, 28, 28, 1)
    assert 0 <= np.min(images) < 100 < 155 < np.max(images) <= 255
