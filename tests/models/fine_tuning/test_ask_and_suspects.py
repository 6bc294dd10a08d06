"""What a classifier asks a person: which labels may be wrong, and which photos to label next."""

import json
import re
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from datasets import Photos, digits
from models import ModelError, PhotoClassifier
from models.fine_tuning.asking import ask

QUICK = {"backbone": "convnet", "flip": False, "views": 1, "epochs": 1}
FLIPPED = ("3", "7"), ("0", "1"), ("5", "2")  # from, to


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """100 photos of digits to train on, three of them in the folder of another class, and 40 to test on."""
    folder = tmp_path_factory.mktemp("data") / "photos"
    digits.save_photos(folder, 10)
    for label in (folder / "test").iterdir():
        for file in sorted(label.iterdir())[4:]:
            file.unlink()
    for number, (right, wrong) in enumerate(FLIPPED):
        file = sorted((folder / "train" / right).iterdir())[number]
        shutil.move(file, folder / "train" / wrong / f"moved-{number}.png")
    return folder


@pytest.fixture(scope="module")
def trained(folder):
    return PhotoClassifier(**QUICK).fit(folder, effort="quick")


def test_labels_that_were_flipped_are_the_first_suspects(trained):
    suspects = trained.suspects()
    known = {(f"train/{wrong}/moved-{n}.png", wrong, right) for n, (right, wrong) in enumerate(FLIPPED)}
    assert {(each.file, each.label, each.likely) for each in suspects[:3]} == known
    assert suspects.confident >= 2
    assert not any(each.file.startswith("test/") for each in suspects)


def test_a_classifier_without_its_photos_has_no_suspects(trained, tmp_path):
    with pytest.raises(ModelError, match="not trained yet"):
        PhotoClassifier(**QUICK).suspects()
    trained.save(tmp_path / "digits.keras")
    with pytest.raises(ModelError, match="which a loaded classifier does not hold; call fit first") as error:
        PhotoClassifier.load(tmp_path / "digits.keras").suspects()
    assert "\n" not in str(error.value)


@pytest.fixture
def unlabelled(folder, tmp_path):
    """12 clear photos without labels, four that mix two digits, and a broken file."""
    below = tmp_path / "new"
    below.mkdir()
    for label in "014":
        for n, file in enumerate(sorted((folder / "test" / label).iterdir())):
            shutil.copy(file, below / f"clear-{label}-{n}.png")
    threes, sevens = (sorted((folder / "test" / label).iterdir()) for label in "38")
    for n, (one, other) in enumerate(zip(threes, sevens, strict=True)):
        halves = Image.blend(Image.open(one).convert("RGB"), Image.open(other).convert("RGB"), 0.5)
        halves.save(below / f"mixed-{n}.png")
    (below / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return below


def data_of(page):
    text = page.read_text(encoding="utf-8")
    return json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])


def test_photos_that_look_like_two_classes_are_asked_for(trained, unlabelled, tmp_path):
    page = tmp_path / "label.html"
    asked = trained.ask(unlabelled, count=3, page=page)
    assert len(asked.files) == 3
    assert sum("mixed" in file for file in asked.files) >= 2
    assert asked.skipped == {str(unlabelled / "broken.png"): asked.skipped[str(unlabelled / "broken.png")]}
    assert "broken.png" in str(asked) and str(asked).startswith("3 photos to label in ")
    assert [photo["name"] for photo in data_of(page)["items"]] == asked.files
    assert all(Path(file).is_absolute() for file in asked.files)


def test_it_writes_no_page_that_nobody_named(trained, unlabelled, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    asked = trained.ask(unlabelled, count=3)
    assert asked.page is None and str(asked).startswith("3 photos to label; ")
    assert not list((tmp_path / "here").iterdir())


def test_the_table_of_the_page_is_a_data_set_with_all_photos(trained, folder, unlabelled, tmp_path):
    """What the page's script would save: its start, and a row for each answer."""
    page = tmp_path / "label.html"
    trained.ask(unlabelled, count=2, page=page)
    data = data_of(page)
    rows = [f"{photo['cell']},{data['classes'][4]['cell']}{data['rest']}\n" for photo in data["items"]]
    (tmp_path / "labels.csv").write_text(data["start"] + "".join(rows), encoding="utf-8")
    before, after = Photos.check(folder, 28), Photos.check(tmp_path / "labels.csv", 28)
    assert len(after.files) == len(before.files) + 2
    assert len(after.of("train")) == len(before.of("train")) + 2
    assert len(after.of("test")) == len(before.of("test"))


def test_a_loaded_classifier_asks_for_the_same_photos(trained, unlabelled, tmp_path):
    trained.save(tmp_path / "digits.keras")
    loaded = PhotoClassifier.load(tmp_path / "digits.keras")
    here = trained.ask(unlabelled, 3, tmp_path / "1.html").files
    assert loaded.ask(unlabelled, 3, tmp_path / "2.html").files == here
    assert data_of(tmp_path / "2.html")["start"] == "file,label\n"


def test_only_pages_of_earlier_calls_are_replaced(trained, unlabelled, tmp_path):
    page = tmp_path / "label.html"
    page.write_text("<!DOCTYPE html>my own", encoding="utf-8")
    with pytest.raises(ModelError, match="is not a page of examples to label; name another file"):
        trained.ask(unlabelled, page=page)
    assert page.read_text(encoding="utf-8") == "<!DOCTYPE html>my own"
    page.unlink()
    assert len(trained.ask(unlabelled, 2, page).files) == 2
    assert len(trained.ask(unlabelled, 3, page).files) == len(data_of(page)["items"]) == 3


def test_where_there_is_nothing_to_ask_one_sentence_says_so(trained, unlabelled, tmp_path):
    (tmp_path / "empty").mkdir()
    page = tmp_path / "label.html"
    for files in unlabelled / "broken.png", tmp_path / "empty", [str(tmp_path / "missing.jpg")]:
        with pytest.raises(ModelError, match="There is no photo to ask for: ") as error:
            trained.ask(files, page=page)
        assert "\n" not in str(error.value) and str(error.value).endswith(".")
    for wrong in {"count": 0}, {"page": ""}, {"page": tmp_path / "nowhere" / "label.html"}:
        with pytest.raises(ModelError):
            trained.ask(unlabelled, **wrong)
    assert not page.exists()


@pytest.mark.parametrize("times", [1e-9, 1e7])
def test_features_of_any_size_ask_for_the_same_photos(tmp_path, times):
    random = np.random.default_rng(0)
    kernel = random.normal(size=(192, 2)).astype("float32") / 500
    for number in range(12):
        pixels = random.integers(0, 256, (8, 8, 3), "uint8") // (1 + number % 4)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")

    def chosen(times):
        scaled = [keras.layers.Flatten(), keras.layers.Rescaling(times)]
        head = keras.layers.Dense(2, activation="softmax", name="predictions")
        model = keras.Sequential([keras.Input((8, 8, 3)), *scaled, head])
        head.set_weights([kernel / times, np.zeros(2, "float32")])
        return ask(model, tmp_path, 8, ["ants", "bees"], count=4).files

    assert len(set(chosen(1.0))) == 4 and chosen(times) == chosen(1.0)
