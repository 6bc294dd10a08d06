"""What pretraining is worth: a fair comparison, and a frozen network that is frozen."""

import keras
import numpy as np
import pytest

from datasets import DataError, digits
from models import ConvNet
from tutorials import few_examples


class Watched:
    """One quick run, with a look at every training and at every image that is scored."""

    def __init__(self, outputs, monkeypatch, **settings):
        self.fitted, self.scored = [], []  # (network, images, labels, weights before, after); images
        fit, predict = keras.Model.fit, keras.Model.predict

        def watched_fit(model, x, y, **given):
            before = [weights.copy() for weights in model.get_weights()]
            history = fit(model, x, y, **given)
            self.fitted.append((model, x, y, before, model.get_weights()))
            return history

        def watched_predict(model, x, **given):
            self.scored.append(x)
            return predict(model, x, **given)

        with monkeypatch.context() as patch:
            patch.setattr(keras.Model, "fit", watched_fit)
            patch.setattr(keras.Model, "predict", watched_predict)
            self.results = few_examples.main(quick=True, outputs=outputs, **settings).results


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        # A phase is a step or two, and in 30 images each of 3 a class comes once
        return Watched(tmp_path_factory.mktemp("outputs"), patch, examples=3, seed=11, batch_size=30)


def rows(images):
    return {image.tobytes() for image in images}


def test_every_way_learns_from_the_same_few_and_none_of_them_is_scored(watched):
    (x, y), (x_test, _) = digits.load_data("embedded")
    label = {image.tobytes(): one for image, one in zip(x, y, strict=True)}
    # Two examples a class: two phases, one, one; then three, in these and with a new last layer
    assert len(watched.fitted) == 4 + 8
    few = [rows(x) for _, x, _, _, _ in watched.fitted]
    assert all(one == few[0] for one in few[:4])
    assert all(one == few[4] for one in few[4:])
    assert few[0] < few[4]
    for count, one in (2, few[0]), (3, few[4]):
        np.testing.assert_array_equal(np.bincount([label[image] for image in one]), [count] * 10)
    for _, x, y, _, _ in watched.fitted:
        assert all(label[image.tobytes()] == one for image, one in zip(x, y, strict=True))
    for scored in watched.scored:
        np.testing.assert_array_equal(scored, x_test)
    assert not rows(x_test) & set.union(*few)


def test_every_way_takes_the_same_number_of_steps(watched):
    images = [len(y) for _, _, y, _, _ in watched.fitted]
    assert images == 2 * [30, 30, 60, 60] + [30, 30, 60, 60]


def test_what_is_frozen_does_not_move_by_a_byte(watched):
    zoo = [weights.tobytes() for weights in ConvNet(weights="mnist").get_weights()]
    for number, (network, _, _, before, after) in enumerate(watched.fitted):
        moved = [one.tobytes() != two.tobytes() for one, two in zip(before, after, strict=True)]
        if number % 2 == 0:  # the last layer
            assert moved == [False] * 6 + [True] * 2
            assert [weights.tobytes() for weights in after[:6]] == zoo[:6]
        else:
            assert moved == [True] * 8
        assert sum(moved) == len(network.trainable_weights)


def test_each_way_starts_where_it_says(watched):
    zoo = ConvNet(weights="mnist").get_weights()

    def same(one, two):
        return [np.array_equal(a, b) for a, b in zip(one, two, strict=True)]

    begun = [before for _, _, _, before, _ in watched.fitted]
    ended = [after for _, _, _, _, after in watched.fitted]
    fine, fine_all, last, scratch, new, new_all, new_last, at_once = begun[4:]
    assert all(same(fine, zoo))
    assert all(same(last, zoo))
    assert all(same(fine_all, ended[4]))  # where the first phase has come
    assert all(same(new_all, ended[8]))
    assert not any(same(scratch, zoo))
    assert not any(bias.any() for bias in scratch[1::2])  # as nothing has trained them yet
    assert all(same(scratch, begun[3]))
    for start in new, new_last, at_once:
        assert same(start, zoo) == [True] * 6 + [False] * 2
        assert all(same(start, new))


def test_counts_are_those_of_the_layers(watched):
    assert watched.results["trained_parameters"] == 302_794
    assert watched.results["frozen_trained_parameters"] == (256 + 1) * 10
    trained = [sum(np.size(one) for one in network.trainable_weights) for network, *_ in watched.fitted]
    assert trained == 6 * [2_570, 302_794]


def test_the_zoos_own_accuracy_is_as_measured_here(watched):
    _, (x_test, y_test) = digits.load_data("embedded")
    answers = ConvNet(weights="mnist").predict(x_test, batch_size=90, verbose=0).argmax(-1)
    assert watched.results["not_fine_tuned_test_accuracy"] == np.mean(answers == y_test)
    gain = watched.results["test_accuracy"] - watched.results["not_fine_tuned_test_accuracy"]
    assert watched.results["gain_over_not_fine_tuned"] == pytest.approx(gain)


@pytest.mark.slow
def test_nothing_is_trained_on_the_test_part(watched, tmp_path, monkeypatch):
    load_data = digits.load_data

    def poisoned(source):
        train, (x_test, y_test) = load_data(source)
        return train, (255 - x_test, (y_test + 1) % 10)

    monkeypatch.setattr(digits, "load_data", poisoned)
    other = Watched(tmp_path, monkeypatch, examples=3, seed=11, batch_size=30)
    assert other.results["not_fine_tuned_test_accuracy"] < 0.5
    for one, two in zip(watched.fitted, other.fitted, strict=True):
        for before, after in zip(one[4], two[4], strict=True):
            np.testing.assert_array_equal(before, after)


def test_more_examples_than_there_are_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(DataError, match="Class 8 has 139 examples, not 140; ask for 139 or fewer"):
        few_examples.main(examples=140, quick=True, outputs=tmp_path)


@pytest.mark.slow
def test_five_a_class_are_worth_ten_points_more_with_pretraining(tmp_path):
    """With one seed, which strays as its own spread says; `benchmarks/seeds.py` measures more."""
    results = few_examples.main(outputs=tmp_path).results
    strays = 2 * results["gain_over_scratch_spread"] / np.sqrt(5)
    assert results["gain_over_scratch"] >= 0.10 - strays
    assert results["gain_over_scratch_spread"] < 0.06
    assert results["gain_over_not_fine_tuned"] > results["gain_over_not_fine_tuned_spread"] > 0
    assert results["frozen_test_accuracy"] > results["not_fine_tuned_test_accuracy"]
    assert results["new_layer_test_accuracy"] > results["new_layer_at_once_test_accuracy"]
