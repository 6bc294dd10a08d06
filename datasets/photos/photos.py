"""Photos in folders, archives or tables: checked before use, labelled, and split into parts."""

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from numbers import Integral

import numpy as np

from ..files import notices
from ..files.names import print_sentences, sentence, shown, shown_apart
from ..labels import in_order
from ..sources import DataError, Source
from . import display, layout, pool
from . import files as photo_files
from .pixels import Unusable
from .reading import decode_again
from .review import UNEVEN, Review, look

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, repr=False, eq=False)
class Photos:
    """Photos that can be used, checked and split; made by `Photos.check`.

    `print(photos)` shows in a table what was found, what was set aside and why, and the split;
    a notebook shows the same.

    Attributes:
        source: The `Source` they come from.
        size: Height and width of the squares, in pixels.
        class_names: Tuple of str, in the order of the labels.
        files: Names relative to the data's folder, "/" between; what cannot be printed in a
            name is written with backslashes.
        labels: int64 (n,), the index of each photo's class.
        parts: str (n,): "train", "validation" or "test".
        pixels: uint8 (n, size, size, 3), RGB in [0, 255]; in memory or, if they are many, in a file.
        quarantine: List of (file, reason) of what is not used.
        findings: List of `Finding`.
        fingerprint: SHA-256 in hexadecimal of the files' contents, labels and parts.
        notes: Tuple of sentences about how the files were found and read.
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
    notes: tuple = ()

    @classmethod
    def check(cls, data, image_size=320, seed=0, scratch=None, verbose=0):
        """Decode every file once, set aside what cannot be used, and split the rest.

        Nothing in the user's folder is changed, and archives are not extracted. Photos that show
        the same are found, and are never in two parts. A split that the user has stays as it is,
        but what it lacks is taken from its training photos.

        Args:
            data: A folder that holds a folder of photos for each class, if you like below folders
                such as train and val; a zip or tar archive of one; a table (CSV or TSV) of paths,
                labels and, if you like, parts; or a `Source`.
            image_size: Height and width of the squares to bring photos to, in pixels.
            seed: Of the split.
            scratch: Folder for pixels if they are more than 1 GB; None to keep them in memory.
            verbose: 1 to print what is read and found, with a progress bar if the output is a
                terminal; 0 to print nothing.

        Returns:
            A `Photos`.

        Raises:
            DataError: If there are too few photos to train with, or the data cannot be read.
        """
        source = photo_files.locate(data)
        _check_size(image_size)
        notices.take()  # what others read before is not about these photos
        files = photo_files.find(source.path)
        notes = files.results_note()
        print_sentences(notes, verbose)
        if files.known:  # then what is wrong with the folders can be said before decoding
            _places(files, {file.name: file.path for file in files.found})
        squares, looks, rows, paths, aside = pool.Squares(image_size, scratch), {}, {}, {}, {}
        total = len(files.found) if files.known else None
        for file, found in pool.each(files.found, partial(look, size=image_size), total, verbose):
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
        contents = [review.looks[index].digest for index in kept]
        late_notes = [*files.outside_note(), *notices.taken()]
        photos = cls(
            source=source,
            size=image_size,
            class_names=class_names,
            files=names,
            labels=np.array([class_names.index(label) for label in labels], "int64"),
            parts=parts,
            pixels=squares.ordered([rows[name] for name in names]),
            quarantine=[(name, reason) for name, (_, reason) in sorted(review.aside.items())],
            findings=review.all_findings(),
            fingerprint=_fingerprint(class_names, contents, labels, parts),
            notes=(*notes, *late_notes),
        )
        print_sentences([f"Data: {photos.summary}.", *late_notes], verbose)
        return photos

    def at(self, image_size, scratch=None, verbose=0):
        """The same photos at another size, decoded from their files again.

        Args:
            image_size: Height and width of the squares, in pixels.
            scratch: As for `check`.
            verbose: 1 for a progress bar, if the output is a terminal.

        Returns:
            A `Photos` with the same files, labels, parts and fingerprint, whose pixels are those
            that `check` gives at that size; this one if it has that size.

        Raises:
            DataError: If a file is not there any more, cannot be read or has changed.
        """
        _check_size(image_size)
        if image_size == self.size:
            return self
        squares, rows, contents = pool.Squares(image_size, scratch), {}, {}
        for name, decoded in decode_again(self.source, self.files, image_size, verbose):
            rows[name], contents[name] = squares.count, decoded.digest
            squares.append(decoded.pixels)
        labels = [self.class_names[label] for label in self.labels]
        now = _fingerprint(self.class_names, [contents[name] for name in self.files], labels, self.parts)
        if now != self.fingerprint:
            raise DataError(
                f"Photos in {shown(self.source.path)} have changed since they were checked; check them again."
            )
        return replace(self, size=image_size, pixels=squares.ordered([rows[name] for name in self.files]))

    def of(self, part):
        """The rows of the photos of one part.

        Args:
            part: "train", "validation" or "test".

        Returns:
            int64 (k,), in ascending order; empty if the part has no photos.

        Raises:
            DataError: If there is no such part.
        """
        if part not in PARTS:
            raise DataError(f"part= is {part!r}; name one of {', '.join(map(repr, PARTS))}.")
        return np.flatnonzero(self.parts == part)

    @property
    def summary(self):
        """What the data is, in one line."""
        counts = {part: len(self.of(part)) for part in PARTS}
        return (
            f"{self.source}, {len(self.files):,} photos of {len(self.class_names)} classes "
            f"({counts['train']:,} to train on, {counts['validation']:,} to validate, {counts['test']:,} to "
            f"test), {len(self.quarantine):,} set aside"
        )

    def __len__(self):
        return len(self.files)

    def __repr__(self):
        return f"<Photos: {sentence(self.summary)}>"

    def __str__(self):
        return display.as_text(self)

    def _repr_html_(self):
        return display.as_html(self)

    def class_weights(self):
        """A weight for each class: all 1 unless the training classes are uneven.

        Returns:
            Dictionary from class index to float; where one class has at least 1.5 times as many training
            photos as another, each class weighs the more, the fewer it has.
        """
        counts = np.bincount(self.labels[self.of("train")], minlength=len(self.class_names))
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


def _check_size(size):
    if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
        raise DataError(f"image_size= is {size!r}; give a whole number of pixels from 1.")


def _fingerprint(class_names, contents, labels, parts):
    """SHA-256 in hexadecimal of what was trained on.

    Args:
        class_names: Tuple of str.
        contents: The SHA-256 of each file.
        labels: The name of each photo's class.
        parts: The part of each photo.
    """
    digests = [content.hex() for content in contents]
    facts = list(zip(digests, labels, parts.tolist(), strict=True))
    return hashlib.sha256(ascii([class_names, *facts]).encode()).hexdigest()


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
