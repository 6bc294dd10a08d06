"""The README's sections, the pages and the table of lessons, as the site takes them."""

import pytest

from docs import readme
from tutorials.__main__ import LESSONS

TEXT = """# A

First.

## B
See [c](docs/pages/zoo.md), [d](D.md), [e](https://e.org), ![p](tutorials/pictures/p.png).

### Inside

## C

Last.
"""


def test_a_section_ends_where_the_next_begins_and_its_links_lead_into_the_site():
    text = readme.section(TEXT, "B")
    assert text.startswith("See [c](/zoo.md), d, [e](https://e.org), ![p](/_pictures/p.png).")
    assert text.endswith("### Inside")
    assert readme.section(TEXT, "") == "First."
    assert readme.section(TEXT, "C") == "Last."
    with pytest.raises(ValueError, match="no section 'D'"):
        readme.section(TEXT, "D")


def test_pages_link_to_the_pages_of_the_site():
    page = "[a](photos.md#several), [b](lessons.md), [c](../../CHANGELOG.md), [d](../../setup.py), `x -->`"
    expected = "[a](/photos.md#several), [b](/lessons/index.md), [c](/changelog.md), d, `x -->`"
    assert readme.of_the_site(page) == expected


def test_marks_lose_their_comments():
    page = "<!-- a comment -->\n<!-- {% if site %}\nhere\n{% endif %} -->\n<!-- {{ zoo() }} -->"
    expected = "<!-- a comment -->\n{% if site %}\nhere\n{% endif %}\n{{ zoo() }}"
    assert readme.of_the_site(page) == expected


def test_every_lesson_has_its_row():
    rows = readme.lesson_rows()
    assert [*rows] == [*LESSONS]
    for row in rows.values():
        assert all(row) and (readme.PAGES / row.picture).is_file()
