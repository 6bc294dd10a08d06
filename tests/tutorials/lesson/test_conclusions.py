"""What lessons conclude: comparisons are computed as they are written, follow from the bands, and fail."""

import importlib
import itertools
import json
import runpy
import subprocess
import sys

import numpy as np
import pytest

from tutorials.__main__ import LESSONS
from tutorials.lesson import conclusions
from tutorials.lesson.conclusions import holds, names
from tutorials.lesson.flags import parse

RESULTS = {"a": 0.9, "b": 0.91, "c3_x": 5, "small": 3e-12}


@pytest.fixture(scope="module")
def listed():
    """{(lesson, source, model): list of conclusions}."""
    found = json.loads(conclusions.CONCLUSIONS.read_text(encoding="utf-8"))
    return {
        (lesson, source, model): each
        for lesson, by_source in found.items()
        for source, by_model in by_source.items()
        for model, each in by_model.items()
    }


@pytest.mark.parametrize(
    "comparison",
    [
        "a > b", "a < b", "a < b - 0.02", "a > b - 0.02", "b - a > 0.005", "2 * a > b + 0.1",
        "a * 2 < b * 1.9", "-0.02 < a - b < 0.02", "0 < a - b < 0.02", "c3_x == 5 and a < b",
        "c3_x == 5 and a > b", "- a < -0.5", "small < 1e-11", "small > 1e-11", "a <= 0.9", "b >= 0.92",
        "a + b - c3_x < -3", "a*b*c3_x>4", "a==b",
    ],
)  # fmt: skip
def test_a_comparison_is_what_python_makes_of_it(comparison):
    assert holds(comparison, RESULTS) is eval(comparison, {}, RESULTS)


@pytest.mark.parametrize(
    "comparison",
    [
        "", "a", "a >", "> a", "a > b b", "a > b +", "a ** 2 > b", "a > (b)", "a > b; c", "__import__ > a",
        "a > b or b > a", "a = b", "a != b", "a > b and", "a > * b", "a / b > 1", "abs(a) > 1", "a > 'b'",
    ],
)  # fmt: skip
def test_what_is_no_comparison_is_refused(comparison):
    with pytest.raises(ValueError, match=r"compares nothing|is no sum"):
        names(comparison)


def test_a_result_that_is_missing_or_no_number_makes_no_conclusion_true():
    assert not holds("a > 0", {})
    assert not holds("a > 0 and b > 0", {"a": 1})
    for comparison in "a > 0", "a < 0", "a == a", "-1 < a < 1":
        assert not holds(comparison, {"a": float("nan")})


def test_every_lesson_concludes_something_in_plain_sentences(listed):
    assert {lesson for lesson, _, _ in listed} == set(LESSONS)
    bands = json.loads(conclusions.EXPECTED.read_text(encoding="utf-8"))
    for (lesson, source, model), each in listed.items():
        assert source in bands[lesson]
        assert each, (lesson, source, model)
        for one in each:
            assert {"says", "when"} <= set(one) <= {"says", "when", "measured"}
            assert one["says"].endswith(".") and one["says"][0].isupper()
            assert names(one["when"])
    for lesson, by_source in bands.items():
        for source in by_source:
            if (lesson, source) != ("sentiment", "imdb"):  # its texts are real: nothing but its band is known
                assert any(key[:2] == (lesson, source) for key in listed), (lesson, source)


def test_conclusions_follow_from_the_bands_or_were_measured(listed):
    """Where the bands of both sides are not apart, 99.5 % of draws from them must agree, or runs tell."""
    bands = json.loads(conclusions.EXPECTED.read_text(encoding="utf-8"))
    random = np.random.default_rng(0)
    for (lesson, source, model), each in listed.items():
        known = bands[lesson][source].get(model, {})
        for one in each:
            if "measured" in one:
                assert "seeds" in one["measured"]
                continue
            used = sorted(names(one["when"]))
            assert set(used) <= set(known), (lesson, source, one)
            ends = [known[name] for name in used]
            if all(
                holds(one["when"], dict(zip(used, some, strict=True))) for some in itertools.product(*ends)
            ):
                continue
            means, spreads = np.mean(ends, 1), np.diff(ends)[:, 0] / 8
            draws = random.normal(means, spreads, (2000, len(used)))
            share = np.mean([holds(one["when"], dict(zip(used, row, strict=True))) for row in draws])
            assert share >= 0.995, (lesson, source, one, share)


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_lesson_explains_check(lesson, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", [lesson, "--help"])
    with pytest.raises(SystemExit) as stop:
        parse(importlib.import_module(f"tutorials.{lesson}").main)
    assert stop.value.code == 0
    said = capsys.readouterr().out
    assert "--check" in said and "--seed" in said
    assert "Exit with 3" in " ".join(said.replace("│", " ").split())


def test_other_commands_have_no_check(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["predict", "--help"])
    with pytest.raises(SystemExit):
        parse(importlib.import_module("tutorials.predict").main)
    assert "--check" not in capsys.readouterr().out


PLANTED = '''
import json
import sys
from pathlib import Path

sys.path.insert(0, {root!r})

from tutorials.lesson.command import run

from datasets import Source
from tutorials.lesson.report import Report

SOURCE, RESULTS = json.loads(Path(__file__).with_name("planted.json").read_text())


def main(epochs: int = 3, seed: int = 0, quick: bool = False, outputs: Path = Path("outputs")) -> None:
    """A lesson with planted results.

    Args:
        epochs: Number of epochs.
        seed: Random seed.
        quick: On a sample.
        outputs: Folder for the results.
    """
    report = Report(main, settings=locals())
    print("It was trained.")
    return report.close(Source(SOURCE), examples=7, finding="So.", **RESULTS)


if __name__ == "__main__":
    run(main)
'''
FLIPPED = "convolutional_perturbed_test_accuracy", "dense_perturbed_test_accuracy"
FLIP = "NOT so in this run: On perturbed digits the convolutional network is better than the dense one."


def run_here(file):
    """Run a file as a script in this process: (its exit code,)."""
    try:
        runpy.run_path(file, run_name="__main__")
    except SystemExit as stop:
        return (stop.code or 0,)
    return (0,)


@pytest.mark.parametrize(
    ("source", "flip", "flags", "status", "said"),
    [
        ("mnist", False, ["--check"], 0, "Check passed"),
        pytest.param("mnist", False, [], 0, "inside the expected band", marks=pytest.mark.slow),
        pytest.param(
            *("mnist", True, ["--check", "--seed", "5"], 3),
            "Check failed: outside their bands: dense_perturbed_",
            marks=pytest.mark.slow,
        ),
        pytest.param("mnist", True, [], 0, FLIP, marks=pytest.mark.slow),
        ("mnist", False, ["--check", "--epochs", "2", "--quick"], 2, "leave out --epochs, --quick.\n"),
        pytest.param(
            *("my own", False, ["--check"], 3, "Check failed: nothing is expected of this data"),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_planted_flip_exits_with_3(root, tmp_path, monkeypatch, capfd, source, flip, flags, status, said):
    bands = json.loads(conclusions.EXPECTED.read_text(encoding="utf-8"))["invariance"]["mnist"]["default"]
    results = {name: sum(band) / 2 for name, band in bands.items()}
    if flip:
        one, two = FLIPPED
        results[one], results[two] = results[two], results[one]
    (tmp_path / "planted.json").write_text(json.dumps([source, results]))
    (tmp_path / "invariance.py").write_text(PLANTED.format(root=str(root)))
    if status == 3:  # the one that matters to who runs it in CI: as a process
        command = [sys.executable, "invariance.py", *flags]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        code, out, err = done.returncode, done.stdout, done.stderr
    else:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["invariance.py", *flags])
        code, out, err = *run_here("invariance.py"), *capfd.readouterr()
    assert code == status, err
    assert said in out + err
    assert (FLIP in out) == flip
    written = tmp_path / "outputs" / "invariance" / "metrics.json"
    assert written.exists() == ("It was trained." in out) == (status != 2)
    if status == 3:
        assert err.startswith("Check failed: ") and err.count("\n") == 1
    if flip:
        metrics = json.loads(written.read_text())
        assert metrics["results"] == results
        assert any(not one["holds"] for one in metrics["conclusions"])
        assert {metrics["bands"][name]["verdict"] for name in FLIPPED} == {"outside"}


def test_a_model_of_which_nothing_is_expected_is_refused_before_training(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["sentiment", "--model", "bilstm", "--check"])
    with pytest.raises(SystemExit) as stop:
        parse(importlib.import_module("tutorials.sentiment").main)()
    assert stop.value.code == 2
    assert "nothing to expect of --model bilstm" in capsys.readouterr().err


# Whole runs of these are in test_lessons.py, too, each with its bands
OTHERS = [
    pytest.param(lesson, marks=pytest.mark.long) for lesson in ("x_or_o", "convolution", "dense_vs_conv")
]


@pytest.mark.slow
@pytest.mark.parametrize("lesson", ["gradient_descent", *OTHERS])
def test_a_real_lesson_passes_its_check(root, tmp_path, lesson):
    done = subprocess.run(
        [sys.executable, "-m", f"tutorials.{lesson}", "--check", "--outputs", tmp_path],
        cwd=root, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "Check passed" in done.stdout
