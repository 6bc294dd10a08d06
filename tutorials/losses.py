"""Why cross-entropy: the same error rate can hide a much worse network.

log(1/p), softmax and its gradient p - t; then one classifier trained with two losses.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, run  # first: loads Keras quietly

import keras
import numpy as np

from datasets import digits
from models import MLP
from tutorials.figures.charts import pair_bars, side_by_side
from tutorials.lesson.limits import check_settings, fitting_batch
from tutorials.lesson.parts import losses
from tutorials.lesson.report import Report

STEP_SIZES = (0.1, 0.3, 1.0)


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
    check_settings(locals())
    report = Report(main, settings=locals())

    source = digits.locate(data)

    # Before any training: the lectures' table, softmax, and the gradient p - t
    measured = losses.two_networks()
    difference = losses.softmax_and_gradient(seed)

    # Data: images (n, 28, 28, 1) with pixels in [0, 255], labels as rows of one 1 and nine 0
    (x_train, y_train), (x_test, y_test) = digits.load_data(source)
    epochs = epochs or (5 if source.name == "mnist" else 15)
    if quick:
        epochs, train_images = 1, 200
    x_train, t_train = x_train[:train_images], keras.utils.to_categorical(y_train[:train_images], 10)
    MLP().summary()
    batch_size = fitting_batch(batch_size, len(x_train), MLP)

    # Compile and fit: the same network from the same beginning; each loss gets the step size that
    # serves it best on validation images. Squared error, the wrong loss, goes first
    histories, best = {}, {}
    for name, loss in losses.LOSSES.items():
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
    worse = measured["NN2"]["cross-entropy"] / measured["NN1"]["cross-entropy"]
    title = f"Equally many mistakes, but the cross-entropy of NN2 is {worse:.1f} times as large"
    report.figure("two_networks", pair_bars(measured, title))
    p, values, pushes = losses.by_probability()
    report.figure(
        "loss_and_gradient",
        side_by_side(
            "probability p of the right class",
            {"loss": (p, values), "push on its score (minus the gradient)": (p, pushes)},
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
                for name in losses.LOSSES
            },
            "Read right with the best step size: "
            + ", ".join(f"{name} {score:.1%}" for name, (score, _, _) in best.items()),
            share_y=True,
        ),
    )
    entropies = " and ".join(f"{of_one['cross-entropy']:.2f}" for of_one in measured.values())
    return report.close(
        source,
        examples=len(x_train) + len(x_test),
        finding=f"NN1 and NN2 are wrong equally often, with cross-entropies of {entropies}; a digit reader "
        f"trained with cross-entropy reads {accuracy['cross-entropy']:.1%} of the test digits, with squared "
        f"error {accuracy['squared error']:.1%}, each at the best of {len(STEP_SIZES)} step sizes.",
        squared_error_test_accuracy=accuracy["squared error"],
        cross_entropy_test_accuracy=accuracy["cross-entropy"],
        **{
            f"{name.lower()}_{measure.replace(' ', '_').replace('-', '_')}": value
            for name, by_layers in measured.items()
            for measure, value in by_layers.items()
        },
        largest_gradient_difference=difference,
    )


if __name__ == "__main__":
    run(main)
