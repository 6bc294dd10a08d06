"""Real processes in bad surroundings: a result or one sentence, no traceback, and nothing left behind."""

import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.attack,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="these surroundings are made on Linux"),
]
NOBODY = 54321  # a user without an entry in the list of users
LESSON = "-m tutorials.dense_vs_conv --quick"


def shell(script, root, folder, timeout=300):
    """Run a shell script in a folder of its own; `$LEARN` is a quick lesson that writes to `out` there."""
    learn = f"{sys.executable} {LESSON} --outputs {folder}/out"
    names = {"PYTHONPATH": str(root), "LEARN": learn, "PYTHON": sys.executable}
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, env=os.environ | names, timeout=timeout,
        capture_output=True, text=True, errors="replace",
    )  # fmt: skip


def assert_result_or_sentence(done, folder, code=None):
    """All results are there and 0 came back, or one sentence was said and nothing is left."""
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    left = sorted(entry.name for entry in (folder / "out").iterdir()) if (folder / "out").exists() else []
    if done.returncode == 0:
        assert left == ["dense_vs_conv"]
        assert done.stderr == ""
    else:
        assert left == []
        assert done.stderr.strip().count("\n") == 0, done.stderr
        assert not done.stderr or done.stderr.startswith(("Error: ", "\nStopped "))
    if code is not None:
        assert done.returncode == code, done.stderr


WORKING = {
    "no home": "unset HOME; $LEARN",
    "a home that is not there": "HOME=/nonexistent $LEARN",
    "nothing in the environment": "env -i PYTHONPATH=$PYTHONPATH $LEARN",
    "no folder for temporary files": "TMPDIR=/nonexistent $LEARN",
    "closed input": "$LEARN <&-",
    "closed output": "$LEARN >&-",
    "closed errors": "$LEARN 2>&-",
    "all closed": "$LEARN <&- >&- 2>&-",
    "errors to a full device": "$LEARN 2> /dev/full",
    "matplotlib's folder cannot be": "MPLCONFIGDIR=/dev/null/x $LEARN",
    "matplotlib's window is nonsense": "MPLBACKEND=nonsense $LEARN",
    "Keras's home cannot be": "KERAS_HOME=/dev/null/x $LEARN",
    "keras.json is garbage": "echo '{garbage' > keras.json; KERAS_HOME=. $LEARN",
    "keras.json asks for another order": 'echo \'{"image_data_format": "channels_first"}\' > keras.json; '
    "KERAS_HOME=. $LEARN",
    "keras.json asks for other numbers": 'echo \'{"floatx": "float16"}\' > keras.json; KERAS_HOME=. $LEARN',
    "no columns": "COLUMNS=0 $LEARN",
    "one column": "COLUMNS=1 $LEARN",
    "nonsensical columns": "COLUMNS=many LINES=-3 $LEARN",
    "a dumb terminal": "TERM=dumb $LEARN",
    "no terminal": "unset TERM; $LEARN",
    "the folder is gone": "mkdir gone && cd gone && rmdir ../gone && $LEARN",
    "nonsensical threads": "OMP_NUM_THREADS=many $LEARN",
    "few open files": "ulimit -n 32; $LEARN",
}
REFUSING = {
    "full output": ("$LEARN > /dev/full", "Standard output cannot be written (no space left on device)"),
    "full output for help": ("$LEARN --help > /dev/full", "Standard output cannot be written"),
    "another backend": ("KERAS_BACKEND=nonsense $LEARN", "KERAS_BACKEND is 'nonsense'; unset it"),
    "keras.json is a list": ("echo '[1]' > keras.json; KERAS_HOME=. $LEARN", "./keras.json, or remove it"),
    "keras.json is wrong": (
        "echo '{\"floatx\": \"float99\"}' > keras.json; KERAS_HOME=. $LEARN", "./keras.json, or remove it"
    ),
    "small files": ("ulimit -f 20; $LEARN", "cannot be written (file too large)"),
    "hardly any memory": ("ulimit -v 1000000; $LEARN", "Keras cannot be loaded"),
    "a relative folder in one that is gone": (
        "mkdir gone && cd gone && rmdir ../gone && $PYTHON -m tutorials.dense_vs_conv --quick", "cannot be "
    ),
    "a batch beyond this process's memory": (
        "ulimit -v 6000000; $PYTHON -m tutorials.convolution --train-images 900000000 --outputs out",
        "--train-images of 900000000 needs about 22 TB of memory, and ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WORKING)
def test_it_works_in(what, root, tmp_path):
    assert_result_or_sentence(shell(WORKING[what], root, tmp_path), tmp_path, 0)


@pytest.mark.parametrize("what", REFUSING)
def test_it_says_one_sentence_in(what, root, tmp_path):
    script, said = REFUSING[what]
    done = shell(script, root, tmp_path)
    assert_result_or_sentence(done, tmp_path, 1)
    assert said in done.stderr


def test_a_reader_that_leaves_is_told_nothing(root, tmp_path):
    done = shell("$LEARN | head -n 1; exit ${PIPESTATUS[0]}", root, tmp_path)
    assert_result_or_sentence(done, tmp_path, 1)
    assert done.stderr == ""


@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv makes another user")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be another user")
@pytest.mark.parametrize("home", ["unset HOME", "export HOME=/root", "export HOME=/nonexistent"])
@pytest.mark.parametrize("may_write", [True, False])
def test_a_user_without_an_entry(root, tmp_path, home, may_write):
    for folder in [tmp_path, *tmp_path.parents][:3]:
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) | 0o055)
    tmp_path.chmod(0o777 if may_write else 0o555)
    # It may read everything, also a Python below a folder of root's, but write only what is its own
    become = (
        f"setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups "
        "--inh-caps=-all,+dac_read_search --ambient-caps=-all,+dac_read_search"
    )
    done = shell(f"{home}; {become} $LEARN", root, tmp_path)
    assert_result_or_sentence(done, tmp_path, 0 if may_write else 1)
    if not may_write:
        assert "cannot be written (permission denied)" in done.stderr


def start(root, folder, *arguments, terminal=subprocess.DEVNULL, **how):
    """A lesson that trains for long, and takes a few seconds to load; returns once its first line has run."""
    learn = ["-m", "tutorials.digits", "--data", "embedded", "--epochs", "5000", "--outputs", folder]
    child = subprocess.Popen(
        [sys.executable, *map(str, learn), *arguments],
        cwd=root, stdout=terminal, stderr=subprocess.PIPE, text=True, **how,
    )  # fmt: skip
    while child.poll() is None:
        lines = Path(f"/proc/{child.pid}/status").read_text().splitlines()
        caught = next(line for line in lines if line.startswith("SigCgt"))
        if int(caught.split()[1], 16) & 1 << (signal.SIGTERM - 1):
            return child
        time.sleep(0.002)
    return child


@pytest.mark.parametrize("number", range(30))
def test_a_signal_at_any_moment(number, root, tmp_path):
    """One sentence and its exit code, also when the user is impatient; nothing of the run is left."""
    drawn = random.Random(number)
    sent = drawn.choice([signal.SIGINT, signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    again = drawn.choice([None, 0.0, 0.005, 0.1])
    child = start(root, tmp_path)
    time.sleep(drawn.uniform(0, 6 if number % 2 else 12))
    child.send_signal(sent)
    if again is not None:
        time.sleep(again)
        child.send_signal(sent)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 128 + sent, said
    assert said.count("Stopped ") == 1
    assert said.strip().count("\n") == 0, said
    assert not list(tmp_path.iterdir())


def test_a_terminal_that_closes(root, tmp_path):
    import pty

    screen, terminal = pty.openpty()
    child = start(root, tmp_path, terminal=terminal, start_new_session=True)
    os.close(terminal)
    shown = b""
    while b"Epoch 2/" not in shown:
        shown += os.read(screen, 65536)
    os.close(screen)
    child.send_signal(signal.SIGHUP)
    _, said = child.communicate(timeout=60)
    assert child.returncode in (1, 128 + signal.SIGHUP)  # whichever it met first: the signal, or no terminal
    assert said.strip().count("\n") == 0, said
    assert not list(tmp_path.iterdir())


def test_nohup_goes_on(root, tmp_path):
    child = start(root, tmp_path, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    child.send_signal(signal.SIGHUP)
    time.sleep(1)
    assert child.poll() is None
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=60)
    assert child.returncode == 128 + signal.SIGTERM


def test_tensorflows_own_error_of_memory_is_one_sentence(root, tmp_path):
    """A lesson that asks for more than its process may take, once training begins."""
    program = f"""
import resource, sys
sys.argv = ["digits", "--data", "embedded", "--epochs", "1", "--outputs", {str(tmp_path)!r}]
import keras
from tutorials import _command, digits
def fit(*args, **kwargs):
    pages = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (pages + 10**8, pages + 10**8))
    return keras.ops.ones((20_000, 20_000))
keras.Model.fit = fit
_command.run(digits.main)
"""
    learn = [sys.executable, "-c", program]
    done = subprocess.run(learn, cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert done.stderr.endswith("Error: There is not enough memory for this run; lower --batch-size.\n")
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_full_pipe_that_nobody_reads_can_be_stopped(root, tmp_path):
    child = start(root, tmp_path, terminal=subprocess.PIPE)
    time.sleep(15)  # it trains, and its output waits
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=60) == 130
    child.stdout.close()
    assert child.stderr.read().count("Stopped by Ctrl-C") == 1
