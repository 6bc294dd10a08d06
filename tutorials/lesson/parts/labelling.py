"""What the lesson `labels` compares: ways to choose what to label next, and three pitfalls."""

from functools import cache

import tutorials.lesson.command  # noqa: F401  (first: loads Keras quietly)

import keras
import numpy as np
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from threadpoolctl import ThreadpoolController

from models.labelling.label_next import pick, uncertainty

CLASSES = 10
SURE = 0.9  # confidence from which a prediction becomes a pseudo-label


def features_of(network, images):
    """Outputs of a frozen network's layer before the last dropout, (n, features)."""
    frozen = keras.Model(network.inputs, network.get_layer("dense").output)
    return frozen.predict(images, batch_size=500, verbose=0)


def standardized(pool, others):
    """Both with the pool's means and standard deviations as 0 and 1: no label is needed for these."""
    mean, deviation = pool.mean(0), pool.std(0) + 1e-6
    return (pool - mean) / deviation, (others - mean) / deviation


@cache
def thread_pools():
    """Those of the libraries for linear algebra; looking for them is slow, so it is done once."""
    return ThreadpoolController()


def fit(features, labels):
    """The head: logistic regression as scikit-learn fits it by default."""
    with thread_pools().limit(limits=1):  # matrices are so small that threads only wait for each other
        return LogisticRegression(max_iter=500).fit(features, labels)


def probabilities(head, features):
    """(n, 10), also where the head has not seen every class."""
    found = np.zeros((len(features), CLASSES))
    found[:, head.classes_] = head.predict_proba(features)
    return found


def k_center(known, features, count):
    """Places of `count` examples, each the furthest from all that are labelled or were chosen before it."""
    distances = np.min(np.sum((features[:, None] - known[None]) ** 2, -1), 1)
    chosen = []
    for _ in range(min(count, len(features))):
        chosen.append(int(distances.argmax()))
        distances = np.minimum(distances, np.sum((features - features[chosen[-1]]) ** 2, 1))
    return np.array(chosen)


# Each takes the head's probabilities and the features of what has no label, the features of what has one, a
# number and random numbers, and gives places in the first two
WAYS = {
    "random": lambda guessed, rest, known, count, random: random.permutation(len(rest))[:count],
    "margin": lambda guessed, rest, known, count, random: np.argsort(-uncertainty(guessed))[:count],
    "k-center": lambda guessed, rest, known, count, random: k_center(known, rest, count),
    "margin with diversity": lambda guessed, rest, known, count, random: pick(guessed, rest, count),
}


def label_step_by_step(way, features, labels, start, step, most, seed):
    """Ask for the labels of a few examples at a time, in one of the ways.

    Args:
        way: A key of `WAYS`.
        features, labels: Of the pool; a label is only looked at once it is asked for.
        start: Rows whose labels are known at the beginning.
        step, most: Labels in each step, and in the end.
        seed: Of the random way.

    Returns:
        List of the rows with labels after each step.
    """
    random, rows = np.random.default_rng(seed), [np.asarray(start)]
    while len(rows[-1]) + step <= most:
        known = rows[-1]
        rest = np.setdiff1d(np.arange(len(features)), known)
        guessed = probabilities(fit(features[known], labels[known]), features[rest])
        chosen = WAYS[way](guessed, features[rest], features[known], step, random)
        rows.append(np.concatenate([known, rest[chosen]]))
    return rows


def labels_needed(numbers, accuracies, wanted):
    """Number of labels at which an accuracy is first reached; the last number if it is not.

    Args:
        numbers: Labels after each step.
        accuracies: Accuracy then.
        wanted: The accuracy.
    """
    reached = np.asarray(accuracies) >= wanted
    return int(numbers[int(reached.argmax())] if reached.any() else numbers[-1])


def nearest_to_centers(features, count, seed):
    """Rows nearest to the centers of as many clusters: a start that needs no label."""
    clusters = KMeans(count, n_init=3, random_state=seed).fit(features)
    return np.unique([np.sum((features - one) ** 2, 1).argmin() for one in clusters.cluster_centers_])


def with_pseudo_labels(features, labels, known):
    """A head fitted again with its own sure predictions as labels, and the share of these that is wrong."""
    head = fit(features[known], labels[known])
    guessed = probabilities(head, features)
    sure = np.setdiff1d(np.flatnonzero(guessed.max(1) >= SURE), known)
    if not len(sure):
        return head, 0.0
    taken = guessed[sure].argmax(1)
    rows = np.concatenate([known, sure])
    return fit(features[rows], np.concatenate([labels[known], taken])), float(np.mean(taken != labels[sure]))


def cross_validated(features, labels, rows):
    """Accuracy by cross-validation on labelled rows: what somebody without test data would report."""
    head = LogisticRegression(max_iter=500)
    smallest = np.bincount(labels[rows]).min()
    folds = 5 if smallest >= 5 else 3
    with thread_pools().limit(limits=1):
        predicted = cross_val_predict(head, features[rows], labels[rows], cv=folds)
    return float(np.mean(predicted == labels[rows]))
