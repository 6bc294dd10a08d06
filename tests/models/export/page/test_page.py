"""The page that runs a model: opened in a real browser, drawn on, pointed at, and fed with bad files."""

import base64
import io
import json
import math
import re
import struct
import time
import zlib

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image, ImageDraw, ImageFilter

from datasets import digits
from models import ConvNet
from models.export.page.page import write_page
from models.fine_tuning.transfer import TransferClassifier
from models.receptive_fields import of_layer

NAMES = [str(digit) for digit in range(10)]
SCRIPT = "</script><script>document.title='gone'</script><b>bold</b>"


@pytest.fixture(scope="module")
def scans():
    """Some digits and their labels."""
    return digits.load_data("embedded")[1]


@pytest.fixture(scope="module")
def model():
    return ConvNet(weights="mnist")


@pytest.fixture(scope="module")
def page(model, scans, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    write_page(model, scans[0][:6], path, NAMES, "Digits")
    return path


def open_page(browser, path, width=1280, **how):
    browser.show(width, **how)
    browser.open(path.as_uri())
    browser.value("""new Promise(done => {
        const soon = () => requestAnimationFrame(() => requestAnimationFrame(done))
        const look = () => Page.ready ? soon() : setTimeout(look, 10)
        look()
    })""")
    return browser


@pytest.fixture
def opened(browser, page):
    yield open_page(browser, page)
    assert troubles(browser) == []


def troubles(browser):
    return browser.named("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")


def settle(browser):
    """Wait until the page has run the model, and shows what follows."""
    browser.value("""new Promise(done => {
        const look = () => Page.runner?.busy ? setTimeout(look, 5) : done()
        requestAnimationFrame(() => requestAnimationFrame(look))
    })""")


def answer(browser):
    """The likeliest class, and what all have been given."""
    settle(browser)
    return browser.value("Page.bars.best().unit"), np.array(browser.value("[...Page.bars.shares]"))


def box(browser, what):
    """Left, top, width and height in the window of an element, once that is in sight."""
    return browser.value(f"""(() => {{
        const one = {what}
        one.scrollIntoView({{block: 'center'}})
        const {{left, top, width, height}} = one.getBoundingClientRect()
        return [left, top, width, height]
    }})()""")


def mouse(browser, kind, x, y, pressed=False):
    buttons = {"button": "left", "buttons": 1, "clickCount": 1} if pressed else {}
    browser.send("Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y, **buttons)


def draw(browser, strokes):
    """Draw with the mouse; each stroke is a list of (x, y) in shares of the drawing area."""
    left, top, width, height = box(browser, "document.getElementById('pad')")
    for stroke in strokes:
        places = [(left + x * width, top + y * height) for x, y in stroke]
        mouse(browser, "Pressed", *places[0], pressed=True)
        for place in places[1:]:
            mouse(browser, "Moved", *place, pressed=True)
        mouse(browser, "Released", *places[-1], pressed=True)
    settle(browser)


def tile(browser, name, c):
    """A JavaScript expression for the canvas of a map."""
    return f"Page.view.cards.get(Page.model.nodes.find(one => one.name === '{name}').id).tiles[{c}].canvas"


def point(browser, name, c, y, x, size):
    """Move the mouse to a pixel of a map of size (rows, columns)."""
    left, top, width, height = box(browser, tile(browser, name, c))
    mouse(browser, "Moved", left + width * (x + 0.5) / size[1], top + height * (y + 0.5) / size[0])
    settle(browser)


def panel(browser):
    return browser.value("document.getElementById('panel').innerText")


def written(text):
    """A number as the page writes it."""
    return float(text.replace("\N{MINUS SIGN}", "-").replace(",", "").replace("+", ""))


def key(browser, name):
    browser.send(
        "Input.dispatchKeyEvent", type="keyDown", key=name, code=name, windowsVirtualKeyCode=CODES[name]
    )
    browser.send(
        "Input.dispatchKeyEvent", type="keyUp", key=name, code=name, windowsVirtualKeyCode=CODES[name]
    )
    settle(browser)


CODES = {
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
    "PageDown": 34,
    "Enter": 13,
    "Escape": 27,
}
ZERO = [
    [(0.5 + 0.22 * math.sin(a / 12 * math.tau), 0.5 - 0.3 * math.cos(a / 12 * math.tau)) for a in range(13)]
]
ONE = [[(0.5, 0.2 + step / 10 * 0.6) for step in range(11)]]
SEVEN = [[(0.3, 0.25), (0.5, 0.25), (0.7, 0.25), (0.62, 0.45), (0.55, 0.6), (0.48, 0.8)]]


def png(pixels, kind="PNG"):
    held = io.BytesIO()
    pixels = np.asarray(pixels)
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(held, kind)
    return held.getvalue()


def take(browser, *contents):
    """Give files to the page as if they were dropped: (name, bytes) each. Its message."""
    files = json.dumps([[name, base64.b64encode(content).decode()] for name, content in contents])
    browser.value(f"""Page.input.take({files}.map(([name, text]) =>
        new File([Uint8Array.from(atob(text), letter => letter.charCodeAt(0))], name)))""")
    settle(browser)
    return browser.value("document.getElementById('message').textContent")


def seen(browser, shape=(28, 28, 1)):
    return np.array(browser.value("[...Page.input.pixels()]")).reshape(shape)


def predictions(model, images):
    return np.asarray(model(np.asarray(images, "float32"), training=False))


# ---- The file ----


def test_it_is_one_file_that_makes_no_request(opened, page):
    urls = [event["request"]["url"] for event in opened.named("Network.requestWillBeSent")]
    assert [url for url in urls if not url.startswith(("file:", "data:"))] == []
    assert page.stat().st_size < 3e6
    assert list(page.parent.iterdir()) == [page]


def test_only_its_own_scripts_may_run(browser, page, tmp_path):
    text = page.read_text(encoding="utf-8").replace(
        "</body>", "<script>document.title='other'</script></body>"
    )
    (tmp_path / "changed.html").write_text(text, encoding="utf-8")
    open_page(browser, tmp_path / "changed.html")
    assert browser.value("document.title") == "Digits"
    assert any(
        "Content Security Policy" in event["entry"]["text"] for event in browser.named("Log.entryAdded")
    )


def test_names_are_text(browser, scans, tmp_path):
    small = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(3, activation="softmax")]
    )
    names = [SCRIPT, "<img src=x onerror=alert(1)>", "{{ 1 + 1 }}&amp;\ud800"]
    write_page(small, np.zeros((0, 8, 8, 1), "uint8"), tmp_path / "page.html", names, SCRIPT)
    open_page(browser, tmp_path / "page.html")
    assert (
        browser.value("document.title") == SCRIPT == browser.value("document.querySelector('h1').textContent")
    )
    shown = browser.value("[...document.querySelectorAll('#bars .who')].map(one => one.textContent)")
    assert shown[:2] == names[:2] and shown[2].startswith("{{ 1 + 1 }}&amp;")
    browser.value("document.querySelector('.answer-row').click()")
    settle(browser)
    assert f"Votes for {SCRIPT}" in panel(browser)
    assert browser.value("document.querySelectorAll('b:not(.scales), img').length") == 0
    assert troubles(browser) == []


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path):
    (tmp_path / "page.html").write_text("old")
    strange = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    with pytest.raises(ValueError, match="no image"):
        write_page(strange, np.zeros((0, 4, 4, 1)), tmp_path / "page.html", ["a", "b"], "")
    assert (tmp_path / "page.html").read_text() == "old" and len(list(tmp_path.iterdir())) == 1


# ---- Pictures ----


def test_the_first_example_is_read_and_explained_without_asking(opened, model, scans):
    unit, shares = answer(opened)
    expected = predictions(model, scans[0][:1])[0]
    np.testing.assert_allclose(shares, expected, atol=1e-4)
    assert unit == expected.argmax()
    assert "Receptive field" in panel(opened) and "patch" in panel(opened)
    assert opened.value("document.querySelectorAll('.lit').length") >= 2


def test_examples_can_be_clicked(opened, model, scans):
    for at in 3, 5:
        opened.value(f"document.querySelectorAll('#examples button')[{at}].click()")
        np.testing.assert_array_equal(seen(opened), scans[0][at])
        np.testing.assert_allclose(answer(opened)[1], predictions(model, scans[0][at : at + 1])[0], atol=1e-4)


@pytest.mark.parametrize(("strokes", "digit"), [(ZERO, 0), (ONE, 1), (SEVEN, 7)])
def test_digits_drawn_with_the_mouse_are_read(opened, model, strokes, digit):
    draw(opened, strokes)
    unit, shares = answer(opened)
    assert unit == digit and shares[digit] > 0.5
    np.testing.assert_allclose(shares, predictions(model, seen(opened)[None])[0], atol=1e-4)


def test_where_and_how_large_a_digit_is_drawn_matters_little(opened):
    draw(opened, SEVEN)
    large = seen(opened)
    opened.value("document.getElementById('clear').click()")
    draw(opened, [[(0.1 + x / 2.5, 0.5 + y / 2.5) for x, y in stroke] for stroke in SEVEN])
    small = seen(opened)
    assert answer(opened)[0] == 7
    assert abs(large - small).mean() < 8


def test_undo_and_clear(opened, model):
    draw(opened, ONE + [[(0.2, 0.5), (0.8, 0.5)]])
    both = seen(opened)
    opened.value("document.getElementById('undo').click()")
    assert answer(opened)[0] == 1 and not np.array_equal(both, seen(opened))
    opened.value("document.getElementById('clear').click()")
    np.testing.assert_allclose(answer(opened)[1], predictions(model, np.zeros((1, 28, 28, 1)))[0], atol=1e-4)
    assert "all zeros" in opened.value("document.getElementById('message').textContent")
    assert opened.value("document.getElementById('undo').disabled")


def test_strokes_leave_no_backlog(opened):
    before = opened.value("Page.runs")
    strokes = [[(0.5 + 0.3 * math.sin(n / 9), 0.5 + 0.3 * math.cos(n / 7)) for n in range(80)]]
    draw(opened, strokes)
    runs = opened.value("Page.runs")
    assert 1 <= runs - before <= 82
    drawn = seen(opened)
    settle(opened)
    assert opened.value("Page.runs") == runs  # nothing was left to do
    opened.value("(Page.input.update(), Page.input.update(), Page.input.update())")
    settle(opened)
    assert opened.value("Page.runs") == runs + 1  # three changes, one run
    np.testing.assert_array_equal(seen(opened), drawn)


def test_a_finger_draws_and_does_not_scroll(browser, page):
    open_page(browser, page, 390, phone=True)
    browser.send("Emulation.setTouchEmulationEnabled", enabled=True)
    try:
        left, top, width, height = box(browser, "document.getElementById('pad')")
        places = [(left + x * width, top + y * height) for x, y in ONE[0]]
        scrolled = browser.value("scrollY")
        touch = lambda kind, *at: browser.send(  # noqa: E731
            "Input.dispatchTouchEvent", type=f"touch{kind}", touchPoints=[{"x": x, "y": y} for x, y in at]
        )
        touch("Start", places[0])
        for place in places[1:]:
            touch("Move", place)
        touch("End")
        assert answer(browser)[0] == 1
        assert browser.value("scrollY") == scrolled
        browser.value("new Promise(done => setTimeout(done, 400))")  # else it is half of a double tap
        left, top, width, height = box(browser, tile(browser, "conv1", 2))
        touch("Start", (left + width * 7.5 / 14, top + height * 7.5 / 14))
        touch("End")
        deadline = time.monotonic() + 10
        while "conv1, map 2, row 7, column 7" not in panel(browser) and time.monotonic() < deadline:
            browser.value("new Promise(done => setTimeout(done, 50))")
        assert "conv1, map 2, row 7, column 7" in panel(browser)
        browser.value("document.getElementById('unfold').click()")
        assert browser.value("document.getElementById('panel').getBoundingClientRect().height") > 200
    finally:
        browser.send("Emulation.setTouchEmulationEnabled", enabled=False)
    assert troubles(browser) == []


def test_digit_files_are_read_as_they_are(opened, model, scans):
    images, labels = scans
    right = 0
    for image, label in zip(images[:20], labels[:20], strict=True):
        assert take(opened, ("digit.png", png(image))) == ""
        np.testing.assert_array_equal(seen(opened), image)
        right += answer(opened)[0] == label
    assert right == (predictions(model, images[:20]).argmax(-1) == labels[:20]).sum() >= 18


def on_paper(image, side=300, light=215, ink=60):
    """A digit as a photo shows it: dark ink on paper that lies half in the shadow."""
    large = Image.fromarray(image[..., 0]).resize((side, side), Image.Resampling.BICUBIC)
    stroke = np.asarray(large.filter(ImageFilter.GaussianBlur(2))) / 255 > 0.45
    paper = np.full((side + 100, side + 160), light, float)
    paper[40 : 40 + side, 90 : 90 + side] -= (light - ink) * stroke
    paper *= np.linspace(0.65, 1, paper.shape[1])
    noise = np.random.default_rng(0).normal(0, 2, paper.shape)
    return np.repeat((paper + noise).clip(0, 255).astype("uint8")[..., None], 3, -1)


def test_photos_of_digits_are_read_as_predict_reads_them(opened, scans, tmp_path):
    images, labels = scans
    right = 0
    for at in range(4):
        photo = on_paper(images[at])
        (tmp_path / "photo.png").write_bytes(png(photo))
        assert take(opened, ("photo.png", png(photo))) == ""
        ours = digits.read_image(tmp_path / "photo.png")
        assert abs(seen(opened) - ours).mean() < 12, at
        right += answer(opened)[0] == labels[at]
    assert right == 4


@pytest.mark.slow
def test_real_digits_are_read_right_as_images_and_as_pen_strokes(opened, mnist_folder):
    _, (images, labels) = digits.load_data(mnist_folder)
    some = np.random.default_rng(0).choice(len(images), 40, replace=False)
    as_image = as_photo = as_stroke = 0
    for at in some:
        take(opened, ("digit.png", png(images[at])))
        as_image += answer(opened)[0] == labels[at]
        take(opened, ("photo.png", png(on_paper(images[at]))))
        as_photo += answer(opened)[0] == labels[at]
        opened.value("document.getElementById('clear').click()")
        draw(opened, pen_strokes(images[at]))
        as_stroke += answer(opened)[0] == labels[at]
    assert min(as_image, as_photo, as_stroke) >= 38, (as_image, as_photo, as_stroke)


def pen_strokes(image):
    """The middle lines of a digit as strokes of a pen: lists of (x, y) in shares of the sides."""
    large = np.asarray(Image.fromarray(image[..., 0]).resize((84, 84), Image.Resampling.BICUBIC))
    left = {(int(y), int(x)) for y, x in np.argwhere(thinned(large > 110))}
    around = [(0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, -1), (-1, 1)]
    near = lambda y, x: [(y + i, x + j) for i, j in around if (y + i, x + j) in left]  # noqa: E731
    strokes = []
    while left:
        ends = [place for place in sorted(left) if len(near(*place)) == 1]
        place = (ends or sorted(left))[0]
        stroke = [place]
        left.discard(place)
        while following := near(*stroke[-1]):
            stroke.append(following[0])
            left.discard(following[0])
        if len(stroke) > 2 or not strokes:
            strokes.append([((x + 0.5) / 84, (y + 0.5) / 84) for y, x in [*stroke[::3], stroke[-1]]])
    return strokes


def thinned(ink):
    """A stroke of one pixel's width (Zhang and Suen, 1984)."""
    ink = np.pad(ink, 1).astype(int)
    while True:
        before = ink.copy()
        for turn in 0, 1:
            p = [np.roll(ink, step, (0, 1)) for step in
                 [(1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1)]]  # fmt: skip
            many = sum(p)
            changes = sum((p[n] == 0) & (p[(n + 1) % 8] == 1) for n in range(8))
            a, b = (
                (p[0] * p[2] * p[4], p[2] * p[4] * p[6])
                if turn == 0
                else (p[0] * p[2] * p[6], p[0] * p[4] * p[6])
            )
            ink[(ink == 1) & (many >= 2) & (many <= 6) & (changes == 1) & (a == 0) & (b == 0)] = 0
        if (ink == before).all():
            return ink[1:-1, 1:-1].astype(bool)


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def test_bad_files_get_one_sentence_and_the_page_lives_on(opened, scans):
    digit = png(scans[0][0])
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 10000, 10000, 8, 0, 0, 0, 0))
    huge = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"")
    bad = {
        "is not a picture": ("notes.txt", b"only text, <b>no</b> picture"),
        "10,000 × 10,000 pixels": ("huge.png", huge),
        "damaged": ("cut.png", digit[:120]),
        "is damaged": ("cut.jpg", png(scans[0][0], "JPEG")[:40]),
        "shows no pen stroke": ("paper.png", png(np.full((90, 90, 1), 200, "uint8"))),
        "choose a PNG": ("<img src=x onerror=alert(1)>.txt", b""),
    }
    shown = seen(opened)
    for words, file in bad.items():
        message = take(opened, file)
        assert words in message and message.endswith("."), (words, message)
        assert opened.value("document.getElementById('message').classList.contains('bad')")
        assert opened.value("document.querySelectorAll('#message *').length") == 0
        np.testing.assert_array_equal(seen(opened), shown)
    assert "2 files came" in take(opened, ("a.png", digit), ("b.png", png(scans[0][1])))
    np.testing.assert_array_equal(seen(opened), scans[0][0])
    draw(opened, ONE)
    assert answer(opened)[0] == 1
    assert opened.value("document.getElementById('message').hidden")


def test_a_picture_of_a_hundred_million_pixels_does_not_stop_the_page(opened, tmp_path):
    """Through the page's own file chooser, as a user would."""
    rows = zlib.compress(bytes(10000 // 8 + 1) * 10000)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 10000, 10000, 1, 0, 0, 0, 0))
    content = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    (tmp_path / "huge.png").write_bytes(content)
    element = opened.send("Runtime.evaluate", expression="document.getElementById('file')")["result"][
        "objectId"
    ]
    opened.send("DOM.setFileInputFiles", files=[str(tmp_path / "huge.png")], objectId=element)
    opened.value("new Promise(done => setTimeout(done, 100))")
    assert "10,000 × 10,000" in opened.value("document.getElementById('message').textContent")
    assert opened.value("document.getElementById('file').files.length") == 0
    draw(opened, ONE)
    assert answer(opened)[0] == 1


def test_pictures_can_be_dropped_and_pasted(opened, scans):
    for at, (kind, holder) in enumerate(
        [("DragEvent('drop'", "dataTransfer"), ("ClipboardEvent('paste'", "clipboardData")]
    ):
        content = base64.b64encode(png(scans[0][at + 1])).decode()
        opened.value(f"""new Promise(done => {{
            const data = new DataTransfer()
            data.items.add(new File([Uint8Array.from(atob('{content}'), one => one.charCodeAt(0))], 'a.png'))
            document.dispatchEvent(new {kind}, {{{holder}: data, cancelable: true}}))
            setTimeout(done, 150)
        }})""")
        np.testing.assert_array_equal(seen(opened), scans[0][at + 1])
    opened.value("document.dispatchEvent(new DragEvent('drop', {dataTransfer: new DataTransfer()}))")
    assert "not a file" in opened.value("document.getElementById('message').textContent")


# ---- Looking inside ----


def maps_of(model, image):
    outputs = [layer.output for layer in model.layers]
    values = keras.Model(model.inputs, outputs)([np.asarray(image, "float32")[None]], training=False)
    return {layer.name: np.asarray(value)[0] for layer, value in zip(model.layers, values, strict=True)}


def grids(browser):
    """The tables of numbers that are shown: {title: array}, the first of each."""
    found = browser.value("""[...document.querySelectorAll('#panel figure.grid')].map(one => [
        one.querySelector('figcaption').textContent,
        [...one.querySelectorAll('tr')].map(
            row => [...row.cells].map(cell => [cell.textContent, cell.className]))])""")
    return dict(reversed(found))


def last_rows(browser):
    """{name: number} of the sum that is written out."""
    rows = browser.value("""[...document.querySelectorAll('#panel .sum tr')].map(row =>
        [row.cells[0].textContent, row.cells[1].textContent])""")
    return {name: written(value) for name, value in rows}


def test_pointing_writes_the_arithmetic_of_a_convolution_out(opened, model, scans):
    y, x, c = 5, 6, 3
    point(opened, "conv2", c, y, x, (12, 12))
    maps, layer = maps_of(model, scans[0][0]), model.get_layer("conv2")
    kernel, bias = (np.asarray(weight) for weight in layer.weights)
    patch = maps["conv1"][y : y + 3, x : x + 3]
    sums = (patch * kernel[..., c]).sum((0, 1))
    most = int(abs(sums).argmax())
    assert panel(opened).startswith(f"conv2, map {c}, row {y}, column {x}")
    assert f"Largest contribution: map {most} of conv1" in panel(opened)
    shown = grids(opened)
    for title, expected in {
        "patch": patch[..., most],
        "kernel": kernel[..., most, c],
        "product": patch[..., most] * kernel[..., most, c],
    }.items():
        numbers = np.array([[written(text) for text, _ in row] for row in shown[title]])
        np.testing.assert_allclose(numbers, expected, atol=0.006)
    rows = last_rows(opened)
    assert rows["sum of the 16 channels"] == pytest.approx(sums.sum(), rel=2e-3, abs=1e-4)
    assert rows["+ bias"] == pytest.approx(bias[c], rel=1e-3)
    assert rows["→ relu"] == pytest.approx(maps["conv2"][y, x, c], rel=2e-3, abs=1e-4)
    opened.value("document.getElementById('more-channels').click()")
    listed = opened.value("""[...document.querySelectorAll('#panel .channels .row')].map(row =>
        [row.querySelector('.who').textContent, row.querySelector('.amount').textContent])""")
    assert len(listed) == 16
    for name, amount in listed:
        channel = int(re.search(r"map (\d+) of conv1", name)[1])
        assert written(amount) == pytest.approx(sums[channel], rel=6e-3, abs=1e-5)


def test_padded_cells_are_marked(opened, model, scans):
    point(opened, "conv1", 0, 0, 13, (14, 14))  # Keras pads this layer by 1 before and 2 after
    outside = np.array([[kind == "outside" for _, kind in row] for row in grids(opened)["patch"]])
    expected = np.zeros((5, 5), bool)
    expected[0] = expected[:, 3:] = True  # rows -1 to 3, columns 25 to 29
    expected[:, 3:] = True
    np.testing.assert_array_equal(outside, expected)


@pytest.mark.parametrize(("name", "size"), [("conv1", 14), ("conv2", 12), ("pool", 6)])
def test_the_receptive_field_that_lights_up_is_the_project_s(opened, model, name, size):
    field = of_layer(model, name)
    for y, x in [(0, size - 1), (size // 2, size // 2)]:
        point(opened, name, 2, y, x, (size, size))
        rows, columns = field.pixels(y, x)
        edges = [rows[0], rows[-1] + 1, columns[0], columns[-1] + 1]
        shown = opened.value("document.querySelector('#seen .maps').dataset.field")
        assert [int(number) for number in shown.split()] == edges
        left, top, width, height = box(opened, "document.querySelector('#seen canvas')")
        lit = opened.value("""(() => {
            const style = getComputedStyle(document.querySelector('#seen .frame'), '::after')
            return ['top', 'height', 'left', 'width'].map(side => parseFloat(style[side]))
        })()""")
        drawn = np.array([lit[0], lit[0] + lit[1], lit[2], lit[2] + lit[3]]) * 28 / width
        np.testing.assert_allclose(drawn, edges, atol=0.05)
        assert f"rows {rows[0]} to {rows[-1]}, columns {columns[0]} to {columns[-1]}" in panel(opened)


def test_every_layer_before_lights_up(opened):
    point(opened, "pool", 4, 2, 3, (6, 6))
    field = "document.querySelector('[data-node=\"{}\"] .maps').dataset.field"
    assert opened.value(field.format(3)) == "4 6 6 8"
    assert opened.value(field.format(2)) == "4 8 6 10"
    lit = "document.querySelectorAll('[data-node=\"{}\"] .maps.lit').length"
    assert [opened.value(lit.format(node)) for node in (1, 2, 3, 4)] == [1, 1, 1, 0]
    # Pooling looks at one map only
    shown = opened.value("""[...document.querySelectorAll('[data-node="3"] .frame')].map(
        one => getComputedStyle(one, '::after').display)""")
    assert [at for at, display in enumerate(shown) if display != "none"] == [4]


def test_pooling_shows_its_window_and_the_winner(opened, model, scans):
    maps = maps_of(model, scans[0][0])
    y, x, c = np.unravel_index(maps["pool"][..., :32].argmax(), maps["pool"].shape)
    point(opened, "pool", c, y, x, (6, 6))
    window = maps["conv2"][2 * y : 2 * y + 2, 2 * x : 2 * x + 2, c]
    (rows,) = grids(opened).values()
    np.testing.assert_allclose([[written(text) for text, _ in row] for row in rows], window, atol=0.006)
    winner = [(i, j) for i, row in enumerate(rows) for j, (_, kind) in enumerate(row) if kind == "winner"]
    assert winner == [np.unravel_index(window.argmax(), (2, 2))]


def test_a_click_on_a_map_s_title_shows_the_filter_s_weights(opened, model):
    kernel = np.asarray(model.get_layer("conv2").kernel)
    for c in 0, 19:
        opened.value(f"{tile(opened, 'conv2', c)}.closest('.map').querySelector('button').click()")
        assert panel(opened).startswith(f"Filter {c} of conv2")
        shown = opened.value("""[...document.querySelectorAll('#panel figure.grid')].map(one =>
            [...one.querySelectorAll('tr')].map(
                row => [...row.cells].map(cell => Number(cell.dataset.value))))""")
        np.testing.assert_allclose(np.array(shown), np.moveaxis(kernel[..., c], -1, 0), rtol=1e-6)
    opened.value("document.getElementById('release').click()")
    assert "Filter" not in panel(opened)


def test_filters_of_the_same_number_in_two_layers_differ(opened):
    for name in "conv1", "conv2":
        opened.value(f"{tile(opened, name, 3)}.closest('.map').querySelector('button').click()")
        assert panel(opened).startswith(f"Filter 3 of {name}")
        assert opened.value("document.getElementById('panel').classList.contains('held')")


def listed_votes(browser):
    """(who, index, value, weight, product, product as it is written) of each vote that is shown."""
    return browser.value("""[...document.querySelectorAll('#panel .votes .row')].map(row => {
        const {index, value, weight} = row.querySelector('small').dataset
        const amount = row.querySelector('.amount')
        const numbers = [index, value, weight, amount.dataset.value].map(Number)
        return [row.querySelector('.who').firstChild.textContent, ...numbers, amount.textContent]
    })""")


def test_an_output_neuron_shows_its_votes(opened, model, scans):
    hidden = maps_of(model, scans[0][0])["dense"]
    kernel, bias = (np.asarray(weight) for weight in model.get_layer("predictions").weights)
    left, top, width, height = box(opened, "document.querySelectorAll('.answer-row')[3]")
    mouse(opened, "Moved", left + width / 2, top + height / 2)
    settle(opened)
    assert panel(opened).startswith("Votes for 3")
    votes = hidden * kernel[:, 3]
    order = abs(votes).argsort()[::-1][:10]
    shown = listed_votes(opened)
    assert [row[1] for row in shown] == order.tolist()
    for (name, index, value, weight, product, text), expected in zip(shown, votes[order], strict=True):
        assert name == f"dense {index}"
        assert value == pytest.approx(hidden[index], rel=1e-4)
        assert weight == pytest.approx(kernel[index, 3], rel=1e-6)
        assert product == pytest.approx(expected, rel=1e-4)
        assert written(text) == pytest.approx(expected, rel=6e-3)
    assert last_rows(opened)["= sum"] == pytest.approx(votes.sum() + bias[3], rel=1e-3, abs=1e-3)
    marked = opened.value("document.querySelectorAll('.mark.vote').length")
    assert marked == 24  # twelve neurons of dense, and where dropout passes them on


def test_a_hidden_neuron_s_votes_come_from_pixels_of_maps(opened, model, scans):
    maps = maps_of(model, scans[0][0])
    kernel = np.asarray(model.get_layer("dense").kernel)
    unit = int(maps["dense"].argmax())
    point(opened, "dense", 0, unit // 32, unit % 32, (8, 32))
    assert panel(opened).startswith(f"dense, neuron {unit} of 256")
    votes = maps["flatten"] * kernel[:, unit]
    for (name, index, value, _, product, _), best in zip(
        listed_votes(opened), abs(votes).argsort()[::-1][:10], strict=True
    ):
        y, x, c = np.unravel_index(best, (6, 6, 32))
        assert (index, name) == (best, f"pool, map {c}, ({y}, {x})")
        assert value == pytest.approx(maps["pool"][y, x, c], rel=1e-4)
        assert product == pytest.approx(votes[best], rel=1e-4)


def test_a_click_holds_a_pixel_and_another_lets_go(opened):
    point(opened, "conv1", 1, 4, 4, (14, 14))
    left, top, width, height = box(opened, tile(opened, "conv1", 1))
    at = left + width * 4.5 / 14, top + height * 4.5 / 14
    mouse(opened, "Pressed", *at, pressed=True)
    mouse(opened, "Released", *at, pressed=True)
    point(opened, "conv1", 2, 9, 9, (14, 14))
    assert "conv1, map 1, row 4, column 4" in panel(opened)
    key(opened, "Escape")
    point(opened, "conv1", 2, 9, 9, (14, 14))
    assert "conv1, map 2, row 9, column 9" in panel(opened)


def test_keys_do_what_the_mouse_does(opened):
    opened.value(f"{tile(opened, 'conv2', 0)}.focus()")
    point(opened, "conv2", 0, 6, 6, (12, 12))
    key(opened, "ArrowRight")
    key(opened, "ArrowDown")
    assert "conv2, map 0, row 7, column 7" in panel(opened)
    assert "conv2, map 0, row 7, column 7: " in opened.value("document.getElementById('live').textContent")
    assert opened.value("document.activeElement.getAttribute('aria-label')").startswith("conv2, map 0, row 7")
    key(opened, "PageDown")
    assert "conv2, map 1, row 7, column 7" in panel(opened)
    key(opened, "Enter")
    assert panel(opened).startswith("Filter 1 of conv2")
    assert opened.value("document.activeElement.id") == "release"
    key(opened, "Escape")
    assert panel(opened).startswith("conv2, map 1, ")
    assert opened.value(f"document.activeElement === {tile(opened, 'conv2', 1)}")
    # One stop of the tab key for each layer
    stops = opened.value("""[...document.querySelectorAll('.maps')].map(
        maps => maps.querySelectorAll('[tabindex="0"]').length)""")
    assert set(stops) == {1}


def test_everything_has_a_name_for_who_cannot_see_it(opened):
    nameless = opened.value("""[...document.querySelectorAll(
        'button, canvas, img, [role=group], [role=img]')].filter(one => !(one.getAttribute('aria-label') ||
        one.alt || one.textContent.trim() || one.querySelector('img[alt]') || one.closest('[aria-hidden]'))
        ).map(one => one.outerHTML)""")
    assert nameless == []
    opened.value("new Promise(done => setTimeout(done, 800))")
    assert re.match(
        r"Prediction: \d, [\d.]+\W%\.", opened.value("document.getElementById('live').textContent")
    )


def colour_of_zero(browser):
    """The red part of the colour in which a map shows a zero, from the pixels on the screen."""
    box(browser, tile(browser, "conv1", 0))
    settle(browser)
    red, alpha = browser.value(f"""(() => {{
        const node = Page.model.nodes.find(one => one.name === 'conv1')
        const pixel = Array.from({{length: node.h * node.w}}, (_, at) => node.values[at * node.c]).indexOf(0)
        const brush = {tile(browser, "conv1", 0)}.getContext('2d')
        const [red, , , alpha] = brush.getImageData(pixel % node.w, Math.floor(pixel / node.w), 1, 1).data
        return [red, alpha]
    }})()""")
    assert alpha == 255
    return red


def test_the_scale_of_colours_has_numbers_and_each_map_may_have_its_own(opened, model, scans):
    maps = maps_of(model, scans[0][0])["conv2"]
    said = opened.value(f"{tile(opened, 'conv2', 0)}.closest('.layer').querySelector('.full').textContent")
    assert float(said.removeprefix("±")) == pytest.approx(abs(maps).max(), rel=5e-3)
    c = int(abs(maps).max((0, 1)).argsort()[16])  # a pale one
    y, x = np.unravel_index(abs(maps[..., c]).argmax(), maps.shape[:2])
    pixel = f"""(() => {{
        const brush = document.createElement('canvas').getContext('2d', {{willReadFrequently: true}})
        brush.drawImage({tile(opened, "conv2", c)}, {x}, {y}, 1, 1, 0, 0, 1, 1)
        return [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3)
    }})()"""
    box(opened, tile(opened, "conv2", c))
    settle(opened)
    pale = opened.value(pixel)
    opened.value("document.getElementById('own-scale').click()")
    full = opened.value("getComputedStyle(document.documentElement).getPropertyValue('--positive')")
    assert opened.value(pixel) == [int(full[at : at + 2], 16) for at in (1, 3, 5)] != pale
    title = opened.value(f"{tile(opened, 'conv2', c)}.closest('.map').querySelector('.title').textContent")
    assert title.startswith(f"{c}: ±")
    assert float(title.split("±")[1]) == pytest.approx(abs(maps[..., c]).max(), abs=0.0051)
    opened.value("document.getElementById('own-scale').click()")
    assert opened.value(pixel) == pale


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_the_first_maps_stand_on_the_first_screen_with_the_drawing(browser, page, width):
    open_page(browser, page, width, phone=width < 1000)
    browser.value("document.querySelector('#examples button').click()")
    settle(browser)
    panel_top = box(browser, "document.getElementById('panel')")[1]
    ends = browser.value("innerHeight") if width > 1000 else panel_top
    places = [tile(browser, "conv1", 0), "document.getElementById('pad')"]
    for place in places + ["document.getElementById('bars')"] * (width == 390):
        _, top, _, height = box(browser, place)
        assert top + height <= ends
    small = browser.value("""[...document.querySelectorAll('button')].filter(one => {
        const {width, height} = one.getBoundingClientRect()
        return one.offsetParent && (width < 24 || height < 24) }).map(one => one.outerHTML)""")
    assert width == 1440 or small == []  # a mouse points more exactly than a finger


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_its_window_in_light_and_dark(browser, page, width, dark):
    open_page(browser, page, width, dark=dark, phone=width < 500)
    assert browser.value("document.documentElement.scrollWidth") <= width
    browser.value("""(() => {
        Page.panel.unfold(true)
        document.querySelectorAll('details').forEach(one => { one.open = true })
    })()""")
    settle(browser)
    assert browser.value("document.documentElement.scrollWidth") <= width
    background = browser.value("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", background))) < 60) == dark
    assert (colour_of_zero(browser) < 60) == dark
    assert browser.lowest_contrast() >= 4.5
    assert troubles(browser) == []


# ---- Other models ----


def photo_model(size=48):
    """A classifier of photos of any size, with a backbone nested in it."""
    images = keras.Input((size, size, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(images)
    x = layers.ZeroPadding2D(((0, 1), (0, 1)))(x)
    x = layers.Conv2D(8, 3, strides=2, use_bias=False, name="stem")(x)
    x = layers.BatchNormalization(name="stem_bn")(x)
    x = layers.ReLU(6.0, name="stem_relu")(x)
    for block in 1, 2, 3, 4:
        y = layers.DepthwiseConv2D(3, padding="same", name=f"depthwise{block}")(x)
        y = layers.BatchNormalization(name=f"depthwise{block}_bn")(y)
        y = layers.Conv2D(8, 1, activation="relu", name=f"pointwise{block}")(y)
        x = layers.Add(name=f"add{block}")([x, y])
    backbone = keras.Model(images, layers.MaxPooling2D(2, name="last")(x), name="backbone")
    return TransferClassifier(backbone, 2)


def test_a_nested_model_of_photos_opens(browser, tmp_path):
    keras.utils.set_random_seed(1)
    model = photo_model()
    examples = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 3)).astype("uint8")
    write_page(model, examples, tmp_path / "page.html", ["ants", "bees"], "Photos", captions=[SCRIPT, "bees"])
    open_page(browser, tmp_path / "page.html")
    told = browser.value("[...document.querySelectorAll('#examples img')].map(one => one.alt)")
    assert told == [f"example 1: {SCRIPT}", "example 2: bees", "example 3"]
    np.testing.assert_allclose(answer(browser)[1], predictions(model, examples[:1])[0], atol=1e-4)
    wide = np.zeros((60, 120, 3), "uint8")  # only the square in the middle counts
    wide[:, 30:90] = np.array([200, 100, 50], "uint8")
    wide[:, :30] = wide[:, 90:] = 255
    assert take(browser, ("wide.png", png(wide))) == ""
    np.testing.assert_allclose(seen(browser, (48, 48, 3)), np.full((48, 48, 3), [200, 100, 50]), atol=1)
    np.testing.assert_allclose(
        answer(browser)[1], predictions(model, seen(browser, (1, 48, 48, 3)))[0], atol=1e-4
    )
    draw(browser, [[(0.2, 0.2), (0.8, 0.8)]])  # over the picture
    drawn = seen(browser, (48, 48, 3))
    assert drawn[24, 24].min() > 200 and abs(drawn[40, 5] - [200, 100, 50]).max() <= 1
    folded = browser.value("[...document.querySelectorAll('details.stage')].map(one => one.open)")
    assert folded and folded[0]
    assert "backbone" in browser.value("document.querySelector('.stage-name').textContent")
    point(browser, "depthwise2", 5, 10, 11, (24, 24))
    assert "depthwise2, map 5, row 10, column 11" in panel(browser)
    for kind in "stem_bn", "stem_relu", "add1", "pointwise1", "last":
        point(browser, kind, 3, 4, 5, (12, 12) if kind == "last" else (24, 24))
        assert panel(browser).startswith(f"{kind}, map 3, row 4, column 5")
    browser.value("document.querySelectorAll('.answer-row')[1].click()")
    settle(browser)
    assert panel(browser).startswith("Votes for bees") and len(listed_votes(browser)) == 8
    assert troubles(browser) == []


def test_logits_one_output_and_a_range_of_its_own(browser, tmp_path):
    images = keras.Input((9, 9, 1))
    x = layers.Conv2D(2, 3, activation="tanh", name="conv")(images)
    model = keras.Model(images, layers.Dense(1, name="score")(layers.Flatten()(x)))
    example = np.zeros((1, 9, 9, 1), "uint8")
    example[0, 2:7, 4] = 255
    write_page(model, example, tmp_path / "page.html", ["x", "o"], "One output", pixel_range=(-1, 1))
    open_page(browser, tmp_path / "page.html")
    second = 1 / (1 + np.exp(-predictions(model, example / 127.5 - 1)[0, 0]))
    np.testing.assert_allclose(answer(browser)[1], [1 - second, second], atol=1e-4)
    for row in 0, 1:  # there are votes for the second only
        browser.value(f"document.querySelectorAll('.answer-row')[{row}].click()")
        settle(browser)
        assert panel(browser).startswith("Votes for o")
        assert f"{100 * second:.1f}\N{NO-BREAK SPACE}%" in panel(browser)
    assert troubles(browser) == []


@pytest.mark.slow
def test_a_fine_tuned_mobilenet_opens(browser, published_mobilenet, tmp_path):
    from models.pretrained.backbones import Backbone

    model = TransferClassifier(Backbone("mobilenet", weights=str(published_mobilenet)), 2)
    photo = np.asarray(ImageDraw.Image.radial_gradient("L").resize((224, 224)))
    examples = np.stack([photo, photo.T, 255 - photo], -1)[None]
    write_page(model, examples, tmp_path / "page.html", ["ants", "bees"], "MobileNet")
    open_page(browser, tmp_path / "page.html")
    np.testing.assert_allclose(answer(browser)[1], predictions(model, examples)[0], atol=1e-4)
    assert troubles(browser) == []
