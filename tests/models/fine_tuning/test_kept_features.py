"""Features of thousands of photos: computed in pieces, kept, and resumed after a kill."""

import gc
import signal
import subprocess
import sys
import weakref

import keras
import numpy as np
import pytest

from models import Backbone
from models.fine_tuning import linear_probe, multi_scale
from models.fine_tuning.multi_scale import any_size, multi_scale_features


class Pixels:
    """Squares that count how many of them were asked for."""

    def __init__(self, folder, count=40, size=64):
        self.squares = np.random.default_rng(0).integers(0, 256, (count, size, size, 3), "uint8")
        self.digests, self.folder, self.asked = [bytes([n]) for n in range(count)], folder, 0
        self.given = []

    def __getitem__(self, rows):
        self.asked += len(rows)
        found = self.squares[rows]
        self.given.append(weakref.ref(found))
        return found


@pytest.fixture(scope="module")
def backbone():
    keras.utils.set_random_seed(0)
    return any_size(Backbone("mobilenet_025", weights=None))


def test_what_was_kept_is_not_computed_again(backbone, tmp_path, monkeypatch):
    whole = multi_scale_features(backbone, Pixels(None).squares, np.arange(40), (32, 64))
    monkeypatch.setattr(multi_scale, "CHUNK", 16)
    pixels = Pixels(tmp_path)
    pieces = multi_scale_features(backbone, pixels, np.arange(40), (32, 64))
    assert pixels.asked == 40  # once for both sizes
    for size in whole:
        np.testing.assert_array_equal(pieces[size], whole[size])
    second = sorted(tmp_path.iterdir())[1]
    second.write_bytes(second.read_bytes()[:-5])
    pixels = Pixels(tmp_path)
    again = multi_scale_features(backbone, pixels, np.arange(40), (32, 64))
    assert pixels.asked in (8, 16)
    for size in whole:
        np.testing.assert_array_equal(again[size], whole[size])
    pixels = Pixels(tmp_path)
    multi_scale_features(backbone, pixels, np.arange(40), (64,))  # other settings
    assert pixels.asked == 40


def test_pixels_do_not_stay_in_memory(backbone, monkeypatch):
    """TensorFlow keeps what `predict` was given as a generator: all pixels of thousands of photos."""
    monkeypatch.setattr(multi_scale, "CHUNK", 16)
    pixels = Pixels(None)
    multi_scale_features(backbone, pixels, np.arange(40), (32, 64))
    gc.collect()
    assert [given() for given in pixels.given] == [None] * 3


def test_features_of_many_photos_take_half_the_space(monkeypatch, tmp_path):
    backbone = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(256, 5, 4)])
    pixels = Pixels(None).squares
    whole = multi_scale_features(backbone, pixels, np.arange(40), (64,))[64]
    monkeypatch.setattr(multi_scale, "MANY", 39)
    half = multi_scale_features(backbone, pixels, np.arange(40), (64,))[64]
    assert half.dtype == "float16"
    np.testing.assert_allclose(half, whole, rtol=1e-3, atol=1e-3)
    kept, again = (multi_scale_features(backbone, Pixels(tmp_path), np.arange(40), (64,)) for _ in range(2))
    np.testing.assert_array_equal(kept[64], half)
    np.testing.assert_array_equal(again[64], half)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 1.1 * half.nbytes


def test_a_part_of_many_examples_chooses_the_regularization(monkeypatch):
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [500, 100, 4])
    features = random.normal(size=(604, 5)) + labels[:, None]
    whole = linear_probe.fit_linear_probe(features, labels, 3)
    monkeypatch.setattr(linear_probe, "MANY", 300)
    some = linear_probe._some(labels, seed=0)
    assert np.bincount(labels[some]).tolist() == [249, 50, 4] and len(set(some.tolist())) == len(some)
    probe = linear_probe.fit_linear_probe(features, labels, 3)
    assert probe.out_of_fold.shape == whole.out_of_fold.shape
    agree = np.mean(probe.out_of_fold.argmax(-1) == whole.out_of_fold.argmax(-1))
    assert agree > 0.95 and 0.1 < probe.strength / whole.strength < 10


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from datasets import Photos
from models import PhotoClassifier
from models.fine_tuning import kept_features, multi_scale
multi_scale.CHUNK, left, write = 16, int(sys.argv[4]), kept_features.replace_file
def dying(path, content):
    global left
    left -= 1
    if left < 0:
        path.with_name(path.name + ".draft").write_bytes(content[:100])
        os.kill(os.getpid(), signal.SIGKILL)
    write(path, content)
kept_features.replace_file = dying
photos = Photos.check(sys.argv[2], 32, checkpoint=sys.argv[3])
classifier = PhotoClassifier("mobilenet_025", None).fit(photos, effort="quick")
print("RESULT", photos.fingerprint, classifier.cross_validation_.probabilities.tobytes().hex())
"""


@pytest.mark.long
@pytest.mark.slow
def test_a_killed_extraction_gives_the_same_classifier(tmp_path, root):
    from datasets import digits

    digits.save_photos(tmp_path / "data", examples=10)

    def result(folder, writes):
        command = [sys.executable, "-c", KILLED, root, tmp_path / "data", tmp_path / folder, writes]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
        return done.returncode, lines

    code, whole = result("whole", 10_000)
    assert code == 0 and len(whole) == 1
    for writes in (0, 1, 3):
        assert result("killed", writes) == (-signal.SIGKILL, [])
    assert result("killed", 10_000) == (0, whole)
