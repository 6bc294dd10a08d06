"""Random numbers that repeat, without a trace in those of the program that calls."""

import contextlib
import random


@contextlib.contextmanager
def seeded(seed):
    """Let Keras draw the same weights, dropout masks and batches each time.

    Keras takes the seeds of initializers and of dropout from Python's generator, and shuffles with it. The
    caller's random numbers go on afterwards as if nothing had happened.

    Args:
        seed: A whole number.

    Example:
        >>> import random
        >>> draws = []
        >>> for _ in range(2):
        ...     with seeded(3):
        ...         draws.append(random.random())
        >>> draws[0] == draws[1]
        True
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
