"""At which depth the folders of classes are, where they lie below folders of years, sites or cameras."""

import re
from dataclasses import dataclass

from ..files.names import shown
from ..files.splits import PARTS

ENOUGH = 0.95  # of the photos must lie in a folder of that depth or deeper
REPEATED = 0.5  # of the photos must lie in folders whose names come again in another branch
BRANCHES = 0.8  # of the branches must have such a folder

# A counter after a word of two letters or more, as in "site 3", "cam_b" and "siteX"
_COUNTER = re.compile(r"^(.*[^\W\d_]{2})(?:[\s_.-]*\d+|[\s_.-]+[A-Za-z]|(?<=[a-z])[A-Z])$")
_DATE = re.compile(r"^\d[\d\s_.-]*$")
_CLASS_STEMS = {"class", "category", "grade", "group", "kind", "label", "level", "species", "stage", "type"}
_VIEW = re.compile(
    "all|back|bottom|colou?r|crop(ped|s)?|dark|day|diffuse|east|evening|front(al)?|gr[ae]y|hd|high|im(age|g)s?|"
    "indoors?|inside|jpe?g|left|light|low|lowres|morning|new|night|north|old|originals?|outdoors?|outside|"
    "photos?|pictures?|png|raw|rgb|right|side|small|south|summer|thumb(nail)?s?|top|west|winter",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Depth:
    """Where the class and the part of a photo stand in its folders.

    Attributes:
        level: Index of the class among the folders.
        part: Index of the part of a split; None if no folder says it.
        note: A sentence for the user if another level could be meant, or "".

    Example:
        >>> from datasets.photos.depth import Depth
        >>> Depth(level=1).part is None
        True
    """

    level: int = 0
    part: int | None = None
    note: str = ""


def class_depth(folders):
    """Find the level of the classes: the one whose names come again in other branches.

    Args:
        folders: For each photo the tuple of folders in which it lies, the outermost first.

    Returns:
        A `Depth`; level 0 where no deeper level can be meant.

    Example:
        >>> from datasets.photos.depth import class_depth
        >>> found = class_depth([("siteA", "ants"), ("siteA", "bees"), ("siteB", "ants"), ("siteB", "bees")])
        >>> found.level, found.note[:48]
        (1, 'The folders ants, bees are taken as the classes,')
    """
    levels = []
    while folders and sum(len(each) > len(levels) for each in folders) >= ENOUGH * len(folders):
        levels.append({each[len(levels)] for each in folders if len(each) > len(levels)})
    part = next((n for n, names in enumerate(levels) if n and _are_parts(names)), None)
    may = [n for n in range(1, len(levels)) if n != part and _comes_again(folders, n, part)]
    if not may:
        if part is not None:
            return Depth(note=_unused_parts(levels[part]))
        below = [n for n in range(1, len(levels)) if len(levels[n]) > 1 and not _is_no_class(levels[n])]
        doubtful = below and len(levels[0]) > 1 and _is_no_class(levels[0])  # siteA/ants, siteB/bees
        return Depth(note=_note(levels, 0, below[-1], None) if doubtful else "")
    plain = [n for n in may if not _is_no_class(levels[n])]
    # ants/cam1, bees/cam1: cameras are no classes, but numbered classes may be below numbered sites
    unclear = may[-1] if _is_no_class(levels[0]) else 0
    level = plain[-1] if plain else unclear
    above = part if part is not None and part < level else None
    other = max((n for n in (0, *may) if n != level), default=None)
    return Depth(level, above, _note(levels, level, other, above))


def _comes_again(folders, level, part):
    """Whether folders of this level are called the same in most branches above it."""
    branches, photos = {}, {}
    for each in folders:
        if len(each) > level:
            above = tuple(name for n, name in enumerate(each[:level]) if n != part)
            branches.setdefault(each[level], set()).add(above)
            photos[each[level]] = photos.get(each[level], 0) + 1
    repeated = {name for name, above in branches.items() if len(above) > 1}
    every = set().union(*branches.values())
    within = set().union(*(branches[name] for name in repeated))
    share = sum(photos[name] for name in repeated) / sum(photos.values())
    return len(repeated) > 1 and share >= REPEATED and len(within) >= BRANCHES * len(every)


def _are_parts(names):
    key = {re.sub("[^a-z]", "", name.casefold()) for name in names}
    return key <= {each for part in PARTS.values() for each in part} and bool(key & set(PARTS["train"]))


def _is_no_class(names):
    """Whether names look like years, numbered sites or views of one thing."""
    if all(map(_DATE.match, names)) or all(map(_VIEW.fullmatch, names)):
        return True
    counted = [_COUNTER.match(name) for name in names]
    stems = {match[1].casefold().rstrip(" _.-") for match in counted if match}
    return len(stems) == 1 and all(counted) and not stems <= _CLASS_STEMS


def _note(levels, level, other, part):
    split = f", {_some(levels[part])} as the parts of the split" if part is not None else ""
    why = "since the same names lie in several folders" if level else "not those below"
    return (
        f"The folders {_some(levels[level])} are taken as the classes{split}, {why}; if "
        f"{_some(levels[other])} are the classes, give a table of files and labels."
    )


def _unused_parts(names):
    return (
        f"Folders of a split inside the classes' folders ({_some(names)}) are not used as its parts; give a "
        "table of files, labels and parts, or put those folders outermost."
    )


def _some(names):
    names = [shown(name) for name in sorted(names)]
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
