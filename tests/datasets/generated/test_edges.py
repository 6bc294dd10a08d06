"""Pictures and their edges, held against loops that anybody can read."""

import numpy as np
import pytest

from datasets import DataError
from datasets.generated import edges


def test_edges_are_each_pixel_less_the_mean_of_its_four_neighbours():
    (pictures, targets), _ = edges.load_data(train=3, test=1, size=12)
    for picture, target in zip(pictures[..., 0], targets[..., 0], strict=True):
        for row in range(12):
            for column in range(12):
                around = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
                mean = sum(picture[r, c] for r, c in around if 0 <= r < 12 and 0 <= c < 12) / 4
                assert target[row, column] == pytest.approx(picture[row, column] - mean, abs=1e-6)


def test_shapes_types_ranges_and_seeds():
    (x_train, y_train), (x_test, y_test) = edges.load_data(train=20, test=10, seed=1)
    assert x_train.shape == y_train.shape == (20, 32, 32, 1)
    assert x_test.shape == y_test.shape == (10, 32, 32, 1)
    assert {array.dtype for array in (x_train, y_train, x_test, y_test)} == {np.dtype("float32")}
    assert x_train.min() >= -1
    assert x_train.max() <= 1
    assert np.abs(y_train).max() <= 2
    assert len({picture.tobytes() for picture in [*x_train, *x_test]}) == 30
    np.testing.assert_array_equal(edges.load_data(train=20, test=10, seed=1)[0][0], x_train)
    assert not np.array_equal(edges.load_data(train=20, test=10, seed=2)[0][0], x_train)


@pytest.mark.parametrize("bad", [{"train": 0}, {"test": -1}, {"size": 7}])
def test_impossible_numbers_are_refused(bad):
    with pytest.raises(DataError, match=str(*bad.values())):
        edges.load_data(**bad)


def test_another_kernel_without_padding():
    """Sobel's, with loops: left neighbours less right ones, the middle row twice."""
    sobel = [[1, 0, -1], [2, 0, -2], [1, 0, -1]]
    (pictures, targets), _ = edges.load_data(train=2, test=1, size=9, kernel=sobel, padding="valid")
    assert pictures.shape == (2, 9, 9, 1)
    assert targets.shape == (2, 7, 7, 1)
    for p, target in zip(pictures[..., 0], targets[..., 0], strict=True):
        for r in range(1, 8):
            for c in range(1, 8):
                left = p[r - 1, c - 1] + 2 * p[r, c - 1] + p[r + 1, c - 1]
                right = p[r - 1, c + 1] + 2 * p[r, c + 1] + p[r + 1, c + 1]
                assert target[r - 1, c - 1] == pytest.approx(left - right, abs=1e-5)


def test_a_wide_kernel_takes_columns_only():
    (pictures, targets), _ = edges.load_data(1, 1, 9, kernel=[[0, 0, 0, 0, 1]], padding="valid")
    np.testing.assert_array_equal(targets[0], pictures[0, :, 4:])


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"kernel": [[1, 2], [3, 4]]}, r"\(2, 2\)"),
        ({"kernel": [1, 2, 3]}, r"\(3,\)"),
        ({"kernel": np.ones((33, 33))}, "33"),
        ({"padding": "full"}, "'full'"),
    ],
)
def test_impossible_kernels_are_refused(bad, said):
    with pytest.raises(DataError, match=said):
        edges.load_data(train=1, test=1, **bad)
