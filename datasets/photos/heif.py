"""HEIC photos, as phones save them: read where the optional package pillow-heif is installed."""

import functools
import io

from PIL import Image

FORMAT = "HEIF"
BRANDS = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"})
ENDINGS = frozenset({".heic", ".heics", ".heif", ".heifs", ".hif"})


def is_heic(start):
    """Whether a file begins as HEIC photos do.

    Args:
        start: Its first 12 bytes or more.

    Returns:
        bool.

    Example:
        >>> from datasets.photos.heif import is_heic
        >>> is_heic(b"\\0\\0\\0\\x18ftypheic"), is_heic(b"\\x89PNG")
        (True, False)
    """
    return start[4:8] == b"ftyp" and start[8:12] in BRANDS


@functools.cache
def is_readable():
    """Whether HEIC photos can be read: the package is imported when the first one is met."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def opened(content):
    """A HEIC photo as a Pillow image.

    Args:
        content: Its bytes.

    Returns:
        The image; None if it is none, or pillow-heif is not installed.

    Example:
        >>> from datasets.photos.heif import opened
        >>> opened(b"Dear reader") is None
        True
    """
    if not is_heic(content) or not is_readable():
        return None
    return Image.open(io.BytesIO(content), formats=[FORMAT])
