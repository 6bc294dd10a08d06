"""The split of photos into training, validation and test part; what shows the same stays together."""

import zlib
from collections import Counter
from dataclasses import replace

import numpy as np

from .. import labels as _labels
from ..files.display import Finding
from ..files.names import quoted
from ..sources import DataError

SHARES = {"test": 0.15, "validation": 0.15, "train": 0.7}
FEW = 10  # photos of a class; with fewer there is a warning
FEWEST = 3  # photos that a class needs: one each for training, validation and test
UNEVEN = 1.5  # times as many photos of one class as of another; from then on classes are weighted


def split(candidates, seed):
    """Put every photo into a part.

    Parts that the user has stay as they are; one that is missing is taken from the training photos.

    Args:
        candidates: A `Candidates` whose photos have a `group`.
        seed: The same seed gives the same split.

    Returns:
        A new `Candidates`, whose photos all have a `part`.

    Raises:
        DataError: If there are too few photos of a class.

    Example:
        >>> from datasets.photos.candidates import Candidate, Candidates
        >>> from datasets.photos.split import split
        >>> photos = tuple(Candidate(f"{n}.jpg", None, "ants", None, group=n) for n in range(20))
        >>> candidates = split(Candidates("zoo", photos, frozenset({(None, "ants")}), {}), seed=0)
        >>> [photo.part for photo in candidates.photos].count("train")
        14
    """
    photos = candidates.photos
    parts = np.array([photo.part or "train" for photo in photos], "<U10")
    labels = np.array([photo.label for photo in photos], object)
    groups = np.array([photo.group for photo in photos], int)
    free = parts == "train"
    shares = {part: share for part, share in SHARES.items() if part == "train" or part not in parts}
    every = _labels.in_order({label for _, label in candidates.classes})
    whole = _counts(every, labels, groups)
    training = _counts(every, labels[free], groups[free])
    _refuse_few(candidates, whole, FEWEST, "usable photos")
    _refuse_few(candidates, training, len(shares), "usable photos to train on")
    parts[free] = divide(labels[free], groups[free], shares, seed)
    photos = tuple(
        photo if photo.part == part else replace(photo, part=part)
        for photo, part in zip(photos, parts.tolist(), strict=True)
    )
    return replace(candidates, photos=photos).noting(*_findings(every, labels, parts))


def _counts(classes, labels, groups):
    """How many groups of photos each class has."""
    counts = Counter(label for label, _ in set(zip(labels.tolist(), groups.tolist(), strict=True)))
    return {label: counts[label] for label in classes}


def _refuse_few(candidates, counts, fewest, what):
    few = {label: count for label, count in counts.items() if count < fewest}
    if not few:
        return
    listed = ", ".join(f"{quoted(label)} ({count})" for label, count in list(few.items())[:10])
    more = f" and {len(few) - 10:,} more classes" if len(few) > 10 else ""
    kinds = Counter(kind for kind, _ in candidates.rejected.values()).most_common(3)
    why = "; set aside: " + ", ".join(f"{count:,} {kind}" for kind, count in kinds) if kinds else ""
    raise DataError(
        f"{candidates.source} has too few {what} of {listed}{more} (every class needs {fewest} different "
        f"ones or more{why}); add some, or move the class away."
    )


def _findings(classes, labels, parts):
    """What is notable about the number of photos in each class, as a list of `Finding`."""
    found = []
    counts = Counter(zip(labels.tolist(), parts.tolist(), strict=True))
    train, test = ({label: counts[label, part] for label in classes} for part in ("train", "test"))
    whole = Counter(labels.tolist())
    whole = {label: whole[label] for label in classes}
    few = [f"{label} ({count})" for label, count in whole.items() if count < FEW]
    if few:
        found.append(Finding("few photos of a class", few, "used, but its results are uncertain"))
    most, least = max(train, key=train.get), min(train, key=train.get)
    if train[most] >= UNEVEN * train[least]:
        names = [f"{label} ({train[label]})" for label in (most, least)]
        found.append(Finding("uneven classes", names, "rarer classes get larger class weights"))
    without = [label for label in classes if not test[label]]
    if without:
        found.append(Finding("no test photos of a class", without, "its test results are missing"))
    return found


def divide(labels, groups, shares, seed):
    """Divide photos into parts: stratified by class, and with all photos of a group in the same part.

    How the photos of a class are divided depends on them and the seed only.

    Args:
        labels: The class name of every photo, in an order that does not change.
        groups: A number for every photo, equal for those that must stay together; these are of
            one class.
        shares: Dictionary from part to its share; the last part gets the rest. Every class
            has at least as many groups as there are parts.
        seed: The same seed gives the same division.

    Returns:
        str (n,), a part for every photo.

    Example:
        >>> from datasets.photos.split import divide
        >>> parts = divide(["ants"] * 10, range(10), {"test": 0.2, "train": 0.8}, seed=0)
        >>> parts.tolist().count("test")
        2
    """
    labels, groups = np.asarray(labels, object), np.asarray(groups)
    parts = np.full(len(labels), list(shares)[-1], dtype="<U10")
    classes = {}
    for index, (label, group) in enumerate(zip(labels.tolist(), groups.tolist(), strict=True)):
        classes.setdefault(label, {}).setdefault(group, []).append(index)
    for label, members in sorted(classes.items()):
        members = list(members.values())
        size = sum(map(len, members))
        random = np.random.default_rng([seed, zlib.crc32(label.encode("utf-8", "backslashreplace"))])
        members = [members[position] for position in random.permutation(len(members))]
        for number, (part, share) in enumerate(list(shares.items())[:-1]):
            wanted = max(1, round(share * size))
            spare = len(members) - (len(shares) - number - 1)  # the others need one group each
            taken, left, count = [], [], 0
            for group in members:
                fits = count + len(group) <= wanted and len(taken) < spare
                (taken if fits else left).append(group)
                count += len(group) if fits else 0
            if not taken:
                smallest = min(left, key=len)
                left.remove(smallest)
                taken = [smallest]
            parts[np.concatenate(taken)] = part
            members = left
    return parts
