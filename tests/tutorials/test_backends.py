"""Every lesson and the text classifier run on JAX, each in a process of its own, as Keras has one backend."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models import TextClassifier
from tutorials.__main__ import LESSONS

ROOT = Path(__file__).parents[2]
# Lessons each of which uses something that the others do not: float64 and compiled steps, repeated steps,
# gradients by images and by layers, text networks, a pretrained network
DIFFERENT = "gradient_descent", "forgetting", "look_inside", "sentiment", "few_examples"
LONG = pytest.mark.slow, pytest.mark.long

pytestmark = [
    pytest.mark.extra,
    pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="the optional backend JAX is missing"),
]


def on_jax(*arguments):
    """Run Python with JAX as Keras's backend, and return the finished process."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "lesson",
    [name if name in DIFFERENT else pytest.param(name, marks=LONG) for name in LESSONS],
)
def test_lesson_runs_on_jax(lesson, tmp_path):
    run = on_jax(f"tutorials/{lesson}.py", "--quick", "--outputs", str(tmp_path))
    assert run.returncode == 0, run.stderr[-2000:]
    assert "Traceback" not in run.stderr
    assert json.loads((tmp_path / lesson / "metrics.json").read_text())["results"]


TEXTS = ["so good", "a good film", "so bad", "a bad film", "good, so very good", "bad, so very bad"] * 6
LABELS = ["positive", "positive", "negative", "negative", "positive", "negative"] * 6
ON_JAX = """
import json, sys
from models import TextClassifier
texts, labels, file, kind = json.loads(sys.argv[1])
loaded = TextClassifier.load(file)
own = TextClassifier(kind=kind, epochs=3).fit(texts, labels)
own.save(file + ".jax.keras")
again = TextClassifier.load(file + ".jax.keras")
print(json.dumps([
    loaded.predict(texts[:6]).probabilities.tolist(),
    loaded.word_effects("so very good").effects.tolist(),
    own.predict(texts[:6]).labels,
    float(abs(own.predict(texts[:6]).probabilities - again.predict(texts[:6]).probabilities).max()),
]))
"""


@pytest.mark.parametrize("kind", ["ngrams", "bag"])
def test_a_text_classifier_gives_on_jax_what_it_gives_on_tensorflow(kind, tmp_path):
    classifier, file = TextClassifier(kind=kind, epochs=3).fit(TEXTS, LABELS), tmp_path / "texts.keras"
    classifier.save(file)
    run = on_jax("-c", ON_JAX, json.dumps([TEXTS, LABELS, str(file), kind]))
    assert run.returncode == 0, run.stderr[-2000:]
    probabilities, effects, labels, changed = json.loads(run.stdout.splitlines()[-1])
    assert np.allclose(probabilities, classifier.predict(TEXTS[:6]).probabilities, atol=1e-5)
    assert np.allclose(effects, classifier.word_effects("so very good").effects, atol=1e-5)
    assert changed < 1e-6 and (kind == "bag" or labels == LABELS[:6])
