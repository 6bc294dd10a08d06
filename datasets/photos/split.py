"""A stratified split of photos that leaves together what shows the same."""

import zlib

import numpy as np


def divide(labels, groups, shares, seed):
    """Divide photos into parts, of every class its share, of every group all or nothing.

    A class's division depends on its own photos and the seed only.

    Args:
        labels: A class name for every photo, in an order that does not change.
        groups: A number for every photo, equal for those that must stay together, which are of
            one class.
        shares: Dictionary from part to its share; the last one gets what is left. Every class
            has at least as many groups as there are parts.
        seed: Of the shuffling.

    Returns:
        str (n,), a part for every photo.
    """
    labels, groups = np.asarray(labels, object), np.asarray(groups)
    parts = np.full(len(labels), list(shares)[-1], dtype="<U10")
    for label in sorted(set(labels)):
        of_class = np.flatnonzero(labels == label)
        members = {}
        for index in of_class:
            members.setdefault(groups[index], []).append(index)
        members = list(members.values())
        random = np.random.default_rng([seed, zlib.crc32(label.encode("utf-8", "backslashreplace"))])
        members = [members[position] for position in random.permutation(len(members))]
        for number, (part, share) in enumerate(list(shares.items())[:-1]):
            wanted = max(1, round(share * len(of_class)))
            spare = len(members) - (len(shares) - number - 1)  # the others need one group each
            taken, left = [], []
            for group in members:
                fits = sum(map(len, taken)) + len(group) <= wanted and len(taken) < spare
                (taken if fits else left).append(group)
            if not taken:
                smallest = min(left, key=len)
                left.remove(smallest)
                taken = [smallest]
            parts[np.concatenate(taken)] = part
            members = left
    return parts
