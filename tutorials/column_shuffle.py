r"""Test the assumption of locality: shuffle the columns of the input, and train again.

## The question

When is a convolutional network the right tool? The lectures' rule of thumb: *if your data is just as useful
after swapping any of its columns with each other, you can't use convolutional networks.*

## The idea

A convolution looks at neighbours. That only helps where neighbours belong together: pixels of an image,
samples of a sound, words of a text. The columns of a table of customers (age, income, number of orders)
could stand in any order.

A dense layer does not know an order at all. Its unit $j$ computes $\sum_i w_{ij} x_i + b_j$, and a sum does
not change when its terms are swapped. Shuffle the inputs by a permutation $\pi$, shuffle the rows of the
weights in the same way, and the output is the same:

$$\sum_i w_{\pi(i)\,j}\, x_{\pi(i)} = \sum_i w_{ij}\, x_i$$

For every dense network that learns from images in order there is thus one, with reordered rows, that does
the same on shuffled ones; and since the initial weights are random, training finds either as easily. The
lesson shows this on a trained network: it reorders the rows of the first kernel and compares the
predictions.

A convolution has no such freedom. Its kernel of 3×3 covers nine neighbours, and after shuffling these are
nine pixels from anywhere.

Here the same permutation is applied to *all* images, in training and in testing. No information is lost:
only the order is.

## Before you run it

There are two networks (dense, convolutional), two tasks (digits, a table of customers) and two orders of
the columns. In which of these cases will shuffling cost accuracy? Will the shuffled convolutional network
be better or worse than the dense one?

## How to read the figures

- `shuffled_digits`: what the networks see. No person could read the second row, though each of its images
  has all the pixels of the one above.
- `accuracy`: a dot for each repeat, in order and shuffled. Compare a difference with the scatter of the
  dots before you believe it.

## What it means

The dense network scores the same in either order, but for its random initial weights. The convolutional one
is the better on digits in order, and the worse on shuffled ones: what it gained came from the assumption of
locality, and a false assumption costs. On the table shuffling costs it little, because there was no order
to lose; it is worse than the dense network in both. So it does not mean that convolutions fail on shuffled
data: they merely have no advantage, and fewer weights that can combine distant columns.

## Exercises

1. Which would you use, and why: prices of 30 shares today; the price of one share on 30 days; a
   spectrogram; a list of the ingredients of a dish?
2. Run it with more repeats, `python -m tutorials.column_shuffle --repeats 5 --seed 1`. Does an ordering
   change?

<details><summary>Solutions</summary>

1. Dense; convolutional or recurrent, for days have an order; convolutional (see `sound`); dense, or a bag
   of words.
2. It should not: the differences on digits are many times the scatter between repeats.

</details>

## Read more

Battaglia et al., *Relational inductive biases, deep learning, and graph networks* (2018), section 2.

Next: `sentiment` classifies texts, in which the order of the words counts.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import run  # first: loads Keras quietly

import keras
import numpy as np

from datasets import digits
from datasets.generated import customers
from datasets.generated.perturbations import shuffle_columns
from models import MLP, TwoBlockConvNet
from tutorials.figures.charts import image_grid
from tutorials.figures.comparisons import accuracy_dots
from tutorials.lesson.limits import OF_MANY_SEEDS, check_settings, fitting_batch
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.parts.words import gains
from tutorials.lesson.repeats import start_afresh
from tutorials.lesson.report import Report

BUILDERS = {"dense": MLP, "convolutional": TwoBlockConvNet}


def main(
    epochs: int | None = None,
    batch_size: int = 64,
    learning_rate: float = 3e-3,
    train_images: int = 2000,
    repeats: int = 3,
    data: str = "auto",
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Train dense and convolutional networks on data with columns in order and with shuffled columns.

    Args:
        epochs: Number of epochs; by default 8 on MNIST and on the customers, 12 on the embedded digits.
        batch_size: Examples per batch.
        learning_rate: Initial learning rate of Adam; it decays to 0 (cosine).
        train_images: Number of digits to train on, or all if there are fewer.
        repeats: Training runs of each network, each with its own random weights and its own order of
            columns, which is the same for all examples.
        data: Folder with mnist.npz or the four IDX files, or "embedded"; "auto" finds or downloads
            MNIST, or else takes the embedded digits.
        seed: Random seed; the same seed gives the same results.
        quick: Run every step on a small sample, in seconds.
        outputs: Folder for the results.
    """
    check_settings(locals(), seed=OF_MANY_SEEDS)
    report = Report(main, settings=locals())

    # Data: digits (n, 28, 28, 1), and a table of 64 columns as (n, 8, 8, 1)
    source = digits.locate(data)
    (x_train, y_train), test = digits.load_data(source)
    tasks = {
        "digits": ((x_train[:train_images], y_train[:train_images]), test),
        "customers": customers.load_data(seed=seed),
    }
    task_epochs = {"digits": epochs or (8 if source.name == "mnist" else 12), "customers": epochs or 8}
    if quick:
        tasks = {task: [(x[:256], y[:256]) for x, y in parts] for task, parts in tasks.items()}
        task_epochs, repeats = {"digits": 1, "customers": 1}, 1
    most = max(len(x) for (x, _), _ in tasks.values())
    batch_size = fitting_batch(batch_size, most, *BUILDERS.values())

    accuracies = {}  # {(task, network, "in order" or "shuffled"): test accuracy of each repeat}
    for task, ((x_train, y_train), (x_test, y_test)) in tasks.items():
        for name, builder in BUILDERS.items():
            # Model
            shape, classes = x_train.shape[1:], int(y_train.max()) + 1
            network = builder(shape, classes)
            print(f"\n{task}, {name} network of {network.count_params():,} parameters")

            # Compile
            steps = task_epochs[task] * -(-len(x_train) // batch_size)
            network.compile(
                optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(learning_rate, steps)),
                loss="sparse_categorical_crossentropy",
                metrics=["accuracy"],
                run_eagerly=quick,  # faster than compiling a graph for a small sample
            )
            # Fit and evaluate: the same network on the same examples, but for the order of columns
            for order in "in order", "shuffled":
                scores = accuracies[task, name, order] = []
                for run_seed in range(1000 * seed, 1000 * seed + repeats):
                    keras.utils.set_random_seed(run_seed)
                    start_afresh(network, builder(shape, classes))
                    columns = np.arange(x_train[0].size)
                    if order == "shuffled":
                        columns = np.random.default_rng(run_seed).permutation(columns)
                    network.fit(
                        shuffle_columns(x_train, columns), y_train,
                        batch_size=batch_size, epochs=task_epochs[task], verbose=0,
                    )  # fmt: skip
                    x = shuffle_columns(x_test, columns)
                    scores.append(network.evaluate(x, y_test, batch_size=500, verbose=0)[1])
                print(f"  {order:<10} test accuracy {np.mean(scores):.2%}", flush=True)
            if (task, name) == ("digits", "dense"):
                dense, shuffle = network, columns
    x, labels = tasks["digits"][1][0][:100], test[1][:6]
    compare_with_reordered_weights(dense, x, shuffle)

    # Plot
    mean = {key: np.mean(scores) for key, scores in accuracies.items()}
    shuffling = {
        task: gains(mean[*task, "shuffled"] - mean[*task, "in order"]) for task in {key[:2] for key in mean}
    }
    said = {
        name: f"For the {name} network shuffling columns {shuffling['digits', name]} of test accuracy on "
        f"digits and {shuffling['customers', name]} on the table of customers"
        for name in BUILDERS
    }
    samples = np.concatenate([x[:6], shuffle_columns(x[:6], shuffle)])
    captions = [*labels, *(f"{label}, shuffled" for label in labels)]
    title = f"For the dense network shuffling columns {shuffling['digits', 'dense']} of test accuracy"
    report.figure("shuffled_digits", image_grid(samples, captions, title))
    title = said["convolutional"].replace(" on digits", "\non digits")
    report.figure("accuracy", accuracy_dots(accuracies, title))
    return report.close(
        source,
        examples=sum(len(x) for parts in tasks.values() for x, _ in parts),
        finding=f"{said['convolutional']}. {said['dense']}. On the table the accuracy is "
        f"{mean['customers', 'convolutional', 'in order']:.1%} (convolutional) and "
        f"{mean['customers', 'dense', 'in order']:.1%} (dense).",
        **{
            f"{name}_{task}{'_shuffled' if order == 'shuffled' else ''}_test_accuracy": value
            for (task, name, order), value in mean.items()
        },
    )


def compare_with_reordered_weights(network, x, shuffle):
    """Show why shuffled columns do not matter to a dense network: its first weights can be reordered.

    Args:
        network: A dense network trained on shuffled images. The rows of its first kernel are reordered.
        x: Images (n, height, width, 1) in order.
        shuffle: The order of columns that it was trained with.
    """
    kernel, *others = network.get_weights()
    shuffled = network.predict(shuffle_columns(x, shuffle), verbose=0)
    network.set_weights([kernel[np.argsort(shuffle)], *others])
    difference = np.abs(network.predict(x, verbose=0) - shuffled).max()
    print(
        "\nWith the rows of its first kernel reordered, the dense network trained on shuffled digits has\n"
        f"the same predictions for digits in order; probabilities differ by at most {difference:.0e}."
    )


if __name__ == "__main__":
    run(main)
