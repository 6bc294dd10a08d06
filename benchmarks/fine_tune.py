"""Seconds of training and test accuracy on photos: ours and the Keras guide's.

    python benchmarks/fine_tune.py --data ants_bees.tar --weights mobilenet_2_5_224_tf_no_top.h5

The guide is the Keras site's "Transfer learning & fine-tuning", reproduced from its published recipe:
augmentation layers (horizontal flip, rotation of a tenth) in front of the same backbone, batches of 32, 10
epochs with the backbone frozen (Adam, learning rate 1e-3), then 5 with its top third unfrozen as well (Adam,
1e-5), validation after each epoch, and no cache. BatchNormalization stays in inference mode.

Ours is the lesson: with the settings `QUICK`, for a deadline, at the guide's 224 pixels; the same without its
cache; and with its defaults, which spend more time on larger photos and more augmented versions.

All use the same split of the same photos, and take turns, so that a slow minute of the machine affects all.
Seconds are those of training: compiling and, in ours, measuring beforehand, extracting features and
validation included.
"""

import contextlib
import io
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import check_positive, run  # first: loads Keras quietly

import keras
import numpy as np
from keras import layers

from datasets import Photos
from models.fine_tuning.transfer import border_at
from models.pretrained.backbones import Backbone
from tutorials import fine_tune

SIZE = 224  # what the guide's way trains on
UNFROZEN = 0.35  # share of the backbone that the guide's second phase trains
QUICK = {"image_size": SIZE, "views": 1, "unfreeze": 0.05, "epochs": 5}


def ours(data, backbone, weights, seed, **settings):
    """What `python -m tutorials.fine_tune` does, with the settings in `QUICK`."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        results = fine_tune.main(
            data=str(data),
            backbone=backbone,
            weights=weights,
            seed=seed,
            outputs=Path(folder),
            **(settings or QUICK),
        ).results
    seconds = sum(seconds for name, seconds in results.items() if name.endswith("_seconds"))
    return seconds, results["test_accuracy"]


def without_cache(data, backbone, weights, seed):
    """The same without the cache: all photos pass through all layers in every epoch."""
    return ours(data, backbone, weights, seed, **QUICK, cache=False)


def by_default(data, backbone, weights, seed):
    """The lesson with its default settings."""
    return ours(data, backbone, weights, seed, cache=True)


def guide(data, backbone, weights, seed):
    """The Keras guide's recipe: its seconds of training, and its accuracy on the test photos."""
    return guide_on(Photos.check(data, SIZE, seed), backbone, weights, seed)


def guide_on(found, backbone, weights, seed):
    """The Keras guide's recipe on photos that `Photos.check` returned, of `SIZE` pixels."""
    keras.utils.set_random_seed(seed)
    base = Backbone(backbone, weights, SIZE)
    base.trainable = False
    images = keras.Input((SIZE, SIZE, 3))
    x = layers.RandomFlip("horizontal")(images)
    x = layers.RandomRotation(0.1)(x)
    x = base(x, training=False)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    model = keras.Model(images, layers.Dense(len(found.class_names), activation="softmax")(x))

    train, validation, test = (
        (found.pixels[found.parts == part].astype("float32"), found.labels[found.parts == part])
        for part in ("train", "validation", "test")
    )
    seconds = 0.0
    for epochs, learning_rate, border in ((10, 1e-3, None), (5, 1e-5, border_at(base, UNFROZEN))):
        if border is not None:
            base.trainable = True
            names = [layer.name for layer in base.layers]
            for layer in base.layers[: names.index(border) + 1]:
                layer.trainable = False
        model.compile(
            keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        started = time.perf_counter()
        model.fit(*train, batch_size=32, epochs=epochs, validation_data=validation, verbose=0)
        seconds += time.perf_counter() - started
    predictions = model.predict(test[0], verbose=0).argmax(-1)
    return seconds, float(np.mean(predictions == test[1]))


def main(data: str, weights: str = "pretrained", backbone: str = "mobilenet", runs: int = 3) -> None:
    """Fine-tune in turns on the same photos; print seconds of training and test accuracy.

    Args:
        data: Photos with a test part, as python -m tutorials.fine_tune takes them.
        weights: "pretrained", or the file of them.
        backbone: Pretrained network.
        runs: Number of runs of each.
    """
    check_positive(runs=runs)
    contestants = ours, without_cache, by_default, guide
    results = {one: [] for one in contestants}
    for turn in range(runs):
        for one in contestants:
            seconds, accuracy = one(data, backbone, weights, seed=turn)
            results[one].append((seconds, accuracy))
            print(f"run {turn}  {one.__name__:<14} {seconds:6.1f} s of training, {accuracy:.2%}", flush=True)
    medians = {one: statistics.median(seconds for seconds, _ in results[one]) for one in contestants}
    for one in contestants:
        accuracies = [accuracy for _, accuracy in results[one]]
        print(
            f"median {one.__name__:<14} {medians[one]:6.1f} s, "
            f"mean accuracy {statistics.mean(accuracies):.2%}, lowest {min(accuracies):.2%}"
        )
    for one in contestants[1:]:
        print(f"ratio {one.__name__} {medians[one] / medians[ours]:.1f}x")


if __name__ == "__main__":
    run(main)
