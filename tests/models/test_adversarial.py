"""Adversarial training, held against gradients by hand and against what theory says of its end."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from models.adversarial import AdversarialNetwork, cross_entropy


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def tiny(smoothing=1.0, average=0.99, rates=(0.1, 0.2), seed=3):
    """G(z) = a z + b and D(x) = c x + d, on single numbers."""
    generator = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
    discriminator = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
    generator.set_weights([np.array([[0.5]]), np.array([0.25])])
    discriminator.set_weights([np.array([[-0.75]]), np.array([0.1])])
    network = AdversarialNetwork(generator, discriminator, smoothing, 0, average, seed)
    network.compile(*(keras.optimizers.SGD(rate) for rate in rates))
    return network


@pytest.mark.parametrize("smoothing", [1.0, 0.9])
def test_a_step_is_the_one_computed_by_hand(smoothing):
    network = tiny(smoothing)
    x = np.array([[1.0], [2.0], [-0.5], [3.0]])
    z = np.float64(keras.random.normal((4, 1), seed=keras.random.SeedGenerator(3)))
    history = network.fit(x, batch_size=4, shuffle=False, verbose=0).history
    a, b, c, d = 0.5, 0.25, -0.75, 0.1
    fake = a * z + b
    real_logit, fake_logit = c * x + d, c * fake + d
    # Cross-entropy by a logit: the probability minus the target
    by_real, by_fake = (sigmoid(real_logit) - smoothing) / 2, sigmoid(fake_logit) / 2
    expected_d = [c - 0.2 * np.mean(by_real * x + by_fake * fake), d - 0.2 * np.mean(by_real + by_fake)]
    by_image = (sigmoid(fake_logit) - 1) * c
    expected_g = [a - 0.1 * np.mean(by_image * z), b - 0.1 * np.mean(by_image)]
    for model, expected in (network.discriminator, expected_d), (network.generator, expected_g):
        np.testing.assert_allclose([w.item() for w in model.get_weights()], expected, rtol=1e-5)
    log = np.log
    on_real = -smoothing * log(sigmoid(real_logit)) - (1 - smoothing) * log(1 - sigmoid(real_logit))
    loss = np.mean(on_real - log(1 - sigmoid(fake_logit))) / 2
    assert history["discriminator_loss"][0] == pytest.approx(loss, rel=1e-5)
    assert history["generator_loss"][0] == pytest.approx(-np.mean(log(sigmoid(fake_logit))), rel=1e-5)
    assert history["real_accuracy"][0] == np.mean(real_logit > 0)
    assert history["fake_accuracy"][0] == np.mean(fake_logit < 0)


def test_the_averaged_generator_is_a_running_mean():
    network = tiny(average=0.15)
    weights, mean = [], 0.5
    for _ in range(4):
        network.fit(np.ones((4, 1)), batch_size=4, verbose=0)
        weights.append(network.generator.get_weights()[0].item())
    for step, weight in enumerate(weights, start=1):
        kept = min(0.15, (1 + step) / (10 + step))
        mean = kept * mean + (1 - kept) * weight
    assert network.averaged.get_weights()[0].item() == pytest.approx(mean, rel=1e-5)


def test_cross_entropy_is_kerass():
    logits = np.random.default_rng(0).normal(size=(50, 1)).astype("float32") * 10
    for target in 0.0, 0.9, 1.0:
        expected = keras.losses.BinaryCrossentropy(from_logits=True)(np.full((50, 1), target), logits)
        assert float(cross_entropy(logits, target)) == pytest.approx(float(expected), rel=1e-5)


def test_a_choice_is_one_of_many_and_the_rest_is_normal():
    generator = keras.Sequential([keras.Input((9,)), layers.Dense(1)])
    discriminator = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
    network = AdversarialNetwork(generator, discriminator, choices=5)
    z = np.array(network.draw(4000, keras.random.SeedGenerator(0)))
    assert z.shape == (4000, 9)
    assert set(np.unique(z[:, 4:])) == {0, 2}
    assert (z[:, 4:].sum(1) == 2).all()
    np.testing.assert_allclose((z[:, 4:] > 0).mean(0), 0.2, atol=0.03)
    np.testing.assert_allclose(z[:, :4].mean(0), 0, atol=0.06)
    np.testing.assert_allclose(z[:, :4].std(0), 1, atol=0.05)


@pytest.mark.slow
def test_it_learns_where_the_numbers_are():
    """Real numbers are around 4, with a standard deviation of 0.5; generated ones begin around 0."""
    keras.utils.set_random_seed(0)
    generator = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
    discriminator = keras.Sequential(
        [keras.Input((1,)), layers.Dense(16, activation="tanh"), layers.Dense(1)]
    )
    network = AdversarialNetwork(generator, discriminator)
    network.compile(*(keras.optimizers.Adam(0.01, beta_1=0.5) for _ in range(2)))
    x = np.random.default_rng(0).normal(4, 0.5, (1500 * 64, 1))
    network.fit(x, batch_size=64, verbose=0)
    assert network.sample(2000, seed=1).mean() == pytest.approx(4, abs=0.3)


def test_the_same_seed_gives_the_same_images_and_another_others():
    network = tiny()
    np.testing.assert_array_equal(network.sample(5, seed=1), network.sample(5, seed=1))
    assert not np.array_equal(network.sample(5, seed=1), network.sample(5, seed=2))
    assert ops.is_tensor(network.draw(3, 1))
