"""Figures of the lesson on word vectors: arrays in, matplotlib Axes out; never a model."""

import numpy as np
from sklearn.manifold import TSNE

from tutorials.figures.charts import BLUE, COLOURS, GREEN, GREY, ORANGE, axes_grid, curves
from tutorials.figures.labels import plain


def sampling(counts, keep, noise, vocabulary, power):
    """How often words stay in the texts, and how often they are drawn as negatives, by their frequency.

    Args:
        counts, keep, noise: Arrays (token ids,).
        vocabulary: Words of the token ids from 2 on.
        power: The power of the frequencies in `noise`.

    Returns:
        Array (1, 2) of Axes.
    """
    stays = (keep * counts).sum() / counts.sum()
    title = f"Subsampling keeps {stays:.0%} of all words; negatives are drawn by frequency$^{{{power:g}}}$"
    axes = axes_grid(1, 2, 9, 3.8, title)
    order = 2 + np.argsort(-counts[2:], kind="stable")
    shares, rank = counts[order] / counts.sum(), np.arange(1, len(order) + 1)
    left, right = axes.flat
    left.plot(rank, keep[order], color=BLUE)
    for place in np.unique(np.geomspace(1, len(order) / 10, 5).astype(int)):
        point = rank[place - 1], keep[order[place - 1]]
        left.plot(*point, "o", color=BLUE, markersize=4)
        left.annotate(
            plain(vocabulary[order[place - 1] - 2], 12), point, (4, -11), textcoords="offset points"
        )  # fmt: skip
    left.set_ylim(0, 1.08)
    left.set_ylabel("probability that an occurrence stays")
    right.plot(rank, shares, color=GREY, label="words in the texts")
    right.plot(rank, noise[order], color=ORANGE, label=f"negatives: frequency to the power of {power:g}")
    right.set_yscale("log")
    right.set_ylabel("share of all words")
    right.legend(frameon=False, fontsize=9)
    for ax in axes.flat:
        ax.set_xscale("log")
        ax.set_xlabel("rank of the word, the most frequent first")
        ax.spines[["top", "right"]].set_visible(False)
    return axes


def loss_curve(losses, epochs, chance):
    """Mean loss of a pair of neighbours while training.

    Args:
        losses: Of each step, (steps,).
        epochs: Number of epochs that these are.
        chance: The loss at which nothing is known.

    Returns:
        Array (1, 1) of Axes.
    """
    parts = np.array_split(np.asarray(losses), min(100, len(losses)))
    title = f"The loss falls from {chance:.2f} to {parts[-1].mean():.2f}; 0 is out of reach"
    axes = axes_grid(1, 1, 6.5, 3.6, title)
    ax = axes[0, 0]
    at = epochs * (np.arange(len(parts)) + 0.5) / len(parts)
    ax.plot(at, [part.mean() for part in parts], color=BLUE)
    ax.axhline(chance, color=GREY, linestyle=":")
    ax.text(epochs, chance, "all logits 0", color=GREY, ha="right", va="bottom", fontsize=9)
    ax.set_xlabel("epoch")
    ax.set_ylabel("loss of a pair and its negatives")
    ax.margins(y=0.12)
    ax.spines[["top", "right"]].set_visible(False)
    return axes


def word_lists(rows, wrong, title):
    """A line for each word: the words that follow from it.

    Args:
        rows: [(word or question, [(word, cosine or None), ...])].
        wrong: Set of (row, place) to print in orange.
        title: The figure's finding.

    Returns:
        Array (1, 1) of Axes.
    """
    axes = axes_grid(1, 1, 9, 0.33 * len(rows) + 0.8, title)
    ax = axes[0, 0]
    for row, (question, answers) in enumerate(rows):
        ax.text(0, row, plain(question, 40), fontweight="bold", fontsize=10, va="center")
        for place, (word, value) in enumerate(answers):
            text = plain(word, 14) + ("" if value is None else f" {value:.2f}")
            colour = ORANGE if (row, place) in wrong else "black"
            ax.text(1.6 + 1.6 * place, row, text, color=colour, fontsize=10, va="center")
    ax.set_xlim(0, 9.8)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.axis("off")
    return axes


def word_map(vectors, names, words, title):
    """Words of known groups in two dimensions, by t-SNE of their vectors.

    Args:
        vectors: Array (n, dimensions).
        names: The group of each, n str.
        words: The n words.
        title: The figure's finding.

    Returns:
        Array (1, 1) of Axes.
    """
    layout = TSNE(
        perplexity=min(10, len(words) - 1), metric="cosine", init="random", random_state=0
    ).fit_transform(vectors)
    axes = axes_grid(1, 1, 9, 6.2, title)
    ax = axes[0, 0]
    colours = dict(zip(dict.fromkeys(names), COLOURS, strict=False))
    for name, colour in colours.items():
        ax.plot(*layout[[each == name for each in names]].T, "o", color=colour, markersize=4, label=name)
    width, height = np.ptp(layout, 0) / (90, 48)  # of a letter, roughly
    taken = []
    for n in np.argsort(-layout[:, 1]):
        (x, y), long, word = layout[n], width * (len(words[n]) + 1), plain(words[n], 14)
        level = y
        while any(abs(level - v) < height and x < u + w and u < x + long for u, v, w in taken):
            level -= height / 4  # down to where there is room
        taken.append((x, level, long))
        ax.plot([x, x + width / 2], [y, level], color=colours[names[n]], linewidth=0.5, alpha=0.6)
        ax.text(x + width / 2, level, word, color=colours[names[n]], fontsize=8, va="center")
    ax.set_xlabel("places by t-SNE of cosine distances")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.margins(x=0.1)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    return axes


def labels_needed(numbers, scores, lstm, title):
    """Test accuracy by the number of labelled texts; the LSTM's at one number.

    Args:
        numbers: Numbers of labelled training texts.
        scores: {kind of features: array (repeats, numbers)}.
        lstm: {name: accuracy}, of an LSTM trained on 500 labelled texts.
        title: The figure's finding.

    Returns:
        Array (1, 1) of Axes.
    """
    axes = axes_grid(1, 1, 7.5, 4.4, title)
    ax = curves(axes[0, 0], numbers, scores, "labelled training texts (logarithmic scale)", "test accuracy")
    for (name, value), colour, filled in zip(lstm.items(), (GREY, GREEN), ("none", GREEN), strict=True):
        ax.plot(500, value, "P", color=colour, markerfacecolor=filled, markersize=10, label=name)
    ax.set_xscale("log")
    ax.set_xticks(numbers, [f"{number:,}" for number in numbers])
    ax.minorticks_off()
    ax.legend(frameon=False, fontsize=9)
    return axes
