"""Representer values: they add up to the logits of scikit-learn's optimum, and point to planted culprits."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from models import ModelError
from models.fine_tuning.influence import advocates, representer_values, representer_weights
from models.fine_tuning.linear_probe import fit_linear_probe


def blobs(classes, each=25, features=6, seed=0):
    """Points around a centre for each class, features of different scales, and weights."""
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), each)
    points = random.normal(size=(classes, features))[labels] + random.normal(size=(len(labels), features))
    return points * 10.0 ** np.linspace(-1, 1, features) + 3, labels, random.uniform(0.5, 2, len(labels))


def scikit_learns(features, labels, weights, strength):
    """The optimum by scikit-learn alone, to its last digits: the pipeline, and a probe with its weights."""
    scaler = StandardScaler().fit(features)
    model = LogisticRegression(C=strength, tol=1e-10, max_iter=100_000)
    model.fit(scaler.transform(features), labels, weights)
    kernel, bias = model.coef_.T, model.intercept_
    if len(bias) == 1:
        kernel, bias = np.concatenate([-kernel, kernel], 1) / 2, np.array([-1, 1]) * bias / 2
    kernel = kernel / scaler.scale_[:, None]
    probe = SimpleNamespace(kernel=kernel, bias=bias - scaler.mean_ @ kernel, strength=strength)
    return model, scaler, probe


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("weighted", [False, True])
def test_values_add_up_to_the_difference_of_the_logits_of_scikit_learns_optimum(classes, weighted):
    features, labels, weights = blobs(classes)
    weights = weights if weighted else None
    model, scaler, probe = scikit_learns(features, labels, weights, 0.3)
    new = blobs(classes, seed=1)[0]
    log = model.predict_log_proba(scaler.transform(new))
    bias = np.array([0, model.intercept_[0]]) if classes == 2 else model.intercept_
    for answer in range(classes):
        other = (answer + 1) % classes
        asked = np.full(len(new), answer), np.full(len(new), other)
        values = representer_values(probe, features, labels, new, *asked, weights)
        assert values.shape == (len(new), len(features))
        expected = log[:, answer] - log[:, other] - (bias[answer] - bias[other])
        np.testing.assert_allclose(values.sum(-1), expected, atol=1e-4)


def test_the_kernel_of_our_probe_is_the_sum_of_its_examples():
    features, labels, weights = blobs(4)
    probe = fit_linear_probe(features, labels, 4, weights)
    scale = features.std(0)
    parts = representer_weights(probe, features, labels, weights)
    kernel = ((features - features.mean(0)) / scale).T @ parts / scale[:, None]
    assert np.abs(kernel - probe.kernel).max() < 0.03 * np.abs(probe.kernel).max()


def test_leaving_an_advocate_out_lowers_the_answer():
    """The first-order promise: without what speaks most for an answer, a new fit is less sure of it."""
    features, labels, _ = blobs(3)
    model, scaler, probe = scikit_learns(features, labels, None, 1.0)
    new = blobs(3, seed=2)[0][:20]
    answers = model.predict(scaler.transform(new))
    others = (answers + 1) % 3
    rows = np.arange(len(new))
    found = advocates({32: probe}, {32: features}, labels, {32: new}, answers, others, count=5)
    before = model.predict_log_proba(scaler.transform(new))
    lower = []
    for row in rows:
        keep = np.setdiff1d(np.arange(len(labels)), [each.row for each in found[row]])
        again, scaler_again, _ = scikit_learns(features[keep], labels[keep], None, 1.0)
        after = again.predict_log_proba(scaler_again.transform(new[[row]]))[0]
        answer, other = answers[row], others[row]
        lower.append(after[answer] - after[other] < before[row, answer] - before[row, other])
    assert np.mean(lower) > 0.9


def test_a_wrong_label_speaks_most_for_the_mistake_beside_it():
    features, labels, _ = blobs(3, each=40)
    wrong = labels.copy()
    wrong[5] = 2
    probes = {size: fit_linear_probe(features, wrong, 3) for size in (32, 64)}
    twin = features[[5]] * 1.001
    found = advocates(probes, dict.fromkeys(probes, features), wrong, dict.fromkeys(probes, twin), [2], [0])
    assert found[0][0].row == 5
    values = [each.value for each in found[0]]
    assert values == sorted(values, reverse=True) and min(values) > 0 and len(values) == 3


def test_no_mistakes_have_no_advocates():
    features, labels, _ = blobs(2)
    probe = fit_linear_probe(features, labels, 2)
    assert advocates({32: probe}, {32: features}, labels, {32: features[:0]}, [], []) == []


def test_features_of_other_photos_are_refused_in_a_sentence():
    features, labels, _ = blobs(2)
    probe = fit_linear_probe(features, labels, 2)
    for bad in ((features[:, 1:], labels), (features[1:], labels)):
        with pytest.raises(ModelError, match=r"^features= .* what it was fitted on\.$"):
            representer_weights(probe, *bad)
