"""The lesson word2vec: what its parts ask and measure, and what it reaches on generated reviews."""

import inspect
from pathlib import Path

from tutorials.lesson.command import LessonError

import numpy as np
import pytest

from datasets.generated import opinions
from models import load_word_vectors
from tutorials import word2vec
from tutorials.lesson.parts import word_vectors as parts


@pytest.fixture(scope="module")
def reviews_words():
    from models.text_classification import reviews_vocabulary

    return reviews_vocabulary()


def test_the_words_that_it_asks_for_are_among_those_of_the_reviews(reviews_words):
    known = set(reviews_words)
    asked = {word for words in (*parts.ANALOGIES, *parts.OPPOSITES) for word in words.split()}
    asked |= {word for words in (*parts.GROUPS.values(), parts.PRAISE, parts.BLAME) for word in words.split()}
    assert not (asked | set(parts.QUERIES["real"])) - known
    assert len({*parts.ANALOGIES}) == 16


def test_groups_and_opposites_by_token_id():
    vocabulary = ["good", "aunt", "bad", "uncle", "other", "two"]
    groups, opposites = parts.known_groups(vocabulary, embedded=False)
    assert groups["family"] == [3, 5] and groups["numbers"] == [7]
    assert opposites == {2: {4}, 4: {2}}
    vocabulary = [*opinions.PRAISE, *opinions.BLAME]
    groups, opposites = parts.known_groups(vocabulary, embedded=True)
    assert groups["opinions"] == list(range(2, 42)) and opposites[2] == set(range(22, 42))
    with pytest.raises(LessonError, match="data="):
        parts.grouped({"family": [3]})


def test_opposites_and_analogies_of_vectors_made_by_hand():
    vocabulary = ["man", "woman", "actor", "actress", "other"]
    vectors = np.array([[0, 0, 0], [0, 0, 0], [1, 0, 1], [1, 1, 1], [1, 0, 9], [1, 1, 9], [9, 0, 0.0]])
    assert parts.ask_analogies(vectors, vocabulary) == [("man", "woman", "actor", "actress", "actress")]
    opposites = {2: {3}, 4: {6}}
    assert parts.opposites_share(vectors, opposites, count=1) == 0.5


def test_as_many_labels_of_each_class_are_drawn():
    y = np.repeat([0, 1], [300, 50])
    chosen = parts.draw_labelled(y, 40, seed=1)
    assert len(set(chosen)) == 40 and y[chosen].sum() == 20
    assert not np.array_equal(chosen, parts.draw_labelled(y, 40, seed=2))


def test_the_texts_numbers_are_the_lessons():
    said = inspect.getdoc(word2vec)
    assert word2vec.NEGATIVES == 5 and "k=1}^{5}" in said and f"{6 * np.log(2):.2f}" == "4.16"
    assert parts.by_default(False)[0] == 100 and "100 numbers a vector" in said
    assert word2vec.SkipGram(10_000, 100).count_params() == 2_000_000
    assert inspect.signature(word2vec.main).parameters["power"].default == 0.75


@pytest.mark.slow
@pytest.mark.long
def test_planted_groups_come_back_and_labels_change_no_vector(tmp_path, monkeypatch):
    """The vectors are written before any classifier is trained; other labels give the same ones."""
    from tutorials.lesson.report import Report

    monkeypatch.setattr(Report, "figure", lambda report, name, axes: None)
    results = word2vec.main(data="embedded", seed=3, outputs=tmp_path / "a").results
    assert results["purity_share"] >= 0.95 > 0.6 > results["untrained_purity_share"]
    load_data = word2vec.reviews.load_data

    def poisoned(source):
        (x, y), (x_test, y_test), names = load_data(source)
        return (x, 1 - y), (x_test, y_test), names

    monkeypatch.setattr(word2vec.reviews, "load_data", poisoned)
    word2vec.main(data="embedded", seed=3, outputs=tmp_path / "b")
    one, other = (load_word_vectors(Path(tmp_path, name, "word2vec", "vectors.txt")) for name in "ab")
    assert one.words == other.words
    np.testing.assert_array_equal(one.vectors, other.vectors)
