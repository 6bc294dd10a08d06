"""From the bytes of an image file to upright RGB pixels: one pass, for every reader alike."""

import contextlib
import io
import logging
import warnings
from pathlib import PurePosixPath

import numpy as np
from PIL import Image, ImageOps

# Photos are what cameras and browsers make; these run other programs or hold no pixels
_REFUSED = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}
MAX_PIXELS = 2 * 89_478_485  # where Pillow, too, speaks of an attack
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
_HEIC = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"}
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

Image.init()  # here, since two threads must not do it at once
_FORMATS = [name for name in Image.OPEN if name not in _REFUSED]
SUFFIXES = Image.registered_extensions()
logging.getLogger("PIL").addHandler(logging.NullHandler())  # else its warnings go to the terminal


class Unusable(ValueError):
    """An image file that cannot be used.

    Attributes:
        kind: What is wrong, in a word or two.
    """

    def __init__(self, kind, reason):
        super().__init__(reason)
        self.kind = kind


@contextlib.contextmanager
def quietly():
    """Keep Pillow's warnings from the terminal; around threads, not within them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\..*")
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield


def open_image(content):
    """Read the header of an image file.

    Args:
        content: Its bytes.

    Raises:
        Unusable: If it is no image, damaged from the start, or too large.
    """
    if not content:
        raise Unusable("empty", "is empty")
    try:
        image = Image.open(io.BytesIO(content), formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    except Exception as error:  # Pillow's decoders raise nearly anything on a damaged file
        raise _no_image(content) from error
    if image.width * image.height > MAX_PIXELS:
        raise _too_large(image.size)
    return image


def _too_large(size=None):
    pixels = f"{size[0]:,} x {size[1]:,}" if size else f"over {MAX_PIXELS / 1e6:.0f} million"
    return Unusable("huge", f"has too many pixels ({pixels}), which may be an attack; make it smaller")


def _no_image(content):
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC:
        return Unusable("not readable", "is a HEIC photo, which Pillow cannot read; save it as JPEG")
    if content.lstrip()[:4] == b"%!PS":
        return Unusable("not readable", "is a PostScript drawing, which is not read; save it as PNG")
    for magic, name in _MAGIC.items():
        if content.startswith(magic):
            return Unusable("damaged", f"begins like a {name} file but is cut off or damaged")
    return Unusable("not an image", "is not an image that can be read")


def decode(image, size=None):
    """Decode an image to its end: 8 bits, no palette, upright, white under what is transparent.

    Args:
        image: What `open_image` returned.
        size: Side of the square wanted, in pixels; None for the whole image.

    Returns:
        An RGB image.

    Raises:
        Unusable: If it is cut off or damaged.
    """
    try:
        if size:
            reduce(image, size)
        image.load()
        turn = _TURNS.get(_orientation(image))
        pixels = _simple_mode(image)
        if size:
            pixels = pixels.resize(
                (size, size), Image.Resampling.BICUBIC, box=square_box(*pixels.size), reducing_gap=2.0
            )
        if pixels.mode == "RGBA":
            pixels = Image.alpha_composite(Image.new("RGBA", pixels.size, "white"), pixels)
        pixels = pixels.convert("RGB")
        return pixels if turn is None else pixels.transpose(turn)
    except Exception as error:
        said = str(error).lower()
        if isinstance(error, EOFError) or "truncated" in said or "not enough" in said:
            raise Unusable("truncated", "is cut off before its end") from error
        if isinstance(error, MemoryError):
            raise Unusable("huge", "does not fit in memory; make it smaller") from error
        raise Unusable("damaged", "is damaged, so that it cannot be decoded") from error


def reduce(image, size):
    """Have a JPEG decoded at 1/2, 1/4 or 1/8, if that still is twice as large as needed."""
    image.draft(None, (2 * size, 2 * size))


def square_box(width, height):
    """The part of an image that becomes the square: the largest one in its middle.

    Returns:
        left, top, right, bottom.
    """
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def _orientation(image):
    try:
        return image.getexif().get(0x0112, 1)
    except Exception:  # camera data can be damaged where the picture is not
        return 1


def _simple_mode(image):
    """The same image as L, RGB or RGBA."""
    if image.mode.startswith("I") or image.mode == "F":
        values = np.nan_to_num(np.asarray(image, "float32"))
        if image.mode.startswith("I;16"):
            top = 65535
        else:  # of the usual ranges the one that it needs
            usual = (1, 255, 65535) if image.mode == "F" else (255, 65535)
            brightest = values.max()
            top = next((top for top in usual if brightest <= top), brightest)
        return Image.fromarray((values.clip(0, top) * (255 / top)).astype("uint8"))
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("L", "RGB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def traits(image, content, name):
    """What is odd about an image though it can be used; before it is decoded.

    Args:
        image: What `open_image` returned.
        content: The bytes of its file.
        name: The file's name.

    Returns:
        Set of str.
    """
    found = set()
    kind = _FAMILY.get(image.format, image.format)
    expected = SUFFIXES.get(PurePosixPath(name).suffix.lower())
    if _FAMILY.get(expected, expected) != kind:
        found.add("wrong extension")
    with contextlib.suppress(Exception):
        if image.format != "MPO" and getattr(image, "is_animated", False):
            found.add("animated")
    if image.mode in ("CMYK", "YCCK"):
        found.add("CMYK")
    if image.mode in ("P", "PA"):
        found.add("palette")
    if image.mode.startswith("I") or image.mode == "F" or _deep(image, content):
        found.add("16-bit")
    with contextlib.suppress(Exception):
        if image.has_transparency_data:
            found.add("alpha")
    if _orientation(image) in _TURNS:
        found.add("EXIF-rotated")
    return found


def _deep(image, content):
    """Whether a colour image has more than 8 bits a channel, which Pillow brings to 8 by itself."""
    if image.format == "PNG":
        return content[24:25] == b"\x10"
    if image.format == "TIFF":
        with contextlib.suppress(Exception):
            return max(image.tag_v2.get(258, (8,))) > 8
    return False
