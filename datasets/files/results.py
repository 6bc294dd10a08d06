"""Folders of results that lessons made: what is in them is no data."""

import os

MARKER = ".glass-zoo.json"  # in each folder that a lesson makes: what made it, and which files are its own
OLD_MARKER = ".files"  # the same in folders made by an earlier version: one name a line


def is_results(folder):
    """Whether a lesson made this folder, so that what is in it is no data."""
    return os.path.isfile(os.path.join(folder, MARKER)) or all(  # noqa: PTH113, PTH118 (of many folders)
        os.path.isfile(os.path.join(folder, name))  # noqa: PTH113, PTH118
        for name in (OLD_MARKER, "metrics.json")
    )


def results_in(names):
    """What messages say of folders of results among data."""
    names = sorted(names)
    listed = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    return f"{listed} (results of lessons)"
