"""Photos decoded one by one: by the same function for training, prediction and scoring."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from ..files import notices
from ..files.names import shown
from ..sources import DataError
from . import pixels as photo_pixels
from . import pool
from .files import read_bytes
from .locating import find, locate
from .pixels import Unusable

# Photographs that come with scikit-learn, both under CC BY 2.0
SAMPLES = {
    "china": "a pavilion in China, by flickr user danielbuechele, CC BY 2.0",
    "flower": "a dahlia, by flickr user vultilion, CC BY 2.0",
}
_ROOM = pool.Room(pool.PIXELS_AT_ONCE)  # for all threads that read single photos
SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


def read_files(source, files, size):
    """Read some photos again.

    Args:
        source: What `locate` returned, or anything that it takes.
        files: Names as in `Photos.files`.
        size: Side of the squares, in pixels.

    Returns:
        uint8 (k, size, size, 3), the same pixels that `Photos.check` and `read_square` give.

    Raises:
        DataError: If one of them is not there any more, or cannot be read.

    Example:
        >>> import tempfile
        >>> from datasets import digits, photos
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     source = digits.save_photos(folder, examples=1)
        ...     photos.read_files(source, ["test/0/0024.png"], 28).shape
        (1, 28, 28, 3)
    """
    rows, pixels = {}, np.empty((len(files), size, size, 3), "uint8")
    for row, name in enumerate(files):
        rows.setdefault(name, []).append(row)
    for name, decoded in decode_again(source, rows, size):
        pixels[rows[name]] = decoded.pixels
    return pixels


def decode_again(source, names, size, verbose=0):
    """Decode those files of a data set that have these names.

    Args:
        source: What `locate` returned, or anything that it takes.
        names: Names as in `Photos.files`.
        size: Side of the squares, in pixels.
        verbose: 1 for a progress bar, if the output is a terminal.

    Yields:
        `(name, Decoded)` in no particular order; of several files of one name in an archive the last counts.

    Raises:
        DataError: At the end, if one of them is not there any more, or cannot be read.

    Example:
        >>> import tempfile
        >>> from datasets import digits
        >>> from datasets.photos.reading import decode_again
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     source = digits.save_photos(folder, examples=1)
        ...     [(name, decoded.side) for name, decoded in decode_again(source, ["test/0/0024.png"], 28)]
        [('test/0/0024.png', 28)]
    """
    source, names = locate(source), dict.fromkeys(names)
    missing = dict.fromkeys(names, "is not there any more; put it back, or train again")
    found = (file for file in find(source.path).found if file.name in names)
    for file, decoded in pool.each(found, partial(decode_square, size=size), len(names), verbose):
        missing.pop(file.name, None)
        if isinstance(decoded, Unusable):
            missing[file.name] = str(decoded)
        else:
            yield file.name, decoded
    notices.take()  # `Photos.check` has counted them
    for name, reason in missing.items():
        raise DataError(f"{name} in {shown(source.path)} {reason}.")


def decode_square(file, content, room, size):
    """Decode a photo, as `pool.each` calls it.

    Args:
        file: Its `files.File`, which is not needed.
        content: Its bytes.
        room: As for `pixels.decode`.
        size: Side of the square, in pixels.

    Returns:
        A `pixels.Decoded`.

    Example:
        >>> import io
        >>> from PIL import Image
        >>> from datasets.photos.reading import decode_square
        >>> content = io.BytesIO()
        >>> Image.new("RGB", (60, 40)).save(content, "PNG")
        >>> decode_square(None, content.getvalue(), None, 8).pixels.shape
        (8, 8, 3)
    """
    return photo_pixels.decode(content, size, room=room)


def read_square(photo, size):
    """Decode one image file and bring it to a square, as training, prediction and scoring need it.

    It is decoded as by `read_photo`; then its largest centred square is resized, without aliasing.

    Args:
        photo: File in any format that Pillow reads, or its bytes.
        size: Side of the square, in pixels.

    Returns:
        uint8 array (size, size, 3), RGB in [0, 255].

    Raises:
        DataError: As `read_photo` does.

    Example:
        >>> import pathlib, tempfile
        >>> from PIL import Image
        >>> from datasets import photos
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "wide.png")
        ...     Image.new("RGB", (60, 40), "red").save(file)
        ...     photos.read_square(file, 8).shape
        (8, 8, 3)
    """
    return _read(photo, size)


def read_squares(files, size):
    """Read several photos on all cores.

    Args:
        files: List of paths, or of the bytes of files.
        size: Side of the squares, in pixels.

    Returns:
        List, in the order of the files: what `read_square` returns, or the `DataError` that it raises.

    Example:
        >>> import tempfile
        >>> from datasets import digits, photos
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     source = digits.save_photos(folder, examples=1)
        ...     found = photos.read_squares([f"{folder}/test/0/0024.png", "none.png"], 28)
        >>> found[0].shape, str(found[1])
        ((28, 28, 3), 'none.png does not exist; name an image file.')
    """
    return in_threads(partial(_square_or_error, size=size), files)


def in_threads(function, items):
    """Apply a function that reads photos to several items, on all cores.

    Args:
        function: Of one item; it raises nothing.
        items: List.

    Returns:
        List of what it returns, in the order of the items.

    Example:
        >>> from datasets.photos.reading import in_threads
        >>> in_threads(len, ["ant", "butterfly"])
        [3, 9]
    """
    with photo_pixels.quietly(), ThreadPoolExecutor(pool.cores()) as threads:
        return list(threads.map(function, items))


def _square_or_error(photo, size):
    try:
        return read_square(photo, size)
    except DataError as error:
        return error


def read_photo(path):
    """Decode one image file.

    It is turned upright by its EXIF orientation, transparent parts become white, only the first frame
    of an animation is used, and 16-bit channels are brought to 8 bits.

    Args:
        path: File in any format that Pillow reads.

    Returns:
        uint8 array (height, width, 3), RGB in [0, 255].

    Raises:
        DataError: If there is no such file, it is no image, is cut off, or is so large
            (over 179 million pixels) that it may be an attack.

    Example:
        >>> import pathlib, tempfile
        >>> from PIL import Image
        >>> from datasets import photos
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "dot.png")
        ...     Image.new("L", (2, 1), 128).save(file)
        ...     photos.read_photo(file).tolist()
        [[[128, 128, 128], [128, 128, 128]]]
    """
    return _read(path)


def _read(photo, size=None):
    name = "The photo" if isinstance(photo, bytes) else shown(photo)
    try:
        if not isinstance(photo, bytes) and not Path(photo).is_file():
            what = "is a folder, not an image file" if Path(photo).is_dir() else "does not exist"
            raise DataError(f"{name} {what}; name an image file.")
    except OSError as error:  # such as a name that is too long
        raise DataError(f"{name} cannot be read ({error.strerror}); name an image file.") from error
    try:
        with photo_pixels.quietly():
            content = photo if isinstance(photo, bytes) else read_bytes(photo)
            return photo_pixels.decode(content, size, room=_ROOM).pixels
    except Unusable as error:
        raise DataError(f"{name} {error}.") from error


def grey_photo(photo="china", longest=640):
    """One greyscale photograph.

    Args:
        photo: "china" or "flower" (427 x 640 pixels, both from scikit-learn, CC BY 2.0), or
            a file of your own.
        longest: Longer side at most, in pixels; a larger photo is made smaller.

    Returns:
        uint8 array (height, width, 1), from 0 for black to 255 for white.

    Raises:
        DataError: If it is a file that `read_photo` cannot read.

    Example:
        >>> from datasets import photos
        >>> photos.grey_photo("flower", longest=64).shape
        Photograph: a dahlia, by flickr user vultilion, CC BY 2.0.
        (43, 64, 1)
    """
    if str(photo) in SAMPLES:
        from sklearn.datasets import load_sample_image

        print(f"Photograph: {SAMPLES[str(photo)]}.", flush=True)
        pixels = load_sample_image(f"{photo}.jpg")
    else:
        pixels = read_photo(photo)
    image = Image.fromarray(pixels).convert("L")
    if max(image.size) > longest:
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return np.asarray(image)[..., None]
