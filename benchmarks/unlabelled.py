"""Few labels, many texts without: what vectors of words that are learned from the others bring to a network.

    python -m benchmarks.unlabelled --data aclImdb
    python -m benchmarks.unlabelled --data aclImdb --labels 1000 --kinds lstm

Of the training texts a tenth is held out to measure on, some are labelled, and all others are not: skip-gram
learns vectors from these. Each kind of network is then trained on the labelled ones from a random start and
from the vectors, as `TextClassifier` does it by default, beside the linear classifier of n-grams, which sees
the labelled texts alone. Test texts are not looked at. Runs differ in which texts are labelled.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

import numpy as np

from datasets import reviews
from models import TextClassifier
from models.text_classification import learn_vocabulary, token_ids
from models.text_classification.training import BUILDERS
from models.word_vectors import WordVectors, learn_word_vectors

LINEAR = "ngrams"


def parts(count, labels, seed):
    """Rows that are labelled, those that are not, and those that are measured on, which no run trains on.

    Args:
        count: Number of texts.
        labels: How many are labelled.
        seed: Draws these.
    """
    measured = np.random.default_rng(0).permutation(count)[: count // 10]
    rest = np.random.default_rng([1, seed]).permutation(np.setdiff1d(np.arange(count), measured))
    return rest[:labels], rest[labels:], measured


def accuracies(texts, labels, rows, kinds, vectors, seed):
    """{way: share of the measured texts that are classified correctly}."""
    labelled, _, measured = rows
    training = list(texts[labelled]), labels[labelled].tolist()
    found, ways = {}, [(LINEAR, None), *((kind, start) for kind in kinds for start in (None, vectors))]
    for kind, start in ways:
        classifier = TextClassifier(kind, embeddings=start and tuple(start), seed=seed).fit(*training)
        name = kind if kind == LINEAR else f"{kind}, {'vectors' if start else 'random start'}"
        found[name] = classifier.evaluate(list(texts[measured]), labels[measured].tolist()).accuracy.value
        print(f"  {name:<28} {100 * found[name]:.1f} %", flush=True)
    return found


def main(
    data: str = "auto",
    labels: int = 300,
    runs: int = 3,
    kinds: tuple[str, ...] = ("lstm", "pooled_lstm", "bag"),
) -> dict[str, list[float]]:
    """Print the accuracy of each way, mean and standard deviation over the runs.

    Args:
        data: The Large Movie Review Dataset, or other labelled texts, as in the lesson `sentiment`.
        labels: How many of the training texts are labelled.
        runs: How many draws of these.
        kinds: Networks to train, of lstm, pooled_lstm, bilstm, simple_rnn, conv1d and bag.
    """
    check_positive(labels=labels, runs=runs)
    if unknown := set(kinds) - set(BUILDERS):
        raise LessonError(f"kinds= takes {', '.join(BUILDERS)}, not {min(unknown)}.")
    (texts, y), _, _ = reviews.load_data(reviews.locate(data))
    if labels > len(texts) // 2:
        raise LessonError(f"labels= takes at most half of the {len(texts):,} training texts.")
    found = {}
    for seed in range(runs):
        rows = parts(len(texts), labels, seed)
        known = texts[np.concatenate(rows[:2])]
        vocabulary = learn_vocabulary(known)
        tokens = token_ids(known, vocabulary, longest=None)
        learned = learn_word_vectors(tokens, len(vocabulary) + 2, seed=seed)
        print(f"run {seed + 1} of {runs}", flush=True)
        for name, value in accuracies(
            texts, y, rows, kinds, WordVectors(vocabulary, learned[2:]), seed
        ).items():
            found.setdefault(name, []).append(value)
    print(f"\n{labels:,} labels, {len(rows[2]):,} other texts; runs: {runs}")
    for name, values in found.items():
        print(f"{name:<30} {100 * np.mean(values):.1f} ± {100 * np.std(values, ddof=runs > 1):.1f} %")
    return found


if __name__ == "__main__":
    run(main)
