"""Measure receptive fields: by a formula, by gradients, and after training.

Which pixels can one output of a layer depend on, and on which does it depend in practice? A formula gives
the theoretical receptive field, gradients the effective one (Luo et al. 2016). Look at "growth": the
effective field is smaller, and training changes it.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, run  # first: loads Keras quietly

import keras
import numpy as np

import models
from datasets import digits
from models.inspection import effective_field, input_gradient, linear_probe, pixels_holding
from models.receptive_fields import EXAMPLES, of_layer, of_maps
from tutorials.figures.charts import map_grid
from tutorials.figures.fields import field_growth, field_maps
from tutorials.lesson.limits import check_settings, fitting_batch
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.parts.splits import say_split
from tutorials.lesson.report import Report

ZOO = {"convnet": models.ConvNet, "two_block": models.TwoBlockConvNet, "lenet5": models.LeNet5}


def main(
    epochs: int = 5,
    batch_size: int = 64,
    train_images: int = 6000,
    data: str = "auto",
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Compute receptive fields, check them with gradients, and measure how training changes them.

    Args:
        epochs: Number of epochs.
        batch_size: Images per batch.
        train_images: Number of training images, 20 or more; the embedded set has 1,437.
        data: Folder with mnist.npz or the four IDX files, or "embedded"; "auto" finds or downloads
            MNIST, or else takes the embedded digits.
        seed: Random seed; the same seed gives the same results.
        quick: Run every step on a small sample, in seconds.
        outputs: Folder for the results.
    """
    check_settings(locals(), train_images=20)
    report = Report(main, settings=locals())
    keras.utils.set_random_seed(seed)

    # Data: images (n, 28, 28, 1) with pixels in [0, 255], labels (n,) from 0 to 9
    source = digits.locate(data)
    (x_train, y_train), (x_test, y_test) = digits.load_data(source)
    if quick:
        epochs, train_images, x_test, y_test = 1, 300, x_test[:200], y_test[:200]
    x_train, y_train = x_train[:train_images], y_train[:train_images]
    say_split(len(x_train))
    batch_size = fitting_batch(batch_size, len(x_train), *ZOO.values())

    # Small stacks of layers: the formula compared with the gradient of the output's centre. The probe
    # has no inactive ReLU, no maximum won by another pixel and no weights that cancel each other
    print("\nPixels in the receptive field of the output's centre, by formula and by gradient:")
    fields, captions = {"by formula": [], "by gradient": []}, []
    for name, (side, windows) in EXAMPLES.items():
        stack = models.WindowStack((side, side, 1), windows)
        last = stack.layers[-1].name
        field = of_layer(stack, last)
        formula = np.zeros((side, side))
        formula[np.ix_(*field.pixels(*field.middle))] = 1
        gradient = input_gradient(linear_probe(stack), np.ones((1, side, side, 1)), last, field.middle)
        fields["by formula"].append(formula)
        fields["by gradient"].append(1.0 * (gradient[0, :, :, 0] != 0))
        captions.append(f"{name}\n{formula.sum():.0f} pixels")
        print(f"  {' '.join(name.split()):<28}{formula.sum():>3.0f}{fields['by gradient'][-1].sum():>4.0f}")
    pooled_once, pooled_twice = (int(pixels.sum()) for pixels in fields["by gradient"][:2])
    print(
        "The lectures say that after a second pooling, a pixel's receptive field is the entire 7 × 7 image.\n"
        f"It is 6 × 6, {pooled_twice} of 49 pixels: pooling without padding drops the last row and column."
    )
    agree = sum(np.array_equal(*both) for both in zip(*fields.values(), strict=True))

    # Model, compile, fit and evaluate: networks of the zoo; effective fields before and after training
    accuracies, growth, untrained, trained, boxes = {}, {}, {}, {}, []
    for name, builder in ZOO.items():
        network = builder()
        network.summary()
        theory = of_maps(network)
        before = [effective_field(network, x_test[:500], layer, seed=seed) for layer in theory]
        schedule = keras.optimizers.schedules.CosineDecay(3e-3, epochs * -(-len(x_train) // batch_size))
        network.compile(
            optimizer=keras.optimizers.Adam(schedule),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
            run_eagerly=quick,  # faster than compiling a graph for a small sample
        )
        network.fit(
            x_train, y_train, batch_size=batch_size, epochs=epochs, validation_split=0.1, verbose=VERBOSE
        )
        _, accuracies[f"{name}_test_accuracy"] = network.evaluate(x_test, y_test, verbose=0)
        after = [effective_field(network, x_test[:500], layer, seed=seed) for layer in theory]
        print(f"\n{name}: theoretical field of the centre, and pixels with 90% of its gradient")
        growth[name] = {}
        for (layer, field), *masses in zip(theory.items(), before, after, strict=True):
            rows, columns = field.pixels(*field.middle)
            size, early, late = len(rows) * len(columns), *map(pixels_holding, masses)
            growth[name][layer] = size, early, late
            what = f"{field.size[0]} × {field.size[1]} pixels, {size / x_test[0].size:.1%} of the image"
            print(f"  {layer:<6}{what}; untrained {early}, trained {late}")
        untrained[f"{name}, {layer}\nuntrained: {early} pixels"] = masses[0]
        trained[f"{name}, {layer}\ntrained: {late} pixels"] = masses[1]
        boxes.append((rows[0], columns[0], rows[-1], columns[-1]))

    # Plot
    title = f"Formula and gradient give the same receptive field in {agree} of {len(EXAMPLES)} stacks"
    report.figure("formula_and_gradient", map_grid(fields, title, captions=captions))
    title = f"{late} of {size} pixels in the field of {name}'s {layer} hold 90% of the trained gradient"
    report.figure("growth", field_growth(growth, title))
    title = "Effective receptive fields (blue) inside the theoretical ones (orange frames)"
    report.figure("effective", field_maps(untrained | trained, boxes * 2, title, columns=3))
    return report.close(
        source,
        examples=len(x_train) + len(x_test),
        finding=f"One pixel of {name}'s layer {layer} has a receptive field of {size} pixels; 90% of its "
        f"gradient lies on {early} of them before training and on {late} after it.",
        stacks=len(EXAMPLES),
        stacks_that_agree=agree,
        conv_pool_pixels=pooled_once,
        second_pool_pixels=pooled_twice,
        theoretical_pixels=size,
        effective_pixels_before=early,
        effective_pixels_after=late,
        **accuracies,
    )


if __name__ == "__main__":
    run(main)
