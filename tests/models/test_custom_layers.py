"""Layers of the user's own: loaded only where they are given, and a closed box in the page."""

import runpy
import sys

import keras
import numpy as np
import pytest
from keras import layers

from models import ModelError, load_model
from models.export.page import portable
from models.loading import read_custom_layers

SOURCE = """
import keras

@keras.saving.register_keras_serializable("mine")
class Shift(keras.layers.Layer):
    def __init__(self, by=1.0, **settings):
        super().__init__(**settings)
        self.by = by

    def call(self, inputs):
        return keras.ops.roll(inputs, 1, axis=1) + self.by

    def get_config(self):
        return super().get_config() | {"by": self.by}

class Plain(keras.layers.Dense):
    pass

@keras.saving.register_keras_serializable("mine")
def bend(x):
    return keras.ops.tanh(x) * 2

def helper(x):
    return x
"""


@pytest.fixture
def mine(tmp_path):
    """A file of layers, and a model that has them."""
    file = tmp_path / "my_layers.py"
    file.write_text(SOURCE)
    found = {each.__name__: each for each in read_custom_layers(file)}
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            found["Shift"](by=0.5, name="shift"),
            layers.Conv2D(2, 3, activation=found["bend"]),
            layers.Flatten(),
            found["Plain"](3),
        ]
    )
    model.save(tmp_path / "model.keras")
    yield file, found, model, tmp_path / "model.keras"
    for name in [name for name in keras.saving.get_custom_objects() if name.startswith("mine>")]:
        keras.saving.get_custom_objects().pop(name)


def test_a_model_with_layers_of_ones_own_is_loaded_where_they_are_given(mine):
    _, found, model, saved = mine
    assert set(found) == {"Shift", "Plain", "bend"}
    images = np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype("float32")
    again = load_model(saved, custom_layers=list(found.values()))
    np.testing.assert_array_equal(again(images), model(images))
    boxes = [node["name"] for node in portable(again)["nodes"] if node["kind"] == "recorded"]
    assert boxes[0] == "shift"


def test_without_them_it_is_refused_with_what_to_do(mine):
    _, found, _, saved = mine
    with pytest.raises(ModelError, match="give its class as custom_layers"):
        load_model(saved)
    with pytest.raises(ModelError, match=r"Plain\)"):
        load_model(saved, custom_layers=[found["Shift"], found["bend"]])


def test_a_layer_that_a_script_defines_is_asked_for_by_name(tmp_path, monkeypatch):
    """Keras keeps no module of what a notebook or a script defines."""
    source = """
import sys, keras

class Twice(keras.layers.Layer):
    def call(self, inputs):
        return inputs * 2

keras.Sequential([keras.Input((2,)), Twice(name="twice")]).save(sys.argv[1])
"""
    (tmp_path / "script.py").write_text(source)
    saved = tmp_path / "model.keras"
    monkeypatch.setattr(sys, "argv", ["script.py", str(saved)])
    runpy.run_path(str(tmp_path / "script.py"), run_name="__main__")
    with pytest.raises(
        ModelError, match=r"\('Twice'\): if you have that code, give its class as custom_layers"
    ):
        load_model(saved)
    twice = type("Twice", (keras.layers.Layer,), {"call": lambda self, inputs: inputs * 2})
    again = load_model(saved, custom_layers=[twice])
    assert np.asarray(again(np.ones((1, 2)))).tolist() == [[2, 2]]


@pytest.mark.parametrize("failing", ["raise RuntimeError('no weights here')", "raise SystemExit(0)"])
def test_what_a_layer_of_ones_own_raises_is_said(mine, tmp_path, failing):
    *_, saved = mine
    for name in [name for name in keras.saving.get_custom_objects() if name.startswith("mine>")]:
        keras.saving.get_custom_objects().pop(name)
    file = tmp_path / "broken.py"
    file.write_text(SOURCE.replace("self.by = by", failing))
    error = r"RuntimeError: .*no weights here" if "Runtime" in failing else "SystemExit"
    with pytest.raises(ModelError, match=rf"model\.keras cannot be built with .*{error}"):
        load_model(saved, custom_layers=read_custom_layers(file))


def test_a_file_is_run_only_if_it_is_one_of_python_and_defines_a_layer(tmp_path):
    for name, source, said in (
        ("notes.txt", "", "is no Python file"),
        ("none.py", "x = 1", "defines no layer"),
        ("broken.py", "1 / 0", "cannot be run: ZeroDivisionError"),
        ("half.py", "class", "cannot be run: SyntaxError"),
        ("script.py", "import sys\nsys.exit(0)", "cannot be run: SystemExit: 0"),
        ("gone.py", "import sys\nsys.modules.pop(__name__)\nassert 0", "cannot be run: AssertionError"),
    ):
        (tmp_path / name).write_text(source)
        with pytest.raises(ModelError, match=said):
            read_custom_layers(tmp_path / name)
    with pytest.raises(ModelError, match="is no Python file"):
        read_custom_layers(tmp_path / "missing.py")
    with pytest.raises(ModelError, match="takes classes of layers"):
        load_model(tmp_path / "model.keras", custom_layers=["Shift"])
    for given in "Shift", None, 3:
        with pytest.raises(ModelError, match="takes a list of classes"):
            load_model(tmp_path / "model.keras", custom_layers=given)
    with pytest.raises(ModelError, match="needs path as the name of a Python file"):
        read_custom_layers(None)
