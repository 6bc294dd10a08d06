"""Codes of bits that are near to each other, found in nearly linear time.

Codes that differ in at most `distance` of 64 bits differ in at most a quarter of that in one of four bands of
16 bits, so that only photos in the same or a neighbouring bucket of a band are compared (multi-index hashing,
Norouzi et al. 2012). What is connected already is not compared again: thousands of copies of one photo, which
lie in one bucket, take no longer than as many different photos. Nor are thousands of photos with nearly the
same code compared each with each, whether they are alike or not, but with those beside them in random trees.
"""

import itertools

import numpy as np
from scipy.sparse import coo_array, csgraph

BITS, BANDS = 16, 4
AT_ONCE = 2_000_000  # pairs
FEW = 1500  # photos, of which all pairs are compared at once
CROWDED = 32  # photos in a bucket; in such ones it pays to leave out what is connected already
CROWD = 128  # photos in a bucket, from which on they are not compared each with each
TREES, LEAF = 8, 64  # in which a crowd is divided, and photos in a leaf, which are compared
FIRST = 0, 1 / 2, 1 / 4, 3 / 4  # places in a crowded bucket whose photos are compared with all others first


def packed(hashes):
    """Codes as whole numbers.

    Args:
        hashes: bool (n, 64).

    Returns:
        uint64 (n,).

    Example:
        >>> import numpy as np
        >>> from datasets.photos.near import packed
        >>> packed(np.zeros((2, 64), bool)).tolist()
        [0, 0]
    """
    return np.ascontiguousarray(np.packbits(hashes, axis=1)).view("uint64").ravel()


def groups(count, edges):
    """Number the groups that pairs connect.

    Args:
        count: Number of photos.
        edges: int (pairs, 2).

    Returns:
        int (count,): equal numbers within one group.

    Example:
        >>> import numpy as np
        >>> from datasets.photos.near import groups
        >>> groups(4, np.array([[0, 2]])).tolist()
        [0, 1, 0, 2]
    """
    graph = coo_array((np.ones(len(edges), bool), (edges[:, 0], edges[:, 1])), (count, count))
    return csgraph.connected_components(graph, directed=False)[1]


def connections(codes, distance, decide, vectors=None):
    """Pairs of photos that are near to each other and show the same: as many as connect all that do.

    Args:
        codes: uint64 (n,).
        distance: Of 64 bits that two codes may differ in.
        decide: Function of two integer arrays (k,), indices of photos that are near to each other; it returns
            bool (k,), whether they show the same.
        vectors: float (n, k), near to each other where photos show the same; they divide crowds. None to
            take the codes.

    Returns:
        int (pairs, 2), the smaller index first. All pairs together connect the same photos as these do; of a
        crowd of more than 1,500 photos, of which more than 128 have the same 16 bits, nearly always.

    Example:
        >>> import numpy as np
        >>> from datasets.photos.near import connections
        >>> codes = np.array([0, 2**64 - 1, 7], "uint64")
        >>> connections(codes, 3, lambda one, other: np.ones(len(one), bool)).tolist()
        [[0, 2]]
    """
    search = _Search(codes, distance, decide, vectors)
    if len(codes) <= FEW:
        one, other = np.triu_indices(len(codes), 1)
        for start in range(0, len(one), AT_ONCE):
            search.compare(one[start : start + AT_ONCE], other[start : start + AT_ONCE], 0)
    else:
        search.through_crowds()
        for band in range(BANDS):
            search.through(band)
    return np.sort(np.concatenate([np.empty((0, 2), int), *search.edges]), axis=1)


class _Search:
    """Goes through the buckets of each band.

    Attributes:
        group: int (n,), equal numbers for photos that the pairs found so far connect.
        edges: List of int (k, 2), the pairs.
        fresh: How many photos are in groups that changed since the buckets were sorted.
        crowded: List of bool (n,) for each band, whether a photo lies in a bucket with a crowd.
    """

    def __init__(self, codes, distance, decide, vectors=None):
        self.codes, self.distance, self.decide, self.vectors = codes, distance, decide, vectors
        self.group, self.edges, self.fresh, self.crowded = np.arange(len(codes)), [], 0, []
        places = [itertools.combinations(range(BITS), bits) for bits in range(distance // BANDS + 1)]
        self.masks = [sum(1 << place for place in some) for some in itertools.chain(*places)]

    def _values(self, band):
        return (self.codes >> np.uint64(BITS * band) & np.uint64(2**BITS - 1)).astype("int64")

    def through_crowds(self):
        """Compare what lies in or beside buckets with crowds: each photo with a few that are most like it."""
        inside = np.zeros(len(self.codes), bool)
        for band in range(BANDS):
            values = self._values(band)
            crowds = np.bincount(values, minlength=2**BITS) > CROWD
            self.crowded.append(crowds[values])
            beside = np.zeros(2**BITS, bool)
            for mask in self.masks if crowds.any() else ():
                beside |= crowds[np.arange(2**BITS) ^ mask]
            inside |= beside[values]
        rows = np.flatnonzero(inside)
        if not len(rows):
            return
        for band in range(BANDS):
            self._join_crowds(self._values(band))
        random = np.random.default_rng(0)
        for _ in range(TREES):
            some = random.permutation(rows)  # in another order where all are the same
            order, ends = _leaves(self._described(some), random)
            for one, other in _expanded(some[order], np.arange(1, len(some) + 1), ends):
                self.compare(one, other, 0)

    def _described(self, rows):
        """Vectors by which photos are divided, float (k, dimensions)."""
        if self.vectors is not None:
            return self.vectors[rows]
        return np.unpackbits(self.codes[rows].view("uint8").reshape(-1, 8), axis=1).astype("float32")

    def through(self, band):
        """Compare what lies in the same bucket of a band, or in buckets that differ in few bits."""
        values = self._values(band)
        self._join_crowds(values)
        buckets = _Buckets(values, self.group)
        for mask in self.masks:
            if self.fresh > 0.01 * len(values):  # what is connected now need not be compared any more
                buckets, self.fresh = _Buckets(values, self.group), 0
            for one, other in buckets.pairs(mask):
                self.compare(one, other, band)

    def _join_crowds(self, values):
        """Compare all photos of each crowded bucket with a few of them."""
        buckets = _Buckets(values, self.group)
        crowded = np.flatnonzero(buckets.sizes[values] > CROWDED)
        starts, sizes = buckets.starts[values[crowded]], buckets.sizes[values[crowded]]
        for place in FIRST if len(crowded) else ():
            first = buckets.order[starts + (place * sizes).astype(int)]
            self.compare(first, crowded, 0)

    def compare(self, one, other, band):
        """Compare pairs, and note those that show the same."""
        difference = self.codes[one] ^ self.codes[other]
        keep = (np.bitwise_count(difference) <= self.distance) & (self.group[one] != self.group[other])
        one, other, difference = one[keep], other[keep], difference[keep]
        for earlier in range(band):  # where these were compared, if they are near in that band too
            part = difference >> np.uint64(BITS * earlier) & np.uint64(2**BITS - 1)
            keep = np.bitwise_count(part) > self.distance // BANDS
            keep |= self.crowded[earlier][one] | self.crowded[earlier][other]
            one, other, difference = one[keep], other[keep], difference[keep]
        if not len(one):
            return
        same = self.decide(one, other)
        if same.any():
            edges = np.stack([one[same], other[same]], 1)
            joined = self.group[edges]
            self.edges.append(edges)
            self.fresh += np.bincount(self.group)[np.unique(joined)].sum()
            self.group = groups(len(self.codes), joined)[self.group]


class _Buckets:
    """Photos sorted by the value of a band, and in each bucket by the group that they are in.

    Attributes:
        order: int (n,), the photos so sorted.
        sizes, starts: int (65536,), how many photos each bucket has, and where in `order` it begins.
    """

    def __init__(self, values, group):
        self.order = np.lexsort((group, values))
        self.values, self.group = values[self.order], group[self.order]
        self.sizes = np.bincount(values, minlength=2**BITS)
        self.starts = np.concatenate([[0], np.cumsum(self.sizes)[:-1]])
        self.keys = self.values * len(group) + self.group

    def pairs(self, mask):
        """Pairs of photos of different groups whose values differ in the bits of a mask.

        Yields:
            Two integer arrays (k,) of photos.
        """
        target = self.values ^ mask
        begin, end = self.starts[target], self.starts[target] + self.sizes[target]
        own_begin, own_end = begin.copy(), begin.copy()  # where the photos of one's own group lie
        rows = (
            np.flatnonzero((end - begin > CROWDED) & (self.values <= target)) if mask else np.arange(len(end))
        )
        keys = target[rows] * len(self.values) + self.group[rows]
        own_begin[rows] = np.searchsorted(self.keys, keys, "left")
        own_end[rows] = np.searchsorted(self.keys, keys, "right")
        few = np.maximum(self.sizes[self.values], self.sizes[target]) <= CROWD
        once = few & (self.values < target)
        if mask:
            yield from _expanded(self.order, np.where(once, begin, own_begin), own_begin)
            yield from _expanded(self.order, own_end, np.where(once, end, own_end))
        else:
            yield from _expanded(self.order, own_end, np.where(few, end, own_end))


def _expanded(order, begin, end):
    """All pairs of a photo with those from `begin` to `end` of `order`, some at a time.

    Yields:
        Two integer arrays (k,) of photos.
    """
    counts = end - begin
    rows = np.flatnonzero(counts)
    begin, counts = begin[rows], counts[rows]
    ends = np.cumsum(counts)
    done = 0
    while done < len(rows):
        before = ends[done - 1] if done else 0
        until = max(done + 1, int(np.searchsorted(ends, before + AT_ONCE, "right")))
        some = slice(done, until)
        total = ends[until - 1] - before
        shift = begin[some] - (ends[some] - counts[some] - before)
        other = np.arange(total) + np.repeat(shift, counts[some])
        yield np.repeat(order[rows[some]], counts[some]), order[other]
        done = until


def _leaves(vectors, random):
    """Divide vectors in halves along random directions, until no part has more than `LEAF`.

    Returns:
        int (n,), the vectors sorted by leaf, and for each place in this order where its leaf ends.
    """
    leaf = np.zeros(len(vectors), int)
    while True:
        order = np.lexsort((vectors @ random.normal(size=vectors.shape[1]), leaf))
        begins = np.flatnonzero(np.diff(leaf[order], prepend=-1))
        sizes = np.diff(begins, append=len(leaf))
        if sizes.max() <= LEAF:
            return order, np.repeat(begins + sizes, sizes)
        upper = np.arange(len(leaf)) - np.repeat(begins, sizes) >= np.repeat(sizes // 2, sizes)
        leaf[order] = 2 * leaf[order] + upper
