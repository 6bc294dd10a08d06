"""Clips of a moving shape: what a picture's moments measure tells the class, and only their order does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from datasets import DataError
from datasets.generated import moving_shapes

# Which of `measure`'s numbers rises in clips of each class, or falls
ORDERED = {
    "moves left": (0, -1),
    "moves right": (0, 1),
    "moves up": (1, 1),
    "moves down": (1, -1),
    "grows": (2, 1),
    "shrinks": (2, -1),
    "turns left": (3, 1),
    "turns right": (3, -1),
}


def measure(pictures):
    """Of each picture: centre of gravity across and upwards, ink, and where the tip points."""
    paper = np.median(pictures, (-3, -2, -1), keepdims=True)
    ink = (pictures - paper)[..., 0]
    total = ink.sum((-2, -1))
    place = np.arange(ink.shape[-1]) - (ink.shape[-1] - 1) / 2
    right = (ink * place).sum((-2, -1)) / total
    up = (ink * -place[:, None]).sum((-2, -1)) / total
    x, y = place - right[..., None, None], -place[:, None] - up[..., None, None]

    def moment(p, q):
        return (ink * x**p * y**q).sum((-2, -1)) / total

    axis = np.arctan2(2 * moment(1, 1), moment(2, 0) - moment(0, 2)) / 2
    c, s = np.cos(axis), np.sin(axis)
    # Along the axis the ink has a long thin tail on the tip's side: there the third moment is positive
    skew = (
        moment(3, 0) * c**3 + 3 * moment(2, 1) * c**2 * s + 3 * moment(1, 2) * c * s**2 + moment(0, 3) * s**3
    )
    turn = np.where(skew < 0, axis + np.pi, axis)
    turn = (turn + np.pi / 2) % (2 * np.pi) - np.pi / 2  # -90 to 270 degrees: it never points down
    return np.stack([right, up, total, turn], -1)


@pytest.fixture(scope="module")
def clear():
    """Clips without noise, large enough to measure well."""
    (clips, labels), _ = moving_shapes.load_data(train=800, test=8, size=48, noise=0, seed=5)
    return clips.astype(float), labels


@pytest.mark.parametrize("name", moving_shapes.CLASS_NAMES)
def test_what_the_class_says_happens_in_every_frame_and_nothing_else(clear, name):
    clips, labels = clear
    steps = np.diff(measure(clips[labels == moving_shapes.CLASS_NAMES.index(name)]), axis=1)  # (n, 7, 4)
    which, way = ORDERED[name]
    assert (way * steps[..., which] > 0).all()
    others = np.delete(steps, which, -1)
    assert not (others > 0).all(1).any()
    assert not (others < 0).all(1).any()


def test_every_step_of_what_goes_in_order_is_about_the_same(clear):
    clips, labels = clear
    for name, (which, _) in ORDERED.items():
        values = measure(clips[labels == moving_shapes.CLASS_NAMES.index(name)])[..., which]
        steps = np.diff(np.sqrt(values) if name in ("grows", "shrinks") else values, axis=1)
        assert (np.abs(steps) < 1.25 * np.abs(steps).mean(1, keepdims=True)).all(), name


def test_what_does_not_go_in_order_is_not_much_like_what_does(clear):
    """The docstring's word: what changes at random must not nearly be another class."""
    clips, labels = clear
    for name, (which, _) in ORDERED.items():
        values = measure(clips[labels == moving_shapes.CLASS_NAMES.index(name)])
        ranks = values.argsort(1).argsort(1) - 3.5  # (n, 8, 4)
        alike = (ranks * ranks[..., [which]]).sum(1) / (ranks[..., which] ** 2).sum(1)[:, None]
        np.testing.assert_array_equal(alike[:, which], 1)
        assert np.abs(np.delete(alike, which, 1)).max() <= 0.6 + 1e-9, name


def test_eight_clips_have_the_same_frames_and_each_has_its_opposite_backwards():
    (clips, labels), _ = moving_shapes.load_data(train=80, test=8, seed=2)
    for eight, of in zip(clips.reshape(10, 8, *clips.shape[1:]), labels.reshape(10, 8), strict=True):
        assert of.tolist() == list(range(8))
        frames = [sorted(frame.tobytes() for frame in clip) for clip in eight]
        assert all(one == frames[0] for one in frames)
        assert len(set(frames[0])) == 8
        assert len({clip.tobytes() for clip in eight}) == 8
        np.testing.assert_array_equal(eight[0::2, ::-1], eight[1::2])


def test_what_ignores_order_is_right_for_one_clip_in_eight_and_what_sees_it_for_far_more():
    """Whatever function of a clip's set of frames: the same for all eight, so 12.5 % exactly."""
    (x_train, y_train), (x_test, y_test) = moving_shapes.load_data(train=1600, test=800, size=32, noise=0)
    train, test = (measure(clips.astype(float)) for clips in (x_train, x_test))  # (n, 8, 4)
    scale = train.std((0, 1))
    for unordered in (
        lambda values: np.sort(values, axis=1).reshape(len(values), -1),
        lambda values: np.concatenate([values.mean(1), values.std(1), (values**3).mean(1)], -1).round(6),
    ):
        model = LogisticRegression(max_iter=300).fit(unordered(train / scale), y_train)
        assert model.score(unordered(test / scale), y_test) == 0.125
    in_order = LogisticRegression(max_iter=300).fit((train / scale).reshape(-1, 32), y_train)
    assert in_order.score((test / scale).reshape(-1, 32), y_test) > 0.95


def test_no_single_frame_tells_the_class(clear):
    """Each frame on its own comes as often in every class, and as often at every place of a clip."""
    clips, labels = clear
    pools = [{frame.tobytes() for frame in clips[labels == n].reshape(-1, 48, 48)} for n in range(8)]
    assert all(pool == pools[0] for pool in pools)


def test_shapes_types_ranges_and_seeds():
    (x_train, y_train), (x_test, y_test) = moving_shapes.load_data(
        train=16, test=24, frames=5, size=20, seed=1
    )
    assert x_train.shape == (16, 5, 20, 20, 1)
    assert x_test.shape == (24, 5, 20, 20, 1)
    assert x_train.dtype == x_test.dtype == np.uint8
    assert y_train.dtype == y_test.dtype == np.int64
    assert x_train.max() > 150
    assert x_train.min() < 90
    frames = {frame.tobytes() for frame in x_train.reshape(-1, 20, 20)}
    assert not frames & {frame.tobytes() for frame in x_test.reshape(-1, 20, 20)}
    again, other = (moving_shapes.load_data(16, 24, 5, 20, seed=seed)[0][0] for seed in (1, 2))
    np.testing.assert_array_equal(x_train, again)
    assert not np.array_equal(x_train, other)


def test_noise_is_as_strong_as_asked_for():
    (clips, _), _ = moving_shapes.load_data(train=800, test=8, size=64, noise=4)
    corners = clips[:, :, :6, :6].astype(float)
    assert corners[corners.mean((1, 2, 3, 4)) > 20].std((1, 2, 3, 4)).mean() == pytest.approx(4, rel=0.05)


@settings(max_examples=30, deadline=None)
@given(frames=st.integers(4, 64), size=st.integers(16, 128), seed=st.integers(0, 2**32 - 1))
def test_the_shape_stays_in_the_picture_at_any_setting(frames, size, seed):
    (clips, _), _ = moving_shapes.load_data(8, 8, frames, size, noise=0, seed=seed)
    edge = np.concatenate([clips[:, :, [0, -1]].ravel(), clips[:, :, :, [0, -1]].ravel()])
    paper = np.median(clips)
    assert (edge - paper).max() < 0.6 * (clips.max() - paper)  # a tip may just touch it


def test_shuffling_keeps_every_frame_and_gives_each_clip_an_order_of_its_own():
    clips = np.arange(200)[:, None, None] * 10 + np.arange(8)[:, None]  # (200, 8, 1)
    shuffled = moving_shapes.shuffle_frames(clips, seed=3)
    np.testing.assert_array_equal(np.sort(shuffled, axis=1), clips)
    orders = shuffled[..., 0] % 10
    assert len({order.tobytes() for order in orders}) > 190
    assert np.abs(orders.mean(0) - 3.5).max() < 0.7  # no place prefers a frame: its sd is 0.16
    np.testing.assert_array_equal(shuffled, moving_shapes.shuffle_frames(clips, seed=3))


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"train": 0}, "train= must be a multiple of 8, .*not 0"),
        ({"test": 12}, "test= must be a multiple of 8, .*not 12"),
        ({"train": -8}, "train= must be .*not -8"),
        ({"frames": 3}, "frames= must be from 4 to 64, not 3"),
        ({"frames": 65}, "frames= must be from 4 to 64, not 65"),
        ({"size": 15}, "size= must be from 16 to 128, not 15"),
        ({"size": 10**6}, "size= must be from 16 to 128, not 1000000"),
        ({"noise": -1}, "noise= must be from 0 to 100, not -1"),
        ({"noise": float("nan")}, "noise= must be from 0 to 100, not nan"),
    ],
)
def test_impossible_numbers_are_refused(bad, said):
    with pytest.raises(DataError, match=said):
        moving_shapes.load_data(**bad)
