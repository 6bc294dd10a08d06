"""The figures of a fine-tuned classifier's report: evaluations in, matplotlib Axes out."""

import numpy as np
from matplotlib.ticker import PercentFormatter

from models.fine_tuning.report.summary import scored_photos
from models.inspection import grad_cam
from tutorials.figures.charts import BLUE, GREY, ORANGE, axes_grid
from tutorials.figures.photos import (
    augmented_photos,
    captioned_photos,
    heat_overlays,
    phase_curves,
)
from tutorials.figures.scores import score_figures

SHOWN = 12  # misclassified photos, and photos with their Grad-CAM


def report_figures(photos, rows, evaluations, model, versions, histories):
    """All figures of a classifier's report.

    Args:
        photos: What `Photos.check` returned.
        rows, evaluations: As for `models.fine_tuning.report.summary.summary`.
        model: The classifier: pixels -> probabilities.
        versions: Array (k, versions, size, size, 3): a few training photos as they are and augmented.
        histories: {part of the training: {metric: value after each epoch}}; empty where nothing was
            fine-tuned.

    Returns:
        {name: (Axes, alternative text, caption)}.
    """
    evaluation, which, part = scored_photos(evaluations, rows)
    curves = {}
    if histories:
        curves["curves"] = (
            phase_curves(
                histories,
                f"{evaluations['cross-validation'].accuracy.value:.1%} are classified correctly in "
                "cross-validation",
            ),
            "Loss and accuracy after each epoch, in training and on the photos held out, for each fold.",
            "Fold by fold, each on other photos.",
        )
    return {
        "augmentation": (
            augmented_photos(versions[:, 0], versions[:, 1:], "Augmented versions of training photos"),
            "Training photos, each beside versions of it: flipped, rotated, zoomed, translated, brighter.",
            "The first of each row is the photo as it is.",
        ),
        **curves,
        **score_figures(evaluation, part.split(",")[0].removeprefix("the ").partition(" ")[2]),
        "grad_cam": _grad_cam(photos, which, evaluation, model),
    }


def more_photos(curve, forecast):
    """Accuracy after a fit of more and more photos, and the power law through it.

    Args:
        curve: A `LearningCurve`.
        forecast: What more photos would bring, a `Forecast`; None where no power law fits.

    Returns:
        (Axes, alternative text, caption).
    """
    first, last = curve.accuracy[[0, -1]]
    title = (
        f"From {curve.sizes[0]:,} to {curve.sizes[-1]:,} photos, accuracy goes from {first:.1%} to {last:.1%}"
    )
    axes = axes_grid(1, 1, 6.5, 3.6, title)
    ax = axes[0, 0]
    for draw in curve.draws:
        ax.plot(curve.sizes, draw, color=GREY, linewidth=0.8, alpha=0.5)
    ax.plot(curve.sizes, curve.accuracy, "o-", color=BLUE, label="measured (mean; grey: each draw)")
    if forecast is not None:
        factor, exponent = curve.power_law()
        end = curve.photos + forecast.more
        sizes = np.linspace(curve.sizes[0], end, 100)
        ax.plot(sizes, 1 - factor * sizes**-exponent, "--", color=ORANGE, label="power law: an estimate")
        now = 1 - factor * curve.photos**-exponent
        ends = np.minimum(1, now + np.array([forecast.low, forecast.high]))
        ax.plot([end, end], ends, color=ORANGE, linewidth=4, alpha=0.6, solid_capstyle="butt")
        ax.axvline(curve.photos, color=GREY, linewidth=0.8, linestyle=":")
    ax.set_xlabel("photos trained on")
    ax.set_ylabel("accuracy on others")
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, loc="lower right")
    return (
        axes,
        "Accuracy of linear probes that were fitted on more and more of the photos.",
        "Linear probes alone, on shares of the photos; accuracy is that of photos held out."
        + (f" The dotted line is at the {curve.photos:,} photos that there are." if forecast else ""),
    )


def misclassified(photos, rows, evaluation):
    """The misclassified photos with the highest confidence; None if there are none.

    Args:
        photos: What `Photos.check` returned.
        rows: Which of them were evaluated, (n,).
        evaluation: Their `Evaluation`.

    Returns:
        Array of Axes, or None.
    """
    wrong = evaluation.misclassified[:SHOWN]
    if not len(wrong):
        return None
    captions = [_lines(evaluation, n) for n in wrong]
    return captioned_photos(
        photos.pixels[rows[wrong]], captions, "Misclassified photos, those with the highest confidence first"
    )


def _grad_cam(photos, rows, evaluation, model):
    """Grad-CAM of misclassified photos, then of others."""
    predictions = evaluation.predictions
    right = np.flatnonzero(predictions == evaluation.labels)
    right = right[np.argsort(-evaluation.probabilities[right].max(-1), kind="stable")]
    wrong = evaluation.misclassified[: SHOWN // 2]
    looked = np.concatenate([wrong, right[:: max(1, len(right) // SHOWN)]])[:SHOWN]
    pixels = photos.pixels[rows[looked]].astype("float32")
    return (
        heat_overlays(
            pixels,
            grad_cam(model, pixels, predictions[looked]),
            [_lines(evaluation, n) for n in looked],
            "Grad-CAM: pixels that raised the predicted class",
        ),
        "Photos, each beside itself under a map of the pixels that raised the predicted class.",
        "Grad-CAM of the predicted class: bright pixels raised it. Misclassified photos come first.",
    )


def _lines(evaluation, n):
    names, prediction = evaluation.class_names, evaluation.predictions[n]
    predicted = f"predicted: {names[prediction]} ({evaluation.probabilities[n][prediction]:.0%})"
    return [evaluation.examples[n], predicted, f"label: {names[evaluation.labels[n]]}"]
