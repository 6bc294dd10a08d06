"""Move, turn, resize, dim and light digits anew: how much of each does a network bear?

A dense and a convolutional network, with and without augmentation, with and without pooling.
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
from tutorials.figures.charts import curve_panels, image_grid
from tutorials.lesson.limits import check_settings, fitting_batch
from tutorials.lesson.report import Report

# Each perturbation: its amounts, what they count, and the range that augmentation shows
PERTURBATIONS = {
    "shifted": (perturbations.shift, [0, 1, 2, 3, 4, 6, 8], "shift (pixels)", (0, 4)),
    "turned": (perturbations.rotate, [0, 10, 20, 30, 45, 60, 90], "rotation (degrees)", (0, 30)),
    "resized": (perturbations.scale, [0.5, 0.7, 0.85, 1, 1.15, 1.3, 1.5], "size (factor)", (0.7, 1.3)),
    "dimmed": (perturbations.dim, [0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95], "light taken away (share)", (0, 0.6)),
    "re-lit": (perturbations.relight, [0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8], "side light (share)", (0, 0.4)),
}


def augment(images):
    """Each image moved, turned, resized and lit at random, within the ranges above."""
    moved = random_affine(images, degrees=30, zoom=0.3, shear=0, shift=4)
    return np.asarray(random_light(moved, dimming=0.6, glow=0.4))


def main(
    epochs: int | None = None,
    batch_size: int = 128,
    step_size: float = 3e-3,
    train_images: int = 6000,
    data: str = "auto",
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> dict:
    """Train six digit readers alike, and let them read test digits perturbed more and more.

    Args:
        epochs: Passes over the training images; by default 8 on MNIST, 30 on the small embedded
            set.
        batch_size: Images per gradient step.
        step_size: Adam's first step size; it falls to nothing in the end.
        train_images: Number of images to train on, or all that there are.
        data: Folder that holds mnist.npz or the four IDX files, or "embedded"; "auto" looks,
            downloads, or falls back.
        seed: Makes the run repeatable.
        quick: Take every step on a sample, in seconds.
        outputs: Where results go.
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

    # Models. Without pooling, one of four pixels is kept as it is, so that all else stays the same
    builders = {
        "dense": MLP,
        "convolutional": ConvNet,
        "augmented dense": MLP,
        "augmented convolutional": ConvNet,
        "unpooled": partial(StackedConvNet, pool_size=1),
        "pooled": partial(StackedConvNet, pool_size=2),
    }
    batch_size = fitting_batch(batch_size, len(x_train), *builders.values())

    # Compile and fit: all see as many images; the augmented ones see them perturbed anew in each pass
    networks = {}
    for name, builder in builders.items():
        print(f"\nTraining {len(networks) + 1} of {len(builders)}: {name}")
        keras.utils.set_random_seed(seed)
        networks[name] = network = builder()
        steps = epochs * -(-len(x_train) // batch_size)
        network.compile(
            optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(step_size, steps)),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
            run_eagerly=quick,  # a sample is through before a graph is compiled
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
        answers = network.predict(perturbed, batch_size=500, verbose=0).argmax(-1)
        right = np.mean(answers.reshape(len(kinds), -1) == y_test, axis=1)
        accuracy[name] = dict(zip(PERTURBATIONS, right.reshape(len(PERTURBATIONS), -1), strict=True))
    still = {name: accuracy[name]["shifted"][0] for name in networks}
    borne = {name: np.mean([*accuracy[name].values()]) for name in networks}  # over all amounts alike

    # Plot
    report.figure(
        "inputs",
        image_grid(
            np.concatenate([perturb(x_test[:1], amount) for _, perturb, amount in kinds]),
            [f"{what} {amount}" for what, _, amount in kinds],
            "One test digit, perturbed more and more",
            columns=7,
        ),
    )
    for figure, names in {
        "dense_and_convolutional": ["dense", "convolutional"],
        "augmentation": ["dense", "convolutional", "augmented dense", "augmented convolutional"],
        "pooling": ["unpooled", "pooled"],
    }.items():
        panels = [
            (label, amounts, {name: accuracy[name][what] for name in names},
             seen if figure == "augmentation" else None)
            for what, (_, amounts, label, seen) in PERTURBATIONS.items()
        ]  # fmt: skip
        shares = [f"{name} {borne[name]:.0%}" for name in names]
        title = "Read right, over all amounts: " + ", ".join(shares[:2])
        if shares[2:]:
            title += "\n" + ", ".join(shares[2:])
        report.figure(figure, curve_panels(panels, title, shaded="shown by augmentation"))
    return report.close(
        source,
        examples=len(x_train) + len(x_test),
        finding=f"Of the perturbed digits the dense network reads {borne['dense']:.0%} and the convolutional "
        f"one {borne['convolutional']:.0%}, with augmentation {borne['augmented dense']:.0%} and "
        f"{borne['augmented convolutional']:.0%}; pooling alone changes {borne['unpooled']:.0%} to "
        f"{borne['pooled']:.0%}.",
        **{f"{name.replace(' ', '_')}_test_accuracy": still[name] for name in networks},
        **{f"{name.replace(' ', '_')}_perturbed_test_accuracy": borne[name] for name in networks},
    )


if __name__ == "__main__":
    run(main)
