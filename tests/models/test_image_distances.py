"""Fréchet distances and nearest neighbours, held against closed forms, SciPy and scikit-learn."""

import numpy as np
import pytest
import scipy.linalg
from scipy.spatial import distance_matrix

from models import ModelError
from models.image_distances import frechet_distance, nearest

RANDOM = np.random.default_rng(0)


def exactly(mean, covariance, n=200):
    """Points whose mean and covariance are exactly these."""
    points = RANDOM.normal(size=(n, len(mean)))
    points -= points.mean(0)
    points = points @ np.linalg.inv(np.linalg.cholesky(np.cov(points, rowvar=False))).T
    return points @ np.linalg.cholesky(covariance).T + mean


def test_two_gaussians_along_the_axes_have_a_closed_form():
    one = exactly([1.0, 2, 3], np.diag([1.0, 4, 9]))
    other = exactly([1.0, 0, 6], np.diag([4.0, 4, 1]))
    assert frechet_distance(one, other) == pytest.approx((2**2 + 3**2) + (1 - 2) ** 2 + 0 + (3 - 1) ** 2)


def test_it_is_the_formula_with_scipys_root_of_a_matrix():
    first, second = RANDOM.normal(size=(2, 5, 5))
    covariances = first @ first.T + np.eye(5), second @ second.T + np.eye(5)
    one, other = exactly(np.zeros(5), covariances[0]), exactly(np.arange(5.0), covariances[1])
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    expected = (np.arange(5.0) ** 2).sum() + np.trace(covariances[0] + covariances[1] - 2 * root)
    assert frechet_distance(one, other) == pytest.approx(expected)
    assert frechet_distance(other, one) == pytest.approx(expected)


def test_equal_sets_are_0_apart_with_fewer_examples_than_values():
    few = RANDOM.normal(size=(6, 40))
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(few, few[::-1]) == pytest.approx(0, abs=1e-6)


def test_nearest_is_what_all_distances_say():
    images, references = RANDOM.uniform(0, 255, (1203, 4, 5, 1)), RANDOM.uniform(0, 255, (70, 4, 5, 1))
    indices, apart = nearest(images, references)
    expected = distance_matrix(images.reshape(1203, -1), references.reshape(70, -1))
    np.testing.assert_array_equal(indices, expected.argmin(1))
    np.testing.assert_allclose(apart, expected.min(1), rtol=1e-4)


def test_a_copy_is_at_distance_0_even_as_bytes():
    images = RANDOM.integers(0, 256, (30, 28, 28, 1), "uint8")
    indices, apart = nearest(images[[7, 3]], images)
    assert indices.tolist() == [7, 3] and apart.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: frechet_distance([[1.0, 2]], [[1.0, 2], [3, 4]]), "features as finite numbers"),
        (lambda: frechet_distance([[1.0, 2], [3, 4]], [[1.0], [2]]), "2 and 1 values"),
        (lambda: frechet_distance([[1.0, np.nan], [3, 4]], [[1.0, 2], [3, 4]]), "finite"),
        (lambda: frechet_distance("ab", [[1.0], [2]]), "features as finite numbers"),
        (lambda: nearest(np.ones((2, 3)), np.ones((2, 4))), "3 and 4 values"),
        (lambda: nearest(np.ones((2, 3)), np.ones((0, 3))), "references as finite numbers"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_sentence(call, said):
    with pytest.raises(ModelError, match=said):
        call()
