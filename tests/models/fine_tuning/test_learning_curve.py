"""What more photos would bring: told from shares of the photos, and checked on photos that come later."""

import numpy as np
import pytest

from models.fine_tuning.learning_curve import LearningCurve, learning_curve
from models.fine_tuning.linear_probe import fit_linear_probe
from models.fine_tuning.multi_scale import Probes

SIZES = np.array([40, 70, 100, 140, 200])


def probes_of(features, labels, classes):
    probe = fit_linear_probe(features, labels, classes)
    return Probes({32: probe}, probe.out_of_fold, 0.5, {}, {32: features.astype("float16")})


def drawn(errors, random, held_out=60, draws=5):
    """A curve of chance: each photo held out is misclassified with these probabilities."""
    correct = [random.uniform(size=(1, held_out)) >= np.array(errors)[:, None] for _ in range(draws)]
    return LearningCurve(250, SIZES, correct)


def test_the_curve_is_the_accuracy_of_probes_on_photos_that_they_did_not_see():
    """Labels that are chance: a probe that saw the photos would classify them correctly."""
    random = np.random.default_rng(0)
    features, labels = random.normal(size=(300, 400)), random.integers(0, 2, 300)
    curve = learning_curve(probes_of(features, labels, 2), labels, 2)
    assert abs(curve.accuracy - 0.5).max() < 0.13
    assert curve.sizes[-1] == 240 and curve.photos == 300
    assert sum(each.shape[1] for each in curve.correct) == 300


def test_every_class_is_in_every_share():
    labels = np.repeat([0, 1, 2], [150, 30, 5])
    features = np.random.default_rng(0).normal(size=(185, 8)) + 3 * np.eye(8)[labels]
    curve = learning_curve(probes_of(features, labels, 3), labels, 3, weights=np.ones(185))
    assert curve.accuracy[-1] > 0.8
    few = np.repeat([0, 1], [50, 4])
    assert learning_curve(probes_of(features[:54], few, 2), few, 2) is None


@pytest.mark.slow
def test_the_interval_holds_the_gain_of_a_known_law_in_nineteen_of_twenty_draws():
    """With exactly known probabilities of an error: 95 % of the intervals hold it, give or take."""
    random, inside, told = np.random.default_rng(1), 0, 0
    true = 3 * (250**-0.5 - 350**-0.5)
    for _ in range(60):
        found = drawn(3 * SIZES**-0.5, random).forecast(100)
        if found is not None:
            told += 1
            inside += found.low <= true <= found.high
    assert told >= 50
    assert inside / told >= 0.87


@pytest.mark.parametrize(
    "errors",
    [[0.3] * 5, [0.2, 0.22, 0.25, 0.27, 0.3], [0.0] * 5, [0.6, 0.1, 0.1, 0.1, 0.5]],
    ids=["it stays", "it rises", "there is none", "it is no power law"],
)
def test_where_the_error_does_not_fall_by_a_power_law_nothing_is_said(errors):
    assert drawn(errors, np.random.default_rng(2), held_out=400).forecast() is None


@pytest.mark.slow
def test_the_estimate_is_near_what_more_examples_bring():
    """Fit 200 of a stream of examples, estimate what 200 more bring, and fetch them."""
    random = np.random.default_rng(3)
    centres = random.normal(size=(4, 60)) * 0.33

    def examples(count):
        labels = np.arange(count) % 4
        return random.normal(size=(count, 60)) + centres[labels], labels

    unseen, truth = examples(4000)
    gains, estimates = [], []
    for _ in range(6):
        features, labels = examples(400)
        probes = probes_of(features[:200], labels[:200], 4)
        found = learning_curve(probes, labels[:200], 4).forecast(200)
        if found is None:
            continue
        strength = probes.probes[32].strength
        both = [fit_linear_probe(features[:n], labels[:n], 4, strength=strength) for n in (200, 400)]
        before, after = (np.mean(each.probabilities(unseen).argmax(-1) == truth) for each in both)
        gains.append(after - before)
        estimates.append(found)
    assert len(gains) >= 4
    assert (
        sum(each.low <= gain <= each.high for each, gain in zip(estimates, gains, strict=True))
        >= len(gains) - 1
    )
    assert abs(np.mean(gains) - np.mean([each.gain for each in estimates])) < 0.04
