"""What photos that can be decoded are not used all the same, and which part each of the others is in."""

import hashlib
import unicodedata
from collections import Counter
from dataclasses import dataclass

import numpy as np

from .. import labels as _labels
from ..files.names import quoted, shown
from ..sources import DataError
from . import duplicates, split
from .pixels import Unusable, decode

SHARES = {"test": 0.15, "validation": 0.15, "train": 0.7}
FEW = 10  # photos of a class; with fewer there is a warning
FEWEST = 3  # photos that a class needs: one each to train, to validate and to test
UNEVEN = 1.5  # times as many photos of one class as of another; from then on classes are weighted

ONE_COLOUR = 4  # shades of 255 between the darkest and the lightest pixel; below that there is nothing to see
# A placeholder, such as "image not found", is mostly of one colour and has few others ...
MOSTLY = 0.8
COLOURS = 64  # of 4,096
# ... where nine in ten pictures of its class are not mostly of one colour
USUALLY = 0.6

_HELD_OUT = ("test", "validation", "train", None)  # of two copies the one in the earlier part stays
ACTIONS = {
    "16-bit": "brought to 8 bits",
    "CMYK": "turned into RGB",
    "EXIF-rotated": "turned upright",
    "alpha": "white put beneath",
    "animated": "first frame used",
    "palette": "turned into RGB",
    "tiny": "enlarged",
    "wrong extension": "used all the same",
}


@dataclass(frozen=True)
class Finding:
    """Something that the check-up found.

    Attributes:
        what: Such as "truncated" or "near duplicates".
        files: Names of the files, or of the classes, that it is about.
        action: What was done, such as "set aside".
    """

    what: str
    files: list
    action: str


@dataclass
class Look:
    """What one look at a photo tells.

    Attributes:
        pixels: uint8 (size, size, 3); None once they are stored elsewhere.
        digest: SHA-256 of the file.
        square: SHA-256 of the pixels.
        traits: What is odd about it.
        side: The shorter side of the photo, in pixels.
        hash: bool (64,), a perceptual hash.
        thumbnail: uint8 (32, 32).
        flat: Share of the commonest colour.
        colours: Number of colours, of 4,096.
    """

    pixels: np.ndarray
    digest: bytes
    square: bytes
    traits: set
    side: int
    hash: np.ndarray
    thumbnail: np.ndarray
    flat: float
    colours: int


def look(file, content, room=None, *, size):
    """Decode a photo and note what is needed to judge it.

    Raises:
        Unusable: If it cannot be decoded, or shows nothing.
    """
    decoded = decode(content, size, file.name, room)
    pixels = decoded.pixels
    if decoded.side < size / 4:
        decoded.traits.add("tiny")
    if np.ptp(pixels.reshape(-1, 3), axis=0).max() < ONE_COLOUR:
        raise Unusable("flat", "is of one colour throughout")
    counts = np.bincount(((pixels >> 4).astype("int16") @ np.array([256, 16, 1], "int16")).ravel())
    hashed, thumbnail = duplicates.fingerprint(pixels)
    return Look(
        pixels=pixels,
        digest=decoded.digest,
        square=hashlib.sha256(pixels.tobytes()).digest(),
        traits=decoded.traits,
        side=decoded.side,
        hash=hashed,
        thumbnail=thumbnail,
        flat=counts.max() / counts.sum(),
        colours=np.count_nonzero(counts),
    )


class Review:
    """Photos on their way to be used.

    Attributes:
        names: Of the photos, sorted.
        looks: A `Look` for each.
        given: The part that the user put each in, or None.
        labels: The class of each.
        classes: All pairs (part, class) that the user has, those without photos too.
        aside: What is not used: `(kind, reason)` by name.
        groups: int (n,), equal for photos that show the same.
        findings: List of `Finding`.
    """

    def __init__(self, source, looks, places, aside, classes):
        """Take over what was decoded.

        Args:
            source: What messages call the data.
            looks: `Look` by name.
            places: Part, or None, and class by name.
            aside: `(kind, reason)` by name of what was not decoded.
            classes: All pairs of part and class that there are.
        """
        self.source, self.aside, self.classes = shown(source), dict(aside), classes
        self.names = sorted(name for name in looks if name in places and name not in aside)
        self.looks = [looks[name] for name in self.names]
        self.given = [places[name][0] for name in self.names]
        self.labels = [places[name][1] for name in self.names]
        self.groups = np.arange(len(self.names))
        self.findings = []

    def kept(self):
        """Indices of the photos that are used, as far as is known by now."""
        return [index for index, name in enumerate(self.names) if name not in self.aside]

    def _set_aside(self, index, kind, reason):
        self.aside.setdefault(self.names[index], (kind, reason))

    def check_classes(self):
        """Refuse one class alone, and names of classes that differ in capital letters only.

        A class that is in a held-out part only is set aside.
        """
        train = {label for part, label in self.classes if part in (None, "train")}
        alike = {}
        for label in sorted({label for _, label in self.classes}):
            first = alike.setdefault(unicodedata.normalize("NFKC", label).casefold().strip(), label)
            if first != label:
                raise DataError(
                    f"{self.source} has the classes {quoted(first)} and {quoted(label)}, which seem to be "
                    "one; name them alike."
                )
        if not train:
            raise DataError(
                f"{self.source} names no photo of any class to train on; add some, or name another."
            )
        if len(train) == 1:
            raise DataError(
                f"{self.source} has only one class to train on, {quoted(next(iter(train)))}, so there is "
                "nothing to tell apart; add photos of another."
            )
        for index in self.kept():
            if self.labels[index] not in train:
                reason = f"is of class {self.labels[index]}, of which there are no photos to train on"
                self._set_aside(index, "without a class", reason)
        self.classes = {(part, label) for part, label in self.classes if label in train}
        found = _labels.typos(Counter(self.labels))
        if found:
            names = [f"{typo} beside {meant}" for typo, meant in found]
            self.findings.append(Finding("class names alike", names, "taken for different classes"))

    def set_aside_placeholders(self):
        """Set aside pictures such as "image not found", unless all are of that style, as drawings are."""
        kept = np.array(self.kept(), int)
        looks = [self.looks[index] for index in kept]
        labels = np.array([self.labels[index] for index in kept], object)
        flat = np.array([look.flat for look in looks])
        plain = np.array([look.flat > MOSTLY and look.colours <= COLOURS for look in looks], bool)
        judging = self._not_to_test_on(kept)
        for label in set(labels[plain]):
            others = flat[~plain & (labels == label) & judging]
            if len(others) < 4 or np.quantile(others, 0.9) > USUALLY:
                continue
            for part in judging, ~judging:
                suspects = np.flatnonzero(plain & (labels == label) & part)
                if 9 * len({looks[number].square for number in suspects}) <= len(others):
                    for number in suspects:
                        reason = "is nearly all of one colour, as a picture that says 'not found'"
                        self._set_aside(kept[number], "placeholder", reason)

    def _not_to_test_on(self, indices):
        """Which photos may decide how others are judged: not those of the user's test part."""
        return np.array([self.given[index] != "test" for index in indices], bool)

    def set_aside_copies(self):
        """Decide about photos that show the same."""
        kept = np.array(self.kept(), int)
        looks = [self.looks[index] for index in kept]
        groups = duplicates.groups(len(looks), _same(looks, self._not_to_test_on(kept)))
        self.groups[kept] = groups
        order = np.argsort(groups, kind="stable")
        starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
        for group in np.split(kept[order], starts[1:]):
            if len(group) > 1:
                self._set_aside_of_group(group.tolist())
        left = np.array(self.kept(), int)
        alike = np.bincount(self.groups[left], minlength=1)[self.groups[left]] > 1
        near = left[alike][np.argsort(self.groups[left][alike], kind="stable")]
        if len(near):
            names = [self.names[index] for index in near]
            self.findings.append(Finding("near duplicates", names, "kept in one part"))

    def _set_aside_of_group(self, group):
        """Set aside copies: all if classes differ, exact ones, and those in a part that trains."""
        name, label, given = self.names, self.labels, self.given
        if len({label[index] for index in group}) > 1:
            for index in group:
                other = next(other for other in group if label[other] != label[index])
                reason = f"is the same photo as {name[other]} of class {label[other]}, and one must be wrong"
                self._set_aside(index, "in two classes", reason)
            return
        group.sort(key=lambda index: (_HELD_OUT.index(given[index]), name[index]))
        kept, first = {}, group[0]
        for index in group:
            same = kept.setdefault(self.looks[index].digest, index)
            if given[index] != given[first]:
                reason = f"is the same photo as {name[first]}, which is in the {given[first]} part"
                self._set_aside(index, "in two parts", reason)
            elif same != index:
                self._set_aside(index, "exact copy", f"is an exact copy of {name[same]}")

    def divide(self, seed):
        """Say which part every photo is in that is still used.

        Returns:
            List of str, "train", "validation" or "test".

        Raises:
            DataError: If there are too few of a class.
        """
        kept = self.kept()
        parts = np.array([self.given[index] or "train" for index in kept], "<U10")
        labels = np.array([self.labels[index] for index in kept], object)
        groups = self.groups[kept]
        free = parts == "train"
        shares = {part: share for part, share in SHARES.items() if part == "train" or part not in parts}
        every = _labels.in_order({label for _, label in self.classes})
        whole = {label: len(set(groups[labels == label])) for label in every}
        training = {label: len(set(groups[free & (labels == label)])) for label in every}
        self._refuse_few(whole, FEWEST, "usable photos")
        self._refuse_few(training, len(shares), "usable photos to train on")
        parts[free] = split.divide(labels[free], groups[free], shares, seed)
        self._note_counts(every, labels, parts)
        return parts

    def _refuse_few(self, counts, fewest, what):
        few = {label: count for label, count in counts.items() if count < fewest}
        if not few:
            return
        listed = ", ".join(f"{quoted(label)} ({count})" for label, count in list(few.items())[:10])
        more = f" and {len(few) - 10:,} more classes" if len(few) > 10 else ""
        kinds = Counter(kind for kind, _ in self.aside.values()).most_common(3)
        why = "; set aside: " + ", ".join(f"{count:,} {kind}" for kind, count in kinds) if kinds else ""
        raise DataError(
            f"{self.source} has too few {what} of {listed}{more} (every class needs {fewest} different "
            f"ones or more{why}); add some, or move the class away."
        )

    def _note_counts(self, classes, labels, parts):
        counts = {label: np.count_nonzero((labels == label) & (parts == "train")) for label in classes}
        whole = {label: np.count_nonzero(labels == label) for label in classes}
        few = [f"{label} ({count})" for label, count in whole.items() if count < FEW]
        if few:
            self.findings.append(Finding("few photos of a class", few, "used; take its results with care"))
        most, least = max(counts, key=counts.get), min(counts, key=counts.get)
        if counts[most] >= UNEVEN * counts[least]:
            names = [f"{label} ({count})" for label, count in ((most, counts[most]), (least, counts[least]))]
            self.findings.append(Finding("uneven classes", names, "the rarer, the more a photo weighs"))
        lacking = [label for label in classes if not np.any((labels == label) & (parts == "test"))]
        if lacking:
            self.findings.append(
                Finding("no test photos of a class", lacking, "its test results are missing")
            )

    def all_findings(self):
        """What was set aside, what is odd, and the rest, as a list of `Finding`."""
        kinds, traits = {}, {}
        for name, (kind, _) in sorted(self.aside.items()):
            kinds.setdefault(kind, []).append(name)
        for index in self.kept():
            for trait in self.looks[index].traits:
                traits.setdefault(trait, []).append(self.names[index])
        return (
            [Finding(kind, names, "set aside") for kind, names in sorted(kinds.items())]
            + [Finding(trait, names, ACTIONS[trait]) for trait, names in sorted(traits.items())]
            + self.findings
        )


def _same(looks, like):
    """Pairs of photos that show the same, as int (pairs, 2); `like` as in `duplicates.pairs`."""
    first, equal = {}, []
    for number, look in enumerate(looks):
        for key in look.digest, look.square:
            same = first.setdefault(key, number)
            if same != number:
                equal.append((same, number))
    large = np.array([n for n, look in enumerate(looks) if look.side >= duplicates.MIN_SIDE], int)
    near = np.empty((0, 2), int)
    if len(large) > 1:
        near = large[
            duplicates.pairs(
                np.array([looks[number].hash for number in large]),
                np.array([looks[number].thumbnail for number in large]),
                like[large],
            )
        ]
    return np.concatenate([near, np.array(equal, int).reshape(-1, 2)])
