r"""Measure receptive fields: by a formula, by gradients, and after training.

## The question

Each value in a feature map, the output of one kernel, is computed from a part of the image: its **receptive
field**. How large is it? And does the value depend on all of these pixels alike?

## The idea

A layer's window covers $k$ neighbouring values of its input and moves by a stride of $s$. Strides multiply:
neighbouring outputs of layers with strides $s_1$ and $s_2$ are $s_1 s_2$ pixels of the image apart. So layer
$l$ widens the field by $k_l - 1$ steps of that length, and its side is

$$1 + \sum_l (k_l - 1) \cdot s_1 s_2 \cdots s_{l-1}$$

In the lectures' stack, a 3×3 convolution and 2×2 pooling with stride 2 have
$1 + 2 \cdot 1 + 1 \cdot 1 = 4$ pixels, or $4 \cdot 4 = 16$ in all. A second pooling has $4 + 1 \cdot 2 = 6$,
or $6 \cdot 6 = 36$. In the network of `digits`:

| layer | window | stride | side of the field |
| --- | --- | --- | --- |
| `conv1` | 5×5 | 2 | $1 + 4 \cdot 1 = 5$ |
| `conv2` | 3×3 | 1 | $5 + 2 \cdot 2 = 9$ |
| `pool` | 2×2 | 2 | $9 + 1 \cdot 2 = 11$ |

A **dilation** of $d$ leaves gaps: the weights of a window lie $d$ values apart, and $k - 1$ becomes
$d\,(k - 1)$.

This is the **theoretical** field: the pixels on which a value *can* depend. How much it does depend on a
pixel is told by its gradient with respect to that pixel. Pixels in the middle have more ways to the output.
Through three windows of 3×3, one way leads from each corner pixel and $7 \cdot 7 = 49$ from the middle one.
The **effective** field is measured from the mean absolute gradient over test images: the number of pixels,
largest first, that hold 90 % of it. If all pixels counted alike, it would be 90 % of them: of 256 pixels,
231.

## Before you run it

Which pixels does one value depend on after the second pooling of a 7×7 image: all 49? Which fraction
of the 256 pixels will hold 90 % of the gradient? Will training make that more or less?

## How to read the figures

- `formula_and_gradient`: six small stacks of layers. Red pixels are in the receptive field of the output's
  middle, by formula (above) and by gradient (below).
- `growth`: sides of the fields, layer by layer, in three networks. Effective sides are square roots of the
  numbers of pixels.
- `effective`: the mean gradient of one value in the last layer, before and after training. The frame is the
  theoretical field.

## What it means

No value can react to what lies outside its theoretical field. The effective one is smaller, even before
training, since pixels near the frame count less. Training makes that of LeNet-5's last layer smaller still.
That is no rule: Luo et al. saw fields grow in deeper networks. Nor does the network miss anything because a
field is smaller than the image: its dense layers see the whole feature map.

## Exercises

1. Compute the sides for 3×3 convolution, 2×2 pooling, 3×3 convolution, 2×2 pooling (pooling has a stride of
   2). Compare with two_block in `growth`.
2. Two 3×3 convolutions with a dilation of 2: which side, and how many pixels?
3. Repeat with `--seed 1`. Does training change the effective field of LeNet-5's last layer in the same
   direction?

<details><summary>Solutions</summary>

1. $1 + 2 \cdot 1 = 3$, $3 + 1 \cdot 1 = 4$, $4 + 2 \cdot 2 = 8$, $8 + 1 \cdot 2 = 10$.
2. The side is $1 + 2 \cdot 2 + 2 \cdot 2 = 9$. There are gaps, so only every second pixel counts:
   $5 \cdot 5 = 25$.
3. Yes. The numbers differ a little, since the initial weights are random.

</details>

## Read more

Luo et al., *Understanding the effective receptive field in deep convolutional neural networks* (2016).

Next: `look_inside` shows what the layers respond to.
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
