"""Turn each of the six knobs of a convolutional network alone: what it buys, and what it costs.

Number and size of features, pooling window and stride, neurons, and the order of the layers.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import run  # first: loads Keras quietly

import keras
import numpy as np

from datasets import digits
from models import StackedConvNet
from models.counting import multiply_adds
from tutorials.figures.comparisons import knob_rows, search_progress
from tutorials.lesson.limits import OF_MANY_SEEDS, check_settings, fitting_batch
from tutorials.lesson.parts.search import load_optuna, search_knobs
from tutorials.lesson.repeats import start_afresh
from tutorials.lesson.report import Report

# What each knob is turned to; the first value is the common setting
KNOBS = {
    "features": (8, 4, 16, 32),
    "kernel_size": (3, 1, 5),
    "pool_size": (2, 1, 3),
    "pool_stride": (2, 1, 3),
    "dense_units": (64, 16, 256),
    "architecture": ("CPCPD", "CPD", "CPCP", "CCPPD", "PPCCD"),
}
COMMON = {knob: values[0] for knob, values in KNOBS.items()}
LARGEST = 4_000_000  # multiply-adds of a network that the search may try: more would take too long


def main(
    epochs: int | None = None,
    batch_size: int = 128,
    step_size: float = 7e-3,
    train_images: int = 1500,
    repeats: int = 3,
    search: float = 0,
    data: str = "auto",
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> dict:
    """Train a network for each turn of a knob, all alike, and compare; then, if asked, search.

    Args:
        epochs: Passes over the training images; by default 5 on MNIST, 8 on the small embedded
            set.
        batch_size: Images per gradient step.
        step_size: Adam's first step size; it falls to nothing in the end.
        train_images: Number of images to train on; the next 1000, or as many as are left, validate.
        repeats: Trainings at each setting, each from its own random weights.
        search: Seconds to search over all knobs at once with Optuna; 0 for no search.
        data: Folder that holds mnist.npz or the four IDX files, or "embedded"; "auto" looks,
            downloads, or falls back.
        seed: Makes the run repeatable, but for how far a search comes in its time.
        quick: Take every step on a sample, in seconds.
        outputs: Where results go.
    """
    check_settings(locals(), seed=OF_MANY_SEEDS)
    report = Report(main, settings=locals())
    if search:
        load_optuna()  # if it is missing, that is said now and not in a minute

    # Data: images (n, 28, 28, 1) with pixels in [0, 255], labels (n,) from 0 to 9
    source = digits.locate(data)
    (x, y), (x_test, y_test) = digits.load_data(source)
    epochs = epochs or (5 if source.name == "mnist" else 8)
    values = KNOBS
    if quick:
        epochs, train_images, repeats = 1, 128, 1
        values = {knob: values[:2] for knob, values in KNOBS.items()}
    train_images = min(train_images, len(x) * 2 // 3)
    x_train, x_val = x[:train_images], x[train_images:][:1000]
    y_train, y_val = y[:train_images], y[train_images:][:1000]
    largest = COMMON | {"features": 32, "architecture": "CCPPD"}
    batch_size = fitting_batch(batch_size, train_images, lambda: StackedConvNet(**largest))

    def train(knob, value, setting, repeats=repeats):
        """Train one setting, and keep its accuracies on validation images and its costs."""
        network = StackedConvNet(**setting)
        steps = -(-train_images // batch_size)
        step_sizes = keras.optimizers.schedules.CosineDecay(step_size, epochs * steps)
        network.compile(
            optimizer=keras.optimizers.Adam(step_sizes),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
            run_eagerly=quick,  # a sample is through before a graph is compiled
            steps_per_execution=steps,  # a pass without a stop: twice as fast for networks so small
        )
        accuracies, seconds = [], []
        for repeat in range(repeats):
            keras.utils.set_random_seed(1000 * seed + repeat)
            start_afresh(network, StackedConvNet(**setting))
            started = time.perf_counter()
            network.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, verbose=0)
            seconds.append(time.perf_counter() - started)
            accuracies.append(network.evaluate(x_val, y_val, batch_size=500, verbose=0)[1])
        return {
            "knob": knob,
            "value": value,
            "network": network,
            "accuracies": accuracies,
            "accuracy": float(np.mean(accuracies)),
            "parameters": network.count_params(),
            "multiply-adds": multiply_adds(network),
            "seconds": min(seconds),  # the first includes compiling
        }

    # Train: the common setting, then every other turn of every knob
    StackedConvNet(**COMMON).summary()
    turns = [("common", "setting", COMMON)]
    turns += [(knob, value, COMMON | {knob: value}) for knob in KNOBS for value in values[knob][1:]]
    runs = []
    for knob, value, setting in turns:
        runs.append(train(knob, value, setting))
        print(f"{len(runs):2} of {len(turns)}  {knob:>12} {value:<8} {runs[-1]['accuracy']:.1%}", flush=True)
    common, best = runs[0], max(runs, key=lambda one: one["accuracy"])

    # How far each knob alone moves the accuracy: from its worst value to its best
    effects = {}
    for knob in KNOBS:
        turned = [one["accuracy"] for one in runs if one["knob"] in ("common", knob)]
        effects[knob] = max(turned) - min(turned)
    strongest, weakest = max(effects, key=effects.get), min(effects, key=effects.get)

    if search:

        def score(setting):
            if multiply_adds(StackedConvNet(**setting)) <= LARGEST:
                return train("search", "", setting, repeats=1)["accuracy"]

        print(f"\nSearching over all six knobs for {search:g} s")
        trials = search_knobs(values, score, search, seed)
        found = max(trials, key=lambda trial: trial[1])[0]
        best = max(best, train("search", "found", found), key=lambda one: one["accuracy"])
        report.figure("search", search_progress([accuracy for _, accuracy in trials], common["accuracy"]))

    # Evaluate: the test images are used here, once, by one network of each setting
    tested = [one["network"].evaluate(x_test, y_test, batch_size=500, verbose=0)[1] for one in (best, common)]

    # Plot
    report.figure(
        "knobs",
        knob_rows(
            runs,
            f"The knob that moves the accuracy most is {strongest}: {100 * effects[strongest]:.1f} points\n"
            "(C is a convolution, P a pooling, D a dense layer)",
        ),
    )
    return report.close(
        source,
        examples=len(x_train) + len(x_val) + len(x_test),
        finding=f"Turned alone, {strongest} moves the accuracy most, by {100 * effects[strongest]:.1f} "
        f"points from worst to best, and {weakest} least, by {100 * effects[weakest]:.1f}; "
        f"the best network ({best['knob']} {best['value']}) reads {tested[0]:.1%} of the test digits, the "
        f"common one {tested[1]:.1%}, for {best['multiply-adds'] / common['multiply-adds']:.1f} times the "
        "arithmetic.",
        test_accuracy=tested[0],
        common_test_accuracy=tested[1],
        common_parameters=common["parameters"],
        common_multiply_adds=common["multiply-adds"],
        **{f"{knob}_effect": effect for knob, effect in effects.items()},
    )


if __name__ == "__main__":
    run(main)
