"""Figures of the lesson on video: arrays in, matplotlib Axes out; never a model."""

import numpy as np

from tutorials.figures.charts import BLUE, ORANGE, axes_grid


def film_strips(clips, title):
    """Clips as strips of film, one below the other, time going to the right.

    Args:
        clips: {label: array (frames, height, width, 1)}, all of one length, 0 for black and 255
            for white; of more than 12 frames, 12 are shown.
        title: What the strips show.

    Returns:
        Array (clips, frames) of Axes.
    """
    length = len(next(iter(clips.values())))
    shown = np.linspace(0, length - 1, min(length, 12)).round().astype(int)
    axes = axes_grid(len(clips), len(shown), 0.85 * len(shown) + 1.3, 0.9 * len(clips) + 0.8, title)
    for line, (label, clip) in zip(axes, clips.items(), strict=True):
        line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=11)
        for ax, frame in zip(line, clip[shown], strict=True):
            ax.imshow(frame.squeeze(-1), cmap="gray", vmin=0, vmax=255)
            ax.set_xticks([])
            ax.set_yticks([])
            ax.spines[:].set_visible(False)
    for number, ax in zip(shown, axes[-1], strict=True):
        ax.set_xlabel(f"{number + 1}", fontsize=9)
    axes[0, 0].figure.supxlabel("frame of the clip", fontsize=10)
    return axes


def ordered_and_shuffled(accuracies, chance, title):
    """What shuffling takes from each network, as pairs of bars over a line for guessing.

    Args:
        accuracies: {network: (accuracy in order, accuracy shuffled)}.
        chance: Accuracy of guessing.
        title: What the bars show.

    Returns:
        Array (1, 1) of Axes.
    """
    axes = axes_grid(1, 1, 8, 3.8, title)
    ax, places = axes[0, 0], np.arange(len(accuracies))
    orders = ("frames in order", BLUE, -0.2), ("frames shuffled", ORANGE, 0.2)
    for values, (label, colour, aside) in zip(zip(*accuracies.values(), strict=True), orders, strict=True):
        bars = ax.bar(places + aside, 100 * np.array(values), 0.36, color=colour, label=label)
        ax.bar_label(bars, fmt="%.1f", padding=3)
    ax.axhline(100 * chance, color="black", linestyle=":", label=f"guessing ({chance:.1%})")
    ax.set_xticks(places, [*accuracies])
    ax.set_ylim(0, 112)
    ax.set_yticks(range(0, 101, 20))
    ax.set_ylabel("accuracy on test clips (%)")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, loc="upper left", fontsize=9)
    return axes


def film_with_answers(clips, probabilities, class_names, title):
    """Clips that play, and below each what a network makes of it until then.

    Args:
        clips: {caption: array (frames, height, width, 1)}, all of one length.
        probabilities: Array (clips, frames, classes): the answer after each frame.
        class_names: Names in index order.
        title: What the film shows.

    Returns:
        (figure, function of a frame's number that shows it), for `Report.animation`.
    """
    axes = axes_grid(2, len(clips), 2 * len(clips) + 1, 4.6, title)
    pictures, bars = [], []
    for ax, (caption, clip) in zip(axes[0], clips.items(), strict=True):
        pictures.append(ax.imshow(clip[0].squeeze(-1), cmap="gray", vmin=0, vmax=255))
        ax.set_title(caption, fontsize=11)
        ax.axis("off")
    for ax in axes[1]:
        bars.append(ax.barh(class_names, [0] * len(class_names), color=BLUE))
        ax.set_xlim(0, 1)
        ax.invert_yaxis()
        ax.spines[["top", "right"]].set_visible(False)
    for ax in axes[1, 1:]:
        ax.set_yticks([])
    below = axes[0, 0].figure.supxlabel(" ", fontsize=10)

    def show(number):
        below.set_text(f"probability of each class after frame {number + 1} of {probabilities.shape[1]}")
        for picture, clip, rows, answers in zip(pictures, clips.values(), bars, probabilities, strict=True):
            picture.set_data(clip[number].squeeze(-1))
            for bar, probability, best in zip(
                rows, answers[number], answers[number] == answers[number].max(), strict=True
            ):
                bar.set_width(probability)
                bar.set_color(ORANGE if best else BLUE)

    return axes[0, 0].figure, show
