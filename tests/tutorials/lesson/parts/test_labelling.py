"""What to label next: choices checked by hand, no label is looked at before it is asked for."""

import itertools

import numpy as np
import pytest

from tutorials.lesson.parts.labelling import (
    WAYS,
    cross_validated,
    fit,
    k_center,
    label_step_by_step,
    labels_needed,
    nearest_to_centers,
    probabilities,
    standardized,
    with_pseudo_labels,
)


@pytest.fixture
def blobs():
    """Three well separated classes of 40 points each in a plane."""
    random = np.random.default_rng(0)
    centers = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])
    labels = np.repeat([0, 1, 2], 40)
    return centers[labels] + random.normal(size=(120, 2)), labels


def test_k_center_takes_the_furthest_point_each_time():
    random = np.random.default_rng(1)
    points, known = random.normal(size=(30, 3)), random.normal(size=(4, 3))
    covered = [*known]
    for chosen in k_center(known, points, 6):
        distances = [min(np.linalg.norm(point - one) for one in covered) for point in points]
        assert distances[chosen] == max(distances)
        covered.append(points[chosen])


class Secret(np.ndarray):
    """Labels that notice which of them are looked at."""

    def __getitem__(self, rows):
        self.seen.update(np.atleast_1d(rows).tolist())
        return np.asarray(self)[rows]


@pytest.mark.parametrize("way", WAYS)
def test_only_labels_that_were_asked_for_are_looked_at(way, blobs):
    features, labels = blobs
    secret = labels.view(Secret)
    secret.seen = set()
    steps = label_step_by_step(way, features, secret, [0, 40, 80], 5, 30, seed=0)
    assert [len(rows) for rows in steps] == [3, 8, 13, 18, 23, 28]
    assert all(set(before) < set(after) for before, after in itertools.pairwise(steps))
    assert all(len(set(rows)) == len(rows) for rows in steps)
    assert secret.seen == set(steps[-2])  # those of the last step were asked for and not used yet


def test_margin_asks_where_two_classes_meet(blobs):
    features, labels = blobs
    (_, rows) = label_step_by_step("margin", features, labels, [0, 40, 80], 3, 6, seed=0)
    guessed = probabilities(fit(features[[0, 40, 80]], labels[[0, 40, 80]]), features)
    ordered = np.sort(guessed, 1)
    margins = ordered[:, -1] - ordered[:, -2]
    margins[[0, 40, 80]] = 2
    assert set(rows[3:]) == set(np.argsort(margins)[:3])


def test_labels_needed():
    assert labels_needed([10, 20, 30], [0.5, 0.9, 0.95], 0.9) == 20
    assert labels_needed([10, 20, 30], [0.5, 0.6, 0.7], 0.9) == 30


def test_scans_near_the_centers_are_of_every_class(blobs):
    features, labels = blobs
    assert sorted(labels[nearest_to_centers(features, 3, seed=0)]) == [0, 1, 2]


def test_pseudo_labels_are_the_sure_predictions(blobs):
    features, labels = blobs
    head, wrong = with_pseudo_labels(features, labels, np.array([0, 1, 40, 41, 80, 81]))
    assert wrong == 0 and head.score(features, labels) == 1
    unsure, none = with_pseudo_labels(features / 1000, labels, np.array([0, 40, 80]))
    assert none == 0 and np.array_equal(unsure.coef_, fit(features[[0, 40, 80]] / 1000, [0, 1, 2]).coef_)


def test_a_hard_choice_is_no_test_set(blobs):
    features, labels = blobs
    mixed = features + np.random.default_rng(2).normal(0, 3, features.shape)  # classes that overlap
    ordered = np.sort(probabilities(fit(mixed, labels), mixed), 1)
    hard = np.argsort(ordered[:, -1] - ordered[:, -2])[:40]
    assert cross_validated(mixed, labels, hard) < fit(mixed, labels).score(mixed, labels) - 0.1


def test_the_pool_has_mean_0_and_deviation_1(blobs):
    pool, other = standardized(blobs[0], blobs[0][:5])
    np.testing.assert_allclose([pool.mean(0), pool.std(0)], [[0, 0], [1, 1]], atol=1e-5)
    np.testing.assert_array_equal(other, pool[:5])
