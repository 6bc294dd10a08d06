"""The figure of coverage and accuracy shows the curve that it was given."""

import numpy as np

from models.fine_tuning.calibration import CoverageCurve
from tutorials.figures.trust import coverage_accuracy


def test_it_shows_each_share_and_says_what_is_true():
    probabilities = np.stack([np.linspace(1, 0.5, 100), np.linspace(0, 0.5, 100)], 1)
    labels = np.repeat([0, 1], [90, 10])  # the ten least sure ones are wrong
    (ax,) = coverage_accuracy(CoverageCurve(probabilities, labels)).flat
    line = ax.lines[0]
    np.testing.assert_allclose(line.get_xdata()[[0, 2, -1]], [100, 90, 10])
    np.testing.assert_allclose(line.get_ydata()[[0, 2, -1]], [90, 100, 100])
    said = ax.figure.get_suptitle()
    assert said == "Of the surest 50 % of photos, 100.0 % are classified correctly; of all, 90.0 %"
    assert [text.get_text() for text in ax.texts][0] == "0.50"
    ax.figure.savefig(__import__("io").BytesIO())
