"""Compare a dense and a convolutional layer: parameter counts, and what they learn from the same data.

Why use convolution for images? A dense layer from 32×32 to 32×32 pixels has 1,048,576 weights, a
convolutional layer with one 21×21 kernel has 441. Both are trained to find edges in the same images.
Look at the test errors: with so few images, the dense layer does not generalize.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, run  # first: loads Keras quietly

import keras
import numpy as np

from datasets.generated import edges
from models import ConvLayer, CountingMLP, DenseLayer
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
