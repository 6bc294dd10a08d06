"""Tables of any size in blocks of rows, each a table of its own: memory holds one of them at a time."""

import gzip
import io
import itertools
import math
import zlib

from ..files import encodings, folders, gzipped, json_lines, spreadsheets, tables
from ..sources import DataError
from .reading import holds_json_lines, without_odd

ROWS = 10_000  # of a block at most
CHARACTERS = 8_000_000  # of a block, after which the next one begins
START = 2_000_000  # characters by which it is seen what kind of table it is
START_LINES = 2000


def table_blocks(path, encoding=None, aside=None, notes=None):
    """Read a table in blocks of rows.

    Args:
        path: A CSV, TSV or JSON Lines file, also as .gz, or Parquet with pyarrow.
        encoding: Of a file that is not UTF-8; None to guess it by its beginning where it is clear.
        aside: List that (line, reason) of each row that cannot be read is added to before its block comes.
        notes: List that sentences about what was guessed are added to.

    Yields:
        `datasets.files.tables.Table`s. The first row of each is the first row of the file, a header or not.

    Raises:
        DataError: If it cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "films.csv")
        ...     _ = path.write_text("text,label\\nSo good!,good\\nBad.,bad,ly\\nFine.,good\\n")
        ...     blocks, aside = [], []
        ...     for table in table_blocks(path, aside=aside):
        ...         blocks.append(table.rows)
        >>> blocks, aside
        ([[['text', 'label'], ['So good!', 'good'], ['Fine.', 'good']]], [(3, 'has 3 cells where the first row has 2')])
    """  # noqa: E501
    aside, notes = [] if aside is None else aside, [] if notes is None else notes
    name, ending = str(path), folders.ending(path.name)
    if ending == ".parquet":
        yield from _tables(spreadsheets.each_row(path, name), name, ",", aside, headed=True)
    elif ending == ".xlsx":
        raise DataError(f"{name} is a spreadsheet, which is not read in blocks; save it as CSV.")
    else:
        yield from _of_text(path, name, ending, encoding, aside, notes)


def _of_text(path, name, ending, encoding, aside, notes):
    """The blocks of a CSV, TSV or JSON Lines file."""
    packed = ending in folders.PACKED
    try:
        with gzip.open(path) if packed else path.open("rb") as raw:
            start = raw.read(encodings.SAMPLE)
            raw.seek(0)
            encoding, errors, note = encodings.encoding_of(start, name, encoding)
            notes += [f"{name} is {note}"] if note else []
            with io.TextIOWrapper(raw, encoding, errors, newline="") as text:
                yield from _parsed(_lines(text, name), name, ending, aside, notes)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise gzipped.damaged(name) from error
    except OSError as error:
        raise DataError(f"{name} cannot be read ({error.strerror}); change that, or name another.") from error
    except UnicodeError as error:
        raise DataError(f"{name} is not {encoding} text; name another encoding with encoding=.") from error


def _lines(file, name):
    """The lines of a file with their line breaks; none fills the memory."""
    while line := file.readline(tables.MAX_LINE):
        if len(line) == tables.MAX_LINE:
            raise tables.too_long_line(name)
        yield line


def _parsed(lines, name, ending, aside, notes):
    first, size = [], 0
    for line in itertools.islice(lines, START_LINES):
        first.append(line)
        size += len(line)
        if size > START:
            break
    start, lines = "".join(first), itertools.chain(first, lines)
    if holds_json_lines(start, name, ending, notes):
        yield from _tables(_rows_of_objects(lines, name, aside), name, ",", aside, headed=True)
        return
    separator = tables.separator_of(start)
    if separator == "\t" and tables.literal_rows(start)[0] is not None:
        rows = ((n, line.rstrip("\r\n").split("\t")) for n, line in enumerate(lines, 1) if line.strip())
    else:
        rows = tables.each_row(lines, name, separator)
    yield from _tables(rows, name, separator, aside)


def _rows_of_objects(lines, name, aside):
    """JSON Lines as rows: first the names of the first objects, then for each object its values of these."""
    objects = json_lines.each_object(lines, aside)
    first = list(itertools.islice(objects, START_LINES))
    names = list(dict.fromkeys(key for _, cells in first for key in cells))
    if not names or len(names) > json_lines.MAX_COLUMNS:
        raise json_lines.empty(name) if not names else DataError(
            f"{name} has objects of more than {json_lines.MAX_COLUMNS:,} names; leave out what is no text."
        )  # fmt: skip
    yield first[0][0], names
    for line, cells in itertools.chain(first, objects):
        yield line, [cells.get(key, "") for key in names]


def _tables(rows, name, separator, aside, headed=False):
    """Rows as tables of `ROWS` rows; those of another length, or with what is no text, are set aside."""
    top = next(rows, None)
    if top is None:
        raise tables.empty(name)
    if reason := encodings.odd("".join(top[1])):
        raise DataError(f"Line {top[0]:,} of {name} {reason}; correct it, or leave it out.")
    while True:
        some, size = [top], 0
        for line, row in rows:
            some.append((line, row))
            size += sum(map(len, row))
            if len(some) > ROWS or size > CHARACTERS:
                break
        else:
            if len(some) == 1:
                return
        table = tables.Table(name, [row for _, row in some], [line for line, _ in some], headed)
        table, odd = tables.even_rows(table, separator, aside, math.inf), []
        table = without_odd(table, odd)
        aside += odd
        yield table
