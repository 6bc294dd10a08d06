"""Checked texts as arrays: those of the training part and those of the test part."""

import numpy as np

MOST_LEFT_OUT = 9  # copies
TRIES = 50  # to fill the last tenth with whole groups of copies


def as_arrays(checked, together=True):
    """The training and the test part as arrays, the texts of each shuffled, always alike.

    Files often hold one class after the other: so the first texts of either part are a sample of all classes.

    Args:
        checked: A `datasets.texts.checking.Checked`.
        together: Whether copies are next to each other, see `with_copies_together`.

    Returns:
        `(x_train, y_train), (x_test, y_test), class_names`: texts, object (n,) of str; labels, int64 (n,);
        and a list of str.

    Example:
        >>> from datasets.texts.checking import check
        >>> from datasets.texts.collecting import Found, Part
        >>> texts = [f"{label} film {n}" for label in ("good", "bad") for n in range(10)]
        >>> found = Found({"train": Part(texts, ["good"] * 10 + ["bad"] * 10, ["a.csv"] * 20, range(2, 22))})
        >>> (x_train, y_train), (x_test, y_test), names = as_arrays(check(found, "a.csv"))
        >>> len(x_train), len(x_test), y_test, names
        (16, 4, array([0, 1, 1, 0]), ['bad', 'good'])
    """
    texts, labels = texts_and_labels(checked)
    train, test = (np.flatnonzero(checked.parts == part) for part in ("train", "test"))
    train, test = (part[np.random.default_rng(0).permutation(len(part))] for part in (train, test))
    if together:
        order = with_copies_together(checked.groups[train], labels[train])
        if left_out := len(train) - len(order):
            said = "copy is left out, so that" if left_out == 1 else "copies are left out, so that"
            checked.notes.append(f"{left_out} {said} the last tenth has no copies of other training texts")
        train = train[order]
    return (texts[train], labels[train]), (texts[test], labels[test]), list(checked.class_names)


def with_copies_together(groups, labels):
    """An order of shuffled texts whose last tenth, to validate on, has no copies in the rest.

    Args:
        groups: int (n,), the same for copies.
        labels: int (n,).

    Returns:
        int64 (k,): the order. Copies are next to each other, and on one side of the cut before the last tenth
        (at least one text). Where whole groups cannot fill it, up to nine copies of the same label are left
        out, or a group is cut if that does not help. Each class has texts before the cut, unless the others
        are too few. Texts without copies stay as they are, if this does not take others.

    Example:
        >>> with_copies_together(np.array([0, 1, 2, 0]), np.array([0, 1, 0, 0])).tolist()
        [0, 3, 1, 2]
    """
    classes, rows, first = set(labels.tolist()), np.arange(len(groups)), None
    for _ in range(MOST_LEFT_OUT + 1):
        order = rows[_together(groups[rows], labels[rows])]
        first = order if first is None else first
        cut = len(order) - max(1, len(order) // 10)
        if set(labels[order[:cut]].tolist()) != classes:
            break
        if not set(groups[order[:cut]].tolist()) & set(groups[order[cut:]].tolist()):
            return order
        alike = rows[(groups[rows] == groups[order[cut]]) & (labels[rows] == labels[order[cut]])]
        if len(alike) < 2:  # nothing that has another label is left out
            break
        rows = rows[rows != order[cut]]
    return first


def _together(groups, labels):
    blocks = {}
    for row, group in enumerate(groups.tolist()):
        blocks.setdefault(group, []).append(row)
    size = max(1, len(groups) // 10)
    first, rest = [], list(blocks.values())
    while True:
        order = np.array([row for block in (*first, *_last_filled(rest, size)) for row in block], "int64")
        lacking = set(labels.tolist()) - set(labels[order[:-size]].tolist())
        moved = []
        for label in sorted(lacking):
            if not any(label in labels[block] for block in moved):
                moved += [block for block in rest if label in labels[block]][:1]
        if not moved or sum(map(len, rest)) - sum(map(len, moved)) < size:
            return order
        first += moved
        rest = [block for block in rest if block not in moved]


def _last_filled(blocks, size):
    """Blocks of rows in such an order that the last ones have exactly a number of rows, if that can be."""
    for skipped in range(min(TRIES, len(blocks))):
        last, left = set(), size
        for number in range(len(blocks) - 1 - skipped, -1, -1):
            if len(blocks[number]) <= left:
                last.add(number)
                left -= len(blocks[number])
            if not left:
                kept = [block for number, block in enumerate(blocks) if number not in last]
                return kept + [block for number, block in enumerate(blocks) if number in last]
    return blocks


def texts_and_labels(checked):
    """All texts and labels as arrays.

    Args:
        checked: A `datasets.texts.checking.Checked`.

    Returns:
        Texts, object (n,) of str, and labels, int64 (n,).

    Example:
        >>> from types import SimpleNamespace
        >>> texts_and_labels(SimpleNamespace(texts=["Good."], labels=["good"], class_names=["bad", "good"]))
        (array(['Good.'], dtype=object), array([1]))
    """
    texts = np.empty(len(checked.texts), object)
    texts[:] = checked.texts
    numbers = {name: number for number, name in enumerate(checked.class_names)}
    return texts, np.array([numbers[label] for label in checked.labels], "int64")
