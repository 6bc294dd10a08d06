"""Perturbed images, held against NumPy."""

import keras
import numpy as np
import pytest

from models import augmentation
from models.augmentation import random_affine, random_light

STILL = {"degrees": 0, "zoom": 0, "shear": 0, "shift": 0}


def square(side=9, size=28):
    image = np.zeros((1, size, size, 1), "float32")
    a = (size - side) // 2
    image[:, a : a + side, a : a + side] = 200
    return image


def test_no_limits_change_nothing():
    images = np.random.default_rng(0).integers(0, 256, (4, 28, 28, 1), "uint8")
    np.testing.assert_array_equal(random_affine(images, **STILL), images)


def fixed(monkeypatch, value):
    """Let every random amount be `value` times its limit."""
    monkeypatch.setattr(
        augmentation.keras.random,
        "uniform",
        lambda shape, low, high: keras.ops.full(shape, value * high, dtype="float32"),
    )


def test_a_quarter_turn_is_numpys(monkeypatch):
    fixed(monkeypatch, 1)
    image = np.random.default_rng(0).uniform(0, 255, (1, 28, 28, 1)).astype("float32")
    turned = np.asarray(random_affine(image, **STILL | {"degrees": 90}))[0, ..., 0]
    np.testing.assert_allclose(turned, np.rot90(image[0, ..., 0]), atol=0.05)


def test_a_shift_is_numpys(monkeypatch):
    fixed(monkeypatch, 1)
    image = np.random.default_rng(0).uniform(0, 255, (1, 28, 28, 1)).astype("float32")
    moved = np.asarray(random_affine(image, **STILL | {"shift": 3}))
    np.testing.assert_allclose(moved[:, :-3, :-3], image[:, 3:, 3:], atol=0.05)
    assert (moved[:, -3:] == 0).all()


@pytest.mark.parametrize(("value", "area"), [(1, 1.44), (-1, 0.64)])
def test_zoom_changes_the_area_by_its_square(monkeypatch, value, area):
    fixed(monkeypatch, value)
    zoomed = np.asarray(random_affine(square(), **STILL | {"zoom": 0.2}))
    assert zoomed.sum() / square().sum() == pytest.approx(area, rel=0.05)


def test_shear_moves_the_top_against_the_bottom_and_keeps_the_area(monkeypatch):
    fixed(monkeypatch, 1)
    slanted = np.asarray(random_affine(square(), **STILL | {"shear": 0.5}))[0, ..., 0]
    columns = np.arange(28)
    top, bottom = (np.average(columns, weights=slanted[row]) for row in (10, 17))
    assert abs(top - bottom) == pytest.approx(3.5, abs=0.1)
    assert slanted.sum() == pytest.approx(square().sum(), rel=0.01)


def test_every_image_has_its_own_amounts_and_a_seed_repeats_them():
    images = np.repeat(square(), 5, axis=0)
    keras.utils.set_random_seed(0)
    once = np.asarray(random_affine(images))
    keras.utils.set_random_seed(0)
    np.testing.assert_array_equal(once, random_affine(images))
    assert len({image.tobytes() for image in once}) == 5


def test_light_stays_within_its_limits_and_differs_from_image_to_image():
    images = np.full((200, 9, 9, 1), 100, "uint8")
    keras.utils.set_random_seed(0)
    lit = np.asarray(random_light(images, dimming=0.5, glow=0.4))
    assert lit.min() >= 50
    assert lit.max() <= 100 + 0.4 * 255 + 1e-3
    assert lit.min() < 55
    assert lit.max() > 180
    # As much brighter as darker sides: left and right, above and below
    means = lit.mean(0)[..., 0]
    assert abs(means[:, 0].mean() - means[:, -1].mean()) < 8
    assert abs(means[0].mean() - means[-1].mean()) < 8
    assert len({image.tobytes() for image in lit}) == 200


def test_light_falls_evenly_across_from_one_side():
    keras.utils.set_random_seed(1)
    for image in np.asarray(random_light(np.zeros((20, 8, 8, 1)), dimming=0, glow=0.5))[..., 0]:
        down, right = np.diff(image, axis=0), np.diff(image, axis=1)
        assert np.ptp(down) < 1e-3
        assert np.ptp(right) < 1e-3
        assert image.min() == pytest.approx(0, abs=1e-3)


def test_no_light_changes_nothing_and_white_stays_white():
    images = np.random.default_rng(0).integers(0, 256, (4, 6, 6, 3), "uint8")
    np.testing.assert_allclose(random_light(images, dimming=0, glow=0), images)
    assert np.asarray(random_light(np.full((5, 4, 4, 1), 255), dimming=0, glow=1)).max() == 255
