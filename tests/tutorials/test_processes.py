"""Lessons and the photo classifier in two processes: the weights of one, a sentence where one is killed."""

import importlib.util
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from datasets import digits

ROOT = Path(__file__).parents[2]
PHOTOS = ("--weights", "none", "--epochs", "3", "--views", "1", "--batch-size", "24")

pytestmark = [
    pytest.mark.extra,
    pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="the optional backend JAX is missing"),
]


def started(lesson, folder, *flags, processes=1):
    """A lesson as a command, on JAX."""
    several = ["--processes", str(processes)] if processes > 1 else []
    command = [sys.executable, "-m", f"tutorials.{lesson}", "--outputs", str(folder), *flags, *several]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": "jax", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(lesson, folder, *flags, processes=1):
    run = started(lesson, folder, *flags, processes=processes)
    printed, errors = run.communicate()
    assert run.returncode == 0, errors[-2000:]
    return printed


def weights(file):
    """{name: array} of a `.keras` file's weights, without the optimizer's."""
    found = {}

    def note(name, item):
        if isinstance(item, h5py.Dataset) and not name.startswith("optimizer"):
            found[name] = item[()]

    content = io.BytesIO(zipfile.ZipFile(file).read("model.weights.h5"))
    with h5py.File(content) as inside:
        inside.visititems(note)
    return found


def assert_same(one, other):
    a, b = weights(one), weights(other)
    assert a.keys() == b.keys() and len(a) >= 4
    for name, values in a.items():
        if values.dtype.kind == "f":
            assert np.abs(values - b[name]).max() <= 1e-5, name


@pytest.mark.parametrize(
    ("lesson", "flags"),
    [
        ("digits", ["--quick"]),
        pytest.param("sentiment", ["--quick", "--model", "bag"], marks=(pytest.mark.slow, pytest.mark.long)),
    ],
)
def test_two_processes_give_the_weights_of_one(lesson, flags, tmp_path):
    flags = [*flags, "--data", "embedded"]
    finished(lesson, tmp_path / "one", *flags)
    printed = finished(lesson, tmp_path / "two", *flags, processes=2)
    assert printed.count("Results\n") == 1 and "Gloo" not in printed
    assert_same(*(tmp_path / each / lesson / "model.keras" for each in ("one", "two")))
    results = [json.loads((tmp_path / each / lesson / "metrics.json").read_text()) for each in ("one", "two")]
    assert results[0]["settings"] | {"outputs": ""} == results[1]["settings"] | {"outputs": ""}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    digits.save_photos(str(folder), examples=8)
    return folder


def kill_one(run):
    """Kill the second of a run's processes."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = process.joinpath("stat").read_text().rpartition(")")[2].split()[1]
            second = b"KERAS_DISTRIBUTION_PROCESS_ID=1\0" in process.joinpath("environ").read_bytes()
        except OSError:
            continue
        if parent == str(run.pid) and second:
            os.kill(int(process.name), signal.SIGKILL)


def test_a_killed_run_ends_with_a_sentence_and_goes_on_to_the_numbers_of_one(photos, tmp_path):
    flags = ["--data", str(photos), "--backbone", "convnet", "--image-size", "28", "--no-flip", *PHOTOS]
    finished("fine_tune", tmp_path / "one", *flags)

    run = started("fine_tune", tmp_path / "two", *flags, processes=2)
    for line in run.stdout:
        if line.startswith("Epoch 2/") or "Fold 2" in line:
            break
    kill_one(run)
    began = time.monotonic()
    _, errors = run.communicate()
    assert run.returncode == 1 and time.monotonic() - began < 30
    assert errors.startswith("Error: Process 2 of 2 was killed by SIGKILL")
    assert errors.strip().endswith("the same command with --resume goes on with it.")
    assert errors.strip().count("\n") == 0
    assert not (tmp_path / "two" / "fine_tune").exists()

    shutil.copytree(tmp_path / "two", tmp_path / "resumed")
    printed = finished("fine_tune", tmp_path / "resumed", *flags, "--resume", processes=2)
    assert "starting anew" not in printed
    assert_same(*(tmp_path / each / "fine_tune" / "model.keras" for each in ("one", "resumed")))
    report = json.loads((tmp_path / "one" / "fine_tune" / "metrics.json").read_text())["results"]
    again = json.loads((tmp_path / "resumed" / "fine_tune" / "metrics.json").read_text())["results"]
    for name in "test_accuracy", "share_of_fine_tuned", "cross_validation_accuracy":
        assert report[name] == pytest.approx(again[name], abs=1e-5)
    assert report["share_of_fine_tuned"] > 0  # else its weights are not in the classifier


def test_processes_that_a_cluster_has_started_notice_that_one_is_gone(tmp_path):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{listening.getsockname()[1]}"
    flags = ["--data", "embedded", "--model", "linear", "--epochs", "9999", "--coordinator", address]
    first, second = (started("digits", tmp_path, *flags, "--rank", str(rank), processes=2) for rank in (0, 1))
    assert any(line.startswith("Epoch 2/") for line in first.stdout)
    second.kill()
    began = time.monotonic()
    _, errors = first.communicate()
    second.communicate()
    assert first.returncode == 1 and time.monotonic() - began < 30
    assert "Error: Another process of this run has ended or cannot be reached: this run is not kept" in errors
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("flags", "backend", "said"),
    [
        (["--processes", "0"], "jax", "Error: --processes must be from 1 to 256, not 0."),
        (["--processes", "2"], "torch", "KERAS_BACKEND is 'torch', set KERAS_BACKEND=jax or leave it out."),
        (["--processes", "cluster"], "jax", "; name --coordinator, --processes and --rank where the cluster"),
        (["--processes", "2", "--rank", "2", "--coordinator", "127.0.0.1:1"], "jax", "Error: --rank is 2, "),
    ],
)
def test_processes_that_cannot_be_are_refused_in_a_sentence(flags, backend, said, tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "tutorials.digits", "--outputs", tmp_path, *flags],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1 and said in run.stderr and run.stderr.strip().count("\n") == 0
    assert not list(tmp_path.iterdir())
