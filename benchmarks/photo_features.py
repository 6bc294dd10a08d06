"""Seconds and memory of `PhotoClassifier.fit(folder, effort="quick")`, where features of all photos are kept.

    python -m benchmarks.photo_features --counts 10000 100000
    python -m benchmarks.photo_features --counts 10000 1000000 --classes 10

What was checked and the features are made up and written as `Photos.check(out=...)` and `extract_features`
would, so that no photo is decoded: 512 numbers a photo, as MobileNet of width 0.25 gives them, of classes
that overlap. Each number of photos is fitted in a process of its own, whose processor time and greatest
memory, with TensorFlow, are measured. "correct" is the share of photos that their out-of-fold probabilities
classify correctly.
"""

import hashlib
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

import numpy as np

from benchmarks.parts.apart import measured_apart, most_memory
from datasets import Photos
from datasets.photos.sharded import saved
from datasets.sources import Source
from models import PhotoClassifier
from models.fine_tuning.multi_scale import at_sizes, feature_chunks
from models.fine_tuning.own_backbone import backbone_entry, built_backbone
from models.seeds import seeded

SIZE, DIMENSIONS = 32, 64
PARTS = np.array(["train", "validation", "test"])


def make_up(folder, count, classes, seed=0):
    """Write a folder of checked photos and their features.

    Args:
        folder: Where.
        count: Number of photos.
        classes: Number of classes.
        seed: The same seed gives the same photos.
    """
    random = np.random.default_rng(seed)
    saved.prepare_folder(folder, Path(folder).with_name("photos"))
    class_names = [f"class {number:04}" for number in range(classes)]
    labels = np.arange(count) % classes
    photos = Photos(
        source=Source("made up", Path(folder).with_name("photos")),
        size=SIZE,
        class_names=tuple(class_names),
        files=[f"{class_names[label]}/{number:08}.jpg" for number, label in enumerate(labels.tolist())],
        labels=labels,
        parts=PARTS[random.choice(3, count, p=(0.7, 0.15, 0.15))],
        pixels=None,
        quarantine=[],
        findings=[],
        fingerprint=hashlib.sha256(str(count).encode()).hexdigest(),
        sides=np.full(count, SIZE),
        digests=[hashlib.sha256(str(number).encode()).digest() for number in range(count)],
    )
    saved.save(photos, folder)
    photos, rows, classifier = Photos.load(folder), np.flatnonzero(photos.parts != "test"), _classifier()
    with seeded(classifier.seed):
        base = built_backbone(backbone_entry(classifier.backbone), classifier.weights, SIZE)
    chunks = feature_chunks(at_sizes(base, (SIZE,)), photos.pixels, rows, (SIZE,), classifier.flip)
    width = chunks.model.output_shape[-1]
    means, directions = random.normal(size=(classes, DIMENSIONS)), random.normal(size=(DIMENSIONS, width))
    for start in chunks.starts:
        of_chunk = labels[rows[start : start + chunks.length]]
        hidden = 0.6 * means[of_chunk] + 2 * random.normal(size=(len(of_chunk), DIMENSIONS))
        values = np.maximum(hidden @ directions / 8 + random.normal(size=(len(of_chunk), width)) * 0.3, 0)
        chunks.kept.write(start, values[None].astype(chunks.dtype))


def _classifier():
    return PhotoClassifier("mobilenet_025", weights=None, image_size=SIZE)


def measure(folder):
    """Fit in this process: {what: seconds, bytes or share}."""
    started, before = time.perf_counter(), time.process_time()
    classifier = _classifier().fit(folder, effort="quick")
    return {
        "seconds": time.perf_counter() - started,
        "processor": time.process_time() - before,
        "memory": most_memory(),
        "correct": classifier.cross_validation_.accuracy.value,
    }


def main(counts: tuple[int, ...] = (10_000, 100_000), classes: int = 10, folder: str = "") -> None:
    """Print seconds and memory for several numbers of photos.

    Args:
        counts: Numbers of photos.
        classes: Number of classes.
        folder: Checked photos with features, which are fitted in this process, instead of making some up.
    """
    check_positive(counts=counts, classes=classes)
    if classes < 2:
        raise LessonError(f"classes= is {classes}; there must be 2 or more, to tell them apart.")
    if folder:
        print(json.dumps(measure(folder)))
        return
    print(
        f"{'photos':>11}{'seconds':>10}{'processor':>12}{'ms a photo':>12}{'memory, MB':>12}{'correct':>10}"
    )
    for count in counts:
        with tempfile.TemporaryDirectory() as top:
            checked = str(Path(top, "checked"))
            make_up(checked, count, classes)
            flags = "--folder", checked
            found = measured_apart(f"{count:,} photos", "benchmarks.photo_features", *flags)
        each, memory = 1000 * found["processor"] / count, found["memory"] / 1e6
        print(
            f"{count:>11,}{found['seconds']:>10.1f}{found['processor']:>12.1f}{each:>12.2f}{memory:>12.0f}"
            f"{found['correct']:>10.2%}",
            flush=True,
        )


if __name__ == "__main__":
    run(main)
