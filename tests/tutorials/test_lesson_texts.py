"""The texts of the lessons: their parts, length, sums, commands and figures are as they should be."""

import ast
import re
import shlex
from itertools import pairwise

import pytest

import models
from tutorials.__main__ import LESSONS

PARTS = (
    "The question", "The idea", "Before you run it", "How to read the figures", "What it means", "Exercises",
    "Read more",
)  # fmt: skip
SUM = re.compile(r"\$([^$=]+)=([^$=]+)\$")


def source(root, name):
    return ast.parse((root / "tutorials" / f"{name}.py").read_text(encoding="utf-8"))


def text(root, name):
    return ast.get_docstring(source(root, name))


def drawn(root, name):
    """A lesson's figures: those that its own code names, and those that test_lessons.py finds in its folder.

    The latter are also those that are drawn elsewhere, or whose names come from a table.
    """
    tests = ast.parse((root / "tests" / "tutorials" / "test_lessons.py").read_text(encoding="utf-8"))
    found = next(
        node.value
        for node in tests.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "FIGURES"
    )
    named = {
        call.args[0].value
        for call in ast.walk(source(root, name))
        if isinstance(call, ast.Call)
        and getattr(call.func, "attr", "") in ("figure", "animation")
        and isinstance(call.args[0], ast.Constant)
    }
    return named | ast.literal_eval(found)[name]


def number(formula):
    """What a formula of numbers comes to; None for one with letters."""
    formula = formula.replace("{,}", "").replace(r"\cdot", "*")
    formula = re.sub(r"\\left\\lfloor|\\lfloor", "floor(", formula)
    formula = re.sub(r"\\right\\rfloor|\\rfloor", ")", formula)
    formula = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", formula)
    if re.search(r"[A-Za-z\\^_]", formula.replace("floor", "")):
        return None
    return eval(formula, {"__builtins__": {}, "floor": lambda value: value // 1})  # numbers and + - * / alone


@pytest.mark.parametrize("name", LESSONS)
def test_it_has_every_part_in_300_to_600_words(name, root):
    said = text(root, name)
    parts = re.split(r"^## (.+)$", said, flags=re.MULTILINE)
    assert tuple(parts[1::2]) == PARTS
    assert all(part.strip() for part in parts)
    prose = re.sub(r"\$\$[^$]+\$\$|\$[^$]+\$|^\|.*$|`[^`]+`", " x ", said, flags=re.MULTILINE)
    assert 300 <= len(prose.split()) <= 600


@pytest.mark.parametrize("name", LESSONS)
def test_no_line_begins_with_what_markdown_takes_for_something_else(name, root):
    """The site leaves out a line that begins with a percent sign; others become quotations or lists."""
    assert not re.findall(r"^ *(?:[%>+] ?|#(?!# )).*", text(root, name), re.MULTILINE)


@pytest.mark.parametrize("name", LESSONS)
def test_every_exercise_has_a_solution_folded_away(name, root):
    exercises = text(root, name).partition("## Exercises")[2].partition("## Read more")[0]
    asked, _, solved = exercises.partition("<details><summary>Solutions</summary>\n\n")
    assert solved.rstrip().endswith("\n\n</details>")
    numbers = [re.findall(r"^(\d+)\. ", part, re.MULTILINE) for part in (asked, solved)]
    assert numbers[0] == numbers[1] and 2 <= len(numbers[0]) <= 3


@pytest.mark.parametrize("name", LESSONS)
def test_every_sum_is_right(name, root):
    for left, right in SUM.findall(re.sub(r"\$\$(.+?)\$\$", r"$\1$", text(root, name), flags=re.DOTALL)):
        values = number(left), number(right)
        assert None in values or abs(values[0] - values[1]) < 1e-9, f"{left} is not {right}"


@pytest.mark.parametrize("name", LESSONS)
def test_its_commands_name_settings_that_there_are(name, root):
    said, main = (
        text(root, name),
        next(n for n in source(root, name).body if getattr(n, "name", "") == "main"),
    )
    settings = {argument.arg for argument in main.args.args}
    for command in re.findall(r"`python -m tutorials\.([^`]+)`", said):
        lesson, *words = shlex.split(command)
        assert lesson == name
        assert {word[2:].replace("-", "_") for word in words if word.startswith("--")} <= settings
    for flag in re.findall(r"`--([a-z-]+)[^`]*`", said):
        assert flag.replace("-", "_") in settings
    other = set(re.findall(r"Next: `(\w+)`|\(`(\w+)`\)", said))
    assert {each for pair in other for each in pair if each} <= set(LESSONS)


@pytest.mark.parametrize(("name", "following"), list(pairwise(LESSONS)))
def test_the_next_lesson_is_the_one_that_follows_in_reading_order(name, following, root):
    assert re.findall(r"^Next: `(\w+)`", text(root, name), re.MULTILINE) == [following]


@pytest.mark.parametrize("name", LESSONS)
def test_every_figure_is_explained(name, root):
    told = text(root, name).partition("## How to read the figures")[2].partition("## What it means")[0]
    figures = drawn(root, name) - {"inputs"}
    assert set(re.findall(r"`(\w+)`", told)) - (set(LESSONS) - figures) == figures


def test_the_digits_table_is_the_networks_summary(root):
    said, network = text(root, "digits"), models.ConvNet()
    for layer, shape, formula in re.findall(r"^\| `(\w+)`[^|]*\| ([\d×,]+) \| (.*) \|$", said, re.MULTILINE):
        built = network.get_layer(layer)
        assert tuple(int(n.replace(",", "")) for n in shape.split("×")) == built.output.shape[1:]
        count = 0 if formula == "none" else number(formula.strip("$").partition("=")[2])
        assert built.count_params() == count
    assert said.count("\n| `") == 6


def test_the_counts_of_sound_and_video_are_the_layers(root):
    spectrogram = models.SoundConvNet((8000,), 5).get_layer("spectrogram")
    assert spectrogram.count_params() == 66_048 and spectrogram.output.shape[1:3] == (61, 129)
    assert "66{,}048" in text(root, "sound") and "129×61" in text(root, "sound")
    assert models.VideoLSTM((8, 24, 24, 1), classes=8).get_layer("lstm").count_params() == 15_552
    assert "15{,}552" in text(root, "video")
    changed = [
        builder((8, 24, 24, 1), classes=8).count_params()
        != builder((16, 24, 24, 1), classes=8).count_params()
        for builder in (models.FrameByFrame, models.VideoLSTM, models.VideoConv3D)
    ]
    assert changed == [False, False, True]
