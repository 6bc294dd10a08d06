"""Animated GIF and WebP files, read by Pillow."""

import io

import numpy as np
from PIL import Image

from ..errors import DataError
from ..files import notices
from ..photos.pixels import square_box

SUFFIXES = {".gif", ".webp"}
MAX_PIXELS = 20_000_000  # of a frame
MAX_WORK = 4_000_000_000  # pixels of all frames, each of which is decoded to get at the last one


def read(content, name, choose, size):
    """Some frames of an animation.

    Args:
        content: Bytes of the file.
        name: What messages call it.
        choose: Function of the number of frames that gives those wanted, in order.
        size: Height and width in pixels.

    Returns:
        uint8 array (frames, size, size, 3).

    Raises:
        DataError: If it is damaged, cut off, no animation, or so large that it may be an attack.

    Example:
        >>> from datasets import DataError
        >>> from datasets.videos import animations
        >>> try:
        ...     animations.read(b"GIF89a", "a.gif", range, 8)
        ... except DataError as error:
        ...     print(error)
        a.gif is not an animation that can be read, or is damaged; replace it.
    """
    try:
        with notices.held(), Image.open(io.BytesIO(content), formats=["GIF", "WEBP"]) as film:
            _check_size(film.width * film.height, 1, name)
            found = getattr(film, "n_frames", 1)
            wanted = choose(found)
            _check_size(film.width * film.height, found, name)
            if _is_cut_off(content):
                raise DataError(f"{name} is cut off before its end; replace or remove it.")
            return np.stack([_frame(film, number, size) for number in wanted])
    except DataError:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(name) from error
    except Exception as error:  # Pillow's decoders raise nearly anything on a damaged file
        said = f"{name} is not an animation that can be read, or is damaged; replace it."
        raise DataError(said) from error
    finally:
        notices.take()  # of the decoder, about what is reported here in a sentence


def _check_size(pixels, frames, name):
    if pixels > MAX_PIXELS or pixels * frames > MAX_WORK:
        raise _too_large(name)


def _too_large(name):
    return DataError(f"{name} has too many pixels, as attacks have; make it smaller or shorter.")


def _frame(film, number, size):
    film.seek(number)
    frame = film.convert("RGBA")
    frame = frame.resize((size, size), Image.Resampling.BICUBIC, square_box(*frame.size), reducing_gap=2.0)
    paper = Image.new("RGBA", frame.size, "white")  # under what is transparent, as under photos
    return np.asarray(Image.alpha_composite(paper, frame).convert("RGB"))


def _is_cut_off(content):
    """Whether a GIF lacks the byte that ends it, or a WebP is shorter than its header says."""
    if content.startswith(b"GIF"):
        return b"\x3b" not in content[-64:]  # some programs write a few bytes after it
    return len(content) < 8 + int.from_bytes(content[4:8], "little")
