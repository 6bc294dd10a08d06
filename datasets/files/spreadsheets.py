"""Parquet and xlsx files as tables. They need pyarrow and openpyxl, which requirements-extra.txt names."""

import contextlib
import importlib
import io
import zipfile

from ..errors import DataError
from .archives import FREE_GROWTH, MAX_GROWTH, MAX_UNPACKED
from .tables import MAX_LINES, MAX_SEPARATORS, Table, empty

PACKAGES = {".parquet": "pyarrow", ".xlsx": "openpyxl"}  # by the ending of a file
BATCH = 1000  # rows that are read together


def read_spreadsheet(content, name, ending):
    """Parse a Parquet or xlsx file.

    Args:
        content: Its bytes.
        name: What messages call it.
        ending: ".parquet" or ".xlsx".

    Returns:
        A `Table`, whose first row is a header in Parquet. Cells are str; columns of lists and the like are
        left out, and of xlsx only the first sheet is read.

    Raises:
        DataError: If a package is missing, or the file is damaged or too large.
    """
    with _readable(name, ending):
        found = each_parquet_row(io.BytesIO(content)) if ending == ".parquet" else _sheet(content, name)
        if ending == ".parquet":
            _check_parquet(content, name)
        rows = [(line, row) for line, row in enumerate(found, 1) if any(cell.strip() for cell in row)]
    if not rows:
        raise empty(name)
    lines, rows = map(list, zip(*rows, strict=True))
    return Table(name, rows, lines, headed=ending == ".parquet")


@contextlib.contextmanager
def _readable(name, ending):
    """Turn what goes wrong while a file is read into one sentence."""
    package = PACKAGES[ending]
    try:
        importlib.import_module(package)
    except ImportError as error:
        raise DataError(
            f"{name} is read with {package}, which is not installed; install it (pip install {package}), or "
            "save the table as CSV."
        ) from error
    try:
        yield
    except (DataError, GeneratorExit):
        raise
    except Exception as error:  # of any kind: both libraries raise many
        raise DataError(f"{name} cannot be read as {ending[1:]}; save the table again, or as CSV.") from error


def each_row(path, name):
    """The rows of a Parquet file one by one, so that it need not be in memory.

    Args:
        path: The file.
        name: What messages call it.

    Yields:
        `(line, row)`: its number, and a list of str; first the names of the columns, without those of lists.

    Raises:
        DataError: If pyarrow is missing, or the file is damaged.
    """
    with _readable(name, ".parquet"):
        rows = enumerate(each_parquet_row(path), 1)
    while True:
        with _readable(name, ".parquet"):
            found = next(rows, None)
        if found is None:
            return
        if any(cell.strip() for cell in found[1]):
            yield found


def _refuse_size(name, rows, columns, size, packed):
    if rows > MAX_LINES or rows * columns > MAX_SEPARATORS:
        raise DataError(
            f"{name} has more than {MAX_LINES:,} rows or {MAX_SEPARATORS:,} cells, which is more than a "
            "table of texts has; make several of it."
        )
    if size > min(MAX_UNPACKED, max(FREE_GROWTH, MAX_GROWTH * packed)):
        raise DataError(f"{name} unpacks to {size:,} bytes, which is too much; make several of it.")


def _check_parquet(content, name):
    from pyarrow import parquet

    about = parquet.ParquetFile(io.BytesIO(content)).metadata
    size = sum(about.row_group(n).total_byte_size for n in range(about.num_row_groups))
    _refuse_size(name, about.num_rows, about.num_columns, size, len(content))


def each_parquet_row(file):
    """The rows of Parquet: first the names of its columns, without lists and bytes, then lists of str.

    Args:
        file: Its path, or a file object.
    """
    import pyarrow
    from pyarrow import parquet

    with parquet.ParquetFile(file) as opened:
        flat = [
            field.name for field in opened.schema_arrow if not pyarrow.types.is_nested(field.type)
            and not pyarrow.types.is_binary(field.type)
        ]  # fmt: skip
        yield flat
        for batch in opened.iter_batches(BATCH, columns=flat):
            columns = [column.to_pylist() for column in batch.columns]
            yield from ([_cell(cell) for cell in row] for row in zip(*columns, strict=True))


def _sheet(content, name):
    import openpyxl

    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        _refuse_size(name, 0, 0, sum(part.file_size for part in packed.infolist()), len(content))
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    rows, cells = [], 0
    for row in book.worksheets[0].iter_rows(values_only=True):
        rows.append([_cell(cell) for cell in row])
        cells += len(row)
        _refuse_size(name, len(rows), 0, 0, 0)
        _refuse_size(name, 1, cells, 0, 0)
    widest = max((len(row) for row in rows), default=0)
    return [row + [""] * (widest - len(row)) for row in rows]


def _cell(value):
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
