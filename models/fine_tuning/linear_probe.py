"""Linear probes: logistic regression on features of a frozen network, chosen by cross-validation.

A linear probe is what to try first on a few photos, and the baseline that fine-tuning has to beat.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from ..errors import ModelError
from .probe_blocks import Blocks, fit_by_blocks, probabilities_by_blocks

STRENGTHS = tuple(10.0 ** np.arange(-3.5, 1, 2 / 3))  # values of scikit-learn's C: weak regularization last
FOLDS = 5
STEPS = 300  # of the optimizer, at most
AT_ONCE = 64  # features that are standardized together
MANY = 20_000  # examples, which are enough to choose the regularization by
LARGE = 200_000_000  # features of all examples; more than these are not copied, which would take gigabytes
LEAST_SCALE = 0.01  # of the median standard deviation, for features of a network, which are alike


@dataclass(frozen=True)
class LinearProbe:
    """Logistic regression on features: softmax(features @ kernel + bias).

    Attributes:
        kernel: float32 (features, classes).
        bias: float32 (classes,).
        strength: Inverse strength of the L2 regularization, scikit-learn's C, on standardized features.
        out_of_fold: float64 (n, classes): the probabilities of each training example by a probe that was
            trained on the other folds.

    Example:
        >>> probe = LinearProbe(np.array([[1.0, -1.0]]), np.zeros(2), 1.0, np.zeros((0, 2)))
        >>> probe.probabilities([[0.0], [100.0]]).round(6).tolist()
        [[0.5, 0.5], [1.0, 0.0]]
    """

    kernel: np.ndarray
    bias: np.ndarray
    strength: float
    out_of_fold: np.ndarray

    def probabilities(self, features):
        """Probabilities of the classes.

        Args:
            features: (n, features).

        Returns:
            float64 (n, classes).
        """
        logits = np.asarray(features, "float64") @ self.kernel + self.bias
        exponentials = np.exp(logits - logits.max(-1, keepdims=True))
        return exponentials / exponentials.sum(-1, keepdims=True)


def fit_linear_probe(features, labels, classes, weights=None, seed=0, strength=None, least_scale=0.0):
    """Fit logistic regression on standardized features; its regularization is chosen by cross-validation.

    Of the values in `STRENGTHS`, the one whose out-of-fold probabilities have the lowest cross-entropy is
    taken; then all examples are fitted with it.

    Args:
        features: Array (n, features), finite.
        labels: Class index of each example, integers (n,).
        classes: Number of classes; each needs an example.
        weights: Weight of each example, (n,); None for 1 each.
        seed: The same seed gives the same folds.
        strength: scikit-learn's C, if it is known; then there are no out-of-fold probabilities.
        least_scale: As for `standardization`.

    Returns:
        A `LinearProbe`.

    Raises:
        ModelError: If the features are not finite, or a class has no example.

    Reference:
        Kornblith et al., Do better ImageNet models transfer better?, 2019.

    Example:
        >>> features = np.random.default_rng(0).normal(size=(60, 4))
        >>> probe = fit_linear_probe(features, (features[:, 2] > 0).astype(int), classes=2)
        >>> int(np.abs(probe.kernel[:, 1]).argmax()), probe.out_of_fold.shape
        (2, (60, 2))
    """
    features, labels = np.asarray(features), np.asarray(labels)
    if not all(np.isfinite(features[start : start + MANY]).all() for start in range(0, len(features), MANY)):
        raise ModelError("features= has values that are not finite; the backbone's weights may be damaged.")
    if missing := set(range(classes)) - set(labels.tolist()):
        raise ModelError(f"labels= has no example of class {min(missing)}; leave it out, or add examples.")
    weights = np.ones(len(labels)) if weights is None else np.asarray(weights, "float64")
    mean, scale = standardization(features, least_scale)
    fit = _by_blocks if features.size > LARGE else _at_once
    kernel, bias, strength, out_of_fold = fit(features, mean, scale, labels, classes, weights, seed, strength)
    kernel = kernel / scale[:, None]
    return LinearProbe(
        kernel.astype("float32"),
        (bias - mean @ kernel).astype("float32"),
        float(strength),
        out_of_fold,
    )


def _at_once(features, mean, scale, labels, classes, weights, seed, strength):
    """Kernel and bias on standardized features, the strength, and out-of-fold probabilities."""
    scaled = _standardized(features, mean, scale)
    with threadpool_limits(1):  # matrices are so small that threads only wait for each other
        out_of_fold = np.zeros((0, classes))
        if strength is None:
            some = _some(labels, seed)
            strength, out_of_fold = _chosen(scaled[some], labels[some], classes, weights[some], seed)
            if len(some) < len(labels):
                out_of_fold = _out_of_fold(scaled, labels, classes, weights, seed, [strength])[0]
        model = next(_path(scaled, labels, weights, [strength]))
    return *_as_softmax(model, classes), strength, out_of_fold


def _by_blocks(features, mean, scale, labels, classes, weights, seed, strength):
    """As `_at_once`, of so many features that no copy of them is made."""
    blocks, held_out = Blocks(features, mean, scale), []
    with threadpool_limits(1):
        if strength is None:
            some = _some(labels, seed)
            scaled = _standardized(features[some], mean, scale)
            strength, _ = _chosen(scaled, labels[some], classes, weights[some], seed)
            held_out = [rows for _, rows in folds(labels, seed)]
        of_each = np.repeat(weights[:, None], len(held_out) + 1, 1)  # last those of the fit to all
        left_out_by = np.zeros(len(labels), int)
        for number, rows in enumerate(held_out):
            of_each[rows, number], left_out_by[rows] = 0, number
        found = fit_by_blocks(blocks, labels, classes, of_each, strength, STEPS)
        out_of_fold = np.zeros((0, classes))
        if held_out:
            out_of_fold = probabilities_by_blocks(blocks, found, left_out_by)
    return found[:-1, -1], found[-1, -1], strength, out_of_fold


def _standardized(features, mean, scale):
    scaled = np.subtract(features, mean, dtype="float32")
    scaled /= scale
    return scaled


def _chosen(scaled, labels, classes, weights, seed):
    """The strength whose out-of-fold probabilities have the lowest cross-entropy, and these."""
    by_strength = _out_of_fold(scaled, labels, classes, weights, seed)
    best = int(np.argmin([cross_entropy(each, labels, weights) for each in by_strength]))
    return STRENGTHS[best], by_strength[best]


def standardization(features, least_scale=0.0):
    """What is subtracted from features and what they are divided by, before a probe is fitted.

    Args:
        features: (n, features).
        least_scale: Share of the median standard deviation that each one is at least. With 0 a feature that
            was almost 0 in all photos but one counts a thousandfold where another photo has it.

    Returns:
        `(mean, scale)`, float32 (features,): scale is 1 for a feature that never changes.

    Example:
        >>> mean, scale = standardization([[1, 5], [3, 5]])
        >>> mean.tolist(), scale.tolist()
        ([2.0, 5.0], [1.0, 1.0])
    """
    features = np.asarray(features)
    mean, scale = np.empty((2, features.shape[1]), "float32")
    for start in range(0, features.shape[1], AT_ONCE):  # no second copy of many photos' features
        some = slice(start, start + AT_ONCE)
        columns = np.ascontiguousarray(features[:, some], "float32")
        mean[some], scale[some] = columns.mean(0), columns.std(0)
    changing = scale > 1e-6 * np.abs(mean)
    if changing.any():
        scale = np.maximum(scale, least_scale * np.median(scale[changing]))
    scale[~changing] = 1
    return mean, scale


def folds(labels, seed=0, most=FOLDS):
    """Split examples into folds of nearly equal shares of each class.

    Args:
        labels: Class index of each example, integers (n,).
        seed: The same seed gives the same folds.
        most: Number of folds.

    Returns:
        List of `(train, held_out)`, integers; every example is held out once. Fewer folds where all
        classes have fewer examples; none where no class has two.

    Example:
        >>> [len(held_out) for train, held_out in folds([0, 1] * 10)]
        [4, 4, 4, 4, 4]
    """
    from sklearn.model_selection import StratifiedKFold

    labels = np.asarray(labels)
    number = min(most, np.bincount(labels).max())
    if number < 2:
        return []
    splitter = StratifiedKFold(number, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a class with fewer examples than folds
        return list(splitter.split(labels, labels))


def _some(labels, seed):
    """The examples that choose the regularization: all, or `MANY` of them and a few of each class."""
    if len(labels) <= MANY:
        return np.arange(len(labels))
    order = np.random.default_rng(seed).permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    place = np.arange(len(labels)) - np.searchsorted(labels[by_class], labels[by_class])
    size = np.bincount(labels)[labels[by_class]]
    return np.sort(by_class[place < np.maximum(2 * FOLDS, size * MANY / len(labels))])


def _out_of_fold(features, labels, classes, weights, seed, strengths=STRENGTHS):
    """Probabilities (strengths, n, classes) of each example by probes of the other folds.

    Where there are no folds, and for a class that is in one fold alone, all classes are equally probable.
    """
    found = np.full((len(strengths), len(labels), classes), 1 / classes)
    for train, held_out in folds(labels, seed):
        if len(present := np.unique(labels[train])) < 2:
            continue
        models = _path(features[train], labels[train], weights[train], strengths)
        for number, model in enumerate(models):
            found[number, held_out] = 0
            found[number, held_out[:, None], present] = model.predict_proba(features[held_out])
    return found


def _path(features, labels, weights, strengths):
    """Logistic regressions of rising strength, each of which begins where the last one ended."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(warm_start=True, max_iter=STEPS)
    for strength in strengths:
        model.C = strength
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # near the end of the steps is near enough
            yield model.fit(features, labels, weights)


def _as_softmax(model, classes):
    """Kernel (features, classes) and bias of a fitted regression, also of one with two classes or one."""
    kernel, bias = model.coef_.T.astype("float64"), model.intercept_.astype("float64")
    if classes == 2:  # there is one logit; half of it for each class
        kernel, bias = np.concatenate([-kernel, kernel], 1) / 2, np.concatenate([-bias, bias]) / 2
    return kernel, bias


def cross_entropy(probabilities, labels, weights=None):
    """The mean of -log(probability of the right class).

    Args:
        probabilities: (n, classes).
        labels: Class index of each example, integers (n,).
        weights: Weight of each example, (n,); None for 1 each.

    Example:
        >>> round(cross_entropy(np.array([[0.5, 0.5]]), [0]), 4)
        0.6931
    """
    of_true = np.clip(probabilities[np.arange(len(labels)), labels], 1e-7, 1)
    return float(np.average(-np.log(of_true), weights=weights))
