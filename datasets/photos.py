"""Photographs: the one function that decodes them, for training and prediction alike."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from datasets._source import DataError

# Photographs that come with scikit-learn, both under CC BY 2.0
SAMPLES = {
    "china": "a pavilion in China, by flickr user danielbuechele, CC BY 2.0",
    "flower": "a dahlia, by flickr user vultilion, CC BY 2.0",
}
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


def grey_photo(photo="china", longest=640):
    """One photograph in shades of grey.

    Args:
        photo: "china" or "flower" (427 x 640 pixels, both from scikit-learn, CC BY 2.0), or
            a file of your own.
        longest: A photo with a longer side is made smaller, in pixels.

    Returns:
        uint8 array (height, width, 1), from 0 for black to 255 for white.

    Raises:
        DataError: If it is a file that `read_photo` cannot read.
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
