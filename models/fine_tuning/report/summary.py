"""What a report says, from what a training and an evaluation gave."""

import numpy as np

from .report import Mistake, PhotoReport

MISTAKES = 12  # misclassified photos that are shown


def summary(photos, evaluations, rows, finding, **more):
    """The report of a classifier of photos, without figures.

    Args:
        photos: What `Photos.check` returned.
        evaluations: {"test" and "validation": `Evaluation`}; the scores are those of "test" if it is there.
        rows: {part: which of the photos were used, (n,)}.
        finding: What came out, in one sentence.
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
    part = "test" if "test" in evaluations else "validation"
    evaluation, names = evaluations[part], list(photos.class_names)
    return PhotoReport(
        title=f"A classifier of {len(names):,} classes of photos",
        finding=finding,
        used=len(photos.files),
        set_aside=len(photos.quarantine),
        **{f"{one}_accuracy": each.accuracy for one, each in evaluations.items()},
        findings=photos.findings,
        quarantine=photos.quarantine,
        class_names=names,
        photos={
            one: np.bincount(photos.labels[which], minlength=len(names)).tolist()
            for one, which in rows.items()
        },
        class_scores=evaluation.class_scores,
        scored=f"the {len(evaluation):,} {part} photos",
        calibration_error=evaluation.calibration_error,
        mistakes=[
            Mistake(
                photo=photos.pixels[rows[part][n]],
                file=evaluation.examples[n],
                label=names[evaluation.labels[n]],
                prediction=names[evaluation.predictions[n]],
                confidence=float(evaluation.probabilities[n].max()),
            )
            for n in evaluation.misclassified[:MISTAKES]
        ],
        **more,
    )
