"""Forty contrast sentences: pairs of which one praises what the other blames, and what is reached on them."""

import numpy as np
import pytest

from benchmarks.contrast import LABELS, PAIRS, SENTENCES, by_linear_models, by_zoo, right
from datasets import reviews


def test_sentences_are_forty_in_pairs_that_share_most_words():
    assert len(SENTENCES) == len(set(SENTENCES)) == len(LABELS) == 40 and LABELS.sum() == 20
    for pair in PAIRS:
        words = [set(text.lower().replace(",", "").strip(".").split()) for text in pair]
        assert len(words[0] & words[1]) >= 2, pair


def test_correct_sentences_and_pairs_are_counted():
    assert right(np.eye(2)[LABELS]) == (40, 20)
    assert right(np.eye(2)[1 - LABELS]) == (0, 0)
    assert right(np.tile([0.2, 0.8], (40, 1))) == (20, 0)


@pytest.mark.slow
@pytest.mark.xfail(
    reason="24 by the zoo's plain recurrent network, 22 by TextClassifier, 20 by TF-IDF; the bar is 30"
)
def test_the_best_model_classifies_thirty_of_them(imdb_folder):
    found = by_zoo() | by_linear_models(*reviews.load_data(reviews.locate(str(imdb_folder)))[0])
    assert max(right(each)[0] for each in found.values()) >= 30
