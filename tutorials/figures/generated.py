"""Figures of generated images. Arrays in, matplotlib Axes out."""

import numpy as np

from tutorials.figures.charts import BLUE, GREEN, GREY, ORANGE, axes_grid, curves


def mosaic(images, columns):
    """Images (n, height, width, 1) side by side as one (rows * height, columns * width)."""
    n, height, width, _ = images.shape
    rows = images[: n // columns * columns].reshape(-1, columns, height, width)
    return rows.swapaxes(1, 2).reshape(-1, columns * width)


def film_of_images(timeline, columns=12):
    """Animation of generated images over training.

    Args:
        timeline: The `Timeline` of the training.
        columns: Images per row.

    Returns:
        (figure, function that draws the frame of a given number), for `Report.animation`.
    """
    rows = len(timeline.frames[0]) // columns
    axes = axes_grid(1, 1, 0.6 * columns, 0.6 * rows + 0.8, "The same random numbers, step by step")
    ax = axes[0, 0]
    picture = ax.imshow(mosaic(timeline.frames[0], columns), cmap="gray", vmin=0, vmax=255)
    caption = ax.set_title("0 steps", fontsize=10)
    ax.axis("off")

    def show(number):
        step = timeline.steps[number]
        phase = next(name for name, (_, last) in timeline.phases.items() if step <= last)
        picture.set_data(mosaic(timeline.frames[number], columns))
        caption.set_text(f"{step:,} steps, {phase}")

    return ax.figure, show


def losses_and_accuracies(timeline, equilibrium, title):
    """Both losses, and how often the discriminator is right, over training.

    Args:
        timeline: The `Timeline` of the training.
        equilibrium: {label: height of a dashed line}.
        title: The figure's finding.

    Returns:
        Array (1, 2) of Axes.
    """
    axes = axes_grid(1, 2, 9.5, 3.8, title)
    steps, means = timeline.steps[1:], timeline.losses
    lines = {"generator": means["generator_loss"], "discriminator": means["discriminator_loss"]}
    curves(axes[0, 0], steps, lines, "step", "loss (cross-entropy)", marked=False)
    for label, height in equilibrium.items():
        axes[0, 0].axhline(height, color=GREY, linestyle="--", linewidth=1)
        axes[0, 0].annotate(
            label, (1, height), (-2, 3), axes[0, 0].get_yaxis_transform(), "offset points", ha="right",
            fontsize=9, color=GREY,
        )  # fmt: skip
    axes[0, 0].set_ylim(0)
    shares = {"real images": means["real_accuracy"], "generated images": means["fake_accuracy"]}
    curves(axes[0, 1], steps, shares, "step", "accuracy of the discriminator", marked=False)
    axes[0, 1].axhline(0.5, color=GREY, linestyle="--", linewidth=1)
    axes[0, 1].set_ylim(0, 1.02)
    for ax in axes.flat:
        _shade_branch(ax, timeline)
        ax.legend(frameon=False, fontsize=9)
    return axes


def _shade_branch(ax, timeline):
    """Shade the steps in which the learning rates are out of balance, and those of the cure."""
    for phase, colour in (("collapsing", ORANGE), ("cured", GREEN)):
        ax.axvspan(*timeline.phases[phase], color=colour, alpha=0.2, linewidth=0, label=phase)


def rows_of_images(rows, title, columns=14):
    """A row of images for each kind, each below the class that a classifier sees in it.

    Args:
        rows: {kind: (images (n, height, width, 1), classes (n,), confidences (n,))}.
        title: The figure's finding.
        columns: Images per row.

    Returns:
        Array (kinds, columns) of Axes.
    """
    axes = axes_grid(len(rows), columns, 0.75 * columns + 1, 1.02 * len(rows) + 0.6, title)
    for line, (kind, (images, classes, confidences)) in zip(axes, rows.items(), strict=True):
        line[0].set_ylabel(kind, rotation=0, ha="right", va="center", fontsize=10)
        for ax, image, label, confidence in zip(line, images, classes, confidences, strict=False):
            ax.imshow(image[..., 0], cmap="gray", vmin=0, vmax=255)
            ax.set_title(f"{label}: {confidence:.0%}", fontsize=8)
        for ax in line:
            ax.set_xticks([])
            ax.set_yticks([])
            ax.spines[:].set_visible(False)
    return axes


def class_shares(shares, timeline, title):
    """Shares of the classes as bars, and how evenly the classes are spread over training.

    Args:
        shares: {kind: share of each class (classes,)}.
        timeline: The `Timeline` of the training, with the entropies.
        title: The figure's finding.

    Returns:
        Array (1, 2) of Axes.
    """
    axes = axes_grid(1, 2, 10.5, 3.8, title)
    left, right = axes.flat
    wide, colours = 0.8 / len(shares), (GREY, ORANGE, GREEN, BLUE)
    names = {"balanced": "in the end", "collapsing": "collapsed"}
    for n, (kind, values) in enumerate(shares.items()):
        places = np.arange(len(values)) + (n - (len(shares) - 1) / 2) * wide
        left.bar(places, 100 * values, wide, color=colours[n], label=names.get(kind, kind))
    left.set_xticks(range(10))
    left.set_xlabel("class, by the judge")
    left.set_ylabel("share of the images (%)")
    left.legend(frameon=False, fontsize=9)
    right.plot(timeline.steps, timeline.entropies, ".-", color=BLUE, label="generated images")
    _shade_branch(right, timeline)
    right.axhline(np.log(10), color=GREY, linestyle="--", linewidth=1, label="ten classes alike: log 10")
    right.set_ylim(-0.05, 2.5)
    right.set_xlabel("step")
    right.set_ylabel("entropy of the classes (nats)")
    right.legend(frameon=False, fontsize=9)
    for ax in axes.flat:
        ax.spines[["top", "right"]].set_visible(False)
    return axes


def nearest_neighbours(generated, neighbours, apart, held_out, title, shown=9):
    """Generated images above their nearest training images, and how far such neighbours are.

    Args:
        generated: Images (n, height, width, 1).
        neighbours: The nearest training image of each.
        apart: Distances of these pairs, (n,).
        held_out: Distances of held-out images from their nearest training images.
        title: The figure's finding.
        shown: Number of pairs: the nearest ones first, then some at random places of the ranking.

    Returns:
        Array (1, 2) of Axes.
    """
    axes = axes_grid(1, 2, 11, 3.6, title)
    left, right = axes.flat
    ranking = np.argsort(apart)[np.linspace(0, len(apart) - 1, shown).astype(int)]
    pairs = np.concatenate([generated[ranking], neighbours[ranking]])
    left.imshow(mosaic(pairs, shown), cmap="gray", vmin=0, vmax=255)
    height, width = generated.shape[1:3]
    left.set_yticks([height / 2, 1.5 * height], ["generated", "nearest in\ntraining"])
    left.set_xticks(width * (np.arange(shown) + 0.5), [f"{apart[n]:.0f}" for n in ranking], fontsize=9)
    left.set_xlabel("distance, from the nearest pair to the farthest")
    left.spines[:].set_visible(False)
    left.tick_params(length=0)
    bins = np.linspace(0, max(np.max(apart), np.max(held_out)), 40)
    for values, colour, label in ((held_out, BLUE, "held-out digits"), (apart, ORANGE, "generated")):
        weights = np.full(len(values), 100 / len(values))
        right.hist(values, bins, weights=weights, color=colour, alpha=0.55, label=label)
    right.set_xlabel("distance from the nearest training image\n(root mean square of a pixel's difference)")
    right.set_ylabel("share of the images (%)")
    right.legend(frameon=False, fontsize=9)
    right.spines[["top", "right"]].set_visible(False)
    return axes
