"""Labelled texts in tables, folders or archives: checked before use, and split into parts."""

import hashlib
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..errors import TooLargeError
from ..files import display
from ..files.names import print_sentences
from ..seeds import check_seed
from ..sources import DataError, Source
from .checking import PARTS, aside_note, check
from .collecting import collect
from .locating import IMDB_CLASSES, find_texts, imdb_classes
from .parts import texts_and_labels
from .streaming import stream_texts


@dataclass(frozen=True, repr=False, eq=False)
class Texts(display.Shown):
    """Labelled texts that were checked and split; made by `Texts.check`.

    `print(texts)` shows tables of the split, of what was found, and of what was set aside and why;
    a notebook shows the same.

    Attributes:
        source: The `Source` they come from.
        class_names: Tuple of str, in the order of the labels.
        texts: object (n,) of str.
        labels: int64 (n,), the index of each text's class.
        parts: str (n,): "train", "validation" or "test".
        files: List of n str, the file that each text comes from, relative to the data.
        rows: int64 (n,), the line of the file in which each begins; 0 for a file that is one text.
        groups: int64 (n,), the same number for texts that are copies of each other, or nearly.
        quarantine: List of (file and line, reason) of what is not used.
        findings: List of `Finding`.
        notes: Tuple of sentences about what was found, guessed and left out.
        fingerprint: SHA-256 in hexadecimal of the texts, labels and parts.

    Example:
        >>> import pathlib, tempfile
        >>> from datasets.texts import Texts
        >>> rows = [f"film {n} was {label},{label}" for n in range(20) for label in ("good", "bad")]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "films.csv")
        ...     _ = path.write_text("\\n".join(["text,label", *rows, "So so.,NA"]))
        ...     texts = Texts.check(path)
        >>> len(texts), len(texts.of("train")), len(texts.of("validation")), len(texts.of("test"))
        (40, 28, 4, 8)
        >>> texts.quarantine
        [('films.csv, line 42', "has no label but 'NA'")]
    """

    source: Source
    class_names: tuple
    texts: np.ndarray
    labels: np.ndarray
    parts: np.ndarray
    files: list
    rows: np.ndarray
    groups: np.ndarray
    quarantine: list
    findings: list
    notes: tuple
    fingerprint: str

    @classmethod
    def check(cls, data, text_column=None, label_column=None, encoding=None, seed=0, verbose=0):
        """Read every text once, set aside what cannot be used, and split the rest.

        Copies are found: texts that differ only in case, punctuation and white space, and those of which 80 %
        of the sequences of three words are the same. They are never in two parts. A split that you have
        stays as it is, but what has a copy among the test texts is set aside from the others; a part
        that it lacks is taken from its training texts: a fifth to test on, a tenth to validate on.

        Args:
            data: A table (CSV, TSV or JSON Lines, also compressed as .csv.gz; Parquet with pyarrow, xlsx with
                openpyxl), a folder of tables called train, dev and test, a folder or archive with a folder
                of .txt files for each class, perhaps below train and test, or a `Source`.
            text_column: In a table: the column of the texts, by name or by number from 1; several are
                joined, as "subject,body" or a sequence. None to guess it.
            label_column: The same for the labels, one column.
            encoding: Of files that are not UTF-8, as Python names it, such as "cp1252"; None to guess
                it where it is clear.
            seed: The same seed gives the same split.
            verbose: 1 to print what was found.

        Returns:
            A `Texts`.

        Raises:
            DataError: If there are too few texts to train on, labels look like typos of others, or the data
                cannot be read.

        Example:
            >>> import pathlib, tempfile
            >>> from datasets.texts import Texts
            >>> rows = [f"film {n} was {label},{label}" for n in range(20) for label in ("good", "bad")]
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = pathlib.Path(folder, "films.csv")
            ...     _ = path.write_text("\\n".join(["text,label", *rows, "FILM 3 was bad!,bad"]))
            ...     texts = Texts.check(path)
            >>> [(found.what, found.files) for found in texts.findings]
            [('copies', ['films.csv, line 9', 'films.csv, line 42'])]
        """
        check_seed(seed)
        source = find_texts(data)
        imdb = source.name == "imdb"
        classes_of = partial(imdb_classes, path=source.path) if imdb else None
        try:
            found = collect(source, text_column, label_column, encoding, classes_of)
        except TooLargeError as error:
            advice = "or read it row by row with Texts.stream"
            raise DataError(f"{str(error).removesuffix('.')}, {advice}.") from error
        names = IMDB_CLASSES if imdb else None
        checked = check(found, source.path, names, seed, validation=True, report_only=imdb)
        texts = cls._of(source, checked)
        print_sentences([f"Data: {texts.summary}.", *(f"Note: {note}" for note in texts.notes)], verbose)
        return texts

    @classmethod
    def stream(cls, data, text_column=None, label_column=None, encoding=None, seed=0, verbose=0):
        """Check texts in tables of any size row by row, and leave them in their files.

        For data that does not fit into memory, which `TextClassifier.fit` then reads block by block. The
        texts of a part that the data lacks are drawn by a hash of each text without its case, punctuation and
        white space, so that exact copies are in one part: a fifth to test on, a tenth of the others to
        validate on. Training texts that are exact copies of test texts that you bring are set aside; this
        keeps 8 bytes of each of these, 8 MB per million. Near copies are not looked for.

        Args:
            data: A table (CSV, TSV or JSON Lines, also compressed as .csv.gz; Parquet with pyarrow), a list
                of such tables with the same columns, a folder of tables called train, dev and test, or a
                `Source`.
            text_column, label_column, encoding, seed: As for `check`. What is guessed is guessed by the first
                rows.
            verbose: 1 to print what was found, with a progress bar.

        Returns:
            A `StreamedTexts`.

        Raises:
            DataError: As for `check`; also of xlsx, folders of .txt files and archives, which are not
                streamed.

        Example:
            >>> import pathlib, tempfile
            >>> from datasets.texts import Texts
            >>> rows = [f"film {n} was {label},{label}" for n in range(100) for label in ("good", "bad")]
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = pathlib.Path(folder, "films.csv")
            ...     _ = path.write_text("\\n".join(["text,label", *rows]))
            ...     texts = Texts.stream(path)
            >>> len(texts), [len(counts) for counts in texts.counts.values()]
            (200, [2, 2, 2])
        """
        return stream_texts(data, text_column, label_column, encoding, seed, verbose, cls._of_sample)

    @classmethod
    def _of(cls, source, checked):
        texts, labels = texts_and_labels(checked)
        notes = [*checked.notes, *filter(None, [aside_note(checked.aside)])]
        parts = checked.parts.tolist()
        return cls(
            source=source,
            class_names=tuple(checked.class_names),
            texts=texts,
            labels=labels,
            parts=checked.parts,
            files=checked.files,
            rows=np.array(checked.rows, "int64"),
            groups=checked.groups,
            quarantine=checked.aside,
            findings=checked.findings,
            notes=tuple(f"{note}." for note in notes),
            fingerprint=fingerprint_of(checked.class_names, checked.texts, checked.labels, parts),
        )

    @classmethod
    def _of_sample(cls, streamed, sampler):
        """`Texts` of what a `Sampler` has kept of `StreamedTexts`; copies among them are not looked for."""
        texts = np.empty(len(sampler.texts), object)
        texts[:] = sampler.texts
        names = [streamed.class_names[label] for label in sampler.labels]
        note = f"These are a random sample of {len(streamed):,} texts that stay in their files."
        return cls(
            source=streamed.source,
            class_names=streamed.class_names,
            texts=texts,
            labels=np.array(sampler.labels, "int64"),
            parts=np.array(sampler.parts, "<U10"),
            files=sampler.files,
            rows=np.array(sampler.lines, "int64"),
            groups=np.arange(len(texts)),
            quarantine=streamed.quarantine,
            findings=[],
            notes=(*streamed.notes, note),
            fingerprint=fingerprint_of(streamed.class_names, sampler.texts, names, sampler.parts),
        )

    def of(self, part):
        """The rows of the texts of one part.

        Args:
            part: "train", "validation" or "test".

        Returns:
            int64 (k,), in ascending order; empty if the part has no texts.

        Raises:
            DataError: If there is no such part.

        Example:
            >>> import pathlib, tempfile
            >>> from datasets.texts import Texts
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = pathlib.Path(folder, "films.csv")
            ...     _ = path.write_text("text,label\\n" + "".join(f"{n},{n % 2}\\n" for n in range(20)))
            ...     texts = Texts.check(path)
            >>> texts.texts[texts.of("test")].shape
            (4,)
        """
        if part not in PARTS:
            raise DataError(f"part= is {part!r}; name one of {', '.join(map(repr, PARTS))}.")
        return np.flatnonzero(self.parts == part)

    def pairs(self, part):
        """The texts of a part and their classes by name, as a classifier takes them.

        Args:
            part: "train", "validation" or "test".

        Returns:
            `(texts, names)`: object array (k,) of str, and a list of k str.

        Raises:
            DataError: If there is no such part.

        Example:
            >>> import pathlib, tempfile
            >>> from datasets.texts import Texts
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = pathlib.Path(folder, "films.csv")
            ...     _ = path.write_text("text,stars\\n" + "".join(f"{n},{n % 2 + 4}\\n" for n in range(20)))
            ...     texts = Texts.check(path)
            >>> found, names = texts.pairs("test")
            >>> len(found), sorted(set(names))
            (4, ['4', '5'])
        """
        rows = self.of(part)
        return self.texts[rows], [self.class_names[number] for number in self.labels[rows]]

    @property
    def summary(self):
        """What the data is, in one line."""
        counts = {part: len(self.of(part)) for part in PARTS}
        return (
            f"{self.source}, {len(self.texts):,} texts of {len(self.class_names)} classes "
            f"({counts['train']:,} to train on, {counts['validation']:,} to validate, {counts['test']:,} to "
            f"test), {len(self.quarantine):,} set aside"
        )

    def __len__(self):
        return len(self.texts)

    def _content(self):
        title = f"{self.source}: {len(self.texts):,} texts"
        tables = display.tables_of(self.findings, self.quarantine)
        return title, [("Split", *display.classes_table(self)), *tables], self.notes

    def split_table(self):
        """Where all texts that are used come from, with their labels and parts, as a table.

        Returns:
            List of (file, line, label, split), a header first.

        Example:
            >>> import pathlib, tempfile
            >>> from datasets.texts import Texts
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = pathlib.Path(folder, "films.csv")
            ...     _ = path.write_text("text,label\\n" + "".join(f"{n},{n % 2}\\n" for n in range(20)))
            ...     texts = Texts.check(path)
            >>> texts.split_table()[:2]
            [('file', 'line', 'label', 'split'), ('films.csv', 2, '0', 'train')]
        """
        rows = zip(self.files, self.rows.tolist(), self.labels, self.parts.tolist(), strict=True)
        return [("file", "line", "label", "split")] + [
            (file, row, self.class_names[label], part) for file, row, label, part in rows
        ]

    def quarantine_table(self):
        """All that is not used, as a table.

        Returns:
            List of (file and line, reason), a header first.

        Example:
            >>> import pathlib, tempfile
            >>> from datasets.texts import Texts
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = pathlib.Path(folder, "films.csv")
            ...     _ = path.write_text("text,label\\n" + "".join(f"{n},{n % 2}\\n" for n in range(20)))
            ...     texts = Texts.check(path)
            >>> texts.quarantine_table()
            [('file', 'reason')]
        """
        return [("file", "reason"), *self.quarantine]


def fingerprint_of(class_names, texts, labels, parts):
    """What tells whether texts are the same as those of another time.

    Args:
        class_names: List of str.
        texts, labels, parts: Lists of n str.

    Returns:
        SHA-256 in hexadecimal.

    Example:
        >>> some = ["So good.", "Bad."], ["good", "bad"], ["train", "test"]
        >>> fingerprint_of(["bad", "good"], *some) == fingerprint_of(["bad", "good"], *some[::-1])
        False
    """
    digest = hashlib.sha256(ascii(list(class_names)).encode())
    for row in zip(texts, labels, parts, strict=True):
        digest.update(ascii(row).encode())
    return digest.hexdigest()
