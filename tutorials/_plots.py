"""Figures: arrays in, matplotlib Axes out; never a model.

Every colour is from Okabe and Ito's palette, which colour-blind readers can tell apart.
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

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


def number_tables(tables, captions, title, columns=3, digits=2, marked=()):
    """Matrices of numbers, printed in cells that are blue below zero and red above.

    Args:
        tables: Arrays (height, width).
        captions: A line or two for each.
        title: What the tables show.
        columns: Tables a row.
        digits: Digits after the point, where a table holds other than whole numbers; cut, not
            rounded, as the lectures do.
        marked: (table, row, column) of cells to frame.

    Returns:
        Array (rows, columns) of Axes.
    """
    tables = [np.asarray(table) for table in tables]
    rows = -(-len(tables) // columns)
    widest = max(table.shape[1] for table in tables)
    tallest = max(table.shape[0] for table in tables)
    cell = 0.42 if any((table % 1).any() for table in tables) else 0.32
    axes = axes_grid(
        rows, columns, columns * (widest * cell + 0.4), rows * (tallest * cell + 0.6) + 0.5, title
    )
    for ax in axes.flat:
        ax.axis("off")
    for ax, table, caption in zip(axes.flat, tables, captions, strict=False):
        limit = 2 * max(np.abs(table).max(), 1e-9)
        ax.imshow(table, cmap="RdBu_r", vmin=-limit, vmax=limit)
        whole = not (table % 1).any()
        for (row, column), number in np.ndenumerate(table):
            # The small addition keeps 0.55, held as 0.5499999, from being cut to 0.54
            cut = np.trunc(number * 10**digits + np.sign(number) * 1e-4) / 10**digits + 0.0
            text = f"{number:.0f}" if whole else f"{cut:.{digits}f}"
            ax.text(column, row, text, ha="center", va="center", fontsize=8)
        ax.set_title(caption, fontsize=9)
    for table, row, column in marked:
        axes.flat[table].add_patch(
            Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor="black", linewidth=1.5)
        )
    return axes


def curves(ax, x, lines, x_label, y_label):
    """Lines over one quantity, each with its spread where it has one.

    Args:
        ax: Axes to draw on.
        x: Values of the quantity, (points,).
        lines: {label: array (points,), or (seeds, points) for a mean inside its range}; the
            label of a line is written into a legend.
        x_label, y_label: What the axes show, with units.

    Returns:
        `ax`.
    """
    styles = zip((BLUE, ORANGE, GREEN, "black", GREY), "os^Dv", strict=True)
    for (label, values), (colour, marker) in zip(lines.items(), styles, strict=False):
        values = np.atleast_2d(values)
        ax.plot(x, values.mean(0), marker + "-", color=colour, label=label, markersize=4)
        if len(values) > 1:
            ax.fill_between(x, values.min(0), values.max(0), color=colour, alpha=0.2, linewidth=0)
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9)
    return ax


def field_growth(networks, title):
    """How receptive fields grow from layer to layer, theoretical and effective.

    Args:
        networks: {name: {layer: pixels of the field, then pixels that hold most of the gradient
            before and after training}}.
        title: What the curves show.

    Returns:
        Array (1, networks) of Axes.
    """
    axes = axes_grid(1, len(networks), 3 * len(networks), 3.5, title)
    highest = 1.08 * max(max(pixels) for layers in networks.values() for pixels in layers.values()) ** 0.5
    for ax, (name, layers) in zip(axes.flat, networks.items(), strict=True):
        sides = np.sqrt([*layers.values()]).T
        labels = "theoretical", "effective, untrained", "effective, trained"
        lines = dict(zip(labels, sides, strict=True))
        curves(ax, range(len(layers)), lines, f"layer of {name}", "side of the field (pixels)")
        ax.set_xticks(range(len(layers)), [*layers])
        ax.set_ylim(0, highest)
    return axes


def field_maps(maps, boxes, title, columns):
    """How much each pixel of the image matters, white for nothing, and a frame around those that can.

    Args:
        maps: {caption: array (height, width), not negative}.
        boxes: For each, (first row, first column, last row, last column) to frame, in pixels.
        title: What the maps show.
        columns: Maps a row.

    Returns:
        Array (rows, columns) of Axes.
    """
    rows = -(-len(maps) // columns)
    axes = axes_grid(rows, columns, 2.5 * columns, 2.8 * rows + 0.5, title)
    for ax, (caption, values), (top, left, bottom, right) in zip(axes.flat, maps.items(), boxes, strict=True):
        ax.imshow(values, cmap="Blues", vmin=0)
        frame = Rectangle((left - 0.5, top - 0.5), right - left + 1, bottom - top + 1)
        frame.set(fill=False, edgecolor=ORANGE, linewidth=1.5)
        ax.add_patch(frame)
        ax.set_title(caption, fontsize=10)
        ax.set_xticks([])
        ax.set_yticks([])
    return axes
