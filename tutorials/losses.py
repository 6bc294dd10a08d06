r"""Compare losses: networks with equal accuracy can differ in cross-entropy.

## The question

A **loss** says in one number how wrong a network is. Why is cross-entropy the usual one for classification,
and not the squared error?

## The idea

For an image a network gives the probability $p_k$ to class $k$. The target $t_k$ is 1 for the true class $y$
and 0 for the others. The **squared error** is $\sum_k (p_k - t_k)^2$ (Keras divides it by the number of
classes). The **cross-entropy** is

$$-\sum_k t_k \log p_k = \log \frac{1}{p_y}$$

Over several images the mean is taken. In the lectures' example two networks see a dog, a cat and a dog. NN1
gives the true classes the probabilities 0.9, 0.9 and 0.4; NN2 gives them 0.6, 0.7 and 0.1. Both misclassify
the third image only. With two classes the squared error of an image is $2\,(1 - p_y)^2$. For NN1 that is
$2 \cdot 0.1 \cdot 0.1 = 0.02$ twice and $2 \cdot 0.6 \cdot 0.6 = 0.72$ once, with a mean of

$$\frac{0.02 + 0.02 + 0.72}{3} = \frac{0.76}{3}$$

or 0.25; for NN2 it is 0.71. The cross-entropies are 0.38 and 1.06.

Training follows the gradient of the loss. Softmax makes probabilities $p_k = e^{z_k} / \sum_j e^{z_j}$ of
the **logits** $z_k$. So cross-entropy is $\log \sum_j e^{z_j} - z_y$, and its derivative is

$$\frac{\partial L}{\partial z_k} = p_k - t_k$$

For the squared error of two classes, $\partial L / \partial p_y$ is $-4\,(1 - p_y)$. Times softmax's
derivative $\partial p_y / \partial z_y = p_y (1 - p_y)$, that gives $-4\,p_y (1 - p_y)^2$. The factor $p_y$
makes the difference. Where $p_y$ is 0.001, cross-entropy has $0.001 - 1 = -0.999$, the squared error
$-4 \cdot 0.001 \cdot 0.999 \cdot 0.999 \approx -0.004$. Softmax is **saturated** there: its outputs are near
0 and 1, and hardly change with the logits. So with the squared error a network learns least where it is most
wrong.

The lesson trains a network of $(784 + 1) \cdot 512 + (512 + 1) \cdot 10 = 407{,}050$ parameters with each
loss and several learning rates: from the usual initial weights, and from weights of the last layer that are
30 times as large, which make it confident before learning anything.

## Before you run it

NN1 and NN2 have the same accuracy: which would you use? From which start will the squared error be worse,
and why?

## How to read the figures

- `two_networks`: classification error, squared error and cross-entropy of NN1 and NN2.
- `loss_and_gradient`: both losses and the size of their gradients. On the left, where the network is
  confident and wrong, only that of cross-entropy is large.
- `training`: validation accuracy by learning rate, after the first and the last epoch. A circle marks each
  loss's best learning rate; the test images are used with that one.

## What it means

Accuracy does not tell a network that is nearly right from one that is far off; the losses do. From the usual
initial weights both losses train about equally well, once each has its own learning rate. Cross-entropy is
clearly ahead where softmax is saturated by wrong answers. The squared error is not unfit for classification:
it falls behind in a situation that usual initial weights avoid.

## Exercises

1. A network gives each of ten classes the probability 0.1. What are its two losses?
2. For which $p_y$ is $4\,p_y (1 - p_y)^2$ largest? Check with `loss_and_gradient`.
3. Repeat with `--seed 1` and `--seed 2`. Do both statements in the title of `training` hold?

<details><summary>Solutions</summary>

1. The cross-entropy is $\log 10 \approx 2.3$. The squared error is
   $0.9 \cdot 0.9 + 9 \cdot 0.1 \cdot 0.1 = 0.9$.
2. The derivative $4\,(1 - p_y)(1 - 3 p_y)$ is 0 at $1/3$. There it is $4 / 3 \cdot 4 / 9 = 16 / 27$, about
   0.59.
3. On MNIST they do, but for the sizes: cross-entropy is ahead from confidently wrong weights, and no loss
   clearly so from the usual ones.

</details>

## Read more

Goodfellow, Bengio and Courville, *Deep learning* (2016), section 6.2.

Next: `gradient_descent` follows such gradients, step by step.
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
    check_settings(locals(), train_images=10)
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
