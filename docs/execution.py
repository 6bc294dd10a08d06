"""Run notebooks, and keep what they gave: a notebook whose code has not changed is not run again."""

import ast
import copy
import hashlib
import importlib.metadata
import json
import os
import tempfile
import threading
import time
from pathlib import Path

import nbclient
import nbformat

ROOT = Path(__file__).parents[1]
WINGS = "models", "datasets", "tutorials"
PACKAGES = "tensorflow", "keras", "numpy", "matplotlib", "scikit-learn"
LOOKS = {".css", ".html", ".js", ".pyi"}  # of pages in the browser, and of names in an editor
LONGEST = 1800  # seconds of a cell


class _Surroundings:
    """The environment of kernels: this project first, no data of the user's, nothing in his home.

    Several threads may be in it at once: the first to come makes it, and the last to leave ends it.
    """

    def __init__(self):
        self._lock, self._inside = threading.Lock(), 0

    def __enter__(self):
        with self._lock:
            if not self._inside:
                self._home = tempfile.TemporaryDirectory()
                home = Path(self._home.name)
                own = {
                    name: str(home / name)
                    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")
                }
                own |= {"JUPYTER_RUNTIME_DIR": str(home / "runtime"), "KERAS_HOME": str(home / "keras")}
                own |= {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "2"}
                self._before = dict(os.environ)
                os.environ.update(own)
                os.environ.pop("GLASS_ZOO_DATA", None)
            self._inside += 1

    def __exit__(self, *_):
        with self._lock:
            self._inside -= 1
            if not self._inside:
                os.environ.clear()
                os.environ.update(self._before)
                self._home.cleanup()


SURROUNDINGS = _Surroundings()


def execute(book, folder):
    """Run a notebook in a kernel of its own; its cells then have their outputs.

    Args:
        book: An `nbformat` notebook, which is changed.
        folder: Where it runs; the lesson's results are written to `outputs` in it.

    Returns:
        Seconds that it took.

    Raises:
        nbclient.exceptions.CellExecutionError: If a cell fails.
    """
    begun = time.perf_counter()
    with SURROUNDINGS:
        client = nbclient.NotebookClient(
            book,
            timeout=LONGEST,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
            startup_timeout=300,  # while others use the processors, too
            extra_arguments=["--IPKernelApp.log_level=ERROR"],
        )
        client.execute()
    for cell in book.cells:
        cell.metadata.pop("execution", None)  # moments, which differ in every run
    return time.perf_counter() - begun


def code_of(path):
    """What a Python file does: its syntax tree without docstrings, comments and the places of its lines.

    Example:
        >>> import pathlib, tempfile
        >>> from docs.execution import code_of
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     files = [pathlib.Path(folder) / name for name in ("a.py", "b.py")]
        ...     _ = files[0].write_text("def f(x):\\n    'One.'\\n    return x  # this")
        ...     _ = files[1].write_text("def f(x): return x")
        ...     code_of(files[0]) == code_of(files[1])
        True
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node):
            node.body = node.body[1:]
    return ast.dump(tree)


def code_behind(root=ROOT):
    """A digest of all that a notebook's results may depend on, but for its own code.

    That is the code of the library and of what the lessons share, its data files, and the versions of the
    packages that compute. The lessons themselves are left out: a notebook has its own code.
    """
    digest = hashlib.sha256()
    for package in PACKAGES:
        digest.update(f"{package} {importlib.metadata.version(package)}\n".encode())
    for wing in WINGS:
        for path in sorted((root / wing).rglob("*")):
            lesson = path.parent == root / "tutorials" and path.suffix == ".py"
            if not path.is_file() or lesson or path.suffix in LOOKS:
                continue
            if {"__pycache__", "pictures"} & set(path.parts):
                continue
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(code_of(path).encode() if path.suffix == ".py" else path.read_bytes())
    return digest.hexdigest()


class Cache:
    """A folder with the outputs of notebooks that were run.

    Args:
        folder: Where they are kept, one file a run.
        behind: What `code_behind` gives; computed if None.
    """

    def __init__(self, folder, behind=None):
        self.folder, self.behind = Path(folder), behind or code_behind()

    def file(self, book):
        """Where the outputs of a notebook are kept: its name is a digest of all code behind them."""
        code = [cell.source for cell in book.cells if cell.cell_type == "code" and not _installs(cell)]
        digest = hashlib.sha256(json.dumps([self.behind, code]).encode()).hexdigest()
        return self.folder / f"{digest[:32]}.json"

    def run(self, book, again=False):
        """The outputs for a notebook, from the cache if its code has run before.

        Args:
            book: An `nbformat` notebook; it stays as it is.
            again: Run it in any case.

        Returns:
            (the notebook with outputs, the dict of its metrics.json, seconds that it was run now, 0 if it
            was not).
        """
        file, done, seconds = self.file(book), copy.deepcopy(book), 0
        if again or not file.is_file():
            with tempfile.TemporaryDirectory() as folder:
                seconds = execute(done, folder)
                (written,) = Path(folder).glob("outputs/*/metrics.json")
                metrics = json.loads(written.read_text(encoding="utf-8"))
            outputs = [cell.outputs for cell in done.cells if cell.cell_type == "code"]
            self.folder.mkdir(parents=True, exist_ok=True)
            draft = file.with_suffix(".draft")
            draft.write_text(json.dumps({"outputs": outputs, "metrics": metrics}), encoding="utf-8")
            draft.replace(file)
        kept = json.loads(file.read_text(encoding="utf-8"))
        cells = (cell for cell in done.cells if cell.cell_type == "code")
        for number, (cell, outputs) in enumerate(zip(cells, kept["outputs"], strict=True), 1):
            cell.outputs = [nbformat.from_dict(output) for output in outputs]
            cell.execution_count = number
        return done, kept["metrics"], seconds


def _installs(cell):
    return "install" in cell.metadata.get("tags", ())
