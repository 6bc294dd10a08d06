"""JSON Lines as tables: an object on each line, its names the columns."""

import json
import re

from ..errors import DataError
from .tables import MAX_CHARACTERS, MAX_SEPARATORS, Table, check_size

ENDINGS = (".jsonl", ".ndjson")
MAX_COLUMNS = 1000
MAX_LINE = 8 * MAX_CHARACTERS  # characters of a line; one character may be written in six


def is_json_lines(text):
    """Whether a table's content is JSON Lines, whatever its file is called.

    Args:
        text: The whole file.

    Returns:
        bool.
    """
    start = text[:1_000].lstrip()
    if not start.startswith("{"):
        return False
    at = text.index("{")
    end = text.find("\n", at)
    return isinstance(_value(text[at : end if end >= 0 else None][:MAX_LINE]), dict)


def is_json(text):
    """Whether the content is other JSON: a list of objects, or one over several lines."""
    return bool(re.match(r'\s*(?:\[\s*[{\["]|\{\s*"[^"]*"\s*:)', text[:1_000]))


def read_json_lines(text, name, aside):
    """Parse JSON Lines.

    Args:
        text: The whole file.
        name: What messages call it.
        aside: List that (line, reason) of each line that is no object is added to.

    Returns:
        A `Table` whose first row has the names. Numbers are written as in the file, null and what is missing
        is "". Names of which all values are lists or objects are left out.

    Raises:
        DataError: If no line is an object, or there are too many lines or names.
    """
    check_size(text, name)
    found, lines, names = [], [], {}
    for line, cells in each_object(re.split("\r\n|\n|\r", text), aside):
        names |= dict.fromkeys(cells)
        found.append(cells)
        lines.append(line)
        if len(names) > MAX_COLUMNS or len(names) * len(found) > MAX_SEPARATORS:
            raise DataError(
                f"{name} has objects of more than {MAX_COLUMNS:,} names or {MAX_SEPARATORS:,} values, which "
                "is more than a table of texts has; make several of it."
            )
    if not found or not names:
        raise empty(name)
    rows = [[cells.get(key, "") for key in names] for cells in found]
    return Table(name, [list(names), *rows], [lines[0], *lines], headed=True)


def each_object(lines, aside):
    """The objects of JSON Lines one by one, so that the file need not be in memory.

    Args:
        lines: Iterable of str.
        aside: List that (line, reason) of each line that is no object is added to.

    Yields:
        `(line, cells)`: its number, and {name: str} without lists and objects.
    """
    for line, content in enumerate(lines, 1):
        if not content.strip():
            continue
        value = _value(content) if len(content) <= MAX_LINE else None
        if isinstance(value, dict):
            cells = value.items()
            yield line, {key.strip(): _cell(cell) for key, cell in cells if not isinstance(cell, dict | list)}
        else:
            aside.append((line, "is no JSON object"))


def empty(name):
    """What is said of a file without objects: a `DataError`."""
    return DataError(
        f"{name} holds no JSON objects; name a file with an object such as "
        '{"text": "...", "label": "..."} on each line.'
    )


def _value(content):
    try:
        return json.loads(content, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None


def _cell(value):
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
