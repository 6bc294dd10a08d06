"""Saved models scored again: in a process that has nothing but the files, and loudly if not alike."""

import os
import sys
from pathlib import Path

from tutorials.lesson.command import LessonError

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from datasets import photos
from tutorials.lesson import rescore
from tutorials.lesson.rescore import agreements

SIZE = 20


def classifier(seed=0, classes=3):
    """A small network of photos whose answers differ between photos, resizing inside."""
    keras.utils.set_random_seed(seed)
    pixels = keras.Input((None, None, 3), name="images")
    x = layers.Resizing(SIZE, SIZE, crop_to_aspect_ratio=True, antialias=True, name="resize")(pixels)
    x = layers.Rescaling(1 / 32, -4)(x)
    x = layers.Conv2D(8, 3, strides=2, activation="relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.5)(x)
    return keras.Model(pixels, layers.Dense(classes, activation="softmax")(x))


def agreement(file, *others):
    """Of one saved model."""
    return agreements([file], *others)[Path(file)]


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    """A folder of photos of two classes, oddly named where the file system allows, and their names."""
    top = tmp_path_factory.mktemp("album")
    try:
        folder = top / os.fsdecode(b"my \xff photos")
        folder.mkdir()
    except OSError:
        folder = top / "my photos"
    names = ["plain.png", 'a "quoted" $(name).png', "Größe 😀.jpg", "wide.png", "-f.png"]
    random = np.random.default_rng(0)
    files = []
    for label in "ants", "bees":
        (folder / label).mkdir(parents=True)
        for name in names:
            rows = random.integers(0, 256, (4, 9, 3), dtype="uint8")
            Image.fromarray(rows).resize((90, 40)).save(folder / label / name)
            files.append(f"{label}/{name}")
    return folder, files


@pytest.fixture(scope="module")
def saved(album, tmp_path_factory):
    """The network, its file, and what it says of the album."""
    folder, files = album
    model = classifier()
    file = tmp_path_factory.mktemp("saved") / "model.keras"
    model.save(file)
    probabilities = model.predict(photos.read_files(folder, files, SIZE), verbose=0)
    assert probabilities.std(0).max() > 0.05
    return model, file, probabilities


@pytest.fixture
def left_behind(tmp_path, monkeypatch):
    """The folder for temporary files; at the end nothing is in it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.mark.slow
def test_a_fresh_process_comes_to_the_same_from_files_alone(
    album, saved, left_behind, tmp_path, monkeypatch, capfd
):
    folder, files = album
    _, file, probabilities = saved
    # From a folder with modules of our names in it, by a relative path, and photos in another order
    for package in "datasets", "tutorials", "models":
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(tmp_path)
    order = np.random.default_rng(0).permutation(len(files))
    shuffled = [files[n] for n in order]
    relative = Path(os.path.relpath(folder))
    difference = agreement(file, relative, shuffled, SIZE, probabilities[order])
    assert 0 <= difference <= 1e-6
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_one_process_scores_several_and_tells_which_differs_where(album, saved, left_behind, tmp_path):
    folder, files = album
    model, file, probabilities = saved
    other = tmp_path / "other.keras"
    model = keras.models.clone_model(model)
    model.set_weights(saved[0].get_weights())
    bias = model.layers[-1].bias
    bias.assign(bias + [1e-3, 0, 0])
    model.save(other)
    moved = np.abs(model.predict(photos.read_files(folder, files, SIZE), verbose=0) - probabilities).max(-1)
    with pytest.raises(LessonError) as error:
        agreements([file, other], photos.locate(folder), files, SIZE, probabilities)
    said = str(error.value)
    assert said.startswith("other.keras, loaded again in a fresh process, predicts other probabilities")
    assert f"is {moved.max():.2g}, for {files[moved.argmax()]}, where 1e-05 is allowed" in said
    assert "\n" not in said


def in_this_process(request, names):
    """Do in this process what `agreements` starts a fresh one for, to save its start."""
    rescore.main(request)


@pytest.mark.parametrize(
    ("probabilities", "said"),
    [
        (lambda p: p[:, :2], r"gives probabilities of shape \(10, 3\), and the trained model \(10, 2\)"),
        (lambda p: p[:9], r"of shape \(10, 3\), and .* \(9, 3\)"),
        (lambda p: p * np.where(np.arange(10) == 4, np.nan, 1)[:, None], "difference is inf, for ants/-f"),
        (lambda p: p[::-1], "the largest difference is 0."),
        (lambda p: p + 1.2e-5, "is 1.2e-05, for"),
    ],
)
def test_any_difference_is_loud(album, saved, left_behind, monkeypatch, probabilities, said):
    monkeypatch.setattr(rescore, "_ask", in_this_process)
    with pytest.raises(LessonError, match=said):
        agreement(saved[1], *album, SIZE, probabilities(saved[2].astype("float64")))
    assert agreement(saved[1], *album, SIZE, saved[2] + 5e-6) < 1e-5


def test_many_photos_are_read_and_scored_a_part_at_a_time(album, saved, left_behind, monkeypatch):
    read, batches, predict, read_files = [], [], keras.Model.predict, photos.read_files

    def counted(source, files, size):
        read.append(len(files))
        return read_files(source, files, size)

    def scored(self, x, **settings):
        batches.append(len(x))
        return predict(self, x, **settings)

    monkeypatch.setattr(rescore, "_ask", in_this_process)
    monkeypatch.setattr(rescore, "AT_ONCE", 3)
    monkeypatch.setattr(rescore, "BYTES_AT_ONCE", 6 * 3 * SIZE * SIZE)
    monkeypatch.setattr(photos, "read_files", counted)
    monkeypatch.setattr(keras.Model, "predict", scored)
    assert agreement(saved[1], *album, SIZE, saved[2]) <= 1e-6
    assert read == [6, 4]
    assert batches == [3, 3, 3, 1]


def test_a_photo_that_was_changed_is_noticed(saved, left_behind, tmp_path, monkeypatch):
    monkeypatch.setattr(rescore, "_ask", in_this_process)
    photo = tmp_path / "ants" / "a.png"
    photo.parent.mkdir()
    Image.new("RGB", (30, 30), "red").save(photo)
    probabilities = saved[0].predict(photos.read_files(tmp_path, ["ants/a.png"], SIZE), verbose=0)
    assert agreement(saved[1], tmp_path, ["ants/a.png"], SIZE, probabilities) <= 1e-6
    Image.new("RGB", (30, 30), "blue").save(photo)
    with pytest.raises(LessonError, match="for ants/a.png"):
        agreement(saved[1], tmp_path, ["ants/a.png"], SIZE, probabilities)


def test_a_file_that_cannot_be_run_is_one_sentence(album, saved, left_behind, tmp_path, monkeypatch):
    monkeypatch.setattr(rescore, "_ask", in_this_process)
    content = saved[1].read_bytes()
    (tmp_path / "model.keras").write_bytes(content[: len(content) // 2])
    for name in "model.keras", "none.keras":
        with pytest.raises(LessonError, match=f"{name} cannot be run in a fresh process ") as error:
            agreement(tmp_path / name, *album, SIZE, saved[2])
        assert "\n" not in str(error.value)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name, package in ("model.onnx", "onnxruntime"), ("model.tflite", "ai-edge-litert"):
        with pytest.raises(LessonError, match=f"needs .*{package}"):
            agreement(tmp_path / name, *album, SIZE, saved[2])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no shell scripts and signals")
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("kill -9 $$", "check model.keras ended with signal 9, so whether"),
        ("echo noise >&2; echo Out of luck >&2; exit 3", r"ended with code 3 \(Out of luck\), so whether"),
        ("echo 'Error: photos has gone; put it back.' >&2; exit 1", "^photos has gone; put it back.$"),
        ("exit 0", "cannot be checked in a fresh process .*probabilities-0.npy"),
    ],
)
def test_a_fresh_process_that_dies_is_one_sentence(
    album, saved, left_behind, tmp_path, monkeypatch, script, said
):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(LessonError, match=said) as error:
        agreement(saved[1], *album, SIZE, saved[2])
    assert "\n" not in str(error.value)


def test_no_fresh_process_at_all_is_one_sentence(album, saved, left_behind, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with pytest.raises(LessonError, match="cannot be checked in a fresh process"):
        agreement(saved[1], *album, SIZE, saved[2])
