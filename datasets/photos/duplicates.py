"""Which photos show the same: copies that were made smaller, packed again, or saved elsewhere."""

import numpy as np
from PIL import Image

SIDE = 32  # of the thumbnails that are compared, in pixels
MIN_SIDE = 64  # a smaller picture holds too little to tell a copy from a look-alike
DISTANCE = 10  # of 64 bits of two hashes at most
ALIKE = 0.75  # correlation of two thumbnails' detail at least, where photos are of all sorts
FAINT = 0.5  # shades of 255; less detail than that is noise


def fingerprint(pixels):
    """What copies of a photo have in common.

    Args:
        pixels: uint8 (size, size, 3).

    Returns:
        bool (64,), its perceptual hash, and uint8 (32, 32), a grey thumbnail.
    """
    import imagehash

    image = Image.fromarray(pixels).convert("L")
    thumbnail = image.resize((SIDE, SIDE), Image.Resampling.BOX)
    return imagehash.phash(image).hash.ravel(), np.asarray(thumbnail)


def pairs(hashes, thumbnails, like=None):
    """Find photos that show the same.

    Hashes find the candidates; thumbnails without what is smooth in them decide, since all
    clear skies look alike. Where most pictures look alike, as scanned digits do, copies have to
    be even more so.

    Args:
        hashes: bool (n, 64).
        thumbnails: uint8 (n, 32, 32).
        like: bool (n,), the photos by which to judge how much they usually look alike; None for
            all.

    Returns:
        int (pairs, 2), the smaller index first.
    """
    if len(hashes) < 2:
        return np.empty((0, 2), int)
    signs = np.where(hashes, 1, -1).astype("float32")
    detail = _detail(thumbnails)
    alike = min(0.985, ALIKE + 0.7 * _usual(detail if like is None else detail[like]))
    found = []
    for start in range(0, len(signs), 512):
        rows = slice(start, start + 512)
        near = signs[rows] @ signs.T >= 64 - 2 * DISTANCE
        near &= np.arange(len(signs)) > np.arange(len(signs))[rows, None]  # every pair once
        one, other = np.nonzero(near)
        if len(one) > 4096:  # then all at once is faster
            found.append(np.argwhere(near & (detail[rows] @ detail.T >= alike)) + (start, 0))
        else:
            correlation = np.einsum("ij,ij->i", detail[one + start], detail[other])
            found.append(np.stack([one + start, other], 1)[correlation >= alike])
    return np.concatenate(found)


def _detail(thumbnails):
    """Thumbnails less what is smooth in them, each of length 1: their products are correlations."""
    from scipy import ndimage

    grey = thumbnails.astype("float32")
    detail = (grey - ndimage.gaussian_filter(grey, (0, 2, 2))).reshape(len(grey), -1)
    return detail / np.maximum(np.linalg.norm(detail, axis=1, keepdims=True), SIDE * FAINT)


def _usual(detail):
    """How much two photos of these are usually alike: the third quartile of correlations."""
    if len(detail) < 2:
        return 0.0
    one, other = np.random.default_rng(0).integers(0, len(detail), (2, 2000))
    different = one != other
    correlation = np.einsum("ij,ij->i", detail[one[different]], detail[other[different]])
    return max(0.0, float(np.quantile(correlation, 0.75)))


def groups(count, edges):
    """Number the groups that pairs connect.

    Args:
        count: Number of photos.
        edges: int (pairs, 2).

    Returns:
        int (count,): equal numbers within one group.
    """
    from scipy.sparse import coo_array, csgraph

    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (count, count))
    return csgraph.connected_components(graph, directed=False)[1]
