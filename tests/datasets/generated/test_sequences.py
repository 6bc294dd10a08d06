"""DNA: the motif is where it should be, and letters become numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets import DataError
from datasets.generated.sequences import BASES, dna, one_hot
from models import FilterBank


@settings(max_examples=100, deadline=None)
@given(
    motif=st.text(BASES, min_size=1, max_size=6),
    copies=st.integers(1, 4),
    spare=st.integers(0, 30),
    seed=st.integers(0, 1000),
)
def test_sequences_hold_their_motif_and_nothing_but_bases(motif, copies, spare, seed):
    length = copies * len(motif) + spare
    letters = dna(motif, copies, length, seed)
    assert len(letters) == length
    assert set(letters) <= set(BASES)
    assert letters.count(motif) >= copies  # count finds only places that do not overlap
    assert letters == dna(motif, copies, length, seed)


def test_one_hot_numbers():
    np.testing.assert_array_equal(one_hot("GATC"), [[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 1, 0, 0]])
    assert one_hot("").shape == (0, 4)


def test_a_1d_kernel_answers_1_exactly_where_the_motif_stands():
    letters, motif = dna(length=200, seed=3), "TATAAA"
    bank = FilterBank([one_hot(motif) / 6], (200, 4))
    answers = np.asarray(bank(one_hot(letters)[None]))[0, :, 0]
    stands = [letters.startswith(motif, place) for place in range(195)]
    np.testing.assert_array_equal(answers > 0.99, stands)
    # Elsewhere the share of letters that are the same
    shares = [np.mean([a == b for a, b in zip(letters[p:], motif, strict=False)]) for p in range(195)]
    np.testing.assert_allclose(answers, shares, atol=1e-6)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"motif": "TAXI"}, "'X'"),
        ({"motif": ""}, "''"),
        ({"copies": 0}, "0 copies"),
        ({"copies": 4, "length": 23}, "23 letters"),
    ],
)
def test_impossible_sequences_are_refused(bad, said):
    with pytest.raises(DataError, match=said):
        dna(**bad)
