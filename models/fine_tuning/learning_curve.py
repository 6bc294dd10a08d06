"""What more photos would bring: accuracy of probes on shares of the photos, and a power law through it."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .linear_probe import LEAST_SCALE, fit_linear_probe, folds
from .multi_scale import tuned_size

SHARES = (0.2, 0.35, 0.5, 0.7, 1.0)
DRAWS = 5
MANY, VERY_MANY = (
    500,
    2_000,
)  # photos; of more there are fewer draws, and then one image size, to take seconds
TOO_MANY = 8_000  # of more there is no curve
SAMPLES = 1_000  # of the bootstrap
FITS = 0.9  # of the bootstrap's samples in which the error must fall, or there is no estimate
FAR = 2.5  # standard errors that a measured error may lie from the power law


class Forecast(NamedTuple):
    """What more photos would bring, by a power law: an estimate.

    Attributes:
        more: How many more photos.
        gain: By how much the accuracy would rise, as a share.
        low, high: The 95 % interval of it.

    Example:
        >>> Forecast(more=100, gain=0.012, low=0.004, high=0.021).gain
        0.012
    """

    more: int
    gain: float
    low: float
    high: float


@dataclass(frozen=True)
class LearningCurve:
    """Accuracy on photos held out, after a fit of shares of the others.

    Attributes:
        photos: How many photos there are in all.
        sizes: Number of photos fitted, (k,), ascending.
        correct: For each draw a bool array (k, held out): which of its photos are classified correctly.

    Example:
        >>> curve = LearningCurve(50, np.array([20, 40]), [np.array([[True, False], [True, True]])])
        >>> curve.accuracy.tolist()
        [0.5, 1.0]
    """

    photos: int
    sizes: np.ndarray
    correct: list

    @property
    def draws(self):
        """Accuracy of each draw, (draws, k)."""
        return np.array([each.mean(1) for each in self.correct])

    @property
    def accuracy(self):
        """Share of all photos held out that are classified correctly, (k,)."""
        return np.concatenate(self.correct, 1).mean(1)

    def power_law(self):
        """Factor and exponent of the error = factor * photos ** -exponent; None if there is no error."""
        return _power_law(self.sizes, 1 - self.accuracy)

    def forecast(self, more=100, seed=0):
        """Estimate what more photos would bring.

        The interval is that of a bootstrap over the draws, and over the photos that each holds out. It does
        not tell whether the power law holds on.

        Args:
            more: How many more photos.
            seed: Of the bootstrap.

        Returns:
            A `Forecast`; None where a power law does not fit: the error is 0 somewhere, does not fall in nine
            of ten samples, or lies far from the law.

        Reference:
            Hestness et al., Deep learning scaling is predictable, empirically, 2017.

        Example:
            >>> random, sizes = np.random.default_rng(0), np.array([20, 50, 100])
            >>> chances = (sizes / 5.0) ** -0.5
            >>> draws = [random.uniform(size=(1, 200)) > chances[:, None] for _ in range(3)]
            >>> found = LearningCurve(120, sizes, draws).forecast()
            >>> found.more, 0.03 < found.low < found.gain < found.high < 0.07
            (100, True)
        """
        if len(self.sizes) < 3 or not self._fits():
            return None
        random, errors = np.random.default_rng(seed), np.empty((SAMPLES, len(self.sizes)))
        for sample in errors:
            drawn = [self.correct[n] for n in random.integers(len(self.correct), size=len(self.correct))]
            drawn = [each[:, random.integers(each.shape[1], size=each.shape[1])] for each in drawn]
            sample[:] = 1 - np.concatenate(drawn, 1).mean(1)
        there = (errors > 0).all(1)  # without an error there is no law, and no gain
        laws = _power_laws(self.sizes, np.where(there[:, None], errors, 1))
        gains = np.where(there, self._gain(laws, more), 0)
        if np.mean(gains > 0) < FITS:
            return None
        low, high = np.quantile(gains, (0.025, 0.975))
        return Forecast(more, float(self._gain(self.power_law(), more)), float(low), float(high))

    def _gain(self, law, more):
        factor, exponent = law
        return factor * (self.photos**-exponent - (self.photos + more) ** -exponent)

    def _fits(self):
        law = self.power_law()
        if law is None or law[1] <= 0:
            return False
        errors, held_out = 1 - self.accuracy, sum(each.shape[1] for each in self.correct)
        expected = np.clip(law[0] * self.sizes ** -law[1], 0, 1)
        spread = np.sqrt(np.maximum(errors * (1 - errors), 1 / held_out) / held_out)
        return bool(np.all(np.abs(errors - expected) <= FAR * spread))


def _power_law(sizes, errors):
    if np.any(errors <= 0):
        return None
    return tuple(float(each) for each in _power_laws(sizes, errors))


def _power_laws(sizes, errors):
    """Factors and exponents of the power laws through errors (..., k): lines in their logarithms."""
    x, y = np.log(sizes), np.log(errors)
    certainty = errors / (1.01 - errors)  # one divided by the variance of the logarithm of a share
    certainty = certainty / certainty.sum(-1, keepdims=True)
    middle, height = (certainty * x).sum(-1, keepdims=True), (certainty * y).sum(-1, keepdims=True)
    x = x - middle
    slope = (certainty * x * (y - height)).sum(-1) / (certainty * x**2).sum(-1)
    return np.exp(height[..., 0] - slope * middle[..., 0]), -slope


def learning_curve(probes, labels, classes, weights=None, seed=0):
    """Fit probes on shares of the photos, and classify those held out.

    Each draw holds out one of five folds. Of the others larger and larger shares are fitted, each of which
    contains the one before, with as many photos of each class as it has in all.

    Args:
        probes: `Probes`: their features, and how strongly they are regularized.
        labels: Class index of each of their photos, integers (n,).
        classes: Number of classes.
        weights: Weight of each photo, (n,); None for 1 each.
        seed: Of the draws.

    Returns:
        A `LearningCurve`; None where there are too few photos of a class, or so many that it would take
        minutes.

    Example:
        >>> from models.fine_tuning.multi_scale import Probes
        >>> random, labels = np.random.default_rng(0), np.arange(200) % 2
        >>> features = random.normal(size=(200, 6)) + labels[:, None]
        >>> probe = fit_linear_probe(features, labels, 2)
        >>> curve = learning_curve(Probes({32: probe}, probe.out_of_fold, 0.9, {}, {32: features}), labels, 2)
        >>> curve.sizes.tolist(), len(curve.correct)
        ([32, 56, 80, 112, 160], 5)
    """
    labels = np.asarray(labels)
    if len(labels) > TOO_MANY or np.bincount(labels, minlength=classes).min() < DRAWS:
        return None
    weights = np.ones(len(labels)) if weights is None else np.asarray(weights)
    draws = folds(labels, seed, DRAWS)[: DRAWS if len(labels) <= MANY else 3]
    sizes = list(probes.probes)
    sizes = sizes if len(labels) <= VERY_MANY else [tuned_size(sizes)]
    correct, counts = [], []
    for number, (known, held_out) in enumerate(draws):
        shares = _shares(known, labels, [seed, number])
        counts.append([len(some) for some in shares])
        answers = [_answers(probes, sizes, labels, weights, classes, some, held_out) for some in shares]
        correct.append(np.array([each == labels[held_out] for each in answers]))
    fitted = np.round(np.mean(counts, 0)).astype(int)
    return LearningCurve(len(labels), fitted, correct) if len(np.unique(fitted)) == len(fitted) else None


def _shares(known, labels, seed):
    """Nested shares of some photos, each with its part of every class."""
    random, places = np.random.default_rng(seed), np.empty(len(known))
    for label in np.unique(labels[known]):
        which = np.flatnonzero(labels[known] == label)
        places[which] = random.permutation(len(which)) / len(which)  # the first of each class is at 0
    return [known[places < share] for share in SHARES]


def _answers(probes, sizes, labels, weights, classes, known, held_out):
    found = 0
    for size in sizes:
        probe = probes.probes[size]
        features = probes.features[size]
        fitted = fit_linear_probe(
            features[known],
            labels[known],
            classes,
            weights[known],
            strength=probe.strength,
            least_scale=LEAST_SCALE,
        )
        found = found + fitted.probabilities(features[held_out])
    return found.argmax(-1)
