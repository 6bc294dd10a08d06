"""Copies among texts, beside sets of Python and copies that were planted."""

import time
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.texts.copies import NEAR, copy_groups, jaccard, near_pairs, normalized

RANDOM = np.random.default_rng(0)
WORDS = [f"word{n}" for n in range(3000)]


LONG = [" ".join(WORDS[n : n + 20]) for n in range(12)]  # neighbours are near copies


# Whose parts mean more together than each by itself
TANGLED = st.lists(
    st.sampled_from(
        [
            "&",
            "&amp;",
            "amp;",
            "#38;",
            "&#769;",
            "e",
            "\u0301",
            "\u200b",
            "\xad",
            "<3",
            "&lt;",
            ":",
            ")",
            " ",
            "İ",
        ]
    ),
    max_size=9,
).map("".join)


def article(words, random=RANDOM):
    return " ".join(random.choice(WORDS, words))


def similarity(one, other):
    """Jaccard similarity of three successive words, by sets."""
    sets = [set(zip(words, words[1:], words[2:], strict=False)) for words in (one.split(), other.split())]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def grouped(texts, **options):
    """The groups as a set of sets of texts."""
    groups = copy_groups(texts, **options)
    return {frozenset(text for text, group in zip(texts, groups, strict=True) if group == n) for n in groups}


@pytest.mark.parametrize(
    "variants",
    [
        ["It is well-written, really!", "it is WELL written  really", "“It is well—written … really”"],
        ["Ｆｕｌｌ width", "full\twidth", "FULL\u00a0WIDTH."],
        ["Straße", "STRASSE!"],
        ["caf\u00e9 noir", "Cafe\u0301 noir"],
        ["Don't.", "don’t"],
        ["so good 😀", "So good, 😀!"],
        ["fine :-)", "Fine  :-)"],
        [
            "a wonderful film",
            "a won\u00adder\u00adful film",
            "a\u200b wonder\u200bful\u2060 film\ufeff",
            "a wonder\u200cful film",
        ],
        [
            'the "best" film & more',
            "the &quot;best&quot; film &amp; more",
            "the &#34;best&#x22; film&nbsp;more",
        ],
        ["I <3 cafés", "I &lt;3 caf&eacute;s"],
    ],
)
def test_typographic_variants_are_one_text(variants):
    assert len({normalized(text) for text in variants}) == 1
    assert copy_groups([*variants, "another"]).tolist() == [0] * len(variants) + [1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("not bad", "bad, not"), ("good :)", "good :("), ("good 😀", "good 😞"),
        ("?", "!"), ("5 stars", "1 star"),
        ("café", "cafe"), ("c++", "c"), ("well written", "wellwritten"),
        ("R&notes", "R¬es"), ("&copy", "©"),
    ],
)  # fmt: skip
def test_texts_that_say_something_else_are_two(one, other):
    assert normalized(one) != normalized(other)


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=40) | TANGLED, spaces=st.sampled_from([" ", "  ", "\n", "\t", "\u2003"]))
def test_normalizing_again_changes_nothing_and_case_punctuation_and_space_do_not_matter(text, spaces):
    once = normalized(text)
    assert normalized(once) == once
    assert normalized(spaces + text + spaces) == once
    assert unicodedata.is_normalized("NFKC", once)
    letters = [letter for letter in text if letter.isascii() and (letter.isalpha() or letter == " ")]
    plain = "".join(letters)
    assert normalized(plain.upper()) == normalized(plain.lower()) == normalized(plain)
    assert not plain.strip() or normalized(f"{plain} .") == normalized(plain)
    assert normalized(plain) == " ".join(plain.lower().split())


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.text("ab .A", max_size=12) | st.sampled_from(LONG), max_size=30),
    seed=st.integers(0, 99),
)
def test_the_order_of_rows_does_not_change_the_groups(rows, seed):
    groups = copy_groups(rows)
    order = np.random.default_rng(seed).permutation(len(rows))
    again = copy_groups([rows[n] for n in order])
    np.testing.assert_array_equal(groups[order][:, None] == groups[order], again[:, None] == again)
    firsts = [groups.tolist().index(n) for n in range(len(set(groups.tolist())))]
    assert firsts == sorted(firsts)  # numbered as they come


def planted(count, words, changed):
    """Texts, and as many with some words changed: `(texts, pairs of indices)`."""
    texts, pairs = [], []
    for n in range(count):
        text = article(words).split()
        copy = list(text)
        for place in RANDOM.choice(words, changed, replace=False):
            copy[place] = f"new{n}x{place}"
        texts += [" ".join(text), " ".join(copy)]
        pairs.append((2 * n, 2 * n + 1))
    return texts, pairs


def test_near_copies_are_those_whose_similarity_by_sets_is_high():
    texts = [*planted(60, 200, 2)[0], *planted(60, 60, 3)[0], *planted(60, 100, 4)[0], *planted(60, 30, 1)[0]]
    expected = {(n, n + 1) for n in range(0, len(texts), 2) if similarity(texts[n], texts[n + 1]) >= NEAR}
    assert 120 < len(expected) < 240  # some on either side of the threshold
    groups = copy_groups(texts)
    found = {(n, n + 1) for n in range(0, len(texts), 2) if groups[n] == groups[n + 1]}
    assert found == expected
    assert len(set(groups.tolist())) == len(texts) - len(expected)  # and no others


def test_each_pair_is_verified_and_none_of_a_crowd_is_lost():
    base = article(80)
    texts = sorted({normalized(f"{base} ending {n}") for n in range(200)})
    pairs = list(near_pairs(texts))
    assert all(similarity(texts[one], texts[other]) >= NEAR for one, other in pairs)
    assert len(set(copy_groups(texts).tolist())) == 1


def test_jaccard_is_that_of_sets():
    for _ in range(50):
        one, other = (set(RANDOM.integers(0, 30, 20).tolist()) for _ in range(2))
        found = jaccard(np.array(sorted(one)), np.array(sorted(other)))
        assert found == len(one & other) / len(one | other)
    assert jaccard(np.array([]), np.array([])) == 0


def test_short_texts_have_exact_copies_only():
    texts = [f"good film {n}" for n in range(50)] + ["a", "b", ""]
    assert len(set(copy_groups(texts).tolist())) == len(texts)


def test_chinese_and_thai_are_compared_by_characters():
    chinese = "这部电影非常精彩演员的表演令人难忘故事情节紧凑音乐也很动听我强烈推荐给所有喜欢电影的朋友"
    thai = "ภาพยนตร์เรื่องนี้สนุกมากนักแสดงเล่นได้ดีมากและเพลงประกอบก็ไพเราะ"
    assert copy_groups([chinese, chinese + "吧", thai, thai + "ค", chinese[:10]]).tolist() == [0, 0, 1, 1, 2]


def test_a_similarity_above_one_leaves_exact_copies():
    base = article(80)
    assert copy_groups([base, base + " more", base.upper()], near=2).tolist() == [0, 1, 0]
    assert copy_groups([]).tolist() == []


def test_four_times_as_many_reviews_take_far_less_than_sixteen_times_as_long():
    random = np.random.default_rng(1)
    ranks = np.minimum(random.zipf(1.3, (6_000, 230)), len(WORDS)) - 1
    texts = [" ".join([WORDS[n] for n in row]) for row in ranks]
    texts[1_000:1_100] = [text + " the end" for text in texts[:100]]
    seconds = []
    for count in 1_500, 6_000:  # comparing each with each would take 16 times as long
        started = time.process_time()
        groups = copy_groups(texts[:count])
        seconds.append(time.process_time() - started)
        assert (groups[1_000:1_100] == groups[:100]).all()
    assert seconds[1] < 9 * seconds[0]
