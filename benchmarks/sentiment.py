"""Seconds of training until 86 % of the real test reviews are told right: ours and a peer.

    python benchmarks/sentiment.py --data PATH

The peer is the Keras site's "Bidirectional LSTM on IMDB", reproduced from its published recipe:
the 20,000 most frequent words, the last 200 of each review, an embedding of 128, two
bidirectional LSTMs of 64, Adam, batches of 32, 2 passes over 25,000 reviews. Its validation
after each pass is left out, which is in its favour.

Ours is what `python -m tutorials.sentiment` does: it trains on nine tenths of those reviews. Both
take the same token ids, and turns, so that a slow minute of the machine hits both. The clock
runs while they train, tracing and (ours) validation included, and stands still while the test
reviews are looked at, after every 5,000 training reviews and at the end.
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
from models import SentimentLSTM
from tutorials.lesson.texts import LONGEST, learn_vocabulary, token_ids
from tutorials.sentiment import EPSILON, STEP_SIZES, WORD_DROPOUT

GOAL = 0.86
EVERY = 5_000  # training reviews between two looks at the test reviews
WORDS = 20_000
PEER_PARAMETERS = 2_757_761


class Clock(keras.callbacks.Callback):
    """Seconds of `fit`, less those spent looking at the test reviews."""

    def __init__(self, test, batch_size):
        super().__init__()
        self.test, self.batch_size = test, batch_size
        self.seen, self.seconds, self.reached, self.accuracy = 0, 0.0, float("inf"), 0.0
        self.since = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.seen += self.batch_size
        if self.seen % EVERY < self.batch_size:
            self.look()

    def look(self):
        self.seconds += time.perf_counter() - self.since
        right = 0
        for ids, labels in (self.test[n] for n in range(len(self.test))):
            right += int(np.sum((self.model.predict_on_batch(ids)[:, 0] > 0.5) == labels))
        self.accuracy = right / len(self.test.order)
        if self.accuracy >= GOAL:
            self.reached = min(self.reached, self.seconds)
        self.since = time.perf_counter()


def ours(train, test, seed, passes=3):
    """What `python -m tutorials.sentiment` does between its data and its evaluation."""
    ids, labels = train
    fitted = len(ids) - len(ids) // 10
    clock = Clock(LengthBuckets(*test, batch_size=500, longest=LONGEST, shuffle=False), 128)
    keras.utils.set_random_seed(seed)
    network = SentimentLSTM(WORDS, word_dropout=WORD_DROPOUT)
    batches = LengthBuckets(ids[:fitted], labels[:fitted], longest=LONGEST, seed=seed)
    validation = LengthBuckets(ids[fitted:], labels[fitted:], batch_size=500, longest=LONGEST, shuffle=False)
    momentum = max(0.0, 1 - 5 / (passes * len(batches)))
    network.compile(
        keras.optimizers.Adam(STEP_SIZES["lstm"], epsilon=EPSILON, use_ema=True, ema_momentum=momentum),
        "binary_crossentropy",
        metrics=["accuracy"],
    )
    average = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
    best = keras.callbacks.EarlyStopping(patience=passes, restore_best_weights=True)
    network.fit(
        batches, epochs=passes, validation_data=validation, callbacks=[clock, average, best], verbose=0
    )
    clock.look()
    return clock


def keras_site(train, test, seed, passes=2):
    """The Keras site's bidirectional LSTM."""
    last = 200
    train, test = (
        (keras.utils.pad_sequences(ids, last), labels) for ids, labels in (train, test)
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
    network.fit(*train, batch_size=32, epochs=passes, callbacks=[clock], verbose=0)
    clock.look()
    return clock


def main(data: str = "auto", runs: int = 3) -> None:
    """Train ours and a peer by turns on real reviews, and look when each reaches 86 % of the test reviews.

    Args:
        data: The Large Movie Review Dataset: its folder aclImdb, or an archive of it.
        runs: Number of runs of each.
    """
    check_positive(runs=runs)
    source = reviews.locate(data)
    (x_train, y_train), (x_test, y_test), _ = reviews.load_data(source)
    if source.name != "imdb":
        raise LessonError("This benchmark needs the Large Movie Review Dataset; name it with --data.")
    vocabulary = learn_vocabulary(x_train, WORDS)
    train, test = (
        (token_ids(texts, vocabulary, None), labels)
        for texts, labels in ((x_train, y_train), (x_test, y_test))
    )

    contestants = ours, keras_site
    clocks = {one: [] for one in contestants}
    for turn in range(runs):
        for one in contestants:
            clock = one(train, test, seed=turn)
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
