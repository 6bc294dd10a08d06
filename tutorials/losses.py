"""Compare losses: networks with equal accuracy can differ in cross-entropy.

Why is cross-entropy the loss of classification? The lesson computes the lectures' losses by Keras and by
NumPy, checks softmax and the gradient p - t, and trains one network with squared error and with
cross-entropy. Look at "loss_and_gradient": where a network is confident and wrong, the gradient of the
squared error vanishes.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, run  # first: loads Keras quietly

import keras
import numpy as np

from datasets import digits
from models import MLP
from tutorials.figures.charts import panels_of_curves
from tutorials.figures.comparisons import pair_bars
from tutorials.lesson.limits import check_settings, fitting_batch
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.parts import loss_functions
from tutorials.lesson.report import Report

LEARNING_RATES = (0.1, 0.3, 1.0)


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

    # Losses without training: the lectures' table, softmax, and the gradient p - t
    measured = loss_functions.two_networks()
    difference = loss_functions.softmax_and_gradient(seed)

    # Model, compile and fit: the same network from the same initial weights for each loss and learning
    # rate. Each loss keeps the network with the best validation accuracy
    MLP().summary()
    batch_size = fitting_batch(batch_size, len(x_train), MLP)
    histories, best = {}, {}
    for name, loss in loss_functions.LOSSES.items():
        for learning_rate in LEARNING_RATES:
            print(f"\nTraining with {name}, learning rate {learning_rate}")
            keras.utils.set_random_seed(seed)
            network = MLP()
            network.compile(
                optimizer=keras.optimizers.SGD(learning_rate),
                loss=loss,
                metrics=["accuracy"],
                run_eagerly=quick,  # faster than compiling a graph for a small sample
            )
            history = network.fit(
                x_train, t_train, batch_size=batch_size, epochs=epochs, validation_split=0.1, verbose=VERBOSE
            ).history["val_accuracy"]
            histories[name, learning_rate] = history
            if name not in best or history[-1] > best[name][0]:
                best[name] = history[-1], network

    # Evaluate: the test images are used once, here, by the best network of each loss
    accuracy = {
        name: float(np.mean(network.predict(x_test, batch_size=500, verbose=0).argmax(-1) == y_test))
        for name, (_, network) in best.items()
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
    panels = {
        f"validation accuracy, {name}": (
            np.arange(1, epochs + 1),
            {f"learning rate {rate}": histories[name, rate] for rate in LEARNING_RATES},
        )
        for name in loss_functions.LOSSES
    }
    scores = ", ".join(f"{name} {score:.1%}" for name, (score, _) in best.items())
    title = f"Validation accuracy at the best learning rate: {scores}"
    report.figure("training", panels_of_curves("epoch", panels, title, share_y=True))
    entropies = " and ".join(f"{losses['cross-entropy']:.2f}" for losses in measured.values())
    return report.close(
        source,
        examples=len(x_train) + len(x_test),
        finding=f"NN1 and NN2 have the same classification error and cross-entropies of {entropies}; trained "
        f"with cross-entropy, a network has a test accuracy of {accuracy['cross-entropy']:.1%}, with squared "
        f"error {accuracy['squared error']:.1%}, each at its best of {len(LEARNING_RATES)} learning rates.",
        squared_error_test_accuracy=accuracy["squared error"],
        cross_entropy_test_accuracy=accuracy["cross-entropy"],
        **{
            f"{name.lower()}_{measure.replace(' ', '_').replace('-', '_')}": value
            for name, losses in measured.items()
            for measure, value in losses.items()
        },
        largest_gradient_difference=difference,
    )


if __name__ == "__main__":
    run(main)
