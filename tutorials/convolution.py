r"""Convolve images with kernels set by hand, then train a layer to learn a kernel.

## The question

What does a convolutional layer compute from an image, a matrix of numbers? Can its weights be learned?

## The idea

A **kernel**, or filter, is a small matrix of weights. Lay it on the image, multiply each weight by the pixel
below it, and add up the products: one output. Doing this at each position is a **convolution**:

$$y_{ij} = \sum_{a,\,b} k_{ab}\, x_{i+a,\,j+b}$$

Take the image 0 1 2 / 3 4 5 / 6 7 8 and the kernel 0 1 / 2 3. The first output is
$0 \cdot 0 + 1 \cdot 1 + 2 \cdot 3 + 3 \cdot 4 = 19$, and all four are 19 25 / 37 43. (Mathematics first turns
the kernel by 180 degrees, $\int f(\tau)\, g(t - \tau)\, d\tau$, and calls the sum above a
*cross-correlation*.)

Now take a 9×9 image of the letter X, ink 1 and paper −1. One kernel is a 3×3 piece of it, such as its
backslash, divided by 9. Where all nine pixels have their weight's sign, the output is $9 / 9 = 1$. Where two
do not, it is $(7 - 2) / 9 = 5 / 9$, printed as 0.55 (cut).

Kernels stay inside, so the output is smaller than the image. **Padding**, zeros around the image, prevents
that. A **stride** of 2 moves the kernel by two pixels. With $n$ pixels, $p$ zeros in all, a kernel of $k$
pixels and a stride of $s$, a side has

$$\left\lfloor \frac{n + p - k}{s} \right\rfloor + 1$$

outputs, for the X $\lfloor (9 + 0 - 3) / 1 \rfloor + 1 = 7$. **ReLU** then replaces negative outputs by 0,
and **max pooling** keeps the largest of each 2×2.

The Sobel kernel 1 0 −1 / 2 0 −2 / 1 0 −1 finds vertical edges: it subtracts right pixels from left ones. A
layer with nine random weights learns it from images and their Sobel outputs.

## Before you run it

What does a kernel give where all pixels are equal, if its weights add up to 0? How many images does it take
to learn nine weights?

## How to read the figures

- `filtering_the_x`: products for two patches, outputs of three kernels, these after pooling.
- `small_images`: pooled without padding, the disc's 5×5 become 2×2; with it, the face's become 3×3.
- `photograph`: eleven kernels and their results.
- `padding_and_strides`: padding keeps the size and darkens the border; strides reduce it.
- `sequence_and_volume`: kernels along DNA and in a volume. Inside the ball the output is 0.
- `activations`: ReLU and two others, with derivatives.
- `learned_kernel`, `test_images`: learned and Sobel's weights and outputs.

## What it means

A convolution compares every patch of an image with one pattern. Training finds Sobel's weights because the
data determine them: each output is a linear equation with nine unknowns. Training need not find the kernels
that a person would choose: where only classes are given, others may do as well.

## Exercises

1. How many outputs has a side of 28 pixels, with a kernel of 5 and a stride of 2: without padding, and with
   3 zeros in all?
2. In `photograph`, why is the sky nearly black for all kernels but blur, sharpen and emboss?
3. `python -m tutorials.convolution --train-images 10 --epochs 200` fits nine images. Is the kernel learned?

<details><summary>Solutions</summary>

1. $\lfloor (28 - 5) / 2 \rfloor + 1 = 12$ and $\lfloor (28 + 3 - 5) / 2 \rfloor + 1 = 14$.
2. Their weights add up to 1, the others' to 0. In the sky neighbouring pixels are almost equal, so the output
   is almost their value times that sum.
3. Yes: 30×30 outputs each make $9 \cdot 30 \cdot 30 = 8{,}100$ equations.

</details>

## Read more

Dumoulin and Visin, *A guide to convolution arithmetic for deep learning* (2016).

Next: `x_or_o` classifies with such kernels.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, run  # first: loads Keras quietly

import keras
import numpy as np

from datasets.generated import edges
from datasets.photos import grey_photo
from models import FilterBank, activations, filters
from models.gradients import input_gradients
from tutorials.figures.charts import map_grid, number_tables
from tutorials.figures.convolutions import activation_curves
from tutorials.figures.text_tables import side_by_side
from tutorials.lesson.limits import check_memory, check_settings, fitting_batch
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.parts import filtering
from tutorials.lesson.report import Report


def main(
    photo: str = "china",
    epochs: int = 20,
    batch_size: int = 16,
    train_images: int = 300,
    learning_rate: float = 0.2,
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Convolve images with kernels set by hand, then learn the Sobel kernel from its outputs.

    Args:
        photo: Photograph to filter: "china", "flower", or a file of your own.
        epochs: Number of epochs.
        batch_size: Images per batch.
        train_images: Number of training images; a tenth of them is the validation split.
        learning_rate: Initial learning rate of Adam; it decays to 0 (cosine).
        seed: Random seed; the same seed gives the same results.
        quick: Run every step on a small sample, in seconds.
        outputs: Folder for the results.
    """
    check_settings(locals(), train_images=10)
    report = Report(main, settings=locals())
    keras.utils.set_random_seed(seed)
    if quick:
        epochs, train_images = 2, 40
    check_memory("train_images", train_images, 24_000 * train_images)

    # Data: images (n, 32, 32, 1) in [-1, 1], their Sobel edges (n, 30, 30, 1), and a photo
    sobel = np.array(filters.KERNELS["sobel"], "float32")
    source = edges.locate()
    (x_train, y_train), (x_test, y_test) = edges.load_data(
        train_images, test=100, kernel=sobel, padding="valid", seed=seed
    )
    grey = grey_photo(photo, longest=320)  # (height, width, 1) in [0, 255]

    # Kernels set by hand: the lectures' examples, a photograph, a sequence and a volume
    report.figure("filtering_the_x", filtering.the_x())
    report.figure("small_images", filtering.small_images())
    report.figure("photograph", filtering.photograph(grey))
    axes, agreeing, compared = filtering.sizes(grey, largest=3 if quick else 20)
    report.figure("padding_and_strides", axes)
    report.figure("sequence_and_volume", filtering.sequence_and_volume(seed))

    # Activation functions: derivatives by automatic differentiation and by formula
    z, curves = np.linspace(-4, 4, 161, dtype="float32"), {}
    for name, formulas in activations.FORMULAS.items():
        g, (derivative,) = input_gradients(keras.activations.get(name), z)
        curves[name] = np.array([g, derivative])
        difference = np.abs(curves[name] - np.array([formula(z) for formula in formulas])).max()
        print(f"{name}: g and g′ of Keras and of the lectures' formulas differ by at most {difference:.0e}.")
    title = "Where an activation function is flat, its derivative is almost 0: the gradient vanishes"
    report.figure("activations", activation_curves(z, curves, title))

    # Model: one convolutional layer with a random kernel
    model = FilterBank(kernels=None, input_shape=x_train.shape[1:], kernel_size=3, name="sobel_learner")
    model.summary()
    batch_size = fitting_batch(batch_size, len(x_train), model)
    before = model.get_weights()[0][..., 0, 0]

    # Compile
    steps = epochs * -(-int(0.9 * train_images) // batch_size)
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    model.compile(optimizer=keras.optimizers.Adam(schedule), loss="mean_squared_error")

    # Fit: a tenth of the training images is the validation split
    model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, validation_split=0.1, verbose=VERBOSE)

    # Evaluate: on the test images, and weight by weight
    test_error = model.evaluate(x_test, y_test, verbose=0)
    after = model.get_weights()[0][..., 0, 0]
    largest_difference = np.abs(after - sobel).max()
    tables = {"before training": before, "after training": after, "Sobel kernel": sobel}
    print("\n" + side_by_side(tables, digits=4, cut=False))

    # Plot
    title = f"The learned weights differ from Sobel's by at most {largest_difference:.1g}"
    report.figure("learned_kernel", number_tables(tables.values(), tables, title, digits=4, cut=False))
    rows = {
        "image": x_test[:6],
        "Sobel kernel": y_test[:6],
        "learned\nkernel": model.predict(x_test[:6], verbose=0),
    }
    title = f"On test images the learned kernel's mean squared error is {test_error:.1g}"
    report.figure("test_images", map_grid(rows, title, ["image"], compared=[*rows][1:]))
    learned = "learned" if largest_difference < 0.01 else "did not learn"
    return report.close(
        source,
        examples=len(x_train) + len(x_test),
        finding=f"From {len(x_train)} images and their Sobel edges, a layer {learned} the kernel's nine "
        f"weights (largest difference {largest_difference:.1g}). The formula for output sizes was right in "
        f"{agreeing:,} of {compared:,} cases.",
        largest_difference=largest_difference,
        test_error=test_error,
        parameters=model.count_params(),
        sizes_agreeing=agreeing,
        sizes_compared=compared,
    )


if __name__ == "__main__":
    run(main)
