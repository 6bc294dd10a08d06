"""Figures of receptive fields: their sizes, and how much each pixel of the image contributes."""

import numpy as np
from matplotlib.patches import Rectangle

from tutorials.figures.charts import ORANGE, axes_grid, curves


def field_growth(networks, title):
    """Theoretical and effective receptive field by layer.

    Args:
        networks: {name: {layer: (pixels of the theoretical field, pixels that hold most of the
            gradient before training, and after training)}}.
        title: The figure's finding.

    Returns:
        Array (1, networks) of Axes.
    """
    axes = axes_grid(1, len(networks), 3 * len(networks), 3.5, title)
    highest = 1.08 * max(max(pixels) for layers in networks.values() for pixels in layers.values()) ** 0.5
    for ax, (name, layers) in zip(axes.flat, networks.items(), strict=True):
        sides = np.sqrt([*layers.values()]).T
        labels = "theoretical", "effective, untrained", "effective, trained"
        lines = dict(zip(labels, sides, strict=True))
        curves(ax, range(len(layers)), lines, f"layer of {name}", "receptive field: side length (pixels)")
        ax.set_xticks(range(len(layers)), [*layers])
        ax.set_ylim(0, highest)
    return axes


def field_maps(maps, boxes, title, columns):
    """Effective receptive fields as maps (white for 0), with a frame around the theoretical one.

    Maps in one column have one scale.

    Args:
        maps: {caption: array (height, width), not negative}.
        boxes: For each map, (first row, first column, last row, last column) to frame, in pixels.
        title: The figure's finding.
        columns: Maps per row.

    Returns:
        Array (rows, columns) of Axes.
    """
    rows = -(-len(maps) // columns)
    highest = [max(values.max() for values in [*maps.values()][n::columns]) for n in range(columns)]
    axes = axes_grid(rows, columns, 2.5 * columns, 2.8 * rows + 0.5, title)
    pairs = zip(axes.flat, maps.items(), boxes, (highest * rows)[: len(maps)], strict=True)
    for ax, (caption, values), (top, left, bottom, right), high in pairs:
        ax.imshow(values, cmap="Blues", vmin=0, vmax=high)
        frame = Rectangle((left - 0.5, top - 0.5), right - left + 1, bottom - top + 1)
        frame.set(fill=False, edgecolor=ORANGE, linewidth=1.5)
        ax.add_patch(frame)
        ax.set_title(caption, fontsize=10)
        ax.set_xticks([])
        ax.set_yticks([])
    return axes
