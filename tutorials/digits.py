r"""Classify handwritten digits with a convolutional network.

## The question

Which of the digits 0 to 9 is on an image of 28×28 pixels? And how well does a network do on digits that it
has not seen in training?

## The idea

The network is Conv → Conv → Pool → Flatten → Dense → Dense. `summary()` prints the shape that each layer
puts out, and its parameters. You can work out both by hand:

| layer | output | parameters |
| --- | --- | --- |
| `conv1`: 16 kernels of 5×5, stride 2, padded | 14×14×16 | $(5 \cdot 5 \cdot 1 + 1) \cdot 16 = 416$ |
| `conv2`: 32 kernels of 3×3 | 12×12×32 | $(3 \cdot 3 \cdot 16 + 1) \cdot 32 = 4{,}640$ |
| `pool`: the maximum of each 2×2 | 6×6×32 | none |
| `flatten` | 1,152 | none |
| `dense`: 256 units, ReLU | 256 | $(1{,}152 + 1) \cdot 256 = 295{,}168$ |
| `predictions`: 10 units, softmax | 10 | $(256 + 1) \cdot 10 = 2{,}570$ |

A kernel is as deep as its input: those of `conv2` have $3 \cdot 3 \cdot 16$ weights and a bias. A
**stride** of 2 moves the kernel two pixels at a time, so that height and width are halved: padded by 3 zeros
in all, a side has $\lfloor (28 + 3 - 5) / 2 \rfloor + 1 = 14$ outputs. `conv2` has no padding: a 3×3 kernel
fits into 14 pixels in 12 places.

**ReLU** is $\max(0, z)$. Without such a step between them, two layers would be no more than one.
**Softmax** turns the ten outputs $z_k$ into probabilities, which are positive and add up to 1:

$$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}$$

The loss is **cross-entropy**, $-\log p_y$, where $y$ is the true class. Guessing gives
$-\log 0.1 \approx 2.3$. The optimizer Adam takes small steps against its gradient. The **learning rate**,
the size of a step, decays to 0.

A tenth of the training images is held out as **validation** data, by which to choose settings. The **test**
images are used once, at the end: whoever chooses by them no longer measures how the network does on new
digits.

## Before you run it

Where are most of the parameters? What share of test digits will be classified correctly: 90, 99 or 99.9 %?
Which two digits will be confused most often?

## How to read the figures

- `learning_curves`: loss and accuracy after each epoch. Where the validation loss rises while the training
  loss falls, the network is **overfitting**.
- `confusion_matrix`: a row for each true class, a column for each prediction. Correct ones are on the
  diagonal.
- `mistakes`: the misclassified digits of which the network was most confident.

## What it means

The test accuracy holds for digits like these: centred, scanned in the same way. It says nothing of
shifted or inverted ones (`invariance`), nor of what is no digit at all: softmax always spreads a
probability of 1 over ten classes.

## Exercises

1. Replace `pool` in your head by a second stride of 2 in `conv2`. Which count changes?
2. Train the dense network: `python -m tutorials.digits --model mlp`. It has more parameters. Is it better?
3. `python -m tutorials.digits --epochs 1`: how much do the other epochs bring?

<details><summary>Solutions</summary>

1. `conv2` then puts out 6×6×32, as `pool` does, and has as many weights as before: none changes. What is
   lost is the maximum of four positions.
2. It has $(784 + 1) \cdot 512 + (512 + 1) \cdot 10 = 407{,}050$ parameters, and makes more mistakes: it has
   to learn each stroke anew for each position.
3. Compare `learning_curves` of both runs: most of the accuracy is reached in the first epoch.

</details>

## Read more

LeCun et al., *Gradient-based learning applied to document recognition* (1998). Scherer et al., *Evaluation
of pooling operations* (2010).

Next: `receptive_field` asks how much of the image one value sees.
"""

import sys
import time
from functools import partial
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
from models.distribution import shared
from models.none_of_these import about_classifier
from tutorials.figures.charts import confusion_matrix, image_grid, learning_curves
from tutorials.lesson.limits import check_settings, fitting_batch
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.report import Report, predict_command

BUILDERS = {
    "convnet": models.ConvNet,
    "two_block": models.TwoBlockConvNet,
    "lenet5": models.LeNet5,
    "mlp": models.MLP,
    "linear": partial(models.MLP, hidden_units=(), name="linear"),
}
# Learning rate at the start, and how it decays to 0: 1 is linear, with 1.5 it falls faster at first. Chosen
# by validation accuracy: `python -m benchmarks.digits_recipe`
RECIPES = {
    "convnet": (5e-3, 1.0),
    "two_block": (7e-3, 1.0),
    "lenet5": (7e-3, 1.0),
    "mlp": (5e-3, 1.0),
    "linear": (2e-2, 1.5),
}
BETA = 0.99  # Adam's beta_2, chosen likewise


def main(
    model: Literal["convnet", "two_block", "lenet5", "mlp", "linear"] = "convnet",
    epochs: int | None = None,
    batch_size: int = 128,
    data: str = "auto",
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Train a digit classifier, evaluate it, and show the digits that it misclassifies.

    Args:
        model: Network of the zoo to train; "linear" is its baseline, one dense layer.
        epochs: Number of epochs; by default 3 on MNIST, 20 on the embedded digits.
        batch_size: Images per batch.
        data: Folder with mnist.npz or the four IDX files, or "embedded"; "auto" finds or downloads
            MNIST, or else takes the embedded digits.
        seed: Random seed; the same seed gives the same results.
        quick: Run every step on a small sample, in seconds.
        outputs: Folder for the results.
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
    report.figure("inputs", image_grid(x_train[:12], y_train[:12], "Training images and their labels"))

    # Model: images in, a probability for each of the ten classes out
    network = BUILDERS[model]()
    network.summary()
    batch_size = fitting_batch(batch_size, len(x_train), network)

    # Compile: Adam with a learning rate that decays to 0
    steps = epochs * int(np.ceil(0.9 * len(x_train) / batch_size))
    rate, power = RECIPES[model]
    schedule = keras.optimizers.schedules.PolynomialDecay(rate, steps, end_learning_rate=0, power=power)
    network.compile(
        optimizer=keras.optimizers.Adam(schedule, beta_2=BETA),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )

    # Fit: a tenth of the training images is the validation split
    started = time.perf_counter()
    with shared(network):  # with --processes, by all of them together
        history = network.fit(
            x_train,
            y_train,
            batch_size=batch_size,
            epochs=epochs,
            validation_split=0.1,
            verbose=VERBOSE,
        ).history
    fit_seconds = time.perf_counter() - started

    # Evaluate: the test images are used once, here
    probabilities = network.predict(x_test, batch_size=1000, verbose=0)  # (n, 10)
    predictions, confidences = probabilities.argmax(-1), probabilities.max(-1)
    accuracy = np.mean(predictions == y_test)
    mistakes = np.flatnonzero(predictions != y_test)
    mistakes = mistakes[np.argsort(-confidences[mistakes])]  # the most confident ones first

    # Plot
    title = f"Validation accuracy after epoch {epochs}: {history['val_accuracy'][-1]:.1%}"
    report.figure("learning_curves", learning_curves(history, title))
    counts = metrics.confusion_matrix(y_test, predictions, labels=range(10))
    title = f"{len(mistakes):,} of {len(y_test):,} test digits are misclassified"
    report.figure("confusion_matrix", confusion_matrix(counts, digits.CLASS_NAMES, title))
    captions = [f"predicted {predictions[n]} ({confidences[n]:.0%})\ntrue: {y_test[n]}" for n in mistakes]
    title = "Misclassified test digits with the highest confidence"
    report.figure("mistakes", image_grid(x_test[mistakes[:12]], captions, title))
    fitted = int(0.9 * len(x_train))  # the rest is the validation split, which tells what to refuse
    held_out = x_train[fitted:], y_train[fitted:]
    about = about_classifier("digits", network, digits.CLASS_NAMES, x_train[:fitted], *held_out, seed)
    report.model(network, digits.CLASS_NAMES, about)
    written = report.close(
        source,
        examples=len(x_train) + len(x_test),
        finding=f"A network of {network.count_params():,} parameters classifies {accuracy:.2%} of "
        f"{len(y_test):,} test digits correctly, after {fit_seconds:.0f} s of training.",
        test_accuracy=accuracy,
        parameters=network.count_params(),
        fit_seconds=fit_seconds,
    )
    command = predict_command(report.folder, "photo.png")
    print(f"Classify a digit of your own: {safe(command, 'terminal', 400)}")
    return written


if __name__ == "__main__":
    run(main)
