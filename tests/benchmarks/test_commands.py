"""Every benchmark runs as a file and as a module, and `seeds` tells the spread that it measured."""

import json
import re
import runpy
import statistics
import subprocess
import sys
from types import SimpleNamespace

from tutorials.lesson.command import LessonError

import numpy as np
import pytest

from benchmarks import (
    label_next,
    photo_copies,
    photo_faults,
    photo_features,
    photo_scale,
    seeds,
    text_labels,
    text_scale,
    unlabelled,
    wrong_labels,
)
from benchmarks.parts.apart import measured_apart, most_memory
from datasets import Texts
from datasets.generated import messages

BENCHMARKS = (
    "abstention",
    "backends",
    "cifar",
    "contrast",
    "digits",
    "digits_recipe",
    "distribution",
    "label_next",
    "multi_label",
    "no_digits",
    "none_of_these",
    "page",
    "photo_copies",
    "photo_faults",
    "photo_features",
    "photo_scale",
    "photos",
    "rounding",
    "seeds",
    "sentiment",
    "serving",
    "short_texts",
    "text_labels",
    "text_scale",
    "texts",
    "time_budget",
    "train_zoo",
    "unlabelled",
    "word2vec",
    "wrong_labels",
)


def test_every_benchmark_is_here(root):
    assert {path.stem for path in (root / "benchmarks").glob("[a-z]*.py")} == set(BENCHMARKS)


@pytest.mark.parametrize("way", ["file", "module"])
@pytest.mark.parametrize("name", BENCHMARKS)
def test_it_lists_its_flags(name, way, root, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", [name, "--help"])
    monkeypatch.setattr(sys, "path", [*sys.path])  # the file puts the repository first
    monkeypatch.delitem(sys.modules, f"benchmarks.{name}", raising=False)
    with pytest.raises(SystemExit) as stop:
        if way == "file":
            runpy.run_path(root / "benchmarks" / f"{name}.py", run_name="__main__")
        else:
            runpy.run_module(f"benchmarks.{name}", run_name="__main__")
    assert not stop.value.code
    printed = capsys.readouterr().out
    assert f"python -m benchmarks.{name}" in printed and "--" in printed.partition("options")[2]


@pytest.mark.slow
def test_every_fault_that_is_planted_in_photos_is_found(capsys):
    found = photo_faults.main(each=2, sound=30)
    assert set(found) == {*photo_faults.FAULTS, "false alarms"}
    assert {fault: counts["ours"] for fault, counts in found.items()} == dict.fromkeys(
        photo_faults.FAULTS, 2
    ) | {"false alarms": 0}
    said = capsys.readouterr().out
    assert re.search(r"all faults +40 +40\n", said) and re.search(r"false alarms +30 +0\n", said)


@pytest.mark.slow
def test_seeds_prints_the_spread_of_its_runs(capsys, monkeypatch):
    monkeypatch.setattr("tutorials.lesson.report.Report.figure", lambda *_: None)  # it looks at numbers
    seeds.main(lesson="dense_vs_conv", settings=("quick=True", "epochs=1"), seeds=2)
    said = capsys.readouterr().out
    runs = [json.loads(line) for line in re.findall(r"^seed \d: (.*)$", said, re.M)]
    assert len(runs) == 2 and runs[0] != runs[1]
    for name in runs[0]:
        row = next(line for line in said.splitlines() if f" {name} " in line)
        mean, deviation = (float(cell) for cell in re.findall(r"[\d.e+-]+", row.partition(name)[2])[:2])
        values = [run[name] for run in runs]
        assert mean == pytest.approx(statistics.mean(values), rel=1e-4)
        assert deviation == pytest.approx(statistics.stdev(values), rel=1e-4, abs=1e-9)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"lesson": "nothing"}, "There is no lesson 'nothing'; there are convolution, "),
        ({"settings": ("epoch=3",)}, "settings= holds 'epoch=3'; write NAME=VALUE, .* epochs"),
        ({"settings": ("epochs",)}, "settings= holds 'epochs'; write NAME=VALUE"),
        ({"settings": ("epochs=3",), "write": True}, "Bands are of default settings"),
    ],
)
def test_seeds_refuses_what_it_cannot_run_in_a_sentence(settings, said):
    with pytest.raises(LessonError, match=said):
        seeds.main(**settings)


def blobs(photos=60, features=8):
    """Points about two centres as photos, a third of them to test on, and {size: features}."""
    random = np.random.default_rng(0)
    labels = np.arange(photos) % 2
    some = SimpleNamespace(
        labels=labels,
        parts=np.where(np.arange(photos) % 3, "train", "test"),
        class_names=("a", "b"),
        files=[f"{n}.jpg" for n in range(photos)],
        of=lambda part: np.flatnonzero(some.parts == part),
    )
    return some, {size: random.normal(size=(photos, features)) + 2 * labels[:, None] for size in (32, 64)}


def test_wrong_labels_flips_finds_and_counts():
    photos, features = blobs(180)
    rows = wrong_labels.draw(photos, 50, seed=0)
    assert np.bincount(photos.labels[rows]).tolist() == [50, 50] and set(photos.parts[rows]) == {"train"}
    flipped, places = wrong_labels.flip(photos.labels[rows], 2, 0.05, seed=0)
    assert sorted(np.flatnonzero(flipped != photos.labels[rows])) == sorted(places) and len(places) == 5
    found = wrong_labels.one_run(photos, features, features[32], rows, 0.05, seed=0)
    assert found["photos"] == 100 and found["flipped"] == 5
    assert found["found by ours"] == 1 and found["found by chance"] == 0.05
    assert found["accuracy on clean labels"] > 0.95


@pytest.mark.slow
def test_label_next_starts_alike_and_never_labels_a_photo_it_is_judged_by():
    photos, features = blobs(120)
    start, pool, judged = split = label_next.draw(photos, 2, 0, seed=0)
    assert set(judged) == set(photos.of("test")) and not set(pool) & set(judged) and set(start) <= set(pool)
    held_out = label_next.draw(photos, 2, 10, seed=0)
    assert not set(held_out[2]) & (set(held_out[1]) | set(photos.of("test"))) and len(held_out[2]) == 20
    curves = [label_next.curve(way, photos, features, split, 4, 20, seed=0) for way in label_next.WAYS]
    assert [len(each) for each in curves] == [5, 5] and curves[0][0] == curves[1][0]


def test_saved_labels_worked_out_by_hand():
    found = label_next.saved([10, 20, 30, 40], [0.5, 0.7, 0.8, 0.8], [0.5, 0.6, 0.8, 0.9])
    assert found == pytest.approx({20: 1 - 15 / 20, 30: 0})


@pytest.mark.slow
@pytest.mark.long
def test_most_flipped_labels_of_ants_and_bees_are_found(ants_folder, published_mobilenet):
    found = wrong_labels.main(str(ants_folder), str(published_mobilenet))
    assert found["found by ours"] >= 0.6 > found["found by plain regression"]
    assert found["shown where no label was flipped"] <= 0.01 * found["photos"]
    assert found["accuracy without those shown"] >= found["accuracy on flipped labels"] - 0.01


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("per_class", [50, None])
def test_most_flipped_labels_of_small_photos_are_found(small_photos, published_mobilenet, per_class):
    found = wrong_labels.main(str(small_photos), str(published_mobilenet), per_class=per_class)
    assert found["found by ours"] >= 0.45 and found["found by ours"] > found["found by plain regression"]
    assert found["of these flipped"] > found["shown"] / 2


@pytest.mark.long
@pytest.mark.slow
def test_picked_labels_of_small_photos_save_labels(small_photos, published_mobilenet):
    shares = label_next.main(str(small_photos), str(published_mobilenet))
    assert np.mean(list(shares.values())) > 0.2  # 28 % in these five draws


def test_bands_of_correlations_reach_below_zero_and_those_of_shares_do_not():
    values = np.array([-0.05, -0.03, -0.01])
    low, high = seeds._band("occlusion_left", values)
    assert low <= -0.03 - 4 * 0.02 + 1e-9 and high >= -0.03 + 4 * 0.02 - 1e-9
    assert seeds._band("saliency_drop", np.array([0.01, 0.02, 0.03]))[0] == 0


@pytest.fixture(scope="module")
def shop_messages():
    """Generated messages as training and test texts: (x, y) each."""
    made = messages.generate(300)
    x = np.array([message.text for message in made], object)
    y = np.array([messages.CLASS_NAMES.index(message.truth) for message in made])
    return (x[:220], y[:220]), (x[220:], y[220:])


@pytest.mark.parametrize("count", [0, -1, 10**12])
def test_text_scale_refuses_absurd_counts(count):
    with pytest.raises(
        LessonError, match=rf"^counts= must be from 1,000 to 100,000,000 texts, not {count:,}\.$"
    ):
        text_scale.main(counts=(2000, count))


def test_text_scale_measures_the_same_texts_in_all_ways(tmp_path, monkeypatch):
    text_scale.generate(tmp_path / "texts.csv", 700)
    (tmp_path / "parts").mkdir()
    text_scale.save_parts(tmp_path / "texts.csv", tmp_path / "parts")
    (texts, labels), test = text_scale.in_memory(tmp_path / "parts")
    streamed = Texts.stream(tmp_path / "parts")
    assert len(streamed) == 700 == len(texts) + len(test[0]) and len(labels) == len(texts)
    assert list(streamed.sample({"test": 1000}).texts) == test[0]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["lists", "stream", "table"])
def test_text_scale_makes_up_texts_of_two_classes_and_measures(what, tmp_path, monkeypatch):
    monkeypatch.setattr(text_scale, "TESTED", 300)
    text_scale.generate(tmp_path / "texts.csv", 1200)
    lines = (tmp_path / "texts.csv").read_text().splitlines()
    assert len(lines) == 1201 and {line.rpartition(",")[2] for line in lines[1:]} == {"plus", "minus"}
    assert {len(line.split()) for line in lines[1:]} == set(range(15, 45))
    found = text_scale.measure(str(tmp_path / "texts.csv"), what, "")
    assert 0.6 < found["accuracy"] < 1 and found["memory"] > 2**28 and found["seconds"] > 0


@pytest.mark.slow
def test_text_labels_flips_finds_and_counts(shop_messages):
    training, test = shop_messages
    found = text_labels.wrong_labels(text_labels.draw(*training, 45, seed=0), test, 0.05, seed=0)
    assert found["texts"] == 180 and found["flipped"] == 9
    assert found["found by ours"] >= 0.5 > found["found by chance"]
    assert found["of these flipped"] <= found["shown"]
    accuracy = [found[f"accuracy {how}"] for how in ("on flipped labels", "on clean labels")]
    assert 0.5 < min(accuracy) <= max(accuracy) <= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "way",
    text_labels.ASKING,
)
def test_text_labels_starts_with_a_few_and_adds_some_at_a_time(shop_messages, way):
    training, test = shop_messages
    found = text_labels.curve(way, training, test, first=5, each=40, most=60, seed=0)
    assert len(found) == 2 and 0.3 < found[0] <= 1 and found[1] > found[0] - 0.1


@pytest.mark.slow
@pytest.mark.long
def test_unlabelled_measures_on_texts_that_no_run_trains_on(capsys):
    first, second = (unlabelled.parts(400, 50, seed) for seed in (0, 1))
    assert [len(rows) for rows in first] == [50, 310, 40]
    assert sorted(np.concatenate(first)) == list(range(400))
    np.testing.assert_array_equal(first[2], second[2])
    assert set(first[0]) != set(second[0])
    found = unlabelled.main("embedded", labels=60, runs=1, kinds=("bag",))
    assert list(found) == ["ngrams", "bag, random start", "bag, vectors"]
    assert "60 labels, 600 other texts; runs: 1" in capsys.readouterr().out


def test_what_is_measured_apart_comes_back_or_its_failure_does_in_a_sentence():
    assert measured_apart("It", "timeit", "-n1", "-r1", "-s", "print('{\"a\": 1}')") == {"a": 1}
    with pytest.raises(LessonError, match=r"^It failed \(.*No module named no_such_module\)\.$"):
        measured_apart("It", "no_such_module")
    with pytest.raises(LessonError, match=r"^It failed \(its process was killed by signal 9; there may be"):
        measured_apart("It", "timeit", "-n1", "-r1", "import os; os.kill(os.getpid(), 9)")


@pytest.mark.parametrize("module", [photo_copies, photo_features, photo_scale])
def test_no_numbers_of_photos_are_refused_in_a_sentence(module):
    with pytest.raises(LessonError, match="counts= names none; give one or more"):
        module.main(counts=())


def test_memory_is_that_of_the_process_not_of_the_one_that_started_it(root):
    code = "from benchmarks.parts.apart import most_memory; print(most_memory())"
    much = np.ones(300_000_000, "uint8")  # here, not there
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert much.nbytes > 200e6 and 5e6 < int(done.stdout) < most_memory() - 200e6
