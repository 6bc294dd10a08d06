"""How far a photo lies from the training photos in feature space: what refuses photos of other things."""

from dataclasses import dataclass

import numpy as np

from ..errors import ModelError

NEIGHBOURS = 3
COMPONENTS = 32
FOLDS = 10
MOST_PHOTOS = 5000  # that a distance is fitted on; more are drawn from
MOST_REFERENCES = 2 << 20  # bytes of the features of photos that are kept to be compared with
AT_ONCE = 2048  # photos whose distances are computed together
TINY = 1e-12
LEAST_VARIANCE = 1e-3  # of a component, relative to the mean of all features


@dataclass(frozen=True)
class FeatureDistance:
    """The distance of a photo's features from those of training photos.

    It is the geometric mean of two. One is the distance to the third nearest training photo, so photos that
    lie between two groups of training photos are far as well. The other is a Mahalanobis distance: the first
    32 principal components are divided by their spread over the training photos, all that lies outside of
    them by the mean spread there. Both work on directions alone: the features at each image size are divided
    by their length. A flat picture has features near 0, which as such lie near everything.

    Attributes:
        sizes: {image size: number of features at it}, in order.
        references: float16 (k, features): training photos to be compared with.
        mean: float32 (features,).
        components: float16 (components, features), orthonormal rows.
        spreads: float32 (components + 1,): standard deviation along each component, and outside of them.
        known: float32 (n,), ascending: distances of training photos that were left out of the fit.

    Reference:
        Sun et al., Out-of-distribution detection with deep nearest neighbors, 2022; Lee et al., A simple
        unified framework for detecting out-of-distribution samples, 2018; Tipping and Bishop, Probabilistic
        principal component analysis, 1999.

    Example:
        >>> distance = fit_distance({160: np.random.default_rng(0).uniform(size=(50, 8))})
        >>> distance.references.shape, distance.components.shape, distance.known.shape
        ((50, 8), (7, 8), (50,))
        >>> distance.distances({160: np.ones((3, 8))}).shape
        (3,)
    """

    sizes: dict
    references: np.ndarray
    mean: np.ndarray
    components: np.ndarray
    spreads: np.ndarray
    known: np.ndarray

    def distances(self, features):
        """The distance of each photo.

        Args:
            features: {image size: (n, features)}.

        Returns:
            float32 (n,).

        Raises:
            ModelError: If these are not the features that it was fitted on.
        """
        rows = directions(features)
        if {size: np.shape(values)[-1] for size, values in features.items()} != self.sizes:
            raise ModelError(f"These are not the features that the distance was fitted on: {self.sizes}.")
        return self._of_directions(rows)

    def surprise(self, features):
        """How usual the distance of each photo is.

        Args:
            features: {image size: (n, features)}.

        Returns:
            float32 (n,) above 0 and up to 1: the share of training photos that are at least as far, the photo
            itself counted. To refuse values up to 0.05 refuses at most 5 % of photos of the kind.
        """
        closer = np.searchsorted(self.known, self.distances(features), side="left")
        return ((len(self.known) - closer + 1) / (len(self.known) + 1)).astype("float32")

    def _of_directions(self, rows):
        found = np.empty(len(rows), "float32")
        references, components = self.references.astype("float32"), self.components.astype("float32")
        lengths = (references**2).sum(-1)
        nth = min(NEIGHBOURS, len(references)) - 1
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            squares = (some**2).sum(-1)[:, None] + lengths - 2 * some @ references.T
            near = np.partition(np.maximum(squares, 0), nth, axis=-1)[:, nth]
            centred = some - self.mean
            along = centred @ components.T
            outside = np.maximum((centred**2).sum(-1) - (along**2).sum(-1), 0)
            far = ((along / self.spreads[:-1]) ** 2).sum(-1) + outside / self.spreads[-1] ** 2
            found[start : start + AT_ONCE] = np.exp((np.log(near + TINY) + np.log(far + TINY)) / 4)
        return found


def fit_distance(features, seed=0):
    """Fit a distance, and compute that of each training photo by a fit on others, in ten folds.

    Of more than 5,000 photos, 5,000 are drawn.

    Args:
        features: {image size: float (n, features)}, pooled, of the training photos; n is 4 or more.
        seed: Of what is drawn.

    Returns:
        A `FeatureDistance`.

    Raises:
        ModelError: If there are fewer photos, or values are not finite.

    Example:
        >>> random = np.random.default_rng(0)
        >>> photos = {160: 1 + 0.1 * random.normal(size=(100, 8))}
        >>> distance = fit_distance(photos)
        >>> bool(np.mean(distance.surprise(photos) <= 0.05) <= 0.1)
        True
        >>> bool((distance.surprise({160: random.normal(size=(50, 8))}) <= 0.05).mean() > 0.9)
        True
    """
    sizes = {int(size): int(np.shape(values)[-1]) for size, values in features.items()}
    random = np.random.default_rng(seed)
    drawn = slice(None)
    if (count := len(next(iter(features.values()), ()))) > MOST_PHOTOS:
        drawn = np.sort(random.permutation(count)[:MOST_PHOTOS])
    rows = directions({size: np.asarray(values)[drawn] for size, values in features.items()})
    if len(rows) < 4:
        raise ModelError(f"A distance in feature space needs 4 photos or more, not {len(rows)}.")
    fold = random.permutation(len(rows)) % min(FOLDS, len(rows))
    known = np.empty(len(rows), "float32")
    for number in range(fold.max() + 1):
        held_out = fold == number
        known[held_out] = _fit(sizes, rows[~held_out], random)._of_directions(rows[held_out])
    return _fit(sizes, rows, random, np.sort(known))


def _fit(sizes, rows, random, known=()):
    from sklearn.utils.extmath import randomized_svd

    mean = rows.mean(0)
    centred = rows - mean
    kept = max(1, min(COMPONENTS, len(rows) // 3, rows.shape[1] - 1))
    _, strengths, components = randomized_svd(centred, kept, random_state=0, n_iter=4)
    variances = strengths**2 / len(rows)
    outside = max(float((centred**2).sum()) / len(rows) - float(variances.sum()), 0)
    outside /= max(1, rows.shape[1] - kept)
    least = max(TINY, LEAST_VARIANCE * float((centred**2).mean()))  # features may depend on each other
    spreads = np.sqrt(np.maximum([*variances, outside], least)).astype("float32")
    most = max(NEIGHBOURS, MOST_REFERENCES // (2 * rows.shape[1]))
    drawn = np.sort(random.permutation(len(rows))[:most])
    return FeatureDistance(
        sizes,
        rows[drawn].astype("float16"),
        mean.astype("float32"),
        components.astype("float16"),
        spreads,
        np.asarray(known, "float32"),
    )


def directions(features):
    """Features at several image sizes as one vector of length 1 a photo, each size with the same share.

    Args:
        features: {image size: (n, features)}.

    Returns:
        float32 (n, all features).

    Raises:
        ModelError: If they are no such arrays, or not finite.

    Example:
        >>> directions({96: [[3.0, 4.0]], 160: [[2.0, 0.0]]}).round(3)
        array([[0.424, 0.566, 0.707, 0.   ]], dtype=float32)
    """
    arrays = [np.asarray(values, "float32") for values in features.values()]
    if not arrays or any(each.ndim != 2 or len(each) != len(arrays[0]) for each in arrays):
        raise ModelError("features= takes {image size: array (photos, features)}, of the same photos.")
    if not all(np.isfinite(each).all() for each in arrays):
        raise ModelError("features= has values that are not finite; the backbone's weights may be damaged.")
    units = [each / np.maximum(np.linalg.norm(each, axis=-1, keepdims=True), TINY) for each in arrays]
    return np.concatenate(units, -1) / np.float32(np.sqrt(len(units)))
