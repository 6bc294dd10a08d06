"""Splits of photos: stratified, repeatable, and never through a group of alike photos."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.photos import split
from datasets.photos.split import SHARES

QUICK = settings(max_examples=60, deadline=None)
TWO = {"validation": 0.15, "train": 0.85}


@QUICK
@given(
    counts=st.dictionaries(
        st.text(st.characters(exclude_characters="\0"), max_size=3),
        st.integers(3, 60),
        min_size=1,
        max_size=5,
    ),
    shares=st.sampled_from([SHARES, TWO]),
    seed=st.integers(0, 1000),
)
def test_every_class_has_its_share_of_every_part(counts, shares, seed):
    labels = [label for label, count in counts.items() for _ in range(count)]
    parts = split.divide(labels, np.arange(len(labels)), shares, seed)
    for label, count in counts.items():
        found = Counter(part for part, own in zip(parts, labels, strict=True) if own == label)
        assert set(found) == set(shares)
        for part, share in shares.items():
            assert abs(found[part] - share * count) <= 1.5 if part != "train" else 2
    np.testing.assert_array_equal(parts, split.divide(labels, np.arange(len(labels)), shares, seed))


@QUICK
@given(
    sizes=st.lists(st.lists(st.integers(1, 9), min_size=3, max_size=20), min_size=1, max_size=4),
    seed=st.integers(0, 1000),
)
def test_groups_are_never_torn(sizes, seed):
    labels, groups = [], []
    for label, of_class in enumerate(sizes):
        for size in of_class:
            labels += [str(label)] * size
            groups += [len(set(groups))] * size
    order = np.random.default_rng(seed).permutation(len(labels))
    labels, groups = np.array(labels)[order], np.array(groups)[order]
    parts = split.divide(labels, groups, SHARES, seed)
    for group in set(groups):
        assert len(set(parts[groups == group])) == 1
    for label in set(labels):
        of_class = labels == label
        assert set(parts[of_class]) == set(SHARES)
        largest = np.bincount(groups[of_class]).max()
        for part in "test", "validation":
            wanted = max(1, round(SHARES[part] * of_class.sum()))
            assert np.sum(parts[of_class] == part) <= max(wanted, largest)


def test_another_seed_gives_another_split_and_another_class_changes_nothing():
    labels = ["a"] * 40 + ["b"] * 40
    first, other = (split.divide(labels, np.arange(80), SHARES, seed) for seed in (0, 1))
    assert (first != other).sum() > 10
    without = split.divide(labels[:40], np.arange(40), SHARES, 0)
    np.testing.assert_array_equal(without, first[:40])
    assert Counter(first[:40]) == {"train": 28, "validation": 6, "test": 6}
