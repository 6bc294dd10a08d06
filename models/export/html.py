"""HTML pages from templates, in which every value is escaped."""

import re

import jinja2

from ..sibling import datasets_module

safe = datasets_module("files.names").safe


def template(path, **filters):
    """A Jinja2 template that escapes what it is given and knows no missing values.

    Args:
        path: The template's file.
        filters: Functions by their names in the template.

    Returns:
        A template, for `rendered`.
    """
    rooms = jinja2.Environment(
        loader=jinja2.FileSystemLoader(path.parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_escaped,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rooms.filters.update(filters)
    # Infinity and NaN are no JSON; the order of what is embedded stays
    rooms.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    return rooms.get_template(path.name)


def _escaped(value):
    """Text as it may stand in a page; numbers, and what a macro or filter has escaped, as they are."""
    return value if not isinstance(value, str) or hasattr(value, "__html__") else safe(value, "html")


def rendered(template, **values):
    """A page as text that can be written as UTF-8.

    Halves of letters, which UTF-8 has not, are no longer in it.
    """
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", template.render(**values))
