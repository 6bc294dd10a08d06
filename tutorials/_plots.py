"""Figures: arrays in, matplotlib Axes out; never a model.

Every colour is from Okabe and Ito's palette, which colour-blind readers can tell apart.
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tutorials._tables import cells

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


def number_tables(tables, captions, title, columns=3, digits=2, cut=True, marked=()):
    """Matrices of numbers, printed in cells that are blue below zero and red above.

    Args:
        tables: Arrays (height, width).
        captions: A line or two for each.
        title: What the tables show.
        columns: Tables a row.
        digits: Digits after the point, where a table holds other than whole numbers.
        cut: Whether further digits are cut off, as in the lectures, or rounded.
        marked: (table, row, column) of cells to frame, or (table, row, column, side) of squares.

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
    enlarge = max(1, 8 / size[0])  # a title needs room
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
                    in_layout=False,  # inside its cell it needs no room, and measuring takes time
                )  # fmt: skip
        ax.set_title(caption, fontsize=10)
    for table, row, column, *side in marked:
        axes.flat[table].add_patch(
            Rectangle(
                (column - 0.5, row - 0.5), *(side or [1]) * 2, fill=False, edgecolor="black", linewidth=1.5
            )
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


def photo_grid(photos, title, note, columns=4):
    """Grey photographs of different sizes, each under its caption.

    Args:
        photos: {caption: array (height, width) or (height, width, 1)}, 0 for black and 255 for
            white; what lies beyond is shown as these.
        title: What the photographs show.
        note: A line below them.
        columns: Photographs a row.

    Returns:
        Array (rows, columns) of Axes.
    """
    rows = -(-len(photos) // columns)
    height, width = next(iter(photos.values())).shape[:2]
    panel = min(4.0, max(0.6, height / width)) * 9 / columns
    axes = axes_grid(rows, columns, 9, rows * (panel + 0.25) + 0.5, title)
    for ax in axes.flat:
        ax.axis("off")
    for ax, (caption, photo) in zip(axes.flat, photos.items(), strict=False):
        ax.imshow(np.asarray(photo).reshape(np.shape(photo)[:2]), cmap="gray", vmin=0, vmax=255)
        ax.set_title(caption, fontsize=11)
    axes[0, 0].figure.supxlabel(note, fontsize=9)
    return axes


def strides_and_sizes(photos, sizes, lines, title):
    """What padding and strides leave of a picture, and the sizes of what comes out.

    Args:
        photos: {caption: array (height, width)}, all drawn to one scale, 0 for black.
        sizes: Input sizes (n,).
        lines: {label: (sizes that a formula gives (n,), sizes that a layer gave (n,))}.
        title: What both show.

    Returns:
        Array of Axes, the curves' last.
    """
    figure = Figure(figsize=(9, 6), layout="constrained")
    figure.suptitle(title)
    above = [f"photo{number}" for number in range(len(photos))]
    axes = figure.subplot_mosaic([above, ["sizes"] * len(above)], height_ratios=[2, 3])
    height, width = np.max([photo.shape for photo in photos.values()], axis=0)
    for name, (caption, photo) in zip(above, photos.items(), strict=True):
        ax = axes[name]
        ax.imshow(photo, cmap="gray", vmin=0, vmax=255)
        ax.set_xlim(-0.5, width - 0.5)
        ax.set_ylim(height - 0.5, -0.5)
        ax.set_title(caption, fontsize=10)
        ax.axis("off")
    ax = axes["sizes"]
    styles = zip((BLUE, ORANGE, GREEN, "black", GREY), "os^Dv", strict=True)
    for (label, (formula, layer)), (colour, marker) in zip(lines.items(), styles, strict=False):
        ax.plot(sizes, formula, "-", color=colour)
        ax.plot(sizes, layer, marker, color=colour, label=label, markersize=5)
    ax.set_xlabel("input size (pixels)")
    ax.set_ylabel("output size (pixels)")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, title="lines: the formula; marks: the layer")
    return np.array([*axes.values()])


def activation_curves(z, functions, title):
    """Functions of one number, and their derivatives.

    Args:
        z: Values (n,).
        functions: {name: (values (n,), derivatives (n,))}.
        title: What the curves show.

    Returns:
        Array (1, functions) of Axes.
    """
    axes = axes_grid(1, len(functions), 9, 3.4, title)
    for ax, (name, (values, derivatives)) in zip(axes.flat, functions.items(), strict=True):
        ax.axhline(0, color=GREY, linewidth=0.6)
        ax.plot(z, values, color=BLUE, linewidth=2, label="g(z)")
        ax.plot(z, derivatives, "--", color=ORANGE, linewidth=2, label="g′(z)")
        ax.set_title(name, fontsize=11)
        ax.set_xlabel("z")
        ax.set_ylim(-1.15, 1.5)
        ax.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel("value")
    axes[0, 0].legend(frameon=False, loc="upper left")
    return axes


def sequence_and_slices(letters, answers, motif, slices, title):
    """Where a motif stands in a sequence, and slices of volumes.

    Args:
        letters: A string.
        answers: The filtered sequence (places,), 1 for a perfect match.
        motif: What the kernel matches.
        slices: {label: arrays (height, width)}; each row has a scale of its own.
        title: What both show.

    Returns:
        Array of Axes, the sequence's first.
    """
    columns = max(map(len, slices.values()))
    figure = Figure(figsize=(9, 2.8 + 1.5 * len(slices)), layout="constrained")
    figure.suptitle(title)
    names = [[f"{label}{number}" for number in range(columns)] for label in slices]
    axes = figure.subplot_mosaic(
        [["sequence"] * columns, *names], height_ratios=[2.2, *[1.4] * len(slices)], empty_sentinel=None
    )
    ax = axes["sequence"]
    found = answers > 1 - 1e-6
    places = np.arange(len(answers))
    ax.bar(places, answers, color=np.where(found, ORANGE, BLUE))
    ax.set_xticks(range(len(letters)), letters, fontsize=8)
    ax.tick_params(axis="x", length=0)
    for place in places[found]:
        for at in range(place, place + len(motif)):
            ax.get_xticklabels()[at].set(color=ORANGE, weight="bold")
    ax.set_xlim(-1, len(letters))
    ax.set_xlabel(f"DNA; the bar over a letter tells how well {motif} matches from there on")
    ax.set_ylabel("match (share)")
    ax.spines[["top", "right"]].set_visible(False)
    for line, (label, pictures) in zip(names, slices.items(), strict=True):
        limit = max(np.abs(picture).max() for picture in pictures)
        axes[line[0]].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=10)
        for name, picture in zip(line, pictures, strict=True):
            ax = axes[name]
            ax.imshow(picture, cmap="RdBu_r", vmin=-limit, vmax=limit)
            ax.set_xticks([])
            ax.set_yticks([])
            ax.spines[:].set_visible(False)
    figure.supxlabel("slices through the volume; blue: below zero, white: zero, red: above", fontsize=9)
    return np.array([*axes.values()])
