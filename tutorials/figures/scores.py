"""How well a classifier does, as the figures of its report: evaluations in, matplotlib Axes out."""

from tutorials.figures.charts import confusion_matrix
from tutorials.figures.labels import plain
from tutorials.figures.photos import class_intervals, reliability


def score_figures(evaluation, part):
    """Confusion matrix, precision and recall of each class, and calibration.

    Args:
        evaluation: An `Evaluation`.
        part: What was classified, such as "test photos".

    Returns:
        {"confusion_matrix", "class_scores" and "calibration": (Axes, alternative text, caption)}.
    """
    share, scores, names = evaluation.accuracy, evaluation.class_scores, evaluation.class_names
    weakest = min((score for score in scores if score.recall.of), key=lambda score: score.recall.value)
    return {
        "confusion_matrix": (
            confusion_matrix(
                evaluation.confusion_matrix,
                names,
                f"{share.of - share.hits:,} of {share.of:,} {part} are misclassified",
            ),
            f"How many {evaluation.noun} of each class are predicted as each class.",
            "Rows are labels, columns are predictions. On the diagonal are those classified correctly: the "
            "darker, the larger their share of the class, its recall.",
        ),
        "class_scores": (
            class_intervals(
                scores,
                f"Lowest recall: {weakest.recall.value:.0%} of {plain(weakest.name)}",
                noun=evaluation.noun,
            ),
            "Precision and recall of each class with their 95 % intervals.",
            f"The fewer {evaluation.noun}, the wider the interval.",
        ),
        "calibration": (
            reliability(
                evaluation.calibration,
                f"Confidence and accuracy differ by {100 * evaluation.calibration_error:.1f} points",
            ),
            "Accuracy of predictions by their confidence.",
            "On the diagonal, confidence equals accuracy.",
        ),
    }
