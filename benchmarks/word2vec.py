"""Skip-gram here and in gensim by turns: seconds of training, and what the vectors are worth.

    python -m benchmarks.word2vec --data PATH

Both train on the same tokens of the 25,000 training reviews, with the lesson's settings: the same vocabulary,
dimensions, window, subsampling, epochs, five negatives by frequency^0.75. gensim updates after each pair,
in compiled threads; ours after each batch, in TensorFlow. Then a logistic regression on the texts' vectors is
trained with all labels and with 100, and tested on the 25,000 test reviews; PPMI and SVD beside. gensim is
in requirements-extra.txt.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

import keras
import numpy as np

from datasets import reviews
from models import SkipGram
from models.text_classification import learn_vocabulary, token_ids
from models.word_vectors import (
    bag_of_words,
    keep_probabilities,
    near,
    noise_distribution,
    ppmi_vectors,
    training_step,
    word_counts,
    word_rows,
)
from tutorials.lesson.parts.word_vectors import FEW, REPEATS, Features, by_default, draw_labelled
from tutorials.word2vec import COUNTED_WINDOW, DRAWN, NEGATIVES

RATE = 0.6  # of Adagrad, as in the lesson


def ours(tokens, counts, settings, seed):
    """Vectors (token ids, dimensions) by this project, as the lesson trains them."""
    dimensions, window, subsampling, epochs = settings
    keras.utils.set_random_seed(seed)
    keep, noise = keep_probabilities(counts, subsampling), np.cumsum(noise_distribution(counts))
    network, random = SkipGram(len(counts), dimensions), np.random.default_rng(seed)
    step = training_step(network, RATE, NEGATIVES)
    for epoch in range(epochs):
        batches = word_rows(tokens, keep, window, seed=int(random.integers(2**31)))
        for n, batch in enumerate(batches):
            neighbours = near(batch, random.integers(1, window + 1, batch.shape))
            drawn = np.searchsorted(noise, random.random(DRAWN)).clip(2, len(noise) - 1)
            step(batch, neighbours, drawn, 1 - (epoch + n / len(batches)) / epochs)
    return network.get_layer("word_vectors").get_weights()[0]


def gensim(tokens, counts, settings, seed):
    """The same by gensim, with two threads."""
    from gensim.models import Word2Vec

    dimensions, window, subsampling, epochs = settings
    texts = [[str(word) for word in text if word > 1] for text in tokens]
    model = Word2Vec(
        texts, sg=1, negative=NEGATIVES, vector_size=dimensions, window=window, sample=subsampling,
        epochs=epochs, min_count=1, workers=2, seed=seed,
    )  # fmt: skip
    vectors = np.zeros((len(counts), dimensions), "float32")
    for word in model.wv.index_to_key:
        vectors[int(word)] = model.wv[word]
    return vectors


def counted(tokens, counts, settings, seed):
    """PPMI and SVD of one epoch's words."""
    dimensions, window, subsampling, _ = settings
    rows = word_rows(tokens, keep_probabilities(counts, subsampling), window, seed=seed)
    return ppmi_vectors(rows, len(counts), COUNTED_WINDOW, dimensions, seed=seed)


def main(data: str = "auto", runs: int = 3) -> dict:
    """Train by turns, and print seconds and accuracies of each.

    Args:
        data: The Large Movie Review Dataset, its folder or an archive of it, or other labelled texts.
        runs: Number of runs of each, with the seeds 0, 1, 2, …

    Returns:
        {name: {measure: mean}}.
    """
    check_positive(runs=runs)
    try:
        import gensim as _
    except ImportError:
        raise LessonError("gensim is not installed; install it with `pip install gensim`.") from None
    source = reviews.locate(data)
    (x_train, y_train), (x_test, y_test), _ = reviews.load_data(source)
    vocabulary = learn_vocabulary(x_train, 10_000)
    tokens, test_tokens = (token_ids(texts, vocabulary, longest=None) for texts in (x_train, x_test))
    counts = word_counts(tokens, len(vocabulary) + 2)
    settings = by_default(source.name == "embedded")
    bags = bag_of_words(tokens, len(counts)), bag_of_words(test_tokens, len(counts))

    measured = {}
    for seed in range(runs):
        for way in (ours, gensim, counted):
            started = time.perf_counter()
            vectors = way(tokens, counts, settings, seed)
            seconds = time.perf_counter() - started
            features = Features(*bags, vectors)
            few = [
                features.accuracy(y_train, y_test, draw_labelled(y_train, FEW, [seed, FEW, repeat]))
                for repeat in range(REPEATS)
            ]
            one = {"seconds": seconds, "all": features.accuracy(y_train, y_test), "few": np.mean(few)}
            measured.setdefault(way.__name__, []).append(one)
            print(
                f"seed {seed}  {way.__name__:<8} {one['seconds']:6.1f} s  {one['all']:.2%} of the test texts "
                f"with all labels, {one['few']:.2%} with {FEW}",
                flush=True,
            )
    means = {
        name: {key: float(np.mean([one[key] for one in runs])) for key in runs[0]}
        for name, runs in measured.items()
    }
    for name, mean in means.items():
        print(f"mean {name:<8} {mean['seconds']:6.1f} s  {mean['all']:.2%}  {mean['few']:.2%}")
    return means


if __name__ == "__main__":
    run(main)
