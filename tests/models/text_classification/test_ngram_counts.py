"""N-grams are counted as Python's own sets and Counters count them."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import ModelError
from models.text_classification import ngram_counts
from models.text_classification.ngram_counts import count_ngrams


def different(text, longest=2):
    """The different n-grams of words of a text."""
    words = re.findall(r"\w+|[^\w\s]", text.lower())
    return {tuple(words[n : n + k]) for k in range(1, longest + 1) for n in range(len(words) - k + 1)}


TEXTS = st.lists(st.text("ab !\n", max_size=10), min_size=1, max_size=6)


@pytest.fixture(scope="module", autouse=True)
def few_at_once():
    """So that a handful of texts comes in several portions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ngram_counts, "AT_ONCE", 2)
        patch.setattr(ngram_counts, "PORTION", 3)
        yield


@given(TEXTS, st.integers(1, 6))
@settings(max_examples=25, deadline=None)
def test_each_text_has_its_ngrams_and_the_fitted_ones_decide_which_are_known(texts, fitted):
    fitted = min(fitted, len(texts))
    known = set().union(*(different(text) for text in texts[:fitted]))
    if not known:
        with pytest.raises(ModelError, match="has a word"):
            count_ngrams(texts, fitted, classes=2)
        return
    grams = count_ngrams(texts, fitted, classes=2)
    assert grams.words == len(known) and (np.diff(grams.fingerprints) > 0).all()
    found = grams.rows(np.arange(len(texts)), words_only=True)
    assert found.shape == (len(texts), len(known))
    assert set(found.data) <= {1}
    assert np.diff(found.indptr).tolist() == [len(different(text) & known) for text in texts]
    expected = Counter(each for text in texts[:fitted] for each in different(text))
    frequency = np.bincount(grams.rows(np.arange(fitted), words_only=True).indices, minlength=len(known))
    assert sorted(frequency) == sorted(expected.values())


def test_letters_count_where_two_texts_have_them():
    grams = count_ngrams(["good", "goods", "x"], fitted=3, classes=2)
    # " g go o oo d od", then three, four and five in a row: those of " good" but for its end
    shared = {" good"[n : n + k] for k in range(2, 6) for n in range(6 - k)}
    assert grams.letters == 5
    assert len(grams.fingerprints) - grams.words == len(shared)


def test_of_too_many_the_most_frequent_are_known(monkeypatch):
    monkeypatch.setattr(ngram_counts, "SPELLED", 0)
    monkeypatch.setattr(ngram_counts, "KNOWN", 3)
    texts = ["a b", "a b", "a c", "d e"]
    grams = count_ngrams(texts, fitted=4, classes=2)  # a is in three texts, b and "a b" are in two
    assert grams.letters == 0 and len(grams.fingerprints) == 3
    assert np.asarray(grams.rows(np.arange(4)).sum(1)).ravel().tolist() == [3, 3, 1, 0]


def test_many_tokens_make_three_in_a_row_worth_learning(monkeypatch):
    monkeypatch.setattr(ngram_counts, "MANY", 5)
    grams = count_ngrams(["a b c", "a b c"], fitted=2, classes=2)
    assert grams.longest == 3 and grams.words == len(different("a b c", 3))
