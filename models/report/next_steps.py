"""What to do next, in order, by what was found in the photos or texts and in the classifier's mistakes."""

from typing import NamedTuple

import numpy as np

FEW_OF_CLASS = 0.5  # of the median of the classes
WIDE = 0.05  # on either side of the accuracy, its interval is too wide to compare two classifiers
LITTLE = 0.005  # accuracy that 100 photos bring
MANY_ASIDE = 0.05  # of the photos or texts


class Step(NamedTuple):
    """One thing to do.

    Attributes:
        what: What to do, in a few words.
        why: What was found, in a sentence or two.
        section: Where the report shows it: the name of a section, or "".

    Example:
        >>> Step("Look at 3 labels", "They may be wrong.").section
        ''
    """

    what: str
    why: str
    section: str = ""


def next_steps(evaluation, class_names, counts, suspects=0, asked=False, forecast=None, set_aside=0):
    """What to do next, that which costs least first.

    Args:
        evaluation: The `Evaluation` that counts.
        class_names: In index order.
        counts: Training and validation photos or texts of each class, (classes,).
        suspects: How many labels may be wrong.
        asked: Whether there is a page of photos or texts to label, label.html.
        forecast: What more photos would bring, a `Forecast`, or None.
        set_aside: How many photos or texts were set aside.

    Returns:
        List of `Step`; empty if nothing was found.

    Example:
        >>> from models.evaluation import Evaluation
        >>> labels = np.arange(200) % 2
        >>> test = Evaluation("test", ("ants", "bees"), [""] * 200, labels, np.eye(2)[labels])
        >>> [step.what for step in next_steps(test, ("ants", "bees"), [40, 40], suspects=3)]
        ['Look at 3 labels that may be wrong']
    """
    found, used, noun = [], int(np.sum(counts)), evaluation.noun
    if suspects:
        what = f"{suspects:,} labels" if suspects > 1 else "1 label"
        where = "folders or table" if noun == "photos" else "table or folders"
        why = f"Correct in your {where} those that are wrong, and train again."
        found.append(Step(f"Look at {what} that may be wrong", why, "suspects"))
    if set_aside > MANY_ASIDE * (used + set_aside):
        why = "They are not used. Some may only have to be " + (
            "converted or moved." if noun == "photos" else "given a label, or saved in another encoding."
        )
        found.append(Step(f"See why {set_aside:,} {noun} were set aside", why, "set-aside"))
    if asked:
        why = "The classifier cannot decide these, and they differ from each other. The page saves a table."
        found.append(Step(f"Label the {noun} on the page label.html", why))
    found += _weakest(evaluation, counts)
    found += _rarest(class_names, counts, noun, named=found)
    if forecast is not None and (forecast.low > 0 or forecast.high < LITTLE):
        found.append(_more(forecast))
    share = evaluation.accuracy
    if share.high - share.low > 2 * WIDE:
        why = (
            f"With {share.of:,} {noun} the accuracy is only known to be from {100 * share.low:.0f} to "
            f"{100 * share.high:.0f} %. Do not choose between two classifiers by less than that."
        )
        found.append(Step(f"Hold back more {noun} for the test", why, "scores"))
    return found


def _weakest(evaluation, counts):
    """More examples of the class with the lowest recall, and what it is taken for."""
    scores = [score for score in evaluation.class_scores if score.recall.of]
    weakest = min(scores, key=lambda score: score.recall.value)
    recall, accuracy = weakest.recall, evaluation.accuracy
    if recall.hits == recall.of or recall.value >= accuracy.value:
        return []
    index = evaluation.class_scores.index(weakest)
    wrong = evaluation.confusion_matrix[index].copy()
    wrong[index] = 0
    why = (
        f"Its recall is the lowest: {recall.hits:,} of {recall.of:,} are classified correctly "
        f"({100 * recall.value:.0f} %); {counts[index]:,} {evaluation.noun} of it were trained on."
    )
    if len(scores) > 2 and wrong.max() > wrong.sum() / 2 and wrong.sum() > 1:
        taken_for = evaluation.class_names[int(wrong.argmax())]
        why += f" Of {wrong.sum():,} misclassified ones {wrong.max():,} are taken for {taken_for}."
    if recall.high >= accuracy.value:
        why += f" With so few {evaluation.noun}, that may be chance."
    return [Step(f"Add {evaluation.noun} of {weakest.name}", why, "confusion")]


def _rarest(class_names, counts, noun, named):
    """More examples of a class that has much fewer than others, unless that was said."""
    rarest, median = int(np.argmin(counts)), float(np.median(counts))
    what = f"Add {noun} of {class_names[rarest]}"
    if counts[rarest] >= FEW_OF_CLASS * median or any(step.what == what for step in named):
        return []
    why = f"Only {counts[rarest]:,} of it were trained on; half of the classes have {median:,.0f} or more."
    return [Step(what, why, "classes")]


def _more(forecast):
    gain, low, high = (100 * value for value in forecast[1:])
    what = (
        "Do not expect much of more photos like these"
        if high < 100 * LITTLE
        else "Consider more photos like these"
    )
    why = (
        f"{forecast.more:,} more would bring about {gain:.1f} points of accuracy (95 % interval {low:.1f} to "
        f"{high:.1f}): an estimate."
    )
    return Step(what, why, "more-photos")
