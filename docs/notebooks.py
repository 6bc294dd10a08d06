"""Make a notebook of each lesson: `python -m docs.notebooks digits sentiment --out notebooks/`.

The lessons in `tutorials/` are the only source. A notebook is made of a lesson's syntax tree, without
running it: the docstring is text, the signature of `main` a cell of settings, each paragraph of `main` a
heading and a cell. Notebooks are built where they are wanted, and never committed.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import nbformat
from tyro.conf import Positional, arg

from tutorials.__main__ import LESSONS
from tutorials.lesson.flags import parse

from .cells import lesson_cells
from .placing import place_notebooks
from .source import LessonSourceError

ROOT = Path(__file__).parents[1]
Names = Annotated[Positional[tuple[str, ...]], arg(metavar="[LESSON ...]")]
FIRST_CELL = Path(__file__).with_name("first_cell.py")


def repository():
    """The address that a notebook clones the project from, where it is missing.

    It is that of the GitHub workflow that builds the notebook, else that of the clone, if it is public;
    "" where it is not known.
    """
    if "GITHUB_REPOSITORY" in os.environ:
        return (
            f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{os.environ['GITHUB_REPOSITORY']}"
        )
    try:
        told = subprocess.run(
            ["git", "-C", str(ROOT), "remote", "get-url", "origin"], capture_output=True, text=True
        ).stdout.strip()
    except OSError:  # there is no git
        told = ""
    ssh = re.fullmatch(r"git@([\w.-]+):([\w./-]+)", told)
    told = f"https://{ssh.group(1)}/{ssh.group(2)}" if ssh else told
    return told if re.fullmatch(r"https://[\w.-]+/[\w./-]+", told) else ""


def notebook(lesson, **settings):
    """The notebook of a lesson, not run.

    Args:
        lesson: Its name, such as "digits".
        **settings: Settings that are to differ from the lesson's defaults.

    Returns:
        An `nbformat` notebook.

    Raises:
        LessonSourceError: If there is no such lesson or setting, or no notebook can be made of it.

    Example:
        >>> from docs.notebooks import notebook
        >>> book = notebook("digits", quick=True)
        >>> [cell.source.splitlines()[0] for cell in book.cells if cell.cell_type == "markdown"][1:4]
        ['## Settings', '## Data', '## Model']
    """
    if lesson not in LESSONS:
        raise LessonSourceError(f"There is no lesson {lesson!r}; there are {', '.join(LESSONS)}.")
    text = (ROOT / "tutorials" / f"{lesson}.py").read_text(encoding="utf-8")
    first = FIRST_CELL.read_text(encoding="utf-8").replace("REPOSITORY", repository()).strip()
    book = nbformat.v4.new_notebook()
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book.metadata.language_info = {"name": "python"}
    opening, *others = lesson_cells(text, lesson, settings)
    cells = [(opening.kind, opening.text, ()), ("code", first, ("install",)), *others]
    makers = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    for number, (kind, content, tags) in enumerate(cells):
        cell = makers[kind](content, id=f"{lesson}-{number}".replace("_", "-"))
        if tags:
            cell.metadata.tags = list(tags)
        book.cells.append(cell)
    return book


def main(lessons: Names = (), out: Path = Path("build/notebooks")) -> None:
    """Write lessons as notebooks.

    Args:
        lessons: Names of lessons; by default all.
        out: Folder for the notebooks. Those of an earlier build are replaced, but for any that were changed
            or run since: these are refused.
    """
    books = {lesson: notebook(lesson) for lesson in lessons or LESSONS}
    place_notebooks(books, out)
    print(f"{'A notebook is' if len(books) == 1 else f'{len(books)} notebooks are'} in {out}.")


if __name__ == "__main__":
    try:
        parse(main)()
    except (LessonSourceError, OSError) as error:
        sys.exit(f"Error: {error}")
