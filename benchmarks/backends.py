"""How long every lesson's `--quick` takes with each backend of Keras, by turns.

    python -m benchmarks.backends
    python -m benchmarks.backends --lessons digits gan --backends tensorflow jax torch --turns 3
    python -m benchmarks.backends --lessons digits --whole --backends tensorflow tensorflow+xla jax torch

Each run is the lesson's command, from its start to its end: loading the backend and compiling are included,
which is most of a quick run. With `--whole` lessons run as without `--quick`. "tensorflow+xla" has TensorFlow
compile with XLA what it can; "jax+cache" is a second run on JAX, which finds what the first has compiled.
Seconds are those of the processors, of all threads together, which other work on the machine changes less
than the time that passes. Of several turns the fastest counts.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

from tutorials.__main__ import LESSONS

BACKENDS = ("tensorflow", "tensorflow+xla", "jax", "jax+cache", "torch")
XLA = {"TF_XLA_FLAGS": "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit"}
CACHE = {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0", "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1"}


def seconds_of(lesson, backend, outputs, whole=False):
    """Processor seconds of a run; None where it fails, and the last line that it wrote.

    Args:
        lesson: Name of a lesson.
        backend: One of `BACKENDS`.
        outputs: Folder for the lesson's results; what JAX compiles is kept beside it for "jax+cache".
        whole: Whether it is no quick run.
    """
    name, _, more = backend.partition("+")
    kept = CACHE | {"JAX_COMPILATION_CACHE_DIR": str(outputs.parent / "compiled")}
    quick = [] if whole else ["--quick"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, f"tutorials/{lesson}.py", "--outputs", str(outputs), *quick],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": name} | {"": {}, "xla": XLA, "cache": kept}[more],
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    lines = (done.stderr or done.stdout).strip().splitlines()
    return (None if done.returncode else seconds), (lines[-1] if done.returncode and lines else "")


def row(lesson, found, backends):
    """A line of the table, in Markdown: seconds of the first backend, and times as many of the others.

    Args:
        lesson: Name of a lesson.
        found: {backend: seconds, or None where it fails}.
        backends: Names in the order of the columns.

    Example:
        >>> row("gan", {"tensorflow": 20.0, "jax": 30.0, "torch": None}, ["tensorflow", "jax", "torch"])
        '| `gan` | 20 s | 1.5 | fails |'
    """
    first = found[backends[0]]
    cells = ["fails" if first is None else f"{first:.0f} s"]
    for backend in backends[1:]:
        times = found[backend] and (f"{found[backend] / first:.1f}" if first else f"{found[backend]:.0f} s")
        cells.append(times or "fails")
    return f"| `{lesson}` | {' | '.join(cells)} |"


def main(
    lessons: tuple[str, ...] = (),
    backends: tuple[str, ...] = ("tensorflow", "jax"),
    turns: int = 1,
    whole: bool = False,
    outputs: Path = Path("outputs/backends.json"),
) -> None:
    """Run lessons by turns with each backend, and print the table of docs/pages/backends.md.

    Args:
        lessons: Names of lessons; by default all.
        backends: Backends, that which the others are compared with first.
        turns: Runs with each backend.
        whole: Run lessons as without --quick.
        outputs: JSON file for the seconds; what it holds of lessons that are not run is kept.
    """
    check_positive(turns=turns)
    unknown = sorted(set(lessons) - set(LESSONS))
    if unknown:
        raise LessonError(f"There is no lesson {unknown[0]!r}; choose from {', '.join(LESSONS)}.")
    if unknown := sorted(set(backends) - set(BACKENDS)):
        raise LessonError(f"There is no backend {unknown[0]!r}; choose from {', '.join(BACKENDS)}.")
    found = json.loads(outputs.read_text()) if outputs.exists() else {}
    outputs.parent.mkdir(parents=True, exist_ok=True)
    print(f"| Lesson | {' | '.join(backends)} |\n|{' --- |' * (1 + len(backends))}", flush=True)
    for lesson in lessons or LESSONS:
        runs, reasons = {backend: [] for backend in backends}, []
        with tempfile.TemporaryDirectory() as folder:
            if "jax+cache" in backends:  # which the runs that count find
                seconds_of(lesson, "jax+cache", Path(folder, "first"), whole)
            for _ in range(turns):
                for backend in backends:
                    seconds, reason = seconds_of(lesson, backend, Path(folder, backend), whole)
                    runs[backend].append(seconds)
                    reasons += [f"  {lesson} with {backend}: {reason}"] if seconds is None else []
        found[key := f"{lesson}, whole" if whole else lesson] = {
            backend: None if None in taken else min(taken) for backend, taken in runs.items()
        }
        outputs.write_text(json.dumps(found, indent=1))
        print(row(lesson, found[key], backends), *reasons, sep="\n", flush=True)


if __name__ == "__main__":
    run(main)
