"""The lectures' convolutions by hand: every printed table."""

import numpy as np
import pytest
from scipy import signal

from datasets.generated import drawings
from models import FilterBank, by_hand, filters


def rows(text):
    return [[int(number) for number in row.split()] for row in text.split("/")]


@pytest.fixture(scope="module")
def disc():
    return by_hand.disc_tables(drawings.open_disc())


@pytest.mark.parametrize(
    ("caption", "printed"),
    [
        ("ones", "3 5 6 5 3 / 5 8 8 6 3 / 6 9 8 7 4 / 5 8 8 6 3 / 3 5 6 5 3"),
        ("horizontal lines", "0 1 3 1 0 / 1 1 1 3 3 / 0 0 -2 -4 -4 / 1 1 1 3 3 / 0 1 3 1 0"),
        ("then ReLU", "0 1 3 1 0 / 1 1 1 3 3 / 0 0 0 0 0 / 1 1 1 3 3 / 0 1 3 1 0"),
        ("then max pooling", "1 3 / 1 3"),
        ("and again", "3"),
    ],
)
def test_the_open_disc(disc, caption, printed):
    np.testing.assert_allclose(disc[caption], rows(printed), atol=1e-6)


def test_the_identity_gives_the_inner_picture(disc):
    np.testing.assert_array_equal(disc["identity"], disc["open disc"][1:-1, 1:-1])


def test_the_smiling_face_has_0_where_the_deck_prints_1():
    tables = by_hand.face_tables(drawings.smiling_face())
    filtered = rows("0 1 0 0 0 / 0 1 1 1 0 / 1 0 0 2 1 / 1 4 2 1 0 / 0 0 1 2 1")
    np.testing.assert_array_equal(tables["face, filtered"], filtered)
    np.testing.assert_array_equal(tables["face, pooled"], rows("1 1 0 / 4 2 1 / 0 2 1"))
    assert tables["face, pooled"].ravel().tolist() == [1, 1, 0, 4, 2, 1, 0, 2, 1]


def test_keras_does_not_flip_the_kernel():
    numbers = drawings.nine_numbers()
    tables = by_hand.flip_tables(numbers)
    np.testing.assert_array_equal(tables["not flipped"], [[19, 25], [37, 43]])
    np.testing.assert_array_equal(tables["kernel flipped"], [[3, 2], [1, 0]])
    true = signal.convolve2d(numbers[..., 0], [[0, 1], [2, 3]], "valid")
    np.testing.assert_array_equal(tables["flipped"], true)
    assert true.tolist() == [[5, 11], [23, 29]]


def test_a_flipped_kernel_gives_the_convolution_of_the_integral():
    """(f * g)(t) = sum of f(s) g(t - s): np.convolve, in one dimension."""
    f, g = np.random.default_rng(0).normal(size=(2, 12)).astype("float32")
    g = g[:5]
    bank = FilterBank([g, g[::-1]], (12, 1))
    not_flipped, flipped = by_hand.layer_outputs(bank, f[:, None])["filters"]
    np.testing.assert_allclose(flipped, np.convolve(f, g, "valid"), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(not_flipped, np.correlate(f, g, "valid"), rtol=1e-4, atol=1e-5)


def test_layers_outputs_come_in_order_with_features_first():
    bank = FilterBank(filters.KERNELS, (9, 8, 1), activation="relu", pool_sizes=(2, 3))
    maps = by_hand.layer_outputs(bank, np.ones((9, 8, 1), "float32"))
    assert {name: table.shape for name, table in maps.items()} == {
        "filters": (11, 7, 6),
        "activation": (11, 7, 6),
        "pool1": (11, 4, 3),
        "pool2": (11, 2, 1),
    }
    assert [*maps] == ["filters", "activation", "pool1", "pool2"]
