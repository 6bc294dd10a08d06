"""Labels of texts: typos among them, and splits that are fair to every class."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets import DataError
from datasets import labels as _labels


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from("abcdeABCDE") | st.text("aA b", max_size=4), st.sampled_from("xyz")),
        min_size=1,
        max_size=60,
    )
)
def test_equal_texts_stay_together_and_classes_keep_their_share(rows):
    rows += [(f"{label} {number}", label) for label in "xyz" for number in range(5)]
    texts, labels = map(list, zip(*rows, strict=True))
    train, test = _labels.split(texts, labels, "name")
    assert sorted([*train, *test]) == list(range(len(rows)))
    assert not {texts[i].strip().casefold() for i in train} & {texts[i].strip().casefold() for i in test}
    assert {labels[i] for i in train} == {labels[i] for i in test} == set("xyz")
    again = _labels.split(texts, labels, "name")
    np.testing.assert_array_equal(train, again[0])


def test_a_large_split_is_exact():
    labels = ["a"] * 700 + ["b"] * 300
    _, test = _labels.split([str(number) for number in range(1000)], labels, "name")
    assert np.bincount(test >= 700).tolist() == [140, 60]


def test_texts_that_come_often_do_not_fill_the_test_part():
    texts = ["the same"] * 60 + [str(number) for number in range(140)]
    _, test = _labels.split(texts, ["a"] * 100 + ["b"] * 100, "name")
    assert np.bincount(test >= 100).tolist() == [20, 20]
    train, test = _labels.split(list("xxxyyyyz1"), list("aaaaaaabb"), "name")
    assert test[:3].tolist() == [0, 1, 2]
    assert len(test) == 4


@settings(max_examples=60, deadline=None)
@given(
    groups=st.lists(st.integers(0, 30), min_size=1, max_size=80),
    share=st.sampled_from([0.1, 0.2, 0.5]),
    seed=st.integers(0, 9),
)
def test_groups_are_never_split_whatever_their_texts(groups, share, seed):
    groups = [*groups, *range(100, 120)]
    labels = ["ab"[group % 2] for group in groups]
    texts = [str(number) for number in range(len(groups))]
    train, test = _labels.split(texts, labels, "name", seed, groups, share)
    assert sorted([*train, *test]) == list(range(len(groups)))
    assert not {groups[n] for n in train} & {groups[n] for n in test}
    for label in "ab":
        count = sum(labels[n] == label for n in test)
        assert 1 <= count <= max(1, round(share * labels.count(label)))


def test_a_class_whose_texts_are_all_copies_of_another_s_goes_with_these():
    groups, labels = [0, 1, 2, 3, 4, 0, 1, 2, 3, 4], list("aaaaabbbbb")
    assert _labels.rare_classes(groups, labels) == []
    train, test = _labels.split([""] * 10, labels, "name", groups=groups)
    assert [labels[n] for n in test] == ["a", "b"]
    assert groups[test[0]] == groups[test[1]]
    assert _labels.rare_classes([0, 0, 1, 2], list("aabb")) == ["a"]


def test_a_class_of_one_text_cannot_be_split():
    with pytest.raises(DataError, match=r"texts\.csv .* in 'b' \(1\), 'c' \(1\); every class needs 2"):
        _labels.split(["1", "2", "x", "X ", "x", "4"], list("aabbbc"), "texts.csv")


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"positive": 500, "negative": 500, "postive": 2}, r"'postive' \(2\) beside 'positive' \(500\)"),
        ({"positive": 500, "Positive": 400, "negative": 3}, r"'Positive' \(400\) beside 'positive' \(500\)"),
        ({"spam": 90, "ham": 90, "spam mail": 40, "spam  mail": 2}, r"'spam  mail' \(2\)"),
        ({"neutral": 6, "negative": 6, "netural": 1}, "'netural'"),
        ({"joy": 9}, "only one class, 'joy'"),
        ({}, "no texts"),
    ],
)
def test_labels_that_cannot_be_meant_are_listed(counts, said):
    with pytest.raises(DataError, match=said):
        _labels.check_labels([label for label, count in counts.items() for _ in range(count)], "texts.csv")


@pytest.mark.parametrize(
    "counts",
    [
        {"1": 1000, "11": 1, "2": 5},
        {"class_1": 1000, "class_2": 3},
        {"relevant": 1000, "irrelevant": 5},
        {"positive": 1000, "negative": 2},
        {"pos": 1000, "neg": 900, "neu": 3},
        {"sport": 50, "sports news": 20},
        {"news": 1000, "carts": 3, "cart": 4},
        {"word (": 1000, "word [": 1000, "wor": 10},
    ],
)
def test_labels_that_are_merely_alike_are_taken(counts):
    _labels.check_labels([label for label, count in counts.items() for _ in range(count)], "texts.csv")


def test_ten_thousand_different_labels_take_no_time():
    labels = ["".join(chr(97 + number // 26**place % 26) for place in range(6)) for number in range(10_000)]
    _labels.check_labels(labels + ["common"] * 100, "texts.csv")


def test_class_names_are_in_order_of_size_or_alphabet():
    assert _labels.in_order({"10", "9", "-1", "2.5"}) == ["-1", "2.5", "9", "10"]
    assert _labels.in_order({"10", "9", "b"}) == ["10", "9", "b"]
