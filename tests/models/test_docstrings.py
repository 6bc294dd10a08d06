"""Every public function shows an example, and every example gives what it says."""

import doctest
import importlib
import inspect

import keras
import pytest

# Packages and modules that users do not call: their examples run, too, but none is asked for
INTERNAL = (
    "models.checks.free_memory",
    "models.errors",
    "models.export.html",
    "models.export.page.bundle",
    "models.loading",
    "models.pretrained",
    "models.startup",
    "models.zoo",
)


def modules(root):
    """Dotted names of the modules of `models`."""
    paths = (path.relative_to(root).with_suffix("") for path in (root / "models").rglob("*.py"))
    return sorted(".".join(path.parts).removesuffix(".__init__") for path in paths if path.name != "__main__")


def public(module):
    """Functions and classes that are written in this module and do not begin with an underscore."""
    for name, value in vars(module).items():
        written = getattr(value, "__module__", None) == module.__name__
        if written and not name.startswith("_") and (inspect.isfunction(value) or inspect.isclass(value)):
            yield name, value


def test_every_example_gives_what_it_says(root):
    runner = doctest.DocTestRunner(verbose=False)
    finder, report = doctest.DocTestFinder(), []
    for name in modules(root):
        module = importlib.import_module(name)
        for test in finder.find(module):
            keras.utils.set_random_seed(0)
            runner.run(test, out=report.append)
    assert not runner.failures, "".join(report)
    assert runner.tries > 150


def test_every_public_function_has_an_example_and_says_what_it_takes_gives_and_raises(root):
    for name in modules(root):
        if name.startswith(INTERNAL):
            continue
        module = importlib.import_module(name)
        for what, value in public(module):
            said = inspect.getdoc(value) or ""
            assert ">>> " in said, f"{name}.{what} has no example"
            if inspect.isfunction(value):
                parameters = inspect.signature(value).parameters
                for parameter in parameters:
                    assert parameter in said, f"{name}.{what} says nothing of {parameter}"
                assert not parameters or "Args:" in said, f"{name}.{what} has no Args"


def test_every_builder_says_what_it_returns_and_raises():
    import models

    for name in models.__all__:
        if name != "ModelError":
            said, parts = (
                inspect.getdoc(getattr(models, name)),
                ["Args:", "Raises:", "Example:", "ModelError"],
            )
            parts += [] if hasattr(getattr(models, name), "fit") else ["Returns:"]  # its methods say that
            for part in parts:
                assert part in said, f"{name} has no {part}"


def test_a_wrong_example_is_noticed():
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(wrong, out=lambda text: None)
    assert runner.failures == 1


@pytest.mark.parametrize("name", ["ConvNet", "MLP", "SentimentLSTM"])
def test_a_builder_keeps_its_signature_for_editors(name):
    import models

    parameters = inspect.signature(getattr(models, name)).parameters
    assert {"classes", "classifier_activation", "weights", "name"} <= set(parameters)
