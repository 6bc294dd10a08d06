"""Folders that hold a folder of examples for each class: listed, read, checked and split."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import DataError
from .names import quoted, sentence, shown, shown_apart
from .results import is_results, results_in

LEAST = 5  # examples that a class needs, of which one is held out for the test
LISTED = 10  # examples set aside that are printed


@dataclass(frozen=True)
class Kind:
    """What the examples are.

    Attributes:
        noun: What one is called, such as "sound".
        formats: What they may be, for messages, such as "WAV, FLAC".
        example: Of a name, such as "one.wav".
        found: Function of a folder that gives the sorted paths of the examples directly in it.
    """

    noun: str
    formats: str
    example: str
    found: object


def locate(folder, kind):
    """Check that a folder holds class folders with examples, without reading them.

    Args:
        folder: Its path.
        kind: A `Kind`.

    Returns:
        The folder as a `Path`.

    Raises:
        DataError: If it is no folder, or holds none.
    """
    folder = Path(folder)
    wanted = f"holds one folder of {kind.noun}s for each class"
    try:
        if not folder.is_dir():
            what = "is a file, not a folder" if folder.exists() else "does not exist"
            raise DataError(f"{folder} {what}; name a folder that {wanted} as data=.")
        if not any(by_class(part, kind) for part in parts(folder, kind) if part):
            raise DataError(
                f"{folder} has no {kind.noun}s in class folders; put those of each class ({kind.formats}) "
                f"into a folder of its own, such as {folder / 'bark' / kind.example}."
            )
    except OSError as error:  # such as a name that is too long
        raise DataError(
            f"{folder} cannot be read ({error.strerror}); name another folder as data=."
        ) from error
    return folder


def parts(folder, kind):
    """(the folder of class folders to train on, the one to test on or None)."""
    train, test = folder / "train", folder / "test"
    if train.is_dir() and not kind.found(train):
        return train, test if test.is_dir() else None
    return folder, None


def by_class(folder, kind):
    """{class: its examples}, classes in alphabetical order; folders without examples are left out."""
    classes = sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))
    return {each.name: some for each in classes if not is_results(each) and (some := kind.found(each))}


def class_names(folder, kind):
    """The classes that can be trained on as they are shown, in alphabetical order of their folders."""
    folders = _large_enough(by_class(parts(folder, kind)[0], kind))
    texts = shown_apart(folders)
    return tuple(texts[each] for each in folders)


def count(folder, kind):
    """How many examples there are, used or not."""
    found = (by_class(part, kind) for part in parts(folder, kind) if part)
    return sum(len(some) for classes in found for some in classes.values())


def left_out(folder, kind):
    """A part of a message on what else is in the folder: results of lessons, and files of other kinds."""
    said, others = "", Counter()
    results, folders_inside = [], 0
    for part in filter(None, parts(folder, kind)):
        folders = [each for each in part.iterdir() if each.is_dir() and not each.name.startswith(".")]
        results += [shown(each.name) for each in folders if is_results(each)]
        for each in folders:
            if is_results(each) or not (some := kind.found(each)):
                continue
            used = set(some)
            rest = [entry for entry in each.iterdir() if entry not in used and entry.name[:1] != "."]
            others.update(entry.suffix.lower() or "no ending" for entry in rest if entry.is_file())
            folders_inside += sum(entry.is_dir() for entry in rest)
    if results:
        said += f", without {results_in(results)}"
    if others:
        common = sorted(others, key=lambda suffix: (-others[suffix], suffix))[:3]
        kinds = ", ".join(map(shown, common))
        said += f", without {others.total():,} {_plural('file', others.total())} of other kinds ({kinds})"
    if folders_inside:
        said += f", without {folders_inside:,} {_plural('folder', folders_inside)} that no {kind.noun} is in"
    return said


def read(folder, kind, reader, set_aside=None):
    """Read all examples, set aside what cannot be used, and split the others.

    Copies, which are the same array, stay on one side of the split. What is the same in two classes is set
    aside in both; a training example that is also in a given test part is set aside. So is a class with fewer
    than five examples, if two others are left.

    Args:
        folder: What `locate` returned.
        kind: A `Kind`.
        reader: Function of a path that gives an array, always of one shape; raises `DataError` where that is
            not possible.
        set_aside: List that `(path, reason)` of what is set aside is appended to; None if it is not needed.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: arrays, labels int64 (n,) in random order. Without a folder
        `test` always the same fifth of each class is held out.

    Raises:
        DataError: If there are fewer than two classes, or too few examples are left in one.
    """
    set_aside = [] if set_aside is None else set_aside
    first = len(set_aside)
    train, test = parts(folder, kind)
    every = by_class(train, kind)
    _check_classes(train, test, [*every], kind)
    classes = _large_enough(every)
    names = [*classes]
    _check_counts(train, {name: len(some) for name, some in classes.items()}, kind)
    tests = {} if test is None else by_class(test, kind)
    for name in [name for name in every if name not in classes]:
        number = f"{len(every[name])} {_plural(kind.noun, len(every[name]))}"
        reason = (
            f"is of the class {quoted(name)}, which has {number} to train on; {LEAST} or more are needed."
        )
        some = [*every[name], *tests.pop(name, [])]
        set_aside += [(str(path), f"{path} {reason}") for path in some]
    digests = {}
    training = _read_part(classes, names, reader, set_aside, digests)
    testing = None if test is None else _read_part(tests, names, reader, set_aside, digests)
    training, testing = _without_conflicts(training, testing, names, kind, digests, set_aside)
    rejected = set_aside[first:]
    why = (
        f"; {len(rejected):,} {'was' if len(rejected) == 1 else 'were'} set aside, such as: "
        if rejected
        else ""
    )
    why += sentence(rejected[0][1]).rstrip(".") if rejected else ""
    different = {name: len({digests[path] for path, _, label in training if label == n})
                 for n, name in enumerate(names)}  # fmt: skip
    _check_counts(train, different, kind, why)
    if testing is not None and not testing:
        raise DataError(f"{test} has no {kind.noun} left to test on{why}.")
    _say(rejected, kind, len(training) - sum(different.values()))
    sides = _shuffled(training, testing) if testing is not None else _split(training, digests)
    return tuple(_stacked(side) for side in sides)


def _large_enough(classes):
    """The classes that have enough examples; all, if those are fewer than two."""
    enough = {name: some for name, some in classes.items() if len(some) >= LEAST}
    return enough if len(enough) > 1 else classes


def _check_classes(train, test, names, kind):
    if len(names) < 2:
        raise DataError(
            f"{train} has {kind.noun}s of one class only, {', '.join(map(quoted, names))}; "
            "add a folder with those of another."
        )
    tested = by_class(test, kind) if test else {}
    if test and (not tested or not set(tested) <= set(names)):
        strange = ", ".join(map(quoted, sorted(set(tested) - set(names))))
        strange = strange or f"no {kind.noun}s in class folders"
        raise DataError(f"{test} must hold folders of the classes in {train}; it has {strange}.")


def _check_counts(train, counts, kind, why=None):
    """Refuse classes that are too small; `why` says what was set aside, once all are read."""
    few = [f"{quoted(name)} has {number}" for name, number in counts.items() if number < LEAST]
    if few:
        different = "" if why is None else " that can be used, all different"
        raise DataError(
            f"Each class in {train} needs {LEAST} {kind.noun}s or more{different}; {', '.join(few)}"
            f"{why or ''}."
        )


def _read_part(classes, names, reader, set_aside, digests):
    """[(path, array, label)] of what can be read; digests of the arrays go into a dictionary."""
    found = []
    for name, paths in classes.items():
        for path in paths:
            try:
                array = reader(path)
            except DataError as error:
                set_aside.append((str(path), str(error)))
                continue
            digests[path] = hashlib.sha256(np.ascontiguousarray(array)).digest()
            found.append((path, array, names.index(name)))
    return found


def _without_conflicts(training, testing, names, kind, digests, set_aside):
    """Both parts without what is in two classes, and training without what is in the test part, too."""
    labels = {}
    for path, _, label in [*training, *(testing or [])]:
        labels.setdefault(digests[path], {}).setdefault(label, path)
    tested = {digests[path]: path for path, _, _ in testing or []}
    kept = []
    for part in training, testing:
        rest = []
        for path, array, label in part or []:
            other = next((each for each in labels[digests[path]] if each != label), None)
            reason = ""
            if other is not None:
                where = labels[digests[path]][other]
                where = f"{where}, of the class {quoted(names[other])}; keep one"
                reason = f"{path} is the same {kind.noun} as {where}."
            elif part is training and digests[path] in tested:
                reason = (
                    f"{path} is the same {kind.noun} as {tested[digests[path]]}, which is to be tested on."
                )
            if reason:
                set_aside.append((str(path), reason))
            else:
                rest.append((path, array, label))
        kept.append(rest)
    return kept[0], None if testing is None else kept[1]


def _split(examples, digests):
    """Always the same fifth of each class is to test on; copies follow the first one of them."""
    from sklearn.model_selection import train_test_split

    groups = {}
    for path, array, label in examples:
        groups.setdefault(digests[path], []).append((path, array, label))
    groups = [*groups.values()]
    labels = [some[0][2] for some in groups]
    numbers = train_test_split([*range(len(groups))], test_size=0.2, stratify=labels, random_state=0)
    return [[each for number in side for each in groups[number]] for side in numbers]


def _shuffled(training, testing):
    from sklearn.utils import shuffle

    return [shuffle(part, random_state=0) for part in (training, testing)]


def _stacked(side):
    return np.stack([array for _, array, _ in side]), np.array([label for _, _, label in side], "int64")


def _say(rejected, kind, copies):
    """Print what was set aside and why, those that share a reason together, and how many copies there are."""
    if copies:
        are = "is a copy" if copies == 1 else "are copies"
        print(
            f"{copies:,} {_plural(kind.noun, copies)} {are} of others; copies stay on one side of the split.",
            flush=True,
        )
    if not rejected:
        return
    print(f"Set aside, {len(rejected):,} {_plural(kind.noun, len(rejected))}:", flush=True)
    alike = {}
    for path, reason in rejected:
        alike.setdefault(reason.replace(path, ""), []).append(reason)
    for reasons in [*alike.values()][:LISTED]:
        more = f" (and {len(reasons) - 1:,} more for this reason)" if len(reasons) > 1 else ""
        print(f"  {sentence(reasons[0])}{more}", flush=True)
    if len(alike) > LISTED:
        print(f"  and {sum(map(len, [*alike.values()][LISTED:])):,} more.", flush=True)


def _plural(noun, number):
    return noun if number == 1 else f"{noun}s"
