"""Figures of the lesson on video. Arrays in, matplotlib Axes out; no function takes a model."""

import numpy as np

from tutorials.figures.charts import BLUE, GREY, ORANGE, axes_grid


def film_strips(clips, title):
    """Clips as rows of frames, from left to right.

    Args:
        clips: {label: array (frames, height, width, 1 or 3)}, all of one length, pixels from 0 to
            255. Of longer clips, 12 frames are shown.
        title: The figure's finding.

    Returns:
        Array (clips, frames) of Axes.
    """
    length = len(next(iter(clips.values())))
    shown = np.linspace(0, length - 1, min(length, 12)).round().astype(int)
    axes = axes_grid(len(clips), len(shown), 0.85 * len(shown) + 1.3, 0.9 * len(clips) + 0.8, title)
    for line, (label, clip) in zip(axes, clips.items(), strict=True):
        line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=11)
        for ax, frame in zip(line, clip[shown], strict=True):
            ax.imshow(_picture(frame), cmap="gray", vmin=0, vmax=255)
            ax.set_xticks([])
            ax.set_yticks([])
            ax.spines[:].set_visible(False)
    for number, ax in zip(shown, axes[-1], strict=True):
        ax.set_xlabel(f"{number + 1}", fontsize=9)
    axes[0, 0].figure.supxlabel("frame of the clip", fontsize=10)
    return axes


def _picture(frame):
    """A frame as matplotlib takes it: (height, width) in grey, (height, width, 3) in colour."""
    return frame[..., 0] if frame.shape[-1] == 1 else frame


def ordered_and_shuffled(accuracies, chance, title):
    """Test accuracy of each network with frames in order and shuffled, and the chance level as a line.

    Args:
        accuracies: {network: (accuracy in order, accuracy shuffled)}.
        chance: Accuracy of random guessing.
        title: The figure's finding.

    Returns:
        Array (1, 1) of Axes.
    """
    axes = axes_grid(1, 1, 8, 3.8, title)
    ax, places = axes[0, 0], np.arange(len(accuracies))
    orders = ("frames in order", BLUE, -0.2), ("frames shuffled", ORANGE, 0.2)
    for values, (label, colour, aside) in zip(zip(*accuracies.values(), strict=True), orders, strict=True):
        bars = ax.bar(places + aside, 100 * np.array(values), 0.36, color=colour, label=label)
        ax.bar_label(bars, fmt="%.1f", padding=3)
    ax.axhline(100 * chance, color="black", linestyle=":", label=f"chance level ({chance:.1%})")
    ax.set_xticks(places, [*accuracies])
    ax.set_ylim(0, 112)
    ax.set_yticks(range(0, 101, 20))
    ax.set_ylabel("test accuracy (%)")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, loc="upper left", fontsize=9)
    return axes


def film_with_predictions(clips, labels, probabilities, class_names, title):
    """Animated clips, and below each the predicted probabilities after each frame.

    The class with the highest probability is blue if it is the true one, else orange.

    Args:
        clips: {caption: array (frames, height, width, 1 or 3)}, all of one length.
        labels: True class of each clip.
        probabilities: Array (clips, frames, classes), predicted after each frame.
        class_names: Names in index order.
        title: The figure's finding.

    Returns:
        (figure, function that draws the frame of a given number), for `Report.animation`.
    """
    axes = axes_grid(2, len(clips), 2 * len(clips) + 1, 4.6, title)
    pictures, bars = [], []
    for ax, (caption, clip) in zip(axes[0], clips.items(), strict=True):
        pictures.append(ax.imshow(_picture(clip[0]), cmap="gray", vmin=0, vmax=255))
        ax.set_title(caption, fontsize=11)
        ax.axis("off")
    for ax in axes[1]:
        bars.append(ax.barh(class_names, [0] * len(class_names), color=GREY))
        ax.set_xlim(0, 1)
        ax.invert_yaxis()
        ax.spines[["top", "right"]].set_visible(False)
    for ax in axes[1, 1:]:
        ax.set_yticks([])
    below = axes[0, 0].figure.supxlabel(" ", fontsize=10)

    def show(number):
        below.set_text(f"probability of each class after frame {number + 1} of {probabilities.shape[1]}")
        for picture, clip, rows, label, predicted in zip(
            pictures, clips.values(), bars, labels, probabilities, strict=True
        ):
            picture.set_data(_picture(clip[number]))
            best = predicted[number].argmax()
            for n, (bar, probability) in enumerate(zip(rows, predicted[number], strict=True)):
                bar.set_width(probability)
                bar.set_color(GREY if n != best else BLUE if best == label else ORANGE)

    return axes[0, 0].figure, show
