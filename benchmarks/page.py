"""How fast a model's page is: from a stroke to its result, and the engine beside TensorFlow.js.

    python benchmarks/page.py

A pen moves 30 times a second over the page of the zoo's ConvNet, in the headless Chromium that the
tests use. The clock runs from a stroke's event to the end of the frame in which its probabilities,
maps and arithmetic have been drawn. A backlog would show as more runs than frames, or as times that
grow from the first second to the last.

Then MobileNet, of photos of 224 x 224 and with random weights, gives answers in the page's engine and in
TensorFlow.js (WebAssembly), by turns in one tab on one thread, both with SIMD. TensorFlow.js is fetched by
npm; without it ours runs alone. It runs layer by layer, as the page does, and fused: with batch
normalization and ReLU6 inside the convolutions, where it has no maps of them that could be shown. At last
the pen draws on MobileNet's page: when are the first maps there, and the answer, and how long was the tab
blocked at most? A browser calls a task long from 50 ms on. On a busy machine tasks wait for the processor,
so the processor time of the longest one is printed too.
"""

import base64
import functools
import http.server
import importlib.util
import json
import math
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

import keras
import numpy as np

from datasets import digits
from models import ConvNet
from models.export.page.bundle import bundle
from models.export.page.page import FOLDER, KERNELS, write_page
from models.export.page.portable import portable

BROWSER = Path(__file__).parents[1] / "tests" / "conftest.py"
PEER = ("@tensorflow/tfjs-core@4.22.0", "@tensorflow/tfjs-backend-wasm@4.22.0")
SCRIPTS = ("tfjs-core/dist/tf-core.min.js", "tfjs-backend-wasm/dist/tf-backend-wasm.min.js")
READY = "new Promise(done => { const look = () => Page.ready ? done() : setTimeout(look, 20); look() })"
RESTS = "new Promise(done => { const look = () => Page.runner.busy ? setTimeout(look, 9) : done(); look() })"
STROKES = 40  # on the page of MobileNet
OURS, PEER_NAME = "ours, WebAssembly", "TensorFlow.js"
LONG_TASKS = """window.blocked = [];
new PerformanceObserver(list => blocked.push(...list.getEntries().map(one => one.duration)))
    .observe({type: "longtask", buffered: true})"""


def main(seconds: int = 10, strokes_per_second: int = 30, turns: int = 100) -> None:
    """Draw on pages, run MobileNet by turns, and print milliseconds and the page's size.

    Args:
        seconds: How long to draw.
        strokes_per_second: How often the pen moves.
        turns: How many answers each engine gives.
    """
    check_positive(seconds=seconds, strokes_per_second=strokes_per_second, turns=turns)
    tests = load_tests()
    program = tests.chromium()
    if not program:
        raise LessonError("No Chromium is installed (on Debian: apt-get install chromium).")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        browser = tests.Browser(program, folder / "browser")
        browser.send("Page.addScriptToEvaluateOnNewDocument", source=LONG_TASKS)
        try:
            page = folder / "page.html"
            examples = digits.load_data("embedded")[1][0][:6]
            write_page(ConvNet(weights="mnist"), examples, page, digits.CLASS_NAMES, "ConvNet")
            print(f"ConvNet's page: {page.stat().st_size / 1e6:.2f} MB.")
            report(*draw(browser, page, seconds, strokes_per_second), seconds * strokes_per_second)
            model, photos = photo_model()
            compare(browser, model, photos[0] / 127.5 - 1, folder / "engines", turns)
            names = [f"class {index}" for index in range(model.output_shape[-1])]
            write_page(model, photos, page, names, "MobileNet", (-1, 1))
            print(f"MobileNet's page: {page.stat().st_size / 1e6:.1f} MB.")
            rest(browser, page, STROKES)
        finally:
            browser.close()


def report(times, firsts, late, strokes):
    """Print what was measured while a pen was drawing."""
    half = len(times) // 2
    print(f"{strokes} strokes, {len(times)} runs, {late} of them after the last stroke.")
    print(
        f"From stroke to result: median {statistics.median(times):.1f} ms, "
        f"95th percentile {sorted(times)[int(0.95 * len(times))]:.1f} ms; "
        f"first half {statistics.median(times[:half]):.1f} ms, "
        f"second half {statistics.median(times[half:]):.1f} ms. "
        f"Maps of the first layer after {statistics.median(firsts):.1f} ms."
    )


def load_tests():
    """The tests' module that speaks to a browser."""
    spec = importlib.util.spec_from_file_location("conftest", BROWSER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def photo_model():
    """MobileNet with random weights that let numbers neither vanish nor grow, and two photos of noise."""
    rng = np.random.default_rng(0)
    model = keras.applications.MobileNet(weights=None)
    for weight in model.weights:
        if "seed" in weight.path:
            continue
        values = rng.standard_normal(weight.shape, "float32")
        if len(weight.shape) > 1:
            inputs = math.prod(weight.shape[: 2 if "depthwise" in weight.path else -1])
            weight.assign(values * math.sqrt(2 / inputs))
        elif "gamma" in weight.path or "variance" in weight.path:
            weight.assign(1 + 0.1 * np.abs(values))
        else:
            weight.assign(0.1 * values)
    photos = rng.integers(0, 256, (2, 7, 7, 3)).repeat(32, 1).repeat(32, 2).astype("uint8")
    last = model.get_layer("conv_preds")
    logits = np.asarray(keras.Model(model.input, last.output)(photos / 127.5 - 1, training=False))
    last.kernel.assign(last.kernel * (3 / logits.std()))  # or all classes would have the same probability
    return model, photos


# ---- Beside TensorFlow.js ----


def fetch_peer(folder):
    """Fetch TensorFlow.js, and put what a page needs into a folder; why not, where that fails."""
    npm = shutil.which("npm")
    if not npm:
        return "npm is not installed"
    command = [npm, "install", "--prefix", str(folder / "npm"), "--ignore-scripts", "--no-audit", *PEER]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return f"npm cannot fetch {' and '.join(PEER)}"
    packages = folder / "npm" / "node_modules" / "@tensorflow"
    binaries = (packages / "tfjs-backend-wasm" / "dist").glob("*.wasm")
    for path in (*(packages / script for script in SCRIPTS), *binaries):
        shutil.copy(path, folder / path.name)
    return ""


def compare(browser, model, photo, folder, turns):
    """Run a model in both engines by turns, hold their answers against Keras's, and print milliseconds."""
    folder.mkdir()
    refusal = fetch_peer(folder)
    if refusal:
        print(f"TensorFlow.js is not compared: {refusal}.")
    scripts = [] if refusal else [Path(script).name for script in SCRIPTS]
    (folder / "engine.js").write_text(bundle(FOLDER, "engine/model.js", name="Engine"), encoding="utf-8")
    shutil.copy(Path(__file__).with_name("page_engines.js"), folder)
    tags = "".join(f'<script src="{name}"></script>' for name in [*scripts, "engine.js", "page_engines.js"])
    (folder / "index.html").write_text(f"<!DOCTYPE html><meta charset=utf-8>{tags}", encoding="utf-8")
    kernels = base64.b64encode(KERNELS.read_bytes()).decode()
    data = {"model": portable(model), "kernels": kernels, "pixels": photo.ravel().tolist()}
    (folder / "model.json").write_text(json.dumps(data), encoding="utf-8")
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(QuietHandler, directory=folder)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        browser.open(f"http://127.0.0.1:{server.server_port}/index.html")
        answers = browser.value("prepare()")
        found = [browser.value(f"turn({number})") for number in range(turns)]
    finally:
        server.shutdown()
    times = {name: [each[name] for each in found if name in each] for name in answers}
    tell(times, answers, np.asarray(model(photo[None], training=False))[0])


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files, and prints nothing."""

    def log_message(self, *_):
        """Print nothing."""


def tell(times, answers, expected):
    """Print the times of each engine, and how far its answer is from Keras's."""
    print(
        f"MobileNet, one answer, {len(times[OURS])} turns; the largest probability is {expected.max():.2f}."
    )
    for name, each in times.items():
        away = np.abs(np.array(answers[name]) - expected).max()
        if away > 1e-4:
            raise LessonError(f"{name} answers otherwise than Keras, by {away:.1e}.")
        low, middle, high = np.percentile(each, [10, 50, 90])
        print(
            f"  {name}: median {middle:.1f} ms (10th to 90th percentile {low:.1f} to {high:.1f}, "
            f"shortest {min(each):.1f}), from Keras at most {away:.0e}"
        )
    for name in times:
        if name.startswith(PEER_NAME):
            medians = np.median(times[OURS]) / np.median(times[name])
            shortest = min(times[OURS]) / min(times[name])
            print(f"  ours takes {medians:.2f} times as long as {name} (of the shortest {shortest:.2f})")


# ---- With a pen ----


class Pen:
    """A mouse that draws circles on an open page."""

    def __init__(self, browser):
        self.browser = browser
        self.place = browser.value(
            "(() => { const at = document.getElementById('pad').getBoundingClientRect();"
            " return [at.left, at.top, at.width, at.height] })()"
        )

    def __call__(self, kind, turn):
        left, top, width, height = self.place
        x = left + width * (0.5 + 0.25 * math.sin(turn))
        y = top + height * (0.5 - 0.3 * math.cos(turn))
        self.browser.send(
            "Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y, button="left", buttons=1, clickCount=1
        )

    def wait(self, milliseconds):
        """Let the page go on."""
        self.browser.value(f"new Promise(done => setTimeout(done, {milliseconds}))")


def open_page(browser, page):
    """Open a page and begin a stroke. The pen."""
    browser.show(1280)
    browser.open(page.as_uri())
    browser.value(READY)
    pen = Pen(browser)
    pen("Pressed", 0)
    pen("Moved", 0.01)
    pen.wait(1000)  # first runs are slow
    browser.value("Page.timings.length = Page.firsts.length = blocked.length = 0")
    return pen


def draw(browser, page, seconds, strokes_per_second):
    """Milliseconds of each run and to its first maps, and how many runs came once the pen had been lifted."""
    pen = open_page(browser, page)
    start, count = time.perf_counter(), seconds * strokes_per_second
    for stroke in range(count):
        pen("Moved", stroke / strokes_per_second * math.tau)
        time.sleep(max(0, start + (stroke + 1) / strokes_per_second - time.perf_counter()))
    runs = browser.value("Page.timings.length")
    pen("Released", 0)
    pen.wait(500)
    times = browser.value("Page.timings")
    return times, browser.value("Page.firsts"), len(times) - runs


def rest(browser, page, strokes):
    """Draw single strokes, each once the one before is answered, and print milliseconds."""
    pen = open_page(browser, page)

    def move():
        for stroke in range(strokes):
            pen("Moved", stroke)
            pen.wait(100)
            browser.value(RESTS)

    longest = browser.longest_task(move)
    times, firsts, blocked = (browser.value(one) for one in ("Page.timings", "Page.firsts", "blocked"))
    print(
        f"{strokes} strokes: maps of the first layer after {statistics.median(firsts):.0f} ms in the median, "
        f"the answer after {statistics.median(times):.0f} ms. The longest task took {longest:.0f} ms of "
        f"processor time; {len(blocked)} tasks lasted more than 50 ms, the longest "
        f"{max(blocked, default=0):.0f} ms."
    )


if __name__ == "__main__":
    run(main)
