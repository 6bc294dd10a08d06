"""The README's sections and table, as the site takes them."""

import pytest

from docs import readme
from tutorials.__main__ import LESSONS

TEXT = """# A

First.

## B
See [c](#c-of-b), [d](D.md), [e](https://e.org), ![p](tutorials/pictures/p.png).

| x | y |
| --- | --- |
| 1 | 2 |

After.

### Inside

## C

Listed:

| x |
| --- |
"""


def test_a_section_ends_where_the_next_begins_and_its_links_lead_into_the_site():
    text = readme.section(TEXT, "B", {"c-of-b": "/c.md"})
    assert text.startswith("See [c](/c.md), d, [e](https://e.org), ![p](/_pictures/p.png).")
    assert text.endswith("### Inside")
    assert readme.section(TEXT, "", {}) == "First."
    assert readme.section(TEXT, "C", {}).startswith("Listed")
    with pytest.raises(ValueError, match="no section 'D'"):
        readme.section(TEXT, "D", {})


def test_tables_and_the_line_before_them_can_be_left_out():
    assert readme.without_table(readme.section(TEXT, "B", {})).split("\n\n")[1:] == ["After.", "### Inside"]
    assert readme.without_table(readme.section(TEXT, "C", {})) == ""


def test_every_lesson_has_its_row():
    rows = readme.lesson_rows(readme.read())
    assert [*rows] == [*LESSONS]
    for row in rows.values():
        assert all(row) and (readme.ROOT / row.picture).is_file()
