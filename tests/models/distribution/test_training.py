"""All devices of all processes together come to the numbers of one; what Keras's own class does is beside it.

Each run is a process, or several, since Keras has one backend and JAX can be joined once.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from datasets import digits
from models.distribution import launch

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[3]

pytestmark = [
    pytest.mark.extra,
    pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="the optional backend JAX is missing"),
]


@pytest.fixture(scope="module", autouse=True)
def found_from_everywhere():
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(ROOT)
    yield
    os.environ.pop("PYTHONPATH")
    os.environ |= {"PYTHONPATH": before} if before else {}


def saved(folder, way, processes=1):
    """What `same_numbers.py` saved: {name: array}."""
    file = folder / f"{way}.npz"
    command = [sys.executable, str(HERE / "same_numbers.py"), str(file), way]
    if processes > 1:
        assert launch(command, processes) == 0
    else:
        subprocess.run(command, check=True, capture_output=True)
    with np.load(file) as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("alone"), "alone")


@pytest.mark.parametrize(("way", "processes", "devices"), [("devices", 1, 3), ("joined", 2, 2)])
def test_weights_metrics_and_predictions_are_those_of_one_device(way, processes, devices, alone, tmp_path):
    found = saved(tmp_path, way, processes)
    assert found.pop("processes") == processes and found.pop("devices") == devices
    assert found.keys() == alone.keys() - {"processes", "devices"} and len(found) > 12
    for name, values in found.items():
        assert np.allclose(values, alone[name], rtol=0, atol=1e-12), name
    assert found["loss"][-1] < found["loss"][0]


def test_each_device_computes_its_own_rows():
    done = subprocess.run(
        [sys.executable, HERE / "divided_rows.py"], check=True, capture_output=True, text=True
    )
    sides = json.loads(done.stdout.splitlines()[-1].rpartition(" ")[0])
    assert sides["23"] > 10 and sides.get("46", 0) < sides["23"] / 10  # what comes in is whole, nothing else


def test_traps_of_keras_alone_are_there(tmp_path):
    """Where this fails, Keras has mended it, and the page on distribution says too much."""
    found = saved(tmp_path, "keras", processes=2)
    assert found["rows"].tolist()[-1] == 8  # of 4 rows: each process hands over the same ones
    assert "non-addressable" in str(found["said"])


def test_a_photo_classifier_of_two_processes_has_the_weights_of_one(tmp_path):
    digits.save_photos(str(tmp_path / "photos"), examples=8)
    found = {}
    for way in "alone", "joined":
        (results := tmp_path / way).mkdir()
        command = [
            sys.executable,
            str(HERE / "photo_classifier.py"),
            str(tmp_path / "photos"),
            str(results),
            way,
        ]
        if way == "joined":
            assert launch(command, 2) == 0
        else:
            subprocess.run(command, check=True, capture_output=True)
        names = {path.name for path in results.iterdir()}
        found |= {f"{way} {path.stem}": dict(np.load(path)) for path in results.glob("*.npz")}
    assert names == {
        "all.keras",
        "first.keras",
        "first.npz",
        "second.npz",
    }  # one writes, and no checkpoint is left
    one = found.pop("alone first")
    assert len(found) == 2 and len(one["history"]) == 9
    for several in found.values():
        assert several.pop("processes") == 2 and several["accuracy"] == one["accuracy"]
        for name, values in several.items():
            assert np.allclose(values, one[name], rtol=0, atol=1e-5), name
