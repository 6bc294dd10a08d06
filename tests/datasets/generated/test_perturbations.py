"""Perturbed images do what their unit says, measured on what comes out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from datasets import DataError
from datasets.generated import perturbations
from datasets.generated.perturbations import DIRECTIONS, dim, relight, rotate, scale, shift, shuffle_columns


def bars(count=8, size=28):
    """A bar that is longer than wide, a little off the middle: every direction shows."""
    images = np.zeros((count, size, size, 1), "uint8")
    images[:, 10:14, 8:20] = 200
    return images


def middle(image):
    return np.array(ndimage.center_of_mass(image[..., 0]))


def axis(image):
    """Direction of an image's long axis, in degrees counter-clockwise from the right."""
    rows, columns = np.nonzero(image[..., 0] > 40)
    weights = image[rows, columns, 0]
    spread = np.cov(np.stack([columns, -rows]), aweights=weights)
    x, y = np.linalg.eigh(spread)[1][:, -1]
    return np.degrees(np.arctan2(y, x)) % 180


AMOUNTS = [(shift, 0), (rotate, 0), (scale, 1), (dim, 0), (relight, 0)]


@pytest.mark.parametrize(("perturb", "none"), AMOUNTS)
def test_no_amount_changes_nothing_and_the_input_is_left_alone(perturb, none):
    images = np.random.default_rng(0).integers(0, 256, (5, 12, 9, 2), "uint8")
    before = images.copy()
    out = perturb(images, none)
    np.testing.assert_allclose(out, images, atol=1e-3)
    assert out.dtype == np.float32
    perturb(images, 0.5)
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize("pixels", [1, 2.5, 4])
def test_a_shift_moves_by_so_many_pixels_in_four_directions(pixels):
    before, after = bars(), shift(bars(), pixels)
    for n in range(8):
        moved = middle(after[n]) - middle(before[n])
        np.testing.assert_allclose(moved, pixels * DIRECTIONS[n % 4], atol=0.01)
    assert {tuple(way) for way in DIRECTIONS} == {(0, 1), (1, 0), (0, -1), (-1, 0)}


def test_a_whole_shift_is_numpys():
    images = np.random.default_rng(0).integers(0, 256, (4, 9, 11, 1), "uint8")
    right, down, left, up = shift(images, 2)
    np.testing.assert_array_equal(right[:, 2:], images[0][:, :-2])
    assert (right[:, :2] == 0).all()
    np.testing.assert_array_equal(down[2:], images[1][:-2])
    np.testing.assert_array_equal(left[:, :-2], images[2][:, 2:])
    np.testing.assert_array_equal(up[:-2], images[3][2:])


@pytest.mark.parametrize("degrees", [10, 30, 60])
def test_a_rotation_turns_by_so_many_degrees_each_way(degrees):
    turned = rotate(bars(4), degrees)
    for n in range(4):
        clockwise = n % 2 == 0
        assert axis(turned[n]) == pytest.approx(180 - degrees if clockwise else degrees, abs=1.5), n


def test_a_quarter_turn_is_numpys():
    images = np.random.default_rng(0).integers(0, 256, (2, 9, 9, 1), "uint8")
    turned = rotate(images, 90)
    np.testing.assert_allclose(turned[0, ..., 0], np.rot90(images[0, ..., 0], -1), atol=0.05)
    np.testing.assert_allclose(turned[1, ..., 0], np.rot90(images[1, ..., 0]), atol=0.05)


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.5])
def test_a_size_changes_the_area_by_its_square(factor):
    images = np.zeros((1, 40, 40, 1), "uint8")
    images[:, 12:28, 12:28] = 100
    assert scale(images, factor).sum() / images.sum() == pytest.approx(factor**2, rel=0.02)
    np.testing.assert_allclose(middle(scale(images, factor)[0]), (19.5, 19.5), atol=0.01)


def test_dimming_takes_a_share_of_every_pixel():
    np.testing.assert_allclose(dim(bars(), 0.3), 0.7 * bars(), rtol=1e-6)


def test_light_falls_in_from_four_sides_and_ends_at_white():
    lit = relight(np.zeros((4, 5, 5, 1)), 0.4)[..., 0]
    for image, (row, column) in zip(lit, DIRECTIONS, strict=True):
        brightest = image[2 + 2 * row, 2 + 2 * column]
        darkest = image[2 - 2 * row, 2 - 2 * column]
        assert (brightest, image[2, 2], darkest) == pytest.approx((102, 51, 0))
    assert relight(np.full((4, 5, 5, 1), 250), 1).max() == 255


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 99), shape=st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 6)))
def test_a_shuffle_keeps_every_value_and_can_be_undone(seed, shape):
    random = np.random.default_rng(seed)
    examples = random.integers(0, 256, (*shape, 1), "uint8")
    order = random.permutation(examples[0].size)
    shuffled = shuffle_columns(examples, order)
    assert shuffled.shape == examples.shape
    for before, after in zip(examples, shuffled, strict=True):
        assert [before.ravel()[place] for place in order] == after.ravel().tolist()
    np.testing.assert_array_equal(shuffle_columns(shuffled, np.argsort(order)), examples)


@pytest.mark.parametrize(
    ("perturb", "amount", "said"),
    [
        ("shift", -1, "pixels= must be 0 or more, not -1"),
        ("rotate", 361, "degrees= must be from 0 to 360, not 361"),
        ("scale", 0, "factor= must be from 0.1 to 10, not 0"),
        ("dim", 1.5, "share= must be from 0 to 1, not 1.5"),
        ("relight", float("nan"), "strength= must be from 0 to 1, not nan"),
    ],
)
def test_impossible_amounts_are_refused_in_a_sentence(perturb, amount, said):
    with pytest.raises(DataError, match=said):
        getattr(perturbations, perturb)(bars(), amount)


@pytest.mark.parametrize("order", [[0, 1], [0, 1, 2, 2], [1, 2, 3, 4]])
def test_an_order_that_is_none_is_refused(order):
    with pytest.raises(DataError, match="order= must hold each number from 0 to 3 once"):
        shuffle_columns(np.zeros((3, 2, 2)), order)
