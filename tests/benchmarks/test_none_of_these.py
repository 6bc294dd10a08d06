"""Pictures that are no digits are what their names say, and the benchmark counts what is refused of them."""

import re

from tutorials.lesson.command import LessonError

import numpy as np
import pytest
from PIL import Image

from benchmarks import no_digits
from benchmarks import none_of_these as benchmark
from datasets import digits

SMALL = "noise of 28 x 28 pixels"


def pixels(images):
    return {kind: np.stack([np.asarray(one) for one in some]) for kind, some in images.items()}


@pytest.mark.slow
def test_pictures_have_their_count_and_size_and_follow_from_the_seed():
    first, again = (pixels(no_digits.no_digits(6, seed=3)) for _ in range(2))
    more, other = pixels(no_digits.no_digits(9, seed=3)), pixels(no_digits.no_digits(6, seed=4))
    assert set(first) == set(no_digits.KINDS)
    for kind, images in first.items():
        side = 28 if kind == SMALL else 200
        assert images.shape == (6, side, side) and images.dtype == np.uint8
        assert np.array_equal(images, again[kind]) and np.array_equal(images, more[kind][:6])
        assert not np.array_equal(images, other[kind])
        assert len(np.unique(images.reshape(6, -1), axis=0)) > 1


def test_pictures_show_what_their_names_say():
    found = pixels(no_digits.no_digits(20))
    blank = found["blank pages"].astype(int)
    assert max(np.abs(np.diff(blank, axis=axis)).max() for axis in (1, 2)) <= 2  # no edge anywhere
    for kind in "letters", "other signs", "two strokes", "scribbles", "faces", "polygons and stars":
        border = np.concatenate([found[kind][:, [0, -1]].ravel(), found[kind][:, :, [0, -1]].ravel()])
        assert (border == 240).all(), kind
        assert ((found[kind] < 60).mean((1, 2)) > 0.003).all(), kind  # there is ink
    noisy = found["noise"].astype(float)
    neighbours = [np.corrcoef(one[:, 1:].ravel(), one[:, :-1].ravel())[0, 1] for one in noisy]
    assert np.abs(neighbours).max() < 0.05
    small = found[SMALL]
    assert not small[:, [0, -1]].any() and not small[:, :, [0, -1]].any() and (small.max((1, 2)) >= 128).all()


def test_no_letter_is_also_a_digit():
    assert not set("0123456789") & set(no_digits.LETTERS + no_digits.SIGNS)
    assert not set("BOIlobqSsZz") & set(no_digits.LETTERS)


def test_a_digit_on_paper_is_read_as_it_was():
    _, (images, _) = digits.load_data("embedded")
    found = benchmark.read_all([no_digits.on_paper(image) for image in images[:10]])
    assert found.was_read.all()
    alike = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(found.images, images, strict=False)]
    assert np.median(alike) > 0.8


def test_pictures_become_files_for_predict(tmp_path, capsys):
    no_digits.main(out=tmp_path / "new", count=2)
    assert len([*(tmp_path / "new").glob("*/*.png")]) == 2 * len(no_digits.KINDS)
    assert "10 folders with 2 pictures each" in capsys.readouterr().out
    (tmp_path / "file").touch()
    with pytest.raises(LessonError, match="cannot be written"):
        no_digits.main(out=tmp_path / "file")


def test_what_is_refused_worked_out_by_hand():
    page, ink = Image.new("L", (200, 200), 240), np.zeros((28, 28), "uint8")
    ink[8:20, 13:15] = 255
    pictures = benchmark.read_all([page, Image.fromarray(ink), Image.fromarray(ink), page])
    assert pictures.was_read.tolist() == [False, True, True, False]
    assert np.array_equal(pictures.images[0, ..., 0], ink)

    def classify(images):
        return np.array([[0.6, 0.4], [0.1, 0.9]])[: len(images)], {1: "none of these"}

    found = benchmark.refused(classify, 0.7, pictures)
    assert {way: each.tolist() for way, each in found.items()} == {
        "reading alone": [True, False, False, True],
        "softmax": [True, True, False, True],
        "ours": [True, False, True, True],
    }


def test_the_threshold_refuses_one_in_a_hundred_of_those_classified_correctly():
    sure = np.random.default_rng(0).uniform(0.5, 1, 5000)
    labels = (np.arange(5000) >= 4000).astype(int)  # the last thousand is misclassified
    threshold = benchmark.softmax_threshold(np.stack([sure, 1 - sure], 1), labels)
    assert (sure[:4000] < threshold).sum() == 40


@pytest.mark.slow
def test_a_quick_run_prints_a_table(capsys, monkeypatch):
    monkeypatch.setattr("tutorials.lesson.report.Report.figure", lambda *_: None)  # it looks at numbers
    found = benchmark.main(data="embedded", epochs=1, seeds=2, count=1)["convnet"]
    said = capsys.readouterr().out
    assert "Epoch" not in said and said.count("convnet, seed") == 2
    for kind, ways in found.items():
        row = next(line for line in said.splitlines() if re.match(rf"│ {re.escape(kind)} +│", line))
        for cell, shares in zip(row.split("│")[2:], ways.values(), strict=False):
            mean, deviation = map(float, cell.split("±"))
            assert mean == pytest.approx(100 * np.mean(shares), abs=0.051)
            assert deviation == pytest.approx(100 * np.std(shares, ddof=1), abs=0.051)
    kinds = [found[kind]["ours"] for kind in no_digits.KINDS]
    assert found[benchmark.ALL_KINDS]["ours"] == pytest.approx(np.mean(kinds, 0))
    assert (found["blank pages"]["ours"] >= found["blank pages"]["reading alone"]).all()


@pytest.mark.long
@pytest.mark.slow
def test_more_is_refused_than_by_the_maximum_softmax_probability(mnist_folder):
    found = benchmark.main(data=str(mnist_folder), seeds=1)["convnet"]
    ours, softmax = (found[benchmark.ALL_KINDS][way].mean() for way in ("ours", "softmax"))
    assert ours > softmax + 0.03  # 8 to 10 points with the seeds 0 to 2
    assert (found[benchmark.CORRECT]["ours"] < 0.03).all()
