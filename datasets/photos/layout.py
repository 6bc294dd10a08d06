"""What folders of photos mean: which are parts of a split, which are classes."""

import re
from dataclasses import dataclass
from pathlib import PurePath

from ..files.names import shown, shown_apart
from ..files.splits import PARTS
from ..sources import DataError
from .depth import class_depth
from .pixels import endings


@dataclass(frozen=True)
class Places:
    """Where the user put each photo.

    Attributes:
        of: Dictionary from a file's name to `(part, class)`; the part is "train", "validation", "test", or
            None where the user has no parts.
        rejected: Dictionary from the name of a file that has no class to `(kind, reason)`.
        classes: Frozenset of all pairs (part, class), those without photos too.
        notes: Tuple of sentences about which folders were taken as the classes.

    Example:
        >>> from datasets.photos.layout import Places
        >>> Places({"ants/1.jpg": (None, "ants")}, {}, frozenset({(None, "ants")})).of["ants/1.jpg"]
        (None, 'ants')
    """

    of: dict
    rejected: dict
    classes: frozenset
    notes: tuple = ()


def places(files, paths):
    """Say which part and class every file is in.

    Args:
        files: A `files.Files`.
        paths: Dictionary from a file's name to the names that its path consists of.

    Returns:
        A `Places`.

    Raises:
        DataError: If there are no folders for classes.

    Example:
        >>> from datasets.photos.files import Files
        >>> from datasets.photos.layout import places
        >>> files = Files("zoo", [], known=True, folders={("ants",)})
        >>> places(files, {"ants/1.jpg": ("ants", "1.jpg")}).of
        {'ants/1.jpg': (None, 'ants')}
    """
    names = {path: name for name, path in paths.items()}
    notes = []
    if files.places is not None:
        found, unplaced, classes = files.places, {}, set(files.places.values())
    else:
        found, unplaced, classes = layout(list(names), files.folders, files.source, notes)
        found = {names[path]: place for path, place in found.items()}
    parts = as_parts({part for part, _ in classes if part is not None}) | {None: None}
    labels = shown_apart([label for _, label in (*found.values(), *classes)])
    rejected = {names[path]: ("without a class", reason) for path, reason in unplaced.items()}
    of, shared = {}, {}  # of a million photos those of one part and class share what says so
    for name, (part, label) in found.items():
        if part is not None and parts[part] is None:
            rejected[name] = "without a class", f"is in part {shown(part)} beside one to test on"
        else:
            place = parts[part], labels[label]
            of[name] = shared.setdefault(place, place)
    return Places(
        of, rejected, frozenset((parts[part], labels[label]) for part, label in classes), tuple(notes)
    )


def part_of(name):
    """The part of a split that a name means.

    Args:
        name: Of a folder, or in a table.

    Returns:
        "train", "validation", "test", or None.

    Example:
        >>> from datasets.photos.layout import part_of
        >>> part_of("Val"), part_of("Train_Set"), part_of("ants")
        ('validation', 'train', None)
    """
    key = re.sub("[^a-z]", "", name.casefold())
    key = re.sub("(?<=.)(set|data|images|photos|split)$", "", key)  # "Train_Set"
    return next((part for part, names in PARTS.items() if key in names), None)


def part_in_name(file):
    """The part of a split that the name of a file of photos, or of a folder above it, tells.

    Args:
        file: A `files.File`, such as of train-000017.tar.

    Returns:
        "train", "validation", "test", or None.

    Example:
        >>> from datasets.photos.files import File
        >>> from datasets.photos.layout import part_in_name
        >>> part_in_name(File("val-000003.tar", ("val-000003.tar",), 512, None))
        'validation'
    """
    pieces = [*file.path[:-1], *re.split(r"[-_.\d]+", PurePath(file.path[-1]).stem)]
    parts = {part_of(piece) for piece in pieces} - {None}
    return parts.pop() if len(parts) == 1 else None


def layout(files, folders, source, notes=None):
    """Say what folders mean: which are parts of a split, which classes.

    Args:
        files: Tuples of names, such as `("train", "ants", "1.jpg")`.
        folders: The same for folders.
        source: What messages call the data.
        notes: List to which a sentence is added where another level of folders could be the classes.

    Returns:
        `(places, rejected, classes)`: a dictionary from a file to the name of its part's folder (None
        where there are none) and its class; a dictionary from a file without a class to the reason; and
        the set of all pairs of part and class, those without files too.

    Raises:
        DataError: If there are no folders for classes.

    Example:
        >>> from datasets.photos.layout import layout
        >>> files = [("train", "ants", "1.jpg"), ("val", "ants", "2.jpg"), ("read me.txt",)]
        >>> places, rejected, classes = layout(files, set(), "zoo")
        >>> places[files[1]], rejected
        (('val', 'ants'), {('read me.txt',): 'lies in no folder of the split'})
    """
    top, split = _top(files, source)
    depth, places, rejected, classes = len(top), {}, {}, set()
    base = depth if split is None else depth + 1  # where the classes begin, or folders above them
    found = class_depth([file[base:-1] for file in _photos(files) if _is_inside(file, top, split)])
    if found.note and notes is not None:
        notes.append(found.note)
    for file in files:
        inner = file[base:-1]
        if not _is_inside(file, top, split):
            rejected[file] = (
                "lies in no class's folder" if split is None else "lies in no folder of the split"
            )
        elif len(inner) <= found.level:
            rejected[file] = "lies in no class's folder"
        else:
            places[file] = _part(file, depth, split, found), inner[found.level]
    for folder in folders:
        if len(folder) == base + found.level + 1 and _is_inside((*folder, ""), top, split):
            classes.add((_part(folder, depth, split, found), folder[-1]))
    classes |= set(places.values())
    if not places:
        inner = "files, but no folders of them" if files else "no files"
        raise DataError(
            f"{shown(source)} holds {inner}; it needs a folder of photos for each class, such as ants/1.jpg."
        )
    return places, rejected, classes


def _top(files, source):
    """The folders around all others, and the folders of a split; None without one."""
    top, inside = (), files
    while True:
        below = _below(inside, len(top))
        split = _split_folders(below, len(top), source)
        alone = next(iter(below)) if len(below) == 1 else None
        deeper = _below(below[alone], len(top) + 1) if alone else {}
        if not deeper or (split and _split_folders(deeper, len(top) + 1, source) is None):
            return top, split
        top, inside = (*top, alone), below[alone]


def _photos(files):
    """Those files that end as photos do; all if none does."""
    return [file for file in files if PurePath(file[-1]).suffix.lower() in endings()] or files


def _is_inside(file, top, split):
    """Whether a file lies in a folder of the split, or without one anywhere in `top`."""
    if file[: len(top)] != top:
        return False
    return split is None or (len(file) > len(top) + 1 and file[len(top)] in split)


def _part(names, depth, split, found):
    """The folder that says the part of a file or folder, or None."""
    if split is not None:
        return names[depth]
    return None if found.part is None else names[depth + found.part]


def _below(files, depth):
    """Files by the name of the folder in which they lie, at this depth."""
    found = {}
    for file in files:
        if len(file) > depth + 1:
            found.setdefault(file[depth], []).append(file)
    return found


def _split_folders(below, depth, source):
    """The folders that are the parts of a split, or None if they are classes."""
    inner = {name: set(_below(files, depth + 1)) for name, files in below.items()}
    train = {name for name in inner if part_of(name) == "train" and inner[name]}
    if not train:
        named = [name for name in inner if part_of(name) and inner[name]]
        if len(named) > 1 and len(named) == len(inner):
            listed = " and ".join(sorted(map(shown, named)))
            raise DataError(
                f"{shown(source)} has folders of photos to test on, {listed}, but none to train on; call "
                "that one train."
            )
        return None
    classes = set().union(*(inner[name] for name in train))
    others = set(inner) - train
    held_out = {name for name in others if part_of(name) or inner[name] & classes}
    if others and not held_out:
        return None  # a class called train, beside bus and car
    return train | held_out


def as_parts(names):
    """Say which names of a split mean training, validation and test.

    A single held-out part is the test part, whatever its name.

    Args:
        names: Set of str, such as `{"train", "val"}`.

    Returns:
        Dictionary from name to "train", "validation", "test", or None where it is not clear.

    Example:
        >>> from datasets.photos.layout import as_parts
        >>> as_parts({"train", "val"})
        {'train': 'train', 'val': 'test'}
    """
    parts = {name: part_of(name) for name in sorted(names)}
    held_out = [name for name, part in parts.items() if part != "train"]
    if len(held_out) == 1:
        return parts | {held_out[0]: "test"}
    for part in "test", "validation":
        unclear = [name for name in held_out if parts[name] is None]
        if unclear and part not in parts.values():
            parts[unclear[0]] = part
    if held_out and "test" not in parts.values():  # val and dev
        parts[held_out[0]] = "test"
    return parts
