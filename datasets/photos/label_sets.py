"""Steps of the check of photos with several labels: copies, the split, labels that cannot be learned."""

from collections import Counter

import numpy as np

from ..files.display import Finding
from ..files.names import quoted
from ..labels import typos
from .split import FEW, SHARES
from .stratified import stratified

LEAST = 2  # photos that a label needs beside the test photos, and that must lack it


def matrix(sets, names):
    """Sets of labels as 0 and 1, uint8 (n, labels)."""
    column = {name: n for n, name in enumerate(names)}
    found = np.zeros((len(sets), len(names)), "uint8")
    for row, some in enumerate(sets):
        found[row, [column[name] for name in some]] = 1
    return found


def reject_contradictions(candidates, labels):
    """Reject exact copies whose labels differ, since one must be wrong."""
    same = {}
    for photo in candidates.photos:
        same.setdefault(photo.facts.digest, []).append(photo.name)
    rejected = {}
    for names in same.values():
        for name in names:
            other = next((each for each in names if labels[each] != labels[name]), None)
            if other is not None:
                reason = f"is an exact copy of {other}, which has other labels, and one must be wrong"
                rejected[name] = "with different labels", reason
    return candidates.without(rejected)


def divided(parts, labels, groups, seed):
    """A part for every photo, str (n,): those that the user has, and those that are missing."""
    parts = np.array([part or "train" for part in parts], "<U10")
    free = np.flatnonzero(parts == "train")
    shares = {part: share for part, share in SHARES.items() if part == "train" or part not in parts}
    total = sum(shares.values())
    found = stratified(labels[free], groups[free], [share / total for share in shares.values()], seed)
    parts[free] = np.array(list(shares), "<U10")[found]
    return parts


def learnable(labels, parts, names):
    """Which labels can be learned, bool (labels,), and a sentence about each other one."""
    known = labels[parts != "test"]
    counts, left_out = known.sum(0, dtype=int), []
    keep = (counts >= LEAST) & (len(known) - counts >= LEAST)
    for name, count in zip(np.array(names, object)[~keep], counts[~keep].tolist(), strict=True):
        if count < LEAST:
            have = "no photo has" if not count else "1 photo has"
        else:
            have = "all photos have" if count == len(known) else f"all photos but {len(known) - count} have"
        left_out.append(f"Left out is the label {quoted(name)}, which {have} beside the test photos.")
    return keep, tuple(left_out)


def findings_of(labels, names, parts):
    """What is notable about the number of photos with each label, as a list of `Finding`."""
    counts = labels.sum(0, dtype=int)
    few = [f"{name} ({count})" for name, count in zip(names, counts.tolist(), strict=True) if count < FEW]
    found = [Finding("few photos with a label", few, "used, but its results are uncertain")] if few else []
    tested = labels[parts == "test"].sum(0)
    without = [name for name, count in zip(names, tested.tolist(), strict=True) if not count]
    if without:
        found.append(Finding("no test photos with a label", without, "its test results are missing"))
    return found


def alike(names, labels):
    """A sentence about labels that look like typos of others, and one where no photo has several."""
    found = typos(Counter(dict(zip(names, labels.sum(0, dtype=int).tolist(), strict=True))))
    said = [f"The label {quoted(typo)} looks like a typo of {quoted(meant)}." for typo, meant in found[:5]]
    if labels.sum(1).max() < 2:
        said.append("No photo has more than one label.")
    return tuple(said)
