"""Models as plain data: what is written is what the model has, and what a page cannot show is refused."""

import base64
import json
import zlib

import keras
import numpy as np
import pytest
from keras import layers

import models
from models import ModelError
from models.export.page import write_page
from models.export.page.ends import answer_of, loss_of
from models.export.page.portable import portable
from models.fine_tuning.transfer import TransferClassifier
from models.pretrained.backbones import Backbone


def model_of(*steps, shape=(8, 6, 1), units=2):
    """An image through some layers, then flattened and named."""
    return keras.Sequential([keras.Input(shape), *steps, layers.Flatten(), layers.Dense(units, name="end")])


def numbers(written, weight):
    """One weight, read from the bytes."""
    data = zlib.decompress(base64.b64decode(written["weights"]))
    kind = {"float32": "<f4", "float16": "<f2"}[weight["type"]]
    array = np.frombuffer(data, kind, int(np.prod(weight["shape"])), weight["start"])
    return array.reshape(weight["shape"])


def test_a_model_is_a_list_of_steps_with_its_weights():
    model = models.ConvNet(weights="mnist")
    written = portable(model)
    assert json.loads(json.dumps(written)) == written
    assert [node["name"] for node in written["nodes"]] == [layer.name for layer in model.layers]
    assert [node["inputs"] for node in written["nodes"]] == [[], *([n] for n in range(8))]
    assert [node["shape"] for node in written["nodes"]] == [list(x.output.shape[1:]) for x in model.layers]
    conv = written["nodes"][2]
    assert (conv["type"], conv["kind"], conv["path"]) == ("Conv2D", "conv", ["conv1"])
    assert conv["config"]["before"] == [1, 1]  # 3 zeros, the odd one after
    assert conv["config"]["activation"] == "relu"
    for layer, node in zip(model.layers, written["nodes"], strict=True):
        found = [numbers(written, weight) for weight in node["weights"].values()]
        for have, want in zip(found, layer.get_weights(), strict=True):
            np.testing.assert_array_equal(have, want)


def test_weights_are_halved_only_where_no_digit_is_lost():
    model = model_of()
    kernel = np.full((48, 2), 0.1, "float32")
    for bias, kind in ([0.5, 65504.0], "float32"), ([0.5, -1024.0], "float16"), ([0.1, 0.5], "float32"):
        model.get_layer("end").set_weights([kernel, np.array(bias)])
        written = portable(model)
        weights = written["nodes"][-1]["weights"]
        assert (weights["kernel"]["type"], weights["bias"]["type"]) == ("float32", kind)
        np.testing.assert_array_equal(numbers(written, weights["bias"]), np.array(bias, "float32"))


def test_a_page_of_the_zoos_digit_reader_stays_small():
    assert len(json.dumps(portable(models.ConvNet(weights="mnist")))) < 1_700_000


def test_nested_models_are_one_list_and_keep_their_names():
    model = TransferClassifier(Backbone("mobilenet_v3_small", None, 32), 3)
    written = portable(model)["nodes"]
    backbone = model.layers[2]
    paths = [tuple(node["path"]) for node in written]
    inner = [path[1] for path in paths if path[0] == backbone.name]
    assert sorted(inner) == sorted(operation.name for operation in backbone.operations[1:])
    assert paths[0] == ("images",) and paths[-1] == ("predictions",)
    assert written[0]["shape"] == [32, 32, 3]  # as the first layer resizes
    for node in written:
        assert all(source < node["id"] for source in node["inputs"])
    assert all(node["id"] == place for place, node in enumerate(written))


def test_the_model_stays_as_it_was():
    model = TransferClassifier(Backbone("mobilenet_025", None, 32), 3)
    names, before = [layer.name for layer in model.layers], model.to_json()
    image = np.full((1, 40, 50, 3), 99.0)
    answer = model.predict(image, verbose=0)
    assert portable(model) == portable(model)
    assert [layer.name for layer in model.layers] == names and model.to_json() == before
    np.testing.assert_array_equal(model.predict(image, verbose=0), answer)


def test_a_layer_called_twice_is_two_nodes_with_the_same_weights():
    images = keras.Input((4, 4, 1))
    same = layers.Conv2D(1, 3, padding="same", name="same")
    model = keras.Model(images, layers.Flatten()(same(same(images))))
    first, second = portable(model)["nodes"][1:3]
    assert first["name"] == second["name"] == "same"
    assert (first["inputs"], second["inputs"]) == ([0], [1])


def test_a_model_of_any_size_takes_the_size_that_is_asked_for():
    images = keras.Input((None, None, 3), name="photo")
    x = layers.Conv2D(2, 3, name="conv")(images)
    model = keras.Model(images, layers.GlobalAveragePooling2D()(x), name="any")
    assert [node["shape"] for node in portable(model, 20)["nodes"]] == [[20, 20, 3], [18, 18, 2], [2]]
    assert portable(model, (5, 9))["nodes"][1]["shape"] == [3, 7, 2]
    for size in None, 0, -3, 2.5, "large", (5,), (5, 6, 7):
        with pytest.raises(ModelError, match="image_size"):
            portable(model, size)
    with pytest.raises(ModelError, match="any cannot work on 2 x 2 pixels"):
        portable(model, 2)
    with pytest.raises(ModelError, match="takes images of .28, 28., not of image_size 32"):
        portable(models.ConvNet(), 32)


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (layers.Conv2DTranspose(2, 3, dilation_rate=2, name="up"), "has a dilation, (2, 2)"),
        (layers.BatchNormalization(axis=2, name="norm"), "works along an axis, 2"),
        (layers.LayerNormalization(axis=2, name="norm"), "works along axes, [2]"),
        (layers.Softmax(axis=[1, 2], name="soft"), "works along an axis, [1, 2]"),
        (layers.Resizing(4, 4, "bicubic", name="small"), "has an interpolation, bicubic"),
        (layers.Activation("sparsemax", name="act"), "has an activation, sparsemax"),
        (layers.Conv2D(1, 1, activation=lambda x: 2 * x, name="own"), "has an activation, <lambda>"),
        (layers.CenterCrop(20, 20, name="crop"), "crops an image to a larger size, 20 x 20"),
        (layers.SeparableConv1D(2, 3, name="lines"), "is of a type"),
    ],
)
def test_what_the_page_does_not_know_is_a_closed_box_with_recorded_maps(layer, said):
    first = [layers.Reshape((8, 6))] if layer.name == "lines" else []
    model = model_of(*first, layer)
    images = np.random.default_rng(0).uniform(0, 1, (5, 8, 6, 1)).astype("float32")
    written = portable(model, examples=images)
    (box,) = [node for node in written["nodes"] if node["kind"] == "recorded"]
    assert (box["name"], box["config"]) == (layer.name, {"reason": said})
    want = np.asarray(keras.Model(model.inputs, model.get_layer(layer.name).output)(images))
    np.testing.assert_allclose(
        numbers(written, box["weights"]["values"]).reshape(want.shape), want, atol=1e-6
    )
    (empty,) = [node for node in portable(model)["nodes"] if node["kind"] == "recorded"]
    assert empty["weights"]["values"]["shape"] == [0, *box["shape"]]


def test_closed_boxes_in_nested_models_and_several_calls_are_recorded_each():
    soft = layers.Softmax(axis=[1, 2], name="soft")
    inner = keras.Sequential([keras.Input((4, 4, 1)), soft, layers.Rescaling(3.0)], name="inner")
    images = keras.Input((4, 4, 1))
    model = keras.Model(images, layers.Flatten()(inner(inner(images))))
    pictures = np.random.default_rng(0).uniform(0, 1, (3, 4, 4, 1)).astype("float32")
    written = portable(model, examples=pictures)
    boxes = [node for node in written["nodes"] if node["kind"] == "recorded"]
    assert [box["path"] for box in boxes] == [["inner", "soft"]] * 2
    once = np.exp(pictures) / np.exp(pictures).sum((1, 2), keepdims=True)
    twice = np.exp(3 * once) / np.exp(3 * once).sum((1, 2), keepdims=True)
    for box, want in zip(boxes, (once, twice), strict=True):
        np.testing.assert_allclose(numbers(written, box["weights"]["values"]), want, atol=1e-6)


def test_custom_layers_that_bear_a_known_name_are_not_taken_for_it():
    class Conv2D(layers.Conv2D):
        def call(self, inputs):
            return -super().call(inputs)

    (node,) = [
        node for node in portable(model_of(Conv2D(1, 1, name="conv")))["nodes"] if node["name"] == "conv"
    ]
    assert (node["kind"], node["config"]["reason"]) == ("recorded", "is of a type")


def test_one_of_several_outputs_is_shown():
    images = keras.Input((4, 4, 1))
    flat = layers.Flatten()(images)
    outputs = {
        "again": layers.Conv2D(1, 1)(images),
        "age": layers.Dense(1)(flat),
        "kind": layers.Dense(3)(flat),
    }
    model = keras.Model(images, outputs, name="two")
    assert portable(model)["nodes"][-1]["shape"] == [3]
    assert portable(model, output="age")["nodes"][-1]["shape"] == [1]
    with pytest.raises(ModelError, match="two has no output of the name 'name'; it has again, age, kind"):
        portable(model, output="name")
    assert portable(model, output="again")["nodes"][-1]["shape"] == [4, 4, 1]


def test_what_is_no_image_model_is_refused_in_one_sentence():
    two = [keras.Input((4, 4, 1)), keras.Input((4, 4, 1), name="second")]
    clips = keras.Sequential([keras.Input((4, 4, 1)), layers.Reshape((2, 2, 2, 2))], name="clips")
    refused = {
        "no built functional or sequential model": [
            keras.Sequential([layers.Flatten()]),
            layers.Dense(3),
            "outputs/digits",
        ],
        "also takes second, .4, 4, 1.: give its values": [
            keras.Model(two, layers.Flatten()(layers.Add()(two)))
        ],
        "and no image": [models.DenseChain(), model_of(shape=(8, 8, 5)), models.SentimentBag()],
        "neither one number per class nor a picture": [clips],
    }
    for said, several in refused.items():
        for model in several:
            with pytest.raises(ModelError, match=said):
                portable(model)


def told(model, names=None, loss=None):
    return answer_of(portable(model)["nodes"], names, loss)


def test_what_an_output_is_follows_from_its_activation_the_loss_and_the_names():
    def vector(units, activation=None):
        return keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(units, activation)])

    def maps(channels, activation=None):
        return keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(channels, 1, activation=activation)])

    assert told(vector(3)) == told(vector(3, "softmax")) == told(vector(2, "sigmoid")) == "classes"
    assert told(vector(4, "sigmoid"), loss="mse") == told(vector(4), loss="mean_absolute_error") == "numbers"
    assert told(vector(4, "sigmoid"), [*"abcd"], "mse") == "classes"  # whoever names classes has classes
    assert told(vector(4, "softplus")) == told(vector(1)) == "numbers"
    assert told(vector(1), ["cat", "dog"]) == told(vector(1, "sigmoid")) == "classes"
    assert told(maps(1, "sigmoid")) == told(maps(3)) == told(maps(3, "tanh")) == "picture"
    assert told(maps(3), loss="sparse_categorical_crossentropy") == told(maps(3), [*"abc"]) == "map"
    assert told(maps(3, "softmax")) == told(maps(5)) == "map"


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        ("mse", "mse"),
        (keras.losses.SparseCategoricalCrossentropy(from_logits=True), "sparse_categorical_crossentropy"),
        (keras.losses.mean_absolute_error, "mean_absolute_error"),
        ({"output": "mse"}, ""),
    ],
)
def test_the_loss_is_known_by_its_name(loss, name):
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1, name="output")])
    assert loss_of(model) == ""
    model.compile(loss=loss)
    assert loss_of(model) == name


def test_values_of_other_inputs_that_are_missing_or_wrong_are_said(tmp_path):
    images, facts = keras.Input((8, 8, 1), name="photo"), keras.Input((2,), name="facts")
    x = layers.Concatenate()([layers.Flatten()(images), facts])
    model = keras.Model([images, facts], layers.Dense(2)(x), name="both")
    pictures, page = np.zeros((3, 8, 8, 1), "uint8"), tmp_path / "page.html"
    for others, said in (
        ({"fact": np.ones((3, 2))}, "both has no other input 'fact'; it has facts"),
        ({"facts": np.ones((2, 2))}, "facts of both needs 3 values of shape .2,., not an array .2, 2."),
        ({"facts": np.ones((3, 4))}, "facts of both needs 3 values"),
    ):
        with pytest.raises(ModelError, match=said):
            write_page(model, pictures, page, other_inputs=others)
    with pytest.raises(ModelError, match="answer"):
        write_page(model, pictures, page, answer="picture of it")
    assert not page.exists()
    texts = keras.Input((), dtype="string", name="words")
    read = layers.Embedding(3, 2)(layers.TextVectorization(vocabulary=["a"], output_sequence_length=1)(texts))
    x = layers.Concatenate()([layers.Flatten()(images), layers.Flatten()(read)])
    with pytest.raises(ModelError, match="takes texts or values of any number as words"):
        portable(keras.Model([images, texts], layers.Dense(2)(x)))


def test_rows_without_an_axis_of_channels_stay_a_picture_as_long_as_pixels_are_alike():
    steps = [layers.Rescaling(1 / 255), layers.ReLU(), layers.Softmax(), layers.Flatten(), layers.Dense(2)]
    model = keras.Sequential([keras.Input((9, 8)), *steps])
    written = portable(model)["nodes"]
    assert [node["shape"] for node in written[:3]] == [[9, 8, 1]] * 3
    assert [node["shape"] for node in written[3:]] == [[1, 9, 8], [1, 9, 8], [72], [2]]
    divided = keras.Input((9, 8))
    x = layers.Flatten()(divided / 255.0 - 0.5)
    written = portable(keras.Model(divided, layers.Dense(2)(x)))["nodes"]
    assert [node["shape"] for node in written] == [[9, 8, 1]] * 3 + [[72], [2]]
