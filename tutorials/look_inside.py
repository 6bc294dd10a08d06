r"""Look inside a network: filters, feature maps, activation maximization, saliency, Grad-CAM and occlusion.

## The question

What do the layers of a network respond to, and on which pixels does a prediction depend? And which pictures
of this show what was *learned*?

## The idea

The lesson trains the network of `digits`, or opens your model:
`--load outputs/fine_tune --data photos/`. **Feature maps** are a layer's outputs, one image for each channel
(kernel). **Activation maximization** changes the pixels of a random image by gradient *ascent*, to activate
one channel. Three **heatmaps** tell how much each pixel matters for a class with the logit $z_c$ and the
probability $p_c$:

- **Saliency** is $|\partial z_c / \partial x_{ij}|$: how strongly the logit reacts to pixel $x_{ij}$.
- **Grad-CAM** adds up the last feature maps $A^k$, here 32 of 6×6, each weighted by $\alpha_k$, the mean of
  $\partial z_c / \partial A^k_{ij}$ over all positions. Negative sums become 0, and the 6×6 result is
  enlarged:

  $$\max\left(0,\; \sum_k \alpha_k A^k_{ij}\right)$$

  Transformers get attention rollout instead.

- **Occlusion** hides a square of 4×4 pixels, and measures by how much $p_c$ falls. In steps of 2 pixels
  it has $\lfloor (28 - 4) / 2 \rfloor + 1 = 13$ positions along each side, $13 \cdot 13 = 169$.

Three checks tell whether such a picture explains anything:

1. *Hiding* the 10 % of the pixels that a map ranks highest must lower the probability far more than hiding
   random squares.
2. *Random weights*, layer by layer, must change a map of what was learned.
3. *Untrained networks*: titles give a share, such as of orderly filters, for both networks. If both are
   equal, it does not show learning.

## Before you run it

Do trained filters look different from random ones? Which heatmap will pass the first check best? Which will
random weights change least?

## How to read the figures

- `filters`: the weights of the first layer, blue for negative and red for positive.
- `maximized_activations`: images made for channels; the last row is for classes.
- `feature_maps`: those of one image. Zero is dark.
- `neurons`: the images that activate a channel most; a frame is its receptive field.
- `maps`: three heatmaps; below each name, by how many percentage points the first check lowers $p_c$.
- `sanity`: how alike the order of the pixels is to that in the original map (rank correlation; 1: the
  same), as more layers become random; dotted: maps of different images.
- `hidden_map`: the last hidden layer in two dimensions. Equal classes lie together.
- `training`: feature maps during training.

## What it means

Hiding what occlusion marks lowers the probability much more than hiding random squares, so the prediction
depends on these pixels. Occlusion need not be the best method: it was computed by hiding, and the order
differs between models. Nor does an orderly filter show learning: compare with untrained networks. A heatmap
says *where*, not *why*.

## Exercises

1. How many pixels are hidden in the first check?
2. "Occlusion without its sign" counts a rise of $p_c$ like a fall. Why does it change least in `sanity`?
   Hidden pixels become black.
3. Open the zoo's model: `python -m tutorials.look_inside --load mnist`. Is the order in `maps` the same?

<details><summary>Solutions</summary>

1. $28 \cdot 28 / 10 = 78.4$, so 78.
2. Hiding black by black changes nothing, whatever the weights are. That map shows where the
   strokes are.
3. On MNIST, the fall is again largest for occlusion, but for saliency only 6 points: the order differs.

</details>

## Read more

Adebayo et al., *Sanity checks for saliency maps* (2018). Selvaraju et al., *Grad-CAM* (2017).

Next: `invariance` shifts and turns the digits.
"""

import itertools
import sys
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, LessonError, run  # first: loads Keras quietly

import keras

import models
from datasets import digits
from models.inspection import feature_maps
from tutorials.lesson.limits import check_settings
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.parts import inspection_steps as steps
from tutorials.lesson.parts.image_models import (
    Pictures,
    Scaling,
    find_pictures,
    load_image_model,
    say_range,
    weights_of_files,
)
from tutorials.lesson.parts.image_pages import model_beside, write_page_of
from tutorials.lesson.parts.input_kinds import what_looks_at
from tutorials.lesson.parts.splits import say_split
from tutorials.lesson.parts.text_pages import say_open
from tutorials.lesson.report import Report

TRAIN_IMAGES = 6000
BATCH_SIZE = 64
MOMENTS = (0, 5, 20, 60)  # gradient steps after which feature maps are kept, as they are after the last


def main(
    load: str = "",
    data: str = "auto",
    white: float = 255.0,
    black: float = 0.0,
    mean: tuple[float, ...] = (),
    deviation: tuple[float, ...] = (),
    output: str = "",
    custom: Path | None = None,
    train_images: int = TRAIN_IMAGES,
    epochs: int | None = None,
    page: bool = False,
    checkpoints: tuple[Path, ...] = (),
    beside: str = "",
    precision: Literal["float32", "float16", "int8"] = "float32",
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Train a digit classifier or load an image classifier, and show what its layers respond to.

    Args:
        load: Image classifier to open instead of training one: a .keras file, a lesson's folder such as
            outputs/fine_tune, or "mnist" for the zoo's digit classifier. Of a classifier of texts or sounds,
            such as outputs/sentiment or outputs/sound, there is only the page.
        data: Images to show to it. For digits a folder with mnist.npz or the four IDX files, or "embedded";
            for other models photos, in folders named like the classes if possible. "auto" finds or
            downloads MNIST, or else takes the embedded digits. For a classifier of texts a table of them, for
            one of sounds a folder for each class.
        white: Value of a white pixel for a loaded model: 255, or 1 if it takes scaled pixels.
        black: Value of a black pixel for it: 0, or -1 if it takes pixels from -1 to 1.
        mean: What is subtracted after that, a number or one for each channel.
        deviation: What the rest is divided by, a number or one for each channel.
        output: Output to look at, of a loaded model that has several: its name.
        custom: Python file that defines layers of your own, which a loaded model has. Its code is run.
        train_images: Number of training images, 20 or more; the embedded set has 1,437.
        epochs: Number of epochs; by default 4 on MNIST, 15 on the embedded digits.
        page: Also write page.html, which runs the network in a browser.
        checkpoints: Weights of earlier moments of the training of a loaded model, .weights.h5 or .keras, the
            first moment first: the page goes back to them.
        beside: Second image classifier for the page, as for `load`: both get the same picture, and their
            answers are compared. It takes pixels as the first does.
        precision: As what the page's weights are written: float16 is half as large, int8 a quarter, with
            small differences.
        seed: Random seed; the same seed gives the same results.
        quick: Run every step on a small sample, in seconds.
        outputs: Folder for the results.
    """
    check_settings(locals(), train_images=20)
    report = Report(main, settings=locals())
    keras.utils.set_random_seed(seed)
    most = 60 if quick else 360  # images to show to the model
    check_together(load, epochs or train_images != TRAIN_IMAGES, custom, page, precision, checkpoints)
    scaling = Scaling(black, white, tuple(mean), tuple(deviation))
    given = {"output": output, "custom": custom, "checkpoints": checkpoints, "beside": beside}
    if load and (looks := what_looks_at(load, **scaling.given(), **given)):
        return looks(report, load, data, page, precision)
    other = model_beside(beside, load, page, scaling, custom)

    # Data and model: images with pixels in [0, 255], and a network that is loaded or trained
    if load:
        saved = load_image_model(load, scaling, output, custom)
        pictures = find_pictures(saved, data, min(most, 96) if min(saved.image_size) > 64 else most)
        model, moments, results, examples = saved.model, {}, {}, len(pictures.images)
        earlier = weights_of_files(saved, checkpoints)
        say_range(model, pictures.images)
    else:
        source = digits.locate(data)
        train, (x_test, y_test) = digits.load_data(source)
        train = [part[: 300 if quick else train_images] for part in train]
        say_split(len(train[0]))
        epochs = 1 if quick else epochs or (4 if source.name == "mnist" else 15)
        pictures = Pictures(source, x_test[:most], y_test[:most].astype(int), list(digits.CLASS_NAMES))
        examples = len(train[0]) + len(x_test)
        model, moments, earlier = train_network(*train, epochs, pictures.images[:40])

        # Evaluate: the test images are used once; all that follows looks at some of them
        results = {"test_accuracy": model.evaluate(x_test, y_test, verbose=0)[1]}
    inspected = steps.Inspected(model, pictures, seed, quick, load or model.name)
    if load and inspected.known:
        results["accuracy"] = float(inspected.correct.mean())

    # Page: before the figures, so that a model that it cannot show is known at once
    if page:
        write_page_of(inspected, report, precision, earlier, other)

    # Weights: the filters of the first layer
    axes, found = steps.filters_of_first_layer(inspected)
    report.figure("filters", axes)
    results |= found

    # Activation maximization: images that maximize channels of later layers and the logits of classes
    layers, dense = steps.layers_to_explain(inspected)
    axes, found, channels = steps.maximized_activations(inspected, layers)
    report.figure("maximized_activations", axes)
    results |= found

    # Feature maps: of one image, in every layer
    axes, found = steps.maps_of_one_image(inspected, [*dense, layers[-1]])
    report.figure("feature_maps", axes)
    results |= found

    # Neurons: the images that activate them most
    before = {layer: channels[layer] for layer in layers[:-1]}  # the logits
    axes, found = steps.images_that_activate_most(inspected, before)
    report.figure("neurons", axes)
    results |= found

    # Heatmaps: saliency, Grad-CAM and occlusion, compared by hiding the pixels that they rank highest
    axes, found, best = steps.heatmaps(inspected)
    report.figure("maps", axes)
    results |= found

    # Sanity check: which heatmaps notice when weights are randomized, layer by layer from the output
    axes, found, noticed = steps.randomized_weights(inspected)
    report.figure("sanity", axes)
    results |= found
    finding = f"{steps.heatmap_finding(results, best)} {noticed}."

    # Last hidden layer: its activations in two dimensions
    axes, found = steps.hidden_layer_in_two_dimensions(inspected)
    if found:
        report.figure("hidden_map", axes)
        results |= found

    # Training: how feature maps change
    if moments:
        axes, found = steps.maps_during_training(inspected, moments)
        report.figure("training", axes)
        results |= found

    if not load:
        report.model(model, inspected.names)
    print(steps.why_rankings_differ(inspected))
    written = report.close(pictures.source, examples, finding, parameters=model.count_params(), **results)
    say_open(report.folder, page)
    return written


def check_together(load, trains, custom, page, precision, checkpoints):
    """Refuse settings that would do nothing.

    Args:
        load, custom, page, precision, checkpoints: As in `main`.
        trains: Whether a setting of the training is given.

    Raises:
        LessonError: Names what to leave out or to add.
    """
    if load and trains:
        raise LessonError("A model that is loaded is not trained: leave out --epochs and --train-images.")
    if custom and not load:
        raise LessonError(f"{custom} defines layers of a model to load: name that model with --load.")
    if checkpoints and not (load and page):
        raise LessonError("checkpoints= are weights of a loaded model for its page: add --load and --page.")
    if precision != "float32" and not page:
        raise LessonError("precision= is for the page's weights: add --page.")


def train_network(x_train, y_train, epochs, images):
    """Train the zoo's ConvNet, and keep feature maps of some images, and its weights, at several moments.

    Returns:
        (model, {gradient steps: {layer: array (n, rows, columns, channels)}}, [(name, weights)]).
    """
    # Model
    model = models.ConvNet()
    model.summary()

    # Compile: Adam with a learning rate that decays to 0; a tenth of the images is the validation split
    total = epochs * -(-int(0.9 * len(x_train)) // BATCH_SIZE)
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, total)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )

    # Fit
    moments, steps = {0: feature_maps(model, images, ["conv1", "conv2"])}, itertools.count(1)
    earlier = [("untrained", model.get_weights())]

    def keep(batch, logs):
        step = next(steps)
        if step in MOMENTS:  # `watch.model` has the weights of this moment on every backend
            moments[step] = feature_maps(watch.model, images, ["conv1", "conv2"])
            earlier.append((f"{step} steps", watch.model.get_weights()))

    watch = keras.callbacks.LambdaCallback(on_train_batch_end=keep)
    model.fit(
        x_train, y_train, batch_size=BATCH_SIZE, epochs=epochs, validation_split=0.1,
        callbacks=[watch], verbose=VERBOSE,
    )  # fmt: skip
    moments[total] = feature_maps(model, images, ["conv1", "conv2"])
    return model, moments, earlier


if __name__ == "__main__":
    run(main)
