"""The house keeps its shape: arrows run one way, and what the README says is what CI runs."""

import ast
import re
import subprocess
import sys

import pytest

MAY_IMPORT = {
    "models": {"h5py", "keras", "models", "numpy", "rich"},
    "datasets": {"keras", "numpy", "PIL", "scipy", "sklearn", "imagehash", "datasets"},
}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("wing", MAY_IMPORT)
def test_ground_floor_imports_only_what_it_may(root, wing):
    for path in (root / wing).glob("*.py"):
        may = MAY_IMPORT[wing] | ({"tensorflow"} if path.name == "_gradients.py" else set())
        for name in imports(path):
            package = name.partition(".")[0]
            one_download = (path.name, name) == ("_published.py", "datasets.files.download")
            assert package in may or package in sys.stdlib_module_names or one_download, (
                f"{path.name}: {name}"
            )


def test_the_download_that_models_use_too_knows_no_data_set():
    """It is the one thing of `datasets` that `models` may import: two of them would drift apart."""
    code = "import sys; from datasets.files.download import fetch; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    ours = {name for name in loaded.split() if name.partition(".")[0] in ("datasets", "models", "tutorials")}
    assert ours == {"datasets", "datasets.files.download", "datasets.files._http", "datasets.files.names", "datasets.sources"}
    assert not {"numpy", "keras"} & set(loaded.split())


def test_no_lesson_imports_another(root):
    from tutorials.__main__ import LESSONS

    for path in (root / "tutorials").glob("*.py"):
        for name in imports(path):
            assert name.removeprefix("tutorials.") not in LESSONS, f"{path.name}: {name}"


def test_every_lesson_is_listed_and_every_listed_one_is_there(root):
    from tutorials.__main__ import LESSONS

    commands = {"predict", "train_zoo"}
    files = {path.stem for path in (root / "tutorials").glob("[a-z]*.py")}
    assert files == set(LESSONS) | commands


def test_names_of_no_machine_are_in_the_project(root):
    private = re.compile("/" + "work/|/" + "root/|/" + "opt/|shared" + "/data")
    for path in root.rglob("*"):
        parts = path.relative_to(root).parts
        if parts[0].startswith(".") or path.suffix not in {".py", ".md", ".txt", ".toml", ".json"}:
            continue
        assert not private.search(path.read_text(encoding="utf-8")), path
