"""Small tables of results: text for a terminal, HTML for a notebook. Names in them are made safe."""

from ..sibling import datasets_module

safe = datasets_module("files.names").safe
LONGEST = 100  # characters of a cell on a terminal


def as_text(columns, rows, heading=""):
    """A table as text; numbers stand to the right.

    Args:
        columns: Names of the columns.
        rows: Sequences of cells: text or numbers.
        heading: A line above it.

    Returns:
        Text of several lines.

    Example:
        >>> print(as_text(["class", "photos"], [("ants", 12), ("bees", 7)]))
        class  photos
        ants       12
        bees        7
    """
    rows = [list(row) for row in rows]
    cells = [[safe(cell, "terminal", LONGEST) for cell in row] for row in (columns, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    right = [bool(rows) and isinstance(value, (int, float)) for value in (rows[0] if rows else columns)]
    lines = [
        "  ".join(
            cell.rjust(width) if is_number else cell.ljust(width)
            for cell, width, is_number in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in cells
    ]
    return "\n".join([*([heading] if heading else []), *lines])


def as_html(columns, rows, heading=""):
    """A table as HTML.

    Args:
        columns, rows, heading: As for `as_text`.

    Returns:
        Text of a table element.

    Example:
        >>> as_html(["class"], [("<b>",)])
        '<table><thead><tr><th>class</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>'
    """
    caption = f"<caption>{safe(heading, 'html')}</caption>" if heading else ""
    head = "".join(f"<th>{safe(column, 'html')}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{safe(cell, 'html')}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
