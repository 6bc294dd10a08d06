"""Choose the settings of the lesson `digits` by validation images alone.

    python -m benchmarks.digits_recipe --data PATH

The last tenth of MNIST's training images validates, as in the lesson; no test image is looked at. For each
network the learning rate and the way it decays are chosen together, by the mean validation accuracy over
seeds; then Adam's beta_2. Of widths of the `ConvNet` the smallest one is chosen that lies within a standard
error of the best (Breiman et al., Classification and regression trees, 1984). `benchmarks/seeds.py --lesson
digits --seeds 10` then measures what was chosen on the test images.
"""

import itertools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

import keras
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.digits import compile_as_the_lesson
from datasets import digits
from tutorials.digits import BUILDERS

RATES = 3e-3, 5e-3, 7e-3, 1e-2, 1.4e-2, 2e-2, 3e-2
POWERS = 1.0, 1.5
BETAS = 0.99, 0.999
WIDTHS = ((8, 16), 128), ((16, 32), 128), ((16, 32), 256), ((32, 64), 256)
EPOCHS = 3


def validated(network, images, labels, rate, power, beta, seed):
    """Train as the lesson does; the accuracy on the last tenth of the images, which it is not trained on.

    Args:
        network: Builder of an uncompiled model.
        images, labels: MNIST's training images (n, 28, 28, 1) and their labels (n,).
        rate: Learning rate of Adam at the start; it decays to 0.
        power: How: 1 is linear.
        beta: Adam's beta_2.
        seed: Makes the training repeatable.
    """
    keras.utils.set_random_seed(seed)
    model = network()
    compile_as_the_lesson(model, len(images), EPOCHS, rate, power, beta)
    fitted = int(0.9 * len(images))
    model.fit(images[:fitted], labels[:fitted], batch_size=128, epochs=EPOCHS, verbose=0)
    return model.evaluate(images[fitted:], labels[fitted:], batch_size=1000, verbose=0)[1]


def chosen(title, choices, measure, seeds, smallest=False):
    """The choice with the highest mean accuracy; all are printed with their spread.

    Args:
        title: What is chosen.
        choices: A tuple of settings each.
        measure: Function of a choice and a seed: an accuracy.
        seeds: Number of seeds.
        smallest: Whether to take the first choice within a standard error of the best instead.
    """
    table = Table("setting", "validation accuracy", *(f"seed {seed}" for seed in range(seeds)), title=title)
    means, errors = {}, {}
    for choice in choices:
        found = np.array([measure(choice, seed) for seed in range(seeds)])
        spread = found.std(ddof=1) if seeds > 1 else 0
        means[choice], errors[choice] = found.mean(), spread / seeds**0.5
        table.add_row(
            str(choice), f"{found.mean():.2%} ± {spread:.2%}", *(f"{accuracy:.2%}" for accuracy in found)
        )
    best = max(means, key=means.get)
    if smallest:
        best = next(choice for choice in means if means[choice] >= means[best] - errors[best])
    Console(width=None if sys.stdout.isatty() else 110).print(table, f"Chosen: {best}\n")
    return best


def main(data: str = "auto", models: tuple[str, ...] = tuple(BUILDERS), seeds: int = 3) -> None:
    """Choose learning rate, decay and beta_2, and the widths of the convnet.

    Args:
        data: Folder that holds MNIST.
        models: Networks of the lesson.
        seeds: Trainings with each setting.
    """
    check_positive(seeds=seeds)
    if unknown := set(models) - set(BUILDERS):
        raise LessonError(f"models= holds {min(unknown)!r}; the networks are {', '.join(BUILDERS)}.")
    source = digits.locate(data)
    (images, labels), _ = digits.load_data(source)
    if source.name != "mnist":
        raise LessonError("This benchmark needs MNIST; name its folder with data=.")

    for name in models:

        def measure(choice, seed, builder=BUILDERS[name]):
            return validated(builder, images, labels, *choice, seed)

        settings = itertools.product(RATES, POWERS, BETAS[:1])
        best = chosen(f"{name}: learning rate, power of its decay, beta_2", settings, measure, seeds)
        best = chosen(f"{name}: beta_2", [(*best[:2], beta) for beta in BETAS], measure, seeds)
        if name == "convnet":

            def widths(choice, seed, best=best):
                filters, units = choice

                def network():
                    return BUILDERS["convnet"](filters=filters, dense_units=units)

                return validated(network, images, labels, *best, seed)

            chosen("convnet: filters, dense units", WIDTHS, widths, seeds, smallest=True)


if __name__ == "__main__":
    run(main)
