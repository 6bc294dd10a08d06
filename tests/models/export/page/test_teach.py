"""The page's card "Train your own classes": a last layer trained in a real browser as Keras trains it."""

import base64
import io
import json
import zipfile

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression

from datasets import digits
from models import LeNet5, PhotoClassifier
from models.export.page.page import write_page
from models.loading.saved_classifiers import load_classifier
from tutorials.lesson.classifier_files import read_classifier

DIGITS = [str(digit) for digit in range(10)]
RATE, PENALTY, STEPS = 0.05, 0.001, 200  # as the page says


def small(top=None):
    """A network with a skip and batch normalization, of 12 x 12 pixels in colour."""
    images = keras.Input((12, 12, 3))
    x = layers.Rescaling(1 / 255)(images)
    x = layers.Conv2D(6, 3, padding="same", name="conv")(x)
    x = layers.Add()([x, layers.Activation("relu")(layers.BatchNormalization(name="bn")(x))])
    x = layers.Dropout(0.3)(layers.GlobalAveragePooling2D()(layers.DepthwiseConv2D(3)(x)))
    top = top or layers.Dense(3, activation="softmax", name="end")
    return keras.Model(images, top(x), name="small")


def fill(model):
    """Random weights, other ones in each."""
    rng = np.random.default_rng(3)
    for weight in model.trainable_weights + [each for each in model.weights if "moving" in each.path]:
        weight.assign(
            rng.uniform(0.1, 1, weight.shape) if "moving" in weight.path else rng.normal(0, 0.4, weight.shape)
        )
    return model


def photos(count, seed, sides=(12, 12, 3)):
    """Two kinds of noise, (count of each, ...): one is redder."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 200, (2, count, *sides))
    images[1, ..., 0] += 55
    return images.astype("uint8")


def png(pixels):
    held = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(held, "PNG")
    return held.getvalue()


@pytest.fixture(scope="module")
def colour(tmp_path_factory):
    """(model, its page)."""
    model, path = fill(small()), tmp_path_factory.mktemp("teach") / "page.html"
    write_page(model, photos(1, 9)[0], path, ["ant", "bee", "cat"])
    return model, path


def opened(browser, path, width=1280, phone=False):
    browser.show(width, phone=phone)
    browser.open(path.as_uri())
    browser.value(
        "new Promise(done => { const look = () => Page.ready ? done() : setTimeout(look, 10); look() })"
    )
    browser.value("document.getElementById('teach').open = true")


def give(browser, group, files):
    """Drop files, (name, bytes) each, on a class."""
    plain = json.dumps([[name, base64.b64encode(content).decode()] for name, content in files])
    browser.value(f"""(async () => {{
        const data = new DataTransfer()
        for (const [name, text] of {plain})
            data.items.add(new File([Uint8Array.from(atob(text), letter => letter.charCodeAt(0))], name))
        const group = Page.teach.groups[{group}]
        Page.teach.say("")
        const how = {{dataTransfer: data, bubbles: true, cancelable: true}}
        group.element.dispatchEvent(new DragEvent("drop", how))
        while (!Page.teach.said.textContent) await new Promise(go => setTimeout(go, 5))
    }})()""")


def said(browser):
    return browser.value("Page.teach.said.textContent")


def card_text(browser):
    return browser.value("document.getElementById('teach').innerText")


def add_photos(browser, images):
    for group, some in enumerate(images):
        give(browser, group, [(f"{group}-{n}.png", png(image)) for n, image in enumerate(some)])


def train(browser):
    browser.value("document.getElementById('train').click()")
    browser.value(
        "new Promise(done => { const look = () => Page.teach.work ? setTimeout(look, 10) : done(); look() })"
    )


def head(browser):
    found = browser.value("({kernel: [...Page.teach.trained.kernel], bias: [...Page.teach.trained.bias]})")
    bias = np.array(found["bias"])
    return np.reshape(found["kernel"], (-1, len(bias))), bias


def features(browser):
    """Of each picture of each class, as the page computed them."""
    return [
        np.array(each, "float32")
        for each in browser.value("Page.teach.groups.map(g => g.pictures.map(p => [...p.features]))")
    ]


def random_numbers(seed, count):
    """What mulberry32 gives: `count` numbers from 0 to 1."""
    found, state, all_bits = [], seed, 0xFFFFFFFF
    for _ in range(count):
        state = (state + 0x6D2B79F5) & all_bits
        mixed = (state ^ (state >> 15)) * (1 | state) & all_bits
        mixed ^= mixed + ((mixed ^ (mixed >> 7)) * (61 | mixed) & all_bits) & all_bits
        found.append(((mixed ^ (mixed >> 14)) & all_bits) / 2**32)
    return np.array(found)


def trained_by_keras(rows, labels, classes):
    """Kernel and bias after the steps that the page says it takes, of features divided by their spread."""
    spread = np.sqrt(((rows - rows.mean(0)) ** 2).sum(1).mean())
    most = np.sqrt(6 / (rows.shape[1] + classes))
    start = most * (2 * random_numbers(0, rows.shape[1] * classes) - 1)
    dense = layers.Dense(classes, "softmax", kernel_regularizer=keras.regularizers.L2(PENALTY))
    model = keras.Sequential([keras.Input(rows.shape[1:]), layers.Rescaling(1 / spread), dense])
    dense.kernel.assign(start.reshape(dense.kernel.shape))
    model.compile(keras.optimizers.Adam(RATE), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = []
    for _ in range(STEPS):
        model.reset_metrics()
        history.append(model.train_on_batch(rows, labels))
    return *dense.get_weights(), spread, np.array(history)


def download(browser, folder):
    """The `.keras` file that the page gives."""
    browser.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    browser.value("""(async () => {
        document.getElementById('download').click()
        while (!/^Saved/.test(Page.teach.said.textContent)) await new Promise(go => setTimeout(go, 5))
        await new Promise(go => setTimeout(go, 300))
    })()""")
    (file,) = folder.glob("*.keras")
    return file


# ---- The same numbers as Keras ----


def test_the_new_layer_has_the_weights_that_keras_gives_it(browser, colour):
    model, path = colour
    opened(browser, path)
    images = photos(7, 1)
    add_photos(browser, images)
    train(browser)
    known = keras.Model(model.inputs, model.get_layer("end").input)
    for found, some in zip(features(browser), images, strict=True):
        np.testing.assert_allclose(found, known.predict(some, verbose=0), atol=1e-5)
    held = [4]  # every fifth
    rows = np.concatenate([np.delete(each, held, 0) for each in features(browser)])
    labels = np.repeat([0, 1], 6)
    kernel, bias, spread, history = trained_by_keras(rows, labels, 2)
    found = head(browser)
    np.testing.assert_allclose(found[0] * spread, kernel, atol=1e-4)
    np.testing.assert_allclose(found[1], bias, atol=1e-4)
    steps = browser.value("Page.teach.trained.history")
    np.testing.assert_allclose([[each["loss"], each["right"] / 12] for each in steps], history, atol=1e-4)
    assert browser.named("Runtime.exceptionThrown") == []


def test_the_file_is_what_the_page_shows(browser, colour, tmp_path):
    model, path = colour
    opened(browser, path)
    add_photos(browser, photos(5, 2))
    browser.value("Page.teach.groups[0].field.value = 'grün'; Page.teach.groups[1].field.value = 'röter'")
    train(browser)
    file = download(browser, tmp_path)
    loaded = keras.saving.load_model(file, safe_mode=True)
    new = photos(2, 5)[1]
    expected = loaded.predict(new, verbose=0)
    for image, row in zip(new, expected, strict=True):
        browser.value(f"Page.input.use(Float32Array.from({image.ravel().tolist()}), 'new')")
        browser.value("new Promise(done => setTimeout(done, 100))")
        np.testing.assert_allclose(browser.value("[...Page.teach.shares]"), row, atol=1e-5)
        shown = browser.value("document.getElementById('own-bars').innerText.replaceAll('\\u00a0', ' ')")
        assert f"{100 * row[0]:.1f} %" in shown and "grün" in shown and "röter" in shown
        assert browser.value("document.getElementById('bars').hidden")
    _, about = load_classifier(file)
    assert about.class_names == ("grün", "röter") and about.kind == "photos"
    classifier = PhotoClassifier.load(file)
    assert classifier.image_size_ == 12
    np.testing.assert_allclose(classifier.model.predict(new, verbose=0), expected, atol=1e-6)
    assert read_classifier(file, {"fine_tune": ("image_size",)}).settings == [12]
    np.testing.assert_array_equal(loaded.get_layer("conv").kernel, model.get_layer("conv").kernel)
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
    assert browser.named("Runtime.exceptionThrown") == []


def test_it_is_as_good_as_logistic_regression(browser, tmp_path):
    """New symbols, digits turned by 90 degrees: scikit-learn gives nearly the same answers."""
    (images, labels), (new, truth) = digits.load_data("embedded")
    turned = [np.rot90(images[labels == digit][:10], axes=(1, 2)) for digit in (2, 4, 7)]
    page = tmp_path / "page.html"
    write_page(LeNet5(weights="mnist"), images[:1], page, DIGITS)
    opened(browser, page)
    browser.value("Page.teach.addGroup(), 0")
    fill_in(browser, turned)
    train(browser)
    rows = [np.delete(each, [4, 9], 0) for each in features(browser)]
    kernel, bias = head(browser)
    rows, known = np.concatenate(rows), np.repeat([0, 1, 2], 8)
    spread = np.sqrt(((rows - rows.mean(0)) ** 2).sum(1).mean())
    regression = LogisticRegression(C=1 / (2 * PENALTY * len(rows)), max_iter=5000, tol=1e-8)
    regression.fit(rows / spread, known)
    network = LeNet5(weights="mnist")
    inputs = keras.Model(network.inputs, network.layers[-1].input)
    some = np.isin(truth, (2, 4, 7))
    given = inputs.predict(np.rot90(new[some], axes=(1, 2)).astype("float32"), verbose=0)
    theirs = regression.predict_proba(given / spread)
    ours = np.exp(given @ kernel + bias)
    np.testing.assert_allclose(ours / ours.sum(1, keepdims=True), theirs, atol=0.03)
    right = np.searchsorted([2, 4, 7], truth[some])
    assert (ours.argmax(1) == right).mean() > 0.85
    found = browser.value("Page.teach.trained")
    assert (found["trained"], found["held"], found["guessed"]) == (24, 6, 2)


def fill_in(browser, images):
    """Add pictures as they are to the classes, without files."""
    for group, some in enumerate(images):
        pixels = json.dumps([image.ravel().tolist() for image in some])
        browser.value(
            f"for (const one of {pixels}) Page.teach.add(Page.teach.groups[{group}], Float32Array.from(one))"
        )
    browser.value("Page.teach.changed()")


@pytest.mark.parametrize(
    "name", ["convolutions", "attention", "logits", "nested", "sequential", "sigmoid", "half", "int8"]
)
def test_every_kind_of_model_is_saved_with_its_weights(browser, tmp_path, name):
    """Also where layers' weights take another form in the page, or have no place in it."""
    model = fill(MODELS[name]())
    page = tmp_path / "page.html"
    write_page(
        model, photos(1, 9)[0], page, precision={"half": "float16", "int8": "int8"}.get(name, "float32")
    )
    opened(browser, page)
    browser.value("for (let n = 2; n < 5; n++) Page.teach.addGroup(); 0")
    fill_in(browser, np.concatenate([photos(2, seed) for seed in range(3)])[:5])
    train(browser)
    loaded = keras.saving.load_model(download(browser, tmp_path), safe_mode=True)
    shares = browser.value("[...Page.teach.shares]")
    assert len(shares) == 5
    np.testing.assert_allclose(loaded.predict(photos(1, 9)[0], verbose=0)[0], shares, atol=1e-5)
    assert ("are rounded" in card_text(browser)) == (name in ("half", "int8"))
    assert browser.named("Runtime.exceptionThrown") == []


def attention():
    images = keras.Input((12, 12, 3))
    x = layers.Reshape((9, 8))(layers.Conv2D(8, 4, strides=4)(images / 255))
    x = layers.Add()([layers.MultiHeadAttention(2, 4, dropout=0.1)(x, x), x])
    x = layers.Flatten()(layers.LayerNormalization()(x))
    return keras.Model(images, layers.Dense(3, activation="softmax")(x))


def nested():
    images = keras.Input((12, 12, 3))
    augmented = layers.Normalization(mean=[100.0, 90, 80], variance=[900.0, 800, 700])(
        layers.RandomFlip("horizontal")(images)
    )
    return keras.Model(images, small(layers.Dense(4))(augmented))


MODELS = {
    "convolutions": lambda: keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            layers.Rescaling(1 / 127.5, -1),
            layers.SeparableConv2D(4, 3, activation="relu"),
            layers.Conv2DTranspose(3, 2, strides=2),
            layers.PReLU(shared_axes=[1, 2]),
            layers.Flatten(),
            layers.Dense(3),
            layers.Softmax(),
        ]
    ),
    "attention": attention,
    "logits": lambda: small(layers.Dense(3)),
    "nested": nested,
    "sequential": lambda: keras.Sequential([small(layers.Dense(8)), layers.Dense(2, "softmax")]),
    "sigmoid": lambda: small(layers.Dense(1, "sigmoid")),
    "half": small,
    "int8": attention,
}


# ---- Refused models ----


class Own(layers.Layer):
    def call(self, inputs):
        return 2 * inputs


def with_box():
    images = keras.Input((12, 12, 3))
    x = Own(name="mine")(layers.Conv2D(2, 3)(images / 255))
    return keras.Model(images, layers.Dense(2, activation="softmax")(layers.Flatten()(x)))


def with_numbers():
    images, numbers = keras.Input((12, 12, 3)), keras.Input((2,), name="age")
    x = layers.Concatenate()([layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(images)), numbers])
    return keras.Model([images, numbers], layers.Dense(2, activation="softmax")(x))


def without_dense():
    images = keras.Input((12, 12, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 3, name="scores")(images / 255))
    return keras.Model(images, layers.Softmax()(x))


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (with_box, "this page does not compute mine (Own) for a new picture."),
        (with_numbers, "this model takes age beside the picture."),
        (
            without_dense,
            "does not end in a Dense layer, which would be replaced, but in global_average_pooling2d",
        ),
    ],
)
def test_a_model_that_cannot_be_used_is_refused_in_one_sentence(browser, tmp_path, build, sentence):
    write_page(build(), photos(1, 9)[0], tmp_path / "page.html")
    opened(browser, tmp_path / "page.html")
    said = browser.value("document.querySelector('#teach p').textContent")
    assert (
        said.startswith("No new classes can be trained here: ") and sentence in said and said.count(". ") == 0
    )
    assert browser.value("document.querySelectorAll('#teach button').length") == 0
    assert browser.named("Runtime.exceptionThrown") == []


def test_pages_of_other_answers_have_no_such_card(browser, tmp_path):
    images = keras.Input((12, 12, 3))
    model = keras.Model(images, layers.Conv2D(3, 3, padding="same", activation="sigmoid")(images / 255))
    write_page(model, photos(1, 9)[0], tmp_path / "page.html")
    browser.open((tmp_path / "page.html").as_uri())
    browser.value(
        "new Promise(done => { const look = () => Page.ready ? done() : setTimeout(look, 10); look() })"
    )
    assert browser.value("document.getElementById('teach')") is None


# ---- What users do ----


def test_bad_files_are_set_aside_and_the_others_go_on(browser, colour):
    opened(browser, colour[1])
    good = png(photos(2, 1)[0, 0]), png(photos(2, 1)[0, 1])
    give(
        browser,
        0,
        [("a.png", good[0]), ("notes.png", b"no picture"), ("b.png", good[1]), ("again.png", good[0])],
    )
    assert said(browser) == (
        "2 pictures added to “Class 1”: 2 in all. 2 set aside: “notes.png” is not a picture that this "
        "page can read; choose a PNG, JPEG or WebP file. “again.png” is in “Class 1” already."
    )
    assert browser.value("Page.teach.groups.map(group => group.pictures.length)") == [2, 0]
    assert browser.value("Page.input.name") == "example 1"  # the drawing area keeps its picture


def test_what_is_missing_is_said(browser, colour):
    opened(browser, colour[1])
    give(browser, 0, [("a.png", png(photos(1, 1)[0, 0]))])
    for change, sentence in (
        ("", "“Class 2” has no picture yet: add some, or remove the class."),
        ("Page.teach.groups[1].field.value = ' Class 1 '", "Two classes are called “Class 1”"),
        (
            "['\\u00e9', 'e\\u0301'].forEach((name, n) => Page.teach.groups[n].field.value = name)",
            "Two classes",
        ),
        ("Page.teach.groups[1].field.value = ' '", "A class has no name"),
    ):
        browser.value(f"{change}; document.getElementById('train').click()")
        assert said(browser).startswith(sentence)
    assert browser.value("Page.teach.trained") is None


def test_drawings_are_added_and_the_result_is_honest(browser, colour):
    opened(browser, colour[1])
    for group in 0, 1:
        browser.value(f"""
            Page.input.begin([0.2, 0.{2 + 5 * group}]); Page.input.extend([[0.8, 0.{2 + 5 * group}]])
            Page.teach.groups[{group}].drawing.click()""")
        assert browser.value("Page.input.isEmpty()")  # for the next drawing
    browser.value("Page.input.begin([0.2, 0.4]); Page.input.extend([[0.9, 0.3]])")
    browser.value("document.querySelectorAll('.teach-beside button')[1].click()")  # by the drawing area
    beside = "[...document.querySelectorAll('.teach-beside button')].map(one => one.textContent)"
    assert browser.value(beside) == ["Class 1 · 1", "Class 2 · 2"]
    assert browser.value("document.activeElement.textContent") == "Class 2 · 2"
    browser.value("Page.teach.groups[1].drawing.click()")
    assert said(browser) == "Nothing is drawn or chosen: draw in the square first, or choose a picture."
    train(browser)
    assert "No picture was held out, so how well it does on new ones is not known" in card_text(browser)
    browser.value("Page.teach.groups[1].thumbnails.querySelector('button').click()")
    assert "removed" in said(browser)
    assert "have changed since training. Train again" in card_text(browser)
    train(browser)
    assert "Train again" not in card_text(browser)


def test_held_out_pictures_are_counted_with_their_uncertainty(browser, colour, tmp_path):
    opened(browser, colour[1])
    fill_in(browser, photos(10, 1))
    assert browser.value("document.querySelectorAll('#teach .held-out').length") == 4
    train(browser)
    found = browser.value("Page.teach.trained")
    low, high = proportion_interval(found["heldRight"], 4)
    assert (found["trained"], found["held"], found["guessed"]) == (16, 4, 2)
    np.testing.assert_allclose([found["low"], found["high"]], [low, high], atol=1e-4)
    assert f"{found['heldRight']} of 4 classified correctly" in card_text(browser)
    download(browser, tmp_path)
    assert "of 4 classified correctly" in card_text(browser)  # still


def proportion_interval(right, many):
    found = binomtest(right, many).proportion_ci(method="wilson")
    return found.low, found.high


def test_training_does_not_block_the_page_and_can_be_stopped(browser, colour):
    opened(browser, colour[1])
    fill_in(browser, photos(40, 1))
    assert browser.longest_task(lambda: train(browser)) < 50
    assert browser.value("Page.teach.trained.done") == STEPS
    browser.value("""new Promise(done => {
        document.getElementById('train').click()
        const look = () => {
            if (Page.teach.how.textContent.startsWith('Step')) Page.teach.stopping.click()
            Page.teach.work ? setTimeout(look, 0) : done()
        }
        look()
    })""")
    assert 0 < browser.value("Page.teach.trained.done") < STEPS
    assert "Stopped after " in card_text(browser)


def test_changes_of_the_network_do_not_reach_training_and_file(browser, colour, tmp_path):
    model, path = colour
    opened(browser, path)
    fill_in(browser, photos(3, 1))
    browser.value("Page.changes.set(Page.model.nodes.find(one => one.name === 'conv'), 'kernel', 0, 5)")
    train(browser)
    known = keras.Model(model.inputs, model.get_layer("end").input)
    np.testing.assert_allclose(features(browser)[0], known.predict(photos(3, 1)[0], verbose=0), atol=1e-5)
    browser.value("new Promise(done => setTimeout(done, 100))")
    assert "The network is changed in this page" in browser.value("Page.teach.answers.note.textContent")
    loaded = keras.saving.load_model(download(browser, tmp_path))
    np.testing.assert_array_equal(loaded.get_layer("conv").kernel, model.get_layer("conv").kernel)
    expected = loaded.predict(photos(1, 9)[0], verbose=0)[0]
    assert abs(np.array(browser.value("[...Page.teach.shares]")) - expected).max() > 1e-4
    browser.value("Page.changes.reset()")
    browser.value("new Promise(done => setTimeout(done, 100))")
    np.testing.assert_allclose(browser.value("[...Page.teach.shares]"), expected, atol=1e-5)


def test_numbers_that_no_layer_can_be_trained_on_are_said(browser, tmp_path):
    """Not finite, so large that squares of them are not, or so small that weights would be."""
    for scales in [1e30, 1e30], [1e33], [1e-38], [1e-44]:
        images = keras.Input((12, 12, 3))
        x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(images))
        for scale in scales:
            x = layers.Rescaling(scale)(x)
        write_page(keras.Model(images, layers.Dense(2)(x)), photos(1, 9)[0], tmp_path / "page.html")
        opened(browser, tmp_path / "page.html")
        fill_in(browser, photos(2, 1))
        train(browser)
        assert "not finite, or too large or too small to train on" in said(browser), scales
        assert browser.value("Page.teach.trained") is None
        assert browser.named("Runtime.exceptionThrown") == []


def test_nan_of_a_changed_network_is_nan_in_the_new_classes_too(browser, colour):
    opened(browser, colour[1])
    fill_in(browser, photos(2, 1))
    train(browser)
    browser.value("Page.changes.set(Page.model.nodes.find(one => one.name === 'conv'), 'kernel', 0, NaN)")
    browser.value("new Promise(done => setTimeout(done, 100))")
    assert browser.value("Page.teach.shares.every(Number.isNaN)")


def test_what_goes_wrong_is_said_and_one_can_go_on(browser, colour, tmp_path):
    """As when the browser's memory is full."""
    opened(browser, colour[1])
    fill_in(browser, photos(2, 1))
    browser.value("Page.teach.plan = {...Page.teach.plan, features: 99}; Page.teach.frozen.id = 99")
    train(browser)
    assert said(browser).startswith("This went wrong, and nothing has changed: ")
    browser.value("Page.teach.plan.features = Page.teach.frozen.id = Page.model.nodes.at(-1).inputs[0]")
    train(browser)
    file = browser.value("Page.teach.plan.file")
    browser.value("Page.teach.plan.file = ''; Page.teach.save().catch(() => {})")
    assert said(browser).startswith("This went wrong, and nothing has changed: ")
    browser.value(f"Page.teach.plan.file = {json.dumps(file)}")
    assert keras.saving.load_model(download(browser, tmp_path)).output_shape == (None, 2)


def test_one_can_go_back_to_the_original_classes(browser, colour):
    opened(browser, colour[1])
    fill_in(browser, photos(2, 1))
    train(browser)
    best = "document.getElementById('best').textContent"
    assert browser.value(best).startswith("Class ")
    browser.value("Page.teach.answers.buttons[0].click()")
    assert browser.value(best).split()[0] in ("ant", "bee", "cat")
    assert not browser.value("document.getElementById('bars').hidden")
    assert browser.value("Page.teach.answers.buttons.map(one => one.getAttribute('aria-pressed'))") == [
        "true",
        "false",
    ]


@pytest.mark.parametrize("width", [390, 820])
def test_the_card_fits_a_phone(browser, colour, width):
    opened(browser, colour[1], width, phone=True)
    fill_in(browser, photos(12, 1))
    browser.value("Page.teach.groups[0].field.value = 'x'.repeat(60)")
    train(browser)
    small = browser.value("""[...document.querySelectorAll('button, input, summary')].filter(one => {
        const {width, height} = one.getBoundingClientRect()
        return one.offsetParent && (width < 24 || height < 24)
    }).map(one => one.outerHTML)""")
    assert small == []
    assert browser.value("document.documentElement.scrollWidth <= innerWidth")
    assert browser.lowest_contrast() > 4.5


def test_the_same_model_gives_the_same_page(tmp_path):
    model = fill(small())
    pages = [tmp_path / "one.html", tmp_path / "two.html"]
    for page in pages:
        write_page(model, photos(1, 9)[0], page)
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_pixels_are_scaled_as_the_model_takes_them(browser, tmp_path):
    images = keras.Input((12, 12, 3))
    x = layers.Flatten()(layers.Conv2D(2, 3, strides=3, activation="tanh")(images))
    model = fill(keras.Model(images, layers.Dense(3, activation="softmax", name="end")(x)))
    write_page(model, photos(1, 9)[0], tmp_path / "page.html", pixel_range=(-1, 1))
    opened(browser, tmp_path / "page.html")
    given = photos(2, 1)
    fill_in(browser, given + np.array([0, 0.5]).reshape(2, 1, 1, 1, 1))  # also what are no whole numbers
    train(browser)
    known = keras.Model(model.inputs, model.get_layer("end").input)
    for found, some, more in zip(features(browser), given, (0, 0.5), strict=True):
        expected = known.predict((some + more) / 127.5 - 1, verbose=0)
        np.testing.assert_allclose(found, expected, atol=1e-5)
    file = download(browser, tmp_path)
    assert load_classifier(file)[1].settings == {"shape": [12, 12, 3], "pixel_range": [-1.0, 1.0]}
