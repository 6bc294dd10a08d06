"""Descent by Keras's optimizers against arithmetic, back-propagation by hand against two others."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from models import DenseChain
from models.backpropagation import backward, cross_entropy, forward
from models.landscapes import ravine, two_valleys, two_valleys_derivative
from tutorials.lesson.parts import descent
from tutorials.lesson.parts.descent import LEARNING_RATES, descend


def by_arithmetic(start, learning_rate, steps):
    path = [start]
    for _ in range(steps):
        w = path[-1]
        path.append(w - learning_rate * (w * (w * w - 4) / 4 - 0.25))
    return np.array(path)


@pytest.mark.parametrize("start", [-3.0, 3.0])
@pytest.mark.parametrize("rate", [0.01, 0.2])
def test_gradient_descent_goes_where_arithmetic_says(start, rate):
    path = descend(two_valleys, keras.optimizers.SGD(rate), start, 20)
    np.testing.assert_allclose(path, by_arithmetic(start, rate, 20), rtol=1e-4)


def test_the_derivative_is_that_of_the_curve_and_has_both_signs():
    w = np.linspace(-3, 3, 61)
    slopes = (two_valleys(w + 1e-5) - two_valleys(w - 1e-5)) / 2e-5
    np.testing.assert_allclose(two_valleys_derivative(w), slopes, atol=1e-8)
    assert two_valleys_derivative(np.float64(-3)) < 0 < two_valleys_derivative(np.float64(3))


def test_the_start_decides_the_valley_and_a_lower_one_is_beyond_the_hill():
    left, right = (by_arithmetic(start, LEARNING_RATES["suitable"], 200)[-1] for start in (-3.0, 3.0))
    assert left < -1 < 1 < right
    hill = max(two_valleys(np.linspace(left, right, 100)))
    assert two_valleys(right) < two_valleys(left) < hill


def test_too_small_does_not_arrive_and_too_large_does_not_settle():
    small, large = (by_arithmetic(-3.0, LEARNING_RATES[name], 40) for name in ("too small", "too large"))
    assert abs(two_valleys_derivative(small[-1])) > 0.1
    assert np.abs(np.diff(large[-10:])).min() > 0.3
    settled = by_arithmetic(-3.0, LEARNING_RATES["suitable"], 40)
    assert np.abs(np.diff(settled[-10:])).max() < 1e-4


def test_momentum_and_adam_go_where_arithmetic_says():
    point, velocity, path = np.array([-8.0, 1.5]), 0, []
    for _ in range(15):
        velocity = 0.9 * velocity - 0.1 * np.array([point[0] / 20, 2 * point[1]])
        point = point + velocity
        path.append(point)
    found = descend(ravine, keras.optimizers.SGD(0.1, momentum=0.9), [-8.0, 1.5], 15)
    np.testing.assert_allclose(found[1:], path, rtol=1e-3, atol=1e-4)

    point, first, second, path = np.array([-8.0, 1.5]), 0, 0, []
    for n in range(1, 16):
        gradient = np.array([point[0] / 20, 2 * point[1]])
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        point = point - 0.5 * (first / (1 - 0.9**n)) / np.sqrt(second / (1 - 0.999**n))
        path.append(point)
    found = descend(ravine, keras.optimizers.Adam(0.5), [-8.0, 1.5], 15)
    np.testing.assert_allclose(found[1:], path, rtol=1e-3, atol=1e-3)


def test_settings_in_numpy_go_where_keras_goes():
    for name, grid in descent.GRIDS.items():
        some = grid[7::31]
        for (rate, beta), loss in zip(some, descent.try_settings(some, name, 12), strict=True):
            path = descend(ravine, descent.OPTIMIZERS[name](rate, beta), descent.START, 12)
            assert float(ravine(path[-1])) == pytest.approx(loss, rel=2e-2, abs=1e-4)


def test_each_optimizer_has_as_many_trials_and_its_best_lies_inside_the_grid():
    assert {len(set(grid)) for grid in descent.GRIDS.values()} == {100}
    for name, grid in descent.GRIDS.items():
        rate, beta = grid[descent.try_settings(grid, name, 40).argmin()]
        rates = [rate for rate, _ in grid]
        assert min(rates) < rate < max(rates)
        assert beta is None or 0.05 < beta < 0.95


def test_tuned_optimizers_reach_what_theory_says():
    """The best fixed learning rate shrinks distances by (κ - 1) / (κ + 1) a step, for κ = 2 / 0.05.

    With momentum by (√κ - 1) / (√κ + 1), at a learning rate of 4 / (√2 + √0.05)² = 1.49 and β 0.53 (Polyak
    1964), times a polynomial.
    """
    sgd, momentum, adam = (descent.try_settings(descent.GRIDS[n], n, 40) for n in descent.GRIDS)
    far = ((40 - 1) / (40 + 1)) ** 80
    assert far * (1.5**2 + 8**2 / 40) * 0.4 < sgd.min() < far * (1.5**2 + 8**2 / 40)
    root = 40**0.5
    assert momentum.min() < 1e4 * ((root - 1) / (root + 1)) ** 80 < 1e-6
    assert adam.min() < momentum.min() < 1e-6 * sgd.min()
    assert descent.try_settings([(1.35, 0.56)], "momentum", 40)[0] == pytest.approx(1.55e-10, rel=0.01)
    assert descent.try_settings([(0.1, 0.9)], "momentum", 40)[0] > sgd.min()  # what an untuned one reaches


def test_findings_follow_from_the_numbers():
    better = {"momentum": 3, "Adam": 0}
    said = descent.optimizer_finding({"SGD": 1e-3, "momentum": 1e-9, "Adam": 2.0}, better)
    assert "momentum ends lowest and Adam highest; 3 of momentum and 0 of Adam" in said
    assert "decides the" in descent.valley_finding({"left": (-1.9, 1.48), "right": (2.1, 0.48)})
    assert "does not decide" in descent.valley_finding({"left": (2.0, 0.5), "right": (2.1, 0.48)})


chains = st.tuples(
    st.integers(1, 4), st.integers(2, 4), st.lists(st.integers(1, 6), max_size=5), st.integers(0, 999)
)


def drawn(chain):
    inputs, classes, units, seed = chain
    keras.utils.set_random_seed(seed)
    network = DenseChain(inputs, classes, tuple(units), dtype="float64")
    random = np.random.default_rng(seed)
    network.set_weights([random.normal(0, 1, w.shape) for w in network.get_weights()])
    return network, random.normal(0, 1, (5, inputs)), np.eye(classes)[random.integers(0, classes, 5)]


@settings(max_examples=20, deadline=None)
@given(chains)
def test_by_hand_is_automatic_differentiation(chain):
    network, x, truth = drawn(chain)
    values = forward(x, network.get_weights())
    np.testing.assert_allclose(values[-1], network(x), rtol=1e-9, atol=1e-12)
    with tf.GradientTape() as tape:
        loss = -tf.reduce_mean(tf.reduce_sum(truth * tf.math.log(network(x)), 1))
    assert cross_entropy(values[-1], truth) == pytest.approx(float(loss))
    automatic = tape.gradient(loss, network.trainable_variables)
    for one, other in zip(backward(values, network.get_weights(), truth), automatic, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-9)


@settings(max_examples=10, deadline=None)
@given(chains)
def test_by_hand_is_finite_differences(chain):
    network, x, truth = drawn(chain)
    weights = network.get_weights()
    by_hand = backward(forward(x, weights), weights, truth)
    random = np.random.default_rng(0)
    for n, gradient in enumerate(by_hand):
        place = tuple(random.integers(0, side) for side in gradient.shape)
        losses = []
        for step in 1e-6, -1e-6:
            moved = [w.copy() for w in weights]
            moved[n][place] += step
            losses.append(cross_entropy(forward(x, moved)[-1], truth))
        assert gradient[place] == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-3, abs=1e-7)


def test_a_probability_of_0_gives_the_loss_that_keras_gives():
    probabilities, truth = np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([[0.0, 1.0], [1.0, 0.0]])
    expected = keras.losses.categorical_crossentropy(truth, probabilities).numpy().mean()
    assert cross_entropy(probabilities, truth) == pytest.approx(expected, rel=1e-4)
