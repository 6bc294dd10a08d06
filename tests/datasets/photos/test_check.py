"""The steps of the check: which photos are rejected though they can be decoded, and which are not."""

import io
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PIL import Image, ImageDraw

from datasets import DataError, Photos, digits
from datasets.photos import pool
from datasets.photos.candidates import Candidate, Candidates, Facts
from datasets.photos.classes import reject_untrained_classes
from datasets.photos.duplicates import reject_duplicates
from datasets.photos.placeholders import reject_placeholders
from datasets.photos.split import split

SIZE = 64


def scene(number, size=(120, 90)):
    noise = np.random.default_rng(number).integers(0, 256, (6, 8, 3), "uint8")
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def folder(top, **classes):
    """Write images, one folder a class; "/" in names of classes is written "__"."""
    for place, (label, images) in enumerate(classes.items()):
        inner = top / label.replace("__", "/")
        inner.mkdir(parents=True, exist_ok=True)
        if isinstance(images, int):
            images = [scene(1000 * place + number) for number in range(images)]
        for number, image in enumerate(images):
            content = image if isinstance(image, bytes) else saved(image)
            (inner / f"{number:03}.png").write_bytes(content)
    return top


def saved(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def placeholder(text="image not found"):
    image = Image.new("RGB", (150, 150), (238, 238, 238))
    ImageDraw.Draw(image).text((20, 70), text, "grey")
    return image


def found(photos, what):
    return next((finding for finding in photos.findings if finding.what == what), None)


def aside(photos):
    return dict(photos.quarantine)


def test_placeholders_are_found_among_photos(tmp_path):
    (folder(tmp_path, ants=20, bees=20) / "ants" / "lost.gif").write_bytes(saved(placeholder(), "GIF"))
    (tmp_path / "ants" / "lost too.gif").write_bytes(saved(placeholder(), "GIF"))
    (tmp_path / "bees" / "lost.jpg").write_bytes(saved(placeholder("no photo"), "JPEG"))
    checked = Photos.check(tmp_path, SIZE)
    assert found(checked, "placeholder").files == ["ants/lost too.gif", "ants/lost.gif", "bees/lost.jpg"]
    assert "nearly all of one colour" in aside(checked)["ants/lost.gif"]


def test_drawings_are_no_placeholders(tmp_path):
    def drawing(number):
        random = np.random.default_rng(number)
        image = Image.new("L", (100, 100), 255)
        line = [tuple(point) for point in random.integers(10, 90, (random.integers(3, 12), 2)).tolist()]
        ImageDraw.Draw(image).line(line, 0, 2)
        return image

    folder(tmp_path, houses=[drawing(n) for n in range(30)], trees=[drawing(n) for n in range(30, 60)])
    assert aside(Photos.check(tmp_path, SIZE)) == {}
    folder(tmp_path, photos=30)  # beside photos, too, a class may be one of drawings
    assert aside(Photos.check(tmp_path, SIZE)) == {}


def test_a_white_background_does_not_make_a_placeholder(tmp_path):
    def product(number):
        image = Image.new("RGB", (200, 200), "white")
        image.paste(scene(number, (60, 60)), (70, 70))
        return image

    folder(
        tmp_path,
        ants=[*(scene(n) for n in range(20)), product(50)],
        bees=[product(n) for n in range(100, 120)],
    )
    assert aside(Photos.check(tmp_path, SIZE)) == {}


@pytest.mark.slow
@pytest.mark.long
def test_all_scanned_digits_pass_but_exact_copies(tmp_path):
    (images, labels), (more, others) = digits.load_data("embedded")
    images, labels = np.concatenate([images, more])[..., 0], np.concatenate([labels, others])
    folder(tmp_path, **{str(n): [Image.fromarray(i) for i in images[labels == n]] for n in range(10)})
    checked = Photos.check(tmp_path, 28)
    copies = len(images) - len({image.tobytes() for image in images})
    assert len(checked.quarantine) == copies
    assert len(checked.files) == 1797 - copies
    assert found(checked, "near duplicates") is None
    assert checked.class_names == tuple("0123456789")
    np.testing.assert_array_equal(checked.pixels[0, ..., 0], images[labels == 0][0])


def test_pictures_of_one_colour_are_set_aside(tmp_path):
    folder(tmp_path, ants=[*(scene(n) for n in range(9)), Image.new("RGB", (99, 99), "teal")], bees=9)
    assert aside(Photos.check(tmp_path, SIZE)) == {"ants/009.png": "is of one colour throughout"}


def test_of_exact_copies_in_one_class_the_first_stays(tmp_path):
    folder(tmp_path, ants=[*(scene(n) for n in range(9)), scene(3), scene(3)], bees=9)
    checked = Photos.check(tmp_path, SIZE)
    reason = "is an exact copy of ants/003.png"
    assert checked.quarantine == [("ants/009.png", reason), ("ants/010.png", reason)]
    assert found(checked, "exact copy").action == "set aside"


def test_near_copies_in_one_class_are_used_and_kept_together(tmp_path):
    images = [scene(n) for n in range(20)]
    copies = [saved(image, "JPEG", quality=70) for image in images]
    folder(tmp_path, ants=images + copies, bees=20)
    for seed in range(3):
        checked = Photos.check(tmp_path, SIZE, seed=seed)
        assert checked.quarantine == []
        part = dict(zip(checked.files, checked.parts, strict=True))
        for number in range(20):
            assert part[f"ants/{number:03}.png"] == part[f"ants/{number + 20:03}.png"]
        assert len(found(checked, "near duplicates").files) == 40


@pytest.mark.parametrize("copy", [saved(scene(3)), saved(scene(3), "JPEG"), saved(scene(3, (100, 75)))])
def test_a_photo_in_two_classes_is_used_in_none(tmp_path, copy):
    folder(tmp_path, ants=[scene(n) for n in range(9)], bees=[*(scene(n) for n in range(50, 59)), copy])
    checked = Photos.check(tmp_path, SIZE)
    assert checked.quarantine == [
        ("ants/003.png", "is the same photo as bees/009.png of class bees, and one must be wrong"),
        ("bees/009.png", "is the same photo as ants/003.png of class ants, and one must be wrong"),
    ]


@pytest.mark.parametrize("copy", [saved(scene(3)), saved(scene(3), "JPEG"), saved(scene(3, (100, 75)))])
def test_a_photo_across_the_users_split_leaves_train(tmp_path, copy):
    ants = [scene(n) for n in range(9)]
    folder(tmp_path, train__ants=[*ants, scene(200)], train__bees=9, val__ants=[copy], val__bees=[scene(300)])
    checked = Photos.check(tmp_path, SIZE)
    assert checked.quarantine == [
        ("train/ants/003.png", "is the same photo as val/ants/000.png, which is in the test part")
    ]
    assert found(checked, "in two parts").files == ["train/ants/003.png"]
    folder(tmp_path, test__ants=[scene(200)], test__bees=[scene(400)], val__bees=[scene(300), scene(400)])
    assert aside(Photos.check(tmp_path, SIZE)) == {
        "train/ants/003.png": "is the same photo as val/ants/000.png, which is in the validation part",
        "train/ants/009.png": "is the same photo as test/ants/000.png, which is in the test part",
        "val/bees/001.png": "is the same photo as test/bees/000.png, which is in the test part",
    }


def test_copies_do_not_make_a_class_large_enough(tmp_path):
    folder(tmp_path, ants=[scene(1), saved(scene(1), "JPEG"), saved(scene(1), "WEBP"), scene(2)], bees=9)
    with pytest.raises(DataError, match=r"'ants' \(2\)"):
        Photos.check(tmp_path, SIZE)


def test_few_and_uneven_photos_are_told_and_weighed(tmp_path):
    checked = Photos.check(folder(tmp_path, ants=40, bees=9), SIZE)
    assert found(checked, "few photos of a class").files == ["bees (9)"]
    assert found(checked, "uneven classes").files == ["ants (28)", "bees (7)"]
    assert checked.class_weights() == {0: 35 / 2 / 28, 1: 35 / 2 / 7}
    even = Photos.check(folder(tmp_path, bees=[scene(5000 + n) for n in range(35)]), SIZE)
    assert found(even, "uneven classes") is None
    assert even.class_weights() == {0: 1.0, 1: 1.0}


def test_a_class_without_test_photos_is_told(tmp_path):
    checked = Photos.check(folder(tmp_path, train__ants=20, train__bees=20, val__ants=5), SIZE)
    assert found(checked, "no test photos of a class").files == ["bees"]


def test_class_names_that_differ_by_a_letter_are_told():
    photos = tuple(
        Candidate(str(number), None, "elephant" if number else "elefant", None) for number in range(200)
    )
    known = frozenset({(None, "elephant"), (None, "elefant")})
    reviewed = reject_untrained_classes(Candidates("zoo", photos, known, {}))
    assert reviewed.findings[0].files == ["elefant beside elephant"]
    assert reviewed.photos == photos


def test_no_step_changes_what_it_is_given():
    square = np.random.default_rng(0).integers(0, 256, (20, 32, 32), "uint8")
    hashes = square[:, :8, :8].reshape(20, 64) > 127

    def facts(number, **changed):
        known = {"digest": bytes([number]), "square": bytes([number]), "traits": frozenset(), "side": 90}
        known |= {"hash": np.packbits(hashes[number]).tobytes(), "thumbnail": square[number].tobytes()}
        known |= {"flat": 0.1, "colours": 900}
        return Facts(**(known | changed))

    labels = ["ants"] * 10 + ["bees"] * 9 + ["cats"]
    photos = [Candidate(f"{n:02}.png", None, label, facts(n)) for n, label in enumerate(labels)]
    photos[1] = replace(photos[1], facts=facts(1, digest=bytes([0])))  # a copy of photo 0
    photos[2] = replace(photos[2], facts=facts(2, flat=0.99, colours=3))
    photos[19] = replace(photos[19], part="test")  # the only one of its class
    classes = frozenset((photo.part, photo.label) for photo in photos)
    given = Candidates("zoo", tuple(photos), classes, {"lost.png": ("empty", "is empty")})
    for step, lost, kind in (
        (reject_untrained_classes, "19.png", "without a class"),
        (reject_placeholders, "02.png", "placeholder"),
        (reject_duplicates, "01.png", "exact copy"),
        (partial(split, seed=0), None, None),
    ):
        before = repr(given)
        result = step(given)
        assert repr(given) == before
        gone = {photo.name for photo in given.photos} - {photo.name for photo in result.photos}
        assert gone == ({lost} if lost else set())
        assert set(result.rejected) - set(given.rejected) == gone
        assert not lost or result.rejected[lost][0] == kind
        given = result
    assert {photo.part for photo in given.photos} == {"train", "validation", "test"}


@pytest.mark.parametrize("rows", ["", ",,\n,,\n", "0.png,,train\n"])
def test_a_table_without_photos_of_a_class_is_refused(tmp_path, rows):
    (tmp_path / "photos.csv").write_text("file,label,split\n" + rows)
    with pytest.raises(DataError, match="no photo of any class"):
        Photos.check(tmp_path / "photos.csv", SIZE)


def test_pixels_go_to_a_file_when_they_are_many(tmp_path, monkeypatch):
    data = folder(tmp_path / "data", ants=12, bees=12)
    (data / "ants" / "003.png").write_bytes(b"damaged")
    in_memory = Photos.check(data, SIZE)
    monkeypatch.setattr(pool, "IN_MEMORY", 5 * SIZE * SIZE * 3)
    in_file = Photos.check(data, SIZE, scratch=tmp_path / "scratch")
    assert isinstance(in_file.pixels, np.memmap)
    np.testing.assert_array_equal(in_file.pixels, in_memory.pixels)
    assert list((tmp_path / "scratch").iterdir()) == []  # it has no name, so nothing is left behind
    (tmp_path / "scratch").rmdir()
    (tmp_path / "scratch").write_text("in the way")
    with pytest.raises(DataError, match="do not fit in .*scratch"):
        Photos.check(data, SIZE, scratch=tmp_path / "scratch")


def test_squares_in_a_file_come_in_any_order(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "IN_MEMORY", 0)
    random = np.random.default_rng(0)
    rows = random.integers(0, 256, (20, 3, 3, 3), "uint8")
    for _ in range(20):
        squares = pool.Squares(3, tmp_path)
        for row in rows:
            squares.append(row)
        order = random.permutation(20)[: random.integers(0, 21)]
        np.testing.assert_array_equal(squares.ordered(order), rows[order])


def test_progress_is_shown_on_a_terminal_only(tmp_path, monkeypatch, capsys):
    folder(tmp_path, ants=5, bees=5)
    Photos.check(tmp_path, SIZE, verbose=1)
    assert capsys.readouterr().out.count("\n") == 1
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    Photos.check(tmp_path, SIZE, verbose=1)
    assert "10/10" in capsys.readouterr().out
    Photos.check(tmp_path, SIZE)
    assert capsys.readouterr().out == ""


@pytest.mark.slow
def test_the_placeholder_among_real_ants_is_found(ants_folder):
    checked = Photos.check(ants_folder, 224)
    assert [name.rpartition("/")[2] for name, _ in checked.quarantine] == ["imageNotFound.gif"]
    assert len(checked.files) == 397
    assert found(checked, "near duplicates") is None


def test_poisoned_test_photos_change_nothing_about_the_others(tmp_path):
    images = [scene(n) for n in range(20)] + [saved(scene(n), "JPEG", quality=40) for n in range(5)]
    folder(tmp_path / "clean", train__ants=images, train__bees=20, val__ants=10, val__bees=10)
    folder(tmp_path / "poisoned", train__ants=images, train__bees=20)
    (tmp_path / "clean" / "train" / "ants" / "lost.gif").write_bytes(saved(placeholder(), "GIF"))
    (tmp_path / "poisoned" / "train" / "ants" / "lost.gif").write_bytes(saved(placeholder(), "GIF"))
    poison = [placeholder(str(n) * 30) for n in range(60)]
    folder(tmp_path / "poisoned", val__ants=poison[::2], val__bees=poison[1::2])
    tables = []
    for name in "clean", "poisoned":
        checked = Photos.check(tmp_path / name, SIZE)
        tables.append([row for row in checked.split_table() if row[2] != "test"])
        assert "train/ants/lost.gif" in aside(checked)
    assert tables[0] == tables[1]
