"""Count the parameters of dense and convolution layers, then feel the difference.

1,048,576 weights against 441, on the same task: find the edges in a picture.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, run  # first: loads Keras quietly

import keras
import numpy as np

from datasets.generated import edges
from models import ConvLayer, CountingMLP, DenseLayer
from tutorials.figures.charts import count_bars, map_grid
from tutorials.lesson.limits import check_memory, check_settings, fitting_batch
from tutorials.lesson.report import Report


def main(
    epochs: int = 30,
    batch_size: int = 16,
    train_pictures: int = 300,
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> dict:
    """Count parameters on real layers, and train the largest and the smallest on the same task.

    Args:
        epochs: Passes over the training pictures.
        batch_size: Pictures per gradient step.
        train_pictures: Number of pictures to train on.
        seed: Makes the run repeatable.
        quick: Take every step on a sample, in seconds.
        outputs: Where results go.
    """
    check_settings(locals())
    report = Report(main, settings=locals())
    keras.utils.set_random_seed(seed)
    if quick:
        epochs, train_pictures = 2, 40
    check_memory("train_pictures", train_pictures, 24_000 * train_pictures)

    # Data: pictures (n, 32, 32, 1) in [-1, 1] and their edges, of the same shape
    source = edges.locate()
    (x_train, y_train), (x_test, y_test) = edges.load_data(train_pictures, test=100, seed=seed)

    # Models: the lectures' four counts, each beside its formula
    counted = [
        (CountingMLP(20), "20 inputs, dense 20, 20, 1", "(20+1)·20 + (20+1)·20 + (20+1)·1"),
        (CountingMLP(256 * 256), "256×256 inputs, dense 20, 20, 1", "65,537·20 + 21·20 + 21·1"),
        (dense := DenseLayer(), "32×32 onto 32×32, dense", "1,024 · 1,024"),
        (conv := ConvLayer(), "32×32 onto 32×32, convolution", "21 · 21"),
    ]
    counts = [model.count_params() for model, _, _ in counted]
    for (model, what, formula), count in zip(counted, counts, strict=True):
        print(f"\n{what}: {formula} = {count:,} parameters")
        model.summary()
    batch_size = fitting_batch(batch_size, train_pictures, dense, conv)

    # Compile and fit: the same pictures as often for both, each with the step size that suits it
    steps = epochs * -(-train_pictures // batch_size)
    for model, step_size in (dense, 1e-3), (conv, 2e-2):
        print(f"\nTraining {model.name} on {train_pictures} pictures")
        step_size = keras.optimizers.schedules.CosineDecay(step_size, steps)
        model.compile(optimizer=keras.optimizers.Adam(step_size), loss="mean_squared_error")
        model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, verbose=VERBOSE)

    # Evaluate: mean squared error on pictures that neither has seen
    dense_error = dense.evaluate(x_test, y_test, verbose=0)
    conv_error = conv.evaluate(x_test, y_test, verbose=0)
    blank_error = float(np.mean(y_test**2))  # what answering "no edges anywhere" would get

    # Plot
    report.figure(
        "counts",
        count_bars(
            counts,
            [f"{what}\n{formula}" for _, what, formula in counted],
            f"Sharing one kernel takes {counts[2] // counts[3]:,} times fewer weights than a dense layer",
        ),
    )
    rows = {
        "picture": x_test[:6],
        "its edges": y_test[:6],
        f"dense\n{counts[2]:,} weights": dense.predict(x_test[:6], verbose=0),
        f"convolution\n{counts[3]:,} weights": conv.predict(x_test[:6], verbose=0),
    }
    report.figure(
        "held_out_pictures",
        map_grid(
            rows,
            f"On new pictures the dense layer's error is {dense_error / conv_error:,.0f} times as large",
            grey_rows=["picture"],
        ),
    )
    # A dense layer has weights of its own for every output pixel: (1024 in, 1024 out)
    of_pixels = dense.get_layer("dense").get_weights()[0].reshape(32, 32, 32, 32)
    pixels = [(8, 8), (8, 24), (16, 16), (24, 8), (24, 24)]
    kernel = conv.get_layer("convolution").get_weights()[0][:, :, 0, 0]
    learned = [*(of_pixels[:, :, row, column] for row, column in pixels), kernel]
    report.figure(
        "what_each_learned",
        map_grid(
            {
                "weights, each over\nits map's largest": [
                    weights / np.abs(weights).max() for weights in learned
                ]
            },
            "The dense layer learned each output pixel for itself; the convolution one kernel for all",
            captions=[*(f"dense: output\n{pixel}" for pixel in pixels), "convolution:\nthe 21×21 kernel"],
        ),
    )
    return report.close(
        source,
        examples=len(x_train) + len(x_test),
        finding=f"On pictures held out, the dense layer's error is {dense_error / blank_error:.0%} of what "
        f"answering nothing gets, the convolution's {conv_error / blank_error:.2%}.",
        mlp_20_parameters=counts[0],
        mlp_256_parameters=counts[1],
        dense_layer_parameters=counts[2],
        conv_layer_parameters=counts[3],
        dense_test_error=dense_error,
        conv_test_error=conv_error,
    )


if __name__ == "__main__":
    run(main)
