"""The lesson `fine_tune` with a network of one's own, and the log of each epoch that it leaves."""

import csv
import importlib.util
import json

from tutorials.lesson.command import LessonError, run

import keras
import pytest
from keras import layers

from datasets import digits
from models import PhotoClassifier
from tutorials import fine_tune
from tutorials.lesson import rescore, training_log

THERE = importlib.util.find_spec("tensorboard") is not None


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "photos"
    digits.save_photos(folder, 6)
    for label in (folder / "test").iterdir():
        for file in sorted(label.iterdir())[4:]:
            file.unlink()
    return folder


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    keras.utils.set_random_seed(0)
    file = tmp_path_factory.mktemp("networks") / "own.keras"
    keras.Sequential(
        [
            keras.Input((28, 28, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(8, 5, activation="relu"),
            layers.MaxPooling2D(3),
            layers.Conv2D(16, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ],
        name="own",
    ).save(file)
    return file


def rows_of(file):
    with file.open(newline="", encoding="utf-8") as rows:
        return list(csv.DictReader(rows))


@pytest.mark.slow
@pytest.mark.parametrize("effort", ["quick", "normal"])
def test_a_network_of_ones_own_is_fine_tuned_and_each_epoch_logged(
    effort, folder, network, tmp_path, monkeypatch
):
    if effort == "quick":  # a fresh process reads the normal one
        monkeypatch.setattr(rescore, "_ask", lambda request, _: rescore.main(request))
    outcome = fine_tune.main(
        str(folder), backbone=str(network), effort=effort, views=1, epochs=2, outputs=tmp_path, flip=False,
        batch_size=16, tensorboard=THERE,
    )  # fmt: skip
    results = tmp_path / "fine_tune"
    assert str(network.parent) not in json.dumps(outcome.metrics["settings"])
    loaded = PhotoClassifier.load(results)
    assert loaded.backbone == "own.keras" and loaded.image_size_ == 28
    log = rows_of(results / "log.csv")
    assert (log[0]["part"], log[0]["epoch"]) == ("probes", "0")
    assert float(log[0]["val_accuracy"]) > 0.25  # chance is 0.1
    epochs = [(row["part"], row["epoch"]) for row in log[1:]]
    assert epochs == [(f"fold {fold}", epoch) for fold in (1, 2, 3) for epoch in "12" if effort == "normal"]
    assert all(float(row["loss"]) > 0 and 0 <= float(row["accuracy"]) <= 1 for row in log[1:])
    assert (results / "report.html").exists()
    assert (results / training_log.EVENTS).exists() == THERE


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--backbone", "missing.keras"], "missing.keras"),
        (["--backbone", "NETWORK", "--image-size", "64"], "own.keras takes images of 28 pixels"),
        (["--backbone", "NETWORK", "--weights", "none"], "own.keras has weights of its own"),
    ],
)
def test_what_does_not_fit_is_one_sentence(arguments, said, folder, network, tmp_path, monkeypatch, capsys):
    given = [str(network) if each == "NETWORK" else each for each in arguments]
    monkeypatch.setattr("sys.argv", ["fine_tune", "--data", str(folder), "--outputs", str(tmp_path), *given])
    with pytest.raises(SystemExit):
        run(fine_tune.main, resumable=True)
    error = capsys.readouterr().err.strip()
    assert said in error and "Traceback" not in error and "\n" not in error


def test_tensorboard_is_refused_before_any_work_where_it_is_missing(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(LessonError, match="tensorboard is not installed; install it with"):
        fine_tune.main(str(folder), tensorboard=True, outputs=tmp_path)
    assert not (tmp_path / "fine_tune").exists()


def test_tensorboard_reads_what_the_log_says(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    histories = {"fold 1": {"loss": [0.5, 0.25]}, "fold 2": {"loss": [0.75]}}
    path = tmp_path / training_log.EVENTS
    training_log._write_events(training_log.log_rows(histories, 0.5), tmp_path, path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    events = EventAccumulator(str(path), {"tensors": 0}).Reload()
    found = {
        tag: [(event.step, make_ndarray(event.tensor_proto).item()) for event in events.Tensors(tag)]
        for tag in events.Tags()["tensors"]
    }
    assert found == {
        "probes/val_accuracy": [(0, 0.5)],
        "fold 1/loss": [(1, 0.5), (2, 0.25)],
        "fold 2/loss": [(1, 0.75)],
    }
