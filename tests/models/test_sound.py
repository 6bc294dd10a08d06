"""The network that hears: its spectrograms against SciPy and NumPy, and what it promises of loudness."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from scipy import signal

from datasets import tones
from models import SoundConvNet


def sounds(count, samples, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, samples))


@pytest.mark.parametrize("samples", [8000, 8100, 4095])
def test_stft_is_scipys(samples):
    x = sounds(2, samples)
    settings = SoundConvNet((samples,)).get_layer("spectrogram").get_config()
    layer = keras.layers.STFTSpectrogram.from_config(settings | {"dtype": "float64"})
    ours = np.exp(keras.ops.convert_to_numpy(layer(x[..., None])))[..., 0]  # (n, time, frequency)
    window = np.hanning(256)
    complex_values = signal.stft(
        x, window=window, nperseg=256, noverlap=128, boundary=None, padded=False, scaling="spectrum"
    )[2]  # it divides by the window's sum; the layer by the root of the sum of its squares
    theirs = np.abs(complex_values) * window.sum() / np.sqrt((window**2).sum())
    floor = np.sqrt(1e-7)  # nothing is fainter: -70 dB
    np.testing.assert_allclose(ours, np.maximum(floor, theirs.swapaxes(1, 2)), rtol=1e-6)


def test_picture_shows_low_frequencies_first_and_time_from_left_to_right():
    """A tone of 1000 Hz in the second half: row 1000 / 31.25 is the brightest there, and only there."""
    time = np.arange(8000) / 8000
    x = (np.sin(2 * np.pi * 1000 * time) * (time > 0.5))[None].astype("float32")
    for spectrogram, row in ("stft", 32), ("mel", None):
        model = SoundConvNet(spectrogram=spectrogram)
        picture = keras.Model(model.inputs[0], model.get_layer("normalise").output)(x)[0, ..., 0].numpy()
        assert picture.mean() == pytest.approx(0, abs=1e-3)
        assert picture.std() == pytest.approx(1, abs=1e-2)
        loud = picture.max(0) > picture.mean()
        assert not loud[:25].any()
        assert loud[35:].all()
        brightest = picture[:, 35:].argmax(0)
        if row:
            assert (brightest == row).all()
        else:  # band b is centred on (b + 1) / 65 of the way from 20 to 4000 Hz, in mel
            mel = 2595 * np.log10(1 + np.array([20, 1000, 4000]) / 700)
            assert np.abs(brightest - (65 * (mel[1] - mel[0]) / (mel[2] - mel[0]) - 1)).max() < 1


def test_mel_is_numpys():
    """A frame in the middle: power of the windowed FFT, then triangles on the mel scale, in decibels."""
    x = sounds(1, 8000)
    layer = SoundConvNet(spectrogram="mel").get_layer("spectrogram")  # Keras's fails with 64 bits
    ours = keras.ops.convert_to_numpy(layer(x))[0, :, 30]
    # Frame 30 is centred on sample 30 * 128 and as wide as an FFT: the window sits in its middle
    frame = x[0, 30 * 128 - 256 : 30 * 128 + 256] * np.pad(signal.windows.hann(256, sym=False), 128)
    power = np.abs(np.fft.rfft(frame)) ** 2
    mel = 1127 * np.log(1 + np.linspace(0, 4000, 257) / 700)
    low, high = 1127 * np.log(1 + np.array([20, 4000]) / 700)
    edges = np.linspace(low, high, 66)
    triangles = np.stack([np.interp(mel, edges[b : b + 3], [0, 1, 0]) for b in range(64)])
    np.testing.assert_allclose(ours, 10 * np.log10(triangles @ power), atol=0.01)


@pytest.mark.parametrize("spectrogram", ["stft", "mel"])
def test_an_answer_depends_on_neither_loudness_nor_neighbours(spectrogram):
    keras.utils.set_random_seed(0)
    model = SoundConvNet(spectrogram=spectrogram)
    x = sounds(3, 8000).astype("float32")
    answers = model(x).numpy()
    assert answers.std(1).min() > 1e-3  # so that there is something to compare
    np.testing.assert_allclose(model(x / 20), answers, atol=2e-3)
    np.testing.assert_allclose(model(x[:1]), answers[:1], atol=1e-5)
    hushed = np.concatenate([1e-3 * x[:1], 100 * x[1:]])  # beside sounds that are 100 dB louder
    np.testing.assert_allclose(model(hushed)[:1], model(hushed[:1]), atol=1e-5)


@pytest.mark.parametrize("spectrogram", ["stft", "mel"])
def test_silence_gets_probabilities(spectrogram):
    probabilities = SoundConvNet(spectrogram=spectrogram)(np.zeros((1, 8000), "float32")).numpy()
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_the_spectrogram_does_not_train_and_the_rest_does():
    model = SoundConvNet((2560,), classes=2)
    before = {weight.path: weight.numpy() for weight in model.weights}
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    model.fit(sounds(4, 2560).astype("float32"), np.array([0, 1, 0, 1]), verbose=0)
    for weight in model.weights:
        same = np.array_equal(before[weight.path], weight.numpy())
        assert same == weight.path.startswith("spectrogram"), weight.path
    trained = (9 * 7 + 1) * 8 + (9 * 8 + 1) * 16 + (9 * 16 + 1) * 32 + 33 * 2
    assert sum(weight.numpy().size for weight in model.trainable_weights) == trained


def test_mel_trains_the_same_way_twice():
    """One tone of each kind, a few steps: the FFT of the layer must give the same digits again."""
    (x, y), _ = tones.load_data(train=10, test=1, seconds=0.5)
    runs = []
    for _ in range(2):
        keras.utils.set_random_seed(0)
        model = SoundConvNet((4000,), spectrogram="mel")
        model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=True)
        runs.append(model.fit(x, y, epochs=2, verbose=0).history["loss"])
    assert runs[0] == runs[1]


LOAD = """
import sys, tutorials.lesson.command, keras, numpy as np
for name in "stft", "mel":
    model = keras.saving.load_model(f"{sys.argv[1]}/{name}.keras", safe_mode=True)
    np.save(f"{sys.argv[1]}/{name}.npy", model(np.load(f"{sys.argv[1]}/x.npy")))
"""


@pytest.mark.slow
def test_a_new_process_loads_both_and_answers_the_same(root, tmp_path):
    x = sounds(2, 8000).astype("float32")
    np.save(tmp_path / "x.npy", x)
    answers = {}
    for name in "stft", "mel":
        model = SoundConvNet(spectrogram=name)
        model.save(tmp_path / f"{name}.keras")
        answers[name] = model(x)
    subprocess.run([sys.executable, "-c", LOAD, tmp_path], cwd=root, check=True)
    for name, expected in answers.items():
        np.testing.assert_allclose(np.load(tmp_path / f"{name}.npy"), expected, atol=1e-6)
