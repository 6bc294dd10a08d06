"""Where labelled texts are: a table, a folder, an archive, or the Large Movie Review Dataset."""

import os
import re
from pathlib import Path

from ..files import archives
from ..files.names import shown
from ..sources import DataError, Source
from .collecting import is_packed_table

OTHERS = {".json", ".ods", ".pdf", ".pkl", ".doc", ".docx", ".xls"}
IMDB_CLASSES = ("negative", "positive")


def find_texts(data):
    """The labelled texts that a user names.

    Args:
        data: A table (CSV, TSV, JSON Lines, each also as .gz; Parquet or xlsx), a folder, an archive, or a
            `Source`.

    Returns:
        A `Source` named "imdb" for the Large Movie Review Dataset, else "texts".

    Raises:
        DataError: If there is no such file, or it is none of these.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     find_texts(folder).name
        'texts'
    """
    if isinstance(data, Source):
        if data.path is None:
            raise DataError(f"The data ({data}) has no files to check; name a folder or a table.")
        return data
    if not isinstance(data, (str, os.PathLike)) or not os.fspath(data):
        raise DataError(
            f"data={shown(repr(data))[:80]} is no path; name a table or a folder of labelled texts."
        )
    try:
        return _find(Path(data))
    except OSError as error:
        raise DataError(f"{data} cannot be read ({error.strerror}); change that, or name another.") from error


def _find(path):
    if not path.exists():
        raise DataError(f"{path} does not exist; name a file or folder of labelled texts with data=.")
    if path.is_dir():
        if found := imdb_in(path):
            return Source("imdb", found)
        return Source("imdb" if _is_imdb(path) else "texts", path)
    if not path.is_file():
        raise DataError(f"{path} is neither a file nor a folder; name one with data=.")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty; name a file of labelled texts.")
    if path.suffix.lower() in OTHERS:
        raise DataError(f"{path} is no table of plain text; save it as CSV and name that file.")
    if not is_packed_table(path) and archives.is_archive(path):
        imdb = path.name.startswith("aclImdb") or archives.top_folder(path) == "aclImdb"
        return Source("imdb" if imdb else "texts", path)
    return Source("texts", path)


def imdb_in(folder):
    """The Large Movie Review Dataset in a folder: its own folder, or an archive of it; else None.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     imdb_in(Path(folder)) is None
        True
    """
    if (folder / "aclImdb").is_dir():
        return folder / "aclImdb"
    names = (path for path in folder.glob("aclImdb*") if path.name.lower().endswith(archives.SUFFIXES))
    found = (path for path in names if path.is_file())  # a pipe would be waited for
    return next(iter(sorted(found)), None)


def _is_imdb(folder):
    """Whether a folder of any name is laid out and named as the reviews are, "0_3.txt"."""
    classes = [folder / part / label for part in ("train", "test") for label in ("neg", "pos")]
    if folder.name == "aclImdb" or not all(found.is_dir() for found in classes):
        return folder.name == "aclImdb"
    return bool(re.fullmatch(r"\d+_\d+\.txt", next(classes[0].iterdir(), folder).name))


def imdb_classes(classes, path):
    """The classes of the Large Movie Review Dataset, called as in every other form of it.

    Args:
        classes: {part: {class: files}}.
        path: Where they are.

    Returns:
        The same with the classes "negative" and "positive".

    Raises:
        DataError: If they are others.

    Example:
        >>> imdb_classes({part: {"neg": [], "pos": []} for part in ("train", "test")}, "aclImdb")["test"]
        {'negative': [], 'positive': []}
    """
    if {part: set(found) for part, found in classes.items()} != dict.fromkeys(
        ("train", "test"), {"neg", "pos"}
    ):
        raise DataError(
            f"{path} does not hold reviews in train/neg, train/pos, test/neg and test/pos; fetch the "
            "Large Movie Review Dataset again."
        )
    return {part: {name: found[name[:3]] for name in IMDB_CLASSES} for part, found in classes.items()}
