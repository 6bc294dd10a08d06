"""Figures of when a classifier should not answer."""

import numpy as np

from tutorials.figures.charts import BLUE, GREY, axes_grid


def coverage_accuracy(curve, title=None):
    """Accuracy on the photos that a classifier is surest of: to choose a threshold by.

    Args:
        curve: A `models.fine_tuning.calibration.CoverageCurve`.
        title: The figure's finding; None for one that is computed.

    Returns:
        Array (1, 1) of Axes.
    """
    shares, found = 100 * curve.coverages, curve.accuracies
    if title is None:
        half = int(np.argmin(abs(shares - 50)))
        title = (
            f"Of the surest {shares[half]:.0f} % of photos, {100 * found[half].value:.1f} % are classified "
            f"correctly; of all, {100 * found[int(shares.argmax())].value:.1f} %"
        )
    axes = axes_grid(1, 1, 7, 4.2, title)
    ax = axes[0, 0]
    values, low, high = (
        100 * np.array([getattr(one, end) for one in found]) for end in ("value", "low", "high")
    )
    ax.fill_between(shares, low, high, color=BLUE, alpha=0.15, linewidth=0, label="95 % interval")
    ax.plot(shares, values, "o-", color=BLUE, markersize=4, label="accuracy")
    for share, value, threshold in zip(shares, values, curve.thresholds, strict=True):
        ax.annotate(
            f"{threshold:.2f}", (share, value), (0, 6), textcoords="offset points", ha="center",
            fontsize=8, color=GREY,
        )  # fmt: skip
    ax.set_xlabel("share of photos that get an answer, in % (small numbers: their least confidence)")
    ax.set_ylabel("accuracy in %")
    ax.set_xlim(103, 0)
    ax.set_ylim(top=min(103, ax.get_ylim()[1] + 3))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9, loc="lower right")
    return axes
