"""What surrounds the training in the lesson `fine_tune`: its seconds, its evaluation."""

from types import SimpleNamespace

import numpy as np
import pytest

from tutorials.lesson.photo_report import evaluate_test_photos, seconds_afterwards


class Always:
    """A classifier that gives every photo the same probabilities, and counts the photos that it sees."""

    def __init__(self, probabilities):
        self.probabilities, self.seen = np.array(probabilities), 0

    def predict(self, batches, verbose):
        sizes = [len(batches[n][0]) for n in range(len(batches))]
        self.seen += sum(sizes)
        return np.repeat(self.probabilities[None], sum(sizes), 0)


@pytest.fixture
def photos():
    return SimpleNamespace(
        pixels=np.zeros((4, 8, 8, 3), "uint8"), labels=np.array([0, 0, 0, 1]), class_names=("ants", "bees"),
        files=[f"{n}.jpg" for n in range(4)],
    )  # fmt: skip


def test_classifier_and_baseline_are_evaluated_on_the_test_photos(photos):
    classifier, baseline = Always([0.9, 0.1]), Always([0.2, 0.8])
    found = evaluate_test_photos(classifier, baseline, 0.5, photos, np.arange(4), 32)
    assert {part: each.accuracy.value for part, each in found.items()} == {
        "test": 0.75,
        "baseline_test": 0.25,
    }


def test_without_fine_tuning_the_test_photos_are_classified_once(photos):
    classifier, baseline = Always([0.9, 0.1]), Always([0.6, 0.4])
    found = evaluate_test_photos(classifier, baseline, 0.0, photos, np.arange(4), 32)
    assert [each.accuracy.value for each in found.values()] == [0.75, 0.75]
    assert (classifier.seen, baseline.seen) == (4, 0)
    assert [each.part for each in found.values()] == ["test", "baseline_test"]


def test_without_test_photos_nothing_is_evaluated(photos):
    assert evaluate_test_photos(None, None, 0.0, photos, np.arange(0), 32) == {}


def test_what_comes_after_the_training_is_longer_on_slow_machines_and_with_more_photos():
    probes = SimpleNamespace(seconds={"features": 10.0})
    few, many = ({"known": np.arange(100), "test": np.arange(count)} for count in (0, 50))
    assert seconds_afterwards(5, probes, many) == pytest.approx(seconds_afterwards(5, probes, few) + 2 * 5.0)
    assert seconds_afterwards(20, probes, few) == pytest.approx(2 * seconds_afterwards(10, probes, few))
    assert seconds_afterwards(0, probes, few) > 10  # in a notebook Keras is loaded already
