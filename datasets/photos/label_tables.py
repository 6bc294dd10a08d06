"""Tables of photos with any number of labels each: joined in a cell, in several rows, or in columns."""

from pathlib import Path

from ..files import folders
from ..files.names import from_csv, quoted, shown, shown_apart
from ..sources import DataError
from . import tables

MOST = 1000  # labels
_ANY = "labels"  # what stands for a photo's labels where one class is expected


def find_labelled(path):
    r"""Find the photos that a table lists, and the labels of each.

    Args:
        path: A CSV or TSV file, or a folder that holds one beside its photos. The table has a column of files
            and one of labels, several of which are joined by | or ; or , (the first of these that occurs), or
            stand in several rows of the same file; or a column of 0 and 1 for each label. An empty cell says
            that a photo has no label.

    Returns:
        (`Files`; {file's name: frozenset of its labels}; tuple of all labels in their order; tuple of
        sentences about how the table was read).

    Raises:
        DataError: If it cannot be read, or its columns are not clear.

    Example:
        >>> import pathlib, tempfile
        >>> from datasets.photos.label_tables import find_labelled
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     folder = pathlib.Path(folder)
        ...     (folder / "1.jpg").touch()
        ...     _ = (folder / "labels.csv").write_text("file,labels\n1.jpg,ants|red\n")
        ...     files, labels, names, notes = find_labelled(folder)
        >>> sorted(labels["1.jpg"]), names
        (['ants', 'red'], ('ants', 'red'))
    """
    path = _table_in(path)
    table = tables.read(path)
    file, label, part, header = tables.roles(table)
    columns = tables.yes_no_columns(table, {file, part}) if header else []
    joined = label is not None and (label not in columns or len(columns) == 1)
    if file is None or not (joined or len(columns) > 1):
        names = ", ".join(quoted(cell.strip()) for cell in table.rows[0][:12])
        raise DataError(
            f"{shown(table.name)} has the columns {names}, where files and labels are needed; call them file "
            "and labels, or give each label a column of 0 and 1."
        )
    body = table.rows[header:]
    if joined:
        tables.refuse_numbers(table, label, header)
        sets, used = _joined([row[label] for row in body]), {file, label, part}
        every = set().union(*sets)
    else:
        heads = {column: from_csv(table.rows[0][column].strip()) for column in columns}
        if len(set(heads.values())) < len(heads):
            twice = next(name for name in heads.values() if [*heads.values()].count(name) > 1)
            raise DataError(f"{shown(table.name)} has two columns {quoted(shown(twice))}; rename one.")
        sets = [{name for n, name in heads.items() if tables.yes_no(row[n])} for row in body]
        used, every = {file, part, *columns}, set(heads.values())
    if len(every) > MOST:
        raise DataError(
            f"{shown(table.name)} has {len(every):,} different labels, where {MOST:,} are the most; keep the "
            "most frequent ones."
        )
    rows = [
        (line, row[file], ("train" if part is None else row[part].strip(), _ANY))
        for row, line in zip(body, table.lines[header:], strict=True)
    ]
    files, names = tables.listed(path, rows)
    written, found = shown_apart(every), {}
    for name, some in zip(names, sets, strict=True):
        if name is not None:
            found[name] = found.get(name, frozenset()) | {written[each] for each in some}
    return files, found, tuple(sorted(written.values())), _notes(table, used, header)


def _table_in(path):
    """The table itself, or the only one in a folder."""
    path = Path(path)
    if not path.is_dir():
        if path.suffix.lower() not in folders.TABLES:
            raise DataError(
                f"{shown(path)} is no table, which photos with several labels need: unpack an archive, and "
                "name a .csv or .tsv file of files and labels, or the folder it lies in."
            )
        return path
    found = sorted(each for each in path.iterdir() if each.suffix.lower() in folders.TABLES)
    if len(found) == 1:
        return found[0]
    if not found:
        raise DataError(
            f"{shown(path)} holds no table, which photos with several labels need: put a .csv or .tsv file "
            "with the columns file and labels there."
        )
    names = " and ".join(shown(each.name) for each in found[:3]) + (", ..." if len(found) > 3 else "")
    raise DataError(f"{shown(path)} holds the tables {names}; name the one with the labels as data=.")


def _joined(cells):
    """The labels in each cell, a list of sets."""
    cells = [from_csv(cell.strip()) for cell in cells]
    separator = next((each for each in tables.SEPARATORS if any(each in cell for cell in cells)), None)
    return (
        [{part.strip() for part in cell.split(separator) if part.strip()} for cell in cells]
        if separator
        else [{cell} - {""} for cell in cells]
    )


def _notes(table, used, header):
    """A sentence about columns that were not read, in a tuple; empty if there are none."""
    if not header:
        return ()
    left = [cell.strip() for n, cell in enumerate(table.rows[0]) if n not in used and cell.strip()]
    if not left:
        return ()
    names = ", ".join(quoted(shown(name)) for name in left[:6]) + (", ..." if len(left) > 6 else "")
    return (f"Not read of the table: the column{'s' if len(left) > 1 else ''} {names}.",)
