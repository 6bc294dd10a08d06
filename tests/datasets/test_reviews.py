"""Labelled texts from folders, archives and tables, split, checked, and told from none."""

import hashlib
import http.server
import io
import json
import os
import re
import shutil
import threading

import numpy as np
import pytest

from datasets import DataError, Source, reviews, sources
from datasets.texts import read_texts


def review(part, label, number):
    return f"A {label} film of {part}.<br /><br />Seen {number} times, “très” <br/>well."


def write_imdb(folder, count=10):
    for part in "train", "test":
        for label in "pos", "neg":
            (folder / part / label).mkdir(parents=True)
            for number in range(count):
                file = folder / part / label / f"{number}_{number % 10 + 1}.txt"
                file.write_text(review(part, label, number), encoding="utf-8")
        (folder / part / f"urls_{part}.txt").write_text("http://127.0.0.1/")
    (folder / "train" / "unsup").mkdir()
    (folder / "train" / "unsup" / "0_0.txt").write_text("Who knows.")
    (folder / "README").write_text("Large Movie Review Dataset")
    return folder


def assert_imdb(data, capsys=None):
    source = reviews.locate(data)
    assert source.name == "imdb"
    train, test, names = reviews.load_data(source)
    assert names == ["negative", "positive"]
    for part, (x, y) in {"train": train, "test": test}.items():
        assert x.dtype == object
        assert y.dtype == "int64"
        expected = {
            (review(part, label, number).replace("<br />", "\n").replace("<br/>", "\n"), value)
            for value, label in enumerate(["neg", "pos"])
            for number in range(10)
        }
        assert len(x) == len(y) == 20
        assert set(zip(x, y.tolist(), strict=True)) == expected
    return train


def test_the_folder_is_found_itself_and_in_a_folder(tmp_path):
    folder = write_imdb(tmp_path / "aclImdb")
    assert reviews.locate(tmp_path) == reviews.locate(folder) == Source("imdb", folder)
    x, y = assert_imdb(folder)
    again, _ = assert_imdb(str(tmp_path))
    assert list(again) == list(x)
    assert 0 < y[:10].sum() < 10  # shuffled
    renamed = folder.rename(tmp_path / "films")
    assert_imdb(renamed)


def test_auto_takes_the_folder_before_archives_and_ignores_the_rest(tmp_path, monkeypatch):
    monkeypatch.setenv("GLASS_ZOO_DATA", str(tmp_path))
    (tmp_path / "mnist.npz").write_bytes(b"PK")
    (tmp_path / "reviews.csv").write_text("text,label\na,1\n")
    assert reviews.locate() is reviews.EMBEDDED
    (tmp_path / "aclImdb_v1.tar.gz").write_bytes(b"\x1f\x8b")
    assert reviews.locate() == Source("imdb", tmp_path / "aclImdb_v1.tar.gz")
    folder = write_imdb(tmp_path / "aclImdb", 1)
    assert reviews.locate() == Source("imdb", folder)
    monkeypatch.setenv("GLASS_ZOO_DATA", str(tmp_path / "typo"))
    with pytest.raises(DataError, match="GLASS_ZOO_DATA names .*typo"):
        reviews.locate()


def test_auto_falls_back_to_generated_reviews_and_says_so(capsys):
    assert reviews.locate("auto") is reviews.EMBEDDED
    said = capsys.readouterr().out
    assert said.startswith("The Large Movie Review Dataset is not available: ")
    assert said.count("\n") == 1
    assert "could not be downloaded" in said
    assert reviews.locate("embedded") is reviews.EMBEDDED
    assert "not the Large Movie Review Dataset" in reviews.EMBEDDED.note


@pytest.fixture
def keras_files(tmp_path, monkeypatch):
    """Files in the form of Keras's, and their checksums in place of Keras's."""
    words = {"the": 1, "film": 2, "good": 3, "bad": 4}
    lists = np.empty(20, object)
    lists[:] = [[1, 2, 3 + number % 2] for number in range(20)]
    labels = np.array([1, 0] * 10)
    buffer = io.BytesIO()
    np.savez(buffer, x_train=lists, y_train=labels, x_test=lists[:4], y_test=labels[:4])
    contents = {"imdb.npz": buffer.getvalue(), reviews.WORDS: json.dumps(words).encode()}
    hashes = {"imdb.npz": hashlib.sha256, reviews.WORDS: hashlib.md5}
    sums = {name: hashes[name](content).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr(reviews, "CHECKSUMS", sums)
    return contents


def assert_keras(source):
    (x_train, y_train), (x_test, y_test), names = reviews.load_data(source)
    assert names == ["negative", "positive"]
    assert (
        sorted(zip(x_train, y_train.tolist(), strict=True))
        == [("the film bad", 0)] * 10 + [("the film good", 1)] * 10
    )
    assert (
        sorted(zip(x_test, y_test.tolist(), strict=True))
        == [("the film bad", 0)] * 2 + [("the film good", 1)] * 2
    )


def test_keras_files_are_downloaded_once_and_decoded(keras_files, monkeypatch, capsys):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(keras_files[self.path[1:]])

        def log_message(self, *_):
            pass

    asked = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(reviews, "ORIGIN", f"http://127.0.0.1:{server.server_port}/")
    try:
        source = reviews.locate("auto")
        assert reviews.locate("auto") == source
    finally:
        server.shutdown()
        server.server_close()
    assert asked == ["/imdb.npz", f"/{reviews.WORDS}"]
    assert source.name == "imdb"
    assert reviews.locate("auto") == source  # from the cache alone
    assert_keras(source)
    assert "without capital letters" in capsys.readouterr().out


def test_keras_files_are_taken_by_name_and_no_others(keras_files, tmp_path):
    for name, content in keras_files.items():
        (tmp_path / name).write_bytes(content)
    assert_keras(str(tmp_path / "imdb.npz"))
    (tmp_path / reviews.WORDS).write_text("{}")
    with pytest.raises(DataError, match=f"{reviews.WORDS} is not the file that Keras provides"):
        reviews.load_data(tmp_path / "imdb.npz")
    (tmp_path / reviews.WORDS).unlink()
    with pytest.raises(DataError, match=f"{reviews.WORDS} is missing"):
        reviews.load_data(tmp_path / "imdb.npz")
    (tmp_path / "imdb.npz").write_bytes(keras_files["imdb.npz"] + b" ")
    with pytest.raises(DataError, match="imdb.npz is not the file"):
        reviews.load_data(tmp_path / "imdb.npz")


def test_the_first_texts_of_both_parts_are_of_all_classes(tmp_path):
    """A lesson's quick run, and measurements on some texts, take the first ones; files lie class by class."""
    for part in "train", "test":
        write_classes(tmp_path / part, ["yes", "no"], 200)
    train, test, _ = reviews.load_data(tmp_path)
    again = reviews.load_data(tmp_path)[1][0]
    for texts, labels in train, test:
        assert 30 <= labels[:100].sum() <= 70  # of 200 and 200; fewer or more once in 100,000 draws
        assert len(set(texts)) == 400
    assert test[0].tolist() == again.tolist()


def test_keras_checksums_are_those_of_the_installed_keras():
    import inspect

    import keras

    code = inspect.getsource(inspect.unwrap(keras.datasets.imdb.load_data)) + inspect.getsource(
        inspect.unwrap(keras.datasets.imdb.get_word_index)
    )
    assert all(checksum in code for checksum in reviews.CHECKSUMS.values())


def test_md5_is_known_by_its_length():
    assert sources.digest(b"", "0" * 32) == "d41d8cd98f00b204e9800998ecf8427e"
    assert sources.digest(b"", "0" * 64).startswith("e3b0c44298fc1c14")


def write_classes(folder, classes, count=10):
    for label in classes:
        (folder / label).mkdir(parents=True)
        for number in range(count):
            (folder / label / f"{number}.txt").write_text(f"{label} {number} in {folder.name}")


@pytest.mark.parametrize("inner", ["", "my texts"])
def test_class_folders_are_split_four_to_one(tmp_path, inner):
    write_classes(tmp_path / inner, ["b", "a", "10", "C"])
    (tmp_path / "notes.txt").write_text("no class")
    (tmp_path / ".git").mkdir()
    assert reviews.locate(tmp_path) == Source("texts", tmp_path)
    (x_train, y_train), (x_test, y_test), names = reviews.load_data(tmp_path)
    assert names == ["10", "C", "a", "b"]
    assert np.bincount(y_train).tolist() == [8] * 4
    assert np.bincount(y_test).tolist() == [2] * 4
    for x, y in (x_train, y_train), (x_test, y_test):
        assert all(text.startswith(f"{names[label]} ") for text, label in zip(x, y, strict=True))
    assert not set(x_train) & set(x_test)


@pytest.mark.parametrize(
    ("train", "test"), [("train", "test"), ("Training", "VALID"), ("train", "val"), ("training", "testing")]
)
def test_class_folders_below_train_and_test_stay_there(tmp_path, train, test):
    write_classes(tmp_path / train, ["yes", "no"])
    write_classes(tmp_path / test, ["yes", "no"], 3)
    (x_train, _), (x_test, y_test), names = reviews.load_data(tmp_path)
    assert len(x_train) == 20
    assert all(text.endswith(f"in {train}") for text in x_train)
    assert sorted(x_test) == sorted(f"{label} {number} in {test}" for label in names for number in range(3))
    assert [text.split()[0] for text in x_test] == [names[label] for label in y_test]


def test_the_test_part_is_preferred_to_a_validation_part(tmp_path):
    for part in "train", "val", "test":
        write_classes(tmp_path / part, ["yes", "no"])
    _, (x_test, _), _ = reviews.load_data(tmp_path)
    assert all(text.endswith("in test") for text in x_test)


def test_a_class_without_texts_is_refused(tmp_path):
    write_classes(tmp_path / "train", ["yes", "no"])
    (tmp_path / "train" / "perhaps").mkdir()
    (tmp_path / "train" / "perhaps" / "0.md").write_text("perhaps")
    with pytest.raises(DataError, match=r"train/perhaps holds no \.txt files"):
        reviews.load_data(tmp_path)


def test_only_texts_to_test_on_are_refused(tmp_path):
    write_classes(tmp_path / "test", ["yes", "no"])
    with pytest.raises(DataError, match="none to train on"):
        reviews.load_data(tmp_path)


def test_a_label_of_the_test_part_alone_is_refused_with_its_count(tmp_path):
    write_classes(tmp_path / "train", ["yes", "no"])
    write_classes(tmp_path / "test", ["yes", "no", "nope"], 4)
    with pytest.raises(DataError, match=r"training part lacks: 'nope' \(4\)"):
        reviews.load_data(tmp_path)


def test_empty_texts_are_left_out_and_counted(tmp_path, capsys):
    write_classes(tmp_path, ["yes", "no"])
    (tmp_path / "yes" / "3.txt").write_text(" \n")
    (tmp_path / "no" / "5.txt").write_text("")
    (x_train, _), (x_test, _), _ = reviews.load_data(tmp_path)
    assert len(x_train) + len(x_test) == 18
    said = capsys.readouterr().out
    assert said == (
        f"Data: texts in {tmp_path}, 14 texts to train on and 4 to test on, 2 classes "
        "(2 empty texts left out).\n"
    )


def test_nothing_but_empty_texts_is_refused(tmp_path):
    write_classes(tmp_path, ["yes", "no"], 0)
    for label in "yes", "no":
        (tmp_path / label / "0.txt").write_text("\n")
    with pytest.raises(DataError, match="only empty ones"):
        reviews.load_data(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"good\nbad \xff\n", "is not UTF-8 text: byte 0xff in line 2 does not belong there"),
        ("gut".encode("utf-16-le"), "has a zero byte in line 1, so it is no text"),
        (b"x" * 10_000_000, "has 10,000,000 bytes where at most 4,000,000 are taken"),
        (b"x" * 1_000_001, "is a text of 1,000,001 characters where at most 1,000,000 are taken"),
    ],
)
def test_a_bad_file_among_good_ones_is_set_aside_and_named(tmp_path, capsys, content, said):
    write_classes(tmp_path, ["yes", "no"])
    (tmp_path / "no" / "2.txt").write_bytes(content)
    (x_train, _), (x_test, _), _ = reviews.load_data(tmp_path)
    expected = {f"{label} {n} in {tmp_path.name}" for label in ("yes", "no") for n in range(10)}
    assert {*x_train, *x_test} == expected - {f"no 2 in {tmp_path.name}"}
    assert capsys.readouterr().out.splitlines()[1] == f"Note: 1 text set aside: no/2.txt ({said})."
    archive = shutil.make_archive(tmp_path.parent / f"{tmp_path.name}-texts", "zip", tmp_path)
    (x_train, _), (x_test, _), _ = reviews.load_data(archive)
    assert {*x_train, *x_test} == expected - {f"no 2 in {tmp_path.name}"}
    for number in range(8):
        (tmp_path / "no" / f"{number}.txt").write_bytes(content)
    with pytest.raises(DataError, match=re.escape(said)) as caught:  # so many that something else is wrong
        reviews.load_data(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_marks_of_encodings_are_taken_off(tmp_path, encoding):
    (tmp_path / "text.txt").write_text("Ünïcode", encoding=encoding)
    assert read_texts(tmp_path / "text.txt") == ["Ünïcode"]


@pytest.mark.parametrize("call", [reviews.load_data, read_texts])
def test_a_path_to_nothing_is_named(tmp_path, call):
    with pytest.raises(DataError, match=r"nowhere\.csv does not exist"):
        call(tmp_path / "nowhere.csv")
    with pytest.raises(DataError, match="holds no texts|is no file"):
        call(tmp_path)
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(DataError, match=r"empty\.csv is empty"):
        call(tmp_path / "empty.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match=r"pipe\.csv is n"):
        call(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="cannot be read|does not exist"):
        call(tmp_path / ("x" * 5000))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_named(tmp_path):
    file = tmp_path / "texts.csv"
    file.write_text("text,label\n")
    file.chmod(0)
    with pytest.raises(DataError, match=r"texts\.csv .*read"):
        reviews.load_data(file)


def test_columns_of_what_is_no_table_are_refused(tmp_path):
    write_classes(tmp_path, ["yes", "no"])
    with pytest.raises(DataError, match="no columns"):
        reviews.load_data(tmp_path, text_column="text")


def test_spreadsheets_and_the_like_are_refused_with_advice(tmp_path):
    (tmp_path / "texts.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(DataError, match="as CSV"):
        reviews.load_data(tmp_path / "texts.xlsx")
    (tmp_path / "texts.ods").write_bytes(b"PK\x03\x04")
    with pytest.raises(DataError, match="save it as CSV"):
        reviews.load_data(tmp_path / "texts.ods")


@pytest.mark.slow
def test_the_real_reviews_are_all_there(imdb_folder):
    train, test, names = reviews.load_data(imdb_folder)
    assert names == ["negative", "positive"]
    for x, y in train, test:
        assert np.bincount(y).tolist() == [12_500, 12_500]
        assert all(text.strip() for text in x)
        assert not any("<br" in text for text in x)
    assert 0.47 < train[1][-2_500:].mean() < 0.53
