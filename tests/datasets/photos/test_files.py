"""Folders, archives and tables of photos: found, refused in one sentence, read again."""

import csv
import io
import os
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from datasets import DataError, Photos, Source, photos
from datasets.files import archives

SIZE = 16


def picture(number):
    noise = np.random.default_rng(number).integers(0, 256, (20, 24, 3), "uint8")
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    return buffer.getvalue()


def contents(*folders, count=5):
    """Files by name: so many different photos in each folder."""
    return {
        f"{folder}/{number}.png": picture(100 * place + number)
        for place, folder in enumerate(folders)
        for number in range(count)
    }


def write(top, files):
    for name, content in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(content)
    return top


def pack(path, files):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    else:
        with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return path


def refused(data, *said):
    """The one sentence with which data is refused."""
    with pytest.raises(DataError) as caught:
        Photos.check(data, SIZE)
    sentence = str(caught.value)
    for words in said:
        assert words in sentence
    assert sentence.isprintable()
    assert sentence.endswith(".")
    return sentence


def by_part(found):
    """Names of files by part."""
    return {
        part: [f for f, p in zip(found.files, found.parts, strict=True) if p == part]
        for part in set(found.parts)
    }


def test_a_folder_of_classes_is_split(tmp_path, capsys):
    found = Photos.check(
        write(tmp_path / "zoo", contents("ants", "bees", "10", "9", count=20)), SIZE, verbose=1
    )
    assert found.source == Source("zoo", tmp_path / "zoo")
    assert found.class_names == ("10", "9", "ants", "bees")
    assert found.files == sorted(found.files)
    assert found.pixels.shape == (80, SIZE, SIZE, 3)
    assert found.pixels.dtype == "uint8"
    assert {part: len(names) for part, names in by_part(found).items()} == {
        "train": 56,
        "validation": 12,
        "test": 12,
    }
    for name, label, pixels in zip(found.files, found.labels, found.pixels, strict=True):
        assert name.startswith(found.class_names[label] + "/")
        np.testing.assert_array_equal(pixels, photos.read_square(tmp_path / "zoo" / name, SIZE))
    assert found.split_table()[:2] == [("file", "label", "split"), ("10/0.png", "10", found.parts[0])]
    assert found.quarantine_table() == [("file", "reason")]
    assert found.findings == []
    assert set(found.class_weights().values()) == {1.0}
    assert capsys.readouterr().out.startswith("Data: zoo from ")


def test_numbered_classes_are_in_the_order_of_their_numbers(tmp_path):
    assert Photos.check(write(tmp_path, contents("10", "9", "1")), SIZE).class_names == ("1", "9", "10")


def test_the_same_seed_gives_the_same_and_another_another_split(tmp_path):
    write(tmp_path, contents("ants", "bees", count=20))
    first, again, other = (Photos.check(tmp_path, SIZE, seed=seed) for seed in (0, 0, 1))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    np.testing.assert_array_equal(first.parts, again.parts)
    (tmp_path / "ants" / "0.png").write_bytes(picture(9999))
    assert Photos.check(tmp_path, SIZE).fingerprint != first.fingerprint


@pytest.mark.parametrize("held_out", ["val", "test", "holdout", "Meine Auswahl"])
def test_a_single_held_out_folder_is_the_test_part(tmp_path, held_out):
    files = contents("train/ants", "train/bees", f"{held_out}/ants", f"{held_out}/bees", count=20)
    parts = by_part(Photos.check(write(tmp_path, files), SIZE))
    assert parts["test"] == sorted(name for name in files if name.startswith(held_out))
    assert len(parts["validation"]) == 6
    assert all(name.startswith("train/") for name in parts["train"] + parts["validation"])


def test_a_whole_split_stays_as_it_is(tmp_path):
    files = contents(*(f"{part}/{label}" for part in ("train", "val", "test") for label in ("ants", "bees")))
    parts = by_part(Photos.check(write(tmp_path, files), SIZE))
    for part, folder in ("train", "train"), ("validation", "val"), ("test", "test"):
        assert parts[part] == sorted(name for name in files if name.startswith(f"{folder}/"))


def test_without_a_usable_test_photo_one_is_held_back_all_the_same(tmp_path):
    files = contents("train/ants", "train/bees", count=10) | {"val/ants/0.png": b"", "val/bees/0.png": b""}
    parts = by_part(Photos.check(write(tmp_path, files), SIZE))
    assert {part: len(names) for part, names in parts.items()} == {"train": 12, "validation": 4, "test": 4}


def test_a_class_in_the_test_part_alone_is_set_aside(tmp_path):
    files = contents("train/ants", "train/bees", "val/ants", "val/bees", "val/cats")
    found = Photos.check(write(tmp_path, files), SIZE)
    assert found.class_names == ("ants", "bees")
    assert [name for name, _ in found.quarantine] == [f"val/cats/{n}.png" for n in range(5)]
    assert "no photos to train on" in found.quarantine[0][1]


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz"])
@pytest.mark.parametrize("top", ["", "zoo/"])
def test_an_archive_gives_what_its_folder_gives(tmp_path, suffix, top):
    files = contents("train/ants", "train/bees", "val/ants", "val/bees")
    folder = Photos.check(write(tmp_path / "zoo", files), SIZE)
    hidden = {f"{top}__MACOSX/x.png": b"", f"{top}train/.DS_Store": b"", f"{top}train/ants/Thumbs.db": b"x"}
    path = pack(tmp_path / f"zoo{suffix}", {top + name: files[name] for name in reversed(files)} | hidden)
    before = sorted(tmp_path.rglob("*"))
    archive = Photos.check(path, SIZE)
    assert archive.source.name == "zoo"
    assert archive.files == [top + name for name in folder.files]
    assert archive.fingerprint == folder.fingerprint
    assert archive.quarantine == []
    np.testing.assert_array_equal(archive.pixels, folder.pixels)
    np.testing.assert_array_equal(photos.read_files(path, archive.files[::3], SIZE), folder.pixels[::3])
    assert sorted(tmp_path.rglob("*")) == before


def test_of_several_files_of_one_name_in_an_archive_the_last_counts(tmp_path):
    files = contents("ants", "bees")
    with tarfile.open(tmp_path / "zoo.tar", "w") as archive:
        for content in (b"damaged", picture(1), None):
            for name in files:
                member = tarfile.TarInfo(name)
                member.size = len(content or files[name])
                archive.addfile(member, io.BytesIO(content or files[name]))
    found = Photos.check(tmp_path / "zoo.tar", SIZE)
    assert found.fingerprint == Photos.check(write(tmp_path / "zoo", files), SIZE).fingerprint
    np.testing.assert_array_equal(photos.read_files(found.source, found.files, SIZE), found.pixels)


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz"])
def test_a_damaged_archive_is_refused(tmp_path, suffix):
    path = pack(tmp_path / f"zoo{suffix}", contents("ants", "bees"))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    refused(path, path.name, "cut off or damaged")
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 255
    path.write_bytes(flipped)
    if suffix == ".tar":  # which has no checksums of contents: it is the photo that is damaged
        assert len(Photos.check(path, SIZE).files) >= 9
    else:
        refused(path, path.name)


def test_archives_that_reach_outside_are_refused(tmp_path):
    refused(pack(tmp_path / "up.zip", {"ants/../../x.png": picture(0)}), "lies outside of the archive")
    with tarfile.open(tmp_path / "link.tar", "w") as archive:
        member = tarfile.TarInfo("ants/x.png")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    refused(tmp_path / "link.tar", "a symbolic link")


def test_an_archive_may_be_as_large_as_its_photos(tmp_path, monkeypatch):
    files = contents("ants", "bees")
    monkeypatch.setattr(archives, "MAX_UNPACKED", 5000)  # less than the photos have
    assert len(Photos.check(pack(tmp_path / "zoo.tar.gz", files), SIZE).files) == 10
    bomb = pack(tmp_path / "bomb.tar.gz", files | {"ants/zeros.bmp": bytes(10_000_000)})
    refused(bomb, "may be an attack")


def test_files_of_other_kinds_and_links(tmp_path):
    write(tmp_path / "zoo", contents("ants", "bees") | {"readme.txt": b"Hello", "ants/notes.txt": b"Hello"})
    write(tmp_path / "far", contents("x", "x", "cats") | {"more/x.png": picture(777)})
    (tmp_path / "zoo" / "cats").symlink_to(tmp_path / "far" / "cats", target_is_directory=True)
    (tmp_path / "zoo" / "ants" / "x.png").symlink_to(tmp_path / "far" / "more" / "x.png")
    (tmp_path / "zoo" / "bees" / "round").symlink_to(tmp_path / "zoo", target_is_directory=True)
    (tmp_path / "zoo" / "bees" / "gone.png").symlink_to("nowhere.png")
    os.mkfifo(tmp_path / "zoo" / "bees" / "pipe.png")
    found = Photos.check(tmp_path / "zoo", SIZE)
    assert found.class_names == ("ants", "bees", "cats")
    assert "ants/x.png" in found.files
    assert dict(found.quarantine) == {
        "ants/notes.txt": "is not an image that can be read",
        "bees/gone.png": "is a link to what does not exist",
        "bees/pipe.png": "is no file but a pipe, a socket or a device",
        "bees/round": "is a link to a folder that is looked at anyway, or that this folder lies in",
        "readme.txt": "is not an image that can be read",
    }


def test_what_may_not_be_read_is_set_aside(tmp_path, monkeypatch):
    write(tmp_path, contents("ants", "bees"))
    opened = os.open

    def refuse(path, *args, **named):
        if str(path).endswith("ants/3.png"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **named)

    monkeypatch.setattr("os.open", refuse)  # tests may run as root, who may read everything
    found = Photos.check(tmp_path, SIZE)
    assert found.quarantine == [("ants/3.png", "may not be read; change its permissions")]


def test_names_that_are_shown_alike_stay_apart(tmp_path):
    write(tmp_path, contents("ants", "bees"))
    for number, name in enumerate((b"caf\xe9.png", b"caf\\udce9.png")):
        (tmp_path / "ants" / os.fsdecode(name)).write_bytes(picture(5000 + number))
    found = Photos.check(tmp_path, SIZE)
    assert len(found.files) == 12
    assert {"ants/caf\\udce9.png", "ants/caf\\udce9.png_"} <= set(found.files)
    np.testing.assert_array_equal(photos.read_files(tmp_path, found.files, SIZE), found.pixels)
    "".join(found.files).encode()


def table(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_a_table_names_files_labels_and_parts(tmp_path):
    files = contents("x", "y", count=12)
    write(tmp_path / "zoo", files)
    places = {name: (("ants", "bees")[name[0] == "y"], ("train", "val")[name[2] == "0"]) for name in files}
    rows = [(name, *place) for name, place in places.items()]
    found = Photos.check(table(tmp_path / "zoo" / "split.csv", [("file", "label", "split"), *rows]), SIZE)
    assert found.source.name == "split"
    assert found.class_names == ("ants", "bees")
    assert by_part(found)["test"] == ["x/0.png", "y/0.png"]
    assert len(by_part(found)["validation"]) == 4
    np.testing.assert_array_equal(photos.read_files(found.source, found.files, SIZE), found.pixels)
    # The split that was found can be given again
    again = Photos.check(table(tmp_path / "zoo" / "again.csv", found.split_table()), SIZE, seed=5)
    assert again.split_table() == found.split_table()


@pytest.mark.parametrize(
    "header",
    [
        ("image_path", "class"),
        ("Filename", "Species"),
        ("id", "category"),
        ("whatever", "unknown"),
        None,
    ],
)
def test_columns_are_known_by_name_or_content(tmp_path, header):
    files = contents("ants", "bees")
    rows = [(name, name[:4]) for name in write(tmp_path, files) and files]
    assert len(Photos.check(table(tmp_path / "a.csv", [header] * bool(header) + rows), SIZE).files) == 10
    turned = [row[::-1] for row in [header] * bool(header) + rows]
    assert len(Photos.check(table(tmp_path / "b.csv", turned), SIZE).files) == 10


def test_rows_that_cannot_be_used_are_set_aside(tmp_path):
    files = contents("ants", "bees")
    write(tmp_path / "zoo", files)
    rows = [(str(tmp_path / "zoo" / name), name[:4]) for name in files]
    rows += [
        ("zoo/ants/none.png", "ants"),
        ("zoo/ants", "ants"),
        ("zoo\\ants\\1.png", "ants"),
        ("twice.png", "ants"),
        ("twice.png", "bees"),
        ("unlabelled.png", ""),
        ("", "bees"),
        ("http://example.org/x.png", "bees"),
        ("x" * 300 + ".png", "bees"),
    ]
    (tmp_path / "twice.png").write_bytes(picture(888))
    aside = dict(Photos.check(table(tmp_path / "a.csv", [("path", "label"), *rows]), SIZE).quarantine)
    assert aside.pop("zoo/ants/1.png").startswith("is an exact copy of /")
    assert aside.pop("x" * 300 + ".png").startswith("cannot be read (")
    assert aside == {
        "(line 18)": "is a row of the table without a file",
        "http://example.org/x.png": "is an address, not a file; download it, and name the file",
        "twice.png": "is in the table twice, with different labels or parts",
        "unlabelled.png": "has no label or no part in the table",
        "zoo/ants": "is no file but a folder, a pipe or a device",
        "zoo/ants/none.png": "does not exist",
    }


def test_hostile_class_names_in_a_table_are_only_text(tmp_path):
    files = contents("ants", "bees")
    write(tmp_path, files)
    named = {"ants": "<script>alert(1)</script>", "bees": '"; rm -rf ~'}
    rows = [(name, named[name[:4]]) for name in files]
    found = Photos.check(table(tmp_path / "a.csv", [("path", "label"), *rows]), SIZE)
    assert set(found.class_names) == set(named.values())


@pytest.mark.parametrize("separator", ["|", ";", " | "])
def test_several_labels_in_a_photo_are_refused_with_their_rows(tmp_path, separator):
    files = contents("ants", "bees")
    rows = [(name, name[:4]) for name in write(tmp_path, files) and files]
    rows[3] = rows[3][0], separator.join(("ants", "cute"))
    rows[7] = rows[7][0], separator.join(("ants", "bees"))
    said = refused(
        table(tmp_path / "a.csv", [("path", "label"), *rows]), "a.csv seems to have several labels"
    )
    assert "in line 5" in said and "in line 9" in said and "each photo needs one" in said


@pytest.mark.parametrize("name", ["black|white", "made in China; used", "a|b|ants", "|", "ants|"])
def test_a_separator_in_the_name_of_a_class_is_no_second_label(tmp_path, name):
    files = contents("ants", "bees")
    rows = [(file, name if file.startswith("bees") else "ants") for file in write(tmp_path, files) and files]
    found = Photos.check(table(tmp_path / "a.csv", [("path", "label"), *rows]), SIZE)
    assert found.class_names == tuple(sorted(("ants", name)))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("a", "b", "c"), ("1", "2", "3")], ["'a', 'b', 'c'", "file and label"]),
        ([("path", "label"), ("1.png", "ants"), ("2.png", "bees")], ["too few usable photos", "2 missing"]),
        ([("path",), ("1.png",)], ["'path'", "file and label"]),
        ([], ["empty"]),
    ],
)
def test_tables_that_name_no_photos_are_refused(tmp_path, rows, said):
    refused(table(tmp_path / "a.csv", rows), "a.csv", *said)


@pytest.mark.parametrize("data", [3, b"photos", ["photos"], "", None])
def test_what_is_no_path_is_refused(data):
    refused(data, "is no path; name a folder of photos")


def test_data_that_cannot_be_trained_on_is_refused_in_one_sentence(tmp_path):
    refused(tmp_path / "none", "does not exist")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "holds no files")
    refused(write(tmp_path / "flat", {"1.png": picture(0), "2.png": picture(1)}), "no folders of them")
    refused(write(tmp_path / "one", contents("ants")), "only one class", "'ants'")
    refused(write(tmp_path / "two", contents("ants", "bees", count=2)), "'ants' (2), 'bees' (2)", "needs 3")
    refused(
        write(tmp_path / "case", contents("train/Ants", "train/b", "val/ants", "val/b")), "'Ants' and 'ants'"
    )
    write(tmp_path / "gap", contents("ants", "bees"))
    (tmp_path / "gap" / "cats").mkdir()
    refused(tmp_path / "gap", "'cats' (0)")
    bad = {f"ants/{n}.png": b"no" for n in range(4)} | contents("bees")
    refused(write(tmp_path / "bad", bad), "'ants' (0)", "set aside: 4 not an image")
    refused(
        write(tmp_path / "few", contents("train/a", "train/b", count=1) | contents("val/a", "val/b")),
        "train on",
    )
    (tmp_path / "text").write_text("Dear reader")
    refused(tmp_path / "text", "neither a folder, nor a zip or tar archive, nor a table")
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "neither a file nor a folder")
    (tmp_path / "round").symlink_to("round")
    refused(tmp_path / "round", "round")
    for size in 0, -1, 2.5, "224":
        with pytest.raises(DataError, match="image_size= is .*; give a whole number"):
            Photos.check(tmp_path / "two", size)


def test_a_folder_that_may_not_be_listed_is_refused(tmp_path, monkeypatch):
    def refuse(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr("os.scandir", refuse)
    refused(tmp_path, "may not be read; change its permissions")


def test_photos_that_are_gone_or_damaged_since_are_named(tmp_path):
    found = Photos.check(write(tmp_path, contents("ants", "bees")), SIZE)
    (tmp_path / "ants" / "1.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"ants/1\.png .*is empty"):
        photos.read_files(found.source, found.files, SIZE)
    (tmp_path / "ants" / "1.png").unlink()
    with pytest.raises(DataError, match=r"ants/1\.png in .* is not there any more"):
        photos.read_files(found.source, found.files, SIZE)
    twice = ["bees/0.png", "ants/0.png", "bees/0.png"]
    pixels = photos.read_files(found.source, twice, SIZE)
    np.testing.assert_array_equal(pixels, [photos.read_square(tmp_path / name, SIZE) for name in twice])


@pytest.mark.parametrize("suffix", ["", ".zip", ".tar"])
def test_files_whose_names_begin_with_a_dot_are_used_if_they_are_photos(tmp_path, suffix):
    files = contents("ants", "bees", count=9)
    fork = b"\0\x05\x16\x07\0\x02\0\0Mac OS X" + bytes(100)
    hidden = {"ants/.IMG_1.png": picture(900), "bees/.2.png": picture(901)}
    odd = {
        "ants/._0.png": fork,
        "ants/.keep": b"",
        "bees/.notes.txt": b"Hello",
        ".DS_Store": b"\0\0\0\x01Bud1",
    }
    aside = {
        ".git/x.png": picture(903),
        "bees/.cache/deep/x.png": picture(904),
        "__MACOSX/ants/._0.png": fork,
    }
    every = files | hidden | odd | aside
    data = pack(tmp_path / f"zoo{suffix}", every) if suffix else write(tmp_path / "zoo", every)
    found = Photos.check(data, SIZE)
    assert set(found.files) == {*files, *hidden}
    assert dict(found.quarantine) == {
        "ants/._0.png": "is no photo but what macOS keeps beside one (a resource fork)",
        "ants/.keep": "is empty",
        "bees/.notes.txt": "is not an image that can be read",
    }
    assert found.notes == ("Not looked into, since their names begin with a dot: .git, bees/.cache.",)
    np.testing.assert_array_equal(
        photos.read_files(data, sorted(found.files), SIZE), found.pixels[np.argsort(found.files)]
    )
    if not suffix:  # what is classified is what is trained on, and what cannot be read is told
        names = [os.path.relpath(name, data) for name in photos.list_photos(data)]
        assert sorted(names) == sorted([*files, *hidden, "ants/._0.png"])


@pytest.mark.parametrize("suffix", ["", ".zip"])
def test_classes_below_sites_are_trained_on(tmp_path, suffix):
    sites = [f"2024/site{site}/{label}" for site in "XYZ" for label in ("ants", "bees")]
    files = contents(*sites)
    data = pack(tmp_path / "zoo.zip", files) if suffix else write(tmp_path / "zoo", files)
    found = Photos.check(data, SIZE)
    assert found.class_names == ("ants", "bees")
    assert len(found) == 30 and found.quarantine == []
    assert [note[:47] for note in found.notes] == ["The folders ants, bees are taken as the classes"]
