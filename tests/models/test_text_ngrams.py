"""Texts are taken apart as Python's own regular expressions do, and the votes are NumPy's sums."""

import re
import subprocess
import sys

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import ModelError, SentimentNgrams, load_model
from models.ngram_buckets import MOST_BUCKETS, NgramBuckets

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


@given(st.lists(st.text(LETTERS, max_size=30), min_size=1, max_size=5), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_equal_ngrams_have_equal_numbers_and_others_have_others(texts, longest):
    rows = NgramBuckets(MOST_BUCKETS, longest)(np.array(texts, object)).numpy()
    number = {}
    for text, row in zip(texts, rows, strict=True):
        expected = ngrams(text, longest)
        found = row[row > 0]
        assert len(found) == len(expected) and not row[len(found) :].any()
        for ngram, here in zip(expected, found, strict=True):
            assert number.setdefault(ngram, here) == here
    assert len(set(number.values())) == len(number)  # no two share one of the 4,194,304 buckets


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
    layer = NgramBuckets(MOST_BUCKETS, longest=1)
    found = layer(np.array([text], object)).numpy()[0]
    assert found.tolist() == layer(np.array([" ".join(tokens)], object)).numpy()[0].tolist()
    assert len(found) == len(tokens)


def test_a_letter_and_its_vowel_sign_are_one_token():
    thai = "ดีมาก"  # four letters, the first with a vowel sign above it
    assert (NgramBuckets(MOST_BUCKETS, longest=1)(np.array([thai], object)).numpy() > 0).sum() == 4


def test_a_smaller_table_has_the_rest_of_the_number():
    texts = np.array(["not so good", "a bad film", "!?"], object)
    large, small = (NgramBuckets(many)(texts).numpy() for many in (MOST_BUCKETS, 2**10))
    assert ((large - 1)[large > 0] % 2**10 == (small - 1)[small > 0]).all()


@pytest.mark.parametrize("classes", [2, 3])
def test_votes_are_the_sum_over_different_ngrams(classes):
    keras.utils.set_random_seed(0)
    model = SentimentNgrams(50, classes, classifier_activation=None)
    ids = np.random.default_rng(0).integers(0, 51, (20, 30)).astype("int32")
    ids[0] = 0
    votes = model.get_layer("embedding").get_weights()[0]
    kernel, bias = model.get_layer("predictions").get_weights()
    expected = np.array([votes[[*(set(row) - {0})]].sum(0) for row in ids.tolist()]) @ kernel + bias
    np.testing.assert_allclose(model.predict(ids, verbose=0), expected, atol=1e-5)


def test_saved_and_loaded_it_is_the_same(tmp_path):
    text = keras.Input((), dtype="string")
    model = keras.Model(text, SentimentNgrams(99)(NgramBuckets(99, longest=3, name="ngrams")(text)))
    model.save(tmp_path / "model.keras")
    texts = np.array(["so good", "", "bad, bad!"], object)
    for loaded in (load_model(tmp_path / "model.keras"), keras.saving.load_model(tmp_path / "model.keras")):
        np.testing.assert_array_equal(loaded(texts), model(texts))
        assert loaded.get_layer("ngrams").longest == 3


def test_a_process_that_knows_nothing_of_the_layer_loads_it(tmp_path, root):
    text = keras.Input((), dtype="string")
    keras.Model(text, SentimentNgrams(99)(NgramBuckets(99)(text))).save(tmp_path / "model.keras")
    code = "import sys; from models import load_model; print(load_model(sys.argv[1]).count_params())"
    command = [sys.executable, "-c", code, str(tmp_path / "model.keras")]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.stdout.strip() == "102", done.stderr


def test_another_class_under_the_layers_name_is_refused(tmp_path):
    text = keras.Input((), dtype="string")
    keras.Model(text, SentimentNgrams(99)(NgramBuckets(99)(text))).save(tmp_path / "model.keras")
    registered = "glass_zoo>NgramBuckets"
    kept = keras.saving.get_custom_objects()[registered]

    class NgramBucketsOfSomeoneElse(kept):
        pass

    keras.saving.get_custom_objects()[registered] = NgramBucketsOfSomeoneElse
    try:
        with pytest.raises(ModelError, match="model.keras"):
            load_model(tmp_path / "model.keras")
    finally:
        keras.saving.get_custom_objects()[registered] = kept


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: NgramBuckets(1), "buckets"),
        (lambda: NgramBuckets(9, longest=6), "longest"),
        (lambda: SentimentNgrams(2**23), "buckets"),
        (lambda: SentimentNgrams(9, classes=1), "classes"),
        (lambda: SentimentNgrams(9, classifier_activation="no"), "classifier_activation"),
    ],
)
def test_bad_arguments_are_one_sentence(build, said):
    with pytest.raises(ModelError, match=said) as raised:
        build()
    assert "\n" not in str(raised.value)
