"""Texts that are much shorter than those of training: sentences to train on, and to compare with."""

import json
from collections import Counter

import numpy as np
import pytest

from models import ModelError, TextClassifier
from models.fine_tuning.saved_arrays import DamagedError, array_as_text
from models.text_classification.sentences import sentences_of
from models.text_classification.short_texts import ADDED, ADDED_TO_OTHERS, ShortTexts, fit_short_texts

VERDICTS = {1: ("superb", "moving", "witty"), 0: ("dull", "clumsy", "tedious")}
PARTS = "plot", "acting", "music", "ending"
ELSEWHERE = "parcel", "train", "dinner", "garden", "letter", "office", "winter", "river", "bridge", "doctor"


def long_texts(count, seed=0):
    """Reviews of eight sentences: three tell the class, five tell of other things that happen in a film."""
    rng, texts, labels = np.random.default_rng(seed), [], np.arange(count) % 2
    for label in labels:
        told = [f"the {rng.choice(PARTS)} is {rng.choice(VERDICTS[label])}" for _ in range(3)]
        told += [f"the {rng.choice(ELSEWHERE)} is late and my {rng.choice(ELSEWHERE)} too" for _ in range(5)]
        texts.append(". ".join(rng.permutation(told)) + ".")
    return texts, labels


@pytest.fixture(scope="module")
def short():
    return fit_short_texts(*long_texts(400))


def test_a_short_text_of_usual_words_that_tell_no_class_is_unlike_those_that_do(short):
    known = short.surprise(["The acting is witty!", "the plot is dull", "superb music"])
    others = short.surprise(
        ["My parcel is late.", "The train is late and the river too", "xylophone", "", "!!!"]
    )
    assert (known > 0.05).all() and (others < 0.05).all()


def test_only_short_texts_are_measured(short):
    texts = long_texts(50, seed=1)[0]
    assert np.isnan(short.surprise(texts)).mean() > 0.9
    assert np.isnan(short.surprise(["late " * (short.longest + 1), "late " * short.longest])).tolist() == [
        1,
        0,
    ]


def test_weights_are_those_that_counting_gives(short):
    texts, labels = long_texts(400)
    of_texts = [Counter(set(text.replace(".", "").split())) for text in texts]
    counts = [
        sum((each for each, y in zip(of_texts, labels, strict=True) if y == label), Counter())
        for label in (0, 1)
    ]
    sentences = [
        (part.split(), y)
        for text, y in zip(texts, labels, strict=True)
        for part in text.strip(".").split(". ")
    ]

    def tells(words, label):
        ratios = [np.log(counts[label][w] / 200) - np.log((counts[1 - label][w] + 1) / 201) for w in words]
        return np.mean(ratios)

    told = np.array([tells(*each) for each in sentences])
    order = np.argsort(-told.round(9), kind="stable")
    upper, lower = (dict.fromkeys(part, 0) for part in (order[: len(order) // 2], order[len(order) // 2 :]))
    counted = [Counter(w for n in part for w in sentences[n][0]) for part in (upper, lower)]
    sizes = [sum(each.values()) for each in counted]
    expected = {
        w: np.log((counted[1][w] + ADDED_TO_OTHERS) / sizes[1]) - np.log((counted[0][w] + ADDED) / sizes[0])
        for w in counted[0] + counted[1]
    }
    np.testing.assert_allclose(np.sort(short.weights), sorted(expected.values()), rtol=0.02, atol=0.02)


@pytest.mark.parametrize(
    "texts", [["so good", "so bad"] * 200, long_texts(100)[0], [""] * 300, ["one two three four"] * 300]
)
def test_nothing_is_learned_from_few_or_short_texts(texts):
    assert fit_short_texts(texts, np.arange(len(texts)) % 2) is None


def test_a_classifier_refuses_them_and_so_does_its_file(tmp_path):
    texts, labels = long_texts(400)
    classifier = TextClassifier().fit(texts, labels)
    asked = ["The acting is witty!", "My parcel is late.", "A doctor too"]
    assert [each.label for each in classifier.predict(asked, abstain=0.05)] == [1, None, None]
    classifier.save(tmp_path / "reviews.keras")
    loaded = TextClassifier.load(tmp_path / "reviews.keras")
    found = loaded.predict(asked, abstain=0.05)
    assert [each.reason for each in found] == [
        each.reason for each in classifier.predict(asked, abstain=0.05)
    ]


def test_a_file_without_them_or_with_damaged_ones(short):
    state = json.loads(json.dumps(short.state()))
    again = ShortTexts.from_state(state)
    np.testing.assert_array_equal(again.surprise(PARTS), short.surprise(PARTS))
    broken = (
        *({"longest": each} for each in (0, -1, 2.5, "9", None, True)),
        *({"unseen": each} for each in (float("nan"), float("inf"), 1e300, 1, "1", None)),
        *({"known": array_as_text([-each, each], "<f4")} for each in (1e10, 3e38)),  # differences overflow
        {"vocabulary": array_as_text([5, -(2**31)], "<i4"), "weights": array_as_text([1, 1], "<f4")},
        *({name: short.state()[other]} for name, other in (("weights", "known"), ("usual", "known"))),
        {
            "vocabulary": ShortTexts(short.vocabulary[::-1], *list(vars(short).values())[1:]).state()[
                "vocabulary"
            ]
        },
    )
    for change in broken:
        with pytest.raises((DamagedError, ValueError, TypeError)):
            ShortTexts.from_state(state | change)
    for name in state:
        with pytest.raises((DamagedError, KeyError)):
            ShortTexts.from_state({key: value for key, value in state.items() if key != name})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two!  Three?", ["One.", "Two!", "Three?"]),
        ('He said "no." Then he left...  And?', ['He said "no.', "Then he left...", "And?"]),
        ("3.5 of 10, e.g. this", ["3.5 of 10, e.g.", "this"]),
        ("first<br /><br>second\nthird\r\n", ["first", "second", "third"]),
        ("よかった。悪い！はい", ["よかった。", "悪い！", "はい"]),
        (" \n. ", ["."]),
        ("", []),
    ],
)
def test_texts_are_taken_apart_into_sentences(text, expected):
    found, rows = sentences_of(["first", text])
    assert found == ["first", *expected] and rows.tolist() == [0] + [1] * len(expected)


@pytest.mark.slow
def test_a_network_is_trained_on_sentences(tmp_path):
    texts, labels = long_texts(2000)
    whole, parts = (TextClassifier(kind="bag", sentences=each).fit(texts, labels) for each in (False, True))
    # They see 60,000 texts: 30 epochs of 1,800 reviews, 4 with their 14,400 sentences
    assert (whole.settings_["epochs"], parts.settings_["epochs"]) == (30, 4)
    assert parts.evaluate(*long_texts(300, seed=1)).accuracy.value > 0.98
    asked = parts.predict(["the plot is dull", "the train is late and my river too", "the music is superb"])
    negative, neither, positive = asked.probabilities[:, 1]
    assert negative < 0.1 < 0.3 < neither < 0.7 < 0.9 < positive
    parts.save(tmp_path / "bag.keras")
    assert TextClassifier.load(tmp_path / "bag.keras").sentences is True


def test_sentences_are_for_networks():
    with pytest.raises(ModelError, match="takes sentences for networks"):
        TextClassifier(sentences=True)
    with pytest.raises(ModelError, match="sentences"):
        TextClassifier(kind="bag", sentences="yes")
