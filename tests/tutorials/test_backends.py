"""Every lesson, and both classifiers, run on JAX too: in processes of their own, since Keras has one backend."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tutorials.__main__ import LESSONS

ROOT = Path(__file__).parents[2]
# Lessons each of which uses something that the others do not: float64 and compiled steps, a training step of
# two networks, repeated steps, gradients by images and by layers, text networks, rows of embeddings
DIFFERENT = "gradient_descent", "gan", "forgetting", "look_inside", "sentiment", "word2vec", "few_examples"

pytestmark = [
    pytest.mark.extra,
    pytest.mark.skipif(
        not importlib.util.find_spec("jax"), reason="JAX, an optional backend, is not installed"
    ),
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
    [name if name in DIFFERENT else pytest.param(name, marks=pytest.mark.slow) for name in LESSONS],
)
def test_lesson_runs_on_jax(lesson, tmp_path):
    run = on_jax(f"tutorials/{lesson}.py", "--quick", "--outputs", str(tmp_path))
    assert run.returncode == 0, run.stderr[-2000:]
    assert "Traceback" not in run.stderr
    assert json.loads((tmp_path / lesson / "metrics.json").read_text())["results"]
