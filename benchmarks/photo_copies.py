"""Seconds and memory of looking for copies and of the split, in the one process that sees all photos.

    python -m benchmarks.photo_copies --counts 10000 40000 160000

What was found out about each photo is made up, so that nothing is decoded: random thumbnails, no copies. Each
number of photos is measured in a process of its own; seconds are of the processor. Memory is the most that
the process has used, less what it used before, with TensorFlow, which this work does not need.
"""

import hashlib
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import check_positive, run  # first: loads Keras quietly

import numpy as np
from PIL import Image

from benchmarks.parts.apart import measured_apart, most_memory
from datasets.photos.candidates import Candidate, Candidates, Facts
from datasets.photos.compact import CompactFacts
from datasets.photos.duplicates import reject_duplicates
from datasets.photos.quality import Quality, note_quality
from datasets.photos.split import split

CLASSES = [f"class {number}" for number in range(10)]


def made_up(count, seed=0):
    """Photos as they are after decoding.

    Args:
        count: Number of photos.
        seed: The same seed gives the same photos.

    Returns:
        `Candidates`, with facts as those of very many photos are kept.
    """
    random, photos = np.random.default_rng(seed), []
    for number in range(count):
        coarse = random.integers(0, 256, (8, 8), "uint8")
        digest = hashlib.sha256(str(number).encode()).digest()
        facts = Facts(
            digest=digest,
            square=digest,
            traits=frozenset(),
            side=224,
            hash=np.packbits(coarse > np.median(coarse)).tobytes(),
            thumbnail=Image.fromarray(coarse).resize((32, 32), Image.Resampling.BILINEAR).tobytes(),
            flat=0.1,
            colours=1000,
            drawn=False,
            quality=Quality(bright=250.0, dark=5.0, details=0.3, noise=1.0),
        )
        label = CLASSES[number % len(CLASSES)]
        photos.append(Candidate(f"{label}/{number:08}.jpg", None, label, CompactFacts.of(facts)))
    return Candidates("made up", tuple(photos), frozenset((None, label) for label in CLASSES), {})


def measure(count):
    """Look for copies among so many photos and split them: {what: seconds, bytes}."""
    before = most_memory()
    photos, started = made_up(count), time.process_time()
    copies = reject_duplicates(photos)
    looked = time.process_time()
    divided = split(note_quality(copies), 0)
    found = {"copies": looked - started, "split": time.process_time() - looked, "left": len(divided.photos)}
    return found | {"memory": most_memory() - before}


def main(counts: tuple[int, ...] = (10_000, 40_000), alone: bool = False) -> None:
    """Print processor seconds and memory for several numbers of photos.

    Args:
        counts: Numbers of photos.
        alone: Measure the first of them in this process.
    """
    check_positive(counts=counts)
    if alone:
        print(json.dumps(measure(counts[0])))
        return
    print(f"{'photos':>11}{'copies, s':>12}{'split, s':>10}{'memory, MB':>12}")
    for count in counts:
        flags = "--counts", count, "--alone"
        found = measured_apart(f"{count:,} photos", "benchmarks.photo_copies", *flags)
        memory = found["memory"] / 1e6
        print(f"{count:>11,}{found['copies']:>12.1f}{found['split']:>10.1f}{memory:>12.0f}", flush=True)


if __name__ == "__main__":
    run(main)
