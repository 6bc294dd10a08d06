"""The search for near codes finds what comparing all pairs finds, and does not grow with their square."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from datasets.photos import duplicates, near


def same_groups(one, other):
    """Whether two numberings of groups mean the same groups."""
    pairs = set(zip(one.tolist(), other.tolist(), strict=True))
    return len(pairs) == len(set(one.tolist())) == len(set(other.tolist()))


def all_pairs(codes, distance):
    """Every pair that is near, compared one by one."""
    one, other = np.triu_indices(len(codes), 1)
    bits = [bin(int(codes[a]) ^ int(codes[b])).count("1") for a, b in zip(one, other, strict=True)]
    return np.stack([one, other], 1)[np.array(bits, int) <= distance]


@st.composite
def code_lists(draw):
    """Codes around a few centres, so that many pairs lie just inside and just outside the distance."""
    seed, count, centres = draw(st.integers(0, 2**32)), draw(st.integers(2, 120)), draw(st.integers(1, 8))
    random = np.random.default_rng(seed)
    bits = random.integers(0, 2, (centres, 64)).astype(bool)[random.integers(0, centres, count)]
    for row in bits:
        row[random.choice(64, random.integers(0, draw(st.integers(1, 13))), replace=False)] ^= True
    return near.packed(bits), random


@settings(max_examples=40, deadline=None)
@given(code_lists(), st.integers(0, 11), st.booleans(), st.sampled_from([(0, 1), (0, 32), (1500, 32)]))
def test_groups_are_those_of_comparing_all_pairs(drawn, distance, every, limits):
    codes, random = drawn
    shows_same = random.random((len(codes), len(codes))) < (1 if every else 0.3)
    shows_same |= shows_same.T
    asked = []

    def decide(one, other):
        asked.extend(zip(one.tolist(), other.tolist(), strict=True))
        return shows_same[one, other]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near, "FEW", limits[0])
        patch.setattr(near, "CROWDED", limits[1])
        found = near.connections(codes, distance, decide)
    pairs = all_pairs(codes, distance)
    expected = pairs[shows_same[pairs[:, 0], pairs[:, 1]]]
    assert {tuple(pair) for pair in found.tolist()} <= {tuple(pair) for pair in expected.tolist()}
    assert same_groups(near.groups(len(codes), found), near.groups(len(codes), expected))
    assert {tuple(sorted(pair)) for pair in asked} <= {tuple(pair) for pair in pairs.tolist()}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 60))
def test_pairs_of_photos_are_those_whose_details_agree(seed, count):
    random = np.random.default_rng(seed)
    scenes = random.integers(0, 256, (3, 32, 32))[random.integers(0, 3, count)]
    share = random.uniform(0, 1, (count, 1, 1))
    thumbnails = (share * scenes + (1 - share) * random.integers(0, 256, (count, 32, 32))).astype("uint8")
    hashes = np.zeros((count, 64), bool)
    hashes[:, :12] = random.integers(0, 2, (count, 12))
    detail = duplicates._detail(thumbnails)
    alike = duplicates.ALIKE + 0.7 * duplicates._usual(thumbnails)
    near_enough = (hashes[:, None] != hashes[None]).sum(-1) <= duplicates.DISTANCE
    expected = np.argwhere(np.triu(near_enough & (detail @ detail.T >= min(0.985, alike)), 1))
    found = duplicates.pairs(hashes, thumbnails)
    assert same_groups(near.groups(count, found), near.groups(count, expected))


def seconds_of(codes, thumbnails=None):
    started = time.process_time()
    if thumbnails is None:
        near.connections(codes, 10, lambda one, other: np.ones(len(one), bool))
    else:
        bits = np.unpackbits(codes.view("uint8").reshape(-1, 8), axis=1).astype(bool)
        duplicates.pairs(bits, thumbnails)
    return time.process_time() - started


CROWDS = {
    "different": lambda random, count: random.integers(0, 2**64, count, "uint64"),
    "the same": lambda random, count: np.zeros(count, "uint64"),
    "nearly the same": lambda random, count: near.packed(random.random((count, 64)) < 0.06),
    "two crowds": lambda random, count: near.packed(
        (random.random((count, 64)) < 0.06) ^ (np.arange(count) % 2 == 0)[:, None] ^ (np.arange(64) < 21)
    ),
}


def look_alikes(count, kinds, noise):
    """Codes and thumbnails of photos of some scenes, all with nearly the same code, and the scene of each."""
    random = np.random.default_rng(1)
    scene = random.integers(0, kinds, count)
    coarse = [Image.fromarray(each) for each in random.integers(40, 216, (kinds, 8, 8), "uint8")]
    scenes = np.array([np.asarray(each.resize((32, 32), Image.BILINEAR)) for each in coarse], int)
    thumbnails = (scenes[scene] + random.integers(-noise, noise + 1, (count, 32, 32))).astype("uint8")
    codes = np.zeros((count, 64), bool)
    for _ in range(5):  # so that no two differ in more than 10 bits
        codes[np.arange(count), random.integers(0, 64, count)] = True
    return codes, thumbnails, scene


@pytest.mark.parametrize(
    "kinds", [1, pytest.param(750, marks=pytest.mark.slow), pytest.param(3000, marks=pytest.mark.slow)]
)  # copies of one photo; groups of four; skies that look alike
def test_a_crowd_of_look_alikes_is_not_compared_each_with_each(kinds, monkeypatch):
    compared, compare = [], near._Search.compare

    def counted(search, one, other, band):
        compared.append(len(one))
        compare(search, one, other, band)

    monkeypatch.setattr(near._Search, "compare", counted)
    counts = []
    for count in 3000, 12_000:
        codes, thumbnails, scene = look_alikes(count, kinds, noise=3)
        compared.clear()
        found = near.groups(count, duplicates.pairs(codes, thumbnails))
        assert same_groups(found, np.unique(scene, return_inverse=True)[1])
        counts.append(sum(compared))
    assert counts[1] < 6 * counts[0]  # by comparing each with each it is 16 times
    assert counts[1] < 12_000**2 / 2 / 5


@pytest.mark.slow
@pytest.mark.parametrize("crowd", CROWDS)
def test_eight_times_as_many_photos_do_not_take_64_times_as_long(crowd):
    random = np.random.default_rng(0)
    few, many = (CROWDS[crowd](random, count) for count in (12_500, 100_000))
    seconds_of(few)
    before = min(seconds_of(few) for _ in range(3))
    after = min(seconds_of(many) for _ in range(2))  # threads of other tests of this process count, too
    assert after < 24 * max(before, 0.2)  # by comparing all pairs 64 times as long


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0, 2])
def test_fifty_thousand_copies_of_a_photo_are_one_group_in_seconds(noise):
    random = np.random.default_rng(0)
    scene = random.integers(60, 196, (32, 32))
    thumbnails = (scene + random.integers(-noise, noise + 1, (50_000, 32, 32))).astype("uint8")
    codes = near.packed(random.random((50_000, 64)) < (0.04 if noise else 0))
    bits = np.unpackbits(codes.view("uint8").reshape(-1, 8), axis=1).astype(bool)
    started = time.perf_counter()
    found = duplicates.pairs(bits, thumbnails)
    assert time.perf_counter() - started < 60
    assert np.bincount(near.groups(50_000, found)).max() == 50_000
