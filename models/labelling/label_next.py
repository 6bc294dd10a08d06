"""Which unlabelled photos or texts to label next: those that a classifier cannot decide, and that differ."""

import numpy as np

from ..errors import ModelError

CANDIDATES = 3  # times as many as are picked: the most uncertain ones, among which features decide


def pick(probabilities, features, count, seed=0):
    """Pick the examples whose labels would help a classifier most.

    Of the examples whose two likeliest classes are closest to each other, those are taken, one after another,
    that are uncertain and far from the ones taken before. Else many would be alike.

    Args:
        probabilities: What a classifier predicts for unlabelled examples, (n, classes).
        features: Features of these, (n, features); with several image sizes, side by side.
        count: How many to pick; fewer where there are fewer.
        seed: Decides between examples that are equally uncertain.

    Returns:
        Integers (count,), the one that helps most first.

    Raises:
        ModelError: If the arrays do not fit each other or are not finite, or `count` is not 1 or more.

    Reference:
        Scheffer et al., Active hidden Markov models for information extraction, 2001 (the margin); Sener and
        Savarese, Active learning for convolutional neural networks: a core-set approach, 2018.

    Example:
        >>> probabilities = [[0.5, 0.5], [0.49, 0.51], [0.9, 0.1], [0.45, 0.55]]
        >>> features = [[0.0, 1.0], [0.0, 1.0], [0.5, 0.0], [1.0, 0.0]]
        >>> pick(probabilities, features, count=2).tolist()
        [0, 3]
    """
    probabilities, features = np.asarray(probabilities, "float64"), np.asarray(features, "float64")
    if probabilities.ndim != 2 or features.ndim != 2 or len(features) != len(probabilities):
        raise ModelError(
            f"probabilities= {probabilities.shape} and features= {features.shape} must have a row for each "
            "example, the same in both."
        )
    if probabilities.shape[1] < 2 or not np.isfinite(probabilities).all() or not np.isfinite(features).all():
        raise ModelError("probabilities= and features= must be finite, with two classes or more.")
    if isinstance(count, bool) or int(count) != count or count < 1:
        raise ModelError(f"count= is {count!r}; give a whole number, 1 or more.")
    if not len(features):
        return np.zeros(0, int)
    unsure = uncertainty(probabilities)
    shuffled = np.random.default_rng(seed).permutation(len(unsure))
    nearest = shuffled[np.argsort(-unsure[shuffled], kind="stable")][: CANDIDATES * int(count)]
    return nearest[_apart(_unit(features)[nearest], unsure[nearest], int(count))]


def uncertainty(probabilities):
    """How little the likeliest class leads: 1 where two classes are equal, 0 where one is certain.

    Args:
        probabilities: (n, classes).

    Returns:
        float64 (n,).

    Example:
        >>> uncertainty([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]).tolist()
        [1.0, 0.0]
    """
    second, first = np.sort(np.asarray(probabilities, "float64"), -1)[:, -2:].T
    return 1 - (first - second)


def _unit(features):
    """Standardized features, each example of length 1."""
    scale = features.std(0)
    scaled = (features - features.mean(0)) / np.where(scale > 0, scale, 1)
    return scaled / np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), 1e-12)


def _apart(points, weights, count):
    """Places of `count` points: each has the largest weight times squared distance to those before it."""
    distances, chosen = np.full(len(points), 4.0), []  # no two points are further apart than that
    for _ in range(min(count, len(points))):
        worth = weights * distances
        worth[chosen] = -1
        chosen.append(int(worth.argmax()))
        distances = np.minimum(distances, np.sum((points - points[chosen[-1]]) ** 2, 1))
    return chosen
