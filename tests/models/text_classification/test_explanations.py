"""What each word does to the log-odds of a class: exact sums, saturated networks, long texts, deletions."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import log_softmax

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


def by_hand(classifier, text, gone):
    """The logits of a linear classifier without the n-grams of which `gone` says so, in plain Python."""
    network = next(layer for layer in classifier.model.layers if isinstance(layer, keras.Model))
    splitter = classifier.model.get_layer("ngrams")
    known = {int(each): n + 1 for n, each in enumerate(splitter.known.numpy())}
    tokens, grams = text.split(), set()
    for n, token in enumerate(tokens):
        grams |= {("word", " ".join(tokens[n : n + k])) for k in (1, 2) if n + k <= len(tokens)}
        spelled = f" {token} "
        grams |= {("letters", spelled[m : m + k]) for k in range(2, 6) for m in range(len(spelled) - k + 1)}
    kept = [gram for gram in grams if not gone(*gram)]
    hashed = [
        int(tf.strings.to_hash_bucket_fast(gram, 2**61)) + (2**61 if kind == "letters" else 0)
        for kind, gram in kept
    ]
    rows = [known[each] for each in hashed if each in known]
    names = "embedding", "relative_votes", "inverse_document_frequency"
    votes, relative, weights = (
        network.get_layer(name).get_weights()[0][rows].astype("float64") for name in names
    )
    scores = votes.sum(0) + relative.sum(0) / np.sqrt((weights**2).sum())
    kernel, bias = network.get_layer("predictions").get_weights()
    return scores @ kernel + bias


def goes_with(word, others):
    """Whether an n-gram goes with a word: it holds it, or is of its letters and of no other word's."""

    def gone(kind, gram):
        if kind == "word":
            return word in gram.split()
        return gram in f" {word} " and not any(gram in f" {other} " for other in others)

    return gone


def test_in_a_linear_classifier_of_two_classes_effects_are_exact_sums():
    texts = ["not good at all", "very good film", "not bad film", "a bad film at all"] * 10
    classifier = TextClassifier().fit([*texts, *texts[:12]], [0, 1, 1, 0] * 10 + [1, 0, 0, 1] * 3)
    text = "a film not very bad at all"
    words, effects = word_effects(classifier.model, text, 1)
    whole = by_hand(classifier, text, lambda *gram: False)[0]
    assert words == text.split()
    for word, effect in zip(words, effects, strict=True):
        without = by_hand(classifier, text, goes_with(word, set(words) - {word}))[0]
        assert effect == pytest.approx(whole - without, rel=1e-4, abs=1e-4), word
    np.testing.assert_allclose(word_effects(classifier.model, text, 0)[1], -effects)
    probability = classifier.predict(text).probabilities[0, 1]
    assert probability == pytest.approx(1 / (1 + np.exp(-whole)), abs=1e-5)


def test_votes_of_several_classes_are_compared_with_all_others():
    texts, labels = ["the cat", "a dog", "one bird"] * 10, ["cat", "dog", "bird"] * 10
    classifier = TextClassifier().fit(texts, labels)
    scores = {
        word: by_hand(classifier, "the cat", goes_with(word, {"the", "cat"} - {word}))
        for word in ("the", "cat")
    }
    odds = {word: log_odds(log_softmax(each)[None], 1)[0] for word, each in scores.items()}
    whole = log_odds(log_softmax(by_hand(classifier, "the cat", lambda *gram: False))[None], 1)[0]
    words, effects = word_effects(classifier.model, "the cat", 1)
    expected = [whole - odds[word] for word in words]
    np.testing.assert_allclose(effects, expected, rtol=1e-4, atol=1e-4)


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


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_deleting_the_named_words_matters_more_than_deleting_others(linear, opinions, seed):
    texts = np.random.default_rng(seed).permutation(opinions[2])[:60]
    drops = _drops(linear, texts, seed)
    assert drops["named"] > 3 * drops["random"] > 0


@pytest.mark.slow
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


CHINESE = ["这部电影很好看", "电影太好了", "这部电影很无聊", "电影太差了"]


def test_where_letters_are_tokens_each_letter_of_chinese_has_an_effect():
    classifier = TextClassifier().fit(CHINESE * 10, ["+", "+", "-", "-"] * 10)
    found = classifier.word_effects("这部电影 very 好!", label="+")
    assert found.words == ["这", "部", "电", "影", "very", "好", "!"]
    assert np.argmax(found.effects) == 5 and found.effects[5] > 0.3
    bad = classifier.word_effects("电影很差", label="-")
    assert bad.words[np.argmax(bad.effects)] == "差"
    splitter = classifier.model.get_layer("ngrams")
    spaced = splitter.fingerprints([" ".join(found.words)]).numpy().tolist()
    assert (
        splitter.fingerprints(["这部电影 very 好!"]).numpy().tolist() == spaced
    )  # the same text for the model


@pytest.mark.parametrize(("split", "text"), [("character", "电影很好"), ("punctuation", "电影，很好")])
def test_networks_are_asked_without_each_letter(split, text):
    words = ["电", "影", "很", "好", "，"]
    network = SentimentBag(len(words) + 2, embedding_dim=1)
    weights = [0.0, 0.0, 1.0, -1.0, 0.5, 3.0, -2.0]
    network.get_layer("embedding").set_weights([np.array(weights)[:, None]])
    network.get_layer("predictions").set_weights([np.array([[1.0]]), np.zeros(1)])
    model = StringClassifier(words, network, split=split)
    found, effects = word_effects(model, text, class_index=1)
    assert found == list(text)
    values = np.array([weights[words.index(letter) + 2] for letter in text])
    without = [np.delete(values, n).mean() for n in range(len(values))]
    np.testing.assert_allclose(effects, values.mean() - without, atol=1e-5)


def test_where_a_sentence_is_one_token_it_stays_one_word():
    model = StringClassifier(["电影很好", "太好"], SentimentBag(4, embedding_dim=1), split="whitespace")
    assert word_effects(model, "电影很好 太好", class_index=1)[0] == ["电影很好", "太好"]
