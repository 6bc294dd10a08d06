"""Build the site into a folder that opens from the disk: `python -m docs.site_builder --out build/site`.

It needs requirements-docs.txt, and neither network nor data: lessons run on what is embedded. A lesson whose
code, and the code behind it, has not changed since the last build is not run again.
"""

import concurrent.futures
import contextlib
import importlib
import inspect
import sys
import tempfile
import time
from pathlib import Path

import tutorials.lesson.command  # noqa: F401  (first: loads Keras quietly)

from tutorials.__main__ import LESSONS
from tutorials.lesson.flags import parse

from .execution import Cache, code_behind
from .links import problems
from .notebooks import Names, notebook
from .placing import check_site, place_site
from .source import LessonSourceError

# Lessons that look for data elsewhere by default: here they take what is embedded
EMBEDDED = {"data": "embedded"}


def main(
    lessons: Names = (),
    out: Path = Path("build/site"),
    cache: Path = Path("build/executed"),
    quick: bool = False,
    again: bool = False,
) -> None:
    """Run the lessons as notebooks, and build the site of them.

    Args:
        lessons: Names of the lessons that the site shows; by default all.
        out: Folder for the site. That of an earlier build is replaced; a folder with anything else, or with
            files that were changed since, is refused.
        cache: Folder that keeps what the notebooks gave.
        quick: Run every lesson on a small sample, in seconds.
        again: Run every lesson, also where its code has not changed.
    """
    begun = time.perf_counter()
    check_site(out)  # before minutes of running
    books = run_lessons(lessons or tuple(LESSONS), Cache(cache, code_behind()), quick, again)
    build(books, out)
    print(f"The site is in {out / 'index.html'}, after {time.perf_counter() - begun:.0f} s.")


def run_lessons(lessons, cache, quick=False, again=False, at_once=1):
    """The notebooks of lessons with their outputs, on embedded data.

    Args:
        lessons: Their names.
        cache: A `Cache`.
        quick: Run them on a small sample.
        again: Run them also where they are cached.
        at_once: How many run side by side.

    Returns:
        {lesson: notebook}.
    """
    made = {}
    for lesson in lessons:
        main = inspect.signature(importlib.import_module(f"tutorials.{lesson}").main)
        settings = EMBEDDED if "data" in main.parameters else {}
        made[lesson] = notebook(lesson, **settings, **({"quick": True} if quick else {}))
    books = {}
    with contextlib.ExitStack() as stack:
        run_all = map  # here and now, so that Ctrl-C ends the kernel
        if at_once > 1:
            run_all = stack.enter_context(concurrent.futures.ThreadPoolExecutor(at_once)).map
        runs = run_all(lambda book: cache.run(book, again), made.values())
        for lesson, (books[lesson], _, seconds) in zip(made, runs, strict=True):
            print(f"{lesson}: {f'run in {seconds:.0f} s' if seconds else 'not changed'}", flush=True)
    return books


def build(books, out):
    """Make the site of notebooks that were run.

    Args:
        books: {lesson: notebook with outputs}.
        out: Folder for the site.

    Raises:
        LessonSourceError: If the folder holds something else, Sphinx warns of anything, or a link is broken.
    """
    from sphinx.cmd.build import build_main

    from .pages import write_pages

    check_site(out)
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "source", Path(folder) / "site"
        write_pages(source, books)
        if build_main(
            ["-q", "-W", "--keep-going", "-b", "html", "-d", f"{folder}/doctrees", str(source), str(made)]
        ):
            raise LessonSourceError("Sphinx could not build the site; see above.")
        broken = list(problems(made))
        if broken:
            raise LessonSourceError("\n".join(["The pages have faults:", *broken]))
        (made / "objects.inv").unlink()
        place_site(made, out)


if __name__ == "__main__":
    try:
        parse(main)()
    except (LessonSourceError, OSError) as error:
        sys.exit(f"Error: {error}")
