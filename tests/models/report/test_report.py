"""The report page: what it says, what it leaves out, that names stay text, that a browser fetches nothing."""

import base64
import io
import re
import unicodedata
from dataclasses import dataclass
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.report.report import MOST, Figure, Mistake, PhotoReport, render, write_report
from models.scores import ClassScore, Share

SCRIPT = "<script>alert(1)</script>"
HOSTILE = [
    SCRIPT,
    '"; rm -rf ~',
    "'><img src=x onerror=alert(1)>",
    "</style><script>document.title = 'taken'</script>",
    "ants & bees &amp; &lt;",
    "two\nlines\tand a tab",
    "{{ 7 * 7 }} {% raw %}",
    "{#",
    "x" * 200,
    "蚂蚁",
    "\u202edesrever",
    "javascript:alert(1)",
]


def seen(name):
    """What a page shows of a name: halves of letters, controls and turned directions as text."""
    turning = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
    return "".join(
        letter.encode("unicode_escape", "surrogatepass").decode()
        if (unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} and letter not in "\n\t")
        or unicodedata.bidirectional(letter) in turning
        else letter
        for letter in name
    )


@dataclass
class Finding:
    what: str
    files: list
    action: str


class Reader(HTMLParser):
    """The elements, attributes and texts of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.texts, self.open = [], [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attributes]
        self.open.append(tag)
        self.texts.append("")

    def handle_endtag(self, tag):
        self.texts.append("")

    def handle_data(self, data):
        self.texts[-1:] = [(self.texts or [""])[-1] + data]

    def of(self, name):
        return [value for _, key, value in self.attributes if key == name]


def png(width=300, height=200, noise=False):
    pixels = np.full((height, width, 3), 200, "uint8")
    if noise:
        pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype("uint8")
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "PNG")
    return held.getvalue()


def full_report(names=("ants", "bees"), files=("a.jpg",), **changes):
    n, photo = len(names), np.zeros((30, 40, 3), "uint8")
    figures = ("augmentation", "curves", "confusion_matrix", "class_scores", "calibration", "grad_cam")
    content = {
        "title": f"Photos of {names[0]}",
        "finding": f"It tells {names[0]} well.",
        "used": 1234,
        "set_aside": len(files),
        "test_accuracy": Share(9, 10),
        "baseline_accuracy": Share(44, 50),
        "cross_validation_accuracy": Share(180, 200),
        "seconds": {"phase 1": 3.25, "phase 2": 100.0},
        "backbone": "mobilenet",
        "weights": files[0],
        "settings": {"data": files[0], "seed": 0},
        "findings": [Finding("truncated", list(files), "set aside")],
        "quarantine": [(file, f"{file} is broken") for file in files],
        "class_names": list(names),
        "counts": {"train": [30] * n, "validation": [5] * n, "test": [7] * n},
        "class_scores": [ClassScore(name, Share(3, 4), Share(0, 0)) for name in names],
        "scored": "the test photos",
        "calibration_error": 0.0421,
        "figures": {name: Figure(png(), f"alternative to {name}", f"caption of {name}") for name in figures},
        "mistakes": [Mistake(photo, file, names[0], names[-1], 0.987) for file in files],
        "commands": [("Ask it", f"python -m tutorials.predict outputs/fine_tune '{files[0]}'")],
        "environment": {"keras": "3.15.1"},
    }
    return PhotoReport(**{**content, **changes})


@pytest.fixture(scope="module")
def reader():
    return Reader(render(full_report()))


def test_everything_that_the_run_found_stands_in_the_page(reader):
    text = re.sub(r"\s+", " ", " ".join(reader.texts))
    for said in (
        "90.0 %", "9 of 10 classified correctly; 95 % interval 59.6 % to 98.2 %",
        "180 of 200 other photos", "1,234", "1 set aside",
        "1 min 43 s", "3.2 s", "truncated", "a.jpg is broken", "98.7 %", "4.2 points", "keras", "3.15.1",
        "75.0 %", "outputs/fine_tune 'a.jpg'", "caption of grad_cam",
    ):  # fmt: skip
        assert said in text, said
    assert reader.tags.count("h1") == 1
    assert reader.tags.count("h2") == reader.tags.count("section") == 12
    assert reader.tags.count("table") == reader.tags.count("caption") == 4
    assert ("html", "lang", "en") in reader.attributes
    assert {href for href in reader.of("href") if href.startswith("#")} <= {
        f"#{id}" for id in reader.of("id")
    }
    assert len(set(reader.of("id"))) == len(reader.of("id"))


def test_every_picture_has_an_alternative_text_and_lies_inside(reader):
    assert reader.tags.count("img") == 7
    assert len(reader.of("alt")) == 7 and all(reader.of("alt"))
    for source in reader.of("src"):
        kind, content = re.fullmatch(r"data:image/(png|jpeg);base64,([\w+/=]+)", source).groups()
        with Image.open(io.BytesIO(base64.b64decode(content))) as image:
            assert image.format.lower() == kind
            image.load()


def test_nothing_is_fetched_and_nothing_runs(reader):
    assert not {"script", "iframe", "object", "embed", "form", "base"} & set(reader.tags)
    assert not [key for _, key, _ in reader.attributes if key.startswith("on")]
    for key in ("src", "href", "srcset", "action", "data", "poster"):
        assert all(value.startswith(("data:", "#")) for value in reader.of(key))
    page = render(full_report())
    assert "http:" not in page and "https:" not in page and "@import" not in page and "url(" not in page
    (policy,) = (value for value in reader.of("content") if "default-src" in value)
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")


def test_what_is_missing_is_left_out_cleanly():
    reader = Reader(render(PhotoReport("A title", "A finding.", 7, 0)))
    assert not {"section", "h2", "table", "img", "figure", "li", "details"} & set(reader.tags)
    assert not [href for href in reader.of("href") if href.startswith("#") and href != "#report"]
    assert "none set aside" in " ".join(reader.texts)
    for name, gone in {"mistakes": [], "commands": [], "quarantine": [], "findings": []}.items():
        assert Reader(render(full_report(**{name: gone}))).tags.count("section") == 11
    untested = " ".join(Reader(render(full_report(test_accuracy=None))).texts)
    assert "Test accuracy" not in untested and "In cross-validation" in untested


def test_names_are_text_and_nothing_else(reader):
    hostile = Reader(render(full_report(names=HOSTILE, files=HOSTILE)))
    for name in map(seen, HOSTILE):  # where: set aside, findings, classes, scores, mistakes, settings
        assert hostile.texts.count(name) >= 4, name
    assert set(hostile.tags) == set(reader.tags) | ({"details", "summary"} & set(hostile.tags))
    assert {key for _, key, _ in hostile.attributes} == {key for _, key, _ in reader.attributes}
    assert hostile.tags.count("img") == 6 + len(HOSTILE)
    assert SCRIPT in hostile.texts[hostile.texts.index(f"Photos of {SCRIPT}")]


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=20))
def test_any_name_comes_out_as_it_went_in_unless_it_deceives(name):
    page = render(full_report(names=[name, "bees"], files=[name], figures={}, mistakes=[]))
    page.encode("utf-8")
    assert seen(name) in Reader(page).texts


def test_names_that_are_not_utf_8_can_be_written(tmp_path):
    write_report(
        tmp_path / "report.html", full_report(files=[b"caf\xe9.jpg".decode("utf-8", "surrogateescape")])
    )
    assert "caf\\udce9.jpg" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_long_lists_are_folded_and_cut():
    many = [f"{n}.jpg" for n in range(MOST + 50)]
    reader = Reader(render(full_report(names=[f"class {n}" for n in range(300)], files=many, mistakes=[])))
    assert reader.tags.count("details") == 3
    text = " ".join(reader.texts)
    assert f"{MOST - 1}.jpg is broken" in text and f"{MOST}.jpg is broken" not in text
    assert "And 50 more, in quarantine.csv." in text
    assert "class 299" in text  # classes are all there


def test_pictures_stay_small():
    large = png(1200, 900, noise=True)
    page = render(full_report(figures={"grad_cam": Figure(large, "noise")}, mistakes=[]))
    (source,) = Reader(page).of("src")
    assert source.startswith("data:image/jpeg") and len(source) < len(large) / 2
    photo = np.random.default_rng(0).integers(0, 256, (1500, 2000, 3))
    page = render(full_report(figures={}, mistakes=[Mistake(photo, "a", "b", "c", 0.5)]))
    (source,) = Reader(page).of("src")
    with Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))) as image:
        assert max(image.size) <= 240


@pytest.fixture
def opened(browser, tmp_path):
    names = [SCRIPT, *HOSTILE[2:]]
    write_report(tmp_path / "report.html", full_report(names=names, files=HOSTILE))
    browser.open((tmp_path / "report.html").as_uri())
    return browser


def requests(browser):
    urls = [event["request"]["url"] for event in browser.named("Network.requestWillBeSent")]
    return [url for url in urls if not url.startswith(("file:", "data:"))]


def test_a_browser_makes_no_request_and_runs_no_script(opened):
    assert requests(opened) == []
    assert opened.named("Page.javascriptDialogOpening", "Runtime.consoleAPICalled", "Log.entryAdded") == []
    assert opened.value("document.scripts.length") == 0
    assert opened.value("document.title") == f"Photos of {SCRIPT}"
    assert opened.value("[...document.images].filter(one => !one.naturalWidth).length") == 0
    assert opened.value("document.body.innerText").count(SCRIPT) >= 3


def test_the_browser_would_tell_of_a_request(browser, tmp_path):
    (tmp_path / "bad.html").write_text("<img src='http://127.0.0.1:9/a.png'><script>console.log(1)</script>")
    browser.open((tmp_path / "bad.html").as_uri())
    assert requests(browser) == ["http://127.0.0.1:9/a.png"]
    assert browser.named("Runtime.consoleAPICalled")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_its_window_and_can_be_read_in_light_and_dark(opened, width, dark):
    opened.show(width, dark, phone=width < 500)
    assert opened.value("document.documentElement.scrollWidth") <= width
    assert opened.lowest_contrast() >= 4.5
    background = opened.value("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", background))) < 60) == dark
