"""Clips of a camera that moves over photos: real textures, a known motion, and other places to test on."""

from numbers import Integral

import numpy as np
from PIL import Image

from ..files.names import shown
from ..seeds import check_seed
from ..sources import DataError, Source

CLASS_NAMES = ("moves left", "moves right", "moves up", "moves down", "zooms in", "zooms out")
PHOTOS = ("china.jpg", "flower.jpg")  # of scikit-learn, which is installed with this project
BORDER = 0.6  # share of a photo's width, from the left, that training clips show; test clips show the rest
NARROW, WIDE = 40, 90  # pixels of the photo that a frame is high and wide, at least and at most
PATH = 0.4, 1.0  # how far the camera moves, in widths of a frame
ZOOM = 1.4, 2.2  # how many times as wide the widest frame is as the narrowest


def load_data(train=1200, test=300, frames=8, size=24, seed=0):
    """Generate clips in which the camera moves over a photo, or zooms.

    Every two clips in a row have the same frames, one of them backwards: the camera moves left in the one
    and right in the other. So a model that ignores the order of frames gives both the same prediction.

    Args:
        train: Number of clips to train on, a multiple of 6.
        test: The same to test on; they show other parts of the photos.
        frames: Length of a clip, 2 or more.
        size: Height and width of a frame in pixels, from 8 to 128.
        seed: The same seed generates the same clips.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: clips uint8 (n, frames, size, size, 1), grey, pixels from 0 to
        255, and labels int64 (n,), indices into `CLASS_NAMES`: what the camera does. The two photos are
        scikit-learn's sample images, CC BY 2.0 (china.jpg by 'yin', flower.jpg by 'dany').

    Raises:
        DataError: If a number is out of its range, or scikit-learn's photos are missing.

    Example:
        >>> from datasets.generated import moving_photos
        >>> (x_train, y_train), (x_test, y_test) = moving_photos.load_data(train=12, test=6, frames=4)
        >>> x_train.shape, y_train.tolist()
        ((12, 4, 24, 24, 1), [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5])
    """
    for name, clips in ("train", train), ("test", test):
        if not _is_whole(clips) or clips < len(CLASS_NAMES) or clips % len(CLASS_NAMES):
            raise DataError(f"{name}= must be a multiple of 6, 6 or more, not {shown(clips)}.")
    for name, value, least, most in ("frames", frames, 2, 64), ("size", size, 8, 128):
        if not _is_whole(value) or not least <= value <= most:
            raise DataError(f"{name}= must be a whole number from {least} to {most}, not {shown(value)}.")
    check_seed(seed)
    photos, random = _photos(), np.random.default_rng(seed)
    parts = []
    for count, left, right in ((train, 0, BORDER), (test, BORDER, 1)):
        clips = []
        for number in range(count // 2):
            photo = photos[int(random.integers(len(photos)))]
            borders = (round(left * photo.width), 0, round(right * photo.width), photo.height)
            boxes = _path(random, number % 3, frames, borders)
            clip = np.stack([_frame(photo, box, size) for box in boxes])[..., None]
            clips += [clip, clip[::-1]]
        parts.append((np.stack(clips), np.arange(count) % len(CLASS_NAMES)))
    return tuple(parts)


def locate():
    """The `Source` of these clips: they are generated.

    Returns:
        A `Source` without a path.

    Example:
        >>> from datasets.generated import moving_photos
        >>> str(moving_photos.locate())
        'moving photos'
    """
    return Source("moving photos")


def _is_whole(value):
    return isinstance(value, Integral) and not isinstance(value, bool)


def _photos():
    """The photos, grey."""
    import sklearn.datasets  # here, since it takes a second to import

    found = []
    for name in PHOTOS:
        try:
            found.append(Image.fromarray(sklearn.datasets.load_sample_image(name)).convert("L"))
        except (OSError, AttributeError, ValueError) as error:
            raise DataError(f"scikit-learn's photo {name} is missing; install scikit-learn again.") from error
    return found


def _path(random, motion, frames, borders):
    """Squares (left, top, right, bottom) of the photo that the frames show, all within the borders.

    Motion 0 goes left, 1 goes up, 2 zooms in.
    """
    left, top, right, bottom = borders
    side, steps = random.uniform(NARROW, WIDE), np.linspace(0, 1, frames)
    sides = np.full(frames, side)
    across = down = np.zeros(frames)
    if motion == 2:
        sides = min(WIDE * ZOOM[1], side * random.uniform(*ZOOM)) * (1 - steps) + side * steps
    else:
        moved = -side * random.uniform(*PATH) * steps
        across, down = (moved, down) if motion == 0 else (across, moved)
    half = sides.max() / 2
    x = random.uniform(left + half - across.min(), right - half - across.max()) + across
    y = random.uniform(top + half - down.min(), bottom - half - down.max()) + down
    return np.stack([x - sides / 2, y - sides / 2, x + sides / 2, y + sides / 2], 1)


def _frame(photo, box, size):
    """A square of the photo as uint8 (size, size)."""
    return np.asarray(photo.resize((size, size), Image.Resampling.BILINEAR, box=tuple(map(float, box))))
