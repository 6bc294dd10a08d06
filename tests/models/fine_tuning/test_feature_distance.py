"""The distance in feature space: what share it refuses, of photos of the kind and of others."""

import numpy as np
import pytest

from models import ModelError
from models.fine_tuning import feature_distance
from models.fine_tuning.feature_distance import directions, fit_distance


def groups(count, seed, centres=3, width=24):
    """Features of photos of three kinds, at two image sizes."""
    fixed, random = np.random.default_rng(7), np.random.default_rng(seed)
    found = {}
    for size in (96, 160):
        middle = fixed.uniform(0, 2, (centres, width))
        found[size] = np.abs(
            middle[random.integers(centres, size=count)] + 0.2 * random.normal(size=(count, width))
        )
    return found


def test_of_photos_of_the_kind_the_chosen_share_is_refused():
    """Over ten fits: the share is a mean, one fit may refuse more or less."""
    refused = {share: [] for share in (0.02, 0.05, 0.2)}
    for seed in range(10):
        surprise = fit_distance(groups(200, seed)).surprise(groups(400, 100 + seed))
        for share, found in refused.items():
            found.append(np.mean(surprise <= share))
    for share, found in refused.items():
        assert share / 2 < np.mean(found) < share + 0.015, share


def test_other_directions_are_refused_whatever_their_length():
    distance, random = fit_distance(groups(200, 0)), np.random.default_rng(3)
    other = {size: np.abs(random.normal(size=(100, 24))) for size in (96, 160)}
    for length in (1e-6, 1, 1e6):
        surprise = distance.surprise({size: values * length for size, values in other.items()})
        assert np.mean(surprise <= 0.05) > 0.98
    nothing = {size: np.zeros((1, 24)) for size in (96, 160)}
    assert distance.surprise(nothing)[0] <= 0.05


def test_it_is_the_geometric_mean_of_both_distances():
    features = groups(60, 0)
    distance = fit_distance(features)
    rows, other = directions(features), directions(groups(5, 1))
    third = np.sort(np.linalg.norm(other[:, None] - rows, axis=-1), -1)[:, 2]
    _, strengths, axes = np.linalg.svd(rows - rows.mean(0), full_matrices=False)
    variances = strengths**2 / 60
    spread = np.concatenate([variances[:20], np.full(28, variances[20:].sum() / 28)])
    whole = np.linalg.svd(rows - rows.mean(0), full_matrices=True)[2]
    mahalanobis = np.sqrt((((other - rows.mean(0)) @ whole.T) ** 2 / spread).sum(-1))
    np.testing.assert_allclose(distance.distances(groups(5, 1)), np.sqrt(third * mahalanobis), rtol=0.02)


def test_many_photos_are_drawn_from_and_stay_small(monkeypatch):
    monkeypatch.setattr(feature_distance, "MOST_PHOTOS", 300)
    monkeypatch.setattr(feature_distance, "MOST_REFERENCES", 100 * 48 * 2)
    features = groups(2000, 0)
    distance = fit_distance(features)
    assert distance.references.shape == (100, 48) and len(distance.known) == 300
    assert np.mean(distance.surprise(groups(2000, 1)) <= 0.05) < 0.09
    for one, two in zip(vars(distance).values(), vars(fit_distance(features)).values(), strict=True):
        np.testing.assert_array_equal(one, two)  # the same seed draws the same


def test_photos_that_are_all_alike_and_few():
    alike = {160: np.ones((6, 5))}
    distance = fit_distance(alike)
    assert np.isfinite(distance.distances(alike)).all()
    assert distance.distances({160: [[1, 1, 1, 1, 9.0]]})[0] > distance.distances(alike)[0]
    with pytest.raises(ModelError, match="4 photos or more, not 3"):
        fit_distance({160: np.ones((3, 5))})


def test_features_that_cannot_be():
    distance = fit_distance(groups(20, 0))
    with pytest.raises(ModelError, match="not the features"):
        distance.distances({96: np.zeros((1, 24))})
    with pytest.raises(ModelError, match="not finite"):
        fit_distance({96: np.full((9, 4), np.nan)})
    with pytest.raises(ModelError, match="image size"):
        directions({96: np.zeros((2, 4)), 160: np.zeros((3, 4))})
