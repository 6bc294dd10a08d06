"""The README and the pages of `docs/pages`, as the site takes them: no text and no number is written twice.

The pages are Markdown that can be read in the repository. What only the site shows, or only the repository,
stands there in Jinja's marks in HTML comments: `<!-- {{ zoo_table() }} -->`, `<!-- {% if not site %} -->`.
"""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "pages"
PICTURES = "tutorials/pictures/"
PROJECT = {"CONTRIBUTING.md": "contributing.md", "SECURITY.md": "security.md", "CHANGELOG.md": "changelog.md"}
ROW = re.compile(
    r"<tr><td><b><code>python -m tutorials\.(\w+)</code></b><br>(.*?)</td>\s*"
    r'<td><img alt="([^"]*)" src="([^"]*)"[^>]*></td>\s*<td>(.*?)</td>\s*<td>(.*?)</td></tr>',
    re.DOTALL,
)


class Row(NamedTuple):
    """A lesson's row in the table of lessons: texts, of which `results` is HTML."""

    description: str
    alt: str
    picture: str
    results: str
    seconds: str


def read():
    """The text of the README."""
    return (ROOT / "README.md").read_text(encoding="utf-8")


def section(text, title):
    """What stands below a heading of the README, up to the next one of its level, as Markdown of the site.

    Args:
        text: The README.
        title: The heading's text; "" for what stands before the first one.

    Raises:
        ValueError: If there is no such heading.

    Example:
        >>> from docs.readme import section
        >>> section("# A\\n## Data\\nSee [zoo](docs/pages/zoo.md), [a](a.py).\\n## End\\n", "Data")
        'See [zoo](/zoo.md), a.'
    """
    if title:
        found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    else:
        found = re.search(r"\A# [^\n]*\n(.*?)(?=^## )", text, re.DOTALL | re.MULTILINE)
    if not found:
        raise ValueError(f"README.md has no section {title!r}.")
    return of_the_site(found.group(1)).strip()


def of_the_site(text, lessons=()):
    """Markdown of the repository with the site's links and pictures; Jinja's marks lose their comments.

    Args:
        text: Markdown.
        lessons: Names of the lessons that the site has. Links to other files that are no page become words.

    Example:
        >>> from docs.readme import of_the_site
        >>> of_the_site("[law](../../SECURITY.md) ![p](../../tutorials/pictures/p.png) <!-- {{ zoo() }} -->")
        '[law](/security.md) ![p](/_pictures/p.png) {{ zoo() }}'
    """
    text = re.sub(rf"(?:\.\./)*{PICTURES}", "/_pictures/", text)
    text = re.sub(r"<!-- (?=\{[{%])|(?<=[}%]\}) -->", "", text)

    def link(match):
        words, target, anchor = match.groups()
        name = Path(target).name
        if target.endswith(".py") and (lesson := Path(target).stem) in lessons:
            return f"[{words}](/lessons/{lesson}.ipynb)"
        page = PROJECT.get(name) or (name if (PAGES / name).is_file() else None)
        if page == "lessons.md":
            page = "lessons/index.md"
        return f"[{words}](/{page}{anchor or ''})" if page else words

    return re.sub(r"(?<!!)\[([^\]]+)\]\(([\w./-]+\.(?:md|py|json))(#[\w-]+)?\)", link, text)


def lesson_rows():
    """{lesson: its `Row`} of the table of lessons."""
    text = (PAGES / "lessons.md").read_text(encoding="utf-8")
    return {name: Row(*(" ".join(part.split()) for part in parts)) for name, *parts in ROW.findall(text)}
