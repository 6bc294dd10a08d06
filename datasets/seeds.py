"""Seeds, as every function of this package takes them."""

import operator

from .errors import DataError
from .files.names import shown

MOST = 2**32 - 1  # the largest that scikit-learn takes


def check_seed(seed):
    """Refuse what is no seed.

    Args:
        seed: Whole number from 0 to 4,294,967,295.

    Raises:
        DataError: If it is none.

    Example:
        >>> check_seed(7)
        >>> check_seed(-1)
        Traceback (most recent call last):
            ...
        datasets.errors.DataError: seed= must be a whole number from 0 to 4,294,967,295, not -1.
    """
    try:
        fits = not isinstance(seed, bool) and 0 <= operator.index(seed) <= MOST
    except TypeError:
        fits = False
    if not fits:
        raise DataError(f"seed= must be a whole number from 0 to {MOST:,}, not {shown(repr(seed))[:80]}.")
