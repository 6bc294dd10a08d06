"""Faults planted in real files: each is found by the check, said, and the right thing is done."""

import functools
import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from datasets import Photos, photos
from datasets.photos import streams

SIZE = 64


@functools.cache
def photograph(number, size=(160, 120)):
    """A scene with details of every size, as a camera's photo has."""
    random, scene = np.random.default_rng(number), 0
    for share in (1, 2, 4, 8, 16):
        detail = Image.fromarray(random.integers(0, 256, (6 * share, 8 * share, 3), "uint8"))
        detail = np.asarray(detail.resize(size, Image.Resampling.BICUBIC), float) - 127
        scene = scene + detail / share**0.6
    return Image.fromarray((127 + scene / 1.5).clip(0, 255).astype("uint8"))


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


def changed(path, change):
    """Replace a photo by what a function makes of its pixels (float, from 0 to 255)."""
    pixels = change(np.asarray(Image.open(path).convert("RGB"), float)).clip(0, 255)
    path.write_bytes(saved(Image.fromarray(pixels.astype("uint8"))))


def plant(zoo, change, count=3):
    """Change some photos of ants; returns their names."""
    names = [f"ants/{2 * number:02}.jpg" for number in range(count)]
    for name in names:
        changed(zoo / name, change)
    return names


@pytest.mark.parametrize("gain", [0.2, 0.12, 0.06])
def test_very_dark_photos_are_used_and_marked(zoo, gain):
    names = plant(zoo, lambda pixels: gain * pixels)
    found = Photos.check(zoo, SIZE)
    assert (findings(found), found.quarantine) == ({"very dark": names}, [])
    assert "used" in found.findings[0].action


@pytest.mark.parametrize("gain", [0.1, 3])
def test_overexposed_photos_are_used_and_marked(zoo, gain):
    names = plant(zoo, lambda pixels: 250 + gain * (pixels - 100))
    found = Photos.check(zoo, SIZE)
    assert found.quarantine == []
    assert "very bright" not in findings(found) or set(findings(found)["very bright"]) <= set(names)
    if gain < 1:
        assert findings(found) == {"very bright": names}


def test_placeholders_are_set_aside_beside_dark_photos(zoo):
    plant(zoo, lambda pixels: 0.1 * pixels)
    for number, (ground, ink) in enumerate([("white", "black"), ("#dddddd", "#999999")]):
        image = Image.new("RGB", (200, 150), ground)
        ImageDraw.Draw(image).text((50, 70), "no image available", ink)
        image.save(zoo / "bees" / f"lost{number}.png")
    found = Photos.check(zoo, SIZE)
    assert findings(found)["placeholder"] == [f"bees/lost{number}.png" for number in range(2)]
    assert len(found.quarantine) == 2


def test_blur_and_noise_are_marked(zoo):
    blurred = [f"ants/{number:02}.jpg" for number in (0, 2)]
    for name in blurred:
        Image.open(zoo / name).filter(ImageFilter.GaussianBlur(8)).save(zoo / name)
    changed(
        zoo / "bees" / "01.jpg", lambda pixels: pixels + np.random.default_rng(0).normal(0, 60, pixels.shape)
    )
    (zoo / "bees" / "03.jpg").write_bytes(
        saved(Image.fromarray(np.random.default_rng(1).integers(0, 256, (120, 160, 3), "uint8")))
    )
    found = Photos.check(zoo, SIZE)
    assert findings(found) == {"noise": ["bees/01.jpg", "bees/03.jpg"], "blurred": blurred}
    assert len(found) == 40


def overwrite(content, number, count=400):
    """Random bytes in the place of some of a JPEG's pixels."""
    random, start = np.random.default_rng(number), content.rindex(b"\xff\xda") + 20
    place = random.integers(start, len(content) - count - 2)
    return content[:place] + random.bytes(count) + content[place + count :]


def test_overwritten_bytes_inside_a_jpeg_are_marked(zoo):
    names = [f"ants/{2 * number:02}.jpg" for number in range(10)]
    for number, name in enumerate(names):
        photograph(50 + number, (400, 300)).save(zoo / name, quality=90)
        (zoo / name).write_bytes(overwrite((zoo / name).read_bytes(), number))
    found = Photos.check(zoo, SIZE)
    damaged = {name for each in found.findings for name in each.files if name.endswith(".jpg")}
    assert damaged <= set(names)
    assert len(damaged) >= 9
    assert set(findings(found)["damaged inside"]) <= set(found.files)  # they are used


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"quality": 95, "subsampling": 0},
        {"progressive": True},
        {"optimize": True},
        {"restart_marker_blocks": 7},
        {"restart_marker_rows": 1},
        {"comment": b"\xff\xd8 a comment"},
    ],
)
@pytest.mark.parametrize(
    "size", [(160, 120), (8, 8), (33, 1), (1, 300), pytest.param((1400, 1100), marks=pytest.mark.slow)]
)
def test_sound_jpegs_of_any_kind_are_not_marked(options, size):
    for image in photograph(1, size), photograph(1, size).convert("L"), Image.new("RGB", size, "white"):
        assert not streams.is_damaged(saved(image, **options))
        assert not streams.is_damaged(saved(image, **options) + b"what cameras write after the end")
    assert not streams.is_damaged(saved(photograph(1, size), "PNG"))


def test_what_all_photos_have_is_no_fault(tmp_path):
    for number in range(40):
        page = Image.new("L", (90, 90), 255)
        ImageDraw.Draw(page).line(np.random.default_rng(number).integers(9, 80, 8).tolist(), 0, 2)
        place = tmp_path / ("ants", "bees")[number % 2] / f"{number}.png"
        place.parent.mkdir(exist_ok=True)
        page.save(place)
    assert findings(Photos.check(tmp_path, SIZE)) == {}


def test_panoramas_are_counted_with_what_is_seen_of_them(zoo):
    photograph(90, (1200, 100)).save(zoo / "ants" / "wide.jpg")
    photograph(91, (100, 400)).save(zoo / "bees" / "tall.jpg")
    photograph(92, (200, 100)).save(zoo / "bees" / "usual.jpg")
    found = Photos.check(zoo, SIZE)
    assert findings(found) == {"very wide or tall": ["ants/wide.jpg", "bees/tall.jpg"]}
    assert found.findings[0].action == "only the middle 8 to 25 % is seen"


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
