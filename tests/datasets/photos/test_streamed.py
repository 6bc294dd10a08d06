"""Squares that are decoded when needed, and checks that were killed and go on: the same results as ever."""

import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from datasets import DataError, Photos
from datasets.photos import decoding, kept, pool
from datasets.photos.streamed import Streamed

SIZE = 48


@pytest.fixture
def folder(tmp_path):
    """60 photos of two classes, one of them in both, one damaged, one a mirrored copy."""
    random = np.random.default_rng(0)
    for number in range(60):
        noise = Image.fromarray(random.integers(0, 256, (8, 10, 3), "uint8"))
        place = tmp_path / "data" / ("ants", "bees")[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        noise.resize((100, 80), Image.Resampling.BICUBIC).save(place / f"{number:03}.png")
    data = tmp_path / "data"
    (data / "ants" / "copy.png").write_bytes((data / "bees" / "001.png").read_bytes())
    (data / "ants" / "damaged.png").write_bytes((data / "ants" / "002.png").read_bytes()[:300])
    Image.open(data / "bees" / "003.png").transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(
        data / "bees" / "m.png"
    )
    return data


def everything(photos):
    """All that a check finds, but the pixels."""
    return (
        photos.fingerprint, photos.split_table(), photos.quarantine, photos.findings, photos.notes,
        photos.sides.tolist(), photos.class_names,
    )  # fmt: skip


def test_pixels_are_the_same_whether_they_are_held_or_decoded_when_needed(folder, monkeypatch):
    held = Photos.check(folder, SIZE)
    monkeypatch.setattr(pool, "IN_MEMORY", 0)
    streamed = Photos.check(folder, SIZE)
    assert isinstance(held.pixels, np.ndarray) and isinstance(streamed.pixels, Streamed)
    assert everything(streamed) == everything(held)
    assert streamed.pixels.shape == held.pixels.shape and len(streamed.pixels) == len(held)
    mask = np.arange(len(held)) % 3 == 0
    for rows in (5, -1, slice(3, 9), [4, 2, 2], mask, np.array([], int), (slice(0, 2), slice(0, 8)), (3, 0)):
        np.testing.assert_array_equal(streamed.pixels[rows], held.pixels[rows])
    np.testing.assert_array_equal(np.asarray(streamed.pixels), held.pixels)
    for one in held, streamed:
        smaller = one.at(32)
        assert isinstance(smaller.pixels, Streamed)
        np.testing.assert_array_equal(smaller.pixels[:20], Photos.check(folder, 32).pixels[:20])
        assert smaller.fingerprint == held.fingerprint


def test_a_file_that_changed_since_the_check_is_noticed_when_it_is_needed(folder, monkeypatch):
    monkeypatch.setattr(pool, "IN_MEMORY", 0)
    photos = Photos.check(folder, SIZE)
    Image.new("RGB", (100, 80), "teal").save(folder / "ants" / "000.png")
    assert photos.files[0] == "ants/000.png"
    with pytest.raises(DataError, match="ants/000.png has changed since it was checked"):
        photos.pixels[:3]
    (folder / "ants" / "000.png").unlink()
    with pytest.raises(DataError, match="ants/000.png"):
        photos.at(32)


def decoded_by(monkeypatch, *arguments, **options):
    """`Photos.check`, and the names of the files that it decodes."""
    names, examine = [], decoding.examine

    def noting(file, *rest, **more):
        names.append(file.name)
        return examine(file, *rest, **more)

    monkeypatch.setattr(decoding, "examine", noting)
    photos = Photos.check(*arguments, **options)
    monkeypatch.setattr(decoding, "examine", examine)
    return photos, names


def test_a_second_check_decodes_only_what_has_changed(folder, tmp_path, monkeypatch):
    whole = Photos.check(folder, SIZE)
    first, names = decoded_by(monkeypatch, folder, SIZE, checkpoint=tmp_path / "kept")
    assert len(names) == 63 and everything(first) == everything(whole)
    again, names = decoded_by(monkeypatch, folder, SIZE, checkpoint=tmp_path / "kept")
    assert names == [] and everything(again) == everything(whole)
    Image.new("RGB", (90, 80), "teal").save(folder / "ants" / "004.png")
    changed, names = decoded_by(monkeypatch, folder, SIZE, checkpoint=tmp_path / "kept")
    assert names == ["ants/004.png"] and everything(changed) == everything(Photos.check(folder, SIZE))
    _, names = decoded_by(monkeypatch, folder, 32, checkpoint=tmp_path / "kept")
    assert len(names) == 63


@pytest.mark.parametrize("damage", [b"", b"\0" * 9 + b"\xff", b'{"made_by": "Glass Zoo"}\n{"name": 3}\n{}\n'])
def test_what_was_kept_may_be_damaged_anywhere(folder, tmp_path, damage):
    whole = Photos.check(folder, SIZE)
    Photos.check(folder, SIZE, checkpoint=tmp_path / "kept")
    (file,) = (tmp_path / "kept").iterdir()
    content = file.read_bytes()
    for place in (30, len(content) // 2):
        file.write_bytes(content[:place] + damage + content[place + 40 :])
        assert everything(Photos.check(folder, SIZE, checkpoint=tmp_path / "kept")) == everything(whole)
    (tmp_path / "in the way").write_text("")
    with pytest.raises(DataError, match="checkpoint="):
        Photos.check(folder, SIZE, checkpoint=tmp_path / "in the way")


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from datasets import Photos
from datasets.photos import decoding, kept
kept.AT_ONCE, left, examine = 10, int(sys.argv[4]), decoding.examine
def dying(*arguments, **options):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return examine(*arguments, **options)
decoding.examine = dying
Photos.check(sys.argv[2], int(sys.argv[5]), checkpoint=sys.argv[3])
"""


@pytest.mark.parametrize("moments", [(0, 15, 25), (59,)])
def test_a_killed_check_goes_on_where_it_was(folder, tmp_path, root, monkeypatch, moments):
    for count in moments:
        arguments = [root, folder, tmp_path / "kept", count, SIZE]
        killed = subprocess.run([sys.executable, "-c", KILLED, *map(str, arguments)], capture_output=True)
        assert killed.returncode == -signal.SIGKILL
    monkeypatch.setattr(kept, "AT_ONCE", 10)
    resumed, names = decoded_by(monkeypatch, folder, SIZE, checkpoint=tmp_path / "kept")
    assert 0 < len(names) <= 63 - sum(moments) + 20 * len(moments)
    assert everything(resumed) == everything(Photos.check(folder, SIZE))
