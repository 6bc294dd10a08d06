"""Linear probes: the optimum that calculus asks for, cross-validation as scikit-learn's, odd classes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict
from sklearn.preprocessing import StandardScaler

from models import ModelError
from models.fine_tuning import linear_probe, probe_blocks
from models.fine_tuning.linear_probe import STRENGTHS, fit_linear_probe, folds


def blobs(classes, each=30, features=6, apart=1.5, seed=0):
    """Points around a centre for each class, and features of very different scales."""
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), each)
    centres = apart * random.normal(size=(classes, features))
    points = centres[labels] + random.normal(size=(len(labels), features))
    return points * 10.0 ** np.arange(-2, features - 2) + 3, labels


@pytest.fixture(params=["at once", "by blocks"])
def way(request, monkeypatch):
    """Few examples are fitted at once; very many, as here where it is so named, by blocks."""
    if request.param == "by blocks":
        monkeypatch.setattr(linear_probe, "LARGE", 0)
        monkeypatch.setattr(probe_blocks, "BLOCK", 32)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.usefixtures("way")
def test_no_other_weights_have_a_lower_regularized_loss(classes):
    """At the optimum the gradient is 0: written out here for standardized features."""
    features, labels = blobs(classes)
    weights = np.linspace(0.5, 2, len(labels))
    probe = fit_linear_probe(features, labels, classes, weights)
    scale = features.std(0)
    errors = (probe.probabilities(features) - np.eye(classes)[labels]) * weights[:, None]
    scaled = (features - features.mean(0)) / scale
    kernel = probe.kernel * scale[:, None]
    if classes == 2:  # one logit, whose weights are penalized: the difference of the two columns
        kernel, errors = kernel[:, 1:] - kernel[:, :1], errors[:, 1:]
    gradient = probe.strength * scaled.T @ errors + kernel
    assert np.abs(gradient).max() < 0.02 * np.abs(kernel).max()
    assert np.abs(errors.sum(0)).max() < 0.01 * len(labels)


@pytest.mark.usefixtures("way")
def test_cross_validation_chooses_as_scikit_learns_does():
    features, labels = blobs(3, apart=0.7)
    probe = fit_linear_probe(features, labels, 3, seed=4)
    same = StratifiedKFold(5, shuffle=True, random_state=4)
    scaled = StandardScaler().fit_transform(features)
    search = GridSearchCV(
        LogisticRegression(max_iter=2000), {"C": STRENGTHS}, scoring="neg_log_loss", cv=same
    )
    search.fit(scaled, labels)
    assert probe.strength == search.best_params_["C"]
    expected = cross_val_predict(search.best_estimator_, scaled, labels, cv=same, method="predict_proba")
    np.testing.assert_allclose(probe.out_of_fold, expected, atol=5e-3)


def test_labels_that_have_nothing_to_do_with_the_features_are_at_chance_out_of_fold():
    random = np.random.default_rng(1)
    features, labels = random.normal(size=(200, 100)), np.arange(200) % 4
    probe = fit_linear_probe(features, labels, 4)
    held_out = np.mean(probe.out_of_fold.argmax(-1) == labels)
    assert held_out < 0.25 + 3 * np.sqrt(0.25 * 0.75 / 200)
    assert (
        np.mean(probe.probabilities(features).argmax(-1) == labels) > held_out + 0.1
    )  # it was fitted on them


def test_by_blocks_a_class_of_one_photo_is_as_it_is_at_once(monkeypatch):
    features, labels = blobs(3, each=8)
    features, labels = features[:17].astype("float16"), labels[:17]  # of the last class there is one
    at_once = fit_linear_probe(features, labels, 3)
    monkeypatch.setattr(linear_probe, "LARGE", 0)
    by_blocks = fit_linear_probe(features, labels, 3)
    np.testing.assert_allclose(by_blocks.out_of_fold, at_once.out_of_fold, atol=5e-3)
    assert by_blocks.out_of_fold[16, 2] == 0 and np.isfinite(by_blocks.probabilities(features)).all()


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(1, 7), min_size=2, max_size=5), st.integers(0, 9))
def test_every_example_is_held_out_once_whatever_the_sizes_of_the_classes(counts, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    split = folds(labels, seed)
    if max(counts) == 1:
        assert split == []
        return
    assert sorted(np.concatenate([held_out for _, held_out in split])) == list(range(len(labels)))
    assert all(not set(train) & set(held_out) for train, held_out in split)
    features = np.random.default_rng(seed).normal(size=(len(labels), 3))
    probe = fit_linear_probe(features, labels, len(counts), seed=seed)
    np.testing.assert_allclose(probe.out_of_fold.sum(-1), 1, atol=1e-5)
    np.testing.assert_allclose(probe.probabilities(features).sum(-1), 1, atol=1e-5)


def test_a_feature_that_never_changes_does_no_harm():
    features, labels = blobs(2)
    with_constant = np.concatenate([features, np.full((len(features), 1), 7.0)], 1)
    one, two = (fit_linear_probe(each, labels, 2) for each in (features, with_constant))
    np.testing.assert_allclose(one.probabilities(features), two.probabilities(with_constant), atol=1e-3)


def test_a_feature_that_one_photo_has_hardly_does_not_decide_where_another_has_it():
    """Divided by its own tiny standard deviation it would count as 100,000 of them."""
    features, labels = blobs(2, apart=3)
    rare = np.zeros((len(features), 1))
    rare[np.flatnonzero(labels == 1)[0]] = 1e-4
    probe = fit_linear_probe(np.hstack([features, rare]), labels, classes=2, strength=1.0, least_scale=0.01)
    seen = np.hstack(
        [features[labels == 0], np.ones((np.sum(labels == 0), 1))]
    )  # of class 0, with the feature
    logits = seen @ probe.kernel + probe.bias
    assert np.mean(logits.argmax(-1) == 0) > 0.9
    assert np.abs(logits).max() < 100


@pytest.mark.parametrize(
    ("features", "labels", "said"),
    [
        ([[0.0], [np.nan], [1.0]], [0, 1, 0], "not finite"),
        ([[0.0], [2.0], [1.0]], [0, 2, 0], "no example of class 1"),
    ],
)
def test_what_cannot_be_fitted_is_one_sentence(features, labels, said):
    with pytest.raises(ModelError, match=said):
        fit_linear_probe(features, labels, 3)
