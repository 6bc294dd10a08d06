"""Texts from files: one text in a .txt file, one in each row of a table, one class in each folder."""

import re
import sys
from dataclasses import replace
from pathlib import Path

from ..files import columns, encodings, folders, json_lines, spreadsheets, tables
from ..files.names import sentence
from ..sources import DataError

# Of files that `read_texts` reads
SUFFIXES = {".txt", ".csv", ".tsv", ".jsonl", ".ndjson", ".gz", ".parquet", ".xlsx"}

MOST_ROWS = 0.5  # share of the rows of a table to classify that may be wrong


def read_texts(path, text_column=None, encoding=None):
    """Read texts without labels, to classify them.

    Args:
        path: A .txt file, which is one text, or a table with a text in each row: CSV, TSV or JSON Lines, also
            compressed as in .csv.gz, and, where pyarrow or openpyxl is installed, Parquet or xlsx.
        text_column: The column of the texts, by name or by number from 1; several, joined, as in
            "subject,body". None to guess it.
        encoding: Of a file that is not UTF-8, as Python names it, such as "cp1252".

    Returns:
        List of str. Line breaks written as `<br />` become line breaks.

    Raises:
        DataError: If the file cannot be read or holds no text.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from datasets.texts import read_texts
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "texts.csv"
        ...     _ = file.write_text("text,stars\\nA good film.,5\\nToo long.,2\\n")
        ...     read_texts(file)
        ['A good film.', 'Too long.']
    """
    return [text for text, _ in _rows(Path(path), text_column, encoding, None)]


def read_rows(path, text_column=None, encoding=None):
    """Read texts without labels, as `read_texts`, but those that cannot be used have a reason.

    Args:
        path, text_column, encoding: As of `read_texts`.

    Returns:
        List of `(text, reason)` of all rows in turn. Where the reason is "" the text can be classified.

    Raises:
        DataError: If the file cannot be read, holds no text, or half of its rows cannot be read.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "texts.csv"
        ...     _ = file.write_bytes(b"text,stars\\nA good film.,5\\n,3\\nA caf\\xe9.,2\\n")
        ...     read_rows(file)
        [('A good film.', ''), ('', 'is empty'), ('', 'has a byte that is not UTF-8, 0xe9')]
    """
    rows = _rows(Path(path), text_column, encoding, [])
    return [(text, reason or ("" if text.strip() else "is empty")) for text, reason in rows]


def _rows(path, text_column, encoding, aside):
    """All texts of a file in turn, each with "" or the reason why it could not be read."""
    try:
        if not path.is_file():
            what = "is no file" if path.exists() else "does not exist"
            raise DataError(f"{path} {what}; name a .txt, .csv, .tsv or .jsonl file.")
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); name another file.") from error
    tree = folders.Tree(path.parent, {(path.name,): path}, set())
    if folders.ending(path.name) not in folders.TABLES:
        content = tree.content((path.name,))
        if encoding is None:
            content = tables.decode(content, path, advice=encodings.ADVICE)
        else:
            content = encodings.decode_as(content, path, encoding)
        tables.check_length(content, path)
        found = [(with_line_breaks(content), "")]
    else:
        table, notes = open_table(tree, (path.name,), encoding, aside, MOST_ROWS)
        for note in notes:  # standard output may be a table for programs
            print(sentence(f"{note}."), file=sys.stderr, flush=True)
        text, _, header = columns.columns(table, text_column, labelled=False)
        texts = [with_line_breaks(columns.text_of(row, text)) for row in table.rows[header:]]
        rows = [(line, word, "") for line, word in zip(table.lines[header:], texts, strict=True)]
        rows += [(line, "", reason) for line, reason in aside or ()]
        found = [(text, reason) for _, text, reason in sorted(rows, key=lambda row: row[0])]
    if not any(text.strip() for text, _ in found):
        raise DataError(f"{path} holds no text; name a file that does.")
    return found


def open_table(tree, parts, encoding=None, aside=None, most=tables.ODD_SHARE):
    """A table of a folder or an archive, whatever its format.

    Args:
        tree: A `datasets.files.folders.Tree`.
        parts: The name of the table in it.
        encoding: Of a table that is not UTF-8; None to guess it where it is clear.
        aside: List to which (line, reason) of each row that cannot be read is added, while these are few;
            None to refuse a table with any.
        most: Share of the rows that these may be.

    Returns:
        `(table, notes)`: a `datasets.files.tables.Table`, and a list of what was guessed.

    Raises:
        DataError: If the table cannot be read.

    Example:
        >>> from pathlib import Path
        >>> from datasets.files.folders import Tree
        >>> lines = b'{"text": "So good!", "stars": 5}\\n{"text": "Bad.", "stars": 1}'
        >>> table, notes = open_table(Tree(Path("."), {("films.jsonl",): lines}, set()), ("films.jsonl",))
        >>> table.rows
        [['text', 'stars'], ['So good!', '5'], ['Bad.', '1']]
    """
    name, ending, content = tree.name(parts), folders.ending(parts[-1]), tree.content(parts)
    if ending in spreadsheets.PACKAGES:
        return spreadsheets.read_spreadsheet(content, name, ending), []
    text, note, wrong = encodings.decode_leniently(content, name, encoding)
    if wrong and aside is None:
        raise DataError(wrong)
    notes, odd = [f"{name} is {note}"] if note else [], []
    if as_json := holds_json_lines(text, name, ending, notes):
        table = json_lines.read_json_lines(text, name, odd)
    else:
        table = tables.read_table(text, name, None if aside is None else odd, most)
    if wrong or as_json:
        header, table = table.rows[0], without_odd(table, odd)
        if odd and (aside is None or _too_many(odd, table, most) or encodings.odd("".join(header))):
            line, reason = odd[0]
            said = f"Line {line:,} of {name} {reason}; correct it, or leave it out."
            raise DataError(wrong or said)
    if aside is not None:
        aside += odd
    return table, notes


def holds_json_lines(text, name, ending, notes):
    """Whether a table is JSON Lines, and not CSV.

    Args:
        text: The file, or the beginning of it.
        name: What messages call it.
        ending: Of its name, such as ".csv".
        notes: List to which is added that it is called otherwise.

    Returns:
        bool.

    Raises:
        DataError: If it is other JSON.

    Example:
        >>> holds_json_lines('{"text": "Good."}', "films.jsonl", ".jsonl", [])
        True
    """
    named = ending.startswith(json_lines.ENDINGS)
    if json_lines.is_json_lines(text) or (named and not json_lines.is_json(text)):
        if not named:
            notes.append(f"{name} is read as JSON Lines, which it holds")
        return True
    if json_lines.is_json(text):
        raise DataError(
            f"{name} is no table but other JSON; write an object such as "
            '{"text": "...", "label": "..."} on each line, or save it as CSV.'
        )
    return False


def _too_many(odd, table, most):
    return tables.too_many(len(odd), len(table.rows) + len(odd) - 1, most)


def without_odd(table, odd):
    """The table without rows that hold what is no text, such as bytes that are not UTF-8.

    Args:
        table: A `datasets.files.tables.Table`.
        odd: List that (line, reason) of each such row is added to; it is sorted then.

    Returns:
        A `Table`; the same if there are none.

    Example:
        >>> odd, table = [], tables.Table("films.csv", [["Good."], ["Bad" + chr(0)]], [1, 2])
        >>> without_odd(table, odd).rows, odd
        ([['Good.']], [(2, 'has a zero byte')])
    """
    kept = []
    for number, row in enumerate(table.rows):
        if reason := encodings.odd("".join(row)):
            odd.append((table.lines[number], reason))
        else:
            kept.append(number)
    odd.sort()
    return replace(
        table, rows=[table.rows[n] for n in kept], lines=[table.lines[n] for n in kept]
    ) if len(kept) < len(table.rows) else table  # fmt: skip


def with_line_breaks(text):
    r"""A text in which line breaks that are written as in HTML are line breaks.

    Args:
        text: Any str.

    Returns:
        A str.

    Example:
        >>> with_line_breaks("Good.<br /><br>So good!")
        'Good.\n\nSo good!'
    """
    return re.sub(r"<br\s*/?>", "\n", text, flags=re.IGNORECASE) if "<" in text else text
