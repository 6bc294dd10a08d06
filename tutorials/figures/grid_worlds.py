"""Figures of reinforcement learning: values of a grid world by cell and action, and training over seeds."""

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.patches import Rectangle

from tutorials.figures.charts import BLUE, GREEN, GREY, ORANGE, axes_grid, curves

SYMBOLS = {"#": ("#444444", ""), "+": ("#b2182b", "+1"), "-": ("#2166ac", "−1")}
# Corners of a cell's triangles, and where their numbers stand, (x, y) from its centre: up, right, down, left
CORNERS = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
INSIDE = 0.32 * np.array([(0, -1), (1, 0), (0, 1), (-1, 0)])


def _world(ax, rows):
    """Draw walls, goal and pits; rows are texts as a `GridWorld` takes them."""
    for (row, column), symbol in np.ndenumerate([list(row) for row in rows]):
        if symbol in SYMBOLS:
            colour, text = SYMBOLS[symbol]
            ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, color=colour))
            ax.text(column, row, text, ha="center", va="center", color="white", fontweight="bold")
    ax.set(
        xlim=(-0.5, len(rows[0]) - 0.5), ylim=(len(rows) - 0.5, -0.5), aspect="equal", xticks=[], yticks=[]
    )
    ax.spines[:].set_visible(False)


def _triangles(ax, rows, cells, values):
    """Each cell as four triangles, one for each action, the best with a frame; returns how to change them."""
    _world(ax, rows)
    centres = cells[:, None, ::-1]  # (cells, 1, (x, y))
    corners = np.stack([centres[:, 0] + corner for corner in CORNERS], 1)  # (cells, 4, 2)
    shapes = np.stack([corners, np.roll(corners, -1, 1), np.broadcast_to(centres, corners.shape)], 2)
    drawn = PolyCollection(
        shapes.reshape(-1, 3, 2), cmap="RdBu_r", clim=(-1, 1), edgecolor="white", linewidth=0.5
    )
    frames = ax.plot([], [], color="black", linewidth=1.3)[0]
    ax.add_collection(drawn)

    def show(values):
        drawn.set_array(values.ravel())
        best = shapes[np.arange(len(cells)), values.argmax(1)]  # (cells, 3, 2)
        inner = 0.93 * (best - centres) + centres
        path = np.concatenate([inner, inner[:, :1], np.full((len(cells), 1, 2), np.nan)], 1).reshape(-1, 2)
        frames.set_data(*path.T)

    show(values)
    return show


def q_values(rows, cells, exact, learned, title):
    """Exact and learned values of each action in each cell, on one colour scale, and one against the other.

    Args:
        rows: Texts as a `GridWorld` takes them.
        cells: Row and column of each free cell, (cells, 2).
        exact, learned: Q (cells, 4): up, right, down, left.
        title: The figure's finding.

    Returns:
        Array (1, 3) of Axes.
    """
    axes = axes_grid(1, 3, 15, 4.3, title)
    for ax, values, name in zip(axes[0], (exact, learned), ("exact", "network"), strict=False):
        _triangles(ax, rows, cells, values)
        ax.set_title(f"{name} (framed: the best action)", fontsize=10)
        for cell, four in zip(cells, values, strict=True):
            for (x, y), value in zip(cell[::-1] + INSIDE, four, strict=True):
                colour = "white" if abs(value) > 0.65 else "black"
                text = f"{value:.2f}".replace("0.", ".").replace("-", "−")
                ax.text(x, y, text, ha="center", va="center", fontsize=6, color=colour, in_layout=False)
    ax = axes[0, 2]
    limits = min(exact.min(), learned.min()) - 0.05, max(exact.max(), learned.max()) + 0.05
    ax.plot(limits, limits, color=GREY, linewidth=0.8)
    for values, marker, colour, name in (
        (np.arange(4) == exact.argmax(1)[:, None], "o", BLUE, "best action of a cell"),
        (np.arange(4) != exact.argmax(1)[:, None], ".", ORANGE, "other actions"),
    ):
        ax.plot(exact[values], learned[values], marker, color=colour, label=name, markersize=5, alpha=0.8)
    ax.set(xlabel="exact value", ylabel="value of the network", aspect="equal", xlim=limits, ylim=limits)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9)
    return axes


def values_film(rows, cells, exact, history, steps):
    """Animation of the network's values during training, beside the exact ones.

    Args:
        rows, cells: As for `q_values`.
        exact: Q (cells, 4).
        history: Q in the course of training, (frames, cells, 4).
        steps: Training steps before each frame.

    Returns:
        (figure, function that draws the frame of a given number), for `Report.animation`.
    """
    axes = axes_grid(1, 2, 9, 4.2, "The values of the network in the course of training")
    _triangles(axes[0, 0], rows, cells, exact)
    axes[0, 0].set_title("exact", fontsize=10)
    change, name = _triangles(axes[0, 1], rows, cells, history[0]), axes[0, 1].set_title(" ", fontsize=10)

    def show(frame):
        change(history[frame])
        name.set_text(f"network after {steps[frame]:,} training steps")

    return axes[0, 0].figure, show


def triad(steps, errors, peaks, bound, title):
    """How far values are from the exact ones in the course of training, and how large they become.

    Args:
        steps: Training steps, (points,).
        errors, peaks: {setting: array (seeds, points)}.
        bound: What no return exceeds.
        title: The figure's finding.

    Returns:
        Array (1, 2) of Axes.
    """
    axes = axes_grid(1, 2, 11, 4, title)
    for ax, lines, label in zip(
        axes[0], (errors, peaks), ("mean error of the values", "largest value (absolute)"), strict=True
    ):
        curves(ax, steps, lines, "training steps (mean and range of seeds)", label, marked=False)
        ax.set_yscale("log")
    axes[0, 1].axhline(bound, color="black", linewidth=0.8, linestyle=":")
    axes[0, 1].annotate(
        "no return is larger", (1, bound), (0, -4), ("axes fraction", "data"), "offset points", ha="right",
        va="top", fontsize=9,
    )  # fmt: skip
    return axes


def cell_values(rows, cells, panels, title):
    """The value of each cell, one map beside the other on one colour scale.

    Args:
        rows, cells: As for `q_values`.
        panels: {name: V (cells,)}.
        title: The figure's finding.

    Returns:
        Array (2, 2) of Axes.
    """
    axes = axes_grid(2, 2, 10, 7.6, title)
    for ax, (name, values) in zip(axes.flat, panels.items(), strict=True):
        _world(ax, rows)
        grid = np.full((len(rows), len(rows[0])), np.nan)
        grid[tuple(cells.T)] = values
        ax.imshow(grid, cmap="RdBu_r", vmin=-1, vmax=1, zorder=0)
        for (row, column), value in zip(cells, values, strict=True):
            text = f"{value:.2f}".replace("-", "−")
            ax.text(
                column, row, text, ha="center", va="center", fontsize=9,
                color="white" if abs(value) > 0.65 else "black",
            )  # fmt: skip
        ax.set_title(f"{name}: mean {values.mean():.2f}", fontsize=10)
    return axes


def returns(training, tests, title):
    """Returns in the course of training, and those of each test episode beside baselines.

    Args:
        training: (environment steps, mean return of the evaluation episodes, steps of the chosen one).
        tests: {policy: returns (episodes,)}.
        title: The figure's finding.

    Returns:
        Array (1, 2) of Axes.
    """
    axes = axes_grid(1, 2, 11, 4, title)
    steps, means, chosen = training
    curves(axes[0, 0], steps, {"50 evaluation episodes": means}, "steps in the environment", "mean return")
    axes[0, 0].axvline(chosen, color=GREEN, linestyle="--", label="chosen")
    axes[0, 0].legend(frameon=False, fontsize=9)
    random = np.random.default_rng(0)
    for place, values in enumerate(tests.values()):
        mean = np.mean(values)
        spread = random.uniform(-0.25, 0.25, len(values))
        axes[0, 1].plot(place + spread, values, ".", color=(GREY, ORANGE, "black", BLUE)[place], alpha=0.6)
        axes[0, 1].plot([place - 0.35, place + 0.35], [mean] * 2, color="black", linewidth=2)
    means = [f"{name}:\n{np.mean(values):.0f}" for name, values in tests.items()]
    axes[0, 1].set_xticks(range(len(tests)), means)
    axes[0, 1].set(ylabel="return of 100 test episodes (line: mean)", ylim=(0, 530))
    axes[0, 1].spines[["top", "right"]].set_visible(False)
    return axes
