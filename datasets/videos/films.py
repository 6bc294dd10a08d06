"""Films (MP4, MOV, MKV, WebM, AVI), read by the optional package av, which holds FFmpeg's libraries."""

import io

import numpy as np
from PIL import Image

from ..errors import DataError
from ..photos.pixels import square_box

SUFFIXES = {".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm"}
MAX_PIXELS = 40_000_000  # of a frame: that of 8K has 33 million
MAX_FRAMES = 10_001  # one more than a clip may have


def read(content, name, choose, size):
    """Some frames of a film, upright.

    Args:
        content: Bytes of the file.
        name: What messages call it.
        choose: Function of the number of frames that gives those wanted, in order.
        size: Height and width in pixels.

    Returns:
        uint8 array (frames, size, size, 3).

    Raises:
        DataError: If it is damaged, cut off, no film, so large that it may be an attack, or av is not
            installed.

    Example:
        >>> from datasets import DataError
        >>> from datasets.videos import films
        >>> try:
        ...     films.read(b"Dear reader", "a.mp4", range, 8)
        ... except DataError as error:
        ...     print(error)
        a.mp4 is not an MP4, MOV, MKV, WebM or AVI file, or is damaged; replace it.
    """
    kind = _kind(content)
    if kind is None:
        if name.lower().endswith(tuple(SUFFIXES)):
            raise DataError(f"{name} is not an MP4, MOV, MKV, WebM or AVI file, or is damaged; replace it.")
        raise DataError(
            f"{name} is no animated GIF or WebP file, no MP4, MOV, MKV, WebM or AVI file, and no folder of "
            "frames; name a clip."
        )
    try:
        import av
    except (ImportError, OSError) as error:  # its libraries may be missing
        raise DataError(
            f"{name} needs the package av to be read; install it with pip install av, or save the clip as an "
            "animated GIF or as a folder of frames."
        ) from error
    av.logging.set_level(av.logging.PANIC)  # what is wrong is said here, in a sentence
    try:
        found, promised = 0, 0
        with av.open(io.BytesIO(content), format=kind) as film:
            promised = _stream(film, name).frames
            for _ in film.decode(video=0):
                found += 1
                if found == MAX_FRAMES:
                    break
        if not found:
            raise DataError(f"{name} holds no frame; replace or remove it.")
        if found < min(promised, MAX_FRAMES) * 0.95:  # edits leave a few out
            raise DataError(f"{name} is cut off before its end; replace or remove it.")
        wanted, frames = choose(found), []
        with av.open(io.BytesIO(content), format=kind) as film:
            _stream(film, name)
            for number, frame in enumerate(film.decode(video=0)):
                if number in wanted:
                    frames.append(_square(frame, size))
                if len(frames) == len(wanted):
                    return np.stack(frames)
    except DataError:
        raise
    except Exception as error:  # FFmpeg's own, and whatever a damaged file causes
        raise DataError(f"{name} is not a film that can be read, or is damaged; replace it.") from error
    raise DataError(f"{name} cannot be read twice alike, so it is damaged; replace it.")


def _kind(content):
    """FFmpeg's name of the format: no other reader of its many is asked, some of which open other files."""
    if content[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return "mov"
    if content.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    return "avi" if content.startswith(b"RIFF") and content[8:12] == b"AVI " else None


def _stream(film, name):
    """The first stream of images, if its frames are not too large."""
    if not film.streams.video:
        raise DataError(f"{name} holds no images, only sound or other; replace or remove it.")
    stream = film.streams.video[0]
    if stream.codec_context.width * stream.codec_context.height > MAX_PIXELS:
        raise DataError(f"{name} has too many pixels, as attacks have; make it smaller.")
    return stream


def _square(frame, size):
    if frame.width * frame.height > MAX_PIXELS:  # it may change within a film
        raise ValueError("too many pixels")
    image = Image.fromarray(frame.to_ndarray(format="rgb24"))
    turns = round(getattr(frame, "rotation", 0) / 90) % 4  # as a phone was held, counterclockwise
    image = image.resize((size, size), Image.Resampling.BICUBIC, square_box(*image.size), reducing_gap=2.0)
    return np.rot90(np.asarray(image), turns)
