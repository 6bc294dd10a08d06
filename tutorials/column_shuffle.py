"""Swap columns: where that does no harm, a convolutional network is the wrong tool.

The lectures' rule of thumb as an experiment, on digits and on a table of customers.
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
from tutorials.figures.charts import accuracy_dots, image_grid
from tutorials.lesson.limits import OF_MANY_SEEDS, check_settings, fitting_batch
from tutorials.lesson.repeats import start_afresh
from tutorials.lesson.report import Report

BUILDERS = {"dense": MLP, "convolutional": TwoBlockConvNet}


def main(
    epochs: int | None = None,
    batch_size: int = 64,
    step_size: float = 3e-3,
    train_images: int = 2000,
    repeats: int = 3,
    data: str = "auto",
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> dict:
    """Train dense and convolutional networks on columns as they are, and on shuffled ones.

    Args:
        epochs: Passes over the training images; by default 8 on MNIST, 12 on the small embedded
            set. Over the customers there are 8.
        batch_size: Examples per gradient step.
        step_size: Adam's first step size; it falls to nothing in the end.
        train_images: Number of digits to train on, or all that there are.
        repeats: Trainings of each network, each from its own random weights, and with one order of
            columns of its own, the same for all examples.
        data: Folder that holds mnist.npz or the four IDX files, or "embedded"; "auto" looks,
            downloads, or falls back.
        seed: Makes the run repeatable.
        quick: Take every step on a sample, in seconds.
        outputs: Where results go.
    """
    check_settings(locals(), seed=OF_MANY_SEEDS)
    report = Report(main, settings=locals())

    # Data: digits (n, 28, 28, 1), and a table of 64 columns laid out as (n, 8, 8, 1)
    source = digits.locate(data)
    (x_train, y_train), test = digits.load_data(source)
    tasks = {
        "digits": ((x_train[:train_images], y_train[:train_images]), test),
        "customers": customers.load_data(seed=seed),
    }
    passes = {"digits": epochs or (8 if source.name == "mnist" else 12), "customers": epochs or 8}
    if quick:
        tasks = {task: [(x[:256], y[:256]) for x, y in parts] for task, parts in tasks.items()}
        passes, repeats = {"digits": 1, "customers": 1}, 1
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
            steps = passes[task] * -(-len(x_train) // batch_size)
            network.compile(
                optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(step_size, steps)),
                loss="sparse_categorical_crossentropy",
                metrics=["accuracy"],
                run_eagerly=quick,  # a sample is through before a graph is compiled
            )
            # Fit and evaluate: the same network on the same examples, but for the order of columns
            for order in "in order", "shuffled":
                scores = accuracies[task, name, order] = []
                for number in range(1000 * seed, 1000 * seed + repeats):
                    keras.utils.set_random_seed(number)
                    start_afresh(network, builder(shape, classes))
                    columns = np.arange(x_train[0].size)
                    if order == "shuffled":
                        columns = np.random.default_rng(number).permutation(columns)
                    network.fit(
                        shuffle_columns(x_train, columns), y_train,
                        batch_size=batch_size, epochs=passes[task], verbose=0,
                    )  # fmt: skip
                    x = shuffle_columns(x_test, columns)
                    scores.append(network.evaluate(x, y_test, batch_size=500, verbose=0)[1])
                print(f"  {order:<10} {np.mean(scores):.2%} of the test examples", flush=True)
            if (task, name) == ("digits", "dense"):
                dense, shuffle = network, columns

    # Why the dense network cannot notice: put the weights that it learned from shuffled digits back
    # into order, and it answers digits in order just as it answers shuffled ones
    x = tasks["digits"][1][0][:100]
    kernel, *others = dense.get_weights()
    answers = dense.predict(shuffle_columns(x, shuffle), verbose=0)
    dense.set_weights([kernel[np.argsort(shuffle)], *others])
    difference = np.abs(dense.predict(x, verbose=0) - answers).max()
    print(
        f"\nWith the rows of its first weights put back into order, the dense network trained on shuffled "
        f"digits\nanswers digits in order as it answered shuffled ones: no probability moves by more than "
        f"{difference:.0e}."
    )

    # Plot
    mean = {key: np.mean(scores) for key, scores in accuracies.items()}
    lost = {
        (task, name): 100 * (mean[task, name, "in order"] - mean[task, name, "shuffled"])
        for task in tasks
        for name in BUILDERS
    }
    convolutional = lost["digits", "convolutional"], lost["customers", "convolutional"]
    labels = test[1][:6]
    report.figure(
        "shuffled_digits",
        image_grid(
            np.concatenate([x[:6], shuffle_columns(x[:6], shuffle)]),
            [*labels, *(f"{label}, shuffled" for label in labels)],
            "Both rows hold the same numbers; to a dense network they are as good",
        ),
    )
    report.figure(
        "accuracy",
        accuracy_dots(
            accuracies,
            "Shuffled columns cost the convolutional network "
            "{:.1f} points on digits, {:.1f} on customers".format(*convolutional),
        ),
    )
    return report.close(
        source,
        examples=sum(len(x) for parts in tasks.values() for x, _ in parts),
        finding="Shuffled columns cost the convolutional network {:.1f} points of accuracy on digits and "
        "{:.1f} on the table of customers, ".format(*convolutional)
        + f"the dense one {lost['digits', 'dense']:.1f} and {lost['customers', 'dense']:.1f}; on the table, "
        f"{mean['customers', 'convolutional', 'in order']:.1%} of the convolutional one's answers are right, "
        f"{mean['customers', 'dense', 'in order']:.1%} of the dense one's.",
        **{
            f"{name}_{task}{'_shuffled' if order == 'shuffled' else ''}_test_accuracy": value
            for (task, name, order), value in mean.items()
        },
    )


if __name__ == "__main__":
    run(main)
