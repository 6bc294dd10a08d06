"""What a notebook gave is kept as long as its code, and the code behind it, is the same."""

import json
import os
from pathlib import Path

import nbformat
import pytest

from docs import execution
from docs.execution import SURROUNDINGS, Cache, code_behind


@pytest.fixture
def runs(monkeypatch):
    """In place of a kernel: the notebooks that were run, each of which prints its number."""
    runs = []

    def execute(book, folder):
        runs.append(book)
        cells = [cell for cell in book.cells if cell.cell_type == "code"]
        cells[-1].outputs = [nbformat.v4.new_output("stream", text=str(len(runs)))]
        (results := Path(folder) / "outputs" / "count").mkdir(parents=True)
        (results / "metrics.json").write_text(json.dumps({"results": {"run": len(runs)}}))
        return 1.5

    monkeypatch.setattr(execution, "execute", execute)
    return runs


def book(text="# Title", code="1 + 1", install="import sys"):
    book = nbformat.v4.new_notebook()
    book.cells = [
        nbformat.v4.new_markdown_cell(text),
        nbformat.v4.new_code_cell(install, metadata={"tags": ["install"]}),
        nbformat.v4.new_code_cell(code),
    ]
    return book


def test_only_changed_code_is_run_again(runs, tmp_path):
    cache = Cache(tmp_path, "behind")
    done, metrics, seconds = cache.run(book())
    assert (metrics["results"], seconds, len(runs)) == ({"run": 1}, 1.5, 1)
    assert done.cells[-1].outputs[0].text == "1"
    again, metrics, seconds = cache.run(book("# Another title", install="import os"))
    assert (metrics["results"], seconds, len(runs)) == ({"run": 1}, 0, 1)
    assert again.cells[0].source == "# Another title" and again.cells[-1].outputs[0].text == "1"
    assert cache.run(book(code="1 + 2"))[1]["results"] == {"run": 2}
    assert Cache(tmp_path, "other").run(book())[1]["results"] == {"run": 3}
    assert cache.run(book(), again=True)[1]["results"] == {"run": 4}
    assert cache.run(book())[1]["results"] == {"run": 4}


def test_surroundings_of_kernels_hold_until_the_last_has_left(monkeypatch):
    monkeypatch.setenv("GLASS_ZOO_DATA", "the user's")
    before = dict(os.environ)
    SURROUNDINGS.__enter__()
    home = Path(os.environ["KERAS_HOME"]).parent
    with SURROUNDINGS:
        SURROUNDINGS.__exit__()  # the first has left
        assert Path(os.environ["KERAS_HOME"]).parent == home and home.is_dir()
        assert "GLASS_ZOO_DATA" not in os.environ
    assert dict(os.environ) == before and not home.exists()


def test_code_behind_changes_with_code_and_data_and_not_with_words(tmp_path):
    for name in FILES.split():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    before = code_behind(tmp_path)
    for name, text, same in [
        ("models/a.py", '"""Words."""\n1  # one', True),
        ("tutorials/lesson.py", "2", True),
        ("models/page.css", "2", True),
        ("tutorials/expected.json", "2", False),
        ("models/a.py", "2", False),
        ("tutorials/lesson/c.py", "2", False),
        ("datasets/b.json", "2", False),
    ]:
        old = (tmp_path / name).read_text()
        (tmp_path / name).write_text(text)
        assert (code_behind(tmp_path) == before) == same, name
        (tmp_path / name).write_text(old)
    (tmp_path / "models" / "d.py").write_text("")
    assert code_behind(tmp_path) != before


FILES = """models/a.py models/page.css datasets/b.json tutorials/lesson.py tutorials/expected.json
tutorials/lesson/c.py"""
