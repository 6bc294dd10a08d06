"""How fast a model's page follows a pen: from a stroke to new probabilities and maps.

    python benchmarks/page.py

A pen moves 30 times a second over the page of the zoo's ConvNet, in the headless Chromium that the
tests use. The clock runs from a stroke's event to the end of the frame in which its probabilities,
maps and arithmetic have been drawn. A backlog would show as more runs than frames, or as times that
grow from the first second to the last.
"""

import importlib.util
import math
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

from datasets import digits
from models import ConvNet
from models.export.page.page import write_page

BROWSER = Path(__file__).parents[1] / "tests" / "conftest.py"


def main(seconds: int = 10, strokes_per_second: int = 30) -> None:
    """Draw on the page, and print the milliseconds from a stroke to its result, and the file's size.

    Args:
        seconds: How long to draw.
        strokes_per_second: How often the pen moves.
    """
    check_positive(seconds=seconds, strokes_per_second=strokes_per_second)
    tests = load_tests()
    program = tests.chromium()
    if not program:
        raise LessonError("No Chromium is installed (on Debian: apt-get install chromium).")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        examples = digits.load_data("embedded")[1][0][:6]
        write_page(ConvNet(weights="mnist"), examples, page, digits.CLASS_NAMES, "ConvNet")
        print(f"File: {page.stat().st_size / 1e6:.2f} MB.")
        browser = tests.Browser(program, Path(folder) / "browser")
        try:
            times, late = draw(browser, page, seconds, strokes_per_second)
        finally:
            browser.close()
    half = len(times) // 2
    print(f"{seconds * strokes_per_second} strokes, {len(times)} runs, {late} of them after the last stroke.")
    print(
        f"From stroke to result: median {statistics.median(times):.1f} ms, "
        f"95th percentile {sorted(times)[int(0.95 * len(times))]:.1f} ms; "
        f"first half {statistics.median(times[:half]):.1f} ms, "
        f"second half {statistics.median(times[half:]):.1f} ms."
    )


def load_tests():
    """The tests' module that speaks to a browser."""
    spec = importlib.util.spec_from_file_location("conftest", BROWSER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def draw(browser, page, seconds, strokes_per_second):
    """Milliseconds of each run, and how many runs came once the pen had been lifted."""
    browser.show(1280)
    browser.open(page.as_uri())
    browser.value(
        "new Promise(done => { const look = () => Page.ready ? done() : setTimeout(look, 20); look() })"
    )
    left, top, width, height = browser.value(
        "(() => { const at = document.getElementById('pad').getBoundingClientRect();"
        " return [at.left, at.top, at.width, at.height] })()"
    )

    def mouse(kind, turn):
        x = left + width * (0.5 + 0.25 * math.sin(turn))
        y = top + height * (0.5 - 0.3 * math.cos(turn))
        browser.send(
            "Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y, button="left", buttons=1, clickCount=1
        )

    mouse("Pressed", 0)
    mouse("Moved", 0.01)
    browser.value("new Promise(done => setTimeout(done, 500))")  # first runs are slow
    browser.value("Page.timings.length = 0")
    start, count = time.perf_counter(), seconds * strokes_per_second
    for stroke in range(count):
        mouse("Moved", stroke / strokes_per_second * math.tau)
        time.sleep(max(0, start + (stroke + 1) / strokes_per_second - time.perf_counter()))
    runs = browser.value("Page.timings.length")
    mouse("Released", 0)
    browser.value("new Promise(done => setTimeout(done, 500))")
    times = browser.value("Page.timings")
    return times, len(times) - runs


if __name__ == "__main__":
    run(main)
