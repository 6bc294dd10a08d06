"""Photos inside Parquet files are those of a folder."""

import importlib.util
import json

import numpy as np
import pytest

from datasets import DataError, Photos
from datasets.photos.locating import find

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
    assert reasons["texts.parquet"] == "has no column of images, but text, label"
    assert reasons["unlabelled.parquet"] == "has no column of labels, but image"
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
