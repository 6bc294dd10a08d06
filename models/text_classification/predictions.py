"""Predictions for texts, a row a text, and what each word of a text contributed."""

from typing import NamedTuple

import numpy as np

from .. import tables

SHOWN = 50  # rows of a long table that are shown
STRONGEST = 10  # words that are shown in a terminal
PALE = 0.25  # log-odds; where no word has a larger effect, none is shown in full colour
LOG_ODDS = "log-odds, of which +1 makes the odds 2.7 times as high"
CUT_OFF = "cut off at 16.6, as the model gives no logits"


class TextPrediction(NamedTuple):
    """What is predicted for one text.

    Attributes:
        text: The text.
        label: The predicted class; None if the classifier abstains.
        probability: Confidence of the prediction, from 0 to 1; nan if there is none.
        reason: Why there is no label; empty if there is one.

    Example:
        >>> TextPrediction("A good film.", "positive", 0.93).label
        'positive'
    """

    text: str
    label: object
    probability: float
    reason: str = ""


class TextPredictions:
    """Predictions for texts, in their order: a sequence of `TextPrediction`, shown as a table.

    Args:
        texts: The texts, (n,).
        probabilities: float (n, classes).
        classes: What is predicted, in index order.
        abstained: {row: why the classifier does not answer for a text}.

    Attributes:
        texts: As given.
        labels: List of each text's predicted class, None where there is none.
        probability: Confidence of each prediction, (n,).
        probabilities: Of all classes, (n, classes).

    Example:
        >>> found = TextPredictions(["Good.", "So bad!"], [[0.2, 0.8], [0.9, 0.1]], ["negative", "positive"])
        >>> print(found)
        text     label     probability
        Good.    positive  0.8000
        So bad!  negative  0.9000
        >>> found.labels, found[1].label, found.probabilities.shape
        (['positive', 'negative'], 'negative', (2, 2))
        >>> print(TextPredictions(["So?"], [[0.5, 0.5]], ["no", "yes"], {0: "several classes are possible"}))
        text  label  probability  reason
        So?   -      -            several classes are possible
    """

    def __init__(self, texts, probabilities, classes, abstained=None):
        self.texts, self.classes, self.abstained = list(texts), tuple(classes), dict(abstained or {})
        self.probabilities = np.asarray(probabilities, "float32").reshape(len(self.texts), len(self.classes))
        best = self.probabilities.argmax(-1) if len(self.texts) else []
        self.labels = [None if n in self.abstained else self.classes[k] for n, k in enumerate(best)]
        self.probability = self.probabilities.max(-1, initial=0)
        self.probability[list(self.abstained)] = np.nan

    def __len__(self):
        return len(self.texts)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[n] for n in range(*index.indices(len(self)))]
        n = range(len(self))[index]  # an IndexError beyond the end, and negative numbers from there
        reason = self.abstained.get(n, "")
        return TextPrediction(self.texts[n], self.labels[n], float(self.probability[n]), reason)

    def _table(self):
        columns = ["text", "label", "probability"] + (["reason"] if self.abstained else [])
        rows = []
        for each in self[:SHOWN]:
            answer = ("-", "-") if each.label is None else (each.label, f"{each.probability:.4f}")
            rows.append((" ".join(each.text.split()), *answer, each.reason))
        if len(self) > SHOWN:
            rows.append((f"{len(self) - SHOWN:,} more", "", "", ""))
        return columns, [row[: len(columns)] for row in rows]

    def __repr__(self):
        return f"<TextPredictions for {len(self):,} {'text' if len(self) == 1 else 'texts'}>"

    def __str__(self):
        return tables.as_text(*self._table()) if len(self) else "no texts"

    def _repr_html_(self):
        return tables.as_html(*self._table())


class WordEffects(NamedTuple):
    """How much each word of a text changes the log-odds of a class.

    Attributes:
        label: The class.
        probability: Its probability, from 0 to 1.
        words: List of n str, in the order of the text.
        effects: Array (n,): the log-odds of the class with the word less those without it.
        changes: Array (n,): the probability with the word less that without it; None if unknown.
        exact: False where the model gives no logits, and its log-odds are cut off at -16.6 and 16.6.

    Example:
        >>> print(WordEffects("positive", 0.9, ["not", "bad"], np.array([1.31, -0.2])))
        positive (90.0%): not (+1.31), bad (-0.20) in log-odds, of which +1 makes the odds 2.7 times as high
    """

    label: object
    probability: float
    words: list
    effects: np.ndarray
    changes: np.ndarray | None = None
    exact: bool = True

    def __str__(self):
        order = np.argsort(-np.abs(self.effects), kind="stable")[:STRONGEST]
        words = ", ".join(
            f"{tables.safe(self.words[n], 'terminal', 50)} ({self.effects[n]:+.2f})" for n in order
        )
        said = f"{words} {self._unit()}" if words else "no words"
        return f"{tables.safe(str(self.label), 'terminal')} ({self.probability:.1%}): {said}"

    def _unit(self):
        return f"in {LOG_ODDS}" + ("" if self.exact else f" ({CUT_OFF})")

    def _repr_html_(self):
        most = max(PALE, np.abs(self.effects).max(initial=0))  # where no word has an effect, all stay pale
        colours = ["0,114,178" if effect > 0 else "230,159,0" for effect in self.effects]
        spans = " ".join(
            f'<span title="{effect:+.2f}" style="background:rgba({colour},'
            f'{0.65 * abs(effect) / most:.2f})">{tables.safe(word, "html")}</span>'
            for word, effect, colour in zip(self.words, self.effects, colours, strict=True)
        )
        label = tables.safe(str(self.label), "html")
        return (
            f"<p><strong>{label} ({self.probability:.1%})</strong>: blue words raise this probability, "
            f"orange ones lower it; effects are {self._unit()}</p><p>{spans}</p>"
        )
