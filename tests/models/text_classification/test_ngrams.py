"""The linear classifier of n-grams: as accurate as NB-SVM by scikit-learn, calibrated, explained, saved."""

import re
import zipfile

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression

from datasets import reviews
from models import ModelError, TextClassifier
from models.text_classification import ngram_votes, ngrams


@pytest.fixture(scope="module")
def opinions():
    """Generated reviews: 600 to train on and 600 to test on."""
    (x, y), (xt, yt), _ = reviews.load_data(reviews.locate("embedded"))
    return x[:600], y[:600], xt[:600], yt[:600]


def linear(x, y, weigh, strength, **counted):
    """Logistic regression on weighted n-grams, by scikit-learn: a function that gives scores of texts."""
    counter = CountVectorizer(binary=True, **counted)
    counts = counter.fit_transform(x).astype(float)
    weights = weigh(counts)
    model = LogisticRegression(C=strength, solver="liblinear", tol=1e-6).fit(weights(counts), y)
    return lambda texts: model.decision_function(weights(counter.transform(texts)))


def by_naive_bayes(y):
    """Weights by log-count ratios, as the authors of NB-SVM describe them."""

    def weigh(counts):
        p, q = (1 + np.asarray(counts[y == one].sum(0)).ravel() for one in (1, 0))
        return lambda found: found.multiply(np.log((p / p.sum()) / (q / q.sum()))).tocsr()

    return weigh


def words_and_letters(text):
    """Words and pairs of words, and the parts of each word of two to five letters."""
    words = re.findall(r"\w+|[^\w\s]", text.lower())
    pairs = zip(words, words[1:], strict=False)
    spelled = {
        f" {word} "[n : n + k] for word in words for k in range(2, 6) for n in range(len(word) + 3 - k)
    }
    return [*words, *map(" ".join, pairs), *(f"letters:{part}" for part in spelled)]


def test_its_scores_are_those_of_two_linear_models_by_scikit_learn(opinions, monkeypatch):
    monkeypatch.setattr(ngram_votes, "TOLERANCE", 1e-6)  # all solvers to the end
    x, y, xt, _ = opinions
    classifier = TextClassifier().fit(x, y)
    history = classifier.history_
    nb, tf_idf = (int(np.argmin(history[f"{part}_val_loss"])) for part in ("nb", "tf_idf"))
    bayes = linear(
        x, y, by_naive_bayes(y), ngrams.STRENGTHS[nb], token_pattern=r"\w+|[^\w\s]", ngram_range=(1, 2)
    )
    weighted = linear(
        x,
        y,
        lambda counts: TfidfTransformer().fit(counts).transform,
        ngrams.TF_IDF_STRENGTHS[tf_idf],
        analyzer=words_and_letters,
    )
    scores = np.stack([bayes(xt), weighted(xt), np.ones(len(xt))], 1)
    probabilities = classifier.predict(xt).probabilities[:, 1].astype(float)
    ours = np.log(probabilities / (1 - probabilities))
    mixture, *_ = np.linalg.lstsq(scores, ours, rcond=None)
    assert (mixture[:2] > 0).all()
    assert np.corrcoef(scores @ mixture, ours)[0, 1] > 0.995


def test_pairs_of_words_decide_where_words_do_not():
    texts = ["good not bad", "bad not good", "it is good and not bad", "it is bad and not good"] * 10
    labels = [1, 0, 1, 0] * 10
    found = TextClassifier().fit(texts, labels).evaluate(texts, labels)
    assert found.accuracy.value == 1


def test_many_classes_some_with_a_single_text():
    texts = ["a cat", "the cat", "a dog", "the dog", "one bird"] * 2 + ["a fish"]
    labels = ["cat", "cat", "dog", "dog", "bird"] * 2 + ["fish"]
    classifier = TextClassifier().fit(texts, labels)
    assert classifier.predict(["this cat", "my dog", "bird!", "fish"]).labels == [
        "cat",
        "dog",
        "bird",
        "fish",
    ]
    np.testing.assert_allclose(classifier.predict(texts).probabilities.sum(1), 1, atol=1e-5)


def test_texts_to_choose_by_are_not_fitted_on():
    texts, labels = ["good", "bad"] * 10, [1, 0] * 10
    classifier = TextClassifier().fit(texts, labels, validation=(["lovely", "awful"], [1, 0]))
    found = classifier.predict(["lovely", "awful"]).probabilities[:, 1]
    assert found[0] == pytest.approx(found[1], abs=1e-6)  # it knows neither


def test_probabilities_are_calibrated_by_texts_that_were_held_back(opinions):
    x, y, xt, yt = opinions
    assert TextClassifier().fit(x, y).evaluate(xt, yt).calibration_error < 0.06


@pytest.mark.slow
def test_fit_is_repeatable_and_saved_it_is_the_same(opinions, tmp_path):
    x, y, xt, _ = opinions
    first = TextClassifier(seed=3).fit(x, y)
    found = first.predict(xt).probabilities
    np.testing.assert_array_equal(found, TextClassifier(seed=3).fit(x, y).predict(xt).probabilities)
    first.save(tmp_path / "texts.keras")
    loaded = TextClassifier.load(tmp_path / "texts.keras")
    np.testing.assert_array_equal(found, loaded.predict(xt).probabilities)
    assert str(loaded).startswith("TextClassifier(seed=3), 2 classes")
    assert [path.name for path in tmp_path.iterdir()] == ["texts.keras"]


@pytest.mark.parametrize("size", [2**10, 2**20])
def test_a_file_whose_parts_do_not_fit_each_other_is_refused(size, tmp_path):
    TextClassifier().fit(["good", "bad"] * 3, ["a", "b"] * 3).save(tmp_path / "texts.keras")
    with zipfile.ZipFile(tmp_path / "texts.keras") as old, zipfile.ZipFile(tmp_path / "n.keras", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                content = re.sub(rb'"size": \d+, "longest"', b'"size": %d, "longest"' % size, content)
            new.writestr(name, content)
    with pytest.raises(ModelError, match=r"n\.keras"):
        TextClassifier.load(tmp_path / "n.keras")


def test_the_words_of_other_scripts_count():
    texts = ["这部电影很好", "这部电影很差", "映画は良い", "映画は悪い", "หนังดี", "หนังแย่"] * 5
    labels = ["good", "bad"] * 15
    found = TextClassifier().fit(texts, labels).predict(["很好!", "很差!", "良い", "悪い"])
    assert found.labels == ["good", "bad", "good", "bad"]


def test_words_that_occur_once_are_enough():
    classifier = TextClassifier().fit(["lovely day", "awful night"], ["good", "bad"])
    assert classifier.predict(["lovely", "awful"]).labels == ["good", "bad"]


def test_a_word_that_is_left_out_changes_the_probability():
    classifier = TextClassifier().fit(["so good", "so bad"] * 10, ["good", "bad"] * 10)
    effects = classifier.word_effects("so good")
    assert effects.words == ["so", "good"] and effects.changes[1] > 3 * abs(effects.changes[0])
    assert effects.effects[1] > effects.effects[0] > 0  # "so good" is a pair, and counts for both


def test_texts_without_a_word_are_answered():
    classifier = TextClassifier().fit(["good", "bad", ""] * 5, ["a", "b", "b"] * 5)
    assert classifier.predict(["", "  ", "\u200b"]).labels == ["b", "b", "b"]
    with pytest.raises(ModelError, match="has a word"):
        TextClassifier().fit(["", " "] * 3, ["a", "b"] * 3)
    folds_of_blanks = TextClassifier().fit(["", "", "", "good"], ["a", "a", "b", "b"])
    assert folds_of_blanks.predict([""]).labels == ["a"]
    with pytest.raises(ModelError, match="two or more classes"):
        TextClassifier().fit(["", " "], ["a", "a"])


@pytest.mark.slow
def test_on_real_reviews_it_beats_nb_svm_as_published(imdb_folder):
    """Wang and Manning (2012) report 91.22 % for NB-SVM with pairs of words."""
    (x, y), (xt, yt), _ = reviews.load_data(reviews.locate(str(imdb_folder)))
    found = TextClassifier().fit(x, y).evaluate(xt, yt)
    assert found.accuracy.value > 0.9122 and found.calibration_error < 0.03


@pytest.mark.parametrize("copies", [2, 10])
def test_few_texts_do_not_make_it_as_sure_as_can_be(copies):
    texts, labels = ["a good film", "so good", "a bad film", "so bad"] * copies, [1, 1, 0, 0] * copies
    classifier = TextClassifier().fit(texts, labels)
    found = classifier.predict(["so good", "zzz qqq"]).probabilities.max(1)
    assert found[0] < 1 - 0.5 / (4 * copies + 2) and found[1] < 0.75
