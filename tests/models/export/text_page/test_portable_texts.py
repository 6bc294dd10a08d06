"""What a classifier of texts is as plain data, which models have no page, and how large a page is."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from models import MLP, ModelError, SentimentBag, SentimentConv1D, StringClassifier, TextClassifier
from models.export.text_page import about_megabytes, portable_texts, render_texts, write_text_page
from models.export.text_page.page import FOLDER, _script
from models.export.text_page.steps import nested_step
from models.export.weight_bytes import WeightBytes

WORDS = ["good", "bad"]


def behind_words(*between, ending=None, **settings):
    """A model of strings of these layers."""
    vectorize = layers.TextVectorization(**{"vocabulary": WORDS} | settings)
    text = keras.Input((), dtype="string")
    tokens = keras.Input((None,), dtype="int32")
    x = layers.Embedding(4, 3, mask_zero=True, name="embedding")(tokens)
    for layer in between:
        x = layer(x)
    network = keras.Model(tokens, (ending or layers.Dense(2, activation="softmax"))(x), name="own")
    return keras.Model(text, network(vectorize(text)), name="mine")


def attention():
    text = keras.Input((), dtype="string")
    tokens = keras.Input((None,), dtype="int32")
    x = layers.Embedding(4, 4)(tokens)
    x = layers.GlobalAveragePooling1D()(layers.MultiHeadAttention(2, 2, name="heads")(x, x))
    network = keras.Model(tokens, layers.Dense(2, activation="softmax")(x), name="own")
    return keras.Model(text, network(layers.TextVectorization(vocabulary=WORDS)(text)))


def false_mean():
    """A model inside the network that is called as the zoo's is, and computes something else."""
    values, mask = keras.Input((None, 3)), keras.Input((None, 1))
    summed = keras.Model([values, mask], ops.sum(values * mask, 1), name="mean_of_words")
    text = keras.Input((), dtype="string")
    tokens = keras.Input((None,), dtype="int32")
    x = layers.Embedding(4, 3)(tokens)
    network = keras.Model(tokens, layers.Dense(2)(summed([x, x[:, :, :1]])), name="own")
    return keras.Model(text, network(layers.TextVectorization(vocabulary=WORDS)(text)))


REFUSED = {
    "no texts": lambda: MLP(),
    "cannot be shown: a page of texts needs": lambda: "outputs/sentiment",
    "This TextClassifier is not trained yet": lambda: TextClassifier(),
    "standardize='lower'": lambda: behind_words(layers.LSTM(2), standardize="lower"),
    "encoding='utf-16'": lambda: behind_words(layers.LSTM(2), encoding="utf-16"),
    "ragged=True": lambda: behind_words(layers.LSTM(2), ragged=True),
    "knows no words: call adapt(texts)": lambda: behind_words(layers.LSTM(2), vocabulary=None),
    "heads (MultiHeadAttention), a layer of its own": attention,
    "GetItem), a layer of its own": false_mean,
    "with go_backwards=True": lambda: behind_words(layers.LSTM(2, go_backwards=True)),
    "with strides, dilation": lambda: behind_words(layers.Conv1D(2, 3, dilation_rate=2), layers.LSTM(2)),
    "ends in dense_relu (Dense); a page of texts needs": lambda: behind_words(
        layers.LSTM(2), ending=layers.Dense(2, "relu", name="dense_relu")
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_has_no_page_is_refused_in_one_sentence(message, tmp_path):
    path = tmp_path / "page.html"
    path.write_text("earlier")
    with pytest.raises(ModelError) as refused:
        write_text_page(REFUSED[message](), ["good"], path)
    assert message in str(refused.value) and str(refused.value).endswith(".")
    assert "\n" not in str(refused.value)
    assert [each.name for each in tmp_path.iterdir()] == ["page.html"] and path.read_text() == "earlier"


def test_a_bad_argument_is_refused(tmp_path):
    model = StringClassifier(WORDS, SentimentBag(4))
    for arguments, message in (
        ({"precision": True}, "takes precision .float32., .float16. or .int8., not True"),
        ({"class_names": ["one"]}, "2 classes, and class_names has 1 names"),
        ({"texts": "good"}, "sequence of strings"),
        ({"texts": [1]}, "sequence of strings"),
    ):
        with pytest.raises(ModelError, match=message):
            render_texts(**{"model": model, "texts": []} | arguments)


def test_a_model_inside_is_known_by_what_it_computes():
    assert (
        nested_step(SentimentConv1D(4, units=5).get_layer("mean_and_maximum"))[0].kind == "mean_and_maximum"
    )
    found = nested_step(SentimentBag(4, word_pairs=9).get_layer("pairs"))
    assert found[0].config == {"rows": 9, "factor": 10_007}
    other = keras.Input((None,), dtype="int32")
    assert nested_step(keras.Model(other, ops.cast(other, "float32"), name="is_word")) is None


def test_numbers_of_16_bits_halve_the_page_and_the_difference_is_measured(tmp_path):
    keras.utils.set_random_seed(0)
    words = [f"word{number}" for number in range(5000)]
    network = SentimentBag(5002, embedding_dim=16)
    network.get_layer("predictions").set_weights([np.full((16, 1), 30.0), np.zeros(1)])
    model = StringClassifier(words, network)
    texts, sizes = ["word7 word8", "word9"], {}
    for precision in "float32", "float16":
        written = write_text_page(model, texts, tmp_path / "page.html", precision=precision)
        assert written.size == (tmp_path / "page.html").stat().st_size
        sizes[precision] = written.size / 1e6
        assert sizes[precision] == pytest.approx(about_megabytes(model, precision), abs=0.25)
    assert sizes["float32"] - sizes["float16"] == pytest.approx(5002 * 16 * 2 * 4 / 3 / 1e6, rel=0.3)
    exact = model.predict(texts, verbose=0)
    before = network.get_weights()
    network.set_weights([value.astype("float16").astype("float32") for value in before])
    rounded = np.abs(model.predict(texts, verbose=0) - exact).max()
    assert 0 < written.difference == pytest.approx(rounded, rel=0.05)


def test_the_model_stays_as_it_was():
    model = StringClassifier(WORDS, SentimentBag(4))
    before = [value.copy() for value in model.get_weights()]
    render_texts(model, ["good"], precision="int8")
    assert all(np.array_equal(one, other) for one, other in zip(before, model.get_weights(), strict=True))


def test_a_network_of_logits_and_one_of_probabilities_are_told_apart():
    kinds = {
        ending: portable_texts(
            StringClassifier(WORDS, SentimentBag(4, classes=3, classifier_activation=ending))
        )["nodes"][-1]["config"]["activation"]
        for ending in ("softmax", None)
    }
    assert kinds == {"softmax": "softmax", None: "linear"}


def test_bytes_hold_the_same_numbers_once_and_whole_numbers_exactly():
    held = WeightBytes()
    large = np.array([2**61 + 1, -1, 2**62 - 3])
    first = held.add(large)
    assert held.add(large.copy()) == first and first["type"] == "int64" and len(held) == 24
    assert held.add(np.array([1e6, 0.5]))["type"] == "float32"  # 1e6 has no 16 bits


def test_every_module_is_in_the_pages_script():
    script = _script().text
    found = {line.removeprefix("// ---- ") for line in script.splitlines() if line.startswith("// ---- ")}
    own = {path.relative_to(FOLDER.parent).as_posix() for path in FOLDER.rglob("*.js")}
    assert own <= found and "page/colours.js" in found
