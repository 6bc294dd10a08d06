"""Figures of the lesson on texts: arrays in, matplotlib Axes out; never a model."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from sklearn.manifold import TSNE

from datasets.files.names import cut
from tutorials.figures.charts import BLUE, COLOURS, ORANGE, axes_grid
from tutorials.figures.labels import MONOSPACE, plain

MOST_LETTERS = 40  # of a word in a figure


def accuracy_by_length(lengths, right, groups=8):
    """How often texts of different lengths are told right.

    Args:
        lengths: Integers (n,), the words of each text.
        right: Booleans (n,), whether it was told right.
        groups: Number of groups, of about as many texts each; fewer where there are few texts or lengths.

    Returns:
        Array (1, 1) of Axes.
    """
    groups = max(1, min(groups, len(lengths) // 20))
    ends = np.unique(np.quantile(lengths, np.linspace(0, 1, groups + 1)[1:], method="higher"))
    group = np.searchsorted(ends, lengths)
    parts = [np.flatnonzero(group == n) for n in range(len(ends))]
    shares = np.array([right[part].mean() for part in parts])
    # Wilson's interval: stays within 0 and 1, also where all answers are right
    n, z = np.array([len(part) for part in parts]), 1.96
    centres = (shares + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * np.sqrt(shares * (1 - shares) / n + z**2 / (4 * n**2))
    difference = (shares[-1] - shares[0]) * 100
    than = "more" if difference > 0 else "fewer"
    title = f"Of the longest texts {abs(difference):.1f} points {than} are told right than of the shortest"
    if abs(difference) < 0.05:
        title = "Of the longest texts as many are told right as of the shortest"
    axes = axes_grid(1, 1, 7, 3.8, title)
    ax = axes[0, 0]
    at = np.arange(len(parts))
    ax.errorbar(at, centres, reach, fmt="none", color=BLUE, capsize=4)
    ax.plot(at, shares, "o", color=BLUE)
    ax.set_xticks(at, [f"{lengths[part].min()}\nto {lengths[part].max()}" for part in parts])
    ax.set_xlabel("words of the text")
    ax.set_ylabel("accuracy (share right)\nwith 95 % interval")
    ax.spines[["top", "right"]].set_visible(False)
    return axes


def neighbourhoods(embeddings, words, groups):
    """Words whose embeddings are near each other, laid out in two dimensions by t-SNE.

    Args:
        embeddings: Array (n, dimensions).
        words: The n words.
        groups: Lists of indices of words, the first of each being the one whose neighbours follow.

    Returns:
        Array (1, 1) of Axes.
    """
    shown = [n for members in groups for n in members]
    layout = TSNE(perplexity=min(5, len(shown) - 1), metric="cosine", init="random", random_state=0)
    places = layout.fit_transform(embeddings[shown])
    axes = axes_grid(1, 1, 8.5, 6, "Words that mean much the same to the network stand together")
    ax = axes[0, 0]
    colours = np.repeat(COLOURS[: len(groups)], [len(members) for members in groups])
    firsts = {members[0] for members in groups}
    width, height = np.ptp(places, 0) / (90, 40)  # of a letter, about
    taken = []
    for n, (x, y), colour in sorted(zip(shown, places, colours, strict=True), key=lambda one: -one[1][1]):
        level, long = y, width * (len(words[n]) + 1)
        while any(abs(level - v) < height and x < u + w and u < x + long for u, v, w in taken):
            level -= height / 4  # down to where there is room
        taken.append((x, level, long))
        ax.plot(x, y, "o", color=colour, markersize=4)
        ax.plot([x, x + width / 2], [y, level], color=colour, linewidth=0.5, alpha=0.6)
        ax.text(
            x + width / 2, level, plain(words[n]), color=colour, fontsize=9, va="center",
            fontweight="bold" if n in firsts else "normal",
        )  # fmt: skip
    ax.set_xlabel("places by t-SNE of cosine distances; bold: the word whose neighbours are shown")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlim(ax.get_xlim()[0], max(x + long for x, _, long in taken))
    ax.set_ylim(min(level for _, level, _ in taken) - height, ax.get_ylim()[1])
    ax.spines[["top", "right"]].set_visible(False)
    return axes


def moved_words(texts, most=70, line=105):
    """Texts with each word coloured by what leaving it out does to the answer.

    Args:
        texts: List of (caption, words, effects): effects are by how much each word raises the
            probability of the answer that was given.
        most: Words shown of each.
        line: Characters of a line.

    Returns:
        Array (n, 1) of Axes.
    """
    laid_out, heights = [], []
    for caption, words, effects in texts:
        placed, x, y = [], 0, 0
        for word, effect in zip(words[:most], effects[:most], strict=True):
            word = cut(word, MOST_LETTERS)
            if x + len(word) > line:
                x, y = 0, y + 1
            placed.append((x, y, word, effect))
            x += len(word) + 1
        laid_out.append((caption if len(words) <= most else f"{caption} (its first {most} words)", placed))
        heights.append(y + 1)
    figure = Figure(figsize=(8.6, 0.22 * sum(heights) + 0.6 * len(texts) + 0.7), layout="constrained")
    figure.suptitle("Blue words speak for the answer that was given, orange ones against it")
    axes = figure.subplots(len(texts), 1, squeeze=False, height_ratios=[height + 1 for height in heights])
    for ax, (caption, placed), height in zip(axes.flat, laid_out, heights, strict=True):
        strongest = max([0, *(abs(effect) for *_, effect in placed)])
        for x, y, word, effect in placed:
            share = abs(effect) / max(strongest, 0.05)  # where no word matters, all stay pale
            colour = BLUE if effect > 0 else ORANGE
            ax.add_patch(
                Rectangle((x - 0.3, y - 0.5), len(word) + 0.6, 1, color=colour, alpha=0.65 * share, lw=0)
            )
            ax.text(x, y, plain(word, MOST_LETTERS), family=MONOSPACE, fontsize=9, va="center")
        ax.set_title(
            f"{caption}; the strongest word moves it by {strongest * 100:.0f} points", loc="left", fontsize=10
        )
        ax.set_xlim(-1, line + 1)
        ax.set_ylim(height - 0.4, -0.6)
        ax.axis("off")
    return axes


def gain_and_cost(runs):
    """Networks compared: what share they tell right, and the seconds that it took to train them.

    Args:
        runs: {name of a network: list of (accuracy, seconds), one a seed}.

    Returns:
        Array (1, 1) of Axes.
    """
    means = {name: np.mean(run, 0) for name, run in runs.items()}
    best = max(means, key=lambda name: means[name][0])
    axes = axes_grid(
        1, 1, 7.5, 4.2, f"{best} tells most right ({means[best][0]:.1%}), after as many passes as the others"
    )
    ax = axes[0, 0]
    for name, colour in zip(runs, COLOURS, strict=False):
        accuracies, seconds = np.transpose(runs[name])
        ax.plot(seconds, accuracies, "o", color=colour, alpha=0.5, markersize=5)
        ax.plot(*means[name][::-1], "D", color=colour, markersize=8, label=name)
        ax.annotate(name, means[name][::-1], (8, 8), textcoords="offset points", color=colour)
    ax.set_xlabel("seconds of training (diamonds: mean over seeds)")
    ax.set_ylabel("accuracy on test texts")
    ax.margins(0.15)
    ax.spines[["top", "right"]].set_visible(False)
    return axes
