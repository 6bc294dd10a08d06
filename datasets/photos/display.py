"""What is shown of checked photos, in a terminal or a notebook."""

from ..files import display
from ..files.display import CLASSES as CLASSES
from ..files.display import Shown as Shown


def content(photos, split=None):
    """A title, tables as (heading, columns, rows), and notes; `split` is (columns, rows) of the first."""
    columns, rows = split or display.classes_table(photos)
    title = f"{photos.source}: {len(photos.files):,} photos, {photos.size} x {photos.size} pixels"
    tables = [("Split", columns, rows), *display.tables_of(photos.findings, photos.quarantine)]
    return title, tables, photos.notes
