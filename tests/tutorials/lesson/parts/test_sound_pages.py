"""Pages of sounds by command: of the lesson's network, and of a saved model."""

import json
import shutil

from tutorials.lesson.command import LessonError

import keras
import numpy as np
import pytest
from keras import layers
from scipy.io import wavfile

from datasets import tones
from models import SoundConvNet
from tutorials import look_inside, sound
from tutorials.lesson.parts.input_kinds import what_looks_at
from tutorials.lesson.parts.sound_pages import look_at_sounds


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Results of the lesson, with its page."""
    folder = tmp_path_factory.mktemp("run")
    sound.main(quick=True, page=True, outputs=folder)
    return folder / "sound"


def data_of(page):
    text = page.read_text(encoding="utf-8")
    begin = text.index('id="model">') + len('id="model">')
    return json.loads(text[begin : text.index("</script>", begin)])


@pytest.mark.slow
def test_the_lesson_writes_a_page_with_sounds_of_all_classes(run):
    text = (run / "page.html").read_text(encoding="utf-8")
    counts = [text.count(f"</span>{name}</button>") for name in tones.CLASS_NAMES]
    assert sorted(counts) == [2, 2, 2, 3, 3]
    data = data_of(run / "page.html")
    assert data["class_names"] == list(tones.CLASS_NAMES) and data["sound"]["rate"] == 8000
    assert data["model"]["nodes"][0]["shape"] == [1, 8000, 1]


def test_a_saved_network_has_a_page(run, tmp_path, capsys):
    assert what_looks_at(run) is what_looks_at(run / "model.keras") is look_at_sounds
    outcome = look_inside.main(load=str(run), page=True, outputs=tmp_path)
    assert "rising, falling" in outcome.finding and outcome.results["parameters"] > 0
    assert data_of(tmp_path / "look_inside" / "page.html")["sound"]["rate"] == 8000
    assert "page.html in a browser" in capsys.readouterr().out


def test_sounds_of_ones_own_and_half_precision(run, tmp_path, capsys):
    generator = np.random.default_rng(0)
    for name in "drum-like", "rising":
        (tmp_path / "mine" / name).mkdir(parents=True)
        for n in range(5):
            noise = (3000 * generator.standard_normal(4000 + n)).astype("int16")
            wavfile.write(tmp_path / "mine" / name / f"{n}.wav", 4000, noise)
    mine = str(tmp_path / "mine")
    look_inside.main(load=str(run), data=mine, page=True, precision="float16", outputs=tmp_path)
    text = (tmp_path / "look_inside" / "page.html").read_text(encoding="utf-8")
    assert text.count("</span>rising</button>") == text.count("</span>drum-like</button>") == 1
    assert "Weights as float16 change the outputs for the 2 examples by" in capsys.readouterr().out


def test_a_foreign_model_needs_a_rate(tmp_path):
    with pytest.raises(LessonError, match="classifies sounds, .* add --page"):
        SoundConvNet().save(tmp_path / "stft.keras")
        look_inside.main(load=str(tmp_path / "stft.keras"), outputs=tmp_path)
    with pytest.raises(LessonError, match="does not say how many samples a second"):
        look_inside.main(load=str(tmp_path / "stft.keras"), page=True, outputs=tmp_path)
    mel = layers.MelSpectrogram(256, 100, sampling_rate=11025, num_mel_bins=20)
    steps = [keras.Input((2000,)), mel, layers.Flatten(), layers.Dense(3, activation="softmax")]
    keras.Sequential(steps).save(tmp_path / "mel.keras")
    look_inside.main(load=str(tmp_path / "mel.keras"), page=True, outputs=tmp_path)
    data = data_of(tmp_path / "look_inside" / "page.html")
    assert data["sound"]["rate"] == 11025 and data["class_names"] == ["class 0", "class 1", "class 2"]


@pytest.mark.parametrize("settings", [3, {"hertz": "8000"}, {}])
def test_damaged_settings_are_no_rate(run, tmp_path, settings):
    shutil.copy(run / "model.keras", tmp_path)
    (tmp_path / "metrics.json").write_text(json.dumps({"settings": settings}))
    with pytest.raises(LessonError, match="does not say how many samples a second"):
        look_inside.main(load=str(tmp_path), page=True, outputs=tmp_path)


def test_other_models_are_none_of_sounds(tmp_path):
    """A table of a hundred columns is no sound."""
    keras.Sequential([keras.Input((100,)), layers.Dense(2)]).save(tmp_path / "table.keras")
    assert what_looks_at(tmp_path / "table.keras") is None
