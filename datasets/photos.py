"""Photographs: the one function that decodes them, for training and prediction alike."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from datasets._source import DataError

SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


def read_photo(path):
    """Decode one image file.

    Turned upright by its EXIF orientation; transparent parts become white; of an animation
    the first frame; 16-bit grey is brought to 8 bits.

    Args:
        path: File in any format that Pillow reads.

    Returns:
        uint8 array (height, width, 3), RGB in [0, 255].

    Raises:
        DataError: If there is no such file, it is no image, is cut off, or is so large
            (over 179 million pixels) that it may be an attack.
    """
    path = Path(path)
    if not path.is_file():
        what = "is a folder, not an image file" if path.is_dir() else "does not exist"
        raise DataError(f"{path} {what}; name an image file.")
    try:
        with warnings.catch_warnings():
            # Large is fine up to twice Pillow's warning level, where it raises
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                image = ImageOps.exif_transpose(image)
                if image.mode.startswith("I;16"):
                    image = Image.fromarray((np.asarray(image) // 257).astype("uint8"))
                if image.has_transparency_data:
                    image = image.convert("RGBA")
                    white = Image.new("RGBA", image.size, "white")
                    image = Image.alpha_composite(white, image)
                return np.asarray(image.convert("RGB"))
    except Image.DecompressionBombError as error:
        raise DataError(f"{path} has too many pixels; make it smaller first.") from error
    except PermissionError as error:
        raise DataError(f"{path} may not be read; change its permissions.") from error
    except Exception as error:  # Pillow's decoders raise nearly anything on a damaged file
        raise DataError(f"{path} is not an image that can be read, or is damaged; replace it.") from error
