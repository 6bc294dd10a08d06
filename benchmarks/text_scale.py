"""Seconds, memory and accuracy of `TextClassifier().fit` on very many short texts.

    python -m benchmarks.text_scale --counts 100000 1000000
    python -m benchmarks.text_scale --counts 100000 --solver copy blocks
    python -m benchmarks.text_scale --counts 100000 --what table
    python -m benchmarks.text_scale --counts 100000 1000000 --what stream
    python -m benchmarks.text_scale --data aclImdb.tar.xz --what lists stream

Texts are made up: some 30 words, drawn by Zipf's law from 50,000, of which some are more frequent in one of
two classes. They are written to a file, and each fit is a process of its own, whose greatest memory the
system tells. The table has 20,000 texts more to test on; those of a stream are a fifth of all, by a hash.
`--data` measures texts of your own instead, of which all ways train on the same and test on the same.
"""

import csv
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, run  # first: loads Keras quietly

import numpy as np

from benchmarks.parts.apart import measured_apart, most_memory
from datasets import Texts
from datasets.files import tables
from models import TextClassifier
from models.text_classification import ngram_votes, ngrams

PARTS = ("train", "validation", "test")
WORDS, LENGTH, TESTED = 50_000, 30, 20_000
LEAST, MOST = 1000, 10**8  # texts in a file
AT_ONCE = 50_000  # texts that are made up at a time
SOLVERS = {
    "": None,
    "copy": 2**60,
    "blocks": 2**21,
}  # the most n-grams that liblinear copies


def generate(path, count, seed=0):
    """Write a table of made-up texts: text and label in each row.

    Args:
        path: The file.
        count: Number of texts.
        seed: The same seed gives the same texts.
    """
    random = np.random.default_rng(seed)
    names = np.array([f"w{number}" for number in range(WORDS)])
    shares = 1 / np.arange(1, WORDS + 1)
    tilts = np.exp(random.normal(0, 0.25, WORDS))
    sums = [np.cumsum(each / each.sum()) for each in (shares * tilts, shares / tilts)]
    with path.open("w") as file:
        file.write("text,label\n")
        for start in range(0, count, AT_ONCE):
            size = min(AT_ONCE, count - start)
            labels, lengths = random.integers(0, 2, size), random.integers(LENGTH // 2, 3 * LENGTH // 2, size)
            for label, length in zip(labels.tolist(), lengths.tolist(), strict=True):
                words = np.searchsorted(sums[label], random.random(length)).clip(0, WORDS - 1)
                file.write(f"{' '.join(names[words])},{('minus', 'plus')[label]}\n")


def save_parts(data, folder):
    """Check texts, and write those of each part as a table, train.csv and so on."""
    texts = Texts.check(data)
    for part in PARTS:
        with (folder / f"{part}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("text", "label"), *zip(*texts.pairs(part), strict=True)])


def in_memory(path):
    """(texts, labels) to train on, (texts, labels) to test on: of made-up texts, or of `save_parts`."""
    names = [path] if path.is_file() else [path / f"{part}.csv" for part in PARTS]
    found = []
    for name in names:
        with name.open(newline="", encoding="utf-8") as file:
            rows = [row for _, row in tables.each_row(file, name, ",")][1:]
        found.append(([text for text, _ in rows], [label for _, label in rows]))
    if path.is_file():
        [(texts, labels)] = found
        return (texts[:-TESTED], labels[:-TESTED]), (texts[-TESTED:], labels[-TESTED:])
    train, validation, test = found
    return tuple(one + other for one, other in zip(train, validation, strict=True)), test


def measure(path, what, solver):
    """Fit in this process: {"seconds", "memory": bytes, "accuracy": of the texts to test on}."""
    if SOLVERS[solver] is not None:
        ngram_votes.MOST_COPIED, ngrams.SOME = SOLVERS[solver], 2**21
    if what == "lists":
        training, test = in_memory(Path(path))
    began = time.perf_counter()
    if what == "table":
        classifier = TextClassifier().fit(path)
        accuracy = classifier.evaluate(path).accuracy.value
        seconds = time.perf_counter() - began
    elif what == "stream":
        texts = Texts.stream(path)
        classifier = TextClassifier().fit(texts)
        seconds = time.perf_counter() - began
        accuracy = classifier.evaluate(texts).accuracy.value
    else:
        classifier = TextClassifier().fit(*training)
        seconds = time.perf_counter() - began
        accuracy = classifier.evaluate(*test).accuracy.value
    memory = most_memory()
    return {"seconds": seconds, "memory": memory, "accuracy": accuracy}


def main(
    counts: tuple[int, ...] = (10_000, 100_000),
    solver: tuple[Literal["", "copy", "blocks"], ...] = ("",),
    what: tuple[Literal["lists", "table", "stream"], ...] = ("lists",),
    data: str = "",
    file: str = "",
) -> None:
    """Print seconds, memory and accuracy for several numbers of texts.

    Args:
        counts: Numbers of texts, from 1,000 to 100,000,000.
        solver: "copy" for liblinear, "blocks" for the one without a copy; "" for the one that suits.
        what: Texts as lists; the name of the table, which is checked first; or a stream, which is checked row
            by row.
        data: Texts to measure instead of made-up ones, as `Texts.check` takes them.
        file: A table of texts that is measured in this process, instead of making some up.
    """
    for count in counts:
        if not LEAST <= count <= MOST:
            raise LessonError(f"counts= must be from {LEAST:,} to {MOST:,} texts, not {count:,}.")
    if file:
        print(json.dumps(measure(file, what[0], solver[0])))
        return
    print(f"{'texts':>10}  {'way':<16}{'seconds':>10}{'memory':>10}{'accuracy':>10}")
    for count in ("",) if data else counts:
        with tempfile.TemporaryDirectory() as top:
            path = Path(top) if data else Path(top) / "texts.csv"
            if data:
                save_parts(data, path)
            else:
                generate(path, count + TESTED)
            for way in what:
                for name in solver:
                    print_measured(path, way, name, count)


def print_measured(path, way, name, count):
    """Measure in a process of its own, and print a line."""
    flags = "--file", path, "--what", way, "--solver", name
    texts = f"{count:,} texts" if count else "The texts"
    found = measured_apart(texts, "benchmarks.text_scale", *flags)
    print(
        f"{f'{count:,}' if count else 'given':>10}  {f'{way} {name}':<16}{found['seconds']:>10.1f}"
        f"{found['memory'] / 1e6:>7.0f} MB{found['accuracy']:>10.2%}",
        flush=True,
    )


if __name__ == "__main__":
    run(main)
