"""Sounds and clips of one's own in their lessons: what these say is true of them, and predict takes them."""

import csv
import json
import re
import wave

from tutorials.lesson.command import LessonError

import keras
import numpy as np
import pytest
from PIL import Image

from datasets.generated import moving_photos
from models.scores import Share
from tutorials import predict, sound, video
from tutorials.lesson import videos as lesson_videos


def write_sound(path, frequency, hertz=8000):
    path.parent.mkdir(parents=True, exist_ok=True)
    values = 0.4 * np.sin(2 * np.pi * frequency * np.arange(hertz // 2) / hertz)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(hertz)
        file.writeframes(np.round(32767 * values).astype("<i2").tobytes())


def write_clip(path, across, seed):
    """A bright square that moves from left to right, or down, in red."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random, frames = np.random.default_rng(seed), []
    for number in range(6):
        pixels = random.integers(0, 40, (24, 24, 3), "uint8")
        at = 3 * number + int(random.integers(3))
        rows, columns = (slice(8, 14), slice(at, at + 6)) if across else (slice(at, at + 6), slice(8, 14))
        pixels[rows, columns, 0] = 250
        frames.append(Image.fromarray(pixels))
    frames[0].save(path, save_all=True, append_images=frames[1:])


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    """(outcome, folder of sounds) of a quick run on 24 sounds, one of which is silent."""
    folder, outputs = tmp_path_factory.mktemp("sounds"), tmp_path_factory.mktemp("outputs")
    for number in range(12):
        write_sound(folder / "high" / f"{number}.wav", 2000 + 30 * number)
        write_sound(folder / "low" / f"{number}.wav", 0 if number == 3 else 300 + 30 * number)
    return sound.main(data=str(folder), seconds=0.5, quick=True, outputs=outputs), folder


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """(outcome, folder of clips) of a quick run on 22 clips, one of which is cut off."""
    folder, outputs = tmp_path_factory.mktemp("clips"), tmp_path_factory.mktemp("outputs")
    for number in range(8):
        write_clip(folder / "across" / f"{number}.gif", True, number)
    for number in range(14):
        write_clip(folder / "down" / f"{number}.gif", False, 100 + number)
    whole = (folder / "down" / "0.gif").read_bytes()
    (folder / "down" / "0.gif").write_bytes(whole[: len(whole) // 3])
    return video.main(data=str(folder), frames=4, size=16, quick=True, outputs=outputs), folder


def set_aside(outcome):
    with (outcome.folder / "set_aside.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_a_run_on_few_sounds_gives_the_interval_of_its_accuracy(heard):
    outcome, _ = heard
    results = outcome.results
    assert outcome.metrics["data"]["examples"] == 23
    share = Share(round(5 * results["test_accuracy"]), 5)
    assert (
        f"The 95 % interval of the first is {share.low:.1%} to {share.high:.1%}, from 5 sounds"
        in outcome.finding
    )
    assert results["mean_spectrum_test_accuracy"] == 1  # of two pitches even a linear model
    assert results["chance_test_accuracy"] in (2 / 5, 3 / 5)
    title = outcome.figures["baselines"].get_suptitle()
    assert " ".join(title.split()) in outcome.finding and "On 5 sounds" in title
    (one,) = set_aside(outcome)
    assert one["file"].endswith("3.wav") and "silent" in one["reason"]


def test_predict_refuses_silence_in_a_sentence(heard, tmp_path, capsys):
    outcome, folder = heard
    predict.main(outcome.folder, (str(folder / "high" / "1.wav"),))
    assert re.search(r"1.wav: (high|low) \(", capsys.readouterr().out)
    with pytest.raises(Exception, match="3.wav is silent for its first 0.5 s"):
        predict.main(outcome.folder, (str(folder / "low" / "3.wav"),))


def test_what_is_said_of_ones_own_clips_is_true_of_them(seen):
    outcome, _ = seen
    metrics, results = outcome.metrics, outcome.results
    assert metrics["data"]["examples"] == 21 and metrics["settings"]["grey"] is False
    (one,) = set_aside(outcome)
    assert one["file"].endswith("0.gif")
    tested = 5  # a fifth of 21
    chance = 3 / tested  # of 13 to 8, the larger class
    assert f"(chance level {chance:.1%})" in outcome.finding
    interval = Share(round(tested * results["lstm_test_accuracy"]), tested)
    assert f"interval of the LSTM's accuracy is {interval.low:.1%} to {interval.high:.1%}" in outcome.finding
    assert results["frame_by_frame_test_accuracy"] == results["frame_by_frame_shuffled_test_accuracy"]
    clips, accuracy = (
        " ".join(outcome.figures[name].get_suptitle().split()) for name in ("clips", "accuracy")
    )
    assert clips == "One clip of each class, 4 frames of each"
    assert "can tell the order" not in accuracy  # of real clips one frame may be enough
    best = max(results[f"{name}_test_accuracy"] for name in ("frame_by_frame", "lstm", "conv3d"))
    assert f"on {tested} clips, with {best:.1%}" in accuracy
    # The loss of guessing the classes' shares, of the 14 that are trained on after validation
    loss = float(re.search(r"chance level ([\d.]+)", outcome.figures["learning_curves"].get_suptitle())[1])
    assert 0.5 < loss < 0.7
    names = json.loads((outcome.folder / "labels.json").read_text())
    assert names == ["across", "down"]
    assert keras.saving.load_model(outcome.folder / "model.keras").input_shape == (None, 4, 16, 16, 3)


def test_predict_takes_clips_of_every_kind(seen, tmp_path, capsys):
    outcome, folder = seen
    frames = tmp_path / "more" / "clip"
    frames.mkdir(parents=True)
    with Image.open(folder / "across" / "1.gif") as film:
        for number in range(film.n_frames):
            film.seek(number)
            film.convert("RGB").save(frames / f"{number}.png")
    predict.main(outcome.folder, (str(folder / "across" / "1.gif"), str(tmp_path / "more"), str(frames)))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].partition(": ")[2] == lines[1].partition(": ")[2] == lines[2].partition(": ")[2]
    with pytest.raises(LessonError, match="1 of 2 files could not be used"):
        predict.main(outcome.folder, (str(folder / "across" / "1.gif"), str(folder / "down" / "0.gif")))
    (tmp_path / "empty").mkdir()
    with pytest.raises(LessonError, match="holds no clip files"):
        predict.main(outcome.folder, (str(tmp_path / "empty"),))


def test_few_clips_get_more_epochs_and_generated_ones_six():
    def clips(count, same):
        part = np.zeros((count, 4, 16, 16, 1), "uint8"), np.zeros(count, int)
        return lesson_videos.Clips(None, ("a",), part, part, part, same, [])

    assert lesson_videos.default_epochs(clips(5760, True), 32) == 6
    assert lesson_videos.default_epochs(clips(320, False), 32) == 100
    assert lesson_videos.default_epochs(clips(3200, False), 32) == 10
    assert lesson_videos.default_epochs(clips(90_000, False), 32) == 6


@pytest.mark.slow
def test_a_camera_over_photos_has_a_linear_model_beside_and_no_band(tmp_path):
    outcome = video.main(data="moving_photos", quick=True, frames=4, size=16, outputs=tmp_path)
    assert outcome.metrics["data"]["source"] == "moving photos" and not outcome.metrics["bands"]
    assert 0 <= outcome.results["linear_test_accuracy"] < 0.6
    assert json.loads((tmp_path / "video" / "labels.json").read_text()) == list(moving_photos.CLASS_NAMES)
