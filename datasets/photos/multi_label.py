"""Photos with any number of labels each: checked before use as `Photos` are, and split by their labels."""

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from ..files import notices
from ..files.names import print_sentences, shown
from ..seeds import check_seed
from ..sources import DataError, Source
from . import display, layout, pool
from .candidates import start
from .classes import refuse_the_same_name_twice
from .decoding import decode_files
from .duplicates import reject_duplicates
from .findings import all_findings
from .label_sets import LEAST, alike, divided, findings_of, learnable, matrix, reject_contradictions
from .label_tables import find_labelled
from .locating import locate
from .photos import PARTS
from .pixels import Unusable
from .placeholders import reject_placeholders
from .quality import note_quality
from .reading import decode_square
from .stratified import stratified
from .streamed import Streamed, streams


@dataclass(frozen=True, repr=False, eq=False)
class MultiLabelPhotos(display.Shown):
    """Photos with any number of labels each that were checked and split; made by `MultiLabelPhotos.check`.

    `print(photos)` shows tables of the split, of what was found, and of what was set aside and why.

    Attributes:
        source: The `Source` they come from.
        size: Height and width of the squares, in pixels.
        class_names: Tuple of str, in the order of the columns of `labels`.
        files: Names relative to the table's folder.
        labels: uint8 (n, labels): 1 where a photo has a label, else 0. A row may be 0 throughout.
        parts: str (n,): "train", "validation" or "test".
        pixels: uint8 (n, size, size, 3), RGB in [0, 255], or read like such an array.
        groups: int64 (n,), equal for photos that show the same.
        quarantine: List of (file, reason) of what is not used.
        findings: List of `Finding`.
        fingerprint: SHA-256 in hexadecimal of the files' contents, labels and parts.
        left_out: Tuple of sentences about labels that cannot be learned, and are no column of `labels`.
        notes: Tuple of sentences about how the table was read.
        sides: int64 (n,), the shorter side of each photo in its file, in pixels.
        digests: List of the SHA-256 of each file, bytes.
        found: The `files.Files` they were read from.

    Example:
        >>> import tempfile
        >>> from datasets import MultiLabelPhotos
        >>> from datasets.generated.mosaics import save_mosaics
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     photos = MultiLabelPhotos.check(save_mosaics(folder, count=40), image_size=56)
        >>> photos.pixels.shape, photos.labels.shape, len(photos.of("test"))
        ((40, 56, 56, 3), (40, 10), 7)
    """

    source: Source
    size: int
    class_names: tuple
    files: list
    labels: np.ndarray
    parts: np.ndarray
    pixels: np.ndarray
    groups: np.ndarray
    quarantine: list
    findings: list
    fingerprint: str
    left_out: tuple
    notes: tuple
    sides: np.ndarray
    digests: list
    found: object

    @classmethod
    def check(cls, data, image_size=320, seed=0, scratch=None, verbose=0):
        """Decode every file that a table names once, set aside what cannot be used, and split the rest.

        Exact copies with different labels are set aside, since one must be wrong. Other copies of a photo are
        used, and are never in two parts. The split keeps the share of each label alike in all parts; one that
        you have stays as it is, and a part that it lacks is taken from its training photos.

        Args:
            data: A table (CSV or TSV), or the folder with a table and photos. It has a column of files and
                one of labels, several of which are joined by | or ; or , or stand in several rows; or a
                column of 0 and 1 for each label.
            image_size: Height and width of the squares that photos are cropped and resized to, in pixels.
            seed: The same seed gives the same split.
            scratch: As for `Photos.check`.
            verbose: 1 to print what is read and found, with a progress bar if the output is a terminal; 0
                to print nothing.

        Returns:
            A `MultiLabelPhotos`.

        Raises:
            DataError: If the table cannot be read, or fewer than two labels can be learned.

        Example:
            >>> import tempfile
            >>> from datasets import MultiLabelPhotos
            >>> from datasets.generated.mosaics import save_mosaics
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     photos = MultiLabelPhotos.check(save_mosaics(folder, count=40), image_size=56)
            >>> photos.class_names[:3]
            ('0', '1', '2')
        """
        check_seed(seed)
        source = locate(data)
        notices.take()  # what others read before is not about these photos
        files, labels, names, notes = find_labelled(source.path)
        refuse_the_same_name_twice(shown(source.path), set(names), "labels")
        decoded = decode_files(files, image_size, scratch, verbose)
        places = layout.places(files, decoded.paths)
        candidates = start(shown(source.path), decoded.facts, places, decoded.rejected | files.rejected)
        candidates = reject_contradictions(candidates, labels)
        candidates = note_quality(reject_duplicates(reject_placeholders(candidates)))
        found = matrix([labels[each.name] for each in candidates.photos], names)
        if len(found) < 2 * LEAST:
            raise DataError(
                f"{shown(source.path)} has {len(found):,} usable photos, with "
                f"{len(candidates.rejected):,} set aside: too few to learn from; add some."
            )
        groups = np.array([photo.group for photo in candidates.photos])
        parts = divided([photo.part for photo in candidates.photos], found, groups, seed)
        keep, left_out = learnable(found, parts, names)
        if keep.sum() < 2:
            raise DataError(
                f"{shown(source.path)} has fewer than two labels that can be learned. "
                f"{' '.join(left_out) or 'Give photos several labels'}; for a single one, give the photos "
                "without it a class of their own, and train without multi_label=."
            )
        names = tuple(name for name, kept in zip(names, keep, strict=True) if kept)
        candidates = candidates.noting(*findings_of(found[:, keep], names, parts))
        notes = (*notes, *alike(names, found[:, keep]), *files.outside_note(), *notices.taken(), *left_out)
        photos = cls._of(
            source, candidates, decoded, (names, found[:, keep], parts, groups), left_out, notes, files
        )
        print_sentences([f"Data: {photos.summary}.", *notes], verbose)
        return photos

    @classmethod
    def _of(cls, source, candidates, decoded, division, left_out, notes, files):
        """What was checked, once every photo that is used has its labels and its part."""
        names, labels, parts, groups = division
        used = [photo.name for photo in candidates.photos]
        contents = [photo.facts.digest for photo in candidates.photos]
        facts = [names, *zip([each.hex() for each in contents], labels.tolist(), parts.tolist(), strict=True)]
        return cls(
            source=source,
            size=decoded.squares.shape[0],
            class_names=names,
            files=used,
            labels=labels,
            parts=parts,
            pixels=decoded.pixels(used),
            groups=groups,
            quarantine=[(name, reason) for name, (_, reason) in sorted(candidates.rejected.items())],
            findings=all_findings(candidates),
            fingerprint=hashlib.sha256(ascii(facts).encode()).hexdigest(),
            left_out=tuple(left_out),
            notes=notes,
            sides=np.array([photo.facts.side for photo in candidates.photos], "int64"),
            digests=contents,
            found=files,
        )

    def at(self, image_size, scratch=None, verbose=0):
        """The same photos at another size, decoded from their files again.

        Args:
            image_size: Height and width of the squares, in pixels.
            scratch: As for `check`.
            verbose: 1 for a progress bar, if the output is a terminal.

        Returns:
            A `MultiLabelPhotos` that differs in nothing but its pixels; this one if it has that size.

        Raises:
            DataError: If a file is not there any more, cannot be read or has changed.

        Example:
            >>> import tempfile
            >>> from datasets import MultiLabelPhotos
            >>> from datasets.generated.mosaics import save_mosaics
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     photos = MultiLabelPhotos.check(save_mosaics(folder, count=40), image_size=56)
            ...     smaller = photos.at(28)
            >>> smaller.pixels.shape, smaller.labels is photos.labels
            ((40, 28, 28, 3), True)
        """
        if image_size == self.size:
            return self
        known = {file.name: file for file in self.found.found}
        files = [known[name] for name in self.files]
        if streams(self.found, image_size, scratch):
            return replace(self, size=image_size, pixels=Streamed(files, image_size, self.digests))
        squares, rows, digests = (
            pool.Squares(image_size, scratch),
            {},
            dict(zip(self.files, self.digests, strict=True)),
        )
        decode = partial(decode_square, size=image_size)
        for file, decoded in pool.each(files, decode, len(files), verbose):
            if isinstance(decoded, Unusable) or decoded.digest != digests[file.name]:
                raise DataError(
                    f"{shown(file.name)} has changed since it was checked; check the photos again."
                )
            rows[file.name] = squares.count
            squares.append(decoded.pixels)
        return replace(self, size=image_size, pixels=squares.ordered([rows[name] for name in self.files]))

    def sample(self, most, seed=0):
        """Fewer of the photos, with the same share of each label that can be learned of so few.

        Args:
            most: Number of photos, about.
            seed: The same seed gives the same photos.

        Returns:
            A `MultiLabelPhotos`; this one if it has no more.

        Raises:
            DataError: If fewer than two labels can be learned of so few.

        Example:
            >>> import tempfile
            >>> from datasets import MultiLabelPhotos
            >>> from datasets.generated.mosaics import save_mosaics
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     photos = MultiLabelPhotos.check(save_mosaics(folder, count=60), image_size=28)
            >>> len(photos.sample(most=30))
            31
        """
        if most >= len(self.files):
            return self
        share, chosen = most / len(self.files), []
        for part in PARTS:
            rows = self.of(part)
            taken = stratified(self.labels[rows], self.groups[rows], (share, 1 - share), seed)
            chosen.extend(rows[taken == 0].tolist())
        rows = np.sort(np.array(chosen, int))
        keep, _ = learnable(self.labels[rows], self.parts[rows], self.class_names)
        if keep.sum() < 2:
            raise DataError(f"{shown(self.source.path)} has labels that are too rare for a sample of {most}.")
        lists = {name: [getattr(self, name)[row] for row in rows] for name in ("files", "digests")}
        arrays = {name: getattr(self, name)[rows] for name in ("parts", "pixels", "groups", "sides")}
        names = tuple(name for name, kept in zip(self.class_names, keep, strict=True) if kept)
        return replace(self, class_names=names, labels=self.labels[rows][:, keep], **lists, **arrays)

    def of(self, part):
        """The rows of the photos of one part.

        Args:
            part: "train", "validation" or "test".

        Returns:
            int64 (k,), in ascending order.

        Raises:
            DataError: If there is no such part.

        Example:
            >>> import tempfile
            >>> from datasets import MultiLabelPhotos
            >>> from datasets.generated.mosaics import save_mosaics
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     photos = MultiLabelPhotos.check(save_mosaics(folder, count=40), image_size=56)
            >>> len(photos.of("test"))
            7
        """
        if part not in PARTS:
            raise DataError(f"part= is {part!r}; name one of {', '.join(map(repr, PARTS))}.")
        return np.flatnonzero(self.parts == part)

    def folds(self, rows, count=5, seed=0):
        """Divide some photos into folds with equal shares of each label; copies are in one fold.

        Args:
            rows: Which of the photos, integers (k,).
            count: Number of folds.
            seed: The same seed gives the same folds.

        Returns:
            int (k,), from 0 to `count` - 1.

        Example:
            >>> import tempfile
            >>> from datasets import MultiLabelPhotos
            >>> from datasets.generated.mosaics import save_mosaics
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     photos = MultiLabelPhotos.check(save_mosaics(folder, count=40), image_size=56)
            >>> np.bincount(photos.folds(photos.of("train"), count=4)).tolist()
            [6, 7, 7, 7]
        """
        return stratified(self.labels[rows], self.groups[rows], np.full(count, 1 / count), seed)

    @property
    def folder(self):
        """The folder that the names of the files begin in, a `Path`."""
        path = Path(self.source.path)
        return path if path.is_dir() else path.parent

    @property
    def summary(self):
        """What the data is, in one line."""
        counts = {part: len(self.of(part)) for part in PARTS}
        return (
            f"{self.source}, {len(self.files):,} photos with {self.labels.sum() / len(self.files):.1f} of "
            f"{len(self.class_names)} labels on average ({counts['train']:,} to train on, "
            f"{counts['validation']:,} to validate, {counts['test']:,} to test), "
            f"{len(self.quarantine):,} set aside"
        )

    def __len__(self):
        return len(self.files)

    def _content(self):
        return display.content(self, self._counts())

    def _counts(self):
        """How many photos of each part have each label: (columns, rows)."""
        parts = [self.labels[self.of(part)] for part in PARTS]
        rows = [
            (name, *(int(labels[:, n].sum()) for labels in parts)) for n, name in enumerate(self.class_names)
        ]
        if len(rows) > display.CLASSES:
            rows[display.CLASSES :] = [(f"{len(rows) - display.CLASSES:,} more labels", "", "", "")]
        rows.append(("without a label", *(int((labels.sum(1) == 0).sum()) for labels in parts)))
        rows.append(("all photos", *map(len, parts)))
        return ("label", *PARTS), rows

    def split_table(self):
        """All photos that are used, as a table that `check` reads: a column of 0 and 1 for each label.

        Returns:
            List of (file, split, 0 or 1 for each label), a header first.

        Example:
            >>> import tempfile
            >>> from datasets import MultiLabelPhotos
            >>> from datasets.generated.mosaics import save_mosaics
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     photos = MultiLabelPhotos.check(save_mosaics(folder, count=40), image_size=56)
            >>> photos.split_table()[0][:4]
            ('file', 'split', '0', '1')
        """
        rows = zip(self.files, self.parts.tolist(), self.labels.tolist(), strict=True)
        return [("file", "split", *self.class_names)] + [(file, part, *some) for file, part, some in rows]

    def quarantine_table(self):
        """All files that are not used, as a table.

        Returns:
            List of (file, reason), a header first.

        Example:
            >>> import tempfile
            >>> from datasets import MultiLabelPhotos
            >>> from datasets.generated.mosaics import save_mosaics
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     photos = MultiLabelPhotos.check(save_mosaics(folder, count=40), image_size=56)
            >>> photos.quarantine_table()
            [('file', 'reason')]
        """
        return [("file", "reason"), *self.quarantine]
