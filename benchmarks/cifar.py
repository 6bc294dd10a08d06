"""Seconds to train on CIFAR-10 and the share of its test images classified correctly: ours and two peers.

    python -m benchmarks.cifar --data cifar-10-batches-bin
    python -m benchmarks.cifar --data small_photos.tar --epochs 60 --batch-size 128
    python -m benchmarks.cifar --data made

The ways, by turns:

- ours: airbench94's recipe in Keras (`benchmarks/parts/cifar_recipe.py`): all steps in one compiled call;
- fit: the same network as one would first write it: `compile` and `fit`, layers that flip and shift images,
  Keras's SGD with Nesterov momentum and a cosine schedule;
- airbench: the package itself (Jordan 2024), on PyTorch and an NVIDIA card, where both are installed:
  `pip install airbench`. Elsewhere it is left out.

The clock runs while weights are made and trained, and stands still while the test images are classified. What
compiles does so in the first run, whose seconds are printed beside the median of the others. With `--data
made` the images are made up: how long training takes does not depend on what they show.
"""

import contextlib
import importlib.util
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

import keras
import numpy as np
from keras import layers

from benchmarks.parts.cifar_recipe import (
    LEARNING_RATE,
    MOMENTUM,
    PEAK,
    SHIFT,
    SIDE,
    SMOOTHING,
    START,
    WEIGHT_DECAY,
    Training,
    cifar_net,
)
from benchmarks.photos import compilable, folder_of
from datasets import Photos
from datasets.files.arrays import read_npz

WAYS = "ours", "fit", "airbench"
MOST_CLASSES = 1000
ROW = 1 + 3 * SIDE * SIDE  # bytes of an image in CIFAR-10's files: the label, then red, green and blue


def load_data(data, count=50_000):
    """Images and labels to train on and to test with.

    Args:
        data: "made"; a folder that holds CIFAR-10's binary files, data_batch_1.bin and so on; an npz file
            with x_train, y_train, x_test and y_test; or photos, as `Photos.check` takes them, or a tar of
            them.
        count: How many images are made, where they are.

    Returns:
        ((images, labels), (images, labels)): uint8 (n, 32, 32, 3) and whole numbers (n,).

    Raises:
        LessonError: If a file does not hold such images.
    """
    path = Path(data)
    if data == "made":
        return _made(count), _made(count // 5)
    if os.path.isfile(path / "data_batch_1.bin"):  # noqa: PTH113 (a Path raises where a name is too long)
        files = sorted(path.glob("data_batch_*.bin")), [path / "test_batch.bin"]
        return tuple(_joined([_binary(file) for file in some]) for some in files)
    if path.suffix == ".npz" and os.path.isfile(path):  # noqa: PTH113
        return _npz(path)
    with folder_of(data) as folder:
        photos = Photos.check(folder, SIDE)
        train, test = photos.parts != "test", photos.parts == "test"
        return tuple((photos.pixels[rows], photos.labels[rows]) for rows in (train, test))


def _made(count):
    random = np.random.default_rng(count)
    labels = random.integers(10, size=count)
    colours = np.random.default_rng(0).integers(0, 256, (10, 4, 4, 3)).repeat(8, 1).repeat(8, 2)
    noise = random.integers(0, 128, (count, SIDE, SIDE, 3), "uint8")
    return (colours[labels] // 2).astype("uint8") + noise, labels


def _binary(file):
    try:
        rows = np.fromfile(file, "uint8")
    except OSError as error:
        raise LessonError(f"{file} cannot be read ({(error.strerror or str(error)).lower()}).") from error
    if not len(rows) or len(rows) % ROW or rows[::ROW].max() > 9:
        raise LessonError(f"{file} is not a file of CIFAR-10's binary version; get it anew.")
    rows = rows.reshape(-1, ROW)
    return rows[:, 1:].reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1), rows[:, 0].astype(int)


def _joined(pairs):
    images, labels = zip(*pairs, strict=True)
    return np.ascontiguousarray(np.concatenate(images)), np.concatenate(labels)


def _npz(path):
    found = read_npz(path, ["x_train", "y_train", "x_test", "y_test"])
    pairs = [(found[f"x_{part}"], found[f"y_{part}"]) for part in ("train", "test")]
    for images, labels in pairs:
        if images.dtype != np.uint8 or images.shape[1:] != (SIDE, SIDE, 3) or not len(images):
            raise LessonError(f"{path} must hold uint8 images (n, {SIDE}, {SIDE}, 3).")
        if labels.shape not in ((len(images),), (len(images), 1)) or labels.dtype.kind not in "iu":
            raise LessonError(f"{path} must hold a whole number as the label of each image.")
        if labels.min() < 0 or labels.max() >= MOST_CLASSES:
            raise LessonError(f"{path} must hold labels from 0 to {MOST_CLASSES - 1}.")
    return tuple((images, labels.ravel().astype(int)) for images, labels in pairs)


def ours(train, epochs, batch_size):
    """A function of a seed that trains, and gives a function of images that gives their classes."""
    training = Training(*train, epochs=epochs, batch_size=batch_size)

    def one(seed):
        training.run(seed)
        return lambda images: training.probabilities(images).argmax(-1)

    return one


def fit(train, epochs, batch_size):
    """The same for Keras's `fit`."""
    images, labels = train
    classes, whole, batches = int(labels.max()) + 1, max(1, round(epochs)), len(images) // batch_size
    scale = 1024 * (1 + 1 / (1 - MOMENTUM))
    rate = LEARNING_RATE * batch_size / scale  # of the mean loss, not of its sum
    used = slice(batches * batch_size)  # no smaller batch at the end, which would be compiled as well
    images, targets = images[used], keras.utils.to_categorical(labels, classes)[used]
    network = cifar_net(classes)
    model = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            layers.Rescaling(1 / 64, offset=-2),
            layers.RandomFlip("horizontal"),
            compilable(layers.RandomTranslation(SHIFT / SIDE, SHIFT / SIDE, fill_mode="reflect")),
            network,
        ]
    )
    warm_up = int(PEAK * whole * batches)
    falling = keras.optimizers.schedules.CosineDecay(
        START * rate, whole * batches - warm_up, warmup_target=rate, warmup_steps=warm_up
    )
    decay = WEIGHT_DECAY * batch_size / scale / rate
    model.compile(
        keras.optimizers.SGD(falling, MOMENTUM, nesterov=True, weight_decay=decay),
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=SMOOTHING),
    )
    model.optimizer.build(model.trainable_variables)
    at_first = [keras.ops.convert_to_numpy(each) for each in model.optimizer.variables]

    def one(seed):
        keras.utils.set_random_seed(seed)
        network.set_weights(cifar_net(classes).get_weights())
        for variable, value in zip(model.optimizer.variables, at_first, strict=True):
            variable.assign(value)
        model.fit(images, targets, batch_size=batch_size, epochs=whole, verbose=0)
        return lambda images: model.predict(images, batch_size=1000, verbose=0).argmax(-1)

    return one


def airbench(train, epochs, batch_size):
    """The same for airbench94, as its package trains it."""
    import airbench
    import torch

    images, labels = train
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        _for_airbench(Path("train.pt"), images, labels)
        loader = airbench.CifarLoader(
            ".", train=True, batch_size=batch_size, aug={"flip": True, "translate": SHIFT}, altflip=True
        )

    def one(seed):
        torch.manual_seed(seed)
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            Path("cifar10").mkdir()  # where it looks for test images, which it needs to begin
            _for_airbench(Path("cifar10/test.pt"), images[:8], labels[:8])
            network = airbench.train94(loader, epochs=epochs, verbose=False)
            torch.cuda.synchronize()

        def classes(images):
            with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
                _for_airbench(Path("test.pt"), images, np.zeros(len(images), int))
                test = airbench.CifarLoader(".", train=False, batch_size=2000)
            return airbench.infer(network, test, tta_level=2).argmax(1).cpu().numpy()

        return classes

    return one


def _for_airbench(path, images, labels):
    import torch

    names = [str(label) for label in range(10)]
    torch.save({"images": torch.tensor(images), "labels": torch.tensor(labels), "classes": names}, path)


def has_airbench():
    """Whether airbench can run here."""
    if not all(importlib.util.find_spec(name) for name in ("airbench", "torch")):
        return False
    import torch

    return torch.cuda.is_available()


def device_name():
    """The name of the first device that Keras computes on, such as "NVIDIA H200", or "CPU"."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        device = jax.devices()[0]
        return "CPU" if device.platform == "cpu" else device.device_kind
    if backend == "torch":
        import torch

        return torch.cuda.get_device_name(0) if torch.cuda.is_available() else "CPU"
    import tensorflow as tf

    cards = tf.config.list_physical_devices("GPU")
    return tf.config.experimental.get_device_details(cards[0])["device_name"] if cards else "CPU"


def main(
    data: str,
    ways: tuple[Literal["ours", "fit", "airbench"], ...] = WAYS,
    epochs: float = 9.9,
    batch_size: int = 1024,
    runs: int = 3,
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32",
) -> None:
    """Train by turns on the same images; print seconds and test accuracy of each way.

    Args:
        data: Folder with CIFAR-10's binary files, an npz file, photos, or "made".
        ways: Which ways: ours, fit, airbench.
        epochs: How many times all images are trained on.
        batch_size: Images of a gradient step.
        runs: Runs of each way, with the seeds 0, 1, 2 and so on. The first one compiles.
        precision: What Keras computes with; airbench always computes with float16.
    """
    check_positive(runs=runs, epochs=epochs, batch_size=batch_size)
    train, test = load_data(data)
    if batch_size > len(train[0]):
        raise LessonError(f"--batch-size {batch_size} is more than the {len(train[0]):,} training images.")
    if len(np.unique(train[1])) < 2:
        raise LessonError(f"--data {data} has training images of one class only; name images of several.")
    if np.any(np.ptp(train[0], axis=(0, 1, 2)) == 0):
        raise LessonError(f"--data {data} has images that all have the same red, green or blue; name others.")
    if "airbench" in ways and not has_airbench():
        print("airbench is left out: it needs `pip install airbench`, PyTorch and an NVIDIA card.")
        ways = tuple(way for way in ways if way != "airbench")
    if not ways:
        raise LessonError("--ways names nothing that can run here; name ours or fit.")
    chance = np.bincount(test[1]).max() / len(test[1])
    print(
        f"{len(train[0]):,} images to train on, {len(test[0]):,} to test with; the most frequent class: "
        f"{chance:.2%}. {device_name()}, {keras.backend.backend()}, {precision}.",
        flush=True,
    )
    keras.config.set_dtype_policy(precision)
    makers = {"ours": ours, "fit": fit, "airbench": airbench}
    trained = {way: makers[way](train, epochs, batch_size) for way in ways}
    results = {way: [] for way in ways}
    for seed in range(runs):
        for way in ways:
            started = time.perf_counter()
            classes = trained[way](seed)
            seconds = time.perf_counter() - started
            accuracy = float(np.mean(classes(test[0]) == test[1]))
            results[way].append((seconds, accuracy))
            print(f"run {seed}  {way:<8} {seconds:7.2f} s  {accuracy:.2%}", flush=True)
    for way, found in results.items():
        print(summary(way, found))


def summary(way, results):
    """One line: median seconds without the first run, where there are more, and mean accuracy."""
    seconds, accuracies = zip(*results, strict=True)
    spread = statistics.stdev(accuracies) if len(results) > 1 else 0.0
    return (
        f"{way:<8} {statistics.median(seconds[1:] or seconds):.2f} s (first run {seconds[0]:.2f} s), "
        f"accuracy {statistics.mean(accuracies):.2%} ± {spread:.2%}"
    )


if __name__ == "__main__":
    run(main)
