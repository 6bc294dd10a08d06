"""Texts are taken apart as Python's own regular expressions do, and the votes are NumPy's sums."""

import re
import subprocess
import sys
from collections import Counter

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import ModelError, SentimentNgrams, load_model
from models.ngram_index import LETTERS as LETTERS_FROM
from models.ngram_index import NgramIndex

TOKEN = re.compile(r"[\u4e00-\u9fff\u3040-\u30ff]|[^\W\u4e00-\u9fff\u3040-\u30ff]+|[^\w\s]")
LETTERS = "aB9_éЖß .,!?'-\n\t\u00a0\u2003中文のカ😀→£"


def ngrams(text, longest=2):
    """All n-grams of a text, by Python."""
    tokens = TOKEN.findall(text.lower())
    return [
        " ".join(tokens[n : n + length])
        for length in range(1, longest + 1)
        for n in range(len(tokens) - length + 1)
    ]


def parts_of_words(text, longest):
    """All n-grams of the letters of a text's words, by Python."""
    words = [f" {token} " for token in TOKEN.findall(text.lower())]
    return [
        word[n : n + length]
        for word in words
        for length in range(2, longest + 1)
        for n in range(len(word) - length + 1)
    ]


@given(st.lists(st.text(LETTERS, max_size=30), min_size=1, max_size=5), st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_equal_ngrams_have_equal_fingerprints_and_others_have_others(texts, longest):
    rows = NgramIndex(1, longest, letters=4).fingerprints(np.array(texts, object)).to_list()
    of = {}
    for text, row in zip(texts, rows, strict=True):
        expected = ngrams(text, longest)
        assert (np.array(row) >= LETTERS_FROM).tolist() == sorted(np.array(row) >= LETTERS_FROM)
        assert [each < LETTERS_FROM for each in row].count(True) == len(expected)
        for ngram, here in zip(expected, row, strict=False):
            assert of.setdefault(("words", ngram), here) == here
        spelled = Counter(parts_of_words(text, 4))
        found = Counter(each for each in row if each >= LETTERS_FROM)
        assert sorted(spelled.values()) == sorted(found.values())
    assert len(set(of.values())) == len(of)  # no two of them share a fingerprint


@given(st.lists(st.text("ab !", max_size=12), min_size=1, max_size=4), st.text("abc !", max_size=12))
@settings(max_examples=25, deadline=None)
def test_known_ngrams_have_numbers_and_others_have_none(texts, other):
    known = {each for text in texts for each in ngrams(text)}
    if not known:
        return
    layer = NgramIndex(len(known)).learn(texts)
    first, second = layer(np.array([texts[0], other], object)).numpy()
    assert np.count_nonzero(first) == len(ngrams(texts[0]))
    assert len(set(first[first > 0])) == len(set(ngrams(texts[0])))
    assert np.count_nonzero(second) == sum(each in known for each in ngrams(other))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("well-written", ["well", "-", "written"]),
        ("dateutil.rrule", ["dateutil", ".", "rrule"]),
        ("ÉCLAIR Straße", ["éclair", "straße"]),
        ("这部电影很好", list("这部电影很好")),
        ("so 😀!", ["so", "😀", "!"]),
    ],
)
def test_tokens(text, tokens):
    layer = NgramIndex(1, longest=1)
    found, spaced = layer.fingerprints([text, " ".join(tokens)]).to_list()
    assert found == spaced and len(found) == len(tokens)


def test_a_letter_and_its_vowel_sign_are_one_token():
    thai = "ดีมาก"  # four letters, the first with a vowel sign above it
    assert NgramIndex(1, longest=1).fingerprints([thai]).row_lengths().numpy().tolist() == [4]


@pytest.mark.parametrize("classes", [2, 3])
def test_votes_are_the_sums_over_different_ngrams(classes):
    keras.utils.set_random_seed(0)
    model = SentimentNgrams(51, classes, classifier_activation=None)
    ids = np.random.default_rng(0).integers(0, 51, (20, 30)).astype("int32")
    ids[0] = 0
    names = "embedding", "relative_votes", "inverse_document_frequency"
    votes, relative, weights = (model.get_layer(name).get_weights()[0] for name in names)
    kernel, bias = model.get_layer("predictions").get_weights()
    for row, found in zip(ids.tolist(), model.predict(ids, verbose=0), strict=True):
        different = [*(set(row) - {0})]
        norm = np.linalg.norm(weights[different]) or 1
        scores = votes[different].sum(0) + relative[different].sum(0) / norm
        np.testing.assert_allclose(found, scores @ kernel + bias, atol=1e-5)


def test_saved_and_loaded_it_is_the_same(tmp_path):
    layer = NgramIndex(15, longest=3, letters=2, name="ngrams").learn(["so good", "bad"])
    text = keras.Input((), dtype="string")
    model = keras.Model(text, SentimentNgrams(16)(layer(text)))
    model.save(tmp_path / "model.keras")
    texts = np.array(["so good", "", "bad, bad!"], object)
    for loaded in (load_model(tmp_path / "model.keras"), keras.saving.load_model(tmp_path / "model.keras")):
        np.testing.assert_array_equal(loaded(texts), model(texts))
        assert loaded.get_layer("ngrams").longest == 3


@pytest.mark.slow
def test_a_process_that_knows_nothing_of_the_layer_loads_it(tmp_path, root):
    text = keras.Input((), dtype="string")
    keras.Model(text, SentimentNgrams(5)(NgramIndex(4)(text))).save(tmp_path / "model.keras")
    code = "import sys; from models import load_model; print(load_model(sys.argv[1]).count_params())"
    command = [sys.executable, "-c", code, str(tmp_path / "model.keras")]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.stdout.strip() == "21", done.stderr


def test_another_class_under_the_layers_name_is_refused(tmp_path):
    text = keras.Input((), dtype="string")
    keras.Model(text, SentimentNgrams(5)(NgramIndex(4)(text))).save(tmp_path / "model.keras")
    registered = "glass_zoo>NgramIndex"
    kept = keras.saving.get_custom_objects()[registered]

    class NgramIndexOfSomeoneElse(kept):
        pass

    keras.saving.get_custom_objects()[registered] = NgramIndexOfSomeoneElse
    try:
        with pytest.raises(ModelError, match="model.keras"):
            load_model(tmp_path / "model.keras")
    finally:
        keras.saving.get_custom_objects()[registered] = kept


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: NgramIndex(0), "size"),
        (lambda: NgramIndex(9, longest=6), "longest"),
        (lambda: NgramIndex(9, letters=6), "letters"),
        (lambda: NgramIndex(9).learn(["so good"]), "these have 3"),
        (lambda: SentimentNgrams(2**23), "vocabulary_size"),
        (lambda: SentimentNgrams(9, classes=1), "classes"),
        (lambda: SentimentNgrams(9, classifier_activation="no"), "classifier_activation"),
    ],
)
def test_bad_arguments_are_one_sentence(build, said):
    with pytest.raises(ModelError, match=said) as raised:
        build()
    assert "\n" not in str(raised.value)
