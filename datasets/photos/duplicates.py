"""Duplicates: photos that show the same, also if they were resized or compressed again."""

import functools
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from PIL import Image

from ..files.display import Finding
from .copies import CROPPED, copies
from .near import connections, groups, packed

_HELD_OUT = ("test", "validation", "train", None)  # of duplicates the one in the first of these parts stays
SIDE = 32  # of the thumbnails that are compared, in pixels
MIN_SIDE = 64  # a smaller image has too few pixels to tell a duplicate from a similar one
MIN_SIDE_CHANGED = 24  # the same for copies that are mirrored, turned or cropped, and judged more strictly
DISTANCE = 10  # of 64 bits that two hashes may differ in
ALIKE = 0.75  # least correlation of the details of two thumbnails, where photos are of all kinds
FAINT = 0.5  # of 255; weaker details are noise
DIRECTIONS = 48  # of 1,024, by which most pairs are known to differ
ROUNDING = 1e-4  # of float32
AT_ONCE, CROWD = 4096, 500_000  # thumbnails or pairs, and pairs of which many are of the same photo


@dataclass(frozen=True)
class Links:
    """Which photos show the same.

    Attributes:
        plain: int (k, 2), pairs that differ at most in size and compression.
        changed: Dictionary from a pair to "cropped", "mirrored" or "turned".
    """

    plain: np.ndarray
    changed: dict

    def all(self):
        """All pairs, int (k, 2)."""
        return np.concatenate([self.plain, np.array(list(self.changed), int).reshape(-1, 2)])

    def how(self, one, other):
        """What became of a copy, as a part of a sentence; empty if nothing did."""
        kind = self.changed.get((min(one, other), max(one, other)))
        return f", {kind}," if kind else ""


class Thumbnails:
    """Thumbnails of photos, indexed as an array is: those of some rows are put together when asked for.

    An array of all would double what a million of them take.

    Args:
        photos: Sequence of `candidates.Candidate`.
    """

    def __init__(self, photos):
        self.photos = photos

    def __len__(self):
        return len(self.photos)

    def __getitem__(self, rows):
        """uint8 (k, 32, 32), of a slice or an array of integers."""
        some = self.photos[rows] if isinstance(rows, slice) else [self.photos[row] for row in rows]
        return _joined([photo.facts.thumbnail for photo in some], SIDE * SIDE).reshape(-1, SIDE, SIDE)


def _joined(contents, size):
    """uint8 (n, size), of as many bytes each."""
    return np.frombuffer(b"".join(contents), "uint8").reshape(-1, size)


def reject_duplicates(candidates):
    """Reject duplicates, and number the groups of photos that show the same.

    Of exact copies in one class the first stays. Duplicates in two classes are all rejected, since one label
    must be wrong; of duplicates in two parts the one that is held out stays. Other near duplicates, and
    copies that are mirrored, turned or cropped, are used, and the split keeps each group in one part. Classes
    can differ in nothing but direction: mirrored and turned copies in two classes are noted and used.

    Args:
        candidates: A `Candidates`.

    Returns:
        A new `Candidates`, whose photos all have a `group`.
    """
    photos = candidates.photos
    links, across = _links(photos)
    numbers = groups(len(photos), links.all())
    photos = tuple(replace(photo, group=int(n)) for photo, n in zip(photos, numbers, strict=True))
    members = {}
    for number, photo in enumerate(photos):
        members.setdefault(photo.group, []).append(number)
    rejected = {}
    for group in members.values():
        if len({photos[number].label for number in group}) > 1:
            rejected |= _in_two_classes([photos[number] for number in group])
        elif len(group) > 1:
            rejected |= _in_one_class(photos, group, links)
    findings = _findings(photos, links, rejected, across)
    return replace(candidates, photos=photos).without(rejected).noting(*findings)


def _findings(photos, links, rejected, across):
    """What was found of near duplicates that are used, as a list of `Finding`."""
    left = Counter(photo.group for photo in photos if photo.name not in rejected)
    together = [photo for photo in photos if photo.name not in rejected and left[photo.group] > 1]
    changed = {}
    for pair, kind in links.changed.items():
        changed.setdefault(kind, set()).update(pair)
    changed = {kind: {photos[number].name for number in rows} for kind, rows in changed.items()}
    plain = {photos[number].name for number in links.plain.ravel()}
    near = [
        photo
        for photo in together
        if photo.name in plain or not any(photo.name in names for names in changed.values())
    ]
    found = [("near duplicates", near)]
    for kind, names in sorted(changed.items()):
        found.append((f"{kind} copies", [photo for photo in together if photo.name in names]))
    findings = [
        Finding(
            what,
            [name for _, name in sorted((photo.group, photo.name) for photo in some)],
            "kept in one part",
        )
        for what, some in found
        if some
    ]
    names = [photos[number].name for number in sorted(across) if photos[number].name not in rejected]
    if names:
        action = "used; see whether their classes differ by direction"
        findings.append(Finding("mirrored or turned, in two classes", names, action))
    return findings


def _in_two_classes(group):
    """Why each photo of a group is rejected, by name: their labels differ."""
    rejected, first = {}, group[0]
    second = next(photo for photo in group if photo.label != first.label)
    for photo in group:
        other = second if photo.label == first.label else first
        reason = f"is the same photo as {other.name} of class {other.label}, and one must be wrong"
        rejected[photo.name] = "in two classes", reason
    return rejected


def _in_one_class(photos, group, links):
    """Why photos of a group of one class are rejected, by name: as exact copies or as being in two parts."""
    group = sorted(group, key=lambda number: (_HELD_OUT.index(photos[number].part), photos[number].name))
    rejected, known, first = {}, {}, photos[group[0]]
    for number in group:
        photo = photos[number]
        same = known.setdefault(photo.facts.digest, photo)
        if photo.part != first.part:
            how = links.how(number, group[0])
            reason = f"is the same photo as {first.name}{how or ','} which is in the {first.part} part"
            rejected[photo.name] = "in two parts", reason
        elif same is not photo:
            rejected[photo.name] = "exact copy", f"is an exact copy of {same.name}"
    return rejected


def _links(photos):
    """Which photos show the same: `Links`, and photos that are mirrored or turned in another class, a set.

    The user's test photos have no influence on how similar duplicates must be.
    """
    equal = _equal(photos)
    large = np.array([n for n, photo in enumerate(photos) if photo.facts.side >= MIN_SIDE], int)
    near = np.empty((0, 2), int)
    if len(large) > 1:
        some = [photos[number] for number in large]
        judging = np.array([photo.part != "test" for photo in some], bool)
        hashes = _joined([photo.facts.hash for photo in some], 8)
        near = large[pairs(np.unpackbits(hashes, axis=1).astype(bool), Thumbnails(some), judging)]
    plain = np.concatenate([near, np.array(equal, int).reshape(-1, 2)])
    one_each = np.unique(groups(len(photos), plain), return_index=True)[1]  # of photos that are the same
    changed, across = {}, set()
    for (one, other), kind in _changed(photos, one_each).items():
        if photos[one].label == photos[other].label or kind == CROPPED:
            changed[one, other] = kind
        else:
            across |= {one, other}
    return Links(plain, changed), across


def _equal(photos):
    """Pairs of photos of the same file or pixels: the first such photo, and each other one."""
    first, equal = {}, []
    for number, photo in enumerate(photos):
        for key in photo.facts.digest, photo.facts.square:
            same = first.setdefault(key, number)
            if same != number:
                equal.append((same, number))
    return equal


def _changed(photos, rows):
    """Copies that are mirrored, turned or cropped, among some of the photos: {pair: kind}."""
    rows = np.array([n for n in rows.tolist() if photos[n].facts.side >= MIN_SIDE_CHANGED], int)
    if len(rows) < 2:
        return {}
    thumbnails = Thumbnails([photos[number] for number in rows])
    judging = np.array([photos[number].part != "test" for number in rows], bool)
    found = copies(thumbnails, _usual(thumbnails, judging), np.count_nonzero(judging))
    return {(int(a), int(b)): kind for (a, b), kind in zip(rows[found.pairs], found.kinds, strict=True)}


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
        thumbnails: uint8 (n, 32, 32), or `Thumbnails`.
        like: bool (n,), the photos that show how similar two photos usually are; None for all.

    Returns:
        int (pairs, 2), the smaller index first: as many pairs as connect all photos that show the same.
    """
    if len(hashes) < 2:
        return np.empty((0, 2), int)
    alike = min(0.985, ALIKE + 0.7 * _usual(thumbnails, like))
    bounds = _bounds(thumbnails)
    strong = np.flatnonzero(np.linalg.norm(bounds, axis=1) >= alike - ROUNDING)  # others are like none
    if not len(strong):
        return np.empty((0, 2), int)
    bounds = bounds[strong] if len(strong) < len(bounds) else bounds
    decide = partial(_are_alike, lambda rows: _detail(thumbnails[strong[rows]]), bounds, alike)
    return strong[connections(packed(hashes[strong]), DISTANCE, decide, bounds[:, :DIRECTIONS])]


def _are_alike(detail, bounds, alike, one, other):
    """Whether the details of pairs of thumbnails agree, bool (k,)."""
    found = np.zeros(len(one), bool)
    most = _products(bounds.__getitem__, len(bounds), one, other, CROWD)
    may = np.flatnonzero(most >= alike - ROUNDING)
    if len(may):
        details = _products(detail, len(bounds), one[may], other[may], CROWD)
        found[may] = details >= alike
    return found


def _products(vectors, count, one, other, at_once):
    """Products of pairs of vectors, (k,): by one large product where the pairs are of a few photos."""
    found = np.empty(len(one), "float32")
    for start in range(0, len(one), at_once):
        rows = slice(start, start + at_once)
        (first, a), (second, b) = (_unique(each[rows], count) for each in (one, other))
        if len(first) * len(second) <= 32 * len(a):
            found[rows] = (vectors(first) @ vectors(second).T)[a, b]
        elif at_once > AT_ONCE:
            found[rows] = _products(vectors, count, one[rows], other[rows], AT_ONCE)
        else:
            found[rows] = np.einsum("ij,ij->i", vectors(first)[a], vectors(second)[b])
    return found


def _unique(rows, count):
    """What `numpy.unique` gives, without sorting, for rows below `count`."""
    there = np.zeros(count, bool)
    there[rows] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[rows]


def _bounds(thumbnails):
    """Short vectors whose products are never smaller than the correlations of details, float32 (n, k).

    They are the details in a few directions, and last the length of what these leave out.
    """
    random = np.random.default_rng(0)
    sample = _detail(thumbnails[random.permutation(len(thumbnails))[:2000]])
    if len(sample) <= DIRECTIONS:  # all directions that there are
        directions = np.linalg.qr(sample.T)[0]
    else:
        directions = random.normal(size=(SIDE * SIDE, DIRECTIONS)).astype("float32")
        for _ in range(3):  # towards those in which photos differ most (subspace iteration)
            directions = np.linalg.qr(sample.T @ (sample @ directions))[0]
    found = np.empty((len(thumbnails), directions.shape[1] + 1), "float32")
    for start in range(0, len(thumbnails), AT_ONCE):
        detail = _detail(thumbnails[start : start + AT_ONCE])
        some = found[start : start + AT_ONCE]
        some[:, :-1] = detail @ directions
        left = np.sum(detail**2, 1) - np.sum(some[:, :-1] ** 2, 1)
        some[:, -1] = np.sqrt(np.maximum(left, 0))
    return found


def _detail(thumbnails):
    """Thumbnails minus their smooth parts, each of length 1, so that products are correlations."""
    grey, blur = thumbnails.astype("float32"), _blur()
    detail = (grey - blur @ grey @ blur.T).reshape(len(grey), SIDE * SIDE)
    return detail / np.maximum(np.linalg.norm(detail, axis=1, keepdims=True), SIDE * FAINT)


@functools.cache
def _blur():
    """A matrix that blurs the columns of a thumbnail: faster than the filter itself on thousands of them."""
    from scipy import ndimage

    return ndimage.gaussian_filter1d(np.eye(SIDE, dtype="float32"), 2, axis=0)


def _usual(thumbnails, like=None):
    """How similar two of these photos usually are: the third quartile of correlations.

    `like`, bool (n,), says which of them count; None for all.
    """
    rows = np.arange(len(thumbnails)) if like is None else np.flatnonzero(like)
    if len(rows) < 2:
        return 0.0
    one, other = np.random.default_rng(0).integers(0, len(rows), (2, 2000))
    different = one != other
    some, places = np.unique(np.stack([one[different], other[different]]), return_inverse=True)
    detail = _detail(thumbnails[rows[some]])
    one, other = places.reshape(2, -1)
    correlation = np.einsum("ij,ij->i", detail[one], detail[other])
    return max(0.0, float(np.quantile(correlation, 0.75)))
