"""Whether a photo shows a part of another: both are aligned, and the correlation of their details decides."""

import functools

import numpy as np

from .views import SIDE

STEPS = (0.024, 0.012, 0.006)  # of the search for the place, relative to the photo's side
EDGE = 2  # pixels at the edge that do not count, since filters reach beyond it
LEAST = 0.3  # correlation of details before the search, below which there is none
FURTHER = 0.25  # below what is wanted, after the first step
CERTAIN = 0.985  # no better place is needed
BLUR = 2  # pixels; what is larger is no detail
SMALLEST, LARGEST = 0.8, 1.06  # sides of the part
FAINT = 0.5  # of 255; weaker details are noise
AT_ONCE = 256  # pairs, which a processor's cache holds


@functools.cache
def _blur():
    from scipy import ndimage

    return ndimage.gaussian_filter1d(np.eye(SIDE, dtype="float32"), BLUR, axis=0)


def _details(grey):
    return grey - _blur() @ grey @ _blur().T


def _sampling(start, side):
    """Matrices that pick pixels from a row by linear interpolation, and which of them lie within it.

    Returns:
        float32 (n, SIDE, SIDE) and bool (n, SIDE).
    """
    place = (start[:, None] + side[:, None] * (np.arange(SIDE) + 0.5) / SIDE) * SIDE - 0.5
    inside = (place > -0.5) & (place < SIDE - 0.5)
    place = place.clip(0, SIDE - 1)
    return np.maximum(0, 1 - np.abs(place[..., None] - np.arange(SIDE))).astype("float32"), inside


def correlations(whole, part, boxes):
    """How well the details of parts of photos agree with other photos.

    Args:
        whole: float32 (n, 32, 32), the photos.
        part: float32 (n, 32, 32), the details of the others, each of which may show a part.
        boxes: float (n, 3), left, top and side of these parts, relative to the photos' sides.

    Returns:
        float32 (n,).

    Example:
        >>> import numpy as np
        >>> from datasets.photos.alignment import correlations
        >>> picture = np.random.default_rng(0).integers(0, 256, (1, 32, 32)).astype("float32")
        >>> float(correlations(picture, picture, np.array([[0.5, 0.0, 1.0]]))[0]) < 0.5
        True
    """
    across, in_x = _sampling(boxes[:, 0], boxes[:, 2])
    down, in_y = _sampling(boxes[:, 1], boxes[:, 2])
    seen = _details(down @ whole @ across.swapaxes(1, 2))
    weight = (in_y[:, :, None] & in_x[:, None, :]).astype("float32")
    weight[:, :EDGE] = weight[:, -EDGE:] = weight[:, :, :EDGE] = weight[:, :, -EDGE:] = 0
    weight /= np.maximum(weight.sum((1, 2), keepdims=True), 1)
    seen = (seen - (weight * seen).sum((1, 2), keepdims=True)) * weight
    part = part - (weight * part).sum((1, 2), keepdims=True)
    product = (seen * part).sum((1, 2))
    size = np.sqrt((seen**2 / np.maximum(weight, 1e-9)).sum((1, 2)) * (weight * part**2).sum((1, 2)))
    return product / np.maximum(size, FAINT**2)


def aligned(whole, part, boxes, wanted=0.0):
    """Move parts to where they agree best, and say how well.

    Args:
        whole, part: uint8 (n, 32, 32), in the same orientation.
        boxes: float (n, 3), about where each part is: left, top and side.
        wanted: Correlation that is needed; what stays far below it is not moved any further.

    Returns:
        float32 (n,), correlations of details, and float (n, 3), where the parts are.

    Example:
        >>> import numpy as np
        >>> from datasets.photos.alignment import aligned
        >>> picture = np.random.default_rng(0).integers(0, 256, (1, 32, 32), "uint8")
        >>> agree, boxes = aligned(picture, picture, np.array([[0.0, 0.0, 1.0]]))
        >>> round(float(agree[0]), 3)
        1.0
    """
    boxes, agree = np.array(boxes, float), np.empty(len(whole), "float32")
    for start in range(0, len(whole), AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        agree[rows], boxes[rows] = _aligned(whole[rows], part[rows], boxes[rows], wanted)
    return agree, boxes


def _aligned(whole, part, boxes, wanted):
    whole, part = whole.astype("float32"), _details(part.astype("float32"))
    boxes, best = np.array(boxes, float), correlations(whole, part, boxes)
    rows = np.flatnonzero((best >= LEAST) & (best < CERTAIN))
    moves = np.concatenate([np.eye(3), -np.eye(3)])
    moves[[2, 5], :2] = -moves[[2, 5], 2:] / 2  # a larger part grows to all sides
    for step in STEPS:
        rows = rows[(best[rows] >= wanted - FURTHER) | (step == STEPS[0])]
        for _ in range(2):
            for move in moves:
                tried = boxes[rows] + step * move
                found = correlations(whole[rows], part[rows], tried)
                better = (found > best[rows]) & (tried[:, 2] >= SMALLEST) & (tried[:, 2] <= LARGEST)
                best[rows[better]], boxes[rows[better]] = found[better], tried[better]
    return best, boxes
