"""Figures of photos and of scores: what they draw, whatever files and classes are called."""

import io
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text

from models.scores import ClassScore, Share, calibration
from tutorials.figures import photos as plots
from tutorials.figures.charts import confusion_matrix
from tutorials.figures.labels import distinct, plain

HOSTILE = [
    "$x_1^{2$",
    "$\\frac{1}{2}$",
    "price: $5",
    "\\$",
    "a_b^c",
    "x" * 200,
    "x" * 100 + "y" * 100,
    "two\nlines",
    "tab\there\0",
    "蚂蚁",
    "蜜蜂",
    "\ud83d",
    "\u202edesrever",
    "نمل",
    "",
    "<script>alert(1)</script>",
]
PHOTOS = np.random.default_rng(0).integers(0, 256, (len(HOSTILE), 24, 24, 3)).astype("uint8")


def drawn(axes):
    """The texts of a figure, drawn without a warning."""
    figure = axes.flat[0].figure
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.savefig(io.BytesIO(), dpi=40)
    return [text.get_text() for text in figure.findobj(Text)]


def test_names_stay_themselves_in_figures_but_shorter():
    assert plain("ants") == "ants"
    assert plain("two\n lines\t ") == "two lines"
    assert plain("price $5") == r"price \$5"  # which matplotlib shows as price $5
    assert plain("x" * 100 + ".jpeg", 20) == "xxxxxxxxxxxxx…x.jpeg"
    assert len(plain("x" * 200)) == 24 and len(plain("x" * 24)) == 24
    assert plain("\ud83d\u202e\0") == "□□□"
    assert plain("ab" * 50, 3) == "a…b"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=5, unique=True))
def test_any_names_can_be_drawn(names):
    figure = Figure(figsize=(2, 2))
    for place, text in enumerate(distinct(names)):
        figure.text(0, place / 5, text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.savefig(io.BytesIO(), dpi=20)


@given(st.lists(st.text("ab$_ \n(01)", max_size=60), max_size=8, unique=True))
def test_names_that_look_the_same_are_numbered(names):
    texts = distinct(names, 8)
    assert len(set(texts)) == len(names)


def test_numbers_may_be_in_names_already():
    assert distinct(["ants", "bees"]) == ["ants", "bees"]
    assert distinct(["a", "a ", "b"]) == ["a (0)", "a (1)", "b"]
    assert distinct(["a", "a ", "a (1)"]) == ["a (0)", "a (1)", "a (1) (2)"]


def test_figures_bear_any_names():
    lines = [[name, "98 %"] for name in HOSTILE]
    texts = drawn(plots.captioned_photos(PHOTOS, lines, "Mistakes"))
    assert all(f"{plain(name, plots.LINE)}\n98 %" in texts for name in HOSTILE)
    drawn(plots.heat_overlays(PHOTOS[:4], np.zeros((4, 3, 3)), lines[:4], "Heat"))
    scores = [ClassScore(name, Share(3, 4), Share(0, 0)) for name in HOSTILE]
    assert set(distinct(HOSTILE, 28)) <= set(drawn(plots.class_intervals(scores, "Classes")))
    counts = np.arange(len(HOSTILE) ** 2).reshape(len(HOSTILE), -1)
    assert set(distinct(HOSTILE, 20)) <= set(drawn(confusion_matrix(counts, HOSTILE, "Matrix")))
    drawn(plots.phase_curves({name: {"loss": [1.0], "accuracy": [0.5]} for name in HOSTILE[:4]}, "Phases"))


def test_views_stand_beside_their_photo():
    views = np.stack([PHOTOS[:3, :, ::-1], PHOTOS[:3] // 2], 1)
    axes = plots.augmented_photos(PHOTOS[:3], views, "Views")
    assert axes.shape == (3, 3)
    for n in range(3):
        shown = [ax.images[0].get_array() for ax in axes[n]]
        np.testing.assert_array_equal(shown, [PHOTOS[n], *views[n]])


def test_heat_glows_where_it_is_hot_and_nowhere_else():
    photos = np.full((1, 40, 60, 3), 90, "uint8")
    heat = np.zeros((1, 4, 6))
    heat[0, 0, 5] = 1
    left, right = plots.heat_overlays(photos, heat, [["a"]], "Heat").flat
    np.testing.assert_array_equal(left.images[0].get_array(), photos[0])
    shown = np.asarray(right.images[0].get_array(), float)
    assert shown.shape == photos[0].shape
    hottest = np.unravel_index(shown.sum(-1).argmax(), shown.shape[:2])
    assert hottest[0] < 10 and hottest[1] >= 50
    assert np.ptp(shown[20:, :30], (0, 1)).max() <= 1  # cold and even
    assert (shown[39, 0] < 90).all()


def test_trainings_stand_side_by_side_and_each_begins_a_line_of_its_own():
    first = {"loss": [3, 2, 1], "val_loss": [4, 3, 2], "accuracy": [0.1, 0.2, 0.3]}
    first["val_accuracy"] = [0.2, 0.3, 0.4]
    second = {name: [value / 2 for value in values[:2]] for name, values in first.items()}
    axes = plots.phase_curves({"head": first, "top": second}, "Phases")
    *curves, border = axes[0, 0].lines
    assert [list(curve.get_xdata()) for curve in curves] == 2 * [[1, 2, 3], [4, 5]]
    assert [list(curve.get_ydata()) for curve in curves] == [[3, 2, 1], [1.5, 1], [4, 3, 2], [2, 1.5]]
    assert [each.get_text() for each in axes[0, 0].get_legend().texts] == ["training", "validation"]
    np.testing.assert_array_equal(border.get_xdata(), [3.5, 3.5])
    assert {"head", "top"} <= set(drawn(axes))
    alone = plots.phase_curves({"head": first, "top": {}}, "A phase that was left out")
    assert "top" not in drawn(alone)
    assert len(plots.phase_curves({"head": {"loss": [1], "accuracy": [1]}}, "No validation")[0, 0].lines) == 1


def test_intervals_are_drawn_where_they_are_and_the_weakest_classes_first_of_many():
    scores = [ClassScore(f"class {n}", Share(5, 10), Share(n, 60)) for n in range(60)]
    precision, recall = plots.class_intervals(scores[:2], "Two").flat
    ends, dot = precision.lines[:2]
    np.testing.assert_allclose(
        ends.get_xdata(), [100 * scores[0].precision.low, 100 * scores[0].precision.high]
    )
    assert dot.get_xdata()[0] == 50
    assert [line.get_xdata()[0] for line in recall.lines[1::2]] == [0, pytest.approx(100 / 60)]
    many = plots.class_intervals(scores[::-1], "Many", most=10)
    assert [label.get_text() for label in many[0, 0].get_yticklabels()] == [f"class {n}" for n in range(10)]
    assert "the 10 of 60 classes with the lowest recall" in drawn(many)


def test_reliability_shows_each_bin_and_its_count():
    sure = np.array([0.95, 0.95, 0.95, 0.65])
    found = calibration([0, 0, 1, 0], np.stack([sure, 1 - sure], 1))
    (top,), (below,) = plots.reliability(found, "Reliable")
    dots = top.lines[-1]
    np.testing.assert_allclose(dots.get_xdata(), [65, 95])
    np.testing.assert_allclose(dots.get_ydata(), [100, 200 / 3])
    assert [bar.get_height() for bar in below.patches] == [0] * 6 + [1, 0, 0, 3]
    assert top.get_legend() is None and top.figure.legends  # below the axes, where no bar crosses it


@pytest.mark.parametrize("classes", [1, 2, 60])
def test_a_confusion_matrix_of_any_size(classes):
    counts = np.diag(np.arange(classes) + 1)
    counts[-1, 0] += 7
    axes = confusion_matrix(
        counts, [f"a class with a long name, {n}" for n in range(classes)], "Matrix", most=40
    )
    texts = drawn(axes)
    assert "7" in texts or classes == 1
    assert ("predicted class (40 of 60 classes, those most often confused)" in texts) == (classes == 60)
    shown = axes[0, 0].images[0].get_array()
    assert len(shown) == min(40, classes)
    assert np.ma.filled(shown, 0).sum() == (7 if classes > 1 else 0)  # orange: misclassified
    blue = axes[0, 0].images[1].get_array()
    assert (~np.ma.getmaskarray(blue) == (np.eye(len(blue)) > 0)).all()  # blue: classified correctly
