"""Processes are started, watched and ended together, with one sentence. Real processes are really killed."""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models import ModelError
from models.distribution import join, launch
from models.distribution.launching import check_launch

ROOT = Path(__file__).parents[3]
needs_jax = pytest.mark.skipif(
    not importlib.util.find_spec("jax"), reason="the optional backend JAX is missing"
)
WAITING = "import os, sys, time; r = int(os.environ['KERAS_DISTRIBUTION_PROCESS_ID'])\n"


def in_processes(code, capfd, processes=2):
    """(exit code, seconds, what was written to standard error) of a program in several processes."""
    began = time.monotonic()
    code = launch([sys.executable, "-c", WAITING + code], processes)
    return code, time.monotonic() - began, capfd.readouterr().err.strip()


@pytest.mark.extra
@needs_jax
def test_all_end_with_the_first_that_is_killed(capfd):
    code, seconds, said = in_processes("if r == 1: os.kill(os.getpid(), 9)\ntime.sleep(60)", capfd, 3)
    assert code == 1 and seconds < 15
    assert said.startswith("Error: Process 2 of 3 was killed by SIGKILL") and "\n" not in said
    assert "the results of earlier, complete runs are as they were." in said


@pytest.mark.extra
@needs_jax
def test_the_sentence_of_a_process_that_ends_by_itself_is_shown_once(capfd):
    wrong = "print('Error: There is no such folder.', file=sys.stderr); sys.exit({})"
    code, _, said = in_processes(wrong.format(3), capfd)
    assert (code, said) == (3, "Error: There is no such folder.")
    code, seconds, said = in_processes(f"if r == 0: time.sleep(60)\n{wrong.format('1')}", capfd)
    assert (code, said) == (1, "Error: There is no such folder. (Process 2 of 2.)") and seconds < 20


@pytest.mark.extra
@needs_jax
def test_a_process_ends_when_the_one_that_started_it_is_no_more(tmp_path):
    child = "import os, time; from models.distribution.launching import watch_parent; watch_parent()\n"
    child += f"open({str(tmp_path)!r} + f'/{{os.getpid()}}', 'w').close(); time.sleep(60)"
    starts = (
        f"import sys; from models.distribution import launch; launch([sys.executable, '-c', {child!r}], 2)"
    )
    parent = subprocess.Popen([sys.executable, "-c", starts], cwd=ROOT)
    until = time.monotonic() + 30
    while len(children := list(tmp_path.iterdir())) < 2 and time.monotonic() < until:
        time.sleep(0.1)
    parent.kill()
    parent.wait()
    until = time.monotonic() + 10
    while any(Path("/proc", each.name).exists() for each in children) and time.monotonic() < until:
        time.sleep(0.1)
    assert len(children) == 2
    assert not [each.name for each in children if _runs(each.name)]


def _runs(process):
    try:
        return "Z" not in Path("/proc", process, "stat").read_text().rpartition(")")[2][:3]
    except OSError:
        return False


@pytest.mark.parametrize("processes", [0, 257, True, "2"])
def test_numbers_of_processes_that_cannot_be_are_refused(processes):
    with pytest.raises(ModelError, match=r"processes= must be from 1 to 256, not "):
        check_launch(processes)


def test_without_jax_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setattr("models.distribution.launching.NEEDED_IS_HERE", False)
    with pytest.raises(ModelError, match=r"install it with pip install jax\.$"):
        launch([sys.executable, "-c", ""], 2)


def test_another_backend_is_refused(monkeypatch):
    monkeypatch.setattr("models.distribution.launching.NEEDED_IS_HERE", True)
    monkeypatch.setitem(os.environ, "KERAS_BACKEND", "torch")
    with pytest.raises(ModelError, match=r"KERAS_BACKEND is 'torch', set KERAS_BACKEND=jax"):
        launch([sys.executable, "-c", ""], 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((None, 0, None), "processes= must be 1 or more"),
        (("127.0.0.1:1", 2, 2), "rank= is 2, and must be from 0 to 1"),
        (("127.0.0.1:12:34", 2, 0), "coordinator= is '127.0.0.1:12:34'; name the first process's host"),
        (("two words:1234", 2, 0), "coordinator= is 'two words:1234'; name the first process's host"),
        ((None, "many", None), "KERAS_DISTRIBUTION_NUM_PROCESSES must be a whole number, not 'many'"),
    ],
)
def test_join_refuses_what_cannot_be(arguments, said):
    with pytest.raises(ModelError, match=said):
        join(*arguments)


JOINING = """
import sys
from models.distribution import joining
joining.PATIENCE, joining.NOTICE = int(sys.argv[1]), 0.2
try:
    joining.join(sys.argv[2], 2, int(sys.argv[3]))
except ValueError as error:
    print(error)
"""


def joining_alone(patience, address, rank):
    return subprocess.Popen(
        [sys.executable, "-c", JOINING, str(patience), address, str(rank)],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": "jax"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@needs_jax
@pytest.mark.extra
@pytest.mark.parametrize(("rank", "missing"), [(0, "all of the other processes"), (1, "the first process")])
def test_a_process_that_waits_in_vain_says_so_and_ends(rank, missing):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{listening.getsockname()[1]}"
    run = joining_alone(2, address, rank)
    told, noted = run.communicate(timeout=60)
    assert run.returncode == 0
    assert f"Waiting for {missing}" in noted and "Traceback" not in noted
    assert told.startswith(f"This process has waited 2 s for {missing}")
    run = joining_alone(300, address, rank)
    assert any(line.startswith("Waiting for") for line in run.stderr)
    run.send_signal(signal.SIGINT)
    assert run.wait(timeout=20) == -signal.SIGINT
    run.communicate()


@needs_jax
@pytest.mark.extra
def test_a_port_that_is_taken_is_named():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        told, _ = joining_alone(5, f"127.0.0.1:{port}", 0).communicate(timeout=60)
    assert f"port {port} cannot be listened on here (address already in use); name a free one" in told


@needs_jax
@pytest.mark.extra
@pytest.mark.parametrize(
    ("before", "todo", "other"),
    [
        ("jax.numpy.ones(2) + 1", "call join before anything is computed.", "name coordinator="),
        (
            "pass",
            "name coordinator=, processes= and rank= where the cluster does not tell them.",
            "call join",
        ),
    ],
)
def test_only_what_would_help_is_said(before, todo, other):
    code = (
        f"import jax\nfrom models.distribution import join\n{before}\n"
        "try:\n    join()\nexcept ValueError as error:\n    print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip().endswith(todo) and other not in done.stdout
