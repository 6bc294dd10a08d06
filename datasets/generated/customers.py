"""A table whose columns have no order: what customers spent in each product group, and who came back."""

import numpy as np

from ..sources import DataError, Source

CLASS_NAMES = ("stayed away", "came back")


def load_data(train=4000, test=2000, groups=64, seed=0):
    """Generate customers of a shop.

    Whether a customer comes back depends on the amounts spent in half of the product groups, and on
    products of the amounts in some pairs of them. These groups are at random places in the table, so
    neighbouring columns have nothing to do with each other.

    Args:
        train: Number of customers to train on.
        test: Number of customers to test on.
        groups: Number of product groups, the table's columns; a square number, 9 or more.
        seed: The same seed generates the same customers.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: amounts float32 (n, side, side, 1) in [0, 255],
        the columns arranged as an image of side x side, and labels uint8 (n,), 1 for those who
        came back, half of all. One label in twenty is flipped at random. Generated, so free of any
        licence.

    Raises:
        DataError: If a number is not positive, or `groups` is not such a number.

    Example:
        >>> from datasets.generated import customers
        >>> (x_train, y_train), (x_test, y_test) = customers.load_data(train=200, test=100, groups=16)
        Data: generated customers, 16 product groups, 200 to train on and 100 to test on.
        >>> x_train.shape, y_train.shape, x_test.shape
        ((200, 4, 4, 1), (200,), (100, 4, 4, 1))
    """
    side = round(max(groups, 0) ** 0.5)
    if min(train, test) < 1 or side < 3 or side * side != groups:
        raise DataError(
            "Customers need train= and test= of 1 or more and as groups= a square number, 9 or more, "
            f"not {train}, {test} and {groups}."
        )
    random = np.random.default_rng(seed)
    spent = np.minimum(255, random.gamma(1.5, 40, (train + test, groups))).astype("float32")
    standard = (spent - spent.mean(0)) / spent.std(0)
    matter = random.permutation(groups)[: groups // 2]
    scores = standard[:, matter] @ random.choice([-1, 1], len(matter))
    one, other = matter[: len(matter) // 4 * 2].reshape(2, -1)
    scores += 0.7 * (standard[:, one] * standard[:, other]).sum(1)
    back = (scores > np.median(scores)) ^ (random.random(len(scores)) < 0.05)
    print(
        f"Data: generated customers, {groups} product groups, {train:,} to train on and {test:,} to test on.",
        flush=True,
    )
    x, y = spent.reshape(-1, side, side, 1), back.astype("uint8")
    return (x[:train], y[:train]), (x[train:], y[train:])


def locate():
    """The `Source` of these customers: they are generated.

    Returns:
        A `Source` without a path.

    Example:
        >>> from datasets.generated import customers
        >>> str(customers.locate())
        'generated'
    """
    return Source("generated")
