"""Where the photos are: in folders, in an archive, or in a table; found without changing anything."""

import os
import re
import stat
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from datasets import _archives, _photo_pixels, _tables, _trees
from datasets._source import DataError

MAX_FILES = 1_000_000
_IGNORED = {"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx"}
_IMAGE_SUFFIXES = set(_photo_pixels.SUFFIXES) | {".heic", ".jpeg"}

# What the parts of a split are called, besides "train_set" and the like
PARTS = {
    "train": {"train", "training", "trn"},
    "validation": {"val", "valid", "validation", "validate", "dev", "development"},
    "test": {"test", "testing", "tst", "holdout", "heldout", "eval", "evaluation"},
}
# Column names, the likeliest first; a name's last word counts as well ("image_path")
_FILE_NAMES = (
    {"path", "file", "filename", "filepath", "image", "photo", "picture", "img"},
    {"name", "id", "location"},
)
_LABEL_NAMES = (
    {"label", "class", "category", "target"},
    {"species", "breed", "kind", "type", "tag", "y"},
)
_PART_NAMES = ({"split", "part", "subset", "partition", "set", "fold", "phase"},)


@dataclass
class File:
    """One file that may be a photo.

    Attributes:
        name: What it is called, relative to the data's folder, "/" between; printable.
        path: The names that it consists of, as they are.
        size: In bytes.
        read: Function that returns its bytes.
        in_order: Whether it must be read before the next file is asked for.
    """

    name: str
    path: tuple
    size: int
    read: object
    in_order: bool = False


@dataclass
class Files:
    """All files of a data set.

    Attributes:
        source: What messages call it.
        found: Iterable of `File`, to be gone through once.
        known: Whether `found` is a list, so that all names are known in advance.
        aside: What cannot be used, a reason by name.
        folders: Folders, as tuples of names.
        places: What a table says: part and label by name; None for folders.
    """

    source: object
    found: object
    known: bool
    aside: dict = field(default_factory=dict)
    folders: set = field(default_factory=set)
    places: dict | None = None


def shown(text):
    """A name that can be printed on any terminal: what cannot is written with backslashes."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape", "surrogatepass").decode()
        for letter in text
    )


def find(path):
    """Find all files that may be photos.

    Args:
        path: A folder, a zip or tar archive, or a table (CSV or TSV).

    Raises:
        DataError: If it cannot be read.
    """
    if path.is_dir():
        return _in_folder(path)
    if path.suffix.lower() in _trees.TABLES:
        return _in_table(path)
    return _in_archive(path)


def read_bytes(path):
    """The bytes of a file, which may have become anything since it was looked at.

    Raises:
        Unusable: If it cannot be read.
    """
    try:  # without O_NONBLOCK one could wait forever for what writes into a pipe
        with os.fdopen(os.open(path, os.O_RDONLY | _NONBLOCK), "rb") as file:
            content = file.read(_photo_pixels.MAX_BYTES + 1)
    except OSError as error:
        raise _photo_pixels.Unusable("not readable", _why(error)) from error
    if content is None or len(content) > _photo_pixels.MAX_BYTES:
        raise _too_many_bytes()
    return content


_NONBLOCK = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def _too_many_bytes():
    return _photo_pixels.Unusable("huge", f"has more than {_photo_pixels.MAX_BYTES / 1e6:.0f} MB")


def _why(error):
    """Why a file cannot be opened, in words."""
    if isinstance(error, PermissionError):
        return "may not be read; change its permissions"
    if isinstance(error, FileNotFoundError):
        return "does not exist"
    return f"cannot be read ({error.strerror})"


def _hidden(name):
    return name.startswith(".") or name.casefold() in _IGNORED


def _in_folder(top):
    files = Files(top, [], known=True)
    seen, linked = set(), []
    _walk(top, (), files, seen, linked)
    while linked:  # links to folders last, so that a folder itself comes before links to it
        path, names = linked.pop(0)
        real = Path(os.path.realpath(path))
        above = Path(os.path.realpath(top)).is_relative_to(real)
        if above or real in seen or any(parent in seen for parent in real.parents):
            files.aside[shown("/".join(names))] = "is a link to a folder that is looked at anyway"
        else:
            _walk(path, names, files, seen, linked)
    files.found.sort(key=lambda file: file.name)
    return files


def _walk(folder, names, files, seen, linked):
    seen.add(Path(os.path.realpath(folder)))
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        if not names:
            raise DataError(f"{folder} {_why(error)}.") from error
        files.aside[shown("/".join(names))] = f"is a folder that {_why(error)}"
        return
    if names:
        files.folders.add(names)
    for entry in entries:
        if _hidden(entry.name):
            continue
        path, inner = Path(entry.path), (*names, entry.name)
        name = shown("/".join(inner))
        try:
            about = entry.stat()
        except OSError as error:
            files.aside[name] = _broken(entry, error)
            continue
        if stat.S_ISDIR(about.st_mode):
            if entry.is_symlink():
                linked.append((path, inner))
            else:
                _walk(path, inner, files, seen, linked)
        elif not stat.S_ISREG(about.st_mode):
            files.aside[name] = "is no file but a pipe, a socket or a device"
        else:
            files.found.append(File(name, inner, about.st_size, partial(read_bytes, path)))
            if len(files.found) > MAX_FILES:
                raise DataError(f"{files.source} holds more than {MAX_FILES:,} files; name a smaller folder.")


def _broken(entry, error):
    if entry.is_symlink():
        if isinstance(error, FileNotFoundError):
            return "is a link to a file that does not exist"
        if not isinstance(error, PermissionError):
            return "is a link that leads nowhere, or in a circle"
    return _why(error)


def _in_archive(path):
    files = Files(path, None, known=False)

    def found():
        # Photos hardly shrink when packed: what unpacks to much more is an attack
        most = max(_archives.MAX_UNPACKED, 20 * path.stat().st_size)
        for names, size, content in _archives.members(path, most):
            if any(map(_hidden, names)):
                continue
            if content is None:
                files.folders.add(names)
            elif size > _photo_pixels.MAX_BYTES:
                files.aside[shown("/".join(names))] = str(_too_many_bytes())
            else:
                yield File(shown("/".join(names)), names, size, content, in_order=True)

    files.found = found()
    return files


def _in_table(path):
    files = Files(path, [], known=True, places={})
    table = _tables.read_table(_tables.decode(_trees.read_file(path), path), str(path))
    file, label, part, header = _columns(table)
    for row in table.rows[header:]:
        cell, name_of_class = row[file].strip(), shown(row[label].strip())
        place = (row[part].strip() if part is not None else "train"), name_of_class
        inner = cell if (path.parent / cell).exists() else cell.replace("\\", "/")
        name = shown(Path(inner).as_posix()) if cell else "(no name)"
        if not cell or not name_of_class:
            files.aside[name] = "has no label in the table" if cell else "is a row without a file"
        elif name in files.places:
            if files.places[name] != place:
                files.aside[name] = "is in the table twice, with different labels or parts"
        else:
            files.places[name] = place
            _add(files, name, path.parent / inner)
    files.found = [found for found in files.found if found.name not in files.aside]
    files.found.sort(key=lambda found: found.name)
    return files


def _add(files, name, path):
    try:
        about = path.stat()
    except (OSError, ValueError) as error:  # a name may hold a zero byte
        files.aside[name] = _why(error) if isinstance(error, OSError) else "is no file's name"
        return
    if not stat.S_ISREG(about.st_mode):
        what = "a folder" if stat.S_ISDIR(about.st_mode) else "a pipe, a socket or a device"
        files.aside[name] = f"is no file but {what}"
        return
    files.found.append(File(name, (name,), about.st_size, partial(read_bytes, path)))


def _columns(table):
    """Which columns hold files, labels and parts (or None), and whether the first row is a header."""
    names = [cell.strip() for cell in table.rows[0]]
    header = not any(map(_looks_like_photo, names))
    body = table.rows[header:][:1000]
    columns = list(zip(*body, strict=True)) or [()] * len(names)
    files = [index for index, cells in enumerate(columns) if cells and _share(_looks_like_photo, cells) > 0.5]
    parts = [index for index, cells in enumerate(columns) if cells and _share(part_of, cells) == 1]
    file, label, part = None, None, None
    if header:
        file, label, part = (
            _tables.named(names, tiers) for tiers in (_FILE_NAMES, _LABEL_NAMES, _PART_NAMES)
        )
    if len(files) == 1 and file not in files:
        file = files[0]
    if part is None and len(parts) == 1:
        part = parts[0]
    rest = [index for index in range(len(names)) if index not in (file, part)]
    if label in (None, file, part):
        label = rest[0] if len(rest) == 1 else None
    if file is None or label is None:
        listed = ", ".join(map(repr, names[:12])) + (", ..." if len(names) > 12 else "")
        raise DataError(
            f"{shown(table.name)} has the columns {shown(listed)}, where files and labels are needed; call "
            "them file and label, and a column of parts, if there is one, split."
        )
    return file, label, part, header


def _share(test, cells):
    return sum(bool(test(cell)) for cell in cells) / len(cells)


def _looks_like_photo(cell):
    return Path(cell.strip()).suffix.lower() in _IMAGE_SUFFIXES


def part_of(name):
    """The part of a split that a name means: "train", "validation", "test", or None."""
    key = re.sub("[^a-z]", "", name.casefold())
    key = re.sub("(?<=.)(set|data|images|photos|split)$", "", key)
    return next((part for part, names in PARTS.items() if key in names), None)


def layout(files, folders, source):
    """Say what folders mean: which are parts of a split, which classes.

    Args:
        files: Tuples of names, such as `("train", "ants", "1.jpg")`.
        folders: The same for folders.
        source: What messages call the data.

    Returns:
        `(places, aside, classes)`: the name of a part's folder (None where there are none)
        and the class, by file; a reason by file that has no class; and all classes, those
        without files too.

    Raises:
        DataError: If there are no folders for classes.
    """
    top, inside = (), files
    while True:
        below = _below(inside, len(top))
        split = _split_folders(below, len(top))
        if split is not None or len(below) != 1:
            break
        name, deeper = next(iter(below.items()))
        if not _below(deeper, len(top) + 1):
            break
        top, inside = (*top, name), deeper
    depth, places, aside, classes = len(top), {}, {}, set()
    for file in files:
        inner = file[depth:] if file[:depth] == top else ()
        if split is None:
            if len(inner) > 1:
                places[file] = None, inner[0]
            else:
                aside[file] = "lies in no class's folder"
        elif len(inner) > 2 and inner[0] in split:
            places[file] = inner[0], inner[1]
        else:
            known = bool(inner) and inner[0] in split
            aside[file] = "lies in no class's folder" if known else "lies in no folder of the split"
    wanted = depth + (1 if split is None else 2)
    for folder in folders:
        if len(folder) == wanted and folder[:depth] == top and (split is None or folder[depth] in split):
            classes.add(folder[-1])
    classes |= {label for _, label in places.values()}
    if not places:
        inner = "no files" if not files else "files but no folders of them"
        raise DataError(
            f"{source} holds {inner}; it needs a folder of photos for each class, such as ants/1.jpg."
        )
    return places, aside, classes


def _below(files, depth):
    """Files by the name of the folder in which they lie, at this depth."""
    found = {}
    for file in files:
        if len(file) > depth + 1:
            found.setdefault(file[depth], []).append(file)
    return found


def _split_folders(below, depth):
    """The folders that are the parts of a split, or None if they are classes."""
    inner = {name: set(_below(files, depth + 1)) for name, files in below.items()}
    train = {name for name in inner if part_of(name) == "train" and inner[name]}
    if not train:
        named = [name for name in inner if part_of(name) and inner[name]]
        if len(named) > 1 and len(named) == len(inner):
            listed = " and ".join(sorted(map(shown, named)))
            raise DataError(
                f"The folders {listed} hold photos to test on, but there is none to train on; "
                "call that one train."
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
        Dictionary from name to "train", "validation", "test" or None; None is for one too many.
    """
    parts = {name: part_of(name) for name in names}
    held_out = sorted(name for name in names if parts[name] != "train")
    if len(held_out) == 1:
        return parts | {held_out[0]: "test"}
    for part in "test", "validation":
        if part not in parts.values():
            unnamed = [name for name in held_out if parts[name] is None]
            if unnamed:
                parts[unnamed[0]] = part
    if held_out and "test" not in parts.values():
        parts[held_out[0]] = "test"
    return parts
