"""Figures of filtered images and sequences, of output sizes and of activation functions."""

import numpy as np
from matplotlib.figure import Figure

from tutorials.figures.charts import BLUE, GREEN, GREY, ORANGE, axes_grid


def photo_grid(photos, title, note, columns=4, kernels=()):
    """Grey photographs of different sizes, each below its caption.

    Args:
        photos: {caption: array (height, width) or (height, width, 1)}, 0 for black and 255 for
            white. Values outside this range are clipped.
        title: The figure's finding.
        note: One line below the photographs.
        columns: Photographs per row.
        kernels: {caption: rows of numbers}, drawn into the corner of the photographs of these captions:
            blue for negative weights, white for 0, red for positive ones.

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
        if caption in kernels:
            _kernel_in_corner(ax, np.array(kernels[caption]))
    axes[0, 0].figure.supxlabel(note, fontsize=9)
    return axes


def _kernel_in_corner(ax, kernel):
    """Draw a kernel with its numbers; ninths are written as such."""
    inset = ax.inset_axes([0.68, 0.02, 0.3, 0.42])
    limit = 2 * abs(kernel).max()
    inset.imshow(kernel, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
    whole = not (kernel % 1).any()
    for (row, column), weight in np.ndenumerate(kernel):
        text = f"{weight:.0f}" if whole else "1/9" if abs(weight - 1 / 9) < 1e-6 else f"{weight:.2f}"
        inset.text(column, row, text, ha="center", va="center", fontsize=6.5)
    inset.set_xticks([])
    inset.set_yticks([])


def strides_and_sizes(photos, sizes, lines, title):
    """Outputs of a layer with different padding and strides, and output size by input size.

    Args:
        photos: {caption: array (height, width)}, all drawn to one scale, 0 for black.
        sizes: Input sizes (n,).
        lines: {label: (output sizes by the formula (n,), output sizes of a layer (n,))}.
        title: The figure's finding.

    Returns:
        Array of Axes. The last one holds the curves.
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
    ax.legend(frameon=False, title="lines: formula; markers: layer")
    return np.array([*axes.values()])


def activation_curves(z, functions, title):
    """Activation functions and their derivatives.

    Args:
        z: Values (n,).
        functions: {name: (values (n,), derivatives (n,))}.
        title: The figure's finding.

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


def sequence_and_slices(letters, matches, motif, slices, title):
    """Where a motif occurs in a sequence, and slices of volumes.

    Args:
        letters: A string.
        matches: The filtered sequence (positions,), 1 for a perfect match.
        motif: The string that the kernel matches.
        slices: {label: arrays (height, width)}. Each row has its own scale.
        title: The figure's finding.

    Returns:
        Array of Axes. The first one holds the sequence.
    """
    columns = max(map(len, slices.values()))
    figure = Figure(figsize=(9, 2.8 + 1.5 * len(slices)), layout="constrained")
    figure.suptitle(title)
    names = [[f"{label}{number}" for number in range(columns)] for label in slices]
    axes = figure.subplot_mosaic(
        [["sequence"] * columns, *names], height_ratios=[2.2, *[1.4] * len(slices)], empty_sentinel=None
    )
    ax = axes["sequence"]
    found = matches > 1 - 1e-6
    positions = np.arange(len(matches))
    ax.bar(positions, matches, color=np.where(found, ORANGE, BLUE))
    ax.set_xticks(range(len(letters)), letters, fontsize=8)
    ax.tick_params(axis="x", length=0)
    for start in positions[found]:
        for at in range(start, start + len(motif)):
            ax.get_xticklabels()[at].set(color=ORANGE, weight="bold")
    ax.set_xlim(-1, len(letters))
    ax.set_xlabel(f"DNA; each bar shows how well {motif} matches from that letter on")
    ax.set_ylabel("filter output\n(1: perfect match)")
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
    figure.supxlabel("slices through the volume; blue: negative, white: zero, red: positive", fontsize=9)
    return np.array([*axes.values()])
