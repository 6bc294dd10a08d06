"""Labelled texts as a classifier is given them: lists, checked texts, or the name of a table or folder."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..checks.arguments import choice, shown
from ..errors import ModelError
from ..sibling import datasets_module
from .arguments import labels as label_list
from .arguments import texts as text_array

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Given:
    """Labelled texts to train on, and those to validate on.

    Attributes:
        texts: object (n,) of str.
        labels: List of n labels, all str or all int.
        validation: (texts, labels) to validate on, or None.
        checked: The `Texts` that they are from, or None where they came as lists.

    Example:
        >>> Given(np.array(["So good."], object), ["good"], (["Bad."], ["bad"])).names()
        ['text 1', 'text 2']
    """

    texts: np.ndarray
    labels: list
    validation: tuple | None = None
    checked: object = None

    def known(self):
        """All texts and labels that are not test ones: (object (m,), list of m), those to train on first."""
        more = self.validation or ((), ())
        return np.array([*self.texts, *more[0]], object), [*self.labels, *more[1]]

    def rows(self):
        """Rows of these in the checked texts, int (m,); None where they came as lists."""
        if self.checked is None:
            return None
        return np.concatenate([self.checked.of(part) for part in PARTS[:2]])

    def names(self):
        """Where each of these comes from, list of m str: file and line, or its number, counted from 1."""
        if self.checked is None:
            return [f"text {n + 1:,}" for n in range(len(self.known()[1]))]
        files, lines = self.checked.files, self.checked.rows
        return [f"{files[row]}, line {lines[row]:,}" if lines[row] else files[row] for row in self.rows()]

    def groups(self):
        """The same number for those that are copies of each other, or nearly: int (m,)."""
        if self.checked is None:
            return datasets_module("texts.copies").copy_groups(list(self.known()[0]))
        return self.checked.groups[self.rows()]


def given_texts(owner, texts, labels=None, validation=None, seed=0, verbose=0):
    """What a classifier is to be trained on.

    Args:
        owner: Name of the method, for messages.
        texts: n str; or, without labels, what `Texts.check` returned, or takes. Then its training part is
            trained on, its validation part validates, and its test part is not looked at.
        labels: A label for each text, or None.
        validation: (texts, labels) to validate on, or None.
        seed: Of the split, where the texts are still to be checked.
        verbose: 1 to print what the check found.

    Returns:
        A `Given`.

    Raises:
        ModelError: If they are none of these.
        DataError: If they cannot be read.

    Example:
        >>> given_texts("fit", ["So good.", "Bad."], ["good", "bad"]).labels
        ['good', 'bad']
    """
    if labels is not None:
        texts = text_array(owner, "texts", texts)
        return Given(texts, label_list(owner, "labels", labels), _pair(owner, validation))
    checked = checked_texts(owner, texts, seed, verbose)
    if validation is not None:
        raise ModelError(
            f"{owner} takes validation= with texts and labels; checked texts have their own part to "
            "validate on."
        )
    if len(checked.of("validation")):
        validation = _pair(owner, checked.pairs("validation"))
    texts, labels = checked.pairs("train")
    return Given(text_array(owner, "texts", texts), labels, validation, checked)


def checked_texts(owner, texts, seed=0, verbose=0):
    """Checked texts, from what was given without labels.

    Args:
        owner, texts, seed, verbose: As for `given_texts`.

    Returns:
        A `Texts`.

    Raises:
        ModelError: If it is neither a `Texts` nor what `Texts.check` takes.
        DataError: If the texts cannot be read.

    Example:
        >>> try:
        ...     checked_texts("fit", ["So good.", "Bad."])
        ... except ModelError as error:
        ...     print(str(error).partition(";")[0])
        fit needs a label for each text
    """
    if all(hasattr(texts, name) for name in ("pairs", "of", "parts", "groups", "class_names")):
        return texts
    if not isinstance(texts, (str, Path, datasets_module("sources").Source)):
        raise ModelError(
            f"{owner} needs a label for each text; without labels it takes texts as Texts.check returns "
            f"them, or a table, a folder or an archive of them, not {shown(texts)}."
        )
    return datasets_module("texts").Texts.check(texts, seed=seed, verbose=verbose)


def to_evaluate(owner, texts, labels, part, classes, seed=0):
    """Texts and labels to evaluate on.

    Args:
        owner, texts, labels, seed: As for `given_texts`.
        part: "train", "validation", "test" or "all" of checked texts.
        classes: The classifier's, in index order, all str or all int.

    Returns:
        (object (n,) of str, list of n labels of the kind that the classes are).

    Raises:
        ModelError: If they are none, or the part has no texts.
        DataError: If they cannot be read.

    Example:
        >>> to_evaluate("evaluate", ["So good."], ["good"], "test", ["bad", "good"])
        (array(['So good.'], dtype=object), ['good'])
    """
    choice(*PARTS, "all")(owner, "part", part)
    if labels is not None:
        return text_array(owner, "texts", texts), label_list(owner, "labels", labels)
    checked = checked_texts(owner, texts, seed)
    rows = np.arange(len(checked.labels)) if part == "all" else checked.of(part)
    if not len(rows):
        there = [name for name in PARTS if len(checked.of(name))]
        raise ModelError(f'{owner} finds no texts of part="{part}"; there are {", ".join(there)}.')
    known = {str(name): name for name in classes}  # those of a table are str, also where they are numbers
    names = [checked.class_names[number] for number in checked.labels[rows]]
    return text_array(owner, "texts", checked.texts[rows]), [known.get(name, name) for name in names]


def _pair(owner, validation):
    """(texts, labels) from what was given."""
    if validation is None:
        return None
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        raise ModelError(f"{owner} takes validation=(texts, labels), not {shown(validation)}.")
    texts, labels = validation
    return text_array(owner, "validation texts", texts), label_list(owner, "validation labels", labels)
