"""Checked photos as tables: plain text for a terminal, HTML for a notebook."""

from ..files import display
from ..files.display import CLASSES as CLASSES


def _content(photos, split=None):
    """What is shown of `photos`: a title, tables as (heading, columns, rows), and notes."""
    columns, rows = split or display.classes_table(photos)
    title = f"{photos.source}: {len(photos.files):,} photos, {photos.size} x {photos.size} pixels"
    tables = [("Split", columns, rows), *display.tables_of(photos.findings, photos.quarantine)]
    return title, tables, photos.notes


def as_text(photos, split=None):
    """The tables as text for a terminal, of several lines; `split` replaces (columns, rows) of the first."""
    return display.as_text(*_content(photos, split))


def as_html(photos, split=None):
    """The tables as HTML, every name escaped; `split` as for `as_text`."""
    return display.as_html(*_content(photos, split))
