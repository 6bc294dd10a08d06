"""Two spirals: where their points lie, and that no line tells them apart."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from datasets import DataError
from datasets.generated import spirals


def test_shapes_and_balance(capsys):
    (x_train, y_train), (x_test, y_test) = spirals.load_data(30, 20, seed=2)
    assert (x_train.shape, x_test.shape) == ((30, 2), (20, 2))
    assert y_train.dtype == np.uint8
    assert y_train.mean() == y_test.mean() == 0.5
    assert "30 points to train on and 20 to test on" in capsys.readouterr().out
    assert str(spirals.locate()) == "generated"
    assert len(spirals.CLASS_NAMES) == 2


def test_without_noise_points_lie_on_their_spirals():
    (x, y), _ = spirals.load_data(100, 2, turns=2, noise=0)
    out = np.hypot(*x.T)
    assert out.min() >= 0.1
    assert out.max() <= 1
    angle = np.arctan2(x[:, 1], x[:, 0]) - 4 * np.pi * out
    turned = np.exp(1j * angle) * np.where(y, -1, 1)
    np.testing.assert_allclose(turned, 1, atol=1e-9)


def test_no_line_tells_them_apart_but_neighbours_do():
    (x, y), (x_test, y_test) = spirals.load_data()
    assert LogisticRegression().fit(x, y).score(x_test, y_test) < 0.8
    assert KNeighborsClassifier(5).fit(x, y).score(x_test, y_test) > 0.97


def test_a_seed_repeats_them():
    one, again, other = (spirals.load_data(9, 9, seed=seed)[0][0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


@pytest.mark.parametrize("bad", [{"train": 1}, {"test": 0}, {"turns": -1}, {"noise": -0.1}])
def test_impossible_numbers_are_refused_in_a_sentence(bad):
    with pytest.raises(DataError, match=f"{next(iter(bad.values()))}"):
        spirals.load_data(**bad)
