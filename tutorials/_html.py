"""HTML pages from templates, in which every value is escaped."""

import re

import jinja2


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
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rooms.filters.update(filters)
    # Infinity and NaN are no JSON; the order of what is embedded stays
    rooms.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    return rooms.get_template(path.name)


def rendered(template, **values):
    """A page as text that can be written as UTF-8.

    A name that is not valid UTF-8, as old archives hold, arrives with halves of letters in it.
    """
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", template.render(**values))
