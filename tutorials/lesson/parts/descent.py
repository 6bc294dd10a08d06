"""Gradient descent on functions of one and two parameters: the parts of `gradient_descent` without data."""

import keras
import numpy as np

from models.gradients import input_gradients, weight_gradients
from models.landscapes import ravine, two_valleys

LEARNING_RATES = {"too small": 0.01, "suitable": 0.2, "too large": 1.5}
STARTS = (-3.0, 3.0)
START = [-8.0, 1.5]
# What is tried: the learning rate alone, or learning rate and beta in a grid of as many settings
GRID = [(rate, beta) for rate in np.arange(1, 11) / 5 for beta in np.arange(10) / 10 + 0.05]
GRIDS = {"SGD": [(rate, None) for rate in np.arange(1, 101) / 50], "momentum": GRID, "Adam": GRID}
OPTIMIZERS = {
    "SGD": lambda rate, _: keras.optimizers.SGD(rate),
    "momentum": lambda rate, beta: keras.optimizers.SGD(rate, momentum=beta),
    "Adam": lambda rate, beta: keras.optimizers.Adam(rate, beta_1=beta),
}


def descend(function, optimizer, start, steps):
    """Minimize a function by an optimizer.

    Args:
        function: Function of the parameters to a loss, in Keras's operations.
        optimizer: A Keras optimizer that has not been used.
        start: Initial parameters, a number or a list.
        steps: Number of gradient steps.

    Returns:
        Array (1 + steps, ...) of the parameters at the start and after each step.
    """
    parameters = keras.Variable(start, dtype="float32")
    path = [keras.ops.convert_to_numpy(parameters)]
    for _ in range(steps):
        _, slopes = weight_gradients(lambda: function(parameters.value), [parameters])
        optimizer.apply(slopes, [parameters])
        path.append(keras.ops.convert_to_numpy(parameters))
    return np.array(path)


def try_learning_rates(steps):
    """Run gradient descent on a function of one parameter, with three learning rates from two starts.

    Args:
        steps: Number of gradient steps.

    Returns:
        (curve, tracks, ends): the loss curve (parameter, loss); {label: (parameter, loss) after each
        step}; {"left" or "right": (parameter, loss) that the suitable learning rate reaches from there}.
    """
    print("Gradient descent moves against the sign of the derivative:")
    for start in STARTS:
        slope = float(input_gradients(two_valleys, start)[1][0])
        print(f"  at {start:+.0f} the derivative is {slope:+.2f}: move {'right' if slope < 0 else 'left'}")
    tracks, ends = {}, {}
    for name, rate in LEARNING_RATES.items():
        for start in STARTS:
            path = descend(two_valleys, keras.optimizers.SGD(rate), start, steps)
            losses = np.array(two_valleys(path))
            tracks[f"from {start:+.0f}, learning rate {rate}: {name}"] = path, losses
            if name == "suitable":
                ends["left" if start < 0 else "right"] = float(path[-1]), float(losses[-1])
    print(f"{valley_finding(ends)}, with the suitable learning rate.\n")
    w = np.linspace(-3.4, 3.4, 300)
    return (w, np.array(two_valleys(w))), tracks, ends


def try_settings(settings, name, steps):
    """Losses that an optimizer reaches in the narrow valley, for many settings at once, in NumPy.

    Args:
        settings: [(learning rate, beta)]; beta is None for SGD.
        name: "SGD", "momentum" or "Adam".
        steps: Number of gradient steps.

    Returns:
        Losses, array (settings,).
    """
    rate, beta = np.array([(rate, beta or 0.0) for rate, beta in settings]).T[:, :, None]
    w = np.tile(START, (len(settings), 1))  # (settings, 2)
    velocity, mean, square = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
    for step in range(1, steps + 1):
        gradient = w * [1 / 20, 2]  # of x² / 40 + y²
        if name == "Adam":
            mean, square = beta * mean + (1 - beta) * gradient, 0.999 * square + 0.001 * gradient**2
            w = w - rate * mean / (1 - beta**step) / (np.sqrt(square / (1 - 0.999**step)) + 1e-7)
        else:
            velocity = beta * velocity - rate * gradient
            w = w + velocity
    return w[:, 0] ** 2 / 40 + w[:, 1] ** 2


def compare_optimizers(steps):
    """Run three optimizers on a function of two parameters, a narrow valley, each with its best setting.

    Each optimizer gets as many trials. The best setting is found in NumPy, and run by Keras.

    Args:
        steps: Number of gradient steps.

    Returns:
        (surface, paths, losses, better): (x, y, loss) arrays (rows, columns); {optimizer and its setting:
        array (1 + steps, 2)}; {optimizer: final loss}; {momentum, Adam: how many of its settings end lower
        than the best of SGD}.
    """
    paths, losses, better = {}, {}, {}
    tried = {name: try_settings(grid, name, steps) for name, grid in GRIDS.items()}
    for name, grid in GRIDS.items():
        rate, beta = grid[tried[name].argmin()]
        path = descend(ravine, OPTIMIZERS[name](rate, beta), START, steps)
        losses[name] = float(ravine(path[-1]))
        setting = f"learning rate {rate:.2f}" + (f", β {beta:.2f}" if beta is not None else "")
        paths[f"{name}, {setting}: loss {losses[name]:.1e}"] = path
        better[name] = int((tried[name] < tried["SGD"].min()).sum())
        print(
            f"{name:<8} best of {len(grid)} settings: {setting}, loss {losses[name]:.1e} after {steps} steps"
        )
    better.pop("SGD")
    ends = np.concatenate([*paths.values()])
    (left, low), (right, high) = ends.min(0) - 0.7, ends.max(0) + 0.7
    x, y = np.meshgrid(np.linspace(left, right, 120), np.linspace(low, high, 90))
    return (x, y, np.array(ravine(np.stack([x, y], -1)))), paths, losses, better


def valley_finding(ends):
    """Whether two runs end in different valleys.

    Args:
        ends: {"left" or "right", the side of the start: (final parameter, final loss)}.
    """
    (left, left_loss), (right, right_loss) = ends["left"], ends["right"]
    decides = "decides" if left * right < 0 else "does not decide"
    return (
        f"The initial value {decides} the minimum: loss {left_loss:.2f} from the left, "
        f"{right_loss:.2f} from the right"
    )


def optimizer_finding(losses, better):
    """Which optimizer ends lowest and which highest, and how many settings of each beat the best of SGD."""
    order, trials = sorted(losses, key=losses.get), len(GRIDS["SGD"])
    counts = " and ".join(f"{count} of {name}" for name, count in better.items())
    return (
        f"Each with the best of {trials} settings, {order[0]} ends lowest and {order[-1]} highest; "
        f"{counts} end lower than the best of SGD"
    )
