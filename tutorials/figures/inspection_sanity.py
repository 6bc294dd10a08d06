"""What is left of heatmaps when weights are randomized layer by layer. Arrays in, Axes and words out."""

from tutorials.figures.charts import axes_grid
from tutorials.figures.charts import curves as lines

NOTICED = 0.5**0.5  # rank correlation below which two maps share less than half of their ranks' variance


def finding(left):
    """Which heatmaps notice that all weights are random, from their rank correlations.

    Args:
        left: {method: rank correlations with the model's own maps (cuts, images)}, the last cut with all
            weights random.

    Returns:
        A sentence without its full stop.
    """
    final = {name: float(values[-1].mean()) for name, values in left.items()}
    notice = [name for name, value in final.items() if value < NOTICED]
    stay = [f"{name} keeps {value:.2f}" for name, value in final.items() if value >= NOTICED]
    said = f"With all weights random, {_listed(stay) or 'none stays the same'}"
    if notice:
        rank = "rank" if len(notice) > 1 else "ranks"
        said = f"With all weights random, {_listed(notice)} no longer {rank} pixels as before"
        said += f"; {_listed(stay) or 'none stays the same'}"
    return said


def curves_by_layer(left, others, ticks, title):
    """Rank correlation with the original maps by the layers that are randomized, mean and range over images.

    Args:
        left: As in `finding`.
        others: {method: rank correlation of its maps of different images}, drawn as dotted lines.
        ticks: Names of the layers, "none" first.
        title: The figure's finding.

    Returns:
        Array (1, 1) of Axes.
    """
    axes = axes_grid(1, 1, 8, 4.6, title.replace("; ", ";\n"))
    ax, x = axes[0, 0], range(len(ticks))
    lines(
        ax, x, {name: values.T for name, values in left.items()},
        "layers with random weights, from the output to this one", "rank correlation with the original map",
    )  # fmt: skip
    for line, name in zip(ax.get_lines(), left, strict=True):
        ax.axhline(others[name], color=line.get_color(), linestyle=":", linewidth=1.2)
    ax.set_xticks(x, ticks)
    ax.set_ylim(-1, 1.05)
    handles = ax.get_legend_handles_labels()
    ax.get_legend().remove()
    ax.figure.legend(*handles, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    ax.set_title("shaded: range over images; dotted: maps of different images", fontsize=9)
    return axes


def _listed(words):
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
