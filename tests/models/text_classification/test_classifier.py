"""`TextClassifier`: what it learns, predicts, saves, loads and refuses."""

import json
import random
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest
from sklearn import metrics

import models
from models import ModelError, SentimentBag, StringClassifier, TextClassifier
from models.text_classification import examples
from models.text_classification.arguments import labels

TEXTS = ["a good film", "so good", "a bad film", "so bad"] * 10
LABELS = ["positive", "positive", "negative", "negative"] * 10


@pytest.fixture(scope="module")
def trained():
    return TextClassifier(kind="bag", epochs=12).fit(TEXTS, LABELS)


def test_words_decide(trained):
    found = trained.predict(["Good!", "bad, so BAD", ""])
    assert found.labels[:2] == ["positive", "negative"]
    assert found.probabilities.shape == (3, 2)
    np.testing.assert_allclose(found.probabilities.sum(1), 1, rtol=1e-5)
    assert [each.text for each in found] == ["Good!", "bad, so BAD", ""]
    assert found[-1].label == found.labels[-1] and len(found[:2]) == 2
    assert trained.predict("Good!").labels == ["positive"]
    assert trained.class_names_ == ("negative", "positive")
    assert len(trained.predict([])) == 0


def test_evaluation_is_what_scikit_learn_says(trained):
    truth = np.array(LABELS)
    truth[:7] = "positive"  # some of them wrong
    found = trained.evaluate(TEXTS, truth)
    predicted = trained.predict(TEXTS)
    assert found.accuracy.value == metrics.accuracy_score(truth, predicted.labels)
    precision, recall, _, _ = metrics.precision_recall_fscore_support(truth, predicted.labels)
    np.testing.assert_allclose([one.precision.value for one in found.class_scores], precision)
    np.testing.assert_allclose([one.recall.value for one in found.class_scores], recall)
    assert found.accuracy.low < found.accuracy.value < found.accuracy.high
    assert 0 < found.calibration_error < 0.2
    assert "of 40 texts" in str(found) and "<table>" in found._repr_html_()


def test_the_model_takes_strings_and_gives_the_same(trained):
    probabilities = trained.model.predict(np.array(TEXTS, object), verbose=0)[:, 0]
    np.testing.assert_allclose(probabilities, trained.predict(TEXTS).probabilities[:, 1], atol=1e-6)


def test_word_effects_are_those_of_leaving_words_out(trained):
    found = trained.word_effects("so good film", label="positive")
    assert found.words == ["so", "good", "film"]
    without = trained.predict(["good film", "so film", "so good"]).probabilities[:, 1]
    np.testing.assert_allclose(found.changes, found.probability - without, atol=1e-6)
    odds = [np.log(each / (1 - each)) for each in (found.probability, without.astype("float64"))]
    np.testing.assert_allclose(found.effects, odds[0] - odds[1], atol=5e-3)  # float32 near 1
    assert trained.word_effects("so good").label == "positive"
    assert "good (+" in str(found) and "<span" in found._repr_html_()


def test_one_file_holds_everything_and_plain_keras_loads_it(trained, tmp_path, capsys):
    trained.save(tmp_path / "x.keras")
    assert [file.name for file in tmp_path.iterdir()] == ["x.keras"]
    again = TextClassifier.load(tmp_path / "x.keras")
    assert again.class_names_ == trained.class_names_ and repr(again) == repr(trained)
    expected = trained.predict(TEXTS).probabilities
    np.testing.assert_array_equal(again.predict(TEXTS).probabilities, expected)
    plain = keras.saving.load_model(tmp_path / "x.keras", safe_mode=True)
    found = plain.predict(np.array(TEXTS, object), verbose=0)[:, 0]
    np.testing.assert_allclose(found, expected[:, 1], atol=1e-6)
    assert not "".join(capsys.readouterr())


@pytest.mark.slow
def test_plain_keras_needs_the_zoo_imported_as_the_page_of_texts_says(trained, tmp_path, root):
    trained.save(tmp_path / "x.keras")
    said = "keras.saving.load_model"
    page = (root / "docs" / "pages" / "texts.md").read_text(encoding="utf-8")
    block = next(each for each in page.split("```python\n") if said in each.partition("```")[0]).partition(
        "```"
    )[0]
    assert "from models import TextClassifier" in block
    code = block.replace("tickets.keras", str(tmp_path / "x.keras")) + "\nprint(probabilities.shape)"
    for text, expected in (
        (code, "(1, 1)"),
        (code.replace("from models import TextClassifier", ""), "locate class"),
    ):
        done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, cwd=root)
        assert expected in done.stdout + done.stderr and (done.returncode == 0) == (text == code)


def test_whole_numbers_stay_whole_numbers(tmp_path):
    classifier = TextClassifier(kind="bag", epochs=5).fit(TEXTS, np.array([10, 10, 9, 9] * 10))
    assert classifier.class_names_ == ("9", "10")
    classifier.save(tmp_path / "x.keras")
    for each in (classifier, TextClassifier.load(tmp_path / "x.keras")):
        assert each.predict(["so good", "so bad"]).labels == [10, 9]
        assert each.evaluate(["so good", "so bad"], [10, 9]).accuracy.value == 1
    assert labels("fit", "labels", np.array([True, False])) == [1, 0]


def test_files_of_the_lesson_load_with_their_labels_beside_them(tmp_path):
    StringClassifier(["good", "bad"], SentimentBag(4)).save(tmp_path / "model.keras")
    (tmp_path / "labels.json").write_text('["no", "yes"]')
    for path in (tmp_path, tmp_path / "model.keras"):
        found = TextClassifier.load(path)
        assert found.class_names_ == ("no", "yes") and found.split == "whitespace"  # as the model has it
        assert repr(found) == "TextClassifier(split='whitespace')"
    (tmp_path / "labels.json").unlink()
    with pytest.raises(ModelError, match="labels.json cannot be read"):
        TextClassifier.load(tmp_path)


def test_there_can_be_three_classes_and_validation_can_be_given():
    topics = {"mail": "parcel courier box", "bills": "invoice card refund", "praise": "thanks lovely great"}
    rng = random.Random(0)
    rows = [(" ".join(rng.choices(words.split(), k=4)), name) for name, words in topics.items()] * 30
    texts, topic = map(list, zip(*rows, strict=True))
    classifier = TextClassifier(kind="conv1d", epochs=6).fit(texts, topic, validation=(texts[:9], topic[:9]))
    assert classifier.evaluate(texts, topic).accuracy.value == 1
    assert classifier.class_names_ == ("bills", "mail", "praise")
    assert len(classifier.history_["val_loss"]) == 6 and classifier.seconds_ > 0


def test_fit_is_silent_repeatable_and_leaves_no_trace(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random.seed(5)
    expected = [random.random() for _ in range(2)]
    random.seed(5)
    found = [random.random()]
    a = TextClassifier(kind="bag", epochs=1, seed=3).fit(TEXTS, LABELS)
    found.append(random.random())
    b = TextClassifier(kind="bag", epochs=1, seed=3).fit(TEXTS, LABELS)
    assert found == expected
    np.testing.assert_array_equal(a.predict(TEXTS).probabilities, b.predict(TEXTS).probabilities)
    assert not "".join(capsys.readouterr())
    assert not list(tmp_path.iterdir())


def test_texts_that_come_sorted_by_class_are_shuffled_and_others_are_not():
    texts = np.array([str(n) for n in range(100)], object)
    ordered = np.arange(100) // 50
    (train, classes), (validation, held_back) = examples.split(texts, ordered, seed=0)
    assert 0 < held_back.sum() < 10 and len(validation) == 10
    assert {*train, *validation} == {*texts}
    assert all(ordered[int(text)] == label for text, label in zip(train, classes, strict=True))
    mixed = np.random.default_rng(0).integers(0, 2, 100)
    (train, _), _ = examples.split(texts, mixed, seed=0)
    assert [*train] == [*texts[:90]]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda it: it.fit([], []), "fit needs texts to learn from, and there are none"),
        (lambda it: it.fit(TEXTS, LABELS[:3]), "3 labels for 40 texts"),
        (lambda it: it.fit(TEXTS, ["a"] * 40), "two or more classes, and all are 'a'"),
        (lambda it: it.fit(["x y", "x z"], ["a", "b"]), "texts of every class to train on, and 'b' has none"),
        (lambda it: it.fit(TEXTS, [1.5] * 40), "labels that are all strings or all whole numbers, .* 1.5"),
        (lambda it: it.fit(TEXTS, ["a", 1] * 20), "number 1 of them, counted from 0, is 1"),
        (lambda it: it.fit(TEXTS, ["a", ""] * 20), "number 1 of them, counted from 0, is ''"),
        (lambda it: it.fit("a text", LABELS), "texts as a list of strings, not 'a text'"),
        (lambda it: it.fit([None] * 40, LABELS), "number 0 of them, counted from 0, is None"),
        (lambda it: it.fit([f"w{n}" for n in range(40)], LABELS), "No word occurs twice"),
        (lambda it: it.fit(TEXTS, LABELS, validation=3), r"validation=\(texts, labels\), not 3"),
        (
            lambda it: it.fit(TEXTS, LABELS, validation=(["x"], ["u"])),
            "no class 'u' of the validation labels",
        ),
        (lambda it: it.fit(TEXTS, LABELS, validation=([], [])), "needs validation texts"),
        (lambda it: it.fit(TEXTS, LABELS, verbose=7), "verbose of at most 2"),
        (lambda it: it.evaluate(TEXTS, [3] * 40), "knows no class 3"),
        (lambda it: it.evaluate([], []), "needs texts, and there are none"),
        (lambda it: it.predict([1]), "TextClassifier.predict needs texts"),
        (lambda it: it.word_effects(3), "text as one string"),
        (lambda it: it.word_effects("a", label="c"), "knows no class 'c'"),
        (lambda it: it.save("x.h5"), "must end in .keras"),
        (lambda it: it.load("nowhere.keras"), "nowhere.keras cannot be read"),
        (lambda it: it.load(3), "path as the name of a file, not 3"),
        (lambda _: TextClassifier().predict(["a"]), "not trained yet"),
        (lambda _: TextClassifier().evaluate(["a"], ["b"]), "not trained yet"),
        (lambda _: TextClassifier().save("x.keras"), "not trained yet"),
        (lambda _: TextClassifier(kind="gru"), 'kind "ngrams", .* or "bag", not .gru'),
        (lambda _: TextClassifier(kind="lstm", word_pairs=9), 'word_pairs for kind="bag" only'),
        (lambda _: TextClassifier(word_dropout=1), "word_dropout from 0 to less than 1"),
        (lambda _: TextClassifier(vocabulary_size=2), "vocabulary_size of 3 or more, not 2"),
        (lambda _: TextClassifier(epochs=0), "epochs of 1 or more"),
        (lambda _: TextClassifier(batch_size="all"), "batch_size as a whole number"),
        (lambda _: TextClassifier(seed=-1), "seed of 0 or more"),
        (lambda _: TextClassifier(kind="bag", word_pairs=10**9).fit(TEXTS, LABELS), "of memory"),
    ],
)
def test_wrong_arguments_are_one_sentence(trained, call, said):
    with pytest.raises(ModelError, match=said) as error:
        call(trained)
    assert str(error.value).endswith(".") and "\n" not in str(error.value)


def change_about(path, **changes):
    """Rewrite what a saved classifier says of itself."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    about = json.loads(parts["glass_zoo.json"]) | changes
    parts["glass_zoo.json"] = json.dumps(about).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "photos"}, "classifies 'photos', not texts"),
        ({"class_names": ["a"]}, "1 class names, and the model has"),
        ({"settings": {"kind": "gru"}}, "is damaged .* not 'gru'"),
        ({"settings": {"longest": -1}}, "is damaged .*longest"),
        ({"settings": {"labels": "numbers"}}, "is damaged"),
    ],
)
def test_damaged_files_are_one_sentence(trained, tmp_path, changes, said):
    trained.save(tmp_path / "x.keras")
    change_about(tmp_path / "x.keras", **changes)
    with pytest.raises(ModelError, match=said) as error:
        TextClassifier.load(tmp_path / "x.keras")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("setting", [{"encoding": "utf-16"}, {"ragged": True}, {"vocabulary": None}])
def test_a_vocabulary_that_splits_otherwise_is_damage(trained, tmp_path, setting):
    """Keras loads each of these, and fails only when it reads the words or a text."""
    trained.save(tmp_path / "x.keras")
    with zipfile.ZipFile(tmp_path / "x.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    next(one for one in config["config"]["layers"] if one["name"] == "vocabulary")["config"] |= setting
    parts["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(tmp_path / "x.keras", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(ModelError, match="x.keras is damaged .the layer vocabulary must be a WordIndex"):
        TextClassifier.load(tmp_path / "x.keras")


def test_a_model_of_photos_is_no_classifier_of_texts(tmp_path):
    models.MLP().save(tmp_path / "model.keras")
    (tmp_path / "labels.json").write_text(json.dumps(list("0123456789")))
    with pytest.raises(ModelError, match="is no classifier of texts"):
        TextClassifier.load(tmp_path)


def test_it_shows_itself(trained):
    assert (
        str(TextClassifier(kind="bag", epochs=2)) == "TextClassifier(kind='bag', epochs=2), not trained yet"
    )
    assert "5 words, 2 classes: ('negative', 'positive')" in str(trained)
    assert "&#x27;bag&#x27;" in trained._repr_html_()
    table = trained.predict(["so <b>good</b>", "x" * 500] * 40)
    assert "&lt;b&gt;" in table._repr_html_() and "30 more" in str(table)
    assert max(map(len, str(table).splitlines())) < 140
