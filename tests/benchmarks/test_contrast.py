"""Forty contrast sentences: pairs of which one praises what the other blames, and what is reached on them."""

import numpy as np
import pytest

from benchmarks.contrast import (
    PAIRS,
    SENTENCES,
    VALIDATION,
    VALIDATION_PAIRS,
    by_linear_models,
    by_sentences,
    by_zoo,
    right,
)
from datasets import reviews


def words(text):
    return set(text.lower().replace(",", "").strip(".").split())


def test_sentences_are_forty_in_pairs_that_share_most_words():
    assert len(SENTENCES) == len(set(SENTENCES)) == 40
    for negative, positive in PAIRS:
        assert len(words(negative) & words(positive)) >= 2, negative


def test_what_is_chosen_by_are_other_sentences():
    assert len(VALIDATION) == len(set(VALIDATION)) == 110
    for negative, positive in VALIDATION_PAIRS:
        assert words(negative) & words(positive), negative
    most = max(len(words(a) & words(b)) / len(words(a) | words(b)) for a in SENTENCES for b in VALIDATION)
    assert most < 0.6


def test_correct_sentences_and_pairs_are_counted():
    labels = np.array([0, 1] * 20)
    assert right(np.eye(2)[labels]) == (40, 20)
    assert right(np.eye(2)[1 - labels]) == (0, 0)
    assert right(np.tile([0.2, 0.8], (40, 1))) == (20, 0)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.xfail(
    reason="26 by the LSTM that is also trained on sentences, 24 by the zoo's plain recurrent network, 23 by "
    "TextClassifier, 20 by TF-IDF; the bar is 30"
)
def test_the_best_model_classifies_thirty_of_them(imdb_folder):
    training = reviews.load_data(reviews.locate(str(imdb_folder)))[0]
    found = by_zoo() | by_linear_models(*training) | by_sentences(*training)
    assert max(right(each)[0] for each in found.values()) >= 30
