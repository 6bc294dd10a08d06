"""A vocabulary in front of a network, and what words contribute to its predictions."""

import subprocess
import sys

import numpy as np
import pytest

from models import ModelError, SentimentBag, StringClassifier
from models.probabilities import per_class
from models.text_classification import (
    learn_vocabulary,
    nearest_words,
    reviews_vocabulary,
    token_ids,
    word_effects,
)
from models.text_classification.vocabulary import VOCABULARY


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
