"""Figures of the lesson on texts: arrays in, matplotlib Axes out; never a model."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from sklearn import metrics
from sklearn.manifold import TSNE

from datasets.files.names import cut
from models.scores import Share
from tutorials.figures.charts import BLUE, COLOURS, ORANGE, axes_grid, confusion_matrix, learning_curves
from tutorials.figures.labels import MONOSPACE, plain

MOST_LETTERS = 40  # of a word in a figure


def text_learning_curves(history):
    """Loss and accuracy of a text network over the epochs.

    Args:
        history: {metric: list of a value per epoch}, as `fit` gives it.

    Returns:
        Array of Axes.
    """
    best = max(history["val_accuracy"])
    title = f"At best {best:.1%} of the validation texts are classified correctly"
    return learning_curves(history, title, examples="texts")


def text_confusion_matrix(labels, predicted, class_names):
    """How often texts of each class are predicted to be of each other.

    Args:
        labels, predicted: Integers (n,).
        class_names: Names in index order.

    Returns:
        Array of Axes.
    """
    counts = metrics.confusion_matrix(labels, predicted, labels=range(len(class_names)))
    wrong = counts.sum() - counts.trace()
    title = f"{wrong:,} of {counts.sum():,} test texts are misclassified"
    return confusion_matrix(counts, class_names, title)


def accuracy_by_length(lengths, correct, groups=8):
    """The accuracy on texts of different lengths.

    Args:
        lengths: Integers (n,), the words of each text.
        correct: Booleans (n,), whether it was classified correctly.
        groups: Number of groups, of about as many texts each; fewer where there are few texts or lengths.

    Returns:
        Array (1, 1) of Axes.
    """
    groups = max(1, min(groups, len(lengths) // 20))
    ends = np.unique(np.quantile(lengths, np.linspace(0, 1, groups + 1)[1:], method="higher"))
    group = np.searchsorted(ends, lengths)
    parts = [np.flatnonzero(group == n) for n in range(len(ends))]
    shares = [Share(int(correct[part].sum()), len(part)) for part in parts]
    values = np.array([share.value for share in shares])
    intervals = np.array([[share.low, share.high] for share in shares]).T
    difference = (values[-1] - values[0]) * 100
    than = "higher" if difference > 0 else "lower"
    title = f"Accuracy is {abs(difference):.1f} points {than} on the longest texts than on the shortest"
    if abs(difference) < 0.05:
        title = "Accuracy is the same on the longest texts as on the shortest"
    axes = axes_grid(1, 1, 7, 3.8, title)
    ax = axes[0, 0]
    at = np.arange(len(parts))
    ax.errorbar(at, values, np.abs(intervals - values), fmt="o", color=BLUE, capsize=4)
    ax.set_xticks(at, [f"{lengths[part].min()}\nto {lengths[part].max()}" for part in parts])
    ax.set_xlabel("words of the text")
    ax.set_ylabel("accuracy\nwith 95 % interval")
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
    axes = axes_grid(1, 1, 8.5, 6, "Words that the network treats alike are close together")
    ax = axes[0, 0]
    colours = np.repeat(COLOURS[: len(groups)], [len(members) for members in groups])
    firsts = {members[0] for members in groups}
    width, height = np.ptp(places, 0) / (90, 40)  # of a letter, roughly
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


def heavy_ngrams(words, weights, class_names, most_classes=6):
    """The n-grams with the largest weights for each class.

    Args:
        words: For each class a list of n-grams, the heaviest first.
        weights: For each class their weights, as many.
        class_names: In index order.
        most_classes: Classes shown; of more, the first ones.

    Returns:
        Array (rows, columns) of Axes.
    """
    shown = range(min(len(class_names), most_classes))
    columns = 3 if len(shown) in (3, 5, 6) else min(2, len(shown))
    rows = -(-len(shown) // columns)
    longest = max([1, *(len(words[n]) for n in shown)])
    title = "What speaks most for each class: words, and sequences of words"
    axes = axes_grid(rows, columns, 2.9 * columns, rows * (0.24 * longest + 0.7) + 0.5, title)
    most = max([1e-6, *(max(weights[n], default=0) for n in shown)])
    for n, ax in zip(shown, axes.flat, strict=False):
        at = np.arange(len(words[n]))
        ax.barh(at, weights[n], color=BLUE)
        ax.set_yticks(at, [plain(cut(word, 24), 24) for word in words[n]], fontsize=8)
        ax.set_title(plain(class_names[n], 28), fontsize=10)
        ax.set_ylim(longest - 0.4, -0.6)
        ax.set_xlim(0, 1.05 * most)
        ax.set_xlabel("weight in the score")
        ax.spines[["top", "right"]].set_visible(False)
    for ax in list(axes.flat)[len(shown) :]:
        ax.set_visible(False)
    return axes


def moved_words(texts, most=70, line=105):
    """Texts with each word coloured by what leaving it out does to the prediction.

    Args:
        texts: List of (caption, words, effects): effects are by how much each word raises the
            log-odds of the predicted class.
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
    figure.suptitle("Blue words raise the probability of the predicted class, orange ones lower it")
    axes = figure.subplots(len(texts), 1, squeeze=False, height_ratios=[height + 1 for height in heights])
    for ax, (caption, placed), height in zip(axes.flat, laid_out, heights, strict=True):
        strongest = max([0, *(abs(effect) for *_, effect in placed)])
        for x, y, word, effect in placed:
            share = abs(effect) / max(strongest, 0.25)  # where no word has an effect, all stay pale
            colour = BLUE if effect > 0 else ORANGE
            ax.add_patch(
                Rectangle((x - 0.3, y - 0.5), len(word) + 0.6, 1, color=colour, alpha=0.65 * share, lw=0)
            )
            ax.text(x, y, plain(word, MOST_LETTERS), family=MONOSPACE, fontsize=9, va="center")
        ax.set_title(
            f"{caption}; a word's largest effect is {strongest:.1f} in log-odds",
            loc="left",
            fontsize=10,
        )
        ax.set_xlim(-1, line + 1)
        ax.set_ylim(height - 0.4, -0.6)
        ax.axis("off")
    return axes


def gain_and_cost(runs):
    """Networks compared: their test accuracy, and the seconds that it took to train them.

    Args:
        runs: {name of a network: list of (accuracy, seconds), one a seed}.

    Returns:
        Array (1, 1) of Axes.
    """
    means = {name: np.mean(run, 0) for name, run in runs.items()}
    best = max(means, key=lambda name: means[name][0])
    title = f"{best} is the most accurate ({means[best][0]:.1%}), after as many epochs as the others"
    axes = axes_grid(1, 1, 7.5, 4.2, title)
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
