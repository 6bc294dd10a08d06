"""Arguments of pages that are not as described: one sentence each, and no file."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from models import LeNet5, ModelError, SentimentBag, StringClassifier
from models.export.page import write_page
from models.export.text_page import write_text_page


@pytest.fixture(scope="module")
def lenet():
    return LeNet5()


@pytest.fixture(scope="module")
def classifier():
    return StringClassifier(["good", "bad"], SentimentBag(vocabulary_size=4))


IMAGES = np.zeros((2, 28, 28, 1), "uint8")
BAD = (
    ({"precision": "int4"}, "takes precision .float32., .float16. or .int8., not"),
    ({"other_inputs": "yes"}, "other_inputs takes"),
    ({"other_inputs": {"age": [1]}}, "has no other input"),
    ({"answer": "maps"}, "takes answer"),
    ({"class_names": "0123456789"}, "class_names as a list"),
    ({"class_names": 10}, "class_names as a list"),
    ({"class_names": ["cat", "dog"]}, "10 classes, and class_names has 2 names"),
    ({"captions": "45"}, "captions as a list"),
    ({"captions": ["4", "5", "6"]}, "3 captions for 2 images"),
    ({"pixel_range": (0, float("nan"))}, "two different numbers"),
    ({"pixel_range": (0, 0)}, "two different numbers"),
    ({"pixel_range": "ab"}, "two different numbers"),
    ({"images": "4.png"}, "images as an array of numbers"),
    ({"images": IMAGES - 1.5}, "pixels from 0 to 255"),
    ({"images": IMAGES + 300.0}, "pixels from 0 to 255"),  # not 44, as uint8 has it
    ({"images": np.zeros((1, 28, 28, 3))}, "takes images of"),  # not three grey ones
    ({"images": np.zeros((1, 32, 32, 1))}, "takes images of"),
)


@pytest.mark.parametrize(("given", "said"), BAD)
def test_a_bad_argument_of_a_page_is_named(lenet, tmp_path, given, said):
    with pytest.raises(ModelError, match=said):
        write_page(lenet, path=tmp_path / "page.html", **{"images": IMAGES} | given)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"texts": None}, "sequence of strings"),
        ({"texts": {"a": 1}}, "sequence of strings"),
        ({"class_names": 2}, "class_names as a list"),
        ({"captions": "ab"}, "captions as a list"),
    ],
)
def test_a_bad_argument_of_a_page_of_texts_is_named(classifier, tmp_path, given, said):
    with pytest.raises(ModelError, match=said):
        write_text_page(classifier, path=tmp_path / "page.html", **{"texts": ["Good!"]} | given)
    assert not list(tmp_path.iterdir())


def test_a_page_replaces_no_file_of_another_kind(lenet, classifier, tmp_path):
    model, beside = tmp_path / "model.keras", tmp_path / "page.html.part"
    model.write_bytes(b"mine")
    beside.write_bytes(b"mine too")
    for path in model, tmp_path, tmp_path / "none" / "page.html", None, "":
        with pytest.raises(ModelError, match="path="):
            write_page(lenet, IMAGES, path)
        with pytest.raises(ModelError, match="path="):
            write_text_page(classifier, [], path)
    write_page(lenet, IMAGES, tmp_path / "page.html")
    write_text_page(classifier, [], tmp_path / "page.html")
    assert (model.read_bytes(), beside.read_bytes()) == (b"mine", b"mine too")
    assert len(list(tmp_path.iterdir())) == 3


def test_ctrl_c_while_a_page_is_written_leaves_the_old_one(lenet, tmp_path, monkeypatch):
    page = tmp_path / "page.html"
    page.write_text("old")
    write_text = Path.write_text

    def half(path, text, **settings):
        write_text(path, text[:1000], **settings)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(KeyboardInterrupt):
        write_page(lenet, IMAGES, page)
    assert page.read_text() == "old" and list(tmp_path.iterdir()) == [page]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(tmp_path, value):
    networks = LeNet5(), StringClassifier(["good", "bad"], SentimentBag(vocabulary_size=4))
    for network, write, given in zip(
        networks, (write_page, write_text_page), (IMAGES, ["Good"]), strict=True
    ):
        values = network.get_weights()
        values[-1][:] = value
        network.set_weights(values)
        with pytest.raises(ModelError, match="no finite numbers"):
            write(network, given, tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


def test_a_setting_that_is_no_number_makes_a_closed_box_and_no_values_a_sentence(tmp_path):
    image = keras.Input((8, 8, 1))
    for layer in layers.ReLU(max_value=float("inf")), layers.Rescaling(float("nan")):
        end = layers.Dense(3)(layers.Flatten()(layer(image)))
        write_page(keras.Model(image, end), IMAGES[:, :8, :8], tmp_path / "page.html")
        assert "no finite number" in (tmp_path / "page.html").read_text(encoding="utf-8")
    with pytest.raises(ModelError, match="without values"):
        write_page(keras.Model(image, image[..., :0]), IMAGES[:, :8, :8], tmp_path / "none.html")
