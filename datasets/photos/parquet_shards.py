"""Photos inside Parquet files, as the Hugging Face Hub keeps them: a column of images, and one of labels.

Of each file only the labels are read at first. Photos are read where they lie, one row group at a time.
"""

import functools
import io
import json
import threading
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

from ..files.names import shown
from ..sources import DataError
from .files import MAX_NAME, PARQUET, File, too_many_bytes
from .layout import part_in_name
from .pixels import MAX_BYTES, Unusable
from .sharded.parts import check_parquet

IMAGES = "image", "img", "picture", "photo", "jpg", "jpeg", "png", "webp", "bytes", "content"
LABELS = "label", "labels", "class", "cls", "class_name", "category", "fine_label"
TEXTS = "string", "large_string", "string_view", "binary", "large_binary", "binary_view"
BYTES = "bytes"  # of an image, where a cell also holds its path
MAX_GROUP = (
    500_000_000  # bytes of the images of a row group, which are in memory together, some of them twice
)
MAX_ROWS = 20_000_000
_reading = threading.Lock()


def in_parquet_shards(files, read_piece):
    """The photos in Parquet files.

    Args:
        files: The `files.Files` of a folder; those that are no Parquet files are set aside.
        read_piece: Function of a `files.File` that returns a function of (start, size) that returns bytes; it
            can be pickled.

    Returns:
        A `Files`.

    Raises:
        DataError: If pyarrow is missing, or there is no photo with a label.

    Example:
        >>> from datasets.photos.files import File, Files
        >>> from datasets.photos.parquet_shards import in_parquet_shards
        >>> files = Files("zoo", [File("notes.txt", ("notes.txt",), 9, None)], known=True)
        >>> try:
        ...     in_parquet_shards(files, read_piece=None)
        ... except DataError as error:
        ...     "Parquet" in str(error)
        True
    """
    check_parquet()
    found = replace(files, found=[], rejected=dict(files.rejected), folders=set(), places={})
    rows = _all_rows(files.found, read_piece, found.rejected)
    for file, photos, labels, _ in _without_the_fewer(rows, found.rejected):
        part = part_in_name(file)
        for photo, label in zip(photos, labels, strict=True):
            if isinstance(label, Unusable):
                found.rejected[photo.name] = label.kind, str(label)
            else:
                found.found.append(photo)
                found.places[photo.name] = part, label
    if not found.found:
        reason = next((f" ({name} {why})" for name, (_, why) in found.rejected.items()), "")
        raise DataError(
            f"{shown(files.source)} holds Parquet files, but no photo with a label in them{reason}; it needs "
            'a column "image" of encoded images and a column "label".'
        )
    return found


def _all_rows(files, read_piece, rejected):
    """[(file, what `_rows` gives)] of those that are Parquet files with photos; the others are `rejected`."""
    found = []
    for file in files:
        if PurePosixPath(file.path[-1]).suffix.lower() != PARQUET:
            rejected[file.name] = "not an image", "is no Parquet file, where the others are"
            continue
        try:
            found.append((file, *_rows(file, read_piece(file))))
        except Unusable as error:
            rejected[file.name] = error.kind, str(error)
    return found


def _without_the_fewer(rows, rejected):
    """Leave out files whose labels are numbers without names where most have names, or the other way round.

    Nothing says which number is which name, and they would become classes of their own.
    """
    counts, known = Counter(), {True: set(), False: set()}
    for _, _, labels, numbered in rows:
        counts[numbered] += len(labels)
        known[numbered].update(label for label in labels if isinstance(label, str))
    if not known[True] or not known[False] or known[True] & known[False]:
        return rows
    fewer = counts[True] <= counts[False]
    told, others = ("numbers", "names") if fewer else ("names", "numbers without names")
    reason = f"has {told} for labels, where most files have {others}; write all of them in the same way"
    rejected |= {file.name: ("without a class", reason) for file, *_, numbered in rows if numbered is fewer}
    return [each for each in rows if each[-1] is not fewer]


def _rows(file, read):
    """([`File` of a photo], [its label, or an `Unusable`], whether these are numbers) of a Parquet file."""
    try:
        opened = _opened(read, file.size)
        schema, about = opened.schema_arrow, opened.metadata
        column, label = _image_column(schema), _label_column(schema)
        groups = [about.row_group(n) for n in range(about.num_row_groups)]
        most = max([0, *(_bytes_of(group, {column.partition(".")[0], label}) for group in groups)])
    except Unusable:
        raise
    except Exception as error:  # of any kind: pyarrow raises many
        raise Unusable("damaged", "is no Parquet file that can be read") from error
    if not about.num_rows:
        raise Unusable("empty", "holds no rows")
    if most > MAX_GROUP:
        told = f"{MAX_GROUP / 1e6:.0f} MB"
        raise Unusable("huge", f"has row groups of more than {told}; write it with smaller ones")
    if about.num_rows > min(MAX_ROWS, file.size):
        raise Unusable(
            "huge", f"says that it holds {about.num_rows:,} photos, more than {file.size:,} bytes can"
        )
    try:
        labels = _labels_in(_opened(read, file.size, [label]), label, [group.num_rows for group in groups])
    except Unusable:
        raise
    except Exception as error:
        raise Unusable("damaged", "has labels that cannot be read") from error
    photos, width, each = [], len(str(about.num_rows)), file.size // max(1, about.num_rows)
    for n, group in enumerate(groups):
        for row in range(group.num_rows):
            name = f"{len(photos):0{width}}"
            piece = partial(_read_image, read, file.size, column, n, row)
            photos.append(File(f"{file.name}/{name}", (*file.path, name), each, piece, changed=file.changed))
    numbered = _is_any(schema.field(label).type, "integer", "floating") and not _class_names(schema, label)
    return photos, labels, numbered


def _image_column(schema):
    """The path of the column of encoded images, such as "jpg", or "image.bytes" in a structure."""
    arrow, _ = check_parquet()
    found = {}
    for field in schema:
        kind, path = field.type, field.name
        if arrow.types.is_struct(kind) and kind.get_field_index(BYTES) >= 0:
            kind, path = kind.field(BYTES).type, f"{path}.{BYTES}"
        if _is_any(kind, "binary", "large_binary", "binary_view"):
            found[field.name] = path
    named = _named(schema, IMAGES, found)
    if named is None and len(found) > 1:
        several = ", ".join(map(shown, found))[:200]
        raise Unusable(
            "not an image", f'has several columns of bytes, {several}; name that of images "image"'
        )
    if named is None and not found:
        raise Unusable("not an image", f"has no column of encoded images, but {_columns(schema)}")
    return found[named or next(iter(found))]


def _label_column(schema):
    """The name of the column of labels."""
    label = _named(schema, LABELS, schema.names)
    if label is None:
        raise Unusable("not an image", f"has no column of labels, but {_columns(schema)}")
    kind = schema.field(label).type
    if not _is_any(kind, *TEXTS, "integer", "floating", "null"):
        told = f"{shown(label)} ({str(kind)[:40]})"
        raise Unusable("without a class", f"has a column {told}, which holds neither text nor whole numbers")
    return label


def _named(schema, wanted, names):
    """The first of the names that are wanted, in capital letters or not; None if there is none."""
    known = {name.casefold(): name for name in reversed(names)} | {name: name for name in names}
    found = next((known[name] for name in wanted if name in known), None)
    if found is not None and schema.names.count(found) > 1:
        raise Unusable("not an image", f"has several columns named {shown(found)}; keep one of them")
    return found


def _is_any(kind, *kinds):
    """Whether a type of Arrow, or that of a dictionary's values, is one of some kinds."""
    arrow, _ = check_parquet()
    if arrow.types.is_dictionary(kind):
        kind = kind.value_type
    known = (getattr(arrow.types, f"is_{each}", None) for each in kinds)  # earlier versions have no views
    return any(each(kind) for each in known if each)


def _columns(schema):
    """Names and types of all columns, for a message."""
    return (
        ", ".join(f"{shown(field.name)} ({str(field.type)[:40]})" for field in schema)[:200] or "none at all"
    )


def _bytes_of(group, names):
    """Bytes of some columns of a row group, before they were compressed."""
    columns = (group.column(n) for n in range(group.num_columns))
    return sum(each.total_uncompressed_size for each in columns if each.path_in_schema.split(".")[0] in names)


def _class_names(schema, label):
    """Names of the classes that whole numbers stand for, as the Hub writes them beside the schema; or []."""
    try:
        about = json.loads((schema.metadata or {})[b"huggingface"])
        names = about["info"]["features"][label]["names"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return []
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else []


def _labels_in(opened, label, counts):
    """The labels of all rows, each a str or an `Unusable`; what many rows share is there once."""
    names, found, known = _class_names(opened.schema_arrow, label), [], {}
    for n, count in enumerate(counts):  # labels of one row group at a time are in memory
        column = opened.read_row_group(n, columns=[label]).column(0)
        if len(column) != count:
            raise Unusable("damaged", "has another number of labels than of photos")
        for chunk in column.chunks:
            if hasattr(chunk, "dictionary"):
                texts = [_label(value, names, known) for value in chunk.dictionary.to_pylist()]
                none = _label(None, names, known)
                found += [none if place is None else texts[place] for place in chunk.indices.to_pylist()]
            else:
                found += [_label(value, names, known) for value in chunk.to_pylist()]
    return found


def _label(value, names, known):
    """A label as str, or an `Unusable` that says why it can be no class; equal ones are one object."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # as pandas writes whole numbers where one is missing
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    fault = None
    if value is None or value in ("", -1 if names else None) or value != value:
        fault = "has no label in its row"
    elif isinstance(value, float):
        fault = f"has the label {value}, which is no whole number"
    elif isinstance(value, int) and names:
        fault = None if 0 <= value < len(names) else f"has the label {value}, of {len(names):,} classes"
        value = value if fault else names[value]
    value = str(value)
    if fault is None and (not value or len(value) > MAX_NAME or "\n" in value):
        fault = f"has a label that is empty, of several lines, or longer than {MAX_NAME:,} characters"
    if fault is not None:
        return known.setdefault((fault,), Unusable("without a class", fault))
    return known.setdefault(value, value)


def _read_image(read, size, column, group, row):
    """The bytes of one photo."""
    with _reading:  # threads that need the same row group wait until one of them has read it
        images = _images(read, size, column, group)
    if images is None or row >= len(images):
        raise Unusable("damaged", "cannot be read from its Parquet file")
    image = images[row].value if hasattr(images, "dictionary") else images[row]
    if image is None or not image.is_valid:
        raise Unusable("not an image", "is an empty cell")
    content = image.as_buffer()
    if content.size > MAX_BYTES:
        raise too_many_bytes()
    return content.to_pybytes()


@functools.lru_cache(maxsize=2)
def _images(read, size, column, group):
    """The images of a row group, an array of Arrow; those that are equal are there once.

    None of a damaged group: an error would not be kept, and each photo would read the group again.
    """
    try:
        opened = _opened(read, size, [column])
        images = opened.read_row_group(group, columns=[column]).column(0).combine_chunks()
        return images.field(BYTES) if hasattr(images, "field") else images
    except Unusable:
        raise
    except Exception:  # of any kind: pyarrow raises many
        return None


def _opened(read, size, shared=()):
    """A Parquet file; in columns that are `shared`, equal values take memory once."""
    _, parquet = check_parquet()
    return parquet.ParquetFile(io.BufferedReader(_Pieces(read, size), 1 << 16), read_dictionary=[*shared])


class _Pieces(io.RawIOBase):
    """A file to be read and moved in, made of a function that reads pieces of it."""

    def __init__(self, read, size):
        super().__init__()
        self._read, self._size, self._place = read, size, 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=io.SEEK_SET):
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        return self._place

    def tell(self):
        return self._place

    def readinto(self, buffer):
        content = self._read(self._place, min(len(buffer), max(0, self._size - self._place)))
        buffer[: len(content)] = content
        self._place += len(content)
        return len(content)
