"""Photos inside Parquet files are those of a folder."""

import contextlib
import importlib.util
import json
import re

import numpy as np
import pytest

from datasets import DataError, Photos
from datasets.photos.files import File, Files
from datasets.photos.locating import find
from datasets.photos.parquet_shards import in_parquet_shards
from datasets.photos.pixels import Unusable

needs_fsspec = pytest.mark.skipif(importlib.util.find_spec("fsspec") is None, reason="fsspec is optional")
arrow = pytest.importorskip("pyarrow", reason="pyarrow is optional")
parquet = pytest.importorskip("pyarrow.parquet")
pytestmark = pytest.mark.extra

NAMES = [f"digit {n}" for n in range(10)]


def table(files, way):
    """Photos in a table: as the Hub writes them, numbers and names of classes, or plain bytes and words."""
    images, labels = [file.read_bytes() for file in files], [file.parent.name for file in files]
    if way == "plain":
        return arrow.table({"id": range(len(files)), "jpg": images, "class": labels})
    cells = [{"bytes": image, "path": file.name} for image, file in zip(images, files, strict=True)]
    found = arrow.table({"image": cells, "label": [int(label) for label in labels]})
    if way == "numbers":
        return found
    features = {"image": {"_type": "Image"}, "label": {"names": NAMES, "_type": "ClassLabel"}}
    return found.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def in_parquet(folder, top, way="hub", names=("a", "b", "c"), group=7):
    top.mkdir()
    files = sorted(folder.rglob("*.png"))
    for n, name in enumerate(names):
        found = table(files[n :: len(names)], way)
        parquet.write_table(found, top / f"{name}.parquet", row_group_size=group)
    return top


def contents(photos):
    return {digest: squares.tobytes() for digest, squares in zip(photos.digests, photos.pixels, strict=True)}


@pytest.mark.parametrize("way", ["hub", "numbers", "plain"])
def test_photos_in_parquet_files_are_those_of_the_folder(way, folder, whole, tmp_path):
    found = Photos.check(in_parquet(folder, tmp_path / "shards", way), 28)
    assert contents(found) == contents(whole)
    # A row has no extension, which would be wrong
    assert [each.what for each in found.findings] == [each.what for each in whole.findings]
    expected = NAMES if way == "hub" else [str(n) for n in range(10)]
    assert list(found.class_names) == expected
    labels = dict(zip(whole.digests, whole.labels, strict=True))
    assert [labels[digest] for digest in found.digests] == found.labels.tolist()
    np.testing.assert_array_equal(found.at(32).pixels[5], Photos.check(tmp_path / "shards", 32).pixels[5])


def test_one_file_is_enough_and_names_tell_the_parts(folder, whole, tmp_path):
    in_parquet(folder, tmp_path / "one", names=["all"])
    assert contents(Photos.check(tmp_path / "one" / "all.parquet", 28)) == contents(whole)
    top = in_parquet(folder, tmp_path / "three", names=["train-00000-of-00001", "validation-0", "test-0"])
    found = Photos.check(top, 28)
    for part in "train", "validation", "test":
        assert {found.files[row].split("-")[0] for row in found.of(part)} == {part}


def test_in_parts_and_by_an_address_the_same_is_found(folder, whole, tmp_path):
    top = in_parquet(folder, tmp_path / "shards")
    found = Photos.check(top, 28, out=tmp_path / "out")
    assert contents(found) == contents(whole)
    again = Photos.load(tmp_path / "out")
    assert again.digests == found.digests and again.labels.tolist() == found.labels.tolist()


@needs_fsspec
def test_files_in_storage_are_those_of_the_folder(folder, whole, tmp_path):
    import fsspec

    top, memory = in_parquet(folder, tmp_path / "shards"), fsspec.filesystem("memory")
    for file in top.iterdir():
        memory.pipe(f"/photos/{file.name}", file.read_bytes())
    assert contents(Photos.check("memory://photos", 28)) == contents(whole)
    one = in_parquet(folder, tmp_path / "one", names=["all"]) / "all.parquet"
    memory.pipe("/one/all.parquet", one.read_bytes())
    assert contents(Photos.check("memory://one/all.parquet", 28)) == contents(whole)


def test_what_cannot_be_used_is_set_aside(folder, whole, tmp_path):
    top = in_parquet(folder, tmp_path / "shards")
    cut = top / "a.parquet"
    cut.write_bytes(cut.read_bytes()[:-200])
    parquet.write_table(arrow.table({"text": ["a"], "label": [1]}), top / "texts.parquet")
    parquet.write_table(arrow.table({"image": [b"x"]}), top / "unlabelled.parquet")
    (top / "README.md").write_text("about")
    rows = [None, b"no image", next(folder.rglob("*.png")).read_bytes()]
    odd = arrow.table({"image": arrow.array(rows, arrow.binary()), "label": ["digit 0", "digit 1", None]})
    parquet.write_table(odd, top / "odd.parquet")
    found = Photos.check(top, 28)
    reasons = dict(found.quarantine)
    assert reasons["a.parquet"] == "is no Parquet file that can be read"
    assert reasons["texts.parquet"] == "has no column of encoded images, but text (string), label (int64)"
    assert reasons["unlabelled.parquet"] == "has no column of labels, but image (binary)"
    assert reasons["README.md"] == "is no Parquet file, where the others are"
    assert reasons["odd.parquet/0"] == "is an empty cell"
    assert reasons["odd.parquet/2"] == "has no label in its row"
    assert "odd.parquet/1" in reasons
    assert len(found) == len(whole) - len(whole) // 3 - (len(whole) % 3 > 0)


def test_a_label_beyond_the_names_is_none(folder, tmp_path):
    (tmp_path / "shards").mkdir()
    found = table(sorted(folder.rglob("*.png"))[:20], "hub")
    labels = arrow.array([-1, 10, *[n % 2 for n in range(18)]])
    parquet.write_table(found.set_column(1, "label", labels), tmp_path / "shards" / "a.parquet")
    files = find(tmp_path / "shards")
    assert [name for name, (kind, _) in files.rejected.items()] == ["a.parquet/00", "a.parquet/01"]
    assert {label for _, label in files.places.values()} == {"digit 0", "digit 1"}


def test_row_groups_that_would_fill_the_memory_are_refused(folder, tmp_path, monkeypatch):
    top = in_parquet(folder, tmp_path / "shards", names=["a"])
    monkeypatch.setattr("datasets.photos.parquet_shards.MAX_GROUP", 100)
    with pytest.raises(DataError, match=r"no photo with a label in them \(a\.parquet has row groups of more"):
        find(top)


def test_equal_images_and_long_labels_take_memory_once(tmp_path):
    image, label = b"x" * 4_000_000, "l" * 2000
    rows = arrow.table({"image": [{"bytes": image}] * 300, "label": [label] * 300})
    parquet.write_table(rows, tmp_path / "a.parquet", dictionary_pagesize_limit=1 << 30)
    del rows
    before = arrow.total_allocated_bytes()
    files = find(tmp_path / "a.parquet")
    assert len({id(name) for _, name in files.places.values()}) == 1
    assert files.found[299].read() == image
    assert arrow.total_allocated_bytes() - before < 100_000_000  # of 1.2 GB


def test_more_rows_than_bytes_are_refused(tmp_path, monkeypatch):
    rows = arrow.table({"image": [b"x"] * 100_000, "label": ["a"] * 100_000})
    parquet.write_table(rows, tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet says that it holds 100,000 photos, more than"):
        find(tmp_path / "a.parquet")


def test_a_file_that_is_cut_afterwards_is_named(folder, tmp_path):
    top = in_parquet(folder, tmp_path / "shards", names=["a"])
    files = find(top)
    (top / "a.parquet").write_bytes(b"")
    with pytest.raises(ValueError, match="cannot be read from its Parquet file"):
        files.found[0].read()


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        (lambda n: float(n % 2), {"0", "1"}),  # as pandas writes whole numbers where one is missing
        (lambda n: f"class {n % 2}".encode(), {"class 0", "class 1"}),  # text without a note that it is text
        (lambda n: n % 2 + 0.5, "has the label 0.5, which is no whole number"),
        (lambda n: [n % 2], r"has a column label \(list<.*int64>\), which holds neither text nor whole"),
        (lambda n: bool(n % 2), r"has a column label \(bool\), which holds neither text nor whole"),
        (lambda n: "x" * 5000, "has a label that is empty, of several lines, or longer than 4,096"),
        (lambda n: "", "has no label in its row"),
    ],
)
def test_labels_of_odd_kinds_are_read_or_named(label, expected, tmp_path):
    file = tmp_path / "a.parquet"
    parquet.write_table(arrow.table({"image": [b"x"] * 8, "label": [label(n) for n in range(8)]}), file)
    if isinstance(expected, set):
        assert {name for _, name in find(file).places.values()} == expected
    else:
        with pytest.raises(DataError, match=expected):
            find(file)


@pytest.mark.parametrize(
    ("columns", "names", "sentence"),
    [
        ((["a.jpg"], ["b"]), ("image", "label"), r"no column of encoded images, but image \(string\), label"),
        (([b"x"], [b"y"], ["b"]), ("left", "right", "label"), 'left, right; name that of images "image"'),
        (([b"x"], ["b"], ["c"]), ("image", "label", "label"), "has several columns named label"),
        (([b"x"], [b"x"], ["c"]), ("image", "image", "label"), "has several columns named image"),
    ],
)
def test_columns_that_leave_a_choice_are_not_guessed(columns, names, sentence, tmp_path):
    found = arrow.Table.from_arrays([arrow.array(each) for each in columns], names=names)
    parquet.write_table(found, tmp_path / "a.parquet")
    with pytest.raises(DataError, match=sentence):
        find(tmp_path / "a.parquet")


def test_images_in_a_dictionary_and_names_in_capital_letters_are_read(folder, whole, tmp_path):
    top = tmp_path / "shards"
    top.mkdir()
    found = table(sorted(folder.rglob("*.png")), "plain").rename_columns(["id", "Image", "LABEL"])
    images = found["Image"].cast(arrow.binary()).dictionary_encode()
    parquet.write_table(found.set_column(1, "Image", images), top / "a.parquet", row_group_size=9)
    assert contents(Photos.check(top, 28)) == contents(whole)


def test_numbers_beside_names_do_not_become_classes(folder, tmp_path):
    top = in_parquet(folder, tmp_path / "shards")
    files = sorted(folder.rglob("*.png"))[:20]
    parquet.write_table(table(files, "numbers"), top / "saved again.parquet")
    found = find(top)
    assert found.rejected["saved again.parquet"][1].startswith(
        "has numbers for labels, where most files have"
    )
    assert {label for _, label in found.places.values()} == set(NAMES)
    parquet.write_table(table(files, "numbers"), top / "a.parquet")
    for name in "bc":
        parquet.write_table(table(files, "plain"), top / f"{name}.parquet")  # "0", "1", ...: the same names
    assert not find(top).rejected


def test_a_preview_and_a_file_without_rows_are_set_aside(folder, whole, tmp_path):
    top = in_parquet(folder, tmp_path / "shards")
    (top / "preview.png").write_bytes(next(folder.rglob("*.png")).read_bytes())
    parquet.write_table(table(sorted(folder.rglob("*.png")), "hub").slice(0, 0), top / "none.parquet")
    found = Photos.check(top, 28)
    assert contents(found) == contents(whole)
    reasons = ("none.parquet", "holds no rows"), ("preview.png", "is no Parquet file, where the others are")
    assert found.quarantine == [*reasons]
    assert "wrong extension" not in [each.what for each in found.findings]


def test_only_photos_to_test_on_are_named(folder, tmp_path):
    with pytest.raises(DataError, match="has photos to test on, but none to train on"):
        Photos.check(in_parquet(folder, tmp_path / "shards", names=["test-0"]), 28)


def test_a_damaged_row_group_is_read_once(folder, tmp_path):
    top = in_parquet(folder, tmp_path / "shards", names=["a"], group=50)
    content, reads = bytearray((top / "a.parquet").read_bytes()), []
    content[200:1200] = bytes(1000)

    def read(start, size):
        reads.append(start)
        return bytes(content[start : start + size])

    file = File("a.parquet", ("a.parquet",), len(content), None)
    photos = in_parquet_shards(Files(top, [file], known=True), lambda file: read).found
    counts = []
    for photo in photos[:50]:
        with pytest.raises(Unusable, match="cannot be read from its Parquet file"):
            photo.read()
        counts.append(len(reads))
    assert counts[0] == counts[-1]
    assert photos[50].read().startswith(b"\x89PNG")


def test_labels_of_one_row_group_at_a_time_are_in_memory(tmp_path):
    labels = arrow.table({"image": [b"x"] * 20, "label": ["l" * 1_000_000 + str(n) for n in range(20)]})
    with parquet.ParquetWriter(
        tmp_path / "a.parquet", labels.schema, use_dictionary=False, compression="zstd"
    ) as file:
        for _ in range(20):
            file.write_table(labels)
    before, pool = arrow.default_memory_pool(), arrow.proxy_memory_pool(arrow.default_memory_pool())
    arrow.set_memory_pool(pool)
    try:
        with pytest.raises(DataError, match=r"longer than 4,096 characters"):
            find(tmp_path / "a.parquet")
    finally:
        arrow.set_memory_pool(before)
    assert pool.max_memory() < 150_000_000  # of 400 MB


def test_whatever_is_changed_in_a_file_it_is_set_aside(folder, tmp_path):
    sound = (in_parquet(folder, tmp_path / "shards", names=["a"]) / "a.parquet").read_bytes()
    random = np.random.default_rng(1)
    for n in range(80):
        content = bytearray(sound)
        start = len(sound) - 8 - int.from_bytes(sound[-8:-4], "little") if n % 2 else 4
        for place in random.integers(start, len(sound) - 8, 3):
            content[place] = random.integers(256)
        (tmp_path / "changed.parquet").write_bytes(content)
        with contextlib.suppress(DataError):
            for photo in find(tmp_path / "changed.parquet").found:
                with contextlib.suppress(Unusable):
                    photo.read()
    for place in (found.start() for found in re.finditer(b"label", sound)):
        (tmp_path / "changed.parquet").write_bytes(sound[:place] + b"\xb6" + sound[place + 1 :])
        with contextlib.suppress(DataError):
            find(tmp_path / "changed.parquet")
