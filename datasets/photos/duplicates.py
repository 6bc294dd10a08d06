"""Duplicates: photos that show the same, also if they were resized or compressed again."""

from collections import Counter
from dataclasses import replace

import numpy as np
from PIL import Image

from .candidates import Finding

_HELD_OUT = ("test", "validation", "train", None)  # of duplicates the one in the first of these parts stays
SIDE = 32  # of the thumbnails that are compared, in pixels
MIN_SIDE = 64  # a smaller image has too few pixels to tell a duplicate from a similar one
DISTANCE = 10  # of 64 bits that two hashes may differ in
ALIKE = 0.75  # least correlation of the details of two thumbnails, where photos are of all kinds
FAINT = 0.5  # of 255; weaker details are noise


def reject_duplicates(candidates):
    """Reject duplicates, and number the groups of photos that show the same.

    Of exact copies in one class the first stays. Duplicates in two classes are all rejected, since one label
    must be wrong; of duplicates in two parts the one that is held out stays. Other near duplicates are used,
    and the split keeps each group in one part.

    Args:
        candidates: A `Candidates`.

    Returns:
        A new `Candidates`, whose photos all have a `group`.
    """
    photos = candidates.photos
    numbers = groups(len(photos), _pairs_of(photos))
    photos = tuple(replace(photo, group=int(n)) for photo, n in zip(photos, numbers, strict=True))
    members = {}
    for photo in photos:
        members.setdefault(photo.group, []).append(photo)
    rejected = {}
    for group in members.values():
        if len({photo.label for photo in group}) > 1:
            rejected |= _in_two_classes(group)
        elif len(group) > 1:
            rejected |= _in_one_class(group)
    candidates = replace(candidates, photos=photos).without(rejected)
    left = Counter(photo.group for photo in candidates.photos)
    near = sorted((photo.group, photo.name) for photo in candidates.photos if left[photo.group] > 1)
    if not near:
        return candidates
    return candidates.noting(Finding("near duplicates", [name for _, name in near], "kept in one part"))


def _in_two_classes(group):
    """Why each photo of a group is rejected, by name: their labels differ."""
    rejected = {}
    for photo in group:
        other = next(other for other in group if other.label != photo.label)
        reason = f"is the same photo as {other.name} of class {other.label}, and one must be wrong"
        rejected[photo.name] = "in two classes", reason
    return rejected


def _in_one_class(group):
    """Why photos of a group of one class are rejected, by name: as exact copies or as being in two parts."""
    group = sorted(group, key=lambda photo: (_HELD_OUT.index(photo.part), photo.name))
    rejected, known, first = {}, {}, group[0]
    for photo in group:
        same = known.setdefault(photo.facts.digest, photo)
        if photo.part != first.part:
            reason = f"is the same photo as {first.name}, which is in the {first.part} part"
            rejected[photo.name] = "in two parts", reason
        elif same is not photo:
            rejected[photo.name] = "exact copy", f"is an exact copy of {same.name}"
    return rejected


def _pairs_of(photos):
    """Pairs of photos that show the same, as int (pairs, 2).

    The user's test photos have no influence on how similar duplicates must be.
    """
    first, equal = {}, []
    for number, photo in enumerate(photos):
        for key in photo.facts.digest, photo.facts.square:
            same = first.setdefault(key, number)
            if same != number:
                equal.append((same, number))
    large = np.array([n for n, photo in enumerate(photos) if photo.facts.side >= MIN_SIDE], int)
    near = np.empty((0, 2), int)
    if len(large) > 1:
        some = [photos[number] for number in large]
        near = large[
            pairs(
                np.array([photo.facts.hash for photo in some]),
                np.array([photo.facts.thumbnail for photo in some]),
                np.array([photo.part != "test" for photo in some], bool),
            )
        ]
    return np.concatenate([near, np.array(equal, int).reshape(-1, 2)])


def fingerprint(pixels):
    """What duplicates of a photo have in common.

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

    Hashes find the candidates; the details of thumbnails decide, since all clear skies look alike.
    Where most images are similar, as scanned digits are, duplicates must be even more similar.

    Args:
        hashes: bool (n, 64).
        thumbnails: uint8 (n, 32, 32).
        like: bool (n,), the photos that show how similar two photos usually are; None for all.

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
        if len(one) > 4096:  # then one large product is faster
            found.append(np.argwhere(near & (detail[rows] @ detail.T >= alike)) + (start, 0))
        else:
            correlation = np.einsum("ij,ij->i", detail[one + start], detail[other])
            found.append(np.stack([one + start, other], 1)[correlation >= alike])
    return np.concatenate(found)


def _detail(thumbnails):
    """Thumbnails minus their smooth parts, each of length 1, so that products are correlations."""
    from scipy import ndimage

    grey = thumbnails.astype("float32")
    detail = (grey - ndimage.gaussian_filter(grey, (0, 2, 2))).reshape(len(grey), -1)
    return detail / np.maximum(np.linalg.norm(detail, axis=1, keepdims=True), SIDE * FAINT)


def _usual(detail):
    """How similar two of these photos usually are: the third quartile of correlations."""
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
