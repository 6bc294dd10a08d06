"""Windows moved over photographs: what optical flow measures tells the class, and only the order does."""

import numpy as np
import pytest
from scipy import ndimage

from datasets import DataError
from datasets.generated import moving_photos

CLASSES = moving_photos.CLASS_NAMES


@pytest.fixture(scope="module")
def clips():
    return moving_photos.load_data(train=320, test=80, size=48, seed=4)


def fitted_motion(one, other):
    """(right, down, growth, turn counterclockwise) of the picture from one frame to the next.

    Least squares of the brightness constancy equation, with a field of translation, scale and rotation: Lucas
    and Kanade's method, which knows nothing of how the frames were made.
    """
    one, other = (ndimage.gaussian_filter(each.astype(float), 2) for each in (one, other))
    mean = (one + other) / 2
    down, right = np.gradient(mean)
    place = np.arange(len(one)) - (len(one) - 1) / 2
    x, y = np.meshgrid(place, place)
    inner = np.abs(np.maximum(np.abs(x), np.abs(y))) < len(one) / 2 - 5
    columns = [right, down, right * x + down * y, right * y - down * x]
    matrix = np.stack([column[inner] for column in columns], 1)
    return np.linalg.lstsq(matrix, (one - other)[inner], rcond=None)[0]


def test_shapes_types_and_balance(clips):
    for (x, y), count in zip(clips, (320, 80), strict=True):
        assert x.shape == (count, 8, 48, 48, 1) and x.dtype == np.uint8
        assert np.bincount(y).tolist() == [count // 8] * 8
    (x, y), _ = moving_photos.load_data(train=16, test=8, seed=4)
    again = moving_photos.load_data(train=16, test=8, seed=4)[0][0]
    np.testing.assert_array_equal(x, again)
    assert not np.array_equal(x, moving_photos.load_data(train=16, test=8, seed=5)[0][0])


def test_eight_clips_have_the_same_frames_and_opposites_run_backwards(clips):
    (x, _), _ = clips
    for group in x.reshape(-1, 8, *x.shape[1:]):
        frames = {tuple(sorted(frame.tobytes() for frame in clip)) for clip in group}
        assert len(frames) == 1
        for first in range(0, 8, 2):
            np.testing.assert_array_equal(group[first], group[first + 1][::-1])


def test_the_motion_that_runs_in_one_direction_is_the_class():
    """The whole way is measured of sets in which the steps of the other three traits are small."""
    photo = moving_photos.photographs()[0]
    steps = np.linspace(-1, 1, 9)
    middle = np.full(9, 200.0), np.full(9, 200.0), np.full(9, 40.0), np.zeros(9)
    # How the picture moves when the window does: the other way
    for trait, (size, sign) in enumerate(((4, -1), (4, -1), (2, -1), (0.1, -1))):
        values = [part.copy() for part in middle]
        values[trait] = values[trait] + size * steps
        found = moving_photos.window(photo, *values, size=48)
        motions = np.array([fitted_motion(one, other) for one, other in zip(found, found[1:], strict=False)])
        assert np.sign(np.median(motions, 0)[trait]) == sign, (trait, np.median(motions, 0))


def test_classes_are_named_after_the_windows_motion():
    """The trait of each class, read from the orders: the window moves left where its column shrinks."""
    seen = []

    def noted(photo, column, row, half, turn, size):
        seen.append(np.stack([column, row, half, turn]))
        return np.arange(len(column))[:, None, None] + np.zeros((size, size))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moving_photos, "window", noted)
        (x, y), _ = moving_photos.load_data(train=8, test=8)
    rising = {
        "pans left": (0, -1), "pans right": (0, 1), "pans up": (1, -1), "pans down": (1, 1),
        "zooms out": (2, 1), "zooms in": (2, -1), "turns left": (3, 1), "turns right": (3, -1),
    }  # fmt: skip
    for clip, label in zip(x, y, strict=True):
        trait, sign = rising[CLASSES[label]]
        values = seen[0][trait][clip[:, 0, 0, 0]]
        np.testing.assert_allclose(np.diff(values), sign * abs(values[1] - values[0]))


def test_no_pixel_of_a_test_clip_is_in_a_training_clip(monkeypatch):
    """Photographs in which each side of the border has a brightness of its own."""
    border = round(moving_photos.TRAINING * 640)
    painted = np.zeros((2, 427, 640), "float32")
    painted[:, :, border:] = 200
    monkeypatch.setattr(moving_photos, "photographs", lambda: painted)
    (x_train, _), (x_test, _) = moving_photos.load_data(train=400, test=400)
    assert x_train.max() == 0
    assert x_test.min() == 200


def test_windows_do_not_reach_over_an_edge_of_their_photo():
    reach = moving_photos._REACH
    corner = moving_photos._HALF[1] * np.sqrt(2) + moving_photos._PAN / 2
    assert corner <= reach < (1 - moving_photos.TRAINING) * 640 / 2


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"train": 9}, "train= must be a multiple of 8"),
        ({"test": 0}, "test= must be a multiple of 8"),
        ({"frames": 3}, "frames= must be from 4 to 64, not 3"),
        ({"size": 129}, "size= must be from 16 to 128, not 129"),
        ({"noise": -1}, "noise= must be from 0 to 100, not -1"),
    ],
)
def test_impossible_numbers_are_refused(bad, said):
    with pytest.raises(DataError, match=said):
        moving_photos.load_data(**bad)
