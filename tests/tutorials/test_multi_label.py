"""`fine_tune --multi-label` and `predict` on what it leaves: numbers, tables, and what does not apply."""

import csv
import io
import json
import shutil

from tutorials.lesson.command import LessonError, run

import numpy as np
import pytest
from sklearn import metrics

from datasets import DataError
from datasets.generated.mosaics import save_mosaics
from datasets.photos import read_square
from models import MultiLabelClassifier
from tutorials import fine_tune, look_inside, predict

SOON = {"backbone": "convnet", "flip": False}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "mosaics"
    save_mosaics(folder, 150)
    (folder / "damaged.png").write_bytes(b"no image")
    with (folder / "labels.csv").open("a") as table:
        table.write("damaged.png,3|4\n")
    return folder


@pytest.fixture(scope="module")
def results(folder, tmp_path_factory):
    """One whole run on a folder with a table: the folder of its results."""
    outputs = tmp_path_factory.mktemp("outputs")
    fine_tune.main(data=str(folder), multi_label=True, outputs=outputs, **SOON)
    return outputs / "fine_tune"


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_its_metrics_are_those_of_the_files_it_leaves(results, folder):
    """The saved model, the split and scikit-learn alone lead to the same numbers."""
    test = [row for row in rows_of(results / "split.csv") if row["split"] == "test"]
    classifier = MultiLabelClassifier.load(results)
    labels = np.array([[int(row[name]) for name in classifier.class_names] for row in test])
    pixels = np.stack([read_square(folder / row["file"], 28) for row in test]).astype("float32")
    probabilities = classifier.model.predict(pixels, verbose=0)
    given = probabilities >= classifier.thresholds_
    found = json.loads((results / "metrics.json").read_text())["results"]
    expected = {
        "test_mean_average_precision": metrics.average_precision_score(labels, probabilities),
        "macro_f1": metrics.f1_score(labels, given, average="macro"),
        "micro_f1": metrics.f1_score(labels, given, average="micro"),
        "hamming_loss": metrics.hamming_loss(labels, given),
        "exact_match": metrics.accuracy_score(labels, given),
        "chance_mean_average_precision": labels.mean(),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    assert found["photos_used"] == 150 and found["photos_set_aside"] == 1 and found["labels"] == 10
    assert found["test_mean_average_precision"] > 2 * found["chance_mean_average_precision"]
    scores = {row["label"]: row["average precision"] for row in rows_of(results / "label_scores.csv")}
    expected = metrics.average_precision_score(labels, probabilities, average=None)
    assert [float(scores[name]) for name in classifier.class_names] == pytest.approx(expected, abs=6e-4)


def test_it_leaves_figures_and_tables(results):
    names = {path.name for path in results.iterdir() if not path.name.startswith(".")}
    assert names == {
        "labels.png", "mistakes.png", "labels.json", "label_scores.csv", "metrics.json", "model.keras",
        "split.csv", "quarantine.csv",
    }  # fmt: skip
    assert [row["file"] for row in rows_of(results / "quarantine.csv")] == ["damaged.png"]


@pytest.mark.slow
def test_the_split_that_it_leaves_can_be_trained_on(results, folder, tmp_path, capsys):
    data = shutil.copytree(folder, tmp_path / "again")
    (data / "labels.csv").unlink()
    shutil.copy(results / "split.csv", data / "labels.csv")
    fine_tune.main(data=str(data), multi_label=True, quick=True, outputs=tmp_path / "out", **SOON)
    assert (tmp_path / "out" / "fine_tune" / "model.keras").exists()
    said = capsys.readouterr()
    assert "Loaded again in a fresh process, probabilities differ by" in said.out and not said.err


def test_predict_prints_the_labels_above_their_thresholds(results, folder, capsys):
    files = [str(folder / f"{n:05}.png") for n in range(6)]
    predict.main(results, tuple(files))
    lines = capsys.readouterr().out.splitlines()
    for line, row in zip(lines, MultiLabelClassifier.load(results).predict(files), strict=True):
        pairs = zip(row.labels, row.probabilities, strict=True)
        said = ", ".join(f"{name} ({value:.1%})" for name, value in pairs)
        assert line.startswith(f"{row.file}: {said}" if said else f"{row.file}: no label (most probable is")


def test_predict_as_a_table_has_a_column_a_label(results, folder, capsys):
    with pytest.raises(LessonError, match="1 of 2 files"):
        predict.main(results, (str(folder / "00000.png"), str(folder / "damaged.png")), csv=True)
    one, damaged = csv.DictReader(io.StringIO(capsys.readouterr().out))
    row = MultiLabelClassifier.load(results).predict(str(folder / "00000.png"))
    assert list(one) == ["file", "labels", *map(str, range(10)), "reason"]
    assert [float(one[str(n)]) for n in range(10)] == pytest.approx(row.probabilities[0], abs=1e-5)
    assert one["labels"] == "|".join(row[0].labels) and not one["reason"]
    assert damaged["labels"] == damaged["3"] == "" and "not an image" in damaged["reason"]


def test_what_does_not_apply_to_several_labels_is_refused(results, folder, tmp_path):
    with pytest.raises(LessonError, match="abstain="):
        predict.main(results, (str(folder / "00000.png"),), abstain=0.05)
    with pytest.raises(LessonError, match="several labels"):
        look_inside.main(load=str(results), data=str(folder), quick=True, outputs=tmp_path)
    with pytest.raises(LessonError, match=r"leave out augmentation=, epochs=\."):
        fine_tune.main(multi_label=True, epochs=3, augmentation="none", outputs=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_model_without_its_thresholds_is_refused(results, folder, tmp_path):
    damaged = shutil.copytree(results, tmp_path / "damaged")
    MultiLabelClassifier.load(results).model.save(damaged / "model.keras")
    with pytest.raises(LessonError, match="threshold"):
        predict.main(damaged, (str(folder / "00000.png"),))


def test_without_the_flag_the_command_names_it(folder, tmp_path, monkeypatch, capsys):
    data, names = (
        str(folder / "labels.csv"),
        ["fine_tune", "--backbone", "convnet", "--outputs", str(tmp_path)],
    )
    monkeypatch.setattr("sys.argv", [*names, "--data", data])
    with pytest.raises(SystemExit):
        run(fine_tune.main)
    said = capsys.readouterr().err
    assert "several labels" in said and "--multi-label of" in said and "multi_label=" not in said


def test_a_folder_of_classes_without_a_table_is_refused(folder, tmp_path):
    (tmp_path / "ants").mkdir()
    shutil.copy(folder / "00000.png", tmp_path / "ants" / "1.png")
    with pytest.raises(DataError, match="holds no table"):
        fine_tune.main(data=str(tmp_path), multi_label=True, outputs=tmp_path / "out", **SOON)


def test_missing_weights_are_told_before_photos_are_read(folder, tmp_path, capsys):
    with pytest.raises(ValueError, match="missing.h5"):
        fine_tune.main(str(folder), "mobilenet", "missing.h5", multi_label=True, outputs=tmp_path)
    assert "Data:" not in capsys.readouterr().out
