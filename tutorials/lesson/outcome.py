"""What `main` of a lesson returns: the numbers, the model and the figures of one run."""

from dataclasses import dataclass, field
from pathlib import Path

import keras
from matplotlib.figure import Figure

from datasets.files.names import safe


@dataclass(eq=False)
class Outcome:
    """One run of a lesson. It shows itself as a table in a notebook, and as text in a terminal.

    Args:
        metrics: What was written to metrics.json: the results, the settings, the data and more.
        model: The trained model, None where the lesson trains none that it keeps.
        figures: {name: matplotlib Figure}; each is saved as NAME.png or NAME.gif in `folder`.
        folder: Where the results are.
        bands: {name of a result: how it compares with its expected band}.

    Example:
        >>> from tutorials.lesson.outcome import Outcome
        >>> run = Outcome({"lesson": "digits", "results": {"test_accuracy": 0.98}, "finding": "It works."})
        >>> run.results["test_accuracy"]
        0.98
        >>> print(run)
        digits
          test_accuracy            0.98
        It works.
    """

    metrics: dict
    model: keras.Model | None = None
    figures: dict[str, Figure] = field(default_factory=dict)
    folder: Path | None = None
    bands: dict[str, str] = field(default_factory=dict)

    @property
    def results(self):
        """{name: number}: every result of the run."""
        return self.metrics["results"]

    @property
    def finding(self):
        """What the run showed, in one sentence."""
        return self.metrics["finding"]

    def lines(self):
        """One line a result: its name, its value, and how it compares with its expected band."""
        width = max([24, *map(len, self.results)])
        for name, value in self.results.items():
            band = self.bands.get(name, "")
            yield f"  {name:<{width}} {_in_short(value):<{12 if band else 0}} {band}".rstrip()

    def __str__(self):
        lines = [self.metrics["lesson"], *self.lines()]
        if self.figures:
            lines.append(f"  figures: {', '.join(self.figures)}")
        if self.folder:
            lines.append(f"  folder: {safe(self.folder, 'terminal', 4096)}")
        return "\n".join([*lines, safe(self.finding, "terminal", 4096)])

    __repr__ = __str__  # the fields themselves would fill the screen

    def _repr_html_(self):
        rows = "".join(
            f"<tr><th>{safe(name, 'html')}</th><td>{_in_short(value)}</td>"
            f"<td>{safe(self.bands.get(name, ''), 'html')}</td></tr>"
            for name, value in self.results.items()
        )
        where = f" Its files are in {safe(str(self.folder), 'html')}." if self.folder else ""
        return (
            f"<table><caption>{safe(self.metrics['lesson'], 'html')}</caption>{rows}</table>"
            f"<p>{safe(self.finding, 'html')}{where}</p>"
        )


def _in_short(value):
    """A result in at most four digits; a count in full."""
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
