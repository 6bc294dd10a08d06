"""Faults planted in real files: each is found by the check, said, and the right thing is done."""

import io

import numpy as np
import pytest
from PIL import Image

from datasets import Photos, photos

SIZE = 64


def photograph(number, size=(160, 120)):
    """A scene with fine details, as a camera's photo has."""
    random = np.random.default_rng(number)
    coarse = Image.fromarray(random.integers(0, 256, (6, 8, 3), "uint8"))
    smooth = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), "float32")
    return Image.fromarray((smooth + random.normal(0, 6, smooth.shape)).clip(0, 255).astype("uint8"))


def saved(image, kind="JPEG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture
def zoo(tmp_path):
    """A folder of 40 photos without faults."""
    for number in range(40):
        label = ("ants", "bees")[number % 2]
        (tmp_path / label).mkdir(exist_ok=True)
        (tmp_path / label / f"{number:02}.jpg").write_bytes(saved(photograph(number)))
    return tmp_path


def findings(found):
    return {finding.what: finding.files for finding in found.findings}


def test_photos_without_faults_have_no_findings(zoo):
    found = Photos.check(zoo, SIZE)
    assert (found.findings, found.quarantine, found.notes) == ([], [], ())


def test_photos_cut_off_near_their_end_are_used(zoo):
    whole = {number: (zoo / "ants" / f"{number:02}.jpg").read_bytes() for number in (0, 2)}
    (zoo / "ants" / "00.jpg").write_bytes(whole[0][:-20])
    (zoo / "ants" / "02.jpg").write_bytes(whole[2][: len(whole[2]) // 2])
    found = Photos.check(zoo, SIZE)
    assert findings(found) == {"cut off near its end": ["ants/00.jpg"], "truncated": ["ants/02.jpg"]}
    assert found.quarantine == [("ants/02.jpg", "is cut off before its end, or damaged")]
    row = found.files.index("ants/00.jpg")
    np.testing.assert_array_equal(found.pixels[row], photos.read_square(zoo / "ants" / "00.jpg", SIZE))
    assert len(found.at(SIZE // 2)) == 39


def test_photos_of_12_bits_in_files_of_16_keep_their_brightness(zoo):
    for number in (0, 2):
        grey = np.asarray(photograph(number).convert("L"), "uint16") << 4
        Image.fromarray(grey).save(zoo / "ants" / f"{number:02}.png")
        (zoo / "ants" / f"{number:02}.jpg").unlink()
    found = Photos.check(zoo, SIZE)
    assert findings(found) == {"12-bit in 16-bit": ["ants/00.png", "ants/02.png"]}
    assert found.findings[0].action == "scaled by 4,095, not 65,535"
    for name, number in (("ants/00.png", 0), ("ants/02.png", 2)):
        seen = found.pixels[found.files.index(name)].mean()
        assert seen == pytest.approx(np.asarray(photograph(number).convert("L")).mean(), abs=15)
