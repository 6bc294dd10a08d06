r"""Change the hyperparameters of a convolutional network one at a time: what do they gain and cost?

## The question

How many kernels should a layer have, and how large should they be? Does pooling help? Such settings are
chosen before training, and training does not change them: they are **hyperparameters**. Which ones are worth
their cost?

## The idea

From one baseline each hyperparameter is changed alone. The baseline is CPCPD: convolution (8 kernels of 3×3,
padded, so that the size stays the same), pooling (the maximum of each 2×2), both again, then a dense layer of
64 units, and 10 outputs. What it costs can be counted:

| layer | output | parameters | multiply-adds |
| --- | --- | --- | --- |
| `conv1` | 28×28×8 | $(9 \cdot 1 + 1) \cdot 8 = 80$ | $784 \cdot 9 \cdot 8 = 56{,}448$ |
| `conv2` | 14×14×8 | $(9 \cdot 8 + 1) \cdot 8 = 584$ | $196 \cdot 72 \cdot 8 = 112{,}896$ |
| `dense1` | 64 | $(392 + 1) \cdot 64 = 25{,}152$ | $392 \cdot 64 = 25{,}088$ |
| `predictions` | 10 | $(64 + 1) \cdot 10 = 650$ | $64 \cdot 10 = 640$ |

A **multiply-add** is one product that is added to a sum; an image needs
$56{,}448 + 112{,}896 + 25{,}088 + 640 = 195{,}072$. Seconds would measure the computer as well. Note how the
two costs differ: of $80 + 584 + 25{,}152 + 650 = 26{,}466$ parameters nearly all are in `dense1`, but most of
the arithmetic is in `conv2`, since a kernel's weights are used once for each of 196 positions.

What a setting gains is its accuracy on a **validation split**, images that are not trained on. Each setting
is trained three times from other random weights, so that you can tell a gain from chance. The test images are
used once, at the end, for the best setting and the baseline: the best of many validation accuracies is partly
good luck, and would promise too much.

## Before you run it

Twice as many features: how do both costs change? Which hyperparameter will matter most? What does a 1×1
kernel see of an image?

## How to read the figures

- `knobs`: a row for each setting, and in grey the baseline. On the left the mean validation accuracy (dot),
  and a line from the worst to the best of the three runs; lines that overlap show no clear difference. Then
  both costs. Good settings have their dot far to the right, and short bars.
- `search`, only with `--search`: the accuracy of each setting that was tried, and the best so far.

## What it means

A kernel of 1×1 sees one pixel and no neighbours, and accuracy falls. It also falls if pooling comes first
(PPCCD): detail is thrown away before any kernel has seen it. 32 features cost 11 times as many multiply-adds
as 8, for a few points.

Changed one at a time, hyperparameters say nothing of combinations: larger kernels may help only where there
are more of them. `--search 60` tries combinations for a minute. And this is one data set, with 1,500 training
images and a few epochs: elsewhere the ranking may differ.

## Exercises

1. With 16 features instead of 8, what are the parameters and multiply-adds of `conv2`, and the parameters of
   `dense1`?
2. With a pooling stride of 3, sizes go from 28 to 10 and 4 (rounded up). How many parameters has `dense1`?
3. Is the ranking of the hyperparameters chance? Compare `python -m tutorials.knobs --repeats 1 --seed 1` with
   `--seed 2`.

<details><summary>Solutions</summary>

1. $(9 \cdot 16 + 1) \cdot 16 = 2{,}320$ and $196 \cdot 144 \cdot 16 = 451{,}584$, four times as many: twice
   the kernels, each twice as deep. `dense1` has $(7 \cdot 7 \cdot 16 + 1) \cdot 64 = 50{,}240$.
2. $(4 \cdot 4 \cdot 8 + 1) \cdot 64 = 8{,}256$, a third of the baseline's.
3. On MNIST the largest and the smallest effect stay, and others change places: a difference of a few points
   may be chance.

</details>

## Read more

Bergstra and Bengio, *Random search for hyper-parameter optimization* (2012). Scherer et al., *Evaluation of
pooling operations* (2010).

With photos of your own, go back to `fine_tune`.

Next: `word2vec` learns from texts without labels.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import run  # first: loads Keras quietly

import keras
import numpy as np

from datasets import digits
from models import StackedConvNet
from models.compiled import steps_per_execution
from models.counting import multiply_adds
from tutorials.figures.comparisons import knob_rows, search_progress
from tutorials.lesson.limits import OF_MANY_SEEDS, check_settings, fitting_batch
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.parts.search import load_optuna, search_knobs
from tutorials.lesson.repeats import start_afresh
from tutorials.lesson.report import Report

# Values of each hyperparameter; the first is the baseline
KNOBS = {
    "features": (8, 4, 16, 32),
    "kernel_size": (3, 1, 5),
    "pool_size": (2, 1, 3),
    "pool_stride": (2, 1, 3),
    "dense_units": (64, 16, 256),
    "architecture": ("CPCPD", "CPD", "CPCP", "CCPPD", "PPCCD"),
}
BASELINE = {knob: values[0] for knob, values in KNOBS.items()}
LARGEST = 4_000_000  # multiply-adds of a network in the search; larger ones would take too long


def main(
    epochs: int | None = None,
    batch_size: int = 128,
    learning_rate: float = 7e-3,
    train_images: int = 1500,
    repeats: int = 3,
    search: float = 0,
    data: str = "auto",
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Train a network for each value of each hyperparameter, and compare; if asked, search over all.

    Args:
        epochs: Number of epochs; by default 5 on MNIST, 8 on the embedded digits.
        batch_size: Images per batch.
        learning_rate: Initial learning rate of Adam; it decays to 0 (cosine).
        train_images: Number of training images; the next 1000 (or those left) are the validation split.
        repeats: Training runs of each setting, each with its own random weights.
        search: Seconds for a search over all hyperparameters with Optuna; 0 for no search.
        data: Folder with mnist.npz or the four IDX files, or "embedded"; "auto" finds or downloads
            MNIST, or else takes the embedded digits.
        seed: Random seed; the same seed gives the same results, but a search may get further.
        quick: Run every step on a small sample, in seconds.
        outputs: Folder for the results.
    """
    check_settings(locals(), seed=OF_MANY_SEEDS)
    report = Report(main, settings=locals())
    if search:
        load_optuna()  # if it is missing, refuse now and not after a minute

    # Data: images (n, 28, 28, 1) with pixels in [0, 255], labels (n,) from 0 to 9
    source = digits.locate(data)
    (x, y), (x_test, y_test) = digits.load_data(source)
    epochs = epochs or (5 if source.name == "mnist" else 8)
    values = KNOBS
    if quick:
        epochs, train_images, repeats = 1, 128, 1
        values = {knob: values[:2] for knob, values in KNOBS.items()}
    train_images = min(train_images, len(x) * 2 // 3)
    (x_train, x_val), (y_train, y_val) = (
        (part[:train_images], part[train_images:][:1000]) for part in (x, y)
    )
    largest = BASELINE | {"features": 32, "architecture": "CCPPD"}
    batch_size = fitting_batch(batch_size, train_images, lambda: StackedConvNet(**largest))
    data = (x_train, y_train), (x_val, y_val)
    options = {"batch_size": batch_size, "learning_rate": learning_rate, "seed": seed, "quick": quick}

    # Model, compile, fit: the baseline, then every other value of every hyperparameter
    StackedConvNet(**BASELINE).summary()
    settings = [("baseline", "", BASELINE)]
    settings += [(knob, value, BASELINE | {knob: value}) for knob in KNOBS for value in values[knob][1:]]
    runs = []
    for knob, value, setting in settings:
        runs.append({"knob": knob, "value": value} | train(setting, data, repeats, epochs, **options))
        accuracy = runs[-1]["accuracy"]
        print(f"{len(runs):2} of {len(settings)}  {knob:>12} {value:<8} {accuracy:.1%}", flush=True)
    baseline, best = runs[0], max(runs, key=lambda each: each["accuracy"])
    effects = knob_effects(runs)
    strongest, weakest = max(effects, key=effects.get), min(effects, key=effects.get)

    # Search over all hyperparameters at once
    if search:

        def score(setting):
            if multiply_adds(StackedConvNet(**setting)) <= LARGEST:
                return train(setting, data, 1, epochs, **options)["accuracy"]

        print(f"\nSearching over all six hyperparameters for {search:g} s")
        trials = search_knobs(values, score, search, seed)
        found = max(trials, key=lambda trial: trial[1])[0]
        found = {"knob": "search", "value": "best"} | train(found, data, repeats, epochs, **options)
        best = max(best, found, key=lambda each: each["accuracy"])
        report.figure("search", search_progress([accuracy for _, accuracy in trials], baseline["accuracy"]))

    # Evaluate: the test images are used once, here, by the best network and the baseline
    best_accuracy, baseline_accuracy = (
        each["network"].evaluate(x_test, y_test, batch_size=500, verbose=0)[1] for each in (best, baseline)
    )

    # Plot
    title = f"Validation accuracy depends most on {strongest}: {100 * effects[strongest]:.1f} points"
    report.figure("knobs", knob_rows(runs, f"{title}\n(C: convolution, P: pooling, D: dense layer)"))
    return report.close(
        source,
        examples=len(x_train) + len(x_val) + len(x_test),
        finding=f"Changed alone, {strongest} moves the accuracy most, by {100 * effects[strongest]:.1f} "
        f"points from worst to best value, and {weakest} least, by {100 * effects[weakest]:.1f}; the best "
        f"({best['knob']} {best['value']}) has a test accuracy of {best_accuracy:.1%}, the baseline "
        f"{baseline_accuracy:.1%}, for {best['multiply-adds'] / baseline['multiply-adds']:.1f} times as many "
        "multiply-adds.",
        test_accuracy=best_accuracy,
        baseline_test_accuracy=baseline_accuracy,
        baseline_parameters=baseline["parameters"],
        baseline_multiply_adds=baseline["multiply-adds"],
        **{f"{knob}_effect": effect for knob, effect in effects.items()},
    )


def train(setting, data, repeats, epochs, batch_size, learning_rate, seed, quick):
    """Train one setting several times, each time from its own random weights.

    Args:
        setting: Arguments of `StackedConvNet`.
        data: (x_train, y_train), (x_val, y_val).
        repeats, epochs, batch_size, learning_rate, seed, quick: As for `main`.

    Returns:
        Dict with "network", "accuracies" on the validation split, "accuracy" (their mean) and the costs
        "parameters" and "multiply-adds", those of one image forwards.
    """
    # Model
    (x_train, y_train), (x_val, y_val) = data
    network = StackedConvNet(**setting)

    # Compile
    steps = -(-len(x_train) // batch_size)
    network.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(learning_rate, epochs * steps)
        ),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        run_eagerly=quick,  # faster than compiling a graph for a small sample
        steps_per_execution=steps_per_execution(steps),  # twice as fast for networks this small
    )

    # Fit and evaluate: on the validation split
    accuracies = []
    for repeat in range(repeats):
        keras.utils.set_random_seed(1000 * seed + repeat)
        start_afresh(network, StackedConvNet(**setting))
        network.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, verbose=0)
        accuracies.append(network.evaluate(x_val, y_val, batch_size=500, verbose=0)[1])
    return {
        "network": network,
        "accuracies": accuracies,
        "accuracy": float(np.mean(accuracies)),
        "parameters": network.count_params(),
        "multiply-adds": multiply_adds(network),
    }


def knob_effects(runs):
    """How far each hyperparameter alone moves the validation accuracy: from its worst to its best value."""
    effects = {}
    for knob in KNOBS:
        accuracies = [run["accuracy"] for run in runs if run["knob"] in ("baseline", knob)]
        effects[knob] = max(accuracies) - min(accuracies)
    return effects


if __name__ == "__main__":
    run(main)
