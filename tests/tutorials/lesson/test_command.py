"""The command line as a user meets it: real processes, real pipes, a real terminal."""

import gc
import importlib
import inspect
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from tutorials.lesson.command import LessonError, run

import pytest
from hypothesis import given
from hypothesis.strategies import characters, sampled_from, text
from tyro.conf import Positional

from datasets import DataError
from models import ModelError
from tutorials.__main__ import LESSONS
from tutorials.digits import main as digits_main
from tutorials.lesson import command as command_module
from tutorials.lesson.flags import header, in_flags

SMALL = "--data", "embedded", "--model", "mlp"  # trained in a moment
LEARN = [sys.executable, "-m", "tutorials.digits", *SMALL]


def call(arguments, root, **how):
    how = {"cwd": root, "capture_output": True, "text": True, "encoding": "utf-8", "timeout": 120} | how
    return subprocess.run([str(argument) for argument in arguments], **how)


def assert_clean(text):
    """No control characters but line ends, and no line of a framework's log."""
    assert {c for c in text if ord(c) < 32 or ord(c) == 127} <= {"\n"}
    for noise in "oneDNN", "cuda", "WARNING", "cpu_feature", "Traceback", "I0000", "E0000", "absl":
        assert noise not in text


def test_a_piped_run_is_clean_and_works_from_any_folder(root, tmp_path):
    done = call([sys.executable, root / "tutorials" / "digits.py", *SMALL, "--epochs", 3], tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert_clean(done.stdout)
    assert done.stdout.count(" loss:") == 3  # one line an epoch
    assert "python -m tutorials.predict outputs/digits photo.png" in done.stdout
    assert (tmp_path / "outputs" / "digits" / "metrics.json").exists()

    # And the saved model reads a file, in a process of its own
    from PIL import Image

    from datasets import digits

    (images, labels), _ = digits.load_data("embedded")
    Image.fromarray(255 - images[0, ..., 0]).resize((300, 300)).save(tmp_path / "mine.png")
    done = call(
        [sys.executable, root / "tutorials" / "predict.py", "outputs/digits", "mine.png", "none.png"],
        tmp_path,
    )
    assert done.returncode == 1
    assert done.stdout.startswith(f"mine.png: {labels[0]} (")
    assert "none.png does not exist" in done.stderr
    assert "1 of 2 files" in done.stderr
    assert_clean(done.stdout + done.stderr)


KEPT = '{"lesson": "digits"}'


def earlier_results(outputs):
    """The metrics of an older run in their place, as an earlier version of the project left them."""
    (outputs / "digits").mkdir()
    (outputs / "digits" / ".files").write_text("metrics.json")
    (outputs / "digits" / "metrics.json").write_text(KEPT)
    return outputs / "digits" / "metrics.json"


def test_ctrl_c_says_so_and_keeps_the_last_results(root, tmp_path):
    kept = earlier_results(tmp_path)
    child = subprocess.Popen(
        [*LEARN, "--epochs", "5000", "--outputs", tmp_path],
        cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip
    for line in child.stdout:
        if line.startswith("Epoch 3/"):
            break
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "Stopped by Ctrl-C" in said
    assert "Traceback" not in said
    assert kept.read_text() == KEPT
    assert [entry.name for entry in tmp_path.iterdir()] == ["digits"]


def in_our_hands(process):
    """Wait until the first line of the project's own code has run: then it answers SIGTERM itself."""
    status, bit = Path(f"/proc/{process.pid}/status"), 1 << (signal.SIGTERM - 1)
    while process.poll() is None:
        caught = next(line for line in status.read_text().splitlines() if line.startswith("SigCgt"))
        if int(caught.split()[1], 16) & bit:
            return
        time.sleep(0.002)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells what is caught")
@pytest.mark.parametrize(
    ("module", "sent", "wait"),
    [
        ("tutorials.digits", signal.SIGINT, 0),
        ("tutorials.predict", signal.SIGINT, 0.4),
        ("tutorials.fine_tune", signal.SIGTERM, 0.2),
        ("file", signal.SIGHUP, 0.8),
        ("tutorials", signal.SIGINT, 0),
        ("models", signal.SIGINT, 0),
    ],
)
def test_a_signal_while_libraries_load_is_one_sentence(root, tmp_path, module, sent, wait):
    command = [root / "tutorials" / "x_or_o.py"] if module == "file" else ["-m", module]
    command += [] if module in ("tutorials", "models") else ["--outputs", tmp_path]
    child = subprocess.Popen(
        [sys.executable, *map(str, command)],
        cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip
    in_our_hands(child)
    time.sleep(wait)
    child.send_signal(sent)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 128 + sent
    assert said.strip().startswith("Stopped ")
    assert said.strip().endswith("the results of earlier, complete runs are as they were.")
    assert said.strip().count("\n") == 0
    assert not list(tmp_path.iterdir())


def test_signals_stay_as_they_are_for_programs_of_others(root):
    program = """
import signal, sys
before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), sys.stdout, sys.excepthook
import tutorials
after = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), sys.stdout, sys.excepthook
assert before == after
"""
    assert call([sys.executable, "-c", program], root).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows closes streams otherwise")
def test_a_lesson_works_in_the_oddest_surroundings(root, tmp_path):
    """No stream is open, there is no home and no current folder, and each setting around it is nonsense."""
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "keras.json").write_text('{"image_data_format": "channels_first"}')
    (tmp_path / "gone").mkdir()
    odd = {
        "HOME": "/nonexistent", "TMPDIR": "/nonexistent", "KERAS_HOME": f"{tmp_path}/keras", "COLUMNS": "1",
        "MPLBACKEND": "nonsense", "MPLCONFIGDIR": "/dev/null/x", "OMP_NUM_THREADS": "many", "TERM": "dumb",
        "PYTHONPATH": str(root), "PATH": os.environ["PATH"],
    }  # fmt: skip
    learn = f"{sys.executable} -m tutorials.dense_vs_conv --quick --outputs {tmp_path}/out"
    script = f"cd {tmp_path}/gone && rmdir ../gone && exec {learn} <&- >&- 2>&-"
    done = call(["sh", "-c", script], tmp_path, env=odd)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["dense_vs_conv"]
    assert (tmp_path / "out" / "dense_vs_conv" / "metrics.json").is_file()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("module", ["tutorials", "models"])
def test_output_that_cannot_be_written_is_one_sentence(root, module):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = call(
            [sys.executable, "-m", module], root, capture_output=False, stdout=full, stderr=subprocess.PIPE
        )
    assert done.returncode == 1
    assert done.stderr == (
        "Error: Standard output cannot be written (no space left on device); free some space there, or "
        "send the output elsewhere.\n"
    )


def test_a_keras_that_does_not_load_is_one_sentence(root, tmp_path):
    command = [sys.executable, "-m", "tutorials.digits", "--quick", "--outputs", tmp_path]
    done = call(command, root, env=os.environ | {"KERAS_BACKEND": "nonsense"})
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert (
        "KERAS_BACKEND is 'nonsense'; unset it, or set it to 'tensorflow', 'jax' or 'torch'." in done.stderr
    )
    as_without = "raise ModuleNotFoundError('No module named jax', name='jax')"
    (tmp_path / "jax.py").write_text(as_without)
    done = call(command, root, env=os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": str(tmp_path)})
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "install it (pip install jax), or unset KERAS_BACKEND." in done.stderr
    (tmp_path / "keras.json").write_text("[1]")
    done = call(command, root, env=os.environ | {"KERAS_HOME": str(tmp_path)})
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"look at {tmp_path}/keras.json, or remove it" in done.stderr


@pytest.mark.parametrize("enabled", [True, False])
def test_while_keras_loads_no_garbage_is_looked_for_and_then_as_before(enabled):
    (gc.enable if enabled else gc.disable)()
    try:
        with pytest.raises(ImportError), command_module._uncollected():
            assert not gc.isenabled()
            raise ImportError
        assert gc.isenabled() == enabled
    finally:
        gc.enable()


def test_too_little_memory_is_one_sentence_that_names_what_to_lower(capsys, monkeypatch):
    import numpy as np
    import tensorflow as tf

    def lesson(batch_size: int = 10**7, seed: int = 0):
        """Take too much.

        Args:
            batch_size: Rows.
            seed: Whose error it is.
        """
        if seed:  # TensorFlow waits 10 s for memory before it raises this
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
        np.ones((batch_size, batch_size))

    for seed in "0", "1":
        monkeypatch.setattr(sys, "argv", ["lesson", "--seed", seed])
        with pytest.raises(SystemExit) as stop:
            command_module.run(lesson)
        assert stop.value.code == 1
        said = "Error: There is not enough memory for this run; lower --batch-size.\n"
        assert capsys.readouterr().err == said


def test_a_reader_that_leaves_early_sees_no_traceback(root, tmp_path):
    child = subprocess.Popen(
        [*LEARN, "--epochs", "40", "--outputs", tmp_path],
        cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip
    assert child.stdout.readline().startswith("Data: ")
    child.stdout.close()
    assert child.wait(timeout=60) == 1
    assert child.stderr.read() == ""


@pytest.fixture(scope="module")
def killed(root, tmp_path_factory):
    """A run on a terminal that is killed in its second epoch: (what it showed, what it should keep)."""
    if os.name == "nt":
        pytest.skip("Windows has no pseudo-terminals")
    import pty

    outputs = tmp_path_factory.mktemp("outputs")
    kept = earlier_results(outputs)
    screen, terminal = pty.openpty()
    child = subprocess.Popen(
        [*LEARN, "--epochs", "5000", "--outputs", outputs], cwd=root, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    shown = b""
    while b"Epoch 2/" not in shown:
        shown += os.read(screen, 65536)
    child.kill()
    child.wait()
    os.close(screen)
    return shown, kept


@pytest.mark.slow
def test_on_a_terminal_there_is_a_progress_bar(killed):
    shown, _ = killed
    assert "━".encode() in shown
    assert b"\r" in shown.replace(b"\r\n", b"") or b"\x08" in shown
    assert b"oneDNN" not in shown


@pytest.mark.slow
def test_killed_outright_it_keeps_the_last_results(killed):
    _, kept = killed
    assert kept.read_text() == KEPT
    assert {file.name for file in kept.parent.iterdir()} == {".files", "metrics.json"}


def can_mount():
    unshare = shutil.which("unshare")
    if not unshare:
        return False
    command = [unshare, "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="a small disk can be mounted only on Linux with user namespaces")
@pytest.mark.parametrize(
    "size", ["20k", *(pytest.param(size, marks=pytest.mark.slow) for size in ("300k", "900k"))]
)
def test_a_full_disk_is_one_sentence_and_the_old_results_stay(root, tmp_path, size):
    learn = " ".join(map(str, [*LEARN, "--quick", "--outputs", tmp_path]))
    script = (
        f"mount -t tmpfs -o size={size} tmpfs {tmp_path} && mkdir {tmp_path}/digits && "
        f"printf metrics.json > {tmp_path}/digits/.files && "
        f"echo '{KEPT}' > {tmp_path}/digits/metrics.json && {learn}; code=$?; "
        f"cat {tmp_path}/digits/metrics.json; ls -A {tmp_path}; exit $code"
    )
    done = call(["unshare", "-rm", "sh", "-c", script], root)
    assert done.returncode == 1, done.stdout
    assert done.stderr.startswith("Error: ")
    assert "cannot be written (no space left on device)" in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout.endswith(f"{KEPT}\ndigits\n")


@pytest.fixture
def command(monkeypatch, capfd):
    """Run a lesson's command line in this process: (exit code, standard error)."""

    def call_in_process(module, *arguments):
        monkeypatch.setattr(sys, "argv", [module, *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            run(importlib.import_module(f"tutorials.{module}").main)
        out, err = capfd.readouterr()
        return stop.value.code, out, err

    return call_in_process


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--epoch", 3], ["--epoch", "3", "--epochs"]),
        (["--nonsense"], ["--nonsense"]),
        (["--epochs", "abc"], ["--epochs", "'abc'"]),
        (["--batch-size", "1.5"], ["--batch-size", "'1.5'"]),
        (["--model", "resnet"], ["--model", "'resnet'", "convnet", "two_block", "lenet5", "mlp"]),
        (["--epochs"], ["--epochs"]),
        (["stray", "and more"], ["stray", "and more"]),
        (["--model", "\x1b]0;title\x07\x1b[2J"], ["--model", r"\x1b]0;title\x07\x1b[2J"]),
        ([os.fsdecode(b"caf\xe9")], [r"caf\udce9"]),
    ],
)
def test_flags_that_cannot_be_used_are_named_with_their_values(command, arguments, named):
    """The message is tyro's, as it is."""
    code, out, error = command("digits", *arguments)
    assert (code, out) == (2, "")
    assert_clean(error)
    for part in [*named, "python -m tutorials.digits --help"]:
        assert part in error


@pytest.mark.parametrize("kind", [DataError, ModelError, LessonError])
@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Name a column with label_column=.", "Name a column with --label-column."),
        ("Give text_column= or label_column=, not both", "Give text_column= or --label-column, not both"),
        ("epochs= must be more than 0", "--epochs must be more than 0"),
        ("No data (epochs=): name a folder with data=", "No data (--epochs): name a folder with --data"),
        ('data="my photos" lies in outputs', '--data "my photos" lies in outputs'),
        ("data=2020/a.jpg is damaged", "data=2020/a.jpg is damaged"),  # a folder called data=2020
        ("my_data= and a/epochs= stay", "my_data= and a/epochs= stay"),
        ("folder= holds no model", "FOLDER holds no model"),
    ],
)
def test_arguments_in_an_error_are_shown_as_flags(message, shown, kind, monkeypatch, capfd):
    def lesson(folder: Positional[Path], label_column: str = "", data: str = "", epochs: int = 0):
        raise kind(message)

    monkeypatch.setattr(sys, "argv", ["lesson", "results"])
    with pytest.raises(SystemExit):
        run(lesson)
    assert capfd.readouterr().err == f"Error: {shown}\n"


@given(text(characters(exclude_characters="=")), sampled_from(["data", "epochs", "batch_size"]))
def test_only_arguments_become_flags(words, name):
    """Whatever else is in a message, such as a file's name, stays as it is."""
    assert in_flags(words, digits_main) == words
    assert in_flags(f"{words}/{name}=", digits_main) == f"{words}/{name}="
    assert in_flags(f"{words} {name}=.", digits_main) == f"{words} --{name.replace('_', '-')}."


def test_errors_of_every_wing_are_one_sentence(command, tmp_path, monkeypatch):
    (tmp_path / "mnist.npz").write_bytes(b"PK\3\4 cut off")
    for arguments, said in [
        (["--data", tmp_path / "none"], "none does not exist"),
        (["--data", tmp_path], "mnist.npz is damaged"),
        (["--data", "embedded", "--epochs", 0], "--epochs must be more than 0"),
    ]:
        code, _, error = command("digits", "--outputs", tmp_path / "out", *arguments)
        assert code == 1
        assert error.startswith("Error: ")
        assert said in error
        assert error.count("\n") == 1


def test_help_explains_every_flag(command):
    code, out, _ = command("digits", "--help")
    assert code == 0
    for flag in "model", "epochs", "batch-size", "data", "seed", "quick", "outputs":
        assert f"--{flag}" in out
    assert "Number of epochs; by default 3 on MNIST" in out


def loaded(done):
    """The packages that a process with -X importtime has imported."""
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}


def test_help_waits_for_no_framework(root, tmp_path):
    done = call([sys.executable, "-X", "importtime", root / "tutorials" / "digits.py", "--help"], tmp_path)
    assert done.returncode == 0
    assert "--batch-size INT" in done.stdout
    assert not {"keras", "tensorflow", "numpy", "matplotlib"} & loaded(done)


@pytest.mark.parametrize("module", [*LESSONS, "predict"])
def test_help_says_the_same_before_the_lesson_is_loaded(module):
    lesson = importlib.import_module(f"tutorials.{module}")
    early = header(lesson.__file__)
    assert inspect.signature(early).parameters == inspect.signature(lesson.main).parameters
    assert inspect.getdoc(early) == inspect.getdoc(lesson.main)


def test_help_waits_where_it_needs_more_than_the_signature(tmp_path):
    (tmp_path / "lesson.py").write_text("import numpy as np\ndef main(x=np.pi):\n    'Say x.'\n")
    assert header(tmp_path / "lesson.py") is None


@pytest.mark.parametrize("module", ["digits", "predict"])
def test_help_names_the_command_as_the_readme_does(command, module):
    _, out, _ = command(module, "--help")
    assert f"usage: python -m tutorials.{module} [" in out


def test_the_list_of_lessons_loads_no_framework(root):
    started = time.perf_counter()
    done = call([sys.executable, "-X", "importtime", "-m", "tutorials"], root)
    assert time.perf_counter() - started < 5  # a framework alone takes longer; the usual is 0.05 s
    assert not {"keras", "tensorflow", "numpy"} & loaded(done)
    for lesson in "dense_vs_conv", "digits":
        line = next(line for line in done.stdout.splitlines() if f"tutorials.{lesson} " in line)
        assert " min " in line


def test_predict_refuses_what_is_no_result(command, tmp_path):
    code, _, error = command("predict", tmp_path)
    assert code == 1
    assert "at least one file or folder" in error
    code, _, error = command("predict", tmp_path, "a.png")
    assert code == 1
    assert f"{tmp_path} holds no trained model" in error
    for name, content in (
        ("metrics.json", '{"lesson": "digits"}'),
        ("labels.json", "[]"),
        ("model.keras", "x"),
    ):
        (tmp_path / name).write_text(content)
    code, _, error = command("predict", tmp_path, "a.png")
    assert code == 1
    assert f"{tmp_path / 'model.keras'} is damaged or no .keras file; save the model again" in error
    assert error.count("\n") == 1
