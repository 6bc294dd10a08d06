"""The house keeps its shape: imports run one way, files lie where their names say, and none grows too large.

Each rule is a function of a project's folder that yields what breaks it. Below, each is also tried on a small
house with one fault in it.
"""

import ast
import functools
import graphlib
import itertools
import re
import subprocess
import sys
from typing import NamedTuple

import pytest

WINGS = "models", "datasets", "tutorials"
MAY_IMPORT = {
    "models": {"h5py", "jinja2", "keras", "lazy_loader", "numpy", "PIL", "rich", "scipy", "sklearn"},
    "datasets": {"imagehash", "keras", "lazy_loader", "numpy", "PIL", "scipy", "sklearn"},
}
MAY_ALSO = {
    "models.gradients": {"tensorflow", "jax", "torch"},  # the one place where gradients come from
    "models.compiled": {"tensorflow", "jax", "torch"},  # and where steps of training are compiled
    "models.distribution.joining": {"jax"},  # optional: several processes
    "models.distribution.training": {"jax"},
    "models.fine_tuning.linear_probe": {"threadpoolctl"},
    "models.fine_tuning.multi_label.one_vs_rest": {"threadpoolctl"},
    "models.labelling.wrong_labels": {"cleanlab"},
    "models.fine_tuning.features": {"tensorflow"},  # tf.data: validation starts twice as fast with it
    "models.ngram_index": {"tensorflow"},  # strings, of which Keras knows only TextVectorization's own
    "models.word_index": {"tensorflow"},  # likewise
    "datasets.photos.heif": {"pillow_heif"},  # optional: the photos of phones
    "datasets.files.spreadsheets": {"pyarrow", "openpyxl"},  # optional: Parquet and xlsx
    "datasets.photos.sharded.engines": {"ray"},  # optional: photos checked on a cluster
    "datasets.files.sounds": {"soundfile"},  # optional: FLAC, OGG and MP3
    "datasets.videos.films": {"av"},  # optional: MP4 and the like
    "models.pretrained.hub_presets": {"keras_hub"},  # optional: its presets as backbones
    "models.export.formats": {"tensorflow", "onnx", "tf2onnx", "onnxruntime", "ai_edge_litert"},
}
DATA_SETS = "digits", "reviews", "tones", "videos", "generated"  # of which no model may know

FUNCTION, MAIN, FILE = 60, 90, 450  # lines at most: of a function's body, of a lesson's `main`, of a file
# Those that are longer, with their lines. The list only shrinks: no number grows, and no name is added
LONGER = {
    "models/checks/arguments.py": 520,
    "models/receptive_fields.py": 486,
}
FLAG = re.compile(r"(?<![\w-])--[a-z][\w-]*")
ODD_WORDS = re.compile(r"\b(told right|read right|step size)", re.IGNORECASE)


def modules(root, *packages):
    """{dotted name: path} of every module of the packages, sub-packages included."""
    found = {}
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


class Facts(NamedTuple):
    """What the rules ask of a file: small, where its tree is large."""

    imports: list  # (dots, module or None, name in it or None)
    functions: list  # (name, lines of the body)
    strings: list


@functools.cache
def facts(text):
    found = Facts([], [], [])
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found.imports.extend((0, alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.imports.extend((node.level, node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.FunctionDef):
            body = node.body[bool(ast.get_docstring(node)) and len(node.body) > 1]
            found.functions.append((node.name, node.end_lineno - body.lineno + 1))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.strings.append(node.value)
    return found


def facts_of(path):
    return facts(path.read_text(encoding="utf-8"))


def imports(name, path):
    """(module, name in it or None, dots) of each import in a file, relative ones resolved."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for dots, module, member in facts_of(path).imports:
        base = package[: max(0, len(package) - dots + 1)] if dots else []
        yield ".".join([*base, *([module] if module else [])]), member, dots


def lessons(root):
    """The names that tutorials/__main__.py lists, read without running it."""
    for node in ast.parse((root / "tutorials" / "__main__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "LESSONS":
            return set(ast.literal_eval(node.value))
    raise AssertionError("tutorials/__main__.py lists no LESSONS")


def files(root, *suffixes):
    for wing in WINGS:
        for path in sorted((root / wing).rglob("*")):
            if path.suffix in suffixes and "__pycache__" not in path.parts:
                yield path.relative_to(root).as_posix(), path


def strangers(root):
    """The ground floor imports only itself, the standard library, and what is listed above."""
    for wing, may in MAY_IMPORT.items():
        for name, path in modules(root, wing).items():
            for module, _, _ in imports(name, path):
                package = module.partition(".")[0]
                if package not in may | {wing} | MAY_ALSO.get(name, set()) | sys.stdlib_module_names:
                    yield f"{name} imports {module}"


def absolute_imports(root):
    """Imports inside models and datasets are relative: the same files are also `glass_zoo.models`."""
    for wing in MAY_IMPORT:
        for name, path in modules(root, wing).items():
            for module, _, dots in imports(name, path):
                if not dots and module.partition(".")[0] in {*WINGS, "glass_zoo"}:
                    yield f"{name} imports {module}"


def upward_imports(root):
    """No module of the tutorials imports a lesson, or what stands beside the product."""
    above = {f"tutorials.{name}" for name in lessons(root)} | {"tutorials.__main__", "tutorials.predict"}
    for name, path in modules(root, "tutorials").items():
        for module, member, _ in imports(name, path):
            beside = module.partition(".")[0] in {"benchmarks", "docs", "tests"}
            if beside or {module, f"{module}.{member}"} & (above - {name}):
                yield f"{name} imports {module}"


def circles(root):
    """No module needs itself by way of others, and no sub-package does."""
    known = modules(root, *WINGS)
    graph = {name: set() for name in known}
    for name, path in known.items():
        for module, member, _ in imports(name, path):
            target = f"{module}.{member}" if f"{module}.{member}" in known else module
            if target in known:
                graph[name].add(target)
    rooms = {}
    for name, targets in graph.items():
        own = room(name, known)
        rooms.setdefault(own, set()).update({room(target, known) for target in targets} - {own})
        targets.discard(name)
    for kind in graph, rooms:
        try:
            graphlib.TopologicalSorter(kind).prepare()
        except graphlib.CycleError as error:
            yield " needs ".join(reversed(error.args[1]))


def room(name, known):
    """The sub-package that a module belongs to; one that stands directly in a wing is its own."""
    inner = name.split(".")[:2]
    package = known.get(".".join(inner))
    return ".".join(inner) if package and package.name == "__init__.py" else name


def hidden_files(root):
    """An underscore only inside a sub-package that has public files beside it."""
    for wing in WINGS:
        for path in sorted((root / wing).rglob("_*")):
            if "__pycache__" in path.parts or path.stem in {"__init__", "__main__"}:
                continue
            beside = [one for one in path.parent.glob("[a-z]*.*") if one.suffix == path.suffix]
            if path.is_dir() or path.parent.parent == root or not beside:
                yield path.relative_to(root).as_posix()


def lengths(root):
    """{name: lines} of the files and functions that are too long."""
    found = {}
    for name, path in files(root, ".py", ".js"):
        count = path.read_text(encoding="utf-8").count("\n")
        if count > FILE:
            found[name] = count
        for function, count in facts_of(path).functions if path.suffix == ".py" else ():
            lesson = path.parent == root / "tutorials" and function == "main"
            if count > (MAIN if lesson else FUNCTION):
                found[f"{name}: {function}"] = count
    return found


def flags(root):
    """{file: number of strings that name a flag} of the library, which has arguments and no flags."""
    found = {}
    for name, path in files(root, ".py"):
        named = sum(bool(FLAG.search(text)) for text in facts_of(path).strings)
        if named and not name.startswith("tutorials/"):
            found[name] = named
    return found


def odd_words(root):
    """{file: number of words} that the field does not use: see "Words" in CONTRIBUTING.md."""
    found = {}
    readme = [("README.md", root / "README.md")] if (root / "README.md").exists() else []
    for name, path in [*readme, *files(root, ".py", ".pyi", ".js", ".html", ".css", ".json")]:
        text = re.sub(r"[\s#*/]+", " ", path.read_text(encoding="utf-8"))  # also across lines of a comment
        if count := len(ODD_WORDS.findall(text)):
            found[name] = count
    return found


RULES = strangers, absolute_imports, upward_imports, circles, hidden_files
LISTS = {lengths: LONGER, flags: {}, odd_words: {}}


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps_its_rules(root, rule):
    assert not list(rule(root)), rule.__doc__


@pytest.mark.parametrize("measure", LISTS)
def test_lists_of_exceptions_only_shrink(root, measure):
    found, listed = measure(root), LISTS[measure]
    new = {name: count for name, count in found.items() if count > listed.get(name, 0)}
    assert not new, f"{measure.__doc__} Shorten or reword these; the list of exceptions does not grow."
    done = {name: found.get(name) for name, count in listed.items() if found.get(name) != count}
    assert not done, "Better than the list of exceptions says: write the new number, or take the name off."


SMALL = {
    "README.md": "# A house\n",
    "models/__init__.py": "",
    "models/dense.py": "import keras\nfrom .checks.arguments import number\n",
    "models/checks/__init__.py": "",
    "models/checks/arguments.py": "from ._numbers import number\n",
    "models/checks/_numbers.py": "import math\nnumber = math.inf\n",
    "datasets/__init__.py": "",
    "datasets/digits.py": "import numpy as np\nMINUS = 'a -- b', 'x--y'\n",
    "tutorials/__init__.py": "",
    "tutorials/__main__.py": 'LESSONS = {"one": 0.1, "two": 0.2}\n',
    "tutorials/one.py": "import models\nfrom tutorials.figures import charts\ndef main():\n    pass\n",
    "tutorials/two.py": "'''Two.'''\nHELP = '--epochs'\n" + "def main():\n" + "    x = 0\n" * 80,
    "tutorials/figures/__init__.py": "",
    "tutorials/figures/charts.py": "import matplotlib\n",
}
LONG = "def f():\n    '''Doc.'''\n" + "    x = 0\n"
FAULTS = [
    (strangers, "models/dense.py", "import matplotlib.pyplot\n"),
    (strangers, "models/checks/arguments.py", "def f():\n    import tensorflow as tf\n"),
    (strangers, "datasets/digits.py", "import models\n"),
    (strangers, "models/dense.py", "from datasets.files import names\n"),
    (strangers, "models/dense.py", "import tutorials.one\n"),
    (absolute_imports, "models/dense.py", "from models.checks import arguments\n"),
    (absolute_imports, "datasets/digits.py", "import glass_zoo.datasets\n"),
    (upward_imports, "tutorials/one.py", "from tutorials import two\n"),
    (upward_imports, "tutorials/one.py", "from tutorials.two import main\n"),
    (upward_imports, "tutorials/one.py", "from . import two\n"),
    (upward_imports, "tutorials/figures/charts.py", "import tutorials.two\n"),
    (upward_imports, "tutorials/figures/charts.py", "from benchmarks import seeds\n"),
    (circles, "models/checks/arguments.py", "from ..dense import Dense\n"),
    (circles, "models/checks/other.py", "from .. import dense\n"),  # no circle of modules, but of packages
    (circles, "tutorials/figures/charts.py", "from .bars import bar\n"),
    (hidden_files, "models/_dense.py", ""),
    (hidden_files, "tutorials/_page.js", ""),
    (hidden_files, "models/_inner/public.py", ""),
    (hidden_files, "models/checks/deep/_alone.py", ""),
    (lengths, "models/dense.py", LONG + "    x = 0\n" * 60),
    (lengths, "models/long.js", "x\n" * 451),
    (lengths, "tutorials/two.py", "def main():\n" + "    x = 0\n" * 91),
    (flags, "models/dense.py", "raise ValueError(f'name {x} with --data.')\n"),
    (flags, "datasets/digits.py", "raise ValueError('leave out '\n'--no-cache')\n"),
    (odd_words, "README.md", "The step\nsize falls.\n"),
    (odd_words, "models/dense.py", "# Most were told\n# right.\n"),
    (odd_words, "tutorials/figures/page.html", "<p>Read right: 5</p>\n"),
]


@pytest.fixture
def house(tmp_path):
    for name, text in SMALL.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_house_without_faults_has_none(house):
    (house / "models" / "dense.py").write_text(LONG + "    x = 0\n" * 59)
    for rule in [*RULES, *LISTS]:
        assert not list(rule(house)), rule.__doc__


@pytest.mark.parametrize(("rule", "name", "code"), FAULTS)
def test_a_fault_breaks_its_rule(house, rule, name, code):
    path = house / name
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(before + code, encoding="utf-8")
    if "bars" in code:
        (path.parent / "bars.py").write_text("from .charts import bar\n")
    assert list(rule(house))


def test_models_ask_datasets_only_for_what_knows_no_data_set(root):
    """For both packages there is one download, one way to make a name safe, one reader of photos."""
    from models.sibling import ALLOWED

    asked = set()
    for path in (root / "models").rglob("*.py"):
        asked |= set(re.findall(r'datasets_module\("([\w.]+)"\)', path.read_text(encoding="utf-8")))
    assert asked == set(ALLOWED)
    code = f"import {', '.join(f'datasets.{name}' for name in ALLOWED)}, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    forbidden = {"models", "tutorials", *(f"datasets.{name}" for name in DATA_SETS)}
    assert not forbidden & set(loaded.split())


def test_every_lesson_is_listed_and_every_listed_one_is_there(root):
    assert {path.stem for path in (root / "tutorials").glob("[a-z]*.py")} == lessons(root) | {"predict"}


def test_names_of_no_machine_are_in_the_project(root):
    private = re.compile("/" + "work/|/" + "root/|/" + "opt/|shared" + "/data")
    suffixes = {".py", ".md", ".txt", ".toml", ".json", ".yml", ".yaml"}
    # The results of a lesson, in outputs/, name the user's data
    hidden = {".git", ".venv", ".venv-extra", ".venv-docs", "outputs"}
    top = [path for path in root.iterdir() if path.name not in hidden]
    for path in itertools.chain(*([one] if one.is_file() else one.rglob("*") for one in top)):
        parts = path.relative_to(root).parts
        if path.suffix not in suffixes or "build" in parts or any(p.endswith(".egg-info") for p in parts):
            continue
        assert not private.search(path.read_text(encoding="utf-8")), path
