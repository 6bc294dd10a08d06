"""Copies of a photo are found whatever became of them; what only looks alike is left alone."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from scipy import ndimage
from sklearn.datasets import load_sample_image

from datasets import digits
from datasets.photos import duplicates, near, pixels

SIZE = 96


def scenes():
    """Forty different pictures of detail: windows on two real photos."""
    random = np.random.default_rng(0)
    for name in "china.jpg", "flower.jpg":
        photo = Image.fromarray(load_sample_image(name))
        for _ in range(20):
            side = int(random.integers(120, 260))
            left, top = random.integers(0, 640 - side), random.integers(0, 427 - side)
            yield photo.crop((left, top, left + side, top + side))


def saved(image, kind="JPEG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return pixels.decode(buffer.getvalue(), SIZE).pixels


def found(pictures):
    hashes, thumbnails = map(np.array, zip(*map(duplicates.fingerprint, pictures), strict=True))
    return {tuple(pair) for pair in duplicates.pairs(hashes, thumbnails).tolist()}


CHANGES = {
    "packed tighter": lambda image: saved(image, quality=20),
    "made smaller": lambda image: saved(image.reduce(2), quality=80),
    "another format": lambda image: saved(image, "WEBP", quality=70),
    "few colours": lambda image: saved(image, "GIF"),
    "brighter": lambda image: saved(ImageEnhance.Brightness(image).enhance(1.2)),
    "more contrast": lambda image: saved(ImageEnhance.Contrast(image).enhance(1.2)),
    "grey": lambda image: saved(image.convert("L")),
}


@pytest.fixture(scope="module")
def originals():
    return list(scenes())


@pytest.mark.parametrize(
    "change",
    [pytest.param(name, marks=pytest.mark.slow if name == "few colours" else ()) for name in CHANGES],
)
def test_a_copy_is_found_and_no_other_photo(originals, change):
    pictures = [saved(image, quality=90) for image in originals]
    pictures += [CHANGES[change](image) for image in originals]
    own, pairs = {(n, n + len(originals)) for n in range(len(originals))}, found(pictures)
    assert len(own & pairs) >= 0.95 * len(own)
    windows = {pair for pair in pairs - own if (pair[1] - pair[0]) % len(originals)}
    assert len(windows) <= 2  # of windows on one photo some nearly agree


def test_mirrored_and_turned_photos_are_no_copies(originals):
    pictures = [saved(image) for image in originals]
    for turn in Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180:
        pairs = found(pictures + [saved(image.transpose(turn)) for image in originals])
        assert not {(n, n + len(originals)) for n in range(len(originals))} & pairs


@pytest.mark.parametrize("kind", ["skies", "nights"])
def test_plain_skies_and_dark_pictures_are_not_alike(kind):
    random = np.random.default_rng(0)
    down = np.linspace(0, 1, SIZE)[:, None, None]
    pictures = []
    for _ in range(60):
        colour = (
            random.uniform((90, 140, 200), (120, 170, 250)) if kind == "skies" else random.uniform(2, 9, 3)
        )
        light = 1 + random.uniform(0.1, 0.3) * down + np.zeros((1, SIZE, 1))
        noise = random.normal(0, random.uniform(0.3, 3), (SIZE, SIZE, 1))
        pictures.append(np.clip(colour * light + noise, 0, 255).astype("uint8"))
    assert found(pictures) == set()
    again = [saved(Image.fromarray(picture), quality=95) for picture in pictures]
    assert {(first, second) for first, second in found(pictures + again) if second != first + 60} == set()


def test_scanned_digits_are_not_copies_of_each_other_even_when_enlarged(capsys):
    (images, _), (more, _) = digits.load_data("embedded")
    images = np.concatenate([images, more])[::2, ..., 0]
    pictures = [
        np.repeat(np.asarray(Image.fromarray(image).resize((SIZE, SIZE)))[..., None], 3, -1)
        for image in images
    ]
    assert len(found(pictures)) <= 1
    again = [saved(Image.fromarray(picture), quality=80) for picture in pictures[:50]]
    own = {(n, n + len(pictures)) for n in range(50)}
    assert len(own & found(pictures + again)) >= 45


def test_groups_are_what_pairs_connect():
    edges = np.array([[0, 3], [3, 5], [1, 2]])
    groups = near.groups(7, edges)
    assert groups[0] == groups[3] == groups[5]
    assert groups[1] == groups[2]
    assert len(set(groups)) == 4
    assert len(set(near.groups(4, np.empty((0, 2), int)))) == 4
    assert duplicates.pairs(np.zeros((1, 64), bool), np.zeros((1, 32, 32), "uint8")).shape == (0, 2)


def test_many_pictures_of_one_look_take_no_more_memory_than_few():
    hashes = np.zeros((3000, 64), bool)
    thumbnails = np.random.default_rng(0).integers(0, 256, (3000, 32, 32), "uint8")
    assert len(duplicates.pairs(hashes, thumbnails)) == 0


def test_details_are_what_a_gaussian_filter_leaves():
    thumbnails = np.random.default_rng(0).integers(0, 256, (3, 32, 32), "uint8")
    expected = thumbnails - ndimage.gaussian_filter(thumbnails.astype("float64"), (0, 2, 2))
    expected = expected.reshape(3, -1) / np.linalg.norm(expected.reshape(3, -1), axis=1, keepdims=True)
    np.testing.assert_allclose(duplicates._detail(thumbnails), expected, atol=1e-6)
