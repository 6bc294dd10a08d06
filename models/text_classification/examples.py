"""Labelled texts in order: their classes, and which of them train and which validate."""

import numpy as np

from ..checks.arguments import shown
from ..errors import ModelError
from ..sibling import datasets_module
from .training import validation_size


def class_names(owner, texts, labels):
    """The classes in index order: numbers by size, other names by the alphabet.

    Args:
        owner: Name of the method, for messages.
        texts: Array (n,) of str.
        labels: List of n str or n int.

    Returns:
        List of str or of int.

    Raises:
        ModelError: If there are no texts, not as many labels, or only one class.

    Example:
        >>> class_names("fit", ["x", "y", "z"], [3, 1, 3])
        [1, 3]
    """
    _check_lengths(owner, texts, labels)
    if not len(texts):
        raise ModelError(f"{owner} needs texts to learn from, and there are none.")
    names = datasets_module("labels").in_order(set(labels))
    if len(names) < 2:
        raise ModelError(f"{owner} needs labels of two or more classes, and all are {shown(names[0])}.")
    return names


def checked_labels(owner, texts, labels, names, what=""):
    """Class indices of labels, which must be among the known ones.

    Args:
        owner: Name of the method, for messages.
        texts: Array (n,) of str.
        labels: List of n str or n int.
        names: The classes in index order.
        what: What stands before "texts" and "labels" in messages.

    Returns:
        int64 array (n,).

    Raises:
        ModelError: If there are none, not as many labels as texts, or a class is unknown.

    Example:
        >>> checked_labels("evaluate", ["x", "y"], ["b", "a"], ["a", "b", "c"])
        array([1, 0])
    """
    _check_lengths(owner, texts, labels, what)
    if not len(texts):
        raise ModelError(f"{owner} needs {what}texts, and there are none.")
    known = set(names)
    if unknown := [label for label in labels if label not in known]:
        raise ModelError(
            f"{owner} knows no class {shown(unknown[0])} of the {what}labels; the classes are {shown(names)}."
        )
    return indices(labels, names)


def indices(labels, names):
    """Class indices of labels.

    Args:
        labels: List of n labels.
        names: The classes in index order, all of the labels among them.

    Example:
        >>> indices(["b", "a"], ["a", "b"])
        array([1, 0])
    """
    index = {name: n for n, name in enumerate(names)}
    return np.array([index[label] for label in labels], "int64")


def split(texts, labels, seed):
    """Texts to train on and, from the end, a tenth to validate on.

    Texts that come sorted by class are shuffled first: otherwise the last tenth would be of one class.

    Args:
        texts: Array (n,) of str.
        labels: Integers (n,).
        seed: Of the shuffling.

    Returns:
        `((texts, labels), (texts, labels))`.

    Example:
        >>> texts = np.array(list("abcdefghij"), object)
        >>> (train, _), (validation, labels) = split(texts, np.arange(10) % 2, seed=0)
        >>> "".join(train), validation, labels
        ('abcdefghi', array(['j'], dtype=object), array([1]))
    """
    if _is_sorted(labels):
        order = np.random.default_rng(seed).permutation(len(texts))
        texts, labels = texts[order], labels[order]
    fitted = len(texts) - validation_size(len(texts))
    return (texts[:fitted], labels[:fitted]), (texts[fitted:], labels[fitted:])


def _is_sorted(labels):
    """Whether the class changes from text to text far less often than in a random order."""
    shares = np.bincount(labels) / len(labels)
    expected = (len(labels) - 1) * (1 - np.sum(shares**2))
    return np.count_nonzero(np.diff(labels)) < expected / 4


def _check_lengths(owner, texts, labels, what=""):
    if len(texts) != len(labels):
        raise ModelError(
            f"{owner} needs one label for each text, and there are {len(labels):,} {what}labels for "
            f"{len(texts):,} {what}texts."
        )
