"""Every benchmark runs as a file and as a module, and `seeds` tells the spread that it measured."""

import json
import re
import runpy
import statistics
import sys

from tutorials.lesson.command import LessonError

import pytest

from benchmarks import photo_faults, seeds

BENCHMARKS = (
    "digits",
    "fine_tune",
    "page",
    "photo_faults",
    "photo_scale",
    "photos",
    "seeds",
    "sentiment",
    "train_zoo",
)


def test_every_benchmark_is_here(root):
    assert {path.stem for path in (root / "benchmarks").glob("[a-z]*.py")} == set(BENCHMARKS)


@pytest.mark.parametrize("way", ["file", "module"])
@pytest.mark.parametrize("name", BENCHMARKS)
def test_it_lists_its_flags(name, way, root, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", [name, "--help"])
    monkeypatch.setattr(sys, "path", [*sys.path])  # the file puts the repository first
    monkeypatch.delitem(sys.modules, f"benchmarks.{name}", raising=False)
    with pytest.raises(SystemExit) as stop:
        if way == "file":
            runpy.run_path(root / "benchmarks" / f"{name}.py", run_name="__main__")
        else:
            runpy.run_module(f"benchmarks.{name}", run_name="__main__")
    assert not stop.value.code
    printed = capsys.readouterr().out
    assert f"python -m benchmarks.{name}" in printed and "--" in printed.partition("options")[2]


def test_every_fault_that_is_planted_in_photos_is_found(capsys):
    found = photo_faults.main(each=2, sound=30)
    assert set(found) == {*photo_faults.FAULTS, "false alarms"}
    assert {fault: counts["ours"] for fault, counts in found.items()} == dict.fromkeys(
        photo_faults.FAULTS, 2
    ) | {"false alarms": 0}
    said = capsys.readouterr().out
    assert re.search(r"all faults +40 +40\n", said) and re.search(r"false alarms +30 +0\n", said)


def test_seeds_prints_the_spread_of_its_runs(capsys):
    seeds.main(lesson="dense_vs_conv", settings=("quick=True", "epochs=1"), seeds=2)
    said = capsys.readouterr().out
    runs = [json.loads(line) for line in re.findall(r"^seed \d: (.*)$", said, re.M)]
    assert len(runs) == 2 and runs[0] != runs[1]
    for name in runs[0]:
        row = next(line for line in said.splitlines() if f" {name} " in line)
        mean, deviation = (float(cell) for cell in re.findall(r"[\d.e+-]+", row.partition(name)[2])[:2])
        values = [run[name] for run in runs]
        assert mean == pytest.approx(statistics.mean(values), rel=1e-4)
        assert deviation == pytest.approx(statistics.stdev(values), rel=1e-4, abs=1e-9)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"lesson": "nothing"}, "There is no lesson 'nothing'; there are convolution, "),
        ({"settings": ("epoch=3",)}, "settings= holds 'epoch=3'; write NAME=VALUE, .* epochs"),
        ({"settings": ("epochs",)}, "settings= holds 'epochs'; write NAME=VALUE"),
        ({"settings": ("epochs=3",), "write": True}, "Bands are of default settings"),
    ],
)
def test_seeds_refuses_what_it_cannot_run_in_a_sentence(settings, said):
    with pytest.raises(LessonError, match=said):
        seeds.main(**settings)
