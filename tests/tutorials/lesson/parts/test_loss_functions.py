"""The lectures' losses, to the digits that they print, and gradients against finite differences."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutorials.lesson.parts import loss_functions as losses

# Section 8 of the lectures
PRINTED = {
    "NN1": {"classification error": 0.33, "squared error": 0.25, "cross-entropy": 0.38},
    "NN2": {"classification error": 0.33, "squared error": 0.71, "cross-entropy": 1.06},
}


@pytest.mark.parametrize("network", PRINTED)
@pytest.mark.parametrize("way", [losses.by_keras, losses.by_numpy])
def test_two_networks_table(network, way):
    numbers = way(losses.LABELS, losses.NETWORKS[network])
    assert {name: round(float(number), 2) for name, number in numbers.items()} == PRINTED[network]


def test_two_networks_by_hand():
    by_hand = (0.1**2 * 4 + 0.6**2 * 2) / 3, (np.log(1 / 0.9) * 2 + np.log(1 / 0.4)) / 3
    numbers = losses.by_keras(losses.LABELS, losses.NETWORKS["NN1"])
    assert (numbers["squared error"], numbers["cross-entropy"]) == pytest.approx(by_hand, rel=1e-6)
    by_hand = (0.4**2 * 2 + 0.3**2 * 2 + 0.9**2 * 2) / 3, np.log(1 / (0.6 * 0.7 * 0.1)) / 3
    numbers = losses.by_keras(losses.LABELS, losses.NETWORKS["NN2"])
    assert (numbers["squared error"], numbers["cross-entropy"]) == pytest.approx(by_hand, rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(-20, 20), min_size=2, max_size=6), st.data())
def test_gradients_are_finite_differences_and_p_minus_t(scores, data):
    scores = np.array(scores)
    truth = np.eye(len(scores))[data.draw(st.integers(0, len(scores) - 1))]

    def softmax(z):
        return np.exp(z - z.max()) / np.exp(z - z.max()).sum()

    by_hand = {
        "squared error": lambda z: np.sum((softmax(z) - truth) ** 2),
        "cross-entropy": lambda z: np.log(np.exp(z - z.max()).sum()) + z.max() - z[truth == 1][0],
    }
    found = losses.gradients(scores[None], truth[None])
    for name, loss in by_hand.items():
        steps = 1e-6 * np.eye(len(scores))
        slopes = [(loss(scores + step) - loss(scores - step)) / 2e-6 for step in steps]
        np.testing.assert_allclose(found[name][0], slopes, atol=1e-7)
    np.testing.assert_allclose(found["cross-entropy"][0], softmax(scores) - truth, atol=1e-12)


def test_only_mere_numbers_lose_the_gradient_of_a_hopeless_case():
    """The lesson says what Keras does; should Keras change it, the lesson must, too."""
    scores, truth = np.array([[-20.0, 0.0]]), np.array([[1.0, 0.0]])
    found = losses.three_ways(scores, truth)
    exact, p = np.log(1 + np.exp(20)), 1 / (1 + np.exp(20))
    for way in "softmax layer", "logits, from_logits=True":
        loss, gradient = found[way]
        assert loss == pytest.approx(exact)
        np.testing.assert_allclose(gradient, [p - 1, 1 - p])
    loss, gradient = found["probabilities as numbers"]
    assert loss == pytest.approx(np.log(1e7), rel=1e-6)
    np.testing.assert_array_equal(gradient, 0)


def test_a_network_that_ends_in_softmax_is_trained_as_if_from_logits():
    """Not just the layer: what `fit` does to the weights of a Sequential, in a graph."""
    softmax = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2, "softmax", use_bias=False)])
    softmax.set_weights([np.array([[-20.0, 0.0]])])
    softmax.compile(keras.optimizers.SGD(1.0), "categorical_crossentropy")
    softmax.fit(np.ones((1, 1)), np.array([[1.0, 0.0]]), verbose=0)
    np.testing.assert_allclose(softmax.get_weights()[0], [[-19, -1]], atol=1e-5)


def test_where_the_network_is_confident_and_wrong_only_cross_entropy_has_a_large_gradient():
    """The title of the figure "loss_and_gradient", by the formulas 1 - p and 4 p (1 - p)²."""
    p, values, slopes = losses.by_probability()
    np.testing.assert_allclose(slopes["cross-entropy"], 1 - p, atol=1e-12)
    np.testing.assert_allclose(slopes["squared error"], 4 * p * (1 - p) ** 2, atol=1e-12)
    wrong = p < 0.01
    assert (
        wrong.any()
        and slopes["squared error"][wrong].max() < 0.05 < 0.9 < slopes["cross-entropy"][wrong].min()
    )
    np.testing.assert_allclose(values["squared error"], (1 - p) ** 2 + (0 - (1 - p)) ** 2)


@pytest.mark.parametrize(
    ("squared", "cross", "said"),
    [
        (0.70, 0.92, "cross-entropy is ahead by 22.0 points"),
        (0.92, 0.70, "squared error is ahead by 22.0 points"),
        (0.939, 0.920, "no loss is clearly ahead (by 1.9 points)"),
    ],
)
def test_which_loss_is_ahead_follows_from_the_numbers(squared, cross, said):
    both = {"squared error": squared, "cross-entropy": cross}
    accuracy = {(start, loss): both[loss] for start in ("usual", "confidently wrong") for loss in both}
    sentence = losses.compared(accuracy, 10_000)
    assert sentence.count(said) == 2


def test_a_difference_that_few_images_cannot_show_is_not_clear():
    accuracy = {(start, loss): value for start in ("usual", "confidently wrong")
                for loss, value in {"squared error": 0.93, "cross-entropy": 0.96}.items()}  # fmt: skip
    assert losses.compared(accuracy, 360).count("no loss is clearly ahead") == 2
    assert losses.compared(accuracy, 100_000).count("cross-entropy is ahead") == 2
