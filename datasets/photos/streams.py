"""JPEG files whose compressed pixels were overwritten: they decode silently, and show stripes and blocks.

libjpeg warns, but Pillow does not pass it on. Two things show the damage. Random bytes hold markers that do
not belong among pixels. And a decoder that lost its way needs more or fewer bytes than there are: then other
last bytes do not change the last pixels alone.
"""

import io
import re

import numpy as np
from PIL import Image

# What may follow the pixels: an end, or the tables, comments and pixels of another scan
_MAY_FOLLOW = {0xC4, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD, 0xFE}
_MARKER = re.compile(rb"\xff+[^\x00\xff]")
_ONE_SCAN = {0xC0, 0xC1}  # frames whose pixels come in a single scan, from top to bottom
MOST = 1_500_000  # pixels that are decoded for this; larger photos are decoded at 1/2, 1/4 or 1/8 ...
CHANGED = {1: 4, 2: 16, 4: 32, 8: 64}  # ... where more bytes must change for a difference to be seen
LAST = 0.85  # the last bytes of a sound photo are of the rows below this share of its height
ROWS = 40  # or of so many rows
_CORNER, _CLIPPED = 16, 12  # pixels, and how near to white or black those of the last block may be


def is_damaged(content):
    """Whether the pixels of a JPEG file were overwritten; other files and other faults are not judged.

    Args:
        content: Its bytes; it can be decoded.

    Returns:
        bool. Of progressive files only about every second one that is damaged is known by its markers.

    Example:
        >>> import io
        >>> import numpy as np
        >>> from PIL import Image
        >>> from datasets.photos.streams import is_damaged
        >>> noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), "uint8")
        >>> file = io.BytesIO()
        >>> Image.fromarray(noise).save(file, "JPEG")
        >>> whole = file.getvalue()
        >>> is_damaged(whole), is_damaged(whole[:9000] + b"overwritten" + whole[9011:])
        (False, True)
    """
    if not content.startswith(b"\xff\xd8"):
        return False
    try:
        sound, last = _scans(content)
        return not sound or (last is not None and not _ends_with_its_bytes(content, *last))
    except Exception:  # Pillow's decoders raise nearly anything on a damaged file
        return False


def _scans(content):
    """Go through the segments of a JPEG file.

    Returns:
        `(sound, last)`: whether no marker stands where none may, and, where there is a single scan, the
        first and last position of the bytes after its last restart.
    """
    place, restarts, single, scans = 2, 0, False, []
    while place + 4 <= len(content) and content[place] == 0xFF:
        while content[place] == 0xFF:
            place += 1
        kind = content[place]
        if kind == 0xD9:
            break
        length = int.from_bytes(content[place + 1 : place + 3], "big")
        if kind == 0xDD:
            restarts = int.from_bytes(content[place + 3 : place + 5], "big")
        single = kind in _ONE_SCAN or (single and not 0xC0 < kind < 0xC4)
        place += 1 + length
        if kind == 0xDA:
            scan = _scan(content, place, restarts)
            if scan is None:
                return False, None
            scans.append(scan)
            place = scan[1]
    return True, scans[0] if single and len(scans) == 1 else None


def _scan(content, start, restarts):
    """Where the pixels after the last restart begin and end; None if a marker stands among them."""
    number = 0
    for found in _MARKER.finditer(content, start):
        kind = content[found.end() - 1]
        if not 0xD0 <= kind <= 0xD7:
            return (start, found.start()) if kind in _MAY_FOLLOW else None
        if not restarts or kind - 0xD0 != number % 8:
            return None
        number, start = number + 1, found.end()
    return None


def _ends_with_its_bytes(content, start, end):
    """Whether the last bytes of the pixels are those of the last pixels."""
    width, height = Image.open(io.BytesIO(content), formats=["JPEG"]).size
    scale = next((scale for scale in CHANGED if width * height <= MOST * scale**2), 8)
    changed = bytearray(content)
    for place in range(max(start, end - CHANGED[scale]), end):
        if content[place] not in (0, 0xFF) and content[place] ^ 0x55 != 0xFF:
            changed[place] ^= 0x55
    if changed == content:
        return True
    one, other = (_decoded(each, scale) for each in (content, bytes(changed)))
    rows = np.flatnonzero((one != other).reshape(len(one), -1).any(1))
    if not len(rows):  # what is white or black already cannot become more so
        corner = one[-_CORNER:, -_CORNER:]
        return corner.min() >= 255 - _CLIPPED or corner.max() <= _CLIPPED
    return rows[0] >= min(LAST * len(one), len(one) - ROWS)


def _decoded(content, scale):
    image = Image.open(io.BytesIO(content), formats=["JPEG"])
    image.draft(None, (image.width // scale, image.height // scale))
    return np.asarray(image)
