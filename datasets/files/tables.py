"""Tables of texts: CSV and TSV files as people really write them."""

import codecs
import contextlib
import csv
import io
import re
from dataclasses import dataclass

from ..errors import DataError, TooLargeError

MAX_CHARACTERS = 1_000_000  # of one text
FEW_ZEROS = 0.01  # of the characters; with more, the file is UTF-16 without its mark
ODD_SHARE = 0.25  # of the rows of a table or the files of a folder, which may be set aside
MAX_LINES = 5_000_000
MAX_LINE = 50_000_000  # characters
MAX_SEPARATORS = 20_000_000  # each may begin a cell, which takes far more memory than its character
SEPARATORS = "\t,;|"  # in doubt the first: texts contain few tabs


@dataclass(frozen=True)
class Table:
    """Rows of cells, all of one length.

    Attributes:
        name: What messages call it.
        rows: Lists of cells; a header is the first of them.
        lines: The line of the file in which each row begins.
        headed: Whether the first row is known to be a header.
    """

    name: str
    rows: list
    lines: list
    headed: bool = False


def decode(content, name, few_zeros=False, advice="save the file as UTF-8"):
    """Bytes as text: UTF-8 with or without its mark, or UTF-16 with it.

    Args:
        content: The bytes.
        name: What messages call their file.
        few_zeros: Whether a zero byte here and there is let pass, for a reader that sets such rows aside.
        advice: What to do about other bytes, the end of the sentence.

    Raises:
        DataError: If they are neither, or hold zero bytes, which no text does.
    """
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = "UTF-16" if marked else "UTF-8"
        raise DataError(
            f"{name} is not {what} text: byte {content[error.start]:#04x} in line {line:,} does not belong "
            f"there; {advice}."
        ) from error
    if text.count("\0") > (FEW_ZEROS * len(text) if few_zeros else 0):
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{name} has a zero byte in line {line:,}, so it is no text; {advice}.")
    return text


def check_length(text, name):
    """Refuse a text that is too long to have been written by hand.

    Raises:
        DataError: If it has more than a million characters.
    """
    if len(text) > MAX_CHARACTERS:
        raise _too_long(len(text), name)


def _too_long(length, name):
    return DataError(
        f"{name} is a text of {length:,} characters where at most {MAX_CHARACTERS:,} are taken; "
        "shorten it, or make several of it."
    )


def read_table(text, name, aside=None, most=ODD_SHARE):
    """Parse a CSV or TSV file.

    The separator is the one of `, ; tab |` that gives the most rows as many cells as the first
    has. In a file separated by tabs quotation marks may be part of the text.

    Args:
        text: The whole file.
        name: What messages call it.
        aside: List that (line, reason) of each row of another length, or with too long a text, is added to,
            while these are few; None to refuse a table with any.
        most: Share of the rows that these may be.

    Returns:
        A `Table`; rows without anything in them are left out.

    Raises:
        DataError: If it has no rows, rows of different lengths, a quotation mark that is never
            closed, or more lines or cells than a table of texts.
    """
    check_size(text, name)
    separator = separator_of(text)
    rows, lines = None, None
    if separator == "\t":
        rows, lines = literal_rows(text)
    if rows is None:
        rows, lines = _rows(text, name, separator, None if aside is None else [])
    if not rows:
        raise empty(name)
    return even_rows(Table(name, rows, lines), separator, aside, most)


def empty(name):
    """What is said of a table without rows: a `DataError`."""
    return DataError(f"{name} is empty; name a table with a row for each example.")


def even_rows(table, separator, aside=None, most=ODD_SHARE):
    """The table without rows of another length or with too long a text, if these are few.

    Args:
        table: A `Table`; its first row has the right length.
        separator: What separates its cells.
        aside, most: As for `read_table`; math.inf for as many as there are.

    Returns:
        A `Table`.

    Raises:
        DataError: If they are too many.
    """
    odd, first = {}, None
    for number, (row, line) in enumerate(zip(table.rows, table.lines, strict=True)):
        longest = max(map(len, row))
        if len(row) == len(table.rows[0]) and longest <= MAX_CHARACTERS:
            continue
        if len(row) != len(table.rows[0]):
            odd[number] = f"has {count(len(row), 'cell')} where the first row has {len(table.rows[0])}"
            error = DataError(
                f"{table.name} has {count(len(row), 'cell')} in line {line:,} where its first row has "
                f"{len(table.rows[0])}; put texts that hold the separator ({_spoken(separator)}) or line "
                'breaks into quotation marks (").'
            )
        elif separator != "\t":
            odd[number] = _too_long_cell(longest)
            error = _too_long_row(table.name, line)
        else:
            odd[number] = _too_long_cell(longest)
            error = _too_long(longest, f"line {line:,} of {table.name}")
        first = first or error
    if first and (aside is None or too_many(len(odd), len(table.rows) - 1, most) or 0 in odd):
        raise DataError(str(first))
    if not odd:
        return table
    aside += [(table.lines[number], reason) for number, reason in odd.items()]
    kept = [number for number in range(len(table.rows)) if number not in odd]
    return Table(table.name, [table.rows[n] for n in kept], [table.lines[n] for n in kept])


def _too_long_cell(length):
    return f"has a text of {length:,} characters, more than {MAX_CHARACTERS:,}"


def _too_long_row(name, line):
    return TooLongError(
        f"{name} has a text of more than {MAX_CHARACTERS:,} characters in the row that begins in "
        f"line {line:,}; shorten it, or close its quotation mark."
    )


def too_many(odd, all_of_them, most=ODD_SHARE):
    """Whether so many are odd that not they but the whole is wrong: by default more than a quarter."""
    return odd > most * all_of_them


def check_size(text, name):
    """Refuse a file that would fill the memory, before it is parsed."""
    lines = text.count("\n") + text.count("\r") - text.count("\r\n")
    if lines > MAX_LINES or any(text.count(separator) > MAX_SEPARATORS for separator in SEPARATORS):
        raise TooLargeError(
            f"{name} has more than {MAX_LINES:,} lines or {MAX_SEPARATORS:,} cells, which is more than a "
            "table of texts has; make several of it."
        )
    at = 0
    while len(text) - at > MAX_LINE:
        end = max(text.rfind("\n", at, at + MAX_LINE), text.rfind("\r", at, at + MAX_LINE))
        if end < 0:
            raise too_long_line(name)
        at = end + 1


def too_long_line(name):
    """What is said of a table with a line that is no row: a `DataError`."""
    return DataError(
        f"{name} has a line of more than {MAX_LINE:,} characters, which is no row of a table of texts; name "
        "a table with a row for each example."
    )


def _spoken(separator):
    return "tab" if separator == "\t" else separator


def count(number, noun):
    """A number of things, such as "1 cell" or "2 cells"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def separator_of(text):
    """What separates the cells of a table: tab, comma, semicolon or bar, whichever suits its first rows.

    Args:
        text: The file, or the beginning of it.

    Returns:
        A str of one character.
    """
    best, separator = 0, ","
    literal = [(csv.QUOTE_MINIMAL, candidate) for candidate in SEPARATORS]
    for quoting, candidate in [(csv.QUOTE_NONE, "\t"), *literal]:
        lengths = []
        with contextlib.suppress(csv.Error), _long_cells():
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=candidate, quoting=quoting):
                lengths.extend([len(row)] if row else [])
                if len(lengths) == 100:
                    break
        if lengths and lengths[0] > 1:
            share = lengths.count(lengths[0]) / len(lengths)
            if share > best:
                best, separator = share, candidate
    return separator


def _rows(text, name, separator, lenient=None, longest=MAX_CHARACTERS):
    """Rows in the usual way of CSV: cells may be quoted, quotation marks in them are doubled.

    Where `lenient` is no None, longer cells are read, too, if all quotation marks are closed then.
    """
    found = each_row(io.StringIO(text, newline=""), name, separator, longest)
    try:
        rows = list(found)
    except TooLongError:
        if lenient is not None:
            with contextlib.suppress(DataError):
                return _rows(text, name, separator, None, MAX_LINE)
        raise
    return [row for _, row in rows], [line for line, _ in rows]


class TooLongError(DataError):
    """A cell is longer than a text may be, maybe since its quotation mark is never closed."""


def each_row(lines, name, separator, longest=MAX_LINE):
    """The rows of CSV one by one, so that the file need not be in memory.

    Args:
        lines: Iterable of str, with their line breaks.
        name: What messages call the table.
        separator: What separates its cells.
        longest: Characters of a cell at most.

    Yields:
        `(line, row)`: the number of the line in which a row begins, and a list of cells. Rows without
        anything in them are left out.

    Raises:
        DataError: If a quotation mark is never closed; a `TooLongError` if a cell is too long.
    """
    reader, line = csv.reader(lines, delimiter=separator, strict=True), 0
    try:
        while True:
            with _long_cells(longest):  # only while it reads: the limit is one of the whole process
                row = next(reader, None)
            if row is None:
                return
            if any(cell.strip() for cell in row):
                yield line + 1, row
            line = reader.line_num
    except csv.Error as error:
        if "field limit" in str(error):
            raise _too_long_row(name, line + 1) from error
        raise DataError(
            f"{name} has a quotation mark in the row that begins in line {line + 1:,} which is not "
            'closed, or closed early; within a quoted text double every quotation mark ("").'
        ) from error


def _lines(text):
    return re.split("\r\n|\n|\r", text)


def literal_rows(text):
    """Rows of a file separated by tabs whose quotation marks are part of the texts.

    Args:
        text: The file, or the beginning of it.

    Returns:
        Rows and lines, or None twice if the file is quoted in the way of CSV after all.
    """
    parts = [line.split("\t") for line in _lines(text)]
    rows = [row for row in parts if any(cell.strip() for cell in row)]
    if not rows or {len(row) for row in rows} != {len(rows[0])}:
        return None, None  # a quoted text with a line break in it, or a broken file
    with contextlib.suppress(csv.Error), _long_cells():
        if len([row for row in csv.reader(_lines(text), delimiter="\t", strict=True) if row]) == len(rows):
            return None, None  # every quotation mark is closed in its line
    return rows, [line for line, row in enumerate(parts, 1) if any(cell.strip() for cell in row)]


@contextlib.contextmanager
def _long_cells(longest=MAX_CHARACTERS):
    """Let the csv module read long texts: by default it stops at 131,072 characters."""
    limit = csv.field_size_limit(longest)
    try:
        yield
    finally:
        csv.field_size_limit(limit)
