"""Photographs: decoded by one function for training and prediction alike, looked at before use."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from datasets import _archives, _photo_check, _photo_copies, _photo_files, _photo_pixels, _photo_split, _trees
from datasets._labels import in_order
from datasets._photo_pixels import Unusable
from datasets._source import DataError, Source

# Photographs that come with scikit-learn, both under CC BY 2.0
SAMPLES = {
    "china": "a pavilion in China, by flickr user danielbuechele, CC BY 2.0",
    "flower": "a dahlia, by flickr user vultilion, CC BY 2.0",
}
SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}

SHARES = {"test": 0.15, "validation": 0.15, "train": 0.7}
VALIDATION_SHARE = 0.15  # of the training photos, where the test part is the user's
FEW = 10  # photos of a class below which there is a warning
FEWEST = 3  # photos that a class needs: one each to train, to validate and to test
UNEVEN = 1.5  # times as many photos of one class as of another, from which on classes are weighted


@dataclass(frozen=True)
class Finding:
    """Something that the check-up found.

    Attributes:
        what: Such as "truncated" or "near duplicates".
        files: Names of the files, or of the classes, that it is about.
        action: What was done, such as "set aside".
    """

    what: str
    files: list
    action: str


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

    def class_weights(self):
        """A weight by class index: all 1 unless the training classes are uneven, then the rarer, the more."""
        counts = np.bincount(self.labels[self.parts == "train"], minlength=len(self.class_names))
        if counts.max() < UNEVEN * counts.min():
            return dict.fromkeys(range(len(counts)), 1.0)
        return dict(enumerate((counts.sum() / len(counts) / np.maximum(counts, 1)).tolist()))

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
            return Source(_photo_files.shown(path.resolve().name) or "photos", path)
        if not path.exists():
            raise DataError(f"{data} does not exist; name a folder of photos, an archive or a table.")
        if not path.is_file():
            raise DataError(f"{data} is neither a file nor a folder; name a folder of photos.")
        if path.suffix.lower() not in _trees.TABLES and not _archives.is_archive(path):
            raise DataError(
                f"{data} is neither a folder, nor a zip or tar archive, nor a table (.csv or .tsv) of photos; "
                "name one."
            )
    except OSError as error:
        raise DataError(f"{data} cannot be read ({error.strerror}); change that, or name another.") from error
    name = next(
        (path.name[: -len(end)] for end in _archives.SUFFIXES if path.name.lower().endswith(end)), path.stem
    )
    return Source(_photo_files.shown(name) or "photos", path)


def check(source, size, seed=0, scratch=None, progress=True):
    """Decode every file once, set aside what cannot be used, and split the rest.

    Nothing in the user's folder is changed, and archives are not extracted.

    Args:
        source: What `locate` returned, or anything that it takes.
        size: Side of the squares to shrink photos to, in pixels.
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
    files = _photo_files.find(source.path)
    if files.known:  # then what is wrong with the folders can be said before decoding
        _places(files, [(file.name, file.path) for file in files.found])
    squares, looks, aside = _photo_check.Squares(size, scratch), [], {}
    total = len(files.found) if files.known else None

    def work(file, content, room):
        return _photo_check.look(file, content, size, room)

    seen, names = [], {}
    for file, look in _photo_check.each(files.found, total, work, progress):
        seen.append((file.name, file.path))
        if isinstance(look, Unusable):
            names.pop(file.name, None)  # of several files of one name in an archive the last counts
            aside[file.name] = look.kind, str(look)
            continue
        aside.pop(file.name, None)
        names[file.name] = len(looks)
        squares.append(look.pixels)
        look.pixels = None
        looks.append(look)
    places, unplaced, classes = _places(files, seen)
    for name, reason in files.aside.items():
        aside[name] = "not readable", reason
    for name, reason in unplaced.items():
        aside[name] = "without a class", reason
    order = [names[name] for name in sorted(names) if name in places]
    draft = _Draft(source, [looks[index] for index in order], places, aside, classes)
    draft.clean()
    parts = draft.split(seed)
    kept = draft.kept()
    return draft.photos(size, squares.ordered(np.array(order, int)[kept]), kept, parts)


def _places(files, names):
    """Part and label by name, reasons by name of what has none, and all classes."""
    if files.places is not None:
        parts = _photo_files.as_parts({part for part, _ in files.places.values()})
        places = {name: (parts[part], label) for name, (part, label) in files.places.items()}
        return places, {}, {label for _, label in places.values()}
    by_path = {path: name for name, path in names}
    found, unplaced, classes = _photo_files.layout(list(by_path), files.folders, files.source)
    parts = {None: None} | _photo_files.as_parts({part for part, _ in found.values() if part})
    places = {
        by_path[path]: (parts[part], _photo_files.shown(label)) for path, (part, label) in found.items()
    }
    return (
        places,
        {by_path[path]: reason for path, reason in unplaced.items()},
        set(map(_photo_files.shown, classes)),
    )


class _Draft:
    """Photos on their way to `Photos`: each finding takes some away."""

    def __init__(self, source, looks, places, aside, classes):
        self.source, self.looks, self.aside, self.classes = source, looks, aside, classes
        self.names = [look.file.name for look in looks]
        self.given = [places[name][0] for name in self.names]
        self.labels = [places[name][1] for name in self.names]
        self.groups = np.arange(len(looks))
        self.findings = []

    def remove(self, index, kind, reason):
        self.aside[self.names[index]] = kind, reason

    def kept(self):
        return [index for index, name in enumerate(self.names) if name not in self.aside]

    def clean(self):
        self._placeholders()
        self._copies()

    def _placeholders(self):
        """Set aside what looks like "image not found" and is unlike the other pictures."""
        plain = np.array([look.flat > 0.8 and look.colours <= 64 for look in self.looks])
        flat = np.array([look.flat for look in self.looks])
        labels = np.array(self.labels, object)
        for label in set(self.labels):
            for where in (labels == label,):
                suspects = np.flatnonzero(plain & where)
                others = flat[where & ~plain]
                everywhere = flat[~plain]
                if len(suspects) <= max(1, 0.1 * where.sum()) and len(others) >= 4:
                    if np.quantile(others, 0.9) < 0.6 and np.quantile(everywhere, 0.9) < 0.6:
                        for index in suspects:
                            self.remove(
                                index,
                                "placeholder",
                                "is nearly of one colour, like a picture that says 'not found'",
                            )

    def _copies(self):
        kept = self.kept()
        looks = [self.looks[index] for index in kept]
        large = [number for number, look in enumerate(looks) if look.side >= _photo_copies.MIN_SIDE]
        near = np.empty((0, 2), int)
        if large:
            near = _photo_copies.pairs(
                np.array([looks[number].hash for number in large]),
                np.array([looks[number].thumbnail for number in large]),
            )
            near = np.array(large)[near]
        by_digest, exact = {}, []
        for number, look in enumerate(looks):
            for key in (look.digest, look.square):
                first = by_digest.setdefault(key, number)
                if first != number:
                    exact.append((first, number))
        edges = np.concatenate([near, np.array(exact, int).reshape(-1, 2)])
        groups = _photo_copies.groups(len(looks), edges)
        members = {}
        for number, group in enumerate(groups):
            self.groups[kept[number]] = group
            members.setdefault(group, []).append(kept[number])
        for group in members.values():
            if len(group) > 1:
                self._one_group(group)

    def _one_group(self, group):
        """Decide about photos that show the same."""
        rank = {"test": 0, "validation": 1, "train": 2, None: 3}
        labels = {self.labels[index] for index in group}
        if len(labels) > 1:
            for index in group:
                other = next(other for other in group if self.labels[other] != self.labels[index])
                self.remove(
                    index,
                    "in two classes",
                    f"is the same photo as {self.names[other]}, which is in class {self.labels[other]}; which is "
                    "right cannot be known",
                )
            return
        group = sorted(group, key=lambda index: (rank[self.given[index]], self.names[index]))
        first = {}
        for index in group:
            same = first.setdefault(self.looks[index].digest, index)
            if same != index and self.given[same] == self.given[index]:
                self.remove(index, "exact copy", f"is an exact copy of {self.names[same]}")
        for index in group:
            held_out = [
                other
                for other in group
                if rank[self.given[other]] < rank[self.given[index]] and other != index
            ]
            if held_out and self.names[index] not in self.aside:
                other = held_out[0]
                self.remove(
                    index,
                    "across the split",
                    f"is the same photo as {self.names[other]} of the {self.given[other]} part",
                )
        left = [index for index in group if self.names[index] not in self.aside]
        if len(left) > 1:
            self.findings.append(
                Finding("near duplicates", [self.names[index] for index in left], "kept together")
            )

    def split(self, seed):
        """A part for every photo kept; refuses too few."""
        kept = self.kept()
        labels = np.array([self.labels[index] for index in kept], object)
        given = np.array([self.given[index] for index in kept], object)
        groups = np.array([self.groups[index] for index in kept])
        self._check_classes(labels, groups)
        if all(part is None for part in given) or set(given) == {"train"}:
            return _photo_split.divide(labels, groups, SHARES, seed)
        parts = given.astype("<U10")
        if "validation" not in parts:
            train = parts == "train"
            shares = {"validation": VALIDATION_SHARE, "train": 1}
            parts[train] = _photo_split.divide(labels[train], groups[train], shares, seed)
        return parts

    def _check_classes(self, labels, groups):
        source = self.source.path
        if len(self.classes) == 1:
            raise DataError(
                f"{source} has only one class, {next(iter(self.classes))!r}, so there is nothing to tell apart; "
                "add a folder of photos of another."
            )
        counts = {label: len(set(groups[labels == label])) for label in in_order(self.classes)}
        few = {label: count for label, count in counts.items() if count < FEWEST}
        if few:
            listed = ", ".join(f"{label!r} ({count})" for label, count in list(few.items())[:10])
            reasons = Counter(kind for kind, _ in self.aside.values()).most_common(3)
            why = ", ".join(f"{count:,} {kind}" for kind, count in reasons)
            raise DataError(
                f"{source} has too few usable photos in {listed}; every class needs {FEWEST} different ones or "
                f"more: add some, or move the class away{f' (set aside: {why})' if why else ''}."
            )

    def photos(self, size, pixels, kept, parts):
        class_names = tuple(in_order(set(self.labels[index] for index in kept)))
        number = {name: index for index, name in enumerate(class_names)}
        digest = hashlib.sha256(repr(class_names).encode())
        for index, part in zip(kept, parts, strict=True):
            digest.update(self.looks[index].digest + f"{self.labels[index]!r} {part}".encode())
        kinds = {}
        for name, (kind, _) in sorted(self.aside.items()):
            kinds.setdefault(kind, []).append(name)
        findings = [Finding(kind, names, "set aside") for kind, names in kinds.items()]
        traits = {}
        for index in kept:
            for trait in sorted(self.looks[index].traits):
                traits.setdefault(trait, []).append(self.names[index])
        findings += [Finding(trait, names, ACTIONS[trait]) for trait, names in sorted(traits.items())]
        return Photos(
            self.source,
            size,
            class_names,
            [self.names[index] for index in kept],
            np.array([number[self.labels[index]] for index in kept], "int64"),
            np.asarray(parts, "<U10"),
            pixels,
            [(name, reason) for name, (_, reason) in sorted(self.aside.items())],
            findings + self.findings,
            digest.hexdigest(),
        )


ACTIONS = {
    "wrong extension": "used",
    "animated": "first frame used",
    "CMYK": "turned into RGB",
    "palette": "turned into RGB",
    "16-bit": "brought to 8 bits",
    "alpha": "white put beneath",
    "EXIF-rotated": "turned upright",
    "tiny": "used, enlarged",
}


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
    wanted = {name: number for number, name in enumerate(files)}
    found = _photo_files.find(source.path).found
    pixels = np.empty((len(files), size, size, 3), "uint8")
    missing = set(wanted)

    def work(file, content, room):
        return _photo_check.square(_photo_pixels.open_image(content), size, room)

    for file, square in _photo_check.each((file for file in found if file.name in wanted), None, work, False):
        if isinstance(square, Unusable):
            raise DataError(f"{file.name} in {source.path} {square}.")
        pixels[wanted[file.name]] = square
        missing.discard(file.name)
    if missing:
        raise DataError(f"{source.path} holds no {min(missing)} any more; run the training again.")
    return pixels


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
    name = "The photo" if isinstance(photo, bytes) else str(photo)
    if not isinstance(photo, bytes) and not Path(photo).is_file():
        what = "is a folder, not an image file" if Path(photo).is_dir() else "does not exist"
        raise DataError(f"{name} {what}; name an image file.")
    try:
        with _photo_pixels.quietly():
            content = photo if isinstance(photo, bytes) else _photo_files.read_bytes(photo)
            return np.asarray(_photo_pixels.decode(_photo_pixels.open_image(content), size))
    except Unusable as error:
        raise DataError(f"{_photo_files.shown(name)} {error}.") from error


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
