"""Pen strokes: found in a photo of one handwritten digit, and brought to the form of MNIST."""

import numpy as np
from PIL import Image, ImageFilter
from scipy import ndimage

FLAT = 8  # grey levels by which a page without a stroke may vary
SKIPPED = 0.1  # of a digit's height that a pen may leave out
SPECKS = 8  # parts of a stroke: more are noise, or a text


def as_mnist(ink):
    """Scale and centre one digit as the digits of MNIST were.

    The digit is scaled, keeping its proportions, until its longer side measures 20 pixels,
    and placed so that its centre of mass is in the middle of 28 x 28 pixels.

    Args:
        ink: Array (height, width), from 0 for paper to 1 for ink; some of it is ink.

    Returns:
        uint8 array (28, 28), ink 255 on paper 0.

    Reference:
        LeCun, Cortes and Burges, The MNIST database of handwritten digits, 1998.

    Example:
        >>> import numpy as np
        >>> from datasets.pen_strokes import as_mnist
        >>> one = np.zeros((60, 60))
        >>> one[10:50, 30:35] = 1
        >>> image = as_mnist(one)
        >>> image.shape, int(image.any(1).sum())
        ((28, 28), 20)
    """
    top, bottom, left, right = bounding_box(ink > 0.1)
    digit = ink[top : bottom + 1, left : right + 1]
    scale = 20 / max(digit.shape)
    height, width = (max(1, round(side * scale)) for side in digit.shape)
    image = Image.fromarray((255 * digit).astype("uint8"))
    digit = np.asarray(image.resize((width, height), Image.Resampling.BICUBIC)).astype(float)
    digit *= 255 / digit.max()

    row, column = ndimage.center_of_mass(digit)
    top = int(np.clip(round(13.5 - row), 0, 28 - height))
    left = int(np.clip(round(13.5 - column), 0, 28 - width))
    result = np.zeros((28, 28), "uint8")
    result[top : top + height, left : left + width] = digit.round()
    return result


def find_stroke(grey):
    """Find one pen stroke, dark on light or light on dark.

    Args:
        grey: Array (height, width) in [0, 255].

    Returns:
        Boolean array (height, width), whose longer side is 256, True for ink; None if there is no stroke.

    Example:
        >>> import numpy as np
        >>> from datasets.pen_strokes import find_stroke
        >>> paper = np.full((64, 64), 230.0)
        >>> find_stroke(paper) is None
        True
        >>> paper[16:48, 30:34] = 20
        >>> find_stroke(paper).shape
        (256, 256)
    """
    if min(grey.shape) < 8:
        return None
    image = Image.fromarray(grey.astype("uint8"))
    scale = 256 / max(image.size)
    size = [max(1, round(side * scale)) for side in image.size]
    image = image.resize(size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(0.7))
    pixels = np.asarray(image).astype(float)
    terms = _terms(pixels.shape)
    flat = terms.reshape(-1, terms.shape[-1])
    shadows = terms @ np.linalg.lstsq(flat[::7], pixels.ravel()[::7], rcond=None)[0]
    if np.ptp(pixels) < FLAT:
        return None
    if ((pixels - shadows) ** 3).sum() > 0:  # a few pixels are much lighter than the rest: chalk
        pixels = 255 - pixels
    darkness = np.clip(1 - pixels / np.maximum(_paper(pixels), 1), 0, 1)

    peak = np.quantile(darkness, 0.999)
    if not peak >= 0.1:
        return None
    stroke = darkness > 0.35 * peak
    # A pen that skips leaves gaps of a few pixels; small parts that are farther away are specks
    parts, count = ndimage.label(ndimage.binary_dilation(stroke, iterations=4))
    areas = ndimage.sum_labels(stroke, parts, range(1, count + 1))
    edge = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    inside = areas.copy()
    inside[edge[edge > 0] - 1] = 0  # a dark corner or the table beside the paper
    if inside.max() >= 0.1 * areas.max():
        areas = inside
    return stroke & np.isin(parts, 1 + np.flatnonzero(areas >= 0.1 * areas.max()))


def strokes_side_by_side(stroke):
    """Count the figures of nearly one height that stand side by side, as the digits of a number do.

    Parts of one digit, such as the bar of a 5, lie above each other, or are much smaller.

    Args:
        stroke: Boolean array (height, width), some of it True.

    Returns:
        The number of figures with free columns between them; `SPECKS` and more parts count singly.

    Example:
        >>> import numpy as np
        >>> from datasets.pen_strokes import strokes_side_by_side
        >>> eleven = np.zeros((90, 60), bool)
        >>> eleven[10:80, [15, 45]] = True
        >>> strokes_side_by_side(eleven)
        2
    """
    parts = ndimage.label(ndimage.binary_dilation(stroke, iterations=2))[1]
    if parts >= SPECKS or ndimage.label(stroke)[1] >= 8 * SPECKS:
        return max(parts, SPECKS)
    top, bottom, _, _ = bounding_box(stroke)
    reach = max(1, round(SKIPPED * (bottom - top + 1) / 2))
    joined = ndimage.binary_dilation(stroke, iterations=reach)
    columns, _ = ndimage.label(joined.any(0))
    rows = [np.flatnonzero(joined[:, place].any(1)) for (place,) in ndimage.find_objects(columns)]
    heights = np.array([found[-1] - found[0] + 1 for found in rows])
    return max(1, int(np.sum(heights >= 0.6 * heights.max())))


def _paper(pixels):
    """The lightness of the paper at every pixel: a smooth surface fitted to all but the dark pixels.

    Args:
        pixels: Array (height, width) of light paper with dark strokes, possibly in shadow.

    Returns:
        Array (height, width): a polynomial of degree 4 in row and column.
    """
    terms = _terms(pixels.shape)
    some = terms[::4, ::4].reshape(-1, terms.shape[-1])
    values = pixels[::4, ::4].ravel()
    paper = np.ones(len(values), bool)
    for _ in range(6):  # fit, leave out pixels well below the surface, fit again
        surface = np.linalg.lstsq(some[paper], values[paper], rcond=None)[0]
        below = some @ surface - values
        paper = below <= max(4, 1.5 * below[paper].std())
        if paper.sum() < 2 * terms.shape[-1]:
            return np.full(pixels.shape, values.max())
    return terms @ surface


def _terms(shape):
    """The 15 monomials of row and column up to degree 4: (height, width, 15)."""
    down, across = (np.linspace(-1, 1, side) for side in shape)
    return np.stack([np.outer(down**i, across**j) for i in range(5) for j in range(5 - i)], -1)


def bounding_box(stroke):
    """The box around all ink.

    Args:
        stroke: Boolean array (height, width), some of it True.

    Returns:
        `(top, bottom, left, right)`: first and last row, first and last column with ink.

    Example:
        >>> import numpy as np
        >>> from datasets.pen_strokes import bounding_box
        >>> [int(side) for side in bounding_box(np.eye(5, dtype=bool)[:3])]
        [0, 2, 0, 2]
    """
    rows, columns = np.flatnonzero(stroke.any(1)), np.flatnonzero(stroke.any(0))
    return rows[0], rows[-1], columns[0], columns[-1]


def with_weight(stroke):
    """Widen the stroke of a fine pen to the width of strokes in MNIST, about a ninth of the digit.

    Args:
        stroke: Boolean array (height, width).

    Returns:
        Array, a few pixels larger at each side, from 0 for paper to 1 for ink.

    Example:
        >>> import numpy as np
        >>> from datasets.pen_strokes import with_weight
        >>> thin = np.zeros((90, 20), bool)
        >>> thin[:, 10] = True
        >>> bool(with_weight(thin).sum() > 5 * thin.sum())
        True
    """
    top, bottom, left, right = bounding_box(stroke)
    extent = max(bottom - top, right - left) + 1
    # Half of a stroke's width is the distance of its ridge from its edge
    depth = ndimage.distance_transform_edt(stroke)
    ridge = depth[stroke & (depth == ndimage.maximum_filter(depth, 3))]
    missing = max(0, extent / 18 - ridge.mean())
    distance = ndimage.distance_transform_edt(~np.pad(stroke, int(missing) + 2))
    return np.clip(missing + 1 - distance, 0, 1)
