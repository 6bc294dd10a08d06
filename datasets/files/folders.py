"""Folders and archives of texts, looked at alike: which files are a class, which a table."""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import DataError, TooLargeError
from . import archives, gzipped, json_lines, splits, spreadsheets
from . import tables as _tables
from .results import is_results

PLAIN = (".csv", ".tsv", ".tab", *json_lines.ENDINGS)
PACKED = tuple(ending + gzipped.ENDING for ending in PLAIN)
TABLES = (*PLAIN, *PACKED, *spreadsheets.PACKAGES)
MAX_BYTES = 4 * _tables.MAX_CHARACTERS  # of one text
LIMITS = {".txt": MAX_BYTES} | dict.fromkeys(TABLES, archives.MAX_KEPT)

PARTS = {part: splits.PARTS[part] for part in ("train", "test", "validation")}


@dataclass(frozen=True)
class Tree:
    """The files of a folder or an archive that may hold texts.

    Attributes:
        path: The folder or archive.
        files: By name, a tuple such as `("train", "neg", "0_3.txt")`: the path of a file in a
            folder, the content of one in an archive.
        folders: The names of folders.
        results: Names of folders that a lesson made, which are no data.
        skipped: By name, files that are not looked at: a reason, or None for their ending.
    """

    path: Path
    files: dict
    folders: set
    results: list = field(default_factory=list)
    skipped: dict = field(default_factory=dict)

    def name(self, parts):
        """What messages call a file."""
        inner = "/".join(parts)
        return (
            f"{inner} in {self.path}" if isinstance(self.files.get(parts), bytes) else f"{self.path}/{inner}"
        )

    def content(self, parts):
        """The bytes of a file, unpacked if gzip has compressed it."""
        content = self.files[parts]
        if not isinstance(content, bytes):
            content = read_file(content)
        return gzipped.unpacked(content, self.name(parts)) if ending(parts[-1]) in PACKED else content


def ending(name):
    """The ending of a file that may hold texts, in lower case, such as ".csv.gz"; "" if it has another."""
    name = name.lower()
    return next((end for end in (*PACKED, *LIMITS) if name.endswith(end)), "")


def open_tree(path):
    """A folder or an archive as a `Tree`.

    Raises:
        DataError: If it cannot be read, or an archive is not sound.
    """
    if not path.is_dir():
        skipped = {}
        return Tree(path, *archives.read_archive(path, LIMITS, skipped), skipped=skipped)
    skipped = {}
    files, folders, results, around = {}, set(), [], set()
    for root, names, leaves in os.walk(path, onerror=_unreadable, followlinks=False):
        parts = Path(root).relative_to(path).parts
        folders.add(parts)
        made = {name for name in names if is_results(Path(root, name))}
        if made:
            around.add(parts)
        names[:] = [name for name in names if not name.startswith((".", "__")) and len(parts) < 3]
        results += ["/".join((*parts, name)) for name in names if name in made]
        names[:] = [name for name in names if name not in made]
        for leaf in leaves:
            if leaf.startswith("."):
                continue
            if ending(leaf):
                files[*parts, leaf] = Path(root, leaf)
            else:
                skipped[*parts, leaf] = None
    for folder in sorted(around, key=len, reverse=True):  # folders with results in them and nothing else
        while folder and not any(inner[: len(folder)] == folder for inner in files):
            if any(inner != folder and inner[: len(folder)] == folder for inner in folders):
                break
            folders.discard(folder)
            folder = folder[:-1]
    return Tree(path, files, folders, results, skipped)


def _unreadable(error):
    raise DataError(f"{error.filename} may not be read; change its permissions.") from error


def read_file(path):
    """The bytes of a text or table.

    Raises:
        DataError: If it may not be read, or is too large.
    """
    limit = LIMITS.get(ending(path.name), archives.MAX_KEPT)
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise DataError(f"{path} is no file but a pipe, a socket or a device; move it away.")
        size = about.st_size
        if size > limit:
            kind = TooLargeError if ending(path.name) in TABLES else DataError
            raise kind(
                f"{path} has {size:,} bytes where at most {limit:,} are taken; shorten it, or make "
                "several of it."
            )
        with path.open("rb") as file:
            return file.read(size + 1)  # and no more, even if it grows meanwhile
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); change that, or name another.") from error


def class_folders(tree):
    """Find the folders of .txt files, one for each class, perhaps below folders for parts.

    Returns:
        The names of files by part and class, such as `{"train": {"neg": [...], ...}, ...}`, sorted;
        the only part is "train" where there are no folders for parts. Empty if there are no
        such folders, or if there is a table called train.

    Raises:
        DataError: If there is a folder without texts beside them, or only texts to test on.
    """
    texts = {}
    for parts in sorted(tree.files):
        if len(parts) > 1 and parts[-1].lower().endswith(".txt"):
            texts.setdefault(parts[:-1], []).append(parts)
    if not texts or "train" in map(_part, _by_stem(tree)):
        return {}
    named = {folder[:-1] for folder in texts if len(folder) > 1 and _part(folder[-2])}
    if named:
        top = min(named, key=lambda folder: (len(folder), folder))[:-1]
        found = _by_part({folder[-1]: folder for folder in named if folder[:-1] == top}, tree)
    else:
        parents = [folder[:-1] for folder in texts]
        found = {"train": min(parents, key=lambda parent: (parents.count(parent) < 2, len(parent), parent))}
    classes = {
        part: {folder[-1]: files for folder, files in texts.items() if folder[:-1] == parent}
        for part, parent in found.items()
    }
    for part, parent in found.items():
        if {"neg", "pos"} <= classes[part].keys():
            classes[part].pop("unsup", None)  # the Large Movie Review Dataset's texts without labels
        for folder in sorted(tree.folders):
            if folder[:-1] == parent and folder and folder not in texts and folder[-1] != "unsup":
                raise DataError(
                    f"{tree.name(folder)} holds no .txt files; put the texts of that class into it, or "
                    "move the folder away."
                )
    return classes


def tables(tree):
    """Find the tables: those called train, test and validation (or dev), else the only one.

    Returns:
        The name of a file by part.

    Raises:
        DataError: If there are none, or several and it is not clear which is which.
    """
    found = _by_stem(tree)
    if "train" in map(_part, found):
        return _by_part(found, tree)
    if len(found) == 1:
        return {"train": next(iter(found.values()))}
    if found:
        raise DataError(
            f"{tree.path} holds several tables, {', '.join(sorted(found)[:5])}; name one, or call them "
            "train.csv and test.csv."
        )
    raise DataError(
        f"{tree.path} holds no texts; it needs a folder of .txt files for each class, or a table "
        "(.csv, .tsv or .jsonl)."
    )


def _by_stem(tree):
    """The tables that lie the least deep, by their names without ending."""
    found = [parts for parts in tree.files if parts[-1].lower().endswith(TABLES)]
    depth = min(map(len, found), default=0)
    stems = {}
    for parts in sorted(found):
        stem = parts[-1][: -len(ending(parts[-1]))]
        if len(parts) == depth and stems.setdefault(stem, parts) != parts:
            raise DataError(
                f"{tree.path} holds two tables called {stem}, {stems[stem][-1]} and {parts[-1]}; move "
                "one away."
            )
    return stems


def _part(name):
    return next((part for part, names in PARTS.items() if name.casefold() in names), None)


def _by_part(found, tree):
    """What is there for each part, from a dictionary by the names for parts."""
    found = {name.casefold(): item for name, item in found.items()}
    parts = {
        part: next(found[name] for name in names if name in found)
        for part, names in PARTS.items()
        if any(name in found for name in names)
    }
    if "train" not in parts:
        raise DataError(f"{tree.path} holds texts to test on but none to train on; call those train.")
    return parts
