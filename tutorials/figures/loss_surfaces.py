"""Figures of gradient descent: paths on loss curves and loss surfaces, and a trained classifier."""

import numpy as np

from tutorials.figures.charts import BLUE, GREEN, GREY, ORANGE, axes_grid


def descents(curve, tracks, title):
    """Gradient descent on one loss curve, each path in a panel of its own.

    Args:
        curve: (parameter, loss), both (points,).
        tracks: {label: (parameter, loss) after each step}. Points off the curve are not drawn.
        title: The figure's finding.

    Returns:
        Array (rows, 2) of Axes.
    """
    rows = -(-len(tracks) // 2)
    axes = axes_grid(rows, 2, 9, 2.4 * rows + 0.6, title)
    for ax, (label, (w, loss)) in zip(axes.flat, tracks.items(), strict=False):
        _slope(ax, curve)
        ax.plot(w, loss, "o-", color=ORANGE, markersize=4, linewidth=0.8, alpha=0.7)
        ax.plot(w[0], loss[0], "o", color="black", markersize=7, label="start")
        ax.plot(w[-1], loss[-1], "s", color=GREEN, markersize=8, label=f"after {len(w) - 1} steps")
        ax.set_title(label, fontsize=10)
        ax.legend(frameon=False, fontsize=8, loc="upper center")
    return axes


def descent_film(curve, tracks):
    """Animation of gradient descent on one loss curve, with the paths side by side.

    Args:
        curve: (parameter, loss), both (points,).
        tracks: {label: (parameter, loss) after each step}.

    Returns:
        (figure, function that draws the step of a given number), for `Report.animation`.
    """
    axes = axes_grid(1, len(tracks), 3.4 * len(tracks), 3.2, "Gradient descent, step by step")
    skiers = []
    for ax, label in zip(axes.flat, tracks, strict=True):
        _slope(ax, curve)
        ax.set_title(label.replace(": ", "\n"), fontsize=10)
        trail = ax.plot([], [], "-", color=ORANGE, linewidth=0.8, alpha=0.6)[0]
        skiers.append((trail, ax.plot([], [], "o", color=ORANGE, markersize=10)[0]))

    def show(step):
        for (trail, skier), (w, loss) in zip(skiers, tracks.values(), strict=True):
            trail.set_data(w[: step + 1], loss[: step + 1])
            skier.set_data(w[step : step + 1], loss[step : step + 1])

    return axes[0, 0].figure, show


def _slope(ax, curve):
    """Draw the loss curve that gradient descent runs on."""
    ax.plot(*curve, color=BLUE)
    ax.set_xlim(curve[0][0], curve[0][-1])
    ax.set_ylim(0, 1.05 * curve[1].max())
    ax.set_xlabel("parameter w")
    ax.set_ylabel("loss")
    ax.spines[["top", "right"]].set_visible(False)


def paths_on_surface(x, y, loss, paths, title):
    """Paths of optimizers over contour lines of the loss.

    Args:
        x, y, loss: Arrays (rows, columns) of two parameters and the loss.
        paths: {label: array (steps, 2)}.
        title: The figure's finding.

    Returns:
        Array (1, paths) of Axes.
    """
    axes = axes_grid(len(paths), 1, 8, 2.3 * len(paths) + 0.8, title)
    for ax, (label, path), colour in zip(axes.flat, paths.items(), (BLUE, ORANGE, GREEN), strict=False):
        ax.contour(x, y, loss, levels=np.geomspace(0.02, loss.max(), 14), colors=GREY, linewidths=0.6)
        ax.plot(*path.T, "o-", color=colour, markersize=3, linewidth=1.2)
        ax.set_title(label, fontsize=10)
        ax.plot(*path[0], "ko", markersize=7)
        ax.plot(0, 0, "k*", markersize=12)
        ax.set_xlim(x.min(), x.max())
        ax.set_ylim(y.min(), y.max())
        ax.set_ylabel("parameter 2")
    axes[-1, 0].set_xlabel("parameter 1 (dot: start; star: minimum; contour lines: equal loss)")
    return axes


def losses_and_decision_map(losses, predictions, points, title):
    """Validation losses of two training runs, and the predicted probability over the plane.

    Args:
        losses: {label: losses (epochs,)}. The first is drawn with markers, the second as a line.
        predictions: (positions (rows, columns, 2), predicted probability of the second class there).
        points: (points (n, 2), labels (n,) 0 or 1), drawn over the predictions.
        title: The figure's finding.

    Returns:
        Array (1, 2) of Axes.
    """
    axes = axes_grid(1, 2, 9, 4.2, title)
    ax = axes[0, 0]
    for (label, values), style in zip(losses.items(), ("o", "-"), strict=True):
        colour = BLUE if style == "o" else ORANGE
        ax.plot(np.arange(1, len(values) + 1), values, style, color=colour, markersize=4, label=label)
    ax.set_xlabel("epoch")
    ax.set_ylabel("validation loss (cross-entropy)")
    ax.set_ylim(0, None)
    ax.legend(frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    ax = axes[0, 1]
    positions, probability = predictions
    ax.contourf(positions[..., 0], positions[..., 1], probability, levels=20, cmap="RdBu", alpha=0.35)
    for label, colour, marker in (0, ORANGE, "o"), (1, BLUE, "^"):
        ax.plot(*points[0][points[1] == label].T, marker, color=colour, markersize=3)
    ax.set_aspect("equal")
    ax.set_xlabel("test points of two spirals; background: predicted probability")
    ax.set_xticks([])
    ax.set_yticks([])
    return axes
