"""Gradient descent on functions of one and two parameters: the parts of `gradient_descent` without data."""

import keras
import numpy as np
import tensorflow as tf

from models.landscapes import ravine, two_valleys

LEARNING_RATES = {"too small": 0.01, "suitable": 0.2, "too large": 1.5}
STARTS = (-3.0, 3.0)
OPTIMIZERS = {
    "SGD": lambda: keras.optimizers.SGD(0.9),
    "momentum": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "Adam": lambda: keras.optimizers.Adam(0.5),
}


def descend(function, optimizer, start, steps):
    """Minimize a function by an optimizer.

    Args:
        function: Function of the parameters to a loss, in TensorFlow.
        optimizer: A Keras optimizer that has not been used.
        start: Initial parameters, a number or a list.
        steps: Number of gradient steps.

    Returns:
        Array (1 + steps, ...) of the parameters at the start and after each step.
    """
    parameters = keras.Variable(start, dtype="float32")
    path = [parameters.numpy()]
    for _ in range(steps):
        with tf.GradientTape() as tape:
            loss = function(parameters.value)
        optimizer.apply([tape.gradient(loss, parameters.value)], [parameters])
        path.append(parameters.numpy())
    return np.array(path)


def try_learning_rates(steps):
    """Run gradient descent on a function of one parameter, with three learning rates from two starts.

    Args:
        steps: Number of gradient steps.

    Returns:
        (curve, tracks, left, right): the loss curve (parameter, loss); {label: (parameter, loss)
        after each step}; the losses that the suitable learning rate reaches from the left and right.
    """
    print("Gradient descent moves against the sign of the derivative:")
    for start in STARTS:
        w = tf.Variable(start)
        with tf.GradientTape() as tape:
            loss = two_valleys(w)
        slope = float(tape.gradient(loss, w))
        print(f"  at {start:+.0f} the derivative is {slope:+.2f}: move {'right' if slope < 0 else 'left'}")
    tracks, ends = {}, {}
    for name, rate in LEARNING_RATES.items():
        for start in STARTS:
            path = descend(two_valleys, keras.optimizers.SGD(rate), start, steps)
            losses = np.array(two_valleys(path))
            tracks[f"from {start:+.0f}, learning rate {rate}: {name}"] = path, losses
            ends[name, start] = float(losses[-1])
    left, right = (ends["suitable", start] for start in STARTS)
    print(
        f"With the suitable learning rate the loss is {left:.2f} from the left, {right:.2f} from the right.\n"
    )
    w = np.linspace(-3.4, 3.4, 300)
    return (w, np.array(two_valleys(w))), tracks, left, right


def compare_optimizers(steps):
    """Run three optimizers on a function of two parameters, a narrow valley.

    Args:
        steps: Number of gradient steps.

    Returns:
        (surface, paths, losses): (x, y, loss) arrays (rows, columns); {optimizer: array (1 + steps, 2)};
        {optimizer: final loss}.
    """
    paths = {name: descend(ravine, optimizer(), [-8.0, 1.5], steps) for name, optimizer in OPTIMIZERS.items()}
    losses = {name: float(ravine(path[-1])) for name, path in paths.items()}
    x, y = np.meshgrid(np.linspace(-9, 4, 120), np.linspace(-2.2, 2.2, 90))
    return (x, y, np.array(ravine(np.stack([x, y], -1)))), paths, losses
