"""What a run of `fine_tune` finds in the photos and says in its report."""

import csv
import html
import json
import re
import shutil

from tutorials.lesson.command import LessonError

import numpy as np
import pytest

from datasets import Photos, digits
from models import PhotoClassifier
from tutorials import fine_tune
from tutorials.lesson import rescore

SOON = {"backbone": "convnet", "image_size": 28, "batch_size": 16, "flip": False, "effort": "quick"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """100 photos of digits to train on, two of them in the folder of another class, and 60 to test on."""
    folder = tmp_path_factory.mktemp("data") / "photos"
    digits.save_photos(folder, 10)
    for label in (folder / "test").iterdir():
        for file in sorted(label.iterdir())[6:]:
            file.unlink()
    for right, wrong in ("3", "7"), ("0", "1"):
        file = min((folder / "train" / right).iterdir())
        shutil.move(file, folder / "train" / wrong / f"moved-{right}.png")
    return folder


@pytest.fixture(scope="module", autouse=True)
def in_this_process():
    """Check the saved model here: test_fine_tune.py and test_rescore.py do so in a fresh process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rescore, "_ask", lambda request, _: rescore.main(request))
        yield


@pytest.fixture(scope="module")
def results(folder, tmp_path_factory):
    outputs, new = tmp_path_factory.mktemp("outputs"), tmp_path_factory.mktemp("new")
    for n, file in enumerate(sorted((folder / "test").rglob("*.png"))):
        shutil.copy(file, new / f"{n}.png")
    fine_tune.main(str(folder), outputs=outputs, unlabelled=str(new), **SOON)
    return outputs / "fine_tune"


def page(results):
    return html.unescape((results / "report.html").read_text(encoding="utf-8"))


def table(file):
    with file.open(newline="", encoding="utf-8") as rows:
        return list(csv.DictReader(rows))


@pytest.mark.slow
def test_suspects_are_a_table_and_pictures_in_the_report(results):
    rows = table(results / "suspects.csv")
    assert {(row["file"], row["label"], row["likely_label"]) for row in rows[:2]} == {
        ("train/1/moved-0.png", "1", "0"),
        ("train/7/moved-3.png", "7", "3"),
    }
    section = page(results).split('id="suspects"')[1].split("</section>")[0]
    assert "nothing was changed" in section
    assert 'alt="train/7/moved-3.png: 7, likely 3"' in section


@pytest.mark.slow
def test_the_lesson_and_the_class_suspect_the_same_photos(results, folder):
    classifier = PhotoClassifier("convnet", image_size=28, batch_size=16, flip=False)
    classifier.fit(Photos.check(folder, 28), effort="quick")
    rows = table(results / "suspects.csv")
    found = classifier.suspects()
    assert [row["file"] for row in rows] == [each.file for each in found]
    metrics = json.loads((results / "metrics.json").read_text(encoding="utf-8"))["results"]
    assert metrics["cross_validation_accuracy"] == classifier.cross_validation_.accuracy.value
    np.testing.assert_allclose([float(row["score"]) for row in rows], [each.score for each in found])


@pytest.mark.slow
def test_training_photos_beside_each_mistake_are_of_the_class_that_was_predicted(results):
    section = page(results).split('id="mistakes"')[1].split("</section>")[0]
    assert "what the linear probes compute, not what fine-tuning added" in section
    mistakes = section.split('<ul class="speakers"')
    assert len(mistakes) > 1
    for mistake, beside in zip(mistakes, mistakes[1:], strict=False):
        predicted = re.findall(r'alt="\S+: \d, predicted as (\d)"', mistake)[-1]
        labels = re.findall(r'alt="train/\S+: (\d)" title', beside)
        assert 1 <= len(labels) <= 3
        assert set(labels) == {predicted}


def test_photos_to_label_are_on_a_page_in_the_results(results):
    text = (results / "label.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])
    assert len(data["items"]) == 20
    known = table(results / "split.csv")
    assert data["start"].count("\n") == 1 + len(known)
    assert all(row["file"] in data["start"] for row in known)


def test_a_folder_without_photos_to_label_is_refused_before_anything_is_read(folder, tmp_path):
    (tmp_path / "new").mkdir()
    for name in "new", "missing":
        with pytest.raises(LessonError, match="unlabelled= .* holds no photos"):
            fine_tune.main(str(folder), outputs=tmp_path / "out", unlabelled=str(tmp_path / name), **SOON)
    assert not (tmp_path / "out").exists()


def test_the_report_begins_with_what_to_do_next_each_linked_to_where_it_is_shown(results):
    text = page(results)
    section = text.split('<main id="report">')[1].split("</section>")[0]
    assert "What to do next" in section
    steps = re.findall(r"<li>(.*?)</li>", section, re.DOTALL)
    assert "labels that may be wrong" in steps[0]
    assert any("label.html" in step for step in steps)
    links = re.findall(r'href="#([\w-]+)"', section)
    assert "suspects" in links
    assert all(f'id="{link}"' in text for link in links)


def test_the_report_says_what_more_photos_would_bring_or_that_it_cannot(results):
    section = page(results).split('id="more-photos"')[1].split("</section>")[0]
    assert ("100 more photos like these would bring about" in section) != ("clearly enough to say" in section)
    assert (results / "more_photos.png").stat().st_size > 5000


@pytest.mark.slow
def test_when_a_budget_is_spent_the_report_is_written_without_a_learning_curve(folder, tmp_path):
    fine_tune.main(str(folder), outputs=tmp_path, budget="2s", **SOON)
    text = page(tmp_path / "fine_tune")
    assert "What to do next" in text
    assert 'id="more-photos"' not in text
    assert not (tmp_path / "fine_tune" / "label.html").exists() and "label.html" not in text
