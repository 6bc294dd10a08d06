"""JPEG files that lack their end: how much of the photo is there, measured without Pillow's global switch.

libjpeg fills what is missing if the file ends with a marker. What it fills in depends on what comes last, so
that two different endings show where the photo's own data end.
"""

import io

import numpy as np
from PIL import Image

ENOUGH = 0.95  # of the photo
MOST = 60_000_000  # pixels: of a larger photo two copies take too much memory
END = b"\xff\xd9"
_OTHER = bytes([0x55, 0xAA, 0x5A, 0x33, 0xCC, 0x17, 0xE8, 0x91]) * 40  # as good as any pixels, and no marker
_BLOCK = 16  # pixels: the height of a row of blocks at most


def ended(content):
    """A JPEG file that is cut off, with an end put on it.

    Args:
        content: Its bytes.

    Returns:
        Bytes that decode; None if less than 95 % of the photo is there, or it has over 60 million pixels.

    Example:
        >>> import io
        >>> import numpy as np
        >>> from PIL import Image
        >>> from datasets.photos.cut_off import ended
        >>> noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), "uint8")
        >>> file = io.BytesIO()
        >>> Image.fromarray(noise).save(file, "JPEG")
        >>> whole = file.getvalue()
        >>> ended(whole[:-20]) is None, ended(whole[:-9000]) is None
        (False, True)
    """
    content = content.rstrip(b"\xff")  # half a marker
    try:
        width, height = Image.open(io.BytesIO(content), formats=["JPEG"]).size
        if width * height > MOST:
            return None
        return content + END if share(content + END, content + _OTHER + END) >= ENOUGH else None
    except Exception:  # Pillow's decoders raise nearly anything on a damaged file
        return None


def share(one, other):
    """The share of a photo that comes before the first block which differs in two files.

    Args:
        one, other: Bytes of JPEG files of the same size in pixels.

    Returns:
        float in [0, 1].

    Example:
        >>> import io
        >>> from PIL import Image
        >>> from datasets.photos.cut_off import share
        >>> file = io.BytesIO()
        >>> Image.new("RGB", (64, 64), "teal").save(file, "JPEG")
        >>> share(file.getvalue(), file.getvalue())
        1.0
    """
    one, other = (np.asarray(Image.open(io.BytesIO(each), formats=["JPEG"])) for each in (one, other))
    differs = (one != other).reshape(*one.shape[:2], -1).any(-1)
    rows = np.flatnonzero(differs.any(1))
    if not len(rows):
        return 1.0
    band = differs[rows[0] : rows[0] + _BLOCK]
    left = np.flatnonzero(band.any(0))[0]
    return float(rows[0] * one.shape[1] + left * len(band)) / differs.size
