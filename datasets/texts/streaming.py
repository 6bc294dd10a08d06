"""Labelled texts in tables that are larger than memory: checked row by row, and given in blocks."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from ..files import display
from ..files.names import print_sentences, quoted
from ..labels import TEST_SHARE, check_labels, in_order
from ..seeds import check_seed
from ..sources import DataError, Source
from .checking import (
    NAMES,
    PARTS,
    VALIDATION_SHARE,
    check_labels_of,
    numbers_in_two_ways,
    uneven_classes,
)
from .sampling import Block, Sampler
from .stream_reading import Aside, Reader, find_tables

MOST_CLASSES = 10_000
UNSEARCHED = (
    "near copies, and texts with two labels, are not looked for in a stream: that takes all texts at once"
)


@dataclass(frozen=True, repr=False, eq=False)
class StreamedTexts(display.Shown):
    """Labelled texts that stay in their files, of any number; made by `Texts.stream`.

    Memory holds one block of them at a time, and 8 bytes for each text of a test or validation part that you
    bring.

    Attributes:
        source: The `Source` they come from.
        class_names: Tuple of str, in the order of the labels.
        counts: {"train", "validation" and "test": int64 (classes,), the number of texts}.
        words, characters: How many there are in the texts that are not test ones.
        quarantine: List of (file and line, reason) of the first 100 rows that are not used.
        set_aside: How many rows are not used.
        notes: Tuple of sentences about what was found, guessed and left out.

    Example:
        >>> import pathlib, tempfile
        >>> from datasets.texts import Texts
        >>> rows = [f"film {n} was {label},{label}" for n in range(100) for label in ("good", "bad")]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "films.csv")
        ...     _ = path.write_text("\\n".join(["text,label", *rows, "So so.,NA"]))
        ...     texts = Texts.stream(path)
        ...     sizes = [len(block.texts) for block in texts.blocks("train", "validation", "test")]
        >>> texts.class_names, len(texts), sizes, texts.quarantine
        (('bad', 'good'), 200, [200], [('films.csv, line 202', "has no label but 'NA'")])
    """

    source: Source
    class_names: tuple
    counts: dict
    words: int
    characters: int
    quarantine: list
    set_aside: int
    notes: tuple
    _reader: Reader
    _state: list  # of the files when they were checked
    _as_texts: object  # function that makes `Texts` of this and a `Sampler`

    def blocks(self, *parts):
        """The texts of some parts, read from their files block by block.

        Args:
            parts: "train", "validation" or "test".

        Yields:
            `Block`s.

        Raises:
            DataError: If the files cannot be read, or are others than those that were checked.

        Example:
            >>> import pathlib, tempfile
            >>> from datasets.texts import Texts
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = pathlib.Path(folder, "films.csv")
            ...     _ = path.write_text("text,label\\n" + "".join(f"{n},{n % 2}\\n" for n in range(99)))
            ...     texts = Texts.stream(path)
            ...     [block] = texts.blocks("test")
            >>> len(block.texts) == len(block.labels) == texts.counts["test"].sum().item()
            True
        """
        numbers = {name: number for number, name in enumerate(self.class_names)}
        found = dict.fromkeys(PARTS, 0)
        for rows in self._reader.rows(Aside()):
            known = np.array([label in numbers for label in rows.labels], bool)
            for part in PARTS:
                found[part] += int(np.sum(known & (rows.parts == part)))
            chosen = np.flatnonzero(known & np.isin(rows.parts, parts))
            labels = np.array([numbers[rows.labels[row]] for row in chosen], "int64")
            kept = rows.only(chosen)
            yield Block(kept.texts, labels, kept.parts, rows.file, np.array(kept.lines, "int64"))
        same = self._reader.state() == self._state
        if not same or found != {part: int(self.counts[part].sum()) for part in PARTS}:
            raise DataError(f"{self.source.path} has changed since it was checked; call Texts.stream again.")

    def sampler(self, most, seed=0):
        """What keeps a random sample of the texts that come from `blocks`.

        Args:
            most: {part: how many texts of it are kept at most}.
            seed: The same seed draws the same.

        Returns:
            A `Sampler`.

        Example:
            >>> import pathlib, tempfile
            >>> from datasets.texts import Texts
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = pathlib.Path(folder, "films.csv")
            ...     _ = path.write_text("text,label\\n" + "".join(f"{n},{n % 2}\\n" for n in range(99)))
            ...     texts = Texts.stream(path)
            ...     sampler = texts.sampler({"train": 10})
            ...     for block in texts.blocks("train"):
            ...         _ = sampler.add(block)
            >>> len(sampler.texts)
            10
        """
        return Sampler({part: int(count.sum()) for part, count in self.counts.items()}, most, seed)

    def sample(self, most, seed=0):
        """Draw some texts of some parts, and read them into memory.

        Args:
            most: {part: how many texts of it at most, drawn at random}.
            seed: The same seed draws the same.

        Returns:
            A `Texts` with these parts, and with the same classes and notes.

        Raises:
            DataError: If the files cannot be read, or are others than those that were checked.

        Example:
            >>> import pathlib, tempfile
            >>> from datasets.texts import Texts
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = pathlib.Path(folder, "films.csv")
            ...     _ = path.write_text("text,label\\n" + "".join(f"{n},{n % 2}\\n" for n in range(99)))
            ...     some = Texts.stream(path).sample({"train": 10, "test": 5})
            >>> len(some.of("train")), len(some.of("test")), some.class_names
            (10, 5, ('0', '1'))
        """
        sampler = self.sampler(most, seed)
        for block in self.blocks(*most):
            sampler.add(block)
        return self.of_sample(sampler)

    def of_sample(self, sampler):
        """What a `Sampler` has kept, as `Texts`; copies among them are not looked for.

        Args:
            sampler: A `Sampler`.

        Returns:
            A `Texts`.

        Example:
            >>> import pathlib, tempfile
            >>> from datasets.texts import Texts
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = pathlib.Path(folder, "films.csv")
            ...     _ = path.write_text("text,label\\n" + "".join(f"{n},{n % 2}\\n" for n in range(99)))
            ...     texts = Texts.stream(path)
            >>> len(texts.of_sample(texts.sampler({"train": 10})))  # which has seen no block yet
            0
        """
        return self._as_texts(self, sampler)

    @property
    def summary(self):
        """What the data is, in one line."""
        counts = {part: int(self.counts[part].sum()) for part in PARTS}
        return (
            f"{self.source}, {len(self):,} texts of {len(self.class_names)} classes ({counts['train']:,} to "
            f"train on, {counts['validation']:,} to validate, {counts['test']:,} to test), read from their "
            f"files as they are needed, {self.set_aside:,} set aside"
        )

    def __len__(self):
        return int(sum(count.sum() for count in self.counts.values()))

    def _content(self):
        tables = [("Split", *display.table_of_counts(self.class_names, self.counts))]
        return (
            f"{self.source}: {len(self):,} texts",
            [*tables, *display.tables_of([], self.quarantine, self.set_aside)],
            self.notes,
        )


def stream_texts(data, text_column=None, label_column=None, encoding=None, seed=0, verbose=0, as_texts=None):
    """Check labelled texts row by row; see `Texts.stream`.

    Args:
        data, text_column, label_column, encoding, seed, verbose: As for `Texts.stream`.
        as_texts: Function that makes `Texts` of what is returned and a `Sampler`, for its `sample`.

    Returns:
        A `StreamedTexts`.

    Raises:
        DataError: As `Texts.stream`.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "films.csv")
        ...     _ = path.write_text("text,label\\n" + "".join(f"{n},{n % 2}\\n" for n in range(99)))
        ...     len(stream_texts(path))
        99
    """
    check_seed(seed)
    source, files = find_tables(data)
    aside, notes = Aside(), []
    reader = Reader.of(files, (text_column, label_column), encoding, seed, notes)
    shares = {} if "test" in reader.given else {"test": TEST_SHARE}
    if "validation" not in reader.given:
        shares["validation"] = VALIDATION_SHARE * (1 - sum(shares.values()))
    reader.shares = shares
    state = reader.state()
    counts, words, characters = _count(reader, aside, source.path, verbose)
    reader.merged, note = numbers_in_two_ways(sum(counts.values(), Counter()))
    notes += [note] if note else []
    counts = {part: _merged(count, reader.merged) for part, count in counts.items()}
    own = sum((counts[part] for part in PARTS if part not in reader.given), Counter())
    check_labels(own, source.path)
    if len(counts["train"]) < 2:
        raise DataError(f"{source.path} has too few texts to be streamed; give more, or use Texts.check.")
    names = in_order(counts["train"])
    for part in reader.given:
        check_labels_of(part, counts[part], names, source.path)
    left_out = sum(counts.values(), Counter()).keys() - set(names)
    gone = sum(count.pop(label, 0) for count in counts.values() for label in left_out)
    if left_out:
        listed = ", ".join(quoted(label) for label in sorted(left_out)[:NAMES])
        notes.append(f"{gone:,} texts of classes that are too rare to be in all parts are left out: {listed}")
    for part in ("validation", "test"):
        if not counts[part]:
            raise DataError(
                f"{source.path} has no texts for its {part} part: it has too few of them to be streamed, or "
                f"none in the {part} part that it brings; give more, or check it with Texts.check."
            )
    notes += [note for note in (uneven_classes(sum(counts.values(), Counter()))[1], *aside.notes()) if note]
    texts = StreamedTexts(
        source=source,
        class_names=tuple(names),
        counts={part: np.array([counts[part][name] for name in names], "int64") for part in PARTS},
        words=words,
        characters=characters,
        quarantine=aside.first,
        set_aside=aside.count + gone,
        notes=tuple(f"{note}." for note in (*notes, UNSEARCHED)),
        _reader=reader,
        _state=state,
        _as_texts=as_texts,
    )
    print_sentences([f"Data: {texts.summary}.", *(f"Note: {note}" for note in texts.notes)], verbose)
    return texts


def _count(reader, aside, path, verbose):
    """({part: Counter of labels}, words, characters) of all rows; words of those that are not test ones."""
    counts, words, characters, seen = {part: Counter() for part in PARTS}, 0, 0, 0
    bar = None
    if verbose:
        import keras

        bar = keras.utils.Progbar(None, unit_name="text", interval=1)
    for rows in reader.rows(aside):
        for part in PARTS:
            counts[part].update(
                label for label, own in zip(rows.labels, rows.parts, strict=True) if own == part
            )
        if len(set().union(*counts.values())) > MOST_CLASSES:
            raise DataError(
                f"{path} has more than {MOST_CLASSES:,} different labels; name the right column with "
                "label_column=."
            )
        known = [text for text, part in zip(rows.texts, rows.parts, strict=True) if part != "test"]
        words += sum(len(text.split()) for text in known)
        characters += sum(map(len, known))
        seen += len(rows.texts)
        if bar:
            bar.update(seen)
    if bar:
        bar.update(seen, finalize=True)
    aside.check(path)
    return counts, words, characters


def _merged(counts, merged):
    found = Counter()
    for label, count in counts.items():
        found[merged.get(label, label)] += count
    return found
