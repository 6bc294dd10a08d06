"""Classes of which one is rare; and lists of texts given to the Keras model itself."""

import keras
import numpy as np
import pytest
from sklearn import metrics
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from models import ModelError, TextClassifier

TEXTS = ["a good film", "so good", "a bad film", "so bad"] * 10
LABELS = ["positive", "positive", "negative", "negative"] * 10


@pytest.fixture(scope="module")
def rare():
    """600 texts, of which a twentieth are spam; a word in each speaks for one class, not always rightly."""
    random = np.random.default_rng(0)
    labels = np.where(random.uniform(size=600) < 0.05, "spam", "mail")
    words = {"spam": ["offer", "meeting"], "mail": ["meeting", "offer"]}
    texts = [
        f"{random.choice(words[label], p=[0.8, 0.2])} {random.choice(['today', 'now', 'please', 'soon'])}"
        for label in labels
    ]
    return texts, labels


@pytest.mark.parametrize("kind", ["ngrams", pytest.param("bag", marks=pytest.mark.slow)])
def test_a_rare_class_is_found_where_classes_are_balanced(kind, rare):
    texts, labels = rare
    plain = TextClassifier(kind=kind, epochs=5).fit(texts, labels)
    weighted = TextClassifier(kind=kind, epochs=5).fit(texts, labels, class_weight="balanced")
    recall = [
        metrics.balanced_accuracy_score(labels, each.predict(texts).labels) for each in (plain, weighted)
    ]
    assert recall[0] == pytest.approx(0.5, abs=0.02) and recall[1] > 0.7
    if kind != "ngrams":  # that is fitted with weights
        share = np.mean(labels == "spam")
        odds = [each.predict(texts).probabilities.astype("float64") for each in (plain, weighted)]
        odds = [each[:, 1] / each[:, 0] for each in odds]
        np.testing.assert_allclose(odds[1] / odds[0], (1 - share) / share, rtol=1e-3)


def test_with_two_texts_of_the_rare_class_the_others_are_still_known():
    random = np.random.default_rng(0)
    words = [f"w{n}" for n in range(50)]

    def some(count, extra):
        return [" ".join([*random.choice(words, 8), extra]) for _ in range(count)]

    texts = [*some(198, "parcel"), *some(2, "invoice")]
    classifier = TextClassifier().fit(texts, ["delivery"] * 198 + ["invoice"] * 2, class_weight="balanced")
    test = [*some(100, "parcel"), *some(100, "invoice")]
    expected = make_pipeline(TfidfVectorizer(), LogisticRegression(class_weight="balanced"))
    expected.fit(texts, ["delivery"] * 198 + ["invoice"] * 2)
    labels = ["delivery"] * 100 + ["invoice"] * 100
    found = classifier.evaluate(test, labels).accuracy.value
    assert found >= expected.score(test, labels) - 0.05


def test_macro_f1_and_the_majority_are_shown(rare):
    texts, labels = rare
    found = TextClassifier().fit(texts, labels).evaluate(texts, labels)
    predicted = np.array(["mail", "spam"])[found.predictions]
    assert found.macro_f1 == pytest.approx(metrics.f1_score(labels, predicted, average="macro"))
    assert found.majority_share == np.mean(labels == "mail")
    assert f"macro-F1 {found.macro_f1:.3f}; always predicting mail would be correct for 9" in str(found)
    assert "macro-F1" in found._repr_html_()


def test_other_weights_are_refused():
    with pytest.raises(ModelError, match='fit takes class_weight None or "balanced", not .heavy'):
        TextClassifier().fit(TEXTS, LABELS, class_weight="heavy")


@pytest.mark.parametrize("kind", ["ngrams", pytest.param("bag", marks=pytest.mark.slow)])
def test_the_keras_model_takes_a_list_of_texts(kind, tmp_path):
    classifier = TextClassifier(kind=kind, epochs=1).fit(TEXTS, LABELS)
    expected = classifier.model.predict(np.array(TEXTS, object), verbose=0)
    np.testing.assert_array_equal(classifier.model.predict(TEXTS, verbose=0), expected)
    with pytest.raises(ModelError, match=r"takes several texts, not 'a text'; for one text, write \[text\]"):
        classifier.model.predict("a text")
    classifier.save(tmp_path / "x.keras")
    plain = keras.saving.load_model(tmp_path / "x.keras", safe_mode=True)
    assert type(plain) is type(classifier.model) and "predict" not in vars(plain)
    loaded = TextClassifier.load(tmp_path / "x.keras").model
    np.testing.assert_allclose(loaded.predict(TEXTS, verbose=0), expected, atol=1e-6)
