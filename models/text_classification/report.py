"""What the report of a classifier of texts says, from what a training and an evaluation gave."""

import numpy as np

from ..report.report import Baseline, TextMistake, TextReport, TextSuspicion
from ..scores import Share
from ..sibling import datasets_module

MISTAKES = 12  # misclassified texts that are shown
SUSPECTS = 24  # texts with labels that may be wrong
WORDS = 120  # of a misclassified text
CHARACTERS = 600  # of a suspicious text
PARTS = ("train", "validation", "test")
cut = datasets_module("files.names").cut


def text_summary(texts, evaluation, finding, baselines=(), suspects=None, effects=(), **more):
    """The report of a classifier of texts, without figures.

    Args:
        texts: A `Texts`.
        evaluation: `Evaluation` of its test texts, in their order.
        finding: What came out, in one sentence.
        baselines: List of `Baseline`.
        suspects: `Suspects`; None for none.
        effects: For each of the first misclassified texts, what `TextClassifier.word_effects` says of it.
        **more: Further attributes of the `TextReport`, such as `figures`, `seconds` and `settings`.

    Returns:
        A `TextReport`.

    Example:
        >>> from types import SimpleNamespace
        >>> from models.evaluation import Evaluation
        >>> texts = SimpleNamespace(
        ...     labels=np.array([0, 1]), files=["a.csv"] * 2, rows=np.array([2, 3]), quarantine=[],
        ...     findings=[], class_names=("bad", "good"), texts=["Bad.", "Good."],
        ...     of=lambda part: np.arange(2 * (part == "test")),
        ... )
        >>> probabilities = [[0.9, 0.1], [0.8, 0.2]]
        >>> test = Evaluation("test", ("bad", "good"), texts.texts, texts.labels, probabilities, "texts")
        >>> report = text_summary(texts, test, "Half are classified correctly.")
        >>> report.mistakes[0].file, report.mistakes[0].words, report.test_accuracy.value
        ('a.csv, line 3', [('Good.', 0.0)], 0.5)
    """
    rows, names = texts.of("test"), list(texts.class_names)
    where = [
        f"{texts.files[row]}, line {texts.rows[row]:,}" if texts.rows[row] else texts.files[row]
        for row in rows
    ]
    mistakes = [
        _mistake(evaluation, n, where[n], effects[place] if place < len(effects) else None)
        for place, n in enumerate(evaluation.misclassified[:MISTAKES])
    ]
    shown = () if suspects is None else suspects[: min(suspects.confident, SUSPECTS)]
    return TextReport(
        title=f"A classifier of {len(names):,} classes of texts",
        finding=finding,
        used=len(texts.labels),
        set_aside=len(texts.quarantine),
        test_accuracy=evaluation.accuracy,
        baselines=list(baselines),
        findings=texts.findings,
        quarantine=texts.quarantine,
        class_names=names,
        counts={
            part: np.bincount(texts.labels[texts.of(part)], minlength=len(names)).tolist()
            for part in PARTS
            if len(texts.of(part))
        },
        class_scores=evaluation.class_scores,
        scored=f"the {len(evaluation):,} test texts",
        calibration_error=evaluation.calibration_error,
        suspects=[
            TextSuspicion(cut(each.text, CHARACTERS), each.file, each.label, each.likely, each.probability)
            for each in shown
        ],
        suspects_in_all=0 if suspects is None else suspects.confident,
        mistakes=mistakes,
        **more,
    )


def majority_baseline(training_labels, test_labels):
    """Always predicting the most frequent class of the training texts.

    Args:
        training_labels, test_labels: Class indices, integers (n,) and (m,).

    Returns:
        A `Baseline`.

    Example:
        >>> majority_baseline(np.array([0, 1, 1]), np.array([1, 0])).accuracy.value
        0.5
    """
    most = np.bincount(training_labels).argmax()
    hits = int(np.sum(np.asarray(test_labels) == most))
    return Baseline(
        "Majority", Share(hits, len(test_labels)), "test accuracy of always the most frequent class"
    )


def _mistake(evaluation, n, where, effects):
    words, values = evaluation.examples[n].split(), None
    if effects is not None:
        words, values = effects.words, effects.effects
    values = np.zeros(len(words)) if values is None else values
    shown = list(zip(words[:WORDS], map(float, values[:WORDS]), strict=True))
    names = evaluation.class_names
    return TextMistake(
        [(cut(word, CHARACTERS), effect) for word, effect in shown],
        where,
        names[evaluation.labels[n]],
        names[evaluation.predictions[n]],
        float(evaluation.probabilities[n].max()),
        max(0, len(words) - WORDS),
    )
