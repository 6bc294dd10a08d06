"""Random numbers that repeat, without a trace in those of the program that calls."""

import contextlib
import random

import keras


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


def seed_generator(seed):
    """A generator of seeds for `keras.random`, whatever the backend: PyTorch has numbers up to 2^31 alone.

    Args:
        seed: A whole number from 0 to 2^32 - 1, or None for any.

    Returns:
        A `keras.random.SeedGenerator`.

    Example:
        >>> numbers = keras.random.randint((3,), 0, 100, seed=seed_generator(2**32 - 1))
        >>> numbers.shape[0]
        3
    """
    if seed is not None and keras.backend.backend() == "torch":
        seed %= 2**31
    return keras.random.SeedGenerator(seed)
