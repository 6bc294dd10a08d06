"""What was asked for: unlabelled photos or texts on a page, on which a person labels them."""

from pathlib import Path
from typing import NamedTuple

from ..checks.arguments import shown as value_shown
from ..errors import ModelError
from ..sibling import datasets_module
from .label_page.page import is_label_page

names = datasets_module("files.names")
shown = names.shown
MOST_LISTED = 20  # photos or texts, where there is no page to look at


class Asked(NamedTuple):
    """What `ask` did.

    Attributes:
        page: Path of the page; None if none was written.
        files: Paths of the photos that are on it, or the texts; the one whose label helps most first.
        skipped: {path, or where a text is: why it could not be read}.
        noun: What they are: "photo" or "text".

    Example:
        >>> print(Asked("label.html", ["1.jpg"], {"2.jpg": "is empty"}))
        1 photo to label in label.html; 1 file skipped: 2.jpg is empty
        >>> print(Asked(None, ["is it?", "good or bad?"], {}, "text"))
        2 texts to label:
          is it?
          good or bad?
    """

    page: str | None
    files: list
    skipped: dict
    noun: str = "photo"

    def __str__(self):
        where = "" if self.page is None else f" in {shown(self.page)}"
        text = (
            f"{len(self.files):,} {self.noun}{'s' * (len(self.files) != 1)} to label{where}{self._skipped()}"
        )
        if self.page is not None:
            return text
        listed = [f"  {names.safe(one, 'terminal', 100)}" for one in self.files[:MOST_LISTED]]
        more = len(self.files) - len(listed)
        return "\n".join([f"{text}:", *listed, *([f"  and {more:,} more"] if more else [])])

    def _skipped(self):
        """The end of that sentence, with the first that could not be read."""
        if not self.skipped:
            return ""
        name, reason = next(iter(self.skipped.items()))
        more = ", and others" if len(self.skipped) > 1 else ""
        noun = "file" if self.noun == "photo" else self.noun
        number = f"{len(self.skipped):,} {noun}{'s' * (len(self.skipped) > 1)}"
        return f"; {number} skipped: {shown(name)} {reason}{more}"


def check_page(page):
    """Refuse a file that a page must not replace, before anything takes time.

    Args:
        page: Its path; None for none.

    Returns:
        The `Path`, or None.

    Raises:
        ModelError: If it is no path, its folder does not exist, or it is a file that is no label page.

    Example:
        >>> check_page("label.html").name
        'label.html'
    """
    if page is None:
        return None
    if not isinstance(page, (str, Path)) or not str(page):
        raise ModelError(f"page= takes the name of a file such as label.html, not {value_shown(page)}.")
    page = Path(page)
    if not page.absolute().parent.is_dir():
        raise ModelError(f"page= {shown(page)} is in a folder that does not exist; create it.")
    if (page.exists() or page.is_symlink()) and not is_label_page(page):
        raise ModelError(f"page= {shown(page)} is not a page of examples to label; name another file.")
    return page


def written(page, write, *arguments):
    """Write a page, if there is to be one.

    Args:
        page: Its path; None for none.
        write: Function of the path and the arguments, such as `write_label_page`.
        *arguments: More of its arguments.

    Returns:
        The path as str, or None.

    Raises:
        ModelError: If it cannot be written.

    Example:
        >>> try:
        ...     written("missing/label.html", lambda page: Path(page).write_text("x"))
        ... except ModelError as error:
        ...     print(error)
        page= missing/label.html cannot be written: No such file or directory.
    """
    try:
        if page is not None:
            write(page, *arguments)
    except OSError as error:
        raise ModelError(f"page= {shown(page)} cannot be written: {error.strerror or error}.") from error
    return None if page is None else str(page)
