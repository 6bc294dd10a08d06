"""Tables of what was checked: plain text for a terminal, HTML for a notebook."""

from dataclasses import dataclass

import numpy as np

from .names import safe, sentence

CLASSES = 20  # rows of the split
FILES = 3  # names in a finding
REASONS = 10  # files that are set aside, with the reason


@dataclass(frozen=True)
class Finding:
    """Something that the check found.

    Attributes:
        what: Such as "truncated" or "near duplicates".
        files: List of the names of the files, or of the classes, that it is about.
        action: What was done, such as "set aside".

    Example:
        >>> from datasets.photos import Finding
        >>> Finding("truncated", ["ants/1.jpg"], "set aside").what
        'truncated'
    """

    what: str
    files: list
    action: str


class Shown:
    """What was checked, which is shown as tables.

    A subclass has `summary`, a line, and `_content()`: a title, tables and notes, as `as_text` takes them.

    Example:
        >>> class Box(Shown):
        ...     summary = "2 photos"
        ...     def _content(self):
        ...         return "a box", [("Split", ("class", "train"), [("ants", 2)])], []
        >>> print(Box())
        a box
        <BLANKLINE>
        Split
          class  train
          ants       2
        >>> Box()
        <Box: 2 photos>
    """

    def __repr__(self):
        return f"<{type(self).__name__}: {sentence(self.summary)}>"

    def __str__(self):
        return as_text(*self._content())

    def _repr_html_(self):
        return as_html(*self._content())


def classes_table(checked):
    """How many of each class are in each part: (columns, rows)."""
    names = checked.class_names
    counts = {
        part: np.bincount(checked.labels[checked.of(part)], minlength=len(names))
        for part in ("train", "validation", "test")
    }
    return table_of_counts(names, counts)


def table_of_counts(names, counts):
    """The same of {part: counts (classes,)}."""
    split = [(name, *(int(count[index]) for count in counts.values())) for index, name in enumerate(names)]
    split, more = split[:CLASSES], split[CLASSES:]
    if more:
        split.append((f"{len(more):,} more", *(sum(row[column] for row in more) for column in (1, 2, 3))))
    split.append(("all classes", *(int(count.sum()) for count in counts.values())))
    return ("class", *counts), split


def tables_of(findings, quarantine, set_aside=None):
    """Tables of what was found and of what was set aside, where there is any.

    Args:
        findings: List of `Finding`.
        quarantine: List of (file, reason).
        set_aside: How many there are, where the list is only of the first; None for as many as it has.

    Returns:
        List of (heading, columns, rows).
    """
    tables = []
    if findings:
        rows = [(found.what, len(found.files), found.action, listed(found.files)) for found in findings]
        tables.append(("Findings", ("what", "count", "what was done", "which"), rows))
    if quarantine:
        rows = list(quarantine[:REASONS])
        count = len(quarantine) if set_aside is None else set_aside
        if count > REASONS:
            first = f"see quarantine for the first {len(quarantine):,}"
            where = "see quarantine_table()" if set_aside is None else first
            rows.append((f"{count - REASONS:,} more", where))
        tables.append((f"Set aside: {count:,}", ("file", "reason"), rows))
    return tables


def listed(names):
    """The first three names, and an ellipsis if there are more."""
    return ", ".join(names[:FILES]) + (", …" if len(names) > FILES else "")


def as_text(title, tables, notes):
    """A title, tables and notes as text for a terminal, of several lines.

    Args:
        title: str.
        tables: List of (heading, columns, rows).
        notes: Sentences below them.

    Returns:
        str.
    """
    lines = [safe(title, "terminal", 400)]
    for heading, columns, rows in tables:
        cells = [[_text(cell) for cell in row] for row in (columns, *rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines += ["", heading]
        for row in cells:
            padded = [
                cell.rjust(width) if isinstance(value, int) else cell.ljust(width)
                for cell, width, value in zip(row, widths, rows[0], strict=True)
            ]
            lines.append(("  " + "  ".join(padded)).rstrip())
    return "\n".join([*lines, *([""] if notes else []), *(safe(note, "terminal", 400) for note in notes)])


def as_html(title, tables, notes):
    """The same as HTML, every name escaped."""
    lines = [f"<p><strong>{safe(title, 'html')}</strong></p>"]
    for heading, columns, rows in tables:
        lines += [f"<table><caption>{safe(heading, 'html')}</caption>", "<thead><tr>"]
        lines += [f"<th>{safe(column, 'html')}</th>" for column in columns]
        lines += ["</tr></thead>", "<tbody>"]
        for row in rows:
            lines += ["<tr>", *(f"<td>{safe(_number(cell), 'html')}</td>" for cell in row), "</tr>"]
        lines += ["</tbody></table>"]
    return "\n".join([*lines, *(f"<p>{safe(note, 'html')}</p>" for note in notes)])


def _text(cell):
    return safe(_number(cell), "terminal", 100)


def _number(cell):
    return f"{cell:,}" if isinstance(cell, int) else cell
