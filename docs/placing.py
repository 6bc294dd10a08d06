"""Write what was built into the user's folders: only files that an earlier build made are replaced."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import nbformat

from .source import LessonSourceError

MARKER = ".glass-zoo-site.json"  # in a site's folder: {file: SHA-256 in hexadecimal}


def place_site(made, out):
    """Put a site in a folder, in place of an earlier one.

    Args:
        made: Folder with the site.
        out: Where it is wanted; made if it is missing.

    Raises:
        LessonSourceError: If there is a file that no build made, or that was changed since.

    Example:
        >>> import tempfile
        >>> from docs.placing import place_site
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     made, out = Path(folder, "made"), Path(folder, "site")
        ...     made.mkdir()
        ...     _ = (made / "index.html").write_text("<p>Lessons</p>")
        ...     place_site(made, out)
        ...     (out / "index.html").read_text()
        '<p>Lessons</p>'
    """
    made, out = Path(made), Path(out)
    check_site(out)
    (made / MARKER).write_text(json.dumps(_sums(made)), encoding="utf-8")
    out.parent.mkdir(parents=True, exist_ok=True)
    new, old = (out.with_name(f".{out.name}-{os.getpid()}-{what}") for what in ("new", "old"))
    try:
        shutil.copytree(made, new)
        if out.exists():
            out.replace(old)
        new.replace(out)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def check_site(out):
    """Refuse a folder that holds anything but an unchanged earlier site.

    Args:
        out: The folder; it may be missing or empty.

    Raises:
        LessonSourceError: Naming the file that would be lost.

    Example:
        >>> from docs.placing import check_site
        >>> check_site("a folder that is not there")
    """
    out = Path(out)
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise LessonSourceError(f"{out} is no folder; take another name.")
    if not out.is_dir() or not any(out.iterdir()):
        return
    try:
        known = json.loads((out / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise LessonSourceError(f"{out} holds something that is no site; take another folder.") from None
    for file, found in _sums(out).items():
        if known.get(file) != found:
            raise LessonSourceError(
                f"{out / file} was changed, or made by no earlier build; move it, or take another folder."
            )


def _sums(folder):
    """{name of each file in a folder, its marker left out: SHA-256}."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() or file.is_symlink())
    return {
        file.relative_to(folder).as_posix(): "" if file.is_symlink() else _sum(file.read_bytes())
        for file in files
        if file != folder / MARKER
    }


def _sum(content):
    return hashlib.sha256(content).hexdigest()


def place_notebooks(books, out):
    """Write notebooks into a folder; those that a person has changed are refused before any is written.

    Args:
        books: {lesson: `nbformat` notebook}.
        out: Folder, made if it is missing.

    Raises:
        LessonSourceError: Naming the notebook that would be lost.

    Example:
        >>> import tempfile
        >>> from docs.placing import place_notebooks
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     place_notebooks({"digits": nbformat.v4.new_notebook()}, folder)
        ...     [file.name for file in Path(folder).iterdir()]
        ['digits.ipynb']
    """
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise LessonSourceError(f"{out} is no folder; take another name.")
    for lesson in books:
        file = out / f"{lesson}.ipynb"
        if (file.exists() or file.is_symlink()) and not _is_as_built(file):
            raise LessonSourceError(
                f"{file} was changed since it was built; move it, or take another folder."
            )
    out.mkdir(parents=True, exist_ok=True)
    for lesson, book in books.items():
        book.metadata["built"] = _sum(_content(book))
        file = out / f"{lesson}.ipynb"
        draft = file.with_name(f".{file.name}-{os.getpid()}")
        nbformat.write(book, draft)
        draft.replace(file)


def _content(book):
    """What a person writes into a notebook, and what its cells gave."""
    return repr([(cell.cell_type, cell.source, cell.get("outputs")) for cell in book.cells]).encode()


def _is_as_built(file):
    """Whether nobody has changed or run a notebook since it was built."""
    try:
        book = nbformat.read(file, as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError):
        return False
    return not file.is_symlink() and book.metadata.get("built") == _sum(_content(book))
