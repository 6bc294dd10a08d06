"""The glossary's terms stand in the lessons it links to; the exercises' formulas are what Keras counts."""

import ast
import math
import re

import keras
import pytest

from docs.counting import EXERCISES, answers, counting_exercises
from docs.readme import of_the_site
from tutorials.__main__ import LESSONS

ENTRY = re.compile(
    r"^(\S[^\n]*)\n: (.*?)\s\[`(\w+)`\]\(\.\./\.\./tutorials/\w+\.py\)$", re.MULTILINE | re.DOTALL
)
# Words that lessons set in bold where they number their parts, and that are no terms
PARTS = {"frame by frame", "from scratch", "fine-tuned", "not fine-tuned", "last layer only", "votes"} | {
    "theoretical", "effective",
}  # fmt: skip


def page(root):
    return (root / "docs" / "pages" / "glossary.md").read_text(encoding="utf-8")


def entries(root):
    body = page(root).partition("{.glossary}\n")[2]
    return ENTRY.findall(body)


def plain(text):
    """A lesson's words in lower case, without line ends, code marks and underscores, each plural as it is."""
    return " ".join(re.sub(r"[`*_]+", " ", text).lower().split())


def lesson_text(root, lesson):
    tree = ast.parse((root / "tutorials" / f"{lesson}.py").read_text(encoding="utf-8"))
    return ast.get_docstring(tree)


def test_every_line_of_the_glossary_is_part_of_an_entry(root):
    found = entries(root)
    assert len(found) > 60
    assert page(root).count("\n: ") == len(found) == page(root).count("](../../tutorials/")
    assert len(re.split(r"\n\n", page(root).partition("{.glossary}\n")[2].strip())) == len(found)


def test_terms_are_in_order_and_stand_once(root):
    terms = [term.lower() for term, _, _ in entries(root)]
    assert terms == sorted(set(terms))


def test_every_definition_is_one_or_two_sentences(root):
    for term, said, _ in entries(root):
        sentences = re.split(r"(?<=[.?!]) (?=[A-Z])", " ".join(said.split()))
        assert 1 <= len(sentences) <= 2 and sentences[-1].endswith((".", ".)")), term
        assert len(said.split()) <= 50, term


def test_every_term_stands_in_the_text_of_its_lesson(root):
    assert {lesson for _, _, lesson in entries(root)} <= set(LESSONS)
    missing = [
        f"{lesson} does not say {term!r}"
        for term, _, lesson in entries(root)
        if plain(term) not in plain(lesson_text(root, lesson))
    ]
    assert not missing


def bold(text):
    """What a lesson's text sets in bold: what it explains."""
    return {plain(found).strip(".:") for found in re.findall(r"\*\*([^*]+)\*\*", text)}


def forms(term):
    return {plain(term), plain(term) + "s", plain(term) + "es"}


def test_every_term_in_bold_in_a_lesson_is_in_the_glossary(root):
    known = PARTS.union(*(forms(term) for term, _, _ in entries(root)))
    missing = {lesson: bold(lesson_text(root, lesson)) - known for lesson in LESSONS}
    assert not any(missing.values()), missing


def test_a_term_that_lessons_explain_leads_to_one_of_these(root):
    explained = {lesson: bold(lesson_text(root, lesson)) for lesson in LESSONS}
    for term, _, lesson in entries(root):
        where = [one for one in LESSONS if explained[one] & forms(term)]
        assert not where or lesson in where, f"{term} is explained in {where}"


def test_a_lesson_that_the_site_leaves_out_is_named_without_a_link():
    links = "[`digits`](../../tutorials/digits.py), [`sound`](../../tutorials/sound.py)"
    assert of_the_site(links, ["digits"]) == "[`digits`](/lessons/digits.ipynb), `sound`"


def worked_out(formula):
    """What a formula of whole numbers comes to."""
    plain_formula = formula.replace("{,}", "").replace(r"\cdot", "*")
    assert re.fullmatch(r"[\d+*() -]+", plain_formula), formula
    return eval(plain_formula, {"__builtins__": {}})


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda each: each.title)
def test_what_is_worked_out_by_hand_is_what_keras_counts(exercise):
    assert answers(exercise) == [worked_out(count.formula) for count in exercise.counts]


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda each: each.title)
def test_keras_counts_every_number_in_the_models(exercise):
    """The parameters of the models, counted in their arrays, are among the answers: none asks for less."""
    known = {"keras": keras, "layers": keras.layers, "models": __import__("models")}
    exec(exercise.code, known)
    built = {name: value for name, value in known.items() if isinstance(value, keras.Model)}
    assert built
    for model in built.values():
        assert sum(math.prod(weights.shape) for weights in model.get_weights()) in answers(exercise)


def test_the_exercises_reach_from_a_dense_layer_to_an_lstm_with_their_solutions_folded_away():
    shown = counting_exercises()
    used = "".join(exercise.code for exercise in EXERCISES)
    for layer in "Dense", "Conv2D", "SeparableConv2D", "BatchNormalization", "Embedding", "SimpleRNN", "LSTM":
        assert f"layers.{layer}(" in used
    assert shown.count("<details><summary>Solution</summary>\n\n") == len(EXERCISES) >= 10
    assert shown.count("\n\n</details>") == len(EXERCISES)
    for question in re.findall(r"^## .*?(?=<details>)", shown, re.MULTILINE | re.DOTALL):
        assert "$" not in question and "count_params" not in question
