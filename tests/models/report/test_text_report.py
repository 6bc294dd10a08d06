"""The report of a classifier of texts: whatever texts say is text, and nothing of it is called a photo."""

import html
import re

import numpy as np
import pytest

from models.evaluation import Evaluation
from models.report.next_steps import next_steps
from models.report.report import Baseline, TextMistake, TextReport, TextSuspicion, render
from models.scores import ClassScore, Share

HOSTILE = [
    "</p><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "</style><script>document.title = 1</script>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202edesrever",
    "\ud800half",
]


def full(text):
    """A page with this text wherever a text or a name can be."""
    return render(
        TextReport(
            text,
            text,
            used=20,
            set_aside=1,
            test_accuracy=Share(9, 10),
            baselines=[Baseline(text, Share(5, 10), text)],
            quarantine=[(text, text)],
            class_names=[text, "b"],
            counts={"train": [5, 5], "test": [5, 5]},
            class_scores=[ClassScore(text, Share(3, 4), Share(1, 2))],
            scored="the 10 test texts",
            suspects=[TextSuspicion(text, text, text, text, 0.01)],
            suspects_in_all=1,
            mistakes=[TextMistake([(text, 1.5), ("x", -0.5)], text, text, text, 0.9, cut_off=3)],
            commands=[(text, text)],
            settings={"data": text},
        )
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_texts_say_is_text(text):
    page = full(text)
    assert "<script" not in page and "<img src=x" not in page and "\u202e" not in page
    assert "49" not in page.split("</style>")[1]
    page.encode("utf-8")
    if text == HOSTILE[0]:
        assert page.count(html.escape(text)) >= 14


def test_words_are_coloured_by_what_they_do():
    page = render(
        TextReport("T", "F", 2, 0, mistakes=[TextMistake([("up", 2.0), ("down", -1.0)], "a", "b", "c", 1)])
    )
    spans = re.findall(r'<span style="background: rgba\(([\d, .]+)\)" title="([-+.\d]+)">(\w+)</span>', page)
    assert spans == [("0, 114, 178, 0.65", "+2.00", "up"), ("230, 159, 0, 0.33", "-1.00", "down")]
    assert "photo" not in page and "Misclassified texts" in page


def test_next_steps_speak_of_texts():
    labels = np.repeat([0, 1, 2], 20)
    predictions = labels.copy()
    predictions[:12] = 1
    found = Evaluation("test", ("a", "b", "c"), [""] * 60, labels, np.eye(3)[predictions], "texts")
    steps = next_steps(found, found.class_names, [9, 40, 40], suspects=2, asked=True, set_aside=20)
    said = " ".join(f"{step.what} {step.why}" for step in steps)
    assert "photo" not in said
    assert [step.what for step in steps] == [
        "Look at 2 labels that may be wrong", "See why 20 texts were set aside",
        "Label the texts on the page label.html", "Add texts of a", "Hold back more texts for the test",
    ]  # fmt: skip
