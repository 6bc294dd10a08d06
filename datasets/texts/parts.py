"""Checked texts as arrays: those of the training part and those of the test part."""

import numpy as np


def as_arrays(checked):
    """The training and the test part as arrays, the training texts shuffled, always alike.

    Args:
        checked: A `datasets.texts.checking.Checked`.

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
        (16, 4, array([1, 1, 0, 0]), ['bad', 'good'])
    """
    texts, labels = texts_and_labels(checked)
    train, test = (np.flatnonzero(checked.parts == part) for part in ("train", "test"))
    train = train[np.random.default_rng(0).permutation(len(train))]
    return (texts[train], labels[train]), (texts[test], labels[test]), list(checked.class_names)


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
