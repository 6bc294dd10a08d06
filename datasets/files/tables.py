"""Tables of texts: CSV and TSV files as people really write them."""

import codecs
import contextlib
import csv
import io
import re
from dataclasses import dataclass

from ..errors import DataError
from .names import quoted

MAX_CHARACTERS = 1_000_000  # of one text
FEW_ZEROS = 0.01  # of the characters; with more, the file is UTF-16 without its mark
MAX_LINES = 5_000_000
MAX_LINE = 50_000_000  # characters
MAX_SEPARATORS = 20_000_000  # each may begin a cell, which takes far more memory than its character
SEPARATORS = "\t,;|"  # in doubt the first: texts contain few tabs

# Column names, the likeliest first; a name's last word counts as well ("star_rating")
_TEXT_NAMES = (
    {"text", "review", "sentence", "comment", "content", "message", "tweet", "body", "document", "post"},
    {"phrase", "utterance", "question", "description", "headline", "title", "summary", "sms"},
)
_LABEL_NAMES = (
    {"label", "sentiment", "class", "category", "target", "polarity", "emotion", "intent", "topic"},
    {"rating", "stars", "star", "score", "grade", "type", "group", "y"},
)


@dataclass(frozen=True)
class Table:
    """Rows of cells, all of one length.

    Attributes:
        name: What messages call it.
        rows: Lists of cells; a header is the first of them.
        lines: The line of the file in which each row begins.
    """

    name: str
    rows: list
    lines: list


def decode(content, name, few_zeros=False):
    """Bytes as text: UTF-8 with or without its mark, or UTF-16 with it.

    Args:
        content: The bytes.
        name: What messages call their file.
        few_zeros: Whether a zero byte here and there is let pass, for a reader that sets such rows aside.

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
            "there; save the file as UTF-8."
        ) from error
    if text.count("\0") > (FEW_ZEROS * len(text) if few_zeros else 0):
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{name} has a zero byte in line {line:,}, so it is no text; save the file as UTF-8.")
    return text


def check_length(text, name):
    """Refuse a text that is too long to have been written by hand.

    Raises:
        DataError: If it has more than a million characters.
    """
    if len(text) > MAX_CHARACTERS:
        raise DataError(
            f"{name} is a text of {len(text):,} characters where at most {MAX_CHARACTERS:,} are taken; "
            "shorten it, or make several of it."
        )


def read_table(text, name):
    """Parse a CSV or TSV file.

    The separator is the one of `, ; tab |` that gives the most rows as many cells as the first
    has. In a file separated by tabs quotation marks may be part of the text.

    Args:
        text: The whole file.
        name: What messages call it.

    Returns:
        A `Table`; rows without anything in them are left out.

    Raises:
        DataError: If it has no rows, rows of different lengths, a quotation mark that is never
            closed, or more lines or cells than a table of texts.
    """
    _check_size(text, name)
    separator = _separator(text)
    rows, lines = None, None
    if separator == "\t":
        rows, lines = _literal_rows(text)
    if rows is None:
        rows, lines = _rows(text, name, separator)
    if not rows:
        raise DataError(f"{name} is empty; name a table with a row for each example.")
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(rows[0]):
            raise DataError(
                f"{name} has {_count(len(row), 'cell')} in line {line:,} where its first row has "
                f"{len(rows[0])}; put texts that hold the separator ({_spoken(separator)}) or line breaks "
                'into quotation marks (").'
            )
        for cell in row:
            check_length(cell, f"line {line:,} of {name}")
    return Table(name, rows, lines)


def _check_size(text, name):
    """Refuse a file that would fill the memory, before it is parsed."""
    lines = text.count("\n") + text.count("\r") - text.count("\r\n")
    if lines > MAX_LINES or any(text.count(separator) > MAX_SEPARATORS for separator in SEPARATORS):
        raise DataError(
            f"{name} has more than {MAX_LINES:,} lines or {MAX_SEPARATORS:,} cells, which is more than a "
            "table of texts has; make several of it."
        )
    at = 0
    while len(text) - at > MAX_LINE:
        end = max(text.rfind("\n", at, at + MAX_LINE), text.rfind("\r", at, at + MAX_LINE))
        if end < 0:
            raise DataError(
                f"{name} has a line of more than {MAX_LINE:,} characters, which is no row of a table of "
                "texts; name a table with a row for each example."
            )
        at = end + 1


def _spoken(separator):
    return "tab" if separator == "\t" else separator


def _count(number, noun):
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _separator(text):
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


def _rows(text, name, separator):
    """Rows in the usual way of CSV: cells may be quoted, quotation marks in them are doubled."""
    rows, lines, line = [], [], 0
    with _long_cells():
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        try:
            for row in reader:
                if any(cell.strip() for cell in row):
                    rows.append(row)
                    lines.append(line + 1)
                line = reader.line_num
        except csv.Error as error:
            if "field limit" in str(error):
                raise DataError(
                    f"{name} has a text of more than {MAX_CHARACTERS:,} characters in the row that begins in "
                    f"line {line + 1:,}; shorten it, or close its quotation mark."
                ) from error
            raise DataError(
                f"{name} has a quotation mark in the row that begins in line {line + 1:,} which is not "
                'closed, or closed early; within a quoted text double every quotation mark ("").'
            ) from error
    return rows, lines


def _lines(text):
    return re.split("\r\n|\n|\r", text)


def _literal_rows(text):
    """Rows of a file separated by tabs whose quotation marks are part of the texts.

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
def _long_cells():
    """Let the csv module read long texts: by default it stops at 131,072 characters."""
    limit = csv.field_size_limit(MAX_CHARACTERS)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def columns(table, text_column=None, label_column=None, labelled=True):
    """Find the column of the texts and that of the labels.

    Args:
        table: A `Table`.
        text_column: Its name, or its number from 1.
        label_column: The same for the labels.
        labelled: Whether labels are needed.

    Returns:
        `(text, label, header)`: two indices, and whether the first row is a header. The label
        is None where it is not needed and not found.

    Raises:
        DataError: If there is no such column, or none is named and it is not obvious which.
    """
    text_column, label_column = (column and str(column) for column in (text_column, label_column))
    names = [cell.strip() for cell in table.rows[0]]
    given = _index(table, names, text_column, "text"), _index(table, names, label_column, "label")
    by_name = [name for name in (text_column, label_column) if name and not name.isdecimal()]
    alone = [named(names, tiers, alone=True) is not None for tiers in (_TEXT_NAMES, _LABEL_NAMES)]
    text, label = _completed(table, *given, names)
    header = bool(by_name) or all(alone)
    if not header:
        header = alone[0] if label is None or not labelled else _heads(table, label)
    if not header:  # what looked like names are cells
        text, label = _completed(table, *given, ())
    if not labelled and text is None and len(names) == 1:
        text = 0
    if not labelled and not header and given[0] is None and len(names) > 1 and _is_prose(table, text):
        text = None  # sentences with commas are no columns
    missing = [what for what, index in (("text", text), ("label", label)) if index is None]
    if missing and (labelled or "text" in missing):
        raise _unclear(table, names, missing if labelled else ["text"])
    if text == label:
        raise DataError(
            f"{table.name}: texts and labels would both be taken from column {text + 1}, "
            f"{_listed([names[text]])}; name two columns with text_column= and label_column=."
        )
    return text, label, header


def _unclear(table, names, missing):
    if len(names) == 1:
        return DataError(
            f"{table.name} has only one column, {_listed(names)}, where texts and labels are needed; "
            "separate them with commas or tabs."
        )
    arguments = " and ".join(f"{what}_column=" for what in missing)
    return DataError(
        f"{table.name} has the columns {_listed(names)}; say with {arguments} which holds the "
        f"{' and which the '.join(what + 's' for what in missing)}, by name or by number from 1."
    )


def same_columns(table, like, text, label, header):
    """The columns of another table of the same data set, such as the test part.

    Args:
        table: The other table.
        like: The first one.
        text, label: Its columns of texts and labels.
        header: Whether its first row is a header.

    Raises:
        DataError: If it has no such columns.
    """
    names = [cell.strip() for cell in table.rows[0]]
    if header:
        wanted = [like.rows[0][index].strip() for index in (text, label)]
        return tuple(
            _index(table, names, name, what) for name, what in zip(wanted, ("text", "label"), strict=True)
        )
    if len(names) != len(like.rows[0]):
        raise DataError(
            f"{table.name} has {_count(len(names), 'column')} where {like.name} has "
            f"{len(like.rows[0])}; give both the same columns."
        )
    return text, label


def _completed(table, text, label, names):
    """Both columns, guessed by name or, of two columns, by content; None for what is not obvious."""
    known_text, known_label = named(names, _TEXT_NAMES), named(names, _LABEL_NAMES)
    if text is None and known_text != label:
        text = known_text
    if label is None and known_label != text:
        label = known_label
    if len(table.rows[0]) == 2:
        if text is None and label is None:
            text = _wordier(table)
        if text is None and label is not None:
            text = 1 - label
        elif label is None and text is not None:
            label = 1 - text
    return text, label


def _heads(table, label):
    """Whether the first row is a header: its cell is no number and not among the labels below it."""
    first, *below = (row[label].strip() for row in table.rows)
    return bool(below) and first not in below and not re.fullmatch(r"[-+.\d]+", first)


def _index(table, names, wanted, what):
    if wanted is None:
        return None
    wanted = wanted.strip()
    if wanted.isdecimal() and 1 <= int(wanted) <= len(names):
        return int(wanted) - 1
    if names.count(wanted) == 1:
        return names.index(wanted)
    if names.count(wanted) > 1:
        raise DataError(f"{table.name} has two columns named {quoted(wanted)}; give them different names.")
    raise DataError(
        f"{table.name} has no column {quoted(wanted)}, only {_listed(names)}; name one of them with "
        f"{what}_column=, or give its number from 1."
    )


def _listed(names):
    return ", ".join(quoted(name, 30) for name in names[:12]) + (", ..." if len(names) > 12 else "")


def named(names, tiers, alone=False):
    """The column with a name such as "text" or "label", the likelier names first; None if there are several.

    A name is one of the words or ends with one ("airline_sentiment"); if `alone` is asked for,
    it also has no spaces, as hardly a sentence does.
    """
    words = [re.findall("[a-z0-9]+", re.sub("(?<=[a-z])(?=[A-Z])", " ", name).lower()) for name in names]
    for longest in 1, 3:
        for tier in tiers:
            found = [
                index
                for index, (name, parts) in enumerate(zip(names, words, strict=False))
                if 0 < len(parts) <= longest and not (alone and " " in name) and _singular(parts[-1]) & tier
            ]
            if found:
                return found[0] if len(found) == 1 else None
    return None


def _singular(word):
    """A word as it is, and as it may be in the singular."""
    return {word, word.removesuffix("s"), re.sub("ies$", "y", word)}


def _is_prose(table, text):
    """Whether what looks like columns may be parts of sentences: cells rarely begin with a space."""
    others = [cell for row in table.rows for index, cell in enumerate(row) if index != text]
    return any(row[-1].startswith(" ") for row in table.rows) or any(len(cell.split()) > 1 for cell in others)


def _wordier(table):
    """Which of two columns holds texts: the longer one, which also repeats itself less."""
    sample = table.rows[1:1001] or table.rows
    length = [sum(len(row[index]) for row in sample) for index in (0, 1)]
    variety = [len({row[index] for row in sample}) for index in (0, 1)]
    text = 0 if length[0] > length[1] else 1
    if length[0] != length[1] and variety[text] >= variety[1 - text]:
        return text
    return None
