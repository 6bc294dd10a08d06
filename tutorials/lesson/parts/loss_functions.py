"""Losses and their gradients: the parts of the lesson `losses` without training."""

from functools import partial

import keras
import numpy as np
from rich.console import Console
from rich.table import Table

from models.gradients import input_gradients, use_double_precision

# The lectures' three images: one-hot labels (dog, cat), and the probabilities predicted by two networks
LABELS = np.array([[1, 0], [0, 1], [1, 0]])
NETWORKS = {
    "NN1": np.array([[0.9, 0.1], [0.1, 0.9], [0.4, 0.6]]),
    "NN2": np.array([[0.6, 0.4], [0.3, 0.7], [0.1, 0.9]]),
}


def squared_error(labels, predictions):
    """Squared error summed over the classes, as in the lectures; where Keras takes the mean."""
    return keras.ops.sum(keras.ops.square(keras.ops.subtract(labels, predictions)), axis=-1)


LOSSES = {"squared error": squared_error, "cross-entropy": "categorical_crossentropy"}
BY_SEED = 0.02  # two standard deviations of the difference from seed to seed, from usual weights on MNIST


def by_numpy(labels, predictions):
    """Classification error, squared error (summed over the classes) and cross-entropy, each a mean."""
    return {
        "classification error": np.mean(labels.argmax(1) != predictions.argmax(1)),
        "squared error": np.mean(np.sum((labels - predictions) ** 2, axis=1)),
        "cross-entropy": np.mean(np.log(1 / predictions[labels == 1])),
    }


def by_keras(labels, predictions):
    """The same three measures by Keras, whose squared error is a mean over the classes too."""
    classes, right = labels.shape[1], keras.metrics.categorical_accuracy(labels, predictions)
    return {
        "classification error": 1 - float(keras.ops.mean(right)),
        "squared error": classes * float(keras.losses.MeanSquaredError(dtype="float64")(labels, predictions)),
        "cross-entropy": float(keras.losses.CategoricalCrossentropy(dtype="float64")(labels, predictions)),
    }


def gradients(logits, labels):
    """{loss: its gradient with respect to the logits (n, classes)}, by automatic differentiation."""
    use_double_precision()
    losses = {
        "squared error": lambda z: squared_error(labels, keras.ops.softmax(z)),
        "cross-entropy": lambda z: keras.losses.categorical_crossentropy(labels, z, from_logits=True),
    }
    slopes = {name: input_gradients(loss, np.float64(logits))[1][0] for name, loss in losses.items()}
    return {name: keras.ops.convert_to_numpy(slope) for name, slope in slopes.items()}


def three_ways(logits, labels):
    """Cross-entropy by Keras from a softmax layer, from probabilities as mere numbers, and from logits.

    Args:
        logits: Array (1, classes).
        labels: One-hot, of the same shape.

    Returns:
        {way: (loss, gradient with respect to the logits (classes,))}, by automatic differentiation.
    """
    use_double_precision()
    ways = {
        "softmax layer": keras.layers.Softmax(dtype="float64"),
        "probabilities as numbers": lambda z: keras.ops.exp(z) / keras.ops.sum(keras.ops.exp(z), 1, True),
        "logits, from_logits=True": lambda z: z,
    }
    found = {}
    for way, outputs in ways.items():
        cross_entropy = partial(
            keras.losses.categorical_crossentropy, labels, from_logits=way.startswith("logits")
        )
        loss, (slope,) = input_gradients(lambda z, f=cross_entropy, y=outputs: f(y(z)), np.float64(logits))
        found[way] = float(loss[0]), keras.ops.convert_to_numpy(slope)[0]
    return found


def two_networks():
    """Compare two networks on three images: equal classification error, different cross-entropy.

    Returns:
        {network: {measure: number}} by Keras. The same numbers by NumPy are printed beside them.
    """
    print("Three images: a dog, a cat, a dog. Probability of a dog predicted by two networks:")
    for name, predictions in NETWORKS.items():
        print(f"  {name}: " + ", ".join(f"{dog:.0%}" for dog, _ in predictions))
    table = Table("", *(f"{name} by {way}" for name in NETWORKS for way in ("Keras", "NumPy")))
    measured = {
        name: (by_keras(LABELS, predictions), by_numpy(LABELS, predictions))
        for name, predictions in NETWORKS.items()
    }
    for measure in measured["NN1"][0]:
        both = [way[measure] for ways in measured.values() for way in ways]
        table.add_row(measure, *(f"{number:.2f}" for number in both))
    Console().print(table)
    print("The squared error is the sum over both classes, twice Keras's, which is the mean.\n")
    return {name: keras_measures for name, (keras_measures, _) in measured.items()}


def softmax_and_gradient(seed):
    """Show softmax, and check that the gradient of cross-entropy after softmax is p - t.

    Args:
        seed: Random seed of the logits for which the gradient is compared.

    Returns:
        The largest difference between p - t and the gradient by automatic differentiation.
    """
    logits = np.array([3.0, 1.0, -1.0])
    p = np.exp(logits) / np.exp(logits).sum()
    by_keras = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
    print(f"Softmax of {logits} is {p.round(3)}, by Keras {by_keras.round(3)}.")
    print(
        f"Cross-entropy log(1/p) if the true class is the first, second or third: {np.log(1 / p).round(3)}."
    )

    random = np.random.default_rng(seed)
    logits, labels = random.normal(0, 3, (1000, 5)), np.eye(5)[random.integers(0, 5, 1000)]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    difference = np.abs(gradients(logits, labels)["cross-entropy"] - (p - labels)).max()
    print(f"p - t and automatic differentiation: {labels.size:,} numbers differ by at most {difference:.0e}.")

    logits, labels = np.array([[-20.0, 0.0]]), np.array([[1.0, 0.0]])
    print("The same by Keras where the true class has a probability of 2e-9:")
    for way, (loss, gradient) in three_ways(logits, labels).items():
        print(f"  {way:<25} loss {loss:4.1f}, gradient {_in_short(gradient)}")
    flat = gradients(logits, labels)["squared error"][0]
    loss = float(squared_error(labels, keras.ops.softmax(logits))[0])
    print(
        f"  {'squared error':<25} loss {loss:4.1f}, gradient {_in_short(flat)}\n"
        "A softmax layer hands its logits on to the loss. Of mere numbers Keras raises those below 1e-7\n"
        "to 1e-7, and what is cut off has no gradient: end a network in softmax, or use from_logits=True.\n"
    )
    return difference


def by_probability():
    """Both losses of two classes and their gradients, by the predicted probability of the true class.

    Returns:
        (probability p of the true class (181,), {loss: value}, {loss: negative gradient with respect
        to the true class's logit}). The squared error is the sum over both classes.
    """
    logits = np.linspace(-9, 9, 181)[:, None] * [0.5, -0.5]  # the first class is the true one
    p = np.exp(logits[:, 0]) / np.exp(logits).sum(1)
    values = {"squared error": 2 * (1 - p) ** 2, "cross-entropy": np.log(1 / p)}
    slopes = gradients(logits, np.eye(2)[[0] * len(p)])
    return p, values, {name: -slope[:, 0] for name, slope in slopes.items()}


def compared(accuracy, images):
    """One sentence: which loss is ahead from usual initial weights, and from confidently wrong ones.

    Args:
        accuracy: {("usual" or "confidently wrong", loss): test accuracy}.
        images: Number of test images. Two networks may differ by chance where their accuracies are closer
            than two standard errors of the difference, or than `BY_SEED`.

    Returns:
        The sentence; which loss is said to be ahead, if any, follows from the numbers.
    """
    said = {}
    for start in dict.fromkeys(start for start, _ in accuracy):
        numbers = {loss: accuracy[start, loss] for loss in LOSSES}
        gap, mean = max(numbers.values()) - min(numbers.values()), sum(numbers.values()) / len(numbers)
        if gap > max(BY_SEED, 2 * np.sqrt(2 * mean * (1 - mean) / images)):
            said[start] = f"{max(numbers, key=numbers.get)} is ahead by {100 * gap:.1f} points"
        else:
            said[start] = f"no loss is clearly ahead (by {100 * gap:.1f} points)"
    usual, wrong = said["usual"], said["confidently wrong"]
    return f"In test accuracy, from usual initial weights {usual}; from confidently wrong ones {wrong}."


def _in_short(gradient):
    return f"[{', '.join(f'{slope:.2g}' for slope in gradient)}]"
