"""Suspects, photos beside mistakes, and next steps in the page: shown where there are some, as text."""

import html

import numpy as np
import pytest
from PIL import Image

from models.fine_tuning.learning_curve import Forecast
from models.report.next_steps import Step
from models.report.report import Figure, Mistake, PhotoReport, Speaker, Suspicion, render

PHOTO = np.zeros((8, 8, 3), "uint8")
HOSTILE = [
    "<script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}",
    "\u202edesrever",
    "蚂蚁",
]


def page(**content):
    return render(PhotoReport("Bees", "All correct.", used=20, set_aside=0, **content))


def test_what_was_not_found_is_left_out():
    text = page(mistakes=[Mistake(PHOTO, "1.jpg", "a", "b", 0.9)])
    for title in (
        "What to do next",
        "Possibly wrong labels",
        "What more photos would bring",
        "speak most for it",
    ):
        assert title not in text
    assert "Look for wrong labels here first." in text


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_files_and_classes_are_text(name):
    text = page(
        suspects=[Suspicion(PHOTO, name, name, name, 0.01)],
        steps=[Step(f"Add photos of {name}", f"Taken for {name}.", "suspects")],
        mistakes=[Mistake(PHOTO, name, name, name, 0.9, [Speaker(PHOTO, name, name)])],
    )
    assert "<script" not in text and "<img src=x" not in text and "49" not in text.split("</style>")[1]
    assert "\u202e" not in text
    if name == HOSTILE[0]:
        assert text.count(html.escape(name)) >= 8


def test_a_step_links_to_a_section_that_is_there_and_to_no_other():
    steps = [Step("Look", "So.", "suspects"), Step("See", "So.", "set-aside"), Step("Go", "So.")]
    text = page(suspects=[Suspicion(PHOTO, "1.jpg", "a", "b", 0.01)], steps=steps)
    section = text.split('<main id="report">')[1].split("</section>")[0]
    assert section.count("<a ") == 1 and 'href="#suspects"' in section


def test_more_suspects_than_are_shown_are_counted():
    some = [Suspicion(PHOTO, f"{n}.jpg", "a", "b", 0.01) for n in range(24)]
    assert "The 24 most suspicious of 130 are shown." in page(suspects=some, suspects_in_all=130)
    assert "most suspicious of" not in page(suspects=some, suspects_in_all=24)


def test_the_estimate_is_called_one_and_has_its_interval(tmp_path):
    Image.fromarray(PHOTO).save(tmp_path / "curve.png")
    figures = {"more_photos": Figure(tmp_path / "curve.png", "Accuracy.")}
    text = page(figures=figures, more_photos=Forecast(100, 0.0123, -0.001, 0.0321))
    assert "100 more photos like these would bring about 1.2 points" in text
    assert "-0.1 to 3.2, so it may be nothing. That is an estimate" in text
    assert "does not fall by a power law" in page(figures=figures)
