"""When a classifier answers "none of these": for what is not like its held-out examples.

A softmax spreads a probability of 1 over its classes, whatever it is shown. Two measures of the held-out
examples that are classified correctly tell what is usual: the confidence, and the distance of their features,
which are the inputs of the last layer, from those of training examples. Half a per cent of them are less
confident than one threshold, half a per cent farther away than another. What is below the first or beyond the
second is none of the classes; so about 1 % of what would be classified correctly is refused as well.
"""

from dataclasses import replace

import numpy as np

from .checks.arguments import built_model
from .errors import ModelError
from .fine_tuning.abstention import ConformalSets, Trust, check_trust, features_and_answers
from .fine_tuning.feature_distance import fit_distance
from .loading.saved_classifiers import About

ANSWER = "none of these"
REFUSED = 0.01  # share of correctly classified held-out examples that both thresholds together refuse
FEWEST = 20  # correctly classified held-out examples, with fewer of which no threshold is set
MOST_FITTED = 2000  # training examples that the distance is fitted on; more are drawn from
NAME = "none_of_these"  # among the settings of an `About`


def about_classifier(kind, model, class_names, fitted_on, held_out, labels, seed=0):
    """What is saved beside a classifier so that it can answer "none of these": for `save_classifier`.

    Args:
        kind: What it classifies, such as "digits".
        model: Built model that ends in a dense layer called "predictions": examples -> probabilities
            (n, classes).
        class_names: In index order.
        fitted_on: Training examples, an array.
        held_out: Examples that the model was not fitted on, an array (n, ...), such as the validation split.
        labels: Class index of each held-out example, integers (n,).
        seed: Of what is drawn.

    Returns:
        An `About`. It holds no thresholds where fewer than 20 held-out examples are classified correctly.

    Raises:
        ModelError: If the model has no such layer, or examples and labels do not fit each other.

    Example:
        >>> from models import MLP
        >>> digits = np.zeros((30, 28, 28, 1))
        >>> model = MLP()
        >>> labels = model.predict(digits, verbose=0).argmax(-1)  # all of them correct
        >>> about = about_classifier("digits", model, "0123456789", digits, digits, labels)
        >>> about.kind, list(about.settings)
        ('digits', ['none_of_these'])
    """
    built_model("about_classifier", "model", model)
    if len(held_out) != len(labels) or not len(fitted_on):
        raise ModelError(
            f"about_classifier takes a label for each of its {len(held_out):,} held-out examples, not "
            f"{len(labels):,}, and some training examples."
        )
    about = About(kind, tuple(class_names), {})
    if len(held_out) < FEWEST:
        return about
    features, probabilities = _features(model, held_out)
    correct = probabilities.argmax(-1) == np.asarray(labels)
    if correct.sum() < FEWEST:
        return about
    drawn = np.sort(np.random.default_rng(seed).permutation(len(fitted_on))[:MOST_FITTED])
    distance = fit_distance(_features(model, fitted_on[drawn])[0], seed)
    usual = {size: values[correct] for size, values in features.items()}
    known = np.sort(distance.distances(usual))
    scores = (1 - probabilities[correct].max(-1)).clip(0, 1).astype("float32")
    of_classes = ConformalSets(scores, np.asarray(labels)[correct].astype("int32"), probabilities.shape[1])
    trust = Trust(1.0, of_classes, replace(distance, known=known))
    return about._replace(settings={NAME: trust.state()})


def thresholds(trust):
    """From which confidence on, and up to which distance, an example is one of the classes.

    Args:
        trust: A `Trust` of correctly classified held-out examples.

    Returns:
        (least confidence, largest distance).

    Example:
        >>> from types import SimpleNamespace
        >>> sets, distance = SimpleNamespace(scores=[0.1, 0.2]), SimpleNamespace(known=[1.0, 3.0])
        >>> [round(value, 2) for value in thresholds(SimpleNamespace(sets=sets, distance=distance))]
        [0.8, 2.99]
    """
    usual = 1 - REFUSED / 2
    return float(1 - np.quantile(trust.sets.scores, usual)), float(np.quantile(trust.distance.known, usual))


def refusing(model, settings, path):
    """A function that classifies examples, and says which are none of the classes.

    Args:
        model: The model that was loaded.
        settings: Of its `About`, not checked.
        path: The file, for the message.

    Returns:
        Function: examples -> (probabilities (n, classes), {row: "none of these"}); None where the file holds
        no thresholds, as those of earlier versions do.

    Raises:
        ModelError: If what it holds is damaged, or of another model.

    Example:
        >>> from models import MLP
        >>> images, model = np.random.default_rng(0).uniform(0, 9, (60, 28, 28, 1)), MLP()
        >>> labels = model.predict(images, verbose=0).argmax(-1)
        >>> about = about_classifier("digits", model, "0123456789", images[:30], images[30:], labels[30:])
        >>> odd = np.random.default_rng(0).choice([0, 255], (1, 28, 28, 1), p=[0.98, 0.02])
        >>> refusing(model, about.settings, "model.keras")(odd)[1]
        {0: 'none of these'}
    """
    if settings.get(NAME) is None:
        return None
    trust = Trust.from_state(settings[NAME], path)
    check_trust(trust, model, path)
    confidence, farthest = thresholds(trust)

    def classify(examples):
        features, probabilities = _features(model, examples, trust)
        odd = (probabilities.max(-1) < confidence) | (trust.distance.distances(features) > farthest)
        return probabilities, {int(row): ANSWER for row in np.flatnonzero(odd)}

    return classify


def _features(model, examples, trust=None):
    """({0: inputs of the last layer}, probabilities) of some examples."""
    both = features_and_answers(model, trust)
    found = both.predict(np.asarray(examples, "float32"), batch_size=500, verbose=0)
    probabilities = found.pop("answers")
    return {int(name): values for name, values in found.items()}, probabilities
