"""Every public function shows an example, and every example gives what it says."""

import importlib
import inspect
from pathlib import Path

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


ROOT = Path(__file__).parents[2]
# A test for each module: xdist begins with the files of most tests, so that this long one is not the last
SHOWING = [path for path in (ROOT / "models").rglob("*.py") if ">>> " in path.read_text(encoding="utf-8")]
NAMES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in SHOWING
)


def test_most_modules_have_examples(root, docstrings):
    assert len(NAMES) > 150 and set(NAMES) <= set(docstrings.modules(root, "models"))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_example_gives_what_it_says(name, docstrings):
    examples, report = docstrings.run_examples([name])
    assert not report
    assert examples


def test_every_public_function_has_an_example_and_says_what_it_takes_gives_and_raises(root, docstrings):
    for name in docstrings.modules(root, "models"):
        if not name.startswith(INTERNAL):
            for what, value in docstrings.public(importlib.import_module(name)):
                assert docstrings.faults(f"{name}.{what}", value) == []


def test_every_builder_says_what_it_returns_and_raises():
    import models

    for name in models.__all__:
        if name != "ModelError":
            said = inspect.getdoc(getattr(models, name))
            returns = () if inspect.isclass(getattr(models, name)) else ("Returns:",)
            for part in ("Args:", *returns, "Raises:", "Example:", "ModelError"):
                assert part in said, f"{name} has no {part}"


@pytest.mark.parametrize("name", ["ConvNet", "MLP", "SentimentLSTM"])
def test_a_builder_keeps_its_signature_for_editors(name):
    import models

    parameters = inspect.signature(getattr(models, name)).parameters
    assert {"classes", "classifier_activation", "weights", "name"} <= set(parameters)
