"""Networks of token ids in other runtimes: the recipe of the documentation gives Keras's probabilities."""

import importlib.util
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from models import ModelError, TextClassifier
from models.export.formats import PACKAGES
from models.text_classification import BUILDERS

TEXTS = ["a good film", "so good", "a bad film", "so bad", "Ärger, über-all straße", "ärger straße über"] * 10
LABELS = ["positive", "positive", "negative", "negative", "other", "other"] * 10
ASKED = [
    "A GOOD\tfilm, so good!",
    "bad\u00a0film",
    "ÄRGER ärger",
    "über-all",
    "",
    "...",
    "so " * 30,
    "unknown words",
]


def need(ending):
    if not all(map(importlib.util.find_spec, PACKAGES["onnx" if ending == "onnx" else "litert"])):
        pytest.skip("a package of requirements-extra.txt is not installed")


def recipe(root, number):
    """A block of Python of the documentation's section on exports."""
    page = (root / "docs" / "pages" / "texts.md").read_text(encoding="utf-8")
    section = page[page.index("## Use a network without Keras") :]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)[number]


@pytest.mark.extra
@pytest.mark.parametrize("kind", BUILDERS)
@pytest.mark.parametrize("ending", ["onnx", "tflite"])
def test_the_recipe_gives_what_keras_gives(kind, ending, root, tmp_path):
    need(ending)
    classifier = TextClassifier(kind=kind, epochs=2, longest=20).fit(TEXTS, LABELS)
    classifier.export(tmp_path / f"tickets.{ending}")
    assert {file.name for file in tmp_path.iterdir()} == {f"tickets.{ending}", "tickets.vocabulary.json"}
    assert run_recipe(root, tmp_path, ending) == pytest.approx(
        classifier.predict(ASKED).probabilities, abs=1e-5
    )


@pytest.mark.extra
@pytest.mark.parametrize("ending", ["onnx", "tflite"])
def test_two_classes_share_a_neuron_in_the_recipe_too(ending, root, tmp_path):
    need(ending)
    classifier = TextClassifier(kind="lstm", epochs=2).fit(TEXTS[:4] * 10, LABELS[:4] * 10)
    classifier.export(tmp_path / f"tickets.{ending}")
    assert run_recipe(root, tmp_path, ending) == pytest.approx(
        classifier.predict(ASKED).probabilities, abs=1e-5
    )
    about = json.loads((tmp_path / "tickets.vocabulary.json").read_text(encoding="utf-8"))
    assert about["class_names"] == ["negative", "positive"] and about["longest"] == 800


@pytest.mark.extra
@pytest.mark.parametrize("split", ["whitespace", "character"])
def test_the_recipe_splits_as_the_network_does(split, root, tmp_path):
    """As a network of the lesson `sentiment`, which sees words without punctuation, or characters."""
    need("onnx")
    classifier = TextClassifier(kind="lstm", epochs=2, longest=20, split=split).fit(TEXTS, LABELS)
    classifier.export(tmp_path / "tickets.onnx")
    expected = classifier.predict(ASKED).probabilities
    assert run_recipe(root, tmp_path, "onnx") == pytest.approx(expected, abs=1e-5)


@pytest.mark.extra
def test_the_recipe_reads_characters_where_the_network_does(root, tmp_path):
    need("onnx")
    texts = ["这部电影很好", "这部电影很差", "x y 很好 Z!", "很差 É"] * 10
    classifier = TextClassifier(kind="bag", epochs=2).fit(texts, [1, 0] * 20)
    classifier.export(tmp_path / "tickets.onnx")
    expected = classifier.predict(asked := ["电影很好!", "X 差 é", "?"]).probabilities
    assert run_recipe(root, tmp_path, "onnx", asked) == pytest.approx(expected, abs=1e-5)


def run_recipe(root, folder, ending, asked=ASKED):
    """Probabilities (n, classes) by the documentation's code, in a process that cannot import Keras."""
    code = "import sys\nsys.modules['keras'] = sys.modules['tensorflow'] = None\n"
    code += recipe(root, 0) if ending == "onnx" else recipe(root, 0) + recipe(root, 1)
    code += f"\nprint(json.dumps([[float(p) for p in classify(text).values()] for text in {asked!r}]))"
    if ending == "tflite":  # the second block replaces the network of the first
        code = code.replace('network = onnxruntime.InferenceSession("tickets.onnx")\n', "")
    settings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=settings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return np.array(json.loads(done.stdout.splitlines()[-1]))


def test_n_grams_and_other_endings_are_refused(tmp_path):
    classifier = TextClassifier().fit(TEXTS, LABELS)
    with pytest.raises(ModelError, match="export needs a network of token ids"):
        classifier.export(tmp_path / "x.onnx")
    with pytest.raises(ModelError, match="is not trained yet"):
        TextClassifier(kind="bag").export(tmp_path / "x.onnx")
    with pytest.raises(ModelError, match="must end in .onnx or .tflite"):
        TextClassifier(kind="bag", epochs=1).fit(TEXTS, LABELS).export(tmp_path / "x.pb")
    assert not list(tmp_path.iterdir())
