"""The photos in a folder that is to be classified: the same files that training would take."""

import os
from pathlib import Path

from .locating import is_ignored
from .pixels import endings, looks_like_image

_START = 32  # bytes that tell an image


def list_photos(folder):
    """List all photos in a folder and below.

    A photo is a file with the ending of a format that is read, or one that begins as an image does,
    whatever its ending. Folders whose names begin with a dot are left out, as they are for training.

    Args:
        folder: Path of the folder.

    Returns:
        List of paths as text, in the order of their names.

    Example:
        >>> import tempfile
        >>> from datasets import digits, photos
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     source = digits.save_photos(folder, examples=2)
        ...     len(photos.list_photos(source.path))
        380
    """
    found = []
    for top, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and not is_ignored(name)]
        paths = [Path(top, name) for name in names if not is_ignored(name)]
        found += [path for path in paths if _is_photo(path)]
    return list(map(str, sorted(found)))


def _is_photo(path):
    try:
        if path.is_dir() or path.suffix.lower() in endings():
            return not path.is_dir()
        if not path.is_file():  # a pipe is not opened
            return False
        with path.open("rb") as file:
            return looks_like_image(file.read(_START))
    except OSError:
        return False
