"""Prediction sets that cover the truth, refusals of other photos, and both saved and loaded without trust."""

import base64
import json
from types import SimpleNamespace

from tutorials.lesson.command import LessonError

import keras
import numpy as np
import pytest
from PIL import Image
from scipy.special import softmax

from datasets import Photos
from models import ModelError, PhotoClassifier, TransferClassifier
from models.evaluation import Evaluation
from models.fine_tuning import abstention, bundles
from models.fine_tuning.abstention import ConformalSets, Trust, fit_trust, quantile
from models.fine_tuning.multi_scale import MultiScaleClassifier
from models.loading.saved_classifiers import About, save_classifier
from tutorials.predict import main as predict


def drawn(count, classes=3, seed=0, sure=2.0):
    random = np.random.default_rng(seed)
    labels = random.integers(classes, size=count)
    logits = sure * np.eye(classes)[labels] + random.normal(size=(count, classes))
    return softmax(logits, -1), labels


# Prediction sets


@pytest.mark.parametrize("count", [60, 450])  # one threshold for all, and one for each class
@pytest.mark.parametrize("abstain", [0.05, 0.2])
def test_sets_cover_the_truth_as_often_as_promised(count, abstain):
    covered = []
    for seed in range(60):
        probabilities, labels = drawn(count, seed=seed)
        of_truth = (1 - probabilities[np.arange(count), labels]).astype("float32")
        new, truth = drawn(400, seed=1000 + seed)
        inside = ConformalSets(of_truth, labels, 3).of(new, abstain)
        covered.append(inside[np.arange(400), truth].mean())
    assert 1 - abstain - 0.01 < np.mean(covered) < 1 - abstain + 0.015


def test_large_classes_are_covered_each():
    """One class is hard: one threshold for all would leave out a quarter of it."""
    random = np.random.default_rng(0)
    worst = []
    for _ in range(30):
        scores = np.concatenate([random.uniform(0, 0.3, 800), random.uniform(0, 1, 200)]).astype("float32")
        sets = ConformalSets(scores, np.repeat([0, 1], [800, 200]), 2)
        worst.append(np.mean(random.uniform(0, 1, 500) <= sets.thresholds(0.1)[1]))
    assert 0.88 < np.mean(worst) < 0.92
    assert quantile(scores, 0.1) < 0.7


def test_too_few_photos_let_every_class_in():
    probabilities, labels = drawn(10)
    sets = ConformalSets(np.full(10, 0.1, "float32"), labels, 3)
    assert sets.of(probabilities, 0.05).all()


# The whole of it


@pytest.fixture(scope="module")
def fitted():
    """A classifier of colours, fitted by hand, and its photos: reddish and greenish ones."""
    random = np.random.default_rng(0)
    labels = np.arange(240) % 2
    tint = np.where(labels[:, None], [70, 150, 60], [150, 70, 60]) + 18 * random.normal(size=(240, 3))
    pixels = np.clip(tint[:, None, None] + 9 * random.normal(size=(240, 32, 32, 3)), 0, 255).astype("uint8")
    backbone = keras.Sequential([keras.Input((None, None, 3)), keras.layers.AveragePooling2D(2)])
    model = MultiScaleClassifier(backbone, classes=2, sizes=(16, 32), flip=False)
    for size in (16, 32):
        means = np.array([[0.02, -0.02], [-0.02, 0.02], [0, 0]])
        kernel = np.concatenate([means, np.zeros((3, 2))])  # nothing of the maxima
        model.get_layer(f"predictions_{size}").set_weights([kernel, np.zeros(2)])
    classifier = PhotoClassifier(seed=3)
    classifier._model, classifier.class_names_, classifier.image_size_ = model, ("reds", "greens"), 32
    parts = np.array(["train"] * 200 + ["test"] * 40)
    photos = SimpleNamespace(
        pixels=pixels, labels=labels, parts=parts, fingerprint="0a1b", class_names=("reds", "greens"),
        source=SimpleNamespace(path="/home/anne/colours"),
    )  # fmt: skip
    answers = model.predict(pixels[:200].astype("float32"), verbose=0)
    files = [f"{n}.png" for n in range(200)]
    evaluation = Evaluation("cross-validation", photos.class_names, files, labels[:200], answers)
    classifier.cross_validation_ = evaluation
    bundles.learn_trust(classifier, photos)
    return classifier, photos


@pytest.fixture(scope="module")
def files(fitted, tmp_path_factory):
    """Paths of 40 test photos, one between the classes, noise, black, blue, and one that is missing."""
    folder, (_, photos) = tmp_path_factory.mktemp("photos"), fitted
    random, paths = np.random.default_rng(1), []
    odd = {"noise": random.integers(0, 256, (32, 32, 3)), "black": np.zeros((32, 32, 3))}
    odd |= {"blue": np.full((32, 32, 3), [30, 30, 220])}
    between = np.broadcast_to([110, 110, 60], (32, 32, 3))
    tests = {f"{n}": photos.pixels[n] for n in range(200, 240)}
    for name, pixels in (tests | {"between": between} | odd).items():
        paths.append(folder / f"{name}.png")
        Image.fromarray(np.asarray(pixels, "uint8")).save(paths[-1])
    return [str(path) for path in [*paths, folder / "missing.png"]]


def test_it_says_why_it_does_not_answer(fitted, files):
    classifier, photos = fitted
    found = classifier.predict(files, abstain=0.05)
    names = [photos.class_names[label] for label in photos.labels[200:]]
    answered = [label is not None for label in found.labels[:40]]
    assert np.mean(answered) > 0.7
    assert all(a in (b, None) for a, b in zip(found.labels[:40], names, strict=True))
    reasons = {path.rpartition("/")[2]: each for path, each in zip(files, found, strict=True)}
    for name in "black.png", "blue.png":
        assert reasons[name].label is None and reasons[name].reason == "no photo of these classes"
        assert np.isnan(reasons[name].probability)
    assert reasons["between.png"].label is None and reasons["between.png"].reason in (
        "unsure: reds or greens", "unsure: greens or reds", "no photo of these classes",
    )  # fmt: skip
    assert "does not exist" in reasons["missing.png"].reason
    assert np.isfinite(found.probabilities[:-1]).all()  # all probabilities are there all the same
    assert "1 of which could not be read, and" in repr(found) and "no photo of these" in str(found)
    everything = classifier.predict(files)
    assert None not in everything.labels[:-1] and not everything.abstained
    np.testing.assert_allclose(everything.probabilities, found.probabilities, atol=1e-6)


def test_saved_and_loaded_it_is_the_same(fitted, files, tmp_path):
    classifier, _ = fitted
    classifier.save(tmp_path / "colours.keras")
    again = PhotoClassifier.load(tmp_path / "colours.keras")
    one, two = classifier.predict(files, abstain=0.1), again.predict(files, abstain=0.1)
    assert one.abstained and one.abstained == two.abstained and one.labels == two.labels
    assert again.trained_on_ == classifier.trained_on_
    assert again.trained_on_["photos"] == {"reds": 100, "greens": 100}
    assert again.trained_on_["source"] == "colours" and "anne" not in json.dumps(again.trained_on_)
    assert again.trained_on_["accuracy"]["photos"] == 200
    plain = keras.saving.load_model(tmp_path / "colours.keras")  # calibrated by itself
    pixels = fitted[1].pixels[200:].astype("float32")
    np.testing.assert_allclose(
        plain.predict(pixels, verbose=0), classifier.model.predict(pixels, verbose=0), atol=1e-6
    )
    again.save(tmp_path / "again.keras")
    assert PhotoClassifier.load(tmp_path / "again.keras").predict(files, abstain=0.1).labels == one.labels


@pytest.mark.parametrize("given", [True, False])
def test_a_model_of_one_head_can_be_trusted_too(fitted, files, tmp_path, given):
    """Its features are given by image size, or computed by the model itself."""
    _, photos = fitted
    backbone = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.AveragePooling2D(2)])
    model = TransferClassifier(backbone, classes=2)
    kernel = np.array([[0.02, -0.02], [-0.02, 0.02], [0, 0]])
    model.get_layer("predictions").set_weights([kernel, np.zeros(2)])
    classifier = PhotoClassifier()
    classifier._model, classifier.class_names_, classifier.image_size_ = model, ("reds", "greens"), 32
    classifier.cross_validation_ = fitted[0].cross_validation_
    known = {32: photos.pixels[:200].mean((1, 2))}
    bundles.learn_trust(classifier, photos, known if given else None)
    classifier.save(tmp_path / "colours.keras")
    found = PhotoClassifier.load(tmp_path / "colours.keras").predict(files[:-1], abstain=0.05)
    assert found[-2].reason == found[-1].reason == "no photo of these classes"
    assert np.mean([label is not None for label in found.labels[:40]]) > 0.7


def test_where_there_is_nothing_to_abstain_by_one_sentence_says_so(fitted, files, tmp_path):
    classifier = PhotoClassifier()
    classifier._model, classifier.class_names_ = fitted[0].model, ("reds", "greens")
    classifier.image_size_ = 32
    with pytest.raises(ModelError, match="holds nothing to abstain by.*train it again"):
        classifier.predict(files, abstain=0.05)
    assert len(classifier.predict(files)) == len(files)
    for share in (0, 1, "much", -0.1, np.nan, True):
        with pytest.raises(ModelError, match="abstain"):
            fitted[0].predict(files, abstain=share)


def run_folder(folder, classifier, settings):
    folder.mkdir()
    names = list(classifier.class_names_)
    save_classifier(classifier.model, folder / "model.keras", About("photos", tuple(names), settings))
    (folder / "labels.json").write_text(json.dumps(names))
    metrics = {"lesson": "fine_tune", "settings": {"image_size": 32}}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    return folder


def test_the_command_abstains_too(fitted, files, tmp_path, capsys):
    classifier, _ = fitted
    folder = run_folder(tmp_path / "run", classifier, {"image_size": 32} | bundles.extras(classifier.trust_))
    expected = classifier.predict(files[:-1], abstain=0.05)
    predict(folder, tuple(files[:-1]), abstain=0.05)
    lines = capsys.readouterr().out.splitlines()
    for line, each in zip(lines, expected, strict=True):
        assert line.startswith(f"{each.file}: {each.label or each.reason}")
    predict(folder, tuple(files[:-1]), csv=True, abstain=0.05)
    rows = [line.split(",") for line in capsys.readouterr().out.splitlines()[1:]]
    for row, each in zip(rows, expected, strict=True):
        assert row[1] == (each.label or "") and row[-1] == each.reason and float(row[3]) <= 1
    with pytest.raises(LessonError, match="from 0.001 to 0.5, not 3"):
        predict(folder, tuple(files[:1]), abstain=3.0)
    bare = run_folder(tmp_path / "bare", classifier, {})
    with pytest.raises(LessonError, match="holds nothing to abstain by"):
        predict(bare, tuple(files[:1]), abstain=0.05)


@pytest.mark.slow
def test_on_real_photos_other_things_are_refused_and_sets_cover(ants_folder, published_mobilenet):
    """The bars: coverage 95 ± 1.5 %, and at least 95 % of all that is no photo is refused."""
    from benchmarks.abstention import ABSTAIN, coverage, of_pixels, other_pictures

    classifier = PhotoClassifier(weights=published_mobilenet).fit(ants_folder, effort="quick")
    photos = Photos.check(ants_folder, classifier.image_size_)
    known = photos.parts != "test"
    features, _ = of_pixels(classifier.model, photos.pixels)
    pool = {size: values[known] for size, values in features.items()}
    covered, _, _, refused = coverage(pool, photos.labels[known], 2, splits=20, at_most=1000)
    assert 0.935 <= covered.mean() <= 0.965 and 0.02 <= refused.mean() <= 0.08
    classifier.trust_ or bundles.learn_trust(classifier, photos, pool)
    distance = classifier.trust_.distance
    for kind, pixels in other_pictures(classifier.image_size_, count=20).items():
        if not kind.startswith("crops"):  # a dahlia is a photo as ants and bees sit on
            theirs, _ = of_pixels(classifier.model, pixels)
            assert np.mean(distance.surprise(theirs) <= ABSTAIN) >= 0.95, kind


# Files that are not trusted


def text(values, kind):
    return base64.b64encode(np.asarray(values, kind).tobytes()).decode()


DAMAGED = {
    "none": lambda state: "trust",
    "empty": lambda state: {},
    "no temperature": lambda state: state | {"temperature": float("nan")},
    "cold": lambda state: state | {"temperature": -1.0},
    "another temperature": lambda state: state | {"temperature": state["temperature"] * 2},
    "classes": lambda state: state | {"classes": 3},
    "huge": lambda state: state | {"classes": 10**18},
    "sizes": lambda state: state | {"sizes": [[16, 6]]},
    "sizes of text": lambda state: state | {"sizes": [["16", 6], [32, 6]]},
    "sizes twice": lambda state: state | {"sizes": [[16, 6], [16, 6]]},
    "many sizes": lambda state: state | {"sizes": [[16, 10**9], [32, 6]]},
    "no base64": lambda state: state | {"mean": "!!!"},
    "letters": lambda state: state | {"mean": "ä" * 8},
    "short": lambda state: state | {"references": state["references"][:-8]},
    "no references": lambda state: state | {"references": ""},
    "infinite": lambda state: state | {"mean": text([np.inf] * 6, "<f4")},
    "nan": lambda state: state | {"spreads": text([np.nan] * 6, "<f4")},
    "zero": lambda state: state | {"spreads": text(np.zeros(6), "<f4")},
    "labels": lambda state: state | {"labels": text([7] * 200, "<i4")},
    "fewer labels": lambda state: state | {"labels": text([0] * 20, "<i4")},
    "scores": lambda state: state | {"scores": text([2.0] * 200, "<f4")},
    "no order": lambda state: state | {"known": text([3, 2, 1], "<f4")},
    "nothing known": lambda state: state | {"known": ""},
    "too much": lambda state: state | {"known": "A" * (9 << 20)},
    "a list": lambda state: state | {"known": [1, 2]},
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_what_a_file_holds_to_abstain_by_is_not_trusted(fitted, damage):
    classifier, _ = fitted
    state = DAMAGED[damage](json.loads(json.dumps(classifier.trust_.state())))
    with pytest.raises(ModelError) as error:
        bundles.trust_in({"trust": state}, classifier.model, "bees.keras")
    said = str(error.value)
    assert said.startswith("bees.keras is damaged: ") and said.endswith(".") and "\n" not in said


def test_a_file_says_so_when_it_is_loaded(fitted, tmp_path):
    classifier, _ = fitted
    for settings in ({"trust": {"temperature": 1.0}}, {"trained_on": 3}, {"trained_on": {}}):
        save_classifier(classifier.model, tmp_path / "a.keras", About("photos", ("a", "b"), settings))
        with pytest.raises(ModelError, match="a.keras is damaged"):
            PhotoClassifier.load(tmp_path / "a.keras")


def test_a_state_stays_small(monkeypatch):
    """1,280 features at three sizes, 20,000 photos: what is written must be accepted again."""
    random = np.random.default_rng(0)
    labels = random.integers(4, size=6000)
    features = {size: random.random((6000, 400), "float32") for size in (96, 160, 224)}
    monkeypatch.setattr(abstention, "MOST_SCORES", 3000)
    trust = fit_trust(np.full((6000, 4), 0.25), labels, features)
    written = json.dumps(trust.state())
    assert len(written) < 4 << 20
    again = Trust.from_state(json.loads(written))
    some = {size: values[:50] for size, values in features.items()}
    np.testing.assert_array_equal(again.distance.surprise(some), trust.distance.surprise(some))


def test_features_of_other_photos_are_refused():
    with pytest.raises(ModelError, match="features of the 10 photos"):
        fit_trust(np.full((10, 2), 0.5), np.arange(10) % 2, {96: np.random.rand(11, 3)})
