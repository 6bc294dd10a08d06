"""A lesson and the library in a notebook, as a real kernel runs them."""

import base64
import io
from pathlib import Path

import nbclient
import nbformat
import pytest
from PIL import Image


@pytest.fixture(scope="module")
def notebook(root, tmp_path_factory):
    """Function of cells that runs them in a fresh kernel: the outputs of each cell."""
    folder = tmp_path_factory.mktemp("notebook")

    def run(*cells):
        book = nbformat.v4.new_notebook()
        setup = f"import sys; sys.path.insert(0, {str(root)!r})"
        book.cells = [nbformat.v4.new_code_cell(cell) for cell in (setup, *cells)]
        client = nbclient.NotebookClient(book, timeout=300, resources={"metadata": {"path": str(folder)}})
        client.execute()
        return [cell.outputs for cell in book.cells[1:]]

    with pytest.MonkeyPatch.context() as patch:
        for name in "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR":
            patch.setenv(name, str(folder / name))
        yield run


def pictures(outputs):
    """The PNGs among a cell's outputs."""
    found = [output.get("data", {}).get("image/png") for output in outputs]
    return [Image.open(io.BytesIO(base64.b64decode(picture))) for picture in found if picture]


def texts(outputs):
    """What a cell printed to standard output and to standard error."""
    printed = {"stdout": "", "stderr": ""}
    for output in outputs:
        if output.output_type == "stream":
            printed[output.name] += output.text
    return printed


def test_a_lesson_shows_its_figures_and_returns_its_run(notebook, root):
    lesson, figures, one = notebook(
        "from tutorials import digits\nrun = digits.main(data='embedded', quick=True)\nrun",
        "import matplotlib\n"
        "print(*run.figures, run.model.count_params(), run.folder, matplotlib.get_backend(), sep='|')",
        "run.figures['mistakes']",
    )
    *names, parameters, folder, backend = texts(figures)["stdout"].strip().split("|")
    assert names == ["inputs", "learning_curves", "confusion_matrix", "mistakes"]
    assert int(parameters) == 302_794
    assert Path(folder) == Path("outputs/digits")
    assert "inline" in backend
    shown = pictures(lesson)
    assert len(shown) == len(names)
    assert all(min(picture.size) >= 200 for picture in shown)
    assert len({picture.tobytes() for picture in shown}) == len(names)
    assert texts(lesson)["stderr"] == ""
    table = lesson[-1]["data"]
    assert "<td>302,794</td>" in table["text/html"]
    assert table["text/plain"].startswith("digits\n")
    assert len(pictures(one)) == 1
