"""Mirrored, turned and cropped copies are found, and kept on one side of the split."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from sklearn.datasets import load_sample_image

from datasets import Photos, digits, photos
from datasets.photos import alignment, copies, duplicates, pixels, views
from datasets.photos.locating import find

TURNS = Image.Transpose
CHANGES = {
    "mirrored": lambda image, random: image.transpose(TURNS.FLIP_LEFT_RIGHT),
    "turned by 90": lambda image, random: image.transpose(TURNS.ROTATE_90),
    "turned by 180": lambda image, random: image.transpose(TURNS.ROTATE_180),
    "turned by 270": lambda image, random: image.transpose(TURNS.ROTATE_270),
    "cropped": lambda image, random: cropped(image, random),
}


def cropped(image, random, share=0.85):
    width, height = (round(share * side) for side in image.size)
    left, top = random.integers(0, image.width - width + 1), random.integers(0, image.height - height + 1)
    return image.crop((left, top, left + width, top + height))


def packed(image, quality=75, light=1.1):
    """A JPEG file, a little brighter."""
    buffer = io.BytesIO()
    ImageEnhance.Brightness(image.convert("RGB")).enhance(light).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def thumbnails(contents, size):
    return np.array([duplicates.fingerprint(pixels.decode(content, size).pixels)[1] for content in contents])


def tiles():
    """Seventeen pictures: tiles of two real photos that do not overlap, without plain sky and blur."""
    for name, places in (("china.jpg", (1, 2, *range(5, 15))), ("flower.jpg", (6, 7, 8, 11, 12))):
        photo = Image.fromarray(load_sample_image(name))
        for place in places:
            left, top = 128 * (place % 5), 140 * (place // 5)
            yield photo.crop((left, top, left + 128, top + 120))


@pytest.mark.parametrize("change", CHANGES)
def test_changed_copies_are_found_and_named(change):
    random, originals = np.random.default_rng(0), list(tiles())
    changed = [packed(CHANGES[change](image, random)) for image in originals]
    every = thumbnails([packed(image, 90, 1) for image in originals] + changed, 96)
    found = copies.copies(every)
    kinds = dict(zip(map(tuple, found.pairs.tolist()), found.kinds, strict=True))
    own = [kinds.get((n, n + len(originals))) for n in range(len(originals))]
    assert own.count(change.split()[0]) >= 0.9 * len(originals)
    assert len(kinds) - sum(kind is not None for kind in own) <= 1  # others that are alike


@pytest.mark.parametrize("turns", range(8))
def test_frequencies_are_oriented_as_pictures_are(turns):
    picture = np.random.default_rng(0).integers(0, 256, (1, 32, 32), "uint8")
    each = np.array([turns], "uint8")
    expected = views.coefficients(views.turned(picture, each), middle=True)[:, 0]
    found = views.oriented(views.coefficients(picture, middle=True)[:, 0], each)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_frequencies_of_a_part_are_those_of_its_pixels():
    grid = np.arange(32) / 32
    smooth = np.round(127 + 60 * np.cos(5 * grid)[:, None] + 50 * np.sin(4 * grid)[None]).astype("uint8")
    left, top, side = views.parts()[40]
    fine = np.repeat(np.repeat(smooth, 64, 0), 64, 1).astype(float) - smooth.mean()
    x0, y0, width = (round(2048 * value) for value in (left, top, side))
    part = fine[y0 : y0 + width, x0 : x0 + width]
    waves = np.cos(np.pi * np.arange(8)[:, None] * (np.arange(width) + 0.5) / width) / width
    found = views.coefficients(smooth[None])[0, 40].reshape(8, 8)
    np.testing.assert_allclose(found, waves @ part @ waves.T, atol=0.1)


def test_a_part_is_found_where_it_is():
    random = np.random.default_rng(0)
    scene = Image.fromarray(random.integers(0, 256, (12, 12), "uint8")).resize((640, 640), Image.BICUBIC)
    small = [np.asarray(each.resize((32, 32), Image.BOX)) for each in (scene, scene.crop((64, 32, 624, 592)))]
    near = np.array([[0.12, 0.04, 0.9]])
    agree, boxes = alignment.aligned(small[0][None], small[1][None], near)
    np.testing.assert_allclose(boxes, [[0.1, 0.05, 0.875]], atol=0.015)
    assert agree[0] > 0.9 > alignment.correlations(small[0][None] * 1.0, small[1][None] * 1.0, near)[0]


@pytest.mark.parametrize("look", ["the same", "alike"])
def test_crowds_are_not_compared_each_with_each(look):
    random = np.random.default_rng(0)
    if look == "alike":
        (images, _), _ = digits.load_data("embedded")
        pictures = np.array(
            [np.asarray(Image.fromarray(image).resize((32, 32))) for image in images[:400, ..., 0]]
        )
    else:
        pictures = np.tile(random.integers(0, 256, (1, 32, 32), "uint8"), (400, 1, 1))
    judged = sum(map(len, copies._candidates(pictures, len(pictures))))
    assert judged <= copies.MOST * 400
    if look == "the same":  # nevertheless all are one group
        found = copies.copies(pictures)
        assert set(duplicates.groups(400, found.pairs).tolist()) == {0}


@pytest.mark.slow
def test_parts_that_are_looked_up_some_at_a_time_give_the_same_copies(monkeypatch):
    random = np.random.default_rng(0)
    (images, _), _ = digits.load_data("embedded")
    pictures = [np.asarray(Image.fromarray(image).resize((32, 32))) for image in images[:150, ..., 0]]
    for image in tiles():
        pictures += thumbnails([packed(change(image, random)) for change in CHANGES.values()], 96).tolist()
    pictures = np.array(pictures, "uint8")
    at_once = list(copies._candidates(pictures, len(pictures)))
    whole = copies.copies(pictures)
    monkeypatch.setattr(copies, "LOOKED_UP", 60)  # of 20,210 parts, so that some lie at every bound
    some = list(copies._candidates(pictures, len(pictures)))
    assert len(whole.pairs) > 60 and np.array_equal(np.concatenate(some), np.concatenate(at_once))
    found = copies.copies(pictures)
    assert np.array_equal(found.pairs, whole.pairs) and found.kinds == whole.kinds


def write(top, **folders):
    for name, images in folders.items():
        folder = top / name.replace("__", "/")
        folder.mkdir(parents=True)
        for number, image in enumerate(images):
            (folder / f"{number:02}.jpg").write_bytes(
                image if isinstance(image, bytes) else packed(image, 90, 1)
            )
    return top


def mirrored(image):
    return packed(image.transpose(TURNS.FLIP_LEFT_RIGHT))


def finding(checked, what):
    return next((each for each in checked.findings if each.what == what), None)


def test_changed_copies_stay_in_one_part_and_are_told(tmp_path):
    random, images = np.random.default_rng(0), list(tiles())
    changed = [packed(change(images[n], random)) for n, change in enumerate(CHANGES.values())]
    write(tmp_path, ants=[*images[:9], *changed], bees=images[9:])
    for seed in range(3):
        checked = Photos.check(tmp_path, 96, seed=seed)
        part = dict(zip(checked.files, checked.parts, strict=True))
        for number in range(len(changed)):
            assert part[f"ants/{number:02}.jpg"] == part[f"ants/{number + 9:02}.jpg"]
    assert checked.quarantine == []
    assert finding(checked, "near duplicates") is None
    assert finding(checked, "mirrored copies").files == ["ants/00.jpg", "ants/09.jpg"]
    assert len(finding(checked, "turned copies").files) == 6
    assert finding(checked, "cropped copies").files == ["ants/04.jpg", "ants/13.jpg"]
    assert finding(checked, "cropped copies").action == "kept in one part"


def test_changed_copies_across_the_users_split_leave_train(tmp_path):
    images = list(tiles())
    write(
        tmp_path, train__ants=images[:8], train__bees=images[8:15],
        test__ants=[mirrored(images[2])], test__bees=[images[16]],
    )  # fmt: skip
    checked = Photos.check(tmp_path, 96)
    reason = "is the same photo as test/ants/00.jpg, mirrored, which is in the test part"
    assert checked.quarantine == [("train/ants/02.jpg", reason)]


def test_classes_may_differ_by_direction_but_not_by_a_crop(tmp_path):
    random, images = np.random.default_rng(0), list(tiles())
    crop = packed(cropped(images[5], random))
    write(tmp_path, left=images[:9], right=[*images[9:], mirrored(images[0]), crop])
    checked = Photos.check(tmp_path, 96)
    told = finding(checked, "mirrored or turned, in two classes")
    assert told.files == ["left/00.jpg", "right/08.jpg"]
    assert [name for name, _ in checked.quarantine] == ["left/05.jpg", "right/09.jpg"]


def files_of(data, most):
    source = photos.locate(data)
    used = set(Photos.check(source, 64).files)
    files = [
        file.read() for file in find(source.path).found if file.name in used and file.name[-4:] == ".jpg"
    ]
    return files[:: max(1, len(files) // most)]


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("name", "size"), [("ants_bees.tar", 224), ("small_photos.tar", 32)])
def test_changed_copies_of_real_photos_are_found(ants_folder, name, size, change):
    random, contents = np.random.default_rng(0), files_of(ants_folder.parent / name, 400)
    images = [Image.open(io.BytesIO(content)).convert("RGB") for content in contents]
    every = thumbnails([*contents, *(packed(CHANGES[change](image, random)) for image in images)], size)
    found = {tuple(pair) for pair in copies.copies(every, duplicates._usual(every)).pairs.tolist()}
    own = {(n, n + len(contents)) for n in range(len(contents))}
    assert len(own & found) >= (0.9 if change == "cropped" else 0.95) * len(own)
    originals = {pair for pair in found if pair[1] < len(contents)}
    assert len(originals) <= 0.01 * len(contents)  # which are photos that come twice, or nearly so
