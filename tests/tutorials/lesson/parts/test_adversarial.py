"""The judge of generated images, and what shows that images were copied."""

from tutorials.lesson.command import LessonError

import keras
import numpy as np
import pytest

from datasets import digits
from models import ConvNet
from tutorials.figures.generated import mosaic
from tutorials.lesson.parts import adversarial


@pytest.fixture(scope="module")
def scans():
    (x_train, _), (x_test, y_test) = digits.load_data("embedded")
    return x_train, x_test, y_test


@pytest.fixture(scope="module")
def judge(scans):
    return adversarial.Judge(scans[1])


def test_the_judge_says_what_convnet_does(judge, scans):
    _, x_test, y_test = scans
    found = judge.measure(x_test)
    answers = ConvNet(weights="mnist").predict(x_test.astype("float32"), verbose=0)
    assert found["confident"] == np.mean(answers.max(1) >= 0.9)
    np.testing.assert_allclose(found["classes"], np.bincount(answers.argmax(1), minlength=10) / len(y_test))
    assert found["distance"] == pytest.approx(0, abs=1e-3)
    assert np.mean(answers.argmax(1) == y_test) > 0.9


def test_entropy_is_that_of_the_classes(judge, scans):
    _, x_test, y_test = scans
    certain = judge.look(x_test)[1].max(1) > 0.99
    one = judge.measure(x_test[certain & (y_test == 3)], distance=False)
    assert one["entropy"] == 0 and one["classes"].max() == 1


def test_noise_is_confidently_one_class_and_far_from_digits(judge, scans):
    x_train, x_test, _ = scans
    noise, real = (judge.measure(each) for each in (adversarial.noise_like(x_test, 0), x_train[:360]))
    assert noise["confident"] > 0.9 and noise["classes"].max() > 0.9
    assert noise["distance"] > 10 * real["distance"]


def test_copies_are_noticed_and_other_digits_are_not(scans):
    x_train, x_test, _ = scans
    random = np.random.default_rng(0)
    copies = np.clip(x_train[:100] + random.normal(0, 5, x_train[:100].shape), 0, 255)
    found = adversarial.memorized(copies, x_test, x_train)
    assert found["copied"] == 1 and found["indices"].tolist() == [*range(100)]
    assert np.median(found["generated"]) < 6 < 20 < np.median(found["held-out"])
    fair = adversarial.memorized(x_test[::2], x_test[1::2], x_train)
    assert fair["copied"] < 0.05


def test_batches_are_random_images_and_the_same_with_the_same_seed(scans):
    images = scans[0][:50]
    one, other = (adversarial.batches(images, 20, seed) for seed in (1, 1))
    for _ in range(3):
        ((first,), (second,)) = next(one), next(other)
        np.testing.assert_array_equal(first, second)
        assert first.dtype == "float32" and first.shape == (20, 28, 28, 1)
        assert all((images == image).all((1, 2, 3)).any() for image in first)


def test_both_runs_begin_with_the_same_weights():
    keras.utils.set_random_seed(99)
    one = adversarial.build(5)
    other = adversarial.build(5)
    for model in "generator", "discriminator", "averaged":
        for a, b in zip(getattr(one, model).get_weights(), getattr(other, model).get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_a_training_that_diverges_says_so(judge, scans):
    timeline = adversarial.Timeline(adversarial.build(0), judge)
    with pytest.raises(LessonError, match="diverged.*lower learning_rate="):
        adversarial.train(timeline, "beginning", scans[0], 8, 40, 1e35, 0)


def test_a_mosaic_has_its_images_in_rows():
    images = np.arange(6)[:, None, None, None] * np.ones((6, 2, 3, 1))
    assert mosaic(images, 3)[::2, ::3].tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.slow
def test_the_balanced_training_goes_on_from_the_weights_before_the_collapse(judge, scans, monkeypatch):
    timeline = adversarial.Timeline(adversarial.build(0), judge)

    def trained():
        networks = timeline.network.generator, timeline.network.discriminator
        return [weight.numpy() for network in networks for weight in network.trainable_variables]

    monkeypatch.setitem(adversarial.PHASES, "balanced", (1 / 16, (1e-12, 1e-12), 1))
    states = {}
    for phase in "beginning", "collapsing", "balanced":
        adversarial.train(timeline, phase, scans[0], 8, 16, 1e-3, 0)
        states[phase] = trained()
    for begun, collapsed, restored in zip(*states.values(), strict=True):
        np.testing.assert_allclose(restored, begun, atol=1e-6)
        assert np.abs(collapsed - begun).max() > 1e-6
    assert timeline.steps == sorted(set(timeline.steps)) and len(timeline.frames) == len(timeline.steps)
    assert {len(means) for means in timeline.losses.values()} == {len(timeline.steps) - 1}
