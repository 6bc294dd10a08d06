"""What a loss says of an answer, and how it pushes: the parts of the lesson `losses` that train nothing."""

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

# The lectures' three pictures, as (dog, cat), and what two networks say of them
TRUTH = np.array([[1, 0], [0, 1], [1, 0]])
NETWORKS = {
    "NN1": np.array([[0.9, 0.1], [0.1, 0.9], [0.4, 0.6]]),
    "NN2": np.array([[0.6, 0.4], [0.3, 0.7], [0.1, 0.9]]),
}
LOSSES = {"squared error": "mean_squared_error", "cross-entropy": "categorical_crossentropy"}


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


def two_networks():
    """Three pictures, two networks: as many mistakes, and yet one is much worse.

    Returns:
        {network: {measure: number}} by Keras, printed beside the same by NumPy.
    """
    print("Three pictures: a dog, a cat, a dog. What two networks, NN1 and NN2, take for a dog:")
    for name, said in NETWORKS.items():
        print(f"  {name}: " + ", ".join(f"{dog:.0%}" for dog, _ in said))
    table = Table("", *(f"{name} by {way}" for name in NETWORKS for way in ("Keras", "NumPy")))
    measured = {name: (by_keras(TRUTH, said), by_numpy(TRUTH, said)) for name, said in NETWORKS.items()}
    for measure in measured["NN1"][0]:
        both = [way[measure] for ways in measured.values() for way in ways]
        table.add_row(measure, *(f"{number:.2f}" for number in both))
    Console().print(table)
    print("The squared error is summed over both classes: twice Keras's, which is their mean.\n")
    return {name: keras_says for name, (keras_says, _) in measured.items()}


def softmax_and_gradient(seed):
    """Softmax makes probabilities of any scores; with cross-entropy its gradient is p - t.

    Args:
        seed: Draws the scores at which the gradient is compared.

    Returns:
        The largest difference between p - t and back-propagation.
    """
    scores = np.array([3.0, 1.0, -1.0])
    p = np.exp(scores) / np.exp(scores).sum()
    print(f"Softmax of {scores} is {p.round(3)}, by Keras {np.array(keras.ops.softmax(scores)).round(3)}.")
    print(f"Cross-entropy log(1/p), were each the right class: {np.log(1 / p).round(3)}.")

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
    return difference


def by_probability():
    """Both losses of two classes, and how hard each pushes, from surely wrong to surely right.

    Returns:
        (probability p of the right class (181,), {loss: value}, {loss: push on the right class's
        score}): a push is minus the gradient. The squared error is Keras's, a mean.
    """
    scores = np.linspace(-9, 9, 181)[:, None] * [0.5, -0.5]  # the first class is the right one
    p = np.exp(scores[:, 0]) / np.exp(scores).sum(1)
    values = {"squared error": (1 - p) ** 2, "cross-entropy": np.log(1 / p)}
    slopes = gradients(scores, np.eye(2)[[0] * len(p)])
    return p, values, {name: -slope[:, 0] for name, slope in slopes.items()}
