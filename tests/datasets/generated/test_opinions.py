"""The grammar of reviews: what it says, what counting words can make of it."""

import re

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from datasets.generated import opinions

(X_TRAIN, Y_TRAIN), (X_TEST, Y_TEST) = opinions.load_data()


def sentences(texts):
    return {sentence for text in texts for sentence in text.removesuffix(" .").split(" . ")}


def test_shapes_and_balance():
    assert X_TRAIN.shape == Y_TRAIN.shape == (6000,)
    assert X_TEST.shape == Y_TEST.shape == (1500,)
    assert X_TRAIN.dtype == object
    assert Y_TRAIN.dtype == "int64"
    assert Y_TRAIN.mean() == Y_TEST.mean() == 0.5


def test_no_sentence_is_in_both_parts():
    assert not sentences(X_TRAIN) & sentences(X_TEST)


def test_the_same_seed_gives_the_same_reviews():
    again = opinions.load_data(20, 10, seed=3)
    assert all((a == b).all() for a, b in zip(again[0], opinions.load_data(20, 10, seed=3)[0], strict=True))
    assert (again[0][0] != opinions.load_data(20, 10, seed=4)[0][0]).any()


def test_counting_words_or_pairs_of_words_does_not_tell():
    for longest, most in ((1, 0.65), (2, 0.75)):
        counter = CountVectorizer(ngram_range=(1, longest), token_pattern=r"[a-z]+")
        counts = counter.fit_transform(X_TRAIN)
        model = LogisticRegression(max_iter=2000).fit(counts, Y_TRAIN)
        assert model.score(counter.transform(X_TEST), Y_TEST) < most


def read(sentence):
    """A reader by rules: +1 for praise, -1 for blame, 0 for no opinion of the reviewer's."""
    if re.match(r"my \w+ told|a critic|on \w+ the papers", sentence):
        return 0
    for gives_way in (
        r".*, but (.*)", r"(.*), although .*", r"although .*?, (.*)", r"(.*), even if .*",
        r"even if .*?, (.*)", r".*, and yet (.*)",
    ):  # fmt: skip
        if halves := re.fullmatch(gives_way.replace(", ", " , "), sentence):
            return read(halves[1].strip())
    words = sentence.split()
    tone = any(w in opinions.PRAISE for w in words) - any(w in opinions.BLAME for w in words)
    return -tone if re.search(r"\b(not|nobody|no|never|oh sure|as if|yeah)\b", sentence) else tone


def test_a_reader_who_knows_the_rules_is_always_right():
    for texts, labels in ((X_TRAIN[:500], Y_TRAIN[:500]), (X_TEST[:500], Y_TEST[:500])):
        told = np.array([sum(map(read, text.removesuffix(" .").split(" . "))) for text in texts])
        np.testing.assert_array_equal(told, 2 * labels - 1)
