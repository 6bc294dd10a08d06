"""Clips of a window that moves over photographs, in which only the order of the frames tells the class."""

import numpy as np
from PIL import Image
from scipy import ndimage

from ..sources import DataError, Source
from . import moving_shapes
from .frame_orders import eight_orders, four_orders

CLASS_NAMES = (
    "pans left", "pans right", "pans up", "pans down", "zooms out", "zooms in", "turns left", "turns right",
)  # fmt: skip
SOURCE = Source(
    "moved photos", note="photographs by danielbuechele (china) and vultilion (flower), CC BY 2.0"
)
PHOTOS = "china.jpg", "flower.jpg"  # of scikit-learn, 427 x 640 pixels each
TRAINING = 0.7  # share of the columns of each photo from which training clips come; test clips have the rest

# Of a window, in pixels of the photo: half its side, from the smallest to the largest, and how far it pans
_HALF, _PAN = (14.0, 26.0), 26.0
_TURN = np.pi / 3  # how far it turns
_REACH = _HALF[1] * np.sqrt(2) + _PAN / 2 + 2  # from the middle of its path: no window leaves its region


def load_data(train=6400, test=1600, frames=8, size=24, noise=0.0, seed=0):
    """Generate clips of a window that pans, zooms and turns over two photographs.

    The window's column, row, side and angle go through equal steps: one of them in order, the three others
    in random orders. Which one goes in order, and in which direction, is the class; so the frames of any
    clip, in another order, are a clip of any other class. Each group of eight consecutive clips has exactly
    the same frames, once for each of the eight classes.

    Args:
        train: Number of clips to train on, from the left 70 % of both photographs.
        test: Number of clips to test on, from the rest: no pixel of a test clip is in a training clip.
        frames: Length of a clip.
        size: Height and width of a frame in pixels.
        noise: Standard deviation of the noise on each pixel, in grey levels.
        seed: The same seed generates the same clips.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: clips uint8 (n, frames, size, size, 1), pixels from 0 to 255,
        and labels int64 (n,), indices into `CLASS_NAMES`. Of the photographs' licence, CC BY 2.0.

    Raises:
        DataError: If `train` or `test` is not a multiple of 8, or another number is out of its range.

    Example:
        >>> from datasets.generated import moving_photos
        >>> (x_train, y_train), (x_test, y_test) = moving_photos.load_data(train=16, test=8, frames=6)
        Data: clips of 6 frames of 24 × 24 pixels from windows moved over 2 photographs, 16 to train on and \
8 to test on, from other parts of the photographs; every 8 have the same frames, in 8 orders.
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
    for name, value, least, most in (
        ("frames", frames, moving_shapes.SMALLEST_FRAMES, moving_shapes.LARGEST_FRAMES),
        ("size", size, moving_shapes.SMALLEST_SIZE, moving_shapes.LARGEST_SIZE),
        ("noise", noise, 0, moving_shapes.LARGEST_NOISE),
    ):
        if not least <= value <= most:
            raise DataError(f"{name}= must be from {least:g} to {most:g}, not {value}.")
    random, photos = np.random.default_rng(seed), photographs()
    border = round(TRAINING * photos.shape[2])
    regions = {"train": (0, border), "test": (border, photos.shape[2])}
    parts = []
    for (begin, end), count in zip(regions.values(), (train, test), strict=True):
        region = photos[:, :, begin:end]
        sets = [_eight_clips(random, region, frames, size, noise) for _ in range(count // classes)]
        parts.append((np.concatenate(sets), np.tile(np.arange(classes), len(sets))))
    print(
        f"Data: clips of {frames} frames of {size} × {size} pixels from windows moved over {len(photos)} "
        f"photographs, {train:,} to train on and {test:,} to test on, from other parts of the photographs; "
        f"every {classes} have the same frames, in {classes} orders.",
        flush=True,
    )
    return tuple(parts)


def photographs():
    """The photographs that come with scikit-learn, in grey.

    Returns:
        float32 (2, 427, 640), from 0 to 255.

    Example:
        >>> from datasets.generated import moving_photos
        >>> moving_photos.photographs().shape
        (2, 427, 640)
    """
    from sklearn.datasets import load_sample_image

    grey = (Image.fromarray(load_sample_image(name)).convert("L") for name in PHOTOS)
    return np.stack([np.asarray(photo, "float32") for photo in grey])


def window(photo, column, row, half, turn, size):
    """Cut windows out of a photo, and bring them to one size.

    Args:
        photo: Array (height, width).
        column, row: The middle of each window, (n,).
        half: Half the side of each, in pixels of the photo, (n,).
        turn: Its angle in radians, counterclockwise, (n,).
        size: Height and width of the result in pixels.

    Returns:
        float (n, size, size), by linear interpolation between pixels.

    Example:
        >>> import numpy as np
        >>> from datasets.generated.moving_photos import window
        >>> ramp = np.tile(np.arange(50.0), (50, 1))
        >>> found = window(ramp, *np.array([[25.0], [25.0], [10.0], [0.0]]), size=5)
        >>> found[0, 2].tolist()
        [17.0, 21.0, 25.0, 29.0, 33.0]
    """
    place = (np.arange(size) + 0.5) / size * 2 - 1  # from -1 to 1, the middles of the pixels
    half = half[:, None, None]
    right, down = place[None, None, :] * half, place[None, :, None] * half
    cos, sin = np.cos(turn)[:, None, None], np.sin(turn)[:, None, None]
    columns = column[:, None, None] + right * cos + down * sin
    rows = row[:, None, None] - right * sin + down * cos
    return ndimage.map_coordinates(photo, [rows, columns], order=1, mode="nearest")


def _eight_clips(random, photos, frames, size, noise):
    """One set of frames in eight orders, one for each class: uint8 (8, frames, size, size, 1)."""
    steps = four_orders(random, frames)
    share = steps / (frames - 1) - 0.5  # each from -0.5 to 0.5 in equal steps
    photo = photos[random.integers(len(photos))]
    height, width = photo.shape
    span = random.uniform(0.75, 1, 4)[:, None]  # share of the range that is used
    right, down, grown, turned = span * share
    smaller, larger = _HALF
    frames_of = window(
        photo,
        random.uniform(_REACH, width - 1 - _REACH) + _PAN * right,
        random.uniform(_REACH, height - 1 - _REACH) + _PAN * down,
        (smaller + larger) / 2 + (larger - smaller) * grown,
        random.uniform(-np.pi / 12, np.pi / 12) + _TURN * turned,
        size,
    )
    pictures = np.clip(np.rint(frames_of + random.normal(0, noise, frames_of.shape)), 0, 255)
    return pictures.astype("uint8")[..., None][eight_orders(steps)]
