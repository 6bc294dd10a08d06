"""Where the photos are: in folders, in an archive, or in a table; found without changing anything."""

import os
import stat
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ..files import archives, paths, tables
from ..files import folders as trees
from ..files.names import cut, from_csv, quoted, shown, unshown
from ..sources import DataError, Source, is_results, results_in
from .layout import part_of
from .pixels import MAX_BYTES, Unusable

MAX_FILES = 1_000_000
MAX_NAME = 4096  # characters of a file's name that are kept
_IGNORED = {"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx"}
_PHOTO_SUFFIXES = {
    ".jpg",
    ".jpeg",
    ".png",
    ".gif",
    ".bmp",
    ".tif",
    ".tiff",
    ".webp",
    ".avif",
    ".heic",
    ".jp2",
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
        aside: What cannot be used: `(kind, reason)` by name.
        folders: Folders, as tuples of names.
        places: What a table says: part and label by name; None for folders.
        outside: How many files a table names that lie outside its own folder.
        results: Names of folders that a lesson made, which are no data.
    """

    source: object
    found: object
    known: bool
    aside: dict = field(default_factory=dict)
    folders: set = field(default_factory=set)
    places: dict | None = None
    outside: int = 0
    results: list = field(default_factory=list)

    def results_note(self):
        """A sentence about folders that are not read, in a list; empty if there are none."""
        return [f"Not read as data: {results_in(self.results)}."] if self.results else []

    def outside_note(self):
        """A sentence about files outside the table's folder, in a list; empty if there are none."""
        if not self.outside:
            return []
        those = "a file that lies" if self.outside == 1 else f"{self.outside:,} files that lie"
        return [f"The table names {those} outside its own folder."]


def locate(data):
    """Find photos without looking at them yet.

    Args:
        data: A folder that holds a folder of photos for each class, if you like below folders
            such as train and val; a zip or tar archive of one; or a table (CSV or TSV) of
            paths, labels and, if you like, parts.

    Returns:
        A `Source`, named like the folder or file.

    Raises:
        DataError: If there is none.
    """
    if isinstance(data, Source):
        return data
    path = Path(data)
    try:
        if path.is_dir():
            return Source(shown(path.resolve().name) or "photos", path)
        if not path.exists():
            raise DataError(f"{data} does not exist; name a folder of photos, an archive or a table.")
        if not path.is_file():
            raise DataError(f"{data} is neither a file nor a folder; name a folder of photos.")
        if path.suffix.lower() not in trees.TABLES and not archives.is_archive(path):
            raise DataError(
                f"{data} is neither a folder, nor a zip or tar archive, nor a table (.csv or .tsv) of photos."
            )
    except OSError as error:
        raise DataError(f"{data} cannot be read ({error.strerror}); change that, or name another.") from error
    name = next(
        (path.name[: -len(end)] for end in archives.SUFFIXES if path.name.lower().endswith(end)), path.stem
    )
    return Source(shown(name) or "photos", path)


def find(path):
    """Find all files that may be photos.

    Args:
        path: A folder, a zip or tar archive, or a table (CSV or TSV).

    Raises:
        DataError: If it cannot be read.
    """
    if path.is_dir():
        return _in_folder(path)
    if path.suffix.lower() in trees.TABLES:
        return _in_table(path)
    return _in_archive(path)


def read_bytes(path):
    """The bytes of a file, which may have become anything since it was looked at.

    Raises:
        Unusable: If it cannot be read.
    """
    try:  # without O_NONBLOCK one could wait forever for what writes into a pipe
        with os.fdopen(os.open(path, os.O_RDONLY | _NONBLOCK), "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Unusable("not readable", _why(error)) from error
    if content is None or len(content) > MAX_BYTES:
        raise _too_many_bytes()
    return content


_NONBLOCK = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def _too_many_bytes():
    return Unusable("huge", f"has more than {MAX_BYTES / 1e6:.0f} MB")


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
    seen, linked, known, links = set(), [], set(), paths.Resolver()
    _walk(top, (), files, seen, linked, known, links)
    while linked:  # links to folders last, so that a folder itself comes before links to it
        path, names = linked.pop(0)
        real = Path(os.path.realpath(path))
        above = Path(os.path.realpath(top)).is_relative_to(real)
        if above or real in seen or any(parent in seen for parent in real.parents):
            reason = "is a link to a folder that is looked at anyway, or that this folder lies in"
            files.aside[shown("/".join(names))] = "link", reason
        else:
            _walk(path, names, files, seen, linked, known, links)
    files.found.sort(key=_by_name)
    return files


def _walk(folder, names, files, seen, linked, known, links):
    """Note what is in a folder; returns whether that is nothing but results of lessons."""
    if names and is_results(folder):
        files.results.append(shown("/".join(names)))
        return True
    seen.add(Path(os.path.realpath(folder)))
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        if not names:
            raise DataError(f"{shown(folder)} {_why(error)}.") from error
        files.aside[shown("/".join(names))] = "not readable", f"is a folder that {_why(error)}"
        return False
    results, others = False, False
    if names:
        files.folders.add(names)
    for entry in entries:
        if _hidden(entry.name):
            results = results or is_results(entry.path)
            continue
        path, inner = Path(entry.path), (*names, entry.name)
        name = shown("/".join(inner))
        while name in known:  # one name has backslashes where another has what cannot be printed
            name += "_"
        known.add(name)
        try:
            if entry.is_symlink():
                links.real(entry.path)
            about = entry.stat()
        except paths.Elsewhere as error:
            files.aside[name] = "link", f"is a link to what {error}"
            continue
        except OSError as error:
            files.aside[name], others = _broken(entry, error), True
            continue
        if stat.S_ISDIR(about.st_mode) and not entry.is_symlink():
            only = _walk(path, inner, files, seen, linked, known, links)
            results, others = results or only, others or not only
            continue
        others = True
        if stat.S_ISDIR(about.st_mode):
            linked.append((path, inner))
        elif not stat.S_ISREG(about.st_mode):
            files.aside[name] = "not readable", "is no file but a pipe, a socket or a device"
        else:
            files.found.append(File(name, inner, about.st_size, partial(read_bytes, path)))
            if len(files.found) > MAX_FILES:
                raise DataError(
                    f"{shown(files.source)} holds more than {MAX_FILES:,} files; name a smaller folder."
                )
    if results and not others:
        files.folders.discard(names)
        return True
    return False


def _broken(entry, error):
    """The kind of trouble and the reason why an entry of a folder is not even known."""
    if entry.is_symlink() and isinstance(error, FileNotFoundError):
        return "link", "is a link to what does not exist"
    if entry.is_symlink() and not isinstance(error, PermissionError):
        return "link", "is a link that leads nowhere, or in a circle"
    return "not readable", _why(error)


def _in_archive(path):
    files = Files(path, None, known=False)

    def found():
        # Photos hardly shrink when packed: what unpacks to much more is an attack
        most = max(archives.MAX_UNPACKED, 20 * path.stat().st_size)
        for number, (names, size, content) in enumerate(archives.members(path, most), 1):
            if any(map(_hidden, names)):
                continue
            name = "/".join(names)
            if len(name) > MAX_NAME:
                name = _bounded(shown(name), f"member {number:,}")
                files.aside[name] = "not readable", "has a longer name than files have"
            elif content is None:
                files.folders.add(names)
            elif size > MAX_BYTES:
                files.aside[shown(name)] = "huge", str(_too_many_bytes())
            else:
                yield File(shown(name), names, size, content, in_order=True)

    files.found = found()
    return files


def _in_table(path):
    files = Files(path, [], known=True, places={})
    text = tables.decode(trees.read_file(path), shown(path), few_zeros=True)
    table = tables.read_table(text, shown(path))
    file, label, part, header = _columns(table)
    resolver = paths.Resolver()
    top = resolver.real(os.fspath(path.parent))
    for row, line in zip(table.rows[header:], table.lines[header:], strict=True):
        cell = row[file].strip()
        place = ("train" if part is None else row[part].strip()), shown(from_csv(row[label].strip()))
        if not cell:
            files.aside[f"(line {line})"] = "not readable", "is a row of the table without a file"
            continue
        name = _bounded(shown(cell), f"line {line}")
        try:
            cell = _as_it_is(path.parent, cell)
            name = _bounded(shown(Path(cell).as_posix()), f"line {line}")
            if not all(place):
                raise Unusable("without a class", "has no label or no part in the table")
            if name not in files.places:
                files.places[name] = place
                _add(files, name, path.parent / cell, resolver, top)
            elif files.places[name] != place:
                raise Unusable("in two classes", "is in the table twice, with different labels or parts")
        except Unusable as error:
            files.aside[name] = error.kind, str(error)
    files.found = sorted((file for file in files.found if file.name not in files.aside), key=_by_name)
    return files


def _bounded(name, where):
    """A name, of which a very long one is cut and says where it stands."""
    return name if len(name) <= MAX_NAME else f"{cut(name, MAX_NAME)} ({where})"


def _as_it_is(folder, cell):
    """A path in a table as it names a file: as it stands, or else as Windows or `report.table` write it.

    Raises:
        Unusable: If its text alone says that it is not to be looked at.
    """
    if "\0" in cell:
        raise Unusable("not readable", "has a zero byte in its name, which no file has")
    candidates = [cell, from_csv(cell), unshown(cell), unshown(from_csv(cell))]
    for candidate in dict.fromkeys([*candidates, cell.replace("\\", "/")]):
        _refuse_elsewhere(candidate)
        if os.path.lexists(folder / candidate):
            return candidate
    if cell.startswith("~"):
        raise Unusable("missing", "begins with ~, which is not filled in here; write the whole path")
    return cell.replace("\\", "/")


def _refuse_elsewhere(path):
    try:
        paths.check(path)
    except paths.Elsewhere as error:
        raise Unusable("elsewhere", str(error)) from error


def _add(files, name, path, resolver, top):
    """Take a file that a table names."""
    try:
        outside = not Path(resolver.real(os.fspath(path))).is_relative_to(top)
        about = path.stat()
    except paths.Elsewhere as error:
        raise Unusable("elsewhere", f"is a link to what {error}") from error
    except OSError as error:
        kind = "missing" if isinstance(error, FileNotFoundError) else "not readable"
        raise Unusable(kind, _why(error)) from error
    except ValueError as error:
        raise Unusable("not readable", "has letters in its name that no file here can have") from error
    if not stat.S_ISREG(about.st_mode):
        raise Unusable("not readable", "is no file but a folder, a pipe or a device")
    files.outside += outside
    files.found.append(File(name, (name,), about.st_size, partial(read_bytes, path)))


def _by_name(file):
    return file.name


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
        file, label, part = (tables.named(names, tiers) for tiers in (_FILE_NAMES, _LABEL_NAMES, _PART_NAMES))
    if len(files) == 1 and file not in files:
        file = files[0]
    if part is None and len(parts) == 1:
        part = parts[0]
    rest = [index for index in range(len(names)) if index not in (file, part)]
    if label in (None, file, part):
        label = rest[0] if len(rest) == 1 else None
    if file is None or label is None:
        listed = ", ".join(map(quoted, names[:12])) + (", ..." if len(names) > 12 else "")
        raise DataError(
            f"{shown(table.name)} has the columns {listed}, where files and labels are needed; call "
            "them file and label, and a column of parts, if there is one, split."
        )
    return file, label, part, header


def _share(test, cells):
    return sum(bool(test(cell)) for cell in cells) / len(cells)


def _looks_like_photo(cell):
    return Path(cell.strip()).suffix.lower() in _PHOTO_SUFFIXES
