"""The lesson `classify_texts` on a table of one's own with hostile cells: what it writes and refuses."""

import csv
import json
import re

from tutorials.lesson.command import LessonError, run

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from datasets import DataError, Source, Texts
from datasets.generated import messages
from models import ModelError, TextClassifier
from tests.killed_runs import kill, start, untimed, wait_for
from tutorials import classify_texts, predict
from tutorials.lesson import text_samples

HOSTILE = [
    "</script><script>alert(1)</script>", "=HYPERLINK(\"http://x\")", "'><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }} {% raw %}", "@SUM(1)", "javascript:alert(1)",
]  # fmt: skip
CLASSES = {"account": "=account", "damage": "<b>damage</b>", "delivery": "file", "payment": "pay, ment"}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Messages with hostile words in a table, their classes called as nobody should: (path, rows)."""
    folder = tmp_path_factory.mktemp("own")
    rows = []
    for n, message in enumerate(messages.generate(300, seed=3)):
        text = f"{HOSTILE[n % len(HOSTILE)]} {message.text}" if n % 3 == 0 else message.text
        rows.append((text, CLASSES.get(message.label, "")))
    path = folder / "mine.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("body", "topic"), *rows, ("one more", "NA"), ("", "file")])
    with (folder / "new.csv").open("w", newline="", encoding="utf-8") as file:
        new = [(each.text, 1) for each in messages.generate(60, seed=9)]
        csv.writer(file).writerows([("body", "day"), *new, ("where is it", 2)])
    return path, rows


@pytest.fixture(scope="module")
def results(table, tmp_path_factory):
    """(the lesson's folder, its outcome)."""
    outputs = tmp_path_factory.mktemp("out")
    outcome = classify_texts.main(
        data=str(table[0]), unlabelled=str(table[0].with_name("new.csv")), abstain=0.1, outputs=outputs
    )
    return outputs / "classify_texts", outcome


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_it_leaves_what_it_says_and_nothing_else(results):
    folder, outcome = results
    assert {file.name for file in folder.iterdir() if not file.name.startswith(".")} == {
        "metrics.json", "model.keras", "labels.json", "report.html", "label.html", "split.csv",
        "quarantine.csv", "suspects.csv", "predictions.csv", "confusion_matrix.png", "class_scores.png",
        "calibration.png", "weights.png", "moved_words.png",
    }  # fmt: skip
    assert "wrong_labels" not in outcome.results and 0 < outcome.results["answered"] <= 1
    assert [file.name for file in folder.parent.iterdir()] == ["classify_texts"]


def test_its_numbers_are_those_of_the_class_and_of_scikit_learn(results, table):
    _, outcome = results
    texts = Texts.check(table[0])
    classifier = TextClassifier().fit(texts)
    assert classifier.evaluate(texts).accuracy.value == outcome.results["test_accuracy"]
    assert classifier.suspects().confident == outcome.results["suspects_shown"]
    model = make_pipeline(
        TfidfVectorizer(token_pattern=r"\w+|[^\w\s]"), LogisticRegression(C=10, max_iter=1000)
    )
    (x, y), (xt, yt) = texts.pairs("train"), texts.pairs("test")
    assert model.fit(x, y).score(xt, yt) == outcome.results["words_test_accuracy"]
    most = max(set(y), key=y.count)
    assert np.mean(np.array(yt) == most) == outcome.results["majority_test_accuracy"]


def test_predictions_are_those_of_the_saved_model_with_all_probabilities(results, table):
    folder, outcome = results
    again = TextClassifier.load(folder / "model.keras")
    assert set(again.class_names) == set(CLASSES.values())
    split = [row for row in rows_of(folder / "split.csv") if row["split"] == "test"]
    found = rows_of(folder / "predictions.csv")
    assert [row["line"] for row in found] == [row["line"] for row in split]
    columns = ["'=account", "<b>damage</b>", "class file", "pay, ment"]
    shares = np.array([[float(row[name]) for name in columns] for row in found])
    order = [again.class_names.index(name) for name in CLASSES.values()]
    texts = [row["text"].removeprefix("'") for row in found]
    expected = again.predict(texts, abstain=0.1)
    np.testing.assert_allclose(shares, expected.probabilities[:, order], atol=1e-5)
    assert [bool(row["reason"]) for row in found] == [each.label is None for each in expected]
    answered = [row for row in found if not row["reason"]]
    assert len(answered) / len(found) == outcome.results["answered"]
    right = np.mean([row["label"] == row["predicted"] for row in answered])
    assert right == pytest.approx(outcome.results["answered_accuracy"])


def test_no_cell_is_a_formula_and_no_text_of_the_table_runs_in_a_page(results):
    folder, _ = results
    for name in ("split", "quarantine", "suspects", "predictions"):
        cells = [cell for row in rows_of(folder / f"{name}.csv") for cell in row.values()]
        assert not [cell for cell in cells if cell.startswith(("=", "@", "+")) or re.match(r"-[^\d.]", cell)]
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "<script" not in report and "<img src=x" not in report and "<b>" not in report
    assert "49 {% raw" not in report and "&lt;script&gt;" in report
    page = (folder / "label.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page and page.count("</script>") == 2


def test_the_report_says_what_was_measured_and_found(results):
    folder, outcome = results
    report = (folder / "report.html").read_text(encoding="utf-8")
    for title in (
        "What to do next", "Texts set aside", "Possibly wrong labels", "Confusion matrix", "What decides",
        "Misclassified texts", "Calibration", "Precision and recall", "How to use the model", "Majority",
        "Single words",
    ):  # fmt: skip
        assert title in report, title
    assert "photo" not in report
    assert f"{100 * outcome.results['test_accuracy']:.1f}\N{NO-BREAK SPACE}%" in report
    assert "has no label but &#x27;NA&#x27;" in report and "Label the texts on the page label.html" in report


def test_the_label_page_saves_a_table_that_the_lesson_takes(results, tmp_path):
    folder, _ = results
    page = (folder / "label.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    assert len(data["items"]) == 20
    lines = [f"{item['cell']},{data['classes'][1]['cell']}{data['rest']}\n" for item in data["items"]]
    (tmp_path / "labels.csv").write_text(data["start"] + "".join(lines), encoding="utf-8", newline="")
    texts = Texts.check(tmp_path / "labels.csv")
    test = {row["line"] for row in rows_of(folder / "split.csv") if row["split"] == "test"}
    assert len(texts.of("test")) == len(test)
    assert len(texts) == len(rows_of(folder / "split.csv")) + 20
    assert set(texts.class_names) == set(CLASSES.values())


def test_predict_reads_what_it_saved(results, capsys):
    predict.main(results[0], ("where is my lamp",), explain=True)
    said = capsys.readouterr().out
    assert said.startswith("'where is my lamp': file (") and "lamp" in said.splitlines()[1]


def test_a_failed_run_leaves_the_results_of_the_last_one(results, tmp_path, collect):
    folder, _ = results
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    (tmp_path / "bad.csv").write_text("text,label\na,b\n")
    with pytest.raises(DataError):
        classify_texts.main(data=str(tmp_path / "bad.csv"), outputs=folder.parent)
    collect()
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert [file.name for file in folder.parent.iterdir()] == ["classify_texts"]


@pytest.mark.slow
def test_a_second_run_replaces_the_first_with_a_network(table, tmp_path):
    classify_texts.main(data=str(table[0]), quick=True, outputs=tmp_path)
    outcome = classify_texts.main(data=str(table[0]), model="bag", epochs=2, quick=True, outputs=tmp_path)
    assert "curves" in outcome.figures and "weights" not in outcome.figures
    folder = tmp_path / "classify_texts"
    assert json.loads((folder / "metrics.json").read_text())["results"] == outcome.results
    assert not (folder / "weights.png").exists()
    assert TextClassifier.load(folder).predict("late").labels[0] in CLASSES.values()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"abstain": 0.9}, "abstain= must be from 0.001 to 0.5, not 0.9"),
        ({"epochs": 0}, "epochs= must be more than 0"),
        ({"text_column": "body"}, "text_column=, label_column= and encoding= are for a file"),
        ({"unlabelled": "nowhere.csv"}, "nowhere.csv does not exist"),
        ({"data": "nowhere"}, "nowhere does not exist"),
        ({"model": "gpt"}, "model= must be "),
    ],
)
def test_what_it_cannot_use_is_one_sentence_and_nothing_is_written(settings, said, tmp_path, collect):
    with pytest.raises((LessonError, DataError, ModelError), match=re.escape(said)):
        classify_texts.main(outputs=tmp_path / "new", **settings)
    collect()
    assert not list(tmp_path.rglob("*.*"))


def test_the_command_line_names_flags(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["classify_texts", "--abstain", "0.9", "--outputs", str(tmp_path)])
    with pytest.raises(SystemExit) as stop:
        run(classify_texts.main)
    assert stop.value.code == 1
    assert capsys.readouterr().err == "Error: --abstain must be from 0.001 to 0.5, not 0.9.\n"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"budget": "5m"}, "budget= is for the networks"),
        ({"export": "litert"}, "export= is for the networks"),
        ({"budget": "soon", "model": "bag"}, 'budget= takes a time such as "60s"'),
    ],
)
def test_what_only_a_network_has_a_use_for_is_refused_before_texts_are_read(settings, said, tmp_path):
    with pytest.raises((LessonError, ModelError), match=said):
        classify_texts.main(data=str(tmp_path / "missing.csv"), outputs=tmp_path / "out", **settings)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.long
def test_killed_in_its_training_it_goes_on_to_the_same_end(root, table, tmp_path, capsys):
    flags = {"data": str(table[0]), "model": "bag", "epochs": 24}
    outputs, unfinished = tmp_path / "killed", tmp_path / "killed" / ".classify_texts-unfinished"
    arguments = [each for name, value in flags.items() for each in (f"--{name}", value)]
    child = start(root, "classify_texts", *arguments, "--outputs", outputs)
    assert wait_for(child, unfinished / "training.state", times=5)
    kill(child)
    assert (unfinished / "training.state").exists() and not (outputs / "classify_texts").exists()
    with pytest.raises(LessonError, match="epochs was 24"):
        classify_texts.main(**flags | {"epochs": 50}, resume=True, outputs=outputs)
    capsys.readouterr()
    again = classify_texts.main(**flags, resume=True, outputs=outputs)
    said = capsys.readouterr().out
    assert "starting anew" not in said and "Epoch 2/24" not in said and "Epoch 24/24" in said
    assert [entry.name for entry in outputs.iterdir()] == ["classify_texts"]
    whole = classify_texts.main(**flags, outputs=tmp_path / "whole")
    assert untimed(again.metrics) == untimed(whole.metrics)
    weights = [TextClassifier.load(tmp_path / name / "classify_texts").model for name in ("killed", "whole")]
    for one, other in zip(*(model.get_weights() for model in weights), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.long
def test_a_budget_cuts_the_epochs_of_a_network(table, tmp_path):
    outcome = classify_texts.main(
        data=str(table[0]), model="pooled_lstm", epochs=5000, budget="120s", outputs=tmp_path
    )
    seconds = outcome.metrics["seconds"]
    assert 20 < seconds < 125 and outcome.results["fit_seconds"] < seconds


@pytest.mark.slow
def test_a_table_can_be_streamed_and_large_ones_are(table, tmp_path, monkeypatch, capsys):
    path = table[0].with_name("more.csv")
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = [(each.text, each.truth) for each in messages.generate(900, seed=5) if each.truth]
        csv.writer(file).writerows([("body", "topic"), *rows, ("one more", "NA")])
    monkeypatch.setattr(text_samples, "LARGE", table[0].stat().st_size)
    outcome = classify_texts.main(data=str(path), outputs=tmp_path, abstain=0.1)
    said = capsys.readouterr().out
    assert "near copies, and texts with two labels, are not looked for in a stream" in said
    folder = tmp_path / "classify_texts"
    streamed = Texts.stream(path)
    assert len(rows_of(folder / "predictions.csv")) == streamed.counts["test"].sum() > 100
    assert outcome.results["test_accuracy"] > outcome.results["words_test_accuracy"] - 0.1 > 0.5
    assert json.loads((folder / "metrics.json").read_text())["data"]["examples"] == 900
    assert "fitted on a sample of" in (folder / "report.html").read_text(encoding="utf-8")
    [(file, reason)] = [row.values() for row in rows_of(folder / "quarantine.csv")]
    assert (file, reason) == ("more.csv, line 902", "has no label but 'NA'")
    small = Source("texts", table[0])
    assert text_samples.is_large(Source("texts", path)) and not text_samples.is_large(small)
    with pytest.raises(LessonError, match="a network needs all texts in memory"):
        classify_texts.main(data=str(path), model="bag", stream=True, outputs=tmp_path)
