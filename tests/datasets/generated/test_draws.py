"""Small training sets: so many of each class, none twice, the same for the same seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets import DataError
from datasets.generated import draws


@given(
    counts=st.lists(st.integers(3, 9), min_size=1, max_size=5),
    examples=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None)
def test_so_many_of_each_class_and_none_twice(counts, examples, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    drawn = draws.of_each_class(labels, examples, seed)
    assert drawn.shape == (len(counts), examples)
    assert len({*drawn.ravel()}) == drawn.size
    for one, row in enumerate(drawn):
        assert set(labels[row]) == {one}
    np.testing.assert_array_equal(drawn, draws.of_each_class(labels, examples, seed))
    fewer = draws.of_each_class(labels, 1, seed)
    np.testing.assert_array_equal(fewer, drawn[:, :1])


def test_every_example_has_the_same_chance():
    labels = np.repeat([3, 8], [6, 4])
    counts = np.zeros(10)
    for seed in range(2000):
        counts[draws.of_each_class(labels, 2, seed)] += 1
    np.testing.assert_allclose(counts[:6] / 2000, 2 / 6, atol=0.05)
    np.testing.assert_allclose(counts[6:] / 2000, 2 / 4, atol=0.05)


def test_draws_that_cannot_be_are_refused_in_a_sentence():
    with pytest.raises(DataError, match="Class 8 has 2 examples, not 3; ask for 2 or fewer a class"):
        draws.of_each_class([3, 8, 3, 8, 3], 3)
    with pytest.raises(DataError, match="1 or more, not 0"):
        draws.of_each_class([3, 8], 0)
    with pytest.raises(DataError, match="labels= is empty"):
        draws.of_each_class([], 1)


@given(
    indices=st.lists(st.integers(0, 99), min_size=1, max_size=8, unique=True),
    length=st.integers(0, 40),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None)
def test_every_pass_goes_through_all(indices, length, seed):
    order = draws.shuffled_epochs(indices, length, seed)
    assert order.shape == (length,)
    for start in range(0, length, len(indices)):
        one = order[start : start + len(indices)]
        assert len({*one}) == len(one)
        assert {*one} <= {*indices}
    np.testing.assert_array_equal(order, draws.shuffled_epochs(indices, length, seed))


def test_passes_are_in_different_orders():
    order = draws.shuffled_epochs(np.arange(20).reshape(4, 5), 60, seed=1).reshape(3, 20)
    assert len({tuple(one) for one in order}) == 3
    assert tuple(order[0]) != tuple(draws.shuffled_epochs(np.arange(20), 20, seed=2))
