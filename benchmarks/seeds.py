"""Run a lesson with several seeds: how far its results spread, and the band they fall in.

    python benchmarks/seeds.py --lesson digits --model mlp --data PATH

The table goes into the README; with --write the bands go into tutorials/expected.json. A band
reaches four standard deviations beyond the mean, to either side; that of a small difference is
taken of its logarithm.
"""

import contextlib
import importlib
import io
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import check_positive, run  # first: loads Keras quietly

import numpy as np
from rich.console import Console
from rich.table import Table

from tutorials.lesson.report import EXPECTED


def main(
    lesson: str = "digits",
    model: str | None = None,
    data: str | None = None,
    seeds: int = 5,
    write: bool = False,
) -> None:
    """Run a lesson with the seeds 0, 1, 2, … and default settings.

    Args:
        lesson: Name of the lesson.
        model: Its --model, where it has one.
        data: Its --data, where it loads any.
        seeds: Number of runs.
        write: Write the bands into tutorials/expected.json.
    """
    check_positive(seeds=seeds)
    settings = {"model": model, "data": data}
    settings = {name: value for name, value in settings.items() if value is not None}
    teach = importlib.import_module(f"tutorials.{lesson}").main
    runs = []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            runs.append(teach(seed=seed, outputs=Path(folder), **settings))
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
    seconds = [one.metrics["seconds"] for one in runs]
    table.add_row("whole run, seconds", f"{np.mean(seconds):.1f}", "", f"{min(seconds):.1f}",
                  f"{max(seconds):.1f}", "")  # fmt: skip
    Console(width=None if sys.stdout.isatty() else 140).print(table)
    if write:
        expected = json.loads(EXPECTED.read_text(encoding="utf-8"))
        key = model or runs[0].metrics["settings"].get("model", "default")
        expected.setdefault(lesson, {}).setdefault(source, {})[key] = bands
        EXPECTED.write_text(json.dumps(expected, indent=2) + "\n", encoding="utf-8")


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
    low, high = max(0, values.mean() - reach), values.mean() + reach
    if name.endswith(("accuracy", "_share", "_drop", "_correlation")):
        high = min(1, high)
    places = 4 if name.endswith("accuracy") else max(0, 2 - int(np.floor(np.log10(reach or 1))))
    return [
        float(np.floor(low * 10**places) / 10**places),
        float(np.ceil(high * 10**places) / 10**places),
    ]


if __name__ == "__main__":
    run(main)
