"""A classifier fitted on a stream: the weights of scikit-learn, the same object, nothing left behind."""

import csv
import tempfile
from collections import Counter

import numpy as np
import pytest
from scipy import sparse

from datasets import Texts
from datasets.generated import messages
from models import ModelError, TextClassifier
from models.text_classification import large_fit, ngram_files, ngrams, streamed_fit
from models.text_classification.ngram_counts import count_ngrams
from models.text_classification.ngram_files import FrequentNgrams, NgramFiles
from models.text_classification.ngram_votes import naive_bayes, tf_idf


@pytest.fixture(scope="module", autouse=True)
def small():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large_fit, "BLOCK", 40_000)
        patch.setattr(ngram_files, "AT_ONCE", 40)
        patch.setattr(ngrams, "HELD_BACK", 60)
        patch.setattr(ngrams, "SOME", 6000)
        yield


def save(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return path


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A table of messages of four classes."""
    rows = [(each.text, each.truth) for each in messages.generate(800, seed=0) if each.truth]
    return save(tmp_path_factory.mktemp("shop") / "messages.csv", rows)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The folder in which temporary folders are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def fitted(shop):
    """(the stream, the classifier that was fitted on it)."""
    texts = Texts.stream(shop)
    return texts, TextClassifier().fit(texts)


def known(texts, *parts):
    """(texts, labels) of some parts of a stream."""
    found = list(texts.blocks(*parts))
    return [text for block in found for text in block.texts], np.concatenate([each.labels for each in found])


@pytest.mark.parametrize("letters", [0, 5])
def test_ngrams_in_files_are_those_in_memory(letters, shop, tmp_path, monkeypatch):
    monkeypatch.setattr(large_fit, "BLOCK", 3000)
    texts, labels = known(Texts.stream(shop), "train")
    files = NgramFiles(tmp_path, 2, classes=4, letters=letters)
    for n in range(0, len(texts), 70):
        files.add(texts[n : n + 70], labels[n : n + 70])
    files.close()
    grams = count_ngrams(texts, len(texts), classes=4)
    size = len(grams.fingerprints) if letters else grams.words
    assert files.words == grams.words
    np.testing.assert_array_equal(files.fingerprints, grams.fingerprints[:size])
    found = list(files)
    assert len(found) > 4 and len(list(tmp_path.glob("*.npy"))) == 2 * len(found)  # no fingerprints are left
    whole = sparse.vstack([matrix for matrix, _ in found], "csr")
    assert (whole != grams.matrix[:, :size]).nnz == 0 and whole.nnz == files.stored
    np.testing.assert_array_equal(np.concatenate([each for _, each in found]), labels)
    for number in range(4):
        counts = np.asarray(whole[labels == number].sum(0)).ravel()
        np.testing.assert_array_equal(files.frequency[number], counts)
    np.testing.assert_array_equal(files.texts, np.bincount(labels))
    assert (files.columns_of(texts[:50]) != whole[:50]).nnz == 0 and files.columns_of([]).shape[0] == 0
    files.store(files.columns_of(texts[:9]), labels[:9])
    assert files.texts.sum() == len(texts) + 9 and sum(len(own) for _, own in files) == len(texts) + 9
    np.testing.assert_array_equal(files.frequency.sum(0), np.asarray(whole.sum(0) + whole[:9].sum(0)).ravel())
    some, own = files.sample(files.stored // 2, seed=0)
    assert 0.3 < some.shape[0] / len(texts) < 0.7 and len(own) == some.shape[0]


def test_the_most_frequent_ngrams_are_kept_when_there_are_too_many(monkeypatch):
    random = np.random.default_rng(0)
    draws = random.zipf(1.3, 60_000) % 50_000
    expected = Counter(draws.tolist())
    exact = FrequentNgrams()
    for some in np.split(draws, 60):
        exact.add(some)
    counts = sorted(expected.values(), reverse=True)[:300]
    assert sorted((expected[each] for each in exact.most_frequent(300).tolist()), reverse=True) == counts
    monkeypatch.setattr(ngram_files, "KEPT", 2000)
    monkeypatch.setattr(ngram_files, "PENDING", 2000)
    few = FrequentNgrams()
    for some in np.split(draws, 60):
        few.add(some)
    assert len(few.most_frequent(10**6)) == 2000 < len(expected)
    assert len(np.intersect1d(few.most_frequent(300), exact.most_frequent(300))) > 280


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize(("relative", "usual"), [(False, naive_bayes), (True, tf_idf)])
def test_its_weights_are_those_of_scikit_learn(balanced, relative, usual, shop, tmp_path, monkeypatch):
    monkeypatch.setattr(large_fit, "MOST_STEPS", 1000)
    monkeypatch.setattr(large_fit, "PRECISION", 1e-13)
    monkeypatch.setattr("models.text_classification.ngram_votes.TOLERANCE", 1e-8)
    texts, labels = known(Texts.stream(shop), "train")
    texts, labels = texts[:300], labels[:300]
    files = NgramFiles(tmp_path, 2, classes=4, letters=5)
    files.add(texts, labels)
    files.close()
    grams = count_ngrams(texts, 300, classes=4)
    expected = usual(grams, labels, 4, 0, balanced, 1.0, np.arange(300))
    start = expected._replace(votes=np.zeros_like(expected.votes), bias=np.zeros(4, "float32"))
    found = streamed_fit._fitted(relative, files, 1.0, balanced, start, verbose=0)
    np.testing.assert_allclose(found.bias, expected.bias, atol=5e-3)
    np.testing.assert_allclose(found.votes, expected.votes, atol=5e-3)
    assert np.abs(expected.votes).max() > 0.5


def test_it_is_the_classifier_that_a_fit_in_memory_gives(fitted, tmp_path):
    texts, streamed = fitted
    training, labels = known(texts, "train", "validation")
    usual = TextClassifier().fit(training, [texts.class_names[label] for label in labels])
    test, labels = known(texts, "test")
    names = [texts.class_names[label] for label in labels]
    expected, found = usual.evaluate(test, names), streamed.evaluate(test, names)
    assert found.accuracy.value > expected.accuracy.value - 0.03 > 0.8
    assert np.corrcoef(found.probabilities.ravel(), expected.probabilities.ravel())[0, 1] > 0.97
    assert found.calibration_error < 0.1 and streamed.calibration_.after[0] < 0.1
    assert streamed.evaluate(texts).accuracy == found.accuracy and streamed.evaluate(texts).part == "test"
    streamed.save(tmp_path / "shop.keras")
    again = TextClassifier.load(tmp_path / "shop.keras")
    np.testing.assert_allclose(again.predict(test).probabilities, found.probabilities, atol=1e-6)
    strange = "Quantum chromodynamics confines gluons"
    assert "none of these" in again.predict([strange, test[0]], abstain=0.05)[0].reason
    assert again.word_effects(test[0]).words == test[0].split()


def test_a_sample_of_what_it_was_fitted_on_tells_suspects(fitted):
    texts, classifier = fitted
    some, labels = classifier.trained_on()
    trained = dict(zip(*known(texts, "train"), strict=True))
    assert len(some) == texts.counts["train"].sum() and all(
        texts.class_names[trained[text]] == label for text, label in zip(some, labels, strict=True)
    )
    assert classifier.suspects()[0].file.startswith("messages.csv, line ")


@pytest.mark.slow
def test_the_same_seed_gives_the_same_classifier_and_nothing_is_left(fitted, shop, place, capsys):
    texts, classifier = fitted
    again = TextClassifier().fit(Texts.stream(shop), verbose=1)
    said = capsys.readouterr().out
    assert "Taking the texts apart" in said and "NB-SVM, 4 of 4" in said and "step" in said
    assert not list(place.iterdir())
    some, _ = known(texts, "test")
    np.testing.assert_array_equal(again.predict(some).probabilities, classifier.predict(some).probabilities)


def test_of_many_test_texts_a_sample_is_evaluated_and_called_so(fitted, monkeypatch):
    monkeypatch.setattr("models.text_classification.linear_fits.EVALUATED", 50)
    texts, classifier = fitted
    found, total = classifier.evaluate(texts), texts.counts["test"].sum()
    assert len(found) == 50 and str(found).startswith(f"test, a random sample of {total} texts: accuracy")
    assert 40 < len(classifier.evaluate(texts, part="all")) <= 50


@pytest.mark.slow
def test_two_classes_of_which_one_is_rare_can_be_balanced(tmp_path):
    rows = [(f"film {n} was so {('good', 'bad')[n % 9 == 0]}", "+-"[n % 9 == 0]) for n in range(600)]
    texts = Texts.stream(save(tmp_path / "films.csv", rows))
    for class_weight in None, "balanced":
        classifier = TextClassifier().fit(texts, class_weight=class_weight)
        assert classifier.evaluate(texts).balanced_accuracy > 0.95


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_the_temporary_folder_is_removed_after_an_error(error, shop, place, monkeypatch):
    seen = []

    def stop(*arguments):
        seen.extend(place.glob("*/*.npy"))
        raise error

    monkeypatch.setattr(streamed_fit, "choose_strengths", stop)
    with pytest.raises(error):
        TextClassifier().fit(Texts.stream(shop))
    assert seen and not list(place.iterdir())


@pytest.mark.parametrize(("some", "fitted"), [(10**6, True), (40, False)])
def test_few_texts_are_fitted_on_those_that_validate_as_well(some, fitted, tmp_path, monkeypatch):
    monkeypatch.setattr(ngrams, "SOME", some)
    for part, words in ("train", ("good", "bad")), ("dev", ("lovely", "awful")), ("test", ("fine", "poor")):
        save(tmp_path / f"{part}.csv", [(f"so {words[n % 2]} {n}", "+-"[n % 2]) for n in range(50)])
    classifier = TextClassifier().fit(Texts.stream(tmp_path))
    lovely, awful, good = classifier.predict(["lovely", "awful", "good"]).probabilities[:, 0]
    assert good > 0.7 and lovely - awful > 0.2 if fitted else lovely == pytest.approx(awful, abs=0.05)


def test_a_folder_that_holds_nothing_is_one_sentence(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(
        ModelError, match=r"gone cannot hold the texts' n-grams \(No such file .*set .* TMPDIR"
    ):
        TextClassifier().fit(Texts.stream(shop))


def test_a_full_disk_is_one_sentence_with_the_reason(shop, tmp_path, monkeypatch):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before, texts = resource.getrlimit(resource.RLIMIT_FSIZE), Texts.stream(shop)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(ModelError, match=r"cannot hold the texts' n-grams \((?!None).*TMPDIR"):
            TextClassifier().fit(texts)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.glob("glass-zoo-*"))


def test_what_a_stream_cannot_do_is_said(fitted, tmp_path, place):
    texts, classifier = fitted
    with pytest.raises(ModelError, match="needs all texts in memory"):
        TextClassifier(kind="bag").fit(texts)
    with pytest.raises(ModelError, match="takes no validation="):
        TextClassifier().fit(texts, validation=(["a"], ["b"]))
    with pytest.raises(ModelError, match="takes part"):
        classifier.evaluate(texts, part="dev")
    others = [(f"film {n} was so {('good', 'bad')[n % 2]}", "+-"[n % 2]) for n in range(100)]
    with pytest.raises(ModelError, match="knows no class '\\+'"):
        classifier.evaluate(Texts.stream(save(tmp_path / "films.csv", others)))
    blank = [(chr(0xE000 + n), "+-"[n % 2]) for n in range(200)]  # characters without a form
    with pytest.raises(ModelError, match="has a word"):
        TextClassifier().fit(Texts.stream(save(tmp_path / "blank.csv", blank)))
    files = NgramFiles(tmp_path, 2, classes=2)
    files.add(["so good"] * 2000, np.array([0, 1] * 1000))
    with pytest.raises(ModelError, match=r"need about .* of disk .* set the environment variable TMPDIR"):
        files.check_room(10**13)
