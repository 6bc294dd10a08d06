"""Checked photos as Parquet files, from which a classifier can be fitted without the photos."""

import contextlib
import json
from pathlib import Path

import numpy as np

from ...files.display import Finding
from ...files.names import shown
from ...files.results import CHECKED as MARK  # a folder that has it holds nothing but what was written here
from ...sources import DataError, Source
from ..known import LARGEST
from ..locating import find
from ..remote import Url, is_url, local_path
from ..streamed import Streamed
from .parts import check_parquet, read_table, remove_drafts, write_table

FILE = "photos.parquet"
MADE = "checked photos"


def is_saved(folder):
    """Whether a folder holds photos that were checked with `out=`.

    Args:
        folder: Its path.

    Returns:
        bool.

    Example:
        >>> from datasets.photos.sharded.saved import is_saved
        >>> is_saved("photos")
        False
    """
    try:
        return Path(folder, FILE).is_file() and Path(folder, MARK).is_file()
    except (OSError, TypeError, ValueError):
        return False


def check_not_again(folder, out):
    """Refuse to check what was checked already, where other results are asked for.

    Args:
        folder: Of checked photos.
        out: Folder for the results, or None.

    Raises:
        DataError: If it is another one.
    """
    if out is not None and Path(out).absolute() != Path(folder).absolute():
        raise DataError(
            f"{shown(folder)} holds the results of an earlier check, which are not written again to out= "
            f"{shown(out)}; name the photos themselves, or leave out= away."
        )


def check_folder(folder, data):
    """Refuse a folder that cannot be taken for results; nothing is made.

    Args:
        folder: Its path.
        data: What is checked, a path or a `remote.Url`.

    Raises:
        DataError: If it holds other files, lies among the photos, or cannot be looked into.
    """
    if is_url(str(folder)):
        raise DataError(f"out= {shown(folder)} is an address; name a folder that this machine has.")
    folder, data = Path(folder), local_path(data)
    try:
        if not is_url(data) and folder.resolve().is_relative_to(Path(data).resolve()):
            raise DataError(f"out= {shown(folder)} lies among the photos; name a folder beside them.")
        if folder.exists() and not (folder / MARK).is_file() and any(folder.iterdir()):
            raise DataError(
                f"out= {shown(folder)} holds other files, which might be replaced; name a new folder."
            )
    except DataError:
        raise
    except (OSError, ValueError) as error:  # the latter for a name that no file can have
        raise _unusable(folder, error) from error


def prepare_folder(folder, data):
    """Make a folder for results, or take one that is empty or has results of an earlier check.

    Args:
        folder, data: As for `check_folder`.

    Raises:
        DataError: As `check_folder` does, or if it cannot be made.
    """
    check_folder(folder, data)
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / MARK).is_file():
            (folder / MARK).write_text(
                '{"made_by": "Glass Zoo", "what": "checked photos"}\n', encoding="utf-8"
            )
    except OSError as error:
        raise _unusable(folder, error) from error


def _unusable(folder, error):
    reason = getattr(error, "strerror", None) or str(error)
    return DataError(f"out= {shown(folder)} cannot be used ({reason}); name another folder.")


def save(photos, folder):
    """Write the labels and parts of checked photos, and what was set aside, as photos.parquet.

    Args:
        photos: What `Photos.check` is about to return.
        folder: The folder that has what was found out about each photo.

    Raises:
        DataError: If it cannot be written.
    """
    arrow, _ = check_parquet()
    aside, none = photos.quarantine, [None] * len(photos.quarantine)
    labels = [photos.class_names[label] for label in photos.labels]
    table = arrow.table(
        {
            "name": arrow.array([*photos.files, *(name for name, _ in aside)], arrow.string()),
            "label": arrow.array([*labels, *none], arrow.string()),
            "part": arrow.array([*photos.parts.tolist(), *none], arrow.string()),
            "side": arrow.array([*photos.sides.tolist(), *none], arrow.int64()),
            "digest": arrow.array([*photos.digests, *none], arrow.binary(32)),
            "reason": arrow.array([None] * len(labels) + [reason for _, reason in aside], arrow.string()),
        }
    )
    about = {
        "made": MADE,
        "source": photos.source.name,
        "path": str(photos.source.path.absolute()),
        "size": photos.size,
        "class_names": list(photos.class_names),
        "fingerprint": photos.fingerprint,
        "findings": [[each.what, list(each.files), each.action] for each in photos.findings],
        "notes": list(photos.notes),
    }
    write_table(Path(folder, FILE), table, json.dumps(about))


def saved(folder, place=None):
    """What `save` wrote: the arguments of a `Photos`.

    Args:
        folder: Its folder.
        place: Where the photos are now, a path or a `remote.Url`; None for where they were.

    Returns:
        {name: value}.

    Raises:
        DataError: If it is damaged, or not what `save` writes.
    """
    path = Path(folder, FILE)
    table = read_table(path)
    damaged = DataError(f"{shown(path)} is damaged or was not written here; check the photos again.")
    try:
        about = json.loads(table.schema.metadata[b"glass_zoo"])
        columns = {name: table.column(name).to_pylist() for name in table.column_names}
        if not _fits(about, columns):
            raise damaged
        used = [n for n, reason in enumerate(columns["reason"]) if reason is None]
        names, sides, digests = ([columns[what][n] for n in used] for what in ("name", "side", "digest"))
        number = {name: place for place, name in enumerate(about["class_names"])}
        labels = np.array([number[columns["label"][n]] for n in used], "int64")
        reasons = zip(columns["name"], columns["reason"], strict=True)
        source = Source(about["source"], _place(about["path"]) if place is None else place)
        return {
            "source": source,
            "size": int(about["size"]),
            "class_names": tuple(about["class_names"]),
            "files": names,
            "labels": labels,
            "parts": np.array([columns["part"][n] for n in used], "<U10"),
            "pixels": FromFiles(
                LazyFiles(source, names, place is not None), int(about["size"]), digests, str(folder)
            ),
            "quarantine": [(name, reason) for name, reason in reasons if reason is not None],
            "findings": [Finding(*each) for each in about["findings"]],
            "fingerprint": about["fingerprint"],
            "notes": tuple(about["notes"]),
            "sides": np.array(sides, "int64"),
            "digests": digests,
            "checkpoint": str(folder),
        }
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise damaged from error


def _fits(about, columns):
    """Whether the values are of the kinds that `save` writes."""
    texts = [about["source"], about["path"], about["fingerprint"], *about["notes"], *about["class_names"]]
    for what, files, action in about["findings"]:
        texts += [what, action, *files]
    used = [part for part, reason in zip(columns["part"], columns["reason"], strict=True) if reason is None]
    parts = set(used) - {"train", "validation", "test"}
    texts += [*columns["name"], *(reason for reason in columns["reason"] if reason is not None)]
    is_list = all(isinstance(about[what], list) for what in ("notes", "class_names", "findings"))
    is_size = type(about["size"]) is int and 1 <= about["size"] <= LARGEST
    return bool(is_list and is_size and used and not parts) and all(isinstance(each, str) for each in texts)


def _place(path):
    return Url(path) if is_url(path) else Path(path)


class LazyFiles:
    """The files of a data set, looked for when the first is asked for.

    Args:
        source: Their `Source`.
        names: As in `Photos.files`.
        given: Whether the user named their place. A file may come from others, and an address that only a
            file names is not opened.

    Raises:
        DataError: When a file is asked for that is not there.
    """

    def __init__(self, source, names, given=True):
        self.source, self.names, self.given, self.known = source, names, given, None

    def __len__(self):
        return len(self.names)

    def __getitem__(self, row):
        if self.known is None:
            if is_url(local_path(self.source.path)) and not self.given:
                raise DataError(
                    f"The photos are at {shown(self.source.path)}, which is not opened because a file names "
                    f"it; if you trust it, use Photos.load(folder, data={shown(self.source.path)!r})."
                )
            if self.source.path is None or not self.source.path.exists():
                raise DataError(
                    f"The photos are not in {shown(self.source.path)} any more, and what was kept of them is "
                    "not enough; put them back, or name their place as data= of Photos.load. Without them "
                    'only fit(effort="quick") works, where features of all were kept.'
                )
            self.known = {file.name: file for file in find(self.source.path).found}
        if self.names[row] not in self.known:
            raise DataError(
                f"{self.names[row]} in {shown(self.source.path)} is not there any more; put it back, or "
                "check the photos again."
            )
        return self.known[self.names[row]]


class FromFiles(Streamed):
    """Squares that are decoded when needed, whose features are kept in Parquet files.

    Args:
        files, size, digests, folder: As for `Streamed`.
    """

    def at(self, size):
        """The same photos as squares of another size."""
        return FromFiles(self.files, size, self.digests, self.folder)

    def read_features(self, name, start, rows, sizes):
        """Features that were kept: float (sizes, n, features); None if there are none, or others' features.

        Args:
            name, start, sizes: As for `write_features`.
            rows: Which of the photos they must be of, those after the last one too.
        """
        table = read_table(self._path(name, start), name)
        if table is None or table.column_names != ["name", *_columns(sizes)]:
            return None
        if table.column("name").to_pylist() != [self.files.names[row] for row in rows[: len(table)]]:
            return None
        with contextlib.suppress(AttributeError, ValueError):  # another hand wrote it
            values = np.stack([_as_array(table.column(column)) for column in _columns(sizes)])
            return values if values.dtype.kind == "f" else None
        return None

    def write_features(self, name, start, values, rows, sizes):
        """Keep features: of each image size a column, beside the names of the photos.

        Args:
            name: What they are of; other features have another name.
            start: Number of the first photo among those that features are computed of.
            values: float (sizes, n, features).
            rows: Which of the photos, (n,).
            sizes: Image sizes.
        """
        arrow, _ = check_parquet()
        names = [self.files.names[row] for row in rows]
        columns = {"name": arrow.array(names, arrow.string())}
        for column, of_size in zip(_columns(sizes), np.ascontiguousarray(values), strict=True):
            flat = arrow.array(of_size.ravel())
            columns[column] = arrow.FixedSizeListArray.from_arrays(flat, of_size.shape[1])
        write_table(self._path(name, start), arrow.table(columns), name)

    def remove_drafts(self):
        """Remove what killed workers have left of features that are complete now."""
        remove_drafts(self.folder)

    def _path(self, name, start):
        return Path(self.folder, name, f"part-{start:09}.parquet")


def _columns(sizes):
    """Names of the columns of features, one for each image size."""
    return [f"features_{size}" for size in sizes]


def _as_array(column):
    """A column of lists of equal lengths as an array (n, length)."""
    column = column.combine_chunks()
    return column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), -1)
