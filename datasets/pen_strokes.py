"""Pen strokes: found in a photo of one handwritten digit, and brought to the form of MNIST."""

import numpy as np
from PIL import Image, ImageFilter
from scipy import ndimage


def as_mnist(ink):
    """Scale and centre one digit as the digits of MNIST were.

    The digit is scaled, keeping its proportions, until its longer side measures 20 pixels,
    and placed so that its centre of mass is in the middle of 28 x 28 pixels.

    Args:
        ink: Array (height, width), 0 where paper is and 1 where ink is; some of it ink.

    Returns:
        uint8 array (28, 28), ink 255 on paper 0.

    Reference:
        LeCun, Cortes and Burges, The MNIST database of handwritten digits, 1998.
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
        Boolean array (height, width), long side 256, True for ink; None if nothing stands out.
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
    if ((pixels - shadows) ** 3).sum() > 0:  # few much lighter pixels, not few much darker ones: chalk
        pixels = 255 - pixels
    darkness = np.clip(1 - pixels / np.maximum(_paper(pixels), 1), 0, 1)

    peak = np.quantile(darkness, 0.999)
    if not peak >= 0.1:
        return None
    stroke = darkness > 0.35 * peak
    # A pen that skips leaves gaps of a few pixels; what lies farther off and is small is a speck
    parts, count = ndimage.label(ndimage.binary_dilation(stroke, iterations=4))
    areas = ndimage.sum_labels(stroke, parts, range(1, count + 1))
    edge = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    inside = areas.copy()
    inside[edge[edge > 0] - 1] = 0  # a dark corner or the table beside the paper
    if inside.max() >= 0.1 * areas.max():
        areas = inside
    return stroke & np.isin(parts, 1 + np.flatnonzero(areas >= 0.1 * areas.max()))


def _paper(pixels):
    """The paper's lightness at every pixel: a smooth surface through all but the dark ones.

    Args:
        pixels: Array (height, width) of light paper with dark strokes, possibly in shadow.

    Returns:
        Array (height, width): a polynomial of the fourth degree in row and column.
    """
    terms = _terms(pixels.shape)
    some = terms[::4, ::4].reshape(-1, terms.shape[-1])
    values = pixels[::4, ::4].ravel()
    paper = np.ones(len(values), bool)
    for _ in range(6):  # fit, leave out what lies well below the surface, fit again
        surface = np.linalg.lstsq(some[paper], values[paper], rcond=None)[0]
        below = some @ surface - values
        paper = below <= max(4, 1.5 * below[paper].std())
        if paper.sum() < 2 * terms.shape[-1]:
            return np.full(pixels.shape, values.max())
    return terms @ surface


def _terms(shape):
    """The 15 powers of row and column, up to the fourth degree together: (height, width, 15)."""
    down, across = (np.linspace(-1, 1, side) for side in shape)
    return np.stack([np.outer(down**i, across**j) for i in range(5) for j in range(5 - i)], -1)


def bounding_box(stroke):
    """First and last row, first and last column of what is True."""
    rows, columns = np.flatnonzero(stroke.any(1)), np.flatnonzero(stroke.any(0))
    return rows[0], rows[-1], columns[0], columns[-1]


def with_weight(stroke):
    """Bring a stroke to the weight that strokes have in MNIST, about a ninth of the digit.

    Args:
        stroke: Boolean array (height, width).

    Returns:
        Array, a little larger, 0 for paper to 1 for ink: a finer pen's stroke is widened.
    """
    top, bottom, left, right = bounding_box(stroke)
    extent = max(bottom - top, right - left) + 1
    # Half a stroke's width is how deep its ridge lies in it
    depth = ndimage.distance_transform_edt(stroke)
    ridge = depth[stroke & (depth == ndimage.maximum_filter(depth, 3))]
    missing = max(0, extent / 18 - ridge.mean())
    distance = ndimage.distance_transform_edt(~np.pad(stroke, int(missing) + 2))
    return np.clip(missing + 1 - distance, 0, 1)
