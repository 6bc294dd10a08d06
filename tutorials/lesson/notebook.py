"""Figures of a lesson in a notebook: each appears once, below the cell, when it is made."""

import sys

from matplotlib.figure import Figure


def kernel():
    """IPython's shell if a notebook runs this process; None in a script, a command or a terminal."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    shell = get_ipython()
    return shell if getattr(shell, "kernel", None) else None


def show_figure(figure):
    """Show a figure below the cell that runs; elsewhere do nothing.

    A lesson's figures are not pyplot's, so the notebook does not show them a second time.

    Args:
        figure: matplotlib Figure.
    """
    shell = kernel()
    if not shell:
        return
    from IPython.core.pylabtools import select_figure_formats
    from IPython.display import display

    formatters = shell.display_formatter.formatters
    if not any(_knows_figures(formatters[kind]) for kind in formatters if kind.startswith("image/")):
        select_figure_formats(shell, {"png"})  # what `%matplotlib inline` sets, where nothing has been set
    display(figure)


def show_file(path):
    """Show an animation below the cell that runs; elsewhere do nothing.

    Args:
        path: A GIF file.
    """
    if not kernel():
        return
    from IPython.display import Image, display

    display(Image(data=path.read_bytes(), format="gif"))


def _knows_figures(formatter):
    """Whether a formatter of IPython has been told how to show a figure."""
    try:
        formatter.lookup_by_type(Figure)
    except KeyError:
        return False
    return True
