"""Run a lesson with several seeds: how far its results spread, and the band around their mean.

    python benchmarks/seeds.py --lesson digits --model mlp --data PATH
    python benchmarks/seeds.py --lesson sentiment --data PATH --settings word_pairs=500000 epochs=5

The table goes into docs/pages/lessons.md; with --write the bands go into tutorials/expected.json. A band is
the mean ± 4 standard deviations, not the range of the runs; that of a small difference is computed
from its logarithm. What the lesson concludes (tutorials/conclusions.json) is asked of each run.
"""

import ast
import contextlib
import importlib
import inspect
import io
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

import numpy as np
from rich.console import Console
from rich.table import Table

from tutorials.__main__ import LESSONS
from tutorials.lesson.conclusions import EXPECTED


def main(
    lesson: str = "digits",
    model: str | None = None,
    data: str | None = None,
    settings: tuple[str, ...] = (),
    seeds: int = 5,
    write: bool = False,
) -> None:
    """Run a lesson with the seeds 0, 1, 2, … and default settings, but for those that are given.

    Args:
        lesson: Name of the lesson.
        model: Its --model, where it has one.
        data: Its --data, where it loads any.
        settings: Other settings of the lesson, such as "epochs=5"; bands are of the default ones.
        seeds: Number of runs.
        write: Write the bands into tutorials/expected.json.
    """
    check_positive(seeds=seeds)
    if lesson not in LESSONS:
        raise LessonError(f"There is no lesson {lesson!r}; there are {', '.join(LESSONS)}.")
    if write and settings:
        raise LessonError("Bands are of default settings; leave out settings= or write=.")
    teach = importlib.import_module(f"tutorials.{lesson}").main
    settings = {"model": model, "data": data} | dict(_setting(teach, text) for text in settings)
    settings = {name: value for name, value in settings.items() if value is not None}
    runs, seconds = [], []  # those of a run itself; a command's own would count from its start
    for seed in range(seeds):
        begun = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            runs.append(teach(seed=seed, outputs=Path(folder), **settings))
        seconds.append(time.perf_counter() - begun)
        print(f"seed {seed}:", json.dumps(runs[-1].results), flush=True)

    source = runs[0].metrics["data"]["source"].split(" from ")[0]
    table = Table(title=f"{lesson} {model or ''} on {source}, {seeds} seeds")
    for column in "result", "mean", "standard deviation", "lowest", "highest", "band":
        table.add_column(column)
    bands = {}
    for name in runs[0].results:
        values = np.array([one.results[name] for one in runs])
        if all(isinstance(one.results[name], int) for one in runs):  # a count is met exactly
            bands[name] = [int(values.min()), int(values.max())]
        elif not name.endswith("_seconds"):
            bands[name] = _band(name, values)
        table.add_row(
            name,
            *(f"{number:.6g}" for number in (values.mean(), values.std(ddof=1))),
            *(f"{number:.6g}" for number in (values.min(), values.max())),
            str(bands.get(name, "")),
        )
    table.add_row("whole run, seconds", f"{np.mean(seconds):.1f}", "", f"{min(seconds):.1f}",
                  f"{max(seconds):.1f}", "")  # fmt: skip
    Console(width=None if sys.stdout.isatty() else 140).print(table)
    for says in (one["says"] for one in runs[0].conclusions):
        held = sum(any(one["says"] == says and one["holds"] for one in run.conclusions) for run in runs)
        print(f"held in {held} of {seeds} runs: {says}")
    if write:
        expected = json.loads(EXPECTED.read_text(encoding="utf-8"))
        key = model or runs[0].metrics["settings"].get("model", "default")
        expected.setdefault(lesson, {}).setdefault(source, {})[key] = bands
        EXPECTED.write_text(json.dumps(expected, indent=2) + "\n", encoding="utf-8")


def _setting(teach, text):
    """The name and the value of a setting such as "epochs=5"; a value that is no Python literal is a text."""
    name, equals, value = text.partition("=")
    if not equals or name not in inspect.signature(teach).parameters:
        known = ", ".join(inspect.signature(teach).parameters)
        raise LessonError(f"settings= holds {text!r}; write NAME=VALUE, where NAME is one of {known}.")
    with contextlib.suppress(ValueError, SyntaxError):
        value = ast.literal_eval(value)
    return name, value


def _band(name, values):
    """Mean ± 4 standard deviations, within what the metric can be, in three figures.

    Differences and errors can be as small as rounding lets them be, and spread over powers of
    ten: theirs is taken of their logarithms, and has no lower end.
    """
    if name.endswith(("_difference", "_error")) and (values > 0).all() and values.std() > values.mean() / 3:
        logs = np.log(values)
        return [0.0, float(f"{np.exp(logs.mean() + 4 * logs.std(ddof=1)):.2g}")]
    reach = 4 * values.std(ddof=1)
    if reach < 1e-9:  # the same in all seeds, but for rounding
        reach = 0
    if name.endswith("accuracy"):  # where all seeds agree another processor's rounding may not
        reach = max(reach, 0.002)
    negative = "_left", "_correlation", "_transfer", "_forgetting"
    least = -1 if name.endswith(negative) else 0
    low, high = max(least, values.mean() - reach), values.mean() + reach
    if name.endswith(("accuracy", "_share", "_drop", "_correlation", "_left")):
        high = min(1, high)
    places = 4 if name.endswith("accuracy") else max(0, 2 - int(np.floor(np.log10(reach or 1))))
    return [
        float(np.floor(low * 10**places) / 10**places),
        float(np.ceil(high * 10**places) / 10**places),
    ]


if __name__ == "__main__":
    run(main)
