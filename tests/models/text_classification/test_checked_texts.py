"""`TextClassifier` with checked texts: their parts are kept, and nothing of a test part is trained on."""

import keras
import numpy as np
import pytest

from datasets import DataError, Texts
from models import ModelError, TextClassifier

DEV = ["fine", "poor"]


def write(folder, rows, name="films.csv"):
    (folder / name).write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Films in three tables; each part has words of its own."""
    path = tmp_path_factory.mktemp("films")
    for part, good, bad in (("train", "good", "bad"), ("dev", *DEV), ("test", "superb", "dreadful")):
        words = [(good, "good"), (bad, "bad")]
        rows = [(f"{word} film number{part}{n}", label) for n in range(30) for word, label in words]
        if part == "dev":
            rows += [("fine good film", "good"), ("poor bad film", "bad")]
        write(path, rows, f"{part}.csv")
    return path


@pytest.fixture(scope="module")
def texts(folder):
    return Texts.check(folder)


def test_a_network_is_fitted_as_on_the_parts_one_by_one(texts):
    found = TextClassifier("bag", epochs=3).fit(texts)
    apart = TextClassifier("bag", epochs=3).fit(*texts.pairs("train"), validation=texts.pairs("validation"))
    for ours, theirs in zip(found.model.get_weights(), apart.model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert found.evaluate(texts).accuracy == apart.evaluate(*texts.pairs("test")).accuracy


def test_ngrams_are_chosen_by_the_validation_part_and_then_fitted_on_it_as_well(texts):
    found = TextClassifier().fit(texts)
    train, held = texts.pairs("train"), texts.pairs("validation")
    apart = TextClassifier().fit(*train, validation=held)
    both = TextClassifier().fit([*train[0], *held[0]], [*train[1], *held[1]])
    predicted = [
        each.predict([*DEV, "so so"]).probabilities[:, found.class_names.index("good")]
        for each in (found, apart, both)
    ]
    assert predicted[0][0] > 0.6 > 0.4 > predicted[0][1]  # words that only the validation part has
    assert predicted[1] == pytest.approx(np.full(3, 0.5), abs=0.05)  # parts of words alone
    assert predicted[2][0] > 0.6 > 0.4 > predicted[2][1]  # so it is with lists
    assert len(found.history_["nb_val_loss"]) == len(apart.history_["nb_val_loss"])


def test_words_of_the_test_part_are_unknown_to_it(texts):
    """The votes of a text without a known word are the bias alone."""
    classifier = TextClassifier("bag", epochs=3).fit(texts)
    vocabulary = set(classifier.model.get_layer("vocabulary").get_vocabulary())
    assert {"good", "bad", "film"} <= vocabulary
    assert vocabulary.isdisjoint({*DEV, "superb", "dreadful", "numbertest3"})
    splitter = TextClassifier().fit(texts).model.get_layer("ngrams")
    known = set(splitter.known.numpy().tolist())
    for word, there in (("good", True), ("superb", False), ("dreadful", False), ("poor", True)):
        first = int(splitter.fingerprints([word]).values.numpy()[0])
        assert (first in known) is there, word


def test_test_texts_that_say_the_opposite_change_nothing(folder, texts, tmp_path):
    before = TextClassifier().fit(texts)
    for part in ("train", "dev"):
        (tmp_path / f"{part}.csv").write_text((folder / f"{part}.csv").read_text())
    write(tmp_path, [(f"good nice{n}", "bad") for n in range(40)] + [("bad", "good")], "test.csv")
    after = TextClassifier().fit(Texts.check(tmp_path))
    for ours, theirs in zip(before.model.get_weights(), after.model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert after.evaluate(tmp_path).accuracy.value < 0.1 < before.evaluate(texts, part="train").accuracy.value


def test_a_path_is_checked_with_the_classifiers_seed(folder, tmp_path):
    rows = [(f"{word} film {n}", word) for n in range(40) for word in ("good", "bad")]
    write(tmp_path, rows)
    path = tmp_path / "films.csv"
    texts = Texts.check(path, seed=7)
    by_path, by_str = TextClassifier(seed=7).fit(path), TextClassifier(seed=7).fit(str(path))
    by_texts = TextClassifier(seed=7).fit(texts)
    words = ["good film", "bad one"]
    expected = by_texts.predict(words).probabilities
    np.testing.assert_array_equal(by_path.predict(words).probabilities, expected)
    np.testing.assert_array_equal(by_str.predict(words).probabilities, expected)
    evaluation = by_path.evaluate(path)
    assert list(evaluation.examples) == list(texts.pairs("test")[0]) and evaluation.part == "test"
    assert len(by_path.evaluate(path, part="all")) == len(texts)


def test_classes_that_are_numbers_are_found_by_their_names(tmp_path):
    write(tmp_path, [(f"{word} {n}", star) for n in range(20) for word, star in (("good", 5), ("bad", 1))])
    classifier = TextClassifier().fit(["good", "bad", "so good", "so bad"] * 5, [5, 1, 5, 1] * 5)
    assert classifier.evaluate(tmp_path / "films.csv", part="all").accuracy.value == 1
    write(tmp_path, [(f"{word} {n}", star) for n in range(20) for word, star in (("good", 4), ("bad", 1))])
    with pytest.raises(ModelError, match="knows no class '4' of the labels; the classes are"):
        classifier.evaluate(tmp_path / "films.csv")


def test_a_saved_one_evaluates_checked_texts(texts, tmp_path):
    fitted = TextClassifier().fit(texts)
    fitted.save(tmp_path / "x.keras")
    assert (
        TextClassifier.load(tmp_path / "x.keras").evaluate(texts).accuracy == fitted.evaluate(texts).accuracy
    )
    assert isinstance(keras.saving.load_model(tmp_path / "x.keras", safe_mode=True), keras.Model)


def test_what_does_not_fit_is_refused_in_a_sentence(texts, tmp_path):
    with pytest.raises(ModelError, match="fit needs a label for each text; without labels it takes"):
        TextClassifier().fit(["good", "bad"])
    with pytest.raises(ModelError, match="needs a label for each text"):
        TextClassifier().fit(7)
    with pytest.raises(ModelError, match="takes validation= with texts and labels"):
        TextClassifier().fit(texts, validation=(["a"], ["good"]))
    with pytest.raises(DataError, match="does not exist"):
        TextClassifier().fit(tmp_path / "none.csv")
    classifier = TextClassifier().fit(texts)
    with pytest.raises(ModelError, match='evaluate takes part "train"|part'):
        classifier.evaluate(texts, part="dev")
    with pytest.raises(ModelError, match="not trained yet"):
        TextClassifier().evaluate(texts)
