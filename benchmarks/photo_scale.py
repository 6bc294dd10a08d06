"""Seconds, memory and disk of the check and of `effort="quick"` on thousands of generated photos.

    python -m benchmarks.photo_scale --counts 1000 10000
    python -m benchmarks.photo_scale --counts 1000 10000 100000 --image-size 96
    python -m benchmarks.photo_scale --counts 1000 10000 --image-size 96 --side 64 --engine ray
    python -m benchmarks.photo_scale --counts 10000 1000000 --image-size 32 --side 32 --check-only

Each number of photos is checked and trained on in a process of its own, whose time, greatest memory and files
are measured. Where other work runs beside, see the column "processor": the time of all cores together that
the process took, its start included. Photos are JPEG files of ten classes that differ in their colours.

With an engine, the check and the features go to Parquet files (`Photos.check(out=...)`, `extract_features`);
with "ray", on all processors. "memory" is that of the largest process, Ray's workers included; "processor"
leaves these out. "accuracy" is that of cross-validation; chance is 10 %. With `--check-only` only the check
is measured, `python -m datasets.photos check`.
"""

import contextlib
import json
import os
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import check_positive, run  # first: loads Keras quietly

import keras
import numpy as np
from PIL import Image

from benchmarks.parts.apart import measured_apart, most_memory, run_apart
from datasets import Photos
from models import Backbone, PhotoClassifier
from models.fine_tuning.extraction import extract_features

CLASSES, SIDE = 10, 200


def generate(folder, count, side=SIDE, seed=0):
    """Write JPEG files with details of several sizes, below a folder for each class.

    Args:
        folder: Where.
        count: Number of photos.
        side: Height and width in pixels.
        seed: The same seed gives the same photos.
    """
    random = np.random.default_rng(seed)
    colours = random.uniform(-40, 40, (CLASSES, 3))
    for label in range(CLASSES):
        (folder / f"class {label}").mkdir(parents=True, exist_ok=True)
    for number in range(count):
        scene = 0
        for share in (1, 3, 9):
            detail = Image.fromarray(random.integers(0, 256, (5 * share, 5 * share, 3), "uint8"))
            scene = scene + (np.asarray(detail.resize((side, side), 2), "float32") - 127) / share**0.6
        pixels = (127 + scene / 2 + colours[number % CLASSES]).clip(0, 255).astype("uint8")
        Image.fromarray(pixels).save(folder / f"class {number % CLASSES}" / f"{number:07}.jpg", quality=85)


def write_weights(path, backbone, image_size, photos):
    """Write random weights, with the means and variances that some photos have in each normalization.

    With weights that are only random, features become smaller with each layer, and are too small in the end
    to be told apart.

    Args:
        path: File, ending in `.weights.h5`.
        backbone: Name of a network.
        image_size: Height and width of its images; 0 for its usual one.
        photos: Folder with the photos.
    """
    keras.utils.set_random_seed(0)
    network = Backbone(backbone, weights=None, image_size=image_size or None)
    files = sorted(photos.rglob("*.jpg"))
    some = [Image.open(file).resize(network.input_shape[1:3]) for file in files[:: 1 + len(files) // 256]]
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    network(np.stack([np.asarray(image, "float32") for image in some]), training=True)
    network.save_weights(path)


def measure(folder, checkpoint, weights, backbone, image_size, engine=""):
    """Check and train in this process: {what: seconds, bytes or accuracy}."""
    started, memory = time.perf_counter(), LargestProcess()
    keeping = {"out": checkpoint, "engine": engine} if engine else {"checkpoint": checkpoint}
    photos = Photos.check(folder, image_size or 224, **keeping)
    checked = time.perf_counter()
    classifier = PhotoClassifier(backbone, weights or None, image_size=image_size or None)
    if engine:
        extract_features(classifier, photos, "quick", engine)
    classifier.fit(photos, effort="quick")
    trained = time.perf_counter()
    return {
        "photos": len(photos) + len(photos.quarantine),
        "check": checked - started,
        "quick": trained - checked,
        "processor": time.process_time(),
        "memory": memory.bytes(),
        "disk": sum(file.stat().st_size for file in Path(checkpoint).rglob("*")),
        "accuracy": classifier.cross_validation_.accuracy.value,
        "fingerprint": photos.fingerprint,
    }


def measure_check(folder, checked, image_size, engine):
    """Check photos with the command: {what: seconds or bytes}."""
    command = "datasets.photos", "check", folder, "--image-size", image_size or 224
    memories, started, before = [], time.perf_counter(), _processor()
    run_apart(
        "The check",
        *(*command, "--out", checked, "--engine", engine or "threads"),
        watched=lambda process: memories.append(LargestProcess(process)),
    )
    took = time.perf_counter() - started
    disk = sum(file.stat().st_size for file in Path(checked).rglob("*"))
    most = memories[0].bytes()
    return {"check": took, "quick": 0, "processor": _processor() - before, "memory": most, "disk": disk}


def _processor():
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


class LargestProcess:
    """The most memory that a process, this one or another, or one that it started has used at a moment."""

    def __init__(self, process=None):
        self.process = process
        self.most, self.done = 0, threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        while not self.done.wait(0.5):
            process = self.process or os.getpid()
            self.most = max([self.most, *map(_resident, [process, *_descendants(process)])])

    def bytes(self):
        """Of the largest so far; nothing is measured any more."""
        self.done.set()
        own = 0 if self.process else most_memory()
        return max(self.most, own)


def _descendants(process):
    found = []
    for tasks in Path("/proc", str(process), "task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in tasks.read_text().split():
                found += [child, *_descendants(child)]
    return found


def _resident(process):
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path("/proc", str(process), "statm").read_text().split()[1]) * resource.getpagesize()
    return 0


def main(
    counts: tuple[int, ...] = (1000, 10_000),
    weights: str = "",
    backbone: str = "mobilenet_025",
    image_size: int = 0,
    side: int = SIDE,
    engine: Literal["", "threads", "ray"] = "",
    check_only: bool = False,
    folder: str = "",
) -> None:
    """Print seconds per photo, memory and disk for several numbers of photos.

    Args:
        counts: Numbers of photos.
        weights: File of the backbone's weights; "" for random ones.
        backbone: Network whose features are taken.
        image_size: Height and width of the images whose features are taken; 0 for those that suit.
        side: Height and width of the photos, in pixels.
        engine: "threads" or "ray" to keep what is found out in Parquet files; "" for one text file.
        check_only: Measure the check alone.
        folder: A folder with photos that is measured in this process, instead of generating them.
    """
    check_positive(counts=counts, side=side, image_size=image_size or None)
    if folder:
        with tempfile.TemporaryDirectory() as checkpoint:
            print(json.dumps(measure(folder, checkpoint, weights, backbone, image_size, engine)))
        return
    print(
        f"{'photos':>9}{'check':>12}{'quick':>12}{'together':>12}{'processor':>12}{'memory':>10}{'disk':>10}"
        f"{'accuracy':>10}   ms a photo, MB, %"
    )
    for count in counts:
        with tempfile.TemporaryDirectory() as top:
            generate(Path(top, "photos"), count, side)
            photos, checked = str(Path(top, "photos")), str(Path(top, "checked"))
            if check_only:
                found = measure_check(photos, checked, image_size, engine)
            else:
                if not weights:
                    write_weights(Path(top, "random.weights.h5"), backbone, image_size, Path(photos))
                file = weights or str(Path(top, "random.weights.h5"))
                found = _measured_apart(photos, file, backbone, image_size, engine)
        times = found["check"], found["quick"], found["check"] + found["quick"], found["processor"]
        each = [1000 * seconds / count for seconds in times]
        sizes = [found[what] / 1e6 for what in ("memory", "disk")]
        print(
            f"{count:>9,}" + "".join(f"{value:>12.2f}" for value in each)
            + "".join(f"{value:>10.0f}" for value in sizes)
            + (f"{100 * found['accuracy']:>10.1f}" if "accuracy" in found else ""),
            flush=True,
        )  # fmt: skip


def _measured_apart(folder, weights, backbone, image_size, engine):
    flags = ["--folder", folder, "--weights", weights, "--backbone", backbone, "--engine", engine]
    module = "benchmarks.photo_scale"
    return measured_apart("The measurement", module, *flags, "--image-size", image_size)


if __name__ == "__main__":
    run(main)
