"""Logistic regression for each of several labels at once, chosen by cross-validation."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from ...errors import ModelError
from ..linear_probe import LEAST_SCALE, STEPS, STRENGTHS, standardization

EXACT = 50_000_000  # numbers up to which features are in float64


@dataclass(frozen=True)
class OneVsRest:
    """Logistic regression for each label: sigmoid(features @ kernel + bias).

    Attributes:
        kernel: float64 (features, labels).
        bias: float64 (labels,).
        strength: Inverse strength of the L2 regularization, scikit-learn's C, on scaled features.
        out_of_fold: float64 (n, labels): the logits of each training example by regressions that were fitted
            on the other folds.

    Example:
        >>> OneVsRest(np.ones((2, 1)), np.zeros(1), 1.0, np.zeros((0, 1))).logits([[1.0, 2.0]]).tolist()
        [[3.0]]
    """

    kernel: np.ndarray
    bias: np.ndarray
    strength: float
    out_of_fold: np.ndarray

    def logits(self, features):
        """Logits of the labels.

        Args:
            features: (n, features).

        Returns:
            float64 (n, labels).
        """
        return np.asarray(features, "float64") @ self.kernel + self.bias


def fit_one_vs_rest(features, labels, folds, strength=None):
    """Fit logistic regression for each label; how strongly it is regularized is chosen by cross-validation.

    Of the values in `linear_probe.STRENGTHS`, the one whose out-of-fold probabilities have the lowest
    cross-entropy, over all labels, is taken for all of them: a rare label alone could not choose. It is
    chosen in the same way whether each feature is divided by its own standard deviation, or all by one:
    then those that vary more are regularized less.

    Args:
        features: (n, features), finite.
        labels: 0 or 1, (n, labels).
        folds: The fold that holds each example out, integers (n,).
        strength: scikit-learn's C, if it is known; out-of-fold logits are those at it.

    Returns:
        A `OneVsRest`.

    Raises:
        ModelError: If the features are not finite.

    Example:
        >>> features = np.random.default_rng(0).normal(size=(60, 4))
        >>> fitted = fit_one_vs_rest(features, features[:, 2:] > 0, folds=np.arange(60) % 5)
        >>> np.abs(fitted.kernel).argmax(0).tolist(), fitted.out_of_fold.shape
        ([2, 3], (60, 2))
    """
    features, labels = np.asarray(features, "float32"), np.asarray(labels, "float64")
    if not np.isfinite(features).all():
        raise ModelError("features= has values that are not finite; the backbone's weights may be damaged.")
    mean, own = standardization(features, LEAST_SCALE)
    strengths = STRENGTHS if strength is None else (strength,)
    tried = []
    with threadpool_limits(1):  # matrices are so small that threads only wait for each other
        for scale in (own, np.full_like(own, np.sqrt(np.mean(np.square(own))))):
            scaled, back = _turned((features - mean) / scale)
            out_of_fold = _out_of_fold(scaled, labels, np.asarray(folds), strengths)
            losses = [cross_entropy(each, labels) for each in out_of_fold]
            best = int(np.argmin(losses))
            tried.append((losses[best], best, scale, scaled, back, out_of_fold[best]))
        _, best, scale, scaled, back, out_of_fold = min(tried, key=lambda each: each[0])
        *_, (kernel, bias) = _path(scaled, labels, strengths[: best + 1])
    kernel = (back @ kernel) / scale[:, None]
    return OneVsRest(kernel, bias - mean @ kernel, float(strengths[best]), out_of_fold)


def cross_entropy(logits, labels):
    """The mean over labels and examples of -log(probability of what is true).

    Args:
        logits: (n, labels).
        labels: 0 or 1, (n, labels).

    Returns:
        float.

    Example:
        >>> round(cross_entropy(np.zeros((1, 2)), np.array([[0, 1]])), 4)
        0.6931
    """
    return float(np.mean(np.logaddexp(0, logits) - labels * logits))


def _turned(features):
    """Fewer features with the same products of examples, and the matrix (features, fewer) that makes them.

    L2 regularization does not see a rotation, and of more features than examples the rest is 0.
    """
    count, width = features.shape
    features = features.astype("float64") if features.size < EXACT else features
    if 2 * count > width:
        return features, np.eye(width)
    values, vectors = np.linalg.eigh(features @ features.T)
    kept = values > 1e-12 * max(values[-1], 1e-30)
    lengths = np.sqrt(values[kept])
    return vectors[:, kept] * lengths, features.T @ (vectors[:, kept] / lengths)


def _out_of_fold(features, labels, folds, strengths):
    """Logits (strengths, n, labels) of each example by regressions that were fitted on the other folds."""
    found = np.zeros((len(strengths), *labels.shape))
    for fold in np.unique(folds):
        held_out = folds == fold
        for number, (kernel, bias) in enumerate(_path(features[~held_out], labels[~held_out], strengths)):
            found[number, held_out] = features[held_out] @ kernel + bias
    return found


def _path(features, labels, strengths):
    """(kernel, bias) for rising strengths, each of which begins where the last one ended.

    A label that all or none of the examples have gets a constant.
    """
    count = len(features)
    total = labels.sum(0)
    mixed = (total > 0) & (total < count)
    some, width = labels[:, mixed], features.shape[1]
    constant = np.log((total + 0.5) / (count - total + 0.5))
    state = np.concatenate([np.zeros((width, mixed.sum())), constant[None, mixed]]).ravel()
    for strength in strengths:
        if mixed.any():
            state = _minimized(features, some, strength, state)
        kernel, bias = np.zeros((width, len(total))), constant.copy()
        kernel[:, mixed], bias[mixed] = _halves(state, width)
        yield kernel, bias


def _minimized(features, labels, strength, state):
    """Kernel and bias, one below the other, with the lowest regularized cross-entropy, as one vector."""
    count, width = features.shape
    penalty = 1 / (strength * count)

    def loss(state):
        kernel, bias = _halves(state, width)
        logits = features @ kernel.astype(features.dtype) + bias
        error = (1 / (1 + np.exp(-np.clip(logits, -60, 60))) - labels) / count
        value = np.sum(np.logaddexp(0, logits) - labels * logits) / count + penalty / 2 * np.sum(kernel**2)
        slope = features.T @ error.astype(features.dtype) + penalty * kernel
        return value, np.concatenate([slope, error.sum(0, keepdims=True)]).ravel().astype("float64")

    return minimize(loss, state, jac=True, method="L-BFGS-B", options={"maxiter": STEPS, "maxcor": 20}).x


def _halves(state, width):
    """Kernel (width, labels) and bias (labels,) from one vector."""
    state = state.reshape(width + 1, -1)
    return state[:-1], state[-1]
