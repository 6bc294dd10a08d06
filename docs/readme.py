"""Pieces of the README for the site, so that no text and no number is written twice."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PICTURES = "tutorials/pictures/"
ROW = re.compile(
    r"<tr><td><b><code>python -m tutorials\.(\w+)</code></b><br>(.*?)</td>\s*"
    r'<td><img alt="([^"]*)" src="([^"]*)"[^>]*></td>\s*<td>(.*?)</td>\s*<td>(.*?)</td></tr>',
    re.DOTALL,
)


class Row(NamedTuple):
    """A lesson's row in the README: texts, of which `results` is HTML."""

    description: str
    alt: str
    picture: str
    results: str
    seconds: str


def read():
    """The text of the README."""
    return (ROOT / "README.md").read_text(encoding="utf-8")


def section(text, title, pages, level=2):
    """What stands below a heading of the README, up to the next one of its level.

    Args:
        text: The README.
        title: The heading's text; "" for what stands before the first one.
        pages: {anchor in the README: page of the site}; other links into the repository become plain text.
        level: Number of "#" of the heading.

    Returns:
        Markdown, in which the project's pictures are looked for in `/_pictures`.

    Raises:
        ValueError: If there is no such heading.

    Example:
        >>> from docs.readme import section
        >>> section("# A\\n## Data\\nSee [zoo](#zoo), [law](LAW.md).\\n## End\\n", "Data", {"zoo": "/zoo.md"})
        'See [zoo](/zoo.md), law.'
    """
    mark = "#" * level
    if title:
        found = re.search(
            rf"^{mark} {re.escape(title)}\n(.*?)(?=^{mark} |\Z)", text, re.DOTALL | re.MULTILINE
        )
    else:
        found = re.search(rf"\A# [^\n]*\n(.*?)(?=^{mark} )", text, re.DOTALL | re.MULTILINE)
    if not found:
        raise ValueError(f"README.md has no section {title!r}.")
    body = found.group(1).replace(PICTURES, "/_pictures/")

    def link(match):
        words, target = match.groups()
        page = pages.get(target.removeprefix("#"))
        return f"[{words}]({page})" if page else words

    body = re.sub(r"(?<!!)\[([^\]]+)\]\((#[\w-]+|[\w/]+\.md)\)", link, body)
    return body.strip()


def lesson_rows(text):
    """{lesson: its `Row`} of the README's table."""
    return {name: Row(*(" ".join(part.split()) for part in parts)) for name, *parts in ROW.findall(text)}


def without_table(text):
    """Markdown without its tables, and without the line that ends in a colon before one."""
    return re.sub(r"(?:^[^\n|]*:\n\n)?(?:^\|[^\n]*\n?)+\n?", "", text, flags=re.MULTILINE).strip()
