"""Seconds, memory and accuracy of `TextClassifier().fit` on very many short texts.

    python -m benchmarks.text_scale --counts 100000 1000000
    python -m benchmarks.text_scale --counts 100000 --solver copy blocks
    python -m benchmarks.text_scale --counts 100000 --what table

Texts are made up: some 30 words, drawn by Zipf's law from 50,000, of which some are more frequent in one of
two classes. They are written to a file, and each fit is a process of its own, whose greatest memory the
system tells. The table has 20,000 texts more to test on.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

import numpy as np

from models import TextClassifier
from models.text_classification import ngram_votes, ngrams

WORDS, LENGTH, TESTED = 50_000, 30, 20_000
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


def measure(path, what, solver):
    """Fit in this process: {"seconds", "memory": bytes, "accuracy": of the last 20,000 texts}."""
    if SOLVERS[solver] is not None:
        ngram_votes.MOST_COPIED, ngrams.SOME = SOLVERS[solver], 2**21
    began = time.perf_counter()
    if what == "table":
        classifier = TextClassifier().fit(path)
        accuracy = classifier.evaluate(path).accuracy.value
    else:
        texts, labels = [], []
        with Path(path).open() as file:
            next(file)
            for line in file:
                text, _, label = line.rstrip("\n").rpartition(",")
                texts.append(text)
                labels.append(label)
        began = time.perf_counter()
        classifier = TextClassifier().fit(texts[:-TESTED], labels[:-TESTED])
        seconds = time.perf_counter() - began
        accuracy = classifier.evaluate(texts[-TESTED:], labels[-TESTED:]).accuracy.value
    if what == "table":
        seconds = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": seconds, "memory": memory, "accuracy": accuracy}


def main(
    counts: tuple[int, ...] = (10_000, 100_000),
    solver: tuple[Literal["", "copy", "blocks"], ...] = ("",),
    what: Literal["lists", "table"] = "lists",
    file: str = "",
) -> None:
    """Print seconds, memory and accuracy for several numbers of texts.

    Args:
        counts: Numbers of texts.
        solver: "copy" for liblinear, "blocks" for the one without a copy; "" for the one that suits.
        what: Texts as lists, or the name of the table, which is checked first.
        file: A table of texts that is measured in this process, instead of making some up.
    """
    check_positive(counts=min(counts))
    if file:
        print(json.dumps(measure(file, what, solver[0])))
        return
    print(f"{'texts':>10}  {'solver':<8}{'seconds':>10}{'memory':>10}{'accuracy':>10}")
    for count in counts:
        with tempfile.TemporaryDirectory() as top:
            path = Path(top) / "texts.csv"
            generate(path, count + TESTED)
            for name in solver:
                command = [sys.executable, "-m", "benchmarks.text_scale", "--file", str(path)]
                command += ["--what", what, "--solver", name]
                done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1])
                if done.returncode:
                    raise LessonError(f"{count:,} texts failed ({done.stderr.strip().splitlines()[-1]}).")
                found = json.loads(done.stdout.strip().splitlines()[-1])
                print(
                    f"{count:>10,}  {name or 'default':<8}{found['seconds']:>10.1f}"
                    f"{found['memory'] / 1e6:>7.0f} MB{found['accuracy']:>10.2%}",
                    flush=True,
                )


if __name__ == "__main__":
    run(main)
