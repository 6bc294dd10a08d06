"""What a report says, from what a training and an evaluation gave."""

import itertools

import numpy as np

from ...report.report import Mistake, PhotoReport, Suspicion

MISTAKES = 12  # misclassified photos that are shown
SUSPECTS = 24  # photos with labels that may be wrong


ACCURACIES = {
    "test": "test_accuracy",
    "baseline_test": "baseline_accuracy",
    "cross-validation": "cross_validation_accuracy",
}
PARTS = ("train", "validation", "test")


def scored_photos(evaluations, rows):
    """The evaluation that counts: of test photos if there are any, otherwise that of cross-validation.

    Args:
        evaluations, rows: As for `summary`.

    Returns:
        (the `Evaluation`; the rows of its photos, (n,); what these are called).

    Example:
        >>> from models.evaluation import Evaluation
        >>> test = Evaluation("test", ("ants", "bees"), ["1.jpg"], [0], [[0.9, 0.1]])
        >>> scored_photos({"test": test}, {"test": [7]})[1:]
        ([7], 'the 1 test photos')
    """
    if "test" in evaluations:
        return evaluations["test"], rows["test"], f"the {len(evaluations['test']):,} test photos"
    found = evaluations["cross-validation"]
    return found, rows["known"], f"{len(found):,} photos, each classified by a model that did not see it"


def shown_mistakes(evaluation):
    """Which misclassified photos a report shows: those with the highest confidence, integers (k,).

    Args:
        evaluation: An `Evaluation`.

    Example:
        >>> from models.evaluation import Evaluation
        >>> test = Evaluation("test", ("ants", "bees"), ["1.jpg", "2.jpg"], [0, 1], [[0.9, 0.1], [0.9, 0.1]])
        >>> shown_mistakes(test).tolist()
        [1]
    """
    return evaluation.misclassified[:MISTAKES]


def summary(photos, evaluations, rows, finding, speakers=(), **more):
    """The report of a classifier of photos, without figures.

    Args:
        photos: What `Photos.check` returned.
        evaluations: {"test", "baseline_test" and "cross-validation": `Evaluation`}; the scores are those of
            "test" if it is there, otherwise those of cross-validation.
        rows: {"train", "validation" and "test": which of the photos were used; "known": those of
            cross-validation, (n,)}.
        finding: What came out, in one sentence.
        speakers: For each of `shown_mistakes`, the `Speaker`s of it; empty for none.
        **more: Further attributes of the `PhotoReport`, such as `figures`, `seconds` and `settings`.

    Returns:
        A `PhotoReport`.

    Example:
        >>> from types import SimpleNamespace
        >>> from models.evaluation import Evaluation
        >>> photos = SimpleNamespace(
        ...     pixels=np.zeros((2, 8, 8, 3)), labels=np.array([0, 1]), files=["1.jpg", "2.jpg"],
        ...     class_names=("ants", "bees"), quarantine=[], findings=[],
        ... )
        >>> test = Evaluation("test", ("ants", "bees"), photos.files, photos.labels, [[0.9, 0.1], [0.8, 0.2]])
        >>> report = summary(photos, {"test": test}, {"test": np.arange(2)}, "Half are classified correctly.")
        >>> report.mistakes[0].file, report.test_accuracy.value
        ('2.jpg', 0.5)
    """
    evaluation, which, scored = scored_photos(evaluations, rows)
    names = list(photos.class_names)
    shares = {name: evaluations[part].accuracy for part, name in ACCURACIES.items() if part in evaluations}
    return PhotoReport(
        title=f"A classifier of {len(names):,} classes of photos",
        finding=finding,
        used=len(photos.files),
        set_aside=len(photos.quarantine),
        **shares,
        findings=photos.findings,
        quarantine=photos.quarantine,
        class_names=names,
        counts={
            part: np.bincount(photos.labels[rows[part]], minlength=len(names)).tolist()
            for part in PARTS
            if part in rows
        },
        class_scores=evaluation.class_scores,
        scored=scored,
        calibration_error=evaluation.calibration_error,
        mistakes=[
            Mistake(
                photo=photos.pixels[which[n]],
                file=evaluation.examples[n],
                label=names[evaluation.labels[n]],
                prediction=names[evaluation.predictions[n]],
                confidence=float(evaluation.probabilities[n].max()),
                speakers=some,
            )
            for n, some in itertools.zip_longest(shown_mistakes(evaluation), speakers, fillvalue=())
        ],
        **more,
    )


def suspicions(photos, rows, suspects):
    """The suspects that a report shows: the attributes `suspects` and `suspects_in_all` of a `PhotoReport`.

    Args:
        photos: What `Photos.check` returned.
        rows: Which of them `find_suspects` was asked about, integers (n,).
        suspects: The `Suspects` that it returned.

    Returns:
        {name of the attribute: value}.

    Example:
        >>> from types import SimpleNamespace
        >>> from models.labelling.wrong_labels import Suspect, Suspects
        >>> photos = SimpleNamespace(pixels=np.zeros((9, 8, 8, 3)))
        >>> one = Suspects([2], [Suspect("4.jpg", "ants", "bees", 0.02, 0.02, 0.98)], estimated=1)
        >>> suspicions(photos, [0, 2, 4], one)["suspects"][0].likely
        'bees'
    """
    shown = [
        Suspicion(photos.pixels[rows[place]], each.file, each.label, each.likely, each.probability)
        for place, each in zip(suspects.rows, suspects[: min(suspects.confident, SUSPECTS)], strict=False)
    ]
    return {"suspects": shown, "suspects_in_all": suspects.confident}
