"""Lessons beside other packages called `datasets` or `models`, such as Hugging Face's."""

import os
import subprocess
import sys

import pytest


@pytest.fixture(scope="module", params=["datasets", "models"])
def surroundings(request, tmp_path_factory):
    """Environment variables with which every Python has another package of that name, and its name."""
    folder = tmp_path_factory.mktemp("site-packages")
    (folder / request.param).mkdir()
    (folder / request.param / "__init__.py").write_text("def load_dataset(name): ...\n")
    return os.environ | {"PYTHONPATH": str(folder)}, request.param, folder


def start(arguments, folder, environment):
    return subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=folder, env=environment,
        capture_output=True, text=True, encoding="utf-8", timeout=120,
    )  # fmt: skip


def test_a_lesson_finds_its_own_packages_where_others_are_installed(root, surroundings, tmp_path):
    environment, name, _ = surroundings
    program = f"""
import sys
sys.path.append({str(root)!r})  # behind the others
import tutorials, {name}
print({name}.__file__)
"""
    done = start(["-c", program], tmp_path, environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == str(root / name / "__init__.py")


def test_a_package_that_is_loaded_already_is_named_in_one_sentence(root, surroundings, tmp_path):
    environment, name, folder = surroundings
    (folder / "sitecustomize.py").write_text(f"import {name}\n")  # before the lesson begins
    sentence = (
        f"Another package named {name} is loaded from {folder / name}, and the lessons need the one in "
        f"{root}; restart Python, and import the lesson before anything that imports {name}."
    )
    for command, at in (["-m", "tutorials.digits"], root), ([root / "tutorials" / "digits.py"], tmp_path):
        done = start(command, at, environment)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", f"Error: {sentence}\n")
    done = start(["-c", "from tutorials import digits"], root, environment)
    assert done.returncode == 1
    assert done.stderr.endswith(f"ImportError: {sentence}\n")
