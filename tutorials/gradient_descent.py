"""Go downhill: on a curve, on a surface, and in a network whose gradients are computed by hand.

Step sizes, valleys and optimizers; then back-propagation in NumPy through six layers.
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
from models.landscapes import ravine
from tutorials.figures.charts import descent_film, descents, paths_on_surface, training_and_map
from tutorials.lesson.limits import check_settings, fitting_batch
from tutorials.lesson.parts.descent import descend, skiers
from tutorials.lesson.report import Report

OPTIMIZERS = {
    "SGD": lambda: keras.optimizers.SGD(0.9),
    "momentum": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "Adam": lambda: keras.optimizers.Adam(0.5),
}


def main(
    epochs: int = 40,
    batch_size: int = 100,
    step_size: float = 0.01,
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> dict:
    """Watch skiers descend, then train a network with gradients computed by hand.

    Args:
        epochs: Passes over the network's training points.
        batch_size: Points per gradient step.
        step_size: Adam's first step size for the network; it falls to nothing in the end.
        seed: Makes the run repeatable.
        quick: Take every step on a sample, in seconds.
        outputs: Where results go.
    """
    check_settings(locals())
    report = Report(main, settings=locals())
    keras.utils.set_random_seed(seed)
    steps = 40
    if quick:
        epochs, steps = 2, 4

    # One parameter: skiers on the loss curve, who see only the slope under their skis
    curve, tracks, left, right = skiers(steps)
    valleys = f"The start decides the valley: loss {left:.2f} from the left, {right:.2f} from the right"
    report.figure("skiers", descents(curve, tracks, valleys))
    from_left = {label: path for label, path in tracks.items() if label.startswith("from -3")}
    report.animation("descent", *descent_film(curve, from_left), steps + 1)

    # Two parameters: three optimizers in a narrow valley
    paths = {name: descend(ravine, optimizer(), [-8.0, 1.5], steps) for name, optimizer in OPTIMIZERS.items()}
    ends = {name: float(ravine(path[-1])) for name, path in paths.items()}
    x, y = np.meshgrid(np.linspace(-9, 4, 120), np.linspace(-2.2, 2.2, 90))
    title = f"After {steps} steps: " + ", ".join(f"{name} {loss:.3f}" for name, loss in ends.items())
    report.figure("surface", paths_on_surface(x, y, np.array(ravine(np.stack([x, y], -1))), paths, title))

    # Data: points (n, 2) of two spirals, labels as rows of one 1 and one 0
    (x_train, y_train), (x_test, y_test) = spirals.load_data(200 if quick else 2000, seed=seed)
    t_train, t_test = np.eye(2)[y_train], np.eye(2)[y_test]
    held_back = len(x_train) // 10
    x_val, t_val, x_train, t_train = (
        x_train[:held_back], t_train[:held_back], x_train[held_back:], t_train[held_back:]
    )  # fmt: skip

    # Model: six layers, in 64 bits so that differences are those of the method
    network, by_keras = DenseChain(dtype="float64"), DenseChain(dtype="float64", name="by_keras")
    by_keras.set_weights(network.get_weights())
    network.summary()
    batch_size = fitting_batch(batch_size, len(x_train), network)

    # Back-propagation by hand against automatic differentiation, for every parameter
    by_hand = backward(forward(x_train, network.get_weights()), network.get_weights(), t_train)
    with tf.GradientTape() as tape:
        loss = keras.losses.CategoricalCrossentropy(dtype="float64")(t_train, network(x_train))
    automatic = [slope.numpy() for slope in tape.gradient(loss, network.trainable_variables)]
    difference = max(np.abs(a - b).max() / np.abs(b).max() for a, b in zip(by_hand, automatic, strict=True))
    print(
        f"Back-propagation by hand and automatic differentiation: {network.count_params():,} derivatives "
        f"differ\nby at most {difference:.0e} of the largest in their layer.\n"
    )

    # Compile and fit: by hand, then by Keras from the same start, with the same steps
    def adam():
        schedule = keras.optimizers.schedules.CosineDecay(step_size, epochs * -(-len(x_train) // batch_size))
        return keras.optimizers.Adam(schedule)

    optimizer, losses = adam(), []
    optimizer.build(network.trainable_variables)
    step = tf.function(lambda gradients: optimizer.apply(gradients, network.trainable_variables))
    for epoch in range(1, epochs + 1):
        for n in range(0, len(x_train), batch_size):
            x, t = x_train[n : n + batch_size], t_train[n : n + batch_size]
            weights = network.get_weights()
            gradients = backward(forward(x, weights), weights, t)
            step([tf.constant(gradient) for gradient in gradients])
        losses.append(cross_entropy(forward(x_val, network.get_weights())[-1], t_val))
        if epoch % 5 == 0 or epoch == epochs:
            print(f"By hand, pass {epoch} of {epochs}: validation loss {losses[-1]:.4f}", flush=True)
    by_keras.compile(optimizer=adam(), loss=keras.losses.CategoricalCrossentropy(dtype="float64"))
    keras_losses = by_keras.fit(
        x_train, t_train, batch_size=batch_size, epochs=epochs, shuffle=False, verbose=0,
        validation_data=(x_val, t_val), validation_batch_size=held_back,
    ).history["val_loss"]  # fmt: skip
    apart = max(np.abs(np.array(losses) - keras_losses))
    print(f"Keras's own fit: {keras_losses[-1]:.4f}; over all passes at most {apart:.0e} apart.")

    # Evaluate: on the test points, by the forward pass in NumPy
    accuracy = np.mean(forward(x_test, network.get_weights())[-1].argmax(1) == t_test.argmax(1))
    grid = np.stack(np.meshgrid(*[np.linspace(-1.3, 1.3, 120)] * 2), -1)  # (120, 120, 2)
    says = forward(grid.reshape(-1, 2), network.get_weights())[-1][:, 1].reshape(120, 120)
    report.figure(
        "by_hand",
        training_and_map(
            {"gradients by hand": losses, "Keras's own fit": keras_losses},
            (grid, says),
            (x_test, y_test),
            f"Trained with gradients by hand, {accuracy:.1%} of the test points are told right",
        ),
    )
    return report.close(
        spirals.locate(),
        examples=len(x_train) + len(x_val) + len(x_test),
        finding=f"From the left the skier ends in a valley of loss {left:.2f}, from the right in one of "
        f"{right:.2f}; gradients by hand differ from automatic ones by {difference:.0e}, and a network "
        f"trained with them tells {accuracy:.1%} of the test points right.",
        test_accuracy=accuracy,
        parameters=network.count_params(),
        largest_gradient_difference=difference,
        largest_loss_difference=apart,
        left_valley_loss=left,
        right_valley_loss=right,
        **{f"{name.lower()}_surface_loss": loss for name, loss in ends.items()},
    )


if __name__ == "__main__":
    run(main)
