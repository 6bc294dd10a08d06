"""Every lesson has the same shape: short, the same steps in one order, a docstring that asks a question."""

import ast
import re

import pytest

from tutorials.__main__ import LESSONS

ELSEWHERE = {"fine_tune", "sentiment"}  # rewritten on top of library classes in a separate change
SHAPED = [lesson for lesson in LESSONS if lesson not in ELSEWHERE]
STEPS = ("data", "model", "compile", "fit", "evaluate", "plot")


def functions(source):
    return {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def body_lines(function):
    """Lines of a function's body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1


@pytest.fixture(params=SHAPED)
def source(request, root):
    return (root / "tutorials" / f"{request.param}.py").read_text(encoding="utf-8")


def test_main_has_under_90_lines(source):
    assert body_lines(functions(source)["main"]) < 90


def test_lines_of_a_body_are_counted_without_its_docstring():
    source = 'def main():\n    """One.\n\n    Two.\n    """\n    a = (\n        1\n    )\n\n    return a\n'
    assert body_lines(functions(source)["main"]) == 5


def test_every_step_is_a_paragraph_that_begins_with_its_name(source):
    """`# Model: ...`, or several steps in one: `# Compile and fit: ...`, `# Model, compile and fit`."""
    comments = re.findall(r"^ *# (.*)", source, re.MULTILINE)
    heads = [head.partition(":")[0].lower() for head in comments]
    for step in STEPS:
        if step == "plot" and "maximized_activations" in source:
            continue  # `look_inside` draws a figure in every paragraph
        assert any(re.search(rf"\b{step}s?\b", head) for head in heads), step


def test_data_come_before_the_model_and_the_evaluation_before_the_figures(source):
    main = ast.get_source_segment(source, functions(source)["main"])
    where = {step: re.search(rf"^ *# [^:\n]*\b{step}", main, re.M | re.I) for step in STEPS}
    found = [where[step].start() for step in ("data", "model", "evaluate", "plot") if where[step]]
    assert found == sorted(found)


def test_the_docstring_asks_a_question_and_says_where_to_look(source):
    first, *rest = ast.get_docstring(ast.parse(source)).splitlines()
    assert first[-1] in ".?" and len(first) <= 110
    text = " ".join(rest)
    assert "?" in first + text
    assert "Look at" in text or "## How to read the figures" in rest
