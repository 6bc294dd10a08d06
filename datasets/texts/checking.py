"""Labelled texts checked and split: copies, labels that contradict each other, rare classes."""

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from ..files.display import Finding
from ..files.names import quoted
from ..files.tables import count as counted
from ..labels import TEST_SHARE, check_labels, in_order, rare_classes, split
from ..sources import DataError
from .collecting import where
from .copies import NEAR, copy_groups, normalized

PARTS = ("train", "validation", "test")
VALIDATION_SHARE = 0.1  # of the texts that are not to test on
UNEVEN = 0.8  # share of all texts that one class has, from which on it is said
NAMES = 3  # of files in a sentence


@dataclass
class Checked:
    """Texts that were checked, in the order in which they were found.

    Attributes:
        texts, labels, files, rows, parts: Lists of n, as in `collecting.Part`, and the part of each text.
        groups: int64 (n,), the same for copies.
        class_names: List of str in index order.
        aside: List of (where, reason).
        findings: List of `Finding`.
        notes: List of sentences without their full stop.
    """

    texts: list
    labels: list
    files: list
    rows: list
    parts: np.ndarray
    groups: np.ndarray
    class_names: list
    aside: list
    findings: list
    notes: list

    def keep(self, rows):
        """Keep only some rows."""
        for name in ("texts", "labels", "files", "rows"):
            setattr(self, name, [getattr(self, name)[row] for row in rows])
        self.parts, self.groups = self.parts[rows], self.groups[rows]

    def where(self, row):
        """Where the text of a row comes from."""
        return where(self.files[row], self.rows[row])

    def found(self, what, rows, action, note=None):
        """Add a finding about some rows, and a note."""
        self.findings.append(Finding(what, [self.where(row) for row in rows], action))
        if note:
            self.notes.append(note)

    def set_aside(self, rows, reason):
        """Do not use some rows."""
        self.aside += [(self.where(row), reason) for row in rows]
        gone = set(rows)
        self.keep([row for row in range(len(self.texts)) if row not in gone])


def check(found, path, class_names=None, seed=0, validation=False, report_only=False, near=NEAR):
    """Check labelled texts, and split those that come in one part.

    Args:
        found: A `collecting.Found`.
        path: Where they come from, for messages.
        class_names: In index order; None for the labels of the training part, see `datasets.labels.in_order`.
        seed: Of the split.
        validation: Whether there is to be a part to validate on; if not, one that is there is not used, or
            is the part to test on where there is no other.
        report_only: Whether copies of test texts stay in the training part.
        near: As of `copy_groups`.

    Returns:
        A `Checked`.

    Raises:
        DataError: If there is only one class, labels look like typos, a class has too few texts, or
            the parts do not fit each other.

    Example:
        >>> from datasets.texts.collecting import Found, Part
        >>> texts = [f"{label} film {n}" for label in ("good", "bad") for n in range(10)]
        >>> part = Part(texts, ["good"] * 10 + ["bad"] * 10, ["films.csv"] * 20, range(2, 22))
        >>> result = check(Found({"train": part}), "films.csv")
        >>> Counter(result.parts.tolist()), result.class_names
        (Counter({'train': 16, 'test': 4}), ['bad', 'good'])
    """
    _choose_parts(found, validation)
    checked = _flat(found)
    try:
        given = "test" in found.parts
        return _check(checked, given, path, class_names, seed, validation, report_only, near)
    except DataError as error:
        if not (note := aside_note(checked.aside)):
            raise
        raise DataError(f"{str(error).removesuffix('.')} ({note}).") from error


def _check(checked, given, path, class_names, seed, validation, report_only, near):
    checked.class_names = class_names
    _merge_numbers(checked)
    _leave_out_empty(checked)
    training = [label for label, part in zip(checked.labels, checked.parts, strict=True) if part == "train"]
    check_labels(training, path)
    checked.class_names = in_order(set(training)) if class_names is None else list(class_names)
    _check_other_parts(checked, given, path)
    checked.groups = copy_groups(checked.texts, near)
    if not given:
        _leave_out_rare(checked, path)
    _note_conflicts(checked)
    copies_between(checked, path, report_only, near)
    _note_copies(checked, report_only, near)
    _split(checked, path, seed, validation)
    _note_uneven(checked)
    return checked


def _choose_parts(found, validation):
    """Which of the parts that are there are used."""
    if validation or "validation" not in found.parts:
        return
    part = found.parts.pop("validation")
    files = sorted(set(part.files))
    name = files[0] if len(files) == 1 else "the part to validate on"
    if "test" not in found.parts:
        found.parts["test"] = part
        count = counted(len(part.texts), "text")
        found.notes.append(f"{name} ({count}) is the part to test on, as there is no other")
    else:
        count = counted(len(part.texts), "text")
        found.notes.append(f"{name} ({count} to validate on) is not used here; Texts.check uses it")


def _flat(found):
    """All parts in turn, as a `Checked`."""
    columns, parts = ([], [], [], []), []
    for name in PARTS:
        if name in found.parts:
            for column, values in zip(columns, found.parts[name], strict=True):
                column += values
            parts += [name] * len(found.parts[name].texts)
    nothing = np.zeros(len(parts), "int64")
    return Checked(*columns, np.array(parts, "<U10"), nothing, [], list(found.aside), [], list(found.notes))


def _merge_numbers(checked):
    """Take labels such as "1.0" for "1" where both are there."""
    merged, note = numbers_in_two_ways(Counter(checked.labels))
    if merged:
        rows = [row for row, label in enumerate(checked.labels) if label in merged]
        checked.found("label written in two ways", rows, "merged", note)
        checked.labels = [merged.get(label, label) for label in checked.labels]


def numbers_in_two_ways(counts):
    """Labels such as "1.0" where "1" is there as well.

    Args:
        counts: `Counter` of all labels.

    Returns:
        `({label: what it is read as}, a sentence without its full stop, or "")`.

    Example:
        >>> numbers_in_two_ways(Counter(["1", "1.0", "2"]))[0]
        {'1.0': '1'}
    """
    merged = {}
    for label in counts:
        whole = re.sub(r"\.0+$", "", label)
        if whole != label and whole in counts and re.fullmatch(r"[-+]?\d+", whole):
            merged[label] = whole
    if not merged:
        return {}, ""
    listed = ", ".join(f"{quoted(one)} as {quoted(merged[one])}" for one in sorted(merged)[:5])
    total = sum(counts[label] for label in merged)
    return merged, f"{total:,} labels are written in two ways, and are read as one: {listed}"


def _leave_out_empty(checked):
    empty = [row for row, text in enumerate(checked.texts) if not text.strip()]
    if empty:
        checked.set_aside(empty, "is empty")


def _check_other_parts(checked, given, path):
    """Refuse a test part without texts, or parts with labels that the training part lacks."""
    for part in ("test", "validation"):
        unknown = Counter(
            label for label, name in zip(checked.labels, checked.parts, strict=True) if name == part
        )
        check_labels_of(part, unknown, checked.class_names, path)
    if given and not (checked.parts == "test").any():
        raise DataError(f"{path} has no texts in its test part; add some, or remove that part.")


def check_labels_of(part, counts, class_names, path):
    """Refuse a part with labels that the training part lacks.

    Args:
        part: Its name.
        counts: `Counter` of its labels.
        class_names: Those of the training part.
        path: Where they come from, for the message.

    Raises:
        DataError: If it has such labels.

    Example:
        >>> check_labels_of("test", Counter({"good": 3}), ["bad", "good"], "films.csv")
    """
    unknown = Counter({label: count for label, count in counts.items() if label not in class_names})
    if unknown:
        listed = ", ".join(f"{quoted(label)} ({count:,})" for label, count in unknown.most_common(10))
        raise DataError(
            f"{path} has labels in its {part} part that its training part lacks: {listed}; correct them, "
            "or leave those texts out."
        )


def _leave_out_rare(checked, path):
    """Set classes aside that cannot be in two parts, if there are two others."""
    rare = set(rare_classes(checked.groups.tolist(), checked.labels))
    if rare and len(checked.class_names) - len(rare) >= 2:
        rows = [row for row, label in enumerate(checked.labels) if label in rare]
        listed = ", ".join(quoted(label) for label in sorted(rare)[:NAMES]) + (
            ", …" if len(rare) > NAMES else ""
        )
        checked.notes.append(
            f"{len(rare):,} {'class has' if len(rare) == 1 else 'classes have'} a single text, copies not "
            f"counted, which cannot be trained and tested on, and {'is' if len(rare) == 1 else 'are'} left "
            f"out: {listed}"
        )
        checked.set_aside(rows, "is the only text of its class, or a copy of it")
        checked.class_names = [name for name in checked.class_names if name not in rare]


def _note_conflicts(checked):
    """Say where the same text has two labels."""
    rows = {}
    for row, group in enumerate(checked.groups.tolist()):
        rows.setdefault(group, []).append(row)
    conflicts = []
    for members in rows.values():
        if len({checked.labels[row] for row in members}) > 1:
            same = {}
            for row in members:
                same.setdefault(normalized(checked.texts[row]), []).append(row)
            conflicts += [alike for alike in same.values() if len({checked.labels[row] for row in alike}) > 1]
    if conflicts:
        first = conflicts[0][0]
        second = next(row for row in conflicts[0] if checked.labels[row] != checked.labels[first])
        count = f"{len(conflicts):,} {'text has' if len(conflicts) == 1 else 'texts have'}"
        checked.found(
            "two labels for one text",
            [row for alike in conflicts for row in alike],
            "used; see which label is right",
            f"{count} more than one label: {quoted(checked.texts[first], 60)} is "
            f"{quoted(checked.labels[first])} ({checked.where(first)}) and "
            f"{quoted(checked.labels[second])} ({checked.where(second)})",
        )


def copies_between(checked, path, report_only=False, near=NEAR):
    """Leave texts out of the training part, and of that to validate on, of which there is a copy to test on.

    Args:
        checked: A `Checked`, which is changed.
        path: Where it comes from, for messages.
        report_only: Whether they are only reported.
        near: As of `copy_groups`.

    Raises:
        DataError: If a class would have no texts to train on then.

    Example:
        >>> checked = Checked(
        ...     ["So good!", "Fine.", "Bad.", "so good"], ["1", "1", "0", "1"], ["a"] * 4, [1, 2, 3, 4],
        ...     np.array(["train"] * 3 + ["test"]), np.array([0, 1, 2, 0]), ["0", "1"], [], [], [],
        ... )  # fmt: skip
        >>> copies_between(checked, "a")
        >>> checked.texts, checked.aside
        (['Fine.', 'Bad.', 'so good'], [('a, line 1', 'is a copy of a test text')])
    """
    for later, earlier in (("test", ("train", "validation")), ("validation", ("train",))):
        there = set(checked.groups[checked.parts == later].tolist())
        rows = [
            row for row, (group, part) in enumerate(zip(checked.groups.tolist(), checked.parts, strict=True))
            if part in earlier and group in there
        ]  # fmt: skip
        if not rows:
            continue
        both = {checked.groups[row] for row in rows}
        copied = [row for row in np.flatnonzero(checked.parts == later) if checked.groups[row] in both]
        example = next(row for row in rows if checked.groups[row] == checked.groups[copied[0]])
        others = "other" if later == "test" and "validation" in checked.parts else "training"
        nearly = ", or nearly" if near <= 1 else ""
        all_of_them = counted((checked.parts == later).sum(), f"{later} text")
        verb = "is a copy" if len(copied) == 1 else "are copies"
        said = (
            f"{len(copied):,} of {all_of_them} {verb} of {others} texts{nearly} "
            f"({checked.where(copied[0])} of {checked.where(example)})"
        )
        if report_only:
            checked.found(f"copies of {later} texts", rows, "used", f"{said}; all are used, so that results "
                          "stay comparable with those of others")  # fmt: skip
            continue
        left = set(
            np.array(checked.labels)[np.setdiff1d(np.flatnonzero(checked.parts == "train"), rows)].tolist()
        )
        if gone := [name for name in checked.class_names if name not in left]:
            raise DataError(
                f"{path}: {said}, and without them class {quoted(gone[0])} has no texts to train on; name "
                "other texts to test on."
            )
        checked.found(f"copies of {later} texts", rows, "set aside",
                      f"{said}; those {len(rows):,} are not trained on")  # fmt: skip
        checked.set_aside(rows, f"is a copy of a {later} text")


def _note_copies(checked, report_only, near):
    """Say how many texts have copies within the data."""
    kept = "" if report_only else "; a group is never split"
    counts = Counter(checked.groups.tolist())
    rows = [row for row, group in enumerate(checked.groups.tolist()) if counts[group] > 1]
    if rows:
        groups = len({checked.groups[row] for row in rows})
        nearly = ", or nearly," if near <= 1 else ""
        noun = "group" if groups == 1 else "groups"
        other = next(row for row in rows[1:] if checked.groups[row] == checked.groups[rows[0]])
        checked.found(
            "copies",
            rows,
            "used" if report_only else "on one side of a split",
            f"{len(rows):,} texts are copies of each other{nearly} in {groups:,} {noun} "
            f"({checked.where(other)} of {checked.where(rows[0])}){kept}",
        )


def _split(checked, path, seed, validation):
    """Take the parts that are missing from the training part."""
    lacking = [("test", TEST_SHARE)] if "test" not in checked.parts else []
    if validation and "validation" not in checked.parts:
        lacking.append(("validation", VALIDATION_SHARE))
    for part, share in lacking:
        rows = np.flatnonzero(checked.parts == "train")
        if part == "validation":  # of classes that have texts to spare
            rare = rare_classes(checked.groups[rows].tolist(), [checked.labels[row] for row in rows])
            rows = np.array([row for row in rows if checked.labels[row] not in rare], int)
            if not len(rows):
                continue
        texts, labels = ([column[row] for row in rows] for column in (checked.texts, checked.labels))
        _, taken = split(texts, labels, path, seed, checked.groups[rows].tolist(), share)
        checked.parts[rows[taken]] = part


def _note_uneven(checked):
    """Say how often the largest class would be right by itself."""
    name, note = uneven_classes(Counter(checked.labels))
    if note:
        rows = [row for row, label in enumerate(checked.labels) if label != name]
        checked.found("uneven classes", rows, "used; look at each class by itself", note)


def uneven_classes(counts):
    """The largest class, and a sentence if it has nearly all texts.

    Args:
        counts: `Counter` of all labels.

    Returns:
        `(name, a sentence without its full stop, or "")`.

    Example:
        >>> uneven_classes(Counter({"good": 90, "bad": 10}))[1]
        "class 'good' has 90 of 100 texts: always saying 'good' would be right for 90%"
    """
    (name, count), *_ = counts.most_common(1)
    share = count / counts.total()
    return name, "" if share < UNEVEN else (
        f"class {quoted(name)} has {count:,} of {counted(counts.total(), 'text')}: always saying "
        f"{quoted(name)} would be right for {share:.0%}"
    )  # fmt: skip


def aside_note(aside):
    """What was set aside, in one sentence without its full stop, or "" for nothing.

    Args:
        aside: List of (where, reason); empty texts are counted apart, and copies of test texts are not.

    Returns:
        str.

    Example:
        >>> aside_note([("films.csv, line 4", "has no label"), ("films.csv, line 9", "is empty")])
        '1 text set aside: films.csv, line 4 (has no label); 1 more is empty'
    """
    left = [
        (name, reason)
        for name, reason in aside
        if reason != "is empty" and not reason.startswith("is a copy")
    ]
    if not left:
        return ""
    listed = ", ".join(f"{name} ({reason})" for name, reason in left[:NAMES])
    more = f" and {len(left) - NAMES:,} more" if len(left) > NAMES else ""
    empty = sum(reason == "is empty" for _, reason in aside)
    empty = f"; {empty:,} more {'is' if empty == 1 else 'are'} empty" if empty else ""
    return f"{len(left):,} {'text' if len(left) == 1 else 'texts'} set aside: {listed}{more}{empty}"
