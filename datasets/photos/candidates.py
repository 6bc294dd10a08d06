"""The values that pass through the steps of the check of photos; each step returns new ones."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a photo's content, without its pixels. There may be a million: arrays would take more.

    Attributes:
        digest: SHA-256 of the file.
        square: SHA-256 of the pixels.
        traits: Frozenset of what is unusual about it, such as "CMYK".
        side: The shorter side of the photo in its file, in pixels.
        hash: A perceptual hash of 64 bits, 8 bytes: see `duplicates.fingerprint`.
        thumbnail: Its grey thumbnail of 32 x 32 pixels, 1,024 bytes, row by row.
        flat: Share of the most frequent colour, in [0, 1].
        colours: Number of colours, of 4,096.
        drawn: Whether one that is mostly of one colour is a drawing, not a dark or overexposed photo.
        quality: The `quality.Quality` of its square, or None.
        seen: Share of the photo that its middle square is.
    """

    digest: bytes
    square: bytes
    traits: frozenset
    side: int
    hash: bytes
    thumbnail: bytes
    flat: float
    colours: int
    drawn: bool = True
    quality: object = None
    seen: float = 1.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """One photo that may be used.

    Attributes:
        name: Of its file, as in `Photos.files`.
        part: "train", "validation" or "test"; None before the split, where the user has none.
        label: Name of its class.
        facts: The `Facts` of its content.
        group: A number that photos which show the same have in common; None until it is known.
    """

    name: str
    part: str | None
    label: str
    facts: Facts
    group: int | None = None


@dataclass(frozen=True)
class Candidates:
    """All photos that may still be used, and what was rejected so far.

    Attributes:
        source: What messages call the data.
        photos: Tuple of `Candidate`, in the order of their names.
        classes: Frozenset of (part, class): all that the user has, those without photos too.
        rejected: Dictionary from the name of a file that is not used to `(kind, reason)`.
        findings: Tuple of `Finding`, what else the steps have found.
    """

    source: str
    photos: tuple
    classes: frozenset
    rejected: dict
    findings: tuple = ()

    def without(self, rejected):
        """The same without some photos.

        Args:
            rejected: Dictionary from their names to `(kind, reason)`.

        Returns:
            A new `Candidates`.
        """
        left = tuple(photo for photo in self.photos if photo.name not in rejected)
        return replace(self, photos=left, rejected=self.rejected | rejected)

    def noting(self, *findings):
        """The same with more findings."""
        return replace(self, findings=(*self.findings, *findings))


def start(source, facts, places, rejected):
    """The candidates before the first step: every file that was decoded and has a class.

    Args:
        source: What messages call the data.
        facts: Dictionary from a file's name to its `Facts`.
        places: The `layout.Places` of all files.
        rejected: Dictionary from a file's name to `(kind, reason)`, of those that were not decoded.
    """
    rejected = places.rejected | rejected
    names = sorted(name for name in facts if name in places.of and name not in rejected)
    photos = tuple(Candidate(name, *places.of[name], facts[name]) for name in names)
    return Candidates(source, photos, places.classes, rejected)
