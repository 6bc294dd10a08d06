"""The weights that come with the zoo, and what happens when they are not what they should be."""

import hashlib
import shutil

import keras
import numpy as np
import pytest

import models
from models import ModelError, zoo
from models.text_classification.vocabulary import VOCABULARY, reviews_vocabulary

NAMED = [(builder, entry) for builder, row in zoo.zoo().items() for entry in row["weights"]]


def test_the_four_digit_models_have_weights():
    assert {builder for builder, _ in NAMED} >= {"ConvNet", "TwoBlockConvNet", "LeNet5", "MLP"}


@pytest.mark.parametrize(("builder", "entry"), NAMED)
def test_listed_file_is_the_one_that_is_there(builder, entry):
    content = (zoo.FOLDER / entry["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert entry["command"].startswith("python -m benchmarks.train_zoo")


def test_every_file_is_listed_and_all_are_small():
    files = list(zoo.FOLDER.iterdir())
    assert {file.name for file in files} == {VOCABULARY.name, *(entry["file"] for _, entry in NAMED)}
    assert sum(file.stat().st_size for file in files) < 12e6


@pytest.mark.parametrize("builder", ["ConvNet", "TwoBlockConvNet", "LeNet5", "MLP"])
def test_other_classes_keep_all_but_the_last_layer(builder):
    build = getattr(models, builder)
    ten, three = build(weights="mnist"), build(weights="mnist", classes=3)
    assert three.output_shape == (None, 3)
    kept = [(a, b) for a, b in zip(ten.layers[:-1], three.layers[:-1], strict=True) if a.weights]
    assert kept
    for a, b in kept:
        for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


def test_weights_load_from_what_keras_saved(tmp_path):
    keras.utils.set_random_seed(3)
    model = models.LeNet5()
    model.save(tmp_path / "a.keras")
    model.save_weights(tmp_path / "a.weights.h5")
    for name in "a.keras", "a.weights.h5":
        loaded = models.LeNet5(weights=tmp_path / name)
        for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    folder = tmp_path / "weights"
    shutil.copytree(zoo.FOLDER, folder)
    monkeypatch.setattr(zoo, "FOLDER", folder)
    return folder


def test_damaged_weights_are_noticed(own_folder):
    file = own_folder / "convnet-mnist.weights.h5"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1  # a single bit
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"convnet-mnist.*damaged.*restore"):
        models.ConvNet(weights="mnist")


def test_missing_weights_say_how_to_get_them(own_folder):
    (own_folder / "lenet5-mnist.weights.h5").unlink()
    with pytest.raises(ModelError, match=r"lenet5-mnist.*missing.*train_zoo --model lenet5"):
        models.LeNet5(weights="mnist")


def test_weights_that_do_not_fit_are_refused():
    said = (
        r"does not fit this ConvNet: weight 0 of the layer conv1 must have the shape \(5, 5, 1, 8\), and has "
    )
    with pytest.raises(ModelError, match=said + r"\(5, 5, 1, 16\) there; build the model with"):
        models.ConvNet(filters=(8, 8), weights="mnist")
    with pytest.raises(ModelError, match=r"does not fit this MLP"):
        models.MLP(input_shape=(32, 32, 1), weights="mnist")
    with pytest.raises(ModelError, match=r"does not fit this MLP"):
        models.MLP(weights=zoo.FOLDER / "lenet5-mnist.weights.h5")


def test_a_cut_off_file_is_refused(tmp_path):
    whole = (zoo.FOLDER / "mlp-mnist.weights.h5").read_bytes()
    for share in 0, 0.1, 0.9:
        file = tmp_path / f"cut{share}.weights.h5"
        file.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(ModelError, match=f"cut{share}"):
            models.MLP(weights=file)


def test_unknown_weights_name_the_known():
    with pytest.raises(ModelError, match=r"'imagenet'.*\"mnist\""):
        models.ConvNet(weights="imagenet")


def test_other_endings_are_refused(tmp_path):
    file = tmp_path / "weights.pt"
    file.write_bytes(b"x")
    with pytest.raises(ModelError, match=r"weights\.pt must end in"):
        models.ConvNet(weights=file)


@pytest.mark.slow
@pytest.mark.parametrize(("builder", "entry"), [one for one in NAMED if one[1]["name"] == "mnist"])
def test_mnist_weights_score_what_the_list_says(builder, entry, mnist_folder):
    with np.load(mnist_folder / "mnist.npz") as file:
        images, labels = file["x_test"][..., None], file["y_test"]
    model = getattr(models, builder)(weights="mnist")
    accuracy = np.mean(model.predict(images, batch_size=1000, verbose=0).argmax(1) == labels)
    assert accuracy == pytest.approx(entry["test_accuracy"], abs=1e-4)
    if builder == "ConvNet":
        assert accuracy >= 0.994


@pytest.mark.slow
def test_review_weights_score_what_the_list_says(imdb_folder):
    from datasets import reviews
    from datasets.texts.bucketing import LengthBuckets
    from models.text_classification import token_ids

    _, (texts, labels), _ = reviews.load_data(reviews.locate(imdb_folder))
    batches = LengthBuckets(token_ids(texts, reviews_vocabulary(), 800), batch_size=500, shuffle=False)
    scored = [one for one in NAMED if one[1]["name"] == "reviews"]
    assert len(scored) == 6
    for builder, entry in scored:
        model = getattr(models, builder)(weights="reviews")
        answers = model.predict(batches, verbose=0)[:, 0] > 0.5
        accuracy = np.mean(answers == labels[batches.order])
        assert accuracy == pytest.approx(entry["test_accuracy"], abs=2e-4), builder


def test_convnet_reads_scanned_digits_of_other_writers():
    from datasets import digits

    parts = digits.load_data("embedded")
    images = np.concatenate([x for x, _ in parts])
    labels = np.concatenate([y for _, y in parts])
    model = models.ConvNet(weights="mnist")
    answers = model.predict(images, batch_size=600, verbose=0).argmax(1)
    assert np.mean(answers == labels) >= 0.90
