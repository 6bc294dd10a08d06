"""HTML pages from templates, in which every value is escaped."""

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import NamedTuple

import jinja2

from ..loading.saved_classifiers import check_path, replacing
from ..sibling import datasets_module

safe = datasets_module("files.names").safe


class Written(NamedTuple):
    """What was written.

    Attributes:
        size: Of the page, in bytes.
        difference: The greatest difference of the output for the examples that rounding the weights makes.

    Example:
        >>> Written(1_000_000, 0.0).size
        1000000
    """

    size: int
    difference: float


@dataclass(frozen=True)
class Inline:
    """A style or script inside a page, and the checksum by which the page allows it and no other.

    Attributes:
        text: The style or script.
    """

    text: str

    @property
    def hash(self):
        """As a Content-Security-Policy writes it."""
        checksum = hashlib.sha256(self.text.encode("utf-8")).digest()
        return f"'sha256-{base64.b64encode(checksum).decode('ascii')}'"


def template(path, **filters):
    """Load a Jinja2 template that escapes every value and refuses missing ones.

    Args:
        path: The template's file.
        filters: {name in the template: function}.

    Returns:
        A template, for `rendered`.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(path.parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_escaped,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters)
    # Infinity and NaN are not valid JSON; keys keep their order
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    return environment.get_template(path.name)


def _escaped(value):
    """Escape text; leave numbers, and text that a macro or filter has escaped, unchanged."""
    return value if not isinstance(value, str) or hasattr(value, "__html__") else safe(value, "html")


def page_path(path):
    """Where a page can be written to, a `Path` that ends in .html or .htm.

    Args:
        path: A str or `Path`.

    Raises:
        ModelError: If it ends otherwise, its folder does not exist, or it is a folder.

    Example:
        >>> page_path("digits.html").name
        'digits.html'
    """
    return check_path(path, ".html", ".htm")


def write_html(path, page, difference):
    """Write a page so that at every moment there is the old one or the new one, complete.

    Args:
        path: What `page_path` returned.
        page: Text.
        difference: Of the `Written`.

    Returns:
        A `Written`.

    Raises:
        ModelError: If the disk refuses.
    """
    with replacing(path) as draft:
        draft.write_text(page, encoding="utf-8")
    return Written(path.stat().st_size, difference)


def rendered(template, **values):
    """Render a page as text that can be written as UTF-8: lone surrogates are replaced."""
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", template.render(**values))
