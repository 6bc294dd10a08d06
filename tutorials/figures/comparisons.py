"""Figures that compare networks, settings and numbers of examples."""

import numpy as np

from tutorials.figures.charts import BLUE, GREY, ORANGE, axes_grid, curves


def count_bars(counts, labels, title):
    """Parameter counts as bars on a logarithmic scale.

    Args:
        counts: Positive integers.
        labels: One label for each count.
        title: The figure's finding.

    Returns:
        Array (1, 1) of Axes.
    """
    axes = axes_grid(1, 1, 8, 0.8 * len(counts) + 1.2, title)
    ax = axes[0, 0]
    bars = ax.barh(labels, counts, color=BLUE, height=0.6)
    ax.bar_label(bars, [f"{count:,}" for count in counts], padding=4)
    ax.set_xscale("log")
    ax.set_xlim(100, 20 * max(counts))
    ax.set_xlabel("parameters (logarithmic scale)")
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    return axes


def pair_bars(numbers, title):
    """Two networks compared by several measures, in one panel for each measure.

    Args:
        numbers: {network: {measure: positive number}}.
        title: The figure's finding.

    Returns:
        Array (1, measures) of Axes.
    """
    measures = [*next(iter(numbers.values()))]
    axes = axes_grid(1, len(measures), 2.9 * len(measures), 3.2, title)
    for ax, measure in zip(axes.flat, measures, strict=True):
        values = [of_one[measure] for of_one in numbers.values()]
        bars = ax.bar([*numbers], values, color=[BLUE, ORANGE], width=0.6)
        ax.bar_label(bars, [f"{value:.2f}" for value in values], padding=3)
        ax.set_ylim(0, 1.2 * max(values))
        ax.set_ylabel(measure)
        ax.spines[["top", "right"]].set_visible(False)
    return axes


def accuracy_by_rate(runs, best, title):
    """Validation accuracy by learning rate, after the first and the last epoch, in one panel for each start.

    Args:
        runs: {(start, loss, learning rate): validation accuracy after each epoch}.
        best: {(start, loss): (accuracy, learning rate, ...)}, marked by a circle.
        title: The figure's finding.

    Returns:
        Array (1, starts) of Axes.
    """
    starts = [*dict.fromkeys(start for start, _, _ in runs)]
    losses = [*dict.fromkeys(loss for _, loss, _ in runs)]
    axes = axes_grid(1, len(starts), 4.6 * len(starts), 4, title)
    for ax, start in zip(axes.flat, starts, strict=True):
        for loss, colour, marker in zip(losses, (BLUE, ORANGE), "os", strict=True):
            curve = {
                rate: values for (one, name, rate), values in runs.items() if (one, name) == (start, loss)
            }
            for epoch, line in (0, ":"), (-1, "-"):
                values = [100 * history[epoch] for history in curve.values()]
                label = f"{loss}, {'first' if epoch == 0 else 'last'} epoch"
                ax.plot([*curve], values, marker + line, color=colour, markersize=4, label=label)
            accuracy, rate, *_ = best[start, loss]
            ax.plot(rate, 100 * accuracy, "o", markersize=11, fillstyle="none", color=colour)
        ax.set_xscale("log")
        ax.set_xticks([*curve], [f"{rate:g}" for rate in curve])
        ax.minorticks_off()
        ax.set_ylim(0, 100)
        ax.set_title(f"initial weights: {start}", fontsize=10)
        ax.set_xlabel("learning rate (circle: best)")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel("validation accuracy (%)")
    axes[0, 0].figure.legend(
        *axes[0, 0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=4,
        frameon=False,
        fontsize=9,
    )
    return axes


def knob_rows(runs, title):
    """Accuracy and cost of each hyperparameter setting, one row for each, grouped by hyperparameter.

    Args:
        runs: Dicts with "knob" (the hyperparameter that was changed), "value", "accuracies" of
            several networks, "accuracy" (their mean), "parameters" and "multiply-adds". The first one is
            the baseline, marked by a dotted line.
        title: The figure's finding.

    Returns:
        Array (1, 3) of Axes.
    """
    columns = {
        "accuracy": "validation\naccuracy (%)",
        "parameters": "parameters\n(thousands)",
        "multiply-adds": "multiply-adds\nper image (millions)",
    }
    units = {"accuracy": 100, "parameters": 1e-3, "multiply-adds": 1e-6}
    heights, labels, height = [], [], 0.0
    for before, one in zip([None, *runs], runs, strict=False):
        height += 1.6 if before and before["knob"] != one["knob"] else 1
        heights.append(height)
        labels.append(f"{one['knob']} {one['value']}".replace("_", " "))
    axes = axes_grid(1, 3, 9, 0.27 * height + 1.4, title)
    for ax, (name, label) in zip(axes.flat, columns.items(), strict=True):
        values = units[name] * np.array([one[name] for one in runs])
        colours = [GREY if n == 0 else BLUE for n in range(len(runs))]
        if name == "accuracy":
            for place, one, colour in zip(heights, runs, colours, strict=True):
                spread = 100 * np.array(one["accuracies"])
                ax.plot([spread.min(), spread.max()], [place, place], color=colour, linewidth=2)
            ax.scatter(values, heights, color=colours, s=24, zorder=3)
            ax.set_yticks(heights, labels)
        else:
            ax.barh(heights, values, color=colours, height=0.65)
            ax.set_yticks([])
            for place, value in zip(heights, values, strict=True):
                ax.text(value, place, f" {value:.3g}", va="center", fontsize=8)
            ax.set_xlim(0, 1.25 * values.max())
        ax.axvline(values[0], color=GREY, linewidth=0.8, linestyle=":")
        ax.set_ylim(height + 0.7, 0.3)
        ax.set_xlabel(label)
        ax.spines[["top", "right"]].set_visible(False)
    return axes


def search_progress(scores, baseline):
    """Validation accuracy in each trial of a hyperparameter search, and the best so far.

    Args:
        scores: Validation accuracy of each trial.
        baseline: Validation accuracy of the setting that the search has to beat.

    Returns:
        Array (1, 1) of Axes.
    """
    best = 100 * np.maximum.accumulate(scores)
    axes = axes_grid(
        1,
        1,
        7,
        3.6,
        f"Validation accuracy: {best[-1]:.1f} % in {len(scores)} trials, baseline {100 * baseline:.1f} %",
    )
    ax, trials = axes[0, 0], np.arange(1, len(scores) + 1)
    ax.plot(trials, 100 * np.array(scores), "o", color=BLUE, markersize=4, label="trial")
    ax.step(trials, best, where="post", color=ORANGE, label="best so far")
    ax.axhline(100 * baseline, color=GREY, linestyle=":", label="baseline")
    ax.set_xlabel("trial")
    ax.set_ylabel("validation accuracy (%)")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9)
    return axes


def curve_panels(panels, title, y_label="test accuracy", shaded=""):
    """Panels of the same lines over different quantities, with one legend for all.

    Args:
        panels: For each panel (label of its x axis, x (points,), {line: values (points,)},
            range (low, high) to shade or None). All panels have the same lines.
        title: The figure's finding.
        y_label: Label of the y axes, which go from 0 to 1.
        shaded: Label of the shaded range.

    Returns:
        Array (rows, 3) of Axes. The last one holds the legend.
    """
    axes = axes_grid(-(-(len(panels) + 1) // 3), 3, 9.5, 5.6, title)
    for ax, (x_label, x, lines, seen) in zip(axes.flat, panels, strict=False):
        curves(ax, x, lines, x_label, y_label)
        ax.get_legend().remove()
        if seen:
            ax.axvspan(*seen, color=GREY, alpha=0.15, linewidth=0, label=shaded)
        ax.set_ylim(0, 1.02)
    for ax in axes[:, 1:].flat:
        ax.set_ylabel("")
    for ax in axes.flat[len(panels) :]:
        ax.axis("off")
    axes.flat[-1].legend(*axes.flat[0].get_legend_handles_labels(), frameon=False, loc="center", fontsize=11)
    return axes


def accuracy_dots(accuracies, title):
    """Test accuracy of each trained network as a dot, with and without shuffled columns.

    Args:
        accuracies: {(task, network, order): accuracies of several training runs}.
        title: The figure's finding.

    Returns:
        Array (1, tasks) of Axes.
    """
    tasks = list(dict.fromkeys(task for task, _, _ in accuracies))
    axes = axes_grid(1, len(tasks), 4.6 * len(tasks), 3.8, title)
    for ax, task in zip(axes.flat, tasks, strict=True):
        rows = {key[1:]: 100 * np.array(scores) for key, scores in accuracies.items() if key[0] == task}
        for place, ((_, order), scores) in enumerate(rows.items()):
            colour = BLUE if order == "in order" else ORANGE
            ax.plot(scores, [place] * len(scores), "o", color=colour, alpha=0.6, markersize=7)
            ax.plot([scores.mean()] * 2, [place - 0.25, place + 0.25], color="black", linewidth=1.5)
            ax.text(scores.mean(), place - 0.33, f"{scores.mean():.1f}", ha="center", fontsize=9)
        ax.set_yticks(range(len(rows)), [f"{network},\n{order}" for network, order in rows])
        ax.set_ylim(len(rows) - 0.5, -0.7)
        ax.set_title(task, fontsize=11)
        ax.set_xlabel("test accuracy (%)")
        ax.margins(x=0.12)
        ax.spines[["top", "right"]].set_visible(False)
    return axes


def curves_by_examples(sizes, lines, title, apart):
    """Test accuracy by the number of training examples per class, and the same in a close-up.

    Args:
        sizes: Training examples per class, (points,).
        lines: {label: accuracies (points,), or (draws, points) to draw the mean and shade the range}.
        title: The figure's finding.
        apart: Label of the line that the close-up leaves out; it comes last.

    Returns:
        Array (1, 2) of Axes.
    """
    axes = axes_grid(1, 2, 9.5, 4, title)
    lines = {label: 100 * values for label, values in lines.items() if label != apart} | {
        apart: 100 * lines[apart]
    }
    near = {label: values for label, values in lines.items() if label != apart}
    for ax, shown in zip(axes.flat, (lines, near), strict=True):
        curves(ax, sizes, shown, "training examples per class (logarithmic scale)", "test accuracy (%)")
        ax.set_xscale("log")
        ax.set_xticks(sizes, sizes)
        ax.minorticks_off()
    draws = max(len(np.atleast_2d(values)) for values in lines.values())
    if draws > 1:
        axes[0, 0].set_title(f"mean of {draws} random draws; shaded from worst to best", fontsize=10)
    axes[0, 1].set_title(f"close-up without \u201c{apart}\u201d", fontsize=10)
    return axes
