"""Parquet and xlsx files as tables. They need pyarrow and openpyxl, which requirements-extra.txt names."""

import importlib
import io
import zipfile

from ..errors import DataError
from .archives import FREE_GROWTH, MAX_GROWTH, MAX_UNPACKED
from .tables import MAX_LINES, MAX_SEPARATORS, Table

PACKAGES = {".parquet": "pyarrow", ".xlsx": "openpyxl"}  # by the ending of a file


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
    package = PACKAGES[ending]
    try:
        importlib.import_module(package)
    except ImportError as error:
        raise DataError(
            f"{name} is read with {package}, which is not installed; install it (pip install {package}), or "
            "save the table as CSV."
        ) from error
    try:
        rows = _parquet(content, name) if ending == ".parquet" else _sheet(content, name)
    except DataError:
        raise
    except Exception as error:  # of any kind: both libraries raise many
        raise DataError(f"{name} cannot be read as {ending[1:]}; save the table again, or as CSV.") from error
    rows = [(line, row) for line, row in enumerate(rows, 1) if any(cell.strip() for cell in row)]
    if not rows:
        raise DataError(f"{name} is empty; name a table with a row for each example.")
    lines, rows = map(list, zip(*rows, strict=True))
    return Table(name, rows, lines, headed=ending == ".parquet")


def _refuse_size(name, rows, columns, size, packed):
    if rows > MAX_LINES or rows * columns > MAX_SEPARATORS:
        raise DataError(
            f"{name} has more than {MAX_LINES:,} rows or {MAX_SEPARATORS:,} cells, which is more than a "
            "table of texts has; make several of it."
        )
    if size > min(MAX_UNPACKED, max(FREE_GROWTH, MAX_GROWTH * packed)):
        raise DataError(f"{name} unpacks to {size:,} bytes, which is too much; make several of it.")


def _parquet(content, name):
    import pyarrow
    from pyarrow import parquet

    file = parquet.ParquetFile(io.BytesIO(content))
    about = file.metadata
    size = sum(about.row_group(n).total_byte_size for n in range(about.num_row_groups))
    _refuse_size(name, about.num_rows, about.num_columns, size, len(content))
    flat = [
        field.name for field in file.schema_arrow if not pyarrow.types.is_nested(field.type)
        and not pyarrow.types.is_binary(field.type)
    ]  # fmt: skip
    table = file.read(columns=flat)
    columns = [table.column(name).to_pylist() for name in table.column_names]
    return [list(table.column_names), *([_cell(cell) for cell in row] for row in zip(*columns, strict=True))]


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
