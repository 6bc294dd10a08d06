"""What a user installs: a wheel that holds `glass_zoo` and nothing else, beside packages of any name."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import keras
import pytest

ANOTHER = '"""A package of the same name."""\n\n\ndef load_dataset(name):\n    return name\n'
QUIET = "import os; os.environ['TF_CPP_MIN_LOG_LEVEL'] = '2'\n"
USE = """
import datasets
assert datasets.load_dataset("x") == "x"

import sys
from glass_zoo import models
assert "keras" not in sys.modules

import numpy as np
from glass_zoo.datasets import digits
from glass_zoo.models import ConvNet, ModelError
from glass_zoo.models.export.page import write_page
from glass_zoo.models.inspection import saliency

(_, _), (images, labels) = digits.load_data("embedded")
model = ConvNet(weights="mnist")
right = model.predict(images[:100], verbose=0).argmax(-1) == labels[:100]
assert saliency(model, images[:1], [0]).shape == (1, 28, 28, 1)
write_page(model, images[:2], "page.html", digits.CLASS_NAMES)
try:
    ConvNet(weights="nowhere")
except ModelError as error:
    print(f"{right.mean():.0%}", error, "glass_zoo" in models.__name__)
"""


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory):
    """The wheel, built from a copy of what git knows."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("this is no git checkout, so which files belong to it is not known")
    copy, built = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("wheel")
    for name in listed.stdout.splitlines():
        if (root / name).is_file() and not name.startswith("tutorials/pictures/"):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((root / name).read_bytes())
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(built)!r})"
    done = subprocess.run([sys.executable, "-c", build], cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(built.glob("*.whl"))


def test_the_wheel_holds_glass_zoo_and_nothing_else(root, wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
    assert {name.partition("/")[0] for name in names} == {"glass_zoo"}
    for wing in "models", "datasets":  # every file of both, at the same place
        files = [path for path in (root / wing).rglob("*") if path.is_file()]
        wanted = {f"glass_zoo/{path.relative_to(root)}" for path in files}
        wanted = {name for name in wanted if "__pycache__" not in name}
        assert wanted == {name for name in names if name.startswith(f"glass_zoo/{wing}/")}


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    """The Python of a fresh environment: the wheel, the packages that it needs, and another `datasets`."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False)
    places = home / "bin" / "python", home / "Scripts" / "python.exe"
    python = next(path for path in places if path.exists())
    ask = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip())
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (site / "packages.pth").write_text(f"{Path(keras.__file__).parents[1]}\n")
    (site / "datasets").mkdir()
    (site / "datasets" / "__init__.py").write_text(ANOTHER)
    return python


def run(python, *arguments, folder):
    return subprocess.run([python, *arguments], cwd=folder, capture_output=True, text=True)


def test_the_wheel_works_in_another_folder_beside_another_datasets(environment, tmp_path):
    done = run(environment, "-c", QUIET + USE, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    share, said = done.stdout.strip().splitlines()[-1].split(" ", 1)
    assert int(share.rstrip("%")) >= 85
    assert said.startswith("ConvNet has no weights 'nowhere'") and said.endswith("True")
    assert (tmp_path / "page.html").stat().st_size > 100_000


def test_lessons_take_their_own_datasets_where_another_is_installed(environment, root, tmp_path):
    lesson = root / "tutorials" / "digits.py"
    done = run(environment, lesson, "--quick", "--data", "embedded", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "outputs" / "digits" / "metrics.json").exists()


def test_another_datasets_that_is_already_loaded_is_said(environment, root, tmp_path):
    code = f"import datasets, sys; sys.path.insert(0, {str(root)!r}); import tutorials.digits"
    done = run(environment, "-c", QUIET + code, folder=tmp_path)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: Another package named datasets is loaded"), done.stderr
    assert str(root) in last
