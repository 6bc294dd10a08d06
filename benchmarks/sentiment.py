"""Seconds of training until 86 % of the real test reviews are classified correctly: ours and a peer.

    python benchmarks/sentiment.py --data PATH

The peer is the Keras site's "Bidirectional LSTM on IMDB", reproduced from its published recipe:
the 20,000 most frequent words, the last 200 of each review, an embedding of 128, two
bidirectional LSTMs of 64, Adam, batches of 32, 2 epochs of 25,000 reviews. Its validation
after each epoch is left out, which is in its favour.

Ours is what `python -m tutorials.sentiment --model pooled_lstm` does: it trains on nine tenths of those
reviews and validates on the last tenth. Unlike there, the vocabulary is learned from all 25,000 training
reviews, because both networks take the same token ids and the peer trains on all of them; no label enters a
vocabulary, and the test reviews have no part in it. The two train by turns, so that a slow minute of the
machine affects both. The clock runs while they train, tracing and (ours) validation included, and is
stopped while the test reviews are evaluated, after every 5,000 training reviews and at the end.
"""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

import keras
import numpy as np
from keras import layers

from datasets import reviews
from datasets.texts.bucketing import LengthBuckets
from models import SentimentPooledLSTM
from models.text_classification import LONGEST, WORD_DROPOUT, learn_vocabulary, token_ids
from models.text_classification.training import VALIDATION_BATCH, train

GOAL = 0.86
EVERY = 5_000  # training reviews between two evaluations on the test reviews
WORDS = 20_000
BATCH_SIZE = 128  # of ours
PEER_PARAMETERS = 2_757_761


class Clock(keras.callbacks.Callback):
    """Seconds of `fit`, without those that evaluating the test reviews takes."""

    def __init__(self, test, batch_size):
        super().__init__()
        self.test, self.batch_size = test, batch_size
        self.seen, self.seconds, self.reached, self.accuracy = 0, 0.0, float("inf"), 0.0
        self.since = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.seen += self.batch_size
        if self.seen % EVERY < self.batch_size:
            self.evaluate()

    def evaluate(self):
        self.seconds += time.perf_counter() - self.since
        correct = 0
        for ids, labels in (self.test[n] for n in range(len(self.test))):
            correct += int(np.sum((self.model.predict_on_batch(ids)[:, 0] > 0.5) == labels))
        self.accuracy = correct / len(self.test.order)
        if self.accuracy >= GOAL:
            self.reached = min(self.reached, self.seconds)
        self.since = time.perf_counter()


def ours(texts, test, seed, epochs=3):
    """What `python -m tutorials.sentiment --model pooled_lstm` does between its data and its evaluation."""
    ids, labels = texts
    fitted = len(ids) - len(ids) // 10
    ids = [each[:LONGEST] for each in ids]
    training, validation = (ids[:fitted], labels[:fitted]), (ids[fitted:], labels[fitted:])
    test = LengthBuckets(*test, batch_size=VALIDATION_BATCH, longest=LONGEST, shuffle=False)
    clock = Clock(test, BATCH_SIZE)
    keras.utils.set_random_seed(seed)
    network = SentimentPooledLSTM(WORDS, word_dropout=WORD_DROPOUT)
    train(network, "pooled_lstm", training, validation, epochs, BATCH_SIZE, seed, callbacks=[clock])
    clock.evaluate()
    return clock


def keras_site(texts, test, seed, epochs=2):
    """The Keras site's bidirectional LSTM."""
    last = 200
    texts, test = (
        (keras.utils.pad_sequences(ids, last), labels) for ids, labels in (texts, test)
    )  # 0 before the review; of a longer one the end
    clock = Clock(LengthBuckets(*test, batch_size=500, shuffle=False), 32)
    keras.utils.set_random_seed(seed)
    network = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(WORDS, 128),
            layers.Bidirectional(layers.LSTM(64, return_sequences=True)),
            layers.Bidirectional(layers.LSTM(64)),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    assert network.count_params() == PEER_PARAMETERS
    network.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    clock.since = time.perf_counter()
    network.fit(*texts, batch_size=32, epochs=epochs, callbacks=[clock], verbose=0)
    clock.evaluate()
    return clock


def main(data: str = "auto", runs: int = 3) -> None:
    """Train ours and a peer by turns on real reviews, and measure when each reaches 86 % of the test reviews.

    Args:
        data: The Large Movie Review Dataset: its folder aclImdb, or an archive of it.
        runs: Number of runs of each.
    """
    check_positive(runs=runs)
    source = reviews.locate(data)
    (x_train, y_train), (x_test, y_test), _ = reviews.load_data(source)
    if source.name != "imdb":
        raise LessonError("This benchmark needs the Large Movie Review Dataset; name it with data=.")
    vocabulary = learn_vocabulary(x_train, WORDS)
    texts, test = (
        (token_ids(strings, vocabulary, None), labels)
        for strings, labels in ((x_train, y_train), (x_test, y_test))
    )

    contestants = ours, keras_site
    clocks = {one: [] for one in contestants}
    for turn in range(runs):
        for one in contestants:
            clock = one(texts, test, seed=turn)
            clocks[one].append(clock)
            print(
                f"run {turn}  {one.__name__:<10} {clock.reached:6.1f} s to {GOAL:.0%}, after "
                f"{clock.seconds:.1f} s {clock.accuracy:.2%} of the test reviews",
                flush=True,
            )
    medians = {one: statistics.median(clock.reached for clock in clocks[one]) for one in contestants}
    for one in contestants:
        accuracy = statistics.mean(clock.accuracy for clock in clocks[one])
        print(f"median {one.__name__} {medians[one]:.1f} s, mean accuracy at the end {accuracy:.2%}")
    print(f"ratio keras_site {medians[keras_site] / medians[ours]:.1f}x")


if __name__ == "__main__":
    run(main)
