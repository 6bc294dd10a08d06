"""Made-up customers: what was promised of them, and nothing for a neighbour to tell."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from datasets import DataError
from datasets.generated import customers


def test_shapes_ranges_and_balance():
    (x_train, y_train), (x_test, y_test) = customers.load_data(train=300, test=200, groups=36, seed=1)
    assert x_train.shape == (300, 6, 6, 1)
    assert x_test.shape == (200, 6, 6, 1)
    assert x_train.dtype == np.float32
    assert y_train.dtype == np.uint8
    x, y = np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test])
    assert x.min() >= 0
    assert x.max() <= 255
    assert 0.45 < y.mean() < 0.55
    assert set(y) == {0, 1}
    assert len(customers.CLASS_NAMES) == 2


def test_columns_tell_the_label_and_not_each_other():
    (x, y), (x_test, y_test) = customers.load_data()
    x, x_test = x.reshape(len(x), -1) / 255, x_test.reshape(len(x_test), -1) / 255
    assert LogisticRegression(max_iter=2000).fit(x, y).score(x_test, y_test) > 0.8
    between = np.corrcoef(x.T)[~np.eye(64, dtype=bool)]
    assert np.abs(between).max() < 5 / np.sqrt(len(x))  # independent columns give about 1 / √n


def test_a_seed_repeats_them_and_another_makes_others(capsys):
    one, again, other = (customers.load_data(50, 50, seed=seed)[0][0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    assert "64 product groups, 50 to train on and 50 to test on" in capsys.readouterr().out
    assert str(customers.locate()) == "generated"


@pytest.mark.parametrize("bad", [{"train": 0}, {"test": -1}, {"groups": 60}, {"groups": 4}, {"groups": -9}])
def test_impossible_numbers_are_refused_in_a_sentence(bad):
    with pytest.raises(DataError, match=f"not .*{next(iter(bad.values()))}"):
        customers.load_data(**bad)
