"""Minimize a loss by gradient descent, then train a network with gradients computed by hand.

What do the learning rate, the initial value and the optimizer decide, and is back-propagation just the
chain rule? Gradient descent runs on a function of one parameter (the lectures' skier) and of two. Then
back-propagation written in NumPy trains six layers. Look at "loss_curve" for learning rates that are too
small and too large, and at "training": gradients by hand and Keras's own give the same losses.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import run  # first: loads Keras quietly

import keras
import numpy as np
import tensorflow as tf

from datasets.generated import spirals
from models import DenseChain
from models.backpropagation import backward, cross_entropy, forward
from tutorials.figures.loss_surfaces import descent_film, descents, losses_and_decision_map, paths_on_surface
from tutorials.lesson.limits import check_settings, fitting_batch
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.parts.descent import (
    compare_optimizers,
    optimizer_finding,
    try_learning_rates,
    valley_finding,
)
from tutorials.lesson.report import Report


def main(
    epochs: int = 40,
    batch_size: int = 100,
    learning_rate: float = 0.01,
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Run gradient descent on simple functions, then train a network with gradients computed by hand.

    Args:
        epochs: Number of epochs that the network is trained for.
        batch_size: Points per batch.
        learning_rate: Initial learning rate of Adam for the network; it decays to 0 (cosine).
        seed: Random seed; the same seed gives the same results.
        quick: Run every step on a small sample, in seconds.
        outputs: Folder for the results.
    """
    check_settings(locals())
    report = Report(main, settings=locals())
    keras.utils.set_random_seed(seed)
    steps = 40
    if quick:
        epochs, steps = 2, 4

    # One parameter: three learning rates from two initial values
    curve, tracks, valleys = try_learning_rates(steps)
    report.figure("loss_curve", descents(curve, tracks, valley_finding(valleys)))
    from_left = {label: path for label, path in tracks.items() if label.startswith("from -3")}
    report.animation("descent", *descent_film(curve, from_left), steps + 1)

    # Two parameters: three optimizers in a narrow valley, each with the best of as many settings
    surface, paths, ends, better = compare_optimizers(steps)
    title = optimizer_finding(ends, better).replace("; ", ";\n")
    report.figure("loss_surface", paths_on_surface(*surface, paths, title))

    # Data: points (n, 2) of two spirals, labels one-hot (n, 2); a tenth is the validation split
    (x_train, y_train), (x_test, y_test) = spirals.load_data(200 if quick else 2000, seed=seed)
    t_train, n_val = np.eye(2)[y_train], len(x_train) // 10
    x_val, t_val, x_train, t_train = x_train[:n_val], t_train[:n_val], x_train[n_val:], t_train[n_val:]

    # Model: six layers, once for gradients by hand and once for Keras, with the same initial weights.
    # float64, so that rounding hides no difference between the two
    network, by_keras = DenseChain(dtype="float64"), DenseChain(dtype="float64", name="by_keras")
    by_keras.set_weights(network.get_weights())
    network.summary()
    batch_size = fitting_batch(batch_size, len(x_train), network)

    # Gradients: back-propagation by hand compared with automatic differentiation
    difference = compare_gradients(network, x_train, t_train)
    print(
        f"Back-propagation by hand and automatic differentiation: {network.count_params():,} derivatives "
        f"differ\nby at most {difference:.0e} of the largest in their layer.\n"
    )

    # Compile: the same optimizer for both
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, epochs * -(-len(x_train) // batch_size))
    optimizer = keras.optimizers.Adam(schedule)
    optimizer.build(network.trainable_variables)
    step = tf.function(lambda gradients: optimizer.apply(gradients, network.trainable_variables))
    by_keras.compile(keras.optimizers.Adam(schedule), keras.losses.CategoricalCrossentropy(dtype="float64"))

    # Fit: a training loop with gradients by hand, then Keras's own
    losses = []
    for epoch in range(1, epochs + 1):
        for n in range(0, len(x_train), batch_size):
            x, t = x_train[n : n + batch_size], t_train[n : n + batch_size]
            weights = network.get_weights()
            gradients = backward(forward(x, weights), weights, t)
            step([tf.constant(gradient) for gradient in gradients])
        losses.append(cross_entropy(forward(x_val, network.get_weights())[-1], t_val))
        if epoch % 5 == 0 or epoch == epochs:
            print(f"By hand, epoch {epoch} of {epochs}: validation loss {losses[-1]:.4f}", flush=True)
    keras_losses = by_keras.fit(
        x_train, t_train, batch_size=batch_size, epochs=epochs, shuffle=False, verbose=0,
        validation_data=(x_val, t_val), validation_batch_size=n_val,
    ).history["val_loss"]  # fmt: skip
    apart = max(np.abs(np.array(losses) - keras_losses))
    print(f"By Keras: validation loss {keras_losses[-1]:.4f}; largest difference in any epoch {apart:.0e}.")

    # Evaluate: on the test points, by the forward pass in NumPy
    accuracy = np.mean(forward(x_test, network.get_weights())[-1].argmax(1) == y_test)
    grid = np.stack(np.meshgrid(*[np.linspace(-1.3, 1.3, 120)] * 2), -1)  # (120, 120, 2)
    probabilities = forward(grid.reshape(-1, 2), network.get_weights())[-1][:, 1].reshape(120, 120)

    # Plot
    histories = {"gradients by hand": losses, "Keras's own fit": keras_losses}
    title = f"Trained with gradients by hand, the network has a test accuracy of {accuracy:.1%}"
    axes = losses_and_decision_map(histories, (grid, probabilities), (x_test, y_test), title)
    report.figure("training", axes)
    return report.close(
        spirals.locate(),
        examples=len(x_train) + len(x_val) + len(x_test),
        finding=f"{valley_finding(valleys)}. {optimizer_finding(ends, better)}. Gradients by hand "
        f"differ from automatic ones by {difference:.0e}, and a network trained with them has a test "
        f"accuracy of {accuracy:.1%}.",
        test_accuracy=accuracy,
        parameters=network.count_params(),
        largest_gradient_difference=difference,
        largest_loss_difference=apart,
        left_valley_loss=valleys["left"][1],
        right_valley_loss=valleys["right"][1],
        **{f"{name.lower()}_surface_loss": end for name, end in ends.items()},
        **{f"{name.lower()}_settings_better": count for name, count in better.items()},
    )


def compare_gradients(network, x, t):
    """The largest difference of gradients by hand and automatic ones, relative to the layer's largest."""
    by_hand = backward(forward(x, network.get_weights()), network.get_weights(), t)
    with tf.GradientTape() as tape:
        loss = keras.losses.CategoricalCrossentropy(dtype="float64")(t, network(x))
    automatic = [slope.numpy() for slope in tape.gradient(loss, network.trainable_variables)]
    return max(np.abs(a - b).max() / np.abs(b).max() for a, b in zip(by_hand, automatic, strict=True))


if __name__ == "__main__":
    run(main)
