"""Names that attack, wherever a lesson puts them: terminal, tables, pages, figures. All of them stay text."""

import csv
import io
import json
import os
import subprocess
import sys
import unicodedata
import warnings
from html.parser import HTMLParser
from pathlib import Path

from tutorials.lesson.command import LessonError, run

import keras
import numpy as np
import pytest
from keras import layers
from matplotlib.text import Text
from PIL import Image

from datasets import DataError, Source, photos
from datasets.files import notices as _notices
from models import ModelError, SentimentBag, StringClassifier
from models.export.page.page import render
from tutorials import predict
from tutorials.figures.charts import confusion_matrix
from tutorials.figures.inspection import scattered
from tutorials.figures.sound import first_kernels
from tutorials.figures.texts import moved_words, neighbourhoods
from tutorials.lesson.report import Report
from tutorials.lesson.texts import classify

HOSTILE = [
    "=cmd|' /C calc'!A0",
    " \u00a0+1+1",
    "x;=HYPERLINK(A1)",
    "-2+3",
    "@SUM(1)",
    "\uff1d1",
    "red\x1b[31m\x1b]0;title\x07",
    "\x9b2J",
    "two\nlines\r",
    "right\u202eexe.gpj\u2066",
    "a\u2028b",
    "no\u200bbreak\u3164",
    "caf\udce9",
    "</script><script>alert(1)</script><!--",
    "<img src=x onerror=alert(1)>",
    "[red]markup[/red] [link=http://server]",
    "$\\frac{$",
    "_hidden",
    "蚂蚁 😀",
    "x" * 5000,
]


def check_terminal(said):
    """What was printed: lines that hold nothing but what can be seen."""
    assert not {unicodedata.category(c) for c in said.replace("\n", "")} & {"Cc", "Cs", "Cf", "Zl", "Zp"}
    assert max(map(len, said.splitlines())) < 2100
    said.encode("utf-8")


def check_table(content):
    """The rows of a CSV file in which no cell is more than text."""
    assert not set(content) & (set(map(chr, range(32))) - set("\n\r\t"))
    rows = list(csv.reader(io.StringIO(content, newline="")))
    for cell in sum(rows, []):
        for piece in cell.replace("\t", ";").replace("\n", ";").split(";"):
            text = unicodedata.normalize("NFKC", piece.replace("\u200b", "")).strip()
            assert text[:1] not in {"=", "+", "-", "@"} or text.lstrip("-").replace(".", "").isdecimal(), cell
    return rows


class Elements(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes = [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [key for key, _ in attributes]


def lesson(seed=0, outputs=Path("outputs"), quick=False):
    return Report(lesson, settings=locals())


def test_tables_hold_no_formula_and_no_control(tmp_path):
    report = lesson(outputs=tmp_path)
    report.table("names", [("name", "number"), *((name, -0.5) for name in HOSTILE)])
    content = report.path("names.csv").read_bytes().decode("utf-8")
    rows = check_table(content)
    assert len(rows) == len(HOSTILE) + 1
    assert {row[1] for row in rows[1:]} == {"-0.5"}


def test_findings_are_printed_as_text(capsys):
    photos_of = photos.Photos(
        source=Source("x\x1b", Path("y\u202e")),
        size=4,
        class_names=tuple(HOSTILE),
        files=HOSTILE,
        labels=np.arange(len(HOSTILE)),
        parts=np.full(len(HOSTILE), "train"),
        pixels=np.zeros((len(HOSTILE), 4, 4, 3), "uint8"),
        quarantine=[("a\x1b", "b")],
        findings=[photos.Finding("tiny", [name, HOSTILE[6], HOSTILE[9]], "enlarged") for name in HOSTILE],
        fingerprint="",
    )
    print(photos_of)
    check_terminal(capsys.readouterr().out)
    assert repr(photos_of).isprintable()


@pytest.mark.parametrize("kind", [DataError, ModelError, LessonError])
def test_errors_are_one_line_of_text(kind, capsys, monkeypatch):
    for name in HOSTILE:

        def main(name=name):
            raise kind(f"{name} does not exist; name another.")

        monkeypatch.setattr(sys, "argv", ["lesson"])
        with pytest.raises(SystemExit) as stop:
            run(main)
        said = capsys.readouterr().err
        assert stop.value.code == 1
        assert said.startswith("Error: ") and said.count("\n") == 1
        assert said.endswith("does not exist; name another.\n")
        check_terminal(said)


def test_flags_that_cannot_be_are_one_line_of_text(capsys, monkeypatch):
    def main(number: int = 1):
        """Do nothing."""

    for name in HOSTILE:
        monkeypatch.setattr(sys, "argv", ["lesson", f"--number={name}"])
        with pytest.raises(SystemExit):
            run(main)
        check_terminal(capsys.readouterr().err)


def grey_model(classes):
    pixels = keras.Input((None, None, 3))
    x = layers.GlobalAveragePooling2D()(layers.Resizing(8, 8)(pixels))
    return keras.Model(pixels, layers.Dense(classes, activation="softmax")(x))


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A lesson's folder whose classes attack, and a folder of photos whose names do."""
    top = tmp_path_factory.mktemp("asked")
    (top / "fine_tune").mkdir()
    (top / "photos").mkdir()
    grey_model(len(HOSTILE)).save(top / "fine_tune" / "model.keras")
    (top / "fine_tune" / "labels.json").write_text(json.dumps(HOSTILE))
    settings = {"lesson": "fine_tune", "settings": {"image_size": 8}}
    (top / "fine_tune" / "metrics.json").write_text(json.dumps(settings))
    made = 0
    for number, name in enumerate(HOSTILE):
        pixels = np.random.default_rng(number).integers(0, 256, (12, 12, 3), "uint8")
        try:
            with (top / "photos" / f"{name.replace('/', '')[:200]}.png").open("wb") as file:
                Image.fromarray(pixels).save(file, "PNG")
            made += 1
        except OSError:
            continue  # this file system takes no such name
    assert made >= 10
    (top / "photos" / "broken\x1b.png").write_bytes(b"\x89PNG")
    return top


@pytest.mark.parametrize("table", [False, True])
def test_answers_are_text(asked, table, capsys):
    with pytest.raises(LessonError, match="1 of "):
        predict.main(asked / "fine_tune", (str(asked / "photos"),), csv=table)
    said = capsys.readouterr()
    check_terminal(said.err)
    assert r"broken\x1b.png" in said.err
    if table:
        rows = check_table(said.out)
        assert rows[0][:3] == ["file", "label", "probability"] and rows[0][-1] == "reason"
        assert {len(row) for row in rows} == {3 + len(HOSTILE) + 1}
        assert len(rows) == len(list((asked / "photos").iterdir())) + 1  # the unreadable one is a row too
    else:
        check_terminal(said.out)
        assert said.out.count("\n") == len(list((asked / "photos").iterdir())) - 1


def test_predict_says_how_many_notices_were_held_back(asked, tmp_path, capfd):
    _notices.take()
    file = io.BytesIO()
    Image.fromarray(np.zeros((64, 64, 3), "uint8")).save(file, "TIFF", compression="tiff_adobe_deflate")
    content = bytearray(file.getvalue())
    content[12] ^= 255  # in the packed pixels
    (tmp_path / "bad.tif").write_bytes(content)
    Image.fromarray(np.zeros((9, 9, 3), "uint8")).save(tmp_path / "good.png")
    with pytest.raises(LessonError, match="1 of 2"):
        predict.main(asked / "fine_tune", (str(tmp_path),), csv=True)
    said = capfd.readouterr()
    assert said.out.count("\n") == 3  # the header, and a row for each file
    error, notices = said.err.splitlines()
    assert error.startswith("Error: ") and "bad.tif is " in error
    assert "of the image libraries w" in notices and notices.endswith("held back.")


def test_pages_of_models_have_no_element_more():
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(20)]
    )
    picture = np.zeros((len(HOSTILE), 8, 8, 3), "uint8")
    plain = Elements(render(model, picture, ["ants"] * 20, "A title", captions=["a caption"] * 20))
    for title in HOSTILE:
        page = render(model, picture, HOSTILE, title, captions=HOSTILE)
        hostile = Elements(page)
        assert hostile.tags == plain.tags
        assert set(hostile.attributes) == set(plain.attributes)
        assert not {unicodedata.category(c) for c in page.replace("\n", "")} & {"Cc", "Cs", "Zl", "Zp"}
        assert "\u202e" not in page and "\\u202e" in page


@pytest.mark.slow
def test_words_and_classes_are_printed_safely(capsys):
    network = SentimentBag(4, embedding_dim=1)  # so large a weight that every word changes the prediction
    network.get_layer("embedding").set_weights([np.array([[0.0], [0.1], [0.5], [-5.0]])])
    network.get_layer("predictions").set_weights([np.array([[5.0]]), np.zeros(1)])
    model = StringClassifier(["good", "bad"], network)
    for name in HOSTILE:
        classify(model, f"{name} good {name}", [name, name])
    check_terminal(capsys.readouterr().out)


def draw(axes):
    figure = np.ravel(axes)[0].figure
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.savefig(io.BytesIO(), dpi=40)
    return [text.get_text() for text in figure.findobj(Text)]


def test_figures_show_any_name_without_a_warning():
    count, random = len(HOSTILE), np.random.default_rng(0)
    draw(confusion_matrix(np.eye(count, dtype=int), HOSTILE, "A title"))
    spectrograms, responses = random.random((count, 9, 9, 1)), random.random((count, 7, 7, 3))
    draw(first_kernels(random.random((3, 3, 3)), spectrograms, responses, HOSTILE, 800, 0.1))
    draw(moved_words([("says it", HOSTILE, random.random(count))]))
    texts = draw(neighbourhoods(random.random((count, 4)), HOSTILE, [list(range(6)), list(range(6, count))]))
    assert r"\$\frac{\$" in texts  # shown as it stands, not as a formula
    labels = np.arange(count) % 3 + 15  # three classes, one of them called _hidden
    axes = scattered({"map": random.random((count, 2))}, labels, HOSTILE, None, "A title")
    draw(axes)
    legend = [text.get_text() for text in axes[0, 0].figure.legends[0].get_texts()]
    assert any("_hidden" in text for text in legend)


# The whole way, from the command line

KINDS = {
    "C": {"LC_ALL": "C"},
    "ascii": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "stream": {"PYTHONIOENCODING": "ascii"},
}
# One kind of terminal is tried wherever the slow tests run, the others where there is time
OTHERS = [pytest.param(kind, marks=pytest.mark.long) for kind in [*KINDS][1:]]


def command(root, kind, *arguments):
    """Run a lesson where little else is set: (exit code, standard output, standard error) as bytes."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "KERAS_HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", *map(os.fspath, arguments)],
        cwd=root, env=kept | KINDS[kind] if kind else None, capture_output=True,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def folder_of_photos(top):
    """Photos in class folders, all named by bytes that attack."""
    classes = [
        b"=cmd|' calc'!A0",
        b"red\x1b[31m[red]",
        "$x$ \u202egnp".encode(),
        b"<script>alert(1)<!--",
        b"caf\xe9",
    ]
    names = [
        b"=1+1",
        b"-x",
        b"\x1b]0;t\x07",
        b"a\nb\r",
        b"@S(1)",
        "é\u200b😀".encode(),
        b"caf\xe9",
        b"\x9b31m",
    ]
    for number, label in enumerate(classes):
        os.makedirs(os.path.join(os.fsencode(top), label))  # noqa: PTH103, PTH118 (bytes)
        for place, name in enumerate(names):
            pixels = np.random.default_rng(10 * number + place).integers(0, 256, (40, 40, 3), "uint8")
            with open(os.path.join(os.fsencode(top), label, name + b".png"), "wb") as file:  # noqa: PTH118, PTH123
                Image.fromarray(pixels).save(file, "PNG")
    return top


def check_results(folder):
    for file in folder.glob("*.csv"):
        check_table(file.read_bytes().decode("utf-8"))
    json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    for file in folder.glob("*.html"):
        page = file.read_text(encoding="utf-8")
        assert not {"script", "img src=x"} & set(Elements(page).tags)
        assert not {unicodedata.category(c) for c in page.replace("\n", "")} & {"Cc", "Cs", "Zl", "Zp"}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere file systems take no such names")
@pytest.mark.parametrize("kind", [pytest.param(None, marks=pytest.mark.long), [*KINDS][0], *OTHERS])
def test_photos_of_hostile_names_go_the_whole_way(root, tmp_path, kind):
    data, results = folder_of_photos(tmp_path / "data"), tmp_path / "out" / "fine_tune"
    flags = ["--backbone", "convnet", "--image-size", "28", "--data", data, "--outputs", tmp_path / "out"]
    code, out, err = command(root, kind, "tutorials.fine_tune", "--quick", *flags)
    assert (code, err) == (0, b"")
    check_terminal(out.decode("utf-8"))
    check_results(results)
    for flags in [], ["--csv"]:
        code, out, err = command(root, kind, "tutorials.predict", results, data, *flags)
        assert (code, err) == (0, b"")
        rows = check_table(out.decode("utf-8")) if flags else check_terminal(out.decode("utf-8"))
        assert not flags or len(rows) == 41


@pytest.mark.slow
@pytest.mark.parametrize("kind", [None, pytest.param([*KINDS][0], marks=pytest.mark.long), *OTHERS])
def test_texts_of_hostile_names_go_the_whole_way(root, tmp_path, kind):
    names = [name for name in HOSTILE if name not in ("caf\udce9", HOSTILE[-1])]
    random = np.random.default_rng(0)
    rows = [(" ".join(random.choice(names, 9)), names[n % 3 * 3]) for n in range(240)]
    with (tmp_path / "texts.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [("text", "label"), *((f"{text} {n}", k) for n, (text, k) in enumerate(rows))]
        )
    flags = ["--data", tmp_path / "texts.csv", "--outputs", tmp_path / "out", "--predict", "=1 \x1b[2J film"]
    code, out, err = command(root, kind, "tutorials.sentiment", "--quick", *flags)
    assert (code, err) == (0, b"")
    check_terminal(out.decode("utf-8"))
    check_results(tmp_path / "out" / "sentiment")
    inputs = tmp_path / "out" / "sentiment", tmp_path / "texts.csv", "=\x1b[31mfilm", "\u202efilm"
    for flags in [], ["--csv"]:
        code, out, err = command(root, kind, "tutorials.predict", *inputs, *flags)
        assert (code, err) == (0, b"")
        rows = check_table(out.decode("utf-8")) if flags else check_terminal(out.decode("utf-8"))
        assert not flags or len(rows) == 243


@pytest.mark.slow
@pytest.mark.parametrize("kind", [[*KINDS][0], *OTHERS])
def test_lessons_and_lists_print_on_any_terminal(root, tmp_path, kind):
    for module in "tutorials", "models":
        assert command(root, kind, module)[::2] == (0, b"")
    lessons = ["x_or_o", "losses", "convolution", "digits", "receptive_field"]
    for lesson in lessons if kind == "ascii" else lessons[:1]:  # of the three it can show the least
        code, _, err = command(root, kind, f"tutorials.{lesson}", "--quick", "--outputs", tmp_path)
        assert (code, err) == (0, b""), lesson


LONG = ["a" * 5000, "/tmp/" + "abcdefghi/" * 500 + "x"]
TAKING = [
    ("digits", "--data"),
    ("sentiment", "--data"),
    ("sound", "--data"),
    ("fine_tune", "--data"),
    ("fine_tune", "--weights"),
    ("look_inside", "--load"),
    ("look_inside", "--data"),
    ("convolution", "--photo"),
    ("digits", "--outputs"),
    ("predict", "{}", "a.png"),
    ("predict", "FOLDER", "{}.png"),
]


@pytest.mark.parametrize("path", LONG, ids=["one name", "many folders"])
@pytest.mark.parametrize("flags", TAKING, ids=" ".join)
def test_a_path_that_is_too_long_is_one_sentence(asked, tmp_path, path, flags, monkeypatch, capsys):
    import importlib

    name, *flags = flags
    flags = [flag.format(path).replace("FOLDER", str(asked / "fine_tune")) for flag in flags]
    given = [*flags, path] if flags[0].startswith("--") else flags
    where = [] if name == "predict" or "--outputs" in flags else ["--outputs", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", [name, *given, *where])
    with pytest.raises(SystemExit) as stop:
        run(importlib.import_module(f"tutorials.{name}").main)
    said = capsys.readouterr().err
    assert stop.value.code == 1
    assert all(line.startswith("Error: ") for line in said.splitlines()) and 1 <= said.count("\n") <= 2
    assert len(said) < 2200
