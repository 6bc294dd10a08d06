"""The lectures' losses, to the digits that they print, and gradients against finite differences."""

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
        "squared error": lambda z: np.mean((softmax(z) - truth) ** 2),
        "cross-entropy": lambda z: np.log(np.exp(z - z.max()).sum()) + z.max() - z[truth == 1][0],
    }
    found = losses.gradients(scores[None], truth[None])
    for name, loss in by_hand.items():
        steps = 1e-6 * np.eye(len(scores))
        slopes = [(loss(scores + step) - loss(scores - step)) / 2e-6 for step in steps]
        np.testing.assert_allclose(found[name][0], slopes, atol=1e-7)
    np.testing.assert_allclose(found["cross-entropy"][0], softmax(scores) - truth, atol=1e-12)


def test_from_probabilities_keras_loses_the_gradient_of_a_hopeless_case():
    """The lesson says so; should Keras change it, the lesson must, too."""
    scores, truth = np.array([[-20.0, 0.0]]), np.array([[1.0, 0.0]])
    assert losses.gradients(scores, truth, from_logits=False)["cross-entropy"][0, 0] == 0
    assert losses.gradients(scores, truth)["cross-entropy"][0, 0] == pytest.approx(-1)
