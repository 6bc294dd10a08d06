"""Labelled texts as arrays: those of the training part and those of the test part."""

from collections import Counter

import numpy as np

from ..files.names import quoted
from ..labels import check_labels, in_order, split
from ..sources import DataError


def without_empty(parts):
    """Leave out texts without letters.

    Args:
        parts: {part: (texts, labels)}.

    Returns:
        `(parts, count)`: the same without them, and how many they were.

    Example:
        >>> without_empty({"train": (["Good.", " "], ["good", "bad"])})
        ({'train': (('Good.',), ('good',))}, 1)
    """
    full = {
        part: [(text, label) for text, label in zip(*both, strict=True) if text.strip()]
        for part, both in parts.items()
    }
    empty = sum(len(parts[part][0]) - len(pairs) for part, pairs in full.items())
    return {part: tuple(zip(*pairs, strict=True)) or ((), ()) for part, pairs in full.items()}, empty


def as_arrays(parts, path, class_names=None):
    """Check labels, split texts that come in one part, and shuffle the training texts, always alike.

    Args:
        parts: {"train" and, if there is one, "test": (texts, labels)}.
        path: Where they come from, for messages.
        class_names: In index order; None for the labels of the training part, see `datasets.labels.in_order`.

    Returns:
        `(x_train, y_train), (x_test, y_test), class_names`: texts, object (n,) of str; labels, int64 (n,);
        and a list of str. Texts in one part are split 80 to 20, stratified, equal texts on one side.

    Raises:
        DataError: If there is only one class, labels look like typos, or the parts do not fit each other.

    Example:
        >>> texts = [f"{label} film {n}" for label in ("good", "bad") for n in range(10)]
        >>> (x_train, y_train), (x_test, y_test), names = as_arrays(
        ...     {"train": (texts, ["good"] * 10 + ["bad"] * 10)}, "films.csv"
        ... )
        >>> len(x_train), len(x_test), y_test, names
        (16, 4, array([1, 1, 0, 0]), ['bad', 'good'])
    """
    texts, labels = parts["train"]
    check_labels(labels, path)
    class_names = in_order(set(labels)) if class_names is None else list(class_names)
    if "test" in parts:
        _check_test_part(*parts["test"], class_names, path)
    else:
        train, test = split(texts, labels, path)
        parts = {
            part: ([texts[index] for index in chosen], [labels[index] for index in chosen])
            for part, chosen in (("train", train), ("test", test))
        }
    x, y = _arrays(*parts["train"], class_names)
    order = np.random.default_rng(0).permutation(len(x))
    return (x[order], y[order]), _arrays(*parts["test"], class_names), class_names


def _check_test_part(texts, labels, class_names, path):
    """Refuse a test part without texts, or with labels that the training part lacks."""
    unknown = Counter(labels)
    for name in class_names:
        unknown.pop(name, None)
    if unknown:
        listed = ", ".join(f"{quoted(label)} ({count:,})" for label, count in unknown.most_common(10))
        raise DataError(
            f"{path} has labels in its test part that its training part lacks: {listed}; correct them, or "
            "leave those texts out."
        )
    if not texts:
        raise DataError(f"{path} has no texts in its test part; add some, or remove that part.")


def _arrays(texts, labels, class_names):
    x = np.empty(len(texts), object)
    x[:] = texts
    numbers = {name: number for number, name in enumerate(class_names)}
    return x, np.array([numbers[label] for label in labels], "int64")
