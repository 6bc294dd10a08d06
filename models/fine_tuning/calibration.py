"""Calibrated probabilities: a temperature from out-of-fold probabilities, and what it changes."""

from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops
from scipy.optimize import minimize_scalar

from .. import tables
from ..checks.arguments import built_model
from ..errors import ModelError
from ..scores import Share, calibration

LEAST = 1e-30  # what a probability of 0 counts as: float32 has a logarithm of it
COOLEST, HOTTEST = 0.05, 20.0  # temperatures are searched between these
RESAMPLES = 1000
SHARES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)


def fit_temperature(probabilities, labels, smoothing=0.0, weights=None):
    """The temperature at which probabilities have the lowest cross-entropy.

    Args:
        probabilities: (n, classes), of photos that the classifier was not fitted on, such as out-of-fold
            probabilities.
        labels: Class index of each photo, integers (n,).
        smoothing: Share of each photo that counts as of the other classes, from 0 to less than 1. With 0, a
            few photos that are all classified correctly make the classifier as sure as can be.
        weights: How much each photo counts, (n,); None for all alike.

    Returns:
        float from 0.05 to 20: below 1 where the classifier is less sure than it may be, above 1 where it is
        too sure. Photos whose true class has probability 0 do not count: no classifier had seen that class.

    Raises:
        ModelError: If the two do not fit each other, or are not finite.

    Reference:
        Guo et al., On calibration of modern neural networks, 2017.

    Example:
        >>> sure = np.array([[0.99, 0.01]] * 10)  # and correct in 7 of 10 cases
        >>> temperature = fit_temperature(sure, [0] * 7 + [1] * 3)
        >>> round(float(with_temperature(sure, temperature)[0, 0]), 3)
        0.7
    """
    probabilities, labels = checked_scores("fit_temperature", probabilities, labels)
    seen = probabilities[np.arange(len(labels)), labels] > 0
    if not seen.any():
        return 1.0
    logits, labels = np.log(np.maximum(probabilities[seen], LEAST)), labels[seen]
    counts = None if weights is None else np.asarray(weights)[seen]
    targets = np.full(logits.shape, smoothing / max(1, logits.shape[1] - 1))
    targets[np.arange(len(labels)), labels] = 1 - smoothing

    def cross_entropy(log_temperature):
        scaled = logits / np.exp(log_temperature)
        scaled = scaled - scaled.max(-1, keepdims=True)
        losses = np.log(np.exp(scaled).sum(-1)) - (targets * scaled).sum(-1)
        return np.average(losses, weights=counts)

    bounds = np.log(COOLEST), np.log(HOTTEST)
    found = minimize_scalar(cross_entropy, bounds=bounds, method="bounded", options={"xatol": 1e-5})
    return float(np.exp(found.x))


def with_temperature(probabilities, temperature):
    """Probabilities at a temperature: softmax(log(p) / temperature).

    Args:
        probabilities: (n, classes).
        temperature: Above 0. The most probable class stays the same.

    Returns:
        float64 (n, classes).

    Example:
        >>> with_temperature([[0.8, 0.2]], temperature=0.5).round(3).tolist()
        [[0.941, 0.059]]
    """
    scaled = np.log(np.maximum(np.asarray(probabilities, "float64"), LEAST)) / temperature
    scaled = np.exp(scaled - scaled.max(-1, keepdims=True))
    return scaled / scaled.sum(-1, keepdims=True)


def calibrated(model, temperature):
    """A model whose probabilities are those of another at a temperature.

    The temperature is applied by layers of Keras's own, so that the model also gives calibrated
    probabilities where it is loaded by Keras alone, or exported.

    Args:
        model: Built model: pixels -> probabilities (n, classes), with two classes or more. If it ends in a
            temperature already, that one is replaced.
        temperature: Above 0; with 1, probabilities stay as they are.

    Returns:
        A model that shares all layers, but for a dense one with a softmax at the end: a copy of that gives
        logits. Its last layer is a softmax.

    Raises:
        ModelError: If it is no such model.

    Example:
        >>> from models import MLP
        >>> model = MLP()
        >>> cooler, image = calibrated(model, 0.5), np.zeros((1, 28, 28, 1))
        >>> expected = with_temperature(model.predict(image, verbose=0), 0.5)
        >>> bool(np.allclose(cooler.predict(image, verbose=0), expected, atol=1e-6))
        True
    """
    built_model("calibrated", "model", model)
    if len(model.outputs) != 1 or len(model.outputs[0].shape) != 2 or model.outputs[0].shape[-1] < 2:
        raise ModelError("calibrated takes a model that gives a probability for each of two classes or more.")
    if not np.isfinite(temperature) or temperature <= 0:
        raise ModelError(f"calibrated takes a temperature above 0, not {temperature}.")
    x = layers.Rescaling(1 / float(temperature), name="temperature")(_logits(model))
    return keras.Model(model.inputs[0], layers.Softmax(name="calibrated")(x), name=model.name)


def temperature_of(model):
    """The temperature that a model ends in.

    Args:
        model: A Keras model.

    Returns:
        float; 1 if it ends in none.

    Example:
        >>> from models import MLP
        >>> temperature_of(MLP()), round(temperature_of(calibrated(MLP(), 0.8)), 6)
        (1.0, 0.8)
    """
    names = [layer.name for layer in model.layers]
    if names[-1:] != ["calibrated"] or "temperature" not in names:
        return 1.0
    return float(1 / model.get_layer("temperature").scale)


def _logits(model):
    """What a temperature divides: logits of a model's last layer, or logarithms of its probabilities."""
    if model.layers[-1].name == "calibrated":
        return model.get_layer("temperature").input
    last = model.layers[-1]
    if isinstance(last, layers.Dense) and last.activation is keras.activations.softmax:
        logits = layers.Dense(last.units, use_bias=last.use_bias, name=last.name)
        x = logits(last.input)
        logits.set_weights(last.get_weights())
        return x
    return ops.log(ops.maximum(model.outputs[0], LEAST))


@dataclass(frozen=True)
class CalibrationError:
    """The expected calibration error before and after a temperature, with 95 % intervals.

    Attributes:
        before, after: (error, low, high), from 0 to 1.
        temperature: What was applied.

    Example:
        >>> print(CalibrationError((0.082, 0.06, 0.11), (0.031, 0.02, 0.05), 0.62))
        expected calibration error 0.082 (0.060 to 0.110) before, 0.031 (0.020 to 0.050) at temperature 0.62
    """

    before: tuple
    after: tuple
    temperature: float

    def __str__(self):
        before, after = ("{:.3f} ({:.3f} to {:.3f})".format(*each) for each in (self.before, self.after))
        return f"expected calibration error {before} before, {after} at temperature {self.temperature:.2f}"


def calibration_error(probabilities, labels, temperature, seed=0):
    """The expected calibration error before and after a temperature, with bootstrap intervals.

    Args:
        probabilities: (n, classes) at temperature 1.
        labels: Class index of each photo, integers (n,).
        temperature: As `fit_temperature` found it, on other photos.
        seed: Of the resamples.

    Returns:
        A `CalibrationError`. Its intervals are the middle 95 % of 1,000 resamples. An error of few photos is
        too high by chance, and those of resamples even more so; the interval is shifted by that difference.

    Raises:
        ModelError: If the two do not fit each other, or are not finite.

    Example:
        >>> random = np.random.default_rng(0)
        >>> truth = random.uniform(0.5, 1, 2000)
        >>> labels = (random.uniform(size=2000) > truth).astype(int)
        >>> unsure = with_temperature(np.stack([truth, 1 - truth], 1), 2)
        >>> found = calibration_error(unsure, labels, temperature=0.5)
        >>> found.before[0] > 0.08, found.after[0] < 0.03
        (True, True)
    """
    probabilities, labels = checked_scores("calibration_error", probabilities, labels)
    rows = np.random.default_rng(seed).integers(len(labels), size=(RESAMPLES, len(labels)))
    found = []
    for each in (probabilities, with_temperature(probabilities, temperature)):
        error = calibration(labels, each).error
        right, sure = each.argmax(-1) == labels, each.max(-1)
        resampled = np.array([_error(right[some], sure[some]) for some in rows])
        low, high = np.quantile(resampled, [0.025, 0.975]) - (resampled.mean() - error)
        found.append((float(error), float(min(error, max(0.0, low))), float(max(error, high))))
    return CalibrationError(*found, float(temperature))


def _error(right, sure, bins=10):
    """The expected calibration error, as `scores.calibration` computes it, without intervals."""
    where = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)
    return np.abs(np.bincount(where, weights=right - sure, minlength=bins)).sum() / len(sure)


class CoverageCurve:
    """How accurate a classifier is on the photos that it is surest of: to choose a threshold by.

    Args:
        probabilities: (n, classes), of photos that it was not fitted on.
        labels: Class index of each photo, integers (n,).
        shares: Shares of the photos to show, from 0 to 1.

    Attributes:
        thresholds: For each share the least confidence of the photos in it, float (k,).
        coverages: The shares that these are, (k,): slightly more where several photos are equally sure.
        accuracies: List of `Share`: the share of them that is classified correctly.

    Raises:
        ModelError: If the two do not fit each other, or are not finite.

    Example:
        >>> probabilities = [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]]
        >>> print(CoverageCurve(probabilities, [0, 0, 1, 1], shares=(1, 0.75, 0.5)))
        surest photos  confidence at least  accuracy
        100.0 %        0.600                75.0 % (30.1 to 95.4 %)
        75.0 %         0.700                100.0 % (43.9 to 100.0 %)
        50.0 %         0.800                100.0 % (34.2 to 100.0 %)
    """

    def __init__(self, probabilities, labels, shares=SHARES):
        probabilities, labels = checked_scores("CoverageCurve", probabilities, labels)
        sure, right = probabilities.max(-1), probabilities.argmax(-1) == labels
        order = np.sort(sure)[::-1]
        wanted = [order[max(1, round(share * len(sure))) - 1] for share in shares]
        self.thresholds = np.array(wanted)
        kept = [sure >= threshold for threshold in self.thresholds]
        self.coverages = np.array([each.mean() for each in kept])
        self.accuracies = [Share(int(right[each].sum()), int(each.sum())) for each in kept]

    def threshold_for(self, accuracy):
        """The lowest confidence at and above which so many photos are classified correctly.

        Args:
            accuracy: From 0 to 1.

        Returns:
            (confidence, share of the photos that are at least so sure), or None if no row of the table is so
            accurate.

        Example:
            >>> curve = CoverageCurve([[0.9, 0.1], [0.6, 0.4]], [0, 1], shares=(1, 0.5))
            >>> tuple(map(float, curve.threshold_for(0.9)))
            (0.9, 0.5)
        """
        rows = zip(self.thresholds, self.coverages, self.accuracies, strict=True)
        good = [(where, share) for where, share, found in rows if found.value >= accuracy]
        return max(good, key=lambda each: each[1]) if good else None

    def _table(self):
        rows = zip(self.coverages, self.thresholds, self.accuracies, strict=True)
        shown = [(f"{100 * share:.1f} %", f"{where:.3f}", str(found)) for share, where, found in rows]
        return ("surest photos", "confidence at least", "accuracy"), shown

    def __str__(self):
        return tables.as_text(*self._table())

    def _repr_html_(self):
        return tables.as_html(*self._table())


def checked_scores(owner, probabilities, labels):
    """Probabilities and labels as arrays that fit each other.

    Args:
        owner: Name of the function that asks, for the message.
        probabilities: (n, classes).
        labels: (n,).

    Returns:
        (float64 (n, classes), int (n,)).

    Raises:
        ModelError: If they are no such arrays, are empty or not finite.

    Example:
        >>> checked_scores("fit", [[0.5, 0.5]], [1])[1].tolist()
        [1]
    """
    probabilities, labels = np.asarray(probabilities, "float64"), np.asarray(labels)
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or not len(labels):
        raise ModelError(
            f"{owner} takes probabilities (n, classes) and labels (n,) of one photo or more, not "
            f"{probabilities.shape} and {labels.shape}."
        )
    if not np.isfinite(probabilities).all():
        raise ModelError(f"{owner} takes probabilities that are finite numbers; some are not.")
    if labels.dtype.kind not in "iu" or not 0 <= labels.min() <= labels.max() < probabilities.shape[1]:
        raise ModelError(f"{owner} takes labels as class indices from 0 to {probabilities.shape[1] - 1}.")
    return probabilities, labels
