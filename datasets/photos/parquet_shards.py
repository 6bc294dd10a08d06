"""Photos inside Parquet files, as the Hugging Face Hub keeps them: a column of images, and one of labels.

Of each file only the labels are read at first. Photos are read where they lie, one row group at a time.
"""

import functools
import io
import json
import threading
from functools import partial
from pathlib import PurePosixPath

from ..files.names import shown
from ..sources import DataError
from .files import MAX_NAME, File, Files, too_many_bytes
from .layout import part_in_name
from .pixels import MAX_BYTES, Unusable
from .sharded.parts import check_parquet

IMAGES = "image", "img", "picture", "photo", "jpg", "jpeg", "png", "webp", "bytes", "content"
LABELS = "label", "labels", "class", "cls", "class_name", "category", "fine_label"
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
    found = Files(files.source, [], known=True, rejected=dict(files.rejected), places={}, hidden=files.hidden)
    for file in files.found:
        if PurePosixPath(file.path[-1]).suffix.lower() != ".parquet":
            found.rejected[file.name] = "not an image", "is no Parquet file, where the others are"
            continue
        try:
            photos, labels = _rows(file, read_piece(file))
        except Unusable as error:
            found.rejected[file.name] = error.kind, str(error)
            continue
        part = part_in_name(file)
        for photo, label in zip(photos, labels, strict=True):
            if label is None:
                found.rejected[photo.name] = "without a class", "has no label in its row"
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


def _rows(file, read):
    """([`File` of a photo], [its label, or None]) of a Parquet file."""
    try:
        opened = _opened(read, file.size)
        schema, about = opened.schema_arrow, opened.metadata
    except Unusable:
        raise
    except Exception as error:  # of any kind: pyarrow raises many
        raise Unusable("damaged", "is no Parquet file that can be read") from error
    column, label = _image_column(schema), next((name for name in LABELS if name in schema.names), None)
    if column is None or label is None:
        missing = "images" if column is None else "labels"
        raise Unusable("not an image", f"has no column of {missing}, but {', '.join(schema.names)[:200]}")
    groups = [about.row_group(n) for n in range(about.num_row_groups)]
    if any(_bytes_of(group, {column.partition(".")[0], label}) > MAX_GROUP for group in groups):
        most = f"{MAX_GROUP / 1e6:.0f} MB"
        raise Unusable("huge", f"has row groups of more than {most}; write it with smaller ones")
    if about.num_rows > min(MAX_ROWS, file.size):
        raise Unusable(
            "huge", f"says that it holds {about.num_rows:,} photos, more than {file.size:,} bytes can"
        )
    try:
        labels = _labels_in(_opened(read, file.size, [label]), label)
    except Exception as error:
        raise Unusable("damaged", "has labels that cannot be read") from error
    photos, width, each = [], len(str(about.num_rows)), file.size // max(1, about.num_rows)
    for n, group in enumerate(groups):
        for row in range(group.num_rows):
            name = f"{len(photos):0{width}}"
            piece = partial(_read_image, read, file.size, column, n, row)
            photos.append(File(f"{file.name}/{name}", (*file.path, name), each, piece, changed=file.changed))
    return photos, labels


def _image_column(schema):
    """The path of the column of encoded images, such as "jpg", or "image.bytes" in a structure; or None."""
    arrow, _ = check_parquet()
    found = {}
    for field in schema:
        kind, path = field.type, field.name
        if arrow.types.is_struct(kind) and kind.get_field_index(BYTES) >= 0:
            kind, path = kind.field(BYTES).type, f"{path}.{BYTES}"
        if arrow.types.is_binary(kind) or arrow.types.is_large_binary(kind):
            found[field.name] = path
    named = next((name for name in IMAGES if name in found), None)
    if named is None and len(found) == 1:
        named = next(iter(found))
    return found.get(named)


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


def _labels_in(opened, label):
    """The labels of all rows; what many rows share is there once."""
    names, found = _class_names(opened.schema_arrow, label), []
    for chunk in opened.read(columns=[label]).column(0).chunks:
        if hasattr(chunk, "dictionary"):
            texts = _labels(chunk.dictionary.to_pylist(), names)
            found += [None if place is None else texts[place] for place in chunk.indices.to_pylist()]
        else:
            found += _labels(chunk.to_pylist(), names)
    return found


def _labels(values, names):
    """Labels as str; None where there is none that can be a class."""
    found = []
    for value in values:
        if isinstance(value, int) and not isinstance(value, bool) and names:
            value = names[value] if 0 <= value < len(names) else None
        label = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
        found.append(label if label and len(label) <= MAX_NAME and "\n" not in label else None)
    return found


def _read_image(read, size, column, group, row):
    """The bytes of one photo."""
    with _reading:  # threads that need the same row group wait until one of them has read it
        images = _images(read, size, column, group)
    image = images[row].value if hasattr(images, "dictionary") else images[row]
    if image is None or not image.is_valid:
        raise Unusable("not an image", "is an empty cell")
    content = image.as_buffer()
    if content.size > MAX_BYTES:
        raise too_many_bytes()
    return content.to_pybytes()


@functools.lru_cache(maxsize=2)
def _images(read, size, column, group):
    """The images of a row group, an array of Arrow; those that are equal are there once."""
    try:
        opened = _opened(read, size, [column])
        images = opened.read_row_group(group, columns=[column]).column(0).combine_chunks()
        return images.field(BYTES) if hasattr(images, "field") else images
    except Unusable:
        raise
    except Exception as error:  # of any kind: pyarrow raises many
        raise Unusable("damaged", "cannot be read from its Parquet file") from error


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
