"""What is like no held-out example is none of the classes; what is like them is classified."""

import json

import keras
import numpy as np
import pytest

from models import MLP, ConvNet, LeNet5, ModelError, TwoBlockConvNet, none_of_these
from models.fine_tuning.abstention import Trust
from models.none_of_these import about_classifier, refusing, thresholds


@pytest.fixture(scope="module")
def blobs():
    """Two classes of images, a bright left or right half, and a network that tells them apart."""
    random = np.random.default_rng(0)
    labels = random.integers(2, size=1500)
    images = random.uniform(0, 60, (1500, 8, 8, 1))
    images[labels == 0, :, :4] += 150
    images[labels == 1, :, 4:] += 150
    keras.utils.set_random_seed(0)
    model = MLP((8, 8, 1), classes=2)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(images[:500], labels[:500], epochs=5, verbose=0)
    about = about_classifier(
        "halves", model, ["left", "right"], images[:500], images[500:1000], labels[500:1000]
    )
    return model, about, images, labels


def test_about_one_in_a_hundred_of_the_known_is_refused_and_the_unknown_is(blobs):
    model, about, images, labels = blobs
    assert (about.kind, about.class_names) == ("halves", ("left", "right"))
    settings = json.loads(json.dumps(about.settings))  # as a file holds it
    classify = refusing(model, settings, "model.keras")
    probabilities, odd = classify(images[1000:])
    np.testing.assert_allclose(probabilities, model.predict(images[1000:], verbose=0), atol=1e-6)
    assert (probabilities.argmax(-1) == labels[1000:]).mean() > 0.99
    assert 0 <= len(odd) <= 15 and set(odd.values()) <= {"none of these"}
    rows = np.zeros((20, 8, 8, 1))
    rows[:, :4] = np.random.default_rng(1).uniform(150, 210, (20, 4, 8, 1))  # the upper half is bright
    assert len(classify(rows)[1]) == 20


def test_thresholds_leave_out_half_a_percent_of_the_held_out_each(blobs):
    model, about, images, labels = blobs
    trust = Trust.from_state(about.settings["none_of_these"])
    confidence, farthest = thresholds(trust)
    probabilities = model.predict(images[500:1000], verbose=0)
    right = probabilities.argmax(-1) == labels[500:1000]
    sure = np.sort(probabilities.max(-1)[right])
    assert sure[2] - 1e-5 <= confidence <= sure[3] + 1e-5  # 0.5 % of 500 is 2.5
    known = trust.distance.known
    assert len(known) == right.sum()
    assert sum(known > farthest) == 3


def test_few_held_out_examples_set_no_thresholds(blobs):
    model, _, images, labels = blobs
    for count in 0, 5, 19:
        held_out = images[500 : 500 + count], labels[500 : 500 + count]
        about = about_classifier("halves", model, ["left", "right"], images[:500], *held_out)
        assert about.settings == {}
        assert refusing(model, about.settings, "model.keras") is None
    wrong = 1 - labels[500:1000]
    assert not about_classifier("halves", model, "ab", images[:500], images[500:1000], wrong).settings


@pytest.mark.parametrize("builder", [ConvNet, TwoBlockConvNet, LeNet5, MLP])
def test_every_digit_network_can_refuse(builder):
    model, images = builder(), np.random.default_rng(0).uniform(0, 255, (60, 28, 28, 1))
    labels = model.predict(images, verbose=0).argmax(-1)
    about = about_classifier("digits", model, "0123456789", images[:30], images[30:], labels[30:])
    answers, odd = refusing(model, about.settings, "model.keras")(images)
    assert answers.shape == (60, 10)
    assert len(odd) <= 40


def test_what_does_not_fit_is_one_sentence(blobs):
    model, about, images, labels = blobs
    with pytest.raises(ModelError, match="a label for each of its 3 held-out examples, not 2"):
        about_classifier("halves", model, "ab", images[:9], images[:3], labels[:2])
    none = images[:0], labels[:0]
    assert about_classifier("halves", model, "ab", images[:9], *none).settings == {}
    bare = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Softmax()])
    with pytest.raises(ModelError, match="does not have the features"):
        about_classifier("halves", bare, "ab", images[:9], images[:20], labels[:20])
    state = about.settings["none_of_these"]
    for damaged in (
        [3],
        {},
        "x",
        state | {"known": ""},
        state | {"scores": "AAAA"},
        state | {"temperature": 2.0},
    ):
        with pytest.raises(ModelError, match=r"model\.keras is damaged") as error:
            refusing(model, {"none_of_these": damaged}, "model.keras")
        assert "\n" not in str(error.value)
    with pytest.raises(ModelError, match="of another model"):
        refusing(MLP((8, 8, 1), classes=3), about.settings, "model.keras")


def test_the_share_is_stated():
    assert none_of_these.REFUSED == 0.01
