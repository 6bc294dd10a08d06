"""Folders of results that lessons made: what is in them is no data."""

import os

MARKER = ".glass-zoo.json"  # in each folder that a lesson makes: what made it, and which files are its own
CHECKED = "made_by_glass_zoo.json"  # the same in a folder of photos that were checked with out=
OLD_MARKER = ".files"  # the same in folders made by an earlier version: one name a line


def is_results(folder):
    """Whether a folder holds results of a lesson, or of a check, rather than data.

    Args:
        folder: Its path.

    Returns:
        bool.

    Example:
        >>> import pathlib, tempfile
        >>> from datasets.files.results import MARKER, is_results
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     before = is_results(folder)
        ...     pathlib.Path(folder, MARKER).touch()
        ...     before, is_results(folder)
        (False, True)
    """
    # Without Path, since there may be many folders
    if any(os.path.isfile(os.path.join(folder, name)) for name in (MARKER, CHECKED)):  # noqa: PTH113, PTH118
        return True
    return all(
        os.path.isfile(os.path.join(folder, name))  # noqa: PTH113, PTH118
        for name in (OLD_MARKER, "metrics.json")
    )


def results_in(names):
    """The part of a message that lists folders of results among data.

    Args:
        names: Iterable of the folders' names.

    Returns:
        str.

    Example:
        >>> from datasets.files.results import results_in
        >>> results_in(["outputs"])
        'outputs (results of lessons)'
    """
    names = sorted(names)
    listed = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    return f"{listed} (results of lessons)"
