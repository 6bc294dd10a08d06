"""What the tests of docstrings share: every public function shows an example, and every example runs."""

import ast
import doctest
import importlib
import inspect
import textwrap

import keras


def modules(root, package):
    """Dotted names of all modules of a package, those of its sub-packages included."""
    paths = (path.relative_to(root).with_suffix("") for path in (root / package).rglob("*.py"))
    return sorted(".".join(path.parts).removesuffix(".__init__") for path in paths if path.name != "__main__")


def public(module):
    """(name, value) of the functions and classes that a module defines, without an underscore before it."""
    for name, value in vars(module).items():
        defined = getattr(value, "__module__", None) == module.__name__
        if defined and not name.startswith("_") and (inspect.isfunction(value) or inspect.isclass(value)):
            yield name, value


def methods(kind):
    """(name, function) of the public methods that a class defines itself, class methods included."""
    for name, value in vars(kind).items():
        function = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
        if inspect.isfunction(function) and not name.startswith("_"):
            yield name, function


def run_examples(names):
    """Run all examples of modules.

    Args:
        names: Dotted names of the modules.

    Returns:
        (how many there are, the doctest's report on those that give something else than they say).
    """
    runner = doctest.DocTestRunner(verbose=False)
    finder, report = doctest.DocTestFinder(), []
    for name in names:
        for test in finder.find(importlib.import_module(name)):
            keras.utils.set_random_seed(0)
            runner.run(test, out=report.append)
    return runner.tries, "".join(report)


def faults(what, value, strict=False):
    """What a function's or a class's docstring lacks, a sentence each.

    Args:
        what: Its name for the sentence.
        value: The function or class.
        strict: Whether a function must say, too, what it returns and what it raises.
    """
    said, found = inspect.getdoc(value) or "", []
    if ">>> " not in said:
        found.append(f"{what} has no example")
    if not inspect.isfunction(value):
        return found
    parameters = [name for name in inspect.signature(value).parameters if name not in ("self", "cls")]
    found += [f"{what} says nothing of {name}" for name in parameters if name not in said]
    if parameters and "Args:" not in said:
        found.append(f"{what} has no Args")
    if strict:
        returns, yields, raises = _does(value)
        needed = (yields, "Yields"), (returns and not yields, "Returns"), (raises, "Raises")
        found += [f"{what} has no {part}" for does, part in needed if does and f"{part}:" not in said]
    return found


def _does(function):
    """Whether a function returns a value, whether it yields any, and whether it raises an error itself."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    nodes, found = [*tree.body], []
    while nodes:  # not into functions that are defined inside
        node = nodes.pop()
        if not isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            found.append(node)
            nodes += ast.iter_child_nodes(node)
    return (
        any(isinstance(node, ast.Return) and node.value is not None for node in found),
        any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in found),
        any(isinstance(node, ast.Raise) and node.exc is not None for node in found),
    )
