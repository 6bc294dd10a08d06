"""Orders in which the same frames are clips of eight classes."""

import numpy as np


def four_orders(random, frames):
    """Four orders of the frames, of which no two are much alike, forwards or backwards.

    A clip that nearly belongs to two classes would test eyesight, not whether the order is understood.

    Args:
        random: `numpy.random.Generator`.
        frames: Number of frames, from 4 on.

    Returns:
        int64 (4, frames): in each row the numbers from 0. Ranks of two rows correlate by 0.6 at most.

    Example:
        >>> import numpy as np
        >>> from datasets.generated.frame_orders import four_orders
        >>> np.sort(four_orders(np.random.default_rng(0), 5)).tolist()
        [[0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]]
    """
    while True:
        orders = random.permuted(np.tile(np.arange(frames), (4, 1)), axis=1)
        around = 2 * orders - (frames - 1)  # whole numbers around 0, so that what follows is exact
        products = np.abs(around @ around.T)  # 5/3 of the largest: a rank correlation of 0.6
        if (5 * products[np.triu_indices(4, 1)] <= 3 * products[0, 0]).all():
            return orders


def eight_orders(steps):
    """For each of eight classes the frames in its order: one of four traits grows, or shrinks.

    Args:
        steps: What `four_orders` gives: at which of its equal steps each trait is in each frame, (4, frames).

    Returns:
        int64 (8, frames): numbers of frames. The first trait shrinks, then grows; so does the second; the
        third and the fourth grow, then shrink.

    Example:
        >>> import numpy as np
        >>> from datasets.generated.frame_orders import eight_orders
        >>> steps = np.array([[0, 1, 2], [2, 1, 0], [1, 0, 2], [0, 2, 1]])
        >>> eight_orders(steps)[:2].tolist()
        [[2, 1, 0], [0, 1, 2]]
    """
    first, second, third, fourth = np.argsort(steps)
    orders = [first[::-1], first, second[::-1], second, third, third[::-1], fourth, fourth[::-1]]
    return np.stack(orders)
