"""Figures of a classifier that gives photos several labels: evaluations in, matplotlib Axes out."""

import numpy as np

from tutorials.figures.charts import BLUE, GREY, ORANGE, axes_grid
from tutorials.figures.labels import distinct, plain
from tutorials.figures.photos import captioned_photos

MOST = 40  # labels that are shown
SHOWN = 12  # photos


def label_bars(evaluation, baseline=None):
    """Average precision of each label, beside guessing and the baseline.

    Args:
        evaluation: A `MultiLabelEvaluation`.
        baseline: Another one of the same photos, or None.

    Returns:
        Array (1, 1) of Axes.
    """
    scores = np.nan_to_num(evaluation.average_precision, nan=2)
    order = np.argsort(scores, kind="stable")[:MOST]
    names = distinct(evaluation.class_names, 28)
    title = (
        f"Mean average precision {evaluation.mean_average_precision:.1%}, by guessing "
        f"{evaluation.mean_chance:.1%}"
    )
    axes = axes_grid(1, 1, 6.5, 0.3 * len(order) + 1.7, title)
    ax, places = axes[0, 0], np.arange(len(order))
    ax.barh(places, 100 * np.where(scores[order] > 1, 0, scores[order]), color=BLUE, alpha=0.75, height=0.6)
    ax.plot(100 * evaluation.chance[order], places, "|", color="black", markersize=11, label="guessing")
    if baseline is not None:
        ax.plot(
            100 * baseline.average_precision[order], places, "o", color=ORANGE, markersize=5, clip_on=False,
            label="baseline (scikit-learn)",
        )  # fmt: skip
    for place, label in enumerate(order):
        if scores[label] > 1:
            ax.text(1, place, "no photo has it", va="center", color=GREY, fontsize=9)
    ax.set_yticks(places, [names[label] for label in order])
    ax.set_xlim(0, 100)
    ax.set_ylim(len(order) - 0.4, -0.6)
    ax.set_xlabel("average precision (%)")
    ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16 - 0.4 / len(order)), ncols=2)
    ax.spines[["top", "right"]].set_visible(False)
    return axes


def surest_mistakes(photos, rows, evaluation):
    """The photos with the surest mistakes, each with what was missed and what was given wrongly.

    Args:
        photos: What `MultiLabelPhotos.check` returned.
        rows: Which of them were evaluated, (n,).
        evaluation: Their `MultiLabelEvaluation`.

    Returns:
        Array of Axes; None if there are no mistakes.
    """
    shown = list(dict.fromkeys(row for row, _ in evaluation.mistakes))[:SHOWN]
    if not shown:
        return None
    captions = []
    for photo in shown:
        lines = []
        for row, label in evaluation.mistakes:
            if row == photo:
                what = "missed" if evaluation.labels[row, label] else "wrong"
                probability = evaluation.probabilities[row, label]
                lines.append(f"{what}: {plain(evaluation.class_names[label], 12)} ({probability:.0%})")
        captions.append(lines[:2])
    return captioned_photos(photos.pixels[np.asarray(rows)[shown]], captions, "The surest mistakes first")
