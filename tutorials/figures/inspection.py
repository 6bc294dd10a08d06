"""Figures of filters, feature maps and heatmaps of image classifiers. Arrays in, matplotlib Axes out."""

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle
from PIL import Image

from tutorials.figures.charts import COLOURS, GREY, ORANGE, axes_grid
from tutorials.figures.labels import plain

HEAT = "inferno"
WRONG = ORANGE  # captions of misclassified images
MARKERS = "os^DvP*Xh<"


def wrapped(title, width):
    """Break a long title into lines that fit a width in inches."""
    lines, limit = [""], int(width * 11)
    for word in title.split(" "):
        if len(lines[-1]) + len(word) >= limit:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def show_picture(ax, picture):
    """Draw an image in grey or colour, without axes."""
    picture = np.asarray(picture).clip(0, 255).astype("uint8")
    grey = picture.shape[-1] == 1
    ax.imshow(picture.squeeze(-1) if grey else picture, cmap="gray", vmin=0, vmax=255, aspect="equal")
    _bare(ax)


def filter_grid(filters, title, note):
    """Filters as small images. Negative weights are blue, positive red; three channels are colours.

    Args:
        filters: Array (n, height, width, channels).
        title: The figure's finding.
        note: One line below the filters.

    Returns:
        Array (rows, columns) of Axes.
    """
    columns = min(8, len(filters))
    rows = -(-len(filters) // columns)
    axes = axes_grid(rows, columns, max(6.5, 1.05 * columns), 1.1 * rows + 1.1, wrapped(title, 8))
    limit = abs(filters).max() + 1e-12
    for ax in axes.flat:
        ax.axis("off")
    for number, (ax, each) in enumerate(zip(axes.flat, filters, strict=False)):
        if each.shape[-1] == 3:
            ax.imshow(0.5 + each / (2 * abs(each).max() + 1e-12))
        else:
            ax.imshow(each.mean(-1), cmap="RdBu_r", vmin=-limit, vmax=limit)
        ax.set_title(str(number), fontsize=8, pad=2, color=GREY)
    axes[0, 0].figure.supxlabel(note, fontsize=9)
    return axes


def picture_rows(rows, title, note="", size=1.15, room=1.0):
    """Rows of images with a label on the left of each row and a caption above each image.

    Args:
        rows: {label of one or two lines: list of (picture, caption, box or None)}; a box is (top, left,
            bottom, right) in pixels.
        title: The figure's finding.
        note: One line below the images.
        size: Side of an image in inches.
        room: Inches on the left for the labels.

    Returns:
        Array (rows, columns) of Axes.
    """
    columns = max(map(len, rows.values()))
    width = max(7, size * columns + room + 0.3)
    height = (size + 0.28) * len(rows) + 0.75 + 0.2 * bool(note)
    axes = axes_grid(len(rows), columns, width, height, wrapped(title, width))
    for ax in axes.flat:
        ax.axis("off")
    for line, (label, shown) in zip(axes, rows.items(), strict=True):
        for ax, (picture, caption, box) in zip(line, shown, strict=False):
            show_picture(ax, picture)
            ax.set_title(caption, fontsize=8, pad=3)
            if box is not None and (box[2] - box[0], box[3] - box[1]) != picture.shape[:2]:
                top, left, bottom, right = box
                frame = (left - 0.5, top - 0.5), right - left, bottom - top
                ax.add_patch(Rectangle(*frame, fill=False, edgecolor=ORANGE, linewidth=1.6, clip_on=False))
        _label(line[0], label)
    if note:
        axes[0, 0].figure.supxlabel(note, fontsize=9)
    return axes


def feature_map_rows(picture, layers, title, note="", names=(), most=8):
    """One image, and below it the feature maps of layers: the channels with the highest activations.

    Args:
        picture: Array (height, width, channels).
        layers: {label: array (rows, columns, channels) or (units,)}.
        title: The figure's finding.
        note: One line below the maps.
        names: Class names, for a last layer of as many units.
        most: Number of channels of each layer.

    Returns:
        Array (1 + layers, most) of Axes.
    """
    width = most + 2.2
    axes = axes_grid(1 + len(layers), most, width, 1.12 * len(layers) + 2.1, wrapped(title, width))
    for ax in axes.flat:
        ax.axis("off")
    show_picture(axes[0, 0], picture)
    _label(axes[0, 0], "input")
    for line, (label, values) in zip(axes[1:], layers.items(), strict=True):
        if values.ndim == 1:
            last = label == list(layers)[-1] and len(values) == len(names) <= 20
            _as_bars(line, values, [plain(name, 90 // len(names)) for name in names] if last else None)
        else:
            limit = max(abs(values).max(), 1e-9)
            best = np.argsort(-values.max((0, 1)), kind="stable")[:most]
            for ax, channel in zip(line, best, strict=False):
                low = -limit if values.min() < 0 else 0
                colours = "RdBu_r" if values.min() < 0 else HEAT
                ax.imshow(values[..., channel], cmap=colours, vmin=low, vmax=limit)
                ax.set_title(str(channel), fontsize=7, pad=2, color=GREY)
        _label(line[0], label)
    if note:
        axes[0, 0].figure.supxlabel(note, fontsize=9)
    return axes


def _as_bars(line, values, names):
    """Draw a vector as bars over the whole row."""
    grid, figure = line[0].get_gridspec(), line[0].figure
    ax = figure.add_subplot(grid[line[0].get_subplotspec().rowspan.start, :])
    ax.bar(range(len(values)), values, color=COLOURS[0], width=0.9)
    ax.set_xlim(-0.6, len(values) - 0.4)
    ax.tick_params(labelsize=7)
    ax.set_yticks([])
    ax.spines[["top", "right", "left"]].set_visible(False)
    if len(values) <= 20:
        ax.set_xticks(range(len(values)), names)


def map_rows(groups, names, title, note):
    """Images with heatmaps beside them, in columns of groups.

    Args:
        groups: {name of a group, such as "correct": list of (picture, caption, maps)}. Maps are arrays
            of any size, in the order of `names`. A map whose name begins with "occlusion" has both signs
            and is drawn in blue and red, the others from dark to bright.
        names: Names of the maps.
        title: The figure's finding.
        note: One line below the images.

    Returns:
        Array (rows, columns) of Axes.
    """
    each = 1 + len(names)
    rows = max(map(len, groups.values()))
    width = 1.25 * each * len(groups) + 0.4
    axes = axes_grid(rows, each * len(groups), width, 1.55 * rows + 1.4, wrapped(title, width))
    for ax in axes.flat:
        ax.axis("off")
    for place, (group, shown) in enumerate(groups.items()):
        for row, (picture, caption, maps) in enumerate(shown):
            line = axes[row, place * each : (place + 1) * each]
            show_picture(line[0], picture)
            colour = WRONG if group == "misclassified" else "black"
            line[0].set_title(
                f"{group.upper()}\n{caption}" if row == 0 else caption, fontsize=8, color=colour
            )
            for ax, name, heat in zip(line[1:], names, maps, strict=True):
                _show_heat(ax, picture, heat, both=name.startswith("occlusion"))
                if row == 0:
                    ax.set_title(name, fontsize=9)
    axes[0, 0].figure.supxlabel(note, fontsize=9)
    return axes


def _show_heat(ax, picture, heat, both):
    """Draw a heatmap over a pale image; `both` if it has negative and positive values."""
    grey = np.asarray(picture, "float32").mean(-1).clip(0, 255) / 255
    image = Image.fromarray(np.asarray(heat, "float32"))
    smooth = np.asarray(image.resize(grey.shape[::-1], Image.Resampling.BILINEAR))
    limit = max(abs(smooth).max(), 1e-9)
    if both:
        colours = matplotlib.colormaps["RdBu_r"](0.5 + smooth / (2 * limit))[..., :3]
        shown = (0.75 + 0.25 * grey[..., None]) * colours
    else:
        share = (smooth.clip(0) / limit)[..., None]
        colours = matplotlib.colormaps[HEAT](share[..., 0])[..., :3]
        shown = (0.25 + 0.1 * share) * grey[..., None] + 0.65 * colours
    ax.imshow(shown.clip(0, 1))
    _bare(ax)


def scattered(maps, labels, class_names, wrong, title, most=10):
    """Scatter plots in two dimensions, coloured by class, with circles around misclassified points.

    Args:
        maps: {name: array (n, 2)}.
        labels: int (n,).
        class_names: Names in index order.
        wrong: bool (n,), or None where that is not known.
        title: The figure's finding.
        most: Number of classes with a colour of their own; if there are more, the most frequent ones.

    Returns:
        Array (1, maps) of Axes.
    """
    axes = axes_grid(1, len(maps), 5 * len(maps), 4.9, wrapped(title, 5 * len(maps)))
    counts = np.bincount(labels, minlength=len(class_names))
    own = np.sort(np.argsort(-counts, kind="stable")[:most])
    own = own[counts[own] > 0]
    palette = [*COLOURS, "#56B4E9", "#8B5A2B"]
    for ax, (name, points) in zip(axes.flat, maps.items(), strict=True):
        others = ~np.isin(labels, own)
        if others.any():
            ax.plot(*points[others].T, ".", color="#cccccc", markersize=4, label="other classes")
        for n, index in enumerate(own):
            ax.plot(
                *points[labels == index].T, MARKERS[n % len(MARKERS)], color=palette[n % len(palette)],
                markersize=4.5, alpha=0.75, markeredgewidth=0,
                label=plain(class_names[index], 18, legend=True),
            )  # fmt: skip
        if wrong is not None and wrong.any():
            ax.plot(
                *points[wrong].T, "o", markersize=9, fillstyle="none", color="black", markeredgewidth=0.9,
                label="misclassified",
            )  # fmt: skip
        ax.set_title(name, fontsize=10)
        ax.set_xticks([])
        ax.set_yticks([])
    axes[0, 0].figure.legend(
        *axes[0, 0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=6,
        frameon=False,
        fontsize=9,
    )
    return axes


def maps_over_training(picture, moments, layers, title, note, most=4):
    """Feature maps of an image at several moments of training, one row for each moment.

    Each layer has one colour scale.

    Args:
        picture: Array (height, width, channels).
        moments: {label: {layer: array (rows, columns, channels)}}, the last one after training.
        layers: Names of two layers, shown side by side.
        title: The figure's finding.
        note: One line below the maps.
        most: Number of channels of each layer: those with the highest final activations.

    Returns:
        Array (moments, 1 + layers · most) of Axes.
    """
    columns = 1 + len(layers) * most
    width = 0.95 * columns + 1.6
    axes = axes_grid(len(moments), columns, width, 1.08 * len(moments) + 1.2, wrapped(title, width))
    for ax in axes.flat:
        ax.axis("off")
    last = list(moments.values())[-1]
    for row, (line, (label, maps)) in enumerate(zip(axes, moments.items(), strict=True)):
        show_picture(line[0], picture)
        _label(line[0], label)
        for place, layer in enumerate(layers):
            best = np.argsort(-last[layer].max((0, 1)), kind="stable")[:most]
            for n, channel in enumerate(best):
                ax, high = line[1 + place * most + n], max(each[layer].max() for each in moments.values())
                ax.imshow(maps[layer][..., channel], cmap=HEAT, vmin=0, vmax=max(high, 1e-9))
                if row == 0:
                    ax.set_title(f"{layer}: {channel}", fontsize=8)
    axes[0, 0].figure.supxlabel(note, fontsize=9)
    return axes


def _label(ax, text):
    ax.text(-0.12, 0.5, text, transform=ax.transAxes, fontsize=9, ha="right", va="center", linespacing=1.25)


def _bare(ax):
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
