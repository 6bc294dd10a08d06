"""When a classifier of texts should not answer: "none of these", or several classes are possible."""

from dataclasses import dataclass

import numpy as np

from ..fine_tuning.abstention import MOST_SCORES, NAMED, ConformalSets
from ..fine_tuning.saved_arrays import DamagedError, arrays_as_texts, damaged_where, texts_as_arrays
from ..none_of_these import ANSWER
from ..probabilities import per_class
from .by_parts import predict_texts
from .familiarity import FINGERPRINTS, Familiarity, fit_familiarity
from .short_texts import ShortTexts, fit_short_texts

UNLIKE = f"{ANSWER}: unlike the training texts"
SEVERAL = "several classes are possible"
ARRAYS = {"scores": "<f4", "labels": "<i4"}


@dataclass(frozen=True)
class TextTrust:
    """What tells whether an answer of a classifier of texts can be trusted.

    Attributes:
        sets: `ConformalSets` of calibrated probabilities of texts that were held back.
        familiarity: `Familiarity` of the training texts.
        short: `ShortTexts`, for texts that are shorter than nearly all training texts; None if there is none.

    Example:
        >>> texts, labels = ["so good", "so bad"] * 30, np.array([1, 0] * 30)
        >>> probabilities = np.eye(2)[labels] * 0.8 + 0.1
        >>> trust = fit_text_trust(texts, probabilities, labels)
        >>> trust.abstentions([[0.05, 0.95], [0.5, 0.5]], ["so good", "so bad"], ["no", "yes"], abstain=0.05)
        {1: 'several classes are possible: no or yes'}
        >>> trust.abstentions([[0.1, 0.9]], ["My parcel is late"], ["no", "yes"], abstain=0.05)
        {0: 'none of these: unlike the training texts'}
    """

    sets: ConformalSets
    familiarity: Familiarity
    short: ShortTexts | None = None

    def abstentions(self, probabilities, texts, class_names, abstain):
        """Why the classifier should not answer for some texts.

        A text is none of these if it is as unusual as at most a share `abstain` of the training texts is; a
        short one, of their sentences that tell the class. Of the others, those for which not one class
        suffices to be right but for this share are unsure.

        Args:
            probabilities: Calibrated, (n, classes).
            texts: Sequence of n str.
            class_names: In index order.
            abstain: Share, above 0 and below 1.

        Returns:
            {row: reason}.
        """
        possible = self.sets.possible(probabilities, class_names, abstain)
        unlike = np.flatnonzero(self.surprise(texts) <= abstain)
        return {row: f"{SEVERAL}: {names}" for row, names in possible.items()} | dict.fromkeys(
            unlike.tolist(), UNLIKE
        )

    def surprise(self, texts):
        """How usual each text is, as `ShortTexts` has it or, of one that is not short, `Familiarity`.

        Args:
            texts: Sequence of n str.

        Returns:
            float (n,).
        """
        found = self.familiarity.surprise(texts)
        if self.short is None:
            return found
        short = self.short.surprise(texts)
        return np.where(np.isnan(short), found, short)

    def rules(self, abstain):
        """What `abstentions` goes by, for another program that does the same, such as a page.

        Args:
            abstain: As for `abstentions`.

        Returns:
            {name: value}: "abstain"; "unlike" and "several", the reasons; "named", how many classes a reason
            names; "thresholds", a list; "most", the number that fingerprints are taken modulo; "familiarity"
            and "short", which may be None, as `Familiarity.rules` and `ShortTexts.rules` give them.

        Example:
            >>> trust = fit_text_trust(["a b", "a c"] * 20, [[0.9, 0.1]] * 40, [0] * 40)
            >>> trust.rules(0.05)["unlike"], trust.rules(0.05)["short"] is None
            ('none of these: unlike the training texts', True)
        """
        return {
            "abstain": abstain,
            "unlike": UNLIKE,
            "several": SEVERAL,
            "named": NAMED,
            "thresholds": self.sets.thresholds(abstain).astype("float32").tolist(),
            "most": FINGERPRINTS,
            "familiarity": self.familiarity.rules(abstain),
            "short": None if self.short is None else self.short.rules(abstain),
        }

    def state(self):
        """The same as what JSON can hold, for `trust_in`: {name: value}."""
        arrays = arrays_as_texts(self.sets, ARRAYS)
        short = None if self.short is None else self.short.state()
        of_words = {"familiarity": self.familiarity.state(), "short": short}
        return arrays | {"classes": self.sets.classes} | of_words


def fit_text_trust(texts, probabilities, labels, seed=0, classes=None):
    """Learn when a classifier of texts should not answer.

    Args:
        texts: Training texts, n str.
        probabilities: Calibrated, (k, classes), of texts that it was not fitted on.
        labels: Class index of each of these, integers (k,).
        seed: Of what is drawn where there are many.
        classes: Class index of each training text, integers (n,), to learn what short texts look like; None
            to take these like others.

    Returns:
        A `TextTrust`; None if fewer than two training texts have a word.

    Example:
        >>> fit_text_trust(["a b", "a c"], [[0.9, 0.1]], [0]).familiarity.texts
        2
    """
    familiarity = fit_familiarity(texts, seed)
    if familiarity is None:
        return None
    probabilities, labels = np.asarray(probabilities), np.asarray(labels)
    scores = (1 - probabilities[np.arange(len(labels)), labels]).clip(0, 1).astype("float32")
    drawn = np.sort(np.random.default_rng(seed).permutation(len(labels))[:MOST_SCORES])
    sets = ConformalSets(scores[drawn], labels[drawn].astype("int32"), probabilities.shape[1])
    return TextTrust(sets, familiarity, None if classes is None else fit_short_texts(texts, classes, seed))


def text_trust_in(settings, classes, where):
    """What a saved classifier of texts holds to abstain by, from somebody who may not be trusted.

    Args:
        settings: Of its `About`, not checked.
        classes: Number of the model's classes.
        where: The file, for the message.

    Returns:
        A `TextTrust`, or None if there is none.

    Raises:
        ModelError: If it is damaged, or of another model.

    Example:
        >>> trust = fit_text_trust(["a b", "a c"], [[0.9, 0.1]], [0])
        >>> text_trust_in({"trust": trust.state()}, 2, "x.keras").sets.classes
        2
        >>> text_trust_in({}, 2, "x.keras") is None
        True
    """
    state = settings.get("trust")
    if state is None:
        return None
    with damaged_where(where):
        scores, labels = texts_as_arrays(state, ARRAYS, 8 * MOST_SCORES).values()
        if type(state["classes"]) is not int or state["classes"] != classes:
            raise DamagedError("it is of another model")
        fits = len(labels) == len(scores) and not ((labels < 0) | (labels >= classes)).any()
        if not fits or not ((scores >= 0) & (scores <= 1)).all():
            raise DamagedError("its scores do not fit its classes")
        familiarity, short = Familiarity.from_state(state["familiarity"]), state.get("short")
        short = None if short is None else ShortTexts.from_state(short)
        return TextTrust(ConformalSets(scores, labels, classes), familiarity, short)


def answering_texts(model, class_names, trust, abstain):
    """A function that classifies texts, and says for which it should not.

    Args:
        model: Keras model of strings.
        class_names: In index order.
        trust: `TextTrust`.
        abstain: As for `TextTrust.abstentions`.

    Returns:
        Function: array (n,) of str -> (probabilities (n, classes), {row: why there is no answer}).

    Example:
        >>> from models import TextClassifier
        >>> classifier = TextClassifier().fit(["so good", "so bad"] * 20, ["a", "b"] * 20)
        >>> answer = answering_texts(classifier.model, ["a", "b"], classifier.trust_, 0.05)
        >>> answer(np.array(["Superb acting"], object))[1]
        {0: 'none of these: unlike the training texts'}
    """

    def answer(texts):
        probabilities = per_class(predict_texts(model, texts))
        return probabilities, trust.abstentions(probabilities, list(texts), class_names, abstain)

    return answer
