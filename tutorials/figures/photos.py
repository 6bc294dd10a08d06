"""Figures of photos and of how a classifier does on them: arrays in, matplotlib Axes out."""

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from PIL import Image

from tutorials.figures.charts import BLUE, GREY, ORANGE, axes_grid
from tutorials.figures.labels import distinct, plain

HEAT = "inferno"
LINE = 26  # characters that fit above a photo


def augmented_photos(photos, versions, title):
    """Photos, each beside augmented versions of it.

    Args:
        photos: Array (n, height, width, 3), pixels in [0, 255].
        versions: Array (n, versions, height, width, 3), likewise.
        title: What they show.

    Returns:
        Array (n, 1 + versions) of Axes.
    """
    columns = 1 + len(versions[0])
    axes = axes_grid(len(photos), columns, 1.3 * columns, 1.36 * len(photos) + 0.75, title)
    for line, photo, variants in zip(axes, photos, versions, strict=True):
        for ax, each in zip(line, [photo, *variants], strict=True):
            _show(ax, each)
    axes[0, 0].set_title("original", fontsize=9)
    axes[0, 1].set_title("augmented", fontsize=9, loc="left")
    return axes


def captioned_photos(photos, captions, title, columns=4):
    """Photos in rows, each under its caption.

    Args:
        photos: Array (n, height, width, 3), pixels in [0, 255], or a list of such of any size.
        captions: For each photo a list of lines, each of which is shortened to fit.
        title: What the photos show.
        columns: Photos a row.

    Returns:
        Array (rows, columns) of Axes.
    """
    rows = max(1, -(-len(photos) // columns))
    lines = max([1, *map(len, captions)])
    axes = axes_grid(rows, columns, 2.1 * columns, (2.05 + 0.17 * lines) * rows + 0.5, title)
    axes[0, 0].figure.get_layout_engine().set(hspace=0.04, h_pad=0.08)
    for ax in axes.flat:
        ax.axis("off")
    for ax, photo, caption in zip(axes.flat, photos, captions, strict=False):
        _show(ax, photo)
        ax.set_title("\n".join(plain(line, LINE) for line in caption), fontsize=9)
    return axes


def heat_overlays(photos, maps, captions, title, pairs=2):
    """Photos, each beside itself under a heat map.

    Args:
        photos: Array (n, height, width, 3), pixels in [0, 255].
        maps: Array (n, rows, columns) in [0, 1], of any size.
        captions: For each photo a list of lines.
        title: What they show.
        pairs: Photos a row.

    Returns:
        Array (rows, 2 * pairs) of Axes.
    """
    pairs = min(pairs, max(1, len(photos)))
    rows = max(1, -(-len(photos) // pairs))
    lines = max([1, *map(len, captions)])
    height = (2.05 + 0.17 * lines) * rows + 0.9
    axes = axes_grid(rows, 2 * pairs, max(6.5, 4.2 * pairs), height, title)
    axes[0, 0].figure.get_layout_engine().set(hspace=0.06, h_pad=0.1)
    for ax in axes.flat:
        ax.axis("off")
    for n, (photo, heat, caption) in enumerate(zip(photos, maps, captions, strict=True)):
        left, right = axes.flat[2 * n : 2 * n + 2]
        _show(left, photo)
        _show(right, _under_heat(photo, heat))
        left.set_title("\n".join(plain(line, LINE) for line in caption), fontsize=9, loc="left")
    axes[0, 0].figure.colorbar(
        ScalarMappable(matplotlib.colors.Normalize(0, 1), HEAT),
        ax=axes,
        orientation="horizontal",
        aspect=50,
        fraction=0.04,
        label="how much a pixel raised the predicted class, as a share of the photo's maximum",
    )
    return axes


def _under_heat(photo, heat):
    """A photo under a heat map: darkened where the map is low, in the map's colours where it is high."""
    photo = np.asarray(photo, "float32").clip(0, 255) / 255
    smooth = Image.fromarray(np.asarray(heat, "float32")).resize(photo.shape[1::-1], Image.Resampling.BICUBIC)
    smooth = np.asarray(smooth).clip(0, 1)
    grey = photo.mean(-1, keepdims=True)
    share = (0.25 + 0.45 * smooth)[..., None]
    return 255 * (
        (1 - share) * (0.4 * grey + 0.6 * photo) + share * matplotlib.colormaps[HEAT](smooth)[..., :3]
    )


def _show(ax, photo):
    ax.imshow(np.asarray(photo).clip(0, 255).astype("uint8"), interpolation="antialiased")
    ax.axis("off")


def phase_curves(phases, title):
    """Loss and accuracy after each epoch, of several trainings one beside the other.

    Args:
        phases: {name of the training: `model.fit(...).history` of it}; epochs are numbered through.
        title: What the curves show.

    Returns:
        Array (1, 2) of Axes.
    """
    axes = axes_grid(1, 2, 9, 3.7, title)
    lengths = [len(history.get("loss", ())) for history in phases.values()]
    borders = np.cumsum([0, *lengths]) + 0.5
    metrics = {"loss": "loss (cross-entropy)", "accuracy": "accuracy"}
    for ax, (metric, label) in zip(axes.flat, metrics.items(), strict=True):
        for name, style, colour, words in (
            (metric, "o-", BLUE, "training"),
            (f"val_{metric}", "s--", ORANGE, "validation"),
        ):
            for history, start in zip(phases.values(), borders, strict=False):
                values = history.get(name, ())  # not every training has validation data
                if len(values) and len(values) == len(history["loss"]):
                    epochs = start + 0.5 + np.arange(len(values))
                    ax.plot(epochs, values, style, color=colour, label=words, markersize=4)
                    words = None  # one line of them is enough in the legend
        for border in borders[1:-1]:
            ax.axvline(border, color=GREY, linewidth=1, linestyle=":")
        ax.set_xlim(0.5, max(1.5, borders[-1]))
        for name, start, end in zip(phases, borders, borders[1:], strict=False):
            if end > start:
                narrow = 0.45 * max(1, sum(lengths)) > (end - start) * 1.6
                ax.text(
                    (start + end) / 2, 1.02, plain(name, 12 if narrow else 30), ha="center", va="bottom",
                    fontsize=9, color=GREY, transform=ax.get_xaxis_transform(),
                )  # fmt: skip
        ax.set_xlabel("epoch")
        ax.set_ylabel(label)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.spines[["top", "right"]].set_visible(False)
        if ax.lines:
            ax.legend(frameon=False, fontsize=9)
    return axes


def class_intervals(scores, title, most=40, noun="photos"):
    """Precision and recall of each class, with their 95 % intervals.

    Args:
        scores: List of `ClassScore`.
        title: What they show.
        most: Classes shown; of more, those of the lowest recall.
        noun: What was classified: "photos" or "texts".

    Returns:
        Array (1, 2) of Axes.
    """
    labels = distinct([score.name for score in scores], 28)
    order = range(len(scores))
    if len(scores) > most:
        order = sorted(order, key=lambda n: np.nan_to_num(scores[n].recall.value, nan=2))[:most]
    axes = axes_grid(1, 2, 8.5, 0.27 * len(order) + 1.6, title)
    axes[0, 0].figure.get_layout_engine().set(wspace=0.06)
    for ax, measure, colour, words in (
        (axes[0, 0], "precision", BLUE, "precision: predictions of this class\nthat are correct (%)"),
        (axes[0, 1], "recall", ORANGE, f"recall: {noun} of this class\nclassified correctly (%)"),
    ):
        for place, n in enumerate(order):
            share = getattr(scores[n], measure)
            if share.of:
                ax.plot(
                    [100 * share.low, 100 * share.high], [place, place], color=colour, linewidth=2, alpha=0.5
                )
                ax.plot(100 * share.value, place, "o", color=colour, markersize=5, clip_on=False)
            else:
                ax.text(50, place, "none", ha="center", va="center", color=GREY, fontsize=9)
        ax.set_xlim(0, 100)
        ax.set_ylim(len(order) - 0.4, -0.6)
        ax.set_xlabel(words)
        ax.set_yticks(range(len(order)), [])
        ax.grid(axis="y", color="#e6e6e6", linewidth=0.8)
        ax.set_axisbelow(True)
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.tick_params(axis="y", length=0)
    axes[0, 0].set_yticks(range(len(order)), [labels[n] for n in order])
    if len(scores) > most:
        axes[0, 0].set_ylabel(f"the {most} of {len(scores):,} classes with the lowest recall")
    return axes


def reliability(calibration, title):
    """A reliability diagram: accuracy by confidence, and how many predictions have that confidence.

    Args:
        calibration: A `Calibration`.
        title: What it shows.

    Returns:
        Array (2, 1) of Axes.
    """
    axes = axes_grid(2, 1, 5, 5.2, title)
    (top,), (below,) = axes
    top.get_gridspec().set_height_ratios([3, 1])
    centres = (calibration.edges[:-1] + calibration.edges[1:]) / 2
    width = 0.9 * np.diff(calibration.edges)
    top.plot([0, 100], [0, 100], color=GREY, linestyle=":", label="perfect calibration")
    for x, share in zip(100 * calibration.confidence, calibration.shares, strict=True):
        if share.of:
            top.plot([x, x], [100 * share.low, 100 * share.high], color=BLUE, linewidth=2, alpha=0.5)
    full = np.array([share.of > 0 for share in calibration.shares])
    values = np.array([share.value for share in calibration.shares])
    top.plot(
        100 * calibration.confidence[full], 100 * values[full], "o", color=BLUE, clip_on=False,
        label="predictions, with 95 % interval",
    )  # fmt: skip
    top.set_ylabel("accuracy (%)")
    top.set_ylim(0, 100)
    # Below the axes: inside them the bars of an interval may lie anywhere
    labels = top.get_legend_handles_labels()
    top.figure.legend(*labels, frameon=False, fontsize=9, loc="outside lower center", ncols=2)
    counts = [share.of for share in calibration.shares]
    bars = below.bar(100 * centres, counts, 100 * width, color=GREY)
    below.bar_label(bars, [f"{count:,}" if count else "" for count in counts], padding=2, fontsize=8)
    below.set_ylim(0, 1.3 * max([1, *counts]))
    below.set_ylabel("predictions")
    below.set_xlabel("confidence: probability of the predicted class (%)")
    for ax in top, below:
        ax.set_xlim(0, 100)
        ax.spines[["top", "right"]].set_visible(False)
    return axes
