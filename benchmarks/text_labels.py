"""Labels of texts: how many wrong ones are found, and how many fewer are needed for the same accuracy.

    python -m benchmarks.text_labels                                  # docstrings of installed packages
    python -m benchmarks.text_labels --data aclImdb --per-class 2000
    python -m benchmarks.text_labels --what next                      # on texts held out of the training part
    python -m benchmarks.text_labels --what next --judge test

With `--what wrong` one in twenty of the training labels is flipped to another class in each run, and a person
looks at as many texts as were flipped: those that rank first by `TextClassifier.suspects`; those for which
scikit-learn's logistic regression on TF-IDF of words and pairs, in five folds, gives the given class the
lowest probability; and by chance. Test texts keep their labels, and classify what was fitted on the flipped
labels, without the suspects that we would show, with those corrected that a person looked at, and on the
clean labels.

With `--what next` each run starts with a few labelled texts of each class, and adds some at a time: those
that `TextClassifier.ask` would ask for, those with the smallest margin alone, and by chance. After each step
a `TextClassifier` is fitted on all that have a label.
"""

import sys
from functools import partial
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import check_positive, run  # first: loads Keras quietly

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from benchmarks.label_next import saved
from benchmarks.texts import docstrings
from benchmarks.wrong_labels import check_share, flip, print_means
from datasets import reviews
from models import TextClassifier
from models.labelling.label_next import uncertainty
from models.text_classification.asking import choose_texts

HELD_OUT = 0.25  # of the training texts, to judge ways of asking by


def load(data, seed):
    """((x, y), (x, y), names) of training and test texts."""
    if data == "docstrings":
        return docstrings(seed)
    return reviews.load_data(reviews.locate(data))


def draw(x, y, per_class, seed):
    """Training texts in random order: all, or so many of each class."""
    order = np.random.default_rng(seed).permutation(len(y))
    if per_class is not None:
        ranks = np.zeros(len(y), int)
        for label in np.unique(y):
            ranks[np.flatnonzero(y[order] == label)] = np.arange(np.sum(y == label))
        order = order[ranks < per_class]
    return x[order], y[order]


def by_plain_regression(x, labels, seed):
    """Rows in the order of the out-of-fold probability of their given class."""
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=10.0, max_iter=300)
    )
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    found = cross_val_predict(model, x, labels, cv=folds, method="predict_proba")
    return np.argsort(found[np.arange(len(labels)), labels], kind="stable")


def wrong_labels(training, test, share, seed):
    """{what: value} of one draw of flipped labels, accuracies on the test texts among them."""
    x, clean = training
    labels, places = flip(clean, len(np.unique(clean)), share, seed)

    def found(rows):
        return len(np.intersect1d(rows, places))

    def accuracy(classifier):
        return classifier.evaluate(test[0], test[1].tolist()).accuracy.value

    def fit(x, y):
        return TextClassifier(seed=seed).fit(x, y.tolist())

    on_flipped, on_clean = fit(x, labels), fit(x, clean)
    suspects, without = on_flipped.suspects(), on_clean.suspects()
    first, shown = suspects.rows[: len(places)], suspects.rows[: suspects.confident]
    corrected = labels.copy()
    corrected[first] = clean[first]
    kept = np.setdiff1d(np.arange(len(x)), shown)
    return {
        "texts": len(x),
        "flipped": len(places),
        "found by ours": found(first) / len(places),
        "found by plain regression": found(by_plain_regression(x, labels, seed)[: len(places)]) / len(places),
        "found by chance": len(places) / len(x),
        "shown": len(shown),
        "of these flipped": found(shown),
        "shown where no label was flipped": without.confident,
        "accuracy on flipped labels": accuracy(on_flipped),
        "accuracy without those shown": accuracy(fit(x[kept], labels[kept])),
        "accuracy with those looked at corrected": accuracy(fit(x, corrected)),
        "accuracy on clean labels": accuracy(on_clean),
    }


def by_ask(texts, predict, count, known, seed):
    """Rows that `TextClassifier.ask` asks for."""
    return choose_texts(texts, predict, count, known, seed)


def by_margin(texts, predict, count, known, seed):
    """Rows whose two likeliest classes are closest, however alike the texts are."""
    return np.argsort(-uncertainty(predict(texts)), kind="stable")[:count]


def by_chance(texts, predict, count, known, seed):
    """Random rows."""
    return np.random.default_rng(seed).permutation(len(texts))[:count]


def probabilities_of(classifier, texts):
    """Probabilities (n, classes) of a `TextClassifier`."""
    return classifier.predict(texts).probabilities


ASKING = {"ask": by_ask, "margin": by_margin, "chance": by_chance}


def curve(way, pool, judged, first, each, most, seed):
    """Accuracy after each step, from `first` labels of each class on."""
    x, y = pool
    labelled = np.concatenate([np.flatnonzero(y == label)[:first] for label in np.unique(y)])
    accuracies = []
    while True:
        classifier = TextClassifier(seed=seed).fit(x[labelled], y[labelled].tolist())
        accuracies.append(classifier.evaluate(judged[0], judged[1].tolist()).accuracy.value)
        if len(labelled) + each > most:
            return accuracies
        rest = np.setdiff1d(np.arange(len(y)), labelled)
        chosen = ASKING[way](
            list(x[rest]),
            partial(probabilities_of, classifier),
            each,
            x[labelled],
            seed + 1000 * len(labelled),
        )
        labelled = np.concatenate([labelled, rest[chosen]])


def asked(data, judge, per_class, sizes, runs):
    """Accuracies of each way of asking: {way: (runs, steps)}, and the numbers of labels."""
    first, each, most = sizes
    curves = {way: [] for way in ASKING}
    for seed in range(runs):
        (x, y), test, names = load(data, seed)
        x, y = draw(x, y, per_class, seed)
        cut = round(HELD_OUT * len(y))
        pool, judged = ((x[cut:], y[cut:]), (x[:cut], y[:cut])) if judge == "held-out" else ((x, y), test)
        for way in ASKING:
            curves[way].append(curve(way, pool, judged, first, each, most, seed))
            print(f"run {seed}  {way:<6}  {curves[way][-1][-1]:.2%} at the end", flush=True)
    return first * len(names) + each * np.arange(len(curves["ask"][0])), curves


def print_curves(numbers, curves):
    """Print the mean accuracy of each way; return the share of labels that asking saves."""
    mean = {way: np.mean(found, 0) for way, found in curves.items()}
    spread = np.std(np.subtract(curves["ask"], curves["chance"]), 0, ddof=min(1, len(curves["ask"]) - 1))
    shares = saved(numbers, mean["ask"], mean["chance"])
    print("\nlabels     ask  margin  chance  ask - chance     fewer labels for chance's accuracy")
    for step, number in enumerate(numbers):
        row = "  ".join(f"{mean[way][step]:6.2%}" for way in curves)
        difference = f"{100 * (mean['ask'][step] - mean['chance'][step]):+.1f} ± {100 * spread[step]:.1f}"
        share = f"{shares[number]:.0%}" if number in shares else ""
        print(f"{number:>6}  {row}  {difference:<15}  {share}")
    if shares:
        print(f"\n{np.mean(list(shares.values())):.0%} fewer labels on average")
    return shares


def main(
    data: str = "docstrings",
    what: Literal["wrong", "next"] = "wrong",
    judge: Literal["held-out", "test"] = "held-out",
    per_class: int | None = None,
    share: float = 0.05,
    first: int = 5,
    each: int = 40,
    most: int = 480,
    runs: int = 3,
) -> dict:
    """Measure what looking at labels brings.

    Args:
        data: "docstrings", or labelled texts as for the lesson `sentiment`.
        what: Wrong labels, or which texts to label next.
        judge: For the texts to label next: those to evaluate on.
        per_class: Training texts of each class, drawn anew for each run; all by default.
        share: Share of the labels that is flipped.
        first: Texts of each class that have a label at the start.
        each: Texts that are labelled in a step.
        most: Labels at the end, at most.
        runs: Number of draws.
    """
    check_positive(runs=runs, per_class=per_class, first=first, each=each, most=most)
    check_share(share)
    if what == "next":
        return print_curves(*asked(data, judge, per_class, (first, each, most), runs))
    found = []
    for seed in range(runs):
        training, test, _ = load(data, seed)
        found.append(wrong_labels(draw(*training, per_class, seed), test, share, seed))
        print(
            f"run {seed}  " + ", ".join(f"{name} {value:.4g}" for name, value in found[-1].items()),
            flush=True,
        )
    return print_means(found)


if __name__ == "__main__":
    run(main)
