"""Results are complete or not there at all; bands are told as they are."""

import errno
import json
import os
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

from tutorials.lesson.command import LessonError

import keras
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image, ImageSequence

from datasets import Source
from datasets.sources import MARKER
from tutorials.lesson import conclusions
from tutorials.lesson.report import Report

LESSON = Path(__file__).stem


def main(model="convnet", epochs=3, seed=0, quick=False, outputs=Path("outputs")):
    return Report(main, settings=locals())


def finish(report, accuracy=0.5):
    report.figure("curve", Figure().subplots())
    return report.close(Source("mnist"), examples=7, finding="It is so.", test_accuracy=accuracy)


@pytest.fixture
def bands(tmp_path, monkeypatch):
    file = tmp_path / "expected.json"
    bands = {"test_accuracy": [0.4, 0.6], "parameters": [441, 441]}
    file.write_text(json.dumps({LESSON: {"mnist": {"convnet": bands}}}))
    monkeypatch.setattr(conclusions, "EXPECTED", file)
    said = [
        {"says": "It is above chance.", "when": "test_accuracy > 0.1"},
        {"says": "It is <better> than the baseline.", "when": "test_accuracy > 0.45"},
    ]
    file = tmp_path / "conclusions.json"
    file.write_text(json.dumps({LESSON: {"mnist": {"convnet": said}}}))
    monkeypatch.setattr(conclusions, "CONCLUSIONS", file)


@pytest.mark.parametrize(
    ("settings", "accuracy", "said"),
    [
        ({}, 0.5, "0.5          inside the expected band, 0.4 to 0.6"),
        ({"seed": 9}, 0.6, "inside the expected band"),
        ({}, 0.61, "OUTSIDE the expected band"),
        ({"epochs": 4}, 0.5, "no expected band for other than the default settings"),
        ({"model": "mlp"}, 0.5, "no expected band for this model on this data"),
    ],
)
def test_closing_lines_tell_the_band(bands, tmp_path, capsys, settings, accuracy, said):
    finish(main(outputs=tmp_path, **settings), accuracy)
    out = capsys.readouterr().out
    assert said in out
    assert str(tmp_path / LESSON) in out
    assert ("expected band," in out) == ("expected band" in said and "no expected" not in said)


def test_closing_lines_say_what_a_band_is(bands, tmp_path, capsys):
    finish(main(outputs=tmp_path))
    assert "Expected bands are the mean ± 4 standard deviations" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "accuracy", "flipped", "verdict"),
    [
        ({}, 0.5, 0, "inside"),
        ({"seed": 3}, 0.45, 1, "inside"),
        ({}, 0.05, 2, "outside"),
        ({}, float("nan"), 2, "outside"),
        ({"epochs": 4}, 0.05, None, None),
        ({"quick": True}, 0.05, None, None),
        ({"model": "mlp"}, 0.05, None, None),
    ],
)
def test_conclusions_that_do_not_hold_are_told(bands, tmp_path, capsys, settings, accuracy, flipped, verdict):
    outcome = finish(main(outputs=tmp_path, **settings), accuracy)
    out = capsys.readouterr().out
    metrics = json.loads((tmp_path / LESSON / "metrics.json").read_text())
    assert out.count("NOT so in this run: It is ") == (flipped or 0)
    assert str(outcome).count("NOT so in this run: It is ") == (flipped or 0)
    if flipped is None:
        assert (metrics["bands"], metrics["conclusions"]) == ({}, [])
        assert (outcome.bands, outcome.conclusions) == ({}, [])
        return
    assert metrics["bands"] == {"test_accuracy": {"band": [0.4, 0.6], "verdict": verdict}}
    assert [one["says"] for one in metrics["conclusions"]] == [
        "It is above chance.", "It is <better> than the baseline."
    ]  # fmt: skip
    assert [one["holds"] for one in metrics["conclusions"]] == [flipped < 2, flipped < 1]
    assert outcome.conclusions == metrics["conclusions"]
    assert ("NOT so in this run: It is &lt;better&gt;" in outcome._repr_html_()) == (flipped > 0)


def test_a_count_is_expected_exactly(bands, tmp_path, capsys):
    for count, said in (441, "441          as expected"), (442, "NOT the expected 441"):
        main(outputs=tmp_path).close(Source("mnist"), examples=7, finding="It is so.", parameters=count)
        assert said in capsys.readouterr().out


def test_the_finding_is_the_last_word_unless_the_run_was_quick(bands, tmp_path, capsys):
    assert finish(main(outputs=tmp_path)).finding == "It is so."
    assert capsys.readouterr().out.endswith("\n\nIt is so.\n")
    finish(main(outputs=tmp_path, quick=True))
    assert "It is so.\nThis was a quick run" in capsys.readouterr().out


def test_an_animation_shows_its_frames_and_rests_on_the_last(tmp_path):
    report = main(outputs=tmp_path)
    figure = Figure(figsize=(2, 2))
    point = figure.add_axes((0, 0, 1, 1)).plot([0], [0], "ko", markersize=40)[0]
    report.animation("descent", figure, lambda n: point.set_data([n / 40], [0]), 3, frames_per_second=4)
    finish(report)
    with Image.open(tmp_path / LESSON / "descent.gif") as film:
        pictures, seconds = [], []
        for frame in ImageSequence.Iterator(film):
            pictures.append(np.asarray(frame.convert("L")))
            seconds.append(frame.info["duration"] / 1000)
    assert len(pictures) == 3
    assert all((one != two).any() for one, two in pairwise(pictures))
    assert seconds == [0.25, 0.25, 2.25]


def test_results_appear_at_the_end_and_replace_the_old(tmp_path):
    folder = tmp_path / LESSON
    report = main(outputs=tmp_path)
    report.figure("first", Figure().subplots())
    assert not folder.exists()
    finish(report)
    assert (folder / "first.png").exists()

    report = main(outputs=tmp_path)
    report.figure("second", Figure().subplots())
    assert (folder / "first.png").exists()
    finish(report)
    assert {file.name for file in folder.iterdir()} == {"second.png", "curve.png", "metrics.json", MARKER}


def test_a_run_that_fails_leaves_nothing(tmp_path, collect):
    finish(main(outputs=tmp_path), accuracy=0.1)
    report = main(outputs=tmp_path)
    report.figure("half", Figure().subplots())
    assert len(list(tmp_path.iterdir())) == 2
    del report
    collect()
    assert [entry.name for entry in tmp_path.iterdir()] == [LESSON]
    assert json.loads((tmp_path / LESSON / "metrics.json").read_text())["results"]["test_accuracy"] == 0.1


def test_a_folder_that_cannot_be_is_refused_at_the_start(tmp_path):
    file = tmp_path / "file"
    file.write_text("in the way")
    with pytest.raises(LessonError, match=r"file/.* cannot be written .*outputs=\."):
        main(outputs=file)
    (tmp_path / LESSON).write_text("in the way")
    with pytest.raises(LessonError, match="a file is in its place"):
        main(outputs=tmp_path)


def test_a_disk_that_refuses_is_one_sentence(tmp_path, monkeypatch):
    report = main(outputs=tmp_path)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("PIL.Image.Image.save", full)
    with pytest.raises(LessonError, match=r"curve\.png cannot be written \(no space left on device\)"):
        report.figure("curve", Figure().subplots())


@pytest.mark.parametrize("layout", [None, "constrained"])
def test_a_figure_is_written_as_matplotlib_writes_it_and_left_as_it_was(layout, tmp_path):
    report = main(outputs=tmp_path)
    figure, same = Figure(layout=layout), Figure(layout=layout)
    for each in figure, same:
        left, right = each.subplots(1, 2)
        left.set(title="Two lines\nof a title", ylabel="loss")
        right.plot([1, 300], [5, 1e6])
        each.colorbar(left.imshow([[1, 2]]), label="values")
    report.figure("both", figure.axes[0])
    same.savefig(tmp_path / "same.png", dpi=150)
    written, expected = (
        np.asarray(Image.open(file)) for file in (report.path("both.png"), tmp_path / "same.png")
    )
    np.testing.assert_array_equal(written, expected)
    assert figure.dpi == 100


def test_what_fails_at_the_end_is_told_and_no_half_of_it_is_left(tmp_path, capsys):
    report = main(outputs=tmp_path)
    with report.unless_it_fails("report.html"), report.writing("report.html") as path:
        path.write_text("half")
        os.fsdecode(b"caf\xe9").encode()
    with pytest.raises(KeyError), report.unless_it_fails("check", passes=KeyError):
        raise KeyError
    said = capsys.readouterr().err
    assert said.startswith("No report.html ('utf-8' codec can't encode") and said.count("\n") == 1
    assert said.endswith("; the model and its metrics are kept.\n")
    finish(report)
    assert {file.name for file in (tmp_path / LESSON).iterdir()} == {"curve.png", "metrics.json", MARKER}


def test_a_run_returns_its_results_its_model_and_its_figures(bands, tmp_path):
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    report = main(outputs=tmp_path)
    axes = Figure().subplots(2, 2)
    report.figure("grid", axes)
    report.model(network, ["a", "b"])
    outcome = report.close(Source("mnist"), 7, "It is <so>.", test_accuracy=0.98, parameters=441)
    assert outcome.results == {"test_accuracy": 0.98, "parameters": 441}
    assert outcome.model is network
    assert outcome.figures == {"grid": axes[0, 0].figure}
    assert outcome.folder == tmp_path / LESSON
    assert outcome.finding == "It is <so>."
    assert outcome.metrics == json.loads((outcome.folder / "metrics.json").read_text())
    assert main(outputs=tmp_path / "other").close(Source("mnist"), 7, "So.", accuracy=1).model is None


def test_a_run_shows_itself_as_text_and_as_a_table(bands, tmp_path):
    class Table(HTMLParser):
        cells, captions = (), ()

        def handle_starttag(self, tag, _):
            self.tag = tag

        def handle_data(self, text):
            if self.tag in ("th", "td"):
                self.cells += (text,)
            if self.tag == "p":
                self.captions += (text,)

    report = main(outputs=tmp_path / "a & <b>")
    report.figure("grid", Figure().subplots())
    outcome = report.close(Source("mnist"), 7, "It is <so>.", test_accuracy=0.98, parameters=441)
    assert str(outcome) == repr(outcome)
    lines = str(outcome).splitlines()
    assert lines[0] == LESSON
    assert lines[1].split(maxsplit=1) == [
        "test_accuracy", "0.98         OUTSIDE the expected band, 0.4 to 0.6"
    ]  # fmt: skip
    assert lines[-3:] == ["  figures: grid", f"  folder: {outcome.folder}", "It is <so>."]
    table = Table()
    table.feed(outcome._repr_html_())
    assert table.cells == (
        "test_accuracy", "0.98", "OUTSIDE the expected band, 0.4 to 0.6", "parameters", "441", "as expected"
    )  # fmt: skip
    assert "".join(table.captions) == f"It is <so>. Its files are in {outcome.folder}."
