"""Folders of clips of your own, a folder for each class."""

from pathlib import Path

from ..errors import DataError
from ..files import class_folders
from ..files.names import shown
from ..sources import Source
from .reading import SUFFIXES, frame_files, read_clip

MOST_VALUES = 2_000_000_000  # bytes of all clips together


def _found(folder):
    """The clips directly in a folder: files, and folders of frames."""
    return sorted(
        each
        for each in folder.iterdir()
        if not each.name.startswith(".")
        and ((each.suffix.lower() in SUFFIXES and each.is_file()) or (each.is_dir() and frame_files(each)))
    )


_KIND = class_folders.Kind(
    "clip", "folders of frames, animated GIF or WebP files, MP4, MOV, MKV, WebM or AVI", "one.gif", _found
)


def locate(data):
    """Find clips without reading them yet.

    Args:
        data: A folder with one folder of clips for each class, or with such folders under `train` and
            `test`; or a `Source`, which is returned as it is. A clip is a folder of frames (images), an
            animated GIF or WebP file, or a film.

    Returns:
        A `Source` for `load_data`.

    Raises:
        DataError: If the folder does not exist, or no class folder in it holds clips.

    Example:
        >>> from datasets import DataError, videos
        >>> try:
        ...     videos.locate("nowhere")
        ... except DataError as error:
        ...     print(error)
        nowhere does not exist; name a folder that holds one folder of clips for each class as data=.
    """
    return data if isinstance(data, Source) else Source("clips", class_folders.locate(data, _KIND))


def class_names(source):
    """The names of the classes, those of their folders, in the order of the labels.

    Args:
        source: What `locate` returned, or anything that `locate` takes.

    Returns:
        Tuple of str.

    Raises:
        DataError: As `locate` does.

    Example:
        >>> import pathlib, tempfile
        >>> from datasets import videos
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in "wave", "clap":
        ...         pathlib.Path(folder, name).mkdir()
        ...         pathlib.Path(folder, name, "1.gif").touch()
        ...     videos.class_names(folder)
        ('clap', 'wave')
    """
    return class_folders.class_names(locate(source).path, _KIND)


def count_clips(source):
    """How many clips a folder has, used or not.

    Args:
        source: What `locate` returned, or anything that `locate` takes.

    Returns:
        int.

    Raises:
        DataError: As `locate` does.

    Example:
        >>> import pathlib, tempfile
        >>> from datasets import videos
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     pathlib.Path(folder, "clap").mkdir()
        ...     pathlib.Path(folder, "clap", "1.gif").touch()
        ...     videos.count_clips(folder)
        1
    """
    return class_folders.count(locate(source).path, _KIND)


def list_clips(folder):
    """The clips in a folder and below it; a folder of frames is itself one.

    Args:
        folder: Its path.

    Returns:
        Sorted list of `Path`.

    Example:
        >>> import pathlib, tempfile
        >>> from datasets import videos
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     pathlib.Path(folder, "wave").mkdir()
        ...     for name in "1.gif", "wave/1.png", "wave/2.png":
        ...         pathlib.Path(folder, name).touch()
        ...     [clip.name for clip in videos.list_clips(folder)]
        ['1.gif', 'wave']
    """
    folder = Path(folder)
    if frame_files(folder):
        return [folder]
    clips = _found(folder)
    below = (each for each in sorted(folder.iterdir()) if each.is_dir() and each not in clips)
    return clips + [clip for each in below if not each.name.startswith(".") for clip in list_clips(each)]


def load_data(source, frames=8, size=24, set_aside=None, channels=3):
    """Load all clips of a folder, all of the same length and size.

    Args:
        source: What `locate` returned, or anything that `locate` takes.
        frames: Number of frames of each clip, in equal steps from its first to its last one.
        size: Height and width of a frame in pixels: the largest centred square is resized.
        set_aside: A list that `(file, reason)` is appended to for each clip that is not used, since it is
            damaged, empty, too short, or also in another class. They are printed, too.
        channels: 3 for RGB, 1 for grey.

    Returns:
        `(x_train, y_train), (x_test, y_test), class_names`: clips uint8 (n, frames, size, size, channels)
        from 0 to 255, labels int64 (n,) in random order, and a tuple of names. Where there is no folder
        `test`, always the same fifth of each class is held out. Clips with equal frames are on one side.

    Raises:
        DataError: If there are too few classes, or clips that can be used, or they need too much memory.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from PIL import Image
        >>> from datasets import videos
        >>> random = np.random.default_rng(0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for number in range(12):
        ...         file = pathlib.Path(folder, "ab"[number % 2], f"{number}.gif")
        ...         file.parent.mkdir(exist_ok=True)
        ...         pixels = random.integers(0, 255, (9, 32, 32), "uint8")
        ...         some = [Image.fromarray(frame) for frame in pixels]
        ...         some[0].save(file, save_all=True, append_images=some[1:])
        ...     (x_train, y_train), (x_test, y_test), names = videos.load_data(folder)  # doctest: +ELLIPSIS
        Data: clips in ... frames of 24 × 24 pixels each; 9 to train on and 3 to test on.
        >>> x_train.shape, y_test.shape, names
        ((9, 8, 24, 24, 3), (3,), ('a', 'b'))
    """
    source = locate(source)
    needed = count_clips(source) * frames * size**2 * 3
    if needed > MOST_VALUES:
        raise DataError(
            f"The clips in {source.path} need {needed / 1e9:.1f} GB where at most {MOST_VALUES / 1e9:g} are "
            "taken; give fewer frames= or a smaller size=."
        )
    train, test = class_folders.read(
        source.path, _KIND, lambda path: read_clip(path, frames, size, channels), set_aside
    )
    where = f"clips in {source.path}{class_folders.left_out(source.path, _KIND)}, {frames} frames of "
    print(
        f"Data: {shown(where)}{size} × {size} pixels each; {len(train[0]):,} to train on and "
        f"{len(test[0]):,} to test on.",
        flush=True,
    )
    return train, test, class_names(source)
