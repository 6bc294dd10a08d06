"""The page's engine, in a real browser: it computes what Keras computes, and can say how."""

import base64
import json

import keras
import numpy as np
import pytest
from keras import layers

import models
from datasets import digits
from models.inspection import _all_paths, _opened
from models.portable import portable

# What a test needs in the page beside the engine: arrays as bytes, there and back
HELPERS = """
const unpack = text => new Float32Array(Uint8Array.from(atob(text), one => one.charCodeAt(0)).buffer);
const pack = values => {
  const bytes = new Uint8Array(Float32Array.from(values).buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
};
"""


class Laboratory:
    """A page that holds the engine, and networks with images to run them on."""

    def __init__(self, browser, root, folder):
        self._browser, self._root, self._folder = browser, root, folder

    def open(self, *pairs):
        """Load (what `portable` wrote, images of its size) pairs: `models[i]` and `images[i]` in the page."""
        engine = (self._root / "tutorials" / "page" / "engine.js").read_text(encoding="utf-8")
        data = [{"model": model, "images": [packed(image) for image in images]} for model, images in pairs]
        page = f"<!doctype html><meta charset=utf-8><script>{engine}</script><script>{HELPERS}"
        page += f"const data = {json.dumps(data)};const images = data.map(d => d.images.map(unpack));"
        page += "let models = [];</script>"
        (self._folder / "page.html").write_text(page, encoding="utf-8")
        self._browser.open((self._folder / "page.html").as_uri())
        self.value(
            "Promise.all(data.map(d => Engine.load(d.model))).then(all => { models = all; return 0; })"
        )

    def value(self, expression):
        return self._browser.value(expression)

    def values(self, expression):
        """An array, or a list of arrays, that an expression is worth."""
        found = self.value(f"((v) => Array.isArray(v) ? v.map(pack) : pack(v))({expression})")
        return [unpacked(one) for one in found] if isinstance(found, list) else unpacked(found)

    def nodes(self, i=0, image=0):
        """What each node of the i-th network holds after a run, in its shape."""
        values = self.values(f"(models[{i}].run(images[{i}][{image}]), models[{i}].nodes.map(n => n.values))")
        shapes = self.value(f"models[{i}].nodes.map(n => n.shape)")
        return [one.reshape(shape) for one, shape in zip(values, shapes, strict=True)]


def packed(array):
    return base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode()


def unpacked(text):
    return np.frombuffer(base64.b64decode(text), "<f4")


@pytest.fixture
def laboratory(browser, root, tmp_path):
    return Laboratory(browser, root, tmp_path)


def test_the_zoos_digit_readers_say_in_the_page_what_they_say_in_keras(laboratory):
    _, (images, _) = digits.load_data(digits.locate("auto"))
    images = images[:40].astype("float32").reshape(-1, 28, 28, 1)
    builders = ("ConvNet", "TwoBlockConvNet", "LeNet5", "MLP")
    built = [getattr(models, name)(weights="mnist") for name in builders]
    laboratory.open(*((portable(model), images) for model in built))
    for i, model in enumerate(built):
        answers = laboratory.values(f"images[{i}].map(image => models[{i}].run(image).slice())")
        np.testing.assert_allclose(answers, model(images), atol=1e-5)


def test_every_layers_values_are_keras_own(laboratory):
    model = models.ConvNet(weights="mnist")
    image = digits.load_data(digits.locate("auto"))[1][0][:1].astype("float32").reshape(1, 28, 28, 1)
    laboratory.open((portable(model), image))
    compare(model, image, laboratory.nodes())


def compare(model, image, found, described=None):
    """Hold what the page's nodes hold against what Keras's layers, nested ones too, pass on."""
    paths = list(_all_paths(model))
    expected = dict(zip(paths, _opened(model, paths)(image, training=False), strict=False))
    described = described or portable(model, image.shape[1:3])
    last = {tuple(node["path"]): node["id"] for node in described["nodes"]}
    assert set(last) & set(paths)
    for path in set(last) & set(paths):
        want = np.asarray(expected[path][0])
        scale = max(1, np.abs(want).max())
        np.testing.assert_allclose(found[last[path]] / scale, want / scale, atol=1e-5, err_msg=str(path))
