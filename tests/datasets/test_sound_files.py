"""Sounds of one's own: other formats than WAV, and what is set aside, so that the others can be used."""

import shutil
import sys
import wave

import numpy as np
import pytest

from datasets import DataError, tones
from datasets.files import sounds

HERTZ = 8000
SUBTYPES = {
    "a.flac": ("FLAC", "PCM_16"),
    "a.ogg": ("OGG", "VORBIS"),
    "a.opus": ("OGG", "OPUS"),
    "a.mp3": ("MP3", "MPEG_LAYER_III"),
}


def tone(frequency, seconds=1.0, rate=HERTZ):
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(round(rate * seconds)) / rate)


def write(path, values, rate=HERTZ):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.round(32767 * np.asarray(values)).astype("<i2").tobytes())
    return path


def collection(folder, count=8):
    """Two classes of different tones, 0.25 s each."""
    for place, name in enumerate(("bark", "meow")):
        for number in range(count):
            write(folder / name / f"{number}.wav", tone(300 + 100 * number + 37 * place, 0.25))
    return folder


def load(folder, **settings):
    aside = []
    train, test = tones.load_data(folder, seconds=0.25, set_aside=aside, **settings)
    return train, test, dict(aside)


def test_damaged_and_silent_sounds_are_set_aside_and_the_others_are_used(tmp_path, capsys):
    folder = collection(tmp_path)
    whole = (folder / "bark" / "0.wav").read_bytes()
    (folder / "bark" / "0.wav").write_bytes(whole[:1000])
    (folder / "bark" / "1.wav").write_bytes(b"")
    write(folder / "meow" / "2.wav", np.zeros(2000))
    write(
        folder / "meow" / "late.wav", np.append(np.zeros(2000), tone(440))
    )  # silent where it is listened to
    train, test, aside = load(folder)
    assert len(train[0]) + len(test[0]) == 16 - 3
    assert {name.rpartition("/")[2]: reason[len(name) :] for name, reason in aside.items()} == {
        "0.wav": " is cut off before its end; fetch or record it again, or remove it.",
        "1.wav": " is empty; record it again or remove it.",
        "2.wav": " is silent for its first 0.25 s; record it again, or remove it.",
        "late.wav": " is silent for its first 0.25 s; record it again, or remove it.",
    }
    said = capsys.readouterr().out
    assert "Set aside, 4 sounds:" in said
    assert said.count("is silent") == 1 and "(and 1 more for this reason)" in said
    assert all(reason in said for reason in [*aside.values()][:3])


def test_where_too_few_are_left_the_reason_is_said(tmp_path):
    folder = collection(tmp_path, 5)
    write(folder / "meow" / "2.wav", np.zeros(2000))
    with pytest.raises(DataError, match=r"'meow' has 4; 1 was set aside, such as: .*2.wav is silent"):
        load(folder)


def test_a_class_with_too_few_is_set_aside_and_the_others_are_used(tmp_path, capsys):
    folder = collection(tmp_path / "sounds")
    write(folder / "chirp" / "only.wav", tone(900, 0.25))
    train, test, aside = load(folder)
    assert tones.class_names(tones.locate(folder)) == ("bark", "meow")
    assert len(train[0]) + len(test[0]) == 16 and set(train[1]) == {0, 1}
    ((name, reason),) = aside.items()
    assert reason == f"{name} is of the class 'chirp', which has 1 sound to train on; 5 or more are needed."
    assert "Set aside, 1 sound:" in capsys.readouterr().out
    for part in "train", "test":
        collection(tmp_path / "parts" / part, 8 if part == "train" else 2)
        write(tmp_path / "parts" / part / "chirp" / "one.wav", tone(900, 0.25))
    write(tmp_path / "parts" / "test" / "bark" / "new.wav", tone(1234, 0.25))
    train, test, aside = load(tmp_path / "parts")
    assert sorted(name[-19:] for name in aside if "chirp" in name) == [
        "/test/chirp/one.wav",
        "train/chirp/one.wav",
    ]
    assert (len(train[0]), len(test[0])) == (12, 5)  # without the four that are copies of test sounds


@pytest.mark.parametrize(
    ("values", "silent"),
    [
        (np.zeros(2000), True),
        (np.full(2000, 0.5), True),  # equal, though not 0
        (np.random.default_rng(0).integers(-1, 2, 2000) / 32768, True),  # a converter's last bit
        (0.001 * tone(440, 0.25), False),
        (np.append(np.zeros(1900), np.full(100, 0.1)), False),
    ],
)
@pytest.mark.parametrize("hertz", [8000, 6000])
def test_silence_is_where_all_samples_are_nearly_equal(values, silent, hertz, tmp_path):
    path = write(tmp_path / "a.wav", values)
    assert tones.read_sound(path, 1, hertz).shape == (hertz,)
    if silent:
        with pytest.raises(DataError, match="a.wav is silent for its first 1 s"):
            tones.read_audible(path, 1, hertz)
    else:
        np.testing.assert_array_equal(tones.read_audible(path, 1, hertz), tones.read_sound(path, 1, hertz))


def test_copies_stay_on_one_side_of_the_split(tmp_path, capsys):
    folder = collection(tmp_path, 10)
    for number in range(10):
        for copy in range(3):
            shutil.copy(folder / "bark" / f"{number}.wav", folder / "bark" / f"copy{copy} of {number}.wav")
    (x_train, y_train), (x_test, y_test), aside = load(folder)
    assert not aside
    assert len(x_train) + len(x_test) == 50
    assert not {sound.tobytes() for sound in x_train} & {sound.tobytes() for sound in x_test}
    assert np.bincount(y_test).tolist() == [8, 2]
    assert "30 sounds are copies of others" in capsys.readouterr().out


def test_one_sound_in_two_classes_is_used_in_neither(tmp_path):
    folder = collection(tmp_path)
    shutil.copy(folder / "bark" / "3.wav", folder / "meow" / "3.wav")
    train, test, aside = load(folder)
    assert len(train[0]) + len(test[0]) == 14
    assert {name.rpartition("/")[0].rpartition("/")[2] for name in aside} == {"bark", "meow"}
    assert all("is the same sound as" in reason and "keep one" in reason for reason in aside.values())


def test_a_training_sound_that_is_to_be_tested_on_is_set_aside(tmp_path):
    collection(tmp_path / "train")
    collection(tmp_path / "test", 2)
    write(tmp_path / "test" / "meow" / "1.wav", tone(1234, 0.25))
    (x_train, _), (x_test, _), aside = load(tmp_path)
    assert (len(x_train), len(x_test), len(aside)) == (16 - 3, 4, 3)
    assert not {sound.tobytes() for sound in x_train} & {sound.tobytes() for sound in x_test}
    assert all("train" in name and "which is to be tested on" in reason for name, reason in aside.items())


def test_what_else_is_in_the_folder_is_said(tmp_path, capsys):
    folder = collection(tmp_path)
    (folder / "bark" / "a.m4a").touch()
    (folder / "bark" / "notes.txt").touch()
    (folder / "meow" / "more").mkdir()
    load(folder)
    said = capsys.readouterr().out
    assert "without 2 files of other kinds (.m4a, .txt), without 1 folder that no sound is in" in said
    assert tones.count_files(folder) == 16


def test_without_soundfile_wav_goes_on_and_one_sentence_says_what_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "soundfile", None)
    folder = collection(tmp_path)
    for number in range(3):
        (folder / "bark" / f"{number}.flac").write_bytes(b"fLaC" + bytes(100))
    train, test, aside = load(folder)
    assert len(train[0]) + len(test[0]) == 16
    assert len(aside) == 3
    said = capsys.readouterr().out
    assert said.count("needs the package soundfile to be read; install it with pip install soundfile") == 1
    assert "(and 2 more for this reason)" in said


@pytest.mark.parametrize("name", [*SUBTYPES, "a.oga"])
def test_what_is_no_sound_by_that_name_is_refused_without_any_package(name, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "soundfile", None)
    (tmp_path / name).write_bytes(b"Dear reader, this is no sound.")
    with pytest.raises(DataError, match="is no FLAC, OGG or MP3 file"):
        tones.read_sound(tmp_path / name)


@pytest.fixture
def soundfile():
    return pytest.importorskip("soundfile", reason="soundfile (see requirements-extra.txt) not installed")


@pytest.mark.extra
@pytest.mark.parametrize("name", SUBTYPES)
def test_other_formats_give_what_was_written(name, soundfile, tmp_path):
    rate = 48000
    stereo = np.stack([tone(440, 3, rate), 0.5 * tone(880, 3, rate)], 1)
    soundfile.write(tmp_path / name, stereo, rate, subtype=SUBTYPES[name][1], format=SUBTYPES[name][0])
    sound = tones.read_audible(tmp_path / name)
    expected = (tone(440) + 0.5 * tone(880)) / 2
    tolerance = 1e-3 if name == "a.flac" else 0.05  # the others are lossy
    spectra = [np.abs(np.fft.rfft(each)) / 4000 for each in (sound, expected)]
    assert sound.shape == (8000,)
    np.testing.assert_allclose(spectra[0][[440, 880]], spectra[1][[440, 880]], atol=tolerance)
    if name == "a.flac":
        np.testing.assert_allclose(sound[100:-100], expected[100:-100], atol=2e-3)


@pytest.mark.extra
@pytest.mark.parametrize("name", SUBTYPES)
@pytest.mark.parametrize("share", [0.995, 0.9, 0.5, 0.1, 0.01])
def test_a_file_that_is_cut_off_is_refused(name, share, soundfile, tmp_path, capfd):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 48000 * 3)
    soundfile.write(tmp_path / name, noise, 48000, subtype=SUBTYPES[name][1], format=SUBTYPES[name][0])
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match=r"cut off|damaged|not one sample"):
        tones.read_sound(tmp_path / name)
    assert capfd.readouterr().err == ""  # decoders write to the terminal themselves


@pytest.mark.extra
def test_a_file_that_promises_days_of_sound_is_refused_before_it_is_decoded(soundfile, tmp_path, monkeypatch):
    monkeypatch.setattr(sounds, "MAX_SECONDS", 2)
    soundfile.write(tmp_path / "a.flac", tone(440, 3), HERTZ)
    with pytest.raises(DataError, match="says that it has 1 channels and 3 seconds, where at most 64 and 2"):
        tones.read_sound(tmp_path / "a.flac")


@pytest.mark.extra
def test_any_damage_gives_a_sound_or_a_sentence(soundfile, tmp_path):
    random = np.random.default_rng(0)
    for name, (kind, subtype) in SUBTYPES.items():
        path = tmp_path / name
        soundfile.write(path, tone(440, 0.3, 48000), 48000, subtype=subtype, format=kind)
        whole = path.read_bytes()
        for _ in range(60):
            content = bytearray(whole)
            at = int(random.integers(len(content)) if random.random() < 0.5 else random.integers(100))
            content[at : at + 4] = random.bytes(random.integers(1, 5))
            path.write_bytes(content)
            try:
                assert tones.read_sound(path, 0.1).shape == (800,)
            except DataError as error:
                assert "\n" not in str(error)


@pytest.mark.extra
def test_a_folder_of_several_formats_is_one_set(soundfile, tmp_path):
    folder = collection(tmp_path)
    soundfile.write(folder / "bark" / "8.flac", tone(1500, 0.25), HERTZ)
    soundfile.write(folder / "meow" / "8.mp3", tone(1600, 0.25), HERTZ)
    train, test, aside = load(folder)
    assert not aside
    assert len(train[0]) + len(test[0]) == 18
