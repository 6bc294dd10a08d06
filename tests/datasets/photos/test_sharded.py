"""The check of photos in parts gives what the check in one piece gives, on Ray and after kills as well."""

import dataclasses
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from datasets import DataError, Photos, digits
from datasets.photos.candidates import Facts
from datasets.photos.findings import ACTIONS
from datasets.photos.quality import Quality
from datasets.photos.sharded import facts, parts
from models import ModelError, PhotoClassifier
from models.fine_tuning.extraction import extract_features
from models.fine_tuning.feature_chunks import FeatureChunks

pytestmark = pytest.mark.extra
NEEDED = {"threads": ["pyarrow"], "ray": ["pyarrow", "ray"]}


def need(engine):
    if missing := [name for name in NEEDED[engine] if importlib.util.find_spec(name) is None]:
        pytest.skip(f"{missing[0]} of requirements-extra.txt is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """1,120 digits as photos, with copies, damaged, empty and one-coloured ones."""
    top = tmp_path_factory.mktemp("photos")
    digits.save_photos(top, examples=60)
    train = top / "train"
    shutil.copy(train / "0" / "0033.png", train / "0" / "copy.png")
    shutil.copy(next((train / "1").iterdir()), train / "2" / "elsewhere.png")
    (train / "3" / "empty.png").touch()
    (train / "3" / "cut.png").write_bytes((train / "0" / "0033.png").read_bytes()[:90])
    (train / "4" / "notes.txt").write_text("no photo")
    return train


@pytest.fixture(scope="module")
def whole(folder):
    return Photos.check(folder, 28)


def assert_same(found, expected):
    for what in ("size", "class_names", "files", "quarantine", "findings", "fingerprint", "notes", "digests"):
        assert getattr(found, what) == getattr(expected, what), what
    for what in ("labels", "parts", "sides", "pixels"):
        np.testing.assert_array_equal(np.asarray(getattr(found, what)), np.asarray(getattr(expected, what)))


@pytest.mark.parametrize("engine", NEEDED)
def test_in_parts_the_result_is_the_same(engine, folder, whole, tmp_path, monkeypatch, capfd):
    need(engine)
    monkeypatch.setattr(facts, "PART", 150)
    found = Photos.check(folder, 28, out=tmp_path / "out", engine=engine)
    assert capfd.readouterr().err == ""
    assert_same(found, whole)
    assert len(list((tmp_path / "out" / "facts").iterdir())) == 5
    assert_same(Photos.load(tmp_path / "out"), whole)
    assert_same(Photos.check(tmp_path / "out", 28), whole)
    assert_same(found.at(32), whole.at(32))


def test_facts_are_read_as_they_were_written(folder, tmp_path):
    need("threads")
    Photos.check(folder, 28, out=tmp_path)
    (part,) = (tmp_path / "facts").iterdir()
    table = parts.read_table(part)
    assert parts.read_part(part, "another") is None
    known = parts.read_part(part, table.schema.metadata[b"glass_zoo"].decode())
    parts.write_part(tmp_path / "again.parquet", list(known.items()), "abc")
    again = parts.read_part(tmp_path / "again.parquet", "abc")
    assert list(again) == list(known) and len(known) == 605
    reasons = {name: str(each) for name, each in again.items() if isinstance(each, ValueError)}
    assert reasons["3/empty.png"] == "is empty" and len(reasons) == 3
    one, other = again["0/0033.png"], known["0/0033.png"]
    assert one == other and len(one.thumbnail) == 1024 and len(one.hash) == 8


def test_in_one_piece_facts_are_what_they_were(tmp_path):
    need("threads")
    random = np.random.default_rng(0)
    contents = {"digest": 32, "square": 32, "hash": 8, "thumbnail": 1024}
    given = {what: random.bytes(length) for what, length in contents.items()}
    given |= {"side": 2**31, "flat": 0.1, "colours": 4096, "drawn": False, "seen": 1 / 3}
    qualities = None, Quality(bright=250.0, dark=0.1, details=1 / 7, noise=9.5)
    written = {
        f"{number}.jpg": Facts(**given, traits=frozenset(traits), quality=qualities[number % 2])
        for number, traits in enumerate([[], ["CMYK"], ["tiny", "16-bit"], ACTIONS])
    }
    parts.write_part(tmp_path / "part.parquet", list(written.items()), "abc")
    found = parts.read_part(tmp_path / "part.parquet", "abc")
    for name, facts_of in written.items():
        for field in dataclasses.fields(Facts):
            assert getattr(found[name], field.name) == getattr(facts_of, field.name), field.name
        assert sys.getsizeof(found[name]) < 1300


def test_only_what_is_missing_damaged_or_changed_is_decoded_again(folder, tmp_path, monkeypatch):
    need("threads")
    monkeypatch.setattr(facts, "PART", 150)
    data = tmp_path / "data"
    shutil.copytree(folder, data)
    first = Photos.check(data, 28, out=tmp_path / "out")
    files = sorted((tmp_path / "out" / "facts").iterdir())
    before = [file.stat().st_mtime_ns for file in files]
    files[0].unlink()
    files[1].write_bytes(files[1].read_bytes()[:-100])
    content = bytearray(files[2].read_bytes())
    content[4:400] = bytes(396)  # what stands at its end is as it was
    files[2].write_bytes(content)
    os.utime(data / first.files[-1])
    again = Photos.check(data, 28, out=tmp_path / "out")
    assert again.fingerprint == first.fingerprint and again.findings == first.findings
    assert sorted((tmp_path / "out" / "facts").iterdir()) == files
    changed = [file.stat().st_mtime_ns != old for file, old in zip(files, before, strict=True)]
    assert changed == [True, True, True, False, True]


@pytest.mark.parametrize("engine", NEEDED)
def test_a_classifier_is_fitted_without_the_photos(engine, folder, tmp_path):
    need(engine)
    data = tmp_path / "data"
    shutil.copytree(folder, data)
    photos = Photos.check(data, 28, out=tmp_path / "out")
    settings = {"backbone": "convnet", "flip": False, "seed": 1}
    expected = PhotoClassifier(**settings).fit(Photos.check(data, 28), effort="quick")
    count = extract_features(PhotoClassifier(**settings), photos, engine=engine)
    assert count == np.count_nonzero(photos.parts != "test")
    shutil.rmtree(data)
    found = PhotoClassifier(**settings).fit(Photos.load(tmp_path / "out"), effort="quick")
    ours, theirs = (each.cross_validation_.probabilities for each in (found, expected))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    with pytest.raises(DataError, match="are not in .*data any more"):
        found.evaluate(Photos.load(tmp_path / "out"))
    with pytest.raises(DataError, match="are not in .*data any more"):
        PhotoClassifier("convnet", flip=True).fit(Photos.load(tmp_path / "out"), effort="quick")


KILLED = """
import sys, os, signal
sys.path.insert(0, sys.argv[1])
from datasets import Photos
from datasets.photos.sharded import facts, parts
facts.PART, write, left = 50, facts.write_part, 4
def dying(*arguments):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    write(*arguments)
facts.write_part = dying
Photos.check(sys.argv[2], 28, out=sys.argv[3])
"""


def test_a_killed_check_goes_on(folder, whole, tmp_path, root, monkeypatch):
    need("threads")
    command = [sys.executable, "-c", KILLED, str(root), str(folder), str(tmp_path / "out")]
    assert subprocess.run(command).returncode == -signal.SIGKILL
    kept = {file: file.stat().st_mtime_ns for file in (tmp_path / "out" / "facts").iterdir()}
    assert len(kept) == 3 and not (tmp_path / "out" / "photos.parquet").exists()
    monkeypatch.setattr(facts, "PART", 50)
    assert_same(Photos.check(folder, 28, out=tmp_path / "out"), whole)
    assert {file: file.stat().st_mtime_ns for file in kept} == kept


def test_a_killed_actor_loses_nothing_and_does_nothing_twice(folder, whole, tmp_path, monkeypatch):
    need("ray")
    import psutil

    monkeypatch.setattr(facts, "PART", 25)
    out, killed = tmp_path / "out", []

    def kill_one():
        """Kill a worker of Ray as soon as it has written a part."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not killed:
            if list(out.glob("facts/part-*")):
                for process in psutil.Process().children(recursive=True):
                    if "MapWorker" in " ".join(process.cmdline()):
                        process.kill()
                        killed.append(process.pid)
                        break
            time.sleep(0.01)

    import threading

    thread = threading.Thread(target=kill_one)
    thread.start()
    found = Photos.check(folder, 28, out=out, engine="ray")
    thread.join()
    assert killed
    assert_same(found, whole)
    assert len([*out.glob("facts/*")]) == 25  # no draft of the killed one is left where results are


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"engine": "ray"}, "name one as out="),
        ({"engine": "spark", "out": "x"}, '"threads" or "ray"'),
        ({"out": "x", "checkpoint": "y"}, "only one of the two"),
        ({"out": 5}, "name a folder"),
    ],
)
def test_what_does_not_go_together_is_refused_in_a_sentence(arguments, sentence, folder, tmp_path):
    need("threads")
    with pytest.raises(DataError, match=sentence):
        Photos.check(folder, 28, **arguments)


def test_a_cluster_that_is_none_is_one_sentence(folder, tmp_path, monkeypatch):
    need("ray")
    monkeypatch.setenv("RAY_ADDRESS", "nonsense")
    with pytest.raises(DataError, match=r"^RAY_ADDRESS is 'nonsense', where no cluster of Ray answers; "):
        Photos.check(folder, 28, out=tmp_path / "out", engine="ray")


def test_one_archive_and_photos_without_parquet_are_refused(folder, whole, tmp_path):
    need("threads")
    archive = shutil.make_archive(tmp_path / "digits", "zip", folder)
    with pytest.raises(DataError, match="is one archive"):
        Photos.check(archive, 28, out=tmp_path / "out")
    with pytest.raises(ModelError, match="out=FOLDER"):
        extract_features(PhotoClassifier("convnet"), whole)
    Photos.check(folder, 28, out=tmp_path / "out")
    (tmp_path / "out" / "photos.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(DataError, match="is damaged"):
        Photos.load(tmp_path / "out")


def test_a_users_files_are_never_among_the_results(folder, tmp_path):
    need("threads")
    theirs = tmp_path / "photos.parquet"
    theirs.write_bytes(b"the user's")
    with pytest.raises(DataError, match="holds other files"):
        Photos.check(folder, 28, out=tmp_path)
    with pytest.raises(DataError, match="lies among the photos"):
        Photos.check(folder, 28, out=folder / "out")
    with pytest.raises(DataError, match="lies among the photos"):
        Photos.check(f"file://{folder}", 28, out=folder / "out")
    with pytest.raises(DataError, match="is an address"):
        Photos.check(folder, 28, out=f"file://{tmp_path}/new")
    with pytest.raises(DataError, match="no photos.parquet"):
        Photos.load(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be used"):
        Photos.check(folder, 28, out=tmp_path / "file")
    assert theirs.read_bytes() == b"the user's" and not (folder / "out").exists()


def test_results_are_no_data_and_none_are_left_where_nothing_was_checked(folder, tmp_path):
    need("threads")
    (tmp_path / "data").mkdir()
    table = tmp_path / "data" / "labels.csv"
    rows = [f"{path},{path.parent.name}" for path in sorted(folder.rglob("*.png"))[:300]]
    table.write_text("\n".join(["file,label", *rows]))
    with pytest.raises(DataError, match="no folders"):
        Photos.check(tmp_path / "data", 28, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(DataError, match="cannot be used"):
        Photos.check(folder, 28, out="a\0b")
    shutil.copytree(folder, tmp_path / "photos")
    out = tmp_path / "out"
    found = Photos.check(folder, 28, out=out)
    shutil.move(out, tmp_path / "photos" / "out")
    again = Photos.check(tmp_path / "photos", 28)
    assert again.fingerprint == found.fingerprint and len(again.quarantine) == len(found.quarantine)
    assert again.notes == ("Not read as data: out (results of lessons).",)


def test_drafts_of_killed_workers_are_removed_once_their_files_are_complete(folder, tmp_path):
    need("threads")
    found = Photos.check(folder, 28, out=tmp_path / "out")
    classifier = PhotoClassifier("convnet", flip=False)
    extract_features(classifier, found, "quick")
    facts_folder, features = (next((tmp_path / "out").glob(name)) for name in ("facts", "features-*"))
    left = [
        facts_folder / f".part-00000.parquet-{'a' * 32}",
        features / f".part-000000000.parquet-{'b' * 32}",
        features / f".part-999999999.parquet-{'c' * 32}",  # perhaps another worker writes it now
        features / ".part-000000000.parquet-mine",  # no draft
    ]
    for file in left:
        file.write_bytes(b"PAR1")
    Photos.check(folder, 28, out=tmp_path / "out")
    assert [file.exists() for file in left] == [False, False, True, True]
    left[1].write_bytes(b"PAR1")
    extract_features(classifier, found, "quick")
    assert [file.exists() for file in left] == [False, False, True, True]


def test_a_worker_whose_draft_was_removed_finds_its_file_complete(tmp_path, monkeypatch):
    need("threads")
    import pyarrow

    table, path, replace = pyarrow.table({"name": ["a"]}), tmp_path / "part-00000.parquet", os.replace

    def late(draft, to):
        if path.exists():
            parts.remove_drafts(tmp_path)
        replace(draft, to)

    monkeypatch.setattr(parts.os, "replace", late)
    for _ in range(2):
        parts.write_table(path, table, "about")
    assert parts.read_table(path, "about").num_rows == 1 and len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(parts.os, "replace", lambda draft, to: replace(tmp_path / "nothing", to))
    with pytest.raises(DataError, match="cannot be written"):
        parts.write_table(tmp_path / "new.parquet", table, "about")


def test_what_was_checked_is_not_written_elsewhere_in_silence(folder, tmp_path):
    need("threads")
    found = Photos.check(folder, 28, out=tmp_path / "out")
    with pytest.raises(DataError, match="an earlier check, which are not written again to out= "):
        Photos.check(tmp_path / "out", 28, out=tmp_path / "other")
    assert not (tmp_path / "other").exists()
    assert Photos.check(tmp_path / "out", 28, out=tmp_path / "out").fingerprint == found.fingerprint


@pytest.mark.parametrize("change", ["fewer", "narrow", "text", "no columns", "empty", "another order", "cut"])
def test_features_that_another_hand_wrote_are_computed_again(change, folder, tmp_path):
    need("threads")
    import keras
    import pyarrow
    from pyarrow import parquet

    squares = Photos.check(folder, 28, out=tmp_path / "out").pixels
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs))
    rows = np.arange(6)
    expected = FeatureChunks(model, squares, rows, (28,), False, length=6).at(0)
    (path,) = (tmp_path / "out").glob("features-*/*.parquet")
    table, sound = parquet.read_table(path), path.read_bytes()
    column = table.column_names[1]
    other = {"narrow": [[0.5]] * 6, "text": ["0.5"] * 6, "empty": [None] * 6}
    if change == "cut":
        path.write_bytes(sound[:-40])
    else:
        if change in other:
            table = table.set_column(1, column, pyarrow.array(other[change]))
        else:
            order = {"fewer": [0, 1], "another order": [5, 4, 3, 2, 1, 0]}.get(change, [*range(6)])
            table = table.take(order).select(["name"] if change == "no columns" else ["name", column])
        parquet.write_table(table, path)
    found = FeatureChunks(model, squares, rows, (28,), False, length=6).at(0)
    np.testing.assert_array_equal(found, expected)
    assert parquet.read_table(path).equals(parquet.read_table(pyarrow.BufferReader(sound)))


def test_photos_without_a_part_were_not_written_here(folder, tmp_path):
    need("threads")
    import pyarrow
    from pyarrow import parquet

    Photos.check(folder, 28, out=tmp_path / "out")
    path = tmp_path / "out" / "photos.parquet"
    table = parquet.read_table(path)
    for wrong in table.set_column(2, "part", pyarrow.nulls(len(table), pyarrow.string())), table.slice(0, 0):
        parquet.write_table(wrong, path)
        with pytest.raises(DataError, match=r"photos\.parquet is damaged or was not written here"):
            Photos.load(tmp_path / "out")
