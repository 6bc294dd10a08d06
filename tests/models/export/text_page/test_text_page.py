"""The page of texts: in a real browser typed into, pointed at, and compared with Keras."""

import json

import keras
import numpy as np
import pytest
from keras import layers

from models import (
    SentimentBag,
    SentimentBiLSTM,
    SentimentConv1D,
    SentimentLSTM,
    SentimentNgrams,
    SentimentPooledLSTM,
    SentimentSimpleRNN,
    StringClassifier,
    TextClassifier,
)
from models.export.precision import rounded_weights
from models.export.text_page import render_texts, write_text_page
from models.ngram_index import NgramIndex
from models.text_classification import word_effects
from models.text_classification.log_odds import LogProbabilities, log_odds
from models.word_index import WordIndex

WORDS = ["the", "film", "is", "not", "good", "bad", "a", "so", "très", "映画", "dont"]
COUNT = len(WORDS) + 2
LONGEST = 20
TEXTS = [
    "The film is not so good.",
    "good",
    "",
    "xyzzy?! plugh",
    "Don't -- the FILM!!! is\tbad,\nso bad: très 映画 film",
    "!!! ,,, ...",
    "a film " * 15,  # more words than are used
]
SCRIPT = "</script><script>document.title='gone'</script><b>bold</b>"


def own_network(*between, classes=3, mask_zero=True, ending="softmax"):
    """A network of layers that no builder of the zoo has."""
    tokens = keras.Input((None,), dtype="int32")
    x = layers.Embedding(COUNT, 4, mask_zero=mask_zero, name="embedding")(tokens)
    for layer in between:
        x = layer(x)
    return keras.Model(tokens, layers.Dense(classes, activation=ending, name="end")(x), name="own")


SMALL = {"embedding_dim": 4, "units": 3}
NETWORKS = {
    "lstm": lambda: SentimentLSTM(COUNT, **SMALL),
    "lstm_with_logits": lambda: SentimentLSTM(COUNT, classifier_activation=None, **SMALL),
    "pooled_lstm": lambda: SentimentPooledLSTM(COUNT, **SMALL),
    "bilstm": lambda: SentimentBiLSTM(COUNT, classes=4, **SMALL),
    "simple_rnn": lambda: SentimentSimpleRNN(COUNT, **SMALL),
    "conv1d": lambda: SentimentConv1D(COUNT, kernel_size=4, **SMALL),
    "bag": lambda: SentimentBag(COUNT, embedding_dim=4),
    "bag_with_pairs": lambda: SentimentBag(COUNT, embedding_dim=4, word_pairs=7, classes=3),
    "gru": lambda: own_network(layers.GRU(3, name="gru")),
    "gru_reset_before": lambda: own_network(layers.GRU(3, reset_after=False, activation="relu", name="gru")),
    "two_lstms": lambda: own_network(
        layers.LSTM(3, return_sequences=True, use_bias=False, name="first"),
        layers.Bidirectional(layers.GRU(2), merge_mode="ave", name="second"),
    ),
    "no_mask": lambda: own_network(
        layers.Conv1D(3, 2, padding="valid", activation="tanh", name="conv"),
        layers.GlobalMaxPooling1D(name="most"),
        layers.Dense(3, activation="gelu", name="hidden"),
        mask_zero=False,
    ),
    "masked_mean": lambda: own_network(
        layers.Bidirectional(layers.SimpleRNN(2, return_sequences=True), merge_mode="sum", name="both"),
        layers.GlobalAveragePooling1D(name="mean"),
        layers.Activation("tanh", name="bounded"),
        classes=1,
        ending="sigmoid",
    ),
}


def strings(kind):
    """A model of strings with random weights that are large enough to tell texts apart."""
    network = NETWORKS[kind]()
    random = np.random.default_rng(sorted(NETWORKS).index(kind))
    network.set_weights([random.normal(0, 0.7, value.shape) for value in network.get_weights()])
    return StringClassifier(WORDS, network, longest=LONGEST)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("texts")


@pytest.fixture(scope="module")
def lstm():
    return strings("lstm")


@pytest.fixture(scope="module")
def linear():
    """A linear classifier of n-grams of words and of letters."""
    texts = [
        "So good, a film!",
        "so bad a film",
        "not bad at all",
        "not good at all",
        "映画 is très good 😀",
    ] * 4
    return TextClassifier().fit(texts, ["yes", "no", "yes", "no", "yes"] * 4)


def open_page(browser, path, width=1280, **how):
    browser.show(width, **how)
    browser.open(path.as_uri())
    browser.value("""new Promise(done => {
        const look = () => Page.ready ? done() : setTimeout(look, 5)
        look()
    })""")


def troubles(browser):
    return browser.named("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")


def settle(browser):
    """Wait until all is drawn, and what each word does is known."""
    browser.value("""new Promise(done => {
        const look = () => Page.app.effects.complete
            ? requestAnimationFrame(() => requestAnimationFrame(done)) : setTimeout(look, 5)
        look()
    })""")


def shown(browser, texts, what):
    """What an expression is worth with each text in the page."""
    return browser.value(f"{json.dumps(texts)}.map(text => {{ Page.app.write(text); return {what} }})")


def key(browser, name, code=None):
    for kind in "keyDown", "keyUp":
        text = {"text": "\r"} if name == "Enter" and kind == "keyDown" else {}
        browser.send(
            "Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=KEYS[name], **text
        )
    settle(browser)


KEYS = {"ArrowRight": 39, "ArrowLeft": 37, "ArrowDown": 40, "Enter": 13, "Escape": 27, "Delete": 46, "Tab": 9}


def of_keras(model, texts):
    """Probabilities of all classes (n, classes), one text at a time."""
    inner = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    outputs = np.concatenate([np.asarray(model(np.array([text], object))) for text in texts])
    if inner.layers[-1].activation is keras.activations.linear:
        outputs = 1 / (1 + np.exp(-outputs))
    return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs


@pytest.mark.parametrize("kind", NETWORKS)
def test_the_page_computes_what_keras_does(browser, folder, kind):
    model, path = strings(kind), folder / f"{kind}.html"
    assert write_text_page(model, TEXTS[:2], path).difference == 0
    open_page(browser, path)
    texts = (
        TEXTS if kind not in ("no_mask", "masked_mean") else [TEXTS[0], TEXTS[1], TEXTS[4]]
    )  # they need words
    found = shown(browser, texts, "Page.app.shares")
    np.testing.assert_allclose(found, of_keras(model, texts), atol=1e-5)
    assert browser.value("Page.difference") < 1e-6
    assert "those of Keras" in browser.value("document.getElementById('checked').textContent")
    # Each layer's numbers, word by word
    network = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    looked_at = [layer for layer in network.layers if not isinstance(layer, layers.InputLayer)]
    tensors = {layer.name: layer._inbound_nodes[-1].outputs[-1] for layer in looked_at}
    inner = keras.Model(network.input, tensors)
    value = """[Page.app.splitter.ids(Page.app.text.tokens), Object.fromEntries(Page.app.network.nodes.map(
        ({id, name}) => [name, Array.from(Page.app.states[id].values)]))]"""
    for ids, values in shown(browser, texts[:4], value):
        for name, expected in inner(np.array([ids], "int32")).items():
            np.testing.assert_allclose(values[name], np.ravel(expected), atol=1e-5, err_msg=name)
    assert troubles(browser) == []


@pytest.mark.parametrize("kind", ["lstm", "two_lstms", "no_mask"])
def test_a_page_of_int8_computes_what_keras_does_with_these_weights(browser, folder, kind):
    model, path, texts = strings(kind), folder / f"{kind}-int8.html", TEXTS[:2]
    exact = of_keras(model, texts)
    written = write_text_page(model, texts, path, precision="int8")
    network = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    with rounded_weights(network, "int8"):
        rounded = of_keras(model, texts)
    assert (
        written.difference == pytest.approx(np.abs(rounded - exact).max(), abs=1e-6)
        and written.difference > 1e-5
    )
    open_page(browser, path)
    np.testing.assert_allclose(shown(browser, texts, "Page.app.shares"), rounded, atol=1e-5)
    assert browser.value("Page.difference") < 1e-6
    held = browser.value(
        "Page.app.data.model.nodes.flatMap(node => Object.values(node.weights)).map(each => each.type)"
    )
    assert held.count("int8") >= 3 and held.count("float32") >= 1
    assert "int8 numbers" in browser.value("document.querySelector('.rounding').textContent")


def by_hand(network, ids):
    """Gates, cell and state of an LSTM, as its paper writes them: {part: array (words, units)}."""
    vectors = network.get_layer("embedding").get_weights()[0]
    kernel, recurrent, bias = network.get_layer("lstm").get_weights()
    units = len(recurrent)
    state, cell, kept = np.zeros(units), np.zeros(units), {name: [] for name in "ifgoch"}
    for token in ids:
        i, f, g, o = np.split(vectors[token] @ kernel + state @ recurrent + bias, 4)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        cell = f * cell + i * np.tanh(g)
        state = o * np.tanh(cell)
        for name, value in zip("ifgoch", (i, f, np.tanh(g), o, cell, state), strict=True):
            kept[name].append(value)
    return {name: np.array(values) for name, values in kept.items()}


def test_gates_and_cell_are_those_of_the_formulas_and_each_number_is_explained(browser, folder, lstm):
    path = folder / "gates.html"
    write_text_page(lstm, TEXTS[:1], path)
    open_page(browser, path)
    ids = browser.value("Page.app.splitter.ids(Page.app.text.tokens)")
    expected = by_hand(lstm.layers[-1], ids[:-1])
    rows = "Array.from(Page.app.states.find(s => s.parts).parts[%s].slice(0, %d))"
    for part, values in expected.items():
        found = browser.value(rows % (json.dumps(part), values.size))
        np.testing.assert_allclose(found, values.ravel(), atol=1e-6, err_msg=part)
    # The panel's table ends in the number that was pointed at; a gate is the sigmoid of the sum before it
    table = browser.value("""(() => {
        const {app} = Page, found = []
        for (const {block, columns} of app.board.heats.filter(heat => heat.block.part))
            for (let t = 0; t < columns; t++) for (let u = 0; u < 3; u++) {
                app.look({kind: 'cell', block, t, u})
                app.show()
                const cells = [...document.querySelectorAll('#panel .sum td')]
                found.push([block.part, t, u, cells.map(cell => Number(cell.dataset.value))])
            }
        return found
    })()""")
    assert len(table) == 6 * 6 * 3
    for part, t, u, cells in table:
        assert cells[-1] == pytest.approx(expected[part][t, u], abs=1e-6)
        if part in "ifo":
            assert cells[-1] == pytest.approx(1 / (1 + np.exp(-sum(cells[:3]))), abs=1e-6)
        elif part == "c":
            assert cells[2] == pytest.approx(cells[0] + cells[1], abs=1e-6)
        elif part == "h":
            assert cells[2] == pytest.approx(cells[0] * cells[1], abs=1e-6)


@pytest.mark.parametrize("kind", ["gru", "gru_reset_before", "conv1d", "two_lstms", "no_mask", "masked_mean"])
def test_sums_in_the_panel_give_the_number_that_they_explain(browser, folder, kind):
    path = folder / f"sums-{kind}.html"
    write_text_page(strings(kind), TEXTS[:1], path)
    open_page(browser, path)
    found = browser.value("""(() => {
        const {app} = Page, found = []
        for (const {block, columns, units} of app.board.heats)
            for (let t = 0; t < columns; t++) for (let u = 0; u < units; u++) {
                app.look({kind: 'cell', block, t, u})
                app.show()
                const {values, parts, c} = app.states[block.node.id]
                const at = block.pooled ? t : block.part ? t * units + u : t * c + u
                const value = (block.part ? parts[block.part] : values)[at]
                const rows = [...document.querySelectorAll('#panel .sum tr')]
                const [names, numbers] = [r => r.cells[0].textContent, r => Number(r.cells[1].dataset.value)]
                const sum = rows.findIndex(row => names(row) === 'sum')
                if (sum < 0) continue
                const added = rows.slice(0, sum).map(numbers).reduce((a, b) => a + b, 0)
                found.push([added, numbers(rows[sum]), names(rows.at(-1)), numbers(rows.at(-1)), value])
            }
        return found
    })()""")
    ends = {
        "→ sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "→ tanh": np.tanh,
        "→ relu": lambda x: max(x, 0),
        "→ gelu": lambda x: float(keras.activations.gelu(np.array(x), approximate=False)),
    }
    assert found
    for added, sum_, end, result, value in found:
        assert added == pytest.approx(sum_, abs=1e-6) and result == value
        assert ends[end](sum_) == pytest.approx(value, abs=1e-5)


def test_leaving_out_words_is_what_the_library_finds(browser, folder, lstm):
    path, text = folder / "effects.html", "The film is not, so they say -- unbelievably! -- so good"
    write_text_page(lstm, [text], path, ["bad", "good"])
    open_page(browser, path)
    settle(browser)
    for unit in 0, 1:
        words, expected = word_effects(lstm, text, unit)
        found = browser.value(f"Page.app.text.columns.map((_, at) => Page.app.effects.change(at, {unit}))")
        expected = [effect for word, effect in zip(words, expected, strict=True) if word != "--"]
        np.testing.assert_allclose(found, expected, atol=1e-5)
    titles = browser.value("[...document.querySelectorAll('.chip')].map(chip => chip.title)")
    assert len(titles) == 10 and all("log-odds for" in title for title in titles)
    spoken = browser.value("[...document.querySelectorAll('.chip')].map(chip => chip.ariaLabel)")
    shown_ids = browser.value(
        "[...document.querySelectorAll('.chip')].map(chip => chip.innerText.split('\\n')[1])"
    )
    for label, title, shown_id in zip(spoken, titles, shown_ids, strict=True):
        assert label.endswith(f", {'unknown' if shown_id == '?' else f'token id {shown_id}'}, {title}")


def test_a_network_of_characters_reads_them_as_keras_does(browser, folder):
    good, bad = (
        "这部电影非常好看",
        "我不喜欢这个故事",
    )
    classifier = TextClassifier("pooled_lstm", epochs=2).fit([good, bad] * 10, ["+", "-"] * 10)
    texts = [
        good,
        f"{bad}，{good}。",
        f" {good}  A\n{bad}! B\tc ",
        f"{good[:3]}😀!?",
        "good",
        "",
    ]
    write_text_page(classifier, texts[:2], folder / "characters.html")
    open_page(browser, folder / "characters.html")
    found = shown(browser, texts, "Page.app.shares")
    np.testing.assert_allclose(found, classifier.predict(texts).probabilities, atol=1e-5)
    chips = "[...document.querySelectorAll('.chip')].map(chip => chip.innerText.split('\\n')[0])"
    assert shown(browser, [f"{good[:2]} a!"], chips) == [[*good[:2], "a", "!"]]
    assert not troubles(browser)


def test_a_linear_classifier_shows_its_votes(browser, folder, linear):
    texts = [*TEXTS, "So GOOD 😀 a film", "not at all", "映画は très bad ", "a\0b good", "Good " * 40]
    path = folder / "linear.html"
    write_text_page(linear, texts, path)
    open_page(browser, path)
    assert browser.value("Page.app.names") == ["no", "yes"]
    found = shown(browser, texts, "Page.app.shares")
    np.testing.assert_allclose(found, linear.predict(texts).probabilities, atol=1e-5)
    model, index = linear.model, linear.model.get_layer("ngrams")
    ids = shown(browser, texts, "Page.app.splitter.ids(Page.app.text.tokens)")
    assert ids == [np.asarray(index([text]))[0].tolist() for text in texts]
    # The votes and the bias add up to the log-odds of the class for which they are shown
    text = texts[7]
    tokens, unit = shown(browser, [text], "[Page.app.text.tokens, Page.app.unit]")[0]
    settle(browser)
    browser.value("document.querySelector('.more')?.click()")
    votes = browser.value(
        "[...document.querySelectorAll('[data-vote]')].map(row => Number(row.dataset.vote))"
    )
    bias, total = browser.value(
        "[...document.querySelectorAll('tfoot [data-value]')].map(cell => Number(cell.dataset.value))"
    )
    expected = log_odds(LogProbabilities(model)(np.array([text], object)), unit)[0]
    assert sum(votes) + bias == pytest.approx(total) == pytest.approx(expected, abs=1e-5)
    assert np.all(np.diff(np.abs(votes)) <= 1e-12) and len(votes) == len(set(ids[7]))
    # Without a token its n-grams are gone, and its neighbours are side by side
    without = [" ".join(tokens[:at] + tokens[at + 1 :]) for at in range(len(tokens))]
    left = log_odds(LogProbabilities(model)(np.array(without, object)), unit)
    changes = browser.value(
        "Page.app.text.columns.map((_, at) => Page.app.effects.change(at, Page.app.unit))"
    )
    np.testing.assert_allclose(changes, expected - left, atol=1e-5)
    assert troubles(browser) == []


LETTERS = "aZé漢字ไทยกำ한русΣΟΣİıßŉǅ٣५²½😀👩🏽‍🚀🇩🇪❤️0123"
SPACES = "\u200b\u200d\ufeff\xa0\u3000\u2028\x85\x1c\x0b\t\n\r   "
SIGNS = "'’_-–—.,:;!?()[]{}<>&\"#@/\\|~`^*+=%$€"
WHOLE = [
    "don't",
    "<b>",
    "&amp;",
    "http://a.b/c?d=e",
    ":-)",
    "e\u0301",
    "\u0301",
    "\x00",
    "[UNK]",
    "ΟΔΟΣ",
    "the",
]
PIECES = [*LETTERS, *SPACES, *SIGNS, *WHOLE]


def nasty_texts(count):
    random = np.random.default_rng(0)
    made = []
    for number in range(count):
        size = int(random.integers(1, 4000 if number % 50 == 0 else 40))
        made.append("".join(PIECES[at] for at in random.integers(0, len(PIECES), size)))
    words = [
        "".join(random.choice(list("abéж漢"), size)) for size in range(1, 160)
    ]  # every branch of the hash
    return [*made, " ".join(words), *words[::7]]


def test_any_text_is_split_as_keras_splits_it(browser, folder):
    texts = nasty_texts(300)
    learner = layers.TextVectorization()
    learner.adapt(texts[:150])
    vocabulary = [str(word) for word in learner.get_vocabulary(include_special_tokens=False) if word]
    model = StringClassifier(vocabulary, SentimentBag(len(vocabulary) + 2, embedding_dim=1), longest=700)
    write_text_page(model, [], folder / "splitting.html")
    open_page(browser, folder / "splitting.html")
    found = browser.value(SPLIT % json.dumps(texts))
    ids = layers.TextVectorization(vocabulary=vocabulary, ragged=True)(texts).to_list()
    assert found == [each[:700] + [0] for each in ids]
    assert len(vocabulary) > 500 and sum(map(len, found)) > 1500


def test_any_text_has_the_words_and_signs_that_the_layer_finds(browser, folder):
    texts = nasty_texts(200)
    learner = WordIndex()
    learner.adapt(texts[:100])
    vocabulary = [str(word) for word in learner.get_vocabulary(include_special_tokens=False) if word]
    network = SentimentBag(len(vocabulary) + 2, embedding_dim=1)
    model = StringClassifier(vocabulary, network, longest=700, split="punctuation")
    write_text_page(model, [], folder / "signs.html")
    open_page(browser, folder / "signs.html")
    found = browser.value(SPLIT % json.dumps(texts))
    ids = WordIndex(vocabulary=vocabulary, ragged=True)(texts).to_list()
    assert found == [each[:700] + [0] for each in ids]
    assert len(vocabulary) > 200 and sum(map(len, found)) > 1500


SPLIT = """%s.map(text => {
    const {splitter} = Page.app
    return splitter.ids(splitter.pieces(text).filter(({token}) => token !== null).map(({token}) => token))
})"""


def test_any_text_has_the_ngrams_that_the_layer_finds(browser, folder):
    texts = nasty_texts(120)
    index = NgramIndex(1, longest=3, letters=4)
    known = np.unique(index.fingerprints(texts[::2]).values.numpy())
    index = NgramIndex(len(known), longest=3, letters=4, name="ngrams")
    index.know(known)
    text = keras.Input((), dtype="string")
    model = keras.Model(text, SentimentNgrams(len(known) + 1)(index(text)))
    write_text_page(model, [], folder / "ngrams.html")
    open_page(browser, folder / "ngrams.html")
    found = browser.value(SPLIT % json.dumps(texts))
    expected = [np.asarray(index([text]))[0].tolist() for text in texts]
    assert found == expected
    assert len(known) > 9000 and any(len(ids) > 1000 for ids in found)


@pytest.fixture(scope="module")
def long_text():
    return " ".join(f"{WORDS[n % len(WORDS)]}{'' if n % 7 else n}" for n in range(1000))


def test_a_long_text_stays_usable(browser, folder, long_text):
    network = SentimentLSTM(COUNT, **SMALL)
    model = StringClassifier(WORDS, network)  # reads 800 words
    write_text_page(model, [], folder / "long.html")
    open_page(browser, folder / "long.html")
    progress = "document.getElementById('progress').textContent"
    (shares, done, working), *_ = shown(
        browser, [long_text], f"[Page.app.shares, Page.app.effects.done, {progress}]"
    )
    expected = model.predict([long_text], verbose=0)[0, 0]
    np.testing.assert_allclose(shares, [1 - expected, expected], atol=1e-5)
    said = browser.value("document.getElementById('message').textContent")
    assert said == "The network reads the first 800 of 1,000\xa0words; the others do not count."
    # The effects of 800 words come bit by bit, so that the page answers in between
    assert done == 0 and working.endswith("0 of 800")
    settle(browser)
    assert browser.value(f"[Page.app.effects.done, {progress}]") == [800, ""]
    assert browser.value("document.querySelectorAll('.chip.unused').length") == 200
    # Of a text that takes too long, words that are pointed at
    browser.value("Page.app.write(Page.app.text.words.join(' ')), Page.app.effects.spent = 1e9")
    settle(browser)
    assert browser.value(progress).startswith("What ")
    assert browser.value("Page.app.effects.change(790, 0)") is None
    browser.value("Page.app.look({kind: 'word', at: 790})")
    settle(browser)
    assert browser.value("Number.isFinite(Page.app.effects.change(790, 0))")
    assert browser.value("document.documentElement.scrollWidth") <= 1280


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "There is no word: this is the answer to an empty text."),
        (" ?! ", "There is no word: this is the answer to an empty text."),
        ("xyzzy", "The network does not know this word: it answers as to any unknown word."),
        ("xyzzy plugh", "The network knows none of these 2 words: it answers as to any unknown ones."),
        ("good xyzzy", "1 of 2\xa0words is unknown."),
        ("good", ""),
    ],
)
def test_what_is_odd_about_a_text_is_said(browser, folder, lstm, text, said):
    if not browser.value("globalThis.Page?.app?.data.class_names[1] === 'odd'"):
        write_text_page(lstm, [], folder / "odd.html", ["even", "odd"])
        open_page(browser, folder / "odd.html")
    browser.value(f"Page.app.write({json.dumps(text)})")
    assert browser.value("document.getElementById('message').textContent") == said


def test_unknown_words_of_a_linear_classifier_are_not_said_to_be_all_alike(browser, folder, linear):
    """It may know some of their letters."""
    write_text_page(linear, [], folder / "unknown.html")
    open_page(browser, folder / "unknown.html")
    texts = {"goxd": "This word is unknown.", "goxd xyzzy": "All of these 2 words are unknown."}
    said = shown(browser, [*texts], "document.getElementById('message').textContent")
    assert said == [*texts.values()]
    one, other, none = shown(browser, ["goxd", "xyzzy", ""], "Page.app.shares[1]")
    assert one != pytest.approx(none, abs=1e-6) and one != pytest.approx(other, abs=1e-6)


def test_names_texts_and_titles_are_shown_as_text(browser, folder, lstm):
    text = f"good {SCRIPT} <img src=x onerror=document.title='gone'>"
    write_text_page(lstm, [text], folder / "names.html", [SCRIPT, "<i>"], SCRIPT, ["<b>true</b>"])
    open_page(browser, folder / "names.html")
    settle(browser)
    browser.value("Page.app.look({kind: 'word', at: 1}), Page.app.choose(1), Page.app.show()")
    assert browser.value("document.title") == SCRIPT
    assert browser.value("document.getElementById('bars').innerText").count(SCRIPT) == 1
    assert browser.value("document.querySelectorAll('b b, img, .bars i i, h1 b').length") == 0
    assert browser.value("document.getElementById('text').value") == text
    assert browser.value("document.querySelector('[data-example]').title") == "<b>true</b>"
    assert troubles(browser) == []
    # Nothing else may run in the page, and nothing may be loaded
    browser.value("""(() => {
        const script = document.createElement('script')
        script.textContent = "document.title = 'gone'"
        document.body.append(script)
    })()""")
    assert browser.value("document.title") == SCRIPT
    assert browser.value("fetch('data:text/plain,x').then(() => 'loaded', () => 'refused')") == "refused"


def test_words_are_removed_by_keyboard_and_come_back(browser, folder, lstm):
    write_text_page(lstm, ["The film is not so good"], folder / "keys.html", ["bad", "good"])
    open_page(browser, folder / "keys.html")
    settle(browser)
    whole = browser.value("Page.app.shares")
    browser.value("document.querySelector('.chip').focus()")
    for _ in range(3):
        key(browser, "ArrowRight")
    assert browser.value("document.activeElement.dataset.at") == "3"
    assert "“not”" in browser.value("document.getElementById('panel').innerText")
    # What pointing shows is what removing gives
    ghost = browser.value("Page.app.effects.sharesWithout(3)")
    assert browser.value("document.querySelectorAll('.ghost:not([hidden])').length") == 2
    key(browser, "Enter")
    without = browser.value("Page.app.shares")
    assert without == ghost and without != whole
    np.testing.assert_allclose(without, of_keras(lstm, ["The film is so good"])[0], atol=1e-6)
    pressed = "[...document.querySelectorAll('.chip')].map(chip => chip.getAttribute('aria-pressed'))"
    assert browser.value(pressed) == ["false"] * 3 + ["true"] + ["false"] * 2
    assert browser.value("document.activeElement.dataset.at") == "3"
    assert "“not” is removed." in browser.value("document.getElementById('live').textContent")
    assert browser.value("document.querySelector('.words').children.length") == 5
    key(browser, "ArrowLeft")
    key(browser, "Delete")
    assert browser.value("Page.app.text.tokens.join(' ')") == "the film so good"
    browser.value("document.getElementById('undo').click()")
    assert browser.value("Page.app.shares") == without
    browser.value("document.getElementById('back').click()")
    assert browser.value("Page.app.shares") == whole
    browser.value("document.getElementById('undo').click()")
    assert browser.value("Page.app.shares") == without
    # Typing before and after a removed word leaves it removed
    browser.value("document.getElementById('text').focus()")
    browser.send("Input.insertText", text=" xyzzy")
    settle(browser)
    assert browser.value("Page.app.text.tokens.join(' ')") == "the film is so good xyzzy"
    assert (
        browser.value("Page.app.shares")
        == shown(browser, ["The film is so good xyzzy"], "Page.app.shares")[0]
    )


def test_what_was_cleared_comes_back_with_the_words_that_were_removed(browser, folder, lstm):
    write_text_page(lstm, ["The film is not so good"], folder / "cleared.html", ["bad", "good"])
    open_page(browser, folder / "cleared.html")
    settle(browser)
    undo = "document.getElementById('undo')"
    assert browser.value(f"{undo}.disabled")
    browser.value("document.querySelectorAll('.chip')[3].click()")
    browser.value("document.querySelectorAll('.chip')[0].click()")
    before = browser.value("Page.app.shares")
    browser.value("document.getElementById('clear').click()")
    assert browser.value("document.getElementById('text').value") == ""
    assert not browser.value(f"{undo}.disabled")
    browser.value(f"{undo}.click()")
    assert browser.value("document.getElementById('text').value") == "The film is not so good"
    assert browser.value("Page.app.text.tokens.join(' ')") == "film is so good"
    assert browser.value("Page.app.shares") == before
    for left in "the film is so good", "the film is not so good":  # then what came before
        browser.value(f"{undo}.click()")
        assert browser.value("Page.app.text.tokens.join(' ')") == left
    assert browser.value(f"{undo}.disabled")
    browser.value("document.getElementById('clear').click()")
    browser.value("document.getElementById('text').focus()")
    browser.send("Input.insertText", text="other")
    assert browser.value(f"{undo}.disabled")  # a new text is not replaced by an old one


@pytest.mark.parametrize(
    ("names", "heading"),
    [
        (["bad", "good"], "bad or good?"),
        (["a", "b", "c"], "a, b or c?"),
        ([f"class {n}" for n in range(7)], "Which of 7 classes?"),
    ],
)
def test_the_heading_asks_what_the_classifier_answers(names, heading):
    network = own_network(layers.GlobalAveragePooling1D(), classes=len(names), ending="softmax")
    page = render_texts(StringClassifier(WORDS, network), [], names)
    assert f"<h1>{heading}</h1>" in page and f"<title>{heading}</title>" in page


def test_what_is_split_into_characters_is_called_so(browser, folder):
    letters = keras.layers.TextVectorization(vocabulary=[*"abcde fgo"], split="character")
    text = keras.Input((), dtype="string")
    network = NETWORKS["lstm"]()
    model = keras.Model(text, network(keras.ops.cast(letters(text), "int32")))
    write_text_page(model, ["a bad zoo"], folder / "letters.html", ["bad", "good"])
    open_page(browser, folder / "letters.html")
    settle(browser)
    browser.value("document.querySelectorAll('.chip')[7].click()")
    said = browser.value("document.body.innerText") + browser.value(
        "document.getElementById('panel').innerText"
    )
    said += " ".join(
        browser.value("[...document.querySelectorAll('[aria-label]')].map(one => one.ariaLabel)")
    )
    assert (
        "Point at a character" in said
        and "gates decide what its cell keeps, character after character" in said
    )
    assert "Read character by character" in said and "1 of 8\u00a0characters is unknown." in said
    assert " word" not in said.replace("password", "") and "Word" not in said


def test_reading_word_by_word_gives_the_answer_to_the_text_so_far(browser, folder, lstm):
    write_text_page(lstm, ["The film is not so good"], folder / "steps.html", ["bad", "good"])
    open_page(browser, folder / "steps.html")
    browser.value("document.querySelector('.steps input').focus()")
    for _ in range(3):
        key(browser, "ArrowLeft")
    said = browser.value("document.querySelector('.steps p').innerText")
    share = of_keras(lstm, ["The film is"])[0]
    unit = browser.value("Page.app.unit")
    assert said.startswith("3 of 6\xa0words: “is”")
    assert said.endswith(f"If the text ended here: {['bad', 'good'][unit]}, {100 * share[unit]:.1f}\xa0%")
    assert (
        browser.value("document.querySelectorAll('.veil:not([hidden])').length") == 7
    )  # embedding and six parts
    browser.value("document.querySelector('[aria-label=\"One word on\"]').click()")
    assert browser.value("document.querySelector('.steps p').innerText").startswith("4 of 6")
    browser.value("document.querySelector('[aria-label=Play]').click()")
    browser.value("new Promise(done => setTimeout(done, 1500))")
    assert browser.value("document.querySelector('.steps p').innerText").startswith("6 of 6")
    assert browser.value("document.querySelectorAll('.veil:not([hidden])').length") == 0
    # Arrows move over the numbers of a layer, Enter pins one, Escape lets it go
    browser.value("document.querySelectorAll('.heat canvas')[2].focus()")
    key(browser, "ArrowDown")
    key(browser, "ArrowRight")
    assert browser.value("document.querySelector('#panel h2').textContent") == "lstm, forget gate 1 at “film”"
    key(browser, "Enter")
    assert browser.value("document.getElementById('panel').classList.contains('held')")
    browser.value("Page.app.look({kind: 'word', at: 0})")
    settle(browser)
    assert "forget gate" in browser.value("document.querySelector('#panel h2').textContent")
    key(browser, "Escape")
    assert not browser.value("document.getElementById('panel').classList.contains('held')")
    assert troubles(browser) == []


def test_a_convolution_frames_its_window_and_a_maximum_its_word(browser, folder):
    write_text_page(strings("conv1d"), ["The film is not so good"], folder / "window.html")
    open_page(browser, folder / "window.html")
    frames = """(subject => {
        const {app} = Page
        app.look({kind: 'cell', block: app.board.heats[subject[0]].block, t: subject[1], u: subject[2]})
        app.show()
        const pixels = one => one.hidden ? null : [one.offsetLeft, one.offsetWidth].map(
            x => Math.round(x / parseFloat(getComputedStyle(one.parentElement).getPropertyValue('--column'))))
        return app.board.heats.map(heat => [pixels(heat.now), pixels(heat.spot)])
    })"""
    embedding, conv, pooled = browser.value(f"{frames}([1, 2, 1])")
    assert embedding[0] == [1, 4]  # four words, of which one stands before the word itself
    assert conv == [[2, 1], [2, 1]] and pooled == [None, None]
    rows = np.reshape(browser.value("Array.from(Page.app.states.at(5).values)"), (-1, 3))[:6]
    for unit in range(3):
        embedding, conv, pooled = browser.value(f"{frames}([2, {3 + unit}, 0])")
        winner = int(rows[:, unit].argmax())
        assert embedding == [[winner, 1], None] and conv == [[winner, 1], [winner, 1]]
        assert f"“{['The', 'film', 'is', 'not', 'so', 'good'][winner]}”" in browser.value(
            "document.getElementById('panel').innerText"
        )


def test_votes_for_a_class_add_up(browser, folder):
    model = strings("bag_with_pairs")
    write_text_page(model, ["The film is not so good"], folder / "class.html", ["a", "b", "c"])
    open_page(browser, folder / "class.html")
    for unit in range(3):
        browser.value(f"document.querySelectorAll('#bars button')[{unit}].click()")
        settle(browser)
        votes, bias, total = browser.value(
            "[...document.querySelectorAll('#panel .sum td')].map(cell => Number(cell.dataset.value))"
        )
        rows = browser.value(
            "[...document.querySelectorAll('#panel .amount')].map(one => Number(one.dataset.value))"
        )
        assert (
            votes + bias == pytest.approx(total) == pytest.approx(browser.value(f"Page.app.logits[{unit}]"))
        )
        assert sum(rows) == pytest.approx(votes)
        assert browser.value("Page.app.unit") == unit


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_targets_are_large_and_contrasts_strong(browser, folder, width):
    path = folder / "sizes.html"
    if not path.exists():
        write_text_page(strings("bilstm"), TEXTS[:4], path, ["one", "two", "three", "four"])
    for dark in False, True:
        open_page(browser, path, width, phone=width < 600, dark=dark)
        settle(browser)
        browser.value("Page.app.look({kind: 'word', at: 3})")
        settle(browser)
        assert browser.lowest_contrast() > 4.5
        assert browser.value("document.documentElement.scrollWidth") <= width
    controls = "[...document.querySelectorAll('button, input, textarea, canvas')]"
    small = browser.value(f"""{controls}.filter(one => {{
        const {{width, height}} = one.getBoundingClientRect()
        return one.checkVisibility() && (width < 24 || height < 24)
    }}).map(one => one.outerHTML)""")
    assert small == []
    unnamed = browser.value(f"""{controls}.filter(
        one => !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.length)
    ).map(one => one.outerHTML)""")
    assert unnamed == []


def test_the_page_says_when_it_differs_from_keras(browser, folder, lstm):
    path = folder / "differs.html"
    write_text_page(lstm, ["good"], path)
    page = path.read_text(encoding="utf-8")
    start = page.index('"answers":[[') + len('"answers":[[')
    path.write_text(page[:start] + "0.25,0.75" + page[page.index("]", start) :], encoding="utf-8")
    open_page(browser, path)
    assert "Do not trust it" in browser.value("document.getElementById('checked').textContent")


SHOP = ["My parcel is late", "Where is my parcel?", "I was charged twice", "The invoice is wrong"]


@pytest.mark.parametrize("kind", ["few", "long"])
def test_the_page_abstains_as_predict_does(browser, folder, kind):
    if kind == "few":
        training = [(f"{text} {n}", ("delivery", "invoice")[place // 2]) for n in range(20) for place, text in
                    enumerate(SHOP)]  # fmt: skip
    else:  # long texts, whose sentences tell what is usual in short ones
        said = ["so good", "very good", "so bad", "very bad"] * 60
        long = [
            f"We sat down at home, number {n}. The film is {each}. Then it was over."
            for n, each in enumerate(said)
        ]
        training = [(text, "good" if "good" in text else "bad") for text in long]
    classifier = TextClassifier().fit(*zip(*training, strict=True))
    assert (classifier.trust_.short is not None) == (kind == "long")
    texts = [
        *SHOP, "", "...", "Superb acting, moving plot", "parcel invoice", "The film is bad",
        "We sat down at home", "Then it was over.",
        "ÜBERRASCHUNG 😀 映画", "my invoice was late, twice", "good bad", "number 5",
        *(text for text, _ in training[:4]),
    ]  # fmt: skip
    path = folder / f"trust-{kind}.html"
    write_text_page(classifier, texts[:1], path)
    open_page(browser, path)
    expected = [each.reason for each in classifier.predict(texts, abstain=0.05)]
    assert shown(browser, texts, "Page.app.doubt") == expected
    kinds = {reason.partition(":")[0] for reason in expected}
    assert {"", "none of these"} <= kinds
    node = "(({hidden, textContent}) => [hidden, textContent])(document.getElementById('doubt'))"
    for text, reason in zip(texts, expected, strict=True):
        [found] = shown(browser, [text], node)
        assert found == (
            [False, f"With abstain=0.05 there is no answer: {reason}."] if reason else [True, ""]
        )
    assert troubles(browser) == []
