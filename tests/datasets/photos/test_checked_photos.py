"""What `Photos.check` returns shows itself, prints nothing unless asked, and comes at other sizes."""

import html.parser
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from datasets import DataError, Photos
from datasets.photos import pool, read_square
from datasets.sources import MARKER

SIZE = 24
CLASSES = ("ants", "bees & <wasps>")


def scene(number, size=(60, 50)):
    noise = np.random.default_rng(number).integers(0, 256, (6, 8, 3), "uint8")
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture
def folder(tmp_path):
    top = tmp_path / "zoo"
    for number, label in enumerate(CLASSES):
        (top / label).mkdir(parents=True)
        for photo in range(12):
            scene(100 * number + photo).save(top / label / f"{photo:02}.png")
    (top / "ants" / "<script>.png").write_bytes(b"no image")
    (top / "ants" / "copy.png").write_bytes((top / "ants" / "03.png").read_bytes())
    (top / "outputs").mkdir()
    (top / "outputs" / MARKER).write_text("{}")
    return top


def test_nothing_is_printed_or_written_unless_asked(folder, capfd):
    before = sorted(folder.parent.rglob("*"))
    photos = Photos.check(folder, SIZE)
    str(photos), photos._repr_html_(), repr(photos), photos.at(SIZE + 1)
    assert capfd.readouterr() == ("", "")
    assert sorted(folder.parent.rglob("*")) == before
    assert photos.notes == ("Not read as data: outputs (results of lessons).",)
    loud = Photos.check(str(folder), image_size=SIZE, verbose=1)
    assert capfd.readouterr().out == f"{photos.notes[0]}\nData: {photos.summary}.\n"
    assert (loud.summary, loud.fingerprint) == (photos.summary, photos.fingerprint)


def test_a_terminal_shows_what_was_found_set_aside_and_split(folder):
    lines = str(Photos.check(folder, SIZE)).splitlines()
    assert lines[0] == f"zoo from {folder}: 24 photos, 24 x 24 pixels"
    rows = [re.split(r"\s{2,}", line.strip()) for line in lines if line]
    for row in (
        ["class", "train", "validation", "test"],
        ["ants", "8", "2", "2"],
        ["bees & <wasps>", "8", "2", "2"],
        ["all classes", "16", "4", "4"],
        ["not an image", "1", "set aside", "ants/<script>.png"],
        ["ants/<script>.png", "is not an image that can be read"],
        ["ants/copy.png", "is an exact copy of ants/03.png"],
        ["Not read as data: outputs (results of lessons)."],
    ):
        assert row in rows, row
    assert max(map(len, lines[1:])) <= 110


class Tables(html.parser.HTMLParser):
    """Rows of cells, and all tags."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.tags, self.open = [], set(), []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1].append(text)


def test_a_notebook_shows_the_same_with_every_name_escaped(folder):
    page = Tables(Photos.check(folder, SIZE)._repr_html_())
    assert not page.open
    assert page.tags <= {"div", "p", "strong", "table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert ["class", "train", "validation", "test"] in page.rows
    assert ["bees & <wasps>", "8", "2", "2"] in page.rows
    assert ["ants/<script>.png", "is not an image that can be read"] in page.rows


def test_many_classes_and_files_are_counted_where_they_are_too_many(tmp_path):
    for number in range(30):
        (tmp_path / f"class {number:02}").mkdir()
        for photo in range(3):
            scene(10 * number + photo).save(tmp_path / f"class {number:02}" / f"{photo}.png")
        (tmp_path / f"class {number:02}" / "bad.png").write_bytes(b"")
    text = str(Photos.check(tmp_path, SIZE))
    assert re.search(r"10 more +10 +10 +10\n +all classes +30 +30 +30\n", text)
    assert re.search(r"empty +30 +set aside +class 00/bad.png, class 01/bad.png, class 02/bad.png, …\n", text)
    assert "20 more" in text


def test_the_parts_rows(folder):
    photos = Photos.check(folder, SIZE)
    assert len(photos) == 24
    rows = np.concatenate([photos.of(part) for part in ("train", "validation", "test")])
    assert sorted(rows) == list(range(24))
    assert set(photos.parts[photos.of("test")]) == {"test"}
    with pytest.raises(DataError, match="part= is 'val'; name one of 'train', 'validation', 'test'"):
        photos.of("val")


def test_the_same_photos_at_another_size(folder, tmp_path, monkeypatch):
    photos = Photos.check(folder, SIZE)
    assert photos.at(SIZE) is photos
    larger = photos.at(40)
    assert larger.size == 40
    whole = Photos.check(folder, 40)
    np.testing.assert_array_equal(larger.pixels, whole.pixels)
    for row in 0, 9, 23:
        np.testing.assert_array_equal(larger.pixels[row], read_square(folder / photos.files[row], 40))
    assert (larger.files, larger.class_names) == (photos.files, photos.class_names)
    assert larger.fingerprint == photos.fingerprint == whole.fingerprint
    np.testing.assert_array_equal(larger.parts, photos.parts)
    np.testing.assert_array_equal(larger.labels, photos.labels)
    monkeypatch.setattr(pool, "IN_MEMORY", 0)
    in_file = photos.at(40, scratch=tmp_path / "scratch")
    assert isinstance(in_file.pixels, np.memmap)
    np.testing.assert_array_equal(in_file.pixels, whole.pixels)
    with pytest.raises(DataError, match="image_size= is 0"):
        photos.at(0)


def test_at_another_size_other_photos_are_tiny(tmp_path):
    for number, label in enumerate(("ants", "bees")):
        (tmp_path / label).mkdir()
        for photo in range(10):
            scene(100 * number + photo, (20, 20) if photo < 3 else (60, 50)).save(
                tmp_path / label / f"{photo}.png"
            )
        scene(200 + number).convert("P").save(tmp_path / label / "wrong.jpg", "PNG")
    small, large = Photos.check(tmp_path, SIZE), Photos.check(tmp_path, 100)
    assert [found.what for found in large.findings] == ["palette", "tiny", "wrong extension"]
    assert [found.what for found in small.findings] == ["palette", "wrong extension"]
    assert small.at(100).findings == large.findings
    assert large.at(SIZE).findings == small.findings


def test_photos_that_have_changed_are_not_taken_for_the_same(folder):
    photos = Photos.check(folder, SIZE)
    scene(77).save(folder / "ants" / "05.png")
    with pytest.raises(DataError, match="have changed since they were checked"):
        photos.at(40)
    (folder / "ants" / "05.png").unlink()
    with pytest.raises(DataError, match=r"ants/05\.png in .* is not there any more"):
        photos.at(40)


def test_the_public_names_of_datasets_come_when_they_are_used(root):
    code = (
        "import sys, datasets\n"
        "assert not {'numpy', 'PIL', 'datasets.photos'} & set(sys.modules)\n"
        "from datasets import DataError, Photos, Source, digits, photos\n"
        "assert Photos is photos.Photos and issubclass(DataError, ValueError)\n"
        "assert not {'keras', 'tensorflow', 'models'} & set(sys.modules)\n"
        "print(*dir(datasets))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert {"DataError", "Photos", "Source", "digits", "photos"} <= set(done.stdout.split()), done.stderr
