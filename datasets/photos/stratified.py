"""Division of examples with several labels, so that every part has its share of each label."""

import numpy as np


def stratified(labels, groups, shares, seed=0):
    """Divide examples with several labels into parts: iterative stratification.

    The rarest label is dealt out first: each of its examples goes to the part that lacks most of them, and
    if several lack as many, to the one that lacks most examples. So it goes on with the label that is rarest
    among what is left. Examples of a group stay together.

    Args:
        labels: 0 or 1, (n, labels).
        groups: A number for every example, equal for those that must stay together, (n,).
        shares: Share of each part; their sum is 1.
        seed: The same seed gives the same division.

    Returns:
        int (n,), the index of each example's part.

    Reference:
        Sechidis, Tsoumakas and Vlahavas, On the stratification of multi-label data, 2011.

    Example:
        >>> from datasets.photos.stratified import stratified
        >>> labels = np.array([[1, 0], [1, 1], [0, 0], [1, 0]] * 10)
        >>> parts = stratified(labels, range(40), (0.7, 0.3))
        >>> [labels[parts == part].sum(0).tolist() for part in (0, 1)]
        [[21, 7], [9, 3]]
    """
    labels, shares = np.asarray(labels, int), np.asarray(shares, float)
    members = np.unique(np.asarray(groups), return_inverse=True)[1]
    random = np.random.default_rng(seed)
    sizes = np.bincount(members, minlength=1)
    counts = np.zeros((len(sizes), labels.shape[1]), int)
    np.add.at(counts, members, labels)
    wanted, room = shares[:, None] * labels.sum(0), shares * len(labels)
    place = np.full(len(sizes), -1)
    order = random.permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]  # large groups while there is room for them

    rest = labels.sum(0)

    def put(group, part):
        place[group] = part
        rest[:] -= counts[group]
        wanted[part] -= counts[group]
        room[part] -= sizes[group]

    while True:
        left = order[place[order] < 0]
        if not rest.any():
            break
        rarest = int(np.where(rest > 0, rest, np.inf).argmin())
        for group in left[counts[left, rarest] > 0]:
            put(group, _neediest(wanted[:, rarest], room, random))
    for group in left:
        put(group, _neediest(room, room, random))
    return place[members]


def _neediest(first, second, random):
    """The part with the largest need; by the second need, then by chance, where several have it."""
    most = np.flatnonzero(first >= first.max() - 1e-9)
    most = most[second[most] >= second[most].max() - 1e-9]
    return int(most[0] if len(most) == 1 else random.choice(most))
