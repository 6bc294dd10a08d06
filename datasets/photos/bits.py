"""Images of more than 8 bits a channel, brought to 8 by the range that their values have."""

import io
import sys

import numpy as np
from PIL import Image

# Cameras and scanners of fewer bits save files of 16; the largest value tells which
RANGES = {8: 255, 10: 1023, 11: 2047, 12: 4095, 14: 16383}
WHOLE = 65535


def bits_of(largest):
    """How many bits the values have in a file of 16 bits a channel.

    Args:
        largest: The largest value of the image.

    Returns:
        `(bits, top)`: 8, 10, 11, 12, 14 or 16, and the largest value that so many bits can hold.

    Example:
        >>> from datasets.photos.bits import bits_of
        >>> bits_of(4000), bits_of(40_000)
        ((12, 4095), (16, 65535))
    """
    return next(((bits, top) for bits, top in RANGES.items() if largest <= top), (16, WHOLE))


def grey(image):
    """A grey image of 16 bits or more, or of floats, as 8 bits.

    Args:
        image: Pillow image of mode "I", "I;16" and the like, or "F".

    Returns:
        `(image, bits)`: mode "L", and the bits of its values, or None for floats and larger numbers.

    Example:
        >>> import numpy as np
        >>> from PIL import Image
        >>> from datasets.photos.bits import grey
        >>> image, bits = grey(Image.fromarray(np.array([[0, 4095]], "uint16")))
        >>> np.asarray(image).tolist(), bits
        ([[0, 255]], 12)
    """
    values = np.nan_to_num(np.asarray(image, "float32"))
    if image.mode == "F":
        bits, top = None, next((top for top in (1, 255, WHOLE) if values.max() <= top), values.max())
    elif values.max() > WHOLE:
        bits, top = None, values.max()
    else:
        bits, top = bits_of(values.max())
    return Image.fromarray((values.clip(0, top) * (255 / top)).astype("uint8")), bits


def colours(image, content):
    """A colour image of 16 bits, of which Pillow keeps the upper 8 alone, by the range of its values.

    Args:
        image: Pillow image that is loaded, RGB or RGBA.
        content: Its file's bytes.

    Returns:
        `(image, bits)`: the same image where its values need all 16 bits.

    Example:
        >>> import io
        >>> from PIL import Image
        >>> from datasets.photos.bits import colours
        >>> colours(Image.new("RGB", (8, 8), "red"), content=b"")[1]  # more than 14 bits can hold
        16
    """
    upper = np.asarray(image).astype("uint16")
    if upper[..., :3].max() > RANGES[14] >> 8:
        return image, 16
    values = upper << 8 | _lower(content, image.mode)
    bits, top = bits_of(values[..., :3].max())
    tops = [top] * 3 + [bits_of(values[..., 3].max())[1]] if image.mode == "RGBA" else top
    return Image.fromarray((values * (255 / np.array(tops))).clip(0, 255).astype("uint8")), bits


def _lower(content, mode):
    """The lower 8 bits of each channel: those that Pillow keeps if it is told the other order of bytes."""
    image = Image.open(io.BytesIO(content))
    native = "L" if sys.byteorder == "little" else "B"
    turned = {"16B": "16L", "16L": "16B", "16N": "16B" if native == "L" else "16L"}

    def turn(args):
        if isinstance(args, tuple):
            return tuple(map(turn, args))
        kind = args[-3:] if isinstance(args, str) else None
        return args[:-3] + turned[kind] if kind in turned else args

    image.tile = [
        tile._replace(args=turn(tile.args)) if hasattr(tile, "_replace") else (*tile[:3], turn(tile[3]))
        for tile in image.tile
    ]
    return np.asarray(image.convert(mode)).astype("uint16")
