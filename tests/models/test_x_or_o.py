"""The toy network set by hand, held to the values that the lectures print."""

import keras
import numpy as np
import pytest

import models
from datasets.generated import x_or_o
from models.filters import FEATURES
from models.x_or_o import VOTES


@pytest.fixture(scope="module")
def layers():
    """What each layer of the network set by hand makes of the clean X and O."""
    model = models.XorO(weights="by_hand")
    outputs = {layer.name: layer.output for layer in model.layers}
    tables = keras.Model(model.input, outputs).predict(np.stack(x_or_o.clean_letters()), verbose=0)
    return {name: np.float64(table) for name, table in tables.items()}


def cut(values):
    """Two decimals, not rounded; the small addition is for 5/9 held as 0.55555."""
    return np.trunc(np.asarray(values) * 100 + 1e-4) / 100


def test_the_clean_x_becomes_the_lectures_twelve_values(layers):
    of_x = dict(zip(FEATURES, layers["pool2"][0].reshape(4, 3).T, strict=True))
    np.testing.assert_array_equal(cut(of_x["backslash"]), [1, 0.55, 0.55, 1])
    np.testing.assert_array_equal(cut(of_x["crossing"]), [1, 0.55, 0.55, 0.55])
    np.testing.assert_array_equal(cut(of_x["slash"]), [0.55, 1, 1, 0.55])


def test_keras_flattens_them_with_the_features_last(layers):
    assert layers["flatten"].shape == (2, 12)
    np.testing.assert_array_equal(cut(layers["flatten"][0])[:6], [1, 1, 0.55, 0.55, 0.55, 1])


def test_the_first_pooling_is_the_lectures(layers):
    backslash = [
        [1, 0.33, 0.55, 0.33],
        [0.33, 1, 0.33, 0.55],
        [0.55, 0.33, 1, 0.11],
        [0.33, 0.55, 0.11, 0.77],
    ]
    crossing = [
        [0.55, 0.33, 0.55, 0.33],
        [0.33, 1, 0.55, 0.11],
        [0.55, 0.55, 0.55, 0.11],
        [0.33, 0.11, 0.11, 0.33],
    ]
    slash = [[0.33, 0.55, 1, 0.77], [0.55, 0.55, 1, 0.33], [1, 1, 0.11, 0.55], [0.77, 0.33, 0.55, 0.33]]
    np.testing.assert_array_equal(cut(layers["pool1"][0]), np.stack([backslash, crossing, slash], -1))


def test_every_value_votes_as_the_docstring_says(layers):
    """25/9 for the clean X and -11/9 for the clean O, 7/9 off: two votes either way."""
    flat = layers["flatten"]
    sums = [
        sum(
            VOTES[name][corner] * flat[n, 3 * corner + k]
            for k, name in enumerate(FEATURES)
            for corner in range(4)
        )
        for n in range(2)
    ]
    np.testing.assert_allclose(sums, [25 / 9, -11 / 9], rtol=1e-6)
    sure = 1 / (1 + np.exp(-4))  # softmax of 2 and -2
    np.testing.assert_allclose(layers["votes"], [[sure, 1 - sure], [1 - sure, sure]], rtol=1e-5)
    assert round(sure, 2) == 0.98


def test_votes_are_for_the_letter_with_the_higher_value(layers):
    higher = np.sign(np.round(layers["pool2"][0] - layers["pool2"][1], 4)).reshape(4, 3).T
    np.testing.assert_array_equal(higher, [VOTES[name] for name in FEATURES])


def test_the_lectures_errors_are_given_as_printed_and_by_their_own_rule():
    from tutorials.x_or_o import LECTURES

    right, actual = np.array([1, 0]), np.array([0.92, 0.51])
    printed, by_rule = np.array([0.08, 0.49]), right - actual
    assert round(printed.sum(), 2) == 0.57
    np.testing.assert_allclose(by_rule, [0.08, -0.51])
    assert round(np.abs(by_rule).sum(), 2) == 0.59
    told = " ".join(LECTURES.split())
    assert "print errors of 0.08 and 0.49, in total 0.57" in told
    assert "the errors are 0.08 and -0.51, in total 0.59 in absolute value" in told


def test_by_hand_has_the_architecture_that_is_trained():
    by_hand, trained = models.XorO(weights="by_hand"), models.XorO()
    assert [layer.name for layer in by_hand.layers] == [layer.name for layer in trained.layers]
    assert [w.shape for w in by_hand.weights] == [w.shape for w in trained.weights]


def test_a_name_that_is_no_file_is_answered_with_what_there_is():
    with pytest.raises(models.ModelError, match='use "by_hand", or name a file'):
        models.XorO(weights="by_foot")
