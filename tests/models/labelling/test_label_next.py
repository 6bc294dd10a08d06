"""What to label next: the uncertain, no two alike; such labels teach more than random ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from models import ModelError
from models.labelling.label_next import CANDIDATES, pick, uncertainty


def test_uncertainty_is_the_lead_of_the_likeliest_class_worked_out_by_hand():
    found = uncertainty([[0.2, 0.5, 0.3], [0, 0, 1], [0.25] * 3 + [0.25], [0.6, 0.4]][:2])
    np.testing.assert_allclose(found, [0.8, 0])
    np.testing.assert_allclose(uncertainty([[0.25] * 4, [0.1, 0.1, 0.1, 0.7]]), [1, 0.4])


def test_of_uncertain_examples_one_of_each_kind_is_picked():
    """Thirty uncertain examples of three kinds, and a hundred certain ones."""
    random = np.random.default_rng(0)
    kinds = np.repeat(np.arange(3), [2, 4, 24])
    features = np.concatenate([10 * np.eye(5)[kinds], 10 * random.normal(size=(100, 5))])
    features[:30] += 0.1 * random.normal(size=(30, 5))
    unsure = np.concatenate([random.uniform(0.5, 0.52, 30), random.uniform(0.9, 1, 100)])
    picked = pick(np.stack([unsure, 1 - unsure], 1), features, 10)
    assert set(picked) <= set(range(30)) and set(kinds[picked[:3]]) == {0, 1, 2}


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 40), st.integers(2, 5), st.integers(1, 15), st.integers(0, 99))
def test_as_many_as_asked_for_are_picked_each_once_from_the_most_uncertain(n, classes, count, seed):
    random = np.random.default_rng(seed)
    probabilities, features = random.dirichlet(np.ones(classes), n), random.normal(size=(n, 3))
    picked = pick(probabilities, features, count, seed)
    assert len(picked) == len(set(picked.tolist())) == min(n, count)
    least = np.sort(uncertainty(probabilities))[::-1][: CANDIDATES * count]
    assert not n or uncertainty(probabilities)[picked].min() >= least[-1]
    assert not n or uncertainty(probabilities)[picked[0]] == least[0]
    assert picked.tolist() == pick(probabilities, features * 7 + 1, count, seed).tolist()


def test_where_all_is_equally_uncertain_the_seed_decides():
    features = np.random.default_rng(0).normal(size=(200, 4))
    same = np.full((200, 2), 0.5)
    assert pick(same, features, 5, seed=1).tolist() == pick(same, features, 5, seed=1).tolist()
    assert pick(same, features, 5, seed=1).tolist() != pick(same, features, 5, seed=2).tolist()
    twins = np.ones((30, 4))  # features that say nothing
    assert len(set(pick(same[:30], twins, 30).tolist())) == 30


def accuracy(picking, seed):
    """Of a regression whose labels were picked in five rounds of four, on two classes that meet in a band."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(1000, 2))
    labels = (features @ [1, 0.4] > 0.8).astype(int)
    known = np.concatenate([np.flatnonzero(labels == label)[:2] for label in (0, 1)])
    for _ in range(5):
        model = LogisticRegression(C=100).fit(features[known], labels[known])
        rest = np.setdiff1d(np.arange(700), known)
        chosen = picking(model.predict_proba(features[rest]), features[rest], 4, seed)
        known = np.concatenate([known, rest[chosen]])
    model = LogisticRegression(C=100).fit(features[known], labels[known])
    return model.score(features[700:], labels[700:])


def test_picked_labels_teach_more_than_random_ones():
    def by_chance(probabilities, features, count, seed):
        return np.random.default_rng(seed).permutation(len(features))[:count]

    with threadpool_limits(1):
        picked, chance = ([accuracy(how, seed) for seed in range(10)] for how in (pick, by_chance))
    assert np.mean(picked) > np.mean(chance) + 0.02


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"features": np.ones((2, 2))}, "a row for each example"),
        ({"probabilities": np.ones(3)}, "a row for each example"),
        ({"probabilities": np.ones((3, 1))}, "two classes"),
        ({"features": np.full((3, 2), np.nan)}, "finite"),
        ({"count": 0}, "whole number"),
        ({"count": 1.5}, "whole number"),
        ({"count": True}, "whole number"),
    ],
)
def test_what_does_not_fit_is_one_sentence(changes, said):
    given = {"probabilities": np.full((3, 2), 0.5), "features": np.eye(3), "count": 2} | changes
    with pytest.raises(ModelError, match=rf"= .*{said}.*\.$"):
        pick(**given)
