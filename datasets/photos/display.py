"""Checked photos as tables: plain text for a terminal, HTML for a notebook."""

import numpy as np

from ..files.names import safe

CLASSES = 20  # rows of the split
FILES = 3  # names in a finding
REASONS = 10  # files that are set aside, with the reason


def _content(photos, split=None):
    """What is shown of `photos`: a title, tables as (heading, columns, rows), and notes."""
    columns, rows = split or _classes(photos)
    title = f"{photos.source}: {len(photos.files):,} photos, {photos.size} x {photos.size} pixels"
    tables = [("Split", columns, rows)]
    if photos.findings:
        rows = [
            (found.what, len(found.files), found.action, _listed(found.files)) for found in photos.findings
        ]
        tables.append(("Findings", ("what", "count", "what was done", "which"), rows))
    if photos.quarantine:
        rows = list(photos.quarantine[:REASONS])
        if len(photos.quarantine) > REASONS:
            rows.append((f"{len(photos.quarantine) - REASONS:,} more", "see quarantine_table()"))
        tables.append((f"Set aside: {len(photos.quarantine):,}", ("file", "reason"), rows))
    return title, tables, photos.notes


def _classes(photos):
    """How many photos of each class are in each part: (columns, rows)."""
    names = photos.class_names
    counts = {
        part: np.bincount(photos.labels[photos.of(part)], minlength=len(names))
        for part in ("train", "validation", "test")
    }
    split = [(name, *(int(count[index]) for count in counts.values())) for index, name in enumerate(names)]
    split, more = split[:CLASSES], split[CLASSES:]
    if more:
        split.append((f"{len(more):,} more", *(sum(row[column] for row in more) for column in (1, 2, 3))))
    split.append(("all classes", *(int(count.sum()) for count in counts.values())))
    return ("class", *counts), split


def _listed(names):
    return ", ".join(names[:FILES]) + (", …" if len(names) > FILES else "")


def as_text(photos, split=None):
    """The tables as text for a terminal, of several lines; `split` replaces (columns, rows) of the first."""
    title, tables, notes = _content(photos, split)
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


def as_html(photos, split=None):
    """The tables as HTML, every name escaped; `split` as for `as_text`."""
    title, tables, notes = _content(photos, split)
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
