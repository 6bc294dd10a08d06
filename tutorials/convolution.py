"""Filter pictures by hand, then let a layer learn the nine numbers of a filter.

The lectures' tables from real layers, a photograph, sizes, 1D and 3D; then Sobel's kernel, learned.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, run  # first: loads Keras quietly

import keras
import numpy as np
import tensorflow as tf

from datasets.generated import edges
from datasets.photos import grey_photo
from models import FilterBank, activations, filters
from tutorials.figures import filtering
from tutorials.figures.charts import activation_curves, map_grid, number_tables
from tutorials.figures.text_tables import side_by_side
from tutorials.lesson.limits import check_memory, check_settings, fitting_batch
from tutorials.lesson.report import Report


def main(
    photo: str = "china",
    epochs: int = 20,
    batch_size: int = 16,
    train_pictures: int = 300,
    step_size: float = 0.2,
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> dict:
    """Filter with kernels set by hand, then learn Sobel's kernel from what it does to pictures.

    Args:
        photo: Photograph to filter: "china", "flower", or a file of your own.
        epochs: Passes over the training pictures.
        batch_size: Pictures per gradient step.
        train_pictures: Number of pictures to learn from; a tenth of them validates.
        step_size: Adam's first step size; the later ones fall to 0.
        seed: Makes the run repeatable.
        quick: Take every step on a sample, in seconds.
        outputs: Where results go.
    """
    check_settings(locals(), train_pictures=10)
    report = Report(main, settings=locals())
    keras.utils.set_random_seed(seed)
    if quick:
        epochs, train_pictures = 2, 40
    check_memory("train_pictures", train_pictures, 24_000 * train_pictures)

    # Data: pictures (n, 32, 32, 1) in [-1, 1], what Sobel makes of them (n, 30, 30, 1), and a photo
    sobel = np.array(filters.KERNELS["sobel"], "float32")
    source = edges.locate()
    (x_train, y_train), (x_test, y_test) = edges.load_data(
        train_pictures, test=100, kernel=sobel, padding="valid", seed=seed
    )
    grey = grey_photo(photo, longest=320)  # (height, width, 1) in [0, 255]

    # Kernels set by hand: what filtering is, on the lectures' pictures and on others
    report.figure("filtering_the_x", filtering.the_x())
    report.figure("small_pictures", filtering.small_pictures())
    report.figure("photograph", filtering.photograph(grey))
    axes, agreeing, compared = filtering.sizes(grey, largest=3 if quick else 20)
    report.figure("padding_and_strides", axes)
    report.figure("sequence_and_volume", filtering.sequence_and_volume(seed))

    # Activation functions: derivatives by automatic differentiation, TensorFlow's, and by formula
    z, curves = tf.linspace(-4.0, 4.0, 161), {}
    for name, formulas in activations.FORMULAS.items():
        with tf.GradientTape() as tape:
            tape.watch(z)
            g = keras.activations.get(name)(z)
        curves[name] = np.array([g, tape.gradient(g, z)])
        apart = np.abs(curves[name] - [formula(z) for formula in formulas]).max()
        print(f"{name}: g and g′ of Keras and of the lectures' formulas are at most {apart:.0e} apart.")
    title = "Where an activation is flat its derivative is almost 0, and little is learned through it"
    report.figure("activations", activation_curves(z, curves, title))

    # Model: the same layer, its kernel random
    model = FilterBank(kernels=None, input_shape=x_train.shape[1:], kernel_size=3, name="sobel_learner")
    model.summary()
    batch_size = fitting_batch(batch_size, len(x_train), model)
    before = model.get_weights()[0][..., 0, 0]

    # Compile and fit
    steps = epochs * -(-int(0.9 * train_pictures) // batch_size)
    schedule = keras.optimizers.schedules.CosineDecay(step_size, steps)
    model.compile(optimizer=keras.optimizers.Adam(schedule), loss="mean_squared_error")
    model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, validation_split=0.1, verbose=VERBOSE)

    # Evaluate: on pictures held out, and number by number
    test_error = model.evaluate(x_test, y_test, verbose=0)
    after = model.get_weights()[0][..., 0, 0]
    largest_difference = np.abs(after - sobel).max()
    tables = {"before, random": before, "after learning": after, "Sobel's": sobel}
    print("\n" + side_by_side(tables, digits=4, cut=False))

    # Plot
    title = f"After {len(x_train)} pictures the worst of nine numbers is {largest_difference:.1g} off Sobel's"
    report.figure("learned_kernel", number_tables(tables.values(), tables, title, digits=4, cut=False))
    rows = {
        "picture": x_test[:6],
        "Sobel's answer": y_test[:6],
        "the layer's,\nlearned": model.predict(x_test[:6], verbose=0),
    }
    title = f"On pictures held out the learned kernel's mean squared error is {test_error:.1g}"
    report.figure("held_out_pictures", map_grid(rows, title, grey_rows=["picture"]))
    learned = "learned" if largest_difference < 0.01 else "did not learn"
    return report.close(
        source,
        examples=len(x_train) + len(x_test),
        finding=f"From {len(x_train)} pictures and Sobel's answers to them a layer {learned} the kernel's "
        f"nine numbers, the worst of them {largest_difference:.1g} off, and the formula for output sizes was "
        f"right in {agreeing:,} of {compared:,} cases.",
        largest_difference=largest_difference,
        test_error=test_error,
        parameters=model.count_params(),
        sizes_agreeing=agreeing,
        sizes_compared=compared,
    )


if __name__ == "__main__":
    run(main)
