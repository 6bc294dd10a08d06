"""Which training examples speak for a classifier's answer: representer values of a linear probe."""

from typing import NamedTuple

import numpy as np

from ..errors import ModelError
from .linear_probe import LEAST_SCALE, standardization

AT_ONCE = 64  # examples whose values are computed together


class Advocate(NamedTuple):
    """A training example that speaks for an answer.

    Attributes:
        row: Which training example.
        value: By how much it raises the logit of the answer above that of the other class.

    Example:
        >>> Advocate(row=3, value=0.25).row
        3
    """

    row: int
    value: float


def representer_weights(probe, features, labels, weights=None):
    """The part of each training example in the kernel of a linear probe.

    At the optimum of L2 regularized softmax regression the kernel is a weighted sum of the training
    features: kernel = sum of weights[i] * features[i], on standardized features. An example that is fitted
    badly has a large weight, positive for its own class.

    Args:
        probe: The `LinearProbe`, or an object with its `kernel`, `bias` and `strength`.
        features: What it was fitted on, (n, features).
        labels: Class index of each example, integers (n,).
        weights: Weight of each example, as it was fitted; None for 1 each.

    Returns:
        float64 (n, classes).

    Reference:
        Yeh et al., Representer point selection for explaining deep neural networks, 2018.

    Example:
        >>> from models.fine_tuning.linear_probe import fit_linear_probe
        >>> features = np.random.default_rng(0).normal(size=(60, 4))
        >>> labels = (features[:, 2] > 0).astype(int)
        >>> parts = representer_weights(fit_linear_probe(features, labels, 2), features, labels)
        >>> parts.shape, bool((parts[labels == 1, 1] > 0).all())
        ((60, 2), True)
    """
    features, labels = np.asarray(features, "float64"), np.asarray(labels)
    kernel, bias = np.asarray(probe.kernel, "float64"), np.asarray(probe.bias, "float64")
    if features.ndim != 2 or features.shape[1] != len(kernel) or len(features) != len(labels):
        raise ModelError(
            f"features= {features.shape} and labels= {labels.shape} do not fit each other and the probe's "
            f"{len(kernel)} features; give what it was fitted on."
        )
    classes = kernel.shape[1]
    logits = features @ kernel + bias
    exponentials = np.exp(logits - logits.max(-1, keepdims=True))
    errors = np.eye(classes)[labels] - exponentials / exponentials.sum(-1, keepdims=True)
    if weights is not None:
        errors *= np.asarray(weights, "float64")[:, None]
    # With two classes scikit-learn fits one logit, of which each class has one half
    return probe.strength * errors / (2 if classes == 2 else 1)


def representer_values(probe, features, labels, examples, answers, others, weights=None):
    """By how much each training example speaks for one class of an example, and against another.

    Args:
        probe, features, labels, weights: As for `representer_weights`.
        examples: Features of what was classified, (m, features).
        answers: Class index that is spoken for, integers (m,).
        others: Class index that it is compared with, integers (m,).

    Returns:
        float64 (m, n): for each example, the values of all training examples. At the probe's optimum they
        add up to the difference of both logits, but for a number that is the same for all examples with the
        same classes.

    Raises:
        ModelError: If the arrays do not fit each other.

    Example:
        >>> from models.fine_tuning.linear_probe import fit_linear_probe
        >>> features = np.random.default_rng(0).normal(size=(60, 4))
        >>> labels = (features[:, 2] > 0).astype(int)
        >>> probe = fit_linear_probe(features, labels, 2)
        >>> representer_values(probe, features, labels, [[0, 0, 3, 0]], [1], [0]).sum() > 0
        np.True_
    """
    parts = representer_weights(probe, features, labels, weights)
    mean, scale = standardization(features, LEAST_SCALE)
    known, found = (np.asarray(features) - mean) / scale, []
    examples, answers, others = (np.asarray(each) for each in (examples, answers, others))
    for start in range(0, len(examples), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        similarity = ((examples[some] - mean) / scale) @ known.T
        found.append((parts[:, answers[some]] - parts[:, others[some]]).T * similarity)
    return np.concatenate(found) if found else np.zeros((0, len(known)))


def advocates(probes, features, labels, examples, answers, others, count=3, weights=None):
    """The training examples that speak most for each answer.

    Args:
        probes: {image size: `LinearProbe`}; values at all sizes are averaged.
        features: {image size: what that probe was fitted on, (n, features)}.
        labels: Class index of each training example, integers (n,).
        examples: {image size: features of what was classified, (m, features)}.
        answers: Class index of each answer, integers (m,); for mistakes, the predicted class.
        others: Class index that it is compared with, integers (m,); for mistakes, the given class.
        count: Training examples for each answer, at most.
        weights: As for `representer_weights`.

    Returns:
        List of m lists of `Advocate`, the one that speaks most first; only those that speak for the answer.

    Raises:
        ModelError: If the arrays do not fit each other.

    Example:
        >>> from models.fine_tuning.linear_probe import fit_linear_probe
        >>> features = np.random.default_rng(0).normal(size=(60, 4))
        >>> labels = (features[:, 2] > 0).astype(int)
        >>> labels[7] = 1 - labels[7]  # a wrong label
        >>> probes = {224: fit_linear_probe(features, labels, 2)}
        >>> near = {224: features[[7]]}
        >>> advocates(probes, {224: features}, labels, near, [labels[7]], [1 - labels[7]])[0][0].row
        7
    """
    values = np.mean(
        [
            representer_values(probe, features[size], labels, examples[size], answers, others, weights)
            for size, probe in probes.items()
        ],
        0,
    )
    order = np.argsort(-values, axis=1, kind="stable")[:, :count]
    return [
        [Advocate(int(row), float(each[row])) for row in best if each[row] > 0]
        for each, best in zip(values, order, strict=True)
    ]
