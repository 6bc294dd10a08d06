"""The classes of photos: similar names, and classes without photos to train on."""

import unicodedata
from collections import Counter
from dataclasses import replace

from .. import labels
from ..files.display import Finding
from ..files.names import quoted
from ..sources import DataError


def reject_untrained_classes(candidates):
    """Reject the photos of classes that have none to train on, and note similar class names.

    Args:
        candidates: A `Candidates`.

    Returns:
        A new `Candidates`.

    Raises:
        DataError: If there is only one class to train on, or if names of classes differ in capital
            letters only.
    """
    refuse_the_same_name_twice(candidates.source, {label for _, label in candidates.classes})
    train = {label for part, label in candidates.classes if part in (None, "train")}
    if not candidates.classes:
        raise DataError(
            f"{candidates.source} names no photo of any class to train on; add some, or name another."
        )
    if not train:
        raise DataError(
            f"{candidates.source} has photos to test on, but none to train on; add some, or take the name "
            "of their part out of the names of files, folders or rows."
        )
    if len(train) == 1:
        raise DataError(
            f"{candidates.source} has only one class to train on, {quoted(next(iter(train)))}, so there is "
            "nothing to tell apart; add photos of another."
        )
    rejected = {
        photo.name: (
            "without a class",
            f"is of class {photo.label}, of which there are no photos to train on",
        )
        for photo in candidates.photos
        if photo.label not in train
    }
    classes = frozenset((part, label) for part, label in candidates.classes if label in train)
    alike = labels.typos(Counter(photo.label for photo in candidates.photos))
    if alike:
        names = [f"{typo} beside {meant}" for typo, meant in alike]
        candidates = candidates.noting(Finding("class names alike", names, "used as different classes"))
    return replace(candidates, classes=classes).without(rejected)


def refuse_the_same_name_twice(source, labels, what="classes"):
    """Refuse names that differ in nothing but capital letters or the form of a letter.

    Args:
        source: What messages call the data.
        labels: Set of the names.
        what: What these are.

    Raises:
        DataError: If there are two such names.

    Example:
        >>> from datasets.photos.classes import refuse_the_same_name_twice
        >>> refuse_the_same_name_twice("zoo", {"ants", "bees"})
    """
    known = {}
    for label in sorted(labels):
        first = known.setdefault(unicodedata.normalize("NFKC", label).casefold().strip(), label)
        if first != label:
            raise DataError(
                f"{source} has the {what} {quoted(first)} and {quoted(label)}, which seem to be "
                "one; name them alike."
            )
