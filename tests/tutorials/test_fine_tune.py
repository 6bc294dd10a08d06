"""The whole way from a folder of photos to a saved classifier: killed, poisoned, starved, refused."""

import contextlib
import csv
import html
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

from tutorials.lesson.command import run

import keras
import numpy as np
import pytest
from PIL import Image

from datasets import Photos, digits, photos
from models import PhotoClassifier
from models.fine_tuning import features, transfer
from models.fine_tuning.tuning import EPOCHS
from tests.killed_runs import kill, untimed, wait_for
from tests.killed_runs import start as start_lesson
from tutorials import fine_tune
from tutorials.lesson import photo_report
from tutorials.predict import load

SOON = {"backbone": "convnet", "image_size": 28, "batch_size": 16}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """80 small photos of digits, 60 of them to train on, and 40 to test on."""
    folder = tmp_path_factory.mktemp("data") / "photos"
    digits.save_photos(folder, 8)
    for label in (folder / "test").iterdir():
        for file in sorted(label.iterdir())[4:]:
            file.unlink()
    return folder


@pytest.fixture
def briefly(monkeypatch):
    """Leave out what takes long and is tested elsewhere: figures, report, and the fresh process."""
    outcomes = []

    def remember(report, photos, rows, evaluations, classifier, training, finding):
        outcomes.append(SimpleNamespace(rows=rows, evaluations=evaluations, histories=training.histories))

    monkeypatch.setattr(photo_report, "agreements", lambda files, *_: dict.fromkeys(files, 0.0))
    monkeypatch.setattr(fine_tune, "write_figures_and_report", remember)
    return outcomes


def weights_of(outputs):
    return load(outputs / "fine_tune")[1].get_weights()


def assert_same_weights(one, other):
    assert len(one) == len(other)
    assert all(first.tobytes() == second.tobytes() for first, second in zip(one, other, strict=True))


# What one run leaves

# A page takes these for its own text, a shell for a command, matplotlib for formulas (and those are broken)
CLASS, OTHER, FILE = "$x^$<script>alert(1)</script>", r"seven $\q$", '"; rm -rf ~'


@pytest.fixture(scope="module")
def hostile(folder, tmp_path_factory):
    """One whole quick run on photos whose class and file names are attacks: (data, outputs, metrics)."""
    data, outputs = tmp_path_factory.mktemp("hostile"), tmp_path_factory.mktemp("outputs")
    rows = [("file", "label")]
    for label, name in (("3", CLASS), ("7", OTHER)):
        for number, file in enumerate(sorted((folder / "train" / label).iterdir())):
            target = FILE if (number, name) == (0, CLASS) else f"{label}-{number}.png"
            shutil.copy(file, data / target)
            rows.append((target, name))
    for target, content in (("broken.png", b"\x89PNG\r\n\x1a\n"), ("empty.jpg", b"")):
        (data / target).write_bytes(content)
        rows.append((target, OTHER))
    with (data / "photos.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    before = {file.name: file.read_bytes() for file in data.iterdir()}
    metrics = fine_tune.main(str(data / "photos.csv"), quick=True, outputs=outputs, **SOON).metrics
    assert {file.name: file.read_bytes() for file in data.iterdir()} == before
    return data, outputs / "fine_tune", metrics


def table(file):
    with file.open(newline="", encoding="utf-8") as rows:
        return list(csv.DictReader(rows))


@pytest.mark.slow
def test_labels_are_a_list_in_index_order(hostile):
    _, folder, _ = hostile
    names = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    assert names == [CLASS, OTHER]
    _, model, loaded = load(folder)
    assert loaded == names
    assert model.output_shape == (None, len(names))


def test_the_split_has_every_photo_that_is_used_once(hostile):
    data, folder, metrics = hostile
    rows = table(folder / "split.csv")
    assert set(rows[0]) == {"file", "label", "split"}
    aside = table(folder / "quarantine.csv")
    assert set(aside[0]) == {"file", "reason"}
    used = {file.name for file in data.iterdir()} - {"photos.csv", "broken.png", "empty.jpg"}
    assert sorted(row["file"] for row in rows) == sorted(used)
    assert {row["file"] for row in aside} == {"broken.png", "empty.jpg"}
    assert all(row["reason"] for row in aside)
    assert {row["split"] for row in rows} == {"train", "validation", "test"}
    assert {row["label"] for row in rows} == {CLASS, OTHER}
    assert metrics["results"]["photos_used"] == len(rows) == 16
    assert metrics["results"]["photos_set_aside"] == 2


def test_hostile_names_are_text_in_the_report(hostile):
    _, folder, metrics = hostile
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert html.escape(CLASS) in page
    assert metrics["finding"] in html.unescape(page)
    assert "http://" not in page.replace("http://www.w3.org/", "") and "https://" not in page


def test_the_results_name_no_folder_that_is_gone(hostile, folder):
    data, _, metrics = hostile
    assert metrics["data"] == {"source": f"photos from {data / 'photos.csv'}", "examples": 16}


def test_settings_are_those_of_the_command_line_and_no_others(hostile):
    _, folder, metrics = hostile
    flags = set(fine_tune.main.__annotations__) - {"return"}
    assert set(metrics["settings"]) == flags
    assert metrics["settings"]["backbone"] == "convnet"


def test_the_unfinished_folder_is_gone_after_a_complete_run(hostile):
    _, folder, _ = hostile
    assert [entry.name for entry in folder.parent.iterdir()] == ["fine_tune"]


@pytest.mark.slow
def test_whatever_the_report_and_the_check_cannot_do_the_model_is_kept(folder, tmp_path, monkeypatch, capsys):
    def fails(*_):
        raise UnicodeEncodeError("utf-8", "caf\udce9", 3, 4, "surrogates not allowed")

    monkeypatch.setattr(photo_report, "agreements", fails)
    monkeypatch.setattr(fine_tune, "write_figures_and_report", fails)
    metrics = fine_tune.main(str(folder), quick=True, outputs=tmp_path, **SOON).metrics
    said = capsys.readouterr()
    assert said.err.count("\n") == 2
    for what in "check in a fresh process", "report.html with its figures":
        assert f"No {what} ('utf-8' codec can't encode" in said.err
    assert "report.html" not in said.out.splitlines()[-1]
    assert json.loads((tmp_path / "fine_tune" / "metrics.json").read_text()) == metrics
    assert set(metrics["results"]) >= {"test_accuracy", "parameters"}
    assert len(load(tmp_path / "fine_tune")[2]) == 10
    assert [entry.name for entry in tmp_path.iterdir()] == ["fine_tune"]


@pytest.mark.slow
def test_a_model_that_was_not_saved_as_it_was_trained_replaces_nothing(
    folder, tmp_path, monkeypatch, capsys, collect
):
    def differs(*_):
        raise photo_report.Disagreement("Its probabilities differ.")

    monkeypatch.setattr(photo_report, "agreements", differs)
    with pytest.raises(photo_report.Disagreement):
        fine_tune.main(str(folder), quick=True, outputs=tmp_path, **SOON)
    collect()
    assert f"is kept in {tmp_path / 'fine_tune-kept'}." in capsys.readouterr().err
    assert load(tmp_path / "fine_tune-kept")[0] == "fine_tune"
    assert not (tmp_path / "fine_tune").exists()


# What chooses and what is frozen


@pytest.mark.slow
def test_the_test_part_chooses_nothing(folder, briefly, tmp_path):
    """Other pixels and other labels there: the same weights to the byte, and only other test results.

    One training photo less, and they are others: so this says something.
    """
    poisoned, fewer = tmp_path / "poisoned", tmp_path / "fewer"
    for copy in poisoned, fewer:
        shutil.copytree(folder, copy)
    noise = np.random.default_rng(0)
    classes = sorted((poisoned / "test").iterdir())
    for number, label in enumerate(classes):
        first, *others = sorted(label.iterdir())
        Image.fromarray(noise.integers(0, 256, (28, 28), "uint8")).save(first)
        for file in others:
            file.rename(classes[number - 1] / f"moved-{file.name}")
    sorted((fewer / "train" / "0").iterdir())[0].unlink()
    results, models = [], []
    for data in folder, poisoned, fewer:
        outputs = tmp_path / "outputs" / data.name
        results.append(untimed(fine_tune.main(str(data), quick=True, outputs=outputs, **SOON).metrics))
        models.append(weights_of(outputs))
    assert_same_weights(*models[:2])
    clean, other, _ = results
    for name in "test_accuracy", "baseline_test_accuracy", "balanced_accuracy":
        assert clean.pop(name) > other.pop(name)
    assert clean == other
    one, two, _ = briefly
    assert one.histories == two.histories
    one, two = (each.evaluations["cross-validation"].probabilities for each in (one, two))
    np.testing.assert_array_equal(one, two)
    assert [weight.tobytes() for weight in models[0]] != [weight.tobytes() for weight in models[2]]


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"views": 3, "epochs": 2, "mixing": "mixup"}, marks=pytest.mark.slow),
        pytest.param({"effort": "quick"}, marks=pytest.mark.slow),
        pytest.param(
            {"cache": False, "epochs": 1, "augmentation": "strong", "unfreeze": 0.6}, marks=pytest.mark.slow
        ),
    ],
)
def test_the_class_comes_to_the_lessons_numbers(folder, briefly, tmp_path, settings):
    """Its weights, histories and probabilities, to the last digit."""
    settings = SOON | {"flip": False, "seed": 4} | settings
    fine_tune.main(str(folder), outputs=tmp_path, **settings)
    found = Photos.check(folder, SOON["image_size"], seed=4)
    effort = settings.pop("effort", "normal")
    classifier = PhotoClassifier(**settings).fit(found, effort=effort)
    assert_same_weights(weights_of(tmp_path), classifier.model.get_weights())
    assert briefly[0].histories == classifier.history_
    evaluations = briefly[0].evaluations
    for mine, its in (
        (evaluations["test"], classifier.evaluate(found)),
        (evaluations["cross-validation"], classifier.cross_validation_),
    ):
        np.testing.assert_array_equal(mine.probabilities, its.probabilities)
        assert mine.examples == its.examples
    assert PhotoClassifier.load(tmp_path / "fine_tune").class_names == classifier.class_names


def norms_of(model):
    return [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]


@pytest.mark.slow
@pytest.mark.parametrize("cache", [True, False])
def test_frozen_layers_and_all_statistics_stay_and_no_pass_is_done_twice(
    folder, briefly, tmp_path, monkeypatch, cache
):
    built, passed, states = [], {}, []
    make, fit = fine_tune.built_backbone, keras.Model.fit

    def remember(*arguments):
        # Drawn weights with statistics that fit them, else next to nothing would come through
        backbone = make(*arguments)
        for layer in norms_of(backbone):
            layer.momentum = 0.0
        backbone(np.random.default_rng(0).uniform(0, 255, (32, 32, 32, 3)).astype("float32"), training=True)
        built.append((backbone, {weight.path: weight.numpy() for weight in backbone.weights}))
        return backbone

    def counting(predict):
        def counted(self, *arguments, **settings):
            told = predict(self, *arguments, **settings)
            one = next(iter(told.values())) if isinstance(told, dict) else told
            passed[self.name] = passed.get(self.name, 0) + len(one)
            return told

        return counted

    def counting_fit(self, *arguments, **settings):
        states.append((self, {weight.path: weight.numpy() for weight in self.weights}))
        history = fit(self, *arguments, **settings)
        states.append((self, {weight.path: weight.numpy() for weight in self.weights}))
        return history

    monkeypatch.setattr(fine_tune, "built_backbone", remember)
    for way in "predict", "predict_on_batch":  # neither calls the other
        monkeypatch.setattr(keras.Model, way, counting(getattr(keras.Model, way)))
    monkeypatch.setattr(keras.Model, "fit", counting_fit)
    settings = SOON | {"backbone": "mobilenet_025", "image_size": 32, "weights": "none"}
    fine_tune.main(str(folder), quick=True, unfreeze=0.2, cache=cache, outputs=tmp_path, **settings)

    (backbone, before), (outcome,) = built[0], briefly
    after = {weight.path: weight.numpy() for weight in backbone.weights}
    assert all(after[path].tobytes() == value.tobytes() for path, value in before.items())
    norms = {weight.path for network, _ in states for norm in norms_of(network) for weight in norm.weights}
    border = transfer.border_at(backbone, 0.2)
    below = {
        weight.path for each in transfer.operations_until(backbone, border)
        if isinstance(each, keras.layers.Layer) for weight in each.weights
    }  # fmt: skip
    moved = set()
    for (_, first), (_, last) in zip(states[::2], states[1::2], strict=True):
        moved |= {path for path, value in last.items() if value.tobytes() != first[path].tobytes()}
    assert norms and not moved & norms and not moved & below
    assert {path.split("/")[-2] for path in moved} >= {"predictions_tuned", "conv_pw_13"}

    if cache:
        known = len(outcome.rows["known"])
        filled_up = -(-known // features.AT_ONCE) * features.AT_ONCE
        measured = 2 * features.AT_ONCE
        assert passed["frozen"] == 2 * filled_up + measured  # in two versions each
        # What is trained holds no frozen layer but norms, so that no other pass through them can be
        assert not {path for network, _ in states[:1] for path in states[0][1]} & below


@pytest.mark.slow
def test_ways_less_trodden(folder, briefly, tmp_path, monkeypatch, capsys):
    """Strong augmentation, mixed photos, a cache on disk, no photos to test on."""
    check = photos.Photos.check

    def without_test(*arguments, **settings):
        found = check(*arguments, **settings)
        found.parts[found.parts == "test"] = "train"
        return found

    monkeypatch.setattr(photos.Photos, "check", without_test)
    monkeypatch.setattr(features, "IN_MEMORY", 0)
    metrics = fine_tune.main(
        str(folder), quick=True, augmentation="strong", mixing="cutmix", outputs=tmp_path, **SOON
    ).metrics
    assert set(metrics["results"]) & {"test_accuracy", "baseline_test_accuracy"} == set()
    assert metrics["results"]["cross_validation_accuracy"] > 0.5
    assert "photos in cross-validation of 10 classes" in metrics["finding"]
    assert set(briefly[0].histories) == {"fold 1", "fold 2", "fold 3"}
    assert "Fold 3: train on" in capsys.readouterr().out
    assert [entry.name for entry in tmp_path.iterdir()] == ["fine_tune"]


# Refusals


@pytest.fixture
def command(monkeypatch, capfd, tmp_path, collect):
    """The lesson's command line in this process; it must refuse in one sentence and leave nothing."""

    def call(*arguments):
        outputs = tmp_path / "new"
        monkeypatch.setattr(sys, "argv", ["fine_tune", *map(str, arguments), "--outputs", str(outputs)])
        with pytest.raises(SystemExit) as stop:
            run(fine_tune.main, resumable=True)
        said = capfd.readouterr().err
        status = stop.value.code
        del stop
        collect()
        assert status == 1, said
        assert said.startswith("Error: ") and said.count("\n") == 1, said
        assert not outputs.exists() or not list(outputs.iterdir())
        return said

    return call


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"ants": 8}, "has only one class to train on, 'ants'"),
        ({"ants": 8, "bees": 2}, "too few usable photos of 'bees' (2)"),
        ({}, "holds no files; it needs a folder of photos for each class"),
    ],
)
def test_photos_that_are_too_few(folder, command, tmp_path, counts, said):
    data = tmp_path / "few"
    data.mkdir()
    for label, (name, count) in enumerate(counts.items()):
        (data / name).mkdir()
        for file in sorted((folder / "train" / str(label)).iterdir())[:count]:
            shutil.copy(file, data / name)
    assert said in command("--data", data, "--backbone", "convnet")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--data", "nowhere"], "nowhere does not exist; name a folder of photos"),
        (["--backbone", "alexnet"], "alexnet"),
        (["--budget", "soon"], 'takes a time such as "60s"'),
        (["--budget", "0s"], "not '0s'"),
        (["--unfreeze", "1.5"], "--unfreeze must be from 0 to 1, not 1.5"),
        (["--unfreeze", "nan"], "--unfreeze must be from 0 to 1, not nan"),
        (["--image-size", "8", "--backbone", "mobilenet", "--weights", "none"], "at least 32 pixels"),
        (["--weights", "nothing.h5"], "no such file exists"),
        (["--weights", "FILE"], "weights.h5"),
        (["--views", "0"], "--views must be more than 0"),
    ],
)
def test_settings_that_cannot_be(folder, command, tmp_path, arguments, said):
    if "FILE" in arguments:
        other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        other.save_weights(tmp_path / "other.weights.h5")
        arguments = ["--weights", tmp_path / "other.weights.h5"]
    given = [str(argument) for argument in arguments]
    data = [] if "--data" in given else ["--data", folder]
    backbone = [] if "--backbone" in given or "--data" in given else ["--backbone", "convnet"]
    if "--data" in given:
        backbone = ["--backbone", "convnet"]
    assert said in command(*data, *backbone, *given)


def test_a_package_that_is_missing_is_told_before_any_work(folder, command, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name, package=None: None)
    said = command("--data", folder, "--backbone", "convnet", "--export", "onnx")
    assert "An export to ONNX needs " in said and "pip install" in said


@pytest.mark.slow
def test_no_space_for_the_cache(folder, command, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(features, "IN_MEMORY", 0)
    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    said = command("--data", folder, "--backbone", "convnet", "--quick")
    assert "cannot hold the" in said and "GB of features (no space left on device)" in said


# Killed and resumed


def start(root, data, outputs, *arguments):
    small = ["--backbone", "convnet", "--image-size", 28, "--batch-size", 16]
    return start_lesson(root, "fine_tune", "--data", data, *small, "--outputs", outputs, *arguments)


@pytest.mark.slow
def test_killed_once_it_goes_on_to_the_same_end(root, folder, briefly, tmp_path, capsys):
    outputs = tmp_path / "killed"
    child = start(root, folder, outputs, "--epochs", 2)
    assert wait_for(child, outputs / ".fine_tune-unfinished" / "fold 2.state", times=1)
    kill(child)
    assert not (outputs / "fine_tune").exists()
    assert len(list(outputs.glob(".fine_tune-*"))) == 2  # what is unfinished, and a draft
    capsys.readouterr()
    again = fine_tune.main(str(folder), epochs=2, resume=True, outputs=outputs, **SOON)
    said = capsys.readouterr().out
    assert "starting anew" not in said
    assert "Epoch 1/2" not in said.partition("Fold 1")[2].partition("Fold 2")[0]
    whole = fine_tune.main(str(folder), epochs=2, outputs=tmp_path / "whole", **SOON)
    assert untimed(again.metrics) == untimed(whole.metrics)
    assert_same_weights(weights_of(outputs), weights_of(tmp_path / "whole"))
    assert briefly[0].histories == briefly[1].histories
    assert [entry.name for entry in outputs.iterdir()] == ["fine_tune"]


def figures(outputs):
    return {file.name: file.read_bytes() for file in (outputs / "fine_tune").glob("*.png")}


MOMENTS = [
    ("settings.json", 1),
    ("data.json", 1),
    ("fold 1.state", 1),
    ("fold 1.state", 4),
    ("fold 2.state.draft", 1),
    ("fold 3.state", 1),
    ("fold 3.state", 2),
    ("fold 3.state.draft", 1),
    ("../.fine_tune-draft-????????/results/labels.json", 1),
    ("../.fine_tune-draft-????????/results/curves.png", 1),
    ("../.fine_tune-draft-????????/results/report.html", 1),
    ("../fine_tune/metrics.json", 1),
    *[(None, 0)] * 8,  # any moment of the whole run
]


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_killed_again_and_again_it_ends_the_same(root, folder, tmp_path, seed):
    """At moments that files tell and at drawn ones; what is in place is whole at any time."""
    drawn, started = random.Random(seed), time.monotonic()
    whole = start(root, folder, tmp_path / "whole", "--seed", seed)
    assert "Results" in whole.communicate()[0]
    duration = time.monotonic() - started
    outputs, kills = tmp_path / "killed", 0
    unfinished = outputs / ".fine_tune-unfinished"
    for name, times in MOMENTS[seed::2]:
        child = start(root, folder, outputs, "--seed", seed, "--resume")
        if name is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(drawn.random() * duration)
            kills += child.poll() is None
            kill(child)
        elif wait_for(child, unfinished / name if ".." not in name else outputs / name[3:], times=times):
            time.sleep(drawn.choice([0, drawn.random() * 0.02, drawn.random()]))
            kills += child.poll() is None
            kill(child)
        for metrics in outputs.glob("fine_tune/metrics.json"):
            assert untimed(json.loads(metrics.read_text())) == untimed(
                json.loads((tmp_path / "whole" / "fine_tune" / "metrics.json").read_text())
            )
    last = start(root, folder, outputs, "--seed", seed, "--resume")
    assert "Results" in last.communicate()[0]
    assert last.returncode == 0
    assert kills >= 6
    one, two = (
        json.loads((tmp_path / name / "fine_tune" / "metrics.json").read_text())
        for name in ("whole", "killed")
    )
    assert untimed(one) == untimed(two)
    assert_same_weights(weights_of(tmp_path / "whole"), weights_of(outputs))
    assert figures(tmp_path / "whole") == figures(outputs)  # the curves of all folds are among them
    assert [entry.name for entry in outputs.iterdir()] == ["fine_tune"]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_ctrl_c_says_how_to_go_on(root, folder, tmp_path):
    child = start(root, folder, tmp_path)
    state = tmp_path / ".fine_tune-unfinished" / "fold 1.state"
    assert wait_for(child, state)
    child.send_signal(signal.SIGINT)
    said, _ = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "Stopped by Ctrl-C: the same command with --resume goes on with it" in said
    assert "Traceback" not in said
    assert state.exists()
    assert [entry.name for entry in tmp_path.iterdir()] == [".fine_tune-unfinished"]


# Slow: many runs, or real photos


def can_mount():
    unshare = shutil.which("unshare")
    command = [unshare, "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return unshare and subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(not can_mount(), reason="a small disk can be mounted only on Linux with user namespaces")
@pytest.mark.parametrize(
    "size", ["20k", "3m", *(pytest.param(size, marks=pytest.mark.long) for size in ("1m", "5m"))]
)
def test_a_full_disk_is_one_sentence_and_the_old_results_stay(root, tmp_path, size):
    learn = f"{sys.executable} -m tutorials.fine_tune --quick --outputs {tmp_path}"
    script = (
        f"mount -t tmpfs -o size={size} tmpfs {tmp_path} && mkdir {tmp_path}/fine_tune && "
        f"printf metrics.json > {tmp_path}/fine_tune/.files && "  # as an earlier version left it
        f'echo \'{{"lesson": "fine_tune"}}\' > {tmp_path}/fine_tune/metrics.json && {learn}; code=$?; '
        f"cat {tmp_path}/fine_tune/metrics.json; exit $code"
    )
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], cwd=root, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 1, done.stdout
    assert done.stderr.startswith("Error: ")
    assert "cannot be written (no space left on device)" in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout.endswith('{"lesson": "fine_tune"}\n')


@pytest.mark.slow
@pytest.mark.long
def test_without_the_cache_it_is_about_as_accurate(briefly, tmp_path):
    accuracies = {
        cache: fine_tune.main(cache=cache, outputs=tmp_path).results["test_accuracy"]
        for cache in (True, False)
    }
    assert accuracies[False] == pytest.approx(accuracies[True], abs=0.03), accuracies
    assert min(accuracies.values()) > 0.9


@pytest.mark.slow
def test_a_budget_cuts_the_epochs_of_a_whole_run(root, tmp_path):
    # What comes after the training takes longer than this budget
    child = start(root, "embedded", tmp_path, "--budget", "16s", "--no-cache")
    said, _ = child.communicate()
    assert child.returncode == 0, said
    assert "Fine-tuning will take about" in said or "no time left for fine-tuning" in said
    assert said.count(" loss:") < 4 * EPOCHS / 2
    assert (tmp_path / "fine_tune" / "metrics.json").exists()


@pytest.fixture(scope="session")
def ants_and_weights(ants_folder):
    weights = sorted(ants_folder.parent.glob("mobilenet_2_5_224_tf_no_top.h5"))
    if not weights:
        pytest.skip("GLASS_ZOO_DATA holds no mobilenet_2_5_224_tf_no_top.h5")
    return ants_folder, weights[0]


@pytest.fixture(scope="module")
def ants_and_bees(ants_and_weights, tmp_path_factory):
    """A whole run with default settings: its folder and results."""
    data, weights = ants_and_weights
    outputs = tmp_path_factory.mktemp("ants")
    trained = fine_tune.main(str(data), "mobilenet", str(weights), outputs=outputs)
    return outputs / "fine_tune", trained.results


@pytest.mark.slow
def test_ants_and_bees_are_classified_correctly(ants_and_bees):
    """`benchmarks/photos.py` measures the spread over five seeds."""
    _, results = ants_and_bees
    assert results["test_accuracy"] >= 0.88


@pytest.mark.slow
def test_the_picture_that_says_image_not_found_is_set_aside(ants_and_bees):
    folder, results = ants_and_bees
    aside = table(folder / "quarantine.csv")
    assert len(aside) == results["photos_set_aside"]
    assert any(row["file"].endswith(".gif") for row in aside), aside
