"""Names made safe for terminals, spreadsheets, pages and file systems, by others' rules than our own."""

import csv
import io
import unicodedata
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jinja2 import Environment

from datasets.files.names import cut, from_csv, quoted, safe, sentence, shown, unshown

ANY = st.text(st.characters(), max_size=60)  # halves of letters, controls and unassigned ones among them
SIGNS = st.text("=+-@＝＋－＠−'; \t\r\n\u200b\ufeff1.eax|", max_size=12)
TURNING = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}


@given(ANY)
@example("\x1b]0;title\x07\x9b31m")
@example("a\u202egnp.exe\u2066\u2029\ud800")
@example("dog\u200b\u3164\u115f\u2800\ufe0f\u00ad")
def test_on_a_terminal_a_name_is_one_line_that_can_be_seen(name):
    text = safe(name, "terminal")
    assert len(text.splitlines()) <= 1
    assert len(text) <= 200
    for letter in text:
        assert unicodedata.category(letter) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.bidirectional(letter) not in TURNING
        assert unicodedata.category(letter) != "Cf" or letter in "\u200c\u200d"  # which some scripts need
        assert letter not in "\u3164\u115f\u1160\uffa0\u2800\u034f"


@given(ANY)
def test_what_is_shown_stays_what_it_is(name):
    assert shown(shown(name)) == shown(name)
    if "\\" not in name:
        assert unshown(shown(name)) == name


@pytest.mark.parametrize(
    "name",
    [
        "Ünï 写真 (1).jpg",
        "می\u200cخواهم",  # Persian is not spelled without it
        "क्\u200dष",
        "👨\u200d👩\u200d👧 ❤\ufe0f 🏳\ufe0f\u200d🌈",
        "[red]&$x$",
    ],
)
def test_honest_names_stay_as_they_are(name):
    assert shown(name) == safe(name, "terminal") == safe(name, "csv") == name


def test_joiners_elsewhere_are_written_out():
    assert shown("ad\u200cmin \u200d") == r"ad\u200cmin \u200d"
    assert shown("a\ufe0f") == r"a\ufe0f"


def test_long_names_keep_both_ends():
    assert safe("a" * 5000 + ".jpg", "terminal").startswith("aaa")
    assert safe("a" * 5000 + ".jpg", "terminal").endswith("a.jpg")
    assert len(safe("a" * 5000, "terminal")) == 200
    assert cut("abcdefgh", 5) == "ab…gh" and cut("abcde", 5) == "abcde" and cut("abc", 1) == "…"
    assert sentence(ValueError(f"{'a' * 5000} does not exist.")).endswith("a does not exist.")
    assert quoted("a\n'" + "x" * 500) == repr("a\n'" + "x" * 37 + "…" + "x" * 39)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_standard_output_can_encode_what_goes_there(monkeypatch, encoding):
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    for name in ("Größe 蚂蚁 😀", "x" * 300, "caf\udce9"):
        safe(name, "terminal").encode(encoding)
    assert safe("蚂", "terminal") == r"\u8682"
    assert len(safe("x" * 300, "terminal").replace("...", "…")) <= 200


def test_without_standard_output_names_are_safe_too(monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    assert safe("Größe\x1b", "terminal") == r"Größe\x1b"


def runs(cell):
    """Whether a spreadsheet may take a cell for more than text, however it separates cells."""
    try:
        float(cell)
    except ValueError:
        pieces = cell.replace("\t", ";").replace("\n", ";").split(";")
        unseen = " \u00a0\u200b\u200c\u200d\ufeff\u2060\u00ad\x0b\x0c\u3000"
        begins = {unicodedata.normalize("NFKC", piece.strip(unseen))[:1] for piece in pieces}
        return bool(begins & set("=+-@\u2212")) or cell[:1] in {"\t", "\r", "\n"}
    return False


@given(ANY | SIGNS)
@example("=cmd|' /C calc'!A0")
@example(" \u00a0=1")
@example("x;=cmd|' /C calc'!A0;y")
@example("\n\n=1")
@example("'=1")
@example("''\t=1")
def test_no_cell_runs_as_a_formula_and_every_cell_comes_back(name):
    cell = safe(name, "csv")
    assert not runs(cell)
    assert not {letter for letter in cell if unicodedata.category(letter) in {"Cc", "Cs"}} - set("\n\t")
    file = io.StringIO(newline="")
    csv.writer(file).writerow(["a", cell])
    file.seek(0)
    assert next(csv.reader(file)) == ["a", cell]
    plain = all(unicodedata.category(letter) not in {"Cc", "Cs", "Zl", "Zp"} for letter in name)
    if plain and not any(unicodedata.bidirectional(letter) in TURNING for letter in name):
        assert from_csv(cell) == name


@pytest.mark.parametrize(
    "value", [-0.5, 7, None, np.float32(-1.5), np.int64(-3), "-0.5", "+1", "-1e-7", "-.5"]
)
def test_numbers_stay_numbers(value):
    assert safe(value, "csv") is value


def test_apostrophes_mean_nothing_elsewhere():
    for name in ("'tis", "it's", "a-b", "x=1", "good, - bad", "2; 3"):
        assert safe(name, "csv") == from_csv(name) == name


class Texts(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.values, self.text = [], [], ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.values += [value for _, value in attributes]

    def handle_data(self, data):
        self.text += data


@given(ANY | st.text("<>&'\"/!-=x ", max_size=20))
@example("</b><script>alert(1)</script><!--")
def test_in_a_page_a_name_is_text_in_elements_and_attributes(name):
    text = safe(name, "html")
    page = Texts(f"<p title=\"{text}\" lang='{text}'>{text}</p>")
    assert page.tags == ["p"]
    assert page.text == page.values[0] == page.values[1]
    templated = Environment(autoescape=True).from_string("<p>{{ name }}</p>").render(name=text)
    assert templated == f"<p>{text}</p>"  # and not escaped twice
    page.text.encode("utf-8")


def test_an_unknown_place_is_refused():
    with pytest.raises(ValueError, match="place= is 'shell'; give terminal"):
        safe("x", "shell")
