"""Photos in several tar files, and in storage that fsspec reads, are those of a folder."""

import importlib.util
import io
import json
import tarfile

import numpy as np
import pytest

from datasets import DataError, Photos
from datasets.photos.locating import find


def add(archive, name, content):
    header = tarfile.TarInfo(name)
    header.size = len(content)
    archive.addfile(header, io.BytesIO(content))


def in_tar_files(folder, top, way, count=3):
    """The photos of a folder in tar files: labels in .cls, in .json, or as folders."""
    top.mkdir()
    files = sorted(folder.rglob("*.png"))
    for shard in range(count):
        with tarfile.open(top / f"digits-{shard:06}.tar", "w") as archive:
            for n, file in list(enumerate(files))[shard::count]:
                if way == "folders":
                    add(archive, f"./{file.parent.name}/{file.name}", file.read_bytes())
                    continue
                label = {"label": int(file.parent.name)} if way == ".json" else f"{file.parent.name}\n"
                add(archive, f"{n:05}.png", file.read_bytes())
                add(archive, f"{n:05}{way}", (json.dumps(label) if way == ".json" else label).encode())
    return top


@pytest.mark.parametrize("way", ["folders", ".cls", pytest.param(".json", marks=pytest.mark.slow)])
def test_photos_in_tar_files_are_those_of_the_folder(way, folder, whole, tmp_path):
    found = Photos.check(in_tar_files(folder, tmp_path / "tars", way), 28)
    assert found.class_names == whole.class_names and len(found) == len(whole)
    ours = {
        digest: (label, squares.tobytes())
        for digest, label, squares in zip(found.digests, found.labels, found.pixels, strict=True)
    }
    theirs = {
        digest: (label, squares.tobytes())
        for digest, label, squares in zip(whole.digests, whole.labels, whole.pixels, strict=True)
    }
    assert ours == theirs
    np.testing.assert_array_equal(found.at(32).pixels[5], Photos.check(tmp_path / "tars", 32).pixels[5])


def test_names_of_tar_files_tell_the_parts(folder, tmp_path):
    top = in_tar_files(folder, tmp_path / "tars", ".cls", count=3)
    for shard, part in enumerate(("train", "val", "test")):
        (top / f"digits-{shard:06}.tar").rename(top / f"digits-{part}-{shard:06}.tar")
    found = Photos.check(top, 28)
    for part, word in ("train", "train"), ("validation", "val"), ("test", "test"):
        assert {found.files[row].split("-")[1] for row in found.of(part)} == {word}


def test_damaged_shards_and_photos_without_a_label_are_set_aside(folder, tmp_path):
    top = in_tar_files(folder, tmp_path / "tars", ".cls", count=4)
    cut = top / "digits-000001.tar"
    cut.write_bytes(cut.read_bytes()[:3000])
    (top / "digits-000002.tar").write_bytes(b"no tar file at all" * 100)
    (top / "notes.md").write_text("about")
    with tarfile.open(top / "digits-000003.tar", "a") as archive:
        add(archive, "lonely.png", next(folder.rglob("*.png")).read_bytes())
        add(archive, "broken.png", b"\x89PNG nothing")
        add(archive, "broken.cls", b"3")
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    found = Photos.check(top, 28)
    reasons = dict(found.quarantine)
    assert (
        reasons["digits-000001.tar"]
        == reasons["digits-000002.tar"]
        == "is no tar file that can be read to its end"
    )
    assert reasons["notes.md"] == "is no tar file, where the others are"
    assert "has no label" in reasons["digits-000003.tar/lonely.png"]
    assert (
        "digits-000003.tar/broken.png" in reasons
        and reasons["digits-000003.tar/link.png"] == "is no file but a link or a device"
    )
    assert len(found) == 50


def test_what_a_tar_file_says_twice_or_not_clearly_is_set_aside(folder, tmp_path):
    top, photo = in_tar_files(folder, tmp_path / "tars", ".cls", count=2), sorted(folder.rglob("*.png"))
    labels = {
        "two": [(".cls", b"1"), (".json", b'{"label": 2}')],
        "none": [(".json", b"{broken")],
        "yes": [(".json", b'{"label": true}')],
        "empty": [(".cls", b"")],
        "bytes": [(".cls", b"\xff\xfe")],
        "long": [(".cls", b"3" * 200_000)],
        "good": [(".cls", b"3"), (".json", b'{"label": 3}')],
    }
    with tarfile.open(top / "more.tar", "w") as archive:
        for n, (name, files) in enumerate(labels.items()):
            add(archive, f"{name}.png", photo[n].read_bytes() + bytes([n]))
            for ending, content in files:
                add(archive, name + ending, content)
        for label in b"4", b"5":  # two photos of one name
            add(archive, "same.png", photo[int(label)].read_bytes() + label)
            add(archive, "same.cls", label)
        add(archive, "../out.png", photo[0].read_bytes())
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.LNKTYPE, "good.png"
        archive.addfile(link)
    found = Photos.check(top, 28)
    reasons = {name.removeprefix("more.tar/"): reason for name, reason in found.quarantine if "more" in name}
    assert reasons.pop("two.png") == "has two labels, '1' and '2'"
    assert "beside it" in reasons.pop("none.png") and "yes.json" in reasons.pop("yes.png")
    assert all(
        "no label that can be read" in reasons.pop(f"{name}.png") for name in ("empty", "bytes", "long")
    )
    assert (
        reasons.pop("same.png") == reasons.pop("same.png_") == "has the name of another photo in its tar file"
    )
    assert reasons.pop("../out.png") == "has a name that leads out of the tar file"
    assert reasons.pop("link.png") == "is no file but a link or a device"
    assert set(reasons) <= {"good.png"}  # a near copy of one in the other files


def test_tar_files_without_labels_are_refused_in_a_sentence(folder, tmp_path):
    with tarfile.open(tmp_path / "0.tar", "w") as archive:
        add(archive, "1.png", next(folder.rglob("*.png")).read_bytes())
    with pytest.raises(DataError, match=r"no photo with a label in them, such as 0\.tar/1\.png"):
        Photos.check(tmp_path, 28)


@pytest.mark.extra
@pytest.mark.parametrize("way", ["photos", ".cls"])
def test_photos_in_storage_are_those_of_the_folder(way, folder, whole, tmp_path):
    if importlib.util.find_spec("fsspec") is None:
        pytest.skip("fsspec of requirements-extra.txt is not installed")
    import fsspec

    source = folder if way == "photos" else in_tar_files(folder, tmp_path / "tars", way)
    memory = fsspec.filesystem("memory")
    memory.put(str(source), "/bucket/digits", recursive=True)
    try:
        found = Photos.check("memory://bucket/digits", 28)
        assert sorted(found.digests) == sorted(whole.digests) and found.class_names == whole.class_names
        assert str(found.source) == "digits from memory://bucket/digits"
        assert found.at(32).pixels.shape == (len(whole), 32, 32, 3)
        changed = {file.changed for file in find(found.source.path).found}
        assert None not in changed
    finally:
        memory.rm("/bucket", recursive=True)
    with pytest.raises(DataError, match="holds no files"):
        Photos.check("memory://bucket/digits", 28)
    with pytest.raises(DataError, match="no address that fsspec reads"):
        Photos.check("nothing://bucket", 28)


@pytest.mark.extra
def test_storage_that_does_not_answer_is_not_taken_for_empty():
    if importlib.util.find_spec("fsspec") is None:
        pytest.skip("fsspec of requirements-extra.txt is not installed")
    import fsspec

    class Silent(fsspec.AbstractFileSystem):
        protocol = "silent"

        def ls(self, path, detail=True, **_):
            raise ConnectionRefusedError("nobody listens")

    fsspec.register_implementation("silent", Silent, clobber=True)
    assert Silent().find("bucket") == []  # what is to be seen through
    with pytest.raises(DataError, match=r"silent://bucket cannot be listed \(nobody listens\)"):
        Photos.check("silent://bucket", 28)


@pytest.mark.extra
def test_a_cluster_reads_storage_too(folder, tmp_path):
    if importlib.util.find_spec("fsspec") is None or importlib.util.find_spec("pyarrow") is None:
        pytest.skip("fsspec or pyarrow of requirements-extra.txt is not installed")
    top = in_tar_files(folder, tmp_path / "tars", ".cls")
    found = Photos.check(f"file://{top}", 28, out=tmp_path / "out")
    again = Photos.load(tmp_path / "out")
    assert again.fingerprint == found.fingerprint == Photos.check(top, 28).fingerprint
    np.testing.assert_array_equal(again.pixels[[3, 1]], Photos.check(top, 28).pixels[[3, 1]])


@pytest.mark.extra
def test_an_address_is_opened_only_if_the_user_names_it(folder, tmp_path):
    if importlib.util.find_spec("fsspec") is None or importlib.util.find_spec("pyarrow") is None:
        pytest.skip("fsspec or pyarrow of requirements-extra.txt is not installed")
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.put(str(folder), "/bucket/digits", recursive=True)
    try:
        checked = Photos.check("memory://bucket/digits", 28, out=tmp_path / "out")
        first = checked.pixels[[0]]  # named just now
        loaded = Photos.load(tmp_path / "out")
        assert loaded.fingerprint == checked.fingerprint
        with pytest.raises(DataError, match="not opened because a file names it.*data='?memory://bucket"):
            loaded.pixels[[0]]
        again = Photos.load(tmp_path / "out", "memory://bucket/digits")
        np.testing.assert_array_equal(again.pixels[[0]], first)
    finally:
        memory.rm("/bucket", recursive=True)
    moved = Photos.load(tmp_path / "out", folder)  # the same photos, which lie elsewhere now
    np.testing.assert_array_equal(moved.pixels[[0]], first)
