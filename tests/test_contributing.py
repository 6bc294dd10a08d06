"""What CONTRIBUTING.md says is true: its files are there, and its lesson is one that the tests accept."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys

import pytest

RESULTS = '"template": {"test_accuracy", "linear_test_accuracy"},'
FIGURES = '"template": {"accuracy"},'
CLAIMS = (
    '"template": {"accuracy": CAPTION, "finding": lambda text, n, r: percent(n[0], r["test_accuracy"], 2)},'
)
CONCLUSION = {
    "says": "Hidden layers add accuracy to a linear model.",
    "when": "test_accuracy > linear_test_accuracy",
}


@pytest.fixture(scope="module")
def page(root):
    return (root / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def copy(root, page, tmp_path_factory):
    """A copy of the project in which the template is one of the lessons, as the page says."""
    copy = tmp_path_factory.mktemp("project")
    without = shutil.ignore_patterns("__pycache__", "pictures", "attacks", "*.h5")
    for wing in "models", "datasets", "tutorials", "tests":
        shutil.copytree(root / wing, copy / wing, ignore=without)
    for weights in (root / "models" / "weights").glob("*mnist*"):
        shutil.copy(weights, copy / "models" / "weights")
    for name in "pyproject.toml", "README.md":
        shutil.copy(root / name, copy)
    (template,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (copy / "tutorials" / "template.py").write_text(template, encoding="utf-8")
    listing, lessons = copy / "tutorials" / "__main__.py", copy / "tests" / "tutorials" / "test_lessons.py"
    for file, marks in {
        listing: {"LESSONS = {": '"template": 0.1,'},
        lessons: {"\nRESULTS = {": RESULTS, "\nFIGURES = {": FIGURES},
        lessons.with_name("claims.py"): {"\nCLAIMS = {": CLAIMS},
    }.items():
        text = file.read_text(encoding="utf-8")
        for mark, line in marks.items():
            assert text.count(mark) == 1
            text = text.replace(mark, f"{mark}\n    {line}")
        file.write_text(text, encoding="utf-8")
    conclusions = copy / "tutorials" / "conclusions.json"
    listed = json.loads(conclusions.read_text(encoding="utf-8"))
    listed["template"] = {"embedded": {"default": [CONCLUSION]}}
    conclusions.write_text(json.dumps(listed), encoding="utf-8")
    return copy


def run(copy, *arguments):
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_file_that_it_names_is_there(root, page):
    prose = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    named = set(re.findall(r"`([\w.]+(?:/[\w.]*)+|[\w-]+\.(?:txt|md|toml))`", prose)) - {"tutorials/NAME.py"}
    assert len(named) > 10
    for name in named:
        beside = [root, *(root / wing for wing in ("tutorials", "models", "datasets"))]
        assert any((folder / name).exists() for folder in beside), name


def test_style_and_structure_accept_the_template(root, copy):
    run(copy, "ruff", "check", "tutorials/template.py")
    run(copy, "ruff", "format", "--check", "tutorials/template.py")
    spec = importlib.util.spec_from_file_location("structure", root / "tests" / "test_structure.py")
    structure = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(structure)
    for rule in structure.RULES:
        structure.test_the_house_keeps_its_rules(copy, rule)
    for measure in structure.LISTS:
        structure.test_lists_of_exceptions_only_shrink(copy, measure)
    structure.test_every_lesson_is_listed_and_every_listed_one_is_there(copy)


@pytest.mark.slow
def test_the_lessons_tests_accept_the_template(copy):
    run(copy, "pytest", "-n", "0", "-m", "not attack", "-k", "template", "tests/tutorials/test_lessons.py")
