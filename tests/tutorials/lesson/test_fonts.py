"""Names in Chinese in a figure: another font's letters, or one sentence and no warning."""

import warnings

import matplotlib
import pytest
from matplotlib import pyplot as plt

from tutorials.lesson import fonts


@pytest.fixture(autouse=True)
def _as_before():
    with matplotlib.rc_context():
        yield
    plt.close("all")


def draw(said, text):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with fonts.missing_letters(said):
            figure = plt.figure()
            figure.suptitle(text)
            figure.canvas.draw()


def test_letters_that_no_font_has_are_said_once(capsys, monkeypatch):
    said = set()
    draw(said, "plain")
    assert capsys.readouterr().out == ""
    draw(said, "\ue123 \ue124")  # of the private use area: no letters of any script
    draw(said, "\ue123")
    assert capsys.readouterr().out.count("boxes in figures") == 1


def test_other_warnings_pass():
    with pytest.warns(UserWarning, match="something else"), fonts.missing_letters(set()):
        warnings.warn("something else", stacklevel=1)


def test_fonts_of_the_machine_follow_the_usual_one(monkeypatch):
    monkeypatch.setattr(fonts, "FONTS", ("No such font", "Liberation Serif", "DejaVu Serif"))
    fonts.use_installed_fonts()
    family = matplotlib.rcParams["font.family"]
    assert family[0] == "sans-serif" and family[-1] == "DejaVu Serif" and "No such font" not in family
    fonts.use_installed_fonts()
    assert matplotlib.rcParams["font.family"] == family
