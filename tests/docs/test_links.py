"""What the check of the site's pages finds, on pages with one fault each."""

import pytest

from docs.links import problems

GOOD = {
    "index.html": '<a href="a/b.html#here">b</a> <a href="https://example.org/x#y">x</a> <p id="top-of-it">'
    '<script src="s.js?v=1"></script><link rel="stylesheet" href="s.css"><img src="data:image/png;base64,">',
    "a/b.html": '<h1 id="here">b</h1><a href="../index.html">up</a><iframe src="../live.html"></iframe>',
    "live.html": "<p>",
    "s.js": "",
    "s.css": "p { background: url(data:image/png;base64,) }",
}
FAULTS = [
    ("index.html", '<a href="c.html">', "links to c.html, which"),
    ("index.html", '<a href="a/b.html#there">', "a place that is not there"),
    ("index.html", '<a href="#there">', "a place that is not there"),
    ("a/b.html", '<iframe src="live.html">', "links to live.html"),
    ("a/b.html", '<img src="/s.png">', "links to /s.png"),
    ("index.html", '<script src="https://cdn.example.org/m.js"></script>', "from another host"),
    ("index.html", '<img src="//example.org/m.png">', "from another host"),
    ("index.html", '<img src="s.js" srcset="http://example.org/m.png 2x">', "from another host"),
    ("index.html", '<link rel="preload stylesheet" href="http://example.org/m.css">', "from another host"),
    ("s.css", "@import url(https://example.org/m.css)", "s.css loads something from another host"),
]


def write(folder, pages):
    for name, text in pages.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def test_pages_without_a_fault_have_none(tmp_path):
    write(tmp_path, GOOD)
    assert not list(problems(tmp_path))


@pytest.mark.parametrize(("name", "more", "sentence"), FAULTS)
def test_a_fault_is_found(name, more, sentence, tmp_path):
    write(tmp_path, GOOD | {name: GOOD[name] + more})
    found = list(problems(tmp_path))
    assert found and all(one.startswith(name) for one in found) and any(sentence in one for one in found)
