"""The page to label photos on, in a real browser by mouse, finger and keyboard, and what reads its table."""

import csv
import re
import time

import numpy as np
import pytest
from PIL import Image

from datasets import Photos, Texts
from datasets.files.names import from_csv
from datasets.files.tables import read_table
from models import ModelError
from models.labelling.label_page.page import render, write_label_page, write_text_page

SCRIPT = "</script><script>document.title='gone'</script><b>bold</b>"
ODD = ["ants", "bees, wasps", '"=1+1', "x" * 90, "蚂蚁"]


@pytest.fixture
def photos(tmp_path):
    """Twelve photos as files, six with odd names, and their pixels."""
    random, folder = np.random.default_rng(0), tmp_path / "photos"
    folder.mkdir()
    files = ["a.png", "b, c.png", "=d.png", "e&<b>.png", "f'g.png", "蚁.png"]
    files += [f"{n}.png" for n in range(6)]
    pixels = random.integers(0, 256, (12, 40, 60, 3), "uint8")
    for file, image in zip(files, pixels, strict=True):
        Image.fromarray(image).save(folder / file)
    return folder, files, pixels


@pytest.fixture
def downloads(tmp_path):
    (tmp_path / "downloads").mkdir()
    return tmp_path / "downloads"


@pytest.fixture
def open_page(browser, photos, downloads):
    """A function that opens the page; at the end what is unsaved is saved, or the browser would ask."""

    def open_page(classes, **changes):
        folder, files, pixels = photos
        page = downloads.parent / "label.html"
        write_label_page(page, pixels, [str(folder / file) for file in files], classes, **changes)
        browser.send("Page.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
        browser.show(1280)
        browser.open(page.as_uri())
        return browser

    yield open_page
    browser.value("document.getElementById('save').click()")
    assert browser.named("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded") == []


@pytest.fixture
def opened(open_page):
    """The page with two classes."""
    return open_page(["ants", "bees"])


def key(browser, name, text="", modifiers=0):
    codes = {"Backspace": 8, " ": 32, "ArrowLeft": 37, "ArrowRight": 39}
    how = {"key": name, "windowsVirtualKeyCode": codes.get(name, 0), "modifiers": modifiers}
    kind = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
    browser.send("Input.dispatchKeyEvent", **kind, **how)
    browser.send("Input.dispatchKeyEvent", type="keyUp", **how)


def centre(browser, what):
    return browser.value(f"""(() => {{
        const one = {what}
        one.scrollIntoView({{block: 'center'}})
        const {{left, top, width, height}} = one.getBoundingClientRect()
        return [left + width / 2, top + height / 2]
    }})()""")


def click(browser, what):
    x, y = centre(browser, what)
    for kind in "Pressed", "Released":
        how = {"button": "left", "buttons": 1, "clickCount": 1}
        browser.send("Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y, **how)


def tap(browser, what):
    x, y = centre(browser, what)
    browser.send("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
    browser.send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])


def of_class(index):
    return f"document.querySelectorAll('#classes button')[{index}]"


def of_photo(index):
    return f"document.querySelectorAll('#photos button')[{index}]"


def progress(browser):
    return browser.value("document.getElementById('progress').textContent")


def given(browser):
    """The labels below the small photos."""
    return browser.value("[...document.querySelectorAll('#photos bdi')].map(one => one.textContent)")


def saved(browser, downloads):
    """The rows of the table that a click on "Save labels" writes."""
    click(browser, "document.getElementById('save')")
    for _ in range(200):
        if (path := downloads / "labels.csv").exists() and not list(downloads.glob("*.crdownload")):
            with path.open(encoding="utf-8", newline="") as file:
                return path, list(csv.reader(file))
        time.sleep(0.05)
    raise AssertionError("nothing was saved")


def test_mouse_and_keyboard_label_photos_and_the_check_reads_the_table(opened, photos, downloads):
    assert progress(opened) == "Photo 1 of 12, 0 labelled"
    click(opened, of_class(0))
    key(opened, "2", "2")
    key(opened, " ", " ")  # leave the third out
    for name in "1122":
        key(opened, name, name)
    click(opened, of_photo(9))
    key(opened, "1", "1")
    click(opened, of_photo(11))
    key(opened, "2", "2")
    chosen = {0: "ants", 1: "bees", 3: "ants", 4: "ants", 5: "bees", 6: "bees", 9: "ants", 11: "bees"}
    assert given(opened) == [chosen.get(index, "–") for index in range(12)]
    path, rows = saved(opened, downloads)
    folder, files, _ = photos
    assert rows == [["file", "label"], *([str(folder / files[n]), label] for n, label in chosen.items())]
    checked = Photos.check(path, image_size=32)
    found = {file: checked.class_names[n] for file, n in zip(checked.files, checked.labels, strict=True)}
    assert found == {str(folder / files[n]): label for n, label in chosen.items()}
    assert opened.value("document.getElementById('saved').textContent").startswith("Saved as labels.csv")


def test_labels_are_undone_one_by_one_and_arrows_move(opened):
    for name in "1", "2", "1":
        key(opened, name, name)
    key(opened, "ArrowLeft")
    assert progress(opened) == "Photo 3 of 12, 3 labelled"
    key(opened, "2", "2")  # another class for the same photo
    assert given(opened)[:3] == ["ants", "bees", "bees"]
    key(opened, "Backspace")
    assert given(opened)[:3] == ["ants", "bees", "ants"] and progress(opened).startswith("Photo 3")
    click(opened, "document.getElementById('undo')")
    key(opened, "z", modifiers=2)
    assert given(opened) == ["ants"] + 11 * ["–"] and progress(opened) == "Photo 2 of 12, 1 labelled"
    key(opened, "Backspace")
    key(opened, "Backspace")  # nothing is left to undo
    assert opened.value(
        "document.getElementById('undo').disabled && document.getElementById('save').disabled"
    )
    key(opened, "3", "3")  # no such class
    key(opened, "ArrowLeft")
    assert progress(opened) == "Photo 1 of 12, 0 labelled"


def test_fingers_label_photos_on_a_phone(opened):
    opened.show(390, phone=True)
    opened.send("Emulation.setTouchEmulationEnabled", enabled=True)
    try:
        tap(opened, of_class(1))
        tap(opened, of_class(0))
    finally:
        opened.send("Emulation.setTouchEmulationEnabled", enabled=False)
    assert given(opened)[:3] == ["bees", "ants", "–"]
    sides = opened.value(
        "[...document.querySelectorAll('button')].map(one => one.getBoundingClientRect().height)"
    )
    assert min(sides) >= 44


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_its_window_and_can_be_read_in_light_and_dark(opened, width, dark):
    opened.show(width, dark, phone=width < 500)
    key(opened, "1", "1")
    assert opened.value("document.documentElement.scrollWidth") <= width
    assert opened.lowest_contrast() >= 4.5
    background = opened.value("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", background))) < 60) == dark


def test_odd_names_stay_text_and_come_back_from_the_table(open_page, photos, downloads):
    folder, files, _ = photos
    classes = [*ODD, SCRIPT, *(f"class {n}" for n in range(40))]
    known = [(str(folder / files[n]), ODD[n // 6], ("train", "test")[n % 2]) for n in range(8)]
    browser = open_page(classes, labelled=known, title=SCRIPT)
    assert browser.value("document.title") == SCRIPT and browser.value("document.scripts.length") == 2
    assert SCRIPT in browser.value("document.body.innerText")
    for place, label in ((8, 2), (9, 3), (10, 4), (11, 5)):
        click(browser, of_photo(place))
        click(browser, of_class(label))
    path, rows = saved(browser, downloads)
    table = read_table(path.read_text(encoding="utf-8"), "labels.csv")
    assert table.rows[0] == ["file", "label", "split"]
    cells = [tuple(map(from_csv, row)) for row in table.rows[1:]]
    assert cells == known + [(str(folder / files[n]), classes[n - 6], "train") for n in range(8, 12)]
    assert not any(re.match("[=+@-]", cell) for row in rows for cell in row)
    urls = [event["request"]["url"] for event in browser.named("Network.requestWillBeSent")]
    assert [url for url in urls if not url.startswith(("file:", "data:", "blob:"))] == []


def test_of_many_classes_one_is_found_by_its_name(open_page):
    browser = open_page([f"class {n}" for n in range(40)])
    click(browser, "document.getElementById('find')")
    for letter in "s 37":
        key(browser, letter, letter)
    shown = "[...document.querySelectorAll('#classes button')].filter(one => one.offsetParent)"
    assert browser.value(f"{shown}.map(one => one.textContent)") == ["class 37"]
    click(browser, f"{shown}[0]")
    assert given(browser)[0] == "class 37"


def test_what_does_not_fit_is_one_sentence(photos):
    _, files, pixels = photos
    for bad in ([], files, ["a", "b"]), (pixels, files[:2], ["a", "b"]), (pixels, files, []):
        with pytest.raises(ModelError, match=r"^photos= .* as many files as photos\.$"):
            render(*bad)
    for rows in ([("a", "b"), ("a", "b", "c")], [("a",)]):
        with pytest.raises(ModelError, match=r"^labelled= .*\.$"):
            render(pixels, files, ["a", "b"], rows)


def test_texts_are_shown_as_text_and_come_back_as_they_were(browser, downloads):
    texts = [f"{SCRIPT} late", 'say "no", then\n=leave()', "蚂蚁 parcel", "@SUM(1) is wrong"]
    rows = [(f"{word} number {n}", word) for n in range(12) for word in ("delivery", "invoice")]
    page = downloads.parent / "label.html"
    write_text_page(page, texts, ["delivery", "invoice"], rows)
    browser.send("Page.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
    browser.show(1280)
    browser.open(page.as_uri())
    assert browser.value("document.title") == "Label these next" and not browser.value(
        "document.images.length"
    )
    assert browser.value("document.getElementById('text').textContent") == texts[0]
    for number, label in enumerate("1212"):
        assert progress(browser) == f"Text {number + 1} of 4, {number} labelled"
        key(browser, label, label)
    path, table = saved(browser, downloads)
    assert table[0] == ["text", "label"] and len(table) == 1 + len(rows) + 4
    read = Texts.check(path)
    labels = dict(zip(read.texts, read.labels, strict=True))
    assert [labels[text] for text in texts] == [0, 1, 0, 1]
    assert browser.named("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded") == []


def test_a_page_without_texts_or_with_rows_that_do_not_fit_is_refused(tmp_path):
    with pytest.raises(ModelError, match="must have at least one each"):
        write_text_page(tmp_path / "label.html", [], ["a", "b"])
    with pytest.raises(ModelError, match=r"labelled= must have rows of \(text, label\)"):
        write_text_page(tmp_path / "label.html", ["x"], ["a", "b"], [("y", "a"), ("z", "b", "train")])
    assert not list(tmp_path.iterdir())
