"""One clip: evenly spaced frames of a folder of images, an animation, or a film, brought to one size."""

import re
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import DataError
from ..files.contents import content_of
from ..files.names import shown
from ..photos import read_square
from . import animations, films

FRAMES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff"}  # images of which a folder is a clip
SUFFIXES = animations.SUFFIXES | films.SUFFIXES
MAX_BYTES = 500_000_000  # of one file
MAX_FRAMES = 10_000  # of a clip: over five minutes at 30 frames a second
MOST, LARGEST = 1_000, 512  # frames that are asked for, and their height and width
ONE_COLOUR = 4  # of 255, the range of all values below which a clip shows nothing


def read_clip(path, frames=8, size=24, channels=3):
    """Read a clip: frames in equal steps from the first to the last one, each its largest centred square.

    Args:
        path: A folder whose images are the frames, in the order of the numbers in their names; an animated
            GIF or WebP file; or a film (MP4, MOV, MKV, WebM, AVI), which needs the optional package av.
        frames: Number of frames.
        size: Height and width in pixels.
        channels: 3 for RGB, 1 for grey.

    Returns:
        uint8 array (frames, size, size, channels), from 0 to 255.

    Raises:
        DataError: If there is no such clip, it has fewer frames, is damaged, cut off, of one colour
            throughout, or so large that it may be an attack.

    Example:
        >>> import pathlib, tempfile
        >>> from PIL import Image
        >>> from datasets import videos
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "grey.gif")
        ...     some = [Image.new("L", (30, 20), 50 * n) for n in range(5)]
        ...     some[0].save(file, save_all=True, append_images=some[1:])
        ...     videos.read_clip(file, frames=3, size=8)[:, 0, 0, 0].tolist()
        [0, 100, 200]
    """
    if not 1 <= frames <= MOST or not 1 <= size <= LARGEST:
        raise DataError(
            f"A clip needs frames= from 1 to {MOST:,} and size= from 1 to {LARGEST}, not {frames} and {size}."
        )
    path = Path(path)
    try:
        if path.is_dir():
            clip = _from_folder(path, frames, size)
        else:
            kind = animations if path.suffix.lower() in animations.SUFFIXES else films
            content = content_of(path, MAX_BYTES, "a clip", "cut it into clips", "replace or remove it")
            clip = kind.read(content, shown(path), lambda found: chosen(found, frames, path), size)
    except OSError as error:
        raise DataError(f"{shown(path)} cannot be read ({error.strerror}); name another clip.") from error
    if int(clip.max()) - int(clip.min()) < ONE_COLOUR:
        raise DataError(f"{shown(path)} is of one colour throughout; replace or remove it.")
    return clip if channels == 3 else np.stack([_grey(frame) for frame in clip])


def _grey(frame):
    return np.asarray(Image.fromarray(frame).convert("L"))[..., None]


def chosen(found, frames, path):
    """Which frames of so many are taken: in equal steps, the first and the last one among them.

    Args:
        found: Number of frames that the clip has.
        frames: Number of frames that are wanted.
        path: Of the clip, for messages.

    Returns:
        List of numbers, from 0.

    Raises:
        DataError: If there are too few, or too many.

    Example:
        >>> from datasets.videos.reading import chosen
        >>> chosen(13, 4, "a.gif")
        [0, 4, 8, 12]
    """
    if found < frames:
        are = "frame" if found == 1 else "frames"
        raise DataError(
            f"{shown(path)} has {found:,} {are} where {frames:,} are needed; "
            "take a longer clip, or fewer as frames=."
        )
    if found > MAX_FRAMES:
        raise DataError(
            f"{shown(path)} has {found:,} frames where at most {MAX_FRAMES:,} are taken; cut it into clips."
        )
    return np.round(np.linspace(0, found - 1, frames)).astype(int).tolist()


def frame_files(folder):
    """The images of a folder of frames, frame2 before frame10.

    Args:
        folder: A `Path`.

    Returns:
        List of `Path`; empty if there are none.

    Example:
        >>> import pathlib, tempfile
        >>> from datasets.videos.reading import frame_files
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in "frame10.png", "frame2.png", "notes.txt":
        ...         pathlib.Path(folder, name).touch()
        ...     [file.name for file in frame_files(pathlib.Path(folder))]
        ['frame2.png', 'frame10.png']
    """
    found = (file for file in folder.iterdir() if file.suffix.lower() in FRAMES)
    return sorted((file for file in found if not file.name.startswith(".") and file.is_file()), key=_in_order)


def _in_order(file):
    """A key by which numbers in names are compared as numbers."""
    parts = re.split(r"([0-9]+)", file.name)
    return [int(part) if number % 2 else part for number, part in enumerate(parts)], file.name


def _from_folder(folder, frames, size):
    files = frame_files(folder)
    if not files:
        raise DataError(f"{shown(folder)} holds no images; put the frames of a clip there, or remove it.")
    return np.stack([read_square(files[number], size) for number in chosen(len(files), frames, folder)])
