"""A classifier of photos in a few lines of Python: quiet, repeatable, saved in one file, safe to load."""

import dataclasses
import json
import random
import shutil
import time
import zipfile

import keras
import numpy as np
import pytest
from PIL import Image

from datasets import Photos, digits
from models import ConvNet, ModelError, PhotoClassifier, TransferClassifier
from models.fine_tuning import photo_classifier
from models.fine_tuning.batches import AugmentedPhotos
from models.fine_tuning.fine_tuned import TUNED
from models.fine_tuning.multi_scale import fit_probes
from models.fine_tuning.tuning import FineTuning
from models.loading.saved_classifiers import About, load_classifier, save_classifier
from models.pretrained.backbones import Backbone
from models.training.checkpoints import CheckpointFolder

QUICK = {"backbone": "convnet", "flip": False, "views": 2, "epochs": 2, "batch_size": 16}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """80 small photos of digits, 60 of them to train on, and 40 to test on."""
    folder = tmp_path_factory.mktemp("data") / "photos"
    digits.save_photos(folder, 8)
    for label in (folder / "test").iterdir():
        for file in sorted(label.iterdir())[4:]:
            file.unlink()
    return folder


@pytest.fixture(scope="module")
def photos(folder):
    return Photos.check(folder, image_size=28)


@pytest.fixture(scope="module")
def trained(photos):
    """A classifier; leave it as it is."""
    return PhotoClassifier(**QUICK).fit(photos)


@pytest.fixture(scope="module")
def saved(trained, tmp_path_factory):
    """Its file; leave it as it is."""
    file = tmp_path_factory.mktemp("saved") / "digits.keras"
    trained.save(file)
    return file


def refused(call, *arguments, **settings):
    """The one sentence of a refusal."""
    with pytest.raises(ModelError) as error:
        call(*arguments, **settings)
    said = str(error.value)
    assert said.endswith(".") and "\n" not in said and "--" not in said, said
    return said


def assert_same(one, other):
    assert one.history_ == other.history_
    assert one.class_names == other.class_names
    for first, second in zip(one.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


# Training


@pytest.mark.slow
def test_a_seed_repeats_it_quietly_and_leaves_random_numbers_alone(
    folder, trained, tmp_path, monkeypatch, capfd
):
    """From the folder itself as from checked photos."""
    monkeypatch.chdir(tmp_path)
    keras.utils.set_random_seed(5)
    again = PhotoClassifier(**QUICK).fit(folder)
    drawn = random.random(), np.random.random()
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []
    keras.utils.set_random_seed(5)
    assert drawn == (random.random(), np.random.random())
    assert_same(again, trained)
    assert set(trained.history_) == {"fold 1", "fold 2", "fold 3"}
    assert all(len(trained.history_[f"fold {n}"]["val_loss"]) == 2 for n in (1, 2, 3))


def test_without_time_for_fine_tuning_the_probes_are_kept(photos, capfd):
    classifier = PhotoClassifier(**QUICK | {"budget": 0.001}).fit(photos, verbose=2)
    assert classifier.history_ == {}
    assert "no time left for fine-tuning" in capfd.readouterr().out
    quick = PhotoClassifier(**QUICK).fit(photos, effort="quick")
    assert_same(classifier, quick)


def test_what_is_verbose_says_how_long_it_takes(photos, capfd):
    PhotoClassifier(**QUICK | {"budget": "1h"}).fit(photos, verbose=2)
    said = capfd.readouterr().out
    for sentence in (
        "Fine-tuning will take about",
        "Fold 1: train on 53 photos",
        "of 80 photos in 2 versions each, once",
        "Photos predicted by networks that did not see them",
    ):
        assert sentence in said, said


# Checkpoints


class Killed(BaseException):
    pass


def killed_after(epochs, monkeypatch):
    """Let training end without a warning after so many epochs of the second fold."""
    make = photo_classifier.FineTuning.callbacks

    def callbacks(training, part):
        def kill(epoch, logs=None):
            if part == "fold 2" and epoch == epochs - 1:
                raise Killed

        return [*make(training, part), keras.callbacks.LambdaCallback(on_epoch_end=kill)]

    monkeypatch.setattr(photo_classifier.FineTuning, "callbacks", callbacks)


def test_killed_and_resumed_it_is_the_same_and_leaves_nothing(photos, trained, tmp_path, monkeypatch):
    folder = tmp_path / "checkpoint"
    with monkeypatch.context() as patch, pytest.raises(Killed):
        killed_after(1, patch)
        PhotoClassifier(**QUICK).fit(photos, checkpoint=folder)
    assert (folder / "fold 2.state").exists()
    said = refused(PhotoClassifier(**QUICK | {"seed": 1}).fit, photos, checkpoint=folder)
    assert "differs from this one (seed was 0)" in said
    epochs = []
    with monkeypatch.context() as patch:
        make = photo_classifier.FineTuning.settings
        patch.setattr(
            photo_classifier.FineTuning,
            "settings",
            lambda *arguments: epochs.append(make(*arguments)["initial_epoch"]) or make(*arguments),
        )
        again = PhotoClassifier(**QUICK).fit(photos, checkpoint=str(folder))
    assert epochs[:3] == [2, 1, 0]
    assert_same(again, trained)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_other_files_is_no_checkpoint_and_stays(photos, tmp_path):
    for name in "notes.txt", "settings.json":
        (tmp_path / name).write_text('{"made_by": "me"}')
        said = refused(PhotoClassifier(**QUICK).fit, photos, checkpoint=tmp_path)
        assert "holds files that no training wrote" in said
        assert [file.name for file in tmp_path.iterdir()] == [name]
        (tmp_path / name).unlink()
    (tmp_path / "settings.json.draft").write_text('{"made_by": "Glass Z')  # killed in its first moment
    CheckpointFolder(tmp_path, {}).close()
    assert not tmp_path.exists()


# Evaluation and prediction


def test_an_evaluation_is_what_numpy_counts(folder, photos, trained):
    larger = Photos.check(folder, image_size=40)  # decoded again at the classifier's size
    evaluation = trained.evaluate(larger)
    np.testing.assert_array_equal(evaluation.probabilities, trained.evaluate(photos).probabilities)
    rows = np.flatnonzero(photos.parts == "test")
    labels = photos.labels.copy()
    labels[rows[:7]] = (labels[rows[:7]] + 1) % 10  # some wrong ones, since it knows these digits
    photos = dataclasses.replace(photos, labels=labels)
    evaluation = trained.evaluate(photos)
    probabilities = trained.model.predict(photos.pixels[rows].astype("float32"), verbose=0)
    np.testing.assert_allclose(evaluation.probabilities, probabilities, atol=1e-5)
    labels, predictions = photos.labels[rows], probabilities.argmax(-1)
    assert evaluation.accuracy.value == np.mean(labels == predictions) > 0.3
    assert evaluation.accuracy.low < evaluation.accuracy.value <= evaluation.accuracy.high
    for index, score in enumerate(evaluation.class_scores):
        of_class = labels == index
        assert score.recall.hits == np.sum(predictions[of_class] == index)
        assert score.precision.of == np.sum(predictions == index)
    counts = np.zeros((10, 10), int)
    for label, prediction in zip(labels, predictions, strict=True):
        counts[label, prediction] += 1
    np.testing.assert_array_equal(evaluation.confusion_matrix, counts)
    wrong = [evaluation.probabilities[n].max() for n in evaluation.misclassified]
    assert wrong == sorted(wrong, reverse=True) and len(wrong) == np.sum(labels != predictions) >= 5
    assert [evaluation.examples[n] for n in range(3)] == [photos.files[row] for row in rows[:3]]
    text, page = str(evaluation), evaluation._repr_html_()
    assert text.startswith(
        f"test: accuracy {evaluation.accuracy} of 40 photos, expected calibration error 0."
    )
    assert "precision" in text and "Confusion matrix" in text and "<table>" in page
    assert trained.evaluate(photos, part="all").accuracy.of == 120


def test_photos_with_fewer_classes_in_another_order_are_evaluated_by_name(folder, trained, tmp_path):
    for name in "7", "3":
        shutil.copytree(folder / "train" / name, tmp_path / name)
    fewer = Photos.check(tmp_path, image_size=28)
    evaluation = trained.evaluate(fewer, part="all")
    assert {trained.class_names[label] for label in evaluation.labels} == {"3", "7"}
    assert evaluation.accuracy.value > 0.3
    (tmp_path / "7").rename(tmp_path / "seven")
    said = refused(trained.evaluate, Photos.check(tmp_path, image_size=28))
    assert "knows no class 'seven'" in said
    assert 'no photos of part="test"; there are train, validation' not in said
    fewer.parts[fewer.parts == "test"] = "train"
    assert 'finds no photos of part="test"; there are train, validation' in refused(trained.evaluate, fewer)


def test_predictions_have_a_row_for_each_file_those_that_cannot_be_read_as_well(folder, trained, tmp_path):
    more = tmp_path / "more"
    shutil.copytree(folder / "test" / "3", more / "deep")
    (more / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (more / "notes.txt").write_text("no photo")
    (tmp_path / "empty").mkdir()
    first = sorted((folder / "test" / "5").iterdir())[0]
    found = trained.predict([first, str(more), "missing.jpg", tmp_path / "empty"])
    assert len(found) == 1 + 5 + 1 + 1
    assert found.probabilities.shape == (8, 10)
    label, reasons = found[0].label, [each.reason for each in found]
    pixels = np.asarray(Image.open(first).convert("RGB"), "float32")[None]
    expected = trained.model.predict(pixels, verbose=0)[0]
    np.testing.assert_allclose(found.probabilities[0], expected, atol=1e-5)
    assert label == trained.class_names[expected.argmax()]
    assert found[0].probability == pytest.approx(expected.max(), abs=1e-5)
    assert found.labels[-2:] == [None, None] and np.isnan(found.probabilities[-1]).all()
    assert reasons[-2:] == ["does not exist; name an image file", "holds no photos"]
    broken = found.files.index(str(more / "broken.png"))
    assert found[broken].label is None and found[broken].reason
    assert sum(not reason for reason in reasons) == 5
    assert "missing.jpg" in str(found) and "<table>" in found._repr_html_()
    assert len(trained.predict(str(first))) == 1
    for wrong in 3, [], [3], None:
        assert "files" in refused(trained.predict, wrong)


def test_many_predictions_show_their_progress_on_a_terminal_if_asked(folder, trained, capsys, monkeypatch):
    monkeypatch.setattr("models.fine_tuning.predictions.AT_ONCE", 2)
    names = sorted((folder / "test" / "5").iterdir())[:3]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    quiet = trained.predict(names)
    assert capsys.readouterr() == ("", "")
    loud = trained.predict(names, verbose=1)
    assert "3/3" in capsys.readouterr().out
    np.testing.assert_allclose(loud.probabilities, quiet.probabilities, atol=1e-6)


def test_names_are_shown_as_text(photos, trained):
    hostile = "<script>\x1b[31m"
    found = photo_classifier.predict_files(trained.model, [hostile], 28, trained.class_names)
    assert "\x1b" not in str(found) and "<script>" not in found._repr_html_()


# Files


def test_one_file_holds_it_all_and_keras_reads_it(photos, trained, saved):
    assert [file.name for file in saved.parent.iterdir()] == ["digits.keras"]
    again = PhotoClassifier.load(saved)
    assert again.class_names == trained.class_names and again.image_size_ == 28
    assert (again.backbone, again.views, again.flip) == ("convnet", 2, False)
    np.testing.assert_allclose(
        again.evaluate(photos).probabilities, trained.evaluate(photos).probabilities, atol=1e-6
    )
    plain = keras.saving.load_model(saved, safe_mode=True)
    for one, two in zip(plain.get_weights(), trained.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    with zipfile.ZipFile(saved) as archive:
        assert json.loads(archive.read("glass_zoo.json"))["class_names"] == list(trained.class_names)


def test_a_save_that_fails_leaves_the_old_file(trained, saved, tmp_path, monkeypatch):
    file = tmp_path / "digits.keras"
    shutil.copy(saved, file)
    before = file.read_bytes()

    def fails(self, path, *_, **__):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keras.Model, "save", fails)
    assert "cannot be written (no space left on device)" in refused(trained.save, file)
    assert file.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["digits.keras"]


def test_paths_that_cannot_be(trained, tmp_path):
    (tmp_path / "folder.keras").mkdir()
    for wrong, said in (
        ("digits.h5", "must end in .keras"),
        (tmp_path / "folder.keras", "is not a file"),
        (tmp_path / "nowhere" / "digits.keras", "folder that does not exist"),
        (3, "path= takes"),
    ):
        assert said in refused(trained.save, wrong)
    assert "must end in .onnx or .tflite" in refused(trained.export, tmp_path / "digits.keras")
    assert "no such file" in refused(PhotoClassifier.load, tmp_path / "digits.keras")
    assert "path" in refused(PhotoClassifier.load, 3)


def test_results_that_the_lesson_left_are_loaded_by_their_labels(trained, tmp_path, photos):
    trained.model.save(tmp_path / "model.keras")
    assert "labels.json" in refused(PhotoClassifier.load, tmp_path)
    (tmp_path / "labels.json").write_text(json.dumps(list(trained.class_names)))
    again = PhotoClassifier.load(tmp_path)
    assert again.class_names == trained.class_names
    for loaded, saved in zip(again.model.get_weights(), trained.model.get_weights(), strict=True):
        np.testing.assert_array_equal(loaded, saved)
    np.testing.assert_allclose(
        again.evaluate(photos).probabilities, trained.evaluate(photos).probabilities, atol=1e-6
    )
    (tmp_path / "labels.json").write_text('["only one"]')
    assert "labels.json has 1 class names" in refused(PhotoClassifier.load, tmp_path)


NAMES = [f"class {n}" for n in range(10)]


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ([], "does not say what it classifies"),
        ({"kind": "photos", "class_names": NAMES}, "has no settings"),
        ({"kind": "photos", "class_names": NAMES[1:], "settings": {}}, "has 9 class names"),
        ({"kind": "photos", "class_names": ["a"] * 10, "settings": {}}, "two classes of one name"),
        ({"kind": "photos", "class_names": "abcdefghij", "settings": {}}, "has no list of class names"),
        ({"kind": "photos", "class_names": [1] * 10, "settings": {}}, "has no list of class names"),
        ({"kind": "texts", "class_names": NAMES, "settings": {}}, "classifies 'texts', not photos"),
        ({"kind": "photos", "class_names": NAMES, "settings": {"image_size": 29}}, "image_size"),
        ({"kind": "photos", "class_names": NAMES, "settings": {"image_size": True}}, "is damaged"),
        ({"kind": "photos", "class_names": NAMES, "settings": {"backbone": "x"}}, "is damaged (There is no"),
        ({"kind": "photos", "class_names": NAMES, "settings": {"views": 10**40}}, "is damaged"),
    ],
)
def test_what_a_file_says_of_its_classes_is_not_trusted(trained, tmp_path, about, said):
    file = tmp_path / "digits.keras"
    trained.model.save(file)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("glass_zoo.json", json.dumps(about))
    assert said in refused(PhotoClassifier.load, file)


def test_a_file_that_is_no_json_or_too_large_is_refused(trained, tmp_path):
    for content, said in (b"{", "cannot be read"), (b" " * (9 << 20), "more than any model needs"):
        file = tmp_path / "digits.keras"
        trained.model.save(file)
        with zipfile.ZipFile(file, "a", zipfile.ZIP_STORED) as archive:
            archive.writestr("glass_zoo.json", content)
        assert said in refused(PhotoClassifier.load, file)


def test_a_model_that_takes_no_photos_is_refused(tmp_path):
    save_classifier(ConvNet(), tmp_path / "grey.keras", About("photos", tuple("0123456789"), {}))
    assert "does not take colour photos" in refused(PhotoClassifier.load, tmp_path / "grey.keras")


def test_names_of_any_letters_come_back(tmp_path):
    names = ("蚂蚁", "caf\udce9", "<b>", 'a"b')
    model = TransferClassifier(Backbone("convnet", None), classes=4)
    save_classifier(model, tmp_path / "names.keras", About("photos", names, {"image_size": 28}))
    _, about = load_classifier(tmp_path / "names.keras")
    assert about.class_names == names


# Refusals


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"backbone": "alexnet"}, "There is no backbone 'alexnet'"),
        ({"backbone": 3}, "PhotoClassifier takes backbone"),
        ({"image_size": 0}, "PhotoClassifier needs image_size of 1 or more"),
        ({"unfreeze": 1.5}, "unfreeze from 0 to 1, not 1.5"),
        ({"augmentation": "wild"}, 'augmentation "none", "standard" or "strong", not \'wild\''),
        ({"mixing": None}, 'mixing "none", "mixup" or "cutmix", not None'),
        ({"flip": "yes"}, "flip as True or False"),
        ({"views": 0}, "views of 1 or more"),
        ({"epochs": 0}, "epochs of 1 or more"),
        ({"budget": "soon"}, "budget= takes a time"),
        ({"seed": -1}, "seed of 0 or more"),
    ],
)
def test_arguments_that_cannot_be(settings, said):
    assert said in refused(PhotoClassifier, **settings)


def test_what_comes_too_early_or_is_no_photos_is_refused(photos, trained):
    untrained = PhotoClassifier(**QUICK)
    for call in (
        lambda: untrained.model,
        lambda: untrained.class_names,
        lambda: untrained.predict("a.jpg"),
        lambda: untrained.evaluate(photos),
        lambda: untrained.save("a.keras"),
        lambda: untrained.export("a.onnx"),
    ):
        assert "is not trained yet; call fit first" in refused(call)
    assert "takes photos as Photos.check returns them" in refused(untrained.fit, np.zeros((3, 28, 28, 3)))
    assert "takes part" in refused(trained.evaluate, photos, part="tset")
    assert "verbose" in refused(untrained.fit, photos, verbose="yes")
    assert "checkpoint as a folder" in refused(untrained.fit, photos, checkpoint=3)
    assert "at least 32 pixels" in refused(PhotoClassifier(image_size=8, weights=None).fit, photos)
    assert (
        repr(untrained) == "PhotoClassifier(backbone='convnet', flip=False, views=2, epochs=2, batch_size=16)"
    )
    assert "not trained yet" in str(untrained) and "10 classes" in str(trained)


def predicted_well(photos, cut_short):
    """A training in three folds, whose predictions are replaced by perfect ones, and the weights of each."""
    rows = np.flatnonzero(photos.parts != "test")
    backbone = Backbone("convnet")
    probes = fit_probes(backbone, photos, rows, (28,), flip=False)
    known = AugmentedPhotos(photos, rows)
    training = FineTuning(backbone, known, probes, "flatten", flip=False, views=1, epochs=2)
    training.top.compile("adam", "categorical_crossentropy")
    training.extract_features()
    weights = []
    for part in training.parts():
        if part == "fold 3" and cut_short:
            training.deadline = time.perf_counter()
        training.top.fit(
            training.batches(part), callbacks=training.callbacks(part), **training.settings(part), verbose=0
        )
        weights.append(training.top.get_weights())
        training.out_of_fold[:] = known.targets
    return training, weights


def test_the_classifier_has_the_mean_of_the_weights_of_all_folds(photos):
    training, weights = predicted_well(photos, cut_short=False)
    assert len(weights) == 3 and training.share == 1
    classifier = training.classifier()
    for place, name in ((slice(0, -2), "tuned_top"), (slice(-2, None), TUNED)):
        found = classifier.get_layer(name).get_weights()
        for one, *each in zip(found, *(of_fold[place] for of_fold in weights), strict=True):
            np.testing.assert_allclose(one, np.mean(each, 0), rtol=1e-5, atol=1e-7)
    assert not np.array_equal(weights[0][-2], weights[1][-2])


def test_a_training_that_is_cut_short_does_not_count(photos):
    """What it predicts says that it helps, but the time was over in the last fold."""
    training, _ = predicted_well(photos, cut_short=True)
    assert len(training.histories["fold 3"]["loss"]) == 1
    np.testing.assert_array_equal(training.mixed(), training.probes.out_of_fold)
    assert training.classifier().name == "multi_scale_classifier"
