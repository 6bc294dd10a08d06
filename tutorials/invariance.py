r"""Measure robustness: test accuracy on translated, rotated, scaled and differently lit digits.

## The question

Training digits are centred, upright and of about one size. How well does a network classify one that is not?
Is a convolutional network invariant to translation, and what does data augmentation add?

## The idea

Let $T$ translate an image. A function $f$ is **equivariant** to $T$ if its output is translated, too:
$f(T x) = T f(x)$. It is **invariant** if its output stays the same: $f(T x) = f(x)$. That is what a
classifier should be, for a translated 7 is still a 7.

A convolution is equivariant, not invariant. In the convolutional network here (see `digits`), `conv1` has a
stride of 2, and `pool` takes the maximum of each 2×2. So if a digit moves by 4 pixels, what `pool` puts out
moves by $4 / (2 \cdot 2) = 1$ position. Then comes a dense layer. It has weights of its own for each
position, so that the network as a whole is *not* invariant. To rotation and size it is not even equivariant.

**Max pooling** helps a little: if the largest value moves within its 2×2 window, the maximum is the same.

**Data augmentation** changes the training images at random, anew in each epoch, and keeps their labels. Here
each is translated by up to 4 pixels in each direction, rotated by up to 30 degrees, resized by up to 30 %,
darkened, and lit from one side. In whole pixels alone there are $(2 \cdot 4 + 1)^2 = 81$ translations of
each.

Test images that differ from the training images in such a way are a **distribution shift**; a network that
loses little accuracy by it is **robust**. Six networks are compared: dense and convolutional, each with and
without augmentation; and a pair, of which one pools and the other only keeps one of four values.

## Before you run it

A digit moves by 4 pixels, a seventh of the image. How accurate will each network be? Will augmentation help
on plain digits as well?

## How to read the figures

Each panel is one perturbation; plain digits are at 0, in the panel of sizes at 1. Guessing gives about 0.1.

- `dense_and_convolutional`: both were trained without augmentation. The title compares the means over all
  points of all panels.
- `augmentation`: the same two, and both with augmentation. Grey is the range of the augmentation. Look at
  what happens at its edge.
- `pooling`: the pair with and without pooling.

## What it means

Over all perturbations the convolutional network loses less than the dense one, but it is far from invariant:
without augmentation, 8 pixels ruin both. Augmentation teaches what the layers do not bring along, mostly
within its range. On plain digits it costs the dense network accuracy, since each digit must be learned in
each position. The mean depends on which amounts were chosen; the curves do not.

## Exercises

1. A digit moves by 8 pixels: by how many positions does the output of `pool` move? And by 2 pixels?
2. In `augment`, write `shift=0`. Which panel of `augmentation` changes most?

<details><summary>Solutions</summary>

1. By $8 / (2 \cdot 2) = 2$ positions. By half a position, which there is not: the values change.
2. Translation: with augmentation the networks are hardly better there than without. Rotated and plain digits
   are classified better than before: there is less to learn.

</details>

## Read more

Zhang, *Making convolutional networks shift-invariant again* (2019). Hendrycks and Dietterich, *Benchmarking
neural network robustness to common corruptions and perturbations* (2019).

Next: `column_shuffle` takes the neighbours away on which a convolution relies.
"""

import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, run  # first: loads Keras quietly

import keras
import numpy as np

from datasets import digits
from datasets.generated import perturbations
from models import MLP, ConvNet, StackedConvNet
from models.fine_tuning.augmentation import random_affine, random_light
from tutorials.figures.charts import image_grid
from tutorials.figures.comparisons import curve_panels
from tutorials.lesson.limits import check_settings, fitting_batch
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.parts.words import ahead, gains
from tutorials.lesson.report import Report

# {perturbation: (function, amounts, axis label, range used by data augmentation)}
PERTURBATIONS = {
    "shifted": (perturbations.shift, [0, 1, 2, 3, 4, 6, 8], "translation (pixels)", (0, 4)),
    "rotated": (perturbations.rotate, [0, 10, 20, 30, 45, 60, 90], "rotation (degrees)", (0, 30)),
    "scaled": (perturbations.scale, [0.5, 0.7, 0.85, 1, 1.15, 1.3, 1.5], "size (factor)", (0.7, 1.3)),
    "dimmed": (perturbations.dim, [0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95], "loss of brightness (share)", (0, 0.6)),
    "re-lit": (
        perturbations.relight,
        [0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8],
        "light from one side (share)",
        (0, 0.4),
    ),
}
FIGURES = {
    "dense_and_convolutional": ["dense", "convolutional"],
    "augmentation": ["dense", "convolutional", "augmented dense", "augmented convolutional"],
    "pooling": ["unpooled", "pooled"],
}


def augment(images):
    """Data augmentation: random translation, rotation, zoom and light within the ranges above."""
    moved = random_affine(images, degrees=30, zoom=0.3, shear=0, shift=4)
    return keras.ops.convert_to_numpy(random_light(moved, dimming=0.6, glow=0.4))


def main(
    epochs: int | None = None,
    batch_size: int = 128,
    learning_rate: float = 3e-3,
    train_images: int = 6000,
    data: str = "auto",
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Train six digit classifiers, and evaluate them on test digits perturbed more and more.

    Args:
        epochs: Number of epochs; by default 8 on MNIST, 30 on the embedded digits.
        batch_size: Images per batch.
        learning_rate: Initial learning rate of Adam; it decays to 0 (cosine).
        train_images: Number of training images, or all if there are fewer.
        data: Folder with mnist.npz or the four IDX files, or "embedded"; "auto" finds or downloads
            MNIST, or else takes the embedded digits.
        seed: Random seed; the same seed gives the same results.
        quick: Run every step on a small sample, in seconds.
        outputs: Folder for the results.
    """
    check_settings(locals())
    report = Report(main, settings=locals())

    # Data: images (n, 28, 28, 1) with pixels in [0, 255], labels (n,) from 0 to 9
    source = digits.locate(data)
    (x_train, y_train), (x_test, y_test) = digits.load_data(source)
    epochs = epochs or (8 if source.name == "mnist" else 30)
    test_images = 1000
    if quick:
        epochs, train_images, test_images = 1, 256, 40
    x_train, y_train = x_train[:train_images], y_train[:train_images]
    x_test, y_test = x_test[:test_images], y_test[:test_images]

    # Models: without pooling, one of four pixels is kept as it is, so that all else stays the same
    builders = {
        "dense": MLP,
        "convolutional": ConvNet,
        "augmented dense": MLP,
        "augmented convolutional": ConvNet,
        "unpooled": partial(StackedConvNet, pool_size=1),
        "pooled": partial(StackedConvNet, pool_size=2),
    }
    batch_size = fitting_batch(batch_size, len(x_train), *builders.values())

    # Compile and fit: all for as many epochs; augmented versions are drawn anew in each epoch
    networks = {}
    for name, builder in builders.items():
        print(f"\nTraining {len(networks) + 1} of {len(builders)}: {name}")
        keras.utils.set_random_seed(seed)
        networks[name] = network = builder()
        steps = epochs * -(-len(x_train) // batch_size)
        network.compile(
            optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(learning_rate, steps)),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
            run_eagerly=quick,  # faster than compiling a graph for a small sample
        )
        for epoch in range(epochs):
            images = augment(x_train) if name.startswith("augmented") else x_train
            network.fit(
                images, y_train, batch_size=batch_size, initial_epoch=epoch, epochs=epoch + 1, verbose=VERBOSE
            )

    # Evaluate: accuracy on the test images, perturbed by each amount
    kinds = [(what, perturb, amount) for what, (perturb, amounts, *_) in PERTURBATIONS.items()
             for amount in amounts]  # fmt: skip
    perturbed = np.concatenate([perturb(x_test, amount) for _, perturb, amount in kinds])
    accuracy = {}  # {network: {perturbation: array (amounts,)}}
    for name, network in networks.items():
        predictions = network.predict(perturbed, batch_size=500, verbose=0).argmax(-1)
        shares = np.mean(predictions.reshape(len(kinds), -1) == y_test, axis=1)
        accuracy[name] = dict(zip(PERTURBATIONS, shares.reshape(len(PERTURBATIONS), -1), strict=True))
    clean = {name: accuracy[name]["shifted"][0] for name in networks}
    mean = {name: np.mean([*accuracy[name].values()]) for name in networks}  # over all perturbations

    said = conclusions(clean, mean)

    # Plot
    samples = np.concatenate([perturb(x_test[:1], amount) for _, perturb, amount in kinds])
    captions = [f"{what} {amount}" for what, _, amount in kinds]
    report.figure(
        "inputs", image_grid(samples, captions, "One test digit under five perturbations", columns=7)
    )
    for figure, names in FIGURES.items():
        panels = [
            (label, amounts, {name: accuracy[name][what] for name in names},
             augmented if figure == "augmentation" else None)
            for what, (_, amounts, label, augmented) in PERTURBATIONS.items()
        ]  # fmt: skip
        report.figure(figure, curve_panels(panels, said[figure], shaded="range of the augmentation"))
    return report.close(
        source,
        examples=len(x_train) + len(x_test),
        finding=" ".join(". ".join(said.values()).split()) + ".",
        **{f"{name.replace(' ', '_')}_test_accuracy": clean[name] for name in networks},
        **{f"{name.replace(' ', '_')}_perturbed_test_accuracy": mean[name] for name in networks},
    )


def conclusions(clean, mean):
    """{figure: what it shows}, from {network: test accuracy} on plain digits and over all perturbations."""
    gain = {
        f"{name} {what}": gains(accuracy[f"augmented {name}"] - accuracy[name])
        for name in ("dense", "convolutional")
        for what, accuracy in (("plain", clean), ("perturbed", mean))
    }
    shares = {name: f"{share:.0%}" for name, share in mean.items()}
    return {
        "dense_and_convolutional": "Over all perturbations the convolutional network "
        f"({shares['convolutional']}) is {ahead(mean['convolutional'] - mean['dense'])} the dense one "
        f"({shares['dense']})",
        "augmentation": f"On perturbed digits augmentation {gain['dense perturbed']} (dense) and "
        f"{gain['convolutional perturbed']} (convolutional);\non plain digits it {gain['dense plain']} "
        f"(dense) and {gain['convolutional plain']} (convolutional)",
        "pooling": f"Over all perturbations pooling {gains(mean['pooled'] - mean['unpooled'])}, on plain "
        f"digits it {gains(clean['pooled'] - clean['unpooled'])}",
    }


if __name__ == "__main__":
    run(main)
