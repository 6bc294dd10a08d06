"""Figures of learning one task after the other: accuracies on every task after every task."""

import numpy as np

from tutorials.figures.charts import axes_grid


def accuracy_matrices(matrices, joint, tasks, title):
    """For each way of learning: the accuracy on each task after training on each.

    Args:
        matrices: {way: accuracies (tasks, tasks)}, row i after training on task i.
        joint: Accuracies of joint training, (tasks,), which are shown as a matrix of one row.
        tasks: Names of the tasks.
        title: The figure's finding.

    Returns:
        Array (1, ways + 1) of Axes.
    """
    axes = axes_grid(1, len(matrices) + 1, 3.4 * (len(matrices) + 1), 4.4, title)
    for ax, (name, matrix) in zip(axes[0], [*matrices.items(), ("joint", joint[None])], strict=True):
        ax.imshow(matrix, cmap="Blues", vmin=0, vmax=1)
        for (row, column), accuracy in np.ndenumerate(matrix):
            later = column > row and len(matrix) > 1  # a task that has not been trained yet
            colour = "#767676" if later else "white" if accuracy > 0.5 else "black"
            ax.text(column, row, f"{100 * accuracy:.0f}", ha="center", va="center", color=colour, fontsize=10)
        ax.set_title(f"{name}: {matrix[-1].mean():.1%} at the end", fontsize=10)
        ax.set_xticks(range(len(tasks)), tasks)
        ax.set_yticks(range(len(matrix)), tasks if len(matrix) > 1 else ["all"])
        ax.set_xlabel("accuracy in % on task")
        ax.spines[:].set_visible(False)
    axes[0, 0].set_ylabel("after training on task")
    return axes
