"""What the check found, in the order in which it is shown."""

from ..files.display import Finding
from .bits import RANGES

# What is done about photos that are unusual, by what is unusual about them
ACTIONS = {
    "16-bit": "brought to 8 bits",
    **{f"{bits}-bit in 16-bit": f"scaled by {top:,}, not 65,535" for bits, top in RANGES.items()},
    "CMYK": "turned into RGB",
    "EXIF-rotated": "turned upright",
    "alpha": "placed on white",
    "animated": "first frame used",
    "cut off near its end": "used, the little that is missing is grey",
    "damaged inside": "used; see whether they show their class",
    "palette": "turned into RGB",
    "tiny": "enlarged",
    "wrong extension": "used anyway",
}


def all_findings(candidates):
    """All findings about candidates after the last step.

    Args:
        candidates: A `Candidates`.

    Returns:
        List of `Finding`: what was set aside by kind, what is unusual about photos that are used, and what
        the steps noted.
    """
    kinds, traits = {}, {}
    for name, (kind, _) in sorted(candidates.rejected.items()):
        kinds.setdefault(kind, []).append(name)
    for photo in candidates.photos:
        for trait in photo.facts.traits:
            traits.setdefault(trait, []).append(photo.name)
    return [
        *(Finding(kind, names, "set aside") for kind, names in sorted(kinds.items())),
        *(Finding(trait, names, ACTIONS[trait]) for trait, names in sorted(traits.items())),
        *candidates.findings,
    ]


def with_tiny(known, names):
    """The findings about the same photos at another size, where other photos are tiny.

    Args:
        known: List of `Finding`.
        names: List of the photos that are tiny at the new size.

    Returns:
        A new list of `Finding`.
    """
    others = [finding for finding in known if finding.what != "tiny"]
    if not names:
        return others
    before = [found for found in others if found.action == "set aside" or found.what in ACTIONS]
    before = [found for found in before if found.what < "tiny" or found.action == "set aside"]
    return [*before, Finding("tiny", names, ACTIONS["tiny"]), *others[len(before) :]]
