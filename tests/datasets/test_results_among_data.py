"""Results of lessons that lie among the user's data are not read as data, and odd names are told apart."""

import os
import shutil
import wave
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets import Photos, photos, reviews, tones
from datasets.files.names import shown_apart
from datasets.sources import MARKER

BYTES, TEXT = os.fsdecode(b"caf\xe9"), r"caf\udce9"  # shown alike


def photo(folder, count=6):
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(zlib.crc32(os.fsencode(folder.name)))
    for number in range(count):
        pixels = random.integers(0, 256, (20, 20, 3), "uint8")
        Image.fromarray(pixels).save(folder / f"{number}.png")


def sound(folder, count=6):
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(zlib.crc32(os.fsencode(folder.name)))  # no sound is in two classes
    for number in range(count):
        with wave.open(str(folder / f"{number}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(random.bytes(8000))


def text(folder, count=6):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"{number}.txt").write_text(f"text {number} of {ascii(folder.name)}")


def read_photos(folder):
    return list(Photos.check(folder, 8, verbose=1).class_names)


def read_sounds(folder):
    tones.load_data(folder)
    return list(tones.class_names(folder))


def read_texts(folder):
    return list(reviews.load_data(str(folder))[2])


KINDS = pytest.mark.parametrize(
    ("write", "read"), [(photo, read_photos), (sound, read_sounds), (text, read_texts)]
)


@KINDS
@pytest.mark.parametrize("marker", [MARKER, ".files"])
def test_results_among_data_are_not_data(tmp_path, capsys, write, read, marker):
    write(tmp_path / "ants")
    write(tmp_path / "bees")
    for made in "fine_tune", "outputs/digits", ".digits-draft-abcd1234", "outputs/.digits-draft-abcd1234":
        write(tmp_path / made)
        (tmp_path / made / marker).write_text("{}")
        (tmp_path / made / "metrics.json").write_text("{}")
        (tmp_path / made / "split.csv").write_text("a,b\n")
    assert read(tmp_path) == ["ants", "bees"]
    said = capsys.readouterr().out
    assert "fine_tune" in said and "(results of lessons)" in said
    shutil.rmtree(tmp_path / "fine_tune")
    shutil.rmtree(tmp_path / "outputs" / "digits")  # as a first run finds it: its draft is all there is
    assert read(tmp_path) == ["ants", "bees"]
    assert "results of lessons" not in capsys.readouterr().out


@KINDS
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_classes_whose_names_are_shown_alike_are_two(tmp_path, write, read):
    for name in BYTES, TEXT, "tea":
        write(tmp_path / name)
    assert read(tmp_path) == [TEXT, f"{TEXT}_", "tea"]
    for name in read(tmp_path):
        name.encode("utf-8")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_sample_of_photos_tells_such_classes_apart_too(tmp_path):
    for name in BYTES, TEXT, "tea":
        photo(tmp_path / name, 2)
    names = [TEXT, f"{TEXT}_", "tea"]
    found = photos.sample(tmp_path, 8, names)
    assert found.labels.tolist().count(0) == found.labels.tolist().count(1) == 2
    assert list(photos.sample(tmp_path, 8, 3).class_names) == names


def test_plain_names_stay_as_they_are():
    names = ["b", "a", "é", "猫", "a\\n", "a\n", "a\n_"]
    texts = shown_apart(names)
    assert {name: texts[name] for name in names[:5]} == {name: name for name in names[:5]}
    assert len(set(texts.values())) == len(names)
    assert all(text.isprintable() for text in texts.values())


def test_the_top_folder_is_read_even_if_it_holds_results(tmp_path):
    """Whoever names it means it."""
    photo(tmp_path / "ants")
    photo(tmp_path / "bees")
    Path(tmp_path / MARKER).write_text("{}")
    assert read_photos(tmp_path) == ["ants", "bees"]
