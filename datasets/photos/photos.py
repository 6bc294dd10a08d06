"""Photographs: decoded by one function for training and prediction alike, looked at before use."""

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from ..files import archives, notices
from ..files import folders as trees
from ..files.names import sentence, shown, shown_apart
from ..labels import in_order
from ..sources import DataError, Source, results_in
from . import files as photo_files
from . import layout, pool
from . import pixels as photo_pixels
from .pixels import Unusable
from .review import UNEVEN, Review, look

# Photographs that come with scikit-learn, both under CC BY 2.0
SAMPLES = {
    "china": "a pavilion in China, by flickr user danielbuechele, CC BY 2.0",
    "flower": "a dahlia, by flickr user vultilion, CC BY 2.0",
}
SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


@dataclass(frozen=True)
class Photos:
    """Photos that can be used, checked and split.

    Attributes:
        source: The `Source` they come from.
        size: Side of the squares, in pixels.
        class_names: Tuple of str, in the order of the labels.
        files: Names relative to the data's folder, "/" between; what cannot be printed in a
            name is written with backslashes.
        labels: int64 (n,).
        parts: str (n,): "train", "validation" or "test".
        pixels: uint8 (n, size, size, 3), in memory or, if they are many, in a file.
        quarantine: List of (file, reason) of what is not used.
        findings: List of `Finding`.
        fingerprint: SHA-256 in hexadecimal of contents, labels and parts.
    """

    source: Source
    size: int
    class_names: tuple
    files: list
    labels: np.ndarray
    parts: np.ndarray
    pixels: np.ndarray
    quarantine: list
    findings: list
    fingerprint: str

    def __str__(self):
        counts = {part: np.count_nonzero(self.parts == part) for part in ("train", "validation", "test")}
        return (
            f"{self.source}, {len(self.files):,} photos of {len(self.class_names)} classes "
            f"({counts['train']:,} to train on, {counts['validation']:,} to validate, {counts['test']:,} to "
            f"test), {len(self.quarantine):,} set aside"
        )

    def class_weights(self):
        """A weight by class index: all 1 unless the training classes are uneven, then the rarer, the more."""
        counts = np.bincount(self.labels[self.parts == "train"], minlength=len(self.class_names))
        if counts.max() < UNEVEN * counts.min():
            return dict.fromkeys(range(len(counts)), 1.0)
        return dict(enumerate((counts.sum() / len(counts) / counts).tolist()))

    def split_table(self):
        """Rows of (file, label, split), a header first."""
        rows = zip(self.files, self.labels, self.parts, strict=True)
        return [("file", "label", "split")] + [
            (file, self.class_names[label], str(part)) for file, label, part in rows
        ]

    def quarantine_table(self):
        """Rows of (file, reason), a header first."""
        return [("file", "reason"), *self.quarantine]


def locate(data):
    """Find photos without looking at them yet.

    Args:
        data: A folder that holds a folder of photos for each class, if you like below folders
            such as train and val; a zip or tar archive of one; or a table (CSV or TSV) of
            paths, labels and, if you like, parts.

    Returns:
        A `Source`, named like the folder or file.

    Raises:
        DataError: If there is none.
    """
    if isinstance(data, Source):
        return data
    path = Path(data)
    try:
        if path.is_dir():
            return Source(shown(path.resolve().name) or "photos", path)
        if not path.exists():
            raise DataError(f"{data} does not exist; name a folder of photos, an archive or a table.")
        if not path.is_file():
            raise DataError(f"{data} is neither a file nor a folder; name a folder of photos.")
        if path.suffix.lower() not in trees.TABLES and not archives.is_archive(path):
            raise DataError(
                f"{data} is neither a folder, nor a zip or tar archive, nor a table (.csv or .tsv) of photos."
            )
    except OSError as error:
        raise DataError(f"{data} cannot be read ({error.strerror}); change that, or name another.") from error
    name = next(
        (path.name[: -len(end)] for end in archives.SUFFIXES if path.name.lower().endswith(end)), path.stem
    )
    return Source(shown(name) or "photos", path)


def check(source, size, seed=0, scratch=None, progress=True):
    """Decode every file once, set aside what cannot be used, and split the rest.

    Nothing in the user's folder is changed, and archives are not extracted. Photos that show
    the same are found, and are never in two parts. A split that the user has stays as it is,
    but what it lacks is taken from its training photos.

    Args:
        source: What `locate` returned, or anything that it takes.
        size: Side of the squares to bring photos to, in pixels.
        seed: Of the split.
        scratch: Folder for pixels if they are more than 1 GB; None to keep them in memory.
        progress: Whether to show a progress bar, if the output is a terminal.

    Returns:
        A `Photos`.

    Raises:
        DataError: If there are too few photos to train with, or the data cannot be read.
    """
    source = locate(source)
    if not isinstance(size, int) or size < 1:
        raise DataError(f"The size of photos is {size!r}, where a whole number from 1 is needed.")
    files = photo_files.find(source.path)
    _say_results(files)
    if files.known:  # then what is wrong with the folders can be said before decoding
        _places(files, {file.name: file.path for file in files.found})
    squares, looks, rows, paths, aside = pool.Squares(size, scratch), {}, {}, {}, {}
    total = len(files.found) if files.known else None
    for file, found in pool.each(files.found, partial(look, size=size), total, progress):
        paths[file.name] = file.path
        for known in looks, aside:  # of several files of one name in an archive the last counts
            known.pop(file.name, None)
        if isinstance(found, Unusable):
            aside[file.name] = found.kind, str(found)
        else:
            looks[file.name], rows[file.name] = found, squares.count
            squares.append(found.pixels)
            found.pixels = None
    places, unplaced, classes = _places(files, paths)
    review = Review(source.path, looks, places, unplaced | aside | files.aside, classes)
    review.check_classes()
    review.set_aside_placeholders()
    review.set_aside_copies()
    parts = review.divide(seed)
    kept = review.kept()
    names, labels = ([values[index] for index in kept] for values in (review.names, review.labels))
    class_names = tuple(in_order(set(labels)))
    contents = [review.looks[index].digest.hex() for index in kept]
    facts = list(zip(contents, labels, parts.tolist(), strict=True))
    photos = Photos(
        source=source,
        size=size,
        class_names=class_names,
        files=names,
        labels=np.array([class_names.index(label) for label in labels], "int64"),
        parts=parts,
        pixels=squares.ordered([rows[name] for name in names]),
        quarantine=[(name, reason) for name, (_, reason) in sorted(review.aside.items())],
        findings=review.all_findings(),
        fingerprint=hashlib.sha256(ascii([class_names, *facts]).encode()).hexdigest(),
    )
    print(f"Data: {sentence(photos)}.", flush=True)
    _say_aside(files)
    return photos


def _say_aside(files):
    """What else is to be known of how files were found and read."""
    if files.outside:
        those = "a file that lies" if files.outside == 1 else f"{files.outside:,} files that lie"
        print(f"The table names {those} outside its own folder.", flush=True)
    notices.say()


def _say_results(files):
    if files.results:
        print(f"Not read as data: {results_in(files.results)}.", flush=True)


def _places(files, paths):
    """Part and class by name, `(kind, reason)` by name of what has none, and all pairs of part and class."""
    names = {path: name for name, path in paths.items()}
    if files.places is not None:
        found, unplaced, classes = files.places, {}, set(files.places.values())
    else:
        found, unplaced, classes = layout.layout(list(names), files.folders, files.source)
        found = {names[path]: place for path, place in found.items()}
    parts = layout.as_parts({part for part, _ in classes if part is not None}) | {None: None}
    labels = shown_apart([label for _, label in (*found.values(), *classes)])
    aside = {names[path]: ("without a class", reason) for path, reason in unplaced.items()}
    places = {}
    for name, (part, label) in found.items():
        if part is not None and parts[part] is None:
            aside[name] = "without a class", f"is in part {shown(part)} beside one to test on"
        else:
            places[name] = parts[part], labels[label]
    return places, aside, {(parts[part], labels[label]) for part, label in classes}


def read_files(source, files, size):
    """Read some photos again.

    Args:
        source: What `locate` returned, or anything that it takes.
        files: Names as in `Photos.files`.
        size: Side of the squares, in pixels.

    Returns:
        uint8 (k, size, size, 3), the very pixels that `check` and `read_square` give.

    Raises:
        DataError: If one of them is not there any more, or cannot be read.
    """
    source = locate(source)
    rows, pixels = {}, np.empty((len(files), size, size, 3), "uint8")
    for row, name in enumerate(files):
        rows.setdefault(name, []).append(row)
    lacking = dict.fromkeys(rows, "is not there any more; put it back, or train again")
    found = (file for file in photo_files.find(source.path).found if file.name in rows)
    for file, decoded in pool.each(found, partial(_decode, size=size)):
        lacking.pop(file.name, None)  # of several files of one name in an archive the last counts
        if isinstance(decoded, Unusable):
            lacking[file.name] = str(decoded)
        else:
            pixels[rows[file.name]] = decoded.pixels
    notices.take()  # `check` has said how many there are
    for name, reason in lacking.items():
        raise DataError(f"{name} in {shown(source.path)} {reason}.")
    return pixels


@dataclass(frozen=True)
class Sample:
    """Some photos to look at.

    Attributes:
        source: The `Source` they come from.
        class_names: Tuple of str.
        labels: int64 (n,), -1 where the class is not known.
        pixels: uint8 (n, size, size, 3).
    """

    source: Source
    class_names: tuple
    labels: np.ndarray
    pixels: np.ndarray


def sample(data, size, classes=(), most=64):
    """Read some photos to look at: not all are decoded, and their folders need not be classes.

    Where folders are named like parts of a split, photos to test on are taken, or else those to
    validate on. Files that are no photos are left out.

    Args:
        data: As for `locate`.
        size: Side of the squares, in pixels.
        classes: Names of the classes, or how many there are: then folders name them if they are as many.
        most: Photos at most, evenly from all in the order of their names.

    Returns:
        A `Sample`.

    Raises:
        DataError: If there is no photo that can be read.
    """
    source = locate(data)
    files = photo_files.find(source.path)
    _say_results(files)
    places = {
        file.name: (*files.places.get(file.name, ()),) if files.places is not None else file.path[:-1]
        for file in files.found
    }
    parts = {name: {layout.part_of(shown(each or "")) for each in place} for name, place in places.items()}
    part = next((one for one in ("test", "validation") if any(one in each for each in parts.values())), None)
    names = [name for name in sorted(places) if part is None or part in parts[name]]
    texts = shown_apart([each for place in places.values() for each in place if each])
    if isinstance(classes, int):
        folders = in_order({texts[place[-1]] for place in places.values() if place and place[-1]})
        classes = folders if len(folders) == classes else ()
    known = {str(name): n for n, name in enumerate(classes)}
    labels = {
        name: next((known[texts[each]] for each in reversed(places[name]) if texts.get(each) in known), -1)
        for name in names
    }
    pixels = {}
    while len(pixels) < most and names:  # files that cannot be used are made up for by others
        rows = np.linspace(0, len(names) - 1, min(most - len(pixels), len(names))).astype(int)
        wanted = {names[row] for row in rows}
        found = (file for file in photo_files.find(source.path).found if file.name in wanted)
        for file, decoded in pool.each(found, partial(_decode, size=size)):
            if not isinstance(decoded, Unusable):
                pixels[file.name] = decoded.pixels.copy()
        names = [name for name in names if name not in wanted]
    if not pixels:
        raise DataError(f"{shown(source.path)} holds no photo that can be read; name a folder of photos.")
    order = sorted(pixels)
    print(f"Data: {sentence(source)}, {len(order):,} photos to look at.", flush=True)
    _say_aside(files)
    return Sample(
        source,
        tuple(classes),
        np.array([labels[name] for name in order], "int64"),
        np.stack([pixels[name] for name in order]),
    )


def _decode(_, content, room, size):
    return photo_pixels.decode(content, size, room=room)


def read_square(photo, size):
    """Decode one image file and bring it to a square, as training, prediction and scoring need it.

    Decoded as by `read_photo`, then its largest square in the middle, shrunk without jagged
    edges, or enlarged.

    Args:
        photo: File in any format that Pillow reads, or its bytes.
        size: Side of the square, in pixels.

    Returns:
        uint8 array (size, size, 3), RGB in [0, 255].

    Raises:
        DataError: As `read_photo` does.
    """
    return _read(photo, size)


def read_photo(path):
    """Decode one image file.

    Turned upright by its EXIF orientation; transparent parts become white; of an animation
    the first frame; 16-bit grey is brought to 8 bits.

    Args:
        path: File in any format that Pillow reads.

    Returns:
        uint8 array (height, width, 3), RGB in [0, 255].

    Raises:
        DataError: If there is no such file, it is no image, is cut off, or is so large
            (over 179 million pixels) that it may be an attack.
    """
    return _read(path)


def _read(photo, size=None):
    name = "The photo" if isinstance(photo, bytes) else shown(photo)
    try:
        if not isinstance(photo, bytes) and not Path(photo).is_file():
            what = "is a folder, not an image file" if Path(photo).is_dir() else "does not exist"
            raise DataError(f"{name} {what}; name an image file.")
    except OSError as error:  # such as a name that is too long
        raise DataError(f"{name} cannot be read ({error.strerror}); name an image file.") from error
    try:
        with photo_pixels.quietly():
            content = photo if isinstance(photo, bytes) else photo_files.read_bytes(photo)
            return photo_pixels.decode(content, size).pixels
    except Unusable as error:
        raise DataError(f"{name} {error}.") from error


def grey_photo(photo="china", longest=640):
    """One photograph in shades of grey.

    Args:
        photo: "china" or "flower" (427 x 640 pixels, both from scikit-learn, CC BY 2.0), or
            a file of your own.
        longest: A photo with a longer side is made smaller, in pixels.

    Returns:
        uint8 array (height, width, 1), from 0 for black to 255 for white.

    Raises:
        DataError: If it is a file that `read_photo` cannot read.
    """
    if str(photo) in SAMPLES:
        from sklearn.datasets import load_sample_image

        print(f"Photograph: {SAMPLES[str(photo)]}.", flush=True)
        pixels = load_sample_image(f"{photo}.jpg")
    else:
        pixels = read_photo(photo)
    image = Image.fromarray(pixels).convert("L")
    if max(image.size) > longest:
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return np.asarray(image)[..., None]
