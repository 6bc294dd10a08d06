"""How streamed texts are read: tables found, columns chosen, rows set aside, each row's part decided."""

import contextlib
import hashlib
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from ..files import columns, folders, tables
from ..files.names import quoted, shown
from ..sources import DataError, Source
from .blocks import table_blocks
from .checking import NAMES
from .collecting import (
    Found,
    labelled,
    no_part,
    note_other_texts,
    part_column,
    part_of,
    reason_of,
    says_parts,
    where,
)
from .copies import normalized
from .locating import find_texts

LISTED = 100  # rows that are set aside
LATER = {"test": ("train", "validation"), "validation": ("train",)}  # where copies of each part are set aside


class Aside:
    """Rows that are not used: how many, and the first 100 of them with the reason.

    Example:
        >>> aside = Aside()
        >>> aside.add([("a.csv, line 3", "is empty")])
        >>> aside.count, aside.first
        (1, [('a.csv, line 3', 'is empty')])
    """

    def __init__(self):
        self.count, self.first, self.copies, self._copy = 0, [], 0, None
        self.unreadable, self.read, self._bad = 0, 0, None

    def add(self, rows):
        """Set rows aside: list of (where, reason)."""
        self.count += len(rows)
        self.first += rows[: max(0, LISTED - len(self.first))]

    def add_unreadable(self, rows, read):
        """Set rows aside that cannot be read, of `read` rows: list of (where, reason)."""
        self._bad = self._bad or (rows[0] if rows else None)
        self.unreadable, self.read = self.unreadable + len(rows), self.read + read
        self.add(rows)

    def add_copies(self, places, part):
        """Set rows aside, a list of where they are, that are copies of texts of a part."""
        self.copies, self._copy = self.copies + len(places), self._copy or (places[0] if places else None)
        self.add([(place, f"is a copy of a {part} text") for place in places])

    def check(self, path):
        """Refuse a table of which more than a quarter cannot be read: a `DataError`."""
        if tables.too_many(self.unreadable, self.read + self.unreadable):
            place, reason = self._bad
            raise DataError(
                f"{path}: {self.unreadable:,} of {self.read + self.unreadable:,} rows cannot be read; "
                f"the first is {place}, which {reason}. Correct them, or leave them out."
            )

    def notes(self):
        """What was set aside, as sentences without their full stop."""
        found, others = [], [(place, reason) for place, reason in self.first if "is a copy" not in reason]
        if self.copies:
            found.append(
                f"{self.copies:,} {'text is' if self.copies == 1 else 'texts are'} not used, since they are "
                f"copies of texts to test or to validate on (the first is {self._copy})"
            )
        if count := self.count - self.copies:
            listed = ", ".join(f"{place} ({reason})" for place, reason in others[:NAMES])
            more = f" and {count - NAMES:,} more" if count > NAMES else ""
            found.append(f"{count:,} {'text' if count == 1 else 'texts'} set aside: {listed}{more}")
        return found


@dataclass
class Rows:
    """Some rows: `texts`, `labels` and `lines` lists of k, of one `file`, and `parts` str (k,).

    Example:
        >>> Rows(["Good."], ["good"], [2], np.array(["train"]), "a.csv").labels
        ['good']
    """

    texts: list
    labels: list
    lines: list
    parts: np.ndarray
    file: str

    def where(self, row):
        """Where a row comes from."""
        return where(self.file, self.lines[row])

    def only(self, rows):
        """Only some rows."""
        columns = ([column[row] for row in rows] for column in (self.texts, self.labels, self.lines))
        return Rows(*columns, self.parts[rows], self.file)


def find_tables(data):
    """The tables that a user names.

    Args:
        data: A table, a list of tables, a folder of tables called train, dev and test, or a `Source`.

    Returns:
        `(Source, [(part, path, name)])`: the part of one table, or of several in a list, is "train".

    Raises:
        DataError: If there is none.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("train.csv", "test.csv"):
        ...         _ = Path(folder, name).write_text("text,label\\nGood.,good\\n")
        ...     [(part, name) for part, _, name in find_tables(folder)[1]]
        [('train', 'train.csv'), ('test', 'test.csv')]
    """
    if isinstance(data, (list, tuple)):
        sources = [find_texts(each) for each in data]
        if not sources:
            raise DataError("There are no tables to stream; name one or several.")
        files = [("train", each.path, shown(each.path.name)) for each in sources]
        source = Source("texts", sources[0].path.parent if len(sources) > 1 else sources[0].path)
    else:
        source = find_texts(data)
        files = [("train", source.path, shown(source.path.name))]
        if source.path.is_dir():
            tree = folders.open_tree(source.path)
            if folders.class_folders(tree):
                raise DataError(
                    f"{source.path} holds folders of .txt files, and only tables are streamed; write the "
                    "texts as one table with a column of labels, or check them with Texts.check."
                )
            found = folders.tables(tree).items()
            files = [(part, tree.files[parts], shown("/".join(parts))) for part, parts in found]
    for _, path, _ in files:
        if folders.ending(path.name) not in folders.TABLES and not _looks_like_text(path):
            raise DataError(
                f"{path} is no table that can be streamed; name a CSV, JSON Lines or Parquet file."
            )
    return source, files


def _looks_like_text(path):
    """Whether a file of another ending may be CSV: it has no zero bytes, as archives have."""
    with path.open("rb") as file:
        return b"\0" not in file.read(10_000)


@dataclass
class Reader:
    """Reads tables again and again, each time the same rows for the same parts.

    Attributes:
        files: List of (part, path, name, (text, label) columns).
        encoding, seed: As for `Texts.stream`.
        header: Whether the first row of each table is a header.
        column: Number of the column that names the part of each row, or None.
        given: Parts that the data brings, beside that to train on.
        copied: {part that is given: sorted uint64 digests of its texts}.
        shares: {part that is drawn from the training texts: its share}.
        merged: {label: what it is read as}.

    Example:
        >>> Reader([], None, 0).shares
        {}
    """

    files: list
    encoding: str | None
    seed: int
    header: bool = True
    column: int | None = None
    given: tuple = ()
    copied: dict = field(default_factory=dict)
    shares: dict = field(default_factory=dict)
    merged: dict = field(default_factory=dict)

    @classmethod
    def of(cls, files, wanted, encoding, seed, notes):
        """Choose the columns of tables, and read the parts that they bring once.

        Args:
            files: List of (part, path, name).
            wanted: Columns of the texts and of the labels, as for `Texts.stream`.
            encoding, seed: As for `Texts.stream`.
            notes: List that sentences about what was guessed are added to.

        Returns:
            A `Reader`.
        """
        reader, first = cls([], encoding, seed), None
        for part, path, name in files:
            with contextlib.closing(table_blocks(path, encoding, [], notes)) as blocks:
                table = next(blocks, None)
            if table is None:
                notes.append(f"{name} is not read (it has one row, a header or not)")
                continue
            if first is None:
                text, label, reader.header = columns.columns(table, *wanted)
                first, columns_of = table, (text, label)
                note_other_texts(table, text, label, reader.header, wanted[0], notes)
                if len(files) == 1:
                    reader.column = part_column(table, columns_of, reader.header)
            else:
                try:
                    columns_of = columns.same_columns(table, first, text, label, reader.header)
                except DataError as error:
                    others = {each for each, *_ in files} - {part}
                    if part == "train" or not {"test", "validation"} & others:
                        raise
                    notes.append(f"{name} is not read ({reason_of(error, table.name)})")
                    continue  # as of SST-2, whose test part has no labels
            reader.files.append((part, path, name, columns_of))
        if first is None:
            raise DataError(f"{files[0][1]} holds no texts, only one row; name a file or folder that does.")
        reader._read_given(first, notes)
        return reader

    def _read_given(self, first, notes):
        """Remember the digests of the texts of parts that are given."""
        words, later = Counter(), {"test": [], "validation": []}
        if self.column is None and all(part == "train" for part, *_ in self.files):
            return
        for rows in self._all(Aside(), words, drawn=False, wanted=tuple(later)):
            for part, found in later.items():
                found.append(self._digests([rows.texts[row] for row in np.flatnonzero(rows.parts == part)]))
        if self.column is not None:
            called = f"column {quoted(first.rows[0][self.column].strip())} of {self.files[0][2]}"
            if not says_parts(words, called, notes):
                self.column = None
                return
        self.copied = {part: np.unique(np.concatenate(found)) for part, found in later.items() if found}
        self.copied = {part: found for part, found in self.copied.items() if len(found)}
        there = {part for part, *_ in self.files if self.column is None} | set(self.copied)
        self.given = tuple(part for part in later if part in there)

    def state(self):
        """Sizes of all tables and when they were last written, None of those that are gone."""
        found = []
        for _, path, *_ in self.files:
            try:
                found.append((path.stat().st_size, path.stat().st_mtime_ns))
            except OSError:
                found.append(None)
        return found

    def rows(self, aside):
        """All rows that are used, block by block.

        Args:
            aside: An `Aside` that what is not used is added to.

        Yields:
            `Rows`.
        """
        yield from self._all(aside)

    def _all(self, aside, words=None, drawn=True, wanted=None):
        for part, path, name, columns_of in self.files:
            if wanted and self.column is None and part not in wanted:
                continue
            unread, top = [], int(self.header)
            for table in table_blocks(path, self.encoding, unread):
                aside.add_unreadable(
                    [(where(name, line), why) for line, why in unread], len(table.rows) - top
                )
                unread.clear()
                yield self._of_table(table, top, part, name, columns_of, aside, words, drawn)
                top = 1  # each block begins with the first row of the file

    def _of_table(self, table, top, part, name, columns_of, aside, words, drawn):
        found = Found()
        read = labelled(table, *columns_of, top, name, found)
        parts = np.full(len(read.texts), part, "<U10")
        if self.column is not None:
            cells = {
                line: row[self.column].strip().casefold()
                for line, row in zip(table.lines[top:], table.rows[top:], strict=True)
            }
            if words is not None:
                words.update(cells.values())
            said = [cells[line] for line in read.rows]
            parts = np.array([part_of(word) or "" for word in said], "<U10")
        rows = Rows(read.texts, read.labels, read.rows, parts, name)
        keep = np.array([bool(text.strip()) for text in rows.texts], bool)
        found.aside += [(rows.where(row), "is empty") for row in np.flatnonzero(~keep)]
        odd = keep & (parts == "")
        found.aside += [(rows.where(row), no_part(said[row])) for row in np.flatnonzero(odd)]
        aside.add(found.aside)
        keep &= ~odd
        if drawn and (self.copied or self.shares):
            keep &= self._drawn(rows, keep, aside)
        rows.labels = [self.merged.get(label, label) for label in rows.labels]
        return rows.only(np.flatnonzero(keep))

    def _drawn(self, rows, keep, aside):
        """Set copies of given parts aside, draw the parts that are lacking: which are kept, bool (k,)."""
        keep, places = keep.copy(), np.flatnonzero(keep & np.isin(rows.parts, ["train", "validation"]))
        digests = self._digests([rows.texts[row] for row in places])
        for later, earlier in LATER.items():
            if later in self.copied:
                there = self.copied[later]
                same = there[np.searchsorted(there, digests).clip(0, len(there) - 1)] == digests
                same &= keep[places] & np.isin(rows.parts[places], earlier)
                aside.add_copies([rows.where(row) for row in places[same]], later)
                keep[places[same]] = False
        draws, above = digests / 2.0**64, 0.0
        training = rows.parts[places] == "train"
        for part, share in self.shares.items():
            rows.parts[places[training & (draws >= above) & (draws < above + share)]] = part
            above += share
        return keep

    def _digests(self, texts):
        """8 bytes of each text without what differs between copies, uint64."""
        salt = int(self.seed).to_bytes(16, "little", signed=True)
        found = (normalized(text).encode("utf-8", "surrogatepass") for text in texts)
        joined = b"".join(hashlib.blake2b(each, digest_size=8, salt=salt).digest() for each in found)
        return np.frombuffer(joined, "<u8")
