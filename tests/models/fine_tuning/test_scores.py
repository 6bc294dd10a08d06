"""Shares, intervals and calibration, held against counts by hand and formulas."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.fine_tuning.scores import Share, accuracy, calibration, class_scores


@given(st.integers(1, 5000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_intervals_are_wilsons(counts):
    hits, of = counts
    share, z = Share(hits, of), 1.959963984540054
    middle = (hits / of + z**2 / (2 * of)) / (1 + z**2 / of)
    half = z / (1 + z**2 / of) * math.sqrt(hits / of * (1 - hits / of) / of + z**2 / (4 * of**2))
    assert share.low == pytest.approx(middle - half, abs=1e-9)
    assert share.high == pytest.approx(middle + half, abs=1e-9)
    assert -1e-12 <= share.low <= share.value <= share.high <= 1 + 1e-12


def test_nine_of_ten_may_be_a_lot():
    assert str(Share(9, 10)) == "90.0 % (59.6 to 98.2 %)"
    assert str(Share(0, 0)) == "none"
    assert math.isnan(Share(0, 0).value) and (Share(0, 0).low, Share(0, 0).high) == (0, 1)


def test_classes_are_counted_by_row_and_by_column():
    truth = [0, 0, 0, 0, 1, 1, 2]
    answers = [0, 0, 0, 1, 1, 0, 0]
    ants, bees, wasps, flies = class_scores(truth, answers, ["ants", "bees", "wasps", "flies"])
    assert (ants.name, ants.precision, ants.recall) == ("ants", Share(3, 5), Share(3, 4))
    assert (bees.precision, bees.recall) == (Share(1, 2), Share(1, 2))
    assert (wasps.precision.of, wasps.recall) == (0, Share(0, 1))  # never answered
    assert (flies.precision.of, flies.recall.of) == (0, 0)  # not among the photos either
    assert accuracy(truth, answers) == Share(4, 7)


def test_calibration_by_hand():
    sure = np.array([0.95, 0.92, 0.91, 0.65, 0.62, 0.5, 1.0])
    right = np.array([1, 1, 0, 0, 1, 1, 1])
    probabilities = np.stack([sure, 1 - sure], 1)
    probabilities[5] = 0.5  # a tie is answered with the first class
    found = calibration(1 - right, probabilities)
    assert [share.of for share in found.shares] == [0, 0, 0, 0, 1, 0, 2, 0, 0, 4]
    assert [share.hits for share in found.shares] == [0, 0, 0, 0, 1, 0, 1, 0, 0, 3]
    np.testing.assert_allclose(found.confidence[[4, 6, 9]], [0.5, 0.635, 0.945])
    assert np.isnan(found.confidence[[0, 3, 5, 8]]).all()
    # |1 - 0.5| + 2 |0.5 - 0.635| + 4 |0.75 - 0.945|, over 7
    assert found.error == pytest.approx((0.5 + 0.27 + 0.78) / 7)


def test_a_model_that_means_what_it_says_has_no_calibration_error():
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet([1, 1, 1], 40_000)
    truth = (probabilities.cumsum(-1) < generator.uniform(size=(40_000, 1))).sum(-1)
    assert calibration(truth, probabilities).error < 0.01
    sharpened = probabilities**3 / (probabilities**3).sum(-1, keepdims=True)
    assert calibration(truth, sharpened).error > 0.1  # surer than it has reason to be
