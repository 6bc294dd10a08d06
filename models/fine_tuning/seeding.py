"""Random numbers that a seed decides, for a while."""

import contextlib
import random


@contextlib.contextmanager
def seeded(seed):
    """Let Keras draw the same weights each time; the caller's random numbers go on as if nothing happened.

    Keras takes the seeds of initializers and of dropout from Python's generator.

    Args:
        seed: Any that `random.seed` takes.

    Example:
        >>> with seeded(0):
        ...     first = random.random()
        >>> with seeded(0):
        ...     random.random() == first
        True
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
