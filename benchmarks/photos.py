"""Accuracy and seconds on a few photos: ours, an expert's ten lines, and the Keras guide's way.

    python benchmarks/photos.py --data ants_bees.tar --weights mobilenet_2_5_224_tf_no_top.h5
    python benchmarks/photos.py --data small_photos.tar --weights ... --per-class 20

The expert's way is what to try first: features of the frozen backbone, of each photo and its mirror image,
and scikit-learn's logistic regression on them, with its regularization and the best of three image sizes
chosen by cross-validation; the probabilities of both sides are averaged. The guide is the Keras site's
"Transfer learning & fine-tuning", reproduced from its published recipe: augmentation layers (horizontal flip,
rotation of a tenth) in front of the same backbone, batches of 32, 10 epochs with the backbone frozen (Adam,
learning rate 1e-3), then 5 with its top third unfrozen as well (Adam, 1e-5), validation after each epoch, and
no cache. Ours is `PhotoClassifier.fit` with each effort, and without its cache.

All get the same backbone and the same photos: with `--per-class`, so many of the photos to train and validate
on are drawn anew for each run. The guide's way keeps validation photos out of training; all others train
on them too. All take turns, so that a slow minute of the machine affects all. Seconds are from checked photos
to a trained classifier; decoding them at the sizes that each way needs is included.
"""

import contextlib
import csv
import lzma
import os
import statistics
import sys
import tarfile
import tempfile
import time
import zlib
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

import keras
import numpy as np
from keras import layers
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from datasets import Photos
from models import PhotoClassifier
from models.fine_tuning.transfer import border_at
from models.pretrained.backbones import Backbone

# The image sizes that the expert tries, for photos whose shorter side is below 112 pixels and for others
SMALL, LARGE = (128, 160, 224), (160, 224, 320)
SIZE = 224  # what the guide's way trains on
UNFROZEN = 0.35  # share of the backbone that the guide's second phase trains


def draw(folder, photos, per_class, seed):
    """A table beside the photos: all test photos, and `per_class` others of each class.

    One of six is to validate on, the others to train on.

    Args:
        folder: Where the photos are.
        photos: What `Photos.check` returned for it.
        per_class: Photos of each class that are not test photos.
        seed: Of the draw.

    Returns:
        Path of a CSV file that `Photos.check` takes.
    """
    random, parts = np.random.default_rng(seed), photos.parts.copy()
    for label in range(len(photos.class_names)):
        rows = random.permutation(np.flatnonzero((photos.parts != "test") & (photos.labels == label)))
        parts[rows] = "train"
        parts[rows[: max(1, per_class // 6)]] = "validation"
        parts[rows[per_class:]] = ""
    table = Path(folder) / f"draw-{per_class}-{seed}.csv"
    header, *rows = photos.split_table()
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *(row for row, part in zip(rows, parts, strict=True) if part)])
    return table


def expert(photos, backbone, weights, seed):
    """Frozen features, their mirror images', and logistic regression: seconds, accuracy."""
    started, tried, held_out = time.perf_counter(), [], photos.parts == "test"
    labels, groups = np.tile(photos.labels[~held_out], 2), np.tile(np.arange(np.sum(~held_out)), 2)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    for size in SMALL if np.median(photos.sides) < 112 else LARGE:
        pooling = keras.layers.GlobalAveragePooling2D()
        features = keras.Sequential([Backbone(backbone, weights, size), pooling])
        pixels = photos.at(size).pixels
        known = np.concatenate(both_sides(features, pixels[~held_out]))
        folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(known, labels, groups)
        grid = {"logisticregression__C": np.logspace(-4, 2, 7)}
        search = GridSearchCV(model, grid, cv=list(folds), scoring="neg_log_loss")
        with threadpool_limits(1):
            tried.append((search.fit(known, labels).best_score_, size, search, features, pixels[held_out]))
    seconds = time.perf_counter() - started
    *_, search, features, pixels = max(tried, key=lambda each: each[:2])
    predictions = sum(search.predict_proba(side) for side in both_sides(features, pixels)).argmax(-1)
    return seconds, float(np.mean(predictions == photos.labels[held_out]))


def both_sides(features, pixels):
    """Features of photos and of their mirror images."""
    return [features.predict(side, batch_size=32, verbose=0) for side in (pixels, pixels[:, :, ::-1])]


def guide(photos, backbone, weights, seed):
    """The Keras guide's way: seconds, accuracy."""
    started = time.perf_counter()
    found = photos.at(SIZE)
    decoded = time.perf_counter() - started
    seconds, accuracy = guide_on(found, backbone, weights, seed)
    return decoded + seconds, accuracy


def guide_on(found, backbone, weights, seed):
    """The Keras guide's recipe on photos that `Photos.check` returned, of `SIZE` pixels."""
    keras.utils.set_random_seed(seed)
    base = Backbone(backbone, weights, SIZE)
    base.trainable = False
    images = keras.Input((SIZE, SIZE, 3))
    x = layers.RandomFlip("horizontal")(images)
    x = compilable(layers.RandomRotation(0.1))(x)
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


def compilable(layer):
    """The layer; on JAX one that is compiled: Keras runs models with it op by op, since TensorFlow cannot."""
    layer.supports_jit = layer.supports_jit or keras.backend.backend() == "jax"
    return layer


def quick(photos, backbone, weights, seed):
    """`PhotoClassifier.fit` with effort="quick": seconds, accuracy."""
    return _ours("quick", photos, backbone, weights, seed)


def normal(photos, backbone, weights, seed):
    """`PhotoClassifier.fit` with effort="normal": seconds, accuracy."""
    return _ours("normal", photos, backbone, weights, seed)


def best(photos, backbone, weights, seed):
    """`PhotoClassifier.fit` with effort="best": seconds, accuracy."""
    return _ours("best", photos, backbone, weights, seed)


def uncached(photos, backbone, weights, seed):
    """`normal` without the cache of features: all photos pass through all layers in every epoch."""
    return _ours("normal", photos, backbone, weights, seed, cache=False)


def _ours(effort, photos, backbone, weights, seed, **settings):
    started = time.perf_counter()
    classifier = PhotoClassifier(backbone, weights, seed=seed, **settings).fit(photos, effort=effort)
    return time.perf_counter() - started, classifier.evaluate(photos).accuracy.value


WAYS = {way.__name__: way for way in (expert, guide, quick, normal, best, uncached)}


@contextlib.contextmanager
def folder_of(data):
    """A folder with the photos; an archive is extracted to a temporary one."""
    if os.path.isdir(data):  # noqa: PTH112 (a Path raises where a name is too long)
        yield data
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            with tarfile.open(data) as archive:
                archive.extractall(folder, filter="data")
                archive.fileobj.seek(archive.offset)
                pieces = iter(
                    partial(archive.fileobj.read, 1 << 20), b""
                )  # to the checksum of a compressed one
                if not (ends := [not piece.strip(b"\0") for piece in pieces]) or not all(ends):
                    raise tarfile.ReadError  # without the zeros at its end, or with more behind them
        except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, tarfile.TarError) as error:
            reason = getattr(error, "strerror", None) or "no tar archive that can be read to its end"
            raise LessonError(
                f"--data {data}: {reason.lower()}; name a folder or a tar of photos."
            ) from error
        yield folder


def main(
    data: str,
    weights: str = "pretrained",
    backbone: str = "mobilenet",
    per_class: int | None = None,
    runs: int = 5,
    ways: tuple[str, ...] = ("expert", "guide", "quick", "normal"),
) -> None:
    """Train in turns on the same photos; print seconds and test accuracy of each way.

    Args:
        data: Folder or tar archive of photos with a test part, as python -m tutorials.fine_tune takes them.
        weights: "pretrained", or the file of them.
        backbone: Pretrained network.
        per_class: Photos of each class that are trained and validated on, drawn anew for each run; all by
            default.
        runs: Number of runs of each way.
        ways: Which ways: expert, guide, quick, normal, best, uncached.
    """
    check_positive(runs=runs, per_class=per_class)
    if unknown := [way for way in ways if way not in WAYS]:
        raise LessonError(f"--ways knows no {unknown[0]!r}; name some of {', '.join(WAYS)}.")
    results = {way: [] for way in ways}
    with folder_of(data) as folder:
        whole = Photos.check(folder, 32)
        for turn in range(runs):
            source = folder if per_class is None else draw(folder, whole, per_class, turn)
            photos = Photos.check(source, 32, seed=turn)
            for way in ways:
                seconds, accuracy = WAYS[way](photos, backbone, weights, turn)
                results[way].append((seconds, accuracy))
                print(f"run {turn}  {way:<7} {seconds:6.1f} s  {accuracy:.2%}", flush=True)
    for way in ways:
        seconds, accuracies = zip(*results[way], strict=True)
        spread = statistics.stdev(accuracies) if runs > 1 else 0.0
        print(
            f"{way:<7} {statistics.median(seconds):6.1f} s, accuracy {statistics.mean(accuracies):.2%} ± "
            f"{spread:.2%}, lowest {min(accuracies):.2%}"
        )


if __name__ == "__main__":
    run(main)
