r"""Choose what to label by hand: fewer labels for the same accuracy.

## The question

There are 1,437 scans and not one label. Each label costs time. Which scans should you label first?

## The idea

**Active learning** is a loop: train on what has a label, let the classifier look at all that has none, the
**pool**, label what it asks for, train again. Here the classifier is logistic regression on 256 features of a
frozen `ConvNet` that was trained on other people's digits. It has $10 \cdot (256 + 1) = 2{,}570$ parameters,
and is fitted in a fraction of a second. Each step asks for ten labels, in one of four ways:

- *Random*: the baseline.
- **margin**: where the two most probable classes are nearest to each other. With $p_1 \ge p_2 \ge \dots$ the
  margin is $p_1 - p_2$: for $(0.50, 0.45, \dots)$ it is 0.05, and the label says much; for
  $(0.98, 0.01, \dots)$ it is 0.97, and the label says little.
- **k-center**: the scan that is furthest from all labelled ones, by the distance of their features. It asks
  for what is different, whatever the classifier knows.
- **margin with diversity**: of the 30 smallest margins, ten that differ from each other. Ten scans that are
  alike teach little more than one.

**Pseudo-labels** cost nothing: where the classifier is sure, its prediction is taken for the label, and
it is fitted again.

## Before you run it

How many labels does each way need for 95 % of the accuracy that all 1,437 bring? Which ten scans would you
label first, before there is any classifier?

## How to read the figures

- `curves`: test accuracy by the number of labels.
- `choices`: what each way asks for after the first ten labels.
- `pitfalls`: three mistakes and remedies, each with its draws as points.

## What it means

Margin with diversity needs the fewest labels, and 100 of its labels are about as good as all 1,437. With the
first 20 labels margin alone is no better than random: the classifier does not know yet what it does not know,
and asks for scans that are alike. k-center, which never asks the classifier, is far behind at first, for it
begins with the oddest scans.

Three pitfalls:

1. *Cold start.* Ten random scans are of about seven classes, and what has no label cannot be learned.
   The ten scans nearest to the centers of ten clusters need no label to be found, and are of nearly all.
2. *A biased test set.* Who asks for the hard ones and then measures on these finds a far too low accuracy.
   Label some random scans to test on, and never train on them.
3. *Pseudo-labels* help here, for few are wrong. Where a classifier is sure and wrong, it teaches itself its
   mistakes.

## Exercises

1. What is the margin of $(0.4, 0.4, 0.2)$, and of $(0.9, 0.1, 0)$? Which one is asked for first?
2. Run `python -m tutorials.labels --step 1`: does asking for one label at a time save more?
3. Why is the distance of pixels a bad one for k-center?

<details><summary>Solutions</summary>

1. 0 and 0.8; the first.
2. A little: each answer is used for the next question. It fits ten times as often.
3. A digit that is moved by a pixel is far away, though it teaches nothing new.

</details>

## Read more

Settles, *Active learning literature survey* (2009). Sener and Savarese, *Active learning for convolutional
neural networks: a core-set approach* (2018). Lee, *Pseudo-label* (2013).

For photos of your own, the lesson `fine_tune` asks in the last of these ways: its setting `unlabelled`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, run  # first: loads Keras quietly

import numpy as np

from datasets import digits
from models import ConvNet
from tutorials.figures.labelling import accuracy_by_labels, chosen_images, compared_pairs
from tutorials.lesson.limits import OF_MANY_SEEDS, check_settings
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.parts.labelling import (
    WAYS,
    cross_validated,
    features_of,
    fit,
    label_step_by_step,
    labels_needed,
    nearest_to_centers,
    standardized,
    with_pseudo_labels,
)
from tutorials.lesson.report import Report

FIRST, EARLY, LATE = 10, 20, 100  # numbers of labels for which accuracies are reported
KEYS = {way: way.replace(" ", "_").replace("-", "_") for way in WAYS}


def main(
    step: int = 10,
    most: int = 200,
    repeats: int = 5,
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Label scanned digits step by step in four ways, and compare the accuracies.

    Args:
        step: Labels that are asked for at a time.
        most: Labels in the end.
        repeats: Random draws of the first ten labels.
        seed: Random seed; the same seed gives the same results.
        quick: Run every step on a small sample, in seconds.
        outputs: Folder for the results.
    """
    check_settings(locals(), seed=OF_MANY_SEEDS)
    report = Report(main, settings=locals())
    if quick:
        most, repeats = 100, 1
    if most < FIRST + step:
        raise LessonError(f"most= is {most}: give at least {FIRST + step}, the first ten and a step.")

    # Data: scans (n, 28, 28, 1), pixels in [0, 255]; the labels of the pool are looked at when asked for
    source = digits.locate("embedded")
    (x, y), (x_test, y_test) = digits.load_data(source)

    # Model: 256 features of the zoo's network, frozen, trained on MNIST; the head is logistic regression
    network = ConvNet(weights="mnist")
    network.summary()
    pool, test = standardized(features_of(network, x), features_of(network, x_test))

    def score(head):
        return head.score(test, y_test)

    full = score(fit(pool, y))
    print(f"With all {len(x):,} labels the head classifies {full:.2%} of the test scans correctly.\n")

    # Compile and fit, in scikit-learn one step: ten labels, then `step` more at a time, in each of the ways
    numbers = [*range(FIRST, most + 1, step)]
    labelled = {way: [] for way in WAYS}  # of each draw, the rows with labels after each step
    orders = [np.random.default_rng(1000 * seed + draw).permutation(len(x)) for draw in range(repeats)]
    for way, draws in labelled.items():
        for draw, order in enumerate(orders):
            draws.append(label_step_by_step(way, pool, y, order[:FIRST], step, most, 1000 * seed + draw))

    # Evaluate
    accuracy = {
        way: np.array([[score(fit(pool[rows], y[rows])) for rows in draw] for draw in draws])
        for way, draws in labelled.items()
    }
    results = {"test_accuracy": full}
    for way, scores in accuracy.items():
        needed = np.mean([labels_needed(numbers, one, 0.95 * full) for one in scores])
        early, late = (scores[:, place_of(labels, numbers)] for labels in (EARLY, LATE))
        results[f"{KEYS[way]}_labels_needed"] = float(needed)
        results[f"{KEYS[way]}_early_test_accuracy"] = early.mean()
        results[f"{KEYS[way]}_late_test_accuracy"] = late.mean()
        print(f"{way:<22} {needed:4.0f} labels to 95 % of that, {late.mean():.1%} with {LATE}", flush=True)
    panels, more = pitfalls(pool, y, labelled, accuracy, numbers, score, seed)
    results |= more

    # Plot
    few, many = (results[f"{KEYS[way]}_labels_needed"] for way in ("margin with diversity", "random"))
    found = f"95 % of the final accuracy: {few:.0f} labels by margin with diversity, {many:.0f} at random"
    levels = {"all labels": full, "95 % of it": 0.95 * full}
    report.figure("curves", accuracy_by_labels(numbers, accuracy, levels, found))
    asked = {way: draws[0][1][FIRST:][:10] for way, draws in labelled.items()}
    title = "What each way asks for after the first ten labels"
    report.figure("choices", chosen_images({way: (x[rows], y[rows]) for way, rows in asked.items()}, title))
    title = (
        f"Ten labels near cluster centers: {results['centers_start_test_accuracy']:.0%}; "
        f"ten at random: {results['random_start_test_accuracy']:.0%}"
    )
    report.figure("pitfalls", compared_pairs(panels, title))
    return report.close(source, examples=len(x) + len(x_test), finding=f"{found}. {title}.", **results)


def place_of(labels, numbers):
    """The step after which there are so many labels, or the last one."""
    return min(int(np.searchsorted(numbers, labels)), len(numbers) - 1)


def pitfalls(pool, y, labelled, accuracy, numbers, score, seed):
    """Cold start, pseudo-labels, and a biased test set: ({question: {label: accuracies}}, results)."""
    at = place_of(LATE, numbers)
    few = [rows[place_of(EARLY, numbers)] for rows in labelled["random"]]
    starts = [nearest_to_centers(pool, FIRST, 1000 * seed + draw) for draw in range(len(few))]
    taught = [with_pseudo_labels(pool, y, rows) for rows in few]
    panels = {
        f"The first {FIRST} labels": {
            "random": accuracy["random"][:, 0],
            "near centers": [score(fit(pool[rows], y[rows])) for rows in starts],
        },
        f"With {EARLY} random labels": {
            "alone": [score(fit(pool[rows], y[rows])) for rows in few],
            "and pseudo-labels": [score(head) for head, _ in taught],
        },
        f"{LATE} labels chosen by margin": {
            "tested on these": [cross_validated(pool, y, rows[at]) for rows in labelled["margin"]],
            "on test scans": accuracy["margin"][:, at],
        },
    }
    start, pseudo, biased = ([np.mean(values) for values in pair.values()] for pair in panels.values())
    return panels, {
        "random_start_test_accuracy": start[0],
        "centers_start_test_accuracy": start[1],
        "pseudo_test_accuracy": pseudo[1],
        "wrong_pseudo_share": np.mean([wrong for _, wrong in taught]),
        "biased_test_accuracy": biased[0],
        "unbiased_test_accuracy": biased[1],
    }


if __name__ == "__main__":
    run(main)
