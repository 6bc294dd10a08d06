"""Figures: arrays in, matplotlib Axes out; never a model.

Every colour is from Okabe and Ito's palette, which colour-blind readers can tell apart.
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tutorials.figures.labels import distinct
from tutorials.figures.text_tables import cells

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#767676"
# As many as a figure may need; the light ones of the palette are darkened, so that words can be read
COLOURS = (BLUE, ORANGE, GREEN, "#B04A86", "#3C8DBC", "#B07800", GREY, "black")


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


def learning_curves(history, title, examples="images"):
    """Loss and accuracy after each pass, in training and validation.

    Args:
        history: `model.fit(...).history` of a model with an accuracy and validation data.
        title: What the curves show.
        examples: What the model was trained on.

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
        ax.set_xlabel(f"pass over the training {examples}")
        ax.set_ylabel(label)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False)
    return axes


def confusion_matrix(counts, class_names, title, most=40):
    """How often each class was taken for each other.

    Args:
        counts: Integers (classes, classes), rows for the truth, columns for the answers.
        class_names: Names in index order.
        title: What the matrix shows.
        most: Classes shown; of more, those in most mistakes.

    Returns:
        Array (1, 1) of Axes.
    """
    counts, names = np.asarray(counts), distinct(class_names, 20)
    classes = len(counts)
    if classes > most:
        wrong = counts.sum(0) + counts.sum(1) - 2 * counts.diagonal()
        shown = np.sort(np.argsort(-wrong, kind="stable")[:most])
        counts, names = counts[np.ix_(shown, shown)], [names[n] for n in shown]
    crowded = sum(map(len, names)) > 60  # letters below 4.5 inches
    room = 0.075 * max(map(len, names)) if crowded else 0.3  # inches for names
    cells = 3.4 if len(counts) <= 4 else max(4.5, 0.2 * len(counts))
    axes = axes_grid(1, 1, cells + 1 + max(0.3, room), cells + 0.8 + room, title)
    ax = axes[0, 0]
    mistakes = counts * ~np.eye(len(counts), dtype=bool)
    ax.imshow(mistakes, cmap="Oranges", vmin=0, vmax=max(4, 1.6 * mistakes.max()))
    digits = max(2, len(f"{counts.max():,}"))
    fits = 72 * cells / len(counts) / (0.6 * digits + 0.5)  # points
    for (row, column), count in np.ndenumerate(counts):
        if count:
            right = row == column
            ax.text(
                column, row, f"{count:,}", ha="center", va="center", in_layout=False,
                color=GREY if right else "black", fontsize=min(fits, 8 if right else 10),
            )  # fmt: skip
    size = 10 if len(counts) <= 20 else 8
    ax.set_xticks(range(len(counts)), names, rotation=90 if crowded else 0, fontsize=size)
    ax.set_yticks(range(len(counts)), names, fontsize=size)
    part = f" (the {len(counts)} of {classes:,} classes in most mistakes)" if len(counts) < classes else ""
    ax.set_xlabel("the model's answer" + part)
    ax.set_ylabel("the truth")
    ax.spines[:].set_visible(False)
    if len(counts) > 20:
        ax.set_xticks(np.arange(len(counts) + 1) - 0.5, minor=True)
        ax.set_yticks(np.arange(len(counts) + 1) - 0.5, minor=True)
        ax.grid(which="minor", color="#eeeeee", linewidth=0.5)
        ax.tick_params(which="minor", length=0)
    return axes


def image_grid(images, captions, title, columns=6, side=1.3):
    """Images in rows, each under its caption.

    Args:
        images: Array (n, height, width, 1), dark for 0.
        captions: A line or two for each image.
        title: What the images show.
        columns: Images a row.
        side: Width of an image in inches.

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


def curves(ax, x, lines, x_label, y_label, marked=True):
    """Lines over one quantity, each with its spread where it has one.

    Args:
        ax: Axes to draw on.
        x: Values of the quantity, (points,).
        lines: {label: array (points,), or (seeds, points) for a mean inside its range}; the
            label of a line is written into a legend.
        x_label, y_label: What the axes show, with units.
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


def knob_rows(runs, title):
    """One row a setting, grouped by the knob that was turned: what it reaches, what it costs.

    Args:
        runs: Dicts with "knob", "value", "accuracies" of several networks, "accuracy" (their
            mean), "parameters", "multiply-adds" and "seconds"; the first is the common setting,
            at which a line is drawn.
        title: What the rows show.

    Returns:
        Array (1, 4) of Axes.
    """
    columns = {
        "accuracy": "accuracy on\nvalidation images (%)",
        "parameters": "parameters\n(thousands)",
        "multiply-adds": "multiply-adds\n(millions)",
        "seconds": "seconds\nof training",
    }
    units = {"accuracy": 100, "parameters": 1e-3, "multiply-adds": 1e-6, "seconds": 1}
    heights, labels, height = [], [], 0.0
    for before, one in zip([None, *runs], runs, strict=False):
        height += 1.6 if before and before["knob"] != one["knob"] else 1
        heights.append(height)
        labels.append(f"{one['knob']} {one['value']}".replace("_", " "))
    axes = axes_grid(1, 4, 10.5, 0.27 * height + 1.4, title)
    for ax, (name, label) in zip(axes.flat, columns.items(), strict=True):
        values = units[name] * np.array([one[name] for one in runs])
        colours = [GREY if n == 0 else BLUE for n in range(len(runs))]
        if name == "accuracy":
            for place, one, colour in zip(heights, runs, colours, strict=True):
                spread = 100 * np.array(one["accuracies"])
                ax.plot([spread.min(), spread.max()], [place, place], color=colour, linewidth=2)
            ax.scatter(values, heights, color=colours, s=24, zorder=3)
            ax.set_yticks(heights, labels)
        else:
            ax.barh(heights, values, color=colours, height=0.65)
            ax.set_yticks([])
            for place, value in zip(heights, values, strict=True):
                ax.text(value, place, f" {value:.3g}", va="center", fontsize=8)
            ax.set_xlim(0, 1.25 * values.max())
        ax.axvline(values[0], color=GREY, linewidth=0.8, linestyle=":")
        ax.set_ylim(height + 0.7, 0.3)
        ax.set_xlabel(label)
        ax.spines[["top", "right"]].set_visible(False)
    return axes


def search_progress(scores, common):
    """What a search found, trial by trial.

    Args:
        scores: Validation accuracy of each trial.
        common: Validation accuracy of the setting that it has to beat.

    Returns:
        Array (1, 1) of Axes.
    """
    best = 100 * np.maximum.accumulate(scores)
    axes = axes_grid(
        1,
        1,
        7,
        3.6,
        f"{len(scores)} trials found {best[-1]:.1f} %; the common setting has {100 * common:.1f} %",
    )
    ax, trials = axes[0, 0], np.arange(1, len(scores) + 1)
    ax.plot(trials, 100 * np.array(scores), "o", color=BLUE, markersize=4, label="one trial")
    ax.step(trials, best, where="post", color=ORANGE, label="the best so far")
    ax.axhline(100 * common, color=GREY, linestyle=":", label="the common setting")
    ax.set_xlabel("trial")
    ax.set_ylabel("accuracy on validation images (%)")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9)
    return axes


def curve_panels(panels, title, y_label="accuracy on test images", shaded=""):
    """The same lines over several quantities: one panel each, one legend for all.

    Args:
        panels: For each panel (label of its x axis, x (points,), {line: values (points,)},
            range (low, high) to shade or None). All panels have the same lines.
        title: What the panels show.
        y_label: Label of the y axis, which goes from 0 to 1.
        shaded: What the shaded range means.

    Returns:
        Array (rows, 3) of Axes; the last one holds the legend.
    """
    axes = axes_grid(-(-(len(panels) + 1) // 3), 3, 9.5, 5.6, title)
    for ax, (x_label, x, lines, seen) in zip(axes.flat, panels, strict=False):
        curves(ax, x, lines, x_label, y_label)
        ax.get_legend().remove()
        if seen:
            ax.axvspan(*seen, color=GREY, alpha=0.15, linewidth=0, label=shaded)
        ax.set_ylim(0, 1.02)
    for ax in axes[:, 1:].flat:
        ax.set_ylabel("")
    for ax in axes.flat[len(panels) :]:
        ax.axis("off")
    axes.flat[-1].legend(*axes.flat[0].get_legend_handles_labels(), frameon=False, loc="center", fontsize=11)
    return axes


def accuracy_dots(accuracies, title):
    """One dot for each training, one panel for each task: what shuffling its columns costs.

    Args:
        accuracies: {(task, network, order): accuracies of several trainings}.
        title: What the dots show.

    Returns:
        Array (1, tasks) of Axes.
    """
    tasks = list(dict.fromkeys(task for task, _, _ in accuracies))
    axes = axes_grid(1, len(tasks), 4.6 * len(tasks), 3.8, title)
    for ax, task in zip(axes.flat, tasks, strict=True):
        rows = {key[1:]: 100 * np.array(scores) for key, scores in accuracies.items() if key[0] == task}
        for place, ((_, order), scores) in enumerate(rows.items()):
            colour = BLUE if order == "in order" else ORANGE
            ax.plot(scores, [place] * len(scores), "o", color=colour, alpha=0.6, markersize=7)
            ax.plot([scores.mean()] * 2, [place - 0.25, place + 0.25], color="black", linewidth=1.5)
            ax.text(scores.mean(), place - 0.33, f"{scores.mean():.1f}", ha="center", fontsize=9)
        ax.set_yticks(range(len(rows)), [f"{network},\n{order}" for network, order in rows])
        ax.set_ylim(len(rows) - 0.5, -0.7)
        ax.set_title(task, fontsize=11)
        ax.set_xlabel("accuracy on test examples (%)")
        ax.margins(x=0.12)
        ax.spines[["top", "right"]].set_visible(False)
    return axes


def pair_bars(numbers, title):
    """Two things by several measures of different scale: one panel for each measure.

    Args:
        numbers: {thing: {measure: positive number}}.
        title: What the bars show.

    Returns:
        Array (1, measures) of Axes.
    """
    measures = [*next(iter(numbers.values()))]
    axes = axes_grid(1, len(measures), 2.9 * len(measures), 3.2, title)
    for ax, measure in zip(axes.flat, measures, strict=True):
        values = [of_one[measure] for of_one in numbers.values()]
        bars = ax.bar([*numbers], values, color=[BLUE, ORANGE], width=0.6)
        ax.bar_label(bars, [f"{value:.2f}" for value in values], padding=3)
        ax.set_ylim(0, 1.2 * max(values))
        ax.set_ylabel(measure)
        ax.spines[["top", "right"]].set_visible(False)
    return axes


def side_by_side(x_label, panels, title, share_y=False):
    """Lines over the same quantity in two panels.

    Args:
        x_label: What the x axis shows, with units.
        panels: {label of the y axis: (x (points,), {line: values (points,)})}.
        title: What the panels show.
        share_y: Whether both y axes show the same range.

    Returns:
        Array (1, panels) of Axes.
    """
    axes = axes_grid(1, len(panels), 4.5 * len(panels), 3.7, title)
    for ax, (y_label, (x, lines)) in zip(axes.flat, panels.items(), strict=True):
        curves(ax, x, lines, x_label, y_label, marked=len(x) < 50)
        if share_y and ax is not axes.flat[0]:
            ax.sharey(axes.flat[0])
    return axes


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


def descents(curve, tracks, title):
    """Skiers on one loss curve, each in a panel of its own.

    Args:
        curve: (parameter, loss), both (points,).
        tracks: {label: (parameter, loss) after each step}; what leaves the curve is left out.
        title: What the panels show.

    Returns:
        Array (rows, 2) of Axes.
    """
    rows = -(-len(tracks) // 2)
    axes = axes_grid(rows, 2, 9, 2.4 * rows + 0.6, title)
    for ax, (label, (w, loss)) in zip(axes.flat, tracks.items(), strict=False):
        _slope(ax, curve)
        ax.plot(w, loss, "o-", color=ORANGE, markersize=4, linewidth=0.8, alpha=0.7)
        ax.plot(w[0], loss[0], "o", color="black", markersize=7, label="start")
        ax.plot(w[-1], loss[-1], "s", color=GREEN, markersize=8, label=f"after {len(w) - 1} steps")
        ax.set_title(label, fontsize=10)
        ax.legend(frameon=False, fontsize=8, loc="upper center")
    return axes


def descent_film(curve, tracks):
    """The same, moving: skiers side by side.

    Args:
        curve: (parameter, loss), both (points,).
        tracks: {label: (parameter, loss) after each step}.

    Returns:
        (figure, function of a step's number that shows it), for `Report.animation`.
    """
    axes = axes_grid(1, len(tracks), 3.4 * len(tracks), 3.2, "Against the slope, step by step")
    skiers = []
    for ax, label in zip(axes.flat, tracks, strict=True):
        _slope(ax, curve)
        ax.set_title(label.replace(": ", "\n"), fontsize=10)
        trail = ax.plot([], [], "-", color=ORANGE, linewidth=0.8, alpha=0.6)[0]
        skiers.append((trail, ax.plot([], [], "o", color=ORANGE, markersize=10)[0]))

    def show(step):
        for (trail, skier), (w, loss) in zip(skiers, tracks.values(), strict=True):
            trail.set_data(w[: step + 1], loss[: step + 1])
            skier.set_data(w[step : step + 1], loss[step : step + 1])

    return axes[0, 0].figure, show


def _slope(ax, curve):
    """The loss curve that skiers go down on."""
    ax.plot(*curve, color=BLUE)
    ax.set_xlim(curve[0][0], curve[0][-1])
    ax.set_ylim(0, 1.05 * curve[1].max())
    ax.set_xlabel("parameter w")
    ax.set_ylabel("loss")
    ax.spines[["top", "right"]].set_visible(False)


def paths_on_surface(x, y, loss, paths, title):
    """Paths over lines of equal loss.

    Args:
        x, y, loss: Arrays (rows, columns): two parameters, and the loss there.
        paths: {label: array (steps, 2)}.
        title: What the paths show.

    Returns:
        Array (1, paths) of Axes.
    """
    axes = axes_grid(len(paths), 1, 8, 2.1 * len(paths) + 0.6, title)
    for ax, (label, path), colour in zip(axes.flat, paths.items(), (BLUE, ORANGE, GREEN), strict=False):
        ax.contour(x, y, loss, levels=np.geomspace(0.02, loss.max(), 14), colors=GREY, linewidths=0.6)
        ax.plot(*path.T, "o-", color=colour, markersize=3, linewidth=1.2, label=label)
        ax.plot(*path[0], "ko", markersize=7)
        ax.plot(0, 0, "k*", markersize=12)
        ax.set_xlim(x.min(), x.max())
        ax.set_ylim(y.min(), y.max())
        ax.set_ylabel("parameter 2")
        ax.legend(loc="upper right", framealpha=1, fontsize=10)
    axes[-1, 0].set_xlabel("parameter 1 (dot: the start; star: the lowest point; lines of equal loss)")
    return axes


def training_and_map(losses, answers, points, title):
    """Validation losses of several trainings, and what one of them says of every place.

    Args:
        losses: {label: losses (passes,)}; those of the first are marked.
        answers: (places (rows, columns, 2), probability of the second class there).
        points: (points (n, 2), labels (n,) 0 or 1), drawn over the answers.
        title: What both show.

    Returns:
        Array (1, 2) of Axes.
    """
    axes = axes_grid(1, 2, 9, 4.2, title)
    ax = axes[0, 0]
    for (label, values), style in zip(losses.items(), ("o", "-"), strict=True):
        colour = BLUE if style == "o" else ORANGE
        ax.plot(np.arange(1, len(values) + 1), values, style, color=colour, markersize=4, label=label)
    ax.set_xlabel("pass over the training points")
    ax.set_ylabel("validation loss (cross-entropy)")
    ax.set_ylim(0, None)
    ax.legend(frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    ax = axes[0, 1]
    places, probability = answers
    ax.contourf(places[..., 0], places[..., 1], probability, levels=20, cmap="RdBu", alpha=0.35)
    for label, colour, marker in (0, ORANGE, "o"), (1, BLUE, "^"):
        ax.plot(*points[0][points[1] == label].T, marker, color=colour, markersize=3)
    ax.set_aspect("equal")
    ax.set_xlabel("test points of two spirals; background: the network's answer")
    ax.set_xticks([])
    ax.set_yticks([])
    return axes


def curves_by_examples(sizes, lines, title, apart):
    """Accuracy by the number of examples a class, whole and, beside it, close up.

    Args:
        sizes: Examples a class, (points,).
        lines: {label: shares right (points,), or (draws, points) for a mean inside its range}.
        title: What the lines show.
        apart: Label of the line that the close-up leaves out; it comes last.

    Returns:
        Array (1, 2) of Axes.
    """
    axes = axes_grid(1, 2, 9.5, 4, title)
    lines = {label: 100 * values for label, values in lines.items() if label != apart} | {
        apart: 100 * lines[apart]
    }
    near = {label: values for label, values in lines.items() if label != apart}
    for ax, shown in zip(axes.flat, (lines, near), strict=True):
        curves(ax, sizes, shown, "examples a class (logarithmic scale)", "test scans read right (%)")
        ax.set_xscale("log")
        ax.set_xticks(sizes, sizes)
        ax.minorticks_off()
    draws = max(len(np.atleast_2d(values)) for values in lines.values())
    if draws > 1:
        axes[0, 0].set_title(f"mean of {draws} draws, shaded from worst to best", fontsize=10)
    axes[0, 1].set_title(f"the same, close up, without \u201c{apart}\u201d", fontsize=10)
    return axes
