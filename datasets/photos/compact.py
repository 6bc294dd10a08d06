"""What is known of a photo's content in one piece of memory, where there are a million photos."""

import contextlib
import ctypes
import struct

from .findings import ACTIONS
from .quality import Quality

TRAITS = tuple(sorted(ACTIONS))
QUALITY = "bright", "dark", "details", "noise"
FIELDS = {
    **{"digest": "32s", "square": "32s", "hash": "8s", "thumbnail": "1024s", "drawn": "?"},
    **{"side": "q", "colours": "q", "flat": "d", "seen": "d", "marks": "q", "measured": "?"},
    **dict.fromkeys(QUALITY, "d"),
}
_WHOLE = struct.Struct("=" + "".join(FIELDS.values()))


def _field(name):
    """A property that takes one field out of the bytes."""
    before = "".join(FIELDS[each] for each in list(FIELDS)[: list(FIELDS).index(name)])
    start, field = struct.calcsize("=" + before), struct.Struct("=" + FIELDS[name])
    return property(lambda facts: field.unpack_from(facts, start)[0])


class CompactFacts(bytes):
    """What `Facts` hold, with the same names, in three quarters of the memory.

    Example:
        >>> from datasets.photos.candidates import Facts
        >>> from datasets.photos.compact import CompactFacts
        >>> plain = {"digest": b"d" * 32, "square": b"s" * 32, "hash": b"h" * 8, "thumbnail": bytes(1024)}
        >>> facts = Facts(**plain, traits=frozenset({"CMYK"}), side=90, flat=0.5, colours=7)
        >>> compact = CompactFacts.of(facts)
        >>> compact.side, compact.traits, compact.quality, len(compact)
        (90, frozenset({'CMYK'}), None, 1170)
    """

    __slots__ = ()
    digest, square, hash, thumbnail = (_field(name) for name in ("digest", "square", "hash", "thumbnail"))
    drawn, side, colours, flat, seen = (_field(name) for name in ("drawn", "side", "colours", "flat", "seen"))
    _marks, _measured = _field("marks"), _field("measured")

    @classmethod
    def of(cls, facts):
        """The same facts.

        Args:
            facts: `Facts` with lengths and kinds that `known.checked` accepts.

        Returns:
            `CompactFacts`.

        Example:
            >>> from datasets.photos.candidates import Facts
            >>> digest, square, hash, thumbnail = b"d" * 32, b"s" * 32, b"h" * 8, bytes(1024)
            >>> facts = Facts(digest, square, frozenset(), 90, hash, thumbnail, flat=0.5, colours=7)
            >>> CompactFacts.of(facts).flat
            0.5
        """
        quality = facts.quality
        own = {
            "marks": sum(1 << n for n, trait in enumerate(TRAITS) if trait in facts.traits),
            "measured": quality is not None,
            **{name: getattr(quality, name, 0.0) for name in QUALITY},
        }
        values = (own[name] if name in own else getattr(facts, name) for name in FIELDS)
        return cls(_WHOLE.pack(*values))

    @property
    def traits(self):
        """Frozenset of what is unusual about the photo."""
        marks = self._marks
        return frozenset(trait for n, trait in enumerate(TRAITS) if marks >> n & 1)

    @property
    def quality(self):
        """The `Quality` of its square, or None."""
        return Quality(*_WHOLE.unpack(self)[-len(QUALITY) :]) if self._measured else None


def give_back():
    """Give memory that is free again back to the operating system, where the C library can.

    What was known of a million photos lies in so many pieces that the C library keeps it otherwise, although
    nothing uses it any more.

    Example:
        >>> from datasets.photos.compact import give_back
        >>> give_back()
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # Windows and macOS have no such function
        ctypes.CDLL(None).malloc_trim(0)
