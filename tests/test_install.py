"""What a user installs: a wheel that holds `glass_zoo` and nothing else, beside packages of any name."""

import ast
import email
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import keras
import pytest

OTHER_DATASETS = '"""A package of the same name."""\n\n\ndef load_dataset(name):\n    return name\n'
NEVER = 'raise ImportError("this is another project\'s package")\n'
QUIET = "import os; os.environ['TF_CPP_MIN_LOG_LEVEL'] = '2'\n"
USE = """
import sys
from glass_zoo import models
assert "keras" not in sys.modules

import importlib, pkgutil
import numpy as np
import glass_zoo.datasets
for package in glass_zoo.datasets, glass_zoo.models:
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)

from glass_zoo.datasets import digits
from glass_zoo.models import ConvNet, ModelError
from glass_zoo.models.export.page import write_page
from glass_zoo.models.inspection import saliency

(_, _), (images, labels) = digits.load_data("embedded")
model = ConvNet(weights="mnist")
right = model.predict(images[:100], verbose=0).argmax(-1) == labels[:100]
assert saliency(model, images[:1], [0]).shape == (1, 28, 28, 1)
write_page(model, images[:2], "page.html", digits.CLASS_NAMES)
assert not {"models", "datasets", "tutorials"} & set(sys.modules)

import datasets
assert datasets.load_dataset("x") == "x"
try:
    ConvNet(weights="nowhere")
except ModelError as error:
    print(f"{right.mean():.0%}", error, "glass_zoo" in models.__name__)
"""
WHERE = """
import glass_zoo.datasets, glass_zoo.models
print(glass_zoo.models.__file__, glass_zoo.datasets.__file__)
"""


@pytest.fixture(scope="module")
def checkout(root, tmp_path_factory):
    """A copy of what git knows, without the pictures."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("this is no git checkout, so which files belong to it is not known")
    copy = tmp_path_factory.mktemp("checkout")
    for name in listed.stdout.splitlines():
        if (root / name).is_file() and not name.startswith("tutorials/pictures/"):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((root / name).read_bytes())
    return copy


@pytest.fixture(scope="module")
def wheel(checkout, tmp_path_factory):
    built = tmp_path_factory.mktemp("wheel")
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(built)!r})"
    run(sys.executable, "-c", build, folder=checkout)
    return next(built.glob("*.whl"))


def test_the_wheel_holds_glass_zoo_and_nothing_else(checkout, wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
    assert {name.partition("/")[0] for name in names} == {"glass_zoo"}
    for wing in "models", "datasets":  # every file of both, at the same place
        files = [path for path in (checkout / wing).rglob("*") if path.is_file()]
        wanted = {f"glass_zoo/{path.relative_to(checkout).as_posix()}" for path in files}
        wanted = {name for name in wanted if "__pycache__" not in name}
        assert wanted == {name for name in names if name.startswith(f"glass_zoo/{wing}/")}


def test_the_wheel_needs_what_its_modules_import(checkout, wheel):
    """Not the test tools, nor what only the command line or an option needs."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        asked = email.message_from_bytes(archive.read(name)).get_all("Requires-Dist")
    projects = metadata.packages_distributions()  # {"PIL": ["pillow"]}
    imported = set()
    for wing in "models", "datasets":
        for path in (checkout / wing).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    imported |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    imported.add(node.module.partition(".")[0])
    extra = (checkout / "requirements-extra.txt").read_text(encoding="utf-8")
    optional = {normalized(name) for name in re.findall(r"^[\w-]+", extra, re.MULTILINE)}
    needed = {
        normalized(projects[name][0])
        for name in imported - sys.stdlib_module_names
        if name in projects and normalized(projects[name][0]) not in optional
    }
    assert {normalized(re.match(r"[\w-]+", one)[0]) for one in asked} == needed - {"numpy"}  # Keras brings it


def normalized(name):
    return name.lower().replace("_", "-")


@pytest.mark.slow
def test_a_source_distribution_builds_the_same_wheel(checkout, wheel, tmp_path):
    build = f"from setuptools import build_meta; build_meta.build_sdist({str(tmp_path)!r})"
    run(sys.executable, "-c", build, folder=checkout)
    source = next(tmp_path.glob("*.tar.gz"))
    unpack = f"import tarfile; tarfile.open({source.name!r}).extractall('.', filter='data')"
    run(sys.executable, "-c", unpack, folder=tmp_path)
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(tmp_path)!r})"
    run(sys.executable, "-c", build, folder=tmp_path / source.name.removesuffix(".tar.gz"))
    with zipfile.ZipFile(wheel) as first, zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as second:
        assert set(first.namelist()) == set(second.namelist())


def test_the_changelog_begins_with_this_version(root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = re.findall(r"^## \[([\d.]+)\]", (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert versions[0] == project["version"]


def environment(home, what):
    """The Python of a fresh environment: `what` as pip installs it, and the packages that it needs.

    Packages of other projects are called `models` and `tutorials`, which fail when they are imported, and
    `datasets`, which does not.
    """
    venv.create(home, with_pip=False)
    places = home / "bin" / "python", home / "Scripts" / "python.exe"
    python = next(path for path in places if path.exists())
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=home)
    site = Path(site.strip())
    (site / "packages.pth").write_text(f"{Path(keras.__file__).parents[1]}\n")
    options = "--no-deps", "--no-build-isolation", "--no-index", "--ignore-installed"
    run(python, "-m", "pip", "install", *options, *what, folder=home)  # pip is one of the packages
    for name, code in {"models": NEVER, "tutorials": NEVER, "datasets": OTHER_DATASETS}.items():
        (site / name).mkdir()
        (site / name / "__init__.py").write_text(code)
    return python


def run(python, *arguments, folder):
    done = subprocess.run([python, *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    return environment(tmp_path_factory.mktemp("installed"), [wheel])


@pytest.fixture(scope="module")
def editable(checkout, tmp_path_factory):
    return environment(tmp_path_factory.mktemp("editable"), ["-e", checkout])


@pytest.mark.slow
def test_the_wheel_works_in_another_folder_beside_another_datasets(installed, tmp_path):
    output = run(installed, "-c", QUIET + USE, folder=tmp_path)
    share, said = output.strip().splitlines()[-1].split(" ", 1)
    assert int(share.rstrip("%")) >= 85
    assert said.startswith("ConvNet has no weights 'nowhere'") and said.endswith("True")
    assert (tmp_path / "page.html").stat().st_size > 100_000


def test_an_editable_install_takes_the_checkout(editable, checkout, tmp_path):
    places = [Path(place) for place in run(editable, "-c", WHERE, folder=tmp_path).split()]
    assert places == [checkout / "models" / "__init__.py", checkout / "datasets" / "__init__.py"]


@pytest.mark.slow
def test_lessons_run_from_any_folder_beside_another_datasets(editable, checkout, tmp_path):
    lesson = checkout / "tutorials" / "digits.py"
    run(editable, lesson, "--quick", "--data", "embedded", folder=tmp_path)
    assert (tmp_path / "outputs" / "digits" / "metrics.json").exists()


@pytest.mark.parametrize("name", ["datasets", "models"])
def test_another_package_of_the_name_that_is_already_loaded_is_said(installed, root, tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()
    code = f"import {name}, sys; sys.path.insert(0, {str(root)!r}); import tutorials.digits"
    done = subprocess.run([installed, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"ImportError: Another package named {name} is loaded"), done.stderr
    assert str(root) in last and str(tmp_path / name) in last
