"""Clips of a moving shape, in which only the order of the frames tells the class."""

import numpy as np

from ..sources import DataError, Source
from .frame_orders import eight_orders, four_orders

CLASS_NAMES = (
    "moves left", "moves right", "moves up", "moves down", "grows", "shrinks", "turns left", "turns right",
)  # fmt: skip
SMALLEST_FRAMES, LARGEST_FRAMES = 4, 64
SMALLEST_SIZE, LARGEST_SIZE = 16, 128
LARGEST_NOISE = 100.0  # grey levels; with more, small shapes drown

# The shape is a pointed triangle: for each side the outward normal, and its distance from the centroid
# when the tip is 1 away from it. Before it is rotated, it points right
_POINTED = np.deg2rad(18)  # half the angle at the tip
_OUT = np.array([[np.sin(_POINTED), np.cos(_POINTED)], [np.sin(_POINTED), -np.cos(_POINTED)], [-1, 0]])
_AWAY = np.array([np.sin(_POINTED), np.sin(_POINTED), 0.5])


def load_data(train=6400, test=1600, frames=8, size=24, noise=10.0, seed=0):
    """Generate clips of a shape whose column, row, size and angle all change from frame to frame.

    Each of these four goes through `frames` equal steps: one of them in order, the three others in
    random orders that are not much like it. Which one goes in order, and in which direction, is the
    class. So the frames of any clip, in another order, are a clip of any other class.

    Each group of eight consecutive clips has exactly the same frames, once for each of the eight classes.
    A model that ignores the order of frames gives all eight the same prediction, which is correct for
    one of them.

    Args:
        train: Number of clips to train on.
        test: Number of clips to test on; none shares a frame with a training clip.
        frames: Length of a clip.
        size: Height and width of a frame in pixels.
        noise: Standard deviation of the noise on each pixel, in grey levels.
        seed: The same seed generates the same clips.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: clips uint8 (n, frames, size, size, 1), pixels
        from 0 to 255, and labels int64 (n,), indices into `CLASS_NAMES`. Generated, so free of any
        licence.

    Raises:
        DataError: If `train` or `test` is not a multiple of 8, or another number is out of its range.

    Example:
        >>> from datasets.generated import moving_shapes
        >>> (x_train, y_train), (x_test, y_test) = moving_shapes.load_data(train=16, test=8, frames=6)
        Data: generated clips of 6 frames of 24 × 24 pixels, 16 to train on and 8 to test on; every 8 have \
the same frames, in 8 orders.
        >>> x_train.shape, y_train[:8].tolist()
        ((16, 6, 24, 24, 1), [0, 1, 2, 3, 4, 5, 6, 7])
    """
    classes = len(CLASS_NAMES)
    for name, clips in ("train", train), ("test", test):
        if clips < classes or clips % classes:
            raise DataError(
                f"{name}= must be a multiple of {classes}, {classes} or more, so that every set of frames "
                f"is shown in all {classes} orders, not {clips}."
            )
    _check("frames", frames, SMALLEST_FRAMES, LARGEST_FRAMES)
    _check("size", size, SMALLEST_SIZE, LARGEST_SIZE)
    _check("noise", noise, 0, LARGEST_NOISE)
    random = np.random.default_rng(seed)
    clips = [_eight_clips(random, frames, size, noise) for _ in range((train + test) // classes)]
    x = np.concatenate(clips)
    y = np.tile(np.arange(classes), len(clips))
    print(
        f"Data: generated clips of {frames} frames of {size} × {size} pixels, {train:,} to train on and "
        f"{test:,} to test on; every {classes} have the same frames, in {classes} orders.",
        flush=True,
    )
    return (x[:train], y[:train]), (x[train:], y[train:])


def shuffle_frames(clips, seed=0):
    """Put the frames of each clip into a random order of its own.

    Args:
        clips: Array (n, frames, ...).
        seed: The same seed gives the same orders.

    Returns:
        Array of the same shape and type.

    Example:
        >>> import numpy as np
        >>> from datasets.generated.moving_shapes import shuffle_frames
        >>> clips = np.arange(8).reshape(2, 4)
        >>> shuffled = shuffle_frames(clips, seed=1)
        >>> np.sort(shuffled, axis=1).tolist() == clips.tolist()
        True
    """
    order = np.random.default_rng(seed).permuted(np.tile(np.arange(clips.shape[1]), (len(clips), 1)), axis=1)
    return clips[np.arange(len(clips))[:, None], order]


def locate():
    """The `Source` of these clips: they are generated.

    Returns:
        A `Source` without a path.

    Example:
        >>> from datasets.generated import moving_shapes
        >>> str(moving_shapes.locate())
        'generated'
    """
    return Source("generated")


def draw(right, down, length, turn, size):
    """Draw pointed triangles, anti-aliased.

    Args:
        right: Column of each centre, in pixels from the middle, (n,).
        down: Row of each centre, in pixels from the middle, (n,).
        length: Distance from each centre to its tip, in pixels, (n,).
        turn: Direction of each tip, in radians counterclockwise from "right", (n,).
        size: Height and width of an image in pixels.

    Returns:
        float64 (n, size, size): 1 inside of the triangle, 0 outside.

    Example:
        >>> import numpy as np
        >>> from datasets.generated.moving_shapes import draw
        >>> zero = np.zeros(1)
        >>> draw(right=zero, down=zero, length=zero + 8, turn=zero, size=24).shape
        (1, 24, 24)
    """
    place = np.arange(size) - (size - 1) / 2
    x = place - right[:, None, None]  # (n, 1, size)
    y = down[:, None, None] - place[:, None]  # (n, size, 1), upwards
    cos, sin = np.cos(turn)[:, None, None], np.sin(turn)[:, None, None]
    along, across = x * cos + y * sin, y * cos - x * sin  # (n, size, size)
    length = length[:, None, None]
    outside = [u * along + v * across - far * length for (u, v), far in zip(_OUT, _AWAY, strict=True)]
    return np.clip(0.5 - np.max(outside, axis=0), 0, 1)


def _check(name, value, smallest, largest):
    if not smallest <= value <= largest:
        raise DataError(f"{name}= must be from {smallest:g} to {largest:g}, not {value}.")


def _eight_clips(random, frames, size, noise):
    """One set of frames in eight orders, one for each class: uint8 (8, frames, size, size, 1)."""
    steps = four_orders(random, frames)  # (4, frames)
    share = steps / (frames - 1) - 0.5  # each from -0.5 to 0.5 in equal steps
    span = random.uniform(0.75, 1, 4)  # share of the range that is used
    slack = (1 - span) * random.uniform(-0.5, 0.5, 4)
    right, down, length, turn = span[:, None] * share + slack[:, None]
    ink = draw(
        right=0.28 * size * right,
        down=0.28 * size * down,
        length=size * (0.28 + 0.16 * length),
        turn=np.pi * (0.5 + turn),  # like the needle of a gauge: from right over up to left
        size=size,
    )
    paper, shape = random.uniform(0, 80), random.uniform(160, 255)
    pictures = paper + (shape - paper) * ink + random.normal(0, noise, ink.shape)
    pictures = np.clip(np.rint(pictures), 0, 255).astype("uint8")[..., None]
    return pictures[eight_orders(steps)]
