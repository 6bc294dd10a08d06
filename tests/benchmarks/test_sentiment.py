"""The benchmark's two contestants train, and its clock counts what it should."""

import time

import numpy as np
import pytest

from benchmarks import sentiment as benchmark
from datasets import reviews
from datasets.generated import opinions
from models.text_classification import WORD_DROPOUT, learn_vocabulary, token_ids
from tutorials import sentiment as lesson


@pytest.fixture(scope="module")
def texts():
    return opinions.load_data(train=500, test=120)


@pytest.fixture
def small(texts, monkeypatch):
    """The same texts as token ids, and a benchmark of their vocabulary's size."""
    (x_train, y_train), (x_test, y_test) = texts
    vocabulary = learn_vocabulary(x_train, 150)
    monkeypatch.setattr(benchmark, "WORDS", len(vocabulary) + 2)
    monkeypatch.setattr(benchmark, "EVERY", 200)
    monkeypatch.setattr(lesson, "learn_vocabulary", lambda texts, size: vocabulary)
    return (token_ids(x_train, vocabulary, None), y_train), (token_ids(x_test, vocabulary, None), y_test)


@pytest.mark.slow
def test_ours_is_the_lesson(small, texts, tmp_path, monkeypatch):
    """Same texts, same seed, same passes: the benchmark's network answers as pooled_lstm of the lesson."""
    monkeypatch.setattr(reviews, "load_data", lambda *_: (*texts, ["negative", "positive"]))
    monkeypatch.setattr(benchmark, "GOAL", 1.01)
    how = {"epochs": 3, "batch_size": 128, "word_dropout": WORD_DROPOUT}
    trained = lesson.main(model="pooled_lstm", data="embedded", outputs=tmp_path, **how)
    clock = benchmark.ours(*small, seed=0)
    assert clock.accuracy == trained.results["test_accuracy"]
    assert clock.seconds > 0
    assert clock.reached == float("inf")


@pytest.mark.slow
def test_peer_is_the_published_one_and_is_timed_to_the_goal(small, monkeypatch):
    monkeypatch.setattr(benchmark, "GOAL", 0.3)
    monkeypatch.setattr(
        benchmark, "PEER_PARAMETERS", benchmark.PEER_PARAMETERS - (20_000 - benchmark.WORDS) * 128
    )
    clock = benchmark.keras_site(*small, seed=0, epochs=1)
    assert clock.reached <= clock.seconds
    assert clock.seen == 16 * 32


def test_the_clock_looks_every_so_often_and_stands_still_meanwhile(small):
    class Slow:
        looked = 0

        def predict_on_batch(self, ids):
            time.sleep(0.2)
            self.looked += 1
            return np.ones((len(ids), 1))

    test = benchmark.LengthBuckets(*small[1], batch_size=1000, lengths=1, shuffle=False)
    clock = benchmark.Clock(test, batch_size=64)
    network = Slow()
    clock.set_model(network)
    for batch in range(10):  # 640 texts: a look after 200, 400 and 600
        clock.on_train_batch_end(batch)
    assert network.looked == 3
    assert clock.seconds < 0.2
    assert clock.accuracy == np.mean(small[1][1])
