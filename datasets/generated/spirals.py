"""Two interlocked spirals: classes that no straight line separates."""

import numpy as np

from ..sources import DataError, Source

CLASS_NAMES = ("first", "second")


def load_data(train=1000, test=500, turns=1.0, noise=0.05, seed=0):
    """Draw points of two spirals by turns.

    Args:
        train: Number of points to train on.
        test: Number of points to test on.
        turns: Number of turns of each spiral.
        noise: Standard deviation of a point's distance from its spiral, along each axis; the
            spirals end at a distance of 1 from the origin.
        seed: The same seed draws the same points.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: float64 (n, 2) in about [-1.2, 1.2], and labels
        uint8 (n,), 0 or 1, half of each. Generated, so free of any licence.

    Raises:
        DataError: If a number of points is under 2, or `turns` or `noise` is negative.

    Example:
        >>> from datasets.generated import spirals
        >>> (x_train, y_train), (x_test, y_test) = spirals.load_data(train=100, test=50)
        Data: generated spirals, 100 points to train on and 50 to test on.
        >>> x_train.shape, y_train[:4].tolist()
        ((100, 2), [0, 1, 0, 1])
    """
    if min(train, test) < 2 or min(turns, noise) < 0:
        raise DataError(
            "Spirals need train= and test= of 2 or more, turns= and noise= of 0 or more, "
            f"not {train}, {test}, {turns} and {noise}."
        )
    random = np.random.default_rng(seed)
    labels = np.arange(train + test, dtype="uint8") % 2
    out = random.uniform(0.1, 1, train + test)  # distance from the origin
    angle = 2 * np.pi * turns * out + np.pi * labels
    points = out[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    points += random.normal(0, noise, points.shape)
    print(f"Data: generated spirals, {train:,} points to train on and {test:,} to test on.", flush=True)
    return (points[:train], labels[:train]), (points[train:], labels[train:])


def locate():
    """The `Source` of these points: they are generated.

    Returns:
        A `Source` without a path.

    Example:
        >>> from datasets.generated import spirals
        >>> str(spirals.locate())
        'generated'
    """
    return Source("generated")
