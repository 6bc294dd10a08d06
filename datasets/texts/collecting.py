"""Labelled texts as they are found in files, with what is set aside and why."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from ..files import columns, encodings, folders, spreadsheets, tables
from ..files.archives import is_archive
from ..files.names import from_csv, quoted, shown, shown_apart
from ..files.results import results_in
from ..files.splits import PARTS
from ..labels import as_names
from ..sources import DataError
from .reading import open_table, with_line_breaks

NO_LABEL = {"", "na", "n/a", "#n/a", "<na>", "nan", "null"}  # labels in lower case that are none
NONE = "None"  # as Python writes it; "none" may be a class
_PART_NAMES = ({"split", "part", "subset", "partition"},)  # of a column that says what a row is used for
_PART_OF = {word: part for part, words in PARTS.items() for word in words}


class Part(NamedTuple):
    """Labelled texts of one part, such as those to train on.

    Attributes:
        texts: List of str.
        labels: List of str, a label for each.
        files: List of str, the file that each comes from, relative to the data.
        rows: List of int, the line of the file in which each begins; 0 for a file that is one text.
    """

    texts: list
    labels: list
    files: list
    rows: list


@dataclass
class Found:
    """What was found in files.

    Attributes:
        parts: {"train", and where there are any "validation" and "test": a `Part`}.
        aside: List of (where, reason) of what cannot be used.
        notes: List of sentences without their full stop.
    """

    parts: dict = field(default_factory=dict)
    aside: list = field(default_factory=list)
    notes: list = field(default_factory=list)


def where(file, row):
    """Where a text comes from.

    Args:
        file: Its file.
        row: The line in which it begins, or 0.

    Returns:
        str.

    Example:
        >>> where("films.csv", 1203), where("good/7.txt", 0)
        ('films.csv, line 1,203', 'good/7.txt')
    """
    return f"{file}, line {row:,}" if row else file


def collect(source, text_column=None, label_column=None, encoding=None, classes_of=None):
    """Read labelled texts from a folder, an archive or a table.

    Args:
        source: A `Source` with a path.
        text_column: In a table: the column of the texts, by name or by number from 1; several as in
            "subject,body"; None to guess it.
        label_column: The same for the labels.
        encoding: Of files that are not UTF-8; None to guess it where it is clear.
        classes_of: Function that changes {part: {class: files}}, or None.

    Returns:
        A `Found`.

    Raises:
        DataError: If the data cannot be read, or so much of it not that something else must be wrong.

    Example:
        >>> import pathlib, tempfile
        >>> from datasets import Source
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "films.csv")
        ...     _ = path.write_text("text,label\\nSo good!,good\\nBad.,bad\\nWell.,NA\\n")
        ...     found = collect(Source("texts", path))
        >>> found.parts["train"].texts, found.aside
        (['So good!', 'Bad.'], [('films.csv, line 4', "has no label but 'NA'")])
    """
    path, found = source.path, Found()
    if path.is_dir() or (not is_packed_table(path) and is_archive(path)):
        tree = folders.open_tree(path)
        if tree.results:
            print(f"Not read as data: {results_in(map(shown, tree.results))}.", flush=True)
        classes = folders.class_folders(tree)
        if classes_of:
            classes = classes_of(classes)
        if classes:
            if text_column or label_column:
                refuse_columns(source)
            _note_skipped(tree, classes, found)
            for part, files in classes.items():
                _read_classes(tree, part, files, encoding, found)
            return found
        files = folders.tables(tree)
    else:
        tree, files = folders.Tree(path.parent, {(path.name,): path}, set()), {"train": (path.name,)}
    _read_tables(tree, files, (text_column, label_column), encoding, found)
    return found


def is_packed_table(path):
    """Whether a file is, by its name, a table that looks like an archive from inside.

    Example:
        >>> from pathlib import Path
        >>> is_packed_table(Path("films.csv.gz")), is_packed_table(Path("films.tar.gz"))
        (True, False)
    """
    return folders.ending(path.name) in (*folders.PACKED, *spreadsheets.PACKAGES)


def refuse_columns(source):
    """Refuse names of columns where there is no table.

    Raises:
        DataError: Always.
    """
    raise DataError(
        f"The data ({source}) is no table, so it has no columns; leave out text_column= and "
        "label_column=, or name a table with data=."
    )


def _note_skipped(tree, classes, found):
    """Say which files beside the texts of a class are not read."""
    parents = {files[0][:-1] for part in classes.values() for files in part.values() if files}
    endings = {}
    for parts, reason in sorted(tree.skipped.items()):
        if parts[:-1] not in parents:
            continue
        if reason:
            found.aside.append((shown("/".join(parts)), reason))
        else:
            dot, end = "." in parts[-1], parts[-1].rpartition(".")[2].lower()
            endings.setdefault(f".{end}" if dot else "no ending", []).append(parts)
    if endings:
        total = sum(map(len, endings.values()))
        kinds = ", ".join(f"{len(files):,} {end}" for end, files in sorted(endings.items())[:5])
        first = shown("/".join(next(iter(sorted(endings.items())))[1][0]))
        verb = "file is" if total == 1 else "files are"
        found.notes.append(
            f"{total:,} {verb} not read beside the .txt files ({kinds}; the first is {first}); "
            "rename them to .txt if they are texts"
        )


def _read_classes(tree, part, classes, encoding, found):
    """Read the texts of one part from folders, one for each class."""
    names = shown_apart(classes)
    contents, wrong, odd, total = {}, {}, [], sum(map(len, classes.values()))
    for files in classes.values():
        for parts in files:
            try:
                content, name = tree.content(parts), tree.name(parts)
                if encoding is not None:
                    contents[parts] = encodings.decode_as(content, name, encoding)
                else:
                    contents[parts] = tables.decode(content, name, advice=encodings.ADVICE)
            except DataError as error:
                odd.append((parts, str(error)))  # the error itself would keep all of this in memory
                if isinstance(error.__cause__, UnicodeDecodeError) and encoding is None:
                    wrong[parts] = content
    if wrong and (guessed := encodings.guess(b"\n".join(wrong.values())[: encodings.SAMPLE])) == "cp1252":
        odd = [(parts, error) for parts, error in odd if parts not in wrong]
        contents |= {parts: content.decode(guessed, "replace") for parts, content in wrong.items()}
        note = encodings.said(guessed, b"\n".join(wrong.values())[: encodings.SAMPLE])
        found.notes.append(f"{len(wrong):,} of {total:,} files are {note}")
    for parts, text in list(contents.items()):
        try:
            tables.check_length(text, tree.name(parts))
        except DataError as error:
            odd.append((parts, str(error)))
            del contents[parts]
    if odd and tables.too_many(len(odd), total):
        raise DataError(odd[0][1])
    for parts, error in odd:
        found.aside.append((shown("/".join(parts)), reason_of(error, tree.name(parts))))
    rows = [
        (with_line_breaks(contents[parts]), names[label], shown("/".join(parts)), 0)
        for label, files in classes.items()
        for parts in files
        if parts in contents
    ]
    found.parts[part] = Part(*map(list, zip(*rows, strict=True))) if rows else Part([], [], [], [])


def reason_of(error, name):
    """An error about a file as the reason why it is set aside: without its name, and without advice.

    Args:
        error: A `DataError`, or its text.
        name: What it calls the file.

    Returns:
        str.

    Example:
        >>> reason_of(DataError("1.txt is empty; write into it."), "1.txt")
        'is empty'
    """
    return str(error).removeprefix(f"{name} ").rpartition("; ")[0] or str(error)


def _read_tables(tree, files, wanted, encoding, found):
    """Read the texts of each part from a table."""
    first = None
    for part, parts in files.items():
        odd, name = [], shown("/".join(parts))
        table, notes = open_table(tree, parts, encoding, odd)
        found.notes += notes
        if first is None:
            text, label, header = columns.columns(table, *wanted)
            first, columns_of = table, (text, label)
            note_other_texts(table, text, label, header, wanted[0], found.notes)
        else:
            try:
                columns_of = columns.same_columns(table, first, text, label, header)
            except DataError as error:
                others = found.parts.keys() | files.keys()
                if part == "train" or not {"test", "validation"} <= others:
                    raise
                if part == "validation" and "test" not in found.parts:
                    raise
                found.notes.append(f"{name} is not read ({reason_of(error, table.name)})")
                continue  # as of SST-2, whose test part has no labels
        found.aside += [(where(name, line), reason) for line, reason in odd]
        read = labelled(table, *columns_of, header, name, found)
        places = _places(table, columns_of, header, name, found) if len(files) == 1 else {}
        found.parts |= _by_places(read, places) if places else {part: read}


def labelled(table, text, label, header, name, found):
    """The rows of a table that have a label.

    Args:
        table: A `datasets.files.tables.Table`.
        text, label: Its columns; of the texts maybe several.
        header: How many rows at the top hold no text.
        name: What its rows are called by.
        found: A `Found` that rows without a label are set aside in.

    Returns:
        A `Part`.

    Example:
        >>> found = Found()
        >>> labelled(tables.Table("a.csv", [["So good!", "good"], ["So so.", "NA"]], [1, 2]), 0, 1, 0, "a", found)
        Part(texts=['So good!'], labels=['good'], files=['a'], rows=[1])
        >>> found.aside
        [('a, line 2', "has no label but 'NA'")]
    """  # noqa: E501
    rows = table.rows[header:]
    texts = [with_line_breaks(columns.text_of(row, text)) for row in rows]
    labels = as_names([from_csv(row[label].strip()) for row in rows], table.name)
    part = Part([], [], [], [])
    for words, given, line in zip(texts, labels, table.lines[header:], strict=True):
        if (given == NONE or given.casefold() in NO_LABEL) and words.strip():
            said = f"has no label but {quoted(given)}" if given else "has no label"
            found.aside.append((where(name, line), said))
        else:
            for column, value in zip(part, (words, given, name, line), strict=True):
                column.append(value)
    return part


def _places(table, columns_of, header, name, found):
    """{line: part, None where its word is none} by the column that says it; {} where there is none."""
    column = part_column(table, columns_of, header)
    if column is None:
        return {}
    words = [row[column].strip().casefold() for row in table.rows[header:]]
    called = f"column {quoted(table.rows[0][column].strip())} of {name}"
    if not says_parts(Counter(words), called, found.notes):
        return {}
    parts = [part_of(word) for word in words]
    lines = table.lines[header:]
    for line, word, part in zip(lines, words, parts, strict=True):
        if part is None:
            found.aside.append((where(name, line), no_part(word)))
    return dict(zip(lines, parts, strict=True))


def part_column(table, columns_of, header):
    """The column that says what each row is used for, by its name; None where there is none.

    Args:
        table: A `datasets.files.tables.Table`.
        columns_of: (column or columns of the texts, column of the labels).
        header: Whether its first row is a header.

    Returns:
        Its number, or None.

    Example:
        >>> part_column(tables.Table("a", [["text", "label", "split"]], [1]), (0, 1), True)
        2
    """
    text, label = columns_of
    column = columns.named([cell.strip() for cell in table.rows[0]], _PART_NAMES) if header else None
    return None if column in (label, *((text,) if isinstance(text, int) else text)) else column


def part_of(word):
    """The part that a cell of such a column names: "train" where it is empty, None for an unknown word.

    Example:
        >>> part_of("dev"), part_of(""), part_of("extra")
        ('validation', 'train', None)
    """
    return _PART_OF.get(word) if word else "train"


def no_part(word):
    """Why a row is set aside whose part has an unknown name.

    Example:
        >>> no_part("extra")
        "is of a part, 'extra', which is no part of a split"
    """
    return f"is of a part, {quoted(word)}, which is no part of a split"


def says_parts(words, called, notes):
    """Whether a column names parts such as train and test.

    Args:
        words: `Counter` of its cells in lower case.
        called: What messages call it.
        notes: List that sentences about it are added to.

    Raises:
        DataError: If it leaves nothing to train on.

    Example:
        >>> says_parts(Counter({"train": 8, "test": 2}), "column 'split' of a.csv", [])
        True
    """
    said = {word for word in words if word}
    if not said & set(_PART_OF):
        if said:
            notes.append(f"{called} names no parts such as train and test, and is not used")
        return False
    if not said & set(PARTS["train"]) and "" not in words:
        raise DataError(
            f"{called[0].upper()}{called[1:]} puts no row into the part to train on; write train there, or "
            "take the column out."
        )
    if blank := words[""]:
        rows = "1 row" if blank == 1 else f"{blank:,} rows"
        notes.append(f"{called} is empty in {rows}; {'it is' if blank == 1 else 'these are'} trained on")
    return True


def _by_places(read, places):
    """A `Part` taken apart: {name: `Part`}, without rows that are of none."""
    parts = {name: Part([], [], [], []) for name in PARTS if name in places.values()}
    for row in zip(*read, strict=True):
        if places[row[-1]] is not None:
            for column, value in zip(parts[places[row[-1]]], row, strict=True):
                column.append(value)
    return parts


def note_other_texts(table, text, label, header, wanted, notes):
    """Say which other columns may hold texts, where the column of texts was guessed.

    Args:
        table: A `datasets.files.tables.Table`.
        text, label, header: As `columns` found them.
        wanted: The column that was asked for, or None.
        notes: List that the sentence is added to.

    Example:
        >>> notes = []
        >>> note_other_texts(tables.Table("a", [["text", "label"], ["So good!", "good"]], [1, 2]), 0, 1, True, None, notes)
        >>> notes
        []
    """  # noqa: E501
    if wanted is None and (others := columns.other_texts(table, text, label, header)):
        own = table.rows[0][text].strip() if header else str(text + 1)
        listed = ", ".join(quoted(name, 30) for name in others[:5])
        notes.append(
            f"the texts are those of column {quoted(own)}; not read are columns that may hold text as well: "
            f"{listed} (text_column= takes several, with commas between them)"
        )
