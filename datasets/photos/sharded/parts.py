"""What was found out about photos as a Parquet file, a row a photo."""

import contextlib
import hashlib
import importlib
import json
import os
import re
import uuid
from pathlib import Path

import numpy as np
import PIL

from ...files.names import shown
from ...sources import DataError
from ..candidates import Facts
from ..compact import QUALITY, CompactFacts
from ..known import checked
from ..pixels import Unusable
from ..quality import Quality

VERSION = 1  # of what is found out; with another one all photos are decoded again
PLAIN = ("side", "flat", "colours", "drawn", "seen")
BYTES = ("digest", "square")
ABOUT = b"glass_zoo"
DRAFT = re.compile(r"\.(.+\.parquet)-[0-9a-f]{32}")  # of a file that is being written


def check_parquet():
    """Import what reads and writes Parquet files.

    Returns:
        (pyarrow, pyarrow.parquet).

    Raises:
        DataError: If pyarrow is not installed.

    Example:
        >>> from datasets import DataError
        >>> from datasets.photos.sharded.parts import check_parquet
        >>> try:
        ...     check_parquet()[0].__name__
        ... except DataError as error:
        ...     print("'pyarrow'" if "pip install pyarrow" in str(error) else error)
        'pyarrow'
    """
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise DataError(
            "Parquet files need pyarrow, which is not installed; install it (pip install pyarrow)."
        ) from error


def identity(files, size):
    """A name for what is known of some files: another one if a file has changed.

    Args:
        files: List of `files.File`.
        size: Height and width of the squares, in pixels.

    Returns:
        64 hexadecimal digits.

    Example:
        >>> from datasets.photos.files import File
        >>> from datasets.photos.sharded.parts import identity
        >>> one = File("a.jpg", ("a.jpg",), 100, None, changed=1)
        >>> identity([one], 28) == identity([one], 28), identity([one], 28) == identity([one], 32)
        (True, False)
    """
    known = [[VERSION, size, PIL.__version__], *([each.name, each.size, each.changed] for each in files)]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()


def write_part(path, found, about):
    """Write what was found out about some photos; the file is there only when it is complete.

    Args:
        path: Of the file.
        found: List of (name, `Facts`, `CompactFacts` or `Unusable`).
        about: Its `identity`.

    Raises:
        DataError: If it cannot be written.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from datasets.photos.pixels import Unusable
        >>> from datasets.photos.sharded.parts import read_part, write_part
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "part-00000.parquet")
        ...     write_part(path, [("1.jpg", Unusable("empty", "is empty"))], "abc")  # doctest: +SKIP
        ...     read_part(path, "abc")["1.jpg"]  # doctest: +SKIP
        Unusable('is empty')
    """
    arrow, _ = check_parquet()
    facts = [None if isinstance(each, Unusable) else each for _, each in found]
    faults = [each if isinstance(each, Unusable) else None for _, each in found]
    columns = {
        "name": arrow.array([name for name, _ in found], arrow.string()),
        "kind": arrow.array([each and each.kind for each in faults], arrow.string()),
        "reason": arrow.array([each and str(each) for each in faults], arrow.string()),
    }
    kinds = {"side": arrow.int64(), "colours": arrow.int64(), "drawn": arrow.bool_()}
    for what in PLAIN:
        kind = kinds.get(what, arrow.float64())
        values = [each and _plain(getattr(each, what)) for each in facts]
        columns[what] = arrow.array(values, kind)
    for what in BYTES:
        columns[what] = arrow.array([each and getattr(each, what) for each in facts], arrow.binary(32))
    columns["hash"] = arrow.array([each and each.hash for each in facts], arrow.binary(8))
    columns["thumbnail"] = arrow.array([each and each.thumbnail for each in facts], arrow.binary())
    traits = [each and sorted(each.traits) for each in facts]
    columns["traits"] = arrow.array(traits, arrow.list_(arrow.string()))
    for what in QUALITY:
        values = [
            None if each is None or each.quality is None else float(getattr(each.quality, what))
            for each in facts
        ]
        columns[what] = arrow.array(values, arrow.float64())
    write_table(path, arrow.table(columns), about)


def _plain(value):
    return value.item() if isinstance(value, np.generic) else value


def write_table(path, table, about):
    """Write a table of Arrow as a Parquet file, which is there only when it is complete.

    Args:
        path: Of the file; folders above it are made.
        table: A `pyarrow.Table`.
        about: What says which it is, str.

    Raises:
        DataError: If it cannot be written.
    """
    _, parquet = check_parquet()
    path = Path(path)
    draft = path.with_name(f".{path.name}-{uuid.uuid4().hex}")  # two workers may write the same part
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            parquet.write_table(table.replace_schema_metadata({ABOUT: about.encode()}), draft)
            _put(draft, path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(
            f"{shown(path)} cannot be written ({error.strerror or error}); make room there, or name another "
            "folder."
        ) from error


def _put(draft, path):
    try:
        os.replace(draft, path)  # noqa: PTH105 (also where the part is there)
    except FileNotFoundError:
        if not path.exists():  # otherwise another worker has written it, and removed all drafts of it
            raise


def remove_drafts(folder):
    """Remove what killed workers have left of files that are complete now.

    Args:
        folder: Of results, as `Photos.check` was given as `out`.
    """
    for draft in Path(folder).glob("**/.*.parquet-*"):
        name = DRAFT.fullmatch(draft.name)
        if name and draft.with_name(name[1]).exists():
            with contextlib.suppress(OSError):
                draft.unlink()


def read_table(path, about=None):
    """Read a table that `write_table` wrote.

    Args:
        path: Of the file.
        about: What it must say which it is; None for anything.

    Returns:
        A `pyarrow.Table`; None if there is none, it is another one, or it is damaged.
    """
    arrow, parquet = check_parquet()
    with contextlib.suppress(OSError, arrow.ArrowException, ValueError):
        table = parquet.read_table(path, partitioning=None)
        told = (table.schema.metadata or {}).get(ABOUT)
        if told is not None and (about is None or told.decode() == about):
            return table
    return None


def is_part(path, about):
    """Whether a file is the one that `write_part` wrote, by what stands at its end.

    Args:
        path: Of the file.
        about: The `identity` that it must have.

    Returns:
        bool.
    """
    arrow, parquet = check_parquet()
    with contextlib.suppress(OSError, arrow.ArrowException, ValueError):
        return (parquet.read_schema(path).metadata or {}).get(ABOUT) == about.encode()
    return False


def read_part(path, about):
    """Read what `write_part` wrote.

    Args:
        path: Of the file.
        about: The `identity` that it must have.

    Returns:
        {name: `CompactFacts` or `Unusable`}; None if there is none, it is of other files, or it is damaged.
    """
    table = read_table(path, about)
    if table is None:
        return None
    with contextlib.suppress(AttributeError, KeyError, TypeError, ValueError):  # another hand wrote it
        return _facts_in(table)
    return None


def _facts_in(table):
    """{name: `CompactFacts` or `Unusable`} of a table of photos."""
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    found = {}
    for row, name in enumerate(columns["name"]):
        one = {what: values[row] for what, values in columns.items()}
        if one["digest"] is None:
            found[name] = checked(Unusable(one["kind"], one["reason"]))
            continue
        quality = {what: one[what] for what in QUALITY}
        facts = Facts(
            **{what: one[what] for what in (*PLAIN, *BYTES, "hash", "thumbnail")},
            traits=frozenset(one["traits"]),
            quality=None if None in quality.values() else Quality(**quality),
        )
        found[name] = CompactFacts.of(checked(facts))
    return found
