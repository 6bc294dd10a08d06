"""A lesson in a notebook: each figure appears once, below the cell, when it is made; a run may end early."""

import sys

from matplotlib.figure import Figure


def kernel():
    """IPython's shell if a notebook runs this process; None in a script, a command or a terminal."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    shell = get_ipython()
    return shell if getattr(shell, "kernel", None) else None


class Finished(Exception):
    """Ends a run before the notebook's last cell: what it gives is shown, and no cell after it is run.

    In a script, `main` returns it.

    Args:
        value: What the lesson returns.
    """

    def __init__(self, value):
        super().__init__("The run ends here: the cells below are not needed with these settings.")
        self.value, self._is_shown = value, False

    def _render_traceback_(self):
        """What IPython prints in place of a traceback; it asks more than once."""
        from IPython.display import display

        if not self._is_shown:
            display(self.value)
        self._is_shown = True
        return [str(self)]


def show_figure(figure, name=""):
    """Show a figure below the cell that runs; elsewhere do nothing.

    A lesson's figures are not pyplot's, so the notebook does not show them a second time.

    Args:
        figure: matplotlib Figure.
        name: Its name, which is kept with its title as metadata of the cell's output.
    """
    shell = kernel()
    if not shell:
        return
    from IPython.core.pylabtools import select_figure_formats
    from IPython.display import display

    formatters = shell.display_formatter.formatters
    if not any(_knows_figures(formatters[kind]) for kind in formatters if kind.startswith("image/")):
        select_figure_formats(shell, {"png"})  # what `%matplotlib inline` sets, where nothing has been set
    display(figure, metadata={"figure": name, "title": title_of(figure)})


def title_of(figure):
    """The title of a figure in one line: that of the whole, else that of its only Axes."""
    titles = [figure.get_suptitle(), *(ax.get_title() for ax in figure.axes[:1])]
    return " ".join(next(filter(None, titles), "").split())


def show_file(path, title=""):
    """Show an animation below the cell that runs; elsewhere do nothing.

    Args:
        path: A GIF file.
        title: Its title, which is kept with its name as metadata of the cell's output.
    """
    if not kernel():
        return
    from IPython.display import Image, display

    metadata = {"figure": path.stem, "title": title}
    display(Image(data=path.read_bytes(), format="gif"), metadata=metadata)


def _knows_figures(formatter):
    """Whether a formatter of IPython has been told how to show a figure."""
    try:
        formatter.lookup_by_type(Figure)
    except KeyError:
        return False
    return True
