"""Sounds: the generated ones measured by other means, and WAV files of every kind and fault."""

import os
import struct
import tracemalloc
import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal
from scipy.io import wavfile

from datasets import DataError, tones

HERTZ = 8000


@pytest.fixture(scope="module")
def clean():
    """Sounds nearly without noise, and their labels."""
    (x, y), _ = tones.load_data(train=100, test=1, decibels=100, seed=3)
    return x, y


def pitch_track(sound):
    """The loudest frequency of each moment that sounds, in hertz; frames of 64 ms, every 8 ms."""
    frequencies, _, values = signal.stft(sound, HERTZ, nperseg=512, noverlap=448, nfft=4096, boundary=None)
    power = np.abs(values) ** 2
    loud = power.sum(0) > 0.5 * np.median(power.sum(0)[power.sum(0) > 0.01 * power.sum(0).max()])
    return frequencies[power.argmax(0)][loud]


def test_shapes_types_ranges_and_balance():
    (x_train, y_train), (x_test, y_test) = tones.load_data(train=20, test=10, seconds=0.75, hertz=4000)
    assert x_train.shape == (20, 3000)
    assert x_test.shape == (10, 3000)
    assert {x_train.dtype, x_test.dtype} == {np.dtype("float32")}
    assert {y_train.dtype, y_test.dtype} == {np.dtype("int64")}
    for x in x_train, x_test:
        peaks = np.abs(x).max(1)
        assert peaks.min() >= 0.1 - 1e-6
        assert peaks.max() <= 1
    assert np.bincount(y_train).tolist() == [4] * 5
    assert np.bincount(y_test).tolist() == [2] * 5
    assert len({sound.tobytes() for sound in [*x_train, *x_test]}) == 30


def test_the_same_seed_gives_the_same_sounds_and_another_does_not():
    one, same, other = (tones.load_data(train=10, test=5, seed=seed) for seed in (1, 1, 2))
    for part in 0, 1:
        for array in 0, 1:
            np.testing.assert_array_equal(one[part][array], same[part][array])
        assert not np.array_equal(one[part][0], other[part][0])


@pytest.mark.parametrize("decibels", [-6, 10, 30])
def test_the_noise_is_as_loud_as_was_asked(decibels, clean):
    """The same seed without noise gives the sounds: fit them, and what is left over is the noise."""
    (noisy, labels), _ = tones.load_data(train=100, test=1, decibels=decibels, seed=3)
    sounds, of = clean
    np.testing.assert_array_equal(labels, of)
    share = (noisy * sounds).sum(1) / (sounds**2).sum(1)
    noise = noisy - share[:, None] * sounds
    measured = 10 * np.log10(((share[:, None] * sounds) ** 2).mean(1) / (noise**2).mean(1))
    assert measured.mean() == pytest.approx(decibels, abs=0.1)
    assert np.abs(measured - decibels).max() < 0.6  # by chance a sound's noise resembles the sound a little
    # White: as strong in each quarter of the frequencies
    power = (np.abs(np.fft.rfft(noise)) ** 2).mean(0)[1:-1]
    quarters = np.array([quarter.mean() for quarter in np.array_split(power, 4)])
    assert quarters / quarters.mean() == pytest.approx(np.ones(4), abs=0.05)


def test_pitch_rises_falls_holds_or_trembles(clean):
    for sound, label in zip(*clean, strict=True):
        kind = tones.CLASS_NAMES[label]
        if kind == "drum-like":
            continue
        pitch = pitch_track(sound)
        assert len(pitch) > 30
        change = np.log2(pitch[-5:].mean() / pitch[:5].mean())  # octaves
        span = np.log2(pitch.max() / pitch.min())
        crossings = np.count_nonzero(np.diff(pitch > (pitch.max() + pitch.min()) / 2))
        if kind == "rising":
            assert 0.35 < change < 1.05
            assert np.diff(np.log2(pitch)).min() > -0.01
        elif kind == "falling":
            assert -1.05 < change < -0.35
            assert np.diff(np.log2(pitch)).max() < 0.01
        elif kind == "steady":
            assert span < 0.01
        else:
            assert 1 / 12 < span < 5 / 12  # two to four semitones, but for the frame's blur
            assert crossings >= 4


def test_drums_beat_and_tones_do_not(clean):
    for sound, label in zip(*clean, strict=True):
        envelope = np.sqrt((sound.reshape(-1, 80) ** 2).mean(1))  # of 10 ms
        peaks = signal.find_peaks(np.append(0, envelope), height=0.4 * envelope.max(), distance=6)[0]
        gaps = np.diff(peaks)
        loud = envelope > 0.5 * envelope.max()
        if tones.CLASS_NAMES[label] == "drum-like":
            assert len(peaks) >= 2
            assert gaps.min() >= 8
            assert gaps.max() <= 27
            assert loud.mean() < 0.5
        else:
            assert loud.mean() >= 0.45


def test_no_frequency_moment_or_loudness_tells_rising_from_falling():
    """Without the order in time nothing is left: spectrum, beginning, length and peak are alike."""
    (x, y), _ = tones.load_data(train=1000, test=1, decibels=100, seed=0)
    of_class = [x[y == label] for label in (0, 1, 2)]
    spectra = [(np.abs(np.fft.rfft(sounds)) ** 2) for sounds in of_class]
    frequencies = np.fft.rfftfreq(8000, 1 / HERTZ)
    centroid = [(spectrum @ frequencies) / spectrum.sum(1) for spectrum in spectra]
    loud = [np.abs(sounds) > 0.05 * np.abs(sounds).max(1)[:, None] for sounds in of_class]
    begin = [each.argmax(1) for each in loud]
    length = [8000 - each[:, ::-1].argmax(1) - each.argmax(1) for each in loud]
    peak = [np.abs(sounds).max(1) for sounds in of_class]
    for quantity in centroid, begin, length, peak:
        one, two, three = quantity
        spread = np.std(one) * np.sqrt(2 / len(one))
        assert abs(np.mean(one) - np.mean(two)) < 4 * spread
        assert abs(np.mean(one) - np.mean(three)) < 4 * spread
        assert np.std(one) > 0.1 * np.mean(one)


def test_no_overtone_is_folded_back():
    """At 4000 samples a second overtones above 2000 Hz are left out: all there is are whole multiples."""
    (x, y), _ = tones.load_data(train=60, test=1, hertz=4000, decibels=100, seed=5)
    for sound in x[y == tones.CLASS_NAMES.index("steady")]:
        power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
        base = power.argmax()
        near = np.abs(np.arange(len(power))[:, None] - base * np.arange(1, 6)).min(1) <= 50
        assert power[~near].sum() < 1e-3 * power.sum()


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"train": 0}, "not 0, 500 and 10"),
        ({"test": -1}, "not 1000, -1 and 10"),
        ({"decibels": float("nan")}, "nan"),
        ({"decibels": 101}, "101"),
        ({"seconds": 0.4}, "0.4 and 8000"),
        ({"seconds": 0}, "not 0 and"),
        ({"seconds": float("nan")}, "nan"),
        ({"seconds": float("inf")}, "inf"),
        ({"hertz": 3999}, "1.0 and 3999"),
        ({"hertz": -8000}, "-8000"),
    ],
)
def test_impossible_numbers_are_refused(bad, said):
    with pytest.raises(DataError, match=said):
        tones.load_data(**bad)


# Files


def write_wav(path, values, rate=HERTZ, width=2):
    """Write values (n,) or (n, channels) in [-1, 1] as integers of `width` bytes, without SciPy."""
    values = np.asarray(values, "float64")
    values = values[:, None] if values.ndim == 1 else values
    full = 2 ** (8 * width - 1)
    integers = np.clip(np.round(values * full), -full, full - 1).astype("int64")
    if width == 1:
        content = (integers + 128).astype("u1").tobytes()
    else:
        content = b"".join(int(value).to_bytes(width, "little", signed=True) for value in integers.ravel())
    with wave.open(str(path), "wb") as file:
        file.setnchannels(values.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(content)
    return path


def write_chunks(path, audio_format=1, channels=1, rate=HERTZ, bits=16, data=bytes(2000), promised=None):
    """Write a WAV file chunk by chunk, with whatever its header is to say."""
    align = channels * bits // 8
    header = struct.pack("<HHIIHH", audio_format, channels, rate, rate * align, align, bits)
    body = b"WAVEfmt " + struct.pack("<I", len(header)) + header
    body += b"data" + struct.pack("<I", len(data) if promised is None else promised) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


def tone(frequency, rate=HERTZ, seconds=1.0):
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(round(rate * seconds)) / rate)


@settings(max_examples=30, deadline=None)
@given(width=st.sampled_from([1, 2, 3, 4]), channels=st.integers(1, 3), data=st.data())
def test_integers_of_every_width_come_back(width, channels, data, tmp_path_factory):
    count = data.draw(st.integers(1, 50))
    values = np.random.default_rng(data.draw(st.integers(0, 99))).uniform(-1, 1, (count, channels))
    values[0] = data.draw(st.sampled_from([-1, 0, 1]))
    path = write_wav(tmp_path_factory.getbasetemp() / "any.wav", values, width=width)
    sound = tones.read_sound(path, seconds=50 / HERTZ)
    assert sound.dtype == np.float32
    assert sound.shape == (50,)
    step = 2.0 ** -(8 * width - 1)
    np.testing.assert_allclose(sound[:count], values.mean(1), atol=step + 1e-7)
    assert not sound[count:].any()


@pytest.mark.parametrize("dtype", ["float32", "float64", ">f4", ">i2"])
def test_floats_and_the_other_byte_order_come_back(dtype, tmp_path):
    values = tone(300, seconds=0.5)
    full = 32767 if dtype == ">i2" else 1
    wavfile.write(tmp_path / "a.wav", HERTZ, (values * full).astype(dtype))
    np.testing.assert_allclose(tones.read_sound(tmp_path / "a.wav", 0.5), values, atol=1e-4)


def test_stereo_is_averaged(tmp_path):
    left, right = tone(440), -0.5 * tone(1000)
    path = write_wav(tmp_path / "stereo.wav", np.stack([left, right], 1))
    np.testing.assert_allclose(tones.read_sound(path), (left + right) / 2, atol=1e-4)


@pytest.mark.parametrize("rate", [4000, 11025, 16000, 22050, 44100, 48000, 96001])
def test_another_rate_keeps_pitch_and_level(rate, tmp_path):
    sound = tones.read_sound(write_wav(tmp_path / "a.wav", tone(440, rate), rate))
    assert sound.shape == (8000,)
    assert np.abs(np.fft.rfft(sound)).argmax() == 440  # the bins of one second are 1 Hz apart
    np.testing.assert_allclose(sound[200:-200], tone(440)[200:-200], atol=3e-3)


def test_what_a_lower_rate_cannot_hold_is_filtered_out(tmp_path):
    path = write_wav(tmp_path / "a.wav", tone(440, 44100) + 0.8 * tone(7000, 44100), 44100)
    power = np.abs(np.fft.rfft(tones.read_sound(path))) ** 2
    assert power[1000] < 1e-4 * power[440]  # 7000 Hz would appear at 8000 - 7000


def test_length_is_cut_or_filled_up(tmp_path):
    path = write_wav(tmp_path / "a.wav", tone(440, seconds=1.5))
    np.testing.assert_allclose(tones.read_sound(path), tone(440), atol=1e-4)
    longer = tones.read_sound(path, seconds=2)
    assert longer.shape == (16000,)
    np.testing.assert_allclose(longer[:12000], tone(440, seconds=1.5), atol=1e-4)
    assert not longer[12000:].any()


def test_floats_that_are_too_loud_are_brought_down(tmp_path):
    wavfile.write(tmp_path / "a.wav", HERTZ, (6 * tone(440)).astype("float32"))
    sound = tones.read_sound(tmp_path / "a.wav")
    np.testing.assert_allclose(sound, 2 * tone(440), atol=1e-3)
    assert np.abs(sound).max() <= 1


def test_other_chunks_are_skipped_in_silence(tmp_path, recwarn):
    content = write_wav(tmp_path / "a.wav", tone(440)).read_bytes()
    titled = content[:12] + b"LIST" + struct.pack("<I", 5) + b"title\0" + content[12:]
    titled = titled[:4] + struct.pack("<I", len(titled) - 8) + titled[8:]
    (tmp_path / "b.wav").write_bytes(titled + b"\0trailing")
    streamed = bytearray(content)  # a file written to a pipe
    streamed[4:8] = streamed[40:44] = b"\xff" * 4
    (tmp_path / "c.wav").write_bytes(streamed)
    for name in "b.wav", "c.wav":
        np.testing.assert_array_equal(tones.read_sound(tmp_path / name), tones.read_sound(tmp_path / "a.wav"))
    assert not recwarn.list


def floats(path, *values):
    wavfile.write(path, HERTZ, np.array([0.1, *values, 0.2], "float32"))


def cut(path, keep):
    write_wav(path, tone(440))
    path.write_bytes(path.read_bytes()[:keep])


BROKEN = {
    "is empty": lambda path: path.write_bytes(b""),
    "holds no sound": lambda path: write_wav(path, np.zeros((0, 1))),
    "is not a WAV file": lambda path: path.write_bytes(b"ID3\4 an mp3 by another name" * 50),
    "not a WAV file that can be read, or is damaged": lambda path: cut(path, 30),
    "is cut off": lambda path: cut(path, 9000),
    "is cut off before its end": lambda path: cut(path, 44 + 16000 - 2),  # one sample
    "is cut off before": lambda path: write_chunks(path, promised=4000),  # and the file's size fits
    "compressed": lambda path: write_chunks(path, audio_format=2, bits=4),  # ADPCM
    "compressed sound, which": lambda path: write_chunks(path, audio_format=0x55, bits=8),  # MP3
    "plain PCM": lambda path: write_chunks(path, audio_format=7, bits=8),  # mu-law
    "says that it has 0 samples a second": lambda path: write_chunks(path, rate=0),
    "4,294,967,295 samples a second": lambda path: floats_with_rate(path, 2**32 - 1),
    "damaged": lambda path: write_chunks(path, channels=0),
    "damaged; replace": lambda path: write_chunks(path, bits=0),
    "or is damaged": lambda path: write_chunks(path, channels=2, data=bytes(2002)),
    "not numbers": lambda path: floats(path, float("nan")),
    "values that are not numbers": lambda path: floats(path, float("inf")),
    "is a folder": lambda path: path.mkdir(),
    "does not exist": lambda path: None,
}


def floats_with_rate(path, rate):
    floats(path)
    content = bytearray(path.read_bytes())
    content[24:28] = struct.pack("<I", rate)
    path.write_bytes(content)


@pytest.mark.parametrize("said", BROKEN)
def test_broken_files_are_refused_in_one_sentence(said, tmp_path, recwarn):
    path = tmp_path / "broken.wav"
    BROKEN[said](path)
    with pytest.raises(DataError, match=said) as caught:
        tones.read_sound(path)
    sentence = str(caught.value)
    assert sentence.startswith(str(path))
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert not recwarn.list


@pytest.mark.skipif(os.name == "nt" or not os.geteuid(), reason="this user may read every file")
def test_a_file_that_may_not_be_read_is_refused(tmp_path):
    path = write_wav(tmp_path / "a.wav", tone(440))
    path.chmod(0)
    with pytest.raises(DataError, match="may not be read"):
        tones.read_sound(path)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 300), st.binary(min_size=1, max_size=6))
def test_any_damage_gives_a_sound_or_a_sentence(at, damage):
    path = BYTES["folder"] / "fuzzed.wav"
    content = bytearray(BYTES["content"])
    content[at : at + len(damage)] = damage
    path.write_bytes(content)
    try:
        sound = tones.read_sound(path, 0.01)
    except DataError as error:
        assert "\n" not in str(error)
    else:
        assert sound.shape == (80,)
        assert np.abs(sound).max() <= 1


BYTES = {}


@pytest.fixture(autouse=True, scope="module")
def _a_file_to_damage(tmp_path_factory):
    BYTES["folder"] = tmp_path_factory.mktemp("fuzz")
    BYTES["content"] = write_wav(BYTES["folder"] / "whole.wav", tone(440, seconds=0.1)).read_bytes()


# Folders


def collection(folder, **counts):
    """Class folders with that many WAV files, each of a value that tells class and number, and a click."""
    for place, (name, count) in enumerate(counts.items()):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            value = (place * 100 + number) / 1000
            write_wav(folder / name / f"{number}.wav", np.append(np.full(399, value), value - 0.5))
    return folder


def contents(part):
    """{label: sorted values} of what `collection` wrote."""
    return {
        label: sorted(round(1000 * float(x[0])) for x in part[0][part[1] == label])
        for label in np.unique(part[1]).tolist()
    }


def test_class_folders_are_split_by_class_and_always_the_same(tmp_path, capsys):
    folder = collection(tmp_path, meow=10, bark=20)
    (folder / "bark" / "notes.txt").write_text("no sound")
    (folder / "bark" / "._0.wav").write_bytes(b"what macOS leaves")
    (folder / "nothing").mkdir()
    source = tones.locate(str(folder))
    assert (source.name, source.path) == ("sounds", folder)
    assert tones.class_names(source) == ("bark", "meow")
    train, test = tones.load_data(source, seconds=0.05, seed=0)
    assert "24 to train on and 6 to test on" in capsys.readouterr().out
    assert [len(values) for values in contents(test).values()] == [4, 2]
    assert {label: sorted(contents(train)[label] + contents(test)[label]) for label in (0, 1)} == {
        0: [*range(100, 120)],
        1: [*range(10)],
    }
    assert train[0].dtype == np.float32
    assert train[1].dtype == np.int64
    assert np.count_nonzero(np.diff(train[1])) > 3  # in random order: the last 15 % are to validate on
    again = tones.load_data(folder, seconds=0.05, seed=1)
    np.testing.assert_array_equal(again[0][0], train[0])


def test_train_and_test_folders_are_taken_as_they_are(tmp_path):
    collection(tmp_path / "train", a=6, b=6)
    collection(tmp_path / "test", none=0, b=1, a=2)
    train, test = tones.load_data(tmp_path, seconds=0.05)
    assert tones.class_names(tmp_path) == ("a", "b")
    assert contents(train) == {0: [*range(6)], 1: [*range(101, 106)]}  # 100 is also a test sound
    assert contents(test) == {0: [200, 201], 1: [100]}


def test_classes_named_train_and_test_are_classes(tmp_path):
    collection(tmp_path, train=5, test=5)
    assert tones.class_names(tmp_path) == ("test", "train")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: None, "has no sounds in class folders"),
        (lambda folder: write_wav(folder / "loose.wav", tone(440)), "has no sounds in class folders"),
        (lambda folder: collection(folder, bark=9), "one class only, 'bark'"),
        (lambda folder: collection(folder, bark=9, meow=4), "needs 5 sounds or more; 'meow' has 4"),
        (
            lambda folder: (collection(folder / "train", a=5, b=5), collection(folder / "test", c=1)),
            "it has 'c'",
        ),
        (
            lambda folder: (collection(folder / "train", a=5, b=5), collection(folder / "test", a=0)),
            "it has no sounds in class folders",
        ),
        (
            lambda folder: (collection(folder, a=5, b=5) / "b" / "3.wav").write_bytes(b"RIFF"),
            "3.wav is not a WAV file",
        ),
    ],
)
def test_folders_that_cannot_be_used_are_refused_in_one_sentence(make, said, tmp_path):
    make(tmp_path)
    with pytest.raises(DataError, match=said) as caught:
        tones.load_data(tmp_path, seconds=0.05)
    assert str(tmp_path) in str(caught.value)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_a_path_that_is_no_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="nowhere does not exist; name a folder"):
        tones.locate(tmp_path / "nowhere")
    with pytest.raises(DataError, match="is a file, not a folder"):
        tones.locate(write_wav(tmp_path / "a.wav", tone(440)))


def test_auto_is_generated_whatever_the_users_folder_holds(tmp_path, monkeypatch):
    monkeypatch.setenv("GLASS_ZOO_DATA", str(tmp_path))
    for data in "auto", "embedded":
        source = tones.locate(data)
        assert (source.name, source.path) == ("embedded", None)
        assert tones.class_names(data) == tones.CLASS_NAMES


@pytest.mark.parametrize("size", [50_000_000_000, 700_000_001])
def test_a_file_of_more_than_an_hour_is_refused_unread(tmp_path, size):
    path = tmp_path / "long.wav"
    write_wav(path, np.zeros(100))
    with path.open("rb+") as file:
        file.truncate(size)
    with pytest.raises(DataError, match=f"has {size:,} bytes where at most 700,000,000 are taken"):
        tones.read_sound(path)


def test_a_long_sound_is_converted_only_as_far_as_it_is_used(tmp_path):
    path = tmp_path / "long.wav"
    write_chunks(path, data=np.arange(2_000_000, dtype="<i2").tobytes())
    tracemalloc.start()
    sound = tones.read_sound(path, hertz=HERTZ)
    memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_allclose(sound, np.arange(HERTZ, dtype="int16") / 2**15, atol=1e-6)
    assert memory < 10_000_000  # 8 MB of samples take 16 MB as doubles


def test_a_value_that_is_no_number_is_found_wherever_it_is(tmp_path):
    values = np.zeros(5 * HERTZ, "float32")
    values[-1] = np.nan
    wavfile.write(tmp_path / "late.wav", HERTZ, values)
    with pytest.raises(DataError, match="not numbers"):
        tones.read_sound(tmp_path / "late.wav", 1.0)
