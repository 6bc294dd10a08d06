"""Every public function of `datasets` shows an example, and every example gives what it says."""

import importlib
import sys

import pytest

# Modules and packages that users do not call: their examples run, too, but none is asked for
INTERNAL = (
    "datasets.files",
    "datasets.photos.candidates",
    "datasets.photos.classes",
    "datasets.photos.decoding",
    "datasets.photos.display",
    "datasets.photos.duplicates",
    "datasets.photos.files",
    "datasets.photos.findings",
    "datasets.photos.kept",
    "datasets.photos.label_sets",
    "datasets.photos.placeholders",
    "datasets.photos.pool",
    "datasets.photos.remote",
    "datasets.photos.sharded",
    "datasets.photos.streamed",
    "datasets.photos.tables",
    "datasets.photos.tar_shards",
    "datasets.photos.views",
    "datasets.texts.checking",
    "datasets.texts.collecting",
    "datasets.texts.locating",
    "datasets.texts.stream_reading",
)


@pytest.mark.slow
def test_every_example_gives_what_it_says(root, docstrings):
    examples, report = docstrings.run_examples(docstrings.modules(root, "datasets"))
    assert not report
    assert examples > 100


def test_every_public_function_has_an_example_and_says_what_it_takes_gives_and_raises(root, docstrings):
    found = []
    for name in docstrings.modules(root, "datasets"):
        if name.startswith(INTERNAL):
            continue
        for what, value in docstrings.public(importlib.import_module(name)):
            found += docstrings.faults(f"{name}.{what}", value, strict=True)
            if isinstance(value, type):
                for method, function in docstrings.methods(value):
                    found += docstrings.faults(f"{name}.{what}.{method}", function, strict=True)
    assert found == []


SAMPLE = '''
def silent(number, name):
    """Give a number.

    Args:
        number: It.
    """
    if not number:
        raise ValueError
    return number


def wrong():
    """Add.

    Returns:
        A number.

    Example:
        >>> 1 + 1
        3
    """
    return 2
'''


def test_a_wrong_example_and_a_silent_docstring_are_noticed(tmp_path, docstrings, monkeypatch):
    (tmp_path / "sample_of_docstrings").mkdir()
    (tmp_path / "sample_of_docstrings" / "__init__.py").write_text(SAMPLE)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("sample_of_docstrings")
    assert docstrings.faults("silent", module.silent, strict=True) == [
        "silent has no example",
        "silent says nothing of name",
        "silent has no Returns",
        "silent has no Raises",
    ]
    assert docstrings.faults("wrong", module.wrong, strict=True) == []
    examples, report = docstrings.run_examples(docstrings.modules(tmp_path, "sample_of_docstrings"))
    assert examples == 1
    assert "Expected:\n    3\nGot:\n    2" in report
    del sys.modules["sample_of_docstrings"]
