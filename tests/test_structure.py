"""The house keeps its shape: imports run one way and in no circle, and files lie where their names say."""

import ast
import graphlib
import re
import subprocess
import sys

import pytest

MAY_IMPORT = {
    "models": {"h5py", "jinja2", "keras", "lazy_loader", "numpy", "PIL", "rich", "scipy", "sklearn"},
    "datasets": {"imagehash", "keras", "lazy_loader", "numpy", "PIL", "scipy", "sklearn"},
    "tutorials": None,  # anything that requirements.txt lists
}
MAY_ALSO = {
    "models.inspection.gradients": {"tensorflow"},  # the one place where a model's gradients come from
    "models.fine_tuning.features": {"tensorflow"},  # tf.data: validation starts twice as fast with it
    "models.export.formats": {"tensorflow", "onnx", "tf2onnx", "onnxruntime", "ai_edge_litert"},
}


def modules(root, *packages):
    """{dotted name: path} of every module of the packages, sub-packages included."""
    found = {}
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name, path):
    """(module, name in it or None) of each import in a file, relative ones resolved."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= len(package), f"{path}: line {node.lineno} leaves its package"
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((module, alias.name) for alias in node.names)


@pytest.mark.parametrize("wing", ["models", "datasets"])
def test_the_ground_floor_imports_only_what_it_may(root, wing):
    for name, path in modules(root, wing).items():
        may = MAY_IMPORT[wing] | {wing} | MAY_ALSO.get(name, set())
        for module, _ in imports(name, path):
            package = module.partition(".")[0]
            assert package in may or package in sys.stdlib_module_names, f"{path}: {module}"


@pytest.mark.parametrize("wing", ["models", "datasets"])
def test_imports_inside_models_and_datasets_are_relative(root, wing):
    """So that the same files work as `models` in the repository and as `glass_zoo.models` when installed."""
    for path in (root / wing).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(from|import) (models|datasets|tutorials)\b", text, re.M), path


def test_no_module_needs_itself_by_way_of_others(root):
    known = modules(root, "models", "datasets", "tutorials")
    graph = {}
    for name, path in known.items():
        graph[name] = set()
        for module, member in imports(name, path):
            inner = f"{module}.{member}"
            if inner in known or module in known:
                graph[name].add(inner if inner in known else module)
        graph[name].discard(name)
    assert len([*graphlib.TopologicalSorter(graph).static_order()]) == len(known)


def test_models_ask_datasets_only_for_what_knows_no_data_set(root):
    """For both packages there is one download and one way to make a name safe."""
    from models.sibling import ALLOWED

    asked = set()
    for path in (root / "models").rglob("*.py"):
        asked |= set(re.findall(r'datasets_module\("([\w.]+)"\)', path.read_text(encoding="utf-8")))
    assert asked == set(ALLOWED)
    code = "import sys; import datasets.files.download, datasets.files.names; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"numpy", "keras", "models", "tutorials"} & set(loaded.split())


def test_names_begin_with_an_underscore_only_beside_public_ones(root):
    for name in modules(root, "models", "datasets", "tutorials"):
        package, _, own = name.rpartition(".")
        assert not own.startswith("_") or own == "__main__" or "." in package, name


def test_no_lesson_imports_another(root):
    from tutorials.__main__ import LESSONS

    lessons = {f"tutorials.{lesson}" for lesson in LESSONS}
    for name, path in modules(root, "tutorials").items():
        for module, member in imports(name, path):
            assert not {module, f"{module}.{member}"} & lessons, f"{path}: {module}"


def test_every_lesson_is_listed_and_every_listed_one_is_there(root):
    from tutorials.__main__ import LESSONS

    commands = {"predict"}
    files = {path.stem for path in (root / "tutorials").glob("[a-z]*.py")}
    assert files == set(LESSONS) | commands


def test_names_of_no_machine_are_in_the_project(root):
    private = re.compile("/" + "work/|/" + "root/|/" + "opt/|shared" + "/data")
    for path in root.rglob("*"):
        parts = path.relative_to(root).parts
        if parts[0].startswith(".") or path.suffix not in {".py", ".md", ".txt", ".toml", ".json"}:
            continue
        if "build" in parts or any(part.endswith(".egg-info") for part in parts):
            continue
        assert not private.search(path.read_text(encoding="utf-8")), path
