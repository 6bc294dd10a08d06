"""The pages of the site as a folder of Markdown and notebooks, from which Sphinx makes HTML."""

import html
import shutil
from pathlib import Path

import jinja2
import nbformat

from datasets import digits
from models import ConvNet
from models.export.page import write_page
from models.zoo import FOLDER as WEIGHTS
from models.zoo import zoo
from tutorials.__main__ import BUILDS_ON, LESSONS, first_line, in_parts

from . import readme
from .api import api_page
from .counting import counting_exercises
from .lesson_page import lesson_page
from .notebooks import ROOT, notebook

HERE = Path(__file__).parent
LIVE = "live.html"


def write_pages(folder, books):
    """Write all that Sphinx needs into a folder.

    Args:
        folder: A new or empty folder.
        books: {lesson: its notebook with outputs}.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = readme.lesson_rows()
    shutil.copy(HERE / "conf.py", folder)
    shutil.copytree(HERE / "static", folder / "_static")
    shutil.copytree(ROOT / "tutorials" / "pictures", folder / "_pictures")
    for source, target in readme.PROJECT.items():
        shutil.copy(ROOT / source, folder / target)
    _, (images, _) = digits.load_data("embedded")
    live = folder / "_static" / LIVE
    write_page(ConvNet(weights="mnist"), images[:12], live, digits.CLASS_NAMES, "Look inside ConvNet")
    for package in "models", "datasets":
        (folder / "api").mkdir(exist_ok=True)
        page = folder / "api" / f"{package}.md"
        page.write_text(api_page(package, zoo() if package == "models" else ()), encoding="utf-8")
    lessons = folder / "lessons"
    (lessons / "files").mkdir(parents=True)
    for lesson, book in books.items():
        frame = live_page("../") if lesson == "look_inside" else ""
        page = lesson_page(book, lesson, LESSONS[lesson], rows.get(lesson), frame)
        nbformat.write(page, lessons / f"{lesson}.ipynb")
        shutil.copy(ROOT / "tutorials" / f"{lesson}.py", lessons / "files")
        nbformat.write(notebook(lesson), lessons / "files" / f"{lesson}.ipynb")
    _write_templates(folder, rows, list(books))


def _write_templates(folder, rows, lessons):
    text = readme.read()
    known = {
        "site": True,
        "readme": lambda title: readme.section(text, title),
        "gallery": lambda: gallery(lessons, rows),
        "lesson_names": lambda: "\n".join(f"{lesson} <{lesson}>" for lesson in lessons),
        "live_page": live_page,
        "counting_exercises": counting_exercises,
        "zoo_table": zoo_table,
        "results_table": lambda: results_table(lessons, rows),
    }
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    for page in sorted(readme.PAGES.glob("*.md")):
        content = readme.of_the_site(page.read_text(encoding="utf-8"), lessons)
        target = folder / ("lessons/index.md" if page.stem == "lessons" else page.name)
        target.write_text(environment.from_string(content).render(known), encoding="utf-8")


def gallery(lessons, rows):
    """Markdown of a card for each lesson, by parts: picture, first line, seconds, and what it builds on."""
    cards = []
    for part, names in in_parts(lessons).items():
        cards += [f"## {part}", "", ":::::{grid} 1 2 2 3", ":gutter: 3", ":class-container: gallery", ""]
        for lesson in names:
            row = rows.get(lesson)
            cards += ["::::{grid-item-card} " + lesson, f":link: {lesson}", ":link-type: doc"]
            if row:
                alt = row.alt.replace("\n", " ")
                cards += [f":img-top: /_pictures/{Path(row.picture).name}", f":img-alt: {alt}"]
            footer = f"about {60 * LESSONS[lesson]:.0f} seconds"
            if lesson in BUILDS_ON:
                footer += f"; builds on {', '.join(BUILDS_ON[lesson])}"
            cards += ["", first_line(lesson), "", ":::{card-footer}", footer, ":::", "::::", ""]
        cards += [":::::", ""]
    return "\n".join(cards)


def live_page(above):
    """HTML of the page that runs a network of the zoo in the browser, in a frame.

    Args:
        above: The way to the site's top folder, such as "../".
    """
    return (
        f'<iframe class="live" src="{above}_static/{LIVE}" loading="lazy" '
        f'title="A network that runs in the browser: draw a digit"></iframe>\n\n'
        f'<p class="ways"><a href="{above}_static/{LIVE}">Open it alone</a></p>'
    )


def zoo_table():
    """Markdown of the zoo: each builder with its parameters, its weights and their measured accuracy."""
    lines = [
        "| Builder | Parameters | Weights | Test accuracy | File |",
        "| --- | ---: | --- | ---: | ---: |",
    ]
    for name, entry in zoo().items():
        named = f"[`{name}()`](#models.{name})"
        sets = entry["weights"] or [None]
        for weights in sets:
            cells = ["", "", ""]
            if weights:
                accuracy = f"{weights['test_accuracy']:.2%}" if "test_accuracy" in weights else ""
                size = f"{(WEIGHTS / weights['file']).stat().st_size / 1e6:.1f}\N{NO-BREAK SPACE}MB"
                cells = [f'`"{weights["name"]}"`', accuracy.replace("%", "\N{NO-BREAK SPACE}%"), size]
            lines.append(f"| {named} | {entry['parameters']:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def results_table(lessons, rows):
    """HTML of the results of all lessons over several seeds."""
    lines = [
        f'<tr><td><a href="lessons/{lesson}.html">{html.escape(lesson)}</a></td>'
        f"<td>{rows[lesson].results}</td><td>{rows[lesson].seconds}</td></tr>"
        for lesson in lessons
        if lesson in rows
    ]
    head = "<tr><th>Lesson</th><th>Result</th><th>Seconds</th></tr>"
    return f'<div class="table-wrapper"><table class="docutils">{head}{"".join(lines)}</table></div>'
