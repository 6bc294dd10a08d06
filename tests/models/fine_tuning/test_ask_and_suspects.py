"""What a classifier asks a person: which labels may be wrong, and which photos to label next."""

import shutil

import pytest

from datasets import digits
from models import ModelError, PhotoClassifier

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
