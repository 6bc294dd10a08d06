"""`tutorials.predict` on a file that `save` of a classifier wrote, without a lesson's folder around it."""

import csv
import io
import json
import re
import shutil

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from datasets import DataError
from models import MLP, ModelError, TextClassifier
from models.loading.saved_classifiers import About, save_classifier
from tutorials.predict import LessonError, main

TEXTS = ["my parcel is late", "where is my parcel", "the invoice is wrong", "charged twice"] * 10
LABELS = ["delivery", "delivery", "billing", "billing"] * 10


@pytest.fixture(scope="module", params=["ngrams", "bag"])
def tickets(request, tmp_path_factory):
    """A classifier of texts, and the file that it was saved as."""
    soon = {"epochs": 10, "learning_rate": 0.05} if request.param == "bag" else {}
    classifier = TextClassifier(kind=request.param, **soon).fit(TEXTS, LABELS)
    file = tmp_path_factory.mktemp("tickets") / "tickets.keras"
    classifier.save(file)
    return classifier, file


def test_texts_and_tables_are_classified_by_a_saved_file(tickets, tmp_path, capsys):
    classifier, file = tickets
    (tmp_path / "new.csv").write_text("message,number\nthe parcel is late,1\ncharged for an invoice,2\n")
    texts = ["My parcel is late", "the parcel is late", "charged for an invoice"]
    main(file, (texts[0], str(tmp_path / "new.csv")))
    lines = capsys.readouterr().out.splitlines()
    expected = classifier.predict(texts)
    for line, each in zip(lines, expected, strict=True):
        assert f": {each.label} ({each.probability:.1%}), else " in line
    main(file, (texts[0], str(tmp_path / "new.csv")), csv=True)
    header, *rows = csv.reader(capsys.readouterr().out.splitlines())
    assert header == ["file", "label", "probability", "text", "billing", "delivery", "reason"]
    assert [row[1] for row in rows] == expected.labels and [row[3] for row in rows] == texts
    found = [[float(cell) for cell in row[4:6]] for row in rows]
    np.testing.assert_allclose(found, expected.probabilities, atol=2e-6)


def rows_of(capsys):
    """The rows of the CSV table that was printed, without its header, and what went to standard error."""
    said = capsys.readouterr()
    return list(csv.reader(io.StringIO(said.out)))[1:], said.err


def test_an_empty_text_of_a_table_has_its_row(tickets, tmp_path, capsys):
    file = tmp_path / "new.csv"
    file.write_text("message,number\nthe parcel is late,1\n,2\n  ,3\ncharged twice,4\n")
    main(tickets[1], (str(file),), csv=True)
    rows, said = rows_of(capsys)
    assert [row[3] for row in rows] == ["the parcel is late", "", "", "charged twice"]
    assert [row[-1] for row in rows] == ["", "is empty", "is empty", ""]
    assert [row[1] for row in rows] == ["delivery", "", "", "billing"]
    assert all(row[2] == row[4] == row[5] == "" for row in rows[1:3])
    assert said == f"{file}: 2 of 4 texts are empty and not classified.\n"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"a caf\xe9,2", "has a byte that is not UTF-8, 0xe9"),
        (b"x" * 2_000_000 + b",2", "has a text of 2,000,000 characters, more than 1,000,000"),
        (b"one cell", "has 1 cell where the first row has 2"),
    ],
)
def test_a_bad_row_of_a_table_has_a_reason_and_the_others_are_classified(
    tickets, tmp_path, capsys, bad, reason
):
    file = tmp_path / "new.csv"
    file.write_bytes(b"message,number\nthe parcel is late,1\n" + bad + b"\ncharged twice,4\n")
    with pytest.raises(LessonError, match=r"^1 text of tables could not be used\.$"):
        main(tickets[1], (str(file),), csv=True)
    rows, said = rows_of(capsys)
    assert [row[1] for row in rows] == ["delivery", "", "billing"]
    assert [row[-1] for row in rows] == ["", reason, ""]
    assert said == f"Error: {file}, text 2 {reason}.\n"


def test_a_table_in_another_encoding_is_read_if_that_is_named(tickets, tmp_path, capsys):
    file = tmp_path / "new.csv"
    file.write_bytes("message,number\nпосылка опоздала,1\nсчёт неверен,2\nхорошо,3\n".encode("koi8-r"))
    with pytest.raises(DataError, match="name its encoding with --encoding"):
        main(tickets[1], (str(file),), csv=True)
    capsys.readouterr()
    main(tickets[1], (str(file),), csv=True, encoding="koi8-r")
    assert [row[3] for row in rows_of(capsys)[0]] == ["посылка опоздала", "счёт неверен", "хорошо"]


def test_files_of_a_folder_that_are_not_read_are_named(tickets, tmp_path, capsys):
    for name in "one.md", "two.MD", "table.ods", ".hidden":
        (tmp_path / name).write_text("My parcel is late")
    listed = "3 files (2 .md, 1 .ods; the first is one.md)"
    with pytest.raises(LessonError, match=re.escape(f"holds no text files, only {listed}; name a folder")):
        main(tickets[1], (str(tmp_path),))
    capsys.readouterr()
    (tmp_path / "a.txt").write_text("My parcel is late")
    main(tickets[1], (str(tmp_path),), csv=True)
    rows, said = rows_of(capsys)
    assert [row[1] for row in rows] == ["delivery"]
    assert said == f"{tmp_path} also holds {listed}, not read.\n"


def test_words_are_explained(tickets, capsys):
    main(tickets[1], ("my parcel is late", "charged twice"), explain=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and "parcel (+" in lines[1]
    assert all("log-odds" in line for line in lines[1::2])
    with pytest.raises(LessonError, match="explain= is for texts"):
        main(tickets[1], ("my parcel",), explain=True, csv=True)


def test_of_unknown_words_is_said_what_the_answer_is(tickets, capsys):
    classifier, file = tickets
    main(file, ("qqqq", "!!!"), explain=True)
    _, unknown, _, marks = capsys.readouterr().out.splitlines()
    none, qqqq, marked = classifier.predict(["", "qqqq", "!!!"]).probabilities
    said = "It knows none of these words, so this is the prediction for "
    for sentence, found in (unknown, qqqq), (marks, marked):
        same = np.allclose(found, none, atol=1e-7)
        assert sentence.strip() == said + ("an empty text." if same else "any unknown words.")


def test_photos_are_classified_by_a_saved_file(tmp_path, capsys):
    pixels = keras.Input((24, 24, 3))
    x = layers.GlobalAveragePooling2D()(pixels)
    model = keras.Model(pixels, layers.Dense(3, activation="softmax", name="predictions")(x))
    model.get_layer("predictions").set_weights([np.eye(3) / 40, np.zeros(3)])
    save_classifier(model, tmp_path / "colours.keras", About("photos", ("r", "g", "b"), {"image_size": 24}))
    Image.new("RGB", (60, 60), (10, 200, 10)).save(tmp_path / "green.png")
    main(tmp_path / "colours.keras", (str(tmp_path / "green.png"),))
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'green.png'}: g (")
    with pytest.raises(LessonError, match="explain= is for texts"):
        main(tmp_path / "colours.keras", (str(tmp_path / "green.png"),), explain=True)


def test_the_model_in_a_folder_of_results_may_be_named_itself(tickets, tmp_path, capsys):
    (tmp_path / "r").mkdir()
    tickets[0].model.save(tmp_path / "r" / "model.keras")
    (tmp_path / "r" / "labels.json").write_text('["no", "yes"]')
    (tmp_path / "r" / "metrics.json").write_text('{"lesson": "sentiment", "settings": {"text_column": null}}')
    for path in tmp_path / "r", tmp_path / "r" / "model.keras":
        main(path, ("my parcel",))
        assert ": yes (" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("about", "said"),
    [
        (None, "does not say which classes it knows; give a file that save"),
        (About("stars", tuple("0123456789"), {}), "classifies stars, and no files of these can be read"),
        (About("digits", ("a", "b"), {}), "has 2 class names, and the model has 10 classes"),
        (About("photos", tuple("0123456789"), {}), "does not hold image_size; save the classifier again"),
        (About("texts", tuple("0123456789"), {}), "takes any x any x 1|takes 28 x 28 x 1 numbers"),
    ],
)
def test_files_that_are_no_classifier_of_files_are_one_sentence(about, said, tmp_path):
    file = tmp_path / "x.keras"
    if about is None:
        MLP().save(file)
    else:
        save_classifier(MLP(), file, about)
    with pytest.raises((LessonError, ModelError), match=said) as error:
        main(file, ("a.png",))
    assert "\n" not in str(error.value) and str(error.value).endswith(".")


@pytest.fixture(scope="module")
def watching(tmp_path_factory):
    """A model of clips of 3 frames of 8 pixels, saved as its lesson does."""
    clips = keras.Input((3, 8, 8, 1))
    x = layers.GlobalAveragePooling3D()(clips)
    model = keras.Model(clips, layers.Dense(2, activation="softmax", name="predictions")(x))
    folder, settings = tmp_path_factory.mktemp("video"), {"frames": 3, "size": 8, "grey": True}
    model.save(folder / "model.keras")
    (folder / "labels.json").write_text('["down", "up"]')
    (folder / "metrics.json").write_text(json.dumps({"lesson": "video", "settings": settings}))
    return folder


def test_inputs_that_are_no_clips_have_reasons_and_the_others_are_classified(watching, tmp_path, capsys):
    def write(file, count):
        frames = [Image.new("L", (20, 20), 60 * n) for n in range(count)]
        frames[0].save(file, save_all=True, append_images=frames[1:])
        return str(file)

    (tmp_path / "nothing").mkdir()
    names = [write(tmp_path / "a.gif", 4), str(tmp_path / "nothing"), write(tmp_path / "short.gif", 2)]
    Image.new("L", (20, 20)).save(tmp_path / "one.png")
    names += [str(tmp_path / "one.png"), write(tmp_path / "b.gif", 3)]
    with pytest.raises(LessonError, match="3 of 5 files could not be used"):
        main(watching, tuple(names), csv=True)
    rows, said = rows_of(capsys)
    assert [row[0] for row in rows] == names
    assert [bool(row[1]) for row in rows] == [True, False, False, False, True]
    assert rows[1][-1] == f"{names[1]} holds no clip files; name a folder that does."
    assert rows[2][-1].endswith("take a longer clip, or fewer as --frames.")
    assert "no animated GIF or WebP file, no MP4" in rows[3][-1]
    assert "frames=" not in said and said.count("Error: ") == 3


def test_a_missing_or_damaged_file_is_one_sentence(tickets, tmp_path):
    with pytest.raises(LessonError, match=r"none\.keras cannot be read"):
        main(tmp_path / "none.keras", ("a text",))
    shutil.copy(tickets[1], tmp_path / "cut.keras")
    (tmp_path / "cut.keras").write_bytes((tmp_path / "cut.keras").read_bytes()[:500])
    with pytest.raises(LessonError, match=r"cut\.keras is damaged"):
        main(tmp_path / "cut.keras", ("a text",))
