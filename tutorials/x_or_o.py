r"""Classify X and O with a network whose weights are set by hand, then train the same network.

## The question

A network of 56 parameters is small enough to set every weight by hand. How far does that get when letters
are moved, turned, smaller or thicker? And what does training change?

## The idea

| layer | output | parameters |
| --- | --- | --- |
| `conv`: 3 kernels of 3×3 | 7×7×3 | $(3 \cdot 3 \cdot 1 + 1) \cdot 3 = 30$ |
| `relu`: negative values become 0 | 7×7×3 | none |
| `pool1`: the maximum of each 2×2, with padding | 4×4×3 | none |
| `pool2`: the same again | 2×2×3 | none |
| `flatten` | 12 | none |
| `votes`: 2 units, softmax | 2 | $(12 + 1) \cdot 2 = 26$ |

By hand, the kernels are parts of an X: backslash, crossing and slash, with weights of 1 and −1 divided by 9,
so that a perfect match gives 1. Pooling twice keeps the best match in each quarter of the image. That makes
twelve values, three features at four places, from top left to bottom right:

| feature | values of the X | values of the O | weights for X |
| --- | --- | --- | --- |
| backslash | 1, 5/9, 5/9, 1 | 5/9, 1, 1, 5/9 | 1, −1, −1, 1 |
| crossing | 1, 5/9, 5/9, 5/9 | 5/9, 5/9, 5/9, 5/9 | 1, 0, 0, 0 |
| slash | 5/9, 1, 1, 5/9 | 1, 5/9, 5/9, 1 | −1, 1, 1, −1 |

Each value **votes**: it is multiplied by its weight for X. The weight is 1 where the X has the higher value,
−1 where the O has, 0 where both have the same. For the X the votes add up to

$$(2 - \frac{10}{9}) + 1 + (2 - \frac{10}{9}) = \frac{25}{9}$$

and for the O to $(10 / 9 - 2) + 5 / 9 + (10 / 9 - 2) = -11 / 9$. A bias of $-7/9$ puts 0 halfway between. So
the **logit** for X, the value before softmax, is $25 / 9 - 7 / 9 = 2$ for the X and $-11 / 9 - 7 / 9 = -2$
for the O. The logit for O is the negative of it. **Softmax**, $e^{z_k} / \sum_j e^{z_j}$, turns logits into
probabilities that add up to 1: for 2 and −2, a confidence of $e^2 / (e^2 + e^{-2}) \approx 0.98$.

The second network has the same layers and random initial weights. It is trained on distorted ones.

## Before you run it

Guessing classifies half of the letters correctly. Will the weights set by hand do better on distorted ones?
Which of the four distortions matters least to them? Which letter will they misclassify more often?

## How to read the figures

- `stack`: the X after the three kernels, after ReLU and pooling, and after the second pooling. The last row
  has the twelve values, cut to two decimals.
- `accuracy`: one distortion at a time. Thicker lines and rotation cost the weights set by hand most.
- `letters`: single letters with the answers of both networks, wrong ones in orange. By hand, an X that is
  turned by 30° or more, or thicker, is taken for O.
- `kernels_and_votes`: what was set by hand, and what was learned.

## What it means

Weights set by hand are right for the two letters from which they were computed. With all four distortions
they are worse than guessing: a thick or turned stroke no longer matches the kernels, so most X are taken for
O. Trained weights classify nearly all test letters correctly: the layers are sufficient. The learned kernels
need not look like parts of an X. And training covers what it has shown: letters distorted further can fail.

## Exercises

1. How many parameters has the network with four features, `XorO(features=4)`?
2. Run it with `--weight 0`, then with `--rotation 0`. Without which distortion are the weights set by hand
   better?
3. What do they answer for an empty page, where all pixels are −1?

<details><summary>Solutions</summary>

1. $(3 \cdot 3 \cdot 1 + 1) \cdot 4 + (16 + 1) \cdot 2 = 74$.
2. Without thicker lines: compare the two values of `by_hand_test_accuracy`.
3. Backslash and slash have six weights of −1 and three of 1, so they give $(6 - 3) / 9 = 3 / 9$ everywhere,
   and their votes cancel. Crossing has four and five: $(4 - 5) / 9 = -1 / 9$, and 0 after ReLU. Only the
   bias of $-7/9$ is left: O.

</details>

## Read more

Lee et al., *Convolutional deep belief networks for scalable unsupervised learning of hierarchical
representations* (2009): features made of features.

Next: `losses` measures how wrong an answer is.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, run  # first: loads Keras quietly

import keras
import numpy as np

from datasets.generated import x_or_o
from models import XorO
from models.filters import FEATURES
from tutorials.figures.charts import axes_grid, curves, image_grid, map_grid, number_tables
from tutorials.lesson.limits import check_memory, check_settings, fitting_batch
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.parts.words import ahead
from tutorials.lesson.report import Report

AXES = {
    "translation": "largest translation",
    "scaling": "largest change of size",
    "rotation": "largest rotation",
    "weight": "largest increase of line width",
}
LECTURES = """
The lectures' example of errors comes without weights, and its twelve values (0.9 0.65 0.45 ...) are an
illustration. Its network outputs 0.92 for an X (target 1) and 0.51 for an O (target 0). The slides print
errors of 0.08 and 0.49, in total 0.57. By their own rule, error = target - output, the errors are 0.08
and -0.51, in total 0.59 in absolute value: 0.49 is 1 - 0.51.
"""


def main(
    translation: float = 1.0,
    scaling: float = 0.3,
    rotation: float = 45.0,
    weight: float = 1.5,
    epochs: int = 15,
    batch_size: int = 64,
    train_letters: int = 4000,
    learning_rate: float = 0.02,
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Set the weights of a network by hand, find where it fails, and train the same architecture.

    Args:
        translation: Largest translation of a letter in pixels, 0 to 2.
        scaling: Largest change of a letter's size, as a share of it, 0 to 0.5.
        rotation: Largest rotation in degrees, 0 to 45.
        weight: Largest increase of the line width (1 pixel), in pixels, 0 to 2.
        epochs: Number of epochs.
        batch_size: Letters per batch.
        train_letters: Number of training letters; a tenth of them is the validation split.
        learning_rate: Initial learning rate of Adam; it decays to 0 (cosine).
        seed: Random seed; the same seed gives the same results.
        quick: Run every step on a small sample, in seconds.
        outputs: Folder for the results.
    """
    check_settings(locals())
    report = Report(main, settings=locals())
    keras.utils.set_random_seed(seed)
    if quick:
        epochs, train_letters = 2, 400
    check_memory("train_letters", train_letters, 1_000 * train_letters)

    # Data: letters (n, 9, 9, 1) from -1 for paper to 1 for ink, labels (n,) 0 for X and 1 for O
    distortions = translation, scaling, rotation, weight
    (x_train, y_train), (x_test, y_test) = x_or_o.load_data(train_letters, 2000, *distortions, seed)
    clean = np.stack(x_or_o.clean_letters())  # (2, 9, 9, 1), the lectures' X and O

    # Model: one with weights set by hand (its kernels are the lectures' three features over nine),
    # and one with the same architecture and random weights
    by_hand, trained = XorO(weights="by_hand"), XorO(name="trained")
    by_hand.summary()
    filtered, pooled, values = print_values(by_hand, clean)
    batch_size = fitting_batch(batch_size, len(x_train), by_hand)

    # Compile
    steps = epochs * int(np.ceil(0.9 * len(x_train) / batch_size))
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(learning_rate, steps))
    trained.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])

    # Fit: a tenth of the training letters is the validation split
    trained.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, validation_split=0.1, verbose=VERBOSE)

    # Evaluate: both networks on the test letters, then on each distortion alone as it grows
    def predict(network, letters):
        return np.argmax(keras.ops.convert_to_numpy(network(letters)), -1)  # 0 for X, 1 for O

    networks = {"by hand": by_hand, "trained": trained}
    of_hand, of_trained = (np.mean(predict(net, x_test) == y_test) for net in networks.values())
    of_each = [np.mean(predict(by_hand, x_test[y_test == n]) == n) for n in (0, 1)]
    of_x, of_o = of_each
    print(f"\nCorrect by hand: {of_x:.0%} of the distorted X, {of_o:.0%} of the distorted O.")
    of_clean = np.mean(predict(by_hand, clean) == [0, 1])
    title = (
        f"With all four distortions trained weights ({of_trained:.2%})\n"
        f"are {ahead(of_trained - of_hand)} those set by hand ({of_hand:.1%})"
    )
    axes = axes_grid(2, 2, 8, 6, title)
    for ax, (distortion, largest) in zip(axes.flat, x_or_o.LARGEST.items(), strict=True):
        amounts = np.linspace(0, largest, 3 if quick else 9)
        sets = [x_or_o.tricky_letters(400, **{distortion: amount}, seed=seed + 1) for amount in amounts]
        lines = {label: [np.mean(predict(net, x) == y) for x, y in sets] for label, net in networks.items()}
        curves(ax, amounts, lines, f"{AXES[distortion]} ({x_or_o.UNITS[distortion]})", "accuracy")
        ax.set_ylim(0.45, 1.03)

    # Plot
    report.figure("accuracy", axes)
    tables = [table[0, :, :, n] for table in (filtered, pooled, values) for n in range(3)]
    captions = [f"{what}: {name}" for what in ("filtered", "ReLU, pool", "pool again") for name in FEATURES]
    title = "Three filters and two poolings reduce the clean X to twelve values"
    report.figure("stack", number_tables(tables, captions, title))
    letters, names, labels = x_or_o.growing()
    predicted = [predict(network, letters) for network in networks.values()]
    captions = [
        f"{name}\nhand {'XO'[a]}\ntrained {'XO'[b]}" for name, a, b in zip(names, *predicted, strict=True)
    ]
    wrong = [sum(classes != labels) for classes in predicted]
    title = f"Wrong answers (orange) for {len(letters)} letters: by hand {wrong[0]}, trained {wrong[1]}"
    orange = np.array([labels < 0, *(classes != labels for classes in predicted)]).T  # (letters, lines)
    report.figure("letters", image_grid(127.5 * (letters + 1), captions, title, wrong=orange))
    maps, correlation = kernels_and_votes(networks)
    title = f"The most similar pair of trained and hand-made kernels\nhas a correlation of {correlation:.2f}"
    report.figure("kernels_and_votes", map_grid(maps, title))
    return report.close(
        x_or_o.locate(),
        examples=len(x_train) + len(x_test),
        finding=f"On distorted test letters, weights set by hand have an accuracy of {of_hand:.1%}, trained "
        f"weights {of_trained:.2%}; on the two clean letters, weights set by hand have {of_clean:.0%}.",
        test_accuracy=of_trained,
        by_hand_test_accuracy=of_hand,
        by_hand_clean_accuracy=of_clean,
        parameters=trained.count_params(),
    )


def print_values(network, clean):
    """Print what the network computes for the clean X and O, and return its filtered and pooled maps."""
    stack = keras.Model(network.input, [layer.output for layer in network.layers[1:]])
    filtered, _, pooled, values, flat, probabilities = map(keras.ops.convert_to_numpy, stack(clean))
    print("\nThe twelve values of the clean X, from top left to bottom right, cut to two decimals:")
    for name, of_x in zip(FEATURES, values[0].reshape(4, 3).T, strict=True):
        print(f"  {name:<10}", *(f"{np.trunc(100 * value + 1e-3) / 100:.2f}" for value in of_x))
    weights, biases = network.get_layer("votes").get_weights()
    for name, logits, confidence in zip("XO", flat @ weights + biases, probabilities.max(-1), strict=True):
        print(
            f"Clean {name}: logits {logits[0]:+.2f} for X and {logits[1]:+.2f} for O; "
            f"predicted {name} with a confidence of {confidence:.2f}."
        )
    print(LECTURES)
    return filtered, pooled, values


def kernels_and_votes(networks):
    """Kernels and last-layer weights of both networks, and the highest correlation of two kernels."""
    maps = {}
    for label, network in networks.items():
        kernels, _, votes, _ = network.get_weights()  # (3, 3, 1, features), (12, 2)
        maps[f"kernels\n{label}"] = np.moveaxis(kernels[:, :, 0], -1, 0)
        maps[f"weights for X\nminus for O,\n{label}"] = np.moveaxis((votes @ [1, -1]).reshape(2, 2, 3), -1, 0)
    flat = (maps[f"kernels\n{label}"].reshape(3, 9) for label in networks)
    return maps, np.corrcoef(*flat)[:3, 3:].max()


if __name__ == "__main__":
    run(main)
