"""Batches of similar length: nothing lost, little added, few lengths."""

import itertools

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets import DataError
from datasets.texts.bucketing import LengthBuckets, thriftiest_lengths


def sequences(lengths):
    """Sequences that tell who they are: all ids of the n-th are n + 1."""
    return [np.full(length, n + 1, "int32") for n, length in enumerate(lengths)]


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 60), min_size=1, max_size=50),
    batch_size=st.integers(1, 12),
    most=st.integers(1, 8),
    longest=st.none() | st.integers(1, 70),
    shuffle=st.booleans(),
)
def test_every_sequence_comes_once_a_pass_whole_and_with_its_label(
    lengths, batch_size, most, longest, shuffle
):
    batches = LengthBuckets(
        sequences(lengths), 10 * np.arange(len(lengths)), batch_size, most, longest, shuffle
    )
    for _ in range(2):
        seen = []
        for ids, labels in (batches[n] for n in range(len(batches))):
            assert 1 <= len(ids) <= batch_size
            assert ids.shape[1] in batches.lengths
            for row, label in zip(ids, labels, strict=True):
                n = label // 10
                kept = min(lengths[n], longest or 100)
                assert (row[:kept] == n + 1).all()
                assert not row[kept:].any()
                seen.append(n)
        assert sorted(seen) == list(range(len(lengths)))
        assert seen == list(batches.order)
        batches.on_epoch_end()
    assert len(batches.lengths) <= most


@settings(max_examples=60, deadline=None)
@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=12), count=st.integers(1, 4))
def test_lengths_are_the_thriftiest_of_all(sizes, count):
    def ids(lengths):
        return sum(min(length for length in lengths if length >= size) for size in sizes)

    chosen = thriftiest_lengths(np.array(sizes), count)
    assert chosen == sorted(set(chosen))
    assert len(chosen) <= count
    assert chosen[-1] == max(sizes)
    several = [
        [*shorter, max(sizes)]
        for shorter in itertools.combinations(set(sizes), min(count, len(set(sizes))) - 1)
    ]
    assert ids(chosen) == min(map(ids, several))


def test_batches_are_drawn_anew_and_repeatably():
    def draws(seed):
        batches = LengthBuckets(sequences([5] * 40), batch_size=8, seed=seed)
        first = batches.order
        batches.on_epoch_end()
        return first.tolist(), batches.order.tolist()

    first, second = draws(0)
    assert first != second
    assert draws(0) == (first, second)
    assert draws(1)[0] != first


@pytest.mark.parametrize("lengths", [[3] * 20 + [9], [3, 9] * 10, [4] * 20, [1, 30, 30, 30]])
def test_keras_takes_all_lengths(lengths):
    tokens = keras.Input((None,), dtype="int32")
    model = keras.Model(tokens, keras.ops.cast(keras.ops.max(tokens, 1, keepdims=True), "float32"))
    batches = LengthBuckets(sequences(lengths), batch_size=2, shuffle=False)
    answers = model.predict(batches, verbose=0)[:, 0]
    np.testing.assert_array_equal(answers, batches.order + 1)


@pytest.mark.parametrize("bad", [{"batch_size": 0}, {"lengths": -1}, {"longest": 0}])
def test_sizes_of_nothing_are_refused(bad):
    with pytest.raises(DataError, match=next(iter(bad))):
        LengthBuckets(sequences([2]), **bad)
    with pytest.raises(DataError, match="no sequences"):
        LengthBuckets([])
