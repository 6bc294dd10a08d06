"""Why cross-entropy: the same error rate can hide a much worse network.

log(1/p), softmax and its gradient p - t; then one classifier trained with two losses.
"""

from pathlib import Path

from tutorials._command import VERBOSE, check_positive, run  # first: loads Keras quietly

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from datasets import digits
from models import MLP
from tutorials._plots import pair_bars, side_by_side
from tutorials._report import Report

# The lectures' three pictures, as (dog, cat), and what two networks say of them
TRUTH = np.array([[1, 0], [0, 1], [1, 0]])
NETWORKS = {
    "NN1": np.array([[0.9, 0.1], [0.1, 0.9], [0.4, 0.6]]),
    "NN2": np.array([[0.6, 0.4], [0.3, 0.7], [0.1, 0.9]]),
}
LOSSES = {"squared error": "mean_squared_error", "cross-entropy": "categorical_crossentropy"}
STEP_SIZES = (0.1, 0.3, 1.0)


def by_numpy(truth, said):
    """Classification error, squared error summed over the classes, cross-entropy: means."""
    return {
        "classification error": np.mean(truth.argmax(1) != said.argmax(1)),
        "squared error": np.mean(np.sum((truth - said) ** 2, axis=1)),
        "cross-entropy": np.mean(np.log(1 / said[truth == 1])),
    }


def by_keras(truth, said):
    """The same three from Keras, whose squared error is a mean over the classes too."""
    classes = truth.shape[1]
    return {
        "classification error": 1 - float(np.mean(keras.metrics.categorical_accuracy(truth, said))),
        "squared error": classes * float(keras.losses.MeanSquaredError(dtype="float64")(truth, said)),
        "cross-entropy": float(keras.losses.CategoricalCrossentropy(dtype="float64")(truth, said)),
    }


def gradients(scores, truth, from_logits=True):
    """Of each loss with respect to the scores before softmax, by back-propagation: (n, classes)."""
    scores, found = tf.constant(scores, "float64"), {}
    for name, loss in LOSSES.items():
        with tf.GradientTape() as tape:
            tape.watch(scores)
            if from_logits and name == "cross-entropy":
                total = keras.losses.categorical_crossentropy(truth, scores, from_logits=True)
            else:
                total = keras.losses.get(loss)(truth, tf.nn.softmax(scores))
        found[name] = tape.gradient(total, scores).numpy()
    return found


def main(
    epochs: int | None = None,
    batch_size: int = 64,
    train_images: int = 6000,
    data: str = "auto",
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> dict:
    """Compute the lectures' losses twice, then train one digit reader with each of two.

    Args:
        epochs: Passes over the training images; by default 5 on MNIST, 15 on the small embedded
            set.
        batch_size: Images per gradient step.
        train_images: Number of images to train on, a tenth of them to validate, or all that
            there are.
        data: Folder that holds mnist.npz or the four IDX files, or "embedded"; "auto" looks,
            downloads, or falls back.
        seed: Makes the run repeatable.
        quick: Take every step on a sample, in seconds.
        outputs: Where results go.
    """
    report = Report(main, settings=locals())
    check_positive(epochs=epochs, batch_size=batch_size, train_images=train_images)

    # Three pictures, two networks: as many mistakes, and yet one is much worse
    table = Table("", *(f"{name} by {way}" for name in NETWORKS for way in ("Keras", "NumPy")))
    measured = {name: (by_keras(TRUTH, said), by_numpy(TRUTH, said)) for name, said in NETWORKS.items()}
    for measure in measured["NN1"][0]:
        both = [way[measure] for ways in measured.values() for way in ways]
        table.add_row(measure, *(f"{number:.2f}" for number in both))
    Console().print(table)
    print("The squared error is summed over both classes: twice Keras's, which is their mean.\n")

    # Softmax makes probabilities of any scores; cross-entropy is log(1/p) of the right class
    scores = np.array([3.0, 1.0, -1.0])
    p = np.exp(scores) / np.exp(scores).sum()
    print(f"Softmax of {scores} is {p.round(3)}, by Keras {np.array(keras.ops.softmax(scores)).round(3)}.")
    print(f"Cross-entropy log(1/p), were each the right class: {np.log(1 / p).round(3)}.")

    # The gradient of the two together is p - t, however wrong the network is
    random = np.random.default_rng(seed)
    scores, truth = random.normal(0, 3, (1000, 5)), np.eye(5)[random.integers(0, 5, 1000)]
    p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    difference = np.abs(gradients(scores, truth)["cross-entropy"] - (p - truth)).max()
    print(f"p - t against back-propagation: {truth.size:,} numbers differ by at most {difference:.0e}.")
    hopeless, right = np.array([[-20.0, 0.0]]), np.array([[1.0, 0.0]])
    lost = [gradients(hopeless, right, from_logits=way)["cross-entropy"][0, 0] for way in (False, True)]
    print(
        "But Keras holds probabilities off 0 by 1e-7: where the right class has fewer, such as 2e-9, the\n"
        f"gradient is {lost[0]:g}. From scores, with from_logits=True, it is {lost[1]:g}.\n"
    )

    # Data: images (n, 28, 28, 1) with pixels in [0, 255], labels as rows of one 1 and nine 0
    source = digits.locate(data)
    (x_train, y_train), (x_test, y_test) = digits.load_data(source)
    epochs = epochs or (5 if source.name == "mnist" else 15)
    if quick:
        epochs, train_images = 1, 200
    x_train, t_train = x_train[:train_images], keras.utils.to_categorical(y_train[:train_images], 10)
    MLP().summary()

    # Compile and fit: the same network from the same beginning; each loss gets the step size that
    # serves it best on validation images. Squared error, the wrong loss, goes first
    histories, best = {}, {}
    for name, loss in LOSSES.items():
        for step_size in STEP_SIZES:
            print(f"\nTraining with {name}, step size {step_size}")
            keras.utils.set_random_seed(seed)
            network = MLP()
            network.compile(optimizer=keras.optimizers.SGD(step_size), loss=loss, metrics=["accuracy"])
            history = network.fit(
                x_train, t_train, batch_size=batch_size, epochs=epochs, validation_split=0.1, verbose=VERBOSE
            ).history["val_accuracy"]
            histories[name, step_size] = history
            if name not in best or history[-1] > best[name][0]:
                best[name] = history[-1], step_size, network

    # Evaluate: the test images are used here, once by each loss's best network
    accuracy = {
        name: float(np.mean(network.predict(x_test, batch_size=500, verbose=0).argmax(-1) == y_test))
        for name, (_, _, network) in best.items()
    }

    # Plot
    worse = measured["NN2"][0]["cross-entropy"] / measured["NN1"][0]["cross-entropy"]
    report.figure(
        "two_networks",
        pair_bars(
            {name: ways[0] for name, ways in measured.items()},
            f"Equally many mistakes, but the cross-entropy of NN2 is {worse:.1f} times as large",
        ),
    )
    scores = np.linspace(-9, 9, 181)[:, None] * [0.5, -0.5]  # of two classes, the first one right
    p = np.exp(scores[:, 0]) / np.exp(scores).sum(1)
    of_p = {"squared error": (1 - p) ** 2, "cross-entropy": np.log(1 / p)}
    pushes = {name: -slopes[:, 0] for name, slopes in gradients(scores, np.eye(2)[[0] * len(p)]).items()}
    report.figure(
        "loss_and_gradient",
        side_by_side(
            "probability p of the right class",
            {"loss": (p, of_p), "push on its score (minus the gradient)": (p, pushes)},
            "Where the network is surely wrong (left), only cross-entropy still pushes",
        ),
    )
    passes = np.arange(1, epochs + 1)
    report.figure(
        "training",
        side_by_side(
            "pass over the training images",
            {
                f"validation accuracy, {name}": (
                    passes,
                    {f"step size {size}": histories[name, size] for size in STEP_SIZES},
                )
                for name in LOSSES
            },
            "Read right with the best step size: "
            + ", ".join(f"{name} {score:.1%}" for name, (score, _, _) in best.items()),
            share_y=True,
        ),
    )
    first, second = measured.values()
    return report.close(
        source,
        examples=len(x_train) + len(x_test),
        finding="NN1 and NN2 are wrong equally often, with cross-entropies of "
        f"{first[0]['cross-entropy']:.2f} and {second[0]['cross-entropy']:.2f}; a digit reader trained "
        f"with cross-entropy reads {accuracy['cross-entropy']:.1%} of the test digits, with squared error "
        f"{accuracy['squared error']:.1%}, each at the best of {len(STEP_SIZES)} step sizes.",
        squared_error_test_accuracy=accuracy["squared error"],
        cross_entropy_test_accuracy=accuracy["cross-entropy"],
        **{
            f"{name.lower()}_{measure.replace(' ', '_').replace('-', '_')}": value
            for name, (by_layers, _) in measured.items()
            for measure, value in by_layers.items()
        },
        largest_gradient_difference=difference,
    )


if __name__ == "__main__":
    run(main)
