"""Rules for arguments that are words; see `models.checks.arguments`."""

import contextlib

from ..errors import ModelError
from .arguments import shown


def words(owner, name, value):
    """Rule: different words, as a list of str.

    Args:
        owner, name, value: As for every rule.

    Example:
        >>> words("token_ids", "vocabulary", ("good", "bad"))
        ['good', 'bad']
    """
    found = rows_of(value) or []
    if not found or not all(isinstance(word, str) and word for word in found):
        found = []
    if not found or len(set(found)) < len(found):
        raise ModelError(
            f"{owner} needs {name} as a list of different words, the most frequent first, not {shown(value)}."
        )
    return [str(word) for word in found]


def rows_of(value):
    """A sequence as a list; None if it is none, or one string.

    Args:
        value: Anything.

    Example:
        >>> rows_of(("good", "bad")), rows_of("good")
        (['good', 'bad'], None)
    """
    if isinstance(value, (str, bytes, dict)) or getattr(value, "ndim", 1) != 1:
        return None
    with contextlib.suppress(TypeError):
        return list(value)
    return None
