"""Photos that a table lists, each with its class and perhaps its part of a split."""

import os
import stat
from collections import Counter
from functools import partial
from pathlib import Path

from ..files import folders, paths, tables
from ..files.columns import named
from ..files.names import from_csv, quoted, shown, unshown
from ..sources import DataError
from .files import File, Files, bounded, read_bytes, why
from .layout import part_of
from .pixels import Unusable

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

SEPARATORS = "|", ";", ","  # of several labels in a cell
_YES_NO = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "-1": 0, "false": 0, "true": 1, "no": 0, "yes": 1, "": 0}

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


SEVERAL = "or learn them all (multi_label= of the lesson fine_tune, MultiLabelClassifier in Python)"


def in_table(path):
    """Find the photos that a table lists.

    Args:
        path: A CSV or TSV file with a column of paths, one of labels and, if there is one, one of parts.

    Returns:
        A `Files`.

    Raises:
        DataError: If it cannot be read, columns are not clear, photos have several labels, or labels are
            numbers to be estimated.
    """
    table = read(path)
    file, label, part, header = _columns(table)
    _refuse_several_labels(table, label, header)
    refuse_numbers(table, label, header)
    refuse_many_twice(table, file, label, header)
    rows = [
        (
            line,
            row[file],
            ("train" if part is None else row[part].strip(), shown(from_csv(row[label].strip()))),
        )
        for row, line in zip(table.rows[header:], table.lines[header:], strict=True)
    ]
    return listed(path, rows)[0]


def read(path):
    """The `files.tables.Table` of a CSV or TSV file."""
    return tables.read_table(tables.decode(folders.read_file(path), shown(path), few_zeros=True), shown(path))


def listed(path, rows):
    """Find the files that the rows of a table name.

    Args:
        path: The table.
        rows: List of (line, cell with the file, place); a place is a tuple of texts, none of which may be
            empty.

    Returns:
        (`Files`, the name in it of each row's file: a list of text, None where the row names none).
    """
    files, names = Files(path, [], known=True, places={}), []
    resolver = paths.Resolver()
    top = resolver.real(os.fspath(path.parent))
    for line, cell, place in rows:
        cell = cell.strip()
        names.append(None)
        if not cell:
            files.rejected[f"(line {line})"] = "not readable", "is a row of the table without a file"
            continue
        name = bounded(shown(cell), f"line {line}")
        try:
            cell = _as_it_is(path.parent, cell)
            name = names[-1] = bounded(shown(Path(cell).as_posix()), f"line {line}")
            if not all(place):
                raise Unusable("without a class", "has no label or no part in the table")
            if name not in files.places:
                files.places[name] = place
                _add(files, name, path.parent / cell, resolver, top)
            elif files.places[name] != place:
                raise Unusable("in two classes", "is in the table twice, with different labels or parts")
        except Unusable as error:
            files.rejected[name] = error.kind, str(error)
    files.found = sorted(
        (file for file in files.found if file.name not in files.rejected), key=lambda file: file.name
    )
    return files, names


def refuse_numbers(table, column, header):
    """Refuse labels that are numbers to be estimated, such as prices: most of them are there once.

    Whole numbers of few different values, such as digits, are names of classes.

    Raises:
        DataError: If they are; it names two of them.
    """
    cells = [row[column].strip() for row in table.rows[header:] if row[column].strip()]
    try:
        numbers = {cell: float(cell) for cell in cells}
    except ValueError:
        return
    counts = Counter(cells)
    once = sum(count == 1 for count in counts.values())
    measured = any(not number.is_integer() for number in numbers.values())
    if 2 * once > len(counts) > (2 if measured else 10):
        some = " and ".join(map(quoted, list(counts)[:2]))
        raise DataError(
            f"{shown(table.name)} has {len(counts):,} different numbers as labels, such as {some}: to "
            "estimate a number is regression, which is not offered; give classes, such as low and high."
        )


def refuse_many_twice(table, file, label, header):
    """Refuse a table in which many photos have a row for each of several labels.

    Raises:
        DataError: If a quarter of the photos have.
    """
    found = {}
    for row, line in zip(table.rows[header:], table.lines[header:], strict=True):
        if row[file].strip() and row[label].strip():
            found.setdefault(row[file].strip(), {}).setdefault(row[label].strip(), line)
    several = {name: labels for name, labels in found.items() if len(labels) > 1}
    if len(several) > 1 and 4 * len(several) >= len(found):
        name, labels = next(iter(several.items()))
        lines = " and ".join(map(str, list(labels.values())[:2]))
        raise DataError(
            f"{shown(table.name)} has several labels in a photo, in several rows (such as "
            f"{quoted(shown(name))} in lines {lines}), where each photo needs one; leave the one to be "
            f"learned, {SEVERAL}."
        )


def _refuse_several_labels(table, column, header):
    """Refuse labels such as "ants|cute" whose parts are mostly labels of other photos.

    Raises:
        DataError: If there are any; it names the first rows.
    """
    cells = [row[column].strip() for row in table.rows[header:]]
    whole = set(cells)
    for separator in SEPARATORS:
        several = {}
        for cell, line in zip(cells, table.lines[header:], strict=True):
            parts = [part.strip() for part in cell.split(separator) if part.strip()]
            known = sum(part in whole for part in parts) * (1 if separator == "," else 2)
            if len(parts) > 1 and known >= len(parts):  # "fox, red" may be one name, where red is no class
                several.setdefault(cell, line)
        if several:
            named = [f"{quoted(shown(cell))} in line {line}" for cell, line in list(several.items())[:3]]
            raise DataError(
                f"{shown(table.name)} seems to have several labels in a photo, separated by {separator} "
                f"({', '.join(named)}{', ...' if len(several) > 3 else ''}), where each photo needs one; "
                f"leave the one to be learned, write such a class's name with another character, {SEVERAL}."
            )


def _as_it_is(folder, cell):
    """The path that a table's cell names: the cell as it is, or as Windows or a lesson's tables write paths.

    Raises:
        Unusable: If the path must not be opened.
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
    """Add a file that a table names."""
    try:
        outside = not Path(resolver.real(os.fspath(path))).is_relative_to(top)
        about = path.stat()
    except paths.Elsewhere as error:
        raise Unusable("elsewhere", f"is a link to what {error}") from error
    except OSError as error:
        kind = "missing" if isinstance(error, FileNotFoundError) else "not readable"
        raise Unusable(kind, why(error)) from error
    except ValueError as error:
        raise Unusable("not readable", "has letters in its name that no file here can have") from error
    if not stat.S_ISREG(about.st_mode):
        raise Unusable("not readable", "is no file but a folder, a pipe or a device")
    files.outside += outside
    files.found.append(
        File(name, (name,), about.st_size, partial(read_bytes, path), changed=about.st_mtime_ns)
    )


def _columns(table):
    """Which columns hold files, labels and parts (or None), and whether the first row is a header."""
    file, label, part, header = roles(table)
    if file is None or label is None:
        names = [cell.strip() for cell in table.rows[0]]
        hint = ""
        if file is not None and len(yes_no_columns(table, {file, part})) > 1:
            hint = f"; of columns with 0 and 1 for several labels, leave the one to be learned, {SEVERAL}"
        shown_names = ", ".join(map(quoted, names[:12])) + (", ..." if len(names) > 12 else "")
        raise DataError(
            f"{shown(table.name)} has the columns {shown_names}, where files and labels are needed; call "
            f"them file and label, and a column of parts, if there is one, split{hint}."
        )
    return file, label, part, header


def roles(table):
    """As `_columns`, with None also where the column of files or labels is not clear."""
    names = [cell.strip() for cell in table.rows[0]]
    header = not any(map(_looks_like_photo, names))
    body = table.rows[header:][:1000]
    columns = list(zip(*body, strict=True)) or [()] * len(names)
    files = [index for index, cells in enumerate(columns) if cells and _share(_looks_like_photo, cells) > 0.5]
    parts = [index for index, cells in enumerate(columns) if cells and _share(part_of, cells) == 1]
    file, label, part = None, None, None
    if header:
        file, label, part = (named(names, tiers) for tiers in (_FILE_NAMES, _LABEL_NAMES, _PART_NAMES))
    if len(files) == 1 and file not in files:
        file = files[0]
    if part is None and len(parts) == 1:
        part = parts[0]
    rest = [index for index in range(len(names)) if index not in (file, part)]
    if label in (None, file, part):
        label = rest[0] if len(rest) == 1 else None
    return file, label, part, header


def yes_no(cell):
    """1 or 0 for a cell that says yes or no; None for any other."""
    return _YES_NO.get(cell.strip().lower())


def yes_no_columns(table, others):
    """The columns, but for some others, that have a name and say yes or no in every row."""
    names = [cell.strip() for cell in table.rows[0]]
    found = []
    for index in range(len(names)):
        cells = [row[index].strip() for row in table.rows[1:]]
        says = any(cells) and all(yes_no(cell) is not None for cell in cells)
        if says and names[index] and index not in others:
            found.append(index)
    return found


def _share(test, cells):
    return sum(bool(test(cell)) for cell in cells) / len(cells)


def _looks_like_photo(cell):
    return Path(cell.strip()).suffix.lower() in _PHOTO_SUFFIXES
