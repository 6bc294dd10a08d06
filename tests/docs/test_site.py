"""Every notebook gives what its script gives, and the site made of them is whole. Marked `docs`: minutes.

All lessons run with quick=True, once as notebooks, two at a time and each in a kernel of its own, and once as
scripts, which share a process.
"""

import concurrent.futures
import importlib.util
import inspect
import io
import json
import os
import re
import subprocess
import sys
import time
from html import unescape

import nbformat
import pytest
from PIL import Image

from docs.execution import Cache
from docs.links import problems
from tutorials.__main__ import LESSONS

if importlib.util.find_spec("sphinx") is None:
    pytest.skip("requirements-docs.txt is not installed", allow_module_level=True)

from docs.mathml import as_mathml
from docs.site_builder import build, run_lessons

pytestmark = pytest.mark.docs

TEXT = r"""

A formula in a line, $p = \frac{e^{z}}{\sum_i e^{z_i}}$, and one alone:

$$\nabla_w L = \frac{1}{n} \sum_{i=1}^{n} (p_i - t_i)\, x_i, \qquad \lVert w \rVert \le \epsilon$$

<details>
<summary>Solution</summary>

It is **416**, since $(5 \cdot 5 \cdot 1 + 1) \cdot 16 = 416$:

```python
print((5 * 5 * 1 + 1) * 16)
```

</details>
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return Cache(tmp_path_factory.mktemp("executed"))


EACH = """
import importlib, inspect, pathlib, sys
import tutorials.lesson.command
for lesson in sys.argv[2:]:
    main = importlib.import_module(f"tutorials.{lesson}").main
    data = {"data": "embedded"} if "data" in inspect.signature(main).parameters else {}
    main(quick=True, outputs=pathlib.Path(sys.argv[1]), **data)
"""


@pytest.fixture(scope="module")
def scripts(root, tmp_path_factory):
    """All lessons as scripts, in one process beside the notebooks: (Future of its end, folder)."""
    outputs = tmp_path_factory.mktemp("scripts")
    environment = {name: value for name, value in os.environ.items() if name != "GLASS_ZOO_DATA"}
    command = [sys.executable, "-c", EACH, str(outputs), *LESSONS]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        settings = {"cwd": root, "env": environment, "capture_output": True, "text": True}
        yield pool.submit(subprocess.run, command, **settings), outputs


@pytest.fixture(scope="module")
def books(cache, scripts):
    return run_lessons(tuple(LESSONS), cache, quick=True, at_once=2)


@pytest.fixture(scope="module")
def site(books, cache, tmp_path_factory):
    books["losses"].cells[0].source += TEXT
    out = tmp_path_factory.mktemp("site") / "out"
    build(books, out)
    return out


@pytest.fixture(scope="module")
def html(site):
    return {
        path.relative_to(site).as_posix(): path.read_text(encoding="utf-8") for path in site.rglob("*.html")
    }


def lasting(results):
    return {name: value for name, value in results.items() if not name.endswith("seconds")}


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_notebook_gives_what_its_script_gives(lesson, scripts, books, cache):
    _, metrics, seconds = cache.run(books[lesson])
    assert seconds == 0
    ended, outputs = scripts
    written = outputs / lesson / "metrics.json"
    assert ended.result().returncode == 0 or written.exists(), ended.result().stderr
    script = json.loads(written.read_text(encoding="utf-8"))
    assert lasting(metrics["results"]) == lasting(script["results"])
    assert lasting(metrics["results"])
    for part in "settings", "data":
        assert {**metrics[part], "outputs": ""} == {**script[part], "outputs": ""}


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lessons_page_shows_what_the_notebook_shows(lesson, books, html, site, root):
    page = html[f"lessons/{lesson}.html"]
    shown = [
        output
        for cell in books[lesson].cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.get("metadata", {}).get("figure")
    ]
    assert shown
    for output in shown:
        name = output["metadata"]["figure"]
        assert re.search(rf"<figcaption>.*?<strong>{name}</strong>", page, re.DOTALL), name
    alternatives = re.findall(r'<img alt="([^"]+)"[^>]*src="\.\./_images', page)
    assert len(alternatives) == len(shown) and all(alternatives)
    words = re.sub("<[^>]*>", "", page)
    assert f"python -m tutorials.{lesson}," in words and "Settings" in words
    downloads = [
        (site / "lessons" / unescape(at)).resolve()
        for at in re.findall(r'href="([^"]*_downloads[^"]*)"', page)
    ]
    script, book = sorted(downloads, key=lambda path: path.suffix, reverse=True)
    assert script.read_bytes() == (root / "tutorials" / f"{lesson}.py").read_bytes()
    assert not any(cell.get("outputs") for cell in nbformat.read(book, 4).cells)
    assert "subprocess" not in page, "the cell that installs the project is for notebooks"


def test_no_page_has_a_broken_link_or_loads_anything_from_another_host(site):
    assert not list(problems(site))
    scripts = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.js"))
    assert "mathjax" not in scripts.lower()


def test_the_gallery_shows_every_lesson_with_its_picture(html):
    cards = re.findall(
        r'<img alt="[^"]+" class="sd-card-img-top" src="\.\./_images/(\w+?)\d*\.png"',
        html["lessons/index.html"],
    )
    assert cards == [*LESSONS]


def test_the_zoo_has_its_measured_accuracy_and_leads_to_the_api(html):
    row = re.search(r"<tr[^>]*>((?:(?!</tr>).)*LeNet5\(\).*?)</tr>", html["zoo.html"], re.DOTALL).group(1)
    assert (
        "99.40\N{NO-BREAK SPACE}%" in row
        and "61,706" in row
        and 'href="api/models.html#models.LeNet5"' in row
    )
    row = re.search(r"<tr[^>]*>((?:(?!</tr>).)*MNIST convnet.*?)</tr>", html["benchmarks.html"], re.DOTALL)
    assert re.findall(r"<p>(.*?)</p>", row.group(1))[1:] == ["109.0", "7.0"]


def test_the_glossary_leads_to_lessons_and_the_counts_are_folded_away(html):
    page = html["glossary.html"]
    terms = re.findall(r'<dt id="term-[^"]*">(.*?)</dt>', page, re.DOTALL)
    links = re.findall(r'<a class="reference internal" href="lessons/(\w+)\.html"><span', page)
    assert len(terms) > 60 and set(links) <= set(LESSONS) and len(links) == len(terms)
    page = html["counting.html"]
    solutions = re.findall(r"<details>\s*<summary>Solution</summary>(.*?)</details>", page, re.DOTALL)
    assert len(solutions) >= 10 and all("<math" in one and "highlight" in one for one in solutions)
    assert "61,706" in unescape(re.sub("<[^>]*>", "", page)) and "merror" not in page


def test_the_api_has_every_public_name_with_an_example(html):
    import datasets
    import models

    for package in models, datasets:
        page = html[f"api/{package.__name__}.html"]
        for name in package.__all__:
            path = f"{package.__name__}.{name}"
            is_module = inspect.ismodule(getattr(package, name))
            assert f'id="{path}.' in page if is_module else f'id="{path}"' in page, path
    assert html["api/models.html"].count("&gt;&gt;&gt;") > 50
    assert "problematic" not in html["api/models.html"] + html["api/datasets.html"]


def test_formulas_and_solutions_of_a_lesson_are_shown(html):
    page = html["lessons/losses.html"]
    assert page.count("<math") >= 3 and "<mfrac>" in page and "$" not in page.partition("Solution")[0][-2000:]
    solution = re.search(r"<details>\s*<summary>Solution</summary>(.*?)</details>", page, re.DOTALL).group(1)
    assert "<strong>416</strong>" in solution and "<math" in solution and "highlight" in solution
    assert "merror" not in page


@pytest.mark.parametrize(
    "latex",
    [
        r"\hat{y}_{ij} \approx \sigma(w^\top x + b)",
        r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}",
        r"\mathbb{R}^{n \times m}",
        r"-\sum_k t_k \log \frac{1}{p_k}, \quad \sqrt{2}, \; \lfloor x \rfloor, \; \text{if } x > 0",
        r"\frac{\partial L}{\partial w} = \left( p - t \right) \cdot x \in [0, 1]",
        r"f(x) = \begin{cases} x & x > 0 \\ 0 & \text{else} \end{cases}",
    ],
)
def test_the_lessons_kinds_of_formulas_are_known(latex):
    shown = re.sub("<annotation.*?</annotation>", "", as_mathml(latex))
    assert "merror" not in shown and "\\" not in shown


def test_a_second_build_runs_no_notebook_and_takes_under_two_minutes(books, cache, site, tmp_path):
    begun = time.process_time()  # others may use the processors, too
    again = run_lessons(tuple(LESSONS), cache, quick=True)
    build(again, tmp_path / "again")
    assert time.process_time() - begun < 120
    pages = {path.name for path in (tmp_path / "again").rglob("*.html")}
    assert pages == {path.name for path in site.rglob("*.html")}


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    "page",
    [
        "index",
        "lessons/index",
        "lessons/digits",
        "lessons/losses",
        "draw",
        "glossary",
        "counting",
        "zoo",
        "benchmarks",
        "api/models",
        "photos",
    ],
)
def test_pages_open_in_a_browser_without_an_error(page, dark, width, site, browser, tmp_path):
    browser.show(width, dark, phone=width < 500)
    browser.open((site / f"{page}.html").as_uri())
    said = browser.named("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")
    assert not said
    assert all(
        request["request"]["url"].startswith(("file:", "data:"))
        for request in browser.named("Network.requestWillBeSent")
    )
    assert browser.value("document.documentElement.scrollWidth") <= width
    colour = browser.value("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(float, re.findall(r"[\d.]+", colour)[:3])) < 380) == dark
    picture = browser.picture()
    assert len(set(Image.open(io.BytesIO(picture)).convert("L").getdata())) > 20


def test_search_finds_a_lesson_from_the_disk(site, browser):
    browser.show(1280)
    browser.open((site / "search.html").as_uri() + "?q=overfitting")
    # Sphinx writes its results one by one: the lesson is waited for, 20 s at most
    found = browser.value(
        "new Promise(done => { let tries = 0; const look = () => {"
        "const found = [...document.querySelectorAll('#search-results li a')].map(a => a.href).join(' ');"
        "if (found.includes('lessons/digits.html') || ++tries > 200) done(found);"
        "else setTimeout(look, 100) }; look() })"
    )
    assert "lessons/digits.html" in found
    assert not browser.named("Runtime.exceptionThrown", "Log.entryAdded")


def test_the_network_in_the_frame_runs(site, browser):
    browser.show(1280)
    browser.open((site / "draw.html").as_uri())
    text = browser.value(
        "new Promise(done => { const frame = document.querySelector('iframe.live'); frame.scrollIntoView();"
        "frame.loading = 'eager'; const look = () => done(document.querySelectorAll('iframe').length + ' '"
        "+ frame.clientWidth); frame.addEventListener('load', look); setTimeout(look, 3000) })"
    )
    count, width = text.split()
    assert int(count) == 1 and int(width) > 600
    browser.open((site / "_static" / "live.html").as_uri())
    drawn = browser.value(
        "new Promise(done => { let tries = 0; const look = () => {"
        "const count = document.querySelectorAll('canvas').length;"
        "if (count > 10 || ++tries > 300) done(count); else setTimeout(look, 100) }; look() })"
    )
    assert drawn > 10  # feature maps
