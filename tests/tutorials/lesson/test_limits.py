"""What settings may be: every number of every lesson and builder has bounds, and memory is one of them."""

import importlib
import inspect
import math
import os
import subprocess
import sys
from pathlib import Path

from tutorials.lesson.command import LessonError

import keras
import numpy as np
import pytest

import models
from benchmarks import train_zoo
from models import ModelError, TwoBlockConvNet
from models.checks import memory
from models.checks.memory import free_memory, training_bytes
from models.fine_tuning.transfer import TransferClassifier
from models.pretrained.backbones import Backbone
from models.training.time_budget import as_seconds
from tutorials.__main__ import LESSONS
from tutorials.lesson import limits

EXTREMES = (math.nan, math.inf, -math.inf, 1e300, -1e300, -1, 10**12, -(10**12), 10**30)
MAINS = [importlib.import_module(f"tutorials.{name}").main for name in LESSONS] + [train_zoo.main]
GB = 10**9


class Accepted(Exception):
    """A lesson's checks of its settings have passed."""


def numbers(function):
    """{name: default} of a function's arguments that take a number."""
    for name, parameter in inspect.signature(function).parameters.items():
        kinds = str(parameter.annotation)
        if parameter.annotation in (int, float) or "int |" in kinds or "float |" in kinds:
            yield name, parameter.default


@pytest.fixture
def accepted(monkeypatch):
    """Whether a lesson takes a setting: it is stopped where it would begin to write or to read."""

    def stop(*args, **kwargs):
        raise Accepted

    def ask(main, **settings):
        module = importlib.import_module(main.__module__)
        what = "Report" if hasattr(module, "Report") else "set_random_seed"
        monkeypatch.setattr(module if what == "Report" else keras.utils, what, stop)
        with pytest.raises((Accepted, LessonError)) as caught:
            main(**settings)
        if caught.type is Accepted:
            return None
        return str(caught.value)

    return ask


@pytest.mark.parametrize("main", MAINS, ids=lambda main: main.__module__.partition(".")[2])
def test_every_number_of_every_lesson_has_a_lower_and_an_upper_bound(main, accepted):
    found = dict(numbers(main))
    assert "seed" in found
    for name in found:
        assert accepted(main, **{name: found[name]}) is None
        for extreme in EXTREMES:
            if (name, extreme) in (("decibels", -1), ("black", -1)):  # usual values
                continue
            said = accepted(main, **{name: extreme})
            assert said and said.startswith(f"{name}= ") and said.endswith("."), (name, extreme, said)
            assert len(said) < 160 and "\n" not in said
        bounds = limits.BOUNDS[name]
        assert accepted(main, **{name: bounds.most + 1}), name
        assert accepted(main, **{name: bounds.least - 1}), name


@pytest.mark.parametrize("text", ["nan", "1e400", "-3m", "0", "inf", "9" * 400, "9999999h", "", "5 5", "²m"])
def test_a_budget_is_a_time_of_at_most_a_year(text):
    with pytest.raises(ModelError, match="budget= takes a time such as"):
        as_seconds(text)


def test_what_needs_more_memory_than_is_free_is_refused_with_both_numbers(monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 20 * GB)
    limits.check_memory("batch_size", 60_000, 19 * GB)
    with pytest.raises(LessonError) as caught:
        limits.check_memory("batch_size", 10_000_000, 310 * GB)
    assert str(caught.value) == (
        "batch_size= of 10000000 needs about 310 GB of memory, and 20 GB are free; give at most 640000."
    )
    with pytest.raises(LessonError, match="give at most 250"):  # a quarter of the pixels, half the side
        limits.check_memory("image_size", 500, 80 * GB, power=2)
    with pytest.raises(LessonError, match=r"more than a million TB .* give at most 0\.2\."):
        limits.check_memory("seconds", 1e9, 1e20, power=1)


def test_a_batch_is_at_most_the_data_and_fits_in_memory(monkeypatch):
    network = TwoBlockConvNet()
    assert limits.fitting_batch(10**9, 1437, network) == 1437
    assert limits.fitting_batch(64, 1437, network, TwoBlockConvNet) == 64
    monkeypatch.setattr(memory, "free_memory", lambda: 10**8)
    with pytest.raises(LessonError, match=r"batch_size= of 60000 needs about 14 GB .* give at most 440\."):
        limits.fitting_batch(10**9, 60_000, network)
    assert limits.fitting_batch(440, 60_000, network) == 440


def test_estimating_memory_changes_no_random_number():
    keras.utils.set_random_seed(7)
    expected = TwoBlockConvNet().get_weights()
    keras.utils.set_random_seed(7)
    limits.fitting_batch(64, 100, TwoBlockConvNet)
    for one, other in zip(TwoBlockConvNet().get_weights(), expected, strict=True):
        np.testing.assert_array_equal(one, other)


MEASURE = """
import sys
from pathlib import Path

import numpy as np

from models import SentimentLSTM, TwoBlockConvNet
from models.checks.memory import training_bytes


def status(name):
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return 1024 * int(line.split()[1])


for build, examples, length in (SentimentLSTM, 80, 200), (TwoBlockConvNet, 1500, None):
    model = build()
    shape = [length or side for side in model.input_shape[1:]]
    x, y = np.ones((examples, *shape), "int32"), np.zeros(examples)
    loss = "binary_crossentropy" if length else "sparse_categorical_crossentropy"
    model.compile(optimizer="sgd", loss=loss)
    model.fit(x[:2], y[:2], verbose=0)  # what a first batch loads does not count
    Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    model.fit(x, y, batch_size=examples, verbose=0)
    print(model.name, status("VmHWM") - before, training_bytes(model, examples, length))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak")
def test_the_estimate_is_near_the_memory_that_training_takes(root):
    """In a process of its own: one that has trained before holds memory that it takes again unnoticed."""
    command = [sys.executable, "-c", MEASURE]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    for line in lines:
        name, taken, estimated = line.split()
        assert int(taken) > 10**7, name
        assert int(estimated) / 2.5 < int(taken) < int(estimated) * 1.3, line


def test_layers_inside_of_models_are_counted(monkeypatch):
    alone = Backbone("mobilenet_025", "none", 64)
    inside = TransferClassifier(alone, 3)
    assert training_bytes(inside, 8) > training_bytes(alone, 8) > 8 * 4 * 32 * 32 * 8
    larger = Backbone("mobilenet_025", "none", 128)
    assert training_bytes(larger, 8) / training_bytes(alone, 8) == pytest.approx(4, rel=0.1)


def a_system(root, meminfo=None, cgroup=None, **files):
    """A folder with what Linux tells of its memory."""
    for name, content in {"proc/meminfo": meminfo, "proc/self/cgroup": cgroup, **files}.items():
        if content is not None:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content)
    return root


def test_free_memory_is_the_least_that_the_machine_and_its_groups_leave(tmp_path):
    machine = "MemTotal: 64000000 kB\nMemFree: 100 kB\nMemAvailable: 32000000 kB\n"
    assert free_memory(a_system(tmp_path / "bare", machine)) == 32_000_000 * 1024

    inner = "sys/fs/cgroup/user/job/memory."
    outer = "sys/fs/cgroup/user/memory."
    files = {f"{inner}max": "max\n", f"{inner}current": "5\n", f"{outer}max": f"{8 * GB}\n",
             f"{outer}current": f"{5 * GB}\n", f"{outer}stat": f"anon 7\ninactive_file {GB}\n"}  # fmt: skip
    assert free_memory(a_system(tmp_path / "v2", machine, "0::/user/job\n", **files)) == 4 * GB

    inner = "sys/fs/cgroup/memory/box/memory."
    files = {f"{inner}limit_in_bytes": f"{3 * GB}", f"{inner}usage_in_bytes": f"{GB}",
             "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
             "sys/fs/cgroup/memory/memory.usage_in_bytes": "1"}  # fmt: skip
    groups = "5:cpu,cpuacct:/other\n4:memory:/box\n"
    assert free_memory(a_system(tmp_path / "v1", machine, groups, **files)) == 2 * GB
    assert free_memory(a_system(tmp_path / "v1_odd", machine, "4:memory:/gone\n")) == 32_000_000 * 1024
    assert free_memory(a_system(tmp_path / "silent", "nonsense\n")) > 2**28  # what the machine has


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limit")
def test_free_memory_keeps_to_a_limit_of_the_process():
    import resource

    old = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (pages + 2**28, old[1]))
    try:
        assert 0 < free_memory() <= 2**28
    finally:
        resource.setrlimit(resource.RLIMIT_AS, old)


def builds_by_default(name):
    """Whether a public name of `models` is a builder of which every argument has a default."""
    builder = getattr(models, name)
    if inspect.isclass(builder):
        return False
    return inspect.Parameter.empty not in [
        one.default for one in inspect.signature(builder).parameters.values()
    ]


BUILDERS = [name for name in models.__all__ if builds_by_default(name)]
TOO_MUCH = (math.nan, math.inf, -1, 10**7, 10**12, 10**30)


def sized(builder):
    """(argument, default) of a builder's sizes and shares, single or in a tuple."""
    for name, parameter in inspect.signature(builder).parameters.items():
        default = parameter.default
        first = default[0] if isinstance(default, tuple) and default else default
        if isinstance(first, (int, float)) and not isinstance(first, bool):
            yield name, default


@pytest.mark.parametrize("name", BUILDERS)
def test_no_builder_takes_a_size_that_does_not_fit(name, monkeypatch):
    """A model is built, and small, or it is refused in a sentence: no other error, and no hour of waiting."""
    monkeypatch.setattr("models.checks.free_memory.free_memory", lambda: 2**25)
    builder = getattr(models, name)
    for argument, default in sized(builder):
        for extreme in TOO_MUCH:
            value = (extreme, *default[1:]) if isinstance(default, tuple) else extreme
            try:
                model = builder(**{argument: value})
            except ModelError as error:
                assert "\n" not in str(error), (argument, extreme)
            else:
                assert model.count_params() < 2**25, (argument, extreme)


@pytest.mark.parametrize(
    ("lesson", "setting", "said"),
    [
        ("digits", {"model": "mpl"}, 'model= must be "convnet", .* or "linear", not .mpl.'),
        ("digits", {"epochs": "1"}, "epochs= must be a whole number or None, not .1."),
        ("digits", {"epochs": 1.5}, "epochs= must be a whole number or None, not 1.5"),
        ("sentiment", {"quick": "no"}, "quick= must be True or False, not .no."),
        ("sentiment", {"word_dropout": "half"}, "word_dropout= must be a number or None, not .half."),
        ("fine_tune", {"seed": True}, "seed= must be a whole number, not True"),
    ],
)
def test_a_value_of_another_kind_is_one_sentence_in_a_notebook_too(lesson, setting, said, tmp_path):
    with pytest.raises(LessonError, match=said):
        importlib.import_module(f"tutorials.{lesson}").main(outputs=tmp_path / "new", **setting)
    assert not (tmp_path / "new").exists()


def test_numbers_of_numpy_are_numbers():
    limits.check_kinds(MAINS[0], {"seed": np.int64(3), "outputs": "folder", "quick": False})
