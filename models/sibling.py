"""The package `datasets` that stands beside this one, whatever the two are called.

In the repository it is `datasets`; installed, `glass_zoo.datasets`. Models know no data set: what they take
from there, such as the one function that decodes photos, is named in `ALLOWED`, and a test holds that nothing
else is asked for.
"""

import importlib

ALLOWED = (
    "files.download",
    "files.names",
    "labels",
    "photos",
    "photos.sharded.engines",
    "sources",
    "texts",
    "texts.bucketing",
    "texts.copies",
    "texts.reading",
)


def datasets_module(name):
    """Import a module of the package `datasets` beside `models`.

    Args:
        name: Dotted name inside it, one of `ALLOWED`.

    Raises:
        ImportError: If the name is none of these.

    Example:
        >>> from models.sibling import datasets_module
        >>> datasets_module("files.names").cut("a long name", 6)
        'a l…me'
    """
    if name not in ALLOWED:
        raise ImportError(f"models may not import datasets.{name}")
    return importlib.import_module(f"{__name__.rpartition('models.')[0]}datasets.{name}")
