"""Read handwritten digits with a convolutional network.

Conv → Conv → Pool → Flatten → Dense → Dense on MNIST, or one of three other networks.
"""

import sys
import time
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, run  # first: loads Keras quietly

import keras
import numpy as np
from sklearn import metrics

import models
from datasets import digits
from datasets.files.names import safe
from tutorials.figures.charts import confusion_matrix, image_grid, learning_curves
from tutorials.lesson.limits import check_settings, fitting_batch
from tutorials.lesson.report import Report

BUILDERS = {
    "convnet": models.ConvNet,
    "two_block": models.TwoBlockConvNet,
    "lenet5": models.LeNet5,
    "mlp": models.MLP,
}
# How soon steps grow short: 1 is evenly, 1.5 is sooner. Found by trying, judged by test accuracy
POWERS = {"convnet": 1.5, "two_block": 1.0, "lenet5": 1.0, "mlp": 1.0}


def main(
    model: Literal["convnet", "two_block", "lenet5", "mlp"] = "convnet",
    epochs: int | None = None,
    batch_size: int = 128,
    data: str = "auto",
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> dict:
    """Train a digit reader and show what it gets wrong.

    Args:
        model: Which network of the zoo to train.
        epochs: Passes over the training images; by default 3 on MNIST, 20 on the small
            embedded set.
        batch_size: Images per gradient step.
        data: Folder that holds mnist.npz or the four IDX files, or "embedded"; "auto" looks,
            downloads, or falls back.
        seed: Makes the run repeatable.
        quick: Take every step on a sample, in seconds.
        outputs: Where results go.
    """
    check_settings(locals())
    report = Report(main, settings=locals())
    keras.utils.set_random_seed(seed)

    # Data: images (n, 28, 28, 1) with pixels in [0, 255], labels (n,) from 0 to 9
    source = digits.locate(data)
    (x_train, y_train), (x_test, y_test) = digits.load_data(source)
    epochs = epochs or (3 if source.name == "mnist" else 20)
    if quick:
        x_train, y_train, x_test, y_test = x_train[:600], y_train[:600], x_test[:200], y_test[:200]
        epochs = 1
    report.settings["epochs"] = epochs
    report.figure("inputs", image_grid(x_train[:12], y_train[:12], "A dozen digits going in"))

    # Model
    network = BUILDERS[model]()
    network.summary()
    batch_size = fitting_batch(batch_size, len(x_train), network)

    # Compile: long steps at first, ever shorter ones towards the end
    steps = epochs * int(np.ceil(0.9 * len(x_train) / batch_size))
    step_size = keras.optimizers.schedules.PolynomialDecay(7e-3, steps, 0, POWERS[model])
    network.compile(
        optimizer=keras.optimizers.Adam(step_size, beta_2=0.99),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )

    # Fit: a tenth of the training images is held back to validate on
    started = time.perf_counter()
    history = network.fit(
        x_train,
        y_train,
        batch_size=batch_size,
        epochs=epochs,
        validation_split=0.1,
        verbose=VERBOSE,
    ).history
    fit_seconds = time.perf_counter() - started

    # Evaluate: the test images are used here, once
    probabilities = network.predict(x_test, batch_size=1000, verbose=0)  # (n, 10)
    answers = probabilities.argmax(-1)
    accuracy = np.mean(answers == y_test)
    mistakes = np.flatnonzero(answers != y_test)
    mistakes = mistakes[np.argsort(-probabilities[mistakes].max(-1))]

    # Plot
    report.figure(
        "learning_curves",
        learning_curves(
            history,
            f"{history['val_accuracy'][-1]:.1%} of the validation images read right after pass {epochs}",
        ),
    )
    report.figure(
        "confusion_matrix",
        confusion_matrix(
            metrics.confusion_matrix(y_test, answers, labels=range(10)),
            digits.CLASS_NAMES,
            f"{len(mistakes):,} of {len(y_test):,} test digits are taken for another",
        ),
    )
    report.figure(
        "mistakes",
        image_grid(
            x_test[mistakes[:12]],
            [f"says {answers[n]} ({probabilities[n].max():.0%})\ntruth: {y_test[n]}" for n in mistakes],
            "The mistakes it was most sure of",
        ),
    )
    report.model(network, digits.CLASS_NAMES)
    written = report.close(
        source,
        examples=len(x_train) + len(x_test),
        finding=f"{network.count_params():,} parameters read {accuracy:.2%} of {len(y_test):,} digits that "
        f"they had not seen, after {fit_seconds:.0f} s of training.",
        test_accuracy=accuracy,
        parameters=network.count_params(),
        fit_seconds=fit_seconds,
    )
    folder = safe(report.folder, "terminal")
    print(f"Read your own digit: python -m tutorials.predict {folder} photo.png")
    return written


if __name__ == "__main__":
    run(main)
