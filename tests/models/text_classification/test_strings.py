"""A vocabulary in front of a network, and what words contribute to its predictions."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from models import ModelError, SentimentBag, StringClassifier, TextClassifier, load_model
from models.probabilities import per_class
from models.text_classification import (
    learn_vocabulary,
    nearest_words,
    reviews_vocabulary,
    token_ids,
    word_effects,
)
from models.text_classification.vocabulary import VOCABULARY
from models.text_classification.word_start import start_words
from models.word_index import splitting_of


@pytest.mark.slow
def test_strings_give_what_their_token_ids_give(tmp_path):
    network = SentimentBag(20, embedding_dim=4)
    words = [f"word{n}" for n in range(18)]
    model = StringClassifier(words, network, longest=3)
    strings = np.array(["Word0, word1!", "never heard", "", "word3 word4 word5 word6 word7"], object)
    ids = np.array([[2, 3, 0], [1, 1, 0], [0, 0, 0], [5, 6, 7]], "int32")
    np.testing.assert_allclose(model.predict(strings, verbose=0), network(ids), atol=1e-6)
    model.save(tmp_path / "model.keras")
    script = (
        "import keras, numpy, sys\n"
        "model = keras.saving.load_model(sys.argv[1], safe_mode=True)\n"
        "texts = numpy.array(['Word0, word1!', ''], object)\n"
        "print(*model.predict(texts, verbose=0)[:, 0])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "model.keras"], capture_output=True, text=True, check=True
    )
    printed = [float(value) for value in run.stdout.split()[-2:]]
    np.testing.assert_allclose(printed, np.ravel(network(ids[[0, 2]])), atol=1e-5)


def test_vocabulary_of_another_size_is_refused():
    with pytest.raises(ModelError, match="vocabulary_size=5"):
        StringClassifier(["a", "b", "c"], SentimentBag(20))


def test_missing_vocabulary_is_named(monkeypatch, tmp_path):
    assert VOCABULARY.is_file()
    for content in (None, b"", b"no archive"):
        file = tmp_path / "words.txt.gz"
        if content is not None:
            file.write_bytes(content)
        monkeypatch.setattr("models.text_classification.vocabulary.VOCABULARY", file)
        with pytest.raises(ModelError, match="words.txt.gz"):
            reviews_vocabulary()


def test_vocabulary_holds_what_occurs_twice_by_frequency():
    texts = np.array(["a a a b b c", "B, c; d."], object)
    assert learn_vocabulary(texts, 100) == ["b", "a", "c"]
    assert learn_vocabulary(texts, 4) == ["b", "a"]
    ids = token_ids(np.array(["A z b!", "", "c c c"], object), ["b", "a"], longest=2)
    assert [row.tolist() for row in ids] == [[3, 1], [], [1, 1]]


def test_word_effects_are_those_of_leaving_words_out():
    """In a bag with logits the mean of the others is known in closed form."""
    network = SentimentBag(6, embedding_dim=1, classifier_activation=None, classes=3)
    embedding = np.array([[9.0], [0.0], [2.0], [-1.0], [4.0], [7.0]])
    network.get_layer("embedding").set_weights([embedding])
    network.get_layer("predictions").set_weights([np.array([[0.0, 1.0, 0.0]]), np.zeros(3)])
    model = StringClassifier(["good", "bad", "fine", "best"], network)
    words, effects = word_effects(model, "Good, bad fine", class_index=1)
    assert words == ["Good,", "bad", "fine"]
    mean = (2 - 1 + 4) / 3
    np.testing.assert_allclose(effects, [mean - 3 / 2, mean - 6 / 2, mean - 1 / 2], atol=1e-5)


def test_one_neuron_is_two_probabilities():
    np.testing.assert_allclose(per_class(np.array([[0.2], [0.9]])), [[0.8, 0.2], [0.1, 0.9]])
    three = np.full((2, 3), 1 / 3)
    assert per_class(three) is three


def test_nearest_words_point_the_same_way():
    embeddings = np.array([[1, 0], [3, 0.1], [0, 1], [0.1, 2], [-1, 0]])
    assert nearest_words(embeddings, [0, 1, 2], count=2, neighbours=1) == [[0, 1], [2, 3]]


def test_long_texts_are_cut_off_and_empty_ones_have_no_ids():
    texts = ["a " * 900, "", "\ud800 a"]
    assert [len(ids) for ids in token_ids(texts, ["a"])] == [800, 0, 1]
    assert len(token_ids(texts, ["a"], longest=None)[0]) == 900
    assert token_ids([], ["a"]) == []


CHINESE = ["这部电影很好", "这部电影很差", "剧情很好!", "演员很差。"]
JAPANESE = ["この映画は良い", "この映画は悪い", "とても良い", "とても悪い"]
THAI = ["หนังเรื่องนี้ดี", "หนังเรื่องนี้แย่", "ดีมาก", "แย่มาก"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("texts", "new"),
    [
        (CHINESE, ["很好", "差"]),
        (JAPANESE, ["良い!", "悪い"]),
        (THAI, ["ดี", "แย่"]),
    ],
)
def test_a_network_reads_scripts_without_spaces_character_by_character(texts, new, tmp_path):
    vocabulary = learn_vocabulary(texts * 5, 100)
    assert set(vocabulary) >= {each for text in new for each in text.strip("!")}
    classifier = TextClassifier("bag", epochs=10, learning_rate=0.05).fit(texts * 10, [1, 0] * 20)
    assert classifier.predict(new).labels == [1, 0]
    classifier.save(tmp_path / "texts.keras")
    again = TextClassifier.load(tmp_path / "texts.keras")
    expected = classifier.predict(new).probabilities
    np.testing.assert_array_equal(again.predict(new).probabilities, expected)
    np.testing.assert_allclose(per_class(again.model.predict(new)), expected, atol=1e-6)


def test_a_few_foreign_letters_do_not_take_words_apart():
    texts = ["the café 北京 is good", "the 北京 duck is bad", "good duck, bad café"]
    assert {"good", "duck", "café", "北京"} <= set(learn_vocabulary(texts, 100))
    mixed = ["iphone很好 5 元", "iphone很差 5 元"] * 3
    vocabulary = learn_vocabulary([*mixed, *CHINESE * 3], 100)
    assert " " not in vocabulary and {"很", "好", "p", "5"} <= set(vocabulary)
    ids = token_ids(["很 p"], vocabulary)[0].tolist()
    assert ids == [vocabulary.index("很") + 2, 1, vocabulary.index("p") + 2]


def test_vectors_of_words_do_not_take_the_place_of_characters():
    vectors = {"很": [1.0, 0.0], "好": [0.0, 1.0], "棒": [0.1, 1.0], "很好": [1.0, 1.0]}
    words = start_words(CHINESE * 3, 100, vectors).vocabulary
    assert "棒" in words and "很好" not in words


def test_punctuation_takes_no_place_in_a_vocabulary():
    texts = ["Good!!! ... (really) - yes?", "good; really: yes, --- $5 #1 'good'"]
    assert set(learn_vocabulary(texts, 100)) == {"good", "really", "yes"}


SIGNS = [
    "well-written, good/bad dateutil.rrule 😀!",
    "well made :-) Good! 😀 well",
    "电影 good, 电影 bad :-)",
] * 2


def test_a_vocabulary_of_signs_splits_at_punctuation_and_keeps_it():
    words = learn_vocabulary(SIGNS, 100, split="punctuation")
    assert {"well", "-", "written", "good", "/", "dateutil", ".", "rrule", "😀", "!", ":", ")", "电"} <= set(
        words
    )
    ids = token_ids(["Good/bad!! 影"], words)[0].tolist()  # "/" is among the words: it is split so
    assert [words[n - 2] for n in ids] == ["good", "/", "bad", "!", "!", "影"]
    assert token_ids(["good/bad"], ["good", "bad"])[0].tolist() == [1]  # as Keras splits
    assert token_ids(["good/bad"], ["good", "bad"], split="punctuation")[0].tolist() == [2, 1, 3]
    with pytest.raises(ModelError, match='takes split "whitespace", "character" or "punctuation"'):
        token_ids(["good"], ["good"], split="commas")


def test_a_saved_classifier_of_signs_splits_as_before(tmp_path):
    words = learn_vocabulary(SIGNS, 100, split="punctuation")
    model = StringClassifier(words, SentimentBag(len(words) + 2, embedding_dim=4), split="punctuation")
    asked = np.array(["Good/bad!! 影", "", "well-written dateutil.rrule"], object)
    model.save(tmp_path / "model.keras")
    for again in (keras.saving.load_model(tmp_path / "model.keras"), load_model(tmp_path / "model.keras")):
        np.testing.assert_allclose(
            again.predict(asked, verbose=0), model.predict(asked, verbose=0), atol=1e-6
        )
        assert (
            again.get_layer("vocabulary").get_vocabulary() == model.get_layer("vocabulary").get_vocabulary()
        )
        assert splitting_of(again.get_layer("vocabulary")) == "punctuation"


@pytest.mark.parametrize("kind", ["bag", pytest.param("lstm", marks=pytest.mark.slow)])
def test_a_network_reads_what_stands_between_signs_and_the_signs(kind):
    """The class is in signs alone, or in words that stand beside them without a space."""
    texts = ["fine/ok so", "so 😀 it", "poor/ok so", "so 😡 it"] * 20
    classifier = TextClassifier(kind, epochs=20).fit(texts, [1, 1, 0, 0] * 20)
    assert classifier.predict(["it:fine", "poor!", "so,😀", "😡it"]).labels == [1, 0, 1, 0]


def test_vectors_of_what_is_no_single_token_are_left_out():
    vectors = {
        "don't": [1.0, 0.0],
        "!": [0.0, 1.0],
        "Great": [0.5, 0.5],
        "great": [0.1, 0.1],
        "a b": [1.0, 1.0],
    }
    start = start_words(["So good! So", "great! so good"], 100, vectors)
    assert {"!", "great", "so", "good"} == set(start.vocabulary) and start.found == 1
    assert start.vectors.words == ["!", "great"]
    np.testing.assert_allclose(start.vectors.vectors, [[0, 1], [0.5, 0.5]])  # of the first spelling
