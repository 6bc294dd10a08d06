"""`python -m models`: a list that is quick, and true."""

import subprocess
import sys

import models
from models import zoo as _weights


def test_list_names_every_builder_with_its_true_parameters():
    zoo = _weights.zoo()
    others = {
        "Backbone",
        "ModelError",
        "MultiLabelClassifier",
        "PhotoClassifier",
        "StringClassifier",
        "TextClassifier",
        "TransferClassifier",
    }
    others |= {"load_model", "load_word_vectors"}
    assert {*zoo} == {*models.__all__} - others
    for builder, entry in zoo.items():
        model = getattr(models, builder)()
        assert entry["parameters"] == model.count_params()
        assert entry["name"] == model.name


def test_the_command_shows_it_without_loading_keras(root):
    code = (
        "import runpy, sys; runpy.run_module('models', run_name='__main__'); sys.exit('keras' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    for builder, entry in _weights.zoo().items():
        line = next(line for line in done.stdout.splitlines() if f"{builder}()" in line)
        assert f"{entry['parameters']:,}" in line
        for weights in entry["weights"]:
            assert f"{weights['test_accuracy']:.2%}" in line
            assert "MB" in line
            assert weights["data"] in line
