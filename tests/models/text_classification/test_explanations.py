"""What each word does to the log-odds of a class: exact sums, saturated networks, long texts, deletions."""

import keras
import numpy as np
import pytest
from scipy.special import log_softmax, logit

from datasets import reviews
from models import SentimentBag, StringClassifier, TextClassifier
from models.text_classification import word_effects
from models.text_classification.explanations import effects_of_words
from models.text_classification.log_odds import LogProbabilities, log_odds


@pytest.fixture(scope="module")
def opinions():
    """Generated reviews: 1,000 to train on and 400 others."""
    (x, y), (xt, yt), _ = reviews.load_data(reviews.locate("embedded"))
    return x[:1000], y[:1000], xt[:400], yt[:400]


@pytest.fixture(scope="module")
def linear(opinions):
    return TextClassifier().fit(*opinions[:2])


def bag(weights, kernel=1.0):
    """A bag of the words w0, w1, ...: its logit is `kernel` times the mean of their weights."""
    network = SentimentBag(len(weights) + 2, embedding_dim=1)
    network.get_layer("embedding").set_weights([np.array([[0.0], [0.0], *[[each] for each in weights]])])
    network.get_layer("predictions").set_weights([np.array([[kernel]]), np.zeros(1)])
    return StringClassifier([f"w{n}" for n in range(len(weights))], network)


def votes_by_hand(classifier, text):
    """{n-gram: its vote}, each n-gram classified alone: its logit less that of an empty text."""
    tokens = text.lower().split()
    grams = {(token,) for token in tokens} | set(zip(tokens, tokens[1:], strict=False))

    def scores(texts):
        return logit(classifier.predict(texts).probabilities[:, 1].astype("float64"))

    empty = scores([""])[0]
    single = {gram: scores([gram[0]])[0] - empty for gram in grams if len(gram) == 1}
    pairs = {
        gram: scores([" ".join(gram)])[0] - empty - sum(single[each,] for each in set(gram))
        for gram in grams
        if len(gram) == 2
    }
    return single | pairs


def test_in_a_linear_classifier_effects_are_sums_of_votes():
    texts = ["not good at all", "very good film", "not bad film", "a bad film at all"] * 10
    classifier = TextClassifier().fit([*texts, *texts[:12]], [0, 1, 1, 0] * 10 + [1, 0, 0, 1] * 3)
    text = "not bad not good film"
    votes = votes_by_hand(classifier, text)
    words, effects = word_effects(classifier.model, text, 1)
    tokens = text.split()
    assert words == tokens
    for place, effect in enumerate(effects):
        with_it = {(tokens[place],)}
        with_it |= {(tokens[n], tokens[n + 1]) for n in (place - 1, place) if 0 <= n < len(tokens) - 1}
        assert effect == pytest.approx(sum(votes[gram] for gram in with_it), abs=2e-3)
    np.testing.assert_allclose(word_effects(classifier.model, text, 0)[1], -effects)


def test_votes_of_several_classes_are_compared_with_all_others():
    texts = ["the cat", "a dog", "one bird"] * 10
    classifier = TextClassifier().fit(texts, ["cat", "dog", "bird"] * 10)
    network = next(layer for layer in classifier.model.layers if isinstance(layer, keras.Model))
    votes = network.get_layer("embedding").get_weights()[0].astype("float64")
    kernel, bias = network.get_layer("predictions").get_weights()
    splitter = classifier.model.get_layer("ngrams")
    rows = [set(splitter(np.array([text], object)).numpy().ravel()) for text in ("the cat", "the", "cat")]
    whole = votes[[*rows[0]]].sum(0) @ kernel + bias
    for word, (lost, effect) in enumerate(
        zip(
            (rows[0] - rows[2], rows[0] - rows[1]),
            word_effects(classifier.model, "the cat", 1)[1],
            strict=True,
        )
    ):
        odds = [log_odds(log_softmax(each)[None], 1)[0] for each in (whole, whole - votes[[*lost]].sum(0))]
        assert effect == pytest.approx(odds[0] - odds[1], abs=1e-5), word


def test_words_are_named_where_the_probability_is_one():
    found = TextClassifier()
    found._learned(bag([9.0, 0.0, -4.0], kernel=40.0), ["bad", "good"])
    effects = found.word_effects("w0 w1 w0")
    assert effects.label == "good" and effects.probability == 1
    # logits: 40 * (9 + 0 + 9) / 3 = 240; without a w0 40 * 9 / 2 = 180; without w1 40 * 9 = 360
    np.testing.assert_allclose(effects.effects, [60, -120, 60], rtol=1e-5)
    np.testing.assert_allclose(effects.changes, 0, atol=1e-9)
    assert "w1 (-120.00)" in str(effects) and "log-odds" in str(effects) and effects.exact
    assert "log-odds" in effects._repr_html_()


def test_every_word_of_a_long_text_is_looked_at():
    weights = np.zeros(20)
    weights[7] = 50.0
    model = bag(weights, kernel=10.0)
    words = ["w1"] * 700
    words[650] = "w7"
    found = effects_of_words(model, " ".join(words), 1)
    assert len(found.words) == 700 and np.argmax(found.log_odds) == 650
    assert found.log_odds[650] == pytest.approx(500 / 700, rel=1e-3)
    assert np.count_nonzero(found.log_odds > 0.1) == 1


def test_a_model_without_logits_says_that_it_is_cut_off():
    text = keras.Input((), dtype="string")
    inner = bag([9.0, -9.0], kernel=40.0)(text)
    model = keras.Model(text, keras.layers.Average()([inner, inner]))
    found = effects_of_words(model, "w0 w1", 1)
    assert not found.exact and np.all(np.abs(found.log_odds) < 33.3)
    assert LogProbabilities(bag([1.0])).exact


@pytest.mark.parametrize("seed", range(3))
def test_deleting_the_named_words_matters_more_than_deleting_others(linear, opinions, seed):
    texts = np.random.default_rng(seed).permutation(opinions[2])[:200]
    drops = _drops(linear, texts, seed)
    assert drops["named"] > 3 * drops["random"] > 0


def test_so_it_does_in_a_network(opinions):
    network = TextClassifier(kind="conv1d", epochs=3).fit(*opinions[:2])
    drops = _drops(network, opinions[2][:20], 0)
    assert drops["named"] > 2 * drops["random"] > 0


def _drops(classifier, texts, seed, count=3):
    """Mean fall of the predicted class's probability when 3 words are deleted: the named, or any."""
    random, shorter = np.random.default_rng(seed), {"named": [], "random": []}
    before = classifier.predict(texts)
    for text, predicted in zip(texts, before.probabilities.argmax(1), strict=True):
        found = effects_of_words(classifier.model, text, predicted)
        chosen = {"named": np.argsort(-found.log_odds)[:count]}
        chosen["random"] = random.permutation(len(found.words))[:count]
        for name, gone in chosen.items():
            shorter[name].append(" ".join(word for n, word in enumerate(found.words) if n not in gone))
    rows, best = np.arange(len(texts)), before.probabilities.argmax(1)
    return {
        name: float(np.mean(before.probability - classifier.predict(kept).probabilities[rows, best]))
        for name, kept in shorter.items()
    }
