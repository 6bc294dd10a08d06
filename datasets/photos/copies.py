"""Copies of photos that are mirrored, turned or cropped, found among thousands."""

import itertools
from dataclasses import dataclass

import numpy as np

from . import alignment, views

DISTANCE = 10  # of 63 bits that the codes of a copy and of the part it shows may differ in
ONE_GREY = 0.85  # share of a picture; photos have up to 0.79, scanned digits 0.82, lines on paper from 0.9
ALIKE = 0.82  # least correlation of details
MOST = 8  # photos of which one may be a part, the nearest codes first
CROWDED = 64  # parts with the same key; of more than these, only so many are compared
AT_ONCE = 512  # photos
ENTRIES = 1_000_000
LOOKED_UP = 16_000_000  # parts that are looked up at a time: those of more photos take as much as their codes
KEY = 10, 24  # bits that parts are looked up by, fewest and most
CROPPED, MIRRORED, TURNED = "cropped", "mirrored", "turned"
ENTRY = np.uint64(40)  # bits for the number of a part, below those of its key
FARTHER = np.uint64(64)  # than any two codes are apart
WHOLE, PART, PLACE, WHOLE_TURN, PART_TURN, FAR, VARIANT = range(7)  # columns of candidates


@dataclass(frozen=True)
class Copies:
    """Pairs of photos of which one shows the other, or a part of it.

    Attributes:
        pairs: int (k, 2): the photo, and the copy.
        kinds: List of "cropped", "mirrored" or "turned"; a mirrored copy can be turned too, and all can be
            cropped.
        correlations: float32 (k,), of their details.

    Example:
        >>> import numpy as np
        >>> from datasets.photos.copies import Copies
        >>> Copies(np.array([[0, 1]]), ["mirrored"], np.ones(1)).kinds
        ['mirrored']
    """

    pairs: np.ndarray
    kinds: list
    correlations: np.ndarray


def copies(thumbnails, usual=0.0, judging=None):
    """Find copies that are mirrored, turned by 90, 180 or 270 degrees, or cropped to 85 % and more.

    Args:
        thumbnails: uint8 (n, 32, 32), or `duplicates.Thumbnails`.
        usual: How similar two of the photos usually are, in [0, 1]; copies must be even more similar.
        judging: How many photos decide how much is compared; all by default.

    Returns:
        `Copies`.

    Example:
        >>> import numpy as np
        >>> from datasets.photos.copies import copies
        >>> picture = np.random.default_rng(0).integers(0, 256, (1, 32, 32), "uint8")
        >>> found = copies(np.concatenate([picture, picture[:, :, ::-1]]))
        >>> found.pairs.tolist(), found.kinds
        ([[0, 1]], ['mirrored'])
    """
    best, wanted = {}, min(0.985, ALIKE + 0.7 * usual)
    for some in _candidates(thumbnails, judging or len(thumbnails)):
        agree, _ = _judged(thumbnails, some, wanted)
        for row in np.flatnonzero(agree >= wanted):
            whole, part, _, one, other, *_ = some[row].tolist()
            pair = min(whole, part), max(whole, part)
            best[pair] = max(
                best.get(pair, (0, "", ())), (float(agree[row]), _kind(one, other), (whole, part))
            )
    found = sorted((pair, kind, agree) for agree, kind, pair in best.values())
    return Copies(
        np.array([sorted(pair) for pair, _, _ in found], int).reshape(-1, 2),
        [kind for _, kind, _ in found],
        np.array([agree for _, _, agree in found], "float32"),
    )


def _kind(one, other):
    """What became of a copy, by what brings both to the usual orientation."""
    if (one ^ other).bit_count() % 2:
        return MIRRORED
    return CROPPED if one == other else TURNED


def _candidates(thumbnails, judging):
    """Photos that may show parts of others.

    Yields:
        int (k, 7), with the columns `WHOLE` to `VARIANT`.
    """
    if len(thumbnails) < 2:
        return
    number = len(views.parts())
    bits = int(np.clip(np.log2(judging * number) + 2, *KEY))
    index = _Index(number, bits, *_described(thumbnails, number))
    times = -(-len(index.codes) // LOOKED_UP)
    bounds = [2**bits * n // times for n in range(times + 1)]
    plain = _plain(thumbnails)
    found = np.empty((0, 7), "int32")
    for first, last in itertools.pairwise(bounds):
        index.sort(first, last)
        every = [found]
        for start in range(0, len(thumbnails), AT_ONCE):
            middles = views.coefficients(thumbnails[start : start + AT_ONCE], middle=True)[:, 0]
            every.append(index.near(middles, start).astype("int32"))
        found = _nearest(np.concatenate(every)) if times > 1 else np.concatenate(every)
    ends = np.searchsorted(found[:, PART], np.arange(0, len(thumbnails) + AT_ONCE, AT_ONCE))
    for begin, end in itertools.pairwise(ends):
        some = found[begin:end]
        yield some[~plain[some[:, WHOLE]] & ~plain[some[:, PART]]]


def _described(thumbnails, number):
    """The codes, uint64, and turns, uint8, of all parts of photos: each (n * number,)."""
    codes = np.empty((len(thumbnails), number), "uint64")
    turns = np.empty((len(thumbnails), number), "uint8")
    for start in range(0, len(thumbnails), AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        found = views.coefficients(thumbnails[rows])
        turns[rows] = views.usual_turns(found)
        codes[rows] = views.codes(views.oriented(found, turns[rows]))
    return codes.ravel(), turns.ravel()


def _nearest(found):
    """Of each part's candidates the few with the nearest codes; one of each pair and orientation."""
    found = found[np.lexsort([found[:, what] for what in (PLACE, FAR, VARIANT, WHOLE, PART)])]
    new = np.ones(len(found), bool)
    new[1:] = np.diff(found[:, [PART, WHOLE, VARIANT]], axis=0).any(1)
    found = found[new]
    found = found[np.lexsort([found[:, what] for what in (VARIANT, WHOLE, FAR, PART)])]
    first = np.searchsorted(found[:, PART], found[:, PART])
    return found[np.arange(len(found)) - first < MOST]


def _plain(thumbnails):
    """Which pictures are nearly all of one grey, such as a line on white paper: one line is like another."""
    plain = np.zeros(len(thumbnails), bool)
    for start in range(0, len(thumbnails), AT_ONCE):
        greys = thumbnails[start : start + AT_ONCE].reshape(-1, 32 * 32).astype("int64")
        rows = 260 * np.arange(len(greys))[:, None] + 2  # room for the greys beside each
        counts = np.bincount((rows + greys).ravel(), minlength=260 * len(greys)).reshape(-1, 260)
        near = sum(counts[:, shift : 256 + shift] for shift in range(5))
        plain[start : start + AT_ONCE] = near.max(1) > ONE_GREY * 32 * 32
    return plain


class _Index:
    """The parts of all photos, to be looked up: entry e is part e % number of photo e // number.

    Args:
        number: How many parts each photo has.
        bits: Of a code, by which parts are looked up.
        codes: uint64 (entries,).
        turns: uint8 (entries,).

    Attributes:
        first, last: The keys of which the entries can be looked up now: from the first to before the last.
        keys: uint64, these keys, sorted. They hold the entry in their lowest bits, so that entries ascend
            where keys are equal.
    """

    def __init__(self, number, bits, codes, turns):
        self.number, self.bits, self.codes, self.turns = number, bits, codes, turns
        self.first, self.last, self.keys = 0, 0, None

    def sort(self, first, last):
        """Make the entries of some keys ready to be looked up."""
        self.first, self.last, self.keys = first, last, None  # before others take their place
        self.keys = np.empty(sum(map(len, self._some())), "uint64")
        done = 0
        for keys in self._some():
            self.keys[done : done + len(keys)] = keys
            done += len(keys)
        self.keys.sort()

    def _some(self):
        """The keys that can be looked up now, some at a time, each with its entry."""
        for start in range(0, len(self.codes), ENTRIES):
            keys = self.codes[start : start + ENTRIES] >> np.uint64(64 - self.bits)
            rows = np.flatnonzero((keys >= self.first) & (keys < self.last))
            yield keys[rows] << ENTRY | (rows + start).astype("uint64")

    def near(self, found, start):
        """Candidates for some photos' middles; `start` is the first one's number."""
        every = []
        for variant, turns in enumerate(views.likely_turns(found)):
            seen = views.oriented(found, turns)
            row, entry = self._looked_up(views.keys(seen, self.bits), start)
            far = np.bitwise_count(views.codes(seen)[row] ^ self.codes[entry])
            keep = (far <= DISTANCE) & (entry // self.number != row + start)
            row, entry, far = row[keep], entry[keep], far[keep]
            whole, place = np.divmod(entry, self.number)
            turned, number = self.turns[entry], np.full(len(row), variant)
            every.append(np.stack([whole, row + start, place, turned, turns[row], far, number], 1))
        return _nearest(np.concatenate(every).astype("int64"))

    def _looked_up(self, keys, start):
        """All entries with these keys: rows of `keys`, and entries. Of crowds those after one's own."""
        row, column = np.nonzero((keys >= self.first) & (keys < self.last))
        keys = keys[row, column] << ENTRY
        own = ((row + start + 1) * self.number).astype("uint64")
        begin, after = np.searchsorted(self.keys, keys), np.searchsorted(self.keys, keys | own)
        end = np.searchsorted(self.keys, keys + (np.uint64(1) << ENTRY))
        crowded = end - begin > CROWDED
        begin = np.where(crowded, np.minimum(after, end - CROWDED), begin)
        end = np.where(crowded, begin + CROWDED, end)
        counts = end - begin
        shift = begin - (np.cumsum(counts) - counts)
        places = np.arange(counts.sum()) + np.repeat(shift, counts)
        entries = (self.keys[places] & ((np.uint64(1) << ENTRY) - np.uint64(1))).astype("int64")
        return np.repeat(row, counts), entries


def _judged(thumbnails, found, wanted):
    """Correlations of candidates' details where they agree best, and where that is."""
    one, other = found[:, WHOLE_TURN], found[:, PART_TURN]
    left, top, side = views.parts()[found[:, PLACE]].T
    left, top = np.where(one & 1, 1 - left - side, left), np.where(one & 2, 1 - top - side, top)
    left, top = np.where(one & 4, top, left), np.where(one & 4, left, top)
    scale = side / views.MIDDLE
    margin = scale * (1 - views.MIDDLE) / 2
    boxes = np.stack([left - margin, top - margin, scale], 1)
    whole, part = thumbnails[found[:, WHOLE]], thumbnails[found[:, PART]]
    return alignment.aligned(views.turned(whole, one), views.turned(part, other), boxes, wanted)
