"""What is learned from examples before training is learned from training examples alone.

Words, class weights and whatever layers adapt to: had they seen the examples held back, these would
look easier than new ones are.
"""

import ast
import gzip
from collections import Counter

from tutorials.lesson.command import LessonError  # noqa: F401  (first: loads Keras quietly)

import keras
import numpy as np
import pytest

import models
from benchmarks import train_zoo
from datasets import Source, reviews
from datasets.photos import Photos
from models.zoo import zoo
from tutorials import sentiment

WORDS = ("good", "bad", "film", "plot", "actor")


class Stop(Exception):
    """Ends a lesson where all that comes before training is done."""


def texts(count, seed, *more):
    """Texts of a few common words; a word of `more` stands in every text."""
    random = np.random.default_rng(seed)
    return np.array([" ".join([*random.choice(WORDS, 6), *more]) for _ in range(count)], object)


@pytest.fixture
def held_back(monkeypatch):
    """Hundred texts to train on, the last tenth of them to validate on, and twenty to test on.

    What is held back has words of its own, and one that training texts have once: it occurs often
    enough only where both are counted together.
    """
    train = np.concatenate([texts(90, 0), texts(10, 1, "validated", "rare")])
    train[0] += " rare tested"
    test = texts(20, 2, "tested", "only_tested")
    labels = np.arange(120) % 2
    loaded = (train, labels[:100]), (test, labels[100:]), ["neg", "pos"]
    monkeypatch.setattr("datasets.reviews.load_data", lambda *_: loaded)
    monkeypatch.setattr("datasets.reviews.locate", lambda *_: Source("imdb"))


def test_the_vocabulary_of_the_lesson_and_of_the_class_is_of_the_texts_that_it_trains_on(
    held_back, tmp_path, monkeypatch
):
    def build(vocabulary_size, *_, **__):
        raise Stop(vocabulary_size)

    monkeypatch.setitem(sentiment.BUILDERS, "bag", build)
    with pytest.raises(Stop) as stop:
        sentiment.main(model="bag", data="imdb", outputs=tmp_path)
    assert stop.value.args == (len(WORDS) + 2,)  # two more are for padding and unknown words
    (train, labels), _, _ = reviews.load_data()
    with pytest.raises(Stop) as stop:
        models.TextClassifier(kind="bag").fit(train, labels)
    assert stop.value.args == (len(WORDS) + 2,)


def test_the_zoos_vocabulary_is_of_the_texts_that_it_trains_on(held_back, tmp_path, monkeypatch):
    """Nothing is held back from training there to validate on."""

    def build(*_):
        raise Stop

    monkeypatch.setitem(train_zoo.TEXTS, "bag", build)
    monkeypatch.setattr(train_zoo, "VOCABULARY", tmp_path / "words.txt.gz")
    with pytest.raises(Stop):
        train_zoo.main(model="bag", data="imdb")
    learned = gzip.decompress((tmp_path / "words.txt.gz").read_bytes()).decode().split("\n")
    assert set(learned) == {*WORDS, "validated", "rare"}


def test_class_weights_are_of_training_photos():
    def weights(train, validation, test):
        labels = [
            label for part in (train, validation, test) for label, count in part.items() for _ in range(count)
        ]
        parts = np.repeat(
            ["train", "validation", "test"], [sum(part.values()) for part in (train, validation, test)]
        )
        made = Photos(None, 8, ("ants", "bees"), [], np.array(labels), parts, None, [], [], "")
        return made.class_weights()

    uneven = Counter({0: 30, 1: 5})
    expected = weights(uneven, Counter({0: 4, 1: 4}), Counter({0: 4, 1: 4}))
    assert expected[1] == pytest.approx(6 * expected[0])
    assert weights(uneven, Counter({1: 900}), Counter({1: 900})) == expected
    assert weights(Counter({0: 9, 1: 9}), Counter({1: 900}), Counter({0: 900})) == {0: 1.0, 1: 1.0}


def test_no_network_of_the_zoo_adapts_to_data_before_training():
    """What it knows of pixels, spectrograms and words is fixed, or given by its user."""
    for builder in zoo():
        layers = list(getattr(models, builder)()._flatten_layers())
        assert not [one.name for one in layers if hasattr(one, "adapt")]
        if builder not in ("Generator", "Discriminator"):  # trained together, on training images alone
            assert not [one.name for one in layers if isinstance(one, keras.layers.BatchNormalization)]


def test_nothing_else_adapts_to_data(root):
    """Whoever adds such a layer adds a test of it here."""
    found = {
        (path.name, node.func.value.id)
        for folder in ("models", "datasets", "tutorials")
        for path in (root / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "adapt"
    }
    assert found == {("vocabulary.py", "learner")}
