r"""Compare a dense and a convolutional layer: parameter counts, and what they learn from the same data.

## The question

A layer turns an image of 32×32 pixels into another of 32×32 pixels. How many numbers does it have to learn?
And does it matter?

## The idea

In a **dense layer** each output is a weighted sum of all inputs, with weights of its own. For every layer
count the inputs of one output, add 1 if there is a bias, and multiply by the number of outputs:

- 20 inputs, two dense layers of 20 units, one output:
  $(20 + 1) \cdot 20 + (20 + 1) \cdot 20 + (20 + 1) \cdot 1 = 861$.
- The same layers on an image of 256×256 pixels:
  $(65{,}536 + 1) \cdot 20 + 21 \cdot 20 + 21 = 1{,}311{,}181$. Nearly all are in the first layer.
- From 32×32 to 32×32 pixels, without biases: $1{,}024 \cdot 1{,}024 = 1{,}048{,}576$. Each of the 1,024
  outputs has a weight for each of the 1,024 inputs.

A **convolutional layer** slides one small matrix of weights, the kernel, over the image. Each output is the
sum of the products with the pixels below the kernel, and all outputs use the same weights: *parameter
sharing*. A 21×21 kernel has $21 \cdot 21 = 441$ of them, without a bias, however large the image is.
Padding, 20 zeros for each side, keeps the size: $32 + 20 - 21 + 1 = 32$ (see `convolution`).

So the layer assumes two things: that what matters lies nearby (*locality*), and that it means the same
everywhere (*translation equivariance*). Edges fulfil both. An output that is 1 where neighbouring pixels
differ needs no pixel from the far corner, and the rule is the same in each place.

## Before you run it

Both layers are trained on the same 300 images to mark the edges in them. Could the dense layer do it as
well? (It could copy the kernel into each of its 1,024 rows.) Which of the two will be better on new images?

## How to read the figures

- `counts`: the four counts, on a logarithmic scale: a step of equal length is a factor, not a difference.
- `test_images`: images that no layer was trained on, and what each layer makes of them.
- `learned_weights`: the weights of five of the dense layer's outputs, and the convolution's kernel. Blue
  and red are negative and positive.

## What it means

The dense layer *can* compute the edges, but 300 images do not say which of a million weights should be
zero: it fits the training images and fails on new ones, which is **overfitting**. The convolution has seen
each of its 441 weights used a thousand times in every image. It does not mean that fewer parameters are
always better: shuffle the pixels, and the assumption that helped is false (`column_shuffle`).

## Exercises

1. How many parameters has a convolutional layer of 16 kernels of 5×5 on a grey image, with biases? And on a
   colour image?
2. Run `python -m tutorials.dense_vs_conv --train-images 3000`. What happens to the dense layer's error, and
   why?

<details><summary>Solutions</summary>

1. $(5 \cdot 5 \cdot 1 + 1) \cdot 16 = 416$ and $(5 \cdot 5 \cdot 3 + 1) \cdot 16 = 1{,}216$: a kernel is as
   deep as its input.
2. It falls, since more images pin down more weights, and stays far above the convolution's.

</details>

## Read more

LeCun et al., *Gradient-based learning applied to document recognition* (1998), section II.

Next: `digits` puts both layers into one network.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, run  # first: loads Keras quietly

import keras
import numpy as np

from datasets.generated import edges
from models import ConvLayer, CountingMLP, DenseLayer
from models.distribution import shared
from tutorials.figures.charts import map_grid
from tutorials.figures.comparisons import count_bars
from tutorials.lesson.limits import check_memory, check_settings, fitting_batch
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.report import Report


def main(
    epochs: int = 30,
    batch_size: int = 16,
    train_images: int = 300,
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Count the parameters of dense and convolutional layers, and train one of each on the same task.

    Args:
        epochs: Number of epochs.
        batch_size: Images per batch.
        train_images: Number of training images.
        seed: Random seed; the same seed gives the same results.
        quick: Run every step on a small sample, in seconds.
        outputs: Folder for the results.
    """
    check_settings(locals())
    report = Report(main, settings=locals())
    keras.utils.set_random_seed(seed)
    if quick:
        epochs, train_images = 2, 40
    check_memory("train_images", train_images, 24_000 * train_images)

    # Data: images (n, 32, 32, 1) in [-1, 1] and their edges, of the same shape
    source = edges.locate()
    (x_train, y_train), (x_test, y_test) = edges.load_data(train_images, test=100, seed=seed)

    # Models: the lectures' four parameter counts, each with its formula
    counted = [
        (CountingMLP(20), "20 inputs, dense 20, 20, 1", "(20+1)·20 + (20+1)·20 + (20+1)·1"),
        (CountingMLP(256 * 256), "256×256 inputs, dense 20, 20, 1", "65,537·20 + 21·20 + 21·1"),
        (dense := DenseLayer(), "32×32 to 32×32, dense", "1,024 · 1,024"),
        (conv := ConvLayer(), "32×32 to 32×32, convolution", "21 · 21"),
    ]
    counts = [model.count_params() for model, _, _ in counted]
    for (model, what, formula), count in zip(counted, counts, strict=True):
        print(f"\n{what}: {formula} = {count:,} parameters")
        model.summary()
    batch_size = fitting_batch(batch_size, train_images, dense, conv)

    # Compile and fit: both for as many epochs, each with a learning rate that suits it
    steps = epochs * -(-train_images // batch_size)
    for model, learning_rate in (dense, 1e-3), (conv, 2e-2):
        print(f"\nTraining {model.name} on {train_images} images")
        schedule = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
        model.compile(optimizer=keras.optimizers.Adam(schedule), loss="mean_squared_error")
        with shared(model):  # with --processes, by all of them together
            model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, verbose=VERBOSE)

    # Evaluate: mean squared error on the test images; the baseline predicts "no edges anywhere"
    dense_error = dense.evaluate(x_test, y_test, verbose=0)
    conv_error = conv.evaluate(x_test, y_test, verbose=0)
    baseline_error = float(np.mean(y_test**2))

    # Plot
    title = f"With one shared kernel, convolution has {counts[2] // counts[3]:,} times fewer weights"
    report.figure("counts", count_bars(counts, [f"{what}\n{formula}" for _, what, formula in counted], title))
    rows = {
        "image": x_test[:6],
        "its edges": y_test[:6],
        f"dense\n{counts[2]:,} weights": dense.predict(x_test[:6], verbose=0),
        f"convolution\n{counts[3]:,} weights": conv.predict(x_test[:6], verbose=0),
    }
    title = (
        f"On test images the dense layer's error is {dense_error / conv_error:,.1f} times the convolution's"
    )
    report.figure("test_images", map_grid(rows, title, ["image"], compared=[*rows][1:]))
    # A dense layer has separate weights for every output pixel: (1024 inputs, 1024 outputs)
    of_pixels = dense.get_layer("dense").get_weights()[0].reshape(32, 32, 32, 32)
    pixels = [(8, 8), (8, 24), (16, 16), (24, 8), (24, 24)]
    kernel = conv.get_layer("convolution").get_weights()[0][:, :, 0, 0]
    learned = [*(of_pixels[:, :, row, column] for row, column in pixels), kernel]
    rows = {
        "weights, each map\nscaled to its largest": [weights / np.abs(weights).max() for weights in learned]
    }
    title = "The dense layer learned separate weights for each output pixel, the convolution one kernel"
    captions = [*(f"dense: output\n{pixel}" for pixel in pixels), "convolution:\n21×21 kernel"]
    report.figure("learned_weights", map_grid(rows, title, captions=captions))
    return report.close(
        source,
        examples=len(x_train) + len(x_test),
        finding=f"On test images the dense layer's error is {dense_error / baseline_error:.0%} of that of "
        f"predicting no edges, the convolution's {conv_error / baseline_error:.2%}.",
        mlp_20_parameters=counts[0],
        mlp_256_parameters=counts[1],
        dense_layer_parameters=counts[2],
        conv_layer_parameters=counts[3],
        dense_test_error=dense_error,
        conv_test_error=conv_error,
    )


if __name__ == "__main__":
    run(main)
