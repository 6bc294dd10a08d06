"""A lesson's cells hold what its script does: the same statements, settings and texts, by the syntax tree."""

import ast
import importlib
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from docs import notebooks
from docs.cells import lesson_cells
from docs.notebooks import FIRST_CELL, notebook
from docs.source import LessonSourceError
from tutorials.__main__ import LESSONS

START = '"""Count.\n\nHow far?\n"""\n\nimport math\n\n'
SMALL = (
    START
    + '''FAR = 9  # at most


def half(n):
    return twice(n) / 4


# Used by half
def twice(n):
    return 2 * n


def main(n: int = 3, seed: int = 0):
    """Count.

    Args:
        n: How far,
            as a number.
        seed: Random seed.
    """
    check(locals())
    report = locals()

    # Data: numbers below x_n
    text = """one
    two
 three"""
    if n > FAR:
        return -1

    # Model
    total = (
        half(n)
        + math.pi
    )  # fmt: skip
    return total
'''
)


def cells(text=SMALL, **settings):
    return lesson_cells(text, "count", settings)


def codes(text=SMALL, **settings):
    return [cell.text for cell in cells(text, **settings) if cell.kind == "code"]


def changed(old, new):
    assert SMALL.count(old) == 1
    return SMALL.replace(old, new)


def test_the_docstring_is_the_first_cell():
    assert cells()[0].text == "# Count\n\nHow far?"


def test_a_paragraphs_comment_is_a_heading_and_its_code_a_cell():
    texts = [cell.text for cell in cells()]
    at = texts.index("## Data\n\nNumbers below x_n.")
    assert "text = " in texts[at + 2] and "Data" not in texts[at + 2]
    assert texts[texts.index("## Model") + 3] == "total = (\n    half(n)\n    + math.pi\n)\ntotal"


def test_a_training_at_the_end_of_a_cell_does_not_show_its_history():
    text = changed("    # Model\n", "    # Fit\n    model.fit(n)\n\n    # Model\n")
    assert "model.fit(n);" in codes(text)


def test_what_is_inside_a_string_is_not_moved():
    (code,) = [code for code in codes() if "three" in code]
    assert '"""one\n    two\n three"""\nif n > FAR:\n    ' in code


def test_helpers_stand_before_the_cell_that_first_uses_them():
    texts = codes()
    at = [n for n, code in enumerate(texts) if "n > FAR" in code][0]
    assert texts[at - 1] == "FAR = 9  # at most"
    assert texts[at + 1 :] == [
        "def half(n):\n    return twice(n) / 4",
        "# Used by half\ndef twice(n):\n    return 2 * n",
        "total = (\n    half(n)\n    + math.pi\n)\ntotal",
    ]


def test_settings_have_their_help_and_may_be_changed():
    assert "# How far, as a number.\nn = 3\n# Random seed.\nseed = 0" in codes()
    assert "# How far, as a number.\nn = 12\n# Random seed.\nseed = 0" in codes(n=12)
    with pytest.raises(LessonSourceError, match="setting deep"):
        codes(deep=1)


def test_locals_are_the_settings_and_an_early_return_ends_the_run():
    assert 'settings = {"n": n, "seed": seed}\ncheck(settings)\nreport = settings' in codes()
    assert any("    raise Finished(-1)" in code for code in codes())
    assert "import Finished" in codes()[0]
    assert "import Finished" not in codes(changed("return -1", "n = FAR"))[0]


def test_an_import_that_no_cell_uses_is_left_out():
    assert "import math" in codes()[0]
    assert "import math" not in codes(changed("math.pi", "1"))[0]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("total = (\n        half(n)", "math = (\n        half(n)", "math is also the name"),
        ("    if n > FAR:", "    global FAR\n    if n > FAR:", "global"),
        ("return -1", "return", "return needs a value"),
        ("def main(", "def other(", "a function main"),
        (START, "", "a docstring"),
    ],
)
def test_what_means_something_else_in_cells_is_refused(old, new, words):
    with pytest.raises(LessonSourceError, match=words):
        codes(changed(old, new))


@pytest.fixture(params=LESSONS)
def lesson(request):
    return request.param


def statements(code):
    return [ast.unparse(node) for node in ast.parse(code).body]


def test_the_cells_of_a_lesson_are_its_statements_in_order(root, lesson):
    book = notebook(lesson)
    nbformat.validate(book)
    code = "\n".join(cell.source for cell in book.cells if cell.cell_type == "code")
    assert "locals()" not in code
    tree = ast.parse((root / "tutorials" / f"{lesson}.py").read_text(encoding="utf-8"))
    (main,) = [node for node in tree.body if getattr(node, "name", "") == "main"]
    plain = [node for node in main.body[1:] if not any(map(is_changed, ast.walk(node)))]
    same = [ast.unparse(node) for node in plain]
    assert len(same) > 0.6 * len(main.body)
    assert [line for line in statements(code) if line in same] == same
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node is not main]
    helpers = sorted(map(ast.unparse, functions))
    assert sorted(line for line in statements(code) if line in helpers) == helpers


def is_changed(node):
    return isinstance(node, ast.Return) or "locals" in (getattr(node, "id", ""), getattr(node, "arg", ""))


def test_the_settings_of_a_lesson_are_its_defaults(lesson):
    (cell,) = [cell for cell in notebook(lesson).cells if "parameters" in cell.metadata.get("tags", ())]
    found = {}
    exec(cell.source, found | {"Path": Path, "TRAIN_IMAGES": 6000}, found)
    signature = inspect.signature(importlib.import_module(f"tutorials.{lesson}").main)
    assert found == {name: parameter.default for name, parameter in signature.parameters.items()}
    assert cell.source.count("\n# ") + 1 >= len(found)


def test_the_template_of_a_new_lesson_has_its_cells(root):
    page = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (template,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    heads = [
        cell.text.partition("\n")[0] for cell in lesson_cells(template, "template") if cell.kind != "code"
    ]
    assert heads[1:] == ["## " + head for head in HEADS]


HEADS = "Settings", "Data", "Model", "Compile and fit", "Evaluate", "Plot"


def first_cell(monkeypatch, folder, path):
    """What the first cell has run in a folder, and the path of Python afterwards."""
    commands = []
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(path))

    def run(command, check):
        commands.append(command)
        if "clone" in command:
            (Path(command[-1]) / "tutorials" / "lesson").mkdir(parents=True)
            (Path(command[-1]) / "requirements.txt").write_text("# LIBRARY\nkeras\n# TESTS\npytest\n")

    monkeypatch.setattr(subprocess, "run", run)
    exec(FIRST_CELL.read_text(encoding="utf-8").replace("REPOSITORY", "https://a.b/c"), {})
    return commands, sys.path


def test_the_first_cell_does_nothing_where_the_project_is(root, monkeypatch, tmp_path):
    assert first_cell(monkeypatch, root / "tutorials", []) == ([], [str(root)])
    assert first_cell(monkeypatch, tmp_path, [str(root)]) == ([], [str(root)])


def test_the_first_cell_gets_the_project_where_it_is_missing(monkeypatch, tmp_path):
    (clone, install), path = first_cell(monkeypatch, tmp_path, [])
    assert clone[-2:] == ["https://a.b/c", str(tmp_path / "glass-zoo")]
    assert install[-1] == "keras" and "pip" in install
    assert path == [str(tmp_path / "glass-zoo")]


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("https://github.com/a/glass-zoo.git", "https://github.com/a/glass-zoo.git"),
        ("git@github.com:a/glass-zoo.git", "https://github.com/a/glass-zoo.git"),
        ("/home/me/glass-zoo", ""),
        ("https://me:secret@github.com/a/b", ""),
    ],
)
def test_a_notebook_clones_only_from_a_public_address(told, address, monkeypatch):
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    done = subprocess.CompletedProcess([], 0, told + "\n")
    monkeypatch.setattr(subprocess, "run", lambda *command, **settings: done)
    assert notebooks.repository() == address
    monkeypatch.setenv("GITHUB_REPOSITORY", "a/b")
    assert notebooks.repository() == "https://github.com/a/b"


def test_the_command_writes_notebooks(tmp_path, capsys):
    notebooks.main(("digits",), out=tmp_path / "new")
    book = nbformat.read(tmp_path / "new" / "digits.ipynb", 4)
    assert book.cells[0].source.startswith("# Classify handwritten digits")
    assert "A notebook is in" in capsys.readouterr().out
    with pytest.raises(LessonSourceError, match="no lesson 'digit'"):
        notebooks.main(("digit",), out=tmp_path)


@pytest.mark.docs
def test_cells_changed_and_run_again_give_what_the_script_gives(monkeypatch, tmp_path, capsys):
    """Settings are changed in the middle of a run; in this process, without a kernel as in test_site.py."""
    monkeypatch.chdir(tmp_path)
    code = [cell for cell in notebook("dense_vs_conv", quick=True).cells if cell.cell_type == "code"]
    (begin,) = [n for n, cell in enumerate(code) if "parameters" in cell.metadata.get("tags", ())]
    names = {}
    for cell in code[: begin + 3]:  # up to the data
        exec(cell.source, names)
    assert code[begin].source.count("seed = 0") == 1
    code[begin].source = code[begin].source.replace("seed = 0", "seed = 1")
    for cell in code[begin:]:
        exec(cell.source, names)
    assert isinstance(ast.parse(code[-1].source).body[-1], ast.Expr)
    metrics = json.loads(Path("outputs/dense_vs_conv/metrics.json").read_text(encoding="utf-8"))
    lesson = importlib.import_module("tutorials.dense_vs_conv")
    script = lesson.main(quick=True, seed=1, outputs=Path("script"))
    assert metrics["results"] == script.results
    assert metrics["finding"] == script.finding
    assert metrics["settings"]["seed"] == 1
