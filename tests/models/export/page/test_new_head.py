"""What the page gets for a new last layer: models without one are refused, and every file would open."""

import base64
import json
import tempfile
import zlib

import keras
import pytest
from keras import layers

from models.export.page.new_head import BEGIN, new_head
from models.export.page.portable import portable_with_places


def ones(shape, dtype=None):
    return keras.ops.ones(shape, dtype)


class Own(keras.regularizers.Regularizer):
    def __call__(self, weights):
        return 0.01 * keras.ops.sum(weights)

    def get_config(self):
        return {}


class Mine(keras.Model):
    pass


def network(conv, images=(12, 12, 3)):
    images = keras.Input(images)
    x = layers.GlobalAveragePooling2D()(conv(images / 255))
    return keras.Model(images, layers.Dense(2, activation="softmax", name="end")(x))


def inside(kind):
    images = keras.Input((12, 12, 3))
    return kind(images, layers.Conv2D(4, 3)(images))


def found(model):
    return new_head(model, *portable_with_places(model), False, (0, 255))


def config(head):
    """The parts of the config before and after the number of classes."""
    content = zlib.decompress(base64.b64decode(head["file"]))
    length = int.from_bytes(content[:4], "little")
    return json.loads(content[4 : 4 + length])["config"]


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`")
@pytest.mark.parametrize(
    ("conv", "part"),
    [
        (layers.Conv2D(4, 3, kernel_initializer=ones), "ones"),
        (layers.Conv2D(4, 3, bias_initializer=lambda shape, dtype: ones(shape)), "a lambda function"),
        (layers.Conv2D(4, 3, kernel_regularizer=Own()), "Own"),
        (inside(Mine), "Mine"),
    ],
)
def test_no_file_needs_code_that_is_no_part_of_keras(conv, part):
    sentence = f"{BEGIN}this model has {part}, without whose code its file would not open."
    assert found(network(conv)) == {"refused": sentence}


@pytest.mark.parametrize("name", ["<units>", "own_classes"])
def test_layers_may_be_called_as_the_new_one_and_its_neurons(name):
    before, after = config(found(network(layers.Conv2D(4, 3, name=name))))
    plain = json.loads(f"{before}7{after}")["config"]["layers"]
    assert plain[-1]["config"]["units"] == 7 and name in [each["name"] for each in plain[:-1]]


@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method")
def test_quantized_layers_are_closed_boxes():
    """Keras rounds what goes into them, too."""
    model = keras.Sequential(
        [keras.Input((12, 12, 3)), layers.Flatten(), layers.Dense(2, "softmax", name="q")]
    )
    model.quantize("int8")
    node = portable_with_places(model)[0]["nodes"][-1]
    assert (node["kind"], node["config"]["reason"][:12]) == ("recorded", "is quantized")
    assert found(model) == {"refused": f"{BEGIN}this page does not compute q (Dense) for a new picture."}


def test_a_temporary_folder_that_takes_no_file_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    reason = "a file of this model could not be written to the temporary folder."
    assert found(network(layers.Conv2D(4, 3))) == {"refused": BEGIN + reason}
