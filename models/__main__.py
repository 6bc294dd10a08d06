"""List the zoo: `python -m models`. All of it is in zoo.json, which tests check."""

import sys

from rich.console import Console
from rich.table import Table

from .pretrained.table import BACKBONES
from .startup.surroundings import readable_output
from .zoo import FOLDER, zoo


def rows():
    """One row for each builder and set of weights: name, call, parameters and test accuracy."""
    for entry in zoo().values():
        for weights in entry["weights"] or [None]:
            row = [entry["name"], entry["call"], f"{entry['parameters']:,}"]
            if weights:
                size = (FOLDER / weights["file"]).stat().st_size
                row += [
                    f'"{weights["name"]}"',
                    f"{weights['test_accuracy']:.2%} of the test set",
                    weights["data"],
                    f"{size / 1e6:.1f} MB",
                ]
            yield row


def main():
    """Print two tables: the zoo's own builders with their weights, and the backbones."""
    table = Table(title="The zoo")
    for column in "name", "builder", "weights", "result", "data", "file":
        table.add_column(column, overflow="fold")
        if column == "builder":
            table.add_column("parameters", justify="right")
    for row in rows():
        table.add_row(*row)
    backbones = Table(title="Backbones for fine-tuning, Backbone(name)")
    for column, justify in (("name", "left"), ("parameters", "right"), ("pixels", "right")):
        backbones.add_column(column, justify=justify)
    for column in "weights", "what it is":
        backbones.add_column(column, overflow="fold")
    for entry in BACKBONES.values():
        side = entry.image_size
        cells = f"{entry.parameters:,}", f"{side} x {side}", f'"{entry.weights}"', entry.about
        backbones.add_row(entry.name, *cells)
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table)
    console.print(backbones)


if __name__ == "__main__":
    with readable_output():
        main()
