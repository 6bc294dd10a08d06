"""Lessons and both classifiers on JAX and PyTorch, each in a process of its own: Keras has one backend."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from datasets import digits
from models import PhotoClassifier, TextClassifier
from tutorials.__main__ import LESSONS

ROOT = Path(__file__).parents[2]
# Lessons each of which uses something that the others do not: float64 and compiled steps, repeated steps,
# gradients by images and by layers, text networks, a pretrained network. On PyTorch, which compiles nothing,
# repeated steps take minutes
DIFFERENT = {
    "jax": ("gradient_descent", "forgetting", "look_inside", "sentiment", "few_examples"),
    "torch": ("gradient_descent", "look_inside", "few_examples"),
}
LONG = pytest.mark.slow, pytest.mark.long

pytestmark = pytest.mark.extra


def optional(backend, *marks):
    missing = importlib.util.find_spec(backend) is None
    skipped = pytest.mark.skipif(missing, reason=f"the optional backend {backend} is missing")
    return pytest.param(backend, marks=[skipped, *marks], id=backend)


BACKENDS = [optional("jax"), optional("torch", pytest.mark.torch)]


def run_on(backend, *arguments):
    """Run Python with another backend of Keras, and return the finished process."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("backend", "lesson"),
    [
        pytest.param(
            *each.values, lesson, marks=[*each.marks, *(() if lesson in DIFFERENT[each.id] else LONG)]
        )
        for each in BACKENDS
        for lesson in LESSONS
    ],
)
def test_lesson_runs_on_another_backend(backend, lesson, tmp_path):
    run = run_on(backend, f"tutorials/{lesson}.py", "--quick", "--outputs", str(tmp_path))
    assert run.returncode == 0, run.stderr[-2000:]
    assert "Traceback" not in run.stderr
    assert "GPU will not be used" not in run.stderr  # TensorFlow's notice, which is not about this backend
    assert json.loads((tmp_path / lesson / "metrics.json").read_text())["results"]


TEXTS = ["so good", "a good film", "so bad", "a bad film", "good, so very good", "bad, so very bad"] * 6
LABELS = ["positive", "positive", "negative", "negative", "positive", "negative"] * 6
ON_ANOTHER = """
import json, sys
from datasets import digits
from models import PhotoClassifier, TextClassifier
texts, labels, file, kind = json.loads(sys.argv[1])
loaded = TextClassifier.load(file)
own = TextClassifier(kind=kind, epochs=3).fit(texts, labels)
own.save(file + ".own.keras")
again = TextClassifier.load(file + ".own.keras")
print(json.dumps([
    loaded.predict(texts[:6]).probabilities.tolist(),
    loaded.word_effects("so very good").effects.tolist(),
    own.predict(texts[:6]).labels,
    float(abs(own.predict(texts[:6]).probabilities - again.predict(texts[:6]).probabilities).max()),
]))
"""


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", ["ngrams", "bag"])
def test_a_text_classifier_gives_there_what_it_gives_on_tensorflow(kind, backend, tmp_path):
    classifier, file = TextClassifier(kind=kind, epochs=3).fit(TEXTS, LABELS), tmp_path / "texts.keras"
    classifier.save(file)
    run = run_on(backend, "-c", ON_ANOTHER, json.dumps([TEXTS, LABELS, str(file), kind]))
    assert run.returncode == 0, run.stderr[-2000:]
    probabilities, effects, labels, changed = json.loads(run.stdout.splitlines()[-1])
    assert np.allclose(probabilities, classifier.predict(TEXTS[:6]).probabilities, atol=1e-5)
    assert np.allclose(effects, classifier.word_effects("so very good").effects, atol=1e-5)
    assert changed < 1e-6 and (kind == "bag" or labels == LABELS[:6])


PHOTOS_THERE = """
import json, sys
import numpy as np
from models import PhotoClassifier
photos, file = sys.argv[1:]
loaded = PhotoClassifier.load(file)
settings = {"image_size": 28, "flip": False, "views": 1, "epochs": 2, "batch_size": 20, "mixing": "mixup"}
own = PhotoClassifier("convnet", weights=None, **settings).fit(photos)
own.save(file + ".own.keras")
again = PhotoClassifier.load(file + ".own.keras")
found = [each.predict(photos).probabilities for each in (loaded, own, again)]
print(json.dumps([found[0].tolist(), float(abs(found[1] - found[2]).max())]))
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_photo_classifier_gives_there_what_it_gives_on_tensorflow(backend, tmp_path):
    digits.save_photos(str(tmp_path / "photos"), examples=6)
    settings = {"image_size": 28, "flip": False, "views": 1, "epochs": 1, "batch_size": 20}
    classifier = PhotoClassifier("convnet", weights=None, **settings).fit(tmp_path / "photos")
    classifier.save(tmp_path / "photos.keras")
    run = run_on(backend, "-c", PHOTOS_THERE, str(tmp_path / "photos"), str(tmp_path / "photos.keras"))
    assert run.returncode == 0, run.stderr[-2000:]
    probabilities, changed = json.loads(run.stdout.splitlines()[-1])
    assert np.allclose(probabilities, classifier.predict(tmp_path / "photos").probabilities, atol=1e-5)
    assert changed < 1e-5
