r"""Train on one task after the other, measure what a network forgets, and try two remedies.

## The question

A network has learned the digits 0 and 1. Then it is trained on 2 and 3. What becomes of 0 and 1? **Continual
learning**, or lifelong learning, asks for networks that keep what they knew.

## The idea

Gradient descent knows only the examples of today. Weights that mattered yesterday move wherever today's loss
falls: **catastrophic forgetting**. The lesson trains one perceptron,
$785 \cdot 200 + 201 \cdot 200 + 201 \cdot 10 = 199{,}210$ parameters, on five tasks, in two ways of making
tasks:

- **Split digits**: 0 and 1, then 2 and 3, up to 8 and 9, with one output for each of ten classes. Nobody says
  at test time which task a digit belongs to.
- **Permuted digits**: all ten digits in every task, but with the pixels in an order of its own.

It learns in four ways. *Nothing* goes on training. *Joint* training has all tasks at once: the upper bound.
**Replay** keeps 200 examples, and adds as many of them to each batch as there are new ones.

**EWC** (elastic weight consolidation) keeps no examples. It holds each weight $w_i$ near its value $w_i^*$
after the last task, the more firmly the more it matters:

$$\text{loss} + \frac{\lambda}{2} \sum_i F_i \, (w_i - w_i^*)^2$$

$F_i$ is the diagonal of the **Fisher information**: the mean of $(\partial \log p / \partial w_i)^2$ over
images, and over classes by their predicted probabilities.

Let $R_{ij}$ be the accuracy on task $j$ after training on task $i$, of $T$ tasks. **Forgetting** is how far
it falls from its best: the mean over $j < T$ of $\max_i R_{ij} - R_{Tj}$. **Forward transfer** is what
earlier tasks bring: the mean over $j > 1$ of $R_{j-1,j} - b_j$, where $b_j$ is the accuracy with random
weights.

## Before you run it

After the last of five tasks, which share of all digits is classified correctly with nothing? Where will EWC
help, where not? Are 200 examples enough?

## How to read the figures

- `split_digits`: a matrix for each way. A column, downwards, is one task while later ones are trained. Grey:
  not trained yet.
- `permuted_digits`: the same for orders of pixels.

## What it means

With nothing, new classes replace the old ones: only the last two are left, one fifth of all. EWC does not
help there: no example ever says that a 9 is no 0, and weights near old ones cannot say it either. Replay
does, and 200 examples restore most.

On permuted digits the outputs stay the same and forgetting is milder. There EWC helps, and without any kept
image. The price: a network that holds on to the old learns the last task less well. Forward transfer is
near 0: one order of pixels teaches nothing about another.

The weight of EWC was chosen on training images that were held out, with another seed.

## Exercises

1. The matrix has rows (0.9, 0.1) and (0.3, 0.8), and $b_2 = 0.1$. Forgetting and forward transfer?
2. Why is 20 % the accuracy with nothing, and not the 10 % of guessing?
3. Run `python -m tutorials.forgetting --ewc 10000`. What happens to the first task, and to the last?

<details><summary>Solutions</summary>

1. $0.9 - 0.3 = 0.6$, and $0.1 - 0.1 = 0$.
2. The digits of the last task, two of ten classes, are classified almost without mistake.
3. On permuted digits the first is kept, and the last is learned badly: weights can hardly move.

</details>

## Read more

Kirkpatrick et al., *Overcoming catastrophic forgetting in neural networks* (2017). Van de Ven and Tolias,
*Three scenarios for continual learning* (2019). Lopez-Paz and Ranzato, *Gradient episodic memory* (2017).

Next: `labels`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import run  # first: loads Keras quietly

import keras

from datasets import digits
from models import MLP
from tutorials.figures.forgetting import accuracy_matrices
from tutorials.lesson.limits import OF_MANY_SEEDS, check_settings, fitting_batch
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.parts.continual_learning import (
    findings,
    learn_in_all_ways,
    measures,
    permuted,
    split_by_class,
)
from tutorials.lesson.report import Report


def main(
    steps: int = 200,
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    ewc: float = 100.0,
    train_images: int = 10_000,
    data: str = "auto",
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Train a perceptron on five tasks, one after the other, in four ways.

    Args:
        steps: Number of training steps of each task; joint training takes five times as many.
        batch_size: Images per batch.
        learning_rate: Learning rate of Adam.
        ewc: Weight of the penalty of elastic weight consolidation.
        train_images: Number of digits of each permuted task, or all if there are fewer.
        data: Folder with mnist.npz or the four IDX files, or "embedded"; "auto" finds or downloads
            MNIST, or else takes the embedded digits.
        seed: Random seed; the same seed gives the same results.
        quick: Run every step on a small sample, in seconds.
        outputs: Folder for the results.
    """
    check_settings(locals(), seed=OF_MANY_SEEDS)
    report = Report(main, settings=locals())

    # Data: images (n, 28, 28, 1) with pixels in [0, 255], labels (n,); five tasks of each kind
    source = digits.locate(data)
    train, test = digits.load_data(source)
    if quick:
        train, test, steps = [part[:500] for part in train], [part[:300] for part in test], 5
    few = [part[:train_images] for part in train], [part[:2000] for part in test]
    tasks = {
        "split": [split_by_class(*part) for part in (train, test)],
        "permuted": [permuted(*part, seed=1000 * seed) for part in few],
    }

    # Model: a perceptron
    network = MLP(hidden_units=(200, 200))
    network.summary()

    # Compile: with a learning rate that does not change
    batch_size = fitting_batch(batch_size, len(train[0]), network)
    schedule = keras.optimizers.schedules.PolynomialDecay(learning_rate, 1, learning_rate)
    network.compile(keras.optimizers.Adam(schedule), "sparse_categorical_crossentropy")

    # Fit: one task after the other; the test images of all tasks are used after each
    learned = {}
    for kind, (train_tasks, test_tasks) in tasks.items():
        print(f"\nFive tasks, {kind} digits", flush=True)
        learned[kind] = learn_in_all_ways(
            network, train_tasks, test_tasks, steps, batch_size, ewc, 1000 * seed
        )

    # Evaluate: accuracy at the end, forgetting, forward transfer
    results = {}
    for kind, found in learned.items():
        results |= measures(*found, kind)
    said = findings(results)

    # Plot
    names = {"split": ["0, 1", "2, 3", "4, 5", "6, 7", "8, 9"], "permuted": ["1", "2", "3", "4", "5"]}
    for kind, (matrices, joint, _) in learned.items():
        report.figure(f"{kind}_digits", accuracy_matrices(matrices, joint, names[kind], said[kind]))
    return report.close(
        source,
        examples=len(train[0]) + len(test[0]),
        finding=f"{said['split']}. {said['permuted']}.",
        parameters=network.count_params(),
        **results,
    )


if __name__ == "__main__":
    run(main)
