"""A lesson's saved model on files: each lesson's own kind, read as the model was trained on them."""

import json

import keras
import numpy as np
import pytest
from scipy.io import wavfile

from datasets import tones
from models import ConvNet, SoundConvNet
from tutorials.predict import READERS, LessonError, main


def save(folder, lesson, model, names, **settings):
    """Leave an untrained model where a lesson would leave a trained one."""
    folder.mkdir()
    model.save(folder / "model.keras")
    (folder / "labels.json").write_text(json.dumps(names))
    (folder / "metrics.json").write_text(json.dumps({"lesson": lesson, "settings": settings}))
    return folder


@pytest.fixture(scope="module")
def hearing(tmp_path_factory):
    """A model of sounds of 0.5 s at 6000 Hz, and its folder."""
    keras.utils.set_random_seed(0)
    model = SoundConvNet((3000,), classes=2, sampling_rate=6000)
    folder = tmp_path_factory.mktemp("sound") / "sound"
    return model, save(folder, "sound", model, ["bark", "meow"], seconds=0.5, hertz=6000)


def test_sounds_of_any_rate_are_heard_as_the_model_was_trained(hearing, tmp_path, capsys):
    model, folder = hearing
    stereo = np.random.default_rng(0).uniform(-1, 1, (16000, 2)).astype("float32")
    wavfile.write(tmp_path / "noise.WAV", 16000, stereo)
    (tmp_path / "photo.png").write_bytes(b"not for this model")
    (tmp_path / "deep").mkdir()
    wavfile.write(tmp_path / "deep" / "short.wav", 6000, stereo[:900, 0])
    main(folder, (tmp_path,))
    lines = capsys.readouterr().out.splitlines()
    files = [tmp_path / "deep" / "short.wav", tmp_path / "noise.WAV"]
    assert len(lines) == 2
    for line, file in zip(lines, files, strict=True):
        probabilities = model(tones.read_sound(file, 0.5, 6000)[None]).numpy()[0]
        best = probabilities.argmax()
        assert line.startswith(f"{file}: {['bark', 'meow'][best]} ({probabilities[best]:.1%}), else ")


def test_broken_sounds_are_told_and_the_others_are_heard(hearing, tmp_path, capsys):
    _, folder = hearing
    wavfile.write(tmp_path / "good.wav", 6000, np.ones(3000, "int16"))
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    with pytest.raises(LessonError, match="2 of 3 files could not be used"):
        main(folder, (tmp_path / "good.wav", tmp_path / "bad.wav", tmp_path / "none.wav"))
    said = capsys.readouterr()
    assert said.out.startswith(f"{tmp_path / 'good.wav'}: ")
    assert "bad.wav is not a WAV file" in said.err
    assert "none.wav does not exist" in said.err
    assert said.err.count("\n") == 2


def test_a_folder_without_files_of_the_lessons_kind_is_refused(hearing, tmp_path):
    _, folder = hearing
    (tmp_path / "photo.png").touch()
    with pytest.raises(LessonError, match="holds no WAV files"):
        main(folder, (tmp_path,))
    digits = save(tmp_path / "digits", "digits", ConvNet(), list("0123456789"))
    (tmp_path / "sounds").mkdir()
    (tmp_path / "sounds" / "a.wav").touch()
    with pytest.raises(LessonError, match="holds no image files"):
        main(digits, (tmp_path / "sounds",))


@pytest.mark.parametrize("metrics", [{}, {"settings": {"seconds": 1}}, {"settings": None}])
def test_results_without_the_settings_that_a_reader_needs_are_damaged(hearing, tmp_path, metrics):
    model, _ = hearing
    folder = save(tmp_path / "sound", "sound", model, ["bark", "meow"])
    (folder / "metrics.json").write_text(json.dumps({"lesson": "sound"} | metrics))
    with pytest.raises(LessonError, match="damaged; run the lesson again"):
        main(folder, (tmp_path / "a.wav",))


def test_every_reader_names_settings_that_its_lesson_has():
    import importlib

    for lesson, reader in READERS.items():
        lesson_main = importlib.import_module(f"tutorials.{lesson}").main
        assert set(reader.settings) <= set(lesson_main.__annotations__)
        assert all(suffix.startswith(".") and suffix.islower() for suffix in reader.suffixes)
