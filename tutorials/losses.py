"""Compare losses: networks with equal accuracy can differ in cross-entropy.

Why is cross-entropy the loss of classification? The lesson computes the lectures' losses by Keras and by
NumPy, checks softmax and the gradient p - t, and trains one network with squared error and with
cross-entropy, at many learning rates, from usual initial weights and from ones that make it confidently
wrong. Look at "loss_and_gradient": where a network is confident and wrong, the gradient of the squared error
vanishes. Then at "training": that start, not the usual one, is where squared error falls behind.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import run  # first: loads Keras quietly

import keras
import numpy as np

from datasets import digits
from models import MLP
from tutorials.figures.charts import panels_of_curves
from tutorials.figures.comparisons import accuracy_by_rate, pair_bars
from tutorials.lesson.limits import check_settings, fitting_batch
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.parts import loss_functions
from tutorials.lesson.parts.splits import say_split
from tutorials.lesson.report import Report

# What the last layer's initial weights are multiplied by, and the learning rates that are tried from there
STARTS = {
    "usual": (1, (0.03, 0.1, 0.3, 1.0, 3.0)),
    "confidently wrong": (30, (0.001, 0.003, 0.01, 0.03, 0.1)),
}

PREFIX = {
    ("usual", "squared error"): "squared_error",
    ("usual", "cross-entropy"): "cross_entropy",
    ("confidently wrong", "squared error"): "squared_error_wrong_start",
    ("confidently wrong", "cross-entropy"): "cross_entropy_wrong_start",
}


def main(
    epochs: int | None = None,
    batch_size: int = 64,
    train_images: int = 6000,
    data: str = "auto",
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Compute the lectures' losses in two ways, then train a digit classifier with each of two losses.

    Args:
        epochs: Number of epochs; by default 5 on MNIST, 15 on the embedded digits.
        batch_size: Images per batch.
        train_images: Number of training images, or all if there are fewer; a tenth of them is the
            validation split.
        data: Folder with mnist.npz or the four IDX files, or "embedded"; "auto" finds or downloads
            MNIST, or else takes the embedded digits.
        seed: Random seed; the same seed gives the same results.
        quick: Run every step on a small sample, in seconds.
        outputs: Folder for the results.
    """
    check_settings(locals())
    report = Report(main, settings=locals())

    # Data: images (n, 28, 28, 1) with pixels in [0, 255], labels one-hot (n, 10)
    source = digits.locate(data)
    (x_train, y_train), (x_test, y_test) = digits.load_data(source)
    epochs = epochs or (5 if source.name == "mnist" else 15)
    if quick:
        epochs, train_images = 1, 200
    x_train, t_train = x_train[:train_images], keras.utils.to_categorical(y_train[:train_images], 10)
    say_split(len(x_train))

    # Losses without training: the lectures' table, softmax, and the gradient p - t
    measured = loss_functions.two_networks()
    difference = loss_functions.softmax_and_gradient(seed)

    # Model, compile and fit: the same network from the same initial weights for each loss and learning
    # rate. For each start and loss the network with the best validation accuracy is kept
    MLP().summary()
    batch_size = fitting_batch(batch_size, len(x_train), MLP)
    runs, best = {}, {}
    for start, (factor, rates) in STARTS.items():
        probabilities = initial(seed, factor).predict(x_train, verbose=0)
        print(
            f"\nInitial weights: {start}, the last layer's × {factor}. The network's mean confidence is "
            f"{probabilities.max(1).mean():.0%}, its accuracy "
            f"{np.mean(probabilities.argmax(1) == t_train.argmax(1)):.0%}."
        )
        for name, loss in loss_functions.LOSSES.items():
            for rate in rates:
                network = initial(seed, factor)
                history = fit(network, loss, rate, x_train, t_train, batch_size, epochs, quick)
                print(f"  {name}, learning rate {rate}: validation accuracy {history[-1]:.1%}", flush=True)
                runs[start, name, rate] = history
                if (start, name) not in best or history[-1] > best[start, name][0]:
                    best[start, name] = history[-1], rate, network

    # Evaluate: the test images are used once, here, by the best network of each start and loss
    accuracy = {
        key: float(np.mean(network.predict(x_test, batch_size=500, verbose=0).argmax(-1) == y_test))
        for key, (_, _, network) in best.items()
    }

    # Plot
    ratio = measured["NN2"]["cross-entropy"] / measured["NN1"]["cross-entropy"]
    title = f"Equal classification error, but the cross-entropy of NN2 is {ratio:.1f} times as high"
    report.figure("two_networks", pair_bars(measured, title))
    p, values, gradients = loss_functions.by_probability()
    panels = {
        "loss": (p, values),
        "negative gradient with respect\nto the true class's logit": (p, gradients),
    }
    title = "Where the network is confident and wrong (left), only cross-entropy has a large gradient"
    x_label = "predicted probability p of the true class"
    report.figure("loss_and_gradient", panels_of_curves(x_label, panels, title))
    found = loss_functions.compared(accuracy, len(y_test))
    report.figure("training", accuracy_by_rate(runs, best, found.replace("; ", ";\n")))
    entropies = " and ".join(f"{losses['cross-entropy']:.2f}" for losses in measured.values())
    return report.close(
        source,
        examples=len(x_train) + len(x_test),
        finding=f"NN1 and NN2 have the same classification error and cross-entropies of {entropies}. "
        f"{found} Each loss is trained at its best learning rate.",
        **{f"{PREFIX[key]}_test_accuracy": value for key, value in accuracy.items()},
        best_rates_inside=sum(best[key][1] in STARTS[key[0]][1][1:-1] for key in best),
        **{
            f"{name.lower()}_{measure.replace(' ', '_').replace('-', '_')}": value
            for name, losses in measured.items()
            for measure, value in losses.items()
        },
        largest_gradient_difference=difference,
    )


def initial(seed, factor):
    """The network with its initial weights, those of the last layer multiplied by a factor."""
    keras.utils.set_random_seed(seed)
    network = MLP()
    network.layers[-1].kernel.assign(factor * network.layers[-1].kernel)
    return network


def fit(network, loss, learning_rate, x_train, t_train, batch_size, epochs, quick):
    """Train by gradient descent; the validation accuracy after each epoch.

    The learning rate decays to 0, so that the last epoch is no matter of luck.
    """
    steps = epochs * -(-int(0.9 * len(x_train)) // batch_size)
    network.compile(
        optimizer=keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(learning_rate, steps)),
        loss=loss,
        metrics=["accuracy"],
        run_eagerly=quick,  # faster than compiling a graph for a small sample
    )
    history = network.fit(
        x_train, t_train, batch_size=batch_size, epochs=epochs, validation_split=0.1, verbose=0
    )
    return history.history["val_accuracy"]


if __name__ == "__main__":
    run(main)
