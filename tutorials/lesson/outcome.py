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

    @property
    def results(self):
        """{name: number}: every result of the run."""
        return self.metrics["results"]

    @property
    def finding(self):
        """What the run showed, in one sentence."""
        return self.metrics["finding"]

    @property
    def bands(self):
        """{name of a result: how it compares with its expected band}; empty where nothing is expected."""
        return {name: _compared(**one) for name, one in self.metrics.get("bands", {}).items()}

    @property
    def conclusions(self):
        """What the lesson concludes at default settings: list of {"says": sentence, "holds": bool}."""
        return self.metrics.get("conclusions", [])

    def lines(self):
        """One line a result: its name, its value, and how it compares with its expected band."""
        width, bands = max([24, *map(len, self.results)]), self.bands
        for name, value in self.results.items():
            band = bands.get(name, "")
            yield f"  {name:<{width}} {_in_short(value):<{12 if band else 0}} {band}".rstrip()

    def conclusion_lines(self):
        """One line for each conclusion that does not hold in this run, then how many do."""
        wrong = [one["says"] for one in self.conclusions if not one["holds"]]
        for says in wrong:
            yield f"NOT so in this run: {says}"
        if right := len(self.conclusions) - len(wrong):
            yield f"Conclusions that hold in this run: {right} of {len(self.conclusions)} (see metrics.json)."

    def __str__(self):
        lines = [self.metrics["lesson"], *self.lines(), *(f"  {line}" for line in self.conclusion_lines())]
        if self.figures:
            lines.append(f"  figures: {', '.join(self.figures)}")
        if self.folder:
            lines.append(f"  folder: {safe(self.folder, 'terminal', 4096)}")
        return "\n".join([*lines, safe(self.finding, "terminal", 4096)])

    __repr__ = __str__  # the fields themselves would fill the screen

    def _repr_html_(self):
        bands = self.bands
        rows = "".join(
            f"<tr><th>{safe(name, 'html')}</th><td>{_in_short(value)}</td>"
            f"<td>{safe(bands.get(name, ''), 'html')}</td></tr>"
            for name, value in self.results.items()
        )
        said = "".join(f"<li>{safe(line, 'html', 4096)}</li>" for line in self.conclusion_lines())
        where = f" Its files are in {safe(str(self.folder), 'html')}." if self.folder else ""
        return (
            f"<table><caption>{safe(self.metrics['lesson'], 'html')}</caption>{rows}</table>"
            f"{said and f'<ul>{said}</ul>'}<p>{safe(self.finding, 'html')}{where}</p>"
        )


def _in_short(value):
    """A result in at most four digits; a count in full."""
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _compared(band, verdict):
    """How a result compares with its band."""
    low, high = band
    if low == high:  # a count
        return "as expected" if verdict == "inside" else f"NOT the expected {low:,}"
    where = "inside" if verdict == "inside" else "OUTSIDE"
    return f"{where} the expected band, {low:,} to {high:,}"
