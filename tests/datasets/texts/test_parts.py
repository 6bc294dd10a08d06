"""The order of training texts: the last tenth of them, to validate on, holds no copies of the others."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets import reviews
from datasets.texts.parts import as_arrays


def arrays(groups, labels, **options):
    """Training texts "0", "1", ..., each named after where it was, in the order that they get."""
    count = len(groups)
    checked = SimpleNamespace(
        texts=[str(n) for n in range(count)], labels=labels, groups=np.array(groups),
        parts=np.array(["train"] * count), class_names=sorted(set(labels)),
        notes=[],
    )  # fmt: skip
    (texts, _), _, _ = as_arrays(checked, **options)
    return [int(text) for text in texts]


def sides(groups, order):
    """The groups before the cut and those behind it, in their order."""
    cut = len(order) - max(1, len(order) // 10)
    return [groups[n] for n in order[:cut]], [groups[n] for n in order[cut:]]


@settings(max_examples=200, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 6), max_size=40),
    singles=st.integers(20, 60),
    classes=st.integers(1, 5),
    seed=st.integers(0, 99),
)
def test_no_group_of_copies_is_on_both_sides_and_every_class_is_trained_on(sizes, singles, classes, seed):
    random = np.random.default_rng(seed)
    sizes = [*sizes, *[1] * singles]
    groups = random.permutation(np.repeat(np.arange(len(sizes)), sizes)).tolist()
    labels = [str(n) for n in random.integers(0, classes, len(groups))]
    order = arrays(groups, labels)
    assert sorted(order) == list(range(len(groups)))
    before, behind = sides(groups, order)
    assert not set(before) & set(behind)
    cut = len(before)
    assert {labels[n] for n in order[:cut]} == set(labels)
    runs = 1 + sum(groups[one] != groups[other] for one, other in zip(order, order[1:], strict=False))
    assert runs == len(set(groups))  # copies are next to each other


@pytest.mark.parametrize("count", [2, 9, 10, 57, 1000])
def test_without_copies_the_order_is_that_of_the_permutation(count):
    expected = np.random.default_rng(0).permutation(count).tolist()
    assert arrays(list(range(count)), ["a"] * count) == expected
    copies = [n // 2 for n in range(count)]
    assert arrays(copies, ["a"] * count, together=False) == expected


def test_a_class_of_the_last_tenth_alone_comes_to_the_front():
    plain = np.random.default_rng(0).permutation(40).tolist()
    labels = ["rare" if n in plain[-2:] else "a" for n in range(40)]
    order = arrays(list(range(40)), labels)
    assert order[0] == plain[-2]
    assert order[1:] == [n for n in plain if n != plain[-2]]


@pytest.mark.parametrize("copies", [2, 3, 4, 5])
@pytest.mark.parametrize("texts", [15, 16, 47, 79])
def test_where_every_text_has_copies_a_few_are_left_out(copies, texts):
    groups = [n // copies for n in range(copies * texts)]
    order = arrays(groups, ["a"] * len(groups))
    before, behind = sides(groups, order)
    assert not set(before) & set(behind) and set(before) | set(behind) == set(groups)
    assert len(groups) - 9 <= len(order) == len(set(order))


def test_a_group_is_cut_where_nothing_else_helps():
    for groups in [0] * 20, [0, 0], [0] * 30 + [1] * 30:
        for labels in ["a"] * len(groups), ["a", "b"] * (len(groups) // 2):
            assert sorted(arrays(groups, labels)) == list(range(len(groups)))


def test_many_texts_are_ordered_within_seconds():
    random = np.random.default_rng(0)
    groups = random.integers(0, 60_000, 100_000)
    order = arrays(groups.tolist(), ["a", "b"] * 50_000)
    before, behind = sides(groups.tolist(), order)
    assert len(behind) == 10_000 and not set(before) & set(behind)


def test_a_table_with_copies_is_loaded_so(tmp_path, capsys):
    words = ["plot", "cast", "music", "end", "cut", "joke"]
    rows = [f"film {n} has a {words[n % 6]} that {n % 3},{'good' if n % 2 else 'bad'}" for n in range(60)]
    half = rows[:30]
    rows += [row.upper().replace("GOOD", "good").replace("BAD", "bad") for row in half] * 2
    (tmp_path / "films.csv").write_text("\n".join(["text,label", *rows]))
    (texts, _), _, _ = reviews.load_data(tmp_path / "films.csv")
    before, behind = sides([text.lower() for text in texts], range(len(texts)))
    assert not set(before) & set(behind)
    capsys.readouterr()
    (tmp_path / "films.csv").write_text("\n".join(["text,label", *rows[:60] * 3]))
    (texts, _), _, _ = reviews.load_data(tmp_path / "films.csv")
    before, behind = sides(texts.tolist(), range(len(texts)))
    assert len(texts) == 143 and not set(before) & set(behind)
    said = " ".join(capsys.readouterr().out.split())
    assert "1 copy is left out, so that the last tenth has no copies of other training texts" in said
