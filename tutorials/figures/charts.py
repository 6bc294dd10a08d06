"""The charts that all lessons share. Arrays in, matplotlib Axes out; no function takes a model.

The colours are Okabe and Ito's, which colour-blind readers can tell apart.
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tutorials.figures.labels import distinct
from tutorials.figures.text_tables import cells

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#767676"
# The palette's light colours are darkened, so that text in them is readable
COLOURS = (BLUE, ORANGE, GREEN, "#B04A86", "#3C8DBC", "#B07800", GREY, "black")

DARKEST = 0.85  # of matplotlib's Blues


def axes_grid(rows, columns, width, height, title):
    """Create empty axes below one title.

    Args:
        rows, columns: Number of axes.
        width, height: Size of the figure in inches.
        title: The figure's finding, as a sentence.

    Returns:
        Array (rows, columns) of Axes.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title)
    return figure.subplots(rows, columns, squeeze=False)


def learning_curves(history, title, examples="images"):
    """Training and validation loss and accuracy after each epoch.

    Args:
        history: `model.fit(...).history` of a model with an accuracy and validation data.
        title: The figure's finding.
        examples: Kind of examples that the model was trained on, for the x axis.

    Returns:
        Array (1, 2) of Axes.
    """
    axes = axes_grid(1, 2, 8, 3.4, title)
    for ax, metric, label in zip(
        axes.flat,
        ("loss", "accuracy"),
        ("loss (cross-entropy)", "accuracy"),
        strict=True,
    ):
        epochs = np.arange(1, len(history[metric]) + 1)
        ax.plot(epochs, history[metric], "o-", color=BLUE, label="training")
        ax.plot(epochs, history[f"val_{metric}"], "s--", color=ORANGE, label="validation")
        ax.set_xlabel(f"epoch (one pass over the training {examples})")
        ax.set_ylabel(label)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False)
    return axes


def confusion_matrix(counts, class_names, title, most=40):
    """Confusion matrix. Correctly classified examples are blue, the more of their class the darker;
    misclassified ones pale orange.

    Args:
        counts: Integers (classes, classes), rows for true classes, columns for predicted ones.
        class_names: Names in index order.
        title: The figure's finding.
        most: Number of classes shown. If there are more, those with the most misclassifications are.

    Returns:
        Array (1, 1) of Axes.
    """
    counts, names = np.asarray(counts), distinct(class_names, 20)
    classes = len(counts)
    if classes > most:
        wrong = counts.sum(0) + counts.sum(1) - 2 * counts.diagonal()
        shown = np.sort(np.argsort(-wrong, kind="stable")[:most])
        counts, names = counts[np.ix_(shown, shown)], [names[n] for n in shown]
    crowded = sum(map(len, names)) > 60  # characters below 4.5 inches
    room = 0.075 * max(map(len, names)) if crowded else 0.3  # inches for class names
    cells = 3.4 if len(counts) <= 4 else max(4.5, 0.2 * len(counts))
    axes = axes_grid(1, 1, cells + 1 + max(0.3, room), cells + 0.8 + room, title)
    ax = axes[0, 0]
    mistakes = counts * ~np.eye(len(counts), dtype=bool)
    recall = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    correct = np.ma.masked_where(mistakes == counts, DARKEST * (0.3 + 0.7 * recall))
    shades = np.ma.masked_equal(mistakes, 0)
    ax.imshow(shades, cmap="Oranges", vmin=0, vmax=max(6, 2.5 * mistakes.max()))
    ax.imshow(correct, cmap="Blues", vmin=0, vmax=1)
    shares = len(counts) <= 10
    digits = max(5 if shares else 3, len(f"{counts.max():,}"))
    fits = 72 * cells / len(counts) / (0.65 * digits + 0.5)  # points
    for (row, column), count in np.ndenumerate(counts):
        if count:
            right = row == column
            text = f"{count:,}\n{recall[row, row]:.0%}" if right and shares else f"{count:,}"
            ax.text(
                column, row, text, ha="center", va="center", in_layout=False,
                color="white" if right and correct[row, row] > 0.5 else "black",
                fontsize=min(fits, 12 if right else 10), fontweight="bold" if right else "normal",
            )  # fmt: skip
    size = 10 if len(counts) <= 20 else 8
    ax.set_xticks(range(len(counts)), names, rotation=90 if crowded else 0, fontsize=size)
    ax.set_yticks(range(len(counts)), names, fontsize=size)
    part = (
        f" ({len(counts)} of {classes:,} classes, those most often confused)" if len(counts) < classes else ""
    )
    ax.set_xlabel("predicted class" + part)
    ax.set_ylabel("true class")
    ax.spines[:].set_visible(False)
    if len(counts) > 20:
        ax.set_xticks(np.arange(len(counts) + 1) - 0.5, minor=True)
        ax.set_yticks(np.arange(len(counts) + 1) - 0.5, minor=True)
        ax.grid(which="minor", color="#eeeeee", linewidth=0.5)
        ax.tick_params(which="minor", length=0)
    return axes


def image_grid(images, captions, title, columns=6, side=1.3, wrong=None):
    """Images in rows, each below its caption.

    Args:
        images: Array (n, height, width, 1), 0 is black.
        captions: One or more lines for each image.
        title: The figure's finding.
        columns: Images per row.
        side: Width of an image in inches.
        wrong: Booleans (n, lines): lines of a caption that are printed in orange, such as wrong answers.

    Returns:
        Array (rows, columns) of Axes.
    """
    rows = max(1, -(-len(images) // columns))
    height = side * images.shape[1] / images.shape[2]
    axes = axes_grid(rows, columns, side * columns, (height + 0.35) * rows + 0.5, title)
    for ax in axes.flat:
        ax.axis("off")
    for ax, image, caption in zip(axes.flat, images, captions, strict=False):
        ax.imshow(image.squeeze(-1), cmap="gray", vmin=0, vmax=255)
        ax.set_title(caption, fontsize=9, color="none" if wrong is not None else "black")
    for ax, caption, oranges in zip(axes.flat, captions, [] if wrong is None else wrong, strict=False):
        lines = caption.split("\n")
        for n, (line, orange) in enumerate(zip(lines, oranges, strict=True)):
            ax.annotate(
                line, (0.5, 1), (0, 6 + 11 * (len(lines) - 1 - n)), "axes fraction", "offset points",
                ha="center", fontsize=9, color=ORANGE if orange else "black",
            )  # fmt: skip
    return axes


def map_grid(rows, title, grey_rows=(), captions=(), compared=()):
    """Rows of maps. Negative values are blue, zero is white, positive values are red.

    Args:
        rows: {label: arrays (height, width) or (height, width, 1)}. Each row has its own scale, but for
            those that are compared.
        title: The figure's finding.
        grey_rows: Labels of rows that hold images, which are shown from black to white.
        captions: One line for each column.
        compared: Labels of rows that have one scale.

    Returns:
        Array (rows, columns) of Axes.
    """
    columns = max(len(maps) for maps in rows.values())
    highest = {label: max(np.abs(values).max() for values in maps) for label, maps in rows.items()}
    common = max((highest[label] for label in compared), default=0)
    signed = [np.asarray(values) for label, maps in rows.items() if label not in grey_rows for values in maps]
    colours = {"blue: negative": np.less, "white: zero": np.equal, "red: positive": np.greater}
    note = ", ".join(name for name, has in colours.items() if any(has(each, 0).any() for each in signed))
    axes = axes_grid(len(rows), columns, 1.25 * columns + 1.2, 1.3 * len(rows) + 0.7, title)
    for ax, caption in zip(axes[0], captions, strict=False):
        ax.set_title(caption, fontsize=9)
    for line, (label, maps) in zip(axes, rows.items(), strict=True):
        limit = common if label in compared else highest[label]
        colours = "gray" if label in grey_rows else "RdBu_r"
        line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=9)
        for ax, values in zip(line, maps, strict=True):
            ax.imshow(np.asarray(values).squeeze(), cmap=colours, vmin=-limit, vmax=limit)
            ax.set_xticks([])
            ax.set_yticks([])
            ax.spines[:].set_visible(False)
    axes[0, 0].figure.supxlabel(note, fontsize=9)
    return axes


def number_tables(tables, captions, title, columns=3, digits=2, cut=True, marked=()):
    """Matrices of numbers. Cells with negative numbers are blue, cells with positive ones red.

    Args:
        tables: Arrays (height, width).
        captions: One or two lines for each table.
        title: The figure's finding.
        columns: Tables per row.
        digits: Decimals, used where a table holds numbers that are not whole.
        cut: Whether further decimals are cut off, as in the lectures, or rounded.
        marked: Cells to frame as (table, row, column), or squares as (table, row, column, side).

    Returns:
        Array (rows, columns) of Axes.
    """
    tables = [np.asarray(table) for table in tables]
    rows = -(-len(tables) // columns)
    whole = [not (table % 1).any() for table in tables]
    cell = [0.32 if short else 0.24 + 0.09 * digits for short in whole]  # inches
    widest = max(side * table.shape[1] for side, table in zip(cell, tables, strict=True))
    tallest = max(side * table.shape[0] for side, table in zip(cell, tables, strict=True))
    size = columns * (widest + 0.4), rows * (tallest + 0.6) + 0.5
    enlarge = max(1, 8 / size[0])  # wide enough for the title
    axes = axes_grid(rows, columns, size[0] * enlarge, size[1] * enlarge, title)
    for ax in axes.flat:
        ax.axis("off")
    for ax, table, short, caption in zip(axes.flat, tables, whole, captions, strict=False):
        limit = 2 * max(np.abs(table).max(), 1e-9)
        ax.imshow(table, cmap="RdBu_r", vmin=-limit, vmax=limit)
        for row, texts in enumerate(cells(table, digits, cut)):
            for column, text in enumerate(texts):
                ax.text(
                    column, row, text, ha="center", va="center", fontsize=10 if short else 8,
                    in_layout=False,  # it lies inside its cell; measuring its size would take time
                )  # fmt: skip
        ax.set_title(caption, fontsize=10)
    for table, row, column, *side in marked:
        axes.flat[table].add_patch(
            Rectangle(
                (column - 0.5, row - 0.5), *(side or [1]) * 2, fill=False, edgecolor="black", linewidth=1.5
            )
        )
    return axes


def curves(ax, x, lines, x_label, y_label, marked=True):
    """Lines on given axes, with a legend. Lines of several runs are shown as mean and range.

    Args:
        ax: Axes to draw on.
        x: Values on the x axis, (points,).
        lines: {label: array (points,), or (runs, points) to draw the mean and shade the range}.
        x_label, y_label: Labels of the axes, with units.
        marked: Whether each point gets a marker.

    Returns:
        `ax`.
    """
    styles = zip((BLUE, ORANGE, GREEN, "black", GREY), "os^Dv", strict=True)
    for (label, values), (colour, marker) in zip(lines.items(), styles, strict=False):
        values = np.atleast_2d(values)
        ax.plot(x, values.mean(0), (marker if marked else "") + "-", color=colour, label=label, markersize=4)
        if len(values) > 1:
            ax.fill_between(x, values.min(0), values.max(0), color=colour, alpha=0.2, linewidth=0)
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9)
    return ax


def panels_of_curves(x_label, panels, title, share_y=False):
    """Panels side by side, each with lines, all with the same x axis label.

    Args:
        x_label: Label of the x axes, with units.
        panels: {label of the y axis: (x (points,), {line: values (points,)})}.
        title: The figure's finding.
        share_y: Whether all y axes show the same range.

    Returns:
        Array (1, panels) of Axes.
    """
    axes = axes_grid(1, len(panels), 4.5 * len(panels), 3.7, title)
    for ax, (y_label, (x, lines)) in zip(axes.flat, panels.items(), strict=True):
        curves(ax, x, lines, x_label, y_label, marked=len(x) < 50)
        if share_y and ax is not axes.flat[0]:
            ax.sharey(axes.flat[0])
    return axes
