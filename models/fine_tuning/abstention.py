"""When a classifier should not answer: conformal prediction sets, and photos of something else."""

import math
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

from ..errors import ModelError
from .calibration import calibrated, checked_scores, fit_temperature, temperature_of, with_temperature
from .feature_distance import MOST_REFERENCES, FeatureDistance, fit_distance
from .saved_arrays import DamagedError, array_as_text, damaged_where, texts_as_arrays

MOST_SCORES = 10_000  # of conformal scores that are kept; more are drawn from
LARGE_CLASS = 100  # photos of a class that get a threshold of their own
MOST_FEATURES = 1 << 20
NO_PHOTO = "no photo of these classes"
NAMED = 3  # classes that a reason names


@dataclass(frozen=True)
class ConformalSets:
    """Prediction sets that hold the true class with a chosen probability, whatever the classifier.

    A class belongs to the set if it is improbable by no more than the true classes of other photos were:
    1 - probability is the score, and the threshold is the quantile of the scores of photos that the
    classifier was not fitted on. A class with 100 photos or more has a threshold of its own, so that it is
    covered as well as the others; smaller classes share one of all photos.

    Attributes:
        scores: float32 (n,): 1 - calibrated probability of the true class.
        labels: int32 (n,): the true classes.
        classes: Number of classes.

    Reference:
        Sadinle et al., Least ambiguous set-valued classifiers with bounded error levels, 2019; Vovk,
        Cross-conformal predictors, 2015.

    Example:
        >>> sets = ConformalSets(np.linspace(0, 0.6, 200), np.zeros(200, int), 2)
        >>> round(float(sets.thresholds(0.05)[0]), 2)
        0.57
        >>> sets.of([[0.9, 0.1], [0.5, 0.5]], 0.05).tolist()
        [[True, False], [True, True]]
    """

    scores: np.ndarray
    labels: np.ndarray
    classes: int

    def thresholds(self, abstain):
        """The highest score with which each class belongs to the set.

        Args:
            abstain: Share of photos whose true class may be missing from the set, above 0 and below 1.

        Returns:
            float (classes,). 1, which lets every class in, where there are too few photos for this share.
        """
        found = np.full(self.classes, quantile(self.scores, abstain))
        for label, count in enumerate(np.bincount(self.labels, minlength=self.classes)):
            if count >= LARGE_CLASS:
                found[label] = quantile(self.scores[self.labels == label], abstain)
        return found

    def of(self, probabilities, abstain):
        """The set of each photo.

        Args:
            probabilities: Calibrated, (n, classes).
            abstain: As for `thresholds`.

        Returns:
            bool (n, classes).
        """
        scores = 1 - np.asarray(probabilities, "float32")
        return scores <= self.thresholds(abstain).astype("float32")

    def possible(self, probabilities, class_names, abstain):
        """The classes of each set that is not one class; of an empty one, the two most probable.

        Args:
            probabilities: Calibrated, (n, classes).
            class_names: In index order.
            abstain: As for `thresholds`.

        Returns:
            {row: such as "ants or bees"}.
        """
        probabilities, found = np.asarray(probabilities), {}
        chosen = self.of(probabilities, abstain)
        for row in np.flatnonzero(chosen.sum(-1) != 1):
            order = np.argsort(-probabilities[row], kind="stable")
            inside = order[: max(2, int(chosen[row].sum()))]
            names = [str(class_names[n]) for n in inside[:NAMED]]
            more = f" or {len(inside) - NAMED} more" if len(inside) > NAMED else ""
            found[int(row)] = f"{' or '.join(names)}{more}"
        return found


def quantile(scores, abstain):
    """The quantile of conformal prediction, which allows for a finite number of scores.

    Args:
        scores: (n,), from 0 to 1.
        abstain: Share of scores that may be above it.

    Returns:
        float: the k-th smallest score, where k is (n + 1) (1 - abstain), rounded up; 1 if there are fewer.

    Example:
        >>> quantile(np.arange(19) / 20, 0.05), quantile(np.arange(18) / 20, 0.05)
        (0.9, 1.0)
    """
    place = math.ceil((len(scores) + 1) * (1 - abstain) - 1e-9)
    return 1.0 if place > len(scores) else float(np.partition(scores, place - 1)[place - 1])


@dataclass(frozen=True)
class Trust:
    """What tells whether an answer of a classifier can be trusted.

    Attributes:
        temperature: What the classifier's probabilities are calibrated with.
        sets: `ConformalSets` of calibrated probabilities.
        distance: `FeatureDistance` of the classifier's features.

    Example:
        >>> labels, features = np.arange(40) % 2, {160: np.random.default_rng(0).uniform(size=(40, 6))}
        >>> trust = fit_trust(np.eye(2)[labels] * 0.8 + 0.1, labels, features)
        >>> state = trust.state()
        >>> Trust.from_state(state).temperature == trust.temperature
        True
        >>> try:
        ...     Trust.from_state(state | {"mean": ""}, "bees.keras")
        ... except ModelError as error:
        ...     print(str(error)[:68])
        bees.keras is damaged: what it holds to abstain by cannot be used (i
    """

    temperature: float
    sets: ConformalSets
    distance: FeatureDistance

    def abstentions(self, probabilities, features, class_names, abstain):
        """Why the classifier should not answer for some photos.

        A photo is refused as no photo of these classes if its features lie farther away than those of all but
        a share `abstain` of training photos. Of the others, those whose prediction set is not one class are
        unsure. An empty set means that no class is as probable as usual; it counts as the two most probable.

        Args:
            probabilities: Calibrated, (n, classes).
            features: {image size: (n, features)}, as `features_and_answers` computes them.
            class_names: In index order.
            abstain: Share, above 0 and below 1.

        Returns:
            {row: reason}.
        """
        possible = self.sets.possible(probabilities, class_names, abstain)
        reasons = {row: f"unsure: {names}" for row, names in possible.items()}
        for row in np.flatnonzero(self.distance.surprise(features) <= abstain):
            reasons[int(row)] = NO_PHOTO
        return reasons

    def state(self):
        """The same as what JSON can hold, for `from_state`.

        Returns:
            {name: value}; arrays as text, 4 MB at most.
        """
        arrays = {
            "scores": self.sets.scores,
            "labels": self.sets.labels,
            **{name: getattr(self.distance, name) for name in _ARRAYS if hasattr(self.distance, name)},
        }
        return {
            "temperature": self.temperature,
            "classes": self.sets.classes,
            "sizes": [[int(size), count] for size, count in self.distance.sizes.items()],
            **{name: array_as_text(values, _ARRAYS[name]) for name, values in arrays.items()},
        }

    @classmethod
    def from_state(cls, state, where="The file"):
        """What `state` returned, from somebody who may not be trusted.

        Args:
            state: Anything.
            where: Where it is from, for the message.

        Returns:
            A `Trust`.

        Raises:
            ModelError: If it is none, or damaged.
        """
        with damaged_where(where):
            return _from_state(state)


# How arrays are saved: their type, and whether a row is as long as there are features
_ARRAYS = {
    "scores": "<f4", "labels": "<i4", "references": "<f2", "mean": "<f4", "components": "<f2",
    "spreads": "<f4", "known": "<f4",
}  # fmt: skip


def _from_state(state):
    if not isinstance(state, dict):
        raise DamagedError("it is none")
    temperature, classes, sizes = state["temperature"], state["classes"], state["sizes"]
    if type(temperature) is not float or not 1e-3 <= temperature <= 1e3:
        raise DamagedError("its temperature is no number above 0")
    if type(classes) is not int or not 2 <= classes <= MOST_FEATURES:
        raise DamagedError("its number of classes is none")
    if not isinstance(sizes, list) or not 1 <= len(sizes) <= 100:
        raise DamagedError("its image sizes are none")
    for size, count in sizes:
        if type(size) is not int or type(count) is not int or not 0 <= size < 1 << 16 or count < 1:
            raise DamagedError("its image sizes are none")
    sizes = dict(sizes)
    wide = sum(sizes.values())
    if wide > MOST_FEATURES or len(sizes) != len(state["sizes"]):
        raise DamagedError("its image sizes are none")
    arrays = texts_as_arrays(state, _ARRAYS, 4 * MOST_REFERENCES)
    for name in ("references", "components"):
        if not len(arrays[name]) or len(arrays[name]) % wide:
            raise DamagedError(f"its {name} have another number of features")
        arrays[name] = arrays[name].reshape(-1, wide)
    scores, labels = arrays.pop("scores"), arrays.pop("labels")
    fits = len(labels) == len(scores) and not ((labels < 0) | (labels >= classes)).any()
    if not fits or not ((scores >= 0) & (scores <= 1)).all():
        raise DamagedError("its scores do not fit its classes")
    spreads, known = arrays["spreads"], arrays["known"]
    if len(arrays["mean"]) != wide or len(spreads) != len(arrays["components"]) + 1:
        raise DamagedError("its parts do not fit each other")
    if not (spreads > 0).all() or (known < 0).any() or (np.diff(known) < 0).any() or not len(known):
        raise DamagedError("its distances are not in order")
    return Trust(temperature, ConformalSets(scores, labels, classes), FeatureDistance(sizes, **arrays))


def fit_trust(out_of_fold, labels, features, seed=0):
    """Fit what tells whether an answer can be trusted, from the photos that a classifier was fitted on.

    Args:
        out_of_fold: (n, classes): probabilities of each photo by classifiers that were fitted on others, not
            calibrated.
        labels: Class index of each photo, integers (n,).
        features: {image size: (n, features)}, of the same photos, as the classifier pools them.
        seed: Of what is drawn where there are many photos.

    Returns:
        A `Trust`.

    Raises:
        ModelError: If these do not fit each other, are not finite, or there are fewer than 4 photos.

    Example:
        >>> random = np.random.default_rng(0)
        >>> labels = random.integers(2, size=400)
        >>> features = {160: 5 + random.normal(size=(400, 6)) + 2 * labels[:, None] * np.eye(6)[0]}
        >>> ones = 1 / (1 + np.exp(12 - 2 * features[160][:, 0]))
        >>> trust = fit_trust(np.stack([1 - ones, ones], 1), labels, features)
        >>> again = Trust.from_state(trust.state())
        >>> usual, odd, names = [5, 5, 5, 5, 5, 5], [-4, 5, -5, 5, -5, 5], ["ants", "bees"]
        >>> again.abstentions([[0.99, 0.01], [0.5, 0.5]], {160: [usual] * 2}, names, abstain=0.05)
        {1: 'unsure: ants or bees'}
        >>> again.abstentions([[0.99, 0.01]], {160: [odd]}, names, abstain=0.05)
        {0: 'no photo of these classes'}
    """
    out_of_fold, labels = checked_scores("fit_trust", out_of_fold, labels)
    temperature = fit_temperature(out_of_fold, labels)
    probabilities = with_temperature(out_of_fold, temperature)
    scores = (1 - probabilities[np.arange(len(labels)), labels]).clip(0, 1).astype("float32")
    distance = fit_distance(features, seed)
    if any(len(values) != len(labels) for values in features.values()):
        raise ModelError(f"fit_trust takes features of the {len(labels):,} photos that labels= has.")
    drawn = np.sort(np.random.default_rng(seed).permutation(len(labels))[:MOST_SCORES])
    sets = ConformalSets(scores[drawn], labels[drawn].astype("int32"), out_of_fold.shape[1])
    return Trust(temperature, sets, distance)


def trusted(model, out_of_fold, labels, features, seed=0):
    """A classifier with calibrated probabilities, and what tells whether its answers can be trusted.

    Args:
        model: `MultiScaleClassifier` or `TransferClassifier`, fitted, not calibrated.
        out_of_fold, labels, features, seed: As for `fit_trust`.

    Returns:
        (the model that `calibrated` makes of it, a `Trust`).

    Raises:
        ModelError: As `fit_trust` does, or if these are not the features of this model.

    Example:
        >>> from models.fine_tuning.multi_scale import MultiScaleClassifier
        >>> backbone = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3)])
        >>> model = MultiScaleClassifier(backbone, classes=2, sizes=(32,))
        >>> labels, features = np.arange(40) % 2, {32: np.random.default_rng(0).uniform(size=(40, 8))}
        >>> model, trust = trusted(model, np.eye(2)[labels] * 0.8 + 0.1, labels, features)
        >>> round(temperature_of(model) / trust.temperature, 3)
        1.0
    """
    trust = fit_trust(out_of_fold, labels, features, seed)
    model = calibrated(model, trust.temperature)
    features_and_answers(model, trust)
    return model, trust


def features_and_answers(model, trust=None):
    """A model that gives the pooled features of a photo beside its probabilities.

    Args:
        model: A classifier whose head is one dense layer, or one for each image size, whose names begin with
            "predictions".
        trust: The `Trust` whose features these must be; None for any.

    Returns:
        A model: pixels -> {"answers": (n, classes), image size as text: (n, features) for each}.

    Raises:
        ModelError: If the model has no such layers, or other features.

    Example:
        >>> from models.fine_tuning.multi_scale import MultiScaleClassifier
        >>> backbone = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3)])
        >>> model = MultiScaleClassifier(backbone, classes=3, sizes=(32, 64))
        >>> found = features_and_answers(model).predict(np.zeros((2, 64, 64, 3)), verbose=0)
        >>> {name: values.shape for name, values in found.items()}
        {'answers': (2, 3), '32': (2, 8), '64': (2, 8)}
    """
    heads = {
        layer.name.removeprefix("predictions").removeprefix("_") or "0": layer
        for layer in model.layers
        if isinstance(layer, layers.Dense) and layer.name.startswith("predictions")
    }
    heads = {name: layer for name, layer in heads.items() if name.isdecimal()}
    if trust is not None and len(heads) == 1 and len(trust.distance.sizes) == 1:
        heads = {str(next(iter(trust.distance.sizes))): next(iter(heads.values()))}
    found = {int(name): layer.input.shape[-1] for name, layer in heads.items()}
    if not heads or (trust is not None and found != trust.distance.sizes):
        raise ModelError(
            f"{model.name} does not have the features that tell photos of other things ({found}); fit it "
            "again."
        )
    outputs = {"answers": model.outputs[0]} | {name: layer.input for name, layer in heads.items()}
    return keras.Model(model.inputs[0], outputs)


def check_trust(trust, model, where):
    """Refuse a trust that does not fit its model.

    Args:
        trust: A `Trust`.
        model: The classifier that was saved with it.
        where: The file, for the message.

    Raises:
        ModelError: If classes, features or temperature differ.

    Example:
        >>> from models import MLP
        >>> labels, features = np.arange(40) % 2, {160: np.random.default_rng(0).uniform(size=(40, 6))}
        >>> trust = fit_trust(np.eye(2)[labels] * 0.8 + 0.1, labels, features)
        >>> try:
        ...     check_trust(trust, MLP(), "bees.keras")
        ... except ModelError as error:
        ...     print(str(error)[:71])
        bees.keras is damaged: what it holds to abstain by is of another model;
    """
    try:
        features_and_answers(model, trust)
    except (ModelError, AttributeError):
        fits = False
    else:
        fits = trust.sets.classes == model.outputs[0].shape[-1]
    if not fits or abs(temperature_of(model) / trust.temperature - 1) > 1e-3:
        raise ModelError(
            f"{where} is damaged: what it holds to abstain by is of another model; save the classifier "
            "again, or fetch the file again."
        )
