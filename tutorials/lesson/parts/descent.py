"""Skiers on a loss curve: the part of the lesson `gradient_descent` that needs no data."""

import keras
import numpy as np
import tensorflow as tf

from models.landscapes import two_valleys

# Three skiers: what each step size comes to
STEP_SIZES = {"too small": 0.01, "right": 0.2, "too large": 1.5}


def descend(landscape, optimizer, start, steps):
    """Where an optimizer goes: the start and every step, each against the gradient."""
    parameters = keras.Variable(start, dtype="float32")
    path = [parameters.numpy()]
    for _ in range(steps):
        with tf.GradientTape() as tape:
            loss = landscape(parameters.value)
        optimizer.apply([tape.gradient(loss, parameters.value)], [parameters])
        path.append(parameters.numpy())
    return np.array(path)


def skiers(steps):
    """One parameter: a skier goes against the slope under the skis, with three step sizes.

    Args:
        steps: Number of steps.

    Returns:
        (curve, tracks, left, right): the loss curve (parameter, loss); {label: (parameter, loss)
        after each step}; the losses that the right step size reaches from the left and right.
    """
    print("The skier goes against the derivative, whichever its sign:")
    for start in -3.0, 3.0:
        w = tf.Variable(start)
        with tf.GradientTape() as tape:
            loss = two_valleys(w)
        slope = float(tape.gradient(loss, w))
        print(f"  at {start:+.0f} the derivative is {slope:+.2f}: go {'right' if slope < 0 else 'left'}")
    tracks, ends = {}, {}
    for name, size in STEP_SIZES.items():
        for start in -3.0, 3.0:
            path = descend(two_valleys, keras.optimizers.SGD(size), start, steps)
            losses = np.array(two_valleys(path))
            tracks[f"from {start:+.0f}, step size {size}: {name}"] = path, losses
            ends[name, start] = float(losses[-1])
    left, right = ends["right", -3.0], ends["right", 3.0]
    print(
        f"With the right step size: from the left to a loss of {left:.2f}, from the right to {right:.2f}.\n"
    )
    w = np.linspace(-3.4, 3.4, 300)
    return (w, np.array(two_valleys(w))), tracks, left, right
