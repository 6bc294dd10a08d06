"""Labels of texts: typos among them, their order, and a stratified split."""

import difflib
import re
from collections import Counter

import numpy as np

from .files.names import quoted, shown
from .sources import DataError

TEST_SHARE = 0.2
MAX_COMPARED = 200  # classes; more would take long


def check_labels(labels, name):
    """Refuse labels that cannot be what was meant.

    Args:
        labels: A label for every text, as strings.
        name: What messages call their source.

    Raises:
        DataError: If there are fewer than two classes, or labels that look like typos of others.

    Example:
        >>> from datasets import DataError
        >>> try:
        ...     check_labels(["good"] * 9 + ["Good", "bad"], "films.csv")
        ... except DataError as error:
        ...     print(error)
        films.csv has labels that look like typos of others: 'Good' (1) beside 'good' (9); write them alike.
    """
    counts = Counter(labels)
    if not counts:
        raise DataError(f"{name} holds no texts, or only empty ones; name a file or folder that does.")
    if len(counts) == 1:
        raise DataError(
            f"{name} has only one class, {quoted(next(iter(counts)))}, so there is nothing to learn; "
            "add texts of another class, or name the right column with label_column=."
        )
    if found := typos(counts):
        listed = ", ".join(
            f"{quoted(typo)} ({counts[typo]:,}) beside {quoted(meant)} ({counts[meant]:,})"
            for typo, meant in found[:10]
        )
        raise DataError(f"{name} has labels that look like typos of others: {listed}; write them alike.")


def typos(counts):
    """Labels that look like typos of more frequent ones.

    Args:
        counts: A `Counter` of the labels.

    Returns:
        List of pairs (label, what may have been meant), the rarest first.

    Example:
        >>> typos(Counter({"positive": 500, "negative": 500, "postive": 2}))
        [('postive', 'positive')]
    """
    total, common, found = counts.total(), {}, []
    for label, count in counts.most_common():
        key = " ".join(label.casefold().split())
        if re.search(r"\d", key):
            continue  # 1 and 11, or class_1 and class_2, are similar without being typos
        if key in common:
            found.append((label, common[key]))
        elif count < max(2, 0.01 * total) and len(counts) <= MAX_COMPARED:
            for near in difflib.get_close_matches(key, common, n=1, cutoff=0.8):
                shorter, longer = sorted((key, near), key=len)
                prefixed = longer.endswith(shorter) and len(longer) >= len(shorter) + 2  # "irrelevant"
                if counts[common[near]] >= 5 * count and not prefixed:
                    found.append((label, common[near]))
        common.setdefault(key, label)
    return found[::-1]


def as_names(labels, name):
    r"""Labels as class names on one line that can be printed, as `datasets.files.names.shown` writes them.

    Args:
        labels: Strings.
        name: What messages call their source.

    Returns:
        List of str.

    Raises:
        DataError: If two different labels would be one class then.

    Example:
        >>> as_names(["good", "so\nso"], "films.csv")
        ['good', 'so\\nso']
    """
    names = {label: shown(label) for label in set(labels)}
    if len(set(names.values())) < len(names):
        alike = [name for name, count in Counter(names.values()).items() if count > 1]
        raise DataError(
            f"{shown(name)} has two different labels that are both printed as {quoted(alike[0])}; rename one."
        )
    return [names[label] for label in labels]


def in_order(labels):
    """Class names in index order: numbers by size, other names by the alphabet.

    Args:
        labels: Different labels, str or numbers.

    Returns:
        List of them.

    Example:
        >>> in_order({"10", "9", "2.5"}), in_order({"good", "bad", "10"})
        (['2.5', '9', '10'], ['10', 'bad', 'good'])
    """
    try:
        return sorted(labels, key=float)
    except ValueError:
        return sorted(labels)


def by_class(groups, labels):
    """The groups of texts of each class.

    Args:
        groups: A number for every text, the same for texts of one group.
        labels: A label for every text. A group with several goes with the label of its first text.

    Returns:
        {label: list of groups, each a list of indices}, the labels sorted.

    Example:
        >>> by_class([0, 1, 0, 2], ["good", "bad", "bad", "bad"])
        {'bad': [[1], [3]], 'good': [[0, 2]]}
    """
    found, classes = {}, {label: [] for label in sorted(set(labels))}
    for index, (group, label) in enumerate(zip(groups, labels, strict=True)):
        if group not in found:
            found[group] = []
            classes[label].append(found[group])
        found[group].append(index)
    return classes


def rare_classes(groups, labels):
    """Classes that cannot be in two parts, since all their texts are copies of each other.

    Args:
        groups: A number for every text, the same for texts of one group.
        labels: A label for every text.

    Returns:
        Sorted list of labels.

    Example:
        >>> rare_classes([0, 1, 2, 2], ["good", "good", "bad", "bad"])
        ['bad']
    """
    counts = Counter(label for _, label in set(zip(groups, labels, strict=True)))
    return sorted(label for label, count in counts.items() if count < 2)


def split(texts, labels, name, seed=0, groups=None, share=TEST_SHARE):
    """Split texts into a training and a test part, equal texts always on one side.

    Args:
        texts: List of str.
        labels: A label for every text.
        name: What messages call their source.
        seed: Of the shuffling.
        groups: A number for every text, the same for texts that stay on one side; None for texts that differ
            only in capital letters and in spaces around them.
        share: Of the texts of each class that are for the test part, about.

    Returns:
        Two integer arrays: indices of the training texts and of the test texts, of which
        there are about 20 % of every class.

    Raises:
        DataError: If a class has fewer than two different texts of its own, or groups.

    Example:
        >>> train, test = split([str(n) for n in range(10)], ["good"] * 5 + ["bad"] * 5, "films.csv")
        >>> len(train), len(test), sum(test < 5).item()
        (8, 2, 1)
    """
    if groups is None:
        groups = [text.strip().casefold() for text in texts]
    classes = by_class(groups, labels)
    if rare := rare_classes(groups, labels):
        different = Counter(label for _, label in set(zip(groups, labels, strict=True)))
        listed = ", ".join(f"{quoted(label)} ({different[label]:,})" for label in rare[:10])
        more = f" and {len(rare) - 10:,} more" if len(rare) > 10 else ""
        raise DataError(
            f"{name} has too few different texts to train and to test on in {listed}{more}; every class "
            "needs 2 or more: add some, leave the class out, or name the right column with label_column=."
        )
    random = np.random.default_rng(seed)
    test = []
    for members in classes.values():
        if len(members) < 2:
            continue  # others of its texts are copies of another class's, and go where those go
        wanted = max(1, round(share * sum(map(len, members))))
        taken = []
        for position in random.permutation(len(members)):
            if len(taken) + len(members[position]) <= wanted:
                taken += members[position]
        test += taken or min(members, key=len)
    test = np.sort(np.array(test))
    return np.setdiff1d(np.arange(len(texts)), test), test
