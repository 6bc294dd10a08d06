"""The examples in docstrings of docs/ run. Modules that need Sphinx are in test_site.py."""

import ast


def of_sphinx(path):
    """Whether a file needs what requirements.txt does not install."""
    return path.stem == "conf" or "latex2mathml" in path.read_text(encoding="utf-8")


def test_every_example_runs(root, docstrings, monkeypatch):
    names = [f"docs.{path.stem}" for path in sorted((root / "docs").glob("[a-z]*.py")) if not of_sphinx(path)]
    names.remove("docs.first_cell")
    monkeypatch.setattr(docstrings, "modules", lambda *_: names)
    examples, report = docstrings.run_examples(docstrings.modules(root, "docs"))
    assert examples > 15
    assert not report, report


def test_no_function_or_file_is_too_long(root):
    for path in sorted((root / "docs").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 450, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.body[0].lineno < 60, (path, node.name)
