"""Settings of text networks: vectors to begin with, sizes, a limit of time, a search, a killed training."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from datasets import reviews
from datasets.texts.bucketing import LengthBuckets
from models import ModelError, SentimentBag, TextClassifier, load_word_vectors
from models.text_classification import learn_vocabulary, searching, token_ids
from models.text_classification.fitting import fit_network, settings_of_network
from models.text_classification.in_time import plan_training
from models.text_classification.word_start import start_words
from models.word_vectors import learn_word_vectors, save_word_vectors

TEXTS = ["a good film", "so good", "a bad film", "so bad"] * 10
LABELS = ["positive", "positive", "negative", "negative"] * 10
# "superb" and "dreadful" are in no training text
VECTORS = {"good": [1.0, 0.0], "bad": [-1.0, 0.0], "superb": [1.0, 0.1], "dreadful": [-1.0, 0.1], "x": [0, 1]}


def written(folder, form):
    """A file of the same vectors as one of three programs writes it."""
    lines = [" ".join([word, *map(str, row)]) for word, row in VECTORS.items()]
    if form == "word2vec":
        lines = [f"{len(lines)} 2", *lines]
    if form == "fasttext":
        lines = [f"{len(lines)} 2", *(f"{line} " for line in lines)]  # a space ends its lines
    path = folder / f"{form}.vec"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("form", ["glove", "word2vec", "fasttext", "mapping", "pair"])
def test_vectors_in_any_form_are_the_same_start(form, tmp_path, capsys):
    given = {"mapping": VECTORS, "pair": (list(VECTORS), np.array(list(VECTORS.values())))}.get(form)
    given = written(tmp_path, form) if given is None else given
    start = start_words(np.array(TEXTS, object), 100, given, verbose=1)
    assert sorted(start.vocabulary[:5]) == ["a", "bad", "film", "good", "so"]
    assert start.vocabulary[5:] == ["superb", "dreadful", "x"]  # with a vector they are known
    assert (start.found, start.known) == (2, 5)
    for word, row in zip(*start.vectors, strict=True):
        assert row.tolist() == pytest.approx(VECTORS[word])
    said = capsys.readouterr().out
    assert "2 of the 5 words of these texts start with a vector" in said and "3 further words" in said
    assert len(start_words(np.array(TEXTS, object), 8, given).vocabulary) == 6  # and two other ids


def test_words_that_no_training_text_has_are_known_by_their_vectors():
    settings = {"epochs": 8, "learning_rate": 0.05, "word_dropout": 0}
    classifier = TextClassifier(kind="bag", embeddings=VECTORS, **settings)
    classifier.fit(TEXTS, LABELS)
    assert classifier.predict(["superb", "dreadful"]).labels == ["positive", "negative"]
    assert classifier.words_with_vectors_ == 2
    assert classifier.settings_["embedding_dim"] == 2


def test_spellings_with_capitals_are_found_and_what_is_no_single_token_takes_no_row():
    vectors = {"GOOD": [1.0], ",": [9.0], "good-ish": [9.0], "Bad": [-1.0], "bad": [5.0], "two words": [9.0]}
    classifier = TextClassifier(kind="bag", embeddings=vectors, epochs=1).fit(TEXTS, LABELS)
    words = classifier.model.get_layer("vocabulary").get_vocabulary(include_special_tokens=False)
    assert sorted(words) == [",", "a", "bad", "film", "good", "so"]
    assert classifier.words_with_vectors_ == 2


@pytest.mark.slow
def test_unlabelled_texts_teach_what_words_mean():
    random = np.random.default_rng(0)
    praise, blame = ["good", "superb", "lovely"], ["bad", "dreadful", "awful"]
    texts = [
        " ".join(random.choice([*words, *context]) for _ in range(12))
        for words, context in ((praise, ["sun", "joy"]), (blame, ["rain", "woe"]))
        for _ in range(400)
    ]
    classifier = TextClassifier(kind="pooled_lstm", epochs=8, learning_rate=0.02, embedding_dim=8)
    classifier.fit(TEXTS, LABELS, unlabelled=texts)
    found = classifier.predict(["superb", "lovely", "dreadful", "awful"])
    assert found.labels == ["positive", "positive", "negative", "negative"]
    assert classifier.settings_["embedding_dim"] == 8 and classifier.settings_["freeze_embeddings"]


def test_vectors_can_be_learned_from_the_training_texts_alone():
    texts = [f"{text} {' '.join(TEXTS[:12])}" for text in TEXTS]  # enough words for a row
    classifier = TextClassifier(kind="bag", epochs=1, embedding_dim=4).fit(texts, LABELS, unlabelled=[])
    assert classifier.words_with_vectors_ == 5 and classifier.settings_["embedding_dim"] == 4


@pytest.mark.parametrize("freeze", [True, False])
def test_frozen_vectors_stay_as_they_were(freeze):
    classifier = TextClassifier(kind="bag", embeddings=VECTORS, freeze_embeddings=freeze, epochs=2)
    table = classifier.fit(TEXTS, LABELS)._network.get_layer("embedding").get_weights()[0]
    words = classifier.model.get_layer("vocabulary").get_vocabulary(include_special_tokens=False)
    length = np.linalg.norm(list(VECTORS.values()), axis=1).mean()
    stayed = np.allclose(table[2 + words.index("good")], np.array([1.0, 0.0]) / length, atol=1e-6)
    assert stayed is freeze


@pytest.mark.slow
def test_learned_vectors_are_those_of_the_lesson(root, tmp_path):
    command = [sys.executable, "-m", "tutorials.word2vec", "--quick", "--data", "embedded", "--outputs"]
    subprocess.run([*command, str(tmp_path)], cwd=root, check=True, capture_output=True)
    (texts, _), _, _ = reviews.load_data(reviews.locate("embedded"))
    vocabulary = learn_vocabulary(texts[:600])
    tokens = token_ids(texts[:600], vocabulary, longest=None)
    settings = {"window": 3, "subsampling": 1e-3, "epochs": 1, "batch_size": 4}
    found = learn_word_vectors(tokens, len(vocabulary) + 2, 32, **settings)
    words, vectors = load_word_vectors(tmp_path / "word2vec" / "vectors.txt")
    assert words == vocabulary
    np.testing.assert_allclose(found[2:], vectors, atol=1e-6)


def test_settings_shape_the_network_and_come_back_from_the_file(tmp_path):
    settings = {"units": 5, "embedding_dim": 3, "dropout": 0.25, "longest": 4, "learning_rate": 0.02}
    classifier = TextClassifier(kind="lstm", epochs=1, **settings).fit(TEXTS, LABELS)
    network = classifier._network
    assert network.get_layer("lstm").units == 5 and network.get_layer("embedding").output_dim == 3
    assert network.get_layer("dropout").rate == 0.25
    assert classifier.settings_ | settings == {"longest": 4} | classifier.settings_
    a, b = classifier.predict(["so good so good bad bad bad", "so good so good"]).probabilities
    np.testing.assert_allclose(a, b, atol=1e-6)  # the fifth word and those that follow are not read
    classifier.save(tmp_path / "x.keras")
    again = TextClassifier.load(tmp_path / "x.keras")
    assert repr(again) == repr(classifier) and again.longest == 4
    np.testing.assert_array_equal(again.predict(TEXTS).probabilities, classifier.predict(TEXTS).probabilities)


def test_dropout_of_0_and_of_the_default_differ_in_training_only():
    built = [
        fit_network(
            settings_of_network(TextClassifier(kind="bag", epochs=1, dropout=dropout)),
            *[(np.array(TEXTS, object), np.arange(40) // 2 % 2)] * 2,
            classes=2,
        )
        for dropout in (0, None)
    ]
    assert [each.used["dropout"] for each in built] == [0, 0.5]


class TestBudget:
    def texts(self, count):
        random = np.random.default_rng(0)
        rows = [" ".join(random.choice(["good", "bad", "film", "so"], 40)) for _ in range(count)]
        return rows, [int("good good" in text) for text in rows]

    def test_it_ends_in_time_and_has_trained(self):
        texts, labels = self.texts(4000)
        classifier = TextClassifier(kind="lstm", budget="6s", epochs=500)
        began = time.perf_counter()
        classifier.fit(texts, labels)
        assert time.perf_counter() - began < 3 * 6  # the machine may have other work
        assert 1 <= len(classifier.history_["val_loss"]) < 500

    def test_a_plan_of_part_of_an_epoch_and_of_all_of_them(self):
        network = SentimentBag(vocabulary_size=9)
        network.compile("adam", "binary_crossentropy")
        tokens = [np.arange(2, 3 + n % 6) for n in range(4000)]
        batches = LengthBuckets(tokens, np.arange(4000) % 2, batch_size=4)
        before = [each.copy() for each in network.get_weights()]
        plan = plan_training(network, batches, 0.1, 3, time.perf_counter() + 6000)
        assert plan == (3, len(batches))
        short = plan_training(network, batches, 0.1, 3, time.perf_counter() + 0.7)
        assert short.epochs == 1 and 1 <= short.steps < len(batches)
        for was, now in zip(before, network.get_weights(), strict=True):
            np.testing.assert_array_equal(was, now)  # measuring has trained nothing
        with pytest.raises(ModelError, match="budget= is used up before the network is trained"):
            plan_training(network, batches, 0.1, 3, time.perf_counter() - 1)


class TestSearch:
    @pytest.mark.slow
    def test_the_lowest_validation_loss_is_kept(self, monkeypatch):
        moments = iter([0.0, 0.0, 1e12])  # a clock by which there is time for two more
        monkeypatch.setattr(searching, "time", SimpleNamespace(perf_counter=lambda: next(moments)))
        random = np.random.default_rng(0)
        rows = [" ".join(random.choice(["good", "bad", "film", "so"], 6)) for _ in range(600)]
        labels = [int("good good" in text) for text in rows]
        classifier = TextClassifier(kind="conv1d", search="10m", epochs=1, dropout=0.5).fit(rows, labels)
        table = classifier.search_
        losses = [each.loss for each in table]
        assert len(table) == 3 and losses == sorted(losses)
        assert min(classifier.history_["val_loss"]) == losses[0]
        assert classifier.settings_["units"] == table[0].units
        assert classifier._network.get_layer("conv").filters == table[0].units
        assert {each.dropout for each in table} == {0.5}  # what is given stays
        first = next(each for each in table if each.units == 64 and each.embedding_dim == 32)
        assert first.learning_rate == 5e-3  # the settings by default are among them
        assert "learning_rate" in str(table) and "<table>" in table._repr_html_()
        assert not table.note

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({}, "The search had time for the settings by default only; give search= more time"),
            (
                {"units": 4, "embedding_dim": 4, "learning_rate": 0.01, "dropout": 0, "word_dropout": 0},
                "The search had nothing to try: all settings that it draws were given.",
            ),
        ],
    )
    def test_a_search_that_tried_no_others_says_so(self, given, said, capsys):
        rows, labels = ["so good", "so bad"] * 300, [1, 0] * 300
        search = 600 if given else 0.01
        found = TextClassifier(kind="conv1d", search=search, epochs=1, **given).fit(rows, labels, verbose=2)
        assert len(found.search_) == 1 and said in str(found.search_) and said in found.search_._repr_html_()
        assert said in capsys.readouterr().out

    def test_too_few_texts_to_choose_by_are_refused(self):
        with pytest.raises(ModelError, match="these are 4; give 50 or more"):
            TextClassifier(kind="bag", search="5s").fit(TEXTS, LABELS)


TRAIN = """
import sys
import numpy as np
from models import TextClassifier
random = np.random.default_rng(0)
rows = [" ".join(random.choice(["good", "bad", "film", "so", "not"], 30)) for _ in range(1500)]
labels = [int("not good" in text) for text in rows]
folder = sys.argv[2] if len(sys.argv) > 2 else None
classifier = TextClassifier(kind="lstm", epochs=6).fit(rows, labels, checkpoint=folder, verbose=2)
np.savez(sys.argv[1], *classifier._network.get_weights(), loss=classifier.history_["val_loss"])
"""


def trained(root, *arguments):
    settings = os.environ | {"PYTHONPATH": str(root), "TF_NUM_INTRAOP_THREADS": "1"}
    command = [sys.executable, "-c", TRAIN, *map(str, arguments)]
    return subprocess.Popen(command, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


@pytest.mark.slow
@pytest.mark.long
def test_killed_it_goes_on_and_gives_the_unkilled_numbers(root, tmp_path):
    whole = trained(root, tmp_path / "whole.npz")
    assert whole.wait(300) == 0
    folder, kills = tmp_path / "state", 0
    for _ in range(2):  # each time one epoch more is done
        state = folder / "training.state"
        before = state.stat().st_mtime_ns if state.exists() else 0
        child = trained(root, tmp_path / "killed.npz", folder)
        while child.poll() is None and not (state.exists() and state.stat().st_mtime_ns > before):
            time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
        kills += child.wait(60) == -signal.SIGKILL
    assert kills == 2
    last = trained(root, tmp_path / "killed.npz", folder)
    assert last.wait(300) == 0
    assert not folder.exists()  # the training is complete
    with np.load(tmp_path / "whole.npz") as a, np.load(tmp_path / "killed.npz") as b:
        assert len(a["loss"]) == len(b["loss"]) == 6
        for name in a.files:
            np.testing.assert_array_equal(a[name], b[name], err_msg=name)


class Killed(BaseException):
    pass


@pytest.mark.slow
def test_interrupted_in_any_epoch_it_goes_on_to_the_same_weights(tmp_path, monkeypatch):
    def fit(checkpoint=None):
        return TextClassifier(kind="bag", epochs=3).fit(TEXTS, LABELS, checkpoint=checkpoint)

    expected = fit().predict(TEXTS).probabilities
    for epoch in (0, 2):
        folder = tmp_path / str(epoch)

        def stop(self, now, logs=None, epoch=epoch):
            if now == epoch:
                raise Killed

        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr(keras.callbacks.SwapEMAWeights, "on_epoch_end", stop)
            fit(folder)
        assert folder.is_dir()
        again = fit(folder)
        np.testing.assert_array_equal(again.predict(TEXTS).probabilities, expected)
        assert len(again.history_["val_loss"]) == 3 and not folder.exists()


def test_a_checkpoint_of_other_texts_or_settings_is_refused(tmp_path, monkeypatch):
    def stop(self, epoch, logs=None):
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(keras.callbacks.SwapEMAWeights, "on_epoch_end", stop)
        TextClassifier(kind="bag", epochs=2).fit(TEXTS, LABELS, checkpoint=tmp_path)
    with pytest.raises(ModelError, match="differs from this one .*seed was 0"):
        TextClassifier(kind="bag", epochs=2, seed=1).fit(TEXTS, LABELS, checkpoint=tmp_path)
    with pytest.raises(ModelError, match="differs from this one .*texts was"):
        TextClassifier(kind="bag", epochs=2).fit(TEXTS, LABELS[::-1], checkpoint=tmp_path)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kind": "lstm", "units": 0}, "units.* 1 or more|units"),
        ({"kind": "lstm", "learning_rate": 0}, "learning_rate"),
        ({"kind": "lstm", "dropout": 1}, "dropout"),
        ({"kind": "lstm", "longest": 0}, "longest"),
        ({"kind": "lstm", "embeddings": 3}, "embeddings as a file of word vectors"),
        ({"kind": "lstm", "embeddings": {}}, "embeddings as a file of word vectors"),
        ({"kind": "lstm", "budget": "soon"}, "budget= takes a time"),
        ({"kind": "lstm", "search": "soon"}, "search= takes a time"),
        (
            {"kind": "lstm", "search": "5m", "budget": "5m"},
            "a limit of time, without budget",
        ),
        ({"kind": "bag", "units": 8}, 'units for networks with a layer that has some; kind="bag" has none'),
        ({"units": 8}, "units for networks of token ids"),
        ({"budget": "5m"}, "budget for networks of token ids"),
        ({"embeddings": VECTORS}, "embeddings for networks of token ids"),
        ({"longest": 100}, "longest for networks of token ids"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, said):
    with pytest.raises(ModelError, match=said):
        TextClassifier(**settings)


@pytest.mark.parametrize(
    ("settings", "given", "said"),
    [
        ({}, {"unlabelled": TEXTS}, "unlabelled for networks of token ids"),
        ({}, {"checkpoint": "folder"}, "checkpoint for networks of token ids"),
        ({"kind": "bag"}, {"checkpoint": 3}, "checkpoint as a folder, not 3"),
        ({"kind": "bag"}, {"unlabelled": "a text"}, "unlabelled as a list of strings"),
        ({"kind": "bag", "embeddings": VECTORS}, {"unlabelled": TEXTS}, "not with both"),
        ({"kind": "bag", "search": "5s"}, {"checkpoint": "folder"}, "without checkpoint"),
        ({"kind": "bag", "embeddings": "missing.txt"}, {}, "missing.txt is no file"),
        ({"kind": "lstm", "units": 10**6}, {}, "SentimentLSTM needs about .* of memory for its weights"),
        ({"kind": "bag", "embeddings": {"gut": [1.0]}}, {}, "no word of these texts"),
        ({"kind": "bag", "embeddings": {"good": [1.0], "bad": [1.0, 2.0]}}, {}, "all of one length"),
        ({"kind": "bag", "embeddings": {"good": [np.nan]}}, {}, "finite numbers"),
        (
            {"kind": "bag", "embeddings": VECTORS, "embedding_dim": 3},
            {},
            "embedding_dim=3, .* 2 numbers",
        ),
    ],
)
def test_what_fit_cannot_do_is_refused(settings, given, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=said):
        TextClassifier(**settings).fit(TEXTS, LABELS, **given)
    assert not list(tmp_path.iterdir())


def test_a_saved_file_of_vectors_can_be_given(tmp_path):
    save_word_vectors(tmp_path / "v.txt", list(VECTORS), list(VECTORS.values()))
    classifier = TextClassifier(kind="bag", embeddings=Path(tmp_path, "v.txt"), epochs=1).fit(TEXTS, LABELS)
    assert classifier.words_with_vectors_ == 2
