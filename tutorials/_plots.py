"""Figures: arrays in, matplotlib Axes out; never a model.

Every colour is from Okabe and Ito's palette, which colour-blind readers can tell apart.
"""

import numpy as np
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#767676"


def axes_grid(rows, columns, width, height, title):
    """Empty axes below one title that states the finding.

    Args:
        rows, columns: Number of axes.
        width, height: Size of the figure in inches.
        title: What the figure shows, as a sentence.

    Returns:
        Array (rows, columns) of Axes.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title)
    return figure.subplots(rows, columns, squeeze=False)


def learning_curves(history, title):
    """Loss and accuracy after each pass, in training and validation.

    Args:
        history: `model.fit(...).history` of a model with an accuracy and validation data.
        title: What the curves show.

    Returns:
        Array (1, 2) of Axes.
    """
    axes = axes_grid(1, 2, 8, 3.4, title)
    for ax, metric, label in zip(
        axes.flat,
        ("loss", "accuracy"),
        ("loss (cross-entropy)", "accuracy (share right)"),
        strict=True,
    ):
        passes = np.arange(1, len(history[metric]) + 1)
        ax.plot(passes, history[metric], "o-", color=BLUE, label="training")
        ax.plot(passes, history[f"val_{metric}"], "s--", color=ORANGE, label="validation")
        ax.set_xlabel("pass over the training images")
        ax.set_ylabel(label)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False)
    return axes


def confusion_matrix(counts, class_names, title):
    """How often each class was taken for each other.

    Args:
        counts: Integers (classes, classes), rows for the truth, columns for the answers.
        class_names: Names in index order.
        title: What the matrix shows.

    Returns:
        Array (1, 1) of Axes.
    """
    axes = axes_grid(1, 1, 6, 5.6, title)
    ax = axes[0, 0]
    counts = np.asarray(counts)
    mistakes = counts * ~np.eye(len(counts), dtype=bool)
    ax.imshow(mistakes, cmap="Oranges", vmin=0, vmax=max(4, 1.6 * mistakes.max()))
    for (row, column), count in np.ndenumerate(counts):
        if count:
            right = row == column
            ax.text(
                column, row, f"{count:,}", ha="center", va="center",
                color=GREY if right else "black", fontsize=8 if right else 10,
            )  # fmt: skip
    ax.set_xticks(range(len(counts)), class_names)
    ax.set_yticks(range(len(counts)), class_names)
    ax.set_xlabel("the model's answer")
    ax.set_ylabel("the truth")
    ax.spines[:].set_visible(False)
    return axes


def image_grid(images, captions, title, columns=6):
    """Images in rows, each under its caption.

    Args:
        images: Array (n, height, width, 1), dark for 0.
        captions: A line or two for each image.
        title: What the images show.
        columns: Images a row.

    Returns:
        Array (rows, columns) of Axes.
    """
    rows = max(1, -(-len(images) // columns))
    axes = axes_grid(rows, columns, 1.3 * columns, 1.65 * rows + 0.5, title)
    for ax in axes.flat:
        ax.axis("off")
    for ax, image, caption in zip(axes.flat, images, captions, strict=False):
        ax.imshow(image.squeeze(-1), cmap="gray", vmin=0, vmax=255)
        ax.set_title(caption, fontsize=9)
    return axes


def count_bars(counts, labels, title):
    """Numbers that differ by powers of ten, as bars on a logarithmic scale.

    Args:
        counts: Positive integers.
        labels: One for each.
        title: What the bars show.

    Returns:
        Array (1, 1) of Axes.
    """
    axes = axes_grid(1, 1, 8, 0.8 * len(counts) + 1.2, title)
    ax = axes[0, 0]
    bars = ax.barh(labels, counts, color=BLUE, height=0.6)
    ax.bar_label(bars, [f"{count:,}" for count in counts], padding=4)
    ax.set_xscale("log")
    ax.set_xlim(100, 20 * max(counts))
    ax.set_xlabel("parameters (logarithmic scale)")
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    return axes


def map_grid(rows, title, grey_rows=(), captions=()):
    """Rows of maps of positive and negative values: blue below zero, white at it, red above.

    Args:
        rows: {label: arrays (height, width) or (height, width, 1)}; one row shares one scale.
        title: What the maps show.
        grey_rows: Labels of rows that are pictures, shown from black to white instead.
        captions: A line for each column.

    Returns:
        Array (rows, columns) of Axes.
    """
    columns = max(len(maps) for maps in rows.values())
    axes = axes_grid(len(rows), columns, 1.25 * columns + 1.2, 1.3 * len(rows) + 0.7, title)
    for ax, caption in zip(axes[0], captions, strict=False):
        ax.set_title(caption, fontsize=9)
    for line, (label, maps) in zip(axes, rows.items(), strict=True):
        limit = max(np.abs(values).max() for values in maps)
        colours = "gray" if label in grey_rows else "RdBu_r"
        line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=9)
        for ax, values in zip(line, maps, strict=True):
            ax.imshow(np.asarray(values).squeeze(), cmap=colours, vmin=-limit, vmax=limit)
            ax.set_xticks([])
            ax.set_yticks([])
            ax.spines[:].set_visible(False)
    axes[0, 0].figure.supxlabel("blue: below zero, white: zero, red: above", fontsize=9)
    return axes
