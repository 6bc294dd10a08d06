"""From the bytes of an image file to upright RGB pixels, by the same function for every use."""

import contextlib
import functools
import hashlib
import io
import logging
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from PIL import Image

from ..files import notices
from . import bits, cut_off, heif

# Formats that run other programs or hold no pixels
_REFUSED = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}
MAX_PIXELS = 2 * 89_478_485  # Pillow refuses more, too
MAX_BYTES = 500_000_000  # of one file

_MAGIC = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"GIF8": "GIF",
    b"RIFF": "WebP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"BM": "BMP",
    b"\0\0\0\x0cjP": "JPEG 2000",
}
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_FAMILY = {"MPO": "JPEG", "DIB": "BMP", "CUR": "ICO"}

logging.getLogger("PIL").addHandler(logging.NullHandler())  # else its warnings go to the terminal


class Unusable(ValueError):
    """An image file that cannot be used; its message continues a sentence that begins with the file's name.

    Attributes:
        kind: What is wrong, in a word or two.

    Example:
        >>> from datasets.photos.pixels import Unusable
        >>> error = Unusable("empty", "is empty")
        >>> error.kind, str(error)
        ('empty', 'is empty')
    """

    def __init__(self, kind, reason):
        super().__init__(reason)
        self.kind = kind


@dataclass
class Decoded:
    """A decoded image file.

    Attributes:
        pixels: uint8 (height, width, 3), RGB.
        side: Of the image in its file the shorter side, in pixels.
        traits: Set of what is unusual about it, such as "CMYK".
        digest: SHA-256 of the file.
        seen: Share of the image that is in the pixels.

    Example:
        >>> import numpy as np
        >>> from datasets.photos.pixels import Decoded
        >>> Decoded(np.zeros((2, 3, 3), "uint8"), side=2, traits=set(), digest=b"").side
        2
    """

    pixels: np.ndarray
    side: int
    traits: set
    digest: bytes
    seen: float = 1.0


@functools.cache
def formats():
    """The names of the formats that are read. To be called before threads decode.

    Returns:
        List of str.

    Example:
        >>> from datasets.photos.pixels import formats
        >>> {"JPEG", "PNG"} <= set(formats()), "EPS" in formats()
        (True, False)
    """
    Image.init()
    return [name for name in Image.OPEN if name not in _REFUSED]


@functools.cache
def suffixes():
    """The format that each ending of a file name stands for.

    Returns:
        Dictionary from an ending to the name of a format.

    Example:
        >>> from datasets.photos.pixels import suffixes
        >>> suffixes()[".jpg"]
        'JPEG'
    """
    return Image.registered_extensions()


@functools.cache
def endings():
    """The endings of all formats that are read.

    Returns:
        Frozenset of str in lower case, such as ".jpg".

    Example:
        >>> from datasets.photos.pixels import endings
        >>> {".jpg", ".avif", ".heic"} <= endings(), ".pdf" in endings()
        (True, False)
    """
    readable = set(formats())
    return frozenset(heif.ENDINGS | {ending for ending, name in suffixes().items() if name in readable})


def looks_like_image(start):
    """Whether a file begins as those of the usual image formats do.

    Args:
        start: Its first 12 bytes or more.

    Returns:
        bool.

    Example:
        >>> from datasets.photos.pixels import looks_like_image
        >>> looks_like_image(b"\\x89PNG\\r\\n\\x1a\\n"), looks_like_image(b"Dear reader")
        (True, False)
    """
    if start.startswith(b"RIFF"):
        return start[8:12] == b"WEBP"
    if start.startswith(b"BM"):
        return start[6:10] == bytes(4)
    avif = start[4:8] == b"ftyp" and start[8:12] in (b"avif", b"avis")
    return avif or heif.is_heic(start) or start.startswith(tuple(_MAGIC))


@contextlib.contextmanager
def quietly():
    """Hold back the warnings of Pillow and its libraries: a context to be entered outside of threads.

    Yields:
        None.

    Example:
        >>> import warnings
        >>> from datasets.photos.pixels import quietly
        >>> with quietly():
        ...     warnings.warn_explicit("odd", UserWarning, "PIL/Image.py", 1, module="PIL.Image")
    """
    formats()
    with notices.held():
        yield


def decode(content, size=None, name=None, room=None):
    """Decode an image file to its end: 8 bits, RGB, upright, white under what is transparent.

    Args:
        content: Its bytes.
        size: Side of the square wanted, in pixels; None for the whole image.
        name: The file's name, if its ending is to be judged.
        room: A `pool.Room` for decoded pixels, which threads share; None for no limit.

    Returns:
        A `Decoded`.

    Raises:
        Unusable: If it is no image, cut off, damaged, or so large that it may be an attack.

    Example:
        >>> import io
        >>> from PIL import Image
        >>> from datasets.photos.pixels import decode
        >>> content = io.BytesIO()
        >>> Image.new("CMYK", (6, 4)).save(content, "JPEG")
        >>> decoded = decode(content.getvalue(), size=2, name="red.png")
        >>> decoded.pixels.shape, sorted(decoded.traits)
        ((2, 2, 3), ['CMYK', 'wrong extension'])
    """
    image = _open(content)
    side, traits = min(image.size), _traits(image, content, name)
    digest, seen = hashlib.sha256(content).digest(), side / max(image.size) if size else 1.0
    with room.taken(image.width * image.height) if room else contextlib.nullcontext():
        try:
            return Decoded(_pixels(image, content, size, traits), side, traits, digest, seen)
        except Exception as error:
            cause = _cause(image, error)
            content = cut_off.ended(content) if cause.kind == "truncated" and _is_jpeg(image) else None
            if content is None:
                raise cause from error
        traits.add("cut off near its end")
        image = _open(content)
        try:
            return Decoded(_pixels(image, content, size, traits), side, traits, digest, seen)
        except Exception as error:
            raise _cause(image, error) from error


def _pixels(image, content, size, traits):
    """The pixels of an image that is opened, as `decode` returns them; may add to the traits."""
    if size:  # a JPEG can be decoded at 1/2, 1/4 or 1/8 in the first place
        image.draft(None, (2 * size, 2 * size))
    image.load()
    turn = _TURNS.get(_orientation(image))
    pixels = _simple_mode(image, content, traits)
    if size:
        box = square_box(*pixels.size)
        pixels = pixels.resize((size, size), Image.Resampling.BICUBIC, box, reducing_gap=2.0)
    if pixels.mode == "RGBA" and pixels.getchannel("A").getextrema()[0] < 255:
        traits.add("alpha")
        pixels = Image.alpha_composite(Image.new("RGBA", pixels.size, "white"), pixels)
    pixels = pixels.convert("RGB")
    if turn is not None:
        pixels = pixels.transpose(turn)
    return np.asarray(pixels)


def _is_jpeg(image):
    return _FAMILY.get(image.format, image.format) == "JPEG"


def square_box(width, height):
    """The part of an image that becomes the square: the largest centred one, of whole pixels.

    Of an odd number of pixels that are cut off, the smaller half is on the left or at the top, as Keras's
    `Resizing` layer cuts: a saved model that is fed the whole photo sees the same.

    Args:
        width, height: Of the image, in pixels.

    Returns:
        `(left, top, right, bottom)` in pixels.

    Example:
        >>> from datasets.photos.pixels import square_box
        >>> square_box(61, 40)
        (10, 0, 50, 40)
    """
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


def _open(content):
    if not content:
        raise Unusable("empty", "is empty")
    try:
        image = Image.open(io.BytesIO(content), formats=formats())
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    except Exception as error:  # Pillow's decoders raise nearly anything on a damaged file
        image = _heic(content)
        if image is None:
            raise _no_image(content) from error
    if image.width * image.height > MAX_PIXELS:
        raise _too_large()
    return image


def _heic(content):
    try:
        return heif.opened(content)
    except Exception:
        return None


def _too_large():
    return Unusable(
        "huge", f"has too many pixels (over {MAX_PIXELS / 1e6:.0f} million), as attacks have; make it smaller"
    )


def _no_image(content):
    if content.startswith(b"\0\x05\x16\x07"):
        return Unusable("not an image", "is no photo but what macOS keeps beside one (a resource fork)")
    if heif.is_heic(content):
        if heif.is_readable():
            return Unusable("damaged", "begins like a HEIC photo, but is cut off or damaged")
        return Unusable(
            "not readable", "is a HEIC photo; install the package pillow-heif, or save the photo as JPEG"
        )
    if content.lstrip()[:4] == b"%!PS":
        return Unusable("not readable", "is a PostScript drawing, which cannot be read; save it as PNG")
    for magic, name in _MAGIC.items():
        if content.startswith(magic):
            return Unusable("damaged", f"begins like a {name} file, but is cut off or damaged")
    return Unusable("not an image", "is not an image that can be read")


def _cause(image, error):
    """Why an image that began well could not be decoded."""
    said = str(error).lower()
    if isinstance(error, MemoryError):
        return Unusable("huge", "does not fit in memory; make it smaller")
    if isinstance(error, EOFError) or "truncated" in said or "not enough" in said:
        return Unusable("truncated", "is cut off before its end, or damaged")
    if "conversion from" in said:
        return Unusable("not readable", f"has colours of a rare kind ({image.mode}); save it as RGB")
    return Unusable("damaged", "is damaged, so that it cannot be decoded")


def _orientation(image):
    try:
        return image.getexif().get(0x0112, 1)
    except Exception:  # EXIF data can be damaged where the image is not
        return 1


def _simple_mode(image, content, traits):
    """The same image as L, RGB or RGBA."""
    if image.mode.startswith("I") or image.mode == "F":
        image, used = bits.grey(image)
        _note_bits(used, traits)
        return image
    if "16-bit" in traits and image.mode in ("RGB", "RGBA"):
        with contextlib.suppress(ValueError, KeyError):  # a rare order of bytes: the upper 8 bits do
            image, used = bits.colours(image, content)
            _note_bits(used, traits)
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("L", "RGB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _note_bits(used, traits):
    if used not in (None, 16):
        traits.discard("16-bit")
        traits.add(f"{used}-bit in 16-bit")


def _traits(image, content, name):
    """What is unusual about an image that is opened, but not decoded yet."""
    found = set()
    kind = _FAMILY.get(image.format, image.format)
    if name is not None:
        expected = suffixes().get(PurePosixPath(name).suffix.lower())
        if _FAMILY.get(expected, expected) != kind:
            found.add("wrong extension")
    if not _is_jpeg(image) and _animated(content):
        found.add("animated")
    if image.mode == "CMYK":
        found.add("CMYK")
    if image.mode in ("P", "PA"):
        found.add("palette")
    if image.mode.startswith("I") or image.mode == "F" or _deep(image, content):
        found.add("16-bit")
    if _orientation(image) in _TURNS:
        found.add("EXIF-rotated")
    return found


def _animated(content):
    """Whether there is more than one frame; another copy is opened, since counting moves to the last one."""
    try:
        return getattr(Image.open(io.BytesIO(content), formats=formats()), "is_animated", False)
    except Exception:
        return False


def _deep(image, content):
    """Whether a colour image has more than 8 bits a channel, which Pillow brings to 8 by itself."""
    if image.format == "PNG":
        return content[24:25] == b"\x10"
    if image.format == "TIFF":
        with contextlib.suppress(Exception):
            return max(image.tag_v2.get(258, (8,))) > 8
    return False
