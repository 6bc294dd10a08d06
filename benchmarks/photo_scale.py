"""Seconds, memory and disk of the check and of `effort="quick"` on thousands of generated photos.

    python -m benchmarks.photo_scale --counts 1000 10000
    python -m benchmarks.photo_scale --counts 1000 10000 100000 --image-size 96

Each number of photos is checked and trained on in a process of its own, whose time, greatest memory and files
are measured. Where other work runs beside, see the column "processor": the time of all cores together that
the process took, its start included. Photos are JPEG files of 200 x 200 pixels, of ten classes that differ in
their colours.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

import numpy as np
from PIL import Image

from datasets import Photos
from models import PhotoClassifier

CLASSES, SIDE = 10, 200


def generate(folder, count, seed=0):
    """Write JPEG files with details of several sizes, below a folder for each class.

    Args:
        folder: Where.
        count: Number of photos.
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
            scene = scene + (np.asarray(detail.resize((SIDE, SIDE), 2), "float32") - 127) / share**0.6
        pixels = (127 + scene / 2 + colours[number % CLASSES]).clip(0, 255).astype("uint8")
        Image.fromarray(pixels).save(folder / f"class {number % CLASSES}" / f"{number:07}.jpg", quality=85)


def measure(folder, checkpoint, weights, backbone, image_size):
    """Check and train in this process: {what: seconds, bytes or accuracy}."""
    started = time.perf_counter()
    photos = Photos.check(folder, image_size or 224, checkpoint=checkpoint)
    checked = time.perf_counter()
    classifier = PhotoClassifier(backbone, weights or None, image_size=image_size or None).fit(
        photos, effort="quick"
    )
    trained = time.perf_counter()
    return {
        "photos": len(photos) + len(photos.quarantine),
        "check": checked - started,
        "quick": trained - checked,
        "processor": time.process_time(),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "disk": sum(file.stat().st_size for file in Path(checkpoint).rglob("*")),
        "accuracy": classifier.cross_validation_.accuracy.value,
        "fingerprint": photos.fingerprint,
    }


def main(
    counts: tuple[int, ...] = (1000, 10_000),
    weights: str = "",
    backbone: str = "mobilenet_025",
    image_size: int = 0,
    folder: str = "",
) -> None:
    """Print seconds per photo, memory and disk for several numbers of photos.

    Args:
        counts: Numbers of photos.
        weights: File of the backbone's weights; "" for random ones.
        backbone: Network whose features are taken.
        image_size: Height and width of the images whose features are taken; 0 for those that suit.
        folder: A folder with photos that is measured in this process, instead of generating them.
    """
    check_positive(counts=min(counts))
    if folder:
        with tempfile.TemporaryDirectory() as checkpoint:
            print(json.dumps(measure(folder, checkpoint, weights, backbone, image_size)))
        return
    print(
        f"{'photos':>9}{'check':>12}{'quick':>12}{'together':>12}{'processor':>12}{'memory':>10}{'disk':>10}"
        "   ms a photo, MB"
    )
    for count in counts:
        with tempfile.TemporaryDirectory() as top:
            generate(Path(top), count)
            command = [sys.executable, "-m", "benchmarks.photo_scale", "--folder", top]
            command += ["--weights", weights, "--backbone", backbone, "--image-size", str(image_size)]
            done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1])
        if done.returncode:
            raise LessonError(f"{count:,} photos failed ({done.stderr.strip().splitlines()[-1]}).")
        found = json.loads([line for line in done.stdout.splitlines() if line.startswith("{")][-1])
        times = found["check"], found["quick"], found["check"] + found["quick"], found["processor"]
        each = [1000 * seconds / count for seconds in times]
        sizes = [found[what] / 1e6 for what in ("memory", "disk")]
        print(
            f"{count:>9,}" + "".join(f"{value:>12.2f}" for value in each)
            + "".join(f"{value:>10.0f}" for value in sizes),
            flush=True,
        )  # fmt: skip


if __name__ == "__main__":
    run(main)
