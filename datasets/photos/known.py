"""What was found out about photos, read again from a file: whether it is what was written."""

from .candidates import Facts
from .findings import ACTIONS
from .pixels import Unusable
from .quality import Quality

LENGTHS = {"digest": 32, "square": 32, "hash": 8, "thumbnail": 1024}  # bytes
MOST_PIXELS = 2**31  # of a side
COLOURS = 4096  # that are told apart
LARGEST = 10_000  # pixels, the side of a square


def checked(found):
    """What was read, if it can be what was found out about a photo.

    Args:
        found: `Facts` or an `Unusable`, of a file that somebody else may have written or that is damaged.

    Returns:
        The same.

    Raises:
        ValueError: If a part is of another kind, length or range.

    Example:
        >>> from datasets.photos.known import checked
        >>> from datasets.photos.pixels import Unusable
        >>> checked(Unusable("empty", "is empty"))
        Unusable('is empty')
        >>> try:
        ...     checked(Unusable("empty", None))
        ... except ValueError as error:
        ...     print(error)
        no such facts of a photo
    """
    fits = _is_unusable(found) if isinstance(found, Unusable) else _is_facts(found)
    if not fits:
        raise ValueError("no such facts of a photo")
    return found


def _is_unusable(found):
    return isinstance(found.kind, str) and isinstance(found.args[0], str)


def _is_facts(found):
    return (
        isinstance(found, Facts)
        and all(_is_bytes(getattr(found, name), length) for name, length in LENGTHS.items())
        and _is_whole(found.side)
        and 1 <= found.side <= MOST_PIXELS
        and _is_whole(found.colours)
        and 0 <= found.colours <= COLOURS
        and isinstance(found.drawn, bool)
        and all(_is_number(each) and 0 <= each <= 1 for each in (found.flat, found.seen))
        and all(isinstance(trait, str) and trait in ACTIONS for trait in found.traits)
        and (found.quality is None or _is_quality(found.quality))
    )


def _is_bytes(value, length):
    return isinstance(value, bytes) and len(value) == length


def _is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value):
    return isinstance(value, float) or _is_whole(value)


def _is_quality(value):
    return isinstance(value, Quality) and all(
        map(_is_number, (value.bright, value.dark, value.details, value.noise))
    )
