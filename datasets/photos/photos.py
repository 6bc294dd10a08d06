"""Photos in folders, archives or tables: checked before use, labelled, and split into parts."""

import hashlib
from dataclasses import dataclass, replace
from numbers import Integral

import numpy as np

from ..files import notices
from ..files.names import print_sentences, shown
from ..labels import in_order
from ..seeds import check_seed
from ..sources import DataError, Source
from . import display, layout, pool
from .candidates import start
from .classes import reject_untrained_classes
from .compact import give_back
from .decoding import decode_files, is_tiny
from .duplicates import reject_duplicates
from .findings import all_findings, with_tiny
from .known import LARGEST
from .locating import find, locate
from .placeholders import reject_placeholders
from .quality import note_quality
from .reading import decode_again
from .sharded import saved
from .sharded.engines import engine_of
from .split import UNEVEN, split
from .streamed import Streamed, streams

PARTS = ("train", "validation", "test")
MOST_WEIGHT = 20  # times another class's


@dataclass(frozen=True, repr=False, eq=False)
class Photos(display.Shown):
    """Photos that were checked and split; made by `Photos.check`.

    `print(photos)` shows tables of the split, of what was found, and of what was set aside and why;
    a notebook shows the same.

    Attributes:
        source: The `Source` they come from.
        size: Height and width of the squares, in pixels.
        class_names: Tuple of str, in the order of the labels.
        files: Names relative to the data's folder, "/" between; what cannot be printed in a
            name is written with backslashes.
        labels: int64 (n,), the index of each photo's class.
        parts: str (n,): "train", "validation" or "test".
        pixels: uint8 (n, size, size, 3), RGB in [0, 255]; in memory, or if they are more than 1 GB in a file,
            or read like an array and decoded each time.
        quarantine: List of (file, reason) of what is not used.
        findings: List of `Finding`.
        fingerprint: SHA-256 in hexadecimal of the files' contents, labels and parts.
        notes: Tuple of sentences about how the files were found and read.
        sides: int64 (n,), the shorter side of each photo in its file, in pixels; None if not known.
        digests: List of the SHA-256 of each file, bytes; None if not known.
        checkpoint: The folder that `check` was given as `checkpoint`, or None.

    Example:
        >>> import tempfile
        >>> from datasets import Photos, digits
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     source = digits.save_photos(folder, examples=10)
        ...     photos = Photos.check(folder + "/train", image_size=28)
        >>> photos.pixels.shape, len(photos.of("train")), len(photos.of("test"))
        ((100, 28, 28, 3), 60, 20)
        >>> photos.files[0], photos.class_names[photos.labels[0]]
        ('0/0033.png', '0')
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
    sides: np.ndarray | None = None
    digests: list | None = None
    checkpoint: object = None

    @classmethod
    def check(
        cls,
        data,
        image_size=320,
        seed=0,
        scratch=None,
        verbose=0,
        checkpoint=None,
        out=None,
        engine="threads",
    ):
        """Decode every file once, set aside what cannot be used, and split the rest.

        Nothing in your folder is changed, and archives are not extracted. Duplicates are found, and are
        never in two parts. A split that you have stays as it is; a part that it lacks is taken from its
        training photos.

        Args:
            data: A folder that holds a folder of photos for each class, perhaps below folders
                such as train and val, or sites and years; a zip or tar archive of one; a table (CSV
                or TSV) of paths, labels and, optionally, parts; or a `Source`.
            image_size: Height and width of the squares that photos are cropped and resized to, in pixels.
            seed: The same seed gives the same split.
            scratch: Folder for a temporary file of the pixels if they are more than 1 GB; more than 1.5 GB
                are decoded from a folder's files whenever they are needed. None for no file.
            verbose: 1 to print what is read and found, with a progress bar if the output is a
                terminal; 0 to print nothing.
            checkpoint: A folder that keeps what was found out about each photo of a folder or table, about
                2 KB each, and features that are computed from them. If the check is stopped, the same call
                goes on; what has changed since then is decoded again. Remove it when you are done. None to
                keep nothing.
            out: A folder for Parquet files of what was found out about each photo, and of features that are
                computed later. If the check is stopped, the same call goes on. Afterwards it can be given as
                `data`. It needs pyarrow. None for none.
            engine: "threads", or "ray" to decode on all processors of a machine or a cluster; then with
                `out`. The result is the same.

        Returns:
            A `Photos`.

        Raises:
            DataError: If there are too few photos to train on, the data cannot be read, or a package is
                missing.

        Example:
            >>> import pathlib, tempfile
            >>> from datasets import Photos, digits
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     source = digits.save_photos(folder, examples=10)
            ...     pathlib.Path(folder, "train", "0", "damaged.png").touch()
            ...     photos = Photos.check(folder + "/train", image_size=28)
            >>> photos.quarantine
            [('0/damaged.png', 'is empty')]
        """
        _check_size(image_size)
        place = data.path if isinstance(data, Source) else data
        if saved.is_saved(place):
            saved.check_not_again(place, out)
            return cls.load(place).at(image_size)
        check_seed(seed)
        source, engine = locate(data), engine_of(engine, out, checkpoint)
        if engine is not None:
            saved.check_folder(out, source.path)
        notices.take()  # what others read before is not about these photos
        files = find(source.path)
        notes = files.results_note()
        print_sentences(notes, verbose)
        places = None
        if files.known:  # then what is wrong with the folders can be said before decoding
            places = layout.places(files, {file.name: file.path for file in files.found})
        if engine is not None:
            saved.prepare_folder(out, source.path)
        decoded = decode_files(files, image_size, scratch, verbose, out or checkpoint, engine)
        places = places or layout.places(files, decoded.paths)
        candidates = start(shown(source.path), decoded.facts, places, decoded.rejected | files.rejected)
        place_notes, places = places.notes, None  # of a million photos it is large
        candidates = reject_untrained_classes(candidates)
        candidates = reject_placeholders(candidates)
        candidates = reject_duplicates(candidates)
        candidates = split(note_quality(candidates), seed)
        late_notes = [*place_notes, *files.hidden_note(), *files.outside_note(), *notices.taken()]
        photos = cls._of(source, candidates, decoded, (*notes, *late_notes))
        if engine is not None:
            saved.save(photos, out)
            photos = candidates = decoded = files = None  # of a million photos they are large
            give_back()
            photos = cls.load(out, source)
        print_sentences([f"Data: {photos.summary}.", *late_notes], verbose)
        return photos

    @classmethod
    def _of(cls, source, candidates, decoded, notes):
        """What was checked, once every photo that is used has its part."""
        names, labels, parts = (
            [getattr(photo, what) for photo in candidates.photos] for what in ("name", "label", "part")
        )
        class_names = tuple(in_order(set(labels)))
        number = {name: place for place, name in enumerate(class_names)}
        contents = [photo.facts.digest for photo in candidates.photos]
        return cls(
            source=source,
            size=decoded.squares.shape[0],
            class_names=class_names,
            files=names,
            labels=np.array([number[label] for label in labels], "int64"),
            parts=np.array(parts, "<U10"),
            pixels=decoded.pixels(names),
            quarantine=[(name, reason) for name, (_, reason) in sorted(candidates.rejected.items())],
            findings=all_findings(candidates),
            fingerprint=_fingerprint(class_names, contents, labels, parts),
            notes=notes,
            sides=np.array([photo.facts.side for photo in candidates.photos], "int64"),
            digests=contents,
            checkpoint=decoded.folder,
        )

    @classmethod
    def load(cls, folder, data=None):
        """Photos that were checked with `out`; the photos themselves need not be there any more.

        Args:
            folder: What was given as `out`.
            data: Where the photos are now: a folder or an address, as for `check`. None for where they were,
                if that is on this machine: an address is not opened because a file names it.

        Returns:
            A `Photos`. Its pixels are decoded from the photos where these were, when they are asked for.

        Raises:
            DataError: If the folder holds no checked photos, `data` cannot be read, or a package is missing.

        Example:
            >>> from datasets import DataError, Photos
            >>> try:
            ...     Photos.load("nothing here")
            ... except DataError as error:
            ...     print(error)
            nothing here holds no photos.parquet; name a folder that Photos.check was given as out=.
        """
        if not saved.is_saved(folder):
            raise DataError(
                f"{shown(folder)} holds no {saved.FILE}; name a folder that Photos.check was given as out=."
            )
        return cls(**saved.saved(folder, None if data is None else locate(data).path))

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

        Example:
            >>> import tempfile
            >>> from datasets import Photos, digits
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     source = digits.save_photos(folder, examples=10)
            ...     photos = Photos.check(folder + "/train", image_size=28)
            ...     smaller = photos.at(14)
            >>> smaller.pixels.shape, smaller.fingerprint == photos.fingerprint
            ((100, 14, 14, 3), True)
        """
        _check_size(image_size)
        if image_size == self.size:
            return self
        if (again := self._streamed(image_size, scratch)) is not None:
            return again
        squares, rows, contents, sides = pool.Squares(image_size, scratch), {}, {}, {}
        for name, decoded in decode_again(self.source, self.files, image_size, verbose):
            rows[name], contents[name], sides[name] = squares.count, decoded.digest, decoded.side
            squares.append(decoded.pixels)
        labels = [self.class_names[label] for label in self.labels]
        now = _fingerprint(
            self.class_names, [contents[name] for name in self.files], labels, self.parts.tolist()
        )
        if now != self.fingerprint:
            raise DataError(
                f"Photos in {shown(self.source.path)} have changed since they were checked; check them again."
            )
        return replace(
            self,
            size=image_size,
            pixels=squares.ordered([rows[name] for name in self.files]),
            findings=with_tiny(
                self.findings, [name for name in self.files if is_tiny(sides[name], image_size)]
            ),
        )

    def _streamed(self, size, scratch):
        """The same photos at another size, if their pixels are decoded when they are needed; else None."""
        if self.digests is None or self.sides is None:
            return None
        tiny = [name for name, side in zip(self.files, self.sides, strict=True) if is_tiny(side, size)]
        if isinstance(self.pixels, saved.FromFiles):
            pixels = self.pixels.at(size)
            return replace(self, size=size, pixels=pixels, findings=with_tiny(self.findings, tiny))
        total = len(self) * size * size * 3
        if self.checkpoint is None and total <= pool.IN_MEMORY:
            return None
        files = find(self.source.path)
        if not streams(files, size, scratch, self.checkpoint):
            return None
        known = {file.name: file for file in files.found}
        if missing := next((name for name in self.files if name not in known), None):
            raise DataError(
                f"{missing} in {shown(self.source.path)} is not there any more; put it back, or train again."
            )
        pixels = Streamed([known[name] for name in self.files], size, self.digests, self.checkpoint)
        return replace(self, size=size, pixels=pixels, findings=with_tiny(self.findings, tiny))

    def of(self, part):
        """The rows of the photos of one part.

        Args:
            part: "train", "validation" or "test".

        Returns:
            int64 (k,), in ascending order; empty if the part has no photos.

        Raises:
            DataError: If there is no such part.

        Example:
            >>> import tempfile
            >>> from datasets import Photos, digits
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     source = digits.save_photos(folder, examples=10)
            ...     photos = Photos.check(folder + "/train", image_size=28)
            >>> photos.pixels[photos.of("validation")].shape
            (20, 28, 28, 3)
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

    def _content(self):
        return display.content(self)

    def class_weights(self):
        """A weight for each class: all 1 unless the training classes are uneven.

        Returns:
            Dictionary from class index to float. Where one class has at least 1.5 times as many training
            photos as another, a weight is inversely proportional to the number of training photos; but none
            is more than 20 times another.

        Example:
            >>> import tempfile
            >>> from datasets import Photos, digits
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     source = digits.save_photos(folder, examples=10)
            ...     photos = Photos.check(folder + "/train", image_size=28)
            >>> set(photos.class_weights().values())
            {1.0}
        """
        counts = np.bincount(self.labels[self.of("train")], minlength=len(self.class_names))
        if counts.max() < UNEVEN * counts.min():
            return dict.fromkeys(range(len(counts)), 1.0)
        few = np.maximum(counts, counts.max() / MOST_WEIGHT)
        return dict(enumerate((counts.sum() / (counts / few).sum() / few).tolist()))

    def split_table(self):
        """All photos that are used, as a table; `Photos.check` reads it from a CSV file.

        Returns:
            List of (file, label, split), a header first.

        Example:
            >>> import tempfile
            >>> from datasets import Photos, digits
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     source = digits.save_photos(folder, examples=10)
            ...     photos = Photos.check(folder + "/train", image_size=28)
            >>> photos.split_table()[:2]
            [('file', 'label', 'split'), ('0/0033.png', '0', 'train')]
        """
        rows = zip(self.files, self.labels.tolist(), self.parts.tolist(), strict=True)
        names = dict(zip(PARTS, PARTS, strict=True))  # all rows of a part share its name
        return [("file", "label", "split")] + [
            (file, self.class_names[label], names[part]) for file, label, part in rows
        ]

    def quarantine_table(self):
        """All files that are not used, as a table.

        Returns:
            List of (file, reason), a header first.

        Example:
            >>> import tempfile
            >>> from datasets import Photos, digits
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     source = digits.save_photos(folder, examples=10)
            ...     photos = Photos.check(folder + "/train", image_size=28)
            >>> photos.quarantine_table()
            [('file', 'reason')]
        """
        return [("file", "reason"), *self.quarantine]


def _check_size(size):
    if not isinstance(size, Integral) or isinstance(size, bool) or not 1 <= size <= LARGEST:
        raise DataError(f"image_size= is {size!r}; give a whole number of pixels from 1 to {LARGEST:,}.")


def _fingerprint(class_names, contents, labels, parts):
    """SHA-256 in hexadecimal of what was trained on.

    Args:
        class_names: Tuple of str.
        contents: The SHA-256 of each file.
        labels: The name of each photo's class.
        parts: The part of each photo.
    """
    digests = [content.hex() for content in contents]
    facts = list(zip(digests, labels, parts, strict=True))
    return hashlib.sha256(ascii([class_names, *facts]).encode()).hexdigest()
