"""Weights of n-grams by their names: those of the model's own arrays, looked up by hand."""

import numpy as np
import pytest
import tensorflow as tf

from models import ModelError, TextClassifier
from models.text_classification.weights import ngram_weights

TEXTS = ["Not good, I say.", "good and cheap", "not bad at all", "so bad, so dear", "好い 映画"] * 6


def by_hand(model, ngram, norm):
    """What an n-gram adds to each score, by the hash that TensorFlow gives its name."""
    index, network = model.get_layer("ngrams"), model.layers[-1]
    fingerprint = int(tf.strings.to_hash_bucket_fast(ngram, 2**61))
    (row,) = np.flatnonzero(index.known.numpy() == fingerprint)
    votes, relative = (
        network.get_layer(name).get_weights()[0][row + 1] for name in ("embedding", "relative_votes")
    )
    return votes + relative / norm


@pytest.mark.parametrize("labels", [[1, 1, 0, 0, 1], ["a", "b", "c", "a", "b"]])
def test_they_are_the_models_own(labels):
    model = TextClassifier().fit(TEXTS, labels * 6).model
    found = ngram_weights(model, TEXTS)
    assert {"not", "not good", "good", ",", ", i", "so bad", "映 画"} <= set(found.ngrams)
    assert len(set(found.ngrams)) == len(found.ngrams)
    frequency = model.layers[-1].get_layer("inverse_document_frequency").get_weights()[0][:, 0]
    norms = []
    for text in TEXTS:
        numbers = np.unique(model.get_layer("ngrams")(np.array([text], object)).numpy())
        norms.append(np.sqrt(np.sum(frequency[numbers[numbers > 0]] ** 2)))
    for ngram in ("not good", "so", ", i", "映 画"):
        scores = by_hand(model, ngram, np.mean(norms))
        scores = np.array([0, scores[0]]) if len(scores) == 1 else scores
        weights = found.weights[found.ngrams.index(ngram)]
        np.testing.assert_allclose(weights, scores - scores.mean(), atol=1e-5)
    assert found.texts[found.ngrams.index("so")] == 6 and found.texts[found.ngrams.index("not")] == 12


def test_the_heaviest_of_each_class_stand_first():
    model = TextClassifier().fit(["good film", "bad film", "good", "bad"] * 10, [1, 0, 1, 0] * 10).model
    found = ngram_weights(model, ["good film", "bad film", "odd bad"])
    assert found.heaviest(1, 1) == ["good"] and found.heaviest(0, 1) == ["bad"]
    assert "odd" not in found.ngrams and found.heaviest(1, 5, least_texts=2) == []


def test_other_models_have_none():
    model = TextClassifier("bag", epochs=1).fit(["good", "bad"] * 10, [1, 0] * 10).model
    with pytest.raises(ModelError, match='needs the model of a TextClassifier\\(kind="ngrams"\\)'):
        ngram_weights(model, ["good"])
