"""Figures of the lesson `labels`."""

import numpy as np

from tutorials.figures.charts import BLUE, GREY, ORANGE, axes_grid, curves


def accuracy_by_labels(numbers, lines, levels, title):
    """Test accuracy by the number of labels, from the start and in a close-up.

    Args:
        numbers: Labels after each step, (steps,).
        lines: {way: accuracies (draws, steps)}.
        levels: {name: accuracy} of dashed lines.
        title: The figure's finding.

    Returns:
        Array (1, 2) of Axes.
    """
    axes = axes_grid(1, 2, 10, 4.2, title)
    for ax, lowest in zip(axes.flat, (None, 90), strict=True):
        curves(ax, numbers, {way: 100 * rows for way, rows in lines.items()}, "labels", "test accuracy (%)")
        for name, level in levels.items():
            ax.axhline(100 * level, color=GREY, linestyle="--", linewidth=1)
            place = (numbers[-1], 100 * level), (0, -10)  # below the line, where no curve is
            ax.annotate(name, *place, textcoords="offset points", ha="right", fontsize=8)
        if lowest:
            ax.set_ylim(lowest, 100)
            ax.get_legend().remove()
    axes[0, 0].set_title("mean of the draws; shaded from worst to best", fontsize=10)
    axes[0, 1].set_title("the same above 90 %", fontsize=10)
    return axes


def chosen_images(rows, title):
    """What each way asks for next: a row of images for each.

    Args:
        rows: {way: (images (n, height, width, 1), labels (n,))}.
        title: The figure's finding.

    Returns:
        Array (ways, n) of Axes.
    """
    columns = max(len(images) for images, _ in rows.values())
    axes = axes_grid(len(rows), columns, 0.85 * columns + 1.6, 1.05 * len(rows) + 0.5, title)
    for line, (way, (images, labels)) in zip(axes, rows.items(), strict=True):
        for ax in line:
            ax.axis("off")
        for ax, image, label in zip(line, images, labels, strict=False):
            ax.imshow(image.squeeze(-1), cmap="gray", vmin=0, vmax=255)
            ax.set_title(str(label), fontsize=9)
        line[0].annotate(
            way.replace(" with ", "\nwith "), (0, 0.5), (-8, 0), "axes fraction", "offset points",
            ha="right", va="center", fontsize=10,
        )  # fmt: skip
    return axes


def compared_pairs(panels, title):
    """Pairs of accuracies, each in a panel: means as bars, draws as points.

    Args:
        panels: {question: {label: accuracies (draws,)}}.
        title: The figure's finding.

    Returns:
        Array (1, panels) of Axes.
    """
    axes = axes_grid(1, len(panels), 3.4 * len(panels), 3.8, title)
    for ax, (question, pair) in zip(axes.flat, panels.items(), strict=True):
        means = [100 * np.mean(values) for values in pair.values()]
        bars = ax.bar([*pair], means, color=[BLUE, ORANGE], width=0.6, alpha=0.8)
        for place, values in enumerate(pair.values()):
            ax.plot(np.full(len(values), place + 0.36), 100 * np.asarray(values), ".", color="black")
        ax.bar_label(bars, [f"{mean:.1f}" for mean in means], label_type="center", color="white")
        ax.set_title(question, fontsize=10)
        ax.set_ylim(0, 105)
        ax.set_ylabel("accuracy (%)")
        ax.spines[["top", "right"]].set_visible(False)
    return axes
