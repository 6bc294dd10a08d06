"""Clips of a camera over photos: the motion is what the class says, and test clips show other places."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from datasets import DataError
from datasets.generated import moving_photos
from datasets.generated.moving_photos import CLASS_NAMES, _path, _photos


@pytest.fixture(scope="module")
def clips():
    return moving_photos.load_data(train=240, test=120, frames=5, size=32, seed=3)


def shift(one, two):
    """How many pixels the second frame's view is to the right of and below the first: phase correlation."""
    window = np.hanning(32)[:, None] * np.hanning(32)
    first, second = (np.fft.fft2((each - each.mean()) * window) for each in (one, two))
    cross = first * second.conj()
    peak = np.unravel_index(np.fft.ifft2(cross / np.maximum(abs(cross), 1e-9)).real.argmax(), (32, 32))
    down, right = ((place + 16) % 32 - 16 for place in peak)
    return right, down


@pytest.mark.parametrize(
    ("name", "way"),
    [("moves left", (-1, 0)), ("moves right", (1, 0)), ("moves up", (0, -1)), ("moves down", (0, 1))],
)
def test_the_picture_moves_against_the_camera(clips, name, way):
    x, y = clips[0]
    chosen = x[y == CLASS_NAMES.index(name), ..., 0].astype(float)
    shifts = np.array([shift(clip[n], clip[n + 1]) for clip in chosen for n in range(4)])
    along, aside = shifts @ np.array(way), shifts @ np.array(way[::-1])
    assert np.mean(along > 0) > 0.8 and np.median(np.abs(aside)) <= 1


def test_a_zoom_ends_with_the_middle_of_its_first_frame(clips):
    x, y = clips[0]
    for clip in x[y == CLASS_NAMES.index("zooms in"), ..., 0].astype(float):
        wide = clip[0, 9:23, 9:23]  # the middle, at 1.4 to 2.2 times the scale
        small = clip[-1].reshape(16, 2, 16, 2).mean((1, 3))[1:15, 1:15]
        assert np.corrcoef(wide.ravel(), small.ravel())[0, 1] > 0.3 or wide.std() < 12


def test_each_clip_comes_backwards_too_and_parts_share_no_pixel(clips):
    for x, y in clips:
        np.testing.assert_array_equal(x[::2], x[1::2, ::-1])
        assert np.bincount(y).tolist() == [len(y) // 6] * 6 and x.dtype == "uint8"
    random = np.random.default_rng(0)
    for photo in _photos():
        for motion in range(3):
            boxes = _path(random, motion, 6, (0, 0, round(0.6 * photo.width), photo.height))
            assert boxes.min() >= 0 and boxes[:, 2].max() <= round(0.6 * photo.width)
            assert boxes[:, 3].max() <= photo.height
            boxes = _path(random, motion, 6, (round(0.6 * photo.width), 0, photo.width, photo.height))
            assert boxes[:, 0].min() >= round(0.6 * photo.width) and boxes[:, 2].max() <= photo.width
    again = moving_photos.load_data(train=240, test=120, frames=5, size=32, seed=3)
    np.testing.assert_array_equal(again[1][0], clips[1][0])


def test_a_linear_model_of_the_pixels_stays_near_chance(clips):
    (x, y), (xt, yt) = clips
    flat = [some.reshape(len(some), -1) / 255 for some in (x, xt)]
    assert LogisticRegression(C=0.01, max_iter=200).fit(flat[0], y).score(flat[1], yt) < 0.4


@pytest.mark.parametrize(
    "wrong",
    [
        {"train": 8},
        {"test": 0},
        {"frames": 1},
        {"size": 4},
        {"train": "6"},
        {"frames": 2.5},
        {"size": None},
        {"seed": -1},
        {"seed": "0"},
    ],
)
def test_numbers_out_of_their_range_are_refused(wrong):
    with pytest.raises(DataError, match=f"{next(iter(wrong))}= must be"):
        moving_photos.load_data(**{"train": 6, "test": 6} | wrong)
